
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_call.h"
#include "oc_check.h"
#include "oc_pattern.h"


/*
 * The types of a tree.  Two kinds of operands fit if one is null, both are
 * numbers, or both are the same.
 */

static ngx_int_t oc_check_single(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_node(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_list(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_call(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_pattern(oc_check_t *c, oc_expr_t *arg,
    oc_expr_t *expr);
static ngx_int_t oc_check_cast(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_logic(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_compare(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_in(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_negate(oc_check_t *c, oc_expr_t *expr);
static ngx_int_t oc_check_arithmetic(oc_check_t *c, oc_expr_t *expr);
static oc_kind_e oc_check_result(oc_arithmetic_e op, oc_kind_e one,
    oc_kind_e two);
static ngx_uint_t oc_check_fit(oc_expr_t *one, oc_expr_t *two);


/*
 * Checks a tree against the type of the entity and fills what its nodes say of
 * their types.  With "boolean" the whole is to be a Boolean.  NGX_ERROR, and
 * p->status, if it does not hold.
 */

ngx_int_t
oc_check(oc_parser_t *p, oc_expr_t *expr, ngx_uint_t boolean)
{
    oc_check_t  c;

    ngx_memzero(&c, sizeof(oc_check_t));

    c.parser = p;
    c.vars[0].kind = (p->parse->type->flags & OC_TYPE_ENTITY)
                     ? OC_KIND_ENTITY : OC_KIND_COMPLEX;
    c.vars[0].type = p->parse->type;

    if (oc_check_node(&c, expr) != NGX_OK) {
        return NGX_ERROR;
    }

    if (boolean && oc_check_boolean(&c, expr) != NGX_OK) {
        return NGX_ERROR;
    }

    expr->entity = p->parse->type;
    expr->uses = c.uses;

    return NGX_OK;
}


/* The first failure counts; returns NGX_ERROR. */

ngx_int_t
oc_check_fail(oc_parser_t *p, const oc_expr_t *expr,
    oc_query_status_e status, const char *message)
{
    const u_char     *start;
    const ngx_str_t  *alias;

    start = p->start;
    alias = p->alias;

    p->alias = expr->alias;

    if (status == OC_QUERY_UNSUPPORTED) {
        (void) oc_parse_unsupported(p, start + expr->position, message);

    } else {
        (void) oc_parse_fail(p, start + expr->position, message);
    }

    p->alias = alias;

    return NGX_ERROR;
}


ngx_int_t
oc_check_boolean(oc_check_t *c, const oc_expr_t *expr)
{
    if (expr->collection
        || (expr->kind != OC_KIND_BOOLEAN && expr->kind != OC_KIND_NULL))
    {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "A Boolean expression is expected.");
    }

    return NGX_OK;
}


/* Checks an operand that is to be a single value. */

static ngx_int_t
oc_check_single(oc_check_t *c, oc_expr_t *expr)
{
    if (oc_check_operand(c, expr) != NGX_OK) {
        return NGX_ERROR;
    }

    if (expr->collection) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "A single value, not a collection, is "
                             "expected.");
    }

    return NGX_OK;
}


ngx_int_t
oc_check_operand(oc_check_t *c, oc_expr_t *expr)
{
    return oc_check_node(c, expr);
}


static ngx_int_t
oc_check_node(oc_check_t *c, oc_expr_t *expr)
{
    const char         *message;
    oc_query_status_e   status;

    status = OC_QUERY_UNSUPPORTED;

    switch (expr->node) {

    case OC_NODE_LITERAL:
        expr->kind = expr->value.kind;
        return NGX_OK;

    case OC_NODE_VARIABLE:
        expr->kind = c->vars[expr->slot].kind;
        expr->type = c->vars[expr->slot].type;
        return NGX_OK;

    case OC_NODE_MEMBER:
    case OC_NODE_TYPE_SEGMENT:
    case OC_NODE_FUNCTION:
    case OC_NODE_COUNT:
    case OC_NODE_ANY:
    case OC_NODE_ALL:
        return oc_check_path(c, expr);

    case OC_NODE_LIST:
        return oc_check_list(c, expr);

    case OC_NODE_CALL:
        return oc_check_call(c, expr);

    case OC_NODE_CAST:
    case OC_NODE_ISOF:
        return oc_check_cast(c, expr);

    case OC_NODE_AND:
    case OC_NODE_OR:
    case OC_NODE_NOT:
        return oc_check_logic(c, expr);

    case OC_NODE_NEGATE:
        return oc_check_negate(c, expr);

    case OC_NODE_COMPARE:
        return oc_check_compare(c, expr);

    case OC_NODE_IN:
        return oc_check_in(c, expr);

    case OC_NODE_ARITHMETIC:
        return oc_check_arithmetic(c, expr);

    case OC_NODE_HAS:
        if (oc_check_single(c, expr->args) != NGX_OK) {
            return NGX_ERROR;
        }

        if (expr->args->next->node == OC_NODE_ENUM) {
            return oc_check_node(c, expr->args->next);
        }

        return oc_check_fail(c->parser, expr->args->next, OC_QUERY_MALFORMED,
                             "A value of an enumeration is expected.");

    case OC_NODE_ENUM:
        status = OC_QUERY_MALFORMED;
        message = "There is no enumeration type of this name.";
        break;

    case OC_NODE_GEO:
        message = "Values of geography and geometry types are not supported.";
        break;

    case OC_NODE_OBJECT:
        message = "Objects are not supported.";
        break;

    case OC_NODE_ANNOTATION:
        message = "Annotations are not supported in expressions.";
        break;

    case OC_NODE_FILTER:
        message = "$filter is not supported in paths.";
        break;

    case OC_NODE_CASE:
        message = "case is not supported.";
        break;

    case OC_NODE_IT:
        message = "$it is not supported in options of $expand.";
        break;

    default: /* OC_NODE_ROOT */
        message = "$root is not supported.";
    }

    return oc_check_fail(c->parser, expr, status, message);
}


/* A list of literals: of one type, or of numbers */

static ngx_int_t
oc_check_list(oc_check_t *c, oc_expr_t *expr)
{
    oc_expr_t  *item, *first;

    first = NULL;
    expr->collection = 1;
    expr->kind = OC_KIND_NULL;

    for (item = expr->args; item; item = item->next) {

        if (oc_check_node(c, item) != NGX_OK) {
            return NGX_ERROR;
        }

        if (item->collection || item->kind >= OC_KIND_BINARY) {
            return oc_check_fail(c->parser, item, OC_QUERY_UNSUPPORTED,
                                 "Only values of primitive types are "
                                 "supported in a list.");
        }

        if (first && !oc_check_fit(first, item)) {
            return oc_check_fail(c->parser, item, OC_QUERY_MALFORMED,
                                 "Values of the same type are expected in a "
                                 "list.");
        }

        if (item->kind != OC_KIND_NULL) {
            first = item;
            expr->kind = ngx_max(expr->kind, item->kind);
        }
    }

    return NGX_OK;
}


static ngx_int_t
oc_check_call(oc_check_t *c, oc_expr_t *expr)
{
    ngx_uint_t        i;
    oc_expr_t        *arg;
    const oc_call_t  *call;

    call = &oc_calls[expr->op];

    if (call->flags & OC_CALL_UNSUPPORTED) {
        return oc_check_fail(c->parser, expr, OC_QUERY_UNSUPPORTED,
                             "The function is not supported.");
    }

    expr->kind = call->result;

    for (arg = expr->args, i = 0; arg; arg = arg->next, i++) {

        if (oc_check_node(c, arg) != NGX_OK) {
            return NGX_ERROR;
        }

        if (arg->collection && (call->flags & OC_CALL_COLLECTIONS)) {
            return oc_check_fail(c->parser, arg, OC_QUERY_UNSUPPORTED,
                                 "The function is not supported for "
                                 "collections.");
        }

        if (arg->collection
            || (arg->kind != OC_KIND_NULL
                && !(call->args[i] & oc_kind_bit(arg->kind))))
        {
            return oc_check_fail(c->parser, arg, OC_QUERY_MALFORMED,
                                 call->expected);
        }

        if (i == 0 && (call->flags & OC_CALL_LIKE_FIRST)) {
            expr->kind = arg->kind;
        }
    }

    if (expr->op == OC_CALL_MATCHESPATTERN) {
        return oc_check_pattern(c, expr->args->next, expr);
    }

    return NGX_OK;
}


/* The pattern of matchesPattern() is compiled once. */

static ngx_int_t
oc_check_pattern(oc_check_t *c, oc_expr_t *arg, oc_expr_t *expr)
{
    oc_pattern_t       *pattern;
    oc_query_status_e   status;

    if (arg->node != OC_NODE_LITERAL) {
        return oc_check_fail(c->parser, arg, OC_QUERY_UNSUPPORTED,
                             "Only a literal is supported as a pattern.");
    }

    if (arg->kind == OC_KIND_NULL) {
        return NGX_OK;
    }

    status = oc_pattern_compile(&pattern, &arg->value.u.text,
                                c->parser->parse->pool);
    switch (status) {

    case OC_QUERY_OK:
        expr->data = pattern;
        return NGX_OK;

    case OC_QUERY_NO_MEMORY:
        (void) oc_parse_no_memory(c->parser);
        return NGX_ERROR;

    case OC_QUERY_UNSUPPORTED:
        return oc_check_fail(c->parser, arg, status, "The pattern, or a "
                             "repetition in it, is larger than supported.");

    default:
        return oc_check_fail(c->parser, arg, status, "A regular expression "
                             "of ECMAScript is expected.");
    }
}


/* cast() and isof(): between primitive types, or along those of the model */

static ngx_int_t
oc_check_cast(oc_check_t *c, oc_expr_t *expr)
{
    oc_kind_e         kind;
    oc_expr_t        *arg;
    const oc_type_t  *type, *of;
    oc_primitive_e    primitive;

    arg = expr->args;
    kind = c->vars[0].kind;
    of = c->vars[0].type;

    if (arg) {

        if (oc_check_node(c, arg) != NGX_OK) {
            return NGX_ERROR;
        }

        kind = arg->kind;
        of = arg->type;
    }

    if (expr->collection || (arg && arg->collection)) {
        return oc_check_fail(c->parser, expr, OC_QUERY_UNSUPPORTED,
                             "Casts of collections are not supported.");
    }

    primitive = oc_primitive_find(expr->name.data, expr->name.len);

    if (primitive != OC_PRIMITIVE_NONE) {

        if (primitive == OC_PRIMITIVE_GEO || primitive == OC_PRIMITIVE_STREAM
            || primitive == OC_PRIMITIVE_BINARY || kind == OC_KIND_STREAM
            || kind == OC_KIND_BINARY)
        {
            return oc_check_fail(c->parser, expr, OC_QUERY_UNSUPPORTED,
                                 "The cast is not supported.");
        }

        if (kind == OC_KIND_COMPLEX || kind == OC_KIND_ENTITY) {
            return oc_check_fail(c->parser, arg ? arg : expr,
                                 OC_QUERY_MALFORMED, "A value of a primitive "
                                 "type is expected.");
        }

        expr->op = primitive;
        expr->kind = (expr->node == OC_NODE_ISOF)
                     ? OC_KIND_BOOLEAN : oc_primitive_kind(primitive);

        return NGX_OK;
    }

    type = oc_check_type_name(&expr->name);

    if (type == NULL) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "There is no type of this name.");
    }

    if (kind != OC_KIND_NULL
        && (of == NULL
            || (!oc_type_derives(type, of) && !oc_type_derives(of, type))))
    {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "A type that is derived from that of the value "
                             "is expected.");
    }

    expr->op = (ngx_uint_t) OC_PRIMITIVE_NONE;
    expr->type = type;
    expr->kind = (expr->node == OC_NODE_ISOF)
                 ? OC_KIND_BOOLEAN
                 : (type->flags & OC_TYPE_ENTITY) ? OC_KIND_ENTITY
                                                  : OC_KIND_COMPLEX;

    return NGX_OK;
}


static ngx_int_t
oc_check_logic(oc_check_t *c, oc_expr_t *expr)
{
    oc_expr_t  *arg;

    for (arg = expr->args; arg; arg = arg->next) {

        if (oc_check_node(c, arg) != NGX_OK
            || oc_check_boolean(c, arg) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    expr->kind = OC_KIND_BOOLEAN;

    return NGX_OK;
}


static ngx_int_t
oc_check_compare(oc_check_t *c, oc_expr_t *expr)
{
    oc_expr_t   *one, *two;
    ngx_uint_t   equality;

    one = expr->args;
    two = one->next;
    equality = (expr->op == OC_COMPARE_EQ || expr->op == OC_COMPARE_NE);

    if (oc_check_node(c, one) != NGX_OK || oc_check_node(c, two) != NGX_OK) {
        return NGX_ERROR;
    }

    expr->kind = OC_KIND_BOOLEAN;

    if (one->collection || two->collection) {
        return oc_check_fail(c->parser, expr,
                             equality ? OC_QUERY_UNSUPPORTED
                                      : OC_QUERY_MALFORMED,
                             "Collections cannot be compared.");
    }

    if (!oc_check_fit(one, two)) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "Values of these types cannot be compared.");
    }

    if (ngx_max(one->kind, two->kind) < OC_KIND_BINARY) {
        return NGX_OK;
    }

    /* what has no order is null or not */

    if (!equality) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "Values of these types have no order.");
    }

    if (one->kind != OC_KIND_NULL && two->kind != OC_KIND_NULL) {
        return oc_check_fail(c->parser, expr,
                             (one->kind >= OC_KIND_COMPLEX)
                             ? OC_QUERY_UNSUPPORTED : OC_QUERY_MALFORMED,
                             "Values of these types can only be compared to "
                             "null.");
    }

    return NGX_OK;
}


static ngx_int_t
oc_check_in(oc_check_t *c, oc_expr_t *expr)
{
    oc_expr_t  *one, *list;

    one = expr->args;
    list = one->next;

    expr->kind = OC_KIND_BOOLEAN;

    if (oc_check_single(c, one) != NGX_OK
        || oc_check_node(c, list) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!list->collection && list->kind != OC_KIND_NULL) {
        return oc_check_fail(c->parser, list, OC_QUERY_MALFORMED,
                             "A collection is expected.");
    }

    if (ngx_max(one->kind, list->kind) >= OC_KIND_BINARY) {
        return oc_check_fail(c->parser, expr, OC_QUERY_UNSUPPORTED,
                             "Only values of primitive types can be looked "
                             "for.");
    }

    if (!oc_check_fit(one, list)) {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "Values of these types cannot be compared.");
    }

    return NGX_OK;
}


static ngx_int_t
oc_check_negate(oc_check_t *c, oc_expr_t *expr)
{
    oc_expr_t  *arg;

    arg = expr->args;

    if (oc_check_single(c, arg) != NGX_OK) {
        return NGX_ERROR;
    }

    if (arg->kind != OC_KIND_NULL && arg->kind != OC_KIND_DURATION
        && !oc_kind_is_number(arg->kind))
    {
        return oc_check_fail(c->parser, arg, OC_QUERY_MALFORMED,
                             "A number or a duration is expected.");
    }

    expr->kind = arg->kind;

    return NGX_OK;
}


static ngx_int_t
oc_check_arithmetic(oc_check_t *c, oc_expr_t *expr)
{
    oc_expr_t  *one, *two;

    one = expr->args;
    two = one->next;

    if (oc_check_single(c, one) != NGX_OK
        || oc_check_single(c, two) != NGX_OK)
    {
        return NGX_ERROR;
    }

    expr->kind = oc_check_result(expr->op, one->kind, two->kind);

    if (expr->kind == OC_KIND_NULL
        && one->kind != OC_KIND_NULL && two->kind != OC_KIND_NULL)
    {
        return oc_check_fail(c->parser, expr, OC_QUERY_MALFORMED,
                             "Operands of other types are expected.");
    }

    return NGX_OK;
}


/* The type of a result (5.1.1.2, 5.1.1.15); null if there is none */

static oc_kind_e
oc_check_result(oc_arithmetic_e op, oc_kind_e one, oc_kind_e two)
{
    if (oc_kind_is_number(one) && oc_kind_is_number(two)) {

        if (op == OC_ARITHMETIC_DIVBY) {
            return ngx_max(ngx_max(one, two), OC_KIND_DECIMAL);
        }

        return ngx_max(ngx_max(one, two), OC_KIND_INT64);
    }

    switch (op) {

    case OC_ARITHMETIC_ADD:
        if (two == OC_KIND_DURATION
            && (one == OC_KIND_DATETIMEOFFSET || one == OC_KIND_DATE
                || one == OC_KIND_DURATION))
        {
            return one;
        }

        break;

    case OC_ARITHMETIC_SUB:
        if (two == OC_KIND_DURATION
            && (one == OC_KIND_DATETIMEOFFSET || one == OC_KIND_DATE
                || one == OC_KIND_DURATION))
        {
            return one;
        }

        if (one == two
            && (one == OC_KIND_DATETIMEOFFSET || one == OC_KIND_DATE))
        {
            return OC_KIND_DURATION;
        }

        break;

    case OC_ARITHMETIC_MUL:
        if (one == OC_KIND_DURATION && oc_kind_is_number(two)) {
            return one;
        }

        if (two == OC_KIND_DURATION && oc_kind_is_number(one)) {
            return two;
        }

        break;

    case OC_ARITHMETIC_DIV:
    case OC_ARITHMETIC_DIVBY:
        if (one == OC_KIND_DURATION && oc_kind_is_number(two)) {
            return one;
        }

        break;

    default:
        break;
    }

    return OC_KIND_NULL;
}


/* Two kinds fit; a literal '…' becomes a duration where one is. */

static ngx_uint_t
oc_check_fit(oc_expr_t *one, oc_expr_t *two)
{
    oc_expr_t  *text, *other;
    oc_time_t   time;
    ngx_str_t  *s;

    if (one->kind == OC_KIND_NULL || two->kind == OC_KIND_NULL
        || one->kind == two->kind
        || (oc_kind_is_number(one->kind) && oc_kind_is_number(two->kind)))
    {
        return 1;
    }

    text = (one->kind == OC_KIND_STRING) ? one : two;
    other = (text == one) ? two : one;

    if (text->node != OC_NODE_LITERAL || text->kind != OC_KIND_STRING
        || other->kind != OC_KIND_DURATION || other->collection)
    {
        return 0;
    }

    s = &text->value.u.text;

    if (s->len == 0 || oc_duration_scan(&time, s->data, s->len) != s->len) {
        return 0;
    }

    text->kind = OC_KIND_DURATION;
    text->value.kind = OC_KIND_DURATION;
    text->value.u.time = time;

    return 1;
}
