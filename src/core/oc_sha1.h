
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_SHA1_H_INCLUDED_
#define _OC_SHA1_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define OC_SHA1_LEN  20


void oc_sha1(u_char *digest, const ngx_str_t *parts, ngx_uint_t n);


#endif /* _OC_SHA1_H_INCLUDED_ */
