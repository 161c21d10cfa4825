
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_JWK_H_INCLUDED_
#define _OC_JWK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * A set of keys that verify tokens (RFC 7517, 5).  It is on the heap, so that
 * it may outlive the request and the cycle that brought it, counts who holds
 * it, and never changes.
 */

#define OC_JWKS_MAX_LEN         262144   /* bytes of the document */
#define OC_JWKS_MAX_KEYS        128
#define OC_JWKS_MAX_KID         256      /* bytes of a "kid" */
#define OC_JWKS_MAX_SAME        4        /* keys with the same "kid" */

#define OC_JWK_THUMBPRINT_LEN   32       /* SHA-256 */


typedef struct oc_jwks_s  oc_jwks_t;


typedef struct {
    const char  *reason;       /* why there is no set of keys */
    const char  *detail;       /* why its first key is of no use, or NULL */
} oc_jwks_error_t;


/*
 * oc_jwks_parse() gives a set that the caller holds, and must release; with
 * "symmetric" keys of the type "oct" are accepted, too.  Keys that are of no
 * use here, such as those for encryption, are left out and remembered:
 * oc_jwks_unused() tells the reason for each of oc_jwks_nunused(), its "kid",
 * which may be empty, and its place in the document, from 1; what it tells is
 * the set's.  All reasons are the end of a sentence, for a log.
 */

oc_jwks_t *oc_jwks_parse(const u_char *data, size_t len, ngx_uint_t symmetric,
    oc_jwks_error_t *err);
void oc_jwks_release(oc_jwks_t *jwks);

ngx_uint_t oc_jwks_nkeys(oc_jwks_t *jwks);
ngx_uint_t oc_jwks_nunused(oc_jwks_t *jwks);
const char *oc_jwks_unused(oc_jwks_t *jwks, ngx_uint_t i, ngx_str_t *kid,
    ngx_uint_t *place);

/* Whether there is a key with this thumbprint of OC_JWK_THUMBPRINT_LEN bytes */

ngx_uint_t oc_jwks_find_thumbprint(oc_jwks_t *jwks, const u_char *thumbprint);


#endif /* _OC_JWK_H_INCLUDED_ */
