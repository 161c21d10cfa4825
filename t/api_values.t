# The type table as a client meets it: what each property takes, with the
# target that names the value that it does not.

use OfficeConfig::Test;

use JSON::PP ();
use POSIX ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis);
my $ask = client($t);

sub create { $ask->('POST', API, json => $_[0]) }
sub raw { $ask->('POST', API, body => $_[0], type => 'application/json') }


# document($path, $value): the least one that has the value there, for example
# at "checkinStatuses/0/userId"

my %status = (userId => 'u', wasSuccessful => JSON::PP::true,
              checkinDateTime => '2020-01-01T00:00:00Z');

# one of another user, and newer: it comes back in front of the others
my %first = (%status, userId => 'first',
             checkinDateTime => '2021-01-01T00:00:00Z');

my $group = '#microsoft.graph.officeConfigurationGroupAssignmentTarget';

sub document {
    my ($path, $value) = @_;
    my $document = {};
    my $at = \$document;

    for my $step (split m{/}, $path) {
        $at = $step =~ /^\d+$/ ? \$$at->[$step] : \$$at->{$step};
        $$at //= { %status } if $path =~ m{^checkinStatuses/\d+/}
                                && $step =~ /^\d+$/;
        $$at //= { '@odata.type' => $group }
            if $step eq 'target' && $path =~ m{/target/};
        $$at->[$_] //= $step eq 'checkinStatuses' ? { %first } : {}
            for $path =~ m{$step/([1-9]\d*)} ? 0 .. $1 - 1 : ();
    }

    $$at = $value;
    return $document;
}

json_is document('checkinStatuses/1/userId', 5),
        { checkinStatuses => [\%first, { %status, userId => 5 }] },
        'a document';


# what each property takes, of a sample of each kind of JSON value

my %sample = (
    string => 'text', empty => '', date => '2020-02-29T23:59:59.5+01:00',
    zero => 0, int => 7, minus => -7, large => 2147483648, huge => 1e30,
    float => 1.5, true => JSON::PP::true, false => JSON::PP::false,
    null => undef, array => [], object => {}, list => [1, 'a'],
    map => { a => 1 }, number_text => '7', true_text => 'true',
);

my @strings = qw(string empty date number_text true_text);
my @status = map { "checkinStatuses/1/$_" }
    qw(userPrincipalName deviceName devicePlatform devicePlatformVersion
       errorMessage);

my %takes = (
    (map { $_ => [@strings, 'null'] }
        qw(userPreferencePayload policyPayload description displayName),
        @status, 'assignments/1/target/groupId'),
    'checkinStatuses/1/userId' => [@strings],
    'checkinStatuses/1/wasSuccessful' => [qw(true false)],
    'checkinStatuses/1/checkinDateTime' => ['date'],
    'checkinStatuses/1/appliedPolicies' => ['array'],
    'checkinStatuses/1/appliedPolicies/2' => [@strings, 'null'],
    'checkinStatuses' => ['array'],
    'checkinStatuses/1' => [],
    'priority' => [qw(zero int minus)],
    'lastModifiedDateTime' => ['date'],
    'userCheckinSummary' => [qw(object null)],
    'userCheckinSummary/succeededUserCount' => [qw(zero int minus)],
    'userCheckinSummary/failedUserCount' => [qw(zero int minus)],
    'assignments' => ['array'],
    'assignments/1' => ['object'],
    'assignments/1/target' => [qw(object null)],
);

for my $path (sort keys %takes) {
    my %ok = map { $_ => 1 } @{$takes{$path}};

    for my $kind (sort keys %sample) {
        my $document = document($path, $sample{$kind});

        # items in front of an item of strings are strings as well
        $document->{checkinStatuses}[1]{appliedPolicies}[$_] = 'p' for
            $path =~ m{appliedPolicies/} ? (0, 1) : ();

        my $r = create($document);

        if (!$ok{$kind}) {
            my $target = $kind eq 'map' && $path =~ m{
                ^(?: userCheckinSummary | checkinStatuses/1 | assignments/1
                     (?:/target)? )$}x ? "$path/a"
                : $kind eq 'object' && $path eq 'checkinStatuses/1' ? undef
                : $kind eq 'list' && $ok{array} ? "$path/0"
                : $path;
            error_is $r, 400, $target, "$path: $kind is refused";
            next;
        }

        answer_is $r, 201, "$path: $kind";
        next if $kind eq 'object' || $path =~ /^lastModified/;
        json_is json_item($r, split m{/}, $path), $sample{$kind},
                'it comes back';
        next if $path =~ m{^assignments};
        my $got = $t->get(path_of($r->header('Location')));
        json_is json_item($got, split m{/}, $path), $sample{$kind},
                'and is read';
    }
}


# the service sets lastModifiedDateTime, whatever is given

isnt create({ lastModifiedDateTime => '2001-01-01T00:00:00Z' })
     ->json->{lastModifiedDateTime}, '2001-01-01T00:00:00Z',
     'lastModifiedDateTime is set by the service';


# required members of a check-in status

my $before = $redis->cmd('HLEN', 'oc:{default}:cfg');

for my $name (sort keys %status) {
    my %without = %status;
    delete $without{$name};
    error_is create({ checkinStatuses => [\%without] }), 400,
             "checkinStatuses/0/$name", "a status without $name";
    error_is create({ checkinStatuses => [(\%status) x 12, \%without] }), 400,
             "checkinStatuses/12/$name", 'the thirteenth';
    error_is create({ checkinStatuses => [{ %status, $name => undef }] }),
             400, "checkinStatuses/0/$name", 'null';
}

json_is create({ checkinStatuses => [\%status] })->json->{checkinStatuses},
    [{ %status, appliedPolicies => [],
       map { $_ => undef } qw(userPrincipalName deviceName devicePlatform
                              devicePlatformVersion errorMessage) }],
    'the rest has defaults';
json_is create({ userCheckinSummary => {} })->json->{userCheckinSummary},
        { succeededUserCount => 0, failedUserCount => 0 },
        'and so has a summary';
json_is create({ checkinStatuses => [{ %status,
            appliedPolicies => ['a', undef, '', 'a'] }] })
        ->json->{checkinStatuses}[0]{appliedPolicies},
        ['a', undef, '', 'a'], 'applied policies';


# unknown properties

for my $path ('nothing', 'DisplayName', 'display name', 'odata.type', 'Id',
    'tenantCheckinStatuses', 'groupId', 'a/b', "na\x{ef}ve\x{1f600}",
    '$select', 'a.b', '__proto__', '%41', "quote\"back\\slash", "\x01",
    'userCheckinSummary/nothing', 'userCheckinSummary/userId',
    'checkinStatuses/0/nothing', 'checkinStatuses/1/id',
    'assignments/0/nothing', 'assignments/1/displayName',
    'assignments/0/target/nothing')
{
    my $document = $path eq 'a/b' ? { 'a/b' => 1 } : document($path, 1);
    error_is create($document), 400, $path, 'unknown: ' . printable($path);
}

error_is create({ '' => 1 }), 400, undef, 'a property without a name';
error_is create({ assignments => [{ target => { groupId => 'g' } }] }), 400,
         'assignments/0/target/groupId', 'a property of another type';

$t->allow_log(qr/a client request body is buffered to a temporary file/);

for ('x' x 5_000, "\x{1f600}" x 3_000) {
    my $r = create({ $_ => 1 });
    error_is $r, 400, undef, 'unknown, with a long name';
    like $_, qr/^\Q@{[$r->json->{error}{target}]}\E/, 'the name, or its begin';
    cmp_ok length $r->body, '<', 4_000, 'but not a long answer';
}


# annotations are never an error, whatever they hold

my @annotations = (
    '"@x.y":1', '"@x.y":{"a":[{"b":null}]}', '"@odata.etag":"W/\"1\""',
    '"@odata.context":"http://x/$metadata#y"', '"@odata.id":"x"',
    '"@odata.editLink":5', '"@id":null', '"@etag":"a"', '"@context":"b"',
    '"@removed":{"reason":"changed"}', '"@":true', '"@@":true',
    '"displayName@x.y":[1,2]', '"displayName@odata.type":"#String"',
    '"policyPayload@odata.mediaContentType":"text/plain"',
    '"policyPayload@odata.mediaReadLink":"http://x"',
    '"nothing@x.y":1', '"@x.y#z":1', '"priority@odata.type":"Int32"',
    '"checkinStatuses@odata.count":"5"', '"assignments@odata.context":"x"',
    '"assignments@odata.navigationLink":"x"', '"id@x.y":7',
    '"@x.y":' . '[' x 31 . ']' x 31, '"@x.y":1e5', '"@x.y":-0.0e-5',
    '"@x.y":99999999999999999999', '"@x.y":-99999999999999999999',
    '"@x.y":123456789012345678901234567890.5', '"@x.y":1e-999',
    '"@x.y":"\ud83d\ude00"',
);

for my $annotation (@annotations) {
    my $r = raw(qq({"displayName":"d",$annotation,"priority":8}));
    answer_is $r, 201, $annotation;
    my $item = $r->json // {};
    json_is [@{$item}{qw(displayName priority)}], ['d', 8],
            'the properties are there';
    is scalar(() = $r->body =~ /"\@odata\.$_":/g), 1, "one \@odata.$_"
        for qw(context etag);
}

for my $annotation (grep { !/\[{20}/ } @annotations) {
    my $status = JSON::PP->new->encode(\%status) =~ s/^\{/{$annotation,/r;
    my $r = raw(<<"END");
        {"userCheckinSummary":{"failedUserCount":5,$annotation},
         "checkinStatuses":[$status],
         "assignments":[{$annotation,"id":"a","target":{"\@odata.type":"$group",
                                           "groupId":"g",$annotation}}]}
END
    answer_is $r, 201, "everywhere: $annotation";
    json_is [map { json_item($r, @$_) }
                ['userCheckinSummary', 'failedUserCount'],
                ['checkinStatuses', 0, 'userId'],
                ['assignments', 0, 'id'],
                ['assignments', 0, 'target', 'groupId']],
            [5, 'u', 'a', 'g'], 'the properties are there';
}


# types

my $type = '@odata.type';
my $ns = 'microsoft.graph';

for my $name (map { ("$ns.$_", "#$ns.$_") }
              qw(officeClientConfiguration windowsOfficeClientConfiguration
                 windowsOfficeClientSecurityConfiguration))
{
    my $r = create({ $type => $name, displayName => 'd' });
    answer_is $r, 201, "type $name";
    is json_item($r, $type), $name, 'as it was given';
    is $t->get(path_of($r->header('Location')))->json->{$type}, $name,
       'and read';
    error_is create({ $type => $name, nothing => 1 }), 400, 'nothing',
             'unknown properties';
}

my @types = ("#$ns.nothing", "$ns.", "#$ns", '', '#', 'officeClientConfiguration',
    "#graph.officeClientConfiguration", "##$ns.officeClientConfiguration",
    "#$ns.OfficeClientConfiguration", "#$ns.officeClientConfiguration ",
    "#Collection($ns.officeClientConfiguration)", '#Edm.String', '#String',
    "#$ns.officeClientConfiguration\0", "#$ns.entity",
    "#$ns.officeConfiguration", "#$ns.officeClientCheckinStatus",
    "#$ns.officeClientConfigurationAssignment",
    "#$ns.officeUserCheckinSummary", "#$ns.officeClientConfigurationX");

for my $name (@types) {
    next if $name =~ /\0/;
    error_is create({ $type => $name }), 400, $type,
             'type ' . printable($name);
}

error_is create({ $type => $_->[1] }), 400, $type, "type $_->[0]"
    for ['null', undef], ['number', 1], ['list', []], ['object', {}],
        ['true', JSON::PP::true];

my %own = ('userCheckinSummary' => 'officeUserCheckinSummary',
           'checkinStatuses/0' => 'officeClientCheckinStatus',
           'assignments/0' => 'officeClientConfigurationAssignment',
           'assignments/0/target' => 'officeConfigurationAssignmentTarget');

for my $path (sort keys %own) {
    for my $name ("$ns.$own{$path}", "#$ns.$own{$path}") {
        my $document = document("$path/$type", $name);
        $document->{assignments}[0]{target} = { $type => $name }
            if $path =~ /target/;
        my $r = create($document);
        answer_is $r, 201, "$path: $name";
        is json_item($r, split(m{/}, $path), $type), $name,
           'as it was given';
    }

    for my $name ("#$ns.officeClientConfiguration", "#$ns.nothing",
                  "#$ns.entity", $path =~ /Summary/
                  ? "#$ns.officeClientCheckinStatus"
                  : "#$ns.officeUserCheckinSummary")
    {
        my $document = document("$path/$type", $name);
        $document->{assignments}[0]{target} = { $type => $name }
            if $path =~ /target/;
        error_is create($document), 400, "$path/$type", "$path: not $name";
    }
}


# Edm.DateTimeOffset: a date-time of RFC 3339

my $date = sub { "2016-12-31T23:56:50$_[0]" };

for my $value ('2016-12-31T23:56:50.069086+00:00', map({ $date->($_) }
        'Z', 'z', '.0Z', '.1Z', '.123456789Z', '.1234567890123456789Z',
        '+14:00', '-12:00', '-00:00', '+23:59', '-23:59', '+00:30'),
    '2016-12-31t23:56:50Z', '2020-02-29T00:00:00Z', '2000-02-29T00:00:00Z',
    '0001-01-01T00:00:00Z', '0000-02-29T00:00:00Z',
    '2019-12-31T23:59:59.999999999-23:59', '0001-01-01T00:00:00+23:59',
    '2016-12-31T23:59:60Z', '2016-12-31T23:59:60.999Z',
    '2017-01-01T00:59:60+01:00', '1990-12-31T15:59:60-08:00',
    '2021-04-30T00:00:00Z', '2021-01-31T00:00:00Z')
{
    my $r = create({ checkinStatuses => [{ %status,
                                           checkinDateTime => $value }] });
    answer_is $r, 201, "date $value";
    is json_item($r, 'checkinStatuses', 0, 'checkinDateTime'), $value,
       'comes back as it was given';
}

for my $value ('', ' ', 'now', '2016', '2016-12-31', '20161231T235650Z',
    '2016-12-31T23:56Z', '2016-12-31T23:56:50', map({ $date->($_) }
        ' Z', 'Z ', 'UTC', '.Z', ',5Z', '.5', '.5 Z', '..5Z', '.-5Z', '+00',
        '+0000', '+0:00', '+00:0', '+24:00', '-24:00', '+00:60', '+ 0:00',
        'Z+00:00', '+00:00Z', "Z\n", "Z\t", "\x{660}Z", '00:00', '/00:00',
        '+00:00:00', '+-1:00', "+\x{ff10}0:00", '.5e3Z'),
    ' 2016-12-31T23:56:50Z', '2016-12-31 23:56:50Z', '2016-12-31_23:56:50Z',
    '2016-12-31T24:00:00Z', '2016-12-31T23:60:00Z', '2016-12-31T23:56:61Z',
    '2016-12-31T12:34:60Z', '2016-13-01T00:00:00Z', '2016-00-01T00:00:00Z',
    '2016-01-00T00:00:00Z', '2016-01-32T00:00:00Z', '2016-04-31T00:00:00Z',
    '2019-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2100-02-29T00:00:00Z',
    '2016-02-30T00:00:00Z', '16-12-31T23:56:50Z', '12016-12-31T23:56:50Z',
    '+2016-12-31T23:56:50Z', '-2016-12-31T23:56:50Z', '2016-1-31T23:56:50Z',
    '2016-12-1T23:56:50Z', '2016-12-31T3:56:50Z', '2016-12-31T23:6:50Z',
    '2016-12-31T23:56:5Z', '2016-W52-6T23:56:50Z', '2016-366T23:56:50Z',
    '2016/12/31T23:56:50Z', '2016-12-31T23.56.50Z', '2016-12-31T-3:56:50Z',
    '2016-12-31TT23:56:50Z', 'Sat, 31 Dec 2016 23:56:50 GMT',
    '/Date(1483228610000)/', '1483228610', "2016-12-31T23:56:50Z\x{2028}",
    '2016-12-31T23:56:50ZZ', '2016-12-31T23:56:50Z' . ' ' x 2_000)
{
    error_is create({ checkinStatuses => [{ %status,
                                            checkinDateTime => $value }] }),
             400, 'checkinStatuses/0/checkinDateTime',
             'no date: ' . printable($value);
}


# a check-in is not of tomorrow

sub from_now {
    my ($seconds, $zone) = @_;
    return POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime time + $seconds)
           . ($zone // 'Z');
}

for my $value (from_now(-10), from_now(3_600), from_now(86_400 - 300),
               from_now(86_400 + 3_600 - 300, '+01:00'),
               from_now(86_400 - 43_200 - 300, '-12:00'))
{
    my $r = create({ checkinStatuses => [{ %status,
                                           checkinDateTime => $value }] });
    answer_is $r, 201, "less than a day ahead: $value";
    is json_item($r, 'checkinStatuses', 0, 'checkinDateTime'), $value,
       'comes back as it was given';
    json_is json_item($r, 'userCheckinSummary'),
            { succeededUserCount => 1, failedUserCount => 0 }, 'counts';
}

for my $value (from_now(86_400 + 300), from_now(86_400 - 300, '-01:00'),
    from_now(86_400 + 3_600 + 300, '+01:00'), from_now(366 * 86_400),
    '9999-12-31T23:59:59.999999999-23:59', '9999-12-31T23:59:59Z',
    '9999-12-31T00:00:00+23:59')
{
    error_is create({ checkinStatuses => [{ %status,
                                            checkinDateTime => $value }] }),
             400, 'checkinStatuses/0/checkinDateTime',
             "more than a day ahead: $value";
    error_is create({ checkinStatuses => [(\%status) x 3, { %status,
                                            checkinDateTime => $value }] }),
             400, 'checkinStatuses/3/checkinDateTime', 'the fourth';
}


# the size of a status: that of its JSON as it comes back

for my $name (qw(errorMessage userId deviceName)) {
    my $size = sub {
        my ($r) = @_;
        return $r->body =~ /"checkinStatuses":\[(\{.*?\})\]/s ? length $1 : 0;
    };
    my $of = sub {
        return create({ checkinStatuses => [{ %status, errorMessage => '',
            deviceName => '', $name => $_[0] }] });
    };
    my $left = 65_536 - $size->($of->(''));
    cmp_ok $left, '>', 65_000, "there is room for $name";

    for my $char (['x', 1], ['"', 2], ["\x{1f600}", 4]) {
        my ($text, $bytes) = @$char;
        my $n = int $left / $bytes;
        my $show = "$name: $n times " . printable($text);
        my $r = $of->($text x $n);
        answer_is $r, 201, $show;
        is json_item($r, 'checkinStatuses', 0, $name), $text x $n,
           'comes back';
        is $size->($r), 65_536 - $left % $bytes, 'as large as can be';
        error_is $of->($text x ($n + 1)), 400, 'checkinStatuses/0',
                 'one more is too much';
    }
}

$t->done;
