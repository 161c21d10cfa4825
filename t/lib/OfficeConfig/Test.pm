# The harness: a test makes one object, asks it for servers, and ends with
# done(), which stops them all and fails on anything unexpected in a log.
#
#   use OfficeConfig::Test;
#   my $t = OfficeConfig::Test->new;
#   my $redis = $t->redis;
#   my $nginx = $t->serve(redis => $redis);
#   is($t->post(API, json => seed)->status, 201, 'created');
#   $t->done;
#
# Test::More is loaded into the test as well.

package OfficeConfig::Test;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter ();
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use JSON::XS ();
use Test::More;

use OfficeConfig::DnsServer;
use OfficeConfig::FaultProxy;
use OfficeConfig::Http;
use OfficeConfig::IdentityProvider;
use OfficeConfig::Load;
use OfficeConfig::Net qw(free_port wait_until);
use OfficeConfig::Nginx;
use OfficeConfig::Process;
use OfficeConfig::RedisServer;

use constant {
    ROOT => $ENV{OC_ROOT} // abs_path(dirname(__FILE__) . '/../../..'),
    LAYOUT => 4,                        # version of what is in Redis
    IN_SCRIPT => OfficeConfig::RedisServer::IN_SCRIPT,
    BASE => '/beta/officeConfiguration',
    API  => '/beta/officeConfiguration/clientConfigurations',
};

our @ISA = 'Exporter';
our @EXPORT = qw(ROOT BASE API LAYOUT IN_SCRIPT seed seed_bytes wait_until);

my $owner = $$;
my @running;

# a command line's own meaning of the name is not nginx's
delete $ENV{NGINX};


sub import {
    my ($class) = @_;
    strict->import;
    warnings->import;
    Test::More->export_to_level(1);
    $class->export_to_level(1);
}


# new($class, %opt): module => 0 for a test of nginx without the module

sub new {
    my ($class, %opt) = @_;
    my $self = bless { allowed => [], servers => [], count => {} }, $class;

    $self->{module} = $opt{module}
        // $ENV{OC_MODULE} // ROOT . '/build/ngx_http_office_config_module.so';
    die "there is no $self->{module}: run make\n"
        if $self->{module} && ! -f $self->{module};
    $self->{module} &&= abs_path($self->{module});

    # not below the checkout: a unix socket's address is short
    $self->{dir} = tempdir('oc-XXXXXXXX', DIR => '/tmp');
    push @running, $self;
    return $self;
}


# sanitized: whether the module runs under the sanitizers; seconds($n): a
# bound for what takes so long and would hang if it were broken, which a
# machine that is busy with something else keeps, too; larger under them

sub sanitized {
    my ($self) = @_;
    return $self->{module}
        && OfficeConfig::Sanitizer::uses_sanitizer($self->{module});
}

sub seconds { ($_[0]->sanitized ? 30 : 10) * $_[1] }


# dir: the test's own directory; file($name, $bytes): writes one in it, and
# returns its path; port($address): a free one

sub dir { $_[0]{dir} }

sub file {
    my ($self, $name, $bytes) = @_;
    my $path = "$self->{dir}/$name";
    open my $fh, '>:raw', $path or die "$path: $!\n";
    print $fh $bytes;
    close $fh;
    return $path;
}

sub port { free_port($_[1]) }

sub _subdir {
    my ($self, $name) = @_;
    my $dir = "$self->{dir}/$name" . ++$self->{count}{$name};
    mkdir $dir or die "$dir: $!\n";
    return $dir;
}

sub _keep {
    my ($self, $server) = @_;
    push @{$self->{servers}}, $server;
    return $server;
}


# redis(%opt): a running OfficeConfig::RedisServer; start => 0: not started

sub redis {
    my ($self, %opt) = @_;
    my $start = delete $opt{start} // 1;
    my $redis = $self->_keep(OfficeConfig::RedisServer->new(
        dir => $self->_subdir('redis'), %opt));
    $redis->start if $start;
    return $redis;
}


# needs($what): skips a subtest when the Redis that is tested has no "tls" or
# no "7", which is what is of version 7. It is said before the first point, and
# of a whole test before there is an object: OfficeConfig::Test->needs('tls').

sub needs {
    my ($self, $what) = @_;

    plan skip_all => 'this Redis is of before version 7'
        if $what eq '7' && OfficeConfig::RedisServer::OLD;
    plan skip_all => 'this Redis was built without TLS'
        if $what eq 'tls' && !OfficeConfig::RedisServer::speaks_tls();
}


# proxy(%opt): a running OfficeConfig::FaultProxy

sub proxy {
    my ($self, %opt) = @_;
    return $self->_keep(OfficeConfig::FaultProxy->new(
        dir => $self->_subdir('proxy'), %opt));
}


# dns: a running OfficeConfig::DnsServer

sub dns {
    my ($self) = @_;
    return $self->_keep(OfficeConfig::DnsServer->new(
        dir => $self->_subdir('dns')));
}


# provider: a running OfficeConfig::IdentityProvider

sub provider {
    my ($self) = @_;
    return $self->_keep(OfficeConfig::IdentityProvider->new(
        dir => $self->_subdir('provider')));
}


# load(%opt): a running OfficeConfig::Load, of the first nginx by default

sub load {
    my ($self, %opt) = @_;
    $opt{where} //= $self->_where;
    return $self->_keep(OfficeConfig::Load->new(%opt));
}


# nginx(%opt): a running OfficeConfig::Nginx; start => 0: not started. Its
# http text may say %%PORT%% for the port that is given to it here.

sub nginx {
    my ($self, %opt) = @_;
    my $start = delete $opt{start} // 1;

    $opt{port} //= free_port();
    $opt{http} =~ s/%%PORT%%/$opt{port}/g if defined $opt{http};

    my $nginx = $self->_keep(OfficeConfig::Nginx->new(
        dir => $self->_subdir('nginx'), module => $self->{module}, %opt));
    push @{$self->{nginx}}, $nginx;
    $nginx->start if $start;
    return $nginx;
}


# api_conf(%opt): the text of an http block that serves the API
#   redis     an OfficeConfig::RedisServer or FaultProxy, or an URL; none when
#             the block has the servers
#   block     more lines of the office_config_redis block; time-outs that it
#             does not have are long, for what is not about them
#   location  more lines of location /beta; server, http: of those blocks
#   auth      of office_config_auth: "off"
#   listen    the port, %%PORT%% by default, or what listen takes

sub api_conf {
    my ($self, %opt) = @_;
    my $redis = $opt{redis};
    my @urls = ref $redis ? $redis->url : $redis // ();
    my $servers = join "\n        ", map { "server $_;" } @urls;
    my %text = map { $_ => $opt{$_} // '' } qw(block location server http);
    my $auth = $opt{auth} // 'off';
    my $listen = $opt{listen} // '%%PORT%%';

    $text{block} .= " $_->[0] $_->[1];"
        for grep { $text{block} !~ /\b$_->[0]\b/ }
            ['connect_timeout', '20s'], ['command_timeout', '60s'];

    $listen = "127.0.0.1:$listen" if $listen =~ /^(?:\d+\b|%%PORT%%)/;

    return <<"END";
    office_config_redis main {
        $servers
        $text{block}
    }

    $text{http}

    server {
        listen $listen;
        server_name localhost;
        $text{server}

        location /beta {
            office_config_pass main;
            office_config_auth $auth;
            $text{location}
        }
    }
END
}


# serve(%opt): an nginx with api_conf; its options are those of both

sub serve {
    my ($self, %opt) = @_;
    my %conf = map { $_ => delete $opt{$_} }
               qw(redis block location server http auth listen);
    return $self->nginx(http => $self->api_conf(%conf), %opt);
}


# conf_fails($http, $re, $name): one test point: nginx -t refuses the http
# block, and what it prints matches. conf_passes($http, $name, $re): it takes
# it, and what it prints matches, too.

sub conf_fails {
    my ($self, $http, $re, $name) = @_;
    my ($passed, $text) = $self->_test_conf($http);
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return ok(!$passed && $text =~ $re, $name // "refused: $re")
        || diag $passed ? 'nginx -t passed' : $text;
}

sub conf_passes {
    my ($self, $http, $name, $re) = @_;
    my ($passed, $text) = $self->_test_conf($http);
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return ok($passed && (!$re || $text =~ $re), $name // 'nginx -t passes')
        || diag $text;
}

sub _test_conf {
    my ($self, $http) = @_;
    my $port = free_port();

    $http =~ s/%%PORT%%/$port/g;
    my $nginx = OfficeConfig::Nginx->new(dir => $self->_subdir('conf'),
        module => $self->{module}, http => $http);
    my ($passed, $text) = $nginx->test_conf;
    my @reports = $nginx->{sanitizer}->reports($text);

    # nginx -t ends without giving back what its configuration took
    @reports = grep { !/^(?:Direct|Indirect) leak/ } @reports if $passed;

    push @{$self->{reports}}, @reports;
    return ($passed, $text);
}


# connect(%opt): an OfficeConfig::Http to the first nginx, or to the address
# in "to"; dies when it cannot

sub connect {
    my ($self, %opt) = @_;
    my $where = delete $opt{to} // $self->_where;
    return OfficeConfig::Http->connect($where, %opt)
        // die "connect to $where: $!\n";
}

sub _where { $_[0]{nginx}[0]->port }


# request($method, $path, %opt): one request on a connection of its own; an
# OfficeConfig::Response, of status 0 when there is none. The options are
# those of connect and of OfficeConfig::Http->format_request. get, head, post,
# del: the same without the method.

sub request {
    my ($self, $method, $path, %opt) = @_;
    my %how = map { exists $opt{$_} ? ($_ => delete $opt{$_}) : () }
              qw(to timeout tls rcvbuf);
    my $c = eval { $self->connect(%how) }
        // return OfficeConfig::Response->new(status => 0, error => $@,
                  raw_head => '', headers => [], body => '', elapsed => 0);

    my $r = $c->request($method, $path, close => 1, %opt);
    $c->close;
    return $r;
}

sub get  { my $self = shift; $self->request('GET', @_) }
sub head { my $self = shift; $self->request('HEAD', @_) }
sub post { my $self = shift; $self->request('POST', @_) }
sub del  { my $self = shift; $self->request('DELETE', @_) }


# taken($count, %opt): whether the server has got so many requests that are not
# answered yet, besides the one that asks; its location /status has stub_status.
# A client that resets its connection before that has not asked for anything.

sub taken {
    my ($self, $count, %opt) = @_;
    return wait_until(10, sub {
        my ($n) = $self->get('/status', %opt)->body =~ /Writing: (\d+)/;
        return $n > $count;
    });
}


# status_is($response, $status, $name): one test point that shows the response
# when it fails

sub status_is {
    my ($self, $r, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($r->status, $status, $name) || diag $r->text;
}


# command(@argv): runs a program; (its exit status, what it printed)

sub command {
    my ($self, @argv) = @_;
    my $out = "$self->{dir}/command" . ++$self->{count}{command};
    my $p = OfficeConfig::Process->spawn(argv => \@argv, out => $out);

    $p->wait(120) or $p->stop('KILL');
    return ($p->status >> 8 || $p->status, OfficeConfig::Nginx::_read($out));
}


# seed_bytes: the example request body; seed: its data

sub seed_bytes { OfficeConfig::Nginx::_read(ROOT . '/conf-examples/request.json') }
sub seed { JSON::XS->new->utf8->decode(seed_bytes()) }


# allow_log($re, ...): lines at warn and above that this test provokes

sub allow_log {
    my ($self, @re) = @_;
    push @{$self->{allowed}}, @re;
}


# allow_lost: the lines about a connection that Redis ended. Which of them it is
# depends on whether the worker was reading or writing at that moment.

sub allow_lost {
    my ($self) = @_;
    $self->allow_log(
        qr/\[error\].* Redis at \S+ closed the connection/,
        qr/\[error\].* (?:recv|send|writev)\(\) failed \((?:104|32): /,
    );
}


# check_log($name): one test point, that nothing unexpected was logged so far

sub check_log {
    my ($self, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @found = $self->_unexpected;
    return ok(!@found, $name // 'nothing unexpected was logged')
        || diag join '', @found;
}

sub _unexpected {
    my ($self) = @_;
    return ((map { $_->unexpected(@{$self->{allowed}}) }
                 @{$self->{nginx} // []}), @{$self->{reports} // []});
}


# done: stops everything, checks the logs, and ends the test

sub done {
    my ($self) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @slow = $self->_stop;
    ok(!@slow, 'nginx exits in order') if $self->{nginx};
    $self->check_log('nothing unexpected in the logs')
        if $self->{nginx} || $self->{reports};

    $self->{done} = 1;
    done_testing();
}


# _stop: every server, clients first; the nginx that had to be killed

sub _stop {
    my ($self) = @_;
    my %order = ('OfficeConfig::Load' => 0, 'OfficeConfig::Nginx' => 1,
                 'OfficeConfig::FaultProxy' => 2);
    my @slow;

    for my $server (sort { ($order{ref $a} // 3) <=> ($order{ref $b} // 3) }
                    splice @{$self->{servers}})
    {
        my $ok = $server->finish;
        push @slow, $server if ref $server eq 'OfficeConfig::Nginx' && !$ok;
    }

    return @slow;
}


# the end of the test, whichever way it came

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);

END {
    if ($$ == $owner) {
        my $status = $?;

        for my $t (@running) {
            $t->_stop;

            if (!$t->{done}) {
                diag 'the test did not reach its end';
                diag "unexpected in a log: $_" for $t->_unexpected;
                $status ||= 1;
            }

            if ($t->{done} && Test::More->builder->is_passing) {
                remove_tree($t->{dir}) unless $ENV{OC_KEEP};

            } else {
                diag "its files are in $t->{dir}";
            }
        }

        $? = $status;
    }
}


1;
