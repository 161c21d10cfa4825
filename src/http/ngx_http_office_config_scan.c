
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_scan.h"
#include "oc_bytes.h"


/*
 * A collection is looked at in chunks, so that neither a worker nor Redis is
 * ever busy for long: of all requests of a worker so many have one of theirs
 * read or looked at, the others wait for their turn; and what takes longer
 * than a slice goes on in the next turn of the event loop.
 */

#define NGX_HTTP_OFFICE_CONFIG_SCAN_ACTIVE  2
#define NGX_HTTP_OFFICE_CONFIG_SCAN_CHUNK   128
#define NGX_HTTP_OFFICE_CONFIG_SCAN_SLICE   1000      /* microseconds */

/* the clock is looked at after so many items */

#define NGX_HTTP_OFFICE_CONFIG_SCAN_STRIDE  8

/* what may be remembered of the items that are first in an order */

#define NGX_HTTP_OFFICE_CONFIG_HEAP_BYTES   16777216


static void ngx_http_office_config_scan_cleanup(void *data);
static void ngx_http_office_config_scan_leave(
    ngx_http_office_config_list_t *list);
static void ngx_http_office_config_scan_join(
    ngx_http_office_config_list_t *list);
static void ngx_http_office_config_scan_next(void);
static void ngx_http_office_config_scan_turn(ngx_event_t *ev);
static void ngx_http_office_config_scan_read(
    ngx_http_office_config_list_t *list);
static void ngx_http_office_config_scan_taken(oc_store_call_t *call);
static void ngx_http_office_config_scan_resume(ngx_event_t *ev);
static void ngx_http_office_config_scan_items(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_scan_item(
    ngx_http_office_config_list_t *list, oc_subject_t *subject);
static ngx_int_t ngx_http_office_config_scan_add(
    ngx_http_office_config_list_t *list, oc_subject_t *subject);
static ngx_int_t ngx_http_office_config_scan_order(
    ngx_http_office_config_list_t *list, oc_subject_t *subject);
static void ngx_http_office_config_scan_chunk_done(
    ngx_http_office_config_list_t *list);
static void ngx_http_office_config_scan_found(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_scan_limit(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_scan_eval(
    ngx_http_office_config_list_t *list, oc_eval_status_e status,
    const char *option);
static void ngx_http_office_config_scan_fail(
    ngx_http_office_config_list_t *list, ngx_int_t rc);
static void ngx_http_office_config_scan_end(
    ngx_http_office_config_list_t *list, ngx_int_t rc);
static uint64_t ngx_http_office_config_scan_clock(void);


static ngx_queue_t  ngx_http_office_config_scan_waiting;
static ngx_uint_t   ngx_http_office_config_scan_active;
static ngx_event_t  ngx_http_office_config_scan_event;


/*
 * Looks at the items of list->source one by one, then calls list->done.
 * NGX_BUSY, or what the request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_scan(ngx_http_office_config_list_t *list)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(list->request->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_office_config_scan_cleanup;
    cln->data = list;

    oc_arena_init(&list->arena, (size_t) -1);

    list->event.handler = ngx_http_office_config_scan_resume;
    list->event.data = list;
    list->event.log = list->request->connection->log;

    list->end = list->after;

    if (list->order == NGX_HTTP_OFFICE_CONFIG_BY_KEY && !list->number) {

        /* one more says whether there is another page */

        oc_heap_init(&list->heap,
                     list->limit ? list->skip + list->limit + 1 : 0,
                     NGX_HTTP_OFFICE_CONFIG_HEAP_BYTES);
    }

    if (list->counted) {
        list->count = 0;
    }

    if (list->limit) {
        list->page = ngx_palloc(list->request->pool,
                                list->limit * sizeof(ngx_str_t));
        if (list->page == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_http_office_config_scan_join(list);

    return NGX_BUSY;
}


/* The client has gone, or has been answered. */

static void
ngx_http_office_config_scan_cleanup(void *data)
{
    ngx_http_office_config_list_t *list = data;

    ngx_http_office_config_scan_leave(list);

    ngx_http_office_config_release(&list->heap);
    oc_arena_free(&list->arena);

    if (list->aside) {
        ngx_destroy_pool(list->aside);
        list->aside = NULL;
    }

    if (list->pool) {
        ngx_destroy_pool(list->pool);
        list->pool = NULL;
    }
}


static void
ngx_http_office_config_scan_leave(ngx_http_office_config_list_t *list)
{
    ngx_http_office_config_stay(&list->event);

    if (list->waiting) {
        list->waiting = 0;
        ngx_queue_remove(&list->queue);
    }

    if (list->active) {
        list->active = 0;
        ngx_http_office_config_scan_active--;
        ngx_http_office_config_scan_next();
    }
}


static void
ngx_http_office_config_scan_join(ngx_http_office_config_list_t *list)
{
    if (ngx_http_office_config_scan_waiting.next == NULL) {
        ngx_queue_init(&ngx_http_office_config_scan_waiting);
    }

    list->waiting = 1;
    ngx_queue_insert_tail(&ngx_http_office_config_scan_waiting, &list->queue);

    ngx_http_office_config_scan_next();
}


/* Soon, but not now, the next of those that wait has its turn. */

static void
ngx_http_office_config_scan_next(void)
{
    ngx_event_t  *ev;

    ev = &ngx_http_office_config_scan_event;

    ev->handler = ngx_http_office_config_scan_turn;
    ev->log = ngx_cycle->log;

    ngx_post_event(ev, &ngx_posted_events);
}


static void
ngx_http_office_config_scan_turn(ngx_event_t *ev)
{
    ngx_queue_t                    *q, *waiting;
    ngx_http_office_config_list_t  *list;

    waiting = &ngx_http_office_config_scan_waiting;

    while (waiting->next && !ngx_queue_empty(waiting)
           && ngx_http_office_config_scan_active
              < NGX_HTTP_OFFICE_CONFIG_SCAN_ACTIVE)
    {
        q = ngx_queue_head(waiting);
        ngx_queue_remove(q);

        list = ngx_queue_data(q, ngx_http_office_config_list_t, queue);

        list->waiting = 0;
        list->active = 1;

        ngx_http_office_config_scan_active++;

        ngx_http_office_config_scan_read(list);
    }
}


static void
ngx_http_office_config_scan_read(ngx_http_office_config_list_t *list)
{
    ngx_uint_t                          size;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(list->request,
                                        ngx_http_office_config_module);

    size = ngx_min(NGX_HTTP_OFFICE_CONFIG_SCAN_CHUNK,
                   (ngx_uint_t) olcf->scan_limit - list->examined);

    list->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE / 4,
                                 list->request->connection->log);

    if (list->pool == NULL
        || ngx_http_office_config_scan_call(list, &list->call, list->pool,
                                           ngx_http_office_config_scan_taken)
           != NGX_OK
        || list->source->read(list, size) != NGX_OK)
    {
        ngx_http_office_config_scan_end(list, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


/* Prepares a call of a list's own, which ends with "pool". */

ngx_int_t
ngx_http_office_config_scan_call(ngx_http_office_config_list_t *list,
    oc_store_call_t *call, ngx_pool_t *pool, oc_store_handler_pt handler)
{
    ngx_memzero(call, sizeof(oc_store_call_t));

    /* what is so of the request's own calls */

    ngx_http_office_config_call(list->request, list->ctx, NULL);

    call->redis = list->ctx->call.redis;
    call->prefix = list->ctx->call.prefix;
    call->tenant = list->ctx->call.tenant;
    call->cutoff = list->ctx->call.cutoff;
    call->recent = list->ctx->call.recent;
    call->pool = pool;
    call->log = list->request->connection->log;
    call->handler = handler;
    call->data = list;

    return NGX_OK;
}


/*
 * A call of a list's own has come back: NGX_OK if the list is to go on with
 * what it brought.
 */

ngx_int_t
ngx_http_office_config_scan_called(oc_store_call_t *call)
{
    ngx_http_request_t             *r;
    ngx_http_office_config_list_t  *list;

    list = call->data;
    r = list->request;

    if (ngx_http_get_module_ctx(r, ngx_http_office_config_module)
        != list->ctx)
    {
        return NGX_ERROR;
    }

    if (call->status == OC_STORE_OK) {
        return NGX_OK;
    }

    ngx_http_office_config_scan_end(list,
                               ngx_http_office_config_store_problem(r, call));

    return NGX_ERROR;
}


static void
ngx_http_office_config_scan_taken(oc_store_call_t *call)
{
    ngx_http_office_config_list_t  *list;

    if (ngx_http_office_config_scan_called(call) != NGX_OK) {
        return;
    }

    list = call->data;

    if (list->source->taken(list) != NGX_OK) {
        ngx_http_office_config_scan_end(list, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    list->i = 0;

    ngx_http_office_config_scan_items(list);
}


static void
ngx_http_office_config_scan_resume(ngx_event_t *ev)
{
    ngx_http_office_config_stay(ev);

    ngx_http_office_config_scan_on(ev->data, NGX_OK);
}


/*
 * Goes on where a list had to wait for something, or ends it: "rc" is what a
 * source returns.
 */

void
ngx_http_office_config_scan_on(ngx_http_office_config_list_t *list,
    ngx_int_t rc)
{
    if (rc != NGX_OK) {
        ngx_http_office_config_scan_fail(list, rc);

    } else if (list->found) {
        ngx_http_office_config_scan_found(list);

    } else {
        ngx_http_office_config_scan_items(list);
    }
}


static void
ngx_http_office_config_scan_items(ngx_http_office_config_list_t *list)
{
    uint64_t      start;
    ngx_int_t     rc;
    ngx_uint_t    n;
    oc_subject_t  subject;

    start = ngx_http_office_config_scan_clock();

    for (n = 1; list->i < list->nitems; n++) {

        if (list->full && !list->counted && list->more) {
            break;
        }

        ngx_memzero(&subject, sizeof(oc_subject_t));

        rc = list->source->complete(list, &subject);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc == NGX_OK) {
            rc = ngx_http_office_config_scan_item(list, &subject);
        }

        if (rc != NGX_OK) {
            ngx_http_office_config_scan_fail(list, rc);
            return;
        }

        list->loaded = 0;
        list->i++;

        if (n % NGX_HTTP_OFFICE_CONFIG_SCAN_STRIDE == 0
            && ngx_http_office_config_scan_clock() - start
               > NGX_HTTP_OFFICE_CONFIG_SCAN_SLICE)
        {
            ngx_http_office_config_go_on(&list->event);
            return;
        }
    }

    ngx_http_office_config_scan_chunk_done(list);
}


static ngx_int_t
ngx_http_office_config_scan_item(ngx_http_office_config_list_t *list,
    oc_subject_t *subject)
{
    ngx_uint_t                         matches;
    oc_eval_status_e                   status;
    ngx_http_office_config_options_t  *options;

    options = &list->options;

    if (options->filter) {
        status = oc_filter_match(list->eval, options->filter, subject,
                                 &matches);

        if (status != OC_EVAL_OK) {
            return ngx_http_office_config_scan_eval(list, status, "$filter");
        }

        if (!matches) {
            return NGX_OK;
        }
    }

    if (options->search) {
        status = oc_search_match(list->eval, options->search, subject,
                                 &matches);

        if (status != OC_EVAL_OK) {
            return ngx_http_office_config_scan_eval(list, status, "$search");
        }

        if (!matches) {
            return NGX_OK;
        }
    }

    if (list->counted) {
        list->count++;
    }

    if (list->number || list->limit == 0) {
        list->full = 1;
        return NGX_OK;
    }

    if (list->order == NGX_HTTP_OFFICE_CONFIG_BY_KEY) {
        return ngx_http_office_config_scan_order(list, subject);
    }

    return ngx_http_office_config_scan_add(list, subject);
}


/* The next item of the page, in the order in which they are read. */

static ngx_int_t
ngx_http_office_config_scan_add(ngx_http_office_config_list_t *list,
    oc_subject_t *subject)
{
    u_char     *p;
    ngx_str_t  *item;

    if (list->full) {
        list->more = 1;
        return NGX_OK;
    }

    if (list->skip) {
        list->skip--;
        return NGX_OK;
    }

    item = &list->page[list->npage];

    p = ngx_pnalloc(list->request->pool, subject->json.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, subject->json.data, subject->json.len);

    item->data = p;
    item->len = subject->json.len;

    list->npage++;
    list->bytes += item->len;

    if (list->npage == list->limit || list->bytes >= OC_STORE_PAGE_BYTES) {
        list->full = 1;

        return list->source->place(list, &list->next);
    }

    return NGX_OK;
}


/* An item that may be one of the page, in an order of its own. */

static ngx_int_t
ngx_http_office_config_scan_order(ngx_http_office_config_list_t *list,
    oc_subject_t *subject)
{
    ngx_int_t                          added;
    ngx_str_t                          key, id, place;
    oc_eval_status_e                   status;
    ngx_http_office_config_problem_t   problem;

    status = oc_order_key(list->eval, &list->options.orderby, subject, &key);

    if (status != OC_EVAL_OK) {
        return ngx_http_office_config_scan_eval(list, status, "$orderby");
    }

    key.len = ngx_min(key.len, NGX_HTTP_OFFICE_CONFIG_KEY_LEN);

    if (list->source->id(list, &id) != NGX_OK) {
        return NGX_ERROR;
    }

    if (list->after.given) {
        place = id;

        if (list->source->id_len) {
            place.len = ngx_min(list->source->id_len, id.len);
        }

        if (oc_bytes_compare_with_id(&key, &place, &list->after.key,
                                     &list->after.id)
            <= 0)
        {
            return NGX_OK;
        }
    }

    added = oc_heap_add(&list->heap, &key, &id);

    if (added != NGX_DECLINED) {
        return added;
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = NGX_HTTP_NOT_IMPLEMENTED;
    ngx_str_set(&problem.message, "So many items cannot be passed over in "
                                  "this order. Follow the next links, or "
                                  "order by id or priority.");
    ngx_str_set(&problem.target, "$skip");

    return ngx_http_office_config_scan_problem(list, &problem);
}


/* Answers with a problem; the scan is over then. */

ngx_int_t
ngx_http_office_config_scan_problem(ngx_http_office_config_list_t *list,
    ngx_http_office_config_problem_t *problem)
{
    list->result = ngx_http_office_config_problem(list->request, problem);

    return NGX_ABORT;
}


static ngx_int_t
ngx_http_office_config_scan_eval(ngx_http_office_config_list_t *list,
    oc_eval_status_e status, const char *option)
{
    list->result = ngx_http_office_config_eval_problem(list->request,
                                                 list->eval, status, option);

    return NGX_ABORT;
}


static void
ngx_http_office_config_scan_chunk_done(ngx_http_office_config_list_t *list)
{
    ngx_uint_t                          ends, needs;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(list->request,
                                        ngx_http_office_config_module);

    /* what has to be looked at as a whole */

    needs = list->counted || list->number
            || list->order == NGX_HTTP_OFFICE_CONFIG_BY_KEY;

    ends = list->last || (list->full && !needs);

    if (!ends && list->examined >= (ngx_uint_t) olcf->scan_limit) {

        if (needs) {
            ngx_http_office_config_scan_fail(list,
                                     ngx_http_office_config_scan_limit(list));
            return;
        }

        ends = 1;
    }

    if (!ends) {
        ngx_destroy_pool(list->pool);
        list->pool = NULL;

        list->active = 0;
        ngx_http_office_config_scan_active--;

        ngx_http_office_config_scan_join(list);

        return;
    }

    list->found = 1;

    if (list->order != NGX_HTTP_OFFICE_CONFIG_BY_KEY) {

        if (!list->full) {
            list->next.given = !list->last;

            if (list->next.given) {
                list->next.id = list->end.id;
                list->next.priority = list->end.priority;
                list->next.place = list->end.place;
            }

        } else {
            list->next.given = list->more || !list->last;
        }

        list->next.skip = list->skip;
        list->next.seen = list->after.seen;
        list->next.nseen = list->after.nseen;
    }

    oc_heap_sort(&list->heap, list->skip);

    list->npicked = list->skip;

    ngx_http_office_config_scan_found(list);
}


/* All has been looked at: what is in the heap becomes the page. */

static void
ngx_http_office_config_scan_found(ngx_http_office_config_list_t *list)
{
    ngx_int_t        rc;
    oc_heap_item_t  *item;

    if (list->order == NGX_HTTP_OFFICE_CONFIG_BY_KEY && list->heap.n) {

        rc = list->source->pick(list);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc != NGX_OK) {
            ngx_http_office_config_scan_fail(list, rc);
            return;
        }

        if (list->npicked < list->heap.n && list->npicked > list->skip) {
            item = list->heap.items[list->npicked - 1];

            list->next.key.data = item->data;
            list->next.key.len = item->len;
            list->next.id.data = item->data + item->len;
            list->next.id.len = list->source->id_len
                                ? ngx_min(list->source->id_len, item->id_len)
                                : item->id_len;
            list->next.given = 1;
        }
    }

    ngx_http_office_config_scan_end(list, list->done(list));
}


/* An answer that would need more than a request may look at. */

static ngx_int_t
ngx_http_office_config_scan_limit(ngx_http_office_config_list_t *list)
{
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = NGX_HTTP_NOT_IMPLEMENTED;

    if (list->order == NGX_HTTP_OFFICE_CONFIG_BY_KEY && !list->number) {
        ngx_str_set(&problem.message, "There are too many items for this "
                                      "order. Order by id or priority.");
        ngx_str_set(&problem.target, "$orderby");

    } else {
        ngx_str_set(&problem.message, "There are too many items to count "
                                      "those of a query. Ask for the items, "
                                      "or count without $filter, $search and "
                                      "a type.");
        ngx_str_set(&problem.target, "$count");
    }

    return ngx_http_office_config_scan_problem(list, &problem);
}


static void
ngx_http_office_config_scan_fail(ngx_http_office_config_list_t *list,
    ngx_int_t rc)
{
    ngx_http_office_config_scan_end(list, rc == NGX_ABORT
                                          ? list->result
                                          : NGX_HTTP_INTERNAL_SERVER_ERROR);
}


/* The list is done with; the request as well unless it is busy elsewhere. */

static void
ngx_http_office_config_scan_end(ngx_http_office_config_list_t *list,
    ngx_int_t rc)
{
    ngx_http_office_config_scan_leave(list);

    if (rc != NGX_BUSY) {
        ngx_http_office_config_finish(list->request, rc);
    }
}


static uint64_t
ngx_http_office_config_scan_clock(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0) {
        return 0;
    }

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
