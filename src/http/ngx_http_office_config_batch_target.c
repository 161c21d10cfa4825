
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * From the URL of a request in a batch to what it is a request for.  Nothing
 * here needs a request.
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_route.h"
#include "oc_url.h"


static ngx_uint_t ngx_http_office_config_target_host(const ngx_str_t *base,
    const ngx_str_t *own, const ngx_str_t *host);
static ngx_int_t ngx_http_office_config_target_path(ngx_pool_t *pool,
    const ngx_str_t *url);


/*
 * The URL of a batch as the client gave it without its last segment, so that
 * what begins with it takes the same way through nginx's configuration.
 * NGX_OK; NGX_DECLINED if that segment is not "$batch"; NGX_ERROR if memory is
 * out.
 */

ngx_int_t
ngx_http_office_config_target_prefix(ngx_pool_t *pool, const ngx_str_t *url,
    ngx_str_t *prefix)
{
    u_char     *p, *last;
    ngx_str_t   segment;

    p = url->data;

    last = ngx_strlchr(p, p + url->len, '?');
    if (last == NULL) {
        last = p + url->len;
    }

    while (last > p && last[-1] == '/') {
        last--;
    }

    segment.len = 0;

    while (last > p && last[-1] != '/') {
        last--;
        segment.len++;
    }

    segment.data = ngx_pnalloc(pool, segment.len + 1);
    if (segment.data == NULL) {
        return NGX_ERROR;
    }

    if (last == p
        || oc_url_decode(&segment, last, segment.len, 0) != NGX_OK
        || !ngx_http_office_config_is(&segment, "$batch"))
    {
        return NGX_DECLINED;
    }

    while (last > p && last[-1] == '/') {
        last--;
    }

    prefix->data = p;
    prefix->len = last - p;

    return NGX_OK;
}


/*
 * Takes from a URL what is above the root: "base", the absolute URL of the
 * root, or "prefix", the path of the batch's.  "host" is the request's Host
 * header or empty, "own" the batch's or NULL.  NGX_OK, or NGX_DECLINED if the
 * URL or the host is not this service's.
 */

ngx_int_t
ngx_http_office_config_target_below(const ngx_str_t *prefix,
    const ngx_str_t *base, const ngx_str_t *own, const ngx_str_t *host,
    ngx_str_t *url)
{
    u_char  *p;

    if (ngx_http_office_config_is_absolute(url)
        || (url->len > 5 && ngx_strncasecmp(url->data, (u_char *) "http", 4)
                            == 0
            && ngx_strlchr(url->data, url->data + ngx_min(url->len, 6), ':')))
    {
        return ngx_http_office_config_target_strip(url, base)
               ? NGX_OK : NGX_DECLINED;
    }

    if (!ngx_http_office_config_target_host(base, own, host)) {
        return NGX_DECLINED;
    }

    /* a network-path reference (RFC 3986, 4.2) is one of another host */

    if (url->len > 1 && url->data[0] == '/' && url->data[1] == '/') {
        return NGX_DECLINED;
    }

    if (prefix->len && ngx_http_office_config_target_strip(url, prefix)) {
        return NGX_OK;
    }

    /* the colon of a scheme is in front of any slash */

    for (p = url->data; p < url->data + url->len; p++) {

        if (*p == ':') {
            return NGX_DECLINED;
        }

        if (*p == '/' || *p == '?' || *p == '(' || *p == '\'') {
            break;
        }
    }

    if (url->len && url->data[0] == '/') {
        url->data++;
        url->len--;
    }

    return NGX_OK;
}


/* Whether a Host header is that of the batch, or of the service's URLs. */

static ngx_uint_t
ngx_http_office_config_target_host(const ngx_str_t *base,
    const ngx_str_t *own, const ngx_str_t *host)
{
    u_char     *p, *last;
    ngx_str_t   name;

    if (host->len == 0 || (own && oc_batch_same(host, own))) {
        return 1;
    }

    /* the base URL begins with a scheme and two slashes */

    last = base->data + base->len;

    p = ngx_strlchr(base->data, last, ':');
    if (p == NULL || last - p < 3) {
        return 0;
    }

    name.data = p + 3;

    p = ngx_strlchr(name.data, last, '/');

    name.len = (p ? p : last) - name.data;

    return oc_batch_same(host, &name);
}


/* Takes the prefix, and the slash behind it, if they are there. */

ngx_uint_t
ngx_http_office_config_target_strip(ngx_str_t *url, const ngx_str_t *prefix)
{
    size_t  len;

    len = prefix->len;

    if (url->len < len
        || ngx_strncasecmp(url->data, prefix->data, len) != 0
        || (url->len > len && url->data[len] != '/' && url->data[len] != '?'))
    {
        return 0;
    }

    if (url->len > len && url->data[len] == '/') {
        len++;
    }

    url->data += len;
    url->len -= len;

    return 1;
}


/*
 * The path and query of a URL below the root, "prefix" in front: what cannot
 * be in a request line is encoded.  NGX_OK; NGX_DECLINED if the path leads
 * elsewhere; NGX_ABORT if the URL is malformed; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_target(ngx_pool_t *pool, const ngx_str_t *prefix,
    const ngx_str_t *url, ngx_str_t *target)
{
    u_char     *p;
    size_t      i, escape;
    ngx_int_t   rc;
    ngx_str_t   ch;

    rc = ngx_http_office_config_target_path(pool, url);

    if (rc != NGX_OK) {
        return rc;
    }

    escape = 0;

    for (i = 0; i < url->len; i++) {

        if (url->data[i] < ' ' || url->data[i] == 0x7f
            || url->data[i] == '#')
        {
            return NGX_ABORT;
        }

        escape += (url->data[i] == ' ' || url->data[i] >= 0x80);
    }

    p = ngx_pnalloc(pool, prefix->len + 1 + url->len + 2 * escape);
    if (p == NULL) {
        return NGX_ERROR;
    }

    target->data = p;

    p = ngx_cpymem(p, prefix->data, prefix->len);
    *p++ = '/';

    ch.len = 1;

    for (i = 0; i < url->len; i++) {

        if (url->data[i] == ' ' || url->data[i] >= 0x80) {
            ch.data = &url->data[i];
            p = oc_url_encode(p, &ch);
            continue;
        }

        *p++ = url->data[i];
    }

    target->len = p - target->data;

    return NGX_OK;
}


/*
 * NGX_DECLINED if the path has a segment that leads elsewhere, encoded or
 * not; NGX_ABORT if its encoding is malformed; NGX_ERROR if memory is out.
 */

static ngx_int_t
ngx_http_office_config_target_path(ngx_pool_t *pool, const ngx_str_t *url)
{
    u_char     *p, *last, *end;
    ngx_str_t   path, segment;

    p = url->data;

    last = ngx_strlchr(p, p + url->len, '?');
    if (last == NULL) {
        last = p + url->len;
    }

    path.data = ngx_pnalloc(pool, last - p + 1);
    if (path.data == NULL) {
        return NGX_ERROR;
    }

    if (oc_url_decode(&path, p, last - p, 0) != NGX_OK) {
        return NGX_ABORT;
    }

    last = path.data + path.len;

    for (p = path.data; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, '/');
        if (end == NULL) {
            end = last;
        }

        segment.data = p;
        segment.len = end - p;

        if (ngx_http_office_config_is(&segment, ".")
            || ngx_http_office_config_is(&segment, ".."))
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}
