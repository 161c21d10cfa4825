
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_jwk_internal.h"


/* what the JSON of a set may take, and what its keys may */

#define OC_JWKS_SCRATCH  4194304
#define OC_JWKS_ARENA    1048576


static oc_jwks_t *oc_jwks_create(void);
static const char *oc_jwks_read(oc_jwks_t *jwks, json_t *json,
    ngx_uint_t symmetric, oc_arena_t *scratch, oc_jwks_error_t *err);
static const char *oc_jwks_read_keys(oc_jwks_t *jwks, json_t *list,
    ngx_uint_t symmetric, oc_arena_t *scratch);
static ngx_uint_t oc_jwks_same(oc_jwks_t *jwks, oc_jwk_t *key);


/*
 * Reads a JWK Set (RFC 7517, 5), "len" bytes of JSON, and returns it, held
 * once; keys of no use are left out and remembered.  A document that is no
 * set, or of which no key is of use, gives NULL and the reason in "err".
 */

oc_jwks_t *
oc_jwks_parse(const u_char *data, size_t len, ngx_uint_t symmetric,
    oc_jwks_error_t *err)
{
    json_t           *json;
    oc_jwks_t        *jwks;
    oc_arena_t        scratch;
    oc_json_error_t   error;

    err->detail = NULL;

    if (len > OC_JWKS_MAX_LEN) {
        err->reason = "it is larger than 262144 bytes";
        return NULL;
    }

    jwks = oc_jwks_create();
    if (jwks == NULL) {
        err->reason = oc_jwk_no_memory;
        return NULL;
    }

    oc_arena_init(&scratch, OC_JWKS_SCRATCH);

    json = oc_json_decode(&scratch, data, len, &error);

    if (json) {
        err->reason = oc_jwks_read(jwks, json, symmetric, &scratch, err);

    } else {
        err->reason = oc_json_strerror(error.status);
    }

    oc_arena_free(&scratch);

    if (err->reason) {
        oc_jwks_release(jwks);
        return NULL;
    }

    return jwks;
}


static oc_jwks_t *
oc_jwks_create(void)
{
    oc_jwks_t  *jwks;

    jwks = malloc(sizeof(oc_jwks_t));
    if (jwks == NULL) {
        return NULL;
    }

    ngx_memzero(jwks, sizeof(oc_jwks_t));

    oc_arena_init(&jwks->arena, OC_JWKS_ARENA);

    return jwks;
}


static const char *
oc_jwks_read(oc_jwks_t *jwks, json_t *json, ngx_uint_t symmetric,
    oc_arena_t *scratch, oc_jwks_error_t *err)
{
    size_t       n;
    json_t      *list;
    const char  *reason;

    list = json_is_object(json) ? oc_json_member(json, "keys") : NULL;

    if (!json_is_array(list)) {
        return "it is not a JWK Set";
    }

    n = json_array_size(list);

    if (n > OC_JWKS_MAX_KEYS) {
        return "it has more than 128 keys";
    }

    if (n == 0) {
        return "it has no key";
    }

    jwks->keys = oc_arena_alloc(&jwks->arena, n * sizeof(oc_jwk_t));
    jwks->unused = oc_arena_alloc(&jwks->arena, n * sizeof(oc_jwk_unused_t));

    if (jwks->keys == NULL || jwks->unused == NULL) {
        return oc_jwk_no_memory;
    }

    reason = oc_jwks_read_keys(jwks, list, symmetric, scratch);
    if (reason) {
        return reason;
    }

    if (jwks->nkeys == 0) {
        err->detail = jwks->unused[0].reason;
        return "none of its keys is of use";
    }

    return NULL;
}


static const char *
oc_jwks_read_keys(oc_jwks_t *jwks, json_t *list, ngx_uint_t symmetric,
    oc_arena_t *scratch)
{
    size_t            i, n;
    oc_jwk_t         *key;
    const char       *reason;
    oc_jwk_unused_t  *unused;

    n = json_array_size(list);

    for (i = 0; i < n; i++) {
        key = &jwks->keys[jwks->nkeys];

        reason = oc_jwk_read(key, json_array_get(list, i), symmetric,
                             &jwks->arena, scratch);

        if (reason == NULL) {

            if (oc_jwks_same(jwks, key) < OC_JWKS_MAX_SAME) {
                jwks->nkeys++;
                continue;
            }

            (void) cjose_jwk_release(key->jwk);
            reason = "four keys before it have the same \"kid\"";
        }

        if (reason == oc_jwk_no_memory) {
            return reason;
        }

        unused = &jwks->unused[jwks->nunused++];

        unused->kid = key->kid;
        unused->place = i + 1;
        unused->reason = reason;
    }

    return NULL;
}


/* How many keys of the set have the "kid" of this one, or none like it. */

static ngx_uint_t
oc_jwks_same(oc_jwks_t *jwks, oc_jwk_t *key)
{
    ngx_uint_t  i, n;

    n = 0;

    if (!key->named) {

        /* what a token without a "kid" may choose from is bounded there */

        return 0;
    }

    for (i = 0; i < jwks->nkeys; i++) {
        n += jwks->keys[i].named
             && jwks->keys[i].kid.len == key->kid.len
             && ngx_memcmp(jwks->keys[i].kid.data, key->kid.data,
                           key->kid.len)
                == 0;
    }

    return n;
}


void
oc_jwks_release(oc_jwks_t *jwks)
{
    ngx_uint_t  i;

    if (jwks == NULL) {
        return;
    }

    for (i = 0; i < jwks->nkeys; i++) {
        (void) cjose_jwk_release(jwks->keys[i].jwk);
    }

    oc_arena_free(&jwks->arena);
    free(jwks);
}


ngx_uint_t
oc_jwks_nkeys(oc_jwks_t *jwks)
{
    return jwks->nkeys;
}


ngx_uint_t
oc_jwks_nunused(oc_jwks_t *jwks)
{
    return jwks->nunused;
}


const char *
oc_jwks_unused(oc_jwks_t *jwks, ngx_uint_t i, ngx_str_t *kid,
    ngx_uint_t *place)
{
    *kid = jwks->unused[i].kid;
    *place = jwks->unused[i].place;

    return jwks->unused[i].reason;
}


ngx_uint_t
oc_jwks_find_thumbprint(oc_jwks_t *jwks, const u_char *thumbprint)
{
    ngx_uint_t  i;

    for (i = 0; i < jwks->nkeys; i++) {

        if (ngx_memcmp(jwks->keys[i].thumbprint, thumbprint,
                       OC_JWK_THUMBPRINT_LEN)
            == 0)
        {
            return 1;
        }
    }

    return 0;
}
