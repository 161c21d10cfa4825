# Batches for tests: requests as JSON and as multipart, and what comes back.

package OfficeConfig::Batch;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

our @EXPORT = qw(BATCH req created mixed http_part change_set answers
                 mixed_parts statuses);

use constant BATCH => '/beta/$batch';

my $CRLF = "\r\n";
my $json = JSON::PP->new->utf8->canonical->allow_nonref;


# req($id, $method, $url, %opt): a request object of a JSON batch
#   json     its body, with the header that this needs
#   headers  { Name => value }
#   and any member as it is

sub req {
    my ($id, $method, $url, %opt) = @_;
    my %r = (id => "$id", method => $method, url => $url);

    if (exists $opt{json}) {
        $r{body} = delete $opt{json};
        $r{headers}{'Content-Type'} = 'application/json';
    }

    my $headers = delete $opt{headers} // {};
    $r{headers}{$_} = $headers->{$_} for keys %$headers;
    @r{keys %opt} = values %opt;
    return \%r;
}


# created($id, %entity): one that creates a configuration

sub created {
    my ($id, %entity) = @_;
    my %opt = map { exists $entity{"-$_"} ? ($_ => delete $entity{"-$_"}) : () }
              qw(atomicityGroup dependsOn headers);
    return req($id, 'POST', '/officeConfiguration/clientConfigurations',
               json => \%entity, %opt);
}


# answers($response): { id => response object }

sub answers {
    my ($r) = @_;
    my $body = $r->json // {};
    return { map { ($_->{id} => $_) } @{$body->{responses} // []} };
}


# statuses($response): those of a JSON batch in the order of the ids, joined

sub statuses {
    my $answers = answers($_[0]);
    return join ' ', map { $answers->{$_}{status} // '-' } sort keys %$answers;
}


# http_part($method, $url, %opt): a part of a multipart batch
#   id       Content-ID; headers => [Name => value, ...] of the request
#   mime     [Name => value, ...] of the part, in the place of the usual ones
#   json     body as data, or body => bytes; eol => "\n" for the line ends

sub http_part {
    my ($method, $url, %opt) = @_;
    my $eol = $opt{eol} // $CRLF;
    my @mime = @{$opt{mime} // ['Content-Type' => 'application/http',
                                'Content-Transfer-Encoding' => 'binary']};
    my @headers = @{$opt{headers} // []};
    my $body = $opt{body} // '';

    push @mime, 'Content-ID' => $opt{id} if defined $opt{id};

    if (exists $opt{json}) {
        $body = $json->encode($opt{json});
        push @headers, 'Content-Type' => 'application/json';
    }

    return _headers($eol, @mime) . $eol . "$method $url HTTP/1.1$eol"
         . _headers($eol, @headers) . $eol . $body;
}

sub _headers {
    my ($eol, @headers) = @_;
    my $text = '';

    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value$eol";
    }

    return $text;
}


# mixed($boundary, @parts): a multipart body; change_set($boundary, @parts):
# one as a part of another

sub mixed {
    my ($boundary, @parts) = @_;
    return join('', map { "--$boundary$CRLF$_$CRLF" } @parts)
         . "--$boundary--$CRLF";
}

sub change_set {
    my ($boundary, @parts) = @_;
    return "Content-Type: multipart/mixed; boundary=$boundary$CRLF$CRLF"
         . mixed($boundary, @parts);
}


# mixed_parts($response): the parts of a multipart response, each as { id,
# status, reason, headers => { lower-case name => value }, body }, a change set
# as an array of them; dies on anything that is not well formed

sub mixed_parts {
    my ($r) = @_;
    return _mixed($r->header('Content-Type') // '', $r->body);
}

sub _mixed {
    my ($type, $body) = @_;
    my ($boundary) = $type =~ m{^multipart/mixed; boundary=(\S+)$}
        or die "not multipart: $type\n";

    $body =~ s/^--\Q$boundary\E--\r\n\z//m or die "no end: $body\n";
    my @parts = split /^--\Q$boundary\E\r\n/m, $body;
    die "preamble: $parts[0]\n" if length shift @parts;

    return [map { _part(s/\r\n\z//r) } @parts];
}

sub _part {
    my ($text) = @_;
    my ($head, $rest) = split /\r\n\r\n/, $text, 2;
    my %mime = _fields($head);

    return _mixed($mime{'content-type'}, "$rest\r\n")
        if $mime{'content-type'} =~ /^multipart/;

    die "type $mime{'content-type'}\n"
        if $mime{'content-type'} ne 'application/http';
    die "encoding\n" if $mime{'content-transfer-encoding'} ne 'binary';

    ($head, my $body) = split /\r\n\r\n/, $rest, 2;
    my ($line, $fields) = split /\r\n/, $head, 2;
    my ($status, $reason) = $line =~ m{^HTTP/1\.1 (\d{3}) (.+)$}
        or die "status line $line\n";

    my %headers = _fields($fields // '');
    die "length\n" if length($body) != ($headers{'content-length'} // 0);

    return { id => $mime{'content-id'}, status => $status, reason => $reason,
             headers => \%headers, body => $body };
}

sub _fields {
    return map { /^([^:]+): (.*)$/ or die "header $_\n"; (lc $1 => $2) }
           split /\r\n/, $_[0];
}


1;
