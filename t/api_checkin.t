# Check-ins of devices: one, and an array of them; what is wrong with them;
# their collections, paged; what ceases to count.

use OfficeConfig::Test;

use JSON::PP ();
use POSIX qw(strftime);

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis, server => <<'END');
        keepalive_requests 100000; client_max_body_size 4m;
        client_body_buffer_size 4m;
        location /few/beta { office_config_pass main; office_config_auth off;
            office_config_inline_checkins 3; office_config_page_size 4; }
        location /short/beta { office_config_pass main; office_config_auth off;
            office_config_checkin_retention 30d;
            office_config_checkin_ahead 1h;
            office_config_tenant short; }
END
my $ask = client($t);
my $item = API . '/one';
my $root = '/beta/officeConfiguration';
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);

sub ask { $ask->($_[0], $_[1], headers => [@_[2 .. $#_]]) }
sub post { $ask->('POST', $_[0], json => $_[1]) }
sub put { $ask->('PUT', $_[0], json => $_[1]) }

# date($seconds): so long ago
sub date { strftime '%Y-%m-%dT%H:%M:%SZ', gmtime(time - $_[0]) }

# status($user, $device, $ok, $ago, %more)
sub status {
    my ($user, $device, $ok, $ago, @more) = @_;
    return { userId => $user, deviceName => $device,
             wasSuccessful => $ok ? $yes : $no,
             checkinDateTime => date($ago), @more };
}

# what the service makes of a status
sub full {
    my ($status) = @_;
    return { userPrincipalName => undef, deviceName => undef,
             devicePlatform => undef, devicePlatformVersion => undef,
             errorMessage => undef, appliedPolicies => [], %$status };
}

sub members {
    my ($r) = @_;
    return [sort { "$a->{userId}/" . ($a->{deviceName} // '-')
                   cmp "$b->{userId}/" . ($b->{deviceName} // '-') }
            @{json_item($r, 'value')}];
}

# counts($path, $ok, $failed, $name)
sub counts {
    my ($path, $ok, $failed, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $r = ask('GET', $path);
    is json_item($r, 'succeededUserCount') . '/'
       . json_item($r, 'failedUserCount'), "$ok/$failed", $name;
}

sub own { counts("$item/userCheckinSummary", @_) }
sub tenant { counts("$root/tenantUserCheckinSummary", @_) }

sub anew {
    ask('DELETE', $item);
    return answer_is post(API, { id => 'one', displayName => 'd', @_ }), 201,
                     'a configuration';
}


# one

anew();
own(0, 0, 'nobody');
tenant(0, 0, 'nobody at all');
is_deeply members(ask('GET', "$item/checkinStatuses")), [], 'no check-in';

my $etag = ask('GET', $item)->header('ETag');
my $first = status('u', 'pc', 1, 100, userPrincipalName => "J\xfcrgen",
                   devicePlatform => 'Windows', errorMessage => '"\\/',
                   devicePlatformVersion => '10.0.22631.4460',
                   appliedPolicies => ['one', undef, '',
                       '5e83cc61-cc61-5e83-61cc-835e61cc835e',
                       '5E83CC61-CC61-5E83-61CC-835E61CC835E',
                       '5E83cc61-CC61-5E83-61CC-835E61CC835E']);

answer_is post("$item/checkinStatuses", $first), 204, 'N7: a check-in';
is_deeply members(ask('GET', "$item/checkinStatuses")), [full($first)],
          'it is in the collection, as it was given';
is_deeply json_item(ask('GET', $item), 'checkinStatuses'), [full($first)],
          'in the entity';
is_deeply members(ask('GET', "$root/tenantCheckinStatuses")), [full($first)],
          "in the tenant's";
is_deeply json_item(ask('GET', $root), 'tenantCheckinStatuses'),
          [full($first)], 'in the singleton';
own(1, 0, 'a user that succeeded');
tenant(1, 0, 'in the tenant');
is ask('GET', $item)->header('ETag'), $etag, 'the ETag stays';
is ask('GET', "$item/userCheckinSummary/succeededUserCount/\$value")->body,
   1, 'a part of the summary';
is ask('GET', "$item/checkinStatuses/\$count")->body, 1, 'the number';
is ask('GET', "$root/tenantCheckinStatuses/\$count")->body, 1, 'of all';

{
    my $r = ask('GET', "$item/userCheckinSummary");
    is $r->header('ETag'), undef, 'no ETag for what changes without it';
    is $r->header('Cache-Control'), 'no-store', 'not to be stored';
}

# newest wins

post("$item/checkinStatuses", status('u', 'pc', 0, 200));
own(1, 0, 'an older one changes nothing');
post("$item/checkinStatuses", status('u', 'pc', 0, 100));
own(0, 1, 'of the same time the last one wins');
post("$item/checkinStatuses", status('u', 'phone', 1, 50));
own(0, 1, 'one device that failed is enough');
post("$item/checkinStatuses", status('u', 'pc', 1, 10));
own(1, 0, 'until it succeeds');
post("$item/checkinStatuses", status('u', undef, 0, 10));
post("$item/checkinStatuses", status('u', '', 1, 10));
own(0, 1, 'a device without a name');
is ask('GET', "$item/checkinStatuses/\$count")->body, 4,
   'which is not the one with an empty name';
post("$item/checkinStatuses", status('old', 'pc', 0, 91 * 86400));
own(0, 1, 'what is past the window does not count');
is ask('GET', "$item/checkinStatuses/\$count")->body, 5, 'but is there';
{
    my @dates = map { $_->{checkinDateTime} }
                @{json_item(ask('GET', $item), 'checkinStatuses')};
    is_deeply \@dates, [reverse sort @dates], 'newest first';
    is scalar @dates, 5, 'all of them';
}


# another time zone, more digits

anew();
post("$item/checkinStatuses", { %$first,
     checkinDateTime => '2026-01-01T12:00:00.1234567+02:00' });
post("$item/checkinStatuses", { %$first, wasSuccessful => $no,
     checkinDateTime => '2026-01-01T11:00:00Z' });
is json_item(ask('GET', $item), 'checkinStatuses')->[0]{checkinDateTime},
   '2026-01-01T11:00:00Z', '11:00 in UTC is after 12:00 two hours to the east';

for my $date ('2026-02-03T04:05:06Z', '2026-02-03T04:05:06.7Z',
    '2026-02-03T04:05:06.789012Z', '2026-02-03T04:05:06.7890123Z',
    '2026-02-03T04:05:06+00:00', '2026-02-03T04:05:06.070+00:00',
    '2026-02-03T04:05:06-00:00', '2026-02-03t04:05:06z',
    '2016-12-31T23:59:60Z', '1969-12-31T23:59:59Z', '0001-01-01T00:00:00Z',
    '2026-02-28T23:59:59.999999999999-08:00')
{
    anew();
    answer_is post("$item/checkinStatuses",
                   { %$first, checkinDateTime => $date }), 204, $date;
    is members(ask('GET', "$item/checkinStatuses"))->[0]{checkinDateTime},
       $date, 'is as it was written';
}


# the policies of a check-in for the tenant

ask('DELETE', API . "/$_") for qw(one two three);
post(API, { id => $_ }) for qw(one two three);
answer_is post("$root/tenantCheckinStatuses",
               status('t', 'pc', 0, 50, appliedPolicies =>
                      ['one', 'two', 'none', 'one', undef, '', 'x' x 300])),
          204, 'for two configurations, and others';
counts(API . "/$_/userCheckinSummary", 0, 1, $_) for qw(one two);
counts(API . '/three/userCheckinSummary', 0, 0, 'not three');
answer_is post("$root/tenantCheckinStatuses",
               status('t', 'pc', 1, 4, appliedPolicies =>
                      [(map { "p$_" } 1 .. 999), 'two'])),
          204, 'a thousand policies';
is members(ask('GET', API . '/two/checkinStatuses'))->[0]{appliedPolicies}[998],
   'p999', 'are kept';
counts(API . '/one/userCheckinSummary', 0, 1, 'one as before');
counts(API . '/two/userCheckinSummary', 1, 0, 'two');
ask('DELETE', API . '/two');
is scalar(grep { $_->{userId} eq 't' }
          @{members(ask('GET', "$root/tenantCheckinStatuses?\$top=100"))}), 1,
   'is there without the configuration';


# bad input: the member is named, and nothing changes

{
    anew();
    post("$item/checkinStatuses", $first);
    my $before = contents($redis);
    my %bad = (
        'userId' => [undef, 5, $yes, []],
        'wasSuccessful' => [undef, 'true', 1, 0],
        'checkinDateTime' => [undef, '', 'today', 1700000000,
            '2026-01-01T00:00:00', '2026-13-01T00:00:00Z', date(-86400 - 5),
            date(-400 * 86400), '9999-12-31T23:59:59Z'],
        'deviceName' => [5, {}], 'userPrincipalName' => [[]],
        'devicePlatform' => [$no], 'devicePlatformVersion' => [10],
        'errorMessage' => [{}],
        'appliedPolicies' => ['one', {}, undef, [('p') x 1001]],
    );

    for my $path ("$item/checkinStatuses", "$root/tenantCheckinStatuses") {
        for my $name (sort keys %bad) {
            for my $value (@{$bad{$name}}) {
                error_is post($path, { %$first, $name => $value }), 400, $name,
                         "$name: " . printable(json_text([$value]));
            }
        }

        for my $name (qw(userId wasSuccessful checkinDateTime)) {
            my %less = %$first;
            delete $less{$name};
            error_is post($path, \%less), 400, $name, "no $name";
        }

        error_is post($path, { %$first, appliedPolicies => ['a', 1] }), 400,
                 'appliedPolicies/1', 'a policy that is a number';
        error_is post($path, { %$first, colour => 'red' }), 400, 'colour',
                 'an unknown member';
        error_is post($path, { %$first, value => [$first] }), 400, 'value',
                 'a check-in that has others';
        error_is post($path, { deviceName => 'x', value => [$first] }), 400,
                 'value', 'a device that has check-ins';
        my $twice = json_text($first) =~ s/\}\z/,\n"deviceName":"x"}/r;
        my $r = $ask->('POST', $path, body => $twice,
                       type => 'application/json');
        error_is $r, 400, undef, 'a device twice';
        like $r->body, qr/given twice in one object \(line 2, column 12\)/,
             'and where';
        error_is post($path, { %$first, errorMessage => 'x' x 65_536 }), 400,
                 undef, 'more than 64 KB';
        error_is $ask->('POST', $path, body => $_, type => 'application/json'),
                 400, undef, printable($_) for '5', '"x"', 'null', '{', '';
        error_is $ask->('POST', $path, body => json_text($first),
                        type => 'text/plain'), 415, undef, 'as text';
    }

    error_is post(API . '/none/checkinStatuses', $first), 404, undef,
             'of no configuration';
    error_is ask('GET', API . '/none/checkinStatuses'), 404, undef, 'GET';
    error_is ask('GET', API . '/none/checkinStatuses/$count'), 404, undef,
             'GET of the number';
    error_is ask('PATCH', "$item/checkinStatuses"), 405, undef, 'PATCH';
    error_is ask($_, "$root/tenantCheckinStatuses"), 405, undef,
             "$_ of the tenant's" for qw(PUT PATCH DELETE);
    error_is ask('GET', "$item/checkinStatuses?\$skiptoken=$_"), 400,
             '$skiptoken', "token '$_'"
        for 'x', '!', 'AAAA', 'A' x 25, 'A' x 24 . '=', 'A' x 26;
    is_deeply contents($redis), $before, 'nothing has changed';

    # 64 KB of JSON, and not a byte more
    my $room = 65_536 - length json_text(full({ %$first, errorMessage => '' }));
    answer_is post("$item/checkinStatuses",
                   { %$first, errorMessage => 'x' x $room }), 204, '64 KB';
    is length members(ask('GET', "$item/checkinStatuses"))->[0]{errorMessage},
       $room, 'come back';
    error_is post("$item/checkinStatuses",
                  { %$first, errorMessage => 'x' x ($room + 1) }), 400, undef,
             'a byte more';
}

# a clock ahead

answer_is post("$item/checkinStatuses", status('soon', 'pc', 1, -86_000)), 204,
          'less than a day ahead';
{
    my $short = '/short/beta/officeConfiguration';
    post("$short/clientConfigurations", { id => 'one' });
    my $at = "$short/clientConfigurations/one";
    error_is post("$at/checkinStatuses", status('soon', 'pc', 1, -3700)), 400,
             'checkinDateTime', 'office_config_checkin_ahead';
    answer_is post("$at/checkinStatuses", status('soon', 'pc', 1, -3500)), 204,
              'less than it says';
    post("$at/checkinStatuses", status('u', 'pc', 0, 31 * 86400));
    counts("$at/userCheckinSummary", 1, 0, 'office_config_checkin_retention');
}


# an array

{
    anew();
    my $all = "$root/tenantCheckinStatuses/\$count";
    my $before = ask('GET', $all)->body;
    my @batch = ((map { status("b$_", 'pc', $_ % 2, 60) } 1 .. 500),
                 { userId => 'x' }, 7,
                 (map { status("c$_", 'pc', 1, 60) } 1 .. 498));

    for my $json (\@batch, { value => \@batch }) {
        my $r = post("$item/checkinStatuses", $json);
        answer_is $r, 200, 'a thousand';
        my $told = json_item($r, 'value');
        is scalar @$told, 1000, 'each is told of';
        is_deeply [grep { $told->[$_]{index} != $_ } 0 .. 999], [], 'in order';
        is_deeply [map { $_->{index} } grep { $_->{status} != 204 } @$told],
                  [500, 501], 'two were refused';
        is "$told->[500]{status} $told->[500]{error}{code}"
           . " $told->[500]{error}{target}", '400 badRequest wasSuccessful',
           'and why';
        own(748, 250, 'the others count');
    }

    is ask('GET', $all)->body, $before + 998, 'in the tenant';
    error_is post("$item/checkinStatuses", [@batch, {}]), 400, undef,
             'a thousand and one';
    answer_is post("$item/checkinStatuses", []), 200, 'none';
    error_is post(API . '/none/checkinStatuses', \@batch), 404, undef,
             'of no configuration'
        or diag 'an array for no configuration';
    error_is post(API . '/none/checkinStatuses', $_), 404, undef,
             'nor where none could be taken' for [7, {}], [];
    error_is post("$item/microsoft.graph.windowsOfficeClientConfiguration"
                  . '/checkinStatuses', [7]), 404, undef, 'nor of another type';
    answer_is post("$item/checkinStatuses", [7, {}]), 200,
              'none that can be taken';
    is ask('GET', $all)->body, $before + 998, 'nothing was taken';

    my @mixed = map { status("m$_", 'pc', 1, 60, appliedPolicies =>
                             [$_ % 2 ? 'one' : 'three', ("q$_") x 9]) }
                1 .. 300;
    answer_is post("$root/tenantCheckinStatuses", \@mixed), 200,
              'for the tenant';
    own(898, 250, 'those that name it');
    is ask('GET', API . '/three/checkinStatuses/$count')->body, 150,
       'and another';
}


# pages: each once, also while others come

for my $path ("$item/checkinStatuses", "$root/tenantCheckinStatuses") {
    my $count = ask('GET', "$path/\$count")->body;
    my (%seen, $pages);

    for (my $next = "$path?\$top=100000"; $next; ) {
        my $r = ask('GET', path_of($next));
        answer_is $r, 200, 'a page' or last;
        $seen{"$_->{userId}/" . ($_->{deviceName} // '-')}++
            for @{json_item($r, 'value')};
        $pages++;
        my $body = JSON::PP->new->utf8->decode($r->body);
        $next = $body->{'@odata.nextLink'};

        if ($path =~ /tenant/) {
            post("$item/checkinStatuses", [
                status("b$pages", 'pc', 1, 1),
                map { status("n$pages-$_", 'pc', 1, 1) } 1 .. 20 ]);
        }
    }

    delete $seen{$_} for grep { /^n/ } keys %seen;
    is scalar(grep { $_ != 1 } values %seen), 0, 'none twice';
    is scalar keys %seen, $count, 'none missed';
    cmp_ok $pages, '>', 8, 'in pages';

    my $r = ask('GET', "$path?\$top=5");
    is scalar @{json_item($r, 'value')}, 5, '$top';
    is index($r->body, 'nextLink'), -1, 'and no more';
    $r = ask('GET', "$path?\$top=0");
    is_deeply json_item($r, 'value'), [], '$top=0';
}

# in the entity there are a few, and the way to the others

for my $of ('clientConfigurations/one', '') {
    my $at = '/few/beta/officeConfiguration' . ($of && "/$of");
    my $name = $of ? 'checkinStatuses' : 'tenantCheckinStatuses';
    my $r = ask('GET', $at);
    my $body = JSON::PP->new->utf8->decode($r->body);
    my $count = ask('GET', "$at/$name/\$count")->body;

    is scalar @{$body->{$name}}, 3, 'office_config_inline_checkins';
    is $body->{"$name\@odata.count"}, $count, 'all are counted';

    my %seen = map { ("$_->{userId}/" . ($_->{deviceName} // '-')) => 1 }
               @{$body->{$name}};
    my $bad = 0;

    for (my $next = $body->{"$name\@odata.nextLink"}; $next; ) {
        my $page = JSON::PP->new->utf8->decode(ask('GET', path_of($next))->body);
        $bad++ if @{$page->{value}} > 4;
        $seen{"$_->{userId}/" . ($_->{deviceName} // '-')}++
            for @{$page->{value}};
        $next = $page->{'@odata.nextLink'};
    }

    is $bad, 0, 'office_config_page_size';
    is scalar(grep { $_ != 1 } values %seen), 0, 'each once';
    is scalar keys %seen, $count, 'and all';

    $r = ask('GET', "$at?\$select=$name");
    is json_item($r, "$name\@odata.count"), $count, '$select';
}

{
    my $list = ask('GET', '/few' . API);
    my ($one) = grep { $_->{id} eq 'one' } @{json_item($list, 'value')};
    is scalar @{$one->{checkinStatuses}}, 3, 'in a list, too';
}


# a summary that was given

anew(userCheckinSummary => { succeededUserCount => 10, failedUserCount => 5 });
own(10, 5, 'as given');
post("$item/checkinStatuses", status('g', 'pc', 1, 5));
own(11, 5, 'moves by one user');
post("$item/checkinStatuses", status('g', 'pc', 0, 4));
own(10, 6, 'and by its change');
put("$item/userCheckinSummary", { succeededUserCount => 1,
                                  failedUserCount => 1 });
own(1, 1, 'given again');
post("$item/checkinStatuses", status('g', 'pc', 0, 300));
own(1, 1, 'stays when an old one comes late');
post("$item/checkinStatuses", status('g', 'pc', 1, 1));
own(2, 0, 'the user is counted in it');
$ask->('PATCH', $item, json => { userCheckinSummary => undef });
answer_is ask('GET', "$item/userCheckinSummary"), 204, 'null';
post("$item/checkinStatuses", status('h', 'pc', 0, 1));
own(1, 1, 'until a check-in comes');
answer_is put("$item/checkinStatuses", { value => [
          status('a', 'pc', 1, 1), status('b', 'pc', 0, 1),
          status('b', 'pc', 1, 2)] }), 204, 'PUT of the collection';
own(1, 1, 'counts');
is ask('GET', "$item/checkinStatuses/\$count")->body, 2, 'what is in it';
answer_is ask('DELETE', "$item/checkinStatuses"), 204, 'DELETE of it';
own(0, 0, 'nobody');
$ask->('PUT', $item, json => { displayName => 'new', priority => 1,
       checkinStatuses => [status('z', 'pc', 1, 1)] });
own(1, 0, 'PUT of the configuration');
anew();
own(0, 0, 'nothing is left of a configuration that was deleted');
is ask('GET', "$item/checkinStatuses/\$count")->body, 0, 'no check-in either';

# zeros that were given are not the default

my %zeros = (userCheckinSummary => { succeededUserCount => 0,
                                     failedUserCount => 0 });
my @two = (status('a', 'pc', 1, 5), status('b', 'pc', 0, 5));

$ask->('PATCH', $item, json => { checkinStatuses => \@two });
own(1, 1, 'nothing was given');
anew(%zeros);
$ask->('PATCH', $item, json => { checkinStatuses => \@two });
own(0, 0, 'zeros were given');
post("$item/checkinStatuses", status('c', 'pc', 1, 1));
own(1, 0, 'and move');
anew();
$ask->('PATCH', $item, json => { %zeros });
own(0, 0, 'given later');
$ask->('PATCH', $item, json => { checkinStatuses => \@two });
own(0, 0, 'and kept');

$t->done;
