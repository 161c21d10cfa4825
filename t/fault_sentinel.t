# What is watched by sentinels breaks under load: what becomes of the requests.

use OfficeConfig::Test;

use Time::HiRes qw(time);

use OfficeConfig::Faults;
use OfficeConfig::Sentinels;

my $t = OfficeConfig::Test->new;

$t->allow_lost;
$t->allow_log(qr/\[(?:error|warn)\].* Redis /);

my $group = OfficeConfig::Sentinels->new($t,
    config => ['appendfsync everysec', 'min-replicas-to-write 0']);

my $timeouts = 'reconnect 20ms 200ms; connect_timeout 500ms; '
             . 'command_timeout 1s;';
my %all = $group->conf("$timeouts wait 2 500ms;");

my $nginx = $t->serve($group->conf("$timeouts wait 1 500ms;"), workers => 2,
    location => 'office_config_page_size 1000;',
    http => "office_config_redis all { server " . $all{redis}->url
            . "; $all{block} }",
    server => <<'END');
        location /all {
            office_config_pass all;
            office_config_auth off;
            office_config_page_size 1000;
        }
END


# failover($master, $break): how long Redis takes to have another master

sub failover {
    my ($master, $break) = @_;
    my $begin = time;
    $break->();
    return $group->failed_over($master, 30) - $begin;
}

# restored($server): a server that was gone is a replica of the master again

sub restored {
    my ($server) = @_;
    $server->start unless $server->alive;
    $group->whole(40) or diag 'the group does not become whole';
}


fault 'Sentinel: kill -9 of the master', $t, sub {
    my $master = $group->master;
    my $seconds = failover($master, sub { $master->kill });
    restored($master);
    return $seconds;
};

fault 'Sentinel: the master stops (SIGSTOP) and returns as a stale one', $t,
sub {
    my ($load) = @_;
    my $master = $group->master;
    my $seconds = failover($master, sub { $master->pause });

    $load->served(20);
    $master->resume;
    restored($master);
    return $seconds;
};

# A sentinel that is told so promotes a replica while the master takes writes,
# which the other replica confirms: so all replicas have to. The old master is
# a replica some seconds later.

fault 'Sentinel: a replica is promoted by hand, `wait` for all replicas', $t,
load => { root => '/all' }, sub {
    my $master = $group->master;
    my ($sentinel) = $group->sentinels;
    my $begin = time;

    failover($master, sub {
        $sentinel->cmd('SENTINEL', 'FAILOVER', $group->name);
    });
    restored($master);
    return time - $begin;
};

fault 'Sentinel: all sentinels are gone, then back', $t, out => 1, sub {
    my ($load) = @_;

    $_->kill for $group->sentinels;
    $load->served(20, 40);
    $_->start for $group->sentinels;
    return;
};

# a client pages through all configurations, each page a scan of its own that
# goes on over the failover: an error has a client ask for the page again

fault 'Sentinel: kill -9 of the master while a `$filter` scans', $t, sub {
    my ($load) = @_;
    my $path = '/beta/officeConfiguration/clientConfigurations'
             . "?\$filter=contains(displayName,'1-')&\$orderby=displayName";
    my $scans = $t->load(clients => 1, request => ['GET', $path]);
    my $master = $group->master;
    my $seconds = failover($master, sub { $master->kill });

    restored($master);

    my $sum = $scans->stop;
    ok $sum->{status}{200}, 'scans succeed';
    is_deeply [grep { !/^(?:200|503|504)$/ } keys %{$sum->{status}}], [],
              'or end with an error that says what is so';
    return $seconds;
};

fault 'Sentinel: nginx is reloaded during a failover', $t, sub {
    my $master = $group->master;
    my $seconds = failover($master, sub { $master->kill; $nginx->reload });
    restored($master);
    return $seconds;
};

$t->done;
