
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_SEAL_H_INCLUDED_
#define _OC_SEAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Texts that only those who have a secret can read or make: deterministic
 * authenticated encryption, HMAC-SHA256 over the text as the initial counter
 * of AES-256-CTR (the construction of RFC 5297 with other primitives).  A
 * sealed text is OC_SEAL_LEN bytes longer.
 */

#define OC_SEAL_SECRET_LEN  32
#define OC_SEAL_DIGEST_LEN  32
#define OC_SEAL_LEN         16


ngx_int_t oc_seal_digest(u_char *digest, const ngx_str_t *parts,
    ngx_uint_t n);
ngx_int_t oc_seal(u_char *dst, const u_char *secret, const u_char *bound,
    const ngx_str_t *text);
ngx_int_t oc_unseal(ngx_str_t *text, const u_char *secret,
    const u_char *bound, const ngx_str_t *sealed);


#endif /* _OC_SEAL_H_INCLUDED_ */
