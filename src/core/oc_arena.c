
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_arena.h"


#define OC_ARENA_CHUNK      32768
#define OC_ARENA_ALIGNMENT  sizeof(double)


struct oc_arena_chunk_s {
    oc_arena_chunk_t  *next;
    size_t             size;
};


/*
 * One chunk of the usual size is kept between arenas: nearly every request
 * fits in it, and malloc() is then not called at all.
 */

static oc_arena_chunk_t  *oc_arena_spare;


/*
 * Prepares an empty arena.  "limit" is the most bytes it may take from the
 * system; the first chunk is always granted.
 */

void
oc_arena_init(oc_arena_t *arena, size_t limit)
{
    ngx_memzero(arena, sizeof(oc_arena_t));

    arena->limit = ngx_max(limit, (size_t) OC_ARENA_CHUNK);
}


/*
 * Returns "size" bytes, aligned for any scalar, uninitialized, owned by the
 * arena; NULL when memory or the limit is exhausted.
 */

void *
oc_arena_alloc(oc_arena_t *arena, size_t size)
{
    u_char            *p;
    size_t             need;
    oc_arena_chunk_t  *chunk;

    if (size > arena->limit) {
        arena->exhausted = 1;
        return NULL;
    }

    /* nothing is somewhere as well: NULL is a failure */

    size = ngx_align(ngx_max(size, 1), OC_ARENA_ALIGNMENT);

    if (size <= (size_t) (arena->end - arena->pos)) {
        p = arena->pos;
        arena->pos += size;
        return p;
    }

    need = ngx_max(size + sizeof(oc_arena_chunk_t), (size_t) OC_ARENA_CHUNK);

    if (need > arena->limit - arena->used) {
        arena->exhausted = 1;
        return NULL;
    }

    if (need == OC_ARENA_CHUNK && oc_arena_spare) {
        chunk = oc_arena_spare;
        oc_arena_spare = NULL;

    } else {
        chunk = malloc(need);
        if (chunk == NULL) {
            return NULL;
        }
    }

    chunk->size = need;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used += need;

    p = (u_char *) chunk + sizeof(oc_arena_chunk_t);

    if (need - sizeof(oc_arena_chunk_t) - size
        < (size_t) (arena->end - arena->pos))
    {
        /* the old chunk has more room left than this one: go on with that */

        return p;
    }

    arena->pos = p + size;
    arena->end = (u_char *) chunk + need;

    return p;
}


/* Frees everything in the arena; it may be used again. */

void
oc_arena_free(oc_arena_t *arena)
{
    oc_arena_chunk_t  *chunk, *next;

    for (chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;

        if (chunk->size == OC_ARENA_CHUNK && oc_arena_spare == NULL) {
            oc_arena_spare = chunk;
            continue;
        }

        free(chunk);
    }

    oc_arena_init(arena, arena->limit);
}


/* Gives the spare chunk back to the system, at the end of a process. */

void
oc_arena_drain(void)
{
    free(oc_arena_spare);
    oc_arena_spare = NULL;
}
