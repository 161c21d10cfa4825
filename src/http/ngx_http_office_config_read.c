
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"


#define NGX_HTTP_OFFICE_CONFIG_CONTEXT                                        \
    "/$metadata#officeConfiguration/clientConfigurations"


static void ngx_http_office_config_got(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_send_entity(ngx_http_request_t *r,
    oc_store_call_t *call);
static ngx_uint_t ngx_http_office_config_etag_listed(ngx_str_t *list,
    ngx_str_t *digits);
static void ngx_http_office_config_listed_page(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_send_page(ngx_http_request_t *r,
    oc_store_call_t *call);
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

    if (oc_store_get(&ctx->call, &ctx->route.id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_http_office_config_wait(r);

    return NGX_DONE;
}


static void
ngx_http_office_config_got(oc_store_call_t *call)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ngx_http_office_config_waiting(call);

    if (r == NULL) {
        return;
    }

    if (call->status == OC_STORE_OK) {
        rc = ngx_http_office_config_send_entity(r, call);

    } else {
        rc = ngx_http_office_config_store_problem(r, call);
    }

    ngx_http_office_config_finish(r, rc);
}


/* The JSON goes out as it is stored, behind the context URL. */

static ngx_int_t
ngx_http_office_config_send_entity(ngx_http_request_t *r,
    oc_store_call_t *call)
{
    off_t                          total;
    ngx_str_t                      context, digits, *condition;
    ngx_chain_t                   *out, **last;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    (void) oc_store_etag(&call->json, &digits);

    if (ngx_http_office_config_etag_header(r, &digits) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->headers_in.if_match) {
        condition = &r->headers_in.if_match->value;

        if (!ngx_http_office_config_etag_listed(condition, &digits)) {
            r->headers_out.etag->hash = 0;
            r->headers_out.etag = NULL;

            return ngx_http_office_config_fail(r, NGX_HTTP_PRECONDITION_FAILED,
                                               NULL);
        }
    }

    if (r->headers_in.if_none_match) {
        condition = &r->headers_in.if_none_match->value;

        if (ngx_http_office_config_etag_listed(condition, &digits)) {
            return ngx_http_office_config_send(r, NGX_HTTP_NOT_MODIFIED, NULL,
                                               0);
        }
    }

    if (ngx_http_office_config_context(r, ctx, "/$entity", &context)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    total = 0;
    last = &out;

    if (ngx_http_office_config_append(r, &last, context.data, context.len,
                                      &total)
        != NGX_OK
        || ngx_http_office_config_append(r, &last, call->json.data + 1,
                                         call->json.len - 1, &total)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
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


/*
 * The beginning of a response's object up to the comma behind the context
 * URL, which "suffix" ends.
 */

ngx_int_t
ngx_http_office_config_context(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const char *suffix, ngx_str_t *text)
{
    u_char  *p;
    size_t   len;

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    len = ngx_strlen(suffix);

    text->len = sizeof("{\"@odata.context\":\"\",") - 1
                + oc_json_escaped_len(ctx->base.data, ctx->base.len)
                + sizeof(NGX_HTTP_OFFICE_CONFIG_CONTEXT) - 1 + len;

    p = ngx_pnalloc(r->pool, text->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    p = ngx_cpymem(p, "{\"@odata.context\":\"",
                   sizeof("{\"@odata.context\":\"") - 1);
    p = oc_json_escape(p, ctx->base.data, ctx->base.len);
    p = ngx_cpymem(p, NGX_HTTP_OFFICE_CONFIG_CONTEXT,
                   sizeof(NGX_HTTP_OFFICE_CONFIG_CONTEXT) - 1);
    p = ngx_cpymem(p, suffix, len);
    *p++ = '"';
    *p = ',';

    return NGX_OK;
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
            return ngx_http_office_config_send_page(r, &ctx->call);
        }

        limit = ngx_min(limit, ctx->query.top);
    }

    if (oc_store_list(&ctx->call, &after, limit) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_http_office_config_wait(r);

    return NGX_DONE;
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


static void
ngx_http_office_config_listed_page(oc_store_call_t *call)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ngx_http_office_config_waiting(call);

    if (r == NULL) {
        return;
    }

    if (call->status == OC_STORE_OK) {
        rc = ngx_http_office_config_send_page(r, call);

    } else {
        rc = ngx_http_office_config_store_problem(r, call);
    }

    ngx_http_office_config_finish(r, rc);
}


static ngx_int_t
ngx_http_office_config_send_page(ngx_http_request_t *r, oc_store_call_t *call)
{
    off_t                          total;
    ngx_str_t                      context, link;
    ngx_uint_t                     i;
    ngx_chain_t                   *out, **last;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    if (ngx_http_office_config_context(r, ctx, "", &context) != NGX_OK
        || ngx_http_office_config_next_link(r, ctx, &call->next, &link)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    total = 0;
    last = &out;

    if (ngx_http_office_config_append(r, &last, context.data, context.len,
                                      &total)
        != NGX_OK
        || ngx_http_office_config_append(r, &last, link.data, link.len,
                                         &total)
           != NGX_OK
        || ngx_http_office_config_append_literal(r, &last, "\"value\":[",
                                                 &total)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < call->npage; i++) {

        if (i
            && ngx_http_office_config_append_literal(r, &last, ",", &total)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_http_office_config_append(r, &last, call->page[i].data,
                                          call->page[i].len, &total)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_office_config_append_literal(r, &last, "]}", &total)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
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
                               "?$top=&$skiptoken=") - 1
                      + NGX_INT_T_LEN
                      + ngx_base64_encoded_length(next->len));

    if (token.data == NULL || url == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64url(&token, next);

    p = ngx_sprintf(url, "%V/officeConfiguration/clientConfigurations?",
                    &ctx->base);

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
