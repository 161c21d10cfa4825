# The fuzz targets, t/fuzz/*_fuzz.c, each for FUZZ_SECONDS (10).
#
# A target starts from the inputs in t/fuzz/corpus/NAME, where NAME_fuzz.c is
# its source, and from what earlier runs found, in build/fuzz/corpus/NAME. The
# path of an input that fails is printed; run build/fuzz/NAME_fuzz on it.
# t/fuzz/NAME.dict, if there is one, has the words of the input's language.

use strict;
use warnings;

use File::Path qw(make_path);
use Test::More;

use OfficeConfig::Native qw(build_native output_of);

my $seconds = $ENV{FUZZ_SECONDS} // 10;

my @programs = build_native('fuzz');
plan skip_all => 'there is none' unless @programs;

# as many at a time as there are processors

chomp(my $jobs = qx(nproc));
my (%running, %result);

for my $program (@programs) {
    collect() while keys %running >= $jobs;
    start($program);
}

collect() while %running;

for my $program (@programs) {
    my ($status, $text) = @{$result{$program}};

    is $status, 0, "$program, $seconds seconds" or do {
        $text =~ s/^#\d+\s.*\n//mg;
        diag length $text > 8000 ? substr $text, -8000 : $text;
        diag "input: $1" while $text =~ /Test unit written to (\S+)/g;
    };
}

done_testing;


# start($program): a run of it in a process of its own

sub start {
    my ($program) = @_;
    my ($name) = $program =~ m{([^/]+)_fuzz$};
    my @corpus = ("build/fuzz/corpus/$name");

    make_path($corpus[0], 'build/fuzz/failed');
    push @corpus, "t/fuzz/corpus/$name" if -d "t/fuzz/corpus/$name";

    my @dict = -f "t/fuzz/$name.dict" ? "-dict=t/fuzz/$name.dict" : ();
    my @bound = $seconds ? "-max_total_time=$seconds" : '-runs=0';
    my $pid = open(my $out, '-|') // die "fork: $!\n";

    if ($pid == 0) {
        my ($status, $text) = output_of($program, @bound, @dict,
            '-timeout=10', '-rss_limit_mb=1024', '-print_final_stats=0',
            "-artifact_prefix=build/fuzz/failed/$name-", @corpus);
        print $text;
        close STDOUT;
        require POSIX;
        POSIX::_exit($status ? 1 : 0);
    }

    $running{$program} = $out;
}


# collect: waits for the run that was started first

sub collect {
    my ($program) = grep { $running{$_} } @programs;
    my $out = delete $running{$program};

    my $text = do { local $/; <$out> } // '';
    close $out;
    $result{$program} = [$?, $text];
}
