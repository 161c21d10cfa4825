# A private redis-server of a test, on a unix socket and, if asked, on TCP.

package OfficeConfig::RedisServer;

use strict;
use warnings;

use Time::HiRes qw(time);

use OfficeConfig::Net qw(free_port open_socket wait_until);
use OfficeConfig::Process;
use OfficeConfig::Resp qw(resp_command resp_length resp_value);

# another one than the distribution's; whether it is of before Redis 7; what
# such a Redis puts before an error of a command in a script

use constant BINARY => $ENV{OC_REDIS} // 'redis-server';
use constant OLD => $ENV{OC_REDIS} ? qx($ENV{OC_REDIS} --version) =~ /v=[1-6]\./
                                   : 0;
use constant IN_SCRIPT =>
    qr/(?:ERR Error running script \(call to f_[0-9a-f]{40}\): \@user_script:\d+: )?\@user_script: \d+: -?/;


# speaks_tls: whether it was built so, which it says before it misses a
# certificate and ends

sub speaks_tls {
    my $binary = BINARY;
    return qx($binary --port 0 --tls-port 1 2>&1) =~ /tls-cert-file/;
}


# new($class, %opt): a server that is not started yet
#   dir       its directory, which exists
#   tcp       1 or an address ("127.0.0.1", "::1"): listen there as well
#   port      the port; a free one by default
#   password  requirepass
#   aof       1: appendonly yes
#   tls       { cert, key, ca } of OfficeConfig::Certificates: TCP is TLS;
#             with client => 1 clients must have a certificate of this ca
#   replica   another OfficeConfig::RedisServer: be its replica
#   config    a list reference of lines for its configuration
#   sentinel  1: run it as a sentinel
#   netns     a process in whose network namespace it is to run

sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt }, $class;

    $self->{socket} = "$self->{dir}/redis.sock";

    if ($self->{tcp}) {
        $self->{tcp} = '127.0.0.1' if $self->{tcp} eq '1';
        $self->{port} //= free_port($self->{tcp});
    }

    return $self;
}


sub socket   { $_[0]{socket} }
sub port     { $_[0]{port} }
sub address  { $_[0]{tcp} }
sub pid      { $_[0]{process} ? $_[0]{process}->pid : undef }
sub alive    { $_[0]{process} && $_[0]{process}->alive }
sub log_file { "$_[0]{dir}/redis.log" }


# url: as office_config_redis takes it; of TCP when the server has it

sub url {
    my ($self) = @_;
    return "unix:$self->{socket}" unless $self->{tcp};
    my $host = $self->{tcp} =~ /:/ ? "[$self->{tcp}]" : $self->{tcp};
    my $scheme = $self->{tls} ? 'rediss' : 'redis';
    return "$scheme://$host:$self->{port}";
}


# start: starts it, and returns when it has loaded its data and answers.
# start(loading => 1) returns as soon as it accepts connections.

sub start {
    my ($self, %opt) = @_;
    my $conf = "$self->{dir}/redis.conf";

    # a sentinel writes what it has learned into its own

    $self->_write_conf($conf) unless $self->{sentinel} && -f $conf;
    $self->{process} = OfficeConfig::Process->spawn(
        argv => [$self->_enter, BINARY, $conf,
                 $self->{sentinel} ? '--sentinel' : ()],
        out => "$self->{dir}/redis.out");

    my $up = wait_until(20, sub {
        return -1 unless $self->alive;
        my $answer = eval { $self->cmd('PING') } // return 0;
        return 1 if $answer eq 'PONG' || $answer =~ /^NO(AUTH|PERM)/;
        return $opt{loading} && $answer =~ /^LOADING/;
    });

    return $self if $up && $up > 0;
    die "redis-server does not start:\n" . $self->_tail;
}

sub _enter {
    my ($self) = @_;
    return $self->{netns} ? ('nsenter', '-t', $self->{netns}, '-n') : ();
}

sub _write_conf {
    my ($self, $file) = @_;
    my @lines = (
        "port " . ($self->{tls} ? 0 : $self->{port} // 0),
        "unixsocket $self->{socket}",
        "unixsocketperm 777",
        "dir $self->{dir}",
        "logfile $self->{dir}/redis.log",
        "daemonize no",
    );

    push @lines,
        "save \"\"",
        "appendonly " . ($self->{aof} ? 'yes' : 'no'),
        "repl-diskless-sync-delay 0",
        OLD ? () : "enable-debug-command yes"
        unless $self->{sentinel};

    push @lines, "bind $self->{tcp}" if $self->{tcp};
    push @lines, $self->tls_lines if $self->{tls};
    push @lines, "requirepass $self->{password}"
        if defined $self->{password};

    if (my $master = $self->{replica}) {
        push @lines, "replicaof $master->{tcp} $master->{port}";
        push @lines, "masterauth $master->{password}"
            if defined $master->{password};
    }

    open my $fh, '>', $file or die "$file: $!\n";
    print $fh "$_\n" for @lines, @{$self->{config} // []};
    close $fh;
}

# tls_lines: of its configuration

sub tls_lines {
    my ($self) = @_;
    my $tls = $self->{tls};
    return ("tls-port $self->{port}", "tls-cert-file $tls->{cert}",
            "tls-key-file $tls->{key}", "tls-ca-cert-file $tls->{ca}",
            'tls-auth-clients ' . ($tls->{client} ? 'yes' : 'no'),
            'tls-replication yes', 'tls-cluster yes');
}

sub _tail {
    my ($self) = @_;
    my $text = '';
    for my $file ("$self->{dir}/redis.out", $self->log_file) {
        open my $fh, '<', $file or next;
        my @lines = <$fh>;
        splice @lines, 0, @lines - 8 if @lines > 8;
        $text .= join '', @lines;
    }
    return $text;
}


# stop: as an administrator would, data saved if it is kept. kill: as a crash
# would. Both return when it is gone.

sub stop {
    my ($self) = @_;
    $self->_disconnect;
    $self->{process}->signal('CONT');
    $self->{process}->stop('TERM', 10);
}

sub kill {
    my ($self) = @_;
    $self->_disconnect;
    $self->{process}->stop('KILL', 10);
}


# restart(%opt): stop and start at the same address; crash => 1: kill instead

sub restart {
    my ($self, %opt) = @_;
    $opt{crash} ? $self->kill : $self->stop;
    return $self->start(%opt);
}


# pause and resume: SIGSTOP and SIGCONT

sub pause {
    my ($self) = @_;
    $self->{paused} = 1;
    $self->{process}->signal('STOP');
}

sub resume {
    my ($self) = @_;
    $self->{paused} = 0;
    $self->{process}->signal('CONT');
}


# cmd(@words): one command over a connection of its own, authenticated with
# the password; the reply as resp_value() gives it. Dies when there is no
# answer in a minute.

sub cmd {
    my ($self, @words) = @_;

    if (!$self->{client}) {
        $self->{client} = open_socket("unix:$self->{socket}")
            // die "redis-server: $!\n";
        $self->_exchange('AUTH', $self->{password})
            if defined $self->{password};
    }

    return $self->_exchange(@words);
}

sub _exchange {
    my ($self, @words) = @_;
    my $buffer = '';
    my $end = time + 60;

    utf8::encode($_) for grep { utf8::is_utf8($_) } @words;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $self->{client}, resp_command(@words);

    until (resp_length(\$buffer)) {
        my $rin = '';
        vec($rin, fileno $self->{client}, 1) = 1;
        my $left = $end - time;

        if ($left <= 0 || !select($rin, undef, undef, $left)) {
            $self->_disconnect;
            die "redis-server does not answer $words[0]\n";
        }

        if (!sysread $self->{client}, $buffer, 65536, length $buffer) {
            $self->_disconnect;
            die "redis-server closed the connection at $words[0]\n";
        }
    }

    return resp_value(\$buffer);
}

sub _disconnect {
    my ($self) = @_;
    close delete $self->{client} if $self->{client};
}


# info($field): one value of INFO ALL, for example "connected_clients" or
# "cmdstat_evalsha"; undef when it is not there

sub info {
    my ($self, $field) = @_;
    my ($value) = $self->cmd('INFO', 'all') =~ /^\Q$field\E:(.*?)\r?$/m;
    return $value;
}


# calls($command): how often the server executed it since CONFIG RESETSTAT

sub calls {
    my ($self, $command) = @_;
    my $stat = $self->info('cmdstat_' . lc $command) // return 0;
    return $stat =~ /calls=(\d+)/ ? $1 : 0;
}


# clients: how many connections it has besides this object's own

sub clients { $_[0]->info('connected_clients') - 1 }


# flush: removes everything but what tokens of next links are sealed with, which
# a worker knows for a minute before it asks again

sub flush {
    my ($self) = @_;
    my %secret = map { $_ => $self->cmd('GET', $_) }
                 @{$self->cmd('KEYS', 'oc:{*}:tok')};

    $self->cmd('FLUSHALL');
    $self->cmd('SET', $_, $secret{$_}) for keys %secret;
}


# finish: the end of the test; never waits for a server that was paused

sub finish {
    my ($self) = @_;
    $self->kill if $self->{process};
}


1;
