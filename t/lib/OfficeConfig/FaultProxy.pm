# A proxy in front of a real redis-server, or a server on its own, whose
# misbehaviour can be switched while it runs. It is one forked process.

package OfficeConfig::FaultProxy;

use strict;
use warnings;

use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);

use OfficeConfig::FaultProxy::Loop;
use OfficeConfig::Net qw(free_port wait_until);


# new($class, %opt): a running proxy
#   dir       a directory for its socket
#   upstream  an OfficeConfig::RedisServer, or an address; none: only the
#             script answers
#   tcp       1 or an address: listen on TCP, on port or a free one, and not
#             on a unix socket
#   greeting  bytes that each connection gets before it has asked
#   script    a code reference, called in the proxy's process for every
#             command with ($words, $connection): its words as a list
#             reference, and a hash reference that belongs to the connection
#             ($connection->{number} counts from 1). It returns what to do:
#               bytes            answer these
#               undef            never answer
#               'PASS'           let upstream answer
#               { bytes => ..., delay => seconds, each => seconds,
#                 close => 1, pass => 1 }
#             answer after the delay, byte by byte with that pause between
#             them, and close afterwards

sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt }, $class;
    my $upstream = $opt{upstream};

    $upstream = $upstream->{tcp}
              ? "$upstream->{tcp}:$upstream->{port}"
              : 'unix:' . $upstream->socket
        if ref $upstream;

    if ($opt{tcp}) {
        $self->{tcp} = '127.0.0.1' if $opt{tcp} eq '1';
        $self->{port} //= free_port($self->{tcp});
        $self->{where} = "$self->{tcp}:$self->{port}";

    } else {
        $self->{where} = "unix:$self->{dir}/proxy.sock";
    }

    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!\n";

    my $loop = OfficeConfig::FaultProxy::Loop->new(
        where => $self->{where}, upstream => $upstream,
        script => $opt{script}, greeting => $opt{greeting},
        control => $theirs);

    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {
        close $ours;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{PIPE} = 'IGNORE';
        eval { $loop->run; 1 } or print STDERR "# FaultProxy: $@";
        POSIX::_exit(0);
    }

    $loop->forget;
    close $theirs;
    $self->{control} = $ours;
    return $self;
}


# url: as office_config_redis takes it; port: of TCP

sub url {
    my ($self) = @_;
    return $self->{tcp} ? "redis://$self->{where}" : $self->{where};
}

sub port { $_[0]{port} }


# What the proxy does from now on. Each returns when it is in force.
#
# pass               forward, and whatever was held goes out
# trickle($seconds, $count)
#                    replies a byte at a time, with that pause (0); after so
#                    many bytes (no end) the rest waits for another mode
# hold               replies wait until pass
# garbage($bytes)    instead of the next reply, these bytes; then pass
# cut($count)        only so many bytes (half) of the next reply, then the
#                    connection is closed; then pass
# mute               accept, read and never answer
# close_new          accept and close at once
# reset_new          accept and reset
# refuse             do not listen: connections are refused
# blackhole          listen, with a full backlog: connects get no answer

sub pass      { $_[0]->_tell('mode', 'pass') }
sub trickle   { $_[0]->_tell('mode', 'trickle', $_[1] // 0, $_[2] // '') }
sub hold      { $_[0]->_tell('mode', 'hold') }
sub garbage   { $_[0]->_tell('mode', 'garbage', $_[1] // "\x00garbage\r\n") }
sub cut       { $_[0]->_tell('mode', 'cut', $_[1] // '') }
sub mute      { $_[0]->_tell('mode', 'mute') }
sub close_new { $_[0]->_tell('mode', 'close') }
sub reset_new { $_[0]->_tell('mode', 'reset') }
sub refuse    { $_[0]->_tell('mode', 'refuse') }
sub blackhole { $_[0]->_tell('mode', 'blackhole') }


# Done once, the mode stays.
#
# inject($bytes)     to every open connection, unasked for
# drop               close every open connection

sub inject { $_[0]->_tell('inject', $_[1]) }
sub drop   { $_[0]->_tell('drop') }


# stats: a hash reference of counts
#   accepted  connections since the start; open: of them now
#   commands  whole commands that came; held: bytes of replies that wait
#   in, out   bytes from and to the clients

sub stats {
    my ($self) = @_;
    return { split /[= ]/, $self->_tell('stats') };
}


# wait_for($name, $count, $seconds): until that count is reached

sub wait_for {
    my ($self, $name, $count, $seconds) = @_;
    return wait_until($seconds // 5, sub { $self->stats->{$name} >= $count });
}


sub _tell {
    my ($self, @words) = @_;
    local $SIG{PIPE} = 'IGNORE';

    my $line = join(' ', map { unpack 'H*', $_ } @words) . "\n";
    syswrite $self->{control}, $line;
    my $answer = readline $self->{control};
    die "the proxy has died\n" unless defined $answer;

    chomp $answer;
    die "$answer\n" if $answer =~ /^error/;
    return $answer;
}


# finish: the end of it

sub finish {
    my ($self) = @_;
    return unless $self->{pid};
    close $self->{control};
    kill 'KILL', $self->{pid};
    waitpid delete $self->{pid}, 0;
}


1;
