# The API in every kind of location, and the URLs that it makes there.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $url = $redis->url;
my $api = '/officeConfiguration/clientConfigurations';
my @ports = map { $t->port } 1 .. 5;

$t->file('static.txt', "static\n");
mkdir $t->dir . '/root';
$t->file('root/file.txt', "file\n");
$t->file('extra.conf', <<'END');
        location /included {
            office_config_pass main;
        }
END

my $nginx = $t->nginx(http => <<"END");
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    office_config_auth off;
    office_config_page_size 1;
    root @{[$t->dir]}/root;
    log_subrequest on;

    server {
        listen 127.0.0.1:%%PORT%%;
        include @{[$t->dir]}/extra.conf;

        location /plain { office_config_pass main; }
        location /slash/ { office_config_pass main; }
        location ^~ /prior { office_config_pass main; }
        location /a/b/c { office_config_pass main; }
        location /outer {
            return 418;
            location /outer/inner { office_config_pass main; }
        }
        location /both {
            office_config_pass main;
            office_config_tenant red;
            location /both/nested {
                office_config_pass main;
                office_config_tenant blue;
            }
        }
        location "/sp ace" { office_config_pass main; }
        location "/caf\xc3\xa9" { office_config_pass main; }
        location "/par('en')" { office_config_pass main; }
        location /v1.0 { office_config_pass main; }
        location = /exact$api { office_config_pass main; }
        location ~ ^/regex { office_config_pass main; }
        location ~* ^/(?:no|any)case { office_config_pass main; }
        location ~ ^/var/([^/]+)/ {
            office_config_pass main;
            office_config_tenant \$1;
        }
        location /officeConfiguration { office_config_pass main; }
        location /same/officeConfiguration { office_config_pass main; }

        location /try { try_files \$uri \@named; }
        location \@named { office_config_pass main; }
        location /tryuri { try_files \$uri /plain$api; }
        location /err { error_page 404 = \@named; return 404; }
        location /errstatus { error_page 404 \@named; return 404; }
        location /erruri { error_page 403 = /plain$api; return 403; }
        location /rewritten { rewrite ^/rewritten/(.*)\$ /plain/\$1 last; }
        location /broken {
            rewrite ^/broken/(.*)\$ /broken/officeConfiguration/\$1 break;
            office_config_pass main;
        }
        location /cut {
            rewrite ^/cut/x/(.*)\$ /cut/\$1 break;
            office_config_pass main;
        }
        location /internal { internal; office_config_pass main; }
        location /redirect { return 301 /plain\$request_uri; }

        location /limited {
            office_config_pass main;
            limit_except GET { deny all; }
        }
        location /limitpass {
            return 418;
            limit_except GET { office_config_pass main; }
        }
        location /if {
            office_config_pass main;
            if (\$arg_a) { set \$x 1; }
            if (\$arg_b) { add_header X-B yes always; }
            if (\$arg_c) { return 403; }
            if (\$arg_d) { rewrite ^/if/(.*)\$ /plain/\$1 last; }
            if (\$arg_f) { limit_rate 100k; }
        }
        location /ifpass {
            if (\$arg_b) { office_config_pass main; }
            return 418;
        }
        location /ifother {
            office_config_pass main;
            if (\$arg_b) { office_config_pass $url; }
        }
        location /deny { deny all; office_config_pass main; }
        location /alias { alias @{[$t->dir]}/root/; office_config_pass main; }
    }

    server {
        listen 127.0.0.1:$ports[0];
        location / { office_config_pass main; }
        location /static.txt { root @{[$t->dir]}; }
    }

    server {
        listen 127.0.0.1:$ports[1];
        location ~ /secret\$ { deny all; }
        location ~ . { office_config_pass main; }
    }

    server {
        listen 127.0.0.1:$ports[2];
        merge_slashes off;
        location /beta { office_config_pass main; }
    }

    server {
        listen 127.0.0.1:$ports[3];
        error_page 404 \@api;
        location \@api { office_config_pass main; }
    }

    server {
        listen 127.0.0.1:$ports[4];
        location /beta { office_config_pass main; }
        location /beta/officeConfiguration/clientConfigurations/secret {
            deny all;
        }
        location ^~ /beta/officeConfiguration/clientConfigurations/file {
            return 200 "another\\n";
        }
    }
END
my $port = $nginx->port;


# works($name, $prefix, %opt): create, read, list and delete below a prefix,
# with the URLs that go with it
#   base   what the URLs begin with: the prefix
#   to     the port

sub works {
    my ($name, $prefix, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $base = 'http://localhost' . ($opt{base} // $prefix);
    my @to = $opt{to} ? (to => $opt{to}) : ();
    my $query = $opt{query} // '';
    my @faults;
    my $check = sub {
        my ($what, $got, $want) = @_;
        push @faults, "$what: " . ($got // 'nothing') . ", not $want"
            if ($got // '') ne $want;
    };

    for my $id ('one', 'a b/c', '..', '$count', '%41') {
        my $r = $t->post("$prefix$api$query", @to, json => { id => $id });
        $check->("create $id", $r->status, 201);
        my $location = $r->header('Location') // '';
        $check->("Location of $id", substr($location, 0, length "$base$api"),
                 "$base$api");
        $check->('context', json_item($r, '@odata.context'),
                 "$base/\$metadata#officeConfiguration/clientConfigurations/"
                 . '$entity');

        my $path = $prefix . substr path_of($location),
                                    length($base) - length 'http://localhost';
        my $got = $t->get("$path$query", @to);
        $check->("GET $path", $got->body, $r->body);
        $check->("HEAD $path", $t->head("$path$query", @to)->status, 200);
        $check->("\$ref to $id", $t->post("$prefix$api/\$ref$query", @to,
            json => { '@odata.id' => $location })->status, 204);

        my $list = $t->get("$prefix$api$query", @to);
        $check->('list', $list->status, 200);
        $check->('context of the list', json_item($list, '@odata.context'),
                 "$base/\$metadata#officeConfiguration/clientConfigurations");

        if ($id eq 'a b/c') {
            my $link = json_item($list, '@odata.nextLink') // '';
            $check->('nextLink', $link =~ s/\?.*//r, "$base$api");
        }

        $check->("DELETE $path", $t->del("$path$query", @to)->status, 204)
            unless $id eq 'one';
    }

    $check->('the last DELETE', $t->del("$prefix$api/one$query", @to)->status,
             204);
    $check->('a 404', json_item($t->get("$prefix/x$query", @to), 'error',
                                'code'), 'notFound');
    return ok(!@faults, $name) || diag join "\n", @faults;
}


works 'a prefix', '/plain';
works 'a prefix with a slash at its end', '/slash';
works 'a prefix before regular expressions', '/prior';
works 'a prefix of several segments', '/a/b/c';
works 'a location within another', '/outer/inner';
works 'in both', '/both';
works 'in both, the inner', '/both/nested';
works 'a prefix with a space', '/sp%20ace';
works 'a prefix with another character', '/caf%C3%A9';
works 'a prefix with parentheses', "/par('en')";
works 'a prefix with a dot', '/v1.0';
works 'a regular expression', '/regex';
works 'with more in front', '/regex/x/y';
works 'without regard to case', '/NoCase';
works 'with a capture', '/var/red';
works 'from an included file', '/included';
works 'at the root', '', to => $ports[0];
works 'any path', '', to => $ports[1];
works 'any path, with a prefix', '/x/y', to => $ports[1];
works 'slashes that are not merged', '/beta', to => $ports[2];
works 'try_files', '/try';
works 'error_page with a name', '/err';
works 'if: set', '/if', query => '?a=1';
works 'if: add_header', '/if', query => '?b=1';
works 'if: limit_rate', '/if', query => '?f=1';
works 'if: none', '/if';
works 'if: another office_config_pass', '/ifother', query => '?b=1';
works 'if: and without', '/ifother';
works 'alias', '/alias';


# what the location is not for

error_is $t->get("/plainx$api"), 404, undef, 'a prefix goes on in a segment';
error_is $t->get("/plain.x$api"), 404, undef, 'or with a dot';
is $t->get("/slash")->status, 404, 'a prefix with a slash needs it';
unlike $t->get("/slash")->body, qr/^\{/, 'what is no location of the API';
error_is $t->get("/regex"), 404, undef, 'a regular expression: no resource';
error_is $t->get("/regex$api/x/y"), 404, undef, 'and a path that is none';
error_is $t->get("/PLAIN$api/x")->status == 404 ? $t->get('/plain/x') : undef,
         404, undef, 'the prefix has a case';
is $t->get("/outer$api")->status, 418, 'only the inner one';
is $t->get("/internal$api")->status, 404, 'internal';
is $t->get("/redirect/x")->header('Location'), "http://localhost:$port"
    . '/plain/redirect/x', 'a redirect of nginx is left alone'
    or diag $t->get("/redirect/x")->text;
error_is $t->get("/deny$api"), 403, undef, 'deny';


# an exact location is the collection

{
    my $r = $t->post("/exact$api", json => { id => 'e' });
    answer_is $r, 201, 'an exact location';
    is $r->header('Location'), "http://localhost/exact$api/e", 'its Location';
    answer_is $t->get("/exact$api"), 200, 'the list';
    $t->status_is($t->get("/exact$api/e"), 404, 'and nothing else');
    $t->del("/plain$api/e");
}


# a location whose prefix is a part of the API's path

is $t->get("$api")->status, 404, 'the singleton is not below this prefix';
is $t->get("/same$api")->status, 404, 'nor below that one';
works 'the prefix may have the same name', '/officeConfiguration';


# through other locations

{
    my $r = $t->post("/rewritten$api", json => { id => 'r' });
    answer_is $r, 201, 'rewrite: create';
    is $r->header('Location'), "http://localhost/plain$api/r",
       'the URL is where it was rewritten to';
    is $t->get("/rewritten$api/r")->body, $r->body, 'rewrite: read';
    is $t->get("/rewritten$api/r?x=y")->body, $r->body, 'with a query';
    $r = $t->post("/rewritten$api", json => { id => 'a b' });
    is $t->get("/rewritten$api/a%20b")->body, $r->body, 'an encoded id';
    answer_is $t->get("/tryuri"), 200, 'try_files with a path';
    answer_is $t->get("/erruri"), 200, 'error_page with a path';
    answer_is $t->get("/if$api/r?d=1"), 200, 'rewrite in an if';
    answer_is $t->get('/cut/x' . $api), 200, 'rewrite ... break';
    answer_is $t->get('/cut/x' . $api . '/r'), 200, 'an item';
    answer_is $t->get('/broken/clientConfigurations/r'), 200,
              'rewrite ... break, with more';
    is $t->get('/broken/clientConfigurations/a%20b')->body =~ s/broken/plain/r,
       $t->get("/plain$api/a%20b")->body, 'an encoded id';

    $r = $t->get("/errstatus$api/r");
    is $r->status, 404, 'error_page without "=" keeps its status';
    is json_item($r, 'id'), 'r', 'and the body of the API';
    $t->del("/plain$api/$_") for 'r', 'a%20b';

    # all of a server, where there is no file
    $r = $t->get("/x$api", to => $ports[3]);
    is json_item($r, '@odata.context') =~ s/#.*//r,
       'http://localhost/x/$metadata', 'error_page of a server';
    is $t->get('/file.txt', to => $ports[3])->body, "file\n", 'and a file';
    is $t->get('/static.txt', to => $ports[0])->body, "static\n",
       'a file beside the API at the root';
}


# limit_except, if

answer_is $t->get("/limited$api"), 200, 'limit_except: GET';
answer_is $t->head("/limited$api"), 200, 'HEAD', method => 'HEAD';
error_is $t->post("/limited$api", json => {}), 403, undef, 'POST';
error_is $t->del("/limited$api/x"), 403, undef, 'DELETE';
error_is $t->post("/limited$api", body => 'x' x 100_000), 403, undef,
         'POST with a large body';
is $t->get("/limitpass$api")->status, 418, 'limit_except the other way: GET';
error_is $t->get("/if$api?c=1"), 403, undef, 'if: return';
is $t->get("/if$api?b=1")->header('X-B'), 'yes', 'if: add_header';
is $t->get("/if$api")->header('X-B'), undef, 'and without';
is $t->get("/ifpass$api")->status, 418, 'if: office_config_pass, and without';


# what nginx forbids stays forbidden, however the path is written

{
    my $base = '/beta' . $api;
    my $to = $ports[4];
    answer_is $t->post($base, json => { id => $_ }, to => $to), 201, "there is $_"
        for 'secret', 'public';

    for my $path ("$base/secret", "$base/public/../secret",
        "$base/public%2F..%2Fsecret", "$base//secret", "$base/%73ecret",
        "$base/./secret", "$base/secret/", "$base/secret%2F",
        "/x/..$base/secret", "$base/secret?x", "$base/secret#x",
        "$base/secret%23x", "//beta$api/secret")
    {
        my $r = $t->get($path, to => $to);
        is $r->status, 403, 'denied: ' . printable($path);
        unlike $r->body, qr/"id"/, 'not shown';
    }

    # where the location does not say where the API begins
    for my $path ("$api/secret", "/x#/$api/secret", "/#$api/secret",
                  "/x?$api/secret", "/x%3F$api/secret", "/x%23$api/secret",
                  "$api/secret#", "$api/secret#x", "$api/secret?",
                  "/x%2F..$api/secret")
    {
        my $r = $t->get($path, to => $ports[1]);
        like $r->status, qr/^40[34]$/, 'denied anywhere: ' . printable($path);
        unlike $r->body, qr/"id"/, 'not shown';
    }

    is $t->get("$base/file", to => $to)->body, "another\n", 'another location';
    is $t->get("$base/x%2F..%2Ffile", to => $to)->body, "another\n",
       'by its normal form';
    answer_is $t->get("$base/public", to => $to), 200, 'what is not forbidden';
}

$t->allow_log(qr/open\(\) "\S+" failed/, qr/access forbidden by rule/,
    qr/is not found|rewrite or internal redirection cycle/, qr/too large/,
    qr/temporary file/, qr/using uninitialized/);
$t->done;
