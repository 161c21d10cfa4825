package Bench::Steps;

# How long Redis stands still for one call of a script: for check-ins that
# come, many at once, that pass the window, and that are removed together.

use strict;
use warnings;

use Bench::Checkins;
use Bench::Clock;
use Bench::Http qw(request send_all_of);
use Bench::Peers qw(start_server create_one);
use Bench::Redis;
use Bench::Slowlog;
use Bench::Wrk qw(wrk);
use IO::Socket::INET;
use JSON::PP ();
use POSIX qw(strftime);
use Time::HiRes qw(sleep);

my $root = '/beta/officeConfiguration';
my $window = 90 * 86_400;       # office_config_checkin_retention, by default
my $arrays = 40;                # of 1,000 check-ins
my $sets = 10;                  # of configurations that a check-in names
my ($named, $there) = (1000, 300);

# Situations in the order of the table: name; what is there before, "fleet",
# "policies" or "nothing"; the function for what happens, and what it needs.
# The function begins the log, and returns figures if it also ends it.
my @situations = (
    ['expire',        'fleet',    \&expire, clock => 1],
    ['expire, gone',  'fleet',    \&expire, clock => 1, gone => 1],
    ['expire, late',  'nothing',  \&expire_late, clock => 1],
    ['absorb',        'fleet',    \&load, bodies => \&new_bodies],
    ['steady',        'fleet',    \&load,
     bodies => \&Bench::Checkins::write_bodies],
    ['array, new',    'fleet',    \&arrays, new => 1],
    ['array, known',  'fleet',    \&arrays],
    ['tenant, first', 'policies', \&policies, times => 1],
    ['tenant',        'policies', \&policies, times => 10, before => 1],
    ['tenant, read',  'policies', \&read_second],
    ['put',           'fleet',    \&put],
    ['create',        'fleet',    \&create],
    ['delete all',    'fleet',    \&delete_all],
    ['delete tenant', 'fleet',    \&delete_tenant],
    ['delete',        'fleet',    \&delete_configuration],
);

# in: options, dir => scratch folder, bench => this folder, cores => as the
#     runner's;
# out: text, true if the target is met
sub measure {
    my ($o, %a) = @_;
    my %c = (%a, o => $o);
    my (%best, %worst);
    my @wanted = grep {
        my (undef, undef, undef, %s) = @$_;
        !$s{clock} || Bench::Clock::library();
    } @situations;

    print "SKIPPED expire: libfaketime is not installed\n"
        if @wanted < @situations;

    prepare(\%c, fleet => \&fill_fleet);
    prepare(\%c, policies => \&fill_policies);

    for my $round (1 .. $o->{rounds}) {
        for my $situation (@wanted) {
            my ($name) = @$situation;
            my $f = situation(\%c, @$situation);

            printf "round %d: %-13s %7d calls, slowest %.2f ms\n", $round,
                $name, @$f{qw(calls max)};

            $best{$name} = $f
                if !$best{$name} || $f->{max} < $best{$name}{max};
            $worst{$name} = $f->{max}
                if $f->{max} > ($worst{$name} // 0);
        }
    }

    return table([map { $_->[0] } @wanted], \%best, \%worst);
}

# in: context, name, function that fills; leaves a snapshot
sub prepare {
    my ($c, $name, $fill) = @_;
    my ($redis, $server) = begin($c);

    $fill->($c, $server->{port});
    $server->stop_server;
    $c->{snapshot}{$name} = "$c->{dir}/$name.rdb";
    $redis->snapshot($c->{snapshot}{$name});
    $redis->stop_server;
    complain($name, $server);
}

# in: context, snapshot if any, clock if any; out: Redis, server
sub begin {
    my ($c, $snapshot, $clock) = @_;
    my $redis = Bench::Redis->start(
        dir => $c->{dir}, core => $c->{cores}{redis},
        apart => $c->{cores}{server}, snapshot => $snapshot);
    my $server = start_server(
        'module', $c->{o}, dir => $c->{dir}, core => $c->{cores}{server},
        redis => $redis, bench => $c->{bench},
        $clock ? $clock->settings : ());

    return ($redis, $server);
}

# in: context, one of the situations; out: figures as of Bench::Slowlog
sub situation {
    my ($c, $name, $snapshot, $code, %s) = @_;
    my $clock = $s{clock} && Bench::Clock->new($c->{dir}, time);
    my ($redis, $server) = begin($c, $c->{snapshot}{$snapshot}, $clock);
    my $log = Bench::Slowlog->new($redis, "$c->{bench}/../src/store/scripts");

    %s = (%s, clock => $clock, redis => $redis, port => $server->{port},
          log => $log);

    # the connection to Redis, and what nginx does but once
    want($server->{port}, 200, 'GET', $root);

    my $f = $code->($c, \%s) // $log->stop;

    $server->stop_server;
    $redis->stop_server;
    complain($name, $server);

    return $f;
}

# dies if the server logged anything at level error or above
sub complain {
    my ($name, $server) = @_;
    my @lines = $server->complaints or return;

    splice @lines, 5 if @lines > 5;
    die "$name: the error log is not empty:\n", @lines;
}

# in: port, status that the answer must have, method, path, body if any; out:
# the answer's body
sub want {
    my ($port, $wanted, @request) = @_;
    my ($status, undef, $body) = request($port, @request);

    die "@request[0, 1] is answered with $status: $body\n"
        if $status != $wanted;

    return $body;
}

# in: context, port. One configuration that has all the check-ins, as has the
# tenant.
sub fill_fleet {
    my ($c, $port) = @_;

    $c->{before} = time;
    @$c{qw(id path)} = create_one('module', $port,
                                  '{"displayName":"Finance"}');
    Bench::Checkins::load($port, $c->{path}, $c->{id}, $c->{o}{checkins});
    $c->{after} = time;
}

# in: context, port. Configurations without check-ins.
sub fill_policies {
    my ($c, $port) = @_;
    my $n = 0;

    send_all_of($port, 'POST', "$root/clientConfigurations", sub {
        return if $n == $sets * $there;
        return sprintf '{"id":"%s","displayName":"Finance"}', policy($n++);
    }, 32, 60);
}

# in: number; out: id of a configuration
sub policy { return sprintf '5e0f7a31-2c64-4b8d-9d1e-%012x', $_[0] }

sub date { return strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime $_[0]) }

# in: number, date, id; out: check-in of a new device of a new user
sub new_status {
    my ($n, $date, $id) = @_;

    return Bench::Checkins::new_status($n, $date, $id)
           =~ s/NNNNNNN/sprintf '%07d', $n/ger;
}

# All pass the window at once: they cease to count and, with "gone", are
# removed as well, while summaries and collections are read and others come.
sub expire {
    my ($c, $s) = @_;
    my $day = 86_400;

    # none of them was received in a day that is over, or all were
    my $now = $window + ($s->{gone} ? (int($c->{after} / $day) + 1) * $day + 1
                                    : $c->{before} - 7200);
    my @paths = ("$c->{path}/userCheckinSummary",
                 "$root/tenantUserCheckinSummary",
                 "$c->{path}/checkinStatuses", "$root/tenantCheckinStatuses");
    my $sent = 0;

    $s->{clock}->set($now);
    $s->{log}->start;

    my $get = gets($s->{port}, @paths);

    send_all_of($s->{port}, 'POST', "$c->{path}/checkinStatuses", sub {
        return if $get->() || $sent == 20_000;
        return new_status(++$sent, date($now - 60), $c->{id});
    }, 4, 120);

    sleep 0.01 until $get->();

    my $f = $s->{log}->stop;
    my $count = $sent + ($s->{gone} ? 0 : $c->{o}{checkins});

    for my $path (@paths) {
        my $count_path = $path =~ /Statuses/ && "$path/\$count";
        my $json = want($s->{port}, 200, 'GET', $count_path || $path);
        my $summary = !$count_path && JSON::PP->new->decode($json);

        die "$path: $json, but $sent came and $count are there\n"
            if $count_path ? $json ne $count
               : $summary->{succeededUserCount} != $sent
                 || $summary->{failedUserCount} != 0;
    }

    return $f;
}

# The newest are removed while older ones, which came days later, stay: others
# take their places.
sub expire_late {
    my ($c, $s) = @_;
    my $start = time;
    my ($id, $path) = create_one('module', $s->{port},
                                 '{"displayName":"Finance"}');

    # in: numbers, when they come, how many days before that they are dated
    my $send = sub {
        my ($from, $to, $now, $days) = @_;
        my @bodies = '[' . join(',', map {
            new_status($_, date($now - $days * 86_400), $id)
        } $from .. $to) . ']';

        $s->{clock}->set($now);
        send_all_of($s->{port}, 'POST', "$path/checkinStatuses",
                    sub { shift @bodies }, 1, 60, \&all_taken);
    };

    $send->(1, 200, $start, 0);
    $send->(201, 1000, $start + 5 * 86_400, 20);
    $s->{clock}->set($start + $window + 2 * 86_400);
    $s->{log}->start;

    my $count = want($s->{port}, 200, 'GET', "$path/checkinStatuses/\$count");

    die "$count are left, not 800\n" if $count ne 800;

    return;
}

# Asks for each of the paths once, over connections of their own.
# in: port, paths; out: function that is true once all are answered
sub gets {
    my ($port, @paths) = @_;
    my @open;

    for my $path (@paths) {
        my $socket = IO::Socket::INET->new(
            PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5,
        ) or die "connect: $!\n";

        Bench::Http::send_all($socket,
            "GET $path HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n\r\n");
        $socket->blocking(0);
        push @open, { path => $path, socket => $socket, in => '' };
    }

    return sub {
        @open = grep {
            my $n = sysread $_->{socket}, $_->{in}, 1 << 20, length $_->{in};

            die "GET $_->{path}: the connection closed\n"
                if defined $n && $n == 0;

            my $status = Bench::Http::whole_answer($_->{in});

            die "GET $_->{path}: $_->{in}\n" if $status && $status != 200;
            !$status;
        } @open;

        return !@open;
    };
}

# wrk sends single check-ins: those of the case module-checkin-1m, or all of
# new devices and users
sub load {
    my ($c, $s) = @_;
    my $o = $c->{o};
    my %load = (
        dir => $c->{dir}, core => $c->{cores}{load}, port => $s->{port},
        connections => $o->{connections}, method => 'POST',
        script => "$c->{bench}/wrk/load.lua", bodies => "$c->{dir}/bodies",
        path => "$c->{path}/checkinStatuses",
    );

    $s->{bodies}->($load{bodies}, $c->{id}, $o->{checkins});

    wrk(%load, seconds => $o->{warmup}, time => time - 7200, serial => 0);
    $s->{log}->start;

    my $w = wrk(%load, seconds => $o->{duration}, time => time - 3600,
                serial => 5_000_000);
    my $f = $s->{log}->stop;

    die "requests failed\n" if grep { $_ } values %{$w->{errors}};

    return $f;
}

# in: file, id of the configuration. As Bench::Checkins' write_bodies().
sub new_bodies {
    my ($file, $id) = @_;

    open my $out, '>', $file or die "$file: $!\n";

    for my $n (0 .. 9_999) {
        my $date = sprintf 'YYYY-MM-DDThh:mm:ss.%03dZ', $n / 10;

        print $out Bench::Checkins::new_status($n, $date, $id), "\n";
    }

    close $out or die "$file: $!\n";
}

# arrays of 1,000, of new devices or of those that are known
sub arrays {
    my ($c, $s) = @_;
    my $count = $c->{o}{checkins};
    my $date = date(time - 3600);
    my @bodies;

    for my $i (0 .. $arrays - 1) {
        push @bodies, '[' . join(',', map {
            my $device = $s->{new} ? $count + $_
                         : Bench::Checkins::shuffled($_, $count);

            Bench::Checkins::status(
                $device, Bench::Checkins::succeeds($device), $date, $c->{id});
        } 1000 * $i .. 1000 * $i + 999) . ']';
    }

    $s->{log}->start;
    send_all_of($s->{port}, 'POST', "$c->{path}/checkinStatuses",
                sub { shift @bodies }, 4, 60, \&all_taken);

    return;
}

sub all_taken {
    die "a check-in was not taken: $1\n"
        if $_[0] =~ /(\{"index":\d+,"status":(?!204)[^}]*)/;
}

# Check-ins of the tenant that name many policies: those of each set of
# configurations, for which they are the first ones, or not.
sub policies {
    my ($c, $s) = @_;
    my @bodies;

    for my $n (0 .. $s->{times} + ($s->{before} // 0) - 1) {
        for my $set (0 .. $sets - 1) {
            my $ids = join '","', map {
                policy($_ % 10 < 10 * $there / $named
                       ? $set * $there + int($_ / 10) * 3 + $_ % 10
                       : 1_000_000 + $_)
            } 0 .. $named - 1;

            push @bodies, new_status($n * $sets + $set, date(time - 60), $ids);
        }
    }

    my $post = sub {
        my ($times) = @_;

        send_all_of($s->{port}, 'POST', "$root/tenantCheckinStatuses", sub {
            return $times-- > 0 ? shift @bodies : undef;
        }, 1, 60);
    };

    $post->($sets) if $s->{before};
    $s->{log}->start;
    $post->($sets * $s->{times});

    return;
}

# The summary of the second of two configurations, after check-ins of the
# tenant that name both.
sub read_second {
    my ($c, $s) = @_;
    my $count = int($c->{o}{checkins} / 10) || 1;
    my $ids = join '","', policy(0), policy(1);
    my $date = date(time - 60);
    my $n = 0;

    send_all_of($s->{port}, 'POST', "$root/tenantCheckinStatuses", sub {
        return $n < $count ? new_status($n++, $date, $ids) : undef;
    }, 4, 120);

    $s->{log}->start;

    my $path = "$root/clientConfigurations/${\ policy(1)}/userCheckinSummary";
    my $get = gets($s->{port}, $path);

    sleep 0.01 until $get->();

    my $f = $s->{log}->stop;
    my $summary = JSON::PP->new->decode(want($s->{port}, 200, 'GET', $path));

    die "$path has $summary->{succeededUserCount} users, not $count\n"
        if $summary->{succeededUserCount} != $count;

    return $f;
}

# a collection of 1,000 in place of all
sub put {
    my ($c, $s) = @_;
    my $date = date(time - 60);
    my $json = join ',', map { new_status($_, $date, $c->{id}) } 1 .. 1000;

    return afterwards($c, $s, 1000, 204, 'PUT', "$c->{path}/checkinStatuses",
                      qq({"value":[$json]}));
}

# a configuration that comes with 1,000
sub create {
    my ($c, $s) = @_;
    my $date = date(time - 60);
    my $json = join ',', map { new_status($_, $date, $c->{id}) } 1 .. 1000;

    return afterwards($c, $s, undef, 201, 'POST', "$root/clientConfigurations",
                      qq({"displayName":"x","checkinStatuses":[$json]}));
}

sub delete_all {
    my ($c, $s) = @_;

    return afterwards($c, $s, 0, 204, 'DELETE', "$c->{path}/checkinStatuses");
}

sub delete_tenant {
    my ($c, $s) = @_;

    return afterwards($c, $s, undef, 200, 'PATCH', $root,
                      '{"tenantCheckinStatuses":[]}');
}

sub delete_configuration {
    my ($c, $s) = @_;

    return afterwards($c, $s, undef, 204, 'DELETE', $c->{path});
}

# One request, and summaries while Redis frees what is gone.
# in: context, situation, number of check-ins of the configuration that must
#     be left, if it is; status, method, path, body; out: figures
sub afterwards {
    my ($c, $s, $left, @request) = @_;

    # the first calls of scripts take longer
    for (1 .. 3) {
        my (undef, $path) = create_one('module', $s->{port},
                                       '{"displayName":"Sales"}');

        want($s->{port}, 204, 'PUT', "$path/checkinStatuses",
             '{"value":[]}');
        want($s->{port}, 204, 'DELETE', "$path/checkinStatuses");
        want($s->{port}, 204, 'DELETE', $path);
    }

    $s->{log}->start;
    want($s->{port}, @request);

    my $more = 100;

    while ($more-- > 0) {
        want($s->{port}, 200, 'GET', "$root/tenantUserCheckinSummary");

        my ($pending) = map { /^lazyfree_pending_objects:(\d+)/ }
                        $s->{redis}->command('INFO', 'memory');

        $more = 100 if $pending;
        sleep 0.002;
    }

    my $f = $s->{log}->stop;

    if (defined $left) {
        my $count = want($s->{port}, 200, 'GET',
                         "$c->{path}/checkinStatuses/\$count");

        die "$count check-ins are left, not $left\n" if $count ne $left;
    }

    return $f;
}

# in: names, figures of each situation's least disturbed round, the slowest of
#     all rounds; out: text, true if the target is met
sub table {
    my ($names, $best, $worst) = @_;
    my $row = "%-13s %7s %7s %7s %7s %8s %8s %8s %8s %8s  %-4s  %s\n";
    my $met = 1;
    my $text = sprintf $row, 'situation', 'calls', 'cpu us', 'p50 ms',
        'p99 ms', 'p99.9 ms', 'slowest', 'of all', '> 1 ms', 'core', '',
        'slowest is';

    for my $name (@$names) {
        my $f = $best->{$name};
        my $kinds = $f->{kinds};
        my $held = 1000 * $f->{over} <= $f->{calls};
        my @over = map { "$_ $kinds->{$_}[0]" }
                   sort { $kinds->{$b}[0] <=> $kinds->{$a}[0] || $a cmp $b }
                   grep { $kinds->{$_}[0] } keys %$kinds;

        $met &&= $held;
        $text .= sprintf $row, $name, $f->{calls},
            sprintf('%.1f', $f->{cpu}),
            (map { sprintf '%.2f', $_ } @$f{qw(p50 p99 p999 max)},
                                        $worst->{$name}),
            $f->{over}, $f->{off}, $held ? 'PASS' : 'MISS',
            $f->{slowest} . (@over ? "; over 1 ms: @over" : '');
    }

    return ($text . <<'END' . ($met ? "PASS\n" : "MISS\n"), $met);
Calls of scripts, timed by Redis, in the round whose slowest was the shortest;
of all: the slowest of all rounds; core: how often Redis had to leave its core,
which is in the time of a call. The slowest is a script, with so many keys and
arguments. At most one call in a thousand over 1 ms in each situation:
END
}

1;
