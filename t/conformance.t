# The table of conformance in README: every line is there, and what it says is
# supported is named in a test that it names.

use OfficeConfig::Test;

my $text = do {
    open my $fh, '<', ROOT . '/README.md' or die "README.md: $!\n";
    local $/;
    <$fh>;
};

my ($section) = $text =~ /^## Conformance\n(.*?)^## /ms;
my %row;

for my $line (split /\n/, $section // '') {
    my ($name, $what, $supported, $shown) = $line
        =~ /^\| ([MUIAN]\d+) \| (.*?) \|(?: (.*?))? \|(?: (.*?))? \|$/ or next;
    ok !$row{$name}, "$name once";
    $row{$name} = { what => $what, supported => $supported // '',
                    files => [($shown // '') =~ /`([^`]+)`/g] };
}

my %last = (M => 10, U => 19, I => 5, A => 7, N => 9);
my %absent = map { $_ => 1 } qw(U13 N2 N6);      # the standard's, not ours

for my $letter (sort keys %last) {
    for my $name (map { "$letter$_" } 1 .. $last{$letter}) {
        my $row = $row{$name};
        next unless ok $row, "$name is in the table";

        if ($absent{$name}) {
            is $row->{what}, "\xe2\x80\x93",
               'and says nothing';
            next;
        }

        like $row->{supported}, qr/^(?:yes|no|in part)\b/,
             'supported or not';
        next if $row->{supported} eq 'no';

        my @missing = grep { !-f ROOT . "/$_" } @{$row->{files}};
        is "@missing", '', 'its tests are there';
        ok scalar(grep { named($_, $name) } @{$row->{files}}),
           "one of them names $name" or diag "@{$row->{files}}";
    }
}

done_testing;


sub named {
    my ($file, $name) = @_;
    open my $fh, '<', ROOT . "/$file" or return 0;
    return scalar grep { /\b$name\b/ } <$fh>;
}
