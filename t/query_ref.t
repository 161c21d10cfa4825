# GET of $ref: the entities of a collection as references, which are their
# URLs, with the options of the collection; where full control information
# says that the association is.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
$t->nginx(http => $t->api_conf(redis => $t->redis,
    location => 'office_config_page_size 100;',
    server => 'keepalive_requests 1000000;'));
my $ask = client($t);
my $type = 'microsoft.graph.windowsOfficeClientConfiguration';
my $root = 'http://localhost';
my @odd = ("it's", '$count', 'a b/c', "Zo\xeb");
my @ids = sort { $a cmp $b } (map { "k$_" } 1 .. 6), @odd;

sub ask { $ask->(@_) }

for my $id (@ids) {
    my ($n) = $id =~ /^k(\d)/;
    my $r = ask('POST', API, json => {
        id => $id, priority => $n ? 10 - $n : 50, displayName => "name of $id",
        $n && $n % 2 ? ('@odata.type' => "#$type") : (),
        assignments => [map { { id => $_ } } $n && $n == 6 ? ('a', @odd)
                                                           : ()] });
    die $r->text if $r->status != 201;
}

# ids($path, $of, @options): the ids of what a list of references names, page
# by page; each of them is what its GET says of the entity's URL

sub ids {
    my ($path, %headers) = @_;
    my @ids;

    while (defined $path) {
        my $r = ask('GET', $path, headers => [%headers]);
        return $r->status . ' ' . $r->body if $r->status != 200;
        my $json = $r->json;

        is $json->{'@odata.context'}, "$root/beta/\$metadata#Collection(\$ref)",
           'the context';

        for my $one (@{$json->{value}}) {
            is_deeply [keys %$one], ['@odata.id'], 'a reference, alone';
            my $entity = ask('GET', path_of($one->{'@odata.id'}));
            answer_is $entity, 200, 'what it refers to';
            push @ids, json_item($entity, 'id');
        }

        my $link = $json->{'@odata.nextLink'};
        like $link, qr{/\$ref\?}, 'more references' if defined $link;
        $path = defined $link ? path_of($link) : undef;
    }

    return join '|', @ids;
}

my $all = API . '/$ref';
my $some = API . '/k6/assignments/$ref';

for my $size (100, 4, 1) {
    my @prefer = (Prefer => "maxpagesize=$size");
    is ids($all, @prefer), join('|', @ids), "all, $size on a page";
    is ids($some, @prefer), join('|', sort { $a cmp $b } 'a', @odd),
       'assignments';
    is ids(API . "/$type/\$ref", @prefer), 'k1|k3|k5', 'of a type';
    is ids("$all?\$orderby=priority&\$top=5", @prefer),
       'k6|k5|k4|k3|k2', 'in an order, the first of them';
    is ids("$all?\$orderby=displayName%20desc&\$filter=startswith(id,'k')"
           . '&$skip=1', @prefer), 'k5|k4|k3|k2|k1', 'some of them';
    is ids("$some?\$filter=length(id)%20gt%203&\$orderby=id%20desc", @prefer),
       join('|', sort { $b cmp $a } grep { length > 3 } @odd),
       'some assignments';
}

is ids("$all?\$search=%22name%20of%20k3%22"), 'k3', '$search';
is json_item(ask('GET', "$all?\$count=true&\$top=1"), '@odata.count'),
   scalar @ids, '$count';
is ids(API . '/k1/assignments/$ref'), '', 'none';
is ids(API . '/microsoft.graph.windowsOfficeClientSecurityConfiguration/$ref'),
   '', 'none of a type';
error_is ask('GET', API . '/none/assignments/$ref'), 404, undef,
         'of what is not there';


# formats: the link to the association leads here

for my $level (qw(full none)) {
    my $accept = "application/json;odata.metadata=$level";
    my $r = ask('GET', $some, headers => [Accept => $accept]);
    is_deeply $r->json->{value},
              ask('GET', $some)->json->{value}, "the same at the level $level";
}

{
    my $r = ask('GET', API . '/k6', headers => [
        Accept => 'application/json;odata.metadata=full']);
    my $link = json_item($r, 'assignments@odata.associationLink');
    is path_of($link), $some, 'the link';
    is ask('GET', path_of($link))->status, 200, 'has what it says';
    is_deeply [map { $_->{'@odata.id'} } @{ask('GET', $some)->json->{value}}],
              [map { $_->{'@odata.id'} } @{json_item(ask('GET', API
                  . '/k6?$expand=assignments/$ref'), 'assignments')}],
              'A4: as $expand has them';
}

answer_is ask('HEAD', $all), 200, 'HEAD', method => 'HEAD';
like ask('GET', $all)->header('Vary'), qr/\bPrefer\b/, 'N9: Vary';


# a reference has no properties; a token of these is not one of the others

for my $path ($all, $some) {
    error_is ask('GET', "$path?\$$_"), 501, "\$$_" =~ s/=.*//r, "$path, $_"
        for 'select=id', 'expand=assignments';
    error_is ask('GET', "$path?\$filter=nothing"), 400, '$filter', 'malformed';

    my $link = ask('GET', $path, headers => [Prefer => 'maxpagesize=1'])
               ->json->{'@odata.nextLink'};
    error_is ask('GET', path_of($link) =~ s{/\$ref}{}r), 400, '$skiptoken',
             'a token of references';
}

$t->done;
