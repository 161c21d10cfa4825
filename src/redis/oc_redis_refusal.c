
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


static ngx_uint_t oc_redis_refused_replica(oc_redis_conn_t *conn,
    oc_redis_op_t *op, oc_redis_refusal_e refusal);
static void oc_redis_refused_recheck(oc_redis_conn_t *conn);


/*
 * Finds the reaction to a reply that is an error.  Afterwards the operation
 * is in another queue, or its status is set and it is over.
 */

void
oc_redis_refused(oc_redis_conn_t *conn, oc_redis_op_t *op)
{
    ngx_str_t           *error;
    oc_redis_refusal_e   refusal;

    error = &op->reply->str;
    error->len = ngx_min(error->len, 256);

    refusal = oc_redis_refusal(error);

    op->status = OC_REDIS_UNAVAILABLE;

    if (op->replica && oc_redis_refused_replica(conn, op, refusal)) {
        return;
    }

    switch (refusal) {

    case OC_REDIS_REFUSAL_NOSCRIPT:

        if (op->script && !op->eval && oc_redis_op_eval(op) == NGX_OK) {
            op->state = OC_REDIS_OP_WAITING;

            ngx_queue_insert_head(&conn->waiting, &op->queue);
            oc_redis_pending_add(conn, op);

            oc_redis_queue_post(conn);
            return;
        }

        op->status = OC_REDIS_ERROR;
        break;

    case OC_REDIS_REFUSAL_BUSY:
        break;

    case OC_REDIS_REFUSAL_MOVED:
    case OC_REDIS_REFUSAL_ASK:
    case OC_REDIS_REFUSAL_TRYAGAIN:

        /* nothing was done, so that it can be sent again, a write as well */

        if (oc_redis_cluster_redirect(op, refusal) == NGX_OK) {
            return;
        }

        break;

    case OC_REDIS_REFUSAL_NOT_READY:
        conn->retiring = 1;
        oc_redis_queue_post(conn);
        break;

    case OC_REDIS_REFUSAL_RECHECK:
        oc_redis_refused_recheck(conn);
        break;

    default:
        op->status = OC_REDIS_ERROR;
    }

    ngx_log_error(NGX_LOG_ERR, conn->log, 0, "Redis at %V refused: \"%V\"",
                  oc_redis_conn_peer(conn), error);
}


/*
 * What a replica cannot do its master may: a script that reads, for one,
 * removes on the way what has expired.
 */

static ngx_uint_t
oc_redis_refused_replica(oc_redis_conn_t *conn, oc_redis_op_t *op,
    oc_redis_refusal_e refusal)
{
    switch (refusal) {

    case OC_REDIS_REFUSAL_NOT_READY:
        conn->retiring = 1;
        oc_redis_queue_post(conn);
        break;

    case OC_REDIS_REFUSAL_BUSY:
    case OC_REDIS_REFUSAL_RECHECK:
    case OC_REDIS_REFUSAL_TRYAGAIN:
        break;

    default:
        return 0;
    }

    ngx_log_error(NGX_LOG_INFO, conn->log, 0,
                  "a replica of Redis at %V refused: \"%V\"",
                  oc_redis_conn_peer(conn), &op->reply->str);

    op->master = 1;

    oc_redis_op_rewind(op);
    oc_redis_route(op);

    return 1;
}


/*
 * Maybe the name leads to another server by now, or there is another master.
 * Of a standalone server this is looked at not more often than the longest
 * pause, since reads are fine where they are.
 */

static void
oc_redis_refused_recheck(oc_redis_conn_t *conn)
{
    oc_redis_t  *redis;

    redis = conn->redis;

    if (redis->conf.topology == OC_REDIS_STANDALONE
        && ngx_current_msec - conn->rechecked < redis->conf.reconnect_max)
    {
        return;
    }

    conn->rechecked = ngx_current_msec;
    conn->retiring = 1;

    oc_redis_queue_post(conn);

    if (redis->conf.topology != OC_REDIS_STANDALONE) {
        oc_redis_topology_ask(redis, 0);
    }
}
