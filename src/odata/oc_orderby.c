
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <math.h>

#include "oc_eval.h"
#include "oc_text.h"


/*
 * In a key each item is a byte that is 0 for null and 1 for anything else, and
 * the value in a form that has the order of its bytes and that tells where it
 * ends.  All bytes of a descending item are inverted.
 */

#define OC_KEY_MAX_FIXED  64

/* the classes of a decimal, in their order */

#define OC_KEY_NAN        1
#define OC_KEY_MINUS_INF  2
#define OC_KEY_NEGATIVE   3
#define OC_KEY_ZERO       4
#define OC_KEY_POSITIVE   5
#define OC_KEY_INF        6


static ngx_int_t oc_orderby_item(oc_parser_t *p, oc_order_t *item);
static oc_eval_status_e oc_key_room(oc_eval_t *eval, size_t used,
    size_t size);
static u_char *oc_key_value(u_char *dst, oc_kind_e kind,
    const oc_value_t *value);
static u_char *oc_key_text(u_char *dst, const ngx_str_t *text);
static u_char *oc_key_integer(u_char *dst, int64_t n);
static u_char *oc_key_double(u_char *dst, double n);
static u_char *oc_key_decimal(u_char *dst, const oc_value_t *value);


oc_query_status_e
oc_orderby_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_orderby_t *orderby)
{
    oc_parser_t  p;

    if (oc_lex_begin(&p, parse, text) != OC_QUERY_OK) {
        return p.status;
    }

    if (oc_orderby_read(&p, orderby) == NGX_OK
        && oc_lex_end(&p, "\"asc\", \"desc\", a comma or the end is "
                      "expected.")
           == NGX_OK)
    {
        (void) oc_orderby_check(&p, orderby);
    }

    return p.status;
}


/* Items separated by commas, as far as they go. */

ngx_int_t
oc_orderby_read(oc_parser_t *p, oc_orderby_t *orderby)
{
    orderby->n = 0;
    orderby->items = ngx_palloc(p->parse->pool,
                                OC_ORDERBY_MAX * sizeof(oc_order_t));
    if (orderby->items == NULL) {
        (void) oc_parse_no_memory(p);
        return NGX_ERROR;
    }

    for ( ;; ) {
        (void) oc_lex_space(p);

        if (orderby->n == OC_ORDERBY_MAX) {
            (void) oc_parse_fail(p, p->pos, "There are too many items.");
            return NGX_ERROR;
        }

        if (oc_orderby_item(p, &orderby->items[orderby->n]) != NGX_OK) {
            return NGX_ERROR;
        }

        orderby->n++;

        if (!oc_lex_comma(p)) {
            return NGX_OK;
        }
    }
}


static ngx_int_t
oc_orderby_item(oc_parser_t *p, oc_order_t *item)
{
    oc_expr_t     *expr;
    const u_char  *end;

    expr = oc_parse_common(p);
    if (expr == NULL) {
        return NGX_ERROR;
    }

    item->expr = expr;
    item->descending = 0;

    end = p->pos;

    if (oc_lex_space(p)) {

        if (oc_lex_keyword(p, "desc")) {
            item->descending = 1;

        } else if (!oc_lex_keyword(p, "asc")) {
            p->pos = end;
        }
    }

    return NGX_OK;
}


/* The types of the items, if they are to be checked. */

ngx_int_t
oc_orderby_check(oc_parser_t *p, oc_orderby_t *orderby)
{
    oc_expr_t   *expr;
    ngx_uint_t   i;

    if (p->parse->type == NULL) {
        return NGX_OK;
    }

    for (i = 0; i < orderby->n; i++) {
        expr = orderby->items[i].expr;

        if (oc_check(p, expr, 0) != NGX_OK) {
            return NGX_ERROR;
        }

        if (expr->collection || expr->kind >= OC_KIND_BINARY) {
            return oc_check_fail(p, expr, OC_QUERY_MALFORMED, "An expression "
                                 "whose values have an order is expected.");
        }
    }

    return NGX_OK;
}


ngx_uint_t
oc_orderby_uses(const oc_orderby_t *orderby)
{
    ngx_uint_t  i, uses;

    for (i = 0, uses = 0; i < orderby->n; i++) {
        uses |= orderby->items[i].expr->uses;
    }

    return uses;
}


oc_eval_status_e
oc_order_key(oc_eval_t *eval, const oc_orderby_t *orderby,
    const oc_subject_t *subject, ngx_str_t *key)
{
    u_char            *p;
    size_t             used, size;
    ngx_uint_t         i;
    oc_value_t         value;
    oc_order_t        *item;
    oc_eval_status_e   status;

    used = 0;
    status = OC_EVAL_OK;

    ngx_str_null(key);

    if (orderby->n == 0) {
        return OC_EVAL_OK;
    }

    oc_eval_begin(eval, subject, orderby->items[0].expr->entity,
                  oc_orderby_uses(orderby));

    for (i = 0; i < orderby->n; i++) {
        item = &orderby->items[i];

        status = oc_eval_node(eval, item->expr, &value);

        if (status != OC_EVAL_OK) {
            break;
        }

        size = OC_KEY_MAX_FIXED;

        if (value.kind == OC_KIND_STRING) {
            size += value.u.text.len * 2;
        }

        status = oc_key_room(eval, used, size);

        if (status != OC_EVAL_OK) {
            break;
        }

        p = eval->key + used;
        size = oc_key_value(p, item->expr->kind, &value) - p;
        used += size;

        if (item->descending) {
            while (size--) {
                p[size] = (u_char) ~p[size];
            }
        }
    }

    oc_eval_end(eval);

    key->data = eval->key;
    key->len = used;

    return status;
}


/* Makes room for "size" bytes behind the "used" ones. */

static oc_eval_status_e
oc_key_room(oc_eval_t *eval, size_t used, size_t size)
{
    u_char  *p;

    size += used;

    if (size <= eval->key_size) {
        return OC_EVAL_OK;
    }

    size = ngx_max(size, 2 * eval->key_size);
    size = ngx_max(size, 256);

    p = ngx_pnalloc(eval->pool, size);
    if (p == NULL) {
        return OC_EVAL_NO_MEMORY;
    }

    if (used) {
        ngx_memcpy(p, eval->key, used);
    }

    eval->key = p;
    eval->key_size = size;

    return OC_EVAL_OK;
}


/* "kind" is that of the expression: all its values have one form. */

static u_char *
oc_key_value(u_char *dst, oc_kind_e kind, const oc_value_t *value)
{
    if (value->kind == OC_KIND_NULL) {
        *dst++ = 0;
        return dst;
    }

    *dst++ = 1;

    switch (kind) {

    case OC_KIND_BOOLEAN:
        *dst++ = (u_char) value->u.integer;
        return dst;

    case OC_KIND_INT32:
    case OC_KIND_INT64:
        return oc_key_integer(dst, value->u.integer);

    case OC_KIND_DECIMAL:
        return oc_key_decimal(dst, value);

    case OC_KIND_DOUBLE:
        return oc_key_double(dst, oc_number_double(value));

    case OC_KIND_STRING:
        return oc_key_text(dst, &value->u.text);

    case OC_KIND_GUID:
        return ngx_cpymem(dst, value->u.guid, OC_GUID_LEN);

    default:
        dst = oc_key_integer(dst, value->u.time.sec);
        return oc_key_integer(dst, value->u.time.pico);
    }
}


/* A zero byte is followed by one that is not, but for that at the end. */

static u_char *
oc_key_text(u_char *dst, const ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        *dst++ = text->data[i];

        if (text->data[i] == '\0') {
            *dst++ = 0xff;
        }
    }

    *dst++ = 0;
    *dst++ = 0;

    return dst;
}


static u_char *
oc_key_integer(u_char *dst, int64_t n)
{
    uint64_t    bits;
    ngx_uint_t  i;

    bits = (uint64_t) n ^ (UINT64_C(1) << 63);

    for (i = 8; i; i--) {
        dst[i - 1] = (u_char) bits;
        bits >>= 8;
    }

    return dst + 8;
}


/* The bits of IEEE 754 have the order of the numbers, but for the signs. */

static u_char *
oc_key_double(u_char *dst, double n)
{
    int64_t  bits;

    if (isnan(n)) {
        return oc_key_integer(dst, INT64_MIN);
    }

    if (n == 0) {
        n = 0;
    }

    ngx_memcpy(&bits, &n, 8);

    return oc_key_integer(dst, (bits < 0) ? INT64_MIN - bits : bits);
}


/*
 * The class, the exponent and the digits, each but the end with one more than
 * itself; inverted if the number is negative.
 */

static u_char *
oc_key_decimal(u_char *dst, const oc_value_t *value)
{
    u_char        *p, digits[OC_DECIMAL_DIGITS];
    size_t         i, n;
    double         real;
    int32_t        exponent;
    oc_decimal_t   d;

    real = (value->kind == OC_KIND_DOUBLE) ? value->u.real : 0;

    if (!isfinite(real)) {
        *dst++ = isnan(real) ? OC_KEY_NAN
                 : (real < 0) ? OC_KEY_MINUS_INF : OC_KEY_INF;
        return dst;
    }

    oc_number_decimal(&d, value);

    n = oc_decimal_digits(&d, digits, &exponent);

    if (n == 0) {
        *dst++ = OC_KEY_ZERO;
        return dst;
    }

    *dst++ = d.negative ? OC_KEY_NEGATIVE : OC_KEY_POSITIVE;
    p = dst;

    exponent += 32768;
    *dst++ = (u_char) (exponent >> 8);
    *dst++ = (u_char) exponent;

    for (i = 0; i < n; i++) {
        *dst++ = (u_char) (digits[i] - '0' + 1);
    }

    *dst++ = 0;

    if (d.negative) {
        for ( /* void */ ; p < dst; p++) {
            *p = (u_char) ~*p;
        }
    }

    return dst;
}
