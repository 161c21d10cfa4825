# $orderby: what each kind of expression orders by, where null is, in which
# order properties count, on every collection; the same order in pages of any
# size, behind any $skip, and beside a $filter.

use OfficeConfig::Test;

use utf8;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
$t->nginx(http => $t->api_conf(redis => $t->redis,
    location => 'office_config_page_size 100;',
    server => 'keepalive_requests 1000000;'));
my $ask = client($t);
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $group = '#microsoft.graph.officeConfigurationGroupAssignmentTarget';
my $windows = '#microsoft.graph.windowsOfficeClientConfiguration';

sub ask { $ask->(@_) }

sub post {
    my ($path, $json) = @_;
    my $r = ask('POST', $path, json => $json);
    die "$path: " . $r->text if $r->status !~ /^20/;
}

sub checkin {
    my ($device, $user, $ok, $date, %more) = @_;
    return { deviceName => $device, userId => $user, wasSuccessful => $ok,
             checkinDateTime => $date, %more };
}

post(API, { id => 'a', priority => 5, displayName => 'b', description => 'x',
            '@odata.type' => $windows });
post(API, { id => 'b', priority => 3, displayName => 'B',
            description => 'x' });
post(API, { id => 'c', priority => 5, displayName => undef,
            description => 'y', '@odata.type' => $windows });
post(API, { id => 'd', priority => -1, displayName => 'ab' });
post(API, { id => 'e', priority => 10, displayName => "\x{e4}",
            description => '', '@odata.type' => $windows });
post(API, { id => 'f', priority => 3, displayName => "\x{1f600}",
            description => 'x' });

post(API . "/b/assignments", $_)
    for { id => '1', target => { '@odata.type' => $group, groupId => 'z' } },
        { id => '2', target => undef },
        { id => '3', target => { '@odata.type' => $group, groupId => 'a' } },
        { id => '4', target => { '@odata.type' => $group,
                                 groupId => undef } };

# the date of 2 is the earliest, whatever its digits are; 4 is as late as 1

my @statuses = (
    checkin('1', 'u', $true, '2026-11-02T10:00:00Z', errorMessage => 'm'),
    checkin('2', 'v', $false, '2026-11-02T11:00:00+02:00',
            appliedPolicies => ['b', 'c']),
    checkin('3', 'u', $false, '2026-11-02T10:00:00.5Z',
            errorMessage => undef),
    checkin('4', 'w', $true, '2026-11-02T05:00:00-05:00',
            errorMessage => 'l', appliedPolicies => ['b']),
);
post(API . '/c/checkinStatuses', $_) for @statuses;
post(API . '/f/checkinStatuses', $statuses[1]);

my %key = (assignments => 'id', clientConfigurations => 'id',
           checkinStatuses => 'deviceName',
           tenantCheckinStatuses => 'deviceName');


# walk($collection, $query, $size): the keys of all pages, in one text

sub walk {
    my ($collection, $query, $size) = @_;
    my ($name) = $collection =~ m{(\w+)(?:/microsoft\..*)?$};
    my $path = "$collection?" . $query =~ s/ /%20/gr;
    my @keys;

    while (defined $path) {
        my $r = ask('GET', $path, headers => [Prefer => "maxpagesize=$size"]);
        return $r->status . ' ' . $r->body if $r->status != 200;
        push @keys, map { $_->{$key{$name}} } @{$r->json->{value}};
        return 'no end' if @keys > 20;
        my $link = $r->json->{'@odata.nextLink'};
        $path = defined $link ? path_of($link) : undef;
    }

    return "@keys";
}


# order_is($collection, $order, $want, $filter): one test point: in one page,
# in pages of one, two and three, and behind each $skip

sub order_is {
    my ($collection, $order, $want, $filter) = @_;
    my $query = "\$orderby=$order" . (defined $filter ? "&\$filter=$filter"
                                                      : '');
    my @want = split ' ', $want;
    my @wrong;

    for my $size (100, 1, 2, 3) {
        my $got = walk($collection, $query, $size);
        push @wrong, "in pages of $size: $got" if $got ne $want;
    }

    for my $skip (1 .. @want + 1) {
        my $got = walk($collection, "$query&\$skip=$skip", 2);
        my $rest = join ' ', @want[$skip .. $#want];
        push @wrong, "behind $skip: $got" if $got ne $rest;
    }

    my ($name) = $collection =~ m{(\w+)(?:/microsoft\..*)?$};
    ok !@wrong, "A3: $name by $order" . (defined $filter ? ', filtered' : '')
        or diag join "\n", "want $want", @wrong;
}


# configurations

order_is(API, @$_) for
    ['id', 'a b c d e f'],
    ['id asc', 'a b c d e f'],
    ['id desc', 'f e d c b a'],
    ['priority', 'd b f a c e'],
    ['priority desc', 'e a c b f d'],
    ['priority desc,id', 'e a c b f d'],
    ['priority desc,id desc', 'e c a f b d'],
    ['priority,id desc', 'd f b c a e'],

    # by code points: capitals first, then what has more than one byte
    ['displayName', 'c b d a e f'],
    ['displayName desc', 'f e a d b c'],
    ['tolower(displayName)', 'c d a b e f'],
    ['length(displayName)', 'c a b e f d'],
    ['length(displayName) desc,displayName', 'd b a e f c'],

    # null, which an empty string is not
    ['description', 'd e a b f c'],
    ['description desc', 'c a b f e d'],
    ['description,priority desc', 'd e a b f c'],
    ['description desc,priority', 'c b f a e d'],
    ['description,displayName desc', 'd e f a b c'],
    ['description eq null desc,id', 'd a b c e f'],

    ['priority mul -1', 'e a c b f d'],
    ['priority mod 5,priority div 5 desc', 'd e a c b f'],
    ['priority divby 4 desc', 'e a c b f d'],
    ['contains(displayName,\'b\'),id desc', 'c f e b d a'],
    ['assignments/$count desc,id', 'b a c d e f'],
    ['checkinStatuses/$count desc,id', 'c f a b d e'],
    ['userCheckinSummary/failedUserCount desc', 'c f a b d e'],
    ['userCheckinSummary/succeededUserCount,'
     . 'userCheckinSummary/failedUserCount', 'a b d e f c'],
    ['@o desc&@o=priority', 'e a c b f d'],
    ['1,id desc', 'f e d c b a'];

order_is(API, 'priority,displayName', 'b f a', q{description eq 'x'});
order_is(API, 'description desc,id desc', 'e d',
         'priority gt 5 or priority lt 0');
order_is(API . '/microsoft.graph.windowsOfficeClientConfiguration', @$_)
    for ['priority', 'a c e'], ['priority desc', 'e a c'],
        ['displayName desc', 'e a c'],
        ['priority,id desc', 'c a', q{priority eq 5}];


# the other collections

order_is(API . '/b/assignments', @$_) for
    ['id desc', '4 3 2 1'],
    ['target/microsoft.graph.officeConfigurationGroupAssignmentTarget/groupId',
     '2 4 3 1'],
    ['target eq null desc,id desc', '2 4 3 1'];

for my $of (API . '/c/checkinStatuses', BASE . '/tenantCheckinStatuses') {
    order_is($of, @$_) for
        ['deviceName desc', '4 3 2 1'],
        ['checkinDateTime,deviceName', '2 1 4 3'],
        ['checkinDateTime desc,deviceName desc', '3 4 1 2'],
        ['wasSuccessful,deviceName', '2 3 1 4'],
        ['wasSuccessful desc,deviceName', '1 4 2 3'],
        ['userId,wasSuccessful desc', '1 3 2 4'],
        ['userId desc,checkinDateTime', '4 2 1 3'],
        ['errorMessage,deviceName', '2 3 4 1'],
        ['errorMessage desc,deviceName', '1 4 2 3'],
        ['appliedPolicies/$count desc,deviceName', '2 4 1 3'],
        ['hour(checkinDateTime),second(checkinDateTime),deviceName desc',
         '4 3 1 2'];
}


# what cannot be an order

for my $case (['', 0], ['PRIORITY', 0], ['displayName up', 12],
              ['displayName,', 12], [',displayName', 0], ['nothing', 0],
              ['displayName desc asc', 17], ['checkinStatuses', 0],
              ['userCheckinSummary', 0], ['displayName displayName', 12],
              ['contains(displayName', 20])
{
    my ($order, $position) = @$case;
    my $r = ask('GET', API . '?$orderby=' . $order =~ s/ /%20/gr);
    error_is $r, 400, '$orderby', "\"$order\" is no order";
    like $r->json->{error}{message}, qr/\(position $position of \$orderby\)/,
         'where it is not one';
}

$t->done;
