
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_body.h"
#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"
#include "oc_json.h"


/*
 * How much memory the decoded form of a document may take: so many bytes a
 * byte of it, and some more.  The usual one takes about a tenth of that, a
 * list of empty strings nearly all.
 */

#define NGX_HTTP_OFFICE_CONFIG_EXPANSION  48
#define NGX_HTTP_OFFICE_CONFIG_ALLOWANCE  1048576


static ngx_uint_t ngx_http_office_config_is_json(ngx_http_request_t *r);
static void ngx_http_office_config_json_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_json_handle(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_decode(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *body, oc_arena_t *arena,
    json_t **json);


/*
 * Reads and decodes a JSON body for "handler".  What can be refused by the
 * headers is, before the body is read.
 */

ngx_int_t
ngx_http_office_config_read_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_http_office_config_json_pt handler)
{
    ngx_int_t   rc;
    ngx_uint_t  gzip;

    ctx->json_handler = handler;

    if (!ngx_http_office_config_is_json(r)) {
        return ngx_http_office_config_fail(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                           NULL);
    }

    if (ngx_http_office_config_body_encoding(ctx, &gzip) != NGX_OK) {
        return ngx_http_office_config_bad_encoding(r);
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_office_config_json_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* An encoding of the body that is not known. */

ngx_int_t
ngx_http_office_config_bad_encoding(ngx_http_request_t *r)
{
    ngx_str_t  value;

    ngx_str_set(&value, "gzip");

    if (ngx_http_office_config_add_header(r, "Accept-Encoding", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_fail(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       "The content encoding must be gzip or "
                                       "none.");
}


static ngx_uint_t
ngx_http_office_config_is_json(ngx_http_request_t *r)
{
    size_t      len;
    ngx_str_t  *type;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = &r->headers_in.content_type->value;

    if (type->len == sizeof("application/json") - 1
        && ngx_memcmp(type->data, "application/json", type->len) == 0)
    {
        return 1;
    }

    for (len = 0; len < type->len; len++) {
        if (type->data[len] == ';' || type->data[len] == ' '
            || type->data[len] == '\t')
        {
            break;
        }
    }

    return len == sizeof("application/json") - 1
           && ngx_strncasecmp(type->data, (u_char *) "application/json", len)
              == 0;
}


static void
ngx_http_office_config_json_body(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    rc = ngx_http_office_config_json_handle(r, ctx);

    if (rc == NGX_DONE) {
        ngx_http_office_config_wait(r);
        return;
    }

    ngx_http_finalize_request(r, rc);
}


/*
 * NGX_DONE if the store is at work, else what the request is to be finalized
 * with.
 */

static ngx_int_t
ngx_http_office_config_json_handle(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    json_t      *json;
    ngx_int_t    rc;
    ngx_str_t    body;
    oc_arena_t   arena;

    if (ngx_http_office_config_plain_body(r, ctx, &body, &rc) != NGX_OK) {
        return rc;
    }

    oc_arena_init(&arena, body.len * NGX_HTTP_OFFICE_CONFIG_EXPANSION
                          + NGX_HTTP_OFFICE_CONFIG_ALLOWANCE);

    rc = ngx_http_office_config_decode(r, ctx, &body, &arena, &json);

    if (json) {

        /* what is made of it is in proportion to it */

        arena.limit = (size_t) -1;

        rc = ctx->json_handler(r, ctx, json, &arena);
    }

    oc_arena_free(&arena);

    return rc;
}


/*
 * The body that has been read, inflated if need be, in one piece.  NGX_OK, or
 * NGX_DECLINED with "rc" for the request to be finalized with.
 */

ngx_int_t
ngx_http_office_config_plain_body(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *body, ngx_int_t *rc)
{
    ngx_uint_t  gzip;

    (void) ngx_http_office_config_body_encoding(ctx, &gzip);

    *rc = ngx_http_office_config_body(r, gzip, body);

    switch (*rc) {

    case NGX_OK:
        return NGX_OK;

    case NGX_ERROR:
        *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        break;

    case NGX_HTTP_BAD_REQUEST:
        *rc = ngx_http_office_config_fail(r, *rc, "The body is not valid "
                                          "gzip data.");
        break;

    default:
        *rc = ngx_http_office_config_fail(r, *rc, NULL);
    }

    return NGX_DECLINED;
}


/*
 * Sets "json", or with NULL there, returns what the request is to be
 * finalized with.
 */

static ngx_int_t
ngx_http_office_config_decode(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *body, oc_arena_t *arena,
    json_t **json)
{
    u_char                             text[256];
    oc_json_error_t                    err;
    ngx_http_office_config_problem_t   problem;

    *json = NULL;

    if (body->len == 0) {
        return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                           "A JSON object is expected in the "
                                           "body.");
    }

    if (ctx->apart) {
        *json = oc_json_decode_apart(arena, body->data, body->len, ctx->apart,
                                     &err);
    } else {
        *json = oc_json_decode(arena, body->data, body->len, &err);
    }

    if (*json) {
        return NGX_OK;
    }

    if (err.status == OC_JSON_NO_MEMORY) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = (err.status == OC_JSON_TOO_LARGE)
                     ? NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
                     : NGX_HTTP_BAD_REQUEST;

    problem.message.data = text;
    problem.message.len = ngx_snprintf(text, sizeof(text),
                                       "The body is refused: %s (line %ui, "
                                       "column %ui).",
                                       oc_json_strerror(err.status), err.line,
                                       err.column)
                          - text;

    return ngx_http_office_config_problem(r, &problem);
}


/*
 * The answer to a document that was not accepted: "rc" is NGX_DECLINED with
 * the fault, or NGX_ERROR.
 */

ngx_int_t
ngx_http_office_config_fault(ngx_http_request_t *r, ngx_int_t rc,
    oc_fault_t *fault)
{
    ngx_http_office_config_problem_t  problem;

    if (rc != NGX_DECLINED) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = NGX_HTTP_BAD_REQUEST;
    problem.message = fault->message;
    problem.target = fault->target;

    return ngx_http_office_config_problem(r, &problem);
}


/* The time of a change, and the ETag that it makes. */

ngx_int_t
ngx_http_office_config_stamp(ngx_http_office_config_ctx_t *ctx)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    ctx->stamp.sec = tp->sec;
    ctx->stamp.msec = tp->msec;

    ngx_http_office_config_rules(ctx->request, &ctx->stamp.checkins);

    return oc_random_hex(ctx->stamp.etag, OC_ETAG_LEN);
}
