# How a stock nginx runs a module that was built with AddressSanitizer and
# UBSan, and what they found.

package OfficeConfig::Sanitizer;

use strict;
use warnings;

my %library;


# new($class, %opt): module, the path of the shared object; dir, a directory
# for the reports

sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt }, $class;

    $self->{on} = $opt{module} && uses_sanitizer($opt{module});
    return $self;
}


# uses_sanitizer($file): whether the shared object was built with them

sub uses_sanitizer {
    my ($file) = @_;
    open my $fh, '<:raw', $file or die "$file: $!\n";
    local $/;
    return <$fh> =~ /libasan\.so/;
}

sub _library {
    my ($name) = @_;
    return $library{$name} //= do {
        chomp(my $file = qx(gcc -print-file-name=$name));
        die "there is no $name\n" unless $file =~ m{/};
        $file;
    };
}


# env: the variables that nginx has to be started with. Allocations of nginx
# itself are unwound without frame pointers, hence the slow unwinder. The
# module is preloaded as well: nginx unloads it before leaks are looked for,
# and then they could not be told from its own.

sub env {
    my ($self) = @_;
    return {} unless $self->{on};

    my $leaks = $ENV{OC_LEAKS} // 1;
    return {
        LD_PRELOAD => join(':', _library('libasan.so'),
                                _library('libubsan.so'), $self->{module}),
        ASAN_OPTIONS => "log_path=$self->{dir}/asan:detect_leaks=$leaks"
            . ':fast_unwind_on_malloc=0:malloc_context_size=12'
            . ':detect_stack_use_after_return=1:print_stacktrace=1'
            . ':stack_trace_format="    #%n %f %L %M"',
        UBSAN_OPTIONS => 'print_stacktrace=1:halt_on_error=1',
        LSAN_OPTIONS => 'print_suppressions=0',
    };
}


# reports($output): the reports in the directory and in what nginx printed,
# one string each. Of leaks only those whose allocation passed through the
# module count: nginx leaves some to the end of the process.

sub reports {
    my ($self, $output) = @_;
    my @found;

    # UBSan prints to the standard error, which nginx sends to its error log
    push @found, ($output // '') =~
        /^(.*(?:runtime\ error:|Sanitizer:).*\n (?:(?!\d{4}\/).*\n){0,25})/mgx;

    for my $file (sort glob "$self->{dir}/*san.*") {
        open my $fh, '<:raw', $file or next;
        my $text = do { local $/; <$fh> };

        if ($text !~ /ERROR: LeakSanitizer: detected/) {
            push @found, $text;
            next;
        }

        push @found, grep { /ngx_http_office_config_module\.so|unknown module/ }
            $text =~ /^((?:Direct|Indirect)\ leak.*?\n(?:\n|\z))/msgx;
    }

    return @found;
}


1;
