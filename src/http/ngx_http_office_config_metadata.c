
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_md5.h>

#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "oc_csdl.h"


static ngx_int_t ngx_http_office_config_csdl_render(ngx_conf_t *cf,
    ngx_http_office_config_csdl_t *csdl, ngx_uint_t format,
    const char *version);


/*
 * Renders $metadata in all its forms, in the configuration's pool: the workers
 * share the memory.
 */

ngx_int_t
ngx_http_office_config_metadata_init(ngx_conf_t *cf,
    ngx_http_office_config_main_conf_t *omcf)
{
    ngx_uint_t  format;

    for (format = 0;
         format < NGX_HTTP_OFFICE_CONFIG_CSDL_N;
         format += NGX_HTTP_OFFICE_CONFIG_CSDL_JSON)
    {
        if (ngx_http_office_config_csdl_render(cf, &omcf->csdl[format],
                                               format, "4.0")
            != NGX_OK
            || ngx_http_office_config_csdl_render(cf, &omcf->csdl[format + 1],
                                                  format, "4.01")
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_csdl_render(ngx_conf_t *cf,
    ngx_http_office_config_csdl_t *csdl, ngx_uint_t format,
    const char *version)
{
    u_char      digest[16];
    oc_buf_t    b;
    ngx_md5_t   md5;
    oc_arena_t  arena;

    oc_arena_init(&arena, (size_t) -1);
    oc_buf_init(&b, &arena, 16384);

    if (format == NGX_HTTP_OFFICE_CONFIG_CSDL_XML) {
        oc_csdl_xml(&b, version);

    } else {
        oc_csdl_json(&b, version);
    }

    csdl->text.data = NULL;

    if (!b.failed) {
        csdl->text.len = oc_buf_len(&b);
        csdl->text.data = ngx_pnalloc(cf->pool, csdl->text.len);
    }

    if (csdl->text.data) {
        ngx_memcpy(csdl->text.data, b.start, csdl->text.len);

        ngx_md5_init(&md5);
        ngx_md5_update(&md5, csdl->text.data, csdl->text.len);
        ngx_md5_final(digest, &md5);

        (void) ngx_hex_dump(csdl->etag, digest, OC_ETAG_LEN / 2);
    }

    oc_arena_free(&arena);

    return csdl->text.data ? NGX_OK : NGX_ERROR;
}


/* GET of $metadata, which no store is asked for. */

ngx_int_t
ngx_http_office_config_metadata(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    off_t                                total;
    ngx_int_t                            rc;
    ngx_str_t                            digits, type;
    ngx_uint_t                           format;
    ngx_chain_t                         *out, **last;
    ngx_http_office_config_csdl_t       *csdl;
    ngx_http_office_config_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_office_config_module);

    format = ctx->format.xml ? NGX_HTTP_OFFICE_CONFIG_CSDL_XML
                             : NGX_HTTP_OFFICE_CONFIG_CSDL_JSON;

    csdl = &omcf->csdl[format + ngx_http_office_config_is_401(ctx)];

    digits.data = csdl->etag;
    digits.len = OC_ETAG_LEN;

    if (ngx_http_office_config_strong_etag(r, &digits) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_office_config_check_etag(r, &digits);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ctx->format.xml) {
        ngx_str_set(&type, "application/xml;charset=utf-8");
        ngx_http_office_config_media_type(r, ctx, &type);
    }

    total = 0;
    last = &out;

    if (ngx_http_office_config_append(r, &last, csdl->text.data,
                                      csdl->text.len, &total)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
}


/*
 * GET of the service document (OData JSON Format 4.01, 5): the singleton, by
 * its URL relative to the context.
 */

ngx_int_t
ngx_http_office_config_service(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    off_t         total;
    u_char       *p;
    size_t        len;
    ngx_chain_t  *out, **last;

    len = sizeof("{\"@odata.context\":\"/$metadata\",") - 1
          + oc_json_escaped_len(ctx->base.data, ctx->base.len);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    total = 0;
    last = &out;

    if (ngx_http_office_config_append(r, &last, p, len, &total) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(p, "{\"@odata.context\":\"",
                   sizeof("{\"@odata.context\":\"") - 1);
    p = oc_json_escape(p, ctx->base.data, ctx->base.len);
    ngx_memcpy(p, "/$metadata\",", sizeof("/$metadata\",") - 1);

    if (ngx_http_office_config_append_literal(r, &last,
                "\"value\":[{\"name\":\"" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME
                "\",\"kind\":\"Singleton\",\"url\":\""
                NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME "\"}]}", &total)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
}
