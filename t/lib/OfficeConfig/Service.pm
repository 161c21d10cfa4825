# The API on one nginx of a test, as its clients see it while Redis fails:
# requests to it, and the test points that hold in each failure.

package OfficeConfig::Service;

use strict;
use warnings;

use Test::More;

use OfficeConfig::Api;
use OfficeConfig::Net qw(wait_until);
use OfficeConfig::Test ();

use constant API => OfficeConfig::Test::API;


# new($class, $test, %opt): the service, started; the options are those of
# OfficeConfig::Test->serve

sub new {
    my ($class, $t, %opt) = @_;
    my $nginx = $t->serve(%opt);
    return bless { t => $t, nginx => $nginx,
                   workers => [$nginx->workers] }, $class;
}

sub nginx { $_[0]{nginx} }


# example: the example document without its check-in. With an id of the
# service's making and a priority it is stored by a transaction, with anything
# else that the store has to look at by a script.

sub example {
    my %json = %{OfficeConfig::Test::seed()};
    delete $json{checkinStatuses};
    return \%json;
}


# taken($count): as that of OfficeConfig::Test, of this service

sub taken { $_[0]{t}->taken($_[1], to => $_[0]{nginx}->port) }


# create(%members): POST of example with these members besides, without those
# that are undef. get($id), head($id), del($id), list($query): the other
# requests. Each returns an OfficeConfig::Response.

sub create {
    my ($self, %members) = @_;
    my %json = (%{example()}, %members);
    delete @json{grep { !defined $json{$_} } keys %json};
    return $self->request('POST', API, json => \%json);
}

sub get  { $_[0]->request('GET', API . "/$_[1]") }
sub head { $_[0]->request('HEAD', API . "/$_[1]") }
sub del  { $_[0]->request('DELETE', API . "/$_[1]") }
sub list { $_[0]->request('GET', API . (defined $_[1] ? "?$_[1]" : '')) }

sub request {
    my ($self, $method, $path, %opt) = @_;
    return $self->{t}->request($method, $path, to => $self->{nginx}->port,
                               %opt);
}


# begin($method, $id, %opt): sends a request and does not wait; an
# OfficeConfig::Http that its response can be had from. Without an id it is
# about all configurations. A POST has example as its body.

sub begin {
    my ($self, $method, $id, %opt) = @_;
    my $c = $self->{t}->connect(to => $self->{nginx}->port);

    $opt{json} //= example()
        if $method eq 'POST' && !defined $opt{body};
    $c->write_request($method, API . (defined $id ? "/$id" : ''), %opt);
    return $c;
}


# id: of a configuration made for the purpose, of the whole example

sub id {
    my ($self, %members) = @_;
    my $r = $self->create(%{OfficeConfig::Test::seed()}, %members);
    die 'cannot create: ' . $r->text . "\n" if $r->status != 201;
    return $r->json->{id};
}


# back($seconds): whether the service answers again within that time. Of several
# workers one may be still in its pause.

sub back {
    my ($self, $seconds) = @_;
    return wait_until($seconds // 10, sub {
        $self->get('nothing')->status == 404
            && (@{$self->{workers}} == 1 || !$self->_down);
    });
}

# the workers whose last word in the log is that there is no Redis

sub _down {
    my ($self) = @_;
    my %down;

    for (split /\n/, $self->{nginx}->error_log) {
        my ($pid) = /^\S+ \S+ \[\w+\] (\d+)#/ or next;
        $down{$pid} = 1 if /connect\(\) to Redis|refused the connection/
                           || /connection to Redis at \S+ could not/;
        delete $down{$pid} if /Redis at \S+ is back/;
    }

    return grep { $down{$_} } @{$self->{workers}};
}


# works($name): one test point, that it creates, in a transaction and, with a
# check-in, by the script, reads, lists and deletes

sub works {
    my ($self, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $checkins = OfficeConfig::Test::seed()->{checkinStatuses};
    my @done = ($self->create, $self->create(priority => undef,
                                             checkinStatuses => $checkins));
    my @ids = map { ($_->json // {})->{id} // 'unknown' } @done;

    push @done, $self->get($ids[0]), $self->list, map { $self->del($_) } @ids;

    return is(join(' ', map { $_->status } @done), '201 201 200 200 204 204',
              $name // 'the service works')
        || diag join "\n", map { $_->text } grep { $_->status !~ /^2/ } @done;
}


# refused($response, $status, $name, $seconds): two test points: the error has
# the shape and the headers that it owes the client, and came within so many
# times what it should take, 1 second by default

sub refused {
    my ($self, $r, $status, $name, $seconds) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $bound = $self->{t}->seconds($seconds // 1);

    error_is($r, $status, '', $name);

    my $after = $r->header('Retry-After') // 'none';
    my @faults;
    push @faults, "Retry-After is $after"
        if $status == 503 && $after !~ /^[1-9]\d?$/;
    push @faults, "it took $r->{elapsed} seconds" if $r->elapsed > $bound;

    return ok(!@faults, "$name: in time") || diag join "\n", @faults;
}


# same_workers($name): one test point, that no worker has died since the start

sub same_workers {
    my ($self, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([$self->{nginx}->workers], $self->{workers},
                     $name // 'no worker has died');
}


# end: two test points, that no worker has died and that nginx exits in order.
# A test that kills its Redis does this first.

sub end {
    my ($self) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $self->same_workers;
    return ok($self->{nginx}->quit, 'nginx exits in order');
}


1;
