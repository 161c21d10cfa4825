
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


/*
 * The nodes of a service.  Each is allocated when it becomes known, connects
 * when the first operation is for it, and goes when it is no longer in the
 * topology and its queues are empty.
 */


static ngx_int_t oc_redis_node_address(oc_redis_conn_t *conn);


/*
 * Prepares a worker.  If memory is out the service is unavailable in this
 * worker, which is logged.
 */

void
oc_redis_init_worker(oc_redis_t *redis, ngx_cycle_t *cycle)
{
    ngx_int_t           rc;
    oc_redis_server_t  *server;

    redis->log = cycle->log;

    ngx_queue_init(&redis->nodes);

    oc_redis_conn_init(&redis->unrouted, redis);
    oc_redis_route_init(redis);

    switch (redis->conf.topology) {

    case OC_REDIS_SENTINEL:
        rc = oc_redis_sentinel_init(redis);
        break;

    case OC_REDIS_CLUSTER:
        rc = oc_redis_cluster_init(redis);
        break;

    default: /* OC_REDIS_STANDALONE */
        server = redis->conf.servers.elts;

        redis->master = oc_redis_node_create(redis, server,
                                             OC_REDIS_ROLE_ANY);
        rc = redis->master ? NGX_OK : NGX_ERROR;
    }

    if (rc != NGX_OK) {
        redis->unreachable = 1;

        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "no memory for the connections to Redis \"%V\"",
                      &redis->label);
    }
}


/* A worker exits: its sockets are closed, its events forgotten. */

void
oc_redis_exit_worker(oc_redis_t *redis)
{
    oc_redis_conn_t  *conn;

    oc_redis_route_exit(redis);
    oc_redis_cluster_exit(redis);

    while (!ngx_queue_empty(&redis->nodes)) {
        conn = ngx_queue_data(ngx_queue_head(&redis->nodes), oc_redis_conn_t,
                              node);
        oc_redis_node_free(conn);
    }

    oc_redis_queue_exit(&redis->unrouted);
}


/*
 * A node of its own, without a connection.  The server is copied, its
 * addresses and its host are not.  NULL if memory is out.
 */

oc_redis_conn_t *
oc_redis_node_create(oc_redis_t *redis, oc_redis_server_t *server,
    oc_redis_role_e role)
{
    ngx_pool_t       *pool;
    oc_redis_conn_t  *conn;

    pool = ngx_create_pool(sizeof(oc_redis_conn_t) + 1024, redis->log);
    if (pool == NULL) {
        return NULL;
    }

    conn = ngx_pcalloc(pool, sizeof(oc_redis_conn_t));
    if (conn == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    conn->pool = pool;
    conn->server = *server;
    conn->role = role;
    conn->addrs = server->addrs;
    conn->naddrs = server->naddrs;

    oc_redis_conn_init(conn, redis);

    ngx_queue_insert_tail(&redis->nodes, &conn->node);

    return conn;
}


/*
 * The node at an address or a name, as a sentinel or another node gives it:
 * the one that is there, or a new one.  NULL if memory is out.
 */

oc_redis_conn_t *
oc_redis_node_get(oc_redis_t *redis, ngx_str_t *host, in_port_t port,
    oc_redis_role_e role)
{
    oc_redis_conn_t    *conn;
    oc_redis_server_t   server;

    conn = oc_redis_node_find(redis, host, port);

    if (conn) {
        return conn;
    }

    ngx_memzero(&server, sizeof(oc_redis_server_t));

    server.port = port;
    server.ssl = oc_redis_conf_ssl_on(&redis->conf);

    conn = oc_redis_node_create(redis, &server, role);
    if (conn == NULL) {
        return NULL;
    }

    conn->server.host.data = ngx_pstrdup(conn->pool, host);

    if (conn->server.host.data) {
        conn->server.host.len = host->len;

        if (oc_redis_node_address(conn) == NGX_OK) {
            return conn;
        }
    }

    oc_redis_node_free(conn);

    return NULL;
}


/* The same, but no new one; NULL if it is not there.  Not a sentinel. */

oc_redis_conn_t *
oc_redis_node_find(oc_redis_t *redis, ngx_str_t *host, in_port_t port)
{
    ngx_queue_t      *q;
    oc_redis_conn_t  *conn;

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        conn = ngx_queue_data(q, oc_redis_conn_t, node);

        if (conn->role != OC_REDIS_ROLE_SENTINEL
            && !conn->leaving
            && conn->server.port == port
            && conn->server.host.len == host->len
            && ngx_strncasecmp(conn->server.host.data, host->data, host->len)
               == 0)
        {
            return conn;
        }
    }

    return NULL;
}


/* An address is taken as it is, a name is looked up at each connect. */

static ngx_int_t
oc_redis_node_address(oc_redis_conn_t *conn)
{
    u_char      *p;
    ngx_int_t    rc;
    ngx_addr_t  *addr;

    addr = ngx_pcalloc(conn->pool, sizeof(ngx_addr_t));
    p = ngx_pnalloc(conn->pool, NGX_SOCKADDR_STRLEN);

    if (addr == NULL || p == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_parse_addr(conn->pool, addr, conn->server.host.data,
                        conn->server.host.len);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    ngx_inet_set_port(addr->sockaddr, conn->server.port);

    addr->name.data = p;
    addr->name.len = ngx_sock_ntop(addr->sockaddr, addr->socklen, p,
                                   NGX_SOCKADDR_STRLEN, 1);

    conn->server.numeric = 1;
    conn->server.addrs = addr;
    conn->server.naddrs = 1;

    conn->addrs = addr;
    conn->naddrs = 1;

    return NGX_OK;
}


/*
 * The node is no longer in the topology: what was not sent goes elsewhere,
 * what was is waited for, then the connection is closed.
 */

void
oc_redis_node_leave(oc_redis_conn_t *conn)
{
    if (conn->leaving) {
        return;
    }

    if (conn->state != OC_REDIS_CONN_READY) {
        oc_redis_node_drop(conn);
        return;
    }

    conn->leaving = 1;

    oc_redis_route_waiting(conn);
    oc_redis_queue_post(conn);
}


/* The same, but nothing is waited for. */

void
oc_redis_node_drop(oc_redis_conn_t *conn)
{
    conn->leaving = 1;

    oc_redis_conn_close(conn);
    oc_redis_queue_recover(conn);

    conn->state = OC_REDIS_CONN_IDLE;

    oc_redis_route_waiting(conn);
    oc_redis_queue_post(conn);
}


void
oc_redis_node_free(oc_redis_conn_t *conn)
{
    oc_redis_conn_close(conn);
    oc_redis_queue_exit(conn);

    ngx_queue_remove(&conn->node);
    ngx_destroy_pool(conn->pool);
}
