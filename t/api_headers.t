# The headers of every response, the body of every error, and what Accept says.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $dead = $t->redis(start => 0);
my $slow = $t->proxy(upstream => $redis);
my $conf = $t->api_conf(redis => $redis,
    server => 'client_max_body_size 10k; keepalive_requests 100000;');
my ($none, $mute) = ($dead->url, $slow->url);

$conf =~ s{(?=\n\s+server \{\n\s+listen)}{
    office_config_redis dead { server $none; }
    office_config_redis slow { server $mute; command_timeout 300ms; }
    limit_req_zone \$server_port zone=one:64k rate=1r/m;
};
$conf =~ s{(?=\n\s+location /beta)}{join '', map { <<"END" } (
        location $_->[0]/beta {
            office_config_pass $_->[1];
            office_config_auth off;
            $_->[2]
        }
END
    ['/dead', 'dead', ''], ['/slow', 'slow', ''],
    ['/denied', 'main', 'deny all;'],
    ['/limited', 'main', 'limit_req zone=one; limit_req_status 429;'],
    ['/limited503', 'main', 'limit_req zone=one;'],
    map({ ["/return$_", 'main', "return $_;"] }
        400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 429, 501, 503, 504),
    ['/return_text', 'main', 'return 400 "<b>text</b>";'],
    ['/return204', 'main', 'return 204;'],
    ['/tenant', 'main', 'office_config_tenant $http_x_tenant;'],
    ['/add', 'main', 'add_header X-Added yes always;'],
)}e;

my $nginx = $t->nginx(http => $conf);
my $ask = client($t);
my $item = API . '/one';
my @type = (type => 'application/json');


# one request for every kind of answer

my %made = (
    201 => [['POST', API, json => {}], ['POST', API . '/$ref', json => { priority => 1 }],
            ['POST', "$item/assignments", json => {}]],
    200 => [['GET', $item], ['HEAD', $item], ['GET', API], ['HEAD', API],
            ['GET', API . '?$top=1'], ['GET', API . '?$top=0'],
            ['GET', "$item?\$select=id"], ['PATCH', $item, json => {}],
            ['PUT', $item, json => {}], ['GET', "$item/priority"],
            ['GET', BASE], ['HEAD', BASE], ['GET', "$item/checkinStatuses"],
            ['POST', "$item/assign",
                json => { officeConfigurationAssignments => [{ id => 'a' }] }],
            ['GET', "$item/assignments/a"], ['GET', "$item/assignments"],
            ['PATCH', "$item/assignments/a", json => {}],
            ['GET', '/beta/$entity?$id=officeConfiguration'],
            ['GET', '/beta/'], ['HEAD', '/beta'],
            ['GET', '/beta/$metadata?$format=json'],
            ['HEAD', '/beta/$metadata?$format=json'],
            ['GET', '/add' . API]],
    204 => [['OPTIONS', $item], ['OPTIONS', API],
            ['POST', API . '/$ref', json => { '@odata.id' => $item }],
            ['DELETE', API . '/gone'], ['GET', "$item/displayName"],
            ['PATCH', $item, json => {},
                headers => [Prefer => 'return=minimal']],
            ['POST', API, json => {}, headers => [Prefer => 'return=minimal']],
            ['PUT', "$item/description", json => { value => 'x' }],
            ['POST', API . '/updatePriorities',
                json => { officeConfigurationPolicyIds => ['one'],
                          officeConfigurationPriorities => [1] }],
            ['OPTIONS', "$item/assign"], ['GET', "$item/policyPayload"]],
    304 => [['GET', $item, headers => ['If-None-Match' => '*']],
            ['HEAD', $item, headers => ['If-None-Match' => '*']],
            ['GET', "$item/assignments/a",
                headers => ['If-None-Match' => '*']]],
    400 => [['POST', API, body => '{', @type], ['POST', API, @type],
            ['POST', API, json => { nothing => 1 }],
            ['GET', API . '?$top=x'], ['GET', API . '?$top=%'],
            ['POST', API . '/$ref', json => {}], ['GET', '/beta/$entity'],
            ['PATCH', $item, json => { id => 'two' }],
            ['PUT', $item, json => { priority => undef }],
            ['POST', "$item/assign", json => {}],
            ['POST', API . '/updatePriorities', json => {}],
            ['DELETE', "$item/assignments/\$ref"],
            ['DELETE', "$item/priority"], ['GET', "$item?\$select=x"],
            ['POST', API, body => 'x', @type,
                headers => ['Content-Encoding' => 'gzip']],
            ['GET', '/return_text' . API]],
    403 => [['GET', '/denied' . API], ['HEAD', '/denied' . API],
            ['POST', '/denied' . API, json => {}], ['GET', '/tenant' . API],
            ['POST', '/tenant' . API, json => {}]],
    404 => [['GET', API . '/none'], ['HEAD', API . '/none'],
            ['DELETE', API . '/none'], ['GET', '/beta/none'],
            ['PATCH', API . '/none', json => {}],
            ['GET', "$item/assignments/none"], ['GET', "$item/none"],
            ['DELETE', API . '/none/displayName'],
            ['POST', '/beta/none', json => {}],
            ['POST', API . '/$ref', json => { '@odata.id' => 'x' }]],
    405 => [['PUT', API, json => {}], ['PATCH', API, json => {}],
            ['GET', "$item/assign"], ['PUT', "$item/assignments", json => {}],
            ['POST', API . '/$count', json => {}],
            ['POST', $item, json => {}], ['DELETE', API],
            ['BREW', API], ['PUT', API . '/$ref']],
    406 => [['GET', API, headers => [Accept => 'text/html']],
            ['HEAD', API, headers => [Accept => 'text/html']],
            ['POST', API, json => {}, headers => [Accept => 'text/html']]],
    409 => [['POST', API, json => { id => 'one' }],
            ['POST', "$item/assignments", json => { id => 'a' }]],
    412 => [['DELETE', $item, headers => ['If-Match' => '"x"']],
            ['PATCH', $item, json => {}, headers => ['If-Match' => '"x"']],
            ['DELETE', "$item/assignments/a",
                headers => ['If-None-Match' => '*']]],
    413 => [['POST', API, body => ' ' x 20_000, @type],
            ['POST', API, body => ' ' x 20_000, @type, chunked => 1000],
            ['GET', API, body => ' ' x 20_000],
            ['HEAD', API, body => ' ' x 20_000]],
    415 => [['POST', API, body => '{}'],
            ['POST', API, body => '{}', type => 'text/plain'],
            ['POST', API, body => '{}', @type,
                headers => ['Content-Encoding' => 'br']]],
    429 => [['GET', '/limited' . API], ['HEAD', '/limited' . API],
            ['POST', '/limited' . API, json => {}]],
    501 => [['GET', API . '?$compute=x'], ['HEAD', API . '?$compute=x'],
            ['GET', "$item?\$top=1"]],
    503 => [['GET', '/dead' . API], ['HEAD', '/dead' . $item],
            ['POST', '/dead' . API, json => {}], ['GET', '/dead' . $item],
            ['DELETE', '/dead' . $item], ['PUT', '/dead' . $item, json => {}],
            ['GET', "/dead$item/assignments"], ['GET', '/dead' . BASE],
            ['POST', "/dead$item/assign",
                json => { officeConfigurationAssignments => [] }],
            ['POST', '/dead' . API . '/$ref', json => { '@odata.id' =>
                'officeConfiguration/clientConfigurations/one' }],
            ['GET', '/limited503' . API]],
    504 => [['GET', '/slow' . API], ['HEAD', '/slow' . $item],
            ['POST', '/slow' . API, json => {}], ['GET', '/slow' . $item],
            ['POST', '/slow' . API, json => { priority => 5 }],
            ['DELETE', '/slow' . API . '/other'],
            ['PATCH', "/slow$item", json => {}],
            ['POST', "/slow$item/assignments", json => {}],
            ['POST', '/slow' . API . '/updatePriorities',
                json => { officeConfigurationPolicyIds => ['none'],
                          officeConfigurationPriorities => [1] }]],
);

push @{$made{$_}}, ['GET', "/return$_" . API], ['HEAD', "/return$_" . API],
    ['POST', "/return$_" . API, json => {}]
    for grep { $conf =~ /return $_;/ } keys %made;
delete $made{204}[-1] for 1 .. 3;         # nginx sends that one alone

answer_is $ask->('POST', API, json => { id => 'one', assignments =>
                                       [{ id => 'a' }] }), 201, 'an item';
$ask->('GET', "/limited$_" . API) for '', 503;

my %seen;

for my $status (sort keys %made) {
    for my $request (@{$made{$status}}) {
        my ($method, $path, %opt) = @{$request // next};
        my @given = @{delete $opt{headers} // []};
        my $name = "M2, M4: $status $method $path";

        for my $case ([[]],
            [['client-request-id' => 'c-1'], client => 'c-1'],
            [['OData-MaxVersion' => '4.01'], version => '4.01'],
            [['OData-MaxVersion' => '4.0', 'OData-Version' => '4.0']],
            [[SdkVersion => 'x/1', 'Client-Request-Id' => "caf\xc3\xa9 \"1\"",
              'ODATA-MAXVERSION' => '4.01'],
             client => "caf\xc3\xa9 \"1\"", version => '4.01'])
        {
            my ($headers, %want) = @$case;
            next if @$headers && $path =~ /^.slow/ && $path ne "/slow$item";
            $ask->('POST', API, json => { id => 'gone' }) if $path =~ /gone/;
            $ask->('GET', $1 . API) if $path =~ m{^(/limited\d*)/};
            if ($path =~ /^.slow/) {
                $slow->pass;
                wait_until(10, sub {
                    $ask->('GET', '/slow' . API)->status == 200 })
                    or fail 'Redis can be reached';
                $slow->hold;
            }

            my $r = $ask->($method, $path, %opt, headers => [@given, @$headers]);

            if ($status < 400 || $method eq 'HEAD') {
                answer_is $r, $status, "$name @$headers", %want,
                          method => $method;
            } elsif ($status == 401) {
                is json_item($r, 'error', 'code'),
                   'InvalidAuthenticationToken', $name;
            } else {
                error_is $r, $status, undef, "$name @$headers", %want;
            }

            my $id = $r->header('request-id') // '';
            $seen{$id}++;

            my ($retry) = $r->header_all('Retry-After');
            like $retry // ($status =~ /^(?:429|503)$/ ? '' : 'none'),
                 $status =~ /^(?:429|503|504)$/ ? qr/^(?:[1-9]\d?|none)$/
                 : qr/^none$/, 'Retry-After';

            is $r->header('X-Added'), 'yes', 'add_header' if $path =~ /add/;
            is defined $r->header('Allow') ? 1 : 0,
               $status == 405 && $path !~ /return/ || $method eq 'OPTIONS'
               ? 1 : 0, 'Allow' unless $path =~ /return/;
        }
    }
}

is scalar(grep { $_ > 1 } values %seen), 0, 'no two requests share an id';
$slow->pass;


# client-request-id: what is no id is replaced

for my $value ('a', '0', 'x' x 256, '00000000-0000-0000-0000-000000000000',
    'A b-c_d.e~f', '{x}', "\xc3\xa9", "\xf0\x9f\x98\x80", '"', '\\', '<b>',
    '%00', '\\u0000', "a\tb" =~ s/\t/ /r)
{
    for my $path ($item, API . '/none') {
        my $r = $ask->('GET', $path, headers => ['client-request-id' => $value]);
        is $r->header('client-request-id'), $value,
           'echoed: ' . printable($value);
        next if $path eq $item;
        my $inner = json_item($r, 'error', 'innerError', 'client-request-id');
        utf8::encode($inner);
        is $inner, $value, 'and in the body';
    }
}

for my $value ('', 'x' x 257, 'x' x 5_000, "a\tb", "\x01", "a\x7f", "\xff",
    "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xc2\x80", "caf\xe9",
    "\xf4\x90\x80\x80")
{
    for my $path ($item, API . '/none') {
        my $r = $ask->('GET', $path, headers => ['client-request-id' => $value]);
        $path eq $item ? answer_is $r, 200, 'replaced: ' . printable($value)
                       : error_is $r, 404, undef, 'in an error as well';
    }
}


# M4: the version of the answer, by OData-MaxVersion

for my $value ('4.0', '4', '', '4.00', '4.0;x', '4.001', '4.009') {
    answer_is $ask->('GET', $item, headers => ['OData-MaxVersion' => $value]),
              200, "M4: OData-MaxVersion: $value", version => '4.0';
}

for my $value ('4.01', '4.1', '4.010', '04.01', '4.01;x', '4.02', '5.0',
               '99999999999999999999.0')
{
    answer_is $ask->('GET', $item, headers => ['OData-MaxVersion' => $value]),
              200, "M4: OData-MaxVersion: $value", version => '4.01';
}

for my $value ('3.0', '2.0', '1.0', '0', 'x', '.', '.4', '3.99', '-4.0', '4.0x',
               '4.0.1', ' ', '4,0')
{
    next if $value eq ' ';
    error_is $ask->('GET', $item, headers => ['OData-MaxVersion' => $value]),
             400, 'OData-MaxVersion', "M4: OData-MaxVersion: $value";
}

is $ask->('GET', $item, headers => [$_ => '4.01'])->header('OData-Version'),
   '4.0', "$_: 4.01 asks for nothing" for 'OData-Version', 'MaxDataServiceVersion';

answer_is $ask->('PATCH', $item, json => {}, headers => ['OData-Version' => $_]),
          200, "OData-Version: $_" for '4.0', '4.01', '', '4.010';

for my $value ('4.02', '4.1', '5.0', '3.0', 'x', '4.011') {
    error_is $ask->($_->[0], $_->[1], json => {},
                    headers => ['OData-Version' => $value]), 400,
             'OData-Version', "M4: $_->[0] $_->[1], OData-Version: $value"
        for ['PATCH', $item], ['GET', API], ['POST', API], ['GET', '/beta'];
}


# Accept

for my $accept ('application/json', 'APPLICATION/JSON', 'application/*', '*/*',
    'application/json;q=0.1', 'application/json;q=1.000', '*/*;q=0.001',
    'application/json; charset=utf-8', 'application/json;odata.metadata=minimal',
    'application/json;odata.metadata=minimal;odata.streaming=false',
    'application/json;IEEE754Compatible=false', 'application/json ; q=0.5',
    'text/html, application/json', 'text/html,application/json;q=0.9,*/*;q=0.8',
    'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
    'application/xml;q=0.9, application/json;q=0.1', ',application/json',
    'application/json,', 'text/html,,application/json', " application/json ",
    "text/html\t,\tapplication/json", 'application/json, text/plain, */*',
    '*/*, application/xml;q=0', 'application/json;q=0.000, application/json')
{
    next if $accept =~ /q=0\.000, application/;     # which of them is nobody's
    for my $path ($item, API) {
        answer_is $ask->('GET', $path, headers => [Accept => $accept]), 200,
                  "Accept: $accept";
    }
}

answer_is $ask->('GET', $item), 200, 'without Accept';
answer_is $ask->('GET', $item, headers => [Accept => 'text/html',
    Accept => 'application/json']), 200, 'Accept in two lines';

for my $accept ('text/html', 'application/xml', 'text/*', 'application/jso',
    'application/jsonx', 'application/json+x', 'json', 'application', '*',
    '*/json', 'application/atom+xml, text/plain', 'image/png;q=1',
    'application/json;q=0', 'application/json; q=0.0', 'application/json;Q=0',
    'application/json;q=0.000', '*/*;q=0', 'application/*;q=0',
    'application/json;x=y;q=0', 'application/json; x="application/json";q=0',
    'application/octet-stream',
    'application/json;q=0, */*', '*/*, application/json;q=0',
    'application/*;q=0, */*', 'application/json;q=0, application/*;q=0.5',
    'multipart/mixed')
{
    for my $path ($item, API, API . '?$top=0') {
        error_is $ask->('GET', $path, headers => [Accept => $accept]), 406,
                 undef, "Accept: $accept";
    }
}

{
    my $before = $redis->cmd('HLEN', 'oc:{default}:cfg');
    error_is $ask->('POST', $_, json => {}, headers => [Accept => 'text/html']),
             406, undef, "POST $_" for API, API . '/$ref';
    is $redis->cmd('HLEN', 'oc:{default}:cfg'), $before, 'creates nothing';

    # what has no body goes without
    answer_is $ask->('DELETE', $item, headers => [Accept => 'text/html']), 204,
              'DELETE';
    answer_is $ask->('OPTIONS', API, headers => [Accept => 'text/html']), 204,
              'OPTIONS';
    error_is $ask->('GET', '/beta/none', headers => [Accept => 'text/html']),
             404, undef, 'an error is always JSON';
}


# what a caller is told about Redis: nothing

for my $script (
    sub { "-ERR unknown command 'oc:{default}:cfg' /tmp/secret\r\n" },
    sub { "-WRONGTYPE Operation against a key oc:{default}:ids\r\n" },
    sub { "-LOADING Redis is loading the dataset in memory\r\n" },
    sub { "-READONLY You can't write against a read only replica.\r\n" },
    sub { "-OOM command not allowed when used memory > 'maxmemory'.\r\n" },
    sub { "-NOPERM this user has no permissions\r\n" },
    sub { "\$5\r\nhello\r\n" }, sub { "*0\r\n" })
{
    my $begun;
    my $p = $t->proxy(upstream => $redis, script => sub {
        return 'PASS' if $_[0][0] =~ /^(?:PING|SELECT|SETNX|GET)$/;
        return $script->();
    });
    my $n = $t->serve(redis => $p);
    for my $request (['GET', API], ['GET', API . '/x'],
        ['POST', API, json => {}], ['POST', API, json => { priority => 1 }],
        ['POST', API, json => { id => 'x' }], ['DELETE', API . '/x'])
    {
        my $r = $t->request(@$request, to => $n->port);
        my $name = 'Redis says ' . printable($script->());

        if ($r->status == 500) {
            unlike $r->body, qr{redis|oc:|default|/tmp|WRONGTYPE|unknown|hello}i,
                   "$name: 500 without a word of it";
            is json_item($r, 'error', 'innerError', 'request-id'),
               $r->header('request-id'), 'in the shape of an error';
        } else {
            error_is $r, 503, undef, $name;
        }
    }
    $n->quit;
    $p->finish;
}

$t->allow_log(qr/connect\(\) to Redis at \S+ failed/, qr/does not answer/,
    qr/access forbidden by rule/, qr/limiting requests/, qr/too large/,
    qr/refused/, qr/unexpected data in Redis/, qr/temporary file/,
    qr/sent a reply to/, qr/sent what is not a reply/);
$t->done;
