# Workers that are killed, reloaded and told to quit while Redis is in use.

use OfficeConfig::Test;

use Time::HiRes qw(time sleep);

use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $ids = 'oc:{default}:ids';

$t->allow_log(
    qr/\[alert\].* worker process \d+ exited on signal 9/,
    qr/\[error\].* Redis at \S+ does not answer \(110: /,
    qr/a client request body is buffered to a temporary file/,
);


# descriptors($pid): of the process that nginx has opened: sockets and files

sub descriptors {
    my ($pid) = @_;
    return join "\n", sort map { readlink($_) // () } glob "/proc/$pid/fd/*";
}


# page_faults($pid): how many a process has had that needed no disk

sub page_faults {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/stat" or return 0;
    my @fields = split ' ', <$fh> =~ s/.*\)//r;
    return $fields[7];
}


subtest 'a worker that is killed' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis, workers => 2);
    my $id = $s->id;
    my $load = $t->load(where => $s->nginx->port, clients => 4,
        pause => 0.002, each => sub {
            my $r = $_[1] % 3 ? $s->get($id) : $s->create;
            return $r->status . ($r->elapsed > $t->seconds(2) ? ' late' : '');
        });

    for my $round (1 .. 4) {
        my @before = $s->nginx->workers;
        my $victim = $before[$round % 2];
        ok $s->nginx->kill_worker($victim), 'there is a new worker';
        is scalar(grep { $_ == $before[($round + 1) % 2] }
                  $s->nginx->workers), 1, 'the other one is the same';
        is $s->get($id)->status, 200, 'the service goes on';
        my $stored = $redis->cmd('ZCARD', $ids);
        ok wait_until(5, sub { $redis->cmd('ZCARD', $ids) > $stored + 5 }),
           'so does the load';
    }

    my $sum = $load->stop;

    # requests of the worker that died have no answer, and no other failure
    is_deeply [grep { !/^(?:0|200|201)$/ } keys %{$sum->{status}}], [],
              'nothing but answers and closed connections'
        or diag explain $sum;
    cmp_ok $sum->{status}{0} // 0, '<=', 4 * 4, 'few of these';
    my $stored = $redis->cmd('ZCARD', $ids);
    cmp_ok $stored, '>=', $sum->{status}{201} + 1,
           'all that was answered 201 is stored';

    ok wait_until(5, sub { $redis->clients <= 2 }),
       'no connection of the dead is left in Redis';
    $s->works;
    ok $s->nginx->quit, 'nginx exits in order';
};


# the only worker, in the middle of something
subtest 'the only worker, while Redis holds answers' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy);
    my $id = $s->id;

    $proxy->hold;
    my @c = (map({ $s->begin('GET', $id) } 1 .. 5), $s->begin('POST'));
    ok $proxy->wait_for('held', 4000), 'answers are held';
    ok $s->nginx->kill_worker, 'there is a new worker';
    is_deeply [map { $_->response->status } @c], [(0) x 6],
              'the clients know that their connections are closed';
    $proxy->pass;
    is $s->get($id)->status, 200, 'the service goes on';
    $s->works;
    ok $s->nginx->quit, 'nginx exits in order';
};


subtest 'memory of requests that end together' => sub {
    plan skip_all => 'the sanitizers have an allocator of their own'
        if $t->sanitized;

    my $proxy = $t->proxy(upstream => $t->redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy);
    my $id = $s->id;
    my (%status, @faults);

    # where the end of the heap is depends on how things fall
    for my $worker (1 .. 3) {
        my @c = map { $t->connect(to => $s->nginx->port) } 1 .. 250;
        my ($pid) = $s->nginx->workers;
        my $before = 0;

        is $s->get($id)->status, 200, 'the worker has its connection';

        for my $round (1 .. 4) {
            $before = page_faults($pid) if $round == 3;
            $proxy->hold;
            $_->write_request('GET', API . "/$id") for @c;
            ok $proxy->wait_for('held', 300 * @c), 'answers are held';
            $proxy->pass;
            $status{$_->response->status}++ for @c;
        }

        push @faults, page_faults($pid) - $before;
        $_->close for @c;
        $s->nginx->reload(old_gone => 1);
    }

    is_deeply \%status, { 200 => 3 * 4 * 250 }, 'all are answered';

    # some 700 pages each time are given back and taken again otherwise
    is scalar(grep { $_ > 500 } @faults), 0,
       'workers keep it for the next ones' or diag "@faults";
    ok $s->nginx->quit, 'nginx exits in order';
};


subtest 'fifty reloads under load' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis, workers => 2);
    my $id = $s->id;
    my $master = $s->nginx->pid;

    my @load = map {
        $t->load(where => $s->nginx->port, clients => 2, keepalive => $_,
            pause => 0.001, request => sub {
                $_[1] % 3 ? ('GET', API . "/$id") : ('POST', API, json => seed)
            });
    } 0, 1;

    my $failed = 0;
    my (%fds, %rss);

    for my $round (1 .. 50) {
        $s->nginx->reload(old_gone => $round % 10 == 0) or $failed++;
        next if $round % 10;

        # the channel of a worker that is gone goes when its master wakes up
        wait_until(5, sub {
            $fds{$round} = descriptors($master);
            return $round == 10
                   || split(/\n/, $fds{$round}) <= split(/\n/, $fds{10});
        });
        $rss{$round} = $s->nginx->rss($master);
    }

    is $failed, 0, 'each reload brought new workers';

    for my $sum (map { $_->stop } @load) {
        is_deeply [sort keys %{$sum->{status}}], [200, 201],
                  'no request has failed' or diag explain $sum;
        cmp_ok $sum->{total}, '>', 50, 'and there were many';
    }

    # after 10, a channel or two may still have been open
    cmp_ok scalar(split /\n/, $fds{$_}), '<=', scalar(split /\n/, $fds{10}),
           "no more descriptors after $_ reloads than after 10" for 30, 50;
    cmp_ok $rss{50}, '<', $rss{10} + 1024, 'the memory of the master is flat'
        or diag explain \%rss
        unless $t->sanitized;

    ok wait_until(10, sub { !$s->nginx->exiting }), 'the old workers are gone';
    ok wait_until(5, sub { $redis->clients <= 2 }), 'and their connections';
    is $s->nginx->pid, $master, 'the master is the same';
    $s->works;
    ok $s->nginx->quit, 'nginx exits in order';
};


# the old workers keep theirs, the new ones have others
subtest 'a reload that changes the Redis' => sub {
    my @redis = map { $t->redis } 0, 1;
    my @proxy = map { $t->proxy(upstream => $_) } @redis;
    my $s = OfficeConfig::Service->new($t, redis => $proxy[0],
                                       block => 'command_timeout 20s;');
    my $id = $s->id;

    $proxy[0]->hold;
    my $c = $s->begin('GET', $id);
    ok $proxy[0]->wait_for('held', 500), 'an answer is held';

    $s->nginx->configure($t->api_conf(redis => $proxy[1],
                                      listen => $s->nginx->port));
    ok $s->nginx->reload, 'reloaded';
    ok wait_until(5, sub { $s->nginx->exiting }), 'the old worker waits';
    is $s->get($id)->status, 404, 'the new worker asks the new Redis';
    $s->works;

    $proxy[0]->pass;
    is $c->response->json->{id}, $id, 'its request is answered';
    $c->close;
    ok wait_until(5, sub { !$s->nginx->exiting }), 'it exits then';
    ok wait_until(5, sub { $proxy[0]->stats->{open} == 0 }),
       'its connection is closed';
    ok $s->nginx->quit, 'nginx exits in order';
};


subtest 'told to quit' => sub {
    my $redis = $t->redis;

    for my $what ('idle', 'requests are under way') {
        my $proxy = $t->proxy(upstream => $redis);
        my $s = OfficeConfig::Service->new($t, redis => $proxy,
            block => 'ping_interval 50ms; command_timeout 20s;');
        my $id = $s->id;
        my @c;

        if ($what ne 'idle') {
            $proxy->hold;
            @c = (map({ $s->begin('GET', $id) } 1 .. 5), $s->begin('POST'),
                  $s->begin('GET'));
            ok $proxy->wait_for('held', 4000), 'answers are held';
        }

        my $begin = time;
        $s->nginx->signal('QUIT');

        if (@c) {
            ok wait_until(5, sub { $s->nginx->exiting }), 'the worker waits';
            sleep 0.3;
            ok $s->nginx->alive, 'as long as it has to';
            $begin = time;
            $proxy->pass;
            is join(' ', map { $_->response->status } @c),
               '200 200 200 200 200 201 200', 'the requests are answered';

            # nginx waits for a client that has sent a body to close
            $_->close for @c;
        }

        ok wait_until(10, sub { !$s->nginx->alive }), "$what: nginx exits";
        cmp_ok time - $begin, '<', $t->seconds(1), 'at once';
        is $s->nginx->{process}->status, 0, 'with status 0';
    }
};


# the worker is told before the request is ready for its first turn, when nothing
# is left that has a timer of its own
subtest 'told to quit in the middle of what takes several turns' => sub {
    my $proxy = $t->proxy(upstream => $t->redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
                                       location => 'client_max_body_size 20m;');
    my $id = $s->id;
    my $stream = API . "/$id/policyPayload";
    my $bytes = 'policies' x 1_000_000;

    # some milliseconds for a hundred of them
    my $filter = join '%20or%20', map {
        "indexof(toupper(description),'Q$_')%20ge%200"
    } 1 .. 10;
    $s->create(description => 'a' x 30_000) for 1 .. 60;

    my %case = (
        filter => ['GET', API . "?\$filter=$filter"],
        stream => ['PUT', $stream, body => $bytes],
    );

    for my $what (sort keys %case) {
        wait_until(10, sub { $s->nginx->workers == 1 });
        my ($pid) = $s->nginx->workers;
        my $c = $t->connect(to => $s->nginx->port);
        my $request = $c->format_request(@{$case{$what}});
        my $last = $what eq 'stream' ? chop $request : '';

        $proxy->hold unless $last;
        $c->send($request);
        ok $proxy->wait_for('held', 1), 'an answer is held' unless $last;

        $s->nginx->hold_worker(sub {
            kill 'QUIT', $pid;
            $last ? $c->send($last) : $proxy->pass;
        });

        is $c->response->status, $last ? 204 : 200, "$what: it is answered";
        $c->close;
        ok wait_until(10, sub {
            !grep { $_ == $pid } $s->nginx->workers, $s->nginx->exiting
        }), 'then the worker exits';
    }

    ok $s->request('GET', $stream)->body eq $bytes, 'all is stored';
    ok $s->nginx->quit, 'nginx exits in order';
};


subtest 'told to quit while Redis does not answer' => sub {
    my $redis = $t->redis;
    my $block = 'connect_timeout 1s; command_timeout 3s;';

    for my $what ('waiting', 'nobody waits', 'connecting', 'absent') {
        my $proxy = $t->proxy(upstream => $redis, tcp => 1);
        $t->allow_log(
            qr/\[error\].* connection to Redis at \S+ could not be made/,
            qr/\[error\].* connect\(\) to Redis at \S+ failed \(111: /);
        $proxy->hold if $what eq 'connecting';
        $proxy->refuse if $what eq 'absent';
        my $s = OfficeConfig::Service->new($t, redis => $proxy,
                                           block => $block);
        my $c;

        if ($what eq 'waiting' || $what eq 'nobody waits') {
            my $id = $s->id;
            $proxy->hold;
            $c = $s->begin('GET', $id);
            ok $proxy->wait_for('held', 500), 'an answer is held';

        } elsif ($what eq 'connecting') {
            $c = $s->begin('GET', 'x');
            ok $proxy->wait_for('held', 1), 'the handshake is held';

        } else {
            is $s->get('x')->status, 503, 'there is no Redis';
        }

        if ($what eq 'nobody waits') {
            $c->abort;
            ok $s->nginx->wait_access(qr/^499 GET/m), 'the client has left';
        }

        my $begin = time;
        $s->nginx->signal('QUIT');

        if ($what eq 'waiting') {
            $s->refused($c->response, 504, 'who waits is answered', 3);

        } elsif ($what eq 'connecting') {
            $s->refused($c->response, 503, 'who waits is answered', 3);
        }

        ok wait_until(10, sub { !$s->nginx->alive }), "$what: nginx exits";
        cmp_ok time - $begin, '<', $t->seconds(2.5), 'soon';
        is $s->nginx->{process}->status, 0, 'with status 0';
        $proxy->finish;
    }
};


# nobody waits for anything: neither is there a leak at the exit of a worker
subtest 'told to stop at once' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);

    for my $what ('requests are under way', 'the handshake is under way') {
        my $s = OfficeConfig::Service->new($t, redis => $proxy);
        my $id = $what =~ /requests/ ? $s->id : 'x';
        $proxy->hold;
        my @c = map { $s->begin($_ % 2 ? 'GET' : 'POST', $_ % 2 ? $id : undef)
                    } 1 .. 6;
        ok $proxy->wait_for('held', 1), $what;
        ok $s->nginx->terminate, 'nginx stops';
        $_->abort for @c;
        $proxy->pass;
    }
};

$t->done;
