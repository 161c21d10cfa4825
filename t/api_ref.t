# POST to $ref: it creates like the collection, and it takes a reference to a
# configuration that is there.

use OfficeConfig::Test;

use JSON::PP ();

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $conf = $t->api_conf(redis => $redis,
                        http => 'server_names_hash_bucket_size 128;',
                        server => 'keepalive_requests 100000;');

$conf =~ s{(?=\n\s+location /beta)}{
        location /based/beta {
            office_config_pass main;
            office_config_auth off;
            office_config_base_url https://graph.example.com/v1;
        }

        location / {
            office_config_pass main;
            office_config_auth off;
        }
};
my $nginx = $t->nginx(http => $conf);
my $ref = API . '/$ref';
my $ask = client($t);

# post($reference): what it takes, as the value of @odata.id

sub send_json {
    my ($json, %opt) = @_;
    my @headers = $opt{host} ? (Host => $opt{host}) : ();
    return $ask->('POST', $opt{at} // $ref, body => $json,
                  headers => \@headers, type => 'application/json');
}

sub post {
    my ($url, %opt) = @_;
    return send_json(JSON::PP->new->utf8->encode({
        $opt{name} // '@odata.id' => $url }), %opt);
}

for my $id ('one', q{it's}, 'a b/c', "Zo\xeb", '$count', '..', '%41', 'a?b#c',
            'a:b', 'http:', '//x/y', 'clientConfigurations',
            'officeConfiguration')
{
    answer_is $t->post(API, json => { id => $id }), 201,
              'there is ' . printable($id);
}

my $state = contents($redis);


# what names it

my $root = 'http://localhost/beta';
my $path = 'officeConfiguration/clientConfigurations';

for my $url ("$root/$path/one", "$root/$path('one')", "/beta/$path/one",
    "/beta/$path('one')", "$path/one", "$path('one')",
    'clientConfigurations/one', q{clientConfigurations('one')},
    "HTTP://localhost/beta/$path/one", "http://LOCALHOST/beta/$path/one",
    "$root/$path/on%65", "$root/officeConfiguration/client%43onfigurations/one",
    "$root/$path(%27one%27)", "$root/$path%28%27one%27%29",
    "$root/$path('it''s')", "$root/$path('it%27%27s')", "$path/it's",
    "$path/it%27s", "$path/a%20b%2Fc", "$root/$path('a%20b%2fc')",
    "$path/Zo%C3%AB", "$path/Zo\xeb", "$path('\$count')", "$path('%24count')",
    "$root/$path/./one", "$path/x/../one", "./one", "../../$path/one",
    "$path('..')", "$path('%2e%2e')", "$path/%2541", "$path/a%3Fb%23c",
    "clientConfigurations('a%3Ab')", "$root/$path/a:b", "$path/http%3A",
    "$path('%2F%2Fx%2Fy')", "$path/clientConfigurations",
    "clientConfigurations/clientConfigurations",
    "clientConfigurations/officeConfiguration",
    "$path/officeConfiguration")
{
    my $name = printable($url);
    answer_is post($url), 204, "U2: $name";
    answer_is post($url), 204, 'U2: once more';
    answer_is post($url, name => '@id'), 204, 'as @id';
}

answer_is send_json($_), 204, $_ for (
    qq({"\@odata.id":"$root/$path/one","\@odata.context":"$root/\$metadata#x"}),
    qq({"\@odata.context":5,"\@odata.id":"$path/one"}),
    qq({"\@x.y":[{}],"\@odata.id":"$path/one","\@a":null}),
    qq( { "\@odata.id" :\n"$path/one" } ),
    qq({"\@odata.id":"clientConfigurations\\u002Fone"}),
    qq({"\\u0040odata.id":"$path/one"}),
    qq({"\@odata.id":"$root\\/officeConfiguration\\/clientConfigurations\\/one"}),
    qq({"\@odata.type":"#microsoft.graph.officeClientConfiguration",)
        . qq("\@odata.id":"$path/one"}),
);


# the service's own address is what the client called it by

answer_is post("http://other.example:8080/beta/$path/one",
               host => 'other.example:8080'), 204, 'a host with a port';
error_is post("http://other.example/beta/$path/one",
              host => 'other.example:8080'), 404, undef, 'without it';
answer_is post("http://[::1]:8080/beta/$path/one", host => '[::1]:8080'), 204,
          'an IPv6 host';
error_is post("$root/$path/one", host => 'other.example'), 404, undef,
         'another host';
answer_is post("https://graph.example.com/v1/$path/one",
               at => "/based$ref"), 204, 'the address that is configured';
error_is post("http://localhost/based/beta/$path/one", at => "/based$ref"),
         404, undef, 'and no other';
answer_is post("http://localhost/$path/one", at => "/$path/\$ref"), 204,
          'at the root';
answer_is post("/$path/one", at => "/$path/\$ref"), 204, 'a path there';


# what names none

for my $url ("$root/$path/two", "$path/two", "$root/$path/ONE",
    "$path('two')", "$root/$path", "$root/$path/", "$root/$path/\$count",
    "$root/$path/..", "$root/$path/../$path/one",
    "$root/../$path/one",
    "$root/$path/%2e%2e", "$root/$path/one/", "$root/$path/one/displayName",
    "$root/$path/one/assignments", "$root/$path/one/assignments/a",
    "$root/$path/one/\$ref", "$root/$path/microsoft.graph."
        . 'officeClientConfiguration',
    "$root/$path/one?\$select=id", "$root/$path/one?", "$root/$path/one#",
    "$root/$path/one#x", "$root/$path/a?b", "$root", "$root/", '/', 'one',
    "$root/officeConfiguration", "$root/one", '', ' ', '.', '..', '/beta',
    "http://localhost/$path/one", "http://localhost:80/beta/$path/one",
    "https://localhost/beta/$path/one", "http://localhost.evil/beta/$path/one",
    "http://evil/beta/$path/one", "http://evil\@localhost/beta/$path/one",
    "http://localhost\@evil/beta/$path/one", "//localhost/beta/$path/one",
    "//evil/beta/$path/one", "http:/beta/$path/one", "http:$path/one",
    "http:///beta/$path/one", 'http://localhost', 'http://localhost/',
    "http://graph.microsoft.com/beta/$path/one", "ftp://localhost/beta/$path/one",
    "urn:one", 'mailto:one@localhost', 'javascript:one', 'data:,one',
    "/v1.0/$path/one", "/betax/$path/one", "beta/$path/one",
    "x$root/$path/one", " $root/$path/one", "$root/$path/one ",
    "$root/$path/%zz", "$root/$path/%", "$root/$path/one%", "$root/$path/%00",
    "$root/$path/one%00", "$root/$path/one%0A", "$root/$path('one'",
    "$root/${path}'one')", "$root/$path(one)", "$root/$path('it's')",
    "$root/$path('')", "$root/$path()", "$root/$path(\"one\")",
    "$path('one')('one')", "$root/$path/" . 'x' x 257, "$root/$path/%FF",
    "$root/OfficeConfiguration/clientConfigurations/one",
    "$root/$path" . '/x' x 100, '/' x 5_000, "\\one", "$root\\$path\\one",
    "clientConfigurations", 'x' x 900_000)
{
    # a slash at the end may be passed over, as in a request
    my $name = 'none: ' . printable($url);
    my $r = post($url);
    $r->status == 204 && $url =~ m{/one/$} ? answer_is $r, 204, $name
                                           : error_is $r, 404, undef, $name;
}


# what is neither a reference nor a configuration

error_is send_json($_), 400, undef, "neither: $_" for (
    '{}', ' { } ', '{"@odata.id":null}', '{"@odata.id":5}',
    '{"@odata.id":true}', '{"@odata.id":[]}', '{"@odata.id":["' . $path
        . '/one"]}', '{"@odata.id":{}}', '{"@id":null}', '{"@id":7}',
    '{"@odata.context":"x"}', '{"@odata.type":'
        . '"#microsoft.graph.officeClientConfiguration"}',
    '{"@x":1}', '{"odata.id":"' . $path . '/one"}', '{"@ID":"x"}',
    '{"url":"' . $root . '"}', '[]', '[{"@odata.id":"' . $path . '/one"}]',
    '"' . $path . '/one"', 'null', '5', '', '{"@odata.id":"' . $path . '/one"',
    '{"@odata.id":"' . $path . '/one","@odata.id":"' . $path . '/one"}',
    '{"value":[{"@odata.id":"' . $path . '/one"}]}',
    '{"displayName@odata.id":"x"}',
);

is_deeply contents($redis), $state, 'nothing of this changes anything';


# with a property it is a configuration, and the reference an annotation

{
    my $r = send_json(qq({"\@odata.id":"$path/one","displayName":"d"}));
    answer_is $r, 201, 'a property beside the reference';
    is json_item($r, 'displayName'), 'd', 'creates';
    $r = send_json('{"@odata.id":5,"id":"new"}');
    answer_is $r, 201, 'whatever the reference';
    is path_of($r->header('Location')), API . '/new',
       'Location is that of the collection';
    error_is send_json('{"@odata.id":"x","nothing":1}'), 400, 'nothing',
             'and an unknown property is named';
}


# other tenants, other methods, and after a DELETE

answer_is post("$path/new"), 204, 'there now';
$t->status_is($t->del(API . '/new'), 204, 'deleted');
error_is post("$path/new"), 404, undef, 'gone';

for my $method (qw(PUT PATCH DELETE)) {
    my $r = $t->request($method, $ref);
    error_is $r, 405, undef, $method;
    is $r->header('Allow'), 'GET, HEAD, POST, OPTIONS', 'Allow';
}

$t->allow_log(qr/a client request body is buffered to a temporary file/);
$t->done;
