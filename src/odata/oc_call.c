
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <strings.h>

#include "oc_call.h"


#define OC_STRING    oc_kind_bit(OC_KIND_STRING)
#define OC_INTEGER   (oc_kind_bit(OC_KIND_INT32) | oc_kind_bit(OC_KIND_INT64))
#define OC_NUMBER    (OC_INTEGER | oc_kind_bit(OC_KIND_DECIMAL)               \
                      | oc_kind_bit(OC_KIND_DOUBLE))
#define OC_MOMENT    oc_kind_bit(OC_KIND_DATETIMEOFFSET)
#define OC_DATE      (oc_kind_bit(OC_KIND_DATE) | OC_MOMENT)
#define OC_CLOCK     (oc_kind_bit(OC_KIND_TIMEOFDAY) | OC_MOMENT)
#define OC_DURATION  oc_kind_bit(OC_KIND_DURATION)


static oc_expr_t *oc_call_canonical(oc_parser_t *p, const u_char *at,
    ngx_uint_t call);
static oc_expr_t *oc_call_case(oc_parser_t *p, const u_char *at);
static oc_expr_t *oc_call_type(oc_parser_t *p, const u_char *at,
    oc_node_e node);
static ngx_uint_t oc_call_type_name(oc_parser_t *p, oc_expr_t *expr);


static const char  oc_call_string[] = "A string is expected.";
static const char  oc_call_strings[] = "Strings are expected.";
static const char  oc_call_date[] = "A value of type Edm.Date or "
                                    "Edm.DateTimeOffset is expected.";
static const char  oc_call_clock[] = "A value of type Edm.TimeOfDay or "
                                     "Edm.DateTimeOffset is expected.";
static const char  oc_call_moment[] = "A value of type Edm.DateTimeOffset is "
                                      "expected.";
static const char  oc_call_number[] = "A number is expected.";


/* in the order of oc_call_e */

const oc_call_t  oc_calls[] = {
    { "ceiling", 1, 1, { OC_NUMBER }, OC_KIND_NULL, OC_CALL_LIKE_FIRST,
      oc_call_number },
    { "concat", 2, 2, { OC_STRING, OC_STRING }, OC_KIND_STRING,
      OC_CALL_COLLECTIONS, oc_call_strings },
    { "contains", 2, 2, { OC_STRING, OC_STRING }, OC_KIND_BOOLEAN,
      OC_CALL_COLLECTIONS, oc_call_strings },
    { "date", 1, 1, { OC_MOMENT }, OC_KIND_DATE, 0, oc_call_moment },
    { "day", 1, 1, { OC_DATE }, OC_KIND_INT32, 0, oc_call_date },
    { "endswith", 2, 2, { OC_STRING, OC_STRING }, OC_KIND_BOOLEAN,
      OC_CALL_COLLECTIONS, oc_call_strings },
    { "floor", 1, 1, { OC_NUMBER }, OC_KIND_NULL, OC_CALL_LIKE_FIRST,
      oc_call_number },
    { "fractionalseconds", 1, 1, { OC_CLOCK }, OC_KIND_DECIMAL, 0,
      oc_call_clock },
    { "geo.distance", 2, 2, { 0 }, OC_KIND_DOUBLE, OC_CALL_UNSUPPORTED,
      NULL },
    { "geo.intersects", 2, 2, { 0 }, OC_KIND_BOOLEAN, OC_CALL_UNSUPPORTED,
      NULL },
    { "geo.length", 1, 1, { 0 }, OC_KIND_DOUBLE, OC_CALL_UNSUPPORTED, NULL },
    { "hassubsequence", 2, 2, { 0 }, OC_KIND_BOOLEAN, OC_CALL_UNSUPPORTED,
      NULL },
    { "hassubset", 2, 2, { 0 }, OC_KIND_BOOLEAN, OC_CALL_UNSUPPORTED, NULL },
    { "hour", 1, 1, { OC_CLOCK }, OC_KIND_INT32, 0, oc_call_clock },
    { "indexof", 2, 2, { OC_STRING, OC_STRING }, OC_KIND_INT32,
      OC_CALL_COLLECTIONS, oc_call_strings },
    { "length", 1, 1, { OC_STRING }, OC_KIND_INT32, OC_CALL_COLLECTIONS,
      oc_call_string },
    { "matchespattern", 2, 2, { OC_STRING, OC_STRING }, OC_KIND_BOOLEAN, 0,
      oc_call_strings },
    { "maxdatetime", 0, 0, { 0 }, OC_KIND_DATETIMEOFFSET, 0, NULL },
    { "mindatetime", 0, 0, { 0 }, OC_KIND_DATETIMEOFFSET, 0, NULL },
    { "minute", 1, 1, { OC_CLOCK }, OC_KIND_INT32, 0, oc_call_clock },
    { "month", 1, 1, { OC_DATE }, OC_KIND_INT32, 0, oc_call_date },
    { "now", 0, 0, { 0 }, OC_KIND_DATETIMEOFFSET, 0, NULL },
    { "round", 1, 1, { OC_NUMBER }, OC_KIND_NULL, OC_CALL_LIKE_FIRST,
      oc_call_number },
    { "second", 1, 1, { OC_CLOCK }, OC_KIND_INT32, 0, oc_call_clock },
    { "startswith", 2, 2, { OC_STRING, OC_STRING }, OC_KIND_BOOLEAN,
      OC_CALL_COLLECTIONS, oc_call_strings },
    { "substring", 2, 3, { OC_STRING, OC_INTEGER, OC_INTEGER },
      OC_KIND_STRING, OC_CALL_COLLECTIONS,
      "A string and one or two integers are expected." },
    { "time", 1, 1, { OC_MOMENT }, OC_KIND_TIMEOFDAY, 0, oc_call_moment },
    { "tolower", 1, 1, { OC_STRING }, OC_KIND_STRING, 0, oc_call_string },
    { "totaloffsetminutes", 1, 1, { OC_MOMENT }, OC_KIND_INT32, 0,
      oc_call_moment },
    { "totalseconds", 1, 1, { OC_DURATION }, OC_KIND_DECIMAL, 0,
      "A value of type Edm.Duration is expected." },
    { "toupper", 1, 1, { OC_STRING }, OC_KIND_STRING, 0, oc_call_string },
    { "trim", 1, 1, { OC_STRING }, OC_KIND_STRING, 0, oc_call_string },
    { "year", 1, 1, { OC_DATE }, OC_KIND_INT32, 0, oc_call_date }
};


/*
 * Reads what follows the name of a canonical function, of cast, isof or case;
 * a parenthesis is next.  Otherwise nothing is read, and "canonical" is 0.
 */

oc_expr_t *
oc_call_parse(oc_parser_t *p, const u_char *at, ngx_str_t *name,
    ngx_uint_t *canonical)
{
    size_t  i;

    *canonical = 1;

    if (name->len == 4) {

        if (strncasecmp((char *) name->data, "cast", 4) == 0) {
            return oc_call_type(p, at, OC_NODE_CAST);
        }

        if (strncasecmp((char *) name->data, "isof", 4) == 0) {
            return oc_call_type(p, at, OC_NODE_ISOF);
        }

        if (strncasecmp((char *) name->data, "case", 4) == 0) {
            return oc_call_case(p, at);
        }
    }

    for (i = 0; i < sizeof(oc_calls) / sizeof(oc_calls[0]); i++) {

        if (ngx_strlen(oc_calls[i].name) == name->len
            && strncasecmp((char *) name->data, oc_calls[i].name, name->len)
               == 0)
        {
            return oc_call_canonical(p, at, i);
        }
    }

    *canonical = 0;

    return NULL;
}


static oc_expr_t *
oc_call_canonical(oc_parser_t *p, const u_char *at, ngx_uint_t call)
{
    oc_expr_t        *expr, *arg;
    const oc_call_t  *c;

    c = &oc_calls[call];

    expr = oc_node_create(p, OC_NODE_CALL, at);
    if (expr == NULL) {
        return NULL;
    }

    expr->op = call;
    p->pos++;

    (void) oc_lex_space(p);

    if (c->max == 0) {
        return (oc_lex_expect(p, ')', "A closing parenthesis is expected.")
                == NGX_OK) ? expr : NULL;
    }

    for ( ;; ) {
        arg = oc_parse_common(p);

        if (arg == NULL || oc_node_append(p, expr, arg) != NGX_OK) {
            return NULL;
        }

        (void) oc_lex_space(p);

        if (expr->nargs >= c->min && oc_lex_char(p, ')')) {
            return expr;
        }

        if (expr->nargs == c->max) {
            return oc_parse_fail(p, p->pos, "A closing parenthesis is "
                                 "expected.");
        }

        if (oc_lex_expect(p, ',', (expr->nargs < c->min)
                          ? "A comma and an argument are expected."
                          : "A comma or a closing parenthesis is expected.")
            != NGX_OK)
        {
            return NULL;
        }

        (void) oc_lex_space(p);
    }
}


/* case(condition:result, …) (5.1.1.14) */

static oc_expr_t *
oc_call_case(oc_parser_t *p, const u_char *at)
{
    oc_expr_t  *expr, *arg;

    expr = oc_node_create(p, OC_NODE_CASE, at);
    if (expr == NULL) {
        return NULL;
    }

    p->pos++;

    for ( ;; ) {
        (void) oc_lex_space(p);

        arg = oc_parse_common(p);

        if (arg == NULL || oc_node_append(p, expr, arg) != NGX_OK) {
            return NULL;
        }

        (void) oc_lex_space(p);

        if (expr->nargs % 2) {
            if (oc_lex_expect(p, ':', "A colon is expected.") != NGX_OK) {
                return NULL;
            }

            continue;
        }

        if (oc_lex_char(p, ')')) {
            return expr;
        }

        if (oc_lex_expect(p, ',', "A comma or a closing parenthesis is "
                          "expected.")
            != NGX_OK)
        {
            return NULL;
        }
    }
}


/* cast(type), cast(expression,type), and isof (5.1.1.10) */

static oc_expr_t *
oc_call_type(oc_parser_t *p, const u_char *at, oc_node_e node)
{
    oc_expr_t     *expr, *arg;
    const u_char  *start;

    expr = oc_node_create(p, node, at);
    if (expr == NULL) {
        return NULL;
    }

    p->pos++;
    (void) oc_lex_space(p);

    start = p->pos;

    if (oc_call_type_name(p, expr)) {
        (void) oc_lex_space(p);

        if (oc_lex_char(p, ')')) {
            return expr;
        }
    }

    /* an expression, then */

    p->pos = start;
    expr->collection = 0;

    arg = oc_parse_common(p);

    if (arg == NULL || oc_node_append(p, expr, arg) != NGX_OK) {
        return NULL;
    }

    (void) oc_lex_space(p);

    if (oc_lex_expect(p, ',', "A comma and a type are expected.") != NGX_OK) {
        return NULL;
    }

    (void) oc_lex_space(p);

    if (!oc_call_type_name(p, expr)) {
        return oc_parse_fail(p, p->pos, "The name of a type is expected.");
    }

    (void) oc_lex_space(p);

    return (oc_lex_expect(p, ')', "A closing parenthesis is expected.")
            == NGX_OK) ? expr : NULL;
}


static ngx_uint_t
oc_call_type_name(oc_parser_t *p, oc_expr_t *expr)
{
    if (!oc_lex_name(p, &expr->name, 1)) {
        return 0;
    }

    if (expr->name.len == sizeof("Collection") - 1
        && ngx_strncmp(expr->name.data, "Collection", expr->name.len) == 0
        && oc_lex_char(p, '('))
    {
        expr->collection = 1;

        return oc_lex_name(p, &expr->name, 1) && oc_lex_char(p, ')');
    }

    return 1;
}
