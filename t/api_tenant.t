# Tenants never see each other, and neither do key prefixes.

use OfficeConfig::Test;

use OfficeConfig::Api;

my $t = OfficeConfig::Test->new;
my $redis = $t->redis;
my $conf = $t->api_conf(redis => $redis,
    server => 'keepalive_requests 100000;',
    location => 'office_config_tenant $http_x_tenant;');

$conf =~ s{(?=\n\s+location /beta)}{join '', map { <<"END" } (
        location $_->[0]/beta {
            office_config_pass main;
            office_config_auth off;
            $_->[1]
        }
END
    ['/a', 'office_config_key_prefix a:;'],
    ['/empty', 'office_config_key_prefix "";'],
    ['/fixed', 'office_config_tenant blue;'],
    ['/text', 'office_config_tenant "x-$arg_t-y";'],
    ['/none', 'office_config_tenant "";'],
    ['/plain', ''],
)}e;

my $nginx = $t->nginx(http => $conf);
my $ask = client($t);

# as($tenant, $method, $path, %opt)

sub as {
    my ($tenant, $method, $path, %opt) = @_;
    return $ask->($method, $path, %opt, headers => [@{$opt{headers} // []},
        defined $tenant ? ('X-Tenant' => $tenant) : ()]);
}

sub ids { map { $_->{id} } @{json_item($_[0], 'value') // []} }


# two of them, with the same ids

for my $tenant ('red', 'blue') {
    for my $id ('one', "only-$tenant") {
        my $r = as($tenant, 'POST', API, json => { id => $id,
            displayName => "of $tenant", assignments => [{ id => 'a' }] });
        answer_is $r, 201, "$tenant: $id is created";
        is json_item($r, 'priority'), $id eq 'one' ? 1 : 2,
           'priorities are counted in a tenant';
    }
}

for my $pair (['red', 'blue'], ['blue', 'red']) {
    my ($tenant, $other) = @$pair;
    my $r = as($tenant, 'GET', API);
    is_deeply [ids($r)], ['one', "only-$tenant"], "$tenant: the list";
    unlike $r->body, qr/$other/, "has nothing of $other";
    is json_item(as($tenant, 'GET', API . '/one'), 'displayName'),
       "of $tenant", 'its own item';
    error_is as($tenant, 'POST', API, json => { id => 'one' }), 409, 'id',
             'its ids are its own';

    for my $path (API . "/only-$other", API . "('only-$other')") {
        error_is as($tenant, $_, $path), 404, undef, "$_ $path"
            for 'GET', 'DELETE';
    }

    error_is as($tenant, 'GET', API . "/only-$other", headers =>
                ['If-None-Match' => '*']), 404, undef, 'with a condition';
    error_is as($tenant, 'DELETE', API . "/only-$other", headers =>
                ['If-Match' => '*']), 404, undef, 'to delete as well';
    answer_is as($tenant, 'POST', API . '/$ref', json => {
        '@odata.id' => API . "/only-$tenant" }), 204, 'a reference';
    error_is as($tenant, 'POST', API . '/$ref', json => {
        '@odata.id' => API . "/only-$other" }), 404, undef,
        'not to the other\'s';
}

# a next link leads on in the tenant that uses it
{
    my $link = path_of(json_item(as('red', 'GET', API . '?$top=1'),
                                 '@odata.nextLink') // API);
    my $page = as('blue', 'GET', "$link&\$top=5");
    unlike $page->body, qr/red/, 'a token of another tenant gives nothing away';
}

is_deeply [sort @{$redis->cmd('KEYS', '*')}], ['a:layout', 'layout', 'oc:layout',
    sort map { my $x = $_; map { "oc:{$x}:$_" } 'asg:one', "asg:only-$x",
               qw(cfg ids pri) } qw(blue red)], 'their keys';

# what one deletes the other keeps
my $blue = as('blue', 'GET', API)->body;
answer_is as('red', 'DELETE', API . '/one'), 204, 'red deletes its own';
is as('blue', 'GET', API)->body, $blue, 'blue is as before';
answer_is as('red', 'DELETE', API . '/only-red'), 204, 'all of it';
is_deeply [grep { /red/ } @{$redis->cmd('KEYS', '*')}], [], 'no key is left';
is as('blue', 'GET', API)->body, $blue, 'blue is as before';

is as('red', 'GET', '/fixed' . API)->body =~ s{/fixed}{}gr, $blue,
   'a tenant that is configured';
is_deeply [ids(as('blue', 'GET', '/plain' . API))], [], 'and the default one';
answer_is as(undef, 'POST', '/plain' . API, json => { id => 'p' }), 201,
          'which is another';
is_deeply [ids(as('default', 'GET', API))], ['p'], 'named default';


# names

my @names = ('a', 'A', '0', '-', 'contoso.onmicrosoft.com', 'x' x 256,
    '9188040d-6c67-4c5b-b112-36a304b66dad', 'a:b', 'a/b', '*', '?', '[a]',
    '^', '\\', '"', "'", '%s', '$x', '(', '\'"', 'oc:', ':cfg', 'a]b',
    "caf\xc3\xa9", "\xf0\x9f\x98\x80", '..', 'layout', '#', ';', 'a,b');

for my $name (@names) {
    my $r = as($name, 'POST', API, json => { id => 'n' });
    answer_is $r, 201, 'tenant ' . printable($name);
    is_deeply [ids(as($name, 'GET', API))], ['n'], 'its list';
    is $redis->cmd('HEXISTS', "oc:{$name}:cfg", 'n'), 1, 'its key';
}

# no name's data is another's
is as($_, 'DELETE', API . '/n')->status, 204, 'deleted: ' . printable($_)
    for @names;

for my $name (undef, '', ' ', 'a b', "a\tb", '{', '}', '{}', '{a}', 'a{b', 'a}b',
    'a}:cfg', "\x01", "a\x1fb", "a\x7f", 'x' x 257, 'x' x 3_000)
{
    my $show = defined $name ? printable($name) : 'none';
    for my $request (['GET', API], ['GET', API . '/one'],
        ['GET', API . '?$top=0'], ['DELETE', API . '/one'],
        ['POST', API, json => {}], ['POST', API . '/$ref', json => {}],
        ['POST', API, body => 'x' x 50_000, type => 'application/json'])
    {
        error_is as($name, @$request), 403, undef,
                 "no tenant: $show, $request->[0]";
    }
    is as($name, 'HEAD', API)->status, 403, 'HEAD';
}

error_is $ask->('GET', '/none' . API), 403, undef, 'an empty one in the file';
answer_is $ask->('POST', '/text' . API . '?t=1', json => { id => 'z' }), 201,
          'a text with a variable';
is $redis->cmd('HEXISTS', 'oc:{x-1-y}:cfg', 'z'), 1, 'its key';
is_deeply [ids($ask->('GET', '/text' . API . '?t=2'))], [], 'and no other';
error_is $ask->('GET', '/text' . API . '?t={'), 403, undef, 'nor with a brace';
answer_is as(undef, 'OPTIONS', API), 204, 'OPTIONS asks for no tenant';
error_is as(undef, 'PUT', API), 405, undef, 'nor does what there is not';
error_is as(undef, 'GET', API . '?$top=x'), 400, '$top', 'or is wrong anyway';


# prefixes

for (['/a', 'a:'], ['/empty', '']) {
    my ($at, $prefix) = @$_;
    is_deeply [ids($ask->('GET', $at . API))], [], "prefix '$prefix': empty";
    answer_is $ask->('POST', $at . API, json => { id => 'p',
        displayName => $prefix, assignments => [{}] }), 201, 'created';
    is json_item($ask->('GET', "$at$_"), 'displayName'), $prefix, 'read'
        for API . '/p';
    is $redis->cmd('EXISTS', map { "$prefix\{default}:$_" }
                   qw(cfg ids pri asg:p)), 4, 'its keys';
    is $redis->cmd('GET', "${prefix}layout"), LAYOUT, 'its layout';
    answer_is $ask->('DELETE', $at . API . '/p'), 204, 'deleted';
}

is_deeply [ids($ask->('GET', '/plain' . API))], ['p'], 'the others are as before';

$t->allow_log(qr/client sent invalid header/, qr/temporary file/);
$t->done;
