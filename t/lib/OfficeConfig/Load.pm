# Clients that keep a server busy: forked processes, each sending one request
# after the other, and what became of them.

package OfficeConfig::Load;

use strict;
use warnings;

use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time sleep);

use OfficeConfig::Http;


# new($class, %opt): the load, running; returns when every client has done
# its first request
#   where      an address as OfficeConfig::Http->connect takes it
#   clients    how many processes: 4
#   request    [$method, $path, %opt of format_request], or a code reference
#              called with ($client, $iteration) that returns such a list;
#              it runs in the client's process
#   each       instead of request: a code reference with the same arguments
#              that does the work and returns what to count it under
#   keepalive  1: one connection a client, else one a request
#   requests   end by itself after so many a client
#   pause      seconds between two requests of a client: 0
#   timeout    seconds for one request: 120
#
# A request on a kept connection that is closed before any byte of the
# response is sent once more on a new one, as HTTP clients do, and counted as
# retried.

sub new {
    my ($class, %opt) = @_;
    my $self = bless { clients => 4, %opt, running => [] }, $class;

    pipe $self->{stop_read}, $self->{stop_write} or die "pipe: $!\n";
    $self->_fork($_) for 1 .. $self->{clients};
    close delete $self->{stop_read};

    for my $child (@{$self->{running}}) {
        readline $child->{pipe};
    }

    return $self;
}

sub _fork {
    my ($self, $number) = @_;
    pipe my $r, my $w or die "pipe: $!\n";

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        close $self->{stop_write};
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{PIPE} = 'IGNORE';
        $w->autoflush(1);
        my $result = eval { $self->_client($number, $w) }
                     // { total => 0, died => $@ };
        print $w JSON::PP->new->utf8->encode($result), "\n";
        POSIX::_exit(0);
    }

    push @{$self->{running}}, { pid => $pid, pipe => $r };
}

sub _client {
    my ($self, $number, $w) = @_;
    my %result = (total => 0, retried => 0, slowest => 0,
                  status => {}, errors => {});
    my $conn;

    for (my $i = 0; !$self->{requests} || $i < $self->{requests}; $i++) {
        last if $self->_stopped;

        my $begin = time;
        my ($key, $error) = $self->{each}
            ? ($self->{each}->($number, $i), '')
            : $self->_once(\$conn, \%result, $number, $i);
        my $elapsed = time - $begin;

        $result{total}++;
        $result{status}{$key}++;
        $result{errors}{$error}++ if $error;
        $result{slowest} = $elapsed if $elapsed > $result{slowest};

        print $w "first\n" if $i == 0;
        sleep $self->{pause} if $self->{pause};
    }

    print $w "none\n" unless $result{total};
    return \%result;
}

sub _once {
    my ($self, $conn, $result, $number, $i) = @_;
    my $request = $self->{request};
    my ($method, $path, %opt) = ref $request eq 'CODE'
                              ? $request->($number, $i) : @$request;
    my $used = defined $$conn;
    my $r;

    $opt{close} = 1 unless $self->{keepalive};

    for my $attempt (1, 2) {
        $$conn //= OfficeConfig::Http->connect($self->{where},
                       timeout => $self->{timeout} // 120)
            or return (0, "connect: $!");
        $r = $$conn->request($method, $path, %opt);

        my $again = $r->status == 0 && $used
                    && $r->error =~ /^connection .* after 0 bytes/;
        undef $$conn if $r->status == 0 || !$self->{keepalive}
                        || lc($r->header('Connection') // '') eq 'close';
        last unless $again;

        $result->{retried}++;
        $used = 0;
    }

    return ($r->status, $r->error);
}

sub _stopped {
    my ($self) = @_;
    vec(my $rin = '', fileno $self->{stop_read}, 1) = 1;
    return select $rin, undef, undef, 0;
}


# stop: ends it after the requests under way. wait: lets it end by itself,
# when requests was given. Both return the sums: a hash reference
#   total, retried   counts of requests
#   slowest          the longest, in seconds
#   status           { 201 => n, ... }, 0 for those without a response
#   errors           { "connection reset, ..." => n }

sub stop {
    my ($self) = @_;

    # a byte that nobody reads: later children hold copies of this end, so
    # that closing it would not do
    syswrite $self->{stop_write}, '!';
    return $self->wait;
}

sub wait {
    my ($self) = @_;
    my %sum = (total => 0, retried => 0, slowest => 0,
               status => {}, errors => {});

    for my $child (splice @{$self->{running}}) {
        my $line = readline($child->{pipe}) // '';
        my $one = eval { JSON::PP->new->utf8->decode($line) }
                  // { died => "client process died\n" };
        waitpid $child->{pid}, 0;

        $sum{errors}{$one->{died}}++ if $one->{died};
        $sum{$_} += $one->{$_} // 0 for qw(total retried);
        $sum{slowest} = $one->{slowest}
            if ($one->{slowest} // 0) > $sum{slowest};

        for my $map (qw(status errors)) {
            $sum{$map}{$_} += $one->{$map}{$_} for keys %{$one->{$map}};
        }
    }

    return \%sum;
}


# finish: the end of the test

sub finish {
    my ($self) = @_;
    for my $child (splice @{$self->{running}}) {
        kill 'KILL', $child->{pid};
        waitpid $child->{pid}, 0;
    }
}


1;
