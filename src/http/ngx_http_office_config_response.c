
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_format.h"
#include "ngx_http_office_config_response.h"
#include "oc_buf.h"
#include "oc_url.h"


#define NGX_HTTP_OFFICE_CONFIG_MAX_CLIENT_ID  256


typedef struct {
    ngx_uint_t   status;
    ngx_str_t    code;
    ngx_str_t    message;       /* where nobody has a better one */
} ngx_http_office_config_status_t;


static void ngx_http_office_config_read_headers(ngx_http_request_t *r,
    ngx_http_office_config_headers_t *headers);
static void ngx_http_office_config_join(ngx_http_request_t *r,
    ngx_str_t *list, ngx_str_t *value);
static ngx_int_t ngx_http_office_config_set_etag(ngx_http_request_t *r,
    ngx_str_t *digits, size_t weak);
static ngx_http_office_config_status_t *ngx_http_office_config_find_status(
    ngx_uint_t status);


static ngx_http_office_config_status_t  ngx_http_office_config_statuses[] = {

    { NGX_HTTP_BAD_REQUEST,
      ngx_string("badRequest"),
      ngx_string("The request is malformed.") },

    { NGX_HTTP_UNAUTHORIZED,
      ngx_string("InvalidAuthenticationToken"),
      ngx_string("A valid access token is needed.") },

    { NGX_HTTP_FORBIDDEN,
      ngx_string("forbidden"),
      ngx_string("The request is not allowed.") },

    { NGX_HTTP_NOT_FOUND,
      ngx_string("notFound"),
      ngx_string("There is nothing at this URL.") },

    { NGX_HTTP_NOT_ALLOWED,
      ngx_string("methodNotAllowed"),
      ngx_string("The resource does not have this method.") },

    { 406,
      ngx_string("notAcceptable"),
      ngx_string("The resource is only available as application/json.") },

    { NGX_HTTP_REQUEST_TIME_OUT,
      ngx_string("requestTimeout"),
      ngx_string("The request did not arrive in time.") },

    { NGX_HTTP_CONFLICT,
      ngx_string("conflict"),
      ngx_string("The request conflicts with what exists.") },

    { NGX_HTTP_LENGTH_REQUIRED,
      ngx_string("lengthRequired"),
      ngx_string("The request needs a Content-Length.") },

    { NGX_HTTP_PRECONDITION_FAILED,
      ngx_string("preconditionFailed"),
      ngx_string("The entity has been changed meanwhile.") },

    { NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
      ngx_string("payloadTooLarge"),
      ngx_string("The request body is too large.") },

    { NGX_HTTP_REQUEST_URI_TOO_LARGE,
      ngx_string("uriTooLong"),
      ngx_string("The URL is too long.") },

    { NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
      ngx_string("unsupportedMediaType"),
      ngx_string("The request body must be application/json.") },

    { NGX_HTTP_RANGE_NOT_SATISFIABLE,
      ngx_string("rangeNotSatisfiable"),
      ngx_string("The stream does not have the range.") },

    { 424,
      ngx_string("failedDependency"),
      ngx_string("Another request that this one depends on has failed, so it "
                 "was not carried out.") },

    { NGX_HTTP_TOO_MANY_REQUESTS,
      ngx_string("tooManyRequests"),
      ngx_string("There are too many requests. Try again later.") },

    { NGX_HTTP_NOT_IMPLEMENTED,
      ngx_string("notImplemented"),
      ngx_string("This is not supported.") },

    { NGX_HTTP_BAD_GATEWAY,
      ngx_string("badGateway"),
      ngx_string("The service is not reached. Try again later.") },

    { NGX_HTTP_SERVICE_UNAVAILABLE,
      ngx_string("serviceUnavailable"),
      ngx_string("The service is not available. Try again later.") },

    { NGX_HTTP_GATEWAY_TIME_OUT,
      ngx_string("gatewayTimeout"),
      ngx_string("The service did not answer in time. Try again later.") },

    { NGX_HTTP_INTERNAL_SERVER_ERROR,
      ngx_string("generalException"),
      ngx_string("The request could not be carried out.") },

    { 0, ngx_null_string, ngx_null_string }
};


/*
 * The request's context, made at the first call, which also reads the
 * request's headers.  NULL if memory or random bytes are out.
 */

ngx_http_office_config_ctx_t *
ngx_http_office_config_get_ctx(ngx_http_request_t *r)
{
    ngx_str_t                     *id;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    if (ctx) {
        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_office_config_ctx_t));
    if (ctx == NULL || oc_uuid_v4(ctx->request_id) != NGX_OK) {
        return NULL;
    }

    ctx->request = r;

    ngx_http_office_config_read_headers(r, &ctx->headers);

    id = &ctx->headers.client_request_id;

    if (id->len == 0 || id->len > NGX_HTTP_OFFICE_CONFIG_MAX_CLIENT_ID
        || oc_utf8_printable(id->data, id->len) != NGX_OK)
    {
        id->data = ctx->request_id;
        id->len = OC_UUID_LEN;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_office_config_module);

    return ctx;
}


/* Looks for the headers that nginx does not look for, in one go. */

static void
ngx_http_office_config_read_headers(ngx_http_request_t *r,
    ngx_http_office_config_headers_t *headers)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        switch (header[i].key.len) {

        case sizeof("accept") - 1:
            if (ngx_strncmp(header[i].lowcase_key, "accept", 6) == 0) {
                ngx_http_office_config_join(r, &headers->accept,
                                            &header[i].value);
                headers->has_accept = 1;

            } else if (ngx_strncmp(header[i].lowcase_key, "prefer", 6) == 0) {
                ngx_http_office_config_join(r, &headers->prefer,
                                            &header[i].value);
            }

            break;

        case sizeof("odata-version") - 1:
            if (ngx_strncmp(header[i].lowcase_key, "odata-version", 13) == 0) {
                headers->odata_version = header[i].value;
            }

            break;

        case sizeof("content-encoding") - 1:
            if (ngx_strncmp(header[i].lowcase_key, "content-encoding", 16)
                == 0)
            {
                headers->content_encoding = header[i].value;

            } else if (ngx_strncmp(header[i].lowcase_key, "odata-maxversion",
                                   16)
                       == 0)
            {
                headers->odata_max_version = header[i].value;
            }

            break;

        case sizeof("repeatability-request-id") - 1:
            if (ngx_strncmp(header[i].lowcase_key, "repeatability-request-id",
                            24)
                == 0)
            {
                headers->repeatability_id = header[i].value;

            } else if (ngx_strncmp(header[i].lowcase_key,
                                   "repeatability-first-sent", 24)
                       == 0)
            {
                headers->repeatability_first_sent = header[i].value;
            }

            break;

        case sizeof("client-request-id") - 1:
            if (ngx_strncmp(header[i].lowcase_key, "client-request-id", 17)
                == 0)
            {
                headers->client_request_id = header[i].value;
            }

            break;
        }
    }
}


/* Several lines of a list are one list (RFC 9110, 5.3). */

static void
ngx_http_office_config_join(ngx_http_request_t *r, ngx_str_t *list,
    ngx_str_t *value)
{
    u_char  *p;

    if (list->len == 0) {
        *list = *value;
        return;
    }

    p = ngx_pnalloc(r->pool, list->len + 1 + value->len);
    if (p == NULL) {
        return;
    }

    ngx_memcpy(p, list->data, list->len);
    p[list->len] = ',';
    ngx_memcpy(p + list->len + 1, value->data, value->len);

    list->data = p;
    list->len += 1 + value->len;
}


/* Adds a response header; "name" and the value's bytes are not copied. */

ngx_int_t
ngx_http_office_config_add_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


/* The headers that every response has (api.md, 7). */

ngx_int_t
ngx_http_office_config_common_headers(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  value;

    if (ctx->headed) {
        return NGX_OK;
    }

    ctx->headed = 1;

    ngx_str_set(&value, "4.0");

    if (ngx_http_office_config_is_401(ctx)) {
        ngx_str_set(&value, "4.01");
    }

    if (ngx_http_office_config_add_header(r, "OData-Version", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    value.data = ctx->request_id;
    value.len = OC_UUID_LEN;

    if (ngx_http_office_config_add_header(r, "request-id", &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_office_config_add_header(r, "client-request-id",
                                          &ctx->headers.client_request_id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_office_config_vary(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    /* with an ETag a copy may be kept, if it is asked about each time */

    if (r->headers_out.etag) {
        ngx_str_set(&value, "private, no-cache");

    } else {
        ngx_str_set(&value, "no-store");
    }

    return ngx_http_office_config_add_header(r, "Cache-Control", &value);
}


/* Sets the ETag of an entity, which is weak, from its digits. */

ngx_int_t
ngx_http_office_config_etag_header(ngx_http_request_t *r, ngx_str_t *digits)
{
    return ngx_http_office_config_set_etag(r, digits, 2);
}


/* The same for a stream, whose bytes it stands for. */

ngx_int_t
ngx_http_office_config_strong_etag(ngx_http_request_t *r, ngx_str_t *digits)
{
    return ngx_http_office_config_set_etag(r, digits, 0);
}


static ngx_int_t
ngx_http_office_config_set_etag(ngx_http_request_t *r, ngx_str_t *digits,
    size_t weak)
{
    u_char     *p;
    ngx_str_t   value;

    value.len = weak + sizeof("\"\"") - 1 + digits->len;

    p = ngx_pnalloc(r->pool, value.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    p = ngx_cpymem(p, "W/", weak);
    *p++ = '"';
    p = ngx_cpymem(p, digits->data, digits->len);
    *p = '"';

    if (ngx_http_office_config_add_header(r, "ETag", &value) != NGX_OK) {
        return NGX_ERROR;
    }

    r->headers_out.etag = (ngx_table_elt_t *) r->headers_out.headers.last->elts
                          + r->headers_out.headers.last->nelts - 1;

    return NGX_OK;
}


/*
 * Appends memory, which is not copied, to a chain.  "*last" is where the next
 * link goes; "*total" is added to.
 */

ngx_int_t
ngx_http_office_config_append(ngx_http_request_t *r, ngx_chain_t ***last,
    u_char *data, size_t len, off_t *total)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (len == 0) {
        return NGX_OK;
    }

    cl = ngx_alloc_chain_link(r->pool);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = data;
    b->last = data + len;
    b->memory = 1;

    cl->buf = b;
    cl->next = NULL;

    **last = cl;
    *last = &cl->next;
    *total += len;

    return NGX_OK;
}


/*
 * Sends a response of JSON, or without a body if "out" is NULL.  Headers that
 * are special to it have been added before.  Returns what the request is to
 * be finalized with.
 */

ngx_int_t
ngx_http_office_config_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_chain_t *out, off_t len)
{
    ngx_int_t                      rc;
    ngx_chain_t                   *cl;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_office_config_get_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_office_config_common_headers(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->answered = 1;

    /* conditions are ours to check: a write is not to be checked twice */

    r->disable_not_modified = 1;

    r->headers_out.status = status;

    if (out == NULL && ctx->typed) {
        r->header_only = 1;
        r->headers_out.content_length_n = 0;

        return ngx_http_send_header(r);
    }

    if (out == NULL) {
        r->header_only = 1;

        if (status != NGX_HTTP_NO_CONTENT && status != NGX_HTTP_NOT_MODIFIED) {
            r->headers_out.content_length_n = 0;
        }

        return ngx_http_send_header(r);
    }

    if (!ctx->typed) {

        if (ngx_http_office_config_content_type(r, ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        if (status < NGX_HTTP_BAD_REQUEST
            && ngx_http_office_config_control(r, ctx, &out, &len) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    r->headers_out.content_length_n = len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_HTTP_RANGE_NOT_SATISFIABLE) {

        /* nginx answers then, in our shape */

        ctx->answered = 0;
        ctx->typed = 0;
    }

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    for (cl = out; cl->next; cl = cl->next) { /* void */ }

    cl->buf->last_buf = (r == r->main) ? 1 : 0;
    cl->buf->last_in_chain = 1;

    return ngx_http_output_filter(r, out);
}


static ngx_http_office_config_status_t *
ngx_http_office_config_find_status(ngx_uint_t status)
{
    ngx_http_office_config_status_t  *s;

    for (s = ngx_http_office_config_statuses; s->status; s++) {
        if (s->status == status) {
            return s;
        }
    }

    /* the class of an unknown one is what a client goes by */

    return ngx_http_office_config_find_status(status < 500 ? 400 : 500);
}


/*
 * The body of an error (api.md, 7), in the request's pool; NULL if memory is
 * out.
 */

ngx_chain_t *
ngx_http_office_config_problem_body(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_problem_t *problem)
{
    off_t                             total;
    u_char                           *copy;
    oc_buf_t                          b;
    ngx_tm_t                          tm;
    ngx_str_t                        *message;
    oc_arena_t                        arena;
    ngx_chain_t                      *out, **last;
    u_char                            date[sizeof("1970-01-01T00:00:00")];
    ngx_http_office_config_status_t  *s;

    s = ngx_http_office_config_find_status(problem->status);

    message = problem->message.len ? &problem->message : &s->message;

    ngx_gmtime(ngx_time(), &tm);

    (void) ngx_snprintf(date, sizeof(date), "%4d-%02d-%02dT%02d:%02d:%02d",
                        tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                        tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec);

    oc_arena_init(&arena, 65536);
    oc_buf_init(&b, &arena, 1024);

    oc_buf_literal(&b, "{\"error\":{\"code\":");
    oc_buf_json_string(&b, s->code.data, s->code.len);
    oc_buf_literal(&b, ",\"message\":");
    oc_buf_json_string(&b, message->data, message->len);

    if (problem->target.len) {
        oc_buf_literal(&b, ",\"target\":");
        oc_buf_json_string(&b, problem->target.data, problem->target.len);
    }

    oc_buf_literal(&b, ",\"innerError\":{\"code\":");
    oc_buf_json_string(&b, s->code.data, s->code.len);
    oc_buf_literal(&b, ",\"date\":");
    oc_buf_json_string(&b, date, sizeof(date) - 1);
    oc_buf_literal(&b, ",\"request-id\":");
    oc_buf_json_string(&b, ctx->request_id, OC_UUID_LEN);
    oc_buf_literal(&b, ",\"client-request-id\":");
    oc_buf_json_string(&b, ctx->headers.client_request_id.data,
                       ctx->headers.client_request_id.len);
    oc_buf_literal(&b, "}}}");

    out = NULL;

    if (!b.failed) {
        copy = ngx_pnalloc(r->pool, oc_buf_len(&b));

        if (copy) {
            ngx_memcpy(copy, b.start, oc_buf_len(&b));

            total = 0;
            last = &out;

            (void) ngx_http_office_config_append(r, &last, copy,
                                                 oc_buf_len(&b), &total);
        }
    }

    oc_arena_free(&arena);

    return out;
}


/*
 * Answers with an error.  What is left of the request's body is discarded, so
 * that the connection stays usable.
 */

ngx_int_t
ngx_http_office_config_problem(ngx_http_request_t *r,
    ngx_http_office_config_problem_t *problem)
{
    u_char                        *p;
    ngx_int_t                      rc;
    ngx_str_t                      value;
    ngx_chain_t                   *out;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_office_config_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    out = ngx_http_office_config_problem_body(r, ctx, problem);
    if (out == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (problem->allow.len
        && ngx_http_office_config_add_header(r, "Allow", &problem->allow)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (problem->retry_after) {
        p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        value.data = p;
        value.len = ngx_sprintf(p, "%T", problem->retry_after) - p;

        if (ngx_http_office_config_add_header(r, "Retry-After", &value)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_office_config_send(r, problem->status, out,
                                       ngx_buf_size(out->buf));
}


/* The same with a message (NULL: that of the status) and nothing else. */

ngx_int_t
ngx_http_office_config_fail(ngx_http_request_t *r, ngx_uint_t status,
    const char *message)
{
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = status;

    if (message) {
        problem.message.data = (u_char *) message;
        problem.message.len = ngx_strlen(message);
    }

    return ngx_http_office_config_problem(r, &problem);
}
