
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"
#include "oc_store_key.h"


/*
 * Calls that are carried out all or not at all.  A call that belongs to a
 * group is kept when it would be sent; when all are there, one script carries
 * them out, one after the other, and takes back what was done if one of them
 * is refused.
 */


/* keys that a call can lose as a whole, which are kept until the end */

#define OC_STORE_GROUP_SPARE   6

/* how often a script may ask to be called again */

#define OC_STORE_GROUP_REPEAT  1000


typedef struct {
    oc_store_call_t           *call;     /* NULL: it has gone */
    const oc_redis_script_t   *script;
    ngx_uint_t                 nkeys;
    ngx_str_t                 *argv;
    ngx_uint_t                 argc;
    oc_redis_handler_pt        handler;
} oc_store_member_t;


struct oc_store_group_s {
    oc_store_member_t         *members;
    ngx_uint_t                 n;
    ngx_uint_t                 max;
    ngx_pool_t                *pool;
    oc_store_group_joined_pt   joined;
    void                      *data;

    oc_store_call_t            call;     /* of the script */
    ngx_uint_t                 repeats;
    unsigned                   closed:1;
    unsigned                   committed:1;
    unsigned                   mixed:1;  /* calls that cannot go together */
};


static ngx_int_t oc_store_group_script(oc_store_group_t *group);
static ngx_str_t *oc_store_group_arguments(oc_store_group_t *group,
    ngx_uint_t *nkeys, ngx_uint_t *argc);
static ngx_int_t oc_store_group_spare(oc_store_group_t *group,
    ngx_str_t *argv, ngx_uint_t n);
static ngx_int_t oc_store_group_number(oc_store_group_t *group,
    ngx_str_t *argument, ngx_uint_t n);
static const char *oc_store_group_name(const oc_redis_script_t *script);
static void oc_store_group_done(oc_redis_op_t *op, void *data);
static void oc_store_group_settle(oc_store_group_t *group, ngx_uint_t i,
    oc_redis_status_e status, oc_redis_reply_t *reply);
static void oc_store_group_refuse(oc_store_group_t *group, ngx_uint_t i,
    oc_store_status_e status);


/*
 * Makes a group for at most "max" calls, in the pool, which must outlive
 * these.  "joined" is told of each call that has joined; NULL if memory is
 * out.
 */

oc_store_group_t *
oc_store_group_create(ngx_pool_t *pool, ngx_uint_t max,
    oc_store_group_joined_pt joined, void *data)
{
    oc_store_group_t  *group;

    group = ngx_pcalloc(pool, sizeof(oc_store_group_t));
    if (group == NULL) {
        return NULL;
    }

    group->members = ngx_pcalloc(pool, max * sizeof(oc_store_member_t));
    if (group->members == NULL) {
        return NULL;
    }

    group->pool = pool;
    group->max = max;
    group->joined = joined;
    group->data = data;

    return group;
}


/* Whether calls may still join: later ones are sent at once. */

ngx_uint_t
oc_store_group_open(oc_store_group_t *group)
{
    return !group->closed;
}


/* Whether all calls are known to have been carried out. */

ngx_uint_t
oc_store_group_committed(oc_store_group_t *group)
{
    return group->committed;
}


/*
 * Keeps a call whose operation has been prepared.  The arguments are those of
 * the operation, which lives as long as the call; the array is copied.
 */

ngx_int_t
oc_store_group_add(oc_store_call_t *call, const oc_redis_script_t *script,
    ngx_uint_t nkeys, ngx_str_t *argv, ngx_uint_t argc)
{
    ngx_str_t          *copy;
    oc_store_call_t    *first;
    oc_store_group_t   *group;
    oc_store_member_t  *member;

    group = call->group;

    if (group->n == group->max) {
        return NGX_ERROR;
    }

    copy = ngx_palloc(call->pool, argc * sizeof(ngx_str_t));
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, argv, argc * sizeof(ngx_str_t));

    member = &group->members[group->n];

    member->script = script;
    member->nkeys = nkeys;
    member->argv = copy;
    member->argc = argc;

    /* what one script does is done in one place */

    first = group->n ? group->members[0].call : NULL;

    if (first
        && (first->redis != call->redis
            || first->tenant.len != call->tenant.len
            || ngx_memcmp(first->tenant.data, call->tenant.data,
                          call->tenant.len) != 0
            || first->prefix.len != call->prefix.len
            || ngx_memcmp(first->prefix.data, call->prefix.data,
                          call->prefix.len) != 0))
    {
        group->mixed = 1;
    }

    return NGX_OK;
}


/* The call would be sent now. */

void
oc_store_group_join(oc_store_call_t *call, oc_redis_handler_pt handler)
{
    oc_store_group_t   *group;
    oc_store_member_t  *member;

    group = call->group;

    member = &group->members[group->n++];

    member->call = call;
    member->handler = handler;

    group->joined(group->data, call);
}


/* The call's pool is destroyed: nobody waits for it any longer. */

void
oc_store_group_leave(oc_store_call_t *call)
{
    ngx_uint_t         i;
    oc_store_group_t  *group;

    group = call->group;

    for (i = 0; i < group->n; i++) {
        if (group->members[i].call == call) {
            group->members[i].call = NULL;
        }
    }
}


/*
 * Carries out the calls that have joined.  Their handlers are called later,
 * or, if they cannot be sent, at once.
 */

void
oc_store_group_send(oc_store_group_t *group)
{
    ngx_uint_t  i;

    group->closed = 1;

    for (i = 0; i < group->n; i++) {
        if (group->members[i].call == NULL) {
            oc_store_group_fail(group);
            return;
        }
    }

    if (group->n == 0) {
        return;
    }

    if (group->mixed) {
        for (i = 0; i < group->n; i++) {
            oc_store_group_refuse(group, i, OC_STORE_MIXED);
        }

        return;
    }

    if (group->n == 1) {
        oc_redis_op_submit(group->members[0].call->op,
                           group->members[0].handler,
                           group->members[0].call);
        return;
    }

    if (oc_store_group_script(group) != NGX_OK) {
        for (i = 0; i < group->n; i++) {
            oc_store_group_refuse(group, i, OC_STORE_OVERLOADED);
        }
    }
}


/* Something else of the group has failed: nothing is carried out. */

void
oc_store_group_fail(oc_store_group_t *group)
{
    ngx_uint_t  i;

    group->closed = 1;

    for (i = 0; i < group->n; i++) {
        oc_store_group_refuse(group, i, OC_STORE_DEPENDENCY);
    }
}


static ngx_int_t
oc_store_group_script(oc_store_group_t *group)
{
    ngx_str_t        *argv;
    ngx_uint_t        i, nkeys, argc;
    oc_store_call_t  *call, *first;

    call = &group->call;
    first = group->members[0].call;

    call->redis = first->redis;
    call->prefix = first->prefix;
    call->tenant = first->tenant;
    call->pool = group->pool;
    call->log = first->log;
    call->write = 1;
    call->cutoff = first->cutoff;
    call->recent = first->recent;

    for (i = 0; i < group->n; i++) {
        call->cutoff = ngx_max(call->cutoff, group->members[i].call->cutoff);
    }

    argv = oc_store_group_arguments(group, &nkeys, &argc);
    if (argv == NULL) {
        return NGX_ERROR;
    }

    return oc_store_script(call, 0, &oc_store_changeset_script, nkeys, argv,
                           argc, 0, oc_store_group_done);
}


/*
 * The keys: one to spare for each that may be lost, then those of the calls.
 * The other arguments: the cutoff, how many of the newest check-ins are kept,
 * how many keys are to spare, the number of calls, and of each the name of its script, how many keys and how many other
 * arguments it has, and these.
 */

static ngx_str_t *
oc_store_group_arguments(oc_store_group_t *group, ngx_uint_t *nkeys,
    ngx_uint_t *argc)
{
    ngx_str_t          *argv, *key, *arg, window[2];
    ngx_uint_t          i, j, total, keys, spare;
    oc_store_member_t  *member;

    spare = OC_STORE_GROUP_SPARE * group->n;

    total = 0;
    keys = spare;

    for (i = 0; i < group->n; i++) {
        total += group->members[i].argc;
        keys += group->members[i].nkeys;
    }

    total += spare + 4 + 3 * group->n;

    argv = ngx_palloc(group->pool, total * sizeof(ngx_str_t));

    if (argv == NULL
        || oc_store_group_spare(group, argv, spare) != NGX_OK
        || oc_store_window(&group->call, window) != NGX_OK)
    {
        return NULL;
    }

    key = &argv[spare];
    arg = &argv[keys];

    *arg++ = window[0];
    *arg++ = window[1];

    if (oc_store_group_number(group, arg++, spare) != NGX_OK
        || oc_store_group_number(group, arg++, group->n) != NGX_OK)
    {
        return NULL;
    }

    for (i = 0; i < group->n; i++) {
        member = &group->members[i];

        arg->data = (u_char *) oc_store_group_name(member->script);
        arg->len = ngx_strlen(arg->data);
        arg++;

        if (oc_store_group_number(group, arg++, member->nkeys) != NGX_OK
            || oc_store_group_number(group, arg++,
                                     member->argc - member->nkeys)
               != NGX_OK)
        {
            return NULL;
        }

        for (j = 0; j < member->argc; j++) {
            if (j < member->nkeys) {
                *key++ = member->argv[j];
            } else {
                *arg++ = member->argv[j];
            }
        }
    }

    *nkeys = keys;
    *argc = total;

    return argv;
}


static ngx_int_t
oc_store_group_spare(oc_store_group_t *group, ngx_str_t *argv, ngx_uint_t n)
{
    u_char           *p;
    ngx_str_t         number;
    ngx_uint_t        i;
    oc_store_call_t  *call;

    call = &group->call;

    p = ngx_pnalloc(group->pool, n * NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        number.data = p;
        number.len = ngx_sprintf(p, "%ui", i) - p;

        p += number.len;

        if (oc_store_key(&argv[i], group->pool, &call->prefix, &call->tenant,
                         OC_KEY_SPARE, &number)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
oc_store_group_number(oc_store_group_t *group, ngx_str_t *argument,
    ngx_uint_t n)
{
    argument->data = ngx_pnalloc(group->pool, NGX_INT_T_LEN);
    if (argument->data == NULL) {
        return NGX_ERROR;
    }

    argument->len = ngx_sprintf(argument->data, "%ui", n) - argument->data;

    return NGX_OK;
}


/* What changeset.lua calls a script. */

static const char *
oc_store_group_name(const oc_redis_script_t *script)
{
    ngx_uint_t  i;

    static const struct {
        const oc_redis_script_t  *script;
        const char               *name;
    } names[] = {
        { &oc_store_create_script, "create" },
        { &oc_store_update_script, "update" },
        { &oc_store_delete_script, "delete" },
        { &oc_store_assign_script, "assign" },
        { &oc_store_priorities_script, "priorities" },
        { &oc_store_checkin_script, "checkin" },
        { &oc_store_exists_script, "exists" }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].script == script) {
            return names[i].name;
        }
    }

    return "";
}


/*
 * The reply: zero and that to each call; or the number of the one that was
 * refused, from 1, and the reply to it.
 */

static void
oc_store_group_done(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    int64_t             refused;
    ngx_uint_t          i;
    oc_redis_reply_t   *reply;
    oc_redis_status_e   status;
    oc_store_group_t   *group;

    group = (oc_store_group_t *) ((u_char *) call
                                  - offsetof(oc_store_group_t, call));

    status = oc_redis_op_status(op);
    reply = oc_redis_op_reply(op);

    if (status == OC_REDIS_OK) {

        if (reply->type == OC_REDIS_REPLY_INTEGER && reply->integer == 2
            && group->repeats++ < OC_STORE_GROUP_REPEAT)
        {
            oc_redis_op_repeat(op, oc_store_group_done, call);
            return;
        }

        if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements < 2
            || reply->elements[0]->type != OC_REDIS_REPLY_INTEGER)
        {
            status = OC_REDIS_ERROR;
        }
    }

    if (status != OC_REDIS_OK) {
        for (i = 0; i < group->n; i++) {
            oc_store_group_settle(group, i, status, NULL);
        }

        return;
    }

    refused = reply->elements[0]->integer;

    if (refused == 0 && reply->nelements == group->n + 1) {
        group->committed = 1;

        for (i = 0; i < group->n; i++) {
            oc_store_group_settle(group, i, OC_REDIS_OK,
                                  reply->elements[i + 1]);
        }

        return;
    }

    for (i = 0; i < group->n; i++) {
        if ((int64_t) i + 1 != refused) {
            oc_store_group_refuse(group, i, OC_STORE_DEPENDENCY);
        }
    }

    if (refused >= 1 && refused <= (int64_t) group->n) {
        oc_store_group_settle(group, refused - 1, OC_REDIS_OK,
                              reply->elements[1]);
    }
}


static void
oc_store_group_settle(oc_store_group_t *group, ngx_uint_t i,
    oc_redis_status_e status, oc_redis_reply_t *reply)
{
    oc_store_call_t    *call;
    oc_store_member_t  *member;

    member = &group->members[i];
    call = member->call;

    if (call == NULL) {
        return;
    }

    member->call = NULL;

    oc_redis_op_settle(call->op, status, reply);

    member->handler(call->op, call);
}


static void
oc_store_group_refuse(oc_store_group_t *group, ngx_uint_t i,
    oc_store_status_e status)
{
    oc_store_call_t  *call;

    call = group->members[i].call;

    if (call == NULL) {
        return;
    }

    group->members[i].call = NULL;

    call->status = status;
    call->handler(call);
}
