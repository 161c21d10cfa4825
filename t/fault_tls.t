# The certificate of Redis goes wrong under load, and is replaced: what becomes
# of the requests.

use OfficeConfig::Test;

use Time::HiRes qw(time);

use OfficeConfig::Certificates;
use OfficeConfig::Faults;

OfficeConfig::Test->needs('tls');

my $t = OfficeConfig::Test->new;

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \(\d+: /,
    qr/\[error\].* the certificate of Redis at \S+ is not (?:valid|for)/,
    qr/\[(?:error|crit|info)\].* (?:SSL_do_handshake|SSL_read|SSL_write)\(\) failed/,
    qr/\[error\].* peer closed connection in SSL handshake/,
    qr/\[error\].* Redis at \S+ refused the connection: "LOADING /,
);

my $dir = $t->dir . '/certificates';
mkdir $dir or die "$dir: $!\n";
my $ca = OfficeConfig::Certificates->new($dir);
my $other = OfficeConfig::Certificates->new($dir, 'other');
my $good = $ca->sign('good');

my $redis = $t->redis(tcp => 1, aof => 1, tls => $good,
                      config => ['appendfsync always']);
my $nginx = $t->serve(redis => $redis, workers => 2, block =>
    'reconnect 20ms 200ms; connect_timeout 1s; command_timeout 1s; '
    . 'ssl_trusted_certificate ' . $ca->ca . ';',
    location => 'office_config_page_size 1000;');


# with($tls): Redis has been restarted with this certificate

sub with {
    $redis->{tls} = $_[0];
    $redis->restart;
}

my @bad = (
    ['has expired', $ca->sign('expired', at => '2020-01-01'),
     qr/is not valid: \(\d+:certificate has expired\)/],
    ['is of another host', $ca->sign('host', names => 'DNS:elsewhere.test'),
     qr/the certificate of Redis at \S+ is not for/],
    ['is of another CA', $other->sign('foreign'),
     qr/is not valid: \(\d+:self-signed certificate in certificate chain\)/],
);

for my $row (@bad) {
    my ($what, $tls, $re) = @$row;

    fault "the certificate of Redis $what, until it is replaced", $t, sub {
        my ($load) = @_;
        my $begin = time;

        with($tls);
        ok $nginx->wait_log($re), 'it is refused for that';
        ok $load->failed(20), 'and so are requests';
        with($good);
        return time - $begin;
    };
}

$t->done;
