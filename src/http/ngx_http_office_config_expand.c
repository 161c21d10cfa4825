
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "ngx_http_office_config_scan.h"
#include "oc_buf.h"


/* entities of a page whose assignments are read at once */

#define NGX_HTTP_OFFICE_CONFIG_EXPAND_SLICE  16


static ngx_int_t ngx_http_office_config_got_expanded(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static void ngx_http_office_config_cut(ngx_http_office_config_list_t *list,
    ngx_str_t *id, ngx_str_t *json);
static ngx_int_t ngx_http_office_config_write_expanded(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, oc_buf_t *b, ngx_str_t *id,
    ngx_str_t *items, ngx_uint_t n);


/*
 * The members that $expand adds to an entity, from the comma in front of them
 * on; "json" is the entity, "items" are its assignments.  NGX_DECLINED, or
 * what the request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_expanded(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *json, ngx_str_t *id,
    ngx_str_t *items, ngx_uint_t n, ngx_str_t *members)
{
    oc_buf_t          b;
    ngx_int_t         rc;
    oc_arena_t        arena;
    const oc_type_t  *cast;

    cast = ctx->expand.items[0].cast;

    if (cast && oc_select_type(json) != cast) {
        ngx_str_null(members);
        return NGX_DECLINED;
    }

    oc_arena_init(&arena, (size_t) -1);
    oc_buf_init(&b, &arena, 1024);

    rc = ngx_http_office_config_write_expanded(r, ctx, &b, id, items, n);

    if (rc == NGX_DECLINED) {
        members->len = oc_buf_len(&b);
        members->data = b.failed ? NULL : ngx_pnalloc(r->pool, members->len);

        if (members->data) {
            ngx_memcpy(members->data, b.start, members->len);

        } else {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    oc_arena_free(&arena);

    return rc;
}


static ngx_int_t
ngx_http_office_config_write_expanded(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, oc_buf_t *b, ngx_str_t *id,
    ngx_str_t *items, ngx_uint_t n)
{
    oc_heap_t                          heap;
    ngx_int_t                          rc;
    ngx_str_t                         *page, item;
    ngx_uint_t                         i, npage, count, limit;
    ngx_time_t                        *tp;
    oc_expand_item_t                  *expand;
    ngx_http_office_config_options_t   options;

    expand = &ctx->expand.items[0];

    ngx_memzero(&options, sizeof(ngx_http_office_config_options_t));

    options.filter = expand->filter;
    options.search = expand->search;
    options.orderby = expand->orderby;

    if (ctx->eval == NULL
        && (options.filter || options.search || options.orderby.n))
    {
        tp = ngx_timeofday();

        ctx->eval = oc_eval_create(r->pool,
                                   (int64_t) tp->sec * 1000 + tp->msec);
        if (ctx->eval == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    limit = expand->given & oc_option_bit(OC_OPTION_TOP) ? expand->top : n;

    rc = ngx_http_office_config_choose(r, ctx->eval, &options, items, n, NULL,
                                       expand->skip, limit, &page, &npage,
                                       &count, &heap);
    oc_heap_free(&heap);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (expand->kind == OC_EXPAND_COUNT || expand->count) {
        oc_buf_literal(b, ",\"assignments@odata.count\":");
        oc_buf_int(b, count);
    }

    if (expand->kind == OC_EXPAND_COUNT) {
        return NGX_DECLINED;
    }

    oc_buf_literal(b, ",\"assignments\":[");

    for (i = 0; i < npage; i++) {

        if (i) {
            oc_buf_char(b, ',');
        }

        item = page[i];

        if (expand->kind == OC_EXPAND_REF) {
            if (ngx_http_office_config_make_reference(r, ctx, id, &item)
                != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

        } else if (expand->select.n) {
            if (ngx_http_office_config_project_entity(r, ctx, &expand->select,
                                                      &oc_type_assignment, id,
                                                      &item)
                != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

        oc_buf_str(b, &item);
    }

    oc_buf_char(b, ']');

    return NGX_DECLINED;
}


/*
 * Adds to the entities of the page in ctx->call what $expand asks for, and
 * leaves of the entities what $select asks for, then answers.  NGX_OK if that
 * is done; NGX_BUSY if "answer" will be called once more; else what the
 * request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_expand_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_http_office_config_answer_pt answer)
{
    ngx_str_t                      *ids;
    ngx_uint_t                      i, n;
    oc_store_call_t                *call;
    ngx_http_office_config_list_t  *list;

    list = ctx->list;
    call = &ctx->call;

    n = ngx_min(call->npage - list->nexpanded,
                NGX_HTTP_OFFICE_CONFIG_EXPAND_SLICE);

    if (n == 0) {
        return NGX_OK;
    }

    ids = ngx_palloc(r->pool, n * sizeof(ngx_str_t));
    if (ids == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_office_config_entity_id(r->pool,
                                             &call->page[list->nexpanded + i],
                                             &ids[i])
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    list->ids = ids;
    ctx->completed = answer;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got_expanded);

    return oc_store_expand(call, ids, n) == NGX_OK
           ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_office_config_got_expanded(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    u_char                         *p;
    ngx_int_t                       rc;
    ngx_str_t                      *json, members, whole;
    ngx_uint_t                      i;
    oc_store_call_t                *call;
    ngx_http_office_config_list_t  *list;

    list = ctx->list;
    call = &ctx->call;

    for (i = 0; i < call->nexpanded; i++) {

        json = &call->page[list->nexpanded];
        whole = *json;

        rc = ngx_http_office_config_expanded(r, ctx, json, &list->ids[i],
                                             call->expanded[i].items,
                                             call->expanded[i].n, &members);
        if (rc != NGX_DECLINED) {
            return rc;
        }

        if (ctx->query.select.n
            && ngx_http_office_config_project(r, ctx, json) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (members.len) {
            p = ngx_pnalloc(r->pool, json->len + members.len);
            if (p == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            ngx_memcpy(p, json->data, json->len - 1);
            ngx_memcpy(p + json->len - 1, members.data, members.len);
            p[json->len + members.len - 1] = '}';

            json->data = p;
            json->len += members.len;
        }

        list->nexpanded++;
        list->expanded_bytes += json->len;

        if (list->expanded_bytes >= OC_STORE_PAGE_BYTES
            && list->nexpanded < call->npage)
        {
            ngx_http_office_config_cut(list, &list->ids[i], &whole);
            break;
        }
    }

    return ctx->completed(r, ctx);
}


/* The page ends behind the entity that was completed last. */

static void
ngx_http_office_config_cut(ngx_http_office_config_list_t *list, ngx_str_t *id,
    ngx_str_t *json)
{
    ngx_uint_t       i;
    oc_heap_item_t  *item;

    list->npage = list->nexpanded;
    list->ctx->call.npage = list->nexpanded;

    list->next.given = 1;
    list->next.skip = 0;
    list->next.id = *id;

    if (list->order == NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY) {
        list->next.priority = oc_store_priority(json);
        return;
    }

    for (i = 0; i < list->heap.n; i++) {

        item = list->heap.items[i];

        if (item->id_len == id->len
            && ngx_memcmp(item->data + item->len, id->data, id->len) == 0)
        {
            list->next.key.data = item->data;
            list->next.key.len = item->len;
            return;
        }
    }
}
