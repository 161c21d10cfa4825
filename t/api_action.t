# The actions: assign and updatePriorities.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis,
                      server => 'keepalive_requests 100000;',
                      location => 'client_max_body_size 4m;
                                   office_config_tenant $arg_tenant;');
my $ask = client($t);

my $group = '#microsoft.graph.officeConfigurationGroupAssignmentTarget';
my $state;

# every request is of tenant "one", unless it says so

sub url { $_[0] . ($_[0] =~ /\?/ ? '&' : '?') . 'tenant=' . ($_[1] // 'one') }
sub get { $ask->('GET', url($_[0], $_[1])) }

sub post {
    my ($path, $data, @headers) = @_;
    return $ask->('POST', url($path), json => $data, headers => \@headers);
}

sub create {
    my ($tenant, %given) = @_;
    my $r = $ask->('POST', url(API, $tenant), json => \%given);
    $r->status == 201 or die $r->text;
    return $r;
}

sub target { { '@odata.type' => $group, groupId => $_[0] } }

# refused($name, $status, $target, $r): the error, and nothing has changed

sub refused {
    my ($name, $status, $target, $r) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    error_is $r, $status, $target, $name;
    is_deeply contents($redis), $state, 'nothing changes';
}

# age($id): gives a configuration an old date; its JSON

sub age {
    my ($id) = @_;
    my $json = $redis->cmd('HGET', 'oc:{one}:cfg', $id)
        =~ s/"lastModifiedDateTime":"\K[^"]*/2020-01-01T00:00:00.000Z/r;
    $redis->cmd('HSET', 'oc:{one}:cfg', $id, $json);
    return get(API . "/$id")->json;
}


# assign

my $list = API . '/c/assignments';
my $assign = API . '/c/assign';

sub assign {
    my ($given, @headers) = @_;
    return post($assign, { officeConfigurationAssignments => $given },
                @headers);
}

# stored: the assignments as they are read; bare($list): without ETags

sub stored { json_item(get($list), 'value') }

sub bare {
    my @items = map { { %$_ } } @{$_[0]};
    delete $_->{'@odata.etag'} for @items;
    return \@items;
}

create('one', id => 'c', assignments => [{ id => 'old' }, { id => 'a' }]);
create('one', id => 'd',
       assignments => [{ id => 'a', target => target('d') }]);

for my $path ($assign, API . '/c/microsoft.graph.assign',
              API . q{('c')/assign}, API . q{('c')/microsoft.graph.assign})
{
    my $before = age('c');
    my $other = get(API . '/d?$expand=assignments')->body;
    my @given = ({ id => 'b', target => target('g1') }, { id => 'a' },
                 { target => target('g2') }, { id => 'A', target => {} });
    my $r = post($path, { officeConfigurationAssignments => \@given });

    answer_is $r, 200, "N4: POST $path";
    is_deeply [sort keys %{$r->json}], ['@odata.context', 'value'],
              'a collection';
    is json_item($r, '@odata.context'), 'http://localhost/beta/$metadata#'
       . 'Collection(microsoft.graph.officeClientConfigurationAssignment)',
       'its context';

    my @got = @{json_item($r, 'value')};
    is_deeply [map { $_->{id} } @got[0, 1, 3]], ['b', 'a', 'A'], 'in order';
    like $got[2]{id}, qr/^${\UUID}$/, 'an id is made';
    json_is [map { $_->{target} } @got],
            [target('g1'), undef, target('g2'), {}], 'the targets';
    like $_->{'@odata.etag'}, qr{^W/"[0-9a-f]{16}"$}, 'an ETag' for @got;

    json_is { map { $_->{id} => $_ } @{stored()} },
            { map { $_->{id} => $_ } @got }, 'they take the place of all';
    is get("$list/\$count")->body, '4', 'no others are left';

    my $after = get(API . '/c')->json;
    isnt $after->{'@odata.etag'}, $before->{'@odata.etag'},
         'the configuration has an ETag';
    isnt $after->{lastModifiedDateTime}, $before->{lastModifiedDateTime},
         'and a date';
    is get(API . '/d?$expand=assignments')->body, $other,
       'others are as before';
    assign([{ id => 'old' }]);
}

{
    my $r = assign([]);
    answer_is $r, 200, 'an empty list';
    json_is json_item($r, 'value'), [], 'comes back';
    json_is stored(), [], 'removes all';
    is $redis->cmd('EXISTS', 'oc:{one}:asg:c'), 0, 'and needs no key';
    answer_is assign([]), 200, 'twice';

    $r = assign([{ id => 'x', target => target('g') }],
                Prefer => 'return=minimal');
    answer_is $r, 204, 'return=minimal';
    is $r->header('Preference-Applied'), 'return=minimal', 'is applied';
    json_is bare(stored()), [{ id => 'x', target => target('g') }], 'done';

    $r = assign([{ id => 'y' }], Prefer => 'return=representation');
    answer_is $r, 200, 'return=representation';
    is $r->header('Preference-Applied'), 'return=representation', 'is applied';
    $r = assign([{ id => 'y' }], Prefer => 'unknown=1, x');
    answer_is $r, 200, 'unknown preferences';
    is $r->header('Preference-Applied'), undef, 'are not';

    answer_is post($assign, { '@x.y' => 1, officeConfigurationAssignments =>
        [{ id => 'y', '@z' => 1 }], 'officeConfigurationAssignments@x' => {}
        }), 200, 'annotations';

    my @many = map { { id => "m$_", target => target("g$_") } } 1 .. 1000;
    $r = assign(\@many);
    answer_is $r, 200, 'a thousand';
    json_is bare(json_item($r, 'value')), \@many, 'come back in order';
    is get("$list/\$count")->body, '1000', 'are stored';
    assign([{ id => 'keep', target => target('g') }]);
}

$state = contents($redis);

refused('of no configuration', 404, undef, post(API . "$_/assign",
        { officeConfigurationAssignments => [{ id => 'x' }] }))
    for '/none', q{('none')};

for my $bad ([5, ''], [[], ''], ['x', ''], [undef, ''])
{
    refused('the body is ' . json_text($bad->[0]), 400, $bad->[1],
            post($assign, $bad->[0]));
}

my $name = 'officeConfigurationAssignments';

refused("parameters $_->[0]", 400, $_->[1], $ask->('POST', url($assign),
        body => $_->[0], type => 'application/json')) for
    ['{}', $name], ['{"x":1}', 'x'], [qq({"$name":null}), $name],
    [qq({"$name":{}}), $name], [qq({"$name":"x"}), $name],
    [qq({"$name":5}), $name], [qq({"$name":[],"x":1}), 'x'],
    [qq({"$name":[],"assignments":[]}), 'assignments'],
    ['{"assignments":[]}', 'assignments'], ['{"@x":1}', $name],
    [qq({"\u$name":[]}), "\u$name"], [qq({"$name":[],"$name":[]}), undef],
    ['{', undef], ['', undef];

for my $bad ([undef, ''], ['x', ''], [[], ''], [{ x => 1 }, '/x'],
    [{ id => '' }, '/id'], [{ id => 5 }, '/id'], [{ id => 'x' x 257 }, '/id'],
    [{ target => 'x' }, '/target'], [{ target => { x => 1 } }, '/target/x'],
    [{ target => target(1) }, '/target/groupId'],
    [{ target => { groupId => 'g' } }, '/target/groupId'],
    [{ target => { '@odata.type' => '#x' } }, '/target/@odata.type'])
{
    my ($item, $target) = @$bad;
    my $text = printable(json_text($item));
    refused("$text, alone", 400, "$name/0$target", assign([$item]));
    refused("$text, last", 400, "$name/2$target",
            assign([{ id => 'v' }, { id => 'w' }, $item]));
}

refused('an id twice', 400, "$name/2", assign([{ id => 'x' }, { id => 'y' },
                                              { id => 'x' }]));
refused('too many', 400, $name, assign([({}) x 1001]));
refused('another media type', 415, undef, $ask->('POST', url($assign),
        body => '{}', type => 'text/plain'));
refused('not acceptable', 406, undef, assign([], Accept => 'text/html'));
refused("an option: $_", 501, $_, post("$assign?$_=x", { $name => [] }))
    for '$filter', '$top', '$orderby';
refused('another name', 404, undef, post(API . "/c/$_", { $name => [] }))
    for 'Assign', 'microsoft.graph.Assign', 'graph.assign',
        'microsoft.management.services.api.assign', 'assign/x', 'assign()';
refused('not of the collection', 405, undef, post(API . '/assign',
                                                  { $name => [] }));
refused('GET', 405, undef, get($assign));

{
    # conditions on the configuration
    my $tag = get(API . '/c')->header('ETag');
    my $inner = stored()->[0]{'@odata.etag'};
    my ($other) = map { tr/0-9a-f/1-9a-f0/r } $tag =~ /"(.*)"/;

    post(API . '/c/assignments', { id => 'more' });
    $state = contents($redis);
    refused("If-Match: $_", 412, undef, assign([], 'If-Match' => $_))
        for qq(W/"$other"), '"x"', '', $tag;
    $tag = get(API . '/c')->header('ETag');
    refused("If-None-Match: $_", 412, undef,
            assign([], 'If-None-Match' => $_)) for $tag, '*';
    refused('If-Match of none', 404, undef, post(API . '/none/assign',
            { $name => [] }, 'If-Match' => '*'));
    answer_is assign([{ id => 'x' }], 'If-Match' => $tag), 200,
              'If-Match with its ETag';
    answer_is assign([{ id => 'x' }], 'If-Match' => '*'), 200, 'If-Match: *';
    answer_is assign([{ id => 'x' }], 'If-None-Match' => '"x"'), 200,
              'If-None-Match of another';
}

{
    # all or nothing: nobody ever sees a mixture
    assign([map { { id => "0-$_" } } 1 .. 20]);
    my $load = $t->load(clients => 2, keepalive => 1, request => sub {
        my ($client, $i) = @_;
        my $mark = "$client$i";
        return ('POST', url($assign), json =>
                { $name => [map { { id => "$mark-$_" } } 1 .. 20] });
    });

    my $mixed = 0;
    for my $round (1 .. 200) {
        my @ids = map { $_->{id} } @{stored()};
        my %marks = map { s/-.*//r => 1 } @ids;
        $mixed++ if @ids != 20 || keys %marks != 1;
    }
    is $mixed, 0, 'two who assign: all of one or all of the other';
    is_deeply [keys %{$load->stop->{status}}], [200], 'they did';
}


# updatePriorities

my $update = API . '/updatePriorities';
my ($ids, $priorities) = ('officeConfigurationPolicyIds',
                          'officeConfigurationPriorities');

sub update {
    my ($of, $to, @headers) = @_;
    return post($update, { $ids => $of, $priorities => $to }, @headers);
}

# order: the priorities of the tenant's configurations

sub order {
    return { map { $_->{id} => $_->{priority} }
             @{json_item(get(API, $_[0]), 'value')} };
}

$redis->cmd('FLUSHALL');
create('one', id => $_, displayName => "of $_", assignments => [{ id => 'x' }],
       policyPayload => '"},{:[ \\') for 'a' .. 'e';
create('two', id => $_) for 'a', 'z';
is_deeply order(), { a => 1, b => 2, c => 3, d => 4, e => 5 }, 'at first';

for my $path ($update, API . '/microsoft.graph.updatePriorities',
    API . '/microsoft.management.services.api.updatePriorities')
{
    my %before = map { $_ => age($_) } 'a' .. 'e';
    my $r = post($path, { $ids => ['a', 'c', 'e'],
                          $priorities => [30, 10, -20] });
    answer_is $r, 204, "N4: POST $path";
    is $r->body, '', 'no body';
    is_deeply order(), { a => 30, b => 2, c => 10, d => 4, e => -20 },
              'the priorities';
    is_deeply { @{$redis->cmd('ZRANGE', 'oc:{one}:pri', 0, -1,
                              'WITHSCORES')} }, order(), 'in Redis as well';

    for my $id ('a' .. 'e') {
        my %old = %{$before{$id}};
        my %new = %{get(API . "/$id")->json};
        my $changed = $id =~ /[ace]/;
        for my $member ('@odata.etag', 'lastModifiedDateTime') {
            $changed ? isnt $new{$member}, $old{$member}, "$id: new $member"
                     : is $new{$member}, $old{$member}, "$id: its $member";
        }
        delete @$_{'@odata.etag', 'lastModifiedDateTime', 'priority'}
            for \%old, \%new;
        json_is \%new, \%old, 'the rest is as before';
    }

    is_deeply order('two'), { a => 1, z => 2 }, 'no other tenant is touched';
    is json_item(get(API . '/a/assignments'), 'value', 0, 'id'), 'x',
       'the assignments stay';
    answer_is update(['a' .. 'e'], [1 .. 5]), 204, 'back';
}

{
    my $r = create('one', id => 'next');
    is json_item($r, 'priority'), 6, 'the next is the highest + 1';
    update(['b', 'next'], [100, 0]);
    is json_item(create('one', id => 'later'), 'priority'), 101,
       'after a change as well';
    update(['b', 'later'], [2, -1]);
    is json_item(create('one', id => 'last'), 'priority'), 6,
       'and when it is lowered';
    $ask->('DELETE', url(API . "/$_")) for 'next', 'later', 'last';
}

for my $limit (-2147483648, 2147483647, 0, -1) {
    answer_is update(['a'], [$limit]), 204, "to $limit";
    is order()->{a}, $limit, 'done';
}

{
    update(['a'], [2147483647]);
    $state = contents($redis);
    refused('none is left for the next', 409, 'priority',
            $ask->('POST', url(API), json => {}));
    update(['a'], [1]);
}

answer_is update(['a', 'b'], [7, 7]), 204, 'priorities may be the same';
is_deeply order(), { a => 7, b => 7, c => 3, d => 4, e => 5 }, 'done';
update(['a', 'b'], [1, 2]);

{
    $state = contents($redis);
    answer_is update([], []), 204, 'none';
    is_deeply contents($redis), $state, 'changes nothing';

    for my $case ([[], []], [['a'], [1]]) {
        my $r = update(@$case, Prefer => 'return=minimal');
        answer_is $r, 204, 'return=minimal';
        is $r->header('Preference-Applied'), 'return=minimal', 'is applied';
        $r = update(@$case, Prefer => 'return=representation');
        answer_is $r, 204, 'return=representation';
        is $r->header('Preference-Applied'), undef, 'cannot be applied';
    }

    answer_is post($update, { $ids => ['a'], $priorities => [1], '@x' => 1,
                              "$ids\@y" => [] }), 204, 'annotations';
    answer_is update(['a'], [1], Accept => 'text/html'), 204,
              'there is nothing that would not be acceptable';
}


# refused

$state = contents($redis);

for my $case ([['none'], [1], "$ids/0"], [['a', 'none'], [9, 9], "$ids/1"],
    [['a', 'b', 'none', 'nor this'], [9, 9, 9, 9], "$ids/2"],
    [['a', 'z'], [9, 9], "$ids/1"], [['A'], [1], "$ids/0"],
    [[''], [1], "$ids/0"], [["a\n"], [1], "$ids/0"],
    [['a', 'x' x 1000], [9, 1], "$ids/1"],
    [['a', 'a'], [9, 9], "$ids/1"],
    [['a', 'b', 'c', 'b'], [9 .. 12], "$ids/3"],
    [[5], [1], "$ids/0"], [['a', undef], [9, 9], "$ids/1"],
    [['a', {}], [9, 9], "$ids/1"], [['a', ['b']], [9, 9], "$ids/1"],
    [['a', JSON::PP::true], [9, 9], "$ids/1"],
    [['a', 'b'], [9], undef], [['a'], [9, 9], undef], [['a'], [], undef],
    [[], [9], undef],
    [['a'], ['9'], "$priorities/0"], [['a', 'b'], [9, undef], "$priorities/1"],
    [['a', 'b'], [9, 1.5], "$priorities/1"], [['a'], [{}], "$priorities/0"],
    [['a'], [[]], "$priorities/0"], [['a'], [JSON::PP::true], "$priorities/0"],
    [['a', 'b'], [9, 2147483648], "$priorities/1"],
    [['a', 'b'], [9, -2147483649], "$priorities/1"],
    ['a', [1], $ids], [['a'], 1, $priorities], [undef, [1], $ids],
    [['a'], undef, $priorities], [{}, [1], $ids], [['a'], {}, $priorities])
{
    my ($of, $to, $target) = @$case;
    refused(printable(json_text([$of, $to])), 400, $target, update($of, $to));
}

for my $case (['{}', undef], [qq({"$ids":["a"]}), $priorities],
    [qq({"$priorities":[9]}), $ids],
    [qq({"$ids":["a"],"$priorities":[9],"x":1}), 'x'],
    [qq({"x":1}), 'x'], [qq({"$ids":["a"],"\u$priorities":[9]}), undef],
    [qq({"$ids":["a"],"$priorities":[9.0e0]}), undef],
    [qq({"$ids":["a"],"$priorities":[1e999]}), undef],
    [qq({"$ids":["a"],"$priorities":[99999999999999999999]}), undef],
    [qq({"$ids":["a"],"$priorities":[09]}), undef],
    [qq({"$ids":["a"],"$ids":["a"],"$priorities":[9]}), undef],
    ['[]', undef], ['null', undef], ['5', undef], ['{', undef], ['', undef])
{
    my ($body, $target) = @$case;
    refused('body ' . printable($body), 400, $target, $ask->('POST',
            url($update), body => $body, type => 'application/json'));
}

refused('another media type', 415, undef, $ask->('POST', url($update),
        body => '{}', type => 'text/plain'));
refused("an option: $_", 501, $_, post("$update?$_=x",
        { $ids => ['a'], $priorities => [9] })) for '$filter', '$select';
refused($_, 405, undef, $ask->($_, url($update), json => {}))
    for 'GET', 'PUT', 'PATCH', 'DELETE';
refused("not under $_", 404, undef, post($_,
        { $ids => ['a'], $priorities => [9] })) for
    API . '/a/updatePriorities', BASE . '/updatePriorities',
    API . '/microsoft.graph.updatePriorities/x';

{
    # as many at once as there may be
    my @many = map { sprintf 'm%04d', $_ } 1 .. 1000;
    $redis->cmd('FLUSHALL');
    create('one', id => $_) for @many;
    answer_is update(\@many, [reverse 1 .. 1000]), 204, 'a thousand';
    my %want;
    @want{@many} = reverse 1 .. 1000;
    is_deeply { @{$redis->cmd('ZRANGE', 'oc:{one}:pri', 0, -1,
                              'WITHSCORES')} }, \%want, 'done';
    $state = contents($redis);
    refused('more', 400, undef, update([@many, 'x'], [1 .. 1001]));
    refused('the last is unknown', 400, "$ids/999",
            update([@many[0 .. 998], 'none'], [1 .. 1000]));
}


# nobody sees half of a change

{
    $redis->cmd('FLUSHALL');
    create('one', id => $_) for 'a', 'b';

    my $load = $t->load(clients => 2, keepalive => 1, request => sub {
        my ($client, $i) = @_;
        return ('POST', url($update), json => { $ids => ['a', 'b'],
            $priorities => ($client + $i) % 2 ? [1, 2] : [2, 1] });
    });

    my %seen;
    $seen{join ' ', map { $_->{priority} } @{json_item(get(API), 'value')}}++
        for 1 .. 1_000;
    delete @seen{'1 2', '2 1'};
    is_deeply \%seen, {}, 'two that are swapped: always one way or the other';
    is_deeply [keys %{$load->stop->{status}}], [204], 'they were';
}

{
    # a configuration that goes away meanwhile: all or none
    answer_is update(['a', 'b'], [9, 9]), 204, 'both are the same';
    my $load = $t->load(clients => 1, keepalive => 1, request => sub {
        my ($client, $i) = @_;
        return $i % 2 ? ('POST', url(API),
                         json => { id => 'c', priority => 3 })
                      : ('DELETE', url(API . '/c'));
    });
    my %count;
    for my $n (10 .. 209) {
        my $r = update(['a', 'c', 'b'], [$n, $n, $n]);
        $count{$r->status}++;
        my $now = order();
        my @want = $r->status == 204 ? ($n, $n) : ($now->{a}, $now->{a});
        $count{mixed}++ if "$now->{a} $now->{b}" ne "@want"
                           || $r->status == 400 && $now->{a} == $n;
    }
    $load->stop;
    is delete $count{mixed}, undef, 'all or none';
    is_deeply [grep { !/^(?:204|400)$/ } keys %count], [], '204 or 400';
    my @left = grep { !defined $redis->cmd('HGET', 'oc:{one}:cfg', $_) }
               @{$redis->cmd('ZRANGE', 'oc:{one}:pri', 0, -1)};
    is_deeply \@left, [], 'nothing is left of one that is gone';
}

$t->allow_log(qr/a client request body is buffered to a temporary file/);
$t->done;
