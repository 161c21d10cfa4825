# What workers remember of tokens: only good ones, by what was asked of them,
# until they expire or their key goes, and within bounds.

use OfficeConfig::Test;

use Time::HiRes qw(sleep time);

use OfficeConfig::Api;
use OfficeConfig::Tokens qw(ISSUER AUDIENCE READ WRITE);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $url = $redis->url;
my $api = '/officeConfiguration/clientConfigurations';
my $keys = OfficeConfig::Tokens->new->add('one', kty => 'EC');
my $secret = OfficeConfig::Tokens->new->add('secret', kty => 'oct');
my $file = $t->file('keys.json', $keys->jwks);
my $secret_file = $t->file('secret.json', $secret->jwks);

sub conf {
    my ($cache) = @_;
    return <<"END";
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    $cache
    office_config_auth jwt;
    office_config_jwt_key_file $file;
    office_config_jwt_issuer "@{[ISSUER]}";
    office_config_jwt_audience @{[AUDIENCE]};
    office_config_jwt_leeway 0s;
    add_header X-Result \$office_config_auth_result always;
    add_header X-Who "\$office_config_tenant \$office_config_subject" always;

    server {
        listen 127.0.0.1:%%PORT%%;
        keepalive_requests 1000000;
        location /beta { office_config_pass main; }
        location /same { office_config_pass main; }
        location /audience { office_config_pass main;
                             office_config_jwt_audience other; }
        location /issuer { office_config_pass main;
                           office_config_jwt_issuer https://other/; }
        location /scope { office_config_pass main;
                          office_config_scope_read other; }
        location /tenant { office_config_pass main;
                           office_config_tenant other; }
        location /secret { office_config_pass main;
                           office_config_jwt_key_file $secret_file;
                           office_config_jwt_symmetric on; }
    }
END
}

my $nginx = $t->nginx(http => conf('office_config_jwt_cache 64k;'));
my $ask = client($t);

# result($token, $at): the status, and how the token was found

sub result {
    my ($token, $at) = @_;
    my $r = $ask->('GET', ($at // '/beta') . $api,
                   headers => [Authorization => "Bearer $token"]);
    return $r->status . ' ' . ($r->header('X-Result') // '-');
}

sub secret { $secret->token(scp => READ, @_) }

my $token = $keys->token(scp => READ);

is result($token), '200 ok', 'the first time';
is result($token), '200 cached', 'the second';
is result($token, '/same'), '200 cached', 'in a location that asks the same';

# another policy is another question

for my $at ('/audience', '/issuer') {
    my $why = substr $at, 1;
    is result($token, $at), "401 $why", "not where another $why is wanted"
        for 1 .. 2;
}
is result($token, '/scope'), '403 scope', 'nor another scope' for 1 .. 2;
is result($token, '/tenant'), '200 ok', 'a tenant that is given';
is result($token, '/tenant'), '200 cached', 'is remembered apart';
is result($token), '200 cached', 'it is still remembered';
is result($keys->token(scp => READ, aud => [AUDIENCE, 'other']), $_), '200 ok',
   "asked anew: $_" for '/beta', '/audience';
is result($token =~ s/.\z/$& eq 'A' ? 'B' : 'A'/er) =~ s/^(\d+).*/$1/r, 401,
   'with another signature it is another';

# one character of it makes it another, wherever it is

{
    my ($length, $same) = (length $token, 0);
    for my $n (0 .. 98, map { int $length * $_ / 100 } 10 .. 99) {
        my $one = $token;
        substr($one, $n, 1) =~ tr{A-Za-z0-9_.-}{B-ZAb-za1-90\-A_};
        $same++ if $one eq $token || result($one) !~ /^401 /;
    }
    is $same, 0, 'one character changed: each is another';
    is result($token . 'A') =~ s/^(\d+).*/$1/r, 401, 'one more is another';
    is result(substr $token, 0, -1) =~ s/^(\d+).*/$1/r, 401, 'so is one less';
    is result($token), '200 cached', 'but the same is the same';
}

# a token that is bad is bad again

my $bad = $keys->token(scp => READ, aud => 'x');
is result($bad), '401 audience', 'a bad one is not remembered' for 1 .. 3;

# who it is, is remembered, too

{
    my %who = map { $_ => $keys->token(scp => READ, oid => "user $_",
        tid => "00000000-0000-0000-0000-00000000000$_") } 1 .. 3;
    for my $round (1 .. 2) {
        for my $n (sort keys %who) {
            is $ask->('GET', "/beta$api", headers => [Authorization =>
                "Bearer $who{$n}"])->header('X-Who'),
                "00000000-0000-0000-0000-00000000000$n user $n", "who: $n";
        }
    }
    my $long = $keys->token(scp => READ, oid => 'x' x 250);
    is result($long), '200 ok', 'strings that are too long are not kept'
        for 1 .. 2;
}

# time

{
    # again when the machine has let it pass unused
    my ($short, @results);
    ok wait_until(60, sub {
        my $begin = time;
        $short = $keys->token(scp => READ, in => 3);
        @results = (result($short), result($short));
        return time - $begin < 2;
    }), 'a short life';
    is_deeply \@results, ['200 ok', '200 cached'], 'is remembered';
    ok wait_until(10, sub { result($short) ne '200 cached' }), 'but not for ever';
    is result($short), '401 expired', 'it is over';
}

# a key that goes takes its tokens along, those of others stay

{
    $keys->add('two');
    $t->file('keys.json', $keys->jwks);
    my $two;
    ok wait_until(10, sub { $two = $keys->token(scp => READ);
                            result($two) eq '200 ok' }), 'a second key';
    is result($token), '200 cached', 'the first one has not changed';
    $keys->remove('one');
    $t->file('keys.json', $keys->jwks);
    ok wait_until(10, sub { result($token) ne '200 cached' }), 'it goes';
    is result($token), '401 unknown_key', 'with its tokens';
    is result($two), '200 cached', 'the second stays';
}

# a flood of bad ones takes no room

my @good = map { secret(oid => "good $_") } 1 .. 50;
result($_, '/secret') for @good;
{
    my %got;
    for my $n (1 .. 1000) {
        my $one = secret(oid => "bad $n");
        $one =~ s/[^.]{43}\z/'A' x 43/e if $n % 2;
        $one = secret(oid => "bad $n", in => -10) unless $n % 2;
        $got{result($one, '/secret')}++;
    }
    is_deeply \%got, { '401 signature' => 500, '401 expired' => 500 },
              'a flood of bad ones';
    is scalar(grep { result($_, '/secret') eq '200 cached' } @good), 50,
       'all good ones are still remembered';
}

# so many, and no more: the ones that were used last

{
    my @many = map { secret(oid => "many $_") } 1 .. 600;
    result($_, '/secret') for @many;
    is result($many[-1], '/secret'), '200 cached', 'the last one of many';
    my $kept = grep { result($_, '/secret') eq '200 cached' }
               reverse @many[300 .. 599];
    cmp_ok $kept, '>', 100, 'some fit';
    cmp_ok $kept, '<', 250, 'not all';

    my $rss = $nginx->rss;
    result(secret(oid => "more $_"), '/secret') for 1 .. 3000;
    cmp_ok $nginx->rss, '<', $rss + 2048, 'the memory is flat'
        or diag $nginx->rss unless $t->sanitized;

    # one that is used again and again stays among many
    my $often = secret(oid => 'often');
    result($often, '/secret');
    my $lost = 0;
    for my $n (1 .. 400) {
        result(secret(oid => "other $n"), '/secret');
        result($often, '/secret') eq '200 cached' or $lost++ unless $n % 20;
    }
    is $lost, 0, 'what is used stays';
}

# reloads: nothing is remembered, and nothing is left

{
    my $master = $nginx->pid;
    my (%rss, %fds);
    for my $round (1 .. 50) {
        $nginx->reload(old_gone => $round % 10 == 0) or fail 'a reload';
        $ask = client($t);
        result(secret(), '/secret');
        next if $round % 10;
        $rss{$round} = $nginx->rss($master);

        # the channel of a worker that is gone goes when its master wakes up
        wait_until(5, sub {
            $fds{$round} = $nginx->fds($master);
            return $round == 10 || $fds{$round} <= $fds{10} + 2;
        });
    }
    is result($good[0], '/secret'), '200 ok', 'after a reload it is new';
    cmp_ok $rss{50}, '<', $rss{10} + 1024, 'the memory of the master is flat'
        or diag explain \%rss unless $t->sanitized;
    cmp_ok $fds{50}, '<=', $fds{10} + 2, 'so are its descriptors';
}

# without it

$nginx->configure(conf('office_config_jwt_cache off;') =~
                  s/%%PORT%%/$nginx->port/er);
ok $nginx->reload(old_gone => 1), 'a reload without a cache';
$ask = client($t);
my $two = $keys->token(scp => READ);
is result($two), '200 ok', 'each time is the first' for 1 .. 3;

unlike $nginx->error_log . $nginx->access_log, qr/eyJ[\w-]{20}/,
       'no log has a token';

$t->done;
