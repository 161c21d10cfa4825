# Change sets and atomicity groups on a Redis Cluster: each is one script at the
# node that has the tenant's slot, all or nothing, whether the slot is there,
# has been moved, or is being moved. (A6, N8)

use OfficeConfig::Test;

use POSIX ();

use OfficeConfig::Api;
use OfficeConfig::Batch;
use OfficeConfig::Cluster;
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $cluster = OfficeConfig::Cluster->new($t, masters => 3, replicas => 0);
my $all = '/officeConfiguration/clientConfigurations';

$t->allow_log(
    qr/\[error\].* Redis at \S+ refused: "(?:CLUSTERDOWN|TRYAGAIN|MOVED|ASK) /);

my $s = OfficeConfig::Service->new($t,
    block => 'reconnect 20ms 200ms; topology_refresh 30s; '
             . 'connect_timeout 5s; command_timeout 10s; ' . $cluster->block,
    location => 'office_config_tenant $http_x_tenant;');
my @tenants = map { "t$_" } 1 .. 9;

sub get {
    my ($tenant, $path) = @_;
    return $s->request('GET', "/beta$path", headers => ['X-Tenant' => $tenant]);
}

# names($tenant): { id => displayName } of its configurations

sub names {
    my ($tenant) = @_;
    my $r = get($tenant, "$all?\$top=1000&\$select=id,displayName");
    die $r->text if $r->status != 200;
    return { map { ($_->{id} => $_->{displayName}) } @{$r->json->{value}} };
}

# group($tenant, $name, $last): two configurations, of which one is changed and
# one is assigned, and a check-in, in a group; $last is a request behind these

sub group {
    my ($tenant, $name, $last) = @_;
    my @requests = (
        created('1', id => "$name-a", displayName => 'a'),
        created('2', id => "$name-b", displayName => 'b'),
        req('3', 'PATCH', "$all/$name-a", json => { displayName => 'c' }),
        req('4', 'POST', "$all/$name-b/assignments", json => { id => 'x' }),
        req('5', 'POST', '/officeConfiguration/tenantCheckinStatuses', json => {
            userId => "u of $name", deviceName => 'd',
            wasSuccessful => JSON::PP::true,
            checkinDateTime => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime),
            appliedPolicies => ["$name-a"] }),
        $last // ());

    return $s->request('POST', BATCH, headers => ['X-Tenant' => $tenant],
        json => { requests => [map { { %$_, atomicityGroup => 'g' } }
                               @requests] });
}

my $done = '201 201 200 201 204';

# change_set_of($tenant, $name, @last): two of them, as multipart

sub change_set_of {
    my ($tenant, $name, @last) = @_;
    return $s->request('POST', BATCH,
        headers => ['X-Tenant' => $tenant,
                    'Content-Type' => 'multipart/mixed; boundary=b'],
        body => mixed('b', change_set('c',
            http_part('POST', "/beta$all", id => 1,
                      json => { id => "$name-a", displayName => 'a' }),
            http_part('PATCH', '$1', id => 2, json => { displayName => 'c' }),
            http_part('POST', "/beta$all", id => 3,
                      json => { id => "$name-b", displayName => 'b' }),
            @last)));
}

# count_lines($file): how many it has so far

sub count_lines {
    my ($file) = @_;
    open my $fh, '<', $file or die "$file: $!\n";
    return scalar(() = <$fh>);
}

# whole($tenant, $name): one test point, that all of a group is there

sub whole {
    my ($tenant, $name, $what) = @_;
    my $names = names($tenant);
    is_deeply [map { $names->{"$name-$_"} } qw(a b)], ['c', 'b'], $what;
}


subtest 'at each node' => sub {
    for my $tenant (@tenants) {
        is statuses(group($tenant, 'one')), $done, "a group of $tenant";
        whole($tenant, 'one', 'all is there');
        is get($tenant, "$all/one-b/assignments/x")->status, 200,
           'the assignment';
        is get($tenant, "$all/one-a/checkinStatuses/\$count")->body, 1,
           'the check-in';

        my $parts = mixed_parts(change_set_of($tenant, 'two'));
        is join(' ', map { $_->{status} } @{$parts->[0]}), '201 200 201',
           'a change set';
        whole($tenant, 'two', 'all of it');
    }

    is scalar(grep { $_->cmd('DBSIZE') } $cluster->masters), 3,
       'at every master';
    is $s->nginx->error_log =~ /\[error\]/, '', 'nothing went wrong';
};


subtest 'all or nothing' => sub {
    for my $tenant (@tenants) {
        my $owner = $cluster->owner("{$tenant}");
        my $before = contents($owner);

        my $r = group($tenant, 'no', req('6', 'DELETE', "$all/none"));
        is statuses($r), '424 424 424 424 424 404', "refused, of $tenant";
        json_is contents($owner), $before, 'nothing has changed';

        my $parts = mixed_parts(change_set_of($tenant, 'no',
            http_part('POST', "/beta$all", id => 4,
                      json => { id => 'two-a' })));
        is_deeply [map { ref $_ eq 'ARRAY' ? 'set' : $_->{status} } @$parts],
                  [409], 'a change set';
        json_is contents($owner), $before, 'nothing';
    }
};


# the map is known: only MOVED tells, before anything is done
subtest 'the slot has been moved' => sub {
    my $from = $cluster->owner('{t1}');
    my ($to) = grep { $_ != $from } $cluster->masters;

    $cluster->move($cluster->slot('{t1}'), $to);
    $_->cmd('SCRIPT', 'FLUSH') for $from, $to;
    is statuses(group('t1', 'moved')), $done, 'a group';
    whole('t1', 'moved', 'once, and all of it');
    is $from->cmd('EXISTS', 'oc:{t1}:cfg') =~ /MOVED/ ? 1 : 0, 1,
       'where the slot is';
};


# some keys are here and some there: no node can do all
subtest 'the slot is being moved' => sub {
    my $slot = $cluster->slot('{t2}');
    my $from = $cluster->owner('{t2}');
    my ($to) = grep { $_ != $from } $cluster->masters;
    my $before = names('t2');

    $to->cmd('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $cluster->id($from));
    $from->cmd('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $cluster->id($to));
    $from->cmd('MIGRATE', $to->address, $to->port, '', 0, 5000, 'KEYS',
               'oc:{t2}:pri');

    my $r = group('t2', 'half');
    is statuses($r), join(' ', (503) x 5), 'a group is refused';
    is_deeply [map { answers($r)->{$_}{headers}{'Retry-After'} } 1 .. 5],
              [(1) x 5], 'with the time to wait'
        or diag $r->text;

    is_deeply names('t2'), $before, 'nothing of it is done';

    # keys that are not there yet: the end of the move is waited for
    my $keys = $from->cmd('CLUSTER', 'GETKEYSINSLOT', $slot, 100);
    $from->cmd('MIGRATE', $to->address, $to->port, '', 0, 5000, 'KEYS', @$keys);

    my $pid = fork // die "fork: $!\n";

    # once more if it takes longer than a group is kept: nothing was done then
    if ($pid == 0) {
        my $got = '503 ';
        $got = statuses(group('t2', 'half')) while $got =~ /^503 /;
        POSIX::_exit($got ne $done);
    }

    ok wait_until(10, sub { $to->info('errorstat_TRYAGAIN') }),
       'the node says TRYAGAIN';
    $_->cmd('CLUSTER', 'SETSLOT', $slot, 'NODE', $cluster->id($to))
        for $to, $from, grep { $_ != $to && $_ != $from } $cluster->masters;
    waitpid $pid, 0;
    is $?, 0, 'a group is carried out when the slot has been moved';
    whole('t2', 'half', 'once, and all of it');
};


subtest 'slots move while groups are written' => sub {
    my @slots = map { $cluster->slot("{$_}") } @tenants;
    my ($a, $b) = $cluster->masters;
    my ($stop, $told) = map { $t->dir . "/$_" } qw(stop told);
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open my $fh, '>', $told or POSIX::_exit(1);
        $fh->autoflush(1);
        my $n = 0;
        until (-e $stop) {
            for my $tenant (@tenants) {
                $n++;
                my $last = $n % 3 ? undef : req('6', 'DELETE', "$all/none");
                my $r = group($tenant, "m$n", $last);
                print $fh "$tenant m$n ", statuses($r), "\n";
            }
        }
        close $fh;
        POSIX::_exit(0);
    }

    # a round of them before, and what comes while slots move
    ok wait_until(20, sub { -s $told && count_lines($told) >= @tenants }),
       'groups are written';
    $cluster->move(@slots, $_) for $a, $b, $a;
    ok $cluster->ok(20), 'all nodes know where the slots are';
    $t->file('stop', '');
    waitpid $pid, 0;

    my (%have, %n, @wrong);
    open my $fh, '<', $told or die "$told: $!\n";

    while (<$fh>) {
        my ($tenant, $name, $first, $text) = /^(\S+) (\S+) (\d+)(.*)$/;
        my $names = $have{$tenant} //= names($tenant);
        my @there = map { $names->{"$name-$_"} // '-' } qw(a b);
        my $want = $first == 201 ? 'c b' : '- -';

        $n{$first}++;

        # of 504 nobody knows, but that it is all or nothing
        push @wrong, "$tenant: $name: $first$text: @there"
            unless "@there" eq $want || $first == 504 && "@there" eq 'c b';
    }

    is "@wrong", '', 'each is there or is not, as it was told';
    ok $n{201}, 'some were made' or diag join ' ', %n;
    ok $n{424}, 'and some refused';
};

ok $s->nginx->quit, 'nginx exits in order';

$t->done;
