# The media type and the content encoding of a request's body.

use OfficeConfig::Test;

use Compress::Raw::Zlib ();
use IO::Compress::Deflate ();
use IO::Compress::Gzip ();
use IO::Compress::RawDeflate ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $base = $t->api_conf(redis => $redis,
                        server => 'keepalive_requests 100000;');

# the same API with other ways to read a body
$base =~ s{(?=\n\s+location /beta)}{
        location /small/beta { office_config_pass main;
            office_config_auth off; client_body_buffer_size 1k; }
        location /file/beta { office_config_pass main;
            office_config_auth off; client_body_in_file_only clean; }
        location /tight/beta { office_config_pass main;
            office_config_auth off; client_max_body_size 2000; }
        location /free/beta { office_config_pass main;
            office_config_auth off; client_max_body_size 0; }
};
my $nginx = $t->nginx(http => $base);
my $ask = client($t);

sub gz {
    my ($bytes, @opt) = @_;
    @opt = (-Minimal => 1) unless @opt;
    IO::Compress::Gzip::gzip(\$bytes => \my $gz, @opt) or die;
    return $gz;
}

sub post {
    my ($body, %opt) = @_;
    my $url = ($opt{at} // '') . API;
    my @headers;
    push @headers, 'Content-Encoding' => $opt{encoding}
        if defined $opt{encoding};
    push @headers, 'Content-Type' => $opt{type} // 'application/json'
        unless exists $opt{type} && !defined $opt{type};
    return $ask->('POST', $url, headers => \@headers, body => $body,
                  chunked => $opt{chunked});
}

sub count { $redis->cmd('HLEN', 'oc:{default}:cfg') }


# media types

answer_is post(seed_bytes, type => $_), 201, "type $_" for
    'application/json', 'APPLICATION/JSON', 'Application/Json',
    'application/json;charset=utf-8', 'application/json; charset=UTF-8',
    'application/json ; charset="utf-8"', "application/json\t;a=b",
    'application/json;', 'application/json; ;', 'application/json;odata.'
    . 'metadata=minimal;odata.streaming=true;IEEE754Compatible=false',
    'application/json;odata=verbose', 'application/json;profile="a;b,c"';

my $before = count();

for my $type (undef, '', 'text/json', 'application/xml', 'text/plain', 'json',
    'application', 'application/', 'application/jso', 'application/jsonx',
    'application/json/x', 'application/json5', 'application/vnd.api+json',
    'application/problem+json', 'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x', 'application/octet-stream', '*/*',
    'application/*', 'application/json,text/plain', 'x-application/json',
    'application/ json', '"application/json"', 'text/html;application/json',
    '; application/json')
{
    for my $url (API, API . '/$ref') {
        my $r = $ask->('POST', $url, body => seed_bytes, headers => [
            defined $type ? ('Content-Type' => $type) : ()]);
        error_is $r, 415, undef, 'type ' . ($type // 'missing');
    }
}

is count(), $before, 'nothing was created';
answer_is post(seed_bytes), 201, 'and the connection is still of use';


# encodings

my $seed = seed_bytes;
my $gz = gz($seed);

for (['gzip', $gz], ['GZIP', $gz], ['x-gzip', $gz], ['X-GZip', $gz],
     ['identity', $seed], ['Identity', $seed], ['', $seed],
     [' gzip ', $gz])
{
    my $r = post($_->[1], encoding => $_->[0]);
    answer_is $r, 201, "encoding '$_->[0]'";
    my %body = %{$r->json // {}};
    delete @body{qw(@odata.context @odata.etag id lastModifiedDateTime)};
    json_is \%body, seed, 'every value unchanged';
}

answer_is $t->post(API . '/$ref', body => $gz, type => 'application/json',
    headers => ['Content-Encoding' => 'gzip']), 201, 'through $ref';

for my $encoding ('deflate', 'br', 'zstd', 'compress', 'x-compress', '*',
    'gzip, gzip', 'gzip,deflate', 'identity, gzip', 'gzip;q=1', 'gzipped',
    'gzi', 'xgzip', 'none', 'utf-8', 'aws-chunked')
{
    for my $body ($gz, 'x' x 100_000, '') {
        error_is post($body, encoding => $encoding), 415, undef,
                 "encoding '$encoding', " . length($body) . ' bytes';
    }
}

answer_is post(seed_bytes), 201, 'and the connection is still of use';
error_is post($seed, encoding => 'gzip'), 400, '', 'JSON that is called gzip';
error_is post($gz), 400, '', 'gzip that is called JSON';
error_is post($gz, encoding => 'identity'), 400, '', 'or identity';


# one body in many ways

my $large = '{"policyPayload":"'
    . join('', map { chr 35 + int rand 56 } 1 .. 200_000) . '"}';
my $large_gz = gz($large);
cmp_ok length $large_gz, '>', 3_000, 'a body that fills buffers';

for my $at ('', '/small', '/file', '/free') {
    for my $chunked (undef, 1_000, 65_536) {
        for (['plain', $large], ['gzip', $large_gz, encoding => 'gzip']) {
            my ($name, $body, @opt) = @$_;
            my $r = post($body, at => $at, chunked => $chunked, @opt);
            answer_is $r, 201, "$at: $name, chunked "
                               . ($chunked // 'not at all');
            is $r->json->{policyPayload}, substr($large, 18, -2), 'intact';
        }
    }
}

answer_is post($gz, at => '/small', chunked => 1, encoding => 'gzip'), 201,
          'gzip in chunks of one byte';


# members, and what gzip may carry

for my $at (0, 1, 100, length($seed) - 1, length $seed) {
    answer_is post(gz(substr $seed, 0, $at) . gz(substr $seed, $at),
                   encoding => 'gzip'), 201, "two members, parted at $at";
}

answer_is post(join('', map { gz($_) } split //, $seed), at => $_,
               encoding => 'gzip'), 201, "a member for each byte, $_"
    for '', '/small', '/file';

for ([-Name => 'policy.json'], [-Comment => 'c' x 1_000],
     [-Time => 1_000_000_000, -Name => "caf\xe9"],
     [-ExtraField => [xy => 'z' x 300]], [-TextFlag => 1], [-Level => 0],
     [-Level => 9], [-Strategy => 3],
     [-Name => 'n', -Comment => 'c', -ExtraField => [ab => 'cd']])
{
    answer_is post(gz($seed, @$_), encoding => 'gzip'), 201,
              "gzip with @{[map { printable($_) } @$_[0, 1]]}";
}

my $head = "\x1f\x8b\x08\x02" . substr $gz, 4, 6;
my $crc = sub { pack 'v', Compress::Raw::Zlib::crc32($head) ^ $_[0] & 0xffff };
answer_is post($head . $crc->(0) . substr($gz, 10), encoding => 'gzip'), 201,
          'gzip with a check sum of its header';


# what is not gzip

$before = count();
my $damaged = $gz;
substr($damaged, -8, 1) ^= "\x01";
my $size = $gz;
substr($size, -4, 1) ^= "\x01";
my $member = gz('');

IO::Compress::Deflate::deflate(\$seed => \my $zlib);
IO::Compress::RawDeflate::rawdeflate(\$seed => \my $raw);

for (['nothing', ''], ['a byte', "\x1f"], ['garbage', 'x' x 500],
     ['NULs', "\0" x 500], ['zlib', $zlib], ['raw deflate', $raw],
     ['a wrong check sum', $damaged], ['a wrong length', $size],
     ['a wrong method', $gz =~ s/^(..)./$1\x07/sr],
     ['reserved flags', $gz =~ s/^(...)./$1\xe0/sr],
     ['trailing garbage', $gz . 'x'], ['trailing NULs', $gz . "\0" x 8],
     ['a trailing newline', "$gz\n"], ['a second header', $gz . "\x1f\x8b"],
     ['a second member cut off', $gz . substr $gz, 0, 100],
     ['a second member damaged', gz(' ') . $damaged],
     ['a wrong check sum of the header', $head . $crc->(1) . substr $gz, 10],
     ['empty members', $member x 3], ['an empty member', $member],
     ['white space', gz('   ')], ['not JSON', gz('{"a"')],
     ['two documents', gz($seed) . gz($seed)],
     ['gzip in gzip', gz($gz)])
{
    for my $at ('', '/small', '/file') {
        error_is post($_->[1], at => $at, encoding => 'gzip'), 400, '',
                 "$at: $_->[0]";
    }
}

my %status;
$status{post(substr($gz, 0, $_), encoding => 'gzip')->status}++
    for 0 .. length($gz) - 1;
is_deeply \%status, { 400 => length $gz }, 'cut off at every byte: 400';
is count(), $before, 'nothing was created';

# some bits mean nothing: of the time, the system, and behind the last block
%status = (400 => 0, 201 => 0);
for my $at (0 .. length($gz) - 1) {
    my $bad = $gz;
    substr($bad, $at, 1) ^= chr 1 << $at % 8;
    my $r = post($bad, encoding => 'gzip');
    $status{$r->status}++;
    is json_item($r, 'description'), seed->{description},
       "bit turned in byte $at means nothing" if $r->status == 201;
}
is_deeply [sort keys %status], [201, 400], 'with a bit turned in every byte';
cmp_ok $status{201}, '<', 10, 'the check sum catches what means anything';

%status = ();
for my $at (map { $_ * 7 } 1 .. length($gz) / 7 - 1) {
    $status{post(substr($gz, 0, $at) . substr($gz, $at), encoding => 'gzip',
                 chunked => $at, at => '/small')->status}++;
}
is_deeply [keys %status], [201], 'in two chunks, parted anywhere: 201';


# the bound of what it inflates to: client_max_body_size

my $to = sub { my ($n) = @_; '{"@x":"' . 'x' x ($n - 9) . '"}' };

for (['/tight', 2_000], ['', 1_048_576]) {
    my ($at, $limit) = @$_;
    for my $pad (' ', 'json') {
        my $body = sub { $pad eq ' ' ? '{}' . ' ' x ($_[0] - 2)
                                     : $to->($_[0]) };
        is length $body->(50), 50, 'a body of any length';
        answer_is post(gz($body->($limit)), at => $at, encoding => 'gzip'),
                  201, "$at: inflates to $limit bytes";
        error_is post(gz($body->($limit + $_)), at => $at,
                      encoding => 'gzip'), 413, '', "$_ more"
            for 1, 2, 100, $limit, 10 * $limit;
        error_is post(gz($body->($limit)) . gz(' '), at => $at,
                      encoding => 'gzip'), 413, '',
                 'one more in a second member';
    }
}

{
    my $bomb = gz('{"@x":"' . 'x' x 60_000_000 . '"}', -Level => 9);
    cmp_ok length $bomb, '<', 100_000, 'a bomb of 60 MB';
    my $rss = $nginx->rss;

    for my $at ('', '/small', '/file') {
        my $r = post($bomb, at => $at, encoding => 'gzip');
        error_is $r, 413, '', "$at: is not let off";
        cmp_ok $r->elapsed, '<', $t->seconds(2), 'and takes no time';
    }

    my $chain = gz(' ' x 100_000) x 200;
    error_is post($chain, encoding => 'gzip'), 413, '', 'nor is a chain';
    cmp_ok $nginx->rss, '<', $rss + 16_000, 'and no memory'
        unless $t->sanitized;

    error_is post(gz($bomb), encoding => 'gzip'), 400, '', 'nor one in gzip';
}

{
    my $r = post(gz($to->(3_000_000)), at => '/free', encoding => 'gzip');
    answer_is $r, 201, 'without a bound there is none';
}


# the compressed size is bounded as well, by nginx

my $noise = join '', map { chr int rand 256 } 1 .. 3_000;
error_is post(gz("{}$noise"), at => '/tight', encoding => 'gzip'), 413, '',
         'too large before it is inflated';

answer_is post(seed_bytes), 201, 'all is well';

$t->allow_log(qr/a client request body is buffered to a temporary file/,
              qr/client intended to send too large body/);
$t->done;
