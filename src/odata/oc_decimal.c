
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <math.h>

#include "oc_decimal.h"


/* coefficients while they are worked on: below 10^38 */

#ifndef __SIZEOF_INT128__
#error "a compiler with 128-bit integers is needed"
#endif

__extension__ typedef unsigned __int128  oc_wide_t;


/* half of the digits of a coefficient */

#define OC_DECIMAL_HALF   100000000000000000ULL

/* the digits that a wide number may have for sure */

#define OC_DECIMAL_GUARD  37


static oc_wide_t oc_wide_power(ngx_uint_t n);
static ngx_uint_t oc_wide_digits(oc_wide_t n);
static oc_wide_t oc_decimal_get(const oc_decimal_t *d);
static ngx_int_t oc_decimal_set(oc_decimal_t *d, oc_wide_t n,
    int32_t exponent, ngx_uint_t negative, ngx_uint_t sticky);


static oc_wide_t
oc_wide_power(ngx_uint_t n)
{
    oc_wide_t  power;

    for (power = 1; n >= 16; n -= 16) {
        power *= 10000000000000000ULL;
    }

    while (n--) {
        power *= 10;
    }

    return power;
}


static ngx_uint_t
oc_wide_digits(oc_wide_t n)
{
    ngx_uint_t  digits;

    for (digits = 0; n >= 10000000000000000ULL; digits += 16) {
        n /= 10000000000000000ULL;
    }

    while (n) {
        n /= 10;
        digits++;
    }

    return digits;
}


static oc_wide_t
oc_decimal_get(const oc_decimal_t *d)
{
    return (oc_wide_t) d->high << 64 | d->low;
}


/*
 * Rounds "n", below 10^38, to the digits of a decimal; "sticky" says that
 * something not zero follows its digits.  NGX_ERROR if it is too large.
 */

static ngx_int_t
oc_decimal_set(oc_decimal_t *d, oc_wide_t n, int32_t exponent,
    ngx_uint_t negative, ngx_uint_t sticky)
{
    oc_wide_t   unit, rest;
    ngx_uint_t  digits, drop;

    digits = oc_wide_digits(n);

    if (digits > OC_DECIMAL_DIGITS) {
        drop = digits - OC_DECIMAL_DIGITS;
        unit = oc_wide_power(drop);
        rest = n % unit;
        n /= unit;
        exponent += drop;

        if (rest > unit / 2
            || (rest == unit / 2 && (sticky || (n & 1))))
        {
            n++;
        }

        digits = oc_wide_digits(n);

        if (digits > OC_DECIMAL_DIGITS) {
            n /= 10;
            exponent++;
            digits--;
        }
    }

    if (n && exponent + (int32_t) digits - 1 > OC_DECIMAL_MAX) {
        return NGX_ERROR;
    }

    if (n == 0 || exponent + (int32_t) digits - 1 < -OC_DECIMAL_MAX) {
        ngx_memzero(d, sizeof(oc_decimal_t));
        return NGX_OK;
    }

    d->high = (uint64_t) (n >> 64);
    d->low = (uint64_t) n;
    d->exponent = exponent;
    d->negative = negative ? 1 : 0;

    return NGX_OK;
}


void
oc_decimal_from_int(oc_decimal_t *d, int64_t n)
{
    d->high = 0;
    d->low = (n < 0) ? 0 - (uint64_t) n : (uint64_t) n;
    d->exponent = 0;
    d->negative = (n < 0);
}


/*
 * Reads digits with a sign and a point, or without; an exponent may follow,
 * as from printf().  NGX_ERROR if it is too large, or is no number.
 */

ngx_int_t
oc_decimal_parse(oc_decimal_t *d, const u_char *p, size_t len)
{
    int32_t        exponent, e;
    oc_wide_t      n;
    ngx_uint_t     negative, digits, sticky, point, seen, minus;
    const u_char  *last;

    n = 0;
    e = 0;
    exponent = 0;
    digits = 0;
    sticky = 0;
    point = 0;
    seen = 0;
    negative = 0;

    last = p + len;

    if (p < last && (*p == '-' || *p == '+')) {
        negative = (*p++ == '-');
    }

    for ( /* void */ ; p < last; p++) {

        if (*p == '.' && !point) {
            point = 1;
            continue;
        }

        if (*p < '0' || *p > '9') {
            break;
        }

        seen = 1;

        if (digits < OC_DECIMAL_GUARD) {
            n = n * 10 + (*p - '0');
            digits += (n != 0);
            exponent -= point;

        } else {
            sticky |= (*p != '0');
            exponent += !point;
        }
    }

    if (!seen) {
        return NGX_ERROR;
    }

    if (p < last && (*p | 0x20) == 'e') {
        p++;
        minus = 0;

        if (p < last && (*p == '-' || *p == '+')) {
            minus = (*p++ == '-');
        }

        for (seen = 0; p < last && *p >= '0' && *p <= '9'; p++) {
            seen = 1;
            e = ngx_min(e * 10 + (*p - '0'), 100000);
        }

        if (!seen) {
            return NGX_ERROR;
        }

        exponent += minus ? -e : e;
    }

    if (p != last) {
        return NGX_ERROR;
    }

    return oc_decimal_set(d, n, exponent, negative, sticky);
}


/* The shortest decimal that stands for the double; NGX_ERROR for INF, NaN. */

ngx_int_t
oc_decimal_from_double(oc_decimal_t *d, double n)
{
    char        buf[64], *p;
    ngx_uint_t  precision;

    if (!isfinite(n)) {
        return NGX_ERROR;
    }

    for (precision = 14; precision < 17; precision++) {
        (void) snprintf(buf, sizeof(buf), "%.*e", (int) precision, n);

        if (strtod(buf, NULL) == n) {
            break;
        }
    }

    /* whatever stands for the point where this runs */

    for (p = buf; *p; p++) {
        if ((*p < '0' || *p > '9') && *p != '-' && *p != '+' && *p != 'e') {
            *p = '.';
        }
    }

    return oc_decimal_parse(d, (u_char *) buf, p - buf);
}


double
oc_decimal_to_double(const oc_decimal_t *d)
{
    char     buf[OC_DECIMAL_DIGITS + 16], *p;
    u_char   digits[OC_DECIMAL_DIGITS];
    size_t   n;
    int32_t  exponent;

    n = oc_decimal_digits(d, digits, &exponent);

    if (n == 0) {
        return 0;
    }

    /* without a point, which a locale may write differently */

    p = buf;

    if (d->negative) {
        *p++ = '-';
    }

    p = (char *) ngx_cpymem(p, digits, n);

    (void) snprintf(p, 16, "e%d", (int) (exponent - (int32_t) n));

    return strtod(buf, NULL);
}


/* NGX_ERROR if it is not an integer, or none of 64 bits */

ngx_int_t
oc_decimal_to_int(const oc_decimal_t *d, int64_t *n)
{
    oc_wide_t  value, unit;

    value = oc_decimal_get(d);

    if (d->exponent > 18) {
        if (value) {
            return NGX_ERROR;
        }

    } else if (d->exponent > 0) {
        if (oc_wide_digits(value) > 19) {
            return NGX_ERROR;
        }

        value *= oc_wide_power(d->exponent);

    } else if (d->exponent < 0) {

        if (d->exponent < -OC_DECIMAL_DIGITS) {
            return value ? NGX_ERROR : NGX_OK;
        }

        unit = oc_wide_power(-d->exponent);

        if (value % unit) {
            return NGX_ERROR;
        }

        value /= unit;
    }

    if (value > (oc_wide_t) INT64_MAX + d->negative) {
        return NGX_ERROR;
    }

    *n = d->negative ? (int64_t) (0 - (uint64_t) value) : (int64_t) value;

    return NGX_OK;
}


/*
 * The digits without zeros at either end, as text, up to OC_DECIMAL_DIGITS,
 * and the exponent of 0.DIGITS.  Returns how many there are; none for zero.
 */

size_t
oc_decimal_digits(const oc_decimal_t *d, u_char *digits, int32_t *exponent)
{
    u_char      *p;
    size_t       n;
    oc_wide_t    value;

    value = oc_decimal_get(d);
    n = oc_wide_digits(value);
    *exponent = d->exponent + (int32_t) n;

    for (p = digits + n; p > digits; value /= 10) {
        *--p = (u_char) ('0' + (ngx_uint_t) (value % 10));
    }

    while (n && digits[n - 1] == '0') {
        n--;
    }

    return n;
}


/* Writes it as a literal, OC_DECIMAL_LEN bytes at most. */

size_t
oc_decimal_print(u_char *dst, const oc_decimal_t *d)
{
    u_char      *p, digits[OC_DECIMAL_DIGITS];
    size_t       n;
    int32_t      zeros, point, exponent;
    oc_wide_t    value;
    ngx_uint_t   i;

    p = dst;
    value = oc_decimal_get(d);
    n = ngx_max(oc_wide_digits(value), (ngx_uint_t) 1);
    exponent = d->exponent;

    for (i = n; i; i--) {
        digits[i - 1] = (u_char) ('0' + (ngx_uint_t) (value % 10));
        value /= 10;
    }

    if (d->negative) {
        *p++ = '-';
    }

    if (exponent >= 0 && (int32_t) n + exponent <= OC_DECIMAL_DIGITS) {
        p = ngx_cpymem(p, digits, n);

        while (exponent--) {
            *p++ = '0';
        }

        return p - dst;
    }

    point = (int32_t) n + exponent;

    if (exponent < 0 && point > -6) {

        if (point <= 0) {
            *p++ = '0';
            *p++ = '.';

            for (zeros = point; zeros < 0; zeros++) {
                *p++ = '0';
            }

            p = ngx_cpymem(p, digits, n);

        } else {
            p = ngx_cpymem(p, digits, point);
            *p++ = '.';
            p = ngx_cpymem(p, digits + point, n - point);
        }

        return p - dst;
    }

    *p++ = digits[0];

    if (n > 1) {
        *p++ = '.';
        p = ngx_cpymem(p, digits + 1, n - 1);
    }

    p += snprintf((char *) p, 8, "e%d", (int) (point - 1));

    return p - dst;
}


/* Below zero, zero, or above, as "one" is less, equal or greater. */

ngx_int_t
oc_decimal_compare(const oc_decimal_t *one, const oc_decimal_t *two)
{
    int32_t    e1, e2;
    ngx_int_t  sign;
    oc_wide_t  n1, n2;

    n1 = oc_decimal_get(one);
    n2 = oc_decimal_get(two);

    if (n1 == 0 || n2 == 0) {

        if (n1) {
            return one->negative ? -1 : 1;
        }

        if (n2) {
            return two->negative ? 1 : -1;
        }

        return 0;
    }

    if (one->negative != two->negative) {
        return one->negative ? -1 : 1;
    }

    sign = one->negative ? -1 : 1;

    e1 = one->exponent + (int32_t) oc_wide_digits(n1);
    e2 = two->exponent + (int32_t) oc_wide_digits(n2);

    if (e1 != e2) {
        return (e1 < e2) ? -sign : sign;
    }

    if (one->exponent > two->exponent) {
        n1 *= oc_wide_power(one->exponent - two->exponent);

    } else {
        n2 *= oc_wide_power(two->exponent - one->exponent);
    }

    return (n1 == n2) ? 0 : (n1 < n2) ? -sign : sign;
}


/* All that follow return NGX_ERROR if the result is too large. */

ngx_int_t
oc_decimal_add(oc_decimal_t *d, const oc_decimal_t *one,
    const oc_decimal_t *two)
{
    oc_wide_t            n1, n2, unit;
    ngx_uint_t           shift, up, sticky;
    const oc_decimal_t  *other;

    if (oc_decimal_is_zero(one)) {
        *d = *two;
        return NGX_OK;
    }

    if (oc_decimal_is_zero(two)) {
        *d = *one;
        return NGX_OK;
    }

    if (one->exponent < two->exponent) {
        other = one;
        one = two;
        two = other;
    }

    n1 = oc_decimal_get(one);
    n2 = oc_decimal_get(two);
    sticky = 0;

    shift = one->exponent - two->exponent;
    up = OC_DECIMAL_GUARD - oc_wide_digits(n1);
    up = ngx_min(up, shift);

    n1 *= oc_wide_power(up);
    shift -= up;

    if (shift > OC_DECIMAL_DIGITS) {
        n2 = 0;
        sticky = 1;

    } else if (shift) {
        unit = oc_wide_power(shift);
        sticky = (n2 % unit != 0);
        n2 /= unit;
    }

    if (one->negative == two->negative) {
        return oc_decimal_set(d, n1 + n2, one->exponent - (int32_t) up,
                              one->negative, sticky);
    }

    if (n1 >= n2 + sticky) {
        return oc_decimal_set(d, n1 - n2 - sticky,
                              one->exponent - (int32_t) up, one->negative,
                              sticky);
    }

    /* nothing was cut off then */

    return oc_decimal_set(d, n2 - n1, one->exponent - (int32_t) up,
                          two->negative, 0);
}


ngx_int_t
oc_decimal_mul(oc_decimal_t *d, const oc_decimal_t *one,
    const oc_decimal_t *two)
{
    int32_t     exponent;
    oc_wide_t   n1, n2, low, middle, high, unit;
    ngx_uint_t  digits, drop, negative;

    n1 = oc_decimal_get(one);
    n2 = oc_decimal_get(two);

    exponent = one->exponent + two->exponent;
    negative = one->negative ^ two->negative;

    /* 68 digits in two halves */

    low = (n1 % OC_DECIMAL_HALF) * (n2 % OC_DECIMAL_HALF);
    middle = (n1 % OC_DECIMAL_HALF) * (n2 / OC_DECIMAL_HALF)
             + (n1 / OC_DECIMAL_HALF) * (n2 % OC_DECIMAL_HALF);
    high = (n1 / OC_DECIMAL_HALF) * (n2 / OC_DECIMAL_HALF);

    low += middle % OC_DECIMAL_HALF * OC_DECIMAL_HALF;
    high += middle / OC_DECIMAL_HALF;

    unit = oc_wide_power(OC_DECIMAL_DIGITS);

    if (low >= unit) {
        low -= unit;
        high++;
    }

    if (high == 0) {
        return oc_decimal_set(d, low, exponent, negative, 0);
    }

    digits = oc_wide_digits(high);
    drop = (digits > 2) ? digits - 2 : 0;
    unit = oc_wide_power(drop);

    return oc_decimal_set(d, high * oc_wide_power(OC_DECIMAL_DIGITS - drop)
                             + low / unit,
                          exponent + (int32_t) drop, negative,
                          low % unit != 0);
}


/* "two" is not zero */

ngx_int_t
oc_decimal_div(oc_decimal_t *d, const oc_decimal_t *one,
    const oc_decimal_t *two)
{
    int32_t    exponent;
    oc_wide_t  n, rest, divisor, most;

    divisor = oc_decimal_get(two);
    n = oc_decimal_get(one);

    rest = n % divisor;
    n /= divisor;

    exponent = one->exponent - two->exponent;
    most = oc_wide_power(OC_DECIMAL_DIGITS + 1);

    while (rest && n < most) {
        rest *= 10;
        n = n * 10 + rest / divisor;
        rest %= divisor;
        exponent--;
    }

    return oc_decimal_set(d, n, exponent, one->negative ^ two->negative,
                          rest != 0);
}


/* "two" is not zero; the sign is that of "one" */

ngx_int_t
oc_decimal_mod(oc_decimal_t *d, const oc_decimal_t *one,
    const oc_decimal_t *two)
{
    int32_t    exponent, shift;
    oc_wide_t  n, divisor;

    divisor = oc_decimal_get(two);
    n = oc_decimal_get(one);

    exponent = ngx_min(one->exponent, two->exponent);

    if (one->exponent >= two->exponent) {
        n %= divisor;

        for (shift = one->exponent - two->exponent; shift >= 4 && n;
             shift -= 4)
        {
            n = n * 10000 % divisor;
        }

        while (n && shift-- > 0) {
            n = n * 10 % divisor;
        }

    } else {
        shift = two->exponent - one->exponent;

        if ((ngx_uint_t) shift + oc_wide_digits(divisor) > 38) {
            *d = *one;
            return NGX_OK;
        }

        n %= divisor * oc_wide_power(shift);
    }

    return oc_decimal_set(d, n, exponent, one->negative, 0);
}


/*
 * Rounds to an integer: up if "direction" is above zero, down if below, else
 * to the nearest one, halves away from zero.
 */

void
oc_decimal_round(oc_decimal_t *d, ngx_int_t direction)
{
    oc_wide_t   n, unit, rest;
    ngx_uint_t  away;

    if (d->exponent >= 0) {
        return;
    }

    n = oc_decimal_get(d);

    if (-d->exponent > OC_DECIMAL_DIGITS) {

        /* less than a tenth, but not zero */

        n = 0;
        away = (direction == 0) ? 0 : (direction > 0) != d->negative;

    } else {
        unit = oc_wide_power(-d->exponent);
        rest = n % unit;
        n /= unit;

        away = (direction == 0) ? rest >= unit - rest
                                : rest && (direction > 0) != d->negative;
    }

    (void) oc_decimal_set(d, n + away, 0, d->negative, 0);
}
