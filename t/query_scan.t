# Scans of a collection that do not go well: Redis fails in the middle of one,
# there are a hundred at a time, clients leave. Each is answered, and whatever
# becomes of it, those that come after it have their turn.

use OfficeConfig::Test;

use POSIX qw(strftime);

use OfficeConfig::Api;
use OfficeConfig::Fill qw(fill);
use OfficeConfig::Service;

my $count = 6000;
my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my ($fault, $seen) = map { $t->dir . "/$_" } qw(fault seen);

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* Redis at \S+ does not answer \(110: /,
    qr/\[error\].* Redis at \S+ refused(?: the connection)?: "/,
    qr/\[error\].* unexpected (?:data in|reply of) Redis/,
);

# commands of scans: "scan" finds the places of a part of a collection, "read"
# reads what is there, "pick" the page of another order, in smaller parts, "more"
# what is kept apart
sub kind {
    my ($name, $script, $n, @keys) = @{$_[0]};
    return @{$_[0]} > 18 ? 'read' : 'pick' if uc $name eq 'HMGET';
    return '' if $name !~ /^eval/i;
    return $n == 2 && $keys[0] =~ /:(?:ids|pri)$/ && $keys[1] =~ /:cfg$/
           ? 'scan' : 'more';
}

my %answer = (
    never => undef,
    close => { bytes => "*100\r\n\$100\r\nabc", close => 1 },
    error => "-ERR out of order\r\n",
    busy  => "-BUSY Redis is busy running a script\r\n",
    wrong => ":1\r\n",
    short => "*1\r\n:1\r\n",
    stuck => "*4\r\n\$1\r\nx\r\n\$1\r\n1\r\n*0\r\n*0\r\n",
);

# scripts of Redis, before the command is answered
my %change = (
    gone => q{
        redis.call('HDEL', KEYS[1], 'c0000060')
        redis.call('ZREM', KEYS[2], 'c0000060')
        redis.call('ZREM', KEYS[3], 'c0000060')
    },
    moved => q{
        local json = redis.call('HGET', KEYS[1], 'c0000061')
        json = string.gsub(json, '"priority":61,', '"priority":70000,')
        redis.call('HSET', KEYS[1], 'c0000061', json)
        redis.call('ZADD', KEYS[3], 70000, 'c0000061')
    },
);

my ($now, %n) = '';

# the file says which of which commands is answered how, and whether all that
# come after it as well
my $proxy = $t->proxy(upstream => $redis, script => sub {
    my $kind = kind($_[0]) or return 'PASS';
    my $text = OfficeConfig::Nginx::_read($fault);

    ($now, %n) = $text if $text ne $now;

    my ($what, $at, $how, $all) = split ' ', $text;
    my $n = ++$n{$kind};

    return 'PASS' if !defined $what || $kind ne $what
                     || ($all ? $n < $at : $n != $at);
    $t->file('seen', $text);
    return $answer{$how} if exists $answer{$how};

    # what another client does in between
    system('redis-cli', '-s', $redis->socket, 'EVAL', $change{$how}, 3,
           map { "oc:{default}:$_" } qw(cfg ids pri));
    return 'PASS';
});

my $round = 0;

# in: "scan", "read", "pick" or "more", which of them, a key of %answer, whether all
# after it; or nothing: Redis works from now on
sub fails {
    unlink $seen;
    $t->file('fault', @_ ? "@_[0 .. 2] " . ($_[3] // 0) . ' ' . ++$round
                         : '');
}

my $s = OfficeConfig::Service->new($t, redis => $proxy,
    block => 'command_timeout 2s; connect_timeout 20s; reconnect 5ms 20ms;',
    location => 'office_config_page_size 100;',
    server => 'location = /status { stub_status; } keepalive_requests 100000;');

fails();
my %checkin = (%{seed->{checkinStatuses}[0]}, checkinDateTime =>
               strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - 60)));
my @ids = map { $s->id(priority => $_) } 1 .. 40;
$s->request('POST', API . "/$_/checkinStatuses", json => {%checkin})
    for @ids;
$redis->cmd('SET', 'oc:layout', LAYOUT);
fill($redis, $count);

my $all = $count + @ids;

# what is asked for, and what kinds of commands that takes
my %query = (
    filter => [q{?$filter=contains(displayName,'nothing')}, 'scan', 'read'],
    number => ['/$count?$filter=priority%20gt%20-1', 'scan'],
    search => ['?$search=nothing', 'scan'],
    order  => ['?$orderby=displayName&$top=40', 'scan', 'pick'],
    behind => ['?$orderby=displayName&$top=40&$skip=5000', 'scan', 'read', 'pick'],
    summary => ['?$filter=userCheckinSummary/succeededUserCount%20gt%20'
                . '100000', 'scan', 'more'],
    checkins => ['?$filter=checkinStatuses/any(c:c/userId%20eq%20%27x%27)',
                 'scan', 'more'],
    targets => ['?$filter=assignments/any(a:a/id%20eq%20%27x%27)', 'scan',
                'more'],
);

# in: name of a query; out: a connection on which it is asked for
sub ask {
    my ($name) = @_;
    my $c = $t->connect;
    $c->write_request('GET', API . $query{$name}[0]);
    return $c;
}

# in: response; out: what it says, whoever was asked and when
sub content { $_[0]->status . ' ' . $_[0]->body }

my %good = map { $_ => content(ask($_)->response) } keys %query;

is scalar(grep { /^200 / } values %good), keys %query, 'all are answered';
is $good{number}, "200 $all", 'with everything in it';

# one test point: scans have their turn, three where two are allowed
sub turns {
    my ($name) = @_;
    my @c = map { ask($_) } qw(filter number order);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply [map { content($_->response) } @c],
              [@good{qw(filter number order)}], $name;
}


# what is not answered, 504; what fails as often as it is tried, 503; what Redis
# should not say, 500
my %status = (never => 504, close => 503, busy => 503, error => 500,
              wrong => 500, short => 500, stuck => 500);

# in: kind; out: which one of them is in the middle of a scan
sub last_of { return $_[0] =~ /^(?:scan|read)$/ ? 7 : 2 }

for my $name (sort keys %query) {
    subtest "Redis fails: $name" => sub {
        my (undef, @kinds) = @{$query{$name}};
        my $fds = $s->nginx->fds;

        for my $kind (@kinds) {
            for my $at (1, last_of($kind)) {
                fails($kind, $at, 'close');
                my $r = $t->get(API . $query{$name}[0]);
                ok -f $seen, "$kind $at: the connection is lost";
                is content($r), $good{$name}, 'it is read once more';

                for my $how (sort keys %status) {
                    next if $how eq 'stuck' && $kind ne 'scan'
                            || $how eq 'never' && ($at == 1
                               || $name !~ /^(?:filter|behind|checkins)$/);
                    fails($kind, $at, $how, $how eq 'close');
                    $s->refused($t->get(API . $query{$name}[0]),
                                $status{$how}, "$kind $at: $how");
                    ok -f $seen, 'that was it';
                    fails();
                    ok $s->back, 'back';
                }
            }

            turns("$kind: others have their turn");
        }

        ok wait_until(5, sub { $s->nginx->fds <= $fds + 1 }),
           'no descriptor is left';
        $s->same_workers;
    };
}


subtest 'scripts are forgotten in the middle' => sub {
    my $mark = $redis->calls('zcard');
    my $c = ask('number');
    ok wait_until(5, sub { $redis->calls('zcard') > $mark }), 'it is scanned';
    $redis->cmd('SCRIPT', 'FLUSH');
    is content($c->response), $good{number}, 'and goes on';
};


subtest 'a hundred at a time' => sub {
    my @names = sort keys %query;
    my $fds = $s->nginx->fds;

    # those that Redis does not answer are as many as there may be
    ok $s->back, 'a connection';
    my $commands = $proxy->stats->{commands};
    $proxy->hold;
    my @c = map { [$_, ask($_)] } (@names) x 13;
    ok $s->taken(scalar @c), 'all are asked for';
    is $proxy->stats->{commands}, $commands + 2, 'two are read';
    $proxy->pass;

    my $get = client($t);
    is scalar(grep { $get->('GET', API . "/$ids[$_ % 40]")->status == 200 }
              1 .. 100), 100, 'others are answered meanwhile';

    my @wrong = grep { content($_->[1]->response) ne $good{$_->[0]} } @c;
    is_deeply [map { $_->[0] } @wrong], [], 'each has its own answer';
    $_->[1]->close for @c;
    ok wait_until(5, sub { $s->nginx->fds <= $fds + 1 }),
       'no descriptor is left';
};


subtest 'clients leave' => sub {
    my $fds = $s->nginx->fds;
    my $gone = 0;

    # one test point: as many requests were given up since the last time
    my $left = sub {
        my ($n, $name) = @_;
        local $Test::Builder::Level = $Test::Builder::Level + 1;
        ok wait_until(5, sub {
            $gone + $n <= (() = $s->nginx->access_log =~ /^499 /mg)
        }), $name;
        $gone = () = $s->nginx->access_log =~ /^499 /mg;
    };

    # while they wait
    ok $s->back, 'a connection';
    my $commands = $proxy->stats->{commands};
    $proxy->hold;
    my @c = map { ask($_) } (sort keys %query) x 3;
    ok $s->taken(scalar @c), 'many are asked for';
    $_ % 2 ? $c[$_]->abort : $c[$_]->close for 0 .. $#c;
    $left->(scalar @c, 'all have left before their turn');
    $proxy->pass;
    turns('others have their turn');

    # while something of theirs is read
    for my $name (sort keys %query) {
        my (undef, @kinds) = @{$query{$name}};

        for my $kind (@kinds) {
            for my $at (1, last_of($kind)) {
                fails($kind, $at, 'never');
                my $c = ask($name);
                ok wait_until(5, sub { -f $seen }), "$name, $kind $at: read";
                fails();
                $c->abort;
                $left->(1, 'and left');
                $proxy->drop;
                ok $s->back, 'others are answered again';
            }
        }
    }

    ok $s->back, 'back';
    turns('others have their turn');

    # at whatever place, and what an order has found is given up; once before,
    # as the first time takes memory that is kept
    my $get = client($t);
    my $rss;

    for my $times (0 .. 3) {
        for my $name (sort keys %query) {
            my @c = map { ask($name) } 1 .. 6;

            for my $c (@c) {
                $get->('GET', API . "/$ids[$_ % 40]") for 0 .. $times * 5;
                $c->abort;
            }
        }

        turns("others have their turn, $times");
        $rss //= $s->nginx->rss;
    }

    cmp_ok $s->nginx->rss, '<', $rss + 8000, 'the memory is flat'
        unless $t->sanitized;
    ok wait_until(5, sub { $s->nginx->fds <= $fds + 1 }),
       'no descriptor is left';
};


# between the finding of places and the reading of what is there

for my $case (['gone', 60, 89], ['moved', 61, 88]) {
    my ($how, $n, $skip) = @$case;
    my @others = map { sprintf 'c%07d', $_ }
                 grep { $_ != 60 && $_ != $n } 50 .. 69;

    for my $query ("\$orderby=priority&\$top=20&\$skip=$skip",
                   q{$orderby=priority&$top=20&$filter=startswith(id,'c')}
                   . '%20and%20priority%20ge%2050')
    {
        fails('read', 1, $how);
        my $r = $s->list($query);
        ok -f $seen, "$how in between: $query";

        my %ids = map { $_->{id} => 1 } @{$r->json->{value}};
        ok !$ids{sprintf 'c%07d', $n}, 'it is not there';
        is_deeply [grep { $ids{$_} } @others], \@others, 'the others are';
        fails();
    }
}


# what is large is read in small parts

{
    fill($redis, 20, payload => 1_000_000);
    my $calls = $redis->calls('hmget');
    is $s->list(q{$filter=contains(displayName,'nothing')})->status, 200,
       'twenty of a megabyte';
    cmp_ok $redis->calls('hmget') - $calls, '>=', 20, 'one at a time';
}

$s->end;
$t->done;
