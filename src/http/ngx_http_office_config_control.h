
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_CONTROL_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_CONTROL_H_INCLUDED_


#include "ngx_http_office_config.h"
#include "oc_buf.h"


/* a body on its way from minimal control information to another level */

typedef struct {
    ngx_http_request_t            *request;
    ngx_http_office_config_ctx_t  *ctx;
    oc_format_t                   *format;
    oc_buf_t                       buf;
} ngx_http_office_config_walk_t;


/* what the members of an object say about the object itself */

typedef struct {
    ngx_str_t          context;
    ngx_str_t          type;
    ngx_str_t          etag;
    ngx_str_t          id;         /* @odata.id */
    ngx_str_t          key;
    ngx_uint_t         others;     /* there are members besides these */
} ngx_http_office_config_about_t;


/* ngx_http_office_config_annotate.c */

ngx_int_t ngx_http_office_config_write_object(
    ngx_http_office_config_walk_t *w, ngx_str_t *json, const oc_type_t *type,
    ngx_str_t *url);
void ngx_http_office_config_about(ngx_str_t *json,
    ngx_http_office_config_about_t *about);
ngx_uint_t ngx_http_office_config_is_about(ngx_str_t *name);
ngx_int_t ngx_http_office_config_write_member(
    ngx_http_office_config_walk_t *w, ngx_str_t *name, ngx_str_t *value,
    const oc_type_t *type, ngx_str_t *url);
ngx_int_t ngx_http_office_config_write_value(
    ngx_http_office_config_walk_t *w, ngx_str_t *value, const oc_type_t *type,
    ngx_str_t *parent);
void ngx_http_office_config_write_name(ngx_http_office_config_walk_t *w,
    const ngx_str_t *about, const char *name);
void ngx_http_office_config_write_span(ngx_http_office_config_walk_t *w,
    const char *name, ngx_str_t *value);
void ngx_http_office_config_write_type(ngx_http_office_config_walk_t *w,
    const oc_type_t *type, const oc_property_t *property);


#endif /* _NGX_HTTP_OFFICE_CONFIG_CONTROL_H_INCLUDED_ */
