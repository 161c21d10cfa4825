
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"


/*
 * Single check-ins for configurations, which have others as a rule.  Those
 * that come in one turn of the event loop for one tenant go to Redis together,
 * and so do those that come while Redis has not answered others of the tenant:
 * one script call costs little more for many than for one.  Few are added to
 * journals, from where they are taken with others; many are taken at once.
 * Each is answered for itself.
 */


/* so many are taken at once */

#define OC_STORE_BATCH_MANY     8

/* what goes together at most */

#define OC_STORE_BATCH_CALLS    64
#define OC_STORE_BATCH_TARGETS  16
#define OC_STORE_BATCH_BYTES    65536

/* how long the first one waits at most, and by how much others are later: ms */

#define OC_STORE_BATCH_HOLD     20

#define OC_STORE_BATCH_SIZE     2048


/* a configuration, and the calls that have a check-in for it */

struct oc_store_target_s {
    ngx_str_t                 id;
    ngx_queue_t               calls;
    ngx_uint_t                ncalls;
    size_t                    len;       /* of what its journal gets */
};


/* the record of a call in the queue */

#define oc_store_batch_record(q)                                              \
    (&(ngx_queue_data(q, oc_store_call_t, queue))->checkins->checkins[0].record)


struct oc_store_batch_s {
    ngx_queue_t               queue;     /* of those not sent, or sent */
    ngx_pool_t               *pool;
    oc_redis_t               *redis;
    ngx_str_t                 prefix;
    ngx_str_t                 tenant;
    int64_t                   cutoff;
    ngx_uint_t                recent;
    ngx_msec_t                since;
    oc_redis_op_t            *op;
    oc_store_target_t         targets[OC_STORE_BATCH_TARGETS];
    ngx_uint_t                ntargets;
    ngx_uint_t                taken;     /* calls so far */
    ngx_uint_t                waiting;   /* calls that are still there */
    size_t                    len;
    unsigned                  over:1;    /* the calls are being answered */
};


static u_char *oc_store_score(u_char *p, ngx_str_t *record);
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
static ngx_int_t oc_store_batch_note(oc_store_batch_t *batch);
static ngx_int_t oc_store_batch_absorb(oc_store_batch_t *batch);
static ngx_int_t oc_store_batch_script(oc_store_batch_t *batch,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc);
static void oc_store_batch_entries(oc_store_target_t *target, u_char *p);
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


/*
 * What a journal gets of a check-in: OC_STORE_ENTRY_LEN bytes and the record,
 * see scripts/lib/checkin.lua.  Returns where it ends.
 */

u_char *
oc_store_entry(oc_store_call_t *call, u_char *p, ngx_str_t *record)
{
    size_t  len;

    oc_store_cutoff(call, p);

    p = ngx_cpymem(p + OC_STORE_CUTOFF_LEN, record->data, OC_STORE_REST);

    p = oc_store_score(p, record);

    len = record->len - OC_STORE_REST;

    *p++ = (u_char) (len >> 16);
    *p++ = (u_char) (len >> 8);
    *p++ = (u_char) len;

    return ngx_cpymem(p, record->data + OC_STORE_REST, len);
}


/* The microseconds of a record as OC_STORE_SCORE_LEN digits. */

static u_char *
oc_store_score(u_char *p, ngx_str_t *record)
{
    u_char      *rest;
    uint64_t     usec;
    ngx_uint_t   i;

    rest = record->data + OC_STORE_REST;
    usec = 0;

    for (i = 0; i < OC_STORE_USEC_LEN; i++) {
        usec = usec * 256 + rest[i];
    }

    usec = ngx_min(usec, OC_STORE_SCORE_MAX);

    for (i = OC_STORE_SCORE_LEN; i; i--) {
        p[i - 1] = (u_char) ('0' + usec % 10);
        usec /= 10;
    }

    return p + OC_STORE_SCORE_LEN;
}


/* The same as an argument, in the call's pool. */

ngx_int_t
oc_store_note(oc_store_call_t *call, ngx_str_t *argument, ngx_str_t *record)
{
    argument->len = OC_STORE_ENTRY_LEN + record->len;

    argument->data = ngx_pnalloc(call->pool, argument->len);
    if (argument->data == NULL) {
        return NGX_ERROR;
    }

    (void) oc_store_entry(call, argument->data, record);

    return NGX_OK;
}


/* The cutoff as OC_STORE_CUTOFF_LEN bytes, the highest first. */

void
oc_store_cutoff(oc_store_call_t *call, u_char *p)
{
    int64_t     cutoff;
    ngx_uint_t  i;

    cutoff = ngx_max(call->cutoff, 0);

    for (i = OC_STORE_CUTOFF_LEN; i; i--) {
        p[i - 1] = (u_char) cutoff;
        cutoff >>= 8;
    }
}


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


/* Makes the operation that adds the check-ins to journals. */

static ngx_int_t
oc_store_batch_note(oc_store_batch_t *batch)
{
    ngx_str_t    argv[1 + 2 * OC_STORE_BATCH_TARGETS];
    ngx_uint_t   i, n;

    if (oc_store_key(&argv[0], batch->pool, &batch->prefix, &batch->tenant,
                     OC_KEY_TENANT_JOURNAL, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = batch->ntargets;

    for (i = 0; i < n; i++) {
        if (oc_store_key(&argv[1 + i], batch->pool, &batch->prefix,
                         &batch->tenant, OC_KEY_JOURNAL,
                         &batch->targets[i].id)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        argv[1 + n + i].data = NULL;
        argv[1 + n + i].len = batch->targets[i].len;
    }

    if (oc_store_batch_script(batch, &oc_store_report_script, 1 + n, argv,
                              1 + 2 * n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        oc_store_batch_entries(&batch->targets[i], argv[1 + n + i].data);
    }

    return NGX_OK;
}


/*
 * Makes the operation that takes the check-ins at once, but those for a
 * configuration that has few of them.
 */

static ngx_int_t
oc_store_batch_absorb(oc_store_batch_t *batch)
{
    u_char              numbers[2 + OC_STORE_BATCH_TARGETS][NGX_INT64_LEN];
    ngx_str_t           argv[OC_STORE_SCOPE_KEYS * (1 + OC_STORE_BATCH_TARGETS)
                             + 2 + 2 * OC_STORE_BATCH_TARGETS
                             + 4 * OC_STORE_BATCH_CALLS], *arg, *record;
    ngx_uint_t          i, n, nkeys;
    ngx_queue_t        *q;
    oc_store_call_t     scope;
    oc_store_target_t  *target;

    n = batch->ntargets;
    nkeys = OC_STORE_SCOPE_KEYS * (1 + n);

    scope.pool = batch->pool;
    scope.prefix = batch->prefix;
    scope.tenant = batch->tenant;

    if (oc_store_scope(&scope, argv, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    arg = &argv[nkeys];

    arg->data = numbers[0];
    arg->len = ngx_sprintf(numbers[0], "%ui", batch->recent) - numbers[0];
    arg++;

    arg->data = numbers[1];
    arg->len = ngx_sprintf(numbers[1], "%L", ngx_max(batch->cutoff, 0))
               - numbers[1];
    arg++;

    for (i = 0; i < n; i++) {
        target = &batch->targets[i];

        if (oc_store_scope(&scope, &argv[OC_STORE_SCOPE_KEYS * (1 + i)],
                           &target->id)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        arg->data = numbers[2 + i];
        arg->len = ngx_sprintf(numbers[2 + i], "%ui", target->ncalls)
                   - numbers[2 + i];
        arg++;

        arg->data = NULL;
        arg->len = target->ncalls < OC_STORE_BATCH_MANY ? target->len : 0;
        arg++;
    }

    for (i = 0; i < n; i++) {
        target = &batch->targets[i];

        for (q = ngx_queue_head(&target->calls);
             q != ngx_queue_sentinel(&target->calls);
             q = ngx_queue_next(q))
        {
            record = oc_store_batch_record(q);

            arg->data = record->data;
            arg->len = OC_CHECKIN_KEY_LEN;
            arg++;

            arg->data = record->data + OC_CHECKIN_KEY_LEN;
            arg->len = OC_STORE_REST - OC_CHECKIN_KEY_LEN;
            arg++;

            arg->data = NULL;
            arg->len = OC_STORE_SCORE_LEN;
            arg++;

            arg->data = record->data + OC_STORE_REST;
            arg->len = record->len - OC_STORE_REST;
            arg++;
        }
    }

    if (oc_store_batch_script(batch, &oc_store_absorb_script, nkeys, argv,
                              arg - argv)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    arg = &argv[nkeys + 3];

    for (i = 0; i < n; i++) {
        if (arg->len) {
            oc_store_batch_entries(&batch->targets[i], arg->data);
        }

        arg += 2;
    }

    /* now it is at the flags of the first one, behind its key */

    arg++;

    for (i = 0; i < n; i++) {
        target = &batch->targets[i];

        for (q = ngx_queue_head(&target->calls);
             q != ngx_queue_sentinel(&target->calls);
             q = ngx_queue_next(q))
        {
            (void) oc_store_score(arg->data, oc_store_batch_record(q));
            arg += 4;
        }
    }

    return NGX_OK;
}


static ngx_int_t
oc_store_batch_script(oc_store_batch_t *batch,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc)
{
    size_t  size;

    size = OC_STORE_BATCH_SIZE + batch->len;

    batch->op = oc_redis_op_create(batch->redis, 0,
                                   size < NGX_MAX_ALLOC_FROM_POOL
                                   ? size : OC_STORE_BATCH_SIZE,
                                   ngx_cycle->log);
    if (batch->op == NULL) {
        return NGX_ERROR;
    }

    if (oc_redis_op_script(batch->op, script, nkeys, argv, argc) != NGX_OK) {
        oc_redis_op_release(batch->op);
        batch->op = NULL;

        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
oc_store_batch_entries(oc_store_target_t *target, u_char *p)
{
    ngx_queue_t  *q;

    for (q = ngx_queue_head(&target->calls);
         q != ngx_queue_sentinel(&target->calls);
         q = ngx_queue_next(q))
    {
        p = oc_store_entry(ngx_queue_data(q, oc_store_call_t, queue), p,
                           oc_store_batch_record(q));
    }
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
