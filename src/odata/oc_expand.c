
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_node.h"


ngx_int_t
oc_expand_count_options(oc_parser_t *p, oc_expr_t *count)
{
    (void) oc_parse_unsupported(p, p->pos, "Options of $count are not "
                                "supported in an expression.");

    return NGX_ERROR;
}
