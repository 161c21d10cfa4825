
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


/* more elements than any command of ours is answered with */

#define OC_REDIS_MAX_ELEMENTS  1048576

#if (HIREDIS_MAJOR >= 1)
typedef size_t  oc_redis_count_t;
#else
typedef int     oc_redis_count_t;
#endif


static void *oc_redis_reply_string(const redisReadTask *task, char *str,
    size_t len);
static void *oc_redis_reply_array(const redisReadTask *task,
    oc_redis_count_t n);
static void *oc_redis_reply_integer(const redisReadTask *task,
    long long value);
static void *oc_redis_reply_nil(const redisReadTask *task);
static void oc_redis_reply_free(void *reply);
static ngx_uint_t oc_redis_reply_skip(ngx_str_t *text, const char *prefix);
static ngx_uint_t oc_redis_reply_skip_place(ngx_str_t *text,
    const char *before, const char *after);
static oc_redis_reply_t *oc_redis_reply_new(const redisReadTask *task,
    oc_redis_reply_e type);

#if (HIREDIS_MAJOR >= 1)
static void *oc_redis_reply_double(const redisReadTask *task, double value,
    char *str, size_t len);
static void *oc_redis_reply_boolean(const redisReadTask *task, int value);
#endif


static redisReplyObjectFunctions  oc_redis_reply_functions = {
    .createString = oc_redis_reply_string,
    .createArray = oc_redis_reply_array,
    .createInteger = oc_redis_reply_integer,
    .createNil = oc_redis_reply_nil,
    .freeObject = oc_redis_reply_free,
#if (HIREDIS_MAJOR >= 1)
    .createDouble = oc_redis_reply_double,
    .createBool = oc_redis_reply_boolean,
#endif
};


/* stands for a reply that nobody waits for */

static oc_redis_reply_t  oc_redis_reply_dropped;


static struct {
    ngx_str_t           code;
    oc_redis_refusal_e  refusal;
} oc_redis_refusals[] = {
    { ngx_string("NOSCRIPT"), OC_REDIS_REFUSAL_NOSCRIPT },

    { ngx_string("OOM"), OC_REDIS_REFUSAL_BUSY },
    { ngx_string("BUSY"), OC_REDIS_REFUSAL_BUSY },
    { ngx_string("MISCONF"), OC_REDIS_REFUSAL_BUSY },
    { ngx_string("NOREPLICAS"), OC_REDIS_REFUSAL_BUSY },
    { ngx_string("NOPERM"), OC_REDIS_REFUSAL_BUSY },

    { ngx_string("MOVED"), OC_REDIS_REFUSAL_MOVED },
    { ngx_string("ASK"), OC_REDIS_REFUSAL_ASK },
    { ngx_string("TRYAGAIN"), OC_REDIS_REFUSAL_TRYAGAIN },
    { ngx_string("CLUSTERDOWN"), OC_REDIS_REFUSAL_TRYAGAIN },

    { ngx_string("LOADING"), OC_REDIS_REFUSAL_NOT_READY },
    { ngx_string("MASTERDOWN"), OC_REDIS_REFUSAL_NOT_READY },

    { ngx_string("READONLY"), OC_REDIS_REFUSAL_RECHECK },
    { ngx_string("NOAUTH"), OC_REDIS_REFUSAL_RECHECK },
    { ngx_string("WRONGPASS"), OC_REDIS_REFUSAL_RECHECK },
    { ngx_null_string, OC_REDIS_REFUSAL_OTHER }
};


/*
 * A RESP reader that makes each reply in the pool of the operation at the
 * head of conn->sent.
 */

redisReader *
oc_redis_reader_create(oc_redis_conn_t *conn)
{
    redisReader  *reader;

    reader = redisReaderCreateWithFunctions(&oc_redis_reply_functions);

    if (reader) {
        reader->privdata = conn;
    }

    return reader;
}


static oc_redis_reply_t *
oc_redis_reply_new(const redisReadTask *task, oc_redis_reply_e type)
{
    ngx_queue_t       *q;
    oc_redis_op_t     *op;
    oc_redis_conn_t   *conn;
    oc_redis_reply_t  *reply, *parent;

    conn = task->privdata;

    q = ngx_queue_head(&conn->sent);
    op = ngx_queue_data(q, oc_redis_op_t, queue);

    if (op->handler == NULL) {
        return &oc_redis_reply_dropped;
    }

    reply = ngx_pcalloc(op->pool, sizeof(oc_redis_reply_t));
    if (reply == NULL) {
        return NULL;
    }

    reply->type = type;

    if (task->parent) {
        parent = task->parent->obj;

        if (parent != &oc_redis_reply_dropped) {
            parent->elements[task->idx] = reply;
        }
    }

    return reply;
}


static void *
oc_redis_reply_string(const redisReadTask *task, char *str, size_t len)
{
    ngx_queue_t       *q;
    oc_redis_op_t     *op;
    oc_redis_conn_t   *conn;
    oc_redis_reply_e   type;
    oc_redis_reply_t  *reply;

    switch (task->type) {

    case REDIS_REPLY_ERROR:
        type = OC_REDIS_REPLY_ERROR;
        break;

    case REDIS_REPLY_STATUS:
        type = OC_REDIS_REPLY_STATUS;
        break;

    default:
        type = OC_REDIS_REPLY_STRING;
    }

    reply = oc_redis_reply_new(task, type);

    if (reply == NULL || reply == &oc_redis_reply_dropped) {
        return reply;
    }

    conn = task->privdata;

    q = ngx_queue_head(&conn->sent);
    op = ngx_queue_data(q, oc_redis_op_t, queue);

    reply->str.data = ngx_pnalloc(op->pool, len + 1);
    if (reply->str.data == NULL) {
        return NULL;
    }

    reply->str.len = len;
    ngx_memcpy(reply->str.data, str, len);

    return reply;
}


static void *
oc_redis_reply_array(const redisReadTask *task, oc_redis_count_t n)
{
    ngx_queue_t       *q;
    oc_redis_op_t     *op;
    oc_redis_conn_t   *conn;
    oc_redis_reply_t  *reply;

    if (n > OC_REDIS_MAX_ELEMENTS) {
        return NULL;
    }

    reply = oc_redis_reply_new(task, OC_REDIS_REPLY_ARRAY);

    if (reply == NULL || reply == &oc_redis_reply_dropped || n == 0) {
        return reply;
    }

    conn = task->privdata;

    q = ngx_queue_head(&conn->sent);
    op = ngx_queue_data(q, oc_redis_op_t, queue);

    reply->elements = ngx_pcalloc(op->pool, n * sizeof(oc_redis_reply_t *));
    if (reply->elements == NULL) {
        return NULL;
    }

    reply->nelements = n;

    return reply;
}


static void *
oc_redis_reply_integer(const redisReadTask *task, long long value)
{
    oc_redis_reply_t  *reply;

    reply = oc_redis_reply_new(task, OC_REDIS_REPLY_INTEGER);

    if (reply && reply != &oc_redis_reply_dropped) {
        reply->integer = value;
    }

    return reply;
}


static void *
oc_redis_reply_nil(const redisReadTask *task)
{
    return oc_redis_reply_new(task, OC_REDIS_REPLY_NIL);
}


#if (HIREDIS_MAJOR >= 1)

/* types of RESP3, which is never asked for */

static void *
oc_redis_reply_double(const redisReadTask *task, double value, char *str,
    size_t len)
{
    return NULL;
}


static void *
oc_redis_reply_boolean(const redisReadTask *task, int value)
{
    return NULL;
}

#endif


static void
oc_redis_reply_free(void *reply)
{
    /* the operation's pool frees it */
}


/*
 * What a server's error asks for, which its code says: the first word of it,
 * or, of an error of a command within a script or a transaction, the first word
 * of that.  Nothing further on is looked at, as it may repeat what was sent.
 */

oc_redis_refusal_e
oc_redis_refusal(ngx_str_t *error)
{
    u_char      *end;
    ngx_str_t    cause, text;
    ngx_uint_t   i;

    cause = *error;

    oc_redis_reply_skip(&cause, "-");
    oc_redis_reply_skip(&cause, "EXECABORT Transaction discarded because of: ");

    /* Redis 6.2 tells of the script first, and where in it that was */

    oc_redis_reply_skip_place(&cause, "ERR Error running script (call to f_",
                              "): ");

    while (oc_redis_reply_skip_place(&cause, "@user_script:", ": ")) {
        /* void */
    }

    oc_redis_reply_skip(&cause, "-");

    /*
     * there is no code for what a script may not do as this user; 6.2 and 7.0
     * say it in the first words, 7.2 and Valkey in the second ones
     */

    text = cause;
    oc_redis_reply_skip(&text, "ERR ");

    if (oc_redis_reply_skip(&text, "The user executing the script ")
        || oc_redis_reply_skip(&text, "ACL failure in script: "))
    {
        return OC_REDIS_REFUSAL_BUSY;
    }

    end = ngx_strlchr(cause.data, cause.data + cause.len, ' ');
    if (end == NULL) {
        return OC_REDIS_REFUSAL_OTHER;
    }

    cause.len = end - cause.data;

    for (i = 0; oc_redis_refusals[i].code.len; i++) {
        if (cause.len == oc_redis_refusals[i].code.len
            && ngx_memcmp(cause.data, oc_redis_refusals[i].code.data,
                          cause.len) == 0)
        {
            return oc_redis_refusals[i].refusal;
        }
    }

    return OC_REDIS_REFUSAL_OTHER;
}


/* Removes what a text begins with; returns whether it did. */

static ngx_uint_t
oc_redis_reply_skip(ngx_str_t *text, const char *prefix)
{
    size_t  len;

    len = ngx_strlen(prefix);

    if (text->len < len || ngx_memcmp(text->data, prefix, len) != 0) {
        return 0;
    }

    text->data += len;
    text->len -= len;

    return 1;
}


/*
 * Removes a place in a script, the digits of a line or of a script's SHA-1,
 * with what is in front of it and behind it; returns whether it was there.
 */

static ngx_uint_t
oc_redis_reply_skip_place(ngx_str_t *text, const char *before,
    const char *after)
{
    u_char     *start;
    ngx_str_t   rest;

    rest = *text;

    if (!oc_redis_reply_skip(&rest, before)) {
        return 0;
    }

    oc_redis_reply_skip(&rest, " ");

    start = rest.data;

    while (rest.len && ((*rest.data >= '0' && *rest.data <= '9')
                        || (*rest.data >= 'a' && *rest.data <= 'f')))
    {
        rest.data++;
        rest.len--;
    }

    if (rest.data == start || !oc_redis_reply_skip(&rest, after)) {
        return 0;
    }

    *text = rest;

    return 1;
}
