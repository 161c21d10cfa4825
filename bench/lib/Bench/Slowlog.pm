package Bench::Slowlog;

# How long Redis takes for each call of a script, by its own clock: from its
# slow log and its statistics of commands.

use strict;
use warnings;

use Bench::Cpu qw(process_ns);
use Digest::SHA qw(sha1_hex);

my $least = 200;        # microseconds; what is shorter is not in the log
my $long  = 1000;       # and what is longer is a step that is too long

# Makes Redis know the scripts, so that none is compiled while others are
# timed. A call that compiles one is an EVAL; only EVALSHA is counted.
# in: running Redis, folder of the scripts; out: object
sub new {
    my ($class, $redis, $dir) = @_;
    my $self = bless { redis => $redis }, $class;

    $redis->command(qw(CONFIG SET slowlog-max-len 1000000));
    $redis->command('CONFIG', 'SET', 'slowlog-log-slower-than', $least);
    $redis->command('CONFIG', 'SET', 'latency-tracking-info-percentiles',
                    '50 99 99.9');

    for my $file (glob "$dir/*.lua") {
        my ($name) = $file =~ m{([^/]+)\.lua$};
        my $text = script($dir, "$name.lua", {});

        $self->{names}{sha1_hex($text)} = $name;
        $redis->command('SCRIPT', 'LOAD', $text);
    }

    return $self;
}

# in: folder, file, what is in the script already; out: the script as config
# makes it
sub script {
    my ($dir, $file, $had) = @_;
    my $text = '';

    return '' if $had->{$file}++;

    open my $in, '<', "$dir/$file" or die "$dir/$file: $!\n";

    while (my $line = <$in>) {
        if ($line =~ /^-- include (\S+)/) {
            $text .= script($dir, $1, $had);
        } elsif ($line !~ /^\s*(?:--|$)/) {
            $text .= $line =~ s/^\s+|\s+$//gr . "\n";
        }
    }

    return $text;
}

sub start {
    my ($self) = @_;

    $self->{redis}->command(qw(CONFIG RESETSTAT));
    $self->{redis}->command(qw(SLOWLOG RESET));
    $self->{off} = preemptions($self->{redis}{pid});
    $self->{ns} = process_ns($self->{redis}{pid});
}

# out: hash of what there was since start(): calls; cpu => microseconds of
# processor time a call, the reading of the command included; p50, p99, p999,
# max (milliseconds); over => how many were over one; off => how often the
# kernel took the core from Redis; slowest => name and number of arguments;
# kinds => hash of name => array of how many were over one and the slowest
sub stop {
    my ($self) = @_;
    my $redis = $self->{redis};
    my $ns = process_ns($redis->{pid}) - $self->{ns};
    my $off = preemptions($redis->{pid}) - $self->{off};
    my %info = map { /^(\w+):(.*?)\r?$/ }
               map { $redis->command('INFO', $_) }
                   qw(commandstats latencystats);
    my ($calls) = ($info{cmdstat_evalsha} // '') =~ /calls=(\d+)/
        or die "Redis has run no script\n";
    my %p = ($info{latency_percentiles_usec_evalsha} // '')
            =~ /p([\d.]+)=([\d.]+)/g;
    my %f = (calls => $calls, off => $off, cpu => $ns / 1000 / $calls,
             over => 0, max => 0, slowest => '', kinds => {},
             p50 => $p{50} / 1000, p99 => $p{99} / 1000,
             p999 => $p{99.9} / 1000);

    for my $call ($redis->command('EVAL', <<'LUA', 0)) {
local calls = {}

for _, entry in ipairs(redis.call('SLOWLOG', 'GET', -1)) do
    local argv = entry[4]

    if argv[1]:upper() == 'EVALSHA' then
        local more = argv[#argv]:match('^%.%.%. %((%d+) more arguments%)$')

        calls[#calls + 1] = string.format('%d %s %d', entry[3], argv[2],
                                          more and #argv - 4 + more
                                          or #argv - 3)
    end
end

return calls
LUA
        my ($us, $sha, $arguments) = split ' ', $call or next;
        my $name = $self->{names}{$sha} // substr $sha, 0, 8;
        my $kind = $f{kinds}{$name} //= [0, 0];

        $kind->[1] = $us / 1000 if $us / 1000 > $kind->[1];

        if ($us > $long) {
            $f{over}++;
            $kind->[0]++;
        }
        if ($us / 1000 > $f{max}) {
            $f{max} = $us / 1000;
            $f{slowest} = "$name, $arguments";
        }
    }

    # none was long enough for the log
    $f{max} ||= $f{p999};

    return \%f;
}

# in: pid; out: how often its main thread had to leave its core
sub preemptions {
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/task/$pid/status"
        or die "process $pid is gone\n";
    my ($n) = map { /^nonvoluntary_ctxt_switches:\s*(\d+)/ } <$in>;

    return $n // 0;
}

1;
