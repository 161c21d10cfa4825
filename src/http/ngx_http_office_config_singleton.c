
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"


static void ngx_http_office_config_got_singleton(oc_store_call_t *call);


/* GET of the singleton. */

ngx_int_t
ngx_http_office_config_singleton(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got_singleton);

    if (oc_store_singleton(&ctx->call) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_http_office_config_wait(r);

    return NGX_DONE;
}


static void
ngx_http_office_config_got_singleton(oc_store_call_t *call)
{
    ngx_int_t                      rc;
    ngx_str_t                      digits;
    ngx_http_request_t            *r;
    ngx_http_office_config_ctx_t  *ctx;

    r = ngx_http_office_config_waiting(call);

    if (r == NULL) {
        return;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    if (call->status != OC_STORE_OK) {
        rc = ngx_http_office_config_store_problem(r, call);

    } else {
        (void) oc_store_etag(&call->json, &digits);

        rc = ngx_http_office_config_check_etag(r, &digits);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_office_config_send_entity(r, ctx, NGX_HTTP_OK);
        }
    }

    ngx_http_office_config_finish(r, rc);
}
