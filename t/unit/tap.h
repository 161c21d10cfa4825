
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * The Test Anything Protocol for a unit test, which includes this once:
 *
 *     ok(condition, "format", ...);
 *     is_int(got, expected, "format", ...);
 *     is_str(got, expected, "format", ...);       C strings, NULL is one too
 *     is_mem(data, len, expected, "format", ...); bytes and a C string
 *     diag("format", ...);
 *     return done();                              from main()
 */


#ifndef _TAP_H_INCLUDED_
#define _TAP_H_INCLUDED_


#include <stdarg.h>
#include <stdio.h>
#include <string.h>


#define ok(condition, ...)                                                    \
    tap_ok(!!(condition), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, expected, ...)                                            \
    tap_is_int((long long) (got), (long long) (expected), __FILE__,           \
               __LINE__, __VA_ARGS__)
#define is_str(got, expected, ...)                                            \
    tap_is_str((const char *) (got), (const char *) (expected), __FILE__,     \
               __LINE__, __VA_ARGS__)
#define is_mem(data, len, expected, ...)                                      \
    tap_is_mem((const char *) (data), (size_t) (len),                         \
               (const char *) (expected), __FILE__, __LINE__, __VA_ARGS__)


static int  tap_count;
static int  tap_failed;


static inline __attribute__((format(printf, 1, 2))) void
diag(const char *fmt, ...)
{
    va_list  args;

    printf("# ");
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
}


static inline int
tap_result(int passed, const char *file, int line, const char *fmt,
    va_list args)
{
    printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
    vprintf(fmt, args);
    printf("\n");

    if (!passed) {
        tap_failed++;
        diag("at %s line %d", file, line);
    }

    fflush(stdout);

    return passed;
}


static inline __attribute__((format(printf, 4, 5))) int
tap_ok(int passed, const char *file, int line, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    tap_result(passed, file, line, fmt, args);
    va_end(args);

    return passed;
}


static inline __attribute__((format(printf, 5, 6))) int
tap_is_int(long long got, long long expected, const char *file, int line,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    tap_result(got == expected, file, line, fmt, args);
    va_end(args);

    if (got != expected) {
        diag("got %lld, expected %lld", got, expected);
    }

    return got == expected;
}


static inline __attribute__((format(printf, 6, 7))) int
tap_is_mem(const char *data, size_t len, const char *expected,
    const char *file, int line, const char *fmt, ...)
{
    int      passed;
    va_list  args;

    passed = len == strlen(expected)
             && (len == 0 || memcmp(data, expected, len) == 0);

    va_start(args, fmt);
    tap_result(passed, file, line, fmt, args);
    va_end(args);

    if (!passed) {
        diag("got \"%.*s\", expected \"%s\"", (int) len, data ? data : "",
             expected);
    }

    return passed;
}


static inline __attribute__((format(printf, 5, 6))) int
tap_is_str(const char *got, const char *expected, const char *file, int line,
    const char *fmt, ...)
{
    int      passed;
    va_list  args;

    passed = got == expected
             || (got && expected && strcmp(got, expected) == 0);

    va_start(args, fmt);
    tap_result(passed, file, line, fmt, args);
    va_end(args);

    if (!passed) {
        diag("got \"%s\", expected \"%s\"", got ? got : "(null)",
             expected ? expected : "(null)");
    }

    return passed;
}


static inline int
done(void)
{
    printf("1..%d\n", tap_count);

    return tap_failed ? 1 : 0;
}


#endif /* _TAP_H_INCLUDED_ */
