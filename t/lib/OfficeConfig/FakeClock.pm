# A clock for an nginx of a test that stands still until it is moved, by
# libfaketime. Timers are not changed by it.

package OfficeConfig::FakeClock;

use strict;
use warnings;

use POSIX qw(strftime);

# for main of OfficeConfig::Nginx: what nginx must leave in its environment

use constant MAIN => join '', map { "env $_;\n" }
    qw(FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DISABLE_SHM
       DONT_FAKE_MONOTONIC);


# library: its path; undef if it is not installed

sub library {
    return (grep { -f } glob '/usr/lib/*/faketime/libfaketime.so.1
        /usr/lib*/faketime/libfaketime.so.1')[0];
}


# new($class, $dir, $ms): a clock that says so many milliseconds since 1970

sub new {
    my ($class, $dir, $ms) = @_;
    my $self = bless { file => "$dir/clock" }, $class;
    $self->set($ms);
    return $self;
}


# set($ms): in one step, as nginx reads it at any time

sub set {
    my ($self, $ms) = @_;
    my $text = strftime('%Y-%m-%d %H:%M:%S', gmtime int $ms / 1000);

    # the half keeps a number that is rounded in its millisecond
    open my $fh, '>', "$self->{file}.new" or die "$self->{file}.new: $!\n";
    printf $fh "%s.%03d5\n", $text, $ms % 1000;
    close $fh;
    rename "$self->{file}.new", $self->{file} or die "$self->{file}: $!\n";
}


# attach($nginx): an OfficeConfig::Nginx that is not started yet gets it

sub attach {
    my ($self, $nginx) = @_;
    $self->{sanitizer} = $nginx->{sanitizer};
    $nginx->{sanitizer} = $self;
}

sub env {
    my ($self) = @_;
    my $env = $self->{sanitizer}->env;

    return {
        %$env, TZ => 'UTC', DONT_FAKE_MONOTONIC => 1, FAKETIME_NO_CACHE => 1,
        FAKETIME_DISABLE_SHM => 1, FAKETIME_TIMESTAMP_FILE => $self->{file},
        LD_PRELOAD => join(':', grep { defined } $env->{LD_PRELOAD},
                                                 library()),
    };
}

sub reports {
    my ($self, @args) = @_;
    return $self->{sanitizer}->reports(@args);
}


1;
