# A Redis Cluster breaks under load: what becomes of the requests.

use OfficeConfig::Test;

use Time::HiRes qw(time);

use OfficeConfig::Cluster;
use OfficeConfig::Faults;

my $t = OfficeConfig::Test->new;

$t->allow_lost;
$t->allow_log(qr/\[(?:error|warn)\].* Redis /);

my $cluster = OfficeConfig::Cluster->new($t);
my $tag = '{default}';

my $nginx = $t->serve(block => $cluster->block . <<'END', workers => 2,
        reconnect 20ms 200ms;
        connect_timeout 500ms;
        command_timeout 1s;
        wait 1 500ms;
END
    location => 'office_config_page_size 1000;');


# takeover($master, $break): how long the cluster takes to be whole again

sub takeover {
    my ($master, $break) = @_;
    my $begin = time;
    $break->();
    return $cluster->taken_over($master, 30) - $begin;
}

sub restored {
    my ($node) = @_;
    $node->start unless $node->alive;
    $cluster->ok(30) or diag 'the cluster does not become whole';
}


fault 'Cluster: kill -9 of the master', $t, sub {
    my $master = $cluster->owner($tag);
    my $seconds = takeover($master, sub { $master->kill });
    restored($master);
    return $seconds;
};

# its replica, now the master, has none that could confirm a write until then

fault 'Cluster: the master stops (SIGSTOP) and returns as a stale one', $t,
sub {
    my $master = $cluster->owner($tag);
    my $begin = time;

    takeover($master, sub { $master->pause });
    $master->resume;
    restored($master);
    return time - $begin;
};

fault 'Cluster: a replica is promoted by hand', $t, out => 2, sub {
    my $master = $cluster->owner($tag);
    my $replica = $cluster->replica($master);

    $replica->cmd('CLUSTER', 'FAILOVER');
    $cluster->taken_over($master, 20);
    return;
};

fault 'Cluster: nginx is reloaded during a failover', $t, sub {
    my $master = $cluster->owner($tag);
    my $seconds = takeover($master, sub { $master->kill; $nginx->reload });
    restored($master);
    return $seconds;
};

# Here end the failovers: a replica of Redis 7.0 that hears of a moved slot out of
# order may lose it when it is promoted (it keeps its owner_not_claiming_slot).

# With more load every slot goes to the next master; with less, one in fifty,
# and the tenant's. A master that has none left would become a replica: so each
# gives and takes in turn.

fault 'Cluster: all slots are moved while writing', $t, out => 2, sub {
    my ($load) = @_;
    my $slot = $cluster->slot($tag);
    my @masters = $cluster->masters;
    my $step = ($ENV{FAULT_SECONDS} // 1) > 1 ? 1 : 50;
    my @slots = map {
        [grep { $_ % $step == 0 || $_ == $slot } $cluster->slots($_)]
    } @masters;

    while (grep { @$_ } @slots) {
        for my $i (0 .. $#masters) {
            $cluster->move(splice(@{$slots[$i]}, 0, 500),
                           $masters[($i + 1) % @masters]);
        }
    }

    $load->served(20, 10);
    return;
};

fault 'Cluster: a master and its replica are added, take slots, are removed',
$t, out => 2, sub {
    my ($load) = @_;
    my $slot = $cluster->slot($tag);
    my $old = $cluster->owner($tag);
    my $node = $cluster->add;
    my $replica = $cluster->add($node);

    $cluster->move(1, 2, $slot, $node);
    $load->served(20, 40);
    $cluster->move($slot, 1, 2, $old);
    $load->served(20, 40);
    $cluster->remove($_) for $replica, $node;
    return;
};

$t->done;
