# $skiptoken: what a next link says can be neither read nor made nor changed by
# a client, and belongs to one tenant, one collection and one query.

use OfficeConfig::Test;

use JSON::PP ();
use MIME::Base64 qw(encode_base64url decode_base64url);

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $conf = $t->api_conf(redis => $redis,
    location => 'office_config_page_size 2; office_config_inline_checkins 2;'
                . ' office_config_tenant $http_x_tenant;',
    server => 'keepalive_requests 100000;');
my $nginx = $t->nginx(http => $conf);
my $ask = client($t);

sub ask {
    my ($method, $path, %opt) = @_;
    my $tenant = delete $opt{tenant} // 'one';
    return $ask->($method, $path, headers => ['X-Tenant' => $tenant], %opt);
}

# link_of($response): its next link as a path; token_of($path)

sub link_of { path_of(json_item($_[0], '@odata.nextLink') // '') }
sub token_of { $_[0] =~ /skiptoken=([\w-]+)/ ? $1 : '' }
sub values_of { map { $_->{id} // $_->{deviceName} }
                @{json_item($_[0], 'value') // []} }

for my $tenant ('one', 'two') {
    for my $id (1 .. 9) {
        my $r = ask('POST', API, tenant => $tenant, json => {
            id => "c$id", displayName => 'n' . $id % 3, priority => 10 - $id,
            assignments => [map { { id => "a$_" } } 1 .. 5] });
        die $r->text unless $r->status == 201;
    }

    for my $id ('c1', 'c2') {
        my $r = ask('POST', API . "/$id/checkinStatuses", tenant => $tenant,
            json => [map { {
                userId => "u$_", deviceName => "d$_", wasSuccessful =>
                JSON::PP::true, checkinDateTime => recent()
            } } 1 .. 9]);
        die $r->text unless $r->status == 200;
    }
}

my $collections = BASE;
my %query = (
    'configurations' => API,
    'by priority' => API . '?$orderby=priority',
    'by priority, descending' => API . '?$orderby=priority%20desc',
    'by id, descending' => API . '?$orderby=id%20desc',
    'by name' => API . '?$orderby=displayName',
    'filtered' => API . q{?$filter=displayName%20ne%20'x'},
    'searched' => API . '?$search=n1%20OR%20n2',
    'of a type' => API . '/microsoft.graph.officeClientConfiguration',
    'counted' => API . '?$count=true',
    'with an alias' => API . q{?$filter=displayName%20ne%20@p&@p='x'},
    'assignments' => API . '/c1/assignments',
    'of another' => API . '/c2/assignments',
    'check-ins' => API . '/c1/checkinStatuses',
    'check-ins of another' => API . '/c2/checkinStatuses',
    'check-ins by name' => API . '/c1/checkinStatuses?$orderby=deviceName',
    'of the tenant' => BASE . '/tenantCheckinStatuses',
);

# what differs in nothing but how it is asked for
my %same = ('of a type' => 'configurations');

my %link;

for my $name (sort keys %query) {
    my $r = ask('GET', $query{$name});
    answer_is $r, 200, "$name: a page";
    $link{$name} = link_of($r);
    my $token = token_of($link{$name});
    ok length $token, "$name: with a link";
    unlike decode_base64url($token), qr/one|two|name|id=/,
           "$name: its token is not to be read";

    my $next = ask('GET', $link{$name});
    answer_is $next, 200, "$name: which is followed";
    my %first = map { $_ => 1 } values_of($r);
    is_deeply [grep { $first{$_} } values_of($next)], [],
              "$name: to what is behind";
    is ask('GET', $link{$name})->body, $next->body, "$name: twice";
}

# each bit of a token counts

for my $name ('configurations', 'by name', 'check-ins', 'assignments') {
    my $bytes = decode_base64url(token_of($link{$name}));
    my $wrong = 0;

    for my $bit (0 .. 8 * length($bytes) - 1) {
        next if $bit % 5;
        my $copy = $bytes;
        substr($copy, $bit / 8, 1) ^= chr(1 << $bit % 8);
        my $r = ask('GET', $link{$name}
                           =~ s/skiptoken=.*/'skiptoken='
                               . encode_base64url($copy)/er);
        $wrong++ if $r->status != 400;
    }

    is $wrong, 0, "$name: no bit can be changed";

    for my $length (0 .. length($bytes) - 1) {
        next if $length % 7;
        my $r = ask('GET', $link{$name} =~ s/skiptoken=.*/'skiptoken=A'
                    . encode_base64url(substr $bytes, 0, $length)/er);
        $wrong++ if $r->status != 400;
    }

    is $wrong, 0, "$name: nor can it be cut";
}

for my $token ('', 'A', 'AA', 'A' x 22, 'A' x 64, '!', 'a.b', '%00', "\$", 'a=',
               'A' x 5000)
{
    error_is ask('GET', API . "?\$skiptoken=$token"), 400, '$skiptoken',
             "'" . substr($token, 0, 10) . "' is no token";
}

# a token is of one collection and one query

for my $name (sort keys %query) {
    my $other = ask('GET', $link{$name}, tenant => 'two');
    error_is $other, 400, '$skiptoken', "$name: not of another tenant";

    for my $of (sort keys %query) {
        next if $of eq $name || ($same{$of} // $of) eq ($same{$name} // $name);
        my $sep = $query{$of} =~ /\?/ ? '&' : '?';
        my $r = ask('GET', $query{$of} . $sep . '$skiptoken='
                           . token_of($link{$name}));
        error_is $r, 400, '$skiptoken', "$name: not for $of";
    }

    my $sep = $link{$name} =~ /\?/ ? '&' : '?';
    error_is ask('GET', "$link{$name}$sep\$skip=1"), 400, '$skiptoken',
             "$name: not with a \$skip";
}

# what else a link carries, and what may be asked for besides

{
    my $r = ask('GET', API . '?x=1&$select=id&api-version=2&$top=5&$skip=1'
                       . '&%24orderby=id');
    is_deeply [values_of($r)], ['c2', 'c3'], 'a page behind two';
    my $link = link_of($r);
    like $link, qr/[?&]x=1(?:&|$)/, 'the link has a custom option';
    like $link, qr/[?&]\$select=id(?:&|$)/, 'what was selected';
    like $link, qr/[?&]%24orderby=id(?:&|$)/, 'the order as it was written';
    like $link, qr/[?&]\$top=3(?:&|$)/, 'what is left of $top';
    unlike $link, qr/skip=/i, 'nothing is passed over again';
    is_deeply [values_of(ask('GET', $link))], ['c4', 'c5'], 'and goes on';
    is_deeply [values_of(ask('GET', link_of(ask('GET', $link))))], ['c6'],
              'to the end of $top';
    is link_of(ask('GET', link_of(ask('GET', $link)))), '', 'where it ends';
}

{
    # what cannot be in a URL is encoded in the link
    my $r = ask('GET', API . "?a=\xc3\xa9\x80&b=\"<>{}|");
    answer_is $r, 200, 'odd characters in the query';
    like link_of($r), qr/\?a=%C3%A9%80&b=%22%3C%3E%7B%7D%7C&/,
         'are encoded in the link';
}

{
    # a preference is of all pages
    my $r = ask('GET', API, headers => ['X-Tenant' => 'one',
                                        Prefer => 'odata.maxpagesize=1']);
    is_deeply [values_of($r)], ['c1'], 'M9: odata.maxpagesize';
    is $r->header('Preference-Applied'), 'odata.maxpagesize=1', 'is applied';
    $r = ask('GET', link_of($r));
    is_deeply [values_of($r)], ['c2'], 'on the next page as well';
    $r = ask('GET', API, headers => ['X-Tenant' => 'one',
                                     Prefer => 'MaxPageSize=1, x=y']);
    is_deeply [values_of($r)], ['c1'], 'without the prefix, in any case';
    for my $value ('0', '-1', 'x', '', '1x', '99999999999999999999') {
        my $r = ask('GET', API, headers => ['X-Tenant' => 'one',
                                            Prefer => "maxpagesize=$value"]);
        is_deeply [values_of($r)], ['c1', 'c2'], "ignored: '$value'";
        is $r->header('Preference-Applied'), undef, 'and not applied';
    }
    $r = ask('GET', API, headers => ['X-Tenant' => 'one',
                                     Prefer => 'maxpagesize=50']);
    is_deeply [values_of($r)], ['c1', 'c2'], 'no page is larger than allowed';
}

# the secret is one for all workers and machines, and can be lost

{
    my $secret = $redis->cmd('GET', 'oc:{one}:tok');
    is length $secret, 32, 'a secret is kept';
    isnt $redis->cmd('GET', 'oc:{two}:tok'), $secret, 'of each tenant its own';

    my $second = $t->nginx(http => $conf =~ s/127\.0\.0\.1:\d+/127.0.0.1:%%PORT%%/r);
    my $c = $t->connect(to => $second->port);
    my $r = $c->request('GET', $link{configurations},
                        headers => ['X-Tenant' => 'one']);
    answer_is $r, 200, 'another nginx takes the token';

    # it asks for the secret once a minute
    $redis->cmd('SET', 'oc:{one}:tok', 'x' x 32);
    $r = $c->request('GET', $link{configurations},
                     headers => ['X-Tenant' => 'one']);
    answer_is $r, 200, 'a worker that knows the secret still opens it';
    $redis->cmd('DEL', 'oc:{one}:tok');
    my $third = $t->nginx(http => $conf =~ s/127\.0\.0\.1:\d+/127.0.0.1:%%PORT%%/r);
    $r = $t->connect(to => $third->port)->request('GET', $link{configurations},
            headers => ['X-Tenant' => 'one']);
    error_is $r, 400, '$skiptoken', 'a token of a secret that is gone';
    $r = $t->connect(to => $third->port)->request('GET', API,
            headers => ['X-Tenant' => 'one']);
    my $link = link_of($r);
    answer_is ask('GET', $link), 200,
              'who knows an older secret looks for the new one';
}

# the other check-ins of an entity

{
    my $r = ask('GET', API . '/c1');
    my $link = path_of($r->json->{'checkinStatuses@odata.nextLink'});
    my @shown = map { $_->{deviceName} } @{$r->json->{checkinStatuses}};
    my @rest;
    my $path = $link;

    while ($path) {
        my $page = ask('GET', $path);
        answer_is $page, 200, 'a page of the others';
        push @rest, values_of($page);
        $path = link_of($page);
    }

    is_deeply [sort @shown, @rest], [map { "d$_" } 1 .. 9],
              'what is inlined and the rest: each once';
    error_is ask('GET', $link, tenant => 'two'), 400, '$skiptoken',
             'not of another tenant';
    error_is ask('GET', $link =~ s/c1/c2/r), 400, '$skiptoken',
             'not of another configuration';
}

$t->done;
