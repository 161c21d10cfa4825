
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_body.h"
#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"


static void ngx_http_office_config_batch_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_batch_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_batch_read(
    ngx_http_office_config_batch_t *batch, ngx_str_t *body, ngx_int_t *rc);
static ngx_int_t ngx_http_office_config_batch_malformed(
    ngx_http_office_config_batch_t *batch);
static ngx_int_t ngx_http_office_config_batch_parts(
    ngx_http_office_config_batch_t *batch);
static void ngx_http_office_config_batch_prefer(
    ngx_http_office_config_batch_t *batch);
static void ngx_http_office_config_batch_event(ngx_event_t *ev);
static ngx_uint_t ngx_http_office_config_batch_run(
    ngx_http_office_config_batch_t *batch);
static ngx_uint_t ngx_http_office_config_batch_ready(
    ngx_http_office_config_batch_t *batch, ngx_uint_t n);
static ngx_uint_t ngx_http_office_config_batch_waits(
    ngx_http_office_config_part_t *part);
static ngx_uint_t ngx_http_office_config_batch_over(
    ngx_http_office_config_batch_t *batch, ngx_uint_t n);
static ngx_int_t ngx_http_office_config_batch_send(
    ngx_http_office_config_batch_t *batch);
static void ngx_http_office_config_batch_cleanup(void *data);


/* POST of a batch (OData 4.01 Protocol, 11.7). */

ngx_int_t
ngx_http_office_config_batch(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                       *type, media, boundary;
    ngx_uint_t                       gzip;
    ngx_pool_cleanup_t              *cln;
    ngx_http_office_config_batch_t  *batch;

    if (ngx_http_office_config_part(r)) {
        return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                           "A batch cannot contain another "
                                           "one.");
    }

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_office_config_batch_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    batch = cln->data;
    ngx_memzero(batch, sizeof(ngx_http_office_config_batch_t));

    batch->request = r;
    batch->ctx = ctx;

    oc_arena_init(&batch->arena, (size_t) -1);

    cln->handler = ngx_http_office_config_batch_cleanup;

    ctx->batch = batch;

    if (r->headers_in.content_type == NULL) {
        goto unsupported;
    }

    type = &r->headers_in.content_type->value;

    oc_batch_media(type, &media);

    if (!oc_batch_like(&media, "application/json")) {

        rc = oc_batch_boundary(type, &boundary, &batch->arena);

        if (rc == NGX_DECLINED) {
            goto unsupported;
        }

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc != NGX_OK) {
            return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                               "The type multipart/mixed "
                                               "needs a boundary of 1 to 70 "
                                               "characters.");
        }

        batch->multipart = 1;
        batch->sequential = 1;
    }

    if (ngx_http_office_config_negotiate(ctx,
                                         batch->multipart
                                         ? NGX_HTTP_OFFICE_CONFIG_MULTIPART
                                         : NGX_HTTP_OFFICE_CONFIG_JSON)
        != NGX_OK)
    {
        return ngx_http_office_config_fail(r, 406,
                                           "A batch is answered in the format "
                                           "that it has.");
    }

    if (ngx_http_office_config_body_encoding(ctx, &gzip) != NGX_OK) {
        return ngx_http_office_config_bad_encoding(r);
    }

    ngx_http_office_config_batch_prefer(batch);

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_office_config_batch_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;

unsupported:

    return ngx_http_office_config_fail(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       "A batch must be of the type "
                                       "application/json or "
                                       "multipart/mixed.");
}


/*
 * Whether to go on after an error: a multipart batch stops by default (OData
 * 4.01 Protocol, 8.2.8.3), a JSON batch is wanted to go on by the clients that
 * send it, and waits for each of its requests if it is told not to.
 */

static void
ngx_http_office_config_batch_prefer(ngx_http_office_config_batch_t *batch)
{
    ngx_int_t  proceed;

    proceed = ngx_http_office_config_continue_on_error(batch->request,
                                                       batch->ctx);

    batch->preference = (proceed >= 0);

    if (proceed < 0) {
        proceed = !batch->multipart;
    }

    batch->proceed = proceed;

    if (!batch->proceed) {
        batch->sequential = 1;
    }
}


static void
ngx_http_office_config_batch_body(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    rc = ngx_http_office_config_batch_begin(r, ctx);

    if (rc == NGX_DONE) {
        ngx_http_office_config_wait(r);
        return;
    }

    ngx_http_finalize_request(r, rc);
}


/*
 * NGX_DONE if the parts are to be run, else what the request is to be
 * finalized with.
 */

static ngx_int_t
ngx_http_office_config_batch_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                        body;
    ngx_http_office_config_batch_t  *batch;

    batch = ctx->batch;

    if (ngx_http_office_config_plain_body(r, ctx, &body, &rc) != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_batch_read(batch, &body, &rc) != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_batch_prefix(batch) != NGX_OK
        || ngx_http_office_config_batch_parts(batch) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* from an event, in which nothing else of the request goes on */

    batch->event.handler = ngx_http_office_config_batch_event;
    batch->event.data = batch;
    batch->event.log = r->connection->log;

    ngx_post_event(&batch->event, &ngx_posted_events);

    return NGX_DONE;
}


/* NGX_OK, or NGX_DECLINED with "rc" for the request to be finalized with. */

static ngx_int_t
ngx_http_office_config_batch_read(ngx_http_office_config_batch_t *batch,
    ngx_str_t *body, ngx_int_t *rc)
{
    ngx_str_t                           boundary;
    oc_batch_status_e                   status;
    ngx_http_request_t                 *r;
    ngx_http_office_config_loc_conf_t  *olcf;

    r = batch->request;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    batch->parsed.arena = &batch->arena;
    batch->parsed.max = olcf->batch_limit;

    if (batch->multipart) {

        if (oc_batch_boundary(&r->headers_in.content_type->value, &boundary,
                              &batch->arena)
            != NGX_OK)
        {
            *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
            return NGX_DECLINED;
        }

        status = oc_batch_mime(&batch->parsed, &boundary, body->data,
                               body->len);

    } else {
        status = oc_batch_json(&batch->parsed, body->data, body->len);
    }

    switch (status) {

    case OC_BATCH_OK:
        return NGX_OK;

    case OC_BATCH_MALFORMED:
        *rc = ngx_http_office_config_batch_malformed(batch);
        break;

    default: /* OC_BATCH_NO_MEMORY */
        *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_office_config_batch_malformed(ngx_http_office_config_batch_t *batch)
{
    u_char                            text[256];
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = NGX_HTTP_BAD_REQUEST;

    problem.message.data = text;
    problem.message.len = ngx_snprintf(text, sizeof(text), "The batch is "
                                       "refused: %s", batch->parsed.message)
                          - text;

    if (batch->parsed.position) {
        problem.message.len = ngx_snprintf(text, sizeof(text), "The batch is "
                                           "refused: %s (position %uz of the "
                                           "body)", batch->parsed.message,
                                           batch->parsed.position)
                              - text;
    }

    return ngx_http_office_config_problem(batch->request, &problem);
}


static ngx_int_t
ngx_http_office_config_batch_parts(ngx_http_office_config_batch_t *batch)
{
    ngx_uint_t                      i;
    ngx_pool_t                     *pool;
    oc_batch_item_t                *item;
    ngx_http_office_config_part_t  *part;

    pool = batch->request->pool;

    batch->groups = ngx_pcalloc(pool, (batch->parsed.ngroups + 1)
                                    * sizeof(ngx_http_office_config_group_t));
    batch->parts = ngx_pcalloc(pool, (batch->parsed.nitems + 1)
                                     * sizeof(ngx_http_office_config_part_t));

    if (batch->groups == NULL || batch->parts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < batch->parsed.nitems; i++) {
        item = &batch->parsed.items[i];
        part = &batch->parts[i];

        part->batch = batch;
        part->item = item;

        if (item->group) {
            part->group = &batch->groups[item->group - 1];
        }
    }

    return NGX_OK;
}


/* Something has happened to a part. */

void
ngx_http_office_config_batch_wake(ngx_http_office_config_batch_t *batch)
{
    if (!batch->aborted && !batch->over) {
        ngx_post_event(&batch->event, &ngx_posted_events);
    }
}


static void
ngx_http_office_config_batch_event(ngx_event_t *ev)
{
    ngx_int_t                        rc;
    ngx_http_request_t              *r;
    ngx_http_office_config_ctx_t    *ctx;
    ngx_http_office_config_batch_t  *batch;

    batch = ev->data;
    r = batch->request;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    /* "post_action" may have taken the request elsewhere */

    if (ctx == NULL || ctx->batch != batch) {
        ngx_http_office_config_batch_cleanup(batch);
        return;
    }

    if (!ngx_http_office_config_batch_run(batch)) {
        return;
    }

    batch->over = 1;

    if (batch->event.posted) {
        ngx_delete_posted_event(&batch->event);
    }

    rc = ngx_http_office_config_batch_send(batch);

    ngx_http_office_config_finish(r, rc);
}


/* Starts what can be started.  Returns whether all is over. */

static ngx_uint_t
ngx_http_office_config_batch_run(ngx_http_office_config_batch_t *batch)
{
    ngx_uint_t                      i, over, progress;
    ngx_http_office_config_part_t  *part;

    do {
        progress = 0;
        over = 1;

        for (i = 0; i < batch->parsed.nitems; i++) {
            part = &batch->parts[i];

            if (part->state == NGX_HTTP_OFFICE_CONFIG_PART_WAITING
                && (part->group == NULL || !part->group->begun))
            {
                if (batch->stopped) {
                    part->state = NGX_HTTP_OFFICE_CONFIG_PART_OMITTED;
                    continue;
                }

                if (!ngx_http_office_config_batch_ready(batch, i)) {
                    over = 0;

                    if (batch->sequential) {
                        break;
                    }

                    continue;
                }

                if (part->group) {
                    part->group->begun = 1;

                } else if (ngx_http_office_config_part_run(part) == NGX_OK) {
                    progress = 1;
                }
            }

            if (part->group
                && ngx_http_office_config_group_run(batch, i) == NGX_OK)
            {
                progress = 1;
            }

            if (!ngx_http_office_config_batch_over(batch, i)) {
                over = 0;

                if (batch->sequential) {
                    break;
                }
            }

            if (!batch->proceed && !batch->stopped
                && (part->group ? part->group->failed
                                : ngx_http_office_config_part_failed(part)))
            {
                batch->stopped = 1;
                progress = 1;
            }
        }

    } while (progress);

    return over;
}


/*
 * Whether a part, with its group, can be started.  One that depends on what
 * has failed is refused: it is over then.
 */

static ngx_uint_t
ngx_http_office_config_batch_ready(ngx_http_office_config_batch_t *batch,
    ngx_uint_t n)
{
    ngx_uint_t                      i, ready;
    ngx_http_office_config_part_t  *part;

    part = &batch->parts[n];

    if (part->group == NULL) {
        return ngx_http_office_config_batch_waits(part) ? 0 : 1;
    }

    ready = 1;

    for (i = n; i < batch->parsed.nitems; i++) {
        if (batch->parts[i].group == part->group
            && ngx_http_office_config_batch_waits(&batch->parts[i]))
        {
            ready = 0;
        }
    }

    return ready;
}


static ngx_uint_t
ngx_http_office_config_batch_waits(ngx_http_office_config_part_t *part)
{
    ngx_uint_t                      i, waits;
    ngx_http_office_config_part_t  *other;

    waits = 0;

    for (i = 0; i < part->item->ndepends; i++) {
        other = &part->batch->parts[part->item->depends[i]];

        switch (other->state) {

        case NGX_HTTP_OFFICE_CONFIG_PART_DONE:

            if (!ngx_http_office_config_part_failed(other)) {
                break;
            }

            /* fall through */

        case NGX_HTTP_OFFICE_CONFIG_PART_OMITTED:
            ngx_http_office_config_part_refuse(part, 424, NULL);
            return 0;

        case NGX_HTTP_OFFICE_CONFIG_PART_WAITING:

            /* in a batch that goes on in order it is later */

            if (part->batch->sequential) {
                ngx_http_office_config_part_refuse(part, 424, NULL);
                return 0;
            }

            /* fall through */

        default: /* NGX_HTTP_OFFICE_CONFIG_PART_RUNNING */
            waits = 1;
        }
    }

    return waits;
}


/* Whether a part and its group are over. */

static ngx_uint_t
ngx_http_office_config_batch_over(ngx_http_office_config_batch_t *batch,
    ngx_uint_t n)
{
    ngx_uint_t                      i;
    ngx_http_office_config_part_t  *part;

    part = &batch->parts[n];

    for (i = 0; i < batch->parsed.nitems; i++) {

        if (i != n
            && (part->group == NULL || batch->parts[i].group != part->group))
        {
            continue;
        }

        if (batch->parts[i].state < NGX_HTTP_OFFICE_CONFIG_PART_DONE) {
            return 0;
        }
    }

    return 1;
}


/*
 * Runs a part that is its own or its group's turn.  NGX_OK, also for one that
 * is refused.
 */

ngx_int_t
ngx_http_office_config_part_run(ngx_http_office_config_part_t *part)
{
    ngx_int_t  rc;

    if (part->state != NGX_HTTP_OFFICE_CONFIG_PART_WAITING) {
        return NGX_OK;
    }

    if (part->item->status) {
        ngx_http_office_config_part_refuse(part, part->item->status,
                                           part->item->message);
        return NGX_OK;
    }

    rc = ngx_http_office_config_part_target(part);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc != NGX_OK || ngx_http_office_config_part_start(part) != NGX_OK) {
        ngx_http_office_config_part_refuse(part,
                                           NGX_HTTP_SERVICE_UNAVAILABLE,
                                           NULL);
    }

    return NGX_OK;
}


/* A part is answered with an error, in its place. */

void
ngx_http_office_config_part_refuse(ngx_http_office_config_part_t *part,
    ngx_uint_t status, const char *message)
{
    oc_batch_header_t                 *h;
    ngx_http_office_config_batch_t    *batch;
    ngx_http_office_config_problem_t   problem;

    batch = part->batch;

    part->state = NGX_HTTP_OFFICE_CONFIG_PART_DONE;
    part->status = status;

    if (batch->aborted) {
        return;
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = status;

    if (message) {
        problem.message.data = (u_char *) message;
        problem.message.len = ngx_strlen(message);
    }

    part->headed = 0;
    part->rendered = 1;
    part->nheaders = 0;

    h = ngx_palloc(batch->request->pool, 2 * sizeof(oc_batch_header_t));

    if (h && ngx_http_office_config_content_type(batch->request, batch->ctx)
             == NGX_OK)
    {
        part->headers = h;
        part->nheaders = 1;

        ngx_str_set(&h[0].name, "Content-Type");
        h[0].value = batch->request->headers_out.content_type;

        if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
            part->nheaders = 2;

            ngx_str_set(&h[1].name, "Retry-After");
            ngx_str_set(&h[1].value, "1");
        }
    }

    part->body = ngx_http_office_config_problem_body(batch->request,
                                                     batch->ctx, &problem);

    part->len = part->body ? ngx_buf_size(part->body->buf) : 0;
}


static ngx_int_t
ngx_http_office_config_batch_send(ngx_http_office_config_batch_t *batch)
{
    off_t                len;
    ngx_int_t            rc;
    ngx_str_t            value;
    ngx_chain_t         *out;
    ngx_http_request_t  *r;

    r = batch->request;

    rc = batch->multipart ? ngx_http_office_config_batch_mime(batch, &out,
                                                              &len)
                          : ngx_http_office_config_batch_json(batch, &out,
                                                              &len);

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (batch->preference) {
        ngx_str_set(&value, "continue-on-error=false");

        if (batch->proceed) {
            ngx_str_set(&value, "continue-on-error");
        }

        if (ngx_http_office_config_add_header(r, "Preference-Applied", &value)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, len);
}


/* The batch ends, and with it what still runs of it. */

static void
ngx_http_office_config_batch_cleanup(void *data)
{
    ngx_http_office_config_batch_t *batch = data;

    ngx_uint_t  i;

    if (batch->aborted) {
        return;
    }

    batch->aborted = 1;

    if (batch->event.posted) {
        ngx_delete_posted_event(&batch->event);
    }

    for (i = 0; batch->parts && i < batch->parsed.nitems; i++) {
        ngx_http_office_config_part_abort(&batch->parts[i]);
    }

    oc_arena_free(&batch->arena);
}
