# The event loop of OfficeConfig::FaultProxy: its process runs nothing else.

package OfficeConfig::FaultProxy::Loop;

use strict;
use warnings;

use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

use OfficeConfig::Net qw(listen_socket open_socket);
use OfficeConfig::Resp qw(resp_length resp_value);


# new($class, %opt): where to listen, upstream, script, greeting, control; it
# listens before the fork, so that a client finds it when new() has returned

sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt, mode => 'pass', links => {}, number => 0,
                       commands => 0, in => 0, out => 0 }, $class;
    $self->{listen} = listen_socket($self->{where});
    return $self;
}


# forget: closes the parent's copies

sub forget {
    my ($self) = @_;
    close delete $self->{listen};
}


# run: until the control channel is closed
#
# A link is one client's connection:
#   s, up   its socket and that to upstream
#   from    bytes of commands that are not parsed yet
#   raw     bytes from upstream that are not assigned yet
#   slots   answers in the order of the commands, each
#           { bytes, due, each, close } or { pass => 1 } as long as upstream
#           has not given it; without a script there are none
#   out     bytes on the way to the client; due: when the next may go
#   close   close when out is empty

sub run {
    my ($self) = @_;

    while (1) {
        my ($rin, $win) = ('', '');
        my $wait = 60;
        my $now = time;

        vec($rin, fileno $self->{control}, 1) = 1;
        vec($rin, fileno $self->{listen}, 1) = 1
            if $self->{listen} && $self->{mode} ne 'blackhole';

        for my $link (values %{$self->{links}}) {
            vec($rin, fileno $link->{s}, 1) = 1;
            vec($rin, fileno $link->{up}, 1) = 1 if $link->{up};

            my $due = $self->_due($link) // next;
            if ($due > $now) {
                $wait = $due - $now if $due - $now < $wait;
            } else {
                vec($win, fileno $link->{s}, 1) = 1;
            }
        }

        select my $r = $rin, my $w = $win, undef, $wait;

        if (vec($r, fileno $self->{control}, 1)) {
            $self->_control or return;
            next;
        }

        for my $link (values %{$self->{links}}) {
            # one whose number was closed and taken again waits for a turn
            next unless $link->{s};
            $self->_from_upstream($link)
                if $link->{up} && vec($r, fileno $link->{up}, 1);
            $self->_from_client($link)
                if $link->{s} && vec($r, fileno $link->{s}, 1);
            $self->_fill($link) if $link->{s};
            $self->_write($link)
                if $link->{s} && vec($w, fileno $link->{s}, 1);
        }

        $self->_accept if $self->{listen} && $self->{mode} ne 'blackhole'
                          && vec($r, fileno $self->{listen}, 1);
    }
}


# _due: when the link has something to write, undef if it has nothing

sub _due {
    my ($self, $link) = @_;

    $self->_fill($link);
    return $self->_spent ? undef : $link->{due} // 0 if length $link->{out};
    return 0 if $link->{close};

    my $slot = $link->{slots}[0] // return;
    return $slot->{pass} || $slot->{never} || $self->_holding
         ? undef : $slot->{due};
}

sub _holding { $_[0]{mode} eq 'hold' || $_[0]{mode} eq 'mute' }
sub _spent { defined $_[0]{left} && $_[0]{left} <= 0 }


# _fill: moves the answers whose time has come to the output

sub _fill {
    my ($self, $link) = @_;

    while (!$self->_holding && !length $link->{out} && !$link->{close}) {
        my $slot = $link->{slots}[0] // last;
        last if $slot->{pass} || $slot->{never} || $slot->{due} > time;

        shift @{$link->{slots}};
        $link->{out} = $slot->{bytes} // '';
        $link->{each} = $slot->{each};
        $link->{close} = 1 if $slot->{close};
        $self->_spoil($link) if length $link->{out};
    }
}


# _spoil: garbage and cut take the next reply

sub _spoil {
    my ($self, $link) = @_;

    if ($self->{mode} eq 'garbage') {
        $link->{out} = $self->{argument};
        $self->{mode} = 'pass';

    } elsif ($self->{mode} eq 'cut') {
        my $n = length $self->{argument}
              ? $self->{argument} : int(length($link->{out}) / 2);
        $link->{out} = substr $link->{out}, 0, $n;
        $link->{close} = 1;
        $self->{mode} = 'pass';
    }
}

sub _write {
    my ($self, $link) = @_;
    my $trickle = $self->{mode} eq 'trickle';
    my $each = $trickle ? $self->{argument} : $link->{each};

    if (length $link->{out}) {
        my $n = defined $each && $each == 0
              ? _write_bytes($link, $self->{left} // 2000)
              : syswrite $link->{s}, $link->{out},
                         defined $each ? 1 : 65536;
        return $!{EAGAIN} ? () : $self->_close($link) unless defined $n;
        substr $link->{out}, 0, $n, '';
        $self->{out} += $n;
        $self->{left} -= $n if defined $self->{left};
        $link->{due} = defined $each ? time + $each : 0;
    }

    $self->_close($link) if $link->{close} && !length $link->{out};
}


# _write_bytes: as many single bytes as the socket takes, $left and 2,000 at
# the most; how many that were, undef with $! when it was none

sub _write_bytes {
    my ($link, $left) = @_;
    my $count = length $link->{out};
    $count = $left if $count > $left;
    $count = 2000 if $count > 2000;

    for my $n (0 .. $count - 1) {
        defined syswrite $link->{s}, $link->{out}, 1, $n
            or return $n || undef;
    }

    return $count;
}


sub _accept {
    my ($self) = @_;
    my $s = $self->{listen}->accept or return;
    my $number = ++$self->{number};

    if ($self->{mode} eq 'close' || $self->{mode} eq 'reset') {
        setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0
            if $self->{mode} eq 'reset';
        close $s;
        return;
    }

    $s->blocking(0);
    setsockopt $s, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1
        unless $self->{where} =~ /^unix:/;

    my $link = { s => $s, number => $number, from => '', raw => '',
                 out => $self->{greeting} // '', slots => [],
                 user => { number => $number } };

    if (defined $self->{upstream}) {
        $link->{up} = open_socket($self->{upstream});
        return close $s unless $link->{up};
        $link->{up}->blocking(0);
    }

    $self->{links}{$number} = $link;
}

sub _close {
    my ($self, $link) = @_;
    close delete $link->{up} if $link->{up};
    close delete $link->{s} if $link->{s};
    delete $self->{links}{$link->{number}};
}


# _from_client: commands are counted, answered by the script if there is one,
# and go to upstream

sub _from_client {
    my ($self, $link) = @_;
    my $n = sysread $link->{s}, my $bytes, 65536;
    return if !defined $n && $!{EAGAIN};
    return $self->_close($link) unless $n;

    $self->{in} += $n;
    return if $self->{mode} eq 'mute';

    $link->{from} .= $bytes;
    $self->_to_upstream($link, $bytes) unless $self->{script};

    while (my $length = eval { resp_length(\$link->{from}) }) {
        my $command = substr $link->{from}, 0, $length, '';
        $self->{commands}++;
        $self->_ask($link, $command) if $self->{script};
        last unless $link->{s};
    }
}

sub _ask {
    my ($self, $link, $command) = @_;
    my $copy = $command;
    my $answer = $self->{script}->(resp_value(\$copy), $link->{user});

    $answer = defined $answer
            ? $answer eq 'PASS' ? { pass => 1 } : { bytes => $answer }
            : { never => 1 }
        unless ref $answer;

    push @{$link->{slots}},
         { %$answer, due => time + ($answer->{delay} // 0) };
    $self->_to_upstream($link, $command) if $answer->{pass};
}

sub _to_upstream {
    my ($self, $link, $bytes) = @_;
    my $up = $link->{up} or return;

    $up->blocking(1);
    for (my $sent = 0; $sent < length $bytes;) {
        my $n = syswrite $up, $bytes, 65536, $sent;
        return $self->_close($link) unless defined $n;
        $sent += $n;
    }
    $up->blocking(0);
}


# _from_upstream: without a script its bytes are an answer as they come; with
# one each reply goes into the place of its command

sub _from_upstream {
    my ($self, $link) = @_;
    my $n = sysread $link->{up}, my $bytes, 65536;
    return if !defined $n && $!{EAGAIN};

    if (!$n) {
        close delete $link->{up};
        my @slots;
        for my $slot (@{$link->{slots}}) {
            last if $slot->{pass};
            push @slots, $slot;
        }
        $link->{slots} = [@slots, { due => 0, close => 1 }];
        return;
    }

    if (!$self->{script}) {
        push @{$link->{slots}}, { bytes => $bytes, due => 0 };
        return;
    }

    $link->{raw} .= $bytes;
    while (my $length = resp_length(\$link->{raw})) {
        my ($slot) = grep { $_->{pass} } @{$link->{slots}};
        my $reply = substr $link->{raw}, 0, $length, '';
        last unless $slot;
        delete $slot->{pass};
        $slot->{bytes} = $reply;
    }
}


# _control: one order of the test; false when the test is gone

sub _control {
    my ($self) = @_;
    my $line = readline $self->{control};
    return 0 unless defined $line;
    my ($name, @words) = map { pack 'H*', $_ } split ' ', $line;

    my $answer = eval { $self->_obey($name, @words) } // "error: $@";
    chomp $answer;
    syswrite $self->{control}, "$answer\n";
    return 1;
}

sub _obey {
    my ($self, $name, @words) = @_;

    return $self->_mode(@words) if $name eq 'mode';

    if ($name eq 'inject') {
        $_->{out} .= $words[0] for values %{$self->{links}};
        return 'ok';
    }

    if ($name eq 'drop') {
        $self->_close($_) for values %{$self->{links}};
        return 'ok';
    }

    my @links = values %{$self->{links}};
    my $held = 0;
    $held += length($_->{bytes} // '') for map { @{$_->{slots}} } @links;

    return join ' ', 'accepted=' . $self->{number}, 'open=' . @links,
        "commands=$self->{commands}", "held=$held",
        "in=$self->{in}", "out=$self->{out}";
}

sub _mode {
    my ($self, $mode, $argument, $left) = @_;
    my $deaf = $mode eq 'refuse' || $mode eq 'blackhole';

    @$self{'mode', 'argument'} = ($mode, $argument);
    $self->{left} = length($left // '') ? $left : undef;

    close delete $self->{listen} if $deaf && $self->{listen};
    delete $self->{fillers} unless $mode eq 'blackhole';

    if ($mode eq 'blackhole') {
        $self->{listen} = listen_socket($self->{where}, 1);
        $self->_fill_backlog;

    } elsif (!$deaf && (!$self->{listen} || $self->{deaf})) {
        close delete $self->{listen} if $self->{listen};
        $self->{listen} = listen_socket($self->{where});
    }

    $self->{deaf} = $deaf;
    return 'ok';
}


# _fill_backlog: connects until the kernel takes no more

sub _fill_backlog {
    my ($self) = @_;

    for (1 .. 8) {
        my $s = $self->{where} =~ /^unix:(.*)/
              ? IO::Socket::UNIX->new(Type => Socket::SOCK_STREAM(),
                                      Peer => $1, Blocking => 0, Timeout => 0)
              : open_socket($self->{where}, 0.2);
        last unless $s;
        push @{$self->{fillers}}, $s;
    }
}


1;
