
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_url.h"


static ngx_int_t ngx_http_office_config_part_below(
    ngx_http_office_config_part_t *part, ngx_str_t *url);
static ngx_uint_t ngx_http_office_config_part_host(
    ngx_http_office_config_batch_t *batch, ngx_str_t *host);
static ngx_uint_t ngx_http_office_config_part_strip(ngx_str_t *url,
    ngx_str_t *prefix);
static ngx_int_t ngx_http_office_config_part_path(ngx_pool_t *pool,
    ngx_str_t *url);
static ngx_int_t ngx_http_office_config_part_other(
    ngx_http_office_config_part_t *part, ngx_int_t n, ngx_str_t *rest,
    ngx_str_t *url);
static ngx_int_t ngx_http_office_config_part_url(
    ngx_http_office_config_part_t *other, ngx_str_t *url);


/*
 * What the URLs of the parts begin with: that of the batch as the client gave
 * it, without its last segment, so that they take the same way through
 * nginx's configuration.
 */

ngx_int_t
ngx_http_office_config_batch_prefix(ngx_http_office_config_batch_t *batch)
{
    u_char              *p, *last;
    ngx_str_t            segment, *root;
    ngx_http_request_t  *r;

    r = batch->request;

    p = r->unparsed_uri.data;

    last = ngx_strlchr(p, p + r->unparsed_uri.len, '?');
    if (last == NULL) {
        last = p + r->unparsed_uri.len;
    }

    while (last > p && last[-1] == '/') {
        last--;
    }

    segment.len = 0;

    while (last > p && last[-1] != '/') {
        last--;
        segment.len++;
    }

    segment.data = ngx_pnalloc(r->pool, segment.len + 1);
    if (segment.data == NULL) {
        return NGX_ERROR;
    }

    if (last > p
        && oc_url_decode(&segment, last, segment.len, 0) == NGX_OK
        && ngx_http_office_config_is(&segment, "$batch"))
    {
        while (last > p && last[-1] == '/') {
            last--;
        }

        batch->prefix.data = p;
        batch->prefix.len = last - p;

        return NGX_OK;
    }

    /* nginx has come here by another URL */

    root = &batch->ctx->route.root;

    batch->prefix.len = root->len
                        + 2 * ngx_escape_uri(NULL, root->data, root->len,
                                             NGX_ESCAPE_URI);

    batch->prefix.data = ngx_pnalloc(r->pool, batch->prefix.len + 1);
    if (batch->prefix.data == NULL) {
        return NGX_ERROR;
    }

    if (batch->prefix.len == root->len) {
        ngx_memcpy(batch->prefix.data, root->data, root->len);

    } else {
        (void) ngx_escape_uri(batch->prefix.data, root->data, root->len,
                              NGX_ESCAPE_URI);
    }

    return NGX_OK;
}


/*
 * Finds the part's target, the path and query that it is a request for:
 * from a URL relative to the root, an absolute one or an absolute path of
 * this service, or a reference to another part.  NGX_OK; NGX_DECLINED if the
 * part has been refused; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_part_target(ngx_http_office_config_part_t *part)
{
    u_char                          *p;
    size_t                           i, escape;
    ngx_int_t                        rc, n;
    ngx_str_t                        url, rest;
    ngx_pool_t                      *pool;
    ngx_http_office_config_batch_t  *batch;

    batch = part->batch;
    pool = batch->request->pool;

    url = part->item->url;

    n = oc_batch_reference(&batch->parsed, &url, &rest);

    if (n >= 0) {
        rc = ngx_http_office_config_part_other(part, n, &rest, &url);

    } else {
        rc = ngx_http_office_config_part_below(part, &url);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_office_config_part_path(pool, &url);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_http_office_config_part_refuse(part, NGX_HTTP_NOT_FOUND,
                                           "The URL of a request in a batch "
                                           "must be of this service.");
        return NGX_DECLINED;
    }

    escape = 0;

    for (i = 0; i < url.len; i++) {

        if (url.data[i] < ' ' || url.data[i] == 0x7f || url.data[i] == '#') {
            rc = NGX_ABORT;
        }

        escape += (url.data[i] == ' ' || url.data[i] >= 0x80);
    }

    if (rc == NGX_ABORT) {
        ngx_http_office_config_part_refuse(part, NGX_HTTP_BAD_REQUEST,
                                           "The URL of the request is "
                                           "malformed.");
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(pool, batch->prefix.len + 1 + url.len + 2 * escape);
    if (p == NULL) {
        return NGX_ERROR;
    }

    part->target.data = p;

    p = ngx_cpymem(p, batch->prefix.data, batch->prefix.len);
    *p++ = '/';

    for (i = 0; i < url.len; i++) {

        if (url.data[i] == ' ' || url.data[i] >= 0x80) {
            p = ngx_sprintf(p, "%%%02Xd", (ngx_uint_t) url.data[i]);
            continue;
        }

        *p++ = url.data[i];
    }

    part->target.len = p - part->target.data;

    return NGX_OK;
}


/* Takes from a URL what is above the root. */

static ngx_int_t
ngx_http_office_config_part_below(ngx_http_office_config_part_t *part,
    ngx_str_t *url)
{
    u_char                          *p;
    ngx_http_office_config_batch_t  *batch;

    batch = part->batch;

    if (ngx_http_office_config_is_absolute(url)
        || (url->len > 5 && ngx_strncasecmp(url->data, (u_char *) "http", 4)
                            == 0
            && ngx_strlchr(url->data, url->data + ngx_min(url->len, 6), ':')))
    {
        if (ngx_http_office_config_part_strip(url, &batch->ctx->base)) {
            return NGX_OK;
        }

        goto foreign;
    }

    if (!ngx_http_office_config_part_host(batch, &part->item->host)) {
        goto foreign;
    }

    /* a network-path reference (RFC 3986, 4.2) is one of another host */

    if (url->len > 1 && url->data[0] == '/' && url->data[1] == '/') {
        goto foreign;
    }

    if (batch->prefix.len
        && ngx_http_office_config_part_strip(url, &batch->prefix))
    {
        return NGX_OK;
    }

    /* the colon of a scheme is in front of any slash */

    for (p = url->data; p < url->data + url->len; p++) {

        if (*p == ':') {
            goto foreign;
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

foreign:

    ngx_http_office_config_part_refuse(part, NGX_HTTP_NOT_FOUND,
                                       "The URL of a request in a batch must "
                                       "be of this service.");

    return NGX_DECLINED;
}


/* Whether a Host header is that of the batch, or of the service's URLs. */

static ngx_uint_t
ngx_http_office_config_part_host(ngx_http_office_config_batch_t *batch,
    ngx_str_t *host)
{
    u_char     *p, *last;
    ngx_str_t  *own, name;

    if (host->len == 0) {
        return 1;
    }

    if (batch->request->headers_in.host) {
        own = &batch->request->headers_in.host->value;

        if (oc_batch_same(host, own)) {
            return 1;
        }
    }

    /* the base URL begins with a scheme and two slashes */

    last = batch->ctx->base.data + batch->ctx->base.len;

    p = ngx_strlchr(batch->ctx->base.data, last, ':');
    if (p == NULL || last - p < 3) {
        return 0;
    }

    name.data = p + 3;

    p = ngx_strlchr(name.data, last, '/');

    name.len = (p ? p : last) - name.data;

    return oc_batch_same(host, &name);
}


/* Takes the prefix, and the slash behind it, if they are there. */

static ngx_uint_t
ngx_http_office_config_part_strip(ngx_str_t *url, ngx_str_t *prefix)
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
 * NGX_DECLINED if the path has a segment that leads elsewhere, encoded or
 * not; NGX_ABORT if its encoding is malformed; NGX_ERROR if memory is out.
 */

static ngx_int_t
ngx_http_office_config_part_path(ngx_pool_t *pool, ngx_str_t *url)
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


/* The URL of another part, below the root, with "rest" behind it. */

static ngx_int_t
ngx_http_office_config_part_other(ngx_http_office_config_part_t *part,
    ngx_int_t n, ngx_str_t *rest, ngx_str_t *url)
{
    u_char                         *p;
    ngx_str_t                       base;
    ngx_http_office_config_part_t  *other;

    other = &part->batch->parts[n];

    if (ngx_http_office_config_part_url(other, &base) != NGX_OK) {
        ngx_http_office_config_part_refuse(part, 424,
                                           "The request that the URL refers "
                                           "to has not been carried out.");
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(part->batch->request->pool, base.len + rest->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;
    url->len = base.len + rest->len;

    p = ngx_cpymem(p, base.data, base.len);
    ngx_memcpy(p, rest->data, rest->len);

    return NGX_OK;
}


/*
 * What a reference to a part stands for (OData 4.01 Protocol, 11.7.3.1): the
 * URL of what it has made, else its own.  NGX_DECLINED if it is not known.
 */

static ngx_int_t
ngx_http_office_config_part_url(ngx_http_office_config_part_t *other,
    ngx_str_t *url)
{
    u_char     *p;
    ngx_str_t  *location;

    if (!other->joined
        && (other->state != NGX_HTTP_OFFICE_CONFIG_PART_DONE
            || ngx_http_office_config_part_failed(other)))
    {
        return NGX_DECLINED;
    }

    location = &other->location;

    if (location->len == 0 && other->headers) {
        location = oc_batch_header(other->headers, other->nheaders,
                                   "location");
    }

    if (location && location->len) {
        *url = *location;

        return ngx_http_office_config_part_strip(url, &other->batch->ctx->base)
               ? NGX_OK : NGX_DECLINED;
    }

    *url = other->target;

    p = ngx_strlchr(url->data, url->data + url->len, '?');
    if (p) {
        url->len = p - url->data;
    }

    return ngx_http_office_config_part_strip(url, &other->batch->prefix)
           ? NGX_OK : NGX_DECLINED;
}


/*
 * A URL within a part that begins with a reference to another part becomes
 * that part's, relative to the root.  NGX_OK, also if it is something else;
 * NGX_DECLINED if that part's is not known; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_part_dereference(ngx_http_request_t *r, ngx_str_t *url)
{
    u_char                         *p;
    ngx_int_t                       n;
    ngx_str_t                       base, rest;
    ngx_http_office_config_part_t  *part;

    part = ngx_http_office_config_part(r);

    if (part == NULL) {
        return NGX_OK;
    }

    n = oc_batch_reference(&part->batch->parsed, url, &rest);

    if (n < 0) {
        return NGX_OK;
    }

    if (ngx_http_office_config_part_url(&part->batch->parts[n], &base)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(r->pool, base.len + rest.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;
    url->len = base.len + rest.len;

    p = ngx_cpymem(p, base.data, base.len);
    ngx_memcpy(p, rest.data, rest.len);

    return NGX_OK;
}


/*
 * The part's call of the store has joined its group: what it is going to make
 * can be referred to.
 */

void
ngx_http_office_config_part_locate(ngx_http_office_config_part_t *part)
{
    ngx_int_t                      rc;
    ngx_str_t                      url;
    ngx_http_request_t            *r;
    ngx_http_office_config_ctx_t  *ctx;

    r = part->request;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    if (r->method != NGX_HTTP_POST) {
        return;
    }

    if (ctx->id.len) {
        rc = ngx_http_office_config_item_url(r, ctx, &ctx->id, &url);

    } else if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS) {
        rc = ngx_http_office_config_assignment_url(r, ctx, &url);

    } else {
        return;
    }

    if (rc != NGX_OK) {
        return;
    }

    part->location.data = ngx_pstrdup(part->batch->request->pool, &url);

    if (part->location.data) {
        part->location.len = url.len;
    }
}


/*
 * The ETag that a value of If-Match or If-None-Match refers to as $id (OData
 * 4.01 Protocol, 11.7.3.3); NULL if it does not, or there is none.
 */

ngx_str_t *
ngx_http_office_config_part_etag(ngx_http_office_config_part_t *part,
    ngx_str_t *reference)
{
    ngx_int_t                       n;
    ngx_str_t                       rest;
    ngx_http_office_config_part_t  *other;

    n = oc_batch_reference(&part->batch->parsed, reference, &rest);

    if (n < 0 || rest.len) {
        return NULL;
    }

    other = &part->batch->parts[n];

    if (other->state != NGX_HTTP_OFFICE_CONFIG_PART_DONE) {
        return NULL;
    }

    return oc_batch_header(other->headers, other->nheaders, "etag");
}
