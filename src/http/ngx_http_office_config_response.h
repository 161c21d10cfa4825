
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_RESPONSE_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_RESPONSE_H_INCLUDED_


#include "ngx_http_office_config.h"


/* what is wrong with a request; strings may be empty or NULL */

typedef struct {
    ngx_uint_t    status;
    ngx_str_t     message;
    ngx_str_t     target;
    ngx_str_t     allow;
    time_t        retry_after;
} ngx_http_office_config_problem_t;


ngx_http_office_config_ctx_t *ngx_http_office_config_get_ctx(
    ngx_http_request_t *r);
ngx_int_t ngx_http_office_config_add_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
ngx_int_t ngx_http_office_config_common_headers(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_etag_header(ngx_http_request_t *r,
    ngx_str_t *digits);
ngx_int_t ngx_http_office_config_strong_etag(ngx_http_request_t *r,
    ngx_str_t *digits);

ngx_int_t ngx_http_office_config_append(ngx_http_request_t *r,
    ngx_chain_t ***last, u_char *data, size_t len, off_t *total);
ngx_int_t ngx_http_office_config_content_type(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
void ngx_http_office_config_text_type(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
void ngx_http_office_config_media_type(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *type);
ngx_int_t ngx_http_office_config_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_chain_t *out, off_t len);

ngx_chain_t *ngx_http_office_config_problem_body(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_problem_t *problem);
ngx_int_t ngx_http_office_config_problem(ngx_http_request_t *r,
    ngx_http_office_config_problem_t *problem);
ngx_int_t ngx_http_office_config_fail(ngx_http_request_t *r,
    ngx_uint_t status, const char *message);

#define ngx_http_office_config_append_literal(r, last, s, total)              \
    ngx_http_office_config_append(r, last, (u_char *) s, sizeof(s) - 1, total)


#endif /* _NGX_HTTP_OFFICE_CONFIG_RESPONSE_H_INCLUDED_ */
