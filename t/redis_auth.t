# What a connection needs before it is of use: a password, a user, a database,
# and what happens when Redis refuses one of them.

use OfficeConfig::Test;

use OfficeConfig::Service;

my $t = OfficeConfig::Test->new;
my $secret = 'Hunter2-of-the-test';

# how a script is told

my $user_may_not = qr/(?:ERR |${\ IN_SCRIPT})(?:The user executing the script|ACL failure in script:) /;

# every refused attempt is logged; with the pauses below they are not many
my $pauses = 'reconnect 20ms 100ms;';
$t->allow_lost;
$t->allow_log(
    qr/\[error\].* Redis at \S+ refused the connection: "(?:WRONGPASS|NOAUTH|ERR DB) /,
    qr/\[error\].* Redis at \S+ refused[^"]*: "NOPERM /,
    qr/\[error\].* Redis at \S+ refused: "$user_may_not/,
);


# silent($service, $name): one test point, that the secret is in no log

sub silent {
    my ($s, $name) = @_;
    my $logs = $s->nginx->error_log . $s->nginx->access_log;
    unlike $logs, qr/Hunter2/, $name // 'the password is in no log';
}

# keys_in($redis): "db0=4 db3=1" of the databases that are not empty

sub keys_in {
    my ($redis) = @_;
    return join ' ', $redis->cmd('INFO', 'keyspace') =~ /^(db\d+):keys/mg;
}


subtest 'a wrong password' => sub {
    my $redis = $t->redis(password => 'right');
    my $s = OfficeConfig::Service->new($t, redis => $redis, log_level => 'debug',
        block => "$pauses password $secret;");

    for (1 .. 2) {
        $s->refused($s->create, 503, 'create');
        $s->refused($s->get('x'), 503, 'get');
    }

    ok $s->nginx->wait_log(qr/\[error\].* refused the connection: "WRONGPASS/),
       'the log says why';
    silent($s, 'the password is not in it, at level debug either');
    is $redis->calls('evalsha') + $redis->calls('hget'), 0,
       'nothing was sent without the password';

    $redis->cmd('CONFIG', 'SET', 'requirepass', $secret);
    $redis->{password} = $secret;
    ok $s->back, 'back when Redis takes it';
    $s->works;
    $s->end;
    $redis->kill;
};


subtest 'no password' => sub {
    my $redis = $t->redis(password => $secret);
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);

    $s->refused($s->create, 503, 'create');
    $s->refused($s->list, 503, 'list');
    ok $s->nginx->wait_log(qr/refused the connection: "NOAUTH/),
       'the log says why';

    $redis->cmd('CONFIG', 'SET', 'requirepass', '');
    ok $s->back, 'back when Redis wants none';
    $s->works;
    $s->end;
    $redis->kill;
};


# every way to give them, each with the database that the keys are then in

my $odd = q(a "b';c @:/%?);
my $odd_url = $odd =~ s/([^a-z])/sprintf '%%%02x', ord $1/ger;
my $odd_word = $odd =~ s/'/\\'/r;

my @ways = (
    { name => 'password', password => $secret,
      block => "password $secret;" },
    { name => 'password_file', password => $secret,
      block => "password_file @{[$t->file('pw', $secret)]};" },
    { name => 'password_file with a newline', password => $secret,
      block => "password_file @{[$t->file('pwn', qq($secret\n))]};" },
    { name => 'password_file, relative', password => $secret,
      block => 'password_file ../pw;' },
    { name => 'a password of odd characters', password => $odd,
      block => "password '$odd_word';" },
    { name => 'username and password', user => $secret,
      block => "username office; password $secret;" },
    { name => 'username and password_file', user => $secret,
      block => "username office; password_file @{[$t->file('pw', $secret)]};" },
    { name => 'database', block => 'database 3;', db => 'db3' },
    { name => 'all of them', user => $secret, db => 'db15',
      block => "username office; password $secret; database 15;" },
    { name => 'URL with a password', password => $secret,
      url => ":$secret\@" },
    { name => 'URL with a user', user => $secret, url => "office:$secret\@" },
    { name => 'URL with percent-encoding', user => $odd,
      url => "office:$odd_url\@" },
    { name => 'URL with a database', url => '', path => '/7', db => 'db7' },
    { name => 'URL with all of them', user => $secret,
      url => "office:$secret\@", path => '/2', db => 'db2' },
);

for my $way (@ways) {
    subtest $way->{name} => sub {
        my $redis = $t->redis(tcp => defined $way->{url});

        # what it wants from now on; the test's own connection is in already
        $redis->cmd('CONFIG', 'SET', 'requirepass',
                    $way->{password} // 'only users') eq 'OK'
            && $redis->cmd('ACL', 'SETUSER', 'office', 'on', '~*', '+@all',
                           '>' . ($way->{user} // 'unused')) eq 'OK'
            or die 'cannot set the password'
            if defined $way->{password} || defined $way->{user};

        my $url = defined $way->{url}
            ? $redis->url =~ s{^redis://}{redis://$way->{url}}r
              . ($way->{path} // '')
            : $redis->url;
        my $s = OfficeConfig::Service->new($t, redis => $url,
            block => $pauses . ($way->{block} // ''));

        my $id = $s->id;
        is $s->get($id)->status, 200, 'created and read';
        $s->get($id) for 1 .. 20;

        is keys_in($redis), $way->{db} // 'db0', 'the keys are where they '
            . 'should be, and nowhere else';
        is $redis->calls('auth'), $way->{password} || $way->{user} ? 1 : 0,
           'AUTH once a connection, not once a request';
        is $redis->calls('select'), $way->{db} ? 1 : 0, 'and SELECT';

        # the same again on the next connection
        $redis->cmd('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        ok $s->back, 'on a new connection';
        is $s->get($id)->status, 200, 'the data is the same';
        silent($s);
        $s->end;
        $redis->kill;
    };
}


subtest 'a database that is not there' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis,
        block => "$pauses database 99;");

    $s->refused($s->create, 503, 'create');
    ok $s->nginx->wait_log(qr/refused the connection: "ERR DB index/),
       'the log says why';
    is keys_in($redis), '', 'nothing was written to another one';
    $s->end;
    $redis->kill;
};


subtest 'a user who may read only' => sub {
    my $redis = $t->redis;
    $redis->cmd('ACL', 'SETUSER', 'reader', 'on', ">$secret", '~*', '+ping',
                '+@read', '+evalsha', '+eval');
    my $writer = OfficeConfig::Service->new($t, redis => $redis);
    my $id = $writer->id;
    $writer->end;
    my $s = OfficeConfig::Service->new($t, redis => $redis,
        block => "$pauses username reader; password $secret;");

    for (1 .. 2) {
        is $s->get($id)->status, 200, 'get';
        is $s->list->status, 200, 'list';
        $s->refused($s->create, 503, 'create');
        $s->refused($s->del($id), 503, 'delete');
    }

    is $redis->cmd('ZCARD', 'oc:{default}:ids'), 1, 'nothing was done';
    ok $s->nginx->wait_log(qr/\[error\].* Redis at \S+ refused: "(?:NOPERM |$user_may_not)/),
       'the log says why';
    silent($s);

    $redis->cmd('ACL', 'SETUSER', 'reader', '+@all');
    ok wait_until(5, sub { $s->create->status == 201 }),
       'back once the user may write, without a reload';
    $s->works;
    $s->end;
    $redis->kill;
};


# what a group has done by then is taken back

subtest 'a user who may not do a part of a group' => sub {
    my $redis = $t->redis;
    my $s = OfficeConfig::Service->new($t, redis => $redis, block => $pauses);
    my $id = $s->id;
    my $all = '/officeConfiguration/clientConfigurations';
    my %how = (headers => { 'Content-Type' => 'application/json' },
               atomicityGroup => 'g', method => 'POST');
    my @requests = (
        { %how, id => '1', url => $all, body => { id => 'new', priority => 7 } },
        { %how, id => '2', url => "$all/$id/assignments",
          body => { id => 'one-more' } },
    );
    my $group = sub {
        my $r = $s->request('POST', '/beta/$batch',
                            json => { requests => \@requests });
        return join ' ', sort map { $_->{status} }
                              @{($r->json // {})->{responses} // []};
    };

    $redis->cmd('ACL', 'SETUSER', 'default', '-hlen');
    is $group->(), '503 503', 'refused' for 1 .. 2;
    is $s->get('new')->status, 404, 'nothing of it was done';
    is $redis->cmd('ZCARD', 'oc:{default}:ids'), 1, 'indeed';

    $redis->cmd('ACL', 'SETUSER', 'default', '+hlen');
    is $group->(), '201 201', 'carried out once the user may';
    $s->end;
    $redis->kill;
};


# one who may not run a kind of command: what needs it is refused as a whole

for my $kind (qw(scripting transaction)) {
    subtest "a user without \@$kind" => sub {
        my $redis = $t->redis;
        $redis->cmd('ACL', 'SETUSER', 'office', 'on', ">$secret", '~*',
                    '+@all', "-\@$kind");
        my $s = OfficeConfig::Service->new($t, redis => $redis,
            block => "$pauses username office; password $secret;");

        my %done = (201 => 0, 503 => 0);

        # with and without an id and a priority of its own
        for my $members ([], [id => 'mine'], [priority => undef],
                         [assignments => [{ id => 'a' }]])
        {
            my $r = $s->create(@$members);
            $s->refused($r, 503, "create: @{[map { $_ // 'none' } @$members]}")
                if $r->status != 201;
            $done{$r->status}++;
        }

        is $done{201} + $done{503}, 4, 'a create works, or is refused';
        ok $done{503}, 'one is';

        for my $key (qw(cfg ids pri)) {
            my $count = $key eq 'cfg' ? 'HLEN' : 'ZCARD';
            is $redis->cmd($count, "oc:{default}:$key"), $done{201},
               "nothing of it was done: $key";
        }

        ok $s->nginx->wait_log(qr/\[error\].* refused[^"]*: "NOPERM/),
           'the log says why';

        $redis->cmd('ACL', 'SETUSER', 'office', '+@all');
        ok wait_until(5, sub { $s->create->status == 201
                               && $s->del('x')->status == 404 }),
           'back once the user may, without a reload';
        $s->works;
        $s->end;
        $redis->kill;
    };
}


subtest 'a user who may not even say PING' => sub {
    my $redis = $t->redis;
    $redis->cmd('ACL', 'SETUSER', 'nobody', 'on', ">$secret", '~*');
    my $s = OfficeConfig::Service->new($t, redis => $redis,
        block => "$pauses username nobody; password $secret;");

    $s->refused($s->create, 503, 'create');
    ok $s->nginx->wait_log(qr/refused the connection: "NOPERM/),
       'the log says why';

    $redis->cmd('ACL', 'SETUSER', 'nobody', '+@all');
    ok $s->back, 'back once he may';
    $s->works;
    $s->end;
    $redis->kill;
};


subtest 'a user who is removed, and added again' => sub {
    my $redis = $t->redis;
    my @user = ('ACL', 'SETUSER', 'office', 'on', ">$secret", '~*', '+@all');
    $redis->cmd(@user);
    my $s = OfficeConfig::Service->new($t, redis => $redis,
        block => "$pauses username office; password $secret;");
    $s->works;

    # Redis closes the connections of the user
    $redis->cmd('ACL', 'DELUSER', 'office');
    ok wait_until(5, sub { $s->get('x')->status == 503 }), 'removed';
    $s->refused($s->create, 503, 'create');

    $redis->cmd(@user);
    ok $s->back, 'added again';
    $s->works;
    silent($s);
    $s->end;
    $redis->kill;
};

$t->done;
