# The API over HTTP/2, in clear text.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;
use OfficeConfig::Net qw(open_socket);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $h2 = $t->port;
my $nginx = $t->serve(redis => $redis,
    location => 'office_config_page_size 2;',
    server => "listen 127.0.0.1:$h2 http2; client_max_body_size 300k;"
            . ' http2_max_concurrent_streams 1000; keepalive_requests 100000;');
my $url = "http://127.0.0.1:$h2";
my $api = 'officeConfiguration/clientConfigurations';
my $json = 'content-type: application/json';


# nghttp($method, $path, %opt): one request, or several ("times") over one
# connection; for each [status, { header => value }, body]
#   body    bytes; with => [arguments of nghttp]; headers => ["name: value"]

sub nghttp {
    my ($method, $path, %opt) = @_;
    my @argv = ('nghttp', '-v', '--no-dep', '-t', 110, '-H', ":method: $method",
                map({ ('-H', $_) } @{$opt{headers} // []}),
                @{$opt{with} // []});
    push @argv, '-d', $t->file('body', $opt{body}) if defined $opt{body};
    push @argv, '-m', $opt{times} if $opt{times};

    my (undef, $text) = $t->command(@argv, map { "$url$_" } ref $path ? @$path
                                                                     : $path);
    my %stream;

    # header lines, then the bytes of the body between frames
    while ($text =~ /^\[[ \d.]+\]\ recv\ \(stream_id=(\d+)\)\ ([^\n:]*:?
                     [^\n:]+):\ ([^\n]*)\n/mgx)
    {
        my ($id, $name, $value) = ($1, $2, $3);
        push @{$stream{$id}{headers}{$name}}, $value;
    }

    my @got;

    for my $id (sort { $a <=> $b } keys %stream) {
        my %h = map { $_ => $stream{$id}{headers}{$_}[0] }
                keys %{$stream{$id}{headers}};
        push @got, [delete $h{':status'}, \%h];
    }

    if (@got == 1) {
        my $body = $text;
        $body =~ s/\e\[[\d;]*m//g;
        $body =~ s/^\[[ \d.]+\] (?:recv|send) .*\n(?: {10}.*\n)*//mg;
        $body =~ s/^\[[ \d.]+\] Connected\n//mg;
        $body =~ s/\[[ \d.]+\] (?:recv|send) [A-Z_]+ frame.*\n(?: {10}.*\n)*//g;
        push @{$got[0]}, $body;
    }

    return @got;
}

# response_of(@$one): as the test points want it

sub response_of {
    my ($status, $headers, $body) = @{$_[0] // [0, {}, '']};
    my %name = map { lc $_ => $_ } qw(OData-Version Cache-Control Date
                                      Content-Type);
    return OfficeConfig::Response->new(status => $status, raw_head => '',
        headers => [map { [$_, $headers->{$_}] } sort keys %$headers],
        body => $body // '', rest => '');
}

sub ask { response_of(nghttp(@_)) }


# what HTTP/1.1 does

my $r = ask('POST', API, body => seed_bytes, headers => [$json]);
answer_is $r, 201, 'created';
my %body = %{$r->json // {}};
delete @body{qw(@odata.context @odata.etag id lastModifiedDateTime)};
json_is \%body, seed, 'every value unchanged';
my $id = json_item($r, 'id');
my $item = API . "/$id";
is $r->header('location'), "$url$item", 'Location, with the authority';

answer_is ask('POST', $_, body => seed_bytes, headers => [$json],
              with => ['--no-content-length']), 201, "without a length: $_"
    for API, API . '/$ref';
answer_is ask('POST', API . '/$ref', headers => [$json],
              body => qq({"\@odata.id":"$api/$id"})), 204, 'a reference';

$r = ask('GET', $item);
answer_is $r, 200, 'GET';
is $r->body, $t->get($item, headers => [Host => "127.0.0.1:$h2"])->body,
   'the body, as over HTTP/1.1';
answer_is ask('HEAD', $item), 200, 'HEAD', method => 'HEAD';
is ask('HEAD', $item)->body, '', 'without a body';
is ask('HEAD', $item)->header('content-length'), length $r->body, 'its length';
answer_is ask('GET', $item, headers => ['if-none-match: *']), 304, 'status 304';
answer_is ask('OPTIONS', API), 204, 'OPTIONS';
is ask('OPTIONS', API)->header('allow'), 'GET, HEAD, POST, OPTIONS', 'Allow';
is +(json_item(ask('GET', API), '@odata.nextLink') // '') =~ s/\?.*//r,
   "$url" . API, 'a next link';
is json_item(ask('GET', API, with => ['-H', ':authority: graph.example:81']),
             '@odata.context') =~ s/#.*//r,
   'http://graph.example:81/beta/$metadata', 'another authority';

error_is ask('GET', API . '/none'), 404, undef, 'status 404';
error_is ask('PUT', API, body => 'x', headers => [$json]), 405, undef, 'status 405';
error_is ask('PUT', $item, body => 'x', headers => [$json]), 400, undef, 'status 400';
error_is ask('GET', API, headers => ['accept: text/html']), 406, undef, 'status 406';
error_is ask('POST', API, body => qq({"id":"$id"}), headers => [$json]), 409,
         'id', 'status 409';
error_is ask('DELETE', $item, headers => ['if-match: "x"']), 412, undef, 'status 412';
error_is ask('POST', API, body => '{}'), 415, undef, 'status 415';
error_is ask('GET', "$item?\$filter=x"), 501, undef, 'status 501';

for my $with ([], ['--no-content-length']) {
    my $name = @$with ? 'without a length' : 'with a length';
    error_is ask('POST', API, body => ' ' x 400_000, headers => [$json],
                 with => $with), 413, undef, "413, $name";
    error_is ask('POST', API, body => 'x' x 200_000, headers => [$json],
                 with => $with), 400, undef, "400, $name";
    error_is ask('POST', API, body => 'x' x 200_000, with => $with), 415,
             undef, "a body that is not wanted, $name";
    error_is ask('POST', API, body => '', headers => [$json], with => $with),
             400, undef, "an empty body, $name";
    my $payload = join '', map { chr 97 + rand 26 } 1 .. 250_000;
    my $r = ask('POST', API, body => qq({"policyPayload":"$payload"}),
                headers => [$json], with => $with);
    is $r->status, 201, "a large body, $name";
    ok json_item($t->get(path_of($r->header('location') // '/')),
                 'policyPayload') eq $payload, 'is stored';
    $t->del(path_of($r->header('location') // '/'));
}

error_is ask('POST', API, headers => [$json]), 400, undef, 'no body at all';
error_is ask('GET', API . '/none', body => 'x' x 1_000), 404, undef,
         'GET with a body';


# a hundred streams at once

my $before = $redis->cmd('HLEN', 'oc:{default}:cfg');
my @got = nghttp('POST', API, body => seed_bytes, headers => [$json],
                 times => 100);
is_deeply [map { $_->[0] } @got], [(201) x 100], 'a hundred creates';
my %ids = map { ($_->[1]{location} // '') => 1 } @got;
is scalar keys %ids, 100, 'each its own';
is $redis->cmd('HLEN', 'oc:{default}:cfg'), $before + 100, 'all stored';

@got = nghttp('POST', API, body => seed_bytes, headers => [$json],
              times => 100, with => ['--no-content-length']);
is_deeply [map { $_->[0] } @got], [(201) x 100], 'without a length';

@got = nghttp('GET', $item, times => 100);
is_deeply [map { $_->[0] } @got], [(200) x 100], 'a hundred reads';

@got = nghttp('DELETE', [map { path_of($_) } keys %ids]);
is_deeply [map { $_->[0] } @got], [(204) x 100], 'a hundred deletes';

@got = nghttp('GET', [map { (API . "/none$_", "$item?x=$_", BASE . "?\$filter=$_",
                               API . "?\$top=$_") }
                      1 .. 25]);
is_deeply [sort map { $_->[0] } @got], [((200) x 50, (404) x 25, (501) x 25)],
          'a hundred of this and that';


# frames of our own: streams that are reset, and connections that go away,
# while Redis has not answered

# frame($type, $flags, $stream, $bytes); fields(@pairs): without compression

sub frame {
    my ($type, $flags, $stream, $bytes) = @_;
    return substr(pack('N', length $bytes), 1) . pack('CCN', $type, $flags,
                                                      $stream) . $bytes;
}

sub fields {
    my $text = '';
    while (my ($name, $value) = splice @_, 0, 2) {
        $text .= "\x10" . join '', map { chr(length) . $_ } $name, $value;
    }
    return $text;
}

use constant { DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4 };

sub open_h2 {
    my $s = open_socket($h2) // die "connect: $!\n";
    syswrite $s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(SETTINGS, 0, 0, '');
    return $s;
}

# request($stream, $method, $path, $body): HEADERS, and DATA if there is a body

sub request {
    my ($stream, $method, $path, $body) = @_;
    my @fields = (':method' => $method, ':scheme' => 'http', ':path' => $path,
                  ':authority' => 'localhost',
                  'content-type' => 'application/json');
    my $end = defined $body ? 0 : 1;
    return frame(HEADERS, 4 | $end, $stream, fields(@fields))
         . (defined $body ? frame(DATA, 1, $stream, $body) : '');
}

# await_headers($socket, $stream): whether a response begins on the stream

sub await_headers {
    my ($s, $wanted) = @_;
    my $bytes = '';

    while (1) {
        while (length $bytes >= 9) {
            my ($high, $low, $type, undef, $stream) = unpack 'CnCCN', $bytes;
            my $length = 9 + $high * 65536 + $low;
            last if length $bytes < $length;
            return 1 if $type == HEADERS && $stream == $wanted;
            substr $bytes, 0, $length, '';
        }

        vec(my $rin = '', fileno $s, 1) = 1;
        return 0 if select($rin, undef, undef, 60) <= 0
                    || !sysread $s, $bytes, 65536, length $bytes;
    }
}

# pending: commands that Redis has got and not answered are on the way once
# the server has logged the requests; answers(): GETs of other clients

sub answers {
    return answer_is $t->get($item), 200, $_[0];
}

my ($pid) = $nginx->workers;

for my $leave ('reset', 'go away', 'abort') {
    my @s = map { open_h2() } 1 .. 3;
    $redis->pause;

    for my $s (@s) {
        syswrite $s, join '', map {
            my $id = 2 * $_ + 1;
            $_ % 4 == 0 ? request($id, 'GET', $item)
            : $_ % 4 == 1 ? request($id, 'GET', API)
            : $_ % 4 == 2 ? request($id, 'POST', API, '{}')
            : request($id, 'DELETE', API . '/none')
        } 0 .. 39;
    }

    # frames are read in order: all that was asked has come
    for my $s (@s) {
        syswrite $s, request(81, 'OPTIONS', API);
        ok await_headers($s, 81), 'forty streams';
    }

    # on a connection of its own: it has to wait behind them
    my $last = open_h2();
    syswrite $last, request(1, 'GET', $item);

    for my $s (@s) {
        syswrite $s, join '', map { frame(RST_STREAM, 0, 2 * $_ + 1,
                                          pack 'N', 8) } 0 .. 39
            if $leave eq 'reset';
        syswrite $s, frame(7, 0, 0, pack 'NN', 0, 0) if $leave eq 'go away';
        setsockopt $s, Socket::SOL_SOCKET(), Socket::SO_LINGER(),
                   pack 'ii', 1, 0 if $leave eq 'abort';
        close $s if $leave ne 'reset';
    }

    ok $nginx->wait_access(qr/^499 /m), "$leave: noticed";
    $redis->resume;
    answers("$leave: while they wait");
    close $_ for $last, grep { defined fileno $_ } @s;
    answers("$leave: and afterwards");
    unlink $nginx->dir . '/access.log';
    $nginx->signal('USR1');
    ok wait_until(10, sub { -e $nginx->dir . '/access.log' }), 'a new log';
}

# streams that are reset before their body has come
{
    my $s = open_h2();
    my $n = $redis->cmd('HLEN', 'oc:{default}:cfg');
    syswrite $s, join '', map {
        my $id = 2 * $_ + 1;
        request($id, 'POST', API, '{"a":1') =~ s/\x00\x00\x06\x00\x01/\x00\x00\x06\x00\x00/r
        . frame(RST_STREAM, 0, $id, pack 'N', 8)
    } 0 .. 49;
    answers('streams reset within their body');
    is $redis->cmd('HLEN', 'oc:{default}:cfg'), $n, 'create nothing';
    close $s;
}

is +($nginx->workers)[0], $pid, 'the worker lives';

$t->allow_log(qr/temporary file/, qr/too large/, qr/does not answer/,
              qr/client canceled stream|peer closed connection/);
$t->done;
