
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"


/* seconds that the answer to a repeatable request is kept */

#define OC_STORE_REPEATABLE_TIME  "86400"


static ngx_int_t oc_store_create_keys(oc_store_call_t *call, ngx_str_t *id,
    ngx_str_t *keys);
static ngx_int_t oc_store_create_checkin(oc_store_call_t *call,
    oc_entity_t *entity, oc_redis_command_t *commands);
static ngx_int_t oc_store_create_transaction(oc_store_call_t *call,
    oc_entity_t *entity, ngx_str_t *keys);
static ngx_int_t oc_store_create_script_call(oc_store_call_t *call,
    oc_entity_t *entity, ngx_str_t *keys);
static ngx_int_t oc_store_create_array(oc_store_call_t *call,
    oc_entity_t *entity);
static void oc_store_created(oc_redis_op_t *op, void *data);
static void oc_store_added(oc_redis_op_t *op, void *data);


/*
 * Adds a configuration.  OC_STORE_OK: the JSON is call->json and, with the
 * priority that was given in between, call->tail.  With call->repeatability a
 * repetition adds nothing: call->repeated, and call->json and
 * call->assignments are those of the first time.  OC_STORE_EXISTS,
 * OC_STORE_EXHAUSTED.
 */

ngx_int_t
oc_store_create(oc_store_call_t *call, oc_entity_t *entity)
{
    ngx_str_t  keys[4];

    if (oc_store_create_keys(call, &entity->id, keys) != NGX_OK) {
        return NGX_ERROR;
    }

    call->write = 1;
    call->priority = entity->priority;

    if (entity->has_assignments
        && oc_store_create_array(call, entity) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (entity->has_id || !entity->has_priority || entity->live
        || call->repeatability.len || oc_store_grouped(call)
        || !oc_redis_transactions(call->redis))
    {
        return oc_store_create_script_call(call, entity, keys);
    }

    return oc_store_create_transaction(call, entity, keys);
}


static ngx_int_t
oc_store_create_keys(oc_store_call_t *call, ngx_str_t *id, ngx_str_t *keys)
{
    if (oc_store_key(&keys[0], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_CONFIGURATIONS, NULL)
        != NGX_OK
        || oc_store_key(&keys[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_IDS, NULL)
           != NGX_OK
        || oc_store_key(&keys[2], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_PRIORITIES, NULL)
           != NGX_OK
        || oc_store_key(&keys[3], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_ASSIGNMENTS, id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * With an id of our own making and a priority, nothing depends on what is
 * stored.  A transaction does then what the script does, for two thirds of
 * its cost in Redis.
 */

static ngx_int_t
oc_store_create_transaction(oc_store_call_t *call, oc_entity_t *entity,
    ngx_str_t *keys)
{
    u_char               priority[NGX_INT32_LEN];
    ngx_str_t            add[4], id[4], order[4], *assign;
    ngx_uint_t           i, n;
    oc_redis_command_t   commands[6];

    ngx_str_set(&add[0], "HSETNX");
    add[1] = keys[0];
    add[2] = entity->id;
    add[3] = entity->head;

    ngx_str_set(&id[0], "ZADD");
    id[1] = keys[1];
    ngx_str_set(&id[2], "0");
    id[3] = entity->id;

    ngx_str_set(&order[0], "ZADD");
    order[1] = keys[2];
    order[2].data = priority;
    order[2].len = ngx_sprintf(priority, "%D", entity->priority) - priority;
    order[3] = entity->id;

    commands[0].argv = add;
    commands[0].argc = 4;
    commands[1].argv = id;
    commands[1].argc = 4;
    commands[2].argv = order;
    commands[2].argc = 4;

    n = 3;

    if (entity->nassignments) {
        assign = ngx_palloc(call->pool, (2 + 2 * entity->nassignments)
                                        * sizeof(ngx_str_t));
        if (assign == NULL) {
            return NGX_ERROR;
        }

        ngx_str_set(&assign[0], "HSET");
        assign[1] = keys[3];

        for (i = 0; i < entity->nassignments; i++) {
            assign[2 + 2 * i] = entity->assignments[i].id;
            assign[3 + 2 * i] = entity->assignments[i].json;
        }

        commands[3].argv = assign;
        commands[3].argc = 2 + 2 * entity->nassignments;

        n = 4;
    }

    if (entity->ncheckins) {
        if (oc_store_create_checkin(call, entity, &commands[n]) != NGX_OK) {
            return NGX_ERROR;
        }

        n += 2;
    }

    if (oc_store_op(call, 0, entity->head.len) != NGX_OK
        || oc_redis_op_transaction(call->op, commands, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the command's copy, which lives until the answer has been sent */

    call->json = add[3];

    oc_redis_op_submit(call->op, oc_store_added, call);

    return NGX_OK;
}


/*
 * Two commands for the check-in that stays in the JSON: one keeps its record,
 * the other notes it in the tenant's journal.
 */

static ngx_int_t
oc_store_create_checkin(oc_store_call_t *call, oc_entity_t *entity,
    oc_redis_command_t *commands)
{
    u_char     *p;
    ngx_str_t  *argv;

    p = ngx_pnalloc(call->pool, 2 + entity->id.len);
    argv = ngx_palloc(call->pool, 7 * sizeof(ngx_str_t));

    if (p == NULL || argv == NULL
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_STREAMS, NULL)
           != NGX_OK
        || oc_store_key(&argv[5], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_TENANT_JOURNAL, NULL)
           != NGX_OK
        || oc_store_note(call, &argv[6], &entity->checkins->record) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&argv[0], "HSET");

    argv[2].data = p;
    argv[2].len = 2 + entity->id.len;

    p = ngx_cpymem(p, "c/", 2);
    ngx_memcpy(p, entity->id.data, entity->id.len);

    argv[3] = entity->checkins->record;

    commands[0].argv = argv;
    commands[0].argc = 4;

    ngx_str_set(&argv[4], "APPEND");

    commands[1].argv = &argv[4];
    commands[1].argc = 3;

    call->noted = argv[6].len;

    return NGX_OK;
}


static ngx_int_t
oc_store_create_script_call(oc_store_call_t *call, oc_entity_t *entity,
    ngx_str_t *keys)
{
    u_char       priority[NGX_INT32_LEN], count[NGX_INT_T_LEN],
                 cutoff[OC_STORE_CUTOFF_LEN];
    ngx_str_t   *argv;
    ngx_uint_t   i, n, nkeys;

    nkeys = 5 + 2 * OC_STORE_SCOPE_KEYS + (call->repeatability.len ? 1 : 0);

    argv = ngx_palloc(call->pool, (nkeys + 12 + 2 * entity->nassignments
                                   + entity->ncheckins) * sizeof(ngx_str_t));
    if (argv == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(argv, keys, 4 * sizeof(ngx_str_t));

    if (oc_store_key(&argv[4], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_STREAMS, NULL)
        != NGX_OK
        || oc_store_scope(call, &argv[5], NULL) != NGX_OK
        || oc_store_scope(call, &argv[5 + OC_STORE_SCOPE_KEYS], &entity->id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (call->repeatability.len
        && oc_store_key(&argv[nkeys - 1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_REPEATABILITY, &call->repeatability)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[nkeys] = entity->id;

    argv[nkeys + 1].data = priority;
    argv[nkeys + 1].len = entity->has_priority
                          ? (size_t) (ngx_sprintf(priority, "%D",
                                                  entity->priority)
                                      - priority)
                          : 0;

    argv[nkeys + 2] = entity->head;
    argv[nkeys + 3] = entity->tail;

    ngx_str_set(&argv[nkeys + 4], OC_STORE_REPEATABLE_TIME);
    argv[nkeys + 5] = call->assignments;

    argv[nkeys + 6].data = count;
    argv[nkeys + 6].len = ngx_sprintf(count, "%ui", entity->nassignments)
                          - count;
    n = nkeys + 7;

    for (i = 0; i < entity->nassignments; i++) {
        argv[n++] = entity->assignments[i].id;
        argv[n++] = entity->assignments[i].json;
    }

    if (entity->ncheckins) {
        if (oc_store_window(call, &argv[n]) != NGX_OK) {
            return NGX_ERROR;
        }

        n += 2;

        oc_store_cutoff(call, cutoff);

        argv[n].data = cutoff;
        argv[n++].len = OC_STORE_CUTOFF_LEN;

        argv[n++] = entity->summary;

        ngx_str_null(&argv[n]);

        if (entity->live) {
            ngx_str_set(&argv[n], "1");
        }

        n++;

        for (i = 0; i < entity->ncheckins; i++) {
            argv[n++] = entity->checkins[i].record;
        }
    }

    if (oc_store_script(call, call->repeatability.len
                              ? OC_REDIS_OP_REPEATABLE : 0,
                        &oc_store_create_script, nkeys, argv, n, 0,
                        oc_store_created)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->json = argv[nkeys + 2];
    call->tail = argv[nkeys + 3];

    /* more than the script takes from the journal itself */

    call->noted = (entity->ncheckins > OC_STORE_JOURNAL_TAKE);

    return NGX_OK;
}


/* The array of a deep insert, for the answer. */

static ngx_int_t
oc_store_create_array(oc_store_call_t *call, oc_entity_t *entity)
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

    ngx_str_t          etag;
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

    case OC_REDIS_REPLY_ARRAY:
        if (reply->nelements == 2
            && reply->elements[0]->type == OC_REDIS_REPLY_STRING
            && reply->elements[1]->type == OC_REDIS_REPLY_STRING
            && oc_store_etag(&reply->elements[0]->str, &etag) == NGX_OK)
        {
            call->status = OC_STORE_OK;
            call->repeated = 1;
            call->json = reply->elements[0]->str;
            call->assignments = reply->elements[1]->str;

            ngx_str_null(&call->tail);
            break;
        }

        /* fall through */

    default:
        oc_store_failed(call);
        return;
    }

    if (call->noted && !call->repeated && call->status == OC_STORE_OK
        && oc_store_settle(call, NULL, 0) == NGX_OK)
    {
        return;
    }

    call->handler(call);
}


/* The reply to EXEC: that to HSETNX is its first element. */

static void
oc_store_added(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_uint_t         i;
    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements < 3) {
        oc_store_failed(call);
        return;
    }

    for (i = 0; i < reply->nelements; i++) {
        if (reply->elements[i]->type != OC_REDIS_REPLY_INTEGER) {
            oc_store_failed(call);
            return;
        }
    }

    call->status = reply->elements[0]->integer ? OC_STORE_OK
                                               : OC_STORE_EXISTS;

    /* the last one is how long the tenant's journal is */

    if (call->noted
        && (uint64_t) reply->elements[reply->nelements - 1]->integer
           % OC_STORE_JOURNAL_LEN < call->noted
        && call->status == OC_STORE_OK
        && oc_store_settle(call, NULL, 0) == NGX_OK)
    {
        return;
    }

    call->handler(call);
}
