# Test points on responses of the API: the headers that each has, the body of
# errors, and data compared with the types it has in JSON.

package OfficeConfig::Api;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::Local qw(timegm);

our @EXPORT = qw(JSON_TYPE UUID answer_is error_is json_is json_text
                 json_item path_of item_path printable contents client
                 noted recent);

# of every body; and of a request-id
use constant {
    JSON_TYPE => 'application/json;odata.metadata=minimal;'
                 . 'odata.streaming=false;charset=utf-8',
    UUID => qr/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/,
};

my %code = (
    400 => 'badRequest', 401 => 'InvalidAuthenticationToken',
    403 => 'forbidden', 404 => 'notFound',
    405 => 'methodNotAllowed', 406 => 'notAcceptable', 409 => 'conflict',
    412 => 'preconditionFailed', 413 => 'payloadTooLarge',
    415 => 'unsupportedMediaType', 416 => 'rangeNotSatisfiable',
    429 => 'tooManyRequests',
    501 => 'notImplemented', 502 => 'badGateway',
    503 => 'serviceUnavailable',
    500 => 'generalException', 504 => 'gatewayTimeout',
);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;


# recent($days): midnight so many days ago (10), in UTC: a date of check-ins that
# are not past the window of a day when the tests run

sub recent {
    my ($days) = @_;
    return POSIX::strftime('%Y-%m-%dT00:00:00Z',
                           gmtime time - 86400 * ($days // 10));
}


# json_text($data): one text for equal data, in which 8 is not "8"

sub json_text { $json->encode($_[0]) }


# json_is($got, $want, $name): one test point

sub json_is {
    my ($got, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(json_text($got), json_text($want), $name);
}


# json_item($response, $member, ...): what is at that path in its body; undef
# when there is no body, or nothing there

sub json_item {
    my ($r, @path) = @_;
    my $item = $r->json;

    for (@path) {
        $item = ref $item eq 'HASH' ? $item->{$_}
              : ref $item eq 'ARRAY' ? $item->[$_] : return undef;
    }

    return $item;
}


# path_of($url): an absolute URL without its scheme and host; item_path($api,
# $id): the path of a configuration, its key in parentheses

sub path_of { $_[0] =~ s{^https?://[^/]+}{}r }

sub item_path {
    my ($api, $id) = @_;
    utf8::encode($id);
    $id =~ s/'/''/g;
    $id =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
    return "$api('$id')";
}


# client($t): a code reference that takes what OfficeConfig::Http->request
# does, over one connection for as long as the server keeps that open

sub client {
    my ($t) = @_;
    my $c;

    return sub {
        $c //= $t->connect;
        my $r = $c->request(@_);
        undef $c unless $r->status
                        && ($r->header('Connection') // '') eq 'keep-alive';
        return $r;
    };
}


# contents($redis): all keys with what is in them, as data to compare

sub contents {
    my ($redis) = @_;
    my %read = (
        string => sub { $redis->cmd('GET', $_[0]) },
        list => sub { $redis->cmd('LRANGE', $_[0], 0, -1) },
        hash => sub { +{ @{$redis->cmd('HGETALL', $_[0])} } },
        zset => sub { +{ @{$redis->cmd('ZRANGE', $_[0], 0, -1,
                                       'WITHSCORES')} } },
    );

    return { map { ($_ => $read{$redis->cmd('TYPE', $_)}->($_)) }
             @{$redis->cmd('KEYS', '*')} };
}


# printable($text): for a test's name

sub printable {
    my ($text) = @_;
    $text =~ s/([^\x21-\x7e])/sprintf '<%X>', ord $1/ge;
    return length $text > 60 ? substr($text, 0, 57) . '...' : $text;
}


# answer_is($response, $status, $name, %opt): one test point: the status, and
# the headers that every response has
#   version   of OData: 4.0
#   client    the client-request-id: the request-id
#   type      the Content-Type of a body: JSON_TYPE
#   method    of the request: GET

sub answer_is {
    my ($r, $status, $name, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return _verdict($r, $name, _answer($r, $status, %opt));
}


# error_is($response, $status, $target, $name, %opt): the same for an error,
# with the whole shape of its body. A target of undef is not looked at, an
# empty one must not be there.

sub error_is {
    my ($r, $status, $target, $name, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @faults = _answer($r, $status, %opt);
    push @faults, _error($r, $status, $target) unless @faults;
    return _verdict($r, $name, @faults);
}

sub _verdict {
    my ($r, $name, @faults) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(!@faults, $name)
        || diag join("\n", @faults), "\n", $r->text;
}


# _answer: what is wrong with status and headers

sub _answer {
    my ($r, $status, %opt) = @_;
    my @faults;

    return 'status ' . $r->status . ", not $status" if $r->status != $status;

    my %one;
    for my $name ('OData-Version', 'request-id', 'client-request-id',
                  'Cache-Control', 'Date')
    {
        my @values = $r->header_all($name);
        push @faults, @values . " headers $name" if @values != 1;
        $one{$name} = $values[0] // '';
    }

    my $version = $opt{version} // '4.0';
    push @faults, "OData-Version is not $version"
        if $one{'OData-Version'} ne $version;

    push @faults, 'request-id is no UUID'
        unless $one{'request-id'} =~ /^${\UUID}$/;

    push @faults, 'client-request-id is not as it should be'
        if $one{'client-request-id'} ne ($opt{client} // $one{'request-id'});

    # an entity can be asked about again, anything else not
    my $cache = defined $r->header('ETag') ? 'private, no-cache' : 'no-store';
    push @faults, "Cache-Control is not $cache"
        if $one{'Cache-Control'} ne $cache;

    if ($status == 204 || $status == 304) {
        push @faults, "$status with $_"
            for grep { defined $r->header($_) }
                qw(Content-Type Content-Length Transfer-Encoding);

    } else {
        my @types = $r->header_all('Content-Type');
        push @faults, "Content-Type @types"
            if "@types" ne ($opt{type} // JSON_TYPE);
        push @faults, 'the body is not JSON'
            if ($opt{method} // 'GET') ne 'HEAD' && !defined $r->json;
    }

    push @faults, 'there are bytes behind the response' if length $r->rest;
    return @faults;
}


# _error: what is wrong with the body of an error

sub _error {
    my ($r, $status, $target) = @_;
    my @faults;

    my $body = $r->json;
    return 'no object "error" alone'
        if ref $body ne 'HASH' || "@{[keys %$body]}" ne 'error'
           || ref $body->{error} ne 'HASH';

    my %error = %{$body->{error}};
    my $inner = $error{innerError};

    push @faults, 'member ' . $_
        for grep { !/^(?:code|message|target|details|innerError)$/ }
            keys %error;

    push @faults, "code is not $code{$status}"
        if ($error{code} // '') ne $code{$status};
    push @faults, 'no message'
        if ref $error{message} || ($error{message} // '') !~ /\w.*\w/;
    push @faults, 'internals in the message: ' . $error{message}
        if $error{message} =~ m{redis|\blua\b|evalsha|noscript|jansson|nginx
                                |\boc:|\{|/tmp|\.sock|\.c\b|0x[0-9a-f]}ix;

    push @faults, 'target ' . ($error{target} // 'missing')
        if defined $target && ($error{target} // '') ne $target;
    push @faults, 'an empty target'
        if exists $error{target} && $error{target} eq '';

    return @faults, 'no innerError' if ref $inner ne 'HASH';

    push @faults, 'innerError of ' . join ' ', sort keys %$inner
        if "@{[sort keys %$inner]}" ne 'client-request-id code date '
                                       . 'request-id';
    push @faults, 'no innerError/code' unless length($inner->{code} // '');

    for my $id ('request-id', 'client-request-id') {
        utf8::encode(my $bytes = $inner->{$id} // '');
        push @faults, "innerError/$id is not the header's"
            if $bytes ne $r->header($id);
    }

    my ($y, $m, $d, $time) = ($inner->{date} // '')
        =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)$/
        or return @faults, 'innerError/date is no date';
    my @time = split /:/, $time;
    my $when = eval { timegm(@time[2, 1, 0], $d, $m - 1, $y) } // 0;
    push @faults, 'innerError/date is not now' if abs(time - $when) > 60;

    return @faults;
}


# noted($redis, $key): how many check-ins wait in a journal, as README.md says
# what it is; undef if there is none

sub noted {
    my ($redis, $key) = @_;
    my $data = $redis->cmd('GET', $key) // return undef;
    my $n = 0;

    $data =~ s/^-//;
    $n++ while $data =~ s{^.{37}(.{3})}{}s
               && length substr $data, 0, unpack('N', "\0$1"), '';

    die "$key has no check-in in its end\n" if length $data;
    return $n;
}


1;
