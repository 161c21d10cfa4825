
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
static ngx_int_t ngx_http_office_config_page_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment);
static ngx_int_t ngx_http_office_config_counted(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_listed_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_next_link(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *next, ngx_str_t *link);
static ngx_int_t ngx_http_office_config_bad_token(ngx_http_request_t *r);


/* GET of a configuration. */

ngx_int_t
ngx_http_office_config_get(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

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

    if (!ngx_http_office_config_of_type(&ctx->call.json, ctx->route.cast)) {
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


/* GET of the collection: a page, in the order of the keys. */

ngx_int_t
ngx_http_office_config_list(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                           rc;
    ngx_str_t                           after, token;
    ngx_uint_t                          limit;
    ngx_http_office_config_loc_conf_t  *olcf;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    ngx_str_null(&after);

    token = ctx->query.skiptoken;

    if (token.len) {
        after.data = ngx_pnalloc(r->pool,
                                 ngx_base64_decoded_length(token.len));
        if (after.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_strlchr(token.data, token.data + token.len, '=')
            || ngx_decode_base64url(&after, &token) != NGX_OK
            || oc_id_valid(after.data, after.len) != NGX_OK)
        {
            return ngx_http_office_config_bad_token(r);
        }
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_listed_page);

    limit = olcf->page_size;

    if (ctx->query.given & oc_option_bit(OC_OPTION_TOP)) {

        if (ctx->query.top == 0) {
            return ngx_http_office_config_listed_page(r, ctx);
        }

        limit = ngx_min(limit, ctx->query.top);
    }

    rc = oc_store_list(&ctx->call, &after, limit, ctx->route.cast);

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_bad_token(ngx_http_request_t *r)
{
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = NGX_HTTP_BAD_REQUEST;
    ngx_str_set(&problem.message, "A token from a next link is expected.");
    ngx_str_set(&problem.target, "$skiptoken");

    return ngx_http_office_config_problem(r, &problem);
}


static ngx_int_t
ngx_http_office_config_listed_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;
    ngx_str_t  fragment, link;

    rc = ngx_http_office_config_complete_page(r, ctx,
                                         ngx_http_office_config_listed_page);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_next_link(r, ctx, &ctx->call.next, &link)
        != NGX_OK
        || ngx_http_office_config_page_fragment(r, ctx, &fragment) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send_collection(r, ctx, &fragment, &link);
}


static ngx_int_t
ngx_http_office_config_page_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment)
{
    if (ctx->route.cast == NULL) {
        ngx_str_set(fragment, NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT);
        return NGX_OK;
    }

    fragment->len = sizeof(NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                           "/" OC_NAMESPACE ".") - 1
                    + ctx->route.cast->name.len;

    fragment->data = ngx_pnalloc(r->pool, fragment->len);
    if (fragment->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(fragment->data,
                       NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                       "/" OC_NAMESPACE ".%V", &ctx->route.cast->name);

    return NGX_OK;
}


/* GET of the collection's $count. */

ngx_int_t
ngx_http_office_config_count(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_counted);

    rc = oc_store_count(&ctx->call);

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_counted(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_send_count(r, ctx, ctx->call.count);
}


/*
 * The member that leads to the next page, with its comma; empty on the last
 * one.  What $top asked for and this page does not hold is asked for again.
 */

static ngx_int_t
ngx_http_office_config_next_link(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *next, ngx_str_t *link)
{
    u_char      *p, *url;
    ngx_str_t    token;
    ngx_uint_t   top;

    ngx_str_null(link);

    if (next->len == 0) {
        return NGX_OK;
    }

    top = 0;

    if (ctx->query.given & oc_option_bit(OC_OPTION_TOP)) {

        if (ctx->query.top <= ctx->call.npage) {
            return NGX_OK;
        }

        top = ctx->query.top - ctx->call.npage;
    }

    token.data = ngx_pnalloc(r->pool, ngx_base64_encoded_length(next->len));

    url = ngx_pnalloc(r->pool,
                      ctx->base.len
                      + sizeof("/officeConfiguration/clientConfigurations"
                               "/" OC_NAMESPACE ".?$top=&$skiptoken=") - 1
                      + (ctx->route.cast ? ctx->route.cast->name.len : 0)
                      + NGX_INT_T_LEN
                      + ngx_base64_encoded_length(next->len));

    if (token.data == NULL || url == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64url(&token, next);

    p = ngx_sprintf(url, "%V/officeConfiguration/clientConfigurations",
                    &ctx->base);

    if (ctx->route.cast) {
        p = ngx_sprintf(p, "/" OC_NAMESPACE ".%V", &ctx->route.cast->name);
    }

    *p++ = '?';

    if (top) {
        p = ngx_sprintf(p, "$top=%ui&", top);
    }

    p = ngx_sprintf(p, "$skiptoken=%V", &token);

    link->len = sizeof("\"@odata.nextLink\":\"\",") - 1
                + oc_json_escaped_len(url, p - url);

    link->data = ngx_pnalloc(r->pool, link->len);
    if (link->data == NULL) {
        return NGX_ERROR;
    }

    token.data = url;
    token.len = p - url;

    p = ngx_cpymem(link->data, "\"@odata.nextLink\":\"",
                   sizeof("\"@odata.nextLink\":\"") - 1);
    p = oc_json_escape(p, token.data, token.len);
    *p++ = '"';
    *p = ',';

    return NGX_OK;
}
