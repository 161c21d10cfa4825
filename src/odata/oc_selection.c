
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_check.h"


#define OC_SELECT_OPTIONS  (oc_option_bit(OC_OPTION_FILTER)                   \
                            | oc_option_bit(OC_OPTION_SEARCH)                 \
                            | oc_option_bit(OC_OPTION_ORDERBY)                \
                            | oc_option_bit(OC_OPTION_SKIP)                   \
                            | oc_option_bit(OC_OPTION_TOP)                    \
                            | oc_option_bit(OC_OPTION_COUNT)                  \
                            | oc_option_bit(OC_OPTION_COMPUTE)                \
                            | oc_option_bit(OC_OPTION_SELECT)                 \
                            | OC_NESTED_ALIAS)


/* a path of $select: an item of the result, and where it has come to */

typedef struct {
    oc_select_item_t   item;
    const oc_type_t   *type;       /* of what the next name belongs to */
    ngx_uint_t         names;      /* of properties */
    ngx_uint_t         ends;       /* what it came to is no object */
} oc_select_path_t;


static ngx_int_t oc_select_item(oc_parser_t *p, oc_select_t *select);
static ngx_int_t oc_select_step(oc_parser_t *p, oc_select_path_t *path);
static ngx_int_t oc_select_property(oc_parser_t *p, oc_select_path_t *path,
    const ngx_str_t *name, const u_char *at);
static ngx_int_t oc_select_nested(oc_parser_t *p, oc_select_t *select,
    oc_select_path_t *path);
static ngx_uint_t oc_select_parameters(oc_parser_t *p);
static ngx_int_t oc_select_add(oc_parser_t *p, oc_select_t *select,
    const oc_select_item_t *item);


oc_query_status_e
oc_select_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_select_t *select)
{
    oc_parser_t  p;

    if (oc_lex_begin(&p, parse, text) != OC_QUERY_OK) {
        return p.status;
    }

    if (oc_select_read(&p, select) == NGX_OK) {
        (void) oc_lex_end(&p, "A comma or the end is expected.");
    }

    return p.status;
}


/* Items separated by commas, as far as they go (5.1.4) */

ngx_int_t
oc_select_read(oc_parser_t *p, oc_select_t *select)
{
    select->n = 0;
    select->items = ngx_palloc(p->parse->pool,
                               OC_SELECT_MAX * sizeof(oc_select_item_t));
    if (select->items == NULL) {
        (void) oc_parse_no_memory(p);
        return NGX_ERROR;
    }

    if (oc_parse_enter(p) != NGX_OK) {
        return NGX_ERROR;
    }

    for ( ;; ) {
        (void) oc_lex_space(p);

        if (oc_select_item(p, select) != NGX_OK) {
            return NGX_ERROR;
        }

        if (!oc_lex_comma(p)) {
            break;
        }
    }

    oc_parse_leave(p);

    return NGX_OK;
}


static ngx_int_t
oc_select_item(oc_parser_t *p, oc_select_t *select)
{
    const u_char      *at;
    oc_select_path_t   path;

    at = p->pos;

    ngx_memzero(&path, sizeof(oc_select_path_t));
    path.type = p->parse->type;

    if (oc_lex_char(p, '*')) {
        path.item.name.data = (u_char *) at;
        path.item.name.len = 1;

        return oc_select_add(p, select, &path.item);
    }

    do {
        if (oc_select_step(p, &path) != NGX_OK) {
            return NGX_ERROR;
        }
    } while (oc_lex_char(p, '/'));

    if (p->parse->type && path.names == 0) {
        (void) oc_parse_fail(p, p->pos, "A slash and the name of a property "
                             "are expected.");
        return NGX_ERROR;
    }

    if (p->pos < p->last && *p->pos == '(') {

        if (p->parse->type == NULL && oc_select_parameters(p)) {
            return (p->status == OC_QUERY_OK) ? NGX_OK : NGX_ERROR;
        }

        return oc_select_nested(p, select, &path);
    }

    return oc_select_add(p, select, &path.item);
}


static ngx_int_t
oc_select_step(oc_parser_t *p, oc_select_path_t *path)
{
    ngx_str_t         name;
    ngx_uint_t        annotation, qualified;
    const u_char     *at;
    const oc_type_t  *cast;

    at = p->pos;
    annotation = oc_lex_char(p, '@');

    if (!oc_lex_name(p, &name, 1)) {
        (void) oc_parse_fail(p, at, "The name of a property is expected.");
        return NGX_ERROR;
    }

    qualified = (memchr(name.data, '.', name.len) != NULL);

    /* all operations of a schema: Namespace.* */

    if (p->last - p->pos >= 2 && p->pos[0] == '.' && p->pos[1] == '*') {
        p->pos += 2;

        if (p->parse->type) {
            (void) oc_parse_unsupported(p, at, "Operations cannot be "
                                        "selected.");
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (p->parse->type == NULL) {
        return NGX_OK;
    }

    if (annotation) {
        (void) oc_parse_unsupported(p, at, "Annotations are not supported "
                                    "here.");
        return NGX_ERROR;
    }

    if (path->type == NULL || path->ends) {
        (void) oc_parse_fail(p, at, "Nothing behind this property can be "
                             "selected.");
        return NGX_ERROR;
    }

    if (!qualified
        && (oc_type_slot(path->type, name.data, name.len) >= 0
            || oc_type_derived_property(path->type, name.data, name.len)))
    {
        return oc_select_property(p, path, &name, at);
    }

    cast = oc_check_type_name(&name);

    if (cast && (oc_type_derives(cast, path->type)
                 || oc_type_derives(path->type, cast)))
    {
        if (!oc_type_derives(path->type, cast)) {

            if (path->names == 0) {
                path->item.type = cast;

            } else {
                path->item.within = cast;
            }
        }

        path->type = cast;

        return NGX_OK;
    }

    if (qualified && cast == NULL && path->names == 0) {
        (void) oc_parse_unsupported(p, at, "Operations cannot be selected.");
        return NGX_ERROR;
    }

    (void) oc_parse_fail(p, at, "There is no property of this name.");

    return NGX_ERROR;
}


static ngx_int_t
oc_select_property(oc_parser_t *p, oc_select_path_t *path,
    const ngx_str_t *name, const u_char *at)
{
    ngx_int_t             slot;
    const oc_property_t  *property;

    slot = oc_type_slot(path->type, name->data, name->len);

    property = (slot >= 0) ? &path->type->properties[slot]
                           : oc_type_derived_property(path->type, name->data,
                                                      name->len);

    if (path->names == 0) {
        path->item.name = *name;

    } else if (path->names == 1) {
        path->item.member = *name;

    } else {
        (void) oc_parse_unsupported(p, at, "Paths of more than two "
                                    "properties are not supported here.");
        return NGX_ERROR;
    }

    path->names++;

    /* what is behind a navigation property is not selected by this option */

    path->ends = (property->edm != OC_EDM_COMPLEX);
    path->type = property->type;

    return NGX_OK;
}


/* Options of a property: those of $select become items of the whole. */

static ngx_int_t
oc_select_nested(oc_parser_t *p, oc_select_t *select, oc_select_path_t *path)
{
    ngx_uint_t         i;
    const u_char      *at;
    oc_select_item_t   item;
    oc_expand_item_t   nested;

    at = p->pos;

    if (p->parse->type && path->ends) {
        (void) oc_parse_fail(p, at, "A property without options is "
                             "expected.");
        return NGX_ERROR;
    }

    ngx_memzero(&nested, sizeof(oc_expand_item_t));

    if (oc_nested_read(p, OC_SELECT_OPTIONS, path->type, &nested) != NGX_OK) {
        return NGX_ERROR;
    }

    if (p->parse->type == NULL) {
        return NGX_OK;
    }

    if (nested.given != oc_option_bit(OC_OPTION_SELECT)
        || path->item.member.len)
    {
        (void) oc_parse_unsupported(p, at, "Options of a selected property "
                                    "other than $select are not supported.");
        return NGX_ERROR;
    }

    for (i = 0; i < nested.select.n; i++) {
        item = path->item;
        item.member = nested.select.items[i].name;

        if (nested.select.items[i].type) {
            item.within = nested.select.items[i].type;
        }

        if (nested.select.items[i].member.len) {
            (void) oc_parse_unsupported(p, at, "Paths of more than two "
                                        "properties are not supported "
                                        "here.");
            return NGX_ERROR;
        }

        if (item.member.len == 1 && item.member.data[0] == '*') {
            ngx_str_null(&item.member);
        }

        if (oc_select_add(p, select, &item) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * The parameters of a function, which are names without values: true if this
 * is what is in the parentheses.
 */

static ngx_uint_t
oc_select_parameters(oc_parser_t *p)
{
    ngx_str_t      name;
    const u_char  *start;

    start = p->pos++;

    if (!oc_lex_name(p, &name, 0)
        || (p->pos < p->last && *p->pos == '='))
    {
        p->pos = start;
        return 0;
    }

    while (oc_lex_char(p, ',')) {

        if (!oc_lex_name(p, &name, 0)) {
            (void) oc_parse_fail(p, p->pos, "The name of a parameter is "
                                 "expected.");
            return 1;
        }
    }

    (void) oc_lex_expect(p, ')', "A comma or a closing parenthesis is "
                         "expected.");

    return 1;
}


static ngx_int_t
oc_select_add(oc_parser_t *p, oc_select_t *select,
    const oc_select_item_t *item)
{
    if (p->parse->type == NULL) {
        return NGX_OK;
    }

    if (select->n == OC_SELECT_MAX) {
        (void) oc_parse_fail(p, p->pos, "There are too many properties.");
        return NGX_ERROR;
    }

    select->items[select->n++] = *item;

    return NGX_OK;
}
