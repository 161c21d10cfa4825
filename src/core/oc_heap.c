
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_bytes.h"
#include "oc_heap.h"


static ngx_int_t oc_heap_grow(oc_heap_t *heap);
static void oc_heap_up(oc_heap_t *heap, ngx_uint_t i);
static void oc_heap_down(oc_heap_t *heap, ngx_uint_t i, ngx_uint_t n);
static int oc_heap_order(const oc_heap_item_t *one,
    const oc_heap_item_t *two);
static int oc_heap_compare(const ngx_str_t *key, const ngx_str_t *id,
    const oc_heap_item_t *item);


#define oc_heap_size(item)                                                    \
    (offsetof(oc_heap_item_t, data) + (item)->len + (item)->id_len)


/* Holds the "max" smallest, in no more than about "limit" bytes. */

void
oc_heap_init(oc_heap_t *heap, ngx_uint_t max, size_t limit)
{
    ngx_memzero(heap, sizeof(oc_heap_t));

    heap->max = max;
    heap->limit = limit;
}


/*
 * Adds a copy of a string and its id, unless as many as wanted are smaller.
 * NGX_OK; NGX_DECLINED if the bytes are used up; NGX_ERROR if memory is out.
 */

ngx_int_t
oc_heap_add(oc_heap_t *heap, const ngx_str_t *key, const ngx_str_t *id)
{
    size_t           size;
    oc_heap_item_t  *item, *last;

    last = NULL;

    if (heap->n == heap->max) {

        if (heap->max == 0) {
            return NGX_OK;
        }

        last = heap->items[0];

        if (oc_heap_compare(key, id, last) >= 0) {
            return NGX_OK;
        }

    } else if (heap->n == heap->size && oc_heap_grow(heap) != NGX_OK) {
        return NGX_ERROR;
    }

    size = offsetof(oc_heap_item_t, data) + key->len + id->len;

    item = ngx_alloc(size, ngx_cycle->log);
    if (item == NULL) {
        return NGX_ERROR;
    }

    item->len = key->len;
    item->id_len = id->len;

    if (key->len) {
        ngx_memcpy(item->data, key->data, key->len);
    }

    if (id->len) {
        ngx_memcpy(item->data + key->len, id->data, id->len);
    }

    heap->bytes += size;

    if (last) {
        heap->bytes -= oc_heap_size(last);
        ngx_free(last);

        heap->items[0] = item;
        oc_heap_down(heap, 0, heap->n);

    } else {
        heap->bytes += sizeof(oc_heap_item_t *);
        heap->items[heap->n] = item;
        oc_heap_up(heap, heap->n++);
    }

    return heap->bytes > heap->limit ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
oc_heap_grow(oc_heap_t *heap)
{
    ngx_uint_t        size;
    oc_heap_item_t  **items;

    size = heap->size ? 2 * heap->size : 64;

    items = ngx_alloc(size * sizeof(oc_heap_item_t *), ngx_cycle->log);
    if (items == NULL) {
        return NGX_ERROR;
    }

    if (heap->n) {
        ngx_memcpy(items, heap->items, heap->n * sizeof(oc_heap_item_t *));
    }

    if (heap->items) {
        ngx_free(heap->items);
    }

    heap->items = items;
    heap->size = size;

    return NGX_OK;
}


/*
 * Puts those from place "from" on where they are in the order, the smallest
 * first, and only smaller ones before; nothing can be added then.
 */

void
oc_heap_sort(oc_heap_t *heap, ngx_uint_t from)
{
    ngx_uint_t       n;
    oc_heap_item_t  *item;

    for (n = heap->n; n > ngx_max(from, 1); /* void */ ) {
        n--;

        item = heap->items[0];
        heap->items[0] = heap->items[n];
        heap->items[n] = item;

        oc_heap_down(heap, 0, n);
    }
}


void
oc_heap_free(oc_heap_t *heap)
{
    (void) oc_heap_free_some(heap, heap->n);
}


/* Frees up to "n" items: NGX_OK if nothing is left, or NGX_AGAIN. */

ngx_int_t
oc_heap_free_some(oc_heap_t *heap, ngx_uint_t n)
{
    while (heap->n && n) {
        ngx_free(heap->items[--heap->n]);
        n--;
    }

    if (heap->n) {
        return NGX_AGAIN;
    }

    if (heap->items) {
        ngx_free(heap->items);
    }

    ngx_memzero(heap, sizeof(oc_heap_t));

    return NGX_OK;
}


static void
oc_heap_up(oc_heap_t *heap, ngx_uint_t i)
{
    ngx_uint_t       parent;
    oc_heap_item_t  *item;

    item = heap->items[i];

    while (i) {
        parent = (i - 1) / 2;

        if (oc_heap_order(heap->items[parent], item) >= 0) {
            break;
        }

        heap->items[i] = heap->items[parent];
        i = parent;
    }

    heap->items[i] = item;
}


static void
oc_heap_down(oc_heap_t *heap, ngx_uint_t i, ngx_uint_t n)
{
    ngx_uint_t       child;
    oc_heap_item_t  *item;

    item = heap->items[i];

    for ( ;; ) {
        child = 2 * i + 1;

        if (child >= n) {
            break;
        }

        if (child + 1 < n
            && oc_heap_order(heap->items[child], heap->items[child + 1]) < 0)
        {
            child++;
        }

        if (oc_heap_order(heap->items[child], item) <= 0) {
            break;
        }

        heap->items[i] = heap->items[child];
        i = child;
    }

    heap->items[i] = item;
}


static int
oc_heap_order(const oc_heap_item_t *one, const oc_heap_item_t *two)
{
    ngx_str_t  key, id;

    key.data = (u_char *) one->data;
    key.len = one->len;

    id.data = key.data + key.len;
    id.len = one->id_len;

    return oc_heap_compare(&key, &id, two);
}


/* Where a string and its id are in the order: before what is there if < 0. */

static int
oc_heap_compare(const ngx_str_t *key, const ngx_str_t *id,
    const oc_heap_item_t *item)
{
    ngx_str_t  item_key, item_id;

    item_key.data = (u_char *) item->data;
    item_key.len = item->len;

    item_id.data = item_key.data + item_key.len;
    item_id.len = item->id_len;

    return oc_bytes_compare_with_id(key, id, &item_key, &item_id);
}
