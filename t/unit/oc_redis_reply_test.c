
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_redis_reply: replies of every type, in the pool of the operation that
 * they answer, and what the errors of a server are taken for.
 */


#include "oc_redis_internal.h"
#include "support.h"
#include "tap.h"


static oc_redis_conn_t  conn;


static void
handler(oc_redis_op_t *op, void *data)
{
    /* only tells that somebody waits */
}


static oc_redis_op_t *
expect(oc_redis_handler_pt wait)
{
    oc_redis_op_t  *op;

    op = calloc(1, sizeof(oc_redis_op_t));
    op->pool = ngx_create_pool(1024, NULL);
    op->handler = wait;

    ngx_queue_init(&conn.sent);
    ngx_queue_insert_tail(&conn.sent, &op->queue);

    return op;
}


static void
release(oc_redis_op_t *op)
{
    ngx_queue_remove(&op->queue);
    ngx_destroy_pool(op->pool);
    free(op);
}


/* the reply of a text to "op", a byte at a time; NULL if it is none */

static oc_redis_reply_t *
reply_to(oc_redis_op_t *op, const char *text, size_t len, int *status)
{
    size_t        i;
    void         *reply;
    redisReader  *reader;

    reader = oc_redis_reader_create(&conn);
    reply = NULL;

    for (i = 0; i < len && reply == NULL; i++) {
        redisReaderFeed(reader, text + i, 1);

        *status = redisReaderGetReply(reader, &reply);

        if (*status != REDIS_OK) {
            break;
        }
    }

    redisReaderFree(reader);

    return reply;
}


static void
test_types(void)
{
    int                status;
    oc_redis_op_t     *op;
    oc_redis_reply_t  *r;

    op = expect(handler);

    r = reply_to(op, "$5\r\na\0b\r\n\r\n", 11, &status);
    ok(r && r->type == OC_REDIS_REPLY_STRING && r->str.len == 5
       && memcmp(r->str.data, "a\0b\r\n", 5) == 0, "a bulk string");

    r = reply_to(op, "$0\r\n\r\n", 6, &status);
    ok(r && r->type == OC_REDIS_REPLY_STRING && r->str.len == 0,
       "an empty one");

    r = reply_to(op, "$-1\r\n", 5, &status);
    ok(r && r->type == OC_REDIS_REPLY_NIL, "no string");

    r = reply_to(op, "*-1\r\n", 5, &status);
    ok(r && r->type == OC_REDIS_REPLY_NIL, "no array");

    r = reply_to(op, "+OK\r\n", 5, &status);
    ok(r && r->type == OC_REDIS_REPLY_STATUS, "a status");
    is_mem(r->str.data, r->str.len, "OK", "as it is");

    r = reply_to(op, "-ERR no\r\n", 9, &status);
    ok(r && r->type == OC_REDIS_REPLY_ERROR, "an error");
    is_mem(r->str.data, r->str.len, "ERR no", "as it is");

    r = reply_to(op, ":-9223372036854775808\r\n", 23, &status);
    ok(r && r->type == OC_REDIS_REPLY_INTEGER && r->integer == INT64_MIN,
       "the least integer");

    r = reply_to(op, "*0\r\n", 4, &status);
    ok(r && r->type == OC_REDIS_REPLY_ARRAY && r->nelements == 0,
       "an empty array");

    r = reply_to(op, "*4\r\n$1\r\nx\r\n*2\r\n:7\r\n*0\r\n$-1\r\n-E\r\n", 35,
                 &status);
    ok(r && r->type == OC_REDIS_REPLY_ARRAY && r->nelements == 4, "an array");
    is_mem(r->elements[0]->str.data, r->elements[0]->str.len, "x",
           "its first element");
    ok(r->elements[1]->type == OC_REDIS_REPLY_ARRAY
       && r->elements[1]->nelements == 2
       && r->elements[1]->elements[0]->integer == 7
       && r->elements[1]->elements[1]->nelements == 0, "an array in it");
    ok(r->elements[2]->type == OC_REDIS_REPLY_NIL, "no string in it");
    ok(r->elements[3]->type == OC_REDIS_REPLY_ERROR, "an error in it");

    release(op);
}


static void
test_invalid(void)
{
    int                status;
    size_t             i;
    oc_redis_op_t     *op;
    oc_redis_reply_t  *r;

    static const char  *const texts[] = {
        "?\r\n", "x", "\r\n", "*1048577\r\n", "*2147483647\r\n", "*-2\r\n",
        "HTTP/1.1 200 OK\r\n", ",1.5\r\n", "#t\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1"
            "\r\n"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        op = expect(handler);
        r = reply_to(op, texts[i], strlen(texts[i]), &status);
        ok(r == NULL && status == REDIS_ERR, "no reply: %d", (int) i);
        release(op);
    }
}


/* whoever left costs no memory, before the reply or in the middle of it */

static void
test_dropped(void)
{
    int                status;
    void              *reply;
    redisReader       *reader;
    oc_redis_op_t     *op;

    static const char  text[] = "*3\r\n$1\r\nx\r\n*2\r\n:7\r\n:8\r\n-E\r\n";

    op = expect(NULL);
    ok(reply_to(op, text, sizeof(text) - 1, &status) != NULL,
       "a reply that nobody waits for is read");
    ok(op->pool->large == NULL, "and takes no memory");
    release(op);

    op = expect(handler);
    reader = oc_redis_reader_create(&conn);

    redisReaderFeed(reader, text, 20);
    status = redisReaderGetReply(reader, &reply);
    ok(status == REDIS_OK && reply == NULL, "a part of a reply");

    op->handler = NULL;

    redisReaderFeed(reader, text + 20, sizeof(text) - 1 - 20);
    status = redisReaderGetReply(reader, &reply);
    ok(status == REDIS_OK && reply != NULL, "nobody waits for its end");

    redisReaderFree(reader);
    release(op);
}


/* each allocation may fail: the reader tells, and is not to be used again */

static void
test_memory(void)
{
    int                status;
    ngx_uint_t         n, failed;
    oc_redis_op_t     *op;
    oc_redis_reply_t  *r;

    static const char  text[] = "*3\r\n$1\r\nx\r\n*2\r\n:7\r\n+s\r\n$-1\r\n";

    failed = 0;

    for (n = 0; n < 50; n++) {
        op = expect(handler);

        ngx_unit_allocations = n;
        r = reply_to(op, text, sizeof(text) - 1, &status);
        ngx_unit_allocations = NGX_MAX_UINT32_VALUE;

        release(op);

        if (r) {
            break;
        }

        failed += status == REDIS_ERR;
    }

    is_int(n, 10, "a reply of six parts takes ten allocations");
    is_int(failed, n, "without any of them it is an error");
}


static void
test_refusals(void)
{
    size_t       i;
    ngx_str_t    error;

    static const struct {
        const char          *text;
        oc_redis_refusal_e   refusal;
    } errors[] = {
        { "NOSCRIPT No matching script. Please use EVAL.",
          OC_REDIS_REFUSAL_NOSCRIPT },
        { "OOM command not allowed when used memory > 'maxmemory'.",
          OC_REDIS_REFUSAL_BUSY },
        { "BUSY Redis is busy running a script. You can only call SCRIPT "
          "KILL or SHUTDOWN NOSAVE.", OC_REDIS_REFUSAL_BUSY },
        { "MISCONF Redis is configured to save RDB snapshots, but it is "
          "currently not able to persist on disk.", OC_REDIS_REFUSAL_BUSY },
        { "NOREPLICAS Not enough good replicas to write.",
          OC_REDIS_REFUSAL_BUSY },
        { "NOPERM this user has no permissions to run the 'get' command",
          OC_REDIS_REFUSAL_BUSY },
        { "TRYAGAIN Multiple keys request during rehashing of slot",
          OC_REDIS_REFUSAL_TRYAGAIN },
        { "CLUSTERDOWN The cluster is down", OC_REDIS_REFUSAL_TRYAGAIN },
        { "MOVED 3999 127.0.0.1:6381", OC_REDIS_REFUSAL_MOVED },
        { "ASK 3999 127.0.0.1:6381", OC_REDIS_REFUSAL_ASK },
        { "LOADING Redis is loading the dataset in memory",
          OC_REDIS_REFUSAL_NOT_READY },
        { "MASTERDOWN Link with MASTER is down and replica-serve-stale-data "
          "is set to 'no'.", OC_REDIS_REFUSAL_NOT_READY },
        { "READONLY You can't write against a read only replica.",
          OC_REDIS_REFUSAL_RECHECK },
        { "NOAUTH Authentication required.", OC_REDIS_REFUSAL_RECHECK },

        /* from within a script: Redis 6.2, then 7 */
        { "ERR Error running script (call to f_0123): @user_script:1: "
          "@user_script: 1: -OOM command not allowed when used memory > "
          "'maxmemory'.", OC_REDIS_REFUSAL_BUSY },
        { "ERR Error running script (call to f_0123): @user_script:1: "
          "@user_script: 1: -READONLY You can't write against a read only "
          "replica.", OC_REDIS_REFUSAL_RECHECK },
        { "ERR Error running script (call to f_0123): @user_script:502: "
          "@user_script: 502: The user executing the script can't run this "
          "command or subcommand", OC_REDIS_REFUSAL_BUSY },
        { "@user_script: 502: -OOM command not allowed when used memory > "
          "'maxmemory'.", OC_REDIS_REFUSAL_BUSY },
        { "ERR The user executing the script can't run this command or "
          "subcommand script: 0123, on @user_script:1.",
          OC_REDIS_REFUSAL_BUSY },
        { "ERR ACL failure in script: User reader has no permissions to run "
          "the 'hdel' command script: 0123, on @user_script:160.",
          OC_REDIS_REFUSAL_BUSY },
        { "EXECABORT Transaction discarded because of: NOPERM this user has "
          "no permissions", OC_REDIS_REFUSAL_BUSY },
        { "OOM command not allowed when used memory > 'maxmemory'. script: "
          "0123, on @user_script:1.", OC_REDIS_REFUSAL_BUSY },

        { "", OC_REDIS_REFUSAL_OTHER },
        { "ERR syntax error", OC_REDIS_REFUSAL_OTHER },
        { "WRONGTYPE Operation against a key holding the wrong kind of value",
          OC_REDIS_REFUSAL_OTHER },
        { "EXECABORT Transaction discarded because of previous errors.",
          OC_REDIS_REFUSAL_OTHER },
        { "BUSYKEY Target key name already exists.", OC_REDIS_REFUSAL_OTHER },
        { "BUSYGROUP Consumer Group name already exists",
          OC_REDIS_REFUSAL_OTHER },
        { "NOTBUSY No scripts in execution right now.",
          OC_REDIS_REFUSAL_OTHER },
        { "ASKING is not a code", OC_REDIS_REFUSAL_OTHER },
        { "loading in lower case", OC_REDIS_REFUSAL_OTHER },
        { "ERR the word OOM is no code", OC_REDIS_REFUSAL_OTHER },
        { "OOM", OC_REDIS_REFUSAL_OTHER },
        { "OO", OC_REDIS_REFUSAL_OTHER },
        { "-", OC_REDIS_REFUSAL_OTHER },
        { "ERR x -OOM", OC_REDIS_REFUSAL_OTHER },

        /* what may be somebody's words */
        { "ERR wrong value: OOM command not allowed", OC_REDIS_REFUSAL_OTHER },
        { "ERR wrong value -OOM command not allowed", OC_REDIS_REFUSAL_OTHER },
        { "ERR OOM command not allowed", OC_REDIS_REFUSAL_OTHER },
        { "ERR The value \"user executing the script\" is wrong",
          OC_REDIS_REFUSAL_OTHER },
        { "ERR Error running script (call to f_0123): @user_script:1: "
          "@user_script: 1: wrong value: OOM command", OC_REDIS_REFUSAL_OTHER },
        { "ERR Error running script (call to f_0123): @user_script:1: "
          "@user_script: x1: -OOM command", OC_REDIS_REFUSAL_OTHER },
        { "ERR Error running script (call to f_0123): @user_script:1: ",
          OC_REDIS_REFUSAL_OTHER },
        { "ERR Error running script (call to f_0123", OC_REDIS_REFUSAL_OTHER },
        { "EXECABORT Transaction discarded because of: x: OOM command",
          OC_REDIS_REFUSAL_OTHER }
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        error.len = strlen(errors[i].text);
        error.data = unit_copy(errors[i].text, error.len);

        is_int(oc_redis_refusal(&error), errors[i].refusal, "\"%.40s\"",
               errors[i].text);

        free(error.data);
    }
}


int
main(void)
{
    ngx_queue_init(&conn.sent);

    test_types();
    test_invalid();
    test_dropped();
    test_memory();
    test_refusals();

    return done();
}
