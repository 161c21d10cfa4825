
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_buf.h"
#include "oc_span.h"
#include "oc_url.h"


static ngx_int_t ngx_http_office_config_entity_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *json, ngx_str_t *fragment);
static ngx_int_t ngx_http_office_config_context(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment, ngx_str_t *text);
static ngx_int_t ngx_http_office_config_send_object(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t status,
    ngx_str_t *fragment);
static ngx_int_t ngx_http_office_config_append_priority(
    ngx_http_request_t *r, oc_store_call_t *call, ngx_chain_t ***last,
    off_t *total);
static ngx_int_t ngx_http_office_config_append_page(ngx_http_request_t *r,
    oc_store_call_t *call, ngx_chain_t ***last, off_t *total);


/*
 * Sends the entity in ctx->call behind its context URL, as the store has it
 * and with its ETag; with its assignments if these are asked for.  Returns
 * what the request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_send_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t status)
{
    ngx_str_t  fragment;

    if (ngx_http_office_config_entity_fragment(r, ctx, &ctx->call.json,
                                               &fragment)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send_object(r, ctx, status, &fragment);
}


/* The same for the one assignment in ctx->call. */

ngx_int_t
ngx_http_office_config_send_assignment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t status)
{
    ngx_str_t  fragment;

    if (ngx_http_office_config_fragment(r, ctx, &fragment) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->call.json = ctx->call.page[0];

    return ngx_http_office_config_send_object(r, ctx, status, &fragment);
}


static ngx_int_t
ngx_http_office_config_send_object(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t status, ngx_str_t *fragment)
{
    off_t             total;
    ngx_int_t         rc;
    ngx_str_t         context, digits, expanded, *end;
    ngx_chain_t      *out, **last;
    oc_store_call_t  *call;

    call = &ctx->call;

    (void) oc_store_etag(&call->json, &digits);

    if (r->headers_out.etag == NULL
        && ngx_http_office_config_etag_header(r, &digits) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->query.select.n) {
        rc = ngx_http_office_config_project(r, ctx, &call->json);

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ctx->query.expand && call->assignments.len == 0) {
        rc = ngx_http_office_config_expanded(r, ctx, &call->json,
                                             ctx->id.len ? &ctx->id
                                                         : &ctx->route.id,
                                             call->page, call->npage,
                                             &expanded);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if (ngx_http_office_config_context(r, ctx, fragment, &context) != NGX_OK
        || ngx_http_office_config_preference_applied(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    end = call->tail.len ? &call->tail : &call->json;

    if (call->assignments.len || ctx->query.expand) {
        end->len--;
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

    if (call->tail.len
        && ngx_http_office_config_append_priority(r, call, &last, &total)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (call->assignments.len) {
        if (ngx_http_office_config_append_literal(r, &last,
                                                  ",\"assignments\":", &total)
            != NGX_OK
            || ngx_http_office_config_append(r, &last, call->assignments.data,
                                             call->assignments.len, &total)
               != NGX_OK
            || ngx_http_office_config_append_literal(r, &last, "}", &total)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else if (ctx->query.expand) {
        if (ngx_http_office_config_append(r, &last, expanded.data,
                                          expanded.len, &total)
            != NGX_OK
            || ngx_http_office_config_append_literal(r, &last, "}", &total)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_office_config_send(r, status, out, total);
}


static ngx_int_t
ngx_http_office_config_append_priority(ngx_http_request_t *r,
    oc_store_call_t *call, ngx_chain_t ***last, off_t *total)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, NGX_INT32_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_office_config_append(r, last, p,
                                      ngx_sprintf(p, "%D", call->priority)
                                      - p, total)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_office_config_append(r, last, call->tail.data,
                                         call->tail.len, total);
}


static ngx_int_t
ngx_http_office_config_append_page(ngx_http_request_t *r,
    oc_store_call_t *call, ngx_chain_t ***last, off_t *total)
{
    ngx_uint_t  i;

    for (i = 0; i < call->npage; i++) {

        if (i
            && ngx_http_office_config_append_literal(r, last, ",", total)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_http_office_config_append(r, last, call->page[i].data,
                                          call->page[i].len, total)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Sends the entities of ctx->call as a collection; "link", which may be empty,
 * is the member that leads to the next page, with its comma.
 */

ngx_int_t
ngx_http_office_config_send_collection(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment, ngx_str_t *link)
{
    off_t         total;
    ngx_str_t     context;
    ngx_chain_t  *out, **last;

    if (ngx_http_office_config_context(r, ctx, fragment, &context) != NGX_OK
        || ngx_http_office_config_preference_applied(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    total = 0;
    last = &out;

    if (ngx_http_office_config_append(r, &last, context.data, context.len,
                                      &total)
        != NGX_OK
        || ngx_http_office_config_append(r, &last, link->data, link->len,
                                         &total)
           != NGX_OK
        || ngx_http_office_config_append_literal(r, &last, "\"value\":[",
                                                 &total)
           != NGX_OK
        || ngx_http_office_config_append_page(r, &ctx->call, &last, &total)
           != NGX_OK
        || ngx_http_office_config_append_literal(r, &last, "]}", &total)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
}


/*
 * Sends the JSON of a property's value (OData JSON Format 4.01, 11): the
 * members of an object, anything else as "value"; null has no content.
 */

ngx_int_t
ngx_http_office_config_send_value(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment, ngx_str_t *value)
{
    off_t         total;
    ngx_int_t     rc;
    ngx_str_t     context;
    ngx_chain_t  *out, **last;

    if (value->len == 4 && ngx_strncmp(value->data, "null", 4) == 0) {
        return ngx_http_office_config_send_nothing(r, ctx);
    }

    if (ngx_http_office_config_context(r, ctx, fragment, &context) != NGX_OK
        || ngx_http_office_config_preference_applied(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    total = 0;
    last = &out;

    rc = ngx_http_office_config_append(r, &last, context.data, context.len,
                                       &total);

    if (rc == NGX_OK && value->data[0] == '{') {

        if (value->len == 2) {
            out->buf->last[-1] = '}';

        } else {
            rc = ngx_http_office_config_append(r, &last, value->data + 1,
                                               value->len - 1, &total);
        }

    } else if (rc == NGX_OK) {

        if (ngx_http_office_config_append_literal(r, &last, "\"value\":",
                                                  &total)
            != NGX_OK
            || ngx_http_office_config_append(r, &last, value->data,
                                             value->len, &total)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        rc = ngx_http_office_config_append_literal(r, &last, "}", &total);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
}


/* Sends a number as text (OData 4.01 Protocol, 11.2.10). */

ngx_int_t
ngx_http_office_config_send_count(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_uint_t count)
{
    off_t         total;
    u_char       *p;
    ngx_chain_t  *out, **last;

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    total = 0;
    last = &out;

    if (ngx_http_office_config_append(r, &last, p,
                                      ngx_sprintf(p, "%ui", count) - p,
                                      &total)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_office_config_text_type(r, ctx);

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
}


/* 204 */

ngx_int_t
ngx_http_office_config_send_nothing(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    if (ngx_http_office_config_preference_applied(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_NO_CONTENT, NULL, 0);
}


/*
 * Sets the ETag header and checks the conditions of a GET against it.
 * NGX_DECLINED if the representation is to be sent, else what the request is
 * to be finalized with.
 */

ngx_int_t
ngx_http_office_config_check_etag(ngx_http_request_t *r, ngx_str_t *digits)
{
    ngx_int_t  rc;

    if (r->headers_out.etag == NULL
        && ngx_http_office_config_etag_header(r, digits) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_office_config_preconditions(r, digits);

    if (rc == NGX_OK) {
        return NGX_DECLINED;
    }

    if (rc == NGX_HTTP_NOT_MODIFIED) {
        return ngx_http_office_config_send(r, rc, NULL, 0);
    }

    r->headers_out.etag->hash = 0;
    r->headers_out.etag = NULL;

    return ngx_http_office_config_fail(r, rc, NULL);
}


/*
 * The context URL's fragment of a rendered configuration, which names its type
 * if that is a derived one, or of the singleton.
 */

static ngx_int_t
ngx_http_office_config_entity_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *json, ngx_str_t *fragment)
{
    const oc_type_t  *type;

    if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_SINGLETON) {
        ngx_str_set(fragment, NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME);
        return NGX_OK;
    }

    type = oc_select_type(json);

    if (type == NULL || type == &oc_type_configuration) {
        ngx_str_set(fragment, NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                              "/$entity");
        return NGX_OK;
    }

    fragment->len = sizeof(NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                           "/" OC_NAMESPACE "./$entity") - 1
                    + type->name.len;

    fragment->data = ngx_pnalloc(r->pool, fragment->len);
    if (fragment->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(fragment->data,
                       NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                       "/" OC_NAMESPACE ".%V/$entity", &type->name);

    return NGX_OK;
}


/*
 * The context URL's fragment of what belongs to the item of the route (OData
 * 4.01 Protocol, 10): its assignments, or one of its properties.
 */

ngx_int_t
ngx_http_office_config_fragment(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment)
{
    u_char                          *p;
    ngx_str_t                        key;
    ngx_http_office_config_route_t  *route;

    route = &ctx->route;

    if (ngx_http_office_config_quoted(r->pool, &route->id, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool,
                    sizeof(NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                           "('')//") - 1
                    + oc_url_encoded_len(&key)
                    + (route->property ? route->property->name.len
                                       : sizeof("assignments/$entity"))
                    + (route->member ? route->member->name.len : 0));
    if (p == NULL) {
        return NGX_ERROR;
    }

    fragment->data = p;

    if (route->id.len) {
        p = ngx_cpymem(p, NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT "('",
                       sizeof(NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_CONTEXT
                              "('") - 1);
        p = oc_url_encode(p, &key);
        *p++ = '\'';
        *p++ = ')';

    } else {
        p = ngx_cpymem(p, NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME,
                       sizeof(NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME) - 1);
    }

    *p++ = '/';

    if (route->property) {
        p = ngx_cpymem(p, route->property->name.data,
                       route->property->name.len);

        if (route->member) {
            *p++ = '/';
            p = ngx_cpymem(p, route->member->name.data,
                           route->member->name.len);
        }

    } else {
        p = ngx_cpymem(p, "assignments", sizeof("assignments") - 1);

        if (route->resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT
            || (r->method == NGX_HTTP_POST
                && route->resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS))
        {
            p = ngx_cpymem(p, "/$entity", sizeof("/$entity") - 1);
        }
    }

    fragment->len = p - fragment->data;

    return NGX_OK;
}


/*
 * The beginning of a response's object up to the comma behind the context
 * URL, with what $select and $expand make of it.
 */

static ngx_int_t
ngx_http_office_config_context(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *fragment, ngx_str_t *text)
{
    u_char     *p;
    size_t      entity;
    ngx_str_t   shape;

    if (ngx_http_office_config_base(r, ctx) != NGX_OK
        || oc_select_shape(&ctx->query.select, &ctx->expand, &shape,
                           r->pool) != NGX_OK)
    {
        return NGX_ERROR;
    }

    text->len = sizeof("{\"@odata.context\":\"/$metadata#\",") - 1
                + oc_json_escaped_len(ctx->base.data, ctx->base.len)
                + fragment->len + shape.len;

    p = ngx_pnalloc(r->pool, text->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    entity = 0;

    if (shape.len && fragment->len > sizeof("/$entity") - 1
        && ngx_strncmp(fragment->data + fragment->len - 8, "/$entity", 8) == 0)
    {
        entity = sizeof("/$entity") - 1;
    }

    p = ngx_cpymem(p, "{\"@odata.context\":\"",
                   sizeof("{\"@odata.context\":\"") - 1);
    p = oc_json_escape(p, ctx->base.data, ctx->base.len);
    p = ngx_cpymem(p, "/$metadata#", sizeof("/$metadata#") - 1);
    p = ngx_cpymem(p, fragment->data, fragment->len - entity);

    if (shape.len) {
        p = ngx_cpymem(p, shape.data, shape.len);
        p = ngx_cpymem(p, "/$entity", entity);
    }

    *p++ = '"';
    *p = ',';

    return NGX_OK;
}
