
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_STORE_KEY_H_INCLUDED_
#define _OC_STORE_KEY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define OC_KEY_CONFIGURATIONS  "cfg"     /* hash: id, JSON */
#define OC_KEY_IDS             "ids"     /* sorted set: 0, id */
#define OC_KEY_PRIORITIES      "pri"     /* sorted set: priority, id */
#define OC_KEY_ASSIGNMENTS     "asg:"    /* + id; hash: id, JSON */
#define OC_KEY_STREAMS         "str"     /* hash: p/id, u/id; ETag, type */
#define OC_KEY_REPEATABILITY   "rep:"    /* + request id; list: the answer */
#define OC_KEY_CHECKINS        "chk:"    /* + id; hash: see lib/checkin.lua */
#define OC_KEY_RECENT          "new:"    /* + id; sorted set: time, key */
#define OC_KEY_QUEUE           "exp:"    /* + id; sorted set: time, chunk */
#define OC_KEY_JOURNAL         "jrn:"    /* + id; string: check-ins */
#define OC_KEY_RECORDS         "rec"     /* hash: see lib/records.lua */

/* the same for the tenant */

#define OC_KEY_TENANT_CHECKINS  "chk"
#define OC_KEY_TENANT_RECENT    "new"
#define OC_KEY_TENANT_QUEUE     "exp"
#define OC_KEY_TENANT_JOURNAL   "jrn"    /* string: the same */

#define OC_KEY_SECRET          "tok"     /* string: what seals tokens */

/* + number; what a change set has removed, as long as it is carried out */

#define OC_KEY_SPARE           "old:"

#define OC_KEY_SINGLETON       "one"     /* hash: OC_SINGLETON_ID, JSON */


#define oc_store_key(key, pool, prefix, tenant, name, id)                     \
    oc_store_key_make(key, pool, prefix, tenant, (u_char *) name,             \
                      sizeof(name) - 1, id)

ngx_int_t oc_store_key_make(ngx_str_t *key, ngx_pool_t *pool,
    ngx_str_t *prefix, ngx_str_t *tenant, u_char *name, size_t len,
    ngx_str_t *id);


#endif /* _OC_STORE_KEY_H_INCLUDED_ */
