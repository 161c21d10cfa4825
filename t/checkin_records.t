# What check-ins say is kept once for the tenant and a configuration, as long
# as both have the same, and nothing of it stays behind.

use OfficeConfig::Test;

use JSON::PP ();
use POSIX qw(strftime);

use OfficeConfig::Api;
use OfficeConfig::Net qw(wait_until);

my $t = OfficeConfig::Test->new;
my $redis = $t->redis(aof => 1);
my $nginx = $t->serve(redis => $redis, server => 'keepalive_requests 100000;'
    . 'client_body_buffer_size 1m;');
my $ask = client($t);
my $root = '/beta/officeConfiguration';
my $records = 'oc:{default}:rec';
my $now = time;

sub status {
    my ($user, $at, %more) = @_;
    return { userId => $user, deviceName => 'pc', wasSuccessful =>
             JSON::PP::true, checkinDateTime => strftime('%Y-%m-%dT%H:%M:%SZ',
                                                     gmtime $now - $at),
             %more };
}

sub report {
    my ($id, @statuses) = @_;
    my $path = defined $id ? API . "/$id/checkinStatuses"
                           : "$root/tenantCheckinStatuses";
    my $r = $ask->('POST', $path,
                   json => @statuses == 1 ? $statuses[0] : \@statuses);
    die $r->status . ': ' . $r->body . "\n"
        if $r->status != (@statuses == 1 ? 204 : 200);
}

# removes what is in a collection
sub empty {
    my ($id) = @_;
    my $r = defined $id
          ? $ask->('PUT', API . "/$id/checkinStatuses", json => { value => [] })
          : $ask->('PATCH', $root, json => { tenantCheckinStatuses => [] });
    return int $r->status / 100;
}

# what is in a collection: user=date, in the order of users
sub collection {
    my ($id) = @_;
    my $path = defined $id ? API . "/$id/checkinStatuses"
                           : "$root/tenantCheckinStatuses";
    my (@all, $url);

    for ($url = $path; defined $url; ) {
        my $page = $ask->('GET', $url)->json;
        push @all, map { "$_->{userId}=" . ($_->{errorMessage} // '') }
                   @{$page->{value}};
        $url = $page->{'@odata.nextLink'};
        $url =~ s{^http://[^/]+}{} if defined $url;
    }

    return join ' ', sort @all;
}

# of the records: how many there are of each form; and what else there is
sub forms {
    my %hash = @{$redis->cmd('HGETALL', $records)};
    my %forms;

    $forms{ord $hash{$_}}++ for grep { length == 14 } keys %hash;
    return join ' ', map { "$_:$forms{$_}" } sort keys %forms;
}

sub scopes {
    return scalar grep { length == 4 } @{$redis->cmd('HKEYS', $records)};
}

# records that are in a configuration's own hash
sub apart {
    my ($id) = @_;
    return scalar grep { length == 14 }
           @{$redis->cmd('HKEYS', "oc:{default}:chk:$id") // []};
}

sub swept { ok wait_until(20, sub {
    $redis->cmd('HEXISTS', $records, 'g') == 0 }), $_[0] }

$ask->('POST', API, json => { id => $_ }) for 'a', 'b';

# what comes for a configuration is one record

report('a', status('u', 100, errorMessage => '1'));
is collection('a'), 'u=1', 'the configuration has it';
is collection(), 'u=1', 'and the tenant';
is forms(), '3:1', 'in one record';
is scopes(), 2, 'of two scopes';

# a second configuration has its own

report('b', status('u', 90, errorMessage => '2'));
is collection('b'), 'u=2', 'another one';
is collection(), 'u=2', 'which is the newer one of the tenant';
is collection('a'), 'u=1', 'the first one keeps its own';
is forms(), '7:1', 'in the same record';
is apart('b'), 1, 'the other one elsewhere';

report('a', status('u', 95, errorMessage => '3'));
is collection('a'), 'u=3', 'newer than its own';
is collection(), 'u=2', "older than the tenant's";
is forms(), '7:1', 'still one each';

report('a', status('u', 80, errorMessage => '4'));
is collection('a') . ' ' . collection(), 'u=4 u=4', 'newer than both';
is collection('b'), 'u=2', 'not for the other one';
is forms(), '3:1', 'is one for both';

report(undef, status('u', 70, errorMessage => '5',
                     appliedPolicies => ['a', 'b', 'c']));
is join(' ', map { collection($_) } 'a', 'b', undef), 'u=5 u=5 u=5',
   'one for all of them';
is forms() . ' ' . apart('b'), '3:1 1', 'is kept twice';

# late ones, and the same once more

report('a', status('u', 75, errorMessage => '6'));
is join(' ', map { collection($_) } 'a', undef), 'u=5 u=5', 'a late one';
report('a', status('u', 70, errorMessage => '7'));
is join(' ', map { collection($_) } 'a', undef), 'u=7 u=7',
   'the last one of the same time';
is forms(), '3:1', 'in one record';

# of a configuration that is gone nothing is left but what others have

is $ask->('DELETE', API . '/a')->status, 204, 'it is deleted';
is collection('b') . ' ' . collection(), 'u=5 u=7', 'the others have theirs';
is forms() . ' ' . scopes(), '1:1 2', 'which is all there is';
report('b', status('u', 60, errorMessage => '8'));
is collection('b') . ' ' . collection(), 'u=8 u=8', 'the next one';
is forms() . ' ' . apart('b'), '3:1 0', 'is shared now';

is empty(), 2, "the tenant's are removed";
is collection() . collection('b'), 'u=8', 'the configuration has its own';
is forms() . ' ' . scopes(), '2:1 1', 'alone';
report('b', status('u', 50, errorMessage => '9'));
is collection('b') . ' ' . collection(), 'u=9 u=9', 'and then both';
is forms(), '3:1', 'in one';
is empty('b'), 2, "the configuration's are removed";
is collection(), 'u=9', 'the tenant has its own';
is forms(), '1:1', 'alone';
is empty(), 2, 'all';
is forms(), '', 'then there is none';

# many are looked for in steps; readers see them no more at once

sub many {
    my ($id, $n, $at) = @_;
    report($id, map { status("m$_", $at) } 1 .. $n);
}

$ask->('POST', API, json => { id => 'c' });
many('b', 1000, 100);
many('c', 300, 90);
is collection('b') =~ tr/=//, 1000, 'a thousand';
is collection('c') =~ tr/=//, 300, 'three hundred';
is collection() =~ tr/=//, 1000, 'of a thousand devices';
is forms(), '3:700 7:300', 'records';
is $ask->('DELETE', API . '/b')->status, 204, 'the first one is deleted';
is collection('c') =~ tr/=//, 300, 'the other one has its own';
swept('its records are looked for');
is forms() . ' ' . apart('c'), '1:1000 300', 'nothing is left of it';
$ask->('POST', API, json => { id => 'b' });
is collection('b'), '', 'it begins with none';
many('c', 300, 80);
is collection('c') =~ tr/=//, 300, 'the other one';
is collection() =~ tr/=//, 1000, 'and the tenant';
is forms() . ' ' . apart('c'), '1:700 3:300 0', 'share';
is empty(), 2, "the tenant's are removed";
is collection() =~ tr/=//, 0, 'it has none';
is collection('c') =~ tr/=//, 300, 'the configuration does';
swept("the tenant's are looked for");
is forms(), '2:300', 'nothing is left of them';
is empty('c'), 2, "the configuration's are removed";
swept('it is looked through');
is forms() . ' ' . scopes(), ' 0', 'nothing is left at all';
is $redis->cmd('HLEN', $records), 1, 'but the last number';

$t->done;
