
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_JWS_H_INCLUDED_
#define _OC_JWS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_jwk_internal.h"
#include "oc_jwt.h"


/* a token without a "kid" is tried with so many keys at most */

#define OC_JWS_MAX_KEYS  4


/* a JWS in its compact form, read but not verified; all in the arena */

typedef struct {
    ngx_str_t        token;
    ngx_str_t        payload;      /* still encoded */
    ngx_str_t        signature;    /* bytes */
    ngx_str_t        kid;
    const oc_jwa_t  *algorithm;
    ngx_uint_t       bit;          /* of the algorithm */
    unsigned         named:1;      /* there is a "kid" */
} oc_jws_t;


oc_jwt_status_e oc_jws_read(oc_jws_t *jws, const u_char *token, size_t len,
    oc_arena_t *arena);
oc_jwt_status_e oc_jws_verify(oc_jws_t *jws, oc_jwks_t *keys,
    const oc_jwk_t **key);
oc_jwt_status_e oc_jws_object(json_t **object, const ngx_str_t *text,
    oc_arena_t *arena);


#endif /* _OC_JWS_H_INCLUDED_ */
