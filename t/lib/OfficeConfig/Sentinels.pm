# A master with replicas and the sentinels that watch it, real processes all.
#
#   my $group = OfficeConfig::Sentinels->new($t, replicas => 2, sentinels => 3);
#   my $master = $group->master;                 # an OfficeConfig::RedisServer
#   my $begin = time; $master->kill;
#   my $seconds = $group->failed_over($master, 20) - $begin;

package OfficeConfig::Sentinels;

use strict;
use warnings;

use Time::HiRes qw(time);

use OfficeConfig::Net qw(wait_until);

use constant NAME => 'office';


# new($class, $t, %opt): the group, running, when all know of each other
#   replicas    how many: 2
#   sentinels   how many: 3
#   down_after  milliseconds without an answer until a server counts as down:
#               700
#   netns       an OfficeConfig::Netns whose other host they run on
#   config      lines for the configuration of each server
#   server      options of OfficeConfig::RedisServer for each server
#   sentinel    options for each sentinel
#   watch       lines of "sentinel ..." for each sentinel, in which %s is the
#               master's name

sub new {
    my ($class, $t, %opt) = @_;
    my $self = bless { t => $t, replicas => 2, sentinels => 3,
                       down_after => 700, %opt }, $class;
    my %server = (aof => 1, %{$self->{server} // {}});
    my @config = ('repl-ping-replica-period 1', @{$self->{config} // []});

    my $master = $self->_server(%server, config => \@config);
    $self->{servers} = [$master];

    push @{$self->{servers}}, $self->_server(%server, replica => $master,
                                             config => \@config)
        for 1 .. $self->{replicas};

    $self->{watchers} = [map { $self->_sentinel($master) }
                         1 .. $self->{sentinels}];

    wait_until(20, sub { $self->_ready })
        or die "the sentinels do not find each other\n";
    return $self;
}

sub _server {
    my ($self, %opt) = @_;
    my %where = $self->_where;

    # one host has many addresses there: which is its own has to be said

    $opt{config} = [@{$opt{config}}, 'protected-mode no',
                    "replica-announce-ip $where{tcp}"]
        if $where{netns};

    return $self->{t}->redis(%where, %opt);
}

sub _where {
    my ($self) = @_;
    my $there = $self->{netns} or return (tcp => 1);
    return (tcp => $there->address(++$self->{addresses}), port => 6379,
            netns => $there->pid);
}

sub _sentinel {
    my ($self, $master) = @_;
    my $name = NAME;
    my $quorum = int($self->{sentinels} / 2) + 1;
    my @lines = (
        "sentinel monitor $name " . $master->address . ' ' . $master->port
            . " $quorum",
        "sentinel down-after-milliseconds $name $self->{down_after}",
        "sentinel failover-timeout $name 4000",
        "sentinel parallel-syncs $name 2",
        map({ sprintf $_, $name } @{$self->{watch} // []}),
    );

    push @lines, "sentinel auth-pass $name $master->{password}"
        if defined $master->{password};

    my %where = $self->_where;
    push @lines, 'protected-mode no', "sentinel announce-ip $where{tcp}"
        if $where{netns};

    return $self->{t}->redis(%where, %{$self->{sentinel} // {}},
                             sentinel => 1, config => \@lines);
}

sub _ready {
    my ($self) = @_;

    for my $watcher (@{$self->{watchers}}) {
        my %master = $self->_asked($watcher) or return 0;
        return 0 unless $master{'num-slaves'} == $self->{replicas}
            && $master{'num-other-sentinels'} == $self->{sentinels} - 1
            && $master{flags} eq 'master';
    }

    for my $server (@{$self->{servers}}) {
        my $role = eval { $server->cmd('ROLE') } // return 0;
        return 0 if $role->[0] eq 'slave' && $role->[3] ne 'connected';
    }

    return 1;
}

sub _asked {
    my ($self, $watcher) = @_;
    my $reply = eval { $watcher->cmd('SENTINEL', 'MASTER', NAME) };
    return ref $reply eq 'ARRAY' ? @$reply : ();
}


# servers, sentinels: lists of OfficeConfig::RedisServer; name: the master's

sub servers   { @{$_[0]{servers}} }
sub sentinels { @{$_[0]{watchers}} }
sub name      { NAME }


# block: the lines of an office_config_redis block that names the sentinels

sub block {
    my ($self) = @_;
    return join ' ', "topology sentinel @{[NAME]};",
                     map { 'server ' . $_->address . ':' . $_->port . ';' }
                         $self->sentinels;
}


# master: the server that is the master for most of the sentinels that answer,
# and for itself; undef if there is none

sub master {
    my ($self) = @_;
    my %votes;

    for my $watcher (grep { $_->alive && !$_->{paused} } $self->sentinels) {
        my %master = $self->_asked($watcher);
        $votes{"$master{ip}:$master{port}"}++ if $master{ip};
    }

    my ($most) = sort { $votes{$b} <=> $votes{$a} } keys %votes;
    my ($server) = grep { defined $most
                          && $_->address . ':' . $_->port eq $most }
                        $self->servers;

    return unless $server && $server->alive && !$server->{paused};

    my $role = eval { $server->cmd('ROLE') };
    return ref $role eq 'ARRAY' && $role->[0] eq 'master' ? $server : undef;
}


# failed_over($old, $seconds): the time when another server was the master; dies
# when none is by then

sub failed_over {
    my ($self, $old, $seconds) = @_;

    wait_until($seconds, sub {
        my $master = $self->master;
        return $master && $master != $old;
    }) or die "no failover in $seconds seconds\n";

    return time;
}


# whole($seconds): true when all servers are up and replicas follow the master

sub whole {
    my ($self, $seconds) = @_;

    return wait_until($seconds, sub {
        my $master = $self->master or return 0;

        for my $server (grep { $_ != $master } $self->servers) {
            my $role = eval { $server->cmd('ROLE') };
            return 0 unless ref $role eq 'ARRAY' && $role->[0] eq 'slave'
                && $role->[2] == $master->port && $role->[3] eq 'connected';
        }

        return 1;
    });
}


1;
