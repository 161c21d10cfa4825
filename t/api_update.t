# Changing a configuration with PATCH and PUT, and the singleton with PATCH:
# what is merged, replaced and refused, conditions, preferences, $select and
# $expand. U4 and so on name the lines of OData's conformance.

use OfficeConfig::Test;

use JSON::PP ();
use POSIX ();
use Time::Local qw(timegm);

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;

# several workers, for the races; the tenant is in a header
$t->serve(redis => $redis, workers => 3,
    http => 'map $http_x_tenant $tenant '
            . '{ default $http_x_tenant; "" default; }',
    server => 'keepalive_requests 1000000;',
    location => 'office_config_tenant $tenant;');

my $send = client($t);
my $item = API . '/one';
my $root = 'http://localhost/beta/$metadata#officeConfiguration';
my $context = "$root/clientConfigurations";
my $namespace = 'microsoft.graph';
my $summary_type = "$namespace.officeUserCheckinSummary";
my @derived = map { "$namespace.windowsOffice$_" } qw(ClientConfiguration
    ClientSecurityConfiguration);


# ask($method, $path, $json, @headers): $json is data, the text of a document
# in a reference, or undef for no body

sub ask {
    my ($method, $path, $json, @headers) = @_;
    my @body = ref $json eq 'SCALAR'
             ? (body => $$json, type => 'application/json')
             : defined $json ? (json => $json) : ();
    return $send->($method, $path, @body, headers => \@headers);
}

# fresh(%members): the configuration "one", made anew of the example with
# these members besides, those that are undef left out; the response

sub fresh {
    my %json = (%{+seed}, id => 'one', @_);
    delete @json{grep { !defined $json{$_} } keys %json};
    ask('DELETE', $item);
    my $r = ask('POST', API, \%json);
    die 'cannot create: ' . $r->text . "\n" if $r->status != 201;
    return $r;
}

# status(%members): a check-in status

sub status {
    return { userId => 'u', wasSuccessful => JSON::PP::true,
             checkinDateTime => '2016-12-31T23:56:50Z', @_ };
}

# whole_status(%members): the same, as it comes back

sub whole_status {
    return status(appliedPolicies => [], map({ ($_ => undef) }
        qw(userPrincipalName deviceName devicePlatform devicePlatformVersion
           errorMessage)), @_);
}

# data($response): the entity without what each change makes new; plain: its
# text without that, to the byte

sub data {
    my %entity = %{json_item($_[0]) // {}};
    delete @entity{qw(@odata.context @odata.etag lastModifiedDateTime)};
    return \%entity;
}

# by_user($statuses): check-in statuses of the same date are in any order

sub by_user {
    return [sort { $a->{userId} cmp $b->{userId} } @{$_[0] // []}];
}

sub plain {
    return $_[0]->body =~ s{^\{"\@odata.context":"[^"]*",
                            "\@odata.etag":"W/\\"[^"]*\\"",}{\{}xr
                       =~ s/("lastModifiedDateTime":)"[^"]*"/$1/r;
}

# changed($response, $before, $name): 200 or 201, with an ETag that is new, the
# same in header and body, and the one that a GET has; its data

sub changed {
    my ($r, $before, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    subtest $name => sub {
        answer_is $r, 200, 'status';
        is json_item($r, '@odata.etag'), $r->header('ETag'),
           'the ETag in header and body';
        isnt $r->header('ETag'), ref $before ? $before->header('ETag')
                                             : $before, 'is new';
        my $got = ask('GET', $item);
        is $got->body, $r->body, 'GET has the same body';
        is $got->header('ETag'), $r->header('ETag'), 'and ETag';
        is $redis->cmd('ZSCORE', 'oc:{default}:pri', 'one'),
           json_item($got, 'priority'), 'the index has its priority';
    };

    return data($r);
}

# refused($status, $target, $name, @ask): an error that changes nothing, U14

sub refused {
    my ($status, $target, $name, @ask) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $state = json_text(contents($redis));
    my $r = ask(@ask);

    subtest "$name, $status" => sub {
        error_is $r, $status, $target, 'the error';
        is $r->header('Preference-Applied'), undef, 'nothing was honoured';
        is json_text(contents($redis)), $state, 'U14: nothing has changed';
    };

    return $r;
}

sub stale { $_[0] =~ s{"(.*)"}{'"' . $1 =~ tr/0-9a-f/1-9a-f0/r . '"'}er }


subtest 'U4: what is not given stays' => sub {
    my %new = (displayName => 'new', description => '', priority => -3,
        policyPayload => 'bmV3', userPreferencePayload => "\x{1f600}",
        userCheckinSummary => { '@odata.type' => $summary_type,
            succeededUserCount => 0, failedUserCount => 2147483647 },
        checkinStatuses => [whole_status()]);

    for my $name (sort keys %new) {
        my $before = fresh();
        my $r = ask('PATCH', $item, { $name => $new{$name} });
        json_is changed($r, $before, "PATCH of $name"),
                { %{+data($before)}, $name => $new{$name} }, $name;
        next if $name eq 'priority' || $name eq 'checkinStatuses';

        $before = $r;
        next if $name eq 'userCheckinSummary';
        $r = ask('PATCH', $item, { $name => undef });
        json_is changed($r, $before, "PATCH of $name with null"),
                { %{+data($before)}, $name => undef }, "$name is null";
    }

    my $before = fresh();
    my $r = ask('PATCH', $item, \%new);
    json_is changed($r, $before, 'PATCH of all'),
            { %{+data($before)}, %new }, 'all of it';
    is json_item($r, '@odata.context'), "$context/\$entity", 'the context';
    like $r->body, qr/^\{"\@odata\.context":/, 'is first';

    $r = ask('PATCH', $item, {});
    answer_is $r, 200, 'PATCH of nothing';
    json_is data($r), { %{+data($before)}, %new }, 'changes nothing';
    is json_item($r, '@odata.etag'), $r->header('ETag'), 'its ETag';
    is ask('GET', $item)->header('ETag'), $r->header('ETag'), 'is stored';

    for my $path (API . q{('one')}, API . '(%27one%27)', "$item/") {
        $before = fresh();
        $r = ask('PATCH', $path, { displayName => $path });
        json_is changed($r, $before, "PATCH $path"),
                { %{+data($before)}, displayName => $path }, $path;
    }

    my $c = $t->connect;
    $c->send(join '', map { $c->format_request('PATCH', $item,
                 json => { displayName => "n$_" }) } 1 .. 20);
    is_deeply [map { json_item($c->response, 'displayName') } 1 .. 20],
              [map { "n$_" } 1 .. 20], 'in a pipeline';
};


subtest 'U4: complex values are merged' => sub {
    my @type = ('@odata.type' => $summary_type);
    my @case = (
        ['one of two', { succeededUserCount => 2, failedUserCount => 15 },
         { failedUserCount => 3 },
         { succeededUserCount => 2, failedUserCount => 3 }],
        ['the other', { succeededUserCount => 2, failedUserCount => 15 },
         { succeededUserCount => -1 },
         { succeededUserCount => -1, failedUserCount => 15 }],
        ['both', { succeededUserCount => 2, failedUserCount => 15 },
         { succeededUserCount => 4, failedUserCount => 5 },
         { succeededUserCount => 4, failedUserCount => 5 }],
        ['nothing', { succeededUserCount => 2, failedUserCount => 15 }, {},
         { succeededUserCount => 2, failedUserCount => 15 }],
        ['its type is stored', { @type, succeededUserCount => 2,
                                 failedUserCount => 15 },
         { failedUserCount => 3 },
         { @type, succeededUserCount => 2, failedUserCount => 3 }],
        ['its type is stored and given', { @type, succeededUserCount => 2,
                                           failedUserCount => 15 },
         { @type, failedUserCount => 3 },
         { @type, succeededUserCount => 2, failedUserCount => 3 }],
        ['an annotation', { succeededUserCount => 2, failedUserCount => 15 },
         { '@x.y' => [1], 'failedUserCount@z' => 1, failedUserCount => 3 },
         { succeededUserCount => 2, failedUserCount => 3 }],
        ['null before', undef, { failedUserCount => 3 },
         { succeededUserCount => 0, failedUserCount => 3 }],
        ['null before, nothing given', undef, {},
         { succeededUserCount => 0, failedUserCount => 0 }],
        ['null given', { succeededUserCount => 2, failedUserCount => 15 },
         undef, undef],
        ['null given, null before', undef, undef, undef],
    );

    for (@case) {
        my ($name, $stored, $given, $want) = @$_;
        my $before = fresh(userCheckinSummary => $stored);
        my $r = ask('PATCH', $item, { userCheckinSummary => $given });
        json_is changed($r, $before, $name),
                { %{+data($before)}, userCheckinSummary => $want },
                "$name: merged";
    }

    # a type that is named where it was not: the same type still

    for my $type ($summary_type, "#$summary_type") {
        for my $pair ([[], ['@odata.type' => $type]],
                      [['@odata.type' => $type], []],
                      [['@odata.type' => $type],
                       ['@odata.type' => "#$type" =~ s/^##//r]])
        {
            my ($stored, $given) = @$pair;
            my $name = "stored with (@$stored), given with (@$given)";
            fresh(userCheckinSummary => { @$stored, succeededUserCount => 2,
                                          failedUserCount => 15 });
            my $r = ask('PATCH', $item, { userCheckinSummary =>
                        { @$given, failedUserCount => 3 } });
            answer_is $r, 200, $name;
            my %value = %{json_item($r, 'userCheckinSummary') // {}};
            delete $value{'@odata.type'};
            json_is \%value, { succeededUserCount => 2,
                               failedUserCount => 3 }, "$name: merged";
        }
    }
};


subtest 'U4: collections are replaced' => sub {
    my $at = sub { sprintf '2016-12-%02dT23:56:50Z', $_[0] };

    for my $list ([], [status()], [map { status(userId => "u$_") } 10 .. 59],
                  [map { status(userId => "u$_",
                                checkinDateTime => $at->($_)) } 1 .. 31],
                  [status(deviceName => 'd', appliedPolicies => ['a', 'b'])])
    {
        for my $old (0, 1, 3) {
            my $before = fresh(checkinStatuses =>
                [map { status(userId => "old$_") } 1 .. $old]);
            my $r = ask('PATCH', $item, { checkinStatuses => $list });
            my %got = %{+changed($r, $before, @$list . ' items')};
            json_is [map { $_->{checkinDateTime} } @{$got{checkinStatuses}}],
                    [reverse sort map { $_->{checkinDateTime} } @$list],
                    'newest first';
            json_is { %got, checkinStatuses =>
                            by_user($got{checkinStatuses}) },
                    { %{+data($before)}, checkinStatuses =>
                      by_user([map { whole_status(%$_) } @$list]) },
                    "instead of $old";
        }
    }
};


subtest 'PUT replaces' => sub {
    my %default = (id => 'one', checkinStatuses => [], priority => 1,
        userCheckinSummary => { succeededUserCount => 0,
                                failedUserCount => 0 },
        map { ($_ => undef) } qw(userPreferencePayload policyPayload
        description displayName));

    for my $type (undef, "#$namespace.officeClientConfiguration",
                  $derived[0])
    {
        my %type = defined $type ? ('@odata.type' => $type) : ();
        my $name = $type // 'no type';
        my $before = fresh('@odata.type' => $type,
                           assignments => [{ id => 'a' }, { id => 'b' }]);
        my $r = ask('PUT', $item, {});
        json_is changed($r, $before, "PUT of nothing, $name"),
                { %default, %type }, 'the defaults';
        is_deeply [map { $_->{id} } @{json_item(
                      ask('GET', "$item?\$expand=assignments"),
                      'assignments')}],
                  ['a', 'b'], 'what it contains stays';
    }

    my %full = %{+seed};
    delete $full{'@odata.type'};

    for my $name (sort keys %full) {
        my $before = fresh('@odata.type' => undef);
        my $r = ask('PUT', $item, { $name => $full{$name} });
        json_is changed($r, $before, "PUT with $name"),
                { %default, $name => $full{$name} }, "only $name";
    }

    my $before = fresh('@odata.type' => undef);
    my $r = ask('PUT', $item,
                { userCheckinSummary => { failedUserCount => 9 },
                  checkinStatuses => [status()] });
    json_is changed($r, $before, 'PUT of a part'),
            { %default, userCheckinSummary => { succeededUserCount => 0,
                                                failedUserCount => 9 },
              checkinStatuses => [whole_status()] }, 'nothing is merged';
};


subtest 'PUT without a priority' => sub {
    my @case = (
        [[3, 10], 5, 11], [[3, 10], 50, 11], [[3, 10], 10, 11],
        [[3, 10], 11, 11], [[], 8, 1], [[], -9, 1], [[-7, -5], -6, -4],
        [[-7, -5], 3, -4], [[-1], 0, 0], [[2147483646], 2147483647,
        2147483647], [[1], 2147483647, 2], [[-2147483648], 5, -2147483647],
    );

    for (@case) {
        my ($others, $own, $want) = @$_;
        my $name = "others [@$others], own $own";
        my $before = fresh(priority => $own);
        my @ids = map { json_item(ask('POST', API, { priority => $_ }),
                                  'id') } @$others;

        for my $time ('once', 'twice') {
            my $r = ask('PUT', $item, { displayName => $time });
            is changed($r, $before, "$name, $time")->{priority}, $want,
               "highest of the others and one";
            $before = $r;
        }

        my $r = ask('PUT', $item, { priority => $own });
        is changed($r, $before, "$name, given")->{priority}, $own, 'as given';
        ask('DELETE', API . "/$_") for @ids;
    }

    fresh(priority => 4);
    ask('POST', API, { id => 'last', priority => 2147483647 });
    refused(409, 'priority', 'no priority is left', 'PUT', $item, {});
    answer_is ask('PUT', $item, { priority => 2147483647 }), 200,
              'but can be given';
    ask('DELETE', API . '/last');
};


subtest 'U5: the id cannot change' => sub {
    for my $method ('PATCH', 'PUT') {
        my $before = fresh();
        my $r = ask($method, $item, { id => 'one', displayName => 'd' });
        is changed($r, $before, "$method with the same id")->{displayName},
           'd', 'is done';
        refused(400, 'id', "$method, id " . json_text($_), $method, $item,
                { id => $_, displayName => 'x' })
            for 'two', 'ONE', 'one ', '', undef, 1, [], {}, JSON::PP::true;
    }

    ask('POST', API, { id => q{it's "a\\b"/c} });
    my $path = item_path(API, q{it's "a\\b"/c});
    answer_is ask('PATCH', $path, { id => q{it's "a\\b"/c} }), 200,
              'an id of any characters';
    refused(400, 'id', 'and another', 'PATCH', $path, { id => 'one' });
    ask('DELETE', $path);
};


subtest 'U5: the type cannot change' => sub {
    my $base = "$namespace.officeClientConfiguration";

    for my $stored (undef, $base, "#$base", @derived, "#$derived[0]") {
        my ($own) = ($stored // $base) =~ /^#?(.*)/;

        for my $method ('PATCH', 'PUT') {
            for my $annotation ('@odata.type', '@type') {
                for my $same ($own, "#$own") {
                    my $before = fresh('@odata.type' => $stored);
                    my $r = ask($method, $item, { $annotation => $same,
                                                  displayName => 'd' });
                    my $name = ($stored // 'no type') . ", $method with "
                               . "$annotation $same";
                    is changed($r, $before, $name)->{'@odata.type'}, $stored,
                       'as it was';
                }
            }

            fresh('@odata.type' => $stored);
            refused(400, '@odata.type', ($stored // 'no type') . ", $method "
                    . "with " . json_text($_), $method, $item,
                    { '@odata.type' => $_, displayName => 'x' })
                for grep({ $_ ne $own && $_ ne "#$own" } $base, "#$base",
                         @derived, map { "#$_" } @derived),
                    "#$namespace.officeConfiguration", "#$namespace.user",
                    "#$namespace.entity", 'officeClientConfiguration', '',
                    5, [];
        }
    }
};


subtest 'what is refused' => sub {
    my $n = 'nothing';
    my $dt = 'checkinDateTime';
    my @case = (
        map({ ["priority" => qq({"priority":$_})] } 'null', '"8"', '1.5',
            '8.0', '1e1', '2147483648', '-2147483649', 'true', '[]', '{}'),
        map({ my $name = $_; map { [$name => qq({"$name":$_})] }
              '5', 'true', '[]', '{}', '["x"]' } qw(displayName description
              policyPayload userPreferencePayload)),
        map({ ['userCheckinSummary' => qq({"userCheckinSummary":$_})] }
            '5', '"x"', 'false', '[]', '[{}]'),
        map({ my $m = $_; map { ["userCheckinSummary/$m" =>
              qq({"userCheckinSummary":{"$m":$_}})] } 'null', '"1"', '1.5',
              '2147483648', '{}' } qw(succeededUserCount failedUserCount)),
        ["userCheckinSummary/$n" => qq({"userCheckinSummary":{"$n":1}})],
        ['userCheckinSummary/@odata.type' =>
         '{"userCheckinSummary":{"@odata.type":"#microsoft.graph.x"}}'],
        map({ ['checkinStatuses' => qq({"checkinStatuses":$_})] }
            'null', '{}', '"x"', '5'),
        map({ ['checkinStatuses/0' => qq({"checkinStatuses":[$_]})] }
            'null', '5', '[]', '"x"'),
        map({ my ($m, $v) = @$_; my %s = %{+status()}; $s{$m} = $v;
              ["checkinStatuses/1/$m" => { checkinStatuses =>
                                           [status(), \%s] }] }
            [userId => undef], [userId => 5], [wasSuccessful => 'true'],
            [wasSuccessful => 1], [wasSuccessful => undef], [$dt => 'today'],
            [$dt => undef], [$dt => '2016-12-31T23:56:50'], [$dt => 5],
            [deviceName => 5], [errorMessage => []], [$n => 1],
            [appliedPolicies => undef], [appliedPolicies => 'x'],
            [appliedPolicies => {}]),
        ['checkinStatuses/0/appliedPolicies/1' => { checkinStatuses =>
            [status(appliedPolicies => ['a', 5])] }],
        map({ my $m = $_; my $s = status(); delete $s->{$m};
              ["checkinStatuses/0/$m" => { checkinStatuses => [$s] }] }
            'userId', 'wasSuccessful', $dt),
        map({ [lastModifiedDateTime => qq({"lastModifiedDateTime":$_})] }
            '5', '"x"', 'null', '"2016-12-31"'),
        map({ [$_ => { displayName => 'x', $_ => 'x' }] } $n, 'displayname',
            'DisplayName', 'odata.type', 'value', 'clientConfigurations',
            'tenantCheckinStatuses', "caf\xe9"),
        map({ [assignments => { displayName => 'x', assignments => $_ }] }
            undef, [], [{}], [{ id => 'a' }], {}, 5),
        map({ [undef, $_] } '[]', '5', '"x"', 'null', 'true', '', '{',
            '{"displayName":"x"}x', '{"displayName":"x","displayName":"y"}',
            '{"displayName":"x",}', '{"displayName":"\ud800"}',
            "{\"displayName\":\"\xff\"}", '{"displayName":"\u0000"}',
            '{"displayName":"x","@a":' . '[' x 33 . ']' x 33 . '}'),
    );

    fresh(assignments => [{ id => 'a' }]);

    for (@case) {
        my ($target, $document) = @$_;
        my $text = ref $document ? json_text($document) : $document;
        refused(400, $target, "$_ " . printable($text), $_, $item, \$text)
            for 'PATCH', 'PUT';
    }

    for my $method ('PATCH', 'PUT') {
        my $state = contents($redis);
        my $r = $send->($method, $item, body => '{"displayName":"x"}',
                        type => 'text/plain');
        error_is $r, 415, undef, "$method of text";
        is_deeply contents($redis), $state, 'U14: changes nothing';
    }
};


subtest 'what is passed over' => sub {
    for my $method ('PATCH', 'PUT') {
        my $before = fresh();
        my $r = ask($method, $item, { displayName => 'd', priority => 8,
            '@odata.context' => 'x', '@odata.id' => 5, '@x' => {},
            'nothing@y.z' => 1, 'displayName@odata.type' => '#String',
            'assignments@odata.context' => 'x', '@odata.editLink' => undef,
            lastModifiedDateTime => '2000-01-01T00:00:00Z' });
        is changed($r, $before, "M6: annotations of a $method")
               ->{displayName}, 'd', 'the rest is done';
        unlike json_item($r, 'lastModifiedDateTime'), qr/^2000/,
               'a date that is given is not taken';
    }
};


subtest 'everything that a GET gives' => sub {
    for my $type ("#$namespace.officeClientConfiguration", $derived[1]) {
        for my $method ('PATCH', 'PUT') {
            my $before = fresh('@odata.type' => $type);
            my $got = ask('GET', $item);
            my $r = ask($method, $item, \$got->body);
            changed($r, $before, "$method of what was got, $type");
            is plain($r), plain($got), 'to the byte';
        }
    }
};


subtest 'what is not there' => sub {
    my $etag = fresh()->header('ETag');

    for my $method ('PATCH', 'PUT') {
        for my $path (API . '/none', API . q{('none')}, API . '/ONE',
                      API . '/%20')
        {
            refused(404, undef, "$method $path", $method, $path, $_)
                for {}, seed, { displayName => 'x', priority => 5 };
            refused(404, undef, "U10: $method $path, $_->[0]: $_->[1]",
                    $method, $path, { displayName => 'x' }, @$_)
                for map({ ['If-Match' => $_] } '*', $etag),
                    map({ ['If-None-Match' => $_] } '*', $etag);
        }
    }

    refused(405, undef, "$_ of the collection", $_, API, {})
        for 'PATCH', 'PUT';
};


subtest 'the time of the last change' => sub {
    for my $method ('PATCH', 'PUT') {
        my $before = fresh();
        my $json = $redis->cmd('HGET', 'oc:{default}:cfg', 'one');
        $json =~ s/"lastModifiedDateTime":"20\d\d/"lastModifiedDateTime":"2001/
            or die 'the date is not where it was';
        $redis->cmd('HSET', 'oc:{default}:cfg', 'one', $json);
        like json_item(ask('GET', $item), 'lastModifiedDateTime'), qr/^2001-/,
             'an old configuration';

        my $r = ask($method, $item, { displayName => 'x' });
        my ($y, $m, $d, $h, $i, $s) = json_item($r, 'lastModifiedDateTime')
            =~ /^(\d+)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z$/;
        ok $s && abs(timegm($s, $i, $h, $d, $m - 1, $y) - time) < 30,
           "$method: lastModifiedDateTime is now";

        my @dates = json_item($r, 'lastModifiedDateTime');
        ok wait_until(10, sub {
            push @dates, json_item(ask($method, $item, {}),
                                   'lastModifiedDateTime');
            return $dates[-1] ne $dates[0];
        }), 'and goes on';
        is_deeply [sort @dates], \@dates, 'never back';
    }

    my (%etag, $r);
    for (1 .. 300) {
        $r = ask($_ % 2 ? 'PATCH' : 'PUT', $item, { displayName => 'same' });
        $etag{$r->header('ETag')}++;
    }
    is scalar keys %etag, 300, '300 changes to the same, each with its ETag';
    like $_, qr{^(?:W/)?"[\x21\x23-\x7e]+"$}, 'an ETag'
        for (keys %etag)[0 .. 2];
};


subtest 'U7: If-Match' => sub {
    for my $method ('PATCH', 'PUT') {
        my @list = (sub { $_[0] }, sub { $_[0] =~ s{^W/}{}r }, sub { '*' },
            sub { qq("x", $_[0]) }, sub { qq($_[0], "x") },
            sub { qq("a,b",$_[0],W/"c") }, sub { qq(, ,$_[0],) },
            sub { join ', ', map({ stale($_[0]) } 1 .. 200), $_[0] });
        my $n = 0;

        for my $list (@list) {
            my $before = fresh();
            my $value = $list->($before->header('ETag'));
            my $name = "$method, If-Match: " . printable($value);
            my $r = ask($method, $item, { displayName => 'n' . ++$n },
                        'If-Match' => $value);
            is changed($r, $before, $name)->{displayName}, "n$n", 'is done';
            next if $value eq '*';
            refused(412, undef, "$name again", $method, $item,
                    { displayName => 'x' }, 'If-Match' => $value);
        }

        my $etag = fresh()->header('ETag');
        my $digits = $etag =~ s/[^"]*"(.*)"/$1/r;
        refused(412, undef, "$method, If-Match: " . printable($_), $method,
                $item, { displayName => 'x' }, 'If-Match' => $_)
            for stale($etag), '"x"', '""', '"*"', '', $digits, qq('$digits'),
                qq("${digits}0"), qq("0$digits"), qq("\U$digits\E!"),
                join(', ', map { qq("$_") } '0' x 16, 1 .. 200);
        is ask('GET', $item)->header('ETag'), $etag, 'its ETag stays';
    }
};


subtest 'U8, U10: If-None-Match' => sub {
    for my $method ('PATCH', 'PUT') {
        my $etag = fresh()->header('ETag');
        refused(412, undef, "$method, If-None-Match: " . printable($_),
                $method, $item, { displayName => 'x' }, 'If-None-Match' => $_)
            for $etag, $etag =~ s{^W/}{}r, '*', qq("x", $etag),
                qq($etag,"x"), qq("a,b", $etag, W/"c");
        refused(412, undef, "$method, both current", $method, $item,
                { displayName => 'x' }, 'If-Match' => $etag,
                'If-None-Match' => $etag);
        refused(412, undef, "$method, If-None-Match: *, If-Match: *", $method,
                $item, { displayName => 'x' }, 'If-Match' => '*',
                'If-None-Match' => '*');

        for my $list (stale($etag), '"x"', '""', '"x", "y"') {
            my $before = fresh();
            my $r = ask($method, $item, { displayName => 'd' },
                        'If-None-Match' => $list);
            is changed($r, $before, "$method, If-None-Match: $list")
                   ->{displayName}, 'd', 'is done';
        }

        my $before = fresh();
        my $r = ask($method, $item, {}, 'If-Match' => $before->header('ETag'),
                    'If-None-Match' => '"x"');
        changed($r, $before, "$method, both hold");
        answer_is ask('GET', $item, undef, 'If-None-Match' =>
                      $r->header('ETag')), 304, 'U8: 304 for the new ETag';
        answer_is ask('GET', $item, undef, 'If-None-Match' =>
                      $before->header('ETag')), 200, 'not for the old one';
    }
};


subtest 'N5: an ETag in the body' => sub {
    my @version = ('OData-Version' => '4.01');

    for my $method ('PATCH', 'PUT') {
        for my $name ('@odata.etag', '@etag') {
            my $before = fresh();
            my $etag = $before->header('ETag');
            my $r = ask($method, $item, { displayName => 'd', $name => $etag },
                        @version);
            is changed($r, $before, "$method, $name is current")
                   ->{displayName}, 'd', 'is done';
            refused(412, undef, "$method, $name is stale", $method, $item,
                    { displayName => 'x', $name => $_ }, @version)
                for $etag, $etag =~ s{^W/}{}r, stale($etag), '"x"';
            $before = $r;
            $etag = $r->header('ETag');
            $r = ask($method, $item, { $name => $etag =~ s{^W/}{}r },
                     @version);
            changed($r, $before, "$method, $name is current and strong");

            for my $other ([], ['OData-Version' => '4.0'],
                           ['OData-MaxVersion' => '4.01'])
            {
                my $r = ask($method, $item, { displayName => 'x',
                            $name => stale($etag) }, @$other);
                is $r->status, 200, "$method, $name is stale, "
                   . "with (@$other): no condition";
            }

            refused(412, undef, "$method, If-Match is stale", $method, $item,
                    { $name => ask('GET', $item)->header('ETag') },
                    'If-Match' => $etag, @version);
        }
    }

    my $r = ask('PATCH', $item, { displayName => 'd' }, @version);
    answer_is $r, 200, 'none in the body';
};


my @unknown = ('handling=strict', 'x', 'respond-async', 'return', 'return=',
    'return=nothing', 'return-minimal', '', ',', '=', ';', 'x=return=minimal',
    'x;return=minimal', 'odata.maxpagesize=5', 'xreturn=minimal',
    'x="return=minimal"', 'x="a, return=minimal, b"');
my @minimal = ('return=minimal', 'return="minimal"', 'RETURN=minimal',
    'return = minimal', 'respond-async, return=minimal',
    'return=minimal, handling=strict', 'x="a,b", return=minimal',
    'return=minimal;x=y', ',return=minimal,', 'return=minimal,return=minimal');
my @whole = map { s/minimal/representation/gr } @minimal;

# of two the first counts
push @minimal, 'return=minimal, return=representation';
push @whole, 'return=representation, return=minimal';

subtest 'U18: preferences of PATCH and PUT' => sub {
    for my $method ('PATCH', 'PUT') {
        for my $prefer (@minimal) {
            my $etag = fresh()->header('ETag');
            my $r = ask($method, $item, { displayName => 'd' },
                        Prefer => $prefer);
            answer_is $r, 204, "$method, Prefer: $prefer";
            is $r->body, '', 'no body';
            is $r->header('Preference-Applied'), 'return=minimal',
               'Preference-Applied';
            isnt $r->header('ETag'), $etag, 'a new ETag';
            my $got = ask('GET', $item);
            is $got->header('ETag'), $r->header('ETag'), 'which is stored';
            is json_item($got, 'displayName'), 'd', 'it is done';
        }

        for my $prefer (@whole, @unknown) {
            my $before = fresh();
            my $r = ask($method, $item, { displayName => 'd' },
                        Prefer => $prefer);
            my $name = "$method, Prefer: $prefer";
            is changed($r, $before, $name)->{displayName}, 'd', "$name: done";
            is $r->header('Preference-Applied'),
               $prefer =~ /return ?= ?"?representation/i
                   ? 'return=representation' : undef, 'Preference-Applied';
        }

        my $r = ask($method, $item, {}, Prefer => 'x', Prefer =>
                    'return=minimal');
        answer_is $r, 204, "$method, two headers";
        refused(400, 'displayName', "$method with an error, $_", $method,
                $item, { displayName => 5 }, Prefer => $_)
            for 'return=minimal', 'return=representation';
        refused(412, undef, "$method, stale, $_", $method, $item, {},
                Prefer => $_, 'If-Match' => '"x"')
            for 'return=minimal', 'return=representation';
    }

    my $c = $t->connect;
    $c->send(join '', map { $c->format_request('PATCH', $item,
        json => {}, headers => $_ % 2 ? [Prefer => 'return=minimal'] : []) }
        1 .. 6);
    is_deeply [map { $c->response->status } 1 .. 6],
              [204, 200, 204, 200, 204, 200], 'in a pipeline';
};


subtest 'U9, U18: preferences of POST' => sub {
    for my $url (API, API . '/$ref') {
        for my $prefer (@minimal) {
            my $r = ask('POST', $url, { displayName => 'd', assignments =>
                        [{ id => 'a' }] }, Prefer => $prefer);
            answer_is $r, 204, "POST $url, Prefer: $prefer";
            is $r->header('Preference-Applied'), 'return=minimal',
               'Preference-Applied';
            my $location = $r->header('Location') // '';
            like $location, qr{^http://localhost\Q${\API}\E/[0-9a-f-]{36}$},
                 'Location';
            is $r->header('OData-EntityId'), $location, 'U9: OData-EntityId';
            my $got = ask('GET', path_of($location)
                                 . '?$expand=assignments');
            answer_is $got, 200, 'what it names';
            is json_item($got, 'displayName'), 'd', 'is what was created';
            is json_item($got, 'assignments', 0, 'id'), 'a', 'all of it';
            is $got->header('ETag'), $r->header('ETag'), 'with this ETag';
            ask('DELETE', path_of($location));
        }

        for my $prefer (@whole, @unknown) {
            my $r = ask('POST', $url, { id => 'p', displayName => 'd' },
                        Prefer => $prefer);
            answer_is $r, 201, "POST $url, Prefer: $prefer";
            is json_item($r, 'displayName'), 'd', 'with a body';
            is $r->header('Preference-Applied'),
               $prefer =~ /return ?= ?"?representation/i
                   ? 'return=representation' : undef, 'Preference-Applied';
            is path_of($r->header('Location')), API . '/p', 'Location';
            ask('DELETE', API . '/p');
        }
    }

    fresh();
    refused(409, 'id', 'the id exists', 'POST', API, { id => 'one' },
            Prefer => 'return=minimal');
};


subtest 'U18: preferences of GET and DELETE' => sub {
    for my $prefer ('return=minimal', 'return=representation', 'x') {
        my $etag = fresh()->header('ETag');
        my $plain = ask('GET', $item);

        for my $path ($item, API, "$item?\$select=id", BASE) {
            my $without = ask('GET', $path);
            my $r = ask('GET', $path, undef, Prefer => $prefer);
            answer_is $r, 200, "GET $path, Prefer: $prefer";
            is $r->body, $without->body, 'the same body';
            is $r->header('Preference-Applied'), undef, 'nothing applied';
        }

        my $r = ask('DELETE', $item, undef, Prefer => $prefer);
        answer_is $r, 204, "DELETE, Prefer: $prefer";
        is $r->header('Preference-Applied'), undef, 'nothing applied';
    }
};


# what $select and $expand leave of an entity: a query, what the context says,
# what the entity is made into

my @all = qw(id userPreferencePayload policyPayload description displayName
             priority lastModifiedDateTime userCheckinSummary
             checkinStatuses);
my @shape = (
    ['$select=id,displayName', '(id,displayName)', [qw(id displayName)]],
    ['$select=displayName', '(displayName)', ['displayName']],
    ['%24select=id%2CdisplayName', '(id,displayName)',
     [qw(id displayName)]],
    ['select=priority', '(priority)', ['priority']],
    ['$select=description,%20priority', '(description,priority)',
     [qw(description priority)]],
    ['$select=lastModifiedDateTime,policyPayload,userPreferencePayload',
     '(lastModifiedDateTime,policyPayload,userPreferencePayload)',
     [qw(lastModifiedDateTime policyPayload userPreferencePayload)]],
    ['$select=userCheckinSummary', '(userCheckinSummary)',
     ['userCheckinSummary']],
    ['$select=checkinStatuses', '(checkinStatuses)', ['checkinStatuses']],
    ['$select=userCheckinSummary/failedUserCount',
     '(userCheckinSummary/failedUserCount)',
     ['userCheckinSummary/failedUserCount']],
    ['$select=displayName,userCheckinSummary/succeededUserCount,'
     . 'userCheckinSummary/failedUserCount',
     '(displayName,userCheckinSummary/succeededUserCount,'
     . 'userCheckinSummary/failedUserCount)',
     [qw(displayName userCheckinSummary/succeededUserCount
         userCheckinSummary/failedUserCount)]],
    ['$select=checkinStatuses/userId', '(checkinStatuses/userId)',
     ['checkinStatuses/userId']],
    ['$select=*', '(*)', \@all],
    ['$expand=assignments', '(assignments())', [@all, 'assignments']],
    ['%24expand=assignments', '(assignments())', [@all, 'assignments']],
    ['$select=displayName&$expand=assignments', '(displayName,assignments())',
     [qw(displayName assignments)]],
    ['$expand=assignments&$select=userCheckinSummary/failedUserCount',
     '(userCheckinSummary/failedUserCount,assignments())',
     [qw(userCheckinSummary/failedUserCount assignments)]],
    ['$select=*&$expand=assignments', '(*,assignments())',
     [@all, 'assignments']],
);

# selected($whole, @names): what the names leave of an entity

sub selected {
    my ($whole, @names) = @_;
    my %want;

    for (@names) {
        my ($name, $member) = split m{/};
        my $value = $whole->{$name};

        if (!defined $member || !ref $value) {
            $want{$name} = $value;
        } elsif (ref $value eq 'ARRAY') {
            $want{$name} = [map { +{ $member => $_->{$member} } } @$value];
        } else {
            $want{$name}{$member} = $value->{$member};
        }
    }

    return \%want;
}

# bare($value): without control information, at any depth

sub bare {
    my ($value) = @_;
    return [map { bare($_) } @$value] if ref $value eq 'ARRAY';
    return $value if ref $value ne 'HASH';
    return { map { ($_ => bare($value->{$_})) } grep { !/\@/ }
             keys %$value };
}

sub shape_is {
    my ($r, $status, $name, $type, $shape, @names) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $got = ask('GET', "$item?\$expand=assignments");

    subtest $name => sub {
        answer_is $r, $status, 'status';
        is json_item($r, '@odata.context'), "$context$type$shape/\$entity",
           'the context';
        is json_item($r, '@odata.etag'), $got->header('ETag'),
           'its ETag is not selected away';
        is $r->header('ETag'), $got->header('ETag'), 'nor in the header';
        json_is bare($r->json), selected(bare($got->json), @names),
                'what is selected';
    };
}


subtest 'U19, I1, I5, N3: $select and $expand' => sub {
    my %json = (id => 'one', displayName => 'd', description => 'c',
        priority => 3, policyPayload => '{"a":[1,"\\"]}]"}',
        userCheckinSummary => { '@odata.type' => $summary_type,
            succeededUserCount => 2, failedUserCount => 15 },
        checkinStatuses => [status(deviceName => '}]"{['),
                            status(userId => 'v')]);
    my @assignments = (assignments => [{ id => 'a', target => {
        '@odata.type' => "#$namespace.officeConfigurationGroupAssignment"
                         . 'Target', groupId => 'g"]}' } }, { id => 'b' }]);

    for my $type (undef, $derived[0]) {
        my %own = (%json, defined $type ? ('@odata.type' => "#$type") : ());
        my $segment = defined $type ? "/$type" : '';

        for (@shape) {
            my ($query, $shape, $names) = @$_;
            my $name = "$query" . ($segment && ", $type");
            my @rest = ($segment, $shape, @$names);

            fresh(%own, @assignments);
            shape_is(ask('GET', "$item?$query"), 200, "GET $name", @rest);
            shape_is(ask('PATCH', "$item?$query", { displayName => 'p' }),
                     200, "PATCH $name", @rest);
            shape_is(ask('PUT', "$item?$query", \%own), 200, "PUT $name",
                     @rest);

            for my $url (API, API . '/$ref') {
                ask('DELETE', $item);
                shape_is(ask('POST', "$url?$query", \%own), 201,
                         "POST $name" . ($url eq API ? '' : ', $ref'),
                         @rest);
            }
        }

        fresh(%own);
        is json_item(ask('GET', $item), '@odata.context'),
           "$context$segment/\$entity", 'the context without options';
    }

    # together with what came with it (U12), and with other headers
    ask('DELETE', $item);
    shape_is(ask('POST', API . '?$select=displayName&$expand=assignments',
                 { %json, @assignments }), 201, 'U12: POST with assignments',
             '', '(displayName,assignments())', 'displayName',
             'assignments');

    fresh(%json);
    answer_is ask('PATCH', $item, { userCheckinSummary => undef }), 200,
              'null';
    my $r = ask('GET', "$item?\$select=userCheckinSummary/failedUserCount");
    json_is bare($r->json), { userCheckinSummary => undef },
            'a member of null is null';
    fresh(%json, userCheckinSummary => undef, checkinStatuses => undef);
    $r = ask('GET', "$item?\$select=userCheckinSummary/failedUserCount");
    json_is bare($r->json), { userCheckinSummary => { failedUserCount => 0 } },
            'of a summary that was not given';

    my $head = ask('HEAD', "$item?\$select=id");
    is $head->header('Content-Length'),
       length ask('GET', "$item?\$select=id")->body, 'HEAD';
    answer_is ask('GET', "$item?\$select=id", undef, 'If-None-Match' =>
                  $head->header('ETag')), 304, 'U8: 304';
    answer_is ask('PATCH', "$item?\$select=id", {},
                  Prefer => 'return=minimal'), 204, 'nothing to select from';
    shape_is(ask('PATCH', "$item?\$select=id", {}, 'If-Match' => '*',
                 Prefer => 'return=representation'), 200, 'preferred', '',
             '(id)', 'id');
    refused(412, undef, 'stale', 'PATCH', "$item?\$select=id", {},
            'If-Match' => '"x"');
};


subtest 'U19: a $select or $expand that is refused' => sub {
    fresh(assignments => [{ id => 'a' }]);

    for my $method ('GET', 'PATCH', 'PUT', 'POST') {
        my @ask = ($method eq 'POST' ? API : $item,
                   $method eq 'GET' ? undef : { displayName => 'x' });
        my $try = sub {
            my ($status, $target, $query) = @_;
            refused($status, $target, "$method ?$query", $method,
                    "$ask[0]?$query", $ask[1]);
        };

        $try->(400, '$select', "\$select=$_")
            for 'nothing', 'displayname', 'displayName,nothing', 'id,',
                ',id', '', 'id/x', 'displayName/id',
                'userCheckinSummary/nothing', 'userCheckinSummary/',
                'userCheckinSummary/failedUserCount/x', '(id)', 'id%20x',
                'checkinStatuses/nothing', "$summary_type/id",
                '%22id%22', 'tenantCheckinStatuses', 'id;description';
        $try->(400, '$expand', "\$expand=$_")
            for 'nothing', 'displayName', 'userCheckinSummary', '',
                'Assignments', 'assignment', 'assignmentsx';

        # valid, and not served
        for my $query ('$expand=assignments($select=id)',
                       '$expand=assignments/$ref', '$compute=1%20as%20x')
        {
            like ask($method, "$ask[0]?$query", $ask[1])->status,
                 qr/^(?:200|201|501)$/, "$method ?$query";
        }
    }

    error_is ask('DELETE', "$item?\$select=id"), 501, '$select',
             'DELETE with $select';
    answer_is ask('GET', $item), 200, 'and it is there';
};


subtest 'strings stay as they are, to the byte' => sub {
    my @text = (q{"}, q{\\}, q{\\"}, q{\\\\"}, q{\\\\}, q{"\\}, q{\\u0022},
        q{\\u00e9}, '{', '}', '[', ']', '},', '],', '{"a":[1,{"b":"]}"}]}',
        '","priority":9,"x":"', '"}],"priority":9}', q{\\","displayName":"},
        'null', ',', ':', "\x08\x0c\x0a\x0d\x09", "\x01\x1f\x7f", '/', '</',
        "\xe9\x{20ac}\x{1f600}", "\x{2028}\x{2029}", "\x{ffff}\x{10ffff}",
        '%s%d%1%%', '$1\\1', "W/\\\"0123456789abcdef\\\"",
        '"@odata.etag":"W/"', '"lastModifiedDateTime":"x"', '', ' ',
        '\\' x 255, '"' x 255, '{[' x 40, ']}' x 40);
    my $i = 0;

    for my $text (@text) {
        my $other = $text[++$i % @text];
        my $show = printable($text);
        my %json = (map({ ($_ => $text) } qw(displayName description
            policyPayload userPreferencePayload)),
            checkinStatuses => [{ %{+status()}, map { ($_ => $text) }
                qw(userPrincipalName deviceName devicePlatform userId
                   devicePlatformVersion errorMessage) },
                status(appliedPolicies => [$text, $text], userId => 'v')]);

        subtest "the text $show" => sub {
            my $r = fresh(%json);
            json_is { map { ($_ => json_item($r, $_)) } qw(displayName
                      description policyPayload userPreferencePayload) },
                    { map { ($_ => $text) } qw(displayName description
                      policyPayload userPreferencePayload) }, 'is taken';
            my $before = $r;

            for my $pair ([priority => 77, 8],
                          [userCheckinSummary => { failedUserCount => 3 },
                           { failedUserCount => 15 }],
                          [checkinStatuses => [status(errorMessage => $other,
                           appliedPolicies => [$other])],
                           $json{checkinStatuses}],
                          map { [$_ => $other, $text] } qw(displayName
                           description policyPayload userPreferencePayload))
            {
                my ($name, $new, $old) = @$pair;
                my $there = ask('PATCH', $item, { $name => $new });
                my %want = %{+data($before)};
                $want{$name} = $name eq 'userCheckinSummary'
                             ? { %{$want{$name}}, %$new }
                             : $name eq 'checkinStatuses'
                             ? [map { whole_status(%$_) } @$new] : $new;
                json_is data($there), \%want, "a PATCH of $name";
                is ask('GET', $item)->body, $there->body, 'GET';
                is plain($there), plain($before) =~ s/("priority":)8/${1}77/r,
                   'to the byte' if $name eq 'priority';
                is plain(ask('PATCH', $item, { $name => $old })),
                   plain($before), 'and back';
            }

            is plain(ask('PUT', $item, data($before))), plain($before),
               'a PUT';
        };
    }

    # however they were written
    for my $text ('"\u0022\u005c\u002F\u007b\u007d"', '"\u00E9\ud83d\ude00"',
                  '"\/\b\f\n\r\t"', "\"\xc3\xa9\"", '"\u0041"', '"\\\\u0041"')
    {
        ask('DELETE', $item);
        my $r = ask('POST', API, \(qq({"id":"one","displayName":$text,)
                    . qq("description":$text,"priority":8})));
        my $patched = ask('PATCH', $item, { priority => 9 });
        is plain($patched), plain($r) =~ s/"priority":8/"priority":9/r,
           "$text stays to the byte";
        is json_item($patched, 'displayName'),
           JSON::PP->new->utf8->allow_nonref->decode($text), 'what it is';
    }
};


subtest 'the singleton' => sub {
    # the check-ins of all documents so far, those of before are still there
    my $all = ask('GET', BASE);
    answer_is $all, 200, 'GET';
    is scalar @{json_item($all, 'tenantCheckinStatuses') // []}, 100,
       'as many check-ins as are in an entity';
    my $count = ask('GET', BASE . '/tenantCheckinStatuses/$count')->body;
    cmp_ok $count, '>', 100, 'there are more';
    is json_item($all, 'tenantCheckinStatuses@odata.count'), $count,
       'their number';

    $redis->cmd('FLUSHALL');
    my $initial = ask('GET', BASE);
    answer_is $initial, 200, 'GET';
    is json_item($initial, '@odata.context'), $root, 'its context';
    is json_item($initial, '@odata.etag'), $initial->header('ETag'),
       'its ETag';
    my $whole = sub { delete @{$_[0]}{qw(@odata.context @odata.etag)};
                      $_[0] };
    my %data = %{$whole->($initial->json)};
    my $id = $data{id};
    json_is \%data, { (defined $id ? (id => $id) : ()),
                      tenantCheckinStatuses => [],
                      tenantUserCheckinSummary => { succeededUserCount => 0,
                          failedUserCount => 0 } }, 'its defaults';

    # in order, each on the one before
    my $summary = 'tenantUserCheckinSummary';
    my $statuses = 'tenantCheckinStatuses';
    my @case = (
        ['U4: a part', { $summary => { failedUserCount => 3 } },
         { $summary => { succeededUserCount => 0, failedUserCount => 3 } }],
        ['U4: the other part', { $summary => { succeededUserCount => 5 } },
         { $summary => { succeededUserCount => 5, failedUserCount => 3 } }],
        ['U4: a collection', { $statuses => [status(), status(userId =>
         '"]}\\')] }, { $statuses => [whole_status(),
         whole_status(userId => '"]}\\')] }],
        ['U4: is replaced', { $statuses => [status(userId => 'v')] },
         { $statuses => [whole_status(userId => 'v')] }],
        ['U4: null', { $summary => undef }, { $summary => undef }],
        ['U4: a part, null before', { $summary => { failedUserCount => 4 } },
         { $summary => { succeededUserCount => 0, failedUserCount => 4 } }],
        ['U4: both', { $statuses => [], $summary => { failedUserCount => 1,
         succeededUserCount => 2 } }, { $statuses => [], $summary =>
         { failedUserCount => 1, succeededUserCount => 2 } }],
        ['U5: the same type', { '@odata.type' =>
         "#$namespace.officeConfiguration" }, {}],
        ['U5: without the #', { '@odata.type' =>
         "$namespace.officeConfiguration" }, {}],
        ['M6: annotations', { '@x' => 1, 'y@z' => [] }, {}],
        defined $id ? ['U5: the same id', { id => $id }, {}] : (),
    );
    my $last = $initial;

    for (@case) {
        my ($name, $given, $want) = @$_;
        my $r = ask('PATCH', BASE, $given, 'If-Match' =>
                    $last->header('ETag'));
        answer_is $r, 200, $name;
        is json_item($r, '@odata.context'), $root, 'its context';
        isnt $r->header('ETag'), $last->header('ETag'), 'a new ETag';
        is json_item($r, '@odata.etag'), $r->header('ETag'), 'in the body';
        %data = (%data, %$want);
        my %got = %{$whole->($r->json)};
        json_is { %got, $statuses => by_user($got{$statuses}) },
                { %data, $statuses => by_user($data{$statuses}) }, 'merged';
        my $got = ask('GET', BASE);
        is $got->body, $r->body, 'GET';
        is $got->header('ETag'), $r->header('ETag'), 'with its ETag';
        refused(412, undef, "U7: $name, stale", 'PATCH', BASE,
                { $summary => undef }, 'If-Match' => $last->header('ETag'));
        $last = $r;
    }

    my $etag = $last->header('ETag');
    refused(400, $_->[0], 'PATCH of ' . json_text($_->[1]), 'PATCH', BASE,
            $_->[1])
        for [nothing => { nothing => 1 }], [displayName => { displayName =>
            'x' }], [clientConfigurations => { clientConfigurations => [] }],
            [clientConfigurations => { clientConfigurations => undef }],
            [$summary => { $summary => 5 }], [$statuses => { $statuses =>
            undef }], ["$summary/failedUserCount" => { $summary =>
            { failedUserCount => '1' } }], ["$statuses/0/userId" =>
            { $statuses => [{ wasSuccessful => JSON::PP::true }] }],
            [id => { id => 'other' }], ['@odata.type' => { '@odata.type' =>
            "#$namespace.officeClientConfiguration" }], [undef, []];
    refused(412, undef, "PATCH with @$_", 'PATCH', BASE, {}, @$_)
        for ['If-Match' => '"x"'], ['If-None-Match' => '*'],
            ['If-None-Match' => $etag];
    refused(412, undef, 'N5: stale', 'PATCH', BASE, { '@odata.etag' =>
            stale($etag) }, 'OData-Version' => '4.01');
    answer_is ask('GET', BASE, undef, 'If-None-Match' => $etag), 304,
              'U8: 304';
    answer_is ask('PATCH', BASE, {}, @$_), 200, "PATCH with @$_"
        for ['If-Match' => qq(W/"x", $etag)], ['If-Match' => '*'],
            ['If-None-Match' => '"x"'];

    my $r = ask('PATCH', BASE, { $summary => { failedUserCount => 9 } },
                Prefer => 'return=minimal');
    answer_is $r, 204, 'U18: return=minimal';
    is $r->header('Preference-Applied'), 'return=minimal', 'applied';
    is ask('GET', BASE)->header('ETag'), $r->header('ETag'), 'its ETag';
    is json_item(ask('GET', BASE), $summary, 'failedUserCount'), 9, 'done';
    $r = ask('PATCH', BASE, {}, Prefer => 'return=representation');
    answer_is $r, 200, 'U18: return=representation';
    is $r->header('Preference-Applied'), 'return=representation', 'applied';

    for my $method ('GET', 'PATCH') {
        my @body = $method eq 'PATCH' ? {} : undef;
        my $r = ask($method, BASE . "?\$select=$summary/failedUserCount",
                    @body);
        answer_is $r, 200, "U19: $method with \$select";
        is json_item($r, '@odata.context'),
           "$root($summary/failedUserCount)", 'its context';
        json_is bare($r->json), { $summary => { failedUserCount => 9 } },
                'what is selected';
        refused(400, '$select', "$method ?\$select=$_", $method,
                BASE . "?\$select=$_", @body)
            for 'nothing', 'displayName', "$summary/x";
    }

    for my $method ('PUT', 'POST', 'DELETE') {
        my $r = refused(405, undef, "$method of the singleton", $method,
                        BASE, $method eq 'DELETE' ? undef : {});
        is $r->header('Allow'), 'GET, HEAD, PATCH, OPTIONS', 'U14: Allow';
    }

    # what comes with a configuration stays there without it; it is too old
    # to count
    %data = (%data, $statuses => seed->{checkinStatuses},
             $summary => { succeededUserCount => 2, failedUserCount => 9 });
    $etag = ask('GET', BASE)->header('ETag');
    fresh();
    my $got = ask('GET', BASE);
    json_is $whole->($got->json), \%data, 'with the check-ins of all';
    is $got->header('ETag'), $etag, 'which do not change the ETag';
    answer_is ask('DELETE', $item), 204, 'the configuration goes';
    json_is $whole->(ask('GET', BASE)->json), \%data, 'they stay';

    # and one that does
    my $now = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime);
    fresh(checkinStatuses => [status(userId => 'w', checkinDateTime => $now)]);
    %data = (%data, $statuses => [whole_status(userId => 'w',
                 checkinDateTime => $now), @{$data{$statuses}}],
             $summary => { succeededUserCount => 3, failedUserCount => 9 });
    json_is $whole->(ask('GET', BASE)->json), \%data, 'a user more';
};


subtest 'tenants do not see each other' => sub {
    my $of = sub {
        my ($tenant) = @_;
        my %all = %{contents($redis)};
        return { map { ($_ => $all{$_}) } grep { /\{$tenant\}/ } keys %all };
    };

    for my $tenant ('red', 'blue') {
        my @tenant = ('X-Tenant' => $tenant);
        answer_is ask('POST', API, { id => $_, displayName => $tenant },
                      @tenant), 201, "$tenant has $_"
            for 'same', $tenant;
        answer_is ask('PATCH', BASE, { tenantUserCheckinSummary =>
                      { failedUserCount => length $tenant } }, @tenant), 200,
                  'and its singleton';
    }

    my @red = ('X-Tenant' => 'red');
    my @blue = ('X-Tenant' => 'blue');

    for my $method ('PATCH', 'PUT') {
        my ($blue, $default) = ($of->('blue'), $of->('default'));
        my $r = ask($method, API . '/same', { displayName => 'new' }, @red);
        answer_is $r, 200, "$method by red";
        is_deeply $of->('blue'), $blue, 'changes nothing of blue';
        is_deeply $of->('default'), $default, 'nor of the default tenant';
        is json_item(ask('GET', API . '/same', undef, @blue), 'displayName'),
           'blue', 'blue has its own';
        refused(404, undef, "$method by red of what blue has", $method,
                API . '/blue', { displayName => 'x' }, @red);
        refused(404, undef, "$method by the default tenant", $method,
                API . '/same', { displayName => 'x' });
        refused(412, undef, "$method with the ETag of the other", $method,
                API . '/same', {}, @blue, 'If-Match' => $r->header('ETag'));
        is json_item(ask('PUT', API . '/same', {}, @blue), 'priority'), 3,
           'the next priority is that of the tenant';
        ask('PUT', API . '/same', { displayName => 'blue', priority => 1 },
            @blue);
    }

    my $blue = $of->('blue');
    my $r = ask('PATCH', BASE, { tenantUserCheckinSummary => undef }, @red);
    answer_is $r, 200, 'PATCH of the singleton by red';
    is_deeply $of->('blue'), $blue, 'changes nothing of blue';
    is json_item(ask('GET', BASE, undef, @blue), 'tenantUserCheckinSummary',
                 'failedUserCount'), 4, 'whose singleton is its own';
};


subtest 'of those with the same If-Match one wins' => sub {
    # rounds of four at once, each on a connection of its own
    my @c = map { $t->connect } 1 .. 4;
    my $rounds = $t->sanitized ? 300 : 1000;

    for my $path ($item, BASE) {
        my $etag = $path eq $item ? fresh()->header('ETag')
                                  : ask('GET', BASE)->header('ETag');
        my (%seen, @wrong);

        for my $round (1 .. $rounds) {
            my @body = $path eq $item
                ? map({ { displayName => "r$round c$_", priority => 5 } }
                      1 .. 4)
                : map({ { tenantUserCheckinSummary => {
                          failedUserCount => 4 * $round + $_ } } } 1 .. 4);
            $c[$_]->write_request($_ % 2 && $path eq $item ? 'PUT' : 'PATCH',
                $path, json => $body[$_], headers => ['If-Match' => $etag])
                for map { ($_ + $round) % 4 } 0 .. 3;
            my @r = map { $_->response } @c;
            my ($won) = grep { $r[$_]->status == 200 } 0 .. 3;
            $seen{join ' ', sort map { $_->status } @r}++;
            last unless defined $won;

            $etag = $r[$won]->header('ETag');
            my $got = ask('GET', $path);
            push @wrong, $got->text if $got->body ne $r[$won]->body;
        }

        is_deeply \%seen, { '200 412 412 412' => $rounds },
                  "U7: $path: $rounds rounds, each with one winner";
        is_deeply \@wrong, [], 'whose change it is';
    }

    # processes that count up: what two won at once would be lost
    my $each = $t->sanitized ? 300 : 1000;

    for my $clients (2, 4) {
        fresh(displayName => '0');
        my $ask;
        my $sum = $t->load(clients => $clients, requests => $each,
            each => sub {
                $ask //= client($t);
                my $got = $ask->('GET', $item);
                my $n = json_item($got, 'displayName') + 1;
                return $ask->('PATCH', $item,
                    json => { displayName => "$n" },
                    headers => ['If-Match' => $got->header('ETag')])->status;
            })->wait;
        my $won = $sum->{status}{200} // 0;
        my $lost = $sum->{status}{412} // 0;
        is $won + $lost, $clients * $each,
           "U7: $clients clients: each wins or is told so"
            or diag explain $sum;
        is json_item(ask('GET', $item), 'displayName'), $won,
           "no change is lost of $won, $lost came too late";
    }

    # without a condition none is refused
    my $sum = $t->load(clients => 4, requests => 200, request => sub {
        ('PATCH', $item, json => { ('displayName', 'description',
            'policyPayload', 'userPreferencePayload')[$_[0] - 1] =>
            "n$_[1]" }) })->wait;
    is_deeply $sum->{status}, { 200 => 800 }, '800 without a condition';
    my $got = ask('GET', $item);
    is_deeply [map { json_item($got, $_) } qw(displayName description
               policyPayload userPreferencePayload)], [('n199') x 4],
              'U4: each changes what it names alone';
};

$t->done;
