
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_datetime: a table of what RFC 3339 allows and does not, the C library's
 * timegm() for random dates, and the way from a time to its text and back.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <inttypes.h>
#include <time.h>

#include "oc_datetime.h"
#include "support.h"
#include "tap.h"


typedef struct {
    const char  *text;
    int64_t      usec;
} unit_valid_t;


static const unit_valid_t  valid[] = {
    { "1970-01-01T00:00:00Z", 0 },
    { "1970-01-01T00:00:00.000001Z", 1 },
    { "1969-12-31T23:59:59.999999Z", -1 },
    { "2016-12-31T23:56:50.069086+00:00", 1483228610069086 },

    /* RFC 3339, 5.8 */
    { "1985-04-12T23:20:50.52Z", 482196050520000 },
    { "1996-12-19T16:39:57-08:00", 851042397000000 },
    { "1996-12-20T00:39:57Z", 851042397000000 },
    { "1990-12-31T23:59:60Z", 662688000000000 },
    { "1990-12-31T15:59:60-08:00", 662688000000000 },
    { "1937-01-01T12:00:27.87+00:20", -1041337172130000 },

    { "2016-12-31T23:59:60.999999Z", 1483228800999999 },
    { "2017-01-01T05:29:60+05:30", 1483228800000000 },

    /* both cases (5.6), unknown local offset (4.3) */
    { "1985-04-12t23:20:50.52z", 482196050520000 },
    { "1985-04-12T23:20:50.52-00:00", 482196050520000 },
    { "1970-01-01T23:59:00+23:59", 0 },
    { "1969-12-31T00:01:00-23:59", 0 },

    /* leap years */
    { "2000-02-29T00:00:00Z", 951782400000000 },
    { "2024-02-29T12:00:00Z", 1709208000000000 },
    { "0000-02-29T00:00:00Z", -62162121600000000 },

    /* the ends of what can be written */
    { "0000-01-01T00:00:00Z", -62167219200000000 },
    { "0000-01-01T00:00:00+23:59", -62167305540000000 },
    { "9999-12-31T23:59:59.999999Z", 253402300799999999 },
    { "9999-12-31T23:59:59.9999999999Z", 253402300799999999 },
    { "9999-12-31T23:59:59-23:59", 253402387139000000 }
};


static const char  *const invalid[] = {
    "",
    "2023",
    "2023-01-01",
    "2023-01-01T00:00:00",
    "2023-01-01T00:00Z",
    "2023-01-01T00Z",
    "2023-01-01 00:00:00Z",
    "2023-01-01T00:00:00 Z",
    " 2023-01-01T00:00:00Z",
    "2023-01-01T00:00:00Z ",
    "2023-01-01T00:00:00Z\n",
    "2023-01-01T00:00:00ZZ",
    "2023-01-01T00:00:00Z+00:00",
    "2023-01-01T00:00:00+00:00Z",
    "20230101T000000Z",
    "2023-001T00:00:00Z",
    "2023-W01-1T00:00:00Z",
    "2023/01/01T00:00:00Z",
    "2023-1-01T00:00:00Z",
    "2023-01-1T00:00:00Z",
    "2023-01-01T0:00:00Z",
    "02023-01-01T00:00:00Z",
    "+2023-01-01T00:00:00Z",
    "-2023-01-01T00:00:00Z",
    "12023-01-01T00:00:00Z",
    "2023--1-01T00:00:00Z",
    "2023-+1-01T00:00:00Z",

    /* days and months that there are not */
    "2023-00-10T00:00:00Z",
    "2023-13-10T00:00:00Z",
    "2023-01-00T00:00:00Z",
    "2023-01-32T00:00:00Z",
    "2023-04-31T00:00:00Z",
    "2023-06-31T00:00:00Z",
    "2023-09-31T00:00:00Z",
    "2023-11-31T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2000-02-30T00:00:00Z",

    /* times */
    "2023-01-01T24:00:00Z",
    "2023-01-01T23:60:00Z",
    "2023-01-01T23:59:61Z",
    "2023-01-01T23:58:60Z",
    "2023-01-01T23:59:60+00:30",
    "2023-01-01T23:59:99Z",

    /* fractions */
    "2023-01-01T00:00:00.Z",
    "2023-01-01T00:00:00.",
    "2023-01-01T00:00:00.5",
    "2023-01-01T00:00:00,5Z",
    "2023-01-01T00:00:00.-5Z",
    "2023-01-01T00:00:00.5.5Z",
    "2023-01-01T00:00:00. 5Z",
    "2023-01-01T00:00.5Z",

    /* offsets */
    "2023-01-01T00:00:00+24:00",
    "2023-01-01T00:00:00+00:60",
    "2023-01-01T00:00:00+0000",
    "2023-01-01T00:00:00+00",
    "2023-01-01T00:00:00+0:00",
    "2023-01-01T00:00:00+00:0",
    "2023-01-01T00:00:00+",
    "2023-01-01T00:00:00+00:00:00",
    "2023-01-01T00:00:00+-1:00",
    "2023-01-01T00:00:00UTC",
    "2023-01-01T00:00:00X",

    /* digits that are not ASCII, bytes that differ in one bit */
    "2023-01-0\xd9\xa1T00:00:00Z",
    "2023-01-01\x14""00:00:00Z",
    "2023-01-01T00:00:00\x1a",
    "2023-01-01T00:00:00\xda",
    "2023-01-01\xd4""00:00:00Z",

    "Thu, 01 Jan 1970 00:00:00 GMT",
    "1672531200",
    "null"
};


/* parses a copy that ends where the text ends */

static ngx_int_t
parse(const char *text, size_t len, int64_t *usec)
{
    u_char     *copy;
    ngx_int_t   rc;

    copy = unit_copy(text, len);
    rc = oc_datetime_parse(copy, len, usec);
    free(copy);

    return rc;
}


static void
test_table(void)
{
    size_t      i, n, len;
    int64_t     usec;
    char        text[64];
    ngx_uint_t  accepted;

    for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        usec = 42;

        ok(parse(valid[i].text, strlen(valid[i].text), &usec) == NGX_OK
           && usec == valid[i].usec,
           "%s is %" PRId64, valid[i].text, valid[i].usec);
    }

    for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        if (!is_int(parse(invalid[i], strlen(invalid[i]), &usec), NGX_ERROR,
                    "invalid date %d", (int) i))
        {
            diag("%s", invalid[i]);
        }
    }

    /* a part of a date is none */

    accepted = 0;

    for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        len = strlen(valid[i].text);

        for (n = 0; n < len; n++) {
            accepted += parse(valid[i].text, n, &usec) == NGX_OK;
        }
    }

    is_int(accepted, 0, "what is cut short is invalid");

    /* nor is one with any other byte in a place of it */

    accepted = 0;
    len = sizeof("2016-12-11T13:16:10.069086+00:00") - 1;

    for (i = 0; i < len; i++) {
        for (n = 0; n < 256; n++) {
            memcpy(text, "2016-12-11T13:16:10.069086+00:00", len);

            if ((n >= '0' && n <= '9') || text[i] == (char) n) {
                continue;
            }

            if ((i == 10 && n == 't') || (i == 26 && n == '-')) {
                continue;
            }

            text[i] = (char) n;
            accepted += parse(text, len, &usec) == NGX_OK;
        }
    }

    is_int(accepted, 0, "what has another byte in it is invalid");
}


static void
test_fractions(void)
{
    char        text[80], digits[32];
    int64_t     usec, expected;
    ngx_uint_t  n, i, round, wrong;

    wrong = 0;

    for (n = 1; n <= 30; n++) {
        for (round = 0; round < 100; round++) {

            for (i = 0; i < n; i++) {
                digits[i] = (char) ('0' + (round == 0 ? 9 : unit_below(10)));
            }

            digits[n] = '\0';

            for (i = 0, expected = 0; i < 6; i++) {
                expected = expected * 10 + (i < n ? digits[i] - '0' : 0);
            }

            sprintf(text, "1970-01-01T00:00:01.%sZ", digits);

            wrong += parse(text, strlen(text), &usec) != NGX_OK
                     || usec != 1000000 + expected;
        }
    }

    is_int(wrong, 0, "fractions of 1 to 30 digits");
}


static void
test_random(void)
{
    int         offset;
    char        text[80];
    int64_t     usec, expected;
    struct tm   tm;
    ngx_uint_t  i, wrong, refused;

    wrong = 0;
    refused = 0;

    for (i = 0; i < 300000; i++) {
        memset(&tm, 0, sizeof(tm));

        tm.tm_year = (int) unit_below(10000) - 1900;
        tm.tm_mon = (int) unit_below(12);
        tm.tm_mday = 1 + (int) unit_below(31);
        tm.tm_hour = (int) unit_below(24);
        tm.tm_min = (int) unit_below(60);
        tm.tm_sec = (int) unit_below(60);

        offset = (int) unit_below(2 * 1440 - 1) - 1439;

        sprintf(text, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d",
                tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                tm.tm_min, tm.tm_sec, offset < 0 ? '-' : '+',
                abs(offset) / 60, abs(offset) % 60);

        /* a day that there is not comes back as another one */

        offset *= 60;
        expected = tm.tm_mday;
        usec = ((int64_t) timegm(&tm) - offset) * 1000000;

        if (expected != tm.tm_mday) {
            refused++;
            wrong += parse(text, strlen(text), &expected) != NGX_ERROR;

        } else {
            wrong += parse(text, strlen(text), &expected) != NGX_OK
                     || expected != usec;
        }
    }

    is_int(wrong, 0, "timegm() agrees on 300000 dates");
    ok(refused > 1000, "%d of which there are not", (int) refused);
}


static void
test_format(void)
{
    time_t      sec;
    char        text[64];
    int64_t     usec;
    u_char      date[OC_DATETIME_LEN + 1];
    struct tm   tm;
    ngx_uint_t  i, msec, wrong;

    static const struct {
        time_t       sec;
        ngx_uint_t   msec;
        const char  *text;
    } table[] = {
        { 0, 0, "1970-01-01T00:00:00.000Z" },
        { 0, 999, "1970-01-01T00:00:00.999Z" },
        { 951782399, 1, "2000-02-28T23:59:59.001Z" },
        { 951782400, 10, "2000-02-29T00:00:00.010Z" },
        { 951782400, 100, "2000-02-29T00:00:00.100Z" },
        { 1767225600, 7, "2026-01-01T00:00:00.007Z" },
        { 253402300799, 999, "9999-12-31T23:59:59.999Z" }
    };

    is_int(OC_DATETIME_LEN, 24, "the length");

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        date[OC_DATETIME_LEN] = '#';
        oc_datetime_format(date, table[i].sec, table[i].msec);
        is_mem(date, OC_DATETIME_LEN, table[i].text, "%s", table[i].text);
    }

    wrong = date[OC_DATETIME_LEN] != '#';

    for (i = 0; i < 200000; i++) {

        if (i % 4 == 0) {
            sec = (time_t) unit_below(253402300800);
        }

        msec = unit_below(1000);

        oc_datetime_format(date, sec, msec);

        gmtime_r(&sec, &tm);
        strftime(text, sizeof(text), "%FT%T", &tm);
        sprintf(text + 19, ".%03dZ", (int) msec);

        wrong += memcmp(text, date, OC_DATETIME_LEN) != 0
                 || parse((char *) date, OC_DATETIME_LEN, &usec) != NGX_OK
                 || usec != (int64_t) sec * 1000000 + (int64_t) msec * 1000;
    }

    is_int(wrong, 0, "200000 times come back as they were");
}


int
main(void)
{
    test_table();
    test_fractions();
    test_random();
    test_format();

    return done();
}
