
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_BATCH_H_INCLUDED_
#define _OC_BATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_arena.h"


/*
 * The body of a batch request (OData 4.01 Protocol, 11.7, and JSON Format,
 * 19): bytes in, the requests in it out.
 */

/* what the directive for the number of requests allows at most */

#define OC_BATCH_MAX_ITEMS  100


typedef enum {
    OC_BATCH_OK = 0,
    OC_BATCH_MALFORMED,        /* batch->message says why */
    OC_BATCH_NO_MEMORY
} oc_batch_status_e;


typedef struct {
    ngx_str_t            name;
    ngx_str_t            value;
} oc_batch_header_t;


/* Strings are parts of the document, or in the arena. */

typedef struct {
    ngx_str_t            id;         /* Content-ID; may be empty there */
    ngx_str_t            method;     /* in upper case */
    ngx_str_t            url;
    ngx_str_t            host;       /* of a Host header; may be empty */
    oc_batch_header_t   *headers;
    ngx_uint_t           nheaders;
    ngx_str_t            body;
    ngx_str_t            group_name; /* atomicityGroup; empty: none */
    ngx_uint_t           group;      /* from 1; 0: none */
    ngx_uint_t          *depends;    /* numbers of items, from 0 */
    ngx_uint_t           ndepends;
    ngx_uint_t           status;     /* not 0: it is not to be carried out */
    const char          *message;    /* why not */
    unsigned             has_body:1;
} oc_batch_item_t;


typedef struct {

    /* set by the caller */

    oc_arena_t          *arena;
    ngx_uint_t           max;        /* items */

    /* the result */

    oc_batch_item_t     *items;
    ngx_uint_t           nitems;
    ngx_uint_t           ngroups;
    const char          *message;
    size_t               position;   /* of what is wrong, in bytes */
} oc_batch_t;


/* oc_batch_json.c */

oc_batch_status_e oc_batch_json(oc_batch_t *batch, u_char *data, size_t len);

/* oc_batch_depend.c */

oc_batch_status_e oc_batch_ids(oc_batch_t *batch);
oc_batch_status_e oc_batch_depend(oc_batch_t *batch, ngx_str_t **names,
    ngx_uint_t *counts);
ngx_int_t oc_batch_reference(oc_batch_t *batch, ngx_str_t *url,
    ngx_str_t *rest);
ngx_uint_t oc_batch_same(const ngx_str_t *a, const ngx_str_t *b);

/* oc_batch_mime.c */

ngx_int_t oc_batch_boundary(ngx_str_t *type, ngx_str_t *boundary,
    oc_arena_t *arena);
void oc_batch_media(ngx_str_t *type, ngx_str_t *media);
oc_batch_status_e oc_batch_mime(oc_batch_t *batch, ngx_str_t *boundary,
    u_char *data, size_t len);

/* oc_batch_http.c */

ngx_int_t oc_batch_http(oc_batch_item_t *item, u_char *p, u_char *last,
    oc_arena_t *arena);
ngx_int_t oc_batch_line(u_char **p, u_char *last, ngx_str_t *line);
ngx_int_t oc_batch_headers(u_char **p, u_char *last,
    oc_batch_header_t **headers, ngx_uint_t *n, oc_arena_t *arena);
ngx_str_t *oc_batch_header(oc_batch_header_t *headers, ngx_uint_t n,
    const char *name);
ngx_uint_t oc_batch_is(ngx_str_t *s, const char *name);
ngx_uint_t oc_batch_like(ngx_str_t *s, const char *name);
void oc_batch_method(oc_batch_item_t *item);
ngx_uint_t oc_batch_is_token(ngx_str_t *s);
ngx_uint_t oc_batch_is_value(ngx_str_t *s);

/* oc_batch_scan.c */

ngx_int_t oc_batch_skip_value(u_char **p, u_char *last, ngx_uint_t depth);
ngx_int_t oc_batch_skip_string(u_char **p, u_char *last);
u_char *oc_batch_skip_space(u_char *p, u_char *last);
ngx_uint_t oc_batch_is_json(u_char *p, size_t len);


#endif /* _OC_BATCH_H_INCLUDED_ */
