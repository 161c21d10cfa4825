# The journals of check-ins: what is noted in them counts at once, wherever it
# is looked at, and they stay short.

use OfficeConfig::Test;

use JSON::PP ();
use POSIX qw(strftime);

use OfficeConfig::Api;
use OfficeConfig::Net qw(wait_until);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis(aof => 1);
my $nginx = $t->serve(redis => $redis, server => 'keepalive_requests 100000;'
    . 'client_body_buffer_size 1m;');
my $ask = client($t);
my $root = '/beta/officeConfiguration';
my $item = API . '/one';
my $now = time;

my ($own, $all) = ('oc:{default}:jrn:one', 'oc:{default}:jrn');

sub status {
    my ($user, $ok, $at) = @_;
    return { userId => $user, deviceName => 'pc',
             wasSuccessful => $ok ? JSON::PP::true : JSON::PP::false,
             checkinDateTime => strftime('%Y-%m-%dT%H:%M:%SZ',
                                         gmtime $now - ($at // 0)) };
}

sub report {
    my ($user, $ok, $at) = @_;
    answer_is $ask->('POST', "$item/checkinStatuses",
                     json => status($user, $ok, $at)), 204,
              "a check-in of $user";
}

# of the configuration, and of the tenant
sub waiting { join '/', map { noted($redis, $_) // '-' } $own, $all }

sub summary {
    my ($path) = @_;
    my $r = $ask->('GET', $path);
    return join '/', map { json_item($r, $_) }
           qw(succeededUserCount failedUserCount);
}

my $mine = "$item/userCheckinSummary";
my $tenant = "$root/tenantUserCheckinSummary";


# a configuration that is not there leaves nothing behind

answer_is $ask->('POST', "$item/checkinStatuses", json => status('a', 1)),
          404, 'no such configuration';
is_deeply $redis->cmd('KEYS', 'oc:{*'), [], 'and no key';

# the first one founds the scope, all are noted

answer_is $ask->('POST', API, json => { id => 'one' }), 201, 'created';
report('a', 1, 9);
is waiting(), '1/1', 'the journal is there';
report($_, 1, 5) for 'b', 'c';
report('c', 0, 4);
report('a', 0, 20);
is waiting(), '5/5', 'five are noted';

# I4: each way to look at them sees them

is summary($mine), '2/1', 'the summary counts them';
is waiting(), '0/5', 'they were taken for it';
is summary($tenant), '2/1', "the tenant's, too";
is waiting(), '0/-', 'no more wait';

report('d', 1);
is $ask->('GET', "$item/checkinStatuses/\$count")->body, 4, 'the collection';
report('e', 1);
is scalar @{json_item($ask->('GET', $item), 'checkinStatuses')}, 5,
   'the entity';
is scalar @{json_item($ask->('GET', $root), 'tenantCheckinStatuses')}, 5,
   'the singleton';
report('e', 0);
answer_is $ask->('PATCH', $item, json => { displayName => 'x' }), 200, 'PATCH';
is summary($mine), '3/2', 'nothing is lost by it';
report('f', 1);
answer_is $ask->('PUT', "$item/checkinStatuses",
                 json => { value => [status('g', 1)] }), 204,
          'PUT of the collection';
is summary($mine), '1/0', 'comes after what was noted before it';
is summary($tenant), '5/2', 'which stays with the tenant';

# a summary that was given is right before it begins to move

answer_is $ask->('PATCH', $item, json => { userCheckinSummary =>
          { succeededUserCount => 10, failedUserCount => 5 } }), 200, 'given';
report('g', 1, 900);
is summary($mine), '10/5', 'an old one that comes late does not move it';
report('h', 1);
report('g', 0);
is waiting(), '2/3', 'noted';
is summary($mine), '10/6', 'each moves it by its own change';

# a configuration that is deleted, or made again, with some still noted

report('i', 1);
answer_is $ask->('DELETE', $item), 204, 'DELETE';
is $redis->cmd('EXISTS', $own), 0, 'its journal is gone';
is noted($redis, $all), 4, "not the tenant's";
answer_is $ask->('POST', API, json => { id => 'one' }), 201, 'created again';
is summary($mine), '0/0', 'without what it had';
is summary($tenant), '6/3', 'which the tenant keeps';

# what makes a journal too long has it taken; and one at a time, however they
# are sent

report('j', 1);
my $c = $t->connect;
my ($longest, $sent, $begins) = (0, 0, 0);

while ($begins < 3 && $sent < 2000) {
    my $before = $redis->cmd('STRLEN', $own);

    $c->request('POST', "$item/checkinStatuses",
                json => status('k' . $sent++, 1));

    for my $key ($own, $all) {
        my $length = $redis->cmd('STRLEN', $key);
        $longest = $length if $length > $longest;
    }

    $begins++ if $redis->cmd('STRLEN', $own) < $before;
}

is $begins, 3, 'they have been taken, again and again';
cmp_ok $longest, '<', 16384, 'before the journals were longer than 16 KB';
cmp_ok $sent, '>', 3 * 64, 'and not too often';
is summary($mine), 1 + $sent . '/0', 'and count';

# Redis has forgotten its scripts

report('l', 0);
$redis->cmd('SCRIPT', 'FLUSH');
report('m', 0);
is summary($mine), 1 + $sent . '/2', 'the scripts are sent again';

# creates note theirs for the tenant, and take them as well

$redis->cmd('FLUSHALL');
my $body = $t->seed_bytes;
my $begun = 0;
$longest = 0;

for my $n (1 .. 200) {
    $c->request('POST', API, body => $body,
                headers => ['Content-Type' => 'application/json']);
    my $length = $redis->cmd('STRLEN', $all);
    $begun++ if $length < 1000;
    $longest = $length if $length > $longest;
}

cmp_ok $longest, '<', 16384, 'the journal stays short';
cmp_ok $begun, '>', 1, 'as it is taken';
is $ask->('GET', "$root/tenantCheckinStatuses/\$count")->body, 1,
   'it is one device';
is_deeply [grep { /jrn/ } @{$redis->cmd('KEYS', '*')}], [], 'no journal is left';

$redis->cmd('FLUSHALL');
answer_is $ask->('POST', API, json => { id => 'many', checkinStatuses =>
          [map { status("u$_", $_ % 2) } 1 .. 300] }), 201, 'many in a create';
cmp_ok $redis->cmd('STRLEN', $all), '<', 16384, 'are taken in steps';
is summary($tenant), '150/150', 'and count';

# those of all configurations that a check-in names are seen to, and what an
# array leaves in them is taken at once

$redis->cmd('FLUSHALL');
my @named = map { "n$_" } 1 .. 20;
$ask->('POST', API, json => { id => $_ }) for @named;
$longest = 0;

for my $n (1 .. 150) {
    $c->request('POST', "$root/tenantCheckinStatuses",
                json => { %{status("t$n", 1)}, appliedPolicies => \@named,
                          errorMessage => 'x' x 200 });

    for my $key ($all, map { "oc:{default}:jrn:$_" } @named) {
        my $length = $redis->cmd('STRLEN', $key);
        $longest = $length if $length > $longest;
    }
}

cmp_ok $longest, '<', 16384, 'none of their journals becomes long';
is join(' ', map { summary(API . "/$_/userCheckinSummary") } @named),
   join(' ', ('150/0') x 20), 'each counts them';

is $ask->('POST', API . '/n7/checkinStatuses', json =>
          [map { status("a$_", 0) } 1 .. 1000])->status, 200, 'an array';
cmp_ok $redis->cmd('STRLEN', $_), '<', 16384, "$_ is short"
    for $all, 'oc:{default}:jrn:n7';
is summary(API . '/n7/userCheckinSummary'), '150/1000', 'all count';
is summary($tenant), '150/1000', "the tenant's, too";

# readers and writers at once: the summary never goes back, and ends exact

$redis->cmd('FLUSHALL');
answer_is $ask->('POST', API, json => { id => 'one' }), 201, 'created';
report('first', 1);

my @writers = map {
    my $w = $_;
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        my $own = $t->connect;
        my $wrong = 0;

        for my $n (1 .. 250) {
            my $r = $own->request('POST', "$item/checkinStatuses",
                                  json => status("w$w-$n", $n % 5));
            $wrong++ if $r->status != 204;
        }

        POSIX::_exit($wrong ? 1 : 0);
    }

    $pid;
} 1 .. 3;

my ($back, $least, $reads) = (0, 0, 0);

until (waitpid($writers[0], POSIX::WNOHANG()) == $writers[0]) {
    my $r = $c->request('GET', $reads++ % 2 ? $mine : $tenant)->json;
    my $users = $r->{succeededUserCount} + $r->{failedUserCount};
    $back++ if $reads % 2 && $users < $least;
    $least = $users if $reads % 2;
}

is $?, 0, 'the first writer';
waitpid($_, 0), is($?, 0, 'another writer') for @writers[1, 2];
is $back, 0, "$reads reads: the summary never went back";
is summary($mine), '601/150', 'all count';
is summary($tenant), '601/150', 'for the tenant as well';

# what was acknowledged is in Redis, noted or taken

report("n$_", 1) for 1 .. 3;
is waiting(), '3/3', 'three wait';
$redis->cmd('CONFIG', 'SET', 'appendfsync', 'always');
report('n4', 0);
$redis->kill;
$redis->start;
ok eval { wait_until(10, sub { $ask->('GET', $mine)->status == 200 }) },
   'Redis is back';
is summary($mine), '604/151', 'and nothing is missing';
is summary($tenant), '604/151', 'for the tenant neither';

$t->allow_lost;
$t->allow_log(qr{\[error\].*"LOADING },
              qr{\[error\].* connect\(\) to Redis at \S+ failed});
$t->done;
