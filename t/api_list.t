# GET of the collection: order, pages, and the query options that it has.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my @sizes = (1, 2, 3, 7, 1000);
my $conf = $t->api_conf(redis => $redis,
                        server => 'keepalive_requests 1000000;');

$conf =~ s{(?=\n\s+location /beta)}{join '', map { <<"END" } @sizes}e;

        location /p$_/beta {
            office_config_pass main;
            office_config_auth off;
            office_config_page_size $_;
        }
END
my $nginx = $t->nginx(http => $conf);
my $ask = client($t);

my $context = 'http://localhost/beta/$metadata#officeConfiguration/'
              . 'clientConfigurations';

sub get { $ask->('GET', $_[0]) }
sub ids { map { $_->{id} } @{json_item($_[0], 'value') // []} }

# walk($path, $each): follows the next links; all ids in the order they came,
# as a list of pages. After each page $each is called with the ids so far.

sub walk {
    my ($path, $each) = @_;
    my @pages;

    while (defined $path && @pages < 2_000) {
        my $r = get($path);
        $r->status == 200 or die "$path: " . $r->text;
        push @pages, [ids($r)];
        my $link = json_item($r, '@odata.nextLink');
        $each->(map { @$_ } @pages) if $each && defined $link;
        $path = defined $link ? path_of($link) : undef;
    }

    return \@pages;
}


# nothing there

{
    my $r = get(API);
    answer_is $r, 200, 'an empty collection';
    is $r->body, qq({"\@odata.context":"$context","value":[]}),
       'its body, to the byte';
    is get(API . '/')->body, $r->body, 'with a slash at the end';
    is get(API . "?\$top=$_")->body, $r->body, "the first $_ of it"
        for 0, 1, 1000;
    is $r->header('ETag'), undef, 'a collection has no ETag';
}


# the order is that of the bytes of the ids, which is that of their characters

my @ids = sort('a', 'b', 'B', 'aa', 'a b', 'Z', '10', '9', '1', "\xe9",
    "e\x{301}", "\x{ffff}", "\x{10000}", "\x{1f600}", ' ', '~', '$count',
    '..', "it's", '(', '[a', '-', '+', '+inf', '-inf', 'x' x 256);

for my $id (reverse @ids) {
    my $r = $ask->('POST', API, json => { id => $id });
    $r->status == 201 or die $r->text;
}

{
    my $r = get(API);
    answer_is $r, 200, 'a collection';
    is_deeply [ids($r)], \@ids, 'in the order of the ids';
    like $r->body, qr/^\{"\@odata\.context":"[^"]*","value":\[\{/,
         'context, value and nothing else';
    is json_item($r, '@odata.context'), $context, 'the context';
    is json_item($r, '@odata.nextLink'), undef, 'all on one page';

    my @items = @{$r->json->{value}};
    my @got = map { $t->get(item_path(API, $_))->json } @ids;
    delete $_->{'@odata.context'} for @got;
    json_is \@items, \@got, 'each item as it is read alone';
    is_deeply [map { $_->{'@odata.etag'} } @items],
              [map { $t->get(item_path(API, $_))->header('ETag') } @ids],
              'with its ETag';

    my $head = $t->head(API);
    answer_is $head, 200, 'HEAD', method => 'HEAD';
    is $head->header('Content-Length'), length $r->body, 'its length';
}


# pages

for my $size (@sizes) {
    my $pages = walk("/p$size" . API);
    my @want = @ids;
    is_deeply $pages, [map { [splice @want, 0, $size] }
                       1 .. ($#ids + $size) / $size],
              "M3: pages of $size, each item once";
}

my $r = get('/p7' . API);
my $link = json_item($r, '@odata.nextLink');
like $r->body, qr/^\{"\@odata\.context":"[^"]*","\@odata\.nextLink":"[^"]*",
                   "value":\[\{/x, 'context, nextLink, value';
like $link, qr{^http://localhost/p7\Q${\API}\E\?\$skiptoken=[A-Za-z0-9_~.-]+$},
     'a next link is absolute';
unlike $link, qr/$ids[6]/, 'its token is opaque';
is json_item($t->get('/p7' . API, headers => [Host => 'graph.example:8443']),
             '@odata.nextLink') =~ s/\?.*//r,
   'http://graph.example:8443/p7' . API, 'at the address the client used';
is_deeply [ids(get(path_of($link) =~ s/\$/%24/r))], [@ids[7 .. 13]],
          'it may be encoded by the client';
is_deeply [ids(get(path_of($link)))], [@ids[7 .. 13]], 'and used twice';

{
    my $head = $t->head(path_of($link));
    answer_is $head, 200, 'HEAD of a page', method => 'HEAD';
    is $head->header('Content-Length'), length get(path_of($link))->body,
       'its length';
}


# $top

for my $top (0 .. 8, 20, $#ids, @ids + 0, @ids + 1, 1_000, 1_001, 2147483647,
             2147483648, '99999999999999999999', '007', '0' x 300 . '5')
{
    my $want = $top =~ /^0+5$/ ? 5 : $top > @ids ? @ids : $top + 0;

    for my $size (2, 7, 1000) {
        my $pages = walk("/p$size" . API . "?\$top=$top");
        my @want = @ids[0 .. $want - 1];
        my @cut = map { [splice @want, 0, $size] }
                  1 .. ($want + $size - 1) / $size;
        is_deeply $pages, @cut ? \@cut : [[]], "I1: \$top=$top, pages of $size";
    }
}

is_deeply [ids(get(API . "?$_"))], [@ids[0 .. 2]], "N1: as $_"
    for '$top=3', '%24top=3', 'top=3', '$TOP=3', 'Top=3', '%24%74op=%33',
        '$top=3&', '&$top=3', '&&$top=3&&', '$top=3&x=y', 'x=y&$top=3',
        'x&$top=3', '=&$top=3', '$top=3&=x', 'topping=1&$top=3', 'x=%FF&$top=3',
        'x=$top=9&$top=3', '$top=3&id=5', 'x=1&x=2&$top=3', '$top=3&api-version=1',
        'x=%26%24top%3D9&$top=3', '$top=3&x=' . 'y' x 3_000;

# bad($query, $target, $name): 400

sub bad {
    my ($query, $target, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    error_is get(API . "?$query"), 400, $target, $name // $query;
}

bad "\$top=$_", '$top' for '', '-1', '-0', '1.0', '1e1', 'x', '1x', 'null',
    '%201', '1%20', '+1', '1+', '%2B1', '0x1', "'1'", '1,2', '1;2', '%00',
    '%31%00', '٣', '%D9%A3', '2147483648x', '$top=1', '@top', 'INF', '(1)';
bad '$top', '$top';
bad "top=$_", 'top' for '-1', 'x', '';
bad '$TOP=x', '$TOP';
bad '%24top=x', '$top';
bad 'x=y&$top=x', '$top';
bad $_, undef for '$top=1&$top=2', '$top=1&$top=1', '$top=1&top=1',
    '$top=1&$Top=2', 'top=1&%24top=1', '$top=1&x=y&$top=1',
    '$skiptoken=YQ&$skiptoken=YQ';
bad $_, undef for '$top=%', '$top=%3', '$top=%zz', '$top=1&x=%', 'x=%zz',
    '%', '%z', 'x%=1', '%24to%7=1', '$top=1%', '$%=1', '%2', 'a=b&%gg=1';
bad $_, undef for '$', '$=1', '$nothing=1', '$nothing', '$topp=1', '$to=1',
    '$%20top=1', '$$top=1', '%24%24top=1', '$TOP%20=1', '$foo%0A=1', '$%FF=1',
    '$%00=1', '$filters=x', '$odata.top=1';

{
    my $r = get(API . '?x=y&$nothing=1');
    error_is $r, 400, '$nothing', 'an unknown option is named';
    like $r->json->{error}{message}, qr/\b4\b/, 'with its position';
    $r = get(API . '?abc=1&$top=x');
    like $r->json->{error}{message}, qr/\b6\b/, 'so is a bad value';
    $r = get(API . '?$top=1&x=%zz');
    like $r->json->{error}{message}, qr/\b7\b/, 'and a bad encoding';
}


# $skiptoken

bad $_, '$skiptoken' for map { "\$skiptoken=$_" } '', 'x', '!', 'a%20b', 'a+b', '%',
    'YQ==x', '_', 'YWFh*', '%00', 'AAAA', '_w', '-_8', 'gICA', 'Cg', 'fw',
    'wpI', '7aCA', 'YQo', 'eA' x 400, '../x', "'x'", '1,2';
bad '$skiptoken', '$skiptoken';
bad 'skiptoken=!', undef;
bad '$top=0&$skiptoken=!', '$skiptoken';

{
    # a client may send a token with what it makes of the characters
    my ($token) = $link =~ /skiptoken=(.*)/;
    my $encoded = join '', map { sprintf '%%%02x', ord } split //, $token;
    is_deeply [ids(get("/p7" . API . "?\$skiptoken=$encoded"))],
              [@ids[7 .. 13]], 'an encoded token';
    is_deeply [ids(get(API . "?SKIPTOKEN=$token&\$top=2"))], [@ids[7, 8]],
              'with $top';
    is_deeply [ids(get(API . "?\$top=0&\$skiptoken=$token"))], [],
              'with a $top of none';
}


# other options of OData are known and not there yet

for my $option (qw(compute apply index levels deltatoken schemaversion))
{
    error_is get(API . "?\$$option=$_"), 501, "\$$option", "\$$option=$_"
        for 'id', '1', '';
    error_is get(API . "?\$$option"), 501, "\$$option", "\$$option";
    error_is get(API . "?$option=x"), 501, $option, $option;
    error_is get(API . "?%24$option=x"), 501, "\$$option", "%24$option";
    error_is get(API . "?\$\U$option\E=x"), 501, "\$\U$option", "\U$option";
    error_is get(API . "?\$top=1&x=y&\$$option=x"), 501, "\$$option",
             "behind others: \$$option";
}

error_is get(API . '?$id=x'), 501, '$id', '$id';

for my $option ('$top=1', '$skiptoken=YQ', '$orderby=id', 'search=x',
                '%24filter=x', '$COUNT=true', '@p=1')
{
    my ($target) = $option =~ /^([^=]*)/;
    $target =~ s/%24/\$/;
    my $item = item_path(API, 'a');

    error_is get("$item?$option"), 501, $target, "GET of an item: $option";
    for my $url (API, API . '/$ref') {
        error_is $ask->('POST', "$url?$option", json => {}), 501,
                 $target, "POST $url: $option";
    }
    error_is $ask->('DELETE', "$item?$option"), 501, $target,
             "DELETE: $option";
}

# what an entity has and a write has not

for my $option ('$select=id', '$expand=assignments', '%24SELECT=id',
                'expand=assignments')
{
    my ($target) = $option =~ /^([^=]*)/;
    $target =~ s/%24/\$/;
    my $item = item_path(API, 'a');

    answer_is get("$item?$option"), 200, "GET of an item: $option";
    error_is $ask->('DELETE', "$item?$option"), 501, $target,
             "DELETE: $option";
    for my $url (API, API . '/$ref') {
        my $r = $ask->('POST', "$url?$option", json => { priority => 1 });
        answer_is $r, 201, "POST $url: $option";
        $t->del(path_of($r->header('Location')));
    }

    answer_is get(API . "?$option"), 200, "GET of all: $option";
    error_is get(API . "/\$ref?$option"), 501, $target, "GET of \$ref: $option";
}

for my $option ('expand=x', '$select=x', '$expand=', '$select=') {
    my $item = item_path(API, 'a');
    error_is get("$item?$option"), 400, undef, "GET of an item: $option";
    error_is $ask->('POST', "$_?$option", json => { priority => 1 }), 400,
             undef, "POST $_: $option" for API, API . '/$ref';
}

for my $url (API, item_path(API, 'a')) {
    answer_is get("$url?$_"), 200, "ignored: $_" for 'x=y', 'x', '',
        'id=1', 'nextlink=1', 'a.b=c', 'x$top=1', '_=123', '%20%24top=x';
    error_is get("$url?\$nothing=1"), 400, '$nothing', 'not ignored';
}
is scalar @{$redis->cmd('HKEYS', 'oc:{default}:cfg')}, @ids + 0,
   'nothing was created or deleted';


# others insert and delete meanwhile: what is there throughout comes once

$redis->flush;

sub create {
    my $r = $ask->('POST', API, json => { id => $_[0] });
    $r->status == 201 or die $r->text;
}

my @throughout = map { sprintf 'k%04d', $_ * 10 } 1 .. 60;
create($_) for @throughout;

for my $size (1, 2, 7) {
    my $n = 0;
    my %made;
    my $path = "/p$size" . API;

    my $pages = walk($path, sub {
        my ($last) = $_[-1] =~ /(\d+)/;
        # behind and ahead of where the walk is, and just there
        for my $at ($last - 5, $last + 1, $last + 15, 3 + $n++ * 7 % 600) {
            my $id = sprintf 'k%04d', $at;
            next if $at < 0 || $at % 10 == 0 || $made{$id}++;
            create($id);
        }
        # what was made before goes away, the last of the page as well
        for my $id ((sort keys %made)[0], $_[-1]) {
            next if grep { $_ eq $id } @throughout;
            $ask->('DELETE', API . "/$id");
        }
    });

    my @got = map { @$_ } @$pages;
    my %seen;
    $seen{$_}++ for @got;
    is_deeply [grep { $seen{$_} > 1 } sort keys %seen], [],
              "pages of $size under change: no item twice";
    is_deeply [grep { !$seen{$_} } @throughout], [], 'none is missed';
    is_deeply \@got, [sort @got], 'all in order';
    $ask->('DELETE', API . "/$_") for keys %made;
}

{
    # the item that a token stands for may go away
    my $page = get('/p2' . API);
    my $next = path_of(json_item($page, '@odata.nextLink'));
    my @gone = (ids($page), 'k0030');
    $ask->('DELETE', API . "/$_") for @gone;
    is_deeply [ids(get($next))], ['k0040', 'k0050'],
              'a token continues behind an item that is gone';
    create($_) for @gone;
    $ask->('DELETE', API . "/$_") for @throughout;
    is get($next)->body =~ s/.*"value"/"value"/r, '"value":[]}',
       'and when nothing is left';
}

{
    # clients in processes of their own
    create($_) for @throughout;
    my $load = $t->load(clients => 2, keepalive => 1, request => sub {
        my ($client, $i) = @_;
        my $id = sprintf 'k%04d-%d', int($i / 2) * 7 % 600, $client;
        return $i % 2 ? ('DELETE', API . "/$id")
                      : ('POST', API, json => { id => $id });
    });

    for my $round (1 .. 5) {
        my %seen;
        $seen{$_}++ for map { @$_ } @{walk('/p3' . API)};
        ok !grep({ $seen{$_} > 1 } keys %seen), "round $round: none twice";
        ok !grep({ !$seen{$_} } @throughout), 'none missed';
    }

    my $sum = $load->stop;
    is_deeply [sort keys %{$sum->{status}}], [201, 204],
              'while others wrote' or diag explain $sum;
}

$t->done;
