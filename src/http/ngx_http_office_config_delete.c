
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"


static ngx_int_t ngx_http_office_config_deleted(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/* DELETE of a configuration, if the request's conditions hold. */

ngx_int_t
ngx_http_office_config_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_deleted);

    rc = oc_store_delete(&ctx->call, &ctx->route.id, &ctx->condition);

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_deleted(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_send_nothing(r, ctx);
}
