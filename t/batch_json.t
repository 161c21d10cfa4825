# JSON batches: what is read, how each request is carried out, and what comes
# back. (N8, JSON batch)

use OfficeConfig::Test;

use Compress::Zlib ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64url encode_base64url);

use OfficeConfig::Api;
use OfficeConfig::Batch;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis,
    server => <<'END', location => <<'END');
        keepalive_requests 100000;
        large_client_header_buffers 4 2k;

        location /beta/officeConfiguration/clientConfigurations/hidden {
            internal;
            office_config_pass main;
            office_config_auth off;
        }

        location /beta/officeConfiguration/clientConfigurations/static {
            default_type application/json;
            return 200 "not JSON";
        }

        location /beta/officeConfiguration/clientConfigurations/echo {
            return 200 "$request_method|$uri|$args|$http_authorization|$http_accept|$http_prefer|$http_odata_maxversion|$http_x_mine|$http_if_none_match|$http_host|$content_type|$content_length|$http_accept_encoding|$remote_addr|$scheme|$server_port|$http_accept_language|$http_repeatability_request_id";
        }

        location ~ ^/api/v1/ {
            office_config_pass main;
            office_config_auth off;
        }

        location /public/ {
            rewrite ^/public/(.*) /beta/$1 last;
        }

        location /elsewhere {
            return 200 elsewhere;
        }
END
        client_max_body_size 100k;
        client_body_buffer_size 200k;
        gzip on;
        gzip_min_length 1;
        gzip_types *;
END
my $ask = client($t);
my $all = '/officeConfiguration/clientConfigurations';

sub batch {
    my ($requests, @headers) = @_;
    return $ask->('POST', BATCH, json => { requests => $requests },
                  headers => \@headers);
}

# one($request, @headers): the answer to a batch of one

sub one {
    my ($request, @headers) = @_;
    my $r = batch([$request], @headers);
    $r->status == 200 or return { status => 0, text => $r->text };

    my $body = $r->body;
    $body = Compress::Zlib::memGunzip($body)
        if ($r->header('Content-Encoding') // '') eq 'gzip';
    return JSON::PP->new->utf8->decode($body)->{responses}[0];
}

# one_is($request, $status, $name)

sub one_is {
    my ($request, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = one($request);
    return is($answer->{status}, $status, $name)
        || diag json_text($answer);
}

my $error = sub { $_[0]{body}{error}{code} // '' };


# the whole

my $r = batch([]);
answer_is $r, 200, 'an empty batch';
json_is $r->json, { responses => [] }, 'has no responses';

$r = batch([
    created(1, id => 'a', displayName => 'first', policyPayload => 'e30='),
    req(2, 'GET', "$all/a", dependsOn => ['1']),
    req(3, 'get', "officeConfiguration/clientConfigurations/\$count",
        dependsOn => ['1']),
    req(4, 'Patch', "$all/a", dependsOn => ['2', '3'],
        json => { displayName => 'second' }),
    req(5, 'DELETE', "$all/nothing"),
]);
answer_is $r, 200, 'a batch is answered with 200';
is statuses($r), '201 200 200 200 404', 'each request has its own status';

my $got = answers($r);
is $got->{2}{body}{displayName}, 'first', 'JSON is there as it is';
is decode_base64url($got->{3}{body}), '1', 'what is not JSON as base64url';
is_deeply [map { grep { lc eq 'content-type' } keys %{$_->{headers}} }
           @$got{1 .. 5}], [('Content-Type') x 5],
          'the header is named Content-Type';
is $got->{3}{headers}{'Content-Type'}, 'text/plain;charset=utf-8',
   'and says what the body is';
is path_of($got->{1}{headers}{Location}), "/beta$all/a", 'Location';
is $error->($got->{5}), 'notFound', 'an error has its body';
is $got->{1}{headers}{ETag}, $got->{1}{body}{'@odata.etag'}, 'ETag';
isnt $got->{1}{headers}{'request-id'}, $r->header('request-id'),
     'a request has an id of its own';
is join(' ', grep { /^(?:Server|Date|Connection|Content-Length)$/i }
        map { keys %{$_->{headers}} } values %$got), '',
   'headers of the connection are not repeated';
is_deeply [map { $_->{id} } @{$r->json->{responses}}], [1 .. 5],
          'the answers are in the order of the requests';

my $answer = one(req(1, 'DELETE', "$all/a"));
is $answer->{status}, 204, 'DELETE';
ok !exists $answer->{body}, 'no body, no member';

answer_is batch([req(1, 'GET', $all)], 'client-request-id' => 'mine'), 200,
          'a client-request-id is echoed', client => 'mine';


# what is malformed as a whole is carried out in no part

my $before = contents($redis);
my $good = json_text(created(1, id => 'never'));

for (['no JSON', '{"requests":[', qr/array|object/],
     ['an array', '[]', qr/object/],
     ['nothing', '', qr/object/],
     ['no requests', '{}', qr/missing/],
     ['requests twice', '{"requests":[],"requests":[]}', qr/twice/],
     ['requests that are none', '{"requests":{}}', qr/array/],
     ['a request that is none', "{\"requests\":[$good,1]}", qr/request object/],
     ['something behind it', "{\"requests\":[$good]} x", qr/behind/],
     ['no id', "{\"requests\":[$good,{\"method\":\"GET\",\"url\":\"/\"}]}",
      qr/needs an id/],
     ['an empty id', "{\"requests\":[$good,{\"id\":\"\"}]}", qr/needs an id/],
     ['a number as id', "{\"requests\":[$good,{\"id\":2}]}", qr/string/],
     ['an id twice', "{\"requests\":[$good,$good]}", qr/same id/],
     ['an id in another case', '{"requests":[{"id":"a"},{"id":"A"}]}',
      qr/same id/],
     ['a member twice', '{"requests":[{"id":"a","id":"b"}]}', qr/twice/],
     ['an unknown dependency',
      "{\"requests\":[$good,{\"id\":\"2\",\"dependsOn\":[\"9\"]}]}",
      qr/not in the batch/],
     ['a dependency on itself',
      "{\"requests\":[$good,{\"id\":\"2\",\"dependsOn\":[\"2\"]}]}",
      qr/each other/],
     ['dependencies in a circle', "{\"requests\":[$good,"
      . '{"id":"2","dependsOn":["3"]},{"id":"3","dependsOn":["2"]}]}',
      qr/each other/],
     ['a dependency that is no string',
      "{\"requests\":[$good,{\"id\":\"2\",\"dependsOn\":[1]}]}", qr/expected/],
     ['dependsOn that is no array',
      "{\"requests\":[$good,{\"id\":\"2\",\"dependsOn\":\"1\"}]}", qr/array/],
     ['a group that is no string',
      "{\"requests\":[$good,{\"id\":\"2\",\"atomicityGroup\":1}]}", qr/string/],
     ['a group with the id of a request',
      "{\"requests\":[$good,{\"id\":\"2\",\"atomicityGroup\":\"1\"}]}",
      qr/id of a request/],
     ['a body that is no JSON',
      "{\"requests\":[$good,{\"id\":\"2\",\"body\":{\"a\":tru}}]}",
      qr/not valid JSON/],
     ['a control character', "{\"requests\":[$good,{\"id\":\"2\n\"}]}",
      qr/malformed/],
     ['nesting', '{"requests":[{"id":"1","body":' . '[' x 100 . ']' x 100
                 . '}]}', qr/not valid/],
    )
{
    my ($name, $body, $re) = @$_;
    my $r = $ask->('POST', BATCH, body => $body, type => 'application/json');
    error_is $r, 400, undef, "$name is 400";
    like json_item($r, 'error', 'message'), $re, '... and says so';
}

is_deeply contents($redis), $before, 'nothing has been carried out';

error_is batch([map { created($_, id => "n$_") } 1 .. 21]), 400, undef,
         'more than 20 requests are 400';
is_deeply contents($redis), $before, 'and not carried out';

is statuses(batch([map { req($_, 'GET', "$all/\$count") } 1 .. 20])),
   join(' ', (200) x 20), '20 are carried out';

for (['no media type', undef, 415], ['another', 'text/plain', 415],
     ['of JSON with parameters',
      'application/json;odata.metadata=minimal', 200])
{
    my ($name, $type, $status) = @$_;
    is $ask->('POST', BATCH, body => '{"requests":[]}',
              defined $type ? (type => $type) : ())->status, $status, $name;
}

is $ask->('POST', BATCH, json => { requests => [] },
          headers => [Accept => 'text/html'])->status, 406, 'Accept';
is $ask->('POST', BATCH, json => { requests => [] },
          headers => [Accept => 'application/json, */*;q=0.1'])->status, 200,
   'Accept with JSON';

for my $method (qw(GET PUT DELETE PATCH)) {
    my $r = $ask->($method, BATCH, json => { requests => [] });
    error_is $r, 405, undef, "$method";
    is $r->header('Allow'), 'POST, OPTIONS', '... Allow';
}

$r = $ask->('POST', BATCH, type => 'application/json',
    headers => ['Content-Encoding' => 'gzip'], body => Compress::Zlib::memGzip(
        json_text({ requests => [req(1, 'GET', "$all/\$count")] })));
is statuses($r), '200', 'a batch that is gzip-encoded';

$r = $ask->('POST', BATCH, type => 'application/json',
    headers => ['Content-Encoding' => 'gzip'],
    body => Compress::Zlib::memGzip(' ' x 200_000));
error_is $r, 413, undef, 'the limit of the body holds for what it inflates to';

is statuses($ask->('POST', '/beta/%24batch', chunked => 7, json => {
    requests => [req(1, 'GET', "$all/\$count")] })), '200',
   'the URL encoded, the body in chunks';


# what is wrong with one request

for (['no method', { id => '1', url => '/' }, 400],
     ['no URL', { id => '1', method => 'GET' }, 400],
     ['a method that is a number', { id => '1', method => 1, url => '/' }, 400],
     ['an unknown method', req(1, 'FETCH', $all), 400],
     ['HEAD', req(1, 'HEAD', $all), 400],
     ['headers that are an array', { %{req(1, 'GET', $all)}, headers => [] },
      400],
     ['a header that is a number', req(1, 'GET', $all, headers => { A => 1 }),
      400],
     ['a header with a line end',
      req(1, 'GET', $all, headers => { A => "b\r\nX: y" }), 400],
     ['a header name with a colon', req(1, 'GET', $all,
                                        headers => { 'A:b' => 'c' }), 400],
     ['a body without Content-Type', { %{req(1, 'POST', $all)}, body => {} },
      400],
     ['bytes that are not base64url', req(1, 'PUT', "$all/a/policyPayload",
        headers => { 'Content-Type' => 'text/plain' }, body => '!'), 400],
     ['bytes that are no string', req(1, 'PUT', "$all/a/policyPayload",
        headers => { 'Content-Type' => 'text/plain' }, body => {}), 400],
     ['if', { %{req(1, 'GET', $all)}, if => 'true' }, 501],
     ['a batch', req(1, 'POST', '/$batch', json => { requests => [] }), 400],
     ['a URL of another host', req(1, 'GET', "http://other/beta$all"), 404],
     ['a URL of another scheme', req(1, 'GET', "ftp://localhost$all"), 404],
     ['a network path', req(1, 'GET', "//localhost/beta$all"), 404],
     ['a path above', req(1, 'GET', '/../elsewhere'), 404],
     ['a path above, encoded', req(1, 'GET', '/%2e%2E/elsewhere'), 404],
     ['a path above, at its end', req(1, 'GET', '/officeConfiguration/..'),
      404],
     ['a path above in one segment', req(1, 'GET', 'a%2f..%2f..%2felsewhere'),
      404],
     ['a broken encoding', req(1, 'GET', '/officeConfiguration%'), 400],
     ['a control character', req(1, 'GET', "/officeConfiguration\x01"), 400],
     ['a line end', req(1, 'GET', "/ HTTP/1.1\r\nHost: x\r\n\r\n"), 400],
     ['a fragment', req(1, 'GET', "$all#x"), 400],
     ['an unknown path', req(1, 'GET', '/elsewhere'), 404],
     ['an internal location', req(1, 'GET', "$all/hidden"), 404],
     ['a long URL', req(1, 'GET', "$all?" . 'x' x 3000), 414],
     ['a long header', req(1, 'GET', $all, headers => { A => 'x' x 3000 }),
      400],
     ['many headers', req(1, 'GET', $all, headers => {
        map { ("X-$_" => 'x' x 1000) } 1 .. 10 }), 400],
     ['a bad query', req(1, 'GET', "$all?\$top=x"), 400],
    )
{
    my ($name, $request, $status) = @$_;
    my $r = batch([{ %$request, id => 'bad' }, req('next', 'GET', $all)]);
    my $got = answers($r);
    is "$got->{bad}{status} $got->{next}{status}", "$status 200",
       "$name: $status, and its neighbour is fine"
        or diag $r->text;
    isnt $error->($got->{bad}), '', '... with a body of an error';
    is $got->{bad}{headers}{'Content-Type'}, $r->header('Content-Type'),
       '... and its type';
}


# URLs

one_is created(1, id => "it's/a b", displayName => 'x y'), 201,
       'an id with everything';
for (["$all('it''s%2Fa%20b')", 'encoded'],
     ["$all('it''s%2Fa b')", 'with a space'],
     ["/beta$all/it's%2Fa%20b", 'an absolute path'],
     ["http://localhost/beta$all/it's%2Fa%20b", 'an absolute URL'],
     ["HTTP://LOCALHOST/beta$all/it's%2Fa%20b", '... in capitals'],
     ["officeConfiguration/clientConfigurations/it's%2Fa%20b?\$select=id",
      'a query'])
{
    one_is req(1, 'GET', $_->[0]), 200, "$_->[1]: $_->[0]";
}

my $umlaut = "\xc3\xbc";
utf8::decode($umlaut);
one_is created(1, id => $umlaut), 201, 'an id that is not ASCII';
is one(req(1, 'GET', "$all/$umlaut"))->{body}{id}, $umlaut,
   'a URL that is not ASCII';

is statuses($ask->('POST', '/public/$batch', json => { requests => [
    req(1, 'GET', "$all/$umlaut"),
    req(2, 'GET', "/public$all/$umlaut") ] })), '200 200',
   'requests take the way of their batch';

is statuses($ask->('POST', '/api/v1/$batch', json => { requests => [
    req(1, 'GET', "$all/$umlaut"), created(2, id => 'v1'),
    req(3, 'GET', '$2'), req(4, 'GET', "/api/v1$all/$umlaut")] })),
   '200 201 200 200', 'a location without a prefix';


# headers: what a request inherits, and what not

sub echo {
    my ($headers, @batch) = @_;
    my $answer = one(req(1, 'GET', "$all/echo?q=1", headers => $headers),
                     @batch);
    return [split /\|/, decode_base64url($answer->{body} // ''), -1];
}

my @batch_headers = (
    Authorization => 'Bearer one', Accept => 'application/json',
    Prefer => 'respond-async', 'OData-MaxVersion' => '4.01',
    'X-Mine' => 'batch', 'If-None-Match' => 'W/"x"', 'Accept-Encoding' => 'gzip',
    'Accept-Language' => 'de', 'Repeatability-Request-ID' => 'x');

is_deeply echo({}, @batch_headers),
    ['GET', "/beta$all/echo", 'q=1', 'Bearer one', '', '', '4.01', 'batch', '',
     'localhost', '', '', '', '127.0.0.1', 'http', $nginx->port, 'de', ''],
    'what a request inherits';
is_deeply echo({ authorization => 'Bearer two', ACCEPT => 'text/plain',
                 Prefer => 'p', 'X-Mine' => 'own', 'If-None-Match' => '"y"',
                 Host => 'other', 'Accept-Encoding' => 'gzip',
                 Connection => 'close', 'Transfer-Encoding' => 'chunked',
                 'Content-Length' => '5', 'Repeatability-Request-ID' => 'y' },
               @batch_headers),
    ['GET', "/beta$all/echo", 'q=1', 'Bearer two', 'text/plain', 'p', '4.01',
     'own', '"y"', 'localhost', '', '', '', '127.0.0.1', 'http', $nginx->port,
     'de', 'y'],
    'what it says itself';

is one(req(1, 'GET', $all), 'OData-MaxVersion' => '4.01')
   ->{headers}{'OData-Version'}, '4.01', 'OData-MaxVersion is inherited';
is one(req(1, 'GET', $all, headers => { 'OData-MaxVersion' => '4.0' }),
       'OData-MaxVersion' => '4.01')->{headers}{'OData-Version'}, '4.0',
   'unless the request has its own';

$answer = one(created(1, -headers => { Prefer => 'return=minimal' }));
is $answer->{status}, 204, 'a preference of a request';
like $answer->{headers}{'OData-EntityId'}, qr{^http://localhost/beta},
     '... is honoured';


# bodies

one_is created(1, id => 's'), 201, 'to put streams to';
my $bytes = join '', map { chr } 0 .. 255;

one_is req(1, 'PUT', "$all/s/policyPayload",
           headers => { 'Content-Type' => 'application/octet-stream' },
           body => encode_base64url($bytes)), 204, 'bytes as base64url';
is $ask->('GET', "/beta$all/s/policyPayload")->body, $bytes, '... arrive';

$answer = one(req(1, 'GET', "$all/s/policyPayload"));
is decode_base64url($answer->{body}), $bytes, '... and come back';
is $answer->{headers}{'Content-Type'}, 'application/octet-stream',
   '... with their type';

one_is req(1, 'PUT', "$all/s/policyPayload",
           headers => { 'Content-Type' => 'text/plain' },
           body => 'AA=='), 204, 'padded base64 will do';
is $ask->('GET', "/beta$all/s/policyPayload")->body, "\0", '... it arrives';

one_is req(1, 'PUT', "$all/s/policyPayload", json => { a => [1, 'x'] }), 204,
       'JSON to a stream';
is $ask->('GET', "/beta$all/s/policyPayload")->body, '{"a":[1,"x"]}',
   '... as it stands in the batch';
is_deeply one(req(1, 'GET', "$all/s/policyPayload"))->{body},
          { a => [1, 'x'] }, '... comes back as JSON';

one_is req(1, 'PUT', "$all/s/policyPayload", body => '',
           headers => { 'Content-Type' => 'text/plain' }), 204,
       'an empty stream';

for my $body ('not JSON', '{"a":1}}', '{"a":1},"status":200', "\"\xff\"",
              "\"\n\"", '{"a":01}', '')
{
    $ask->('PUT', "/beta$all/s/policyPayload", body => $body,
           type => 'application/json;odata.metadata=minimal');
    my $answer = one(req(1, 'GET', "$all/s/policyPayload"));
    is decode_base64url($answer->{body} // ''), $body,
       'a stream that says it is JSON is bytes: ' . printable($body);
}

is decode_base64url(one(req(1, 'GET', "$all/static"))->{body}), 'not JSON',
   'as is anything that only says so';

$r = $ask->('POST', BATCH, type => 'application/json', body =>
    '{"requests":[{"id":"1","method":"POST","url":"' . $all . '","headers":'
    . '{"Content-Type":"application/json"},"body":  {"id" : "raw", '
    . '"lastModifiedDateTime":"2020-01-01T00:00:00.00+02:00",'
    . '"displayName":"\\u00e4\\"\\/"} }]}');
is statuses($r), '201', 'a body with white space and escapes';
is json_item($r, 'responses', 0, 'body', 'displayName'), "\xe4\"/",
   '... is read by the request alone';
$r = $ask->('POST', BATCH, type => 'application/json', body =>
    '{"requests":[{"id":"1","method":"POST","url":"' . $all . '","headers":'
    . '{"content-type":"application/json"},"body":{"id":"x","id":"y"}},'
    . '{"id":"2","method":"GET","url":"' . $all . '"}]}');
is statuses($r), '400 200', 'a body that the request refuses';


# dependencies

$r = batch([
    req('later', 'GET', '$first', dependsOn => ['First']),
    created('first', id => 'f'),
    req('ref', 'PATCH', '/$FIRST', json => { displayName => 'ref' }),
    req('q', 'GET', '$ref?$select=displayName'),
    req('of get', 'GET', '$later/displayName/$value'),
    req('meta', 'GET', '/$entity?$id=clientConfigurations/f',
        dependsOn => ['first']),
    req('meta2', 'GET', '/$entity?$id=$first', dependsOn => ['first']),
]);
$got = answers($r);
is join(' ', map { $got->{$_}{status} } 'first', 'later', 'ref', 'q', 'of get',
        'meta', 'meta2'), '201 200 200 200 200 200 200',
   'references to other requests' or diag $r->text;
is $got->{q}{body}{displayName}, 'ref', 'wait for them';

$r = batch([
    req(1, 'GET', "$all/no"),
    req(2, 'GET', $all, dependsOn => ['1']),
    req(3, 'GET', $all, dependsOn => ['2']),
    req(4, 'GET', '$1/description'),
    req(5, 'GET', $all),
    req(6, 'GET', '$unknown'),
]);
is statuses($r), '404 424 424 424 200 404',
   'what depends on a failure is 424, the rest is carried out';
is $error->(answers($r)->{2}), 'failedDependency', '... with its code';

$r = batch([
    created(1, id => 'tag'),
    req(2, 'PATCH', '$1', json => { displayName => 'x' },
        headers => { 'If-Match' => '$1' }),
    req(3, 'PATCH', '$1', json => { displayName => 'y' }, dependsOn => ['2'],
        headers => { 'If-Match' => '$1' }),
]);
is statuses($r), '201 200 412', 'a reference to an ETag';

$r = batch([created(1, id => 'metadata'),
            req('metadata', 'GET', "$all/metadata", dependsOn => ['1']),
            req('b', 'GET', '/$metadata/x')]);
is answers($r)->{b}{status}, 404,
   'a name of the service is not a reference';


# Prefer

$r = batch([req(1, 'GET', "$all/no"), created(2, id => 'after')],
           Prefer => 'continue-on-error=false');
is statuses($r), '404 424', 'continue-on-error=false stops';
is $r->header('Preference-Applied'), 'continue-on-error=false',
   '... and says so';
is $ask->('GET', "/beta$all/after")->status, 404, '... indeed';

$r = batch([req(1, 'GET', "$all/no"), created(2, id => 'after')],
           Prefer => 'odata.continue-on-error');
is statuses($r), '404 201', 'continue-on-error goes on';
is $r->header('Preference-Applied'), 'continue-on-error', '... and says so';

$r = batch([created(1, id => 'order1'),
            req(2, 'PATCH', "$all/order1", json => {}),
            req(3, 'DELETE', "$all/order1"),
            req(4, 'GET', "$all/order1")],
           Prefer => 'continue-on-error=false');
is statuses($r), '201 200 204 404', 'with it requests go one by one';

$r = batch([req(1, 'GET', "$all/no"), req(2, 'GET', $all)],
           Prefer => 'respond-async');
is statuses($r), '404 200', 'respond-async is passed over';
is $r->header('Preference-Applied'), undef, '... and not applied';


# each request is logged, the batch behind them

my $log = $nginx->access_log;
like $log, qr{ POST /beta/\$batch }, 'the batch is logged';
like $log, qr{ GET /beta/officeConfiguration/clientConfigurations/no },
     'as are its requests';

$t->done;
