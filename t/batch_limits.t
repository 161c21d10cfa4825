# Each request of a batch is one of its own to nginx: its limits, its access
# rules, its errors; and whatever becomes of it harms nobody else. TLS, HTTP/2,
# outages of Redis, clients that leave, shutdown, no connections left.

use OfficeConfig::Test;

use MIME::Base64 qw(decode_base64url);
use Time::HiRes qw(time);

use OfficeConfig::Api;
use OfficeConfig::Batch;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $proxy = $t->proxy(upstream => $redis);
my ($tls, $h2, $h2tls, $unix) = (map({ $t->port } 1 .. 3),
                                 $t->dir . '/nginx.sock');
my $dir = $t->dir;

my ($status, $text) = $t->command(qw(openssl req -x509 -newkey ec -pkeyopt
    ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost),
    -keyout => "$dir/key.pem", -out => "$dir/cert.pem");
is $status, 0, 'a certificate' or diag $text;

$t->file('users', "u:{PLAIN}p\n");
$t->file('page', 'x' x 300_000);

my $all = '/officeConfiguration/clientConfigurations';
my $nginx = $t->serve(redis => $proxy,
    block => 'connect_timeout 5s; command_timeout 30s; reconnect 50ms 100ms;',
    http => <<'END', server => <<"END", location => <<'END');
        limit_req_zone $http_x_key zone=rate:64k rate=1r/m;
        limit_req_zone $http_x_slow zone=slow:64k rate=20r/s;
        limit_conn_zone $http_x_conn zone=conn:64k;
        limit_req_status 429;
END
        keepalive_requests 100000;
        client_body_buffer_size 8m;
        client_max_body_size 8m;
        listen 127.0.0.1:$tls ssl;
        listen 127.0.0.1:$h2 http2;
        listen 127.0.0.1:$h2tls ssl http2;
        listen unix:$unix;
        ssl_certificate $dir/cert.pem;
        ssl_certificate_key $dir/key.pem;

        location /status { stub_status; }
        location /whole { return 200 whole; }

        location /beta$all/denied {
            deny all;
            office_config_pass main;
            office_config_auth off;
        }
        location /beta$all/secret {
            auth_basic x;
            auth_basic_user_file $dir/users;
            office_config_pass main;
            office_config_auth off;
        }
        location /beta$all/asked {
            auth_request /ask;
            office_config_pass main;
            office_config_auth off;
        }
        location = /ask { proxy_pass http://unix:$unix:/answer; }
        location /answer {
            if (\$http_x_answer = 401) { return 401; }
            if (\$http_x_answer = 403) { return 403; }
            return 204;
        }
        location /beta$all/small {
            client_max_body_size 100;
            office_config_pass main;
            office_config_auth off;
        }
        location /beta$all/connection {
            return 200 "\$scheme|\$ssl_protocol|\$https|\$http2|\$server_protocol|\$remote_addr|\$server_addr|\$connection_requests";
        }
        location /beta$all/file { alias $dir/page; sendfile on; aio threads;
                                  directio 4k; }
        location /beta$all/proxied {
            proxy_http_version 1.1;
            proxy_pass http://unix:$unix:/chunked;
        }
        location /chunked {
            ssi on; ssi_types *; default_type text/plain;
            alias $dir/page;
        }
        location /beta$all/dropped { return 444; }
        location /beta$all/page {
            error_page 404 /own; recursive_error_pages on;
            return 404;
        }
        location /own { default_type text/html; return 404 "own page"; }
        location /beta$all/moved { return 301 /elsewhere; }
        location /beta$all/after { post_action /whole; return 200 after; }
        location /beta$all/limited { limit_rate 10k; alias $dir/page; }
END
        limit_req zone=rate;
        limit_req zone=slow burst=50;
        limit_conn conn 2;
END
my $ask = client($t);

sub batch {
    my ($requests, @headers) = @_;
    return $ask->('POST', BATCH, json => { requests => $requests },
                  headers => \@headers);
}

sub one { answers(batch([@_]))->{$_[0]{id}} // {} }
sub get { my ($id, $path, %opt) = @_; return req($id, 'GET', "$all$path", %opt) }

$ask->('POST', API, json => { id => 'a' });
$t->allow_log(qr/limiting (?:requests|connections)|delaying request/,
              qr/access forbidden by rule|user "x" was not found/,
              qr/client intended to send too large body/);

my $active = sub { $ask->('GET', '/status')->body =~ /Active connections: (\d+)/
                   && $1 };
my ($fds, $connections) = ($nginx->fds, $active->());


# limits and access

is statuses(batch([map({ get($_, "/a", headers => { 'X-Key' => 'k' }) }
                       1 .. 3), get(4, '/a')])), '200 429 429 200',
   'limit_req is for each request';
my $answer = answers(batch([get(1, '/a', headers => { 'X-Key' => 'k' })]))->{1};
is $answer->{status}, 429, 'one past it';
is $answer->{headers}{'Retry-After'}, 1, '... with Retry-After';
is $answer->{body}{error}{code}, 'tooManyRequests', '... in the API\'s shape';

my $start = time;
is statuses(batch([map { get($_, "/a", headers => { 'X-Slow' => 'k' }) }
                   1 .. 5])), join(' ', (200) x 5),
   'a limit_req that delays';
cmp_ok time - $start, '>', 0.15, '... does so';

is statuses(batch([map { get($_, '/a', headers => { 'X-Conn' => 'k' }) }
                   1 .. 4])), '200 200 503 503', 'limit_conn';

is statuses(batch([get(1, '/denied/x'), get(2, '/a')])), '403 200', 'deny';
is one(get(1, '/denied/x'))->{body}{error}{code}, 'forbidden',
   '... in the API\'s shape';

is statuses(batch([get(1, '/secret/x'), get(2, '/secret/x', headers => {
        Authorization => 'Basic dTpw' }), get(3, '/a')])), '401 404 200',
   'auth_basic, with a header of the request';
is statuses(batch([get(1, '/secret/x'), get(2, '/secret/x', headers => {
        Authorization => 'Basic eDp4' })], Authorization => 'Basic dTpw')),
   '404 401', '... and of the batch';
like one(get(1, '/secret/x'))->{headers}{'WWW-Authenticate'}, qr/^Basic/,
     'WWW-Authenticate';

is statuses(batch([map { get($_, '/asked/x', headers => {
        'X-Answer' => ('', '204', '403', '401', '204')[$_] }) } 1 .. 4])),
   '404 403 401 404', 'auth_request';

is statuses(batch([req(1, 'PUT', "$all/small/policyPayload",
                       json => 'x' x 200), get(2, '/a')])), '413 200',
   'client_max_body_size of another location';
is batch([created(1, displayName => 'x' x 9_000_000)])->status, 413,
   'that of the batch';


# whatever answers

is decode_base64url(one(get(1, '/file'))->{body}), 'x' x 300_000,
   'a file, read by a thread';
is decode_base64url(one(get(1, '/proxied'))->{body}), 'x' x 300_000,
   'a response of another server, in chunks';
is statuses(batch([get(1, '/dropped'), get(2, '/a')])), '500 200',
   'a request that is dropped';
is decode_base64url(one(get(1, '/page'))->{body}), 'own page', 'error_page';
$answer = one(get(1, '/moved'));
is "$answer->{status} $answer->{headers}{Location}",
   '301 http://localhost' . ':' . $nginx->port . '/elsewhere', 'a redirect'
   or diag json_text($answer);
is decode_base64url(one(get(1, '/after'))->{body}), 'after', 'post_action';
is decode_base64url(one(get(1, '/limited'))->{body}), 'x' x 300_000,
   'limit_rate is for clients';


# connections

sub connection {
    my ($r) = @_;
    return [map { [split /\|/, decode_base64url($_->{body}), -1] }
            @{$r->json->{responses}}];
}

my @two = map { get($_, '/connection') } 1 .. 2;

is_deeply connection(batch(\@two)), [(['http', '', '', '', 'HTTP/1.1',
          '127.0.0.1', '127.0.0.1', 1]) x 2], 'what a request sees';

{
    my $c = $t->connect(to => $tls, tls => {});

    for (1 .. 3) {
        my $seen = connection($c->request('POST', BATCH,
                                          json => { requests => \@two }));
        is_deeply [map { "$_->[0] $_->[2]" } @$seen], [('https on') x 2],
                  'over TLS';
        like $seen->[1][1], qr/^TLSv1/, '... with its variables';
    }

    is json_item($c->request('POST', BATCH, json => { requests => [
        created(1, id => 'tls')] }), 'responses', 0, 'headers', 'Location'),
       "https://localhost/beta$all/tls", 'Location';
    is statuses($c->request('POST', BATCH, json => { requests => [
        map { get($_, '/a') } 1 .. 20] })), join(' ', (200) x 20),
       'twenty of them';
}

sub nghttp {
    my ($port, @requests) = @_;
    my $file = $t->file('h2', json_text({ requests => \@requests }));
    my ($status, $text) = $t->command('nghttp', '--no-dep', '-t', 110,
        '-m', 3, '-H', ':method: POST', '-H', 'content-type: application/json',
        '-d', $file, ($port == $h2tls ? 'https' : 'http')
        . "://127.0.0.1:$port/beta/\$batch");
    return map { OfficeConfig::Response->new(body => "{\"responses$_") }
           grep { /^":/ } split /\{"responses/, $text;
}

for my $port ($h2, $h2tls) {
    my @r = nghttp($port, @two, created(3), get(4, '/none'));
    is scalar @r, 3, 'three batches over HTTP/2' . ($port == $h2tls
                                                    ? ' and TLS' : '');
    is statuses($_), '200 200 201 404', '... each is answered' for @r;
    is connection(OfficeConfig::Response->new(body => json_text({ responses =>
        [@{$r[0]->json->{responses}}[0, 1]] })))->[0][0],
       $port == $h2tls ? 'https' : 'http', '... the scheme';
}

{
    my $c = $t->connect(to => "unix:$unix");
    is statuses($c->request('POST', BATCH, json => { requests => [
        get(1, '/a'), get(2, '/connection')] })), '200 200',
       'over a unix socket';
}


# large answers

{
    my $direct = $t->nginx(http => $t->api_conf(redis => $redis,
        location => 'client_max_body_size 8m; client_body_buffer_size 8m;'));
    my $c = $t->connect(to => $direct->port);

    $c->request('POST', API, json => { id => 'large' });
    is $c->request('PUT', API . '/large/policyPayload', type => 'x/y',
                   body => 'y' x 5_000_000)->status, 204, 'a large stream';

    my $r = $c->request('POST', BATCH, type => 'multipart/mixed; boundary=b',
        headers => [Prefer => 'continue-on-error'],
        body => mixed('b', map {
            http_part('GET', "$all/large/policyPayload") } 1 .. 15));
    my @parts = @{mixed_parts($r)};
    is join(' ', map { $_->{status} } @parts),
       join(' ', (200) x 13, 500, 500), 'responses are bounded together';
    is scalar(grep { $_->{body} eq 'y' x 5_000_000 } @parts), 13,
       '... what is within the bound is whole';
    like $parts[14]{body}, qr/too large/, '... the others say why';

    $c->request('POST', API, json => { id => "big$_" }) for 1 .. 10;
    $r = $c->request('POST', BATCH, json => { requests => [map {
        req($_, 'PUT', "$all/big$_/userPreferencePayload",
            body => 'A' x 400_000, headers => { 'Content-Type' => 'x/y' })
        } 1 .. 10] });
    is statuses($r), join(' ', (204) x 10), 'large bodies';
    $redis->cmd('FLUSHALL');
}
$ask->('POST', API, json => { id => 'a' });


# a client that leaves

$proxy->hold;
my $left = 0;

for my $how (qw(close abort)) {
    my $c = $t->connect;
    my $held = $proxy->stats->{commands};
    $c->write_request('POST', BATCH, json => { requests => [
        get(1, "/a?$how"), map({ created($_) } 2 .. 4),
        map { { %{created($_)}, atomicityGroup => 'g' } } 5 .. 7] });
    ok $proxy->wait_for(commands => $held + 4), 'Redis is asked';
    $c->$how;
    $left++;
    ok wait_until(10, sub {
        $left == (() = $nginx->access_log =~ /^499 POST \S*\$batch/mg)
    }), "$how: the batch is over at once";
}

$proxy->pass;
is statuses(batch([get(1, '/a')])), '200', 'Redis answers, the next batch is'
   . ' answered';


# Redis is gone

$proxy->mute;
$proxy->drop;
$t->allow_lost;
$t->allow_log(qr/Redis at \S+ (?:timed out|does not|did not|is not)/,
              qr/\[error\].* Redis at/);
my $r = batch([get(1, '/a'), created(2),
            map { { %{created($_)}, atomicityGroup => 'g' } } 3 .. 4]);
is $r->status, 200, 'a Redis that says nothing';
ok !(grep { $_ !~ /^50[34]$/ } split / /, statuses($r)),
   '... each request is answered with 503 or 504' or diag $r->text;
ok defined answers($r)->{1}{headers}{'Retry-After'}, '... and Retry-After';

$proxy->refuse;
$proxy->drop;
$r = batch([get(1, '/a'), map { { %{created($_)}, atomicityGroup => 'g' } }
                          2 .. 3]);
is statuses($r), '503 503 503', 'a Redis that is not there';

$proxy->pass;
ok wait_until(10, sub { statuses(batch([get(1, '/a')])) eq '200' }),
   'it is back';


# nothing is left behind

batch([map { get($_, '/a') } 1 .. 20]) for 1 .. 10;
ok wait_until(5, sub { $nginx->fds <= $fds + 8 }), 'descriptors are closed'
    or diag $nginx->fds, " of $fds";
ok wait_until(5, sub { $active->() <= $connections + 1 }),
   'connections are counted' or diag $active->(), " of $connections";


# no connection is left

{
    my $few = $t->nginx(events => 'worker_connections 16;',
        http => $t->api_conf(redis => $redis,
                             server => 'keepalive_requests 100000;'));
    my $c = $t->connect(to => $few->port);
    $t->allow_log(qr/16 worker_connections are not enough/);

    $c->request('GET', "/beta$all/a");
    my $r = $c->request('POST', BATCH, json => { requests => [
        map { get($_, '/a') } 1 .. 20] });
    my %count;
    $count{$_}++ for split / /, statuses($r);
    is $r->status, 200, 'too few connections: the batch is answered';
    ok $count{200} && $count{503} && $count{200} + $count{503} == 20,
       '... what had none with 503' or diag statuses($r);
    is answers($r)->{20}{headers}{'Retry-After'}, 1, '... and Retry-After'
        if answers($r)->{20}{status} == 503;
    is statuses($c->request('POST', BATCH, json => { requests => [
        map { get($_, '/a') } 1 .. 4] })), '200 200 200 200',
       '... and the next one is fine';
}


# a graceful shutdown

$proxy->hold;
{
    my $held = $proxy->stats->{commands};
    my $c = $t->connect;
    $c->write_request('POST', BATCH, json => { requests => [
        get(1, '/a'), get(2, '/$count', dependsOn => ['1']),
        map { { %{created($_)}, atomicityGroup => 'g' } } 3 .. 4] });
    ok $proxy->wait_for(commands => $held + 2), 'a batch waits for Redis';

    $nginx->signal('QUIT');
    ok $nginx->wait_log(qr/gracefully shutting down/), 'nginx is to end';
    $proxy->pass;

    is statuses($c->response), '200 200 201 201', 'the batch is finished';
    ok $nginx->quit, 'then nginx ends';
}

$t->done;
