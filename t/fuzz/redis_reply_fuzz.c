
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What a server sends: the RESP reader of oc_redis_reply.c, fed as the queue
 * feeds it, to operations of which some have nobody waiting.
 *
 * - however the bytes are split, the replies are the same, and so is the end;
 * - a reply that nobody waits for takes no memory;
 * - an operation that is given up in the middle of its reply, and an
 *   allocation that fails, do no harm;
 * - errors are put in the class of a code that they have.
 */


#include "oc_redis_internal.h"

#include "fuzz.h"


/* as much as the queue gives to the reader at once */

#define FEED_SIZE  8192

#define MAX_REPLIES  64


/* what was read, written down; two of them are the same or not */

typedef struct {
    char    *data;
    size_t   len;
    size_t   size;
} fuzz_record_t;


static void
handler(oc_redis_op_t *op, void *data)
{
    /* only tells that somebody waits */
}


static void
record(fuzz_record_t *r, const void *data, size_t len)
{
    if (r->size - r->len < len) {
        r->size = 2 * (r->size + len);
        r->data = realloc(r->data, r->size);
    }

    memcpy(r->data + r->len, data, len);
    r->len += len;
}


/*
 * A class has a code that stands at the beginning or behind a "-" or ": ",
 * and what begins with a code is in its class; what the user may not do in a
 * script has no code.
 */

static void
check_refusal(ngx_str_t *error)
{
    char                *copy;
    u_char              *exact;
    size_t               i, j, len;
    ngx_str_t            s;
    unsigned             possible, first;
    oc_redis_refusal_e   refusal;

    static const struct {
        const char          *code;
        oc_redis_refusal_e   refusal;
    } codes[] = {
        { "NOSCRIPT ", OC_REDIS_REFUSAL_NOSCRIPT },
        { "OOM ", OC_REDIS_REFUSAL_BUSY },
        { "BUSY ", OC_REDIS_REFUSAL_BUSY },
        { "MISCONF ", OC_REDIS_REFUSAL_BUSY },
        { "NOREPLICAS ", OC_REDIS_REFUSAL_BUSY },
        { "NOPERM ", OC_REDIS_REFUSAL_BUSY },
        { "TRYAGAIN ", OC_REDIS_REFUSAL_TRYAGAIN },
        { "CLUSTERDOWN ", OC_REDIS_REFUSAL_TRYAGAIN },
        { "MOVED ", OC_REDIS_REFUSAL_MOVED },
        { "ASK ", OC_REDIS_REFUSAL_ASK },
        { "LOADING ", OC_REDIS_REFUSAL_NOT_READY },
        { "MASTERDOWN ", OC_REDIS_REFUSAL_NOT_READY },
        { "READONLY ", OC_REDIS_REFUSAL_RECHECK },
        { "NOAUTH ", OC_REDIS_REFUSAL_RECHECK },
        { "WRONGPASS ", OC_REDIS_REFUSAL_RECHECK }
    };

    exact = unit_copy(error->data, error->len);
    s.data = exact;
    s.len = error->len;

    refusal = oc_redis_refusal(&s);

    copy = malloc(error->len + 1);
    memcpy(copy, error->data, error->len);
    copy[error->len] = '\0';

    possible = 0;
    first = 0;

    for (i = 0; i < error->len; i++) {

        if (i && copy[i - 1] != '-'
            && !(i >= 2 && copy[i - 2] == ':' && copy[i - 1] == ' '))
        {
            continue;
        }

        for (j = 0; j < sizeof(codes) / sizeof(codes[0]); j++) {
            len = strlen(codes[j].code);

            if (error->len - i >= len
                && memcmp(copy + i, codes[j].code, len) == 0)
            {
                first |= i == 0 && codes[j].refusal != refusal;
                possible |= codes[j].refusal == refusal;
            }
        }
    }

    /* Redis says so, without a code, of what a script may not do */

    if (memmem(error->data, error->len, "user executing the script",
               strlen("user executing the script"))
        || memmem(error->data, error->len, "ACL failure in script",
                  strlen("ACL failure in script")))
    {
        possible |= refusal == OC_REDIS_REFUSAL_BUSY;
    }

    fuzz_assert(!first);
    fuzz_assert(possible || refusal == OC_REDIS_REFUSAL_OTHER);

    free(copy);
    free(exact);
}


static void
record_reply(fuzz_record_t *r, const oc_redis_reply_t *reply, unsigned depth)
{
    ngx_uint_t  i;

    fuzz_assert(reply);
    fuzz_assert(depth < 16);

    record(r, &reply->type, sizeof(reply->type));
    record(r, &reply->integer, sizeof(reply->integer));
    record(r, &reply->str.len, sizeof(reply->str.len));
    record(r, &reply->nelements, sizeof(reply->nelements));

    switch (reply->type) {

    case OC_REDIS_REPLY_ERROR:
        check_refusal((ngx_str_t *) &reply->str);

        /* fall through */

    case OC_REDIS_REPLY_STRING:
    case OC_REDIS_REPLY_STATUS:
        fuzz_assert(reply->nelements == 0);
        record(r, reply->str.data, reply->str.len);
        break;

    case OC_REDIS_REPLY_ARRAY:
        fuzz_assert(reply->str.len == 0);

        for (i = 0; i < reply->nelements; i++) {
            record_reply(r, reply->elements[i], depth + 1);
        }

        break;

    default:
        fuzz_assert(reply->str.len == 0 && reply->nelements == 0);
    }
}


static oc_redis_op_t *
expect(oc_redis_conn_t *conn, uint64_t dropped, ngx_uint_t n)
{
    oc_redis_op_t  *op;

    op = calloc(1, sizeof(oc_redis_op_t));
    op->pool = ngx_create_pool(1024, NULL);
    op->handler = (dropped >> n % 64 & 1) ? NULL : handler;

    ngx_queue_insert_tail(&conn->sent, &op->queue);

    return op;
}


static void
release(oc_redis_op_t *op)
{
    ngx_queue_remove(&op->queue);
    ngx_destroy_pool(op->pool);
    free(op);
}


/*
 * Reads all of it in pieces of at most "most" bytes, or of FEED_SIZE.  "dropped" has a bit for
 * each operation that nobody waits for; "leave" is the piece after which the
 * current one is given up.
 */

static void
read_all(fuzz_record_t *r, const uint8_t *data, size_t size, size_t most,
    uint64_t dropped, ngx_uint_t leave)
{
    int               rc;
    char             *piece;
    size_t            n;
    void             *reply;
    ngx_uint_t        count, pieces;
    redisReader      *reader;
    oc_redis_op_t    *op;
    oc_redis_conn_t   conn;

    memset(&conn, 0, sizeof(conn));
    ngx_queue_init(&conn.sent);

    reader = oc_redis_reader_create(&conn);
    op = expect(&conn, dropped, 0);

    rc = REDIS_OK;
    count = 0;

    for (pieces = 0; size && rc == REDIS_OK && count < MAX_REPLIES; pieces++) {
        n = (most == FEED_SIZE) ? most : 1 + unit_below(most);
        n = ngx_min(n, size);

        /* a copy, that is gone when the reader has it */

        piece = (char *) unit_copy(data, n);
        rc = redisReaderFeed(reader, piece, n);
        free(piece);

        data += n;
        size -= n;

        while (rc == REDIS_OK && count < MAX_REPLIES) {
            rc = redisReaderGetReply(reader, &reply);

            if (rc != REDIS_OK || reply == NULL) {
                break;
            }

            if (op->handler) {
                record_reply(r, reply, 0);

            } else {
                record(r, "dropped", 7);
                fuzz_assert(leave != (ngx_uint_t) -1
                            || op->pool->large == NULL);
            }

            release(op);
            op = expect(&conn, dropped, ++count);
        }

        if (pieces == leave) {
            op->handler = NULL;
        }
    }

    if (rc != REDIS_OK && ngx_unit_allocations) {
        record(r, &reader->err, sizeof(reader->err));
        record(r, reader->errstr, strlen(reader->errstr));
    }

    redisReaderFree(reader);
    release(op);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t         i;
    uint64_t       dropped;
    fuzz_record_t  whole, split;

    static const size_t  pieces[] = { 1, 2, 7, 40, 2000 };

    fuzz_seed(data, size);
    memset(&whole, 0, sizeof(whole));
    memset(&split, 0, sizeof(split));

    ngx_unit_allocations = NGX_MAX_UINT32_VALUE;

    dropped = unit_below(2) ? 0 : unit_random();

    read_all(&whole, data, size, FEED_SIZE, dropped, -1);

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        split.len = 0;
        read_all(&split, data, size, pieces[i], dropped, -1);

        fuzz_assert(split.len == whole.len);
        fuzz_assert(whole.len == 0
                    || memcmp(split.data, whole.data, whole.len) == 0);
    }

    split.len = 0;
    read_all(&split, data, size, 10, dropped, unit_below(20));

    split.len = 0;
    ngx_unit_allocations = unit_below(30);
    read_all(&split, data, size, 40, dropped, -1);

    free(whole.data);
    free(split.data);

    return 0;
}
