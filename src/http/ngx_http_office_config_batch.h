
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_BATCH_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_BATCH_H_INCLUDED_


#include "ngx_http_office_config.h"
#include "oc_batch.h"


/* the responses of a batch take so much memory at most */

#define NGX_HTTP_OFFICE_CONFIG_BATCH_MAX_BYTES  (64 * 1024 * 1024)


typedef enum {
    NGX_HTTP_OFFICE_CONFIG_PART_WAITING = 0,
    NGX_HTTP_OFFICE_CONFIG_PART_RUNNING,
    NGX_HTTP_OFFICE_CONFIG_PART_DONE,
    NGX_HTTP_OFFICE_CONFIG_PART_OMITTED     /* of a batch that has stopped */
} ngx_http_office_config_part_state_e;


/* requests of which all or none are carried out */

typedef struct {
    oc_store_group_t                     *store;
    unsigned                              begun:1;
    unsigned                              sent:1;     /* to the store */
    unsigned                              failed:1;
} ngx_http_office_config_group_t;


typedef struct {
    ngx_http_office_config_batch_t       *batch;
    oc_batch_item_t                      *item;
    ngx_http_office_config_group_t       *group;      /* NULL: none */
    ngx_http_request_t                   *request;    /* while it runs */
    ngx_http_office_config_part_state_e   state;

    ngx_str_t                             target;     /* below the root */
    ngx_str_t                             location;   /* of what it made */

    /* the response */

    ngx_uint_t                            status;
    ngx_str_t                             head;       /* as nginx writes it */
    size_t                                head_left;
    oc_batch_header_t                    *headers;
    ngx_uint_t                            nheaders;
    ngx_chain_t                          *body;
    ngx_chain_t                         **last;
    size_t                                len;        /* of the body */

    unsigned                              headed:1;
    unsigned                              joined:1;   /* its group's call */
    unsigned                              rendered:1; /* JSON of our own */
    unsigned                              overflow:1; /* too large */
} ngx_http_office_config_part_t;


struct ngx_http_office_config_batch_s {
    ngx_http_request_t                   *request;
    ngx_http_office_config_ctx_t         *ctx;
    oc_arena_t                            arena;
    oc_batch_t                            parsed;
    ngx_http_office_config_part_t        *parts;
    ngx_http_office_config_group_t       *groups;
    ngx_str_t                             prefix;     /* of the parts' URLs */
    ngx_event_t                           event;
    size_t                                bytes;      /* of the responses */
    unsigned                              multipart:1;
    unsigned                              sequential:1;
    unsigned                              proceed:1;  /* after an error */
    unsigned                              preference:1;
    unsigned                              stopped:1;
    unsigned                              aborted:1;
    unsigned                              over:1;
};


/* ngx_http_office_config_batch_part.c */

ngx_int_t ngx_http_office_config_part_start(
    ngx_http_office_config_part_t *part);
void ngx_http_office_config_part_abort(ngx_http_office_config_part_t *part);
ngx_http_office_config_part_t *ngx_http_office_config_part(
    ngx_http_request_t *r);

/* ngx_http_office_config_batch_url.c */

ngx_int_t ngx_http_office_config_batch_prefix(
    ngx_http_office_config_batch_t *batch);
ngx_int_t ngx_http_office_config_part_target(
    ngx_http_office_config_part_t *part);
ngx_int_t ngx_http_office_config_part_dereference(ngx_http_request_t *r,
    ngx_str_t *url);
void ngx_http_office_config_part_locate(ngx_http_office_config_part_t *part);
ngx_str_t *ngx_http_office_config_part_etag(
    ngx_http_office_config_part_t *part, ngx_str_t *reference);

/* ngx_http_office_config_batch_target.c */

ngx_int_t ngx_http_office_config_target_prefix(ngx_pool_t *pool,
    const ngx_str_t *url, ngx_str_t *prefix);
ngx_int_t ngx_http_office_config_target_below(const ngx_str_t *prefix,
    const ngx_str_t *base, const ngx_str_t *own, const ngx_str_t *host,
    ngx_str_t *url);
ngx_uint_t ngx_http_office_config_target_strip(ngx_str_t *url,
    const ngx_str_t *prefix);
ngx_int_t ngx_http_office_config_target(ngx_pool_t *pool,
    const ngx_str_t *prefix, const ngx_str_t *url, ngx_str_t *target);

/* ngx_http_office_config_batch_request.c */

ngx_int_t ngx_http_office_config_part_text(
    ngx_http_office_config_part_t *part, ngx_pool_t *pool, ngx_buf_t *line,
    ngx_buf_t *headers);
ngx_uint_t ngx_http_office_config_part_hides(ngx_str_t *name);

/* ngx_http_office_config_batch_group.c */

ngx_int_t ngx_http_office_config_group_run(
    ngx_http_office_config_batch_t *batch, ngx_uint_t n);
oc_store_group_t *ngx_http_office_config_part_group(ngx_http_request_t *r);

/* ngx_http_office_config_batch.c */

void ngx_http_office_config_part_refuse(ngx_http_office_config_part_t *part,
    ngx_uint_t status, const char *message);
ngx_int_t ngx_http_office_config_part_run(
    ngx_http_office_config_part_t *part);
void ngx_http_office_config_batch_wake(ngx_http_office_config_batch_t *batch);

#define ngx_http_office_config_part_failed(part)                              \
    ((part)->state == NGX_HTTP_OFFICE_CONFIG_PART_DONE                        \
     && (part)->status >= NGX_HTTP_BAD_REQUEST)

/* ngx_http_office_config_batch_json.c */

ngx_int_t ngx_http_office_config_batch_json(
    ngx_http_office_config_batch_t *batch, ngx_chain_t **out, off_t *len);

/* ngx_http_office_config_batch_mime.c */

ngx_int_t ngx_http_office_config_batch_mime(
    ngx_http_office_config_batch_t *batch, ngx_chain_t **out, off_t *len);


#endif /* _NGX_HTTP_OFFICE_CONFIG_BATCH_H_INCLUDED_ */
