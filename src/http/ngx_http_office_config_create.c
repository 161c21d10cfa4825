
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_body.h"
#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_json.h"


/*
 * How much memory the decoded form of a document may take: so many bytes a
 * byte of it, and some more.  The usual one takes about a tenth of that, a
 * list of empty strings nearly all.
 */

#define NGX_HTTP_OFFICE_CONFIG_EXPANSION  48
#define NGX_HTTP_OFFICE_CONFIG_ALLOWANCE  1048576


static ngx_uint_t ngx_http_office_config_is_json(ngx_http_request_t *r);
static void ngx_http_office_config_create_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_create_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_decode(ngx_http_request_t *r,
    ngx_str_t *body, oc_arena_t *arena, json_t **json);
static json_t *ngx_http_office_config_reference(json_t *json);
static ngx_int_t ngx_http_office_config_add_reference(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *reference);
static ngx_int_t ngx_http_office_config_insert(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static void ngx_http_office_config_created(oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_send_created(ngx_http_request_t *r,
    oc_store_call_t *call);
static void ngx_http_office_config_referred(oc_store_call_t *call);


/*
 * POST to the collection and to its $ref (api.md, 3 and 4).  What can be
 * refused by the headers is, before the body is read.
 */

ngx_int_t
ngx_http_office_config_create(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_str_t   value;
    ngx_uint_t  gzip;

    if (!ngx_http_office_config_is_json(r)) {
        return ngx_http_office_config_fail(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                           NULL);
    }

    if (ngx_http_office_config_body_encoding(ctx, &gzip) != NGX_OK) {
        ngx_str_set(&value, "gzip");

        if (ngx_http_office_config_add_header(r, "Accept-Encoding", &value)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_office_config_fail(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                           "The content encoding must be gzip "
                                           "or none.");
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_office_config_create_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
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
ngx_http_office_config_create_body(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    rc = ngx_http_office_config_create_entity(r, ctx);

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
ngx_http_office_config_create_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    json_t      *json, *reference;
    ngx_int_t    rc;
    ngx_str_t    body;
    ngx_uint_t   gzip;
    oc_arena_t   arena;

    (void) ngx_http_office_config_body_encoding(ctx, &gzip);

    rc = ngx_http_office_config_body(r, gzip, &body);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_HTTP_BAD_REQUEST) {
        return ngx_http_office_config_fail(r, rc, "The body is not valid "
                                           "gzip data.");
    }

    if (rc != NGX_OK) {
        return ngx_http_office_config_fail(r, rc, NULL);
    }

    oc_arena_init(&arena, body.len * NGX_HTTP_OFFICE_CONFIG_EXPANSION
                          + NGX_HTTP_OFFICE_CONFIG_ALLOWANCE);

    rc = ngx_http_office_config_decode(r, &body, &arena, &json);

    if (json) {

        /* what is made of it is in proportion to it */

        arena.limit = (size_t) -1;

        reference = NULL;

        if (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF) {
            reference = ngx_http_office_config_reference(json);
        }

        if (reference) {
            rc = ngx_http_office_config_add_reference(r, ctx, reference);

        } else {
            rc = ngx_http_office_config_insert(r, ctx, json, &arena);
        }
    }

    oc_arena_free(&arena);

    return rc;
}


/*
 * Sets "json", or with NULL there, returns what the request is to be
 * finalized with.
 */

static ngx_int_t
ngx_http_office_config_decode(ngx_http_request_t *r, ngx_str_t *body,
    oc_arena_t *arena, json_t **json)
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

    *json = oc_json_decode(arena, body->data, body->len, &err);

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
 * The reference in a body for $ref: the value of @odata.id or @id, if there
 * is no property beside it; NULL if the body is something else.
 */

static json_t *
ngx_http_office_config_reference(json_t *json)
{
    void       *iter;
    json_t     *reference;
    ngx_str_t   name;

    if (!json_is_object(json)) {
        return NULL;
    }

    for (iter = json_object_iter(json);
         iter;
         iter = json_object_iter_next(json, iter))
    {
        name = oc_json_member_name(iter);

        if (memchr(name.data, '@', name.len) == NULL) {
            return NULL;
        }
    }

    reference = oc_json_member(json, "@odata.id");

    if (reference == NULL) {
        reference = oc_json_member(json, "@id");
    }

    /* no property and no reference: the null says so */

    return reference ? reference : json_null();
}


/*
 * The collection contains its members, so a reference can only name one that
 * is in it already: 204, as often as it is sent.
 */

static ngx_int_t
ngx_http_office_config_add_reference(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *reference)
{
    ngx_int_t  rc;
    ngx_str_t  url, id;

    if (!json_is_string(reference)) {
        return ngx_http_office_config_fail(r, NGX_HTTP_BAD_REQUEST,
                                           "The properties of a client "
                                           "configuration, or an @odata.id "
                                           "with the URL of one are "
                                           "expected.");
    }

    url.data = (u_char *) json_string_value(reference);
    url.len = json_string_length(reference);

    rc = ngx_http_office_config_route_reference(r, ctx, &url, &id);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_office_config_fail(r, NGX_HTTP_NOT_FOUND,
                                           "The URL names no client "
                                           "configuration of this "
                                           "collection.");
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_referred);

    if (oc_store_exists(&ctx->call, &id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


static void
ngx_http_office_config_referred(oc_store_call_t *call)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ngx_http_office_config_waiting(call);

    if (r == NULL) {
        return;
    }

    if (call->status == OC_STORE_OK) {
        rc = ngx_http_office_config_send(r, NGX_HTTP_NO_CONTENT, NULL, 0);

    } else {
        rc = ngx_http_office_config_store_problem(r, call);
    }

    ngx_http_office_config_finish(r, rc);
}


static ngx_int_t
ngx_http_office_config_insert(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    ngx_int_t                          rc;
    ngx_time_t                        *tp;
    oc_fault_t                         fault;
    oc_stamp_t                         stamp;
    oc_entity_t                        entity;
    ngx_http_office_config_problem_t   problem;

    tp = ngx_timeofday();

    stamp.sec = tp->sec;
    stamp.msec = tp->msec;

    if (oc_random_hex(stamp.etag, OC_ETAG_LEN) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = oc_entity_create(&entity, json, &stamp, arena, &fault);

    if (rc == NGX_DECLINED) {
        ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

        problem.status = NGX_HTTP_BAD_REQUEST;
        problem.message = fault.message;
        problem.target = fault.target;

        return ngx_http_office_config_problem(r, &problem);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->id.data = ngx_pnalloc(r->pool, entity.id.len);
    if (ctx->id.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->id.len = entity.id.len;
    ngx_memcpy(ctx->id.data, entity.id.data, entity.id.len);

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_created);

    if (oc_store_create(&ctx->call, &entity) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


static void
ngx_http_office_config_created(oc_store_call_t *call)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ngx_http_office_config_waiting(call);

    if (r == NULL) {
        return;
    }

    if (call->status == OC_STORE_OK) {
        rc = ngx_http_office_config_send_created(r, call);

    } else {
        rc = ngx_http_office_config_store_problem(r, call);
    }

    ngx_http_office_config_finish(r, rc);
}


/*
 * 201 with what was stored.  Assignments that came with the entity go back
 * with it, in place of the brace at its end.
 */

static ngx_int_t
ngx_http_office_config_send_created(ngx_http_request_t *r,
    oc_store_call_t *call)
{
    off_t                          total;
    u_char                        *priority;
    ngx_str_t                      context, location, digits, *end;
    ngx_chain_t                   *out, **last;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    (void) oc_store_etag(&call->json, &digits);

    if (ngx_http_office_config_item_url(r, ctx, &ctx->id, &location) != NGX_OK
        || ngx_http_office_config_etag_header(r, &digits) != NGX_OK
        || ngx_http_office_config_add_header(r, "Location", &location)
           != NGX_OK
        || ngx_http_office_config_context(r, ctx, "/$entity", &context)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    end = call->tail.len ? &call->tail : &call->json;

    if (call->assignments.len) {
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

    if (call->tail.len) {
        priority = ngx_pnalloc(r->pool, NGX_INT32_LEN);
        if (priority == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_http_office_config_append(r, &last, priority,
                                          ngx_sprintf(priority, "%D",
                                                      call->priority)
                                          - priority, &total)
            != NGX_OK
            || ngx_http_office_config_append(r, &last, call->tail.data,
                                             call->tail.len, &total)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (call->assignments.len
        && (ngx_http_office_config_append_literal(r, &last,
                                                  ",\"assignments\":", &total)
            != NGX_OK
            || ngx_http_office_config_append(r, &last, call->assignments.data,
                                             call->assignments.len, &total)
               != NGX_OK
            || ngx_http_office_config_append_literal(r, &last, "}", &total)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_CREATED, out, total);
}
