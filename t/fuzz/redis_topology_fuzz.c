
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What servers say about other servers: the bytes are replies, each of which
 * is taken for a row of slots and for what a sentinel knows, and each text
 * for a redirection, a switch and a key.
 *
 * - what is taken from a reply is within it: a host is a word, a port and a
 *   slot are in their range;
 * - a text is taken in one way: MOVED or ASK, with three words.
 */


#include "oc_redis_internal.h"

#include "fuzz.h"


#define FEED_SIZE    8192
#define MAX_REPLIES  64


static void
handler(oc_redis_op_t *op, void *data)
{
    /* only tells that somebody waits */
}


static void
check_node(oc_redis_endpoint_t *node)
{
    size_t  i;

    fuzz_assert(node->port >= 1);
    fuzz_assert(node->host.len <= 255);

    for (i = 0; i < node->host.len; i++) {
        fuzz_assert(node->host.data[i] > ' ' && node->host.data[i] < 0x7f
                    && node->host.data[i] != '/');
    }
}


/* in a block of its own, so that a sanitizer sees where it ends */

static void
check_text(ngx_str_t *s)
{
    ngx_str_t            text, name;
    oc_redis_redirect_t  redirect;
    oc_redis_endpoint_t  node;

    text.len = s->len;
    text.data = unit_copy(s->data, s->len);

    fuzz_assert(oc_redis_slot(&text) < OC_REDIS_SLOTS);

    if (oc_redis_topology_redirect(&text, &redirect) == NGX_OK) {
        fuzz_assert(redirect.slot < OC_REDIS_SLOTS);
        fuzz_assert(text.data[0] == 'M' || text.data[0] == 'A');
        check_node(&redirect.node);
    }

    if (oc_redis_topology_switch(&text, &name, &node) == NGX_OK) {
        fuzz_assert(name.len && name.data == text.data);
        fuzz_assert(node.host.len);
        check_node(&node);
    }

    free(text.data);
}


static void
check_reply(oc_redis_reply_t *reply)
{
    ngx_uint_t           i;
    oc_redis_range_t     range;
    oc_redis_instance_t  instance;

    switch (reply->type) {

    case OC_REDIS_REPLY_ARRAY:

        if (oc_redis_topology_range(reply, &range) == NGX_OK) {
            fuzz_assert(range.first <= range.last);
            fuzz_assert(range.last < OC_REDIS_SLOTS);
            fuzz_assert(range.nreplicas <= OC_REDIS_MAX_REPLICAS);

            check_node(&range.master);

            for (i = 0; i < range.nreplicas; i++) {
                check_node(&range.replicas[i]);
            }
        }

        if (oc_redis_topology_instance(reply, &instance) == NGX_OK) {
            fuzz_assert(instance.node.host.len);
            check_node(&instance.node);
        }

        for (i = 0; i < reply->nelements; i++) {
            check_reply(reply->elements[i]);
        }

        break;

    case OC_REDIS_REPLY_STRING:
    case OC_REDIS_REPLY_STATUS:
    case OC_REDIS_REPLY_ERROR:
        check_text(&reply->str);

        /* fall through */

    default:
        fuzz_assert(oc_redis_topology_range(reply, &range) == NGX_ERROR);
        fuzz_assert(oc_redis_topology_instance(reply, &instance)
                    == NGX_ERROR);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void             *reply;
    ngx_str_t         text;
    ngx_uint_t        n;
    redisReader      *reader;
    oc_redis_op_t    *op;
    oc_redis_conn_t   conn;

    text.data = (u_char *) data;
    text.len = size;

    check_text(&text);

    memset(&conn, 0, sizeof(conn));
    ngx_queue_init(&conn.sent);

    op = calloc(1, sizeof(oc_redis_op_t));
    op->pool = ngx_create_pool(1024, NULL);
    op->handler = handler;

    ngx_queue_insert_tail(&conn.sent, &op->queue);

    reader = oc_redis_reader_create(&conn);

    if (redisReaderFeed(reader, (const char *) data,
                        ngx_min(size, FEED_SIZE))
        == REDIS_OK)
    {
        for (n = 0; n < MAX_REPLIES; n++) {

            if (redisReaderGetReply(reader, &reply) != REDIS_OK
                || reply == NULL)
            {
                break;
            }

            check_reply(reply);
        }
    }

    redisReaderFree(reader);
    ngx_destroy_pool(op->pool);
    free(op);

    return 0;
}
