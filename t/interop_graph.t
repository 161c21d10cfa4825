# The API as the JavaScript client library of Microsoft Graph uses it, over
# TLS: t/interop/graph.mjs, each line of which is a test point.

use OfficeConfig::Test;

use Digest::SHA qw(sha256_hex);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use JSON::PP ();

my $interop = ROOT . '/t/interop';

my $t = OfficeConfig::Test->new;
my $packages = packages();

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


# packages: the directory with node_modules, in a build directory of the lock
# file's digest; npm fills it, from the registry, when it is not there

sub packages {
    my @files = map { "$interop/$_" } qw(package.json package-lock.json);
    my @texts = map { slurp($_) } @files;
    my $dir = ROOT . '/build/interop';
    my $name = "$dir/" . substr sha256_hex(@texts), 0, 16;

    if (!-d $name) {
        make_path($dir);
        my $new = tempdir('new-XXXXXX', DIR => $dir, CLEANUP => 1);

        my ($status, $text) = $t->command('cp', @files, $new);
        ($status, $text) = $t->command(qw(npm ci --ignore-scripts --no-audit
            --no-fund --no-update-notifier --fetch-retries=1 --prefix), $new)
            if $status == 0;
        die "npm cannot install the packages:\n$text" if $status != 0;

        # another run may have been faster
        rename $new, $name or -d $name or die "$name: $!\n";
    }

    return $name;
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<:raw', $file or die "$file: $!\n";
    local $/;
    return <$fh>;
}


# points($status, $text): the points that the script printed

sub points {
    my ($status, $text) = @_;
    my ($n, $done) = (0, undef);

    for my $line (split /\n/, $text) {
        my $point = $line =~ /^\{/ && eval { JSON::PP->new->decode($line) };

        if (!$point) {
            diag $line;

        } elsif (exists $point->{done}) {
            $done = $point->{done};

        } else {
            $n++;
            ok $point->{ok}, $point->{name} or diag $point->{text};
        }
    }

    is $status, 0, 'the script ends in order';
    is $done, $n, 'and reached its end';
}
