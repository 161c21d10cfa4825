
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_check.h"


#define OC_EXPAND_COUNT_OPTIONS  (oc_option_bit(OC_OPTION_FILTER)             \
                                  | oc_option_bit(OC_OPTION_SEARCH))
#define OC_EXPAND_REF_OPTIONS    (OC_EXPAND_COUNT_OPTIONS                     \
                                  | oc_option_bit(OC_OPTION_ORDERBY)          \
                                  | oc_option_bit(OC_OPTION_SKIP)             \
                                  | oc_option_bit(OC_OPTION_TOP)              \
                                  | oc_option_bit(OC_OPTION_COUNT))
#define OC_EXPAND_OPTIONS        (OC_EXPAND_REF_OPTIONS                       \
                                  | oc_option_bit(OC_OPTION_SELECT)           \
                                  | oc_option_bit(OC_OPTION_EXPAND)           \
                                  | oc_option_bit(OC_OPTION_COMPUTE)          \
                                  | oc_option_bit(OC_OPTION_LEVELS)           \
                                  | OC_NESTED_ALIAS)


static ngx_int_t oc_expand_item(oc_parser_t *p, oc_expand_t *expand);
static ngx_int_t oc_expand_star(oc_parser_t *p, oc_expand_t *expand);
static ngx_int_t oc_expand_step(oc_parser_t *p, oc_expand_item_t *item,
    const oc_type_t **type);
static ngx_int_t oc_expand_property(oc_parser_t *p, oc_expand_item_t *item,
    const oc_type_t **type, const ngx_str_t *name);
static ngx_int_t oc_expand_kind(oc_parser_t *p, oc_expand_item_t *item);
static ngx_int_t oc_expand_add(oc_parser_t *p, oc_expand_t *expand,
    const oc_expand_item_t *item, const u_char *at);
static ngx_uint_t oc_expand_navigates(const oc_type_t *type,
    ngx_uint_t slot);


oc_query_status_e
oc_expand_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_expand_t *expand)
{
    oc_parser_t  p;

    if (oc_lex_begin(&p, parse, text) != OC_QUERY_OK) {
        return p.status;
    }

    if (oc_expand_read(&p, expand) == NGX_OK) {
        (void) oc_lex_end(&p, "A comma or the end is expected.");
    }

    return p.status;
}


/* Items separated by commas, as far as they go (5.1.3) */

ngx_int_t
oc_expand_read(oc_parser_t *p, oc_expand_t *expand)
{
    ngx_int_t  rc;

    expand->n = 0;
    expand->items = ngx_palloc(p->parse->pool,
                               OC_EXPAND_MAX * sizeof(oc_expand_item_t));
    if (expand->items == NULL) {
        (void) oc_parse_no_memory(p);
        return NGX_ERROR;
    }

    if (oc_parse_enter(p) != NGX_OK) {
        return NGX_ERROR;
    }

    for ( ;; ) {
        (void) oc_lex_space(p);

        rc = oc_expand_item(p, expand);

        if (rc != NGX_OK) {
            return rc;
        }

        if (!oc_lex_comma(p)) {
            break;
        }
    }

    oc_parse_leave(p);

    return NGX_OK;
}


static ngx_int_t
oc_expand_item(oc_parser_t *p, oc_expand_t *expand)
{
    const u_char      *at;
    ngx_uint_t         allowed;
    const oc_type_t   *type;
    oc_expand_item_t   item;

    at = p->pos;

    if (oc_lex_char(p, '*')) {
        return oc_expand_star(p, expand);
    }

    ngx_memzero(&item, sizeof(oc_expand_item_t));

    item.levels = 1;
    type = p->parse->type;

    if (oc_lex_char(p, '$')) {

        if (!oc_lex_keyword(p, "value")) {
            (void) oc_parse_fail(p, at, "The name of a navigation property "
                                 "is expected.");
            return NGX_ERROR;
        }

        if (type) {
            (void) oc_parse_unsupported(p, at, "$value is not supported "
                                        "here.");
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    /* steps: types, the property, a type again */

    for ( ;; ) {

        if (oc_expand_step(p, &item, &type) != NGX_OK) {
            return NGX_ERROR;
        }

        if (p->pos == p->last || *p->pos != '/') {
            break;
        }

        p->pos++;

        if (p->pos < p->last && *p->pos == '$') {

            if (oc_expand_kind(p, &item) != NGX_OK) {
                return NGX_ERROR;
            }

            break;
        }
    }

    if (p->parse->type && item.type == NULL) {
        (void) oc_parse_fail(p, p->pos, "The name of a navigation property "
                             "is expected.");
        return NGX_ERROR;
    }

    if (p->pos < p->last && *p->pos == '(') {
        allowed = (item.kind == OC_EXPAND_COUNT) ? OC_EXPAND_COUNT_OPTIONS
                  : (item.kind == OC_EXPAND_REF) ? OC_EXPAND_REF_OPTIONS
                                                 : OC_EXPAND_OPTIONS;

        if (oc_nested_read(p, allowed, type, &item) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (p->parse->type == NULL) {
        return NGX_OK;
    }

    return oc_expand_add(p, expand, &item, at);
}


/* All navigation properties; "*" was read */

static ngx_int_t
oc_expand_star(oc_parser_t *p, oc_expand_t *expand)
{
    ngx_uint_t         slot;
    const u_char      *at;
    const oc_type_t   *type;
    oc_expand_item_t   item;

    at = p->pos - 1;
    type = p->parse->type;

    ngx_memzero(&item, sizeof(oc_expand_item_t));

    item.levels = 1;

    if (p->pos < p->last && *p->pos == '(') {

        if (oc_nested_read(p, oc_option_bit(OC_OPTION_LEVELS), type, &item)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else if (oc_lex_char(p, '/')) {

        if (p->last - p->pos < 4 || ngx_strncmp(p->pos, "$ref", 4) != 0) {
            (void) oc_parse_fail(p, p->pos, "$ref is expected.");
            return NGX_ERROR;
        }

        p->pos += 4;
        item.kind = OC_EXPAND_REF;
    }

    if (type == NULL) {
        return NGX_OK;
    }

    item.type = type;

    for (slot = 0; slot < type->nproperties; slot++) {

        if (!oc_expand_navigates(type, slot)) {
            continue;
        }

        item.slot = slot;

        if (oc_expand_add(p, expand, &item, at) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
oc_expand_step(oc_parser_t *p, oc_expand_item_t *item,
    const oc_type_t **type)
{
    ngx_str_t         name;
    ngx_uint_t        annotation;
    const u_char     *at;
    const oc_type_t  *cast;

    at = p->pos;
    annotation = oc_lex_char(p, '@');

    if (!oc_lex_name(p, &name, 1)) {
        (void) oc_parse_fail(p, at, "The name of a navigation property is "
                             "expected.");
        return NGX_ERROR;
    }

    if (*type == NULL) {
        return NGX_OK;
    }

    if (annotation) {
        (void) oc_parse_unsupported(p, at, "Annotations are not supported "
                                    "here.");
        return NGX_ERROR;
    }

    if (item->type == NULL && memchr(name.data, '.', name.len) == NULL
        && oc_type_slot(*type, name.data, name.len) >= 0)
    {
        p->pos = at;

        return oc_expand_property(p, item, type, &name);
    }

    cast = oc_check_type_name(&name);

    if (cast == NULL) {
        (void) oc_parse_fail(p, at, "There is no property or type of this "
                             "name.");
        return NGX_ERROR;
    }

    if (!oc_type_derives(cast, *type) && !oc_type_derives(*type, cast)) {
        (void) oc_parse_fail(p, at, "A type that is derived from that of the "
                             "entity is expected.");
        return NGX_ERROR;
    }

    if (item->type && cast != *type) {
        (void) oc_parse_unsupported(p, at, "Casts of an expanded property "
                                    "are not supported.");
        return NGX_ERROR;
    }

    if (!oc_type_derives(*type, cast)) {
        item->cast = cast;
    }

    *type = cast;

    return NGX_OK;
}


/* A step that is a property: it is at p->pos. */

static ngx_int_t
oc_expand_property(oc_parser_t *p, oc_expand_item_t *item,
    const oc_type_t **type, const ngx_str_t *name)
{
    ngx_int_t             slot;
    const oc_property_t  *property;

    slot = oc_type_slot(*type, name->data, name->len);
    property = &(*type)->properties[slot];

    if (property->edm == OC_EDM_STREAM) {
        (void) oc_parse_unsupported(p, p->pos, "Streams are not expanded.");
        return NGX_ERROR;
    }

    if (property->edm != OC_EDM_ENTITY) {
        (void) oc_parse_fail(p, p->pos, "The name of a navigation property "
                             "is expected.");
        return NGX_ERROR;
    }

    item->slot = slot;
    item->type = *type;

    *type = property->type;
    p->pos += name->len;

    return NGX_OK;
}


/* $ref or $count, at the end of a path */

static ngx_int_t
oc_expand_kind(oc_parser_t *p, oc_expand_item_t *item)
{
    const u_char  *at;

    at = p->pos++;

    if (p->last - p->pos >= 3 && ngx_strncmp(p->pos, "ref", 3) == 0) {
        item->kind = OC_EXPAND_REF;
        p->pos += 3;
        return NGX_OK;
    }

    if (p->last - p->pos >= 5 && ngx_strncmp(p->pos, "count", 5) == 0) {
        item->kind = OC_EXPAND_COUNT;
        p->pos += 5;
        return NGX_OK;
    }

    (void) oc_parse_fail(p, at, "$ref or $count is expected.");

    return NGX_ERROR;
}


static ngx_int_t
oc_expand_add(oc_parser_t *p, oc_expand_t *expand,
    const oc_expand_item_t *item, const u_char *at)
{
    ngx_uint_t  i;

    for (i = 0; i < expand->n; i++) {

        if (expand->items[i].slot == item->slot
            && expand->items[i].cast != item->cast)
        {
            (void) oc_parse_unsupported(p, at, "The property cannot be "
                                        "expanded differently for some "
                                        "types.");
            return NGX_ERROR;
        }

        if (expand->items[i].slot == item->slot) {
            (void) oc_parse_fail(p, at, "The property is expanded twice.");
            return NGX_ERROR;
        }
    }

    /* fewer than a type has properties */

    expand->items[expand->n++] = *item;

    return NGX_OK;
}


static ngx_uint_t
oc_expand_navigates(const oc_type_t *type, ngx_uint_t slot)
{
    return type->properties[slot].edm == OC_EDM_ENTITY;
}
