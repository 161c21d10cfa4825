
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


static void oc_redis_wait_reply(oc_redis_op_t *op, void *data);


/*
 * Asks, behind the writes of a turn, whether enough replicas have them: one
 * WAIT for all.  Until it is answered the server does nothing else on this
 * connection.
 */

void
oc_redis_wait_send(oc_redis_conn_t *conn)
{
    u_char            numbers[2][NGX_INT_T_LEN];
    ngx_str_t         argv[3];
    oc_redis_op_t    *op;
    oc_redis_conf_t  *rcf;

    rcf = &conn->redis->conf;

    ngx_str_set(&argv[0], "WAIT");

    argv[1].data = numbers[0];
    argv[1].len = ngx_sprintf(numbers[0], "%i", rcf->wait_replicas)
                  - numbers[0];

    argv[2].data = numbers[1];
    argv[2].len = ngx_sprintf(numbers[1], "%M", rcf->wait_timeout)
                  - numbers[1];

    op = oc_redis_op_internal(conn, oc_redis_wait_reply, argv, 3);
    if (op == NULL) {

        /* the writes are answered when their time is over */

        return;
    }

    op->deadline = ngx_current_msec + rcf->command_timeout;
    op->conn = conn;
    op->state = OC_REDIS_OP_SENT;

    ngx_queue_insert_tail(&conn->sent, &op->queue);
    oc_redis_pending_add(conn, op);

    *conn->last_out = op->first_link;
    conn->last_out = &op->body_link.next;
}


/* A write that was carried out: its handler is called after WAIT. */

void
oc_redis_wait_hold(oc_redis_conn_t *conn, oc_redis_op_t *op)
{
    ngx_queue_insert_tail(&conn->unconfirmed, &op->queue);
    oc_redis_pending_add(conn, op);
}


static void
oc_redis_wait_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    int64_t             n;
    ngx_queue_t        *q;
    oc_redis_op_t      *write;
    oc_redis_reply_t   *reply;
    oc_redis_status_e   status;

    reply = op->reply;
    n = (reply->type == OC_REDIS_REPLY_INTEGER) ? reply->integer : -1;
    status = OC_REDIS_OK;

    if (n < conn->redis->conf.wait_replicas) {
        status = OC_REDIS_NOT_DURABLE;

        if (!conn->not_durable) {
            conn->not_durable = 1;

            if (n >= 0) {
                ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                              "only %L of %i replicas of Redis at %V "
                              "confirmed a write", n,
                              conn->redis->conf.wait_replicas,
                              oc_redis_conn_peer(conn));

            } else {
                reply->str.len = ngx_min(reply->str.len, 256);

                ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                              "Redis at %V refused WAIT: \"%V\"",
                              oc_redis_conn_peer(conn), &reply->str);
            }
        }

    } else if (conn->not_durable) {
        conn->not_durable = 0;

        ngx_log_error(NGX_LOG_NOTICE, conn->log, 0,
                      "replicas of Redis at %V confirm writes again",
                      oc_redis_conn_peer(conn));
    }

    while (!ngx_queue_empty(&conn->unconfirmed)) {
        q = ngx_queue_head(&conn->unconfirmed);
        write = ngx_queue_data(q, oc_redis_op_t, queue);

        ngx_queue_remove(q);
        oc_redis_pending_remove(conn, write);

        write->status = status;

        oc_redis_op_done(write);
    }
}
