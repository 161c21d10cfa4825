
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "oc_store_batch.h"


/*
 * Single check-ins for configurations, which have others as a rule.  Those
 * that come in one turn of the event loop for one tenant go to Redis together,
 * and so do those that come while Redis has not answered others of the tenant:
 * one script call costs little more for many than for one.  Few are added to
 * journals, from where they are taken with others; many are taken at once.
 * Each is answered for itself.
 */


static oc_store_batch_t *oc_store_batch(oc_store_call_t *call, size_t len,
    ngx_str_t *id, oc_store_target_t **target);
static oc_store_batch_t *oc_store_batch_create(oc_store_call_t *call);
static oc_store_target_t *oc_store_batch_target(oc_store_batch_t *batch,
    ngx_str_t *id);
static void oc_store_batch_leave(void *data);
static void oc_store_batch_init(void);
static void oc_store_batch_turn(ngx_event_t *ev);
static ngx_uint_t oc_store_batch_held(oc_store_batch_t *batch);
static void oc_store_batch_next(void);
static ngx_uint_t oc_store_batch_of(oc_store_batch_t *batch,
    oc_redis_t *redis, ngx_str_t *prefix, ngx_str_t *tenant);
static ngx_int_t oc_store_batch_send(oc_store_batch_t *batch);
static void oc_store_batch_done(oc_redis_op_t *op, void *data);
static void oc_store_batch_answer(oc_store_batch_t *batch);
static void oc_store_reported(oc_store_call_t *call, int64_t result);


/*
 * The batches that are not sent, the youngest first, and those that are not
 * answered; what ends a turn, and a time that others have waited.
 */

static ngx_queue_t       oc_store_batches;
static ngx_queue_t       oc_store_sent;
static ngx_event_t       oc_store_turn;
static ngx_event_t       oc_store_hold;
static ngx_connection_t  oc_store_turn_ident;


/* Takes the one check-in in call->checkins at the end of the turn. */

ngx_int_t
oc_store_report(oc_store_call_t *call)
{
    size_t               len;
    oc_store_batch_t    *batch;
    oc_store_target_t   *target;
    ngx_pool_cleanup_t  *cln;

    len = OC_STORE_ENTRY_LEN + call->checkins->checkins[0].record.len;

    cln = ngx_pool_cleanup_add(call->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    batch = oc_store_batch(call, len, &call->checkins->ids[0], &target);
    if (batch == NULL) {
        return NGX_ERROR;
    }

    cln->handler = oc_store_batch_leave;
    cln->data = call;

    ngx_queue_insert_tail(&target->calls, &call->queue);
    target->ncalls++;
    target->len += len;

    call->batch = batch;
    call->target = target;

    batch->taken++;
    batch->waiting++;
    batch->len += len;

    return NGX_OK;
}


/*
 * A batch that takes so many more bytes for this configuration; NULL if memory
 * is out.
 */

static oc_store_batch_t *
oc_store_batch(oc_store_call_t *call, size_t len, ngx_str_t *id,
    oc_store_target_t **target)
{
    ngx_queue_t       *q;
    oc_store_batch_t  *batch;

    if (oc_store_turn.handler == NULL) {
        oc_store_batch_init();
    }

    for (q = ngx_queue_head(&oc_store_batches);
         q != ngx_queue_sentinel(&oc_store_batches);
         q = ngx_queue_next(q))
    {
        batch = ngx_queue_data(q, oc_store_batch_t, queue);

        if (batch->cutoff <= call->cutoff
            && call->cutoff - batch->cutoff <= OC_STORE_BATCH_HOLD
            && batch->recent == call->recent
            && batch->taken < OC_STORE_BATCH_CALLS
            && batch->len + len <= OC_STORE_BATCH_BYTES
            && oc_store_batch_of(batch, call->redis, &call->prefix,
                                 &call->tenant))
        {
            *target = oc_store_batch_target(batch, id);

            if (*target) {
                return batch;
            }
        }
    }

    batch = oc_store_batch_create(call);
    if (batch == NULL) {
        return NULL;
    }

    *target = oc_store_batch_target(batch, id);

    if (*target == NULL) {
        ngx_destroy_pool(batch->pool);
        return NULL;
    }

    ngx_queue_insert_head(&oc_store_batches, &batch->queue);

    ngx_post_event(&oc_store_turn, &ngx_posted_events);

    return batch;
}


static void
oc_store_batch_init(void)
{
    ngx_queue_init(&oc_store_batches);
    ngx_queue_init(&oc_store_sent);

    oc_store_turn_ident.fd = (ngx_socket_t) -1;

    oc_store_turn.handler = oc_store_batch_turn;
    oc_store_turn.data = &oc_store_turn_ident;
    oc_store_turn.log = ngx_cycle->log;

    oc_store_hold.handler = oc_store_batch_turn;
    oc_store_hold.data = &oc_store_turn_ident;
    oc_store_hold.log = ngx_cycle->log;
}


static ngx_uint_t
oc_store_batch_of(oc_store_batch_t *batch, oc_redis_t *redis,
    ngx_str_t *prefix, ngx_str_t *tenant)
{
    return batch->redis == redis
           && batch->tenant.len == tenant->len
           && ngx_memcmp(batch->tenant.data, tenant->data, tenant->len) == 0
           && batch->prefix.len == prefix->len
           && ngx_memcmp(batch->prefix.data, prefix->data, prefix->len) == 0;
}


static oc_store_batch_t *
oc_store_batch_create(oc_store_call_t *call)
{
    u_char            *p;
    ngx_pool_t        *pool;
    oc_store_batch_t  *batch;

    pool = ngx_create_pool(OC_STORE_BATCH_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    batch = ngx_palloc(pool, sizeof(oc_store_batch_t));
    p = ngx_pnalloc(pool, call->prefix.len + call->tenant.len);

    if (batch == NULL || p == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    batch->pool = pool;
    batch->redis = call->redis;
    batch->cutoff = call->cutoff;
    batch->recent = call->recent;
    batch->since = ngx_current_msec;
    batch->op = NULL;
    batch->ntargets = 0;
    batch->taken = 0;
    batch->waiting = 0;
    batch->len = 0;
    batch->over = 0;

    /* the call may be gone before the others are sent */

    batch->prefix.len = call->prefix.len;
    batch->prefix.data = p;
    p = ngx_cpymem(p, call->prefix.data, call->prefix.len);

    batch->tenant.len = call->tenant.len;
    batch->tenant.data = p;
    ngx_memcpy(p, call->tenant.data, call->tenant.len);

    return batch;
}


/* The target with this id; NULL if there are too many, or memory is out. */

static oc_store_target_t *
oc_store_batch_target(oc_store_batch_t *batch, ngx_str_t *id)
{
    ngx_uint_t          i;
    oc_store_target_t  *target;

    for (i = 0; i < batch->ntargets; i++) {
        target = &batch->targets[i];

        if (target->id.len == id->len
            && ngx_memcmp(target->id.data, id->data, id->len) == 0)
        {
            return target;
        }
    }

    if (batch->ntargets == OC_STORE_BATCH_TARGETS) {
        return NULL;
    }

    target = &batch->targets[batch->ntargets];

    target->id.len = id->len;
    target->id.data = ngx_pstrdup(batch->pool, id);

    if (target->id.data == NULL) {
        return NULL;
    }

    target->ncalls = 0;
    target->len = 0;
    ngx_queue_init(&target->calls);

    batch->ntargets++;

    return target;
}


/*
 * The call's pool is destroyed: a check-in that was not sent is not taken, and
 * nobody waits for one that was.
 */

static void
oc_store_batch_leave(void *data)
{
    oc_store_call_t *call = data;

    oc_store_batch_t   *batch;
    oc_store_target_t  *target;

    batch = call->batch;

    if (batch == NULL) {
        return;
    }

    target = call->target;

    target->ncalls--;
    target->len -= OC_STORE_ENTRY_LEN
                   + call->checkins->checkins[0].record.len;

    call->batch = NULL;

    ngx_queue_remove(&call->queue);

    batch->waiting--;

    /* one that was not sent is looked at in the end of the turn */

    if (batch->waiting == 0 && batch->op && !batch->over) {
        ngx_queue_remove(&batch->queue);
        oc_redis_op_release(batch->op);
        ngx_destroy_pool(batch->pool);
        oc_store_batch_next();
    }
}


/* The turn ends: what has come is sent, unless it is better to wait. */

static void
oc_store_batch_turn(ngx_event_t *ev)
{
    ngx_queue_t       *q, *prev;
    ngx_uint_t         held;
    oc_store_batch_t  *batch;

    held = 0;

    for (q = ngx_queue_last(&oc_store_batches);
         q != ngx_queue_sentinel(&oc_store_batches);
         q = prev)
    {
        prev = ngx_queue_prev(q);
        batch = ngx_queue_data(q, oc_store_batch_t, queue);

        if (batch->waiting && oc_store_batch_held(batch)) {
            held = 1;
            continue;
        }

        ngx_queue_remove(q);

        if (batch->waiting == 0) {
            ngx_destroy_pool(batch->pool);

        } else if (oc_store_batch_send(batch) == NGX_OK) {
            ngx_queue_insert_head(&oc_store_sent, &batch->queue);

        } else {
            oc_store_batch_answer(batch);
        }
    }

    if (held && !oc_store_hold.timer_set) {
        ngx_add_timer(&oc_store_hold, OC_STORE_BATCH_HOLD);
    }
}


/*
 * Whether others of the tenant are not answered yet, and there is room and
 * time for more in this one.
 */

static ngx_uint_t
oc_store_batch_held(oc_store_batch_t *batch)
{
    ngx_queue_t  *q;

    if (batch->taken == OC_STORE_BATCH_CALLS
        || (ngx_msec_int_t) (ngx_current_msec - batch->since)
           >= OC_STORE_BATCH_HOLD)
    {
        return 0;
    }

    for (q = ngx_queue_head(&oc_store_sent);
         q != ngx_queue_sentinel(&oc_store_sent);
         q = ngx_queue_next(q))
    {
        if (oc_store_batch_of(ngx_queue_data(q, oc_store_batch_t, queue),
                              batch->redis, &batch->prefix, &batch->tenant))
        {
            return 1;
        }
    }

    return 0;
}


/* A batch is over: it is the turn of those that have waited for it. */

static void
oc_store_batch_next(void)
{
    if (!ngx_queue_empty(&oc_store_batches)) {
        ngx_post_event(&oc_store_turn, &ngx_posted_events);
    }
}


static ngx_int_t
oc_store_batch_send(oc_store_batch_t *batch)
{
    ngx_int_t  rc;

    rc = batch->waiting < OC_STORE_BATCH_MANY ? oc_store_batch_note(batch)
                                              : oc_store_batch_absorb(batch);
    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    oc_redis_op_submit(batch->op, oc_store_batch_done, batch);

    return NGX_OK;
}


static void
oc_store_batch_done(oc_redis_op_t *op, void *data)
{
    oc_store_batch_t *batch = data;

    ngx_queue_remove(&batch->queue);

    oc_store_batch_answer(batch);
    oc_store_batch_next();
}


/*
 * Gives each call its result, and frees the batch.  A call that is answered
 * may take others with it.
 */

static void
oc_store_batch_answer(oc_store_batch_t *batch)
{
    int64_t             result;
    ngx_uint_t          i;
    ngx_queue_t        *q;
    oc_redis_op_t      *op;
    oc_store_call_t    *call;
    oc_redis_reply_t   *reply;
    oc_store_target_t  *target;

    batch->over = 1;

    op = batch->op;
    reply = NULL;

    if (op && oc_redis_op_status(op) == OC_REDIS_OK) {
        reply = oc_redis_op_reply(op);

        if (reply && (reply->type != OC_REDIS_REPLY_ARRAY
                      || reply->nelements != batch->ntargets))
        {
            reply = NULL;
        }
    }

    for (i = 0; i < batch->ntargets; i++) {
        target = &batch->targets[i];

        result = -1;

        if (reply && reply->elements[i]->type == OC_REDIS_REPLY_INTEGER) {
            result = reply->elements[i]->integer;
        }

        while (!ngx_queue_empty(&target->calls)) {
            q = ngx_queue_head(&target->calls);
            call = ngx_queue_data(q, oc_store_call_t, queue);

            ngx_queue_remove(q);

            call->batch = NULL;
            batch->waiting--;

            if (op == NULL) {
                call->status = OC_STORE_OVERLOADED;
                call->handler(call);

            } else if (oc_store_result(call, op) == NGX_OK) {
                oc_store_reported(call, result);

                /* one of them sees to the journals */

                if (result == OC_STORE_DUE) {
                    result = 1;
                }
            }
        }
    }

    if (op) {
        oc_redis_op_release(op);
    }

    ngx_destroy_pool(batch->pool);
}


static void
oc_store_reported(oc_store_call_t *call, int64_t result)
{
    switch (result) {

    case 0:

        /* its first, or it does not exist */

        if (oc_store_take(call, call->checkins) != NGX_OK) {
            oc_store_failed(call);
        }

        return;

    case OC_STORE_DUE:

        if (oc_store_settle(call, call->checkins->ids, 1) == NGX_OK) {
            return;
        }

        /* fall through */

    case 1:
        call->status = OC_STORE_OK;
        call->handler(call);
        return;

    default:
        oc_store_failed(call);
    }
}
