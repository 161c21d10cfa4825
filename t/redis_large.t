# Replies and commands that are larger than what a socket takes at once.

use OfficeConfig::Test;

use Time::HiRes ();

use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;


# large($number, $bytes, %members): the options of a request that creates a
# configuration so large; JSON::PP takes seconds for it

sub large {
    my ($number, $bytes, %members) = @_;
    my $letter = chr 97 + $number % 26;
    my $text = join '', map { qq(,"$_":"$members{$_}") } sort keys %members;
    return (type => 'application/json', body => '{"displayName":"'
                . $number . '","description":"' . $letter x $bytes
                . qq("$text}));
}

# described($bytes): "ID LENGTH LETTERS" of the descriptions in a response

sub described {
    my ($bytes) = @_;
    my @found;

    for my $entity (split /(?="id":")/, $bytes) {
        my ($id) = $entity =~ /^"id":"([^"]*)"/ or next;
        my $from = index($entity, '"description":"') + 15;
        my $text = substr $entity, $from, index($entity, '"', $from) - $from;
        my $letter = substr $text, 0, 1;
        push @found, "$id " . length($text) . ' '
                     . ($text =~ /^$letter+\z/ ? $letter : 'mixed');
    }

    return @found;
}


subtest 'a list of four megabytes' => sub {
    my $redis = $t->redis;
    my $proxy = $t->proxy(upstream => $redis);
    my $s = OfficeConfig::Service->new($t, redis => $proxy,
        server => 'client_body_buffer_size 256k;',
        block => 'command_timeout 600s;');

    my @want = map {
        my $r = $s->request('POST', API, large($_, 200_000));
        $r->status == 201 ? described($r->body) : $r->text;
    } 0 .. 20;
    my ($id) = $want[0] =~ /(\S+)/;

    my $r = $s->list;
    my $whole = $r->body;
    is $r->status, 200, 'at once';
    cmp_ok length $whole, '>', 4_200_000, 'so long it is';
    is_deeply [described($whole)], \@want, 'all of it';

    $proxy->trickle;
    $r = $s->request('GET', API, timeout => 600);
    is $r->status, 200, 'a byte at a time';
    ok $r->body eq $whole, 'the same';

    # a slow client, while others are served
    $proxy->pass;
    my $slow = $t->connect(to => $s->nginx->port, rcvbuf => 65536);
    $slow->write_request('GET', API);
    is_deeply [described($s->get($id)->body)], [$want[0]],
              'another client meanwhile' for 1 .. 3;
    $r = $slow->response(slow => [200_000, 0.01]);
    ok $r->status == 200 && $r->body eq $whole, 'a slow client gets it';

    # and one that leaves in the middle
    $slow = $t->connect(to => $s->nginx->port, rcvbuf => 65536);
    $slow->write_request('GET', API);
    is length $slow->_until("\r\n", Time::HiRes::time + 60), 17, 'begun';
    $slow->abort;
    is_deeply [described($s->get($id)->body)], [$want[0]], 'when it has left';

    is $proxy->stats->{accepted}, 1, 'all over one connection';
    $s->works;
    $s->end;
};


# more than the sockets on the way take at once, as a transaction and in a
# script
subtest 'large writes' => sub {
    my $redis = $t->redis(tcp => 1);
    my @size = (300_000, 1_000_000, 5_000_000, 700_000);

    for my $over (['unix', 'unix:' . $redis->socket], ['TCP', $redis->url],
                  ['a proxy', $t->proxy(upstream => $redis)])
    {
        my ($name, $where) = @$over;
        my $s = OfficeConfig::Service->new($t, redis => $where,
            server => 'client_max_body_size 16m; client_body_buffer_size 16m;');

        for my $kind ('transaction', 'script') {
            my @c = map {
                my ($n) = $_;
                my %body = large($n, $size[$n]);
                $body{body} =~ s/^\{/{"priority":$n,/ if $kind ne 'script';
                $s->begin('POST', undef, %body);
            } 0 .. $#size;
            my @r = map { $_->response } @c;

            is join(' ', map { $_->status } @r), join(' ', (201) x @size),
               "$kind over $name";

            for my $n (0 .. $#size) {
                my $r = $r[$n];
                next if $r->status != 201;
                my ($id) = (described($r->body))[0] =~ /(\S+)/;
                is_deeply [described($s->get($id)->body)],
                          ["$id " . $size[$n] . ' ' . chr 97 + $n],
                          "$n: read as written";
            }
        }

        $s->works;
        $s->end;
    }
};


$t->done;
