
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_REDIS_TOPOLOGY_H_INCLUDED_
#define _OC_REDIS_TOPOLOGY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_redis.h"


#define OC_REDIS_SLOTS         16384

#define OC_REDIS_MAX_REPLICAS  8


/* an empty host stands for that of the node which said so */

typedef struct {
    ngx_str_t              host;
    in_port_t              port;
} oc_redis_endpoint_t;


typedef struct {
    ngx_uint_t             slot;
    oc_redis_endpoint_t    node;
} oc_redis_redirect_t;


/* slots from the first to the last, and who has them */

typedef struct {
    ngx_uint_t             first;
    ngx_uint_t             last;
    oc_redis_endpoint_t    master;
    oc_redis_endpoint_t    replicas[OC_REDIS_MAX_REPLICAS];
    ngx_uint_t             nreplicas;
} oc_redis_range_t;


/* a master or a replica, as a sentinel sees it */

typedef struct {
    oc_redis_endpoint_t    node;
    uint64_t               epoch;      /* of a master's configuration */
    unsigned               down:1;
    unsigned               failover:1; /* of a master, is under way */
    unsigned               linked:1;   /* a replica: to its master */
} oc_redis_instance_t;


ngx_uint_t oc_redis_slot(ngx_str_t *key);
ngx_int_t oc_redis_topology_redirect(ngx_str_t *error,
    oc_redis_redirect_t *redirect);
ngx_int_t oc_redis_topology_range(oc_redis_reply_t *row,
    oc_redis_range_t *range);
ngx_int_t oc_redis_topology_instance(oc_redis_reply_t *reply,
    oc_redis_instance_t *instance);
ngx_int_t oc_redis_topology_switch(ngx_str_t *text, ngx_str_t *name,
    oc_redis_endpoint_t *node);


#endif /* _OC_REDIS_TOPOLOGY_H_INCLUDED_ */
