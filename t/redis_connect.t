# Connections to Redis: over what they can be, how they are kept alive, and
# what an attempt costs that fails.

use OfficeConfig::Test;

use POSIX ();
use Time::HiRes qw(time sleep);

use OfficeConfig::Net qw(open_socket);
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $ids = 'oc:{default}:ids';
my $has_ipv6 = open_socket('[::1]:1') || $! != POSIX::EADDRNOTAVAIL();

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \((?:2|11|104|111): /,
    qr/\[error\].* connection to Redis at \S+ could not be made \(110: /,
    qr/\[error\].* Redis at \S+ refused(?: PING| the connection)?: "(?:LOADING|MASTERDOWN|NOAUTH|ERR) /,
    qr/\[error\].* Redis at \S+ does not answer \(110: /,
);


# the ways to name a server; "direct" ones are given to office_config_pass

sub served {
    my ($name, $redis, $server, $direct) = @_;

    subtest $name => sub {
        my $http = $t->api_conf(redis => $server);
        $http =~ s/office_config_redis main \{.*?\n    \}\n//s,
            $http =~ s/office_config_pass main/office_config_pass $server/
            if $direct;

        my $nginx = $t->nginx(http => $http);
        my $s = bless { t => $t, nginx => $nginx,
                        workers => [$nginx->workers] },
                      'OfficeConfig::Service';
        my $before = $redis->cmd('ZCARD', $ids);
        $s->works;
        is $s->create->status, 201, 'create';
        is $redis->cmd('ZCARD', $ids), $before + 1, 'it is there';
        $s->end;
    };
}

{
    my $four = $t->redis(tcp => '127.0.0.1');
    my $port = $four->port;

    for my $server ("redis://127.0.0.1:$port", "127.0.0.1:$port",
                    "REDIS://127.0.0.1:$port", "redis://127.0.0.1:$port/",
                    "redis://127.0.0.1:$port/0", "localhost:$port",
                    "redis://localhost:$port/", 'unix:' . $four->socket)
    {
        my $name = $server =~ s/\Q$port/PORT/r
                           =~ s/unix:.*/unix:PATH/r;
        served($name, $four, $server);
        served("$name, in office_config_pass", $four, $server, 1);
    }

    if ($has_ipv6) {
        my $six = $t->redis(tcp => '::1');
        served('redis://[::1]:PORT', $six, $six->url);
        served('[::1]:PORT in office_config_pass', $six,
               '[::1]:' . $six->port, 1);
    }
}


subtest 'two of them in one configuration' => sub {
    my @redis = map { $t->redis } 0 .. 2;
    my $http = $t->api_conf(redis => $redis[0], server => <<"END");
        location /second {
            office_config_pass second;
            office_config_auth off;
        }

        location /third {
            office_config_pass @{[$redis[2]->url]};
            office_config_auth off;
        }

        location /again {
            office_config_pass @{[$redis[2]->url]};
            office_config_auth off;
        }
END
    $http .= <<"END";    # the order does not matter
    office_config_redis second {
        server @{[$redis[1]->url]};
        reconnect 20ms 100ms;
        database 4;
    }
END
    my $nginx = $t->nginx(http => $http);
    my %path = map { $_ => "/$_/officeConfiguration/clientConfigurations" }
               qw(second third again);
    $path{beta} = API;
    my %id;

    for my $name (sort keys %path) {
        my $r = $t->post($path{$name}, json => seed, to => $nginx->port);
        is $r->status, 201, "$name: create";
        $id{$name} = $r->json->{id};
    }

    my %found = map {
        my $name = $_;
        $name => join ' ', grep {
            $t->get("$path{$name}/$id{$_}", to => $nginx->port)->status == 200
        } sort keys %path;
    } keys %path;
    is_deeply \%found, { beta => 'beta', second => 'second',
        third => 'again third', again => 'again third' },
        'each has its own' or diag explain \%found;

    is join(' ', map { $_->clients } @redis), '1 1 1',
       'one connection to each of them';
    is join(' ', map { join ',', $_->cmd('INFO', 'keyspace')
                                 =~ /^(db\d+):/mg } @redis),
       'db0 db4 db0', 'each in its database';

    # one fails, the others do not
    $redis[1]->kill;
    ok wait_until(5, sub {
        $t->get($path{second}, to => $nginx->port)->status == 503
    }), 'one is gone';
    is $t->post($path{$_}, json => seed, to => $nginx->port)->status, 201,
       "$_ works" for qw(beta third again);
    $redis[1]->start;
    ok wait_until(5, sub {
        $t->post($path{second}, json => seed, to => $nginx->port)->status
            == 201
    }), 'it is back';
    ok $nginx->quit, 'nginx exits in order';
};


# attempts with a pause of 1 ms between them
for my $what (['refused, TCP' => 1, 'refuse'], ['absent, unix' => 0, 'refuse'],
              ['closed at once, TCP' => 1, 'close_new'],
              ['closed at once, unix' => 0, 'close_new'],
              ['reset at once' => 1, 'reset_new'])
{
    my ($name, $tcp, $mode) = @$what;

    subtest "a thousand failed attempts: $name" => sub {
        my $redis = $t->redis;
        my $proxy = $t->proxy(upstream => $redis, tcp => $tcp);
        my $s = OfficeConfig::Service->new($t, redis => $proxy,
            block => 'reconnect 1ms 1ms;',
            log_level => $mode eq 'refuse' ? 'debug' : 'info');

        # nginx at level debug logs the timer of each pause
        my $count = $mode eq 'refuse'
            ? sub { scalar(() = $s->nginx->error_log
                                =~ /event timer add: -1: 1:/g) }
            : sub { $proxy->stats->{accepted} };

        $s->works;
        $proxy->$mode;
        $proxy->drop;
        ok wait_until(5, sub { $s->get('x')->status == 503 }), 'it is gone';

        ok wait_until(60, sub { $count->() > 50 }),
           'fifty attempts';
        my ($fds, $rss) = ($s->nginx->fds, $s->nginx->rss);
        my $from = $count->();

        ok wait_until(300, sub { $count->() >= $from + 1000 }),
           'a thousand more' or diag $count->() - $from;
        ok wait_until(5, sub { $s->nginx->fds <= $fds + 1 }),
           'no more descriptors than before';
        cmp_ok $s->nginx->rss - $rss, '<', 1024, 'the memory is flat'
            unless $t->sanitized;

        my @lines = $s->nginx->error_log =~ /connect\(\) to Redis/g;
        cmp_ok scalar(@lines), '<', 10, 'the log is not flooded';
        $s->refused($s->create, 503, 'create');

        $proxy->pass;
        ok $s->back, 'back';
        $s->works;
        $s->end;
    };
}


subtest 'a connect that hangs' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis, tcp => 1);
    $proxy->blackhole;
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block =>
        'connect_timeout 400ms; command_timeout 60s; reconnect 50ms 100ms;');

    my @c = (map({ $s->begin('GET', 'x') } 1 .. 5), $s->begin('POST'));
    my @r = map { $_->response } @c;
    $s->refused($_, 503, 'bound by connect_timeout') for @r[0, 5];
    cmp_ok $r[0]->elapsed, '>=', 0.35, 'and not at once';
    is join(' ', map { $_->status } @r), join(' ', (503) x 6), 'all of them';
    $s->refused($s->get('x'), 503, 'again');
    ok $s->nginx->wait_log(qr/\[error\].* connection to Redis at \S+ could /),
       'the log has it';

    $proxy->pass;
    ok $s->back, 'back';
    $s->works;
    $s->end;
};


# connected, and then nothing
subtest 'a handshake that hangs' => sub {
    my $redis = $t->redis;

    for my $tcp (0, 1) {
        my $proxy = $t->proxy(upstream => $redis, tcp => $tcp);
        $proxy->mute;
        my $s = OfficeConfig::Service->new($t, redis => $proxy, block =>
            'connect_timeout 400ms; command_timeout 60s; '
            . 'reconnect 50ms 100ms;');

        $s->refused($s->create, 503, 'create');
        $s->refused($s->get('x'), 503, 'get');
        $proxy->pass;
        $proxy->drop;
        ok $s->back, 'back';
        $s->works;
        $s->end;
    }
};


# a request does not wait longer for a connection than for an answer
subtest 'a connect that takes longer than a command may' => sub {
    my $proxy = $t->proxy(tcp => 1);
    $proxy->blackhole;
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'connect_timeout 60s; command_timeout 400ms;');
    $s->refused($s->get('x'), 503, 'get');
    $s->refused($s->create, 503, 'create');
    $s->end;
};


subtest 'idle' => sub {
    my $redis = $t->redis;
    my $kept = OfficeConfig::Service->new($t, redis => $redis,
        block => 'ping_interval 200ms;');
    my $closed = OfficeConfig::Service->new($t, redis => $redis);

    $_->works for $kept, $closed;
    $redis->cmd('CONFIG', 'RESETSTAT');
    $redis->cmd('CONFIG', 'SET', 'timeout', 3);

    my $begin = time;
    ok wait_until(10, sub {
        $redis->cmd('INFO', 'server');
        $closed->nginx->error_log =~ /Redis at \S+ closed the connection/
    }), 'Redis closes a connection that says nothing';
    like $closed->nginx->error_log, qr/\[notice\].* closed the connection/,
         'that is no error';

    my $pings = $redis->calls('ping');
    my $seconds = time - $begin;
    $redis->cmd('CONFIG', 'SET', 'timeout', 0);
    cmp_ok $pings, '>=', 3, 'PING goes over the other one';
    cmp_ok $pings, '<=', 5 * $seconds + 5, 'not more often than it should';
    unlike $kept->nginx->error_log, qr/closed/, 'which stays';
    is $_->get('x')->status, 404, 'the next request' for $closed, $kept;

    $_->works for $closed, $kept;
    $_->end for $closed, $kept;
};


# no PING while there is something to do
subtest 'busy' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis,
        block => 'ping_interval 600ms;');
    $s->works;

    # again when the machine has let nothing be done for some time
    my $pings;
    ok wait_until(60, sub {
        my ($last, $end, $pause) = (time, time + 1.5, 0);
        my $done = sub {
            my $now = time;
            $pause = $now - $last if $now - $last > $pause;
            $last = $now;
        };

        $s->get('x');
        $redis->cmd('CONFIG', 'RESETSTAT');
        $done->();

        while ($last < $end) {
            $s->get('x');
            $done->();
            sleep 0.01;
        }

        $pings = $redis->calls('ping');
        $done->();
        return $pause < 0.3;
    }), 'busy all the time';
    is $pings, 0, 'no PING';
    ok wait_until(5, sub { $redis->calls('ping') > 1 }), 'but afterwards';
    $s->end;
};


subtest 'closed while it is idle' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis);
    my $id = $s->id;
    my @kill = qw(CLIENT KILL TYPE normal SKIPME yes);

    # when nginx has seen it, and when it has not
    for my $round (1 .. 5) {
        my $mark = $s->nginx->log_mark;
        is $redis->cmd(@kill), 1, 'closed';
        ok $s->nginx->wait_log(qr/closed the connection/, 5, $mark), 'seen';
        is $s->get($id)->status, 200, 'the next request, a read';

        is $redis->cmd(@kill), 1, 'closed';
        is $s->get($id)->status, 200, 'at once, a read';

        $mark = $s->nginx->log_mark;
        is $redis->cmd(@kill), 1, 'closed';
        ok $s->nginx->wait_log(qr/closed the connection/, 5, $mark), 'seen';
        is $s->create->status, 201, 'the next request, a write';
    }

    $s->works;
    $s->end;
};


# PING is refused: the connection is replaced, in the middle of its own event
for my $tcp (0, 1) {
    subtest 'PING is refused, ' . ($tcp ? 'TCP' : 'unix') => sub {
        my $redis = $t->redis;
        my $proxy = $t->proxy(upstream => $redis, tcp => $tcp, script => sub {
            my ($words, $connection) = @_;
            return 'PASS' if $words->[0] ne 'PING'
                             || ++$connection->{pings} < 3
                             || $connection->{number} > 3;
            return "-LOADING Redis is loading the dataset in memory\r\n"
                 . "-ERR what is behind it\r\n" x 3;
        });
        my $s = OfficeConfig::Service->new($t, redis => $proxy,
            block => 'ping_interval 20ms; reconnect 5ms 10ms;');
        $s->works;

        ok $proxy->wait_for('accepted', 4, 20), 'three connections refuse it';
        ok $s->back, 'the fourth does not';
        $s->works;
        $s->end;
    };
}


# the peer is silent: without a request it is noticed by PING
subtest 'PING is not answered' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'ping_interval 100ms; command_timeout 2s; '
                 . 'connect_timeout 2s; reconnect 20ms 50ms;');
    $s->works;

    $proxy->mute;
    ok $s->nginx->wait_log(qr/\[error\].* does not answer/), 'noticed';
    ok $proxy->wait_for('accepted', 2), 'there is another attempt';
    $proxy->pass;
    $proxy->drop;
    ok $s->back, 'back';
    $s->works;
    $s->end;
};

$t->done;
