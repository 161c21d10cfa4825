
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_HEAP_H_INCLUDED_
#define _OC_HEAP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The smallest of any number of byte strings, each with an id that is behind
 * it: no more than "max" are held at a time.
 */

typedef struct {
    size_t           len;        /* of the string in front of the id */
    size_t           id_len;
    u_char           data[1];
} oc_heap_item_t;


typedef struct {
    oc_heap_item_t **items;      /* from 0; the largest is the first */
    ngx_uint_t       n;
    ngx_uint_t       size;       /* there is room for so many */
    ngx_uint_t       max;
    size_t           bytes;      /* that are held */
    size_t           limit;
} oc_heap_t;


void oc_heap_init(oc_heap_t *heap, ngx_uint_t max, size_t limit);
ngx_int_t oc_heap_add(oc_heap_t *heap, const ngx_str_t *key,
    const ngx_str_t *id);
void oc_heap_sort(oc_heap_t *heap, ngx_uint_t from);
void oc_heap_free(oc_heap_t *heap);
ngx_int_t oc_heap_free_some(oc_heap_t *heap, ngx_uint_t n);


#endif /* _OC_HEAP_H_INCLUDED_ */
