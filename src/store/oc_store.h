
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_STORE_H_INCLUDED_
#define _OC_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_entity.h"
#include "oc_redis.h"


/*
 * Client configurations in Redis.  Each call is one atomic operation and one
 * round trip.
 */

/* the version of the layout, kept in the key PREFIX "layout" */

#define OC_STORE_LAYOUT      "1"
#define OC_STORE_LAYOUT_KEY  "layout"

#define OC_STORE_MAX_PAGE    1000


typedef enum {
    OC_STORE_OK = 0,
    OC_STORE_NOT_FOUND,
    OC_STORE_EXISTS,
    OC_STORE_PRECONDITION,     /* the entity has another ETag */
    OC_STORE_EXHAUSTED,        /* no priority is left to give */
    OC_STORE_UNAVAILABLE,      /* nothing was done */
    OC_STORE_OVERLOADED,       /* nothing was done */
    OC_STORE_TIMEOUT,          /* no answer in time */
    OC_STORE_UNKNOWN,          /* a write may have been done or not */
    OC_STORE_FAILED            /* Redis holds or says what it should not */
} oc_store_status_e;


typedef struct oc_store_call_s  oc_store_call_t;

typedef void (*oc_store_handler_pt)(oc_store_call_t *call);

struct oc_store_call_s {

    /* set by the caller */

    oc_redis_t           *redis;
    ngx_str_t             prefix;
    ngx_str_t             tenant;
    ngx_pool_t           *pool;        /* the call ends with it */
    ngx_log_t            *log;
    oc_store_handler_pt   handler;
    void                 *data;

    /* the result, valid as long as the pool */

    oc_store_status_e     status;
    ngx_str_t             json;        /* one configuration, or its begin */
    ngx_str_t             tail;        /* its end, if it is not empty */
    ngx_str_t             assignments; /* the array of a deep insert */
    int32_t               priority;
    ngx_str_t            *page;        /* configurations of a list */
    ngx_uint_t            npage;
    ngx_str_t             next;        /* empty: there is no next page */

    /* private */

    oc_redis_op_t        *op;
    unsigned              write:1;
};


typedef struct {
    ngx_uint_t            any;         /* If-Match: * */
    ngx_str_t            *etags;       /* OC_ETAG_LEN bytes each */
    ngx_uint_t            netags;
} oc_store_condition_t;


void oc_store_init(void);
ngx_int_t oc_store_conf(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *prefix);
ngx_int_t oc_store_tenant_valid(ngx_str_t *tenant);

ngx_int_t oc_store_create(oc_store_call_t *call, oc_entity_t *entity);
ngx_int_t oc_store_get(oc_store_call_t *call, ngx_str_t *id);
ngx_int_t oc_store_exists(oc_store_call_t *call, ngx_str_t *id);
ngx_int_t oc_store_delete(oc_store_call_t *call, ngx_str_t *id,
    oc_store_condition_t *condition);
ngx_int_t oc_store_list(oc_store_call_t *call, ngx_str_t *after,
    ngx_uint_t limit);

ngx_int_t oc_store_etag(ngx_str_t *json, ngx_str_t *etag);


#endif /* _OC_STORE_H_INCLUDED_ */
