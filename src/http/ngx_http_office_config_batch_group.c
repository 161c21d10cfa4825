
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"


static ngx_int_t ngx_http_office_config_group_next(
    ngx_http_office_config_batch_t *batch, ngx_uint_t n);
static void ngx_http_office_config_group_fail(
    ngx_http_office_config_batch_t *batch, ngx_uint_t n);
static void ngx_http_office_config_group_joined(void *data,
    oc_store_call_t *call);
static void ngx_http_office_config_group_check(
    ngx_http_office_config_part_t *part);


/*
 * Takes a group, of which part "n" is one, a step further: its parts are
 * started in their order, each when the one before has come to its call of
 * the store, which is kept; with the last one the calls are carried out
 * together.  NGX_OK if there was something to do, else NGX_DECLINED.
 */

ngx_int_t
ngx_http_office_config_group_run(ngx_http_office_config_batch_t *batch,
    ngx_uint_t n)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    ngx_http_office_config_part_t   *part;
    ngx_http_office_config_group_t  *group;

    group = batch->parts[n].group;

    if (!group->sent && !group->failed) {

        rc = ngx_http_office_config_group_next(batch, n);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    /* what was carried out has been, even if it cannot be answered */

    if (group->sent && oc_store_group_committed(group->store)) {
        return NGX_DECLINED;
    }

    for (i = 0; i < batch->parsed.nitems; i++) {
        part = &batch->parts[i];

        if (part->group == group && !group->failed
            && ngx_http_office_config_part_failed(part))
        {
            group->failed = 1;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* NGX_DECLINED if the group is waiting for one of its parts. */

static ngx_int_t
ngx_http_office_config_group_next(ngx_http_office_config_batch_t *batch,
    ngx_uint_t n)
{
    ngx_uint_t                       i;
    ngx_http_office_config_part_t   *part;
    ngx_http_office_config_group_t  *group;

    group = batch->parts[n].group;

    /* what is known to fail need not be begun */

    for (i = 0; i < batch->parsed.nitems; i++) {
        part = &batch->parts[i];

        if (part->group != group) {
            continue;
        }

        if (part->state == NGX_HTTP_OFFICE_CONFIG_PART_WAITING) {

            if (part->item->status) {
                (void) ngx_http_office_config_part_run(part);

            } else {
                ngx_http_office_config_group_check(part);
            }
        }

        if (ngx_http_office_config_part_failed(part)) {
            ngx_http_office_config_group_fail(batch, n);
            return NGX_OK;
        }
    }

    if (group->store == NULL) {
        group->store = oc_store_group_create(batch->request->pool,
                                          batch->parsed.nitems,
                                          ngx_http_office_config_group_joined,
                                          batch);
        if (group->store == NULL) {
            ngx_http_office_config_part_refuse(&batch->parts[n],
                                               NGX_HTTP_SERVICE_UNAVAILABLE,
                                               NULL);
            ngx_http_office_config_group_fail(batch, n);
            return NGX_OK;
        }
    }

    for (i = 0; i < batch->parsed.nitems; i++) {
        part = &batch->parts[i];

        if (part->group != group) {
            continue;
        }

        (void) ngx_http_office_config_part_run(part);

        if (ngx_http_office_config_part_failed(part)) {
            ngx_http_office_config_group_fail(batch, n);
            return NGX_OK;
        }

        if (part->state == NGX_HTTP_OFFICE_CONFIG_PART_RUNNING
            && !part->joined)
        {
            return NGX_DECLINED;
        }
    }

    group->sent = 1;

    oc_store_group_send(group->store);

    return NGX_OK;
}


/* One of its parts has failed: what has not been is not carried out. */

static void
ngx_http_office_config_group_fail(ngx_http_office_config_batch_t *batch,
    ngx_uint_t n)
{
    ngx_uint_t                       i;
    ngx_http_office_config_group_t  *group;

    group = batch->parts[n].group;

    group->failed = 1;

    for (i = 0; i < batch->parsed.nitems; i++) {
        if (batch->parts[i].group == group
            && batch->parts[i].state == NGX_HTTP_OFFICE_CONFIG_PART_WAITING)
        {
            ngx_http_office_config_part_refuse(&batch->parts[i], 424, NULL);
        }
    }

    if (group->store) {
        oc_store_group_fail(group->store);
    }
}


static void
ngx_http_office_config_group_joined(void *data, oc_store_call_t *call)
{
    ngx_http_office_config_batch_t *batch = data;

    ngx_http_office_config_part_t  *part;

    part = ngx_http_office_config_part(call->data);

    if (part == NULL) {
        return;
    }

    part->joined = 1;

    ngx_http_office_config_part_locate(part);

    ngx_http_office_config_batch_wake(batch);
}


/* The group that a request's calls of the store belong to; NULL for none. */

oc_store_group_t *
ngx_http_office_config_part_group(ngx_http_request_t *r)
{
    ngx_http_office_config_part_t  *part;

    part = ngx_http_office_config_part(r);

    return part && part->group ? part->group->store : NULL;
}


/* A group is for changes (OData 4.01 Protocol, 11.7.7.1). */

static void
ngx_http_office_config_group_check(ngx_http_office_config_part_t *part)
{
    if (oc_batch_is(&part->item->method, "GET")) {
        ngx_http_office_config_part_refuse(part, NGX_HTTP_BAD_REQUEST,
                                           "A group of requests that are "
                                           "carried out all or not at all "
                                           "cannot contain GET.");
    }
}
