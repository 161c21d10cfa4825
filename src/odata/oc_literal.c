
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <math.h>
#include <strings.h>

#include "oc_node.h"
#include "oc_span.h"


static oc_expr_t *oc_literal_string(oc_parser_t *p);
static ngx_int_t oc_literal_quoted(oc_parser_t *p, ngx_str_t *text,
    ngx_uint_t *doubled);
static size_t oc_literal_number(const u_char *p, const u_char *last);
static ngx_uint_t oc_literal_binary(const ngx_str_t *text);
static ngx_uint_t oc_literal_enum(const ngx_str_t *text);
static oc_expr_t *oc_literal_prefixed(oc_parser_t *p, const u_char *at,
    const ngx_str_t *name);


/* True if a literal that begins with a digit, a sign or a quote is next. */

ngx_uint_t
oc_literal_begins(oc_parser_t *p)
{
    u_char         ch;
    u_char         guid[OC_GUID_LEN];
    const u_char  *pos;

    pos = p->pos;

    if (pos == p->last) {
        return 0;
    }

    ch = *pos;

    if (ch == '\'' || (ch >= '0' && ch <= '9')) {
        return 1;
    }

    if (p->last - pos >= 4 && ngx_strncmp(pos, "-INF", 4) == 0) {
        return 1;
    }

    if ((ch == '-' || ch == '+') && p->last - pos >= 2) {
        return pos[1] >= '0' && pos[1] <= '9';
    }

    return p->last - pos >= 36 && oc_guid_parse(guid, pos, 36) == NGX_OK;
}


/*
 * Reads a literal (ABNF: primitiveLiteral) for which oc_literal_begins() is
 * true.  The type of a number is the first of Int32, Int64 and Decimal that it
 * fits in, Double with an exponent.
 */

oc_expr_t *
oc_literal_parse(oc_parser_t *p)
{
    size_t         n, left;
    oc_expr_t     *expr;
    oc_value_t    *value;
    const u_char  *pos;

    if (*p->pos == '\'') {
        return oc_literal_string(p);
    }

    expr = oc_node_create(p, OC_NODE_LITERAL, p->pos);
    if (expr == NULL) {
        return NULL;
    }

    value = &expr->value;
    pos = p->pos;
    left = p->last - pos;

    if (left >= 36 && oc_guid_parse(value->u.guid, pos, 36) == NGX_OK) {
        value->kind = OC_KIND_GUID;
        n = 36;

    } else if ((n = oc_datetimeoffset_scan(&value->u.time, pos, left)) != 0) {
        value->kind = OC_KIND_DATETIMEOFFSET;

    } else if ((n = oc_date_scan(&value->u.time, pos, left)) != 0) {
        value->kind = OC_KIND_DATE;

    } else if ((n = oc_timeofday_scan(&value->u.time, pos, left)) != 0) {
        value->kind = OC_KIND_TIMEOFDAY;

    } else {
        n = oc_literal_number(pos, p->last);

        if (n == 0 || oc_number_literal(value, pos, n) != NGX_OK) {
            return oc_parse_fail(p, pos, "A number within the limits of its "
                                 "type is expected.");
        }
    }

    p->pos += n;

    if (p->pos < p->last
        && (oc_lex_identifier(p->pos, p->last) || *p->pos == '.'
            || *p->pos == '-' || (*p->pos >= '0' && *p->pos <= '9')))
    {
        return oc_parse_fail(p, pos, "A literal is malformed.");
    }

    return expr;
}


/* The length of a number, 0 if there is none. */

static size_t
oc_literal_number(const u_char *p, const u_char *last)
{
    const u_char  *start, *digits;

    start = p;

    if (last - p >= 4 && ngx_strncmp(p, "-INF", 4) == 0) {
        return 4;
    }

    if (*p == '-' || *p == '+') {
        p++;
    }

    for (digits = p; p < last && *p >= '0' && *p <= '9'; p++) { /* void */ }

    if (p == digits) {
        return 0;
    }

    if (last - p >= 2 && *p == '.' && p[1] >= '0' && p[1] <= '9') {
        for (p++; p < last && *p >= '0' && *p <= '9'; p++) { /* void */ }
    }

    if (p < last && (*p | 0x20) == 'e') {
        digits = p + 1;

        if (digits < last && (*digits == '-' || *digits == '+')) {
            digits++;
        }

        if (digits < last && *digits >= '0' && *digits <= '9') {
            for (p = digits; p < last && *p >= '0' && *p <= '9'; p++) {
                /* void */
            }
        }
    }

    return p - start;
}


/*
 * Reads what is between quotes, of which two stand for one; "text" still has
 * both, and "doubled" says whether there are any.
 */

static ngx_int_t
oc_literal_quoted(oc_parser_t *p, ngx_str_t *text, ngx_uint_t *doubled)
{
    const u_char  *pos, *start;

    start = p->pos + 1;
    *doubled = 0;

    pos = start;

    for ( ;; ) {

        pos = memchr(pos, '\'', p->last - pos);

        if (pos == NULL) {
            (void) oc_parse_fail(p, p->last, "A closing quote is expected.");
            return NGX_ERROR;
        }

        if (pos + 1 == p->last || pos[1] != '\'') {
            break;
        }

        *doubled = 1;
        pos += 2;
    }

    text->data = (u_char *) start;
    text->len = pos - start;
    p->pos = pos + 1;

    return NGX_OK;
}


static oc_expr_t *
oc_literal_string(oc_parser_t *p)
{
    u_char        *dst;
    size_t         i;
    ngx_str_t      text;
    oc_expr_t     *expr;
    ngx_uint_t     doubled;

    expr = oc_node_create(p, OC_NODE_LITERAL, p->pos);

    if (expr == NULL || oc_literal_quoted(p, &text, &doubled) != NGX_OK) {
        return NULL;
    }

    expr->value.kind = OC_KIND_STRING;
    expr->value.u.text = text;

    if (doubled) {
        dst = ngx_pnalloc(p->parse->pool, text.len);
        if (dst == NULL) {
            return oc_parse_no_memory(p);
        }

        expr->value.u.text.data = dst;

        for (i = 0; i < text.len; i++) {
            *dst++ = text.data[i];
            i += (text.data[i] == '\'');
        }

        expr->value.u.text.len = dst - expr->value.u.text.data;
    }

    return expr;
}


/* A string of JSON (ABNF: stringInUrl) */

oc_expr_t *
oc_literal_json_string(oc_parser_t *p)
{
    u_char        *dst;
    ngx_int_t      code;
    oc_expr_t     *expr;
    ngx_str_t     *text;
    ngx_uint_t     escaped, high, i;
    const u_char  *pos, *start;

    expr = oc_node_create(p, OC_NODE_LITERAL, p->pos);
    if (expr == NULL) {
        return NULL;
    }

    start = p->pos + 1;
    escaped = 0;
    high = 0;

    for (pos = start; pos < p->last && *pos != '"'; pos++) {

        if (*pos != '\\') {
            if (high) {
                break;
            }

            continue;
        }

        escaped = 1;
        pos++;

        if (pos == p->last || !strchr("\"\\/bfnrtu", *pos) || *pos == '\0') {
            return oc_parse_fail(p, pos, "An escape of JSON is expected.");
        }

        if (*pos != 'u') {
            if (high) {
                break;
            }

            continue;
        }

        for (code = 0, i = 1; i <= 4; i++) {
            u_char  ch;

            ch = (p->last - pos > (ssize_t) i) ? pos[i] : 0;

            if (ch >= '0' && ch <= '9') {
                ch -= '0';

            } else if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f') {
                ch = (ch | 0x20) - 'a' + 10;

            } else {
                return oc_parse_fail(p, ngx_min(pos + i, p->last),
                                     "A hexadecimal digit is expected.");
            }

            code = code << 4 | ch;
        }

        /* a surrogate needs its other half, and there is no NUL */

        if (code == 0 || high != (code >= 0xdc00 && code < 0xe000)) {
            return oc_parse_fail(p, pos, "An escape stands for no "
                                 "character.");
        }

        high = (code >= 0xd800 && code < 0xdc00);
        pos += 4;
    }

    if (pos == p->last || high) {
        return oc_parse_fail(p, pos, high ? "The other half of an escape is "
                             "expected." : "A closing quote is expected.");
    }

    expr->value.kind = OC_KIND_STRING;
    text = &expr->value.u.text;
    text->data = (u_char *) start;
    text->len = pos - start;

    if (escaped) {
        dst = ngx_pnalloc(p->parse->pool, text->len);
        if (dst == NULL) {
            return oc_parse_no_memory(p);
        }

        ngx_memcpy(dst, text->data, text->len);
        text->len = oc_span_unescape(dst, text->len);
        text->data = dst;
    }

    p->pos = pos + 1;

    return expr;
}


/*
 * The literal that is a word, "name", which was read already, or begins with
 * one.  NULL, without a failure, if it is neither.
 */

oc_expr_t *
oc_literal_word(oc_parser_t *p, const u_char *at, const ngx_str_t *name)
{
    size_t        i;
    oc_value_t    value;
    oc_expr_t    *expr;

    static const struct {
        const char  *name;
        oc_kind_e    kind;
        ngx_uint_t   any_case;
        double       real;
    } words[] = {
        { "null", OC_KIND_NULL, 0, 0 },
        { "true", OC_KIND_BOOLEAN, 1, 1 },
        { "false", OC_KIND_BOOLEAN, 1, 0 },
        { "INF", OC_KIND_DOUBLE, 0, INFINITY },
        { "NaN", OC_KIND_DOUBLE, 0, NAN }
    };

    if (p->pos < p->last && *p->pos == '\'') {
        return oc_literal_prefixed(p, at, name);
    }

    if (p->pos < p->last && (*p->pos == '/' || *p->pos == '(')) {
        return NULL;
    }

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {

        if (ngx_strlen(words[i].name) != name->len
            || (words[i].any_case
                ? strncasecmp((char *) name->data, words[i].name, name->len)
                : ngx_strncmp(name->data, words[i].name, name->len)) != 0)
        {
            continue;
        }

        value.kind = words[i].kind;

        if (value.kind == OC_KIND_BOOLEAN) {
            value.u.integer = (words[i].real != 0);

        } else {
            value.u.real = words[i].real;
        }

        expr = oc_node_create(p, OC_NODE_LITERAL, at);
        if (expr == NULL) {
            return NULL;
        }

        expr->value = value;

        return expr;
    }

    return NULL;
}


/* duration'…', binary'…', geography'…', geometry'…', Namespace.Type'…' */

static oc_expr_t *
oc_literal_prefixed(oc_parser_t *p, const u_char *at, const ngx_str_t *name)
{
    size_t         where;
    ngx_str_t      text;
    oc_expr_t     *expr;
    oc_value_t    *value;
    ngx_uint_t     doubled;
    const u_char  *quote;

    quote = p->pos;

    expr = oc_node_create(p, OC_NODE_LITERAL, at);

    if (expr == NULL || oc_literal_quoted(p, &text, &doubled) != NGX_OK) {
        return NULL;
    }

    value = &expr->value;

    if (name->len == 8
        && strncasecmp((char *) name->data, "duration", 8) == 0)
    {
        value->kind = OC_KIND_DURATION;

        if (text.len == 0
            || oc_duration_scan(&value->u.time, text.data, text.len)
               != text.len)
        {
            return oc_parse_fail(p, quote + 1, "A duration is expected, for "
                                 "example duration'P1DT12H'.");
        }

        return expr;
    }

    if (name->len == 6
        && strncasecmp((char *) name->data, "binary", 6) == 0)
    {
        value->kind = OC_KIND_BINARY;
        value->u.text = text;

        if (!oc_literal_binary(&text)) {
            return oc_parse_fail(p, quote + 1, "Base64url is expected.");
        }

        return expr;
    }

    if ((name->len == 9
         && strncasecmp((char *) name->data, "geography", 9) == 0)
        || (name->len == 8
            && strncasecmp((char *) name->data, "geometry", 8) == 0))
    {
        expr->node = OC_NODE_GEO;

        if (!oc_geo_valid(text.data, text.len, &where)) {
            return oc_parse_fail(p, text.data + where, "A value of a "
                                 "geography or geometry type is expected.");
        }

        return expr;
    }

    if (memchr(name->data, '.', name->len) == NULL) {
        return oc_parse_fail(p, quote, "A literal has no such prefix.");
    }

    expr->node = OC_NODE_ENUM;
    expr->name = *name;

    if (!oc_literal_enum(&text)) {
        return oc_parse_fail(p, quote + 1, "Members of an enumeration are "
                             "expected.");
    }

    return expr;
}


/* Base64url whose last characters have no bits to spare (ABNF: binaryValue) */

static ngx_uint_t
oc_literal_binary(const ngx_str_t *text)
{
    size_t         len, i;
    u_char         ch;
    const u_char  *p;

    p = text->data;
    len = text->len;

    if (len && len % 4 == 0 && p[len - 1] == '=') {
        len--;

        if (p[len - 1] == '=') {
            len--;
        }
    }

    for (i = 0; i < len; i++) {
        ch = p[i];

        if ((ch < 'A' || ch > 'Z') && (ch < 'a' || ch > 'z')
            && (ch < '0' || ch > '9') && ch != '-' && ch != '_')
        {
            return 0;
        }
    }

    switch (len % 4) {

    case 1:
        return 0;

    case 2:
        return strchr("AQgw", p[len - 1]) != NULL;

    case 3:
        return strchr("AEIMQUYcgkosw048", p[len - 1]) != NULL;

    default:
        return 1;
    }
}


static ngx_uint_t
oc_literal_enum(const ngx_str_t *text)
{
    size_t         n;
    const u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    for ( ;; ) {
        n = oc_lex_identifier(p, last);

        if (n == 0) {
            if (p < last && (*p == '-' || *p == '+')) {
                p++;
            }

            while (p + n < last && p[n] >= '0' && p[n] <= '9') {
                n++;
            }
        }

        if (n == 0) {
            return 0;
        }

        p += n;

        if (p == last) {
            return 1;
        }

        if (*p++ != ',') {
            return 0;
        }
    }
}
