# The service document and $metadata: what they say, in which form, and that
# they need no Redis.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;
use OfficeConfig::Npm;
use OfficeConfig::Tokens qw(ISSUER AUDIENCE READ);

my $t = OfficeConfig::Test->new;
my $dead = $t->redis(start => 0);
my $packages = packages($t, ROOT . '/t/interop/csdl');
my $keys = OfficeConfig::Tokens->new->add('one', kty => 'EC');
my $conf = $t->api_conf(redis => $dead, http => "
    office_config_jwt_key_file @{[$t->file('keys.json', $keys->jwks)]};
    office_config_jwt_issuer \"@{[ISSUER]}\";
    office_config_jwt_audience @{[AUDIENCE]};");

$conf =~ s{(?=\n\s+location /beta)}{join '', map { <<"END" } (
        location $_->[0] {
            office_config_pass main;
            office_config_auth @{[$_->[2] // 'off']};
            $_->[1]
        }
END
    ['/slash/beta/', ''], ['/moved', 'office_config_base_url https://x.org/a"b/;'],
    ['/tenant', 'office_config_tenant $http_x_tenant;'],
    ['~ ^/re/(beta|v1.0)(/|$)', ''], ['/token', '', 'jwt'],
)}e;

my $nginx = $t->nginx(http => $conf);
my $ask = client($t);
my $at = '/beta/$metadata';

sub get {
    my ($path, @headers) = @_;
    return $ask->('GET', $path, headers => \@headers);
}

# type_of($response): the media type alone

sub type_of { ($_[0]->header('Content-Type') // '') =~ s/;.*//r }


# M1: the service document

{
    my $want = '{"@odata.context":"http://localhost/beta/$metadata","value":['
        . '{"name":"officeConfiguration","kind":"Singleton",'
        . '"url":"officeConfiguration"}]}';

    for my $path ('/beta', '/beta/') {
        my $r = get($path);
        answer_is $r, 200, "M1: GET $path";
        is $r->body, $want, 'M1: it lists the singleton';

        my $head = $ask->('HEAD', $path);
        answer_is $head, 200, 'HEAD', method => 'HEAD';
        is $head->header('Content-Length'), length $want, 'as long';
    }

    is get('/slash/beta/')->body, $want =~ s{/beta/}{/slash/beta/}r,
       'in a location that ends in a slash';
    is json_item(get('/moved'), '@odata.context'), 'https://x.org/a"b/$metadata',
       'with another base URL';
    answer_is get('/tenant'), 200, 'without a tenant';
    answer_is get('/beta', Accept => $_), 200, "Accept: $_"
        for '*/*', 'application/json';
    is get('/beta', Accept => 'application/json;odata.metadata=full')->body,
       $want, 'with full control information';
    is get('/beta', Accept => 'application/json;odata.metadata=none')->body,
       $want =~ s/"\@odata.context":"[^"]*",//r, 'without control information';
    error_is get('/beta', Accept => $_), 406, undef, "Accept: $_"
        for 'application/xml', 'text/html';
    error_is get('/beta?$format=xml'), 406, '$format', '$format=xml';
    error_is get('/beta?$top=1'), 501, '$top', 'an option that it has not';
}


# the two forms of $metadata

my %form;

for my $case (['xml', '4.0'], ['xml', '4.01'], ['json', '4.0'],
              ['json', '4.01'])
{
    my ($form, $version) = @$case;
    my @max = $version eq '4.01' ? ('OData-MaxVersion' => '4.01') : ();
    my $r = get("$at?\$format=$form", @max);
    my $etag = $r->header('ETag');
    my $body = $r->body;

    $t->status_is($r, 200, "M8: $form, $version");
    is $r->header('Content-Type'),
       $form eq 'xml' ? 'application/xml;charset=utf-8' : JSON_TYPE,
       'its media type';
    is $r->header('OData-Version'), $version, 'M4: OData-Version';
    like $etag, qr/^"[0-9a-f]{16}"$/, 'an ETag';
    is $r->header('Cache-Control'), 'private, no-cache',
       'which a copy is to be asked about by';
    is $r->header('Vary'), 'Accept, OData-Version, OData-MaxVersion',
       'N9: Vary';

    my $head = $ask->('HEAD', "$at?\$format=$form", headers => \@max);
    is $head->header('Content-Length'), length $body, 'HEAD: as long';
    is $head->header('ETag'), $etag, 'the same ETag';
    is $head->body, '', 'and no body';

    answer_is get("$at?\$format=$form", @max, 'If-None-Match' => $_), 304,
              "If-None-Match: $_", version => $version
        for $etag, "W/$etag", "\"x\", $etag", '*';
    is get("$at?\$format=$form", @max, 'If-None-Match' => '"x"')->body, $body,
       'another ETag: all of it';
    error_is get("$at?\$format=$form", @max, 'If-Match' => '"x"'), 412, undef,
             'If-Match', version => $version;

    $form{"$form $version"} = { body => $body, etag => $etag,
                                file => $t->file("$form-$version", $body) };
}

is scalar keys %{{ map { $_->{etag} => 1 } values %form }}, 4,
   'each form has its own ETag';
is $form{'xml 4.01'}{body}, $form{'xml 4.0'}{body} =~ s/Version="4\.0"/Version="4.01"/r,
   'the versions say the same';
is $form{'json 4.01'}{body},
   $form{'json 4.0'}{body} =~ s/"\$Version":"4\.0"/"\$Version":"4.01"/r,
   'in JSON as well';

$t->status_is(get($_), 200, $_)
    for '/slash/beta/$metadata', '/moved/$metadata', '/tenant/$metadata',
        '/re/beta/$metadata', '/beta/%24metadata', '/beta/$metadata/';


# M8: valid by the schemas of OASIS

my $schemas = "$packages/node_modules/odata-csdl/schemas";

for my $version ('4.0', '4.01') {
    my ($status, $text) = $t->command('xmllint', '--nonet', '--noout',
        '--schema', "$schemas/edmx.xsd", $form{"xml $version"}{file});
    is $status, 0, "M8: the XML of $version is valid by edmx.xsd and edm.xsd"
        or diag $text;

    points($t->command('node', ROOT . '/t/interop/csdl/csdl.mjs', $packages,
                       map { $form{"$_ $version"}{file} } 'xml', 'json'));
}

{
    my $bad = $t->file('bad', $form{'xml 4.0'}{body} =~ s/Name="id"/Nom="id"/r);
    my ($status) = $t->command('xmllint', '--nonet', '--noout', '--schema',
                               "$schemas/edmx.xsd", $bad);
    isnt $status, 0, 'the schema does not take anything';
}


# the model, by what api.md says of it

{
    my $model = JSON::PP->new->decode($form{'json 4.01'}{body});
    my $graph = $model->{'microsoft.graph'};
    my $say = sub {
        my ($p) = @_;
        my $type = ($p->{'$Type'} // 'Edm.String')
                   =~ s/^(?:Edm|microsoft\.graph)\.//r;
        $type = "Collection($type)" if $p->{'$Collection'};
        $type .= ' n' if $p->{'$Nullable'};
        $type .= ' contained' if $p->{'$ContainsTarget'};
        return $type;
    };
    my %want = (
        entity => { id => 'String' },
        officeConfiguration => {
            tenantCheckinStatuses => 'Collection(officeClientCheckinStatus)',
            tenantUserCheckinSummary => 'officeUserCheckinSummary n',
            clientConfigurations =>
                'Collection(officeClientConfiguration) contained' },
        officeClientConfiguration => {
            userPreferencePayload => 'Stream n', policyPayload => 'Stream n',
            description => 'String n', displayName => 'String n',
            priority => 'Int32', lastModifiedDateTime => 'DateTimeOffset',
            userCheckinSummary => 'officeUserCheckinSummary n',
            checkinStatuses => 'Collection(officeClientCheckinStatus)',
            assignments =>
                'Collection(officeClientConfigurationAssignment) contained' },
        windowsOfficeClientConfiguration => {},
        windowsOfficeClientSecurityConfiguration => {},
        officeClientConfigurationAssignment => {
            target => 'officeConfigurationAssignmentTarget n' },
        officeConfigurationAssignmentTarget => {},
        officeConfigurationGroupAssignmentTarget => { groupId => 'String n' },
        officeClientCheckinStatus => {
            map({ $_ => 'String n' } qw(userPrincipalName deviceName
                devicePlatform devicePlatformVersion errorMessage)),
            wasSuccessful => 'Boolean', userId => 'String',
            checkinDateTime => 'DateTimeOffset',
            appliedPolicies => 'Collection(String) n' },
        officeUserCheckinSummary => {
            succeededUserCount => 'Int32', failedUserCount => 'Int32' },
    );
    my %got;

    for my $name (grep { ref $graph->{$_} eq 'HASH'
                         && $graph->{$_}{'$Kind'} =~ /Type$/ } keys %$graph)
    {
        my $type = $graph->{$name};
        $got{$name} = { map { $_ => $say->($type->{$_}) }
                        grep { !/^[\$@]/ } keys %$type };
    }

    json_is \%got, \%want, 'the types have the properties that they have';
    is_deeply { map { ref $graph->{$_} eq 'HASH' && $graph->{$_}{'$BaseType'}
                      ? ($_ => $graph->{$_}{'$BaseType'} =~ s/.*\.//r) : () }
                keys %$graph },
        { map({ $_ => 'entity' } qw(officeConfiguration
              officeClientConfiguration officeClientConfigurationAssignment)),
          map({ $_ => 'officeClientConfiguration' }
              qw(windowsOfficeClientConfiguration
                 windowsOfficeClientSecurityConfiguration)),
          officeConfigurationGroupAssignmentTarget =>
              'officeConfigurationAssignmentTarget' },
        'and their base types';
    is_deeply [grep { ref $graph->{$_} eq 'HASH' && $graph->{$_}{'$Abstract'} }
               keys %$graph], ['entity'], 'one is abstract';
    json_is $graph->{GraphService}{officeConfiguration},
            { '$Type' => 'microsoft.graph.officeConfiguration' },
            'M1: the singleton';

    my %action = map { my $space = $_;
        map { ref $model->{$space}{$_} eq 'ARRAY' ? ("$space.$_" => join ', ',
            map { $_->{'$Name'} . ' ' . $say->($_) }
                @{$model->{$space}{$_}[0]{'$Parameter'}}) : () }
        keys %{$model->{$space}} }
        'microsoft.graph', 'microsoft.management.services.api';
    my $priorities = 'bindingParameter Collection(officeClientConfiguration), '
        . 'officeConfigurationPolicyIds Collection(String), '
        . 'officeConfigurationPriorities Collection(Int32)';

    json_is \%action, {
        'microsoft.graph.assign' => 'bindingParameter officeClientConfiguration,'
            . ' officeConfigurationAssignments '
            . 'Collection(officeClientConfigurationAssignment)',
        'microsoft.graph.updatePriorities' => $priorities,
        'microsoft.management.services.api.updatePriorities' => $priorities,
    }, 'the actions and their parameters';
}


# M5: which form it is

for my $case (
    [[], 'xml'], [['*/*'], 'xml'], [['application/*'], 'xml'],
    [['application/xml'], 'xml'], [['application/json'], 'json'],
    [['APPLICATION/XML'], 'xml'], [['application/xml;charset=utf-8'], 'xml'],
    [['application/json, application/xml'], 'xml'],
    [['application/json, text/plain, */*'], 'xml'],
    [['application/json;q=0.9, application/xml;q=0.8'], 'json'],
    [['application/json;q=0.8, application/xml;q=0.9'], 'xml'],
    [['application/json, */*;q=0.1'], 'json'],
    [['application/xml;q=0, */*'], 'json'],
    [['application/json;q=0, */*'], 'xml'],
    [['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'], 'xml'],
    [['application/json;odata.metadata=minimal'], 'json'],
    [['application/json;metadata=none;IEEE754Compatible=true'], 'json'],
    [['application/xml;x=y, application/json'], 'json'],
    [['text/html'], 406], [['application/atom+xml'], 406], [['text/xml'], 406],
    [['application/xml;q=0, application/json;q=0'], 406],
    [['application/xml;x=y'], 406], [['*/*;q=0'], 406],
    [['text/html'], 'xml', '?$format=xml'],
    [['application/json'], 'xml', '?$format=application/xml'],
    [['application/xml'], 'json', '?$format=json'],
    [['application/xml'], 'json', '?format=JSON'],
    [[], 'json', '?$format=application/json'],
    [[], 'json', '?%24format=application/json;odata.metadata=none'],
    [[], 'xml', '?$FORMAT=XML'], [[], 'xml', '?$format=application%2Fxml'],
    (map { [[], 406, "?\$format=$_"] } 'atom', 'text/html', '*/*', 'xml;q=1',
        'application/*', 'json;odata.metadata=full', 'application/xml;x=y', 'x',
        'application/xml,application/json', ''),
)
{
    my ($accept, $want, $query) = @$case;
    $query //= '';
    my $r = get("$at$query", map { (Accept => $_) } @$accept);
    my $name = "M5: Accept: @$accept, $query";

    if ($want eq '406') {
        error_is $r, 406, length $query ? '$format' : '', $name;
        like json_item($r, 'error', 'message'), qr/xml and application.json/,
             'and says what there is';
    } else {
        $t->status_is($r, 200, $name);
        is type_of($r), "application/$want", 'as it should be';
        is $r->body, $form{"$want 4.0"}{body}, 'and nothing left out';
    }
}

error_is get("$at?\$format=xml&\$format=json"), 400, '$format', 'twice';
error_is get("$at?\$select=id"), 501, '$select', 'an option that it has not';
error_is $ask->('POST', $at, json => {}), 405, undef, 'POST';
is $ask->('POST', $at, json => {})->header('Allow'), 'GET, HEAD, OPTIONS',
   'Allow';
error_is get('/beta/$metadata/x'), 404, undef, 'below it there is nothing';
error_is get('/re/beta/'), 404, undef,
         'a root that no prefix names is not known';


# with tokens

{
    my @token = (Authorization => 'Bearer ' . $keys->token(scp => READ));

    for my $path ('/token', '/token/$metadata') {
        my $vary = 'Accept, OData-Version, OData-MaxVersion, Authorization';
        my $r = get($path);
        is $r->status, 401, "$path: without a token";
        is $r->header('Vary'), $vary, 'N9: Vary';
        $r = get($path, @token);
        is $r->status, 200, 'with one' or diag $r->text;
        is $r->header('Vary'), $vary, 'N9: Vary';
    }
}

$t->done;
