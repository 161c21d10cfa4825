# Tokens in batches: each request is authorised on its own, with the batch's
# token or one that it gives itself. (JSON batch)

use OfficeConfig::Test;

use OfficeConfig::Api;
use OfficeConfig::Batch;
use OfficeConfig::Tokens qw(ISSUER AUDIENCE READ WRITE CHECKIN);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $keys = OfficeConfig::Tokens->new->add('one', kty => 'EC');
my $file = $t->file('keys.json', $keys->jwks);
my $url = $redis->url;

my $nginx = $t->nginx(http => <<"END");
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    office_config_auth jwt;
    office_config_jwt_key_file $file;
    office_config_jwt_issuer "@{[ISSUER]}";
    office_config_jwt_audience @{[AUDIENCE]};

    server {
        listen 127.0.0.1:%%PORT%%;
        keepalive_requests 100000;
        location /beta { office_config_pass main;
                         office_config_scope_checkin @{[CHECKIN]}; }
    }
END
my $ask = client($t);
my $all = '/officeConfiguration/clientConfigurations';

my $other = '11111111-2222-4333-8444-555555555555';
my %token = (
    writer => 'Bearer ' . $keys->token(scp => WRITE),
    reader => 'Bearer ' . $keys->token(scp => READ),
    device => 'Bearer ' . $keys->token(scp => CHECKIN),
    other => 'Bearer ' . $keys->token(scp => WRITE, tid => $other),
    expired => 'Bearer ' . $keys->token(scp => WRITE, exp => time - 7200),
);

sub batch {
    my ($who, @requests) = @_;
    return $ask->('POST', BATCH, json => { requests => \@requests },
        headers => [map { (Authorization => $token{$_}) } $who // ()]);
}

sub with { my ($who, $r) = @_; return { %$r, headers => {
           %{$r->{headers} // {}}, Authorization => $token{$who} } } }

my @work = (created(1, id => 'a'), req(2, 'GET', "$all/a",
                                       dependsOn => ['1']),
            req(3, 'POST', '/officeConfiguration/tenantCheckinStatuses',
                json => { userId => 'u', wasSuccessful => JSON::PP::true(),
                          checkinDateTime => '2020-01-01T00:00:00Z' }));

error_is batch(undef, @work), 401, undef, 'a batch without a token';
error_is batch('expired', @work), 401, undef, 'a batch with an expired one';
is $ask->('GET', "/beta$all/a", headers =>
    [Authorization => $token{writer}])->status, 404, 'nothing is carried out';

is statuses(batch('reader', map { my %r = %$_; delete $r{dependsOn}; \%r }
                            @work)), '403 404 403', 'one that only reads';
is statuses(batch('writer', @work)), '201 200 204', 'one that writes';
is statuses(batch('device', @work)), '403 424 204', 'one of a device';

my $r = batch('reader', created(1, id => 'b'),
              with('writer', created(2, id => 'c')),
              with('expired', req(3, 'GET', "$all/a")),
              with('other', req(4, 'GET', "$all/a")),
              req(5, 'GET', "$all/a"));
is statuses($r), '403 201 401 404 200', 'a request with its own token';
my $got = answers($r);
like $got->{3}{headers}{'WWW-Authenticate'}, qr/^Bearer /, 'WWW-Authenticate';
is $got->{3}{body}{error}{code}, 'InvalidAuthenticationToken', 'its code';
is $got->{1}{body}{error}{code}, 'forbidden', 'that of a missing scope';

$r = batch('writer', map { { %$_, atomicityGroup => 'g' } }
           created(1, id => 'd'), with('reader', created(2, id => 'e')));
is statuses($r), '424 403', 'a group of which one may not be carried out';

$r = batch('writer', map { { %$_, atomicityGroup => 'g' } }
           created(1, id => 'd'), with('other', created(2, id => 'e')));
is statuses($r), '400 400', 'a group of two tenants';
is statuses(batch('writer', req(1, 'GET', "$all/d"))), '404',
   'nothing of them is left';

$r = $ask->('POST', BATCH, type => 'multipart/mixed; boundary=b',
    headers => [Authorization => $token{reader}, Prefer =>
                'continue-on-error'],
    body => mixed('b', http_part('GET', "$all/a"),
        change_set('c', http_part('POST', $all, json => { id => 'm' }))));
is join(' ', map { $_->{status} } @{mixed_parts($r)}), '200 403',
   'multipart';

$t->done;
