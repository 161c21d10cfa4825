# Redis over TLS: the certificate is verified unless that is turned off, and
# nothing is sent to a server that does not pass.

use OfficeConfig::Test;

use OfficeConfig::Certificates;
use OfficeConfig::Service;

OfficeConfig::Test->needs('tls');

my $t = OfficeConfig::Test->new;
my $dir = $t->dir . '/certificates';
mkdir $dir or die "$dir: $!\n";
my $ca = OfficeConfig::Certificates->new($dir);
my $other = OfficeConfig::Certificates->new($dir, 'other');
my $pauses = 'reconnect 20ms 100ms;';
my $trust = 'ssl_trusted_certificate ' . $ca->ca . ';';

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* the certificate of Redis at \S+ is not (?:valid|for)/,
    qr/\[(?:error|crit|info)\].* (?:SSL_do_handshake|SSL_read|SSL_write)\(\) failed/,
    qr/\[error\].* peer closed connection in SSL handshake/,
    qr/a client request body is buffered to a temporary file/,
);


# service($tls, $block, %opt): a Redis with this certificate, and the API on it

sub service {
    my ($tls, $block, %opt) = @_;
    my $redis = $t->redis(tcp => 1, tls => $tls);
    my $url = $opt{url} ? $opt{url} =~ s/PORT/$redis->port/er : $redis->url;
    return ($redis, OfficeConfig::Service->new($t, redis => $url,
                        block => "$pauses $block", %{$opt{serve} // {}}));
}

# fails($name, $tls, $block, $re, %opt): no command reaches Redis, and the log
# says why

sub fails {
    my ($name, $tls, $block, $re, %opt) = @_;
    subtest $name => sub {
        my ($redis, $s) = service($tls, $block, %opt);
        $s->refused($s->create, 503, 'create');
        $s->refused($s->get('x'), 503, 'get');
        ok $s->nginx->wait_log($re), 'the log says why'
            or diag $s->nginx->error_log;
        is $redis->calls('multi') + $redis->calls('auth'), 0,
           'nothing was sent';
        $s->end;
        $redis->kill;
    };
}

my $good = $ca->sign('good');


subtest 'verified' => sub {
    my ($redis, $s) = service($good, $trust);
    $s->works;

    # larger than a record of TLS, in both directions
    my $long = 'x' x 300_000;
    my $r = $s->create(description => $long);
    $t->status_is($r, 201, 'a large command');
    is $s->get($r->json->{id})->json->{description}, $long,
       'and a large reply';

    my $clients = $redis->clients;
    $redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    ok $s->back, 'on a new connection';
    ok wait_until(5, sub { $redis->clients == $clients }), 'there is one';

    my @c = map { $s->begin('GET') } 1 .. 50;
    is scalar(grep { $_->response->status == 200 } @c), 50,
       'many at once';

    $redis->restart;
    ok $s->back, 'after a restart';
    $s->nginx->reload;
    $s->works;
    ok wait_until(5, sub { $redis->clients == 1 }),
       'a reload leaves no connection';
    $s->{workers} = [$s->nginx->workers];
    $s->end;
    ok wait_until(5, sub { $redis->clients == 0 }), 'nor does the end';
};


subtest 'by name' => sub {
    my ($redis, $s) = service($ca->sign('name', names => 'DNS:localhost'),
        $trust, url => 'rediss://localhost:PORT');
    $s->works;
    $s->end;
};


subtest 'another name' => sub {
    my ($redis, $s) = service($ca->sign('else', names => 'DNS:redis.test'),
        "$trust ssl_name redis.test;");
    $s->works;
    $s->end;
};


subtest 'ssl on, a server without a scheme' => sub {
    my ($redis, $s) = service($good, "$trust ssl on;",
                              url => '127.0.0.1:PORT');
    $s->works;
    $s->end;
};


fails('an authority that nobody trusts', $good,
      'ssl_trusted_certificate ' . $other->ca . ';',
      qr/the certificate of Redis at \S+ is not valid/);
fails('an authority that the machine does not trust', $good, '',
      qr/the certificate of Redis at \S+ is not valid/);
fails('a certificate that is over', $ca->sign('old', at => '2020-01-01'),
      $trust, qr/not valid: \(\d+:certificate has expired\)/);
fails('another address', $ca->sign('address', names => 'IP:127.0.0.2'),
      $trust, qr/the certificate of Redis at \S+ is not for "127\.0\.0\.1"/);
fails('another host', $ca->sign('host', names => 'DNS:redis.test'), $trust,
      qr/is not for "localhost"/, url => 'rediss://localhost:PORT');
fails('an address is no name', $ca->sign('dns', names => 'DNS:127.0.0.1'),
      $trust, qr/is not for "127\.0\.0\.1"/);
fails('not the name that is wanted', $good, "$trust ssl_name redis.test;",
      qr/is not for "redis\.test"/);

my $revoked = $ca->sign('revoked');
fails('a certificate that is revoked', $revoked,
      "$trust ssl_crl " . $ca->revoke($revoked) . ';',
      qr/not valid: \(\d+:certificate revoked\)/);
fails('a protocol that Redis does not speak', $good,
      "$trust ssl_protocols TLSv1.1; ssl_ciphers DEFAULT\@SECLEVEL=0;",
      qr/SSL_do_handshake\(\) failed|closed connection in SSL handshake/);


subtest 'not verified' => sub {
    my ($redis, $s) = service($ca->sign('any', at => '2020-01-01',
        names => 'DNS:x'), 'ssl_verify off;');
    $s->works;
    $s->end;
};


subtest 'a client certificate' => sub {
    my $client = $ca->sign('client');
    my $stranger = $other->sign('stranger');
    my $tls = { %$good, client => 1 };
    my ($redis, $s) = service($tls, "$trust ssl_certificate $client->{cert}; "
        . "ssl_certificate_key $client->{key};");
    $s->works;
    $s->end;

    for ([none => ''], [stranger => "ssl_certificate $stranger->{cert}; "
                                  . "ssl_certificate_key $stranger->{key};"])
    {
        my $s = OfficeConfig::Service->new($t, redis => $redis,
            block => "$pauses $trust $_->[1]");
        $s->refused($s->create, 503, $_->[0]);
        $s->end;
    }
};


# SNI: one server, whose certificate depends on the name that it is asked for

subtest 'the name that is asked for' => sub {
    my $redis = $t->redis(tcp => 1);
    my $port = $t->port;
    my $named = $ca->sign('sni', names => 'DNS:localhost');
    my $wrong = $ca->sign('nobody', names => 'DNS:nobody.test');

    # a client that gives up is an error to it
    my $server = OfficeConfig::Process->spawn(out => $t->dir . '/s_server',
        argv => ['openssl', 's_server', '-quiet', '-accept',
            "127.0.0.1:$port", '-cert', $wrong->{cert}, '-key', $wrong->{key},
            '-servername', 'localhost', '-cert2', $named->{cert}, '-key2',
            $named->{key}]);

    ok wait_until(5, sub { OfficeConfig::Net::open_socket($port) }),
       'a server of two names';

    for ([on => qr/\A(?!.*is not for)/s], [off => qr/is not for "localhost"/]) {
        my $s = OfficeConfig::Service->new($t,
            redis => "rediss://localhost:$port", block => "$trust $pauses "
            . "ssl_server_name $_->[0]; connect_timeout 2s;");
        is $s->get('x')->status, 503, "ssl_server_name $_->[0]";
        ok $s->nginx->wait_log($_->[1]), 'the certificate';
        $s->end;
    }

    $server->stop('KILL');
    $t->allow_log(qr/\[error\].* connection to Redis at \S+ could not be made/);
};


# TLS to a server that speaks none, and none to one that does
subtest 'both ends differ' => sub {
    my $plain = $t->redis(tcp => 1);
    my $secure = $t->redis(tcp => 1, tls => $good);

    for ([$plain->url =~ s/redis/rediss/r, $trust],
         [$secure->url =~ s/rediss/redis/r, ''])
    {
        my $s = OfficeConfig::Service->new($t, redis => $_->[0],
            block => "$pauses connect_timeout 500ms; $_->[1]");
        $s->refused($s->create, 503, $_->[0] =~ s/:.*//r);
        $s->end;
    }

    $t->allow_log(qr/\[(?:error|crit)\].* (?:SSL|Redis|connection)/);
};


# what nginx -t says

my $url = 'rediss://127.0.0.1:1';

for (["ssl_protocols TLSv9;", qr/invalid value "TLSv9"/],
     ["ssl_ciphers nothing;", qr/invalid "ssl_ciphers" of Redis "main" in \S+:\d+/],
     ["ssl_certificate $dir/none.pem; ssl_certificate_key $dir/none.key;",
      qr/invalid "ssl_certificate" of Redis "main" in \S+:\d+/],
     ["ssl_certificate $dir/good.pem;",
      qr/no "ssl_certificate_key".*invalid "ssl_certificate_key"/s],
     ["ssl_certificate $dir/good.pem; ssl_certificate_key $dir/ca.key;",
      qr/invalid "ssl_certificate" of/],
     ["ssl_trusted_certificate $dir/none.pem;",
      qr/invalid "ssl_trusted_certificate" of Redis "main" in \S+:\d+/],
     ["ssl_crl $dir/none.pem;", qr/invalid "ssl_crl" of/],
     ["ssl_verify yes;", qr/invalid value "yes" in "ssl_verify"/],
     ["ssl_verify_depth x;", qr/"ssl_verify_depth" directive invalid number/],
     ["ssl_name a; ssl_name b;", qr/"ssl_name" directive is duplicate/],
     ["ssl_server_name;", qr/invalid number of arguments in "ssl_server_name"/],
     ["ssl off;", qr/"ssl" contradict one another in \S+:\d+/])
{
    $t->conf_fails($t->api_conf(redis => $url, block => $_->[0]), $_->[1],
                   $_->[0] =~ s/\Q$dir\E//gr);
}

$t->conf_fails($t->api_conf(redis => 'redis://127.0.0.1:1', block => 'ssl on;'),
               qr/contradict one another/, 'redis:// and ssl on');
$t->conf_fails($t->api_conf(redis => 'unix:/x', block => 'ssl on;'),
               qr/contradict one another/, 'a path and ssl on');
$t->conf_passes($t->api_conf(redis => $url, block => "ssl on; ssl_protocols "
    . "TLSv1.2 TLSv1.3; ssl_ciphers HIGH; $trust ssl_verify_depth 3; ssl_name x;"
    . " ssl_server_name off; ssl_certificate $dir/good.pem; "
    . "ssl_certificate_key $dir/good.key;"), 'all that can be said');

$t->done;
