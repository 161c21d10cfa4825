
/*
 * Copyright (C) the authors of the nginx office configuration module
 */




#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "ngx_http_office_config_skiptoken.h"
#include "oc_buf.h"
#include "oc_span.h"


/* entities of a page whose check-ins are asked for at once */

#define NGX_HTTP_OFFICE_CONFIG_LIVE_SLICE  10


static ngx_int_t ngx_http_office_config_join(ngx_http_request_t *r,
    oc_store_call_t *call);
static ngx_int_t ngx_http_office_config_described(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_got_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_got_page_checkins(
    ngx_http_request_t *r, ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_insert_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, oc_store_live_t *live,
    ngx_str_t *json);
static ngx_int_t ngx_http_office_config_write_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, oc_store_live_t *live,
    ngx_str_t *name, oc_buf_t *b);
static ngx_int_t ngx_http_office_config_rest_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, oc_store_live_t *live,
    ngx_str_t *url);
static ngx_int_t ngx_http_office_config_checkins_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, ngx_str_t *token,
    ngx_str_t *url);


/*
 * Sees to it that the entity in ctx->call has its check-ins in it, and what is
 * said of its streams, then answers.  Returns what "answer" returns, or
 * NGX_BUSY.
 */

ngx_int_t
ngx_http_office_config_complete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_http_office_config_answer_pt answer)
{
    ngx_int_t         rc;
    oc_store_call_t  *call;

    call = &ctx->call;

    if (ctx->route.resource != NGX_HTTP_OFFICE_CONFIG_SINGLETON) {
        if (ctx->format.level == OC_LEVEL_FULL && call->tail.len
            && ngx_http_office_config_join(r, call) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->shown = answer;

        rc = ngx_http_office_config_describe(r, ctx, &call->json, 1,
                                             ngx_http_office_config_described);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->route.resource != NGX_HTTP_OFFICE_CONFIG_SINGLETON
        && !ngx_http_office_config_is_live(call->tail.len ? &call->tail
                                                          : &call->json))
    {
        return answer(r, ctx);
    }

    if (call->tail.len && ngx_http_office_config_join(r, call) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->completed = answer;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got_checkins);

    rc = oc_store_live(call,
                       ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_SINGLETON
                       ? NULL : &ctx->route.id, 1);

    return rc == NGX_OK ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_office_config_described(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_complete(r, ctx, ctx->shown);
}


/* Whether a rendered configuration has its check-ins kept apart. */

ngx_uint_t
ngx_http_office_config_is_live(ngx_str_t *json)
{
    size_t  len;

    len = sizeof(OC_ENTITY_LIVE) - 1;

    return json->len > len
           && ngx_memcmp(json->data + json->len - len, OC_ENTITY_LIVE, len)
              == 0;
}


/* The two parts of a new entity, and the priority between them. */

static ngx_int_t
ngx_http_office_config_join(ngx_http_request_t *r, oc_store_call_t *call)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, call->json.len + NGX_INT32_LEN + call->tail.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    call->json.len = ngx_sprintf(p, "%V%D%V", &call->json, call->priority,
                                 &call->tail)
                     - p;
    call->json.data = p;

    ngx_str_null(&call->tail);

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_got_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    oc_store_live_t  *live;

    live = ctx->call.live;

    if (live->count > live->nrecords && !ctx->secret_known) {
        return ngx_http_office_config_with_secret(r, ctx,
                                          ngx_http_office_config_got_checkins);
    }

    if ((live->found || ctx->route.id.len)
        && ngx_http_office_config_insert_checkins(r, ctx, &ctx->route.id, live,
                                                  &ctx->call.json)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ctx->completed(r, ctx);
}


/*
 * The same for the entities of a page.  NGX_OK if all are complete; NGX_BUSY
 * if "answer" will be called once more; else what the request is to be
 * finalized with.
 */

ngx_int_t
ngx_http_office_config_complete_page(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_http_office_config_answer_pt answer)
{
    ngx_str_t         *ids;
    ngx_uint_t         i, n;
    oc_store_call_t   *call;

    call = &ctx->call;
    ids = NULL;
    n = 0;

    for (i = ctx->nlisted;
         i < call->npage && n < NGX_HTTP_OFFICE_CONFIG_LIVE_SLICE;
         i++)
    {
        if (!ngx_http_office_config_is_live(&call->page[i])) {
            continue;
        }

        if (ids == NULL) {
            ids = ngx_palloc(r->pool, NGX_HTTP_OFFICE_CONFIG_LIVE_SLICE
                                      * sizeof(ngx_str_t));
            if (ids == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            ctx->nlisted = i;
        }

        if (ngx_http_office_config_entity_id(r->pool, &call->page[i], &ids[n++])
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (n == 0) {
        return NGX_OK;
    }

    ctx->completed = answer;

    ngx_http_office_config_call(r, ctx,
                                ngx_http_office_config_got_page_checkins);

    return oc_store_live(call, ids, n) == NGX_OK
           ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_office_config_got_page_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t         id;
    ngx_uint_t        i, n;
    oc_store_call_t  *call;

    call = &ctx->call;

    for (i = ctx->nlisted, n = 0; n < call->nlive; i++) {

        if (!ngx_http_office_config_is_live(&call->page[i])) {
            continue;
        }

        if (ngx_http_office_config_entity_id(r->pool, &call->page[i], &id) != NGX_OK
            || ngx_http_office_config_insert_checkins(r, ctx, &id,
                                                      &call->live[n++],
                                                      &call->page[i])
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ctx->nlisted = i;

    return ctx->completed(r, ctx);
}


/* The id of a rendered entity, decoded. */

ngx_int_t
ngx_http_office_config_entity_id(ngx_pool_t *pool, ngx_str_t *json,
    ngx_str_t *id)
{
    u_char     *p, *last;
    ngx_str_t   name, value;

    last = json->data + json->len - 1;

    for (p = json->data + 1; p; /* void */) {
        p = oc_span_next(p, last, &name, &value);

        if (p && name.len == 2 && ngx_strncmp(name.data, "id", 2) == 0) {
            break;
        }
    }

    if (p == NULL || value.len < 2) {
        return NGX_ERROR;
    }

    return ngx_http_office_config_decoded(pool, &value, id);
}


/* A copy of a JSON string without its quotes and escapes. */

ngx_int_t
ngx_http_office_config_decoded(ngx_pool_t *pool, ngx_str_t *json,
    ngx_str_t *text)
{
    text->len = json->len - 2;
    text->data = ngx_pnalloc(pool, json->len);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text->data, json->data + 1, text->len);

    text->len = oc_span_unescape(text->data, text->len);

    return NGX_OK;
}


/* Puts summary and check-ins where the entity has them. */

static ngx_int_t
ngx_http_office_config_insert_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, oc_store_live_t *live,
    ngx_str_t *json)
{
    u_char      *p, *next, *last;
    oc_buf_t     b;
    ngx_int_t    rc;
    ngx_str_t    name, value;
    oc_arena_t   arena;

    oc_arena_init(&arena, (size_t) -1);
    oc_buf_init(&b, &arena, json->len + 1024 + 512 * live->nrecords);

    oc_buf_char(&b, '{');

    rc = NGX_OK;
    last = json->data + json->len - 1;

    for (p = json->data + 1; rc == NGX_OK; p = next) {

        next = oc_span_next(p, last, &name, &value);
        if (next == NULL) {
            break;
        }

        if (p != json->data + 1) {
            oc_buf_char(&b, ',');
        }

        if (name.len >= sizeof("checkinStatuses") - 1
            && ngx_strncmp(name.data + name.len - 14, "heckinStatuses", 14)
               == 0)
        {
            rc = ngx_http_office_config_write_checkins(r, ctx, id, live, &name,
                                                       &b);
            continue;
        }

        oc_buf_char(&b, '"');
        oc_buf_str(&b, &name);
        oc_buf_literal(&b, "\":");

        if (name.len >= sizeof("CheckinSummary") - 1
            && ngx_strncmp(name.data + name.len - 14, "CheckinSummary", 14)
               == 0)
        {
            if (live->found) {
                oc_buf_str(&b, &live->summary);

            } else {
                oc_buf_literal(&b, OC_SUMMARY_ZERO);
            }

            continue;
        }

        oc_buf_str(&b, &value);
    }

    oc_buf_char(&b, '}');

    if (rc == NGX_OK && !b.failed) {
        json->len = oc_buf_len(&b);
        json->data = ngx_pnalloc(r->pool, json->len);

        if (json->data) {
            ngx_memcpy(json->data, b.start, json->len);

        } else {
            rc = NGX_ERROR;
        }

    } else {
        rc = NGX_ERROR;
    }

    oc_arena_free(&arena);

    return rc;
}


/*
 * The member with the newest check-ins, and if these are not all, in front of
 * it their number and the link to the others (OData JSON Format 4.01, 4.6.5,
 * 4.6.8).
 */

static ngx_int_t
ngx_http_office_config_write_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, oc_store_live_t *live,
    ngx_str_t *name, oc_buf_t *b)
{
    ngx_str_t   url;
    ngx_uint_t  i;

    if (live->count > live->nrecords) {
        if (ngx_http_office_config_rest_url(r, ctx, id, live, &url)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        oc_buf_char(b, '"');
        oc_buf_str(b, name);
        oc_buf_literal(b, "@odata.count\":");
        oc_buf_int(b, live->count);
        oc_buf_literal(b, ",\"");
        oc_buf_str(b, name);
        oc_buf_literal(b, "@odata.nextLink\":");
        oc_buf_json_string(b, url.data, url.len);
        oc_buf_char(b, ',');
    }

    oc_buf_char(b, '"');
    oc_buf_str(b, name);
    oc_buf_literal(b, "\":[");

    for (i = 0; i < live->nrecords; i++) {

        if (i) {
            oc_buf_char(b, ',');
        }

        if (oc_checkin_write(b, &live->records[i]) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "unexpected data in Redis: a check-in");
            return NGX_ERROR;
        }
    }

    oc_buf_char(b, ']');

    return NGX_OK;
}


/*
 * The URL of the check-ins that an entity does not show: all, from the first
 * on, but those whose keys are in the token.
 */

static ngx_int_t
ngx_http_office_config_rest_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, oc_store_live_t *live,
    ngx_str_t *url)
{
    u_char                             *p;
    u_char                              bound[OC_SEAL_DIGEST_LEN];
    ngx_str_t                           token;
    ngx_uint_t                          i;
    ngx_http_office_config_resource_e   resource;
    ngx_http_office_config_position_t   position;

    static u_char  none[OC_CHECKIN_KEY_LEN];

    p = ngx_pnalloc(r->pool,
                    live->nrecords * NGX_HTTP_OFFICE_CONFIG_SEEN_LEN + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&position, sizeof(ngx_http_office_config_position_t));

    position.count = -1;
    position.id.data = none;
    position.id.len = OC_CHECKIN_KEY_LEN;
    position.seen = p;
    position.nseen = live->nrecords;

    for (i = 0; i < live->nrecords; i++) {

        if (live->records[i].len <= OC_CHECKIN_HEAD_LEN) {
            return NGX_ERROR;
        }

        p = ngx_cpymem(p, live->records[i].data,
                       NGX_HTTP_OFFICE_CONFIG_SEEN_LEN);
    }

    resource = id->len ? NGX_HTTP_OFFICE_CONFIG_CHECKINS
                       : NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS;

    if (ngx_http_office_config_bind(ctx, resource, id, NULL, bound) != NGX_OK
        || ngx_http_office_config_token_write(r->pool, ctx->secret, bound,
                                              NGX_HTTP_OFFICE_CONFIG_BY_PLACE,
                                              &position, &token)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_office_config_checkins_url(r, ctx, id, &token, url);
}


/*
 * The URL of a page of the check-ins of a configuration, or, "id" being
 * empty, of the tenant, that begins where a token says.
 */

static ngx_int_t
ngx_http_office_config_checkins_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, ngx_str_t *token,
    ngx_str_t *url)
{
    u_char     *p;
    ngx_str_t   item;

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (id->len) {
        if (ngx_http_office_config_item_url(r, ctx, id, &item) != NGX_OK) {
            return NGX_ERROR;
        }

    } else {
        item = ctx->base;
    }

    p = ngx_pnalloc(r->pool, item.len + token->len
                             + sizeof("/officeConfiguration"
                                      "/tenantCheckinStatuses"
                                      "?$skiptoken=") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    p = ngx_cpymem(p, item.data, item.len);

    if (id->len) {
        p = ngx_sprintf(p, "/checkinStatuses?$skiptoken=%V", token);

    } else {
        p = ngx_sprintf(p, "/officeConfiguration/tenantCheckinStatuses"
                           "?$skiptoken=%V", token);
    }

    url->len = p - url->data;

    return NGX_OK;
}
