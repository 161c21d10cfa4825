
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"


static ngx_int_t ngx_http_office_config_got(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_got_live(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/* GET of a configuration. */

ngx_int_t
ngx_http_office_config_get(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got);

    if (ctx->query.expand) {
        rc = oc_store_expanded(&ctx->call, &ctx->route.id);

    } else {
        rc = oc_store_get(&ctx->call, &ctx->route.id);
    }

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_got(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  digits;

    if (ctx->route.cast
        && oc_select_type(&ctx->call.json) != ctx->route.cast)
    {
        return ngx_http_office_config_fail(r, NGX_HTTP_NOT_FOUND,
                                           "The client configuration is not "
                                           "of this type.");
    }

    (void) oc_store_etag(&ctx->call.json, &digits);

    rc = ngx_http_office_config_check_etag(r, &digits);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_office_config_complete(r, ctx,
                                           ngx_http_office_config_got_live);
}


static ngx_int_t
ngx_http_office_config_got_live(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_send_entity(r, ctx, NGX_HTTP_OK);
}
