
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_SPAN_H_INCLUDED_
#define _OC_SPAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Parts of JSON that the module has rendered itself: without white space and
 * known to be valid.  Nothing is decoded that is not asked for.
 */

u_char *oc_span_end(u_char *p, u_char *last);
u_char *oc_span_next(u_char *p, u_char *last, ngx_str_t *name,
    ngx_str_t *value);
size_t oc_span_unescape(u_char *p, size_t len);


#endif /* _OC_SPAN_H_INCLUDED_ */
