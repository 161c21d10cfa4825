# $expand=assignments with nested options, of one configuration and of a page
# of them, and $select beside it.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->nginx(http => $t->api_conf(redis => $redis,
    location => 'office_config_page_size 4 max=50;',
    server => 'keepalive_requests 1000000; client_body_buffer_size 1m;'));
my $ask = client($t);
my $group = '#microsoft.graph.officeConfigurationGroupAssignmentTarget';
my $context = 'http://localhost/beta/$metadata#officeConfiguration/'
              . 'clientConfigurations';

sub ask { $ask->(@_) }

for my $n (1 .. 9) {
    my $r = ask('POST', API, json => {
        id => "c$n", displayName => "name $n", priority => 10 - $n,
        assignments => [map { { id => "a$_", target => $_ == 3 ? undef : {
            '@odata.type' => $group, groupId => 'g' . $_ % 2 } } }
            1 .. $n - 1] });
    die $r->text if $r->status != 201;
}

sub encoded { my ($s) = @_; $s =~ s/ /%20/g; $s =~ s/#/%23/g; $s }

# each($query): the configurations of all pages

sub each_of {
    my ($query) = @_;
    my ($path, @all) = (API . '?' . encoded($query));

    while (defined $path) {
        my $r = ask('GET', $path);
        if ($r->status != 200) { diag $r->text; return }
        push @all, @{$r->json->{value}};
        $path = json_item($r, '@odata.nextLink');
        $path = path_of($path) if defined $path;
    }

    return @all;
}

# what each nested option leaves of the assignments of configuration n

my %case = (
    '' => sub { 1 .. $_[0] - 1 },
    '$top=2' => sub { grep { $_ <= 2 } 1 .. $_[0] - 1 },
    '$skip=2' => sub { grep { $_ > 2 } 1 .. $_[0] - 1 },
    '$top=2;$skip=1' => sub { grep { $_ == 2 || $_ == 3 } 1 .. $_[0] - 1 },
    '$orderby=id desc' => sub { reverse 1 .. $_[0] - 1 },
    '$orderby=id desc;$top=1' => sub { $_[0] > 1 ? $_[0] - 1 : () },
    q{$filter=id eq 'a2'} => sub { grep { $_ == 2 } 1 .. $_[0] - 1 },
    q{$filter=target eq null} => sub { grep { $_ == 3 } 1 .. $_[0] - 1 },
    q{$filter=id ne 'a1';$orderby=id desc} =>
        sub { reverse grep { $_ != 1 } 1 .. $_[0] - 1 },
    '$search=a2' => sub { grep { $_ == 2 } 1 .. $_[0] - 1 },
    'top=2' => sub { grep { $_ <= 2 } 1 .. $_[0] - 1 },
    '$count=true;$top=1' => sub { grep { $_ <= 1 } 1 .. $_[0] - 1 },
    '$select=id' => sub { 1 .. $_[0] - 1 },
);

for my $options (sort keys %case) {
    my $expand = '$expand=assignments' . ($options ne '' ? "($options)" : '');
    my @all = each_of($expand);
    is scalar @all, 9, "A4: $expand: of all pages";

    for my $item (@all) {
        my ($n) = $item->{id} =~ /(\d+)/;
        my @want = map { "a$_" } $case{$options}->($n);
        is_deeply [map { $_->{id} } @{$item->{assignments}}], \@want,
                  "A4: $options: of configuration $n";
        is $item->{'assignments@odata.count'}, $n - 1, 'with their number'
            if $options =~ /count/;
        is_deeply [sort map { keys %$_ } @{$item->{assignments}}],
                  [sort map { ('@odata.etag', 'id') } @want],
                  'N3: nothing but the id' if $options =~ /select/;
    }

    my $r = ask('GET', API . '/c6?' . encoded($expand));
    answer_is $r, 200, "$expand: of one";
    json_is $r->json->{assignments}, $all[5]{assignments}, 'the same';
}

# what $select leaves, and the order of a page

{
    my @all = each_of('$select=displayName&$expand=assignments($top=1)'
                      . '&$orderby=priority');
    is_deeply [map { $_->{displayName} } @all],
              [map { "name $_" } reverse 1 .. 9], 'with an order';
    is_deeply [sort keys %{$all[0]}], ['@odata.etag', '@odata.id',
                                       'assignments', 'displayName'],
              'and a selection';
    @all = each_of(q{$filter=assignments/any(a:a/id eq 'a5')&$expand=}
                   . 'assignments($filter=id gt \'a4\')&$orderby=displayName');
    is_deeply [map { [$_->{id}, map { $_->{id} } @{$_->{assignments}}] } @all],
              [['c6', 'a5'], ['c7', 'a5', 'a6'], ['c8', 'a5', 'a6', 'a7'],
               ['c9', 'a5' .. 'a8']], 'and a filter';
}

for my $case (
    ['$select=id,displayName', '(id,displayName)'],
    ['$expand=assignments', '(assignments())'],
    ['$expand=assignments($select=id)', '(assignments(id))'],
    ['$select=id&$expand=assignments', '(id,assignments())'])
{
    my ($query, $shape) = @$case;
    is json_item(ask('GET', API . "?$query"), '@odata.context'),
       "$context$shape", "the context URL of $query";
    is json_item(ask('GET', API . "/c1?$query"), '@odata.context'),
       "$context$shape/\$entity", 'and of one';
}

# references, and numbers

{
    my ($item) = grep { $_->{id} eq 'c3' } each_of('$expand=assignments/$ref');
    is_deeply $item->{assignments}, [map { {
        '@odata.id' => 'http://localhost' . API . "/c3/assignments/$_"
    } } 'a1', 'a2'], 'A4: references';
    answer_is ask('GET', path_of($item->{assignments}[0]{'@odata.id'})), 200,
              'which lead to them';
    ($item) = grep { $_->{id} eq 'c5' }
              each_of('$expand=assignments/$count');
    is $item->{'assignments@odata.count'}, 4, 'A4: their number';
    ok !exists $item->{assignments}, 'alone';
}

for my $case ([400, 'nothing'], [400, ''], [400, 'assignments('],
              [400, 'assignments($filter=)'], [400, 'assignments($top=x)'],
              [400, 'assignments($nothing=1)'],
              [400, 'assignments($filter=nothing eq 1)'],
              [400, q{assignments($filter=1 div 0 eq 1)}],
              [501, 'assignments($levels=2)'])
{
    my ($status, $text) = @$case;
    error_is ask('GET', "$_?\$expand=" . encoded($text)), $status, undef,
             "M7: $status: $text" for API, API . '/c9';
}

like ask('GET', API . '?$expand=assignments($levels=2)')->json->{error}{message},
     qr/^\$levels is not supported/, 'it is said what is not supported';

# a page with large assignments ends early, and goes on

{
    my $large = 'x' x 300_000;

    for my $n (1 .. 6) {
        ask("POST", API . "/c$n/assignments", json => {
            id => "large$_", target => { '@odata.type' => $group,
                                         groupId => $large } }) for 1 .. 4;
    }

    my %seen;
    for my $order ('', '&$orderby=priority', '&$orderby=displayName') {
        my %seen;
        $seen{$_->{id}}++ for each_of('$expand=assignments' . $order);
        is_deeply \%seen, { map { ("c$_" => 1) } 1 .. 9 },
                  "each once$order";
    }

    my $r = ask('GET', API . '?$expand=assignments',
                headers => [Prefer => 'odata.maxpagesize=50']);
    cmp_ok length $r->body, '<', 8_000_000, 'no page is too large';
    cmp_ok scalar @{$r->json->{value}}, '<', 6, 'it ends early';
}

$t->done;
