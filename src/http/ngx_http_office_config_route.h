
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_ROUTE_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_ROUTE_H_INCLUDED_


#include "ngx_http_office_config.h"


#define NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME   "officeConfiguration"
#define NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME  "clientConfigurations"


#define ngx_http_office_config_is(segment, text)                              \
    ((segment)->len == sizeof(text) - 1                                       \
     && ngx_strncmp((segment)->data, text, sizeof(text) - 1) == 0)


/* more than any resource has, with a long location prefix */

#define NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS  32


typedef struct {
    ngx_str_t                 segments[NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS];
    ngx_uint_t                n;
} ngx_http_office_config_path_t;


/* where a request's path is to be found */

typedef struct {
    ngx_str_t                 unparsed;   /* by the client, empty: changed */
    ngx_str_t                 uri;        /* by nginx */
    const ngx_str_t          *prefix;     /* of the location, NULL: none */
    unsigned                  merge:1;    /* slashes */
} ngx_http_office_config_uri_t;


/* ngx_http_office_config_route.c */

ngx_int_t ngx_http_office_config_route(ngx_http_request_t *r,
    ngx_http_office_config_route_t *route);
ngx_int_t ngx_http_office_config_route_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url,
    ngx_http_office_config_route_t *route);

/* ngx_http_office_config_path.c */

ngx_int_t ngx_http_office_config_path(ngx_pool_t *pool,
    const ngx_http_office_config_uri_t *uri,
    ngx_http_office_config_path_t *path, ngx_str_t *root, ngx_uint_t *n);
ngx_int_t ngx_http_office_config_path_of(ngx_pool_t *pool,
    const ngx_http_office_config_uri_t *uri, const ngx_str_t *base,
    const ngx_str_t *root, const ngx_str_t *url,
    ngx_http_office_config_path_t *path, ngx_uint_t *n);
ngx_int_t ngx_http_office_config_configuration_url(ngx_pool_t *pool,
    const ngx_str_t *base, ngx_str_t *id, ngx_str_t *url);
ngx_int_t ngx_http_office_config_contained_url(ngx_pool_t *pool,
    ngx_str_t *item, ngx_str_t *id, ngx_str_t *url);
ngx_int_t ngx_http_office_config_quoted(ngx_pool_t *pool, ngx_str_t *id,
    ngx_str_t *key);
ngx_uint_t ngx_http_office_config_is_absolute(ngx_str_t *url);

/* ngx_http_office_config_resource.c */

ngx_int_t ngx_http_office_config_resource(ngx_pool_t *pool,
    ngx_http_office_config_route_t *route, ngx_str_t *segment, ngx_uint_t n);
ngx_uint_t ngx_http_office_config_narrow(ngx_http_office_config_route_t *route,
    const oc_type_t *cast);
ngx_uint_t ngx_http_office_config_is_reserved(ngx_str_t *key);

/* ngx_http_office_config_url.c */

ngx_int_t ngx_http_office_config_base(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_item_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, ngx_str_t *url);
ngx_int_t ngx_http_office_config_assignment_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url);
ngx_int_t ngx_http_office_config_singleton_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url);


#endif /* _NGX_HTTP_OFFICE_CONFIG_ROUTE_H_INCLUDED_ */
