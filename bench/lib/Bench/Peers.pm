package Bench::Peers;

# The peers and the cases: what runs, with which configuration, what is sent.

use strict;
use warnings;

use Bench::Checkins;
use Bench::Http qw(request repeat);
use Bench::Nginx;
use Bench::Process qw(tool);
use Bench::Token qw(token_files);
use Bench::Webdis;
use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(peers cases missing start_server create_one fill);

my $collection = '/beta/officeConfiguration/clientConfigurations';
my $webdis_key = 'bench:';

# Cases in the order of the table.
#   peer    who serves it
#   method  request method
#   path    the URL's path, or
#   item    path of one id: what precedes and what follows the id, or
#   prefix  path to which a growing number is added
#   of      what precedes and what follows the only id, or the first
#   body    'seed' or 'plain' if the seed's body is sent, with its check-in or
#           without
#   bodies  true if check-ins are sent
#   token   true if a token is sent
#   status  what a single request must be answered with
my @cases = (
    { name => 'return200-get', peer => 'return200', method => 'GET',
      item => ["$collection/", ''], status => 200 },
    { name => 'echo-create', peer => 'echo', method => 'POST',
      path => $collection, body => 'seed', status => 200 },
    { name => 'echo-create-plain', peer => 'echo', method => 'POST',
      path => $collection, body => 'plain', status => 200 },
    { name => 'lua-create', peer => 'lua', method => 'POST',
      path => $collection, body => 'seed', status => 201 },
    { name => 'lua-get', peer => 'lua', method => 'GET',
      item => ["$collection/", ''], status => 200 },
    { name => 'webdis-set', peer => 'webdis', method => 'PUT',
      prefix => '/SET/new:', body => 'seed', status => 200 },
    { name => 'webdis-get', peer => 'webdis', method => 'GET',
      item => ["/GET/$webdis_key", '?type=application/json'],
      status => 200 },
    { name => 'module-create', peer => 'module', method => 'POST',
      path => $collection, body => 'seed', status => 201 },
    { name => 'module-create-plain', peer => 'module', method => 'POST',
      path => $collection, body => 'plain', status => 201 },
    { name => 'module-get', peer => 'module', method => 'GET',
      item => ["$collection/", ''], status => 200 },
    { name => 'module-get-unread', peer => 'module', method => 'GET',
      token => 1, item => ["$collection/", ''], status => 200 },
    { name => 'module-get-jwt', peer => 'module', method => 'GET', token => 1,
      item => ['/auth/officeConfiguration/clientConfigurations/', ''],
      status => 200 },
    { name => 'module-page-1k', peer => 'module-few', method => 'GET',
      path => $collection, status => 200 },
    { name => 'module-page-100k', peer => 'module', method => 'GET',
      path => $collection, status => 200 },
    { name => 'module-order-1k', peer => 'module-few', method => 'GET',
      path => "$collection?\$orderby=priority", status => 200 },
    { name => 'module-order-100k', peer => 'module', method => 'GET',
      path => "$collection?\$orderby=priority", status => 200 },
    { name => 'echo-checkin', peer => 'echo', method => 'POST',
      of => ["$collection/", '/checkinStatuses'], bodies => 1,
      status => 200 },
    { name => 'module-checkin-1k', peer => 'module-1k', method => 'POST',
      of => ["$collection/", '/checkinStatuses'], bodies => 1,
      status => 204 },
    { name => 'module-checkin-1m', peer => 'module-1m', method => 'POST',
      of => ["$collection/", '/checkinStatuses'], bodies => 1,
      status => 204 },
    { name => 'module-summary', peer => 'module-1m', method => 'GET',
      of => ["$collection/", '/userCheckinSummary'], status => 200 },
);

# Peers.
#   redis   true if it needs one
#   hash    Redis hash whose fields are the ids, if it is filled by POST
#   module  true if it is the module
#   preload how many configurations it has, if not as many as the options say
#   fleet   how many check-ins its only configuration gets, or
#           "all": as many as the options say; echo gets those of such a fleet
my %peers = (
    return200 => {},
    echo      => { fleet => 'all' },
    lua       => { redis => 1, hash => 'lua:{default}:cfg' },
    webdis    => { redis => 1 },
    module    => { redis => 1, module => 1, hash => 'oc:{default}:cfg' },
    'module-few' => { redis => 1, module => 1, hash => 'oc:{default}:cfg',
                      preload => 1000 },
    'module-1k' => { redis => 1, module => 1, fleet => 1000 },
    'module-1m' => { redis => 1, module => 1, fleet => 'all' },
);

sub cases { return @cases }
sub peers { return \%peers }

# in: peer's name, options; out: number of its check-ins
sub fleet {
    my ($name, $o) = @_;
    my $fleet = $peers{$name}{fleet};

    return $fleet eq 'all' ? $o->{checkins} : $fleet;
}

# in: peer's name, options; out: what it lacks, or nothing
sub missing {
    my ($name, $o) = @_;
    my $modules = Bench::Nginx::modules_path();
    my %files = (
        echo   => ["$modules/ngx_http_echo_module.so"],
        lua    => ["$modules/ngx_http_lua_module.so"],
    );

    $files{$name} = [$o->{module}] if $peers{$name}{module};

    return 'webdis is not installed' if $name eq 'webdis' && !tool('webdis');

    for my $file (@{$files{$name} // []}) {
        return "$file does not exist" if !-e $file;
    }

    return;
}

# in: peer's name, options, dir => folder, core => number, redis => its Redis
#     or nothing, bench => this folder, bytes => size of return 200's body,
#     main, env => of Bench::Nginx, for the module;
# out: the running server
sub start_server {
    my ($name, $o, %a) = @_;
    my $socket = $a{redis} && $a{redis}{socket};
    my $modules = Bench::Nginx::modules_path();
    my %base = (dir => $a{dir}, core => $a{core},
                connections => $o->{connections});

    if ($name eq 'webdis') {
        return Bench::Webdis->start(%base, socket => $socket);
    }

    if ($name eq 'return200') {
        my $body = 'x' x $a{bytes};
        return Bench::Nginx->start(%base, server => <<"END");
location /beta {
    return 200 $body;
}
END
    }

    if ($name eq 'echo') {
        return Bench::Nginx->start(
            %base,
            modules => ["$modules/ngx_http_echo_module.so"],
            server  => <<'END');
location /beta {
    echo_read_request_body;
    echo_request_body;
}
END
    }

    if ($name eq 'lua') {
        return Bench::Nginx->start(
            %base,
            modules => ["$modules/ndk_http_module.so",
                        "$modules/ngx_http_lua_module.so"],
            env     => { BENCH_REDIS_SOCKET => $socket,
                         BENCH_REDIS_POOL => 2 * $o->{connections} },
            main    => "env BENCH_REDIS_SOCKET;\nenv BENCH_REDIS_POOL;",
            http    => <<"END",
lua_package_path '$a{bench}/lua/?.lua;;';
lua_code_cache on;
init_by_lua_block {
    require "office.create"
    require "office.get"
}
map \$http_client_request_id \$oc_client_request_id {
    ''      \$request_id;
    default \$http_client_request_id;
}
END
            server  => <<"END");
add_header OData-Version 4.0 always;
add_header request-id \$request_id always;
add_header client-request-id \$oc_client_request_id always;
add_header Cache-Control no-store always;
location = $collection {
    content_by_lua_block { require("office.create")() }
}
location $collection/ {
    content_by_lua_block { require("office.get")() }
}
END
    }

    my ($keys) = token_files($a{dir});
    my ($issuer, $audience) = (Bench::Token::ISSUER, Bench::Token::AUDIENCE);

    # The same configurations, with and without tokens: the same tenant, names
    # of locations of the same length.
    return Bench::Nginx->start(
        %base, main => $a{main}, env => $a{env},
        modules => [$o->{module}],
        http    => <<"END",
office_config_redis main {
    server unix:$socket;
}
END
        server  => <<"END");
location /beta {
    office_config_pass main;
    office_config_auth off;
}
location /auth {
    office_config_pass main;
    office_config_auth jwt;
    office_config_jwt_key_file $keys;
    office_config_jwt_issuer $issuer;
    office_config_jwt_audience $audience;
    office_config_tenant default;
}
END
}

# Creates one configuration and reads it.
# in: peer's name, port, body; out: its id, its path, its JSON
sub create_one {
    my ($name, $port, $body) = @_;
    my ($status, $headers, $json) = request($port, 'POST', $collection, $body);
    my $entity = $status == 201 && eval { JSON::PP->new->decode($json) };

    die "$name: POST is answered with $status: $json\n"
        if !$entity || !defined $entity->{id}
           || !defined $headers->{location};

    my $path = "$collection/$entity->{id}";

    ($status, undef, $json) = request($port, 'GET', $path);
    my $read = $status == 200 && eval { JSON::PP->new->decode($json) };

    die "$name: GET is answered with $status: $json\n"
        if !$read || $read->{id} ne $entity->{id};

    return ($entity->{id}, $path, $json);
}

# Checks one create and one get, then creates the configurations, or one and
# its check-ins.
# in: peer's name, options, server => , redis => , body => seed's body,
#     file => a scratch file;
# out: array of ids, size of the body of a get
sub fill {
    my ($name, $o, %a) = @_;

    return fill_webdis($o, %a) if $name eq 'webdis';

    # the check-ins are only those of the fleet
    my ($id, $path, $json)
        = create_one($name, $a{server}{port},
                     $peers{$name}{fleet} ? '{"displayName":"Finance"}'
                                          : $a{body});

    if ($peers{$name}{fleet}) {
        Bench::Checkins::load($a{server}{port}, $path, $id,
                              fleet($name, $o));
        return ([$id], length $json);
    }

    my $preload = $peers{$name}{preload} // $o->{preload};

    repeat($a{server}{port}, 'POST', $collection, $a{body}, $preload - 1, 180)
        if $preload > 1;

    my $hash = $peers{$name}{hash};
    my $count = $a{redis}->command('HLEN', $hash);

    die "$name: the hash $hash has $count fields, not $preload\n"
        if $count != $preload;

    return ([$a{redis}->sample_fields($hash, $o->{ids})], length $json);
}

# webdis stores a string per configuration; they are written into Redis
# directly, in the protocol's format
sub fill_webdis {
    my ($o, %a) = @_;

    open my $out, '>', $a{file} or die "$a{file}: $!\n";

    for my $n (1 .. $o->{preload}) {
        my $key = "$webdis_key$n";
        print $out "*3\r\n\$3\r\nSET\r\n\$", length $key, "\r\n$key\r\n\$",
            length $a{body}, "\r\n$a{body}\r\n";
    }

    close $out or die "$a{file}: $!\n";
    $a{redis}->feed($a{file});
    unlink $a{file};

    my $step = int($o->{preload} / $o->{ids}) || 1;

    return ([grep { ($_ - 1) % $step == 0 } 1 .. $o->{preload}],
            length $a{body});
}

1;
