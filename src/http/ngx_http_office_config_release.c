
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_scan.h"


/*
 * An order that passes over many items leaves hundreds of thousands of them in
 * its heap.  To free all takes as long as tens of requests, so it is done a
 * part in a turn of the event loop.
 */

#define NGX_HTTP_OFFICE_CONFIG_RELEASE_PART  2048


typedef struct {
    ngx_queue_t  queue;
    oc_heap_t    heap;
} ngx_http_office_config_released_t;


static void ngx_http_office_config_release_part(ngx_event_t *ev);


static ngx_queue_t  ngx_http_office_config_released;
static ngx_event_t  ngx_http_office_config_release_event;


/* Frees what a heap has, now or soon; the heap itself is empty then. */

void
ngx_http_office_config_release(oc_heap_t *heap)
{
    ngx_event_t                        *ev;
    ngx_http_office_config_released_t  *released;

    if (oc_heap_free_some(heap, NGX_HTTP_OFFICE_CONFIG_RELEASE_PART)
        == NGX_OK)
    {
        return;
    }

    released = ngx_alloc(sizeof(ngx_http_office_config_released_t),
                         ngx_cycle->log);
    if (released == NULL) {
        oc_heap_free(heap);
        return;
    }

    released->heap = *heap;
    ngx_memzero(heap, sizeof(oc_heap_t));

    if (ngx_http_office_config_released.next == NULL) {
        ngx_queue_init(&ngx_http_office_config_released);
    }

    ngx_queue_insert_tail(&ngx_http_office_config_released, &released->queue);

    ev = &ngx_http_office_config_release_event;

    ev->handler = ngx_http_office_config_release_part;
    ev->log = ngx_cycle->log;

    ngx_post_event(ev, &ngx_posted_next_events);
}


static void
ngx_http_office_config_release_part(ngx_event_t *ev)
{
    ngx_queue_t                        *q;
    ngx_http_office_config_released_t  *released;

    q = ngx_queue_head(&ngx_http_office_config_released);

    released = ngx_queue_data(q, ngx_http_office_config_released_t, queue);

    if (oc_heap_free_some(&released->heap,
                          NGX_HTTP_OFFICE_CONFIG_RELEASE_PART)
        == NGX_OK)
    {
        ngx_queue_remove(q);
        ngx_free(released);

        if (ngx_queue_empty(&ngx_http_office_config_released)) {
            return;
        }
    }

    ngx_post_event(ev, &ngx_posted_next_events);
}


/* The worker exits. */

void
ngx_http_office_config_release_all(void)
{
    ngx_queue_t                        *q;
    ngx_http_office_config_released_t  *released;

    while (ngx_http_office_config_released.next
           && !ngx_queue_empty(&ngx_http_office_config_released))
    {
        q = ngx_queue_head(&ngx_http_office_config_released);
        ngx_queue_remove(q);

        released = ngx_queue_data(q, ngx_http_office_config_released_t, queue);

        oc_heap_free(&released->heap);
        ngx_free(released);
    }
}
