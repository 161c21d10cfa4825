package Bench::Token;

# A key and a token that it signed, as an identity provider's are: RS256, with
# the claims of an application's token.

use strict;
use warnings;

use Bench::Process qw(tool);
use Exporter qw(import);
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(token_files);

use constant {
    ISSUER   => 'https://login.example.com/8a2f0b5e-5b0e-4c39-9c5e-3f1f7c0f9a11'
                . '/v2.0',
    AUDIENCE => 'api://office-config',
};

# in: a folder; out: files in it, made at the first call: of the keys, and of
# the token
sub token_files {
    my ($dir) = @_;
    my ($keys, $token) = ("$dir/keys.json", "$dir/token");

    return ($keys, $token) if -e $token;

    my $key = "$dir/key.pem";
    my $openssl = tool('openssl') // die "openssl is not installed\n";

    run($openssl, 'genrsa', '-out', $key, '2048');

    my ($modulus) = run($openssl, 'rsa', '-in', $key, '-noout', '-modulus')
                    =~ /Modulus=([0-9A-F]+)/ or die "no modulus\n";

    store($keys, JSON::PP->new->canonical->encode({ keys => [{
        kty => 'RSA', use => 'sig', alg => 'RS256', kid => kid(), e => 'AQAB',
        n => encode_base64url(pack('H*', $modulus), ''),
    }] }));

    my $now = time;
    my $json = JSON::PP->new->canonical;
    my $signed = join '.', map { encode_base64url($json->encode($_), '') }
        { typ => 'JWT', alg => 'RS256', kid => kid() },
        { aud => AUDIENCE, iss => ISSUER, iat => $now, nbf => $now,
          exp => $now + 86400, azp => '2f8d7b1a-0d6b-4f57-8a9e-1e5a4c3b2d10',
          azpacr => '1', oid => '5b9e1c3d-7f24-4a80-b6d1-90c8e7f6a5b4',
          sub => '5b9e1c3d-7f24-4a80-b6d1-90c8e7f6a5b4', ver => '2.0',
          tid => '8a2f0b5e-5b0e-4c39-9c5e-3f1f7c0f9a11',
          uti => 'q3ZkX0yUu0C8m1aVbQsFAA',
          roles => ['DeviceManagementConfiguration.ReadWrite.All'] };

    store("$dir/signed", $signed);
    run($openssl, 'dgst', '-sha256', '-sign', $key, '-out', "$dir/signature",
        "$dir/signed");

    open my $in, '<:raw', "$dir/signature" or die "$dir/signature: $!\n";
    my $signature = do { local $/; <$in> };

    store($token, "$signed." . encode_base64url($signature, ''));

    return ($keys, $token);
}

sub kid { return 'nOo3ZDrODXEK1jKWhXslHR_KXEg' }

sub store {
    my ($file, $text) = @_;

    open my $out, '>:raw', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}

# in: a command; out: what it printed
sub run {
    my (@argv) = @_;

    open my $in, '-|', @argv or die "$argv[0]: $!\n";
    my $text = do { local $/; <$in> } // '';
    close $in or die "@argv: status $?\n";

    return $text;
}

1;
