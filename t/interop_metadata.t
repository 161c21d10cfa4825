# What others make of $metadata: the client that odata2ts generates from its
# XML, and the OpenAPI description that odata-openapi generates from its JSON.
# Each then uses the API: t/interop/odata2ts, t/interop/openapi.

use OfficeConfig::Test;

use OfficeConfig::Npm;

my $interop = ROOT . '/t/interop';
my $seed = ROOT . '/conf-examples/request.json';

my $t = OfficeConfig::Test->new;
my $nginx = $t->serve(redis => $t->redis);
my $url = 'http://localhost:' . $nginx->port . '/beta';

local $ENV{NODE_NO_WARNINGS} = 1;
my @node = ('node', '--dns-result-order=ipv4first');


# odata2ts

{
    my $packages = packages($t, "$interop/odata2ts");
    my $dir = $t->dir . '/odata2ts';
    mkdir $dir or die "$dir: $!\n";
    symlink "$packages/node_modules", "$dir/node_modules" or die "$dir: $!\n";

    my ($status, $text) = $t->command(@node,
        "$packages/node_modules/\@odata2ts/odata2ts/lib/run-cli.js",
        '--source-url', $url, '--source', "$dir/metadata.xml",
        '--refresh-file', '--output', "$dir/generated", qw(--mode all
        --emit-mode js --disable-auto-managed-key), '--tsconfig',
        "$interop/odata2ts/tsconfig.json");
    is $status, 0, 'M8: odata2ts reads $metadata' or diag $text;

    points($t->command(@node, "$interop/odata2ts/odata2ts.mjs", $packages,
                       "$dir/generated", $url, $seed));
}


# odata-openapi

{
    my $packages = packages($t, "$interop/openapi");

    points($t->command(@node, "$interop/openapi/openapi.mjs", $packages, $url,
                       $seed));
}

$t->done;
