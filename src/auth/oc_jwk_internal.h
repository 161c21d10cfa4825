
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_JWK_INTERNAL_H_INCLUDED_
#define _OC_JWK_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <cjose/cjose.h>

#include "oc_arena.h"
#include "oc_json.h"
#include "oc_jwk.h"


/* bits of an RSA modulus (RFC 7518, 3.3); a longer one costs too much */

#define OC_JWK_MIN_RSA      2048
#define OC_JWK_MAX_RSA      8192

/* bytes of a public exponent, and of a shared secret */

#define OC_JWK_MAX_EXPONENT  8
#define OC_JWK_MAX_SECRET    512


typedef enum {
    OC_KTY_RSA = 0,
    OC_KTY_EC,
    OC_KTY_OCT
} oc_kty_e;


/* a signature algorithm (RFC 7518, 3.1); its bit is 1 << its place */

typedef struct {
    ngx_str_t            name;
    oc_kty_e             kty;
    ngx_str_t            curve;
    size_t               size;        /* bytes of a signature, 0: as n has */
} oc_jwa_t;


typedef struct {
    ngx_str_t            kid;
    ngx_str_t            issuer;      /* whose tokens alone it signs */
    cjose_jwk_t         *jwk;
    ngx_uint_t           algorithms;  /* bits of those it may be used with */
    size_t               size;        /* of RSA, bytes of a signature */
    u_char               thumbprint[OC_JWK_THUMBPRINT_LEN];
    unsigned             named:1;     /* there is a "kid" */
} oc_jwk_t;


typedef struct {
    ngx_str_t            kid;
    ngx_uint_t           place;
    const char          *reason;
} oc_jwk_unused_t;


struct oc_jwks_s {
    oc_arena_t           arena;       /* has all but the keys of cjose */
    oc_jwk_t            *keys;
    ngx_uint_t           nkeys;
    oc_jwk_unused_t     *unused;
    ngx_uint_t           nunused;
};


/* oc_jwk.c */

extern const char  oc_jwk_no_memory[];

const oc_jwa_t *oc_jwa_find(const ngx_str_t *name, ngx_uint_t *bit);
const char *oc_jwk_read(oc_jwk_t *key, json_t *json, ngx_uint_t symmetric,
    oc_arena_t *arena, oc_arena_t *scratch);
void oc_jwk_members(json_t *object, const ngx_str_t *names, json_t **values);


#endif /* _OC_JWK_INTERNAL_H_INCLUDED_ */
