# The harness itself, with real processes: nginx without the module, and Redis.

use OfficeConfig::Test;

use Time::HiRes qw(time sleep);

use OfficeConfig::Net qw(open_socket);
use OfficeConfig::Resp qw(resp_bulk resp_command resp_length);

my $t = OfficeConfig::Test->new(module => 0);


# ask($where, $words, %opt): the raw answer to one command, or what came until
# the connection was closed, or "timeout" after it

sub ask {
    my ($s, $words, $timeout) = @_;
    $s = open_socket($s) // return "refused: $!" unless ref $s;
    my $bytes = '';
    my $end = time + ($timeout // 60);
    local $@;

    syswrite $s, resp_command(@$words) if @$words;

    until (eval { length $bytes && resp_length(\$bytes) }) {
        return $bytes if $@;
        vec(my $rin = '', fileno $s, 1) = 1;
        my $left = $end - time;
        return "$bytes timeout"
            if $left <= 0 || select($rin, undef, undef, $left) <= 0;
        return "$bytes closed"
            unless sysread $s, $bytes, 65536, length $bytes;
    }

    return $bytes;
}

sub where { $_[0]->url =~ s{^redis://}{}r }


# nginx

my $body = 'x' x 300_000;
$t->file('big', $body);

my $nginx = $t->nginx(workers => 2, http => <<"END");
    server {
        listen 127.0.0.1:%%PORT%%;
        location = /ok { return 200 '{"a":[1]}'; }
        location = /none { return 204; }
        location /echo {
            client_body_buffer_size 1k;
            proxy_pass http://127.0.0.1:%%PORT%%/sink;
            proxy_http_version 1.1;
        }
        location /sink { return 200 "\$request_method \$http_x \$content_length \$http_transfer_encoding"; }
        location = /big { root @{[$t->dir]}; }
        location = /slow/big { alias @{[$t->dir]}/big; limit_rate 1000; }
    }
END

my $r = $t->get('/ok');
is $r->status, 200, 'status';
is $r->header('content-LENGTH'), 9, 'header';
is_deeply $r->json, { a => [1] }, 'body as JSON';
is $t->get('/none')->status, 204, 'no body';
is $t->head('/ok')->body, '', 'HEAD';
is $t->post('/sink', json => { b => 1 }, headers => [X => 'y'])->body,
   'POST y 7 ', 'a body with a length';
is $t->post('/sink', body => 'x' x 10_000, chunked => 1)->body,
   'POST  0 chunked', 'a body in chunks';
ok $t->get('/big')->body eq $body, 'a large response';
is $t->request('GET', '/ok', to => 1)->status, 0, 'nobody is there';

my $c = $t->connect;
is $c->request('GET', '/ok')->status, 200, 'keepalive, first';
is $c->request('GET', '/none')->rest, '', 'keepalive, second';
$c->send($c->format_request('GET', '/ok') x 3);
is join(' ', map { $c->response->status } 1 .. 3), '200 200 200',
   'pipelined requests';
$c->abort;

$c = $t->connect(rcvbuf => 32_768);
$c->write_request('GET', '/big');
is length $c->response(slow => [30_000, 0.01])->body, 300_000, 'a slow reader';
$c->write_request('GET', '/slow/big');
like $c->response(timeout => 0.3)->error, qr/^timeout/, 'a timeout';
$c->abort;
ok $nginx->wait_access(qr{^\d+ GET /slow/big}m), 'access log';

like $nginx->fds, qr/^[1-9]\d*$/, 'descriptors of a worker';
like $nginx->rss, qr/^[1-9]\d+$/, 'memory of a worker';

my $load = $t->load(clients => 3, keepalive => 1,
                    request => ['GET', '/ok']);
ok $nginx->reload, 'reload' for 1 .. 3;
my $sum = $load->stop;
cmp_ok $sum->{total}, '>', 3, 'the load did something';
is_deeply [keys %{$sum->{status}}], [200], 'and saw no failure'
    or diag explain $sum;

$sum = $t->load(clients => 2, requests => 5, each => sub { "n$_[1]" })->wait;
is_deeply $sum->{status}, { map { ("n$_" => 2) } 0 .. 4 }, 'a load of ones own';

ok !grep({ /signal 9/ } $t->_unexpected), 'no worker died so far';
ok $nginx->kill_worker, 'a new worker comes for a killed one';
ok $nginx->wait_log(qr/exited on signal 9/), 'the error log has it';
is scalar(grep { /signal 9/ } $t->_unexpected), 1, 'it is unexpected';
$t->allow_log(qr/worker process \d+ exited on signal 9/);
is scalar($t->_unexpected), 0, 'until it is allowed';

$t->conf_fails('no_such_directive;', qr/unknown directive.*nginx\.conf:\d+/,
               'nginx -t fails');
$t->conf_passes('server { listen 127.0.0.1:%%PORT%%; }');


# Redis

my $redis = $t->redis(tcp => 1, password => 'pw', aof => 1,
                      config => ['maxmemory 100mb']);
is $redis->cmd('SET', 'k', 'v'), 'OK', 'a command';
is $redis->cmd('GET', 'k'), 'v', 'its value';
like $redis->cmd('NOPE'), qr/^ERR unknown/, 'an error';
is_deeply $redis->cmd('MGET', 'k', 'none'), ['v', undef], 'a list';
is $redis->calls('mget'), 1, 'calls of a command';
$redis->restart;
is $redis->cmd('GET', 'k'), 'v', 'kept over a restart';
$redis->restart(crash => 1);
is $redis->cmd('GET', 'k'), 'v', 'kept over a crash';
is $redis->cmd('CONFIG', 'GET', 'maxmemory')->[1], 100 * 1024 ** 2,
   'a configuration line';
is $redis->clients, 0, 'no clients';

$redis->pause;
my $s = open_socket(where($redis));
like ask($s, ['PING'], 0.2), qr/timeout/, 'paused';
$redis->resume;
like ask($s, []), qr/^-NOAUTH/, 'resumed';

my $replica = $t->redis(replica => $redis);
ok wait_until(10, sub { ($replica->cmd('GET', 'k') // '') eq 'v' }),
   'a replica';
like $replica->cmd('SET', 'k', 'w'), qr/^READONLY/, 'read only';

if (open_socket('[::1]:1') || $! != POSIX::EADDRNOTAVAIL()) {
    like where($t->redis(tcp => '::1')), qr/^\[::1\]:\d+$/, 'on IPv6';
}


# the proxy

$redis = $t->redis;

for my $tcp (0, 1) {
    my $over = $tcp ? 'TCP' : 'unix';
    my $p = $t->proxy(upstream => $redis, tcp => $tcp);
    my $where = where($p);
    my $big = 'v' x 2000;

    is ask($where, ['SET', 'k', $big]), "+OK\r\n", "$over: pass";

    $p->trickle;
    is ask($where, ['GET', 'k']), resp_bulk($big), 'a byte at a time';
    $p->trickle(0.01);
    my $start = time;
    is ask($where, ['PING']), "+PONG\r\n", 'slowly';
    cmp_ok time - $start, '>', 0.05, 'indeed';

    $p->hold;
    $s = open_socket($where);
    like ask($s, ['PING'], 0.1), qr/timeout/, 'held';
    is $p->stats->{held}, 7, 'its size';
    $p->pass;
    is ask($s, []), "+PONG\r\n", 'released';

    $p->garbage("?!\r\n");
    like ask($s, ['PING']), qr/^\?!/, 'garbage';
    is ask($s, ['PING']), "+PONG\r\n", 'once';

    $p->cut;
    is ask($s, ['PING']), '+PO closed', 'cut';
    $p->cut(0);
    is ask($where, ['PING']), ' closed', 'cut before the first byte';
    is ask($where, ['PING']), "+PONG\r\n", 'once';

    $s = open_socket($where);
    is ask($s, ['PING']), "+PONG\r\n", 'connected';
    is $p->stats->{open}, 1, 'one connection';
    $p->inject("+hello\r\n");
    is ask($s, []), "+hello\r\n", 'unasked for';
    $p->drop;
    is ask($s, []), ' closed', 'dropped';

    $p->mute;
    like ask($where, ['PING'], 0.1), qr/timeout/, 'mute';
    $p->close_new;
    like ask($where, []), qr/closed/, 'closed at once';
    $p->reset_new;
    like ask($where, []), qr/closed|reset/, 'reset at once';
    $p->refuse;
    like ask($where, []), qr/^refused: Connection refused/, 'refused';
    $p->blackhole;
    $start = time;
    ok !open_socket($where, 0.3), 'a connect without an answer'
        if $tcp;
    $p->pass;
    is ask($where, ['PING']), "+PONG\r\n", 'all is well';
    cmp_ok $p->stats->{accepted}, '>', 5, 'connections were counted';
    cmp_ok $p->stats->{commands}, '>', 8, 'and commands';
}

my $p = $t->proxy(upstream => $redis, script => sub {
    my ($words, $connection) = @_;
    return 'PASS' if $words->[0] eq 'PING';
    return undef if $words->[0] eq 'NEVER';
    return { pass => 1, close => 1 } if $words->[0] eq 'ECHO';
    return { bytes => "+slow\r\n", delay => 0.1, each => 0.01 }
        if $words->[0] eq 'SLOW';
    return "-LOADING $connection->{number} "
         . ++$connection->{count} . "\r\n";
});

$s = open_socket(where($p));
is ask($s, ['A', 'b']), "-LOADING 1 1\r\n", 'the script answers';
is ask($s, ['C']), "-LOADING 1 2\r\n", 'it keeps state';
is ask($s, ['PING']), "+PONG\r\n", 'or lets the server answer';
syswrite $s, resp_command('PING') . resp_command('X') . resp_command('PING');
my $got = '';
ok wait_until(5, sub { sysread $s, $got, 100, length $got;
                       $got eq "+PONG\r\n-LOADING 1 3\r\n+PONG\r\n" }),
   'in the order of the commands';
my $start = time;
is ask($s, ['SLOW']), "+slow\r\n", 'late and slow';
cmp_ok time - $start, '>', 0.15, 'indeed';
is ask($s, ['ECHO', 'x']), "\$1\r\nx\r\n", 'the server answers';
is ask($s, []), ' closed', 'and the script closes';
like ask(where($p), ['NEVER'], 0.1), qr/timeout/, 'no answer';

$t->done;
