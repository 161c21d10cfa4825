# Redis is there, and says no: for the moment, for writes, or for good.

use OfficeConfig::Test;

use OfficeConfig::Net qw(open_socket);
use OfficeConfig::Resp qw(resp_command);
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $ids = 'oc:{default}:ids';
my $pauses = 'reconnect 20ms 100ms;';

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* Redis at \S+ refused: "${\ IN_SCRIPT}?(?:-?EXECABORT|OOM|NOREPLICAS|MISCONF|BUSY|READONLY|LOADING|MASTERDOWN) /,
    qr/\[error\].* Redis at \S+ refused(?: the connection| PING): "(?:BUSY|LOADING|MASTERDOWN|ERR max number of clients)\b/,
    qr/\[error\].* layout version /,
    qr/\[error\].* connect\(\) to Redis at \S+ failed \(\d+: /,
);


# read_only($service, $id, $what): writes are refused while reads work

sub read_only {
    my ($s, $id, $what) = @_;

    for (1 .. 2) {
        $s->refused($s->create, 503, "$what: create");
        $s->refused($s->create(priority => undef), 503,
                    "$what: create by the script");
        is $s->get($id)->status, 200, "$what: get";
        is $s->list->status, 200, "$what: list";
    }
}

# logged($service, $code): one test point, that the error log has it

sub logged {
    my ($s, $code) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok $s->nginx->wait_log(qr/\[error\].* refused[^"]*: ".*\b$code\b/),
              "the log says $code";
}


subtest 'out of memory' => sub {
    my $redis = $t->redis(config => ['maxmemory-policy noeviction']);
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);
    my $id = $s->id;
    my $before = $redis->info('total_connections_received');

    is $redis->cmd('CONFIG', 'SET', 'maxmemory', 1), 'OK', 'maxmemory';
    read_only($s, $id, 'OOM');
    logged($s, 'OOM');
    is $redis->cmd('ZCARD', $ids), 1, 'nothing was done';
    is $s->del($id)->status, 204, 'delete works, it frees memory';

    # a connection that begins now
    $redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    is $s->get($id)->status, 404, 'reads work on a new connection';
    $s->refused($s->create, 503, 'create');

    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);
    $s->works('works with memory');
    is $redis->info('total_connections_received'), $before + 1,
       'and needed no other connection for it';
    $s->end;
    $redis->kill;
};


subtest 'memory that is filled up' => sub {
    my $redis = $t->redis(config => ['maxmemory-policy noeviction']);
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses,
        server => 'client_body_buffer_size 256k;');

    $s->works;
    $redis->cmd('CONFIG', 'SET', 'maxmemory',
                $redis->info('used_memory') + 2_000_000);

    # the limit is met before, within and behind a transaction
    my %seen;
    for my $size (map { $_ * 3000 } 1 .. 60) {
        my $r = $s->create(description => 'd' x $size);
        $seen{$r->status}++;
        $s->refused($r, 503, "create of $size bytes")
            if $r->status != 201;
    }

    is_deeply [sort keys %seen], [201, 503], 'creates: 201 until it is full, '
        . 'then 503' or diag explain \%seen;
    is $redis->cmd('ZCARD', $ids), $seen{201}, 'stored is what was answered '
        . 'so';
    is $redis->cmd('HLEN', 'oc:{default}:cfg'), $seen{201}, 'everywhere';

    $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);
    $s->works('works with memory');
    $s->end;
    $redis->kill;
};


# Redis refuses a transaction as a whole when the reason comes up at EXEC
subtest 'refused at EXEC' => sub {
    for my $cause ("OOM command not allowed when used memory > 'maxmemory'.",
                   "READONLY You can't write against a read only replica.",
                   'NOREPLICAS Not enough good replicas to write.',
                   'MISCONF Redis is configured to save RDB snapshots, but')
    {
        my $redis = $t->redis;
        my $proxy = $t->proxy(upstream => $redis, script => sub {
            my ($words) = @_;
            my $command = $words->[0];
            return "+OK\r\n" if $command =~ /^(?:MULTI|DISCARD)$/;
            return "+QUEUED\r\n" if $command =~ /^(?:HSETNX|ZADD)$/;
            return 'PASS' if $command ne 'EXEC';
            return "-EXECABORT Transaction discarded because of: $cause\r\n";
        });
        my $s = OfficeConfig::Service->new($t, redis => $proxy,
                                           block => $pauses);
        is $s->get('x')->status, 404, 'a read';
        $s->refused($s->create, 503, $cause =~ s/ .*//r);
        ok $s->back, 'goes on';
        $s->end;
    }
};


subtest 'too few replicas' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);
    my $id = $s->id;

    $redis->cmd('CONFIG', 'SET', 'min-replicas-to-write', 1);
    read_only($s, $id, 'NOREPLICAS');
    logged($s, 'NOREPLICAS');

    $redis->cmd('CONFIG', 'SET', 'min-replicas-to-write', 0);
    $s->works('works without that');
    $s->end;
    $redis->kill;
};


subtest 'snapshots that cannot be written' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);
    my $id = $s->id;

    # a directory is where the file should go
    mkdir "$redis->{dir}/dump.rdb" or die "mkdir: $!";
    $redis->cmd('CONFIG', 'SET', 'save', '3600 1000000');
    $redis->cmd('BGSAVE');
    ok wait_until(10, sub { $redis->info('rdb_last_bgsave_status') eq 'err' }),
       'a snapshot failed';

    read_only($s, $id, 'MISCONF');
    logged($s, 'MISCONF');

    $redis->cmd('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
    $s->works('works when that is allowed');
    $s->end;
    $redis->kill;
};


subtest 'busy with a script of somebody else' => sub {
    my $redis = $t->redis(config => ['lua-time-limit 20']);
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);
    my $id = $s->id;

    my $other = open_socket('unix:' . $redis->socket);
    syswrite $other, resp_command('EVAL', 'while true do end', 0);
    ok wait_until(10, sub { ($redis->cmd('GET', 'x') // '') =~ /^BUSY/ }),
       'busy';

    for (1 .. 2) {
        $s->refused($s->create, 503, 'create');
        $s->refused($s->create(priority => undef), 503,
                    'create by the script');
        $s->refused($s->get($id), 503, 'get');
        $s->refused($s->list, 503, 'list');
    }
    logged($s, 'BUSY');

    is $redis->cmd('SCRIPT', 'KILL'), 'OK', 'the script is ended';
    ok $s->back, 'back';
    is $redis->cmd('ZCARD', $ids), 1, 'nothing was done';
    $s->works;
    $s->end;
    close $other;
    $redis->kill;
};


subtest 'a replica, promoted later' => sub {
    my $master = $t->redis(tcp => 1);
    my $writer = OfficeConfig::Service->new($t, redis => $master);
    my $id = $writer->id;
    $writer->end;

    my $redis = $t->redis(replica => $master);
    ok wait_until(10, sub { $redis->info('master_link_status') eq 'up' }),
       'a replica';

    for my $reconnect ('20ms 100ms', '100ms 60s') {
        my $s = OfficeConfig::Service->new($t, redis => $redis,
            block => "reconnect $reconnect;");

        # the first request of all may be a read, or a write
        is $s->get($id)->status, 200, 'the first request';
        read_only($s, $id, "READONLY, reconnect $reconnect");
        logged($s, 'READONLY');
        $s->end;
    }

    my $s = OfficeConfig::Service->new($t, redis => $redis,
        block => 'reconnect 100ms 60s;');
    $s->refused($s->create, 503, 'the first request is a create');
    is $s->get($id)->status, 200, 'a read behind it';
    is $master->cmd('ZCARD', $ids), 1, 'nothing was done';

    my $accepted = $redis->info('total_connections_received');
    $redis->cmd('REPLICAOF', 'NO', 'ONE');
    $s->works('works when it is promoted, without a reload');
    is $redis->info('total_connections_received'), $accepted,
       'over the same connection';
    $s->end;
    $_->kill for $redis, $master;
};


# the layout's key is written by who comes first; a replica cannot, and need not
subtest 'a replica of an empty master' => sub {
    my $master = $t->redis(tcp => 1);
    my $redis = $t->redis(replica => $master);
    ok wait_until(10, sub { $redis->info('master_link_status') eq 'up' }),
       'a replica';
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);

    is $s->get('x')->status, 404, 'get';
    is $s->list->status, 200, 'list';
    $s->refused($s->create, 503, 'create');
    is_deeply $master->cmd('KEYS', '*'), [], 'nothing was written';

    $redis->cmd('REPLICAOF', 'NO', 'ONE');
    $s->works('works when it is promoted');
    $s->end;
    $_->kill for $redis, $master;
};


subtest 'a replica that has lost its master' => sub {
    my $master = $t->redis(tcp => 1);
    my $redis = $t->redis(replica => $master,
                          config => ['replica-serve-stale-data no']);
    ok wait_until(10, sub { $redis->info('master_link_status') eq 'up' }),
       'a replica';
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);
    is $s->get('x')->status, 404, 'get';

    $master->kill;
    ok wait_until(10, sub { $redis->info('master_link_status') eq 'down' }),
       'the master is gone';
    for (1 .. 3) {
        $s->refused($s->get('x'), 503, 'get');
        $s->refused($s->create, 503, 'create');
    }
    logged($s, 'MASTERDOWN');

    $redis->cmd('REPLICAOF', 'NO', 'ONE');
    ok $s->back, 'back when it is promoted';
    $s->works;
    $s->end;
    $redis->kill;
};


# keys, and what has each take its time when it is loaded, until the server is
# told to go on, or all are there; meanwhile it answers now and then, which is
# each two million bytes before version 7

my ($keys, $size, @slow_to_load) = OfficeConfig::RedisServer::OLD
    ? (60, 1_000_000, 'key-load-delay 100000')
    : (1000, 100, 'key-load-delay 10000',
       'loading-process-events-interval-bytes 1024');

sub many_keys {
    my ($redis) = @_;
    $redis->cmd('CONFIG', 'SET', 'rdbcompression', 'no');
    $redis->cmd('EVAL', "for i = 1, $keys do redis.call('SET', 'filler' .. i, "
                        . "string.rep('x', $size)) end", 0);
}

sub go_on {
    my ($redis) = @_;
    return if OfficeConfig::RedisServer::OLD;   # which cannot be told
    is $redis->cmd('CONFIG', 'SET', 'key-load-delay', 0), 'OK', 'goes on';
}

# rewrites the append-only file, so that it begins with a snapshot

sub rewrite {
    my ($redis) = @_;
    $redis->cmd('BGREWRITEAOF');
    wait_until(20, sub {
        !$redis->info('aof_rewrite_in_progress')
            && !$redis->info('aof_rewrite_scheduled')
    }) or die 'the file was not rewritten';
}

subtest 'loading its data' => sub {
    my $redis = $t->redis(aof => 1);
    my $s = OfficeConfig::Service->new($t, redis => $redis, workers => 2,
                                       block => $pauses);
    my $id = $s->id;

    many_keys($redis);
    push @{$redis->{config}}, @slow_to_load;
    rewrite($redis);
    $redis->kill;
    ok wait_until(5, sub { $s->get($id)->status == 503 }), 'it is gone';
    $redis->start(loading => 1);

    my $loading = 0;
    while (($redis->cmd('GET', 'x') // '') =~ /^LOADING/) {
        my @r = ($s->create, $s->get($id), $s->list,
                 $s->create(priority => undef));
        last if ($redis->cmd('GET', 'x') // '') !~ /^LOADING/;

        $s->refused($_, 503, 'while it loads') for @r;
        $loading++;
        last if $loading == 5;
    }

    cmp_ok $loading, '>', 0, 'there were requests while it loaded';
    go_on($redis);
    logged($s, 'LOADING');
    ok $s->back(20), 'back when it has loaded';
    is $s->get($id)->status, 200, 'the data is there';
    is $redis->cmd('ZCARD', $ids), 1, 'and nothing that was refused';
    $s->works;
    $s->end;
    $redis->kill;
};


# here the connection is there before: a server that becomes a replica loads
# what its master sends
subtest 'loading while it is connected' => sub {
    my $master = $t->redis(tcp => 1);
    many_keys($master);
    my $redis = $t->redis(config => \@slow_to_load);
    my $s = OfficeConfig::Service->new($t, redis => $redis,
        block => "$pauses ping_interval 50ms;");

    $s->works;
    my @before = $s->get('x')->status;
    $redis->cmd('REPLICAOF', '127.0.0.1', $master->port);

    ok wait_until(20, sub { $redis->info('loading') == 1 }), 'it loads';
    my @r = map { ($s->get('x'), $s->create) } 1 .. 3;
    is $redis->info('loading'), 1, 'still';
    $s->refused($_, 503, 'while it loads') for @r;
    logged($s, 'LOADING');

    go_on($redis);

    # also without requests: the server is asked when it is idle
    ok wait_until(30, sub { $redis->info('loading') == 0 }), 'it has loaded';
    ok $s->back, 'reads are back';
    $s->refused($s->create, 503, 'it is a replica now');
    $redis->cmd('REPLICAOF', 'NO', 'ONE');
    ok wait_until(5, sub { $s->create->status == 201 }), 'and writes';
    $s->works;
    $s->end;
    $_->kill for $redis, $master;
};


subtest 'scripts that the server has forgotten' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis);
    my %use = (
        create => sub { $s->create(priority => undef)->status },
        delete => sub { $s->del('x')->status },
        list => sub { $s->list->status },
    );
    my %status = (create => 201, delete => 404, list => 200);

    for my $round ('at first', 'after SCRIPT FLUSH', 'after a restart') {
        $redis->cmd('SCRIPT', 'FLUSH') if $round =~ /FLUSH/;

        if ($round =~ /restart/) {
            $redis->restart;
            ok $s->back, 'restarted';
        }

        $redis->cmd('CONFIG', 'RESETSTAT');

        for my $script (sort keys %use) {
            is $use{$script}->(), $status{$script}, "$round: $script"
                for 1 .. 4;
        }

        is $redis->calls('eval'), 3, "$round: one EVAL a script";
        is $redis->calls('evalsha'), 12, "$round: EVALSHA each time";
    }

    # many at once
    $redis->cmd('SCRIPT', 'FLUSH');
    my @c = map { $s->begin('GET') } 1 .. 20;
    is join(' ', map { $_->response->status } @c), join(' ', (200) x 20),
       'lists at the same time';

    $redis->cmd('SCRIPT', 'FLUSH');
    my $before = $redis->cmd('ZCARD', $ids);
    my $data = seed;
    delete $data->{priority};
    @c = map { $s->begin('POST', undef, json => $data) } 1 .. 20;
    is join(' ', map { $_->response->status } @c), join(' ', (201) x 20),
       'creates at the same time';
    is $redis->cmd('ZCARD', $ids), $before + 20, 'each was done once';
    $s->end;
    $redis->kill;
};


subtest 'the layout of another version' => sub {
    my $redis = $t->redis;
    my $first = OfficeConfig::Service->new($t, redis => $redis);
    my $id = $first->id;
    $first->end;
    is $redis->cmd('GET', 'oc:layout'), LAYOUT, 'the key is written';

    $redis->cmd('SET', 'oc:layout', 1);
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);

    for (1 .. 2) {
        $s->refused($s->create, 503, 'create');
        $s->refused($s->get($id), 503, 'get');
        $s->refused($s->list, 503, 'list');
    }

    ok $s->nginx->wait_log(
        qr/\[error\].* layout version "1" in "oc:layout".* "${\ LAYOUT}"/),
       'the log says which, and which is wanted';
    is $redis->cmd('GET', 'oc:layout'), 1, 'it was not changed';
    is $redis->cmd('ZCARD', $ids), 1, 'nor anything else';

    $redis->cmd('SET', 'oc:layout', LAYOUT);
    ok $s->back, 'back when it is the right one, without a reload';
    $s->works;

    # a hash is no version either
    $redis->cmd('DEL', 'oc:layout');
    $redis->cmd('HSET', 'oc:layout', 'a', 'b');
    $redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    ok wait_until(5, sub { $s->get($id)->status == 503 }), 'of another type';
    $s->refused($s->create, 503, 'create');
    $t->allow_log(qr/refused the connection: "WRONGTYPE /);
    $redis->cmd('DEL', 'oc:layout');
    ok $s->back, 'back when it is gone';
    is $redis->cmd('GET', 'oc:layout'), LAYOUT, 'it is written again';
    $s->works;
    $s->end;
    $redis->kill;
};


# each prefix of a Redis has its own
subtest 'the layout of two prefixes' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses,
        location => 'office_config_key_prefix a:;', server => <<'END');
        location /other {
            office_config_pass main;
            office_config_auth off;
            office_config_key_prefix b:;
        }
END
    $s->works;
    is $redis->cmd('GET', 'a:layout') . $redis->cmd('GET', 'b:layout'),
       LAYOUT . LAYOUT,
       'both are written';

    $redis->cmd('SET', 'b:layout', 7);
    $redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    ok $s->nginx->wait_log(qr/layout version "7" in "b:layout".* "${\ LAYOUT}"/),
       'the second one is checked';
    $redis->cmd('SET', 'b:layout', LAYOUT);
    ok $s->back, 'back';
    $s->works;
    $s->end;
    $redis->kill;
};


subtest 'too many clients' => sub {
    my $redis = $t->redis(config => ['maxclients 2']);
    $redis->cmd('PING');
    my $other = open_socket('unix:' . $redis->socket);
    syswrite $other, resp_command('PING');
    ok wait_until(5, sub { $redis->clients == 1 }), 'all places are taken';

    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);
    $s->refused($s->create, 503, 'create');
    $s->refused($s->get('x'), 503, 'get');

    close $other;
    ok $s->back, 'back when there is a place';
    $s->works;
    $s->end;
    $redis->kill;
};

$t->done;
