# An HTTP/1.1 client on a raw socket: what it sends is what the test said, and
# what it got is there to the byte.

package OfficeConfig::Http;

use strict;
use warnings;

use JSON::PP ();
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF);
use Time::HiRes qw(time sleep);

use OfficeConfig::Net qw(open_socket);
use OfficeConfig::Response;


# connect($class, $where, %opt): a connection to "host:port", "[v6]:port", a
# port of 127.0.0.1 or "unix:/path"; undef with $! when there is none.
#   timeout  seconds for the connect and for each response: 120
#   rcvbuf   the socket's receive buffer, to be a slow reader
#   tls      a hash reference of IO::Socket::SSL options: speak TLS

sub connect {
    my ($class, $where, %opt) = @_;
    my $timeout = $opt{timeout} // 120;

    my $s = open_socket($where, $timeout) or return;
    setsockopt $s, SOL_SOCKET, SO_RCVBUF, pack 'i', $opt{rcvbuf}
        if $opt{rcvbuf};

    if ($opt{tls}) {
        require IO::Socket::SSL;
        IO::Socket::SSL->start_SSL($s, SSL_verify_mode => 0, %{$opt{tls}})
            or return;
    }

    return bless { s => $s, in => '', timeout => $timeout }, $class;
}

sub socket { $_[0]{s} }


# format_request($class, $method, $path, %opt): the bytes of a request
#   headers   [Name => value, ...], in this order; Host is added if missing
#   body      bytes, with a Content-Length unless headers has one
#   json      data instead, encoded, with the media type of JSON
#   type      a Content-Type
#   chunked   1 or a size: send the body in chunks, without a Content-Length
#   close     add Connection: close
#   version   1.1

sub format_request {
    my ($class, $method, $path, %opt) = @_;
    my @headers = @{$opt{headers} // []};
    my %has = map { lc $headers[2 * $_] => 1 } 0 .. @headers / 2 - 1;
    my $body = $opt{body};

    if (exists $opt{json}) {
        $body = JSON::PP->new->utf8->canonical->allow_nonref
                ->encode($opt{json});
        $opt{type} //= 'application/json';
    }

    unshift @headers, Host => 'localhost' unless $has{host};
    push @headers, 'Content-Type' => $opt{type}
        if defined $opt{type} && !$has{'content-type'};
    push @headers, Connection => 'close'
        if $opt{close} && !$has{connection};

    if (defined $body && $opt{chunked}) {
        my $size = $opt{chunked} > 1 ? $opt{chunked} : 4096;
        push @headers, 'Transfer-Encoding' => 'chunked';
        $body = join '', (map { sprintf "%x\r\n%s\r\n", length, $_ }
                          unpack "(a$size)*", $body), "0\r\n\r\n";

    } elsif (defined $body && !$has{'content-length'}) {
        push @headers, 'Content-Length' => length $body;
    }

    my $head = "$method $path HTTP/" . ($opt{version} // '1.1') . "\r\n";
    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n";
    }

    return "$head\r\n" . ($body // '');
}


# send($bytes): to the server as they are. Stops early, and says so with a
# false value, when the server closes; what it sends meanwhile is kept.

sub send {
    my ($self, $bytes) = @_;
    my $s = $self->{s};
    my $end = time + $self->{timeout};
    my $sent = 0;

    local $SIG{PIPE} = 'IGNORE';
    $s->blocking(0);

    while ($sent < length $bytes) {
        my $n = syswrite $s, $bytes, 65536, $sent;

        if (defined $n) {
            $sent += $n;
            next;
        }

        last unless $!{EAGAIN} || $!{EINTR};

        my ($rin, $win) = ('', '');
        vec($rin, fileno $s, 1) = 1;
        vec($win, fileno $s, 1) = 1;
        my $left = $end - time;
        last if $left <= 0 || select($rin, $win, undef, $left) <= 0;
        last if vec($rin, fileno $s, 1) && $self->_read(0) == 0;
    }

    $s->blocking(1);
    return $sent == length $bytes;
}


# write_request($method, $path, %opt): sends it and does not wait

sub write_request {
    my ($self, @args) = @_;
    $self->{method} = $args[0];
    $self->{sent_at} = time;
    return $self->send($self->format_request(@args));
}


# request($method, $path, %opt): sends it; its OfficeConfig::Response

sub request {
    my ($self, @args) = @_;
    $self->write_request(@args);
    return $self->response;
}


# response(%opt): the next response on the connection. When there is none its
# status is 0 and its error says why.
#   method   of the request it answers; the last one sent by default
#   timeout  seconds
#   slow     [$bytes, $seconds]: read so many bytes, then rest so long

sub response {
    my ($self, %opt) = @_;
    my $method = $opt{method} // $self->{method} // 'GET';
    my $end = time + ($opt{timeout} // $self->{timeout});
    local $self->{slow} = $opt{slow};

    my %r = (status => 0, raw_head => '', headers => [], body => '');
    my $error = eval { $self->_response($method, $end, \%r); '' } // $@;

    chomp($r{error} = $error);
    $r{elapsed} = time - ($self->{sent_at} // time);
    $r{rest} = $self->{in};

    return OfficeConfig::Response->new(%r);
}

sub _response {
    my ($self, $method, $end, $r) = @_;
    my $status;

    do {
        my $head = $self->_until("\r\n\r\n", $end);
        $head =~ m{^HTTP/\d\.\d (\d\d\d)([^\r]*)\r\n} or die
            'not a status line: ' . substr($head, 0, 60) . "\n";
        $status = $1;
        $r->{reason} = $2 =~ s/^ //r;
        $r->{raw_head} = $head;
        push @{$r->{interim}}, $status if $status < 200;
    } while ($status < 200 && $status != 101);

    for my $line (split /\r\n/, $r->{raw_head} =~ s/^.*?\r\n//sr) {
        my ($name, $value) = $line =~ /^([^:]+):\s*(.*?)\s*$/
            or die "not a header line: $line\n";
        push @{$r->{headers}}, [$name, $value];
    }

    my %h = map { lc $_->[0] => $_->[1] } @{$r->{headers}};

    if ($method eq 'HEAD' || $status == 204 || $status == 304) {
        # no body

    } elsif (lc($h{'transfer-encoding'} // '') eq 'chunked') {
        while (1) {
            my $line = $self->_until("\r\n", $end);
            my ($hex) = $line =~ /^([0-9a-fA-F]+)/
                or die "not a chunk size: $line\n";
            last unless hex $hex;
            $r->{body} .= $self->_bytes(hex $hex, $end);
            $self->_bytes(2, $end);
        }
        1 while $self->_until("\r\n", $end) ne "\r\n";

    } elsif (defined $h{'content-length'}) {
        $r->{body} = $self->_bytes($h{'content-length'}, $end);

    } else {
        1 while $self->_fill($end);
        $r->{body} = $self->{in};
        $self->{in} = '';
    }

    # a status is given only to a response that is complete
    $r->{status} = $status;
}


# _read($wait): what the socket has; the count, 0 at the end, undef when
# nothing came in that many seconds

sub _read {
    my ($self, $wait) = @_;
    my $s = $self->{s};
    my $size = 65536;

    if ($self->{slow}) {
        $size = $self->{slow}[0];
        sleep $self->{slow}[1];
    }

    unless ($s->can('pending') && $s->pending) {
        my $rin = '';
        vec($rin, fileno $s, 1) = 1;
        return undef if select($rin, undef, undef, $wait) <= 0;
    }

    my $n = sysread $s, $self->{in}, $size, length $self->{in};
    return $n if defined $n;
    return undef if $!{EAGAIN} || $!{EINTR};

    $self->{reset} = $!{ECONNRESET} ? 1 : 0;
    return 0;
}

sub _fill {
    my ($self, $end) = @_;

    while (1) {
        my $left = $end - time;
        die 'timeout, after ' . length($self->{in}) . " bytes\n"
            if $left <= 0;
        my $n = $self->_read($left);
        return $n if defined $n;
    }
}

sub _until {
    my ($self, $mark, $end) = @_;
    my $at;

    while (($at = index $self->{in}, $mark) < 0) {
        $self->_fill($end) or die 'connection '
            . ($self->{reset} ? 'reset' : 'closed') . ', after '
            . length($self->{in}) . " bytes\n";
    }

    return substr $self->{in}, 0, $at + length $mark, '';
}

sub _bytes {
    my ($self, $n, $end) = @_;

    while (length $self->{in} < $n) {
        $self->_fill($end) or die 'connection closed in the body, '
            . ($n - length $self->{in}) . " bytes are missing\n";
    }

    return substr $self->{in}, 0, $n, '';
}


# drain($seconds): what else the server sends in that time, beyond responses
# that were read

sub drain {
    my ($self, $seconds) = @_;
    my $end = time + $seconds;

    while ((my $left = $end - time) > 0) {
        my $n = $self->_read($left);
        last if defined $n && $n == 0;
    }

    return $self->{in};
}


# closed: whether the server closes the connection, within a minute

sub closed {
    my ($self) = @_;
    my $end = time + 60;

    while ((my $left = $end - time) > 0) {
        my $n = $self->_read($left);
        return 1 if defined $n && $n == 0;
    }

    return 0;
}


# abort: leaves with a reset. close: leaves as usual. shut: half-closes, the
# response can still be read.

sub abort {
    my ($self) = @_;
    setsockopt $self->{s}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    CORE::close $self->{s};
}

sub close { CORE::close $_[0]{s} }
sub shut  { CORE::shutdown $_[0]{s}, 1 }


1;
