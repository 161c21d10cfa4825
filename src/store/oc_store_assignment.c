
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"


#define OC_STORE_ASSIGN_ARGS  10       /* keys and all up to what is done */


static ngx_int_t oc_store_assignments_read(oc_store_call_t *call,
    ngx_str_t *id, ngx_str_t *which);
static void oc_store_got_assignments(oc_redis_op_t *op, void *data);
static ngx_str_t *oc_store_assign_begin(oc_store_call_t *call, ngx_str_t *id,
    oc_store_condition_t *condition, oc_stamp_t *stamp, const char *what,
    ngx_uint_t n);
static ngx_int_t oc_store_assign_send(oc_store_call_t *call, ngx_str_t *argv,
    ngx_uint_t n);
static void oc_store_assigned(oc_redis_op_t *op, void *data);


/*
 * Reads the assignments of a configuration in the order of their ids:
 * call->page.  OC_STORE_OK, OC_STORE_NOT_FOUND.
 */

ngx_int_t
oc_store_assignments(oc_store_call_t *call, ngx_str_t *id)
{
    ngx_str_t  which;

    ngx_str_null(&which);

    return oc_store_assignments_read(call, id, &which);
}


/* How many there are: call->count. */

ngx_int_t
oc_store_assignment_count(oc_store_call_t *call, ngx_str_t *id)
{
    ngx_str_t  which;

    ngx_str_set(&which, "#");

    return oc_store_assignments_read(call, id, &which);
}


/* Reads one: it is the only one of call->page. */

ngx_int_t
oc_store_assignment(oc_store_call_t *call, ngx_str_t *id,
    ngx_str_t *assignment)
{
    ngx_str_t  which;

    which.len = assignment->len + 1;
    which.data = ngx_pnalloc(call->pool, which.len);

    if (which.data == NULL) {
        return NGX_ERROR;
    }

    which.data[0] = '=';
    ngx_memcpy(which.data + 1, assignment->data, assignment->len);

    return oc_store_assignments_read(call, id, &which);
}


static ngx_int_t
oc_store_assignments_read(oc_store_call_t *call, ngx_str_t *id,
    ngx_str_t *which)
{
    ngx_str_t  argv[5];

    if (oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                     OC_KEY_CONFIGURATIONS, NULL)
        != NGX_OK
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_ASSIGNMENTS, id)
           != NGX_OK
        || oc_store_cast(call, &argv[4]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[2] = *id;
    argv[3] = *which;

    return oc_store_script(call, OC_REDIS_OP_READ,
                           &oc_store_assignments_script, 2, argv, 5, 0,
                           oc_store_got_assignments);
}


static void
oc_store_got_assignments(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    switch (reply->type) {

    case OC_REDIS_REPLY_NIL:
        call->status = OC_STORE_NOT_FOUND;
        break;

    case OC_REDIS_REPLY_INTEGER:
        call->status = OC_STORE_OK;
        call->count = reply->integer;
        break;

    case OC_REDIS_REPLY_ARRAY:
        if (oc_store_page(call, reply, 0) != NGX_OK) {
            return;
        }

        call->status = OC_STORE_OK;
        break;

    default:
        oc_store_failed(call);
        return;
    }

    call->handler(call);
}


/*
 * The changes below: OC_STORE_OK; OC_STORE_NOT_FOUND, OC_STORE_PRECONDITION,
 * OC_STORE_EXISTS, OC_STORE_LIMIT.  Each is a change of the configuration.
 * What is added is call->page.
 *
 * This one puts "n" assignments in the place of all.
 */

ngx_int_t
oc_store_assign(oc_store_call_t *call, ngx_str_t *id,
    oc_store_condition_t *condition, oc_assignment_t *assignments,
    ngx_uint_t n, oc_stamp_t *stamp)
{
    ngx_str_t   *argv;
    ngx_uint_t   i;

    argv = oc_store_assign_begin(call, id, condition, stamp, "replace",
                                 2 * n);
    if (argv == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        argv[OC_STORE_ASSIGN_ARGS + 2 * i] = assignments[i].id;
        argv[OC_STORE_ASSIGN_ARGS + 2 * i + 1] = assignments[i].json;
    }

    if (oc_store_assign_send(call, argv, 2 * n) != NGX_OK) {
        return NGX_ERROR;
    }

    /* the command's copies, which live until the answer has been sent */

    for (i = 0; i < n; i++) {
        argv[i] = argv[OC_STORE_ASSIGN_ARGS + 2 * i + 1];
    }

    call->page = argv;
    call->npage = n;

    return NGX_OK;
}


ngx_int_t
oc_store_assignment_add(oc_store_call_t *call, ngx_str_t *id,
    oc_assignment_t *assignment, oc_stamp_t *stamp)
{
    u_char                limit[NGX_INT_T_LEN];
    ngx_str_t            *argv;
    oc_store_condition_t  none;

    ngx_memzero(&none, sizeof(oc_store_condition_t));

    argv = oc_store_assign_begin(call, id, &none, stamp, "add", 3);
    if (argv == NULL) {
        return NGX_ERROR;
    }

    argv[OC_STORE_ASSIGN_ARGS].data = limit;
    argv[OC_STORE_ASSIGN_ARGS].len = ngx_sprintf(limit, "%d",
                                                 OC_MAX_ASSIGNMENTS)
                                     - limit;
    argv[OC_STORE_ASSIGN_ARGS + 1] = assignment->id;
    argv[OC_STORE_ASSIGN_ARGS + 2] = assignment->json;

    if (oc_store_assign_send(call, argv, 3) != NGX_OK) {
        return NGX_ERROR;
    }

    call->page = &argv[OC_STORE_ASSIGN_ARGS + 2];
    call->npage = 1;

    return NGX_OK;
}


/* With "want" the assignment is the only one of call->page. */

ngx_int_t
oc_store_assignment_update(oc_store_call_t *call, ngx_str_t *id,
    ngx_str_t *assignment, oc_store_condition_t *condition,
    oc_change_t *change, ngx_uint_t want, oc_stamp_t *stamp)
{
    ngx_str_t   *argv;
    ngx_uint_t   n;

    n = 2 + oc_store_edits_count(change);

    argv = oc_store_assign_begin(call, id, condition, stamp, "update", n);
    if (argv == NULL) {
        return NGX_ERROR;
    }

    argv[OC_STORE_ASSIGN_ARGS] = *assignment;

    ngx_str_set(&argv[OC_STORE_ASSIGN_ARGS + 1], "1");

    if (!want) {
        argv[OC_STORE_ASSIGN_ARGS + 1].len = 0;
    }

    n = OC_STORE_ASSIGN_ARGS + 2;

    if (oc_store_edits(call, argv, &n, change) != NGX_OK) {
        return NGX_ERROR;
    }

    return oc_store_assign_send(call, argv, n - OC_STORE_ASSIGN_ARGS);
}


ngx_int_t
oc_store_assignment_delete(oc_store_call_t *call, ngx_str_t *id,
    ngx_str_t *assignment, oc_store_condition_t *condition,
    oc_stamp_t *stamp)
{
    ngx_str_t  *argv;

    argv = oc_store_assign_begin(call, id, condition, stamp, "delete", 1);
    if (argv == NULL) {
        return NGX_ERROR;
    }

    argv[OC_STORE_ASSIGN_ARGS] = *assignment;

    return oc_store_assign_send(call, argv, 1);
}


/* The arguments of assign.lua, with room for "n" more. */

static ngx_str_t *
oc_store_assign_begin(oc_store_call_t *call, ngx_str_t *id,
    oc_store_condition_t *condition, oc_stamp_t *stamp, const char *what,
    ngx_uint_t n)
{
    u_char     *date;
    ngx_str_t  *argv;

    argv = ngx_palloc(call->pool,
                      (OC_STORE_ASSIGN_ARGS + n) * sizeof(ngx_str_t));
    date = ngx_pnalloc(call->pool, OC_STORE_DATE_LEN);

    if (argv == NULL || date == NULL
        || oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_CONFIGURATIONS, NULL)
           != NGX_OK
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_ASSIGNMENTS, id)
           != NGX_OK
        || oc_store_key(&argv[2], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_STREAMS, NULL)
           != NGX_OK
        || oc_store_cast(call, &argv[6]) != NGX_OK)
    {
        return NULL;
    }

    argv[3] = *id;
    argv[4] = condition->match;
    argv[5] = condition->none;
    argv[7].data = stamp->etag;
    argv[7].len = OC_ETAG_LEN;

    oc_store_date(&argv[8], date, stamp);

    argv[9].data = (u_char *) what;
    argv[9].len = ngx_strlen(what);

    return argv;
}


static ngx_int_t
oc_store_assign_send(oc_store_call_t *call, ngx_str_t *argv, ngx_uint_t n)
{
    call->write = 1;

    return oc_store_script(call, 0, &oc_store_assign_script, 3, argv,
                           OC_STORE_ASSIGN_ARGS + n, 0, oc_store_assigned);
}


static void
oc_store_assigned(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (oc_store_refusal(call, reply) == NGX_OK
        && oc_store_page(call, reply, 0) == NGX_OK)
    {
        call->status = OC_STORE_OK;
        call->handler(call);
    }
}
