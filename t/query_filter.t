# $filter and $orderby on collections: random queries against a small model in
# Perl over the same data, in one page and in many; what is kept apart from the
# JSON of a configuration; what is malformed or not supported.

use OfficeConfig::Test;

use utf8;
use feature 'unicode_strings';

use JSON::PP ();

use OfficeConfig::Api;

my $seed = $ENV{OC_SEED} // time;
srand $seed;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $nginx = $t->nginx(http => $t->api_conf(redis => $redis,
    location => 'office_config_page_size 1000; office_config_inline_checkins 2;',
    server => 'keepalive_requests 1000000; '
              . 'large_client_header_buffers 8 64k;'));
my $ask = client($t);
my ($true, $false) = (JSON::PP::true, JSON::PP::false);

sub pick { $_[rand @_] }
sub ask { $ask->(@_) }

sub encoded {
    my ($text) = @_;
    utf8::encode($text);
    $text =~ s/([^\w'.,()\/:*-])/sprintf '%%%02X', ord $1/ge;
    return $text;
}


# the data: more than a chunk of configurations

my @words = ('Sales', 'sales', 'Finance', "it's", "\x{c4}pfel", '', 'a b',
             'Zürich', 'x');
my (@all, %by_id);

for my $n (1 .. 160) {
    my %json = (id => sprintf('k%03d', $n * 37 % 1000), priority => pick(-5 .. 9));
    $json{displayName} = pick(@words) . pick('', 1 .. 3) if rand() < 0.8;
    $json{description} = pick(@words) if rand() < 0.5;
    $json{'@odata.type'} = '#microsoft.graph.windowsOfficeClientConfiguration'
        if rand() < 0.2;
    $json{assignments} = [map { { id => "a$_", target => rand() < 0.3 ? undef : {
        '@odata.type' => '#microsoft.graph.'
            . 'officeConfigurationGroupAssignmentTarget',
        groupId => rand() < 0.2 ? undef : 'g' . int rand 4 } } }
        1 .. pick(0, 0, 1, 3)];

    my $r = ask('POST', API, json => \%json);
    die $r->text if $r->status != 201;

    $json{checkins} = [];

    for my $device (1 .. pick(0, 0, 0, 1, 2, 5)) {
        my %status = (userId => 'u' . int rand 3, deviceName => "d$device",
            wasSuccessful => pick($true, $false), devicePlatform =>
            pick(undef, 'windows', 'mac'), checkinDateTime =>
            recent(1 + int rand 20) =~ s/T\d\d:\d\d:\d\d/
                sprintf 'T0%d:00:00', int rand 10/er);
        my $r = ask('POST', API . "/$json{id}/checkinStatuses",
                    json => \%status);
        die $r->text if $r->status != 204;
        push @{$json{checkins}}, \%status;
    }

    # nobody has checked in for so long, or that one has failed
    my %failed;
    $failed{$_->{userId}} |= !$_->{wasSuccessful} for @{$json{checkins}};
    $json{failed} = grep { $_ } values %failed;
    $json{succeeded} = grep { !$_ } values %failed;

    push @all, \%json;
    $by_id{$json{id}} = \%json;
}


# a random condition: its text, and what it is of an item: 1, 0 or undef

sub quoted { my ($s) = @_; $s =~ s/'/''/g; return "'$s'" }

my %compare = (
    eq => sub { $_[0] == 0 }, ne => sub { $_[0] != 0 },
    gt => sub { $_[0] > 0 }, ge => sub { $_[0] >= 0 },
    lt => sub { $_[0] < 0 }, le => sub { $_[0] <= 0 },
);

# compared($operator, $value, $constant, $numbers): with null only eq and ne
# have something to say

sub compared {
    my ($op, $value, $constant, $numbers) = @_;

    if (!defined $value || !defined $constant) {
        my $equal = !defined $value && !defined $constant;
        return $op eq 'eq' ? 0 + $equal : $op eq 'ne' ? 0 + !$equal : 0;
    }

    return 0 + !!$compare{$op}->($numbers ? $value <=> $constant
                                          : $value cmp $constant);
}

sub text_condition {
    my ($property) = @_;
    my $name = "$property";
    my $word = pick(@words);

    return pick(
        sub {
            my $op = pick(sort keys %compare);
            return ("$name $op " . quoted($word),
                    sub { compared($op, $_[0]{$property}, $word) });
        },
        sub {
            my $op = pick('eq', 'ne');
            return ("$name $op null",
                    sub { compared($op, $_[0]{$property}, undef) });
        },
        sub {
            return ("contains($name," . quoted($word) . ')', sub {
                defined $_[0]{$property}
                    ? 0 + (index($_[0]{$property}, $word) >= 0) : undef;
            });
        },
        sub {
            return ("startswith(tolower($name)," . quoted(lc $word) . ')',
                sub {
                    defined $_[0]{$property}
                        ? 0 + (index(lc $_[0]{$property}, lc $word) == 0)
                        : undef;
                });
        },
        sub {
            my $n = int rand 8;
            return ("length($name) gt $n", sub {
                compared('gt', defined $_[0]{$property}
                               ? length $_[0]{$property} : undef, $n, 1);
            });
        },
        sub {
            my @list = map { pick(@words) } 1 .. 3;
            return ("$name in (" . join(',', map { quoted($_) } @list) . ')',
                sub {
                    my ($item) = @_;
                    0 + !!grep { defined $item->{$property}
                                 && $item->{$property} eq $_ } @list;
                });
        },
    )->();
}

sub number_condition {
    my ($text, $value) = @{$_[0]};
    my ($op, $n) = (pick(sort keys %compare), pick(-3 .. 6));
    return ("$text $op $n", sub { compared($op, $value->($_[0]), $n, 1) });
}

sub lambda_condition {
    my $how = pick('any', 'all');

    return pick(
        sub {
            my $ok = pick('true', 'false');
            return ("checkinStatuses/$how(c:c/wasSuccessful eq $ok)", sub {
                my @got = map { ($_->{wasSuccessful} ? 'true' : 'false')
                                eq $ok } @{$_[0]{checkins}};
                return $how eq 'any' ? 0 + !!grep({ $_ } @got)
                                     : 0 + !grep { !$_ } @got;
            });
        },
        sub {
            my $group = 'g' . int rand 4;
            return ("assignments/$how(a:a/id eq 'a1' or a/id eq '$group')",
                sub {
                    my @got = map { $_->{id} eq 'a1' || $_->{id} eq $group }
                              @{$_[0]{assignments}};
                    return $how eq 'any' ? 0 + !!grep({ $_ } @got)
                                         : 0 + !grep { !$_ } @got;
                });
        },
        sub {
            return ('checkinStatuses/any()',
                    sub { 0 + !!@{$_[0]{checkins}} });
        },
    )->();
}

sub condition {
    my ($depth) = @_;
    my $kind = $depth ? rand : rand 0.5;

    return text_condition(pick('displayName', 'description'))
        if $kind < 0.2;
    return number_condition(pick(
        ['priority', sub { $_[0]{priority} }],
        ['priority add 2', sub { $_[0]{priority} + 2 }],
        ['checkinStatuses/$count', sub { scalar @{$_[0]{checkins}} }],
        ['userCheckinSummary/failedUserCount', sub { $_[0]{failed} }],
        ['userCheckinSummary/succeededUserCount', sub { $_[0]{succeeded} }],
        ['assignments/$count', sub { scalar @{$_[0]{assignments}} }],
    )) if $kind < 0.35;
    return lambda_condition() if $kind < 0.5;

    my ($one, $first) = condition($depth - 1);

    if ($kind < 0.6) {
        return ("not ($one)", sub {
            my $v = $first->($_[0]);
            return defined $v ? 0 + !$v : undef;
        });
    }

    my ($two, $second) = condition($depth - 1);

    if ($kind < 0.8) {
        return ("($one) and ($two)", sub {
            my ($v, $w) = ($first->($_[0]), $second->($_[0]));
            return 0 if defined $v && !$v || defined $w && !$w;
            return defined $v && defined $w ? 1 : undef;
        });
    }

    return ("$one or ($two)", sub {
        my ($v, $w) = ($first->($_[0]), $second->($_[0]));
        return 1 if $v || $w;
        return defined $v && defined $w ? 0 : undef;
    });
}


# a random order: its text, and a comparison; nulls are first

my %key = (
    id => sub { $_[0]{id} },
    priority => sub { $_[0]{priority} },
    displayName => sub { $_[0]{displayName} },
    description => sub { $_[0]{description} },
    'userCheckinSummary/failedUserCount' => sub { $_[0]{failed} },
    'length(displayName)' => sub {
        defined $_[0]{displayName} ? length $_[0]{displayName} : undef },
    'checkinStatuses/$count' => sub { scalar @{$_[0]{checkins}} },
);

sub order {
    my @items = map { [pick(sort keys %key), pick('', ' asc', ' desc')] }
                1 .. pick(1, 1, 2, 3);

    return (join(',', map { $_->[0] . $_->[1] } @items), sub {
        my ($a, $b) = @_;

        for my $item (@items) {
            my ($x, $y) = map { $key{$item->[0]}->($_) } $a, $b;
            my $c = !defined $x || !defined $y ? defined($x) <=> defined($y)
                  : $item->[0] =~ /Count|priority|length|\$count/
                    ? $x <=> $y : $x cmp $y;
            $c = -$c if $item->[1] eq ' desc';
            return $c if $c;
        }

        return $a->{id} cmp $b->{id};
    });
}

my $rounds = $t->sanitized ? 120 : 250;
my $failed = 0;

for my $round (1 .. $rounds) {
    last if $failed > 3;
    my ($text, $matches) = rand() < 0.85 ? condition(3) : ('', sub { 1 });
    my ($order, $before) = rand() < 0.6 ? order()
                         : ('', sub { $_[0]{id} cmp $_[1]{id} });
    my $size = pick(1000, 1000, 7, 50);

    my @want = map { $_->{id} } sort { $before->($a, $b) }
               grep { $matches->($_) } @all;

    my @query = ($text ne '' ? '$filter=' . encoded($text) : (),
                 $order ne '' ? '$orderby=' . encoded($order) : (),
                 rand() < 0.3 ? '$count=true' : (), '$select=id');
    my $path = API . '?' . join '&', @query;
    my (@got, $count);

    while (defined $path) {
        my $r = ask('GET', $path, headers => [Prefer => "maxpagesize=$size"]);
        if ($r->status != 200) {
            diag $r->text;
            @got = ();
            last;
        }
        push @got, map { $_->{id} } @{$r->json->{value}};
        $count //= $r->json->{'@odata.count'};
        my $link = $r->json->{'@odata.nextLink'};
        $path = defined $link ? path_of($link) : undef;
    }

    my $ok = "@got" eq "@want"
             && (!defined $count || $count == @want);

    if (rand() < 0.2) {
        my $r = ask('GET', API . '/$count' . ($text ne '' ? '?$filter='
                           . encoded($text) : ''));
        $ok &&= $r->body eq @want;
    }

    next if $ok;
    $failed++;
    fail "filter \"$text\", order \"$order\"";
    diag 'OC_SEED=', $seed, "\ngot  @got\nwant @want\ncount ",
         $count // 'none';
}

is $failed, 0, "I4, I5, A2, A3: $rounds random queries are as in the model";


# by name: the lines of the standard's conformance

sub ids {
    my ($query) = @_;
    my $r = ask('GET', API . "?$query");
    return $r->status . ' ' . $r->body if $r->status != 200;
    return join ' ', map { $_->{id} } @{$r->json->{value}};
}

sub wanted { my ($code) = @_;
             join ' ', sort map { $_->{id} } grep { $code->() } @all }

is ids(q{$filter=checkinStatuses/any(c:c/wasSuccessful eq false)}
       =~ s/ /%20/gr),
   wanted(sub { grep { !$_->{wasSuccessful} } @{$_->{checkins}} }),
   'A2: any over check-ins, all of them';
is ids(q{$filter=checkinStatuses/all(c:c/wasSuccessful)}),
   wanted(sub { !grep { !$_->{wasSuccessful} } @{$_->{checkins}} }),
   'A2: all over check-ins';
is ids('$filter=checkinStatuses/$count%20gt%202'),
   wanted(sub { @{$_->{checkins}} > 2 }), 'N8: $count of check-ins';
is ids('$filter=userCheckinSummary/failedUserCount%20gt%200'),
   wanted(sub { $_->{failed} > 0 }), 'a summary that is kept apart';
is ids(q{$filter=assignments/any(a:a/target%20ne%20null%20and%20isof(a/target,}
       . 'microsoft.graph.officeConfigurationGroupAssignmentTarget))'),
   wanted(sub { grep { $_->{target} } @{$_->{assignments}} }),
   'A2: any over assignments';
is ids(q{$filter=displayName%20eq%20@p&@p='Sales'}),
   ids(q{$filter=displayName%20eq%20'Sales'}), 'I4: a parameter alias';
is ids(q{$filter=displayName%20eq%20@p}), ids(q{$filter=displayName%20eq%20null}),
   'one that is not there is null';
is ids(q{filter=DISPLAYNAME%20EQ%20'Sales'}) =~ /^400/ ? 1 : 0, 1,
   'names of properties have a case';
is ids(q{FILTER=displayName%20EQ%20'Sales'}),
   ids(q{$filter=displayName%20eq%20'Sales'}), 'N1: operators have none';
is ids(q{%24filter=%64isplayName%20eq%20%27Sales%27}),
   ids(q{$filter=displayName%20eq%20'Sales'}), 'percent-encoded';

{
    my $type = 'microsoft.graph.windowsOfficeClientConfiguration';
    my @typed = grep { $_->{'@odata.type'} } @all;
    is ask('GET', API . "/$type/\$count")->body, scalar @typed,
       'A1: $count of a type';
    my $r = ask('GET', API . "/$type?\$filter=priority%20gt%202"
                       . '&$count=true');
    is join(' ', map { $_->{id} } @{$r->json->{value}}),
       join(' ', sort map { $_->{id} } grep { $_->{priority} > 2 } @typed),
       'I2: $filter of a type';
    is $r->json->{'@odata.count'}, scalar(grep { $_->{priority} > 2 } @typed),
       'counted';
    $r = ask('GET', API . "/$type?\$skip=3&\$top=4");
    is join(' ', map { $_->{id} } @{$r->json->{value}}),
       join(' ', (sort map { $_->{id} } @typed)[3 .. 6]), '$skip of a type';
}

for my $collection (API, API . '/k037/assignments', API
                    . '/k037/checkinStatuses', BASE . '/tenantCheckinStatuses')
{
    for my $case (
        [400, q{$filter=}], [400, '$filter=x'], [400, '$filter=1'],
        [400, q{$filter='a'%20eq}], [400, q{$filter=(true}],
        [400, '$filter=true)'], [400, q{$filter='a}],
        [400, '$filter=id%20eq%20$x'], [400, '$filter=contains(1)'],
        [400, '$orderby='], [400, '$orderby=1%20x'],
        [400, '$orderby=nothing'], [400, '$orderby=,'],
        [400, '$filter=@p%20eq%201&@p=)'], [400, '@=1'],
        [400, '@p=1&@p=2'], [501, '$compute=1'], [501, '$apply=x'],
        [501, '$deltatoken=x'], [501, '$index=1'])
    {
        my ($status, $query) = @$case;
        error_is ask('GET', "$collection?$query"), $status, undef,
                 "M7: $status: $query";
    }
}

like ask('GET', API . '?$filter=priority%20eq%20%27a')->json->{error}{message},
     qr/\bposition 14 of \$filter/, 'where it is wrong is said';
like ask('GET', API . '?$filter=@p%20eq%201&@p=1%20x')->json->{error}{message},
     qr/\bposition \d+ of \@p/, 'also in an alias';
error_is ask('GET', API . '?$filter=priority%20div%200%20eq%201'), 400,
         '$filter', 'a division by zero';
error_is ask('GET', API . '/$count?$filter=priority%20div%200%20eq%201'), 400,
         '$filter', 'also when counting';

# what a request looks at has a bound

{
    my $second = $t->nginx(http => $t->api_conf(redis => $redis,
        location => 'office_config_page_size 1000;'
                    . ' office_config_scan_limit 50;'));
    my $c = $t->connect(to => $second->port);
    my $windows = '/microsoft.graph.windowsOfficeClientConfiguration';

    for my $case (
        [q{?$filter=displayName%20eq%20'Sales'&$select=id},
         sub { ($_->{displayName} // '') eq 'Sales' }],
        ["$windows?\$select=id", sub { $_->{'@odata.type'} }])
    {
        my ($query, $which) = @$case;
        my $path = API . $query;
        my (@got, $pages);

        while (defined $path) {
            my $r = $t->connect(to => $second->port)->request('GET', $path);
            last if $r->status != 200;
            push @got, map { $_->{id} } @{$r->json->{value}};
            my $link = $r->json->{'@odata.nextLink'};
            $path = defined $link ? path_of($link) : undef;
            $pages++;
        }

        is "@got", wanted($which), "M3: a scan in parts finds all: $query";
        is $pages, 4, 'of 50 configurations each';
    }

    my $count = qr/without \$filter, \$search and a type\.$/;

    for my $case (
        ['?$orderby=displayName', '$orderby', qr/ Order by id or priority\.$/],
        ['/$count?$filter=priority%20gt%201', '$count', $count],
        ['?$count=true&$filter=priority%20gt%201', '$count', $count],
        ["$windows/\$count", '$count', $count],
        ["$windows?\$count=true", '$count', $count])
    {
        my ($query, $target, $says) = @$case;
        my $r = $t->connect(to => $second->port)->request('GET', API . $query);
        error_is $r, 501, $target,
                 "what needs all of them is refused: $query";
        like $r->json->{error}{message}, $says, 'and what to ask instead';
    }

    is $t->connect(to => $second->port)->request('GET', API . $_)->status,
       200, "but not $_"
        for '/$count', '?$orderby=priority', '?$count=true', '';
}

$t->done;
