# The C unit tests, t/unit/*_test.c, under AddressSanitizer and UBSan.

use strict;
use warnings;

use Test::More;

use OfficeConfig::Native qw(build_native output_of);

my @programs = build_native('unit');
plan skip_all => 'there is none' unless @programs;

for my $program (@programs) {
    my ($status, $text) = output_of($program);
    my ($name) = $program =~ m{([^/]+)$};

    subtest $name => sub {
        my ($count, $plan) = (0, -1);

        for my $line (split /\n/, $text) {
            if ($line =~ /^(not )?ok \d+(?: - (.*))?$/) {
                $count++;
                ok !$1, $2;

            } elsif ($line =~ /^1\.\.(\d+)$/) {
                $plan = $1;

            } else {
                diag $line;
            }
        }

        is $plan, $count, 'it came to its end';
        is $status, 0, 'exit status';
    };
}

done_testing;
