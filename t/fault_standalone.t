# A single Redis breaks under load: what becomes of the requests.

use OfficeConfig::Test;

use Time::HiRes qw(time sleep);

use OfficeConfig::Faults;

my $t = OfficeConfig::Test->new;

$t->allow_lost;
$t->allow_log(
    qr/\[error\].* connect\(\) to Redis at \S+ failed \(\d+: /,
    qr/\[error\].* Redis at \S+ refused/,
    qr/\[(?:error|warn)\].* Redis at \S+ (?:did|does) not answer/,
    qr/\[error\].* Redis at \S+ .*(?:time|overdue)/,
);

my $redis = $t->redis(tcp => 1, aof => 1, config => ['appendfsync always']);
my $nginx = $t->serve(redis => $redis, workers => 2, block =>
    'reconnect 20ms 200ms; connect_timeout 1s; command_timeout 1s;',
    location => 'office_config_page_size 1000;',
    http => 'office_config_redis few { server ' . $redis->url
            . '; max_pending 2; }',
    server => <<'END');
        location /few {
            office_config_pass few;
            office_config_auth off;
            office_config_page_size 1000;
        }
END


# restart(%opt): what the server itself takes to be back

sub restart {
    my $begin = time;
    $redis->restart(@_);
    return time - $begin;
}


fault 'Redis is killed (-9) and restarted from its append-only file', $t,
    sub { restart(crash => 1) };

fault 'Redis is stopped and started in order', $t, sub { restart() };

fault 'Redis does not answer for a while (SIGSTOP)', $t, out => 6, sub {
    my ($load) = @_;
    $redis->pause;
    $load->failed(20);
    $redis->resume;
    return;
};

fault 'SCRIPT FLUSH', $t, out => 1, sub { 
    $redis->cmd('SCRIPT', 'FLUSH');
    return;
};

# the configuration that takes check-ins is gone as well

fault 'FLUSHALL and SCRIPT FLUSH', $t, out => 1, lost => 1,
    refused => [404, 503, 504], sub {
    $redis->cmd('SCRIPT', 'FLUSH');
    $redis->cmd('FLUSHALL');
    return;
};

fault 'the ACL user loses a permission and gets it back', $t, out => 6,
    refused => [500, 503, 504], sub {
    my ($load) = @_;
    $redis->cmd(qw(ACL SETUSER default -hset -evalsha -eval -hsetnx));
    $load->failed(20);
    $redis->cmd(qw(ACL SETUSER default +hset +evalsha +eval +hsetnx));
    return;
};

# 503 at once; `make faults` tells how soon, and how soon the others are answered

fault 'more requests than `max_pending` allows', $t, out => 1,
    load => { root => '/few', clients => 24, pause => 0 }, sub { return };

fault 'nginx is reloaded while Redis is restarted', $t, sub {
    my $begin = time;
    $redis->kill;
    $nginx->reload;
    $redis->start;
    return time - $begin;
};

$t->done;
