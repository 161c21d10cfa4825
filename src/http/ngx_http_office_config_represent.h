
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_REPRESENT_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_REPRESENT_H_INCLUDED_


#include "ngx_http_office_config.h"


#define NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT                         \
    "officeConfiguration/clientConfigurations"


/*
 * A token of check-ins is the number that its page begins with, the key behind
 * which it begins or zeros, and parts of the keys that are not to come again.
 */

#define NGX_HTTP_OFFICE_CONFIG_CURSOR_LEN  (4 + OC_CHECKIN_KEY_LEN)
#define NGX_HTTP_OFFICE_CONFIG_SEEN_LEN    6


/* ngx_http_office_config_represent.c */

ngx_int_t ngx_http_office_config_send_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t status);
ngx_int_t ngx_http_office_config_send_assignment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t status);
ngx_int_t ngx_http_office_config_send_collection(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment, ngx_str_t *link);
ngx_int_t ngx_http_office_config_send_value(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment, ngx_str_t *value);
ngx_int_t ngx_http_office_config_send_count(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t count);
ngx_int_t ngx_http_office_config_send_nothing(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_entity_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *json, ngx_str_t *fragment);
ngx_uint_t ngx_http_office_config_of_type(ngx_str_t *json,
    const oc_type_t *cast);
ngx_int_t ngx_http_office_config_check_etag(ngx_http_request_t *r,
    ngx_str_t *digits);
ngx_int_t ngx_http_office_config_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment);


/* ngx_http_office_config_live.c */

ngx_int_t ngx_http_office_config_complete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_answer_pt answer);
ngx_int_t ngx_http_office_config_complete_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_answer_pt answer);
ngx_int_t ngx_http_office_config_decoded(ngx_http_request_t *r,
    ngx_str_t *json, ngx_str_t *text);
ngx_int_t ngx_http_office_config_checkins_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, ngx_str_t *token,
    ngx_uint_t top, ngx_str_t *url);


#endif /* _NGX_HTTP_OFFICE_CONFIG_REPRESENT_H_INCLUDED_ */
