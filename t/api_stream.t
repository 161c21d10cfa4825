# The payloads as streams: bytes, media types, ETags, conditions, ranges, and
# bodies of every size.

use OfficeConfig::Test;

use Digest::SHA qw(sha256_hex);
use IO::Compress::Gzip ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64url);
use Time::HiRes ();

use OfficeConfig::Api;

use constant OCTETS => 'application/octet-stream';

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $conf = $t->api_conf(redis => $redis, block => 'command_timeout 60s;',
    server => 'keepalive_requests 100000; client_max_body_size 20m;'
              . ' client_body_buffer_size 1k;');

$conf =~ s{(?=\n\s+location /beta)}{
        location /memory/beta { office_config_pass main;
            office_config_auth off; client_body_buffer_size 20m; }
        location /file/beta { office_config_pass main;
            office_config_auth off; client_body_in_file_only clean; }
        location /tight/beta { office_config_pass main;
            office_config_auth off; client_max_body_size 2000; }
};
my $nginx = $t->nginx(http => $conf);
my $ask = client($t);
my $item = API . '/one';
my $policy = "$item/policyPayload";
my $user = "$item/userPreferencePayload";
my $group = '#microsoft.graph.officeConfigurationGroupAssignmentTarget';

sub ask { $ask->($_[0], $_[1], headers => [@_[2 .. $#_]]) }
sub get { ask('GET', @_) }
sub etag { $_[0]->header('ETag') }

# put($path, $bytes, %opt): an application/octet-stream unless "type" is given

sub put {
    my ($path, $bytes, %opt) = @_;
    $opt{type} = OCTETS unless exists $opt{type};
    return $ask->('PUT', $path, body => $bytes, %opt);
}

# patch($text): of the entity, with JSON as it is

sub patch {
    my ($text) = @_;
    return $ask->('PATCH', $item, body => $text, type => 'application/json');
}

# anew(%members): the configuration is made again

sub anew {
    ask('DELETE', $item);
    my $r = $ask->('POST', API, json => { id => 'one', @_ });
    return answer_is $r, 201, 'a configuration';
}

# value($member): in the JSON of the entity

sub value { json_item(get($item), $_[0] // 'policyPayload') }


# stream_is($response, $bytes, $type, $name, $status): one test point: the
# bytes with the headers they have, 200 unless the status is given

sub stream_is {
    my ($r, $bytes, $type, $name, $status) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %h = map { lc $_->[0] => $_->[1] } @{$r->headers};
    my @faults;

    push @faults, 'status ' . $r->status if $r->status != ($status // 200);
    push @faults, 'the bytes are others: ' . length $r->body
        if $r->body ne $bytes;

    my %want = ('content-type' => $type, 'content-length' => length $bytes,
        'odata-version' => '4.0', 'cache-control' => 'private, no-cache',
        'client-request-id' => $h{'request-id'} // '');
    push @faults, "$_ is " . ($h{$_} // 'missing')
        for grep { ($h{$_} // '') ne $want{$_} } sort keys %want;
    push @faults, 'request-id' if ($h{'request-id'} // '') !~ /^${\UUID}$/;
    push @faults, 'no strong ETag' if ($h{etag} // '') !~ /^"[^"]+"$/;
    push @faults, 'bytes behind it' if length $r->rest;

    return ok(!@faults, $name) || diag join("\n", @faults, ''), $r->text;
}


subtest 'what a string stands for' => sub {
    anew();
    my $r = get($policy);
    answer_is $r, 204, 'U16: null has no bytes';
    answer_is ask('HEAD', $policy), 204, 'nor for HEAD', method => 'HEAD';

    my @text = ('', qw(Zg== Zg Zm8= Zm8 Zm9v Zm9vYg== Zm9vYmE Zm9vYmFy Zh== Zv
        Zm9 Zm-= Zm_ ++++ //// ---- ____ +/+/ -_-_ Stream 12345678 null true
        123 AAAA AA== AAA= QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=),
        # neither base64 nor base64url
        qw(A AAAAA = == === ==== A= A=== Zg= AAA== AAAA= =AAA AA=A Zg==Zg==
           +-AA /_AA +_== {} []),
        '{"a": 1}', 'Zm 9v', ' Zm9v', "Zm9v\n", "a\tb",
        'caf' . chr 0xe9, chr 0x1f600, "\x{20ac}AA", 'AAA' . chr 0xff,
        qq("quoted\\" / \b\f\r\x01\x7f), "\x{d7ff}\x{e000}\x{ffff}\x{10ffff}",
        '<x>&amp;</x>', 'x' x 5_001);

    for my $text (@text) {
        my $plain = $text =~ s/=+$//r;
        my $is = $plain !~ m{[^A-Za-z0-9+/]} || $plain !~ /[^A-Za-z0-9_-]/;
        $is &&= length($plain) % 4 != 1
                && ($plain eq $text || length($text) % 4 == 0
                    && length($text) - length($plain) <= 2);
        my $bytes = $is ? decode_base64($plain =~ tr{_-}{/+}r . '==') : $text;
        utf8::encode($bytes) unless $is;

        for my $ascii (0, 1) {
            my $body = JSON::PP->new->utf8->ascii($ascii)
                       ->encode({ policyPayload => $text });
            my $name = printable($text) . ($ascii ? ', escaped' : '');
            answer_is patch($body), 200, "PATCH of $name";
            stream_is get($policy), $bytes, OCTETS, 'its bytes';
            is value(), $text, 'comes back as given';
        }
    }

    # an escape is decoded before base64 is
    for (['\u0051\u0055\u004a\u0044', 'ABC'], ['\/\/\/\/', "\xff\xff\xff"],
         ['\u005fw', "\xff"], ['\u003d', '='], ['QQ\u003d\u003D', 'A'],
         ['\ud83d\ude00', "\xf0\x9f\x98\x80"], ['\u00e9\n', "\xc3\xa9\n"],
         ['\\\\u0041', '\u0041'], ['\\\\\\"', '\\"'], ['QU\\nJD', "QU\nJD"],
         ['\ud800\udc00\udbff\udfff', "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"])
    {
        answer_is patch(qq({"policyPayload":"$_->[0]"})), 200, $_->[0];
        stream_is get($policy), $_->[1], OCTETS, 'its bytes';
    }

    answer_is patch('{"policyPayload":null}'), 200, 'null again';
    answer_is get($policy), 204, 'has no bytes';
};


subtest 'U16: both streams, at all of their URLs' => sub {
    anew();

    for my $name (qw(policyPayload userPreferencePayload)) {
        my $other = $name eq 'policyPayload' ? $user : $policy;

        for my $base ($item, API . q{('one')}, API . '(%27one%27)') {
            for my $end ('', '/$value', '/%24value', '/') {
                my $url = "$base/$name$end";
                my $r = put($url, "x$url");
                answer_is $r, 204, "PUT $url";
                like etag($r), qr/^"[^"]+"$/, 'has a strong ETag';
                is $r->header('Preference-Applied'), undef, 'nothing applied';
                $r = get($url);
                stream_is $r, "x$url", OCTETS, 'GET';
                is $r->header('Accept-Ranges'), 'bytes', 'takes ranges';
                answer_is get($other), 204, 'the other is null';
                answer_is ask('DELETE', $url), 204, 'DELETE';
                answer_is get($url), 204, 'null';
                is value($name), undef, 'in JSON as well';
                answer_is ask('DELETE', $url), 204, 'twice';
            }
        }
    }

    my $allow = 'GET, HEAD, PUT, DELETE, OPTIONS';

    for my $method (qw(POST PATCH)) {
        for my $url ($policy, "$user/\$value") {
            my $r = ask($method, $url);
            error_is $r, 405, undef, "$method $url";
            is $r->header('Allow'), $allow, 'Allow';
        }
    }

    my $r = ask('OPTIONS', $policy);
    answer_is $r, 204, 'OPTIONS';
    is $r->header('Allow'), $allow, 'Allow';

    for my $url ("$policy/x", "$policy/\$value/x", "$policy/\$count",
                 "$item/PolicyPayload", API . '/policyPayload/x')
    {
        error_is get($url), 404, undef, "GET $url";
        error_is put($url, 'x'), 404, undef, "PUT $url";
    }

    # what is not there
    my $state = contents($redis);

    for my $url (API . '/none/policyPayload', API . q{('none')/policyPayload},
                 API . '/none/userPreferencePayload/$value')
    {
        error_is get($url), 404, undef, "GET $url";
        answer_is ask('HEAD', $url), 404, 'HEAD', method => 'HEAD';
        error_is put($url, 'x' x $_), 404, undef, "PUT of $_ bytes"
            for 0, 10, 100_000;
        error_is ask('DELETE', $url), 404, undef, 'DELETE';
        error_is put($url, 'x', headers => ['If-Match' => '*']), 404, undef,
                 'PUT, If-Match: *';
    }

    is_deeply contents($redis), $state, 'and does not come to be';

    for my $id (q{a/b'c d}, "\x{e9}\x{1f600}", '%41', 'a(b)') {
        $ask->('POST', API, json => { id => $id });
        my $url = item_path(API, $id) . '/policyPayload';
        answer_is put($url, "of $id" =~ s/[^a-z ]//gr), 204, "PUT $url";
        stream_is get($url), "of $id" =~ s/[^a-z ]//gr, OCTETS, 'GET';
    }
};


subtest 'U15: any bytes' => sub {
    anew();
    my $all = join '', map { chr } 0 .. 255;

    for my $bytes ($all, scalar reverse($all), $all x 5, "\0", "\0" x 1_000,
        (map { substr $all, 250 - $_, $_ } 0 .. 5),
        (map { "\xff" x $_ } 1 .. 5), (map { "\0" x $_ } 2 .. 5), '"', '\\',
        '{"a":', "\xef\xbb\xbf", 'Zg==', 'null', '""', "\r\n", "\xc3\x28",
        (map { substr($all, 0, $_) } 340, 1_022 .. 1_026))
    {
        my $name = length($bytes) . ' bytes, '
                   . printable(substr $bytes, 0, 6);

        for my $at ('', '/memory', '/file') {
            for my $chunked (undef, 1, 3, 700) {
                answer_is put("$at$policy", $bytes, chunked => $chunked), 204,
                    "$at: PUT of $name, " . ($chunked // 'not') . ' chunked';
                my $r = get("$at$policy");
                stream_is $r, $bytes, OCTETS, 'come back';
            }
        }

        is value(), encode_base64url($bytes), 'as unpadded base64url in JSON';
    }

    my $wrong = 0;
    for my $byte (0 .. 255) {
        put($policy, chr $byte);
        $wrong++ if get($policy)->body ne chr $byte
                    || value() ne encode_base64url(chr $byte);
    }
    is $wrong, 0, 'each byte alone';

    # an empty one is not null
    for my $how ([body => ''], [], [body => '', chunked => 1],
        [headers => ['Content-Encoding' => 'identity']])
    {
        put($policy, 'x');
        answer_is $ask->('PUT', $policy, @$how), 204, 'PUT of nothing';
        stream_is get($policy), '', OCTETS, 'is an empty stream';
        is value(), '', '"" in JSON';
    }
};


subtest 'U15: media types' => sub {
    anew();

    for my $type ('application/json', 'text/plain', 'text/html;charset=utf-8',
        'application/json; charset="utf-8"', 'image/png', 'x/y', 'X/Y;a=b',
        'application/vnd.a.b+json', 'multipart/form-data; boundary=x',
        'application/x-www-form-urlencoded', OCTETS)
    {
        my $bytes = qq({"not JSON\0\xff$type);
        answer_is put($policy, $bytes, type => $type), 204, "PUT of $type";
        stream_is get($policy), $bytes, $type, 'is kept';
        is value(), encode_base64url($bytes), 'and no byte is looked at';
        my $r = ask('HEAD', $policy);
        is $r->header('Content-Type'), $type, 'HEAD';
    }

    put($user, 'u', type => 'text/x-user');
    stream_is get($policy), get($policy)->body, OCTETS, 'each has its own';
    stream_is get($user), 'u', 'text/x-user', 'the other one';

    put($policy, 'y', type => 'text/x-first');
    for my $empty ([type => undef], [headers => ['Content-Type' => '']]) {
        answer_is put($policy, 'x', type => undef, @$empty), 204,
                  'without one';
        stream_is get($policy), 'x', OCTETS, 'the default';
        put($policy, 'y', type => 'text/x-first');
    }

    answer_is put($policy, 'old', type => undef, version => '1.0'), 204,
              'HTTP/1.0';
    stream_is get($policy), 'old', OCTETS, 'the default';

    # it is there until the stream changes
    put($policy, 'x', type => 'text/x-kept');
    patch('{"displayName":"n"}');
    stream_is get($policy), 'x', 'text/x-kept', 'behind another PATCH';
    patch('{"policyPayload":"Zm9v"}');
    stream_is get($policy), 'foo', OCTETS, 'of a string there is none';

    put($policy, 'x', type => 'text/x-kept');
    ask('DELETE', $policy);
    patch('{"policyPayload":""}');
    stream_is get($policy), '', OCTETS, 'nor behind a DELETE';

    put($policy, 'x', type => 'text/x-kept');
    my $old = etag(get($policy));
    answer_is ask('DELETE', $item), 204, 'the configuration goes';
    error_is get($policy), 404, undef, 'and its stream';
    anew(policyPayload => 'eA');
    my $r = get($policy);
    stream_is $r, 'x', OCTETS, 'one of the same name begins anew';
    isnt etag($r), $old, 'with an ETag of its own';
    answer_is ask('DELETE', $item), 204, 'it goes as well';
    is_deeply [grep { !/:layout$/ && $_ !~ /:(?:cfg|ids|pri)$/ }
               grep { my $v = contents($redis)->{$_};
                      JSON::PP->new->encode([$v]) =~ /\bone\b/ }
               @{$redis->cmd('KEYS', '*')}], [], 'and leaves nothing';
};


subtest 'Accept' => sub {
    anew();
    put($policy, 'x', type => 'text/x-one');

    for my $accept ('*/*', 'application/json', OCTETS, 'text/plain', 'x/y',
        'image/*', 'application/json;odata.metadata=full', '', 'nonsense',
        'text/x-one;q=0', '*/*;q=0')
    {
        stream_is get($policy, Accept => $accept), 'x', 'text/x-one',
                  "GET, Accept: $accept";
        answer_is put($user, 'y', headers => [Accept => $accept]), 204, 'PUT';
        answer_is ask('DELETE', $user, Accept => $accept), 204, 'DELETE';
    }

    my $r = get($policy, 'OData-MaxVersion' => '4.01',
                'client-request-id' => 'mine', SdkVersion => 'x');
    is $r->header('OData-Version'), '4.01', 'OData-Version';
    is $r->header('client-request-id'), 'mine', 'client-request-id';
};


subtest 'ETags' => sub {
    anew(policyPayload => 'Zm9v');
    my $etag = etag(get($policy));
    like $etag, qr/^"[^"]+"$/, 'a strong one';
    my $entity = etag(get($item));
    is etag(ask('HEAD', $policy)), $etag, 'of HEAD';

    for my $change (
        ['PATCH', $item, json => { displayName => 'd' }],
        ['PATCH', $item, json => { description => 'x' x 1_000 }],
        ['PATCH', $item, json => { userPreferencePayload => 'x' }],
        ['PATCH', $item, json => { priority => 77 }],
        ['PATCH', $item, json => { userCheckinSummary => {} }],
        ['PUT', "$item/displayName", json => { value => 'e' }],
        ['DELETE', "$item/description"],
        ['PUT', $user, body => 'y'], ['DELETE', $user],
        ['POST', API . '/updatePriorities', json => {
            officeConfigurationPolicyIds => ['one'],
            officeConfigurationPriorities => [55] }],
        ['POST', "$item/assignments", json => { id => 'a' }],
        ['PATCH', "$item/assignments/a", json => { target =>
            { '@odata.type' => $group, groupId => 'g' } }],
        ['DELETE', "$item/assignments/a"],
        ['POST', "$item/assign", json => {
            officeConfigurationAssignments => [{}] }])
    {
        my ($method, $path) = @$change;
        my $r = $ask->(@$change);
        like $r->status, qr/^20[014]$/, "$method $path" or diag $r->text;
        is etag(get($policy)), $etag, 'leaves the ETag of the stream';
    }

    isnt etag(get($item)), $entity, 'that of the entity is another';

    # whatever changes the stream changes it
    my %seen = ($etag => 1);
    for my $change (
        ['PUT', $policy, body => 'a'], ['PUT', $policy, body => 'b'],
        ['PUT', $policy, body => ''],
        ['PUT', $policy, body => '', type => 'text/plain'],
        ['DELETE', $policy],
        ['PATCH', $item, json => { policyPayload => 'c' }],
        ['PATCH', $item, json => { policyPayload => undef }],
        ['PATCH', $item, json => { policyPayload => '' }],
        ['PATCH', $item, json => { policyPayload => 'd', priority => 3 }],
        ['PUT', $item, json => { policyPayload => 'e', priority => 4 }],
        ['PUT', $item, json => { priority => 4 }])
    {
        my ($method, $path) = @$change;
        my $before = get($item);
        my $r = $ask->(@$change);
        like $r->status, qr/^20[04]$/, "$method $path" or diag $r->text;
        my $now = etag(get($policy));
        ok !$seen{$now}++, 'changes the ETag of the stream';
        is etag($r), $now, 'it is given at once' if $path eq $policy;

        my $after = get($item);
        isnt etag($after), etag($before), 'and that of the entity';
        isnt etag($after), $now, 'which is another';
        cmp_ok json_item($after, 'lastModifiedDateTime'), 'ge',
               json_item($before, 'lastModifiedDateTime'), 'and its date';
    }

    my $date = value('lastModifiedDateTime');
    ok wait_until(5, sub {
        put($policy, 'x');
        return value('lastModifiedDateTime') gt $date;
    }), 'a PUT moves lastModifiedDateTime';
    $date = value('lastModifiedDateTime');
    ok wait_until(5, sub {
        ask('DELETE', $policy);
        return value('lastModifiedDateTime') gt $date;
    }), 'and so does a DELETE';
};


subtest 'conditions' => sub {
    anew();
    my $etag = etag(put($policy, 'one', type => 'text/x-one'));
    my $stale = '"' . '0' x (length($etag) - 2) . '"';
    patch('{"displayName":"d"}');
    my $entity = etag(get($item));

    for my $list ($etag, '*', "W/$etag", qq("x", $etag), qq($etag,"x")) {
        for my $method (qw(GET HEAD)) {
            my $r = ask($method, $policy, 'If-None-Match' => $list);
            answer_is $r, 304, "$method, If-None-Match: $list",
                      method => $method;
            is etag($r), $etag, 'its ETag';
        }
        stream_is get($policy, 'If-Match' => $list), 'one', 'text/x-one',
                  'If-Match';
        error_is put($policy, 'no', headers => ['If-None-Match' => $list]),
                 412, undef, 'a PUT';
        error_is ask('DELETE', $policy, 'If-None-Match' => $list), 412, undef,
                 'a DELETE';
    }

    for my $list ($stale, '"x"', 'x', '', $entity) {
        stream_is get($policy, 'If-None-Match' => $list), 'one', 'text/x-one',
                  "If-None-Match: $list";
        my $r = get($policy, 'If-Match' => $list);
        error_is $r, 412, undef, 'GET, If-Match';
        is etag($r), undef, 'no ETag';
        error_is put($policy, 'no' x $_, headers => ['If-Match' => $list]),
                 412, undef, "a PUT of $_" for 1, 50_000;
        error_is ask('DELETE', $policy, 'If-Match' => $list), 412, undef,
                 'a DELETE';
    }

    is etag(get($item)), $entity, 'nothing has changed';
    stream_is get($policy), 'one', 'text/x-one', 'not a byte';

    my $r = put($policy, 'two', headers => ['If-Match' => $etag]);
    answer_is $r, 204, 'PUT, If-Match';
    error_is put($policy, 'three', headers => ['If-Match' => $etag]), 412,
             undef, 'once';
    answer_is put($policy, 'three', headers => ['If-Match' => etag($r)]), 204,
              'with the ETag of the PUT';
    answer_is put($policy, 'four', headers => ['If-None-Match' => $etag]), 204,
              'If-None-Match of an old one';
    $r = get($policy);
    answer_is ask('DELETE', $policy, 'If-Match' => etag($r)), 204, 'DELETE';
    answer_is put($policy, 'five', headers => ['If-Match' => '*']), 204,
              'If-Match: * of a null stream';

    # several writers with one ETag
    my $won = 0;
    for my $round (1 .. 10) {
        my $current = etag(get($policy));
        my @c = map { $t->connect } 1 .. 5;
        $c[$_]->write_request('PUT', $policy, body => "writer $_",
                              headers => ['If-Match' => $current]) for 0 .. 4;
        my @status = map { $_->response->status } @c;
        my ($winner) = grep { $status[$_] == 204 } 0 .. 4;
        $won += grep { $_ == 204 } @status;
        is get($policy)->body, "writer " . ($winner // 'none'), 'the winner';
    }
    is $won, 10, 'of five one wins';
};


subtest 'U15: Prefer' => sub {
    anew();

    for my $bytes ('a', '', "\0\xff{", 'x' x 200_000) {
        my $r = put($policy, $bytes, type => 'text/x-p',
                    headers => [Prefer => 'return=representation']);
        stream_is $r, $bytes, 'text/x-p', length($bytes) . ' bytes';
        is $r->header('Preference-Applied'), 'return=representation',
           'applied';
        is etag(get($policy)), etag($r), 'the ETag';
    }

    my $r = put($policy, 'b', headers => [Prefer => 'return=minimal']);
    answer_is $r, 204, 'minimal';
    is $r->header('Preference-Applied'), 'return=minimal', 'applied';
    answer_is put($policy, 'c', headers => [Prefer => 'x, y=z']), 204,
              'unknown ones';
    $r = get($policy, Prefer => 'return=minimal');
    stream_is $r, 'c', OCTETS, 'nothing for a GET';
    is $r->header('Preference-Applied'), undef, 'not applied';
    $r = ask('DELETE', $policy, Prefer => 'return=representation');
    answer_is $r, 204, 'nor for a DELETE';
    is $r->header('Preference-Applied'), undef, 'not applied';
};


subtest 'HEAD' => sub {
    anew();

    for my $bytes ('', 'abc', 'x' x 100_000) {
        put($policy, $bytes, type => 'text/x-h');
        my ($get, $head) = map { $t->request($_, $policy) } qw(GET HEAD);
        is $head->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr,
           $get->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr,
           length($bytes) . ' bytes: the headers of GET';
        is $head->rest, '', 'and no byte';
    }
};


subtest 'ranges' => sub {
    anew();
    my $all = join '', map { chr } 0 .. 255;
    my $etag = etag(put($policy, $all, type => 'text/x-r'));

    for (['0-0', 0, 0], ['0-3', 0, 3], ['250-', 250, 255], ['-1', 255, 255],
         ['-10', 246, 255], ['0-', 0, 255], ['5-1000', 5, 255],
         ['255-255', 255, 255], ['-256', 0, 255], ['-9999', 0, 255])
    {
        my ($range, $from, $to) = @$_;
        my $r = get($policy, Range => "bytes=$range");
        stream_is $r, substr($all, $from, $to - $from + 1), 'text/x-r',
                  "bytes=$range", 206;
        is $r->header('Content-Range'), "bytes $from-$to/256", 'Content-Range';
        is etag($r), $etag, 'the ETag';
    }

    my $r = get($policy, Range => 'bytes=0-1,100-102,-2');
    is $r->status, 206, 'several';
    my ($mark) = ($r->header('Content-Type') // '')
        =~ m{^multipart/byteranges; boundary=(\w+)$};
    ok $mark, 'multipart' or diag $r->text;
    $mark //= 'none';
    is $r->body, join('', map {
        my ($from, $to) = @$_;
        "\r\n--$mark\r\nContent-Type: text/x-r\r\n"
        . "Content-Range: bytes $from-$to/256\r\n\r\n"
        . substr $all, $from, $to - $from + 1
    } [0, 1], [100, 102], [254, 255]) . "\r\n--$mark--\r\n", 'its parts';

    for my $range ('256-', '1000-2000', '-0') {
        $r = get($policy, Range => "bytes=$range");
        is $r->status, 416, "bytes=$range" or diag $r->text;
        is $r->header('Content-Range'), 'bytes */256', 'Content-Range';
        is $r->header('OData-Version'), '4.0', 'OData-Version';
        like $r->header('request-id'), qr/^${\UUID}$/, 'request-id';
        is $r->header('Content-Type'), JSON_TYPE, 'JSON';
        ok length(json_item($r, qw(error message)) // ''), 'an error like any'
            or diag $r->text;
    }

    is get($policy, Range => $_)->status, 200, "no range: $_"
        for 'lines=0-1', 'bytes', '';

    stream_is get($policy, Range => 'bytes=0-3', 'If-Range' => $etag),
              "\0\1\2\3", 'text/x-r', 'If-Range', 206;
    stream_is get($policy, Range => 'bytes=0-3', 'If-Range' => $_), $all,
              'text/x-r', "If-Range: $_"
        for '"x"', "W/$etag", 'Fri, 01 Jan 2100 00:00:00 GMT';
    stream_is get($policy, Range => 'bytes=0-3', 'If-Match' => $etag),
              "\0\1\2\3", 'text/x-r', 'with If-Match', 206;
    answer_is get($policy, Range => 'bytes=0-3', 'If-None-Match' => $etag),
              304, 'If-None-Match goes first';
    error_is get($policy, Range => 'bytes=0-3', 'If-Match' => '"x"'), 412,
             undef, 'and If-Match';

    patch('{"policyPayload":"plain text"}');
    stream_is get($policy, Range => 'bytes=6-'), 'text', OCTETS, 'of text',
              206;
    ask('DELETE', $policy);
    answer_is get($policy, Range => 'bytes=0-3'), 204, 'of null';

    for my $path (API . '/none/policyPayload', "$item/nothing") {
        error_is get($path, Range => 'bytes=0-3'), 404, undef, "of $path";
    }
};


subtest 'gzip' => sub {
    anew();
    my $gz = sub {
        IO::Compress::Gzip::gzip(\$_[0] => \my $out, -Minimal => 1) or die;
        return $out;
    };
    my $noise = join '', map { chr int rand 256 } 1 .. 100_000;

    for my $bytes ('', 'a', '{"a":1}', $noise, 'x' x 1_000_000) {
        for my $at ('', '/memory', '/file') {
            for my $chunked (undef, 1_000) {
                answer_is put("$at$policy", $gz->($bytes), type => 'x/y',
                    chunked => $chunked,
                    headers => ['Content-Encoding' => 'gzip']), 204,
                    "$at: " . length($bytes) . ' bytes';
                stream_is get($policy), $bytes, 'x/y', 'inflated';
            }
        }
    }

    put($policy, 'kept');
    error_is put($policy, $_->[1], headers => ['Content-Encoding' => $_->[0]]),
             $_->[2], '', "$_->[0]: $_->[3]" for
        ['br', 'x', 415, 'unknown'], ['gzip', 'x', 400, 'not gzip'],
        ['gzip, gzip', 'x', 415, 'twice'],
        ['gzip', substr($gz->('abc' x 100), 0, 10), 400, 'cut off'],
        ['gzip', $gz->('x' x 30_000_000), 413, 'too much'];
    error_is put("/tight$policy", $gz->('x' x 2_001),
                 headers => ['Content-Encoding' => 'gzip']), 413, '',
             'past the limit';
    answer_is put("/tight$user", $gz->('x' x 2_000),
                  headers => ['Content-Encoding' => 'gzip']), 204, 'at it';
    stream_is get($policy), 'kept', OCTETS, 'nothing has changed';
    answer_is put($policy, $gz->('raw')), 204, 'without the header';
    stream_is get($policy), $gz->('raw'), OCTETS, 'it is bytes';
};


subtest 'too large' => sub {
    anew();
    put($policy, 'kept');
    my $entity = etag(get($item));

    for my $chunked (undef, 500) {
        error_is $t->request('PUT', "/tight$policy", body => 'x' x $_,
                             type => OCTETS, chunked => $chunked), 413, '',
                 "$_ bytes" for 2_001, 5_000, 500_000;
    }

    my $large = 'x' x 21_000_000;
    error_is $t->request('PUT', $policy, body => $large, type => OCTETS,
                         chunked => $_), 413, '', '21 MB' for undef, 65_536;
    answer_is put("/tight$user", 'x' x 2_000, chunked => $_), 204,
              'the largest' for undef, 500;
    stream_is get($policy), 'kept', OCTETS, 'nothing has changed';
};


# large($bytes): noise of that length; slow to make, hence one block repeated,
# each time with its number

my $block = join '', map { pack 'N', rand 2 ** 32 } 1 .. 16_000;

sub large {
    my ($bytes) = @_;
    my $text = '';
    my $n = 0;
    $text .= pack('N', $n++) . $block while length $text < $bytes;
    return substr $text, 0, $bytes;
}

sub files { glob $nginx->dir . '/tmp/body/*' }


subtest 'large bodies' => sub {
    anew();

    for my $size (100_000, 65_536, 65_537, 131_072, 1_000_001, 16_777_216) {
        my $bytes = large($size);
        my $digest = sha256_hex($bytes);

        for my $at ('', '/memory', '/file') {
            for my $chunked (undef, 60_000) {
                my $r = put("$at$policy", $bytes, type => 'x/large',
                            chunked => $chunked);
                answer_is $r, 204, "$at: $size bytes, "
                                   . ($chunked ? 'chunked' : 'with a length');
                $r = get($policy);
                is $r->status, 200, 'GET';
                is $r->header('Content-Length'), $size, 'the length';
                is sha256_hex($r->body), $digest, 'the bytes';
                $size > 10_000_000 or next;

                $r = get($policy, Range => 'bytes=16000000-16000009');
                stream_is $r, substr($bytes, 16_000_000, 10), 'x/large',
                          'a range', 206;
            }
        }

        put($policy, '');
        my $r = put($policy, $bytes,
                    headers => [Prefer => 'return=representation']);
        is $r->status, 200, 'return=representation';
        is sha256_hex($r->body), $digest, 'the bytes';
    }

    my $text = get($item)->body;
    my $want = '"policyPayload":"' . encode_base64url(large(16_777_216)) . '"';
    ok index($text, $want) > 0, 'in JSON it is base64url';
    ok wait_until(10, sub { !files() }), 'no temporary file is left';
};


subtest 'others meanwhile' => sub {
    anew();
    my $bytes = large(16_777_216);

    # a GET needs Redis, which is busy while it stores so much; OPTIONS does not
    my %limit = (OPTIONS => $t->seconds(0.3), GET => $t->seconds(1.5));
    my (%slowest, %status, $count);

    my $others = sub {
        for my $method (qw(OPTIONS GET)) {
            my $r = ask($method, API . '/two');
            $status{$method}{$r->status}++;
            $slowest{$method} = $r->elapsed
                if $r->elapsed > ($slowest{$method} // 0);
        }
        $count++;
    };

    my $check = sub {
        my ($name) = @_;
        is_deeply \%status, { OPTIONS => { 204 => $count },
                              GET => { 200 => $count } }, $name;
        cmp_ok $slowest{$_}, '<', $limit{$_}, "the slowest $_ of $count"
            for sort keys %limit;
        (%slowest, %status, $count) = ();
    };

    $ask->('POST', API, json => { id => 'two', displayName => 'other' });

    for my $at ('', '/file') {
        my $c = $t->connect;
        my $request = $c->format_request('PUT', "$at$policy", body => $bytes,
                                         type => OCTETS);

        for my $part (unpack '(a500000)*', substr $request, 0, -1) {
            $c->send($part);
            $others->();
        }
        $check->("$at: answered while it comes");

        # from its last byte to the answer
        $c->{method} = 'PUT';
        $c->send(substr $request, -1);
        while (1) {
            $others->();
            vec(my $in = '', fileno $c->socket, 1) = 1;
            last if select($in, undef, undef, 0) || $count > 100_000;
        }
        $check->('while it is taken in');
        answer_is $c->response, 204, 'the upload is done';
        is sha256_hex(get($policy)->body), sha256_hex($bytes), 'the bytes';
    }
};


subtest 'memory' => sub {
    plan skip_all => 'the sanitizers take more' if $t->sanitized;

    my $own = $t->serve(redis => $redis, block => 'command_timeout 60s;',
        server => 'client_max_body_size 20m; client_body_buffer_size 1k;');
    my @to = (to => $own->port);
    my $hwm = sub {
        my ($pid) = $own->workers;
        return OfficeConfig::Nginx::_read("/proc/$pid/status")
               =~ /^VmHWM:\s+(\d+)/m ? $1 * 1024 : die;
    };

    anew();
    $t->request('PUT', $policy, body => 'x' x 1_000, @to);
    my $bytes = large(16_777_216);
    my $before = $hwm->();
    answer_is $t->request('PUT', $policy, body => $bytes, @to), 204, '16 MB';
    my $grown = $hwm->() - $before;
    cmp_ok $grown, '<', 1.5 * length $bytes,
           sprintf 'took %.2f times the bytes', $grown / length $bytes;

    $t->request('PUT', $policy, body => $bytes, @to) for 1 .. 3;
    $grown = $hwm->() - $before;
    cmp_ok $grown, '<', 1.5 * length $bytes,
           sprintf 'and several %.2f times', $grown / length $bytes;
};


subtest 'clients that leave' => sub {
    anew();
    put($policy, 'kept', type => 'text/x-kept');
    my $etag = etag(get($policy));
    my $bytes = large(16_777_216);
    my ($worker) = $nginx->workers;

    # in the middle of the body
    for my $at ('', '/memory', '/file') {
        for my $chunked (undef, 60_000) {
            for my $size (100, 10_000, 8_000_000) {
                for my $how (qw(abort close shut)) {
                    my $c = $t->connect;
                    my $request = $c->format_request('PUT', "$at$policy",
                        body => $bytes, chunked => $chunked);
                    $c->send(substr $request, 0, $size);
                    $c->$how;
                }
            }
        }
    }

    ok wait_until(20, sub { !files() }), 'no file is left'
        or diag join ' ', files();
    stream_is get($policy), 'kept', 'text/x-kept', 'nothing has changed';
    is etag(get($policy)), $etag, 'nor the ETag';

    # when all of it is sent: it is taken or it is not
    my %digest = (sha256_hex('kept') => 1, sha256_hex($bytes) => 1);
    for my $at ('', '/memory', '/file') {
        for my $how (qw(abort close)) {
            my $c = $t->connect;
            $c->write_request('PUT', "$at$policy", body => $bytes);
            $c->$how;
            ok $digest{sha256_hex(get($policy)->body)}, "$at: $how: whole";
        }
    }

    # and of a large answer
    put($policy, $bytes);
    for my $read (0, 1_000, 1_000_000) {
        my $c = $t->connect(rcvbuf => 65_536);
        $c->write_request('GET', $policy);
        $c->_bytes($read, Time::HiRes::time() + 10);
        $c->abort;
        is sha256_hex(get($policy)->body), sha256_hex($bytes),
           "a reader left behind $read bytes";
    }

    ok wait_until(20, sub { !files() }), 'no file is left';
    is_deeply [$nginx->workers], [$worker], 'the worker is the same';
};


$t->allow_log(qr/a client request body is buffered to a temporary file/,
              qr/client intended to send too large (?:chunked )?body/);
$t->done;
