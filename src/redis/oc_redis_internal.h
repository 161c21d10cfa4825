
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
#include "oc_redis_topology.h"


#define OC_REDIS_MAX_ADDRS          16

/* of commands that a worker holds at once, unless it is a single one */

#define OC_REDIS_MAX_PENDING_BYTES  (64 * 1024 * 1024)


/* how often an operation is sent to another node, or again */

#define OC_REDIS_MAX_HOPS           5

/* the map of a cluster changes: it is asked for, but not by all at once */

#define OC_REDIS_ASK_SOON           50

/* while a master is missing */

#define OC_REDIS_ASK_MISSING        250


typedef struct oc_redis_conn_s     oc_redis_conn_t;
typedef struct oc_redis_ssl_s      oc_redis_ssl_t;
typedef struct oc_redis_cluster_s  oc_redis_cluster_t;


typedef enum {
    OC_REDIS_STANDALONE = 0,
    OC_REDIS_SENTINEL,
    OC_REDIS_CLUSTER
} oc_redis_topology_e;


/* what a node must be for its connection to be of use */

typedef enum {
    OC_REDIS_ROLE_ANY = 0,
    OC_REDIS_ROLE_MASTER,
    OC_REDIS_ROLE_REPLICA,
    OC_REDIS_ROLE_SENTINEL
} oc_redis_role_e;


typedef struct {
    ngx_str_t             key;
    ngx_str_t             version;
} oc_redis_layout_t;


typedef struct {
    ngx_str_t             host;          /* empty for a unix socket */
    in_port_t             port;
    unsigned              numeric:1;     /* "host" is an address */
    unsigned              plain:1;       /* redis:// */
    unsigned              secure:1;      /* rediss:// */
    unsigned              ssl:1;         /* TLS is spoken */
    unsigned              userinfo:1;    /* of the URL */
    unsigned              no_port:1;

    ngx_addr_t           *addrs;         /* as known when configured */
    ngx_uint_t            naddrs;

    /* where it was configured, for messages */

    ngx_str_t             file;
    ngx_uint_t            line;
} oc_redis_server_t;


typedef struct {
    ngx_str_t             username;
    ngx_str_t             password;
    ngx_str_t             password_file;
} oc_redis_secret_t;


typedef struct {
    ngx_array_t           servers;           /* of oc_redis_server_t */

    oc_redis_topology_e   topology;
    ngx_str_t             master;            /* its name at the sentinels */
    ngx_msec_t            topology_refresh;
    unsigned              topology_given:1;

    oc_redis_secret_t     secret;
    oc_redis_secret_t     sentinel;
    ngx_int_t             database;

    oc_redis_ssl_t       *ssl;

    ngx_int_t             wait_replicas;
    ngx_msec_t            wait_timeout;
    ngx_flag_t            read_replicas;

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
 * A node, and the one connection of a worker to it.  Operations wait in
 * "waiting" until they are written, then in "sent" until they are answered,
 * oldest first, and in "unconfirmed" until replicas have what they wrote;
 * those that are over without an answer are in "failed" until the end of the
 * event loop's turn, when their handlers are called.
 */

struct oc_redis_conn_s {
    ngx_queue_t             node;          /* in the list of all */
    ngx_pool_t             *pool;          /* the node's own */
    oc_redis_server_t       server;
    oc_redis_role_e         role;

    oc_redis_t             *redis;
    oc_redis_conn_state_e   state;

    ngx_connection_t       *connection;
    redisReader            *reader;
    ngx_log_t              *log;
    ngx_log_t               quiet;         /* for nginx's connect() */

    ngx_queue_t             waiting;
    ngx_queue_t             sent;
    ngx_queue_t             unconfirmed;
    ngx_queue_t             failed;
    ngx_uint_t              pending;       /* all but those that failed */
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
    ngx_uint_t              round;         /* of questions for the map */

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
    unsigned                not_durable:1; /* likewise */
    unsigned                told:1;        /* likewise */
    unsigned                refused:1;     /* a sentinel: to tell */
    unsigned                known:1;       /* in the topology */
    unsigned                leaving:1;     /* no longer: close when empty */
};


/*
 * The service that operations are for, one server or many: what a worker
 * knows of the nodes.
 */

struct oc_redis_s {
    ngx_str_t               name;          /* or the URL, as configured */
    ngx_str_t               label;         /* for logs: without a password */
    oc_redis_conf_t         conf;

    ngx_log_t              *log;
    ngx_queue_t             nodes;         /* of oc_redis_conn_t */
    oc_redis_conn_t         unrouted;      /* for what waits for a node */

    /* standalone and Sentinel */

    oc_redis_conn_t        *master;        /* NULL: not known yet */
    oc_redis_conn_t        *replicas[OC_REDIS_MAX_REPLICAS];
    ngx_uint_t              nreplicas;
    ngx_uint_t              turn;          /* of the replicas */

    /* Sentinel */

    uint64_t                epoch;         /* of the master's configuration */
    ngx_msec_t              epoch_set;

    /* Cluster */

    oc_redis_cluster_t     *cluster;
    ngx_uint_t              layouts_left;  /* to be checked */
    ngx_uint_t              layouts_failed;

    ngx_connection_t        ident;         /* for debug logs of the events */
    ngx_event_t             ask_timer;     /* the topology is asked for */
    ngx_event_t             retry_timer;   /* operations are routed again */
    ngx_msec_t              asked;

    unsigned                started:1;     /* the topology was asked for */
    unsigned                unreachable:1; /* nobody tells it */
    unsigned                verified:1;    /* the layout */
    unsigned                mismatch:1;    /* as the log was told */
    unsigned                no_multi:1;    /* a user may not use it */
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
    oc_redis_conn_t            *conn;      /* whose queue it is in */

    oc_redis_handler_pt         handler;   /* NULL: nobody waits */
    void                       *data;

    oc_redis_op_state_e         state;
    oc_redis_status_e           status;
    oc_redis_reply_t           *reply;
    oc_redis_reply_t           *refusal;   /* in a transaction */
    ngx_uint_t                  replies;   /* that are still to come */
    ngx_uint_t                  nreplies;  /* of its commands */
    ngx_msec_t                  deadline;
    ngx_msec_t                  retry_at;  /* while it is unrouted */
    ngx_uint_t                  hops;
    ngx_uint_t                  slot;

    const oc_redis_script_t    *script;
    ngx_uint_t                  argc;

    ngx_chain_t                *first_link;
    ngx_chain_t                *ask_link;  /* ASKING */
    ngx_chain_t                 head_link; /* EVAL and the script */
    ngx_chain_t                 body_link;
    ngx_buf_t                   head;
    ngx_buf_t                   body;
    u_char                     *arguments; /* of a script, in the body */

    unsigned                    read:1;
    unsigned                    repeatable:1;
    unsigned                    internal:1;  /* the client's own */
    unsigned                    service:1;   /* likewise, of the topology */
    unsigned                    check:1;     /* likewise, of the layout */
    unsigned                    listener:1;  /* for what comes unasked */
    unsigned                    confirm:1;   /* replicas must have it */
    unsigned                    asking:1;    /* at the node that imports */
    unsigned                    replica:1;   /* was given to one */
    unsigned                    master:1;    /* must not be given to one */
    unsigned                    delayed:1;   /* until retry_at */
    unsigned                    retried:1;
    unsigned                    released:1;
    unsigned                    eval:1;      /* the script's text is sent */
};


typedef enum {
    OC_REDIS_REFUSAL_OTHER = 0,
    OC_REDIS_REFUSAL_NOSCRIPT,
    OC_REDIS_REFUSAL_BUSY,        /* not now; the connection is fine */
    OC_REDIS_REFUSAL_NOT_READY,   /* the server has to be waited for */
    OC_REDIS_REFUSAL_RECHECK,     /* maybe it is no longer the right one */
    OC_REDIS_REFUSAL_MOVED,       /* the slot is another node's */
    OC_REDIS_REFUSAL_ASK,         /* the key may be at another node already */
    OC_REDIS_REFUSAL_TRYAGAIN     /* some of the keys are */
} oc_redis_refusal_e;


#define oc_redis_op_bytes(op)                                                 \
    ((size_t) ((op)->body.last - (op)->body.start))

#define oc_redis_pending_add(conn, op)                                        \
    (conn)->pending++;                                                        \
    (conn)->pending_bytes += oc_redis_op_bytes(op)

#define oc_redis_pending_remove(conn, op)                                     \
    (conn)->pending--;                                                        \
    (conn)->pending_bytes -= oc_redis_op_bytes(op)


/* oc_redis_node.c */

oc_redis_conn_t *oc_redis_node_create(oc_redis_t *redis,
    oc_redis_server_t *server, oc_redis_role_e role);
oc_redis_conn_t *oc_redis_node_get(oc_redis_t *redis, ngx_str_t *host,
    in_port_t port, oc_redis_role_e role);
oc_redis_conn_t *oc_redis_node_find(oc_redis_t *redis, ngx_str_t *host,
    in_port_t port);
void oc_redis_node_leave(oc_redis_conn_t *conn);
void oc_redis_node_drop(oc_redis_conn_t *conn);
void oc_redis_node_free(oc_redis_conn_t *conn);

/* oc_redis_conn.c */

void oc_redis_conn_init(oc_redis_conn_t *conn, oc_redis_t *redis);
void oc_redis_conn_start(oc_redis_conn_t *conn);
void oc_redis_conn_restart(oc_redis_conn_t *conn);
void oc_redis_conn_lost(oc_redis_conn_t *conn);
void oc_redis_conn_close(oc_redis_conn_t *conn);
void oc_redis_conn_ready(oc_redis_conn_t *conn);
ngx_str_t *oc_redis_conn_peer(oc_redis_conn_t *conn);

/* oc_redis_ssl.c */

ngx_int_t oc_redis_conf_ssl_init(ngx_conf_t *cf, oc_redis_conf_t *rcf);
ngx_int_t oc_redis_conf_ssl_done(ngx_conf_t *cf, oc_redis_t *redis);
ngx_uint_t oc_redis_conf_ssl_on(oc_redis_conf_t *rcf);
void oc_redis_ssl_handshake(oc_redis_conn_t *conn);
void oc_redis_ssl_shutdown(ngx_connection_t *c);

extern ngx_command_t  oc_redis_ssl_commands[];

/* oc_redis_conf_server.c */

char *oc_redis_conf_password_file(ngx_conf_t *cf, oc_redis_secret_t *secret);
ngx_int_t oc_redis_conf_addresses(ngx_conf_t *cf, oc_redis_server_t *server,
    ngx_resolver_t *resolver);

/* oc_redis_handshake.c */

void oc_redis_handshake(oc_redis_conn_t *conn);
ngx_int_t oc_redis_handshake_send(oc_redis_conn_t *conn,
    oc_redis_handler_pt handler, ngx_str_t *argv, ngx_uint_t argc);
void oc_redis_ping(oc_redis_conn_t *conn);

/* oc_redis_queue.c */

void oc_redis_queue_init(oc_redis_conn_t *conn);
void oc_redis_queue_post(oc_redis_conn_t *conn);
void oc_redis_queue_send(oc_redis_conn_t *conn, oc_redis_op_t *op);
void oc_redis_queue_withdraw(oc_redis_op_t *op);
void oc_redis_queue_fail(oc_redis_conn_t *conn, oc_redis_op_t *op,
    oc_redis_status_e status);
void oc_redis_queue_fail_waiting(oc_redis_conn_t *conn);
void oc_redis_queue_changed(oc_redis_conn_t *conn);
void oc_redis_queue_exit(oc_redis_conn_t *conn);
void oc_redis_queue_recover(oc_redis_conn_t *conn);
void oc_redis_read_handler(ngx_event_t *rev);
void oc_redis_write_handler(ngx_event_t *wev);
void oc_redis_write(oc_redis_conn_t *conn);

/* oc_redis_refusal.c */

void oc_redis_refused(oc_redis_conn_t *conn, oc_redis_op_t *op);

/* oc_redis_wait.c */

void oc_redis_wait_send(oc_redis_conn_t *conn);
void oc_redis_wait_hold(oc_redis_conn_t *conn, oc_redis_op_t *op);

/* oc_redis_route.c */

void oc_redis_route_init(oc_redis_t *redis);
void oc_redis_route_exit(oc_redis_t *redis);
void oc_redis_route(oc_redis_op_t *op);
void oc_redis_route_to(oc_redis_op_t *op, oc_redis_conn_t *conn);
oc_redis_conn_t *oc_redis_route_replica(oc_redis_conn_t **replicas,
    ngx_uint_t n, ngx_uint_t *turn);
void oc_redis_route_waiting(oc_redis_conn_t *conn);
ngx_int_t oc_redis_route_later(oc_redis_op_t *op);
void oc_redis_topology_ask(oc_redis_t *redis, ngx_msec_t delay);
void oc_redis_topology_known(oc_redis_t *redis);
void oc_redis_topology_unknown(oc_redis_t *redis);
void oc_redis_topology_node_ready(oc_redis_conn_t *conn);
void oc_redis_topology_node_down(oc_redis_conn_t *conn);

/* oc_redis_sentinel.c */

ngx_int_t oc_redis_sentinel_init(oc_redis_t *redis);
void oc_redis_sentinel_ask(oc_redis_t *redis);
void oc_redis_sentinel_ready(oc_redis_conn_t *conn);
void oc_redis_sentinel_down(oc_redis_t *redis);

/* oc_redis_cluster.c */

ngx_int_t oc_redis_cluster_init(oc_redis_t *redis);
void oc_redis_cluster_exit(oc_redis_t *redis);
void oc_redis_cluster_ask(oc_redis_t *redis);
oc_redis_conn_t *oc_redis_cluster_target(oc_redis_op_t *op);
ngx_int_t oc_redis_cluster_redirect(oc_redis_op_t *op,
    oc_redis_refusal_e refusal);
ngx_uint_t oc_redis_cluster_missing(oc_redis_t *redis);

/* oc_redis_layout.c */

void oc_redis_layout_check(oc_redis_t *redis);

/* oc_redis_op.c */

oc_redis_op_t *oc_redis_op_internal(oc_redis_conn_t *conn,
    oc_redis_handler_pt handler, ngx_str_t *argv, ngx_uint_t argc);
void oc_redis_op_rewind(oc_redis_op_t *op);
ngx_int_t oc_redis_op_eval(oc_redis_op_t *op);
ngx_int_t oc_redis_op_asking(oc_redis_op_t *op);
void oc_redis_op_done(oc_redis_op_t *op);
void oc_redis_op_expire(oc_redis_op_t *op);

/* oc_redis_reply.c */

redisReader *oc_redis_reader_create(oc_redis_conn_t *conn);
oc_redis_refusal_e oc_redis_refusal(ngx_str_t *error);


#endif /* _OC_REDIS_INTERNAL_H_INCLUDED_ */
