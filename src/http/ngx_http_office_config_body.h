
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_BODY_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_BODY_H_INCLUDED_


#include "ngx_http_office_config.h"


ngx_int_t ngx_http_office_config_body_encoding(
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t *gzip);
ngx_int_t ngx_http_office_config_body(ngx_http_request_t *r, ngx_uint_t gzip,
    ngx_str_t *body);


#endif /* _NGX_HTTP_OFFICE_CONFIG_BODY_H_INCLUDED_ */
