
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_SKIPTOKEN_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_SKIPTOKEN_H_INCLUDED_


#include "ngx_http_office_config_list.h"


/* ngx_http_office_config_position.c */

ngx_uint_t ngx_http_office_config_is_token(ngx_str_t *token);
ngx_int_t ngx_http_office_config_token_read(ngx_pool_t *pool,
    const u_char *secret, const u_char *bound,
    ngx_http_office_config_order_e order, const ngx_str_t *token,
    ngx_http_office_config_position_t *position);
ngx_int_t ngx_http_office_config_token_write(ngx_pool_t *pool,
    const u_char *secret, const u_char *bound,
    ngx_http_office_config_order_e order,
    const ngx_http_office_config_position_t *position, ngx_str_t *token);

/* ngx_http_office_config_secret.c */

ngx_int_t ngx_http_office_config_with_secret(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_answer_pt answer);
ngx_uint_t ngx_http_office_config_secret_stale(
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_skiptoken.c */

ngx_int_t ngx_http_office_config_bind(ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_resource_e resource, ngx_str_t *id,
    const oc_query_t *query, u_char *bound);
ngx_int_t ngx_http_office_config_bad_token(ngx_http_request_t *r);
ngx_int_t ngx_http_office_config_next_link(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const ngx_str_t *token, ngx_uint_t top,
    ngx_str_t *member);


#endif /* _NGX_HTTP_OFFICE_CONFIG_SKIPTOKEN_H_INCLUDED_ */
