
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <math.h>

#include "oc_value.h"


static const char *oc_number_integers(oc_arithmetic_e op, int64_t one,
    int64_t two, oc_value_t *result);
static const char *oc_number_decimals(oc_arithmetic_e op,
    const oc_value_t *one, const oc_value_t *two, oc_value_t *result);
static const char *oc_number_doubles(oc_arithmetic_e op, double one,
    double two, oc_value_t *result);
static void oc_number_by_zero(const oc_value_t *one, oc_value_t *result);


static const char  oc_number_overflow[] = "The result of an operator is "
                                          "beyond its type.";
static const char  oc_number_zero[] = "There is a division by zero.";


/*
 * Takes a literal, digits with a sign, a point and an exponent or without, or
 * -INF, for the first type that it fits in.  NGX_ERROR if there is none.
 */

ngx_int_t
oc_number_literal(oc_value_t *value, const u_char *p, size_t len)
{
    int64_t       n;
    oc_decimal_t  d;

    if (len == 4 && ngx_strncmp(p, "-INF", 4) == 0) {
        value->kind = OC_KIND_DOUBLE;
        value->u.real = -INFINITY;
        return NGX_OK;
    }

    if (oc_decimal_parse(&d, p, len) != NGX_OK) {
        return NGX_ERROR;
    }

    if (memchr(p, 'e', len) || memchr(p, 'E', len)) {
        value->kind = OC_KIND_DOUBLE;
        value->u.real = oc_decimal_to_double(&d);

        return isfinite(value->u.real) ? NGX_OK : NGX_ERROR;
    }

    if (memchr(p, '.', len) == NULL && oc_decimal_to_int(&d, &n) == NGX_OK) {
        value->kind = (n < -2147483647LL - 1 || n > 2147483647LL)
                      ? OC_KIND_INT64 : OC_KIND_INT32;
        value->u.integer = n;

        return NGX_OK;
    }

    value->kind = OC_KIND_DECIMAL;
    value->u.decimal = d;

    return NGX_OK;
}


double
oc_number_double(const oc_value_t *value)
{
    switch (value->kind) {

    case OC_KIND_DOUBLE:
        return value->u.real;

    case OC_KIND_DECIMAL:
        return oc_decimal_to_double(&value->u.decimal);

    default:
        return (double) value->u.integer;
    }
}


/* The number as a decimal; a Double must be finite. */

void
oc_number_decimal(oc_decimal_t *decimal, const oc_value_t *value)
{
    switch (value->kind) {

    case OC_KIND_DECIMAL:
        *decimal = value->u.decimal;
        break;

    case OC_KIND_DOUBLE:
        if (oc_decimal_from_double(decimal, value->u.real) != NGX_OK) {
            ngx_memzero(decimal, sizeof(oc_decimal_t));
        }

        break;

    default:
        oc_decimal_from_int(decimal, value->u.integer);
    }
}


oc_order_e
oc_number_compare(const oc_value_t *one, const oc_value_t *two)
{
    double        d1, d2;
    ngx_int_t     rc;
    oc_decimal_t  n1, n2;

    if (oc_kind_is_integer(one->kind) && oc_kind_is_integer(two->kind)) {
        return (one->u.integer < two->u.integer) ? OC_ORDER_LESS
               : (one->u.integer > two->u.integer) ? OC_ORDER_GREATER
                                                   : OC_ORDER_EQUAL;
    }

    if (one->kind == OC_KIND_DOUBLE || two->kind == OC_KIND_DOUBLE) {
        d1 = oc_number_double(one);
        d2 = oc_number_double(two);

        if (isnan(d1) || isnan(d2)) {
            return OC_ORDER_NONE;
        }

        return (d1 < d2) ? OC_ORDER_LESS
               : (d1 > d2) ? OC_ORDER_GREATER : OC_ORDER_EQUAL;
    }

    oc_number_decimal(&n1, one);
    oc_number_decimal(&n2, two);

    rc = oc_decimal_compare(&n1, &n2);

    return (rc < 0) ? OC_ORDER_LESS
           : (rc > 0) ? OC_ORDER_GREATER : OC_ORDER_EQUAL;
}


/*
 * Applies an operator to two numbers (URL Conventions, 5.1.1.2), promoted to
 * Int64, Decimal or Double.  Returns NULL, or a sentence that says why it
 * fails; "result" may be one of the operands.
 */

const char *
oc_number_arithmetic(oc_arithmetic_e op, const oc_value_t *one,
    const oc_value_t *two, oc_value_t *result)
{
    if (one->kind == OC_KIND_DOUBLE || two->kind == OC_KIND_DOUBLE) {
        return oc_number_doubles(op, oc_number_double(one),
                                 oc_number_double(two), result);
    }

    if (op != OC_ARITHMETIC_DIVBY
        && oc_kind_is_integer(one->kind) && oc_kind_is_integer(two->kind))
    {
        return oc_number_integers(op, one->u.integer, two->u.integer, result);
    }

    return oc_number_decimals(op, one, two, result);
}


static const char *
oc_number_integers(oc_arithmetic_e op, int64_t one, int64_t two,
    oc_value_t *result)
{
    int64_t     n;
    ngx_uint_t  overflow;

    n = 0;
    overflow = 0;

    switch (op) {

    case OC_ARITHMETIC_ADD:
        overflow = __builtin_add_overflow(one, two, &n);
        break;

    case OC_ARITHMETIC_SUB:
        overflow = __builtin_sub_overflow(one, two, &n);
        break;

    case OC_ARITHMETIC_MUL:
        overflow = __builtin_mul_overflow(one, two, &n);
        break;

    default:
        if (two == 0) {
            return oc_number_zero;
        }

        if (two == -1) {
            if (op == OC_ARITHMETIC_DIV) {
                overflow = __builtin_sub_overflow((int64_t) 0, one, &n);
            }

            break;
        }

        n = (op == OC_ARITHMETIC_DIV) ? one / two : one % two;
    }

    if (overflow) {
        return oc_number_overflow;
    }

    result->kind = OC_KIND_INT64;
    result->u.integer = n;

    return NULL;
}


static const char *
oc_number_decimals(oc_arithmetic_e op, const oc_value_t *one,
    const oc_value_t *two, oc_value_t *result)
{
    ngx_int_t     rc;
    ngx_uint_t    integers;
    oc_decimal_t  n1, n2, n;

    oc_number_decimal(&n1, one);
    oc_number_decimal(&n2, two);

    integers = oc_kind_is_integer(one->kind) && oc_kind_is_integer(two->kind);

    switch (op) {

    case OC_ARITHMETIC_SUB:
        n2.negative = !n2.negative && !oc_decimal_is_zero(&n2);

        /* fall through */

    case OC_ARITHMETIC_ADD:
        rc = oc_decimal_add(&n, &n1, &n2);
        break;

    case OC_ARITHMETIC_MUL:
        rc = oc_decimal_mul(&n, &n1, &n2);
        break;

    case OC_ARITHMETIC_MOD:
        if (oc_decimal_is_zero(&n2)) {
            return oc_number_zero;
        }

        rc = oc_decimal_mod(&n, &n1, &n2);
        break;

    default:
        if (oc_decimal_is_zero(&n2)) {

            /* integers that were promoted have no zero to fail by */

            if (integers) {
                oc_number_by_zero(one, result);
                return NULL;
            }

            return oc_number_zero;
        }

        rc = oc_decimal_div(&n, &n1, &n2);
    }

    if (rc != NGX_OK) {
        return oc_number_overflow;
    }

    result->kind = OC_KIND_DECIMAL;
    result->u.decimal = n;

    return NULL;
}


static void
oc_number_by_zero(const oc_value_t *one, oc_value_t *result)
{
    int64_t  n;

    n = one->u.integer;

    result->kind = OC_KIND_DOUBLE;
    result->u.real = (n > 0) ? INFINITY : (n < 0) ? -INFINITY : NAN;
}


static const char *
oc_number_doubles(oc_arithmetic_e op, double one, double two,
    oc_value_t *result)
{
    double  n;

    switch (op) {

    case OC_ARITHMETIC_ADD:
        n = one + two;
        break;

    case OC_ARITHMETIC_SUB:
        n = one - two;
        break;

    case OC_ARITHMETIC_MUL:
        n = one * two;
        break;

    case OC_ARITHMETIC_MOD:
        if (two == 0) {
            return oc_number_zero;
        }

        n = fmod(one, two);
        break;

    default:
        if (two == 0) {
            n = (one > 0) ? INFINITY : (one < 0) ? -INFINITY : NAN;

        } else {
            n = one / two;
        }
    }

    result->kind = OC_KIND_DOUBLE;
    result->u.real = n;

    return NULL;
}


/* The same for the sign of a number or a duration. */

const char *
oc_number_negate(oc_value_t *value)
{
    switch (value->kind) {

    case OC_KIND_DOUBLE:
        value->u.real = -value->u.real;
        break;

    case OC_KIND_DECIMAL:
        value->u.decimal.negative = !value->u.decimal.negative
                                    && !oc_decimal_is_zero(&value->u.decimal);
        break;

    case OC_KIND_DURATION:
        oc_time_negate(&value->u.time);
        break;

    default:
        if (value->u.integer == INT64_MIN) {
            return oc_number_overflow;
        }

        value->kind = OC_KIND_INT64;
        value->u.integer = -value->u.integer;
    }

    return NULL;
}


void
oc_number_round(oc_value_t *value, oc_round_e how)
{
    switch (value->kind) {

    case OC_KIND_DOUBLE:
        value->u.real = (how == OC_ROUND_NEAREST) ? round(value->u.real)
                        : (how == OC_ROUND_FLOOR) ? floor(value->u.real)
                                                  : ceil(value->u.real);
        break;

    case OC_KIND_DECIMAL:
        oc_decimal_round(&value->u.decimal, (how == OC_ROUND_NEAREST) ? 0
                         : (how == OC_ROUND_FLOOR) ? -1 : 1);
        break;

    default:
        break;
    }
}
