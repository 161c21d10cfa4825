
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_span.h"
#include "oc_store_internal.h"
#include "oc_store_key.h"


static void oc_store_found(oc_redis_op_t *op, void *data);
static ngx_int_t oc_store_found_read(oc_store_call_t *call,
    oc_redis_reply_t *reply);
static ngx_int_t oc_store_score(const ngx_str_t *score, int32_t *priority);
static void oc_store_scanned(oc_redis_op_t *op, void *data);
static ngx_int_t oc_store_read_ids(oc_store_call_t *call, ngx_str_t *ids,
    ngx_uint_t n, oc_redis_handler_pt handler);
static ngx_int_t oc_store_ids_read(oc_store_call_t *call, oc_redis_op_t *op);
static void oc_store_picked(oc_redis_op_t *op, void *data);
static void oc_store_expanded_read(oc_redis_op_t *op, void *data);
static void oc_store_got_secret(oc_redis_op_t *op, void *data);


/*
 * Reads configurations behind scan->after: OC_STORE_OK, call->page, and where
 * to go on, scan->next.  "scan" must live as long as the call.
 *
 * A script finds the places, a command reads what is there.  What has gone, or
 * to another place, between the two is not in the page, as if it had before.
 */

ngx_int_t
oc_store_scan(oc_store_call_t *call, oc_store_scan_t *scan)
{
    u_char      *p;
    ngx_str_t    argv[9];
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

    for (i = 2; i < 9; i++) {
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

    call->scan = scan;
    call->page = NULL;
    call->npage = 0;

    return oc_store_script(call, OC_REDIS_OP_READ, &oc_store_scan_script, 2,
                           argv, 9, OC_STORE_ENTITY_SIZE, oc_store_found);
}


static void
oc_store_found(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_str_t         *ids;
    ngx_uint_t         i, n;
    oc_redis_reply_t  *found;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    if (oc_store_found_read(call, oc_redis_op_reply(op)) != NGX_OK) {
        oc_store_failed(call);
        return;
    }

    n = call->scan->examined;

    if (n == 0) {
        call->status = OC_STORE_OK;
        call->handler(call);
        return;
    }

    found = oc_redis_op_reply(op)->elements[2];

    ids = ngx_palloc(call->pool, n * sizeof(ngx_str_t));
    if (ids == NULL) {
        oc_store_failed(call);
        return;
    }

    for (i = 0; i < n; i++) {
        ids[i] = found->elements[i]->str;
    }

    if (oc_store_read_ids(call, ids, n, oc_store_scanned) != NGX_OK) {
        oc_store_failed(call);
    }
}


/* What the script says: scan->next, ->examined and ->priorities. */

static ngx_int_t
oc_store_found_read(oc_store_call_t *call, oc_redis_reply_t *reply)
{
    ngx_uint_t          i;
    oc_store_scan_t    *scan;
    oc_redis_reply_t  **elements, *ids, *scores;

    scan = call->scan;

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements != 4) {
        return NGX_ERROR;
    }

    elements = reply->elements;
    ids = elements[2];
    scores = elements[3];

    if (elements[0]->type != OC_REDIS_REPLY_STRING
        || elements[1]->type != OC_REDIS_REPLY_STRING
        || ids->type != OC_REDIS_REPLY_ARRAY
        || scores->type != OC_REDIS_REPLY_ARRAY
        || scores->nelements != (scan->priority ? ids->nelements : 0))
    {
        return NGX_ERROR;
    }

    scan->examined = ids->nelements;
    scan->next.id = elements[0]->str;
    scan->next.priority = 0;

    /* there is nothing behind what is not there: it would go on for ever */

    if (scan->next.id.len && scan->examined == 0) {
        return NGX_ERROR;
    }

    for (i = 0; i < ids->nelements; i++) {
        if (ids->elements[i]->type != OC_REDIS_REPLY_STRING) {
            return NGX_ERROR;
        }
    }

    if (!scan->priority) {
        return NGX_OK;
    }

    if (scan->next.id.len
        && oc_store_score(&elements[1]->str, &scan->next.priority) != NGX_OK)
    {
        return NGX_ERROR;
    }

    scan->priorities = ngx_palloc(call->pool, (scores->nelements + 1)
                                              * sizeof(int32_t));
    if (scan->priorities == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < scores->nelements; i++) {
        if (scores->elements[i]->type != OC_REDIS_REPLY_STRING
            || oc_store_score(&scores->elements[i]->str,
                              &scan->priorities[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
oc_store_score(const ngx_str_t *score, int32_t *priority)
{
    ngx_int_t  n;

    if (score->len && score->data[0] == '-') {
        n = ngx_atoi(score->data + 1, score->len - 1);

        if (n == NGX_ERROR || n > 2147483648) {
            return NGX_ERROR;
        }

        n = -n;

    } else {
        n = ngx_atoi(score->data, score->len);

        if (n == NGX_ERROR || n > 2147483647) {
            return NGX_ERROR;
        }
    }

    *priority = (int32_t) n;

    return NGX_OK;
}


static void
oc_store_scanned(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_str_t        *json;
    ngx_uint_t        i, n;
    oc_store_scan_t  *scan;

    if (oc_store_ids_read(call, op) != NGX_OK) {
        return;
    }

    scan = call->scan;

    for (i = 0, n = 0; i < call->npage; i++) {
        json = &call->page[i];

        if (json->len == 0
            || (scan->priority
                && oc_store_priority(json) != scan->priorities[i]))
        {
            continue;
        }

        call->page[n++] = *json;
    }

    call->npage = n;
    call->status = OC_STORE_OK;
    call->handler(call);
}


/* The priority of a stored configuration. */

int32_t
oc_store_priority(const ngx_str_t *json)
{
    u_char     *p, *last;
    ngx_str_t   name, value;

    last = json->data + json->len - 1;

    for (p = json->data + 1; p; /* void */ ) {
        p = oc_span_next(p, last, &name, &value);

        if (p && name.len == sizeof("priority") - 1
            && ngx_memcmp(name.data, "priority", name.len) == 0
            && value.len)
        {
            return (int32_t) (value.data[0] == '-'
                              ? -ngx_atoi(value.data + 1, value.len - 1)
                              : ngx_atoi(value.data, value.len));
        }
    }

    return 0;
}


/*
 * Reads the configurations with these ids: OC_STORE_OK, call->page, in their
 * order; one that is not there is an empty string.
 */

ngx_int_t
oc_store_pick(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n)
{
    return oc_store_read_ids(call, ids, n, oc_store_picked);
}


static void
oc_store_picked(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    if (oc_store_ids_read(call, op) == NGX_OK) {
        call->status = OC_STORE_OK;
        call->handler(call);
    }
}


static ngx_int_t
oc_store_read_ids(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n,
    oc_redis_handler_pt handler)
{
    ngx_str_t  *argv;

    argv = ngx_palloc(call->pool, (n + 2) * sizeof(ngx_str_t));
    if (argv == NULL
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_CONFIGURATIONS, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&argv[0], "HMGET");
    ngx_memcpy(&argv[2], ids, n * sizeof(ngx_str_t));

    call->npage = n;

    return oc_store_command(call, OC_REDIS_OP_READ, argv, n + 2,
                            OC_STORE_ENTITY_SIZE, handler);
}


/* call->page has what was found, in the order of the ids; else it is over. */

static ngx_int_t
oc_store_ids_read(oc_store_call_t *call, oc_redis_op_t *op)
{
    ngx_str_t          etag;
    ngx_uint_t         i;
    oc_redis_reply_t  *reply, *item;

    if (oc_store_result(call, op) != NGX_OK) {
        return NGX_ERROR;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_ARRAY
        || reply->nelements != call->npage)
    {
        oc_store_failed(call);
        return NGX_ERROR;
    }

    call->page = ngx_pcalloc(call->pool,
                             (call->npage + 1) * sizeof(ngx_str_t));
    if (call->page == NULL) {
        oc_store_failed(call);
        return NGX_ERROR;
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
            return NGX_ERROR;
        }

        call->page[i] = item->str;
    }

    return NGX_OK;
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
