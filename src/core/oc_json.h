
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_JSON_H_INCLUDED_
#define _OC_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "oc_arena.h"
#include "oc_json_name.h"


/*
 * jansson's values, arrays and iterators are used as they are.  The members
 * of an object are only to be reached through oc_json_member() and
 * oc_json_member_name(): their names may be abbreviated.
 */

#define OC_JSON_MAX_DEPTH  32


typedef enum {
    OC_JSON_OK = 0,
    OC_JSON_SYNTAX,
    OC_JSON_TRAILING,
    OC_JSON_DUPLICATE,
    OC_JSON_ENCODING,
    OC_JSON_NUL,
    OC_JSON_NUMBER,
    OC_JSON_DEPTH,
    OC_JSON_TOO_LARGE,
    OC_JSON_NO_MEMORY
} oc_json_status_e;


typedef struct {
    oc_json_status_e  status;
    ngx_uint_t        line;      /* from 1 */
    ngx_uint_t        column;    /* in characters, from 1 */
} oc_json_error_t;


/*
 * Members of the outermost object that its decoder is told to expect.  Those
 * that are simple it leaves out of the tree: their values are in here.
 */

typedef struct {
    const ngx_str_t   *names;     /* in the order that is usual */
    ngx_uint_t         nnames;
    ngx_uint_t         nvalues;   /* that are not NULL */
    json_t            *values[OC_JSON_MAX_APART];
} oc_json_apart_t;


void oc_json_seed(void);
json_t *oc_json_decode(oc_arena_t *arena, const u_char *data, size_t len,
    oc_json_error_t *err);
json_t *oc_json_decode_apart(oc_arena_t *arena, const u_char *data, size_t len,
    oc_json_apart_t *apart, oc_json_error_t *err);
ngx_str_t oc_json_member_name(void *iter);
json_t *oc_json_member(json_t *object, const char *name);
const char *oc_json_strerror(oc_json_status_e status);


#endif /* _OC_JSON_H_INCLUDED_ */
