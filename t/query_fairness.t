# No request hurts another: while collections are scanned, others are answered,
# Redis is never busy for long, and what nobody waits for is not done.

use OfficeConfig::Test;

use Time::HiRes qw(time);

use OfficeConfig::Api;
use OfficeConfig::Fill qw(fill);

my $count = 20_000;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $conf = $t->api_conf(redis => $redis,
    location => 'office_config_page_size 100;',
    server => 'keepalive_requests 1000000;');
my $nginx = $t->nginx(http => $conf, workers => 1);

fill($redis, $count);
$redis->cmd('SET', 'oc:layout', LAYOUT);
$redis->cmd('CONFIG', 'RESETSTAT');

# what Redis has used of the processor, in seconds
sub cpu { $redis->info('used_cpu_user') + $redis->info('used_cpu_sys') }

my $cpu = cpu();

# finds nothing, and looks at everything
my $none = API . q{?$filter=contains(displayName,'nothing')%20and%20priority}
           . '%20gt%205';


# one is scanned while others are read

sub scan { my $c = $t->connect; $c->write_request('GET', $_[0]); return $c }

{
    my $mark = length $nginx->access_log;
    my ($c, @get);

    $nginx->hold_worker(sub {
        $c = scan($none);
        @get = map { scan(API . sprintf '/c%07d', 1 + rand $count) } 1 .. 20;
    });

    is scalar(grep { $_->response->status == 200 } @get), 20, 'GETs';
    my $r = $c->response;
    answer_is $r, 200, 'a scan';
    is json_item($r, '@odata.nextLink'), undef, 'of everything';
    is_deeply $r->json->{value}, [], 'finds nothing';

    my @log;
    ok wait_until(5, sub {
        @log = split /\n/, substr $nginx->access_log, $mark;
        return @log == 21;
    }), 'all are logged';
    like $log[-1], qr/filter/, 'the GETs are answered first';
    cmp_ok $redis->calls('evalsha') + $redis->calls('eval'), '>',
           $count / 200, 'it was read in small parts';
}


# a hundred at once

{
    my @c = map { scan($none . "&x=$_") } 1 .. 30;
    my $get = client($t);
    my ($answered, $slowest) = (0, 0);

    for (1 .. 50) {
        my $begin = time;
        my $r = $get->('GET', API . sprintf '/c%07d', 1 + rand $count);
        $answered++ if $r->status == 200;
        $slowest = time - $begin if time - $begin > $slowest;
    }

    is $answered, 50, 'GETs beside thirty scans';
    cmp_ok $slowest, '<', $t->seconds(0.5), 'none waits for a scan';
    $_->close for @c[0 .. 24];
    is scalar(grep { $_->response->status == 200 } @c[25 .. 29]), 5,
       'the scans that are waited for end';
}

# a client that has gone: nothing is read for it any more

{
    my @c = map { scan($none) } 1 .. 5;
    my $get = client($t);
    $get->('GET', API . '/c0000001');
    $_->abort for @c;
    ok wait_until(5, sub {
        my $before = $redis->calls('zcard');
        $get->('GET', API . '/c0000001') for 1 .. 20;
        return $redis->calls('zcard') == $before;
    }), 'when the clients have gone the scans end';
    is scalar(() = $nginx->access_log =~ /" 499 |^499 /mg) > 0, 1,
       'which is logged';
}

# other ways of looking at everything

for my $query ('?$orderby=displayName&$top=5', '?$orderby=displayName%20desc',
               '/$count?$filter=priority%20gt%20100',
               '?$count=true&$filter=priority%20gt%20100',
               '?$skip=19000', '?$orderby=priority%20desc&$skip=19000',
               '?$orderby=priority', q{?$filter=startswith(id,'c00199')})
{
    my $r = $t->get(API . $query);
    is $r->status, 200, $query;
}

# of a type of which there is none, which has no index

for my $query ('', '?$orderby=priority%20desc', '?$count=true', '/$count') {
    my $calls = $redis->calls('evalsha');
    my $r = $t->get(API . "/microsoft.graph.windowsOfficeClientConfiguration"
                    . $query);
    is $r->status, 200, "of a type: $query";
    unlike $r->body, qr/nextLink|[{]"\@odata\.etag|[1-9]\z/, 'there is none';
    cmp_ok $redis->calls('evalsha') - $calls, '>', $count / 200,
           'which is found out in small parts';
}

{
    my $r = $t->get(API . '?$orderby=displayName&$top=3&$select=id');
    my @want = (sort { $a->[0] cmp $b->[0] }
                map { ['name ' . $_ * 7919 % 1000003, sprintf 'c%07d', $_] }
                1 .. $count)[0 .. 2];
    is_deeply [map { $_->{id} } @{$r->json->{value}}],
              [map { $_->[1] } @want], 'the first of many by name';
    is $t->get(API . '/$count?$filter=priority%20gt%20100')->body,
       $count - 100, 'the count of many';
    $r = $t->get(API . '?$orderby=priority%20desc&$skip=19000&$top=1');
    is $r->json->{value}[0]{id}, sprintf('c%07d', $count - 19000),
       'passed over by index';
}

# the time of the processor, whatever else that does: all commands together,
# though most of them are parts of scans

{
    my $calls = $redis->calls('evalsha');
    my $used = cpu() - $cpu;
    cmp_ok $used / $calls, '<', 0.002, 'a part takes Redis less than 2 ms';
}


# a reload does not end a scan

{
    my $c = scan($none);
    $nginx->reload;
    answer_is $c->response, 200, 'a scan that goes on through a reload';
    answer_is $t->get(API . '/c0000001'), 200, 'the new worker serves';
}

$t->done;
