
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_HANDLER_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_HANDLER_H_INCLUDED_


#include "ngx_http_office_config.h"


/* ngx_http_office_config_handler.c */

void ngx_http_office_config_call(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, oc_store_handler_pt handler);
void ngx_http_office_config_wait(ngx_http_request_t *r);
ngx_http_request_t *ngx_http_office_config_waiting(oc_store_call_t *call);
void ngx_http_office_config_finish(ngx_http_request_t *r, ngx_int_t rc);
ngx_int_t ngx_http_office_config_store_problem(ngx_http_request_t *r,
    oc_store_call_t *call);

/* ngx_http_office_config_create.c */

ngx_int_t ngx_http_office_config_create(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_read.c */

ngx_int_t ngx_http_office_config_get(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_list(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_context(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const char *suffix, ngx_str_t *text);

/* ngx_http_office_config_delete.c */

ngx_int_t ngx_http_office_config_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


#endif /* _NGX_HTTP_OFFICE_CONFIG_HANDLER_H_INCLUDED_ */
