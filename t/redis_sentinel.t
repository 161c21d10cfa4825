# Redis with sentinels: the master is found, followed when it is another one,
# and an old one is not used.

use OfficeConfig::Test;

use OfficeConfig::Sentinels;
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $group = OfficeConfig::Sentinels->new($t, replicas => 2, sentinels => 3);
my $pauses = 'reconnect 20ms 200ms; topology_refresh 500ms; '
           . 'connect_timeout 500ms; command_timeout 1s;';

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \(111: /,
    qr/\[error\].* Redis at \S+ refused: "READONLY /,
    qr/\[error\].* Redis at \S+ says that it is a "slave" and should be a "master"/,
    qr/\[error\].* (?:Redis at \S+ does not answer|connection to Redis at \S+ could not)/,
);

sub service { OfficeConfig::Service->new($t, block => "$pauses @_") }


# serves($s, $seconds): whether it reads and writes again within that time

sub serves {
    my ($s, $seconds) = @_;
    return wait_until($t->seconds($seconds),
                      sub { $s->create->status == 201 })
        && $s->get('x')->status == 404;
}

my $s = service($group->block);

subtest 'the master is found' => sub {
    $s->works;
    my $master = $group->master;
    my $id = $s->id;
    is $master->cmd('HEXISTS', 'oc:{default}:cfg', $id), 1,
       'what is written is there';
    is scalar(grep { $_->clients } $group->sentinels), 3,
       'every sentinel is asked';
    is $master->calls('role') > 0, 1, 'it was asked for its role';
};


subtest 'SENTINEL FAILOVER' => sub {
    my $old = $group->master;
    my $id = $s->id;
    my $mark = $s->nginx->log_mark;

    is(($group->sentinels)[0]->cmd('SENTINEL', 'FAILOVER', $group->name), 'OK',
       'begins');
    my $switched = $group->failed_over($old, 15);
    ok serves($s, 2), 'served by the new master';
    cmp_ok time - $switched, '<', $t->seconds(2), 'soon';
    ok $s->nginx->wait_log(qr/\[notice\].* the master "office" of Redis is at/,
                           5, $mark), 'logged';
    isnt $group->master->port, $old->port, 'it is another one';
    is $s->get($id)->status, 200, 'the data is there';
    $s->works;
    ok $group->whole(15), 'the old one follows';
};


subtest 'the master dies' => sub {
    my $old = $group->master;
    my $id = $s->id;
    $old->kill;
    my $r = $s->get($id);
    like $r->status, qr/^(?:200|503)$/, 'nobody waits for long';
    $group->failed_over($old, 15);
    ok serves($s, 2), 'served by the new master';
    is $s->get($id)->status, 200, 'the data is there';
    $old->start;
    ok $group->whole(20), 'the old one is back as a replica';
    $s->works;
    is $old->cmd('ROLE')->[0], 'slave', 'and not used';
};


# it believes itself to be the master when it runs again
subtest 'the master is stopped and comes back' => sub {
    my $old = $group->master;
    my @before = map { $s->id } 1 .. 3;
    $old->pause;
    $group->failed_over($old, 15);
    ok serves($s, 3), 'served by the new master';
    my @written = map { $s->id } 1 .. 3;

    $old->resume;
    push @written, map { $s->id } 1 .. 10;
    ok $group->whole(20), 'the old one is a replica';
    is scalar(grep { $s->get($_)->status == 200 } @before, @written), 16,
       'nothing that was acknowledged is missing';
};


subtest 'all sentinels are gone, then back' => sub {
    $_->kill for $group->sentinels;
    $s->works('the master that is known is used');
    my $id = $s->id;

    my $new = service($group->block);
    $s->refused($new->get($id), 503, 'a worker that knows none');
    $s->refused($new->create, 503, 'a worker that knows none, write');

    # who shuts down is not kept by them
    ok $new->nginx->quit, 'exits';

    my $later = service($group->block);
    is $later->get($id)->status, 503, 'none yet';
    $_->start for $group->sentinels;
    ok serves($later, 10), 'found when they are back';
    is $later->get($id)->status, 200, 'the data is there';
    $_->works for $later, $s;
    $later->end;
    ok wait_until(20, sub { $group->master }), 'the sentinels agree';
};


subtest 'one sentinel is enough' => sub {
    my ($first, @rest) = $group->sentinels;
    my $port = $t->port;
    my $s = service("topology sentinel office; server 127.0.0.1:$port; "
                    . 'server ' . $first->address . ':' . $first->port . ';');
    $s->works;
    $s->end;
};


subtest 'a name that no sentinel knows' => sub {
    my ($first) = $group->sentinels;
    my $s = service('topology sentinel nobody; server ' . $first->address . ':'
                    . $first->port . ';');
    $t->allow_log(qr/\[error\].* sentinel at \S+ does not tell the master "nobody"/);
    $s->refused($s->get('x'), 503, 'get');
    ok $s->nginx->wait_log(qr/does not tell the master "nobody": "ERR No such/),
       'the log says why';
    $s->end;
};


subtest 'a sentinel tells a replica' => sub {
    my ($replica) = grep { $_ != $group->master } $group->servers;
    my $lie = $t->proxy(tcp => 1, script => sub {
        my ($words) = @_;
        return "+PONG\r\n" if $words->[0] eq 'PING';
        return undef if $words->[0] eq 'SUBSCRIBE';
        return "*4\r\n\$2\r\nip\r\n\$9\r\n127.0.0.1\r\n\$4\r\nport\r\n\$"
               . length($replica->port) . "\r\n" . $replica->port . "\r\n";
    });
    my $s = service('topology sentinel office; server 127.0.0.1:' . $lie->port
                    . ';');
    $s->refused($s->get('x'), 503, 'get');
    $s->refused($s->create, 503, 'create');
    ok $s->nginx->wait_log(qr/says that it is a "slave"/), 'logged';
    $s->end;
};


# what a sentinel must not say
subtest 'a sentinel talks nonsense' => sub {
    $t->allow_log(qr/\[error\].* sentinel at \S+ (?:does not tell|sent what|refused)/,
                  qr/\[error\].* Redis at \S+ sent /);
    for my $answer ("+OK\r\n", "*-1\r\n", "*0\r\n", ":1\r\n",
                    "*2\r\n\$2\r\nip\r\n\$0\r\n\r\n", "*1\r\n*0\r\n",
                    "*4\r\n\$2\r\nip\r\n\$1\r\nx\r\n\$4\r\nport\r\n\$1\r\n0\r\n",
                    "-ERR no\r\n", "nonsense\r\n")
    {
        my $lie = $t->proxy(tcp => 1, script => sub {
            my ($words) = @_;
            return "+PONG\r\n" if $words->[0] eq 'PING';
            return "*3\r\n\$1\r\na\r\n:1\r\n:2\r\n" if $words->[0] eq 'SUBSCRIBE';
            return $answer;
        });
        my $s = service('topology sentinel office; server 127.0.0.1:'
                        . $lie->port . ';');
        is $s->get('x')->status, 503, $answer =~ s/\r\n/ /gr;
        $s->end;
    }
};


# as often as it is lost, connections do not add up
subtest 'connections' => sub {
    my $fds = $s->nginx->fds;
    select undef, undef, undef, 1.5;
    cmp_ok $s->nginx->fds, '<=', $fds + 1, 'asking again leaves none';
    cmp_ok +($group->sentinels)[0]->clients, '<=', 12, 'at a sentinel either';

    $s->nginx->reload;
    $s->works('after a reload');
    $s->{workers} = [];
    ok wait_until(10, sub { $s->nginx->exiting == 0 }), 'the old worker ends';
};

ok $s->nginx->quit, 'nginx exits in order';
ok wait_until(5, sub { $group->master->clients <= 8 }), 'no connection is left';

$t->done;
