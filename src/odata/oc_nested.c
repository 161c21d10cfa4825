
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <strings.h>

#include "oc_node.h"


/* The options in parentheses of $expand, $select and /$count. */

static oc_option_e oc_nested_name(oc_parser_t *p);
static ngx_int_t oc_nested_option(oc_parser_t *p, oc_option_e option,
    oc_expand_item_t *item);
static ngx_int_t oc_nested_check(oc_parser_t *p, oc_option_e option,
    oc_expand_item_t *item, const u_char *at);
static ngx_int_t oc_nested_count(oc_parser_t *p, oc_expand_item_t *item);
static ngx_int_t oc_nested_levels(oc_parser_t *p, oc_expand_item_t *item);
static ngx_int_t oc_nested_compute(oc_parser_t *p);
static ngx_int_t oc_nested_alias(oc_parser_t *p);


/*
 * Reads them, of which those in "allowed" may be there, into "item"; an
 * opening parenthesis is next.  "type" is that of what they are applied to,
 * NULL if only the grammar counts.
 */

ngx_int_t
oc_nested_read(oc_parser_t *p, ngx_uint_t allowed, const oc_type_t *type,
    oc_expand_item_t *item)
{
    ngx_int_t         rc;
    ngx_uint_t        nested;
    const u_char     *at;
    oc_option_e       option;
    const oc_type_t  *outer;

    if (oc_parse_enter(p) != NGX_OK) {
        return NGX_ERROR;
    }

    outer = p->parse->type;
    nested = p->nested;

    p->parse->type = type;
    p->nested = 1;
    p->pos++;

    for ( ;; ) {
        (void) oc_lex_space(p);

        at = p->pos;

        if (oc_lex_char(p, '@')) {
            option = OC_OPTION_NONE;

            if (!(allowed & OC_NESTED_ALIAS)) {
                (void) oc_parse_fail(p, at, "An option that may be here is "
                                     "expected.");
                rc = NGX_ERROR;

            } else {
                rc = oc_nested_alias(p);
            }

        } else {
            option = oc_nested_name(p);

            if (option == OC_OPTION_NONE
                || !(allowed & oc_option_bit(option)))
            {
                (void) oc_parse_fail(p, at, "An option that may be here is "
                                     "expected.");
                rc = NGX_ERROR;

            } else if (item->given & oc_option_bit(option)) {
                (void) oc_parse_fail(p, at, "The option is given twice.");
                rc = NGX_ERROR;

            } else {
                item->given |= oc_option_bit(option);
                rc = oc_nested_option(p, option, item);
            }
        }

        if (rc != NGX_OK) {
            break;
        }

        (void) oc_lex_space(p);

        if (p->pos == p->last || (*p->pos != ';' && *p->pos != ')')) {
            (void) oc_parse_fail(p, p->pos, "A semicolon or a closing "
                                 "parenthesis is expected.");
            rc = NGX_ERROR;
            break;
        }

        rc = oc_nested_check(p, option, item, at);

        if (rc != NGX_OK || *p->pos++ == ')') {
            break;
        }
    }

    p->parse->type = outer;
    p->nested = nested;

    oc_parse_leave(p);

    return rc;
}


/* The name of an option and the equals sign behind it */

static oc_option_e
oc_nested_name(oc_parser_t *p)
{
    size_t     i;
    ngx_str_t  name;

    static const struct {
        const char   *name;
        oc_option_e   option;
    } names[] = {
        { "select", OC_OPTION_SELECT },
        { "expand", OC_OPTION_EXPAND },
        { "filter", OC_OPTION_FILTER },
        { "orderby", OC_OPTION_ORDERBY },
        { "search", OC_OPTION_SEARCH },
        { "top", OC_OPTION_TOP },
        { "skip", OC_OPTION_SKIP },
        { "count", OC_OPTION_COUNT },
        { "compute", OC_OPTION_COMPUTE },
        { "levels", OC_OPTION_LEVELS }
    };

    (void) oc_lex_char(p, '$');

    if (!oc_lex_name(p, &name, 0) || !oc_lex_char(p, '=')) {
        return OC_OPTION_NONE;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        if (ngx_strlen(names[i].name) == name.len
            && strncasecmp((char *) name.data, names[i].name, name.len) == 0)
        {
            return names[i].option;
        }
    }

    return OC_OPTION_NONE;
}


static ngx_int_t
oc_nested_option(oc_parser_t *p, oc_option_e option, oc_expand_item_t *item)
{
    switch (option) {

    case OC_OPTION_FILTER:
        (void) oc_lex_space(p);
        item->filter = oc_parse_common(p);
        return item->filter ? NGX_OK : NGX_ERROR;

    case OC_OPTION_ORDERBY:
        return oc_orderby_read(p, &item->orderby);

    case OC_OPTION_SEARCH:
        return oc_search_read(p, &item->search);

    case OC_OPTION_SELECT:
        return oc_select_read(p, &item->select);

    case OC_OPTION_EXPAND:
        return oc_expand_read(p, &item->expand);

    case OC_OPTION_TOP:
        return oc_lex_number(p, &item->top);

    case OC_OPTION_SKIP:
        return oc_lex_number(p, &item->skip);

    case OC_OPTION_COUNT:
        return oc_nested_count(p, item);

    case OC_OPTION_LEVELS:
        return oc_nested_levels(p, item);

    default: /* OC_OPTION_COMPUTE */
        return oc_nested_compute(p);
    }
}


/* The types, once the syntax of the option is known to be right */

static ngx_int_t
oc_nested_check(oc_parser_t *p, oc_option_e option, oc_expand_item_t *item,
    const u_char *at)
{
    if (p->parse->type == NULL) {
        return NGX_OK;
    }

    switch (option) {

    case OC_OPTION_FILTER:
        return oc_check(p, item->filter, 1);

    case OC_OPTION_ORDERBY:
        return oc_orderby_check(p, &item->orderby);

    case OC_OPTION_COMPUTE:
        (void) oc_parse_unsupported(p, at, "$compute is not supported.");
        return NGX_ERROR;

    case OC_OPTION_NONE:
        (void) oc_parse_unsupported(p, at, "Parameter aliases are not "
                                    "supported here.");
        return NGX_ERROR;

    default:
        return NGX_OK;
    }
}


static ngx_int_t
oc_nested_count(oc_parser_t *p, oc_expand_item_t *item)
{
    if (oc_lex_keyword(p, "true")) {
        item->count = 1;
        return NGX_OK;
    }

    if (oc_lex_keyword(p, "false")) {
        return NGX_OK;
    }

    (void) oc_parse_fail(p, p->pos, "Either true or false is expected.");

    return NGX_ERROR;
}


static ngx_int_t
oc_nested_levels(oc_parser_t *p, oc_expand_item_t *item)
{
    if (oc_lex_keyword(p, "max")) {
        item->levels = 0;
        return NGX_OK;
    }

    if (p->pos == p->last || *p->pos < '1' || *p->pos > '9') {
        (void) oc_parse_fail(p, p->pos, "A positive integer or max is "
                             "expected.");
        return NGX_ERROR;
    }

    return oc_lex_number(p, &item->levels);
}


/* expression as name, … */

static ngx_int_t
oc_nested_compute(oc_parser_t *p)
{
    ngx_str_t  name;

    for ( ;; ) {
        (void) oc_lex_space(p);

        if (oc_parse_common(p) == NULL) {
            return NGX_ERROR;
        }

        if (!oc_lex_space(p) || !oc_lex_keyword(p, "as")
            || !oc_lex_space(p) || !oc_lex_name(p, &name, 0))
        {
            (void) oc_parse_fail(p, p->pos, "\"as\" and a name are "
                                 "expected.");
            return NGX_ERROR;
        }

        if (!oc_lex_char(p, ',')) {
            return NGX_OK;
        }
    }
}


/* name=value; the '@' was read */

static ngx_int_t
oc_nested_alias(oc_parser_t *p)
{
    ngx_str_t  name;

    if (!oc_lex_name(p, &name, 0) || !oc_lex_char(p, '=')) {
        (void) oc_parse_fail(p, p->pos, "The name of a parameter alias and "
                             "an equals sign are expected.");
        return NGX_ERROR;
    }

    return oc_parse_common(p) ? NGX_OK : NGX_ERROR;
}


/* Those of /$count in an expression, for the grammar */

ngx_int_t
oc_nested_count_options(oc_parser_t *p, oc_expr_t *count)
{
    oc_expand_item_t  item;

    if (p->parse->type) {
        (void) oc_parse_unsupported(p, p->pos, "Options of $count are not "
                                    "supported in an expression.");
        return NGX_ERROR;
    }

    ngx_memzero(&item, sizeof(oc_expand_item_t));

    return oc_nested_read(p, oc_option_bit(OC_OPTION_FILTER)
                             |oc_option_bit(OC_OPTION_SEARCH), NULL, &item);
}
