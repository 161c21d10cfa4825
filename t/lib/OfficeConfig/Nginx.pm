# One nginx of a test: its configuration, its processes and its logs, all in a
# directory of its own.

package OfficeConfig::Nginx;

use strict;
use warnings;

use OfficeConfig::Net qw(wait_until);
use OfficeConfig::Process;
use OfficeConfig::Sanitizer;

our $BINARY = $ENV{OC_NGINX} // '/usr/sbin/nginx';


# new($class, %opt): an nginx that is not started yet
#   dir        its directory, which exists
#   module     the path of the module to load; 0: none
#   http       the text of the http block
#   main       text for the main context
#   events     text for the events block
#   workers    worker_processes: 1
#   log_level  of the error log: info
#   port       the port that its url() and the test's requests use

sub new {
    my ($class, %opt) = @_;
    my $self = bless { workers => 1, log_level => 'info', %opt }, $class;

    mkdir "$self->{dir}/tmp";
    $self->{conf} = "$self->{dir}/nginx.conf";
    $self->{sanitizer} = OfficeConfig::Sanitizer->new(
        module => $self->{module}, dir => $self->{dir});
    $self->configure($opt{http}) if defined $opt{http};
    return $self;
}

sub dir  { $_[0]{dir} }
sub port { $_[0]{port} }
sub pid  { $_[0]{process} ? $_[0]{process}->pid : undef }
sub alive { $_[0]{process} && $_[0]{process}->alive }


# configure($http, %opt): writes nginx.conf anew with this http block; main,
# events, workers and log_level stay as they are unless given

sub configure {
    my ($self, $http, %opt) = @_;
    %$self = (%$self, %opt, http => $http);

    my $dir = $self->{dir};
    my $load = $self->{module} ? "load_module $self->{module};" : '';
    my $user = $> == 0 ? 'user root;' : '';
    my $main = $self->{main} // '';
    my $events = $self->{events} // '';

    $self->write_conf(<<"END");
$load
$user
daemon off;
worker_processes $self->{workers};
pid $dir/nginx.pid;
error_log $dir/error.log $self->{log_level};
$main

events {
    $events
}

http {
    log_format test '\$status \$request_method \$request_uri '
                    '\$request_time \$body_bytes_sent';
    access_log $dir/access.log test;
    keepalive_timeout 1h;

    client_body_temp_path $dir/tmp/body;
    proxy_temp_path $dir/tmp/proxy;
    fastcgi_temp_path $dir/tmp/fastcgi;
    uwsgi_temp_path $dir/tmp/uwsgi;
    scgi_temp_path $dir/tmp/scgi;

$http
}
END
}


# write_conf($text): a whole nginx.conf, for what configure() does not do

sub write_conf {
    my ($self, $text) = @_;
    open my $fh, '>', $self->{conf} or die "$self->{conf}: $!\n";
    print $fh $text;
    close $fh;
}

sub _argv {
    my ($self, @more) = @_;
    return [$BINARY, '-p', "$self->{dir}/", '-c', $self->{conf}, @more];
}


# test_conf: nginx -t; (whether it passed, what it printed)

sub test_conf {
    my ($self) = @_;
    my $out = "$self->{dir}/test.out";
    unlink $out;

    my $p = OfficeConfig::Process->spawn(out => $out,
        argv => $self->_argv('-t', '-e', 'stderr'),
        env => $self->{sanitizer}->env);

    $p->wait(60) or $p->stop('KILL');

    # the sanitizers have exit statuses of their own
    my $text = _read($out);
    return (scalar $text =~ /test is successful/, $text);
}


# start: returns when all workers are up; dies with the log when they are not

sub start {
    my ($self) = @_;

    $self->{process} = OfficeConfig::Process->spawn(
        argv => $self->_argv('-e', "$self->{dir}/start.log"),
        out => "$self->{dir}/nginx.out", death => 'TERM',
        env => $self->{sanitizer}->env);

    wait_until(60, sub {
        !$self->alive || $self->workers == $self->{workers}
    });

    return $self if $self->alive && $self->workers == $self->{workers};
    die "nginx does not start:\n" . join '',
        map { _read("$self->{dir}/$_") } qw(nginx.out start.log error.log);
}


# workers: the ids of the worker processes that accept connections; exiting:
# those of the ones on their way out

sub workers { $_[0]->_children('worker process') }
sub exiting { $_[0]->_children('worker process is shutting down') }

sub _children {
    my ($self, $title) = @_;
    my $master = $self->pid // return;
    my @pids;

    for my $pid (map { /(\d+)/ } glob '/proc/[0-9]*') {
        next unless _read("/proc/$pid/stat") =~ /\) \w $master /;
        my $cmdline = _read("/proc/$pid/cmdline") =~ s/\0+$//r;
        push @pids, $pid if $cmdline =~ /^nginx: \Q$title\E\s*$/;
    }

    @pids = sort { $a <=> $b } @pids;
    return @pids;
}


# reload(%opt): HUP; true when a full set of new workers is up and no old one
# accepts connections, which they do for a moment more. With old_gone => 1 it
# waits until the old ones have exited as well.

sub reload {
    my ($self, %opt) = @_;
    my %old = map { $_ => 1 } $self->workers, $self->exiting;
    my $mark = $self->log_mark;
    my $want = $opt{workers} // $self->{workers};

    $self->{process}->signal('HUP');

    my $up = wait_until($opt{timeout} // 30, sub {
        return -1 if $self->log_since($mark) =~ /\[emerg\]/;
        my @now = $self->workers;
        return @now == $want && !grep { $old{$_} } @now;
    });

    return 0 unless $up && $up > 0;
    return 1 unless $opt{old_gone};
    return wait_until($opt{timeout} // 30, sub {
        !grep { $old{$_} } $self->workers, $self->exiting
    });
}


# quit($seconds): graceful; true when it exits in time. terminate: at once.

sub quit {
    my ($self, $seconds) = @_;
    return 1 unless $self->alive;
    return $self->{process}->stop('QUIT', $seconds // 15);
}

sub terminate {
    my ($self, $seconds) = @_;
    return 1 unless $self->alive;
    return $self->{process}->stop('TERM', $seconds // 15);
}


# signal($name): to the master process

sub signal { $_[0]{process}->signal($_[1]) }


# kill_worker($pid): SIGKILL (the first worker), then waits for the new one.
# The log line of the death has to be allowed by the test.

sub kill_worker {
    my ($self, $pid) = @_;
    $pid //= ($self->workers)[0];

    kill 'KILL', $pid;
    return wait_until(20, sub {
        my @now = $self->workers;
        return @now == $self->{workers} && !grep { $_ == $pid } @now;
    });
}


# hold_worker($code): calls it while the first worker is stopped, which finds all
# that was sent meanwhile at once; what it returns

sub hold_worker {
    my ($self, $code) = @_;
    my ($pid) = $self->workers;

    kill 'STOP', $pid;
    wait_until(20, sub { _read("/proc/$pid/stat") =~ /\) T / })
        or die "the worker does not stop\n";

    my $result = $code->();
    kill 'CONT', $pid;
    return $result;
}


# fds($pid), rss($pid): descriptors, and resident kilobytes, of a process; of
# the first worker by default

sub fds {
    my ($self, $pid) = @_;
    $pid //= ($self->workers)[0];
    opendir my $dh, "/proc/$pid/fd" or return;
    return scalar grep { !/^\./ } readdir $dh;
}

sub rss {
    my ($self, $pid) = @_;
    $pid //= ($self->workers)[0];
    return _read("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : undef;
}


# error_log, access_log: their text. The access log's lines are
# "STATUS METHOD URI SECONDS BYTES".

sub error_log  { _read("$_[0]{dir}/error.log") }
sub access_log { _read("$_[0]{dir}/access.log") }


# log_mark: where the error log ends now; log_since($mark): its text from
# there; wait_log($re, $seconds, $mark): whether a match appears in time;
# wait_access($re, $seconds): the same in the access log

sub log_mark { -s "$_[0]{dir}/error.log" // 0 }

sub log_since {
    my ($self, $mark) = @_;
    return _read("$self->{dir}/error.log", $mark);
}

sub wait_log {
    my ($self, $re, $seconds, $mark) = @_;
    return wait_until($seconds // 5,
                      sub { $self->log_since($mark // 0) =~ $re });
}

sub wait_access {
    my ($self, $re, $seconds) = @_;
    return wait_until($seconds // 5, sub { $self->access_log =~ $re });
}


# unexpected($allowed, ...): the log lines, each with its continuation, at
# warn and above that none of the expressions matches, and every report of a
# sanitizer

sub unexpected {
    my ($self, @allowed) = @_;
    my $text = join '', map { _read("$self->{dir}/$_") }
               qw(nginx.out start.log error.log);
    my %seen;

    my @found = grep {
        my $entry = $_;
        $entry =~ m{^(?:nginx:|\S+\ \S+)\ \[(?:warn|error|crit|alert|emerg)\]}
            && !grep { $entry =~ $_ } @allowed
    } split /^(?=\d{4}\/\d\d\/\d\d |nginx: \[)/m, $text;

    return @found, $self->{sanitizer}->reports($text);
}


# finish: the end of the test, in order if it still runs; true if it went in
# order

sub finish {
    my ($self) = @_;
    return 1 unless $self->{process};

    my $ok = $self->quit;
    $self->{process}->signal_group('KILL');   # workers of a killed master
    return $ok;
}


# _read($file, $from): its text; empty when there is no such file

sub _read {
    my ($file, $from) = @_;
    open my $fh, '<:raw', $file or return '';
    seek $fh, $from, 0 if $from;
    local $/;
    return <$fh> // '';
}


1;
