
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Decimals of 34 digits: what is written in 34 digits is exact, the rest is
 * rounded half to even.
 */


#include "oc_decimal.h"
#include "support.h"
#include "tap.h"


static const struct {
    char         op;
    const char  *one;
    const char  *two;
    const char  *result;       /* NULL: too large */
} cases[] = {
    { '+', "0.1", "0.2", "0.3" },
    { '+', "1", "-1", "0" },
    { '+', "1.50", "1.5", "3.00" },
    { '+', "9999999999999999999999999999999999", "1",
      "10000000000000000000000000000000000e0" },
    { '+', "1e34", "1e-34", "1.000000000000000000000000000000000e34" },
    { '+', "1e40", "-1e-40", "1.000000000000000000000000000000000e40" },
    { '+', "1000000000000000000000000000000001", "0.5",
      "1000000000000000000000000000000002e0" },
    { '+', "1000000000000000000000000000000002", "0.5",
      "1000000000000000000000000000000002e0" },
    { '+', "1000000000000000000000000000000002", "0.50000000001",
      "1000000000000000000000000000000003e0" },
    { '+', "9e6144", "9e6144", NULL },
    { '+', "0", "1e-6000", "1e-6000" },
    { '*', "1.1", "-1.1", "-1.21" },
    { '*', "0", "-5", "0" },
    { '*', "99999999999999999", "99999999999999999",
      "9999999999999999800000000000000001" },
    { '*', "9999999999999999999999999999999999",
      "9999999999999999999999999999999999",
      "9999999999999999999999999999999998e34" },
    { '*', "12345678901234567890", "98765432109876543210",
      "1.219326311370217952237463801111264e39" },
    { '*', "1e4000", "1e4000", NULL },
    { '*', "1e-4000", "1e-4000", "0" },
    { '/', "1", "3", "0.3333333333333333333333333333333333" },
    { '/', "2", "3", "0.6666666666666666666666666666666667" },
    { '/', "-1", "8", "-0.125" },
    { '/', "0", "7", "0" },
    { '/', "1e30", "1e-30", "1e60" },
    { '/', "7", "7", "1" },
    { '%', "7.5", "2", "1.5" },
    { '%', "-7.5", "2", "-1.5" },
    { '%', "7", "-2", "1" },
    { '%', "1e100", "7", "4" },
    { '%', "5", "1e100", "5" },
    { '%', "6", "3", "0" }
};


static oc_decimal_t
number(const char *s)
{
    oc_decimal_t  d;

    if (oc_decimal_parse(&d, (u_char *) s, strlen(s)) != NGX_OK) {
        diag("%s is no number", s);
        abort();
    }

    return d;
}


static ngx_int_t
apply(char op, oc_decimal_t *d, oc_decimal_t *one, oc_decimal_t *two)
{
    switch (op) {

    case '+':
        return oc_decimal_add(d, one, two);

    case '*':
        return oc_decimal_mul(d, one, two);

    case '/':
        return oc_decimal_div(d, one, two);

    default:
        return oc_decimal_mod(d, one, two);
    }
}


static void
check_cases(void)
{
    size_t        i;
    ngx_int_t     rc;
    oc_decimal_t  one, two, d, expected;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        one = number(cases[i].one);
        two = number(cases[i].two);

        rc = apply(cases[i].op, &d, &one, &two);

        if (cases[i].result == NULL || rc != NGX_OK) {
            is_int(rc, cases[i].result ? NGX_OK : NGX_ERROR, "%s %c %s",
                   cases[i].one, cases[i].op, cases[i].two);
            continue;
        }

        expected = number(cases[i].result);
        is_int(oc_decimal_compare(&d, &expected), 0, "%s %c %s is %s",
               cases[i].one, cases[i].op, cases[i].two, cases[i].result);
    }
}


/* small numbers have the results of integers, in any scale */

static void
check_random(void)
{
    int64_t       a, b, n;
    u_char        text[OC_DECIMAL_LEN];
    size_t        len;
    ngx_int_t     sign;
    ngx_uint_t    i, wrong;
    oc_decimal_t  one, two, d, e, read;

    static const char  ops[] = "+*%/";

    for (i = 0, wrong = 0; i < 100000; i++) {
        a = (int64_t) unit_random() >> (33 + unit_below(28));
        b = (int64_t) unit_random() >> (33 + unit_below(28));

        oc_decimal_from_int(&one, a);
        oc_decimal_from_int(&two, b);

        if (a) {
            one.exponent = (int32_t) unit_below(20) - 10;
        }

        if (b) {
            two.exponent = one.exponent;
        }

        sign = (a < b) ? -1 : a > b;
        wrong += (oc_decimal_compare(&one, &two) != (a && b ? sign
                  : a ? (a < 0 ? -1 : 1) : b ? (b < 0 ? 1 : -1) : 0));

        len = oc_decimal_print(text, &one);
        wrong += (len > OC_DECIMAL_LEN
                  || oc_decimal_parse(&read, text, len) != NGX_OK
                  || oc_decimal_compare(&read, &one) != 0);

        if (b == 0) {
            continue;
        }

        switch (ops[i % 4]) {

        case '+':
            n = a + b;
            break;

        case '*':
            n = a * b;
            break;

        default:
            n = a % b;
        }

        if (ops[i % 4] == '/') {

            /* a quotient times the divisor is the dividend again, nearly */

            wrong += (oc_decimal_div(&d, &one, &two) != NGX_OK
                      || oc_decimal_mul(&d, &d, &two) != NGX_OK);
            e = one;
            e.negative = !e.negative && a;
            wrong += (oc_decimal_add(&e, &e, &d) != NGX_OK
                      || oc_decimal_to_double(&e) > 1e-10
                      || oc_decimal_to_double(&e) < -1e-10);
            continue;
        }

        wrong += (apply(ops[i % 4], &d, &one, &two) != NGX_OK);
        oc_decimal_from_int(&e, n);

        if (n && a) {
            e.exponent = (ops[i % 4] == '*') ? one.exponent + two.exponent
                                             : one.exponent;
        }

        wrong += (a && oc_decimal_compare(&d, &e) != 0);
    }

    is_int(wrong, 0, "random numbers");
}


static void
check_text(void)
{
    size_t        i, len;
    u_char        text[OC_DECIMAL_LEN];
    oc_decimal_t  d;

    static const char  *const texts[][2] = {
        { "0", "0" }, { "-0", "0" }, { "1.50", "1.50" }, { "+7", "7" },
        { "-0.001", "-0.001" }, { "123e3", "123000" },
        { "1e40", "1e40" }, { "-1.5e-20", "-1.5e-20" },
        { "0000000000000000000000000000000000000000000001", "1" },
        { "12345678901234567890123456789012345",
          "1.234567890123456789012345678901234e34" },
        { "0.12345678901234567890123456789012345678901234567890",
          "0.1234567890123456789012345678901235" }
    };

    static const char  *const wrong[] = {
        "", "-", ".", "1e", "1e+", "e5", "1x", "1.2.3", "1e9999", "--1"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        d = number(texts[i][0]);
        len = oc_decimal_print(text, &d);
        is_mem(text, len, texts[i][1], "%s", texts[i][0]);
    }

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        is_int(oc_decimal_parse(&d, (u_char *) wrong[i], strlen(wrong[i])),
               NGX_ERROR, "not a number: \"%s\"", wrong[i]);
    }

    is_int(oc_decimal_from_double(&d, 0.1), NGX_OK, "a double");
    len = oc_decimal_print(text, &d);
    is_mem(text, 3, "0.1", "its shortest decimal");
    ok(oc_decimal_to_double(&d) == 0.1, "and back");
}


int
main(void)
{
    check_cases();
    check_random();
    check_text();

    return done();
}
