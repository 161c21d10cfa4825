
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"

#include <ngx_sha1.h>


#define oc_redis_digits(n)                                                    \
    ((n) < 10 ? 1 : (n) < 100 ? 2 : (n) < 1000 ? 3 : (n) < 10000 ? 4          \
     : NGX_SIZE_T_LEN)


static void oc_redis_op_key(oc_redis_op_t *op, ngx_str_t *key);
static void oc_redis_op_encoded(oc_redis_op_t *op, u_char *start,
    u_char *last);
static size_t oc_redis_arguments_len(ngx_str_t *argv, ngx_uint_t argc);
static u_char *oc_redis_encode_arguments(u_char *p, ngx_str_t *argv,
    ngx_uint_t argc);
static u_char *oc_redis_encode_number(u_char *p, u_char type, size_t n);


static u_char  oc_redis_asking[] = "*1\r\n$6\r\nASKING\r\n";


void
oc_redis_script_init(oc_redis_script_t *script, const char *source,
    size_t len)
{
    u_char      digest[20];
    ngx_sha1_t  sha;

    script->source.data = (u_char *) source;
    script->source.len = len;

    ngx_sha1_init(&sha);
    ngx_sha1_update(&sha, source, len);
    ngx_sha1_final(digest, &sha);

    ngx_hex_dump(script->sha1, digest, sizeof(digest));
}


/*
 * Makes an operation.
 *
 * In: OC_REDIS_OP_READ if it changes nothing, OC_REDIS_OP_REPEATABLE if it is
 * a write that does the same when it is sent twice; about how many bytes the
 * command and its reply take together; a log for failed allocations that
 * outlives the operation.  Returns NULL if memory is out.
 */

oc_redis_op_t *
oc_redis_op_create(oc_redis_t *redis, ngx_uint_t flags, size_t size,
    ngx_log_t *log)
{
    ngx_pool_t     *pool;
    oc_redis_op_t  *op;

    size += sizeof(ngx_pool_t) + sizeof(oc_redis_op_t)
            + sizeof(oc_redis_reply_t) + 2 * NGX_ALIGNMENT;

    pool = ngx_create_pool(ngx_align(size, NGX_POOL_ALIGNMENT), log);
    if (pool == NULL) {
        return NULL;
    }

    op = ngx_pcalloc(pool, sizeof(oc_redis_op_t));
    if (op == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    op->pool = pool;
    op->redis = redis;
    op->slot = OC_REDIS_SLOTS;
    op->read = (flags & OC_REDIS_OP_READ) ? 1 : 0;
    op->repeatable = (flags & OC_REDIS_OP_REPEATABLE) ? 1 : 0;
    op->confirm = (!op->read && redis->conf.wait_replicas);

    return op;
}


/*
 * An operation of the client itself, for its handshake or to see whether the
 * server is alive; "data" of the handler is the connection.
 */

oc_redis_op_t *
oc_redis_op_internal(oc_redis_conn_t *conn, oc_redis_handler_pt handler,
    ngx_str_t *argv, ngx_uint_t argc)
{
    oc_redis_op_t  *op;

    op = oc_redis_op_create(conn->redis, 0, 512, conn->log);
    if (op == NULL) {
        return NULL;
    }

    if (oc_redis_op_command(op, argv, argc) != NGX_OK) {
        ngx_destroy_pool(op->pool);
        return NULL;
    }

    op->internal = 1;
    op->confirm = 0;
    op->handler = handler;
    op->data = conn;

    return op;
}


/*
 * Sets the command.  Its arguments are copied, encoded as an array of bulk
 * strings (RESP); on return they point to the copies, which live as long as
 * the operation.  One whose data are NULL is room that the caller fills
 * before the operation is submitted.
 */

ngx_int_t
oc_redis_op_command(oc_redis_op_t *op, ngx_str_t *argv, ngx_uint_t argc)
{
    u_char  *p, *start;

    start = ngx_pnalloc(op->pool, sizeof("*\r\n") - 1 + NGX_SIZE_T_LEN
                                  + oc_redis_arguments_len(argv, argc));
    if (start == NULL) {
        return NGX_ERROR;
    }

    p = oc_redis_encode_number(start, '*', argc);
    p = oc_redis_encode_arguments(p, argv, argc);

    oc_redis_op_encoded(op, start, p);

    if (op->redis->cluster && argc > 1) {
        oc_redis_op_key(op, &argv[1]);
    }

    return NGX_OK;
}


/*
 * The same for a call of a script: EVALSHA, and once the server has answered
 * NOSCRIPT, EVAL.  The first "nkeys" of the arguments are keys.
 */

ngx_int_t
oc_redis_op_script(oc_redis_op_t *op, const oc_redis_script_t *script,
    ngx_uint_t nkeys, ngx_str_t *argv, ngx_uint_t argc)
{
    u_char  *p, *start;

    start = ngx_pnalloc(op->pool, sizeof("*\r\n$7\r\nEVALSHA\r\n$40\r\n\r\n"
                                         "$\r\n\r\n") - 1
                                  + sizeof(script->sha1) + 3 * NGX_SIZE_T_LEN
                                  + oc_redis_arguments_len(argv, argc));
    if (start == NULL) {
        return NGX_ERROR;
    }

    op->script = script;
    op->argc = argc + 3;

    p = oc_redis_encode_number(start, '*', op->argc);
    p = ngx_cpymem(p, "$7\r\nEVALSHA\r\n$40\r\n", 18);
    p = ngx_cpymem(p, script->sha1, sizeof(script->sha1));
    *p++ = '\r';
    *p++ = '\n';

    op->arguments = p;

    p = oc_redis_encode_number(p, '$', oc_redis_digits(nkeys));
    p = ngx_sprintf(p, "%ui\r\n", nkeys);
    p = oc_redis_encode_arguments(p, argv, argc);

    oc_redis_op_encoded(op, start, p);

    if (op->redis->cluster && nkeys) {
        oc_redis_op_key(op, &argv[0]);
    }

    return NGX_OK;
}


/*
 * The same for several commands that are carried out as one, between MULTI
 * and EXEC; none is if the server refuses one when it gets it.  The
 * operation's reply is that to EXEC, or the first refusal.
 */

ngx_int_t
oc_redis_op_transaction(oc_redis_op_t *op, oc_redis_command_t *commands,
    ngx_uint_t n)
{
    u_char      *p, *start;
    size_t       len;
    ngx_uint_t   i;

    len = sizeof("*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n") - 1;

    for (i = 0; i < n; i++) {
        len += sizeof("*\r\n") - 1 + NGX_SIZE_T_LEN
               + oc_redis_arguments_len(commands[i].argv, commands[i].argc);
    }

    start = ngx_pnalloc(op->pool, len);
    if (start == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(start, "*1\r\n$5\r\nMULTI\r\n", 15);

    for (i = 0; i < n; i++) {
        p = oc_redis_encode_number(p, '*', commands[i].argc);
        p = oc_redis_encode_arguments(p, commands[i].argv, commands[i].argc);
    }

    p = ngx_cpymem(p, "*1\r\n$4\r\nEXEC\r\n", 14);

    oc_redis_op_encoded(op, start, p);

    op->nreplies = n + 2;
    op->replies = op->nreplies;

    if (op->redis->cluster && n && commands[0].argc > 1) {
        oc_redis_op_key(op, &commands[0].argv[1]);
    }

    return NGX_OK;
}


/*
 * Sets the key whose slot in a cluster the operation goes to: that of its
 * first command, or of its script, unless it is another one.
 */

static void
oc_redis_op_key(oc_redis_op_t *op, ngx_str_t *key)
{
    op->slot = oc_redis_slot(key);
}


static void
oc_redis_op_encoded(oc_redis_op_t *op, u_char *start, u_char *last)
{
    op->body.start = start;
    op->body.last = last;
    op->body.memory = 1;

    op->body_link.buf = &op->body;
    op->first_link = &op->body_link;

    op->nreplies = 1;

    oc_redis_op_rewind(op);
}


static size_t
oc_redis_arguments_len(ngx_str_t *argv, ngx_uint_t argc)
{
    size_t      len;
    ngx_uint_t  i;

    len = 0;

    for (i = 0; i < argc; i++) {
        len += argv[i].len + oc_redis_digits(argv[i].len)
               + sizeof("$\r\n\r\n") - 1;
    }

    return len;
}


static u_char *
oc_redis_encode_arguments(u_char *p, ngx_str_t *argv, ngx_uint_t argc)
{
    ngx_uint_t  i;

    for (i = 0; i < argc; i++) {
        p = oc_redis_encode_number(p, '$', argv[i].len);

        if (argv[i].data && argv[i].len) {
            ngx_memcpy(p, argv[i].data, argv[i].len);
        }

        p += argv[i].len;

        argv[i].data = p - argv[i].len;
        *p++ = '\r';
        *p++ = '\n';
    }

    return p;
}


static u_char *
oc_redis_encode_number(u_char *p, u_char type, size_t n)
{
    u_char  digits[NGX_SIZE_T_LEN], *d;

    d = digits + sizeof(digits);

    do {
        *--d = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    *p++ = type;
    p = ngx_cpymem(p, d, digits + sizeof(digits) - d);
    *p++ = '\r';
    *p++ = '\n';

    return p;
}


/* Makes the command ready to be written from its beginning. */

void
oc_redis_op_rewind(oc_redis_op_t *op)
{
    op->replies = op->nreplies;
    op->reply = NULL;
    op->refusal = NULL;

    op->body.pos = op->body.start;
    op->body_link.next = NULL;
    op->first_link = &op->body_link;

    if (op->eval) {
        op->head.pos = op->head.start;
        op->body.pos = op->arguments;
        op->first_link = &op->head_link;
    }

    if (op->asking) {
        op->replies++;
        op->ask_link->buf->pos = op->ask_link->buf->start;
        op->ask_link->next = op->first_link;
        op->first_link = op->ask_link;
    }
}


/* Puts ASKING in front of the command. */

ngx_int_t
oc_redis_op_asking(oc_redis_op_t *op)
{
    ngx_buf_t  *b;

    if (op->ask_link == NULL) {

        op->ask_link = ngx_palloc(op->pool, sizeof(ngx_chain_t));
        b = ngx_pcalloc(op->pool, sizeof(ngx_buf_t));

        if (op->ask_link == NULL || b == NULL) {
            op->ask_link = NULL;
            return NGX_ERROR;
        }

        b->start = oc_redis_asking;
        b->last = oc_redis_asking + sizeof(oc_redis_asking) - 1;
        b->memory = 1;

        op->ask_link->buf = b;
    }

    op->asking = 1;

    oc_redis_op_rewind(op);

    return NGX_OK;
}


/*
 * Turns EVALSHA into EVAL: a head with the script's text goes in front of the
 * arguments, which stay where they are.
 */

ngx_int_t
oc_redis_op_eval(oc_redis_op_t *op)
{
    u_char  *p;

    p = ngx_pnalloc(op->pool, sizeof("*\r\n$4\r\nEVAL\r\n$\r\n\r\n")
                              + op->script->source.len + 2 * NGX_SIZE_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    op->head.start = p;

    p = oc_redis_encode_number(p, '*', op->argc);
    p = ngx_cpymem(p, "$4\r\nEVAL\r\n", 10);
    p = oc_redis_encode_number(p, '$', op->script->source.len);
    p = ngx_cpymem(p, op->script->source.data, op->script->source.len);
    *p++ = '\r';
    *p++ = '\n';

    op->head.last = p;
    op->head.memory = 1;

    op->head_link.buf = &op->head;
    op->head_link.next = &op->body_link;

    op->eval = 1;

    oc_redis_op_rewind(op);

    return NGX_OK;
}


/*
 * Queues the operation.  The handler is called later, in any case: when the
 * reply is there, or when it is clear that none will come.
 */

void
oc_redis_op_submit(oc_redis_op_t *op, oc_redis_handler_pt handler,
    void *data)
{
    op->handler = handler;
    op->data = data;
    op->deadline = ngx_current_msec + op->redis->conf.command_timeout;

    oc_redis_route(op);
}


/* Queues an operation once more that has had its reply: the same command. */

void
oc_redis_op_repeat(oc_redis_op_t *op, oc_redis_handler_pt handler,
    void *data)
{
    op->status = OC_REDIS_OK;
    op->retried = 0;
    op->hops = 0;

    oc_redis_op_rewind(op);

    oc_redis_op_submit(op, handler, data);
}


/*
 * Gives an operation that has not been submitted, and will not be, the outcome
 * of another one that was carried out in its place.  The reply, which may be
 * NULL with a status other than OC_REDIS_OK, stays the other's.
 */

void
oc_redis_op_settle(oc_redis_op_t *op, oc_redis_status_e status,
    oc_redis_reply_t *reply)
{
    op->status = status;
    op->reply = reply;
}


/*
 * The operation is over and in no queue any more: calls the handler if it has
 * not been called, and frees what no owner will release.
 */

void
oc_redis_op_done(oc_redis_op_t *op)
{
    ngx_pool_t           *pool;
    ngx_uint_t            internal;
    oc_redis_handler_pt   handler;

    op->state = OC_REDIS_OP_DONE;

    /* not this time, but maybe before */

    if (op->retried && !op->read
        && (op->status == OC_REDIS_UNAVAILABLE
            || op->status == OC_REDIS_OVERLOADED))
    {
        op->status = OC_REDIS_LOST;
    }

    pool = op->pool;
    handler = op->handler;
    internal = op->internal;

    if (handler) {
        op->handler = NULL;
        handler(op, op->data);

        if (!internal) {
            return;
        }

    } else if (!op->released) {
        return;
    }

    ngx_destroy_pool(pool);
}


/*
 * The time of an operation that was sent is over: calls the handler.  The
 * operation keeps its place in the queue until its reply has come.
 */

void
oc_redis_op_expire(oc_redis_op_t *op)
{
    oc_redis_handler_pt  handler;

    handler = op->handler;

    if (handler == NULL) {
        return;
    }

    op->status = OC_REDIS_TIMEOUT;
    op->reply = NULL;
    op->handler = NULL;

    handler(op, op->data);
}


/*
 * The owner no longer needs the operation, and its handler is not called any
 * more.  One that was not sent is not sent; one that was stays until its
 * reply has come, which is dropped.
 */

void
oc_redis_op_release(oc_redis_op_t *op)
{
    switch (op->state) {

    case OC_REDIS_OP_WAITING:
        oc_redis_queue_withdraw(op);

        /* fall through */

    case OC_REDIS_OP_NEW:
    case OC_REDIS_OP_DONE:
        ngx_destroy_pool(op->pool);
        break;

    default: /* SENT, FAILED */
        op->handler = NULL;
        op->released = 1;
    }
}


/*
 * Whether transactions can be used, as far as it is known: before the first
 * connection it is not.
 */

ngx_uint_t
oc_redis_transactions(oc_redis_t *redis)
{
    return !redis->no_multi;
}


oc_redis_status_e
oc_redis_op_status(oc_redis_op_t *op)
{
    return op->status;
}


oc_redis_reply_t *
oc_redis_op_reply(oc_redis_op_t *op)
{
    return op->reply;
}
