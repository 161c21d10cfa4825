# Redis with sentinels: the master is found, followed when it is another one,
# and an old one is not used.

use OfficeConfig::Test;

use OfficeConfig::Certificates;
use OfficeConfig::Resp qw(resp_bulk);
use OfficeConfig::Sentinels;
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $group = OfficeConfig::Sentinels->new($t, replicas => 2, sentinels => 3);
my $pauses = 'reconnect 20ms 200ms; topology_refresh 500ms; '
           . 'connect_timeout 2s; command_timeout 3s;';

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \((?:111|104): /,
    qr/\[error\].* Redis at \S+ refused: "${\ IN_SCRIPT}?READONLY /,
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

# acknowledged($s): the id of a configuration whose create was answered 201

sub acknowledged {
    my ($s) = @_;
    my $r;
    wait_until(15, sub { ($r = $s->create)->status == 201 });
    return ($r->json // {})->{id} // 'none';
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
};


# it believes itself to be the master when it runs again
subtest 'the master is stopped and comes back' => sub {
    my $old = $group->master;
    my $sure = service($group->block, 'wait 1 300ms;');
    $t->allow_log(qr/\[error\].* replicas of Redis at \S+ confirmed a write/);

    # $s is answered before a replica has it, $sure afterwards
    my @before = map { acknowledged($sure) } 1 .. 3;
    $old->pause;
    $group->failed_over($old, 15);
    ok serves($s, 3), 'served by the new master';
    my @written = map { acknowledged($sure) } 1 .. 3;

    $old->resume;
    push @written, map { acknowledged($sure) } 1 .. 10;
    is scalar(grep { $s->get($_)->status == 200 } @before, @written), 16,
       'nothing that was acknowledged is missing';
    $sure->end;
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


# credentials and TLS of the sentinels, others than those of the servers

subtest 'sentinels want a password, and speak TLS' => sub {
    $t->needs('tls');
    my $dir = $t->dir . '/certificates';
    mkdir $dir or die "$dir: $!\n";
    my $ca = OfficeConfig::Certificates->new($dir);
    my $sentinel = $t->redis(tcp => 1, sentinel => 1, tls => $ca->sign('s'),
        config => ['tls-replication no',
                   'sentinel monitor office 127.0.0.1 '
                   . $group->master->port . ' 1']);
    $sentinel->cmd('ACL', 'SETUSER', 'asks', 'on', '>secret', '&*', '+ping',
                   '+sentinel|master', '+subscribe');
    $sentinel->cmd('ACL', 'SETUSER', 'default', 'off');

    my $servers = 'topology sentinel office; server rediss://127.0.0.1:'
                . $sentinel->port . '; ssl off; ssl_trusted_certificate '
                . $ca->ca . ';';
    my $s = service("$servers sentinel_username asks; "
                    . 'sentinel_password secret;');
    $s->works;
    $s->end;

    $t->allow_log(qr/\[error\].* refused the connection: "(?:NOAUTH|WRONGPASS) /);
    for ('', 'sentinel_username asks; sentinel_password wrong;') {
        $s = service("$servers $_");
        $s->refused($s->get('x'), 503, $_ || 'none');
        unlike $s->nginx->error_log, qr/secret|wrong/, 'it is in no log';
        $s->end;
    }
    $sentinel->kill;
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


# The sentinel that leads a failover tells the old master, with the epoch of the
# new one, until all replicas follow that.

subtest 'a sentinel in the middle of a failover' => sub {
    my ($old, $new) = map { $t->redis(tcp => 1) } 1, 2;
    my ($leads, $ends) = map { $t->dir . "/$_" } qw(leads ends);
    my $lie = $t->proxy(tcp => 1, script => sub {
        my ($words) = @_;
        return "+PONG\r\n" if $words->[0] eq 'PING';
        return undef if $words->[0] eq 'SUBSCRIBE';
        my $leading = -e $leads && ! -e $ends;
        my @fields = (ip => '127.0.0.1',
            port => -e $leads ? $old->port : $new->port,
            flags => $leading ? 'master,failover_in_progress' : 'master',
            'config-epoch' => -e $leads ? 3 : 2);
        return '*' . @fields . "\r\n" . join '', map { resp_bulk($_) } @fields;
    });
    my $s = service('topology sentinel office; server 127.0.0.1:' . $lie->port
                    . ';');
    my $asked = sub {
        my $commands = $lie->stats->{commands};
        return wait_until(20, sub { $lie->stats->{commands} > $commands + 3 });
    };

    my $id = $s->id;
    $t->file('leads', '');
    ok $asked->(), 'it tells another one';
    is $s->get($id)->status, 200, 'which is not believed';
    is $new->cmd('HEXISTS', 'oc:{default}:cfg', $s->id), 1, 'for writes either';

    $t->file('ends', '');
    ok wait_until(20, sub { $s->get($id)->status == 404 }),
       'until the failover has ended';
    $s->works;
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
    my ($sentinel) = $group->sentinels;
    my $proxy = $t->proxy(upstream => $sentinel, tcp => 1);
    my $one = service('topology sentinel office; server 127.0.0.1:'
                      . $proxy->port . ';');
    $one->works;
    my $fds = $one->nginx->fds;
    ok $proxy->wait_for('commands', $proxy->stats->{commands} + 6),
       'it is asked again';
    ok wait_until(5, sub { $one->nginx->fds <= $fds + 1 }),
       'which leaves none';
    ok wait_until(5, sub { $sentinel->clients <= 12 }),
       'at a sentinel either';
    $one->end;

    $s->nginx->reload;
    $s->works('after a reload');
    $s->{workers} = [];
    ok wait_until(10, sub { $s->nginx->exiting == 0 }), 'the old worker ends';
};

ok $s->nginx->quit, 'nginx exits in order';
ok wait_until(5, sub { $group->master->clients <= 8 }), 'no connection is left';

$t->done;
