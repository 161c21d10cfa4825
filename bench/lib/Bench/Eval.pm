package Bench::Eval;

# What expressions of $filter cost on a configuration, without any server.

use strict;
use warnings;

my $target = 3000;

# in: options, bench => this folder, cores => as the runner's;
# out: text, true if the target is met by the first expression
sub measure {
    my ($o, %a) = @_;
    my $root = "$a{bench}/..";
    my $program = 'build/bench/eval_bench';

    # not one of the caller's make, whose variables are for the module
    local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};

    system(qw(make -s -C), $root, qw(-f t/native.mk KIND=bench)) == 0
        or die "bench/native does not build\n";

    open my $fh, '-|', 'taskset', '-c', $a{cores}{server}, "$root/$program",
        $o->{duration} or die "taskset: $!\n";
    my @lines = <$fh>;
    close $fh or die "$program failed\n";

    my ($first) = $lines[0] =~ /^\s*(\d+) ns/ or die "$program: @lines";
    my $met = $first <= $target;

    return (join('', @lines)
            . sprintf("the first one: %d ns  (target <= %d)  %s\n", $first,
                      $target, $met ? 'PASS' : 'MISS'), $met);
}

1;
