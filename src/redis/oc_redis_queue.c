
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


#define OC_REDIS_READ_SIZE   65536

/*
 * hiredis moves what is left in its buffer after each reply, so it is fed in
 * slices: the cost of a reply then does not grow with how many there are.
 */

#define OC_REDIS_FEED_SIZE   8192


static void oc_redis_turn_handler(ngx_event_t *ev);
static void oc_redis_flush(oc_redis_conn_t *conn);
static ngx_int_t oc_redis_feed(oc_redis_conn_t *conn, u_char *p, size_t n);
static void oc_redis_replied(oc_redis_conn_t *conn, oc_redis_op_t *op);
static void oc_redis_command_timer_handler(ngx_event_t *ev);
static ngx_uint_t oc_redis_expire(oc_redis_conn_t *conn, ngx_msec_t *next);
static void oc_redis_expired(oc_redis_op_t *op, ngx_uint_t *n,
    ngx_msec_t *next);


void
oc_redis_queue_init(oc_redis_conn_t *conn)
{
    ngx_queue_init(&conn->waiting);
    ngx_queue_init(&conn->sent);
    ngx_queue_init(&conn->unconfirmed);
    ngx_queue_init(&conn->failed);

    conn->pending = 0;

    conn->out = NULL;
    conn->last_out = &conn->out;

    conn->turn.handler = oc_redis_turn_handler;
    conn->turn.data = &conn->ident;
    conn->turn.log = conn->log;

    conn->command_timer.handler = oc_redis_command_timer_handler;
    conn->command_timer.data = &conn->ident;
    conn->command_timer.log = conn->log;
}


/* Asks for a call at the end of the event loop's turn. */

void
oc_redis_queue_post(oc_redis_conn_t *conn)
{
    ngx_post_event(&conn->turn, &ngx_posted_events);
}


/*
 * Queues an operation.  A worker that is shutting down waits for the command
 * timer as long as there is an operation that somebody waits for.
 */

void
oc_redis_queue_send(oc_redis_conn_t *conn, oc_redis_op_t *op)
{
    ngx_msec_int_t  left;

    op->conn = conn;
    op->state = OC_REDIS_OP_WAITING;

    ngx_queue_insert_tail(&conn->waiting, &op->queue);
    oc_redis_pending_add(conn, op);

    conn->command_timer.cancelable = 0;

    if (!conn->command_timer.timer_set
        || (ngx_msec_int_t) (conn->command_timer.timer.key - op->deadline) > 0)
    {
        left = (ngx_msec_int_t) (op->deadline - ngx_current_msec);
        ngx_add_timer(&conn->command_timer, ngx_max(left, 1));
    }

    if (conn->state == OC_REDIS_CONN_READY) {
        oc_redis_queue_post(conn);
    }
}


/* Takes back an operation that was not sent. */

void
oc_redis_queue_withdraw(oc_redis_op_t *op)
{
    oc_redis_conn_t  *conn;

    conn = op->conn;

    ngx_queue_remove(&op->queue);
    oc_redis_pending_remove(conn, op);

    oc_redis_queue_changed(conn);
}


/*
 * The operation, which is in no queue, is over without a reply: its handler
 * is called at the end of the turn.
 */

void
oc_redis_queue_fail(oc_redis_conn_t *conn, oc_redis_op_t *op,
    oc_redis_status_e status)
{
    if (op->internal) {
        ngx_destroy_pool(op->pool);
        return;
    }

    op->conn = conn;
    op->state = OC_REDIS_OP_FAILED;
    op->status = status;
    op->reply = NULL;

    ngx_queue_insert_tail(&conn->failed, &op->queue);

    oc_redis_queue_post(conn);
}


/* There is no server to send to. */

void
oc_redis_queue_fail_waiting(oc_redis_conn_t *conn)
{
    ngx_queue_t    *q;
    oc_redis_op_t  *op;

    while (!ngx_queue_empty(&conn->waiting)) {
        q = ngx_queue_head(&conn->waiting);
        op = ngx_queue_data(q, oc_redis_op_t, queue);

        ngx_queue_remove(q);
        oc_redis_pending_remove(conn, op);

        if (op->replica) {

            /* its master is there as well */

            op->master = 1;
            oc_redis_route(op);
            continue;
        }

        oc_redis_queue_fail(conn, op, OC_REDIS_UNAVAILABLE);
    }

    oc_redis_queue_changed(conn);
}


/*
 * The connection is gone, and with it what was sent: reads, and writes that
 * do the same when they are repeated, are sent once more on the next one,
 * ahead of what waits; whether the others were carried out nobody knows.
 */

void
oc_redis_queue_recover(oc_redis_conn_t *conn)
{
    ngx_uint_t      i;
    ngx_queue_t    *q, *queues[2];
    oc_redis_op_t  *op;

    conn->out = NULL;
    conn->last_out = &conn->out;

    queues[0] = &conn->sent;
    queues[1] = &conn->unconfirmed;

    for (i = 0; i < 2; i++) {
        while (!ngx_queue_empty(queues[i])) {
            q = ngx_queue_last(queues[i]);
            op = ngx_queue_data(q, oc_redis_op_t, queue);

            ngx_queue_remove(q);

            op->reply = NULL;

            if ((op->read || op->repeatable) && !op->retried && op->handler) {
                op->retried = 1;
                op->state = OC_REDIS_OP_WAITING;

                oc_redis_op_rewind(op);

                ngx_queue_insert_head(&conn->waiting, q);
                continue;
            }

            oc_redis_pending_remove(conn, op);

            oc_redis_queue_fail(conn, op, OC_REDIS_LOST);
        }
    }

    oc_redis_queue_changed(conn);
}


/* The worker exits: nobody is called any more. */

void
oc_redis_queue_exit(oc_redis_conn_t *conn)
{
    ngx_uint_t      i;
    ngx_queue_t    *q, *queues[4];
    oc_redis_op_t  *op;

    queues[0] = &conn->waiting;
    queues[1] = &conn->sent;
    queues[2] = &conn->unconfirmed;
    queues[3] = &conn->failed;

    for (i = 0; i < 4; i++) {
        while (!ngx_queue_empty(queues[i])) {
            q = ngx_queue_head(queues[i]);
            op = ngx_queue_data(q, oc_redis_op_t, queue);

            ngx_queue_remove(q);
            ngx_destroy_pool(op->pool);
        }
    }

    if (conn->command_timer.timer_set) {
        ngx_del_timer(&conn->command_timer);
    }

    if (conn->turn.posted) {
        ngx_delete_posted_event(&conn->turn);
    }
}


static void
oc_redis_turn_handler(ngx_event_t *ev)
{
    ngx_queue_t      *q;
    oc_redis_op_t    *op;
    ngx_connection_t *ident;
    oc_redis_conn_t  *conn;

    ident = ev->data;
    conn = ident->data;

    while (!ngx_queue_empty(&conn->failed)) {
        q = ngx_queue_head(&conn->failed);
        op = ngx_queue_data(q, oc_redis_op_t, queue);

        ngx_queue_remove(q);

        oc_redis_op_done(op);
    }

    if (conn->state == OC_REDIS_CONN_READY) {
        oc_redis_flush(conn);
    }

    if (conn->leaving && conn->pending == 0
        && ngx_queue_empty(&conn->failed))
    {
        oc_redis_node_free(conn);
    }
}


/* Writes everything that waits, in one go. */

static void
oc_redis_flush(oc_redis_conn_t *conn)
{
    ngx_uint_t      confirm;
    ngx_queue_t    *q;
    oc_redis_op_t  *op;

    if (conn->retiring) {

        if (ngx_queue_empty(&conn->sent)) {
            oc_redis_conn_lost(conn);
        }

        return;
    }

    confirm = 0;

    while (!ngx_queue_empty(&conn->waiting)) {
        q = ngx_queue_head(&conn->waiting);
        op = ngx_queue_data(q, oc_redis_op_t, queue);

        ngx_queue_remove(q);

        if (op->nreplies > 1 && conn->no_multi) {
            oc_redis_pending_remove(conn, op);
            oc_redis_queue_fail(conn, op, OC_REDIS_UNAVAILABLE);
            continue;
        }

        ngx_queue_insert_tail(&conn->sent, q);

        op->state = OC_REDIS_OP_SENT;

        *conn->last_out = op->first_link;
        conn->last_out = &op->body_link.next;

        confirm |= op->confirm;
    }

    if (confirm) {
        oc_redis_wait_send(conn);
    }

    if (conn->out && conn->connection->write->ready) {
        oc_redis_write(conn);
    }
}


void
oc_redis_write(oc_redis_conn_t *conn)
{
    ngx_chain_t       *cl;
    ngx_connection_t  *c;

    c = conn->connection;

#if (NGX_SSL)

    /* TLS collects small commands until it sees the last one */

    if (c->ssl && conn->out) {
        cl = ngx_queue_data(conn->last_out, ngx_chain_t, next);
        cl->buf->flush = 1;
    }

#endif

    cl = c->send_chain(c, conn->out, 0);

    if (cl == NGX_CHAIN_ERROR) {
        oc_redis_conn_lost(conn);
        return;
    }

    conn->out = cl;

    if (cl == NULL) {
        conn->last_out = &conn->out;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        oc_redis_conn_lost(conn);
    }
}


void
oc_redis_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;
    oc_redis_conn_t   *conn;

    c = wev->data;
    conn = c->data;

    if (conn->out || c->buffered) {
        oc_redis_write(conn);
    }
}


void
oc_redis_read_handler(ngx_event_t *rev)
{
    ssize_t            n;
    ngx_uint_t         level;
    ngx_connection_t  *c;
    oc_redis_conn_t   *conn;

    static u_char      buffer[OC_REDIS_READ_SIZE];

    c = rev->data;
    conn = c->data;

    do {
        n = c->recv(c, buffer, sizeof(buffer));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {

            if (n == 0) {
                level = ngx_queue_empty(&conn->sent) ? NGX_LOG_NOTICE
                                                     : NGX_LOG_ERR;

                ngx_log_error(level, conn->log, 0,
                              "Redis at %V closed the connection",
                              oc_redis_conn_peer(conn));
            }

            oc_redis_conn_lost(conn);
            return;
        }

        conn->last_read = ngx_current_msec;
        conn->stalled = 0;

        if (oc_redis_feed(conn, buffer, n) != NGX_OK) {

            /* the connection is another one now, or none */

            return;
        }

    } while (rev->ready);

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        oc_redis_conn_lost(conn);
        return;
    }

    oc_redis_queue_changed(conn);

    if (conn->retiring && ngx_queue_empty(&conn->sent)) {
        oc_redis_conn_lost(conn);
    }
}


/*
 * Gives bytes from the server to the RESP reader, and each reply to the
 * oldest operation.  NGX_ERROR if the connection was closed meanwhile.
 */

static ngx_int_t
oc_redis_feed(oc_redis_conn_t *conn, u_char *p, size_t n)
{
    void              *reply;
    size_t             slice;
    ngx_uint_t         closed;
    ngx_queue_t       *q;
    redisReader       *reader;
    oc_redis_op_t     *op;

    reader = conn->reader;
    closed = conn->closed;

    while (n) {
        slice = ngx_min(n, OC_REDIS_FEED_SIZE);

        if (redisReaderFeed(reader, (char *) p, slice) != REDIS_OK) {
            goto invalid;
        }

        p += slice;
        n -= slice;

        for ( ;; ) {

            if (ngx_queue_empty(&conn->sent)) {

                if (reader->pos < reader->len || n) {
                    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                                  "Redis at %V sent a reply to nothing",
                                  oc_redis_conn_peer(conn));
                    goto failed;
                }

                break;
            }

            q = ngx_queue_head(&conn->sent);
            op = ngx_queue_data(q, oc_redis_op_t, queue);

            /*
             * a transaction is answered from its first command on, while the
             * rest of it is still being written
             */

            if (op->body.pos != op->body.last
                && (op->replies == 1 || op->body.pos == op->body.start)
                && op->replies <= op->nreplies)
            {
                if (reader->pos == reader->len) {
                    break;
                }

                ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                              "Redis at %V sent a reply to a command that "
                              "it has not got", oc_redis_conn_peer(conn));
                goto failed;
            }

            if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
                goto invalid;
            }

            if (reply == NULL) {
                break;
            }

            op->reply = reply;

            if (op->replies-- > op->nreplies) {

                /* to ASKING */

                continue;
            }

            if (op->replies) {

                /* one to MULTI, or to a command behind it */

                if (op->reply->type == OC_REDIS_REPLY_ERROR
                    && op->refusal == NULL)
                {
                    op->refusal = op->reply;
                }

                continue;
            }

            ngx_queue_remove(q);
            oc_redis_pending_remove(conn, op);

            oc_redis_replied(conn, op);

            if (conn->closed != closed) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;

invalid:

    ngx_log_error(NGX_LOG_ERR, conn->log, 0,
                  "Redis at %V sent what is not a reply: %s",
                  oc_redis_conn_peer(conn), reader->errstr);

failed:

    oc_redis_conn_lost(conn);

    return NGX_ERROR;
}


static void
oc_redis_replied(oc_redis_conn_t *conn, oc_redis_op_t *op)
{
    op->status = OC_REDIS_OK;

    if (!op->internal) {
        conn->answered = 1;
    }

    /* nothing was done, for the reason given first */

    if (op->refusal && op->reply->type == OC_REDIS_REPLY_ERROR
        && op->reply->str.len >= sizeof("EXECABORT") - 1
        && ngx_strncmp(op->reply->str.data, "EXECABORT",
                       sizeof("EXECABORT") - 1)
           == 0)
    {
        op->reply = op->refusal;
    }

    if (op->handler && !op->internal && !op->service) {

        if (op->reply->type == OC_REDIS_REPLY_ERROR) {
            oc_redis_refused(conn, op);

            /* it is sent again, or over in another queue */

            if (op->state != OC_REDIS_OP_SENT) {
                return;
            }

        } else if (op->confirm) {
            oc_redis_wait_hold(conn, op);
            return;
        }
    }

    oc_redis_op_done(op);
}


static void
oc_redis_command_timer_handler(ngx_event_t *ev)
{
    ngx_msec_t         next;
    ngx_queue_t       *q;
    oc_redis_op_t     *op;
    ngx_connection_t  *ident;
    oc_redis_conn_t   *conn;

    ident = ev->data;
    conn = ident->data;

    if (conn->pending == 0) {
        return;
    }

    if (oc_redis_expire(conn, &next)) {

        if (!conn->stalled) {
            conn->stalled = 1;

            ngx_log_error(NGX_LOG_ERR, conn->log, NGX_ETIMEDOUT,
                          "Redis at %V does not answer",
                          oc_redis_conn_peer(conn));

            oc_redis_topology_node_down(conn);
        }

        /*
         * bytes that come in between are no sign of life: they may belong to
         * a reply without end
         */

        q = ngx_queue_head(&conn->sent);
        op = ngx_queue_data(q, oc_redis_op_t, queue);

        if (conn->state == OC_REDIS_CONN_READY
            && !ngx_queue_empty(&conn->sent)
            && (ngx_msec_int_t) (ngx_current_msec - op->deadline)
               >= (ngx_msec_int_t) conn->redis->conf.command_timeout)
        {
            oc_redis_conn_lost(conn);
        }
    }

    if (conn->pending && !ev->timer_set) {
        ngx_add_timer(ev, next);
    }

    oc_redis_queue_changed(conn);
}


/*
 * Ends operations whose time is over: what was not sent is taken back, what
 * was sent stays in the queue for its reply with nobody waiting for it.
 * Returns how many operations are unanswered past their time; "next" gets the
 * milliseconds to the next check.  All are looked at: a script that is sent
 * again stands behind younger ones.
 */

static ngx_uint_t
oc_redis_expire(oc_redis_conn_t *conn, ngx_msec_t *next)
{
    ngx_uint_t        n;
    ngx_queue_t      *q, *following;
    ngx_msec_int_t    left;
    oc_redis_op_t    *op;

    n = 0;
    *next = conn->redis->conf.command_timeout;

    for (q = ngx_queue_head(&conn->sent);
         q != ngx_queue_sentinel(&conn->sent);
         q = ngx_queue_next(q))
    {
        oc_redis_expired(ngx_queue_data(q, oc_redis_op_t, queue), &n, next);
    }

    for (q = ngx_queue_head(&conn->unconfirmed);
         q != ngx_queue_sentinel(&conn->unconfirmed);
         q = ngx_queue_next(q))
    {
        oc_redis_expired(ngx_queue_data(q, oc_redis_op_t, queue), &n, next);
    }

    for (q = ngx_queue_head(&conn->waiting);
         q != ngx_queue_sentinel(&conn->waiting);
         q = following)
    {
        following = ngx_queue_next(q);
        op = ngx_queue_data(q, oc_redis_op_t, queue);

        left = (ngx_msec_int_t) (op->deadline - ngx_current_msec);

        if (left > 0) {
            *next = ngx_min(*next, (ngx_msec_t) left);
            continue;
        }

        ngx_queue_remove(q);
        oc_redis_pending_remove(conn, op);

        oc_redis_queue_fail(conn, op, OC_REDIS_UNAVAILABLE);
    }

    return n;
}


/* One that was sent: it is counted if its time is over. */

static void
oc_redis_expired(oc_redis_op_t *op, ngx_uint_t *n, ngx_msec_t *next)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (op->deadline - ngx_current_msec);

    if (left > 0) {
        *next = ngx_min(*next, (ngx_msec_t) left);
        return;
    }

    if (op->listener) {
        return;
    }

    (*n)++;

    if (!op->internal) {
        oc_redis_op_expire(op);
    }
}


/*
 * When nobody waits for anything, a worker that is shutting down need not
 * wait either.
 */

void
oc_redis_queue_changed(oc_redis_conn_t *conn)
{
    if (conn->pending == 0) {
        conn->command_timer.cancelable = 1;

        if (ngx_exiting && conn->command_timer.timer_set) {
            ngx_del_timer(&conn->command_timer);
        }
    }
}
