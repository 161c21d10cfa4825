package Bench::Memory;

# What check-ins take in Redis, compared with their JSON.

use strict;
use warnings;

use Bench::Checkins;
use Bench::Peers qw(start_server create_one);
use Bench::Redis;
use Time::HiRes qw(sleep time);

my $target = 1.6;

# in: options, dir => scratch folder, bench => this folder, cores => as the
#     runner's;
# out: text, true if the target is met
sub measure {
    my ($o, %a) = @_;
    my $redis = Bench::Redis->start(dir => $a{dir}, core => $a{cores}{redis});
    my $server = start_server('module', $o, dir => $a{dir},
                              core => $a{cores}{server}, redis => $redis,
                              bench => $a{bench});
    my $port = $server->{port};
    my ($id, $path) = create_one('module', $port,
                                 '{"displayName":"Finance"}');
    my $before = used($redis);
    my $start = time;
    my $json = Bench::Checkins::load($port, $path, $id, $o->{checkins});
    my $seconds = time - $start;
    my $memory = used($redis) - $before;
    my @complaints = $server->complaints;

    $server->stop_server;
    $redis->stop_server;
    die "the error log is not empty:\n", @complaints if @complaints;

    my $n = $o->{checkins};
    my $ratio = $memory / $json;
    my $met = $ratio <= $target;

    return (sprintf(<<'END', $n, $seconds, $n / $seconds, $json / $n,
%d check-ins loaded in %.1f s, %.0f a second
JSON as sent      %7.1f bytes a check-in
memory of Redis   %7.1f bytes a check-in
memory / JSON     %7.2f  (target <= %.1f)  %s
END
                    $memory / $n, $ratio, $target, $met ? 'PASS' : 'MISS'),
            $met);
}

# out: bytes that Redis uses once it has freed what it frees later, buffers of
# connections included
sub used {
    my ($redis) = @_;
    my $end = time + 60;
    my $last = 0;

    while (time < $end) {
        my %info = map { /^(\w+):(\d+)\r?$/ } $redis->command('INFO', 'memory');
        my $used = $info{used_memory};

        return $used if !$info{lazyfree_pending_objects}
                        && abs($used - $last) < 10_000;

        $last = $used;
        sleep 3;
    }

    die "the memory of Redis does not come to rest\n";
}

1;
