
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Expressions on documents, for unit tests and fuzz targets:
 *
 *     expr_parse(text)          the tree of a $filter on "expr_type", in
 *                               "expr_pool"; NULL if it is refused, and
 *                               "expr_status" and "expr_context" say why
 *     expr_filter(text, json)   what it is on a document: "true", "false" (or
 *                               null), "failed", "limit", or why it is
 *                               refused, "400 POSITION" or "501 POSITION"
 *     expr_alias(name, value)   the value of a parameter alias from then on
 */


#ifndef _EXPR_H_INCLUDED_
#define _EXPR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_expr.h"
#include "support.h"


#define EXPR_ALIASES  8

/* 2026-01-01T00:00:00.007Z */

#define EXPR_NOW      1767225600007LL


static ngx_pool_t         *expr_pool;
static const oc_type_t    *expr_type = &oc_type_configuration;
static oc_parse_t          expr_context;
static oc_query_status_e   expr_status;
static ngx_str_t           expr_aliases[EXPR_ALIASES][2];
static ngx_uint_t          expr_naliases;


static inline ngx_str_t
expr_text(const char *s)
{
    ngx_str_t  text;

    text.data = (u_char *) s;
    text.len = strlen(s);

    return text;
}


static inline ngx_int_t
expr_lookup(void *data, const ngx_str_t *name, ngx_str_t *value)
{
    ngx_uint_t  i;

    for (i = 0; i < expr_naliases; i++) {

        if (expr_aliases[i][0].len == name->len
            && memcmp(expr_aliases[i][0].data, name->data, name->len) == 0)
        {
            *value = expr_aliases[i][1];
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static inline void
expr_alias(const char *name, const char *value)
{
    expr_aliases[expr_naliases][0] = expr_text(name);
    expr_aliases[expr_naliases++][1] = expr_text(value);
}


/* a pool of its own for what comes next */

static inline void
expr_begin(void)
{
    if (expr_pool) {
        ngx_destroy_pool(expr_pool);
    }

    expr_pool = ngx_create_pool(4096, ngx_cycle->log);

    memset(&expr_context, 0xa5, sizeof(expr_context));
    expr_context.pool = expr_pool;
    expr_context.type = expr_type;
    expr_context.alias = expr_lookup;
    expr_context.alias_data = NULL;
}


static inline oc_expr_t *
expr_parse(const char *s)
{
    oc_expr_t  *expr;
    ngx_str_t   text;

    expr_begin();

    text = expr_text(s);
    expr = NULL;

    expr_status = oc_filter_parse(&expr_context, &text, &expr);

    return (expr_status == OC_QUERY_OK) ? expr : NULL;
}


static inline const char *
expr_refused(void)
{
    static char  text[64];

    snprintf(text, sizeof(text), "%s %d",
             (expr_status == OC_QUERY_MALFORMED) ? "400"
             : (expr_status == OC_QUERY_UNSUPPORTED) ? "501" : "500",
             (int) expr_context.position);

    return text;
}


static inline const char *
expr_filter(const char *s, const char *json)
{
    u_char            *copy;
    oc_eval_t         *eval;
    oc_expr_t         *expr;
    ngx_uint_t         matches;
    oc_subject_t       subject;
    oc_eval_status_e   status;

    static const char  *const results[] = { "", "failed", "limit", "memory" };

    expr = expr_parse(s);

    if (expr == NULL) {
        return expr_refused();
    }

    copy = unit_copy(json, strlen(json));

    memset(&subject, 0, sizeof(subject));
    subject.json.data = copy;
    subject.json.len = strlen(json);

    eval = oc_eval_create(expr_pool, EXPR_NOW);
    status = oc_filter_match(eval, expr, &subject, &matches);

    free(copy);

    return (status == OC_EVAL_OK) ? (matches ? "true" : "false")
                                  : results[status];
}


#endif /* _EXPR_H_INCLUDED_ */
