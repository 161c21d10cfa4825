# The rules of the house that a grep can check.

use OfficeConfig::Test;

use File::Find qw(find);

my $root = ROOT;
my %source;

find({ no_chdir => 1, wanted => sub {
    return unless -f && /\.[ch]$/;
    open my $fh, '<', $_ or die "$_: $!\n";
    $source{s{^\Q$root\E/}{}r} = [<$fh>];
} }, "$root/src");

ok %source > 0, 'there are sources';


# includes($dirs, $re): "FILE:LINE: text" of the includes that match

sub includes {
    my ($dirs, $re) = @_;
    my @found;

    for my $file (sort grep { m{^src/(?:$dirs)/} } keys %source) {
        my $n = 0;
        for my $line (@{$source{$file}}) {
            $n++;
            push @found, "$file:$n: $line"
                if $line =~ /^\s*#\s*include\s*[<"]($re)[>"]/;
        }
    }

    return join '', @found;
}

is includes('auth|odata|model|store|redis|core', qr/(?:.*\/)?ngx_http.*/), '',
   'below http/ nothing includes a header of ngx_http';

is includes('auth|odata|model|core',
            qr{ngx_event.*|ngx_connection\.h|ngx_(?:tcp_)?inet.*|ngx_resolver.h
               |sys/(?:socket|epoll|select|un)\.h|netinet/.*|arpa/.*|netdb\.h
               |fcntl\.h|hiredis/.*}x), '',
   'auth, odata, model and core do no input or output';

# calls go down: module, http, then auth, odata and model, store, redis, core;
# the store takes the type of what it stores from the model

my %above = (
    core  => 'auth|http|model|odata|redis|store',
    redis => 'auth|http|model|odata|store',
    store => 'auth|http|odata',
    map { $_ => 'http|redis|store' } qw(auth odata model),
);

for my $room (sort keys %above) {
    my @headers = map { m{([^/]+)$} } grep { m{^src/(?:$above{$room})/.*\.h$} }
                  keys %source;
    my $re = join '|', map { quotemeta } @headers;

    is includes($room, length $re ? qr/(?:.*\/)?(?:$re)/ : qr/(?!)/), '',
       "$room includes nothing from above it";
}

is join(' ', grep { @{$source{$_}} > 800 } sort keys %source), '',
   'no file is longer than 800 lines';


# the top level

my %allowed = map { $_ => 1 } qw(config README.md LICENSE src t conf-examples
                                 Makefile CHANGES.md bench debian build);

opendir my $dh, $root or die "$root: $!\n";
is join(' ', grep { !$allowed{$_} && !/^\./ } sort readdir $dh), '',
   'the top level holds what it may';
closedir $dh;

done_testing;
