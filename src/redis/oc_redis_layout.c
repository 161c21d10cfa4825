
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


/*
 * The version of the layout in a cluster, where a connection sees only some
 * of the keys: it is looked at once, by operations that find their node like
 * any other, before the first operation is let through.
 */


static ngx_int_t oc_redis_layout_send(oc_redis_t *redis, const char *name,
    oc_redis_layout_t *layout, oc_redis_handler_pt handler);
static void oc_redis_layout_claimed(oc_redis_op_t *op, void *data);
static void oc_redis_layout_read(oc_redis_op_t *op, void *data);
static void oc_redis_layout_checked(oc_redis_t *redis, ngx_uint_t failed);


/* Begins the check, unless it was done or is being done. */

void
oc_redis_layout_check(oc_redis_t *redis)
{
    ngx_uint_t          i;
    oc_redis_layout_t  *layout;

    if (redis->verified || redis->layouts_left) {
        return;
    }

    redis->layouts_failed = 0;
    redis->layouts_left = 2 * redis->conf.layouts.nelts + 1;

    layout = redis->conf.layouts.elts;

    for (i = 0; i < redis->conf.layouts.nelts; i++) {

        if (oc_redis_layout_send(redis, "SETNX", &layout[i],
                                 oc_redis_layout_claimed)
            != NGX_OK)
        {
            oc_redis_layout_checked(redis, 0);
        }

        if (oc_redis_layout_send(redis, "GET", &layout[i],
                                 oc_redis_layout_read)
            != NGX_OK)
        {
            oc_redis_layout_checked(redis, 1);
        }
    }

    oc_redis_layout_checked(redis, 0);
}


static ngx_int_t
oc_redis_layout_send(oc_redis_t *redis, const char *name,
    oc_redis_layout_t *layout, oc_redis_handler_pt handler)
{
    ngx_str_t       argv[3];
    ngx_uint_t      read;
    oc_redis_op_t  *op;

    read = (name[0] == 'G');

    op = oc_redis_op_create(redis, read ? OC_REDIS_OP_READ : 0, 512,
                            redis->log);
    if (op == NULL) {
        return NGX_ERROR;
    }

    argv[0].data = (u_char *) name;
    argv[0].len = ngx_strlen(name);
    argv[1] = layout->key;
    argv[2] = layout->version;

    if (oc_redis_op_command(op, argv, read ? 2 : 3) != NGX_OK) {
        oc_redis_op_release(op);
        return NGX_ERROR;
    }

    op->check = 1;
    op->master = 1;
    op->confirm = 0;

    oc_redis_op_submit(op, handler, redis);

    return NGX_OK;
}


static void
oc_redis_layout_claimed(oc_redis_op_t *op, void *data)
{
    oc_redis_op_release(op);

    /* who cannot write can read nevertheless; what counts is GET */

    oc_redis_layout_checked(data, 0);
}


static void
oc_redis_layout_read(oc_redis_op_t *op, void *data)
{
    oc_redis_t *redis = data;

    ngx_uint_t          i, failed;
    oc_redis_reply_t   *reply;
    oc_redis_layout_t  *layout;

    reply = op->reply;
    layout = redis->conf.layouts.elts;
    failed = 1;

    if (op->status == OC_REDIS_OK && reply->type == OC_REDIS_REPLY_NIL) {
        failed = 0;

    } else if (op->status == OC_REDIS_OK
               && reply->type == OC_REDIS_REPLY_STRING)
    {
        /* one version is written by this module, whatever the key */

        for (i = 0; i < redis->conf.layouts.nelts; i++) {
            if (reply->str.len == layout[i].version.len
                && ngx_strncmp(reply->str.data, layout[i].version.data,
                               reply->str.len)
                   == 0)
            {
                failed = 0;
            }
        }

        if (failed && !redis->mismatch) {
            redis->mismatch = 1;
            reply->str.len = ngx_min(reply->str.len, 256);

            ngx_log_error(NGX_LOG_ERR, redis->log, 0,
                          "the data in Redis \"%V\" has layout version "
                          "\"%V\", and this module reads and writes \"%V\"",
                          &redis->label, &reply->str, &layout[0].version);
        }
    }

    oc_redis_op_release(op);

    oc_redis_layout_checked(redis, failed);
}


static void
oc_redis_layout_checked(oc_redis_t *redis, ngx_uint_t failed)
{
    redis->layouts_failed |= failed;

    if (--redis->layouts_left) {
        return;
    }

    if (redis->layouts_failed) {
        oc_redis_topology_unknown(redis);
        return;
    }

    redis->verified = 1;
    redis->mismatch = 0;

    oc_redis_topology_known(redis);
}
