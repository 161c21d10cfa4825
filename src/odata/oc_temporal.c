
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_temporal.h"


#define OC_TIME_DAY_SEC   86400

#define OC_TIME_MAX_YEAR  999999

/* seconds since 1970 of the first and behind the last of these years */

#define OC_TIME_LOW   (-(int64_t) 1001970 * 31556952)
#define OC_TIME_HIGH  ((int64_t) 998030 * 31556952)


static size_t oc_time_number(const u_char *p, const u_char *last,
    ngx_uint_t width, int64_t *number);
static size_t oc_time_fraction(const u_char *p, const u_char *last,
    int64_t *pico);
static int64_t oc_time_days(int64_t year, int64_t month, int64_t day);
static void oc_time_civil(int64_t days, int64_t *year, int64_t *month,
    int64_t *day);
static int64_t oc_time_floor(int64_t n, int64_t unit);
static u_char *oc_time_digits(u_char *dst, int64_t n, ngx_uint_t width);
static u_char *oc_time_print_unit(u_char *dst, int64_t n, char unit);
static u_char *oc_time_print_fraction(u_char *dst, int64_t pico);


/* "width" digits; returns how many bytes they take, 0 if they are not there */

static size_t
oc_time_number(const u_char *p, const u_char *last, ngx_uint_t width,
    int64_t *number)
{
    int64_t     n;
    ngx_uint_t  i;

    if ((size_t) (last - p) < width) {
        return 0;
    }

    n = 0;

    for (i = 0; i < width; i++) {

        if (p[i] < '0' || p[i] > '9') {
            return 0;
        }

        n = n * 10 + (p[i] - '0');
    }

    *number = n;

    return width;
}


/*
 * A point and digits, of which the first twelve count; returns the bytes, 0 if
 * it is not there.
 */

static size_t
oc_time_fraction(const u_char *p, const u_char *last, int64_t *pico)
{
    int64_t        scale;
    const u_char  *start;

    *pico = 0;
    start = p;

    if (last - p < 2 || p[0] != '.' || p[1] < '0' || p[1] > '9') {
        return 0;
    }

    scale = OC_TEMPORAL_PICO / 10;

    for (p++; p < last && *p >= '0' && *p <= '9'; p++) {
        *pico += (*p - '0') * scale;
        scale /= 10;
    }

    return p - start;
}


/* Days since 1970-01-01. */

static int64_t
oc_time_days(int64_t year, int64_t month, int64_t day)
{
    int64_t  era, yoe, doy;

    /* the year starts in March, so that a leap day is its last */

    year -= (month <= 2);
    era = oc_time_floor(year, 400);
    yoe = year - era * 400;
    doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}


static void
oc_time_civil(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t  era, doe, yoe, doy, mp;

    days += 719468;
    era = oc_time_floor(days, 146097);
    doe = days - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    *month = (mp < 10) ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
    *day = doy - (153 * mp + 2) / 5 + 1;
}


/* Divides, towards minus infinity. */

static int64_t
oc_time_floor(int64_t n, int64_t unit)
{
    return n / unit - (n % unit < 0);
}


/*
 * The scanners read a value at "p" and return how many bytes it has, 0 if
 * there is none.  What follows is not looked at.
 */

/* year "-" month "-" day (ABNF, rule date); the midnight in UTC */

size_t
oc_date_scan(oc_time_t *time, const u_char *p, size_t len)
{
    int64_t        year, month, day;
    ngx_uint_t     digits, negative, dim;
    const u_char  *start, *last;

    static const u_char  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    start = p;
    last = p + len;
    negative = 0;

    if (p < last && *p == '-') {
        negative = 1;
        p++;
    }

    for (digits = 0; p + digits < last && p[digits] >= '0'
                     && p[digits] <= '9' && digits < 7; digits++)
    {
        /* void */
    }

    /* four digits; more do not begin with a zero */

    if (digits < 4 || digits > 6 || (digits > 4 && *p == '0')) {
        return 0;
    }

    year = 0;
    p += oc_time_number(p, last, digits, &year);

    if (last - p < 6
        || p[0] != '-' || oc_time_number(p + 1, last, 2, &month) == 0
        || p[3] != '-' || oc_time_number(p + 4, last, 2, &day) == 0)
    {
        return 0;
    }

    p += 6;

    if (negative) {
        year = -year;
    }

    if (month < 1 || month > 12) {
        return 0;
    }

    dim = days[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        dim++;
    }

    if (day < 1 || day > (int64_t) dim) {
        return 0;
    }

    time->sec = oc_time_days(year, month, day) * OC_TIME_DAY_SEC;
    time->pico = 0;
    time->offset = 0;

    return p - start;
}


/* hour ":" minute [ ":" second [ "." fractionalSeconds ] ] */

size_t
oc_timeofday_scan(oc_time_t *time, const u_char *p, size_t len)
{
    int64_t        hour, min, sec;
    const u_char  *start, *last;

    start = p;
    last = p + len;
    sec = 0;

    if (last - p < 5
        || oc_time_number(p, last, 2, &hour) == 0 || p[2] != ':'
        || oc_time_number(p + 3, last, 2, &min) == 0
        || hour > 23 || min > 59)
    {
        return 0;
    }

    p += 5;
    time->pico = 0;

    if (last - p >= 3 && *p == ':' && oc_time_number(p + 1, last, 2, &sec)) {

        if (sec > 60) {
            return 0;
        }

        p += 3;
        p += oc_time_fraction(p, last, &time->pico);
    }

    time->sec = hour * 3600 + min * 60 + sec;
    time->offset = 0;

    return p - start;
}


/* date "T" timeOfDay ( "Z" / sign hour ":" minute ) */

size_t
oc_datetimeoffset_scan(oc_time_t *time, const u_char *p, size_t len)
{
    size_t         n;
    int64_t        hour, min;
    oc_time_t      clock;
    const u_char  *start, *last;

    start = p;
    last = p + len;

    n = oc_date_scan(time, p, len);
    p += n;

    if (n == 0 || p == last || (*p | 0x20) != 't') {
        return 0;
    }

    p++;

    n = oc_timeofday_scan(&clock, p, last - p);
    p += n;

    if (n == 0 || p == last) {
        return 0;
    }

    time->sec += clock.sec;
    time->pico = clock.pico;

    if ((*p | 0x20) == 'z') {
        return p + 1 - start;
    }

    if (last - p < 6 || (*p != '+' && *p != '-')
        || oc_time_number(p + 1, last, 2, &hour) == 0 || p[3] != ':'
        || oc_time_number(p + 4, last, 2, &min) == 0
        || hour > 23 || min > 59)
    {
        return 0;
    }

    time->offset = (int32_t) (hour * 60 + min);

    if (*p == '-') {
        time->offset = -time->offset;
    }

    time->sec -= (int64_t) time->offset * 60;

    return p + 6 - start;
}


/* dayTimeDuration of XML Schema, one part at least (ABNF: durationValue) */

size_t
oc_duration_scan(oc_time_t *time, const u_char *p, size_t len)
{
    int64_t        n;
    ngx_uint_t     negative, parts, digits, i, clock;
    const u_char  *start, *last;

    static const struct {
        u_char   ch;
        int64_t  sec;
    } units[] = {
        { 'D', 86400 }, { 'H', 3600 }, { 'M', 60 }, { 'S', 1 }
    };

    start = p;
    last = p + len;

    time->sec = 0;
    time->pico = 0;
    time->offset = 0;
    negative = 0;

    if (p < last && (*p == '-' || *p == '+')) {
        negative = (*p++ == '-');
    }

    if (p == last || *p++ != 'P') {
        return 0;
    }

    i = 0;
    parts = 0;
    clock = 0;

    while (p < last) {

        if (*p == 'T' && !clock) {
            clock = 1;
            parts = 0;
            i = 1;
            p++;
            continue;
        }

        for (n = 0, digits = 0; p < last && *p >= '0' && *p <= '9'; p++) {

            if (++digits > 12) {
                return 0;
            }

            n = n * 10 + (*p - '0');
        }

        if (digits == 0) {
            break;
        }

        if (clock && p < last && *p == '.') {
            size_t  fraction;

            fraction = oc_time_fraction(p, last, &time->pico);
            p += fraction;

            if (fraction == 0 || p == last || *p != 'S') {
                return 0;
            }
        }

        while (i < (clock ? 4 : 1) && (p == last || *p != units[i].ch)) {
            i++;
        }

        if (i == (clock ? 4u : 1u)) {
            return 0;
        }

        time->sec += n * units[i++].sec;
        parts++;
        p++;
    }

    /* neither a P nor a T is the last */

    if (parts == 0) {
        return 0;
    }

    if (negative) {
        oc_time_negate(time);
    }

    return p - start;
}


/* A part of a date or a time of day, where its offset says that it is. */

int64_t
oc_time_part(const oc_time_t *time, oc_time_part_e part)
{
    int64_t  sec, days, year, month, day;

    sec = time->sec + (int64_t) time->offset * 60;
    days = oc_time_floor(sec, OC_TIME_DAY_SEC);
    sec -= days * OC_TIME_DAY_SEC;

    switch (part) {

    case OC_TIME_HOUR:
        return sec / 3600;

    case OC_TIME_MINUTE:
        return sec / 60 % 60;

    case OC_TIME_SECOND:
        return sec % 60;

    default:
        break;
    }

    oc_time_civil(days, &year, &month, &day);

    return (part == OC_TIME_YEAR) ? year
           : (part == OC_TIME_MONTH) ? month : day;
}


/* Below zero, zero, or above: the offsets do not count. */

ngx_int_t
oc_time_compare(const oc_time_t *one, const oc_time_t *two)
{
    if (one->sec != two->sec) {
        return (one->sec < two->sec) ? -1 : 1;
    }

    return (one->pico < two->pico) ? -1 : one->pico > two->pico;
}


/*
 * Adds a duration to a time, or to another one, or subtracts it; the offset
 * stays.  NGX_ERROR if the result is beyond the years.
 */

ngx_int_t
oc_time_add(oc_time_t *time, const oc_time_t *duration, ngx_uint_t subtract)
{
    oc_time_t  other;

    other = *duration;

    if (subtract) {
        oc_time_negate(&other);
    }

    time->sec += other.sec;
    time->pico += other.pico;

    if (time->pico >= OC_TEMPORAL_PICO) {
        time->pico -= OC_TEMPORAL_PICO;
        time->sec++;
    }

    return (time->sec < OC_TIME_LOW || time->sec > OC_TIME_HIGH)
           ? NGX_ERROR : NGX_OK;
}


/* All of a duration in seconds. */

void
oc_time_seconds(oc_decimal_t *d, const oc_time_t *duration)
{
    oc_decimal_t  whole, part;

    oc_decimal_from_int(&whole, duration->sec);
    oc_decimal_from_int(&part, duration->pico);

    part.exponent = -12;

    /* 64 bits and twelve digits more are no more than a decimal has */

    (void) oc_decimal_add(d, &whole, &part);
}


void
oc_time_negate(oc_time_t *duration)
{
    duration->sec = -duration->sec;

    if (duration->pico) {
        duration->sec--;
        duration->pico = OC_TEMPORAL_PICO - duration->pico;
    }
}


/* What is before, or behind, the T of a DateTimeOffset. */

void
oc_time_date(oc_time_t *time)
{
    int64_t  sec;

    sec = time->sec + (int64_t) time->offset * 60;

    time->sec = oc_time_floor(sec, OC_TIME_DAY_SEC) * OC_TIME_DAY_SEC;
    time->pico = 0;
    time->offset = 0;
}


void
oc_time_timeofday(oc_time_t *time)
{
    int64_t  sec;

    sec = time->sec + (int64_t) time->offset * 60;

    time->sec = sec - oc_time_floor(sec, OC_TIME_DAY_SEC) * OC_TIME_DAY_SEC;
    time->offset = 0;
}


/* What mindatetime() and maxdatetime() are. */

void
oc_time_min(oc_time_t *time)
{
    time->sec = oc_time_days(1, 1, 1) * OC_TIME_DAY_SEC;
    time->pico = 0;
    time->offset = 0;
}


void
oc_time_max(oc_time_t *time)
{
    time->sec = oc_time_days(10000, 1, 1) * OC_TIME_DAY_SEC - 1;
    time->pico = OC_TEMPORAL_PICO - 1;
    time->offset = 0;
}


static u_char *
oc_time_digits(u_char *dst, int64_t n, ngx_uint_t width)
{
    ngx_uint_t  i;

    for (i = width; i; i--) {
        dst[i - 1] = (u_char) ('0' + n % 10);
        n /= 10;
    }

    return dst + width;
}


/* A number and what it counts, nothing for zero; at most 21 bytes. */

static u_char *
oc_time_print_unit(u_char *dst, int64_t n, char unit)
{
    if (n == 0) {
        return dst;
    }

    return dst + snprintf((char *) dst, 24, "%lld%c", (long long) n, unit);
}


/* The digits of a fraction, if it has any, without zeros at its end. */

static u_char *
oc_time_print_fraction(u_char *dst, int64_t pico)
{
    if (pico == 0) {
        return dst;
    }

    *dst++ = '.';
    dst = oc_time_digits(dst, pico, 12);

    while (dst[-1] == '0') {
        dst--;
    }

    return dst;
}


/* The printers write a literal, OC_TEMPORAL_LEN bytes at most. */

size_t
oc_date_print(u_char *dst, const oc_time_t *time)
{
    u_char   *p;
    int64_t   year;

    p = dst;
    year = oc_time_part(time, OC_TIME_YEAR);

    if (year < 0) {
        *p++ = '-';
        year = -year;
    }

    p = oc_time_digits(p, year, (year > 99999) ? 6 : (year > 9999) ? 5 : 4);
    *p++ = '-';
    p = oc_time_digits(p, oc_time_part(time, OC_TIME_MONTH), 2);
    *p++ = '-';
    p = oc_time_digits(p, oc_time_part(time, OC_TIME_DAY), 2);

    return p - dst;
}


size_t
oc_timeofday_print(u_char *dst, const oc_time_t *time)
{
    u_char  *p;

    p = oc_time_digits(dst, oc_time_part(time, OC_TIME_HOUR), 2);
    *p++ = ':';
    p = oc_time_digits(p, oc_time_part(time, OC_TIME_MINUTE), 2);
    *p++ = ':';
    p = oc_time_digits(p, oc_time_part(time, OC_TIME_SECOND), 2);

    return oc_time_print_fraction(p, time->pico) - dst;
}


size_t
oc_datetimeoffset_print(u_char *dst, const oc_time_t *time)
{
    u_char      *p;
    ngx_uint_t   offset;

    p = dst + oc_date_print(dst, time);
    *p++ = 'T';
    p += oc_timeofday_print(p, time);

    if (time->offset == 0) {
        *p++ = 'Z';
        return p - dst;
    }

    *p++ = (time->offset < 0) ? '-' : '+';
    offset = ngx_abs(time->offset);

    p = oc_time_digits(p, offset / 60, 2);
    *p++ = ':';
    p = oc_time_digits(p, offset % 60, 2);

    return p - dst;
}


size_t
oc_duration_print(u_char *dst, const oc_time_t *time)
{
    u_char     *p;
    int64_t     days, sec;
    oc_time_t   positive;

    p = dst;
    positive = *time;

    if (positive.sec < 0) {
        *p++ = '-';
        oc_time_negate(&positive);
    }

    days = positive.sec / OC_TIME_DAY_SEC;
    sec = positive.sec % OC_TIME_DAY_SEC;

    *p++ = 'P';
    p = oc_time_print_unit(p, days, 'D');

    if (sec || positive.pico || days == 0) {
        *p++ = 'T';
        p = oc_time_print_unit(p, sec / 3600, 'H');
        p = oc_time_print_unit(p, sec / 60 % 60, 'M');

        if (sec % 60 || positive.pico || sec == 0) {
            p += snprintf((char *) p, 4, "%d", (int) (sec % 60));
            p = oc_time_print_fraction(p, positive.pico);
            *p++ = 'S';
        }
    }

    return p - dst;
}
