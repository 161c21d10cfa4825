# Every file in conf-examples works once its paths are those of this machine.

use OfficeConfig::Test;

use OfficeConfig::Certificates;
use OfficeConfig::Cluster;
use OfficeConfig::Sentinels;
use OfficeConfig::Tokens qw(TENANT READ WRITE CHECKIN);

my $t = OfficeConfig::Test->new;


# example($name, $redis, %replace): an nginx, not started, with that file: its
# paths in the test's directory, its port a free one, its Redis the one given,
# and further texts replaced

sub example {
    my ($name, $redis, %replace) = @_;
    my $nginx = $t->nginx(start => 0, http => '');
    my ($dir, $port) = ($nginx->dir, $nginx->port);
    my $user = $> == 0 ? 'user root;' : '';

    open my $fh, '<', ROOT . "/conf-examples/$name" or die "$name: $!\n";
    my $text = do { local $/; <$fh> };

    for my $this (sort keys %replace) {
        $text =~ s/\Q$this\E/$replace{$this}/g or die "$name: no $this\n";
    }

    for ($text) {
        s{\bmodules/ngx_http_office_config_module\.so}{$t->{module}};
        s{^user .*}{$user}m;
        s{^worker_processes .*}{worker_processes 1;\ndaemon off;}m;
        s{/run/|/var/log/nginx/}{$dir/}g;
        s{/var/lib/nginx/}{$dir/tmp/}g;
        s{127\.0\.0\.1:8080}{127.0.0.1:$port}g;
        s{redis://127\.0\.0\.1:6379}{$redis}g;
    }

    $text =~ s{^http \{$}{http \{
        proxy_temp_path $dir/tmp/proxy; fastcgi_temp_path $dir/tmp/fastcgi;
        uwsgi_temp_path $dir/tmp/uwsgi; scgi_temp_path $dir/tmp/scgi;}m;
    $nginx->write_conf($text);
    return $nginx;
}

# bearer($nginx, $token, $method, $path, %opt)

sub bearer {
    my ($nginx, $token, $method, $path, %opt) = @_;
    return $t->request($method, $path, to => $nginx->port, %opt,
                       headers => [Authorization => "Bearer $token"]);
}

# works($nginx, $name): two test points, that it creates and reads. A replica
# that has just come may not confirm yet.

sub works {
    my ($nginx, $name) = @_;
    my $r;
    wait_until(10, sub {
        $r = $t->post(API, to => $nginx->port, body => seed_bytes,
                      type => 'application/json');
        return $r->status != 503;
    });
    $t->allow_log(qr/\[error\].* only 0 of 1 replicas of Redis at \S+ confirmed/);
    $t->status_is($r, 201, "$name: create");
    $t->status_is($t->get(API . '/' . ($r->json // {})->{id},
                          to => $nginx->port), 200, 'and read');
}

my %files = map { m{([^/]+)$} => 1 } glob ROOT . '/conf-examples/*';

{
    my $redis = $t->redis(tcp => 1);
    my $nginx = example('standalone.conf', $redis->url)->start;
    delete $files{'standalone.conf'};

    my $r = $t->post(API, body => seed_bytes, type => 'application/json');
    $t->status_is($r, 201, 'standalone.conf: create');
    $t->status_is($t->get(API . '/' . $r->json->{id}), 200, 'and read');

    my $id = $r->json->{id};

    open my $fh, '<', ROOT . '/conf-examples/checkin.json' or die $!;
    my $checkin = do { local $/; <$fh> };
    delete $files{'checkin.json'};
    $t->status_is($t->post(API . "/$id/checkinStatuses", body => $checkin,
                           type => 'application/json'), 204, 'checkin.json');

    $r = $t->post(API, body => ' ' x 4_200_000, type => 'application/json');
    $t->status_is($r, 413, 'its bound for a body');
    $t->allow_log(qr/client intended to send too large body/);
}

my $redis = $t->redis(tcp => 1);
my $keys = OfficeConfig::Tokens->new->add('one');
my $file = $t->file('keys.json', $keys->jwks);
my %audience = (aud => 'api://office-config');

{
    my $nginx = example('jwt-file.conf', $redis->url,
                        '/etc/nginx/keys.json' => $file)->start;
    delete $files{'jwt-file.conf'};
    my %good = (%audience,
                iss => 'https://login.example.com/' . TENANT . '/v2.0');

    $t->status_is($t->get(API, to => $nginx->port), 401, 'jwt-file.conf: 401');
    $t->status_is(bearer($nginx, $keys->token(%good, scp => READ), 'POST', API,
                         json => {}), 403, 'without the scope');
    my $r = bearer($nginx, $keys->token(%good, scp => WRITE), 'POST', API,
                   json => {});
    $t->status_is($r, 201, 'create');
    $t->status_is(bearer($nginx, $keys->token(%good, scp => CHECKIN), 'POST',
        API . '/' . $r->json->{id} . '/checkinStatuses', json => {
        userId => 'u', wasSuccessful => \1,
        checkinDateTime => '2026-01-01T00:00:00Z' }), 204, 'a check-in');
    $t->status_is(bearer($nginx, $keys->token(%good, scp => READ, x =>
                  'x' x 9_000), 'GET', API), 200, 'a long token');
    is $redis->cmd('HLEN', 'oc:{' . TENANT . '}:cfg'), 1, 'its tenant';
}

# the identity provider speaks TLS, with a certificate for the name that is
# expected of it, or for another one

{
    my $dir = $t->dir;
    my %made = map {
        my ($status, $said) = $t->command('openssl', 'req', '-x509', '-newkey',
            'rsa:2048', '-nodes', '-days', 1, '-subj', "/CN=$_",
            '-addext', "subjectAltName=DNS:$_", '-keyout', "$dir/$_.key",
            '-out', "$dir/$_.pem");
        diag $said if $status;
        ($_ => $t->port);
    } 'login.microsoftonline.com', 'evil.example.com';

    my $provider = $t->nginx(http => join '', map { <<"END" } sort keys %made);
    server {
        listen 127.0.0.1:$made{$_} ssl;
        ssl_certificate $dir/$_.pem;
        ssl_certificate_key $dir/$_.key;
        location = /common/discovery/v2.0/keys { alias $file; }
    }
END
    delete $files{'jwt-remote.conf'};
    my $token = $keys->token(%audience, scp => READ,
                             iss => 'https://sts.windows.net/' . TENANT . '/');

    for my $case (['login.microsoftonline.com', 200, 'jwt-remote.conf'],
                  ['evil.example.com', 503, 'not with another certificate'])
    {
        my ($name, $status, $what) = @$case;
        my $nginx = example('jwt-remote.conf', $redis->url,
            'https://login.microsoftonline.com/common/disc' =>
                "https://127.0.0.1:$made{$name}/common/disc",
            '/etc/ssl/certs/ca-certificates.crt' =>
                "$dir/login.microsoftonline.com.pem")->start;
        $t->status_is(bearer($nginx, $token, 'GET', API), $status, $what);
        my $r = $t->get(API, to => $nginx->port);
        $t->status_is($r, 401, 'and none without a token');
        like $r->header('WWW-Authenticate'), qr/authorization_uri="https:/,
             'which says where to get one';
    }

    $t->allow_log(qr/certificate verify failed|SSL certificate/i,
                  qr/no new keys for tokens/,
                  qr/SSL_do_handshake\(\) failed/);
}

{
    my $port = $t->port;
    my $authenticator = $t->nginx(http => <<"END");
    map \$http_authorization \$tenant { "Bearer good" contoso; }
    server {
        listen 127.0.0.1:$port;
        if (\$http_authorization !~ "^Bearer (good|none)\$") { return 401; }
        location / { add_header X-Tenant \$tenant; return 204; }
    }
END
    my $nginx = example('auth-request.conf', $redis->url,
                        '127.0.0.1:9000' => "127.0.0.1:$port")->start;
    delete $files{'auth-request.conf'};
    $t->status_is(bearer($nginx, 'bad', 'GET', API), 401,
                  'auth-request.conf: 401');
    $t->status_is(bearer($nginx, 'none', 'GET', API), 403, 'no tenant');
    $t->status_is(bearer($nginx, 'good', 'POST', API, json => {}), 201,
                  'create');
    is $redis->cmd('HLEN', 'oc:{contoso}:cfg'), 1, 'its tenant';
}

# TLS, with a certificate that Redis wants to see

delete $files{'standalone-tls.conf'};

subtest 'standalone-tls.conf' => sub {
    $t->needs('tls');
    my $dir = $t->dir . '/certificates';
    mkdir $dir or die "$dir: $!\n";
    my $ca = OfficeConfig::Certificates->new($dir);
    my $client = $ca->sign('client');
    my $redis = $t->redis(tcp => 1, tls => {
        %{$ca->sign('server', names => 'DNS:redis.internal')}, client => 1 });
    my $nginx = example('standalone-tls.conf', '',
        'rediss://127.0.0.1:6379' => $redis->url,
        '/etc/nginx/redis-ca.pem' => $ca->ca,
        '/etc/nginx/redis-client.pem' => $client->{cert},
        '/etc/nginx/redis-client.key' => $client->{key})->start;
    works($nginx, 'standalone-tls.conf');
};

{
    my $group = OfficeConfig::Sentinels->new($t, replicas => 1);
    my @ports = map { $_->port } $group->sentinels;
    my $nginx = example('sentinel.conf', '', map {
        ('127.0.0.1:' . (26379 + $_) => "127.0.0.1:$ports[$_]") } 0 .. 2)
        ->start;
    delete $files{'sentinel.conf'};
    works($nginx, 'sentinel.conf');
}

{
    my $cluster = OfficeConfig::Cluster->new($t);
    my @ports = map { $_->port } $cluster->masters;
    my $nginx = example('cluster.conf', '', map {
        ('127.0.0.1:' . (7000 + $_) => "127.0.0.1:$ports[$_]") } 0 .. 2)
        ->start;
    delete $files{'cluster.conf'};
    works($nginx, 'cluster.conf');
}

delete $files{'request.json'};
is join(' ', sort keys %files), '', 'no file is without a test';

$t->done;
