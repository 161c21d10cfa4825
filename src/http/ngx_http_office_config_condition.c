
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"


static ngx_int_t ngx_http_office_config_etag_list(ngx_http_request_t *r,
    ngx_str_t *list, ngx_str_t *etags);
static ngx_int_t ngx_http_office_config_etags(ngx_http_request_t *r,
    ngx_table_elt_t *header, ngx_str_t *etags);
static ngx_uint_t ngx_http_office_config_etag_listed(ngx_str_t *list,
    ngx_str_t *digits);


/*
 * The request's If-Match and If-None-Match (RFC 9110, 13.1) in the form the
 * store takes.  Our ETags are compared by value, as OData has it (OData 4.01
 * Protocol, 8.2.4, 8.2.5); what cannot be one of ours is left out.
 */

ngx_int_t
ngx_http_office_config_condition(ngx_http_request_t *r,
    oc_store_condition_t *condition)
{
    if (ngx_http_office_config_etags(r, r->headers_in.if_match,
                                     &condition->match)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_office_config_etags(r, r->headers_in.if_none_match,
                                        &condition->none);
}


static ngx_int_t
ngx_http_office_config_etags(ngx_http_request_t *r, ngx_table_elt_t *header,
    ngx_str_t *etags)
{
    ngx_str_null(etags);

    if (header == NULL) {
        return NGX_OK;
    }

    return ngx_http_office_config_etag_list(r, &header->value, etags);
}


static ngx_int_t
ngx_http_office_config_etag_list(ngx_http_request_t *r, ngx_str_t *list,
    ngx_str_t *etags)
{
    u_char  *p, *last, *end, *dst;

    if (list->len == 1 && list->data[0] == '*') {
        ngx_str_set(etags, "*");
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, list->len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    etags->data = dst;

    *dst++ = '-';

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
            dst = ngx_cpymem(dst, p, OC_ETAG_LEN);
        }

        p = end + 1;
    }

    etags->len = dst - etags->data;

    return NGX_OK;
}


/*
 * An ETag in the body is a condition as well (OData 4.01 Protocol, 11.4.1.1),
 * if the request is of that version and has no If-Match.
 */

ngx_int_t
ngx_http_office_config_body_etag(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *etag)
{
    ngx_str_t  *version;

    version = &ctx->headers.odata_version;

    if (etag->len == 0 || r->headers_in.if_match
        || version->len != 4 || ngx_strncmp(version->data, "4.01", 4) != 0)
    {
        return NGX_OK;
    }

    return ngx_http_office_config_etag_list(r, etag, &ctx->condition.match);
}


/*
 * The same conditions for a GET of what has this ETag: NGX_OK, or the status
 * to answer with.
 */

ngx_int_t
ngx_http_office_config_preconditions(ngx_http_request_t *r, ngx_str_t *digits)
{
    if (r->headers_in.if_match
        && !ngx_http_office_config_etag_listed(&r->headers_in.if_match->value,
                                               digits))
    {
        return NGX_HTTP_PRECONDITION_FAILED;
    }

    if (r->headers_in.if_none_match
        && ngx_http_office_config_etag_listed(
                               &r->headers_in.if_none_match->value, digits))
    {
        return NGX_HTTP_NOT_MODIFIED;
    }

    return NGX_OK;
}


/*
 * Whether an ETag is in a list of If-Match or If-None-Match, by weak
 * comparison (RFC 9110, 8.8.3.2; OData 4.01 Protocol, 8.2.4); "*" stands for
 * any.
 */

static ngx_uint_t
ngx_http_office_config_etag_listed(ngx_str_t *list, ngx_str_t *digits)
{
    u_char  *p, *last;

    if (list->len == 1 && list->data[0] == '*') {
        return 1;
    }

    p = list->data;
    last = p + list->len;

    while ((size_t) (last - p) >= digits->len + 2) {

        if (p[0] == '"' && p[digits->len + 1] == '"'
            && ngx_strncmp(p + 1, digits->data, digits->len) == 0)
        {
            return 1;
        }

        p++;
    }

    return 0;
}
