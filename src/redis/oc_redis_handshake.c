
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


static ngx_int_t oc_redis_handshake_send(oc_redis_conn_t *conn,
    oc_redis_handler_pt handler, ngx_str_t *argv, ngx_uint_t argc);
static void oc_redis_handshake_reply(oc_redis_op_t *op, void *data);
static void oc_redis_layout_claimed(oc_redis_op_t *op, void *data);
static void oc_redis_layout_reply(oc_redis_op_t *op, void *data);
static void oc_redis_handshake_step(oc_redis_conn_t *conn);
static void oc_redis_ping_reply(oc_redis_op_t *op, void *data);


/*
 * Everything a new connection needs before the first operation, sent at
 * once: AUTH, SELECT, PING (which a server that is loading refuses), and for
 * each key prefix the version of the layout, written if there is none.
 */

void
oc_redis_handshake(oc_redis_conn_t *conn)
{
    u_char              database[NGX_INT_T_LEN];
    ngx_str_t           argv[3];
    ngx_uint_t          i, n;
    oc_redis_conf_t    *rcf;
    oc_redis_layout_t  *layout;

    rcf = &conn->redis->conf;

    conn->state = OC_REDIS_CONN_HANDSHAKE;
    conn->handshake_left = 0;

    if (rcf->password.len) {
        n = 0;
        ngx_str_set(&argv[n], "AUTH");

        if (rcf->username.len) {
            argv[++n] = rcf->username;
        }

        argv[++n] = rcf->password;

        if (oc_redis_handshake_send(conn, oc_redis_handshake_reply, argv,
                                    n + 1)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (rcf->database) {
        ngx_str_set(&argv[0], "SELECT");
        argv[1].data = database;
        argv[1].len = ngx_sprintf(database, "%i", rcf->database) - database;

        if (oc_redis_handshake_send(conn, oc_redis_handshake_reply, argv, 2)
            != NGX_OK)
        {
            goto failed;
        }
    }

    ngx_str_set(&argv[0], "PING");

    if (oc_redis_handshake_send(conn, oc_redis_handshake_reply, argv, 1)
        != NGX_OK)
    {
        goto failed;
    }

    layout = rcf->layouts.elts;

    for (i = 0; i < rcf->layouts.nelts; i++) {
        ngx_str_set(&argv[0], "SETNX");
        argv[1] = layout[i].key;
        argv[2] = layout[i].version;

        if (oc_redis_handshake_send(conn, oc_redis_layout_claimed, argv, 3)
            != NGX_OK)
        {
            goto failed;
        }

        ngx_str_set(&argv[0], "GET");
        argv[1] = layout[i].key;

        if (oc_redis_handshake_send(conn, oc_redis_layout_reply, argv, 2)
            != NGX_OK)
        {
            goto failed;
        }
    }

    oc_redis_write(conn);

    return;

failed:

    oc_redis_conn_lost(conn);
}


static ngx_int_t
oc_redis_handshake_send(oc_redis_conn_t *conn, oc_redis_handler_pt handler,
    ngx_str_t *argv, ngx_uint_t argc)
{
    oc_redis_op_t  *op;

    op = oc_redis_op_internal(conn, handler, argv, argc);
    if (op == NULL) {
        return NGX_ERROR;
    }

    /* the connect timer watches over the handshake */

    op->deadline = ngx_current_msec + conn->redis->conf.connect_timeout
                   + conn->redis->conf.command_timeout;

    op->state = OC_REDIS_OP_SENT;

    ngx_queue_insert_tail(&conn->sent, &op->queue);
    conn->pending++;
    conn->handshake_left++;

    *conn->last_out = op->first_link;
    conn->last_out = &op->body_link.next;

    return NGX_OK;
}


static void
oc_redis_handshake_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    if (op->reply->type == OC_REDIS_REPLY_STATUS) {
        oc_redis_handshake_step(conn);
        return;
    }

    op->reply->str.len = ngx_min(op->reply->str.len, 256);

    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                  "Redis at %V refused the connection: \"%V\"",
                  oc_redis_conn_peer(conn), &op->reply->str);

    oc_redis_conn_lost(conn);
}


static void
oc_redis_layout_claimed(oc_redis_op_t *op, void *data)
{
    /*
     * a replica or a server without memory cannot write, and can be read
     * nevertheless; what counts is the answer to GET
     */

    oc_redis_handshake_step(data);
}


static void
oc_redis_layout_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    ngx_uint_t          i;
    oc_redis_layout_t  *layout;

    op->reply->str.len = ngx_min(op->reply->str.len, 256);

    if (op->reply->type == OC_REDIS_REPLY_NIL) {
        oc_redis_handshake_step(conn);
        return;
    }

    if (op->reply->type == OC_REDIS_REPLY_STRING) {

        /* the replies come in the order of the list, two a layout */

        layout = conn->redis->conf.layouts.elts;
        i = conn->redis->conf.layouts.nelts - 1 - conn->handshake_left / 2;

        if (op->reply->str.len == layout[i].version.len
            && ngx_strncmp(op->reply->str.data, layout[i].version.data,
                           layout[i].version.len)
               == 0)
        {
            oc_redis_handshake_step(conn);
            return;
        }

        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "the data in Redis at %V has layout version \"%V\" "
                      "in \"%V\", and this module reads and writes \"%V\"",
                      oc_redis_conn_peer(conn), &op->reply->str,
                      &layout[i].key, &layout[i].version);

    } else {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "Redis at %V refused the connection: \"%V\"",
                      oc_redis_conn_peer(conn), &op->reply->str);
    }

    oc_redis_conn_lost(conn);
}


static void
oc_redis_handshake_step(oc_redis_conn_t *conn)
{
    if (--conn->handshake_left == 0) {
        oc_redis_conn_ready(conn);
    }
}


/* Asks an idle server whether it is there. */

void
oc_redis_ping(oc_redis_conn_t *conn)
{
    ngx_str_t       argv[1];
    oc_redis_op_t  *op;

    ngx_str_set(&argv[0], "PING");

    op = oc_redis_op_internal(conn, oc_redis_ping_reply, argv, 1);
    if (op == NULL) {
        return;
    }

    op->deadline = ngx_current_msec + conn->redis->conf.command_timeout;

    oc_redis_queue_send(conn, op);
}


static void
oc_redis_ping_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    if (op->reply->type == OC_REDIS_REPLY_STATUS) {
        return;
    }

    op->reply->str.len = ngx_min(op->reply->str.len, 256);

    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                  "Redis at %V refused PING: \"%V\"",
                  oc_redis_conn_peer(conn), &op->reply->str);

    oc_redis_conn_lost(conn);
}
