# What nginx -t makes of the module's directives: a wrong one is named, with
# its file and line.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $url = $redis->url;
my $nginx = $t->nginx(start => 0);
my $port = $nginx->port;
my $file = $nginx->dir . '/nginx.conf';

# conf(%parts): an http block that passes, but for the parts
#   http, block, server, location: more lines; pass, auth: other values, undef
#   for none

sub conf {
    my %part = (http => '', block => "server $url;", server => '',
                location => '', pass => 'main', auth => 'off', @_);
    my $pass = defined $part{pass} ? "office_config_pass $part{pass};" : '';
    my $auth = defined $part{auth} ? "office_config_auth $part{auth};" : '';

    return <<"END";
    office_config_redis main {
        $part{block}
    }
    $part{http}
    server {
        listen 127.0.0.1:$port;
        $part{server}
        location /beta {
            $pass
            $auth
            $part{location}
        }
    }
END
}

# test_conf($http): nginx -t; (whether it passed, what it said)

sub test_conf {
    $nginx->configure($_[0]);
    return $nginx->test_conf;
}

# wrong($part, $text, $re, $name): with the text in that part nginx -t fails,
# says what the expression is, and names the directive and the line of the text

sub wrong {
    my ($part, $text, $re, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($passed, $said) = test_conf(conf($part => $text));
    my ($directive) = $text =~ /(\w+)[^;]*;$/;
    my ($line) = $said =~ / in \Q$file\E:(\d+)$/m;
    my @faults;

    push @faults, 'nginx -t passes' if $passed;
    push @faults, "it does not match $re" if $said !~ $re;
    push @faults, "it does not name \"$directive\"" if $said !~ /"$directive"/;
    push @faults, 'it is no [emerg]' if $said !~ /\[emerg\]/;
    push @faults, 'it has no line' if !$line;
    push @faults, "line $line is another"
        if $line && (split /\n/, slurp($file))[$line - 1] !~ /\Q$text\E/;

    return ok(!@faults, $name // "$text: $re")
        || diag join "\n", @faults, $said;
}

sub slurp {
    open my $fh, '<', $_[0] or die "$_[0]: $!\n";
    local $/;
    return <$fh>;
}


$t->conf_passes(conf(), 'the least');


# office_config_auth

{
    $t->conf_fails(conf(auth => undef), qr/"office_config_pass"\ needs
        \ "office_config_auth".*\ in\ \S*nginx\.conf:\d+/x,
        'office_config_pass without office_config_auth');
    $t->conf_passes(conf(auth => undef, server => 'office_config_auth off;'),
                    'office_config_auth of the server');
    $t->conf_passes(conf(auth => undef, http => 'office_config_auth off;'),
                    'of the http block');
    $t->conf_passes(conf(auth => undef, location => 'office_config_auth "off";'),
                    'in quotes');
    $t->conf_fails(conf(auth => 'off', http => <<'END'), qr/"office_config_auth"/,
        server { listen 127.0.0.1:%%PORT%%;
                 location /x { office_config_pass main; } }
END
        'another server does not inherit it');
    $t->conf_passes(conf(location => <<'END'), 'a location within inherits it');
        location /beta/x { office_config_pass main; }
END
    $t->conf_passes(conf(auth => undef, pass => undef),
                    'a location without office_config_pass needs none');

    for my $value ('JWT', 'on', 'none', 'of', 'offf', '""', '$x') {
        wrong('server', "office_config_auth $value;", qr/invalid value/);
    }

    wrong('location', 'office_config_auth off;', qr/is duplicate/);
    wrong('server', 'office_config_auth off; office_config_auth off;',
          qr/is duplicate/);
    wrong('location', 'office_config_auth;', qr/invalid number of arguments/);
    wrong('server', 'office_config_auth off off;',
          qr/invalid number of arguments/);
    $t->conf_fails(conf(location => 'if ($arg_x) { office_config_auth off; }'),
        qr/"office_config_auth" directive is not allowed here in \S+:\d+/,
        'not in an if block');
}


# office_config_pass

for my $value ('nothing', 'MAIN', 'mai', 'mainx', '$x') {
    $t->conf_fails(conf(pass => $value), qr/no\ "office_config_redis"\ is
        \ named\ "\Q$value\E".*"office_config_pass".*nginx\.conf:\d+/x,
        "office_config_pass $value");
}

$t->conf_fails(conf(pass => '""'), qr/"office_config_pass".*nginx\.conf:\d+/,
               'office_config_pass ""');
wrong('location', 'office_config_pass main;', qr/is duplicate/);
wrong('location', "office_config_pass $url;", qr/is duplicate/);
wrong('location', 'office_config_pass;', qr/invalid number of arguments/);
wrong('location', 'office_config_pass main main;',
      qr/invalid number of arguments/);
wrong('server', 'office_config_pass main;', qr/is not allowed here/);
wrong('http', 'office_config_pass main;', qr/is not allowed here/);

$t->conf_passes(conf(pass => $_), "office_config_pass $_") for $url,
    'redis://127.0.0.1:6379', 'redis://127.0.0.1', 'redis://[::1]:6379',
    'REDIS://127.0.0.1', 'redis://127.0.0.1:6379/5', 'redis://127.0.0.1/',
    'redis://user:pass@127.0.0.1', 'redis://:p%40ss@127.0.0.1:1/2',
    'rediss://127.0.0.1', 'rediss://u:p@localhost:1/2',
    'redis://localhost:6379', "unix:/tmp/x.sock", '127.0.0.1:6379',
    '[::1]:6379', 'main';
$t->conf_passes(conf(pass => $url, location =>
    "location /beta/x { office_config_pass $url; }"), 'the same URL twice');
$t->conf_passes(conf(pass => 'late', http => '', server => <<"END"),
    location /y { office_config_pass late; office_config_auth off; }
    }
    office_config_redis late { server $url; }
    server { listen 127.0.0.1:$port; server_name y;
END
    'a block that stands behind its use');

my @bad = (
    ['redis://', qr/no host/], ['unix:', qr/no path/], ['redis://:6379', qr/no host/],
    ['redis://127.0.0.1:0', qr/invalid port/],
    ['redis://127.0.0.1:65536', qr/invalid port/],
    ['redis://127.0.0.1:x', qr/invalid port/],
    ['redis://127.0.0.1:', qr/port/], ['redis://127.0.0.1/x', qr/invalid database/],
    ['redis://127.0.0.1/-1', qr/invalid database/],
    ['redis://user@127.0.0.1', qr/no password/],
    ['redis://a:%zz@127.0.0.1', qr/invalid percent-encoding/],
    ['redis://[::1', qr/invalid/], ['rediss://', qr/no host/],
    ['redis://no.such.host.invalid', qr/host not found/],
);

for (@bad) {
    my ($value, $re) = @$_;
    for my $conf ([conf(pass => $value), 'office_config_pass'],
                  [conf(block => "server $value;"), 'server'])
    {
        my ($passed, $said) = test_conf($conf->[0]);
        ok !$passed && $said =~ $re && $said =~ /nginx\.conf:\d+/
           && $said =~ /Redis|redis/, "$conf->[1] $value" or diag $said;
    }
}

$t->conf_passes(conf(http => 'resolver 127.0.0.1;',
                     block => 'server redis://no.such.host.invalid;'),
                'a name that is not known yet, with a resolver');


# office_config_redis

$t->conf_fails(conf(http => $_->[0]), qr/$_->[1].*nginx\.conf:\d+/s,
               printable($_->[0]))
    for ["office_config_redis main { server $url; }", 'duplicate "office_config_redis" "main"'],
        ['office_config_redis a { }', 'no "server" in "office_config_redis" "a"'],
        ["office_config_redis \"\" { server $url; }", 'invalid name ""'],
        ["office_config_redis a:b { server $url; }", 'invalid name "a:b"'],
        ["office_config_redis redis://x { server $url; }", 'invalid name'],
        ["office_config_redis { server $url; }", 'invalid number of arguments in "office_config_redis"'],
        ["office_config_redis a b { server $url; }", 'invalid number of arguments in "office_config_redis"'],
        ['office_config_redis a;', 'directive "office_config_redis" has no opening "\\{"'];
$t->conf_fails(conf(server => "office_config_redis a { server $url; }"),
    qr/"office_config_redis" directive is not allowed here.*:\d+/,
    'office_config_redis in a server');
$t->conf_passes(conf(http => "office_config_redis a { server $url; }"),
                'one that nobody uses');
$t->conf_passes(conf(block => <<"END"), 'all that a block can say');
    server redis://127.0.0.1:6379;
    topology standalone;
    username "a user";
    password "a p\@ss";
    database 15;
    connect_timeout 500ms;
    command_timeout 1s;
    ping_interval 1m;
    reconnect 50ms 10s;
    max_pending 1;
END

wrong('block', "server $url; $_->[0]", $_->[1], $_->[0]) for (
    ['topology standalone; topology standalone;',
        qr/"topology" directive is duplicate/],
    ['topology sentinel;', qr/invalid number of arguments in "topology"/],
    ['topology sentinel "";', qr/"topology" directive has an empty name/],
    ['topology sentinel a b;', qr/invalid number of arguments in "topology"/],
    ['topology cluster a;', qr/invalid number of arguments in "topology"/],
    ['topology standalone a;', qr/invalid number of arguments in "topology"/],
    ['topology_refresh x;', qr/"topology_refresh" directive invalid value/],
    ['wait 1;', qr/invalid number of arguments in "wait"/],
    ['wait x 1s;', qr/invalid number "x" in "wait"/],
    ['wait -1 1s;', qr/invalid number "-1" in "wait"/],
    ['wait 1 x;', qr/invalid time "x" in "wait"/],
    ['wait 1 0;', qr/invalid time "0" in "wait"/],
    ['wait 1 1s; wait 1 1s;', qr/"wait" directive is duplicate/],
    ['read_replicas x;', qr/invalid value "x" in "read_replicas"/],
    ['ssl x;', qr/invalid value "x" in "ssl"/],
    ['topology x;', qr/invalid value "x" in "topology"/],
    ['database x;', qr/"database" directive invalid number/],
    ['database -1;', qr/"database" directive invalid number/],
    ['connect_timeout x;', qr/"connect_timeout" directive invalid value/],
    ['connect_timeout -1;', qr/"connect_timeout" directive invalid value/],
    ['command_timeout 1x;', qr/"command_timeout" directive invalid value/],
    ['ping_interval "";', qr/"ping_interval" directive invalid value/],
    ['reconnect 1s;', qr/invalid number of arguments in "reconnect"/],
    ['reconnect 1s 2s 3s;', qr/invalid number of arguments in "reconnect"/],
    ['reconnect x 2s;', qr/invalid time "x" in "reconnect"/],
    ['reconnect 1s y;', qr/invalid time "y" in "reconnect"/],
    ['reconnect 0 1s;', qr/invalid time "0" in "reconnect"/],
    ['reconnect 2s 1s;', qr/"reconnect" directive has a minimum above/],
    ['max_pending x;', qr/"max_pending" directive invalid number/],
    ['max_pending -1;', qr/"max_pending" directive invalid number/],
    ['nothing x;', qr/unknown directive "nothing"/],
    ['office_config_auth off;', qr/unknown directive "office_config_auth"/],
    ['listen 80;', qr/unknown directive "listen"/],
    ['password;', qr/invalid number of arguments in "password"/],
    ['password a b;', qr/invalid number of arguments in "password"/],
    map({ ["$_ 1; $_ 1;", qr/"$_" directive is duplicate/] }
        qw(username password database connect_timeout command_timeout
           ping_interval max_pending)),
    ['reconnect 1s 2s; reconnect 1s 2s;',
        qr/"reconnect" directive is duplicate/],
    ['password_file a; password_file a;',
        qr/"password_file" directive is duplicate/],
    ['server a b;', qr/invalid number of arguments in "server"/],
);

# what fits together, said where the block ends

for (["server $url; server $url;", qr/a standalone Redis is one "server"/],
     ["server $url; read_replicas on;", qr/no replicas to read from/],
     ['server 127.0.0.1; sentinel_password x;', qr/need "topology sentinel"/],
     ['server 127.0.0.1; topology cluster; database 1;', qr/no "database" but 0/],
     ["server $url; topology cluster;", qr/not a socket's path/],
     ["server $url; topology sentinel a;", qr/not a socket's path/],
     ['server redis://:p@127.0.0.1; topology sentinel a;',
      qr/use "sentinel_password"/],
     ['server 127.0.0.1; topology sentinel a; sentinel_username u;',
      qr/"sentinel_username" without a password/],
     ['server 127.0.0.1; topology sentinel a; sentinel_password u; '
      . 'sentinel_password_file f;',
      qr/both "sentinel_password" and "sentinel_password_file"/],
     ['server redis://:a@127.0.0.1; server redis://:b@127.0.0.2; '
      . 'topology cluster;', qr/a second password/],
     ["server $url; command_timeout 1s; wait 1 1s;",
      qr/"wait" of Redis "main" must be less than "command_timeout"/])
{
    $t->conf_fails(conf(block => $_->[0]), qr/$_->[1].* in \S+:\d+/, $_->[0]);
}

$t->conf_passes(conf(block => $_), $_) for
    'server 127.0.0.1; server 127.0.0.2:26380; topology sentinel a; '
    . 'sentinel_username u; sentinel_password p; topology_refresh 1s; '
    . 'wait 1 500ms; read_replicas on; database 3;',
    'topology cluster; server 127.0.0.1; server [::1]:7000; read_replicas on;';

for my $name (qw(connect_timeout command_timeout ping_interval max_pending
                 topology_refresh))
{
    $t->conf_fails(conf(block => "server $url; $name 0;"),
        qr/must not be zero in \S+:\d+/, "$name 0");
}

{
    my $file = $t->file('password', "secret\n");
    my $empty = $t->file('empty', "\n");
    my $large = $t->file('large', 'x' x 5_000);

    $t->conf_passes(conf(block => "server $url; password_file $file;"),
                    'password_file');
    for (["password x; password_file $file;", 'both "password" and "password_file"'],
         ["password_file $file.none;", 'open\\(\\) "\\S+" of "password_file" failed'],
         ["password_file $empty;", '"password_file" "\\S+" is empty'],
         ["password_file $large;", 'the password in "\\S+" is too long'],
         ["password_file " . $t->dir . ";", 'of "password_file" failed'],
         ['username x;', '"username" without a password'])
    {
        my ($passed, $said) = test_conf(conf(block => "server $url; $_->[0]"));
        ok !$passed && $said =~ /$_->[1].*nginx\.conf:\d+/s, $_->[1]
            or diag $said;
        unlike $said, qr/secret|xxxxx/, 'the password is not shown';
    }
}


# the others

# under the sanitizers nginx -t takes its time
for my $part ($t->sanitized ? 'location' : ('http', 'server', 'location')) {
    wrong($part, $_->[0], $_->[1], "$part: $_->[0]") for (
        map({ ["office_config_page_size $_;",
               qr/invalid value "[^"]*" in "office_config_page_size"/] }
            0, 1001, -1, 'abc', '1k', '10x', '""', '99999999999999999999',
            '1.5', '$x'),
        ['office_config_page_size 5; office_config_page_size 5;',
            qr/is duplicate/],
        map({ ["office_config_page_size 5 $_;",
               qr/invalid parameter "[^"]*" in "office_config_page_size"/] }
            'max=4', 'max=1001', 'max=', 'max', 'max=x', 'x=6', 'max=-6'),
        map({ ["office_config_scan_limit $_;",
               qr/must be between 1 and 1000000000|invalid number/] }
            0, 1000000001, -1, 'abc', '1k', '""', '$x'),
        map({ ["office_config_inline_checkins $_;",
               qr/must be between 1 and 500|invalid number/] }
            0, 501, -1, 'abc', '1k', '""', '$x'),
        map({ ["office_config_checkin_retention $_;",
               qr/invalid value|must be between 1 second and 10 years/] }
            0, '0s', '-1', '11y', 'abc', '""', '$x'),
        map({ ["office_config_checkin_ahead $_;",
               qr/invalid value|must be between 1 second and 10 years/] }
            0, '11y', 'abc'),
        map({ ["office_config_batch_limit $_;",
               qr/must be between 1 and 100|invalid number/] }
            0, 101, -1, 'abc', '1k', '""', '$x'),
        map({ ["office_config_$_ 5; office_config_$_ 5;", qr/is duplicate/] }
            qw(inline_checkins checkin_retention checkin_ahead batch_limit
               scan_limit)),
        map({ ["office_config_key_prefix $_;",
               qr/invalid value "[^"]*" in "office_config_key_prefix"/] }
            '"{"', '"a}"', '"{a}:"'),
        ['office_config_key_prefix a; office_config_key_prefix a;',
            qr/is duplicate/],
        map({ ["office_config_base_url $_;",
               qr/invalid value "[^"]*" in "office_config_base_url"/] }
            'graph.example.com', '/beta', '//graph.example.com', 'ftp://x',
            'httpx://x', 'http:/x', 'http:', 'h', 'http', 'https:/', '""',
            'http://', 'https://', '"javascript:x"', 'xhttp://x'),
        ['office_config_base_url http://x; office_config_base_url http://y;',
            qr/is duplicate/],
        ['office_config_tenant a; office_config_tenant b;', qr/is duplicate/],
        map({ ["office_config_$_;", qr/invalid number of arguments/],
              ["office_config_$_ a b;", qr/invalid number of arguments/] }
            qw(key_prefix base_url tenant inline_checkins checkin_retention
               checkin_ahead batch_limit scan_limit)),
        map({ ["office_config_page_size$_;", qr/invalid number of arguments/] }
            '', ' 1 max=2 3'),
        ['office_config_nothing x;', qr/unknown directive/],
        ['office_config_status;', qr/unknown directive/],
    );

    $t->conf_fails(conf($part => "office_config_$_ \$nothing;"),
                   qr/unknown "nothing" variable/, "$part: $_ \$nothing")
        for 'tenant', 'base_url';

    $t->conf_passes(conf($part => $_), "$part: $_") for
        'office_config_page_size 1;', 'office_config_page_size 1000;',
        'office_config_page_size 5 max=5;', 'office_config_page_size 1 max=1000;',
        'office_config_scan_limit 1;', 'office_config_scan_limit 1000000000;',
        'office_config_inline_checkins 1;', 'office_config_inline_checkins 500;',
        'office_config_batch_limit 1;', 'office_config_batch_limit 100;',
        'office_config_checkin_retention 1s;',
        'office_config_checkin_retention 10y;',
        'office_config_checkin_ahead 1h30m;',
        'office_config_key_prefix "";', 'office_config_key_prefix x/y:;',
        'office_config_base_url http://x;', 'office_config_base_url HTTPS://x/y;',
        'office_config_base_url $scheme://$host/y;',
        'office_config_tenant $http_x;', 'office_config_tenant a;';
}


# the file is the one that has it

{
    my $file = $t->file('included.conf', "\n\noffice_config_page_size 0;\n");
    $t->conf_fails(conf(location => "include $file;"),
        qr/"office_config_page_size".* in \Q$file\E:3$/m, 'in an included file');
    $file = $t->file('pass.conf', "\n\n\nlocation /x {\n\noffice_config_pass "
                     . "main; }\n");
    $t->conf_fails(conf(server => "include $file;"),
        qr/"office_config_auth".* in \Q$file\E:6$/m, 'without authentication');
    $file = $t->file('redis.conf', "\noffice_config_redis x {\n\n  server "
                     . "redis://no.such.host.invalid; }\n");
    $t->conf_fails(conf(http => "include $file;"),
        qr/host not found.* in \Q$file\E:4$/m, 'a host');
}


# what is inherited, at work

{
    $nginx->configure(<<"END");
    office_config_redis main { server $url; }
    office_config_auth off;
    office_config_page_size 1;
    office_config_key_prefix h:;
    office_config_tenant red;
    office_config_base_url http://h;

    server {
        listen 127.0.0.1:$port;
        office_config_page_size 2;
        location /h { office_config_pass main; }
        location /u1 { office_config_pass $url; }
        location /u2 { office_config_pass $url; }
        location /u3 { office_config_pass $url; }
        location /l {
            office_config_pass main;
            office_config_page_size 3;
            office_config_key_prefix l:;
            office_config_tenant blue;
            office_config_base_url http://l;

            location /l/m {
                office_config_pass main;
                office_config_tenant green;
            }
        }
    }
END
    $nginx->start;
    my $api = '/officeConfiguration/clientConfigurations';
    my %want = ('/h' => ['http://h', 2, 'h:{red}:cfg'],
                '/l' => ['http://l', 3, 'l:{blue}:cfg'],
                '/l/m' => ['http://l', 3, 'l:{green}:cfg']);

    for my $at (sort keys %want) {
        my ($base, $size, $key) = @{$want{$at}};
        $t->post("$at$api", json => { id => $_ }) for 'a' .. 'e';
        my $r = $t->get("$at$api");
        answer_is $r, 200, "$at: the list";
        is scalar @{json_item($r, 'value') // []}, $size, 'its page';
        like json_item($r, '@odata.nextLink'), qr/^\Q$base$api?/, 'its URL';
        is $redis->cmd('HLEN', $key), 5, 'its key';
    }

    # two locations that share a URL share its connection
    for my $n (1 .. 3) {
        answer_is $t->get("/u$n$api"), 200, "location $n of a URL";
    }
    is $redis->clients, 2, 'a URL is one more connection than the block';

    # a reload takes new values, and a wrong one changes nothing
    my $text = slurp($file);
    $nginx->write_conf($text =~ s/page_size 3/page_size 4/r);
    ok $nginx->reload(old_gone => 1), 'reload';
    is scalar @{json_item($t->get("/l$api"), 'value') // []}, 4, 'a new page';
    $nginx->write_conf($text =~ s/page_size 3/page_size 0/r);
    ok !$nginx->reload(timeout => 5), 'a reload that fails';
    is scalar @{json_item($t->get("/l$api"), 'value') // []}, 4,
       'leaves all as it was';
    $t->allow_log(qr/\[emerg\].*"office_config_page_size"/);
}

$t->done;
