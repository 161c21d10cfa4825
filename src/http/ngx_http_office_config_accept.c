
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_format.h"


/*
 * Chooses what to answer with: ctx->format, by $format or else by Accept.
 * "media" is what the operation answers with.  NGX_OK, or NGX_DECLINED if
 * nothing is acceptable: the format is that of an error then.
 */

ngx_int_t
ngx_http_office_config_negotiate(ngx_http_office_config_ctx_t *ctx,
    ngx_uint_t media)
{
    ngx_int_t   rc;
    oc_media_e  offered;

    ctx->negotiated = 1;

    switch (media) {

    case NGX_HTTP_OFFICE_CONFIG_TEXT:
        offered = OC_MEDIA_TEXT;
        break;

    case NGX_HTTP_OFFICE_CONFIG_VALUE:
        offered = ctx->route.value ? OC_MEDIA_TEXT : OC_MEDIA_JSON;
        break;

    case NGX_HTTP_OFFICE_CONFIG_CSDL:
        offered = OC_MEDIA_CSDL;
        break;

    case NGX_HTTP_OFFICE_CONFIG_MULTIPART:
        offered = OC_MEDIA_MULTIPART;
        break;

    default: /* NGX_HTTP_OFFICE_CONFIG_JSON, NGX_HTTP_OFFICE_CONFIG_ANY */
        offered = OC_MEDIA_JSON;
    }

    if (ctx->query.given & oc_option_bit(OC_OPTION_FORMAT)) {
        return oc_format_option(&ctx->format, &ctx->query.format, offered);
    }

    if (!ctx->headers.has_accept) {
        ctx->format.xml = (offered == OC_MEDIA_CSDL);
        return NGX_OK;
    }

    rc = oc_format_accept(&ctx->format, &ctx->headers.accept, offered);

    return media == NGX_HTTP_OFFICE_CONFIG_ANY ? NGX_OK : rc;
}
