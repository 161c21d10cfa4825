# A Redis Cluster of real processes.
#
#   my $cluster = OfficeConfig::Cluster->new($t, masters => 3, replicas => 1);
#   my $owner = $cluster->owner('{default}');    # an OfficeConfig::RedisServer
#   $cluster->move(0 .. 99 => $other);           # slots, keys and all

package OfficeConfig::Cluster;

use strict;
use warnings;

use Time::HiRes qw(time);

use OfficeConfig::Net qw(free_port wait_until);

use constant SLOTS => 16384;


# new($class, $t, %opt): the cluster, running, when it says that it is ok
#   masters   how many: 3
#   replicas  of each of them: 1
#   timeout   cluster-node-timeout in milliseconds: 1000
#   config    lines for the configuration of each server
#   server    options of OfficeConfig::RedisServer for each

sub new {
    my ($class, $t, %opt) = @_;
    my $self = bless { t => $t, masters => 3, replicas => 1, timeout => 1000,
                       nodes => [], %opt }, $class;
    my $n = $self->{masters};

    $self->_node for 1 .. $n * (1 + $self->{replicas});

    my @nodes = $self->nodes;

    for my $i (0 .. $#nodes) {
        $nodes[$i]->cmd('CLUSTER', 'SET-CONFIG-EPOCH', $i + 1);
        next if $i >= $n;

        $nodes[$i]->cmd('CLUSTER', 'ADDSLOTS',
                        int(SLOTS * $i / $n) .. int(SLOTS * ($i + 1) / $n) - 1);
    }

    $self->_meet($_) for @nodes[1 .. $#nodes];
    $self->_known;

    for my $i ($n .. $#nodes) {
        $nodes[$i]->cmd('CLUSTER', 'REPLICATE', $self->id($nodes[$i % $n]));
    }

    $self->ok(20) or die "the cluster does not become whole\n";
    return $self;
}

sub _node {
    my ($self) = @_;
    my $bus = free_port();
    my $old = OfficeConfig::RedisServer::OLD;
    my $node = $self->{t}->redis(tcp => 1, aof => 1, %{$self->{server} // {}},
        config => [
            'cluster-enabled yes',
            'cluster-config-file nodes.conf',
            "cluster-node-timeout $self->{timeout}",
            $old ? () : "cluster-port $bus",
            'repl-ping-replica-period 1',
            @{$self->{config} // []},
        ]);

    $node->{bus} = $old ? $node->port + 10000 : $bus;
    push @{$self->{nodes}}, $node;
    return $node;
}

sub _meet {
    my ($self, $node) = @_;
    my $first = $self->{nodes}[0];

    $node->cmd('CLUSTER', 'MEET', $first->address, $first->port,
               $first->{bus});
}

# every node knows every other one

sub _known {
    my ($self) = @_;
    my $n = $self->nodes;

    wait_until(20, sub {
        for my $node ($self->nodes) {
            my @lines = grep { !/handshake|noaddr/ } $self->_lines($node);
            return 0 unless @lines == $n;
        }

        return 1;
    }) or die "the nodes do not find each other\n";
}

# the lines of CLUSTER NODES

sub _lines {
    my ($self, $node) = @_;
    my $text = eval { $node->cmd('CLUSTER', 'NODES') } // '';
    return split /\n/, $text;
}


# nodes: all of them, a list of OfficeConfig::RedisServer; id($node): its id

sub nodes { @{$_[0]{nodes}} }

sub id {
    my ($self, $node) = @_;
    return $node->{id} //= $node->cmd('CLUSTER', 'MYID');
}


# block($number): the lines of an office_config_redis block that names so many
# of the nodes: 3

sub block {
    my ($self, $number) = @_;
    my @nodes = $self->nodes;

    return join ' ', 'topology cluster;',
        map { 'server ' . $_->address . ':' . $_->port . ';' }
            grep { defined } @nodes[0 .. ($number // 3) - 1];
}


# masters: nodes that are masters and have slots, as most others see it

sub masters {
    my ($self) = @_;
    my ($witness) = grep { $_->alive && !$_->{paused} } $self->nodes;
    my %master;

    for ($self->_lines($witness)) {
        my ($id, undef, $flags, undef, undef, undef, undef, undef, @slots)
            = split / /;
        $master{$id} = 1
            if $flags =~ /master/ && $flags !~ /fail/ && @slots;
    }

    return grep { $master{$self->id($_)} } $self->nodes;
}


# slot($key): the slot of a key; owner($key): the node that has it

sub slot {
    my ($self, $key) = @_;
    my ($witness) = grep { $_->alive && !$_->{paused} } $self->nodes;
    return $witness->cmd('CLUSTER', 'KEYSLOT', $key);
}

sub owner {
    my ($self, $key) = @_;
    return $self->_owner_of($self->slot($key));
}


# replica($master): one of its replicas

sub replica {
    my ($self, $master) = @_;
    my $id = $self->id($master);

    for ($self->_lines($master)) {
        my ($replica, undef, $flags, $of) = split / /;
        next unless $flags =~ /slave/ && $flags !~ /fail/ && $of eq $id;
        my ($node) = grep { $_->alive && $self->id($_) eq $replica }
                          $self->nodes;
        return $node if $node;
    }

    return;
}


# ok($seconds): true when every node that runs says that the cluster is ok, all
# see the same masters and replicas follow theirs

sub ok {
    my ($self, $seconds) = @_;

    return wait_until($seconds, sub {
        for my $node (grep { $_->alive && !$_->{paused} } $self->nodes) {
            my $info = eval { $node->cmd('CLUSTER', 'INFO') } // return 0;
            return 0 unless $info =~ /cluster_state:ok/
                         && $info =~ /cluster_slots_ok:16384/;

            my $role = eval { $node->cmd('ROLE') } // return 0;
            return 0 if $role->[0] eq 'slave' && $role->[3] ne 'connected';
        }

        return $self->_agree;
    });
}

# whether all that run see the same masters, slots and replicas

sub _agree {
    my ($self) = @_;
    my %views = map { $self->_view($_) => 1 }
                grep { $_->alive && !$_->{paused} } $self->nodes;

    return keys %views == 1;
}

# who has which slots, or is whose replica, as a node sees it

sub _view {
    my ($self, $node) = @_;

    return join "\n", sort map {
        my ($id, undef, $flags, $of, undef, undef, undef, undef, @slots)
            = split / /;
        @slots = grep { !/^\[/ } @slots;
        $flags =~ /fail|handshake|noaddr/ ? () : "$id $of @slots";
    } $self->_lines($node);
}


# taken_over($old, $seconds): the time when the slots of a master that is gone
# were another's and the cluster was ok; dies when that takes longer

sub taken_over {
    my ($self, $old, $seconds) = @_;
    my $id = $self->id($old);

    wait_until($seconds, sub {
        for my $node (grep { $_ != $old && $_->alive } $self->nodes) {
            my $info = eval { $node->cmd('CLUSTER', 'INFO') } // return 0;
            return 0 unless $info =~ /cluster_state:ok/;

            my ($line) = grep { /^$id / } $self->_lines($node);
            return 0 if $line && (split / /, $line)[8];
        }

        return 1;
    }) or die "nobody takes over in $seconds seconds\n";

    return time;
}


# informed($to): waits until a master knows the epochs of the others; it takes
# slots with a higher one, and would lose them again to one that has not
# been heard of

sub informed {
    my ($self, $to) = @_;
    my $epoch = sub {
        my ($node, $id) = @_;
        my ($line) = grep { /^$id / } $self->_lines($node);
        return $line ? (split / /, $line)[6] : '';
    };

    wait_until(20, sub {
        for my $node ($self->masters) {
            my $id = $self->id($node);
            return 0 if $epoch->($node, $id) ne $epoch->($to, $id);
        }

        return 1;
    }) or die "a master does not hear of the others' epochs\n";

    return;
}


# move(@slots, $to): moves slots and their keys to another master, as
# redis-cli --cluster reshard does, and waits until all nodes know

sub move {
    my ($self, @slots) = @_;
    my $to = pop @slots;

    $self->informed($to);

    my %owner = map { $_ => $self->_ranges($_) } $self->masters;
    my %node = map { $_ => $_ } $self->masters, $to;

    for my $slot (@slots) {
        my ($from) = map { $node{$_} } grep {
            grep { $slot >= $_->[0] && $slot <= $_->[1] } @{$owner{$_}}
        } keys %owner;

        next if !$from || $from == $to;

        $to->cmd('CLUSTER', 'SETSLOT', $slot, 'IMPORTING', $self->id($from));
        $from->cmd('CLUSTER', 'SETSLOT', $slot, 'MIGRATING', $self->id($to));

        while (1) {
            my $keys = $from->cmd('CLUSTER', 'GETKEYSINSLOT', $slot, 10);
            last unless @$keys;

            # a node that has just come says for a moment that all is down

            my $done;
            wait_until(10, sub {
                $done = $from->cmd('MIGRATE', $to->address, $to->port, '', 0,
                                   10000, 'KEYS', @$keys);
                return $done =~ /^(?:OK|NOKEY)$/;
            }) or die "MIGRATE: $done\n";
        }

        $_->cmd('CLUSTER', 'SETSLOT', $slot, 'NODE', $self->id($to))
            for $to, $from, grep { $_ != $to && $_ != $from } values %node;
    }

    # replicas have only heard of it, and one may be promoted next

    wait_until(20, sub { $self->_agree }) or die "a move is not heard of\n";
}


# slots($node): the numbers of its slots

sub slots {
    my ($self, $node) = @_;
    return map { $_->[0] .. $_->[1] } @{$self->_ranges($node)};
}

sub _ranges {
    my ($self, $node) = @_;
    my ($own) = grep { /\bmyself\b/ } $self->_lines($node);
    my (undef, undef, undef, undef, undef, undef, undef, undef, @ranges)
        = split / /, $own;

    return [map { /^(\d+)(?:-(\d+))?$/ ? [$1, $2 // $1] : () } @ranges];
}

sub _owner_of {
    my ($self, $slot) = @_;

    for my $node ($self->masters) {
        return $node if grep { $slot >= $_->[0] && $slot <= $_->[1] }
                             @{$self->_ranges($node)};
    }

    return;
}


# add: one more master, without slots; add($master): one more replica of it;
# remove($node): it is forgotten by all and stopped; its slots must have been
# moved

sub add {
    my ($self, $master) = @_;
    my $node = $self->_node;

    $self->_meet($node);
    $self->_known;

    if ($master) {
        $node->cmd('CLUSTER', 'REPLICATE', $self->id($master));
        $self->ok(20) or die "the replica does not follow its master\n";
    }

    return $node;
}

sub remove {
    my ($self, $node) = @_;
    my $id = $self->id($node);

    $self->{nodes} = [grep { $_ != $node } $self->nodes];
    $node->kill;
    $_->cmd('CLUSTER', 'FORGET', $id) for grep { $_->alive } $self->nodes;
}


1;
