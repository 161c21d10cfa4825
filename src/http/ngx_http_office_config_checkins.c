
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_scan.h"
#include "ngx_http_office_config_skiptoken.h"
#include "oc_span.h"


/* a record, and where it stands among the others */

typedef struct {
    uint32_t                  place;
    u_char                   *data;
    size_t                    len;
} ngx_http_office_config_item_t;


static ngx_int_t ngx_http_office_config_checkins_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_checkins_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_checkins_scan(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_checkins_done(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_kept_checkins(
    ngx_http_office_config_list_t *list, ngx_str_t *json);
static ngx_int_t ngx_http_office_config_checkins_answer(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_collect(
    ngx_http_office_config_list_t *list, oc_store_call_t *call,
    ngx_pool_t *pool, ngx_uint_t seen);
static ngx_uint_t ngx_http_office_config_seen(
    ngx_http_office_config_position_t *position, u_char *key);
static int ngx_libc_cdecl ngx_http_office_config_compare(const void *one,
    const void *two);
static uint32_t ngx_http_office_config_place(const u_char *key);
static ngx_int_t ngx_http_office_config_render(
    ngx_http_office_config_list_t *list, ngx_pool_t *pool,
    const ngx_str_t *record, ngx_str_t *json);
static ngx_int_t ngx_http_office_config_read_records(
    ngx_http_office_config_list_t *list, ngx_uint_t size);
static ngx_int_t ngx_http_office_config_took_records(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_record_json(
    ngx_http_office_config_list_t *list, oc_subject_t *subject);
static ngx_int_t ngx_http_office_config_record_id(
    ngx_http_office_config_list_t *list, ngx_str_t *id);
static ngx_int_t ngx_http_office_config_record_place(
    ngx_http_office_config_list_t *list,
    ngx_http_office_config_position_t *position);
static ngx_int_t ngx_http_office_config_pick_records(
    ngx_http_office_config_list_t *list);


static const ngx_http_office_config_source_t  ngx_http_office_config_records =
{
    ngx_http_office_config_read_records,
    ngx_http_office_config_took_records,
    ngx_http_office_config_record_json,
    ngx_http_office_config_record_id,
    ngx_http_office_config_record_place,
    ngx_http_office_config_pick_records,
    OC_CHECKIN_KEY_LEN
};


static u_char  ngx_http_office_config_no_key[OC_CHECKIN_KEY_LEN];


/*
 * GET of the check-ins of a configuration or of the tenant, and of their
 * $count.  The order is that of their keys, so that those that change in the
 * meantime keep their places.
 */

ngx_int_t
ngx_http_office_config_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_office_config_list_t  *list;

    rc = ngx_http_office_config_list_create(r, ctx, &oc_type_checkin_status,
                                            &list);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    list->order = list->options.orderby.n ? NGX_HTTP_OFFICE_CONFIG_BY_KEY
                                          : NGX_HTTP_OFFICE_CONFIG_BY_PLACE;

    list->scanned = list->options.filter || list->options.search
                    || list->options.orderby.n || list->skip;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT) {
        list->number = 1;
        list->counted = 1;

        return ngx_http_office_config_busy(r,
                             ngx_http_office_config_checkins_begin(r, ctx));
    }

    return ngx_http_office_config_list_start(list,
                                        ngx_http_office_config_checkins_begin);
}


static ngx_int_t
ngx_http_office_config_checkins_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_uint_t                      limit;
    ngx_http_office_config_list_t  *list;

    list = ctx->list;

    if (!list->number) {
        rc = ngx_http_office_config_list_position(list,
                                       ngx_http_office_config_checkins_begin);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (list->after.skip) {
        list->scanned = 1;
    }

    if (list->scanned && (list->limit || list->counted)) {
        return ngx_http_office_config_checkins_scan(list);
    }

    /* none, but whether there could be some is of interest */

    limit = list->number || list->limit == 0
            ? 0 : list->limit + list->after.nseen + 8;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_checkins_page);

    return oc_store_checkins(&ctx->call,
                             ctx->route.id.len ? &ctx->route.id : NULL,
                             list->after.place, limit)
           == NGX_OK ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* A page that is as it was read. */

static ngx_int_t
ngx_http_office_config_checkins_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_uint_t                      i;
    ngx_http_office_config_list_t  *list;

    list = ctx->list;

    if (ctx->call.json.len) {
        return ngx_http_office_config_kept_checkins(list, &ctx->call.json);
    }

    if (list->number) {
        return ngx_http_office_config_send_count(r, ctx, ctx->call.count);
    }

    if (list->counted) {
        list->count = ctx->call.count;
    }

    if (ngx_http_office_config_collect(list, &ctx->call, r->pool, 1)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list->npage = ngx_min(list->nitems, list->limit);

    list->page = ngx_palloc(r->pool, (list->npage + 1) * sizeof(ngx_str_t));
    if (list->page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < list->npage; i++) {
        if (ngx_http_office_config_render(list, r->pool, &list->items[i],
                                          &list->page[i])
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* the next page begins behind the last of this one, or where Redis says */

    if (list->nitems > list->npage) {
        list->next.given = 1;

        if (list->npage) {
            list->i = list->npage - 1;

            if (ngx_http_office_config_record_place(list, &list->next)
                != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

        } else {
            list->next.place = list->after.place;
            list->next.id = list->after.id;
        }

    } else if (ctx->call.from >= 0) {
        list->next.given = 1;
        list->next.place = (uint32_t) ctx->call.from;
    }

    list->next.seen = list->after.seen;
    list->next.nseen = list->after.nseen;

    return ngx_http_office_config_checkins_answer(list);
}


static ngx_int_t
ngx_http_office_config_checkins_scan(ngx_http_office_config_list_t *list)
{
    list->source = &ngx_http_office_config_records;
    list->done = ngx_http_office_config_checkins_done;

    return ngx_http_office_config_scan(list);
}


static ngx_int_t
ngx_http_office_config_checkins_done(ngx_http_office_config_list_t *list)
{
    if (list->call.json.len) {
        return ngx_http_office_config_kept_checkins(list, &list->call.json);
    }

    if (list->number) {
        return ngx_http_office_config_send_count(list->request, list->ctx,
                                                 (ngx_uint_t) list->count);
    }

    return ngx_http_office_config_checkins_answer(list);
}


/* Check-ins that came with the entity and are in its JSON: one at most. */

static ngx_int_t
ngx_http_office_config_kept_checkins(ngx_http_office_config_list_t *list,
    ngx_str_t *json)
{
    u_char                        *p, *last;
    ngx_int_t                      rc;
    ngx_str_t                      name, value;
    ngx_uint_t                     n;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = list->ctx;

    last = json->data + json->len - 1;

    for (p = json->data + 1; p; /* void */ ) {
        p = oc_span_next(p, last, &name, &value);

        if (p && name.len == ctx->route.property->name.len
            && ngx_memcmp(name.data, ctx->route.property->name.data, name.len)
               == 0)
        {
            break;
        }
    }

    if (p == NULL || value.len < 2) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* without the brackets; a token is of what is not there any more */

    value.data++;
    value.len -= 2;

    n = value.len && !list->after.given ? 1 : 0;

    rc = ngx_http_office_config_items(list, &value, n);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (list->number) {
        return ngx_http_office_config_send_count(list->request, ctx,
                                                 (ngx_uint_t) list->count);
    }

    list->next.given = 0;

    return ngx_http_office_config_checkins_answer(list);
}


static ngx_int_t
ngx_http_office_config_checkins_answer(ngx_http_office_config_list_t *list)
{
    ngx_str_t                      fragment;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = list->ctx;

    if (ngx_http_office_config_fragment(list->request, ctx, &fragment)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (list->next.given && list->next.id.len == 0
        && list->order == NGX_HTTP_OFFICE_CONFIG_BY_PLACE)
    {
        list->next.id.data = ngx_http_office_config_no_key;
        list->next.id.len = OC_CHECKIN_KEY_LEN;
    }

    ctx->call.page = list->page;
    ctx->call.npage = list->npage;

    return ngx_http_office_config_list_send(list, &fragment);
}


/*
 * The records that a call has brought become the items, in their order and
 * without those in front of where the page begins.
 */

static ngx_int_t
ngx_http_office_config_collect(ngx_http_office_config_list_t *list,
    oc_store_call_t *call, ngx_pool_t *pool, ngx_uint_t behind)
{
    uint32_t                            place;
    ngx_str_t                          *record;
    ngx_uint_t                          i, n;
    ngx_http_office_config_item_t      *item;
    ngx_http_office_config_position_t  *after;

    after = &list->after;

    item = ngx_palloc(pool, (call->npage + 1)
                            * sizeof(ngx_http_office_config_item_t));
    list->items = ngx_palloc(pool, (call->npage + 1) * sizeof(ngx_str_t));

    if (item == NULL || list->items == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < call->npage; i++) {
        record = &call->page[i];

        if (record->len <= OC_CHECKIN_HEAD_LEN) {
            ngx_log_error(NGX_LOG_ERR, list->request->connection->log, 0,
                          "unexpected data in Redis: check-ins");
            return NGX_ERROR;
        }

        place = ngx_http_office_config_place(record->data);

        if (behind && after->given
            && (place < after->place
                || (place == after->place
                    && ngx_memcmp(record->data, after->id.data,
                                  OC_CHECKIN_KEY_LEN)
                       <= 0)
                || ngx_http_office_config_seen(after, record->data)))
        {
            continue;
        }

        item[n].place = place;
        item[n].data = record->data;
        item[n].len = record->len;
        n++;
    }

    ngx_qsort(item, n, sizeof(ngx_http_office_config_item_t),
              ngx_http_office_config_compare);

    for (i = 0; i < n; i++) {
        list->items[i].data = item[i].data;
        list->items[i].len = item[i].len;
    }

    list->nitems = n;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_office_config_seen(ngx_http_office_config_position_t *position,
    u_char *key)
{
    u_char      *p;
    ngx_uint_t   i;

    p = position->seen;

    for (i = 0; i < position->nseen; i++) {
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


/* The JSON of a record, in a pool. */

static ngx_int_t
ngx_http_office_config_render(ngx_http_office_config_list_t *list,
    ngx_pool_t *pool, const ngx_str_t *record, ngx_str_t *json)
{
    oc_buf_t    b;
    ngx_int_t   rc;
    oc_arena_t  arena;

    oc_arena_init(&arena, (size_t) -1);
    oc_buf_init(&b, &arena, 512);

    rc = oc_checkin_write(&b, record);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, list->request->connection->log, 0,
                      "unexpected data in Redis: a check-in");

    } else {
        json->len = oc_buf_len(&b);
        json->data = b.failed ? NULL : ngx_pnalloc(pool, json->len);

        if (json->data) {
            ngx_memcpy(json->data, b.start, json->len);

        } else {
            rc = NGX_ERROR;
        }
    }

    oc_arena_free(&arena);

    return rc;
}


/* Check-ins as a source of items, see ngx_http_office_config_scan(). */

static ngx_int_t
ngx_http_office_config_read_records(ngx_http_office_config_list_t *list,
    ngx_uint_t size)
{
    uint32_t                       from;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = list->ctx;

    /* an order of its own begins anew, whatever the page begins behind */

    from = list->order == NGX_HTTP_OFFICE_CONFIG_BY_PLACE || list->examined
           ? list->end.place : 0;

    return oc_store_checkins(&list->call,
                             ctx->route.id.len ? &ctx->route.id : NULL, from,
                             size);
}


static ngx_int_t
ngx_http_office_config_took_records(ngx_http_office_config_list_t *list)
{
    list->nitems = 0;
    list->last = 1;

    if (list->call.json.len) {
        list->order = NGX_HTTP_OFFICE_CONFIG_BY_PLACE;
        return NGX_OK;
    }

    list->examined += list->call.npage + 1;
    list->last = (list->call.from < 0);

    if (!list->last) {
        list->end.place = (uint32_t) list->call.from;
    }

    list->end.id.len = 0;

    return ngx_http_office_config_collect(list, &list->call, list->pool,
                                          list->order
                                          == NGX_HTTP_OFFICE_CONFIG_BY_PLACE);
}


static ngx_int_t
ngx_http_office_config_record_json(ngx_http_office_config_list_t *list,
    oc_subject_t *subject)
{
    return ngx_http_office_config_render(list, list->pool,
                                         &list->items[list->i],
                                         &subject->json);
}


static ngx_int_t
ngx_http_office_config_record_id(ngx_http_office_config_list_t *list,
    ngx_str_t *id)
{
    *id = list->items[list->i];

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_record_place(ngx_http_office_config_list_t *list,
    ngx_http_office_config_position_t *position)
{
    ngx_str_t  *record;

    record = &list->items[list->i];

    /* the place outlives the chunk */

    position->id.data = ngx_pnalloc(list->request->pool, OC_CHECKIN_KEY_LEN);
    if (position->id.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(position->id.data, record->data, OC_CHECKIN_KEY_LEN);

    position->id.len = OC_CHECKIN_KEY_LEN;
    position->place = ngx_http_office_config_place(record->data);

    return NGX_OK;
}


/* The heap has whole records, whose beginnings tell them apart. */

static ngx_int_t
ngx_http_office_config_pick_records(ngx_http_office_config_list_t *list)
{
    ngx_str_t        record;
    oc_heap_item_t  *item;

    while (list->npicked < list->heap.n && list->npage < list->limit) {

        item = list->heap.items[list->npicked];

        record.data = item->data + item->len;
        record.len = item->id_len;

        if (ngx_http_office_config_render(list, list->request->pool, &record,
                                          &list->page[list->npage])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        list->npage++;
        list->npicked++;
    }

    return NGX_OK;
}
