
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_route.h"


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


/* The absolute URL of a configuration. */

ngx_int_t
ngx_http_office_config_item_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, ngx_str_t *url)
{
    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_office_config_configuration_url(r->pool, &ctx->base, id,
                                                    url);
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

    return ngx_http_office_config_contained_url(r->pool, &item,
                                                &ctx->route.assignment, url);
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
