
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_JSON_CONDENSE_H_INCLUDED_
#define _OC_JSON_CONDENSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_arena.h"


/* the first byte of what stands for a string or a name: DEL */

#define OC_JSON_MARK  0x7f


typedef struct {
    ngx_str_t    text;          /* the shorter document */
    ngx_str_t   *strings;       /* what was taken out, in the original */
    ngx_uint_t   nstrings;
} oc_json_condensed_t;


ngx_int_t oc_json_condense(oc_json_condensed_t *condensed, oc_arena_t *arena,
    const u_char *data, size_t len, ngx_uint_t strings);
ngx_int_t oc_json_marked(const char *value, size_t len);


#endif /* _OC_JSON_CONDENSE_H_INCLUDED_ */
