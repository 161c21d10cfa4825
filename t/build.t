# The module builds in nginx's own source tree, linked in and as a dynamic
# module, and config says what is missing.

use OfficeConfig::Test;

use Digest::MD5 qw(md5_hex);
use File::Path qw(make_path remove_tree);

use OfficeConfig::Native qw(output_of);
use OfficeConfig::NginxSource qw(nginx_source);

plan skip_all => 'the sanitizers have no part in it' if $ENV{OC_SANITIZE};

my $tree = nginx_source('build/nginx-source');
my $root = ROOT;

# what one server needs, and nothing that takes long to compile
my @small = qw(--with-cc-opt=-O0 --without-pcre --without-http_rewrite_module
    --without-http_charset_module --without-http_ssi_module
    --without-http_userid_module --without-http_access_module
    --without-http_auth_basic_module --without-http_mirror_module
    --without-http_autoindex_module --without-http_geo_module
    --without-http_map_module --without-http_split_clients_module
    --without-http_referer_module --without-http_proxy_module
    --without-http_fastcgi_module --without-http_uwsgi_module
    --without-http_scgi_module --without-http_grpc_module
    --without-http_memcached_module --without-http_limit_conn_module
    --without-http_limit_req_module --without-http_empty_gif_module
    --without-http_browser_module --without-http_upstream_hash_module
    --without-http_upstream_ip_hash_module
    --without-http_upstream_least_conn_module
    --without-http_upstream_random_module
    --without-http_upstream_keepalive_module
    --without-http_upstream_zone_module);


# in_tree(\%env, @argv): runs it there; (its status, what it printed)

sub in_tree {
    my ($env, @argv) = @_;
    local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
    local @ENV{keys %$env} = values %$env;
    delete @ENV{grep { !defined $ENV{$_} } qw(MAKEFLAGS MFLAGS MAKELEVEL)};
    return output_of('sh', '-c', 'cd "$0" && exec "$@"', $tree, @argv);
}


# build($objs, $target, @arguments): configures what has changed, and builds;
# true when both went well

sub build {
    my ($objs, $target, @arguments) = @_;

    my @inputs = sort glob "$root/config $root/src/*.[ch] $root/src/*/*.[ch] "
                           . "$root/src/store/scripts/*";
    my $digest = md5_hex("@arguments @inputs", map { scalar slurp($_) }
                         grep { /config$|\.lua$/ } @inputs);
    my ($status, $text) = (0, '');

    if (slurp("$tree/$objs/inputs") ne $digest) {
        remove_tree("$tree/$objs");
        ($status, $text) = in_tree({}, './configure', "--builddir=$objs",
                                   @arguments);
        return diag($text) && 0 if $status;
    }

    chomp(my $jobs = qx(nproc));
    ($status, $text) = in_tree({}, 'make', '-s', "-j$jobs", '-f',
                               "$objs/Makefile", $target);
    return diag($text) && 0 if $status;

    open my $fh, '>', "$tree/$objs/inputs" or die "$objs: $!\n";
    print $fh $digest;
    close $fh;
    return 1;
}

sub slurp {
    open my $fh, '<:raw', $_[0] or return '';
    local $/;
    return <$fh> // '';
}


my $t = OfficeConfig::Test->new(module => 0);
my $port = $t->port;
my $dir = $t->dir;

my $http = <<"END";
    http {
        office_config_redis main { server unix:$dir/redis.sock; }
        server {
            listen 127.0.0.1:$port;
            location /beta { office_config_pass main; office_config_auth off; }
        }
    }
END


# linked in

ok build('objs-static', 'binary', @small, "--add-module=$root"),
   'nginx with the module linked in';

my ($status, $text) = output_of("$tree/objs-static/nginx", '-V');
is $status, 0, 'it runs';
like $text, qr/\Q--add-module=$root\E/, 'and has the module';

mkdir "$dir/logs";
my $conf = $t->file('static.conf', "events { }\n$http");
($status, $text) = output_of("$tree/objs-static/nginx", '-t', '-p', "$dir/",
                             '-e', 'stderr', '-c', $conf);
like $text, qr/test is successful/, 'and takes its directives'
    or diag $text;


# dynamic, for an nginx that others built

ok build('objs-dynamic', 'modules', '--with-cc-opt=-O0', '--with-compat',
         "--add-dynamic-module=$root"),
   'the dynamic module';

my $so = "$tree/objs-dynamic/ngx_http_office_config_module.so";
my ($theirs) = qx($OfficeConfig::Nginx::BINARY -v 2>&1) =~ m{nginx/(\S+)};
my ($ours) = $tree =~ /nginx-([\d.]+)$/;

if ($theirs eq $ours) {
    $conf = $t->file('dynamic.conf',
                     "load_module $so;\npid $dir/pid;\nevents { }\n"
                     . $http =~ s/http \{/http {
        access_log off; client_body_temp_path $dir; proxy_temp_path $dir;
        fastcgi_temp_path $dir; uwsgi_temp_path $dir; scgi_temp_path $dir;/r);
    ($status, $text) = output_of($OfficeConfig::Nginx::BINARY, '-t',
                                 '-e', 'stderr', '-c', $conf);
    like $text, qr/test is successful/, 'the stock nginx loads it'
        or diag $text;
}


# what is missing is said

my $empty = "$dir/empty";
mkdir $empty;

for (['JANSSON', 'jansson', 'libjansson-dev', 'INC'],
     ['HIREDIS', 'hiredis', 'libhiredis-dev', 'LIB'],
     ['CJOSE', 'cjose', 'libcjose-dev', 'INC'])
{
    my ($variable, $name, $package, $which) = @$_;
    my ($status, $text) = in_tree({ "${variable}_$which" => $empty },
        './configure', '--builddir=objs-fails', @small,
        "--add-module=$root");

    is $status >> 8, 1, "without $name, configure fails";
    like $text, qr/error: \S+ requires the $name library: .*\Q$empty\E/,
         'it names the library';
    like $text, qr/apt-get install $package$/m, 'its package';
    like $text, qr/${variable}_INC.*${variable}_LIB/s, 'and the variables';
}

$t->done;
