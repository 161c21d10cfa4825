# The C programs of t/unit and t/fuzz.

package OfficeConfig::Native;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(build_native output_of);


# build_native($kind): builds t/$kind; the paths of its programs. Dies with
# the compiler's output, and when no nginx tree was configured yet.

sub build_native {
    my ($kind) = @_;

    my ($objs) = grep { -f "$_/ngx_auto_config.h" }
                 grep { defined }
                 $ENV{OC_OBJS}, 'build/nginx/objs', 'build/nginx/objs-asan';
    die "no nginx tree is configured: run make\n" unless defined $objs;

    # not one of the caller's make, whose variables are for the module
    local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};
    chomp(my $jobs = qx(nproc));

    my ($status, $text) = output_of('make', '-s', "-j$jobs", '-f',
        't/native.mk', "KIND=$kind", "OC_OBJS=$objs");
    die "t/$kind does not build:\n$text" if $status;

    return map { s{^t/(.*)\.c$}{build/$1}r }
           sort glob("t/$kind/*_" . ($kind eq 'unit' ? 'test' : $kind)
                     . '.c');
}


# output_of(@argv): runs a program; (its wait status, all that it printed)

sub output_of {
    my (@argv) = @_;

    my $pid = open(my $out, '-|') // die "fork: $!\n";

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        no warnings 'exec';
        exec { $argv[0] } @argv;
        print "exec $argv[0]: $!\n";
        require POSIX;
        POSIX::_exit(127);
    }

    local $/;
    my $text = <$out> // '';
    close $out;
    return ($?, $text);
}


1;
