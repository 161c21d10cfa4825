
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * From a path to its segments and back.  Nothing here needs a request.
 */


#include "ngx_http_office_config_route.h"
#include "oc_url.h"


static ngx_int_t ngx_http_office_config_split(ngx_pool_t *pool,
    ngx_http_office_config_path_t *path, u_char *p, u_char *last,
    ngx_uint_t encoded, ngx_uint_t merge);
static ngx_uint_t ngx_http_office_config_dots(
    ngx_http_office_config_path_t *path);
static ngx_int_t ngx_http_office_config_remove_dots(
    ngx_http_office_config_path_t *path);
static ngx_int_t ngx_http_office_config_find_root(ngx_pool_t *pool,
    ngx_http_office_config_path_t *path, const ngx_str_t *prefix,
    ngx_str_t *root, ngx_uint_t *n);
static ngx_uint_t ngx_http_office_config_below_root(const ngx_str_t *base,
    const ngx_str_t *root, u_char **p, u_char *last);
static ngx_int_t ngx_http_office_config_key_url(ngx_pool_t *pool,
    const ngx_str_t *base, const ngx_str_t *path, ngx_str_t *id,
    ngx_uint_t reserved, ngx_str_t *url);


/*
 * The segments of a request's path, the service's root, and how many of the
 * segments are the root.
 *
 * The path is split before it is decoded, so that "a%2Fb" is one segment,
 * unless nginx changed the URI on its way here.  NGX_OK; NGX_DECLINED if the
 * path is not of this service; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_path(ngx_pool_t *pool,
    const ngx_http_office_config_uri_t *uri,
    ngx_http_office_config_path_t *path, ngx_str_t *root, ngx_uint_t *n)
{
    u_char     *p, *last;
    ngx_int_t   rc;

    p = uri->unparsed.data;
    last = p + uri->unparsed.len;

    /* nginx cuts the URI at a '#' */

    if (p != last && memchr(p, '#', last - p) == NULL) {

        last = memchr(p, '?', last - p);
        if (last == NULL) {
            last = p + uri->unparsed.len;
        }

        path->n = 0;

        rc = ngx_http_office_config_split(pool, path, p, last, 1, uri->merge);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK && !ngx_http_office_config_dots(path)
            && ngx_http_office_config_find_root(pool, path, uri->prefix, root,
                                                n)
               == NGX_OK)
        {
            return NGX_OK;
        }
    }

    path->n = 0;

    p = uri->uri.data;

    rc = ngx_http_office_config_split(pool, path, p, p + uri->uri.len, 0,
                                      uri->merge);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_office_config_find_root(pool, path, uri->prefix, root, n);
}


/*
 * The segments that an @odata.id or $id leads to, from the n-th on below the
 * service's root: those of an absolute URL of this service; of a path relative
 * to its root or to the singleton; or, where it begins with a dot, relative to
 * the request's URL (RFC 3986, 5.2).  NGX_OK; NGX_DECLINED if it is not of
 * this service; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_path_of(ngx_pool_t *pool,
    const ngx_http_office_config_uri_t *uri, const ngx_str_t *base,
    const ngx_str_t *root, const ngx_str_t *url,
    ngx_http_office_config_path_t *path, ngx_uint_t *n)
{
    u_char      *p, *last;
    ngx_int_t    rc;
    ngx_str_t   *segment, unused;
    ngx_uint_t   relative;

    p = url->data;
    last = p + url->len;

    if (ngx_strlchr(p, last, '?') || ngx_strlchr(p, last, '#')) {
        return NGX_DECLINED;
    }

    path->n = 0;
    *n = 0;

    relative = (url->len && *p == '.');

    if (relative) {
        rc = ngx_http_office_config_path(pool, uri, path, &unused, n);

        if (rc != NGX_OK) {
            return rc;
        }

        path->n -= (path->n > 0);

    } else if (!ngx_http_office_config_below_root(base, root, &p, last)) {
        return NGX_DECLINED;
    }

    rc = ngx_http_office_config_split(pool, path, p, last, 1, 0);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_remove_dots(path) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (relative
        && ngx_http_office_config_find_root(pool, path, uri->prefix, &unused,
                                            n)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (path->n == *n || path->n == NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS) {
        return NGX_DECLINED;
    }

    segment = &path->segments[*n];

    if (!ngx_http_office_config_is(segment,
                                   NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME))
    {
        ngx_memmove(segment + 1, segment,
                    (path->n - *n) * sizeof(ngx_str_t));
        ngx_str_set(segment, NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME);
        path->n++;
    }

    return NGX_OK;
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
        end = memchr(p, '/', last - p);
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
ngx_http_office_config_find_root(ngx_pool_t *pool,
    ngx_http_office_config_path_t *path, const ngx_str_t *prefix,
    ngx_str_t *root, ngx_uint_t *n)
{
    u_char      *p, *last, *end;
    size_t       len;
    ngx_uint_t   i, j;

    if (prefix) {
        p = prefix->data;
        last = p + prefix->len;

        for (i = 0; p < last; p = end) {
            end = memchr(p, '/', last - p);
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
        *root = *prefix;

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

    root->data = ngx_pnalloc(pool, len + 1);
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
 * Moves "p" behind the service's base URL or the path of its root, if it
 * begins with one.  False if it is another's URL.
 */

static ngx_uint_t
ngx_http_office_config_below_root(const ngx_str_t *base,
    const ngx_str_t *root, u_char **p, u_char *last)
{
    size_t  len;

    len = last - *p;

    if (len > base->len
        && ngx_strncasecmp(*p, base->data, base->len) == 0
        && (*p)[base->len] == '/')
    {
        *p += base->len;
        return 1;
    }

    if (root->len && len > root->len
        && ngx_strncmp(*p, root->data, root->len) == 0
        && (*p)[root->len] == '/')
    {
        *p += root->len;
        return 1;
    }

    return ngx_strlchr(*p, last, ':') == NULL;
}


/*
 * The absolute URL of a configuration.  The key is a segment of its own, or
 * in parentheses where it would be taken for something else.
 */

ngx_int_t
ngx_http_office_config_configuration_url(ngx_pool_t *pool,
    const ngx_str_t *base, ngx_str_t *id, ngx_str_t *url)
{
    static const ngx_str_t  path =
        ngx_string("/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME
                   "/" NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME);

    return ngx_http_office_config_key_url(pool, base, &path, id,
                                    ngx_http_office_config_is_reserved(id),
                                    url);
}


/* The URL of an assignment of the configuration with the URL "item". */

ngx_int_t
ngx_http_office_config_contained_url(ngx_pool_t *pool, ngx_str_t *item,
    ngx_str_t *id, ngx_str_t *url)
{
    ngx_uint_t  reserved;

    static const ngx_str_t  path = ngx_string("/assignments");

    reserved = id->data[0] == '$'
               || ngx_http_office_config_is(id, ".")
               || ngx_http_office_config_is(id, "..")
               || oc_type_find(id->data, id->len);

    return ngx_http_office_config_key_url(pool, item, &path, id, reserved,
                                          url);
}


/* "base", "path" and a key, which is in parentheses if it is reserved. */

static ngx_int_t
ngx_http_office_config_key_url(ngx_pool_t *pool, const ngx_str_t *base,
    const ngx_str_t *path, ngx_str_t *id, ngx_uint_t reserved, ngx_str_t *url)
{
    u_char     *p;
    ngx_str_t   key;

    key = *id;

    if (reserved && ngx_http_office_config_quoted(pool, id, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(pool, base->len + path->len + sizeof("('')") - 1
                          + oc_url_encoded_len(&key));
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    p = ngx_cpymem(p, base->data, base->len);
    p = ngx_cpymem(p, path->data, path->len);
    p = reserved ? ngx_cpymem(p, "('", 2) : ngx_cpymem(p, "/", 1);
    p = oc_url_encode(p, &key);

    if (reserved) {
        p = ngx_cpymem(p, "')", 2);
    }

    url->len = p - url->data;

    return NGX_OK;
}


/*
 * A key as in ('key'): a quote is doubled (OData ABNF, SQUOTE-in-string).  "id"
 * and "key" are not the same.  NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_quoted(ngx_pool_t *pool, ngx_str_t *id,
    ngx_str_t *key)
{
    u_char  *p;
    size_t   i;

    if (id->len == 0 || memchr(id->data, '\'', id->len) == NULL) {
        *key = *id;
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, 2 * id->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;

    for (i = 0; i < id->len; i++) {
        if (id->data[i] == '\'') {
            *p++ = '\'';
        }

        *p++ = id->data[i];
    }

    key->len = p - key->data;

    return NGX_OK;
}
/*
 * Whether this is an http or https URL with a host, and nothing in it that
 * cannot go into a header.
 */

ngx_uint_t
ngx_http_office_config_is_absolute(ngx_str_t *url)
{
    size_t  i, scheme;

    if (url->len > 7
        && ngx_strncasecmp(url->data, (u_char *) "http://", 7) == 0)
    {
        scheme = 7;

    } else if (url->len > 8
               && ngx_strncasecmp(url->data, (u_char *) "https://", 8) == 0)
    {
        scheme = 8;

    } else {
        return 0;
    }

    for (i = 0; i < url->len; i++) {
        if (url->data[i] <= ' ' || url->data[i] >= 0x7f) {
            return 0;
        }
    }

    return url->data[scheme] != '/';
}
