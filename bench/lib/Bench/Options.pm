package Bench::Options;

# The command line and the environment, into one hash.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use Getopt::Long qw(GetOptionsFromArray);

our @EXPORT_OK = qw(parse);

my $usage = <<'END';
usage: bench/run [option ...]

  --duration SECONDS     measured window of a case        BENCH_DURATION     8
  --warmup SECONDS       load before it, not counted      BENCH_WARMUP       1
  --connections N        wrk's connections                BENCH_CONNECTIONS  64
  --preload N            configurations present           BENCH_PRELOAD      100000
  --checkins N           check-ins present                BENCH_CHECKINS     1000000
  --ids N                different ids that GETs use      BENCH_IDS          10000
  --rounds N             times each case is measured      BENCH_ROUNDS       3
  --cases A,B,...        only these cases                 BENCH_CASES        all
  --module FILE          the module           BENCH_MODULE
                                    build/ngx_http_office_config_module.so
  --redis-core server|load  Redis shares a core with      BENCH_REDIS_CORE   load
  --quick                one round of 3 s, 10,000 of each present
  --memory               what check-ins take in Redis, instead of the cases
  --eval                 what expressions cost on a configuration, instead
  --jwt                  what the verification of a token costs, likewise
  --scan                 what a scan of many costs, and others beside it,
                         likewise; 200,000 configurations
  --steps                how long Redis takes for one call of a script,
                         likewise; 200,000 check-ins
  --payload BYTES        what each has of policyPayload   BENCH_PAYLOAD      200
  --count N              the same as --checkins N
  --perf CASE            profile that case instead
  --call-graph fp|dwarf  how perf unwinds stacks                             fp
  --strict               exit with 2 if a ratio misses its target
  --list                 names of the cases
  --help

A flag wins over the environment.
END

# in: array reference of arguments, array reference of all case names;
# out: the options. Prints and exits on --help, --list and wrong usage.
sub parse {
    my ($argv, $all) = @_;
    my (%flag, %o);

    GetOptionsFromArray($argv, \%flag, qw(
        duration=f warmup=f connections=i preload=i
        checkins|count=i ids=i rounds=i cases=s
        module=s redis-core=s quick memory eval jwt scan steps payload=i
        perf=s call-graph=s strict list help
    )) && !@$argv or fail();

    if ($flag{help}) {
        print $usage;
        exit 0;
    }

    if ($flag{list}) {
        print "$_\n" for @$all;
        exit 0;
    }

    my %default = (
        duration    => $flag{quick} ? 3 : 8,
        warmup      => 1,
        connections => 64,
        preload     => $flag{quick} ? 10_000 : $flag{scan} ? 200_000 : 100_000,
        payload     => 200,
        checkins    => $flag{quick} ? 10_000 : $flag{steps} ? 200_000
                                             : 1_000_000,
        ids         => 10_000,
        rounds      => $flag{quick} ? 1 : 3,
        cases       => join(',', @$all),
        # the Makefile names the one it built
        module      => $ENV{OC_MODULE}
                       || 'build/ngx_http_office_config_module.so',
        'redis-core' => 'load',
    );

    for my $name (keys %default) {
        my $env = 'BENCH_' . uc($name =~ tr/-/_/r);
        my $value = $flag{$name} // $ENV{$env} // $default{$name};

        $o{$name =~ tr/-/_/r} = $value eq '' ? $default{$name} : $value;
    }

    $o{memory} = $flag{memory};
    $o{eval} = $flag{eval};
    $o{jwt} = $flag{jwt};
    $o{scan} = $flag{scan};
    $o{steps} = $flag{steps};
    $o{perf} = $flag{perf};
    $o{rounds} = 1 if defined $o{perf};
    $o{strict} = $flag{strict};
    $o{call_graph} = $flag{'call-graph'} // 'fp';
    $o{cases} = [defined $o{perf} ? $o{perf} : split /[,\s]+/, $o{cases}];

    for my $name (qw(connections preload checkins ids rounds payload)) {
        fail("--$name must be a positive integer")
            if $o{$name} !~ /^[1-9]\d*$/;
    }
    for my $name (qw(duration warmup)) {
        fail("--$name must be 1 to 600 seconds, in whole seconds")
            if $o{$name} !~ /^\d+$/ || $o{$name} < 1 || $o{$name} > 600;
    }

    my %known = map { $_ => 1 } @$all;
    my @unknown = grep { !$known{$_} } @{$o{cases}};

    fail("no such case: @unknown; there are: @$all") if @unknown;
    fail('--redis-core is "server" or "load"')
        if $o{redis_core} !~ /^(?:server|load)$/;
    fail('--call-graph is "fp" or "dwarf"')
        if $o{call_graph} !~ /^(?:fp|dwarf)$/;

    # nginx takes a relative path from its prefix, not from here
    $o{module} = abs_path($o{module}) // $o{module};

    return \%o;
}

sub fail {
    my ($message) = @_;

    print STDERR "bench: $message\n" if defined $message;
    print STDERR $usage;
    exit 64;
}

1;
