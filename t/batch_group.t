# Requests of a batch that are carried out all or not at all: every kind of
# write, refused at every position, leaves no trace; carried out, it leaves
# what it would leave by itself. (A6, JSON batch)

use OfficeConfig::Test;

use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use POSIX qw(strftime);

use OfficeConfig::Api;
use OfficeConfig::Batch;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis,
    server => 'keepalive_requests 100000;
        location /short {
            office_config_pass main;
            office_config_auth off;
            office_config_checkin_retention 1d;
            office_config_tenant $http_x_tenant;
        }',
    location => 'client_max_body_size 4m; client_body_buffer_size 1m;
                 office_config_batch_limit 50;
                 office_config_inline_checkins 3;
                 office_config_tenant $http_x_tenant;');
my $ask = client($t);
my $all = '/officeConfiguration/clientConfigurations';
my $group = '#microsoft.graph.officeConfigurationGroupAssignmentTarget';

sub ask {
    my ($tenant, $method, $path, %opt) = @_;
    return $ask->($method, "/beta$path", %opt,
                  headers => ['X-Tenant' => $tenant, @{$opt{headers} // []}]);
}

sub batch {
    my ($tenant, @requests) = @_;
    return ask($tenant, 'POST', '/$batch', json => { requests => \@requests });
}

sub ago { strftime '%Y-%m-%dT%H:%M:%SZ', gmtime time - 86400 * $_[0] }

my $recent = ago(6);

sub in_group { map { { %$_, atomicityGroup => 'g' } } @_ }

sub checkin {
    my ($user, $ok, $time) = @_;
    return { userId => $user, deviceName => "d$user",
             wasSuccessful => $ok ? JSON::PP::true : JSON::PP::false,
             checkinDateTime => $time // $recent,
             appliedPolicies => [qw(a b nowhere)] };
}


# fill($tenant): what there is before

sub fill {
    my ($tenant) = @_;

    for my $id (qw(a b c)) {
        my $r = ask($tenant, 'POST', $all, json => {
            id => $id, displayName => "name $id", priority => ord $id,
            policyPayload => 'e30=',
            assignments => [map { { id => "$id$_", target => {
                '@odata.type' => $group, groupId => "g$_" } } } 1 .. 2],
        });
        $r->status == 201 or die $r->text;
    }

    for my $n (1 .. 5) {
        my $r = ask($tenant, 'POST',
                    '/officeConfiguration/tenantCheckinStatuses',
                    json => checkin("u$n", $n % 2));
        $r->status == 204 or die $r->text;
    }

    my $r = ask($tenant, 'PUT', "$all/b/userPreferencePayload",
                body => 'bytes', type => 'text/plain');
    $r->status == 204 or die $r->text;
}


# every kind of write, which is fine in this order

my @writes = (
    create => created(1, id => 'new', priority => 9,
                      checkinStatuses => [checkin('n1', 1)]),
    'create with nothing' => created(2),
    'create with all' => created(3, id => 'full', displayName => 'full',
        assignments => [{ id => 'f1' }, { id => 'f2' }],
        userCheckinSummary => { succeededUserCount => 7,
                                failedUserCount => 8 },
        checkinStatuses => [map { checkin("m$_", 1) } 1 .. 4]),
    repeatable => created(4, id => 'again', -headers => {
        'Repeatability-Request-ID' => '01234567-89ab-4def-8123-456789abcdef',
        'Repeatability-First-Sent' =>
            strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime) }),
    patch => req(5, 'PATCH', "$all/a", json => { displayName => 'patched' }),
    put => req(6, 'PUT', "$all/c", json => { displayName => 'put',
                                             priority => 77 }),
    'replace check-ins' => req(7, 'PATCH', "$all/b", json => {
        checkinStatuses => [checkin('r1', 0), checkin('r2', 1)] }),
    'property' => req(8, 'PUT', "$all/b/description",
                      json => { value => 'text' }),
    'null' => req(9, 'DELETE', "$all/a/displayName"),
    'priority' => req(10, 'PUT', "$all/b/priority", json => { value => 5 }),
    assign => req(11, 'POST', "$all/b/assign", json => {
        officeConfigurationAssignments => [{ id => 'x1' }, { id => 'x2' }] }),
    'add assignment' => req(12, 'POST', "$all/a/assignments", json => {
        id => 'a9', target => { '@odata.type' => $group, groupId => 'q' } }),
    'change assignment' => req(13, 'PATCH', "$all/a/assignments/a1", json => {
        target => { '@odata.type' => $group, groupId => 'other' } }),
    'delete assignment' => req(14, 'DELETE', "$all/a/assignments/a2"),
    priorities => req(15, 'POST', "$all/updatePriorities", json => {
        officeConfigurationPolicyIds => [qw(a new)],
        officeConfigurationPriorities => [300, 301] }),
    'put stream' => req(16, 'PUT', "$all/a/policyPayload",
        body => encode_base64url('a stream'),
        headers => { 'Content-Type' => 'application/octet-stream' }),
    'delete stream' => req(17, 'DELETE', "$all/b/userPreferencePayload"),
    'check-in' => req(18, 'POST', "$all/a/checkinStatuses",
                      json => checkin('u1', 0, ago(5))),
    'new check-in' => req(19, 'POST', "$all/c/checkinStatuses",
                          json => checkin('z1', 1)),
    'check-ins of the tenant' => req(20, 'POST',
        '/officeConfiguration/tenantCheckinStatuses',
        json => [map { checkin("t$_", 1) } 1 .. 20]),
    'known device' => req(21, 'POST',
        '/officeConfiguration/tenantCheckinStatuses',
        json => checkin('u2', 0, ago(4))),
    singleton => req(22, 'PATCH', '/officeConfiguration', json => {
        tenantUserCheckinSummary => { succeededUserCount => 1,
                                      failedUserCount => 2 } }),
    reference => req(23, 'POST', "$all/\$ref", json => {
        '@odata.id' => 'clientConfigurations/new' }),
    'empty check-ins' => req(24, 'DELETE', "$all/b/checkinStatuses"),
    'delete new' => req(25, 'DELETE', "$all/new"),
    'delete old' => req(26, 'DELETE', "$all/a"),
    'create the deleted' => created(27, id => 'a', priority => 1),
    'delete assigned' => req(28, 'DELETE', "$all/b"),
    'check-ins that are wrong' => req(29, 'POST', "$all/a/checkinStatuses",
                                      json => [7, {}]),
);

my (@names, @requests);
while (my ($name, $request) = splice @writes, 0, 2) {
    push @names, $name;
    push @requests, $request;
}

# what is refused: a request that comes to the store, or one that does not

my %refused = (
    'an id that exists' => [409, created('no', id => 'c')],
    'a condition' => [412, req('no', 'PATCH', "$all/c", json => {},
                               headers => { 'If-Match' => 'W/"0"' })],
    'a missing one' => [404, req('no', 'DELETE', "$all/nowhere")],
    'an assignment' => [404, req('no', 'DELETE', "$all/c/assignments/no")],
    'a type' => [400, req('no', 'PUT', "$all/c", json => { '@odata.type' =>
        'microsoft.graph.windowsOfficeClientConfiguration' })],
    'a priority' => [400, req('no', 'POST', "$all/updatePriorities", json => {
        officeConfigurationPolicyIds => ['c', 'nowhere'],
        officeConfigurationPriorities => [1, 2] })],
    'a stream' => [412, req('no', 'PUT', "$all/c/policyPayload",
        body => 'AAAA', headers => { 'Content-Type' => 'text/plain',
                                     'If-Match' => '"0"' })],
    'a check-in' => [404, req('no', 'POST', "$all/nowhere/checkinStatuses",
                              json => checkin('x', 1))],
    'wrong check-ins' => [404, req('no', 'POST', "$all/nowhere/checkinStatuses",
                                   json => [7, {}])],
    'a reference' => [404, req('no', 'POST', "$all/\$ref", json => {
        '@odata.id' => 'clientConfigurations/nowhere' })],
    'a body' => [400, created('no', priority => 'high')],
    'a route' => [404, req('no', 'POST', '/nowhere', json => {})],
    'a method' => [405, req('no', 'DELETE', '/officeConfiguration')],
    'a GET' => [400, req('no', 'GET', $all)],
    'a faulty request' => [400, { id => 'no', method => 'PATCH' }],
);


# numbered($contents, $tenant): with the names of scopes instead of their
# numbers, which they have in the order of their first check-ins

sub numbered {
    my ($contents, $tenant) = @_;
    my %contents = %$contents;
    my ($records) = grep { /\{\Q$tenant\E\}:rec$/ } keys %contents;
    my %name;

    for my $key (grep { /\{\Q$tenant\E\}:chk/ } keys %contents) {
        my %hash = %{$contents{$key}};
        my $number = substr $hash{h}, -8, 4, 'NUMB';
        $name{$number} = $key =~ s/.*://r if $number ne "\0" x 4;
        $contents{$key} = \%hash;
    }

    my ($numbers) = map { qr/$_/s } join '|', map { quotemeta } keys %name;

    $contents{$records} = {
        map { s/^($numbers)$/$name{$1}/r
              => $contents->{$records}{$_} =~ s/^(.)($numbers)/$1$name{$2}/sr
                     =~ s/^(\x03chk.)($numbers)/$1$name{$2}/sr }
        keys %{$contents->{$records}}
    };

    return \%contents;
}

# normal($contents, $tenant): without what is new in each run

sub normal {
    my ($contents, $tenant) = (numbered(@_), $_[1]);
    my $text = JSON::PP->new->canonical->pretty->encode(
        { map { my $k = $_; $k =~ /\{\Q$tenant\E\}/ && $k !~ /:tok$/
                ? (s/\Q$tenant\E/T/r => $contents->{$k}) : () }
          grep { !/:tok$/ } keys %$contents });     # a secret is random

    $text =~ s/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]+/UUID/g;
    $text =~ s{W/(\\+")[0-9a-f]{16}}{W/$1ETAG}g;
    $text =~ s/"[0-9a-f]{16}(?=["a-z\/])/"ETAG/g;
    $text =~ s/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/DATE/g;
    return join "\n", sort split /\n/, $text;
}


# a command of the scripts that cannot be taken back would end a group with an
# error

{
    my $dir = ROOT . '/src/store/scripts';
    my $text = sub { open my $fh, '<', "$dir/$_[0]" or die "$_[0]: $!\n";
                     local $/; <$fh> };
    my $known = $text->('lib/undo.lua');
    my @names = ('changeset.lua');
    my (%used, %seen);

    while (defined(my $name = shift @names)) {
        next if $name eq 'lib/undo.lua' || $seen{$name}++;
        my $script = $text->($name);
        $used{$1} = $name while $script =~ /\bp?call\('([A-Z]+)'/g;
        push @names, $script =~ /^-- include (\S+)$/mg;
    }

    ok keys %used > 10, 'the scripts have commands';
    is join(' ', grep { $_ ne 'UNLINK' && $known !~ /\b$_ = / }
                 sort keys %used), '', 'the journal knows each of them';
}


# carried out

fill('one');
fill('two');

my $r = batch('one', in_group(@requests));
is $r->status, 200, 'a group with every kind of write';
my $got = answers($r);

for my $i (0 .. $#requests) {
    my $alone = do {
        my %q = %{$requests[$i]};
        my %h = %{$q{headers} // {}};
        my %body = $names[$i] eq 'put stream' ? (body => 'a stream')
                 : exists $q{body} ? (body => json_text($q{body})) : ();
        ask('two', $q{method}, $q{url}, %body, headers => [%h]);
    };
    my $one = $got->{$i + 1};

    is $one->{status}, $alone->status, "$names[$i]: its status"
        or diag json_text($one);
    is exists $one->{body} ? 1 : 0, length $alone->body ? 1 : 0,
       "$names[$i]: its body";
    is $one->{atomicityGroup}, 'g', "$names[$i]: its group";
}

# what waits in journals is taken

for my $tenant ('one', 'two') {
    ask($tenant, 'GET', '/officeConfiguration/tenantUserCheckinSummary');
    ask($tenant, 'GET', "$all/$_/userCheckinSummary") for 'a', 'c', 'full';
}

my $contents = contents($redis);
is normal($contents, 'one'), normal($contents, 'two'),
   'what is stored is what each of them stores by itself';
is_deeply [grep { /old:/ } keys %$contents], [], 'nothing is kept aside';


# refused: each kind at each position

fill('three');

# what is noted in journals is taken first, and stays taken

ask('three', 'GET', $_) for map({ "$all/$_/userCheckinSummary" } qw(a b c)),
    '/officeConfiguration/tenantUserCheckinSummary';

for my $name (sort keys %refused) {
    my ($status, $no) = @{$refused{$name}};
    my $before = contents($redis);
    my @faults;

    for my $at (0, 3, 9, 14, 20, 24, 28) {
        my @group = @requests;
        splice @group, $at, 0, $no;

        my $r = batch('three', in_group(@group));
        my $got = answers($r);

        push @faults, "at $at: no answer: " . $r->text if $r->status != 200;
        push @faults, "at $at: $_->{id} has $_->{status}"
            for grep { $_->{status} != ($_->{id} eq 'no' ? $status : 424) }
                values %$got;
    }

    is "@faults", '', "$name is refused, and the others with it";
    is_deeply contents($redis), $before, "$name: nothing is left";
}

# each write as the last one that is carried out before a refusal

{
    my $before = contents($redis);
    my @faults;

    for my $i (0 .. $#requests) {
        my @needs = $names[$i] =~ /delete new|reference|priorities/
                    ? $requests[0]
                    : $names[$i] =~ /create the deleted/
                    ? req('gone', 'DELETE', "$all/a") : ();
        my $r = batch('three', in_group(@needs, $requests[$i],
                                        $refused{'an id that exists'}[1]));
        my $got = answers($r);
        push @faults, "$names[$i]: " . json_text($r->json)
            if $got->{no}{status} != 409 || $got->{$i + 1}{status} != 424;
        push @faults, "$names[$i] leaves something"
            if json_text(contents($redis)) ne json_text($before);
    }

    is "@faults", '', 'each write is taken back by itself';
}

# at random: the seed is printed so that a run can be repeated

my $seed = $ENV{BATCH_SEED} // time;
srand $seed;
diag "BATCH_SEED=$seed";

{
    my $before = contents($redis);
    my @faults;

    for (1 .. 40) {
        my @group = map { $requests[rand @requests] } 1 .. 1 + rand 20;
        my $n = 0;
        @group = map { { %$_, id => 'r' . $n++ } } @group,
                 $refused{'an id that exists'}[1];

        my $r = batch('three', in_group(@group));
        my @done = grep { $_->{status} < 300 } values %{answers($r)};
        push @faults, 'something was carried out' if @done;
    }

    is "@faults", '', 'any sequence is refused with its last request';
    is_deeply contents($redis), $before, 'and leaves nothing';
}


# references to what the group makes

$r = batch('three', in_group(
    created(1, displayName => 'with a new id'),
    req(2, 'POST', '$1/assignments', json => { id => 'mine' }),
    req(3, 'PATCH', '$2', json => { target => {
        '@odata.type' => $group, groupId => 'changed' } }),
    req(4, 'PUT', '/$1/policyPayload', body => encode_base64url('of 1'),
        headers => { 'Content-Type' => 'text/plain' }),
    req(5, 'POST', "$all/\$ref", json => { '@odata.id' => '$1' }),
    req(6, 'POST', '$1/microsoft.graph.assign', json => {
        officeConfigurationAssignments => [{ id => 'last' }] }),
));
is statuses($r), '201 201 200 204 204 200', 'references within a group';
my $item = path_of(answers($r)->{1}{headers}{Location});
is json_item(ask('three', 'GET', "$item/assignments" =~ s{^/beta}{}r),
             'value', 0, 'id'), 'last', 'they were to what was made';
is ask('three', 'GET', "$item/policyPayload" =~ s{^/beta}{}r)->body, 'of 1',
   'in their order';

$r = batch('three', in_group(
    req(1, 'PATCH', '$2', json => {}), created(2)));
error_is $r, 400, undef, 'a reference to a later one of the group is refused';

$r = batch('three',
    in_group(created(1, id => 'dep1'), created(2, id => 'c')),
    { %{created(3, id => 'dep3')}, dependsOn => ['g'] },
    { %{created(4, id => 'dep4')}, dependsOn => ['1'] },
    created(5, id => 'dep5'));
is statuses($r), '424 409 424 424 201',
   'what depends on a group that failed is 424, the rest is carried out';

$r = batch('three',
    { %{created(1, id => 'ok1')}, atomicityGroup => 'one' },
    { %{created(2, id => 'c')}, atomicityGroup => 'two' },
    { %{created(3, id => 'ok3')}, atomicityGroup => 'ONE',
      dependsOn => ['4'] },
    req(4, 'GET', "$all/\$count"));
is statuses($r), '201 409 201 200', 'groups do not harm each other';


# one group is of one tenant

$r = batch('three', in_group(created(1, id => 'mixed1'),
    { %{created(2, id => 'mixed2')},
      headers => { 'Content-Type' => 'application/json',
                   'X-Tenant' => 'other' } }));
is statuses($r), '400 400', 'a group of two tenants is refused';
is ask('three', 'GET', "$all/mixed1")->status, 404, 'and not carried out';


# more check-ins than one step takes

$r = batch('three', in_group(req(1, 'POST',
    '/officeConfiguration/tenantCheckinStatuses',
    json => [map { checkin("many$_", 1) } 1 .. 101])));
is statuses($r), '400', 'check-ins that would be several steps are refused';


# expiry goes first, and in steps

{
    ask('four', 'POST', $all, json => { id => 'e' });

    for my $n (0 .. 2) {
        my $r = ask('four', 'POST', "$all/e/checkinStatuses", json => [
            map { { %{checkin("e$n-$_", 1, ago(20))},
                    appliedPolicies => [] } } 1 .. 100]);
        $r->status == 200 or die $r->text;
    }

    # a retention of a day, in the second location
    my $summary = sub { json_item(ask('four', 'GET', "$all/e"),
                                  'userCheckinSummary') };
    ok $summary->()->{succeededUserCount} >= 0, 'there are check-ins';

    my $r = $ask->('POST', '/short/$batch', headers => ['X-Tenant' => 'four'],
        json => { requests => [in_group(
            req(1, 'PATCH', "$all/e", json => { displayName => 'e' }),
            req(2, 'POST', "$all/e/checkinStatuses", json => checkin('q', 1)),
            req(3, 'PUT', "$all/e/userCheckinSummary",
                json => { succeededUserCount => 5,
                          failedUserCount => 6 }))] });
    is statuses($r), '200 204 200', 'what expires in steps goes first';
    json_is $summary->(), { succeededUserCount => 5, failedUserCount => 6 },
            'and the group is carried out once';
}


# two groups at once for the same entity: one condition holds

{
    my $etag = ask('three', 'GET', "$all/c")->header('ETag');
    my @c = map { $t->connect } 1 .. 4;

    for my $i (0 .. $#c) {
        $c[$i]->write_request('POST', BATCH,
            headers => ['X-Tenant' => 'three'], json => { requests => [
                in_group(created(1, id => "race$i"),
                         req(2, 'PATCH', "$all/c", json => {
                             displayName => "race$i" },
                             headers => { 'If-Match' => $etag }))] });
    }

    my @got = sort map { statuses($_->response) } @c;
    is "@got", '201 200 424 412 424 412 424 412',
       'of groups with the same condition one wins';

    my ($name) = map { json_item($_, 'displayName') }
                 ask('three', 'GET', "$all/c");
    is join(' ', grep { ask('three', 'GET', "$all/$_")->status == 200 }
                 map { "race$_" } 0 .. 3), $name,
       'and only what it made is there';
}


# a Redis that does not know the script, and one that takes no writes

$redis->cmd('SCRIPT', 'FLUSH');
$r = batch('three', in_group(created(1, id => 'flushed'), created(2)));
is statuses($r), '201 201', 'after SCRIPT FLUSH';

{
    my $before = contents($redis);
    my $used = $redis->info('used_memory');
    $t->allow_log(qr/used memory|out of memory|refuses? writes|OOM/i);

    $redis->cmd('CONFIG', 'SET', 'maxmemory', 1);
    $redis->cmd('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    $r = batch('three', in_group(req(1, 'DELETE', "$all/c"),
                                 created(2, id => 'oom')));
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);

    is statuses($r), '503 503', 'a Redis out of memory';
    is_deeply contents($redis), $before, 'has done nothing';
}

$t->done;
