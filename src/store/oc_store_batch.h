
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_STORE_BATCH_H_INCLUDED_
#define _OC_STORE_BATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"


/* so many are taken at once */

#define OC_STORE_BATCH_MANY     8

/* what goes together at most */

#define OC_STORE_BATCH_CALLS    64
#define OC_STORE_BATCH_TARGETS  16
#define OC_STORE_BATCH_BYTES    65536

/* how long the first one waits at most, and by how much others are later: ms */

#define OC_STORE_BATCH_HOLD     20

/* memory for what is known of a batch */

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


ngx_int_t oc_store_batch_note(oc_store_batch_t *batch);
ngx_int_t oc_store_batch_absorb(oc_store_batch_t *batch);


#endif /* _OC_STORE_BATCH_H_INCLUDED_ */
