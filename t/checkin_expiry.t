# Check-ins past the window: a read is right at once, also when a lot has to
# be expired, which takes Redis many short steps.

use OfficeConfig::Test;

use POSIX qw(strftime);

use OfficeConfig::Api;
use OfficeConfig::FakeClock;

plan skip_all => 'libfaketime is not installed'
    unless defined OfficeConfig::FakeClock::library();
plan skip_all => 'libfaketime and the sanitizers do not get on'
    if $ENV{OC_SANITIZE};

my $number = 4000;
my $now = 1_790_000_000;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis, start => 0,
    main => OfficeConfig::FakeClock::MAIN,
    server => 'keepalive_requests 100000; client_max_body_size 8m;'
              . 'client_body_buffer_size 8m;',
    location => 'office_config_checkin_retention 30d;');
my $clock = OfficeConfig::FakeClock->new($nginx->dir, $now * 1000);

$clock->attach($nginx);
$nginx->start;

my $ask = client($t);
my $item = API . '/one';
my $root = '/beta/officeConfiguration';

sub status {
    my ($user, $ok, $at) = @_;
    return { userId => $user, deviceName => 'pc',
             wasSuccessful => $ok ? JSON::PP::true : JSON::PP::false,
             checkinDateTime => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $at) };
}

sub summary {
    my ($path) = @_;
    my $r = $ask->('GET', $path);
    return json_item($r, 'succeededUserCount') . '/'
           . json_item($r, 'failedUserCount');
}

sub load {
    my ($at) = @_;
    for (my $i = 0; $i < $number; $i += 1000) {
        my $r = $ask->('POST', "$item/checkinStatuses", json =>
                       [map { status("u$_", $_ % 4, $at) } $i .. $i + 999]);
        answer_is $r, 200, 'check-ins' or last;
    }
}

my $own = "$item/userCheckinSummary";
my $all = "$root/tenantUserCheckinSummary";
my $day = 86_400;

answer_is $ask->('POST', API, json => { id => 'one' }), 201, 'a configuration';
load($now);
is summary($own), $number * 3 / 4 . '/' . $number / 4, 'all count';

# at the edge of the window, and a millisecond behind it

$clock->set(($now + 30 * $day) * 1000);
is summary($own), $number * 3 / 4 . '/' . $number / 4, 'up to the edge';
$clock->set(($now + 30 * $day) * 1000 + 1);
$redis->cmd('CONFIG', 'RESETSTAT');
is summary($own), '0/0', 'none behind it';
cmp_ok $redis->calls('evalsha') + $redis->calls('eval'), '>=', $number / 50,
       'in steps of fifty';
is summary($all), '0/0', "the tenant's";
is $ask->('GET', "$item/checkinStatuses/\$count")->body, $number,
   'they are there as long after they were received';

# they are removed, and not too early

$clock->set((int($now / $day) + 31) * $day * 1000);
is $ask->('GET', "$item/checkinStatuses/\$count")->body, $number,
   'until the day is over';
$clock->set((int($now / $day) + 31) * $day * 1000 + 1);
$redis->cmd('CONFIG', 'RESETSTAT');
is_deeply json_item($ask->('GET', "$item/checkinStatuses"), 'value'), [],
          'then they are removed';
cmp_ok $redis->calls('evalsha') + $redis->calls('eval'), '>=', $number / 50,
       'in steps, too';
is $ask->('GET', "$root/tenantCheckinStatuses/\$count")->body, 0,
   "the tenant's as well";

# writes take a few with them

$now += 60 * $day;
$clock->set($now * 1000);
load($now);
$clock->set(($now + 31 * $day) * 1000);
$redis->cmd('CONFIG', 'RESETSTAT');
answer_is $ask->('POST', "$item/checkinStatuses",
                 json => status('new', 1, $now + 31 * $day)), 204, 'a check-in';
cmp_ok $redis->calls('hget'), '<', 200, 'a write removes only some';
is summary($own), '1/0', 'and a read is right';
is summary($all), '1/0', "the tenant's";

# a device that came back in between

$clock->set(($now + 60 * $day) * 1000);
is summary($own), '1/0', 'still';
answer_is $ask->('POST', "$item/checkinStatuses",
                 json => status('new', 0, $now + 60 * $day)), 204, 'again';
$clock->set(($now + 62 * $day) * 1000);
is summary($own), '0/1', 'it counts by its last check-in';
$clock->set(($now + 91 * $day) * 1000);
is summary($own), '0/0', 'until that is past as well';

$t->done;
