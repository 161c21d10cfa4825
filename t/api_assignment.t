# The assignments of a configuration, at their own URLs.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis,
                      server => 'keepalive_requests 100000;',
                      location => 'client_max_body_size 4m;');
my $ask = client($t);

my $one = API . '/one';
my $list = "$one/assignments";
my $context = 'http://localhost/beta/$metadata#officeConfiguration/'
              . 'clientConfigurations';
my $group = '#microsoft.graph.officeConfigurationGroupAssignmentTarget';
my $plain = '#microsoft.graph.officeConfigurationAssignmentTarget';
my $etag = qr{^W/"[0-9a-f]{16}"$};
my $id7 = qr/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}
             -[0-9a-f]{12}$/x;

sub ask { $ask->($_[0], $_[1], headers => [@_[2 .. $#_]]) }
sub send_to { $ask->($_[0], $_[1], json => $_[2], headers => [@_[3 .. $#_]]) }
sub target { { '@odata.type' => $group, groupId => $_[0] } }
sub ids { [map { $_->{id} } @{json_item($_[0], 'value') // []}] }

# members($response): those of its body that were given

sub members {
    my %of = %{$_[0]->json};
    delete @of{'@odata.context', '@odata.etag'};
    return \%of;
}

# encoded($id): as a segment of its own; parens($id): as a key in parentheses

sub encoded {
    my ($id) = @_;
    utf8::encode($id);
    return $id =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

sub parens { "('" . encoded($_[0] =~ s/'/''/gr) . "')" }

# create($id, %more): a configuration

sub create {
    my ($id, %more) = @_;
    my $r = send_to('POST', API, { id => $id, %more });
    $r->status == 201 or die $r->text;
    return $r;
}

# refused($name, $status, $target, $r): the error, and nothing has changed

my $state;

sub refused {
    my ($name, $status, $target, $r) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    error_is $r, $status, $target, $name;
    is_deeply contents($redis), $state, 'nothing changes';
}


# none yet

create('one');
create('other', assignments => [{ id => 'a', target => target('g') }]);

{
    my $r = ask('GET', $list);
    answer_is $r, 200, 'none';
    is $r->body, qq({"\@odata.context":"$context('one')/assignments",)
                 . '"value":[]}', 'its body, to the byte';
    is $r->header('ETag'), undef, 'a collection has no ETag';
    is ask('GET', "$list/\$count")->body, '0', 'counted';
    is ask('GET', API . q{('one')/assignments})->body, $r->body,
       'the other form of a key';
}

$state = contents($redis);

for my $path ("$list/none", "$list('none')", API . '/none/assignments',
    API . '/none/assignments/a', API . q{('none')/assignments('a')},
    API . '/none/assignments/$count', "$list/A", "$list/" . 'x' x 256,
    API . '/other/assignments/b', "$list/a")
{
    for my $method ('GET', 'HEAD') {
        my $r = ask($method, $path);
        my $name = "$method " . printable($path);
        $method eq 'HEAD' ? answer_is $r, 404, $name, method => $method
                          : error_is $r, 404, undef, $name;
    }
}

for my $key ("/none", "('none')", '/none/$ref', "('none')/\$ref", '/a',
             '/' . 'x' x 257, '/%FF', '/%0A', q{('')}, q{('a'')}, '()',
             q{(id='')}, q{(id='a'')}, '(id=)', "(id=')", "(id='a", "(Id='a')",
             "(id='a',id='a')", "(displayName='a')", "(id=id='a')")
{
    refused("DELETE $key", 404, undef, ask('DELETE', "$list$key"));
    refused("PATCH $key", $key =~ /ref/ ? 405 : 404, undef,
            send_to('PATCH', "$list$key", {}));
}


# POST

{
    my $before = ask('GET', $one);
    my $r = send_to('POST', $list, { id => 'a', target => target('g1') });
    answer_is $r, 201, 'POST';
    my $tag = $r->header('ETag');
    like $tag, $etag, 'its ETag';
    like $r->body, qr/^\{"\@odata\.context":"[^"]*",
                       "\@odata\.etag":"[^,]*","id":/x,
         'context, ETag, id';
    json_is $r->json, {
        '@odata.context' => "$context('one')/assignments/\$entity",
        '@odata.etag' => $tag, id => 'a', target => target('g1') },
        'its body';
    is $r->header('Location'), "http://localhost$list/a", 'Location';

    my $get = ask('GET', path_of($r->header('Location')));
    answer_is $get, 200, 'GET';
    is $get->body, $r->body, 'the body of the 201';
    is $get->header('ETag'), $tag, 'its ETag';
    is ask('GET', $_)->body, $r->body, "GET $_" for "$list('a')", "$list/%61",
       API . q{('one')/assignments('a')}, "$list/a/", "$list(%27a%27)",
       API . q{(id='one')/assignments(id%3D'a')};

    my $all = ask('GET', $list);
    my $item = $r->json;
    delete $item->{'@odata.context'};
    json_is $all->json, { '@odata.context' => "$context('one')/assignments",
                          value => [$item] }, 'in the list';

    my $count = ask('GET', "$list/\$count");
    is $count->status, 200, '$count';
    is $count->header('Content-Type'), 'text/plain;charset=utf-8', 'is text';
    is $count->body, '1', 'of one';
    is $count->header('OData-Version'), '4.0', 'its version';
    is ask('GET', "$list/\$count", Accept => $_)->body, '1', "as $_"
        for 'text/plain', '*/*', 'application/json', 'text/*';
    error_is ask('GET', "$list/\$count", Accept => 'text/html'), 406, undef,
             'as HTML';

    for my $path ($list, "$list/a", "$list/\$count") {
        my ($get, $head) = map { $t->request($_, $path) } qw(GET HEAD);
        my @lines = map { $_->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr }
                    ($head, $get);
        is $lines[0], $lines[1], "HEAD $path has the headers of GET";
    }

    isnt ask('GET', $one)->header('ETag'), $before->header('ETag'),
         'the configuration has changed';
}

{
    my $r = send_to('POST', $list, {});
    answer_is $r, 201, 'with nothing given';
    like json_item($r, 'id'), $id7, 'an id is made';
    is $r->header('Location'),
       "http://localhost$list/" . json_item($r, 'id'), 'and located';
    ok exists $r->json->{target} && !defined $r->json->{target}, 'no target';
    ask('DELETE', path_of($r->header('Location')));
}

# a key that stands in parentheses, as it begins with a dollar sign

for my $id ("\$a'b", '$ref', "''", "a'b", '..') {
    my $r = send_to('POST', $list, { id => $id });
    answer_is $r, 201, "POST $id";
    my $key = $id =~ s/(\W)/sprintf '%%%02X', ord $1/ger;
    my $where = $id =~ /^\$|^\.\.$/ ? "('" . $key =~ s/%27/%27%27/gr . "')"
              : "/$key";
    is $r->header('Location'), "http://localhost$list$where" =~ s/%2E/./gr,
       'Location';
    answer_is ask('DELETE', path_of($r->header('Location'))), 204, 'leads to it';
}

for my $given ({ target => undef }, { target => {} },
    { target => { '@odata.type' => $plain } },
    { target => { '@odata.type' => $plain =~ s/#//r } },
    { target => { '@odata.type' => $group, groupId => undef } },
    { target => { '@odata.type' => $group =~ s/#//r, groupId => 'g' } },
    { '@odata.type' => '#microsoft.graph.officeClientConfigurationAssignment',
      target => target("\xeb\x{1f600}\"\\/") },
    { '@x' => 1, 'target@x.y' => [], target => target('') })
{
    my $r = send_to('POST', $list, $given);
    answer_is $r, 201, 'POST ' . printable(json_text($given));
    my $want = { map { ($_ => $given->{$_}) }
                 grep { !/.@|^\@x/ } keys %$given };
    my $got = members($r);
    my $id = delete $got->{id};
    json_is $got, $want, 'comes back as given';
    json_is members(ask('GET', "$list/$id")), { %$want, id => $id },
            'and is stored';
    answer_is ask('DELETE', "$list/$id"), 204, 'deleted';
}


# Prefer

{
    my $r = send_to('POST', $list, { id => 'p' }, Prefer => 'return=minimal');
    answer_is $r, 204, 'POST, return=minimal';
    is $r->header('Preference-Applied'), 'return=minimal', 'is applied';
    is $r->header($_), "http://localhost$list/p", $_
        for 'Location', 'OData-EntityId';
    is $r->header('ETag'), ask('GET', "$list/p")->header('ETag'), 'its ETag';

    $r = send_to('PATCH', "$list/p", { target => target('x') },
                 Prefer => 'return=minimal');
    answer_is $r, 204, 'PATCH, return=minimal';
    is $r->header('Preference-Applied'), 'return=minimal', 'is applied';
    is $r->header('ETag'), ask('GET', "$list/p")->header('ETag'), 'its ETag';
    json_is json_item(ask('GET', "$list/p"), 'target'), target('x'), 'done';

    for my $case (['POST', $list, 201], ['PATCH', "$list/p", 200]) {
        my ($method, $path, $status) = @$case;
        $r = send_to($method, $path, {}, Prefer => 'return=representation');
        answer_is $r, $status, "$method, return=representation";
        is $r->header('Preference-Applied'), 'return=representation',
           'is applied';
        $r = send_to($method, $path, {}, Prefer => 'x; y="z", respond-async');
        answer_is $r, $status, "$method, unknown preferences";
        is $r->header('Preference-Applied'), undef, 'are not applied';
    }

    for my $path ($list, "$list/p") {
        $r = ask('GET', $path, Prefer => 'return=minimal');
        answer_is $r, 200, 'no effect on GET';
        is $r->header('Preference-Applied'), undef, 'nothing is applied';
    }

    $r = ask('DELETE', "$list/p", Prefer => 'return=representation');
    answer_is $r, 204, 'no effect on DELETE';
    is $r->header('Preference-Applied'), undef, 'nothing is applied';
    ask('DELETE', "$list/$_")
        for grep { $_ ne 'a' } @{ids(ask('GET', $list))};
}


# refused

$state = contents($redis);

refused('the id exists', 409, 'id', send_to('POST', $list, { id => 'a' }));
refused('of no configuration', 404, undef,
        send_to('POST', API . '/none/assignments', { id => 'x' }));

for my $bad ([5, ''], [[], ''], ['x', ''], [undef, ''], [{ x => 1 }, 'x'],
    [{ id => '' }, 'id'], [{ id => 1 }, 'id'], [{ id => undef }, 'id'],
    [{ id => 'x' x 257 }, 'id'], [{ id => "a\n" }, 'id'],
    [{ target => 'g' }, 'target'], [{ target => [] }, 'target'],
    [{ target => 1 }, 'target'], [{ target => { x => 1 } }, 'target/x'],
    [{ target => { groupId => 'g' } }, 'target/groupId'],
    [{ target => { '@odata.type' => $plain, groupId => 'g' } },
        'target/groupId'],
    [{ target => target(5) }, 'target/groupId'],
    [{ target => target([]) }, 'target/groupId'],
    [{ target => { '@odata.type' => '#x.y' } }, 'target/@odata.type'],
    [{ target => { '@odata.type' => 5 } }, 'target/@odata.type'],
    [{ target => { '@odata.type' =>
        '#microsoft.graph.officeClientCheckinStatus' } },
        'target/@odata.type'],
    [{ '@odata.type' => '#microsoft.graph.officeClientConfiguration' },
        '@odata.type'])
{
    my ($value, $target) = @$bad;
    my $name = printable(json_text($value));
    refused("POST $name", 400, $target, send_to('POST', $list, $value));
    refused("PATCH $name", 400, $target, send_to('PATCH', "$list/a", $value));
}

for my $method ('POST', 'PATCH') {
    my $path = $method eq 'POST' ? $list : "$list/a";
    refused("$method: not JSON", 400, undef, $ask->($method, $path,
            body => '{', type => 'application/json'));
    refused("$method: no body", 400, undef, $ask->($method, $path,
            type => 'application/json'));
    refused("$method: a name twice", 400, undef, $ask->($method, $path,
            body => '{"target":null,"target":null}',
            type => 'application/json'));
    refused("$method: another media type", 415, undef, $ask->($method, $path,
            body => '{}', type => 'text/plain'));
    refused("$method: not acceptable", 406, undef,
            send_to($method, $path, {}, Accept => 'text/html'));
}

refused('PATCH of the id', 400, 'id',
        send_to('PATCH', "$list/a", { id => 'b' }));
refused("$_ is not there", 405, undef, send_to($_, "$list/a", {}))
    for 'PUT', 'POST';

for my $option ('$filter=x', '$top=1', '$select=id', '$orderby=id',
                '$expand=x', '$count=true', '$search=x', '$skip=1')
{
    my ($target) = $option =~ /^([^=]*)/;
    refused("GET, $option", 501, $target, ask('GET', "$list/a?$option"));
    refused("DELETE, $option", 501, $target, ask('DELETE', "$list/a?$option"));
}

refused("$_: an unknown option", 400, '$x', ask('GET', "$_?\$x=1"))
    for $list, "$list/a", "$list/\$count";


# PATCH

sub patched {
    my ($given, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $before = ask('GET', "$list/a");
    my $r = send_to('PATCH', "$list/a", $given);
    subtest $name => sub {
        answer_is $r, 200, 'PATCH';
        json_is json_item($r, 'target'), $want, 'the target';
        is json_item($r, 'id'), 'a', 'the id';
        is $r->header('ETag'), json_item($r, '@odata.etag'), 'the ETag';
        isnt $r->header('ETag'), $before->header('ETag'), 'is new';
        is json_item($r, '@odata.context'),
           "$context('one')/assignments/\$entity", 'the context';
        is ask('GET', "$list/a")->body, $r->body, 'GET';
        is scalar @{ids(ask('GET', $list))}, 1, 'none is added';
    };
}

patched {}, target('g1'), 'nothing given';
patched { id => 'a' }, target('g1'), 'the id as it is';
patched { '@x' => 1, 'target@y' => 2 }, target('g1'), 'annotations';
patched { '@odata.type' =>
          '#microsoft.graph.officeClientConfigurationAssignment' },
        target('g1'), 'the type as it is';
patched { target => target('g2') }, target('g2'), 'another group';
patched { target => { '@odata.type' => $group } }, target('g2'),
        'a target of the same type is merged';
patched { target => { '@odata.type' => $group, groupId => undef } },
        target(undef), 'a group of null';
patched { target => target("it's \"\\ \xeb") }, target("it's \"\\ \xeb"),
        'a group with quotes';
patched { target => { '@odata.type' => $plain } }, { '@odata.type' => $plain },
        'another type replaces';
patched { target => { '@odata.type' => $group } }, target(undef),
        'with defaults';
patched { target => undef }, undef, 'null';
patched { target => { '@odata.type' => $group } }, target(undef),
        'null has nothing to merge with';
patched { target => undef }, undef, 'null again';
patched { target => {} }, {}, 'the base type';
patched { target => target('g9') }, target('g9'), 'and back';
patched { target => { '@odata.type' => $group =~ s/#//r } },
        { '@odata.type' => $group =~ s/#//r, groupId => 'g9' },
        'the same type, without #';
patched { target => target('g1') }, target('g1'), 'as it was';


# conditions

{
    my $tag = ask('GET', "$list/a")->header('ETag');
    my ($digits) = $tag =~ /"(.*)"/;
    my $other = $digits =~ tr/0-9a-f/1-9a-f0/r;
    my $parent = ask('GET', $one)->header('ETag');

    for my $held ($tag, '*', qq("$digits"), qq("x", $tag)) {
        my $r = ask('GET', "$list/a", 'If-None-Match' => $held);
        answer_is $r, 304, "GET, If-None-Match: $held";
        is $r->header('ETag'), $tag, 'its ETag';
        answer_is ask('GET', "$list/a", 'If-Match' => $held), 200,
                  "GET, If-Match: $held";
    }

    $state = contents($redis);

    for my $stale (qq(W/"$other"), qq("$other"), '""', 'x', $parent) {
        next if $stale eq $tag;
        answer_is ask('GET', "$list/a", 'If-None-Match' => $stale), 200,
                  "GET, If-None-Match: $stale";
        error_is ask('GET', "$list/a", 'If-Match' => $stale), 412, undef,
                 "GET, If-Match: $stale";
        refused("PATCH, If-Match: $stale", 412, undef, send_to('PATCH',
            "$list/a", { target => undef }, 'If-Match' => $stale));
        refused("DELETE, If-Match: $stale", 412, undef,
                ask('DELETE', "$list/a", 'If-Match' => $stale));
        refused("DELETE of the reference, If-Match: $stale", 412, undef,
                ask('DELETE', $_, 'If-Match' => $stale))
            for "$list/a/\$ref", "$list/\$ref?\$id=$list/a";
    }

    for my $held ($tag, '*', qq("x", $tag)) {
        refused("PATCH, If-None-Match: $held", 412, undef, send_to('PATCH',
            "$list/a", { target => undef }, 'If-None-Match' => $held));
        refused("DELETE, If-None-Match: $held", 412, undef,
                ask('DELETE', "$list/a", 'If-None-Match' => $held));
    }

    refused('If-Match: * inserts nothing', 404, undef,
            send_to('PATCH', "$list/new", {}, 'If-Match' => '*'));
    refused('If-None-Match: * inserts nothing', 404, undef,
            send_to('PATCH', "$list/new", {}, 'If-None-Match' => '*'));

    my $r = send_to('PATCH', "$list/a", {}, 'If-Match' => $tag,
                    'If-None-Match' => qq("$other"));
    answer_is $r, 200, 'PATCH, both hold';
    refused('the ETag before', 412, undef, ask('DELETE', "$list/a",
            'If-Match' => $tag)) if $state = contents($redis);

    # N5: an ETag in the body is a condition if the client speaks 4.01
    refused('@odata.etag in the body', 412, undef, send_to('PATCH', "$list/a",
            { '@odata.etag' => $tag, target => undef },
            'OData-Version' => '4.01'));
    answer_is send_to('PATCH', "$list/a", { '@odata.etag' => $tag,
                                            target => target('g1') }), 200,
              'is an annotation in 4.0';

    # two writers: one wins
    my $won = 0;
    for my $round (1 .. 10) {
        my $current = ask('GET', "$list/a")->header('ETag');
        my @c = map { $t->connect } 1 .. 4;
        $_->write_request('PATCH', "$list/a", json => {},
                          headers => ['If-Match' => $current]) for @c;
        my @status = sort map { $_->response->status } @c;
        $won++ if "@status" eq '200 412 412 412';
    }
    is $won, 10, 'of four with the same ETag one wins';
}


# each is a change of the configuration, and of no other

sub stamp {
    my $r = ask('GET', $one);
    return ($r->header('ETag'), json_item($r, 'lastModifiedDateTime'),
            $r->json);
}

for my $change (
    ['POST', sub { send_to('POST', $list, { id => 'b' }) }],
    ['PATCH', sub { send_to('PATCH', "$list/b", { target => undef }) }],
    ['DELETE', sub { ask('DELETE', "$list/b") }],
    ['DELETE of its reference', sub {
        send_to('POST', $list, { id => 'b' });
        ask('DELETE', "$list/b/\$ref") }],
    ['assign', sub { send_to('POST', "$one/assign",
        { officeConfigurationAssignments => [{ id => 'a' }] }) }])
{
    my ($name, $code) = @$change;
    my $key = 'oc:{default}:cfg';
    my $json = $redis->cmd('HGET', $key, 'one')
        =~ s/"lastModifiedDateTime":"\K[^"]*/2020-01-01T00:00:00.000Z/r;
    $redis->cmd('HSET', $key, 'one', $json);
    my ($old_tag, $old_date, $old) = stamp();
    is $old_date, '2020-01-01T00:00:00.000Z', 'the date before';
    my $other = ask('GET', API . '/other')->body;

    like $code->()->status, qr/^20\d$/, $name;

    my ($tag, $date, $new) = stamp();
    isnt $tag, $old_tag, 'gives the configuration an ETag';
    is $new->{'@odata.etag'}, $tag, 'in its body as well';
    like $date, qr/^20(?!20-)\d\d-\d\d-\d\dT/, 'and a date';
    delete @$_{'@odata.etag', 'lastModifiedDateTime'} for $old, $new;
    json_is $new, $old, 'the rest is as before';
    is ask('GET', API . '/other')->body, $other, 'others are as before';
}

{
    my ($before) = stamp();
    ask('GET', $_) for $list, "$list/a", "$list/\$count", "$list/none";
    my ($after) = stamp();
    is $after, $before, 'reading changes nothing';

    my $tag = ask('GET', "$list/a")->header('ETag');
    send_to('POST', $list, { id => 'b' });
    is ask('GET', "$list/a")->header('ETag'), $tag,
       'one assignment has its own ETag';
    send_to('PATCH', $one, { displayName => 'x' });
    is ask('GET', "$list/a")->header('ETag'), $tag,
       'which a change of the configuration leaves';
    ask('DELETE', "$list/b");
}


# DELETE

for my $path ("$list/d", "$list('d')", API . q{('one')/assignments('d')},
    "$list/d/\$ref", "$list('d')/\$ref", API . q{('one')/assignments/d/$ref})
{
    send_to('POST', $list, { id => 'd' });
    answer_is ask('DELETE', $path), 204, "DELETE $path";
    is_deeply ids(ask('GET', $list)), ['a'], 'it alone is gone';
    error_is ask('DELETE', $path), 404, undef, 'not twice';
}

send_to('POST', $list, { id => 'd' });
answer_is ask('DELETE', "$list/d", 'If-Match' =>
              ask('GET', "$list/d")->header('ETag'), Accept => 'text/html'),
          204, 'DELETE, If-Match';

{
    # of several at once one deletes it
    my $deleted = 0;
    for my $round (1 .. 10) {
        send_to('POST', $list, { id => 'd' });
        my @c = map { $t->connect } 1 .. 4;
        $_->write_request('DELETE', "$list/d") for @c;
        $deleted += grep { $_->response->status == 204 } @c;
    }
    is $deleted, 10, 'of four who delete it one does';
}


# DELETE of the reference in a collection (U3)

my $host = 'http://localhost';

for my $url ("$host$list/d", "$host$list('d')", "$list/d", "$list('d')",
    "$host" . API . q{('one')/assignments('d')},
    'officeConfiguration/clientConfigurations/one/assignments/d',
    q{officeConfiguration/clientConfigurations('one')/assignments('d')},
    "clientConfigurations/one/assignments/d", "$list/%2564",
    "HTTP://LOCALHOST$list/d", '../assignments/d', q{../assignments('d')},
    '../../one/assignments/d',
    q{../../../clientConfigurations('one')/assignments('d')})
{
    for my $id ($url, encoded($url =~ s/%25/%/r)) {
        send_to('POST', $list, { id => 'd' });
        my $r = ask('DELETE', "$list/\$ref?\$id=$id");
        answer_is $r, 204, 'U3: $id=' . printable($id);
        is_deeply ids(ask('GET', $list)), ['a'], 'it alone is gone';
        ask('DELETE', "$list/d");
    }
}

send_to('POST', $list, { id => 'd' });
$state = contents($redis);

for my $url ("$list/none", API . '/other/assignments/a',
    API . '/none/assignments/d', $one, API, BASE, $list, "$list/\$count",
    "$list/d/\$ref", "$list/d/x", "$list/d?x", "$list/d#x", 'x', '/',
    "http://other$list/d", "https://localhost$list/d", 'http://localhost',
    "http://localhost/betax/officeConfiguration", '//localhost' . "$list/d",
    "$list/D", "$list('d", "$list/%25FF", 'mailto:d')
{
    refused('$id=' . printable($url), 404, undef,
            ask('DELETE', "$list/\$ref?\$id=" . encoded($url)));
}

refused('without $id', 400, undef, ask('DELETE', "$list/\$ref$_"))
    for '', '?', '?$id=', '?$id', '?x=y';
refused('$id twice', 400, undef,
        ask('DELETE', "$list/\$ref?\$id=$list/d&\$id=$list/d"));
refused('$id elsewhere', 501, '$id', ask('DELETE', "$list/d?\$id=$list/d"));
refused('of no configuration', 404, undef,
        ask('DELETE', API . "/none/assignments/\$ref?\$id=" . API
            . '/none/assignments/d'));
refused('PUT of the references', 405, undef,
        send_to('PUT', "$list/\$ref", {}));

{
    my $tag = ask('GET', "$list/d")->header('ETag');
    answer_is ask('DELETE', "$list/\$ref?\$id=$list/d", 'If-Match' => $tag),
              204, 'with its ETag';
}


# ids that need encoding

my @ids = ('a b', 'a/b', "it's", "''", 'a+b', 'a%b', '%2F', 'a?b#c', '(a)',
    "\xeb\x{1f600}", '"q"', '\\', '$x', '@x', 'a&b=c', 'a:b', 'a;b,c', '~._-',
    'x' x 256, "\xe9" x 128, '$count', '$ref', '.', '..', 'assignments',
    'a..b', '...', '/', '//', ' ', '*', '{"id":1}', 'null', '0');

for my $cfg ('one', "o'ne / two", '..') {
    create($cfg) if $cfg ne 'one';
    my $at = item_path(API, $cfg) . '/assignments';

    for my $id (@ids) {
        subtest printable("'$id' of '$cfg'") => sub {
            my $r = send_to('POST', $at, { id => $id, target => target($id) });
            answer_is $r, 201, 'POST' or return;
            my $location = path_of($r->header('Location'));
            my $get = ask('GET', $location);
            answer_is $get, 200, 'GET of its Location';
            is $get->body, $r->body, 'is the body of the 201';
            is json_item($r, 'id'), $id, 'its id';
            is ask('GET', $at . parens($id))->body, $r->body,
               'in parentheses';
            is ask('GET', "$at/" . encoded($id))->body, $r->body,
               'as a segment' if $id !~ m{^(?:\$count|\$ref|\.\.?)$};
            error_is send_to('POST', $at, { id => $id }), 409, 'id', 'once';

            my $p = send_to('PATCH', $at . parens($id), { id => $id,
                            target => undef });
            answer_is $p, 200, 'PATCH';
            is json_item($p, 'target'), undef, 'done';
            my $key = encoded($cfg =~ s/'/''/gr);
            is json_item($p, '@odata.context'),
               "$context('$key')/assignments/\$entity", 'the context';
            answer_is ask('DELETE', "$at/\$ref?\$id="
                          . encoded($at . parens($id))), 204, 'DELETE';
            error_is ask('GET', $at . parens($id)), 404, undef, 'gone';
            answer_is ask('GET', item_path(API, $cfg)), 200,
                      'the configuration is there';
        };
        ask('DELETE', $at . parens($id));
    }
}

{
    create('many') if ask('GET', API . '/many')->status == 404;
    my $at = API . '/many/assignments';
    send_to('POST', $at, { id => $_ }) for reverse @ids;
    my @sorted = map { utf8::decode(my $c = $_); $c }
                 sort map { utf8::encode(my $c = $_); $c } @ids;
    is_deeply ids(ask('GET', $at)), \@sorted, 'in the order of their ids';
    is ask('GET', "$at/\$count")->body, scalar @ids, 'counted';
    my $r = send_to('POST', API, { id => 'same', assignments =>
                                   [map { { id => $_ } } @ids] });
    is_deeply ids(ask('GET', API . '/same/assignments')), \@sorted,
              'whichever way they came';
    ask('DELETE', API . "/$_") for 'many', 'same';
}


# deep insert (U12)

{
    my $r = create('deep', assignments => [
        { id => 'x', target => target('g') }, {}, { id => 'y' }]);
    my @given = @{json_item($r, 'assignments')};
    my $all = ask('GET', API . '/deep/assignments');
    answer_is $all, 200, 'what came with its configuration';
    my %got = map { $_->{id} => $_ } @{json_item($all, 'value')};
    json_is \%got, { map { $_->{id} => $_ } @given },
            'is the same as in the 201';

    for my $one (@given) {
        my $get = ask('GET', API . "/deep/assignments/$one->{id}");
        answer_is $get, 200, 'GET of one';
        json_is { %{$get->json}, '@odata.context' => 1 },
                { %$one, '@odata.context' => 1 }, 'the same';
    }

    is ask('GET', API . '/deep/assignments/$count')->body, '3', 'counted';
    is_deeply [sort map { $_->{id} } @{json_item(ask('GET',
              API . '/deep?$expand=assignments'), 'assignments')}],
              [sort keys %got], 'and expanded';

    $state = contents($redis);
    refused('a PATCH with assignments', 400, 'assignments',
            send_to('PATCH', API . '/deep', { assignments => [] }));

    answer_is ask('DELETE', API . '/deep'), 204, 'DELETE of it all';
    error_is ask('GET', API . "/deep/assignments$_"), 404, undef, 'gone'
        for '', '/x', '/$count';
    create('deep');
    is_deeply ids(ask('GET', API . '/deep/assignments')), [],
              'and does not come back';
}


# as many as there may be

{
    my $at = API . '/full/assignments';
    create('full', assignments => [map { { id => "a$_" } } 1 .. 999]);
    answer_is send_to('POST', $at, { id => 'last' }), 201, 'the thousandth';
    is ask('GET', "$at/\$count")->body, '1000', 'counted';

    my ($path, @listed) = ($at);
    while (defined $path) {
        my $r = ask('GET', $path);
        push @listed, @{ids($r)};
        $path = json_item($r, '@odata.nextLink');
        $path = path_of($path) if defined $path;
    }
    is scalar @listed, 1000, 'all are listed, a hundred a page';

    $state = contents($redis);
    refused('one more', 409, undef, send_to('POST', $at, $_))
        for {}, { id => 'more' }, { id => 'a1' };

    answer_is send_to('PATCH', "$at/a1", { target => target('g') }), 200,
              'they can be changed';
    answer_is ask('DELETE', "$at/a500"), 204, 'one less';
    answer_is send_to('POST', $at, { id => 'more' }), 201, 'and one more';
    ask('DELETE', API . '/full');
}

{
    # many at once
    create('busy');
    my $at = API . '/busy/assignments';
    my $load = $t->load(clients => 4, keepalive => 1, requests => 25,
        request => sub { ('POST', $at, json => { id => "$_[0]-$_[1]" }) });
    is_deeply $load->wait->{status}, { 201 => 100 }, 'from four clients';
    is ask('GET', "$at/\$count")->body, '100', 'none is lost';
}

$t->allow_log(qr/a client request body is buffered to a temporary file/);
$t->done;
