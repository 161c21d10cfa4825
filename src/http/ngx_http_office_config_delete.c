
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"


static ngx_int_t ngx_http_office_config_condition(ngx_http_request_t *r,
    ngx_str_t *list, oc_store_condition_t *condition);
static void ngx_http_office_config_deleted(oc_store_call_t *call);


/* DELETE of a configuration, with If-Match if it is given. */

ngx_int_t
ngx_http_office_config_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t              rc;
    oc_store_condition_t  *condition, given;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (r->headers_in.if_none_match) {
        return ngx_http_office_config_fail(r, NGX_HTTP_NOT_IMPLEMENTED,
                                           "If-None-Match is not supported "
                                           "for DELETE.");
    }

    condition = NULL;

    if (r->headers_in.if_match) {
        condition = &given;

        if (ngx_http_office_config_condition(r,
                                             &r->headers_in.if_match->value,
                                             condition)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_deleted);

    if (oc_store_delete(&ctx->call, &ctx->route.id, condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_http_office_config_wait(r);

    return NGX_DONE;
}


/*
 * The ETags of an If-Match list (RFC 9110, 13.1.1) that can be ours: those
 * with as many characters as ours have between their quotes.  Our ETags are
 * weak, and OData has them compared by value (OData 4.01 Protocol, 8.2.4).
 */

static ngx_int_t
ngx_http_office_config_condition(ngx_http_request_t *r, ngx_str_t *list,
    oc_store_condition_t *condition)
{
    u_char     *p, *last, *end;
    ngx_str_t  *etag;

    ngx_memzero(condition, sizeof(oc_store_condition_t));

    if (list->len == 1 && list->data[0] == '*') {
        condition->any = 1;
        return NGX_OK;
    }

    condition->etags = ngx_palloc(r->pool, (list->len / (OC_ETAG_LEN + 2) + 1)
                                           * sizeof(ngx_str_t));
    if (condition->etags == NULL) {
        return NGX_ERROR;
    }

    p = list->data;
    last = p + list->len;

    while (p < last) {

        p = ngx_strlchr(p, last, '"');
        if (p == NULL) {
            break;
        }

        p++;

        end = ngx_strlchr(p, last, '"');
        if (end == NULL) {
            break;
        }

        if (end - p == OC_ETAG_LEN) {
            etag = &condition->etags[condition->netags++];
            etag->data = p;
            etag->len = OC_ETAG_LEN;
        }

        p = end + 1;
    }

    return NGX_OK;
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
