# The properties of a configuration at URLs of their own, and of the singleton.

use OfficeConfig::Test;

use IO::Compress::Gzip ();
use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis,
                      server => 'keepalive_requests 100000;');
my $ask = client($t);
my $item = API . '/one';
my @status = (
    { userId => 'u', wasSuccessful => JSON::PP::true, deviceName => 'pc',
      checkinDateTime => '2020-01-01T00:00:00Z' },
    { userId => 'v', wasSuccessful => JSON::PP::false, deviceName => 'pc',
      checkinDateTime => '2020-01-02T00:00:00Z', appliedPolicies => ['a'] },
);

sub ask { $ask->($_[0], $_[1], headers => [@_[2 .. $#_]]) }
sub get { ask('GET', @_) }
sub etag { $_[0]->header('ETag') }
sub value { json_item(get($item), @_) }

# by_user($statuses): those of a collection are in an order of its own

sub by_user { [sort { $a->{userId} cmp $b->{userId} } @{$_[0] // []}] }

# put($path, $data, ...), patch: JSON, with more headers; text: bytes

sub put {
    my ($path, $data, @headers) = @_;
    return $ask->('PUT', $path, json => $data, headers => \@headers);
}

sub patch {
    my ($path, $data, @headers) = @_;
    return $ask->('PATCH', $path, json => $data, headers => \@headers);
}

sub text {
    my ($path, $bytes, %opt) = @_;
    $opt{type} = 'text/plain' unless exists $opt{type};
    return $ask->('PUT', $path, body => $bytes, %opt);
}

# anew(%members): the configuration is made again

sub anew {
    ask('DELETE', $item);
    my $r = $ask->('POST', API, json => { id => 'one', @_ });
    return answer_is $r, 201, 'a configuration';
}

# unchanged($code, $name): one test point: what it does changes nothing

sub unchanged {
    my ($code, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $before = contents($redis);
    $code->();
    return is_deeply contents($redis), $before, $name // 'nothing changes';
}

# context($path): of the item; a pattern for a whole context URL

sub context {
    my ($path, $key) = @_;
    $key //= 'one';
    return qr{^http://[^/]+/beta/\$metadata\#officeConfiguration
              /clientConfigurations\('\Q$key\E'\)/\Q$path\E$}x;
}

# value_is($response, $value, $path, $name): one test point: 200 with exactly
# the value and its context

sub value_is {
    my ($r, $value, $path, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %body = ref $r->json eq 'HASH' ? %{$r->json} : ();
    my $context = delete $body{'@odata.context'} // '';
    my $want = ref $value eq 'HASH' ? $value : { value => $value };

    return ok($r->status == 200 && $context =~ context($path)
              && json_text(\%body) eq json_text($want)
              && $r->header('Content-Type') eq JSON_TYPE, $name)
        || diag $r->text, "\nexpected: ", json_text($want);
}

# text_is($response, $bytes, $name): the same for text/plain

sub text_is {
    my ($r, $bytes, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok($r->status == 200 && $r->body eq $bytes
              && ($r->header('Content-Type') // '')
                 =~ m{^text/plain(?:;\s*charset=utf-8)?$}
              && $r->header('Content-Length') == length $bytes
              && ($r->header('OData-Version') // '') eq '4.0'
              && ($r->header('request-id') // '') =~ /^${\UUID}$/, $name)
        || diag $r->text;
}


subtest 'I3: GET' => sub {
    my %data = (displayName => qq(n "\\\n\x{e9}\x{1f600}/), priority => 7,
        description => '', checkinStatuses => [@status],
        userCheckinSummary => { succeededUserCount => 3,
                                failedUserCount => -4 });
    anew(%data);
    my $entity = get($item)->json;
    my $etag = etag(get($item));

    for my $base ($item, API . q{('one')}, API . '(%27one%27)') {
        for my $name (sort(keys %data), qw(id lastModifiedDateTime)) {
            my $r = get("$base/$name");
            if ($name eq 'checkinStatuses') {
                my %body = %{$r->json // {}};
                ok delete($body{'@odata.context'}) =~ context($name),
                   'the context';
                json_is by_user(delete $body{value}),
                        by_user($entity->{$name}), "GET $base/$name";
                json_is \%body, {}, 'nothing else';
            } else {
                value_is $r, $entity->{$name}, $name, "GET $base/$name";
            }

            answer_is $r, 200, 'its headers';
            is etag($r), $name =~ /checkin/i ? undef : $etag,
               'the ETag of the entity, except on what check-ins change';
        }

        for my $name (qw(succeededUserCount failedUserCount)) {
            value_is get("$base/userCheckinSummary/$name"),
                     $entity->{userCheckinSummary}{$name},
                     "userCheckinSummary/$name", "GET $base/…/$name";
        }
    }

    value_is get("$item/displayName/"), $data{displayName}, 'displayName',
             'with a slash';
    value_is get("/beta/officeConfiguration/clientConfigurations/one"
                 . '/display%4Eame'), $data{displayName}, 'displayName',
             'encoded';

    # as text
    utf8::encode(my $name = $data{displayName});
    text_is get("$item/displayName/\$value"), $name, 'displayName/$value';
    text_is get("$item/displayName/%24value"), $name, 'encoded';
    text_is get("$item/description/\$value"), '', 'of an empty string';
    text_is get("$item/priority/\$value"), '7', 'of a number';
    text_is get("$item/id/\$value"), 'one', 'of the id';
    text_is get("$item/lastModifiedDateTime/\$value"),
            $entity->{lastModifiedDateTime}, 'of the date';
    text_is get("$item/userCheckinSummary/failedUserCount/\$value"), '-4',
            'of a nested one';

    # HEAD
    for my $path ('displayName', 'displayName/$value', 'userCheckinSummary',
                  'checkinStatuses', 'nothing', 'priority/$value')
    {
        my ($get, $head) = map { $t->request($_, "$item/$path") }
                           qw(GET HEAD);
        is $head->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr,
           $get->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr,
           "HEAD $path has the headers of GET";
        is $head->rest, '', 'and no byte';
    }

    # conditions
    my $conditional = sub {
        my ($path, $etag) = @_;
        my $r = get("$item/$path", 'If-None-Match' => $etag);
        answer_is $r, 304, "$path, If-None-Match";
        is etag($r), $etag, 'the ETag';
        is get("$item/$path", 'If-None-Match' => '"x"')->status, 200, 'others';
        is get("$item/$path", 'If-Match' => $etag)->status, 200, 'If-Match';
        error_is get("$item/$path", 'If-Match' => '"x"'), 412, undef, 'others';
    };
    $conditional->($_, $etag) for 'displayName', 'displayName/$value';

    for my $path ('userCheckinSummary', 'checkinStatuses',
                  'userCheckinSummary/failedUserCount')
    {
        my $r = get("$item/$path", 'If-None-Match' => $etag);
        answer_is $r, 200, "$path, If-None-Match: it may have changed";
        is etag($r), undef, 'no ETag';
        is $r->body, get("$item/$path")->body, 'as without';
    }

    # a summary as it was given, with at most one check-in, is of the entity
    for my $list ([], [$status[0]]) {
        anew(%data, checkinStatuses => $list);
        my $etag = etag(get($item));
        value_is get("$item/userCheckinSummary"), $data{userCheckinSummary},
                 'userCheckinSummary', 'a summary as it was given';
        is etag(get("$item/$_")), $etag, "its $_ has the ETag"
            for 'userCheckinSummary', 'userCheckinSummary/failedUserCount';
        is etag(get("$item/checkinStatuses")), undef, 'check-ins have none';
        $conditional->('userCheckinSummary', $etag);
    }

    answer_is $ask->('POST', "$item/checkinStatuses", json => $status[1]),
              204, 'a check-in';
    is etag(get("$item/userCheckinSummary")), undef, 'then it has no ETag';
    anew(%data);

    # Accept
    is get("$item/$_->[0]", Accept => $_->[1])->status, $_->[2],
       "$_->[0], Accept: $_->[1]" for
        ['displayName', 'application/json', 200], ['displayName', '*/*', 200],
        ['displayName', 'text/plain', 406], ['displayName', 'text/html', 406],
        ['displayName/$value', 'text/plain', 200],
        ['displayName/$value', '*/*', 200],
        ['displayName/$value', 'image/png', 406],
        ['userCheckinSummary', 'application/json;odata.metadata=minimal', 200],
        ['checkinStatuses', 'application/xml', 406];
};


subtest 'I3: null' => sub {
    anew();
    my $r = get("$item/userCheckinSummary");
    value_is $r, { succeededUserCount => 0, failedUserCount => 0 },
             'userCheckinSummary', 'a summary that is not given is not null';
    is etag($r), etag(get($item)), 'the ETag of the entity';
    value_is get("$item/userCheckinSummary/failedUserCount"), 0,
             'userCheckinSummary/failedUserCount', 'below it';
    value_is get("$item/checkinStatuses"), [], 'checkinStatuses', 'nothing';
    anew(userCheckinSummary => undef);

    for my $name (qw(displayName description userCheckinSummary)) {
        for my $path ("$item/$name", API . "('one')/$name",
                      $name =~ /Summary/ ? () : "$item/$name/\$value")
        {
            my $r = get($path);
            answer_is $r, 204, "GET $path";
            is etag($r), etag(get($item)), 'the ETag of the entity';
            answer_is ask('HEAD', $path), 204, 'HEAD', method => 'HEAD';
        }
    }

    value_is get("$item/checkinStatuses"), [], 'checkinStatuses',
             'a collection is empty';
    like get("$item/userCheckinSummary/failedUserCount")->status,
         qr/^(?:204|404)$/, 'below null';
};


subtest 'keys that have to be encoded' => sub {
    for my $id (q{a/b'c}, q{'}, q{''}, 'a b', 'a%2Fb', "\x{e9}\x{1f600}",
                q{x('y')}, 'a?b#c&d=e', '+', '~._-')
    {
        my $r = $ask->('POST', API, json => { id => $id, displayName => 'n',
            priority => 1, userCheckinSummary => {} });
        answer_is $r, 201, printable($id);
        utf8::encode(my $bytes = $id);
        my ($plain, $key) = map {
            s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger
        } $bytes, $bytes =~ s/'/''/gr;

        for my $base (API . "/$plain", API . "('$key')") {
            for my $path (qw(displayName userCheckinSummary id
                             userCheckinSummary/failedUserCount))
            {
                $r = get("$base/$path");
                answer_is $r, 200, "GET $base/$path";
                like json_item($r, '@odata.context') // '',
                     context($path, $key), 'the context';
            }
            text_is get("$base/id/\$value"), $bytes, 'id/$value';
            answer_is put("$base/displayName", { value => $base }), 204, 'PUT';
            text_is get("$base/displayName/\$value"), $base, 'is read';
        }
    }
};


subtest 'U11: PUT of a primitive' => sub {
    anew(displayName => 'old', priority => 1);

    for (['displayName', 'new'], ['displayName', ''], ['description', 'd'],
         ['displayName', qq("\\\n\x{1f600})], ['displayName', undef],
         ['displayName', 'x' x 50_000], ['description', '7'], ['priority', 5],
         ['priority', 0], ['priority', -2147483648], ['priority', 2147483647],
         ['description', undef], ['description', 'null'])
    {
        my ($name, $value) = @$_;
        my $before = get($item)->json;
        my $r = put("$item/$name", { value => $value });
        answer_is $r, 204, "$name is " . printable($value // 'null');
        my $after = get($item);
        is etag($r), etag($after), 'the new ETag of the entity';
        isnt etag($r), $before->{'@odata.etag'}, 'it is new';
        my %want = (%{$after->json}, map { $_ => $before->{$_} }
                    grep { $_ ne $name && !/^(?:\@odata|last)/ }
                    keys %$before);
        json_is $after->json, { %want, $name => $value }, 'nothing else';
        cmp_ok json_item($after, 'lastModifiedDateTime'), 'ge',
               $before->{lastModifiedDateTime}, 'the date';
        defined $value ? value_is get("$item/$name"), $value, $name, 'GET'
                       : answer_is get("$item/$name"), 204, 'GET';
    }

    my $date = value('lastModifiedDateTime');
    ok wait_until(5, sub {
        put("$item/displayName", { value => 'x' });
        return value('lastModifiedDateTime') gt $date;
    }), 'lastModifiedDateTime moves';

    # what may stand beside the value
    answer_is put("$item/displayName", { value => 'a', %$_ }), 204,
        "with @{[keys %$_]}" for
        { '@odata.context' => 'http://x/$metadata#y' }, { '@odata.type' => 1 },
        { '@x.y' => [{}] }, { 'value@odata.type' => '#String' };

    unchanged sub {
        for my $pair (['displayName', 5], ['displayName', JSON::PP::true],
            ['displayName', {}], ['displayName', []], ['description', 1.5],
            ['priority', 'x'], ['priority', '5'], ['priority', undef],
            ['priority', 2147483648], ['priority', -2147483649],
            ['priority', 1.5], ['priority', JSON::PP::true], ['priority', {}],
            ['priority', [1]])
        {
            my ($name, $value) = @$pair;
            error_is put("$item/$name", { value => $value }), 400, $name,
                     "$name is not " . json_text($value);
        }

        for my $data ({}, [], 'x', undef, 5, { Value => 'x' },
            { displayName => 'x' }, { value => 'x', other => 1 },
            { '@odata.type' => 'x' }, [{ value => 'x' }])
        {
            error_is put("$item/displayName", $data), 400, undef,
                     'not ' . json_text($data);
        }

        for my $body ('', '{', '{"value":"x"', '{"value":"x"}x', 'x',
            '{"value":"x","value":"y"}', qq({"value":"\xff"}),
            '{"value":"\u0000"}', '{"value":"\ud800"}', '{value:"x"}')
        {
            error_is text("$item/displayName", $body,
                          type => 'application/json'), 400, undef,
                     'no JSON: ' . printable($body);
        }

        error_is text("$item/displayName", '{"value":"x"}', type => $_), 415,
                 undef, 'type ' . ($_ // 'missing') for 'text/plain', undef;
    }, 'none of these changes anything';

    # as many times as it likes: an equal value is taken
    answer_is put("$item/priority", { value => 9 }), 204, 'once';
    answer_is put("$item/priority", { value => 9 }), 204, 'and again';
    $ask->('POST', API, json => { id => 'next' });
    is json_item(get(API . '/next'), 'priority'), 10, 'the next priority';
    ask('DELETE', API . '/next');
};


subtest 'U11: PUT and PATCH of a complex value' => sub {
    anew();
    my $url = "$item/userCheckinSummary";
    my ($s, $f) = qw(succeededUserCount failedUserCount);

    my $r = put($url, { $s => 1, $f => 2 });
    value_is $r, { $s => 1, $f => 2 }, 'userCheckinSummary', 'PUT';
    answer_is $r, 200, 'its headers';
    is etag($r), etag(get($item)), 'the new ETag of the entity';
    json_is value('userCheckinSummary'), { $s => 1, $f => 2 }, 'is read';
    value_is put($url, { $f => 3 }), { $s => 0, $f => 3 },
             'userCheckinSummary', 'PUT replaces';
    $r = patch($url, { $s => 4 });
    value_is $r, { $s => 4, $f => 3 }, 'userCheckinSummary', 'PATCH merges';
    is etag($r), etag(get($item)), 'the ETag';
    value_is patch($url, {}), { $s => 4, $f => 3 }, 'userCheckinSummary',
             'with nothing';
    value_is put($url, {}), { $s => 0, $f => 0 }, 'userCheckinSummary',
             'PUT of nothing';
    value_is get($url), { $s => 0, $f => 0 }, 'userCheckinSummary', 'GET';

    $r = put($url, { $s => 5 }, Prefer => 'return=minimal');
    answer_is $r, 204, 'PUT, minimal';
    is $r->header('Preference-Applied'), 'return=minimal', 'applied';
    is etag($r), etag(get($item)), 'the ETag';
    $r = patch($url, { $f => 6 }, Prefer => 'return=minimal');
    answer_is $r, 204, 'PATCH, minimal';
    is $r->header('Preference-Applied'), 'return=minimal', 'applied';
    $r = patch($url, { $f => 6 }, Prefer => 'return=representation');
    value_is $r, { $s => 5, $f => 6 }, 'userCheckinSummary', 'representation';
    is $r->header('Preference-Applied'), 'return=representation', 'applied';

    for my $method (\&put, \&patch) {
        put($url, {});
        $r = $method->($url, { '@odata.type' =>
            '#microsoft.graph.officeUserCheckinSummary', $s => 7, $f => 7 });
        answer_is $r, 200, 'with its type';
        is json_item($r, $_), 7, $_ for $s, $f;
        put($url, {});

        unchanged sub {
            error_is $method->($url, { $f => $_ }), 400,
                     "userCheckinSummary/$f", 'not ' . json_text($_) for
                'x', '1', 1.5, undef, 2147483648, JSON::PP::true, {}, [];
            error_is $method->($url, { other => 1 }), 400,
                     'userCheckinSummary/other', 'another member';
            error_is $method->($url, $_), 400, undef, 'nor ' . json_text($_) for [],
                'x', 5, JSON::PP::true, { '@odata.type' => '#x.y' };
        };
    }

    # one of its members
    put($url, { $s => 1, $f => 2 });
    for (["$url/$f", 7, { $s => 1, $f => 7 }], ["$url/$s", -1,
          { $s => -1, $f => 7 }])
    {
        $r = put($_->[0], { value => $_->[1] });
        answer_is $r, 204, "PUT $_->[0]";
        is etag($r), etag(get($item)), 'the ETag of the entity';
        json_is value('userCheckinSummary'), $_->[2], 'changes that one';
    }

    answer_is text("$url/$f/\$value", '12'), 204, 'as text';
    value_is get("$url/$f"), 12, "userCheckinSummary/$f", 'GET';
    unchanged sub {
        error_is put("$url/$f", { value => $_ }), 400,
                 "userCheckinSummary/$f", 'not ' . json_text($_)
            for 'x', undef, 1.5, {};
        error_is text("$url/$f/\$value", 'x'), 400, undef, 'nor as text';
        error_is ask('DELETE', $_), 400, undef, "DELETE $_"
            for "$url/$f", "$url/$f/\$value";
        error_is patch("$url/$f", { value => 1 }), 405, undef, 'PATCH';
    };

    answer_is ask('DELETE', $url), 204, 'DELETE';
    answer_is get($url), 204, 'null';
    is value('userCheckinSummary'), undef, 'in the entity as well';
    answer_is ask('DELETE', $url), 204, 'twice';
    value_is patch($url, { $f => 2 }), { $s => 0, $f => 2 },
             'userCheckinSummary', 'PATCH of null';
    ask('DELETE', $url);
    answer_is put("$url/$s", { value => 3 }), 204, 'PUT below null';
    json_is value('userCheckinSummary'), { $s => 3, $f => 0 },
            'the other one has its default';
};


subtest 'N7: the collection is replaced and emptied' => sub {
    anew(displayName => 'd');
    my $url = "$item/checkinStatuses";
    my $r = put($url, { value => \@status });
    answer_is $r, 204, 'PUT';
    is etag($r), etag(get($item)), 'the ETag of the entity';
    my $got = get($url)->json->{value};
    my $inline = value('checkinStatuses');
    json_is by_user($got), by_user($inline), 'as in the entity';
    is_deeply [map { $_->{userId} } @$inline], ['v', 'u'],
              'where the newest is first';
    is scalar @$got, 2, 'both';
    value_is get($url), $got, 'checkinStatuses', 'GET';
    text_is get("$url/\$count"), '2', 'their number';
    answer_is put($url, { value => [$status[1]] }), 204, 'PUT of one';
    is_deeply [map { $_->{userId} } @{get($url)->json->{value}}], ['v'],
              'replaces';

    unchanged sub {
        for (['0/userId', { userId => 5 }],
             ['0/wasSuccessful', { wasSuccessful => 'x' }],
             ['0/checkinDateTime', { checkinDateTime => 'x' }],
             ['0/other', { other => 1 }],
             ['0/appliedPolicies', { appliedPolicies => 1 }],
             ['0/appliedPolicies/1', { appliedPolicies => ['a', 2] }])
        {
            error_is put($url, { value => [{ %{$status[0]}, %{$_->[1]} }] }),
                     400, "checkinStatuses/$_->[0]", $_->[0];
        }

        error_is put($url, { value => [@status, {}] }), 400,
                 undef, 'one without its members';
        error_is put($url, { value => $_ }), 400, 'checkinStatuses',
                 'not ' . json_text($_) for undef, 'x', {}, 5;
        error_is put($url, [@status]), 400, undef, 'not wrapped';
        error_is patch($url, { value => [] }), 405, undef, 'PATCH';
    };

    answer_is put($url, { value => [] }), 204, 'PUT of nothing';
    value_is get($url), [], 'checkinStatuses', 'empties';
    put($url, { value => \@status });
    $r = ask('DELETE', $url);
    answer_is $r, 204, 'DELETE';
    is etag($r), etag(get($item)), 'the ETag';
    value_is get($url), [], 'checkinStatuses', 'empties as well';
    answer_is ask('DELETE', $url), 204, 'twice';
    is value('displayName'), 'd', 'the rest is there';
};


subtest 'I3: $value' => sub {
    anew(displayName => 'old', priority => 1);
    my $url = "$item/displayName/\$value";

    for my $bytes ('text', 'null', '5', '"quoted"', '{"a":1}', ' x ', "a\nb\t",
        '\\u0041', "\x01\x1f\x7f", "caf\xc3\xa9 \xf0\x9f\x98\x80", '', 'true',
        'x' x 100_000)
    {
        my $r = text($url, $bytes);
        answer_is $r, 204, 'PUT of ' . printable($bytes);
        is etag($r), etag(get($item)), 'the ETag of the entity';
        text_is get($url), $bytes, 'is read';
        utf8::decode(my $text = $bytes);
        value_is get("$item/displayName"), $text, 'displayName', 'as JSON';
    }

    for my $type ('text/plain;charset=utf-8', 'application/octet-stream',
                  undef, 'x/y')
    {
        answer_is text($url, 'of ' . ($type // 'none'), type => $type), 204,
                  'type ' . ($type // 'none');
        text_is get($url), 'of ' . ($type // 'none'), 'is read';
    }

    IO::Compress::Gzip::gzip(\'inflated' => \my $gz);
    answer_is text($url, $gz, headers => ['Content-Encoding' => 'gzip']), 204,
              'gzip';
    text_is get($url), 'inflated', 'is read';
    answer_is text($url, 'chunks', chunked => 2), 204, 'chunks';
    text_is get($url), 'chunks', 'are read';

    for my $number (0, 5, -7, 2147483647, -2147483648) {
        answer_is text("$item/priority/\$value", $number), 204,
                  "priority $number";
        value_is get("$item/priority"), 0 + $number, 'priority', 'is read';
    }

    unchanged sub {
        for my $body ('x', '', '1.5', '1e0', '0x1', '2147483648', '"5"',
            '-2147483649', 'null', 'true', '{}', '[]', '+5', '05', '5 6', '5,',
            '5}', '5,"x":1', '5,"@x":1', '5,"value":6', '5}x', '9' x 400,
            "5\0", '5x')
        {
            error_is text("$item/priority/\$value", $body), 400, undef,
                     'priority is not ' . printable($body);
        }

        error_is text($url, $_), 400, undef, 'no text: ' . printable($_)
            for "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "a\0b";
        error_is text($url, 'x', headers => ['Content-Encoding' => 'br']), 415,
                 undef, 'br';
        error_is text("$item/$_/\$value", 'x'), 405, undef, "PUT $_/\$value"
            for qw(id lastModifiedDateTime);
    };

    answer_is ask('DELETE', $url), 204, 'DELETE';
    answer_is get($url), 204, 'null';
    error_is ask('DELETE', "$item/priority/\$value"), 400, 'priority',
             'but not of priority';
};


subtest 'U11: DELETE' => sub {
    anew(displayName => 'd', description => 'e', priority => 3);

    for my $name (qw(displayName description)) {
        my $before = etag(get($item));
        my $r = ask('DELETE', "$item/$name");
        answer_is $r, 204, "DELETE $name";
        is etag($r), etag(get($item)), 'the ETag of the entity';
        isnt etag($r), $before, 'is new';
        answer_is get("$item/$name"), 204, 'it is null';
        is value($name), undef, 'in the entity as well';
        answer_is ask('DELETE', "$item/$name"), 204, 'twice';
    }

    unchanged sub {
        error_is ask('DELETE', "$item/priority"), 400, 'priority',
                 'priority cannot be null';
    };
    is value('priority'), 3, 'it stays';
};


subtest 'conditions and preferences' => sub {
    anew(displayName => 'old', userCheckinSummary => {});
    my $etag = etag(get($item));
    my %how = (
        'PUT displayName' => sub {
            put("$item/displayName", { value => 'x' }, @_) },
        'PUT $value' => sub {
            text("$item/displayName/\$value", 'x', headers => [@_]) },
        'PUT userCheckinSummary' => sub {
            put("$item/userCheckinSummary", {}, @_) },
        'PATCH userCheckinSummary' => sub {
            patch("$item/userCheckinSummary", {}, @_) },
        'PUT failedUserCount' => sub {
            put("$item/userCheckinSummary/failedUserCount", { value => 1 },
                @_) },
        'PUT checkinStatuses' => sub {
            put("$item/checkinStatuses", { value => [] }, @_) },
        'DELETE description' => sub { ask('DELETE', "$item/description", @_) },
        'DELETE checkinStatuses' => sub {
            ask('DELETE', "$item/checkinStatuses", @_) },
    );

    for my $name (sort keys %how) {
        unchanged sub {
            error_is $how{$name}->('If-Match' => $_), 412, undef,
                     "$name, If-Match: $_" for '"x"', 'x', 'W/"0"';
            error_is $how{$name}->('If-None-Match' => $_), 412, undef,
                     "$name, If-None-Match: $_" for '*', $etag;
        };

        my $r = $how{$name}->('If-Match' => $etag);
        like $r->status, qr/^20[04]$/, "$name, If-Match" or diag $r->text;
        isnt etag($r), $etag, 'a new ETag';
        error_is $how{$name}->('If-Match' => $etag), 412, undef, 'once'
            if $name !~ /checkinStatuses/;
        $etag = etag(get($item));
        like $how{$name}->('If-Match' => '*')->status, qr/^20[04]$/, '*';
        $etag = etag(get($item));
    }

    my $r = put("$item/displayName", { value => 'p' },
                Prefer => 'return=representation');
    value_is $r, 'p', 'displayName', 'return=representation';
    is $r->header('Preference-Applied'), 'return=representation', 'applied';
    is etag($r), etag(get($item)), 'the ETag';
    $r = put("$item/displayName", { value => 'p' },
             Prefer => 'return=minimal');
    answer_is $r, 204, 'return=minimal';
    is $r->header('Preference-Applied'), 'return=minimal', 'applied';
    $r = get("$item/displayName", Prefer => 'return=minimal');
    value_is $r, 'p', 'displayName', 'nothing for a GET';
    is $r->header('Preference-Applied'), undef, 'not applied';
    $r = ask('DELETE', "$item/displayName", Prefer => 'return=representation');
    answer_is $r, 204, 'nor for a DELETE';
    is $r->header('Preference-Applied'), undef, 'not applied';
};


subtest 'what is not there' => sub {
    anew(displayName => 'd', userCheckinSummary => {});
    my @none = map { API . $_ } '/none', q{('none')}, q{('')};

    unchanged sub {
        for my $path ((map { "$item/$_" } qw(nothing DisplayName displayname
            displayName/x displayName/$value/x displayName/$count
            priority/length id/x $value displayName(1) checkinStatuses/0
            checkinStatuses/$value checkinStatuses/userId
            userCheckinSummary/nothing userCheckinSummary/$value
            userCheckinSummary/failedUserCount/x displayName/displayName
            userCheckinSummary/failedUserCount/$value/x microsoft.graph
            @odata.etag lastModifiedDateTime/x)),
            (map { ("$_/displayName", "$_/displayName/\$value", "$_/id",
                    "$_/userCheckinSummary", "$_/checkinStatuses",
                    "$_/userCheckinSummary/failedUserCount") } @none))
        {
            error_is get($path), 404, undef, "GET $path";
            my $r = ask('HEAD', $path);
            answer_is $r, 404, 'HEAD', method => 'HEAD';
        }

        for my $base (@none) {
            error_is put("$base/displayName", { value => 'x' }), 404, undef,
                     "PUT $base/displayName";
            error_is put("$base/displayName", { value => 'x' },
                         'If-Match' => '*'), 404, undef, 'If-Match: *';
            error_is text("$base/displayName/\$value", 'x'), 404, undef,
                     '$value';
            error_is put("$base/userCheckinSummary", {}), 404, undef,
                     'a complex one';
            error_is patch("$base/userCheckinSummary", {}), 404, undef,
                     'PATCH';
            error_is put("$base/checkinStatuses", { value => [] }), 404, undef,
                     'a collection';
            error_is ask('DELETE', "$base/$_"), 404, undef, "DELETE $_"
                for qw(displayName userCheckinSummary checkinStatuses);
        }
    };
};


subtest 'methods' => sub {
    anew(displayName => 'd');
    my %allow = (
        id => 'GET, HEAD, OPTIONS',
        lastModifiedDateTime => 'GET, HEAD, OPTIONS',
        'id/$value' => 'GET, HEAD, OPTIONS',
        displayName => 'GET, HEAD, PUT, DELETE, OPTIONS',
        'displayName/$value' => 'GET, HEAD, PUT, DELETE, OPTIONS',
        userCheckinSummary => 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
        'userCheckinSummary/failedUserCount' =>
            'GET, HEAD, PUT, DELETE, OPTIONS',
    );

    unchanged sub {
        for my $path (sort keys %allow) {
            my $r = ask('OPTIONS', "$item/$path");
            answer_is $r, 204, "OPTIONS $path";
            is $r->header('Allow'), $allow{$path}, 'Allow';

            for my $method (qw(POST PUT PATCH DELETE BREW)) {
                next if $allow{$path} =~ /$method/;
                $r = $ask->($method, "$item/$path",
                            json => { value => 'x' });
                error_is $r, 405, undef, "$method $path";
                is $r->header('Allow'), $allow{$path}, 'Allow';
            }
        }
    };
};


subtest 'the singleton' => sub {
    my $entity = get(BASE)->json;
    is scalar @{$entity->{tenantCheckinStatuses}}, 2,
       'the check-ins of all documents so far';

    for my $name (qw(tenantCheckinStatuses tenantUserCheckinSummary id)) {
        my $value = $entity->{$name};
        my $r = get(BASE . "/$name");

        if (!defined $value) {
            like $r->status, $name eq 'id' ? qr/^(?:200|404)$/ : qr/^204$/,
                 "GET $name, which is null" or diag $r->text;

        } else {
            answer_is $r, 200, "GET $name";
            my %body = %{$r->json};
            like delete $body{'@odata.context'} // '',
                 qr{/beta/\$metadata#officeConfiguration/$name$}, 'context';
            $_ = by_user($_) for $name =~ /Statuses/ ? ($value, $body{value})
                                                     : ();
            json_is \%body, ref $value eq 'HASH' ? $value
                                                 : { value => $value },
                    'as in the singleton';
        }

        for my $method (qw(PUT PATCH DELETE)) {
            $r = $ask->($method, BASE . "/$name", json => { value => [] });
            error_is $r, 405, undef, "$method $name";
            like $r->header('Allow') // '',
                 qr/^GET, HEAD, (?:POST, )?OPTIONS$/, 'Allow';
        }
    }

    # with values that a client gave
    my $summary = { succeededUserCount => 2, failedUserCount => 1 };
    my $r = patch(BASE, { tenantUserCheckinSummary => $summary });
    answer_is $r, 200, 'PATCH of the singleton';
    $r = get(BASE . '/tenantUserCheckinSummary');
    answer_is $r, 200, 'its summary';
    is $r->json->{$_}, $summary->{$_}, $_ for keys %$summary;
    is etag($r), undef, 'no ETag where check-ins have come';
    isnt etag(get(BASE)), undef, 'the singleton has one';
    $r = get(BASE . '/tenantUserCheckinSummary/failedUserCount');
    answer_is $r, 200, 'a nested one';
    is $r->json->{value}, 1, 'its value';
    like $r->json->{'@odata.context'}, qr{/beta/\$metadata\#officeConfiguration
        /tenantUserCheckinSummary/failedUserCount$}x, 'its context';
    text_is get(BASE . '/tenantUserCheckinSummary/failedUserCount/$value'),
            '1', 'as text';

    error_is get(BASE . "/$_"), 404, undef, "GET $_" for
        qw(nothing displayName tenantCheckinStatuses/0 clientconfigurations
           tenantUserCheckinSummary/nothing tenantUserCheckinSummary/$value);
};


$t->allow_log(qr/a client request body is buffered to a temporary file/);
$t->done;
