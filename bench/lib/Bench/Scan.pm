package Bench::Scan;

# What a scan of a whole collection costs, and how long others on the same
# worker wait meanwhile.

use strict;
use warnings;

use Bench::Cpu qw(process_ns);
use Bench::Http qw(request send_all_of);
use Bench::Peers qw(start_server);
use Bench::Process qw(tool);
use Bench::Redis;
use Bench::Steady qw(steady);

my $collection = '/beta/officeConfiguration/clientConfigurations';
my $hash = 'oc:{default}:cfg';

my $p99 = 10;               # milliseconds of a GET
my $slow = 5;               # milliseconds that a command may take Redis

# finds nothing, so everything is looked at
my $none = q{$filter=contains(displayName,'nothing')%20and%20priority%20gt%205};

# what is scanned for beside the GETs: name, query, how many at a time; "%d" is
# half the number of configurations
my @cases = (
    ['$filter', $none, 1],
    ['$count of $filter', '$count=true&$top=1&$filter=priority%20gt%20-1', 1],
    ['$orderby', '$orderby=displayName', 1],
    ['$orderby, $skip', '$orderby=displayName&$top=1&$skip=%d', 1],
    ['20 $filters', $none, 20],
);

# in: options, dir => scratch folder, bench => this folder, cores => as the
#     runner's;
# out: text, true if the targets are met
sub measure {
    my ($o, %a) = @_;
    my $redis = Bench::Redis->start(dir => $a{dir}, core => $a{cores}{redis});
    my $server = start_server('module', $o, dir => $a{dir},
                              core => $a{cores}{server}, redis => $redis,
                              bench => $a{bench});
    my $port = $server->{port};

    # this process is the client
    system("@{[tool('taskset')]} -cp $a{cores}{load} $$ > /dev/null") == 0
        or die "taskset: $?\n";

    fill($port, $o);

    my @gets = map { "$collection/$_" }
               $redis->sample_fields($hash, $o->{ids});
    my $row = "%-18s %9s %8s %6s %7s %7s %7s %7s %8s\n";
    my $text = sprintf $row, 'beside GETs', 'server us', 'redis us', 'scans',
        'p50 ms', 'p99 ms', 'max ms', "> $slow ms", 'slowest';
    my $met = 1;

    $redis->command(qw(CONFIG SET slowlog-max-len 1000000));
    $redis->command(qw(CONFIG SET slowlog-log-slower-than 1000));

    for my $case (['nothing'], @cases) {
        my ($name, $query, $scans) = @$case;
        my ($scan, @cost);

        if (defined $query) {
            $scan = sprintf "$collection?%s",
                    $query =~ s{%d}{int($o->{preload} / 2)}er;
            @cost = map { sprintf '%.2f', $_ }
                    cost($server, $redis, $o, $scan);
        }

        $redis->command(qw(SLOWLOG RESET));

        my $f = steady(port => $port, paths => \@gets,
                       seconds => $o->{duration}, scan => $scan,
                       scans => $scans // 0);
        my ($over, $most) = slow($redis);

        $met &&= !defined $query || $f->{p99} < $p99 && !$over;
        $text .= sprintf $row, $name, @cost ? @cost : ('-', '-'), $f->{scans},
            (map { sprintf '%.2f', $f->{$_} } qw(p50 p99 max)), $over, $most;
    }

    my @complaints = $server->complaints;

    $server->stop_server;
    $redis->stop_server;
    die "the error log is not empty:\n", @complaints if @complaints;

    return ($text . "p99 < $p99 ms, no command of Redis over $slow ms  "
            . ($met ? 'PASS' : 'MISS') . "\n", $met);
}

# creates the configurations, each of another name and priority
sub fill {
    my ($port, $o) = @_;
    my $text = 'x' x $o->{payload};
    my $n = 0;

    send_all_of($port, 'POST', $collection, sub {
        return if $n == $o->{preload};
        return sprintf '{"displayName":"name %d","description":"about %d",'
            . '"priority":%d,"policyPayload":"%s"}',
            $n * 7919 % 1000003, $n, $n++, $text;
    }, 32, 900);
}

# in: server, redis, options, path of a scan; out: microseconds of processor
# time for each item of it, of both, when nothing else is asked for
sub cost {
    my ($server, $redis, $o, $scan) = @_;
    my @pids = ($server->pids, $redis->{pid});
    my @best;

    for my $round (1 .. $o->{rounds}) {
        my @before = map { process_ns($_) } @pids;
        my ($status, undef, $body) = request($server->{port}, 'GET', $scan);
        my @used = map { process_ns($_) - shift @before } @pids;

        die "GET $scan is answered with $status: $body\n" if $status != 200;

        for my $i (0 .. $#used) {
            $best[$i] = $used[$i] if $round == 1 || $used[$i] < $best[$i];
        }
    }

    return map { $_ / 1000 / $o->{preload} } @best;
}

# in: redis; out: how many commands took it too long, milliseconds of the
# slowest
sub slow {
    my ($redis) = @_;

    return split ' ', $redis->command('EVAL', <<'LUA', 0, 1000 * $slow);
local n, most = 0, 0

for _, entry in ipairs(redis.call('SLOWLOG', 'GET', -1)) do
    most = math.max(most, entry[3])
    n = n + (entry[3] > tonumber(ARGV[1]) and 1 or 0)
end

return string.format('%d %s', n, most > 0 and most / 1000 or '<1')
LUA
}

1;
