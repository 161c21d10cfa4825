# One HTTP response, as OfficeConfig::Http read it.

package OfficeConfig::Response;

use strict;
use warnings;

use JSON::XS ();


# new($class, %fields): see the accessors

sub new {
    my ($class, %fields) = @_;
    return bless \%fields, $class;
}

sub status   { $_[0]{status} }            # 0: no whole response
sub error    { $_[0]{error} }             # why, else ""
sub reason   { $_[0]{reason} }
sub raw_head { $_[0]{raw_head} }          # bytes up to the empty line
sub headers  { $_[0]{headers} }           # [[name, value], ...]
sub body     { $_[0]{body} }              # decoded from chunks
sub elapsed  { $_[0]{elapsed} }           # seconds since the request
sub rest     { $_[0]{rest} }              # bytes that came after it
sub interim  { $_[0]{interim} // [] }     # statuses 1xx before it


# header($name): the first value, undef if there is none; header_all: every

sub header {
    my ($self, $name) = @_;
    return ($self->header_all($name))[0];
}

sub header_all {
    my ($self, $name) = @_;
    return map { $_->[1] } grep { lc $_->[0] eq lc $name }
           @{$self->{headers}};
}


# json: the body decoded, undef when it is not JSON

sub json {
    my ($self) = @_;
    return eval { JSON::XS->new->utf8->allow_nonref->decode($self->{body}) };
}


# text: the whole of it for a diagnostic, cut at 2,000 bytes

sub text {
    my ($self) = @_;
    my $text = $self->{raw_head} . $self->{body};
    $text = substr($text, 0, 2000) . '...' if length $text > 2000;
    return $self->{error} ? "($self->{error}) $text" : $text;
}


1;
