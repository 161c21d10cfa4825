
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_REDIS_H_INCLUDED_
#define _OC_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/*
 * An asynchronous Redis client on nginx's event loop.
 *
 * An operation is made with oc_redis_op_create(), given its command by
 * oc_redis_op_command() or oc_redis_op_script(), and queued by
 * oc_redis_op_submit().  Its handler is then called exactly once, never
 * before oc_redis_op_submit() has returned, unless the owner called
 * oc_redis_op_release() before.  The owner calls oc_redis_op_release() in
 * any case, when it no longer needs the operation or its reply.
 */

typedef struct oc_redis_s        oc_redis_t;
typedef struct oc_redis_op_s     oc_redis_op_t;
typedef struct oc_redis_reply_s  oc_redis_reply_t;

typedef void (*oc_redis_handler_pt)(oc_redis_op_t *op, void *data);


typedef enum {
    OC_REDIS_OK = 0,         /* "reply" holds what the server said */
    OC_REDIS_UNAVAILABLE,    /* nothing was done */
    OC_REDIS_OVERLOADED,     /* nothing was done: the queue is full */
    OC_REDIS_TIMEOUT,        /* no answer in time; it may have been done */
    OC_REDIS_LOST,           /* connection lost; it may have been done */
    OC_REDIS_NOT_DURABLE,    /* it was done, and too few replicas have it */
    OC_REDIS_ERROR           /* the server refused in a way not foreseen */
} oc_redis_status_e;


typedef enum {
    OC_REDIS_REPLY_STRING = 0,
    OC_REDIS_REPLY_INTEGER,
    OC_REDIS_REPLY_ARRAY,
    OC_REDIS_REPLY_NIL,
    OC_REDIS_REPLY_STATUS,
    OC_REDIS_REPLY_ERROR
} oc_redis_reply_e;


struct oc_redis_reply_s {
    oc_redis_reply_e     type;
    ngx_str_t            str;         /* string, status, error */
    int64_t              integer;
    oc_redis_reply_t   **elements;
    ngx_uint_t           nelements;
};


/* a Lua script, and the name it has on a server that knows it */

typedef struct {
    ngx_str_t            source;
    u_char               sha1[40];
} oc_redis_script_t;


/* one of the commands of a transaction */

typedef struct {
    ngx_str_t           *argv;
    ngx_uint_t           argc;
} oc_redis_command_t;


#define OC_REDIS_OP_READ        0x01  /* changes nothing: may be sent twice */
#define OC_REDIS_OP_REPEATABLE  0x02  /* a write that may be, too */


/* configuration */

oc_redis_t *oc_redis_create(ngx_conf_t *cf, ngx_str_t *name);
char *oc_redis_conf_block(ngx_conf_t *cf, oc_redis_t *redis);
char *oc_redis_conf_server(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *url);
ngx_int_t oc_redis_conf_done(ngx_conf_t *cf, oc_redis_t *redis,
    ngx_resolver_t *resolver);
ngx_int_t oc_redis_conf_layout(ngx_conf_t *cf, oc_redis_t *redis,
    ngx_str_t *key, ngx_str_t *version);
ngx_str_t *oc_redis_name(oc_redis_t *redis);
ngx_str_t *oc_redis_label(oc_redis_t *redis);

/* a worker's life */

void oc_redis_init_worker(oc_redis_t *redis, ngx_cycle_t *cycle);
void oc_redis_exit_worker(oc_redis_t *redis);

/* operations */

void oc_redis_script_init(oc_redis_script_t *script, const char *source,
    size_t len);

oc_redis_op_t *oc_redis_op_create(oc_redis_t *redis, ngx_uint_t flags,
    size_t size, ngx_log_t *log);
ngx_int_t oc_redis_op_command(oc_redis_op_t *op, ngx_str_t *argv,
    ngx_uint_t argc);
ngx_int_t oc_redis_op_script(oc_redis_op_t *op,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc);
ngx_int_t oc_redis_op_transaction(oc_redis_op_t *op,
    oc_redis_command_t *commands, ngx_uint_t n);
ngx_uint_t oc_redis_transactions(oc_redis_t *redis);
void oc_redis_op_submit(oc_redis_op_t *op, oc_redis_handler_pt handler,
    void *data);
void oc_redis_op_repeat(oc_redis_op_t *op, oc_redis_handler_pt handler,
    void *data);
void oc_redis_op_settle(oc_redis_op_t *op, oc_redis_status_e status,
    oc_redis_reply_t *reply);
void oc_redis_op_release(oc_redis_op_t *op);

oc_redis_status_e oc_redis_op_status(oc_redis_op_t *op);
oc_redis_reply_t *oc_redis_op_reply(oc_redis_op_t *op);
time_t oc_redis_retry_after(oc_redis_t *redis);


#endif /* _OC_REDIS_H_INCLUDED_ */
