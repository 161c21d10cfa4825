# Where keys come from: a file that changes, a location of nginx that fetches
# them, and what happens when there are none, or no longer.

use OfficeConfig::Test;

use Time::HiRes qw(time);

use OfficeConfig::Api;
use OfficeConfig::Tokens qw(ISSUER AUDIENCE READ WRITE);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $url = $redis->url;
my $provider = $t->provider;
my $keys = OfficeConfig::Tokens->new->add('one');
my $file = $t->file('keys.json', $keys->jwks);
my $dir = $t->dir;
my $api = '/officeConfiguration/clientConfigurations';

my $h2 = $t->port;

$t->file('fallback', $keys->jwks);

my $nginx = $t->nginx(http => <<"END");
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    office_config_auth jwt;
    office_config_jwt_issuer "@{[ISSUER]}";
    office_config_jwt_audience @{[AUDIENCE]};
    proxy_cache_path $dir/cache keys_zone=keys:64k;
    log_format headers '\$http_x_secret';

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:$h2 http2;
        proxy_connect_timeout 2s;
        proxy_ignore_client_abort on;

        location /beta { office_config_pass main;
                         office_config_jwt_key_file $file; }

        location /remote {
            office_config_pass main;
            office_config_jwt_key_request /_keys;
            office_config_jwt_key_refresh 1h min=400ms timeout=60s;
        }
        location /few {
            office_config_pass main;
            office_config_jwt_key_request /_keys?few=1;
            office_config_jwt_key_refresh 1h min=100ms timeout=60s waiting=3;
        }
        location /soon {
            office_config_pass main;
            office_config_jwt_key_request /_keys?soon;
            office_config_jwt_key_refresh 1h min=100ms timeout=1s;
        }
        location /often {
            office_config_pass main;
            office_config_jwt_key_request /_keys?often;
            office_config_jwt_key_refresh 100ms min=100ms;
        }
        location /cached {
            office_config_pass main;
            office_config_jwt_key_request /_cached;
            office_config_jwt_key_refresh 1h min=100ms;
        }
        location /page {
            office_config_pass main;
            office_config_jwt_key_request /_page;
        }
        location /static {
            office_config_pass main;
            office_config_jwt_key_request /_static;
        }
        location /nowhere {
            office_config_pass main;
            office_config_jwt_key_request /_nowhere;
        }
        location /closed {
            office_config_pass main;
            office_config_jwt_key_request /_closed;
        }

        location = /_keys { internal; proxy_pass @{[$provider->url]}; }
        location = /_cached {
            internal;
            proxy_pass @{[$provider->url]};
            proxy_cache keys;
            proxy_cache_valid 200 1h;
            proxy_cache_use_stale error timeout http_500;
        }
        location = /_page {
            internal;
            proxy_pass @{[$provider->url]};
            proxy_intercept_errors on;
            error_page 500 =200 /fallback;
        }
        location = /_static { internal; alias $dir/keys.json; }
        location = /fallback { root $dir; }
        location = /_closed { internal; return 444; }
    }
END

# get($at, $token, %opt)

sub get {
    my ($at, $token, %opt) = @_;
    return $t->get("$at$api", %opt,
                   headers => [Authorization => "Bearer $token"]);
}

sub begin {
    my ($at, $token) = @_;
    my $c = $t->connect;
    $c->write_request('GET', "$at$api", headers => [
        Authorization => "Bearer $token", 'X-Secret' => 'mine',
        'If-None-Match' => '"x"', Range => 'bytes=0-1',
        'Accept-Encoding' => 'gzip', Cookie => 'a=b']);
    return $c;
}

sub counted { scalar(() = $provider->requests) }

sub lines {
    my ($re, $mark) = @_;
    return scalar(() = $nginx->log_since($mark) =~ /$re/g);
}

my $old = $keys->token(scp => READ);


# a file

answer_is get('/beta', $old), 200, 'a key of the file';
{
    $keys->add('two');
    my $new = $keys->token(scp => READ);
    error_is get('/beta', $new), 401, undef, 'one that is not in it';
    $t->file('keys.new', $keys->jwks);
    rename "$dir/keys.new", $file or die $!;
    ok wait_until(10, sub { get('/beta', $new)->status == 200 }),
       'once it is, it is good, without a reload';
    answer_is get('/beta', $old), 200, 'as is the other';

    my $mark = $nginx->log_mark;
    $t->file('keys.json', substr($keys->jwks, 0, 500));
    ok wait_until(10, sub { get('/beta', $new); lines('the old ones', $mark) }),
       'a broken file';
    my $end = time + 2.1;
    my $bad = 0;
    get('/beta', $_ % 2 ? $new : $old)->status == 200 or $bad++
        while $_++ < 20 || time < $end;
    is $bad, 0, 'keeps the old keys';
    is lines('the old ones', $mark), 1, 'and is logged once';
    like $nginx->log_since($mark), qr/\[error\].*\Q$file\E": .*the old ones/,
         'with its name';

    unlink $file;
    $end = time + 1.1;
    get('/beta', $old) while time < $end;
    answer_is get('/beta', $new), 200, 'so does one that is gone';

    # in place, as many bytes as before, without the first key
    my $gone = $keys->remove('one');
    $t->file('keys.json', $keys->jwks);
    ok wait_until(10, sub { get('/beta', $old)->status == 401 }),
       'a key that is gone: its tokens are gone, though they were remembered';
    answer_is get('/beta', $new), 200, 'the others are not';
    my $same = $keys->jwks =~ s/"two"/"TWO"/r;
    open my $fh, '+<:raw', $file or die $!;
    print $fh $same;
    close $fh;
    ok wait_until(10, sub { get('/beta', $keys->token(scp => READ, header =>
                  { kid => 'TWO' }))->status == 200 }),
       'a file that is written in place';
    $t->file('keys.json', $keys->jwks);

    $t->allow_log(qr/no new keys for tokens/);
}


# a location: nobody is there, then somebody comes

$old = $keys->token(scp => READ);
{
    my $r = get('/remote', $old);
    error_is $r, 503, undef, 'no keys yet';
    is $r->header('WWW-Authenticate'), undef, 'which is not the token\'s fault';
    is $r->header('Retry-After'), 1, 'Retry-After';
    is counted(), 1, 'they were asked for';
    my $begin = time;
    error_is get('/remote', $old), 503, undef, 'again' for 1 .. 3;
    cmp_ok counted(), '<=', 2 + (time - $begin) / 0.4, 'but not so often';
    error_is get('/remote', 'x'), 503, undef, 'nor can a bad one be told';
    error_is $t->get("/remote$api"), 401, undef, 'but that there is none';

    $provider->publish($keys->jwks);
    ok wait_until(10, sub { get('/remote', $old)->status == 200 }),
       'when they are there they are used';
}

# the first requests wait, for one fetch
{
    my $before = counted();
    $provider->hold;
    my @c = map { begin('/few', $old) } 1 .. 3;
    ok $provider->wait_requests($before + 1), 'one fetch';
    my $r = get('/few', $old);
    error_is $r, 503, undef, 'more than may wait do not';
    cmp_ok $r->elapsed, '<', $t->seconds(0.5), 'and are told at once';
    ok lines('too many requests wait', 0), 'which is logged';
    answer_is get('/remote', $old), 200, 'where there are keys nobody waits';
    $provider->release;
    is_deeply [map { $_->response->status } @c], [200, 200, 200],
              'those who waited are served';
    is counted(), $before + 1, 'by that fetch';
    my ($head) = ($provider->requests)[-1];
    unlike $head, qr/bearer|X-Secret|If-None-Match|Range|Encoding|Cookie/i,
           'which has nothing of the client\'s';
    like $head, qr{^GET /_keys\?few=1 }, 'but the URI of the directive';
    answer_is $_->request('GET', "/few$api", headers =>
                          [Authorization => "Bearer $old"]), 200,
              'their connections are good' for @c;
    $t->allow_log(qr/too many requests wait for keys/);
}


# a key that is not known has them fetched

{
    my $before = counted();
    my $begin = time;
    $keys->add('three', kty => 'EC');
    $provider->publish($keys->jwks);
    answer_is get('/remote', $keys->token(scp => READ)), 200, 'a new key';
    is counted(), $before + 1, 'one more fetch';

    # the next one must not be so soon, but is waited for
    $keys->add('four', kty => 'EC');
    $provider->publish($keys->jwks);
    my $r = get('/remote', $keys->token(scp => READ));
    answer_is $r, 200, 'and another at once';
    is counted(), $before + 2, 'again one fetch';
    cmp_ok time - $begin, '>=', 0.39, 'which had to wait';
}

# whatever kind of request it is that waits
{
    $keys->add('batch', kty => 'EC');
    my $new = $keys->token(scp => READ);
    $provider->publish($keys->jwks);
    my $r = $t->post('/remote/$batch', json => { requests => [map { {
        id => "$_", method => 'GET', url => $api, headers => {
            Authorization => "Bearer $new" } } } 1 .. 3] },
        headers => [Authorization => "Bearer $old"]);
    is join(' ', map { $_->{status} } @{json_item($r, 'responses') // []}),
       '200 200 200', 'parts of a batch' or diag $r->text;

    $keys->add('h2', kty => 'EC');
    $new = $keys->token(scp => READ);
    $provider->publish($keys->jwks);
    my ($status, $text) = $t->command('nghttp', '-v', '--no-dep', '-m', 3, '-H',
        "Authorization: Bearer $new", "http://127.0.0.1:$h2/remote$api");
    is join(' ', $text =~ /:status: (\d+)/g), '200 200 200', 'HTTP/2 streams'
        or diag $text;

    $keys->add('body', kty => 'EC');
    $new = $keys->token(scp => WRITE);
    $provider->publish($keys->jwks);
    for my $how ([], [chunked => 1000]) {
        answer_is $t->post("/remote$api", json => { displayName => 'x',
            policyPayload => 'y' x 100_000 }, @$how, headers =>
            [Authorization => "Bearer $new"]), 201, 'one with a body';
    }
}

# a flood of keys that nobody has
{
    my $before = counted();
    my $begin = time;
    my @c = map { begin('/remote', $keys->token(scp => READ, header =>
                  { kid => "none $_" })) } 1 .. 40;
    my $good = 0;
    get('/remote', $old)->status == 200 and $good++ for 1 .. 40;
    is $good, 40, 'does not stop the others';
    my %got;
    $got{$_->response->status}++ for @c;
    is_deeply \%got, { 401 => 40 }, 'and is refused';
    my $most = 2 + (time - $begin) / 0.4;
    cmp_ok counted() - $before, '<=', $most, 'with few fetches';
}

# while they are fetched, and that hangs, the old ones serve
{
    ok wait_until(10, sub { get('/soon', $old)->status == 200 }), 'keys';
    $keys->add('five', kty => 'EC');
    my $new = $keys->token(scp => READ);
    my $before = counted();
    $provider->publish($keys->jwks);
    $provider->hold;
    my @c = map { begin('/soon', $new) } 1 .. 2;
    ok $provider->wait_requests($before + 1), 'a fetch that hangs';
    answer_is get('/soon', $old), 200, 'old keys serve meanwhile';
    my @r = map { $_->response } @c;
    error_is $_, 503, undef, 'who waits is told that nothing came' for @r;
    cmp_ok $r[0]->elapsed, '<', $t->seconds(4), 'in time';
    $provider->release;
    ok wait_until(10, sub { get('/soon', $new)->status == 200 }),
       'what comes late is taken';
    is counted(), $before + 1, 'and nothing was asked for twice';
    answer_is $c[0]->request('GET', "/soon$api", headers =>
        [Authorization => "Bearer $new"]), 200, 'the connection is good';
}

# the client that fetches leaves: another takes over
{
    $keys->add('six', kty => 'EC');
    my $new = $keys->token(scp => READ);
    my $before = counted();
    $provider->publish($keys->jwks);
    $provider->hold;
    my $first = begin('/remote', $new);
    ok $provider->wait_requests($before + 1), 'a first client';
    my @c = map { begin('/remote', $new) } 1 .. 3;
    answer_is get('/remote', $old), 200, 'they do';
    $first->abort;
    ok $provider->wait_requests($before + 2), 'it leaves, and another fetches';
    $c[0]->abort;
    ok $provider->wait_requests($before + 3), 'and another';
    $provider->release;
    is_deeply [map { $_->response->status } @c[1, 2]], [200, 200],
              'for those who are left';

    # nobody is left
    $keys->add('seven', kty => 'EC');
    $new = $keys->token(scp => READ);
    $provider->publish($keys->jwks);
    $provider->hold;
    $before = counted();
    my $only = begin('/remote', $new);
    ok $provider->wait_requests($before + 1), 'one client only';
    $only->abort;
    ok $nginx->wait_access(qr/^499 /m), 'which leaves';
    $provider->release;
    answer_is get('/remote', $new), 200, 'the next one is served';
}


# who came while keys were on their way, which may have been old ones, waits
# for the next

{
    $keys->add('late', kty => 'EC');
    my $before = counted();
    $provider->hold;
    my $first = begin('/remote', $keys->token(scp => READ, header =>
                      { kid => 'never' }));
    ok $provider->wait_requests($before + 1), 'a fetch of what was there';
    $provider->publish($keys->jwks);
    my $second = begin('/remote', $keys->token(scp => READ));
    answer_is get('/remote', $old), 200, 'two requests wait';
    $provider->release;
    error_is $first->response, 401, undef, 'one has got what it waited for';
    answer_is $second->response, 200, 'the other is served by the next fetch';
    is counted(), $before + 2, 'there were two';
}


# a provider that answers something else

for my $case (['500', 500, 'x'], ['not JSON', 200, 'x'], ['empty', 200, ''],
              ['too long', 200, ' ' x 300_000], ['a list', 200, '[]'],
              ['204', 204, ''])
{
    my ($name, @answer) = @$case;
    my $mark = $nginx->log_mark;
    $provider->answer(@answer);
    $keys->add("of $name", kty => 'EC');
    my $new = $keys->token(scp => READ);
    my $r;
    ok wait_until(10, sub { $r = get('/few', $new); $r->status == 503 }),
       "$name: the key cannot be told" or diag $r->text;
    answer_is get('/few', $old), 200, 'the old ones serve';
    is lines('no new keys for tokens', $mark), 1, 'logged once';
    $provider->publish($keys->jwks);
    ok wait_until(10, sub { get('/few', $new)->status == 200 }),
       'until it answers';
}

# an error in the place of keys
for my $at ('/nowhere', '/closed') {
    my $c = $t->connect;
    for (1 .. 2) {
        error_is $c->request('GET', "$at$api", headers =>
            [Authorization => "Bearer $old"]), 503, undef, "no keys: $at";
    }
}
$t->allow_log(qr/open\(\) ".*_nowhere" failed/,
              qr/is buffered to a temporary file/);


# from time to time

{
    answer_is get('/often', $old), 200, 'keys that are refreshed often';
    my $before = counted();
    ok wait_until(10, sub { get('/often', $old); counted() > $before + 2 }),
       'are refreshed though all are known';
    my $gone = $keys->remove('two');
    $provider->publish($keys->jwks);
    ok wait_until(10, sub { get('/often', $old)->status == 401 }),
       'a key that is gone is gone';
    $old = $keys->token(scp => READ);

    $provider->hold;
    my $mark = counted();
    my $slow = 0;
    my $c = $t->connect;
    ok wait_until(10, sub {
        my $r = get('/often', $old);
        $slow++ if $r->status != 200 || $r->elapsed > $t->seconds(1);
        counted() > $mark }), 'a refresh that hangs';
    answer_is get('/often', $old), 200, 'is waited for by nobody';
    is $slow, 0, 'never';
    $provider->release;
}


# what else nginx makes of a location

$t->file('keys.json', $keys->jwks);
answer_is get('/static', $old), 200, 'a file of a location';
{
    my $before = counted();
    answer_is get('/cached', $old), 200, 'a cache';
    is counted(), $before + 1, 'is filled';
    ok $nginx->reload(old_gone => 1), 'a reload';
    answer_is get('/cached', $old), 200, 'and is used';
    is counted(), $before + 1, 'instead of the provider';
    $provider->answer(500, 'x');
    answer_is get('/cached', $old), 200, 'also when that fails';
}
$t->file('fallback', $keys->jwks);
answer_is get('/page', $old), 200, 'an error page';
is scalar(() = $nginx->access_log =~ /^\d+ \w+ \/_/gm), 0,
   'no subrequest is in the access log';


# nothing else is left behind

$provider->stop;
answer_is get('/static', $old), 200, 'keys that are there';
error_is get('/remote', $old), 503, undef, 'after a reload there are none';
$provider->publish($keys->jwks);
$provider->start;
ok wait_until(10, sub { get('/remote', $old)->status == 200 }), 'until it is back';
$t->allow_log(qr/connect\(\) failed \(111: /,
              qr/recv\(\) failed \(104: .*reading response/);

unlike $nginx->error_log . $nginx->access_log, qr/eyJ[\w-]{20}/,
       'no log has a token';

$t->done;
