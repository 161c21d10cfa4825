# The formats of answers: what Accept and $format choose, how much control
# information there is, counts as strings, the order of members, and Vary.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis,
                      location => 'office_config_inline_checkins 1;',
                      server => 'keepalive_requests 100000;');
my $ask = client($t);

my $service = 'http://localhost/beta';
my $context = "$service/\$metadata#officeConfiguration";
my $all = "$service/officeConfiguration/clientConfigurations";
my $graph = '#microsoft.graph.';
my $windows = "${graph}windowsOfficeClientConfiguration";
my $group = "${graph}officeConfigurationGroupAssignmentTarget";
my $summary = "${graph}officeUserCheckinSummary";
my $status = "${graph}officeClientCheckinStatus";

# type($level, %opt): the Content-Type

sub type {
    my ($level, %opt) = @_;
    return "application/json;odata.metadata=$level;odata.streaming="
        . ($opt{streaming} // 'false')
        . ($opt{ieee} ? ';IEEE754Compatible=true' : '') . ';charset=utf-8';
}

sub get {
    my ($path, $accept) = @_;
    return $ask->('GET', $path, headers => defined $accept
                  ? [Accept => $accept] : []);
}

# level($path, $level): the body at a level, after the status and the type

sub level {
    my ($path, $level, $method, @with) = @_;
    my $r = $ask->($method // 'GET', $path, @with, headers => [Accept =>
        "application/json;odata.metadata=$level"]);
    answer_is $r, $r->status, "$level, $path", type => type($level)
        if $r->status =~ /^20[01]$/ or fail "$path: " . $r->text;
    return $r;
}

# names($text): the names of a JSON text's members, those of the outer object

sub names {
    my ($text) = @_;
    my ($depth, @names) = (0);

    while ($text =~ /\G(?:("(?:[^"\\]|\\.)*")(:?)|([{\[])|([}\]])|[^"{}\[\]]+)/g) {
        push @names, $1 =~ s/^"|"$//gr if defined $1 && $2 && $depth == 1;
        $depth++ if defined $3;
        $depth-- if defined $4;
    }

    return @names;
}


# what is asked about: a configuration of a derived type with an id that URLs
# encode and quotes double, two check-ins of which one is shown, an assignment

my $id = "it's";
my $path = item_path(API, $id);
my $url = "$all/it%27s";
my $date = '2026-01-02T03:04:05.678+01:00';

my $made = $ask->('POST', API, json => {
    id => $id, '@odata.type' => $windows, displayName => 'One', priority => 3,
    policyPayload => 'YQ',
    assignments => [{ id => 'a/b', target => { '@odata.type' => $group,
                                               groupId => 'g' } }] });
answer_is $made, 201, 'a configuration';

for my $user ('u1', 'u2') {
    answer_is $ask->('POST', "$path/checkinStatuses", json => {
        userId => $user, deviceName => 'd', wasSuccessful => JSON::PP::true,
        checkinDateTime => "2026-01-02T03:04:0${\substr $user, 1}Z",
        appliedPolicies => [$id] }), 204, "a check-in of $user";
}

answer_is $ask->('POST', API, json => { id => 'plain', priority => 4 }), 201,
          'a configuration of the base type';

my $minimal = get($path)->json;
my $plain = get(API . '/plain')->json;
my $etag = $minimal->{'@odata.etag'};
my $modified = $minimal->{lastModifiedDateTime};
my $checkin = $minimal->{checkinStatuses}[0];
my $link = $minimal->{'checkinStatuses@odata.nextLink'};

is_deeply [sort grep { /\@/ } keys %$minimal],
    ['@odata.context', '@odata.etag', '@odata.type',
     'checkinStatuses@odata.count', 'checkinStatuses@odata.nextLink'],
    'minimal: what cannot be computed';
is_deeply [grep { /\@/ } keys %$checkin], [], 'nothing in a check-in';


# what they look like at the other levels

sub full_checkin {
    my ($checkin) = @_;
    return { %$checkin, '@odata.type' => $status,
             'checkinDateTime@odata.type' => '#DateTimeOffset',
             'appliedPolicies@odata.type' => '#Collection(String)' };
}

sub full_summary {
    my ($summary) = @_;
    return { %$summary, '@odata.type' => "${graph}officeUserCheckinSummary",
             'succeededUserCount@odata.type' => '#Int32',
             'failedUserCount@odata.type' => '#Int32' };
}

sub full_item {
    my ($item, $url, $type) = @_;
    return { %$item,
        '@odata.type' => $type, '@odata.id' => $url, '@odata.editLink' => $url,
        map({ ("$_\@odata.mediaEditLink" => "$url/$_",
               "$_\@odata.mediaReadLink" => "$url/$_",
               "$_\@odata.mediaEtag" => $item->{'@odata.etag'} =~ s{^W/}{}r,
               defined $item->{$_} ? ("$_\@odata.mediaContentType" =>
                                      'application/octet-stream') : ()) }
            'policyPayload', 'userPreferencePayload'),
        'priority@odata.type' => '#Int32',
        'lastModifiedDateTime@odata.type' => '#DateTimeOffset',
        userCheckinSummary => full_summary($item->{userCheckinSummary}),
        'checkinStatuses@odata.type' =>
            '#Collection(microsoft.graph.officeClientCheckinStatus)',
        checkinStatuses => [map { full_checkin($_) }
                            @{$item->{checkinStatuses}}],
        'assignments@odata.navigationLink' => "$url/assignments",
        'assignments@odata.associationLink' => "$url/assignments/\$ref",
    };
}

sub full_assignment {
    my ($assignment, $url) = @_;
    my %full = (%$assignment, '@odata.id' => $url, '@odata.editLink' => $url,
        '@odata.type' => "${graph}officeClientConfigurationAssignment");
    $full{target}{'@odata.type'} //= "${graph}officeConfigurationAssignmentTarget"
        if $full{target};
    return \%full;
}

# bare($data): without what "none" leaves out

sub bare {
    my ($data) = @_;
    return [map { bare($_) } @$data] if ref $data eq 'ARRAY';
    return $data if ref $data ne 'HASH';
    return { map { ($_ => bare($data->{$_})) }
             grep { !/\@/ || /\@odata\.(?:count|nextLink)$/ } keys %$data };
}

# both($path, $full, $name): three points: the levels, and the usual one again

sub both {
    my ($path, $full, $name, $method, @with) = @_;
    my $again = sub { $ask->($method // 'GET', $path, @with) };
    my $minimal = $again->()->json;
    my $want = $full->($minimal);

    for ($again, sub { level($path, 'minimal', $method, @with) }) {
        json_is $_->()->json, $minimal, "$name: minimal";
    }
    json_is level($path, 'full', $method, @with)->json, $want, "$name: full";
    json_is level($path, 'none', $method, @with)->json, bare($minimal),
            "$name: none";
}

both $path, sub { full_item($_[0], $url, $windows) }, 'a configuration';
both API . '/plain',
     sub { full_item($_[0], "$all/plain", "${graph}officeClientConfiguration") },
     'of the base type';
both API, sub {
    my ($page) = @_;
    my %url = ($id => [$url, $windows],
               plain => ["$all/plain", "${graph}officeClientConfiguration"]);
    return { %$page, value => [map { full_item($_, @{$url{$_->{id}}}) }
                               @{$page->{value}}] };
}, 'a collection';

{
    my $assignment = "$url/assignments/a%2Fb";
    my $expand = sub { full_item({ %{$_[0]}, assignments =>
        [map { full_assignment($_, $assignment) } @{$_[0]{assignments}}] },
        $url, $windows) };

    both "$path?\$expand=assignments", $expand, 'with its assignments';
    both "$path/assignments", sub { +{ %{$_[0]}, value =>
        [map { full_assignment($_, $assignment) } @{$_[0]{value}}] } },
        'assignments';
    both "$path/assignments/a%2Fb",
         sub { full_assignment($_[0], $assignment) }, 'one of them';
}

both "$path?\$select=displayName,userCheckinSummary/failedUserCount", sub {
    my %full = (%{$_[0]}, '@odata.type' => $windows, '@odata.id' => $url,
                '@odata.editLink' => $url);
    $full{userCheckinSummary} = { %{$full{userCheckinSummary}},
        '@odata.type' => $summary, 'failedUserCount@odata.type' => '#Int32' };
    return \%full;
}, 'a part of it';

is json_item(get("$path?\$select=$_->[0]"), '@odata.id'), $_->[1],
   "minimal, \$select=$_->[0]: the id if there is no key"
    for ['displayName', $url], ['id', undef], ['*', undef],
        ['id,displayName', undef], ['priority,*', undef];
is json_item(get(BASE . '?$select=tenantUserCheckinSummary'), '@odata.id'),
   "$service/officeConfiguration", 'of the singleton';


# the same in collections, and of what is expanded

{
    my %url = (One => [$url, $windows],
               plain => ["$all/plain", "${graph}officeClientConfiguration"]);
    $ask->('PATCH', API . '/plain', json => { displayName => 'plain' });

    both API . '?$select=displayName&$count=true', sub {
        my ($page) = @_;
        return { %$page, value => [map { +{ %$_,
            '@odata.id' => $url{$_->{displayName}}[0],
            '@odata.editLink' => $url{$_->{displayName}}[0],
            '@odata.type' => $url{$_->{displayName}}[1] } }
            @{$page->{value}}] };
    }, '$select of a collection';
    my $r = get(API . '?$select=displayName&$orderby=priority');
    is_deeply [map { $_->{'@odata.id'} } @{json_item($r, 'value')}],
              [$url, "$all/plain"], 'minimal: the ids, for there are no keys';
    is_deeply [grep { exists $_->{'@odata.id'} } @{json_item(get(API
              . "?\$select=$_"), 'value')}], [], "not with \$select=$_"
        for 'id', '*', 'displayName,id';

    my $assignment = "$url/assignments/a%2Fb";
    $r = get("$path?\$select=priority&\$expand=assignments(\$select=target)");
    is json_item($r, '@odata.id'), $url, '$select and $expand';
    is json_item($r, 'assignments', 0, '@odata.id'), $assignment,
       'the id of what is expanded';
    $r = get("$path/assignments?\$select=target");
    is json_item($r, 'value', 0, '@odata.id'), $assignment,
       '$select of assignments';

    for my $level ('minimal', 'full', 'none') {
        $r = level("$path?\$expand=assignments/\$ref", $level);
        json_is json_item($r, 'assignments'), [{ '@odata.id' => $assignment }],
                "$level: a reference is its id, the same one";
        is get(path_of($assignment))->json->{id}, 'a/b', 'which leads to it';
        $r = $ask->('GET', API . '?$count=true', headers => [
            Prefer => 'odata.maxpagesize=1', Accept => 'application/json;'
                . "odata.metadata=$level;IEEE754Compatible=true"]);
        is json_item($r, '@odata.count'), '2', "$level: the count of a page";
        like $r->body, qr/"\@odata\.count":"2"/, 'is a string';
        like json_item($r, '@odata.nextLink'), qr{^\Q$all\E\?},
             'the next link is there';
    }

    $ask->('PATCH', API . '/plain', json => { displayName => undef });
}

is_deeply [grep { /^assignments\@/ } names(level("$path?\$select=$_->[0]",
                                                 'full')->body)],
    $_->[1], "full, \$select=$_->[0]: links"
    for ['id', []], ['*', []],
        ['id,assignments', ['assignments@odata.associationLink',
                            'assignments@odata.navigationLink']];

both BASE, sub {
    my $one = "$service/officeConfiguration";
    return { %{$_[0]}, '@odata.type' => "${graph}officeConfiguration",
        '@odata.id' => $one, '@odata.editLink' => $one,
        tenantUserCheckinSummary =>
            full_summary($_[0]{tenantUserCheckinSummary}),
        'tenantCheckinStatuses@odata.type' =>
            '#Collection(microsoft.graph.officeClientCheckinStatus)',
        tenantCheckinStatuses => [map { full_checkin($_) }
                                  @{$_[0]{tenantCheckinStatuses}}],
        'clientConfigurations@odata.navigationLink' =>
            "$one/clientConfigurations",
        'clientConfigurations@odata.associationLink' =>
            "$one/clientConfigurations/\$ref" };
}, 'the singleton';

both $_, sub { +{ %{$_[0]}, '@odata.type' =>
    '#Collection(microsoft.graph.officeClientCheckinStatus)',
    value => [map { full_checkin($_) } @{$_[0]{value}}] } }, $_
    for "$path/checkinStatuses", BASE . '/tenantCheckinStatuses',
        "$path/checkinStatuses?\$top=1", API . '/plain/checkinStatuses';

both "$path/userCheckinSummary", sub { full_summary($_[0]) }, 'a complex value';
both "$path/$_->[0]", sub { +{ %{$_[0]}, $_->[1] ? ('@odata.type' => $_->[1])
                                                 : () } }, $_->[0]
    for ['displayName'], ['id'], ['priority', '#Int32'],
        ['lastModifiedDateTime', '#DateTimeOffset'],
        ['userCheckinSummary/failedUserCount', '#Int32'];
both '/beta/$entity?$id=' . $url, sub { full_item($_[0], $url, $windows) },
     '$entity';


# writes

for my $level ('minimal', 'full', 'none') {
    my @accept = (headers => [Accept => "application/json;odata.metadata=$level",
                              Prefer => 'return=representation']);
    my $type = type($level);
    my $shape = sub {
        my ($r, $full, $name) = @_;
        answer_is $r, $r->status, "$level: $name", type => $type;
        my @names = names($r->body);
        is scalar(grep { /\@odata.(?!count|nextLink)/ } @names) > 0,
           $level ne 'none', 'control information';
        is scalar(grep { $_ eq $full } @names), $level eq 'full' ? 1 : 0, $full;
        is $names[0], '@odata.context', 'the context is first'
            if $level ne 'none';
    };

    my $r = $ask->('POST', API, json => { id => "w$level" }, @accept);
    is $r->status, 201, "$level: POST";
    $shape->($r, '@odata.editLink', 'POST');
    is json_item($r, '@odata.id'), $r->header('Location'),
       'the id is the Location' if $level eq 'full';
    my $item = API . "/w$level";

    $shape->($ask->('PATCH', $item, json => { priority => 9 }, @accept),
             'priority@odata.type', 'PATCH');
    $shape->($ask->('PUT', $item, json => {}, @accept),
             'policyPayload@odata.mediaReadLink', 'PUT');
    $shape->($ask->('POST', "$item/assignments", json => { id => '$x' },
                    @accept), '@odata.editLink', 'POST of an assignment');
    is json_item(level("$item/assignments", 'full'), 'value', 0, '@odata.id'),
       "$all/w$level/assignments('%24x')", 'with a key that needs it';
    $shape->($ask->('PATCH', "$item/assignments('\$x')", json => {}, @accept),
             '@odata.id', 'PATCH of it');
    $shape->($ask->('PATCH', "$item/userCheckinSummary",
                    json => { failedUserCount => 2 }, @accept),
             'failedUserCount@odata.type', 'PATCH of a complex value');
    $shape->($ask->('PUT', "$item/priority", json => { value => 5 }, @accept),
             '@odata.type', 'PUT of a property');

    $r = $ask->('POST', "$item/assign", json =>
        { officeConfigurationAssignments => [{ id => 'n' }] }, @accept);
    answer_is $r, 200, "$level: assign", type => $type;
    is json_item($r, 'value', 0, '@odata.id'), $level eq 'full'
       ? "$all/w$level/assignments/n" : undef, 'the items as well';
    is json_item($r, '@odata.context'), $level eq 'none' ? undef
       : "$service/\$metadata#Collection(microsoft.graph."
         . 'officeClientConfigurationAssignment)', 'the context';

    my $array = $ask->('POST', "$item/checkinStatuses",
                       json => [{ userId => 'x' }], @accept);
    answer_is $array, 200, "$level: an array of check-ins", type => $type;
    is json_item($array, 'value', 0, 'status'), 400, 'reports are as they are';

    # errors have no control information, but a media type
    error_is $ask->('GET', "$item/none", @accept), 404, undef, 'an error',
             type => $type;
    error_is $ask->('PATCH', $item, json => { x => 1 }, @accept), 400, 'x',
             'of a write', type => $type;
    is $ask->('DELETE', $item, @accept)->status, 204, 'DELETE';
}


# every value that is a null or empty

{
    my $item = API . '/plain';
    $ask->('PATCH', $item, json => { userCheckinSummary => undef });
    my $r = level($item, 'full');
    is scalar(grep { /^userCheckinSummary\@/ } names($r->body)), 0,
       'nothing is said about null';
    is json_item($r, 'userCheckinSummary'), undef, 'it is null';
    answer_is get("$item/userCheckinSummary", 'application/json;metadata=full'),
              204, 'or no content';
    json_is json_item($r, 'checkinStatuses'), [], 'an empty collection';
}


# the id of an item may be anything

for my $key ('a"b', "\x{1f600}", '..', '$count', 'microsoft.graph.entity',
             'back\\slash', "a b")
{
    my $made = $ask->('POST', API, json => { id => $key });
    my $got = level(path_of($made->header('Location')), 'full');
    is json_item($got, '@odata.id'), $made->header('Location'),
       'the id is the Location: ' . printable($made->header('Location'));
    my ($listed) = grep { $_->{id} eq $key }
                   @{json_item(level(API, 'full'), 'value')};
    is $listed->{'@odata.id'}, $made->header('Location'), 'in a list as well';
    is get(path_of($listed->{'assignments@odata.navigationLink'}))->status, 200,
       'the link of the assignments leads there';
    is get(path_of($listed->{'policyPayload@odata.mediaReadLink'}))->status,
       204, 'that of the stream, too';
    $ask->('DELETE', path_of($made->header('Location')));
}


# what is said of streams (OData JSON Format 4.01, 4.6.13, 4.6.14): at the
# level full what their own URLs say; at the others nothing

{
    my $stream = API . '/stream';
    answer_is $ask->('POST', API, json => { id => 'stream',
        policyPayload => 'YQ', userPreferencePayload => 'text' }), 201,
        'a configuration with two streams';

    my $said_is = sub {
        my ($name) = @_;
        my @items = map { $_->json } level($stream, 'full'),
            $ask->('PATCH', $stream, json => { priority => 1 + int rand 9 },
                   headers => [Accept =>
                               'application/json;odata.metadata=full']);
        push @items, grep { $_->{id} eq 'stream' }
                          @{json_item(level(API . "?\$filter=id eq 'stream'"
                              =~ s/ /%20/gr, 'full'), 'value')};
        is scalar @items, 3, "$name: of itself, after a PATCH, in a list";

        for my $property ('policyPayload', 'userPreferencePayload') {
            my $r = get("$stream/$property");
            for my $item (@items) {
                is $item->{"$property\@odata.mediaEtag"}, $r->header('ETag'),
                   "$name: the ETag of $property";
                is $item->{"$property\@odata.mediaContentType"},
                   $r->header('Content-Type'), 'its media type';
                is $item->{"$property\@odata.media${_}Link"},
                   "$all/stream/$property", "its link to $_"
                    for 'Read', 'Edit';
            }
        }
    };

    $said_is->('from JSON');

    for my $type ('text/plain', 'application/json; x="a\\b"', 'x/y;' . 'z' x 99) {
        $ask->('PUT', "$stream/policyPayload", body => 'bytes', type => $type);
        $said_is->("PUT as $type");
    }

    my $before = level($stream, 'full')->json;
    is $ask->('PUT', "$stream/policyPayload", body => 'new', headers => [
        'If-Match' => $before->{'policyPayload@odata.mediaEtag'}])->status,
       204, 'a write with that ETag';
    is $ask->('PUT', "$stream/policyPayload", body => 'newer', headers => [
        'If-Match' => $before->{'policyPayload@odata.mediaEtag'}])->status,
       412, 'only the first';
    is level($stream, 'full')->json->{'userPreferencePayload@odata.mediaEtag'},
       $before->{'userPreferencePayload@odata.mediaEtag'},
       'the ETag of the other stream stays';

    $ask->('PUT', "$stream/policyPayload", body => 'x', type => "a/b;c=\xff");
    is level($stream, 'full')->json->{'policyPayload@odata.mediaContentType'},
       'application/octet-stream', 'one with bytes that are no text';

    $ask->('PUT', "$stream/policyPayload", body => 'x', type => 'a/b');
    $ask->('DELETE', "$stream/userPreferencePayload");
    $said_is->('null');

    is_deeply [sort grep { /Payload\@/ } names(level(
        "$stream?\$select=policyPayload", 'full')->body)],
        [map { "policyPayload\@odata.media$_" } 'ContentType', 'EditLink',
         'Etag', 'ReadLink'], 'of those that $select has';
    my @names = names(level($stream, 'full')->body);
    my ($at) = grep { $names[$_] eq 'policyPayload' } 0 .. $#names;
    is scalar(grep { /^policyPayload\@/ } @names[$at - 4 .. $at - 1]), 4,
       'all is said in front of it';
    is scalar(grep { /media/ } names(level($stream, $_)->body)), 0,
       "nothing at the level $_" for 'minimal', 'none';
    $ask->('DELETE', $stream);
}


# IEEE754Compatible: counts are strings

for my $level ('minimal', 'full', 'none') {
    my $r = get($path, "application/json;odata.metadata=$level;"
                       . 'IEEE754Compatible=true');
    answer_is $r, 200, "$level, IEEE754Compatible",
              type => type($level, ieee => 1);
    like $r->body, qr/"checkinStatuses\@odata\.count":"2"/,
         'a count is a string';
    like $r->body, qr/"priority":3,/, 'an Int32 is not';
    like level($path, $level)->body, qr/"checkinStatuses\@odata\.count":2,/,
         'else it is none';
}

is get("$path/checkinStatuses/\$count",
       'application/json;IEEE754Compatible=true')->body, '2', 'text is text';


# streaming: the members in the order of the JSON format

for my $level ('minimal', 'full') {
    my $r = get("$path?\$expand=assignments", "application/json;"
                . "odata.metadata=$level;odata.streaming=true");
    answer_is $r, 200, "$level, streaming",
              type => type($level, streaming => 'true');
    my @names = names($r->body);
    is_deeply [@names[0, 1]], ['@odata.context', '@odata.type'],
              'the context, then the type';
    is scalar(grep { $names[$_] =~ /^[^@]/ } 0 .. 2), 0,
       'in front of any property' . ($level eq 'full' ? ', the id' : '');

    my ($about, %seen) = ('');
    for my $name (grep { !/^\@/ } @names) {
        my ($of) = $name =~ /^([^@]*)/;
        fail "$name is not in front of $of" if $name =~ /.\@/ && $seen{$of};
        fail "$name is between" if length $about && $about ne $of;
        $about = $name =~ /\@/ ? $of : '';
        $seen{$of} = 1 if $name !~ /\@/;
    }
    is $about, '', 'what is said about a property is in front of it';
    json_is $r->json, level("$path?\$expand=assignments", $level)->json,
            'the same data';
}


# what chooses the format

for my $case (
    ['application/json;odata.metadata=full', 'full'],
    ['application/json;metadata=full', 'full'],
    ['application/json; odata.metadata=NONE', 'none'],
    ['application/json;OData.Metadata="none"', 'none'],
    ['Application/JSON ; ODATA.METADATA=full ; charset=UTF-8', 'full'],
    ['application/json;odata.metadata=full, application/json', 'full'],
    ['application/json, application/json;odata.metadata=full', 'full'],
    ['application/json;odata.metadata=full;q=0.5, application/json', 'minimal'],
    ['application/json;odata.metadata=full;q=0.5, '
        . 'application/json;odata.metadata=none;q=0.7', 'none'],
    ['application/json;odata.metadata=none, '
        . 'application/json;odata.metadata=full', 'none'],
    ['application/json;odata.metadata=minimal;q=0, application/json', 'full'],
    ['*/*, application/json;odata.metadata=none', 'none'],
    ['text/html, application/json;odata.metadata=full;q=0.1', 'full'],
    ['application/json;x=y, */*;q=0.1', 'minimal'],
    ['application/json;odata.metadata=all, application/json', 'minimal'],
    ['application/json;odata.streaming=true', 'minimal', streaming => 'true'],
    ['application/json;streaming=true, application/json;q=0.9', 'minimal',
        streaming => 'true'],
    ['application/json;odata.streaming=false', 'minimal'],
    ['application/json;IEEE754Compatible=true', 'minimal', ieee => 1],
    ['application/json;ieee754compatible=TRUE;odata.metadata=full', 'full',
        ieee => 1],
    ['application/json;ExponentialDecimals=true', 'minimal'],
    ['application/json;charset=utf8', 'minimal'],
    ['application/json;q=1;odata.metadata=none', 'none'],
    ['application/json;;', 'minimal'],
)
{
    my ($accept, $level, %opt) = @$case;
    answer_is get($path, $accept), 200, "M5: Accept: $accept",
              type => type($level, %opt);
}

for my $accept ('application/json;odata.metadata=all',
    'application/json;odata.metadata', 'application/json;odata.metadata=',
    'application/json;x=y', 'application/json;odata=verbose',
    'application/json;charset=iso-8859-1', 'application/json;IEEE754Compatible',
    'application/json;IEEE754Compatible=yes', 'application/json;=x',
    'application/json;odata.streaming=maybe', 'application/json;q=x',
    'application/json;ExponentialDecimals=2', 'application/json;q=',
    'application/json;odata.metadata=full;q=0',
    'application/json;odata.metadata="full, application/json"')
{
    error_is get($path, $accept), 406, undef, "M5: Accept: $accept";
}

for my $case (
    ['json', 'minimal'], ['JSON', 'minimal'], ['application/json', 'minimal'],
    ['application/json;odata.metadata=full', 'full'],
    ['application%2Fjson%3Bodata.metadata%3Dnone', 'none'],
    ['application/json;metadata=none;IEEE754Compatible=true', 'none',
        ieee => 1],
    ['application/json; odata.metadata="full"', 'full'],
)
{
    my ($format, $level, %opt) = @$case;
    $format =~ s/ /%20/g;
    for my $name ('$format', 'format', '%24Format') {
        answer_is get("$path?$name=$format", 'text/html'), 200,
                  "$name=$format", type => type($level, %opt);
    }
    answer_is get(API . "?\$top=1&\$format=$format"), 200, 'of a list',
              type => type($level, %opt);
}

for my $format ('xml', 'atom', 'application/xml', 'text/html', 'json;x=y', '',
    'application/json;x=y', 'application/json;q=1', '*/*', 'application/*',
    'application/json,application/json', 'json,json', 'x' x 2_000,
    'application/json;odata.metadata=all')
{
    error_is get("$_?\$format=$format", 'application/json'), 406, '$format',
             'M5: $format=' . printable($format) for $path, API, BASE;
}

{
    my $n = $redis->cmd('HLEN', 'oc:{default}:cfg');
    error_is $ask->('POST', API . '?$format=xml', json => {}), 406, '$format',
             'M5: POST';
    is $redis->cmd('HLEN', 'oc:{default}:cfg'), $n, 'creates nothing';
    answer_is $ask->('PATCH', "$path?\$format=application/json;metadata=none",
                     json => {}), 200, '$format of a write',
              type => type('none');
    error_is $ask->('DELETE', "$path?\$format=json"), 501, '$format',
             'a DELETE has no format';
    error_is get("$path/policyPayload?\$format=json"), 501, '$format',
             'nor has a stream';
}


# text

for my $case (['$count', undef], ['$count', 'text/plain'],
    ['$count', 'application/json'], ['$count', '*/*'],
    ['$count', 'text/plain;q=0.5, application/json'],
    ['$count?$format=text/plain', 'text/html'], ['$count?$format=json', undef],
    ['it%27s/displayName/$value', 'text/plain;charset=utf-8'],
    ['it%27s/displayName/$value', 'application/json'],
    ['it%27s/displayName/$value?$format=text/plain', undef])
{
    my $r = get(API . "/$case->[0]", $case->[1]);
    is $r->header('Content-Type'), 'text/plain;charset=utf-8',
       "$case->[0], Accept: " . ($case->[1] // 'none') or diag $r->text;
}

error_is get(API . "/$_->[0]", $_->[1]), 406, undef, "$_->[0], $_->[1]"
    for ['$count', 'text/html'], ['$count', 'application/xml'],
        ['it%27s/displayName/$value', 'image/png'],
        ['it%27s/displayName', 'text/plain'],
        ['$count?$format=xml', 'text/plain'];


# N9: Vary

{
    my $vary = sub {
        my ($r, $want, $name) = @_;
        is $r->header('Vary'), 'Accept, OData-Version, OData-MaxVersion' . $want,
           "N9: $name" or diag $r->text;
        is scalar(() = $r->header_all('Vary')), 1, 'once';
    };

    $vary->(get($_), '', $_) for $path, BASE, '/beta', "$path/displayName",
        "$path/policyPayload", "$path/assignments/a%2Fb", '/beta/$metadata',
        "$path/none";
    $vary->(get($_), ', Prefer', $_) for API, "$path/assignments",
        "$path/checkinStatuses", BASE . '/tenantCheckinStatuses';
    $vary->($ask->('GET', $path, headers => ['If-None-Match' => '*']), '',
            'a 304');
    $vary->($ask->('PATCH', $path, json => {}), ', Prefer', 'PATCH');
    $vary->($ask->('POST', API, json => { x => 1 }), ', Prefer', 'an error');
}

$t->done;
