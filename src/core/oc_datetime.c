
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <time.h>

#include "oc_datetime.h"


#define OC_DATETIME_NONE  100


static ngx_uint_t oc_datetime_two(const u_char *p);
static u_char *oc_datetime_digits(u_char *dst, ngx_uint_t n,
    ngx_uint_t width);
static int64_t oc_datetime_days(ngx_uint_t year, ngx_uint_t month,
    ngx_uint_t day);


/*
 * Parses an Edm.DateTimeOffset, that is a date-time of RFC 3339, 5.6, with
 * its offset.  "usec" gets microseconds since 1970 in UTC; further digits of
 * the fraction are checked and cut off.  A 60th second is accepted where one
 * can be inserted, at the end of an hour in UTC.  NGX_ERROR for anything else.
 */

ngx_int_t
oc_datetime_parse(const u_char *p, size_t len, int64_t *usec)
{
    int64_t        fraction, scale, offset, seconds;
    ngx_uint_t     century, year, month, day, hour, min, sec, oh, om, dim;
    const u_char  *last;

    static const u_char  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (len < sizeof("1970-01-01T00:00:00Z") - 1
        || p[4] != '-' || p[7] != '-' || (p[10] | 0x20) != 't'
        || p[13] != ':' || p[16] != ':')
    {
        return NGX_ERROR;
    }

    century = oc_datetime_two(p);
    year = oc_datetime_two(p + 2);
    month = oc_datetime_two(p + 5);
    day = oc_datetime_two(p + 8);
    hour = oc_datetime_two(p + 11);
    min = oc_datetime_two(p + 14);
    sec = oc_datetime_two(p + 17);

    /* what is no number is too large; that of a day is looked at below */

    if (century > 99 || year > 99 || month < 1 || month > 12 || hour > 23
        || min > 59 || sec > 60)
    {
        return NGX_ERROR;
    }

    year += century * 100;

    last = p + len;
    p += sizeof("1970-01-01T00:00:00") - 1;

    dim = days[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        dim++;
    }

    if (day < 1 || day > dim) {
        return NGX_ERROR;
    }

    fraction = 0;

    if (p < last && *p == '.') {
        p++;

        if (p == last || *p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        for (scale = 100000; p < last && *p >= '0' && *p <= '9'; p++) {
            fraction += (*p - '0') * scale;
            scale /= 10;
        }
    }

    if (p == last) {
        return NGX_ERROR;
    }

    offset = 0;

    if ((*p | 0x20) == 'z') {
        p++;

    } else if (*p == '+' || *p == '-') {
        offset = (*p++ == '-') ? -1 : 1;

        if (last - p < 5 || p[2] != ':') {
            return NGX_ERROR;
        }

        oh = oc_datetime_two(p);
        om = oc_datetime_two(p + 3);
        p += 5;

        if (oh > 23 || om > 59) {
            return NGX_ERROR;
        }

        offset *= (int64_t) (oh * 60 + om) * 60;

    } else {
        return NGX_ERROR;
    }

    if (p != last) {
        return NGX_ERROR;
    }

    seconds = oc_datetime_days(year, month, day) * 86400
              + (int64_t) (hour * 3600 + min * 60 + sec) - offset;

    if (sec == 60 && seconds % 3600 != 0) {
        return NGX_ERROR;
    }

    *usec = seconds * 1000000 + fraction;

    return NGX_OK;
}


/* The number of two digits; OC_DATETIME_NONE if they are none. */

static ngx_uint_t
oc_datetime_two(const u_char *p)
{
    u_char  high, low;

    high = (u_char) (p[0] - '0');
    low = (u_char) (p[1] - '0');

    return (high > 9 || low > 9) ? OC_DATETIME_NONE
                                 : (ngx_uint_t) high * 10 + low;
}


/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */

static int64_t
oc_datetime_days(ngx_uint_t year, ngx_uint_t month, ngx_uint_t day)
{
    int64_t  y, era, yoe, doy;

    /* the year starts in March, so that a leap day is its last */

    y = (int64_t) year - (month <= 2);
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (int64_t) (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}


/*
 * Writes Unix time "sec" and "msec" as a date-time of RFC 3339 in UTC,
 * OC_DATETIME_LEN bytes.
 */

void
oc_datetime_format(u_char *dst, time_t sec, ngx_uint_t msec)
{
    static time_t     cached = -1;
    static u_char     text[sizeof("1970-01-01T00:00:00.")];
    static struct tm  tm;

    if (sec != cached) {

        if (gmtime_r(&sec, &tm) == NULL
            || strftime((char *) text, sizeof(text), "%Y-%m-%dT%H:%M:%S.",
                        &tm) == 0)
        {
            ngx_memcpy(text, "1970-01-01T00:00:00.", sizeof(text));
        }

        cached = sec;
    }

    dst = ngx_cpymem(dst, text, sizeof(text) - 1);

    *dst++ = (u_char) ('0' + msec / 100 % 10);
    *dst++ = (u_char) ('0' + msec / 10 % 10);
    *dst++ = (u_char) ('0' + msec % 10);
    *dst = 'Z';
}


/*
 * Writes "usec" microseconds since 1970, not negative, as a date-time in UTC
 * without its offset, OC_DATETIME_USEC_LEN bytes.  Years beyond 9999 get the
 * last four digits.
 */

void
oc_datetime_format_usec(u_char *dst, int64_t usec)
{
    int64_t     days, era, doe, yoe, doy, mp, year;
    ngx_uint_t  sec, month;

    /* the opposite of oc_datetime_days() */

    days = usec / 1000000 / 86400 + 719468;
    era = days / 146097;
    doe = days % 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    month = (ngx_uint_t) (mp < 10 ? mp + 3 : mp - 9);
    year = yoe + era * 400 + (month <= 2);
    sec = (ngx_uint_t) (usec / 1000000 % 86400);

    dst = oc_datetime_digits(dst, (ngx_uint_t) (year % 10000), 4);
    *dst++ = '-';
    dst = oc_datetime_digits(dst, month, 2);
    *dst++ = '-';
    dst = oc_datetime_digits(dst, (ngx_uint_t) (doy - (153 * mp + 2) / 5 + 1),
                             2);
    *dst++ = 'T';
    dst = oc_datetime_digits(dst, sec / 3600, 2);
    *dst++ = ':';
    dst = oc_datetime_digits(dst, sec / 60 % 60, 2);
    *dst++ = ':';
    dst = oc_datetime_digits(dst, sec % 60, 2);
    *dst++ = '.';
    (void) oc_datetime_digits(dst, (ngx_uint_t) (usec % 1000000), 6);
}


static u_char *
oc_datetime_digits(u_char *dst, ngx_uint_t n, ngx_uint_t width)
{
    ngx_uint_t  i;

    for (i = width; i; i--) {
        dst[i - 1] = (u_char) ('0' + n % 10);
        n /= 10;
    }

    return dst + width;
}
