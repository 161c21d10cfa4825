
/*
 * Copyright (C) the authors of the nginx office configuration module
 */




#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store_internal.h"


/*
 * How many buckets scopes of check-ins had when this worker heard of them
 * last.  Their number only grows, one by one, so that most keys are where they
 * were: a script that does not find one there says so.
 */

#define OC_STORE_SCOPES  4096


typedef struct {
    oc_redis_t   *redis;
    uint32_t      hash[2];       /* of the scope's key */
    uint32_t      n;             /* 0: not known */
} oc_store_known_t;


static oc_store_known_t *oc_store_known(oc_store_call_t *call,
    ngx_str_t *key);


static oc_store_known_t  oc_store_scopes[OC_STORE_SCOPES];


/* The entry for a scope, emptied if it was another's. */

static oc_store_known_t *
oc_store_known(oc_store_call_t *call, ngx_str_t *key)
{
    uint32_t           one, two;
    oc_store_known_t  *known;

    one = ngx_crc32_long(key->data, key->len);
    two = ngx_murmur_hash2(key->data, key->len);

    known = &oc_store_scopes[one % OC_STORE_SCOPES];

    if (known->redis != call->redis || known->hash[0] != one
        || known->hash[1] != two)
    {
        known->redis = call->redis;
        known->hash[0] = one;
        known->hash[1] = two;
        known->n = 0;
    }

    return known;
}


/* How many buckets a scope, by the key of its hash, has; 0: not known. */

ngx_uint_t
oc_store_buckets(oc_store_call_t *call, ngx_str_t *key)
{
    return oc_store_known(call, key)->n;
}


void
oc_store_set_buckets(oc_store_call_t *call, ngx_str_t *key, ngx_uint_t n)
{
    oc_store_known(call, key)->n = (uint32_t) n;
}


/*
 * The bucket that a record belongs to among so many (linear hashing); "buf"
 * has OC_STORE_BUCKET_LEN bytes.
 */

void
oc_store_bucket(ngx_str_t *field, u_char *buf, const u_char *record,
    ngx_uint_t buckets)
{
    uint32_t    key;
    ngx_uint_t  n, base;

    key = ((uint32_t) record[3] << 24) + ((uint32_t) record[4] << 16)
          + ((uint32_t) record[5] << 8) + record[6];

    for (base = 1; base * 2 <= buckets; base *= 2) { /* void */ }

    n = key & (2 * base - 1);

    if (n >= buckets) {
        n -= base;
    }

    field->data = buf;
    field->len = ngx_sprintf(buf, "d%ui", n) - buf;
}


/* The microseconds of a record; "buf" has NGX_INT64_LEN bytes. */

void
oc_store_usec(ngx_str_t *usec, u_char *buf, const u_char *record)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i < 7; i++) {
        n = n * 256 + record[3 + OC_CHECKIN_KEY_LEN + 1 + i];
    }

    usec->data = buf;
    usec->len = ngx_sprintf(buf, "%uL", n) - buf;
}
