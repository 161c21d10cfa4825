# A client leaves before Redis has answered: its request is over at once, the
# reply that comes later is dropped, and nobody else gets it.

use OfficeConfig::Test;

use Time::HiRes qw(time);

use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $ids = 'oc:{default}:ids';

# much longer than a test waits for the access log
my $patient = 'command_timeout 600s; connect_timeout 600s;';

# who asks what has come, which nobody may leave before
my $status = 'location = /status { stub_status; }';

# how each of them leaves
my %leave = (
    close => sub { $_[0]->close },
    reset => sub { $_[0]->abort },
    'half-close' => sub { $_[0]->shut },
);

# what it has asked for, and how it looks in the access log
my %ask = (
    get => ['GET', qr{/clientConfigurations/\S+}],
    list => ['GET', qr{/clientConfigurations}],
    create => ['POST', qr{/clientConfigurations}],
    delete => ['DELETE', qr{/clientConfigurations/\S+}],
);

sub ask {
    my ($s, $name, $id) = @_;
    return $s->begin($ask{$name}[0], $name =~ /get|delete/ ? $id : undef);
}

# gone($service, $name, $count): one test point, that the access log has so
# many requests that were given up

sub gone {
    my ($s, $name, $count) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($method, $path) = @{$ask{$name}};
    return ok wait_until(5, sub {
        my @lines = $s->nginx->access_log =~ /^499 $method \S*$path /mg;
        @lines >= $count;
    }), "499 is logged before Redis answers, $count";
}


for my $name (sort keys %ask) {
    for my $how (sort keys %leave) {
        subtest "$name, $how" => sub {
            my $redis = $t->redis;
            my $proxy = $t->proxy(upstream => $redis);
            my $s = OfficeConfig::Service->new($t, redis => $proxy,
                                               block => $patient);
            my @ids = map { $s->id(priority => $_) } 1 .. 3;
            $s->works;
            my $fds = $s->nginx->fds;

            for my $round (1 .. 3) {
                $proxy->hold;
                my $begin = time;
                my $c = ask($s, $name, 'some');
                ok $proxy->wait_for('held', 1), 'Redis has answered';

                $leave{$how}->($c);
                gone($s, $name, $round);
                cmp_ok time - $begin, '<', $t->seconds(10), 'soon';

                # a request that comes meanwhile waits in the same line
                my $other = $s->begin('GET', $ids[1]);
                $proxy->pass;
                is $other->response->json->{id}, $ids[1],
                   'the answers belong to their requests';
                is $s->get($ids[2])->json->{id}, $ids[2], 'the next as well';
            }

            is $redis->cmd('ZCARD', $ids), $name eq 'create' ? 6 : 3,
               'what was sent was done';
            is $proxy->stats->{accepted}, 1, 'over the same connection';
            # that of works() itself may still have been among them
            ok wait_until(5, sub { $s->nginx->fds <= $fds }),
               'no descriptor is left';
            $s->works;
            $s->end;
        };
    }
}


subtest 'before it was sent' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    $proxy->hold;
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $patient,
                                       server => $status);

    # the handshake is not answered yet
    my @c = map { (ask($s, $_, 'x'), ask($s, $_, 'x')) } sort keys %ask;
    ok $proxy->wait_for('held', 1), 'Redis has answered the handshake';
    ok $s->taken(8), 'and all have asked';
    $_ % 2 ? $c[$_]->close : $c[$_]->abort for 0 .. $#c;
    ok wait_until(5, sub {
        8 == (() = $s->nginx->access_log =~ /^499 /mg)
    }), 'all are given up';

    $redis->cmd('CONFIG', 'RESETSTAT');
    $proxy->pass;
    ok $s->back, 'the handshake goes on';
    is $redis->calls($_), 0, "$_ was never sent"
        for qw(evalsha eval hsetnx);
    is $redis->calls('hget'), 1, 'only what back() asks';
    is $redis->cmd('ZCARD', $ids), 0, 'and nothing was done';
    $s->works;
    $s->end;
};


subtest 'while the server is not there' => sub {
    my $redis = $t->redis(start => 0, tcp => 1);
    my $proxy = $t->proxy(tcp => 1);
    $t->allow_log(qr/\[error\].* (?:connection to|connect\(\) to) Redis at /);
    $proxy->blackhole;
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'connect_timeout 2s; reconnect 20ms 100ms;',
        server => $status);

    for my $round (1 .. 3) {
        my @c = map { ask($s, $_, 'x') } sort keys %ask;
        ok $s->taken(4), 'all have asked';
        $_->abort for @c;
        ok wait_until(5, sub {
            4 * $round == (() = $s->nginx->access_log =~ /^(?:499|503) /mg)
        }), 'all are given up';
    }

    $s->refused($s->get('x'), 503, 'who stays is answered');
    $s->end;
};


subtest 'in the middle of a reply' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $patient);
    my @ids = map { $s->id(priority => $_) } 1 .. 10;

    for my $name (qw(list get create)) {
        my $begin = $proxy->stats->{out};
        $proxy->trickle(0.0005, 20);
        my $c = ask($s, $name, $ids[0]);
        ok $proxy->wait_for('out', $begin + 20), "$name: a part has come";
        $c->abort;
        gone($s, $name, 1);
        $proxy->pass;
        is $s->get($ids[3])->json->{id}, $ids[3], 'the next request';
    }

    # the array of a list goes on while its elements are dropped
    my $size = length $s->list->body;
    $proxy->trickle(0.0001, 2000);
    my $begin = $proxy->stats->{out};
    my @c = map { ask($s, 'list') } 1 .. 3;
    ok $proxy->wait_for('out', $begin + 2000), 'within the list';
    $c[0]->abort;
    $c[2]->close;
    gone($s, 'list', 3);
    $proxy->pass;
    is length $c[1]->response->body, $size, 'the one who stays gets its list';

    is $proxy->stats->{accepted}, 1, 'all over one connection';
    $s->works;
    $s->end;
};


subtest 'many at once' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $patient);
    my @ids = map { $s->id(priority => $_) } 1 .. 10;
    my $commands = $proxy->stats->{commands};
    $proxy->hold;

    my @c = map { [$_, $s->begin('GET', $ids[$_ % 10])] } 0 .. 99;
    ok $proxy->wait_for('commands', $commands + 100), 'Redis is asked';
    ok $proxy->wait_for('held', 50_000), 'and has answered';

    $_->[0] % 3 == 0 ? $_->[1]->abort : $_->[1]->close
        for grep { $_->[0] % 3 < 2 } @c;
    gone($s, 'get', 67);
    $proxy->pass;

    my @stay = grep { $_->[0] % 3 == 2 } @c;
    is_deeply [map { $_->[1]->response->json->{id} } @stay],
              [map { $ids[$_->[0] % 10] } @stay],
              'those who stay get theirs';
    $s->works;
    $s->end;
};


subtest 'and Redis is gone as well' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    $t->allow_lost;
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $patient);
    $s->works;

    for my $first ('client', 'Redis') {
        $proxy->hold;
        my @c = map { ask($s, $_, 'x') } sort keys %ask;
        ok $proxy->wait_for('held', 50), 'Redis has answered';
        $proxy->drop if $first eq 'Redis';
        $_->abort for @c;
        $proxy->drop if $first eq 'client';
        $proxy->pass;
        ok $s->back, 'back';
        $s->works("$first first");
    }

    $s->end;
};


subtest 'the operation has timed out, then the client leaves' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    $t->allow_log(qr/\[error\].* Redis at \S+ does not answer \(110: /);
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'command_timeout 1s;', server => 'client_max_body_size 2m;'
        . 'client_body_buffer_size 2m;');
    my $id = $s->id;

    for my $name (sort keys %ask) {
        ok $s->back, 'before';
        $proxy->hold;
        my $c = ask($s, $name, $id);
        $s->refused($c->response, 504, $name);
        $c->abort;
        $proxy->pass;
        ok $s->back, 'the late reply is dropped';
    }

    $s->works;
    $s->end;
};


# HTTP/2, as much of it as it takes to give up one stream of a connection

{
    package H2;

    sub frame {
        my ($type, $flags, $stream, $payload) = @_;
        return substr(pack('N', length $payload), 1)
             . pack('CCN', $type, $flags, $stream) . $payload;
    }

    sub headers {
        my ($stream, $method, $path, @more) = @_;
        my @list = (':method', $method, ':scheme', 'http', ':path', $path,
                    ':authority', 'localhost', @more);
        my $block = '';

        # literal fields, neither indexed nor compressed; lengths have 7 bits
        while (my ($name, $value) = splice @list, 0, 2) {
            $block .= "\0" . pack('C/a* C/a*', $name, $value);
        }

        return frame(1, 4 | ($method eq 'POST' ? 0 : 1), $stream, $block);
    }

    sub preface { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '') }
    sub reset_stream { frame(3, 0, $_[0], pack 'N', 8) }

    # status($http, $stream): of the response there; 0 when none comes

    sub status {
        my ($c, $wanted) = @_;
        my $end = Time::HiRes::time + 60;

        while (1) {
            my $head = eval { $c->_bytes(9, $end) } // return 0;
            my ($high, $low, $type, undef, $stream) = unpack 'CnCCN', $head;
            my $payload = $c->_bytes($high * 65536 + $low, $end);
            next if $type != 1 || $stream != $wanted;

            my $first = ord $payload;
            return { 0x88 => 200, 0x8d => 404 }->{$first} // "field $first"
                if $first & 0x80;
            return ($payload =~ /^[\x08\x48]\x03(\d\d\d)/)[0] // 'other';
        }
    }
}

subtest 'a stream of HTTP/2 that is given up' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $patient,
        listen => '%%PORT%% http2', server =>
        'listen unix:' . $t->dir . '/plain.sock;');
    my $plain = 'unix:' . $t->dir . '/plain.sock';
    my $id = $t->post(API, json => seed, to => $plain)->json->{id};
    my $body = seed_bytes;

    my $c = $t->connect(to => $s->nginx->port);
    $c->send(H2::preface . H2::headers(1, 'GET', API . "/$id"));
    is H2::status($c, 1), 200, 'a stream that is not';

    my $stream = 3;
    for my $name (sort keys %ask) {
        my $path = $name =~ /get|delete/ ? API . '/x' : API;
        my $method = $ask{$name}[0];
        my @type = $method eq 'POST' ? ('content-type', 'application/json')
                                     : ();

        $proxy->hold;
        $c->send(H2::headers($stream, $method, $path, @type)
                 . ($method eq 'POST' ? H2::frame(0, 1, $stream, $body) : '')
                 . H2::headers($stream + 2, 'GET', API . "/$id"));
        ok $proxy->wait_for('held', 900), "$name: Redis has answered";

        $c->send(H2::reset_stream($stream));
        gone($s, $name, 1);
        $proxy->pass;
        is H2::status($c, $stream + 2), 200, 'another stream is answered';
        $stream += 4;
    }

    # the whole connection, with many streams
    my $commands = $proxy->stats->{commands};
    $proxy->hold;
    $c->send(join '', map { H2::headers($stream + 2 * $_, 'GET',
                                        API . "/$id") } 0 .. 49);
    ok $proxy->wait_for('commands', $commands + 50), 'fifty streams';
    $c->abort;
    gone($s, 'get', 51);
    $proxy->pass;

    is $t->get(API . "/$id", to => $plain)->json->{id}, $id,
       'the next request';
    is $proxy->stats->{accepted}, 1, 'over the same connection';
    $s->end;
};

$t->done;
