# The ways in which a request's body arrives, and what becomes of the
# connection when it is not wanted.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my @locations = (
    ['/buffer', 'client_body_buffer_size 1k;'],
    ['/large_buffer', 'client_body_buffer_size 256k;'],
    ['/single', 'client_body_buffer_size 1k; client_body_in_single_buffer on;'],
    ['/clean', 'client_body_in_file_only clean;'],
    ['/kept', 'client_body_in_file_only on;'],
    ['/single_clean', 'client_body_in_file_only clean;'
                      . ' client_body_in_single_buffer on;'],
    ['/tight', 'client_max_body_size 1k;'],
    ['/one', 'keepalive_timeout 0;'],
    ['/slow', 'client_body_timeout 1s;'],
    ['/denied', 'deny all;'],
    ['/other', 'office_config_tenant "{";'],
);
my $conf = $t->api_conf(redis => $redis,
    server => 'keepalive_requests 100000; client_max_body_size 4m;');
$conf =~ s{(?=\n\s+location /beta)}{join '', map { <<"END" } @locations}e;

        location $_->[0]/beta {
            office_config_pass main;
            office_config_auth off;
            $_->[1]
        }
END
my $nginx = $t->nginx(http => $conf);
my @type = (type => 'application/json');

sub files { glob $nginx->dir . '/tmp/body/*' }
sub payload { json_item($_[0], 'policyPayload') }
sub get { $t->get(path_of($_[0]->header('Location') // '')) }

# text($n): as many characters that JSON lets stand as they are; wild($n): and
# others

sub text { join '', map { chr 35 + int rand 56 } 1 .. $_[0] }
sub wild { join '', map { (q{"}, q{\\}, "\n", "\x01", "\xe9", "\x{1f600}",
                           'a' .. 'z')[rand 32] } 1 .. $_[0] }


# in memory, in files, with and without a length

for my $location ('', map { $_->[0] } @locations[0 .. 5]) {
    my $api = $location . API;

    for my $size (1, 100, 1_000, 1_024, 8_192, 100_000) {
        my $data = { policyPayload => text($size) };

        for my $chunked (undef, 1_000, 100_000) {
            my $r = $t->post($api, json => $data, chunked => $chunked);
            answer_is $r, 201, "$location: $size bytes, "
                . ($chunked ? "in chunks of $chunked" : 'with a length');
            is payload($r), $data->{policyPayload}, 'come back';
            is get($r)->body, $r->body, 'and are read';
        }
    }
}

is scalar(grep { -s } files()), 18, 'files are kept where they are to be kept';
unlink files();


# 1 MB, in characters of every kind

$redis->cmd('FLUSHALL');

for my $make (\&text, \&wild) {
    my $data = { policyPayload => $make->(700_000),
                 userPreferencePayload => $make->(300_000), priority => 3 };
    my $r = $t->post(API, json => $data);
    answer_is $r, 201, 'a large configuration';
    my $got = $r->json // {};
    ok !grep({ $got->{$_} ne $data->{$_} } keys %$data), 'comes back';
    ok get($r)->body eq $r->body, 'and is read';
    my $item = $r->body =~ s/^\{"\@odata.context":"[^"]*",/{/r;
    ok index($t->get(API)->body, $item) > 0, 'and is in the list';
    my $head = $t->head(path_of($r->header('Location')));
    is $head->header('Content-Length'), length $r->body, 'HEAD';
    $t->del(path_of($r->header('Location')));
}

{
    my $data = { policyPayload => 'x' x 4_000_000 };
    my $r = $t->post(API, json => $data);
    answer_is $r, 201, 'almost 4 MB';
    ok payload(get($r)) eq $data->{policyPayload}, 'are read';
    $t->del(path_of($r->header('Location')));
}


# a byte at a time

for my $location ('', '/buffer', '/clean') {
    for my $chunked (undef, 1, 10) {
        my $c = $t->connect;
        my $request = $c->format_request('POST', $location . API, @type,
            body => seed_bytes, chunked => $chunked);

        # so that the server sees every byte alone, most of the time
        for my $byte (split //, $request) {
            $c->send($byte);
            select undef, undef, undef, 0;
        }

        my $r = $c->response(method => 'POST');
        answer_is $r, 201, "$location: a byte at a time, "
            . ($chunked ? "in chunks of $chunked" : 'with a length');
        is payload($r), 'Stream', 'comes back';
    }
}

# chunks as RFC 9112 has them

for my $pair (['extensions', "2;a=b\r\n{}\r\n0\r\n\r\n"],
    ['a quoted extension', qq(2;a="b;c"\r\n{}\r\n0\r\n\r\n)],
    ['upper case and zeros', "0002\r\n{}\r\n000\r\n\r\n"],
    ['trailers', "2\r\n{}\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n"],
    ['parts', "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"],
    ['white space', "1\r\n{\r\n1\r\n \r\n1\r\n}\r\n0\r\n\r\n"],
    ['hexadecimal', "1f\r\n{" . ' ' x 29 . "}\r\n0\r\n\r\n"])
{
    my $c = $t->connect;
    for (1, 2) {
        $c->send($c->format_request('POST', API, @type, headers =>
            ['Transfer-Encoding' => 'chunked']) . $pair->[1]);
        answer_is $c->response(method => 'POST'), 201, "chunks: $pair->[0]";
    }
}

my $before = $redis->cmd('HLEN', 'oc:{default}:cfg');

for my $pair (['no number', "x\r\n{}\r\n0\r\n\r\n"],
    ['too long', "1\r\n{}\r\n0\r\n\r\n"], ['negative', "-2\r\n{}\r\n"],
    ['huge', "ffffffffffffffff\r\n{}\r\n"],
    ['larger', "fffffffffffffffffff\r\n{}\r\n"])
{
    my $c = $t->connect;
    $c->send($c->format_request('POST', API, @type, headers =>
        ['Transfer-Encoding' => 'chunked']) . $pair->[1]);
    my $r = $c->response(method => 'POST');
    error_is $r, $r->status == 413 ? 413 : 400, undef,
             "a bad chunk: $pair->[0]";
}

# a client that leaves in the middle of its body
for my $bytes ("{", "2\r\n{", "2\r\n{}\r\n0\r\n") {
    my $c = $t->connect;
    $c->send($c->format_request('POST', API, @type, headers => $bytes =~ /\r/
        ? ['Transfer-Encoding' => 'chunked'] : ['Content-Length' => 2])
        . $bytes);
    length $bytes < 5 ? $c->abort : $c->close;
}

{
    my $c = $t->connect;
    $c->send($c->format_request('POST', '/slow' . API, @type,
                                headers => ['Content-Length' => 2]) . '{');
    my $r = $c->response(method => 'POST');
    ok $r->status == 408 || $r->status == 0 && $r->error =~ /closed/,
       'one that stops sending' or diag $r->text;
}

is $redis->cmd('HLEN', 'oc:{default}:cfg'), $before, 'nothing was created';


# Expect: 100-continue

for my $chunked (undef, 100) {
    my $c = $t->connect;
    my $request = $c->format_request('POST', API, @type, body => seed_bytes,
        chunked => $chunked, headers => [Expect => '100-continue']);
    my ($head, $body) = $request =~ /^(.*?\r\n\r\n)(.*)$/s;

    $c->send($head);
    ok wait_until(10, sub { $c->drain(0.01) =~ /^HTTP.*\r\n\r\n/s }),
       'an interim answer';
    like $c->drain(0), qr{^HTTP/1\.1 100 [^\r]*\r\n\r\n$}, 'is 100';
    $c->send($body);
    my $r = $c->response(method => 'POST');
    answer_is $r, 201, 'then 201';
    is_deeply $r->interim, [100], 'in this order';
}

{
    my $c = $t->connect;
    $c->send($c->format_request('POST', '/tight' . API, @type, headers =>
        [Expect => '100-continue', 'Content-Length' => 5_000]));
    my $r = $c->response(method => 'POST');
    error_is $r, 413, '', 'what is too large need not be sent';
    is_deeply $r->interim, [], '100 is not said';
}


# more than client_max_body_size

my $lines = 0;

for my $size (1_025, 2_000, 100_000, 3_000_000) {
    for my $chunked (undef, 100, 60_000) {
        my $r = $t->post('/tight' . API, body => ' ' x $size, @type,
                         chunked => $chunked);
        error_is $r, 413, '', "too large: $size bytes, "
            . ($chunked ? "in chunks of $chunked" : 'with a length');
        $lines++;
    }
}

answer_is $t->post('/tight' . API, body => '{}' . ' ' x 1_022, @type,
                   chunked => $_), 201, 'the largest that is taken'
    for undef, 10;
error_is $t->request($_, '/tight' . API, body => ' ' x 2_000, @type), 413, '',
         "too large, $_" for 'GET', 'PUT', 'OPTIONS', 'X';
error_is $t->post('/tight' . API . '/$count', body => 'x' x 2_000), 413, '',
         'too large, anywhere';
error_is $t->post('/tight' . API, body => '', @type, headers =>
    ['Content-Length' => '999999999999999']), 413, '', 'far too large';


# one request behind the other, all sent at once

{
    my $c = $t->connect;
    my $item = API . '/pipe';
    my $gz = 'x' x 5_000;
    my @steps = (
        [201, 'POST', API, json => { id => 'pipe', priority => 1 }],
        [200, 'GET', $item], [200, 'HEAD', $item],
        [409, 'POST', API, json => { id => 'pipe' }, chunked => 3],
        [415, 'POST', API, body => $gz, type => 'text/plain'],
        [415, 'POST', API, body => $gz, @type, chunked => 500,
            headers => ['Content-Encoding' => 'br']],
        [400, 'POST', API, body => $gz, @type],
        [204, 'POST', API . '/$ref', json => { '@odata.id' => $item }],
        [200, 'PUT', $item, json => {}], [200, 'PATCH', $item, json => {}],
        [400, 'PATCH', $item, body => $gz, @type],
        [405, 'PUT', API, json => {}], [404, 'POST', '/beta/x', json => {}],
        [204, 'OPTIONS', API], [204, 'DELETE', $item, body => $gz],
        [404, 'GET', $item, body => $gz], [404, 'DELETE', $item],
        [501, 'GET', API . '?$compute=x', body => $gz, chunked => 100],
        [406, 'GET', API, headers => [Accept => 'text/html']],
        [201, 'POST', API . '/$ref', json => { id => 'pipe' }, chunked => 1],
        [204, 'DELETE', $item], [404, 'GET', $item],
    );

    for my $round (1 .. 3) {
        my $bytes = join '', map { $c->format_request(@$_[1 .. $#$_]) } @steps;
        ok $c->send($bytes), "round $round is sent";
        my @got = map { $c->response(method => $_->[1])->status } @steps;
        is_deeply \@got, [map { $_->[0] } @steps], 'answers, in order';
    }

    $c->send($c->format_request('POST', API, json => {}) x 100);
    my %ids;
    my %status;
    for (1 .. 100) {
        my $r = $c->response(method => 'POST');
        $status{$r->status}++;
        $ids{json_item($r, 'id') // ''}++;
    }
    is_deeply \%status, { 201 => 100 }, 'a hundred at once';
    is scalar keys %ids, 100, 'each its own';
    is $c->drain(0), '', 'and nothing else';
}


# a body that is not wanted, and the next request on the connection

my $item = API . '/one';
answer_is $t->post(API, json => { id => 'one' }), 201, 'an item';

for my $case (
    [415, 'POST', API, type => 'text/plain'], [415, 'POST', API],
    [415, 'POST', API, @type, headers => ['Content-Encoding' => 'br']],
    [400, 'POST', API, @type], [400, 'POST', API . '/$ref', @type],
    [400, 'POST', API . '?$nothing=1', @type],
    [501, 'POST', API . '?$filter=x', @type], [415, 'POST', '/beta/$batch'],
    [400, 'POST', '/beta/$batch', @type],
    [405, 'POST', API . '/$count'], [405, 'PUT', "$item/assign"],
    [400, 'PATCH', $item, @type], [400, 'PUT', $item, @type],
    [400, 'POST', "$item/assign", @type],
    [400, 'POST', API . '/updatePriorities', @type],
    [400, 'POST', "$item/assignments", @type],
    [415, 'PATCH', $item, type => 'text/plain'],
    [501, 'GET', API . '?$compute=x'],
    [406, 'POST', API, @type, headers => [Accept => 'text/html']],
    [404, 'POST', '/beta/nothing'], [404, 'GET', API . '/nothing'],
    [404, 'DELETE', API . '/nothing'], [405, 'PUT', API], [405, 'POST', $item],
    [405, 'BREW', API], [200, 'GET', API . '?$top=0'], [200, 'GET', $item],
    [200, 'HEAD', $item], [204, 'OPTIONS', $item], [204, 'OPTIONS', API],
    [304, 'GET', $item, headers => ['If-None-Match' => '*']],
    [412, 'DELETE', $item, headers => ['If-Match' => '"x"']],
    [403, 'POST', '/denied' . API, @type],
    [403, 'POST', '/other' . API, @type], [403, 'GET', '/other' . API])
{
    my ($status, $method, $path, %opt) = @$case;

    for my $body ('x', 'x' x 100_000) {
        for my $chunked (undef, 5_000) {
            my $c = $t->connect;
            my $name = "$status $method $path, " . length($body) . ' bytes'
                       . ($chunked ? ', chunked' : '');
            my $r = $c->request($method, $path, %opt, body => $body,
                                chunked => $chunked);
            $status < 400 || $method eq 'HEAD'
                ? answer_is $r, $status, $name, method => $method
                : error_is $r, $status, undef, $name;

            is $r->header('Connection'), 'keep-alive', 'stays';
            $r = $c->request('GET', $item);
            answer_is $r, 200, 'the next request is answered';
            is $c->drain(0), '', 'and nothing else comes';
        }
    }
}

{
    my $c = $t->connect;
    my $r = $c->request('POST', '/one' . API, body => 'x' x 100_000);
    error_is $r, 415, '', 'without keepalive';
    is $r->header('Connection'), 'close', 'closes';
    ok $c->closed, 'and is closed';
}


# nothing is left behind

ok wait_until(10, sub { !files() }), 'no temporary file is left'
    or diag join ' ', files();
answer_is $t->get(API . '?$top=0'), 200, 'all is well';

$t->allow_log(qr/a client request body is buffered to a temporary file/,
    qr/client intended to send too large (?:chunked )?body/,
    qr/client sent invalid chunked body/, qr/access forbidden by rule/,
    qr/client prematurely closed connection/);
$t->done;
