
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * The body of a multipart batch: the first line of the input is the media type
 * (with one that has no boundary: that of "b"), the rest is the body, in a
 * buffer of just its length.
 *
 * - a boundary has 1 to 70 characters, none of them a line end;
 * - what is found is within the input, and holds as that of a JSON batch does;
 * - bodies do not overlap, and have no line that is the boundary;
 * - a preamble and an epilogue make no difference.
 */


#include "arena.h"
#include "batch.h"
#include "fuzz.h"
#include "oc_batch.h"


static const char  preamble[] = "a preamble\r\n\r\n";
static const char  epilogue[] = "\r\nan epilogue\r\n";


static oc_batch_status_e
parse(oc_batch_t *batch, ngx_str_t *boundary, u_char *data, size_t size,
    oc_arena_t *arena)
{
    memset(batch, 0, sizeof(oc_batch_t));

    batch->arena = arena;
    batch->max = 20;

    return oc_batch_mime(batch, boundary, data, size);
}


static void
check_bodies(const oc_batch_t *batch, const u_char *data, size_t size)
{
    ngx_uint_t     i;
    const u_char  *last;

    last = data;

    for (i = 0; i < batch->nitems; i++) {

        if (!batch->items[i].has_body) {
            continue;
        }

        fuzz_assert(batch->items[i].body.data >= last);

        last = batch->items[i].body.data + batch->items[i].body.len;

        fuzz_assert(last <= data + size);
    }
}


static void
check_surroundings(const oc_batch_t *batch, oc_batch_status_e status,
    ngx_str_t *boundary, const uint8_t *data, size_t size)
{
    size_t              len;
    u_char             *longer;
    ngx_uint_t          i;
    oc_arena_t          arena;
    oc_batch_t          other;
    oc_batch_status_e   again;

    len = sizeof(preamble) - 1 + size + sizeof(epilogue) - 1;

    longer = malloc(len);
    memcpy(longer, preamble, sizeof(preamble) - 1);
    memcpy(longer + sizeof(preamble) - 1, data, size);
    memcpy(longer + sizeof(preamble) - 1 + size, epilogue,
           sizeof(epilogue) - 1);

    oc_arena_init(&arena, (size_t) -1);

    again = parse(&other, boundary, longer, len, &arena);

    if (status == OC_BATCH_OK) {
        fuzz_assert(again == OC_BATCH_OK);
        fuzz_assert(other.nitems == batch->nitems);

        for (i = 0; i < batch->nitems; i++) {
            fuzz_assert(other.items[i].body.len == batch->items[i].body.len);
            fuzz_assert(other.items[i].status == batch->items[i].status);
            fuzz_assert(other.items[i].group == batch->items[i].group);
        }
    }

    oc_arena_free(&arena);
    free(longer);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t              len, i;
    u_char             *copy, *type;
    ngx_int_t           rc;
    ngx_str_t           boundary, line;
    oc_arena_t          arena;
    oc_batch_t          batch;
    const uint8_t      *end;
    oc_batch_status_e   status;

    end = size ? memchr(data, '\n', size) : NULL;
    len = end ? (size_t) (end - data) : size;

    type = unit_copy(data, len);

    line.data = type;
    line.len = len;

    data += len + (end != NULL);
    size -= len + (end != NULL);

    copy = unit_copy(data, size);

    oc_arena_init(&arena, (size_t) -1);

    rc = oc_batch_boundary(&line, &boundary, &arena);

    if (rc == NGX_OK) {
        fuzz_assert(boundary.len >= 1 && boundary.len <= 70);

        for (i = 0; i < boundary.len; i++) {
            fuzz_assert(boundary.data[i] != '\r');
        }

    } else {
        fuzz_assert(rc == NGX_DECLINED || rc == NGX_ABORT);

        ngx_str_set(&boundary, "b");
    }

    status = parse(&batch, &boundary, copy, size, &arena);

    fuzz_assert(memcmp(copy, data, size) == 0);

    fuzz_batch(&batch, status, size);

    if (status == OC_BATCH_OK) {
        check_bodies(&batch, copy, size);
    }

    /* a carriage return at the end would become another line's */

    if (size && data[size - 1] != '\r') {
        check_surroundings(&batch, status, &boundary, data, size);
    }

    oc_arena_free(&arena);
    free(copy);
    free(type);

    return 0;
}
