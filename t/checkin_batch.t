# Check-ins that come in one turn of the event loop go to Redis together, and
# each is answered for itself.

use OfficeConfig::Test;

use JSON::PP ();
use POSIX qw(strftime);

use OfficeConfig::Api;
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $now = time;
my $patient = 'command_timeout 600s; connect_timeout 600s;';
my $user = 0;

sub status {
    return { userId => 'u' . $user++, deviceName => 'pc',
             wasSuccessful => JSON::PP::true,
             checkinDateTime => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $now) };
}

# service(%opt): with configurations of these ids, the first of which gets a
# dozen of check-ins, and with connections that the worker has taken up

sub service {
    my (%opt) = @_;
    my $ids = delete $opt{ids} // ['one'];
    my $number = delete $opt{connections} // 12;
    my $s = OfficeConfig::Service->new($t, %opt);

    for my $id (@$ids) {
        is $s->create(id => $id, userCheckinSummary => undef)->status, 201, "$id is created";
        is report($s->{t}->connect(to => $s->nginx->port), $id)
               ->response->status, 204, 'with a first check-in';
    }

    my @c = map { $t->connect(to => $s->nginx->port) } 1 .. $number;
    $_->request('GET', API . '/x') for @c;

    # once, so that Redis knows the script for many
    together($s, sub { report($_, $ids->[0]) for @c[0 .. 11] });
    is statuses(@c[0 .. 11]), join(' ', (204) x 12), 'a dozen';

    return ($s, @c);
}

# report($connection, $id, @headers): sends one, does not wait

sub report {
    my ($c, $id, @headers) = @_;
    $c->write_request('POST', API . "/$id/checkinStatuses", json => status(),
                      headers => [@headers]);
    return $c;
}

# together($service, $code): what it sends is there when the worker looks

sub together { $_[0]->nginx->hold_worker($_[1]) }

sub statuses { join ' ', map { $_->response->status } @_ }

sub users {
    my ($s, $id, @headers) = @_;
    my $r = $s->request('GET', API . "/$id/userCheckinSummary",
                        headers => [@headers]);
    return json_item($r, 'succeededUserCount');
}


subtest 'one call of a script' => sub {
    my $redis = $t->redis;
    my ($s, @c) = service(redis => $redis, ids => ['one', 'two']);

    $redis->cmd('CONFIG', 'RESETSTAT');
    together($s, sub { report($c[$_], $_ % 6 ? 'one' : 'two') for 0 .. 11 });
    is statuses(@c), join(' ', (204) x 12), 'twelve are taken';
    is $redis->calls('evalsha'), 1, 'by one call';
    is noted($redis, 'oc:{default}:jrn:two'), 1 + 2, 'few of them are noted';
    is noted($redis, 'oc:{default}:jrn:one'), 0, 'many are taken at once';
    is noted($redis, 'oc:{default}:jrn'), 2, "and so are the tenant's";
    is users($s, 'one'), 1 + 12 + 10, 'one has its own';
    is users($s, 'two'), 1 + 2, 'two as well';

    $redis->cmd('CONFIG', 'RESETSTAT');
    together($s, sub { report($c[$_], $_ % 2 ? 'one' : 'two') for 0 .. 5 });
    is statuses(@c[0 .. 5]), join(' ', (204) x 6), 'six';
    is $redis->calls('evalsha'), 1, 'by one call';
    is noted($redis, 'oc:{default}:jrn'), 2 + 6, 'are noted';
    is users($s, 'one'), 26, 'one has its own';
    is users($s, 'two'), 6, 'two as well';

    # one that is not there, and one that has had none, harm nobody
    is $s->create(id => 'new', userCheckinSummary => undef)->status, 201, 'new is created';
    my @to = qw(one missing two new one new missing two one new one two);
    together($s, sub { report($c[$_], $to[$_]) for 0 .. 11 });
    is statuses(@c), join(' ', map { $_ eq 'missing' ? 404 : 204 } @to),
       'each has its own answer';
    is users($s, 'one'), 26 + 4, 'one';
    is users($s, 'two'), 6 + 3, 'two';
    is users($s, 'new'), 3, 'new';
    is $s->request('GET', '/beta/officeConfiguration/tenantCheckinStatuses'
                          . '/$count')->body, 30 + 9 + 3, 'the tenant';
    is_deeply [grep { /missing/ } @{$redis->cmd('KEYS', '*')}], [],
              'nothing of the one that is not there';

    # so is one that is wrong
    together($s, sub {
        $_ % 4 ? report($c[$_], 'one')
               : $c[$_]->write_request('POST', API . '/one/checkinStatuses',
                                       json => { userId => 1 }) for 0 .. 11;
    });
    is statuses(@c), join(' ', map { $_ % 4 ? 204 : 400 } 0 .. 11),
       'what is wrong is refused alone';

    # of a device that comes more than once the newest counts
    my $same = status();
    together($s, sub {
        $c[$_]->write_request('POST', API . '/one/checkinStatuses', json =>
            { %$same, wasSuccessful => $_ == 7 ? JSON::PP::false
                                               : JSON::PP::true,
              checkinDateTime => strftime('%Y-%m-%dT%H:%M:%SZ',
                                          gmtime $now - abs $_ - 7) })
            for 0 .. 11;
    });
    is statuses(@c), join(' ', (204) x 12), 'one device, a dozen times';
    my $r = $s->request('GET', API . '/one/userCheckinSummary')->json;
    is "$r->{succeededUserCount}/$r->{failedUserCount}", '39/1', 'the newest';

    # a summary that was given moves by each check-in
    is $s->request('PATCH', API . '/two', json => { userCheckinSummary =>
                   { succeededUserCount => 100, failedUserCount => 5 } })
         ->status, 200, 'a summary is given';
    together($s, sub { report($_, 'two') for @c });
    is statuses(@c), join(' ', (204) x 12), 'many for it';
    is users($s, 'two'), 112, 'it has moved';

    $redis->cmd('SCRIPT', 'FLUSH');
    together($s, sub { report($_, 'one') for @c });
    is statuses(@c), join(' ', (204) x 12), 'Redis has forgotten the script';
    is users($s, 'one'), 30 + 9 + 12, 'and all are there';
    $s->end;
};


subtest 'many at once' => sub {
    my $redis = $t->redis;
    my @ids = map { "id-$_" } 1 .. 40;
    my ($s, @c) = service(redis => $redis, ids => \@ids, connections => 150,
        server => 'client_body_buffer_size 64k;');

    $redis->cmd('CONFIG', 'RESETSTAT');
    together($s, sub { report($_, 'id-1') for @c });
    is statuses(@c), join(' ', (204) x 150), '150 for one';
    # and those that see to the journals
    cmp_ok $redis->calls('evalsha'), '<=', 3 + 3, 'by three calls';
    is users($s, 'id-1'), 163, 'all count';

    $redis->cmd('CONFIG', 'RESETSTAT');
    together($s, sub { report($c[$_], $ids[$_ % 40]) for 0 .. 119 });
    is statuses(@c[0 .. 119]), join(' ', (204) x 120), '120 for forty';
    cmp_ok $redis->calls('evalsha'), '<', 12, 'by some calls';
    is join(' ', map { users($s, $_) } @ids[1 .. 39]), join(' ', (4) x 39),
       'each has its own';

    # large ones do not all fit in one
    my @large = map { { %{status()}, errorMessage => 'x' x 30000 } } 1 .. 6;
    $redis->cmd('CONFIG', 'RESETSTAT');
    together($s, sub {
        $c[$_]->write_request('POST', API . '/id-2/checkinStatuses',
                              json => $large[$_]) for 0 .. 5;
    });
    is statuses(@c[0 .. 5]), join(' ', (204) x 6), 'large ones';
    is users($s, 'id-2'), 10, 'count';
    $s->end;
};


# in whatever order they come, the newest of each device counts
subtest 'against a model' => sub {
    my $redis = $t->redis;
    my ($s, @c) = service(redis => $redis, ids => ['two', 'one'],
        connections => 40, server => 'keepalive_requests 100000;');
    my (%newest, $wrong);
    $wrong = '';
    my $seed = $ENV{OC_SEED} // int rand 1_000_000_000;
    my @order = map { $_ * 7 % 1201 } 1 .. 1200;

    note "OC_SEED=$seed";
    srand $seed;

    for my $round (1 .. 30) {
        my @sent = map {
            my $n = shift @order;
            { user => 'm' . int rand 25, device => int rand 3, at => $n,
              ok => rand() < 0.7, id => rand() < 0.8 ? 'one' : 'two' }
        } @c;

        my $some = 1 + int rand @c;

        together($s, sub {
            $c[$_]->write_request('POST',
                API . "/$sent[$_]{id}/checkinStatuses", json => {
                userId => $sent[$_]{user}, deviceName => "d$sent[$_]{device}",
                wasSuccessful => $sent[$_]{ok} ? JSON::PP::true
                                               : JSON::PP::false,
                checkinDateTime => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime
                    $now - 86400 + $sent[$_]{at}) }) for 0 .. $some - 1;
        });
        $wrong .= statuses(@c[0 .. $some - 1]) =~ s/204 ?//gr;

        for my $e (@sent[0 .. $some - 1]) {
            for my $of ($e->{id}, 'all') {
                my $old = $newest{$of}{$e->{user}}{$e->{device}};
                $newest{$of}{$e->{user}}{$e->{device}} = $e
                    if !$old || $old->{at} < $e->{at};
            }
        }
    }

    is $wrong, '', 'all are taken';

    # the dozen, and the first of each
    my %besides = (one => [1, 1], two => [13, 13], all => [14, 14]);

    for my $of (qw(one two all)) {
        my ($ok, $failed, $number) = (0, 0, 0);

        for my $devices (values %{$newest{$of}}) {
            $number += keys %$devices;
            (grep { !$_->{ok} } values %$devices) ? $failed++ : $ok++;
        }

        my $path = $of eq 'all' ? '/beta/officeConfiguration/tenantC'
                                : API . "/$of/c";
        my $r = $s->request('GET', $of eq 'all'
            ? '/beta/officeConfiguration/tenantUserCheckinSummary'
            : API . "/$of/userCheckinSummary")->json;
        is "$r->{succeededUserCount}/$r->{failedUserCount}",
           $ok + $besides{$of}[0] . "/$failed", "$of: the summary";
        is $s->request('GET', $path . 'heckinStatuses/$count')->body,
           $number + $besides{$of}[1], "$of: the collection";
    }

    $s->end;
};


subtest 'two tenants in a turn' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis,
        location => 'office_config_tenant $http_x_tenant;');
    my @c = map { $t->connect(to => $s->nginx->port) } 1 .. 12;

    for my $tenant (qw(red blue)) {
        is $s->request('POST', API, json => { id => 'one' },
                       headers => ['X-Tenant' => $tenant])->status, 201,
           "$tenant has one";
        is report($c[0], 'one', 'X-Tenant' => $tenant)->response->status, 204,
           'with a check-in';
    }

    $_->request('GET', API . '/x', headers => ['X-Tenant' => 'red']) for @c;
    $redis->cmd('CONFIG', 'RESETSTAT');
    together($s, sub {
        report($c[$_], 'one', 'X-Tenant' => $_ % 2 ? 'red' : 'blue')
            for 0 .. 11;
    });
    is statuses(@c), join(' ', (204) x 12), 'all are taken';
    is $redis->calls('evalsha') + $redis->calls('eval'), 2,
       'by a call for each';
    is users($s, 'one', 'X-Tenant' => 'red'), 7, 'red has its own';
    is users($s, 'one', 'X-Tenant' => 'blue'), 7, 'blue as well';
    $s->end;
};


subtest 'Redis is lost' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my ($s, @c) = service(redis => $proxy, block =>
                          "$patient reconnect 20ms 100ms;");

    $proxy->hold;
    together($s, sub { report($_, 'one') for @c });
    ok $proxy->wait_for('held', 1), 'Redis has answered';
    $t->allow_lost;
    $proxy->drop;
    is statuses(@c), join(' ', (504) x 12),
       'whether they were taken is not known, of none';
    $proxy->pass;
    ok $s->back, 'it is back';
    is users($s, 'one'), 25, 'they were';

    # not sent at all
    $t->allow_log(qr/\[error\].* (?:connection to|connect\(\) to) Redis at /);
    $proxy->refuse;
    $proxy->drop;
    ok wait_until(10, sub { $s->get('x')->status == 503 }), 'it is gone';
    together($s, sub { report($_, 'one') for @c });
    is statuses(@c), join(' ', (503) x 12), 'none was taken';
    $proxy->pass;
    ok $s->back, 'it is back';
    is users($s, 'one'), 25, 'none indeed';
    $s->end;
};


subtest 'Redis has no memory' => sub {
    my $redis = $t->redis(config => ['maxmemory-policy noeviction']);
    my ($s, @c) = service(redis => $redis);

    $t->allow_log(qr/\[error\].* refused: "${\ IN_SCRIPT}?OOM /);
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 1);
    together($s, sub { report($_, 'one') for @c });
    is statuses(@c), join(' ', (503) x 12), 'none was taken';
    is users($s, 'one'), 13, 'a read still works';
    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);
    together($s, sub { report($_, 'one') for @c });
    is statuses(@c), join(' ', (204) x 12), 'with memory they are';
    is users($s, 'one'), 25, 'and count';
    $s->end;
};


subtest 'clients leave' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my ($s, @c) = service(redis => $proxy, block => $patient);

    # in the very turn
    together($s, sub {
        report($_, 'one') for @c;
        $_->abort for @c[0 .. 5];
    });
    is statuses(@c[6 .. 11]), join(' ', (204) x 6), 'those who stay';
    cmp_ok users($s, 'one'), '>=', 19, 'are taken';

    # while the answer is on its way
    my $before = users($s, 'one');
    my $calls = $proxy->stats->{commands};
    $proxy->hold;
    together($s, sub { report($_, 'one') for @c[6 .. 11] });
    ok $proxy->wait_for('held', 1), 'Redis has answered';
    $_->abort for @c[6 .. 8];
    ok wait_until(5, sub {
        3 <= (() = $s->nginx->access_log =~ /^499 /mg)
    }), 'some have left';
    $proxy->pass;
    is statuses(@c[9 .. 11]), join(' ', (204) x 3), 'the others are answered';
    is users($s, 'one'), $before + 6, 'all were taken';

    # and all of them
    $proxy->hold;
    my $held = $proxy->stats->{held};
    together($s, sub { report($_, 'one') for @c[9 .. 11] });
    ok $proxy->wait_for('held', $held + 1), 'Redis has answered';
    $_->abort for @c[9 .. 11];
    ok wait_until(5, sub {
        6 <= (() = $s->nginx->access_log =~ /^499 /mg)
    }), 'all have left';
    $proxy->pass;
    is users($s, 'one'), $before + 9, 'they were taken';
    is $proxy->stats->{accepted}, 1, 'over one connection';
    $s->works;
    $s->end;
};


# a call takes more of those that wait than it brings

subtest 'more wait than are taken at once' => sub {
    my $redis = $t->redis;
    my ($s, @c) = service(redis => $redis, ids => ['one', 'two']);

    for (1 .. 13) {
        together($s, sub { report($_, 'two') for @c[0 .. 5] });
        is statuses(@c[0 .. 5]), join(' ', (204) x 6), 'six';
    }

    my $waiting = noted($redis, 'oc:{default}:jrn');

    cmp_ok $waiting, '>', 64, 'many wait';
    together($s, sub { report($_, 'one') for @c });
    is statuses(@c), join(' ', (204) x @c), 'others come';
    is noted($redis, 'oc:{default}:jrn'), $waiting - 64 + @c,
       'and more than these are taken';
    cmp_ok users($s, 'two'), '>=', 13 * 6, 'they count';
    cmp_ok users($s, 'one'), '>=', @c, 'so do the others';
    $s->works;
    $s->end;
};


# what comes while others are not answered waits for them, but not for long

subtest 'others are not answered' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my ($s, @c) = service(redis => $proxy, block => $patient);
    my $before = users($s, 'one');
    my $held = $proxy->stats->{held};

    $proxy->hold;
    report($c[0], 'one');
    ok $proxy->wait_for('held', $held + 1), 'Redis has answered one';
    $redis->cmd('CONFIG', 'RESETSTAT');
    together($s, sub {
        report($_, 'one') for @c[1 .. 4];
        $c[1]->abort;
    });
    ok wait_until(5, sub { $redis->calls('evalsha') == 1 }),
       'others are sent before that is there';
    $proxy->pass;
    is statuses(@c[0, 2 .. 4]), join(' ', (204) x 4), 'all are answered';
    is $redis->calls('evalsha'), 1, 'and have gone together';
    cmp_ok users($s, 'one'), '>=', $before + 4, 'they count';
    $s->works;
    $s->end;
};


subtest 'before it could be sent' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    $proxy->hold;
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $patient,
        server => 'location = /status { stub_status; }');
    my @c = map { report($t->connect(to => $s->nginx->port), 'x') } 1 .. 6;

    ok $proxy->wait_for('held', 1), 'Redis has answered the handshake';
    ok $s->taken(6), 'and all have asked';
    $_->abort for @c;
    ok wait_until(5, sub {
        6 == (() = $s->nginx->access_log =~ /^499 /mg)
    }), 'all have left';
    $redis->cmd('CONFIG', 'RESETSTAT');
    $proxy->pass;
    ok $s->back, 'the handshake goes on';
    is $redis->calls('evalsha'), 0, 'nothing was sent';
    $s->works;
    $s->end;
};


subtest 'too few replicas have it' => sub {
    my $redis = $t->redis;
    my ($s, @c) = service(redis => $redis);
    my ($w, @d) = do {
        my $w = OfficeConfig::Service->new($t, redis => $redis,
                                           block => 'wait 1 100ms;');
        my @d = map { $t->connect(to => $w->nginx->port) } 1 .. 12;
        $_->request('GET', API . '/x') for @d;
        ($w, @d);
    };

    $t->allow_log(qr/\[error\].* only 0 of 1 replicas of Redis at \S+ confirmed/);
    $redis->cmd('CONFIG', 'RESETSTAT');
    together($w, sub { report($_, 'one') for @d });
    is statuses(@d), join(' ', (503) x 12), 'none is said to last';
    is $redis->calls('wait'), 1, 'with one WAIT';
    is users($s, 'one'), 25, 'they are there, though';
    $_->end for $s, $w;
};


$t->done;
