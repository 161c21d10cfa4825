
/*
 * Copyright (C) the authors of the nginx office configuration module
 */




#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "oc_buf.h"
#include "oc_span.h"


/* a record, and where it stands among the others */

typedef struct {
    uint32_t                  place;
    u_char                   *data;
    size_t                    len;
} ngx_http_office_config_item_t;


/* a token, decoded */

typedef struct {
    uint32_t                  from;
    u_char                    key[OC_CHECKIN_KEY_LEN];
    u_char                   *seen;
    ngx_uint_t                nseen;
} ngx_http_office_config_cursor_t;


static ngx_int_t ngx_http_office_config_cursor(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_cursor_t *cursor);
static ngx_int_t ngx_http_office_config_checkins_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_kept_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_collect(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_cursor_t *cursor, ngx_array_t *items);
static ngx_uint_t ngx_http_office_config_seen(
    ngx_http_office_config_cursor_t *cursor, u_char *key);
static int ngx_libc_cdecl ngx_http_office_config_compare(const void *one,
    const void *two);
static uint32_t ngx_http_office_config_place(const u_char *key);
static ngx_int_t ngx_http_office_config_render(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_http_office_config_item_t *item,
    ngx_uint_t n);
static ngx_int_t ngx_http_office_config_rest_link(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_cursor_t *cursor, ngx_str_t *link);


/*
 * GET of the check-ins of a configuration or of the tenant, and of their
 * $count.  The order is that of their keys, so that those that change in the
 * meantime keep their places.
 */

ngx_int_t
ngx_http_office_config_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                           rc;
    ngx_uint_t                          limit;
    ngx_http_office_config_cursor_t     cursor;
    ngx_http_office_config_loc_conf_t  *olcf;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_office_config_cursor(r, ctx, &cursor);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    limit = olcf->page_size;

    if (ctx->query.given & oc_option_bit(OC_OPTION_TOP)) {
        limit = ngx_min(limit, ctx->query.top);
    }

    /* none, but whether there could be some is of interest */

    if (limit == 0 || ctx->route.resource
                      == NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT)
    {
        limit = 0;

    } else {
        limit += cursor.nseen + 8;
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_checkins_page);

    rc = oc_store_checkins(&ctx->call,
                           ctx->route.id.len ? &ctx->route.id : NULL,
                           cursor.from, limit);

    return ngx_http_office_config_called(r, rc);
}


/* NGX_DECLINED, or what the request is to be finalized with. */

static ngx_int_t
ngx_http_office_config_cursor(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_cursor_t *cursor)
{
    ngx_str_t                         bytes, *token;
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(cursor, sizeof(ngx_http_office_config_cursor_t));

    token = &ctx->query.skiptoken;

    if (token->len == 0) {
        return NGX_DECLINED;
    }

    bytes.data = ngx_pnalloc(r->pool, ngx_base64_decoded_length(token->len));
    if (bytes.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_strlchr(token->data, token->data + token->len, '=')
        || ngx_decode_base64url(&bytes, token) != NGX_OK
        || bytes.len < NGX_HTTP_OFFICE_CONFIG_CURSOR_LEN
        || (bytes.len - NGX_HTTP_OFFICE_CONFIG_CURSOR_LEN)
           % NGX_HTTP_OFFICE_CONFIG_SEEN_LEN)
    {
        ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

        problem.status = NGX_HTTP_BAD_REQUEST;
        ngx_str_set(&problem.message, "A token from a next link is expected.");
        ngx_str_set(&problem.target, "$skiptoken");

        return ngx_http_office_config_problem(r, &problem);
    }

    cursor->from = ((uint32_t) bytes.data[0] << 24)
                   + ((uint32_t) bytes.data[1] << 16)
                   + ((uint32_t) bytes.data[2] << 8) + bytes.data[3];

    ngx_memcpy(cursor->key, bytes.data + 4, OC_CHECKIN_KEY_LEN);

    cursor->seen = bytes.data + NGX_HTTP_OFFICE_CONFIG_CURSOR_LEN;
    cursor->nseen = (bytes.len - NGX_HTTP_OFFICE_CONFIG_CURSOR_LEN)
                    / NGX_HTTP_OFFICE_CONFIG_SEEN_LEN;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_office_config_checkins_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t                           fragment, link;
    ngx_uint_t                          limit;
    ngx_array_t                         items;
    ngx_http_office_config_item_t      *item;
    ngx_http_office_config_cursor_t     cursor;
    ngx_http_office_config_loc_conf_t  *olcf;

    if (ctx->call.json.len) {
        return ngx_http_office_config_kept_checkins(r, ctx);
    }

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT) {
        return ngx_http_office_config_send_count(r, ctx, ctx->call.count);
    }

    if (ngx_http_office_config_cursor(r, ctx, &cursor) != NGX_DECLINED
        || ngx_http_office_config_fragment(r, ctx, &fragment) != NGX_OK
        || ngx_array_init(&items, r->pool, 128,
                          sizeof(ngx_http_office_config_item_t))
           != NGX_OK
        || ngx_http_office_config_collect(r, ctx, &cursor, &items) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    limit = olcf->page_size;

    if (ctx->query.given & oc_option_bit(OC_OPTION_TOP)) {
        limit = ngx_min(limit, ctx->query.top);
    }

    item = items.elts;

    ngx_qsort(item, items.nelts, sizeof(ngx_http_office_config_item_t),
              ngx_http_office_config_compare);

    /* the next page begins behind the last of this one, or where Redis says */

    if (items.nelts > limit) {
        items.nelts = limit;

        if (limit) {
            cursor.from = item[limit - 1].place;
            ngx_memcpy(cursor.key, item[limit - 1].data,
                       OC_CHECKIN_KEY_LEN);
        }

        ctx->call.from = cursor.from;

    } else if (ctx->call.from >= 0) {
        cursor.from = (uint32_t) ctx->call.from;
        ngx_memzero(cursor.key, OC_CHECKIN_KEY_LEN);
    }

    if (ngx_http_office_config_render(r, ctx, item, items.nelts) != NGX_OK
        || ngx_http_office_config_rest_link(r, ctx, &cursor, &link) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send_collection(r, ctx, &fragment, &link);
}


/* Check-ins that came with the entity and are in its JSON: one at most. */

static ngx_int_t
ngx_http_office_config_kept_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    u_char     *p, *last;
    ngx_str_t   name, value, fragment;

    last = ctx->call.json.data + ctx->call.json.len - 1;

    for (p = ctx->call.json.data + 1; p; /* void */) {
        p = oc_span_next(p, last, &name, &value);

        if (p && name.len == ctx->route.property->name.len
            && ngx_memcmp(name.data, ctx->route.property->name.data, name.len)
               == 0)
        {
            break;
        }
    }

    if (p == NULL || ngx_http_office_config_fragment(r, ctx, &fragment)
                     != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT) {
        return ngx_http_office_config_send_count(r, ctx, value.len > 2);
    }

    if (ctx->query.skiptoken.len
        || (ctx->query.given & oc_option_bit(OC_OPTION_TOP)
            && ctx->query.top == 0))
    {
        ngx_str_set(&value, "[]");
    }

    return ngx_http_office_config_send_value(r, ctx, &fragment, &value);
}


/* The records that the page may have. */

static ngx_int_t
ngx_http_office_config_collect(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_cursor_t *cursor, ngx_array_t *items)
{
    uint32_t                        place;
    ngx_str_t                      *record;
    ngx_uint_t                      i;
    ngx_http_office_config_item_t  *item;

    for (i = 0; i < ctx->call.npage; i++) {
        record = &ctx->call.page[i];

        if (record->len <= OC_CHECKIN_HEAD_LEN) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "unexpected data in Redis: check-ins");
            return NGX_ERROR;
        }

        place = ngx_http_office_config_place(record->data);

        if (place < cursor->from
            || (place == cursor->from
                && ngx_memcmp(record->data, cursor->key, OC_CHECKIN_KEY_LEN)
                   <= 0)
            || ngx_http_office_config_seen(cursor, record->data))
        {
            continue;
        }

        item = ngx_array_push(items);
        if (item == NULL) {
            return NGX_ERROR;
        }

        item->place = place;
        item->data = record->data;
        item->len = record->len;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_office_config_seen(ngx_http_office_config_cursor_t *cursor,
    u_char *key)
{
    u_char      *p;
    ngx_uint_t   i;

    p = cursor->seen;

    for (i = 0; i < cursor->nseen; i++) {
        if (ngx_memcmp(p, key, NGX_HTTP_OFFICE_CONFIG_SEEN_LEN) == 0) {
            return 1;
        }

        p += NGX_HTTP_OFFICE_CONFIG_SEEN_LEN;
    }

    return 0;
}


static int ngx_libc_cdecl
ngx_http_office_config_compare(const void *one, const void *two)
{
    const ngx_http_office_config_item_t  *a, *b;

    a = one;
    b = two;

    if (a->place != b->place) {
        return a->place < b->place ? -1 : 1;
    }

    return ngx_memcmp(a->data, b->data, OC_CHECKIN_KEY_LEN);
}


/*
 * The number that the page is in the order of: the bits of the first four
 * bytes from the last to the first, see store/scripts/checkins.lua.
 */

static uint32_t
ngx_http_office_config_place(const u_char *key)
{
    uint32_t  n;

    n = ((uint32_t) key[0] << 24) + ((uint32_t) key[1] << 16)
        + ((uint32_t) key[2] << 8) + key[3];

    n = ((n >> 1) & 0x55555555) | ((n & 0x55555555) << 1);
    n = ((n >> 2) & 0x33333333) | ((n & 0x33333333) << 2);
    n = ((n >> 4) & 0x0f0f0f0f) | ((n & 0x0f0f0f0f) << 4);
    n = ((n >> 8) & 0x00ff00ff) | ((n & 0x00ff00ff) << 8);

    return (n >> 16) | (n << 16);
}


/* Makes the JSON of the records the page of the call. */

static ngx_int_t
ngx_http_office_config_render(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_http_office_config_item_t *item,
    ngx_uint_t n)
{
    oc_buf_t     b;
    ngx_int_t    rc;
    ngx_str_t    record, *page;
    ngx_uint_t   i;
    oc_arena_t   arena;

    page = ngx_palloc(r->pool, (n + 1) * sizeof(ngx_str_t));
    if (page == NULL) {
        return NGX_ERROR;
    }

    oc_arena_init(&arena, (size_t) -1);

    rc = NGX_OK;

    for (i = 0; rc == NGX_OK && i < n; i++) {
        record.data = item[i].data;
        record.len = item[i].len;

        oc_buf_init(&b, &arena, 512);

        rc = oc_checkin_write(&b, &record);

        if (rc != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "unexpected data in Redis: a check-in");
            break;
        }

        page[i].len = oc_buf_len(&b);
        page[i].data = b.failed ? NULL : ngx_pnalloc(r->pool, page[i].len);

        if (page[i].data == NULL) {
            rc = NGX_ERROR;
            break;
        }

        ngx_memcpy(page[i].data, b.start, page[i].len);
    }

    oc_arena_free(&arena);

    ctx->call.page = page;
    ctx->call.npage = n;

    return rc;
}


/* The member that leads to the next page, with its comma, or nothing. */

static ngx_int_t
ngx_http_office_config_rest_link(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_cursor_t *cursor, ngx_str_t *link)
{
    u_char      *p;
    size_t       len;
    ngx_str_t    token, url;
    ngx_uint_t   top;

    ngx_str_null(link);

    top = 0;

    if (ctx->query.given & oc_option_bit(OC_OPTION_TOP)) {

        if (ctx->query.top <= ctx->call.npage) {
            return NGX_OK;
        }

        top = ctx->query.top - ctx->call.npage;
    }

    if (ctx->call.from < 0) {
        return NGX_OK;
    }

    len = cursor->nseen * NGX_HTTP_OFFICE_CONFIG_SEEN_LEN;

    token.len = NGX_HTTP_OFFICE_CONFIG_CURSOR_LEN + len;
    token.data = ngx_pnalloc(r->pool, token.len);

    if (token.data == NULL) {
        return NGX_ERROR;
    }

    p = token.data;

    *p++ = (u_char) (cursor->from >> 24);
    *p++ = (u_char) (cursor->from >> 16);
    *p++ = (u_char) (cursor->from >> 8);
    *p++ = (u_char) cursor->from;

    p = ngx_cpymem(p, cursor->key, OC_CHECKIN_KEY_LEN);

    if (len) {
        ngx_memcpy(p, cursor->seen, len);
    }

    if (ngx_http_office_config_checkins_url(r, ctx, &ctx->route.id, &token,
                                            top, &url)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    link->data = ngx_pnalloc(r->pool,
                             sizeof("\"@odata.nextLink\":\"\",") - 1
                             + oc_json_escaped_len(url.data, url.len));
    if (link->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(link->data, "\"@odata.nextLink\":\"",
                   sizeof("\"@odata.nextLink\":\"") - 1);
    p = oc_json_escape(p, url.data, url.len);
    *p++ = '"';
    *p++ = ',';

    link->len = p - link->data;

    return NGX_OK;
}
