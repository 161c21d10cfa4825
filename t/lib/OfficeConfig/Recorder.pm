# Clients that write and read while something breaks, and what is to be said of
# their requests afterwards: whether each was answered, whether what was
# acknowledged is there, and once.
#
#   my $load = OfficeConfig::Recorder->new($t, clients => 4);
#   ... break something, mend it ...
#   $load->served(20) or die;         # writes succeed again
#   my $row = $load->finish_row;      # stops the clients, reads everything

package OfficeConfig::Recorder;

use strict;
use warnings;

use JSON::PP ();
use POSIX qw(strftime);
use Time::HiRes qw(time);

use OfficeConfig::Http;
use OfficeConfig::Net qw(wait_until);


# new($class, $t, %opt): the clients, running, of the first nginx of the test
#   clients   how many: 4
#   pause     seconds between two requests of a client: 0.01
#   timeout   seconds for an answer: 120
#   root      the location: /beta
#
# A client does in turn: a create; a create with a Repeatability-Request-ID,
# sent again until it is acknowledged or refused; a check-in; and a read of
# the last configuration that was acknowledged to it.

sub new {
    my ($class, $t, %opt) = @_;
    my $self = bless { t => $t, dir => $t->dir, clients => 4, pause => 0.01,
                       timeout => 120, root => '/beta', %opt }, $class;

    $self->{api} = "$self->{root}/officeConfiguration/clientConfigurations";

    my $r = $t->post($self->{api}, json => {
        displayName => 'of check-ins ' . ++$t->{count}{recorder} });
    die 'no service: ' . $r->text . "\n" unless $r->status == 201;

    $self->{id} = $r->json->{id};
    $self->{number} = $t->{count}{recorder};
    $self->{log} = "$self->{dir}/recorder$self->{number}";
    $self->{where} = $t->_where;
    open my $fh, '>', $self->{log} or die "$self->{log}: $!\n";
    close $fh;

    $self->{begin} = time;
    $self->{load} = $t->load(clients => $self->{clients},
                             pause => $self->{pause},
                             each => sub { $self->_step(@_) });
    return $self;
}


# one request of a client, in its process; the status that it got

sub _step {
    my ($self, $client, $i) = @_;
    my $name = "$self->{number}-$client-$i";
    my $kind = $i % 4;

    return $self->_write('create', $name, $self->{api},
                         json => { displayName => $name, priority => 1 })
        if $kind == 0;

    return $self->_repeatable($name) if $kind == 1;

    return $self->_write('checkin', $name,
        "$self->{api}/$self->{id}/checkinStatuses", json => {
            userId => $name, deviceName => $name,
            wasSuccessful => JSON::PP::true,
            checkinDateTime => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime) })
        if $kind == 2;

    return $self->_read;
}

sub _write {
    my ($self, $kind, $name, $path, %opt) = @_;
    my $r = $self->_send('POST', $path, %opt);

    if ($kind eq 'create' && $r->status == 201) {
        $self->{last} = $r->json->{id};
    }

    $self->_note($kind, $name, $r);
    return $r->status;
}

sub _repeatable {
    my ($self, $name) = @_;
    my $guid = sprintf '%08x-%04x-4000-8000-%012x', $$, rand 65536,
                       ++$self->{guid};
    my $first = strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime);
    my $end = time + 30;
    my $r;

    do {
        $r = $self->_send('POST', $self->{api},
            json => { displayName => $name, priority => 2 },
            headers => ['Repeatability-Request-ID' => $guid,
                'Repeatability-First-Sent' => $first]);
        $self->_note('repeatable', $name, $r);
        select undef, undef, undef, 0.05 if $r->status >= 500;

    } while (($r->status == 0 || $r->status >= 500) && time < $end);

    return $r->status;
}

sub _read {
    my ($self) = @_;
    my $id = $self->{last} // $self->{id};
    my $r = $self->_send('GET', "$self->{api}/$id");

    $self->_note('read', $id, $r);
    return $r->status;
}

sub _send {
    my ($self, $method, $path, %opt) = @_;
    my $r;

    for (1, 2) {
        my $used = $self->{conn};

        $self->{conn} //= OfficeConfig::Http->connect($self->{where},
                              timeout => $self->{timeout})
            or return OfficeConfig::Response->new(status => 0,
                error => "connect: $!", raw_head => '', headers => [],
                body => '', elapsed => 0);
        $r = $self->{conn}->request($method, $path, %opt);

        delete $self->{conn}
            if $r->status == 0 || lc($r->header('Connection') // '') eq 'close';

        # the server closed a connection that it was done with

        last unless $r->status == 0 && $used
                    && $r->error =~ /^connection .* after 0 bytes/;
    }

    return $r;
}

# A line of the log, at once: clients append to one file.

sub _note {
    my ($self, $kind, $name, $r) = @_;
    open my $fh, '>>', $self->{log} or die "$self->{log}: $!\n";
    syswrite $fh, join(' ', sprintf('%.6f', time), $kind, $name, $r->status,
                       sprintf('%.4f', $r->elapsed // 0)) . "\n";
    close $fh;
}


# entries: what was logged so far, a list of [time, kind, name, status,
# elapsed]

sub entries {
    my ($self) = @_;
    open my $fh, '<', $self->{log} or die "$self->{log}: $!\n";
    return grep { @$_ == 5 } map { chomp; [split / /] } <$fh>;
}

sub _good { $_[0][1] ne 'read' && $_[0][3] =~ /^20/ }


# served($seconds, $number): true when so many writes (20) that were sent after
# now have succeeded by then

sub served {
    my ($self, $seconds, $number) = @_;
    my $now = time;

    return wait_until($seconds, sub {
        ($number // 20) <= grep { _good($_) && $_->[0] - $_->[4] > $now }
                                $self->entries;
    });
}

# failed($seconds): true when a request that was sent after now has failed

sub failed {
    my ($self, $seconds) = @_;
    my $now = time;

    return wait_until($seconds, sub {
        scalar grep { $_->[3] >= 500 && $_->[0] - $_->[4] > $now }
                    $self->entries;
    });
}


# finish_row: stops the clients and compares what was acknowledged with what is
# there. A hash reference:
#   requests    how many were sent
#   unanswered  how many got no answer
#   errors      { status => how many } of 400 and more
#   acked       writes that were acknowledged
#   lost        those of them that are not there
#   doubled     creates that are there more than once
#   out         the longest time without a write that succeeded, seconds
#   slowest     the slowest answer, seconds
#   within      { status => milliseconds } within which 99 of 100 came

sub finish_row {
    my ($self) = @_;

    $self->{load}->stop;

    my @entries = $self->entries;
    my %row = (requests => scalar @entries, errors => {}, acked => 0,
               unanswered => 0, lost => 0, doubled => 0, out => 0,
               slowest => 0, lost_names => []);
    my $last = $self->{begin};
    my ($created, $devices) = ($self->_created, $self->_devices);
    my %once;

    for my $entry (sort { $a->[0] <=> $b->[0] } @entries) {
        my ($time, $kind, $name, $status, $elapsed) = @$entry;

        $row{unanswered}++ if $status == 0;
        $row{errors}{$status}++ if $status >= 400;
        $row{slowest} = $elapsed if $elapsed > $row{slowest};

        next unless _good($entry);

        $row{out} = $time - $last if $time - $last > $row{out};
        $last = $time;
        $row{acked}++;

        my $there = $kind eq 'checkin' ? $devices->{$name}
                                       : $created->{$name};
        if (!$there) {
            $row{lost}++;
            push @{$row{lost_names}}, "$kind $name at $time";
        }
    }

    my %elapsed;
    push @{$elapsed{$_->[3]}}, $_->[4] for @entries;

    for my $status (keys %elapsed) {
        my @sorted = sort { $a <=> $b } @{$elapsed{$status}};
        $row{within}{$status} = sprintf '%.1f',
                                1000 * $sorted[int(0.99 * $#sorted)];
    }

    $row{doubled} = grep { $created->{$_} > 1 } keys %$created;
    return \%row;
}


# what is there, over all pages: name => how often

sub _created {
    my ($self) = @_;
    my %there;

    $self->_pages($self->{api}, sub { $there{$_[0]{displayName} // ''}++ });
    return \%there;
}

sub _devices {
    my ($self) = @_;
    my %there;

    $self->_pages("$self->{api}/$self->{id}/checkinStatuses",
                  sub { $there{$_[0]{deviceName}}++ });
    return \%there;
}

sub _pages {
    my ($self, $path, $each) = @_;

    while (defined $path) {
        my $r;

        wait_until(20, sub {
            $r = $self->{t}->get($path);
            return $r->status == 200 || $r->status == 404;
        }) or die "GET $path: " . $r->text . "\n";

        return if $r->status == 404;

        my $page = $r->json;
        $each->($_) for @{$page->{value}};
        $path = $page->{'@odata.nextLink'};
        $path =~ s{^https?://[^/]+}{} if defined $path;
    }
}


1;
