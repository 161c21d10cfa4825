
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_url.h"


#define NGX_HTTP_OFFICE_CONFIG_GO_ON_TIMER  60000


static void ngx_http_office_config_store_handler(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_not_allowed(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource);
static ngx_int_t ngx_http_office_config_not_acceptable(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t media);
static ngx_int_t ngx_http_office_config_check_query(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t supported);
static const oc_type_t *ngx_http_office_config_resource_type(
    ngx_http_office_config_route_t *route);


/* The content handler of a location with office_config_pass. */

ngx_int_t
ngx_http_office_config_handler(ngx_http_request_t *r)
{
    ngx_int_t                                  rc;
    ngx_uint_t                                 options;
    ngx_http_office_config_ctx_t              *ctx;
    const ngx_http_office_config_operation_t  *op;

    ctx = ngx_http_office_config_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_office_config_authorize(r);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_http_office_config_route(r, &ctx->route) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_office_config_check_version(r, ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_NOT_FOUND) {
        return ngx_http_office_config_fail(r, NGX_HTTP_NOT_FOUND, NULL);
    }

    op = ngx_http_office_config_operation(ctx->route.resource, r->method);

    if (op == NULL) {
        return ngx_http_office_config_not_allowed(r, ctx->route.resource);
    }

    options = op->options;

    /* whatever has a format has it by $format */

    if (op->media != NGX_HTTP_OFFICE_CONFIG_ANY) {
        options |= oc_option_bit(OC_OPTION_FORMAT);
    }

    rc = ngx_http_office_config_check_query(r, ctx, options);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_http_office_config_negotiate(ctx, op->media) != NGX_OK) {
        return ngx_http_office_config_not_acceptable(r, ctx, op->media);
    }

    /* the model is the same for everybody */

    if (ctx->route.resource != NGX_HTTP_OFFICE_CONFIG_SERVICE
        && ctx->route.resource != NGX_HTTP_OFFICE_CONFIG_METADATA
        && ngx_http_office_config_tenant(r, &ctx->call.tenant) != NGX_OK)
    {
        return ngx_http_office_config_fail(r, NGX_HTTP_FORBIDDEN,
                                           "The request belongs to no "
                                           "tenant.");
    }

    /* what cannot be answered is not to be begun */

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_DELETE)) {
        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return op->handler(r, ctx);
}


/*
 * $entity with $id (OData 4.01 URL Conventions, 4.16): the entity that has
 * this URL, if it is of the type of a cast.
 */

ngx_int_t
ngx_http_office_config_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_http_office_config_route_t  route;

    if (ctx->query.id.len == 0) {
        return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                           "The query option $id must give "
                                           "the URL of an entity.");
    }

    rc = ngx_http_office_config_route_url(r, ctx, &ctx->query.id, &route);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK && ctx->route.cast
        && (route.resource != NGX_HTTP_OFFICE_CONFIG_CONFIGURATION
            || !ngx_http_office_config_narrow(&route, ctx->route.cast)))
    {
        rc = NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        route.root = ctx->route.root;
        ctx->route = route;

        switch (route.resource) {

        case NGX_HTTP_OFFICE_CONFIG_SINGLETON:
            return ngx_http_office_config_singleton(r, ctx);

        case NGX_HTTP_OFFICE_CONFIG_CONFIGURATION:
            return ngx_http_office_config_get(r, ctx);

        case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT:
            return ngx_http_office_config_assignments(r, ctx);

        default:
            break;
        }
    }

    return ngx_http_office_config_fail(r, NGX_HTTP_NOT_FOUND,
                                       "The URL in $id names no entity of "
                                       "this service.");
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


/* Neither Accept nor $format names something that there is. */

static ngx_int_t
ngx_http_office_config_not_acceptable(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t media)
{
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = 406;

    if (media == NGX_HTTP_OFFICE_CONFIG_CSDL) {
        ngx_str_set(&problem.message, "The resource is only available as "
                    "application/xml and application/json.");
    }

    if (ctx->query.given & oc_option_bit(OC_OPTION_FORMAT)) {
        ngx_str_set(&problem.target, "$format");
    }

    return ngx_http_office_config_problem(r, &problem);
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
        return ngx_http_office_config_shape(r, ctx,
                            ngx_http_office_config_resource_type(&ctx->route));
    }

    if (status == OC_QUERY_NO_MEMORY) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
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


/* The type of what a resource has, one or many. */

static const oc_type_t *
ngx_http_office_config_resource_type(ngx_http_office_config_route_t *route)
{
    switch (route->resource) {

    case NGX_HTTP_OFFICE_CONFIG_SINGLETON:
        return &oc_type_office_configuration;

    case NGX_HTTP_OFFICE_CONFIG_CHECKINS:
    case NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS:
        return &oc_type_checkin_status;

    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS:
        return &oc_type_assignment;

    default:
        return &oc_type_configuration;
    }
}


/* The tenant whose data the request is about. */

ngx_int_t
ngx_http_office_config_tenant(ngx_http_request_t *r, ngx_str_t *tenant)
{
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->tenant == NULL && olcf->policy) {
        return ngx_http_office_config_token_tenant(r, tenant);
    }

    if (olcf->tenant == NULL) {
        ngx_str_set(tenant, "default");
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, olcf->tenant, tenant) != NGX_OK) {
        return NGX_ERROR;
    }

    return oc_store_tenant_valid(tenant);
}


/* Prepares the request's call of the store, which "answer" is to follow. */

void
ngx_http_office_config_call(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_http_office_config_answer_pt answer)
{
    oc_checkin_rules_t                  rules;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    ngx_http_office_config_rules(r, &rules);

    ctx->answer = answer;

    ctx->call.cast = ctx->route.cast;
    ctx->call.cutoff = rules.cutoff;
    ctx->call.recent = olcf->inline_checkins;

    ctx->call.group = ngx_http_office_config_part_group(r);
    ctx->call.redis = olcf->redis;
    ctx->call.prefix = olcf->key_prefix;
    ctx->call.pool = r->pool;
    ctx->call.log = r->connection->log;
    ctx->call.handler = ngx_http_office_config_store_handler;
    ctx->call.data = r;
}


/* What is so of check-ins, now and here. */

void
ngx_http_office_config_rules(ngx_http_request_t *r, oc_checkin_rules_t *rules)
{
    ngx_time_t                         *tp;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    tp = ngx_timeofday();

    rules->now = (int64_t) tp->sec * 1000 + tp->msec;
    rules->cutoff = rules->now - (int64_t) olcf->checkin_retention * 1000;
    rules->ahead = (int64_t) olcf->checkin_ahead * 1000;
}


/*
 * The end of a content handler that has not read a body: "rc" is what the
 * store returned.
 */

ngx_int_t
ngx_http_office_config_called(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->main->count++;

    ngx_http_office_config_wait(r);

    return NGX_DONE;
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
 * Has a request go on with the event in the next turn of the event loop.  Its
 * timer does not come to its end: a worker that shuts down waits for requests
 * that have one, but not for posted events.  The event's handler begins, and
 * the request ends, with the next function.
 */

void
ngx_http_office_config_go_on(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_OFFICE_CONFIG_GO_ON_TIMER);

    ngx_post_event(ev, &ngx_posted_next_events);
}


void
ngx_http_office_config_stay(ngx_event_t *ev)
{
    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }
}


/*
 * The store is done.  The request may have gone elsewhere since, as
 * "post_action" has it do when the client leaves.
 */

static void
ngx_http_office_config_store_handler(oc_store_call_t *call)
{
    ngx_int_t                      rc;
    ngx_http_request_t            *r;
    ngx_http_office_config_ctx_t  *ctx;

    r = call->data;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    if (ctx == NULL || &ctx->call != call) {
        return;
    }

    if (call->status == OC_STORE_OK || ctx->partial) {
        rc = ctx->answer(r, ctx);

    } else {
        rc = ngx_http_office_config_store_problem(r, call);
    }

    if (rc != NGX_BUSY) {
        ngx_http_office_config_finish(r, rc);
    }
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
