package Bench::Steady;

# GETs at a steady rate, whatever the server does, and scans beside them: each
# GET is timed on its own, from when it was due.

use strict;
use warnings;

use Bench::Http ();
use Exporter qw(import);
use IO::Socket::INET;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT_OK = qw(steady);

my $rate = 500;             # GETs a second
my $connections = 32;       # a GET waits for one, if none is free

# in: port, paths => array reference of what is got in turn, seconds,
#     scan => path, scans => how many of it are asked for at a time;
# out: hash: p50, p99, max (milliseconds), scans => how many were answered
# in that time. Dies on an answer other than 200.
sub steady {
    my (%o) = @_;
    my $gets = int $rate * $o{seconds};
    my @idle = map { open_connection($o{port}) } 1 .. $connections;
    my %busy;               # descriptor => connection
    my ($due, $done, $scans) = (0, 0, 0);
    my @ms;

    my $send = sub {
        my ($c, $path, $at) = @_;

        @$c{qw(in at path)} = ('', $at, $path);
        $busy{fileno $c->{socket}} = $c;
        Bench::Http::send_all($c->{socket},
            "GET $path HTTP/1.1\r\nHost: 127.0.0.1:$o{port}\r\n\r\n");
    };

    $send->(open_connection($o{port}), $o{scan}) for 1 .. $o{scans};

    my $start = clock_gettime(CLOCK_MONOTONIC);
    my $now = $start;

    while ($done < $gets) {
        while ($due < $gets && @idle && $start + $due / $rate <= $now) {
            $send->(shift @idle, $o{paths}[$due % @{$o{paths}}],
                    $start + $due++ / $rate);
        }

        my $wait = $due < $gets && @idle ? $start + $due / $rate - $now : 1;
        my $in = '';

        vec($in, $_, 1) = 1 for keys %busy;
        select $in, undef, undef, $wait > 0 ? $wait : 0;
        $now = clock_gettime(CLOCK_MONOTONIC);

        for my $fd (grep { vec $in, $_, 1 } keys %busy) {
            my $c = $busy{$fd};

            sysread $c->{socket}, $c->{in}, 65536, length $c->{in}
                or die "GET $c->{path}: the connection closed\n";

            my $status = Bench::Http::whole_answer($c->{in}) or next;

            die "GET $c->{path}: $c->{in}\n" if $status != 200;
            delete $busy{$fd};

            if (defined $c->{at}) {
                push @ms, 1000 * ($now - $c->{at});
                push @idle, $c;
                $done++;
            } else {
                $scans++;
                $send->($c, $o{scan});
            }
        }
    }

    @ms = sort { $a <=> $b } @ms;

    return { p50 => $ms[$#ms / 2], p99 => $ms[$#ms * 0.99], max => $ms[-1],
             scans => $scans };
}

sub open_connection {
    my ($port) = @_;
    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5,
    ) or die "connect: $!\n";

    return { socket => $socket };
}

1;
