# Certificates of a test: an authority of its own, and what it signs.

package OfficeConfig::Certificates;

use strict;
use warnings;

use OfficeConfig::Native qw(output_of);


# new($class, $dir, $name): an authority, "ca" by default; ca: its certificate

sub new {
    my ($class, $dir, $name) = @_;
    my $self = bless { dir => $dir, name => $name // 'ca' }, $class;

    _openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:P-256', '-nodes', '-days', 10,
             '-subj', "/CN=$self->{name}", '-keyout',
             "$dir/$self->{name}.key", '-out', "$dir/$self->{name}.pem");
    return $self;
}

sub ca { "$_[0]{dir}/$_[0]{name}.pem" }


# sign($name, %opt): a certificate and its key, NAME.pem and NAME.key, as a
# hash reference { cert, key, ca }
#   names  of whom it is, as in "DNS:localhost,IP:127.0.0.1"
#   at     the date at which it was made, for one day: it is over since then

sub sign {
    my ($self, $name, %opt) = @_;
    my $base = "$self->{dir}/$name";
    my $names = $opt{names} // 'DNS:localhost,IP:127.0.0.1';
    my @at = $opt{at} ? ('faketime', $opt{at}) : ();

    open my $fh, '>', "$base.ext" or die "$base.ext: $!\n";
    print $fh "subjectAltName=$names\n";
    close $fh;

    _openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
             '-nodes', '-subj', "/CN=$name", '-keyout', "$base.key",
             '-out', "$base.csr");
    _run(@at, 'openssl', 'x509', '-req', '-in', "$base.csr", '-CA',
         $self->ca, '-CAkey', $self->ca =~ s/pem$/key/r, '-CAcreateserial',
         '-days', $opt{at} ? 1 : 10, '-extfile', "$base.ext", '-out',
         "$base.pem");

    return { cert => "$base.pem", key => "$base.key", ca => $self->ca };
}


# revoke($certificate, ...): the path of a list of these as revoked

sub revoke {
    my ($self, @certificates) = @_;
    my ($dir, $key) = ($self->{dir}, $self->ca =~ s/pem$/key/r);

    open my $fh, '>', "$dir/index.cnf" or die "$dir/index.cnf: $!\n";
    print $fh "[ca]\ndefault_ca=a\n[a]\ndatabase=$dir/index\n"
            . "default_md=sha256\ndefault_crl_days=5\n";
    close $fh;
    open $fh, '>', "$dir/index" or die "$dir/index: $!\n";
    close $fh;

    my @ca = ('ca', '-config', "$dir/index.cnf", '-cert', $self->ca,
              '-keyfile', $key);
    _openssl(@ca, '-revoke', $_->{cert}) for @certificates;
    _openssl(@ca, '-gencrl', '-out', "$dir/crl.pem");
    return "$dir/crl.pem";
}


sub _openssl { _run('openssl', @_) }

sub _run {
    my ($status, $text) = output_of(@_);
    die "@_:\n$text" if $status;
}


1;
