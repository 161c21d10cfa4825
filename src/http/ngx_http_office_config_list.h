
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_LIST_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_LIST_H_INCLUDED_


#include "ngx_http_office_config.h"
#include "oc_buf.h"
#include "oc_expr.h"
#include "oc_heap.h"
#include "oc_seal.h"


/*
 * What orders the items of a collection.  The first three are what they are
 * read by; for another order all of them have to be read.
 */

typedef enum {
    NGX_HTTP_OFFICE_CONFIG_BY_ID = 0,
    NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY,
    NGX_HTTP_OFFICE_CONFIG_BY_PLACE,      /* of check-ins */
    NGX_HTTP_OFFICE_CONFIG_BY_KEY
} ngx_http_office_config_order_e;


/* of an order's key so many bytes count, the id after them */

#define NGX_HTTP_OFFICE_CONFIG_KEY_LEN  1024


/*
 * Where a page begins, as it is in a token: behind a priority and an id, a
 * key and an id, or for check-ins a number and a key of theirs.
 */

typedef struct {
    ngx_str_t                          id;
    ngx_str_t                          key;
    int32_t                            priority;
    uint32_t                           place;
    u_char                            *seen;      /* keys, cut short */
    ngx_uint_t                         nseen;
    ngx_uint_t                         skip;      /* still to pass over */
    ngx_uint_t                         size;      /* of a page, 0: not said */
    int64_t                            count;     /* -1: not known */
    unsigned                           given:1;
} ngx_http_office_config_position_t;


/* how items are shown and which: the options, parsed */

typedef struct {
    oc_expr_t                         *filter;
    oc_search_t                       *search;
    oc_orderby_t                       orderby;
    ngx_uint_t                         uses;      /* bits of properties */
} ngx_http_office_config_options_t;


typedef struct ngx_http_office_config_list_s  ngx_http_office_config_list_t;


typedef ngx_int_t (*ngx_http_office_config_list_pt)(
    ngx_http_office_config_list_t *list);


/*
 * Where the items of a collection come from, a chunk at a time.  All return
 * NGX_OK, or NGX_ERROR if memory is out.
 */

typedef struct {

    /* has the store read the next "size" items by list->call */

    ngx_int_t  (*read)(ngx_http_office_config_list_t *list, ngx_uint_t size);

    /* what was read becomes list->items, list->nitems, list->last, list->end */

    ngx_int_t  (*taken)(ngx_http_office_config_list_t *list);

    /*
     * what else is to be known of item list->i to evaluate it: NGX_AGAIN if
     * it has to be read, ngx_http_office_config_scan_on() then goes on;
     * NGX_ABORT if the request has been answered with list->result
     */

    ngx_int_t  (*complete)(ngx_http_office_config_list_t *list,
                           oc_subject_t *subject);

    /* what identifies it, as it comes behind an order's key */

    ngx_int_t  (*id)(ngx_http_office_config_list_t *list, ngx_str_t *id);

    /* the place behind it */

    ngx_int_t  (*place)(ngx_http_office_config_list_t *list,
                        ngx_http_office_config_position_t *position);

    /*
     * makes what is in the heap from list->npicked on the page: NGX_OK,
     * NGX_AGAIN as above
     */

    ngx_int_t  (*pick)(ngx_http_office_config_list_t *list);

    size_t       id_len;         /* that count, if the id has more */
} ngx_http_office_config_source_t;


/* what is known of an item besides its JSON */

typedef struct {
    ngx_str_t                          summary;
    ngx_str_t                          assignments;
    ngx_uint_t                         checkins;  /* their number */
    unsigned                           live:1;
} ngx_http_office_config_extra_t;


struct ngx_http_office_config_list_s {
    ngx_http_request_t                *request;
    ngx_http_office_config_ctx_t      *ctx;

    /* what is asked for */

    ngx_http_office_config_options_t   options;
    ngx_http_office_config_order_e     order;
    ngx_http_office_config_position_t  after;
    ngx_uint_t                         limit;     /* items of the page */
    ngx_uint_t                         skip;
    u_char                             bound[OC_SEAL_DIGEST_LEN];
    unsigned                           descending:1;
    unsigned                           scanned:1; /* item by item */
    unsigned                           number:1;  /* only a number */
    unsigned                           counted:1; /* all, besides the page */

    /* the page, in the request's pool; where the next one begins */

    ngx_str_t                         *page;
    ngx_uint_t                         npage;
    size_t                             bytes;
    int64_t                            count;
    ngx_http_office_config_position_t  next;      /* given: there is one */
    ngx_str_t                          fragment;  /* of the context URL */
    unsigned                           full:1;
    unsigned                           more:1;    /* another was found */

    /* the chunk that is being looked at */

    const ngx_http_office_config_source_t
                                      *source;
    ngx_http_office_config_list_pt     done;      /* answers */
    ngx_queue_t                        queue;
    ngx_event_t                        event;
    ngx_pool_t                        *pool;
    oc_store_call_t                    call;
    oc_store_scan_t                    scan;
    ngx_str_t                         *items;
    ngx_uint_t                         nitems;
    ngx_uint_t                         i;
    ngx_uint_t                         examined;
    ngx_http_office_config_position_t  end;       /* of the chunk */
    u_char                             end_id[OC_ID_MAX_LEN];
    ngx_int_t                          result;    /* of NGX_ABORT */
    unsigned                           last:1;    /* there is no other */
    unsigned                           waiting:1; /* in the queue */
    unsigned                           active:1;
    unsigned                           found:1;   /* the scan is over */

    /* values that are kept apart are read by calls of their own */

    ngx_http_office_config_extra_t    *extra;     /* of each item */
    ngx_uint_t                         nlive;
    ngx_uint_t                         nexpanded; /* of a chunk, or page */
    ngx_str_t                         *ids;       /* of those being read */
    size_t                             expanded_bytes;
    ngx_pool_t                        *aside;
    oc_store_call_t                    extra_call;
    oc_arena_t                         arena;
    oc_buf_t                           buf;       /* check-ins of an item */
    unsigned                           loaded:1;

    /* for an order of its own */

    oc_eval_t                         *eval;
    oc_heap_t                          heap;
    ngx_uint_t                         npicked;
};


#endif /* _NGX_HTTP_OFFICE_CONFIG_LIST_H_INCLUDED_ */
