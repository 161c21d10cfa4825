# Repeatable create (OASIS Repeatable Requests 1.0; api.md, 5).

use OfficeConfig::Test;

use POSIX ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis, server =>
    'location /other { office_config_pass main; office_config_auth off;'
    . ' office_config_tenant other; }');
my $ask = client($t);
my $guid = '7f9c6a52-3d1e-4c0b-9b52-0a4e8f2d9c%02x';
my $n = 0;

# create($id, $sent, $body, %opt): POST with these headers, none for undef

sub create {
    my ($id, $sent, $body, %opt) = @_;
    return $ask->('POST', $opt{url} // API, json => $body // {},
        headers => [(defined $id ? ('Repeatability-Request-ID' => $id) : ()),
                    (defined $sent
                     ? ('Repeatability-First-Sent' => $sent) : ()),
                    @{$opt{headers} // []}]);
}

sub guid { sprintf $guid, ++$n }

# now($seconds): an HTTP date, so many seconds from now

sub now {
    POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time + ($_[0] // 0)));
}

sub count { $redis->cmd('HLEN', 'oc:{default}:cfg') }


subtest 'a repetition' => sub {
    for my $body ({ displayName => 'a' }, { id => 'given', priority => 3 },
                  { id => "q\"/\x{e9}", assignments => [{ id => 'x' }] })
    {
        my $id = guid;
        my $first = create($id, now, $body);
        answer_is $first, 201, 'the first';
        is $first->header('Repeatability-Result'), 'accepted', 'accepted';
        my $before = contents($redis);

        for my $again ($id, uc $id) {
            my $r = create($again, now(-10), $body);
            answer_is $r, 201, 'again';
            is $r->body, $first->body, 'the same answer';
            is $r->header($_), $first->header($_), $_
                for qw(Location ETag Repeatability-Result);
        }

        is_deeply contents($redis), $before, 'and nothing else was made';
    }
};


subtest 'changed or deleted meanwhile' => sub {
    my $id = guid;
    my $first = create($id, now);
    my $url = path_of($first->header('Location'));
    answer_is $ask->('PATCH', $url, json => { displayName => 'z' }), 200,
              'changed';
    is create($id, now)->body, $first->body, 'the answer of then';
    answer_is $ask->('DELETE', $url), 204, 'deleted';
    is create($id, now)->body, $first->body, 'still';
    answer_is $ask->('GET', $url), 404, 'and not made again';
};


subtest 'what is kept' => sub {
    my $id = guid;
    my $before = count;
    create($id, now);
    my $ttl = $redis->cmd('TTL', "oc:{default}:rep:$id");
    cmp_ok $ttl, '>', 86_390, 'for 24 hours';
    cmp_ok $ttl, '<=', 86_400, 'no longer';
    is count, $before + 1, 'one was made';

    answer_is create($id, now, {}, url => API =~ s{^/beta}{/other}r), 201,
              'another tenant';
    is $redis->cmd('HLEN', 'oc:{other}:cfg'), 1, 'has its own';

    answer_is create(guid, now), 201, 'another id';
    is count, $before + 2, 'makes another';

    # a request that fails can be repeated as well
    $id = guid;
    error_is create($id, now, { id => 'given' }), 409, 'id', 'the id exists';
    answer_is $ask->('DELETE', API . '/given'), 204, 'no more';
    answer_is create($id, now, { id => 'given' }), 201, 'now it is made';
};


subtest 'minimal' => sub {
    my $id = guid;
    my @r = map { create($id, now, {},
                         headers => [Prefer => 'return=minimal']) } 1, 2;
    answer_is $_, 204, 'no content' for @r;
    is $r[1]->header('Location'), $r[0]->header('Location'), 'one entity';
};


subtest 'wrong headers' => sub {
    my $before = contents($redis);
    my @wrong = (
        [undef, now], [guid, undef], ['x', now], [guid, 'yesterday'],
        [guid() =~ s/-/x/r, now], [guid() . '0', now], ['', now],
    );

    for my $wrong (@wrong) {
        my $r = create(@$wrong);
        error_is $r, 400, '', join ' ', map { $_ // 'none' } @$wrong;
        is $r->header('Repeatability-Result'), 'rejected', 'rejected';
    }

    for my $time (-90_000, 3600) {
        my $r = create(guid, now($time));
        error_is $r, 412, '', "sent $time seconds from now";
        is $r->header('Repeatability-Result'), 'rejected', 'rejected';
    }

    is_deeply contents($redis), $before, 'nothing was made';
};

$t->done;
