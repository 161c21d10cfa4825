# Redis is not there, dies, is restarted, or stops answering.

use OfficeConfig::Test;

use Time::HiRes qw(time);

use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $ids = 'oc:{default}:ids';

# what nginx says of it, and nothing else
$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \(\d+: /,
    qr/\[error\].* Redis at \S+ refused the connection: "LOADING /,
    qr/\[error\].* Redis at \S+ refused: "LOADING /,
);


# statuses($sum): the statuses that a load has seen, without the expected ones

sub unexpected {
    my ($sum, $re) = @_;
    return { %{$sum->{errors}},
             map { $_ => $sum->{status}{$_} }
             grep { $_ !~ $re } keys %{$sum->{status}} };
}

# mixed($service): a load that creates and reads, counted by method and status

sub mixed {
    my ($s, $id) = @_;
    return $t->load(clients => 4, pause => 0.002, each => sub {
        my ($client, $i) = @_;
        my $r = $i % 3 ? $s->get($id) : $s->create;
        my $method = $i % 3 ? 'GET' : 'POST';
        return "$method " . $r->status
             . ($r->elapsed > $t->seconds(2) ? ' late' : '');
    });
}

# refused($service, $id): how many reads of the load were, in the access log

sub refused {
    my ($s, $id) = @_;
    return scalar(() = $s->nginx->access_log =~ /^503 GET \S*\/$id /mg);
}

# stored($redis, $sum, $before, $name): two test points: what was answered 201
# is there, and nothing more than that and what was answered 504 can be

sub stored {
    my ($redis, $sum, $before, $name) = @_;
    my $created = $sum->{status}{'POST 201'} // 0;
    my $unknown = $sum->{status}{'POST 504'} // 0;
    my $now = $redis->cmd('ZCARD', $ids);

    cmp_ok $now, '>=', $before + $created, "$name: all that was answered 201";
    cmp_ok $now, '<=', $before + $created + $unknown,
           "$name: nothing that was answered 503";
}


for my $over (qw(unix TCP)) {
    subtest "absent at start, $over" => sub {
        my $redis = $t->redis(start => 0, tcp => $over eq 'TCP');
        my $s = OfficeConfig::Service->new($t, redis => $redis,
            block => 'reconnect 20ms 100ms;');

        for (1 .. 2) {
            $s->refused($s->create, 503, 'create');
            $s->refused($s->get('x'), 503, 'get');
            $s->refused($s->list, 503, 'list');
            $s->refused($s->request('POST', API . '/x/checkinStatuses',
                                    json => [7]), 503, 'wrong check-ins');
            $s->refused($s->del('x'), 503, 'delete');
        }

        my $r = $s->head('x');
        is $r->status, 503, 'HEAD';
        ok $r->header('Retry-After'), 'has Retry-After';

        # some attempts later
        Time::HiRes::sleep(0.5);
        is $s->get('x')->status, 503, 'still absent';

        my @lines = $s->nginx->error_log =~ /connect\(\) to Redis/g;
        is @lines, 1, 'logged once, not at each attempt';

        $redis->start;
        ok $s->back, 'back once it is started';
        $s->works;
        like $s->nginx->error_log, qr/\[notice\].* Redis at \S+ is back/,
             'the log has that';
        $s->end;
        $redis->kill;
    };
}


subtest 'killed under load and restarted' => sub {
    my $redis = $t->redis(aof => 1);
    my $s = OfficeConfig::Service->new($t, redis => $redis, workers => 2,
        block => 'reconnect 20ms 100ms;');
    my $id = $s->id;

    my $load = mixed($s, $id);
    wait_until(10, sub { $redis->cmd('ZCARD', $ids) > 20 });

    for my $round (1 .. 3) {
        my $refused = refused($s, $id);
        $redis->kill;
        ok wait_until(5, sub { refused($s, $id) > $refused }), 'it is gone';
        $redis->start;
        my $before = $redis->cmd('ZCARD', $ids);
        ok wait_until(10, sub { $redis->cmd('ZCARD', $ids) > $before + 20 }),
           'restarted, the load goes on';
    }

    my $sum = $load->stop;
    is_deeply unexpected($sum, qr/^(?:POST (?:201|503|504)|GET (?:200|503))$/),
              {}, 'creates: 201, 503 or 504; reads: 200 or 503; none late'
        or diag explain $sum;
    ok $sum->{status}{"GET $_"}, "there were reads with $_" for 200, 503;
    stored($redis, $sum, 1, 'stored');
    ok $s->back, 'back';
    $s->works;
    $s->end;
    $redis->kill;
};


subtest 'restarted in order under load' => sub {
    my $redis = $t->redis(aof => 1, tcp => 1);
    my $s = OfficeConfig::Service->new($t, redis => $redis, workers => 2,
        block => 'reconnect 20ms 100ms;');
    my $id = $s->id;

    my $load = mixed($s, $id);
    wait_until(10, sub { $redis->cmd('ZCARD', $ids) > 20 });

    for my $round (1 .. 2) {
        $redis->restart;
        my $before = $redis->cmd('ZCARD', $ids);
        ok wait_until(10, sub { $redis->cmd('ZCARD', $ids) > $before + 20 }),
           'the load goes on';
    }

    my $sum = $load->stop;
    is_deeply unexpected($sum, qr/^(?:POST (?:201|503|504)|GET (?:200|503))$/),
              {}, 'creates: 201, 503 or 504; reads: 200 or 503; none late'
        or diag explain $sum;
    stored($redis, $sum, 1, 'stored');
    ok $s->back, 'back';
    $s->works;
    $s->end;
    $redis->kill;
};


subtest 'stopped for longer than the timeout, then continued' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => <<'END');
        connect_timeout 2s;
        command_timeout 2s;
        reconnect 1s 2s;
END
    my $id = $s->id;
    my $before = $redis->cmd('ZCARD', $ids);
    $t->allow_log(
        qr/\[error\].* Redis at \S+ does not answer \(110: /,
        qr/\[error\].* connection to Redis at \S+ could not be made \(110: /);

    $redis->pause;

    my @held = (map({ $s->begin('GET', $id) } 1 .. 10), $s->begin('POST'));
    my @r = map { $_->response } @held;

    $s->refused($r[0], 504, 'a read', 2);
    $s->refused($r[-1], 504, 'a write', 2);
    like $r[-1]->json->{error}{message}, qr/not known/,
         'which may have been done';
    cmp_ok $r[0]->elapsed, '>=', 1.95, 'not before the time';
    is join(' ', map { $_->status } @r), join(' ', (504) x 11), 'all of them';

    # when the connection is given up there is nothing to send to
    my @more;
    ok wait_until(10, sub {
        push @more, $s->get($id);
        $more[-1]->status == 503;
    }), 'then 503';
    is_deeply [grep { $_ != 503 && $_ != 504 } map { $_->status } @more], [],
              'nothing else before';

    # those that meet an attempt to connect wait for its end, others do not
    for (['write', sub { $s->create }], ['read', sub { $s->get($id) }]) {
        my ($name, $send) = @$_;
        my $r;
        ok wait_until(10, sub {
            $r = $send->();
            $r->status == 503 && $r->elapsed < 1;
        }), "at once, a $name";
        $s->refused($r, 503, "a $name");
    }

    $redis->resume;
    ok $s->back, 'back after it continues';
    $s->works;
    cmp_ok $redis->cmd('ZCARD', $ids) - $before, '<=', 1,
           'a write was done once at the most';

    my @lines = $s->nginx->error_log =~ /does not answer/g;
    is @lines, 1, 'logged once';
    $s->end;
    $redis->kill;
};


subtest 'stopped for a moment only' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis,
        block => 'command_timeout 60s;');
    my $id = $s->id;
    my $client = $redis->info('total_connections_received');

    $redis->pause;
    my @held = map { $s->begin('GET', $id) } 1 .. 20;
    my $post = $s->begin('POST');
    Time::HiRes::sleep(0.3);
    $redis->resume;

    is join(' ', map { $_->response->status } @held), join(' ', (200) x 20),
       'the reads are answered';
    is $post->response->status, 201, 'and the write';
    is $redis->info('total_connections_received'), $client,
       'over the same connection';
    $s->end;
    $redis->kill;
};

$t->done;
