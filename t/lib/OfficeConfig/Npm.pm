# Packages from npm, by the lock file of a folder of t/interop, and test points
# that a script prints.

package OfficeConfig::Npm;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use JSON::PP ();
use Test::More;

our @EXPORT = qw(packages points);


# packages($t, $from): the directory with node_modules, in a build directory of
# the lock file's digest; npm fills it, from the registry, when it is not
# there. $from is the folder with package.json and package-lock.json.

sub packages {
    my ($t, $from) = @_;
    my @files = map { "$from/$_" } qw(package.json package-lock.json);
    my $dir = OfficeConfig::Test::ROOT() . '/build/interop';
    my $name = "$dir/" . substr sha256_hex(map { _slurp($_) } @files), 0, 16;

    if (!-d $name) {
        make_path($dir);
        my $new = tempdir('new-XXXXXX', DIR => $dir, CLEANUP => 1);

        my ($status, $text) = $t->command('cp', @files, $new);
        ($status, $text) = $t->command(qw(npm ci --ignore-scripts --no-audit
            --no-fund --no-update-notifier --fetch-retries=1 --prefix), $new)
            if $status == 0;
        die "npm cannot install the packages:\n$text" if $status != 0;

        # another run may have been faster
        rename $new, $name or -d $name or die "$name: $!\n";
    }

    return $name;
}

sub _slurp {
    my ($file) = @_;
    open my $fh, '<:raw', $file or die "$file: $!\n";
    local $/;
    return <$fh>;
}


# points($status, $text): the points that a script printed, a JSON object a
# line: {"ok", "name", "text"}, and in the end {"done": how many}

sub points {
    my ($status, $text) = @_;
    my ($n, $done) = (0, undef);
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $line (split /\n/, $text) {
        my $point = $line =~ /^\{/ && eval { JSON::PP->new->decode($line) };

        if (!$point) {
            diag $line;

        } elsif (exists $point->{done}) {
            $done = $point->{done};

        } else {
            $n++;
            ok $point->{ok}, $point->{name} or diag $point->{text};
        }
    }

    is $status, 0, 'the script ends in order';
    is $done, $n, 'and reached its end';
}


1;
