
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_FORMAT_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_FORMAT_H_INCLUDED_


#include "ngx_http_office_config.h"


/* what an operation answers with, if it has something to say */

enum {
    NGX_HTTP_OFFICE_CONFIG_JSON = 0,
    NGX_HTTP_OFFICE_CONFIG_TEXT,
    NGX_HTTP_OFFICE_CONFIG_VALUE,     /* JSON, or text for $value */
    NGX_HTTP_OFFICE_CONFIG_CSDL,      /* XML or JSON */
    NGX_HTTP_OFFICE_CONFIG_MULTIPART,
    NGX_HTTP_OFFICE_CONFIG_ANY        /* nothing, or what the client put */
};


/* ngx_http_office_config_accept.c */

ngx_int_t ngx_http_office_config_negotiate(ngx_http_office_config_ctx_t *ctx,
    ngx_uint_t media);

/* ngx_http_office_config_version.c */

ngx_int_t ngx_http_office_config_check_version(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_uint_t ngx_http_office_config_is_401(ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_media.c */

ngx_int_t ngx_http_office_config_vary(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_control.c */

ngx_int_t ngx_http_office_config_control(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_chain_t **out, off_t *len);


#endif /* _NGX_HTTP_OFFICE_CONFIG_FORMAT_H_INCLUDED_ */
