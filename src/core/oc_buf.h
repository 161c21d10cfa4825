
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_BUF_H_INCLUDED_
#define _OC_BUF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_arena.h"


/*
 * A growing output buffer in an arena.  Writers never fail one by one: the
 * first allocation that fails sets "failed", which is checked once at the
 * end.
 */

typedef struct {
    u_char      *start;
    u_char      *last;
    u_char      *end;
    oc_arena_t  *arena;
    unsigned     failed:1;
} oc_buf_t;


#define oc_buf_literal(b, s)  oc_buf_append(b, (u_char *) s, sizeof(s) - 1)
#define oc_buf_str(b, s)      oc_buf_append(b, (s)->data, (s)->len)
#define oc_buf_len(b)         ((size_t) ((b)->last - (b)->start))


void oc_buf_init(oc_buf_t *b, oc_arena_t *arena, size_t size);
void oc_buf_append(oc_buf_t *b, const u_char *data, size_t len);
void oc_buf_char(oc_buf_t *b, u_char ch);
void oc_buf_int(oc_buf_t *b, int64_t n);
void oc_buf_json_string(oc_buf_t *b, const u_char *data, size_t len);

size_t oc_json_escaped_len(const u_char *data, size_t len);
u_char *oc_json_escape(u_char *dst, const u_char *data, size_t len);


#endif /* _OC_BUF_H_INCLUDED_ */
