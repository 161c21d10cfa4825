
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_STORE_H_INCLUDED_
#define _OC_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_change.h"
#include "oc_entity.h"
#include "oc_redis.h"


/*
 * Client configurations in Redis.  Each call is one atomic operation and one
 * round trip.
 */

/* the version of the layout, kept in the key PREFIX "layout" */

#define OC_STORE_LAYOUT      "4"
#define OC_STORE_LAYOUT_KEY  "layout"

#define OC_STORE_MAX_PAGE    1000

/* a page that has reached this size is not added to */

#define OC_STORE_PAGE_BYTES  4194304

/* one change of priorities takes so many at most */

#define OC_STORE_MAX_PRIORITIES  1000

/* the id of the singleton, and its JSON as long as nothing was changed */

#define OC_SINGLETON_ID      "officeConfiguration"


typedef enum {
    OC_STORE_OK = 0,
    OC_STORE_NOT_FOUND,
    OC_STORE_EXISTS,
    OC_STORE_PRECONDITION,     /* the entity has another ETag */
    OC_STORE_TYPE,             /* the entity is of another type */
    OC_STORE_LIMIT,            /* there are as many as there may be */
    OC_STORE_UNKNOWN_ID,       /* call->index says which */
    OC_STORE_EXHAUSTED,        /* no priority is left to give */
    OC_STORE_DEPENDENCY,       /* another call of the group was refused */
    OC_STORE_MIXED,            /* calls of a group are of several tenants */
    OC_STORE_UNAVAILABLE,      /* nothing was done */
    OC_STORE_OVERLOADED,       /* nothing was done */
    OC_STORE_TIMEOUT,          /* no answer in time */
    OC_STORE_UNKNOWN,          /* a write may have been done or not */
    OC_STORE_NOT_DURABLE,      /* it was done; too few replicas have it */
    OC_STORE_FAILED            /* Redis holds or says what it should not */
} oc_store_status_e;


typedef struct oc_store_call_s   oc_store_call_t;
typedef struct oc_store_group_s  oc_store_group_t;
typedef struct oc_store_batch_s  oc_store_batch_t;
typedef struct oc_store_target_s  oc_store_target_t;


/* the check-ins of a configuration, or the tenant's */

typedef struct {
    ngx_uint_t            count;       /* of all */
    ngx_str_t             summary;     /* JSON */
    ngx_str_t            *records;     /* the newest, newest first */
    ngx_uint_t            nrecords;
    unsigned              found:1;
} oc_store_live_t;


/* one to be stored, and the numbers of its configurations */

typedef struct {
    ngx_str_t             record;
    ngx_str_t             targets;     /* two bytes each, from 1 */
} oc_store_checkin_t;


/* check-ins to be stored in one step, in the call's pool */

typedef struct {
    ngx_str_t            *ids;         /* of configurations */
    ngx_uint_t            nids;
    oc_store_checkin_t   *checkins;
    ngx_uint_t            n;
    unsigned              required:1;  /* the configurations must exist */
} oc_store_checkins_t;



/* where reading goes on: behind this id, of this priority */

typedef struct {
    ngx_str_t             id;          /* empty: at the beginning */
    int32_t               priority;
} oc_store_place_t;


/* configurations in the order of an index */

typedef struct {
    oc_store_place_t      after;
    ngx_uint_t            skip;        /* so many more are passed over */
    ngx_uint_t            limit;       /* up to OC_STORE_MAX_PAGE are read */
    size_t                bytes;       /* fewer, when there are so many */
    unsigned              priority:1;  /* the index: priorities, or ids */
    unsigned              descending:1;

    /* the result, besides call->page */

    ngx_uint_t            examined;
    int32_t              *priorities;  /* private */
    oc_store_place_t      next;        /* empty: there are no others */
} oc_store_scan_t;


/* the assignments of a configuration */

typedef struct {
    ngx_str_t            *items;       /* JSON */
    ngx_uint_t            n;
} oc_store_assignments_t;


typedef void (*oc_store_handler_pt)(oc_store_call_t *call);

struct oc_store_call_s {

    /* set by the caller */

    oc_redis_t           *redis;
    ngx_str_t             prefix;
    ngx_str_t             tenant;
    ngx_pool_t           *pool;        /* the call ends with it */
    ngx_log_t            *log;
    ngx_str_t             repeatability;   /* of a create: request's id */
    int64_t               cutoff;      /* check-ins before do not count, ms */
    ngx_uint_t            recent;      /* how many of them are wanted */
    const oc_type_t      *cast;        /* what configurations must be: those
                                          of others are not found; or NULL */
    oc_store_group_t     *group;       /* NULL: it is carried out alone */
    oc_store_handler_pt   handler;
    void                 *data;

    /* the result, valid as long as the pool */

    oc_store_status_e     status;
    ngx_str_t             json;        /* one configuration, or its begin */
    ngx_str_t             tail;        /* its end, if it is not empty */
    ngx_str_t             assignments; /* the array of a deep insert */
    int32_t               priority;
    ngx_str_t            *page;        /* entities of a list */
    ngx_uint_t            npage;
    ngx_uint_t            count;       /* of a collection */
    oc_store_live_t      *live;
    ngx_uint_t            nlive;
    int64_t               from;        /* next number of check-ins, or -1 */
    ngx_uint_t            index;       /* from 0, of what is unknown */
    ngx_str_t             etag;        /* of a property: digits */
    ngx_str_t             media;       /* of a stream, or empty */
    ngx_str_t            *streams;     /* of each configuration two */
    ngx_uint_t            nstreams;
    oc_store_scan_t      *scan;
    oc_store_assignments_t  *expanded; /* of the first of the entities */
    ngx_uint_t            nexpanded;
    ngx_str_t             secret;
    unsigned              repeated:1;

    /* private */

    oc_redis_op_t        *op;
    oc_store_checkins_t  *checkins;    /* those that are being stored */
    oc_store_batch_t     *batch;       /* of others that it goes with */
    oc_store_target_t    *target;
    ngx_queue_t           queue;       /* in the batch, for the target */
    ngx_str_t            *due;         /* whose journals are taken from */
    ngx_uint_t            ndue;
    size_t                noted;       /* of a create: bytes in the journal */
    unsigned              write:1;
    unsigned              replaces:1;  /* a collection of check-ins */
    unsigned              grouped:1;   /* the operation is of the group */
};


/*
 * If-Match and If-None-Match: empty for one that is not given, "*" for any,
 * else "-" and the digits of each ETag.
 */

typedef struct {
    ngx_str_t             match;
    ngx_str_t             none;
} oc_store_condition_t;


/* a change of a configuration, or of the singleton */

typedef struct {
    ngx_str_t             id;
    oc_store_condition_t  condition;
    oc_change_t          *change;
    oc_stamp_t           *stamp;
    ngx_str_t             media;       /* type of a stream that is given */
    ngx_str_t             want;        /* empty, "*", "+" or a property */
    unsigned              singleton:1;
} oc_store_update_t;


void oc_store_init(void);
ngx_int_t oc_store_conf(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *prefix);
ngx_int_t oc_store_tenant_valid(ngx_str_t *tenant);

ngx_int_t oc_store_create(oc_store_call_t *call, oc_entity_t *entity);
ngx_int_t oc_store_get(oc_store_call_t *call, ngx_str_t *id);
ngx_int_t oc_store_exists(oc_store_call_t *call, ngx_str_t *id);
ngx_int_t oc_store_delete(oc_store_call_t *call, ngx_str_t *id,
    oc_store_condition_t *condition);
ngx_int_t oc_store_count(oc_store_call_t *call);

/* oc_store_scan.c */

ngx_int_t oc_store_scan(oc_store_call_t *call, oc_store_scan_t *scan);
int32_t oc_store_priority(const ngx_str_t *json);
ngx_int_t oc_store_pick(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n);
ngx_int_t oc_store_expand(oc_store_call_t *call, ngx_str_t *ids,
    ngx_uint_t n);
ngx_int_t oc_store_secret(oc_store_call_t *call, ngx_str_t *fresh);

/* oc_store_update.c */

ngx_int_t oc_store_update(oc_store_call_t *call, oc_store_update_t *update);
ngx_int_t oc_store_stream(oc_store_call_t *call, oc_store_update_t *update,
    size_t len, ngx_str_t *room);
void oc_store_submit(oc_store_call_t *call);
ngx_int_t oc_store_priorities(oc_store_call_t *call, ngx_str_t *ids,
    int32_t *priorities, ngx_uint_t n, oc_stamp_t *stamp);

/* oc_store_read.c */

ngx_int_t oc_store_singleton(oc_store_call_t *call);
ngx_int_t oc_store_expanded(oc_store_call_t *call, ngx_str_t *id);
ngx_int_t oc_store_property(oc_store_call_t *call, ngx_str_t *id,
    ngx_uint_t singleton, const ngx_str_t *property, const ngx_str_t *member);
ngx_int_t oc_store_streams(oc_store_call_t *call, ngx_str_t *ids,
    ngx_uint_t n);

/* oc_store_checkin.c */

ngx_int_t oc_store_checkin(oc_store_call_t *call,
    oc_store_checkins_t *checkins);
ngx_int_t oc_store_live(oc_store_call_t *call, ngx_str_t *ids, ngx_uint_t n);
ngx_int_t oc_store_checkins(oc_store_call_t *call, ngx_str_t *id,
    uint32_t from, ngx_uint_t limit);
ngx_int_t oc_store_summary(oc_store_call_t *call, ngx_str_t *id,
    const ngx_str_t *property, const ngx_str_t *member);

/* oc_store_assignment.c */

ngx_int_t oc_store_assignments(oc_store_call_t *call, ngx_str_t *id);
ngx_int_t oc_store_assignment_count(oc_store_call_t *call, ngx_str_t *id);
ngx_int_t oc_store_assignment(oc_store_call_t *call, ngx_str_t *id,
    ngx_str_t *assignment);
ngx_int_t oc_store_assign(oc_store_call_t *call, ngx_str_t *id,
    oc_store_condition_t *condition, oc_assignment_t *assignments,
    ngx_uint_t n, oc_stamp_t *stamp);
ngx_int_t oc_store_assignment_add(oc_store_call_t *call, ngx_str_t *id,
    oc_assignment_t *assignment, oc_stamp_t *stamp);
ngx_int_t oc_store_assignment_update(oc_store_call_t *call, ngx_str_t *id,
    ngx_str_t *assignment, oc_store_condition_t *condition,
    oc_change_t *change, ngx_uint_t want, oc_stamp_t *stamp);
ngx_int_t oc_store_assignment_delete(oc_store_call_t *call, ngx_str_t *id,
    ngx_str_t *assignment, oc_store_condition_t *condition,
    oc_stamp_t *stamp);

/* oc_store_group.c */

typedef void (*oc_store_group_joined_pt)(void *data, oc_store_call_t *call);

oc_store_group_t *oc_store_group_create(ngx_pool_t *pool, ngx_uint_t max,
    oc_store_group_joined_pt joined, void *data);
ngx_uint_t oc_store_group_open(oc_store_group_t *group);
ngx_uint_t oc_store_group_committed(oc_store_group_t *group);
void oc_store_group_send(oc_store_group_t *group);
void oc_store_group_fail(oc_store_group_t *group);

ngx_int_t oc_store_etag(ngx_str_t *json, ngx_str_t *etag);


#endif /* _OC_STORE_H_INCLUDED_ */
