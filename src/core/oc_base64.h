
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_BASE64_H_INCLUDED_
#define _OC_BASE64_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* an encoder that takes its input in pieces */

typedef struct {
    u_char     *dst;
    u_char      rest[3];
    ngx_uint_t  nrest;
} oc_base64_t;


#define oc_base64url_len(len)                                                 \
    ((len) / 3 * 4 + ((len) % 3 ? (len) % 3 + 1 : 0))


void oc_base64url_init(oc_base64_t *b, u_char *dst);
void oc_base64url_update(oc_base64_t *b, const u_char *p, size_t len);
void oc_base64url_final(oc_base64_t *b);
size_t oc_base64_decode(u_char *p, size_t len);
ngx_int_t oc_base64url_decode(u_char *dst, const u_char *src, size_t len);


#endif /* _OC_BASE64_H_INCLUDED_ */
