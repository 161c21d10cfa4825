
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_ARENA_H_INCLUDED_
#define _OC_ARENA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * A bump allocator: everything allocated from an arena goes away with it at
 * once.  It has a ceiling, so that a small document cannot be blown up into a
 * large tree.
 */

typedef struct oc_arena_s        oc_arena_t;
typedef struct oc_arena_chunk_s  oc_arena_chunk_t;

struct oc_arena_s {
    u_char            *pos;
    u_char            *end;
    oc_arena_chunk_t  *chunks;
    size_t             used;       /* bytes of all chunks */
    size_t             limit;
    unsigned           exhausted:1;   /* an allocation ran into the limit */
};


void oc_arena_init(oc_arena_t *arena, size_t limit);
void *oc_arena_alloc(oc_arena_t *arena, size_t size);
void oc_arena_free(oc_arena_t *arena);
void oc_arena_drain(void);


#endif /* _OC_ARENA_H_INCLUDED_ */
