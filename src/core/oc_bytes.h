
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_BYTES_H_INCLUDED_
#define _OC_BYTES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The order of byte strings: below zero, zero, or above.  What ends first is
 * the smaller, so that text in UTF-8 has the order of its code points.
 * oc_bytes_compare_with_id() is the order of lists: that of the keys, and
 * between equal ones that of the ids.
 */

int oc_bytes_compare(const ngx_str_t *one, const ngx_str_t *two);
int oc_bytes_compare_with_id(const ngx_str_t *one, const ngx_str_t *one_id,
    const ngx_str_t *two, const ngx_str_t *two_id);


#endif /* _OC_BYTES_H_INCLUDED_ */
