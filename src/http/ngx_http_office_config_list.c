
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_scan.h"
#include "ngx_http_office_config_skiptoken.h"


static ngx_int_t ngx_http_office_config_list_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static void ngx_http_office_config_list_order(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_list_counted(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_list_read(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_list_got(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_list_scanned(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_list_answer(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_list_expanded(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_list_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment);
static ngx_int_t ngx_http_office_config_counted(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/* GET of the collection of configurations, or of its $ref: a page. */

ngx_int_t
ngx_http_office_config_list(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_office_config_list_t  *list;

    rc = ngx_http_office_config_list_create(r, ctx, &oc_type_configuration,
                                            &list);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_http_office_config_list_order(list);

    return ngx_http_office_config_list_start(list,
                                            ngx_http_office_config_list_begin);
}


/*
 * An order by the key, by the priority, or by the priority and the key, is
 * that of an index; nothing comes behind a key.
 */

static void
ngx_http_office_config_list_order(ngx_http_office_config_list_t *list)
{
    oc_orderby_t  *orderby;

    orderby = &list->options.orderby;

    list->order = NGX_HTTP_OFFICE_CONFIG_BY_ID;

    if (orderby->n) {

        list->descending = orderby->items[0].descending;

        switch (oc_expr_slot(orderby->items[0].expr)) {

        case OC_CONFIGURATION_ID:
            break;

        case OC_CONFIGURATION_PRIORITY:

            if (orderby->n == 1
                || (oc_expr_slot(orderby->items[1].expr)
                    == OC_CONFIGURATION_ID
                    && !orderby->items[1].descending))
            {
                list->order = NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY;
                break;
            }

            /* fall through */

        default:
            list->order = NGX_HTTP_OFFICE_CONFIG_BY_KEY;
            list->descending = 0;
        }
    }

    /* there is no index of a type: how many are of another is not known */

    list->scanned = list->options.filter || list->options.search
                    || list->ctx->route.cast
                    || list->order == NGX_HTTP_OFFICE_CONFIG_BY_KEY;
}


static ngx_int_t
ngx_http_office_config_list_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_office_config_list_t  *list;

    list = ctx->list;

    rc = ngx_http_office_config_list_position(list,
                                          ngx_http_office_config_list_begin);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (list->scanned && (list->limit || list->counted)) {
        return ngx_http_office_config_scan_configurations(list,
                                        ngx_http_office_config_list_scanned);
    }

    if (list->counted) {
        ngx_http_office_config_call(r, ctx,
                                    ngx_http_office_config_list_counted);

        return oc_store_count(&ctx->call) == NGX_OK
               ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_list_read(r, ctx);
}


static ngx_int_t
ngx_http_office_config_list_counted(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ctx->list->count = (int64_t) ctx->call.count;

    return ngx_http_office_config_list_read(r, ctx);
}


/* A page that is part of an index as it is. */

static ngx_int_t
ngx_http_office_config_list_read(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    oc_store_scan_t                *scan;
    ngx_http_office_config_list_t  *list;

    list = ctx->list;

    if (list->limit == 0) {
        return ngx_http_office_config_list_answer(r, ctx);
    }

    scan = &list->scan;

    scan->after.id = list->after.id;
    scan->after.priority = list->after.priority;
    scan->skip = list->skip;
    scan->limit = list->limit;
    scan->bytes = OC_STORE_PAGE_BYTES;
    scan->priority = (list->order == NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY);
    scan->descending = list->descending;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_list_got);

    return oc_store_scan(&ctx->call, scan) == NGX_OK
           ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_office_config_list_got(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_http_office_config_list_t  *list;

    list = ctx->list;

    list->page = ctx->call.page;
    list->npage = ctx->call.npage;

    if (list->scan.next.id.len) {
        list->next.id = list->scan.next.id;
        list->next.priority = list->scan.next.priority;
        list->next.given = 1;
    }

    return ngx_http_office_config_list_answer(r, ctx);
}


/* All that is wanted has been found, item by item. */

static ngx_int_t
ngx_http_office_config_list_scanned(ngx_http_office_config_list_t *list)
{
    ngx_http_office_config_ctx_t  *ctx;

    ctx = list->ctx;

    if (list->number) {
        return ngx_http_office_config_send_count(list->request, ctx,
                                                 (ngx_uint_t) list->count);
    }

    return ngx_http_office_config_list_answer(list->request, ctx);
}


static ngx_int_t
ngx_http_office_config_list_answer(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_office_config_list_t  *list;

    list = ctx->list;

    ctx->call.page = list->page;
    ctx->call.npage = list->npage;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF) {
        return ngx_http_office_config_send_references(list);
    }

    rc = ngx_http_office_config_describe(r, ctx, list->page, list->npage,
                                         ngx_http_office_config_list_answer);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_shows_checkins(ctx)) {
        rc = ngx_http_office_config_complete_page(r, ctx,
                                         ngx_http_office_config_list_answer);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    list->nexpanded = 0;

    return ngx_http_office_config_list_expanded(r, ctx);
}


static ngx_int_t
ngx_http_office_config_list_expanded(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  fragment;

    if (ctx->query.expand) {
        rc = ngx_http_office_config_expand_page(r, ctx,
                                        ngx_http_office_config_list_expanded);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_office_config_list_fragment(r, ctx, &fragment) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_list_send(ctx->list, &fragment);
}


static ngx_int_t
ngx_http_office_config_list_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment)
{
    if (ctx->route.cast == NULL) {
        ngx_str_set(fragment, NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT);
        return NGX_OK;
    }

    fragment->len = sizeof(NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                           "/" OC_NAMESPACE ".") - 1
                    + ctx->route.cast->name.len;

    fragment->data = ngx_pnalloc(r->pool, fragment->len);
    if (fragment->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(fragment->data,
                       NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                       "/" OC_NAMESPACE ".%V", &ctx->route.cast->name);

    return NGX_OK;
}


/* GET of the collection's $count. */

ngx_int_t
ngx_http_office_config_count(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_office_config_list_t  *list;

    rc = ngx_http_office_config_list_create(r, ctx, &oc_type_configuration,
                                            &list);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (list->options.filter || list->options.search || ctx->route.cast) {
        list->number = 1;
        list->counted = 1;

        return ngx_http_office_config_busy(r,
                    ngx_http_office_config_scan_configurations(list,
                                        ngx_http_office_config_list_scanned));
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_counted);

    rc = oc_store_count(&ctx->call);

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_counted(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_send_count(r, ctx, ctx->call.count);
}
