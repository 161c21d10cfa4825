package Bench::Process;

# Starts and stops child processes, each pinned to one core and in a process
# group of its own, so that a Ctrl-C reaches only the driver, which then stops
# them in order. Only pids started here are ever signalled.

use strict;
use warnings;

use Exporter qw(import);
use POSIX qw(:sys_wait_h :signal_h);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(spawn stop stop_all wait_exit alive wait_until tool);

my %running;            # pid => name
my $owner = $$;

# in: program name; out: its path, or nothing if it is not installed.
# OC_NGINX names another nginx than the first in PATH.
sub tool {
    my ($name) = @_;

    if ($name eq 'nginx' && length($ENV{OC_NGINX} // '')) {
        return $ENV{OC_NGINX};
    }

    for my $dir (split(/:/, $ENV{PATH} // ''), '/usr/sbin', '/sbin') {
        return "$dir/$name" if length $dir && -x "$dir/$name";
    }

    return;
}

# in: name => for messages, argv => array reference, core => number or nothing,
#     out => file for stdout and stderr, env => hash reference to add;
# out: pid
sub spawn {
    my (%o) = @_;
    my @argv = @{$o{argv}};

    unshift @argv, tool('taskset'), '-c', $o{core} if defined $o{core};

    # if the driver is killed outright, the kernel stops its children
    my $setpriv = tool('setpriv');
    unshift @argv, $setpriv, '--pdeathsig', 'TERM' if $setpriv;

    # no handler may run between fork and the pid being noted
    my $all = POSIX::SigSet->new(SIGINT, SIGTERM, SIGHUP, SIGPIPE);
    my $old = POSIX::SigSet->new;
    sigprocmask(SIG_BLOCK, $all, $old);

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        setpgrp(0, 0);
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
        sigprocmask(SIG_SETMASK, $old);

        %ENV = (%ENV, %{$o{env} // {}});
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $o{out} or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT;
        exec { $argv[0] } @argv or POSIX::_exit(127);
    }

    $running{$pid} = $o{name};
    sigprocmask(SIG_SETMASK, $old);

    return $pid;
}

# in: pid; out: true while it runs
sub alive {
    my ($pid) = @_;

    return 0 if !$running{$pid};

    if (waitpid($pid, WNOHANG) == $pid) {
        delete $running{$pid};
        return 0;
    }

    return 1;
}

# in: pid, seconds; out: exit status as in $?; dies if it does not end in time
sub wait_exit {
    my ($pid, $seconds) = @_;
    my $end = time + $seconds;

    while (time < $end) {
        if (waitpid($pid, WNOHANG) == $pid) {
            my $status = $?;
            delete $running{$pid};
            return $status;
        }
        sleep 0.002;
    }

    my $name = $running{$pid};
    stop($pid);
    die "$name did not end within $seconds s\n";
}

# in: pid, signal to ask with (default TERM). Returns when it is gone; after 5
# seconds its whole process group is killed.
sub stop {
    my ($pid, $signal) = @_;

    return if !$pid || !alive($pid);

    kill $signal // 'TERM', $pid;

    my $end = time + 5;

    while (time < $end) {
        return if !alive($pid);
        sleep 0.005;
    }

    warn "bench: $running{$pid} (pid $pid) had to be killed\n";
    kill 'KILL', -$pid, $pid;
    waitpid $pid, 0;
    delete $running{$pid};
}

# stops what is left, the latest first; does nothing in a forked child
sub stop_all {
    return if $$ != $owner;
    stop($_) for sort { $b <=> $a } keys %running;
}

# in: what is waited for, seconds, condition, pid that must stay alive and the
#     file with its output; out: the condition's value; dies in the end
sub wait_until {
    my ($what, $seconds, $condition, $pid, $log) = @_;
    my $end = time + $seconds;

    while (time < $end) {
        my $value = $condition->();
        return $value if $value;

        last if $pid && !alive($pid);
        sleep 0.01;
    }

    die "$what is not there\n" . (defined $log ? tail($log) : '');
}

sub tail {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    my @lines = <$in>;
    splice @lines, 0, -10 if @lines > 10;

    return join '', map { "  $_" } @lines;
}

1;
