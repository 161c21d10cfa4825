
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What holds of a batch that has been read, whatever its format:
 *
 *     fuzz_batch(batch, status, size)    ends the run if something does not
 */


#ifndef _FUZZ_BATCH_H_INCLUDED_
#define _FUZZ_BATCH_H_INCLUDED_


#include "fuzz.h"
#include "oc_batch.h"


static volatile u_char  fuzz_sink;


/* a sanitizer sees whether it can be read */

static inline void
fuzz_touch(const ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        fuzz_sink = s->data[i];
    }
}


static inline void
fuzz_item(const oc_batch_t *batch, ngx_uint_t n)
{
    ngx_uint_t              i;
    const oc_batch_item_t  *item;

    item = &batch->items[n];

    fuzz_touch(&item->id);
    fuzz_touch(&item->method);
    fuzz_touch(&item->url);
    fuzz_touch(&item->host);
    fuzz_touch(&item->body);

    fuzz_assert(item->group <= batch->ngroups);
    fuzz_assert(item->status == 0 || item->message);

    if (item->status == 0) {
        fuzz_assert(item->method.len >= 3 && item->method.len <= 6);
        fuzz_assert(strchr("DGP", item->method.data[0]));
    }

    for (i = 0; i < item->nheaders; i++) {
        fuzz_assert(oc_batch_is_token(&item->headers[i].name));
        fuzz_assert(oc_batch_is_value(&item->headers[i].value));
    }

    for (i = 0; i < item->ndepends; i++) {
        fuzz_assert(item->depends[i] < batch->nitems);
        fuzz_assert(item->depends[i] != n);
    }
}


static inline void
fuzz_batch(const oc_batch_t *batch, oc_batch_status_e status, size_t size)
{
    unsigned    done[20], ready, progress, left;
    ngx_uint_t  i, j, k;

    if (status != OC_BATCH_OK) {
        fuzz_assert(status == OC_BATCH_MALFORMED);
        fuzz_assert(batch->message && strlen(batch->message) > 0);
        fuzz_assert(batch->position <= size);
        return;
    }

    fuzz_assert(batch->nitems <= batch->max);
    fuzz_assert(batch->ngroups <= batch->nitems);

    memset(done, 0, sizeof(done));

    for (i = 0; i < batch->nitems; i++) {
        fuzz_item(batch, i);

        for (j = 0; j < i; j++) {
            fuzz_assert(batch->items[i].id.len == 0
                        || !oc_batch_same(&batch->items[i].id,
                                          &batch->items[j].id));
        }
    }

    /* one after the other, a group at once */

    do {
        progress = 0;
        left = 0;

        for (i = 0; i < batch->nitems; i++) {
            ready = !done[i];
            left |= ready;

            for (j = 0; j < batch->nitems; j++) {
                if (j != i && (batch->items[i].group == 0
                               || batch->items[j].group
                                  != batch->items[i].group))
                {
                    continue;
                }

                for (k = 0; k < batch->items[j].ndepends; k++) {
                    ready &= done[batch->items[j].depends[k]];
                }
            }

            for (j = 0; ready && j < batch->nitems; j++) {
                if (j == i || (batch->items[i].group
                               && batch->items[j].group
                                  == batch->items[i].group))
                {
                    done[j] = 1;
                    progress = 1;
                }
            }
        }

    } while (progress);

    fuzz_assert(!left);
}


#endif /* _FUZZ_BATCH_H_INCLUDED_ */
