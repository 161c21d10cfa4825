
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


/*
 * The way of an operation to a node.  What has none yet, or is to be sent
 * again after a pause, waits in the queue of redis->unrouted.
 */


/* between two questions for the topology, in milliseconds */

#define OC_REDIS_ASK_MIN      100

/* the first pause of an operation that is sent again; twice as long then */

#define OC_REDIS_LATER        20


static void oc_redis_route_unrouted(oc_redis_t *redis);
static oc_redis_conn_t *oc_redis_target(oc_redis_op_t *op);
static ngx_uint_t oc_redis_topology_missing(oc_redis_t *redis);
static void oc_redis_ask_handler(ngx_event_t *ev);
static void oc_redis_retry_handler(ngx_event_t *ev);
static void oc_redis_retry_at(oc_redis_t *redis, ngx_msec_t at);


void
oc_redis_route_init(oc_redis_t *redis)
{
    redis->asked = ngx_current_msec - OC_REDIS_ASK_MIN;

    redis->ident.data = redis;
    redis->ident.fd = (ngx_socket_t) -1;

    redis->ask_timer.handler = oc_redis_ask_handler;
    redis->ask_timer.data = &redis->ident;
    redis->ask_timer.log = redis->log;
    redis->ask_timer.cancelable = 1;

    /* a worker that exits waits for the operations, not for this timer */

    redis->retry_timer.handler = oc_redis_retry_handler;
    redis->retry_timer.data = &redis->ident;
    redis->retry_timer.log = redis->log;
    redis->retry_timer.cancelable = 1;
}


void
oc_redis_route_exit(oc_redis_t *redis)
{
    if (redis->ask_timer.timer_set) {
        ngx_del_timer(&redis->ask_timer);
    }

    if (redis->retry_timer.timer_set) {
        ngx_del_timer(&redis->retry_timer);
    }
}


/*
 * Gives an operation that is in no queue to the node that it is for.  If
 * there is none it is over, with its handler called at the end of the turn.
 */

void
oc_redis_route(oc_redis_op_t *op)
{
    oc_redis_t       *redis;
    oc_redis_conn_t  *conn;

    redis = op->redis;

    op->replica = 0;

    conn = oc_redis_target(op);

    if (conn == NULL) {

        if (redis->unreachable) {
            oc_redis_queue_fail(&redis->unrouted, op, OC_REDIS_UNAVAILABLE);
            return;
        }

        conn = &redis->unrouted;
    }

    oc_redis_route_to(op, conn);
}


/* The same, to a node that is known. */

void
oc_redis_route_to(oc_redis_op_t *op, oc_redis_conn_t *conn)
{
    oc_redis_t  *redis;

    redis = op->redis;

    if (conn->state == OC_REDIS_CONN_BACKOFF) {

        if (op->replica && !op->master) {
            op->master = 1;
            oc_redis_route(op);
            return;
        }

        oc_redis_queue_fail(conn, op, OC_REDIS_UNAVAILABLE);
        return;
    }

    if (conn->pending >= redis->conf.max_pending
        || (conn->pending
            && conn->pending_bytes + oc_redis_op_bytes(op)
               > OC_REDIS_MAX_PENDING_BYTES))
    {
        oc_redis_queue_fail(conn, op, OC_REDIS_OVERLOADED);
        return;
    }

    oc_redis_queue_send(conn, op);

    if (conn->state == OC_REDIS_CONN_IDLE && conn != &redis->unrouted) {
        oc_redis_conn_start(conn);
    }
}


/* The node for an operation; NULL if there is none, or none yet. */

static oc_redis_conn_t *
oc_redis_target(oc_redis_op_t *op)
{
    oc_redis_t       *redis;
    oc_redis_conn_t  *conn;

    redis = op->redis;

    if (redis->conf.topology == OC_REDIS_STANDALONE) {
        return redis->master;
    }

    if (!redis->started) {
        redis->started = 1;
        oc_redis_topology_ask(redis, 0);
    }

    if (redis->conf.topology == OC_REDIS_CLUSTER) {
        return oc_redis_cluster_target(op);
    }

    if (op->read && !op->master && redis->nreplicas) {
        conn = oc_redis_route_replica(redis->replicas, redis->nreplicas,
                                      &redis->turn);

        if (conn) {
            op->replica = 1;
            return conn;
        }
    }

    return redis->master;
}


/*
 * One of the replicas of a master, in turn, whose connection is ready; NULL
 * if none is.  The others are connected to for the next time.
 */

oc_redis_conn_t *
oc_redis_route_replica(oc_redis_conn_t **replicas, ngx_uint_t n,
    ngx_uint_t *turn)
{
    ngx_uint_t        i;
    oc_redis_conn_t  *conn, *found;

    found = NULL;

    for (i = 0; i < n; i++) {
        conn = replicas[(*turn + i) % n];

        if (conn->state == OC_REDIS_CONN_IDLE) {
            oc_redis_conn_start(conn);
        }

        if (found == NULL && conn->state == OC_REDIS_CONN_READY
            && !conn->retiring && !conn->stalled
            && conn->pending < conn->redis->conf.max_pending / 2)
        {
            found = conn;
        }
    }

    (*turn)++;

    return found;
}


/* What waits for a node that has left goes elsewhere. */

void
oc_redis_route_waiting(oc_redis_conn_t *conn)
{
    ngx_queue_t    *q, list;
    oc_redis_op_t  *op;

    ngx_queue_init(&list);

    if (!ngx_queue_empty(&conn->waiting)) {
        ngx_queue_add(&list, &conn->waiting);
        ngx_queue_init(&conn->waiting);
    }

    while (!ngx_queue_empty(&list)) {
        q = ngx_queue_head(&list);
        op = ngx_queue_data(q, oc_redis_op_t, queue);

        ngx_queue_remove(q);
        oc_redis_pending_remove(conn, op);

        if (op->internal) {
            ngx_destroy_pool(op->pool);
            continue;
        }

        if (op->service) {
            oc_redis_queue_fail(conn, op, OC_REDIS_UNAVAILABLE);
            continue;
        }

        op->asking = 0;

        oc_redis_op_rewind(op);
        oc_redis_route(op);
    }

    oc_redis_queue_changed(conn);
}


/* Tries again what had no way to a node, except what has to pause. */

static void
oc_redis_route_unrouted(oc_redis_t *redis)
{
    ngx_queue_t      *q, list;
    oc_redis_op_t    *op;
    oc_redis_conn_t  *conn;

    conn = &redis->unrouted;

    if (ngx_queue_empty(&conn->waiting)) {
        return;
    }

    ngx_queue_init(&list);
    ngx_queue_add(&list, &conn->waiting);
    ngx_queue_init(&conn->waiting);

    while (!ngx_queue_empty(&list)) {
        q = ngx_queue_head(&list);
        op = ngx_queue_data(q, oc_redis_op_t, queue);

        ngx_queue_remove(q);

        if (op->delayed
            && (ngx_msec_int_t) (op->retry_at - ngx_current_msec) > 0)
        {
            ngx_queue_insert_tail(&conn->waiting, q);
            oc_redis_retry_at(redis, op->retry_at);
            continue;
        }

        op->delayed = 0;

        oc_redis_pending_remove(conn, op);

        oc_redis_route(op);
    }

    oc_redis_queue_changed(conn);
}


/*
 * Sends an operation once more after a pause, which grows with how often that
 * has been.  NGX_DECLINED if it was often enough or there is no time left.
 */

ngx_int_t
oc_redis_route_later(oc_redis_op_t *op)
{
    ngx_msec_t  delay;

    if (op->hops >= OC_REDIS_MAX_HOPS) {
        return NGX_DECLINED;
    }

    delay = OC_REDIS_LATER << op->hops;
    delay += ngx_random() % (delay / 2 + 1);

    if ((ngx_msec_int_t) (op->deadline - ngx_current_msec)
        <= (ngx_msec_int_t) delay)
    {
        return NGX_DECLINED;
    }

    op->hops++;
    op->delayed = 1;
    op->asking = 0;
    op->retry_at = ngx_current_msec + delay;

    oc_redis_op_rewind(op);
    oc_redis_route_to(op, &op->redis->unrouted);

    oc_redis_retry_at(op->redis, op->retry_at);

    return NGX_OK;
}


static void
oc_redis_retry_at(oc_redis_t *redis, ngx_msec_t at)
{
    ngx_event_t     *ev;
    ngx_msec_int_t   left;

    ev = &redis->retry_timer;

    if (ev->timer_set) {

        if ((ngx_msec_int_t) (ev->timer.key - at) <= 0) {
            return;
        }

        ngx_del_timer(ev);
    }

    left = (ngx_msec_int_t) (at - ngx_current_msec);

    ngx_add_timer(ev, ngx_max(left, 1));
}


static void
oc_redis_retry_handler(ngx_event_t *ev)
{
    ngx_connection_t  *ident;

    ident = ev->data;

    oc_redis_route_unrouted(ident->data);
}


/*
 * Has the topology asked for after "delay" milliseconds, or before; whoever
 * wants that meanwhile is content with the same answer.
 */

void
oc_redis_topology_ask(oc_redis_t *redis, ngx_msec_t delay)
{
    ngx_event_t     *ev;
    ngx_msec_int_t   since;

    ev = &redis->ask_timer;
    since = (ngx_msec_int_t) (ngx_current_msec - redis->asked);

    if (since < OC_REDIS_ASK_MIN) {
        delay = ngx_max(delay, (ngx_msec_t) (OC_REDIS_ASK_MIN - since));
    }

    delay += ngx_random() % (delay / 4 + 1);

    if (ev->timer_set) {

        if ((ngx_msec_int_t) (ev->timer.key - ngx_current_msec)
            <= (ngx_msec_int_t) delay)
        {
            return;
        }

        ngx_del_timer(ev);
    }

    ngx_add_timer(ev, delay);
}


static void
oc_redis_ask_handler(ngx_event_t *ev)
{
    oc_redis_t        *redis;
    ngx_connection_t  *ident;

    ident = ev->data;
    redis = ident->data;

    if (ngx_exiting && redis->unrouted.pending == 0) {
        return;
    }

    redis->asked = ngx_current_msec;

    if (redis->conf.topology == OC_REDIS_CLUSTER) {
        oc_redis_cluster_ask(redis);

    } else {
        oc_redis_sentinel_ask(redis);
    }

    oc_redis_topology_ask(redis, oc_redis_topology_missing(redis)
                                 ? OC_REDIS_ASK_MISSING
                                 : redis->conf.topology_refresh);
}


/* Whether it is worth while to ask again soon. */

static ngx_uint_t
oc_redis_topology_missing(oc_redis_t *redis)
{
    if (redis->unreachable) {
        return 1;
    }

    if (redis->conf.topology == OC_REDIS_CLUSTER) {
        return oc_redis_cluster_missing(redis);
    }

    return redis->master == NULL
           || redis->master->state == OC_REDIS_CONN_BACKOFF
           || redis->master->stalled;
}


/* There is an answer, and the nodes are as it says. */

void
oc_redis_topology_known(oc_redis_t *redis)
{
    redis->unreachable = 0;

    oc_redis_route_unrouted(redis);
}


/* Nobody says what the topology is: whoever waits for that is told so. */

void
oc_redis_topology_unknown(oc_redis_t *redis)
{
    redis->unreachable = 1;

    oc_redis_queue_fail_waiting(&redis->unrouted);
    oc_redis_topology_ask(redis, OC_REDIS_ASK_MISSING);
}


void
oc_redis_topology_node_ready(oc_redis_conn_t *conn)
{
    if (conn->role == OC_REDIS_ROLE_SENTINEL) {
        oc_redis_sentinel_ready(conn);
    }
}


/* A connection was lost, cannot be made, or nothing comes over it. */

void
oc_redis_topology_node_down(oc_redis_conn_t *conn)
{
    if (conn->redis->conf.topology == OC_REDIS_STANDALONE) {
        return;
    }

    if (conn->role == OC_REDIS_ROLE_SENTINEL) {
        oc_redis_sentinel_down(conn->redis);
        return;
    }

    oc_redis_topology_ask(conn->redis, 0);
}
