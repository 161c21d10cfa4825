# RESP2, as much of it as the harness needs.

package OfficeConfig::Resp;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(resp_command resp_length resp_value resp_bulk);


# resp_command(@words): the bytes of a command

sub resp_command {
    return '*' . @_ . "\r\n" . join '', map { resp_bulk($_) } @_;
}


# resp_bulk($bytes): a bulk string reply; of undef, the null

sub resp_bulk {
    my ($bytes) = @_;
    return "\$-1\r\n" unless defined $bytes;
    return '$' . length($bytes) . "\r\n$bytes\r\n";
}


# resp_length(\$bytes, $from): how many bytes from there on the first whole
# reply or command takes; 0 when it is not complete; dies when it is not RESP

sub resp_length {
    my ($bytes, $from) = @_;
    $from //= 0;

    my $end = index $$bytes, "\r\n", $from;
    return 0 if $end < 0;

    my $line = substr $$bytes, $from, $end - $from;
    my $length = $end + 2 - $from;

    return $length if $line =~ /^[-+:]/;

    if ($line =~ /^\$(-?\d+)$/) {
        return $length if $1 < 0;
        $length += $1 + 2;
        return $from + $length <= length $$bytes ? $length : 0;
    }

    if ($line =~ /^\*(-?\d+)$/) {
        for (1 .. $1) {
            my $item = resp_length($bytes, $from + $length);
            return 0 unless $item;
            $length += $item;
        }
        return $length;
    }

    die 'not RESP: ' . substr($line, 0, 40) . "\n";
}


# resp_value(\$bytes): takes one whole reply off the front of the bytes and
# returns it: a string, a list reference, undef for null, or an
# OfficeConfig::Resp::Error, which is its text as a string

sub resp_value {
    my ($bytes) = @_;

    $$bytes =~ s/^([-+:\$*])([^\r]*)\r\n//s or die "not RESP\n";
    my ($type, $rest) = ($1, $2);

    return bless \$rest, 'OfficeConfig::Resp::Error' if $type eq '-';
    return $rest if $type eq '+' || $type eq ':';
    return undef if $rest < 0;
    return [map { resp_value($bytes) } 1 .. $rest] if $type eq '*';

    my $value = substr $$bytes, 0, $rest;
    substr $$bytes, 0, $rest + 2, '';
    return $value;
}


package OfficeConfig::Resp::Error;

use overload '""' => sub { ${$_[0]} }, fallback => 1;


1;
