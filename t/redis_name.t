# A Redis that is known by its name, which nginx's resolver looks up whenever
# there is a new connection.

use OfficeConfig::Test;

use Time::HiRes qw(time);

use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $ids = 'oc:{default}:ids';

# two servers at one port
my @redis = $t->redis(tcp => '127.0.0.1');
push @redis, $t->redis(tcp => '127.0.0.2', port => $redis[0]->port);
my $port = $redis[0]->port;

# The system knows localhost. No system knows a name of more than 255 bytes,
# and none asks the network for it; nginx's resolver does.
my $unknown = join '.', ('a' x 60) x 4, 'redis.example.com', 'b' x 20;

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \(111: /,
    qr/\[error\].* connection to Redis at \S+ could not be made \(110: /,
    qr/\[warn\].* host not found: "\S+" of Redis in \S+:\d+, it will be looked up later/,
    qr/\[(?:warn|error)\].* could not be resolved \((?:2|3|110): /,
    qr/\[error\].* Redis at \S+ refused(?: the connection)?: "(?:READONLY|WRONGPASS|LOADING) /,
    # of nginx's resolver
    qr/\[error\].* (?:short|invalid|unexpected) .*DNS response/,
);


# service($dns, $name, %opt): one whose Redis has that name

sub service {
    my ($dns, $name, %opt) = @_;
    my $block = delete $opt{block} // '';
    return OfficeConfig::Service->new($t, redis => "redis://$name:$port",
        $dns ? (http => $dns->resolver) : (),
        block => "reconnect 20ms 100ms; $block", %opt);
}

# lands($service): the number of the Redis where a create arrives, -1: none

sub lands {
    my ($s) = @_;
    my @before = map { $_->cmd('ZCARD', $ids) } @redis;
    return -1 if $s->create->status != 201;
    my @after = map { $_->cmd('ZCARD', $ids) } @redis;
    return (grep { $after[$_] > $before[$_] } 0, 1)[0];
}

# disconnect: every client of both, but not the test

sub disconnect {
    $_->cmd(qw(CLIENT KILL TYPE normal SKIPME yes)) for @redis;
}

# moves($service, $number): whether creates arrive there, in new connections;
# an answer stays in nginx's cache for up to a second

sub moves {
    my ($s, $number) = @_;
    return wait_until(10, sub {
        disconnect;
        return lands($s) == $number;
    });
}


subtest 'localhost, without a resolver' => sub {
    my $s = service(undef, 'localhost');
    $s->works;
    is lands($s), 0, 'at 127.0.0.1';
    $s->end;
};


subtest 'localhost, with a resolver' => sub {
    my $dns = $t->dns;
    $dns->answer('127.0.0.2');
    my $s = service($dns, 'localhost');
    is $dns->queries, 0, 'nobody is asked before it is needed';

    $s->works;
    is lands($s), 1, 'the resolver is believed';
    is_deeply [$dns->queries], ['localhost'], 'it was asked once';
    $s->get('x') for 1 .. 20;
    is $dns->queries, 1, 'not for each request';
    $s->end;
};


subtest 'an address, with a resolver' => sub {
    my $dns = $t->dns;
    my $s = service($dns, '127.0.0.1');
    $s->works;
    disconnect;
    ok $s->back, 'on a new connection';
    is $dns->queries, 0, 'nobody is asked';
    $s->end;
};


subtest 'a name that is not known when nginx starts' => sub {
    my $dns = $t->dns;
    my $s = service($dns, $unknown);

    $s->refused($s->create, 503, 'create');
    $s->refused($s->get('x'), 503, 'get');
    ok $s->nginx->wait_log(
        qr/\[error\].* could not be resolved \(2: Server failure\)/),
       'the log says why';

    $dns->answer('127.0.0.1');
    ok $s->back, 'back when it is known, without a reload';
    $s->works;
    is lands($s), 0, 'at the right place';
    is((grep { $_ ne $unknown } $dns->queries), 0, 'no other name was asked');
    $s->end;
};


subtest 'answers that change' => sub {
    my $dns = $t->dns;
    $dns->answer('127.0.0.1');
    my $s = service($dns, 'localhost');
    is lands($s), 0, 'one';

    $dns->answer('127.0.0.2');
    is lands($s), 0, 'a connection stays where it is';
    ok moves($s, 1), 'a new one goes to the other';
    $s->works;

    $dns->answer('127.0.0.1');
    ok moves($s, 0), 'and back';
    $s->works;
    $s->end;
};


# the server that the name leads to has failed over
subtest 'a replica, and a name that leads elsewhere by now' => sub {
    my $dns = $t->dns;
    $dns->answer('127.0.0.1');
    my $s = service($dns, 'localhost');
    is lands($s), 0, 'the master';

    $redis[0]->cmd('REPLICAOF', '127.0.0.2', $port);
    $s->refused($s->create, 503, 'it is a replica now');
    $dns->answer('127.0.0.2');
    ok wait_until(10, sub { $s->create->status == 201 }),
       'the name is looked up again';
    $redis[1]->cmd('CONFIG', 'RESETSTAT');
    is $s->create->status, 201, 'create';
    is $redis[1]->calls('exec'), 1, 'at the new master';
    $redis[0]->cmd('REPLICAOF', 'NO', 'ONE');
    $s->works;
    $s->end;
};


for my $how (['servfail', qr/\(2: Server failure\)/],
             ['nxdomain', qr/\(3: Host not found\)/],
             ['silent', qr/could not be made \(110: |\(110: Operation timed out\)/],
             ['garbage', qr/could not be made \(110: |\(110: Operation timed out\)/])
{
    my ($answer, $log) = @$how;

    subtest "no address any more: $answer" => sub {
        my $dns = $t->dns;
        $dns->answer('127.0.0.2');
        my $s = service($dns, 'localhost', block => 'connect_timeout 1s;',
                        server => 'location = /ok { return 200; }');
        ok $s->back, 'it was known';
        is lands($s), 1, 'where it is';
        my $id = $s->id;
        $dns->$answer;

        for my $round (1 .. 3) {
            my $asked = $dns->queries;
            wait_until(5, sub { disconnect; $s->get($id);
                                $dns->queries > $asked });

            # meanwhile the worker does other things
            my $r = $s->request('GET', '/ok');
            is $r->status, 200, 'another location';
            cmp_ok $r->elapsed, '<', $t->seconds(0.2), 'at once';

            $r = $s->get($id);
            is $r->status, 200, 'the old address goes on';
            cmp_ok $r->elapsed, '<', $t->seconds(1), 'in time';
        }

        ok $s->nginx->wait_log($log), 'the log has it';
        is lands($s), 1, 'creates as well';
        $dns->answer('127.0.0.1');
        ok moves($s, 0), 'a new address is taken when there is one';
        $s->works;
        $s->end;
    };
}


subtest 'no answer at all' => sub {
    my $dns = $t->dns;
    $dns->silent;
    my $s = service($dns, $unknown, block => 'connect_timeout 1s;',
                    server => 'location = /ok { return 200; }');

    my @c = ($s->begin('GET', 'x'), $s->begin('POST'));
    ok $dns->wait_queries(1), 'asked';
    my $r = $s->request('GET', '/ok');
    is $r->status, 200, 'another location';
    cmp_ok $r->elapsed, '<', $t->seconds(0.2), 'at once';
    $s->refused($_->response, 503, 'bound by connect_timeout') for @c;

    # leaving while it is looked up
    my $gone = $s->begin('GET', 'x');
    $gone->abort;
    $s->refused($s->get('x'), 503, 'again');

    $dns->answer('127.0.0.1');
    ok $s->back(20), 'back when there is one';
    $s->works;
    $s->end;

    # told to quit while it is looked up
    $dns->silent;
    $s = service($dns, $unknown, block => 'connect_timeout 1s;');
    my $asked = $dns->queries;
    my $c = $s->begin('GET', 'x');
    ok $dns->wait_queries($asked + 1), 'asked';
    $s->nginx->signal('QUIT');
    $s->refused($c->response, 503, 'who waits is answered');
    $c->close;
    ok wait_until(5, sub { !$s->nginx->alive }), 'nginx exits';
};


subtest 'several addresses' => sub {
    my $dns = $t->dns;

    # nobody listens at the others
    $dns->answer(map { "127.0.0.$_" } 3, 4, 2, 5);
    my $s = service($dns, 'localhost', block => 'connect_timeout 2s;');

    for my $round (1 .. 10) {
        is lands($s), 1, 'the one that works is found';
        disconnect;
    }
    $s->works;

    # none of them, and more than are looked at
    $dns->answer(map { "127.0.0.$_" } 10 .. 39);
    ok wait_until(10, sub { disconnect; $s->get('x')->status == 503 }),
       'all of them are gone';
    $s->refused($s->create, 503, 'create');
    $s->refused($s->get('x'), 503, 'get');
    $dns->answer('127.0.0.1');
    ok $s->back, 'back';
    $s->works;
    $s->end;
};


# each is tried from within the event of the one before
subtest 'several addresses that refuse the password' => sub {
    my $dns = $t->dns;
    $dns->answer('127.0.0.1', '127.0.0.2');
    $_->cmd('CONFIG', 'SET', 'requirepass', 'right') for @redis;
    my $s = service($dns, 'localhost', block => 'password wrong;');

    for (1 .. 3) {
        $s->refused($s->create, 503, 'create');
        $s->refused($s->get('x'), 503, 'get');
    }

    ok wait_until(10, sub {
        my %refused = map { $_ => 1 } $s->nginx->error_log
            =~ /Redis at (\S+) refused the connection: "WRONGPASS/g;
        keys %refused == 2;
    }), 'both were asked';

    $_->cmd('CONFIG', 'SET', 'requirepass', 'wrong') for $redis[1];
    ok $s->back, 'back when one takes it';
    is lands($s), 1, 'that one is used';
    $_->cmd('CONFIG', 'SET', 'requirepass', '') for @redis;
    $s->end;
};

$t->done;
