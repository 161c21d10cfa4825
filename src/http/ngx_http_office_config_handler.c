
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_url.h"


typedef ngx_int_t (*ngx_http_office_config_method_pt)(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


typedef struct {
    ngx_http_office_config_resource_e  resource;
    ngx_uint_t                         methods;
    ngx_http_office_config_method_pt   handler;
    ngx_uint_t                         options;    /* of the query */
} ngx_http_office_config_operation_t;


static ngx_int_t ngx_http_office_config_not_allowed(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource);
static ngx_int_t ngx_http_office_config_allow(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource, ngx_str_t *allow);
static ngx_int_t ngx_http_office_config_check_query(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t supported);
static ngx_int_t ngx_http_office_config_tenant(ngx_http_request_t *r,
    ngx_str_t *tenant);
static ngx_uint_t ngx_http_office_config_acceptable(
    ngx_http_office_config_headers_t *headers);
static ngx_uint_t ngx_http_office_config_q_zero(u_char *p, u_char *last);


#define NGX_HTTP_OFFICE_CONFIG_READ  (NGX_HTTP_GET|NGX_HTTP_HEAD)


static ngx_http_office_config_operation_t
    ngx_http_office_config_operations[] =
{
    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS,
      NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_list,
      oc_option_bit(OC_OPTION_TOP)|oc_option_bit(OC_OPTION_SKIPTOKEN) },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS,
      NGX_HTTP_POST,
      ngx_http_office_config_create,
      0 },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF,
      NGX_HTTP_POST,
      ngx_http_office_config_create,
      0 },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATION,
      NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_get,
      0 },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATION,
      NGX_HTTP_DELETE,
      ngx_http_office_config_delete,
      0 },

    { NGX_HTTP_OFFICE_CONFIG_NOT_FOUND, 0, NULL, 0 }
};


static struct {
    ngx_uint_t   method;
    ngx_str_t    name;
} ngx_http_office_config_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET") },
    { NGX_HTTP_HEAD, ngx_string("HEAD") },
    { NGX_HTTP_POST, ngx_string("POST") },
    { NGX_HTTP_PUT, ngx_string("PUT") },
    { NGX_HTTP_PATCH, ngx_string("PATCH") },
    { NGX_HTTP_DELETE, ngx_string("DELETE") },
    { NGX_HTTP_OPTIONS, ngx_string("OPTIONS") },
    { 0, ngx_null_string }
};


/* The content handler of a location with office_config_pass. */

ngx_int_t
ngx_http_office_config_handler(ngx_http_request_t *r)
{
    ngx_int_t                            rc;
    ngx_http_office_config_ctx_t        *ctx;
    ngx_http_office_config_operation_t  *op;

    ctx = ngx_http_office_config_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_office_config_route(r, &ctx->route) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ctx->route.resource) {

    case NGX_HTTP_OFFICE_CONFIG_NOT_FOUND:
        return ngx_http_office_config_fail(r, NGX_HTTP_NOT_FOUND, NULL);

    case NGX_HTTP_OFFICE_CONFIG_NOT_IMPLEMENTED:
        return ngx_http_office_config_fail(r, NGX_HTTP_NOT_IMPLEMENTED,
                                           "This resource is not supported "
                                           "by this version.");

    default:
        break;
    }

    for (op = ngx_http_office_config_operations; op->handler; op++) {
        if (op->resource == ctx->route.resource && op->methods & r->method) {
            break;
        }
    }

    if (op->handler == NULL) {
        return ngx_http_office_config_not_allowed(r, ctx->route.resource);
    }

    rc = ngx_http_office_config_check_query(r, ctx, op->options);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ctx->headers.has_accept && r->method != NGX_HTTP_DELETE
        && !ngx_http_office_config_acceptable(&ctx->headers))
    {
        return ngx_http_office_config_fail(r, 406, NULL);
    }

    if (ngx_http_office_config_tenant(r, &ctx->call.tenant) != NGX_OK) {
        return ngx_http_office_config_fail(r, NGX_HTTP_FORBIDDEN,
                                           "The request belongs to no "
                                           "tenant.");
    }

    /* what cannot be answered is not to be begun */

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return op->handler(r, ctx);
}


/* OPTIONS, and methods that the resource does not have. */

static ngx_int_t
ngx_http_office_config_not_allowed(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource)
{
    ngx_int_t                         rc;
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    if (ngx_http_office_config_allow(r, resource, &problem.allow) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method != NGX_HTTP_OPTIONS) {
        problem.status = NGX_HTTP_NOT_ALLOWED;
        return ngx_http_office_config_problem(r, &problem);
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_office_config_add_header(r, "Allow", &problem.allow)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_NO_CONTENT, NULL, 0);
}


static ngx_int_t
ngx_http_office_config_allow(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource, ngx_str_t *allow)
{
    u_char                              *p;
    ngx_uint_t                           i, methods;
    ngx_http_office_config_operation_t  *op;

    methods = NGX_HTTP_OPTIONS;

    for (op = ngx_http_office_config_operations; op->handler; op++) {
        if (op->resource == resource) {
            methods |= op->methods;
        }
    }

    p = ngx_pnalloc(r->pool,
                    sizeof("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    allow->data = p;

    for (i = 0; ngx_http_office_config_methods[i].method; i++) {

        if (!(methods & ngx_http_office_config_methods[i].method)) {
            continue;
        }

        if (p != allow->data) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, ngx_http_office_config_methods[i].name.data,
                       ngx_http_office_config_methods[i].name.len);
    }

    allow->len = p - allow->data;

    return NGX_OK;
}


/* NGX_DECLINED if the query is fine; else the request has been answered. */

static ngx_int_t
ngx_http_office_config_check_query(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t supported)
{
    u_char                            *buf, *p;
    oc_query_t                        *query;
    oc_query_status_e                  status;
    ngx_http_office_config_problem_t   problem;

    if (r->args.len == 0) {
        return NGX_DECLINED;
    }

    buf = ngx_pnalloc(r->pool, r->args.len);
    if (buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    query = &ctx->query;

    status = oc_query_parse(query, &r->args, buf, supported);

    if (status == OC_QUERY_OK) {
        return NGX_DECLINED;
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = (status == OC_QUERY_UNSUPPORTED)
                     ? NGX_HTTP_NOT_IMPLEMENTED : NGX_HTTP_BAD_REQUEST;

    if (oc_utf8_printable(query->target.data, query->target.len) == NGX_OK) {
        problem.target = query->target;
    }

    p = ngx_pnalloc(r->pool, ngx_strlen(query->message) + NGX_SIZE_T_LEN
                             + sizeof(" (position  of the query)"));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    problem.message.data = p;
    problem.message.len = ngx_sprintf(p, "%s (position %uz of the query)",
                                      query->message, query->position)
                          - p;

    return ngx_http_office_config_problem(r, &problem);
}


/* The tenant whose data the request is about. */

static ngx_int_t
ngx_http_office_config_tenant(ngx_http_request_t *r, ngx_str_t *tenant)
{
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->tenant == NULL) {
        ngx_str_set(tenant, "default");
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, olcf->tenant, tenant) != NGX_OK) {
        return NGX_ERROR;
    }

    return oc_store_tenant_valid(tenant);
}


/*
 * Whether Accept (RFC 9110, 12.5.1) lets JSON through: the most specific range
 * that fits says so.  Other parameters than "q" choose nothing yet: every
 * answer has minimal control information.
 */

static ngx_uint_t
ngx_http_office_config_acceptable(ngx_http_office_config_headers_t *headers)
{
    u_char      *p, *last, *end, *semicolon;
    size_t       len;
    ngx_uint_t   i, best, accepted;

    /* from the least specific one */

    static const ngx_str_t  ranges[] = {
        ngx_string("*/*"),
        ngx_string("application/*"),
        ngx_string("application/json")
    };

    best = 0;
    accepted = 0;

    p = headers->accept.data;
    last = p + headers->accept.len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');
        if (end == NULL) {
            end = last;
        }

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        semicolon = ngx_strlchr(p, end, ';');
        len = (semicolon ? semicolon : end) - p;

        while (len && (p[len - 1] == ' ' || p[len - 1] == '\t')) {
            len--;
        }

        for (i = best; i < 3; i++) {

            if (len != ranges[i].len
                || ngx_strncasecmp(p, ranges[i].data, len) != 0)
            {
                continue;
            }

            if (i > best) {
                best = i;
                accepted = 0;
            }

            if (!ngx_http_office_config_q_zero(semicolon, end)) {
                accepted = 1;
            }
        }
    }

    return accepted;
}


/* Whether the parameters from "p" on, NULL for none, contain "q=0". */

static ngx_uint_t
ngx_http_office_config_q_zero(u_char *p, u_char *last)
{
    for ( /* void */ ; p; p = ngx_strlchr(p, last, ';')) {

        p++;

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        if (last - p < 3 || (*p | 0x20) != 'q' || p[1] != '=' || p[2] != '0') {
            continue;
        }

        for (p += 3; p < last && *p != ';'; p++) {
            if (*p >= '1' && *p <= '9') {
                return 0;
            }
        }

        return 1;
    }

    return 0;
}


/* Prepares the request's call of the store. */

void
ngx_http_office_config_call(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, oc_store_handler_pt handler)
{
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    ctx->call.redis = olcf->redis;
    ctx->call.prefix = olcf->key_prefix;
    ctx->call.pool = r->pool;
    ctx->call.log = r->connection->log;
    ctx->call.handler = handler;
    ctx->call.data = r;
}


/* While the store works, only the client's leaving is of interest. */

void
ngx_http_office_config_wait(ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = r->connection;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }
}


/*
 * The request that waits for this call; NULL if it has gone elsewhere since,
 * as "post_action" has it do when the client leaves.
 */

ngx_http_request_t *
ngx_http_office_config_waiting(oc_store_call_t *call)
{
    ngx_http_request_t            *r;
    ngx_http_office_config_ctx_t  *ctx;

    r = call->data;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    return (ctx && &ctx->call == call) ? r : NULL;
}


/*
 * Ends a request out of an event of Redis.  The connection may be gone
 * afterwards.
 */

void
ngx_http_office_config_finish(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, rc);

    ngx_http_run_posted_requests(c);
}


/* The answer when the store could not do what it was asked for. */

ngx_int_t
ngx_http_office_config_store_problem(ngx_http_request_t *r,
    oc_store_call_t *call)
{
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    switch (call->status) {

    case OC_STORE_NOT_FOUND:
        problem.status = NGX_HTTP_NOT_FOUND;
        ngx_str_set(&problem.message,
                    "There is no client configuration with this id.");
        break;

    case OC_STORE_EXISTS:
        problem.status = NGX_HTTP_CONFLICT;
        ngx_str_set(&problem.message,
                    "A client configuration with this id exists.");
        ngx_str_set(&problem.target, "id");
        break;

    case OC_STORE_EXHAUSTED:
        problem.status = NGX_HTTP_CONFLICT;
        ngx_str_set(&problem.message,
                    "The highest priority is in use. Give one in the "
                    "request.");
        ngx_str_set(&problem.target, "priority");
        break;

    case OC_STORE_PRECONDITION:
        problem.status = NGX_HTTP_PRECONDITION_FAILED;
        break;

    case OC_STORE_UNAVAILABLE:
        problem.status = NGX_HTTP_SERVICE_UNAVAILABLE;
        problem.retry_after = oc_redis_retry_after(call->redis);
        break;

    case OC_STORE_OVERLOADED:
        problem.status = NGX_HTTP_SERVICE_UNAVAILABLE;
        problem.retry_after = 1;
        ngx_str_set(&problem.message,
                    "The service is overloaded. Try again later.");
        break;

    case OC_STORE_TIMEOUT:
    case OC_STORE_UNKNOWN:
        problem.status = NGX_HTTP_GATEWAY_TIME_OUT;
        problem.retry_after = 1;

        if (call->write) {
            ngx_str_set(&problem.message,
                        "The service did not answer in time. Whether the "
                        "change was made is not known: read before you try "
                        "again.");
        }

        break;

    default: /* OC_STORE_FAILED */
        problem.status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_problem(r, &problem);
}
