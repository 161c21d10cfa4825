# A write is answered 2xx when so many replicas have it as wait says.

use OfficeConfig::Test;

use POSIX ();

use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $master = $t->redis(tcp => 1);
my $replica = $t->redis(tcp => 1, replica => $master);

# as long as it takes; and one that is not patient
my ($s, $short) = map {
    OfficeConfig::Service->new($t, redis => $master,
        block => "reconnect 20ms 100ms; wait 1 $_;")
} '50s', '200ms';

$t->allow_lost;
$t->allow_log(qr/\[error\].* only 0 of 1 replicas of Redis at \S+ confirmed/);

sub linked {
    return wait_until(20, sub {
        ($replica->info('master_link_status') // '') eq 'up'
        && $master->cmd('SET', 'linked', 1) eq 'OK'
        && $master->cmd('WAIT', 1, 200) == 1
    });
}


# not_durable($response, $name): two test points

sub not_durable {
    my ($r, $name) = @_;
    $s->refused($r, 503, $name);
    like $r->json->{error}{message}, qr/not known whether it will last/,
         "$name: that it may be lost";
}


ok linked(), 'there is a replica';

subtest 'a replica has it' => sub {
    $s->works('once, so that Redis knows the scripts');
    $master->cmd('CONFIG', 'RESETSTAT');
    $s->works;
    is $replica->cmd('ZCARD', 'oc:{default}:ids'), 0, 'as much as the master';
    is $master->calls('wait'), 4, 'one WAIT for each of them';

    my $id = $s->id;
    is $replica->cmd('HEXISTS', 'oc:{default}:cfg', $id), 1,
       'what was answered is at the replica';
    $master->cmd('CONFIG', 'RESETSTAT');
    is $s->get($id)->status, 200, 'a read';
    is $master->calls('wait'), 0, 'needs none';
};


# those that come together are confirmed together
subtest 'group commit' => sub {
    my @c = map { $t->connect(to => $s->nginx->port) } 1 .. 30;
    $_->request('GET', API . '/x') for @c;

    $master->cmd('CONFIG', 'RESETSTAT');
    $s->nginx->hold_worker(sub {
        $_->write_request('POST', API, json => $s->example) for @c;
    });
    is scalar(grep { $_->response->status == 201 } @c), 30, 'all are created';
    my $waits = $master->calls('wait');
    cmp_ok $waits, '<', 30, "with $waits times WAIT";
};


subtest 'no replica has it' => sub {
    my $id = $s->id;
    $replica->pause;

    not_durable($short->create, 'create');
    not_durable($short->create(priority => undef), 'create by script');
    not_durable($short->del($id), 'delete');
    is $short->get($id)->status, 404, 'it was done, though';
    is $short->list->status, 200, 'reads work';
    is $short->del('x')->status, 503, 'what changed nothing waits as well';
    is $short->create(id => '')->status, 400,
       'what is refused before, does not';

    # who asks again with the same number learns what became of it
    my @again = (headers => ['Repeatability-Request-ID' =>
        '7d1c8fd0-2f49-4c3e-b5b1-d6d3a5a8b0aa',
        'Repeatability-First-Sent' =>
            POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime)]);
    my $before = $master->cmd('ZCARD', 'oc:{default}:ids');
    my $r = $short->request('POST', API, json => $s->example, @again);
    not_durable($r, 'repeatable create');

    $replica->resume;
    ok linked(), 'the replica is back';
    $r = $s->request('POST', API, json => $s->example, @again);
    $t->status_is($r, 201, 'the same again');
    is $master->cmd('ZCARD', 'oc:{default}:ids'), $before + 1,
       'was created once';
    ok wait_until(10, sub { $short->create->status == 201 }), 'so are others';
    ok $short->nginx->wait_log(qr/\[notice\].* confirm writes again/),
       'logged';
};


subtest 'the connection is lost meanwhile' => sub {
    $replica->pause;
    my $c = $s->begin('POST');
    ok wait_until(5, sub {
        ($master->info('blocked_clients') // 0) == 1
    }), 'WAIT waits';
    $master->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    my $r = $c->response;
    $t->status_is($r, 504, 'whether it was done is not known');
    $replica->resume;
    ok linked(), 'the replica is back';
    ok $s->back, 'back';
    $s->works;
};


subtest 'the client leaves meanwhile' => sub {
    $replica->pause;
    my @c = map { $s->begin('POST') } 1 .. 5;
    ok wait_until(5, sub { ($master->info('blocked_clients') // 0) == 1 }),
       'WAIT waits';
    $_->abort for @c;
    $replica->resume;
    ok linked(), 'the replica is back';
    $s->works;
};


subtest 'a user who may not say WAIT' => sub {
    $master->cmd('ACL', 'SETUSER', 'default', '-wait');
    not_durable($s->create, 'create');
    $t->allow_log(qr/\[error\].* Redis at \S+ refused WAIT: "NOPERM /);
    ok $s->nginx->wait_log(qr/refused WAIT: "NOPERM/), 'the log says why';
    $master->cmd('ACL', 'SETUSER', 'default', '+wait');
    $s->works;
};


# a worker that shuts down answers first
subtest 'the end' => sub {
    my $s = OfficeConfig::Service->new($t, redis => $master,
        block => 'wait 1 2s;');
    is $s->create->status, 201, 'before';
    $replica->pause;
    my $c = $s->begin('POST');
    ok wait_until(5, sub { ($master->info('blocked_clients') // 0) == 1
                           || !$s->nginx->alive }), 'WAIT waits';
    $s->nginx->signal('QUIT');
    is $c->response->status, 503, 'the request is answered';
    $replica->resume;
};

$t->done;
