# One child process: started with its own process group, stopped by its id,
# and gone when the test is gone, even when that was killed.

package OfficeConfig::Process;

use strict;
use warnings;

use POSIX qw(WNOHANG);

use OfficeConfig::Net qw(wait_until);

my $setpriv = -x '/usr/bin/setpriv' ? '/usr/bin/setpriv' : undef;


# spawn($class, %opt)
#   argv   the command, a list reference
#   env    variables for the command itself, a hash reference
#   out    a file that takes its standard output and error
#   death  the signal it gets when the test dies: KILL

sub spawn {
    my ($class, %opt) = @_;
    my $env = $opt{env} // {};
    my @argv = @{$opt{argv}};

    # a library that is preloaded is for the command, not for its launcher
    unshift @argv, '/usr/bin/env', map { "$_=$env->{$_}" } sort keys %$env
        if %$env;
    unshift @argv, $setpriv, '--pdeathsig', $opt{death} // 'KILL'
        if $setpriv;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $opt{out} // '/dev/null';
        open STDERR, '>&', \*STDOUT;
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT TERM HUP CHLD);
        { no warnings 'exec'; exec { $argv[0] } @argv }
        print STDERR "exec $argv[0]: $!\n";
        POSIX::_exit(127);
    }

    return bless { pid => $pid, argv => $opt{argv} }, $class;
}


# pid: its process id

sub pid { $_[0]{pid} }


# alive: whether it still runs; status is its wait status once it does not

sub alive {
    my ($self) = @_;
    return 0 if defined $self->{status};

    my $pid = waitpid $self->{pid}, WNOHANG;
    return 1 if $pid == 0;

    $self->{status} = $pid == $self->{pid} ? $? : -1;
    return 0;
}

sub status { $_[0]->alive ? undef : $_[0]{status} }


# signal($name): sends it, if the process is there to take it

sub signal {
    my ($self, $name) = @_;
    return $self->alive ? kill($name, $self->{pid}) : 0;
}


# signal_group($name): to what it started and left behind as well

sub signal_group {
    my ($self, $name) = @_;
    $self->alive;
    return kill $name, -$self->{pid};
}


# wait($seconds): true when it has ended by then

sub wait {
    my ($self, $seconds) = @_;
    return wait_until($seconds, sub { !$self->alive });
}


# stop($name, $seconds): the signal, then KILL when it does not end in time;
# true when the signal sufficed

sub stop {
    my ($self, $name, $seconds) = @_;

    $self->signal($name);
    return 1 if $self->wait($seconds // 5);

    $self->signal('KILL');
    $self->wait(5);
    return 0;
}


1;
