package Bench::Clock;

# A clock for one server, which stands still until it is set, by libfaketime.

use strict;
use warnings;

use POSIX qw(strftime);

# out: path of the library, or nothing if it is not installed
sub library {
    return (grep { -f } glob '/usr/lib/*/faketime/libfaketime.so.1
        /usr/lib*/faketime/libfaketime.so.1')[0];
}

# in: scratch folder, seconds since 1970; out: object
sub new {
    my ($class, $dir, $time) = @_;
    my $self = bless { file => "$dir/clock" }, $class;

    $self->set($time);

    return $self;
}

# in: seconds since 1970. In one step, as it is read at any time.
sub set {
    my ($self, $time) = @_;

    open my $out, '>', "$self->{file}.new" or die "$self->{file}: $!\n";
    print $out strftime("%Y-%m-%d %H:%M:%S\n", gmtime $time);
    close $out or die "$self->{file}: $!\n";
    rename "$self->{file}.new", $self->{file} or die "$self->{file}: $!\n";
}

# out: main, env: for Bench::Nginx. Timers go by the true clock.
sub settings {
    my ($self) = @_;
    my %env = (
        TZ => 'UTC', DONT_FAKE_MONOTONIC => 1, FAKETIME_NO_CACHE => 1,
        FAKETIME_DISABLE_SHM => 1, FAKETIME_TIMESTAMP_FILE => $self->{file},
    );

    return (main => join("\n", map { "env $_;" } sort keys %env),
            env => { %env, LD_PRELOAD => library() });
}

1;
