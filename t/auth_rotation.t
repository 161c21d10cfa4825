# An identity provider that rotates its keys, disappears and comes back, while
# clients call all the time: no valid request fails.

use OfficeConfig::Test;

use Time::HiRes qw(sleep time);

use OfficeConfig::Api;
use OfficeConfig::Tokens qw(ISSUER AUDIENCE READ WRITE);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $url = $redis->url;
my $provider = $t->provider;
my $keys = OfficeConfig::Tokens->new->add('key 1');
my $dir = $t->dir;

$provider->publish($keys->jwks);

my $nginx = $t->nginx(workers => 2, http => <<"END");
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    server {
        listen 127.0.0.1:%%PORT%% reuseport;
        location /beta {
            office_config_pass main;
            office_config_auth jwt;
            office_config_jwt_key_request /_keys;
            office_config_jwt_key_refresh 400ms min=100ms timeout=60s;
            office_config_jwt_issuer "@{[ISSUER]}";
            office_config_jwt_audience @{[AUDIENCE]};
        }
        location = /_keys {
            internal;
            proxy_pass @{[$provider->url]};
            proxy_ignore_client_abort on;
        }
    }
END

# use_token($token): what clients send from now on

sub use_token {
    $t->file('token.new', $_[0]);
    rename "$dir/token.new", "$dir/token" or die "token: $!\n";
}

sub token {
    open my $fh, '<', "$dir/token" or die "token: $!\n";
    return scalar <$fh>;
}

sub requests { scalar(() = $provider->requests) }

use_token($keys->token(scp => WRITE));
answer_is $t->post(API, json => { id => 'one' }, headers =>
                   [Authorization => 'Bearer ' . token()]), 201, 'an item';

my $begin = time;
my @load = map {
    my $keepalive = $_;
    $t->load(where => $nginx->port, clients => 2, keepalive => $keepalive,
        pause => 0.002, request => sub {
            ('GET', API . "/one?client=$keepalive.$_[0]",
             headers => [Authorization => 'Bearer ' . token()]) });
} 0, 1;

# what has to happen before the next thing may: many requests, and of each
# client one that it has sent since then
sub served {
    my ($name) = @_;
    my $mark = length $nginx->access_log;
    ok wait_until(30, sub {
        my $log = substr $nginx->access_log, $mark;
        my %n;
        $n{$_}++ for $log =~ /\?client=(\S+)/g;
        return ($log =~ tr/\n//) > 200 && 4 == grep { $_ > 1 } values %n;
    }), $name;
}

# complained($count): so often was it logged that there are no new keys, once
# by each worker

sub complained {
    my ($count, $name) = @_;
    ok wait_until(30, sub {
        $count == (() = $nginx->error_log =~ /no new keys for tokens/g)
    }), $name;
}

# keys are published with the first token that they sign, and withdrawn once
# the last one is no longer in use

for my $n (2 .. 5) {
    $keys->add("key $n", $n % 2 ? () : (kty => 'EC'));
    $provider->publish($keys->jwks);
    use_token($keys->token(scp => READ));
    served("key $n");
    $keys->remove('key ' . ($n - 1));
    $provider->publish($keys->jwks);
    my $before = requests();
    ok wait_until(10, sub { requests() > $before + 2 }), 'the old one goes';
}

# it disappears

$provider->stop;
complained(2, 'the provider is away');
like $nginx->error_log, qr/no new keys for tokens.*the old ones are kept/,
     'the log says what that means';
served('with keys that are known');
use_token($keys->token(scp => READ, oid => 'another'));
served('and tokens that are not');

# it comes back, with another key

$keys->add('key 6');
$provider->publish($keys->jwks);
$provider->start;
use_token($keys->token(scp => READ));
served('the provider is back');

# it comes back somewhere else in its mind

$provider->answer(500, 'x');
complained(4, 'the provider is mad');
served('with keys that are known');
$keys->add('key 7');
$provider->publish($keys->jwks);
use_token($keys->token(scp => READ));
served('the provider is well');

for my $sum (map { $_->stop } @load) {
    is_deeply [keys %{$sum->{status}}], [200], 'no request has failed'
        or diag explain $sum;
    cmp_ok $sum->{total}, '>', 200, 'and there were many';
}

my $requests = requests();
my $seconds = time - $begin;
cmp_ok $requests, '<', 2 * ($seconds / 0.1 + 2), 'the provider had few';
is scalar(() = $nginx->error_log =~ /no new keys for tokens/g), 4,
   'what was wrong was logged once by each worker';

# a key that was withdrawn is of no use
error_is $t->get(API, headers => ['Authorization' => 'Bearer ' .
    OfficeConfig::Tokens->new->add('key 7')->token(scp => READ)]), 401, undef,
    'nor is another that has the name of one';

unlike $nginx->error_log . $nginx->access_log, qr/eyJ[\w-]{20}/,
       'no log has a token';

$t->allow_log(qr/no new keys for tokens/, qr/connect\(\) failed \(111: /,
              qr/recv\(\) failed \(104: |upstream prematurely closed/);
$t->done;
