# Many configurations, written into Redis in the layout that the README says,
# by a script of Redis: a quarter of a million in a second or two.

package OfficeConfig::Fill;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(fill);

my $script = <<'END';
local keys, from, to, text = KEYS, tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

for n = from, to do
    local id = string.format('c%07d', n)
    local json = string.format('{"@odata.etag":"W/\\"%016x\\"","id":"%s",'
        .. '"userPreferencePayload":null,"policyPayload":"%s",'
        .. '"description":%s,"displayName":"name %d","priority":%d,'
        .. '"lastModifiedDateTime":"2026-01-01T00:00:00.000Z",'
        .. '"userCheckinSummary":{"succeededUserCount":%d,'
        .. '"failedUserCount":0},"checkinStatuses":[]}',
        n, id, text, n % 3 == 0 and 'null' or '"about ' .. n .. '"',
        n * 7919 % 1000003, n, n % 5)

    redis.call('HSET', KEYS[1], id, json)
    redis.call('ZADD', KEYS[2], 0, id)
    redis.call('ZADD', KEYS[3], n, id)
end
END


# fill($redis, $n, %opt): configurations c0000001 to c$n of a tenant, whose
# displayName is "name " and (n * 7919) % 1000003, and whose priority is n
#   tenant   default
#   payload  how long the policyPayload is: 200

sub fill {
    my ($redis, $n, %opt) = @_;
    my $tenant = $opt{tenant} // 'default';
    my $text = 'x' x ($opt{payload} // 200);

    for (my $from = 1; $from <= $n; $from += 1000) {
        my $to = $from + 999 > $n ? $n : $from + 999;
        my $reply = $redis->cmd('EVAL', $script, 3,
            (map { "oc:{$tenant}:$_" } qw(cfg ids pri)), $from, $to, $text);
        die "cannot fill: $reply\n" if ref $reply eq 'SCALAR';
    }

    return;
}


1;
