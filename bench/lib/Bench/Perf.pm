package Bench::Perf;

# Where the time goes: perf's samples of a process, as text.

use strict;
use warnings;

use Bench::Process qw(spawn stop tool);

# in: pid => to watch, file => for perf's data, call_graph => fp or dwarf,
#     core => where perf itself runs; out: object
sub start {
    my ($class, %o) = @_;
    my $self = bless { file => $o{file} }, $class;

    # cpu-clock needs no hardware counter, so it works in virtual machines.
    # A frequency that is no divisor of the timer's avoids lockstep with it.
    $self->{pid} = spawn(
        name => 'perf record',
        core => $o{core},
        out  => "$o{file}.log",
        argv => [
            tool('perf'), 'record', '-q', '-e', 'cpu-clock', '-F', '1997',
            '--call-graph', $o{call_graph}, '-o', $o{file}, '-p', $o{pid},
        ],
    );

    return $self;
}

# in: heading; out: text: symbols by their own share, then folded stacks
sub finish {
    my ($self, $heading) = @_;

    stop($self->{pid}, 'INT');

    open my $in, '-|', 'sh', '-c',
        'exec "$1" script -i "$2" -F comm,ip,sym,dso 2> "$2.err"', 'sh',
        tool('perf'), $self->{file} or die "perf script: $!\n";

    my (%own, %under, %object, %stack, @frames);
    my $samples = 0;
    my $close = sub {
        return if !@frames;
        my %seen;

        $samples++;
        $own{$frames[0]}++;
        $under{$_}++ for grep { !$seen{$_}++ } @frames;
        $object{$frames[0] =~ s{.* \(|\)$}{}gr}++;
        $stack{fold(@frames)}++;
        @frames = ();
    };

    while (my $line = <$in>) {
        chomp $line;

        if ($line =~ /^\s+([0-9a-f]+) (.*) \((.*)\)$/) {
            my ($ip, $symbol, $object) = ($1, $2, $3);

            $object =~ s{.*/}{};
            $symbol = '?' if $symbol eq '[unknown]';
            push @frames, "$symbol ($object)";
        } elsif ($line =~ /^\s*$/) {
            $close->();
        }
    }

    $close->();
    close $in;

    return "$heading: perf gave no samples\n" if !$samples;

    my $text = "\n$heading: $samples samples\n"
        . "   own  object\n";
    my $share = sub { 100 * ($_[0] // 0) / $samples };

    $text .= sprintf "%5.1f%%  %s\n", $share->($object{$_}), $_
        for top(\%object, 30);

    $text .= "\n   own  under  symbol; \"?\" has none, as Debian strips "
        . "programs\n";

    for my $symbol (top(\%own, 30)) {
        $text .= sprintf "%5.1f%% %5.1f%%  %s\n", $share->($own{$symbol}),
            $share->($under{$symbol}), $symbol;
    }

    $text .= "\n$heading: folded stacks, samples\n";
    $text .= "$_ $stack{$_}\n" for top(\%stack, 30);

    return $text;
}

# in: frames, the innermost first; out: one folded stack, without the frames
# that have no symbol (code built without frame pointers gives senseless ones)
sub fold {
    my ($leaf, @callers) = @_;

    return join ';', map { s{ \(.*}{}r } reverse(grep { !m{^\? } } @callers),
        $leaf =~ s{^\? \((.*)\)$}{[$1]}r;
}

# in: hash of counts, n; out: its n keys with the largest counts
sub top {
    my ($count, $n) = @_;
    my @keys = sort { $count->{$b} <=> $count->{$a} || $a cmp $b }
        keys %$count;

    splice @keys, $n if @keys > $n;

    return @keys;
}

1;
