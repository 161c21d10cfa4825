# Redis Cluster: each tenant's keys are at the node that has their slot, which
# may be another one at any time.

use OfficeConfig::Test;

use POSIX ();

use OfficeConfig::Cluster;
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $cluster = OfficeConfig::Cluster->new($t, masters => 3, replicas => 1);
my $pauses = 'reconnect 20ms 200ms; topology_refresh 30s; '
           . 'connect_timeout 5s; command_timeout 10s;';

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \((?:111|104): /,
    qr/\[error\].* Redis at \S+ refused: "(?:CLUSTERDOWN|TRYAGAIN|LOADING) /,
    qr/\[error\].* (?:Redis at \S+ does not answer|connection to Redis at \S+ could not)/,
);


# service($block): the API, with the tenant that a request's header names

sub service {
    my ($block, %opt) = @_;
    return OfficeConfig::Service->new($t, block => "$pauses $block",
        location => 'office_config_tenant $http_x_tenant;', %opt);
}

my $s = service($cluster->block);
my %ids;

# create($tenant, %opt), get($tenant, $id): a response

sub create {
    my ($tenant, %members) = @_;
    my %json = (%{$s->example}, %members);
    delete @json{grep { !defined $json{$_} } keys %json};
    return $s->request('POST', API, json => \%json,
                       headers => ['X-Tenant' => $tenant]);
}

sub get {
    my ($tenant, $id) = @_;
    return $s->request('GET', API . "/$id", headers => ['X-Tenant' => $tenant]);
}

# asks($node): how often it has said ASK

sub asks {
    my ($node) = @_;
    my $count = $node->info('errorstat_ASK') // '';
    return $count =~ /count=(\d+)/ ? $1 : 0;
}

# created($tenant, $name): one test point; the id

sub created {
    my ($tenant, $name) = @_;
    my $r = create($tenant);
    $t->status_is($r, 201, $name // "create for $tenant");
    my $id = ($r->json // {})->{id};
    push @{$ids{$tenant}}, $id if defined $id;
    return $id;
}

# all_there($name): one test point, that nothing acknowledged is missing

sub all_there {
    my ($name) = @_;
    my @lost;
    for my $tenant (sort keys %ids) {
        push @lost, grep { get($tenant, $_)->status != 200 } @{$ids{$tenant}};
    }
    is scalar(@lost), 0, $name // 'nothing that was acknowledged is missing';
}

my @tenants = map { "t$_" } 1 .. 12;


subtest 'tenants are at several nodes' => sub {
    created($_) for @tenants;
    my @with = grep { $_->cmd('DBSIZE') } $cluster->masters;
    is scalar(@with), 3, 'every master has some';
    all_there();
    is $s->nginx->error_log =~ /\[error\]/, '', 'nothing went wrong';

    is create('t1', priority => undef)->status, 201, 'a script';
    my $page = $s->request('GET', API, headers => ['X-Tenant' => 't1'])->json;
    is scalar(@{$page->{value}}), 2, 'a list';
    my $layout = $cluster->owner('oc:layout')->cmd('GET', 'oc:layout');
    is $layout, LAYOUT, 'the layout has its version';
};


# Failovers come before slots are moved; t/fault_cluster.t says why.

subtest 'CLUSTER FAILOVER' => sub {
    my $old = $cluster->owner('{t3}');
    my $new = $cluster->replica($old);
    is $new->cmd('CLUSTER', 'FAILOVER'), 'OK', 'begins';
    ok wait_until(15, sub { $new->cmd('ROLE')->[0] eq 'master' }), 'is done';
    ok wait_until(5, sub { get('t3', $ids{t3}[0])->status == 200 }), 'read';
    created('t3', 'written');
    ok $cluster->ok(20), 'the cluster is ok';
    all_there();
};


subtest 'a master dies' => sub {
    my $old = $cluster->owner('{t4}');
    my $keeps = (grep { $cluster->owner("{$_}") != $old } @tenants)[0];
    my @waits = ('CONFIG', 'SET', 'cluster-replica-no-failover');
    my $replica = $cluster->replica($old);
    $replica->cmd(@waits, 'yes');
    $old->kill;
    $s->refused(get('t4', 'x'), 503, 'its tenants');
    $replica->cmd(@waits, 'no');
    my $taken = $cluster->taken_over($old, 20);
    ok wait_until(2, sub { create('t4')->status == 201 }),
       'served by its replica';
    created($keeps, 'the others were not hurt');
    $old->start;
    ok $cluster->ok(20), 'the cluster is ok';
    all_there();
    $s->same_workers;
};


# the map is known already: only MOVED tells
subtest 'a slot is moved' => sub {
    my $from = $cluster->owner('{t1}');
    my ($to) = grep { $_ != $from } $cluster->masters;
    $cluster->move($cluster->slot('{t1}'), $to);

    is get('t1', $ids{t1}[0])->status, 200, 'a read finds it';
    $cluster->move($cluster->slot('{t1}'), $from);
    created('t1', 'so does a write, in a transaction');
    $cluster->move($cluster->slot('{t1}'), $to);
    is create('t1', priority => undef)->status, 201, 'and one in a script';

    $to->cmd('CONFIG', 'RESETSTAT');
    $from->cmd('CONFIG', 'RESETSTAT');
    get('t1', $ids{t1}[0]) for 1 .. 5;
    is $to->calls('hget'), 5, 'then it is known';
    is $from->calls('hget'), 0, 'to be there';
};


# between the two: what is moved already, what is not, and what needs both
subtest 'a slot is being moved' => sub {
    my $slot = $cluster->slot('{t2}');
    my $from = $cluster->owner('{t2}');
    my ($to) = grep { $_ != $from } $cluster->masters;
    my $id = $ids{t2}[0];

    $to->cmd('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $cluster->id($from));
    $from->cmd('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $cluster->id($to));
    is get('t2', $id)->status, 200, 'not moved yet: a read';

    my $keys = $from->cmd('CLUSTER', 'GETKEYSINSLOT', $slot, 100);
    $from->cmd('MIGRATE', $to->address, $to->port, '', 0, 5000, 'KEYS', @$keys);
    $to->cmd('SCRIPT', 'FLUSH');
    is get('t2', $id)->status, 200, 'moved: ASK, a read';
    my $r = $s->request('GET', API, headers => ['X-Tenant' => 't2']);
    is $r->status, 200, 'a script, with ASKING, that the node does not know';
    is scalar @{$r->json->{value}}, 1, 'has what is there';

    # some keys are not there yet, which only time can help
    my $asks = asks($from);
    my $c = $t->connect(to => $s->nginx->port);
    $c->write_request('POST', API, json => $s->example,
                      headers => ['X-Tenant' => 't2']);
    ok wait_until(10, sub { asks($from) > $asks }), 'the node says ASK';
    $cluster->informed($to);
    $_->cmd('CLUSTER', 'SETSLOT', $slot, 'NODE', $cluster->id($to))
        for $to, $from, grep { $_ != $to && $_ != $from } $cluster->masters;
    is $c->response->status, 201, 'a create waits for the end';

    $from->cmd('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $cluster->id($to));
    $to->cmd('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $cluster->id($from));
    $r = create('t2', priority => undef);
    $s->refused($r, 503, 'a script when there is no end');
    is create('t2')->status, 201, 'a transaction needs no end';
    $_->cmd('CLUSTER', 'SETSLOT', $slot, 'STABLE') for $to, $from;
    created('t2', 'and after it');
};


subtest 'slots move while it is written' => sub {
    my @slots = map { $cluster->slot("{$_}") } @tenants;
    my ($a, $b) = $cluster->masters;
    my ($stop, $done) = map { $t->dir . "/$_" } qw(stop done);
    my $pid = fork // die "fork: $!\n";

    # the clients, who write down what they were told

    if ($pid == 0) {
        open my $fh, '>', $done or POSIX::_exit(1);
        until (-e $stop) {
            for my $tenant (@tenants) {
                my $r = create($tenant);
                print $fh join(' ', $r->status, $tenant,
                               ($r->json // {})->{id} // ''), "\n";
            }
        }
        close $fh;
        POSIX::_exit(0);
    }

    $cluster->move(@slots, $_) for $a, $b;
    $t->file('stop', '');
    waitpid $pid, 0;

    my %status;
    open my $fh, '<', $done or die "$done: $!\n";
    while (<$fh>) {
        my ($status, $tenant, $id) = split;
        $status{$status}++;
        push @{$ids{$tenant}}, $id if $status == 201;
    }
    is join(' ', sort keys %status), '201', 'every create was answered 201'
        or diag join ' ', %status;
    all_there();
    my $n = 0;
    for my $node ($cluster->masters) {
        $n += $_ for map { $node->cmd('HLEN', $_) }
                     @{$node->cmd('KEYS', 'oc:*:cfg')};
    }
    my $have = 0;
    for my $tenant (@tenants) {
        my $page = $s->request('GET', API . '?$top=1000',
                               headers => ['X-Tenant' => $tenant])->json;
        $have += @{$page->{value}};
    }
    is $n, $have, 'and nothing is twice';
    $cluster->move(@slots[0 .. 5], $a);
};


subtest 'a node is added and one is removed' => sub {
    my $new = $cluster->add;
    $cluster->move((map { $cluster->slot("{$_}") } @tenants), $new);
    created($_) for @tenants;
    ok $new->cmd('DBSIZE') > 0, 'it is used';
    all_there();

    my ($to) = grep { $_ != $new } $cluster->masters;
    my @slots = map { $cluster->slot("{$_}") } @tenants;
    $cluster->move(@slots, $to);
    created($_) for @tenants;
    is get('t5', $_)->status, 200, 'read' for @{$ids{t5}};
    ok wait_until(10, sub { get('t1', 'x'); $new->clients <= 8 }), 'left';
    $cluster->remove($new);
    created($_) for @tenants;
    all_there();
};


# what a managed cluster says: names, which nginx's resolver looks up

subtest 'nodes have names' => sub {
    $t->needs('7');
    my $dns = $t->dns;
    $dns->answer('127.0.0.1');
    for my $node ($cluster->nodes) {
        $node->cmd('CONFIG', 'SET', 'cluster-announce-hostname',
                   'node' . $node->port . '.test');
        $node->cmd('CONFIG', 'SET', 'cluster-preferred-endpoint-type',
                   'hostname');
    }
    ok wait_until(10, sub {
        my @rows = map { @{$_->cmd('CLUSTER', 'SLOTS')} } $cluster->nodes;
        return !grep { $_->[2][0] !~ /\.test$/ } @rows;
    }), 'every node says the names';

    my $s = service($cluster->block, location => '', http => $dns->resolver);
    $s->works;
    like join(' ', $dns->queries), qr/node\d+\.test/, 'were looked up';
    $cluster->move($cluster->slot('{default}'), $_), $s->works('moved')
        for grep { $_ != $cluster->owner('{default}') } $cluster->masters;
    $s->end;

    $_->cmd('CONFIG', 'SET', 'cluster-preferred-endpoint-type',
            'unknown-endpoint') for $cluster->nodes;
    $s = service($cluster->block, location => '');
    $s->works('no host: that of the node which was asked');
    $s->end;
    $_->cmd('CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'ip')
        for $cluster->nodes;
};


# a seed is only the first to be asked
subtest 'one node that answers is enough' => sub {
    my ($node) = $cluster->masters;
    my $dead = $t->port;
    my $s = service('topology cluster; server 127.0.0.1:' . $dead . '; server '
                    . $node->address . ':' . $node->port . ';', location => '');
    $s->works;
    $s->end;
};


subtest 'nothing answers' => sub {
    my $dead = $t->port;
    my $s = service("topology cluster; server 127.0.0.1:$dead;",
                    location => '');
    $s->refused($s->get('x'), 503, 'get');
    $s->refused($s->create, 503, 'create');
    $s->end;
};


subtest 'no cluster' => sub {
    my $redis = $t->redis(tcp => 1);
    my $s = service('topology cluster; server 127.0.0.1:' . $redis->port . ';',
                    location => '');
    $t->allow_log(qr/\[error\].* does not tell the nodes of the cluster/);
    $s->refused($s->get('x'), 503, 'get');
    ok $s->nginx->wait_log(qr/does not tell the nodes of the cluster: "ERR /),
       'the log says why';
    $s->end;
};


subtest 'another layout' => sub {
    my $node = $cluster->owner('oc:layout');
    $node->cmd('SET', 'oc:layout', 'other');
    my $s = service($cluster->block, location => '');
    $t->allow_log(qr/\[error\].* has layout version "other"/);
    $s->refused($s->get('x'), 503, 'get');
    ok $s->nginx->wait_log(qr/has layout version "other"/), 'the log says why';
    $node->cmd('SET', 'oc:layout', LAYOUT);
    ok $s->back, 'served when it is right';
    $s->end;
};


# what a node must not say

subtest 'a node talks nonsense' => sub {
    $t->allow_log(qr/\[error\].* does not tell the nodes of the cluster/,
                  qr/\[error\].* Redis at \S+ sent /);
    my $row = "*3\r\n:0\r\n:16383\r\n*2\r\n";
    for my $answer ("+OK\r\n", "*0\r\n", "*-1\r\n", "*1\r\n:1\r\n",
                    "*1\r\n${row}\$9\r\n127.0.0.1\r\n:0\r\n",
                    "*1\r\n${row}\$0\r\n\r\n:70000\r\n",
                    "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n\$1\r\na\r\n:1\r\n",
                    "*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n\$1\r\na\r\n:1\r\n",
                    "*1\r\n${row}\$3\r\na b\r\n:1\r\n", "nonsense\r\n")
    {
        my $lie = $t->proxy(tcp => 1, script => sub {
            my ($words) = @_;
            return $words->[0] eq 'CLUSTER' ? $answer
                 : $words->[0] eq 'PING' ? "+PONG\r\n" : "+OK\r\n";
        });
        my $s = service('topology cluster; server 127.0.0.1:' . $lie->port . ';',
                        location => '');
        is $s->get('x')->status, 503, $answer =~ s/\r\n/ /gr;
        $s->end;
    }
};


subtest 'MOVED in a circle' => sub {
    my $port = $t->port;
    $t->allow_log(qr/\[error\].* refused: "(?:MOVED|ASK) /);
    my $lie = $t->proxy(tcp => 1, port => $port, script => sub {
        my ($words) = @_;
        return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n\$-1\r\n:$port\r\n"
            if $words->[0] eq 'CLUSTER';
        return "+PONG\r\n" if $words->[0] eq 'PING';
        return "+OK\r\n" if $words->[0] =~ /^(?:MULTI|DISCARD|ASKING)$/;
        return ":1\r\n" if $words->[0] eq 'SETNX';
        return "\$1\r\n" . LAYOUT . "\r\n" if $words->[0] eq 'GET';
        return "-MOVED 1 127.0.0.1:$port\r\n" if $words->[0] eq 'HGET';
        return "-ASK 1 127.0.0.1:$port\r\n";
    });
    my $s = service("topology cluster; server 127.0.0.1:$port;",
                    location => '');
    $s->refused($s->get('x'), 503, 'MOVED');
    $s->refused($s->list, 503, 'ASK');
    $s->end;
};

ok $s->nginx->quit, 'nginx exits in order';

$t->done;
