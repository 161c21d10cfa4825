
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_SCAN_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_SCAN_H_INCLUDED_


#include "ngx_http_office_config_list.h"
#include "ngx_http_office_config_response.h"


/* ngx_http_office_config_options.c */

ngx_int_t ngx_http_office_config_list_create(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type,
    ngx_http_office_config_list_t **result);
ngx_int_t ngx_http_office_config_list_position(
    ngx_http_office_config_list_t *list,
    ngx_http_office_config_answer_pt again);
ngx_int_t ngx_http_office_config_list_start(
    ngx_http_office_config_list_t *list,
    ngx_http_office_config_answer_pt begin);
ngx_uint_t ngx_http_office_config_shows_checkins(
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_list_send(
    ngx_http_office_config_list_t *list, ngx_str_t *fragment);
ngx_int_t ngx_http_office_config_eval_problem(ngx_http_request_t *r,
    oc_eval_t *eval, oc_eval_status_e status, const char *target);
ngx_int_t ngx_http_office_config_busy(ngx_http_request_t *r, ngx_int_t rc);

/* ngx_http_office_config_configurations.c */

ngx_int_t ngx_http_office_config_scan_configurations(
    ngx_http_office_config_list_t *list, ngx_http_office_config_list_pt done);

/* ngx_http_office_config_expand.c */

ngx_int_t ngx_http_office_config_expand_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_answer_pt answer);

/* ngx_http_office_config_items.c */

ngx_int_t ngx_http_office_config_items(ngx_http_office_config_list_t *list,
    ngx_str_t *items, ngx_uint_t n);
ngx_int_t ngx_http_office_config_choose(ngx_http_request_t *r,
    oc_eval_t *eval, const ngx_http_office_config_options_t *options,
    ngx_str_t *items, ngx_uint_t n,
    const ngx_http_office_config_position_t *after, ngx_uint_t skip,
    ngx_uint_t limit, ngx_str_t **page, ngx_uint_t *npage, ngx_uint_t *count,
    oc_heap_t *heap);

/* ngx_http_office_config_reference.c */

ngx_int_t ngx_http_office_config_send_references(
    ngx_http_office_config_list_t *list);

/* ngx_http_office_config_release.c */

void ngx_http_office_config_release(oc_heap_t *heap);
void ngx_http_office_config_release_all(void);

/* ngx_http_office_config_scan.c */

ngx_int_t ngx_http_office_config_scan(ngx_http_office_config_list_t *list);
ngx_int_t ngx_http_office_config_scan_call(
    ngx_http_office_config_list_t *list, oc_store_call_t *call,
    ngx_pool_t *pool, oc_store_handler_pt handler);
ngx_int_t ngx_http_office_config_scan_called(oc_store_call_t *call);
ngx_int_t ngx_http_office_config_scan_problem(
    ngx_http_office_config_list_t *list,
    ngx_http_office_config_problem_t *problem);
void ngx_http_office_config_scan_on(ngx_http_office_config_list_t *list,
    ngx_int_t rc);


#endif /* _NGX_HTTP_OFFICE_CONFIG_SCAN_H_INCLUDED_ */
