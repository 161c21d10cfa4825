
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_response.h"


static ngx_int_t ngx_http_office_config_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
ngx_http_office_config_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_office_config_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_office_config_body_filter;

    return NGX_OK;
}


/*
 * An error that nginx itself answers with in a location of the API, such as
 * 413 or 429, gets the API's headers and body.  The response to a subrequest
 * for keys ends here.
 */

static ngx_int_t
ngx_http_office_config_header_filter(ngx_http_request_t *r)
{
    ngx_str_t                           value;
    ngx_http_office_config_ctx_t       *ctx;
    ngx_http_office_config_problem_t    problem;
    ngx_http_office_config_loc_conf_t  *olcf;

    if (r != r->main
        && ngx_http_office_config_fetch_header(r) != NGX_DECLINED)
    {
        return NGX_OK;
    }

    if (r->headers_out.status < NGX_HTTP_BAD_REQUEST || r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->redis == NULL) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_office_config_get_ctx(r);

    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ctx->answered) {
        return ngx_http_next_header_filter(r);
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = r->headers_out.status;

    if (ctx->auth && ctx->auth->refused == problem.status) {
        problem.message = ctx->auth->message;
    }

    ctx->error_body = ngx_http_office_config_problem_body(r, ctx, &problem);

    if (ctx->error_body == NULL) {
        return NGX_ERROR;
    }

    ctx->error_body->buf->last_buf = 1;
    ctx->error_body->buf->last_in_chain = 1;

    ctx->answered = 1;

    ngx_http_clear_content_length(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_etag(r);

    r->headers_out.content_length_n = ngx_buf_size(ctx->error_body->buf);

    if (ngx_http_office_config_content_type(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (problem.status == NGX_HTTP_SERVICE_UNAVAILABLE
        || problem.status == NGX_HTTP_TOO_MANY_REQUESTS)
    {
        ngx_str_set(&value, "1");

        if (ngx_http_office_config_add_header(r, "Retry-After", &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_office_config_common_headers(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_office_config_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t                   *out;
    ngx_http_office_config_ctx_t  *ctx;

    if (r != r->main
        && ngx_http_office_config_fetch_body(r, in) != NGX_DECLINED)
    {
        return NGX_OK;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    if (ctx == NULL || ctx->error_body == NULL || in == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    /* nginx's page is dropped, once ours is on its way */

    for ( /* void */ ; in; in = in->next) {
        in->buf->pos = in->buf->last;
    }

    if (ctx->replaced) {
        return NGX_OK;
    }

    ctx->replaced = 1;

    out = ctx->error_body;

    return ngx_http_next_body_filter(r, out);
}
