
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_arena with a block of malloc()'s for each of its own, so that a sanitizer
 * sees where each ends, whether it was written before it is read, and whether
 * all are freed.  A program that includes this has it in place of the other.
 */


#ifndef _FUZZ_ARENA_H_INCLUDED_
#define _FUZZ_ARENA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_arena.h"


struct oc_arena_chunk_s {
    oc_arena_chunk_t  *next;
    void              *block;
};


void
oc_arena_init(oc_arena_t *arena, size_t limit)
{
    memset(arena, 0, sizeof(oc_arena_t));
    arena->limit = limit;
}


void *
oc_arena_alloc(oc_arena_t *arena, size_t size)
{
    size_t             need;
    oc_arena_chunk_t  *chunk;

    need = ngx_align(size, sizeof(double));

    if (need > arena->limit - arena->used) {
        arena->exhausted = 1;
        return NULL;
    }

    chunk = malloc(sizeof(oc_arena_chunk_t));
    chunk->block = malloc(size);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used += need;

    return chunk->block;
}


void
oc_arena_free(oc_arena_t *arena)
{
    oc_arena_chunk_t  *chunk, *next;

    for (chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        free(chunk->block);
        free(chunk);
    }

    oc_arena_init(arena, arena->limit);
}


void
oc_arena_drain(void)
{
    /* there is nothing that was kept */
}


#endif /* _FUZZ_ARENA_H_INCLUDED_ */
