
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"


static ngx_int_t ngx_http_office_config_got_singleton(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_singleton_live(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/* GET of the singleton. */

ngx_int_t
ngx_http_office_config_singleton(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got_singleton);

    rc = oc_store_singleton(&ctx->call);

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_got_singleton(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  digits;

    (void) oc_store_etag(&ctx->call.json, &digits);

    rc = ngx_http_office_config_check_etag(r, &digits);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_office_config_complete(r, ctx,
                                        ngx_http_office_config_singleton_live);
}


static ngx_int_t
ngx_http_office_config_singleton_live(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_send_entity(r, ctx, NGX_HTTP_OK);
}
