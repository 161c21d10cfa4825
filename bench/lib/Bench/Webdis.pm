package Bench::Webdis;

# webdis with a single worker thread, over the same unix socket.

use strict;
use warnings;

use Bench::Nginx;
use Bench::Process qw(spawn stop wait_until tool);
use JSON::PP ();

# in: dir => folder, core => number, socket => Redis's socket;
# out: object with port and pid
sub start {
    my ($class, %o) = @_;
    my $self = bless { port => Bench::Nginx::free_port() }, $class;
    my $conf = "$o{dir}/webdis.json";

    open my $out, '>', $conf or die "$conf: $!\n";
    print $out JSON::PP->new->canonical->pretty->encode({
        redis_host            => $o{socket},
        redis_port            => 0,
        http_host             => '127.0.0.1',
        http_port             => $self->{port},
        threads               => 1,
        pool_size             => 20,
        daemonize             => JSON::PP::false(),
        database              => 0,
        http_max_request_size => 1_048_576,
        verbosity             => 0,
        logfile               => "$o{dir}/webdis.log",
    });
    close $out or die "$conf: $!\n";

    $self->{pid} = spawn(
        name => 'webdis',
        core => $o{core},
        out  => "$o{dir}/webdis.out",
        argv => [tool('webdis'), $conf],
    );

    wait_until('webdis', 10,
               sub { Bench::Nginx::listening($self->{port}) },
               $self->{pid}, "$o{dir}/webdis.out");

    return $self;
}

sub pids {
    my ($self) = @_;

    return $self->{pid};
}

sub complaints { return }

sub stop_server {
    my ($self) = @_;

    stop($self->{pid});
}

1;
