
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_REPRESENT_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_REPRESENT_H_INCLUDED_


#include "ngx_http_office_config.h"


#define NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT                         \
    "officeConfiguration/clientConfigurations"


/*
 * Check-ins that an entity shows are left out of the pages of the others: so
 * much of each key is in the token.
 */

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
ngx_int_t ngx_http_office_config_check_etag(ngx_http_request_t *r,
    ngx_str_t *digits);
ngx_int_t ngx_http_office_config_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment);


/* ngx_http_office_config_reference.c */

ngx_int_t ngx_http_office_config_make_reference(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, ngx_str_t *json);

/* ngx_http_office_config_expand.c */

ngx_int_t ngx_http_office_config_expanded(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *json, ngx_str_t *id,
    ngx_str_t *items, ngx_uint_t n, ngx_str_t *members);

/* ngx_http_office_config_project.c */

ngx_int_t ngx_http_office_config_project(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *json);
ngx_int_t ngx_http_office_config_project_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, oc_select_t *select,
    const oc_type_t *type, ngx_str_t *id, ngx_str_t *json);

/* ngx_http_office_config_describe.c */

ngx_int_t ngx_http_office_config_describe(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *entities, ngx_uint_t n,
    ngx_http_office_config_answer_pt again);

/* ngx_http_office_config_live.c */

ngx_int_t ngx_http_office_config_complete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_answer_pt answer);
ngx_int_t ngx_http_office_config_complete_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_answer_pt answer);
ngx_uint_t ngx_http_office_config_is_live(ngx_str_t *json);
ngx_int_t ngx_http_office_config_entity_id(ngx_pool_t *pool, ngx_str_t *json,
    ngx_str_t *id);
ngx_int_t ngx_http_office_config_decoded(ngx_pool_t *pool, ngx_str_t *json,
    ngx_str_t *text);


#endif /* _NGX_HTTP_OFFICE_CONFIG_REPRESENT_H_INCLUDED_ */
