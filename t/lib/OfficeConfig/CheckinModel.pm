# What the check-ins of one tenant must be, by the rules of the API alone: all
# statuses are kept in hashes, and what is asked for is counted from them anew
# each time. Times are microseconds since 1970.

package OfficeConfig::CheckinModel;

use strict;
use warnings;

use constant {
    SECOND => 1_000_000,
    DAY    => 86_400 * 1_000_000,
};


# new($class, %opt)
#   window  microseconds within which a check-in counts
#   now     what time it is

sub new {
    my ($class, %opt) = @_;
    return bless { %opt, tenant => _scope(), conf => {} }, $class;
}

# a scope: statuses by their key; the summary that was given, [succeeded,
# failed] or "null", until it moves; what is added to the true counts from
# then on

sub _scope { return { at => {}, given => undef, more => [0, 0] } }

sub now    { $_[0]{now} }
sub tenant { $_[0]{tenant} }
sub conf   { $_[0]{conf}{$_[1]} }
sub ids    { my @ids = sort keys %{$_[0]{conf}}; return @ids }

# cutoff: what is before it does not count

sub cutoff { $_[0]{now} - $_[0]{window} }


# key($user, $device): one string for each pair

sub key { length($_[0]) . ":$_[0]" . (defined $_[1] ? "+$_[1]" : '-') }


# move($now): the clock; what was both dated and received before the window
# goes, the latter to the day

sub move {
    my ($self, $now) = @_;
    $self->{now} = $now;
    my $cutoff = $self->cutoff;

    for my $scope ($self->{tenant}, values %{$self->{conf}}) {
        my $at = $scope->{at};
        delete @$at{grep { $at->{$_}{usec} < $cutoff
                           && $at->{$_}{kept} < $cutoff } keys %$at};
    }
}


# counts($scope): [succeeded, failed], the users that there truly are

sub counts {
    my ($self, $scope) = @_;
    my $cutoff = $self->cutoff;
    my %failed;

    for my $status (values %{$scope->{at}}) {
        next if $status->{usec} < $cutoff;
        $failed{$status->{user}} ||= !$status->{ok};
    }

    my $failed = grep { $_ } values %failed;
    return [keys(%failed) - $failed, $failed];
}


# summary($scope): as it is shown, [succeeded, failed] or "null"

sub summary {
    my ($self, $scope) = @_;
    return $scope->{given} if defined $scope->{given};

    my $true = $self->counts($scope);
    return [map { my $n = $true->[$_] + $scope->{more}[$_]; $n > 0 ? $n : 0 }
            0, 1];
}


# put($scope, $status, $quiet): a status comes: user, device, usec, ok and
# whatever else. A quiet one is part of a document that says the summary, or
# leaves it.

sub put {
    my ($self, $scope, $status, $quiet) = @_;
    my $key = key(@$status{qw(user device)});
    my $old = $scope->{at}{$key};

    return if $old && $status->{usec} < $old->{usec};
    $self->_settle($scope) unless $quiet;

    # of a day that is received until its end
    my $kept = (int($self->{now} / DAY) + 1) * DAY;
    $scope->{at}{$key} = { %$status, kept => $kept };
}

sub _settle {
    my ($self, $scope) = @_;
    my $given = delete $scope->{given} // return;
    my $true = $self->counts($scope);

    $scope->{more} = ref $given
                   ? [map { $given->[$_] - $true->[$_] } 0, 1] : [0, 0];
}


# give($scope, $summary): from a client

sub give {
    my ($self, $scope, $summary) = @_;
    @$scope{qw(given more)} = ($summary, [0, 0]);
}


# checkin($id, @statuses): to a configuration; tenant_checkin(@statuses): to
# all that their policies name

sub checkin {
    my ($self, $id, @statuses) = @_;

    for my $status (@statuses) {
        $self->put($_, $status) for $self->{tenant}, $self->{conf}{$id};
    }
}

sub tenant_checkin {
    my ($self, @statuses) = @_;

    for my $status (@statuses) {
        my %named = map { $_ => 1 } grep { defined } @{$status->{policies}};
        my @known = grep { $named{$_} } $self->ids;
        $self->put($_, $status)
            for $self->{tenant}, map { $self->{conf}{$_} } @known;
    }
}


# replace($scope, @statuses): all that are in the collection

sub replace {
    my ($self, $scope, @statuses) = @_;
    $scope->{at} = {};

    for my $status (@statuses) {
        $self->put($scope, $status, 1);
        $self->put($self->{tenant}, $status) if $scope != $self->{tenant};
    }
}


# create($id, %document), change($scope, %document), overwrite($scope,
# %document), remove($id): POST, PATCH, PUT and DELETE. A document may have
# statuses (an array reference) and a summary.

sub create {
    my ($self, $id, %document) = @_;
    $self->overwrite($self->{conf}{$id} = _scope(), %document);
}

sub change {
    my ($self, $scope, %document) = @_;
    $self->replace($scope, @{$document{statuses}}) if $document{statuses};
    $self->give($scope, $document{summary}) if defined $document{summary};
}

sub overwrite {
    my ($self, $scope, %document) = @_;
    $self->replace($scope, @{$document{statuses} // []});
    $self->give($scope, $document{summary});
}

sub remove { delete $_[0]{conf}{$_[1]} }


1;
