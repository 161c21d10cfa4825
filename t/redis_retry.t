# What is sent again when the connection to Redis is lost: reads, and creates
# that can be repeated, which are done once. Nothing else is.

use OfficeConfig::Test;

use POSIX ();

use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $proxy = $t->proxy(upstream => $redis);
my $s = OfficeConfig::Service->new($t, redis => $proxy,
    block => 'reconnect 20ms 100ms;');
my $n = 0;

$t->allow_lost;

sub count { $redis->cmd('HLEN', 'oc:{default}:cfg') }

# repeatable: the headers of a request that can be repeated

sub repeatable {
    return ['Repeatability-Request-ID' =>
                sprintf('7d1c8fd0-2f49-4c3e-b5b1-d6d3a5a8b%03x', ++$n),
            'Repeatability-First-Sent' =>
                POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime)];
}

# hold: what Redis answers from now on stays in the proxy; the connection has
# been of use, so that it is replaced at once

sub hold {
    my ($service) = @_;
    ok $service->back, 'a connection that has been of use';
    $proxy->hold;
}

# lost($done, @requests): each is done by Redis, whose reply is lost with the
# connection; the responses

sub lost {
    my ($done, @requests) = @_;
    hold($s);
    my @c = map { $s->begin(@$_) } @requests;
    ok wait_until(5, $done), 'Redis has done it';
    $proxy->drop;
    $proxy->pass;
    return map { $_->response } @c;
}

$s->works;


for my $by (['the service gives the id', {}],
            ['the client gives it', { id => 'mine' }],
            ['without a priority', { priority => undef }])
{
    my ($name, $members) = @$by;
    my %json = (%{$s->example}, %$members);
    delete @json{grep { !defined $json{$_} } keys %json};

    subtest "a repeatable create, $name" => sub {
        my $before = count();
        my $headers = repeatable();
        my ($r) = lost(sub { count() == $before + 1 },
                       ['POST', undef, json => \%json, headers => $headers]);
        $t->status_is($r, 201, 'is answered');
        is count(), $before + 1, 'was done once';
        is $r->header('Repeatability-Result'), 'accepted', 'accepted';
        is $s->get($r->json->{id})->status, 200, 'and is there';

        my $again = $s->request('POST', API, json => \%json,
                                headers => $headers);
        is $again->body, $r->body, 'the client gets the same when it repeats';
        is count(), $before + 1, 'was done once still';
    };
}


subtest 'another create' => sub {
    my $before = count();
    my ($r) = lost(sub { count() == $before + 1 }, ['POST']);
    $s->refused($r, 504, 'is not sent again');
    is count(), $before + 1, 'was done once';
};


# what may have been done is not said to be undone

subtest 'the next connection fails as well' => sub {
    my $before = count();
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        block => 'reconnect 20ms 100ms; connect_timeout 500ms;');
    hold($s);
    my $c = $s->begin('POST', undef, headers => repeatable());
    ok wait_until(5, sub { count() == $before + 1 }), 'Redis has done it';

    # its handshake is not answered
    $proxy->drop;
    $t->allow_log(qr/\[error\].* connection to Redis at \S+ could not be made/);
    $s->refused($c->response, 504, 'whether it was done is not known');
    $proxy->pass;
    ok $s->back, 'back';
    $s->end;
};


subtest 'the server has forgotten' => sub {
    my $before = count();
    hold($s);
    my $c = $s->begin('POST', undef, headers => repeatable());
    ok wait_until(5, sub { count() == $before + 1 }), 'Redis has done it';
    $redis->cmd('FLUSHALL');
    $proxy->drop;
    $proxy->pass;
    my $r = $c->response;
    $t->status_is($r, 201, 'is answered');
    is count(), 1, 'and was done';
    is $s->get(($r->json // {})->{id})->status, 200, 'it is there';
};


subtest 'reads' => sub {
    my $id = $s->id;
    my $before = $redis->calls('hget');
    my @r = lost(sub { $redis->calls('hget') >= $before + 5 },
                 map { ['GET', $id] } 1 .. 5);
    is scalar(grep { $_->status == 200 } @r), 5, 'are answered';
};

$s->works;
$s->end;
$t->done;
