
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


static void oc_redis_handshake_layouts(oc_redis_conn_t *conn);
static void oc_redis_handshake_reply(oc_redis_op_t *op, void *data);
static void oc_redis_role_reply(oc_redis_op_t *op, void *data);
static void oc_redis_multi_reply(oc_redis_op_t *op, void *data);
static void oc_redis_ready_reply(oc_redis_op_t *op, void *data);
static ngx_uint_t oc_redis_alive(oc_redis_reply_t *reply);
static void oc_redis_layout_claimed(oc_redis_op_t *op, void *data);
static void oc_redis_layout_reply(oc_redis_op_t *op, void *data);
static void oc_redis_handshake_step(oc_redis_conn_t *conn);
static void oc_redis_ping_reply(oc_redis_op_t *op, void *data);


/*
 * What a new connection needs before the first operation, sent at once: AUTH,
 * SELECT, a look whether MULTI is allowed, and PING, which a server that is
 * loading refuses.  When all that went well, the layouts are looked at.
 */

void
oc_redis_handshake(oc_redis_conn_t *conn)
{
    u_char              database[NGX_INT_T_LEN];
    ngx_str_t           argv[3];
    ngx_uint_t          n;
    oc_redis_conf_t    *rcf;
    oc_redis_secret_t  *secret;

    rcf = &conn->redis->conf;

    conn->state = OC_REDIS_CONN_HANDSHAKE;
    conn->handshake_left = 0;
    conn->handshake_layouts = 0;

    secret = (conn->role == OC_REDIS_ROLE_SENTINEL) ? &rcf->sentinel
                                                    : &rcf->secret;

    if (secret->password.len) {
        n = 0;
        ngx_str_set(&argv[n], "AUTH");

        if (secret->username.len) {
            argv[++n] = secret->username;
        }

        argv[++n] = secret->password;

        if (oc_redis_handshake_send(conn, oc_redis_handshake_reply, argv,
                                    n + 1)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (conn->role == OC_REDIS_ROLE_SENTINEL) {
        ngx_str_set(&argv[0], "PING");

        if (oc_redis_handshake_send(conn, oc_redis_ready_reply, argv, 1)
            != NGX_OK)
        {
            goto failed;
        }

        oc_redis_write(conn);
        return;
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

    if (conn->role != OC_REDIS_ROLE_ANY) {
        ngx_str_set(&argv[0], "ROLE");

        if (oc_redis_handshake_send(conn, oc_redis_role_reply, argv, 1)
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (rcf->topology == OC_REDIS_CLUSTER && rcf->read_replicas) {
        ngx_str_set(&argv[0], "READONLY");

        if (oc_redis_handshake_send(conn, oc_redis_handshake_reply, argv, 1)
            != NGX_OK)
        {
            goto failed;
        }
    }

    /*
     * for a user who may not open a transaction, its commands would be
     * carried out one by one
     */

    conn->no_multi = 0;
    conn->redis->no_multi = 0;

    ngx_str_set(&argv[0], "MULTI");
    ngx_str_set(&argv[1], "DISCARD");
    ngx_str_set(&argv[2], "PING");

    if (oc_redis_handshake_send(conn, oc_redis_multi_reply, &argv[0], 1)
        != NGX_OK
        || oc_redis_handshake_send(conn, oc_redis_multi_reply, &argv[1], 1)
           != NGX_OK
        || oc_redis_handshake_send(conn, oc_redis_ready_reply, &argv[2], 1)
           != NGX_OK)
    {
        goto failed;
    }

    oc_redis_write(conn);

    return;

failed:

    oc_redis_conn_lost(conn);
}


/*
 * The version of the layout for each key prefix, written if there is none:
 * only in the right database, and as the right user.
 */

static void
oc_redis_handshake_layouts(oc_redis_conn_t *conn)
{
    ngx_str_t           argv[3];
    ngx_uint_t          i;
    oc_redis_conf_t    *rcf;
    oc_redis_layout_t  *layout;

    rcf = &conn->redis->conf;

    conn->handshake_layouts = 1;

    layout = rcf->layouts.elts;

    for (i = 0; i < rcf->layouts.nelts; i++) {
        ngx_str_set(&argv[0], "SETNX");
        argv[1] = layout[i].key;
        argv[2] = layout[i].version;

        if (oc_redis_handshake_send(conn, oc_redis_layout_claimed, argv, 3)
            != NGX_OK)
        {
            oc_redis_conn_lost(conn);
            return;
        }

        ngx_str_set(&argv[0], "GET");
        argv[1] = layout[i].key;

        if (oc_redis_handshake_send(conn, oc_redis_layout_reply, argv, 2)
            != NGX_OK)
        {
            oc_redis_conn_lost(conn);
            return;
        }
    }

    oc_redis_write(conn);
}


/* Sends a command of the handshake; oc_redis_write() writes it. */

ngx_int_t
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

    op->conn = conn;
    op->state = OC_REDIS_OP_SENT;

    ngx_queue_insert_tail(&conn->sent, &op->queue);
    oc_redis_pending_add(conn, op);
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


/* Of ROLE: an old master, or a replica that is none any more, is not used. */

static void
oc_redis_role_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    ngx_str_t         *role;
    const char        *wanted;
    oc_redis_reply_t  *reply;

    reply = op->reply;

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements == 0
        || reply->elements[0]->type != OC_REDIS_REPLY_STRING)
    {
        oc_redis_handshake_reply(op, data);
        return;
    }

    role = &reply->elements[0]->str;
    wanted = (conn->role == OC_REDIS_ROLE_MASTER) ? "master" : "slave";

    if (role->len == ngx_strlen(wanted)
        && ngx_strncmp(role->data, wanted, role->len) == 0)
    {
        oc_redis_handshake_step(conn);
        return;
    }

    role->len = ngx_min(role->len, 32);

    if (!conn->down) {
        ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                      "Redis at %V says that it is a \"%V\" and should be "
                      "a \"%s\"", oc_redis_conn_peer(conn), role, wanted);
    }

    oc_redis_conn_lost(conn);
}


/* Of MULTI and of DISCARD. */

static void
oc_redis_multi_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_conn_t *conn = data;

    if (op->reply->type == OC_REDIS_REPLY_STATUS || conn->no_multi) {
        oc_redis_handshake_step(conn);
        return;
    }

    if (op->reply->type != OC_REDIS_REPLY_ERROR
        || op->reply->str.len < sizeof("NOPERM") - 1
        || ngx_strncmp(op->reply->str.data, "NOPERM", sizeof("NOPERM") - 1)
           != 0)
    {
        oc_redis_handshake_reply(op, data);
        return;
    }

    conn->no_multi = 1;
    conn->redis->no_multi = 1;

    op->reply->str.len = ngx_min(op->reply->str.len, 256);

    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                  "Redis at %V refused a transaction: \"%V\"",
                  oc_redis_conn_peer(conn), &op->reply->str);

    oc_redis_handshake_step(conn);
}


/* Of PING: whether the server serves. */

static void
oc_redis_ready_reply(oc_redis_op_t *op, void *data)
{
    if (oc_redis_alive(op->reply)) {
        oc_redis_handshake_step(data);
        return;
    }

    oc_redis_handshake_reply(op, data);
}


/* A server that cannot persist refuses PING like a write, and can be read. */

static ngx_uint_t
oc_redis_alive(oc_redis_reply_t *reply)
{
    return reply->type == OC_REDIS_REPLY_STATUS
           || (reply->type == OC_REDIS_REPLY_ERROR
               && reply->str.len >= sizeof("MISCONF ") - 1
               && ngx_strncmp(reply->str.data, "MISCONF ",
                              sizeof("MISCONF ") - 1)
                  == 0);
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
    if (--conn->handshake_left) {
        return;
    }

    /* a node of a cluster has only some of the keys */

    if (conn->redis->conf.layouts.nelts && !conn->handshake_layouts
        && conn->role != OC_REDIS_ROLE_SENTINEL
        && conn->redis->conf.topology != OC_REDIS_CLUSTER)
    {
        oc_redis_handshake_layouts(conn);
        return;
    }

    oc_redis_conn_ready(conn);
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

    if (oc_redis_alive(op->reply)) {
        return;
    }

    op->reply->str.len = ngx_min(op->reply->str.len, 256);

    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                  "Redis at %V refused PING: \"%V\"",
                  oc_redis_conn_peer(conn), &op->reply->str);

    oc_redis_conn_lost(conn);
}
