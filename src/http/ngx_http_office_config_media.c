
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_format.h"
#include "ngx_http_office_config_response.h"


#define NGX_HTTP_OFFICE_CONFIG_JSON_TYPE                                      \
    "application/json;odata.metadata=minimal;odata.streaming=false;"          \
    "charset=utf-8"


/*
 * Sets the media type of JSON, with the parameters that were negotiated (OData
 * JSON Format 4.01, 4.1); an error may come before that was done.
 */

ngx_int_t
ngx_http_office_config_content_type(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    u_char       *p;
    oc_format_t  *format;

    static const char  *levels[] = { "minimal", "full", "none" };

    format = &ctx->format;

    if (!ctx->negotiated) {
        (void) ngx_http_office_config_negotiate(ctx,
                                                NGX_HTTP_OFFICE_CONFIG_JSON);
    }

    r->headers_out.content_type_len = sizeof("application/json") - 1;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);

    if (format->level == OC_LEVEL_MINIMAL && !format->ieee
        && !format->streaming)
    {
        ngx_str_set(&r->headers_out.content_type,
                    NGX_HTTP_OFFICE_CONFIG_JSON_TYPE);
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, sizeof(NGX_HTTP_OFFICE_CONFIG_JSON_TYPE
                                    ";IEEE754Compatible=true"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    r->headers_out.content_type.data = p;
    r->headers_out.content_type.len =
        ngx_sprintf(p, "application/json;odata.metadata=%s;"
                    "odata.streaming=%s%s;charset=utf-8",
                    levels[format->level], format->streaming ? "true"
                                                             : "false",
                    format->ieee ? ";IEEE754Compatible=true" : "")
        - p;

    return NGX_OK;
}


void
ngx_http_office_config_text_type(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  type;

    ngx_str_set(&type, "text/plain;charset=utf-8");

    ngx_http_office_config_media_type(r, ctx, &type);
}


/* Has the response have another media type than that of JSON. */

void
ngx_http_office_config_media_type(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *type)
{
    u_char  *p;

    ctx->typed = 1;

    r->headers_out.content_type = *type;
    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);

    p = ngx_strlchr(type->data, type->data + type->len, ';');

    r->headers_out.content_type_len = p ? (size_t) (p - type->data)
                                        : type->len;
}


/*
 * The request's headers that the answer depends on (RFC 9110, 12.5.5; OData
 * 4.01 Protocol, 8.3): preferences have no effect on a GET of one thing.
 */

ngx_int_t
ngx_http_office_config_vary(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t                           value;
    ngx_uint_t                          prefer, authorization;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    authorization = (olcf->auth != NGX_HTTP_OFFICE_CONFIG_AUTH_OFF
                     && olcf->auth != NGX_CONF_UNSET_UINT);

    switch (ctx->route.resource) {

    case NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS:
    case NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF:
    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS:
    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF:
    case NGX_HTTP_OFFICE_CONFIG_CHECKINS:
    case NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS:
        prefer = 1;
        break;

    default:
        prefer = !(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD));
    }

    if (prefer && authorization) {
        ngx_str_set(&value, "Accept, OData-Version, OData-MaxVersion, "
                            "Prefer, Authorization");

    } else if (prefer) {
        ngx_str_set(&value, "Accept, OData-Version, OData-MaxVersion, "
                            "Prefer");

    } else if (authorization) {
        ngx_str_set(&value, "Accept, OData-Version, OData-MaxVersion, "
                            "Authorization");

    } else {
        ngx_str_set(&value, "Accept, OData-Version, OData-MaxVersion");
    }

    return ngx_http_office_config_add_header(r, "Vary", &value);
}
