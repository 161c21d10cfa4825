# Every file in conf-examples works once its paths are those of this machine.

use OfficeConfig::Test;

my $t = OfficeConfig::Test->new;


# example($name, $redis): an nginx, not started, with that file: its paths in
# the test's directory, its port a free one, its Redis the one given

sub example {
    my ($name, $redis) = @_;
    my $nginx = $t->nginx(start => 0, http => '');
    my ($dir, $port) = ($nginx->dir, $nginx->port);
    my $user = $> == 0 ? 'user root;' : '';

    open my $fh, '<', ROOT . "/conf-examples/$name" or die "$name: $!\n";
    my $text = do { local $/; <$fh> };

    for ($text) {
        s{\bmodules/ngx_http_office_config_module\.so}{$t->{module}};
        s{^user .*}{$user}m;
        s{^worker_processes .*}{worker_processes 1;\ndaemon off;}m;
        s{/run/|/var/log/nginx/}{$dir/}g;
        s{/var/lib/nginx/}{$dir/tmp/}g;
        s{127\.0\.0\.1:8080}{127.0.0.1:$port}g;
        s{redis://127\.0\.0\.1:6379}{$redis}g;
    }

    $text =~ s{^http \{$}{http \{
        proxy_temp_path $dir/tmp/proxy; fastcgi_temp_path $dir/tmp/fastcgi;
        uwsgi_temp_path $dir/tmp/uwsgi; scgi_temp_path $dir/tmp/scgi;}m;
    $nginx->write_conf($text);
    return $nginx;
}

my %files = map { m{([^/]+)$} => 1 } glob ROOT . '/conf-examples/*';

{
    my $redis = $t->redis(tcp => 1);
    my $nginx = example('standalone.conf', $redis->url)->start;
    delete $files{'standalone.conf'};

    my $r = $t->post(API, body => seed_bytes, type => 'application/json');
    $t->status_is($r, 201, 'standalone.conf: create');
    $t->status_is($t->get(API . '/' . $r->json->{id}), 200, 'and read');

    my $id = $r->json->{id};

    open my $fh, '<', ROOT . '/conf-examples/checkin.json' or die $!;
    my $checkin = do { local $/; <$fh> };
    delete $files{'checkin.json'};
    $t->status_is($t->post(API . "/$id/checkinStatuses", body => $checkin,
                           type => 'application/json'), 204, 'checkin.json');

    $r = $t->post(API, body => ' ' x 4_200_000, type => 'application/json');
    $t->status_is($r, 413, 'its bound for a body');
    $t->allow_log(qr/client intended to send too large body/);
}

delete $files{'request.json'};
is join(' ', sort keys %files), '', 'no file is without a test';

$t->done;
