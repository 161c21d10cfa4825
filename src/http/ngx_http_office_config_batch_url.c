
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"


static ngx_int_t ngx_http_office_config_part_other(
    ngx_http_office_config_part_t *part, ngx_int_t n, ngx_str_t *rest,
    ngx_str_t *url);
static ngx_int_t ngx_http_office_config_part_url(
    ngx_http_office_config_part_t *other, ngx_str_t *url);


/* What the URLs of the parts begin with. */

ngx_int_t
ngx_http_office_config_batch_prefix(ngx_http_office_config_batch_t *batch)
{
    ngx_int_t            rc;
    ngx_str_t           *root;
    ngx_http_request_t  *r;

    r = batch->request;

    rc = ngx_http_office_config_target_prefix(r->pool, &r->unparsed_uri,
                                              &batch->prefix);
    if (rc != NGX_DECLINED) {
        return rc;
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
    ngx_int_t                        rc, n;
    ngx_str_t                        url, rest;
    ngx_pool_t                      *pool;
    ngx_table_elt_t                 *own;
    ngx_http_office_config_batch_t  *batch;

    batch = part->batch;
    pool = batch->request->pool;

    url = part->item->url;

    n = oc_batch_reference(&batch->parsed, &url, &rest);

    if (n >= 0) {
        rc = ngx_http_office_config_part_other(part, n, &rest, &url);

        if (rc != NGX_OK) {
            return rc;
        }

    } else {
        own = batch->request->headers_in.host;

        rc = ngx_http_office_config_target_below(&batch->prefix,
                                                 &batch->ctx->base,
                                                 own ? &own->value : NULL,
                                                 &part->item->host, &url);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_office_config_target(pool, &batch->prefix, &url,
                                           &part->target);
    }

    switch (rc) {

    case NGX_DECLINED:
        ngx_http_office_config_part_refuse(part, NGX_HTTP_NOT_FOUND,
                                           "The URL of a request in a batch "
                                           "must be of this service.");
        return NGX_DECLINED;

    case NGX_ABORT:
        ngx_http_office_config_part_refuse(part, NGX_HTTP_BAD_REQUEST,
                                           "The URL of the request is "
                                           "malformed.");
        return NGX_DECLINED;

    default:
        return rc;
    }
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

        return ngx_http_office_config_target_strip(url,
                                                   &other->batch->ctx->base)
               ? NGX_OK : NGX_DECLINED;
    }

    *url = other->target;

    p = ngx_strlchr(url->data, url->data + url->len, '?');
    if (p) {
        url->len = p - url->data;
    }

    return ngx_http_office_config_target_strip(url, &other->batch->prefix)
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
