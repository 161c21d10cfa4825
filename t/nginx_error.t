# office_config_error: errors of nginx itself, in the API's shape.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nobody = OfficeConfig::Net::free_port();

$t->allow_log(
    qr/\[error\].* client intended to send too large body/,
    qr/\[error\].* limiting requests, excess/,
    qr/\[error\].* connect\(\) failed \(111: /,
    qr/\[error\].* access forbidden by rule/,
);

my $nginx = $t->serve(redis => $redis,
    http => 'limit_req_zone $server_name zone=one:1m rate=1r/m;'
          . ' limit_req_status 429;',
    server => <<"END");
        error_page 403 413 429 502 \@error;
        error_page 404 /error;
        error_page 405 =400 \@error;

        location \@error { office_config_error; }
        location = /error { internal; office_config_error; }
        location = /direct { office_config_error; }

        location /gone { proxy_pass http://127.0.0.1:$nobody; }
        location /small { client_max_body_size 10; proxy_pass http://127.0.0.1:$nobody; }
        location /often { limit_req zone=one; return 204; }
        location /slow { limit_req zone=one; try_files /x =404; }
        location /closed { deny all; }
        location = /none { return 404; }
        location /teapot { return 418; }
END

my $ask = client($t);

subtest 'a server that is not there' => sub {
    my $r = $ask->('GET', '/gone');
    error_is $r, 502, '', 'bad gateway';
    is json_item($r, qw(error code)), 'badGateway', 'the code';
    is $r->header('Retry-After'), 1, 'Retry-After';
    answer_is $ask->('HEAD', '/gone'), 502, 'HEAD', method => 'HEAD';
    error_is $ask->('POST', '/gone', json => {}), 502, '', 'POST';
};

subtest 'too large a body' => sub {
    error_is $ask->('POST', '/small', json => { id => 'x' x 20 }), 413, '',
             'refused';
};

subtest 'too many requests' => sub {
    $ask->('GET', '/slow');
    my $r = $ask->('GET', '/slow');
    error_is $r, 429, '', 'limited';
    is json_item($r, qw(error code)), 'tooManyRequests', 'the code';
    ok $r->header('Retry-After'), 'Retry-After';
};

subtest 'others' => sub {
    error_is $ask->('GET', '/closed'), 403, '', 'forbidden';
    error_is $ask->('GET', '/none'), 404, '', '404 by a URI';
    error_is $ask->('GET', '/direct'), 404, '', 'asked for directly';
    error_is $ask->('GET', '/error'), 404, '', 'an internal one';
    is $ask->('GET', '/teapot')->status, 418, 'an error without a page';

    my $r = $ask->('GET', '/closed',
                   headers => ['client-request-id' => 'mine']);
    is json_item($r, qw(error innerError client-request-id)), 'mine',
       'the client-request-id';
};

subtest 'configuration' => sub {
    $t->conf_fails('server { office_config_error; }',
                   qr/"office_config_error" directive is not allowed here/);
    $t->conf_fails('server { location / { office_config_error on; } }',
                   qr/invalid number of arguments in "office_config_error"/);
};

$t->done;
