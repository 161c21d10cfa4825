
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_route.h"


static void ngx_http_office_config_uri(ngx_http_request_t *r,
    ngx_http_office_config_uri_t *uri);


/*
 * Finds the resource that the request's path names, and the path of the
 * service's root.  NGX_OK, or NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_route(ngx_http_request_t *r,
    ngx_http_office_config_route_t *route)
{
    ngx_int_t                      rc;
    ngx_uint_t                     root;
    ngx_http_office_config_uri_t   uri;
    ngx_http_office_config_path_t  path;

    ngx_memzero(route, sizeof(ngx_http_office_config_route_t));

    ngx_http_office_config_uri(r, &uri);

    rc = ngx_http_office_config_path(r->pool, &uri, &path, &route->root,
                                     &root);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    return ngx_http_office_config_resource(r->pool, route,
                                           &path.segments[root],
                                           path.n - root);
}


/* What nginx knows of the request's path. */

static void
ngx_http_office_config_uri(ngx_http_request_t *r,
    ngx_http_office_config_uri_t *uri)
{
    ngx_http_core_srv_conf_t           *cscf;
    ngx_http_office_config_loc_conf_t  *olcf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    ngx_str_null(&uri->unparsed);

    if (r->valid_unparsed_uri) {
        uri->unparsed = r->unparsed_uri;
    }

    uri->uri = r->uri;
    uri->prefix = olcf->has_root ? &olcf->root : NULL;
    uri->merge = cscf->merge_slashes;
}


/*
 * The resource that an @odata.id or $id names, or in a batch a reference to
 * another request, which "url" is replaced with.  NGX_OK; NGX_DECLINED if it
 * is not of this service; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_route_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url,
    ngx_http_office_config_route_t *route)
{
    ngx_int_t                      rc;
    ngx_uint_t                     root;
    ngx_http_office_config_uri_t   uri;
    ngx_http_office_config_path_t  path;

    rc = ngx_http_office_config_part_dereference(r, url);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_office_config_uri(r, &uri);

    rc = ngx_http_office_config_path_of(r->pool, &uri, &ctx->base,
                                        &ctx->route.root, url, &path, &root);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(route, sizeof(ngx_http_office_config_route_t));

    return ngx_http_office_config_resource(r->pool, route,
                                           &path.segments[root],
                                           path.n - root);
}
