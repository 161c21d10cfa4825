package Bench::Cpu;

# CPU time, from /proc.

use strict;
use warnings;

use Exporter qw(import);
use POSIX ();

our @EXPORT_OK = qw(allowed_cores process_ns cores_busy);

# out: numbers of the cores this process may use
sub allowed_cores {
    open my $in, '<', '/proc/self/status' or die "/proc/self/status: $!\n";
    my ($list) = map { /^Cpus_allowed_list:\s*(\S+)/ } <$in>;

    return map { /^(\d+)-(\d+)$/ ? $1 .. $2 : $_ } split /,/, $list;
}

# in: pids; out: nanoseconds all their threads have run, user and kernel.
# The first field of schedstat is the scheduler's own account, so it has no
# sampling error, unlike the clock ticks of /proc/PID/stat. A thread that ended
# is lost; the servers measured here end none.
sub process_ns {
    my $sum = 0;

    for my $pid (@_) {
        my @files = glob "/proc/$pid/task/*/schedstat"
            or die "process $pid is gone\n";

        for my $file (@files) {
            open my $in, '<', $file or next;
            my ($ns) = split ' ', scalar(<$in>) // '0';
            $sum += $ns;
        }
    }

    return $sum;
}

# in: core numbers; out: nanoseconds these cores were busy and nanoseconds the
# hypervisor took from them, since boot, in clock ticks' resolution
sub cores_busy {
    my %wanted = map { ("cpu$_" => 1) } @_;
    my $tick = 1e9 / POSIX::sysconf(POSIX::_SC_CLK_TCK());
    my ($busy, $steal) = (0, 0);

    open my $in, '<', '/proc/stat' or die "/proc/stat: $!\n";

    while (my $line = <$in>) {
        my ($name, @t) = split ' ', $line;
        next if !$wanted{$name};

        # user nice system idle iowait irq softirq steal
        $busy += ($t[0] + $t[1] + $t[2] + $t[5] + $t[6]) * $tick;
        $steal += $t[7] * $tick;
    }

    return ($busy, $steal);
}

1;
