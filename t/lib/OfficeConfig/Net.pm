# Small helpers around ports, sockets and waiting.

package OfficeConfig::Net;

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(free_port open_socket listen_socket wait_readable
                    wait_until);

use constant PATIENCE => 60;

# what makes the ports of this test its own
my @own;


# free_port($address): a TCP port of the address (127.0.0.1) that nobody uses
# and that was not given out before, to this test or another one that still
# runs. Ports are below the range from which the kernel takes those of outgoing
# connections.

sub free_port {
    my ($address) = @_;

    for (1 .. 500) {
        my $port = 15000 + int(rand(17000));

        # a name in the kernel, which goes with the test, whichever way
        my $own = IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => 1,
            Local => "\0office-config-test-port-$port") or next;

        my $s = IO::Socket::IP->new(
            LocalHost => $address // '127.0.0.1', LocalPort => $port,
            Type => SOCK_STREAM, Listen => 1, ReuseAddr => 1) or next;
        close $s;
        push @own, $own;
        return $port;
    }

    die "no free port\n";
}


# open_socket($where, $timeout): a connected socket, or undef with $!;
# $where is "unix:/path", "host:port", "[v6]:port" or a port of 127.0.0.1.

sub open_socket {
    my ($where, $timeout) = @_;

    if ($where =~ /^unix:(.*)$/) {
        return IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $1);
    }

    $where = "127.0.0.1:$where" if $where =~ /^\d+$/;
    my ($host, $port) = $where =~ /^\[?(.*?)\]?:(\d+)$/
        or die "not an address: $where\n";

    my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port,
        Type => SOCK_STREAM, Timeout => $timeout // 5) or return;
    $s->blocking(1);
    $s->setsockopt(Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1);
    return $s;
}


# listen_socket($where, $backlog): a listening socket; dies when it cannot.

sub listen_socket {
    my ($where, $backlog) = @_;
    my $s;

    if ($where =~ /^unix:(.*)$/) {
        unlink $1;
        $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $1,
            Listen => $backlog // 128);

    } else {
        my ($host, $port) = $where =~ /^\[?(.*?)\]?:(\d+)$/
            or die "not an address: $where\n";
        $s = IO::Socket::IP->new(LocalHost => $host, LocalPort => $port,
            Type => SOCK_STREAM, Listen => $backlog // 128, ReuseAddr => 1);
    }

    return $s // die "cannot listen on $where: $!\n";
}


# wait_readable($handle, $test): waits until there is something to read; false
# when the test is gone, of which that is the reading end of a pipe

sub wait_readable {
    my ($handle, $test) = @_;

    while (1) {
        my $rin = '';
        vec($rin, fileno $_, 1) = 1 for $handle, $test;
        next if select($rin, undef, undef, undef) < 0;
        return !vec($rin, fileno $test, 1);
    }
}


# wait_until($seconds, $condition): calls it until it returns something true,
# which is returned; the last false value when the time is over. However short
# the time is that it should take, a machine that is busy with something else
# gets a minute: that costs nothing when the condition comes true.

sub wait_until {
    my ($seconds, $condition) = @_;
    my $end = time + ($seconds < PATIENCE ? PATIENCE : $seconds);
    my $step = 0.002;

    while (1) {
        my $value = $condition->();
        return $value if $value || time >= $end;
        sleep $step;
        $step *= 1.5 if $step < 0.05;
    }
}


1;
