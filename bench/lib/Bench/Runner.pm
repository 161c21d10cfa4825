package Bench::Runner;

# Runs cases: once before all rounds a peer's Redis is filled and saved; then
# every run of a case starts its own Redis from that snapshot and its own
# server, warms up, measures and stops both. So each run of a case meets the
# same data, however much an earlier one created.

use strict;
use warnings;

use Bench::Checkins;
use Bench::Cpu qw(process_ns cores_busy);
use Bench::Peers qw(peers start_server fill);
use Bench::Perf;
use Bench::Redis;
use Bench::Token qw(token_files);
use Bench::Wrk qw(wrk);
use File::Path qw(make_path);

# in: options, dir => scratch folder, bench => this folder, cores => hash with
#     server, load, redis: core numbers or nothing
sub new {
    my ($class, $options, %a) = @_;
    my $self = bless {
        o => $options, %a,
        body_file => {
            seed => "$a{bench}/request.json",
            plain => "$a{dir}/plain.json",
        },
    }, $class;

    my $seed = $self->{body_file}{seed};
    open my $in, '<:raw', $seed or die "$seed: $!\n";
    $self->{body} = do { local $/; <$in> };
    $self->{bytes} = length $self->{body};
    $self->write_plain;

    return $self;
}

# leaves the seed's body without its check-in, the last member, in a file
sub write_plain {
    my ($self) = @_;
    my $file = $self->{body_file}{plain};

    $self->{body} =~ /^(\{.*),\s*"checkinStatuses": \[.*\]\s*\}\s*\z/s
        or die "the seed's body does not end with check-ins\n";
    open my $out, '>:raw', $file or die "$file: $!\n";
    print $out "$1\n}\n";
    close $out or die "$file: $!\n";
}

# in: peer's name. Leaves a snapshot and a file of ids for its later runs.
sub prepare {
    my ($self, $peer) = @_;
    my $dir = $self->folder($peer);

    if (!peers()->{$peer}{redis}) {
        # ids of the same length as the others', as the request line is parsed
        $self->{ids}{$peer} = [map {
            join '-', map { sprintf "%0${_}x", rand 16 ** $_ } 8, 4, 4, 4, 12
        } 1 .. $self->{o}{ids}];
        return;
    }

    my $redis = Bench::Redis->start(dir => $dir,
                                    core => $self->{cores}{redis});
    my $server = $self->server($peer, $redis);
    my ($ids, $bytes) = fill($peer, $self->{o}, server => $server,
                             redis => $redis, body => $self->{body},
                             file => "$dir/feed");

    $server->stop_server;
    $self->check_log($peer, $server);
    $self->{ids}{$peer} = $ids;
    $self->{get_bytes}{$peer} = $bytes;
    $self->{snapshot}{$peer} = "$dir/snapshot.rdb";
    $redis->snapshot($self->{snapshot}{$peer});
    $redis->stop_server;
}

# in: peers prepared. Return 200's body is as long as the module's GET answer,
# else the Lua peer's, else the seed's body. out: its bytes, and whose size
sub choose_bytes {
    my ($self) = @_;

    for my $peer (qw(module lua)) {
        if (my $bytes = $self->{get_bytes}{$peer}) {
            $self->{bytes} = $bytes;
            return ($bytes, "a GET answer of the peer \"$peer\"");
        }
    }

    return ($self->{bytes}, 'the seed\'s request');
}

# in: case; out: figures of one run
sub run {
    my ($self, $case) = @_;
    my ($redis, $server, $load) = $self->begin($case);
    my @server = $server->pids;
    my @redis = $redis ? $redis->{pid} : ();
    my @cores = $self->used_cores;

    $self->warm_up($load);

    my ($busy, $steal) = cores_busy(@cores);
    my ($s, $r) = (process_ns(@server), process_ns(@redis));

    my $w = $self->load($load);

    $s = process_ns(@server) - $s;
    $r = process_ns(@redis) - $r;
    my ($busy_end, $steal_end) = cores_busy(@cores);

    $self->end($case, $redis, $server);

    my $requests = $w->{requests} or die "$case->{name}: no request\n";
    my $window = $w->{duration} * 1000;         # nanoseconds
    my $other = $busy_end - $busy - $s - $r - $w->{cpu} * 1e9;

    return {
        rate   => $requests / $window * 1e9,
        p50    => $w->{p50},
        p99    => $w->{p99},
        server => $s / $requests / 1000,
        redis  => $r / $requests / 1000,
        sum    => ($s + $r) / $requests / 1000,
        busy   => 100 * $s / $window,
        other  => $other > 0 ? 100 * $other / $window : 0,
        steal  => 100 * ($steal_end - $steal) / $window,
        errors => $w->{errors},
    };
}

# in: case; out: text: where server and Redis spend their time
sub profile {
    my ($self, $case) = @_;
    my $o = $self->{o};
    my ($redis, $server, $load) = $self->begin($case);
    my $dir = $load->{dir};
    my @perf;

    $self->warm_up($load);

    my @targets = map { ["server, pid $_", $_] } $server->pids;
    push @targets, ["redis-server, pid $redis->{pid}", $redis->{pid}]
        if $redis;

    for my $target (@targets) {
        push @perf, [$target->[0], Bench::Perf->start(
            pid => $target->[1], core => $self->{cores}{load},
            call_graph => $o->{call_graph},
            file => "$dir/perf." . scalar @perf)];
    }

    my $w = $self->load($load);
    my $text = join '', map { $_->[1]->finish($_->[0]) } @perf;

    $self->end($case, $redis, $server);

    return sprintf("%s under perf: %d requests in %.1f s\n", $case->{name},
                   $w->{requests}, $w->{duration} / 1e6) . $text;
}

# in: case; out: its Redis or nothing, its server, arguments for wrk
sub begin {
    my ($self, $case) = @_;
    my $o = $self->{o};
    my $peer = $case->{peer};
    my $dir = $self->folder($peer);
    my $redis = peers()->{$peer}{redis} ? Bench::Redis->start(
        dir => $dir, core => $self->{cores}{redis},
        snapshot => $self->{snapshot}{$peer}) : undef;
    my $server = $self->server($peer, $redis);
    my %load = (
        dir => $dir, core => $self->{cores}{load}, port => $server->{port},
        connections => $o->{connections}, method => $case->{method},
        script => "$self->{bench}/wrk/load.lua", path => $case->{path},
        prefix => $case->{prefix},
    );

    $load{body} = $self->{body_file}{$case->{body}} if $case->{body};
    (undef, $load{token}) = token_files($dir) if $case->{token};

    if ($case->{of}) {
        my ($head, $tail) = @{$case->{of}};

        $load{path} = "$head$self->{ids}{$peer}[0]$tail";
    }

    if ($case->{bodies}) {
        $load{bodies} = "$dir/bodies";
        Bench::Checkins::write_bodies(
            $load{bodies}, $self->{ids}{$peer}[0],
            Bench::Peers::fleet($peer, $o)) if !-e $load{bodies};
    }

    if ($case->{item}) {
        my ($head, $tail) = @{$case->{item}};

        $load{paths} = "$dir/paths";
        open my $out, '>', $load{paths} or die "$load{paths}: $!\n";
        print $out "$head$_$tail\n" for @{$self->{ids}{$peer}};
        close $out or die "$load{paths}: $!\n";
    }

    return ($redis, $server, \%load);
}

# Check-ins of the warm-up are older than the others, none is of the future,
# and new devices have not the same numbers.
# in: arguments for wrk
sub warm_up {
    my ($self, $load) = @_;

    wrk(%$load, seconds => $self->{o}{warmup}, time => time - 7200,
        serial => 0);
}

# in: arguments for wrk; out: what it says
sub load {
    my ($self, $load) = @_;

    return wrk(%$load, seconds => $self->{o}{duration}, time => time - 3600,
               serial => 5_000_000);
}

sub end {
    my ($self, $case, $redis, $server) = @_;

    $server->stop_server;
    $redis->stop_server if $redis;
    $self->check_log($case->{name}, $server);
}

sub server {
    my ($self, $peer, $redis) = @_;

    return start_server($peer, $self->{o}, dir => $self->folder($peer),
                        core => $self->{cores}{server}, redis => $redis,
                        bench => $self->{bench}, bytes => $self->{bytes});
}

# dies if the server logged anything at level error or above
sub check_log {
    my ($self, $name, $server) = @_;
    my @lines = $server->complaints or return;

    splice @lines, 5 if @lines > 5;
    die "$name: the error log is not empty:\n", @lines;
}

sub folder {
    my ($self, $peer) = @_;
    my $dir = "$self->{dir}/$peer";

    make_path($dir, { mode => 0700 });

    return $dir;
}

sub used_cores {
    my ($self) = @_;
    my %seen;

    return grep { !$seen{$_}++ } values %{$self->{cores}};
}

1;
