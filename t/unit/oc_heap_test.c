
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_heap: the smallest of many strings in their order, against a sort of all
 * of them, and how many bytes they take.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_heap.h"
#include "support.h"
#include "tap.h"


#define UNIT_ITEMS  500


typedef struct {
    u_char  key[8];
    size_t  key_len;
    u_char  id[8];
    size_t  id_len;
} unit_item_t;


static unit_item_t  items[UNIT_ITEMS];


static int
compare_bytes(const u_char *a, size_t a_len, const u_char *b, size_t b_len)
{
    int  rc;

    rc = memcmp(a, b, ngx_min(a_len, b_len));

    return rc ? rc : (int) a_len - (int) b_len;
}


static int
compare(const void *one, const void *two)
{
    int                 rc;
    const unit_item_t  *a = one, *b = two;

    rc = compare_bytes(a->key, a->key_len, b->key, b->key_len);

    return rc ? rc : compare_bytes(a->id, a->id_len, b->id, b->id_len);
}


static void
test_smallest(ngx_uint_t max, ngx_uint_t from)
{
    size_t           bytes;
    ngx_int_t        rc;
    ngx_str_t        key, id;
    oc_heap_t        heap;
    ngx_uint_t       i, n, wrong;
    oc_heap_item_t  *item;

    oc_heap_init(&heap, max, (size_t) -1);

    wrong = 0;

    for (i = 0; i < UNIT_ITEMS; i++) {
        items[i].key_len = unit_below(3);
        items[i].id_len = 4;

        memset(items[i].key, 'a' + (int) unit_below(3), sizeof(items[i].key));
        snprintf((char *) items[i].id, sizeof(items[i].id), "%04d",
                 (int) ((i * 7919) % 10000));

        key.data = items[i].key;
        key.len = items[i].key_len;
        id.data = items[i].id;
        id.len = items[i].id_len;

        wrong += oc_heap_add(&heap, &key, &id) != NGX_OK;
    }

    is_int(wrong, 0, "all are added");

    n = ngx_min(max, UNIT_ITEMS);
    is_int(heap.n, n, "%d are kept", (int) n);

    for (i = 0, bytes = 0; i < heap.n; i++) {
        bytes += offsetof(oc_heap_item_t, data) + heap.items[i]->len
                 + heap.items[i]->id_len + sizeof(oc_heap_item_t *);
    }

    is_int(heap.bytes, bytes, "their bytes are counted");

    oc_heap_sort(&heap, from);
    qsort(items, UNIT_ITEMS, sizeof(unit_item_t), compare);

    for (i = from, wrong = 0; i < heap.n; i++) {
        item = heap.items[i];

        wrong += item->len != items[i].key_len
                 || memcmp(item->data, items[i].key, item->len) != 0
                 || item->id_len != items[i].id_len
                 || memcmp(item->data + item->len, items[i].id, item->id_len)
                    != 0;
    }

    is_int(wrong, 0, "these are the smallest, in order from %d on",
           (int) from);

    for (i = 0, wrong = 0; i < from && from < heap.n; i++) {
        item = heap.items[i];

        rc = compare_bytes(item->data, item->len, items[from].key,
                           items[from].key_len);

        wrong += rc > 0
                 || (rc == 0
                     && compare_bytes(item->data + item->len, item->id_len,
                                      items[from].id, items[from].id_len)
                        >= 0);
    }

    is_int(wrong, 0, "only smaller ones are before");

    rc = oc_heap_free_some(&heap, 100);

    is_int(rc, n > 100 ? NGX_AGAIN : NGX_OK, "some are freed");
    is_int(heap.n, n > 100 ? n - 100 : 0, "not more of them");

    oc_heap_free(&heap);

    ok(heap.n == 0 && heap.items == NULL, "the others as well");
}


static void
test_limit(void)
{
    ngx_int_t   rc;
    ngx_str_t   key, id;
    oc_heap_t   heap;
    ngx_uint_t  i;
    u_char      text[100];

    memset(text, 'x', sizeof(text));

    oc_heap_init(&heap, 1000, 10000);

    key.data = text;
    key.len = sizeof(text);
    id.data = text;
    id.len = 4;

    rc = NGX_OK;

    for (i = 0; rc == NGX_OK && i < 1000; i++) {
        rc = oc_heap_add(&heap, &key, &id);
    }

    is_int(rc, NGX_DECLINED, "there is an end to the bytes");
    ok(i > 50 && i < 100, "at about the limit");

    oc_heap_free(&heap);
}


int
main(void)
{
    test_smallest(0, 0);
    test_smallest(1, 0);
    test_smallest(1, 1);
    test_smallest(2, 1);
    test_smallest(101, 0);
    test_smallest(101, 1);
    test_smallest(101, 90);
    test_smallest(101, 200);
    test_smallest(UNIT_ITEMS, 0);
    test_smallest(UNIT_ITEMS, UNIT_ITEMS - 1);
    test_smallest(10 * UNIT_ITEMS, 250);
    test_limit();

    return done();
}
