
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_json.h"


static ngx_int_t ngx_http_office_config_create_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static json_t *ngx_http_office_config_reference(json_t *json);
static ngx_int_t ngx_http_office_config_add_reference(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *reference);
static ngx_int_t ngx_http_office_config_insert(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static ngx_int_t ngx_http_office_config_created(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_created_live(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_referred(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/*
 * POST to the collection, perhaps behind a cast, and to its $ref (api.md, 3
 * and 4).
 */

ngx_int_t
ngx_http_office_config_create(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_office_config_prefer(r, ctx);

    if (ngx_http_office_config_repeatability(r, ctx, &rc) != NGX_OK) {
        return rc;
    }

    return ngx_http_office_config_read_json(r, ctx,
                                          ngx_http_office_config_create_json);
}


static ngx_int_t
ngx_http_office_config_create_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    json_t  *reference;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF) {
        reference = ngx_http_office_config_reference(json);

        if (reference) {
            return ngx_http_office_config_add_reference(r, ctx, reference);
        }
    }

    return ngx_http_office_config_insert(r, ctx, json, arena);
}


/*
 * The reference in a body for $ref: the value of @odata.id or @id, if there
 * is no property beside it; NULL if the body is something else.
 */

static json_t *
ngx_http_office_config_reference(json_t *json)
{
    void       *iter;
    json_t     *reference;
    ngx_str_t   name;

    if (!json_is_object(json)) {
        return NULL;
    }

    for (iter = json_object_iter(json);
         iter;
         iter = json_object_iter_next(json, iter))
    {
        name = oc_json_member_name(iter);

        if (memchr(name.data, '@', name.len) == NULL) {
            return NULL;
        }
    }

    reference = oc_json_member(json, "@odata.id");

    if (reference == NULL) {
        reference = oc_json_member(json, "@id");
    }

    /* no property and no reference: the null says so */

    return reference ? reference : json_null();
}


/*
 * The collection contains its members, so a reference can only name one that
 * is in it already: 204, as often as it is sent.
 */

static ngx_int_t
ngx_http_office_config_add_reference(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *reference)
{
    ngx_int_t                       rc;
    ngx_str_t                       url;
    ngx_http_office_config_route_t  route;

    if (!json_is_string(reference)) {
        return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                           "The properties of a client "
                                           "configuration, or an @odata.id "
                                           "with the URL of one are "
                                           "expected.");
    }

    url.data = (u_char *) json_string_value(reference);
    url.len = json_string_length(reference);

    rc = ngx_http_office_config_route_url(r, ctx, &url, &route);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED
        || route.resource != NGX_HTTP_OFFICE_CONFIG_CONFIGURATION
        || !ngx_http_office_config_narrow(&route, ctx->route.cast))
    {
        return ngx_http_office_config_fail(r, NGX_HTTP_NOT_FOUND,
                                           "The URL names no client "
                                           "configuration of this "
                                           "collection.");
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_referred);

    ctx->call.cast = route.cast;

    if (oc_store_exists(&ctx->call, &route.id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_office_config_referred(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_send_nothing(r, ctx);
}


static ngx_int_t
ngx_http_office_config_insert(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    ngx_int_t    rc;
    oc_fault_t   fault;
    oc_entity_t  entity;

    if (ngx_http_office_config_stamp(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = oc_entity_create(&entity, json,
                          ctx->route.cast ? ctx->route.cast
                                          : &oc_type_configuration,
                          &ctx->stamp, arena, &fault);

    if (rc != NGX_OK) {
        return ngx_http_office_config_fault(r, rc, &fault);
    }

    ctx->id.data = ngx_pnalloc(r->pool, entity.id.len);
    if (ctx->id.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->id.len = entity.id.len;
    ngx_memcpy(ctx->id.data, entity.id.data, entity.id.len);

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_created);

    if (oc_store_create(&ctx->call, &entity) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


/*
 * 201 with what was stored, assignments that came with the entity included;
 * or 204 if the client prefers that.
 */

static ngx_int_t
ngx_http_office_config_created(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  location, digits;

    (void) oc_store_etag(&ctx->call.json, &digits);

    if (ngx_http_office_config_repeatability_result(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_office_config_item_url(r, ctx, &ctx->id, &location) != NGX_OK
        || ngx_http_office_config_etag_header(r, &digits) != NGX_OK
        || ngx_http_office_config_add_header(r, "Location", &location)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ctx->minimal) {
        ctx->route.id = ctx->id;

        return ngx_http_office_config_complete(r, ctx,
                                          ngx_http_office_config_created_live);
    }

    if (ngx_http_office_config_add_header(r, "OData-EntityId", &location)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send_nothing(r, ctx);
}


static ngx_int_t
ngx_http_office_config_created_live(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_send_entity(r, ctx, NGX_HTTP_CREATED);
}
