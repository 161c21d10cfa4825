
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_route.h"
#include "oc_url.h"


/* more than any resource has, with a long location prefix */

#define NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS  32


typedef struct {
    ngx_str_t                 segments[NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS];
    ngx_uint_t                n;
    unsigned                  dots:1;      /* "." or ".." is among them */
} ngx_http_office_config_path_t;


static ngx_int_t ngx_http_office_config_split(ngx_pool_t *pool,
    ngx_http_office_config_path_t *path, u_char *p, u_char *last,
    ngx_uint_t encoded, ngx_uint_t merge);
static ngx_int_t ngx_http_office_config_find_root(ngx_http_request_t *r,
    ngx_http_office_config_path_t *path, ngx_str_t *root, ngx_uint_t *n);
static ngx_int_t ngx_http_office_config_find_resource(ngx_pool_t *pool,
    ngx_http_office_config_route_t *route, ngx_str_t *segment, ngx_uint_t n);
static void ngx_http_office_config_find_below(
    ngx_http_office_config_route_t *route, ngx_str_t *segment, ngx_uint_t n);
static ngx_int_t ngx_http_office_config_key(ngx_pool_t *pool,
    ngx_str_t *segment, ngx_str_t *key);
static ngx_uint_t ngx_http_office_config_listed(const ngx_str_t *names,
    ngx_str_t *name);


#define ngx_http_office_config_is(segment, text)                              \
    ((segment)->len == sizeof(text) - 1                                       \
     && ngx_strncmp((segment)->data, text, sizeof(text) - 1) == 0)


/* what the contract has and this version has not */

static const ngx_str_t  ngx_http_office_config_below_root[] = {
    ngx_string("$metadata"),
    ngx_string("$batch"),
    ngx_string("$entity"),
    ngx_null_string
};

static const ngx_str_t  ngx_http_office_config_below_singleton[] = {
    ngx_string("id"),
    ngx_string("tenantCheckinStatuses"),
    ngx_string("tenantUserCheckinSummary"),
    ngx_null_string
};

static const ngx_str_t  ngx_http_office_config_below_collection[] = {
    ngx_string("$count"),
    ngx_string("updatePriorities"),
    ngx_string("microsoft.graph.updatePriorities"),
    ngx_string("microsoft.management.services.api.updatePriorities"),
    ngx_null_string
};

static const ngx_str_t  ngx_http_office_config_below_item[] = {
    ngx_string("$ref"),
    ngx_string("id"),
    ngx_string("userPreferencePayload"),
    ngx_string("policyPayload"),
    ngx_string("description"),
    ngx_string("displayName"),
    ngx_string("priority"),
    ngx_string("lastModifiedDateTime"),
    ngx_string("userCheckinSummary"),
    ngx_string("checkinStatuses"),
    ngx_string("assignments"),
    ngx_string("assign"),
    ngx_string("microsoft.graph.assign"),
    ngx_null_string
};


/*
 * Finds the resource that the request's path names, and the path of the
 * service's root.
 *
 * The path is split before it is decoded, so that "a%2Fb" is one segment,
 * unless nginx changed the URI on its way here.  NGX_OK, or NGX_ERROR if
 * memory is out.
 */

ngx_int_t
ngx_http_office_config_route(ngx_http_request_t *r,
    ngx_http_office_config_route_t *route)
{
    u_char                         *last;
    ngx_int_t                       rc;
    ngx_uint_t                      root;
    ngx_http_core_srv_conf_t       *cscf;
    ngx_http_office_config_path_t   path;

    ngx_memzero(route, sizeof(ngx_http_office_config_route_t));

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

        rc = ngx_http_office_config_split(r->pool, &path,
                                          r->unparsed_uri.data, last, 1,
                                          cscf->merge_slashes);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK && !path.dots
            && ngx_http_office_config_find_root(r, &path, &route->root, &root)
               == NGX_OK)
        {
            return ngx_http_office_config_find_resource(r->pool, route,
                                                        &path.segments[root],
                                                        path.n - root);
        }
    }

    rc = ngx_http_office_config_split(r->pool, &path, r->uri.data,
                                      r->uri.data + r->uri.len, 0,
                                      cscf->merge_slashes);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK
        && ngx_http_office_config_find_root(r, &path, &route->root, &root)
           == NGX_OK)
    {
        return ngx_http_office_config_find_resource(r->pool, route,
                                                    &path.segments[root],
                                                    path.n - root);
    }

    return NGX_OK;
}


/*
 * Splits a path at its slashes; empty segments are left out with "merge", as
 * nginx does with "merge_slashes".  NGX_DECLINED if it is none of ours.
 */

static ngx_int_t
ngx_http_office_config_split(ngx_pool_t *pool,
    ngx_http_office_config_path_t *path, u_char *p, u_char *last,
    ngx_uint_t encoded, ngx_uint_t merge)
{
    u_char     *end, *start;
    ngx_str_t  *segment;

    path->n = 0;
    path->dots = 0;

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

        if (ngx_http_office_config_is(segment, ".")
            || ngx_http_office_config_is(segment, ".."))
        {
            path->dots = 1;
        }

        p = end;
    }

    return NGX_OK;
}


/*
 * Finds how many segments are the service's root: those of the location's
 * prefix, or without one, those in front of the singleton.
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
                                      NGX_HTTP_OFFICE_CONFIG_SINGLETON))
        {
            break;
        }
    }

    if (i == path->n) {
        return NGX_DECLINED;
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
 * From the segments below the root to the resource.  NGX_OK, or NGX_ERROR if
 * memory is out.
 */

static ngx_int_t
ngx_http_office_config_find_resource(ngx_pool_t *pool,
    ngx_http_office_config_route_t *route, ngx_str_t *segment, ngx_uint_t n)
{
    ngx_int_t   rc;
    ngx_str_t   rest;
    ngx_uint_t  keyed;

    route->resource = NGX_HTTP_OFFICE_CONFIG_NOT_FOUND;

    if (n == 0
        || (n == 1 && ngx_http_office_config_listed(
                                   ngx_http_office_config_below_root, segment))
        || (n == 1 && ngx_http_office_config_is(segment,
                                            NGX_HTTP_OFFICE_CONFIG_SINGLETON)))
    {
        route->resource = NGX_HTTP_OFFICE_CONFIG_NOT_IMPLEMENTED;
        return NGX_OK;
    }

    if (!ngx_http_office_config_is(segment, NGX_HTTP_OFFICE_CONFIG_SINGLETON))
    {
        return NGX_OK;
    }

    segment++;
    n--;

    keyed = 0;
    rest = *segment;

    if (rest.len > sizeof(NGX_HTTP_OFFICE_CONFIG_COLLECTION) - 1
        && rest.data[sizeof(NGX_HTTP_OFFICE_CONFIG_COLLECTION) - 1] == '(')
    {
        keyed = 1;
        rest.len = sizeof(NGX_HTTP_OFFICE_CONFIG_COLLECTION) - 1;
    }

    if (!ngx_http_office_config_is(&rest, NGX_HTTP_OFFICE_CONFIG_COLLECTION)) {

        if (ngx_http_office_config_listed(
                              ngx_http_office_config_below_singleton, segment))
        {
            route->resource = NGX_HTTP_OFFICE_CONFIG_NOT_IMPLEMENTED;
        }

        return NGX_OK;
    }

    if (keyed) {
        rest.data += rest.len;
        rest.len = segment->len - rest.len;

        rc = ngx_http_office_config_key(pool, &rest, &route->id);

        if (rc != NGX_OK) {
            return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
        }

        ngx_http_office_config_find_below(route, segment + 1, n - 1);
        return NGX_OK;
    }

    segment++;
    n--;

    if (n == 0) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS;
        return NGX_OK;
    }

    if (n == 1 && ngx_http_office_config_is(segment, "$ref")) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF;
        return NGX_OK;
    }

    if (ngx_http_office_config_listed(ngx_http_office_config_below_collection,
                                      segment)
        || oc_type_find(segment->data, segment->len))
    {
        route->resource = NGX_HTTP_OFFICE_CONFIG_NOT_IMPLEMENTED;
        return NGX_OK;
    }

    route->id = *segment;

    ngx_http_office_config_find_below(route, segment + 1, n - 1);

    return NGX_OK;
}


/* From the segments below an item, whose key is in the route. */

static void
ngx_http_office_config_find_below(ngx_http_office_config_route_t *route,
    ngx_str_t *segment, ngx_uint_t n)
{
    if (oc_id_valid(route->id.data, route->id.len) != NGX_OK) {
        return;
    }

    if (n == 0) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_CONFIGURATION;
        return;
    }

    if (ngx_http_office_config_listed(ngx_http_office_config_below_item,
                                      segment)
        || oc_type_find(segment->data, segment->len))
    {
        route->resource = NGX_HTTP_OFFICE_CONFIG_NOT_IMPLEMENTED;
    }
}


/*
 * Takes the key from ('key'), in which a quote is doubled (OData ABNF,
 * parensKey).  NGX_OK; NGX_DECLINED if that is not its form; NGX_ERROR if
 * memory is out.
 */

static ngx_int_t
ngx_http_office_config_key(ngx_pool_t *pool, ngx_str_t *segment,
    ngx_str_t *key)
{
    u_char  *p, *last, *dst;

    if (segment->len < sizeof("('')") - 1
        || segment->data[0] != '(' || segment->data[1] != '\''
        || segment->data[segment->len - 2] != '\''
        || segment->data[segment->len - 1] != ')')
    {
        return NGX_DECLINED;
    }

    p = segment->data + 2;
    last = segment->data + segment->len - 2;

    if (ngx_strlchr(p, last, '\'') == NULL) {
        key->data = p;
        key->len = last - p;
        return NGX_OK;
    }

    dst = ngx_pnalloc(pool, last - p);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    key->data = dst;

    for ( /* void */ ; p < last; p++) {

        if (*p == '\'' && (++p == last || *p != '\'')) {
            return NGX_DECLINED;
        }

        *dst++ = *p;
    }

    key->len = dst - key->data;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_office_config_listed(const ngx_str_t *names, ngx_str_t *name)
{
    for ( /* void */ ; names->len; names++) {

        if (names->len == name->len
            && ngx_strncmp(names->data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * The key of the configuration that an @odata.id names: an absolute URL of
 * this service, or a path relative to its root or to the singleton.  NGX_OK;
 * NGX_DECLINED if it names no configuration of this collection; NGX_ERROR if
 * memory is out.
 */

ngx_int_t
ngx_http_office_config_route_reference(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url, ngx_str_t *id)
{
    u_char                          *p, *last;
    ngx_int_t                        rc;
    ngx_str_t                       *segment, singleton;
    ngx_uint_t                       n;
    ngx_http_office_config_path_t    path;
    ngx_http_office_config_route_t   route;

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    p = url->data;
    last = p + url->len;

    if (url->len > ctx->base.len
        && ngx_strncasecmp(p, ctx->base.data, ctx->base.len) == 0
        && p[ctx->base.len] == '/')
    {
        p += ctx->base.len;

    } else if (url->len > ctx->route.root.len && ctx->route.root.len
               && ngx_strncmp(p, ctx->route.root.data, ctx->route.root.len)
                  == 0
               && p[ctx->route.root.len] == '/')
    {
        p += ctx->route.root.len;

    } else if (ngx_strlchr(p, last, ':')) {
        return NGX_DECLINED;
    }

    if (ngx_strlchr(p, last, '?') || ngx_strlchr(p, last, '#')) {
        return NGX_DECLINED;
    }

    rc = ngx_http_office_config_split(r->pool, &path, p, last, 1, 0);

    if (rc != NGX_OK) {
        return rc;
    }

    if (path.dots || path.n == 0
        || path.n == NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS)
    {
        return NGX_DECLINED;
    }

    segment = path.segments;
    n = path.n;

    if (!ngx_http_office_config_is(segment, NGX_HTTP_OFFICE_CONFIG_SINGLETON))
    {
        ngx_str_set(&singleton, NGX_HTTP_OFFICE_CONFIG_SINGLETON);

        ngx_memmove(segment + 1, segment, n * sizeof(ngx_str_t));
        *segment = singleton;
        n++;
    }

    ngx_memzero(&route, sizeof(ngx_http_office_config_route_t));

    if (ngx_http_office_config_find_resource(r->pool, &route, segment, n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (route.resource != NGX_HTTP_OFFICE_CONFIG_CONFIGURATION) {
        return NGX_DECLINED;
    }

    *id = route.id;

    return NGX_OK;
}


/*
 * Whether a key that stands as a segment of its own, as in /key, would be
 * taken for something else.
 */

ngx_uint_t
ngx_http_office_config_is_reserved(ngx_str_t *key)
{
    return key->data[0] == '$'
           || ngx_http_office_config_is(key, ".")
           || ngx_http_office_config_is(key, "..")
           || oc_type_find(key->data, key->len)
           || ngx_http_office_config_listed(
                                 ngx_http_office_config_below_collection, key);
}
