
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_CHECK_H_INCLUDED_
#define _OC_CHECK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_node.h"


typedef struct {
    oc_parser_t          *parser;
    ngx_uint_t            uses;

    /* the types of the entity and of lambda variables */

    struct {
        oc_kind_e         kind;
        const oc_type_t  *type;
    } vars[OC_EXPR_MAX_DEPTH + 1];
} oc_check_t;


/* oc_check.c */

ngx_int_t oc_check_operand(oc_check_t *c, oc_expr_t *expr);
ngx_int_t oc_check_boolean(oc_check_t *c, const oc_expr_t *expr);

/* oc_check_path.c */

ngx_int_t oc_check_path(oc_check_t *c, oc_expr_t *expr);
const oc_type_t *oc_check_type_name(const ngx_str_t *name);


#endif /* _OC_CHECK_H_INCLUDED_ */
