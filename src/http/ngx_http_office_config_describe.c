
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_json.h"
#include "oc_span.h"
#include "oc_url.h"


#define NGX_HTTP_OFFICE_CONFIG_MEDIA_TYPE                                     \
    "@odata.mediaContentType\":\"\","
#define NGX_HTTP_OFFICE_CONFIG_MEDIA_ETAG                                     \
    "@odata.mediaEtag\":\"\\\"\\\"\","


static ngx_int_t ngx_http_office_config_got_streams(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_describe_entity(ngx_http_request_t *r,
    ngx_str_t *streams, ngx_str_t *json);
static ngx_int_t ngx_http_office_config_describe_stream(ngx_http_request_t *r,
    ngx_str_t *stream, const ngx_str_t *property, ngx_str_t *json);


/*
 * Says in front of the streams of rendered configurations, which are those of
 * ctx->call, what media type and what ETag they have (OData JSON Format 4.01,
 * 4.6.13, 4.6.14, 9), if the answer is to have full control information.
 * NGX_OK if that is so or need not be; NGX_BUSY if "again" will be called once
 * more; else what the request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_describe(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *entities, ngx_uint_t n,
    ngx_http_office_config_answer_pt again)
{
    ngx_str_t   *ids;
    ngx_uint_t   i;

    if (ctx->format.level != OC_LEVEL_FULL || ctx->described || n == 0) {
        return NGX_OK;
    }

    ids = ngx_palloc(r->pool, n * sizeof(ngx_str_t));
    if (ids == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_office_config_entity_id(r->pool, &entities[i], &ids[i])
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ctx->described = 1;
    ctx->completed = again;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got_streams);

    return oc_store_streams(&ctx->call, ids, n) == NGX_OK
           ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_office_config_got_streams(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t        *entities;
    ngx_uint_t        i;
    oc_store_call_t  *call;

    call = &ctx->call;
    entities = ctx->list ? call->page : &call->json;

    for (i = 0; i < call->nstreams; i += 2) {
        if (ngx_http_office_config_describe_entity(r, &call->streams[i],
                                                   &entities[i / 2])
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ctx->completed(r, ctx);
}


static ngx_int_t
ngx_http_office_config_describe_entity(ngx_http_request_t *r,
    ngx_str_t *streams, ngx_str_t *json)
{
    static const ngx_str_t  policy = ngx_string("policyPayload");
    static const ngx_str_t  preference = ngx_string("userPreferencePayload");

    if (ngx_http_office_config_describe_stream(r, &streams[0], &policy, json)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_office_config_describe_stream(r, &streams[1], &preference,
                                                  json);
}


static ngx_int_t
ngx_http_office_config_describe_stream(ngx_http_request_t *r,
    ngx_str_t *stream, const ngx_str_t *property, ngx_str_t *json)
{
    u_char     *p, *at, *next, *last, *end;
    ngx_str_t   name, value, etag, media;

    last = json->data + json->len - 1;

    for (at = json->data + 1; /* void */ ; at = next) {

        next = oc_span_next(at, last, &name, &value);
        if (next == NULL) {
            return NGX_OK;
        }

        if (name.len == property->len
            && ngx_memcmp(name.data, property->data, name.len) == 0)
        {
            break;
        }
    }

    ngx_str_set(&media, "application/octet-stream");

    if (stream->len >= OC_ETAG_LEN) {
        etag.data = stream->data;
        etag.len = OC_ETAG_LEN;

        /* a header may have bytes that JSON may not */

        if (stream->len > OC_ETAG_LEN
            && oc_utf8_printable(stream->data + OC_ETAG_LEN,
                                 stream->len - OC_ETAG_LEN)
               == NGX_OK)
        {
            media.data = stream->data + OC_ETAG_LEN;
            media.len = stream->len - OC_ETAG_LEN;
        }

    } else if (oc_store_etag(json, &etag) != NGX_OK) {
        return NGX_ERROR;
    }

    at = name.data - 1;
    end = json->data + json->len;

    p = ngx_pnalloc(r->pool, json->len + 2 * (1 + property->len)
                             + sizeof(NGX_HTTP_OFFICE_CONFIG_MEDIA_TYPE) - 1
                             + sizeof(NGX_HTTP_OFFICE_CONFIG_MEDIA_ETAG) - 1
                             + oc_json_escaped_len(media.data, media.len)
                             + etag.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    next = ngx_cpymem(p, json->data, at - json->data);

    /* null is of no media type */

    if (value.data[0] == '"') {
        next = ngx_sprintf(next, "\"%V@odata.mediaContentType\":\"", property);
        next = oc_json_escape(next, media.data, media.len);
        *next++ = '"';
        *next++ = ',';
    }

    next = ngx_sprintf(next, "\"%V@odata.mediaEtag\":\"\\\"%V\\\"\",",
                       property, &etag);

    json->len = ngx_cpymem(next, at, end - at) - p;
    json->data = p;

    return NGX_OK;
}
