
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_DECIMAL_H_INCLUDED_
#define _OC_DECIMAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Decimal numbers with 34 significant digits and exponents as of IEEE 754's
 * decimal128.  What has more digits is rounded, half to even; sums, products
 * and remainders that fit are exact.  INF and NaN are no decimals.
 */

#define OC_DECIMAL_DIGITS  34
#define OC_DECIMAL_MAX     6144     /* of the exponent of the first digit */

/* how long one is at most as text: -0.123…e-12345 */

#define OC_DECIMAL_LEN     48


typedef struct {
    uint64_t          high;         /* the coefficient, below 10^34 */
    uint64_t          low;
    int32_t           exponent;     /* of ten */
    uint32_t          negative;     /* never with a coefficient of zero */
} oc_decimal_t;


void oc_decimal_from_int(oc_decimal_t *d, int64_t n);
ngx_int_t oc_decimal_parse(oc_decimal_t *d, const u_char *p, size_t len);
ngx_int_t oc_decimal_from_double(oc_decimal_t *d, double n);
double oc_decimal_to_double(const oc_decimal_t *d);
ngx_int_t oc_decimal_to_int(const oc_decimal_t *d, int64_t *n);
size_t oc_decimal_print(u_char *dst, const oc_decimal_t *d);
size_t oc_decimal_digits(const oc_decimal_t *d, u_char *digits,
    int32_t *exponent);

ngx_int_t oc_decimal_compare(const oc_decimal_t *one,
    const oc_decimal_t *two);
ngx_int_t oc_decimal_add(oc_decimal_t *d, const oc_decimal_t *one,
    const oc_decimal_t *two);
ngx_int_t oc_decimal_mul(oc_decimal_t *d, const oc_decimal_t *one,
    const oc_decimal_t *two);
ngx_int_t oc_decimal_div(oc_decimal_t *d, const oc_decimal_t *one,
    const oc_decimal_t *two);
ngx_int_t oc_decimal_mod(oc_decimal_t *d, const oc_decimal_t *one,
    const oc_decimal_t *two);
void oc_decimal_round(oc_decimal_t *d, ngx_int_t direction);

#define oc_decimal_is_zero(d)  ((d)->high == 0 && (d)->low == 0)


#endif /* _OC_DECIMAL_H_INCLUDED_ */
