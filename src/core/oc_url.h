
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_URL_H_INCLUDED_
#define _OC_URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


ngx_int_t oc_url_decode(ngx_str_t *dst, const u_char *p, size_t len,
    ngx_uint_t plus);
size_t oc_url_encoded_len(const ngx_str_t *s);
u_char *oc_url_encode(u_char *dst, const ngx_str_t *s);
ngx_int_t oc_utf8_printable(const u_char *p, size_t len);


#endif /* _OC_URL_H_INCLUDED_ */
