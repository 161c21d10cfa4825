# Reads from replicas, if that is wanted: they may be behind, and the master
# answers when they cannot.

use OfficeConfig::Test;

use POSIX ();

use OfficeConfig::Cluster;
use OfficeConfig::Sentinels;
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $block = 'reconnect 20ms 200ms; topology_refresh 300ms; read_replicas on; '
          . 'connect_timeout 2s; command_timeout 3s;';

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \((?:111|104): /,
    qr/\[error\].* refused the connection: "(?:MASTERDOWN|LOADING|NOPERM) /,
    qr/\[error\].* Redis at \S+ says that it is a "master" and should be a "slave"/,
    qr/\[error\].* (?:Redis at \S+ does not answer|connection to Redis at \S+ could not)/,
);


# reads($command, @servers): how often they executed it

sub reads {
    my ($command, @servers) = @_;
    my $n = 0;
    $n += $_->calls($command) for @servers;
    return $n;
}

sub has {
    my ($server, $id) = @_;
    $server->cmd('READONLY') if $server->{bus};
    my $has = eval { $server->cmd('HEXISTS', 'oc:{default}:cfg', $id) } // '';
    return $has eq '1';
}

# warm($s, $id, @replicas): true when all of them have it and are read from

sub warm {
    my ($s, $id, @replicas) = @_;
    return wait_until(15, sub {
        return 0 if grep { !has($_, $id) } @replicas;
        $_->cmd('CONFIG', 'RESETSTAT') for @replicas;
        $s->get($id) for 1 .. 6;
        return !grep { !$_->calls('hget') } @replicas;
    });
}


subtest 'sentinels' => sub {
    my $group = OfficeConfig::Sentinels->new($t, replicas => 2, sentinels => 1);
    my $s = OfficeConfig::Service->new($t, block => $block . $group->block,
        location => 'office_config_checkin_retention 1s;');
    my $master = $group->master;
    my @replicas = grep { $_ != $master } $group->servers;
    my $id = $s->id;

    ok warm($s, $id, @replicas), 'both replicas are read from';
    $_->cmd('CONFIG', 'RESETSTAT') for $group->servers;
    is $s->get($id)->status, 200, 'read' for 1 .. 10;
    is reads('hget', @replicas), 10, 'by the replicas';
    is reads('hget', $master), 0, 'none by the master';
    $t->status_is($s->list, 200, 'a script');
    is reads('evalsha', $master), 0, 'by a replica as well';

    $s->works('writes');

    # a script that reads, and has to remove what has expired
    my $checkin = OfficeConfig::Test::seed()->{checkinStatuses}[0];
    my $path = API . "/$id/checkinStatuses";
    is $s->request('POST', $path, json => { %$checkin, checkinDateTime =>
        POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime) })->status, 204,
        'a check-in';
    $t->status_is($s->request('GET', $path), 200, 'check-ins are read')
        for 1 .. 3;

    subtest 'a replica that is stopped' => sub {
        $replicas[0]->pause;
        is scalar(grep { $s->get($id)->status =~ /^(?:200|504)$/ } 1 .. 6), 6,
           'nobody waits longer than the time of a command';
        ok wait_until(10, sub {
            !grep { $s->get($id)->status != 200 } 1 .. 6
        }), 'left out';
        is $s->get($id)->status, 200, 'read' for 1 .. 6;
        $replicas[0]->resume;
        ok warm($s, $id, @replicas), 'it is back';
    };

    subtest 'a replica that dies' => sub {
        $replicas[0]->kill;
        is $s->get($id)->status, 200, 'read' for 1 .. 10;
        $s->works;
        $replicas[1]->kill;
        is $s->get($id)->status, 200, 'read from the master' for 1 .. 10;
        $_->start for @replicas;
        ok warm($s, $id, @replicas), 'they are back';
    };

    subtest 'a user who may not read there' => sub {
        $replicas[0]->cmd('ACL', 'SETUSER', 'default', '-hget');
        is $s->get($id)->status, 200, 'read' for 1 .. 4;
        $replicas[0]->cmd('ACL', 'SETUSER', 'default', '+hget');
    };

    subtest 'a replica becomes the master' => sub {
        my ($sentinel) = $group->sentinels;

        # which needs to know that the replicas are well

        ok wait_until(20, sub {
            $sentinel->cmd('SENTINEL', 'FAILOVER', $group->name) eq 'OK';
        }), 'begins';
        $group->failed_over($master, 15);
        ok wait_until(3, sub { $s->create->status == 201 }),
           'written';
        is $s->get($id)->status, 200, 'read' for 1 .. 10;
    };

    $s->end;
    $_->kill for $group->sentinels, $group->servers;
};


subtest 'a cluster' => sub {
    my $cluster = OfficeConfig::Cluster->new($t, masters => 3, replicas => 1);
    my $s = OfficeConfig::Service->new($t, block => $block . $cluster->block);
    my $master = $cluster->owner('{default}');
    my $replica = $cluster->replica($master);
    my $id = $s->id;

    ok warm($s, $id, $replica), 'the replica is read from';
    $_->cmd('CONFIG', 'RESETSTAT') for $master, $replica;
    is $s->get($id)->status, 200, 'read' for 1 .. 10;
    $t->status_is($s->list, 200, 'a script');
    is reads('hget', $replica), 10, 'by the replica';
    is reads('hget', $master) + reads('evalsha', $master), 0,
       'none by the master';
    $s->works('writes');

    is $replica->cmd('CLUSTER', 'FAILOVER'), 'OK', 'CLUSTER FAILOVER';
    ok wait_until(15, sub { $replica->cmd('ROLE')->[0] eq 'master' }), 'done';
    is $s->get($id)->status, 200, 'read' for 1 .. 5;
    ok wait_until(3, sub { $s->create->status == 201 }),
       'written';
    ok $cluster->ok(15), 'the cluster is ok';
    ok warm($s, $id, $master), 'the new replica is read from';

    $master->kill;
    is $s->get($id)->status, 200, 'read without it' for 1 .. 5;
    $s->works;
    $s->end;
};

$t->done;
