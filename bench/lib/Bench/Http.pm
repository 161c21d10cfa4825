package Bench::Http;

# A small HTTP/1.1 client that sends many requests over many connections, for
# the preload. (wrk stops by time, not by number.)

use strict;
use warnings;

use Exporter qw(import);
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

our @EXPORT_OK = qw(request repeat send_all_of);

# in: port, method, path, body or nothing; out: status, hash of headers with
# lower-case names, body
sub request {
    my ($port, $method, $path, $body) = @_;
    my $answer = HTTP::Tiny->new(timeout => 5)->request(
        $method, "http://127.0.0.1:$port$path",
        defined $body ? {
            content => $body,
            headers => { 'content-type' => 'application/json' },
        } : {});

    return ($answer->{status}, $answer->{headers}, $answer->{content});
}

# in: port, method, path, body, how often, seconds allowed. Dies on an answer
# other than 2xx.
sub repeat {
    my ($port, $method, $path, $body, $times, $seconds) = @_;

    send_all_of($port, $method, $path, sub { $times-- > 0 ? $body : undef },
                32, $seconds);
}

# in: port, method, path, function that gives the next body or nothing, how
#     many connections, seconds allowed, function that is called with every
#     answer, if any. Dies on an answer other than 2xx.
sub send_all_of {
    my ($port, $method, $path, $next, $connections, $seconds, $look) = @_;
    my $head = "$method $path HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n"
        . "Content-Type: application/json\r\nContent-Length: ";
    my $end = time + $seconds;
    my ($sent, $done) = (0, 0);
    my %buffer;
    my $select = IO::Select->new;

    # out: true if there was another body
    my $send = sub {
        my ($socket) = @_;
        my $body = $next->() // return 0;

        send_all($socket, $head . length($body) . "\r\n\r\n" . $body);
        return ++$sent;
    };

    for (1 .. $connections) {
        my $socket = IO::Socket::INET->new(
            PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5,
        ) or die "connect: $!\n";
        $send->($socket) or last;
        $select->add($socket);
        $buffer{$socket} = '';
    }

    while ($done < $sent) {
        die "only $done $method $path in $seconds s\n" if time > $end;

        for my $socket ($select->can_read(1)) {
            my $buffer = \$buffer{$socket};

            sysread $socket, $$buffer, 65536, length $$buffer
                or die "$method $path: the connection closed\n";

            my $status = whole_answer($$buffer) or next;
            die "$method $path: $$buffer\n" if $status !~ /^2/;

            $look->($$buffer) if $look;

            $$buffer = '';
            $done++;
            $send->($socket);
        }
    }
}

sub send_all {
    my ($socket, $bytes) = @_;

    # the socket blocks, and its answer fits into a buffer
    my $n = syswrite $socket, $bytes;
    die "send: $!\n" if !defined $n || $n != length $bytes;
}

# in: bytes read so far; out: the status if they are a whole answer
sub whole_answer {
    my $at = index $_[0], "\r\n\r\n";

    return if $at < 0;

    my $head = substr $_[0], 0, $at;
    my ($status) = $head =~ m{^HTTP/1\.1 (\d{3})};

    if ($head =~ /^content-length: *(\d+)/im) {
        return length($_[0]) >= $at + 4 + $1 ? $status : undef;
    }
    if ($head =~ /^transfer-encoding: *chunked/im) {
        return substr($_[0], -5) eq "0\r\n\r\n" ? $status : undef;
    }

    return $status;     # 204
}

1;
