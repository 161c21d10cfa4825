
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"


/* the journals of so many configurations are taken from at once */

#define OC_STORE_SETTLE_MAX  16


static ngx_int_t oc_store_take_arguments(oc_store_call_t *call,
    oc_store_checkins_t *checkins, ngx_str_t *argv, ngx_uint_t *nkeys);
static ngx_int_t oc_store_entity(oc_store_call_t *call, ngx_str_t *argv,
    ngx_str_t *id);
static void oc_store_settled(oc_redis_op_t *op, void *data);
static void oc_store_taken(oc_redis_op_t *op, void *data);
static ngx_str_t *oc_store_due(oc_store_call_t *call, oc_redis_reply_t *reply,
    ngx_uint_t *n);
static void oc_store_got_live(oc_redis_op_t *op, void *data);
static ngx_int_t oc_store_live_read(oc_store_call_t *call,
    oc_store_live_t *live, oc_redis_reply_t *reply);
static void oc_store_got_checkins(oc_redis_op_t *op, void *data);
static void oc_store_got_summary(oc_redis_op_t *op, void *data);


/*
 * The OC_STORE_SCOPE_KEYS keys of the check-ins of a configuration, or, "id"
 * being NULL, of the tenant.
 */

ngx_int_t
oc_store_scope(oc_store_call_t *call, ngx_str_t *argv, ngx_str_t *id)
{
    ngx_uint_t  i;

    static struct {
        ngx_str_t  own;
        ngx_str_t  tenant;
    } names[] = {
        { ngx_string(OC_KEY_CHECKINS), ngx_string(OC_KEY_TENANT_CHECKINS) },
        { ngx_string(OC_KEY_RECENT), ngx_string(OC_KEY_TENANT_RECENT) },
        { ngx_string(OC_KEY_QUEUE), ngx_string(OC_KEY_TENANT_QUEUE) },
        { ngx_string(OC_KEY_JOURNAL), ngx_string(OC_KEY_TENANT_JOURNAL) }
    };

    for (i = 0; i < OC_STORE_SCOPE_KEYS - 1; i++) {
        if (oc_store_key_make(&argv[i], call->pool, &call->prefix,
                              &call->tenant,
                              id ? names[i].own.data : names[i].tenant.data,
                              id ? names[i].own.len : names[i].tenant.len,
                              id)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return oc_store_key(&argv[i], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_RECORDS, NULL);
}


/* Two arguments: the cutoff, and how many of the newest are kept. */

ngx_int_t
oc_store_window(oc_store_call_t *call, ngx_str_t *argv)
{
    u_char  *p;

    p = ngx_pnalloc(call->pool, NGX_INT64_LEN + NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    argv[0].data = p;
    argv[0].len = ngx_sprintf(p, "%L", call->cutoff) - p;

    p += argv[0].len;

    argv[1].data = p;
    argv[1].len = ngx_sprintf(p, "%ui", call->recent) - p;

    return NGX_OK;
}


/*
 * A script that has more to expire than it does at once does nothing else and
 * says so: it is called again, which is then true.
 */

ngx_uint_t
oc_store_again(oc_store_call_t *call, oc_redis_op_t *op,
    oc_redis_handler_pt handler)
{
    oc_redis_reply_t  *reply;

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_INTEGER || reply->integer != 2) {
        return 0;
    }

    oc_redis_op_repeat(op, handler, call);

    return 1;
}


/* The key of the hash that the entity is in; "id" NULL is the singleton. */

static ngx_int_t
oc_store_entity(oc_store_call_t *call, ngx_str_t *argv, ngx_str_t *id)
{
    if (id) {
        return oc_store_key(argv, call->pool, &call->prefix, &call->tenant,
                            OC_KEY_CONFIGURATIONS, NULL);
    }

    return oc_store_key(argv, call->pool, &call->prefix, &call->tenant,
                        OC_KEY_SINGLETON, NULL);
}


/*
 * Stores check-ins for the tenant and for those of the configurations that
 * they name.  OC_STORE_OK; OC_STORE_NOT_FOUND if a configuration does not
 * exist and is required.
 */

ngx_int_t
oc_store_checkin(oc_store_call_t *call, oc_store_checkins_t *checkins)
{
    call->write = 1;
    call->checkins = checkins;

    if (checkins->n == 1 && checkins->nids == 1 && checkins->required
        && call->cast == NULL && !oc_store_grouped(call))
    {
        return oc_store_report(call);
    }

    return oc_store_take(call, checkins);
}


/*
 * Takes check-ins from the journals of the tenant and of "n" configurations,
 * whose ids must live as long as the call.  They are in Redis already, so the
 * call succeeds whatever becomes of this: others will do it.
 */

ngx_int_t
oc_store_settle(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n)
{
    ngx_str_t   argv[(1 + OC_STORE_SETTLE_MAX) * OC_STORE_SCOPE_KEYS + 2],
                window[2];
    ngx_uint_t  i, nkeys;

    nkeys = OC_STORE_SCOPE_KEYS;

    if (oc_store_scope(call, argv, NULL) != NGX_OK
        || oc_store_window(call, window) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n && i < OC_STORE_SETTLE_MAX; i++) {
        if (oc_store_scope(call, &argv[nkeys], &ids[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        nkeys += OC_STORE_SCOPE_KEYS;
    }

    call->due = ids + i;
    call->ndue = n - i;

    argv[nkeys] = window[1];
    argv[nkeys + 1] = window[0];

    return oc_store_script(call, 0, &oc_store_settle_script, nkeys, argv,
                           nkeys + 2, 0, oc_store_settled);
}


static void
oc_store_settled(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    if (oc_redis_op_status(op) == OC_REDIS_OK
        && (oc_store_again(call, op, oc_store_settled)
            || (call->ndue
                && oc_store_settle(call, call->due, call->ndue) == NGX_OK)))
    {
        return;
    }

    call->status = OC_STORE_OK;
    call->handler(call);
}


ngx_int_t
oc_store_take(oc_store_call_t *call, oc_store_checkins_t *checkins)
{
    ngx_str_t   *argv;
    ngx_uint_t   argc, nkeys;

    argc = oc_store_take_count(checkins);

    argv = ngx_palloc(call->pool, argc * sizeof(ngx_str_t));
    if (argv == NULL
        || oc_store_take_arguments(call, checkins, argv, &nkeys) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_store_script(call, 0, &oc_store_checkin_script, nkeys, argv,
                           argc, 0, oc_store_taken);
}


/* The keys and the other arguments of checkin.lua. */

static ngx_int_t
oc_store_take_arguments(oc_store_call_t *call, oc_store_checkins_t *checkins,
    ngx_str_t *argv, ngx_uint_t *nkeys)
{
    u_char      *count;
    ngx_uint_t   i, argc;

    count = ngx_pnalloc(call->pool, NGX_INT_T_LEN);

    argc = 2 + OC_STORE_SCOPE_KEYS * (1 + checkins->nids);

    if (count == NULL
        || oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_CONFIGURATIONS, NULL)
           != NGX_OK
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_STREAMS, NULL)
           != NGX_OK
        || oc_store_scope(call, &argv[2], NULL) != NGX_OK
        || oc_store_window(call, &argv[argc]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *nkeys = argc;

    argc += 2;

    if (oc_store_cast(call, &argv[argc]) != NGX_OK) {
        return NGX_ERROR;
    }

    if (checkins->required && call->cast == NULL) {
        ngx_str_set(&argv[argc], "1");
    }

    argc++;

    argv[argc].data = count;
    argv[argc++].len = ngx_sprintf(count, "%ui", checkins->nids) - count;

    for (i = 0; i < checkins->nids; i++) {
        if (oc_store_scope(call, &argv[2 + OC_STORE_SCOPE_KEYS * (i + 1)],
                           &checkins->ids[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        argv[argc++] = checkins->ids[i];
    }

    for (i = 0; i < checkins->n; i++) {
        if (oc_store_note(call, &argv[argc++], &checkins->checkins[i].record)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        argv[argc++] = checkins->checkins[i].targets;
    }

    return NGX_OK;
}


static void
oc_store_taken(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_str_t         *due;
    ngx_uint_t         n;
    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK
        || oc_store_again(call, op, oc_store_taken))
    {
        return;
    }

    reply = oc_redis_op_reply(op);

    switch (reply->type) {

    case OC_REDIS_REPLY_INTEGER:
        call->status = reply->integer ? OC_STORE_OK : OC_STORE_NOT_FOUND;
        break;

    case OC_REDIS_REPLY_ARRAY:
        call->status = OC_STORE_OK;

        due = oc_store_due(call, reply, &n);

        if (due && oc_store_settle(call, due, n) == NGX_OK) {
            return;
        }

        break;

    default:
        oc_store_failed(call);
        return;
    }

    call->handler(call);
}


/* The ids of the configurations with these numbers; NULL if memory is out. */

static ngx_str_t *
oc_store_due(oc_store_call_t *call, oc_redis_reply_t *reply, ngx_uint_t *n)
{
    int64_t      number;
    ngx_str_t   *ids;
    ngx_uint_t   i;

    ids = ngx_palloc(call->pool, (reply->nelements + 1) * sizeof(ngx_str_t));
    if (ids == NULL) {
        return NULL;
    }

    *n = 0;

    for (i = 0; i < reply->nelements; i++) {
        number = reply->elements[i]->type == OC_REDIS_REPLY_INTEGER
                 ? reply->elements[i]->integer : 0;

        if (number >= 1 && (uint64_t) number <= call->checkins->nids) {
            ids[(*n)++] = call->checkins->ids[number - 1];
        }
    }

    return ids;
}


/*
 * Reads the summaries and newest check-ins of "n" configurations, or, "ids"
 * being NULL, those of the tenant.  OC_STORE_OK: call->live.
 */

ngx_int_t
oc_store_live(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n)
{
    ngx_str_t   *argv;
    ngx_uint_t   i, nkeys;

    nkeys = OC_STORE_SCOPE_KEYS * n;

    argv = ngx_palloc(call->pool, (nkeys + 3) * sizeof(ngx_str_t));
    if (argv == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (oc_store_scope(call, &argv[OC_STORE_SCOPE_KEYS * i],
                           ids ? &ids[i] : NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (oc_store_window(call, &argv[nkeys]) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_str_set(&argv[nkeys + 2], OC_STORE_CHECKIN_BYTES);

    call->nlive = n;

    return oc_store_script(call, OC_REDIS_OP_READ, &oc_store_live_script,
                           nkeys, argv, nkeys + 3, 0, oc_store_got_live);
}


static void
oc_store_got_live(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_uint_t         i;
    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK
        || oc_store_again(call, op, oc_store_got_live))
    {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_ARRAY
        || reply->nelements != call->nlive)
    {
        oc_store_failed(call);
        return;
    }

    call->live = ngx_pcalloc(call->pool,
                             call->nlive * sizeof(oc_store_live_t));
    if (call->live == NULL) {
        oc_store_failed(call);
        return;
    }

    for (i = 0; i < call->nlive; i++) {
        if (oc_store_live_read(call, &call->live[i], reply->elements[i])
            != NGX_OK)
        {
            oc_store_failed(call);
            return;
        }
    }

    call->status = OC_STORE_OK;
    call->handler(call);
}


static ngx_int_t
oc_store_live_read(oc_store_call_t *call, oc_store_live_t *live,
    oc_redis_reply_t *reply)
{
    ngx_uint_t  i;

    if (reply->type == OC_REDIS_REPLY_INTEGER) {
        return NGX_OK;
    }

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements < 2
        || reply->elements[0]->type != OC_REDIS_REPLY_INTEGER
        || reply->elements[1]->type != OC_REDIS_REPLY_STRING)
    {
        return NGX_ERROR;
    }

    live->found = 1;
    live->count = reply->elements[0]->integer;
    live->summary = reply->elements[1]->str;
    live->nrecords = reply->nelements - 2;

    if (live->nrecords == 0) {
        return NGX_OK;
    }

    live->records = ngx_palloc(call->pool,
                               live->nrecords * sizeof(ngx_str_t));
    if (live->records == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < live->nrecords; i++) {
        if (reply->elements[2 + i]->type != OC_REDIS_REPLY_STRING) {
            return NGX_ERROR;
        }

        live->records[i] = reply->elements[2 + i]->str;
    }

    return NGX_OK;
}


/*
 * Reads check-ins of a configuration, or, "id" being NULL, of the tenant, from
 * the number "from" on.  OC_STORE_OK: call->count of all; call->page, the
 * records; call->from, with which the next bucket begins, or -1.  Check-ins
 * that are still in the entity's JSON are call->json instead.  OC_STORE_NOT_FOUND.
 */

ngx_int_t
oc_store_checkins(oc_store_call_t *call, ngx_str_t *id, uint32_t from,
    ngx_uint_t limit)
{
    u_char      number[NGX_INT64_LEN], most[NGX_INT_T_LEN];
    ngx_str_t   argv[9 + OC_STORE_SCOPE_KEYS], *arg, window[2];

    arg = &argv[1 + OC_STORE_SCOPE_KEYS];

    if (oc_store_entity(call, &argv[0], id) != NGX_OK
        || oc_store_scope(call, &argv[1], id) != NGX_OK
        || oc_store_window(call, window) != NGX_OK
        || oc_store_cast(call, &arg[7]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_null(&arg[1]);

    if (id) {
        arg[0] = *id;

    } else {
        ngx_str_set(&arg[0], OC_SINGLETON_ID);
        ngx_str_set(&arg[1], "1");
    }

    arg[2] = window[0];
    arg[3] = window[1];

    arg[4].data = number;
    arg[4].len = ngx_sprintf(number, "%uL", (uint64_t) from) - number;

    arg[5].data = most;
    arg[5].len = ngx_sprintf(most, "%ui", limit) - most;

    ngx_str_set(&arg[6], OC_STORE_CHECKIN_BYTES);

    return oc_store_script(call, OC_REDIS_OP_READ, &oc_store_checkins_script,
                           1 + OC_STORE_SCOPE_KEYS, argv,
                           9 + OC_STORE_SCOPE_KEYS, 0,
                           oc_store_got_checkins);
}


static void
oc_store_got_checkins(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_uint_t         i;
    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK
        || oc_store_again(call, op, oc_store_got_checkins))
    {
        return;
    }

    reply = oc_redis_op_reply(op);

    call->from = -1;

    if (reply->type == OC_REDIS_REPLY_NIL) {
        call->status = OC_STORE_NOT_FOUND;
        call->handler(call);
        return;
    }

    if (reply->type == OC_REDIS_REPLY_STRING) {
        call->json = reply->str;

        if (call->json.len == 0) {
            ngx_str_set(&call->json, OC_SINGLETON_JSON);
        }

        call->status = OC_STORE_OK;
        call->handler(call);
        return;
    }

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements < 2
        || reply->elements[0]->type != OC_REDIS_REPLY_INTEGER
        || reply->elements[1]->type != OC_REDIS_REPLY_INTEGER)
    {
        oc_store_failed(call);
        return;
    }

    call->count = reply->elements[0]->integer;
    call->from = reply->elements[1]->integer;
    call->npage = reply->nelements - 2;

    call->page = ngx_palloc(call->pool,
                            (call->npage + 1) * sizeof(ngx_str_t));
    if (call->page == NULL) {
        oc_store_failed(call);
        return;
    }

    for (i = 0; i < call->npage; i++) {
        if (reply->elements[2 + i]->type != OC_REDIS_REPLY_STRING) {
            oc_store_failed(call);
            return;
        }

        call->page[i] = reply->elements[2 + i]->str;
    }

    call->status = OC_STORE_OK;
    call->handler(call);
}


/*
 * Reads the summary of a configuration, or, "id" being NULL, of the tenant; or
 * with "member" a property of it: call->json, and call->etag, which is empty
 * if the value changes without it.  OC_STORE_OK, OC_STORE_NOT_FOUND.
 */

ngx_int_t
oc_store_summary(oc_store_call_t *call, ngx_str_t *id,
    const ngx_str_t *property, const ngx_str_t *member)
{
    ngx_str_t  argv[8 + OC_STORE_SCOPE_KEYS], *arg, window[2];

    arg = &argv[1 + OC_STORE_SCOPE_KEYS];

    if (oc_store_entity(call, &argv[0], id) != NGX_OK
        || oc_store_scope(call, &argv[1], id) != NGX_OK
        || oc_store_window(call, window) != NGX_OK
        || oc_store_cast(call, &arg[6]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_null(&arg[5]);

    if (id) {
        arg[0] = *id;

    } else {
        ngx_str_set(&arg[0], OC_SINGLETON_ID);
        ngx_str_set(&arg[5], OC_SINGLETON_JSON);
    }

    arg[1] = *property;

    ngx_str_null(&arg[2]);

    if (member) {
        arg[2] = *member;
    }

    arg[3] = window[0];
    arg[4] = window[1];

    return oc_store_script(call, OC_REDIS_OP_READ, &oc_store_summary_script,
                           1 + OC_STORE_SCOPE_KEYS, argv,
                           8 + OC_STORE_SCOPE_KEYS, 0,
                           oc_store_got_summary);
}


static void
oc_store_got_summary(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    if (oc_store_result(call, op) != NGX_OK
        || oc_store_again(call, op, oc_store_got_summary))
    {
        return;
    }

    oc_store_property_read(call, op);
}
