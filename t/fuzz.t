# The fuzz targets, t/fuzz/*_fuzz.c, as long as %SECONDS says, by the processor
# time that each of them has got.
#
# They are run with what the tests beside them leave of the processors
# (SCHED_IDLE), as those often wait, for a failover for example. This test is a
# part of both runs of .ci/run, and takes half of the time in each of them, the
# second from what the first has found. FUZZ_SECONDS takes the place of all of
# these seconds; 0 tries the inputs that are known.
#
# A target starts from the inputs in t/fuzz/corpus/NAME, where NAME_fuzz.c is
# its source, and from what earlier runs found, in build/fuzz/corpus/NAME. The
# path of an input that fails is printed; run build/fuzz/NAME_fuzz on it.
# t/fuzz/NAME.dict, if there is one, has the words of the input's language.

use strict;
use warnings;

use File::Path qw(make_path);
use POSIX qw(WNOHANG _SC_CLK_TCK sysconf);
use Test::More;
use Time::HiRes qw(sleep);

use OfficeConfig::Native qw(build_native);

# what reads URLs, query options and batches gets a minute, the others less

my %SECONDS = ((map { $_ => 60 } qw(batch_json eval expand filter format
    multipart orderby path query search select skiptoken)), others => 4);

my $TICKS = sysconf(_SC_CLK_TCK);

# of this process, and so of the compilers and targets that it starts
system qw(chrt --idle --pid 0), $$;

my @programs = build_native('fuzz');
plan skip_all => 'there is none' unless @programs;

# as many at a time as there are processors

chomp(my $jobs = qx(nproc));
my (%running, %told, %status);

for my $program (@programs) {
    await() while keys %running >= $jobs;
    start($program);
}

await() while %running;

for my $program (@programs) {
    my $seconds = seconds_of($program);

    is $status{$program}, 0, "$program, $seconds seconds" or do {
        my $text = log_of($program);
        $text =~ s/^#\d+\s.*\n//mg;
        diag length $text > 8000 ? substr $text, -8000 : $text;
        diag "input: $1" while $text =~ /Test unit written to (\S+)/g;
    };
}

done_testing;


# name_of($program), log_file_of($program), log_of($program): of
# build/fuzz/NAME_fuzz its NAME, where its output goes, the output

sub name_of { $_[0] =~ m{([^/]+)_fuzz$}; $1 }

sub log_file_of { 'build/fuzz/' . name_of($_[0]) . '.log' }

sub log_of {
    my ($program) = @_;
    open my $fh, '<', log_file_of($program) or return "$program: $!\n";
    local $/;
    return <$fh> // '';
}


# seconds_of($program): of processor time, in this run

sub seconds_of {
    my ($program) = @_;
    return $ENV{FUZZ_SECONDS}
           // ($SECONDS{name_of($program)} // $SECONDS{others}) / 2;
}


# start($program): a run of it in a process of its own

sub start {
    my ($program) = @_;
    my $name = name_of($program);
    my @corpus = ("build/fuzz/corpus/$name");

    make_path($corpus[0], 'build/fuzz/failed');
    push @corpus, "t/fuzz/corpus/$name" if -d "t/fuzz/corpus/$name";

    my @dict = -f "t/fuzz/$name.dict" ? "-dict=t/fuzz/$name.dict" : ();
    my @bound = seconds_of($program) ? () : '-runs=0';

    # a minute of the clock: what is idle may wait long for a processor
    my @argv = ($program, @bound, @dict, '-timeout=60', '-rss_limit_mb=1024',
                '-print_final_stats=0',
                "-artifact_prefix=build/fuzz/failed/$name-", @corpus);

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', log_file_of($program) or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT;
        no warnings 'exec';
        exec { $argv[0] } @argv;
        print "exec $argv[0]: $!\n";
        POSIX::_exit(127);
    }

    $running{$pid} = $program;
}


# await: until one has ended; tells those whose time is over to, which they do
# when they are through with the input at hand

sub await {
    while (1) {
        for my $pid (keys %running) {
            if (waitpid($pid, WNOHANG) == $pid) {
                $status{delete $running{$pid}} = $?;
                return;
            }

            my $seconds = seconds_of($running{$pid});

            kill 'USR1', $pid
                if $seconds && !$told{$pid} && seconds_had($pid) >= $seconds
                   && ++$told{$pid};
        }

        sleep 0.2;
    }
}


# seconds_had($pid): of processor time, by a process and all of its threads

sub seconds_had {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/stat" or return 0;
    my @fields = split ' ', (<$fh> // '') =~ s/.*\)//r;
    return @fields > 12 ? ($fields[11] + $fields[12]) / $TICKS : 0;
}
