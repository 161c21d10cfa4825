# Who publishes keys, in a test: a small HTTP server on loopback, which answers
# every request with the document that it was given last.

package OfficeConfig::IdentityProvider;

use strict;
use warnings;

use POSIX ();
use Time::HiRes qw(sleep);

use OfficeConfig::Net qw(free_port listen_socket wait_readable wait_until);


# new($class, %opt): a running one, which answers 404 so far
#   dir   a directory for its files

sub new {
    my ($class, %opt) = @_;
    my $self = bless { port => free_port(), %opt }, $class;
    $self->answer(404, 'nothing here');
    return $self->start;
}


# port: of TCP; url: what proxy_pass takes

sub port { $_[0]{port} }
sub url { "http://127.0.0.1:$_[0]{port}" }


# What it answers from now on.
#
# publish($json)           200 with these keys
# answer($status, $body)   that
# hold                     it takes requests and answers none
# release                  until then, with what was to be said when they came

sub publish { $_[0]->answer(200, $_[1]) }

sub answer {
    my ($self, $status, $body) = @_;
    my $file = "$self->{dir}/answer";
    open my $fh, '>:raw', "$file.new" or die "$file: $!\n";
    print $fh "$status\n$body";
    close $fh;
    rename "$file.new", $file or die "$file: $!\n";
}

sub hold {
    my ($self) = @_;
    open my $fh, '>', "$self->{dir}/hold" or die "hold: $!\n";
}

sub release { unlink "$_[0]{dir}/hold" }


# requests: the heads of the requests that it got, in order; wait_requests
# ($count, $seconds): until there were so many

sub requests {
    my ($self) = @_;
    open my $fh, '<:raw', "$self->{dir}/requests" or return;
    local $/;
    return split /\0/, <$fh> // '';
}

sub wait_requests {
    my ($self, $count, $seconds) = @_;
    return wait_until($seconds // 10, sub { $self->requests >= $count });
}


# stop: it is gone, and its port refuses connections; start: it is back

sub stop {
    my ($self) = @_;
    return unless $self->{pid};
    kill 'KILL', -$self->{pid};
    waitpid delete $self->{pid}, 0;
}

sub start {
    my ($self) = @_;
    my $socket = listen_socket("127.0.0.1:$self->{port}");

    pipe my $test, $self->{here} or die "pipe: $!\n";
    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {
        close $self->{here};
        setpgrp;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        eval { $self->_run($socket, $test); 1 } or print STDERR "# provider: $@";
        POSIX::_exit(0);
    }

    setpgrp $self->{pid}, $self->{pid};
    return $self;
}

sub finish { $_[0]->stop }


sub _run {
    my ($self, $socket, $test) = @_;
    my $parent = getppid;
    $SIG{CHLD} = 'IGNORE';

    while (wait_readable($socket, $test)) {
        my $client = $socket->accept or next;
        my $pid = fork // die "fork: $!\n";
        next if $pid;

        close $socket;
        $self->_serve($client, $parent);
        POSIX::_exit(0);
    }
}

sub _serve {
    my ($self, $client, $parent) = @_;
    my $head = '';

    while ($head !~ /\r\n\r\n/) {
        sysread $client, $head, 4096, length $head or return;
    }

    open my $log, '>>:raw', "$self->{dir}/requests" or die "requests: $!\n";
    syswrite $log, "$head\0";
    close $log;

    open my $fh, '<:raw', "$self->{dir}/answer" or die "answer: $!\n";
    my $status = <$fh>;
    chomp $status;
    my $body = do { local $/; <$fh> } // '';

    while (-e "$self->{dir}/hold") {
        return unless kill 0, $parent;
        sleep 0.01;
    }

    print $client "HTTP/1.1 $status Whatever\r\n"
        . "Content-Type: application/json\r\n"
        . 'Content-Length: ' . length($body) . "\r\n"
        . "Connection: close\r\n\r\n$body";
    close $client;
}


1;
