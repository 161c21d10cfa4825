# Two hosts: the test and its nginx on one, the Redis servers on the other, in
# network namespaces that end with the test.
#
#   use OfficeConfig::Netns;          # before anything else: runs the test
#                                     # again in a namespace of its own
#   my $there = OfficeConfig::Netns->new($t);
#   my $redis = $t->redis(tcp => $there->address(1), port => 6379,
#                         netns => $there->pid);
#   $there->cut(1);                   # no packet goes from here to address 1
#   $there->mend(1);
#
# As root the namespace is made as it is, by others together with a user
# namespace. Where neither is allowed the test is skipped.

package OfficeConfig::Netns;

use strict;
use warnings;

use Test::More;

use OfficeConfig::Net qw(wait_until);
use OfficeConfig::Process;

my $ip = (grep { -x } '/sbin/ip', '/usr/sbin/ip', '/bin/ip')[0];


sub import {
    return if $ENV{OC_NETNS};

    my @unshare = ('unshare', $> == 0 ? '-n' : '-Urn');

    if (!$ip || system("@unshare true 2> /dev/null") != 0) {
        plan(skip_all => 'there are no network namespaces to be had');
    }

    $ENV{OC_NETNS} = 1;
    exec @unshare, $^X, (map { "-I$_" } grep { !ref } @INC), $0, @ARGV;
    die "unshare: $!\n";
}


# new($class, $t): the other host, which has the addresses 1 to 9

sub new {
    my ($class, $t) = @_;
    my $self = bless { holder => OfficeConfig::Process->spawn(
        argv => ['unshare', '-n', 'sleep', 'infinity']) }, $class;
    my $own = readlink '/proc/self/ns/net';

    wait_until(10, sub {
        my $other = readlink '/proc/' . $self->pid . '/ns/net';
        return defined $other && $other ne $own;
    }) or die "no second network namespace\n";

    _ip('link', 'set', 'lo', 'up');
    _ip(qw(link add here type veth peer name there));
    _ip(qw(link set there netns), $self->pid);
    _ip(qw(addr add 10.99.0.254/24 dev here));
    _ip(qw(link set here up));
    $self->_ip_there(qw(link set lo up));
    $self->_ip_there('addr', 'add', $self->address($_) . '/24', 'dev',
                     'there') for 1 .. 9;
    $self->_ip_there(qw(link set there up));

    return $t->_keep($self);
}


# pid: a process of the other host; address($n): one of its addresses

sub pid { $_[0]{holder}->pid }

sub address { "10.99.0.$_[1]" }


# cut($n): what is sent from here to the address is lost, while the other
# host's own servers reach each other. mend($n): no longer.

sub cut {
    my ($self, $n) = @_;
    _ip('route', 'add', 'blackhole', $self->address($n) . '/32');
}

sub mend {
    my ($self, $n) = @_;
    _ip('route', 'del', 'blackhole', $self->address($n) . '/32');
}


sub _ip {
    system($ip, @_) == 0 or die "ip @_ fails\n";
}

sub _ip_there {
    my ($self, @words) = @_;
    system('nsenter', '-t', $self->pid, '-n', $ip, @words) == 0
        or die "ip @words fails\n";
}


# finish: the end of the test; the namespaces go with their processes

sub finish {
    my ($self) = @_;
    $self->{holder}->stop('KILL');
}


1;
