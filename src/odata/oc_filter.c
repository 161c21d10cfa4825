
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_eval.h"


oc_query_status_e
oc_filter_parse(oc_parse_t *parse, const ngx_str_t *text, oc_expr_t **expr)
{
    oc_parser_t  p;

    if (oc_lex_begin(&p, parse, text) != OC_QUERY_OK) {
        return p.status;
    }

    (void) oc_lex_space(&p);

    *expr = oc_parse_common(&p);

    if (*expr
        && oc_lex_end(&p, "An operator or the end is expected.") == NGX_OK
        && parse->type)
    {
        (void) oc_check(&p, *expr, 1);
    }

    return p.status;
}


oc_eval_status_e
oc_filter_match(oc_eval_t *eval, const oc_expr_t *expr,
    const oc_subject_t *subject, ngx_uint_t *matches)
{
    oc_value_t        value;
    oc_eval_status_e  status;

    oc_eval_begin(eval, subject, expr->entity, expr->uses);

    status = oc_eval_node(eval, expr, &value);

    *matches = (status == OC_EVAL_OK && value.kind == OC_KIND_BOOLEAN
                && value.u.integer);

    oc_eval_end(eval);

    return status;
}


ngx_uint_t
oc_expr_uses(const oc_expr_t *expr)
{
    return expr->uses;
}


ngx_int_t
oc_expr_slot(const oc_expr_t *expr)
{
    if (expr->node == OC_NODE_MEMBER && expr->args->node == OC_NODE_VARIABLE
        && expr->args->slot == 0)
    {
        return expr->slot;
    }

    return -1;
}
