package Bench::Wrk;

# One run of wrk.

use strict;
use warnings;

use Bench::Process qw(spawn wait_exit tool);
use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(wrk);

# in: dir => folder for its files, core => number, port, seconds, connections,
#     script => load.lua, path, method, body => file or nothing, paths => file
#     or nothing, bodies => file or nothing, with time => seconds since
#     1970 and serial => number, prefix => text or nothing, token => file or
#     nothing (see load.lua);
# out: hash: requests, duration, p50, p99 (microseconds), bytes,
#     errors => { status, connect, read, write, timeout },
#     cpu => seconds wrk itself used
sub wrk {
    my (%o) = @_;
    my ($out, $result) = ("$o{dir}/wrk.out", "$o{dir}/wrk.json");
    my %env = (BENCH_METHOD => $o{method}, BENCH_RESULT => $result);

    $env{BENCH_BODY} = $o{body} if defined $o{body};
    @env{qw(BENCH_BODIES BENCH_TIME BENCH_SERIAL)}
        = @o{qw(bodies time serial)}
        if defined $o{bodies};
    $env{BENCH_PATHS} = $o{paths} if defined $o{paths};
    $env{BENCH_TOKEN} = $o{token} if defined $o{token};
    $env{BENCH_PREFIX} = $o{prefix} if defined $o{prefix};
    unlink $out, $result;

    my $before = (times)[2] + (times)[3];
    my $pid = spawn(
        name => 'wrk',
        core => $o{core},
        out  => $out,
        env  => \%env,
        argv => [
            tool('wrk'), '-t', 1, '-c', $o{connections},
            '-d', "$o{seconds}s", '--timeout', '5s', '-s', $o{script},
            "http://127.0.0.1:$o{port}" . ($o{path} // '/'),
        ],
    );
    my $status = wait_exit($pid, $o{seconds} + 30);

    die "$o{dir} was removed by somebody else\n" if !-d $o{dir};
    open my $in, '<', $result
        or die "wrk failed (status $status): " . slurp($out) . "\n";
    my $figures = JSON::PP->new->decode(join '', <$in>);

    $figures->{cpu} = (times)[2] + (times)[3] - $before;

    return $figures;
}

sub slurp {
    open my $in, '<', $_[0] or return '';
    return join '', <$in>;
}

1;
