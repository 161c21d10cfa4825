
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_FORMAT_H_INCLUDED_
#define _OC_FORMAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* how much control information there is: odata.metadata=... */

typedef enum {
    OC_LEVEL_MINIMAL = 0,
    OC_LEVEL_FULL,
    OC_LEVEL_NONE
} oc_level_e;


/* what a resource can be answered with */

typedef enum {
    OC_MEDIA_JSON = 0,
    OC_MEDIA_TEXT,             /* for clients that ask for JSON as well */
    OC_MEDIA_CSDL,             /* XML or JSON */
    OC_MEDIA_MULTIPART
} oc_media_e;


typedef struct {
    oc_level_e  level;
    unsigned    ieee:1;        /* IEEE754Compatible=true */
    unsigned    streaming:1;   /* odata.streaming=true: members in order */
    unsigned    xml:1;
} oc_format_t;


ngx_int_t oc_format_accept(oc_format_t *format, const ngx_str_t *accept,
    oc_media_e media);
ngx_int_t oc_format_option(oc_format_t *format, const ngx_str_t *value,
    oc_media_e media);
u_char *oc_format_unquoted(u_char *p, u_char *last, u_char ch);
void oc_format_trim(ngx_str_t *s);


#endif /* _OC_FORMAT_H_INCLUDED_ */
