
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


/*
 * Redis with sentinels.  All of them are asked at once, and the first answer
 * counts; each is subscribed to as well, so that a switch is known when it
 * happens.  A subscribed connection takes no other question: to ask again it
 * is made anew.
 */


/*
 * For so many milliseconds a sentinel that knows an older configuration than
 * another one is not listened to; later the numbers may have begun anew.
 */

#define OC_REDIS_EPOCH_TIME  10000


static void oc_redis_sentinel_listen(oc_redis_conn_t *conn, ngx_str_t *argv,
    ngx_uint_t argc);
static void oc_redis_sentinel_master_reply(oc_redis_op_t *op, void *data);
static void oc_redis_sentinel_replicas_reply(oc_redis_op_t *op, void *data);
static void oc_redis_sentinel_message(oc_redis_op_t *op, void *data);
static void oc_redis_sentinel_elect(oc_redis_t *redis,
    oc_redis_endpoint_t *node, uint64_t epoch, ngx_uint_t down);
static void oc_redis_sentinel_refused(oc_redis_conn_t *conn,
    oc_redis_reply_t *reply);
static void oc_redis_sentinel_forget(oc_redis_t *redis,
    oc_redis_conn_t *conn);


ngx_int_t
oc_redis_sentinel_init(oc_redis_t *redis)
{
    ngx_uint_t          i;
    oc_redis_conn_t    *conn;
    oc_redis_server_t  *server;

    server = redis->conf.servers.elts;

    for (i = 0; i < redis->conf.servers.nelts; i++) {
        conn = oc_redis_node_create(redis, &server[i],
                                    OC_REDIS_ROLE_SENTINEL);
        if (conn == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Asks every sentinel that can be, in parallel. */

void
oc_redis_sentinel_ask(oc_redis_t *redis)
{
    ngx_queue_t      *q;
    oc_redis_conn_t  *conn;

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        conn = ngx_queue_data(q, oc_redis_conn_t, node);

        if (conn->role != OC_REDIS_ROLE_SENTINEL) {
            continue;
        }

        if (conn->state == OC_REDIS_CONN_READY) {
            oc_redis_conn_close(conn);
            oc_redis_queue_recover(conn);

            conn->state = OC_REDIS_CONN_IDLE;
        }

        if (conn->state == OC_REDIS_CONN_IDLE) {
            oc_redis_conn_start(conn);
        }
    }
}


/*
 * A sentinel is connected.  The question and the subscription go together, so
 * that no switch falls in between.
 */

void
oc_redis_sentinel_ready(oc_redis_conn_t *conn)
{
    ngx_str_t         argv[3];
    oc_redis_conf_t  *rcf;

    rcf = &conn->redis->conf;

    conn->refused = 0;

    ngx_str_set(&argv[0], "SENTINEL");
    ngx_str_set(&argv[1], "MASTER");
    argv[2] = rcf->master;

    if (oc_redis_handshake_send(conn, oc_redis_sentinel_master_reply, argv, 3)
        != NGX_OK)
    {
        oc_redis_conn_lost(conn);
        return;
    }

    if (rcf->read_replicas) {
        ngx_str_set(&argv[0], "SENTINEL");
        ngx_str_set(&argv[1], "REPLICAS");
        argv[2] = rcf->master;

        if (oc_redis_handshake_send(conn, oc_redis_sentinel_replicas_reply,
                                    argv, 3)
            != NGX_OK)
        {
            oc_redis_conn_lost(conn);
            return;
        }
    }

    ngx_str_set(&argv[0], "SUBSCRIBE");
    ngx_str_set(&argv[1], "+switch-master");

    oc_redis_sentinel_listen(conn, argv, 2);
}


/* Expects a message, after a command if there is one. */

static void
oc_redis_sentinel_listen(oc_redis_conn_t *conn, ngx_str_t *argv,
    ngx_uint_t argc)
{
    oc_redis_op_t  *op;

    op = oc_redis_op_internal(conn, oc_redis_sentinel_message, argv, argc);
    if (op == NULL) {
        oc_redis_conn_lost(conn);
        return;
    }

    op->listener = 1;
    op->deadline = ngx_current_msec + conn->redis->conf.command_timeout;
    op->conn = conn;
    op->state = OC_REDIS_OP_SENT;

    ngx_queue_insert_tail(&conn->sent, &op->queue);
    oc_redis_pending_add(conn, op);

    if (argc == 0) {
        op->body.pos = op->body.last;
        return;
    }

    *conn->last_out = op->first_link;
    conn->last_out = &op->body_link.next;

    oc_redis_write(conn);
}


static void
oc_redis_sentinel_master_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    oc_redis_instance_t  instance;

    if (oc_redis_topology_instance(op->reply, &instance) != NGX_OK) {
        oc_redis_sentinel_refused(conn, op->reply);
        return;
    }

    conn->told = 0;

    /*
     * until all replicas follow the new master, the sentinel that leads the
     * failover tells the address of the old one with the epoch of the new one
     */

    if (instance.failover && conn->redis->master) {
        return;
    }

    oc_redis_sentinel_elect(conn->redis, &instance.node, instance.epoch,
                            instance.down);
}


/* A sentinel is there and does not know the master. */

static void
oc_redis_sentinel_refused(oc_redis_conn_t *conn, oc_redis_reply_t *reply)
{
    conn->refused = 1;

    if (!conn->told) {
        conn->told = 1;

        if (reply->type != OC_REDIS_REPLY_ERROR) {
            ngx_str_set(&reply->str, "no such master");
        }

        reply->str.len = ngx_min(reply->str.len, 256);

        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "sentinel at %V does not tell the master \"%V\": "
                      "\"%V\"", oc_redis_conn_peer(conn),
                      &conn->redis->conf.master, &reply->str);
    }

    oc_redis_sentinel_down(conn->redis);
}


static void
oc_redis_sentinel_message(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    ngx_str_t             name;
    oc_redis_t           *redis;
    oc_redis_reply_t     *reply, **part;
    oc_redis_endpoint_t   node;

    redis = conn->redis;
    reply = op->reply;
    part = reply->elements;

    if (reply->type == OC_REDIS_REPLY_ERROR) {
        reply->str.len = ngx_min(reply->str.len, 256);

        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "sentinel at %V refused a subscription: \"%V\"",
                      oc_redis_conn_peer(conn), &reply->str);

        /* what it answers is still of use, when it is asked again */

        return;
    }

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements != 3
        || part[0]->type != OC_REDIS_REPLY_STRING
        || part[1]->type != OC_REDIS_REPLY_STRING)
    {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "sentinel at %V sent what is not a message",
                      oc_redis_conn_peer(conn));

        oc_redis_conn_lost(conn);
        return;
    }

    if (part[2]->type == OC_REDIS_REPLY_STRING
        && oc_redis_topology_switch(&part[2]->str, &name, &node) == NGX_OK
        && name.len == redis->conf.master.len
        && ngx_strncmp(name.data, redis->conf.master.data, name.len) == 0)
    {
        oc_redis_sentinel_elect(redis, &node, redis->epoch + 1, 0);
    }

    oc_redis_sentinel_listen(conn, NULL, 0);
}


/*
 * There is a master, or still the same one.  A sentinel whose configuration
 * is older than what is known was cut off from the others.
 */

static void
oc_redis_sentinel_elect(oc_redis_t *redis, oc_redis_endpoint_t *node,
    uint64_t epoch, ngx_uint_t down)
{
    oc_redis_conn_t  *conn, *old;

    conn = redis->master;

    if (epoch < redis->epoch && conn
        && (conn->state == OC_REDIS_CONN_READY
            || ngx_current_msec - redis->epoch_set < OC_REDIS_EPOCH_TIME))
    {
        return;
    }

    conn = oc_redis_node_get(redis, &node->host, node->port,
                             OC_REDIS_ROLE_MASTER);
    if (conn == NULL) {
        return;
    }

    if (epoch != redis->epoch) {
        redis->epoch = epoch;
        redis->epoch_set = ngx_current_msec;
    }

    old = redis->master;

    if (conn != old) {

        redis->master = conn;

        if (old) {
            ngx_log_error(NGX_LOG_NOTICE, redis->log, 0,
                          "the master \"%V\" of Redis is at %V",
                          &redis->conf.master, oc_redis_conn_peer(conn));
        }

        if (conn->role != OC_REDIS_ROLE_MASTER) {

            /* a replica until now: it is asked for its role again */

            oc_redis_sentinel_forget(redis, conn);

            conn->role = OC_REDIS_ROLE_MASTER;

            oc_redis_conn_restart(conn);
        }

        if (old) {

            /* nothing that it says from now on may be taken for an answer */

            oc_redis_node_drop(old);
        }
    }

    /* a sentinel sees it: the pause after failures need not be as long */

    if (!down && conn->state == OC_REDIS_CONN_BACKOFF
        && (ngx_msec_int_t) (conn->connect_timer.timer.key - ngx_current_msec)
           > OC_REDIS_ASK_MISSING)
    {
        oc_redis_conn_restart(conn);
    }

    oc_redis_topology_known(redis);
}


/* Replicas that are up and have what their master has. */

static void
oc_redis_sentinel_replicas_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    ngx_uint_t            i;
    ngx_queue_t          *q;
    oc_redis_t           *redis;
    oc_redis_conn_t      *replica;
    oc_redis_reply_t     *reply;
    oc_redis_instance_t   instance;

    redis = conn->redis;
    reply = op->reply;

    if (reply->type != OC_REDIS_REPLY_ARRAY) {
        return;
    }

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        replica = ngx_queue_data(q, oc_redis_conn_t, node);
        replica->known = 0;
    }

    redis->nreplicas = 0;

    for (i = 0;
         i < reply->nelements && redis->nreplicas < OC_REDIS_MAX_REPLICAS;
         i++)
    {
        if (oc_redis_topology_instance(reply->elements[i], &instance)
            != NGX_OK
            || instance.down || !instance.linked)
        {
            continue;
        }

        replica = oc_redis_node_get(redis, &instance.node.host,
                                    instance.node.port,
                                    OC_REDIS_ROLE_REPLICA);

        if (replica == NULL || replica->known
            || replica->role != OC_REDIS_ROLE_REPLICA)
        {
            continue;
        }

        replica->known = 1;
        redis->replicas[redis->nreplicas++] = replica;
    }

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        replica = ngx_queue_data(q, oc_redis_conn_t, node);

        if (replica->role == OC_REDIS_ROLE_REPLICA && !replica->known) {
            oc_redis_node_leave(replica);
        }
    }
}


static void
oc_redis_sentinel_forget(oc_redis_t *redis, oc_redis_conn_t *conn)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < redis->nreplicas; i++) {
        if (redis->replicas[i] != conn) {
            redis->replicas[n++] = redis->replicas[i];
        }
    }

    redis->nreplicas = n;
}


/*
 * A sentinel cannot be reached, or does not know.  When none does, and there
 * was no master before, operations do not wait for one.
 */

void
oc_redis_sentinel_down(oc_redis_t *redis)
{
    ngx_queue_t      *q;
    oc_redis_conn_t  *conn;

    if (redis->master) {
        return;
    }

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        conn = ngx_queue_data(q, oc_redis_conn_t, node);

        if (conn->role == OC_REDIS_ROLE_SENTINEL
            && conn->state != OC_REDIS_CONN_BACKOFF && !conn->refused)
        {
            return;
        }
    }

    oc_redis_topology_unknown(redis);
}
