
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_route.h"
#include "oc_url.h"


/* more than any resource has, with a long location prefix */

#define NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS  32


typedef struct {
    ngx_str_t                 segments[NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS];
    ngx_uint_t                n;
} ngx_http_office_config_path_t;


static ngx_int_t ngx_http_office_config_path(ngx_http_request_t *r,
    ngx_http_office_config_path_t *path, ngx_str_t *root, ngx_uint_t *n);
static ngx_int_t ngx_http_office_config_split(ngx_pool_t *pool,
    ngx_http_office_config_path_t *path, u_char *p, u_char *last,
    ngx_uint_t encoded, ngx_uint_t merge);
static ngx_uint_t ngx_http_office_config_dots(
    ngx_http_office_config_path_t *path);
static ngx_int_t ngx_http_office_config_remove_dots(
    ngx_http_office_config_path_t *path);
static ngx_int_t ngx_http_office_config_find_root(ngx_http_request_t *r,
    ngx_http_office_config_path_t *path, ngx_str_t *root, ngx_uint_t *n);
static ngx_int_t ngx_http_office_config_below_root(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, u_char **p, u_char *last);


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
    ngx_http_office_config_path_t  path;

    ngx_memzero(route, sizeof(ngx_http_office_config_route_t));

    rc = ngx_http_office_config_path(r, &path, &route->root, &root);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    return ngx_http_office_config_resource(r->pool, route,
                                           &path.segments[root],
                                           path.n - root);
}


/*
 * The segments of the request's path, the service's root, and how many of the
 * segments are the root.
 *
 * The path is split before it is decoded, so that "a%2Fb" is one segment,
 * unless nginx changed the URI on its way here.  NGX_OK; NGX_DECLINED if the
 * path is not of this service; NGX_ERROR if memory is out.
 */

static ngx_int_t
ngx_http_office_config_path(ngx_http_request_t *r,
    ngx_http_office_config_path_t *path, ngx_str_t *root, ngx_uint_t *n)
{
    u_char                    *last;
    ngx_int_t                  rc;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    /* nginx cuts the URI at a '#' */

    if (r->valid_unparsed_uri
        && ngx_strlchr(r->unparsed_uri.data,
                       r->unparsed_uri.data + r->unparsed_uri.len, '#')
           == NULL)
    {
        last = ngx_strlchr(r->unparsed_uri.data,
                           r->unparsed_uri.data + r->unparsed_uri.len, '?');
        if (last == NULL) {
            last = r->unparsed_uri.data + r->unparsed_uri.len;
        }

        path->n = 0;

        rc = ngx_http_office_config_split(r->pool, path, r->unparsed_uri.data,
                                          last, 1, cscf->merge_slashes);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK && !ngx_http_office_config_dots(path)
            && ngx_http_office_config_find_root(r, path, root, n) == NGX_OK)
        {
            return NGX_OK;
        }
    }

    path->n = 0;

    rc = ngx_http_office_config_split(r->pool, path, r->uri.data,
                                      r->uri.data + r->uri.len, 0,
                                      cscf->merge_slashes);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_office_config_find_root(r, path, root, n);
}


/*
 * Adds the segments of a path, split at its slashes; empty ones are left out
 * with "merge", as nginx does with "merge_slashes".  NGX_DECLINED if it is
 * none of ours.
 */

static ngx_int_t
ngx_http_office_config_split(ngx_pool_t *pool,
    ngx_http_office_config_path_t *path, u_char *p, u_char *last,
    ngx_uint_t encoded, ngx_uint_t merge)
{
    u_char     *end, *start;
    ngx_str_t  *segment;

    start = p;

    while (p < last) {
        end = ngx_strlchr(p, last, '/');
        if (end == NULL) {
            end = last;
        }

        if (end == p) {

            if (p > start && p[-1] == '/' && !merge) {
                return NGX_DECLINED;
            }

            p++;
            continue;
        }

        if (path->n == NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS) {
            return NGX_DECLINED;
        }

        segment = &path->segments[path->n++];

        segment->data = p;
        segment->len = end - p;

        if (encoded && memchr(p, '%', end - p)) {
            segment->data = ngx_pnalloc(pool, end - p);
            if (segment->data == NULL) {
                return NGX_ERROR;
            }

            if (oc_url_decode(segment, p, end - p, 0) != NGX_OK) {
                return NGX_DECLINED;
            }
        }

        p = end;
    }

    return NGX_OK;
}


/* Whether "." or ".." is among the segments. */

static ngx_uint_t
ngx_http_office_config_dots(ngx_http_office_config_path_t *path)
{
    ngx_uint_t  i;

    for (i = 0; i < path->n; i++) {
        if (ngx_http_office_config_is(&path->segments[i], ".")
            || ngx_http_office_config_is(&path->segments[i], ".."))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Takes "." and ".." out of a path, and what they take with them (RFC 3986,
 * 5.2.4).  NGX_DECLINED if they lead above its beginning.
 */

static ngx_int_t
ngx_http_office_config_remove_dots(ngx_http_office_config_path_t *path)
{
    ngx_str_t   segment;
    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < path->n; i++) {
        segment = path->segments[i];

        if (ngx_http_office_config_is(&segment, ".")) {
            continue;
        }

        if (ngx_http_office_config_is(&segment, "..")) {

            if (n-- == 0) {
                return NGX_DECLINED;
            }

            continue;
        }

        path->segments[n++] = segment;
    }

    path->n = n;

    return NGX_OK;
}


/*
 * Finds how many segments are the service's root: those of the location's
 * prefix, or without one, those in front of the singleton or of a resource
 * that is beside it.  The root itself is not known without a prefix.
 */

static ngx_int_t
ngx_http_office_config_find_root(ngx_http_request_t *r,
    ngx_http_office_config_path_t *path, ngx_str_t *root, ngx_uint_t *n)
{
    u_char                             *p, *last, *end;
    size_t                              len;
    ngx_uint_t                          i, j;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->has_root) {
        p = olcf->root.data;
        last = p + olcf->root.len;

        for (i = 0; p < last; p = end) {
            end = ngx_strlchr(p, last, '/');
            if (end == NULL) {
                end = last;
            }

            if (end == p) {
                end++;
                continue;
            }

            if (i == path->n
                || path->segments[i].len != (size_t) (end - p)
                || ngx_strncmp(path->segments[i].data, p, end - p) != 0)
            {
                return NGX_DECLINED;
            }

            i++;
        }

        *n = i;
        *root = olcf->root;

        return NGX_OK;
    }

    for (i = 0; i < path->n; i++) {
        if (ngx_http_office_config_is(&path->segments[i],
                                      NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME))
        {
            break;
        }
    }

    if (i == path->n) {

        if (i == 0
            || !(ngx_http_office_config_is(&path->segments[i - 1], "$metadata")
                 || ngx_http_office_config_is(&path->segments[i - 1], "$batch")
                 || ngx_http_office_config_is(&path->segments[i - 1],
                                              "$entity")))
        {
            return NGX_DECLINED;
        }

        i--;
    }

    len = 0;

    for (j = 0; j < i; j++) {

        if (ngx_strlchr(path->segments[j].data,
                        path->segments[j].data + path->segments[j].len, '/'))
        {
            return NGX_DECLINED;
        }

        len += 1 + path->segments[j].len;
    }

    root->data = ngx_pnalloc(r->pool, len + 1);
    if (root->data == NULL) {
        return NGX_DECLINED;
    }

    p = root->data;

    for (j = 0; j < i; j++) {
        *p++ = '/';
        p = ngx_cpymem(p, path->segments[j].data, path->segments[j].len);
    }

    root->len = len;
    *n = i;

    return NGX_OK;
}


/*
 * The resource that an @odata.id or $id names: an absolute URL of this
 * service; a path relative to its root or to the singleton; or, where it
 * begins with a dot, relative to the request's URL (RFC 3986, 5.2); or in a
 * batch a reference to another request, which "url" is replaced with.  NGX_OK;
 * NGX_DECLINED if it is not of this service; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_route_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url,
    ngx_http_office_config_route_t *route)
{
    u_char                         *p, *last;
    ngx_int_t                       rc;
    ngx_str_t                      *segment, root;
    ngx_uint_t                      n, relative;
    ngx_http_office_config_path_t   path;

    rc = ngx_http_office_config_part_dereference(r, url);

    if (rc != NGX_OK) {
        return rc;
    }

    p = url->data;
    last = p + url->len;

    if (ngx_strlchr(p, last, '?') || ngx_strlchr(p, last, '#')) {
        return NGX_DECLINED;
    }

    path.n = 0;
    n = 0;

    relative = (url->len && *p == '.');

    if (relative) {
        rc = ngx_http_office_config_path(r, &path, &root, &n);

        if (rc != NGX_OK) {
            return rc;
        }

        path.n -= (path.n > 0);

    } else {
        rc = ngx_http_office_config_below_root(r, ctx, &p, last);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_office_config_split(r->pool, &path, p, last, 1, 0);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_remove_dots(&path) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (relative
        && ngx_http_office_config_find_root(r, &path, &root, &n) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    segment = path.segments + n;
    n = path.n - n;

    if (n == 0 || path.n == NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS) {
        return NGX_DECLINED;
    }

    if (!ngx_http_office_config_is(segment,
                                   NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME))
    {
        ngx_memmove(segment + 1, segment, n * sizeof(ngx_str_t));
        ngx_str_set(segment, NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME);
        n++;
    }

    ngx_memzero(route, sizeof(ngx_http_office_config_route_t));

    return ngx_http_office_config_resource(r->pool, route, segment, n);
}


/*
 * Moves "p" behind the service's base URL or the path of its root, if it
 * begins with one.  NGX_OK; NGX_DECLINED if it is another's URL; NGX_ERROR
 * if memory is out.
 */

static ngx_int_t
ngx_http_office_config_below_root(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, u_char **p, u_char *last)
{
    size_t      len;
    ngx_str_t  *root;

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    len = last - *p;
    root = &ctx->route.root;

    if (len > ctx->base.len
        && ngx_strncasecmp(*p, ctx->base.data, ctx->base.len) == 0
        && (*p)[ctx->base.len] == '/')
    {
        *p += ctx->base.len;
        return NGX_OK;
    }

    if (root->len && len > root->len
        && ngx_strncmp(*p, root->data, root->len) == 0
        && (*p)[root->len] == '/')
    {
        *p += root->len;
        return NGX_OK;
    }

    return ngx_strlchr(*p, last, ':') ? NGX_DECLINED : NGX_OK;
}
