# The table of faults: each row is something that breaks under load, and what
# became of the requests.
#
#   use OfficeConfig::Faults;
#   fault 'kill -9 of the master', $t, out => 8, sub { my ($load) = @_; ... };
#
# The environment variable FAULT_SECONDS says how long the load runs before and
# after a fault (1). With FAULT_TABLE, rows are added to that file as well, as
# lines of Markdown; `make faults` prints it.

package OfficeConfig::Faults;

use strict;
use warnings;

use Exporter 'import';
use Test::More;
use Time::HiRes qw(time);

use OfficeConfig::Net qw(wait_until);
use OfficeConfig::Recorder;

our @EXPORT = qw(fault settle);

my $seconds = $ENV{FAULT_SECONDS} // 1;


# settle($load): some load, undisturbed: writes succeed for the time

sub settle {
    my ($load) = @_;
    my $end = time + $seconds;

    do {
        $load->served(20, 10) or return 0;
    } while (time < $end);

    return 1;
}


# fault($name, $t, %opt, $break): one row, a subtest. $break is called with the
# load when it runs; it breaks something, waits for what must follow, and
# mends it. It returns how long Redis itself took, in seconds, and the service
# must be back one second later; or nothing.
#   out      seconds without service at most: none by default
#   refused  statuses that the fault may cause: [503, 504]
#   lost     1: acknowledged writes may be missing (the data is thrown away)
#   load     options of the recorder

sub fault {
    my ($name, $t, @rest) = @_;
    my $break = pop @rest;
    my %opt = @rest;
    my %refused = map { $_ => 1 } @{$opt{refused} // [503, 504]};

    subtest $name => sub {
        my $load = OfficeConfig::Recorder->new($t,
            pause => $seconds > 1 ? 0.002 : 0.02, %{$opt{load} // {}});

        ok settle($load), 'requests are served before';
        my $nginx = $t->{nginx}[0];
        my ($fds, $rss) = _size($nginx);
        my ($own) = $break->($load);
        ok $load->served(30), 'and after';
        ok settle($load), 'and go on to be';

        my $row = $load->finish_row;
        my @odd = grep { !$refused{$_} } sort keys %{$row->{errors}};

        is $row->{unanswered}, 0, 'every request was answered';
        is "@odd", '', 'with an error that says what is so';
        is $row->{lost}, 0, 'nothing that was acknowledged is lost'
            or diag join "\n", @{$row->{lost_names}}[0 .. 4]
            unless $opt{lost};
        is $row->{doubled}, 0, 'nothing was done twice';

        # each client has a connection, and each of those a descriptor

        my ($fds_now, $rss_now);
        ok wait_until(5, sub {
            ($fds_now, $rss_now) = _size($nginx);
            return $fds_now <= $fds;
        }), 'the workers have no more descriptors than before'
            or diag "$fds_now, and $fds before";
        cmp_ok $rss_now, '<', $rss + 8192, 'and no more memory to speak of'
            unless $t->sanitized;

        my $bound = defined $own ? $own + $t->seconds(1)
                  : defined $opt{out} ? $t->seconds($opt{out}) : undef;
        cmp_ok $row->{out}, '<=', $bound, "service is back in $bound seconds"
            if defined $bound;

        _report($name, $row, $own);
    };
}

# descriptors, and resident kilobytes, of the workers together

sub _size {
    my ($nginx) = @_;
    my ($fds, $rss) = (0, 0);

    for my $pid ($nginx->workers) {
        $fds += $nginx->fds($pid);
        $rss += $nginx->rss($pid);
    }

    return ($fds, $rss);
}

sub _report {
    my ($name, $row, $own) = @_;
    my $errors = join ', ', map { "$row->{errors}{$_} × $_" }
                            sort keys %{$row->{errors}};
    my $line = sprintf '| %s | %d | %s | %d | %d | %.1f | %s |', $name,
        $row->{requests}, $errors || '–', $row->{lost}, $row->{doubled},
        $row->{out}, defined $own ? sprintf('%.1f', $own) : '–';

    note $line;
    note "$_: 99 of 100 within $row->{within}{$_} ms" for sort keys
        %{$row->{within}};

    if ($ENV{FAULT_TABLE}) {
        open my $fh, '>>', $ENV{FAULT_TABLE} or die "$ENV{FAULT_TABLE}: $!\n";
        print $fh "$line\n";
    }
}


1;
