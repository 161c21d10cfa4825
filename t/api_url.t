# The absolute URLs in answers: context, Location and next link, by the
# address that the client used, or the one that is configured.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $tls = $t->port;
my $dir = $t->dir;

my ($status, $text) = $t->command(qw(openssl req -x509 -newkey rsa:2048
    -nodes -days 2 -subj /CN=localhost), -keyout => "$dir/key.pem",
    -out => "$dir/cert.pem");
is $status, 0, 'a certificate' or diag $text;

my %at = (
    '/based' => 'https://graph.example.com/v1',
    '/slash' => 'https://graph.example.com/v1///',
    '/root' => 'http://graph.example.com',
    '/upper' => 'HTTPS://Graph.example.com:8443/V1',
    '/v6' => 'http://[::1]:8080/x',
    '/encoded' => 'http://graph.example.com/a%20b',
    '/quoted' => 'http://graph.example.com/"x"\\\\y',
    '/variable' => '$scheme://$http_x_host/z',
    '/host' => 'https://$host/y',
    '/empty' => '$http_x_nothing',
);
my $conf = $t->api_conf(redis => $redis,
    server => "listen 127.0.0.1:$tls ssl; ssl_certificate $dir/cert.pem;"
        . " ssl_certificate_key $dir/key.pem; keepalive_requests 100000;",
    location => 'office_config_page_size 1;');

$conf =~ s{(?=\n\s+location /beta)}{join '', map { <<"END" } sort keys %at}e;

        location $_/beta {
            office_config_pass main;
            office_config_auth off;
            office_config_page_size 1;
            office_config_base_url '$at{$_}';
        }
END
my $nginx = $t->nginx(http => $conf);
my $port = $nginx->port;


# urls($base, $name, $at, %opt): one test point: all URLs begin with $base

sub urls {
    my ($base, $name, $at, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @how = map { exists $opt{$_} ? ($_ => $opt{$_}) : () } qw(to tls);
    my $c = $t->connect(@how);
    my $api = 'officeConfiguration/clientConfigurations';
    my @opt = (headers => $opt{headers} // [], $opt{version}
               ? (version => $opt{version}, close => 1) : ());
    my @faults;

    my $ask = sub {
        my $r = $c->request(@_);
        $c = $t->connect(@how)
            if ($r->header('Connection') // '') ne 'keep-alive';
        return $r;
    };
    my $check = sub {
        my ($what, $got, $want) = @_;
        push @faults, "$what is " . ($got // 'missing') . ", not $want"
            if ($got // '') ne $want;
    };

    for my $id ('one', q{a/b'}) {
        my $made = $ask->('POST', "$at/beta/$api", @opt, json => { id => $id });
        $check->('status', $made->status, 201);
        $check->('Location', $made->header('Location'), "$base/$api/"
                 . ($id eq 'one' ? 'one' : 'a%2Fb%27'));
        $check->('context', json_item($made, '@odata.context'),
                 "$base/\$metadata#$api/\$entity");
    }

    my $got = $ask->('GET', "$at/beta/$api/one", @opt);
    $check->('context', json_item($got, '@odata.context'),
             "$base/\$metadata#$api/\$entity");
    my $list = $ask->('GET', "$at/beta/$api", @opt);
    $check->('context', json_item($list, '@odata.context'),
             "$base/\$metadata#$api");
    $check->('nextLink', (json_item($list, '@odata.nextLink') // '')
             =~ s/\$skiptoken=[\w~-]+$//r, "$base/$api?");
    my $ref = $ask->('POST', "$at/beta/$api/\$ref", @opt,
                     json => { '@odata.id' => "$base/$api/one" });
    $check->('status of $ref', $ref->status, 204);

    for my $id ('one', 'a%2Fb%27') {
        $check->('status of DELETE',
                 $ask->('DELETE', "$at/beta/$api/$id", @opt)->status, 204);
    }

    return ok(!@faults, $name) || diag join "\n", @faults;
}

sub host { headers => [Host => $_[0]] }


# the address that the client used

urls 'http://localhost/beta', 'Host', '';
urls "http://$_/beta", "Host: $_", '', host($_)
    for 'graph.example.com', 'graph.example.com:8080', 'graph.example.com:80',
        '127.0.0.1', "127.0.0.1:$port", '[::1]', '[::1]:8080', '[2001:db8::1]',
        'a', 'x' x 63 . '.example', 'a_b', 'graph.example.com.', 'GRAPH.example';
urls 'http://old.example/beta', 'HTTP/1.0 with Host', '', version => '1.0',
     host('old.example');

{
    my $c = $t->connect;
    $c->send('POST ' . API . " HTTP/1.0\r\nContent-Type: application/json\r\n"
             . "Content-Length: 13\r\n\r\n{\"id\":\"old\"}\n");
    my $r = $c->response(method => 'POST');
    answer_is $r, 201, 'HTTP/1.0 without Host';
    is $r->header('Location'), "http://127.0.0.1:$port" . API . '/old',
       'the address of the server';
    $c = $t->connect;
    $c->send('GET ' . API . "/old HTTP/1.0\r\n\r\n");
    $r = $c->response;
    answer_is $r, 200, 'GET';
    is json_item($r, '@odata.context'), "http://127.0.0.1:$port/beta/\$metadata"
       . '#officeConfiguration/clientConfigurations/$entity', 'its context';
    $t->del(API . '/old');
}

for my $host ("a\"b", "caf\xc3\xa9", "a\\b", "\xff", 'a<b>', "a'b", 'a{b}') {
    my $r = $t->post(API, json => { id => 'h' }, headers => [Host => $host]);
    if ($r->status == 400) {
        pass 'refused: Host ' . printable($host);
        next;
    }
    answer_is $r, 201, 'an odd Host leaves JSON valid: ' . printable($host);
    answer_is $t->get(API . '/h', headers => [Host => $host]), 200, 'GET';
    answer_is $t->get(API, headers => [Host => $host]), 200, 'the list';
    $t->del(API . '/h');
}

SKIP: {
    eval { require IO::Socket::SSL } or skip 'no IO::Socket::SSL', 3;
    my %tls = (to => "127.0.0.1:$tls", tls => {});
    urls 'https://localhost/beta', 'https', '', %tls;
    urls 'https://graph.example.com:8443/beta', 'https with a port', '', %tls,
         host('graph.example.com:8443');
    urls 'http://graph.example.com', 'what is configured is stronger', '/root',
         %tls;
    urls 'https://graph.example.com/z', 'with variables', '/variable', %tls,
         headers => ['X-Host' => 'graph.example.com'];
}


# the address that is configured

urls 'https://graph.example.com/v1', 'a base URL', '/based';
urls 'https://graph.example.com/v1', 'with another Host', '/based',
     host('internal:8080');
urls 'https://graph.example.com/v1', 'slashes at its end', '/slash';
urls 'http://graph.example.com', 'without a path', '/root';
urls 'HTTPS://Graph.example.com:8443/V1', 'in upper case', '/upper';
urls 'http://[::1]:8080/x', 'an IPv6 host', '/v6';
urls 'http://graph.example.com/a%20b', 'encoded', '/encoded';
urls 'https://graph.example.com/y', '$host', '/host', host('graph.example.com');
urls 'http://front.example:81/z', 'variables', '/variable',
     headers => ['X-Host' => 'front.example:81'];
urls 'http://localhost/empty/beta', 'an empty variable', '/empty';

{
    my $r = $t->post('/quoted' . API, json => { id => 'q' });
    answer_is $r, 201, 'quotes and backslashes in it';
    like json_item($r, '@odata.context'),
         qr{^http://graph\.example\.com/"x"\\+y/\$metadata#}, 'stay JSON';
    $t->del(API . '/q');

    $r = $t->get('/variable' . API, headers => ['X-Host' => "\xff\"\\"]);
    is $r->status, 500, 'what is no URL is not given out as one';
}

$t->allow_log(qr/client sent invalid host header/,
              qr/"office_config_base_url" is not an absolute URL/);
$t->done;
