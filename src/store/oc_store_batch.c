
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_batch.h"
#include "oc_store_key.h"


/*
 * What goes to Redis for check-ins that are noted in journals, and for single
 * ones that go together.
 */


static u_char *oc_store_score(u_char *p, ngx_str_t *record);
static ngx_int_t oc_store_batch_script(oc_store_batch_t *batch,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc);
static void oc_store_batch_entries(oc_store_target_t *target, u_char *p);


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


/* Makes the operation that adds the check-ins to journals. */

ngx_int_t
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

ngx_int_t
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
