# Check-ins against a model of their rules: processes, each with a tenant, an
# nginx and a clock of its own, send random operations and compare all
# summaries and collections with the model; then several write to the same
# configurations at once.
#
#   OC_SEED=n    repeats a run
#   OC_TRACE=f   each process writes what it sends to f.NAME, one request a
#                line

use OfficeConfig::Test;

use JSON::PP ();
use JSON::XS ();
use List::Util qw(min max first);
use POSIX ();
use Time::HiRes qw(time);

use OfficeConfig::Api;
use OfficeConfig::CheckinModel;
use OfficeConfig::FakeClock;
use OfficeConfig::Http;

use constant {
    SECOND => OfficeConfig::CheckinModel::SECOND,
    DAY    => OfficeConfig::CheckinModel::DAY,
    TENANT => BASE . '/tenantCheckinStatuses',
};

my $json = JSON::XS->new->utf8->canonical->allow_nonref;
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
my $seed = $ENV{OC_SEED} // int(rand 1_000_000_000);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
# libfaketime and the sanitizers do not get on with each other
my $moves = defined OfficeConfig::FakeClock::library() && !$t->sanitized;
my $scale = $ENV{OC_SCALE} // ($t->sanitized ? 0.05 : 1);

diag 'libfaketime is not installed: the clock is not moved'
    unless $moves || $t->sanitized;
note "OC_SEED=$seed";

# what the processes do. Of users there are the first few with many devices.
my @profile = (
    { name => 'clock', ops => 60_000, window => 30, inline => 5, page => 7,
      users => 24, devices => 5, heavy => 1, many => 40, batch => 40,
      every => 300, weight => { move => 3 } },
    { name => 'bulk', ops => 110_000, window => 90, inline => 100,
      page => 1000, users => 150, devices => 4, heavy => 3, many => 300,
      batch => 1000, every => 2500, weight => { move => 0.6, single => 20,
      batch => 6 } },
    { name => 'given', ops => 25_000, window => 90, inline => 20, page => 100,
      users => 12, devices => 3, heavy => 1, many => 30, batch => 20,
      every => 300, weight => { move => 1, summary => 15, document => 10,
      single => 40 } },
);


# Values. All that is random is drawn from rand in an order that the seed
# alone determines.

sub chance { rand() < $_[0] }
sub pick { $_[int rand @_] }

# weighted(%weight): one of its names

sub weighted {
    my (%weight) = @_;
    my $sum = 0;
    $sum += $_ for values %weight;
    my $at = rand $sum;

    for (sort keys %weight) {
        return $_ if ($at -= $weight{$_}) < 0;
    }
}


# date($usec): one of the texts of that instant

sub date {
    my ($usec) = @_;
    my $minutes = chance(0.6) ? 0 : pick(120, -480, 330, 840, -720, 765, -1);
    my $local = $usec + $minutes * 60 * SECOND;
    my $part = $local % SECOND;
    my @t = gmtime(($local - $part) / SECOND);
    my $text = sprintf '%04d-%02d-%02dT%02d:%02d:%02d', $t[5] + 1900,
                       $t[4] + 1, @t[3, 2, 1, 0];

    if ($part || chance(0.1)) {
        my $digits = sprintf '%06d', $part;
        $digits =~ s/0+$// if chance(0.3) && $part;
        $digits .= pick('7', '000', '999999') if length $digits == 6
                                                 && chance(0.1);
        $text .= ".$digits";
    }

    $text .= $minutes ? sprintf '%s%02d:%02d', $minutes < 0 ? '-' : '+',
                                abs($minutes) / 60, abs($minutes) % 60
                      : pick('Z', 'Z', 'Z', '+00:00', '-00:00');
    return chance(0.02) ? lc $text : $text;
}


# instant($w): for a check-in, and never one that is refused. Where the clock
# stands still the edges are hit exactly.

sub instant {
    my ($w) = @_;
    my $m = $w->{model};
    my ($now, $cutoff) = ($m->now, $m->cutoff);
    my $near = $w->{clock} ? 0 : 600 * SECOND;
    my $usec;

    my $kind = weighted(lately => 40, known => 15, within => 20, edge => 8,
                        past => 9, ahead => 6, old => 0.3);

    if ($kind eq 'lately') {
        $usec = $now - int rand(7200 * SECOND);
        $usec -= $usec % pick(SECOND, SECOND, 1000, 1);
    } elsif ($kind eq 'known') {
        $usec = pick(@{$w->{known}});
    } elsif ($kind eq 'within') {
        $usec = $now - int(rand $m->{window} - $near);
    } elsif ($kind eq 'edge') {
        $usec = $cutoff + ($near ? pick(-$near, $near)
                                 : pick(0, 0, -1, 1, -1000, 1000, 999, -999));
    } elsif ($kind eq 'past') {
        $usec = $cutoff - $near - int(rand 200) * DAY - int rand(DAY);
    } elsif ($kind eq 'ahead') {
        $usec = $now + DAY - ($near || pick(1, 1000, SECOND,
                                            int(rand DAY) || 1));
    } else {
        $usec = pick(-1, 0, -SECOND - 1, -62_135_596_800 * SECOND + DAY,
                     -300_000_000 * SECOND + 5);
    }

    # until all was read there may be more of what is past the window than
    # the rules say
    $usec = $now - int rand(600 * SECOND) if $w->{lazy} && $usec < $cutoff;

    if (chance(0.03)) {
        push @{$w->{known}}, $usec if $usec <= $now;
        shift @{$w->{known}} if @{$w->{known}} > 12;
    }

    return $usec;
}


# status($w): a check-in: what is sent is "given", what comes back "text"

sub status {
    my ($w) = @_;
    my $number = chance(0.35) ? int rand($w->{heavy})
                              : int rand($w->{users});
    my $device = $number < $w->{heavy} ? 'pc' . int rand $w->{many}
               : int rand $w->{devices};

    $device = $device eq '0' ? undef : $device eq '1' ? '' : $device;

    my @odd = ('', 'u', 'u1', "\xfc\x{20ac}\x{1f600}", '"\\');
    my $user = $number >= 4 && $number < 9 ? $odd[$number - 4]
                                           : "user$number";

    my $usec = instant($w);
    my $ok = chance(0.7);
    my %given = (userId => $user, wasSuccessful => $ok ? $yes : $no,
                 checkinDateTime => date($usec));

    $given{deviceName} = $device if defined $device || chance(0.5);

    for (qw(userPrincipalName devicePlatform devicePlatformVersion
            errorMessage))
    {
        next if chance(0.6);
        $given{$_} = chance(0.2) ? undef : pick('', 'Windows', '10.0.22631',
            "J\xfcrgen\@example.com", "a\"\\/\n\x{1f600}", '},{"', $number);
        $given{$_} .= '' if defined $given{$_};
    }

    my @policies = map { pick(@{$w->{ids}}, @{$w->{ids}}, 'none', undef) }
                   1 .. int rand 4;
    push @policies, $policies[0] if @policies && chance(0.1);
    $given{appliedPolicies} = \@policies if @policies || chance(0.5);

    my %full = (userPrincipalName => undef, deviceName => undef,
        devicePlatform => undef, devicePlatformVersion => undef,
        errorMessage => undef, appliedPolicies => [], %given);

    return { user => $user, device => $device, ok => $ok, usec => $usec,
             policies => \@policies, given => \%given,
             text => $json->encode(\%full) };
}


# bad($w): what is no check-in, and the target of its error; undef for any

sub bad {
    my ($w) = @_;
    my %given = %{status($w)->{given}};
    my $name = pick(qw(userId wasSuccessful checkinDateTime));

    for (int rand 6) {
        if ($_ == 0) { delete $given{$name} }
        if ($_ == 1) { $given{$name} = 5 }
        if ($_ == 2) { return (7, undef) }
        if ($_ == 3) { ($name, $given{deviceName}) = ('deviceName', $yes) }
        if ($_ >= 4) {
            $name = 'checkinDateTime';
            $given{$name} = date($w->{model}->now + DAY
                                 + ($w->{clock} ? pick(0, 1, DAY) : DAY));
        }
    }

    return (\%given, $name);
}


# figures: for a summary; [succeeded, failed]

# not two zeros: nobody can tell these from a summary that was not given

sub figures {
    return [pick(0, 5, 100, -3, 2_000_000_000),
            pick(1, 5, 100, -3, 2_000_000_000)];
}

sub summary_json {
    my ($summary) = @_;
    return undef unless ref $summary;
    return { succeededUserCount => $summary->[0],
             failedUserCount => $summary->[1] };
}


# Requests. What is wrong ends the process with the whole of it.

sub send_json {
    my ($w, $method, $path, $data) = @_;
    my @body = @_ > 3 ? (body => $json->encode($data),
                         type => 'application/json') : ();

    print {$w->{trace}} join("\t", $w->{model} ? $w->{model}->now : 0,
                             $method, $path, $body[1] // ()), "\n"
        if $w->{trace};

    $w->{http} //= OfficeConfig::Http->connect($w->{port}, timeout => 60)
        // die "connect: $!\n";
    my $r = $w->{http}->request($method, $path, @body);
    delete $w->{http} unless $r->status
                             && ($r->header('Connection') // '')
                                eq 'keep-alive';
    return $r;
}

sub expect {
    my ($w, $status, $method, $path, @data) = @_;
    my $r = send_json($w, $method, $path, @data);

    die "$method $path: " . $r->status . ", not $status\n" . $r->text . "\n"
        . (@data ? substr $json->encode($data[0]), 0, 2000 : '') . "\n"
        if $r->status != $status;
    return $r;
}

sub body { $json->decode($_[0]->body) }

sub get { body(expect($_[0], 200, 'GET', path_of($_[1]))) }


# Comparisons: each dies with what is not as in the model.

sub differ {
    my ($w, $name, $got, $want) = @_;
    die "$name\ngot   " . $json->encode($got) . "\nwant  "
        . $json->encode($want) . "\n";
}

sub same_summary {
    my ($w, $name, $got, $scope) = @_;
    my $want = summary_json($w->{model}->summary($scope));

    differ($w, "$name: summary (true counts "
           . $json->encode($w->{model}->counts($scope)) . ')', $got, $want)
        if $json->encode($got) ne $json->encode($want);
}

sub check_summary {
    my ($w, $path, $scope) = @_;
    my $null = !ref $w->{model}->summary($scope);
    my $r = expect($w, $null ? 204 : 200, 'GET', $path);

    return if $null;
    my $body = body($r);
    delete $body->{'@odata.context'};
    same_summary($w, $path, $body, $scope);
}


# seen(...): notes statuses of a collection: none twice, each as in the model

sub seen {
    my ($w, $name, $seen, $scope, $statuses) = @_;

    for my $status (@$statuses) {
        my $key = OfficeConfig::CheckinModel::key(@$status{qw(userId
                                                             deviceName)});
        my $want = $scope->{at}{$key};
        my $text = $json->encode($status);

        die "$name: twice: $text\n" if $seen->{$key}++;
        die "$name: one that is not to be there: $text\n" unless $want;
        die "$name: a status\ngot   $text\nwant  $want->{text}\n"
            if $text ne $want->{text};
    }
}

sub all_seen {
    my ($w, $name, $seen, $scope) = @_;
    my @missing = grep { !$seen->{$_} } sort keys %{$scope->{at}};

    die "$name: " . @missing . ' of ' . keys(%{$scope->{at}})
        . " are missing, one is $scope->{at}{$missing[0]}{text}\n"
        if @missing;
}

sub check_collection {
    my ($w, $path, $scope) = @_;
    my ($next, %seen) = $path;

    while (defined $next) {
        my $page = get($w, $next);
        seen($w, $path, \%seen, $scope, $page->{value});
        die "$path: a page of " . @{$page->{value}} . "\n"
            if @{$page->{value}} > $w->{page};
        $next = $page->{'@odata.nextLink'};
    }

    all_seen($w, $path, \%seen, $scope);

    my $count = expect($w, 200, 'GET', "$path/\$count")->body;
    die "$path/\$count: $count\n" if $count ne keys %{$scope->{at}};
}


# check_entity($w, $name, $body, $member, $scope, $whole): what is inlined;
# with $whole the links are followed

sub check_entity {
    my ($w, $name, $body, $member, $scope, $whole) = @_;
    my %have = (checkinStatuses => 'userCheckinSummary',
                tenantCheckinStatuses => 'tenantUserCheckinSummary');
    my $statuses = $body->{$member};
    my ($next, $all) = @$body{map { "$member\@odata.$_" } qw(nextLink count)};
    my $n = keys %{$scope->{at}};
    my $many = $n > $w->{inline};
    my %seen;

    same_summary($w, $name, $body->{$have{$member}}, $scope);
    seen($w, "$name: inlined", \%seen, $scope, $statuses);

    my @want = (sort { $b <=> $a } map { $_->{usec} }
                values %{$scope->{at}})[0 .. min($n, $w->{inline}) - 1];
    my @got = map { $scope->{at}{OfficeConfig::CheckinModel::key(
                    @$_{qw(userId deviceName)})}{usec} } @$statuses;
    my $i = first { ($got[$_] // '') ne ($want[$_] // '') }
            0 .. max($#got, $#want);
    die "$name: inlined, of $n: ", scalar @got, ', not ', scalar @want,
        "; the first other one is number $i: ", $got[$i] // 'none', ', not ',
        $want[$i] // 'none', "\n" if defined $i;

    differ($w, "$name: $n, count and nextLink", [$all, $next], [$n, '...'])
        if $many ? ($all // '') ne $n || !defined $next
                 : defined $next || exists $body->{"$member\@odata.count"};

    while ($whole && defined $next) {
        my $page = get($w, $next);
        seen($w, "$name: by nextLink", \%seen, $scope, $page->{value});
        $next = $page->{'@odata.nextLink'};
    }

    all_seen($w, "$name: by nextLink", \%seen, $scope) if $whole;
}


# compare($w, $whole): everything

sub compare {
    my ($w, $whole) = @_;
    my $m = $w->{model};
    my $read = sub { $whole || chance(0.3) };

    my @scopes = map({ [item_path(API, $_), 'checkinStatuses',
                        'userCheckinSummary', $m->conf($_)] } $m->ids);
    push @scopes, [BASE, 'tenantCheckinStatuses', 'tenantUserCheckinSummary',
                   $m->tenant];

    # the first read of each may be any
    for my $scope (shuffle_all(@scopes)) {
        my ($path, $statuses, $summary, $in) = @$scope;

        $_->() for shuffle_all(
            sub { check_summary($w, "$path/$summary", $in) },
            sub { check_collection($w, "$path/$statuses", $in) },
            sub { check_entity($w, $path, get($w, $path), $statuses, $in,
                               $read->()) });
    }

    if ($read->()) {
        my $list = get($w, API . '?$top=1000');
        die API . ': ' . @{$list->{value}} . " configurations\n"
            if @{$list->{value}} != $m->ids;
        check_entity($w, "the list's $_->{id}", $_, 'checkinStatuses',
                     $m->conf($_->{id})) for @{$list->{value}};
    }

    for my $id (grep { !$m->conf($_) } @{$w->{ids}}) {
        expect($w, 404, 'GET', item_path(API, $id) . "/$_")
            for 'checkinStatuses', 'userCheckinSummary';
    }

    $w->{lazy} = 0;
    $w->{compared}++;
}

# like shuffle of List::Util, whose order is not that of srand in old versions

sub shuffle_all {
    my @all = @_;
    return map { splice @all, int rand @all, 1 } 1 .. @all;
}


# Operations. Each sends one request, tells the model, and returns the number
# of operations it was.

# statuses($w, $most): some, each as status() makes it

sub statuses {
    my ($w, $most) = @_;
    return map { status($w) } 1 .. int rand($most + 1);
}

# document($w, %have): members of a document, and what they are for the model

sub document {
    my ($w, %have) = @_;
    my (%sent, %model);

    if ($have{statuses}) {
        my @statuses = statuses($w, chance(0.1) ? $w->{batch} : 6);
        $sent{checkinStatuses} = [map { $_->{given} } @statuses];
        $model{statuses} = \@statuses;
    }

    if ($have{summary}) {
        my $summary = chance(0.2) ? 'null' : figures();
        $sent{userCheckinSummary} = summary_json($summary);
        $model{summary} = $summary;
    }

    return (\%sent, %model);
}

# part($w, $scope): a summary without one of its members, and what a merge
# into the summary makes of it

sub part {
    my ($w, $scope) = @_;
    my $now = $w->{model}->summary($scope);
    my $i = int rand 2;
    my $n = figures()->[0];
    my @after = ref $now ? @$now : (0, 0);

    $after[$i] = $n;
    return ({ ('succeededUserCount', 'failedUserCount')[$i] => $n }, \@after);
}

# a configuration that there is, and one that there may be

sub existing { my ($w) = @_; return pick($w->{model}->ids) }
sub any { my ($w) = @_; return pick(@{$w->{ids}}) }


my %do = (

    single => sub {
        my ($w) = @_;
        my $m = $w->{model};

        if (chance(0.02)) {
            my ($given) = bad($w);
            expect($w, 400, 'POST', TENANT, $given);
            return 1;
        }

        my $status = status($w);

        if (chance(0.3)) {
            expect($w, 204, 'POST', TENANT, $status->{given});
            $m->tenant_checkin($status);
            return 1;
        }

        my $id = chance(0.97) ? existing($w) // any($w) : any($w);
        my $path = item_path(API, $id) . '/checkinStatuses';

        expect($w, $m->conf($id) ? 204 : 404, 'POST', $path,
               $status->{given});
        $m->checkin($id, $status) if $m->conf($id);

        check_summary($w, $path =~ s/checkinStatuses$/userCheckinSummary/r,
                      $m->conf($id)) if $m->conf($id) && chance(0.1);
        return 1;
    },

    batch => sub {
        my ($w) = @_;
        my $m = $w->{model};
        my $n = int $w->{batch} ** rand;
        $n = $w->{batch} if chance(0.1);
        my (@sent, @want, @good);

        for (1 .. $n) {
            if (chance(0.01)) {
                my ($given, $target) = bad($w);
                push @sent, $given;
                push @want, "400 badRequest" . (defined $target
                                                ? " $target" : '');
            } else {
                push @good, status($w);
                push @sent, $good[-1]{given};
                push @want, '204';
            }
        }

        my $id = chance(0.4) ? undef : existing($w) // any($w);
        my $path = defined $id ? item_path(API, $id) . '/checkinStatuses'
                               : TENANT;
        my $found = !defined $id || $m->conf($id);
        my $r = expect($w, $found ? 200 : 404, 'POST', $path,
                       chance(0.5) ? \@sent : { value => \@sent });
        return $n unless $found;

        my $told = body($r)->{value};
        die "$path: " . @$told . " results of $n\n" if @$told != $n;

        for my $i (0 .. $n - 1) {
            my $one = $told->[$i];
            my $got = join ' ', $one->{status}, $one->{error}
                    ? ($one->{error}{code}, $one->{error}{target} // ()) : ();
            $got =~ s/ \S+$// if $want[$i] eq '400 badRequest'
                                 && $got =~ /^400 badRequest ./;
            differ($w, "$path: result $i of " . $json->encode($sent[$i]),
                   $one, $want[$i])
                if $got ne $want[$i] || $one->{index} ne $i
                   || $one->{error} && !length $one->{error}{message};
        }

        defined $id ? $m->checkin($id, @good) : $m->tenant_checkin(@good);
        return $n;
    },

    # create, or remove
    life => sub {
        my ($w) = @_;
        my $m = $w->{model};
        my $id = any($w);

        if ($m->conf($id) && chance(0.8)) {
            expect($w, 204, 'DELETE', item_path(API, $id));
            $m->remove($id);
            return 1;
        }

        my ($sent, %model) = document($w, statuses => chance(0.5),
                                      summary => chance(0.4));
        my $exists = $m->conf($id);
        my $r = expect($w, $exists ? 409 : 201, 'POST', API,
                       { %$sent, id => $id, displayName => 'd' });

        unless ($exists) {
            $m->create($id, %model);
            check_entity($w, "POST of $id", body($r), 'checkinStatuses',
                         $m->conf($id));
        }

        return 1 + @{$model{statuses} // []};
    },

    collection => sub {
        my ($w) = @_;
        my $m = $w->{model};
        my $id = existing($w) // return 0;
        my $path = item_path(API, $id) . '/checkinStatuses';

        if (chance(0.3)) {
            expect($w, 204, 'DELETE', $path);
            $m->replace($m->conf($id));
            return 1;
        }

        my @statuses = statuses($w, chance(0.1) ? $w->{batch} : 8);
        expect($w, 204, 'PUT', $path,
               { value => [map { $_->{given} } @statuses] });
        $m->replace($m->conf($id), @statuses);
        return 1 + @statuses;
    },

    summary => sub {
        my ($w) = @_;
        my $m = $w->{model};

        if (chance(0.3)) {
            my $summary = chance(0.3) ? 'null' : figures();
            my $sent = summary_json($summary);
            ($sent, $summary) = part($w, $m->tenant) if chance(0.3);

            my $r = expect($w, 200, 'PATCH', BASE,
                           { tenantUserCheckinSummary => $sent });
            $m->give($m->tenant, $summary);
            check_entity($w, 'PATCH of ' . BASE, body($r),
                         'tenantCheckinStatuses', $m->tenant);
            return 1;
        }

        my $id = existing($w) // return 0;
        my $scope = $m->conf($id);
        my $path = item_path(API, $id) . '/userCheckinSummary';

        if (chance(0.2)) {
            expect($w, 204, 'DELETE', $path);
            $m->give($scope, 'null');
            return 1;
        }

        my $method = pick(qw(PUT PATCH));
        my $summary = figures();
        my $sent = summary_json($summary);
        ($sent, $summary) = part($w, $scope)
            if $method eq 'PATCH' && chance(0.5);

        my $body = body(expect($w, 200, $method, $path, $sent));
        $m->give($scope, $summary);
        delete $body->{'@odata.context'};
        same_summary($w, "$method $path", $body, $scope);
        return 1;
    },

    document => sub {
        my ($w) = @_;
        my $m = $w->{model};
        my $method = pick(qw(PATCH PATCH PUT));

        if (chance(0.05)) {
            my ($sent, %model) = document($w, statuses => 1,
                                          summary => chance(0.5));
            my %sent = map { ('tenant' . ucfirst, $sent->{$_}) } keys %$sent;
            my $r = expect($w, 200, 'PATCH', BASE, \%sent);
            $m->change($m->tenant, %model);
            check_entity($w, 'PATCH of ' . BASE, body($r),
                         'tenantCheckinStatuses', $m->tenant);
            return 1 + @{$model{statuses}};
        }

        my $id = existing($w) // return 0;
        my $scope = $m->conf($id);
        my $path = item_path(API, $id);
        my ($sent, %model) = document($w, statuses => chance(0.6),
                                      summary => chance(0.5));

        if ($model{statuses} && chance(0.05)) {
            my ($given) = bad($w);
            my $i = int rand(1 + @{$sent->{checkinStatuses}});
            splice @{$sent->{checkinStatuses}}, $i, 0, $given;
            my $r = expect($w, 400, $method, $path, $sent);
            my $target = json_item($r, 'error', 'target') // '';
            die "$method $path: target $target\n" . $r->text . "\n"
                if $target !~ m{^checkinStatuses/$i(?:/|$)};
            return 1;
        }

        ($sent->{userCheckinSummary}, $model{summary}) = part($w, $scope)
            if $method eq 'PATCH' && !%model;

        $sent->{displayName} = 'd' . int rand 100 if chance(0.5);
        my $r = expect($w, 200, $method, $path, $sent);
        $method eq 'PATCH' ? $m->change($scope, %model)
                           : $m->overwrite($scope, %model);
        check_entity($w, "$method of $path", body($r), 'checkinStatuses',
                     $scope);
        return 1 + @{$model{statuses} // []};
    },

    # the clock: also to just the moment at which one is at the edge, or just
    # past it
    move => sub {
        my ($w) = @_;
        my $m = $w->{model};
        return 0 unless $w->{clock};

        my $now = $m->now;
        my $scope = pick($m->tenant, map { $m->conf($_) } $m->ids);
        my $at = $scope->{at};
        my $key = pick(sort keys %$at);
        my $kind = weighted(small => 25, hours => 25, days => 12, long => 2,
                            edge => 24, kept => 12);

        if ($kind eq 'small') {
            $now += 1000 * int rand 100_000;
        } elsif ($kind eq 'hours') {
            $now += 3600 * SECOND * (1 + int rand 30);
        } elsif ($kind eq 'days') {
            $now += int rand $m->{window} / 3;
            $now -= $now % 1000;
        } elsif ($kind eq 'long') {
            $now += $m->{window} + int(rand 3) * DAY;
        } elsif (defined $key) {
            my $edge = $at->{$key}{$kind eq 'edge' ? 'usec' : 'kept'};
            $edge -= $edge % 1000;
            $edge += $m->{window} + pick(0, 0, 1000);
            $now = $edge if $edge > $now
                            && ($kind eq 'edge' && $edge < $now + 20 * DAY
                                || chance(0.15));
        }

        $w->{clock}->set($now / 1000);
        $m->move($now);
        $w->{lazy} = 1;
        compare($w) if chance(0.5);
        return 1;
    },
);


# serve(%profile): an nginx, with a clock, for one process

sub serve {
    my ($name, $workers, %p) = @_;
    my $at = ($moves && $p{window} ? 1_772_000_000 + $seed % 1_000_000
                                   : int time) * 1000;
    my $nginx = $t->serve(redis => $redis, start => 0, workers => $workers,
        $moves ? (main => OfficeConfig::FakeClock::MAIN) : (),
        server => 'keepalive_requests 100000000; client_max_body_size 8m;'
                  . 'client_body_buffer_size 8m;',
        location => "office_config_tenant $name;"
                    . "office_config_checkin_retention $p{window}d;"
                    . "office_config_inline_checkins $p{inline};"
                    . "office_config_page_size $p{page};");
    my $clock;

    if ($moves) {
        $clock = OfficeConfig::FakeClock->new($nginx->dir, $at);
        $clock->attach($nginx);
    }

    $nginx->start;
    return (%p, name => $name, port => $nginx->port, clock => $clock,
            ids => ['one', 'a b/c', "\xfc'\x{20ac}", 'FOUR', 'f', 'six'],
            model => OfficeConfig::CheckinModel->new(now => $at * 1000,
                window => $p{window} * DAY));
}


# forked($code): runs it in a process; what it returns comes through the pipe

sub forked {
    my ($code) = @_;
    pipe my $r, my $w or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        my $result = eval { $code->() } // { error => $@ };
        print $w $json->encode($result);
        close $w;
        POSIX::_exit(0);
    }

    close $w;
    return { pid => $pid, pipe => $r };
}

sub result {
    my ($child) = @_;
    local $/;
    my $text = readline $child->{pipe};
    waitpid $child->{pid}, 0;
    return eval { $json->decode($text) } // { error => 'the process died' };
}


# run($w): the operations of one process

sub run {
    my ($w) = @_;
    my %weight = (single => 70, batch => 5, life => 2, collection => 2,
                  summary => 2, document => 3, move => 0, %{$w->{weight}});
    my $most = $w->{ops} * $scale;
    my ($n, $steps, $last) = (0, 0, 0);
    my $begin = time;

    $w->{known} = [map { $w->{model}->now - $_ * 3600 * SECOND } 1 .. 4];

    my $done = eval {
        while ($n < $most) {
            $n += $do{weighted(%weight)}->($w);
            $steps++;

            if ($n - $last >= $w->{every}) {
                compare($w);
                $last = $n;
            }
        }

        compare($w, 1);
        1;
    };

    return { ops => $n, seconds => time - $begin, compared => $w->{compared},
             error => $done ? '' : "after $n operations in $steps steps, at "
                      . "$w->{compared} comparisons, the clock "
                      . $w->{model}->now . ":\n$@" };
}


# one tenant each

{
    my @w = map { +{ serve($_->{name}, 1, %$_), compared => 0 } } @profile;
    my $number = 0;

    my @children = map {
        my $w = $_;
        my $its = $seed + $number++;
        forked(sub {
            srand $its;
            open $w->{trace}, '>', "$ENV{OC_TRACE}.$w->{name}"
                if defined $ENV{OC_TRACE};
            my $result = run($w);
            close $w->{trace} if $w->{trace};
            return $result;
        });
    } @w;

    for my $w (@w) {
        my $result = result(shift @children);

        ok(!$result->{error}, "$w->{name}: is as the model says")
            or diag "OC_SEED=$seed\n", $result->{error};
        note sprintf '%s: %d operations, %d comparisons, %.1f s',
             $w->{name}, map { $_ // 0 } @$result{qw(ops compared seconds)};
    }
}


# Several processes write to the same configurations: each has devices of its
# own, so that the end does not depend on who was first. What each sends
# depends on its seed alone: the model is told afterwards.

{
    my %p = (window => 90, inline => 50, page => 100, users => 40,
             devices => 6, heavy => 2, many => 100, batch => 100);
    my %w = (serve('together', 2, %p), compared => 0);
    my @id = qw(one two three);
    my $most = 10_000 * $scale;

    $w{ids} = [@id];
    $w{known} = [map { $w{model}->now - $_ * 3600 * SECOND } 1 .. 4];

    for my $id (@id) {
        my @summary = $id eq 'two' ? (summary => [1000, 500])
                    : $id eq 'three' ? (summary => 'null') : ();
        expect(\%w, 201, 'POST', API, { id => $id, displayName => 'd',
            @summary ? (userCheckinSummary => summary_json($summary[1]))
                     : () });
        $w{model}->create($id, @summary);
    }

    # posts($n, $code): what process $n sends, with the statuses for the model

    my $posts = sub {
        my ($n, $code) = @_;
        my %one = (%w, known => [@{$w{known}}], clock => $w{clock});
        srand $seed + 100 + $n;

        for (my $sent = 0; $sent < $most; ) {
            my @statuses = map { status(\%one) }
                           1 .. (chance(0.8) ? 1 : 1 + int rand $p{batch});

            for my $status (@statuses) {
                my $device = $status->{device};
                $device = defined $device ? "$n-$device" : "$n";
                my %full = (%{$json->decode($status->{text})},
                            deviceName => $device);
                @$status{qw(device text)} = ($device, $json->encode(\%full));
                $status->{given}{deviceName} = $device;
            }

            $code->(chance(0.4) ? undef : pick(@id), @statuses);
            $sent += @statuses;
        }

        return { ops => $most };
    };

    my $begin = time;
    my @children = map {
        my $n = $_;
        forked(sub {
            my %client = (%w, http => undef);
            $posts->($n, sub {
                my ($id, @statuses) = @_;
                my $path = defined $id ? API . "/$id/checkinStatuses" : TENANT;
                expect(\%client, @statuses == 1 ? (204, 'POST', $path,
                       $statuses[0]{given}) : (200, 'POST', $path,
                       [map { $_->{given} } @statuses]));
            });
        });
    } 1 .. 4;

    # meanwhile one changes what has nothing to do with it, and reads: none is
    # there twice, and what a count was it is at least
    my $stop = time + 1000;
    local $SIG{USR1} = sub { $stop = 0 };
    my $reader = forked(sub {
        my %client = (%w, http => undef);
        my ($n, %count) = 0;

        while (time < $stop) {
            my $id = $id[$n % @id];
            expect(\%client, 200, 'PATCH', API . "/$id",
                   { displayName => "n$n" });
            my $path = $n % 2 ? TENANT : API . "/$id/checkinStatuses";
            my ($next, %seen) = $path;
            my $least = $count{$path} // 0;

            while (defined $next) {
                my $page = get(\%client, $next);
                for (@{$page->{value}}) {
                    my $key = OfficeConfig::CheckinModel::key(
                        @$_{qw(userId deviceName)});
                    die "$path: twice: $key\n" if $seen{$key}++;
                }
                $next = $page->{'@odata.nextLink'};
            }

            $count{$path} = keys %seen;
            die "$path: $count{$path} after $least\n"
                if $count{$path} < $least;
            $n++;
        }

        return { ops => $n };
    });

    my $ops = 0;

    for my $child (@children) {
        my $result = result($child);
        is $result->{error} // '', '', 'together: each is answered';
        $ops += $result->{ops} // 0;
    }

    kill 'USR1', $reader->{pid};
    is result($reader)->{error} // '', '', 'together: a reader';

    $posts->($_, sub {
        my ($id, @statuses) = @_;
        defined $id ? $w{model}->checkin($id, @statuses)
                    : $w{model}->tenant_checkin(@statuses);
    }) for 1 .. 4;

    ok eval { compare(\%w, 1); 1 }, 'together: the end is what the model says'
        or diag "OC_SEED=$seed\n", $@;
    note sprintf 'together: %d operations, %.1f s', $ops, time - $begin;
}

$t->done;
