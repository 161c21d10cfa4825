
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"


/*
 * Collections of check-ins are removed at once, but what many of them said is
 * looked for in steps, see scripts/lib/records.lua.  Scripts that take
 * check-ins make such steps, too; so nothing is lost if these end early.
 */


#define OC_STORE_SWEEP_SIZE  512


static void oc_store_swept(oc_redis_op_t *op, void *data);


/*
 * Makes such steps until there are no more, after a call that may have removed
 * check-ins of its tenant.  Nobody waits for them.
 */

void
oc_store_sweep(oc_store_call_t *call)
{
    ngx_str_t       key;
    oc_redis_op_t  *op;

    if (oc_store_key(&key, call->pool, &call->prefix, &call->tenant,
                     OC_KEY_RECORDS, NULL)
        != NGX_OK)
    {
        return;
    }

    op = oc_redis_op_create(call->redis, 0, OC_STORE_SWEEP_SIZE,
                            ngx_cycle->log);
    if (op == NULL) {
        return;
    }

    if (oc_redis_op_script(op, &oc_store_sweep_script, 1, &key, 1) != NGX_OK) {
        oc_redis_op_release(op);
        return;
    }

    oc_redis_op_submit(op, oc_store_swept, NULL);
}


static void
oc_store_swept(oc_redis_op_t *op, void *data)
{
    oc_redis_reply_t  *reply;

    if (oc_redis_op_status(op) == OC_REDIS_OK
        && !ngx_exiting && !ngx_quit && !ngx_terminate)
    {
        reply = oc_redis_op_reply(op);

        if (reply->type == OC_REDIS_REPLY_INTEGER && reply->integer == 1) {
            oc_redis_op_repeat(op, oc_store_swept, NULL);
            return;
        }
    }

    oc_redis_op_release(op);
}
