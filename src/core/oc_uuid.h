
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_UUID_H_INCLUDED_
#define _OC_UUID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define OC_UUID_LEN  (sizeof("00000000-0000-0000-0000-000000000000") - 1)


ngx_int_t oc_random_bytes(u_char *dst, size_t len);
ngx_int_t oc_random_hex(u_char *dst, size_t len);
ngx_int_t oc_uuid_v4(u_char *dst);
ngx_int_t oc_uuid_v7(u_char *dst, uint64_t msec);


#endif /* _OC_UUID_H_INCLUDED_ */
