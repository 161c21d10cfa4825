
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "oc_buf.h"
#include "oc_json.h"


/* check-ins in one request */

#define NGX_HTTP_OFFICE_CONFIG_MAX_BATCH    1000

/* what the store gets at once: check-ins, bytes, names of configurations */

#define NGX_HTTP_OFFICE_CONFIG_SLICE        100
#define NGX_HTTP_OFFICE_CONFIG_SLICE_BYTES  262144
#define NGX_HTTP_OFFICE_CONFIG_SLICE_NAMES  1000


typedef struct {
    ngx_str_t                          record;
    ngx_str_t                         *policies;   /* ids of configurations */
    ngx_uint_t                         npolicies;
    ngx_uint_t                         status;     /* 0: not known yet */
    ngx_str_t                          message;
    ngx_str_t                          target;
} ngx_http_office_config_report_t;


struct ngx_http_office_config_reports_s {
    ngx_http_office_config_report_t   *reports;
    ngx_uint_t                         n;
    ngx_uint_t                         pos;        /* the first to be sent */
    ngx_uint_t                         end;        /* behind those sent */
    unsigned                           single:1;   /* not in an array */
};


static ngx_int_t ngx_http_office_config_checkin_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static json_t *ngx_http_office_config_reports_array(json_t *json);
static ngx_int_t ngx_http_office_config_report_read(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_report_t *report, json_t *json, oc_arena_t *arena,
    oc_fault_t *fault);
static ngx_int_t ngx_http_office_config_policies(ngx_http_request_t *r,
    ngx_http_office_config_report_t *report, json_t *policies);
static ngx_int_t ngx_http_office_config_copy(ngx_http_request_t *r,
    ngx_str_t *dst, const u_char *data, size_t len);
static ngx_int_t ngx_http_office_config_send_slice(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_slice_taken(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_send_reports(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static void ngx_http_office_config_write_report(oc_buf_t *b, ngx_uint_t index,
    ngx_http_office_config_report_t *report);


/*
 * POST to the check-ins of a configuration or of the tenant (OData 4.01
 * Protocol, 11.4.9.2: an item is appended): one, or an array of them from a
 * gateway.
 */

ngx_int_t
ngx_http_office_config_checkin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ctx->apart = ngx_palloc(r->pool, sizeof(oc_json_apart_t));
    if (ctx->apart == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    oc_checkin_expect(ctx->apart);

    return ngx_http_office_config_read_json(r, ctx,
                                         ngx_http_office_config_checkin_json);
}


static ngx_int_t
ngx_http_office_config_checkin_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    json_t                            *array;
    ngx_int_t                          rc;
    oc_fault_t                         fault;
    ngx_uint_t                         i;
    ngx_http_office_config_reports_t  *batch;
    ngx_http_office_config_report_t   *report;

    ngx_http_office_config_rules(r, &ctx->stamp.checkins);

    /* what has something apart is one check-in */

    array = ctx->apart->nvalues ? NULL
                                : ngx_http_office_config_reports_array(json);

    batch = ngx_pcalloc(r->pool, sizeof(ngx_http_office_config_reports_t));
    if (batch == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    batch->single = (array == NULL);
    batch->n = array ? json_array_size(array) : 1;

    if (batch->n > NGX_HTTP_OFFICE_CONFIG_MAX_BATCH) {
        return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                           "A request takes 1000 check-ins "
                                           "at most.");
    }

    batch->reports = ngx_pcalloc(r->pool, (batch->n + 1)
                                   * sizeof(ngx_http_office_config_report_t));
    if (batch->reports == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < batch->n; i++) {
        report = &batch->reports[i];

        rc = ngx_http_office_config_report_read(r, ctx, report,
                                                array ? json_array_get(array,
                                                                       i)
                                                      : json,
                                                arena, &fault);

        if (rc == NGX_ERROR || (rc != NGX_OK && batch->single)) {
            return ngx_http_office_config_fault(r, rc, &fault);
        }
    }

    ctx->reports = batch;

    rc = ngx_http_office_config_send_slice(r, ctx);

    return rc == NGX_BUSY ? NGX_DONE : rc;
}


/* The array that the document is, or has as its "value"; else NULL. */

static json_t *
ngx_http_office_config_reports_array(json_t *json)
{
    json_t  *value;

    if (json_is_array(json)) {
        return json;
    }

    value = json_is_object(json) && json_object_size(json) == 1
            ? oc_json_member(json, "value") : NULL;

    return value && json_is_array(value) ? value : NULL;
}


/*
 * Checks one check-in.  NGX_OK; NGX_DECLINED with "fault" and what it says in
 * the report; NGX_ERROR.
 */

static ngx_int_t
ngx_http_office_config_report_read(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_report_t *report, json_t *json, oc_arena_t *arena,
    oc_fault_t *fault)
{
    ngx_int_t     rc;
    oc_checkin_t  checkin;

    rc = oc_checkin_read(&checkin, json, ctx->apart, &ctx->stamp.checkins,
                         NULL, arena, fault);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        report->status = NGX_HTTP_BAD_REQUEST;

        if (ngx_http_office_config_copy(r, &report->message,
                                        fault->message.data,
                                        fault->message.len)
            != NGX_OK
            || ngx_http_office_config_copy(r, &report->target,
                                           fault->target.data,
                                           fault->target.len)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        return rc;
    }

    if (ngx_http_office_config_copy(r, &report->record, checkin.record.data,
                                    checkin.record.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->route.id.len || checkin.policies == NULL) {
        return NGX_OK;
    }

    return ngx_http_office_config_policies(r, report, checkin.policies);
}


/* The policies that can be ids of configurations. */

static ngx_int_t
ngx_http_office_config_policies(ngx_http_request_t *r,
    ngx_http_office_config_report_t *report, json_t *policies)
{
    json_t  *policy;
    size_t   i, n;

    n = json_array_size(policies);

    report->policies = ngx_palloc(r->pool, (n + 1) * sizeof(ngx_str_t));
    if (report->policies == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        policy = json_array_get(policies, i);

        if (!json_is_string(policy)
            || oc_id_valid((u_char *) json_string_value(policy),
                           json_string_length(policy))
               != NGX_OK)
        {
            continue;
        }

        if (ngx_http_office_config_copy(r,
                                   &report->policies[report->npolicies++],
                                   (u_char *) json_string_value(policy),
                                   json_string_length(policy))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_copy(ngx_http_request_t *r, ngx_str_t *dst,
    const u_char *data, size_t len)
{
    dst->len = len;
    dst->data = ngx_pnalloc(r->pool, len + 1);

    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    if (len) {
        ngx_memcpy(dst->data, data, len);
    }

    return NGX_OK;
}


/*
 * Stores the next check-ins, in one step.  NGX_BUSY, or if none are left, or
 * something failed, what the request is to be finalized with.
 */

static ngx_int_t
ngx_http_office_config_send_slice(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    u_char                            *p;
    size_t                             bytes;
    ngx_str_t                         *ids;
    ngx_uint_t                         i, j, n, nids, names;
    oc_store_checkin_t                *checkins;
    oc_store_checkins_t               *slice;
    ngx_http_office_config_reports_t  *batch;
    ngx_http_office_config_report_t   *report;

    batch = ctx->reports;

    n = 0;
    names = 0;
    bytes = 0;

    for (i = batch->pos; i < batch->n; i++) {
        report = &batch->reports[i];

        if (report->status) {
            continue;
        }

        if (n && (n == NGX_HTTP_OFFICE_CONFIG_SLICE
                  || bytes >= NGX_HTTP_OFFICE_CONFIG_SLICE_BYTES
                  || names + report->npolicies
                     > NGX_HTTP_OFFICE_CONFIG_SLICE_NAMES))
        {
            break;
        }

        n++;
        bytes += report->record.len;
        names += report->npolicies;
    }

    batch->end = i;

    if (i < batch->n && ngx_http_office_config_part_group(r)) {
        return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                           "There are more check-ins than can "
                                           "be taken all or not at all.");
    }

    /* if none can be taken, the configuration must exist all the same */

    if (n == 0 && (ctx->partial || ctx->route.id.len == 0)) {
        return ngx_http_office_config_send_reports(r, ctx);
    }

    slice = ngx_palloc(r->pool, sizeof(oc_store_checkins_t));
    checkins = ngx_palloc(r->pool, (n + 1) * sizeof(oc_store_checkin_t));
    ids = ngx_palloc(r->pool, (names + 1) * sizeof(ngx_str_t));
    p = ngx_pnalloc(r->pool, 2 * (names + 1));

    if (slice == NULL || checkins == NULL || ids == NULL || p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nids = 0;

    if (ctx->route.id.len) {
        ids[nids++] = ctx->route.id;
        p[0] = 0;
        p[1] = 1;
    }

    for (i = batch->pos, n = 0; i < batch->end; i++) {
        report = &batch->reports[i];

        if (report->status) {
            continue;
        }

        checkins[n].record = report->record;
        checkins[n].targets.data = p;
        checkins[n].targets.len = 2;

        if (ctx->route.id.len == 0) {
            checkins[n].targets.len = 2 * report->npolicies;

            for (j = 0; j < report->npolicies; j++) {
                ids[nids++] = report->policies[j];
                *p++ = (u_char) (nids >> 8);
                *p++ = (u_char) nids;
            }
        }

        n++;
    }

    slice->ids = ids;
    slice->nids = nids;
    slice->checkins = checkins;
    slice->n = n;
    slice->required = (ctx->route.id.len != 0);

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_slice_taken);

    if (oc_store_checkin(&ctx->call, slice) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_BUSY;
}


static ngx_int_t
ngx_http_office_config_slice_taken(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_uint_t                         i, status;
    ngx_http_office_config_reports_t  *batch;

    batch = ctx->reports;

    switch (ctx->call.status) {

    case OC_STORE_OK:
        status = NGX_HTTP_NO_CONTENT;
        break;

    case OC_STORE_NOT_FOUND:
        status = NGX_HTTP_NOT_FOUND;
        break;

    case OC_STORE_TIMEOUT:
    case OC_STORE_UNKNOWN:
        status = NGX_HTTP_GATEWAY_TIME_OUT;
        break;

    default:
        status = NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    for (i = batch->pos; i < batch->end; i++) {
        if (batch->reports[i].status == 0) {
            batch->reports[i].status = status;
        }
    }

    batch->pos = batch->end;

    if (status == NGX_HTTP_NO_CONTENT) {
        ctx->partial = 1;
        return ngx_http_office_config_send_slice(r, ctx);
    }

    /* what was taken is to be told; there is no use in going on */

    for ( /* void */ ; i < batch->n; i++) {
        if (batch->reports[i].status == 0) {
            batch->reports[i].status = (status == NGX_HTTP_NOT_FOUND)
                                       ? status : NGX_HTTP_SERVICE_UNAVAILABLE;
        }
    }

    return ngx_http_office_config_send_reports(r, ctx);
}


/* 204 for one; for an array what became of each. */

static ngx_int_t
ngx_http_office_config_send_reports(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    off_t                            total;
    u_char                          *p;
    size_t                           len;
    oc_buf_t                         b;
    ngx_int_t                        rc;
    ngx_uint_t                       i;
    oc_arena_t                       arena;
    ngx_chain_t                     *out, **last;
    ngx_http_office_config_reports_t  *batch;

    batch = ctx->reports;

    if (batch->single) {
        return ngx_http_office_config_send_nothing(r, ctx);
    }

    oc_arena_init(&arena, (size_t) -1);
    oc_buf_init(&b, &arena, 64 + 32 * batch->n);

    oc_buf_literal(&b, "{\"value\":[");

    for (i = 0; i < batch->n; i++) {

        if (i) {
            oc_buf_char(&b, ',');
        }

        ngx_http_office_config_write_report(&b, i, &batch->reports[i]);
    }

    oc_buf_literal(&b, "]}");

    len = oc_buf_len(&b);
    p = b.failed ? NULL : ngx_pnalloc(r->pool, len);

    if (p) {
        ngx_memcpy(p, b.start, len);
    }

    oc_arena_free(&arena);

    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    total = 0;
    last = &out;

    rc = ngx_http_office_config_append(r, &last, p, len, &total);

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
}


static void
ngx_http_office_config_write_report(oc_buf_t *b, ngx_uint_t index,
    ngx_http_office_config_report_t *report)
{
    ngx_str_t  code;

    oc_buf_literal(b, "{\"index\":");
    oc_buf_int(b, index);
    oc_buf_literal(b, ",\"status\":");
    oc_buf_int(b, report->status);

    switch (report->status) {

    case NGX_HTTP_NO_CONTENT:
        oc_buf_char(b, '}');
        return;

    case NGX_HTTP_BAD_REQUEST:
        ngx_str_set(&code, "badRequest");
        break;

    case NGX_HTTP_NOT_FOUND:
        ngx_str_set(&code, "notFound");
        ngx_str_set(&report->message,
                    "There is no client configuration with this id.");
        break;

    case NGX_HTTP_GATEWAY_TIME_OUT:
        ngx_str_set(&code, "gatewayTimeout");
        ngx_str_set(&report->message,
                    "The service did not answer in time. Whether the check-in "
                    "was taken is not known: send it again.");
        break;

    default:
        ngx_str_set(&code, "serviceUnavailable");
        ngx_str_set(&report->message,
                    "The check-in was not taken. Send it again later.");
    }

    oc_buf_literal(b, ",\"error\":{\"code\":\"");
    oc_buf_str(b, &code);
    oc_buf_literal(b, "\",\"message\":");
    oc_buf_json_string(b, report->message.data, report->message.len);

    if (report->target.len) {
        oc_buf_literal(b, ",\"target\":");
        oc_buf_json_string(b, report->target.data, report->target.len);
    }

    oc_buf_literal(b, "}}");
}
