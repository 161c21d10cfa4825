
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"


static void ngx_http_office_config_deleted(oc_store_call_t *call);


/* DELETE of a configuration, if the request's conditions hold. */

ngx_int_t
ngx_http_office_config_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_deleted);

    if (oc_store_delete(&ctx->call, &ctx->route.id, &ctx->condition)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_http_office_config_wait(r);

    return NGX_DONE;
}


static void
ngx_http_office_config_deleted(oc_store_call_t *call)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ngx_http_office_config_waiting(call);

    if (r == NULL) {
        return;
    }

    if (call->status == OC_STORE_OK) {
        rc = ngx_http_office_config_send(r, NGX_HTTP_NO_CONTENT, NULL, 0);

    } else {
        rc = ngx_http_office_config_store_problem(r, call);
    }

    ngx_http_office_config_finish(r, rc);
}
