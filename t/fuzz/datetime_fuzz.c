
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * A date and time: oc_datetime_parse() on the input.
 *
 * - a parser that works on the whole text, with the C library's timegm(),
 *   agrees on what is one and when it was;
 * - what oc_datetime_format() writes for it is parsed to the same millisecond.
 */


#include "fuzz.h"
#include "oc_datetime.h"

#include <time.h>


/* true if "p" has the form: '0' stands for a digit, a letter for both cases */

static unsigned
matches(const char *p, const char *form)
{
    for ( /* void */ ; *form; form++, p++) {

        if (*form == '0') {
            if (!isdigit((unsigned char) *p)) {
                return 0;
            }

        } else if (toupper((unsigned char) *p) != *form) {
            return 0;
        }
    }

    return 1;
}


/* RFC 3339, 5.6; "text" ends with a NUL that is not part of it */

static unsigned
reference(const char *text, size_t len, int64_t *usec)
{
    int          offset, leap, digits;
    char         micros[7];
    time_t       sec;
    struct tm    tm, back;
    const char  *p;

    if (strlen(text) != len || !matches(text, "0000-00-00T00:00:00")) {
        return 0;
    }

    memset(&tm, 0, sizeof(tm));

    sscanf(text, "%4d-%2d-%2d%*1c%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
           &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec);

    tm.tm_year -= 1900;
    tm.tm_mon -= 1;

    leap = (tm.tm_sec == 60);
    tm.tm_sec -= leap;

    back = tm;
    sec = timegm(&back);

    if (back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon
        || back.tm_mday != tm.tm_mday || back.tm_hour != tm.tm_hour
        || back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
    {
        return 0;
    }

    p = text + 19;
    strcpy(micros, "000000");

    if (*p == '.') {
        digits = (int) strspn(p + 1, "0123456789");

        if (digits == 0) {
            return 0;
        }

        memcpy(micros, p + 1, ngx_min(digits, 6));
        p += 1 + digits;
    }

    if (strcasecmp(p, "Z") == 0) {
        offset = 0;

    } else if (strlen(p) == 6
               && (matches(p, "+00:00") || matches(p, "-00:00")))
    {
        if (atoi(p + 1) > 23 || atoi(p + 4) > 59) {
            return 0;
        }

        offset = (atoi(p + 1) * 60 + atoi(p + 4)) * 60;
        offset = (*p == '-') ? -offset : offset;

    } else {
        return 0;
    }

    sec -= offset;

    if (leap) {

        /* where it is 59 minutes and 59 seconds past an hour in UTC */

        gmtime_r(&sec, &back);

        if (back.tm_min != 59 || back.tm_sec != 59) {
            return 0;
        }

        sec++;
    }

    *usec = (int64_t) sec * 1000000 + atoi(micros);

    return 1;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char       *text;
    time_t      sec;
    u_char     *copy, date[OC_DATETIME_LEN];
    int64_t     usec, expected, again;
    unsigned    valid;
    ngx_int_t   rc;

    text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';

    valid = reference(text, size, &expected);

    copy = unit_copy(data, size);
    rc = oc_datetime_parse(copy, size, &usec);

    fuzz_assert(rc == NGX_OK || rc == NGX_ERROR);
    fuzz_assert((rc == NGX_OK) == valid);

    if (valid) {
        fuzz_assert(usec == expected);

        /* the years that a clock can tell */

        if (usec >= 0 && usec < INT64_C(253402300800) * 1000000) {
            sec = (time_t) (usec / 1000000);

            oc_datetime_format(date, sec, usec / 1000 % 1000);

            fuzz_assert(oc_datetime_parse(date, OC_DATETIME_LEN, &again)
                        == NGX_OK);
            fuzz_assert(again == usec / 1000 * 1000);
        }
    }

    free(copy);
    free(text);

    return 0;
}
