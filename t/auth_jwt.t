# Bearer tokens: who is let in, and what the others are told (RFC 6750).

use OfficeConfig::Test;

use OfficeConfig::Api;
use OfficeConfig::Tokens qw(ISSUER AUDIENCE TENANT READ WRITE CHECKIN);

use constant PERSONAL => '9188040d-6c67-4c5b-b112-36a304b66dad';

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $keys = OfficeConfig::Tokens->new->add('elliptic', kty => 'EC')->add('one');
my $file = $t->file('keys.json', $keys->jwks);
my $secret = OfficeConfig::Tokens->new->add('secret', kty => 'oct');
my $secret_file = $t->file('secret.json', $secret->jwks);
my $url = $redis->url;

my $nginx = $t->nginx(http => <<"END");
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    office_config_auth jwt;
    office_config_jwt_key_file $file;
    office_config_jwt_issuer https://other.example.com/ "@{[ISSUER]}";
    office_config_jwt_audience @{[AUDIENCE]} api://other;

    server {
        listen 127.0.0.1:%%PORT%%;
        keepalive_requests 100000;

        location /beta { office_config_pass main;
                         office_config_scope_checkin @{[CHECKIN]}; }
        location /told {
            office_config_pass main;
            office_config_jwt_realm "a realm";
            office_config_jwt_authorization_uri
                https://login.example.com/authorize;
        }
        location /strict { office_config_pass main;
                           office_config_jwt_leeway 0s; }
        location /own {
            office_config_pass main;
            office_config_scope_read a b;
            office_config_scope_write c;
            office_config_scope_checkin d;
        }
        location /secret {
            office_config_pass main;
            office_config_jwt_key_file $secret_file;
            office_config_jwt_symmetric on;
        }
        location /fixed { office_config_pass main;
                          office_config_tenant contoso; }
        location /open { office_config_pass main; office_config_auth off; }
    }
END

my $ask = client($t);

# as($authorization, $method, $path, %opt): a list of values is that of headers

sub as {
    my ($with, $method, $path, %opt) = @_;
    my @with = map { (Authorization => $_) } ref $with ? @$with : $with // ();
    return $ask->($method, $path, %opt,
                  headers => [@{$opt{headers} // []}, @with]);
}

sub challenge {
    my ($r) = @_;
    my @values = $r->header_all('WWW-Authenticate');
    return @values == 1 ? $values[0] : join ' AND ', @values;
}

my $good = 'Bearer ' . $keys->token(scp => WRITE);
my $reader = 'Bearer ' . $keys->token(scp => READ);


# none, and the wrong kind: a challenge without an error

for my $case ([undef, 'no token'], ['Basic dTpw', 'Basic'], ['', 'empty'],
              ['Bearerx', 'another scheme'], ['Negotiate', 'and another'])
{
    my ($with, $name) = @$case;
    my $r = as($with, 'GET', API);
    error_is $r, 401, undef, "$name: 401";
    is challenge($r), 'Bearer realm="officeConfiguration"', 'its challenge';
}

{
    my $r = as(undef, 'GET', '/told' . API =~ s{^/beta}{}r);
    is challenge($r), 'Bearer realm="a realm", authorization_uri='
       . '"https://login.example.com/authorize"', 'a challenge of ones own';
    $r = as('Bearer x', 'GET', '/told' . API =~ s{^/beta}{}r);
    like challenge($r), qr/^Bearer\ realm="a\ realm",\ error="invalid_token",
         \ error_description="[^"]+",\ authorization_uri="https:[^"]+"$/x,
         'with an error';
}

# nginx itself refuses two before it looks for a location, and logs them
$t->status_is(as(['Bearer once', 'Bearer twice'], 'GET', API), 400, 'two');


# good ones

answer_is as($good, 'GET', API), 200, 'a good one';
answer_is as($_ . substr($good, 7), 'GET', API), 200, "as \"$_\""
    for 'bearer ', 'BEARER ', 'bEaReR   ';
answer_is as('Bearer ' . $keys->token(scp => READ, key => $keys->key('elliptic')),
             'GET', API), 200, 'of another key';
error_is as('Bearer ' . $keys->token(scp => READ, alg => 'PS256'), 'GET', API),
         401, undef, 'the key says the algorithm';
answer_is as('Bearer ' . $keys->token(scp => READ, aud => ['x', 'api://other'],
             iss => 'https://other.example.com/'), 'GET', API), 200,
          'another issuer and audience';
answer_is as('Bearer ' . $keys->token(scp => READ, in => -30), 'GET', API), 200,
          'within the leeway';
answer_is as('Bearer ' . $keys->token(scp => READ, nbf => time + 30), 'GET',
             API), 200, 'on its other side';
answer_is as(undef, 'GET', '/open' . API =~ s{^/beta}{}r), 200,
          'nothing is asked where it is off';


# bad ones

my $stranger = OfficeConfig::Tokens->new->add('one');
my ($head, $claims, $signature) = split /\./, substr $good, 7;
my $other = OfficeConfig::Tokens::part($keys->claims(scp => WRITE, oid => 'x'));

my @bad = (
    ['malformed', 'x'],
    ['malformed', ''],
    ['malformed', "$head.$claims"],
    ['malformed', "$head.$claims.$signature.x"],
    ['malformed', "$head.$claims.$signature="],
    ['malformed', "$head.$claims.$signature $signature"],
    ['signature', "$head.$other.$signature"],
    ['signature', $stranger->token(scp => WRITE)],
    ['unknown_key', $keys->token(scp => WRITE, header => { kid => 'two' })],
    ['expired', $keys->token(scp => WRITE, in => -120)],
    ['not_yet', $keys->token(scp => WRITE, nbf => time + 3600)],
    ['claims', $keys->token(scp => WRITE, exp => undef)],
    ['claims', $keys->token(scp => WRITE, exp => 'tomorrow')],
    ['issuer', $keys->token(scp => WRITE, iss => 'https://evil.example.com/')],
    ['issuer', $keys->token(scp => WRITE, iss => ISSUER =~
                            s/\{tenantid\}/00000000-0000-0000-0000-000000000000/r)],
    ['audience', $keys->token(scp => WRITE, aud => 'https://evil.example.com')],
    ['audience', $keys->token(scp => WRITE, aud => [])],
    ['tenant', $keys->token(scp => WRITE, tid => undef, iss =>
                            'https://other.example.com/')],
    ['tenant', $keys->token(scp => WRITE, tid => 'contoso', iss =>
                            'https://other.example.com/')],
    ['secret', $secret->token(scp => WRITE)],
    ['secret', $secret->token(scp => WRITE, header => { kid => 'one' })],
    ['none', $keys->token(scp => WRITE, alg => 'none')],
);

for my $case (@bad) {
    my ($kind, $token) = @$case;
    for my $request (['GET', API], ['DELETE', API . '/x'],
                     ['POST', API, json => { id => 'x' }])
    {
        my $r = as("Bearer $token", @$request);
        error_is $r, 401, undef, "$kind: $request->[0]";
        like challenge($r), qr/^Bearer\ realm="officeConfiguration",
             \ error="invalid_token",\ error_description="[^"\\]+"$/x,
             'its challenge';
    }
}

error_is as("Bearer $bad[9][1]", 'GET', '/strict' . API =~ s{^/beta}{}r), 401,
         undef, 'strictly expired';
error_is as('Bearer ' . $keys->token(scp => READ, in => -2), 'GET',
            '/strict' . API =~ s{^/beta}{}r), 401, undef, 'no leeway';

for my $with ('Bearer ' . $keys->token(scp => WRITE, tid => PERSONAL),
              'Bearer ' . $keys->token(scp => WRITE, tid => uc PERSONAL))
{
    my $r = as($with, 'GET', API);
    error_is $r, 403, undef, 'a personal account';
    is challenge($r), '', 'for which there is no help';
}

# a token is taken from the header only
my $token = $keys->token(scp => READ, header => { cty => 'careless' });
error_is as(undef, 'GET', API . "?access_token=$token"), 401, undef,
         'none in the query';
error_is as(undef, 'POST', API, body => "access_token=$token",
            type => 'application/x-www-form-urlencoded'), 401, undef,
         'nor in the body';


# what needs which scope

answer_is as($good, 'POST', API, json => { id => 'c', assignments =>
             [{ id => 'a' }] }), 201, 'an item';

my $checkin = { userId => 'u', deviceName => 'd', wasSuccessful => \1,
                checkinDateTime => '2026-01-01T00:00:00Z' };
my @requests = (
    # right, request
    [read => 'GET', BASE], [read => 'HEAD', BASE], [read => 'GET', API],
    [read => 'GET', API . '/$count'], [read => 'GET', API . '/c'],
    [read => 'GET', API . '/c/displayName'],
    [read => 'GET', API . '/c/policyPayload'],
    [read => 'GET', API . '/c/checkinStatuses'],
    [read => 'GET', API . '/c/userCheckinSummary'],
    [read => 'GET', API . '/c/assignments'],
    [read => 'GET', BASE . '/tenantCheckinStatuses'],
    [read => 'GET', BASE . '/tenantUserCheckinSummary'],
    [read => 'GET', '/beta/$entity?$id=' . API . '/c'],
    [read => 'GET', '/beta/nothing'],
    [write => 'PATCH', BASE, json => {}],
    [write => 'POST', API, json => {}],
    [write => 'POST', API . '/$ref', json => { '@odata.id' => API . '/c' }],
    [write => 'POST', API . '/updatePriorities', json => {
        officeConfigurationPolicyIds => ['c'],
        officeConfigurationPriorities => [3] }],
    [write => 'PATCH', API . '/c', json => { priority => 9 }],
    [write => 'PUT', API . '/c', json => {}],
    [write => 'PUT', API . '/c/displayName', json => { value => 'x' }],
    [write => 'DELETE', API . '/c/displayName'],
    [write => 'PUT', API . '/c/policyPayload', body => 'x', type => 'a/b'],
    [write => 'PUT', API . '/c/checkinStatuses', json => { value => [] }],
    [write => 'DELETE', API . '/c/checkinStatuses'],
    [write => 'POST', API . '/c/assign', json => {
        officeConfigurationAssignments => [{ id => 'a' }] }],
    [write => 'POST', API . '/c/assignments', json => {}],
    [write => 'PATCH', API . '/c/assignments/a', json => {}],
    [write => 'DELETE', API . '/c/assignments/a'],
    [write => 'POST', '/beta/nothing', json => {}],
    [write => 'FOO', API],
    [checkin => 'POST', API . '/c/checkinStatuses', json => $checkin],
    [checkin => 'POST', API . '/c/checkinStatuses', json => [$checkin]],
    [checkin => 'POST', BASE . '/tenantCheckinStatuses', json => $checkin],
    [any => 'POST', '/beta/$batch', json => { requests => [] }],
    [any => 'OPTIONS', API], [any => 'OPTIONS', API . '/c'],
);
my %may = (
    READ() => { read => 1, any => 1 },
    WRITE() => { read => 1, write => 1, checkin => 1, any => 1 },
    CHECKIN() => { checkin => 1, any => 1 },
    'User.Read' => { any => 1 },
    'x ' . READ() . ' y' => { read => 1, any => 1 },
    lc READ() => { any => 1 },
    READ() . 'x' => { any => 1 },
    '' => { any => 1 },
);
my %asks = (read => READ . ' ' . WRITE, write => WRITE,
            checkin => WRITE . ' ' . CHECKIN);

for my $scope (sort keys %may) {
    for my $as (['scp', $scope], ['roles', [split / /, $scope]]) {
        my $with = 'Bearer ' . $keys->token(@$as);
        for my $case (@requests) {
            my ($right, @request) = @$case;
            my $name = "$as->[0] \"$scope\": $request[0] $request[1]";
            my $r = as($with, @request);

            if ($may{$scope}{$right}) {
                ok $r->status !~ /^(?:401|403)$/ && $r->status < 500, $name
                    or diag $r->text;
                next;
            }

            my @faults;
            push @faults, 'status ' . $r->status if $r->status != 403;
            push @faults, challenge($r) if challenge($r) !~
                /^Bearer\ realm="officeConfiguration",
                 \ error="insufficient_scope",\ error_description="[^"]+",
                 \ scope="\Q$asks{$right}\E"$/x;
            push @faults, $r->body if $request[0] ne 'HEAD'
                && json_item($r, 'error', 'code') ne 'forbidden';
            ok !@faults, $name or diag join "\n", @faults;
        }
    }
}

# who has scopes acts for a user, and roles are not the user's
error_is as('Bearer ' . $keys->token(scp => 'User.Read', roles => [WRITE]),
            'GET', API), 403, undef, 'roles beside scopes do not count';

# scopes of ones own
{
    my $own = '/own' . API =~ s{^/beta}{}r;
    my $with = sub { 'Bearer ' . $keys->token(scp => $_[0]) };
    answer_is as($with->('b'), 'GET', $own), 200, 'a scope of two';
    error_is as($with->('c'), 'GET', $own), 403, undef, 'write is not read';
    error_is as($with->(WRITE), 'GET', $own), 403, undef, 'nor is the default';
    answer_is as($with->('c'), 'POST', $own, json => {}), 201, 'write';
    answer_is as($with->('d'), 'POST', "$own/c/checkinStatuses",
                 json => $checkin), 204, 'check-in';
}

# each part of a batch is asked for its token: that of the batch, or its own
{
    my $list = '/officeConfiguration/clientConfigurations';
    my $r = as($reader, 'POST', '/beta/$batch', json => { requests => [
        { id => '1', method => 'GET', url => $list },
        { id => '2', method => 'POST', url => $list, body => {},
          headers => { 'Content-Type' => 'application/json' } },
        { id => '3', method => 'POST', url => $list, body => {}, headers => {
          'Content-Type' => 'application/json', Authorization => $good } },
        { id => '4', method => 'GET', url => $list,
          headers => { Authorization => 'Bearer x' } },
    ] });
    answer_is $r, 200, 'a batch';
    my %status = map { $_->{id} => $_->{status} }
                 @{json_item($r, 'responses') // []};
    is_deeply \%status, { 1 => 200, 2 => 403, 3 => 201, 4 => 401 },
              'its parts' or diag $r->text;
    error_is as(undef, 'POST', '/beta/$batch', json => { requests => [
        { id => '1', method => 'GET', url => $list,
          headers => { Authorization => $good } } ] }), 401, undef,
             'a batch without a token';
}

# symmetric keys, where they are allowed
{
    my $at = '/secret' . API =~ s{^/beta}{}r;
    answer_is as('Bearer ' . $secret->token(scp => READ), 'GET', $at), 200,
              'a symmetric key';
    error_is as($good, 'GET', $at), 401, undef, 'and no other';
}

# a tenant that is given needs none in the token
answer_is as('Bearer ' . $keys->token(scp => READ, tid => undef, iss =>
             'https://other.example.com/'), 'GET', '/fixed' . API
             =~ s{^/beta}{}r), 200, 'no tenant in the token';
error_is as('Bearer ' . $keys->token(scp => READ, tid => PERSONAL), 'GET',
            '/fixed' . API =~ s{^/beta}{}r), 403, undef,
         'but no personal account';


# refused requests leave the connection as it should be

for my $with (undef, 'Bearer x', $reader) {
    my $status = defined $with && $with eq $reader ? 403 : 401;
    my $c = $t->connect;
    my @with = defined $with ? (headers => [Authorization => $with]) : ();

    for my $how ([], [chunked => 1000]) {
        my $r = $c->request('POST', API, body => '{"id":"' . 'x' x 30_000 . '"}',
                            type => 'application/json', @$how, @with);
        error_is $r, $status, undef, "$status with a body";
        is $r->header('Connection'), 'keep-alive', 'the connection stays';
        answer_is $c->request('GET', API, headers =>
                              [Authorization => $good]), 200, 'and is good';
    }

    my $r = as($with, 'HEAD', API . '/c');
    is $r->status, $status == 403 ? 200 : 401, 'HEAD';
    is $r->body, '', 'without a body';

    $r = $c->request('PUT', API . '/c/policyPayload', body => 'x', headers =>
                     [Expect => '100-continue', @{$with ? [Authorization =>
                     $with] : []}]);
    is $r->status, $status, 'with Expect: 100-continue';
}

is $redis->cmd('HEXISTS', 'oc:{' . TENANT . '}:cfg', 'x'), 0,
   'nothing of what was refused was done';


# nothing of a token is in a log

{
    my $text = $nginx->error_log . $nginx->access_log;
    my @found = grep { length > 20 && index($text, $_) >= 0 }
                ($head, $claims, $signature, map { split /\./, $_->[1] } @bad);
    is "@found", '', 'no log has a token'
}

$t->done;
