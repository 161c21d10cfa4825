package Bench::Checkins;

# A fleet of devices and the check-ins that they send, and their way into one
# configuration. The same number makes the same device in every run.

use strict;
use warnings;

use Bench::Http qw(request send_all_of);
use Digest::MD5 qw(md5_hex);
use Exporter qw(import);
use JSON::PP ();
use POSIX qw(strftime);

our @EXPORT_OK = qw(load write_bodies);

my $batch = 1000;               # the most that the module takes at once
my $days  = 30;                 # how far back those that were loaded go
my $age   = 3 * 3600;           # and how long ago the newest of them came

# what wrk/load.lua replaces, with as many bytes
my $time   = 'YYYY-MM-DDThh:mm:ss';
my $serial = 'NNNNNNN';

my @first = qw(anna ben carla david elena felix greta hannes ines jonas katrin
               lukas maria nils olga peter renate stefan tanja uwe vera wiktor
               yusuf zoe);
my @last = qw(schmidt mueller weber fischer meyer wagner becker schulz hoffmann
              koch bauer richter klein wolf neumann schwarz zimmermann braun
              krueger hofmann hartmann lange schmitt werner);
my @systems = (
    ['Windows', '10.0.22631.4460', 'DESKTOP-'],
    ['Windows', '10.0.19045.5131', 'LAPTOP-'],
    ['Windows', '10.0.26100.2314', 'DESKTOP-'],
    ['Windows', '10.0.22631.4317', 'LAPTOP-'],
    ['macOS', '15.1.1', 'MACBOOK-'],
);
my @errors = (
    '0x80070005: access to the policy store was denied.',
    'The policy payload could not be downloaded: the connection timed out.',
    '0x8007054B: the specified domain either does not exist or could not be'
        . ' contacted.',
);

# in: number of a device; out: number of its user, who has one to three
sub user_of {
    my ($device) = @_;

    return 3 * int($device / 6) + (0, 1, 1, 2, 2, 2)[$device % 6];
}

# in: number of a device; out: true if its check-ins succeed, as 95 % do
sub succeeds { return hex(substr md5_hex("device $_[0]"), 0, 6) % 20 != 0 }

# in: number of a device, whether it succeeded, date, id of the configuration;
# out: compact JSON
sub status {
    my ($device, $success, $date, $id) = @_;
    my $user = user_of($device);
    my $system = $systems[$device % @systems];
    my $name = uc substr md5_hex("name $device"), 0, 7;

    $name =~ tr/A-F/FKMQTX/;

    return json(
        "$first[$user % 24].$last[$user / 24 % 24]" . (int($user / 576) || ''),
        "$system->[2]$name", @$system[0, 1], $success,
        sprintf('%s-%s-4%s-a%s-%s', unpack 'A8 A4 A3 A3 A12',
                md5_hex("user $user")),
        $date, $success ? undef : $errors[$device % @errors], $id);
}

# in: a number, date, id; out: the same of a device, and a user, that nobody
# knows before wrk/load.lua gives it a number
sub new_status {
    my ($n, $date, $id) = @_;

    return json("$first[$n % 24].n$serial", "DESKTOP-$serial",
                @{$systems[0]}[0, 1], 1,
                '00000000-0000-4000-a000-00000' . $serial, $date, undef, $id);
}

sub json {
    my ($name, $device, $platform, $version, $success, $user, $date, $error,
        $id) = @_;

    return qq({"userPrincipalName":"$name\@contoso.example",)
        . qq("deviceName":"$device","devicePlatform":"$platform",)
        . qq("devicePlatformVersion":"$version","wasSuccessful":)
        . ($success ? 'true' : 'false') . qq(,"userId":"$user",)
        . qq("checkinDateTime":"$date","errorMessage":)
        . (defined $error ? qq("$error") : 'null')
        . qq(,"appliedPolicies":["$id"]});
}

# in: n, count; out: the n-th of the devices 0 .. count - 1 in an order that
# keeps a user's devices apart; any other n gives one of them, too
sub shuffled {
    my ($n, $count) = @_;

    # a prime that no count in use is a multiple of
    return $n * 611_953 % $count;
}

# Sends the check-ins of a fleet in batches, in the order of their dates but
# for one in twenty, which comes up to an hour late; then checks the number and
# the summary.
# in: port, path of the configuration, its id, number of check-ins;
# out: bytes of their JSON
sub load {
    my ($port, $path, $id, $count) = @_;
    my $first = time - $age - $days * 86400;
    my ($bytes, $sent) = (0, 0);
    my ($users, $failed) = ('', '');

    my $next = sub {
        my $end = $sent + $batch < $count ? $sent + $batch : $count;
        my @batch;

        for my $n ($sent .. $end - 1) {
            my $device = shuffled($n, $count);
            my $success = succeeds($device);
            my $ms = int($n / $count * $days * 86_400_000);

            $ms -= $device % 3600 * 1000 if $n % 20 == 0;

            my $date = strftime('%Y-%m-%dT%H:%M:%S',
                                gmtime $first + int($ms / 1000))
                . sprintf('.%03dZ', $ms % 1000);

            push @batch, status($device, $success, $date, $id);
            $bytes += length $batch[-1];
            vec($users, user_of($device), 1) = 1;
            vec($failed, user_of($device), 1) = 1 if !$success;
        }

        $sent = $end;
        return @batch ? '[' . join(',', @batch) . ']' : undef;
    };

    send_all_of($port, 'POST', "$path/checkinStatuses", $next, 4, 1800, sub {
        die "a check-in was not taken: $1\n"
            if $_[0] =~ /(\{"index":\d+,"status":(?!204)[^}]*)/;
    });

    my ($status, undef, $json)
        = request($port, 'GET', "$path/checkinStatuses/\$count");

    die "$path/checkinStatuses/\$count is $status: $json after $count"
        . " check-ins\n" if $status != 200 || $json ne $count;

    ($status, undef, $json) = request($port, 'GET',
                                      "$path/userCheckinSummary");
    my $summary = $status == 200 && eval { JSON::PP->new->decode($json) };
    my $wrong = unpack '%32b*', $failed;
    my $right = unpack('%32b*', $users) - $wrong;

    die "$path/userCheckinSummary is $status: $json after $right users"
        . " succeeded and $wrong failed\n"
        if !$summary || ($summary->{succeededUserCount} // -1) != $right
           || ($summary->{failedUserCount} // -1) != $wrong;

    return $bytes;
}

# Writes what wrk sends in turn: newer check-ins of the fleet's devices. One in
# twenty is of a new device; one in a hundred fails where the device's last
# did not, or the other way round, and 1,000 later that is over.
# in: file, id of the configuration, size of the fleet
sub write_bodies {
    my ($file, $id, $count) = @_;
    my $most = 20_000;
    my %former;

    open my $out, '>', $file or die "$file: $!\n";

    for my $n (0 .. $most - 1) {
        # one second for all, in order but for some milliseconds
        my $ms = int(1000 * $n / $most) - $n * 7 % 3;
        my $date = $time . sprintf '.%03dZ', $ms < 0 ? 0 : $ms;
        my $device = $former{$n} // shuffled($n, $count);
        my $success = succeeds($device);

        if ($n % 20 == 10) {
            print $out new_status($n, $date, $id), "\n";
            next;
        }

        if ($n % 100 == 0 && !defined $former{$n} && $n + 1001 < $most) {
            $former{$n + 1001} = $device;
            $success = !$success;
        }

        print $out status($device, $success, $date, $id), "\n";
    }

    close $out or die "$file: $!\n";
}

1;
