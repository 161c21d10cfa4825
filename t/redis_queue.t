# Requests at the same time: one connection a worker, commands that are sent
# together, a queue that can be full, and the time of each request.

use OfficeConfig::Test;

use Time::HiRes qw(time sleep);

use OfficeConfig::Resp qw(resp_bulk);
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $ids = 'oc:{default}:ids';

$t->allow_log(qr/\[error\].* Redis at \S+ does not answer \(110: /);


# writes($pid): how many calls of write and writev the process has made; undef
# when the kernel does not say

sub writes {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/io" or return undef;
    local $/;
    return (<$fh> // '') =~ /^syscw: (\d+)/m ? $1 : undef;
}


subtest 'one connection a worker' => sub {
    for my $workers (1, 3) {
        my $redis = $t->redis;
        my $s = OfficeConfig::Service->new($t, redis => $redis,
            workers => $workers, events => 'worker_connections 1024;');
        my $id = $s->id;
        my $before = $redis->info('total_connections_received');

        my $load = $t->load(where => $s->nginx->port, clients => 8,
            requests => 60, keepalive => 1, request => sub {
                $_[1] % 4 ? ('GET', API . "/$id")
                          : ('POST', API, json => seed)
            });
        my $most = 0;
        for (1 .. 20) {
            my $now = $redis->clients;
            $most = $now if $now > $most;
            sleep 0.01;
        }

        my $sum = $load->wait;
        is_deeply $sum->{status}, { 200 => 360, 201 => 120 },
                  "$workers: all is answered" or diag explain $sum;
        cmp_ok $most, '<=', $workers, 'never more than one connection each';
        cmp_ok $redis->info('total_connections_received') - $before, '<=',
               $workers, 'none was replaced';
        is $redis->cmd('ZCARD', $ids), 121, 'each create was done once';
        $s->end;
        $redis->kill;
    }
};


subtest 'commands are sent together' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);

    # at level info there is a line, and its write, when the worker continues
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
                                       log_level => 'warn');
    my ($worker) = $s->nginx->workers;
    my @ids = map { $s->id(priority => $_) } 1 .. 8;

    plan skip_all => "/proc/PID/io is not to be read"
        unless defined writes($worker);

    # connections that nginx has accepted
    my @c = map { my $c = $s->begin('GET', $_); $c->response; $c }
            (@ids) x 5;

    ok wait_until(5, sub {
        48 == (() = $s->nginx->access_log =~ /^20[01] /mg)
    }), 'idle';

    # all requests are there when the worker looks
    $proxy->hold;
    my $commands = $proxy->stats->{commands};
    my $before = $s->nginx->hold_worker(sub {
        $c[$_]->write_request('GET', API . "/$ids[$_ % 8]") for 0 .. 39;
        return writes($worker);
    });

    ok $proxy->wait_for('commands', $commands + 40), 'forty commands';
    is writes($worker) - $before, 1, 'in one write';

    $proxy->pass;
    is_deeply [map { $_->response->json->{id} } @c], [(@ids) x 5],
              'each has its answer';
    is $proxy->stats->{accepted}, 1, 'over one connection';
    $s->end;
};


subtest 'answers in the order of the commands' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis);
    my @ids = map { $s->id(priority => $_) } 1 .. 20;

    for my $round (1 .. 5) {
        my @want = map { $_ % 7 == 3 ? 'list' : $_ % 5 == 4 ? 'nothing'
                         : $ids[($_ * $round) % 20] } 1 .. 60;
        my @c = map { $s->begin('GET', $_ eq 'list' ? undef : $_) } @want;
        my @got = map {
            my $r = $_->response;
            $r->status == 404 ? 'nothing' : $r->json->{id} // 'list'
        } @c;
        is_deeply \@got, \@want, "round $round";
    }

    $s->end;
};


subtest 'a full queue' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'max_pending 4; command_timeout 60s;');
    my $id = $s->id;
    $s->works;
    my $stored = $redis->cmd('ZCARD', $ids);

    for my $round (1 .. 3) {
        $proxy->hold;
        my @c = map { $s->begin('GET', $id) } 1 .. 3;
        push @c, $s->begin('POST');
        ok wait_until(5, sub { $redis->cmd('ZCARD', $ids)
                               == $stored + $round }), 'four are accepted';

        for my $r ($s->get($id), $s->create, $s->list, $s->del($id)) {
            $s->refused($r, 503, 'the fifth');
            like $r->json->{error}{message}, qr/overloaded/, 'says why';
        }

        $proxy->pass;
        is join(' ', map { $_->response->status } @c), '200 200 200 201',
           'the four are answered';
        is $s->get($id)->status, 200, 'there is room again';
    }

    # those whose clients have left count until Redis has answered them
    $proxy->hold;
    my @c = map { $s->begin('GET', $id) } 1 .. 4;
    ok $proxy->wait_for('held', 3500), 'four are accepted';
    $_->abort for @c;
    ok wait_until(5, sub {
        4 == (() = $s->nginx->access_log =~ /^499 /mg)
    }), 'and have left';
    $s->refused($s->get($id), 503, 'the fifth');
    $proxy->pass;
    ok $s->back, 'there is room again';

    is $redis->cmd('ZCARD', $ids), $stored + 3, 'nothing else was stored';
    is $proxy->stats->{accepted}, 1, 'all over one connection';
    unlike $s->nginx->error_log, qr/\[error\]/, 'and nothing for the log';
    $s->works;
    $s->end;
};


# also when the connection is not there yet
subtest 'a full queue at the start' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    $proxy->hold;
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'max_pending 20; connect_timeout 60s; command_timeout 60s;');

    my @c = map { $s->begin('GET', 'x') } 1 .. 40;
    my @now = grep {
        vec(my $rin = '', fileno $_->socket, 1) = 1;
        select $rin, undef, undef, 30;
    } @c[20 .. 39];
    is @now, 20, 'half of them is answered at once';
    is join(' ', map { $_->response->status } @now), join(' ', (503) x 20),
       'that there is no room';

    $proxy->pass;
    my %count;
    $count{$_->response->status}++ for @c[0 .. 19];
    cmp_ok $count{404}, '>=', 10, 'the others when there is a connection';
    is_deeply [grep { $_ != 404 && $_ != 503 } keys %count], [], 'or that';
    $s->works;
    $s->end;
};


# a script that the server does not know is sent again, behind what came later
subtest 'the time of a script that is sent twice' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis, script => sub {
        my ($words) = @_;
        return { delay => 4, bytes => "-NOSCRIPT No matching script.\r\n" }
            if $words->[0] eq 'EVALSHA';
        return undef if $words->[0] eq 'EVAL' || "@$words" =~ /silent/;
        return 'PASS';
    });
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'command_timeout 5s;');
    is $s->get('x')->status, 404, 'connected';

    my $commands = $proxy->stats->{commands};
    my $script = $s->begin('GET');
    ok $proxy->wait_for('commands', $commands + 1), 'a script';
    my $later = $s->begin('GET', 'silent');

    for (['the script', $script], ['what came later', $later]) {
        my ($name, $c) = @$_;
        my $r = $c->response;
        $s->refused($r, 504, $name);
        cmp_ok $r->elapsed, '<', 8.5, "$name: its time begins once";
    }

    $s->end;
};


subtest 'each request has its own time' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'command_timeout 2s;');
    is $s->get('x')->status, 404, 'connected';

    $proxy->hold;
    my @c = map { sleep 0.1; $s->begin($_ % 3 ? 'GET' : 'POST',
                                       $_ % 3 ? 'x' : undef) } 1 .. 5;
    my @r = map { $_->response } @c;
    is join(' ', map { $_->status } @r), '504 504 504 504 504', 'all are over';
    is_deeply [grep { $_ < 1.95 || $_ > $t->seconds(2) }
               map { $_->elapsed } @r], [], 'after 2 seconds each'
        or diag join ' ', map { $_->elapsed } @r;

    $proxy->pass;
    ok $s->back, 'back';
    $s->works;
    $s->end;
};

$t->done;
