# Assignments that are created together with their configuration.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis, location => 'client_max_body_size 4m;');

my $id7 = qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
my $group = '#microsoft.graph.officeConfigurationGroupAssignmentTarget';

sub create { $t->post($_[1] // API, json => $_[0]) }
sub target { { '@odata.type' => $group, groupId => $_[0] } }
sub key { "oc:{default}:asg:$_[0]" }

# bare($response): its assignments without their ETags

sub bare {
    my @items = @{json_item($_[0], 'assignments')};
    delete $_->{'@odata.etag'} for @items;
    return \@items;
}

# stored($id): the assignments of a configuration in Redis, by their ids

sub stored {
    my %hash = @{$redis->cmd('HGETALL', key($_[0]))};
    my %items;

    while (my ($id, $text) = each %hash) {
        utf8::decode($id);
        $items{$id} = JSON::PP->new->utf8->decode($text);
    }

    return \%items;
}


# given with ids and without

for my $url (API, API . '/$ref') {
    my @given = ({ id => 'one', target => target('g1') },
                 { target => target('g2') },
                 { '@odata.type' => '#microsoft.graph.'
                                    . 'officeClientConfigurationAssignment',
                   id => "Zo\xeb/1", target => undef },
                 {}, { id => 'two', target => {} },
                 { id => 'three', target => { '@odata.type' => $group } });

    my $r = create({ displayName => 'with', assignments => \@given }, $url);
    answer_is $r, 201, "$url: with assignments";

    my %body = %{$r->json};
    my $id = $body{id};
    my @got = @{delete $body{assignments} // []};

    is scalar @got, 6, 'all come back';
    is_deeply [map { $_->{id} } @got[0, 2, 4, 5]],
              ['one', "Zo\xeb/1", 'two', 'three'], 'ids that were given';
    like $_->{id}, $id7, 'an id that was made' for @got[1, 3];
    isnt $got[1]{id}, $got[3]{id}, 'each its own';
    like $_->{'@odata.etag'}, qr{^W/"[0-9a-f]{16}"$}, 'its ETag' for @got;
    json_is [map { $_->{target} } @got],
            [target('g1'), target('g2'), undef, undef, {}, target(undef)],
            'their targets, in order';
    is $got[2]{'@odata.type'}, $given[2]{'@odata.type'}, 'the type as given';

    my $get = $t->get(path_of($r->header('Location')));
    json_is $get->json, \%body, 'GET has them not, and all the rest';
    is $get->header('ETag'), $r->header('ETag'), 'the ETag';
    json_is stored($id), { map { $_->{id} => $_ } @got }, 'in Redis';

    $t->status_is($t->del(API . "/$id"), 204, 'deleted');
    is $redis->cmd('EXISTS', key($id)), 0, 'with its assignments';
}

{
    my $r = create({ id => 'none', assignments => [] });
    answer_is $r, 201, 'none';
    json_is $r->json->{assignments}, [], 'come back as none';
    is $redis->cmd('EXISTS', key('none')), 0, 'and need no key';
    ok !exists create({})->json->{assignments},
       'without assignments the answer has none';
}

{
    my $r = create({ priority => 5, assignments => [{ id => 'a' }] });
    like $r->body, qr/\}\]\}\z/, 'the body ends where it should';
    like $r->body, qr/"assignments":\[\{"\@odata\.etag":"/,
         'an assignment begins with its ETag';
    my $n = create({ assignments => [{ id => 'a' }] });
    answer_is $n, 201, 'the same id in another configuration';
    json_is bare($n), [{ id => 'a', target => undef }],
            'with a priority that was made as well';
}


# a refusal leaves nothing behind

my $r = create({ id => 'old', assignments => [{ id => 'a1',
                                                target => target('g') }] });
answer_is $r, 201, 'one that is there';
my $state = contents($redis);

error_is create({ id => 'old', assignments => [{ id => 'a1' },
                                               { id => 'a2' }] }, $_),
         409, 'id', "$_: the id exists" for API, API . '/$ref';
error_is create({ id => 'old', assignments => [] }), 409, 'id', 'with none';
is_deeply contents($redis), $state, 'the old assignments are as before';

for my $bad (['not a list', { id => 'x' }, ''],
    ['null', undef, ''], ['a string', 'x', ''],
    ['an item that is null', [{}, undef], '/1'],
    ['an item that is a string', [{}, {}, 'x'], '/2'],
    ['an item that is a list', [[]], '/0'],
    ['the id of an item', [{ id => '' }], '/0/id'],
    ['the id of a later item', [{}, { id => 'x' x 257 }], '/1/id'],
    ['an id that is a number', [{ id => 1 }], '/0/id'],
    ['an id that is null', [{ id => undef }], '/0/id'],
    ['an id with a tab', [{ id => "\t" }], '/0/id'],
    ['an unknown property', [{}, {}, { x => 1 }], '/2/x'],
    ['a target of a wrong type', [{ target => 'g' }], '/0/target'],
    ['a target with an unknown property', [{ target => { x => 1 } }],
        '/0/target/x'],
    ['a group of a wrong type', [{}, { target => target(5) }],
        '/1/target/groupId'],
    ['the type of a target', [{ target => { '@odata.type' =>
        '#microsoft.graph.officeClientCheckinStatus' } }],
        '/0/target/@odata.type'],
    ['the last of many', [({}) x 99, { target => 1 }], '/99/target'])
{
    my ($name, $value, $target) = @$bad;
    error_is create({ id => 'new', assignments => $value }), 400,
             "assignments$target", $name;
}

for my $twice ([{ id => 'x' }, { id => 'x' }],
               [{ id => 'x' }, {}, { id => 'y' }, { id => 'x' }])
{
    my $e = create({ id => 'new', assignments => $twice });
    error_is $e, 400, undef, 'an id that is given twice';
    like $e->json->{error}{target}, qr{^assignments/$#$twice(?:/id)?$},
         'names the second';
}

answer_is create({ id => 'cases', assignments => [{ id => 'x' },
                                                  { id => 'X' }] }),
          201, 'ids that differ in case';
$t->del(API . '/cases');
is_deeply contents($redis), $state, 'no refusal changes anything';


# what was deleted does not come back

$t->del(API . '/old');
answer_is create({ id => 'old' }), 201, 'the id again, without assignments';
is $redis->cmd('EXISTS', key('old')), 0, 'the old ones are gone';


# many

my @many = map { { id => "a$_", target => target("g$_") } } 1 .. 1000;
$r = create({ id => 'many', assignments => \@many });
answer_is $r, 201, 'a thousand';
json_is bare($r), \@many, 'come back in order';
is $redis->cmd('HLEN', key('many')), 1000, 'and are stored';
$t->status_is($t->del(API . '/many'), 204, 'deleted');
is $redis->cmd('EXISTS', key('many')), 0, 'all of them';

my $long = 'g' x 1_000_000;
$r = create({ assignments => [{ target => target($long) }] });
answer_is $r, 201, 'a long group';
is json_item($r, 'assignments', 0, 'target', 'groupId'), $long, 'comes back';

$t->allow_log(qr/a client request body is buffered to a temporary file/);
$t->done;
