
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_REDIS_INTERNAL_H_INCLUDED_
#define _OC_REDIS_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include <hiredis/hiredis.h>

#include "oc_redis.h"


#define OC_REDIS_MAX_ADDRS          16

/* of commands that a worker holds at once, unless it is a single one */

#define OC_REDIS_MAX_PENDING_BYTES  (64 * 1024 * 1024)


typedef struct oc_redis_conn_s  oc_redis_conn_t;


typedef struct {
    ngx_str_t             key;
    ngx_str_t             version;
} oc_redis_layout_t;


typedef struct {
    ngx_str_t             host;          /* empty for a unix socket */
    in_port_t             port;
    unsigned              numeric:1;     /* "host" is an address */

    ngx_addr_t           *addrs;         /* as known when configured */
    ngx_uint_t            naddrs;

    /* where it was configured, for messages */

    ngx_str_t             file;
    ngx_uint_t            line;
} oc_redis_server_t;


typedef struct {
    oc_redis_server_t     server;

    ngx_str_t             username;
    ngx_str_t             password;
    ngx_str_t             password_file;
    ngx_int_t             database;

    ngx_msec_t            connect_timeout;   /* handshake included */
    ngx_msec_t            command_timeout;
    ngx_msec_t            ping_interval;
    ngx_msec_t            reconnect_min;
    ngx_msec_t            reconnect_max;
    ngx_uint_t            max_pending;

    ngx_resolver_t       *resolver;          /* NULL if there is none */
    ngx_array_t           layouts;           /* of oc_redis_layout_t */
} oc_redis_conf_t;


typedef enum {
    OC_REDIS_CONN_IDLE = 0,      /* not needed yet */
    OC_REDIS_CONN_RESOLVING,
    OC_REDIS_CONN_CONNECTING,
    OC_REDIS_CONN_HANDSHAKE,
    OC_REDIS_CONN_READY,
    OC_REDIS_CONN_BACKOFF        /* the last attempt failed */
} oc_redis_conn_state_e;


/*
 * The one connection of a worker to a node.  Operations wait in "waiting"
 * until they are written, then in "sent" until they are answered, oldest
 * first; those that are over without an answer are in "failed" until the
 * end of the event loop's turn, when their handlers are called.
 */

struct oc_redis_conn_s {
    oc_redis_t             *redis;
    oc_redis_conn_state_e   state;

    ngx_connection_t       *connection;
    redisReader            *reader;
    ngx_log_t              *log;
    ngx_log_t               quiet;         /* for nginx's connect() */

    ngx_queue_t             waiting;
    ngx_queue_t             sent;
    ngx_queue_t             failed;
    ngx_uint_t              pending;       /* waiting and sent */
    size_t                  pending_bytes; /* of their commands */

    ngx_chain_t            *out;           /* what is to be written */
    ngx_chain_t           **last_out;

    ngx_connection_t        ident;         /* for debug logs of the events */
    ngx_event_t             turn;          /* posted: the end of the turn */
    ngx_event_t             command_timer;
    ngx_event_t             connect_timer; /* attempts and pauses */
    ngx_event_t             ping_timer;

    ngx_msec_t              last_read;
    ngx_msec_t              ready_since;
    ngx_msec_t              rechecked;
    ngx_uint_t              failures;      /* in a row */
    ngx_uint_t              closed;        /* connections, so far */
    ngx_uint_t              handshake_left;

    ngx_resolver_ctx_t     *resolving;
    ngx_addr_t             *addrs;
    ngx_uint_t              naddrs;
    ngx_uint_t              current_addr;
    ngx_uint_t              tried;
    ngx_addr_t              resolved[OC_REDIS_MAX_ADDRS];
    ngx_sockaddr_t          sockaddrs[OC_REDIS_MAX_ADDRS];
    u_char                  names[OC_REDIS_MAX_ADDRS][NGX_SOCKADDR_STRLEN];

    unsigned                answered:1;    /* at least one operation */
    unsigned                handshake_layouts:1;   /* its second part */
    unsigned                no_multi:1;    /* the user may not use it */
    unsigned                retiring:1;    /* send nothing more, then close */
    unsigned                stalled:1;     /* as the log was told */
    unsigned                down:1;        /* likewise */
};


struct oc_redis_s {
    ngx_str_t               name;          /* or the URL, as configured */
    ngx_str_t               label;         /* for logs: without a password */
    oc_redis_conf_t         conf;
    oc_redis_conn_t         conn;
};


typedef enum {
    OC_REDIS_OP_NEW = 0,
    OC_REDIS_OP_WAITING,
    OC_REDIS_OP_SENT,
    OC_REDIS_OP_FAILED,
    OC_REDIS_OP_DONE
} oc_redis_op_state_e;


struct oc_redis_op_s {
    ngx_queue_t                 queue;
    ngx_pool_t                 *pool;      /* the operation's own */
    oc_redis_t                 *redis;

    oc_redis_handler_pt         handler;   /* NULL: nobody waits */
    void                       *data;

    oc_redis_op_state_e         state;
    oc_redis_status_e           status;
    oc_redis_reply_t           *reply;
    oc_redis_reply_t           *refusal;   /* in a transaction */
    ngx_uint_t                  replies;   /* that are still to come */
    ngx_msec_t                  deadline;

    const oc_redis_script_t    *script;
    ngx_uint_t                  argc;

    ngx_chain_t                *first_link;
    ngx_chain_t                 head_link; /* EVAL and the script */
    ngx_chain_t                 body_link;
    ngx_buf_t                   head;
    ngx_buf_t                   body;
    u_char                     *arguments; /* of a script, in the body */

    unsigned                    read:1;
    unsigned                    internal:1;  /* the client's own */
    unsigned                    retried:1;
    unsigned                    released:1;
    unsigned                    eval:1;      /* the script's text is sent */
};


typedef enum {
    OC_REDIS_REFUSAL_OTHER = 0,
    OC_REDIS_REFUSAL_NOSCRIPT,
    OC_REDIS_REFUSAL_BUSY,        /* not now; the connection is fine */
    OC_REDIS_REFUSAL_NOT_READY,   /* the server has to be waited for */
    OC_REDIS_REFUSAL_RECHECK      /* maybe it is no longer the right one */
} oc_redis_refusal_e;


#define oc_redis_op_bytes(op)                                                 \
    ((size_t) ((op)->body.last - (op)->body.start))

#define oc_redis_pending_add(conn, op)                                        \
    (conn)->pending++;                                                        \
    (conn)->pending_bytes += oc_redis_op_bytes(op)

#define oc_redis_pending_remove(conn, op)                                     \
    (conn)->pending--;                                                        \
    (conn)->pending_bytes -= oc_redis_op_bytes(op)


/* oc_redis_conn.c */

void oc_redis_conn_start(oc_redis_conn_t *conn);
void oc_redis_conn_lost(oc_redis_conn_t *conn);
void oc_redis_conn_close(oc_redis_conn_t *conn);
void oc_redis_conn_ready(oc_redis_conn_t *conn);
ngx_str_t *oc_redis_conn_peer(oc_redis_conn_t *conn);

/* oc_redis_handshake.c */

void oc_redis_handshake(oc_redis_conn_t *conn);
void oc_redis_ping(oc_redis_conn_t *conn);

/* oc_redis_queue.c */

void oc_redis_queue_init(oc_redis_conn_t *conn);
void oc_redis_queue_post(oc_redis_conn_t *conn);
void oc_redis_queue_send(oc_redis_conn_t *conn, oc_redis_op_t *op);
void oc_redis_queue_withdraw(oc_redis_conn_t *conn, oc_redis_op_t *op);
void oc_redis_queue_fail(oc_redis_conn_t *conn, oc_redis_op_t *op,
    oc_redis_status_e status);
void oc_redis_queue_fail_waiting(oc_redis_conn_t *conn);
void oc_redis_queue_exit(oc_redis_conn_t *conn);
void oc_redis_queue_recover(oc_redis_conn_t *conn);
void oc_redis_read_handler(ngx_event_t *rev);
void oc_redis_write_handler(ngx_event_t *wev);
void oc_redis_write(oc_redis_conn_t *conn);

/* oc_redis_op.c */

oc_redis_op_t *oc_redis_op_internal(oc_redis_conn_t *conn,
    oc_redis_handler_pt handler, ngx_str_t *argv, ngx_uint_t argc);
void oc_redis_op_rewind(oc_redis_op_t *op);
ngx_int_t oc_redis_op_eval(oc_redis_op_t *op);
void oc_redis_op_done(oc_redis_op_t *op);
void oc_redis_op_expire(oc_redis_op_t *op);

/* oc_redis_reply.c */

redisReader *oc_redis_reader_create(oc_redis_conn_t *conn);
oc_redis_refusal_e oc_redis_refusal(ngx_str_t *error);


#endif /* _OC_REDIS_INTERNAL_H_INCLUDED_ */
