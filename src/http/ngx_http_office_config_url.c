
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_route.h"
#include "oc_url.h"


static ngx_uint_t ngx_http_office_config_is_host(ngx_str_t *host);


/*
 * Sets ctx->base, the absolute URL of the service's root, from
 * office_config_base_url or from what the client asked for.
 */

ngx_int_t
ngx_http_office_config_base(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    u_char                             *p;
    size_t                              len;
    uintptr_t                           escape;
    ngx_str_t                           scheme, host, *root;
    ngx_http_office_config_loc_conf_t  *olcf;

    u_char                              addr[NGX_SOCKADDR_STRLEN];

    if (ctx->base.len) {
        return NGX_OK;
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->base_url) {

        if (ngx_http_complex_value(r, olcf->base_url, &ctx->base) != NGX_OK) {
            return NGX_ERROR;
        }

        while (ctx->base.len && ctx->base.data[ctx->base.len - 1] == '/') {
            ctx->base.len--;
        }

        if (ctx->base.len) {

            if (ngx_http_office_config_is_absolute(&ctx->base)) {
                return NGX_OK;
            }

            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "\"office_config_base_url\" is not an absolute "
                          "URL: \"%V\"", &ctx->base);

            ctx->base.len = 0;

            return NGX_ERROR;
        }
    }

    ngx_str_set(&scheme, "http");

#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        ngx_str_set(&scheme, "https");
    }
#endif

    if (r->headers_in.host
        && ngx_http_office_config_is_host(&r->headers_in.host->value))
    {
        host = r->headers_in.host->value;

    } else if (ngx_http_office_config_is_host(&r->headers_in.server)) {
        host = r->headers_in.server;

    } else {
        host.data = addr;
        host.len = NGX_SOCKADDR_STRLEN;

        if (ngx_connection_local_sockaddr(r->connection, &host, 1) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    root = &ctx->route.root;

    escape = 2 * ngx_escape_uri(NULL, root->data, root->len, NGX_ESCAPE_URI);

    len = scheme.len + 3 + host.len + root->len + escape;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->base.data = p;
    ctx->base.len = len;

    p = ngx_cpymem(p, scheme.data, scheme.len);
    p = ngx_cpymem(p, "://", 3);
    p = ngx_cpymem(p, host.data, host.len);

    (void) ngx_escape_uri(p, root->data, root->len, NGX_ESCAPE_URI);

    if (escape == 0) {
        ngx_memcpy(p, root->data, root->len);
    }

    return NGX_OK;
}


/* nginx lets through more in a Host header than a URL can have. */

static ngx_uint_t
ngx_http_office_config_is_host(ngx_str_t *host)
{
    size_t  i;

    for (i = 0; i < host->len; i++) {
        if (host->data[i] <= ' ' || host->data[i] >= 0x7f) {
            return 0;
        }
    }

    return host->len != 0;
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


/*
 * The absolute URL of a configuration.  The key is a segment of its own, or
 * in parentheses where it would be taken for something else.
 */

ngx_int_t
ngx_http_office_config_item_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, ngx_str_t *url)
{
    u_char      *p;
    size_t       len;
    ngx_str_t    key;
    ngx_uint_t   parens;

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    key = *id;

    parens = ngx_http_office_config_is_reserved(id);

    if (parens && ngx_http_office_config_quoted(r, id, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    len = ctx->base.len
          + sizeof("/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME
                   "/" NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME "('')") - 1
          + oc_url_encoded_len(&key);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    p = ngx_cpymem(p, ctx->base.data, ctx->base.len);
    p = ngx_cpymem(p, "/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME
                   "/" NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME,
                   sizeof("/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME
                          "/" NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME) - 1);

    p = parens ? ngx_cpymem(p, "('", 2) : ngx_cpymem(p, "/", 1);
    p = oc_url_encode(p, &key);

    if (parens) {
        p = ngx_cpymem(p, "')", 2);
    }

    url->len = p - url->data;

    return NGX_OK;
}


/* The absolute URL of the assignment of the route. */

ngx_int_t
ngx_http_office_config_assignment_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url)
{
    ngx_str_t  item;

    if (ngx_http_office_config_item_url(r, ctx, &ctx->route.id, &item)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_office_config_contained_url(r, &item,
                                                &ctx->route.assignment, url);
}


/* The URL of an assignment of the configuration with the URL "item". */

ngx_int_t
ngx_http_office_config_contained_url(ngx_http_request_t *r, ngx_str_t *item,
    ngx_str_t *id, ngx_str_t *url)
{
    u_char      *p;
    ngx_str_t    key;
    ngx_uint_t   parens;

    key = *id;

    parens = key.data[0] == '$'
             || ngx_http_office_config_is(&key, ".")
             || ngx_http_office_config_is(&key, "..")
             || oc_type_find(key.data, key.len);

    if (parens && ngx_http_office_config_quoted(r, &key, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, item->len + sizeof("/assignments('')") - 1
                             + oc_url_encoded_len(&key));
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    p = ngx_cpymem(p, item->data, item->len);
    p = ngx_cpymem(p, "/assignments", sizeof("/assignments") - 1);
    p = parens ? ngx_cpymem(p, "('", 2) : ngx_cpymem(p, "/", 1);
    p = oc_url_encode(p, &key);

    if (parens) {
        p = ngx_cpymem(p, "')", 2);
    }

    url->len = p - url->data;

    return NGX_OK;
}


/* The absolute URL of the singleton. */

ngx_int_t
ngx_http_office_config_singleton_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url)
{
    u_char  *p;

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool,
                    ctx->base.len
                    + sizeof("/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME) - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;
    url->len = ngx_sprintf(p, "%V/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME,
                           &ctx->base)
               - p;

    return NGX_OK;
}


/* A key as in ('key'): a quote is doubled (OData ABNF, SQUOTE-in-string). */

ngx_int_t
ngx_http_office_config_quoted(ngx_http_request_t *r, ngx_str_t *id,
    ngx_str_t *key)
{
    u_char  *p;
    size_t   i;

    if (id->len == 0 || memchr(id->data, '\'', id->len) == NULL) {
        *key = *id;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, 2 * id->len);
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
