
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"
#include "oc_store_scripts.h"


/* what a command takes besides its arguments, and a short reply */

#define OC_STORE_OP_SIZE     1024

/* an operation that goes with the pool; a call may have had several */

typedef struct {
    oc_store_call_t  *call;
    oc_redis_op_t    *op;
} oc_store_owned_t;


static void oc_store_cleanup(void *data);
static void oc_store_got(oc_redis_op_t *op, void *data);
static void oc_store_checked(oc_redis_op_t *op, void *data);
static void oc_store_deleted(oc_redis_op_t *op, void *data);
static void oc_store_counted(oc_redis_op_t *op, void *data);


oc_redis_script_t  oc_store_create_script;
oc_redis_script_t  oc_store_update_script;
oc_redis_script_t  oc_store_read_script;
oc_redis_script_t  oc_store_assign_script;
oc_redis_script_t  oc_store_assignments_script;
oc_redis_script_t  oc_store_priorities_script;

oc_redis_script_t  oc_store_checkin_script;
oc_redis_script_t  oc_store_report_script;
oc_redis_script_t  oc_store_absorb_script;
oc_redis_script_t  oc_store_settle_script;
oc_redis_script_t  oc_store_sweep_script;
oc_redis_script_t  oc_store_live_script;
oc_redis_script_t  oc_store_checkins_script;
oc_redis_script_t  oc_store_summary_script;

oc_redis_script_t  oc_store_scan_script;
oc_redis_script_t  oc_store_expand_script;
oc_redis_script_t  oc_store_secret_script;
oc_redis_script_t  oc_store_delete_script;
oc_redis_script_t  oc_store_exists_script;
oc_redis_script_t  oc_store_changeset_script;


#define oc_store_script_init(name)                                            \
    oc_redis_script_init(&oc_store_##name##_script, oc_script_##name##_lua,   \
                         sizeof(oc_script_##name##_lua) - 1)


/* Once a process, before any other call. */

void
oc_store_init(void)
{
    oc_store_script_init(create);
    oc_store_script_init(update);
    oc_store_script_init(delete);
    oc_store_script_init(exists);
    oc_store_script_init(changeset);
    oc_store_script_init(read);
    oc_store_script_init(assign);
    oc_store_script_init(assignments);
    oc_store_script_init(priorities);
    oc_store_script_init(checkin);
    oc_store_script_init(report);
    oc_store_script_init(absorb);
    oc_store_script_init(settle);
    oc_store_script_init(sweep);
    oc_store_script_init(live);
    oc_store_script_init(checkins);
    oc_store_script_init(summary);
    oc_store_script_init(scan);
    oc_store_script_init(expand);
    oc_store_script_init(secret);
}


/* Has the connections to a Redis check the layout of the data there. */

ngx_int_t
oc_store_conf(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *prefix)
{
    u_char     *p;
    ngx_str_t   key, version;

    key.len = prefix->len + sizeof(OC_STORE_LAYOUT_KEY) - 1;

    key.data = ngx_pnalloc(cf->pool, key.len);
    if (key.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(key.data, prefix->data, prefix->len);
    ngx_memcpy(p, OC_STORE_LAYOUT_KEY, sizeof(OC_STORE_LAYOUT_KEY) - 1);

    ngx_str_set(&version, OC_STORE_LAYOUT);

    return oc_redis_conf_layout(cf, redis, &key, &version);
}


/*
 * Calls below: NGX_OK if the operation is on its way, call->handler is then
 * called with the result, unless call->pool is destroyed before; NGX_ERROR if
 * memory is out.
 */


/* Reads a configuration: OC_STORE_OK and call->json, OC_STORE_NOT_FOUND. */

ngx_int_t
oc_store_get(oc_store_call_t *call, ngx_str_t *id)
{
    ngx_str_t  argv[3];

    ngx_str_set(&argv[0], "HGET");
    argv[2] = *id;

    if (oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_CONFIGURATIONS, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_store_command(call, OC_REDIS_OP_READ, argv, 3,
                            OC_STORE_ENTITY_SIZE, oc_store_got);
}


static void
oc_store_got(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_str_t          etag;
    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type == OC_REDIS_REPLY_NIL) {
        call->status = OC_STORE_NOT_FOUND;

    } else if (reply->type == OC_REDIS_REPLY_STRING
               && oc_store_etag(&reply->str, &etag) == NGX_OK)
    {
        call->status = OC_STORE_OK;
        call->json = reply->str;

    } else {
        oc_store_failed(call);
        return;
    }

    call->handler(call);
}


/* Whether there is such a configuration: OC_STORE_OK, OC_STORE_NOT_FOUND. */

ngx_int_t
oc_store_exists(oc_store_call_t *call, ngx_str_t *id)
{
    ngx_str_t  argv[4];

    ngx_str_set(&argv[0], "HEXISTS");
    argv[2] = *id;

    if (oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_CONFIGURATIONS, NULL)
        != NGX_OK
        || oc_store_cast(call, &argv[3]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* with a group it may be one that an earlier call of that adds */

    if (call->cast || oc_store_grouped(call)) {
        return oc_store_script(call, 0, &oc_store_exists_script, 1, &argv[1],
                               3, 0, oc_store_checked);
    }

    return oc_store_command(call, OC_REDIS_OP_READ, argv, 3, 0,
                            oc_store_checked);
}


static void
oc_store_checked(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_INTEGER) {
        oc_store_failed(call);
        return;
    }

    call->status = reply->integer ? OC_STORE_OK : OC_STORE_NOT_FOUND;

    call->handler(call);
}


/*
 * Removes a configuration and what it contains, if the condition holds.
 * OC_STORE_OK, OC_STORE_NOT_FOUND, OC_STORE_PRECONDITION.
 */

ngx_int_t
oc_store_delete(oc_store_call_t *call, ngx_str_t *id,
    oc_store_condition_t *condition)
{
    ngx_str_t  argv[9 + OC_STORE_SCOPE_KEYS], *arg;

    arg = &argv[5 + OC_STORE_SCOPE_KEYS];

    if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_CONFIGURATIONS, NULL)
        != NGX_OK
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_IDS, NULL)
           != NGX_OK
        || oc_store_key(&argv[2], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_PRIORITIES, NULL)
           != NGX_OK
        || oc_store_key(&argv[3], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_ASSIGNMENTS, id)
           != NGX_OK
        || oc_store_key(&argv[4], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_STREAMS, NULL)
           != NGX_OK
        || oc_store_scope(call, &argv[5], id) != NGX_OK
        || oc_store_cast(call, &arg[3]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    arg[0] = *id;
    arg[1] = condition->match;
    arg[2] = condition->none;

    call->write = 1;

    return oc_store_script(call, 0, &oc_store_delete_script,
                           5 + OC_STORE_SCOPE_KEYS, argv,
                           9 + OC_STORE_SCOPE_KEYS, 0, oc_store_deleted);
}


static void
oc_store_deleted(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_INTEGER) {
        oc_store_failed(call);
        return;
    }

    switch (reply->integer) {

    case OC_STORE_DUE:
        oc_store_sweep(call);

        /* fall through */

    case 1:
        call->status = OC_STORE_OK;
        break;

    case 0:
        call->status = OC_STORE_NOT_FOUND;
        break;

    default:
        call->status = OC_STORE_PRECONDITION;
    }

    call->handler(call);
}


/*
 * The elements of an array from "first" on become call->page.  NGX_ERROR if
 * one is no entity: the call is over.
 */

ngx_int_t
oc_store_page(oc_store_call_t *call, oc_redis_reply_t *reply,
    ngx_uint_t first)
{
    ngx_str_t          etag;
    ngx_uint_t         i;
    oc_redis_reply_t  *item;

    if (reply->nelements <= first) {
        return NGX_OK;
    }

    call->page = ngx_palloc(call->pool,
                            (reply->nelements + 1) * sizeof(ngx_str_t));
    if (call->page == NULL) {
        oc_store_failed(call);
        return NGX_ERROR;
    }

    for (i = first; i < reply->nelements; i++) {
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

        call->page[call->npage++] = item->str;
    }

    return NGX_OK;
}


/* How many configurations there are: call->count. */

ngx_int_t
oc_store_count(oc_store_call_t *call)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "ZCARD");

    if (oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_IDS, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_store_command(call, OC_REDIS_OP_READ, argv, 2, 0,
                            oc_store_counted);
}


static void
oc_store_counted(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_INTEGER) {
        oc_store_failed(call);
        return;
    }

    call->status = OC_STORE_OK;
    call->count = reply->integer;

    call->handler(call);
}


/*
 * Finds the ETag's digits in a stored configuration.  NGX_ERROR if this is
 * not one.
 */

ngx_int_t
oc_store_etag(ngx_str_t *json, ngx_str_t *etag)
{
    if (json->len <= sizeof(OC_ETAG_PREFIX) - 1 + OC_ETAG_LEN
        || ngx_strncmp(json->data, OC_ETAG_PREFIX, sizeof(OC_ETAG_PREFIX) - 1)
           != 0)
    {
        return NGX_ERROR;
    }

    etag->data = json->data + sizeof(OC_ETAG_PREFIX) - 1;
    etag->len = OC_ETAG_LEN;

    return NGX_OK;
}


/*
 * Sends a command.  On return its arguments point to the operation's copy of
 * them.  "reply" is about how long the reply is.
 */

ngx_int_t
oc_store_command(oc_store_call_t *call, ngx_uint_t flags, ngx_str_t *argv,
    ngx_uint_t argc, size_t reply, oc_redis_handler_pt handler)
{
    if (oc_store_op(call, flags, reply) != NGX_OK
        || oc_redis_op_command(call->op, argv, argc) != NGX_OK)
    {
        return NGX_ERROR;
    }

    oc_redis_op_submit(call->op, handler, call);

    return NGX_OK;
}


/* The same for a script. */

ngx_int_t
oc_store_script(oc_store_call_t *call, ngx_uint_t flags,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc, size_t reply, oc_redis_handler_pt handler)
{
    if (oc_store_prepare(call, flags, script, nkeys, argv, argc, reply)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    oc_store_send(call, handler);

    return NGX_OK;
}


/* Sends what has been prepared, or has it wait for its group. */

void
oc_store_send(oc_store_call_t *call, oc_redis_handler_pt handler)
{
    if (call->grouped) {
        oc_store_group_join(call, handler);
        return;
    }

    oc_redis_op_submit(call->op, handler, call);
}


/* The same, but nothing is sent yet. */

ngx_int_t
oc_store_prepare(oc_store_call_t *call, ngx_uint_t flags,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc, size_t reply)
{
    ngx_uint_t  i;

    for (i = 0; i < argc; i++) {
        reply += argv[i].len;
    }

    if (oc_store_op(call, flags, reply) != NGX_OK) {
        return NGX_ERROR;
    }

    if (oc_redis_op_script(call->op, script, nkeys, argv, argc) != NGX_OK) {
        return NGX_ERROR;
    }

    call->grouped = 0;

    if (!(flags & OC_REDIS_OP_READ) && oc_store_grouped(call)) {
        call->grouped = 1;

        return oc_store_group_add(call, script, nkeys, argv, argc);
    }

    return NGX_OK;
}


/*
 * Makes the call's operation, with room for "size" bytes of its arguments and
 * its reply besides what they always take.
 */

ngx_int_t
oc_store_op(oc_store_call_t *call, ngx_uint_t flags, size_t size)
{
    oc_store_owned_t    *owned;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(call->pool, sizeof(oc_store_owned_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    owned = cln->data;

    /* what is large is better off in an allocation of its own */

    if (size > NGX_MAX_ALLOC_FROM_POOL) {
        size = 0;
    }

    call->op = oc_redis_op_create(call->redis, flags, OC_STORE_OP_SIZE + size,
                                  ngx_cycle->log);
    if (call->op == NULL) {
        return NGX_ERROR;
    }

    owned->call = call;
    owned->op = call->op;

    cln->handler = oc_store_cleanup;

    return NGX_OK;
}


static void
oc_store_cleanup(void *data)
{
    oc_store_owned_t *owned = data;

    if (owned->call->op == owned->op) {
        owned->call->op = NULL;
    }

    if (owned->call->grouped) {
        oc_store_group_leave(owned->call);
    }

    oc_redis_op_release(owned->op);
}


/*
 * NGX_OK if there is a reply to look at; otherwise the call is over and its
 * handler has been called.
 */

ngx_int_t
oc_store_result(oc_store_call_t *call, oc_redis_op_t *op)
{
    switch (oc_redis_op_status(op)) {

    case OC_REDIS_OK:
        return NGX_OK;

    case OC_REDIS_UNAVAILABLE:
        call->status = OC_STORE_UNAVAILABLE;
        break;

    case OC_REDIS_OVERLOADED:
        call->status = OC_STORE_OVERLOADED;
        break;

    case OC_REDIS_TIMEOUT:
        call->status = OC_STORE_TIMEOUT;
        break;

    case OC_REDIS_LOST:
        call->status = call->write ? OC_STORE_UNKNOWN : OC_STORE_UNAVAILABLE;
        break;

    case OC_REDIS_NOT_DURABLE:
        call->status = OC_STORE_NOT_DURABLE;
        break;

    default: /* OC_REDIS_ERROR */
        call->status = OC_STORE_FAILED;
    }

    call->handler(call);

    return NGX_ERROR;
}


/* Redis answered what the operation never answers. */

void
oc_store_failed(oc_store_call_t *call)
{
    ngx_log_error(NGX_LOG_ERR, call->log, 0,
                  "unexpected data in Redis \"%V\"",
                  oc_redis_label(call->redis));

    call->status = OC_STORE_FAILED;
    call->handler(call);
}
