
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_expr.h"
#include "oc_span.h"


static u_char *oc_select_copy_value(u_char *dst, const oc_select_t *select,
    const oc_type_t *type, const ngx_str_t *inside, ngx_str_t *value);
static u_char *oc_select_copy(u_char *dst, const oc_select_t *select,
    const oc_type_t *type, const ngx_str_t *inside, const ngx_str_t *json);
static ngx_uint_t oc_select_item(const oc_select_item_t *item,
    const oc_type_t *type, const ngx_str_t *inside, const oc_type_t *within,
    const ngx_str_t *name);
static size_t oc_select_list_len(const oc_select_t *select);
static u_char *oc_select_list(u_char *p, const oc_select_t *select);
static u_char *oc_select_cast(u_char *p, const oc_type_t *type);


/* what an item says of a member */

#define OC_SELECT_NOTHING  0
#define OC_SELECT_PART     1      /* of its value */
#define OC_SELECT_WHOLE    2

/* how much longer a cast makes an item of a list, besides the type's name */

#define OC_SELECT_CAST_LEN  (sizeof(OC_NAMESPACE "./") - 1)


/*
 * Leaves in a rendered entity what $select asks for, and what tells about the
 * entity itself.
 */

ngx_int_t
oc_select_project(const oc_select_t *select, const ngx_str_t *json,
    ngx_str_t *result, ngx_pool_t *pool)
{
    u_char  *p;

    p = ngx_pnalloc(pool, json->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    result->len = oc_select_copy(p, select, oc_select_type(json), NULL, json)
                  - p;
    result->data = p;

    return NGX_OK;
}


/*
 * The type that a rendered object names, which it does in front of its
 * properties; NULL if it is of the declared one.
 */

const oc_type_t *
oc_select_type(const ngx_str_t *json)
{
    u_char     *p, *last;
    ngx_str_t   name, value;

    last = json->data + json->len - 1;

    for (p = json->data + 1; /* void */ ; ) {

        p = oc_span_next(p, last, &name, &value);

        if (p == NULL || name.len == 0 || name.data[0] != '@') {
            return NULL;
        }

        if (name.len == sizeof("@odata.type") - 1
            && ngx_strncmp(name.data, "@odata.type",
                           sizeof("@odata.type") - 1)
               == 0)
        {
            return oc_type_find(value.data + 1, value.len - 2);
        }
    }
}


/* The same inside of the complex value, or the collection, of a property. */

static u_char *
oc_select_copy_value(u_char *dst, const oc_select_t *select,
    const oc_type_t *type, const ngx_str_t *inside, ngx_str_t *value)
{
    u_char     *p, *last;
    ngx_str_t   item;

    if (value->data[0] == '{') {
        return oc_select_copy(dst, select, type, inside, value);
    }

    if (value->data[0] != '[') {
        return ngx_cpymem(dst, value->data, value->len);
    }

    last = value->data + value->len - 1;

    *dst++ = '[';

    for (p = value->data + 1; p < last; p = item.data + item.len + 1) {
        item.data = p;
        item.len = oc_span_end(p, last) - p;

        if (dst[-1] != '[') {
            *dst++ = ',';
        }

        dst = oc_select_copy_value(dst, select, type, inside, &item);
    }

    *dst++ = ']';

    return dst;
}


/*
 * Copies members of an object; "type" is that of the entity, "inside" the
 * property whose value the object is.
 */

static u_char *
oc_select_copy(u_char *dst, const oc_select_t *select, const oc_type_t *type,
    const ngx_str_t *inside, const ngx_str_t *json)
{
    u_char           *p, *next, *last, *at;
    ngx_str_t         name, value, about;
    ngx_uint_t        i, what, found;
    const oc_type_t  *within;

    p = json->data + 1;
    last = json->data + json->len - 1;

    within = inside ? oc_select_type(json) : NULL;

    *dst++ = '{';

    for ( /* void */ ; ; p = next) {

        next = oc_span_next(p, last, &name, &value);
        if (next == NULL) {
            break;
        }

        what = (name.len && name.data[0] == '@') ? OC_SELECT_WHOLE
                                                 : OC_SELECT_NOTHING;

        /* what is said about a property goes with it */

        about = name;
        at = ngx_strlchr(name.data, name.data + name.len, '@');

        if (at) {
            about.len = at - name.data;
        }

        for (i = 0; i < select->n && what != OC_SELECT_WHOLE; i++) {

            found = oc_select_item(&select->items[i], type, inside, within,
                                   &about);

            what = ngx_max(what, found);
        }

        if (what == OC_SELECT_NOTHING) {
            continue;
        }

        if (dst[-1] != '{') {
            *dst++ = ',';
        }

        *dst++ = '"';
        dst = ngx_cpymem(dst, name.data, name.len);
        *dst++ = '"';
        *dst++ = ':';

        if (what == OC_SELECT_WHOLE || at) {
            dst = ngx_cpymem(dst, value.data, value.len);

        } else {
            dst = oc_select_copy_value(dst, select, type, &name, &value);
        }
    }

    *dst++ = '}';

    return dst;
}


/* What an item of $select says of the member "name". */

static ngx_uint_t
oc_select_item(const oc_select_item_t *item, const oc_type_t *type,
    const ngx_str_t *inside, const oc_type_t *within, const ngx_str_t *name)
{
    const ngx_str_t  *wanted;

    if (!oc_select_applies(item->type, type)) {
        return OC_SELECT_NOTHING;
    }

    wanted = &item->name;

    if (inside) {

        if (item->name.len != inside->len
            || ngx_memcmp(item->name.data, inside->data, inside->len) != 0
            || !oc_select_applies(item->within, within))
        {
            return OC_SELECT_NOTHING;
        }

        if (item->member.len == 0) {
            return OC_SELECT_WHOLE;
        }

        wanted = &item->member;

    } else if (item->name.len == 1 && item->name.data[0] == '*') {
        return OC_SELECT_WHOLE;
    }

    if (wanted->len != name->len
        || ngx_memcmp(wanted->data, name->data, name->len) != 0)
    {
        return OC_SELECT_NOTHING;
    }

    return (inside || (item->member.len == 0 && item->within == NULL))
           ? OC_SELECT_WHOLE : OC_SELECT_PART;
}


ngx_int_t
oc_select_shape(const oc_select_t *select, const oc_expand_t *expand,
    ngx_str_t *shape, ngx_pool_t *pool)
{
    u_char                  *p;
    size_t                   len;
    ngx_uint_t               i;
    const oc_expand_item_t  *item;

    ngx_str_null(shape);

    if (select->n == 0 && expand->n == 0) {
        return NGX_OK;
    }

    len = sizeof("()") - 1 + oc_select_list_len(select);

    for (i = 0; i < expand->n; i++) {
        item = &expand->items[i];

        len += sizeof(",()") - 1 + OC_SELECT_CAST_LEN + item->type->name.len
               + item->type->properties[item->slot].name.len
               + oc_select_list_len(&item->select);
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    shape->data = p;

    *p++ = '(';

    p = oc_select_list(p, select);

    for (i = 0; i < expand->n; i++) {
        item = &expand->items[i];

        if (p[-1] != '(') {
            *p++ = ',';
        }

        if (item->cast) {
            p = oc_select_cast(p, item->cast);
            *p++ = '/';
        }

        p = ngx_cpymem(p, item->type->properties[item->slot].name.data,
                       item->type->properties[item->slot].name.len);

        *p++ = '(';
        p = oc_select_list(p, &item->select);
        *p++ = ')';
    }

    *p++ = ')';

    shape->len = p - shape->data;

    return NGX_OK;
}


static size_t
oc_select_list_len(const oc_select_t *select)
{
    size_t                   len;
    ngx_uint_t               i;
    const oc_select_item_t  *item;

    len = 0;

    for (i = 0; i < select->n; i++) {
        item = &select->items[i];

        len += item->name.len + item->member.len + sizeof(",/") - 1;

        if (item->type) {
            len += OC_SELECT_CAST_LEN + item->type->name.len;
        }

        if (item->within) {
            len += OC_SELECT_CAST_LEN + item->within->name.len;
        }
    }

    return len;
}


static u_char *
oc_select_list(u_char *p, const oc_select_t *select)
{
    ngx_uint_t               i;
    const oc_select_item_t  *item;

    for (i = 0; i < select->n; i++) {
        item = &select->items[i];

        if (i) {
            *p++ = ',';
        }

        if (item->type) {
            p = oc_select_cast(p, item->type);
            *p++ = '/';
        }

        p = ngx_cpymem(p, item->name.data, item->name.len);

        if (item->within) {
            *p++ = '/';
            p = oc_select_cast(p, item->within);
        }

        if (item->member.len) {
            *p++ = '/';
            p = ngx_cpymem(p, item->member.data, item->member.len);
        }
    }

    return p;
}


static u_char *
oc_select_cast(u_char *p, const oc_type_t *type)
{
    p = ngx_cpymem(p, OC_NAMESPACE ".", sizeof(OC_NAMESPACE ".") - 1);

    return ngx_cpymem(p, type->name.data, type->name.len);
}
