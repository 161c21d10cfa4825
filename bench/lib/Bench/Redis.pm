package Bench::Redis;

# A private redis-server on a unix socket, with the same settings for every
# peer: nothing is ever saved by itself.

use strict;
use warnings;

use Bench::Process qw(spawn stop wait_until tool);

# in: dir => folder, core => number, snapshot => file to load, if any,
#     apart => number of another core, if nothing else is to run on its own
#     while it does: it frees memory on the other, and is scheduled in real
#     time, if that is permitted;
# out: object with pid and socket, ready for commands
sub start {
    my ($class, %o) = @_;
    my $self = bless {
        dir    => $o{dir},
        socket => "$o{dir}/redis.sock",
        log    => "$o{dir}/redis.log",
    }, $class;

    unlink $self->{socket};

    # a fresh server starts from the snapshot and never writes it
    my $file = 'empty.rdb';

    if (defined $o{snapshot}) {
        $file = 'loaded.rdb';
        unlink "$o{dir}/$file";
        link $o{snapshot}, "$o{dir}/$file"
            or die "link $o{snapshot}: $!\n";
    }

    my (@first, @last);

    if (defined $o{apart}) {
        @first = (tool('chrt'), '--rr', 1) if real_time();
        @last = ('--bio_cpulist', $o{apart});
    }

    $self->{pid} = spawn(
        name => 'redis-server',
        core => $o{core},
        out  => $self->{log},
        argv => [
            @first, tool('redis-server'), '--port', 0,
            '--unixsocket', $self->{socket}, '--unixsocketperm', 700,
            '--save', '', '--appendonly', 'no', '--daemonize', 'no',
            '--dir', $o{dir}, '--dbfilename', $file,
            '--rdbcompression', 'no', '--loglevel', 'warning', @last,
        ],
    );

    wait_until('redis-server', 60, sub {
        $self->answers;
    }, $self->{pid}, $self->{log});

    return $self;
}

# out: true if a process may be scheduled in real time
sub real_time {
    return tool('chrt') && system("@{[tool('chrt')]} --rr 1 true 2> /dev/null")
                           == 0;
}

# out: true once it takes commands, which is after loading
sub answers {
    my ($self) = @_;

    return 0 if !-S $self->{socket};

    # its complaint about LOADING goes to stderr
    open my $in, '-|', 'sh', '-c', 'exec "$1" -s "$2" PING 2>&1', 'sh',
        tool('redis-cli'), $self->{socket} or die "redis-cli: $!\n";

    return (join '', <$in>) eq "PONG\n";
}

# in: command and arguments; out: output lines (or "" at least) and exit status
sub try {
    my ($self, @command) = @_;

    open my $in, '-|', tool('redis-cli'), '-e', '-s', $self->{socket},
        @command or die "redis-cli: $!\n";
    my @lines = <$in>;
    close $in;
    my $status = $?;

    return (@lines ? @lines : '', $status);
}

# in: command and arguments; out: the reply's lines; dies on an error reply
sub command {
    my ($self, @command) = @_;
    my @lines = $self->try(@command);

    die "redis: @command: @lines\n" if pop(@lines) != 0;
    chomp @lines;

    return wantarray ? @lines : $lines[0];
}

# in: key of a hash, count; out: that many of its fields, different ones
sub sample_fields {
    my ($self, $key, $count) = @_;

    return grep { length } $self->command('HRANDFIELD', $key, $count);
}

# in: file of commands in the protocol's format; sends them all
sub feed {
    my ($self, $file) = @_;

    open my $in, '-|', 'sh', '-c',
        'exec "$1" -s "$2" --pipe < "$3"', 'sh',
        tool('redis-cli'), $self->{socket}, $file
        or die "redis-cli: $!\n";
    my @lines = <$in>;
    close $in or die "redis-cli --pipe: @lines\n";
}

# in: file name; writes all data there
sub snapshot {
    my ($self, $file) = @_;

    $self->command('SAVE');
    rename "$self->{dir}/empty.rdb", $file or die "$file: $!\n";
}

sub stop_server {
    my ($self) = @_;

    stop($self->{pid});
}

1;
