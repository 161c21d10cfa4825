# Keys and tokens of a test: who publishes the ones and signs the others.
#
#   my $keys = OfficeConfig::Tokens->new;
#   $keys->add('one');                       # RSA with 2,048 bits
#   $t->file('keys.json', $keys->jwks);
#   my $token = $keys->token(scp => READ);
#
# Crypt::JWT signs; what it refuses to make is put together from parts.

package OfficeConfig::Tokens;

use strict;
use warnings;

use Crypt::JWT qw(encode_jwt);
use Crypt::PK::ECC;
use Crypt::PK::RSA;
use Exporter 'import';
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);

use constant {
    ISSUER   => 'https://login.example.com/tenants/{tenantid}/v2.0',
    AUDIENCE => 'https://graph.example.com',
    TENANT   => '1b4f8d6a-0c8e-4a53-9d0f-6f5f0e9f7a01',
    SUBJECT  => '5a3f9c62-7d1e-4b8a-8c2d-0e9f1a2b3c4d',
    CLIENT   => 'c0ffee00-1234-4abc-8def-000000000001',
    READ     => 'DeviceManagementConfiguration.Read.All',
    WRITE    => 'DeviceManagementConfiguration.ReadWrite.All',
    CHECKIN  => 'OfficeConfiguration.Checkin',
};

our @EXPORT_OK = qw(ISSUER AUDIENCE TENANT SUBJECT CLIENT READ WRITE CHECKIN);

my $json = JSON::PP->new->utf8->canonical;


# new($class): keys for nobody yet

sub new { bless { keys => [] }, $_[0] }


# add($kid, %opt): a new key, with which tokens are signed from now on
#   kty    RSA, EC or oct: RSA
#   bits   of RSA: 2048; of oct: 512
#   curve  of EC: P-256
#   alg    what it signs with: RS256, ES256 and so on, or HS256
#   more   further members of the JWK, a hash; a value of undef takes one away

sub add {
    my ($self, $kid, %opt) = @_;
    my $kty = $opt{kty} // 'RSA';
    my ($key, $jwk, $alg);

    if ($kty eq 'RSA') {
        $key = Crypt::PK::RSA->new;
        $key->generate_key(($opt{bits} // 2048) / 8, 65537);
        $jwk = $key->export_key_jwk('public', 1);
        $alg = 'RS256';

    } elsif ($kty eq 'EC') {
        my $curve = $opt{curve} // 'P-256';
        my %name = ('P-256' => 'secp256r1', 'P-384' => 'secp384r1',
                    'P-521' => 'secp521r1', secp256k1 => 'secp256k1');
        my %of = ('P-256' => 'ES256', 'P-384' => 'ES384', 'P-521' => 'ES512');
        $key = Crypt::PK::ECC->new;
        $key->generate_key($name{$curve});
        $jwk = $key->export_key_jwk('public', 1);
        $alg = $of{$curve} // 'ES256';

    } else {
        open my $fh, '<:raw', '/dev/urandom' or die "urandom: $!\n";
        read $fh, $key, ($opt{bits} // 512) / 8;
        $jwk = { kty => 'oct', k => encode_base64url($key, '') };
        $alg = 'HS256';
    }

    $alg = $opt{alg} // $alg;
    $jwk->{kid} = $kid if defined $kid;
    $jwk->{use} = 'sig';
    $jwk->{alg} = $alg;

    for my $name (keys %{$opt{more} // {}}) {
        $jwk->{$name} = $opt{more}{$name};
        delete $jwk->{$name} unless defined $jwk->{$name};
    }

    push @{$self->{keys}}, { kid => $kid, key => $key, jwk => $jwk,
                             alg => $alg };
    return $self;
}


# remove($kid): the key is no longer published, nor signed with; its owner may
# still do so with what it gives back. key($kid): that, without removing it.

sub remove {
    my ($self, $kid) = @_;
    my $key = $self->key($kid);
    $self->{keys} = [grep { $_ != $key } @{$self->{keys}}];
    return $key;
}

sub key {
    my ($self, $kid) = @_;
    my ($key) = grep { defined $_->{kid} && $_->{kid} eq $kid }
                @{$self->{keys}};
    return $key // die "no key $kid\n";
}


# jwks: the set as it is published

sub jwks {
    my ($self) = @_;
    return $json->encode({ keys => [map { $_->{jwk} } @{$self->{keys}}] });
}


# claims(%claims): those of a good token, with these changes; undef takes one
# away. "in" is when it expires, in seconds from now.

sub claims {
    my (undef, %claims) = @_;
    my $in = delete $claims{in} // 3600;
    my $now = time;
    my $tid = exists $claims{tid} ? $claims{tid} : TENANT;
    my %all = (
        iss => ISSUER =~ s/\{tenantid\}/$tid \/\/ TENANT/er,
        aud => AUDIENCE, iat => $now, nbf => $now, exp => $now + $in,
        tid => TENANT, oid => SUBJECT, azp => CLIENT, ver => '2.0',
        %claims);

    delete @all{grep { !defined $all{$_} } keys %all};
    return \%all;
}


# token(%claims): a signed one. As well:
#   key     what key() or remove() gave: the last one added
#   header  further members of the header, a hash; undef takes one away
#   alg     another algorithm for that key

sub token {
    my ($self, %opt) = @_;
    my $key = delete $opt{key} // $self->{keys}[-1];
    my $alg = delete $opt{alg} // $key->{alg};
    my %header = (typ => 'JWT', kid => $key->{kid}, %{delete $opt{header} // {}});

    delete @header{grep { !defined $header{$_} } keys %header};
    return encode_jwt(payload => $self->claims(%opt), alg => $alg,
                      key => $key->{key}, extra_headers => \%header,
                      allow_none => 1);
}


# bearer(%claims): the two elements of a request's header

sub bearer {
    my ($self, @claims) = @_;
    return (Authorization => 'Bearer ' . $self->token(@claims));
}


# part($data): base64url of text, or of the JSON of a reference

sub part {
    my ($data) = @_;
    return encode_base64url(ref $data ? $json->encode($data) : $data, '');
}


1;
