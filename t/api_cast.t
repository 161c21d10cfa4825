# Types in URLs (OData 4.01 URL Conventions, 4.11): what is behind a cast is
# there for configurations of the type only, and is made of it.

use OfficeConfig::Test;

use OfficeConfig::Api;
use OfficeConfig::Batch;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->nginx(http => $t->api_conf(redis => $redis,
    location => 'office_config_page_size 2 max=9;',
    server => 'keepalive_requests 100000;'));
my $ask = client($t);

my $of = 'officeConfiguration/clientConfigurations';
my $meta = 'http://localhost/beta/$metadata#';
my $base = 'microsoft.graph.officeClientConfiguration';
my $windows = 'microsoft.graph.windowsOfficeClientConfiguration';
my $security = 'microsoft.graph.windowsOfficeClientSecurityConfiguration';
my $summary = 'microsoft.graph.officeUserCheckinSummary';
my $group = 'microsoft.graph.officeConfigurationGroupAssignmentTarget';
my $octets = 'application/octet-stream';

sub ask { $ask->($_[0], $_[1], headers => [@_[2 .. $#_]]) }
sub send_to { $ask->($_[0], $_[1], json => $_[2], headers => [@_[3 .. $#_]]) }
sub ids { [map { $_->{id} } @{json_item($_[0], 'value') // []}] }

sub create {
    my ($id, $type) = @_;
    my $r = send_to('POST', API, { id => $id, displayName => "name $id",
        policyPayload => 'YWJj', assignments => [
            { id => 'a', target => { '@odata.type' => "#$group",
                                     groupId => 'g' } },
            { id => 'b' }],
        $type ? ('@odata.type' => "#$type") : () });
    die $r->text if $r->status != 201;
    return $r;
}

sub checkin {
    my ($user) = @_;
    return { userId => $user, deviceName => 'd', wasSuccessful => \1,
             checkinDateTime => recent() };
}

create('plain');
create('win', $windows);
create('sec', $security);

# what there is behind a configuration, to read: with a cast it is the same for
# one of the type, and not there for one of another

my @below = ('', '/displayName', '/displayName/$value', '/id', '/priority',
    '/priority/$value', '/userCheckinSummary',
    '/userCheckinSummary/failedUserCount',
    '/userCheckinSummary/failedUserCount/$value', '/policyPayload',
    '/policyPayload/$value', '/checkinStatuses', '/checkinStatuses/$count',
    '/assignments', '/assignments/$count', '/assignments/a',
    "/assignments('a')", '?$expand=assignments');

send_to('POST', API . '/win/checkinStatuses', checkin('u'));

for my $below (@below) {
    my $plain = ask('GET', API . "/win$below");
    is $plain->status, 200, "GET $below, for comparison";

    for my $url ("/win/$windows", "('win')/$windows", "/$windows/win",
                 "/$windows('win')", "/$windows/win/$windows",
                 "/$windows('win')/$base", "/$base/win/$windows")
    {
        my $r = ask('GET', API . $url . $below);
        is $r->status, 200, "I2: GET $url$below";
        is $r->body, $plain->body, 'the same as without a cast';
        is $r->header('ETag'), $plain->header('ETag'), 'and its ETag';
    }

    for my $url ("/win/$security", "/plain/$windows", "/$security/win",
        "/$windows('plain')", "/win/$windows/$windows",
        "/$windows/win/$security", "/$windows/$windows/win",
        "/none/$windows", "/$windows/none")
    {
        error_is ask('GET', API . $url . $below), 404, undef,
                 "I2: GET $url$below";
    }
}

like json_item(ask('GET', API . "/win/$security/displayName"), 'error',
               'message'), qr/type/, 'the message says that it is the type';

# to change: first what is of another type, which changes nothing

my @writes = (
    ['PUT', '/displayName', json => { value => 'x' }],
    ['PUT', '/displayName/$value', body => 'x', type => 'text/plain'],
    ['DELETE', '/displayName'],
    ['PUT', '/priority', json => { value => 77 }],
    ['PATCH', '/userCheckinSummary', json => { failedUserCount => 3 }],
    ['PUT', '/userCheckinSummary', json => { failedUserCount => 4,
                                             succeededUserCount => 5 }],
    ['DELETE', '/userCheckinSummary'],
    ['PUT', '/policyPayload', body => "\0x", type => $octets],
    ['DELETE', '/policyPayload'],
    ['POST', '/checkinStatuses', json => checkin('one')],
    ['POST', '/checkinStatuses', json => [checkin('two'), checkin('six')]],
    ['PUT', '/checkinStatuses', json => { value => [checkin('ten')] }],
    ['DELETE', '/checkinStatuses'],
    ['POST', '/assign', json => { officeConfigurationAssignments => [] }],
    ['POST', '/microsoft.graph.assign',
     json => { officeConfigurationAssignments => [{ id => 'n' }] }],
    ['POST', '/assignments', json => { id => 'new' }],
    ['PATCH', '/assignments/new', json => { target => undef }],
    ['DELETE', '/assignments/new'],
    ['DELETE', '/assignments/$ref?$id=' . API . '/win/assignments/n'],
    ['PATCH', '', json => { description => 'd' }],
    ['PUT', '', json => { '@odata.type' => "#$windows",
                          description => 'e' }],
    ['DELETE', ''],
);

for my $write (@writes) {
    my ($method, $below, @body) = @$write;

    # once without check-ins of its own, and once with some
    for my $id ('plain', 'sec') {
        my $state = contents($redis);
        my $r = $ask->($method, API . "/$id/$windows$below", @body);
        error_is $r, 404, undef, "I2: $method $below of $id";
        is_deeply contents($redis), $state, 'changes nothing';
    }

    send_to('POST', API . '/sec/checkinStatuses', checkin('u'))
        if $below eq '/displayName';
}

for my $write (@writes) {
    my ($method, $below, @body) = @$write;
    my $r = $ask->($method, API . "/$windows/win$below", @body);
    like $r->status, qr/^20/, "I2: $method $below of one of the type"
        or diag $r->text;
}
error_is ask('GET', API . '/win'), 404, undef, 'the last one deleted it';

# what they do

create('win', $windows);
answer_is send_to('PUT', API . "/win/$windows/priority", { value => 41 }),
          204, 'I2: PUT of a property';
is json_item(ask('GET', API . '/win'), 'priority'), 41, 'it is there';
is $ask->('PUT', API . "/$windows('win')/policyPayload", body => 'stream',
          type => $octets)->status, 204, 'I2: PUT of a stream';
is ask('GET', API . '/win/policyPayload')->body, 'stream', 'it is there';
answer_is ask('DELETE', API . "/win/$windows/policyPayload"), 204,
          'I2: DELETE of a stream';
is ask('GET', API . "/win/$windows/policyPayload")->status, 204, 'it is null';

# one type in another: a type is not a derived one, or of something else

error_is send_to('PATCH', API . "/win/$windows", {
    '@odata.type' => "#$security" }), 400, '@odata.type',
    'the type does not change behind a cast';
error_is ask('GET', API . "/win/$_"), 404, undef, "GET $_"
    for "$group/displayName", "$summary/displayName", "$windows/none",
        "microsoft.graph.entity/id", "%23$windows/displayName";

# POST to the collection of a type

for my $url ("/$windows", "/$windows/\$ref") {
    my $r = send_to('POST', API . $url, { displayName => 'made' });
    answer_is $r, 201, "I2: POST to $url";
    is json_item($r, '@odata.type'), "#$windows", 'it says its type';
    is json_item($r, '@odata.context'), "$meta$of/$windows/\$entity",
       'and the context';
    my $get = ask('GET', path_of($r->header('Location')));
    is $get->body, $r->body, 'U1: GET of its Location';
    is ask('GET', API . "/$windows/" . json_item($r, 'id'))->body, $r->body,
       'it is of the type';
    ask('DELETE', path_of($r->header('Location')));
}

for my $type ($windows, "#$windows") {
    my $r = send_to('POST', API . "/$windows", { '@odata.type' => $type });
    answer_is $r, 201, "I2: POST of a $type";
    is json_item($r, '@odata.type'), $type, 'as it was given';
    ask('DELETE', path_of($r->header('Location')));
}

for my $type ($security, $base, $group, 'microsoft.graph.none') {
    my $state = contents($redis);
    error_is send_to('POST', API . "/$windows", { '@odata.type' => "#$type" }),
             400, '@odata.type', "I2: POST of a $type";
    is_deeply contents($redis), $state, 'makes nothing';
}

answer_is send_to('POST', API . "/$base", { id => 'b' }), 201,
          'POST to the base type';
is json_item(ask('GET', API . '/b'), '@odata.type'), undef, 'of no other type';
ask('DELETE', API . '/b');
is send_to('POST', API . "/$windows", { id => 'm' },
           Prefer => 'return=minimal')->header('OData-EntityId'),
   'http://localhost' . API . '/m', 'its URL has no cast';
ask('DELETE', API . '/m');

# references

for my $case ([$windows, 'win', 204], [$windows, 'plain', 404],
    [$windows, "win/$windows", 204], [$windows, "win/$security", 404],
    [$base, "win/$security", 404], [$base, "plain/$windows", 404],
    [$base, "win/$windows", 204], [$security, 'sec', 204],
    [$windows, 'none', 404])
{
    my ($cast, $id, $status) = @$case;
    is send_to('POST', API . "/$cast/\$ref", {
        '@odata.id' => "http://localhost/beta/$of/$id" })->status, $status,
       "U2: a reference to $id for $cast";
}

# $entity, and URLs in $id

for my $case (["$of/win", $windows, 200], ["$of/win", $security, 404],
    ["$of/plain", $base, 200], ["$of/plain", $windows, 404],
    ["$of/win/$windows", $windows, 200], ["$of/win/$windows", $security, 404],
    ['officeConfiguration', $windows, 404],
    ["$of/win/assignments/a", $windows, 404])
{
    my ($id, $cast, $status) = @$case;
    is ask('GET', "/beta/\$entity/$cast?\$id=$id")->status, $status,
       "A7: \$entity/$cast?\$id=$id";
}
error_is ask('GET', "/beta/\$entity/$_?\$id=$of/win"), 404, undef,
         "\$entity/$_" for 'x', $group, "$windows/id";
is ask('GET', "/beta/\$entity?\$id=$of/win/$_/assignments/a")->status,
   $_ eq $windows ? 200 : 404, "an assignment behind $_"
    for $windows, $security;
is ask('DELETE', API . "/win/assignments/\$ref?\$id=$of/win/$security/"
                     . 'assignments/a')->status, 404, 'U3: not of this type';
is ask('DELETE', API . "/win/assignments/\$ref?\$id=$of/win/$windows/"
                     . 'assignments/a')->status, 204, 'U3: of this type';

# what is of one type only may be called by it

for my $path (BASE . '/microsoft.graph.officeConfiguration',
    BASE . "/microsoft.graph.officeConfiguration/tenantUserCheckinSummary",
    BASE . "/tenantUserCheckinSummary/$summary",
    BASE . "/tenantUserCheckinSummary/$summary/failedUserCount",
    BASE . '/tenantCheckinStatuses/microsoft.graph.officeClientCheckinStatus',
    API . "/win/userCheckinSummary/$summary/failedUserCount/\$value",
    API . '/win/checkinStatuses/microsoft.graph.officeClientCheckinStatus'
        . '/$count',
    map { API . "/win/assignments$_" }
        '/microsoft.graph.officeClientConfigurationAssignment',
        '/microsoft.graph.officeClientConfigurationAssignment/$count',
        '/microsoft.graph.officeClientConfigurationAssignment/b',
        '/b/microsoft.graph.officeClientConfigurationAssignment')
{
    my $bare = $path =~ s{/microsoft\.graph\.(?:office(?:Configuration
                            |UserCheckinSummary|ClientCheckinStatus
                            |ClientConfigurationAssignment))\b}{}xr;
    my $r = ask('GET', $path);
    is $r->status, 200, "I2: GET $path";
    is $r->body, ask('GET', $bare)->body, 'the same as without it';
    error_is ask('GET', "$bare/$windows"), 404, undef, 'but not another';
}

# an id that looks like a type has a URL that is not taken for one

for my $id ("$windows('a')", "$base(x)", $windows) {
    my $r = send_to('POST', API, { id => $id, assignments => [
        { id => 'microsoft.graph.officeClientConfigurationAssignment' }] });
    answer_is $r, 201, "the id $id";
    is json_item(ask('GET', path_of($r->header('Location'))), 'id'), $id,
       'its Location leads to it';
    my $add = send_to('POST', path_of($r->header('Location'))
        . '/assignments', { id => $windows });
    is json_item(ask('GET', path_of($add->header('Location'))), 'id'),
       $windows, 'as does that of an assignment';
    ask('DELETE', path_of($r->header('Location')));
}

# priorities of those of a type

{
    my %body = (officeConfigurationPolicyIds => ['win', 'plain'],
                officeConfigurationPriorities => [51, 52]);
    my $state = contents($redis);
    my $r = send_to('POST', API . "/$windows/updatePriorities", \%body);
    my $base_r = send_to('POST', API . '/updatePriorities',
        { %body, officeConfigurationPolicyIds => ['win', 'none'] });
    is $r->status, $base_r->status, 'N4: one of another type is unknown';
    is json_item($r, 'error', 'target'), json_item($base_r, 'error', 'target'),
       'that one';
    is_deeply contents($redis), $state, 'nothing changes';
    is send_to('POST', API . "/$windows/microsoft.graph.updatePriorities",
        { officeConfigurationPolicyIds => ['win'],
          officeConfigurationPriorities => [53] })->status, 204,
       'N4: of this type';
    is json_item(ask('GET', API . '/win'), 'priority'), 53, 'it is there';
}

# pages: the next link keeps the cast

{
    send_to('POST', API . '/win/checkinStatuses',
            [map { checkin("u$_") } 1 .. 5]);
    for my $query ('', '?$filter=wasSuccessful', '?$orderby=userId') {
        my ($path, %seen) = API . "/win/$windows/checkinStatuses$query";
        my $pages = 0;
        while (defined $path && $pages++ < 10) {
            my $r = ask('GET', $path);
            $seen{$_->{userId}}++ for @{json_item($r, 'value') // []};
            $path = json_item($r, '@odata.nextLink');
            like $path, qr{^\Qhttp://localhost${\API}/win/$windows/check\E},
                 'M3: the next link' if defined $path;
            $path = path_of($path) if defined $path;
        }
        is_deeply \%seen, { map { ("u$_" => 1) } 1 .. 5 },
                  "all check-ins over $pages pages$query";
    }
}

# in a change set, what an earlier request makes is of its type

{
    my $run = sub {
        my ($make, $cast) = @_;
        my $r = send_to('POST', '/beta/$batch', { requests => [
            { id => '1', atomicityGroup => 'g', method => 'POST',
              url => "/$of/$make", body => { id => 'batched' },
              headers => { 'Content-Type' => 'application/json' } },
            { id => '2', atomicityGroup => 'g', method => 'PUT',
              url => "\$1/$cast/displayName", body => { value => 'grouped' },
              headers => { 'Content-Type' => 'application/json' } }] });
        return map { $_->{status} } sort { $a->{id} <=> $b->{id} }
                   @{json_item($r, 'responses') // []};
    };

    is_deeply [$run->($windows, $security)], [424, 404],
              'A6: one that is of another type';
    error_is ask('GET', API . '/batched'), 404, undef, 'nothing is made';
    is_deeply [$run->($windows, $windows)], [201, 204], 'A6: of this type';
    is json_item(ask('GET', API . '/batched'), 'displayName'), 'grouped',
       'it is done';
    ask('DELETE', API . '/batched');
}

# methods: as without the cast

for my $below ('', '/displayName', '/policyPayload', '/assignments') {
    is ask('OPTIONS', API . "/win/$windows$below")->header('Allow'),
       ask('OPTIONS', API . "/win$below")->header('Allow'),
       "U14: OPTIONS of $below";
    is ask('HEAD', API . "/win/$windows$below")->status,
       ask('HEAD', API . "/win$below")->status, 'HEAD';
}
error_is ask('DELETE', API . "/$windows"), 405, undef, 'U14: DELETE';

# $select and $expand by types

sub one_of { my ($r, $id) = @_; (grep { $_->{id} eq $id } @{json_item($r,
    'value')})[0] }

{
    my $r = ask('GET', API . "?\$select=id,$windows/displayName&\$orderby=id"
                     . '&$top=9', Prefer => 'odata.maxpagesize=9');
    is json_item($r, '@odata.context'),
       "$meta$of(id,$windows/displayName)", 'I1: the context has the type';
    is one_of($r, 'win')->{displayName}, 'name win', 'I1: one of the type';
    ok !exists one_of($r, $_)->{displayName}, "not $_" for 'plain', 'sec';

    $r = ask('GET', API . "?\$select=$windows/id,$security/displayName",
             Prefer => 'odata.maxpagesize=9');
    my %by = map { (($_->{id} // $_->{'@odata.id'} =~ s{.*/}{}r) => $_) }
             @{json_item($r, 'value')};
    ok exists $by{win}{id} && !exists $by{win}{'@odata.id'}, 'a key that is'
        . ' selected';
    ok exists $by{plain}{'@odata.id'} && !exists $by{plain}{id},
       'one that is not, as it is of another type';
    is $by{sec}{displayName}, 'name sec', 'two types in one option';

    is json_item(ask('GET', API . "/win?\$select=$windows/displayName"),
                 '@odata.context'),
       "$meta$of/$windows($windows/displayName)/\$entity",
       'the context of one';
    ok !exists ask('GET', API . "/plain?\$select=id,$windows/displayName")
           ->json->{displayName}, 'of one of another type';
    is json_item(ask('GET', API . "/plain?\$select=id,$base/displayName"),
                 'displayName'), 'name plain', 'the base type is any';

    # inside of a complex value
    $ask->('POST', API . '/win/assign', json => {
        officeConfigurationAssignments => [
            { id => 'a', target => { '@odata.type' => "#$group",
                                     groupId => 'g' } },
            { id => 'b', target => {
                '@odata.type' =>
                    '#microsoft.graph.officeConfigurationAssignmentTarget' } },
            { id => 'c' }] });

    for my $select ("target/$group/groupId", "target/$group",
        "target(\$select=$group/groupId)", "target/$group(\$select=groupId)")
    {
        my $r = ask('GET', API . "/win/assignments?\$select=id,$select");
        answer_is $r, 200, "N3: \$select=$select";
        json_is json_item($r, 'value', 0, 'target'),
                { '@odata.type' => "#$group", groupId => 'g' }, 'of the type';
        json_is json_item($r, 'value', 1, 'target'), { '@odata.type' =>
                '#microsoft.graph.officeConfigurationAssignmentTarget' },
                'of another: nothing';
        like json_item($r, '@odata.context'),
             qr{\(id,target/\Q$group\E(?:/groupId)?\)$}, 'the context';
    }

    # expanded for some
    $r = ask('GET', API . "?\$expand=$windows/assignments&\$select=id",
             Prefer => 'odata.maxpagesize=9');
    is json_item($r, '@odata.context'),
       "$meta$of(id,$windows/assignments())", 'A4: the context';
    is scalar @{one_of($r, 'win')->{assignments}}, 3, 'A4: one of the type';
    ok !exists one_of($r, $_)->{assignments}, "not $_" for 'plain', 'sec';

    for my $id ('win', 'plain') {
        my $one = ask('GET', API . "/$id?\$expand=$windows/assignments"
            . '(%24select=id)', Accept => 'application/json;odata.metadata=full');
        is $one->status, 200, "A4: of $id alone";
        is exists $one->json->{assignments}, $id eq 'win' || '', 'it has them';
        ok exists $one->json->{'assignments@odata.navigationLink'},
           'and their link';
    }

    error_is ask('GET', API . "?$_"), 501, undef, $_
        for "\$expand=$windows/assignments,$security/assignments";
    error_is ask('GET', API . "?$_"), 400, undef, $_
        for "\$select=$group/id", "\$select=$windows", "\$expand=$windows",
            "\$select=$windows/none", "\$select=$windows/$security/id",
            '$expand=assignments,assignments', "\$select=$windows/*";
}

# the whole type of an action's or a function's name is not one of a property

error_is ask('GET', API . '?$select=microsoft.graph.none/id'), 501, '$select',
         'operations are not selected';

$t->done;
