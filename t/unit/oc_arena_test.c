
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_arena: what it hands out is aligned and does not overlap, its limit
 * holds, and its chunks are kept or given back as they should.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "support.h"
#include "tap.h"


/* the system's allocator, which can be told to have nothing left */

static unsigned    unit_no_memory;
static ngx_uint_t  unit_mallocs;


static void *
unit_malloc(size_t size)
{
    unit_mallocs++;

    return unit_no_memory ? NULL : malloc(size);
}


#define malloc  unit_malloc
#include "oc_arena.c"
#undef malloc


#define UNIT_BLOCKS  2000


static void
test_blocks(void)
{
    u_char      *block[UNIT_BLOCKS];
    size_t       size[UNIT_BLOCKS], i, j;
    ngx_uint_t   misaligned, damaged, missing;
    oc_arena_t   arena;

    oc_arena_init(&arena, 64 * 1024 * 1024);

    misaligned = 0;
    missing = 0;

    for (i = 0; i < UNIT_BLOCKS; i++) {

        /* small ones, some of about a chunk, some larger */

        size[i] = (i % 50 == 49) ? 32000 + unit_below(1000)
                  : (i % 50 == 24) ? unit_below(100000)
                  : unit_below(300);

        block[i] = oc_arena_alloc(&arena, size[i]);

        if (block[i] == NULL) {
            missing += size[i] != 0;
            continue;
        }

        misaligned += (uintptr_t) block[i] % 8 != 0;
        memset(block[i], (int) (i % 251), size[i]);
    }

    damaged = 0;

    for (i = 0; i < UNIT_BLOCKS; i++) {
        for (j = 0; j < size[i]; j++) {
            damaged += block[i][j] != i % 251;
        }
    }

    is_int(missing, 0, "every block is there");
    is_int(misaligned, 0, "every block is aligned");
    is_int(damaged, 0, "no block overlaps another");
    ok(arena.used <= arena.limit, "the limit holds");

    oc_arena_free(&arena);
    oc_arena_drain();
}


static void
test_limit(void)
{
    u_char      *p, *first;
    size_t       size, total;
    ngx_uint_t   i, over;
    oc_arena_t   arena;

    oc_arena_init(&arena, 0);

    is_int(arena.limit, OC_ARENA_CHUNK, "one chunk is always granted");
    is_int(arena.used, 0, "nothing is taken before it is needed");

    first = oc_arena_alloc(&arena, 100);
    ok(first != NULL, "100 bytes of it");
    is_int(arena.used, OC_ARENA_CHUNK, "the chunk counts as used");
    is_int(arena.exhausted, 0, "the limit was not met yet");

    memset(first, 'x', 100);

    p = oc_arena_alloc(&arena, OC_ARENA_CHUNK);
    ok(p == NULL, "not what takes a second chunk");
    is_int(arena.exhausted, 1, "the limit was met");
    is_int(arena.used, OC_ARENA_CHUNK, "nothing was taken for it");
    ok(first[0] == 'x' && first[99] == 'x', "what was there is there");

    oc_arena_free(&arena);

    is_int(arena.exhausted, 0, "free: as new");
    is_int(arena.used, 0, "free: nothing is used");
    is_int(arena.limit, OC_ARENA_CHUNK, "free: the limit is kept");

    p = oc_arena_alloc(&arena, 100);
    ok(p != NULL, "free: it can be used again");
    oc_arena_free(&arena);

    p = oc_arena_alloc(&arena, OC_ARENA_CHUNK + 1);
    ok(p == NULL && arena.exhausted, "more than the limit at once");
    oc_arena_free(&arena);

    p = oc_arena_alloc(&arena, (size_t) -1);
    ok(p == NULL && arena.exhausted, "SIZE_MAX bytes");

    p = oc_arena_alloc(&arena, (size_t) -9);
    ok(p == NULL && arena.exhausted, "SIZE_MAX - 8 bytes");
    oc_arena_free(&arena);

    over = 0;

    for (i = 0; i < 200; i++) {
        oc_arena_init(&arena, OC_ARENA_CHUNK + unit_below(500000));

        total = 0;

        while (!arena.exhausted) {
            size = 1 + unit_below(i % 2 ? 40000 : 400);
            p = oc_arena_alloc(&arena, size);

            if (p) {
                memset(p, 0, size);
                total += size;
            }

            over += arena.used > arena.limit;
        }

        over += total > arena.limit;
        oc_arena_free(&arena);
    }

    is_int(over, 0, "no sequence of sizes gets past a limit");

    oc_arena_drain();
}


static void
test_chunks(void)
{
    u_char      *p, *q, *small, *next;
    oc_arena_t   arena, other;

    oc_arena_init(&arena, 1024 * 1024);
    oc_arena_init(&other, 1024 * 1024);

    small = oc_arena_alloc(&arena, 8);
    p = oc_arena_alloc(&arena, 100000);
    next = oc_arena_alloc(&arena, 8);

    is_int(arena.used, OC_ARENA_CHUNK + 100000 + sizeof(oc_arena_chunk_t),
           "a large block has a chunk of its own size");
    ok(next == small + 8, "the room that was left before it is gone on with");

    memset(p, 0, 100000);
    oc_arena_free(&arena);

    unit_mallocs = 0;
    p = oc_arena_alloc(&arena, 8);
    ok(p == small, "the chunk of one arena is kept for the next");
    is_int(unit_mallocs, 0, "without malloc()");

    q = oc_arena_alloc(&other, 8);
    ok(q != p, "of two arenas at once each has its own");
    is_int(unit_mallocs, 1, "with one malloc()");

    memset(p, 1, 8);
    memset(q, 2, 8);
    is_int(*p, 1, "the one is not the other");

    oc_arena_free(&arena);
    oc_arena_free(&other);

    unit_mallocs = 0;
    p = oc_arena_alloc(&arena, OC_ARENA_CHUNK);
    ok(p != NULL && unit_mallocs == 1,
       "the spare chunk is not taken for what does not fit");
    oc_arena_free(&arena);

    oc_arena_free(&arena);
    ok(1, "an arena may be freed twice");

    oc_arena_drain();
    oc_arena_drain();
    ok(1, "the spare chunk may be given back twice");

    unit_mallocs = 0;
    p = oc_arena_alloc(&arena, 8);
    ok(p != NULL && unit_mallocs == 1, "after which there is none");

    oc_arena_free(&arena);
    oc_arena_drain();
}


static void
test_no_memory(void)
{
    u_char      *p;
    oc_arena_t   arena;

    oc_arena_init(&arena, 1024 * 1024);

    unit_no_memory = 1;

    p = oc_arena_alloc(&arena, 8);
    ok(p == NULL, "no memory: nothing");
    is_int(arena.exhausted, 0, "no memory: not for the limit");
    is_int(arena.used, 0, "no memory: nothing is used");

    unit_no_memory = 0;

    p = oc_arena_alloc(&arena, 8);
    ok(p != NULL, "memory again: it goes on");

    oc_arena_free(&arena);
    oc_arena_drain();
}


int
main(void)
{
    test_blocks();
    test_limit();
    test_chunks();
    test_no_memory();

    return done();
}
