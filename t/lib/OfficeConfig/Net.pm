# Small helpers around ports, sockets and waiting.

package OfficeConfig::Net;

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(free_port open_socket listen_socket wait_until);

my %given;


# free_port($address): a TCP port of the address (127.0.0.1) that nobody uses
# and that was not given out before. Ports are below the range from which the
# kernel takes those of outgoing connections. Tests that run at the same time
# look in parts of it of their own.

sub free_port {
    my ($address) = @_;

    for (1 .. 500) {
        my $port = 15000 + 1000 * ($$ % 17) + int(rand(1000));
        next if $given{$port};

        my $s = IO::Socket::IP->new(
            LocalHost => $address // '127.0.0.1', LocalPort => $port,
            Type => SOCK_STREAM, Listen => 1, ReuseAddr => 1) or next;
        close $s;
        $given{$port} = 1;
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


# wait_until($seconds, $condition): calls it until it returns something true,
# which is returned; the last false value when the time is over.

sub wait_until {
    my ($seconds, $condition) = @_;
    my $end = time + $seconds;
    my $step = 0.002;

    while (1) {
        my $value = $condition->();
        return $value if $value || time >= $end;
        sleep $step;
        $step *= 1.5 if $step < 0.05;
    }
}


1;
