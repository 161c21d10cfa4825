
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_batch.h"


static oc_batch_status_e oc_batch_groups(oc_batch_t *batch);
static ngx_int_t oc_batch_add(oc_batch_t *batch, oc_batch_item_t *item,
    ngx_str_t *name, u_char *set);
static oc_batch_status_e oc_batch_order(oc_batch_t *batch);
static ngx_uint_t oc_batch_ready(oc_batch_t *batch, oc_batch_item_t *item,
    u_char *done);


/* names of the service, which no id can stand for */

static const char  *oc_batch_reserved[] = {
    "batch", "metadata", "entity", "crossjoin", "all", NULL
};


/* Ids are unique without regard to case; an empty one is none. */

oc_batch_status_e
oc_batch_ids(oc_batch_t *batch)
{
    ngx_uint_t        i, j;
    oc_batch_item_t  *items;

    items = batch->items;

    for (i = 0; i < batch->nitems; i++) {
        for (j = 0; j < i; j++) {
            if (items[i].id.len && oc_batch_same(&items[i].id, &items[j].id)) {
                batch->message = "Two requests have the same id.";
                return OC_BATCH_MALFORMED;
            }
        }
    }

    return OC_BATCH_OK;
}


ngx_uint_t
oc_batch_same(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len
           && ngx_strncasecmp(a->data, b->data, a->len) == 0;
}


/*
 * Finds the groups, and which items each one has to wait for: those whose ids
 * or groups are its "counts" names of "names" (NULL: none), and the one that
 * its URL begins with.  An item that waits for itself is a mistake of the
 * whole batch.
 */

oc_batch_status_e
oc_batch_depend(oc_batch_t *batch, ngx_str_t **names, ngx_uint_t *counts)
{
    u_char              set[OC_BATCH_MAX_ITEMS];
    ngx_int_t           n;
    ngx_str_t           rest;
    ngx_uint_t          i, j, k;
    oc_batch_item_t    *item;
    oc_batch_status_e   status;

    status = oc_batch_groups(batch);

    if (status != OC_BATCH_OK) {
        return status;
    }

    for (i = 0; i < batch->nitems; i++) {
        item = &batch->items[i];

        ngx_memzero(set, sizeof(set));

        for (j = 0; counts && j < counts[i]; j++) {
            if (oc_batch_add(batch, item, &names[i][j], set) != NGX_OK) {
                batch->message = "A request depends on one that is not in the "
                                 "batch.";
                return OC_BATCH_MALFORMED;
            }
        }

        n = oc_batch_reference(batch, &item->url, &rest);

        if (n >= 0) {
            set[n] = 1;
        }

        if (item->group) {

            /* within a group the order is that of the document */

            for (j = 0; j < batch->nitems; j++) {
                if (set[j] && batch->items[j].group == item->group) {

                    if (j >= i) {
                        batch->message = "A request depends on a later one "
                                         "of its group.";
                        return OC_BATCH_MALFORMED;
                    }

                    set[j] = 0;
                }
            }
        }

        for (j = 0; j < batch->nitems; j++) {
            item->ndepends += set[j];
        }

        if (item->ndepends == 0) {
            continue;
        }

        item->depends = oc_arena_alloc(batch->arena,
                                       item->ndepends * sizeof(ngx_uint_t));
        if (item->depends == NULL) {
            return OC_BATCH_NO_MEMORY;
        }

        for (j = 0, k = 0; j < batch->nitems; j++) {
            if (set[j]) {
                item->depends[k++] = j;
            }
        }
    }

    return oc_batch_order(batch);
}


/* The same atomicityGroup is the same number. */

static oc_batch_status_e
oc_batch_groups(oc_batch_t *batch)
{
    ngx_uint_t        i, j;
    oc_batch_item_t  *items;

    items = batch->items;

    for (i = 0; i < batch->nitems; i++) {

        if (items[i].group_name.len == 0) {
            continue;
        }

        for (j = 0; j < i; j++) {
            if (oc_batch_same(&items[i].group_name, &items[j].group_name)) {
                items[i].group = items[j].group;
                break;
            }
        }

        if (items[i].group == 0) {
            items[i].group = ++batch->ngroups;
        }

        for (j = 0; j < batch->nitems; j++) {
            if (oc_batch_same(&items[i].group_name, &items[j].id)) {
                batch->message = "A group has the id of a request.";
                return OC_BATCH_MALFORMED;
            }
        }
    }

    return OC_BATCH_OK;
}


/* Adds the item, or the items of the group, that has this name. */

static ngx_int_t
oc_batch_add(oc_batch_t *batch, oc_batch_item_t *item, ngx_str_t *name,
    u_char *set)
{
    ngx_int_t         rc;
    ngx_uint_t        i;
    oc_batch_item_t  *other;

    rc = NGX_DECLINED;

    for (i = 0; i < batch->nitems; i++) {
        other = &batch->items[i];

        if (oc_batch_same(name, &other->id)
            || (name->len && oc_batch_same(name, &other->group_name)))
        {
            set[i] = 1;
            rc = NGX_OK;
        }
    }

    return rc;
}


/* There must be an order in which everything can be carried out. */

static oc_batch_status_e
oc_batch_order(oc_batch_t *batch)
{
    u_char       done[OC_BATCH_MAX_ITEMS];
    ngx_uint_t   i, j, group, progress, left, ready;

    ngx_memzero(done, sizeof(done));

    do {
        progress = 0;
        left = 0;

        for (i = 0; i < batch->nitems; i++) {

            if (done[i]) {
                continue;
            }

            left = 1;
            ready = 1;
            group = batch->items[i].group;

            for (j = i; j < batch->nitems; j++) {
                if (j == i || (group && batch->items[j].group == group)) {
                    ready &= oc_batch_ready(batch, &batch->items[j], done);
                }
            }

            if (!ready) {
                continue;
            }

            for (j = i; j < batch->nitems; j++) {
                if (j == i || (group && batch->items[j].group == group)) {
                    done[j] = 1;
                }
            }

            progress = 1;
        }

    } while (progress);

    if (left) {
        batch->message = "Requests depend on each other.";
        return OC_BATCH_MALFORMED;
    }

    return OC_BATCH_OK;
}


static ngx_uint_t
oc_batch_ready(oc_batch_t *batch, oc_batch_item_t *item, u_char *done)
{
    ngx_uint_t  i;

    for (i = 0; i < item->ndepends; i++) {
        if (!done[item->depends[i]]) {
            return 0;
        }
    }

    return 1;
}


/*
 * The number of the item whose id, with a dollar sign, is the first segment of
 * the URL (OData 4.01 Protocol, 11.7.3.1), and in "rest" what is behind it;
 * NGX_DECLINED if it is none.
 */

ngx_int_t
oc_batch_reference(oc_batch_t *batch, ngx_str_t *url, ngx_str_t *rest)
{
    u_char      *p, *last, *end;
    ngx_str_t    name;
    ngx_uint_t   i;

    if (url->len == 0) {
        return NGX_DECLINED;
    }

    p = url->data;
    last = p + url->len;

    if (*p == '/') {
        p++;
    }

    if (p == last || *p++ != '$') {
        return NGX_DECLINED;
    }

    for (end = p; end < last && *end != '/' && *end != '?'; end++) {
        /* void */
    }

    name.data = p;
    name.len = end - p;

    for (i = 0; oc_batch_reserved[i]; i++) {
        if (oc_batch_like(&name, oc_batch_reserved[i])) {
            return NGX_DECLINED;
        }
    }

    for (i = 0; i < batch->nitems; i++) {
        if (name.len && oc_batch_same(&name, &batch->items[i].id)) {
            rest->data = end;
            rest->len = last - end;
            return i;
        }
    }

    return NGX_DECLINED;
}
