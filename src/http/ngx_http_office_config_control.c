
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_control.h"
#include "ngx_http_office_config_format.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_span.h"


/* what a body is: an object, or a collection or a value in its "value" */

typedef struct {
    const oc_type_t      *type;       /* NULL: of no type of the model */
    const oc_property_t  *property;   /* whose value it is; NULL: none */
    ngx_str_t             url;        /* of the entity, or of the container */
    ngx_uint_t            value;      /* in "value" */
} ngx_http_office_config_payload_t;


static ngx_int_t ngx_http_office_config_payload(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_payload_t *payload);
static ngx_int_t ngx_http_office_config_flatten(ngx_http_request_t *r,
    ngx_chain_t *out, off_t len, ngx_str_t *text);
static ngx_int_t ngx_http_office_config_write_body(
    ngx_http_office_config_walk_t *w, ngx_str_t *json,
    ngx_http_office_config_payload_t *payload);


/*
 * Makes of a body with minimal control information one with that which was
 * negotiated (OData JSON Format 4.01, 3.1, 3.2, 4.5): minimal, the usual
 * level, is what is stored and costs nothing here.
 *
 * In and out: the body and its length.  Memory is the request's.
 */

ngx_int_t
ngx_http_office_config_control(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_chain_t **out, off_t *len)
{
    u_char                            *p;
    ngx_int_t                          rc;
    ngx_str_t                          text;
    oc_arena_t                         arena;
    ngx_chain_t                      **last;
    ngx_http_office_config_walk_t      w;
    ngx_http_office_config_payload_t   payload;

    w.format = &ctx->format;

    if (w.format->level == OC_LEVEL_MINIMAL
        && !w.format->ieee && !w.format->streaming)
    {
        return NGX_OK;
    }

    rc = ngx_http_office_config_payload(r, ctx, &payload);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_office_config_flatten(r, *out, *len, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    oc_arena_init(&arena, (size_t) -1);

    w.request = r;
    w.ctx = ctx;

    oc_buf_init(&w.buf, &arena,
                w.format->level == OC_LEVEL_FULL ? 3 * text.len + 1024
                                                 : text.len + 256);

    rc = ngx_http_office_config_write_body(&w, &text, &payload);

    if (rc == NGX_OK && w.buf.failed) {
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        p = ngx_pnalloc(r->pool, oc_buf_len(&w.buf));

        if (p == NULL) {
            rc = NGX_ERROR;

        } else {
            ngx_memcpy(p, w.buf.start, oc_buf_len(&w.buf));

            *len = 0;
            last = out;

            rc = ngx_http_office_config_append(r, &last, p,
                                               oc_buf_len(&w.buf), len);
        }
    }

    oc_arena_free(&arena);

    return rc;
}


/*
 * What the answer to this request is.  NGX_OK; NGX_DECLINED if it stays as it
 * is; NGX_ERROR if memory is out.
 */

static ngx_int_t
ngx_http_office_config_payload(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_payload_t *payload)
{
    ngx_uint_t                       post;
    ngx_http_office_config_route_t  *route;

    ngx_memzero(payload, sizeof(ngx_http_office_config_payload_t));

    route = &ctx->route;
    post = (r->method == NGX_HTTP_POST);

    switch (route->resource) {

    case NGX_HTTP_OFFICE_CONFIG_SERVICE:
        return NGX_OK;

    case NGX_HTTP_OFFICE_CONFIG_SINGLETON:
        payload->type = &oc_type_office_configuration;

        return ngx_http_office_config_singleton_url(r, ctx, &payload->url);

    case NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS:
    case NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF:
        payload->type = &oc_type_configuration;

        if (post) {
            return ngx_http_office_config_item_url(r, ctx, &ctx->id,
                                                   &payload->url);
        }

        payload->value = 1;

        return NGX_OK;

    case NGX_HTTP_OFFICE_CONFIG_CONFIGURATION:
        payload->type = &oc_type_configuration;

        return ngx_http_office_config_item_url(r, ctx, &route->id,
                                               &payload->url);

    case NGX_HTTP_OFFICE_CONFIG_ASSIGN:
    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS:
    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF:
        payload->type = &oc_type_assignment;

        if (post && route->resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS) {
            return ngx_http_office_config_assignment_url(r, ctx,
                                                         &payload->url);
        }

        payload->value = 1;

        return ngx_http_office_config_item_url(r, ctx, &route->id,
                                               &payload->url);

    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT:
        payload->type = &oc_type_assignment;

        return ngx_http_office_config_assignment_url(r, ctx, &payload->url);

    case NGX_HTTP_OFFICE_CONFIG_CHECKINS:
    case NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS:

        if (post) {
            return NGX_OK;
        }

        /* fall through */

    case NGX_HTTP_OFFICE_CONFIG_SINGLETON_PROPERTY:
    case NGX_HTTP_OFFICE_CONFIG_PROPERTY:
    case NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE:
    case NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX:
        payload->property = route->member ? route->member : route->property;
        payload->type = payload->property->type;
        payload->value = (payload->property->edm != OC_EDM_COMPLEX
                          || payload->property->flags
                             & OC_PROPERTY_COLLECTION);
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


/* The body in one piece of memory. */

static ngx_int_t
ngx_http_office_config_flatten(ngx_http_request_t *r, ngx_chain_t *out,
    off_t len, ngx_str_t *text)
{
    u_char  *p;

    if (out->next == NULL) {
        text->data = out->buf->pos;
        text->len = out->buf->last - out->buf->pos;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, (size_t) len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    for ( /* void */ ; out; out = out->next) {
        p = ngx_cpymem(p, out->buf->pos, out->buf->last - out->buf->pos);
    }

    text->len = p - text->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_write_body(ngx_http_office_config_walk_t *w,
    ngx_str_t *json, ngx_http_office_config_payload_t *payload)
{
    u_char                          *p, *last;
    ngx_int_t                        rc;
    ngx_str_t                        name, value, none;
    ngx_http_office_config_about_t   about;

    if (!payload->value) {
        return ngx_http_office_config_write_object(w, json, payload->type,
                                                   &payload->url);
    }

    ngx_str_null(&none);

    ngx_http_office_config_about(json, &about);

    oc_buf_char(&w->buf, '{');

    if (w->format->level != OC_LEVEL_NONE) {
        ngx_http_office_config_write_span(w, "@odata.context",
                                          &about.context);
    }

    if (w->format->level == OC_LEVEL_FULL && payload->property
        && (payload->property->flags & OC_PROPERTY_COLLECTION
            || (payload->property->edm != OC_EDM_STRING
                && payload->property->edm != OC_EDM_BOOLEAN)))
    {
        ngx_http_office_config_write_name(w, &none, "@odata.type");
        ngx_http_office_config_write_type(w, NULL, payload->property);
    }

    last = json->data + json->len - 1;

    for (p = json->data + 1; /* void */ ; ) {

        p = oc_span_next(p, last, &name, &value);
        if (p == NULL) {
            break;
        }

        if (ngx_http_office_config_is_about(&name)) {
            continue;
        }

        if (ngx_http_office_config_is(&name, "value")) {
            ngx_http_office_config_write_name(w, &name, "");

            rc = ngx_http_office_config_write_value(w, &value, payload->type,
                                                    &payload->url);

        } else {
            rc = ngx_http_office_config_write_member(w, &name, &value, NULL,
                                                     &none);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    oc_buf_char(&w->buf, '}');

    return NGX_OK;
}
