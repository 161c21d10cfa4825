
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"


static ngx_int_t oc_store_read(oc_store_call_t *call, ngx_str_t *id,
    ngx_uint_t singleton, const ngx_str_t *what, const ngx_str_t *member,
    oc_redis_handler_pt handler);
static void oc_store_got_singleton(oc_redis_op_t *op, void *data);
static void oc_store_got_expanded(oc_redis_op_t *op, void *data);
static void oc_store_got_property(oc_redis_op_t *op, void *data);
static void oc_store_got_streams(oc_redis_op_t *op, void *data);


/* Reads the singleton: call->json. */

ngx_int_t
oc_store_singleton(oc_store_call_t *call)
{
    ngx_str_t  argv[3];

    ngx_str_set(&argv[0], "HGET");
    ngx_str_set(&argv[2], OC_SINGLETON_ID);

    if (oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_SINGLETON, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_store_command(call, OC_REDIS_OP_READ, argv, 3, 0,
                            oc_store_got_singleton);
}


static void
oc_store_got_singleton(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_str_t          etag;
    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type == OC_REDIS_REPLY_NIL) {
        ngx_str_set(&call->json, OC_SINGLETON_JSON);

    } else if (reply->type == OC_REDIS_REPLY_STRING
               && oc_store_etag(&reply->str, &etag) == NGX_OK)
    {
        call->json = reply->str;

    } else {
        oc_store_failed(call);
        return;
    }

    call->status = OC_STORE_OK;
    call->handler(call);
}


/*
 * Reads a configuration, call->json, with its assignments, call->page.
 * OC_STORE_OK, OC_STORE_NOT_FOUND.
 */

ngx_int_t
oc_store_expanded(oc_store_call_t *call, ngx_str_t *id)
{
    static const ngx_str_t  all = ngx_string("+");

    return oc_store_read(call, id, 0, &all, NULL, oc_store_got_expanded);
}


static void
oc_store_got_expanded(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type == OC_REDIS_REPLY_NIL) {
        call->status = OC_STORE_NOT_FOUND;
        call->handler(call);
        return;
    }

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements == 0
        || reply->elements[0]->type != OC_REDIS_REPLY_STRING)
    {
        oc_store_failed(call);
        return;
    }

    call->json = reply->elements[0]->str;

    if (oc_store_page(call, reply, 1) == NGX_OK) {
        call->status = OC_STORE_OK;
        call->handler(call);
    }
}


/*
 * Reads a property of a configuration or of the singleton, or with "member" a
 * property of its value: call->json, and call->etag, which is the stream's if
 * it is one, with its call->media.  OC_STORE_OK, OC_STORE_NOT_FOUND.
 */

ngx_int_t
oc_store_property(oc_store_call_t *call, ngx_str_t *id, ngx_uint_t singleton,
    const ngx_str_t *property, const ngx_str_t *member)
{
    return oc_store_read(call, id, singleton, property, member,
                         oc_store_got_property);
}


static void
oc_store_got_property(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    if (oc_store_result(call, op) == NGX_OK) {
        oc_store_property_read(call, op);
    }
}


/* The reply of read.lua, or of a script whose reply is like it. */

void
oc_store_property_read(oc_store_call_t *call, oc_redis_op_t *op)
{
    ngx_str_t         *stream;
    ngx_uint_t         i;
    oc_redis_reply_t  *reply;

    reply = oc_redis_op_reply(op);

    if (reply->type == OC_REDIS_REPLY_NIL) {
        call->status = OC_STORE_NOT_FOUND;
        call->handler(call);
        return;
    }

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements != 3) {
        oc_store_failed(call);
        return;
    }

    for (i = 0; i < 3; i++) {
        if (reply->elements[i]->type != OC_REDIS_REPLY_STRING) {
            oc_store_failed(call);
            return;
        }
    }

    call->etag = reply->elements[0]->str;
    call->json = reply->elements[1]->str;

    stream = &reply->elements[2]->str;

    if (stream->len >= OC_ETAG_LEN) {
        call->etag.data = stream->data;
        call->etag.len = OC_ETAG_LEN;
        call->media.data = stream->data + OC_ETAG_LEN;
        call->media.len = stream->len - OC_ETAG_LEN;
    }

    call->status = OC_STORE_OK;
    call->handler(call);
}


static ngx_int_t
oc_store_read(oc_store_call_t *call, ngx_str_t *id, ngx_uint_t singleton,
    const ngx_str_t *what, const ngx_str_t *member,
    oc_redis_handler_pt handler)
{
    ngx_str_t  argv[8];

    if (singleton) {
        if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                         OC_KEY_SINGLETON, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else {
        if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                         OC_KEY_CONFIGURATIONS, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_STREAMS, NULL)
        != NGX_OK
        || oc_store_key(&argv[2], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_ASSIGNMENTS, id)
           != NGX_OK
        || oc_store_cast(call, &argv[7]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[3] = *id;
    argv[4] = *what;

    ngx_str_null(&argv[5]);

    if (member) {
        argv[5] = *member;
    }

    ngx_str_null(&argv[6]);

    if (singleton) {
        ngx_str_set(&argv[6], OC_SINGLETON_JSON);
    }

    return oc_store_script(call, OC_REDIS_OP_READ, &oc_store_read_script, 3,
                           argv, 8, 0, handler);
}


/*
 * Reads what is known of the streams of "n" configurations besides their JSON.
 * OC_STORE_OK: call->streams, for each of them that of policyPayload and that
 * of userPreferencePayload: the digits of its ETag and its media type; or
 * empty, its ETag is the configuration's then.
 */

ngx_int_t
oc_store_streams(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n)
{
    u_char      *p;
    ngx_str_t   *argv;
    ngx_uint_t   i;

    argv = ngx_palloc(call->pool, (2 + 2 * n) * sizeof(ngx_str_t));

    if (argv == NULL
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_STREAMS, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_str_set(&argv[0], "HMGET");

    for (i = 0; i < 2 * n; i++) {

        p = ngx_pnalloc(call->pool, 2 + ids[i / 2].len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        argv[2 + i].data = p;
        argv[2 + i].len = 2 + ids[i / 2].len;

        *p++ = (i % 2) ? 'u' : 'p';
        *p++ = '/';
        ngx_memcpy(p, ids[i / 2].data, ids[i / 2].len);
    }

    call->nstreams = 2 * n;

    return oc_store_command(call, OC_REDIS_OP_READ, argv, 2 + 2 * n, 0,
                            oc_store_got_streams);
}


static void
oc_store_got_streams(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    ngx_uint_t         i;
    oc_redis_reply_t  *reply, *item;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_ARRAY
        || reply->nelements != call->nstreams)
    {
        oc_store_failed(call);
        return;
    }

    call->streams = ngx_pcalloc(call->pool,
                                call->nstreams * sizeof(ngx_str_t));
    if (call->streams == NULL) {
        oc_store_failed(call);
        return;
    }

    for (i = 0; i < call->nstreams; i++) {
        item = reply->elements[i];

        if (item->type == OC_REDIS_REPLY_STRING
            && item->str.len >= OC_ETAG_LEN)
        {
            call->streams[i] = item->str;
        }
    }

    call->status = OC_STORE_OK;
    call->handler(call);
}
