# What nginx -t makes of the directives about tokens.

use OfficeConfig::Test;

use OfficeConfig::Tokens qw(ISSUER AUDIENCE);

my $t = OfficeConfig::Test->new;
my $keys = OfficeConfig::Tokens->new->add('one', kty => 'EC');
my $file = $t->file('keys.json', $keys->jwks);
my $nginx = $t->nginx(start => 0);
my $conf = $nginx->dir . '/nginx.conf';
my $port = $nginx->port;

# conf(%parts): an http block that passes, but for the parts
#   http, server, location   more lines
#   auth, keys, issuer, audience   other lines than the usual, in the location

sub conf {
    my %part = (http => '', server => '', location => '',
                auth => 'office_config_auth jwt;',
                keys => "office_config_jwt_key_file $file;",
                issuer => 'office_config_jwt_issuer https://i.example.com/;',
                audience => 'office_config_jwt_audience a;', @_);

    return <<"END";
    $part{http}
    server {
        listen 127.0.0.1:$port;
        $part{server}
        location /beta {
            office_config_pass redis://127.0.0.1;
            $part{auth}
            $part{keys}
            $part{issuer}
            $part{audience}
            $part{location}
        }
    }
END
}

# wrong($part, $text, $re, $name): with the text in that part nginx -t fails,
# says what the expression is, and names the directive and the line of the text

sub wrong {
    my ($part, $text, $re, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $nginx->configure(conf($part => $text));
    my ($passed, $said) = $nginx->test_conf;
    my ($directive) = $text =~ /(office_config_\w+)[^;]*;$/;
    my ($line) = $said =~ / in \Q$conf\E:(\d+)$/m;
    my @faults;

    open my $fh, '<', $conf or die "$conf: $!\n";
    my @lines = <$fh>;

    push @faults, 'nginx -t passes' if $passed;
    push @faults, "it does not match $re" if $said !~ $re;
    push @faults, "it does not name \"$directive\"" if $said !~ /"$directive"/;
    push @faults, 'it is no [emerg]' if $said !~ /\[emerg\]/;
    push @faults, 'it has no line' if !$line;
    push @faults, "line $line is another"
        if $line && $lines[$line - 1] !~ /\Q$text\E/;

    return ok(!@faults, $name // "$text: $re")
        || diag join "\n", @faults, $said;
}


$t->conf_passes(conf(), 'the least');

# each of the three must be there, wherever

for my $part ('keys', 'issuer', 'audience') {
    my %text = (keys => "office_config_jwt_key_file $file;",
                issuer => 'office_config_jwt_issuer i;',
                audience => 'office_config_jwt_audience a b;');
    my $name = $part eq 'keys' ? 'key_file"\ or' : $part;
    $t->conf_fails(conf($part => ''), qr/"office_config_auth\ jwt"\ needs
        \ "office_config_jwt_$name.*\ in\ \S*nginx\.conf:\d+$/mx,
        "$part: needed");
    $t->conf_passes(conf($part => '', server => $text{$part}),
                    "$part of the server");
    $t->conf_passes(conf($part => '', http => $text{$part}),
                    "$part of the http block");
    $t->conf_passes(conf(auth => 'office_config_auth off;', $part => ''),
                    "$part: not where it is off");
}

$t->conf_passes(conf(auth => '', http => 'office_config_auth jwt;'),
                'jwt of the http block');
$t->conf_fails(conf(auth => '', keys => '', http => 'office_config_auth jwt;'),
               qr/"office_config_auth jwt" needs/, 'as strict');
$t->conf_passes(conf(location => 'location /beta/x {
                     office_config_pass redis://127.0.0.1; }'),
                'a location within inherits all');
$t->conf_passes(conf(location => 'if ($arg_x) {
                     office_config_pass redis://127.0.0.1; }'), 'and an if');


# the sources of keys

wrong('keys', 'office_config_jwt_key_file "";', qr/is empty/);
wrong('keys', 'office_config_jwt_key_request "";', qr/is empty/);
wrong('keys', "office_config_jwt_key_file $_;", qr/cannot read the file/)
    for '/nonexistent/keys.json', $t->dir;
wrong('location', "office_config_jwt_key_file $file;", qr/is duplicate/);
wrong('location', 'office_config_jwt_key_request /x;', qr/exclude each other/);
wrong('keys', 'office_config_jwt_key_request /x; '
      . 'office_config_jwt_key_request /x;', qr/is duplicate/);
wrong('keys', "office_config_jwt_key_request $_;", qr/invalid URI/)
    for 'keys', 'https://a/b', '/$x', '/$', '@keys';
wrong('keys', 'office_config_jwt_key_file;', qr/invalid number of arguments/);
wrong('keys', 'office_config_jwt_key_request /x /y;',
      qr/invalid number of arguments/);
$t->conf_passes(conf(keys => "office_config_jwt_key_request $_;"), "URI $_")
    for '/x', '/', '/x?y=z';

{
    my $secret = OfficeConfig::Tokens->new->add('s', kty => 'oct');
    my $small = OfficeConfig::Tokens->new->add('s', bits => 1024);
    my $enc = OfficeConfig::Tokens->new->add('e', more => { use => 'enc' });
    my %broken = (
        'not JSON' => 'x', 'empty' => '', 'half' => substr($keys->jwks, 0, 50),
        'no keys' => '{}', 'none' => '{"keys":[]}', 'a list' => '[]',
        'too long' => ' ' x 300_000, 'a secret' => $secret->jwks,
        'a small key' => $small->jwks, 'for encryption' => $enc->jwks,
    );

    for my $name (sort keys %broken) {
        my $path = $t->file('broken.json', $broken{$name});
        wrong('keys', "office_config_jwt_key_file $path;",
              qr/cannot read the file|is no set of keys/, "a file: $name");
    }

    my $path = $t->file('secret.json', $secret->jwks);
    $t->conf_passes(conf(keys => "office_config_jwt_key_file $path;",
        location => 'office_config_jwt_symmetric on;'), 'a secret, allowed');
    wrong('keys', "office_config_jwt_symmetric off; "
          . "office_config_jwt_key_file $path;", qr/is no set of keys/);
    $nginx->configure(conf(keys => "office_config_jwt_key_file $path;"));
    my ($passed, $said) = $nginx->test_conf;
    my ($k) = $secret->jwks =~ /"k":"([^"]+)"/;
    unlike $said, qr/\Q$k\E/, 'a secret is not shown';

    # beside one that is of use, which others are not is said
    $path = $t->file('mixed.json', '{"keys":[' . join(',', map {
        $_->jwks =~ /\[(.*)\]/ } $small, $keys) . ']}');
    $t->conf_passes(conf(keys => "office_config_jwt_key_file $path;"),
        'a file with a good key and a bad one, and a warning',
        qr/\[warn\].*key 1 "s" of "\Q$path\E" is not used: /);

    # of the directory of nginx.conf
    wrong('keys', 'office_config_jwt_key_file none.json;',
          qr/the file "\S+nginx\S*\/none\.json"/, 'a relative path');
}


# lists

for my $name ('issuer', 'audience') {
    my $directive = "office_config_jwt_$name";
    wrong($name, "$directive;", qr/invalid number of arguments/);
    wrong($name, "$directive \"\";", qr/has an empty value/);
    wrong($name, "$directive a \"\";", qr/has an empty value/);
    $t->conf_passes(conf($name => "$directive a b; $directive c;"),
                    "$directive, twice");
}
$t->conf_passes(conf(issuer => "office_config_jwt_issuer '@{[ISSUER]}';"),
                'a placeholder');

for my $name ('read', 'write', 'checkin') {
    my $directive = "office_config_scope_$name";
    wrong('location', "$directive;", qr/invalid number of arguments/);
    wrong('location', "$directive $_;", qr/invalid scope/)
        for '""', '"a b"', "'a\"'", '"a\\\\b"', "a\x{7f}", "\xc3\xa9";
    wrong('location', "$directive a; $directive b;", qr/is duplicate/);
    $t->conf_passes(conf(location => "$directive a b.c/d:e api://x/y;"),
                    $directive);
}


# the others

wrong('location', "office_config_jwt_leeway $_;", qr/invalid value|must be/)
    for '-1', 'x', '61m', '1d';
$t->conf_passes(conf(location => "office_config_jwt_leeway $_;"), "leeway $_")
    for '0', '0s', '5m', '1h';
wrong('location', 'office_config_jwt_symmetric yes;', qr/invalid value/);
wrong('location', "office_config_jwt_realm $_;", qr/invalid value/)
    for "'a\"b'", '"a\\\\b"', "\xc3\xa9";
wrong('location', 'office_config_jwt_realm a; office_config_jwt_realm b;',
      qr/is duplicate/);
wrong('location', "office_config_jwt_authorization_uri $_;", qr/invalid value/)
    for '/x', 'ftp://a/', '""', '"https://a/ b"', "'https://a/\"'";
wrong('location', 'office_config_jwt_authorization_uri https://a/; '
      . 'office_config_jwt_authorization_uri https://a/;', qr/is duplicate/);

wrong('location', "office_config_jwt_key_refresh $_;", qr/invalid parameter/)
    for '0', 'x', '25h', '-1s', '1h 5s', '1h min=0', '1h min=x', '1h timeout=',
        '1h timeout=2d', '1h waiting=0', '1h waiting=x', '1h waiting=65537',
        '1h foo=1';
wrong('location', 'office_config_jwt_key_refresh;',
      qr/invalid number of arguments/);
wrong('location', 'office_config_jwt_key_refresh 1h; '
      . 'office_config_jwt_key_refresh 1h;', qr/is duplicate/);
$t->conf_passes(conf(location => "office_config_jwt_key_refresh $_;"),
                "key_refresh $_")
    for '1h', '24h', '100ms min=1ms', '1m min=2s timeout=3s waiting=4';

wrong('http', "office_config_jwt_cache $_;", qr/invalid value/)
    for '0', '1', '16383', '1025m', 'on', '-1', '1x';
wrong('http', 'office_config_jwt_cache 1m; office_config_jwt_cache 1m;',
      qr/is duplicate/);
wrong('server', 'office_config_jwt_cache 1m;', qr/is not allowed here/);
$t->conf_passes(conf(http => "office_config_jwt_cache $_;"), "cache $_")
    for 'off', '16k', '1024m';

$t->done;
