
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"


static void oc_store_scanned(oc_redis_op_t *op, void *data);
static ngx_int_t oc_store_place_read(oc_store_place_t *place,
    oc_redis_reply_t **elements, ngx_uint_t priority);
static void oc_store_picked(oc_redis_op_t *op, void *data);
static void oc_store_expanded_read(oc_redis_op_t *op, void *data);
static void oc_store_got_secret(oc_redis_op_t *op, void *data);


/*
 * Reads configurations behind scan->after: OC_STORE_OK, call->page, and where
 * to go on, scan->next.  "scan" must live as long as the call.
 */

ngx_int_t
oc_store_scan(oc_store_call_t *call, oc_store_scan_t *scan)
{
    u_char      *p;
    ngx_str_t    argv[10];
    ngx_uint_t   i;

    p = ngx_pnalloc(call->pool, NGX_INT32_LEN + 2 * NGX_INT_T_LEN
                                + NGX_SIZE_T_LEN);
    if (p == NULL
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_CONFIGURATIONS, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 2; i < 10; i++) {
        ngx_str_null(&argv[i]);
    }

    if (scan->priority) {
        ngx_str_set(&argv[2], "p");

        if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                         OC_KEY_PRIORITIES, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else {
        ngx_str_set(&argv[2], "i");

        if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                         OC_KEY_IDS, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (scan->descending) {
        ngx_str_set(&argv[3], "1");
    }

    argv[4] = scan->after.id;

    argv[5].data = p;
    p = ngx_sprintf(p, "%D", scan->after.priority);
    argv[5].len = p - argv[5].data;

    argv[6].data = p;
    p = ngx_sprintf(p, "%ui", scan->skip);
    argv[6].len = p - argv[6].data;

    argv[7].data = p;
    p = ngx_sprintf(p, "%ui", scan->limit);
    argv[7].len = p - argv[7].data;

    argv[8].data = p;
    p = ngx_sprintf(p, "%uz", scan->bytes);
    argv[8].len = p - argv[8].data;

    if (scan->type) {
        argv[9] = scan->type->name;
    }

    call->scan = scan;
    call->page = NULL;
    call->npage = 0;

    return oc_store_script(call, OC_REDIS_OP_READ, &oc_store_scan_script, 2,
                           argv, 10, OC_STORE_ENTITY_SIZE, oc_store_scanned);
}


static void
oc_store_scanned(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_store_scan_t   *scan;
    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    scan = call->scan;
    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements < 3
        || reply->elements[2]->type != OC_REDIS_REPLY_INTEGER
        || oc_store_place_read(&scan->next, reply->elements, scan->priority)
           != NGX_OK)
    {
        oc_store_failed(call);
        return;
    }

    scan->examined = reply->elements[2]->integer;

    /* it would go on for ever */

    if (scan->examined == 0 && scan->next.id.len) {
        oc_store_failed(call);
        return;
    }

    if (oc_store_page(call, reply, 3) == NGX_OK) {
        call->status = OC_STORE_OK;
        call->handler(call);
    }
}


static ngx_int_t
oc_store_place_read(oc_store_place_t *place, oc_redis_reply_t **elements,
    ngx_uint_t priority)
{
    u_char     *p;
    size_t      len;
    ngx_int_t   n;

    if (elements[0]->type != OC_REDIS_REPLY_STRING
        || elements[1]->type != OC_REDIS_REPLY_STRING)
    {
        return NGX_ERROR;
    }

    place->id = elements[0]->str;
    place->priority = 0;

    if (!priority || place->id.len == 0) {
        return NGX_OK;
    }

    p = elements[1]->str.data;
    len = elements[1]->str.len;

    if (len && *p == '-') {
        n = ngx_atoi(p + 1, len - 1);

        if (n == NGX_ERROR || n > 2147483648) {
            return NGX_ERROR;
        }

        n = -n;

    } else {
        n = ngx_atoi(p, len);

        if (n == NGX_ERROR || n > 2147483647) {
            return NGX_ERROR;
        }
    }

    place->priority = (int32_t) n;

    return NGX_OK;
}


/*
 * Reads the configurations with these ids: OC_STORE_OK, call->page, in their
 * order; one that is not there is an empty string.
 */

ngx_int_t
oc_store_pick(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n)
{
    ngx_str_t   *argv;
    ngx_uint_t   i;

    argv = ngx_palloc(call->pool, (n + 2) * sizeof(ngx_str_t));
    if (argv == NULL
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_CONFIGURATIONS, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&argv[0], "HMGET");

    for (i = 0; i < n; i++) {
        argv[2 + i] = ids[i];
    }

    call->npage = n;

    return oc_store_command(call, OC_REDIS_OP_READ, argv, n + 2,
                            OC_STORE_ENTITY_SIZE, oc_store_picked);
}


static void
oc_store_picked(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_str_t          etag;
    ngx_uint_t         i;
    oc_redis_reply_t  *reply, *item;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_ARRAY
        || reply->nelements != call->npage)
    {
        oc_store_failed(call);
        return;
    }

    call->page = ngx_pcalloc(call->pool,
                             (call->npage + 1) * sizeof(ngx_str_t));
    if (call->page == NULL) {
        oc_store_failed(call);
        return;
    }

    for (i = 0; i < call->npage; i++) {
        item = reply->elements[i];

        if (item->type == OC_REDIS_REPLY_NIL) {
            continue;
        }

        if (item->type != OC_REDIS_REPLY_STRING
            || oc_store_etag(&item->str, &etag) != NGX_OK)
        {
            oc_store_failed(call);
            return;
        }

        call->page[i] = item->str;
    }

    call->status = OC_STORE_OK;
    call->handler(call);
}


/*
 * Reads the assignments of configurations: OC_STORE_OK, call->expanded, of the
 * first call->nexpanded of them; of one at least.
 */

ngx_int_t
oc_store_expand(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n)
{
    ngx_str_t   *argv;
    ngx_uint_t   i;

    argv = ngx_palloc(call->pool, (n + 1) * sizeof(ngx_str_t));
    if (argv == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (oc_store_key(&argv[i], call->pool, &call->prefix, &call->tenant,
                         OC_KEY_ASSIGNMENTS, &ids[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&argv[n], OC_STORE_ASSIGNMENT_BYTES);

    call->nexpanded = n;

    return oc_store_script(call, OC_REDIS_OP_READ, &oc_store_expand_script, n,
                           argv, n + 1, 0, oc_store_expanded_read);
}


static void
oc_store_expanded_read(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_str_t               etag;
    ngx_uint_t              i, j;
    oc_redis_reply_t       *reply, *list, *item;
    oc_store_assignments_t *expanded;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements == 0
        || reply->nelements > call->nexpanded)
    {
        oc_store_failed(call);
        return;
    }

    call->nexpanded = reply->nelements;

    call->expanded = ngx_pcalloc(call->pool, call->nexpanded
                                             * sizeof(oc_store_assignments_t));
    if (call->expanded == NULL) {
        oc_store_failed(call);
        return;
    }

    for (i = 0; i < call->nexpanded; i++) {
        list = reply->elements[i];
        expanded = &call->expanded[i];

        if (list->type != OC_REDIS_REPLY_ARRAY) {
            oc_store_failed(call);
            return;
        }

        expanded->items = ngx_palloc(call->pool, (list->nelements + 1)
                                                 * sizeof(ngx_str_t));
        if (expanded->items == NULL) {
            oc_store_failed(call);
            return;
        }

        for (j = 0; j < list->nelements; j++) {
            item = list->elements[j];

            if (item->type != OC_REDIS_REPLY_STRING
                || oc_store_etag(&item->str, &etag) != NGX_OK)
            {
                oc_store_failed(call);
                return;
            }

            expanded->items[expanded->n++] = item->str;
        }
    }

    call->status = OC_STORE_OK;
    call->handler(call);
}


/*
 * Reads what the tokens of the tenant are sealed with, OC_SEAL_SECRET_LEN
 * bytes: OC_STORE_OK, call->secret.  If there is none yet it is "fresh".
 */

ngx_int_t
oc_store_secret(oc_store_call_t *call, ngx_str_t *fresh)
{
    ngx_str_t  argv[2];

    if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_SECRET, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[1] = *fresh;

    return oc_store_script(call, OC_REDIS_OP_READ, &oc_store_secret_script, 1,
                           argv, 2, 0, oc_store_got_secret);
}


static void
oc_store_got_secret(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_STRING
        || reply->str.len != OC_SEAL_SECRET_LEN)
    {
        oc_store_failed(call);
        return;
    }

    call->secret = reply->str;
    call->status = OC_STORE_OK;
    call->handler(call);
}
