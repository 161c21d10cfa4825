package Bench::Nginx;

# An nginx with one worker. Everything but the peer's own lines is the same for
# all peers.

use strict;
use warnings;

use Bench::Process qw(spawn stop wait_until tool);
use IO::Socket::INET;

# out: a TCP port of 127.0.0.1 that is free now
sub free_port {
    my $socket = IO::Socket::INET->new(
        Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0,
    ) or die "no free port: $!\n";

    return $socket->sockport;
}

# in: port; out: true if somebody listens there
sub listening {
    my ($port) = @_;

    return defined IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 1,
    );
}

# out: the folder of the distribution's dynamic modules
sub modules_path {
    my $nginx = tool('nginx') // return '';
    my ($path) = `$nginx -V 2>&1` =~ /--modules-path=(\S+)/;

    return $path // '';
}

# in: dir => folder, core => number, connections => how many at once,
#     modules => files to load, main => lines for the main level,
#     http => lines for the http level, server => lines for the server level,
#     env => hash for the process;
# out: object with port, pids of master and worker, error log
sub start {
    my ($class, %o) = @_;
    my $self = bless {
        port  => free_port(),
        log   => "$o{dir}/error.log",
        conf  => "$o{dir}/nginx.conf",
    }, $class;

    open my $out, '>', $self->{conf} or die "$self->{conf}: $!\n";
    print $out $self->configuration(%o);
    close $out or die "$self->{conf}: $!\n";

    $self->{pid} = spawn(
        name => 'nginx',
        core => $o{core},
        out  => "$o{dir}/nginx.out",
        env  => $o{env},
        argv => [
            tool('nginx'), '-p', $o{dir}, '-e', $self->{log},
            '-c', $self->{conf}, '-g', 'daemon off;',
        ],
    );

    wait_until('nginx', 10, sub { listening($self->{port}) },
               $self->{pid}, "$o{dir}/nginx.out");
    $self->{worker} = wait_until('the nginx worker', 5,
                                 sub { worker_of($self->{pid}) },
                                 $self->{pid}, $self->{log});

    return $self;
}

sub configuration {
    my ($self, %o) = @_;
    my @load = map { "load_module $_;" } @{$o{modules} // []};
    my $user = $> == 0 ? 'user root;' : '';     # may open the unix socket
    my $connections = 4 * $o{connections} + 256;
    my $level = sub { join "\n", map { "    $_" } split /\n/, $_[0] // '' };
    my $temp = join "\n", map { "    ${_}_temp_path $o{dir}/$_;" }
               qw(client_body proxy fastcgi uwsgi scgi);

    return <<"END";
${\ join("\n", @load)}
$user
worker_processes 1;
worker_rlimit_nofile ${\ ($connections + 256)};
pid $o{dir}/nginx.pid;
error_log $self->{log} error;
${\ ($o{main} // '')}
events {
    worker_connections $connections;
}
http {
$temp
    access_log off;
    default_type application/json;
    client_header_buffer_size 4k;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
${\ $level->($o{http})}
    server {
        listen 127.0.0.1:$self->{port};
${\ $level->($o{server})}
    }
}
END
}

# in: pid of a master; out: pid of its only child, or nothing yet
sub worker_of {
    my ($master) = @_;

    for my $file (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $file or next;
        my $line = <$in> // next;

        # pid (name) state parent
        return $1 if $line =~ /^(\d+) \(.*\) \S (\d+)/ && $2 == $master;
    }

    return;
}

# out: pids whose CPU time counts
sub pids {
    my ($self) = @_;

    return $self->{worker};
}

# out: lines of the error log
sub complaints {
    my ($self) = @_;

    open my $in, '<', $self->{log} or return;
    return <$in>;
}

sub stop_server {
    my ($self) = @_;

    stop($self->{pid});
}

1;
