# Which URL leads where, with which methods.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis,
                      server => 'keepalive_requests 100000;');
my $ask = client($t);

answer_is $ask->('POST', API, json => { id => 'one' }), 201, 'an item';
my $state = contents($redis);


# what there is: its methods, and no others

my $read = 'GET, HEAD, OPTIONS';
my $item = 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS';
my $change = 'GET, HEAD, PUT, DELETE, OPTIONS';

my %resource = (
    '/beta', $read,
    '/beta/', $read,
    '/beta/$metadata', $read,
    '/beta/%24metadata', $read,
    '/beta/$entity', $read,
    BASE, 'GET, HEAD, PATCH, OPTIONS',
    BASE . '/', 'GET, HEAD, PATCH, OPTIONS',
    BASE . '/tenantUserCheckinSummary', $read,
    map({ (BASE . "/$_", 'GET, HEAD, POST, OPTIONS',
           BASE . "/$_/\$count", $read) } 'tenantCheckinStatuses'),
    API, 'GET, HEAD, POST, OPTIONS',
    API . '/', 'GET, HEAD, POST, OPTIONS',
    API . '/$ref', 'GET, HEAD, POST, OPTIONS',
    API . '/%24ref', 'GET, HEAD, POST, OPTIONS',
    API . '/$count', $read,
    map({ (API . "/$_", 'POST, OPTIONS') } 'updatePriorities',
        'microsoft.graph.updatePriorities',
        'microsoft.management.services.api.updatePriorities'),
    API . '/none', $item,
    API . '/one/', $item,
    API . '/one/microsoft.graph.officeClientConfiguration', $item,
    map({ my $one = API . $_; (
        $one, $item,
        "$one/assign", 'POST, OPTIONS',
        "$one/microsoft.graph.assign", 'POST, OPTIONS',
        "$one/assignments", 'GET, HEAD, POST, OPTIONS',
        "$one/assignments/", 'GET, HEAD, POST, OPTIONS',
        "$one/assignments/\$count", $read,
        "$one/assignments/\$ref", 'GET, HEAD, DELETE, OPTIONS',
        "$one/assignments/a", 'GET, HEAD, PATCH, DELETE, OPTIONS',
        "$one/assignments('a')", 'GET, HEAD, PATCH, DELETE, OPTIONS',
        "$one/assignments/a/\$ref", 'DELETE, OPTIONS',
        "$one/assignments('a')/\$ref", 'DELETE, OPTIONS',
        "$one/userCheckinSummary", $item,
        "$one/checkinStatuses", 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
        "$one/checkinStatuses/", 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
        "$one/checkinStatuses/\$count", $read,
        map({ ("$one/$_", $read) } 'id', 'lastModifiedDateTime', 'id/$value'),
        map({ ("$one/$_", $change) } 'policyPayload', 'policyPayload/$value',
            'userPreferencePayload', 'description', 'displayName', 'priority',
            'displayName/$value', 'userCheckinSummary/failedUserCount')) }
        '/one', q{('one')}),
);

for my $path (sort keys %resource) {
    my $allow = $resource{$path};
    my %allowed = map { $_ => 1 } split /, /, $allow;

    my $r = $ask->('OPTIONS', $path);
    answer_is $r, 204, "OPTIONS $path";
    is $r->header('Allow'), $allow, 'Allow';
    is $ask->('OPTIONS', "$path?\$filter=x", body => 'x',
              headers => [Accept => 'text/html'])->header('Allow'), $allow,
       'whatever comes with it';

    for my $method (qw(GET HEAD POST PUT PATCH DELETE MKCOL COPY MOVE PROPFIND
                       PROPPATCH LOCK UNLOCK LINK QUERY BREW X get))
    {
        next if $allowed{$method};
        my $r = $ask->($method, $path);
        if ($method eq 'get') {
            is $r->status, 400, 'nginx knows no lower case';
            next;
        }
        $method eq 'HEAD'
            ? answer_is $r, 405, "$method $path", method => $method
            : error_is $r, 405, undef, "$method $path";
        is $r->header('Allow'), $allow, 'Allow';
        error_is $ask->($method, "$path?\$nothing=1", body => 'x' x 5_000),
                 405, undef, 'whatever comes with it' if $method ne 'HEAD';
    }

    # nginx itself answers TRACE and CONNECT
    like $ask->($_, $path)->status, qr/^(?:400|405)$/, "$_ $path"
        for qw(TRACE CONNECT);
}


# a batch is only posted

for my $path ('/beta/$batch', '/beta/%24batch') {
    error_is $ask->('POST', $path, json => {}), 400, undef, "POST $path";

    for my $method ('GET', 'PATCH') {
        error_is $ask->($method, $path, $method eq 'GET' ? () : (json => {})),
                 405, undef, "$method $path";
    }
}


# how many check-ins there are

for my $path (API . '/one/checkinStatuses', API . q{('one')/checkinStatuses},
              BASE . '/tenantCheckinStatuses')
{
    for my $count ('$count', '%24count', '$count/') {
        my $r = $ask->('GET', "$path/$count");
        is join(' ', $r->status, $r->header('Content-Type'), $r->body),
           '200 text/plain;charset=utf-8 0', "GET $path/$count" or
           diag $r->text;
    }
}


# below what is not there

for my $path (map({ API . "/none/$_" } qw(policyPayload description priority
        id userCheckinSummary checkinStatuses checkinStatuses/$count
        assignments assignments/$count assignments/a displayName/$value userCheckinSummary/failedUserCount)),
    API . '/one/assignments/none')
{
    error_is $ask->('GET', $path), 404, undef, "GET $path";
}

error_is $ask->(@$_), 404, undef, "$_->[0] $_->[1]" for (
    ['PATCH', API . '/none', json => {}], ['PUT', API . '/none', json => {}],
    ['POST', API . '/none/assignments', json => {}],
    ['POST', API . '/none/checkinStatuses', json => { userId => 'u',
        checkinDateTime => '2020-01-01T00:00:00Z', wasSuccessful => \1 }],
    ['POST', API . '/none/assign',
        json => { officeConfigurationAssignments => [] }],
    ['PATCH', API . '/none/assignments/a', json => {}],
    ['PATCH', API . '/one/assignments/a', json => {}],
    ['DELETE', API . '/none/assignments/a'],
    ['DELETE', API . '/one/assignments/a'],
    ['DELETE', API . '/one/assignments/a/$ref'],
    ['PUT', API . '/none/displayName', json => { value => 'x' }],
    ['PUT', API . '/none/policyPayload', body => 'x'],
    ['DELETE', API . '/none/displayName'],
    ['DELETE', API . '/none/policyPayload'],
);


# what there is not

for my $path ('/beta/x', '/beta/officeconfiguration', '/beta/OfficeConfiguration',
    '/beta/officeConfigurations', '/beta/clientConfigurations',
    '/beta/me', '/beta/officeConfiguration()', '/beta/$metadata/x',
    BASE . '/x', BASE . '/ClientConfigurations', BASE . '/clientconfigurations',
    BASE . '/clientConfiguration', BASE . '/clientConfigurationsX',
    BASE . '/officeConfiguration/clientConfigurations',
    BASE . '/tenantcheckinstatuses', API . '/one/x', API . '/one/DisplayName',
    API . '/one/assignments/a/x', API . '/one/assignments/$count/x',
    API . '/one/assignments()', API . '/one/Assignments',
    API . '/one/assignments(a)', API . '/one/assign/x', API . '/$count/x',
    API . '/microsoft.graph.assign/x',
    API . '/one/microsoft.management.services.api.assign',
    API . '/microsoft.graph.officeClientConfigurationAssignment',
    API . q{('one')/x}, API . q{('one'}, API . q{'one'}, API . q{(one)},
    API . '()', API . q{('one')('one')}, API . q{('one'),('two')},
    API . '(1)', API . q{("one")}, API . q{('one'%20)}, API . '/one/two',
    API . '/one/one', API . '/$ref/x', API . '/' . 'x' x 300,
    API . '/' . join('/', ('x') x 50), API . '/one' . '/x' x 50,
    API . '/%FF', API . '/%C3%28', '/beta/%FF', '/beta/' . 'x' x 5_000,
    '/betax', '/betaX/officeConfiguration/clientConfigurations',
    '/beta.officeConfiguration/clientConfigurations',
    '/beta%20/officeConfiguration/clientConfigurations')
{
    for my $method ('GET', 'DELETE', 'POST', 'OPTIONS', 'HEAD') {
        my $r = $ask->($method, $path, $method eq 'POST' ? (json => {}) : ());
        my $name = "$method " . printable($path);
        $method eq 'HEAD' ? answer_is $r, 404, $name, method => 'HEAD'
                          : error_is $r, 404, undef, $name;
        is $r->header('Allow'), undef, 'no Allow' if $method eq 'OPTIONS';
    }
}


# ways to write the same path

my $got = $ask->('GET', API . '/one');
answer_is $got, 200, 'the item';

is $ask->('GET', $_)->body, $got->body, printable($_) for (
    '//beta//officeConfiguration///clientConfigurations//one',
    '/beta/./officeConfiguration/./clientConfigurations/./one',
    '/beta/x/../officeConfiguration/y/../clientConfigurations/z/../one',
    '/x/../beta/officeConfiguration/clientConfigurations/one',
    API . '/two/../one', API . '/one/.', API . '/one/x/..', API . '//one/',
    '/%62eta/officeConfiguration/clientConfigurations/one',
    '/beta/office%43onfiguration/clientConfigurations/%6fne',
    '/beta/officeConfiguration/clientConfigurations/one?',
    '/beta/officeConfiguration/clientConfigurations/one?x',
    '/beta/officeConfiguration/clientConfigurations/%6F%6E%65',
    API . '/two/%2e%2e/one', API . '/%2E/one',
    'http://localhost/beta/officeConfiguration/clientConfigurations/one',
    'HTTP://localhost/beta/officeConfiguration/clientConfigurations/one',
    API . q{%28'one'%29}, API . q{(%27one%27)}, API . q{('%6fne')},
);

is $ask->('GET', $_)->status, 200, 'the collection: ' . printable($_) for (
    API, API . '/', API . '//', API . '/.', API . '/one/..', API . '?',
    '/beta/officeConfiguration//clientConfigurations',
);

# an encoded slash is part of a segment
error_is $ask->('GET', $_), 404, undef, printable($_) for (
    '/beta/officeConfiguration%2FclientConfigurations/one',
    '/beta/officeConfiguration/clientConfigurations%2Fone',
    API . '/one%2F', API . '/%2Fone', API . '/x%2F..%2Fone',
);

# more than a path can be
like $ask->('GET', API . '/' . 'x' x 20_000)->status, qr/^414$/,
     'nginx limits the length';
like $ask->('GET', $_)->status, qr/^400$/, 'not a path: ' . printable($_)
    for '/beta/%', '/beta/%0', '/beta/%zz', '/beta/%00', '/../beta', 'beta';

is_deeply contents($redis), $state, 'nothing of this changes anything';

$t->allow_log(qr/client sent (?:invalid|plain|too long URI)/,
              qr/open\(\) "\S+" failed/);
$t->done;
