package Bench::Report;

# Figures to text: the table, the ratios and their targets.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(table ratios disturbed);

# name, numerator, denominator, target (at most), whose CPU if not the sum
my @ratios = (
    ['create', 'module-create', 'echo-create', 3.0],
    ['create', 'module-create', 'lua-create', 0.5],
    ['plain', 'module-create-plain', 'echo-create-plain', 3.0],
    ['get', 'module-get', 'return200-get', 1.8],
    ['get', 'module-get', 'lua-get', 0.6],
    ['token', 'module-get-jwt', 'module-get', 1.15],
    ['page', 'module-page-100k', 'module-page-1k', 1.2],
    ['order', 'module-order-100k', 'module-order-1k', 1.2],
    ['checkin', 'module-checkin-1m', 'echo-checkin', 3.0],
    ['redis', 'module-checkin-1m', 'module-checkin-1k', 1.3, 'redis'],
);

# in: numbers; out: the middle one
sub median {
    my @v = sort { $a <=> $b } @_;

    return @v % 2 ? $v[$#v / 2] : ($v[@v / 2 - 1] + $v[@v / 2]) / 2;
}

sub errors {
    my (@runs) = @_;
    my %sum;

    for my $run (@runs) {
        $sum{$_} += $run->{errors}{$_} for keys %{$run->{errors}};
    }

    my @seen = map { "$_ $sum{$_}" } grep { $sum{$_} } sort keys %sum;

    return @seen ? join(' ', @seen) : '0';
}

# in: case names in order, hash of name => array of runs; out: text
sub table {
    my ($names, $runs) = @_;
    my $row = "%-19s %9s %8s %8s %8s %8s %8s  %-15s %5s %5s %5s  %s\n";
    my $text = sprintf $row, 'case', 'req/s', 'p50 ms', 'p99 ms',
        'server', 'redis', 'sum', 'sum min-max', 'srv%', 'oth%', 'stl%',
        'errors';

    for my $name (@$names) {
        my @r = @{$runs->{$name} // []} or next;
        my $m = sub { my $key = shift; median(map { $_->{$key} } @r) };
        my @sum = sort { $a <=> $b } map { $_->{sum} } @r;

        $text .= sprintf $row, $name,
            sprintf('%.0f', $m->('rate')),
            sprintf('%.2f', $m->('p50') / 1000),
            sprintf('%.2f', $m->('p99') / 1000),
            sprintf('%.2f', $m->('server')),
            sprintf('%.2f', $m->('redis')),
            sprintf('%.2f', $m->('sum')),
            sprintf('%.2f-%.2f', $sum[0], $sum[-1]),
            sprintf('%.0f', $m->('busy')),
            sprintf('%.0f', $m->('other')),
            sprintf('%.0f', $m->('steal')),
            errors(@r);
    }

    return $text . <<'END';
server, redis, sum: CPU microseconds a request. srv%: how busy the server was;
oth%, stl%: CPU that other programs, or the hypervisor, took from the two cores
in the meantime, as a share of one core. Each figure is the median of the
rounds.
END
}

# in: hash of name => array of runs; out: names of the cases in whose median
# round other programs took more than a tenth of a core
sub disturbed {
    my ($runs) = @_;

    return grep {
        median(map { $_->{other} } @{$runs->{$_}}) > 10
    } sort keys %$runs;
}

# in: hash of name => array of runs; out: text, number of targets missed
sub ratios {
    my ($runs) = @_;
    my ($text, $missed) = ('', 0);

    for my $ratio (@ratios) {
        my ($what, $over, $under, $target, $key) = @$ratio;
        my $label = sprintf '%-7s %s / %s', $what, $over, $under;

        if (!$runs->{$over} || !$runs->{$under}) {
            $text .= sprintf "%-48s  not measured (target <= %.2f)\n",
                $label, $target;
            next;
        }

        $key //= 'sum';

        my @over = sort { $a <=> $b } map { $_->{$key} } @{$runs->{$over}};
        my @under = sort { $a <=> $b }
            map { $_->{$key} } @{$runs->{$under}};
        my $value = median(@over) / median(@under);
        my $met = $value <= $target;

        $missed++ if !$met;
        $text .= sprintf "%-48s  %.2f  (target <= %.2f)  %s"
            . "  (of the lowest: %.2f)\n",
            $label, $value, $target, $met ? 'PASS' : 'MISS',
            $over[0] / $under[0];
    }

    return ($text, $missed);
}

1;
