# nginx does not reach the master of a group of sentinels, which everybody else
# does: what becomes of the requests.

use OfficeConfig::Netns;
use OfficeConfig::Test;

use OfficeConfig::Faults;
use OfficeConfig::Sentinels;

my $t = OfficeConfig::Test->new;

$t->allow_lost;
$t->allow_log(qr/\[(?:error|warn)\].* Redis /);

my $there = OfficeConfig::Netns->new($t);
my $group = OfficeConfig::Sentinels->new($t, netns => $there);

my $nginx = $t->serve($group->conf('reconnect 20ms 200ms; '
    . 'connect_timeout 500ms; command_timeout 1s; wait 1 500ms;'),
    workers => 2, location => 'office_config_page_size 1000;');

# the group sees nothing wrong, and rightly has no other master; what was sent
# before is answered or not within command_timeout

fault 'Sentinel: nginx alone is cut off from the master', $t, out => 6, sub {
    my ($load) = @_;
    my $master = $group->master;
    my ($number) = $master->address =~ /(\d+)$/;

    $there->cut($number);
    ok $load->failed(20), 'requests fail';
    is $group->master, $master, 'the master is still the master';
    $there->mend($number);
    return;
};

$t->done;
