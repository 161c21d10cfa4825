
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


/*
 * Redis Cluster: which node has which slot, as one of the nodes has said, and
 * what MOVED has said since.  One node is asked at a time.
 */


/* nodes that MOVED can add before the map is made anew */

#define OC_REDIS_SPARE_SHARDS  32

#define OC_REDIS_MAX_RANGES    OC_REDIS_SLOTS


typedef struct {
    oc_redis_conn_t      *master;
    oc_redis_conn_t      *replicas[OC_REDIS_MAX_REPLICAS];
    ngx_uint_t            nreplicas;
    ngx_uint_t            turn;
} oc_redis_shard_t;


struct oc_redis_cluster_s {
    uint16_t              slots[OC_REDIS_SLOTS];   /* shard + 1, or 0 */
    oc_redis_shard_t     *shards;
    ngx_uint_t            nshards;
    ngx_uint_t            max_shards;
    ngx_pool_t           *pool;        /* of the shards */

    oc_redis_op_t        *question;    /* that is on its way */
    ngx_uint_t            round;       /* of questions, from 1 */

    unsigned              known:1;
    unsigned              incomplete:1;   /* a slot has no node */
};


static void oc_redis_cluster_next(oc_redis_t *redis);
static oc_redis_conn_t *oc_redis_cluster_candidate(oc_redis_t *redis);
static ngx_int_t oc_redis_cluster_question(oc_redis_t *redis,
    oc_redis_conn_t *conn);
static void oc_redis_cluster_slots_reply(oc_redis_op_t *op, void *data);
static ngx_int_t oc_redis_cluster_map(oc_redis_conn_t *asked,
    oc_redis_reply_t *reply);
static oc_redis_shard_t *oc_redis_cluster_shard(oc_redis_cluster_t *cluster,
    oc_redis_conn_t *master);
static oc_redis_conn_t *oc_redis_cluster_node(oc_redis_conn_t *asked,
    oc_redis_endpoint_t *node);
static void oc_redis_cluster_moved(oc_redis_conn_t *conn, ngx_uint_t slot);


ngx_int_t
oc_redis_cluster_init(oc_redis_t *redis)
{
    redis->cluster = ngx_alloc(sizeof(oc_redis_cluster_t), redis->log);
    if (redis->cluster == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(redis->cluster, sizeof(oc_redis_cluster_t));

    return NGX_OK;
}


void
oc_redis_cluster_exit(oc_redis_t *redis)
{
    oc_redis_cluster_t  *cluster;

    cluster = redis->cluster;

    if (cluster == NULL) {
        return;
    }

    if (cluster->pool) {
        ngx_destroy_pool(cluster->pool);
    }

    ngx_free(cluster);

    redis->cluster = NULL;
}


/* Asks for the map, unless that is being done. */

void
oc_redis_cluster_ask(oc_redis_t *redis)
{
    if (redis->cluster->question) {
        return;
    }

    redis->cluster->round++;

    oc_redis_cluster_next(redis);
}


static void
oc_redis_cluster_next(oc_redis_t *redis)
{
    oc_redis_conn_t  *conn;

    for ( ;; ) {
        conn = oc_redis_cluster_candidate(redis);

        if (conn == NULL) {
            break;
        }

        conn->round = redis->cluster->round;

        if (oc_redis_cluster_question(redis, conn) == NGX_OK) {
            return;
        }
    }

    /* an old map is better than none */

    if (!redis->cluster->known) {
        oc_redis_topology_unknown(redis);
    }
}


/*
 * A node that was not asked in this round: one that is connected, in turn,
 * else another one, else one of those that are configured.
 */

static oc_redis_conn_t *
oc_redis_cluster_candidate(oc_redis_t *redis)
{
    ngx_uint_t          i, n, round, pass;
    ngx_queue_t        *q;
    oc_redis_conn_t    *conn, *found;
    oc_redis_server_t  *server;

    round = redis->cluster->round;

    for (pass = 0; pass < 2; pass++) {
        found = NULL;
        n = 0;

        for (q = ngx_queue_head(&redis->nodes);
             q != ngx_queue_sentinel(&redis->nodes);
             q = ngx_queue_next(q))
        {
            conn = ngx_queue_data(q, oc_redis_conn_t, node);

            if (conn->leaving || conn->round == round || conn->retiring
                || conn->stalled || conn->state == OC_REDIS_CONN_BACKOFF
                || (pass == 0 && conn->state != OC_REDIS_CONN_READY))
            {
                continue;
            }

            /* each of them with the same chance */

            if (ngx_random() % ++n == 0) {
                found = conn;
            }
        }

        if (found) {
            return found;
        }
    }

    server = redis->conf.servers.elts;

    for (i = 0; i < redis->conf.servers.nelts; i++) {

        conn = oc_redis_node_find(redis, &server[i].host, server[i].port);

        if (conn == NULL) {
            return oc_redis_node_create(redis, &server[i],
                                        OC_REDIS_ROLE_ANY);
        }
    }

    return NULL;
}


static ngx_int_t
oc_redis_cluster_question(oc_redis_t *redis, oc_redis_conn_t *conn)
{
    ngx_str_t       argv[2];
    oc_redis_op_t  *op;

    op = oc_redis_op_create(redis, OC_REDIS_OP_READ, 4096, redis->log);
    if (op == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&argv[0], "CLUSTER");
    ngx_str_set(&argv[1], "SLOTS");

    if (oc_redis_op_command(op, argv, 2) != NGX_OK) {
        oc_redis_op_release(op);
        return NGX_ERROR;
    }

    op->service = 1;
    op->retried = 1;
    op->handler = oc_redis_cluster_slots_reply;
    op->data = redis;

    /* another node is asked soon if this one does not answer */

    op->deadline = ngx_current_msec + redis->conf.connect_timeout;

    redis->cluster->question = op;

    oc_redis_queue_send(conn, op);

    if (conn->state == OC_REDIS_CONN_IDLE) {
        oc_redis_conn_start(conn);
    }

    return NGX_OK;
}


static void
oc_redis_cluster_slots_reply(oc_redis_op_t *op, void *data)
{
    oc_redis_t *redis = data;

    ngx_int_t         rc;
    oc_redis_conn_t  *conn;

    conn = op->conn;
    redis->cluster->question = NULL;
    rc = NGX_ERROR;

    if (op->status == OC_REDIS_OK) {
        rc = oc_redis_cluster_map(conn, op->reply);

        if (rc == NGX_OK) {
            conn->told = 0;

        } else if (!conn->told) {
            conn->told = 1;

            if (op->reply->type != OC_REDIS_REPLY_ERROR) {
                ngx_str_set(&op->reply->str, "no map of slots");
            }

            op->reply->str.len = ngx_min(op->reply->str.len, 256);

            ngx_log_error(NGX_LOG_ERR, redis->log, 0,
                          "Redis at %V does not tell the nodes of the "
                          "cluster: \"%V\"", oc_redis_conn_peer(conn),
                          &op->reply->str);
        }
    }

    oc_redis_op_release(op);

    if (rc == NGX_OK) {
        redis->cluster->known = 1;
        oc_redis_layout_check(redis);
        oc_redis_topology_known(redis);
        return;
    }

    oc_redis_cluster_next(redis);
}


/*
 * Makes the map anew from what a node has said.  Nodes that are not in it
 * leave.  NGX_ERROR, and the map stays as it is, if no line is of use.
 */

static ngx_int_t
oc_redis_cluster_map(oc_redis_conn_t *asked, oc_redis_reply_t *reply)
{
    ngx_uint_t           i, j, slot, n;
    ngx_pool_t          *pool;
    oc_redis_t          *redis;
    ngx_queue_t         *q, *next;
    oc_redis_conn_t     *conn;
    oc_redis_shard_t    *shard;
    oc_redis_range_t     range;
    oc_redis_cluster_t  *cluster;

    redis = asked->redis;
    cluster = redis->cluster;

    if (reply->type != OC_REDIS_REPLY_ARRAY
        || reply->nelements > OC_REDIS_MAX_RANGES)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < reply->nelements; i++) {
        if (oc_redis_topology_range(reply->elements[i], &range) == NGX_OK) {
            break;
        }
    }

    if (i == reply->nelements) {
        return NGX_ERROR;
    }

    n = reply->nelements + OC_REDIS_SPARE_SHARDS;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, redis->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    shard = ngx_pcalloc(pool, n * sizeof(oc_redis_shard_t));
    if (shard == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    if (cluster->pool) {
        ngx_destroy_pool(cluster->pool);
    }

    cluster->pool = pool;
    cluster->shards = shard;
    cluster->nshards = 0;
    cluster->max_shards = n;
    cluster->incomplete = 0;

    ngx_memzero(cluster->slots, sizeof(cluster->slots));

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        conn = ngx_queue_data(q, oc_redis_conn_t, node);
        conn->known = 0;
    }

    for ( /* void */ ; i < reply->nelements; i++) {

        if (oc_redis_topology_range(reply->elements[i], &range) != NGX_OK) {
            continue;
        }

        conn = oc_redis_cluster_node(asked, &range.master);
        if (conn == NULL) {
            continue;
        }

        shard = oc_redis_cluster_shard(cluster, conn);
        if (shard == NULL) {
            continue;
        }

        conn->known = 1;

        if (redis->conf.read_replicas && shard->nreplicas == 0) {
            for (j = 0; j < range.nreplicas; j++) {
                conn = oc_redis_cluster_node(asked, &range.replicas[j]);

                if (conn) {
                    conn->known = 1;
                    shard->replicas[shard->nreplicas++] = conn;
                }
            }
        }

        for (slot = range.first; slot <= range.last; slot++) {
            cluster->slots[slot] = (uint16_t) (shard - cluster->shards + 1);
        }
    }

    for (slot = 0; slot < OC_REDIS_SLOTS; slot++) {
        if (cluster->slots[slot] == 0) {
            cluster->incomplete = 1;
            break;
        }
    }

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = next)
    {
        next = ngx_queue_next(q);
        conn = ngx_queue_data(q, oc_redis_conn_t, node);

        if (!conn->known) {
            oc_redis_node_leave(conn);
        }
    }

    return NGX_OK;
}


/* The shard of a master: the one that is there, or a new one. */

static oc_redis_shard_t *
oc_redis_cluster_shard(oc_redis_cluster_t *cluster, oc_redis_conn_t *master)
{
    ngx_uint_t  i;

    for (i = 0; i < cluster->nshards; i++) {
        if (cluster->shards[i].master == master) {
            return &cluster->shards[i];
        }
    }

    if (cluster->nshards == cluster->max_shards) {
        return NULL;
    }

    cluster->shards[i].master = master;
    cluster->nshards++;

    return &cluster->shards[i];
}


/* A node without a host has that of the node which said so. */

static oc_redis_conn_t *
oc_redis_cluster_node(oc_redis_conn_t *asked, oc_redis_endpoint_t *node)
{
    return oc_redis_node_get(asked->redis,
                             node->host.len ? &node->host
                                            : &asked->server.host,
                             node->port, OC_REDIS_ROLE_ANY);
}


/* The node for an operation; NULL if it is not known, or not yet. */

oc_redis_conn_t *
oc_redis_cluster_target(oc_redis_op_t *op)
{
    ngx_uint_t           n;
    oc_redis_t          *redis;
    oc_redis_conn_t     *conn;
    oc_redis_shard_t    *shard;
    oc_redis_cluster_t  *cluster;

    redis = op->redis;
    cluster = redis->cluster;

    if (cluster == NULL || !cluster->known
        || (!redis->verified && !op->check))
    {
        return NULL;
    }

    n = cluster->slots[op->slot % OC_REDIS_SLOTS];

    if (n == 0) {
        oc_redis_topology_ask(redis, 0);
        return NULL;
    }

    shard = &cluster->shards[n - 1];

    if (op->read && !op->master && shard->nreplicas) {
        conn = oc_redis_route_replica(shard->replicas, shard->nreplicas,
                                      &shard->turn);

        if (conn) {
            op->replica = 1;
            return conn;
        }
    }

    return shard->master;
}


/*
 * A node does not do an operation, and did nothing of it: it goes to where
 * the node says, or again to the same one after a pause.  NGX_DECLINED if
 * that was done often enough, or this is no cluster.
 */

ngx_int_t
oc_redis_cluster_redirect(oc_redis_op_t *op, oc_redis_refusal_e refusal)
{
    oc_redis_t           *redis;
    oc_redis_conn_t      *conn;
    oc_redis_redirect_t   redirect;

    redis = op->redis;

    if (redis->cluster == NULL || op->hops >= OC_REDIS_MAX_HOPS) {
        return NGX_DECLINED;
    }

    if (refusal == OC_REDIS_REFUSAL_TRYAGAIN) {
        oc_redis_topology_ask(redis, OC_REDIS_ASK_SOON);
        return oc_redis_route_later(op);
    }

    if (oc_redis_topology_redirect(&op->reply->str, &redirect) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* the commands of a transaction cannot be asked one by one */

    if (refusal == OC_REDIS_REFUSAL_ASK && op->nreplies > 1) {
        return oc_redis_route_later(op);
    }

    conn = oc_redis_cluster_node(op->conn, &redirect.node);
    if (conn == NULL) {
        return NGX_DECLINED;
    }

    op->hops++;
    op->asking = 0;
    op->master = 1;

    if (refusal == OC_REDIS_REFUSAL_MOVED) {
        oc_redis_cluster_moved(conn, redirect.slot);
        oc_redis_op_rewind(op);

    } else if (oc_redis_op_asking(op) != NGX_OK) {
        return NGX_DECLINED;
    }

    oc_redis_route_to(op, conn);

    return NGX_OK;
}


/* A slot is at another node; the whole map is asked for, too. */

static void
oc_redis_cluster_moved(oc_redis_conn_t *conn, ngx_uint_t slot)
{
    oc_redis_shard_t    *shard;
    oc_redis_cluster_t  *cluster;

    cluster = conn->redis->cluster;

    shard = oc_redis_cluster_shard(cluster, conn);

    if (shard) {
        cluster->slots[slot] = (uint16_t) (shard - cluster->shards + 1);
    }

    oc_redis_topology_ask(conn->redis, OC_REDIS_ASK_SOON);
}


/* Whether a master is not there, so that there may soon be another one. */

ngx_uint_t
oc_redis_cluster_missing(oc_redis_t *redis)
{
    ngx_uint_t           i;
    oc_redis_conn_t     *conn;
    oc_redis_cluster_t  *cluster;

    cluster = redis->cluster;

    if (!cluster->known || cluster->incomplete) {
        return 1;
    }

    for (i = 0; i < cluster->nshards; i++) {
        conn = cluster->shards[i].master;

        if (conn->state == OC_REDIS_CONN_BACKOFF || conn->stalled) {
            return 1;
        }
    }

    return 0;
}
