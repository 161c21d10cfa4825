# The API as the JavaScript client library of Microsoft Graph uses it, over
# TLS: t/interop/graph.mjs, each line of which is a test point.

use OfficeConfig::Test;

use OfficeConfig::Npm;

my $interop = ROOT . '/t/interop';

my $t = OfficeConfig::Test->new;
my $packages = packages($t, $interop);

my ($status, $text) = $t->command(qw(openssl req -x509 -newkey ec -pkeyopt
    ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost
    -addext subjectAltName=DNS:localhost), '-keyout', $t->dir . '/key.pem',
    '-out', $t->dir . '/cert.pem');
is $status, 0, 'a certificate' or diag $text;

my $conf = $t->api_conf(redis => $t->redis, listen => '%%PORT%% ssl',
    location => 'office_config_page_size 2;',
    server => "ssl_certificate @{[$t->dir]}/cert.pem;
        ssl_certificate_key @{[$t->dir]}/key.pem;
        client_body_buffer_size 1m;");
$conf =~ s{location /beta \{}{location /beta/ \{};
my $nginx = $t->nginx(http => $conf);

{
    local $ENV{NODE_EXTRA_CA_CERTS} = $t->dir . '/cert.pem';
    local $ENV{NODE_NO_WARNINGS} = 1;
    points($t->command('node', '--dns-result-order=ipv4first',
        "$interop/graph.mjs", $packages, 'https://localhost:' . $nginx->port,
        ROOT . '/conf-examples/request.json'));
}

$t->done;
