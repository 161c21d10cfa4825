# Tokens among nginx's other modules: satisfy, limits, redirects, subrequests,
# logs, HTTP/2. Nothing is let in by a way around the access phase.

use OfficeConfig::Test;

use OfficeConfig::Api;
use OfficeConfig::Tokens qw(ISSUER AUDIENCE TENANT SUBJECT CLIENT READ WRITE);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $url = $redis->url;
my $api = '/officeConfiguration/clientConfigurations';
my $dir = $t->dir;
my $keys = OfficeConfig::Tokens->new->add('one', kty => 'EC');
my $file = $t->file('keys.json', $keys->jwks);
my $h2 = $t->port;

mkdir "$dir/root";
$t->file('root/page.html', "[<!--#include virtual=\"/beta$api/one\" -->]");
$t->file('root/set.html', "<!--#include virtual=\"/beta$api/one\" set=\"x\" -->"
                          . '[<!--#echo var="x" encoding="none" -->]');
$t->file('root/error.json', '{"mine":true}');
$t->file('users', "u:{PLAIN}p\n");

my $nginx = $t->nginx(http => <<"END");
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    office_config_auth jwt;
    office_config_jwt_key_file $file;
    office_config_jwt_issuer "@{[ISSUER]}";
    office_config_jwt_audience @{[AUDIENCE]};

    limit_req_zone \$office_config_tenant zone=tenants:64k rate=1r/m;
    limit_req_zone \$office_config_subject zone=subjects:64k rate=1r/m;
    log_format auth '\$status \$request_method \$request_uri "\$office_config_tenant"'
        ' "\$office_config_subject" "\$office_config_client_id"'
        ' "\$office_config_auth_result"';
    map \$office_config_auth_result \$mapped { default no; cached yes; ok yes; }

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:$h2 http2;
        access_log $dir/auth.log auth;
        access_log $dir/access.log test;
        default_type text/html;
        keepalive_requests 100000;

        location /beta { office_config_pass main; }
        location /off { office_config_pass main; office_config_auth off; }
        location /off_fixed { office_config_pass main; office_config_auth off;
                              office_config_tenant fixed; }

        location /any_address { satisfy any; allow 127.0.0.1; deny all;
                                office_config_pass main; }
        location /any_address_tenant { satisfy any; allow 127.0.0.1; deny all;
                                       office_config_pass main;
                                       office_config_tenant guests; }
        location /any_token { satisfy any; deny all; office_config_pass main; }
        location /any_password { satisfy any; auth_basic x;
                                 auth_basic_user_file $dir/users;
                                 office_config_pass main;
                                 office_config_tenant guests; }
        location /all_allowed { allow 127.0.0.1; deny all;
                                office_config_pass main; }
        location /all_denied { deny all; office_config_pass main; }

        location /limited { limit_req zone=tenants; limit_req_status 429;
                            office_config_pass main; }
        location /subjects { limit_req zone=subjects; limit_req_status 429;
                             office_config_pass main; }
        location /mapped { office_config_pass main; add_header X-Mapped \$mapped
                           always; }

        location /redirected { rewrite ^/redirected(.*)\$ /beta\$1 last; }
        location /inside { internal; office_config_pass main; }
        location /to_inside { rewrite ^/to_inside(.*)\$ /inside\$1 last; }
        location /tried { try_files /none /beta$api/one; }
        location /error_to { error_page 404 = /beta$api/one; return 404; }
        location /named_to { error_page 404 = \@named; return 404; }
        location \@named { rewrite ^ /beta$api/one break;
                           office_config_pass main; }
        location /index { alias $dir/root/; index /beta$api; }
        location /if { office_config_pass main; if (\$arg_x) { set \$y 1; } }
        location /if_pass { office_config_pass main;
                            if (\$arg_x) { office_config_pass main; } }
        location /except { office_config_pass main;
                           limit_except GET { deny all; } }
        location /except_pass { office_config_pass main;
                                limit_except GET { office_config_pass main; } }
        location /within { office_config_pass main;
                           location /within/beta { office_config_pass main; } }
        location ~ ^/regex { office_config_pass main; }
        location /other { rewrite ^/other(.*)\$ /strict\$1 last;
                          office_config_pass main; }
        location /strict { office_config_pass main;
                           office_config_scope_read strict; }

        location /pages { office_config_pass main;
                          error_page 401 403 /error.json; }
        location /pages_named { office_config_pass main;
                                error_page 401 \@error; }
        location \@error { office_config_error; }
        location = /error.json { root $dir/root; }

        location /root/ { alias $dir/root/; ssi on; }
        location /guarded { auth_request /beta$api/one; alias $dir/root/; }
        location /guarded_api { auth_request /off$api; office_config_pass main; }
        location /mirrored { mirror /beta$api; office_config_pass main;
                             office_config_auth off; }
        location /mirrored_copy { mirror /copy; office_config_pass main;
                                  office_config_auth off; }
        location = /copy { internal; office_config_pass main;
                           rewrite ^ /copy$api break; }
        location /added { alias $dir/root/; add_after_body /beta$api/one; }
        location /passed { proxy_pass http://127.0.0.1:%%PORT%%/beta; }
    }
END

my $ask = client($t);
my $write = $keys->token(scp => WRITE);
my $read = $keys->token(scp => READ);

sub as {
    my ($token, $method, $path, %opt) = @_;
    my @with = defined $token ? (Authorization => "Bearer $token") : ();
    return $ask->($method, $path, %opt,
                  headers => [@{$opt{headers} // []}, @with]);
}

sub logged {
    my ($re, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok wait_until(5, sub {
        open my $fh, '<', "$dir/auth.log" or return;
        grep { $_ =~ $re } <$fh> }), $name
        or diag $t->command('tail', '-n', 3, "$dir/auth.log");
}

my $one = as($write, 'POST', "/beta$api", json => { id => 'one' });
answer_is $one, 201, 'an item';
my $item = $one->body;


# satisfy

answer_is as($read, 'GET', "/any_token$api"), 200, 'any: a token will do';
error_is as(undef, 'GET', "/any_token$api"), 401, undef, 'any: none of them';
like as(undef, 'GET', "/any_token$api")->header('WWW-Authenticate'),
     qr/^Bearer realm/, 'any: the challenge';
error_is as($read, 'POST', "/any_token$api", json => {}), 403, undef,
         'any: a token without the scope';
error_is as('x', 'GET', "/any_token$api"), 401, undef, 'any: a bad token';
{
    my $r = as(undef, 'GET', "/any_address_tenant$api");
    answer_is $r, 200, 'any: an address will do';
    is $r->header('WWW-Authenticate'), undef, 'any: without a challenge';
    answer_is as('x', 'GET', "/any_address_tenant$api"), 200,
              'any: also with a bad token';
    error_is as(undef, 'GET', "/any_address$api"), 403, undef,
             'any: but an address is no tenant';
    error_is as('x', 'GET', "/any_address$api"), 403, undef,
             'any: nor is a bad token';
    answer_is as($read, 'GET', "/any_address$api/one"), 200,
             'any: a good token is';
    answer_is $ask->('GET', "/any_password$api", headers =>
                     [Authorization => 'Basic dTpw']), 200, 'any: a password';
    $r = as(undef, 'GET', "/any_password$api");
    error_is $r, 401, undef, 'any: neither a password nor a token';
    is_deeply [sort map { /^(\w+)/ } $r->header_all('WWW-Authenticate')],
              ['Basic', 'Bearer'], 'any: both challenges';
}
answer_is as($read, 'GET', "/all_allowed$api"), 200, 'all: both';
error_is as(undef, 'GET', "/all_allowed$api"), 401, undef, 'all: no token';
error_is as($read, 'GET', "/all_denied$api"), 403, undef, 'all: no address';


# limits by what is in the token, before it is asked for

{
    my %of = map { $_ => $keys->token(scp => READ, oid => $_, tid =>
        "00000000-0000-0000-0000-00000000000$_") } 1 .. 3;
    answer_is as($of{1}, 'GET', "/limited$api"), 200, 'a tenant';
    error_is as($of{1}, 'GET', "/limited$api"), 429, undef, 'at its limit';
    answer_is as($of{2}, 'GET', "/limited$api"), 200, 'is not another';
    error_is as($of{2}, 'GET', "/limited$api"), 429, undef, 'with its own';
    error_is as(undef, 'GET', "/limited$api"), 401, undef, 'nobody has none'
        for 1 .. 2;
    error_is as('x', 'GET', "/limited$api"), 401, undef, 'a bad token neither'
        for 1 .. 2;
    answer_is as($of{3}, 'GET', "/subjects$api"), 200, 'a subject';
    error_is as($of{3}, 'GET', "/subjects$api"), 429, undef, 'at its limit';
    logged qr{^429 GET /limited\S+ "00000000-0000-0000-0000-000000000002" "2" },
           'in the log with its tenant';
    is as($read, 'GET', "/mapped$api")->header('X-Mapped'), 'yes', 'a map';
    is as(undef, 'GET', "/mapped$api")->header('X-Mapped'), 'no', 'without one';
}


# redirects within nginx: the location that serves asks

for my $at ("/redirected$api", "/to_inside$api", '/tried', '/error_to',
            '/named_to', '/index/')
{
    error_is as(undef, 'GET', $at), 401, undef, "$at: no token";
    error_is as('x', 'GET', $at), 401, undef, 'a bad one';
    answer_is as($read, 'GET', $at), 200, 'a good one';
}
# blocks and locations within a location

for my $at ("/if$api?x=1", "/if_pass$api?x=1", "/except$api",
            "/except_pass$api", "/within/beta$api", "/regex$api")
{
    error_is as(undef, 'GET', $at), 401, undef, "$at: no token";
    error_is as('x', 'GET', $at), 401, undef, 'a bad one';
    answer_is as($read, 'GET', $at), 200, 'a good one';
    my $denied = $at =~ m{^/except/};
    error_is as($read, 'POST', $at, json => {}), 403, undef, 'not to write';
    error_is as(undef, 'POST', $at, json => {}), $denied ? 403 : 401, undef,
             'or without' unless $denied;
}

error_is as($read, 'GET', "/other$api"), 403, undef,
         'from one location to a stricter one';


# error pages

{
    my $r = as(undef, 'GET', "/pages$api");
    is $r->status . $r->body, '401{"mine":true}', 'a page of ones own';
    like $r->header('WWW-Authenticate'), qr/^Bearer/, 'with the challenge';
    error_is as(undef, 'GET', "/pages_named$api"), 401, undef,
             'office_config_error';
    logged qr{^401 GET /pages_named\S+ "-" "-" "-" "none"}, 'and its log';
    error_is as($read, 'POST', "/pages_named$api", json => {}), 403, undef,
             'another status';
    $r = as($keys->token(scp => READ, in => -100), 'GET', "/pages$api");
    is $r->status, 401, 'an expired one';
    logged qr{^401 GET /pages/\S+ "-" "-" "-" "expired"}, 'and its log';
}


# subrequests: their own request is judged, by the client's token

for my $file ('page.html', 'set.html') {
    is as($read, 'GET', "/root/$file")->body, "[$item]", "SSI: $file";
    for my $bad (undef, 'x', $keys->token(scp => 'other')) {
        my $r = as($bad, 'GET', "/root/$file");
        unlike $r->body, qr/"id"/, 'SSI: nothing of the item';
        like $r->body, $file eq 'set.html' ? qr/^\[\]$/
             : qr/^\[\{"error":\{"code":"(?:Invalid|forb).*\}\}\]$/,
             'SSI: an error instead, or nothing';
    }
}

$t->status_is(as($read, 'GET', '/guarded/error.json'), 200,
              'auth_request: the API lets a token in') ;
{
    my $r = as(undef, 'GET', '/guarded/error.json');
    $t->status_is($r, 401, 'auth_request: and nobody else');
    like $r->header('WWW-Authenticate'), qr/^Bearer realm/, 'with its challenge';
    $t->status_is(as($keys->token(scp => 'other'), 'GET',
                     '/guarded/error.json'), 403, 'nor any token');
    answer_is as($read, 'GET', "/guarded_api$api"), 200,
              'auth_request beside a token';
    error_is as(undef, 'GET', "/guarded_api$api"), 401, undef, 'and without';
}

{
    my $count = sub { $redis->cmd('HLEN', 'oc:{' . TENANT . '}:cfg') };
    is $count->(), 1, 'one item';
    answer_is as(undef, 'POST', "/mirrored_copy$api", json => { id => 'm1' }),
              201, 'mirror: open to everybody';
    answer_is as($read, 'POST', "/mirrored_copy$api", json => { id => 'm2' }),
              201, 'mirror: with a token that may not write';
    answer_is as($write, 'POST', "/mirrored_copy$api", json => { id => 'm3' }),
              201, 'mirror: with one that may';
    ok wait_until(10, sub { $count->() == 2 }), 'mirror: writes that one';
    is $redis->cmd('HEXISTS', 'oc:{' . TENANT . '}:cfg', 'm3'), 1,
       'and no other';
    is as($write, 'DELETE', "/beta$api/m3")->status, 204, 'away';
}

unlike as(undef, 'GET', '/added/page.html')->body, qr/"id"/, 'addition: nothing';
like as($read, 'GET', '/added/page.html')->body, qr/"id":"one"/,
     'addition: with a token';
answer_is as($read, 'GET', "/passed$api"), 200, 'a proxy hands the token on';
error_is as(undef, 'GET', "/passed$api"), 401, undef, 'and no other';


# variables in the log

{
    my ($tenant, $subject, $client) = (TENANT, SUBJECT, CLIENT);
    as($read, 'GET', "/beta$api/first");
    logged qr{^404 GET /beta\S+first "$tenant" "$subject" "$client" "cached"},
           'log: of a 404';
    as($keys->token(scp => READ, oid => 'new'), 'GET', "/beta$api?\$top=x1");
    logged qr{^400 GET \S+x1 "$tenant" "new" "$client" "ok"}, 'log: of a 400';
    as($read, 'DELETE', "/beta$api/x2");
    logged qr{^403 DELETE \S+x2 "$tenant" "$subject" "$client" "scope"},
           'log: of a 403';
    my %bad = (
        none => undef, malformed => 'x',
        signature => $read =~ s/\.[^.]+$/'.' . 'A' x 86/er,
        unknown_key => $keys->token(header => { kid => 'x' }),
        expired => $keys->token(in => -100),
        not_yet => $keys->token(nbf => time + 3600),
        issuer => $keys->token(iss => 'x'),
        audience => $keys->token(aud => 'x'),
        claims => $keys->token(exp => undef),
        personal => $keys->token(tid => '9188040d-6c67-4c5b-b112-36a304b66dad'),
    );
    for my $result (sort keys %bad) {
        as($bad{$result}, 'GET', "/beta$api/bad_$result");
        logged qr{^40[13] GET \S+bad_$result "-" "-" "-" "$result"},
               "log: $result";
    }
    as(undef, 'GET', "/off$api/o");
    logged qr{^404 GET /off\S+o "default" "-" "-" "-"}, 'log: where it is off';
    as(undef, 'GET', "/off_fixed$api/o");
    logged qr{^404 GET /off_fixed\S+o "fixed" "-" "-" "-"}, 'a tenant';
    $t->get('/root/none.html');
    logged qr{^404 GET /root/none.html "-" "-" "-" "-"}, 'log: elsewhere';
    my $c = $t->connect;
    $c->send("GET /beta$api/broken HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    $c->response;
    logged qr{^400 GET \S+broken "-" "-" "-" "-"}, 'log: of no request at all';
}


# HTTP/2

{
    my $get = sub {
        my ($token, $path) = @_;
        my ($status, $text) = $t->command('nghttp', '-v', '--no-dep',
            defined $token ? ('-H', "Authorization: Bearer $token") : (),
            "http://127.0.0.1:$h2$path");
        return $text =~ /:status: (\d+)/ ? $1 : $text;
    };
    is $get->($read, "/beta$api/one"), 200, 'HTTP/2: a token';
    is $get->(undef, "/beta$api/one"), 401, 'HTTP/2: none';
    is $get->('x', "/beta$api/one"), 401, 'HTTP/2: a bad one';
}

unlike join('', map { my $f = $_; open my $fh, '<', $f or die; local $/; <$fh> }
            "$dir/auth.log", $nginx->dir . '/error.log'), qr/eyJ[\w-]{20}/,
       'no log has a token';

$t->allow_log(qr/access forbidden by rule/, qr/client sent duplicate host/,
              qr/auth_basic|user ".*" was not found|no user\/password/,
              qr/open\(\) ".*none.html" failed/, qr/limiting requests/);
$t->done;
