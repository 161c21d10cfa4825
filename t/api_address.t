# Ways to address what there is: $count, casts, $entity, keys, the singleton.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $conf = $t->api_conf(redis => $redis,
                        server => 'keepalive_requests 100000;');
my @sizes = (1, 2, 3, 1000);

$conf =~ s{(?=\n\s+location /beta)}{join '', map { <<"END" } (
        location $_->[0] {
            office_config_pass main;
            office_config_auth off;
            $_->[1]
        }
END
    map({ ["/p$_/beta", "office_config_page_size $_;"] } @sizes),
    ['/tenant/beta', 'office_config_tenant other;'],
    ['/based/beta', 'office_config_base_url "https://graph.example/x/y";'])}e;

my $nginx = $t->nginx(http => $conf);
my $ask = client($t);
my $state;

my $meta = 'http://localhost/beta/$metadata#';
my $of = 'officeConfiguration/clientConfigurations';
my $base = 'microsoft.graph.officeClientConfiguration';
my $windows = 'microsoft.graph.windowsOfficeClientConfiguration';
my $security = 'microsoft.graph.windowsOfficeClientSecurityConfiguration';

sub ask { $ask->($_[0], $_[1], headers => [@_[2 .. $#_]]) }
sub send_to { $ask->($_[0], $_[1], json => $_[2], headers => [@_[3 .. $#_]]) }
sub ids { [map { $_->{id} } @{json_item($_[0], 'value') // []}] }

sub create {
    my $r = send_to('POST', API, { @_ });
    $r->status == 201 or die $r->text;
    return $r;
}

sub encoded { $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }

# text_is($response, $body, $name): 200 with this text

sub text_is {
    my ($r, $body, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest $name => sub {
        $t->status_is($r, 200, 'status');
        is $r->header('Content-Type'), 'text/plain;charset=utf-8', 'is text';
        is $r->body, $body, 'the number';
        is $r->header('Content-Length'), length $body, 'its length';
        is $r->header('OData-Version'), '4.0', 'the version';
        is $r->header('Cache-Control'), 'no-store', 'not to be stored';
        is $r->header('ETag'), undef, 'no ETag';
        like $r->header('request-id'), qr/^${\UUID}$/, 'the request-id';
    };
}


# the singleton, when there is nothing in it

{
    my $r = ask('GET', BASE);
    answer_is $r, 200, 'the singleton';
    my %body = %{$r->json};
    is $body{'@odata.context'}, $meta . 'officeConfiguration', 'its context';
    is $body{'@odata.etag'}, $r->header('ETag'), 'its ETag';
    json_is $body{tenantCheckinStatuses}, [], 'no statuses';
    ok exists $body{tenantUserCheckinSummary}, 'a summary';
    ok !exists $body{clientConfigurations}, 'what it contains is not in it';
    like $r->body, qr/^\{"\@odata\.context":/, 'the context comes first';
    is ask('GET', BASE . '/')->body, $r->body, 'with a slash at the end';
    is_deeply $redis->cmd('KEYS', 'oc:{*'), [], 'reading makes no keys';

    my $tag = $r->header('ETag');
    for my $list ($tag, '*', qq("x", $tag)) {
        answer_is ask('GET', BASE, 'If-None-Match' => $list), 304,
                  "If-None-Match: $list";
        answer_is ask('GET', BASE, 'If-Match' => $list), 200,
                  "If-Match: $list";
    }
    answer_is ask('GET', BASE, 'If-None-Match' => '"x"'), 200, 'another ETag';
    error_is ask('GET', BASE, 'If-Match' => '"x"'), 412, undef,
             'If-Match of another';

    my ($get, $head) = map { $t->request($_, BASE) } qw(GET HEAD);
    my @lines = map { $_->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr }
                ($head, $get);
    is $lines[0], $lines[1], 'HEAD has the headers of GET';

    is json_item($t->get(BASE, headers => [Host => 'graph.example:81']),
                 '@odata.context'),
       'http://graph.example:81/beta/$metadata#officeConfiguration',
       'at the address the client used';
    is json_item(ask('GET', '/based' . BASE), '@odata.context'),
       'https://graph.example/x/y/$metadata#officeConfiguration',
       'at the address that is configured';

    my $selected = ask('GET', BASE . '?$select=tenantCheckinStatuses');
    answer_is $selected, 200, '$select';
    is json_item($selected, '@odata.context'),
       $meta . 'officeConfiguration(tenantCheckinStatuses)', 'its context';
    ok !exists $selected->json->{tenantUserCheckinSummary}, 'no other';
    error_is ask('GET', BASE . '?$filter=x'), 501, '$filter', '$filter';
    error_is ask('GET', BASE . '?$x=1'), 400, '$x', 'an unknown option';
    error_is ask($_, BASE), 405, undef, $_ for 'POST', 'PUT', 'DELETE';
}


# $count of nothing, and of more

text_is ask('GET', API . '/$count'), '0', '$count of nothing';
create(id => "n$_") for 1 .. 12;
send_to('POST', '/tenant' . API, { id => 'elsewhere' });

for my $path ('/$count', '/%24count', '/$count/', '/$count?', '/$count?x=y') {
    text_is ask('GET', API . $path), '12', "GET $path";
}

text_is ask('GET', '/p1' . API . '/$count'), '12', 'whatever fits on a page';
text_is ask('GET', '/tenant' . API . '/$count'), '1', 'of another tenant';

for my $accept ('text/plain', '*/*', 'text/*', 'application/json',
    'application/*', 'text/html, text/plain;q=0.1', 'TEXT/PLAIN',
    'application/json;odata.metadata=minimal', 'text/plain;charset=utf-8')
{
    text_is ask('GET', API . '/$count', Accept => $accept), '12',
            "A1: Accept: $accept";
}

for my $accept ('text/html', 'application/xml', 'image/*', 'text/plain;q=0',
                '*/*;q=0')
{
    error_is ask('GET', API . '/$count', Accept => $accept), 406, undef,
             "Accept: $accept";
}

{
    my ($get, $head) = map { $t->request($_, API . '/$count') } qw(GET HEAD);
    my @lines = map { $_->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr }
                ($head, $get);
    is $lines[0], $lines[1], 'HEAD has the headers of GET';
    is $head->body, '', 'and no body';

    is ask('GET', API . '/$count', 'OData-MaxVersion' => '4.01')
       ->header('OData-Version'), '4.01', 'in the version that is asked for';
    is ask('GET', API . '/$count', 'client-request-id' => 'c-1')
       ->header('client-request-id'), 'c-1', 'and with the id';
    $t->status_is(ask('GET', API . '/$count', 'If-None-Match' => '*'), 200,
                  'there is no ETag to compare with');

    ask('DELETE', API . '/n1');
    text_is ask('GET', API . '/$count'), '11', 'one less';
    create(id => 'n1');
    text_is ask('GET', API . '/$count'), '12', 'one more';
}

for my $option ('$top=1', '$skip=1', '$orderby=id', '$select=id',
                '$expand=assignments', '$count=true', '$skiptoken=YQ')
{
    my ($target) = $option =~ /^([^=]*)/;
    error_is ask('GET', API . "/\$count?$option"), 501, $target,
             "\$count?$option";
}
error_is ask('GET', API . '/$count?$x=1'), 400, '$x', 'an unknown option';
error_is ask('GET', API . '/$Count'), 404, undef, 'another case';
ask('DELETE', API . "/n$_") for 1 .. 12;


# casts

my %type;
my @types = (undef, "#$base", $base, $windows, "#$windows", "#$security",
             $security);

for my $n (0 .. 27) {
    my $id = sprintf 'k%02d', $n;
    my $type = $types[$n * 5 % @types];
    create(id => $id, defined $type ? ('@odata.type' => $type) : ());
    $type{$id} = ($type // $base) =~ s/#//r;
}

# walk($path): follows the next links; the pages

sub walk {
    my ($path) = @_;
    my @pages;

    while (defined $path && @pages < 100) {
        my $r = ask('GET', $path);
        $r->status == 200 or die "$path: " . $r->text;
        push @pages, $r;
        my $link = json_item($r, '@odata.nextLink');
        $path = defined $link ? path_of($link) : undef;
    }

    return @pages;
}

for my $type ($windows, $security, $base) {
    my @want = grep { $type eq $base || $type{$_} eq $type } sort keys %type;
    my ($name) = $type =~ /([^.]+)$/;
    my $context = $meta . $of . ($type eq $base ? '' : "/$type");

    subtest $name => sub {
        my $r = ask('GET', API . "/$type");
        answer_is $r, 200, 'the collection';
        is_deeply ids($r), \@want, 'those of the type, in order';
        is json_item($r, '@odata.context'), $context, 'the context';
        is json_item($r, '@odata.nextLink'), undef, 'all on one page';
        is ask('GET', API . "/$type/")->body, $r->body, 'with a slash';

        my %all = map { $_->{id} => $_ }
                  @{json_item(ask('GET', API), 'value')};
        json_is json_item($r, 'value'), [@all{@want}], 'as in the whole';

        for my $size (@sizes) {
            my @pages = walk("/p$size" . API . "/$type");
            my @all = map { @{ids($_)} } @pages;
            is_deeply \@all, \@want, "pages of $size, each item once";
            is scalar(grep { @{ids($_)} > $size } @pages), 0, 'none too large';
            is json_item($pages[0], '@odata.context') =~ s{/p$size}{}r,
               $context, 'the context of a page';
            like json_item($_, '@odata.nextLink'),
                 qr{^http://localhost/p$size\Q${\API}\E(?:/\Q$type\E)?\?},
                 'the next link' for @pages[0 .. $#pages - 1];
        }

        for my $top (0, 1, 3, scalar @want, 100) {
            my $last = $top < @want ? $top - 1 : $#want;
            for my $size (2, 1000) {
                my @pages = walk("/p$size" . API . "/$type?\$top=$top");
                is_deeply [map { @{ids($_)} } @pages], [@want[0 .. $last]],
                          "I2: \$top=$top, pages of $size";
            }
        }

        for my $id (sort keys %type) {
            for my $path (API . "/$id/$type", API . "('$id')/$type") {
                my $one = ask('GET', $path);
                my $is = $type eq $base || $type{$id} eq $type;
                $is ? answer_is $one, 200, "I2: GET $path"
                    : error_is $one, 404, undef, "I2: GET $path";
                is $one->body, ask('GET', API . "/$id")->body,
                   'as without a cast' if $is;
            }
        }

        error_is ask('GET', API . "/none/$type"), 404, undef, 'no such item';
        error_is ask('GET', API . "/$type?\$filter=x"), 400, '$filter',
                 '$filter';
    };
}

{
    # none of a type
    ask('DELETE', API . "/$_") for grep { $type{$_} eq $security } keys %type;
    delete @type{grep { $type{$_} eq $security } keys %type};
    is ask('GET', "$_/$security")->body =~ s/.*,//r, '"value":[]}',
       'none of a type' for API, '/p1' . API;

    for my $size (1, 3) {
        my @pages = walk("/p$size" . API . "/$security");
        is_deeply [map { @{ids($_)} } @pages], [], "pages of $size";
    }
}

for my $cast ('microsoft.graph.officeClientConfigurationAssignment',
    'microsoft.graph.officeConfiguration', 'microsoft.graph.entity',
    'microsoft.graph.officeClientCheckinStatus')
{
    error_is ask('GET', API . $_), 404, undef, "GET $_"
        for "/$cast", "/k00/$cast", "('k00')/$cast";
}

error_is ask('GET', API . "/k00/$_"), 404, undef, "GET k00/$_"
    for "%23$base", 'officeClientConfiguration', 'graph.none',
        "\U$windows", "$windows/$windows/x";

{
    my ($one) = grep { $type{$_} eq $windows } sort keys %type;
    my ($plain) = grep { $type{$_} eq $base } sort keys %type;
    my $tag = ask('GET', API . "/$one")->header('ETag');

    my $r = ask('GET', API . "/$one/$windows", 'If-None-Match' => $tag);
    answer_is $r, 304, 'a cast, If-None-Match';
    $r = ask('GET', API . "/$one/$windows?\$select=id");
    answer_is $r, 200, 'a cast, $select';
    is json_item($r, 'id'), $one, 'the item';
    is json_item($r, '@odata.context'), "$meta$of/$windows(id)/\$entity",
       'its context';

    # what is not of the type is not there to be changed either
    for my $case ([$one, $security], [$plain, $windows]) {
        for my $method ('PATCH', 'PUT', 'DELETE') {
            my ($like, $cast) = @$case;
            create(id => 'cast', $like eq $one ? ('@odata.type' => $windows)
                                               : ());
            $state = contents($redis);
            error_is send_to($method, API . "/cast/$cast",
                             { displayName => 'x' }), 404, undef,
                     "$method, not a $cast";
            is_deeply contents($redis), $state, 'nothing changes';
            ask('DELETE', API . '/cast');
        }
    }

    $r = send_to('PATCH', API . "/$one/$windows", { displayName => 'cast' });
    answer_is $r, 200, 'PATCH with a cast';
    is json_item(ask('GET', API . "/$one"), 'displayName'), 'cast', 'done';
    answer_is ask('DELETE', API . "/$one/$windows"), 204,
              'DELETE with a cast';
    delete $type{$one};
    error_is ask('GET', API . "/$one"), 404, undef, 'gone';

    # a new one of this collection is of its type
    $r = send_to('POST', API . "/$windows", { id => 'cast' });
    answer_is $r, 201, 'POST with a cast';
    my @there = @{ids(ask('GET', API . "/$windows"))};
    is scalar(grep { $_ eq 'cast' } @there), 1, 'is where it was put';
    ask('DELETE', API . '/cast');
}

ask('DELETE', API . "/$_") for keys %type;


# both forms of a key

my @ids = ('a', 'a b', 'a/b', "it's", "''", 'a%2Fb', '(x)', '+', '?', '#',
           '$count', '$ref', '..', '.', 'updatePriorities', $windows,
           'microsoft.graph.updatePriorities', "\xc3\xa9", '&=', '"', '\\',
           'assign', '$entity', "('a')", '~', ' ', 'x' x 256);

for my $id (@ids) {
    subtest 'the key ' . printable($id) => sub {
        my $json = '{"id":' . JSON::PP->new->utf8(0)->allow_nonref->encode($id)
                   . ',"assignments":[{"id":"x"}]}';
        my $made = $ask->('POST', API, body => $json,
                          type => 'application/json');
        answer_is $made, 201, 'created';
        my $parens = API . "('" . encoded($id =~ s/'/''/gr) . "')";
        my $segment = API . '/' . encoded($id);
        my $get = ask('GET', path_of($made->header('Location')));
        answer_is $get, 200, 'its Location';
        is ask('GET', $parens)->body, $get->body, 'A7: in parentheses';
        my $named = $parens =~ s/\(/(id=/r;
        is ask('GET', $named)->body, $get->body, 'A7: with the name of the key';
        is ask('GET', $segment)->body, $get->body, 'A7: as a segment'
            unless $id =~ m{^(?:\$|\.\.?$|microsoft|update)};
        is ask('GET', "$parens/assignments/\$count")->body, '1', 'below it';

        # $entity has it by each of its URLs
        for my $url ($parens, $named, path_of($made->header('Location')),
                     "http://localhost$parens", $made->header('Location'))
        {
            is ask('GET', '/beta/$entity?$id=' . encoded($url))->body,
               $get->body, '$entity';
        }
        answer_is ask('DELETE', $parens), 204, 'deleted';
    };
}


# $entity

create(id => 'one', displayName => 'd', assignments => [{ id => 'x' }]);
create(id => 'a b/c', '@odata.type' => "#$windows");
my $get = ask('GET', API . '/one');
my $root = 'http://localhost/beta';

for my $url ("$root/$of/one", "$root/$of('one')", "/beta/$of/one",
    "/beta/$of('one')", "$of/one", "$of('one')", 'clientConfigurations/one',
    "clientConfigurations('one')", "$root/$of/%6Fne", "$of('%6Fne')",
    "HTTP://LOCALHOST/beta/$of/one", "$of/one/$base")
{
    for my $id ($url, encoded($url)) {
        next if $id =~ /%6F/;         # the query is decoded first
        my $r = ask('GET', "/beta/\$entity?\$id=$id");
        answer_is $r, 200, '$id=' . printable($id);
        is $r->body, $get->body, 'A7: the entity';
        is $r->header('ETag'), $get->header('ETag'), 'its ETag';
    }
}

{
    my $other = ask('GET', API . "('a%20b%2Fc')");
    answer_is $other, 200, 'one with a slash';

    for my $url ("$root/$of('a%20b%2Fc')", "$root/$of/a%20b%2Fc",
                 "$of('a%20b%2Fc')", "/beta/$of/a%20b%2fc")
    {
        is ask('GET', '/beta/$entity?$id=' . encoded($url))->body,
           $other->body, 'encoded twice: ' . printable($url);
    }

    is ask('GET', "/beta/\$entity?\$id=$of/one/assignments/x")->body,
       ask('GET', API . '/one/assignments/x')->body, 'an assignment';
    is ask('GET', "/beta/\$entity?\$id=$of('one')/assignments('x')")->body,
       ask('GET', API . '/one/assignments/x')->body, 'keys in parentheses';
    is ask('GET', "/beta/\$entity?\$id=$_")->body, ask('GET', BASE)->body,
       "the singleton: $_" for 'officeConfiguration',
        "$root/officeConfiguration", '/beta/officeConfiguration';
    is ask('GET', "/beta/$_=$of/one")->body, $get->body, "as $_"
        for '$entity?%24id', '$entity?$ID', '%24entity?$id', '$entity/?$id',
            '$entity?x=y&$id';

    my $tag = $get->header('ETag');
    my $r = ask('GET', "/beta/\$entity?\$id=$of/one", 'If-None-Match' => $tag);
    answer_is $r, 304, 'If-None-Match';
    is $r->header('ETag'), $tag, 'its ETag';
    error_is ask('GET', "/beta/\$entity?\$id=$of/one", 'If-Match' => '"x"'),
             412, undef, 'If-Match';

    my ($one, $head) = map { $t->request($_, "/beta/\$entity?\$id=$of/one") }
                       qw(GET HEAD);
    my @lines = map { $_->raw_head =~ s/(?:request-id|Date): \K[^\r]*//gr }
                ($head, $one);
    is $lines[0], $lines[1], 'HEAD has the headers of GET';

    my $based = '/based/beta/$entity?$id=';
    answer_is ask('GET', $based . "https://graph.example/x/y/$of/one"), 200,
              'at the address that is configured';
    answer_is ask('GET', $based . "$of/one"), 200, 'and relative to it';
    error_is ask('GET', $based . "http://localhost/based/beta2/$of/one"), 404,
             undef, 'but not at another';
    error_is ask('GET', "/tenant/beta/\$entity?\$id=$of/one"), 404, undef,
             "another tenant's";
}

# segments of dots mean what they mean in any URL (RFC 3986, 5.2.4)

for my $url ("$of/../clientConfigurations/one", "./$of/one", "../beta/$of/one",
    "$root/./$of/two/../one", "$of/%2E%2E/clientConfigurations/./one",
    "http://localhost/beta/x/../$of('one')", "./x/..//$of/one")
{
    my $r = ask('GET', '/beta/$entity?$id=' . encoded($url));
    next if $url =~ m{//$of} and error_is $r, 404, undef, 'an empty segment';
    is json_item($r, 'id'), 'one', '$id=' . printable($url);
}

for my $url ("$of/none", "$of/ONE", "$of('none')", "$root/$of/none", $of,
    "$root/$of", "$of/\$count", "$of/one/displayName", "$of/one/assignments",
    "$of/one/assignments/none", "$of/one/policyPayload", "$of/one/$windows",
    "$of/one/assign", 'x', '/', '//', "//localhost/beta/$of/one", 'one',
    "http://other/beta/$of/one", "https://localhost/beta/$of/one",
    "http://localhost:81/beta/$of/one", "http://localhost.x/beta/$of/one",
    "http://localhost/betax/$of/one", "http://localhost/$of/one",
    "http://localhost", "$root/$of/one?x", "$root/$of/one#x", "$of/one/..",
    "../$of/one", "./", ".", "..", ".$of/one", "$of/../../../$of/one",
    "$root/../beta/$of/one", "../../beta/$of/one", '$entity', '$metadata',
    "$of('one", "$of(one)", "$of('one')('one')", "$of/%FF", "$of/%00",
    "$of/" . 'x' x 257, 'mailto:one', ' ', '/beta')
{
    error_is ask('GET', '/beta/$entity?$id=' . encoded($url)), 404, undef,
             '$id=' . printable($url);
}

error_is ask('GET', "/beta/\$entity$_"), 400, undef, "\$entity$_"
    for '', '?', '?$id=', '?$id', '?x=y',
        "?\$id=$of/one&\$id=$of/one", '?$id=%', "?\$id=$of/one&\$x=1";
error_is ask('GET', "/beta/\$entity?\$id=$of/one&$_"), 501, $_ =~ s/=.*//r,
         "\$entity with $_" for '$filter=x', '$top=1', '$orderby=id';
error_is ask($_, "/beta/\$entity?\$id=$of/one"), 405, undef, $_
    for 'POST', 'PATCH', 'PUT', 'DELETE';
error_is ask('GET', '/beta/$entity/x'), 404, undef, 'below it';
error_is ask('GET', BASE . '/$entity'), 404, undef, 'elsewhere';
error_is ask('GET', "/beta/\$entity?\$id=$of/one", Accept => 'text/html'),
         406, undef, 'not acceptable';

answer_is ask('GET', API . '/one'), 200, 'it is as before';
is ask('GET', API . '/one')->body, $get->body, 'to the byte';

$t->done;
