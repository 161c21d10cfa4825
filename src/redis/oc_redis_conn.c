
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


/* a connection that lived as long as this, in milliseconds, was a good one */

#define OC_REDIS_STABLE_TIME  1000


static void oc_redis_conn_resolve(oc_redis_conn_t *conn);
static void oc_redis_conn_resolved(ngx_resolver_ctx_t *ctx);
static void oc_redis_conn_connect(oc_redis_conn_t *conn);
static ngx_int_t oc_redis_conn_try(oc_redis_conn_t *conn, ngx_addr_t *addr);
static void oc_redis_conn_established(oc_redis_conn_t *conn);
static void oc_redis_connect_handler(ngx_event_t *ev);
static void oc_redis_connect_timer_handler(ngx_event_t *ev);
static void oc_redis_ping_timer_handler(ngx_event_t *ev);
static void oc_redis_conn_backoff(oc_redis_conn_t *conn);


/* Of zeroed memory; addresses are set by the caller. */

void
oc_redis_conn_init(oc_redis_conn_t *conn, oc_redis_t *redis)
{
    conn->redis = redis;
    conn->log = redis->log;

    /* failures to connect are logged here, at a level that fits */

    conn->quiet = *redis->log;
    conn->quiet.log_level = NGX_LOG_ALERT;

    conn->rechecked = ngx_current_msec - redis->conf.reconnect_max;

    conn->ident.data = conn;
    conn->ident.fd = (ngx_socket_t) -1;

    conn->connect_timer.handler = oc_redis_connect_timer_handler;
    conn->connect_timer.data = &conn->ident;
    conn->connect_timer.log = conn->log;
    conn->connect_timer.cancelable = 1;

    conn->ping_timer.handler = oc_redis_ping_timer_handler;
    conn->ping_timer.data = &conn->ident;
    conn->ping_timer.log = conn->log;
    conn->ping_timer.cancelable = 1;

    oc_redis_queue_init(conn);
}


ngx_str_t *
oc_redis_conn_peer(oc_redis_conn_t *conn)
{
    if (conn->naddrs == 0) {
        return &conn->server.host;
    }

    return &conn->addrs[conn->current_addr % conn->naddrs].name;
}


/* Begins to connect: all addresses of the server are tried once. */

void
oc_redis_conn_start(oc_redis_conn_t *conn)
{
    oc_redis_conf_t  *rcf;

    rcf = &conn->redis->conf;

    conn->tried = 0;

    ngx_add_timer(&conn->connect_timer, rcf->connect_timeout);

    if (rcf->resolver && !conn->server.numeric) {
        oc_redis_conn_resolve(conn);
        return;
    }

    oc_redis_conn_connect(conn);
}


/*
 * Asks nginx's resolver.  If it does not know, the addresses that were known
 * before are good enough.
 */

static void
oc_redis_conn_resolve(oc_redis_conn_t *conn)
{
    oc_redis_conf_t     *rcf;
    ngx_resolver_ctx_t  *ctx, temp;

    rcf = &conn->redis->conf;

    ngx_memzero(&temp, sizeof(ngx_resolver_ctx_t));
    temp.name = conn->server.host;

    ctx = ngx_resolve_start(rcf->resolver, &temp);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        oc_redis_conn_connect(conn);
        return;
    }

    ctx->name = conn->server.host;
    ctx->handler = oc_redis_conn_resolved;
    ctx->data = conn;
    ctx->timeout = rcf->connect_timeout;
    ctx->cancelable = 1;

    conn->state = OC_REDIS_CONN_RESOLVING;
    conn->resolving = ctx;

    if (ngx_resolve_name(ctx) != NGX_OK) {
        conn->resolving = NULL;
        oc_redis_conn_connect(conn);
    }
}


static void
oc_redis_conn_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t        i, n, level;
    oc_redis_conn_t  *conn;

    conn = ctx->data;

    if (ctx->state) {
        level = conn->naddrs ? NGX_LOG_WARN : NGX_LOG_ERR;

        ngx_log_error(level, conn->log, 0, "%V could not be resolved (%i: %s)",
                      &ctx->name, ctx->state,
                      ngx_resolver_strerror(ctx->state));

    } else {
        n = ngx_min(ctx->naddrs, OC_REDIS_MAX_ADDRS);

        for (i = 0; i < n; i++) {
            ngx_memcpy(&conn->sockaddrs[i], ctx->addrs[i].sockaddr,
                       ctx->addrs[i].socklen);

            ngx_inet_set_port(&conn->sockaddrs[i].sockaddr,
                              conn->server.port);

            conn->resolved[i].sockaddr = &conn->sockaddrs[i].sockaddr;
            conn->resolved[i].socklen = ctx->addrs[i].socklen;
            conn->resolved[i].name.data = conn->names[i];
            conn->resolved[i].name.len = ngx_sock_ntop(
                                            conn->resolved[i].sockaddr,
                                            conn->resolved[i].socklen,
                                            conn->names[i],
                                            NGX_SOCKADDR_STRLEN, 1);
        }

        conn->addrs = conn->resolved;
        conn->naddrs = n;
    }

    conn->resolving = NULL;
    ngx_resolve_name_done(ctx);

    oc_redis_conn_connect(conn);
}


/* Goes on with the next address that has not been tried. */

static void
oc_redis_conn_connect(oc_redis_conn_t *conn)
{
    ngx_int_t  rc;

    conn->state = OC_REDIS_CONN_CONNECTING;

    while (conn->tried < conn->naddrs) {

        /* the address that was fine the last time is tried first */

        if (conn->tried++) {
            conn->current_addr++;
        }

        conn->current_addr %= conn->naddrs;

        rc = oc_redis_conn_try(conn, &conn->addrs[conn->current_addr]);

        if (rc == NGX_OK) {
            oc_redis_conn_established(conn);
            return;
        }

        if (rc == NGX_AGAIN) {
            ngx_add_timer(&conn->connect_timer,
                          conn->redis->conf.connect_timeout);
            return;
        }
    }

    oc_redis_conn_backoff(conn);
}


/*
 * Opens a socket to an address.  NGX_OK if it is connected, NGX_AGAIN if it
 * will be, NGX_DECLINED if not; that has been logged then.
 */

static ngx_int_t
oc_redis_conn_try(oc_redis_conn_t *conn, ngx_addr_t *addr)
{
    ngx_int_t               rc;
    ngx_err_t               err;
    ngx_connection_t       *c;
    ngx_peer_connection_t   pc;

    conn->reader = oc_redis_reader_create(conn);
    if (conn->reader == NULL) {
        return NGX_DECLINED;
    }

    ngx_memzero(&pc, sizeof(ngx_peer_connection_t));

    pc.sockaddr = addr->sockaddr;
    pc.socklen = addr->socklen;
    pc.name = &addr->name;
    pc.get = ngx_event_get_peer;
    pc.log = &conn->quiet;
    pc.log_error = NGX_ERROR_ERR;
    pc.so_keepalive = (addr->sockaddr->sa_family != AF_UNIX);

    ngx_set_errno(0);

    rc = ngx_event_connect_peer(&pc);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        err = ngx_socket_errno;

        redisReaderFree(conn->reader);
        conn->reader = NULL;

        if (!conn->down) {
            ngx_log_error(NGX_LOG_ERR, conn->log, err,
                          "connect() to Redis at %V failed", &addr->name);
        }

        return NGX_DECLINED;
    }

    c = pc.connection;

    c->data = conn;
    c->log = conn->log;
    c->read->log = conn->log;
    c->write->log = conn->log;

    c->read->handler = oc_redis_connect_handler;
    c->write->handler = oc_redis_connect_handler;

    conn->connection = c;

    return rc;
}


static void
oc_redis_connect_handler(ngx_event_t *ev)
{
    int                err;
    socklen_t          len;
    ngx_connection_t  *c;
    oc_redis_conn_t   *conn;

    c = ev->data;
    conn = c->data;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err == 0) {
        oc_redis_conn_established(conn);
        return;
    }

    if (!conn->down) {
        ngx_log_error(NGX_LOG_ERR, conn->log, err,
                      "connect() to Redis at %V failed",
                      oc_redis_conn_peer(conn));
    }

    oc_redis_conn_close(conn);
    oc_redis_conn_connect(conn);
}


static void
oc_redis_conn_established(oc_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->connection;

    c->read->handler = oc_redis_read_handler;
    c->write->handler = oc_redis_write_handler;

    ngx_add_timer(&conn->connect_timer, conn->redis->conf.connect_timeout);

    if (ngx_tcp_nodelay(c) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        oc_redis_conn_lost(conn);
        return;
    }

    if (conn->server.ssl) {
        oc_redis_ssl_handshake(conn);
        return;
    }

    oc_redis_handshake(conn);
}


/* The handshake is complete: what waited is sent. */

void
oc_redis_conn_ready(oc_redis_conn_t *conn)
{
    if (conn->down) {
        ngx_log_error(NGX_LOG_NOTICE, conn->log, 0, "Redis at %V is back",
                      oc_redis_conn_peer(conn));
    }

    if (conn->connect_timer.timer_set) {
        ngx_del_timer(&conn->connect_timer);
    }

    conn->state = OC_REDIS_CONN_READY;
    conn->ready_since = ngx_current_msec;
    conn->last_read = ngx_current_msec;
    conn->answered = 0;
    conn->down = 0;

    ngx_add_timer(&conn->ping_timer, conn->redis->conf.ping_interval);

    oc_redis_queue_post(conn);

    if (conn->redis->conf.topology != OC_REDIS_STANDALONE) {
        oc_redis_topology_node_ready(conn);
    }
}


/* Makes the connection anew, if there is one or is to be one. */

void
oc_redis_conn_restart(oc_redis_conn_t *conn)
{
    if (conn->state == OC_REDIS_CONN_IDLE) {
        return;
    }

    oc_redis_conn_close(conn);
    oc_redis_queue_recover(conn);

    conn->failures = 0;

    oc_redis_conn_start(conn);
}


/*
 * The connection cannot be used any more.  One that was of use is replaced at
 * once; otherwise the next address is tried, and after the last one there is
 * a pause.
 */

void
oc_redis_conn_lost(oc_redis_conn_t *conn)
{
    oc_redis_conn_state_e  state;

    state = conn->state;

    if (conn->connection) {
        conn->connection->error = 1;
    }

    oc_redis_conn_close(conn);
    oc_redis_queue_recover(conn);

    if (conn->leaving) {
        conn->state = OC_REDIS_CONN_IDLE;

        oc_redis_route_waiting(conn);
        oc_redis_queue_post(conn);
        return;
    }

    if (state == OC_REDIS_CONN_READY) {
        oc_redis_topology_node_down(conn);
    }

    if (state != OC_REDIS_CONN_READY) {
        oc_redis_conn_connect(conn);
        return;
    }

    if (ngx_exiting && conn->pending == 0) {
        conn->state = OC_REDIS_CONN_IDLE;
        return;
    }

    if (!conn->answered
        && ngx_current_msec - conn->ready_since < OC_REDIS_STABLE_TIME)
    {
        oc_redis_conn_backoff(conn);
        return;
    }

    conn->failures = 0;

    oc_redis_conn_start(conn);
}


void
oc_redis_conn_close(oc_redis_conn_t *conn)
{
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    conn->closed++;
    conn->retiring = 0;
    conn->stalled = 0;

    if (conn->resolving) {
        ngx_resolve_name_done(conn->resolving);
        conn->resolving = NULL;
    }

    if (conn->connect_timer.timer_set) {
        ngx_del_timer(&conn->connect_timer);
    }

    if (conn->ping_timer.timer_set) {
        ngx_del_timer(&conn->ping_timer);
    }

    c = conn->connection;

    if (c) {
        pool = c->pool;

        oc_redis_ssl_shutdown(c);
        ngx_close_connection(c);

        if (pool) {
            ngx_destroy_pool(pool);
        }

        conn->connection = NULL;
    }

    if (conn->reader) {
        redisReaderFree(conn->reader);
        conn->reader = NULL;
    }
}


/*
 * A pause before the next attempt, twice as long each time, a random half of
 * it left out so that workers and machines do not come back all at once.
 * Meanwhile operations fail at once.
 */

static void
oc_redis_conn_backoff(oc_redis_conn_t *conn)
{
    ngx_msec_t        delay;
    ngx_uint_t        i;
    oc_redis_conf_t  *rcf;

    rcf = &conn->redis->conf;

    delay = rcf->reconnect_min;

    for (i = 0; i < conn->failures && delay < rcf->reconnect_max; i++) {
        delay *= 2;
    }

    delay = ngx_min(delay, rcf->reconnect_max);
    delay -= ngx_random() % (delay / 2 + 1);

    conn->failures++;
    conn->down = 1;
    conn->state = OC_REDIS_CONN_BACKOFF;

    ngx_add_timer(&conn->connect_timer, delay);

    oc_redis_queue_fail_waiting(conn);

    oc_redis_topology_node_down(conn);
}


static void
oc_redis_connect_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t  *ident;
    oc_redis_conn_t   *conn;

    ident = ev->data;
    conn = ident->data;

    switch (conn->state) {

    case OC_REDIS_CONN_BACKOFF:

        if (ngx_exiting) {
            return;
        }

        oc_redis_conn_start(conn);
        return;

    case OC_REDIS_CONN_READY:
    case OC_REDIS_CONN_IDLE:
        return;

    default: /* RESOLVING, CONNECTING, HANDSHAKE */

        if (!conn->down) {
            ngx_log_error(NGX_LOG_ERR, conn->log, NGX_ETIMEDOUT,
                          "connection to Redis at %V could not be made",
                          oc_redis_conn_peer(conn));
        }

        oc_redis_conn_lost(conn);
    }
}


static void
oc_redis_ping_timer_handler(ngx_event_t *ev)
{
    ngx_msec_t         idle;
    ngx_connection_t  *ident;
    oc_redis_conn_t   *conn;
    oc_redis_conf_t   *rcf;

    ident = ev->data;
    conn = ident->data;
    rcf = &conn->redis->conf;

    if (conn->state != OC_REDIS_CONN_READY || ngx_exiting) {
        return;
    }

    idle = ngx_current_msec - conn->last_read;

    if (idle >= rcf->ping_interval) {

        if (conn->pending == 0) {
            oc_redis_ping(conn);
        }

        idle = 0;
    }

    ngx_add_timer(ev, rcf->ping_interval - idle);
}


/* Seconds after which a client may try again, at least one. */

time_t
oc_redis_retry_after(oc_redis_t *redis)
{
    ngx_msec_int_t    left;
    oc_redis_conn_t  *conn;

    conn = redis->master;

    if (conn == NULL || conn->state != OC_REDIS_CONN_BACKOFF) {
        return 1;
    }

    left = (ngx_msec_int_t) (conn->connect_timer.timer.key - ngx_current_msec);

    return ngx_max(1, (left + 999) / 1000);
}
