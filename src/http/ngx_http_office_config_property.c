
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_body.h"
#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "oc_buf.h"
#include "oc_json.h"
#include "oc_span.h"


static ngx_int_t ngx_http_office_config_got_property(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_send_text(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *value);
static ngx_int_t ngx_http_office_config_property_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static void ngx_http_office_config_value_body(ngx_http_request_t *r);
static ngx_uint_t ngx_http_office_config_is_number(ngx_str_t *text);
static ngx_int_t ngx_http_office_config_value_handle(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_property_changed(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/* GET of a property, and of its $value. */

ngx_int_t
ngx_http_office_config_property_get(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_str_t                        id;
    ngx_http_office_config_route_t  *route;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got_property);

    route = &ctx->route;
    id = route->id;

    if (id.len == 0) {
        ngx_str_set(&id, OC_SINGLETON_ID);
    }

    if (route->property->type == &oc_type_checkin_summary) {
        rc = oc_store_summary(&ctx->call, route->id.len ? &route->id : NULL,
                              &route->property->name,
                              route->member ? &route->member->name : NULL);

    } else {
        rc = oc_store_property(&ctx->call, &id, route->id.len == 0,
                               &route->property->name, NULL);
    }

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_got_property(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  fragment;

    /* what changes without the ETag has none */

    if (ctx->call.etag.len) {
        rc = ngx_http_office_config_check_etag(r, &ctx->call.etag);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ctx->route.value) {
        return ngx_http_office_config_send_text(r, ctx, &ctx->call.json);
    }

    if (ngx_http_office_config_fragment(r, ctx, &fragment) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send_value(r, ctx, &fragment,
                                             &ctx->call.json);
}


/* The raw value (OData 4.01 Protocol, 11.2.4.1); null has no content. */

static ngx_int_t
ngx_http_office_config_send_text(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *value)
{
    off_t         total;
    u_char       *p;
    size_t        len;
    ngx_chain_t  *out, **last;

    p = value->data;
    len = value->len;

    if (len == 4 && ngx_strncmp(p, "null", 4) == 0) {
        return ngx_http_office_config_send_nothing(r, ctx);
    }

    if (*p == '"') {
        p++;
        len = oc_span_unescape(p, len - 2);
    }

    out = NULL;
    total = 0;
    last = &out;

    if (ngx_http_office_config_append(r, &last, p, len, &total) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_office_config_text_type(r, ctx);

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
}


/* PUT of a property, PATCH of a complex one. */

ngx_int_t
ngx_http_office_config_property_put(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_http_office_config_prefer(r, ctx);

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_read_json(r, ctx,
                                        ngx_http_office_config_property_json);
}


/* DELETE of a property: null, or an empty collection. */

ngx_int_t
ngx_http_office_config_property_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t   rc;
    oc_arena_t  arena;

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    oc_arena_init(&arena, (size_t) -1);

    rc = ngx_http_office_config_property_json(r, ctx, NULL, &arena);

    oc_arena_free(&arena);

    if (rc == NGX_DONE) {
        r->main->count++;
        ngx_http_office_config_wait(r);
    }

    return rc;
}


/* "json" NULL: the property is deleted. */

static ngx_int_t
ngx_http_office_config_property_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    ngx_int_t                        rc;
    oc_fault_t                       fault;
    oc_change_t                      change;
    oc_store_update_t                update;
    ngx_http_office_config_route_t  *route;

    route = &ctx->route;

    if (ngx_http_office_config_stamp(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = oc_change_property(&change, route->property, route->member, json,
                            r->method != NGX_HTTP_PATCH, &ctx->stamp.checkins,
                            arena, &fault);

    if (rc != NGX_OK) {
        return ngx_http_office_config_fault(r, rc, &fault);
    }

    ngx_memzero(&update, sizeof(oc_store_update_t));

    update.id = route->id;
    update.condition = ctx->condition;
    update.change = &change;
    update.stamp = &ctx->stamp;

    /* of what is written as a whole, only an object is worth sending back */

    if (json && route->member == NULL && !ctx->minimal
        && route->resource != NGX_HTTP_OFFICE_CONFIG_CHECKINS
        && (ctx->representation
            || route->resource == NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX))
    {
        update.want = route->property->name;
    }

    ngx_http_office_config_call(r, ctx,
                                ngx_http_office_config_property_changed);

    if (oc_store_update(&ctx->call, &update) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_office_config_property_changed(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  digits, fragment;

    digits.data = ctx->stamp.etag;
    digits.len = OC_ETAG_LEN;

    if (ngx_http_office_config_etag_header(r, &digits) != NGX_OK
        || ngx_http_office_config_fragment(r, ctx, &fragment) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->call.json.len == 0) {

        /* a preference for the representation was not honoured */

        ctx->representation = 0;
        return ngx_http_office_config_send_nothing(r, ctx);
    }

    return ngx_http_office_config_send_value(r, ctx, &fragment,
                                             &ctx->call.json);
}


/* PUT of a $value: the body is the value itself. */

ngx_int_t
ngx_http_office_config_value_put(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_uint_t  gzip;

    ngx_http_office_config_prefer(r, ctx);

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_office_config_body_encoding(ctx, &gzip) != NGX_OK) {
        return ngx_http_office_config_bad_encoding(r);
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_office_config_value_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_office_config_value_body(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    rc = ngx_http_office_config_value_handle(r, ctx);

    if (rc == NGX_DONE) {
        ngx_http_office_config_wait(r);
        return;
    }

    ngx_http_finalize_request(r, rc);
}


/* Digits, of which those that are no JSON number are refused as such. */

static ngx_uint_t
ngx_http_office_config_is_number(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if ((text->data[i] < '0' || text->data[i] > '9')
            && (i || text->data[i] != '-'))
        {
            return 0;
        }
    }

    return text->len != 0;
}


/* The value is checked as the "value" of a JSON document would be. */

static ngx_int_t
ngx_http_office_config_value_handle(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    json_t               *json;
    oc_buf_t              b;
    ngx_int_t             rc;
    ngx_str_t             body;
    oc_arena_t            arena;
    oc_json_error_t       err;
    const oc_property_t  *property;

    if (ngx_http_office_config_plain_body(r, ctx, &body, &rc) != NGX_OK) {
        return rc;
    }

    property = ctx->route.member ? ctx->route.member : ctx->route.property;

    if (property->edm != OC_EDM_STRING
        && ngx_http_office_config_is_number(&body) == 0)
    {
        return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                           "A number is expected in the "
                                           "body.");
    }

    oc_arena_init(&arena, (size_t) -1);
    oc_buf_init(&b, &arena, body.len + 64);

    oc_buf_literal(&b, "{\"value\":");

    if (property->edm == OC_EDM_STRING) {
        oc_buf_json_string(&b, body.data, body.len);

    } else {
        oc_buf_append(&b, body.data, body.len);
    }

    oc_buf_char(&b, '}');

    json = b.failed ? NULL
                    : oc_json_decode(&arena, b.start, oc_buf_len(&b), &err);

    if (b.failed || (json == NULL && err.status == OC_JSON_NO_MEMORY)) {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else if (json == NULL) {
        rc = ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                         "The body is not a value of the "
                                         "property's type.");

    } else {
        rc = ngx_http_office_config_property_json(r, ctx, json, &arena);
    }

    oc_arena_free(&arena);

    return rc;
}
