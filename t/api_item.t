# One configuration: GET, HEAD and DELETE, and the conditions they take.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->serve(redis => $redis);
my $ask = client($t);
my $item = API . '/one';

sub create { $ask->('POST', API, json => { id => 'one', @_ }) }
sub ask { $ask->($_[0], $_[1], headers => [@_[2 .. $#_]]) }


# what is not there

for my $method (qw(GET HEAD DELETE)) {
    for my $path ('/none', q{('none')}, '/%20', '/ONE', '/none/',
                  '/' . 'x' x 256, '/' . '%C3%A9' x 128)
    {
        my $r = ask($method, API . $path);
        my $name = "$method " . printable($path);
        $method eq 'HEAD' ? answer_is $r, 404, $name, method => $method
                          : error_is $r, 404, undef, $name;
    }

    # no key of a configuration
    for my $path ('/' . 'x' x 257, '/%00', '/%0a', '/a%7f', '/%C2%80', '/%FF',
                  '/%C0%AF', q{('')}, q{('a'')}, q{('%01')})
    {
        my $r = ask($method, API . $path);
        my $name = "$method " . printable($path) . ' is refused';

        if ($path =~ /%00/) {
            is $r->status, 400, $name;       # by nginx, as no path at all
            next;
        }

        answer_is $r, 404, $name, method => $method;
    }
}

is_deeply $redis->cmd('KEYS', 'oc:{*'), [], 'reads make no keys';


# GET and HEAD

my $made = create(displayName => 'd', priority => 5, assignments => [{}]);
answer_is $made, 201, 'created';
my $etag = $made->header('ETag');
my $got = ask('GET', $item);
answer_is $got, 200, 'GET';
is $got->header('ETag'), $etag, 'the ETag of the 201';
is json_item($got, '@odata.etag'), $etag, 'is in the body';
is $got->header('Content-Length'), length $got->body, 'the length';
is $got->body, $made->body =~ s/,"assignments":\[.*\]\}$/}/r,
   'the body of the 201, but for its assignments';
is ask('GET', $_)->body, $got->body, "GET $_" for API . q{('one')}, "$item/",
   "$item?x=y", "/beta//officeConfiguration//clientConfigurations//one",
   '/beta/officeConfiguration/x/../clientConfigurations/./one',
   '/beta/%6FfficeConfiguration/clientConfigurations/o%6Ee';

for my $path ($item, API . q{('one')}, API . '/none', API, API . '/$count',
              '/beta/none', "$item/displayName", API . '?$top=x')
{
    # nothing but the headers of the GET, to the byte; ids and time aside
    my ($get, $head) = map { $t->request($_, $path) } qw(GET HEAD);
    my @lines = map { $_->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr }
                ($head, $get);
    is $lines[0], $lines[1], "HEAD $path has the headers of GET";
    is $head->rest, '', 'and not a byte more';
}

{
    # without reading ahead: the next response stands right behind the head
    my $c = $t->connect;
    $c->send($c->format_request('HEAD', $item)
             . $c->format_request('HEAD', API . '/none')
             . $c->format_request('HEAD', API)
             . $c->format_request('GET', $item, close => 1));
    is_deeply [map { $c->response(method => $_)->status }
               qw(HEAD HEAD HEAD GET)], [200, 404, 200, 200], 'in a pipeline';
    ok $c->closed, 'and closed';
}


# If-None-Match

my ($digits) = $etag =~ /"(.*)"/;
my $other = $digits =~ tr/0-9a-f/1-9a-f0/r;

for my $list ($etag, qq("$digits"), '*', qq("x", $etag), qq($etag, "x"),
    qq("x","y",$etag,"z"), qq("a,b", $etag), qq(, ,$etag,),
    qq(W/"$other", W/"$digits"), qq("", $etag), qq($etag,$etag),
    join(', ', map({ qq("$_") } 1 .. 200), $etag), " $etag ")
{
    for my $method (qw(GET HEAD)) {
        my $r = ask($method, $item, 'If-None-Match' => $list);
        answer_is $r, 304, "$method, If-None-Match: " . printable($list),
                  method => $method;
        is $r->header('ETag'), $etag, 'its ETag';
    }
}

for my $list (qq(W/"$other"), qq("$other"), '""', '"*"', 'x', '', '"', '""""',
    $digits, qq(W/$digits), qq("${digits}0"), qq("0$digits"),
    qq("@{[substr $digits, 1]}"), qq("\U$digits\E!"), qq('$digits'),
    qq(W/"$digits), qq($digits"), qq("x", "y"), '**', '"W/"', q{"\\"})
{
    my $r = ask('GET', $item, 'If-None-Match' => $list);
    answer_is $r, 200, 'not so: ' . printable($list);
    is $r->body, $got->body, 'the body';
}

error_is ask('GET', API . '/none', 'If-None-Match' => $_), 404, undef,
         "If-None-Match: $_ of what is not there" for '*', $etag;
answer_is ask('GET', $item, 'If-Modified-Since' =>
              'Fri, 01 Jan 2100 00:00:00 GMT'), 200,
          'there is no Last-Modified to compare with';
answer_is ask('GET', API, 'If-None-Match' => $etag), 200,
          'the collection has no ETag';
answer_is ask('GET', $item, Range => 'bytes=0-5'), 200, 'nor are there ranges';
error_is ask('GET', "$item?\$filter=x", 'If-None-Match' => $etag), 501,
         '$filter', 'an option is looked at before';
answer_is ask('GET', "$item?\$select=id", 'If-None-Match' => $etag), 304,
          'whichever of its properties are asked for';

{
    my $c = $t->connect;
    $c->send($c->format_request('GET', $item, headers =>
                                ['If-None-Match' => $etag]) x 3
             . $c->format_request('GET', $item));
    is_deeply [map { $c->response->status } 1 .. 4], [304, 304, 304, 200],
              'a 304 has no body';
}


# If-Match of a GET

answer_is ask('GET', $item, 'If-Match' => $_), 200, "GET, If-Match: $_"
    for '*', $etag, qq("$digits"), qq("x", $etag);
error_is ask('GET', $item, 'If-Match' => $_), 412, undef, "GET, If-Match: $_"
    for qq(W/"$other"), '"x"';


# DELETE with a condition that does not hold

my $state = contents($redis);

for my $list (qq(W/"$other"), qq("$other"), '""', '"*"', 'x', '', '"',
    $digits, qq(W/$digits), qq("${digits}0"), qq("0$digits"), qq("x", "y"),
    '**', '* ,"x"', '"x", *', q{"\\"}, qq("@{['0' x 16]}"),
    join(', ', map { qq("$_") } '0' x 16, map { "y$_" } 1 .. 200))
{
    error_is ask('DELETE', $item, 'If-Match' => $list), 412, undef,
             'DELETE, If-Match: ' . printable($list);
}

is_deeply contents($redis), $state, 'nothing changes';
is ask('GET', $item)->body, $got->body, 'and it is there';

error_is ask('DELETE', API . '/none', 'If-Match' => $_), 404, undef,
         "If-Match: $_ of what is not there" for '*', $etag;

for my $list ($etag, qq("$digits"), '*', qq("x", $etag), qq($etag, "x"),
    qq("a,b",$etag,"$other"), " $etag ",
    join(', ', map({ qq("$_") } 1 .. 200), $etag))
{
    answer_is ask('DELETE', $item, 'If-Match' =>
                  $list =~ s/\Q$digits\E/(ask('GET', $item)->header('ETag')
                      =~ m{"(.*)"})[0]/er), 204,
              'DELETE, If-Match: ' . printable($list);
    error_is ask('GET', $item), 404, undef, 'gone';
    answer_is create(assignments => [{}]), 201, 'created anew';
}

isnt ask('GET', $item)->header('ETag'), $etag, 'with an ETag of its own';
error_is ask('DELETE', $item, 'If-Match' => $etag), 412, undef,
         'the ETag of the one before is stale';


for my $list ('*', ask('GET', $item)->header('ETag')) {
    error_is ask('DELETE', $item, 'If-None-Match' => $list), 412, undef,
             "DELETE, If-None-Match: $list";
    answer_is ask('GET', $item), 200, 'it is still there';
}


# DELETE

for my $path ($item, API . q{('one')}, API . q{(%27one%27)}, "$item/") {
    create(assignments => [{}, { id => 'a' }]);
    my $r = ask('DELETE', $path);
    answer_is $r, 204, "U6: DELETE $path";
    is $r->header('ETag'), undef, 'no ETag';
    is_deeply [sort @{$redis->cmd('KEYS', '*')}], ['oc:layout'],
              'U6: removes all there is, and every key';
    error_is ask('DELETE', $path), 404, undef, 'not twice';
    error_is ask('GET', $path), 404, undef, 'gone';
    is_deeply ask('GET', API)->json->{value}, [], 'from the list as well';
}

{
    # one of several leaves the others alone
    create(id => $_, priority => ord, assignments => [{}]) for 'a' .. 'e';
    answer_is ask('DELETE', API . '/c'), 204, 'one of five';
    my %left = %{contents($redis)};
    is_deeply [sort keys %{$left{"oc:{default}:$_"}}], ['a', 'b', 'd', 'e'],
              "the rest is in $_" for qw(cfg ids pri);
    is_deeply [sort grep { /asg/ } keys %left],
              [map { "oc:{default}:asg:$_" } qw(a b d e)], 'and its assignments';
    ask('DELETE', API . "/$_") for 'a' .. 'e';
}

{
    my $c = $t->connect;
    create();
    $c->send($c->format_request('DELETE', $item)
             . $c->format_request('DELETE', $item)
             . $c->format_request('GET', API));
    is_deeply [map { $c->response->status } 1 .. 3], [204, 404, 200],
              'a 204 has no body';
    is $c->drain(0), '', 'not a byte';
}

error_is ask('DELETE', $_), 405, undef, "DELETE $_" for API, API . '/$ref',
    API . '/';

{
    # many at once: one of them deletes it
    my $deleted = 0;
    for my $round (1 .. 10) {
        create();
        my @c = map { $t->connect } 1 .. 5;
        $_->write_request('DELETE', $item) for @c;
        $deleted += grep { $_->response->status == 204 } @c;
    }
    is $deleted, 10, 'of five who delete it one does';
}

$t->allow_log(qr/client intended to send/);
$t->done;
