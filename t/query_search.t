# $search: words, phrases, AND, OR, NOT and parentheses over what a collection
# says in words, against a small model.

use OfficeConfig::Test;

use utf8;
use feature qw(unicode_strings);

use JSON::PP ();

use OfficeConfig::Api;

my $seed = $ENV{OC_SEED} // time;
srand $seed;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->nginx(http => $t->api_conf(redis => $redis,
    location => 'office_config_page_size 1000;',
    server => 'keepalive_requests 1000000;'));
my $ask = client($t);

sub ask { $ask->(@_) }
sub pick { $_[rand @_] }

sub encoded {
    my ($text) = @_;
    utf8::encode($text);
    $text =~ s/([^\w-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

my @words = qw(red green blue red greenhouse Blueberry sales);
my @all;

for my $n (1 .. 150) {
    my %json = (id => sprintf 'k%03d', $n);
    $json{displayName} = join ' ', map { pick(@words) } 1 .. 1 + rand 4
        if rand() < 0.9;
    $json{description} = join ', ', map { pick(@words) } 1 .. 1 + rand 3
        if rand() < 0.5;
    my $r = ask('POST', API, json => \%json);
    die $r->text if $r->status != 201;
    push @all, \%json;
}

# texts($item): its words, each text by itself

sub texts { map { [split /[ ,]+/, lc] } grep { defined }
            $_[0]{displayName}, $_[0]{description} }

sub has_word {
    my ($item, $word) = @_;
    return 0 + !!grep { index($_, lc $word) == 0 } map { @$_ } texts($item);
}

sub has_phrase {
    my ($item, @phrase) = @_;

    for my $text (texts($item)) {
        for my $at (0 .. @$text - @phrase) {
            return 1 if !grep { $text->[$at + $_] ne lc $phrase[$_] }
                        0 .. $#phrase;
        }
    }

    return 0;
}

sub search {
    my ($depth) = @_;
    my $kind = $depth ? rand : rand 0.4;

    if ($kind < 0.4) {
        my $word = pick(@words, 'gre', 'BLUE', 'b', 'nothing', 'house');
        return ($word, sub { has_word($_[0], $word) });
    }

    my ($one, $first) = search($depth - 1);

    return ("NOT ($one)", sub { 0 + !$first->($_[0]) }) if $kind < 0.55;

    my ($two, $second) = search($depth - 1);

    return ("($one) AND ($two)",
            sub { 0 + ($first->($_[0]) && $second->($_[0])) })
        if $kind < 0.8;

    return ("($one) OR ($two)",
            sub { 0 + ($first->($_[0]) || $second->($_[0])) });
}

sub found {
    my ($query) = @_;
    my $r = ask('GET', API . "?$query");
    return $r->status . ' ' . $r->body if $r->status != 200;
    return join ' ', map { $_->{id} } @{$r->json->{value}};
}

sub wanted { my ($code) = @_;
             join ' ', map { $_->{id} } grep { $code->($_) } @all }

my $failed = 0;

for my $round (1 .. 120) {
    last if $failed > 3;
    my ($one, $first) = search(2);
    my ($two, $second) = search(1);
    my $or = rand() < 0.4;
    my $text = $or ? "($one) OR ($two)" : "($one) AND ($two)";
    my $want = wanted(sub { my ($v, $w) = ($first->($_[0]), $second->($_[0]));
                            $or ? $v || $w : $v && $w });
    my $got = found('$search=' . encoded($text));
    next if $got eq $want;
    $failed++;
    fail $text;
    diag "OC_SEED=$seed\ngot  $got\nwant $want";
}

is $failed, 0, 'A5: random searches are as in the model';

is found('$search=%22red%20green%22'),
   wanted(sub { has_phrase($_[0], 'red', 'green') }), 'A5: a phrase';
is found('$search=red%20blue'),
   wanted(sub { has_word($_[0], 'red') && has_word($_[0], 'blue') }),
   'words next to each other are both wanted';
is found('$search=red&$filter=contains(displayName,%27blue%27)'),
   wanted(sub { has_word($_[0], 'red')
                && index($_[0]{displayName} // '', 'blue') >= 0 }),
   'I5: with a $filter';
is found('$search=nothing'), '', 'I5: nothing is found';
is ask('GET', API . '/$count?$search=red')->body,
   scalar(split ' ', wanted(sub { has_word($_[0], 'red') })),
   'A1: /$count honours $search';
is json_item(ask('GET', API . '?$search=red&$count=true&$top=1'),
             '@odata.count'),
   scalar(split ' ', wanted(sub { has_word($_[0], 'red') })),
   'so does $count=true';

{
    my @pages;
    my $path = API . '?$search=red&$orderby=displayName%20desc';
    while (defined $path) {
        my $r = ask('GET', $path, headers => [Prefer => 'maxpagesize=7']);
        push @pages, map { $_->{id} } @{$r->json->{value}};
        $path = json_item($r, '@odata.nextLink');
        $path = path_of($path) if defined $path;
    }
    is join(' ', sort @pages), wanted(sub { has_word($_[0], 'red') }),
       'in pages';
}

for my $case ([400, ''], [400, '(red'], [400, '%22red'], [400, 'red)'])
{
    error_is ask('GET', API . "?\$search=$case->[1]"), $case->[0], '$search',
             "M7: '$case->[1]'";
}


# the other collections

{
    my $r = ask('POST', API . '/k001/checkinStatuses', json => [map { {
        userId => "user$_", deviceName => "device $_ of floor",
        userPrincipalName => "name$_\@example.com",
        errorMessage => $_ % 2 ? 'disk full' : undef, wasSuccessful =>
        $_ % 2 ? JSON::PP::false : JSON::PP::true,
        checkinDateTime => recent() } } 1 .. 9]);
    die $r->text if $r->status != 200;

    for my $at (API . '/k001/checkinStatuses', BASE . '/tenantCheckinStatuses')
    {
        $r = ask('GET', "$at?\$search=disk&\$orderby=deviceName");
        is_deeply [map { $_->{deviceName} } @{$r->json->{value}}],
                  [map { "device $_ of floor" } 1, 3, 5, 7, 9],
                  "$at: check-ins";
        is ask('GET', "$at/\$count?\$search=NOT%20disk")->body, 4, 'counted';
    }

    $r = ask('POST', API . '/k001/assign', json => {
        officeConfigurationAssignments => [map { { id => "a$_", target => {
            '@odata.type' => '#microsoft.graph.'
                . 'officeConfigurationGroupAssignmentTarget',
            groupId => "group-$_" } } } 1 .. 5] });
    die $r->text if $r->status != 200;
    is_deeply [map { $_->{id} } @{ask('GET', API . '/k001/assignments'
                                      . '?$search=a3')->json->{value}}],
              ['a3'], 'assignments';
}

$t->done;
