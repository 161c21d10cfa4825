# Creating a configuration: the example document, what is answered and what is
# stored, ids and priorities.

use OfficeConfig::Test;

use JSON::PP ();
use Time::HiRes ();
use Time::Local qw(timegm);

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis);

my %key = map { $_ => "oc:{default}:$_" } qw(cfg ids pri str jrn);
my $id7 = qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

sub create { $t->post($_[1] // API, json => $_[0]) }

# the example, through both URLs

my @ids;

for my $url (API, API . '/$ref') {
    my $before = Time::HiRes::time;
    my $r = $t->post($url, body => seed_bytes, type => 'application/json');

    answer_is $r, 201, "$url: created";
    is +($r->header('Content-Type') // '') =~ s/;.*//r, 'application/json',
       'the media type';

    my %body = %{$r->json // {}};
    my $id = $body{id};
    like $id, $id7, 'the id is a UUID of version 7, lower case';
    my $msec = hex(substr $id, 0, 8) * 65536 + hex substr $id, 9, 4;
    cmp_ok abs($msec / 1000 - $before), '<', 30,
           'and made of the time';

    my %rest = %body;
    my ($context, $etag, $modified) = delete @rest{qw(@odata.context
        @odata.etag lastModifiedDateTime)};

    json_is \%rest, { %{+seed}, id => $id }, 'every value unchanged';
    is $context, 'http://localhost/beta/$metadata#officeConfiguration/'
       . 'clientConfigurations/$entity', '@odata.context';
    like $r->body, qr/^\{"\@odata\.context":/, 'is first';
    like $etag, qr{^(?:W/)?"[\x21\x23-\x7e]+"$}, '@odata.etag';
    is $r->header('ETag'), $etag, 'is the header';

    my ($y, $m, $d, $h, $i, $s) =
        $modified =~ /^(\d+)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z$/;
    ok $s && abs(timegm($s, $i, $h, $d, $m - 1, $y) - $before) < 30,
       'lastModifiedDateTime is now' or diag $modified;

    is $r->header('Location'), 'http://localhost' . API . "/$id", 'Location';
    my $got = $t->get(path_of($r->header('Location')));
    answer_is $got, 200, 'U1: its GET';
    is $got->body, $r->body, 'U1: equals the body to the byte';
    is $got->header('ETag'), $etag, 'and the ETag';

    # in Redis
    push @ids, $id;
    is_deeply [sort @{$redis->cmd('KEYS', '*')}],
              [sort 'oc:layout', values %key], 'the keys in Redis';
    is_deeply [sort @{$redis->cmd('HKEYS', $key{cfg})}], [sort @ids], 'cfg';
    is_deeply $redis->cmd('ZRANGE', $key{ids}, 0, -1, 'WITHSCORES'),
              [map { ($_, 0) } sort @ids], 'ids';
    is_deeply $redis->cmd('ZRANGE', $key{pri}, 0, -1, 'WITHSCORES'),
              [map { ($_, 8) } sort @ids], 'pri';
    is_deeply [sort @{$redis->cmd('HKEYS', $key{str})}],
              [map { "c/$_" } sort @ids], 'str: the check-in of each';
    is noted($redis, $key{jrn}), scalar @ids,
       'jrn: the check-in of each, for the tenant';

    my $stored = JSON::PP->new->utf8->decode($redis->cmd('HGET', $key{cfg},
                                                         $id));
    delete $body{'@odata.context'};
    json_is $stored, \%body, 'what is stored is what was answered';
}

is $redis->cmd('GET', 'oc:layout'), LAYOUT, 'the version of the layout';
is_deeply [map { $redis->cmd('TTL', $_) } sort values %key],
          [(-1) x keys %key], 'nothing expires';

# I4: what is in the journal counts

is $t->get('/beta/officeConfiguration/tenantCheckinStatuses/$count')->body, 1,
   'for the tenant they are one check-in';
is $redis->cmd('EXISTS', $key{jrn}), 0, 'the journal has been taken';
is $redis->cmd('ZCARD', 'oc:{default}:new'), 1, 'and it is among the newest';

is_deeply \@ids, [sort @ids], 'ids made one after the other are in order';
isnt $t->get(API . "/$ids[0]")->header('ETag'),
     $t->get(API . "/$ids[1]")->header('ETag'), 'ETags differ';

{
    my %seen;
    my $c = $t->connect;
    $seen{$c->request('POST', API, json => {})->json->{id}}++ for 1 .. 200;
    is scalar keys %seen, 200, '200 ids, all different';
    is scalar(grep { !/$id7/ } keys %seen), 0, 'all of version 7';
    $redis->cmd('FLUSHALL');
}


# an empty object: every property, with its default

{
    my $r = create({});
    answer_is $r, 201, 'an empty object';
    my %body = %{$r->json};
    delete @body{qw(@odata.context @odata.etag id lastModifiedDateTime)};
    json_is \%body, { priority => 1, checkinStatuses => [],
        userCheckinSummary => { succeededUserCount => 0,
                                failedUserCount => 0 },
        map { ($_ => undef) } qw(userPreferencePayload policyPayload
        description displayName) }, 'and its defaults';
    is_deeply [sort @{$redis->cmd('KEYS', 'oc:{*')}],
              [sort @key{qw(cfg ids pri)}], 'no key for check-ins';
    $redis->cmd('FLUSHALL');
}


# ids that are given

my @good = ('a', 'A', 'seed-id', '0', "Zo\xeb-\x{914d}\x{7f6e}-\x{1f600}",
    'x' x 256, "\xe9" x 128, "\x{914d}" x 85 . 'y', "\x{1f600}" x 64,
    'a b/c', ' ', 'x ', '.', '..', '...', '/', '//', '/lead', 'trail/',
    'a/./b', 'a//b', '%2e%2e', '$count', '$ref', '$metadata', '$value',
    'updatePriorities', 'microsoft.graph.updatePriorities', 'assign',
    'assignments', 'id', 'clientConfigurations', 'officeConfiguration',
    'microsoft.graph.officeClientConfiguration',
    '#microsoft.graph.officeClientConfiguration',
    'microsoft.graph.windowsOfficeClientConfiguration',
    q{it's}, q{'}, q{''}, q{'a'}, q{"quoted"}, 'a\\b', '\\', 'a?b#c',
    '100%', '%41', '%2F', '%00', 'a+b', 'a&b=c', '(x)', q{('x')}, q{a')},
    'a;b,c:d@e', '<script>', '{}', "\xa0", "\x{2028}", "\x{feff}",
    "\x{ffff}", "\x{10ffff}", '*', 'null', '-1', '~', '`|^');

for my $id (@good) {
    my $show = printable($id);
    my $r = create({ id => $id });
    answer_is $r, 201, "id $show";
    next unless $r->status == 201;
    is $r->json->{id}, $id, 'comes back';

    my $location = path_of($r->header('Location'));
    unlike $location, qr/[^\x21-\x7e]/, 'Location is a URL';
    is $t->get($location)->body, $r->body, 'Location can be fetched';
    is $t->get(item_path(API, $id))->body, $r->body, 'key in parentheses';

    error_is create({ id => $id }), 409, 'id', 'U17: exists: 409';
    is $t->get($location)->body, $r->body, 'which changes nothing';

    $t->status_is($t->del($location), 204, 'Location can be deleted');
    $t->status_is($t->get(item_path(API, $id)), 404, 'and it is gone');
}

is_deeply $redis->cmd('KEYS', 'oc:{*'), [], 'nothing is left of them';

my $r = create({ id => 'a b/c' });
is $t->get(API . $_)->body, $r->body, "a b/c as $_"
    for q{/a%20b%2Fc}, q{/a%20b%2fc}, q{/%61%20b%2Fc}, q{('a%20b%2Fc')},
        q{%28%27a%20b%2Fc%27%29};

$r = create({ id => q{it's} });
is $t->get(API . $_)->body, $r->body, "it's as $_"
    for q{/it's}, q{/it%27s}, q{('it''s')}, q{('it%27%27s')},
        q{(%27it''s%27)}, q{/it%27s/};
error_is $t->get(API . $_), 404, undef, "not as $_"
    for q{('it's')}, q{('it%27s')}, q{/it''s}, q{('it''s'}, q{(it''s)},
        q{("it''s")}, q{('')}, q{()}, q{('it''s')x}, q{('IT''S')},
        q{('it''s')('x')}, q{(''it''s'')};

$r = create({ id => 'one' });
my $state = contents($redis);
$t->allow_log(qr/a client request body is buffered to a temporary file/);

error_is create({ id => $_->[1] }), 400, 'id', "id $_->[0]"
    for ['empty', ''], ['of 257 bytes', 'x' x 257],
        ['of 257 bytes of UTF-8', "\xe9" x 128 . 'x'],
        ['of 1 MB', 'x' x 900_000],
        ['with a newline', "a\nb"], ['with a tab', "\t"],
        ['with U+0001', "\x01"], ['with U+001F', "x\x1f"],
        ['with DEL', "\x7f"], ['with U+0080', "a\x80"],
        ['with U+009F', "\x9f"], ['that is a number', 5],
        ['that is true', JSON::PP::true], ['that is null', undef],
        ['that is a list', ['a']], ['that is an object', {}];

error_is $t->post($_, json => { id => 'one', displayName => 'two' }), 409,
         'id', "$_: the id exists" for API, API . '/$ref';
error_is $t->post(API, json => { id => 'one', priority => 77 }), 409, 'id',
         'with another priority';
error_is $t->post(API, json => { id => 'one', priority => 'x' }), 400,
         'priority', 'what is wrong with the document is said first';

is_deeply contents($redis), $state, 'no refusal changes anything';


# priorities

# priority($given): of a new configuration; (its priority or status, its id)

sub priority {
    my $r = create({ @_ ? (priority => $_[0]) : () });
    return $r->status if $r->status != 201;
    my $p = $r->json->{priority};
    is $t->get(API . '/' . $r->json->{id})->json->{priority}, $p,
       "priority $p, read again";
    is $redis->cmd('ZSCORE', $key{pri}, $r->json->{id}), $p, 'in the index';
    return wantarray ? ($p, $r->json->{id}) : $p;
}

sub drop { $t->del(API . "/$_[0]") }

$redis->cmd('FLUSHALL');
is priority(), 1, 'the first without a priority';
is priority(), 2, 'the next';
is priority(10), 10, 'one that is given';
my ($p, $eleven) = priority();
is $p, 11, 'the highest in use and one';
is priority(5), 5, 'a lower one that is given';
is priority(), 12, 'does not matter';
drop($_) for $eleven;
is priority(), 13, 'nor does a gap';
drop($_) for @{$redis->cmd('ZRANGEBYSCORE', $key{pri}, 11, '+inf')};
is priority(), 11, 'a deleted one is not in use';

$redis->cmd('FLUSHALL');
is priority(-5), -5, 'a negative one';
is priority(), -4, 'the next';
is priority(-2147483648), -2147483648, 'the lowest';
is priority(), -3, 'the next';
is priority(-1), -1, 'minus one';
is priority(), 0, 'zero follows';
is priority(), 1, 'and one';

$redis->cmd('FLUSHALL');
is priority(-2147483648), -2147483648, 'only the lowest';
is priority(), -2147483647, 'the next';
is priority(0), 0, 'zero is given';
is priority(), 1, 'and one follows';

is priority(2147483646), 2147483646, 'the last but one';
($p, my $last) = priority();
is $p, 2147483647, 'the last';
$state = contents($redis);
error_is create({}), 409, 'priority', 'none is left';
error_is create({ id => 'given', assignments => [{}] }), 409, 'priority',
         'none, with an id';
is_deeply contents($redis), $state, 'and nothing changes';
error_is create({ id => $last }), 409, 'id', 'none, and the id exists';
is priority(3), 3, 'one that is given is still fine';
drop($last);
is priority(), 2147483647, 'deleted, it can be given again';

$redis->cmd('FLUSHALL');
for my $text ('null', '2147483648', '-2147483649', '4294967296',
              '9223372036854775807', '9223372036854775808',
              '18446744073709551616', '99999999999999999999',
              '-99999999999999999999', '8.0', '8.5', '8e0', '1e1', '-0.0',
              '"8"', 'true', '[]', '{}', '""')
{
    error_is $t->post(API, type => 'application/json',
                      body => qq({"priority":$text})),
             400, 'priority', "priority $text";
}

is $redis->cmd('EXISTS', values %key), 0, 'nothing was stored';
is priority(JSON::PP->new->allow_nonref->decode('-0')), 0, 'minus zero';


# many at once, in several workers: each gets a priority of its own, and of
# those who want the same id one gets it

{
    $redis->cmd('FLUSHALL');
    my $port = $t->serve(redis => $redis, workers => 3)->port;

    my $sum = $t->load(where => $port, clients => 4, requests => 50,
        request => sub { ('POST', API, json => {}) })->wait;
    is_deeply $sum->{status}, { 201 => 200 }, '200 creates at once';
    my %pri = @{$redis->cmd('ZRANGE', $key{pri}, 0, -1, 'WITHSCORES')};
    is_deeply [sort { $a <=> $b } values %pri], [1 .. 200],
              'their priorities are all different';

    $sum = $t->load(where => $port, clients => 4, requests => 50,
        request => sub { ('POST', API, json => { id => "same$_[1]",
            displayName => "c$_[0]", assignments => [{ id => "a$_[0]" }] }) })
        ->wait;
    is_deeply $sum->{status}, { 201 => 50, 409 => 150 },
              'of four who want an id one gets it';
    my @wrong = grep {
        my $item = JSON::PP->new->decode($redis->cmd('HGET', $key{cfg}, $_));
        my ($who) = $item->{displayName} =~ /(\d)/;
        my @assigned = @{$redis->cmd('HKEYS', "oc:{default}:asg:$_")};
        "@assigned" ne "a$who";
    } map { "same$_" } 0 .. 49;
    is_deeply \@wrong, [], 'with the assignments that came with it';
}

$t->done;
