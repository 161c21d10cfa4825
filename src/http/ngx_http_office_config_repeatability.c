
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"
#include "oc_span.h"


/* seconds: how long an answer is kept, how wrong a client's clock may be */

#define NGX_HTTP_OFFICE_CONFIG_REPEATABLE  86400
#define NGX_HTTP_OFFICE_CONFIG_SKEW        300


static ngx_int_t ngx_http_office_config_repeatability_fail(
    ngx_http_request_t *r, ngx_uint_t status, const char *message,
    ngx_int_t *rc);
static ngx_int_t ngx_http_office_config_guid(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t *guid);


/*
 * The headers of a repeatable request (OASIS Repeatable Requests 1.0).  NGX_OK
 * with the id in ctx->call, empty without one; or NGX_DECLINED with "rc" for
 * the request to be finalized with.
 */

ngx_int_t
ngx_http_office_config_repeatability(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_int_t *rc)
{
    time_t      sent;
    ngx_int_t   found;
    ngx_str_t  *id, *first_sent;

    id = &ctx->headers.repeatability_id;
    first_sent = &ctx->headers.repeatability_first_sent;

    if (id->len == 0 && first_sent->len == 0) {
        return NGX_OK;
    }

    found = ngx_http_office_config_guid(r->pool, id,
                                        &ctx->call.repeatability);

    if (found == NGX_ERROR) {
        *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NGX_DECLINED;
    }

    sent = ngx_parse_http_time(first_sent->data, first_sent->len);

    if (found != NGX_OK || sent == (time_t) NGX_ERROR) {
        return ngx_http_office_config_repeatability_fail(r,
                                     NGX_HTTP_BAD_REQUEST,
                                     "Repeatability-Request-ID must be a GUID "
                                     "and Repeatability-First-Sent an HTTP "
                                     "date.", rc);
    }

    if (sent < ngx_time() - NGX_HTTP_OFFICE_CONFIG_REPEATABLE
        || sent > ngx_time() + NGX_HTTP_OFFICE_CONFIG_SKEW)
    {
        return ngx_http_office_config_repeatability_fail(r,
                                     NGX_HTTP_PRECONDITION_FAILED,
                                     "The time in Repeatability-First-Sent is "
                                     "more than 24 hours ago or to come.", rc);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_repeatability_fail(ngx_http_request_t *r,
    ngx_uint_t status, const char *message, ngx_int_t *rc)
{
    ngx_str_t  value;

    ngx_str_set(&value, "rejected");

    if (ngx_http_office_config_add_header(r, "Repeatability-Result", &value)
        != NGX_OK)
    {
        *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else {
        *rc = ngx_http_office_config_fail(r, status, message);
    }

    return NGX_DECLINED;
}


/* A GUID in lower case.  NGX_DECLINED if it is none, NGX_ERROR: no memory. */

static ngx_int_t
ngx_http_office_config_guid(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t *guid)
{
    u_char  c;
    size_t  i;

    if (text->len != OC_UUID_LEN) {
        return NGX_DECLINED;
    }

    guid->data = ngx_pnalloc(pool, OC_UUID_LEN);
    if (guid->data == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < OC_UUID_LEN; i++) {
        c = ngx_tolower(text->data[i]);

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') {
                return NGX_DECLINED;
            }

        } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return NGX_DECLINED;
        }

        guid->data[i] = c;
    }

    guid->len = OC_UUID_LEN;

    return NGX_OK;
}


/*
 * Says that a repeatable request was carried out, now or before; what it made
 * before has the id of then.
 */

ngx_int_t
ngx_http_office_config_repeatability_result(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    u_char     *p, *last;
    ngx_str_t   name, value;

    if (ctx->call.repeatability.len == 0) {
        return NGX_OK;
    }

    if (ctx->call.repeated) {
        p = ctx->call.json.data + 1;
        last = ctx->call.json.data + ctx->call.json.len;

        do {
            p = oc_span_next(p, last, &name, &value);
            if (p == NULL) {
                return NGX_ERROR;
            }

        } while (name.len != 2 || ngx_strncmp(name.data, "id", 2) != 0);

        ctx->id.data = ngx_pnalloc(r->pool, value.len);
        if (ctx->id.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(ctx->id.data, value.data + 1, value.len - 2);
        ctx->id.len = oc_span_unescape(ctx->id.data, value.len - 2);
    }

    ngx_str_set(&value, "accepted");

    return ngx_http_office_config_add_header(r, "Repeatability-Result",
                                             &value);
}
