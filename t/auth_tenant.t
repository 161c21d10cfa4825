# Tenants by their tokens: every endpoint, used by two tenants in turn with the
# same ids, answers each as if the other were not there.

use OfficeConfig::Test;

use JSON::PP ();
use POSIX ();

use OfficeConfig::Api;
use OfficeConfig::Tokens qw(ISSUER AUDIENCE WRITE);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $url = $redis->url;
my $keys = OfficeConfig::Tokens->new->add('one', kty => 'EC');
my $file = $t->file('keys.json', $keys->jwks);
my %tid = (red => '11111111-aaaa-4aaa-8aaa-111111111111',
           blue => '22222222-bbbb-4bbb-8bbb-222222222222');
my %token = map { $_ => $keys->token(scp => WRITE, tid => $tid{$_}) } keys %tid;

my $nginx = $t->nginx(http => <<"END");
    office_config_redis main { server $url; connect_timeout 20s;
                               command_timeout 60s; }
    server {
        listen 127.0.0.1:%%PORT%%;
        keepalive_requests 100000;
        location /beta {
            office_config_pass main;
            office_config_page_size 2;
            office_config_auth jwt;
            office_config_jwt_key_file $file;
            office_config_jwt_issuer "@{[ISSUER]}";
            office_config_jwt_audience @{[AUDIENCE]};
        }
    }
END
my $ask = client($t);

sub as {
    my ($who, $method, $path, %opt) = @_;
    return $ask->($method, $path, %opt, headers => [@{$opt{headers} // []},
        Authorization => "Bearer $token{$who}"]);
}

# plain($response): what must be the same for both: without what is different
# in every answer

sub plain {
    my ($r) = @_;
    my $body = $r->body;
    my $uuid = UUID;

    $body =~ s/W\/\\?"[0-9a-f]{16}\\?"/ETAG/g;
    $body =~ s/"[^"]*DateTime":"[^"]*"/DATE/g;
    $body =~ s/"date":"[^"]*"/DATE/g;
    $body =~ s/$uuid/UUID/g;
    $body =~ s/(skiptoken=)[^"&]+/$1X/g;
    my %head = map { $_ => scalar $r->header($_) } 'Content-Type', 'Preference-Applied',
               'Repeatability-Result', 'Allow';
    return join ' ', $r->status, (map { $_ . '=' . ($head{$_} // '-') }
                                  sort keys %head), $body;
}

# others($who): what there is of the other tenants in Redis

sub others {
    my ($who) = @_;
    my $all = contents($redis);
    return { map { $_ => $all->{$_} } grep { !/\{\Q$tid{$who}\E\}/ }
             grep { /\{/ } keys %$all };
}

my $checkin = { userId => 'u', deviceName => 'd', wasSuccessful => \1,
                checkinDateTime => '2026-01-01T00:00:00Z',
                appliedPolicies => ['a'] };
my $one = API . '/a';
my $guid = '7f9c6a52-3d1e-4c0b-9b52-0a4e8f2d9c01';
my @repeat = ('Repeatability-Request-ID' => $guid, 'Repeatability-First-Sent' =>
    POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime));

# operations of the table, and requests of each; %s is the tenant's own name

my @steps = (
    [SERVICE => 'GET', '/beta/'],
    [METADATA => 'GET', '/beta/$metadata'],
    [SINGLETON => 'GET', BASE],
    [CONFIGURATIONS => 'GET', API],
    [CONFIGURATIONS_COUNT => 'GET', API . '/$count'],
    [CONFIGURATIONS => 'POST', API, json => { id => 'a', displayName => '%s',
        assignments => [{ id => 'x' }] }],
    [CONFIGURATIONS => 'POST', API, json => { id => 'a' }],
    [CONFIGURATIONS => 'POST', API, json => { id => 'b', displayName => '%s',
        checkinStatuses => [$checkin] }],
    [CONFIGURATIONS => 'POST', API, json => { id => 'c' }],
    [CONFIGURATIONS => 'POST', API, json => { displayName => '%s' },
        headers => [@repeat]],
    [CONFIGURATIONS => 'POST', API, json => { displayName => '%s' },
        headers => [@repeat]],
    [CONFIGURATIONS_REF => 'POST', API . '/$ref', json => { id => 'd' }],
    [CONFIGURATIONS_REF => 'POST', API . '/$ref',
        json => { '@odata.id' => $one }],
    [CONFIGURATIONS_REF => 'GET', API . '/$ref'],
    [CONFIGURATIONS_REF => 'HEAD', API . '/$ref'],
    [CONFIGURATIONS => 'GET', API],
    [CONFIGURATIONS => 'GET', API . '?$top=5'],
    [CONFIGURATIONS => 'HEAD', API],
    [CONFIGURATIONS_COUNT => 'GET', API . '/$count'],
    [CONFIGURATIONS_COUNT => 'HEAD', API . '/$count'],
    [ENTITY => 'GET', '/beta/$entity?$id=' . $one],
    [ENTITY => 'HEAD', '/beta/$entity?$id=' . $one],
    [UPDATE_PRIORITIES => 'POST', API . '/updatePriorities', json => {
        officeConfigurationPolicyIds => ['a', 'b'],
        officeConfigurationPriorities => [7, 8] }],
    [CONFIGURATION => 'GET', $one],
    [CONFIGURATION => 'HEAD', $one],
    [CONFIGURATION => 'GET', "$one?\$expand=assignments"],
    [ASSIGNMENTS_REF => 'GET', "$one/assignments/\$ref"],
    [ASSIGNMENTS_REF => 'HEAD', "$one/assignments/\$ref"],
    [CONFIGURATION => 'PATCH', $one, json => { description => '%s' }],
    [CONFIGURATION => 'PUT', API . '/b', json => { displayName => 'of %s' }],
    [PROPERTY => 'GET', "$one/id"],
    [PROPERTY => 'HEAD', "$one/id"],
    [PROPERTY_PRIMITIVE => 'GET', "$one/displayName"],
    [PROPERTY_PRIMITIVE => 'HEAD', "$one/displayName"],
    [PROPERTY_PRIMITIVE => 'PUT', "$one/displayName",
        json => { value => 'now %s' }],
    [PROPERTY_PRIMITIVE => 'DELETE', "$one/description"],
    [PROPERTY_VALUE => 'GET', "$one/displayName/\$value"],
    [PROPERTY_VALUE => 'HEAD', "$one/displayName/\$value"],
    [PROPERTY_VALUE => 'PUT', "$one/description/\$value", body => 'by %s',
        type => 'text/plain'],
    [PROPERTY_VALUE => 'DELETE', "$one/description/\$value"],
    [STREAM => 'PUT', "$one/policyPayload", body => 'bytes of %s',
        type => 'application/octet-stream'],
    [STREAM => 'GET', "$one/policyPayload"],
    [STREAM => 'HEAD', "$one/policyPayload"],
    [STREAM => 'DELETE', "$one/userPreferencePayload"],
    [CHECKINS => 'POST', "$one/checkinStatuses", json => $checkin],
    [CHECKINS => 'POST', "$one/checkinStatuses", json => [$checkin,
        { %$checkin, userId => 'of %s' }]],
    [CHECKINS => 'GET', "$one/checkinStatuses"],
    [CHECKINS => 'HEAD', "$one/checkinStatuses"],
    [CHECKINS_COUNT => 'GET', "$one/checkinStatuses/\$count"],
    [CHECKINS_COUNT => 'HEAD', "$one/checkinStatuses/\$count"],
    [TENANT_CHECKINS => 'POST', BASE . '/tenantCheckinStatuses',
        json => { %$checkin, userId => 'w' }],
    [TENANT_CHECKINS => 'GET', BASE . '/tenantCheckinStatuses'],
    [TENANT_CHECKINS => 'HEAD', BASE . '/tenantCheckinStatuses'],
    [CHECKINS_COUNT => 'GET', BASE . '/tenantCheckinStatuses/$count'],
    [PROPERTY_COMPLEX => 'GET', "$one/userCheckinSummary"],
    [PROPERTY_COMPLEX => 'HEAD', "$one/userCheckinSummary"],
    [PROPERTY_COMPLEX => 'PATCH', "$one/userCheckinSummary",
        json => { failedUserCount => 9 }],
    [PROPERTY_COMPLEX => 'PUT', "$one/userCheckinSummary",
        json => { succeededUserCount => 3, failedUserCount => 4 }],
    [PROPERTY_COMPLEX => 'DELETE', "$one/userCheckinSummary"],
    [SINGLETON_PROPERTY => 'GET', BASE . '/tenantUserCheckinSummary'],
    [SINGLETON_PROPERTY => 'HEAD', BASE . '/tenantUserCheckinSummary'],
    [ASSIGNMENTS => 'GET', "$one/assignments"],
    [ASSIGNMENTS => 'HEAD', "$one/assignments"],
    [ASSIGNMENTS => 'POST', "$one/assignments", json => { id => 'y' }],
    [ASSIGNMENTS_COUNT => 'GET', "$one/assignments/\$count"],
    [ASSIGNMENTS_COUNT => 'HEAD', "$one/assignments/\$count"],
    [ASSIGNMENT => 'GET', "$one/assignments/x"],
    [ASSIGNMENT => 'HEAD', "$one/assignments/x"],
    [ASSIGNMENT => 'PATCH', "$one/assignments/x", json => { target => {
        '@odata.type' =>
            '#microsoft.graph.officeConfigurationGroupAssignmentTarget',
        groupId => '%s' } }],
    [ASSIGNMENTS_REF => 'DELETE',
        "$one/assignments/\$ref?\$id=$one/assignments/y"],
    [ASSIGNMENT_REF => 'DELETE', "$one/assignments/x/\$ref"],
    [ASSIGN => 'POST', "$one/assign", json => {
        officeConfigurationAssignments => [{ id => 'z' }] }],
    [ASSIGNMENT => 'DELETE', "$one/assignments/z"],
    [BATCH => 'POST', '/beta/$batch', json => { requests => [
        { id => '1', method => 'GET', url => "$one" =~ s{^/beta}{}r },
        { id => '2', method => 'PATCH', url => "$one" =~ s{^/beta}{}r,
          headers => { 'Content-Type' => 'application/json' },
          body => { description => 'batch of %s' } } ] }],
    [SINGLETON => 'PATCH', BASE, json => {}],
    [SINGLETON => 'GET', BASE],
    [SINGLETON => 'HEAD', BASE],
    [CHECKINS => 'PUT', "$one/checkinStatuses", json => { value => [] }],
    [CHECKINS => 'DELETE', "$one/checkinStatuses"],
    [CONFIGURATION => 'DELETE', API . '/c'],
    [CONFIGURATION => 'GET', API . '/c'],
    [CONFIGURATIONS => 'GET', API . '?$top=10'],
    [SERVICE => 'HEAD', '/beta/'],
    [METADATA => 'HEAD', '/beta/$metadata'],
);

# named($data, $name): the same with the tenant's name in it

sub named {
    my ($data, $name) = @_;
    return { map { $_ => named($data->{$_}, $name) } keys %$data }
        if ref $data eq 'HASH';
    return [map { named($_, $name) } @$data] if ref $data eq 'ARRAY';
    return ref $data || !defined $data || $data =~ /^\d+$/ ? $data
         : $data =~ s/%s/$name/r;
}

for my $step (@steps) {
    my ($resource, $method, $path, %opt) = @$step;
    my (%plain, @faults);

    for my $who ('red', 'blue') {
        my $before = others($who);
        my $r = as($who, $method, $path, %{named(\%opt, $who)});
        my $text = join '', $r->raw_head, $r->body;
        my ($other) = grep { $_ ne $who } keys %tid;

        push @faults, "$who: status " . $r->status
            if $r->status >= 500 || $r->status =~ /^40[13]$/ || !$r->status;
        push @faults, "$who: it has something of $other: $text"
            if $text =~ /\b\Q$other\E\b|\Q$tid{$other}\E/;
        push @faults, "$who: it changes something of $other"
            if json_text(others($who)) ne json_text($before);
        $plain{$who} = plain($r) =~ s/\b\Q$who\E\b/WHO/gr;
        $plain{$who} =~ s/"policyPayload":"[^"]*"/PAYLOAD/g;
    }

    push @faults, 'they are answered differently:', @plain{'red', 'blue'}
        if $plain{red} =~ s/[a-z]+ of WHO//gr ne $plain{blue} =~ s/[a-z]+ of WHO//gr;
    ok !@faults, "$method $path" or diag join "\n", @faults;
}


# the table has nothing else

{
    open my $fh, '<', ROOT . '/src/http/ngx_http_office_config_operation.c'
        or die $!;
    my $text = do { local $/; <$fh> };
    my %done = map { ("$_->[0] $_->[1]" => 1) } @steps;
    my (@missing, $rows);

    while ($text =~ /\{ NGX_HTTP_OFFICE_CONFIG_(\w+),\s*([\w|]+),/g) {
        my ($resource, $methods) = ($1, $2);
        next if $methods eq '0';
        $methods =~ s/NGX_HTTP_OFFICE_CONFIG_READ/GET|HEAD/;
        for my $method (map { s/NGX_HTTP_//r } split /\|/, $methods) {
            $rows++;
            push @missing, "$resource $method" unless $done{"$resource $method"};
        }
    }

    cmp_ok $rows, '>', 40, 'the table of operations';
    is "@missing", '', 'every operation is among them';
}


# what one tenant has seen is of no use to the other

{
    my %etag = map { $_ => as($_, 'GET', $one)->header('ETag') } keys %tid;
    for my $pair (['red', 'blue'], ['blue', 'red']) {
        my ($who, $other) = @$pair;
        error_is as($who, 'PATCH', $one, json => {}, headers =>
                    ['If-Match' => $etag{$other}]), 412, undef,
                 "$who: an ETag of $other";
        is as($who, 'GET', $one, headers =>
              ['If-None-Match' => $etag{$other}])->status, 200, 'is not ours';
    }
    answer_is as('red', 'GET', $one, headers =>
                 ['If-None-Match' => $etag{red}]), 304, 'its own is';

    as('red', 'POST', API, json => { id => "only $_" }) for 1 .. 5;
    my $link = json_item(as('red', 'GET', API), '@odata.nextLink');
    my $r = as('blue', 'GET', path_of($link));
    error_is $r, 400, '$skiptoken', 'a $skiptoken of another tenant';
    unlike $r->body, qr/only/, 'gives nothing away';
    $r = as('red', 'GET', path_of($link));
    answer_is $r, 200, 'and works for its own';
    error_is as('blue', 'GET', API . '/only%201'), 404, undef,
             'what one has the other has not';
    error_is as('blue', $_, API . '/only%201', json => {}), 404, undef, $_
        for 'PATCH', 'PUT', 'DELETE';

    # the same id of a repeatable request is another request
    my ($red, $blue) = map { as($_, 'POST', API, json => {}, headers => [
        @repeat]) } 'red', 'blue';
    isnt json_item($red, 'id'), json_item($blue, 'id'),
         'repeated requests are of a tenant';

    # case does not make another tenant
    my $upper = $keys->token(scp => WRITE, tid => uc $tid{red}, iss =>
                             ISSUER =~ s/\{tenantid\}/uc $tid{red}/er);
    my $low = $ask->('GET', $one, headers => [Authorization => "Bearer $upper"]);
    is $low->status, 200, 'a tenant in upper case' or diag $low->text;
    is json_item($low, 'displayName'), 'now red', 'is the same';

    # nothing that a request says chooses a tenant
    for my $try (['X-Tenant' => $tid{blue}], [Host => $tid{blue}],
                 [Cookie => "tid=$tid{blue}"])
    {
        is json_item(as('red', 'GET', $one, headers => $try), 'displayName'),
           'now red', "$try->[0] is of no use";
    }
}

is_deeply [grep { !/\{(?:$tid{red}|$tid{blue})\}|^oc:layout$/ }
           @{$redis->cmd('KEYS', '*')}], [], 'every key is of a tenant';

$t->done;
