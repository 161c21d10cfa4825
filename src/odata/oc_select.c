
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_query.h"
#include "oc_span.h"


static u_char *oc_select_copy_value(u_char *dst, oc_select_t *select,
    const ngx_str_t *inside, ngx_str_t *value);
static size_t oc_select_list_len(oc_select_t *select);
static u_char *oc_select_list(u_char *p, oc_select_t *select);
static u_char *oc_select_copy(u_char *dst, oc_select_t *select,
    const ngx_str_t *inside, ngx_str_t *json);


/*
 * Leaves in a rendered entity what $select asks for, and what tells about the
 * entity itself.
 */

ngx_int_t
oc_query_project(oc_query_t *query, ngx_str_t *json, ngx_str_t *result,
    ngx_pool_t *pool)
{
    u_char  *p;

    p = ngx_pnalloc(pool, json->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    result->len = oc_select_copy(p, &query->select, NULL, json) - p;
    result->data = p;

    return NGX_OK;
}


/* The same inside of the complex value, or the collection, of a property. */

static u_char *
oc_select_copy_value(u_char *dst, oc_select_t *select,
    const ngx_str_t *inside, ngx_str_t *value)
{
    u_char     *p, *last;
    ngx_str_t   item;

    if (value->data[0] == '{') {
        return oc_select_copy(dst, select, inside, value);
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

        dst = oc_select_copy_value(dst, select, inside, &item);
    }

    *dst++ = ']';

    return dst;
}


/* Copies members of an object; "inside" is the property whose value it is. */

static u_char *
oc_select_copy(u_char *dst, oc_select_t *select, const ngx_str_t *inside,
    ngx_str_t *json)
{
    u_char            *p, *next, *last, *at;
    ngx_str_t          name, value, about, *wanted;
    ngx_uint_t         i, whole, part;
    oc_select_item_t  *item;

    p = json->data + 1;
    last = json->data + json->len - 1;

    *dst++ = '{';

    for ( /* void */ ; ; p = next) {

        next = oc_span_next(p, last, &name, &value);
        if (next == NULL) {
            break;
        }

        whole = (name.len && name.data[0] == '@');
        part = 0;

        /* what is said about a property goes with it */

        about = name;
        at = ngx_strlchr(name.data, name.data + name.len, '@');

        if (at && !whole) {
            about.len = at - name.data;
        }

        for (i = 0; i < select->n; i++) {
            item = &select->items[i];

            if (inside) {
                wanted = &item->member;

                if (item->name.len != inside->len
                    || ngx_memcmp(item->name.data, inside->data, inside->len)
                       != 0)
                {
                    continue;
                }

            } else {
                wanted = &item->name;

                if (item->name.len == 1 && item->name.data[0] == '*') {
                    whole = 1;
                }
            }

            if (wanted->len != about.len
                || ngx_memcmp(wanted->data, about.data, about.len) != 0)
            {
                continue;
            }

            if (inside || item->member.len == 0 || about.len != name.len) {
                whole = 1;

            } else {
                part = 1;
            }
        }

        if (!whole && !part) {
            continue;
        }

        if (dst[-1] != '{') {
            *dst++ = ',';
        }

        *dst++ = '"';
        dst = ngx_cpymem(dst, name.data, name.len);
        *dst++ = '"';
        *dst++ = ':';

        if (whole) {
            dst = ngx_cpymem(dst, value.data, value.len);

        } else {
            dst = oc_select_copy_value(dst, select, &name, &value);
        }
    }

    *dst++ = '}';

    return dst;
}


/*
 * What the context URL says of the options (OData 4.01 Protocol, 10.9, 10.10),
 * for example (id,displayName,assignments()); empty without them.
 */

ngx_int_t
oc_query_shape(oc_query_t *query, ngx_str_t *shape, ngx_pool_t *pool)
{
    u_char  *p;
    size_t   len;

    ngx_str_null(shape);

    if (query->select.n == 0 && !query->expand) {
        return NGX_OK;
    }

    len = sizeof("(,assignments())") - 1 + oc_select_list_len(&query->select)
          + (query->expand_select ? oc_select_list_len(query->expand_select)
                                  : 0);

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    shape->data = p;

    *p++ = '(';

    p = oc_select_list(p, &query->select);

    if (query->expand) {

        if (query->select.n) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, "assignments(", sizeof("assignments(") - 1);

        if (query->expand_select) {
            p = oc_select_list(p, query->expand_select);
        }

        *p++ = ')';
    }

    *p++ = ')';

    shape->len = p - shape->data;

    return NGX_OK;
}


static size_t
oc_select_list_len(oc_select_t *select)
{
    size_t      len;
    ngx_uint_t  i;

    len = 0;

    for (i = 0; i < select->n; i++) {
        len += select->items[i].name.len + select->items[i].member.len + 2;
    }

    return len;
}


static u_char *
oc_select_list(u_char *p, oc_select_t *select)
{
    ngx_uint_t         i;
    oc_select_item_t  *item;

    for (i = 0; i < select->n; i++) {
        item = &select->items[i];

        if (i) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, item->name.data, item->name.len);

        if (item->member.len) {
            *p++ = '/';
            p = ngx_cpymem(p, item->member.data, item->member.len);
        }
    }

    return p;
}
