
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "ngx_http_office_config_scan.h"
#include "ngx_http_office_config_skiptoken.h"


static ngx_int_t ngx_http_office_config_assignments_begin(
    ngx_http_request_t *r, ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_got_assignments(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_got_assignment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_add_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static ngx_int_t ngx_http_office_config_added(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_assignment_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static ngx_int_t ngx_http_office_config_assignment_changed(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/*
 * GET of the assignments of a configuration, of their $ref and $count, and of
 * one of them.  All are read: there are not many.
 */

ngx_int_t
ngx_http_office_config_assignments(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_office_config_list_t  *list;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT) {
        ngx_http_office_config_call(r, ctx,
                                    ngx_http_office_config_got_assignment);

        rc = oc_store_assignment(&ctx->call, &ctx->route.id,
                                 &ctx->route.assignment);

        return ngx_http_office_config_called(r, rc);
    }

    rc = ngx_http_office_config_list_create(r, ctx, &oc_type_assignment,
                                            &list);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    list->order = NGX_HTTP_OFFICE_CONFIG_BY_KEY;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_COUNT) {
        list->number = 1;
        list->counted = 1;

        ngx_http_office_config_call(r, ctx,
                                    ngx_http_office_config_got_assignments);

        if (list->options.filter == NULL && list->options.search == NULL) {
            rc = oc_store_assignment_count(&ctx->call, &ctx->route.id);

        } else {
            rc = oc_store_assignments(&ctx->call, &ctx->route.id);
        }

        return ngx_http_office_config_called(r, rc);
    }

    return ngx_http_office_config_list_start(list,
                                     ngx_http_office_config_assignments_begin);
}


static ngx_int_t
ngx_http_office_config_assignments_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_office_config_list_position(ctx->list,
                                    ngx_http_office_config_assignments_begin);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_http_office_config_call(r, ctx,
                                ngx_http_office_config_got_assignments);

    return oc_store_assignments(&ctx->call, &ctx->route.id) == NGX_OK
           ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_office_config_got_assignments(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_str_t                       fragment;
    ngx_http_office_config_list_t  *list;

    list = ctx->list;

    if (list->number && list->options.filter == NULL
        && list->options.search == NULL)
    {
        return ngx_http_office_config_send_count(r, ctx, ctx->call.count);
    }

    rc = ngx_http_office_config_items(list, ctx->call.page, ctx->call.npage);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (list->number) {
        return ngx_http_office_config_send_count(r, ctx,
                                                 (ngx_uint_t) list->count);
    }

    ctx->call.page = list->page;
    ctx->call.npage = list->npage;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF) {
        return ngx_http_office_config_send_references(list);
    }

    if (ngx_http_office_config_fragment(r, ctx, &fragment) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_list_send(list, &fragment);
}


static ngx_int_t
ngx_http_office_config_got_assignment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  digits;

    (void) oc_store_etag(&ctx->call.page[0], &digits);

    rc = ngx_http_office_config_check_etag(r, &digits);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_office_config_send_assignment(r, ctx, NGX_HTTP_OK);
}


/* POST of one. */

ngx_int_t
ngx_http_office_config_assignment_add(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_http_office_config_prefer(r, ctx);

    return ngx_http_office_config_read_json(r, ctx,
                                            ngx_http_office_config_add_json);
}


static ngx_int_t
ngx_http_office_config_add_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    ngx_int_t         rc;
    oc_fault_t        fault;
    oc_assignment_t   assignment;

    if (ngx_http_office_config_stamp(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = oc_assignment_create(&assignment, json, &ctx->stamp, arena, &fault);

    if (rc != NGX_OK) {
        return ngx_http_office_config_fault(r, rc, &fault);
    }

    ctx->route.assignment.data = ngx_pnalloc(r->pool, assignment.id.len);
    if (ctx->route.assignment.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->route.assignment.len = assignment.id.len;
    ngx_memcpy(ctx->route.assignment.data, assignment.id.data,
               assignment.id.len);

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_added);

    if (oc_store_assignment_add(&ctx->call, &ctx->route.id, &assignment,
                                &ctx->stamp)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_office_config_added(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  url, digits;

    digits.data = ctx->stamp.etag;
    digits.len = OC_ETAG_LEN;

    if (ngx_http_office_config_assignment_url(r, ctx, &url) != NGX_OK
        || ngx_http_office_config_etag_header(r, &digits) != NGX_OK
        || ngx_http_office_config_add_header(r, "Location", &url) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ctx->minimal) {
        return ngx_http_office_config_send_assignment(r, ctx,
                                                      NGX_HTTP_CREATED);
    }

    if (ngx_http_office_config_add_header(r, "OData-EntityId", &url)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send_nothing(r, ctx);
}


/* PATCH of one. */

ngx_int_t
ngx_http_office_config_assignment_update(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_http_office_config_prefer(r, ctx);

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_read_json(r, ctx,
                                      ngx_http_office_config_assignment_json);
}


static ngx_int_t
ngx_http_office_config_assignment_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    ngx_int_t     rc;
    oc_fault_t    fault;
    oc_change_t   change;

    rc = oc_change_entity(&change, &oc_type_assignment,
                          &ctx->route.assignment, json, 0, NULL, arena,
                          &fault);

    if (rc != NGX_OK) {
        return ngx_http_office_config_fault(r, rc, &fault);
    }

    if (ngx_http_office_config_body_etag(r, ctx, &change.etag) != NGX_OK
        || ngx_http_office_config_stamp(ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_office_config_call(r, ctx,
                                ngx_http_office_config_assignment_changed);

    if (oc_store_assignment_update(&ctx->call, &ctx->route.id,
                                   &ctx->route.assignment, &ctx->condition,
                                   &change, !ctx->minimal, &ctx->stamp)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


/*
 * DELETE of one: at its URL, or of the reference to it with $id (OData 4.01
 * Protocol, 11.4.6.2), which for what is contained is the same.
 */

ngx_int_t
ngx_http_office_config_assignment_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_office_config_route_t  route;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF) {

        if (ctx->query.id.len == 0) {
            return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                               "The query option $id must "
                                               "give the URL of an "
                                               "assignment.");
        }

        rc = ngx_http_office_config_route_url(r, ctx, &ctx->query.id, &route);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc != NGX_OK
            || route.resource != NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT
            || route.id.len != ctx->route.id.len
            || ngx_memcmp(route.id.data, ctx->route.id.data, route.id.len)
               != 0
            || !ngx_http_office_config_narrow(&ctx->route, route.cast))
        {
            return ngx_http_office_config_fail(r, NGX_HTTP_NOT_FOUND,
                                               "The URL in $id names no "
                                               "assignment of this client "
                                               "configuration.");
        }

        ctx->route.assignment = route.assignment;
    }

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK
        || ngx_http_office_config_stamp(ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_office_config_call(r, ctx,
                                ngx_http_office_config_assignment_changed);

    rc = oc_store_assignment_delete(&ctx->call, &ctx->route.id,
                                   &ctx->route.assignment, &ctx->condition,
                                   &ctx->stamp);

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_assignment_changed(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  digits;

    digits.data = ctx->stamp.etag;
    digits.len = OC_ETAG_LEN;

    if (r->method != NGX_HTTP_DELETE
        && ngx_http_office_config_etag_header(r, &digits) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->call.npage) {
        return ngx_http_office_config_send_assignment(r, ctx, NGX_HTTP_OK);
    }

    return ngx_http_office_config_send_nothing(r, ctx);
}
