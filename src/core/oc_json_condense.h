
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_JSON_CONDENSE_H_INCLUDED_
#define _OC_JSON_CONDENSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_arena.h"
#include "oc_json_name.h"


/* the first byte of what stands for a string or a name: DEL */

#define OC_JSON_MARK  0x7f


/* bytes of what is left of a document that members are taken out of */

#define OC_JSON_MAX_REST  4096


typedef struct {
    ngx_uint_t   slot;          /* of the name */
    u_char       type;          /* how the value begins: '"', t, f, n */
    ngx_str_t    string;        /* without quotes, in the original */
} oc_json_cut_member_t;


/* what is to be taken out of the outermost object, and what was */

typedef struct {
    const ngx_str_t       *names;
    ngx_uint_t             nnames;
    ngx_uint_t             next;        /* the slot expected next */
    ngx_uint_t             seen;        /* a bit for each slot */
    oc_json_cut_member_t   members[OC_JSON_MAX_APART];
    ngx_uint_t             nmembers;
    u_char                 rest[OC_JSON_MAX_REST];  /* the document then */
} oc_json_cut_t;


typedef struct {
    ngx_str_t       text;       /* the shorter document */
    ngx_str_t      *strings;    /* what was taken out, in the original */
    ngx_uint_t      nstrings;
    oc_json_cut_t  *cut;        /* members to be taken out, or NULL */
} oc_json_condensed_t;


ngx_int_t oc_json_condense(oc_json_condensed_t *condensed, oc_arena_t *arena,
    const u_char *data, size_t len, ngx_uint_t strings);
ngx_int_t oc_json_marked(const char *value, size_t len);


#endif /* _OC_JSON_CONDENSE_H_INCLUDED_ */
