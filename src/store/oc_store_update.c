
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_datetime.h"
#include "oc_store_internal.h"
#include "oc_store_key.h"


/* keys and all before the edits, but check-ins */

#define OC_STORE_UPDATE_ARGS  (19 + 2 * OC_STORE_SCOPE_KEYS)


static ngx_int_t oc_store_type_name(oc_store_call_t *call, const oc_type_t
    *type, ngx_str_t *name);
static ngx_int_t oc_store_update_prepare(oc_store_call_t *call,
    oc_store_update_t *update, ngx_str_t *argv, ngx_uint_t *argc);
static void oc_store_updated(oc_redis_op_t *op, void *data);
static void oc_store_prioritized(oc_redis_op_t *op, void *data);


/*
 * Changes a configuration or the singleton.  OC_STORE_OK: what is wanted is
 * call->json, with "+" and the assignments in call->page.
 * OC_STORE_NOT_FOUND, OC_STORE_PRECONDITION, OC_STORE_TYPE,
 * OC_STORE_EXHAUSTED.
 */

ngx_int_t
oc_store_update(oc_store_call_t *call, oc_store_update_t *update)
{
    ngx_str_t   *argv;
    ngx_uint_t   argc;

    argc = OC_STORE_UPDATE_ARGS + update->change->ncheckins
           + oc_store_edits_count(update->change);

    argv = ngx_palloc(call->pool, argc * sizeof(ngx_str_t));
    if (argv == NULL
        || oc_store_update_prepare(call, update, argv, &argc) != NGX_OK)
    {
        return NGX_ERROR;
    }

    oc_store_submit(call);

    return NGX_OK;
}


/*
 * Changes a stream: "update" has one edit, whose value of "len" bytes the
 * caller writes into "room" before oc_store_submit().
 */

ngx_int_t
oc_store_stream(oc_store_call_t *call, oc_store_update_t *update, size_t len,
    ngx_str_t *room)
{
    ngx_str_t    argv[OC_STORE_UPDATE_ARGS + 4];
    ngx_uint_t   argc;

    update->change->edits[0].value.data = NULL;
    update->change->edits[0].value.len = len;

    if (oc_store_update_prepare(call, update, argv, &argc) != NGX_OK) {
        return NGX_ERROR;
    }

    *room = argv[argc - 3];

    return NGX_OK;
}


/* Sends what oc_store_stream() has prepared. */

void
oc_store_submit(oc_store_call_t *call)
{
    oc_store_send(call, oc_store_updated);
}


static ngx_int_t
oc_store_update_prepare(oc_store_call_t *call, oc_store_update_t *update,
    ngx_str_t *argv, ngx_uint_t *argc)
{
    u_char        priority[NGX_INT32_LEN], date[OC_STORE_DATE_LEN],
                  count[NGX_INT_T_LEN];
    ngx_uint_t    i, n, nkeys;
    oc_change_t  *change;

    change = update->change;

    if ((update->singleton
         ? oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_SINGLETON, NULL)
         : oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_CONFIGURATIONS, NULL))
        != NGX_OK
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_PRIORITIES, NULL)
           != NGX_OK
        || oc_store_key(&argv[2], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_STREAMS, NULL)
           != NGX_OK
        || oc_store_key(&argv[3], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_ASSIGNMENTS, &update->id)
           != NGX_OK
        || oc_store_scope(call, &argv[4], NULL) != NGX_OK
        || oc_store_scope(call, &argv[4 + OC_STORE_SCOPE_KEYS],
                          update->singleton ? NULL : &update->id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->replaces = change->has_checkins;

    nkeys = 4 + 2 * OC_STORE_SCOPE_KEYS;
    n = nkeys;

    argv[n++] = update->id;
    argv[n++] = update->condition.match;
    argv[n++] = update->condition.none;

    ngx_str_null(&argv[n]);

    if (change->type && !update->singleton
        && oc_store_type_name(call, change->type, &argv[n]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    n++;

    if (oc_store_cast(call, &argv[n++]) != NGX_OK) {
        return NGX_ERROR;
    }

    argv[n].data = update->stamp->etag;
    argv[n++].len = OC_ETAG_LEN;

    oc_store_date(&argv[n++], date, update->stamp);

    ngx_str_null(&argv[n]);

    if (change->next_priority) {
        ngx_str_set(&argv[n], "next");

    } else if (change->has_priority) {
        argv[n].data = priority;
        argv[n].len = ngx_sprintf(priority, "%D", change->priority)
                      - priority;
    }

    n++;

    argv[n++] = update->media;
    argv[n++] = update->want;

    ngx_str_null(&argv[n]);

    if (update->singleton) {
        ngx_str_set(&argv[n], OC_SINGLETON_JSON);
    }

    n++;

    if (oc_store_window(call, &argv[n]) != NGX_OK) {
        return NGX_ERROR;
    }

    n += 2;

    ngx_str_null(&argv[n]);

    if (change->summary_given) {
        ngx_str_set(&argv[n], "1");
    }

    n++;

    argv[n].data = count;
    argv[n++].len = ngx_sprintf(count, "%ui", change->ncheckins) - count;

    for (i = 0; i < change->ncheckins; i++) {
        argv[n++] = change->checkins[i].record;
    }

    if (oc_store_edits(call, argv, &n, change) != NGX_OK) {
        return NGX_ERROR;
    }

    *argc = n;

    call->write = 1;

    return oc_store_prepare(call, 0, &oc_store_update_script, nkeys, argv,
                            *argc, 0);
}


/* The date of a change as JSON; "buf" has OC_STORE_DATE_LEN bytes. */

void
oc_store_date(ngx_str_t *date, u_char *buf, oc_stamp_t *stamp)
{
    buf[0] = '"';
    oc_datetime_format(buf + 1, stamp->sec, stamp->msec);
    buf[OC_STORE_DATE_LEN - 1] = '"';

    date->data = buf;
    date->len = OC_STORE_DATE_LEN;
}


/* How many arguments the edits take at most. */

ngx_uint_t
oc_store_edits_count(oc_change_t *change)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < change->nedits; i++) {
        n += 4 + 2 * change->edits[i].nmembers;
    }

    return n;
}


/* Appends the edits to the "*argc" arguments. */

ngx_int_t
oc_store_edits(oc_store_call_t *call, ngx_str_t *argv, ngx_uint_t *argc,
    oc_change_t *change)
{
    ngx_uint_t   i, j, n;
    oc_edit_t   *edit;

    static ngx_str_t  digits[] = {
        ngx_string("0"), ngx_string("1"), ngx_string("2"), ngx_string("3"),
        ngx_string("4"), ngx_string("5"), ngx_string("6"), ngx_string("7"),
        ngx_string("8"), ngx_string("9"), ngx_string("10"), ngx_string("11"),
        ngx_string("12"), ngx_string("13"), ngx_string("14"),
        ngx_string("15"), ngx_string("16"), ngx_string("17")
    };

    n = *argc;

    for (i = 0; i < change->nedits; i++) {
        edit = &change->edits[i];

        argv[n++] = edit->name;
        argv[n++] = edit->value;

        ngx_str_null(&argv[n]);

        if (edit->merge
            && oc_store_type_name(call, edit->merge, &argv[n]) != NGX_OK)
        {
            return NGX_ERROR;
        }

        n++;

        argv[n++] = digits[edit->nmembers];

        for (j = 0; j < edit->nmembers; j++) {
            argv[n++] = edit->members[j].name;
            argv[n++] = edit->members[j].value;
        }
    }

    *argc = n;

    return NGX_OK;
}


/* The qualified name of a type. */

static ngx_int_t
oc_store_type_name(oc_store_call_t *call, const oc_type_t *type,
    ngx_str_t *name)
{
    name->len = sizeof(OC_NAMESPACE) + type->name.len;
    name->data = ngx_pnalloc(call->pool, name->len);

    if (name->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(name->data, OC_NAMESPACE ".%V", &type->name);

    return NGX_OK;
}


/* That of the call's cast; empty without one. */

ngx_int_t
oc_store_cast(oc_store_call_t *call, ngx_str_t *name)
{
    ngx_str_null(name);

    return call->cast ? oc_store_type_name(call, call->cast, name) : NGX_OK;
}


static void
oc_store_updated(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    if (oc_store_again(call, op, oc_store_updated)) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (oc_store_refusal(call, reply) != NGX_OK) {
        return;
    }

    if (reply->nelements) {

        if (reply->elements[0]->type != OC_REDIS_REPLY_STRING) {
            oc_store_failed(call);
            return;
        }

        call->json = reply->elements[0]->str;

        if (oc_store_page(call, reply, 1) != NGX_OK) {
            return;
        }
    }

    call->status = OC_STORE_OK;

    if (call->replaces) {
        oc_store_sweep(call);
    }

    call->handler(call);
}


/*
 * NGX_OK if a script has answered with an array; otherwise the call is over,
 * with the status that the number stands for.
 */

ngx_int_t
oc_store_refusal(oc_store_call_t *call, oc_redis_reply_t *reply)
{
    static oc_store_status_e  statuses[] = {
        OC_STORE_NOT_FOUND,
        OC_STORE_PRECONDITION,
        OC_STORE_TYPE,
        OC_STORE_EXHAUSTED,
        OC_STORE_EXISTS,
        OC_STORE_LIMIT
    };

    if (reply->type == OC_REDIS_REPLY_ARRAY) {
        return NGX_OK;
    }

    if (reply->type != OC_REDIS_REPLY_INTEGER
        || reply->integer > 0
        || -reply->integer >= (int64_t) (sizeof(statuses)
                                         / sizeof(statuses[0])))
    {
        oc_store_failed(call);
        return NGX_ERROR;
    }

    call->status = statuses[-reply->integer];
    call->handler(call);

    return NGX_ERROR;
}


/*
 * Gives "n" configurations new priorities, all or none.  OC_STORE_OK;
 * OC_STORE_UNKNOWN_ID and call->index.
 */

ngx_int_t
oc_store_priorities(oc_store_call_t *call, ngx_str_t *ids,
    int32_t *priorities, ngx_uint_t n, oc_stamp_t *stamp)
{
    u_char      *p, date[OC_STORE_DATE_LEN];
    ngx_str_t   *argv;
    ngx_uint_t   i;

    argv = ngx_palloc(call->pool, (6 + 2 * n) * sizeof(ngx_str_t));
    p = ngx_pnalloc(call->pool, n * NGX_INT32_LEN + 1);

    if (argv == NULL || p == NULL
        || oc_store_key(&argv[0], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_CONFIGURATIONS, NULL)
           != NGX_OK
        || oc_store_key(&argv[1], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_PRIORITIES, NULL)
           != NGX_OK
        || oc_store_key(&argv[2], call->pool, &call->prefix, &call->tenant,
                        OC_KEY_STREAMS, NULL)
           != NGX_OK
        || oc_store_cast(call, &argv[5]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    argv[3].data = stamp->etag;
    argv[3].len = OC_ETAG_LEN;

    oc_store_date(&argv[4], date, stamp);

    for (i = 0; i < n; i++) {
        argv[6 + 2 * i] = ids[i];
        argv[7 + 2 * i].data = p;
        argv[7 + 2 * i].len = ngx_sprintf(p, "%D", priorities[i]) - p;
        p += argv[7 + 2 * i].len;
    }

    call->write = 1;

    return oc_store_script(call, 0, &oc_store_priorities_script, 3, argv,
                           6 + 2 * n, 0, oc_store_prioritized);
}


static void
oc_store_prioritized(oc_redis_op_t *op, void *data)
{
    oc_store_call_t *call = data;

    oc_redis_reply_t  *reply;

    if (oc_store_result(call, op) != NGX_OK) {
        return;
    }

    reply = oc_redis_op_reply(op);

    if (reply->type != OC_REDIS_REPLY_INTEGER || reply->integer < 0) {
        oc_store_failed(call);
        return;
    }

    call->status = OC_STORE_OK;

    if (reply->integer) {
        call->status = OC_STORE_UNKNOWN_ID;
        call->index = reply->integer - 2;
    }

    call->handler(call);
}
