
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_eval.h"
#include "oc_span.h"


static oc_eval_status_e oc_eval_member(oc_eval_t *eval,
    const oc_expr_t *expr, ngx_str_t *json);
static oc_eval_status_e oc_eval_find(oc_eval_t *eval,
    const ngx_str_t *object, const ngx_str_t *name, ngx_str_t *json);
static oc_eval_status_e oc_eval_lambda(oc_eval_t *eval,
    const oc_expr_t *expr, oc_value_t *value);
static ngx_uint_t oc_eval_integer(const ngx_str_t *json, int64_t *n);


/* The value of a path. */

oc_eval_status_e
oc_eval_path(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    u_char            *pos;
    int64_t            n;
    ngx_str_t          json, item;
    const oc_type_t   *type;
    oc_eval_status_e   status;

    switch (expr->node) {

    case OC_NODE_VARIABLE:
        *value = eval->vars[expr->slot];
        return OC_EVAL_OK;

    case OC_NODE_MEMBER:
        status = oc_eval_member(eval, expr, &json);

        if (status != OC_EVAL_OK) {
            return status;
        }

        return oc_eval_json(eval, expr->kind, &json, value);

    case OC_NODE_TYPE_SEGMENT:
        status = oc_eval_node(eval, expr->args, value);

        if (status != OC_EVAL_OK || value->kind == OC_KIND_NULL) {
            return status;
        }

        status = oc_eval_type(eval, &value->u.text, expr->args->type, &type);

        if (status == OC_EVAL_OK
            && (type == NULL || !oc_type_derives(type, expr->type)))
        {
            value->kind = OC_KIND_NULL;
        }

        return status;

    case OC_NODE_COUNT:
        status = oc_eval_array(eval, expr->args, &json);

        if (status != OC_EVAL_OK) {
            return status;
        }

        status = oc_eval_charge(eval, json.len);

        if (status != OC_EVAL_OK) {
            return status;
        }

        n = 0;

        for (pos = oc_eval_item(&json, NULL, &item); pos;
             pos = oc_eval_item(&json, pos, &item))
        {
            n++;
        }

        value->kind = OC_KIND_INT64;
        value->u.integer = n;

        return OC_EVAL_OK;

    default: /* OC_NODE_ANY, OC_NODE_ALL */
        return oc_eval_lambda(eval, expr, value);
    }
}


/* The JSON of a property; empty if it is not there. */

static oc_eval_status_e
oc_eval_member(oc_eval_t *eval, const oc_expr_t *expr, ngx_str_t *json)
{
    oc_value_t         object;
    const oc_expr_t   *base;
    oc_eval_status_e   status;

    base = expr->args;

    if (base->node == OC_NODE_VARIABLE && base->slot == 0) {
        return oc_eval_slot(eval, expr->slot, json);
    }

    ngx_str_null(json);

    status = oc_eval_node(eval, base, &object);

    if (status != OC_EVAL_OK || object.kind == OC_KIND_NULL) {
        return status;
    }

    if (object.u.text.data == eval->subject->json.data && expr->slot >= 0) {
        return oc_eval_slot(eval, expr->slot, json);
    }

    return oc_eval_find(eval, &object.u.text, &expr->name, json);
}


/*
 * The JSON of a property of the entity.  The first time that one is asked for,
 * the object is read until all are found that the tree uses.
 */

oc_eval_status_e
oc_eval_slot(oc_eval_t *eval, ngx_uint_t slot, ngx_str_t *json)
{
    u_char            *p, *last;
    ngx_str_t          name, value;
    ngx_uint_t         missing, i;
    oc_eval_status_e   status;

    if (eval->found & (1u << slot)) {
        *json = eval->values[slot];
        return OC_EVAL_OK;
    }

    missing = (eval->wanted | 1u << slot) & ~eval->found;
    eval->found |= missing;

    for (i = 0; i < eval->type->nproperties; i++) {
        if (missing & (1u << i)) {
            ngx_str_null(&eval->values[i]);
        }
    }

    p = eval->subject->json.data;
    last = p + eval->subject->json.len;

    if (last - p >= 2 && *p == '{' && last[-1] == '}') {
        last--;

        for (p++; missing && p < last; /* void */ ) {

            p = oc_span_next(p, last, &name, &value);
            if (p == NULL) {
                break;
            }

            for (i = 0; i < eval->type->nproperties; i++) {

                if ((missing & (1u << i))
                    && eval->type->properties[i].name.len == name.len
                    && ngx_memcmp(eval->type->properties[i].name.data,
                                  name.data, name.len)
                       == 0)
                {
                    eval->values[i] = value;
                    missing &= ~(1u << i);
                    break;
                }
            }
        }
    }

    status = oc_eval_charge(eval, (p ? p : last) - eval->subject->json.data);

    *json = eval->values[slot];

    return status;
}


/* The JSON of a member of an object; empty if there is none. */

static oc_eval_status_e
oc_eval_find(oc_eval_t *eval, const ngx_str_t *object, const ngx_str_t *name,
    ngx_str_t *json)
{
    u_char     *p, *last;
    ngx_str_t   member, value;

    ngx_str_null(json);

    p = object->data;
    last = p + object->len;

    if (last - p < 2 || *p != '{' || last[-1] != '}') {
        return OC_EVAL_OK;
    }

    last--;

    for (p++; p && p < last; /* void */ ) {

        p = oc_span_next(p, last, &member, &value);

        if (p && member.len == name->len
            && ngx_memcmp(member.data, name->data, name->len) == 0)
        {
            *json = value;
            break;
        }
    }

    return oc_eval_charge(eval, (p ? p : last) - object->data);
}


/* The type of an object: what its @odata.type says, or the declared one. */

oc_eval_status_e
oc_eval_type(oc_eval_t *eval, const ngx_str_t *object,
    const oc_type_t *declared, const oc_type_t **type)
{
    ngx_str_t         json;
    oc_eval_status_e  status;

    static const ngx_str_t  name = ngx_string("@odata.type");

    *type = declared;

    status = oc_eval_find(eval, object, &name, &json);

    if (status == OC_EVAL_OK && json.len > 2 && json.data[0] == '"') {
        *type = oc_type_find(json.data + 1, json.len - 2);
    }

    return status;
}


/*
 * The JSON array that a path stands for; empty if it is null, or is not there.
 */

oc_eval_status_e
oc_eval_array(oc_eval_t *eval, const oc_expr_t *expr, ngx_str_t *array)
{
    oc_eval_status_e  status;

    status = oc_eval_member(eval, expr, array);

    if (status == OC_EVAL_OK
        && (array->len < 2 || array->data[0] != '['
            || array->data[array->len - 1] != ']'))
    {
        ngx_str_null(array);
    }

    return status;
}


/*
 * The next item of an array, the first one with "pos" NULL.  Returns what to
 * ask with for the one behind it, or NULL if there is none.
 */

u_char *
oc_eval_item(const ngx_str_t *array, u_char *pos, ngx_str_t *item)
{
    u_char  *last;

    if (array->len < 2) {
        return NULL;
    }

    last = array->data + array->len - 1;

    if (pos == NULL) {
        pos = array->data + 1;
    }

    if (pos >= last) {
        return NULL;
    }

    item->data = pos;
    item->len = oc_span_end(pos, last) - pos;

    /* behind the comma */

    return pos + item->len + 1;
}


static oc_eval_status_e
oc_eval_lambda(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    u_char            *pos;
    ngx_str_t          array, item;
    ngx_uint_t         any, matches;
    const oc_expr_t   *base, *predicate;
    oc_eval_status_e   status;

    base = expr->args;
    predicate = base->next;
    any = (expr->node == OC_NODE_ANY);

    status = oc_eval_array(eval, base, &array);

    if (status != OC_EVAL_OK) {
        return status;
    }

    if (predicate == NULL) {
        oc_value_boolean(value, oc_eval_item(&array, NULL, &item) != NULL);
        return OC_EVAL_OK;
    }

    for (pos = oc_eval_item(&array, NULL, &item); pos;
         pos = oc_eval_item(&array, pos, &item))
    {
        status = oc_eval_charge(eval, item.len);

        if (status == OC_EVAL_OK) {
            status = oc_eval_json(eval, base->kind, &item,
                                  &eval->vars[expr->slot]);
        }

        if (status == OC_EVAL_OK) {
            status = oc_eval_node(eval, predicate, value);
        }

        if (status != OC_EVAL_OK) {
            return status;
        }

        matches = (value->kind != OC_KIND_NULL && value->u.integer);

        if (matches == any) {
            oc_value_boolean(value, any);
            return OC_EVAL_OK;
        }
    }

    oc_value_boolean(value, !any);

    return OC_EVAL_OK;
}


/*
 * The value of some JSON that is of "kind", null if it is of no such kind.  A
 * string is copied only if there is an escape in it.
 */

oc_eval_status_e
oc_eval_json(oc_eval_t *eval, oc_kind_e kind, const ngx_str_t *json,
    oc_value_t *value)
{
    u_char            *p;
    size_t             len;
    oc_eval_status_e   status;

    value->kind = OC_KIND_NULL;

    if (json->len == 0) {
        return OC_EVAL_OK;
    }

    switch (kind) {

    case OC_KIND_BOOLEAN:
        if (*json->data == 't' || *json->data == 'f') {
            oc_value_boolean(value, *json->data == 't');
        }

        return OC_EVAL_OK;

    case OC_KIND_INT32:
    case OC_KIND_INT64:
        if (oc_eval_integer(json, &value->u.integer)) {
            value->kind = kind;
        }

        return OC_EVAL_OK;

    case OC_KIND_COMPLEX:
    case OC_KIND_ENTITY:
        if (*json->data == '{') {
            value->kind = kind;
            value->u.text = *json;
        }

        return OC_EVAL_OK;

    default:
        break;
    }

    if (json->len < 2 || *json->data != '"') {
        return OC_EVAL_OK;
    }

    p = json->data + 1;
    len = json->len - 2;

    if (kind == OC_KIND_DATETIMEOFFSET) {

        if (oc_datetimeoffset_scan(&value->u.time, p, len) == len) {
            value->kind = kind;
        }

        return OC_EVAL_OK;
    }

    /* a string, or a stream that is looked at for being null only */

    value->kind = kind;
    value->u.text.data = p;
    value->u.text.len = len;

    if (kind == OC_KIND_STRING && memchr(p, '\\', len)) {
        status = oc_eval_alloc(eval, len, &value->u.text.data);

        if (status != OC_EVAL_OK) {
            return status;
        }

        ngx_memcpy(value->u.text.data, p, len);
        value->u.text.len = oc_span_unescape(value->u.text.data, len);

        return oc_eval_charge(eval, len);
    }

    return OC_EVAL_OK;
}


static ngx_uint_t
oc_eval_integer(const ngx_str_t *json, int64_t *n)
{
    size_t      i;
    int64_t     value;
    ngx_uint_t  negative;

    i = 0;
    value = 0;
    negative = (json->data[0] == '-');

    /* the digits of any Int64 but the least */

    if (json->len - negative == 0 || json->len - negative > 18) {
        return 0;
    }

    for (i = negative; i < json->len; i++) {

        if (json->data[i] < '0' || json->data[i] > '9') {
            return 0;
        }

        value = value * 10 + (json->data[i] - '0');
    }

    *n = negative ? -value : value;

    return 1;
}
