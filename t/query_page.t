# Pages of collections: each item once, whatever comes and goes meanwhile and
# whatever the order is; $top, $skip and $count within the result.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->nginx(http => $t->api_conf(redis => $redis,
    location => 'office_config_page_size 7 max=1000;',
    server => 'keepalive_requests 1000000;'));
my $ask = client($t);

sub ask { $ask->(@_) }

sub key_of { $_[0]{id} // $_[0]{deviceName} }

# walk($path, $each): the keys on each of the pages; $each is called with the
# keys so far after each page but the last

sub walk {
    my ($path, $each) = @_;
    my @pages;

    while (defined $path && @pages < 500) {
        my $r = ask('GET', $path);
        $r->status == 200 or die "$path: " . $r->text;
        push @pages, [map { key_of($_) } @{$r->json->{value}}];
        my $link = json_item($r, '@odata.nextLink');
        $each->(map { @$_ } @pages) if $each && defined $link;
        $path = defined $link ? path_of($link) : undef;
    }

    return \@pages;
}

sub flat { map { @$_ } @{$_[0]} }

sub post {
    my ($path, $json) = @_;
    my $r = ask('POST', $path, json => $json);
    die "$path: " . $r->text if $r->status !~ /^20/;
}

sub checkin {
    my ($device, $ok) = @_;
    return { userId => "user of $device", deviceName => $device,
             wasSuccessful => $ok ? JSON::PP::true : JSON::PP::false,
             checkinDateTime => recent() };
}

# how an item of each collection is made and removed

my %kind = (
    configurations => {
        path => API,
        make => sub {
            my ($n) = @_;
            post(API, { id => "k$n", priority => $n % 11,
                        displayName => 'n' . $n % 5,
                        $n % 3 ? (description => 'd' . $n % 2) : () });
        },
        remove => sub { ask('DELETE', API . "/k$_[0]") },
        key => sub { "k$_[0]" },
        orders => ['', 'id', 'id desc', 'priority', 'priority desc',
                   'priority,id', 'priority desc,id', 'priority,id desc',
                   'displayName', 'displayName desc,priority',
                   'description desc', 'description,displayName desc',
                   'lastModifiedDateTime', 'length(displayName),priority',
                   'userCheckinSummary/failedUserCount'],
    },
    assignments => {
        path => API . '/one/assignments',
        make => sub {
            post(API . '/one/assignments', { id => "k$_[0]", target => {
                '@odata.type' => '#microsoft.graph.'
                    . 'officeConfigurationGroupAssignmentTarget',
                groupId => 'g' . $_[0] % 5 } });
        },
        remove => sub { ask('DELETE', API . "/one/assignments/k$_[0]") },
        key => sub { "k$_[0]" },
        orders => ['', 'id', 'id desc'],
    },
    checkinStatuses => {
        path => API . '/one/checkinStatuses',
        make => sub {
            post(API . '/one/checkinStatuses', checkin("k$_[0]", $_[0] % 2));
        },
        remove => sub { },
        key => sub { "k$_[0]" },
        orders => ['', 'deviceName', 'deviceName desc',
                   'wasSuccessful desc,userId'],
    },
    tenantCheckinStatuses => {
        path => BASE . '/tenantCheckinStatuses',
        make => sub {
            post(BASE . '/tenantCheckinStatuses', checkin("k$_[0]",
                                                          $_[0] % 2));
        },
        remove => sub { },
        key => sub { "k$_[0]" },
        orders => ['', 'deviceName'],
    },
);

my %filter = (
    configurations => q{contains(displayName,'n')},
    assignments => q{startswith(id,'k')},
    checkinStatuses => q{startswith(deviceName,'k')},
    tenantCheckinStatuses => q{startswith(deviceName,'k')},
);

sub query {
    my (%option) = @_;
    return join '&', map { my $v = $option{$_};
                           $v =~ s/([^\w'.,()\/-])/sprintf '%%%02X', ord $1/ge;
                           "\$$_=$v" } sort keys %option;
}

for my $name (sort keys %kind) {
    my $kind = $kind{$name};
    my ($make, $remove, $key) = @$kind{qw(make remove key)};

    $redis->flush;
    $redis->cmd('SET', 'oc:layout', LAYOUT);
    post(API, { id => 'one' }) if $name =~ /assignments|^checkin/;

    my @throughout = map { 100 + $_ * 10 } 1 .. 40;
    $make->($_) for @throughout;
    my $n = 0;

    for my $order (@{$kind->{orders}}) {
        for my $filter ('', $filter{$name}) {
            my %made;
            my %option = (($order ? (orderby => $order) : ()),
                          ($filter ? (filter => $filter) : ()));
            my $path = $kind->{path} . '?' . query(%option);
            my $how = "$name by '$order'" . ($filter ? ', filtered' : '');

            my $pages = walk($path, sub {
                my ($last) = ($_[-1] // '') =~ /(\d+)/;
                for my $at (($last // 100) + 1, ($last // 100) - 1,
                            100 + $n++ * 7 % 400)
                {
                    next if $at % 10 == 0 || $made{$at}++;
                    $make->($at);
                }

                # what came first goes, and that the next link is behind
                for my $at ((sort keys %made)[0], $last) {
                    next if !defined $at || $at % 10 == 0;
                    $remove->($at);
                }
            });

            my %seen;
            $seen{$_}++ for flat($pages);
            is_deeply [grep { $seen{$_} > 1 } sort keys %seen], [],
                      "$how: no item twice";
            is_deeply [grep { !$seen{$key->($_)} } @throughout], [],
                      'none is missed';
            cmp_ok scalar(grep { @$_ > 7 } @$pages), '==', 0,
                   'no page is too large';
            $remove->($_) for keys %made;
        }
    }

    # nothing changes any more: $top and $skip are parts of the whole

    for my $order (@{$kind->{orders}}[0 .. 1]) {
        for my $filter ('', $filter{$name}) {
            my %option = (($order ? (orderby => $order) : ()),
                          ($filter ? (filter => $filter) : ()));
            my @all = flat(walk($kind->{path} . '?' . query(%option)));
            my $how = "$name by '$order'" . ($filter ? ', filtered' : '');

            for my $case ([0, 3], [5, 0], [1, 20], [13, undef], [39, 9],
                          [@all - 1, 5], [@all + 0, 5], [1000, undef])
            {
                my ($skip, $top) = @$case;
                my @want = $skip > @all ? () : @all[$skip .. $#all];
                @want = @want[0 .. ($top > @want ? @want : $top) - 1]
                    if defined $top;
                my %more = (skip => $skip,
                            defined $top ? (top => $top) : ());
                is_deeply [flat(walk($kind->{path} . '?'
                                     . query(%option, %more)))], \@want,
                          "$how: I1, I5: skip $skip, top "
                          . ($top // 'none');
            }

            my $r = ask('GET', $kind->{path} . '?'
                        . query(%option, count => 'true', top => 1,
                                skip => 3));
            is json_item($r, '@odata.count'), scalar @all,
               "$how: I5: \$count=true is that of all";
            like $r->body, qr/^\{"\@odata\.context":"[^"]*",
                              "\@odata\.count":\d+,"value"/x, 'in its place';
            $r = ask('GET', $kind->{path} . '?'
                     . query(%option, count => 'true'));
            my $next = ask('GET', path_of(json_item($r, '@odata.nextLink')));
            is json_item($next, '@odata.count'), scalar @all,
               'and on the next page as well';
            isnt key_of($next->json->{value}[0]), key_of($r->json->{value}[0]),
               'which is another';
            is json_item(ask('GET', $kind->{path} . '?'
                             . query(%option, count => 'FALSE')),
                         '@odata.count'), undef, 'not if it is not wanted';

            $r = ask('GET', $kind->{path} . '/$count?'
                     . query($filter ? (filter => $filter) : ()));
            is $r->body, scalar @all, "$how: A1: /\$count";
            is $r->header('Content-Type'), 'text/plain;charset=utf-8',
               'as text';
        }
    }

    error_is ask('GET', "$kind->{path}?\$$_"), 400, undef, "$name: $_"
        for 'skip=-1', 'skip=x', 'skip=', 'count=1', 'count=', 'count=yes',
            'skip=1&$skip=1', 'filter=', 'filter=x%20eq', 'orderby=',
            'orderby=nothing', 'search=', 'filter=nothing%20eq%201';
}

$t->done;
