
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
    ngx_uint_t                         media;      /* of what is answered */
} ngx_http_office_config_operation_t;


static ngx_int_t ngx_http_office_config_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static void ngx_http_office_config_store_handler(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_store_problem(ngx_http_request_t *r,
    oc_store_call_t *call);
static ngx_uint_t ngx_http_office_config_of_assignment(ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_not_allowed(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource);
static ngx_int_t ngx_http_office_config_allow(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource, ngx_str_t *allow);
static ngx_int_t ngx_http_office_config_check_query(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t supported);
static ngx_int_t ngx_http_office_config_tenant(ngx_http_request_t *r,
    ngx_str_t *tenant);


#define NGX_HTTP_OFFICE_CONFIG_READ  (NGX_HTTP_GET|NGX_HTTP_HEAD)


#define NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS                                  \
    (oc_option_bit(OC_OPTION_SELECT)|oc_option_bit(OC_OPTION_EXPAND))

#define NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS                                   \
    (oc_option_bit(OC_OPTION_TOP)|oc_option_bit(OC_OPTION_SKIPTOKEN))

#define NGX_HTTP_OFFICE_CONFIG_ID_OPTIONS  oc_option_bit(OC_OPTION_ID)


static ngx_http_office_config_operation_t
    ngx_http_office_config_operations[] =
{
    { NGX_HTTP_OFFICE_CONFIG_SINGLETON, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_singleton, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_SINGLETON, NGX_HTTP_PATCH,
      ngx_http_office_config_update, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_SINGLETON_PROPERTY, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_VALUE },

    { NGX_HTTP_OFFICE_CONFIG_ENTITY, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_entity, NGX_HTTP_OFFICE_CONFIG_ID_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_list, NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS, NGX_HTTP_POST,
      ngx_http_office_config_create, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF, NGX_HTTP_POST,
      ngx_http_office_config_create, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_COUNT, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_count, 0,
      NGX_HTTP_OFFICE_CONFIG_TEXT },

    { NGX_HTTP_OFFICE_CONFIG_UPDATE_PRIORITIES, NGX_HTTP_POST,
      ngx_http_office_config_update_priorities, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATION, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_get, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATION, NGX_HTTP_PATCH|NGX_HTTP_PUT,
      ngx_http_office_config_update, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATION, NGX_HTTP_DELETE,
      ngx_http_office_config_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_VALUE },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_VALUE },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE, NGX_HTTP_PUT,
      ngx_http_office_config_property_put, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE, NGX_HTTP_DELETE,
      ngx_http_office_config_property_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX, NGX_HTTP_PUT|NGX_HTTP_PATCH,
      ngx_http_office_config_property_put, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX, NGX_HTTP_DELETE,
      ngx_http_office_config_property_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_checkins, NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS, NGX_HTTP_POST,
      ngx_http_office_config_checkin, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS, NGX_HTTP_PUT,
      ngx_http_office_config_property_put, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS, NGX_HTTP_DELETE,
      ngx_http_office_config_property_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_checkins, NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS, NGX_HTTP_POST,
      ngx_http_office_config_checkin, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_checkins, 0,
      NGX_HTTP_OFFICE_CONFIG_TEXT },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_VALUE, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_VALUE },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_VALUE, NGX_HTTP_PUT,
      ngx_http_office_config_value_put, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_VALUE, NGX_HTTP_DELETE,
      ngx_http_office_config_property_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_STREAM, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_stream_get, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_STREAM, NGX_HTTP_PUT,
      ngx_http_office_config_stream_put, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_STREAM, NGX_HTTP_DELETE,
      ngx_http_office_config_stream_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGN, NGX_HTTP_POST,
      ngx_http_office_config_assign, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_assignments, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS, NGX_HTTP_POST,
      ngx_http_office_config_assignment_add, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_COUNT, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_assignments, 0,
      NGX_HTTP_OFFICE_CONFIG_TEXT },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF, NGX_HTTP_DELETE,
      ngx_http_office_config_assignment_delete,
      NGX_HTTP_OFFICE_CONFIG_ID_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_assignments, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT, NGX_HTTP_PATCH,
      ngx_http_office_config_assignment_update, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT, NGX_HTTP_DELETE,
      ngx_http_office_config_assignment_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT_REF, NGX_HTTP_DELETE,
      ngx_http_office_config_assignment_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_NOT_FOUND, 0, NULL, 0, 0 }
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

    if (ctx->headers.has_accept
        && !ngx_http_office_config_accepted(ctx, op->media))
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


/*
 * $entity with $id (OData 4.01 URL Conventions, 4.16): the entity that has
 * this URL.
 */

static ngx_int_t
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
        status = oc_query_resolve(query,
                                  (ctx->route.resource
                                   == NGX_HTTP_OFFICE_CONFIG_SINGLETON)
                                  ? &oc_type_office_configuration
                                  : &oc_type_configuration,
                                  r->pool);
    }

    if (status == OC_QUERY_OK) {
        return NGX_DECLINED;
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

    ctx->call.cutoff = rules.cutoff;
    ctx->call.recent = olcf->inline_checkins;

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


static ngx_uint_t
ngx_http_office_config_of_assignment(ngx_http_request_t *r)
{
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    return ctx->route.assignment.len != 0;
}


/* The answer when the store could not do what it was asked for. */

static ngx_int_t
ngx_http_office_config_store_problem(ngx_http_request_t *r,
    oc_store_call_t *call)
{
    u_char                            target[64];
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    switch (call->status) {

    case OC_STORE_NOT_FOUND:
        problem.status = NGX_HTTP_NOT_FOUND;
        ngx_str_set(&problem.message,
                    "There is no client configuration with this id.");

        if (ngx_http_office_config_of_assignment(r)) {
            ngx_str_set(&problem.message,
                        "There is no such assignment or client "
                        "configuration.");
        }

        break;

    case OC_STORE_EXISTS:
        problem.status = NGX_HTTP_CONFLICT;
        ngx_str_set(&problem.message,
                    "A client configuration with this id exists.");

        if (ngx_http_office_config_of_assignment(r)) {
            ngx_str_set(&problem.message,
                        "An assignment with this id exists.");
        }

        ngx_str_set(&problem.target, "id");
        break;

    case OC_STORE_EXHAUSTED:
        problem.status = NGX_HTTP_CONFLICT;
        ngx_str_set(&problem.message,
                    "The highest priority is in use. Give one in the "
                    "request.");
        ngx_str_set(&problem.target, "priority");
        break;

    case OC_STORE_UNKNOWN_ID:
        problem.status = NGX_HTTP_BAD_REQUEST;
        ngx_str_set(&problem.message,
                    "There is no client configuration with this id.");
        problem.target.data = target;
        problem.target.len = ngx_sprintf(target,
                                         "officeConfigurationPolicyIds/%ui",
                                         call->index)
                             - target;
        break;

    case OC_STORE_TYPE:
        problem.status = NGX_HTTP_BAD_REQUEST;
        ngx_str_set(&problem.message,
                    "The type of a client configuration cannot be changed.");
        ngx_str_set(&problem.target, "@odata.type");
        break;

    case OC_STORE_LIMIT:
        problem.status = NGX_HTTP_CONFLICT;
        ngx_str_set(&problem.message,
                    "The client configuration has as many assignments as it "
                    "may have.");
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
