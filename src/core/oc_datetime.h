
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_DATETIME_H_INCLUDED_
#define _OC_DATETIME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define OC_DATETIME_LEN       (sizeof("1970-01-01T00:00:00.000Z") - 1)

/* without the offset */

#define OC_DATETIME_SEC_LEN   (sizeof("1970-01-01T00:00:00") - 1)
#define OC_DATETIME_USEC_LEN  (sizeof("1970-01-01T00:00:00.000000") - 1)


ngx_int_t oc_datetime_parse(const u_char *p, size_t len, int64_t *usec);
void oc_datetime_format(u_char *dst, time_t sec, ngx_uint_t msec);
void oc_datetime_format_usec(u_char *dst, int64_t usec);


#endif /* _OC_DATETIME_H_INCLUDED_ */
