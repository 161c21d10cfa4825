
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_JWT_H_INCLUDED_
#define _OC_JWT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_arena.h"
#include "oc_jwk.h"
#include "oc_uuid.h"


#define OC_JWT_MAX_LEN    16384          /* bytes of a token */
#define OC_JWT_MAX_ARENA  1048576        /* enough for any token */


typedef enum {
    OC_JWT_OK = 0,
    OC_JWT_MALFORMED,          /* not a JWS of three parts, or not JSON */
    OC_JWT_TOO_LARGE,
    OC_JWT_HEADER,             /* a header that is not understood */
    OC_JWT_ALGORITHM,          /* none that the keys are used with */
    OC_JWT_UNKNOWN_KEY,        /* there may be newer keys */
    OC_JWT_SIGNATURE,
    OC_JWT_CLAIMS,             /* one is missing, or has the wrong type */
    OC_JWT_EXPIRED,
    OC_JWT_NOT_YET,
    OC_JWT_ISSUER,
    OC_JWT_AUDIENCE,
    OC_JWT_TENANT,             /* no tenant, or not a GUID */
    OC_JWT_PERSONAL,           /* all is well, but for the tenant: 403 */
    OC_JWT_NO_MEMORY           /* says nothing about the token */
} oc_jwt_status_e;


/* of the configuration, never changed by a verification */

typedef struct {
    ngx_str_t            *issuers;      /* "{tenantid}" is the tenant */
    ngx_uint_t            nissuers;
    ngx_str_t            *audiences;
    ngx_uint_t            naudiences;
    time_t                leeway;       /* seconds that clocks may differ */
    unsigned              tenant:1;     /* refuse a token that has none */
} oc_jwt_policy_t;


/* strings are in the arena, and empty if the token has no such claim */

typedef struct {
    ngx_str_t             tenant;       /* "tid", lower case */
    ngx_str_t             subject;      /* "oid", or else "sub" */
    ngx_str_t             client;       /* "azp", or else "appid" */
    ngx_str_t             scp;          /* delegated, parted by spaces */
    ngx_str_t             roles;        /* of an application, likewise */
    time_t                exp;
    time_t                iat;          /* or 0 */
    time_t                expires;      /* valid until then: exp and leeway */
    u_char                thumbprint[OC_JWK_THUMBPRINT_LEN];   /* of the key */
} oc_jwt_t;


/*
 * oc_jwt_verify() decides about a token, which is what follows "Bearer ".
 * "now" is Unix time.  The arena should be granted OC_JWT_MAX_ARENA bytes.
 * With no issuer, or no audience, in the policy no token is valid.  "jwt" is
 * of use with OC_JWT_OK and OC_JWT_PERSONAL only.
 *
 * oc_jwt_has_word() tells whether one of the words of "any" is in "list", both
 * parted by spaces, as "scp" and "roles" are.
 *
 * oc_jwt_strerror() has a sentence for "error_description" (RFC 6750, 3).
 */

oc_jwt_status_e oc_jwt_verify(oc_jwt_t *jwt, const u_char *token, size_t len,
    oc_jwks_t *keys, const oc_jwt_policy_t *policy, time_t now,
    oc_arena_t *arena);
ngx_uint_t oc_jwt_has_word(const ngx_str_t *list, const ngx_str_t *any);
const char *oc_jwt_strerror(oc_jwt_status_e status);


#endif /* _OC_JWT_H_INCLUDED_ */
