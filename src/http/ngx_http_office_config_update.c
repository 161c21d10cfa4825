
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"


static ngx_int_t ngx_http_office_config_update_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static ngx_int_t ngx_http_office_config_updated(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_updated_live(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/* PATCH and PUT of a configuration, PATCH of the singleton. */

ngx_int_t
ngx_http_office_config_update(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_http_office_config_prefer(r, ctx);

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_read_json(r, ctx,
                                          ngx_http_office_config_update_json);
}


static ngx_int_t
ngx_http_office_config_update_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    ngx_int_t            rc;
    oc_fault_t           fault;
    oc_change_t          change;
    const oc_type_t     *type;
    oc_store_update_t    update;

    ngx_memzero(&update, sizeof(oc_store_update_t));

    update.id = ctx->route.id;
    type = &oc_type_configuration;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_SINGLETON) {
        ngx_str_set(&update.id, OC_SINGLETON_ID);
        update.singleton = 1;
        type = &oc_type_office_configuration;
    }

    if (ngx_http_office_config_stamp(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = oc_change_entity(&change, type, &update.id, json,
                          r->method == NGX_HTTP_PUT, &ctx->stamp.checkins,
                          arena, &fault);

    if (rc != NGX_OK) {
        return ngx_http_office_config_fault(r, rc, &fault);
    }

    if (ngx_http_office_config_body_etag(r, ctx, &change.etag) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    update.condition = ctx->condition;
    update.change = &change;
    update.stamp = &ctx->stamp;

    if (!ctx->minimal) {
        ngx_str_set(&update.want, "*");

        if (ctx->query.expand) {
            ngx_str_set(&update.want, "+");
        }
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_updated);

    if (oc_store_update(&ctx->call, &update) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_office_config_updated(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  digits;

    if (!ctx->minimal) {
        return ngx_http_office_config_complete(r, ctx,
                                          ngx_http_office_config_updated_live);
    }

    digits.data = ctx->stamp.etag;
    digits.len = OC_ETAG_LEN;

    if (ngx_http_office_config_etag_header(r, &digits) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send_nothing(r, ctx);
}


static ngx_int_t
ngx_http_office_config_updated_live(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_send_entity(r, ctx, NGX_HTTP_OK);
}
