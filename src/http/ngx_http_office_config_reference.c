
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "ngx_http_office_config_scan.h"
#include "oc_buf.h"


/*
 * Puts the reference to an entity (OData JSON Format 4.01, 14) in the place of
 * its JSON, in the request's pool.  "id" is that of the configuration that has
 * it as an assignment; NULL if it is a configuration.
 */

ngx_int_t
ngx_http_office_config_make_reference(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *id, ngx_str_t *json)
{
    u_char     *p;
    ngx_str_t   key, owner, url;

    if (ngx_http_office_config_entity_id(r->pool, json, &key) != NGX_OK
        || ngx_http_office_config_item_url(r, ctx, id ? id : &key, &url)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (id) {
        owner = url;

        if (ngx_http_office_config_contained_url(r->pool, &owner, &key, &url)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    p = ngx_pnalloc(r->pool, sizeof("{\"@odata.id\":\"\"}") - 1
                             + oc_json_escaped_len(url.data, url.len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    json->data = p;

    p = ngx_cpymem(p, "{\"@odata.id\":\"", sizeof("{\"@odata.id\":\"") - 1);
    p = oc_json_escape(p, url.data, url.len);
    p = ngx_cpymem(p, "\"}", 2);

    json->len = p - json->data;

    return NGX_OK;
}


/*
 * Answers with references to what is on the page in ctx->call (OData 4.01
 * Protocol, 11.2.8).  Returns what the request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_send_references(ngx_http_office_config_list_t *list)
{
    ngx_str_t                      *id, fragment;
    ngx_uint_t                      i;
    ngx_http_office_config_ctx_t   *ctx;

    ctx = list->ctx;

    id = (ctx->route.resource == NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF)
         ? &ctx->route.id : NULL;

    for (i = 0; i < ctx->call.npage; i++) {
        if (ngx_http_office_config_make_reference(list->request, ctx, id,
                                             &ctx->call.page[i])
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_str_set(&fragment, "Collection($ref)");

    return ngx_http_office_config_list_send(list, &fragment);
}
