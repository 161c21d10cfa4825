
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_check.h"


/* a qualified name of the model is not longer */

#define OC_CHECK_NAME_LEN  128


static ngx_int_t oc_check_member(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_type_segment(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_function(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_lambda(oc_check_t *c, oc_expr_t *expr);
static ngx_uint_t oc_check_is_entity(const oc_expr_t *expr);
static ngx_int_t oc_check_collection(oc_check_t *c, const oc_expr_t *expr);


/* A step of a path: its type follows from that of what is before it. */

ngx_int_t
oc_check_path(oc_check_t *c, oc_expr_t *expr)
{
    if (oc_check_operand(c, expr->args) != NGX_OK) {
        return NGX_ERROR;
    }

    switch (expr->node) {

    case OC_NODE_MEMBER:
        return oc_check_member(c, expr);

    case OC_NODE_TYPE_SEGMENT:
        return oc_check_type_segment(c, expr);

    case OC_NODE_FUNCTION:
        return oc_check_function(c, expr);

    case OC_NODE_COUNT:
        if (oc_check_collection(c, expr) != NGX_OK) {
            return NGX_ERROR;
        }

        if (expr->nargs > 1) {
            return oc_check_fail(c->parser, expr, OC_QUERY_UNSUPPORTED,
                                 "Options of $count are not supported in an "
                                 "expression.");
        }

        expr->kind = OC_KIND_INT64;

        return NGX_OK;

    default: /* OC_NODE_ANY, OC_NODE_ALL */
        return oc_check_lambda(c, expr);
    }
}


static ngx_int_t
oc_check_member(oc_check_t *c, oc_expr_t *expr)
{
    ngx_int_t             slot;
    oc_expr_t            *base;
    const oc_property_t  *property;

    base = expr->args;

    if (base->collection) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "any, all or $count is expected behind a "
                             "collection.");
    }

    if (base->type == NULL) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "A value of a primitive type has no "
                             "properties.");
    }

    slot = oc_type_slot(base->type, expr->name.data, expr->name.len);

    if (slot >= 0) {
        property = &base->type->properties[slot];

        if (oc_check_is_entity(base)) {
            c->uses |= 1u << slot;
        }

    } else {
        property = oc_type_derived_property(base->type, expr->name.data,
                                            expr->name.len);
    }

    if (property == NULL) {

        /* the name of a type need not be qualified */

        if (oc_check_type_name(&expr->name)) {
            expr->node = OC_NODE_TYPE_SEGMENT;
            return oc_check_type_segment(c, expr);
        }

        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "There is no property of this name.");
    }

    expr->slot = slot;
    expr->property = property;
    expr->type = property->type;
    expr->collection = (property->flags & OC_PROPERTY_COLLECTION) != 0;

    switch (property->edm) {

    case OC_EDM_STRING:
        expr->kind = OC_KIND_STRING;
        break;

    case OC_EDM_INT32:
        expr->kind = OC_KIND_INT32;
        break;

    case OC_EDM_BOOLEAN:
        expr->kind = OC_KIND_BOOLEAN;
        break;

    case OC_EDM_DATETIMEOFFSET:
        expr->kind = OC_KIND_DATETIMEOFFSET;
        break;

    case OC_EDM_STREAM:
        expr->kind = OC_KIND_STREAM;
        break;

    case OC_EDM_COMPLEX:
        expr->kind = OC_KIND_COMPLEX;
        break;

    default: /* OC_EDM_ENTITY */
        expr->kind = OC_KIND_ENTITY;
    }

    return NGX_OK;
}


/* True if the node is the entity itself, under whatever type. */

static ngx_uint_t
oc_check_is_entity(const oc_expr_t *expr)
{
    while (expr->args
           && (expr->node == OC_NODE_TYPE_SEGMENT
               || expr->node == OC_NODE_CAST))
    {
        expr = expr->args;
    }

    return expr->node == OC_NODE_VARIABLE && expr->slot == 0;
}


static ngx_int_t
oc_check_type_segment(oc_check_t *c, oc_expr_t *expr)
{
    oc_expr_t        *base;
    const oc_type_t  *type;

    base = expr->args;

    if (base->collection) {
        return oc_check_fail(c->parser, expr, OC_QUERY_UNSUPPORTED,
                             "Casts of collections are not supported.");
    }

    type = oc_check_type_name(&expr->name);

    if (type == NULL) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "There is no type of this name.");
    }

    if (base->type == NULL
        || (!oc_type_derives(type, base->type)
            && !oc_type_derives(base->type, type)))
    {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "A type that is derived from that of the value "
                             "is expected.");
    }

    expr->kind = base->kind;
    expr->type = type;

    return NGX_OK;
}


/* The type of a name, qualified or not. */

const oc_type_t *
oc_check_type_name(const ngx_str_t *name)
{
    u_char  buf[OC_CHECK_NAME_LEN], *p;

    if (name->len == 0 || name->data[0] == '#') {
        return NULL;
    }

    if (memchr(name->data, '.', name->len)) {
        return oc_type_find(name->data, name->len);
    }

    if (name->len > sizeof(buf) - sizeof(OC_NAMESPACE)) {
        return NULL;
    }

    p = ngx_cpymem(buf, OC_NAMESPACE ".", sizeof(OC_NAMESPACE));
    p = ngx_cpymem(p, name->data, name->len);

    return oc_type_find(buf, p - buf);
}


/* A key, or a function: there is none that can be called in an expression. */

static ngx_int_t
oc_check_function(oc_check_t *c, oc_expr_t *expr)
{
    ngx_int_t         slot;
    const oc_type_t  *type;

    type = expr->args->type;

    if (type && !expr->args->collection) {
        slot = oc_type_slot(type, expr->name.data, expr->name.len);

        if (slot >= 0
            && type->properties[slot].edm == OC_EDM_ENTITY
            && (type->properties[slot].flags & OC_PROPERTY_COLLECTION))
        {
            return oc_check_fail(c->parser, expr, OC_QUERY_UNSUPPORTED,
                                 "Keys are not supported in expressions.");
        }
    }

    return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                         "There is no function of this name.");
}


static ngx_int_t
oc_check_collection(oc_check_t *c, const oc_expr_t *expr)
{
    const oc_expr_t  *base;

    base = expr->args;

    if (!base->collection || base->node == OC_NODE_LIST) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "There is no collection in front of this.");
    }

    return NGX_OK;
}


static ngx_int_t
oc_check_lambda(oc_check_t *c, oc_expr_t *expr)
{
    oc_expr_t  *base, *predicate;

    base = expr->args;
    predicate = base->next;

    expr->kind = OC_KIND_BOOLEAN;

    if (oc_check_collection(c, expr) != NGX_OK) {
        return NGX_ERROR;
    }

    if (predicate == NULL) {
        return NGX_OK;
    }

    c->vars[expr->slot].kind = base->kind;
    c->vars[expr->slot].type = base->type;

    if (oc_check_operand(c, predicate) != NGX_OK) {
        return NGX_ERROR;
    }

    return oc_check_boolean(c, predicate);
}
