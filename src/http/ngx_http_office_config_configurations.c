
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_scan.h"


/* bytes of configurations that are read at once */

#define NGX_HTTP_OFFICE_CONFIG_CHUNK_BYTES     262144

/* configurations whose values that are kept apart are read at once */

#define NGX_HTTP_OFFICE_CONFIG_EXTRA_SLICE     32

/* check-ins that are read at once; what those of one take in all */

#define NGX_HTTP_OFFICE_CONFIG_CHECKIN_SLICE   128
#define NGX_HTTP_OFFICE_CONFIG_CHECKIN_BYTES   2097152

/* configurations of the page that are read at once */

#define NGX_HTTP_OFFICE_CONFIG_PICK_SLICE      16


static ngx_int_t ngx_http_office_config_read_chunk(
    ngx_http_office_config_list_t *list, ngx_uint_t size);
static ngx_int_t ngx_http_office_config_took_chunk(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_complete_item(
    ngx_http_office_config_list_t *list, oc_subject_t *subject);
static ngx_int_t ngx_http_office_config_aside(
    ngx_http_office_config_list_t *list, oc_store_handler_pt handler);
static void ngx_http_office_config_aside_done(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_read_summaries(
    ngx_http_office_config_list_t *list);
static void ngx_http_office_config_got_summaries(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_read_targets(
    ngx_http_office_config_list_t *list);
static void ngx_http_office_config_got_targets(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_read_checkins(
    ngx_http_office_config_list_t *list, uint32_t from);
static void ngx_http_office_config_got_some_checkins(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_too_many(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_item_id(
    ngx_http_office_config_list_t *list, ngx_str_t *id);
static ngx_int_t ngx_http_office_config_item_place(
    ngx_http_office_config_list_t *list,
    ngx_http_office_config_position_t *position);
static ngx_int_t ngx_http_office_config_pick(
    ngx_http_office_config_list_t *list);
static void ngx_http_office_config_picked(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_copy(ngx_pool_t *pool,
    ngx_str_t *dst, const ngx_str_t *src);


static const ngx_http_office_config_source_t
    ngx_http_office_config_configurations =
{
    ngx_http_office_config_read_chunk,
    ngx_http_office_config_took_chunk,
    ngx_http_office_config_complete_item,
    ngx_http_office_config_item_id,
    ngx_http_office_config_item_place,
    ngx_http_office_config_pick,
    0
};


/* Looks at configurations one by one, see ngx_http_office_config_scan(). */

ngx_int_t
ngx_http_office_config_scan_configurations(
    ngx_http_office_config_list_t *list, ngx_http_office_config_list_pt done)
{
    list->source = &ngx_http_office_config_configurations;
    list->done = done;

    return ngx_http_office_config_scan(list);
}


static ngx_int_t
ngx_http_office_config_read_chunk(ngx_http_office_config_list_t *list,
    ngx_uint_t size)
{
    oc_store_scan_t  *scan;

    scan = &list->scan;

    ngx_memzero(scan, sizeof(oc_store_scan_t));

    if (list->order == NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY) {
        scan->priority = 1;
        scan->descending = list->descending;

    } else if (list->order == NGX_HTTP_OFFICE_CONFIG_BY_ID) {
        scan->descending = list->descending;
    }

    /* an order of its own begins anew, whatever the page begins behind */

    if (list->order != NGX_HTTP_OFFICE_CONFIG_BY_KEY || list->examined) {
        scan->after.id = list->end.id;
        scan->after.priority = list->end.priority;
    }

    scan->limit = size;
    scan->bytes = NGX_HTTP_OFFICE_CONFIG_CHUNK_BYTES;

    return oc_store_scan(&list->call, scan);
}


static ngx_int_t
ngx_http_office_config_took_chunk(ngx_http_office_config_list_t *list)
{
    ngx_uint_t        i;
    const oc_type_t  *cast;
    oc_store_scan_t  *scan;

    scan = &list->scan;
    cast = list->ctx->route.cast;

    list->items = list->call.page;
    list->nitems = 0;

    for (i = 0; i < list->call.npage; i++) {
        if (cast == NULL || oc_select_type(&list->items[i]) == cast) {
            list->items[list->nitems++] = list->items[i];
        }
    }

    list->examined += scan->examined;
    list->last = (scan->next.id.len == 0);

    list->extra = NULL;
    list->nlive = 0;
    list->nexpanded = 0;

    /* the place outlives the chunk */

    list->end.id.len = ngx_min(scan->next.id.len, OC_ID_MAX_LEN);
    list->end.id.data = list->end_id;
    list->end.priority = scan->next.priority;

    ngx_memcpy(list->end_id, scan->next.id.data, list->end.id.len);

    if (list->options.uses == 0 || list->nitems == 0) {
        return NGX_OK;
    }

    list->extra = ngx_pcalloc(list->pool,
                              list->nitems
                              * sizeof(ngx_http_office_config_extra_t));

    return list->extra ? NGX_OK : NGX_ERROR;
}


/*
 * Of all of a chunk summaries and assignments are read before the first is
 * evaluated, and of each its check-ins before it is.
 */

static ngx_int_t
ngx_http_office_config_complete_item(ngx_http_office_config_list_t *list,
    oc_subject_t *subject)
{
    ngx_int_t                        rc;
    ngx_uint_t                       uses;
    ngx_http_office_config_extra_t  *extra;

    subject->json = list->items[list->i];

    if (list->extra == NULL) {
        return NGX_OK;
    }

    uses = list->options.uses;

    if (uses & (1u << OC_CONFIGURATION_USER_CHECKIN_SUMMARY
                | 1u << OC_CONFIGURATION_CHECKIN_STATUSES)
        && list->nlive < list->nitems)
    {
        rc = ngx_http_office_config_read_summaries(list);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (uses & 1u << OC_CONFIGURATION_ASSIGNMENTS) {

        if (list->nexpanded < list->nitems) {
            return ngx_http_office_config_read_targets(list);
        }

        subject->extra[OC_CONFIGURATION_ASSIGNMENTS] =
                                          list->extra[list->i].assignments;
    }

    extra = &list->extra[list->i];

    if (!extra->live) {
        return NGX_OK;
    }

    subject->extra[OC_CONFIGURATION_USER_CHECKIN_SUMMARY] = extra->summary;

    ngx_str_set(&subject->extra[OC_CONFIGURATION_CHECKIN_STATUSES], "[]");

    if (!(uses & 1u << OC_CONFIGURATION_CHECKIN_STATUSES)
        || extra->checkins == 0)
    {
        return NGX_OK;
    }

    if (!list->loaded) {
        oc_arena_free(&list->arena);
        oc_arena_init(&list->arena, (size_t) -1);
        oc_buf_init(&list->buf, &list->arena, 4096);
        oc_buf_char(&list->buf, '[');

        return ngx_http_office_config_read_checkins(list, 0);
    }

    subject->extra[OC_CONFIGURATION_CHECKIN_STATUSES].data = list->buf.start;
    subject->extra[OC_CONFIGURATION_CHECKIN_STATUSES].len =
                                                   oc_buf_len(&list->buf);

    return NGX_OK;
}


/* Prepares list->extra_call in a pool that goes away with what it reads. */

static ngx_int_t
ngx_http_office_config_aside(ngx_http_office_config_list_t *list,
    oc_store_handler_pt handler)
{
    list->aside = ngx_create_pool(NGX_DEFAULT_POOL_SIZE / 4,
                                  list->request->connection->log);
    if (list->aside == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_office_config_scan_call(list, &list->extra_call,
                                            list->aside, handler);
}


static void
ngx_http_office_config_aside_done(ngx_http_office_config_list_t *list)
{
    ngx_destroy_pool(list->aside);
    list->aside = NULL;
}


/* NGX_AGAIN; NGX_DECLINED if there is nothing to read; NGX_ERROR. */

static ngx_int_t
ngx_http_office_config_read_summaries(ngx_http_office_config_list_t *list)
{
    ngx_str_t   ids[NGX_HTTP_OFFICE_CONFIG_EXTRA_SLICE];
    ngx_uint_t  i, n;

    n = 0;

    for (i = list->nlive;
         i < list->nitems && n < NGX_HTTP_OFFICE_CONFIG_EXTRA_SLICE;
         i++)
    {
        if (!ngx_http_office_config_is_live(&list->items[i])) {
            continue;
        }

        if (ngx_http_office_config_entity_id(list->pool, &list->items[i],
                                             &ids[n++])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        list->extra[i].live = 1;
    }

    if (n == 0) {
        list->nlive = list->nitems;
        return NGX_DECLINED;
    }

    if (ngx_http_office_config_aside(list,
                                     ngx_http_office_config_got_summaries)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    list->extra_call.recent = 1;

    return oc_store_live(&list->extra_call, ids, n) == NGX_OK ? NGX_AGAIN
                                                              : NGX_ERROR;
}


static void
ngx_http_office_config_got_summaries(oc_store_call_t *call)
{
    ngx_int_t                        rc;
    ngx_uint_t                       i, n;
    oc_store_live_t                 *live;
    ngx_http_office_config_list_t   *list;
    ngx_http_office_config_extra_t  *extra;

    if (ngx_http_office_config_scan_called(call) != NGX_OK) {
        return;
    }

    list = call->data;
    rc = NGX_OK;

    for (i = list->nlive, n = 0; n < call->nlive && i < list->nitems; i++) {

        extra = &list->extra[i];

        if (!extra->live) {
            continue;
        }

        live = &call->live[n++];

        if (!live->found) {
            ngx_str_set(&extra->summary, OC_SUMMARY_ZERO);
            continue;
        }

        extra->checkins = live->count;

        if (ngx_http_office_config_copy(list->pool, &extra->summary,
                                        &live->summary)
            != NGX_OK)
        {
            rc = NGX_ERROR;
            break;
        }
    }

    list->nlive = i;

    ngx_http_office_config_aside_done(list);
    ngx_http_office_config_scan_on(list, rc);
}


static ngx_int_t
ngx_http_office_config_read_targets(ngx_http_office_config_list_t *list)
{
    ngx_str_t   ids[NGX_HTTP_OFFICE_CONFIG_EXTRA_SLICE];
    ngx_uint_t  n;

    for (n = 0;
         n < NGX_HTTP_OFFICE_CONFIG_EXTRA_SLICE
         && list->nexpanded + n < list->nitems;
         n++)
    {
        if (ngx_http_office_config_entity_id(list->pool,
                                             &list->items[list->nexpanded + n],
                                             &ids[n])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_office_config_aside(list, ngx_http_office_config_got_targets)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_store_expand(&list->extra_call, ids, n) == NGX_OK ? NGX_AGAIN
                                                                : NGX_ERROR;
}


static void
ngx_http_office_config_got_targets(oc_store_call_t *call)
{
    u_char                         *p;
    size_t                          len;
    ngx_int_t                       rc;
    ngx_str_t                      *array;
    ngx_uint_t                      i, j;
    oc_store_assignments_t         *expanded;
    ngx_http_office_config_list_t  *list;

    if (ngx_http_office_config_scan_called(call) != NGX_OK) {
        return;
    }

    list = call->data;
    rc = NGX_OK;

    for (i = 0; i < call->nexpanded; i++) {

        expanded = &call->expanded[i];
        array = &list->extra[list->nexpanded + i].assignments;

        len = 2;

        for (j = 0; j < expanded->n; j++) {
            len += expanded->items[j].len + 1;
        }

        p = ngx_pnalloc(list->pool, len);
        if (p == NULL) {
            rc = NGX_ERROR;
            break;
        }

        array->data = p;

        *p++ = '[';

        for (j = 0; j < expanded->n; j++) {

            if (j) {
                *p++ = ',';
            }

            p = ngx_cpymem(p, expanded->items[j].data,
                           expanded->items[j].len);
        }

        *p++ = ']';

        array->len = p - array->data;
    }

    list->nexpanded += call->nexpanded;

    ngx_http_office_config_aside_done(list);
    ngx_http_office_config_scan_on(list, rc);
}


/* All check-ins of an item go into list->buf, a part at a time. */

static ngx_int_t
ngx_http_office_config_read_checkins(ngx_http_office_config_list_t *list,
    uint32_t from)
{
    ngx_str_t  id;

    if (ngx_http_office_config_aside(list,
                                     ngx_http_office_config_got_some_checkins)
        != NGX_OK
        || ngx_http_office_config_entity_id(list->aside,
                                            &list->items[list->i], &id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_store_checkins(&list->extra_call, &id, from,
                             NGX_HTTP_OFFICE_CONFIG_CHECKIN_SLICE)
           == NGX_OK ? NGX_AGAIN : NGX_ERROR;
}


static void
ngx_http_office_config_got_some_checkins(oc_store_call_t *call)
{
    int64_t                         from;
    ngx_int_t                       rc;
    ngx_uint_t                      i;
    ngx_http_office_config_list_t  *list;

    /* a configuration that has gone meanwhile has none */

    if (call->status == OC_STORE_NOT_FOUND) {
        call->status = OC_STORE_OK;
    }

    if (ngx_http_office_config_scan_called(call) != NGX_OK) {
        return;
    }

    list = call->data;
    rc = NGX_OK;

    for (i = 0; i < call->npage; i++) {

        if (oc_buf_len(&list->buf) > 1) {
            oc_buf_char(&list->buf, ',');
        }

        if (oc_checkin_write(&list->buf, &call->page[i]) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, list->request->connection->log, 0,
                          "unexpected data in Redis: a check-in");
            rc = NGX_ERROR;
            break;
        }
    }

    list->examined += call->npage;

    from = call->from;

    ngx_http_office_config_aside_done(list);

    if (rc == NGX_OK && list->buf.failed) {
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK
        && oc_buf_len(&list->buf) > NGX_HTTP_OFFICE_CONFIG_CHECKIN_BYTES)
    {
        rc = ngx_http_office_config_too_many(list);
    }

    if (rc == NGX_OK && from >= 0) {

        if (ngx_http_office_config_read_checkins(list, (uint32_t) from)
            == NGX_AGAIN)
        {
            return;
        }

        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        oc_buf_char(&list->buf, ']');
        list->loaded = 1;
    }

    ngx_http_office_config_scan_on(list, rc);
}


static ngx_int_t
ngx_http_office_config_too_many(ngx_http_office_config_list_t *list)
{
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = NGX_HTTP_NOT_IMPLEMENTED;
    ngx_str_set(&problem.message, "A client configuration has more check-ins "
                                  "than a query of the collection can look "
                                  "at. Ask for its checkinStatuses, or by "
                                  "userCheckinSummary.");

    return ngx_http_office_config_scan_problem(list, &problem);
}


static ngx_int_t
ngx_http_office_config_item_id(ngx_http_office_config_list_t *list,
    ngx_str_t *id)
{
    return ngx_http_office_config_entity_id(list->pool, &list->items[list->i],
                                            id);
}


static ngx_int_t
ngx_http_office_config_item_place(ngx_http_office_config_list_t *list,
    ngx_http_office_config_position_t *position)
{
    ngx_str_t  *json;

    json = &list->items[list->i];

    position->priority = oc_store_priority(json);

    return ngx_http_office_config_entity_id(list->request->pool, json,
                                            &position->id);
}


/* Reads the configurations that are first in an order of its own. */

static ngx_int_t
ngx_http_office_config_pick(ngx_http_office_config_list_t *list)
{
    ngx_str_t        ids[NGX_HTTP_OFFICE_CONFIG_PICK_SLICE];
    ngx_uint_t       n, end;
    oc_heap_item_t  *item;

    end = ngx_min(list->heap.n, list->skip + list->limit);

    if (list->npicked >= end || list->bytes >= OC_STORE_PAGE_BYTES) {
        return NGX_OK;
    }

    for (n = 0;
         n < NGX_HTTP_OFFICE_CONFIG_PICK_SLICE && list->npicked + n < end;
         n++)
    {
        item = list->heap.items[list->npicked + n];

        ids[n].data = item->data + item->len;
        ids[n].len = item->id_len;
    }

    if (ngx_http_office_config_aside(list, ngx_http_office_config_picked)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_store_pick(&list->extra_call, ids, n) == NGX_OK ? NGX_AGAIN
                                                              : NGX_ERROR;
}


static void
ngx_http_office_config_picked(oc_store_call_t *call)
{
    ngx_int_t                       rc;
    ngx_uint_t                      i;
    ngx_http_office_config_list_t  *list;

    if (ngx_http_office_config_scan_called(call) != NGX_OK) {
        return;
    }

    list = call->data;
    rc = NGX_OK;

    for (i = 0; i < call->npage; i++) {

        list->npicked++;

        /* one that has gone meanwhile */

        if (call->page[i].len == 0) {
            continue;
        }

        if (ngx_http_office_config_copy(list->request->pool,
                                        &list->page[list->npage],
                                        &call->page[i])
            != NGX_OK)
        {
            rc = NGX_ERROR;
            break;
        }

        list->bytes += call->page[i].len;
        list->npage++;

        if (list->bytes >= OC_STORE_PAGE_BYTES) {
            break;
        }
    }

    ngx_http_office_config_aside_done(list);
    ngx_http_office_config_scan_on(list, rc);
}


static ngx_int_t
ngx_http_office_config_copy(ngx_pool_t *pool, ngx_str_t *dst,
    const ngx_str_t *src)
{
    dst->len = src->len;
    dst->data = ngx_pnalloc(pool, src->len);

    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, src->data, src->len);

    return NGX_OK;
}
