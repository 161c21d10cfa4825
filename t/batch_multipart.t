# Multipart batches: how the parts are told apart, in which order they are
# carried out, change sets, references, and what comes back. (A6)

use OfficeConfig::Test;

use Compress::Zlib ();

use OfficeConfig::Api;
use OfficeConfig::Batch;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis,
    server => 'keepalive_requests 100000;',
    location => 'client_max_body_size 100k;');
my $ask = client($t);
my $all = '/officeConfiguration/clientConfigurations';

sub post {
    my ($body, $type, @headers) = @_;
    return $ask->('POST', BATCH, body => $body,
                  type => $type // 'multipart/mixed; boundary=b',
                  headers => \@headers);
}

sub batch { post(mixed('b', @_)) }

sub go_on { post(mixed('b', @_), undef, Prefer => 'continue-on-error') }

# shape($response): the statuses of its parts, those of a change set in [ ]

sub shape {
    my ($r) = @_;
    my $parts = eval { mixed_parts($r) } or return "$@" . $r->text;
    return join ' ', map { ref eq 'ARRAY'
        ? '[' . join(' ', map { $_->{status} } @$_) . ']' : $_->{status} }
        @$parts;
}

sub create {
    my ($id, %opt) = @_;
    my $url = delete $opt{url} // substr $all, 1;
    return http_part('POST', $url, id => delete $opt{cid},
                     json => { defined $id ? (id => $id) : (), %opt });
}

sub get { http_part('GET', @_) }


# the whole

my $r = batch(
    get("$all/\$count"),
    create('a', displayName => 'first'),
    get("beta$all/a" =~ s{^beta/}{}r, id => 'two', headers =>
        [Accept => 'application/json']),
    http_part('PATCH', "$all/a", json => { displayName => 'second' }),
    get("$all/a/displayName/\$value"),
    http_part('DELETE', "$all/a"));
is $r->status, 200, 'a batch is answered with 200';
is shape($r), '200 201 200 200 200 204', 'each part has its status';
like $r->header('Content-Type'), qr{^multipart/mixed; boundary=batchresponse_},
     'multipart/mixed';
is scalar(() = $r->header_all($_)), 1, $_
    for qw(OData-Version request-id Cache-Control Content-Length);

my $parts = mixed_parts($r);
is $parts->[0]{body}, '0', 'a body of text';
is JSON::PP::decode_json($parts->[2]{body})->{displayName}, 'first',
   'parts are carried out in their order';
is $parts->[4]{body}, 'second', '... each after the one before';
is $parts->[2]{id}, 'two', 'Content-ID is echoed';
is $parts->[0]{id}, undef, '... where there is one';
is $parts->[1]{reason}, 'Created', 'a reason phrase';
is path_of($parts->[1]{headers}{location}), "/beta$all/a", 'Location';
is $parts->[1]{headers}{'odata-version'}, '4.0', 'OData-Version';
ok !exists $parts->[5]{headers}{'content-type'}, '204 has no type';
is $parts->[2]{headers}{'content-type'}, 'application/json;'
   . 'odata.metadata=minimal;odata.streaming=false;charset=utf-8', 'the type';

is shape(post("--b--\r\n")), '', 'an empty batch';


# boundaries (RFC 2046)

my $count = get("$all/\$count");

for (['preamble and epilogue', "This is\r\na preamble\r\n"
      . mixed('b', $count) . "epilogue\r\n--b\r\nno part\r\n"],
     ['no line end behind the last one', mixed('b', $count) =~ s/\r\n\z//r],
     ['line feeds alone', mixed('b', get("$all/\$count", eol => "\n"))
      =~ s/\r\n/\n/gr],
     ['white space behind a boundary', mixed('b', $count)
      =~ s/^(--b(?:--)?)\r/$1 \t\r/mgr],
     ['a boundary that begins another line', mixed('b',
      get("$all/\$count", headers => ['Content-Type' => 'text/plain'],
          body => "--bb\r\n --b\r\nx--b\r\n--\r\n"))],
     ['a quoted boundary', mixed('a b:c', $count),
      'multipart/mixed; boundary="a b:c"'],
     ['an escape in it', mixed('a"b', $count),
      'multipart/mixed;boundary="a\\"b"'],
     ['the type in capitals, other parameters', mixed('b', $count),
      'Multipart/Mixed; charset=utf-8; Boundary=b; x=y'],
     ['70 characters', mixed('x' x 70, $count),
      'multipart/mixed; boundary=' . 'x' x 70],
     ['no Content-Transfer-Encoding', mixed('b', http_part('GET',
      "$all/\$count", mime => ['Content-Type' => 'application/http']))],
     ['msgtype', mixed('b', http_part('GET', "$all/\$count", mime =>
      ['content-type' => 'application/http; msgtype=request']))],
     ['no empty line behind the headers', mixed('b', $count =~ s/\r\n\z//r)],
     ['HTTP/1.0', mixed('b', $count =~ s{HTTP/1.1}{HTTP/1.0}r)],
     ['empty lines in front of the request', mixed('b',
      $count =~ s/^GET/\r\n\r\nGET/mr)])
{
    my ($name, $body, $type) = @$_;
    is shape(post($body, $type)), '200', $name;
}

for (['no boundary', mixed('b', $count), 'multipart/mixed', qr/boundary/],
     ['an empty one', mixed('b', $count), 'multipart/mixed; boundary=""',
      qr/boundary/],
     ['71 characters', mixed('x' x 71, $count),
      'multipart/mixed; boundary=' . 'x' x 71, qr/boundary/],
     ['one that is not closed', mixed('b', $count),
      'multipart/mixed; boundary="b', qr/boundary/],
     ['another one', mixed('c', $count), undef, qr/boundary/],
     ['a body that is cut off', mixed('b', create('cut'), $count)
      =~ s/--b--\r\n//r, undef, qr/no end/],
     ['a change set that is cut off', mixed('b', create('cut'),
      change_set('c', create('cut2')) =~ s/--c--\r\n//r), undef, qr/no end/],
     ['a part without a type', mixed('b', create('cut'), "X: y\r\n\r\n"),
      undef, qr/Content-Type/],
     ['a header that is none', mixed('b', create('cut'), "GET / HTTP/1.1\r\n"),
      undef, qr/header/],
     ['a change set in another', mixed('b', change_set('c',
      create('cut'), change_set('d', create('cut')))), undef, qr/another/],
     ['a change set without requests', mixed('b', create('cut'),
      change_set('c')), undef, qr/no requests/],
     ['a change set without a boundary', mixed('b', create('cut'),
      "Content-Type: multipart/mixed\r\n\r\n--c--"), undef, qr/boundary/],
     ['a Content-ID twice', mixed('b', create('cut', cid => 1),
      create('cut2', cid => 1)), undef, qr/same id/],
     ['more than 20 requests', mixed('b', create('cut'),
      change_set('c', map { create("cut$_") } 1 .. 20)), undef, qr/more/])
{
    my ($name, $body, $type, $re) = @$_;
    my $before = contents($redis);
    my $r = post($body, $type);
    error_is $r, 400, undef, "$name is 400";
    like json_item($r, 'error', 'message'), $re, '... and says so';
    is_deeply contents($redis), $before, '... and nothing is carried out';
}

is shape(go_on(change_set('c', map { create("set$_") } 1 .. 19), $count)),
   '[' . join(' ', (201) x 19) . '] 200', '20 in all';
is post('x', 'multipart/form-data; boundary=b')->status, 415,
   'another multipart type';

for (['multipart/mixed', 200], ['multipart/*', 200], ['*/*', 200],
     ['application/json', 406])
{
    is post(mixed('b', $count), undef, Accept => $_->[0])->status, $_->[1],
       "Accept: $_->[0]";
}

is shape($ask->('POST', BATCH, type => 'multipart/mixed; boundary=b',
    headers => ['Content-Encoding' => 'gzip'],
    body => Compress::Zlib::memGzip(mixed('b', $count)))), '200',
   'a batch that is gzip-encoded';


# what is wrong with one part

for (['a type that is not HTTP', "Content-Type: text/plain\r\n\r\nx", 400],
     ['base64', http_part('GET', $all, mime => [
        'Content-Type' => 'application/http',
        'Content-Transfer-Encoding' => 'base64']), 400],
     ['no request', "Content-Type: application/http\r\n\r\n", 400],
     ['no URL', "Content-Type: application/http\r\n\r\nGET HTTP/1.1\r\n\r\n",
      400],
     ['no version', "Content-Type: application/http\r\n\r\nGET $all\r\n\r\n",
      400],
     ['a method that is none', http_part('FETCH', $all), 400],
     ['a header that is none', get($all, headers => ['a b' => 'c']), 400],
     ['a header that is none behind one that is fine', get($all, headers =>
        [A => 'b', 'a b' => 'c']), 400],
     ['Transfer-Encoding', http_part('POST', $all, headers => [
        'Transfer-Encoding' => 'chunked', 'Content-Type' =>
        'application/json'], body => "2\r\n{}\r\n0\r\n\r\n"), 400],
     ['a Content-Length past the end', http_part('POST', $all,
        json => {}, headers => ['Content-Length' => 99]), 400],
     ['a Content-Length that is none', http_part('POST', $all,
        json => {}, headers => ['Content-Length' => 'x']), 400],
     ['a body without a type', http_part('POST', $all, body => '{}'), 400],
     ['an unknown path', get('/nowhere'), 404],
     ['a path above', get('../beta/x'), 404],
     ['another host', get("http://other/beta$all"), 404],
     ['a Host header of another', get("/beta$all", headers =>
        [Host => 'other']), 404],
     ['a batch', http_part('POST', '$batch', headers => ['Content-Type' =>
        'multipart/mixed; boundary=x'], body => "--x--"), 400])
{
    my ($name, $part, $status) = @$_;
    is shape(go_on($part, $count)), "$status 200",
       "$name: $status, and its neighbour is fine";
    is shape(batch($part, $count)), $status, '... without the preference it '
       . 'is the last one';
}


# URLs and bodies

for ("$all/u", substr("$all/u", 1), "/beta$all/u",
     "http://localhost/beta$all/u", "$all('u')?\$select=id")
{
    is shape(batch(create('u'), get($_), http_part('DELETE', "$all/u"))),
       '201 200 204', "URL $_";
}

is shape(batch(create('u'), get("/beta$all/u", headers =>
    [Host => 'localhost']))), '201 200', 'an absolute path and a Host header';

is shape(batch(http_part('POST', $all, headers => ['Content-Length' => 2,
    'Content-Type' => 'application/json'], body => "{}\r\n\r\n"))), '201',
   'a body is as long as its Content-Length says';
is shape(batch(get($all, body => "\r\n\r\n"), $count)), '200 200',
   'line ends in the place of a body';

my $bytes = join '', map { chr } 0 .. 255;
$r = batch(http_part('PUT', "$all/u/policyPayload", body => $bytes, headers =>
               ['Content-Type' => 'application/octet-stream']),
           get("$all/u/policyPayload"));
is shape($r), '204 200', 'a body of bytes';
is mixed_parts($r)->[1]{body}, $bytes, '... comes back';


# the first error ends it

$r = batch($count, get("$all/no"), create('unborn'), $count);
is shape($r), '200 404', 'a batch ends with its first error';
is $ask->('GET', "/beta$all/unborn")->status, 404, '... indeed';
is $r->header('Preference-Applied'), undef, '... as it does by itself';

$r = go_on($count, get("$all/no"), create('born'), $count);
is shape($r), '200 404 201 200', 'with continue-on-error it goes on';
is $r->header('Preference-Applied'), 'continue-on-error', '... and says so';

is shape(post(mixed('b', get("$all/no"), $count), undef,
    Prefer => 'odata.continue-on-error=true, return=minimal')), '404 200',
   'the name of OData 4.0';
is shape(post(mixed('b', get("$all/no"), $count), undef,
    Prefer => 'continue-on-error=false')), '404', '... =false';


# change sets

$r = batch(
    change_set('c', create('c1', cid => 'x'), create('c2', cid => 'y')),
    get("$all/c1"));
is shape($r), '[201 201] 200', 'a change set';
$parts = mixed_parts($r);
is_deeply [map { $_->{id} } @{$parts->[0]}], ['x', 'y'],
          'its parts have their Content-IDs';

my $before = contents($redis);
$r = go_on(
    change_set('c', create('c3'), create('c1', cid => 'no'), create('c4')),
    get("$all/c3"));
is shape($r), '409 404', 'one that fails has one response';
is mixed_parts($r)->[0]{id}, 'no', '... of the request that it fails for';
is_deeply contents($redis), $before, '... and nothing is left of it';

is shape(batch(change_set('c', create('c3'), create('c1')), $count)), '409',
   'it ends a batch as any error does';
is shape(go_on(change_set('c', create('c3'), get("$all/c1")), $count)),
   '400 200', 'it cannot contain GET';
is shape(go_on(change_set('c', create('c3'),
    http_part('PATCH', "$all/c1", json => { priority => 'x' })), $count)),
   '400 200', 'one of it that does not come to the store';
is_deeply contents($redis), $before, '... leaves nothing of the others';

is shape(batch(change_set('c', create('d1')), change_set('c', create('d2')))),
   '[201] [201]', 'two change sets with one boundary';
is shape(batch(change_set('bb', create('d3')), $count)), '[201] 200',
   'a boundary that begins with the outer one';


# references

$r = batch(
    change_set('c',
        create(undef, cid => 'new', displayName => 'referred to'),
        http_part('POST', '$new/assignments', id => 'asg',
                  json => { id => 'by reference' }),
        http_part('PATCH', '/$new', json => { description => 'changed' }),
        http_part('POST', "$all/\$ref", json => { '@odata.id' => '$new' })),
    get('$new'),
    get('$new/assignments'),
    get('$asg'),
    get('$entity?$id=$new'),
    http_part('DELETE', '$new/assignments/$ref?$id=$asg'),
    http_part('PATCH', '$new', json => {}, id => 'patched'),
    http_part('DELETE', '$new', headers => ['If-Match' => '$patched']),
    get('$new'));
is shape($r), '[201 201 200 204] 200 200 200 200 204 200 204 404',
   'references to what was made before';
$parts = mixed_parts($r);
is JSON::PP::decode_json($parts->[1]{body})->{description}, 'changed',
   '... are to that';

is shape(go_on(create('c1', cid => 'failed'), get('$failed'), get('$none'))),
   '409 424 404', 'a reference to what failed is 424';
is shape(go_on(get('$later'), create('l', cid => 'later'))), '424 201',
   'one to what comes later, too';
is shape(batch(http_part('POST', $all, headers => ['Content-ID' => 'in'],
    json => { id => 'inner' }), get('$in'))), '201 200',
   'a Content-ID among the headers of the request';

$t->done;
