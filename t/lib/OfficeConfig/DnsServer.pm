# A DNS server of a test, over UDP on loopback: it answers every question with
# what it was told last. It is one forked process.

package OfficeConfig::DnsServer;

use strict;
use warnings;

use IO::Socket::IP;
use POSIX ();
use Socket qw(SOCK_DGRAM inet_aton);

use OfficeConfig::Net qw(wait_readable wait_until);


# new($class, %opt): a running server, which answers SERVFAIL so far
#   dir   a directory for its files

sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt }, $class;
    my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1',
        LocalPort => 0, Type => SOCK_DGRAM) // die "DNS: $!\n";

    $self->{port} = $socket->sockport;
    $self->_say('SERVFAIL');
    pipe my $test, $self->{here} or die "pipe: $!\n";
    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {
        close $self->{here};
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        eval { $self->_run($socket, $test); 1 } or print STDERR "# DnsServer: $@";
        POSIX::_exit(0);
    }

    return $self;
}


# port: of UDP; resolver: the text of nginx's directive for it

sub port { $_[0]{port} }
sub resolver { "resolver 127.0.0.1:$_[0]{port} ipv6=off;" }


# What it answers from now on.
#
# answer($address, ...)  these IPv4 addresses, valid for no time at all
# nxdomain, servfail     these errors
# silent                 nothing
# garbage                a message that is none

sub answer   { my $self = shift; $self->_say(@_) }
sub nxdomain { $_[0]->_say('NXDOMAIN') }
sub servfail { $_[0]->_say('SERVFAIL') }
sub silent   { $_[0]->_say('SILENT') }
sub garbage  { $_[0]->_say('GARBAGE') }


# queries: the names that it was asked for, in order

sub queries {
    my ($self) = @_;
    open my $fh, '<', "$self->{dir}/queries" or return;
    chomp(my @names = <$fh>);
    return @names;
}


# wait_queries($count, $seconds): until there were so many

sub wait_queries {
    my ($self, $count, $seconds) = @_;
    return wait_until($seconds // 5, sub { $self->queries >= $count });
}


sub _say {
    my ($self, @words) = @_;
    my $file = "$self->{dir}/answer";
    open my $fh, '>', "$file.new" or die "$file: $!\n";
    print $fh "@words";
    close $fh;
    rename "$file.new", $file or die "$file: $!\n";
}

sub _run {
    my ($self, $socket, $test) = @_;
    open my $log, '>>', "$self->{dir}/queries" or die "queries: $!\n";
    $log->autoflush(1);

    while (wait_readable($socket, $test)) {
        my $peer = $socket->recv(my $query, 4096) // next;
        my ($id, $flags) = unpack 'nn', $query;
        my $question = substr $query, 12;
        my @labels;

        # the labels of the name, then its type and class
        my $at = 0;
        while (my $length = ord substr $question, $at, 1) {
            push @labels, substr $question, $at + 1, $length;
            $at += $length + 1;
        }
        $question = substr $question, 0, $at + 5;
        print $log join('.', @labels), "\n";

        open my $fh, '<', "$self->{dir}/answer" or die "answer: $!\n";
        my @words = split ' ', <$fh>;
        my $first = $words[0];

        next if $first eq 'SILENT';

        my $code = { SERVFAIL => 2, NXDOMAIN => 3 }->{$first} // 0;
        my @addresses = grep { /^\d/ } @words;

        my $reply = pack('nnnnnn', $id, 0x8180 | $code, 1,
                         scalar @addresses, 0, 0) . $question;
        $reply .= pack('nnnNna4', 0xc00c, 1, 1, 0, 4, inet_aton $_)
            for @addresses;
        $reply = 'garbage' if $first eq 'GARBAGE';

        $socket->send($reply, 0, $peer);
    }
}


# finish: the end of it

sub finish {
    my ($self) = @_;
    return unless $self->{pid};
    kill 'KILL', $self->{pid};
    waitpid delete $self->{pid}, 0;
}


1;
