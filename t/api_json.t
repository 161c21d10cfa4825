# What is JSON and what is not: RFC 8259 to the letter, on the wire.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis, location => 'client_max_body_size 4m;',
    server => 'keepalive_requests 1000000;');
my $ask = client($t);

$t->allow_log(qr/a client request body is buffered to a temporary file/);

sub post { $ask->('POST', API, body => $_[0], type => 'application/json') }

sub rejected {
    my ($bytes, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    error_is post($bytes), 400, '', $name;
}


# not JSON at all, or not only

rejected $_->[1], $_->[0] for (
    ['an empty body', ''], ['a space', ' '], ['white space', "\t\r\n "],
    ['a byte order mark', "\xef\xbb\xbf{}"],
    ['one of UTF-16', "\xff\xfe{\0}\0"], ['UTF-16', "{\0}\0"],
    ['a trailing comma', '{"description":"a",}'], ['only a comma', '{,}'],
    ['a leading comma', '{,"description":"a"}'],
    ['two commas', '{"description":"a",,"displayName":"b"}'],
    ['no comma', '{"description":"a" "displayName":"b"}'],
    ['a comma in a list', '{"checkinStatuses":[,]}'],
    ['a trailing comma in a list', '{"@x":[1,]}'],
    ['no colon', '{"description" "a"}'], ['two colons', '{"a"::1}'],
    ['no value', '{"description":}'], ['no name', '{:1}'],
    ['only a name', '{"description"}'],
    ['a name without quotes', '{description:"a"}'],
    ['a name that is a number', '{1:"a"}'],
    ['single quotes', "{'description':'a'}"],
    ['a comment', '{/* a */}'], ['a comment to the end', "{} // a\n"],
    ['a hash comment', "{}\n# a"],
    ['True', '{"@x":True}'], ['TRUE', '{"@x":TRUE}'], ['tru', '{"@x":tru}'],
    ['truex', '{"@x":truex}'], ['nul', '{"@x":nul}'], ['Null', '{"@x":Null}'],
    ['undefined', '{"@x":undefined}'], ['NaN', '{"@x":NaN}'],
    ['Infinity', '{"@x":Infinity}'], ['-Infinity', '{"@x":-Infinity}'],
    ['a brace too many', '{}}'], ['a bracket too many', '{}]'],
    ['a brace for a bracket', '{"@x":[1}}'], ['a bracket for a brace', '{]'],
    ['two documents', '{}{}'], ['two, apart', "{} {}"], ['a word behind', '{} x'],
    ['a NUL behind', "{}\0"], ['a NUL in front', "\0{}"],
    ['a comma behind', '{},'], ['a form feed', "{\f}"],
    ['a vertical tab', "{}\x0b"], ['a no-break space', "{}\xc2\xa0"],
    ['a line separator', "{\xe2\x80\xa8}"], ['JSONP', 'x({})'],
    ['a form', 'description=a'], ['XML', '<a/>'],
);


# JSON, but not an object

error_is post($_), 400, undef, "at the top: $_"
    for '[]', '[{}]', '"a"', '5', '-1.5e3', 'true', 'false', 'null', '""',
        ' [ ] ', '[[[]]]', '{}' =~ s/\{\}/[{"displayName":"a"}]/r;


# numbers

rejected qq({"\@x":$_}), "not a number: $_"
    for '01', '-01', '00', '1.', '.5', '-.5', '+1', '-', '1e', '1e+', '1.e5',
        '0x10', '1_000', '1,5', '--1', '- 1', '1e5.5', '1f', '1 2', '1d5',
        "1\0", '١';

error_is post(qq({"priority":$_})), 400, undef, "priority $_"
    for '1e999', '-1e999', '1' . '0' x 400, '1e99999999999999999999',
        '99999999999999999999', '1.0', '0.5', '1E0', '2147483647.0';

answer_is post(qq({"\@x":$_})), 201, "a number: $_"
    for 0, '-0', '0.0', '-0.0', '0e0', '1e5', '1E5', '1e+5', '1e-5',
        '-1.25e-10', '123456789.123456789', '0.' . '0' x 500 . '1',
        '9007199254740993', '9223372036854775807', '-9223372036854775808';


# strings

for my $pair (
    ['plain', 'plain'], ['', ''], ['\\"', '"'], ['\\\\', '\\'],
    ['\\/', '/'], ['/', '/'], ['\\b\\f\\n\\r\\t', "\b\f\n\r\t"],
    ['\\u0041', 'A'], ['\\u00e9', "\xe9"], ['\\u00E9', "\xe9"],
    ["\xc3\xa9", "\xe9"], ['\\u0001', "\x01"], ['\\u001f', "\x1f"],
    ["\x7f", "\x7f"], ['\\u007f', "\x7f"], ['\\u0080', "\x80"],
    ["\xc2\x80", "\x80"], ['\\u2028\\u2029', "\x{2028}\x{2029}"],
    ['\\uffff', "\x{ffff}"], ["\xef\xbf\xbf", "\x{ffff}"],
    ["\xef\xbb\xbf", "\x{feff}"], ['\\ufeff', "\x{feff}"],
    ["\xed\x9f\xbf", "\x{d7ff}"], ["\xee\x80\x80", "\x{e000}"],
    ['\\ud83d\\ude00', "\x{1f600}"], ['\\uD83D\\uDE00', "\x{1f600}"],
    ["\xf0\x9f\x98\x80", "\x{1f600}"], ['\\udbff\\udfff', "\x{10ffff}"],
    ["\xf4\x8f\xbf\xbf", "\x{10ffff}"], ['\\ud800\\udc00', "\x{10000}"],
    ['</script>', '</script>'], ['%s%n%V', '%s%n%V'],
    ['\\\\u0000', '\\u0000'], ['\\\\ud800', '\\ud800'], ["e\xcc\x81", "e\x{301}"],
    ['x' x 7 . '\\"' . 'y' x 8 . '\\n', 'x' x 7 . '"' . 'y' x 8 . "\n"],
    map({ ['x' x $_ . '\\u001f\\\\', 'x' x $_ . "\x1f\\"] } 1 .. 17),
    map({ ["\xc3\xa9" x $_ . '\\"', "\xe9" x $_ . '"'] } 1 .. 9),
    ["\xff" =~ s/\xff/"\xc3\xbf"/er x 300, "\xff" x 300])
{
    my ($text, $value) = @$pair;
    my $r = post(qq({"displayName":"$text","policyPayload":"$text"}));
    my $name = 'string ' . printable($text);
    answer_is $r, 201, $name;

    for my $got ($r, $t->get(path_of($r->header('Location') // ''))) {
        json_is [@{$got->json // {}}{qw(displayName policyPayload)}],
                [$value, $value], 'its value';
    }
}

# the same in a name: one that is unknown is named
for my $name ("\x{1f600}", "\x{7f}", "a\nb", q{"}, '\\') {
    error_is post(JSON::PP->new->utf8->encode({ $name => 1 })), 400, $name,
             'a name: ' . printable($name);
}

# and names that are like no other, beside those that are known
for my $n ('', 0 .. 40, '00', '1x', 'displayName', 9_999_999, 99_999_999) {
    my $name = "\x7f$n";
    my $show = printable($name);
    my @written = (qq("$name"), qq("\\u007f$n"), qq("\\u007F$n"));

    for my $written (@written) {
        error_is post("{$written:1}"), 400, $name, "a name: $show";
        error_is post(qq({"displayName":"d","userCheckinSummary":{$written:1}})),
                 400, "userCheckinSummary/$name", 'within';
        my $r = post(qq({"displayName":$written,"\@x":{"displayName":1,)
                     . qq($written:2},"policyPayload":"a long string"}));
        answer_is $r, 201, 'as a value';
        is json_item($r, 'displayName'), $name, 'comes back';
        rejected qq({"\@x":{"displayName":1,$written:2,$_:3}}), 'twice'
            for @written;
    }
}

for my $name (qw(id priority displayName userCheckinSummary userId deviceName
                 appliedPolicies assignments target groupId @odata.type))
{
    my $escaped = $name =~ s/(.)$/sprintf '\\u%04x', ord $1/er;
    rejected qq({"\@x":{"$_->[0]":1,"b":2,"$_->[1]":3}}), "$name, twice"
        for [$name, $name], [$name, $escaped], [$escaped, $name],
            [$escaped, $escaped];
    answer_is post(qq({"\@x":{"$name":1,"x$name":2,"${name}x":3,"\U$name\E":4,)
                   . qq("$name ":5}})), 201, "$name, and others";
    my $r = post(qq({"displayName":"$name","description":"$escaped"}));
    json_is [@{$r->json // {}}{qw(displayName description)}], [$name, $name],
            "$name, as a value";
}

my @strings = (
    ['a newline', "a\nb"], ['a tab', "\t"], ['a carriage return', "\r"],
    ['NUL', "a\0b"], ['U+0001', "\x01"], ['U+001F', "\x1f"],
    ['\\u0000', '\\u0000'], ['a \\u0000 within', 'a\\u0000b'],
    ['a lone high surrogate', '\\ud800'], ['the last', 'a\\udbff'],
    ['a lone low surrogate', '\\udc00'], ['the last', '\\udfffb'],
    ['two high surrogates', '\\ud83d\\ud83d'],
    ['the wrong order', '\\ude00\\ud83d'],
    ['a high one and a letter', '\\ud83da'],
    ['a high one and an escape', '\\ud83d\\n'],
    ['a high one and \\u0041', '\\ud83d\\u0041'],
    ['a high one and \\u0000', '\\ud83d\\u0000'],
    ['half of a pair behind a pair', '\\ud83d\\ude00\\ud83d'],
    ['surrogates in UTF-8', "\xed\xa0\xbd\xed\xb8\x80"],
    ['a high surrogate in UTF-8', "\xed\xa0\x80"],
    ['a low surrogate in UTF-8', "\xed\xbf\xbf"],
    ['an overlong slash', "\xc0\xaf"], ['an overlong NUL', "\xc0\x80"],
    ['overlong, of three bytes', "\xe0\x80\xaf"],
    ['an overlong e acute', "\xe0\x83\xa9"],
    ['overlong, of four bytes', "\xf0\x80\x80\xaf"],
    ['overlong, almost', "\xf0\x8f\xbf\xbf"], ['\\xC1', "\xc1\xbf"],
    ['above U+10FFFF', "\xf4\x90\x80\x80"], ['\\xF5', "\xf5\x80\x80\x80"],
    ['five bytes', "\xf8\x88\x80\x80\x80"], ['\\xFE', "\xfe"], ['\\xFF', "\xff"],
    ['a continuation alone', "\x80"], ['two', "a\xbf\xbf"],
    ['a lead byte alone', "\xc3"], ['and a letter', "\xc3a"],
    ['two bytes of three', "\xe2\x82"], ['and a letter', "\xe2\x82a"],
    ['three bytes of four', "\xf0\x9f\x98"], ['and a letter', "\xf0\x9f\x98a"],
    ['Latin 1', "caf\xe9"], ['\\x', '\\x41'], ['\\a', '\\a'], ['\\0', '\\0'],
    ['\\v', '\\v'], ["\\'", "\\'"], ['\\U', '\\U0041'], ['\\u', '\\u'],
    ['\\u1', '\\u1'], ['\\u123', '\\u123'], ['\\u123g', '\\u123g'],
    ['\\u+041', '\\u+041'], ['\\u 041', '\\u 041'], ['\\u{41}', '\\u{41}'],
    ['a backslash and a newline', "\\\n"], ['a backslash and a space', '\\ '],
);

for my $pair (@strings) {
    my ($name, $text) = @$pair;
    rejected qq({"displayName":"$text"}), "a string with $name";
    rejected qq({"\@x":["$text"]}), 'in an annotation';
    rejected qq({"\@$text":1}), 'in a name';
}


# strings of a length that is read in larger steps, and what stands beside them

my $long = 'long string ' x 3;

rejected $_, 'long strings: ' . printable($_) for (
    map { s/L/"$long"/gr }
    '{"description":L', '{"description":Lx}', '{"description":xL}',
    '{"description":L L}', '{"description":LL}', '{"description":L:L}',
    '{"description":L"displayName":L}', '{L}', '{L L}', '{L,L}', '{L:}',
    '{L:L:L}', '{"@x":[L L]}', '{"@x":[L:L]}', '{"@x":[L,]}', '{L:L,}',
    '{"@x":-L}', '{"@x":truL}', '{"@x":tru L}', '{"@x":1L}', '{"@x":1 L}',
    '{"@x":L}L', '{"@x":L} L', '{"@x":L}}', '{"@x":L,L:1,L:2}',
    '{"@x":{L:1,"a":2,L:3}}', '{"@x":{L :1,"a":2,L' . "\n" . ':3}}',
    '{"description":L/**/}', '{"description":L' . "\0}", '{L' . "\0" . ':1}',
);

rejected qq({"description":"$long$_), 'not closed: ' . printable($_)
    for '', '\\', '\\"', '\\"}', '\\\\\\"}', '}', "\n\"}", "\t\"}", "\0\"}",
        "\xff\"}", "\xc3\"}", '\\u12"}', '\\q"}', '\\ud800"}';

for my $first (map { chr } 0x20 .. 0x7f) {
    my @texts = map { $_ =~ s/(["\\])/\\$1/gr }
                ($first, $first . '0', $first . '1', $first . '01',
                 $first . $long, $long . $first);
    my @values = map { $_ =~ s/\\(.)/$1/gr } @texts;
    my $r = post('{"description":"' . $long . '","checkinStatuses":[{'
        . '"userId":"' . $long . '","wasSuccessful":true,"checkinDateTime":'
        . '"2020-01-01T00:00:00Z","appliedPolicies":["'
        . join('","', @texts) . '"]}]}');
    json_is json_item($r, 'checkinStatuses', 0, 'appliedPolicies'), \@values,
            'strings with ' . printable($first);
}


# names that are given twice in one object

rejected $_, 'twice: ' . printable($_) for (
    '{"displayName":"a","displayName":"a"}',
    '{"displayName":"a","description":"b","displayName":null}',
    '{"displayName":"a","display\\u004eame":"b"}',
    '{"display\\u004Eame":"a","\\u0064isplayName":"b"}',
    '{"@x":1,"@x":2}', '{"@x":1,"\\u0040x":2}', '{"@x":{"a":1,"b":2,"a":1}}',
    '{"@x":[[{"a":1,"\\u0061":2}]]}', '{"@x":{"":1,"":2}}',
    '{"@x":{"\\/":1,"/":2}}', '{"@x":{"\\ud83d\\ude00":1,"' . "\xf0\x9f\x98\x80"
        . '":2}}', '{"@x":{"' . "\xc3\xa9" . '":1,"\\u00e9":2}}',
    '{"userCheckinSummary":{"failedUserCount":1,"failedUserCount":1}}',
    '{"@odata.type":"#microsoft.graph.officeClientConfiguration",'
        . '"@odata.type":"#microsoft.graph.officeClientConfiguration"}',
    '{"@x":{' . join(',', map { qq("a$_":1) } 0 .. 200, 57) . '}}',
);

answer_is post($_), 201, 'not twice: ' . printable($_) for (
    '{"@x":{"a":1,"A":2}}', '{"@x":{"e\\u0301":1,"\\u00e9":2}}',
    '{"@x":{"a":1},"@y":{"a":1}}', '{"@x":[{"a":1},{"a":1}]}',
    '{"@x":{"a":{"a":{"a":1}}}}', '{"@x":{"a":1,"a ":2," a":3,"":4}}',
    '{"@x":{' . join(',', map { qq("a$_":1) } 0 .. 2000) . '}}',
);


# white space is of no account

answer_is post($_), 201, 'white space: ' . printable($_) for (
    '{}', ' {} ', "\t\r\n{\n}\r\n\t", "{ \"displayName\" : \"a\" }",
    "\n{\"displayName\"\t:\n\"a\"\r,\"priority\" :1 }\n",
    '{"checkinStatuses" : [ ] , "@x" : [ 1 , 2 ] }',
    ' ' x 100_000 . '{}' . "\n" x 100_000,
);


# depth: the object itself is the first of 32 levels

for my $open ('[', '{"a":') {
    my $close = $open eq '[' ? ']' : '}';
    my $nest = sub { '{"@x":' . $open x $_[0] . '1' . $close x $_[0] . '}' };

    answer_is post($nest->($_)), 201, ($_ + 1) . " levels of $open"
        for 1, 15, 30, 31;
    rejected $nest->($_), ($_ + 1) . " levels of $open"
        for 32, 33, 63, 64, 127, 500, 2_047, 2_048, 5_000, 100_000;
}

rejected '[' x $_, "$_ brackets and no more" for 1, 31, 32, 33, 1e3, 1e6;
rejected '{"a":' x $_, "$_ braces and no more" for 1, 32, 1e3, 5e5;
answer_is post('{"@x":[' . join(',', ('[' x 30 . ']' x 30) x 50) . ']}'),
          201, 'deep beside deep';
rejected '{"checkinStatuses":[' . '[' x 31 . ']' x 31 . ']}',
         'too deep in a property';


# the example, cut off at every byte, and with bytes in it that have no place
# anywhere

my $bytes = seed_bytes;
$bytes =~ s/\s+\z//;
my $before = $redis->cmd('HLEN', 'oc:{default}:cfg');

my %status;
$status{post(substr $bytes, 0, $_)->status}++ for 0 .. length($bytes) - 1;
is_deeply \%status, { 400 => length $bytes }, 'cut off at every byte: 400';

for my $bad ("\0", "\x1f", "\xff", "\xc0") {
    my $name = sprintf '0x%02x', ord $bad;
    %status = ();
    for my $at (0 .. length($bytes) - 1) {
        next if $bad eq "\xff" && $at % 3 || $bad eq "\xc0" && $at % 3;
        $status{post(substr($bytes, 0, $at) . $bad
                     . substr $bytes, $at + 1)->status}++;
    }
    is_deeply [keys %status], [400], "$name in place of a byte: 400";

    %status = ();
    for my $at (map { $_ * 3 } 0 .. length($bytes) / 3) {
        $status{post(substr($bytes, 0, $at) . $bad
                     . substr $bytes, $at)->status}++;
    }
    is_deeply [keys %status], [400], "$name between two bytes: 400";
}

is $redis->cmd('HLEN', 'oc:{default}:cfg'), $before, 'nothing was stored';
answer_is post($bytes), 201, 'the whole of it is fine';


# a great many small values: refused or not, they do no harm

my ($pid) = $nginx->workers;
my $million = sub { '{"@x":[' . join(',', ($_[0]) x $_[1]) . ']}' };

my %flood = (
    'a million numbers' => [$million->(1, 1_000_000)],
    'a million strings' => [$million->('""', 1_000_000)],
    'a million lists' => [$million->('[]', 1_000_000)],
    'a million objects' => [$million->('{}', 1_000_000)],
    'a million truths' => [$million->('true', 800_000)],
    'objects with a member' => [$million->('{"":0}', 500_000)],
    'many names' => ['{"@x":{' . join(',', map { qq("$_":0) } 1 .. 300_000)
                     . '}}'],
    'many annotations' => ['{' . join(',', map { qq("\@$_":0) } 1 .. 300_000)
                           . '}'],
    'lists of lists' => [$million->('[[[[[]]]]]', 300_000)],
    'a million numbers where a string belongs' =>
        ['{"displayName":[' . '1,' x 999_999 . '1]}', 400, 413],
    'a million statuses' => ['{"checkinStatuses":[' . '{},' x 999_999
                             . '{}]}', 400, 413],
    'a million assignments' => ['{"assignments":[' . '{},' x 999_999
                                . '{}]}', 400, 413],
);

for my $name (sort keys %flood) {
    my ($document, @want) = @{$flood{$name}};
    @want = (201, 413) unless @want;
    my $r = post($document);
    my $status = $r->status;

    ok scalar(grep { $_ == $status } @want), "$name: $status";
    $status == 201 ? answer_is $r, 201, 'the answer'
                   : error_is $r, $status, undef, 'the answer';
    unlike json_item($r, 'error', 'message') // '', qr/well-formed/,
           'which does not call it malformed';
    cmp_ok $r->elapsed, '<', $t->seconds(3), 'soon';
    cmp_ok $nginx->rss, '<', 180_000, 'memory stays sane'
        unless $t->sanitized;
}

# the sum of it, again and again, leaves no trace
SKIP: {
    skip 'the sanitizer keeps freed memory', 1 if $t->sanitized;
    my $rss = $nginx->rss;
    post($_->[0]) for map { @$_ } ([@flood{sort keys %flood}]) x 2;
    cmp_ok $nginx->rss, '<', $rss + 20_000, 'and does not grow';
}

is +($nginx->workers)[0], $pid, 'the worker lives';
answer_is post(seed_bytes), 201, 'and serves';


# valid documents of many values are not refused, as long as the values are
# more than brackets and quotes

# status($user, $members): the text of a check-in status

sub status {
    my ($user, $members) = @_;
    return qq({"userId":"$user","wasSuccessful":true,)
           . qq("checkinDateTime":"2020-01-01T00:00:00Z"$members});
}

# pages($response): the bodies of all pages of the check-ins of the
# configuration that was created

sub pages {
    my ($r) = @_;
    my $path = path_of($r->header('Location') // '') . '/checkinStatuses';
    my (@pages, %seen);

    while (length $path && !$seen{$path}++) {
        my $page = $t->get($path);
        last if $page->status != 200;
        push @pages, $page->body;
        $path = path_of(json_item($page, '@odata.nextLink') // '');
    }

    return @pages;
}

for my $n (1, 1_000, 20_000, 200_000) {
    for my $value ('""', '"a"', 'null', '"policy"') {

        # a check-in takes a thousand of them
        my $each = $n > 1_000 ? 1_000 : $n;
        my $policies = ',"appliedPolicies":['
                       . join(',', ($value) x $each) . ']';
        my $r = post('{"checkinStatuses":['
                     . join(',', map { status("u$_", $policies) }
                                 1 .. $n / $each) . ']}');
        my $name = "$n applied policies $value";

        if ($value eq '""' && $n > 20_000 && $r->status != 201) {
            error_is $r, 413, undef, $name;
            next;
        }

        $t->status_is($r, 201, $name);
        my $count = sub {
            my $sum = 0;
            $sum += () = /[\[,]\Q$value\E(?=[,\]])/g for @_;
            return $sum;
        };
        is $count->($r->body), $n > 100_000 ? 100_000 : $n, 'come back';
        is $count->(pages($r)), $n, 'and are in the collection';
    }
}

for my $value ('""', '"a"', 'null', '"policy"') {
    error_is post('{"checkinStatuses":[' . status('u', ',"appliedPolicies":['
                  . join(',', ($value) x $_) . ']') . ']}'), 400,
             'checkinStatuses/0/appliedPolicies',
             "a check-in with $_ applied policies $value" for 1_001, 5_000;
}

for my $value ('{}', '{"id":"%d"}', '{"target":null}', '{"@x":{}}') {
    for my $n (10, 100, 300, 1_000) {
        my $r = post('{"assignments":['
                     . join(',', map { $value =~ s/%d/$_/r } 1 .. $n) . ']}');
        answer_is $r, 201, "$n assignments $value";
        is scalar @{json_item($r, 'assignments') // []}, $n, 'come back';
    }
}

for my $more ('', ',"@":{"":{}}') {
    for my $n (100, 1_000, 10_000) {
        my $r = post('{"checkinStatuses":['
                     . join(',', map { status($_, $more) } 1 .. $n) . ']}');
        $t->status_is($r, 201, "$n check-in statuses$more");
        is scalar(() = $r->body =~ /"wasSuccessful":true/g), 100,
           'as many as are in an entity come back';
        is json_item($r, 'checkinStatuses@odata.count'),
           $n > 100 ? $n : undef, 'their number';

        my %seen;
        my $values = 0;
        for (pages($r)) {
            my @users = /"userId":"(\d+)"/g;
            $values += @users;
            @seen{@users} = ();
        }
        is_deeply [sort { $a <=> $b } keys %seen], [1 .. $n],
                  'all are in the collection';
        is $values, $n, 'once';

        $r = post('{"checkinStatuses":['
                  . join(',', (status('', $more)) x $n) . ']}');
        $t->status_is($r, 201, "$n times the same$more");
        is scalar(() = $r->body =~ /"wasSuccessful":true/g), 1, 'is one';
    }
}

$t->done;
