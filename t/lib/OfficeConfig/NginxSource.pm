# nginx's own source tree, from the source archive of the distribution that
# this machine runs.

package OfficeConfig::NginxSource;

use strict;
use warnings;

use Cwd qw(getcwd);
use Exporter 'import';
use File::Path qw(make_path remove_tree);

use OfficeConfig::Native qw(output_of);

our @EXPORT_OK = qw(nginx_source);


# nginx_source($dir): the path of the unpacked tree, below $dir, where it is
# kept for the next time. Dies with apt's output when it cannot be had.

sub nginx_source {
    my ($dir) = @_;
    $dir = getcwd . "/$dir" unless $dir =~ m{^/};

    my ($tree) = glob "$dir/tree/nginx-*";
    return $tree if defined $tree && -f "$tree/configure";

    my ($archive) = glob "$dir/nginx_*.orig.tar.*";
    $archive //= _download($dir);

    make_path("$dir/tree.new");
    my ($status, $text) = output_of('tar', '-C', "$dir/tree.new", '-xf',
                                    $archive);
    die "$archive cannot be unpacked:\n$text" if $status;
    rename "$dir/tree.new", "$dir/tree" or die "$dir/tree: $!\n";

    ($tree) = glob "$dir/tree/nginx-*";
    return $tree // die "there is no nginx in $archive\n";
}


# The machine's own configuration of apt stays as it is: the same archives are
# asked for sources, with lists and caches of our own. Only the archive of the
# upstream source is taken (--tar-only): that of an older package remains,
# while its description may be gone.

sub _download {
    my ($dir) = @_;
    make_path("$dir/apt/$_") for qw(sources lists/partial
                                    cache/archives/partial);
    _write_sources("$dir/apt/sources");

    my @apt = ('apt-get', '-q', '-y',
        '-o', "Dir::Etc::SourceList=/dev/null",
        '-o', "Dir::Etc::SourceParts=$dir/apt/sources",
        '-o', "Dir::State::Lists=$dir/apt/lists",
        '-o', "Dir::Cache=$dir/apt/cache",
        '-o', 'Acquire::Languages=none', '-o', 'Acquire::Retries=2',
        '-o', 'Debug::NoLocking=1',
        $> == 0 ? ('-o', 'APT::Sandbox::User=root') : ());

    # an archive besides the distribution's may have no sources: what counts
    # is whether the second command succeeds
    my (undef, $updated) = output_of(@apt, 'update');

    my $version = qx(dpkg-query -W -f '\${source:Version}' nginx);
    my ($status, $text);

    for my $package ("nginx=$version", 'nginx') {
        ($status, $text) = output_of('sh', '-c', 'cd "$0" && exec "$@"',
            $dir, @apt, 'source', '--download-only', '--tar-only', $package);
        my ($archive) = glob "$dir/nginx_*.orig.tar.*";
        next if $status || !defined $archive;
        remove_tree("$dir/apt");
        return $archive;
    }

    die "the source of nginx cannot be downloaded:\n$updated$text";
}


# _write_sources($dir): the archives of this machine, each as one of sources

sub _write_sources {
    my ($dir) = @_;

    for my $file (glob('/etc/apt/sources.list /etc/apt/sources.list.d/*.list'
                       . ' /etc/apt/sources.list.d/*.sources'))
    {
        open my $in, '<', $file or next;
        my $text = do { local $/; <$in> } // '';
        my $name = $file =~ s{.*/}{}r;

        if ($name =~ /\.list$/) {
            $text = join '', map { "$_\n" } grep { s/^\s*deb\s/deb-src / }
                    split /\n/, $text;

        } else {
            my @stanzas = grep { /^Types:.*\bdeb(?!-)/mi
                                 && !/^Enabled:\s*(?:no|false|0)/mi }
                          split /\n(?:[ \t]*\n)+/, $text;
            s/^Types:.*/Types: deb-src/mi for @stanzas;
            $text = join "\n\n", @stanzas, '';
        }

        open my $out, '>', "$dir/$name" or die "$dir/$name: $!\n";
        print $out $text;
        close $out;
    }
}


1;
