# The API among nginx's other modules: subrequests, limits, filters, logs.

use OfficeConfig::Test;

use IO::Uncompress::Gunzip ();
use Time::HiRes qw(time);

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $url = $redis->url;
my $api = '/officeConfiguration/clientConfigurations';
my $dir = $t->dir;

mkdir "$dir/root";
$t->file('users', "u:{PLAIN}p\n");
$t->file('root/page.html', "<p><!--#include virtual=\"/beta$api/one\" --></p>\n");
$t->file('root/many.html', join '', map {
    "<!--#include virtual=\"/beta$api/$_\" wait=\"yes\" -->\n"
    } 'one', 'none', '', '?%24top=1', '?%24nothing=1', 'one?%24filter=x', 'one');
$t->file('root/set.html', "<!--#include virtual=\"/beta$api/one\" set=\"x\" -->"
                          . "[<!--#echo var=\"x\" encoding=\"none\" -->]\n");
$t->file('root/half.html', "<!--#include virtual=\"/beta$api/one\" -->"
    . "<!--#include virtual=\"/beta$api\" -->"
    . "<!--#include virtual=\"/root/page.html\" -->\n");
$t->file('root/error.json', '{"mine":true}');

my $nginx = $t->nginx(http => <<"END");
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    office_config_auth off;
    log_subrequest on;
    limit_req_zone \$http_x_key zone=one:64k rate=1r/m;
    limit_conn_zone \$http_x_key zone=two:64k;
    log_format full '"\$status" "\$request_method" "\$uri" "\$args"'
        ' "\$body_bytes_sent" "\$bytes_sent" "\$request_time"'
        ' "\$sent_http_content_type" "\$sent_http_etag" "\$request_completion"'
        ' "\$sent_http_request_id" "\$sent_http_odata_version"'
        ' "\$upstream_status" "\$content_length"';

    server {
        listen 127.0.0.1:%%PORT%%;
        access_log $dir/full.log full;
        access_log $dir/access.log test;
        default_type text/html;

        location = /status { stub_status; access_log off; }
        location /beta {
            office_config_pass main;
            client_max_body_size 1k;
        }
        location /big { office_config_pass main; client_max_body_size 8m;
                        office_config_page_size 1000; }

        location /root/ { alias $dir/root/; ssi on; }
        location /addition { alias $dir/root/; ssi off; }

        location /guarded {
            auth_request /check;
            office_config_pass main;
        }
        location = /check { office_config_pass main;
            rewrite ^ /beta$api/\$http_x_user break; }
        location /guarded_denied {
            auth_request /denied;
            office_config_pass main;
        }
        location /password {
            auth_basic x;
            auth_basic_user_file $dir/users;
            office_config_pass main;
        }
        location = /denied { return 403; }
        location /static_guarded { auth_request /beta$api/one;
                                   alias $dir/root/; }

        location /mirrored { mirror /copy; office_config_pass main; }
        location /copy {
            internal;
            office_config_pass main;
            office_config_tenant copy;
            if (\$request_uri ~ ^/mirrored(.*)\$) { set \$rest \$1; }
            rewrite ^ /copy\$rest break;
        }

        location /limited { limit_req zone=one; limit_req_status 429;
                            office_config_pass main; }
        location /limited503 { limit_req zone=one; office_config_pass main; }
        location /burst { limit_req zone=one burst=5; limit_req_status 429;
                          office_config_pass main; }
        location /connections { limit_conn two 1; limit_conn_status 429;
                                office_config_pass main; }

        location /pages {
            office_config_pass main;
            client_max_body_size 1k;
            error_page 413 /error.json;
            error_page 403 404 =200 /error.json;
            if (\$arg_deny) { return 403; }
        }
        location /pages_named {
            office_config_pass main;
            error_page 403 \@named;
            deny all;
        }
        location /pages_api {
            office_config_pass main;
            error_page 403 /beta$api/one;
            deny all;
        }
        location \@named { return 200 "named\\n"; }
        location = /error.json { root $dir/root; }

        location /zipped {
            office_config_pass main;
            gzip on;
            gzip_types application/json;
            gzip_min_length 1;
            gzip_vary on;
        }
        location /charset { office_config_pass main; charset utf-8; }
        location /sub { office_config_pass main; sub_filter_types *;
                        sub_filter_once off; sub_filter xyzzy plugh; }
        location /expires { office_config_pass main; expires 1h; }
        location /ranges { office_config_pass main; max_ranges 5; }
        location /slowly { office_config_pass main; limit_rate 1m; }
        location /added { office_config_pass main;
            add_header X-Always \$status always; add_header X-Ok yes; }
        location /proxied { proxy_pass http://127.0.0.1:%%PORT%%/beta;
                            proxy_http_version 1.1; }
        location /proxied_cut {
            proxy_pass http://127.0.0.1:%%PORT%%/beta;
            proxy_intercept_errors on;
            error_page 404 /error.json;
        }
    }

    server {
        listen 127.0.0.1:%%PORT%%;
        server_name timeouts;
        client_header_timeout 4s;
        keepalive_timeout 4s;
        location /beta { office_config_pass main; }
    }
END

my $one = $t->post("/beta$api", json => { id => 'one', displayName => 'd' });
answer_is $one, 201, 'an item';
my $item = $one->body;
my $ask = client($t);


# SSI

is $t->get('/root/page.html')->body, "<p>$item</p>\n", 'an item in a page';
is $t->get('/root/set.html')->body, "[$item]\n", 'and in a variable';

{
    my @lines = split /\n/, $t->get('/root/many.html')->body;
    is scalar @lines, 7, 'a page of many';
    is $lines[$_], $item, "the item, place $_" for 0, 6;
    my @codes = map { my $l = $lines[$_]; $l =~ /"code":"(\w+)"/ ? $1 : $l } 1, 4, 5;
    is_deeply \@codes, ['notFound', 'badRequest', 'notImplemented'],
              'errors are included as they are';
    is scalar(() = $lines[1] =~ /"error"/g), 1, 'once';
    like $lines[2], qr/"value":\[\{.*\}\]\}$/, 'the list';
    like $lines[3], qr/"value":\[\{.*\}\]\}$/, 'a page of it';
    my $half = $t->get('/root/half.html')->body;
    like $half, qr/^\Q$item\E\{"\@odata\.context":.*\]\}<p>\Q$item\E<\/p>\n\n$/s,
         'subrequests at once, in order';
    is $t->head('/root/many.html')->status, 200, 'HEAD of such a page';

    my $c = $t->connect;
    $c->send($c->format_request('GET', '/root/many.html') x 5
             . $c->format_request('GET', "/beta$api/one"));
    my @all = map { $c->response } 1 .. 6;
    is_deeply [map { $_->status } @all], [(200) x 6], 'in a pipeline';
    is $all[5]->body, $item, 'and the connection is fine';
}


# auth_request: the API says who may

answer_is $ask->('GET', "/guarded$api", headers => ['X-User' => 'one']), 200,
          'auth_request: an item that is there lets in';
$t->status_is($ask->('GET', "/guarded$api", headers => ['X-User' => 'none']),
              500, 'one that is not is an error of the configuration');
error_is $ask->('GET', "/guarded_denied$api"), 403, undef, 'auth_request: 403';
error_is $ask->('POST', "/guarded_denied$api", json => {}), 403, undef, 'POST';
answer_is $ask->('POST', "/guarded$api", json => { id => 'g' },
                 headers => ['X-User' => 'one']), 201, 'POST, let in';
{
    my $r = $ask->('GET', "/password$api");
    $t->status_is($r, 401, 'auth_basic: 401');
    is json_item($r, 'error', 'code'), 'InvalidAuthenticationToken',
       'in the shape of an error';
    is $r->header('WWW-Authenticate'), 'Basic realm="x"', 'with the challenge';
    answer_is $ask->('GET', "/password$api", headers =>
                     [Authorization => 'Basic dTpw']), 200, 'and let in';
}
is $t->get('/static_guarded/error.json')->body, '{"mine":true}',
   'a file behind the API';


# mirror: the same, for another tenant

for my $body ('{"id":"m1"}', '{"id":"m2","policyPayload":"' . 'x' x 50_000 . '"}')
{
    my ($id) = $body =~ /"(m\d)"/;
    answer_is $ask->('POST', "/mirrored$api", body => $body,
                     type => 'application/json'), 201, "mirror: $id";
}

ok wait_until(10, sub { ($redis->cmd('HLEN', 'oc:{copy}:cfg') // 0) == 2 }),
   'mirror: the copies arrive'
    or diag explain $redis->cmd('KEYS', '*');
answer_is $ask->('GET', "/mirrored$api/m1"), 200, 'mirror: GET';
error_is $ask->('POST', "/mirrored$api", body => '{', type => 'application/json'),
         400, undef, 'mirror: an error';
answer_is $ask->('DELETE', "/mirrored$api/m1"), 204, 'mirror: DELETE';
ok wait_until(10, sub { $redis->cmd('HLEN', 'oc:{copy}:cfg') == 1 }),
   'of both';


# limits

{
    my $key = 0;
    my $limited = sub {
        my ($at, $method, %opt) = @_;
        return $ask->($method, "$at$api", %opt, headers => ['X-Key' => "k$key"]);
    };

    for my $case (['/limited', 429], ['/limited503', 503]) {
        my ($at, $status) = @$case;
        for my $method ('GET', 'POST', 'DELETE') {
            my @opt = $method eq 'POST' ? (json => { id => "l$key" }) : ();
            $key++;
            my $first = $limited->($at, $method, @opt)->status;
            isnt $first, $status, "$at: the first $method passes";
            my $r = $limited->($at, $method, @opt);
            error_is $r, $status, undef, 'the second does not';
            like $r->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After';
            is $r->header('Connection'), 'keep-alive', 'and the connection stays';
        }
        $t->del("/beta$api/l$_") for $key - 3 .. $key;
    }

    $key++;
    my @c = map { $t->connect } 1 .. 3;
    $redis->pause;
    $c[0]->write_request('GET', "/connections$api", headers => ['X-Key' => 'c']);
    my $r;
    ok wait_until(10, sub {
        $r = $t->get("/connections$api", headers => ['X-Key' => 'c']);
        $r->status == 429 }), 'limit_conn';
    error_is $r, 429, undef, 'in the shape of an error';
    $redis->resume;
    answer_is $c[0]->response, 200, 'the one within the limit is served';
}


# error_page

{
    my $r = $ask->('POST', "/pages$api", body => ' ' x 5_000,
                   type => 'application/json');
    is $r->status . ' ' . $r->body, '413 {"mine":true}',
       'error_page: a page of ones own';
    is $r->header('OData-Version'), undef, 'which is not the API\'s';
    $r = $ask->('GET', "/pages$api?deny=1");
    is $r->status . ' ' . $r->body, '200 {"mine":true}', 'with a status';
    error_is $ask->('GET', "/pages$api/none"), 404, undef,
             'an answer of the API is not intercepted';
    is $ask->('GET', "/pages_named$api")->body, "named\n", 'a named location';
    $r = $ask->('GET', "/pages_api$api");
    is $r->status, 403, 'a page that is the API\'s';
    is json_item($r, 'id'), 'one', 'its body';
    answer_is $ask->('GET', "/beta$api/one"), 200, 'the connection stays';
}


# filters

{
    my $r = $ask->('GET', "/zipped$api/one", headers =>
                   ['Accept-Encoding' => 'gzip']);
    is $r->status, 200, 'gzip';
    is $r->header('Content-Encoding'), 'gzip', 'is said';
    is $r->header('Vary'), 'Accept-Encoding', 'with Vary';
    is $r->header('ETag'), $one->header('ETag'), 'the ETag stays';
    IO::Uncompress::Gunzip::gunzip(\$r->body => \my $text);
    is $text, $item =~ s{/beta}{/zipped}r, 'the body';
    is $ask->('GET', "/zipped$api/one")->body, $text, 'or as it is';

    $r = $ask->('GET', "/zipped$api/none", headers =>
                ['Accept-Encoding' => 'gzip']);
    IO::Uncompress::Gunzip::gunzip(\$r->body => \$text);
    like $text, qr/"code":"notFound"/, 'an error as well';
    $r = $ask->('POST', "/zipped$api", body => 'x' x 2_000_000, headers =>
                ['Accept-Encoding' => 'gzip'], type => 'application/json');
    is $r->status, 413, 'and one of nginx';
    IO::Uncompress::Gunzip::gunzip(\$r->body => \$text);
    like $text, qr/"code":"payloadTooLarge"/, 'in the shape of an error'
        or diag $r->text;
    answer_is $ask->('GET', "/zipped$api/one", headers => [
        'Accept-Encoding' => 'gzip', 'If-None-Match' => '*']), 304, 'a 304, gzip';
    is $ask->('HEAD', "/zipped$api/one", headers =>
              ['Accept-Encoding' => 'gzip'])->status, 200, 'HEAD, gzip';
    answer_is $ask->('DELETE', "/zipped$api/g", headers =>
                     ['Accept-Encoding' => 'gzip']), 204, 'a 204, gzip';

    answer_is $ask->('GET', "/charset$api/one"), 200, 'charset';
    is $ask->('GET', "/sub$api/one")->status, 200, 'sub_filter';
    like $ask->('GET', "/sub$api/one")->body, qr/^\{"\@odata.*\}$/, 'its body';
    is $ask->('GET', "/expires$api/one")->status, 200, 'expires';
    answer_is $ask->('GET', "/ranges$api/one", headers => [Range => 'bytes=1-2']),
              200, 'ranges';
    is $ask->('GET', "/ranges$api/one")->header('Accept-Ranges'), undef,
       'are not offered';

    $r = $ask->('GET', "/added$api/one");
    is_deeply [map { scalar $r->header($_) } 'X-Always', 'X-Ok'], ['200', 'yes'],
              'add_header';
    $r = $ask->('GET', "/added$api/none");
    is_deeply [map { scalar $r->header($_) } 'X-Always', 'X-Ok'], ['404', undef],
              'add_header always';
    error_is $r, 404, undef, 'beside those of an error';
}


# behind another nginx

{
    my $r = $ask->('GET', "/proxied$api/one");
    is $r->body, $item =~ s{localhost}{127.0.0.1:@{[$nginx->port]}}r, 'proxied';
    is scalar $r->header_all('request-id'), 1, 'one request-id';
    error_is $ask->('GET', "/proxied$api/none"), 404, undef, 'an error';
    is $ask->('GET', "/proxied_cut$api/none")->body, '{"mine":true}',
       'or one that is intercepted';
    answer_is $ask->('POST', "/proxied$api", json => { id => 'p' }), 201, 'POST';
    answer_is $ask->('HEAD', "/proxied$api/p"), 200, 'HEAD', method => 'HEAD';
    answer_is $ask->('DELETE', "/proxied$api/p"), 204, 'DELETE';
    answer_is $ask->('GET', "/proxied$api/one", headers =>
                     ['If-None-Match' => $one->header('ETag')]), 304, 'a 304';
}


# the access log

{
    my %line;
    my $log = sub {
        my ($request, $re) = @_;
        my $r = $ask->(@$request);
        my $id = $r->header('request-id');
        ok wait_until(10, sub {
            open my $fh, '<', "$dir/full.log" or return;
            grep { /"$id"/ && /$re/ } <$fh> }), "access log: $re"
            or diag $t->command('tail', '-n', 2, "$dir/full.log");
    };
    my $etag = quotemeta $one->header('ETag') =~ s/"/\\x22/gr;
    my $type = quotemeta JSON_TYPE;

    $log->(['GET', "/beta$api/one?x=y"],
           qr{^"200" "GET" "/beta\Q$api\E/one" "x=y" "@{[length $item]}" });
    $log->(['GET', "/beta$api/one"], qr{ "$type" "$etag" "OK" });
    $log->(['GET', "/beta$api/none"], qr{^"404" "GET" .* "$type" "-" "OK" .*"4\.0"});
    $log->(['GET', "/beta$api?\$top=x"], qr{^"400" "GET" });
    $log->(['HEAD', "/beta$api/one"], qr{^"200" "HEAD" "\S+" "-" "0" });
    $log->(['POST', "/beta$api", body => ' ' x 5_000], qr{^"413" "POST" .*"5000"$});
    $log->(['POST', "/beta$api", json => { id => 'log' }], qr{^"201" "POST" });
    $log->(['DELETE', "/beta$api/log"], qr{^"204" "DELETE" "\S+" "-" "0" });
}


# a client that leaves before the answer

{
    $redis->pause;
    my @c = map { $t->connect } 1 .. 5;
    my @requests = (['GET', "/beta$api/left"], ['GET', "/beta$api?left"],
        ['POST', "/beta$api?left", json => { id => 'left' }],
        ['DELETE', "/beta$api/left"], ['GET', '/root/page.html?left']);
    $c[$_]->write_request(@{$requests[$_]}) for 0 .. 4;
    ok $t->taken(5), 'five have asked';
    $_->abort for @c[0 .. 2];
    $_->close for @c[3, 4];
    ok wait_until(10, sub {
        open my $fh, '<', "$dir/access.log" or return;
        5 == grep { /^499 .*left/ } <$fh> }), 'five leave: 499'
        or diag $t->command('tail', '-n', 6, "$dir/access.log");
    $redis->resume;
    answer_is $ask->('GET', "/beta$api/one"), 200, 'others are served';
}


# a large list, and clients that take their time

{
    my $payload = join '', map { chr 97 + $_ % 26 } 1 .. 400_000;
    for my $n (0 .. 9) {
        my $r = $ask->('POST', "/big$api", json => { id => "big$n",
                       policyPayload => $payload });
        $r->status == 201 or diag $r->text;
    }

    my $list = $ask->('GET', "/big$api");
    is $list->status, 200, 'a list of 4 MB';
    cmp_ok length $list->body, '>', 4_000_000, 'indeed';
    is scalar(() = $list->body =~ /\Q$payload\E/g), 10, 'all of it';

    # the buffers outlive the reply, while others come and go
    my @slow = map { $t->connect(rcvbuf => 16_384) } 1 .. 3;
    $_->write_request('GET', "/big$api") for @slow;
    my $gone = $t->connect(rcvbuf => 16_384);
    $gone->write_request('GET', "/big$api");
    $slow[0]->drain(0.05);
    $gone->abort;

    for my $round (1 .. 20) {
        my $r = $ask->('GET', "/beta$api/one");
        $r->status == 200 or fail 'others are served';
        $ask->('DELETE', "/big$api/big$round") if $round < 10;
        $_->drain(0.002) for @slow;
    }

    for my $c (@slow) {
        my $r = $c->response(slow => [65_536, 0.0005], timeout => 300);
        ok $r->status == 200 && $r->body eq $list->body, 'a slow reader';
    }

    is $ask->('GET', "/slowly$api/one")->status, 200, 'limit_rate';
    $ask->('DELETE', "/big$api/$_") for 'big0', 'm2', 'left';
}


# connections that are kept, and closed

{
    my $c = $t->connect;
    answer_is $c->request('GET', "/beta$api/one", headers =>
                          [Host => 'timeouts']), 200, 'kept'
        for 1 .. 3;
    ok $c->closed, 'for keepalive_timeout';

    $c = $t->connect;
    my $r = $c->request('GET', "/beta$api/one", close => 1);
    is $r->header('Connection'), 'close', 'closed when the client asks';
    ok $c->closed, 'indeed';
    $c = $t->connect;
    $c->write_request('GET', "/beta$api/one", version => '1.0');
    answer_is $c->response, 200, 'HTTP/1.0';
    ok $c->closed, 'is closed';
    $c = $t->connect;
    answer_is $c->request('GET', "/beta$api/one", version => '1.0',
              headers => [Connection => 'keep-alive']), 200, 'or kept'
        for 1, 2;
}

$t->allow_log(qr/auth request unexpected status: 404/, qr/access forbidden/,
    qr/limiting (?:requests|connections)/, qr/too large/, qr/temporary file/,
    qr/does not answer/);
$t->done;
