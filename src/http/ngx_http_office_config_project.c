
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_control.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_route.h"


static ngx_uint_t ngx_http_office_config_has_key(oc_select_t *select,
    ngx_str_t *json);
static ngx_int_t ngx_http_office_config_entity_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type, ngx_str_t *id,
    ngx_str_t *json, ngx_str_t *url);


/* Leaves of the request's entity, or of one in its page, what $select has. */

ngx_int_t
ngx_http_office_config_project(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *json)
{
    const oc_type_t  *type;

    switch (ctx->route.resource) {

    case NGX_HTTP_OFFICE_CONFIG_SINGLETON:
        type = &oc_type_office_configuration;
        break;

    case NGX_HTTP_OFFICE_CONFIG_ASSIGN:
    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT:
    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS:
        type = &oc_type_assignment;
        break;

    case NGX_HTTP_OFFICE_CONFIG_CHECKINS:
    case NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS:
        type = &oc_type_checkin_status;
        break;

    default:
        type = &oc_type_configuration;
    }

    return ngx_http_office_config_project_entity(r, ctx, &ctx->query.select,
                                                 type, &ctx->route.id, json);
}


/*
 * The same for an entity of "type", which the configuration "id" contains if
 * it is an assignment.  An entity that has lost its key has its URL instead
 * (OData JSON Format 4.01, 4.6.9).  Memory is the request's.
 */

ngx_int_t
ngx_http_office_config_project_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, oc_select_t *select,
    const oc_type_t *type, ngx_str_t *id, ngx_str_t *json)
{
    u_char     *p, *last;
    ngx_str_t   url;

    ngx_str_null(&url);

    if (type->flags & OC_TYPE_ENTITY
        && !ngx_http_office_config_has_key(select, json)
        && ngx_http_office_config_entity_url(r, ctx, type, id, json, &url)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (oc_select_project(select, json, json, r->pool) != NGX_OK) {
        return NGX_ERROR;
    }

    if (url.len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, sizeof("{\"@odata.id\":\"\",") - 1
                             + oc_json_escaped_len(url.data, url.len)
                             + json->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(p, "{\"@odata.id\":\"",
                      sizeof("{\"@odata.id\":\"") - 1);
    last = oc_json_escape(last, url.data, url.len);

    *last++ = '"';

    if (json->len > 2) {
        *last++ = ',';
    }

    last = ngx_cpymem(last, json->data + 1, json->len - 1);

    json->len = last - p;
    json->data = p;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_office_config_has_key(oc_select_t *select, ngx_str_t *json)
{
    ngx_uint_t        i;
    const oc_type_t  *type;

    type = oc_select_type(json);

    for (i = 0; i < select->n; i++) {
        if (!oc_select_applies(select->items[i].type, type)) {
            continue;
        }

        if (ngx_http_office_config_is(&select->items[i].name, "id")
            || ngx_http_office_config_is(&select->items[i].name, "*"))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_office_config_entity_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type, ngx_str_t *id,
    ngx_str_t *json, ngx_str_t *url)
{
    ngx_str_t                        key, item;
    ngx_http_office_config_about_t   about;

    if (type == &oc_type_office_configuration) {
        return ngx_http_office_config_singleton_url(r, ctx, url);
    }

    ngx_http_office_config_about(json, &about);

    if (about.key.len <= 2) {
        return NGX_OK;
    }

    if (ngx_http_office_config_decoded(r->pool, &about.key, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    if (type == &oc_type_configuration) {
        return ngx_http_office_config_item_url(r, ctx, &key, url);
    }

    if (ngx_http_office_config_item_url(r, ctx, id, &item) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_office_config_contained_url(r->pool, &item, &key, url);
}
