# Replies in pieces, replies that end too early, and what is no reply at all.

use OfficeConfig::Test;

use OfficeConfig::Resp qw(resp_bulk);
use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $ids = 'oc:{default}:ids';
my $pauses = 'reconnect 5ms 20ms;';

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* Redis at \S+ sent (?:a reply to|what is not a reply)/,
    qr/\[error\].* Redis at \S+ refused(?: the connection)?: "/,
    qr/\[error\].* Redis at \S+ does not answer \(110: /,
    qr/\[error\].* connection to Redis at \S+ could not be made \(110: /,
    qr/\[error\].* unexpected data in Redis /,
);


for my $tcp (0, 1) {
    subtest 'a byte at a time, ' . ($tcp ? 'TCP' : 'unix') => sub {
        my $redis = $t->redis;
        my $proxy = $t->proxy(upstream => $redis, tcp => $tcp);
        $proxy->trickle(0.00005);
        my $s = OfficeConfig::Service->new($t, redis => $proxy,
            block => 'connect_timeout 60s; command_timeout 60s;');

        my @ids = map { $s->id(priority => $_) } 1 .. 3;
        $s->works;

        is $s->get($ids[1])->json->{priority}, 2, 'get';
        is $s->get('nothing')->status, 404, 'get of nothing';
        is_deeply [map { $_->{id} } @{$s->list->json->{value}}], \@ids,
                  'list';

        # replies to many commands behind each other
        my @c = map { $s->begin('GET', $_) } (@ids) x 3;
        is_deeply [map { $_->response->json->{id} } @c], [(@ids) x 3],
                  'each request has its own answer';

        # an error as well
        $redis->cmd('CONFIG', 'SET', 'maxmemory', 1);
        $s->refused($s->create, 503, 'create without memory');
        $redis->cmd('CONFIG', 'SET', 'maxmemory', 0);

        is $proxy->stats->{accepted}, 1, 'all over one connection';
        $s->end;
    };
}


subtest 'a connection closed in the middle of a reply' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $pauses);
    $s->works('scripts are known');
    my $id = $s->id;

    for my $count (0, 1, 5, 400, 'half') {
        my $accepted = $proxy->stats->{accepted};
        my $got = $redis->calls('hget');

        $proxy->cut($count eq 'half' ? '' : $count);
        my $r = $s->get($id);
        is $r->status, 200, "get, cut at $count";
        is $r->json->{id}, $id, 'the answer is right';
        is $redis->calls('hget'), $got + 2, 'asked twice';
        is $proxy->stats->{accepted}, $accepted + 1, 'a new connection';

        $proxy->cut($count eq 'half' ? '' : $count);
        $r = $s->list;
        is $r->status, 200, "list, cut at $count";
        is_deeply [map { $_->{id} } @{$r->json->{value}}], [$id],
                  'the answer is right';
    }

    for my $count (0, 3, 'half') {
        for my $how ([], [priority => undef]) {
            my $before = $redis->cmd('ZCARD', $ids);
            $s->get($id);
            $proxy->cut($count eq 'half' ? '' : $count);
            my $r = $s->create(@$how);
            $s->refused($r, 504, "create, cut at $count @{[%{{@$how}} ? 'by the script' : '']}");
            like $r->json->{error}{message}, qr/not known/, 'says so';
            is $redis->cmd('ZCARD', $ids), $before + 1, 'it was done once';
            is $s->get($id)->status, 200, 'the next request';
        }

        my $gone = $s->id;
        $proxy->cut($count eq 'half' ? '' : $count);
        $s->refused($s->del($gone), 504, "delete, cut at $count");
        is $s->get($gone)->status, 404, 'it was done';
    }

    # all at once: none is lost, none gets the answer of another
    my @ids = ($id, map { $s->id(priority => $_) } 1 .. 9);
    $proxy->hold;
    my @c = map { $s->begin('GET', $_) } @ids;
    my $write = $s->begin('POST');
    ok $proxy->wait_for('commands', $proxy->stats->{commands}), 'sent';
    $proxy->wait_for('held', 1);
    $proxy->cut(1500);
    is_deeply [map { $_->response->json->{id} } @c], \@ids,
              'each of the reads has its own answer';
    like $write->response->status, qr/^(?:201|504)$/, 'the write has one';

    $s->works;
    $s->end;
};


# a read is sent twice, not for ever
subtest 'closed each time' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis, script => sub {
        my ($words) = @_;
        return 'PASS' if $words->[0] ne 'HGET' || $words->[2] ne 'cut';
        return { bytes => "\$100\r\nabc", close => 1 };
    });
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $pauses);
    is $s->get('x')->status, 404, 'a good answer';

    my $before = $proxy->stats->{commands};
    my $handshake = $before - 1;
    $s->refused($s->get('cut'), 503, 'get');
    ok $s->back, 'back';
    is $proxy->stats->{accepted}, 3, 'on two connections, and back on another';

    # the third is what back() asks
    is $proxy->stats->{commands} - $before, 2 * $handshake + 3, 'sent twice';
    $s->works;
    $s->end;
};


subtest 'garbage instead of a reply' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy, block => $pauses);
    my $id = $s->id;

    for my $garbage ("\0", "\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n",
                     "\x16\x03\x01\x02\x00\x01", "x" x 100_000, "\xff" x 9)
    {
        my $name = sprintf '%d bytes, %02x', length $garbage, ord $garbage;

        is $s->get($id)->status, 200, "$name: before";
        $proxy->garbage($garbage);
        my $r = $s->get($id);
        is $r->status, 200, 'get is sent again';
        is $r->json->{id}, $id, 'and answered';

        my $before = $redis->cmd('ZCARD', $ids);
        $proxy->garbage($garbage);
        $s->refused($s->create, 504, "$name: create");
        is $redis->cmd('ZCARD', $ids), $before + 1, 'it was done once';
        ok $s->back, 'back';
    }

    like $s->nginx->error_log, qr/sent what is not a reply/, 'the log says so';
    $s->works;
    $s->end;
};


# replies, and what they can mean to a request besides that something is wrong.
# hiredis before 1.0 knows nothing of RESP3, later ones do.
my @absurd = (
    ['*1000000000' => "*1000000000\r\n"],
    ['*-5' => "*-5\r\n"],
    ['* of 20 digits' => "*99999999999999999999\r\n"],
    ['*x' => "*x\r\n"],
    ['$-5' => "\$-5\r\n"],
    ['$ of 20 digits' => "\$99999999999999999999\r\n"],
    ['$abc' => "\$abc\r\nabc\r\n"],
    ['a string longer than it says' => "\$3\r\nabcdef\r\n"],
    [': of letters' => ":abc\r\n"],
    ['arrays in arrays' => "*1\r\n" x 30],
    ['an empty line' => "\r\n"],
    ['an integer' => ":5\r\n", 201],
    ['a status' => "+OK\r\n", 409],
    ['an array' => "*2\r\n+a\r\n:1\r\n"],
    ['an empty array' => "*0\r\n"],
    ['a null array' => "*-1\r\n", 404, 409],
    ['nested arrays' => "*2\r\n*2\r\n+a\r\n\$-1\r\n*1\r\n*1\r\n:1\r\n"],
    ['an empty string' => "\$0\r\n\r\n"],
    ['a string that is no configuration' => resp_bulk('{"id":"x"}')],
    ['an error of no text' => "-\r\n"],
    ['an error of one word' => "-WEIRD\r\n"],
    ['a long error' => '-ERR ' . 'x' x 300_000 . "\r\n"],
    ['an error that looks like others' => "-ERR LOADING READONLY OOM \r\n"],
    ['a null of RESP3' => "_\r\n", 404, 409],
    ['a boolean' => "#t\r\n"],
    ['a double' => ",1.5\r\n"],
    ['a big number' => "(12345678901234567890\r\n"],
    ['a verbatim string' => "=7\r\ntxt:abc\r\n"],
    ['a blob error' => "!5\r\nERR x\r\n"],
    ['a map' => "%1\r\n+a\r\n+b\r\n"],
    ['a set' => "~1\r\n+a\r\n"],
    ['a push' => ">2\r\n+invalidate\r\n*0\r\n"],
    ['an attribute' => "|1\r\n+a\r\n+b\r\n+c\r\n"],
);

for my $kind (qw(read list write script)) {
    subtest "absurd replies to a $kind" => sub {
        my %command = (read => 'HGET', list => 'EVALSHA',
                       script => 'EVALSHA');
        my $redis = $t->redis;
        my $proxy = $t->proxy(upstream => $redis, script => sub {
            my ($words, $connection) = @_;
            my $command = $words->[0];

            # a transaction does not get to the server
            if ($kind eq 'write') {
                return "+OK\r\n" if $command =~ /^(?:MULTI|DISCARD)$/;
                ($connection->{n}) = $words->[-1] =~ /absurd-(\d+)/
                    if $command eq 'HSETNX';
                return "+QUEUED\r\n" if $command =~ /^(?:HSETNX|ZADD)$/;
                return $absurd[$connection->{n}][1] if $command eq 'EXEC';
                return 'PASS';
            }

            # which one is in the size of the page, the id, the description
            return 'PASS' if $command ne $command{$kind};
            my ($n) = $kind eq 'list' ? "@$words[-3, -2]" =~ /^0 5(\d\d)$/
                    : "@$words" =~ /absurd-(\d+)/;
            return defined $n ? $absurd[$n][1] : 'PASS';
        });

        my $s = OfficeConfig::Service->new($t, redis => $proxy,
            block => $pauses, location => 'office_config_page_size 1000;');
        my $id = $s->id(priority => undef);

        for my $n (0 .. $#absurd) {
            my ($name, $bytes, @more) = @{$absurd[$n]};
            my $r = $kind eq 'read' ? $s->get("absurd-$n")
                  : $kind eq 'list' ? $s->list('$top=' . (500 + $n))
                  : $s->create(description => "absurd-$n",
                        $kind eq 'script' ? (priority => undef) : ());

            my @may = $kind eq 'read' ? (500, 503, grep { $_ == 404 } @more)
                    : $kind eq 'list' ? (500, 503)
                    : $kind eq 'write' ? (500, 504)
                    : (500, 504, grep { $_ != 404 } @more);
            ok scalar(grep { $r->status == $_ } @may), "$name: @may"
                or diag $r->status . ', ' . substr $r->text, 0, 400;
            cmp_ok $r->elapsed, '<', $t->seconds(1), 'in time';
            ok $s->back, 'back';
        }

        is $s->get($id)->json->{id}, $id, 'answers belong to their requests';
        $s->works if $kind ne 'write';
        $s->end;
    };
}


# what begins and does not end takes the time of the request, no more
subtest 'replies that do not end' => sub {
    my @endless = ("\$100\r\nabc", "\$2000000000\r\nabc", "*1000000\r\n",
                   "*100000\r\n*100000\r\n:1\r\n");
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis, script => sub {
        my ($words) = @_;
        return 'PASS' if $words->[0] ne 'HGET'
                         || $words->[2] !~ /^endless-(\d+)/;
        return $endless[$1];
    });
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => "$pauses command_timeout 1s;");

    for my $n (0 .. $#endless) {
        ok $s->back, 'before';
        $s->refused($s->get("endless-$n"), 504, "number $n");

        # what is behind it gets no answer either, and none of another
        my @c = map { $s->begin('GET', 'x') } 1 .. 3;
        is_deeply [grep { !/^(?:404|503|504)$/ }
                   map { $_->response->status } @c], [], 'behind it';
    }

    ok $s->back, 'back';
    $s->works;
    $s->end;
};


subtest 'a reply that nobody asked for' => sub {
    for my $tcp (0, 1) {
        my $redis = $t->redis;
        my $proxy = $t->proxy(upstream => $redis, tcp => $tcp);
        my $s = OfficeConfig::Service->new($t, redis => $proxy,
                                           block => $pauses);
        my $id = $s->id;

        for my $bytes ("+OK\r\n", resp_bulk('{"@odata.etag":'), "\$5\r\nab",
                       ">2\r\n+x\r\n+y\r\n", "\0")
        {
            my $mark = $s->nginx->log_mark;
            $proxy->inject($bytes);
            ok $s->nginx->wait_log(qr/sent a reply to nothing/, 5, $mark),
               'while it is idle: the log says so';
            is $s->get($id)->json->{id}, $id, 'the next request';
            is $s->get('x')->status, 404, 'and the one behind it';
        }

        # behind an answer that is waited for
        my $accepted = $proxy->stats->{accepted};
        $proxy->hold;
        my $c = $s->begin('GET', $id);
        ok $proxy->wait_for('held', 1), 'an answer is on its way';
        $proxy->pass;
        is $c->response->json->{id}, $id, 'it is right';

        $s->works;
        $s->end;
    }
};


subtest 'a reply before any command' => sub {
    my $redis = $t->redis;

    for my $greeting ("+OK\r\n", "hello\r\n", "-ERR go away\r\n",
                      "-DENIED Redis is running in protected mode\r\n",
                      resp_bulk('1') x 2, "\$10\r\nab", "\0" x 70_000)
    {
        for my $tcp (0, 1) {
            my $proxy = $t->proxy(upstream => $redis, tcp => $tcp,
                                  greeting => $greeting);
            my $s = OfficeConfig::Service->new($t, redis => $proxy,
                block => "$pauses connect_timeout 500ms;");
            my $name = substr($greeting, 0, 10) =~ s/[^ -~]/?/gr;

            $s->refused($s->get('x'), 503, "$name: get");
            $s->refused($s->create, 503, "$name: create");
            $s->end;
            $proxy->finish;
        }
    }

    is $redis->cmd('ZCARD', $ids), 0, 'nothing was done';
};

$t->done;
