
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store.h"
#include "oc_store_key.h"
#include "oc_store_scripts.h"


/* what a command takes besides its arguments, and a short reply */

#define OC_STORE_OP_SIZE     1024

/* what a configuration takes, if it is not a large one */

#define OC_STORE_ENTITY_SIZE  2048


static ngx_int_t oc_store_submit(oc_store_call_t *call, ngx_uint_t flags,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc, size_t reply, oc_redis_handler_pt handler);
static void oc_store_cleanup(void *data);
static ngx_int_t oc_store_result(oc_store_call_t *call, oc_redis_op_t *op);
static void oc_store_failed(oc_store_call_t *call);
static void oc_store_created(oc_redis_op_t *op, void *data);
static ngx_int_t oc_store_assignments(oc_store_call_t *call,
    oc_entity_t *entity);
static void oc_store_got(oc_redis_op_t *op, void *data);
static void oc_store_checked(oc_redis_op_t *op, void *data);
static void oc_store_deleted(oc_redis_op_t *op, void *data);
static void oc_store_listed(oc_redis_op_t *op, void *data);


static oc_redis_script_t  oc_store_create_script;
static oc_redis_script_t  oc_store_delete_script;
static oc_redis_script_t  oc_store_list_script;


/* Once a process, before any other call. */

void
oc_store_init(void)
{
    oc_redis_script_init(&oc_store_create_script, oc_script_create_lua,
                         sizeof(oc_script_create_lua) - 1);

    oc_redis_script_init(&oc_store_delete_script, oc_script_delete_lua,
                         sizeof(oc_script_delete_lua) - 1);

    oc_redis_script_init(&oc_store_list_script, oc_script_list_lua,
                         sizeof(oc_script_list_lua) - 1);
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


/*
 * Adds a configuration.  OC_STORE_OK: the JSON is call->json and, with the
 * priority that was given in between, call->tail.  OC_STORE_EXISTS,
 * OC_STORE_EXHAUSTED.
 */

ngx_int_t
oc_store_create(oc_store_call_t *call, oc_entity_t *entity)
{
    size_t       base;
    u_char       priority[NGX_INT32_LEN];
    ngx_int_t    rc;
    ngx_str_t   *argv;
    ngx_uint_t   i, n, nkeys;

    nkeys = entity->nassignments ? 4 : 3;
    n = nkeys + 4 + 2 * entity->nassignments;

    argv = ngx_palloc(call->pool, n * sizeof(ngx_str_t));
    if (argv == NULL) {
        return NGX_ERROR;
    }

    if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_CONFIGURATIONS, NULL)
        != NGX_OK
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_IDS, NULL)
           != NGX_OK
        || oc_store_key(&argv[2], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_PRIORITIES, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (nkeys == 4
        && oc_store_key(&argv[3], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_ASSIGNMENTS, &entity->id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    base = nkeys;

    argv[base] = entity->id;

    argv[base + 1].data = priority;
    argv[base + 1].len = entity->has_priority
                         ? (size_t) (ngx_sprintf(priority, "%D",
                                                 entity->priority)
                                     - priority)
                         : 0;

    argv[base + 2] = entity->head;
    argv[base + 3] = entity->tail;

    for (i = 0; i < entity->nassignments; i++) {
        argv[base + 4 + 2 * i] = entity->assignments[i].id;
        argv[base + 5 + 2 * i] = entity->assignments[i].json;
    }

    call->write = 1;
    call->has_priority = entity->has_priority;
    call->priority = entity->priority;

    rc = oc_store_submit(call, 0, &oc_store_create_script, nkeys, argv, n, 0,
                         oc_store_created);
    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * the command's copy lives until the answer is sent; what it was made
     * from need not
     */

    call->json = argv[base + 2];
    call->tail = argv[base + 3];

    if (entity->has_assignments) {
        return oc_store_assignments(call, entity);
    }

    return NGX_OK;
}


/* The array of a deep insert, for the answer. */

static ngx_int_t
oc_store_assignments(oc_store_call_t *call, oc_entity_t *entity)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;

    len = 2;

    for (i = 0; i < entity->nassignments; i++) {
        len += entity->assignments[i].json.len + 1;
    }

    p = ngx_pnalloc(call->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->assignments.data = p;

    *p++ = '[';

    for (i = 0; i < entity->nassignments; i++) {

        if (i) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, entity->assignments[i].json.data,
                       entity->assignments[i].json.len);
    }

    *p++ = ']';

    call->assignments.len = p - call->assignments.data;

    return NGX_OK;
}


static void
oc_store_created(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    switch (reply->type) {

    case OC_REDIS_REPLY_INTEGER:
        call->status = OC_STORE_OK;
        call->priority = (int32_t) reply->integer;
        break;

    case OC_REDIS_REPLY_NIL:
        call->status = OC_STORE_EXISTS;
        break;

    case OC_REDIS_REPLY_STATUS:
        call->status = OC_STORE_EXHAUSTED;
        break;

    default:
        oc_store_failed(call);
        return;
    }

    call->handler(call);
}


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

    return oc_store_submit(call, OC_REDIS_OP_READ, NULL, 0, argv, 3,
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
    ngx_str_t  argv[3];

    ngx_str_set(&argv[0], "HEXISTS");
    argv[2] = *id;

    if (oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_CONFIGURATIONS, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_store_submit(call, OC_REDIS_OP_READ, NULL, 0, argv, 3, 0,
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
 * Removes a configuration and what it contains.  With a condition (NULL for
 * none) only if it has one of these ETags.  OC_STORE_OK, OC_STORE_NOT_FOUND,
 * OC_STORE_PRECONDITION.
 */

ngx_int_t
oc_store_delete(oc_store_call_t *call, ngx_str_t *id,
    oc_store_condition_t *condition)
{
    u_char       offset[NGX_INT_T_LEN];
    ngx_str_t   *argv;
    ngx_uint_t   i, n;

    n = 5 + (condition ? 2 + condition->netags : 0);

    argv = ngx_palloc(call->pool, n * sizeof(ngx_str_t));
    if (argv == NULL) {
        return NGX_ERROR;
    }

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
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[4] = *id;

    if (condition) {
        argv[5].data = offset;
        argv[5].len = ngx_sprintf(offset, "%uz", sizeof(OC_ETAG_PREFIX) - 1)
                      - offset;

        ngx_str_set(&argv[6], "*");

        if (!condition->any) {
            argv[6].len = 0;
        }

        for (i = 0; i < condition->netags; i++) {
            argv[7 + i] = condition->etags[i];
        }
    }

    call->write = 1;

    return oc_store_submit(call, 0, &oc_store_delete_script, 4, argv, n, 0,
                           oc_store_deleted);
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
 * Reads at most "limit" (up to OC_STORE_MAX_PAGE) configurations in the order
 * of their ids, those behind "after" (empty: from the first).  OC_STORE_OK:
 * call->page, and call->next if there are more.
 */

ngx_int_t
oc_store_list(oc_store_call_t *call, ngx_str_t *after, ngx_uint_t limit)
{
    u_char     number[NGX_INT_T_LEN];
    ngx_str_t  argv[4];

    if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_IDS, NULL)
        != NGX_OK
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_CONFIGURATIONS, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (after->len) {
        argv[2].len = after->len + 1;
        argv[2].data = ngx_pnalloc(call->pool, argv[2].len);

        if (argv[2].data == NULL) {
            return NGX_ERROR;
        }

        argv[2].data[0] = '(';
        ngx_memcpy(argv[2].data + 1, after->data, after->len);

    } else {
        ngx_str_set(&argv[2], "-");
    }

    argv[3].data = number;
    argv[3].len = ngx_sprintf(number, "%ui", limit) - number;

    return oc_store_submit(call, OC_REDIS_OP_READ, &oc_store_list_script, 2,
                           argv, 4, OC_STORE_ENTITY_SIZE, oc_store_listed);
}


static void
oc_store_listed(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_str_t          etag;
    ngx_uint_t         i;
    oc_redis_reply_t  *reply, *item;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements == 0
        || reply->elements[0]->type != OC_REDIS_REPLY_STRING)
    {
        oc_store_failed(call);
        return;
    }

    call->next = reply->elements[0]->str;

    call->page = ngx_palloc(call->pool,
                            reply->nelements * sizeof(ngx_str_t));
    if (call->page == NULL) {
        oc_store_failed(call);
        return;
    }

    for (i = 1; i < reply->nelements; i++) {
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

        call->page[call->npage++] = item->str;
    }

    call->status = OC_STORE_OK;

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
 * Sends a command, or a script if there is one.  On return the arguments
 * point to the operation's copy of them.
 */

static ngx_int_t
oc_store_submit(oc_store_call_t *call, ngx_uint_t flags,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc, size_t reply, oc_redis_handler_pt handler)
{
    size_t               size;
    ngx_int_t            rc;
    ngx_uint_t           i;
    oc_redis_op_t       *op;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(call->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    size = OC_STORE_OP_SIZE + reply;

    for (i = 0; i < argc; i++) {
        size += argv[i].len;
    }

    /* large commands are better off in an allocation of their own */

    if (size > NGX_MAX_ALLOC_FROM_POOL) {
        size = OC_STORE_OP_SIZE + reply;
    }

    op = oc_redis_op_create(call->redis, flags, size, ngx_cycle->log);
    if (op == NULL) {
        return NGX_ERROR;
    }

    call->op = op;

    cln->handler = oc_store_cleanup;
    cln->data = call;

    if (script) {
        rc = oc_redis_op_script(op, script, nkeys, argv, argc);

    } else {
        rc = oc_redis_op_command(op, argv, argc);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    oc_redis_op_submit(op, handler, call);

    return NGX_OK;
}


static void
oc_store_cleanup(void *data)
{
    oc_store_call_t *call = data;

    if (call->op) {
        oc_redis_op_release(call->op);
        call->op = NULL;
    }
}


/*
 * NGX_OK if there is a reply to look at; otherwise the call is over and its
 * handler has been called.
 */

static ngx_int_t
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

    default: /* OC_REDIS_ERROR */
        call->status = OC_STORE_FAILED;
    }

    call->handler(call);

    return NGX_ERROR;
}


/* Redis answered what the operation never answers. */

static void
oc_store_failed(oc_store_call_t *call)
{
    ngx_log_error(NGX_LOG_ERR, call->log, 0,
                  "unexpected data in Redis \"%V\"",
                  oc_redis_name(call->redis));

    call->status = OC_STORE_FAILED;
    call->handler(call);
}
