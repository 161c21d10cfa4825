
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_skiptoken.h"
#include "oc_buf.h"
#include "oc_url.h"


static ngx_int_t ngx_http_office_config_collection_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url);
static ngx_uint_t ngx_http_office_config_is_carried(ngx_str_t *segment);
static u_char *ngx_http_office_config_url_text(u_char *dst, ngx_str_t *text);


/*
 * What a token belongs to: the tenant, the collection, and the options that
 * say what is in it and in which order; "query" NULL is none.
 */

ngx_int_t
ngx_http_office_config_bind(ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_resource_e resource, ngx_str_t *id,
    const oc_query_t *query, u_char *bound)
{
    u_char      kind, count;
    ngx_str_t   parts[8 + 2 * OC_ALIAS_MAX];
    ngx_uint_t  i, n;

    kind = (u_char) resource;
    count = (u_char) (query && query->count ? 1 : 0);

    ngx_memzero(parts, sizeof(parts));

    parts[0].data = &kind;
    parts[0].len = 1;
    parts[1] = ctx->call.tenant;
    parts[2] = *id;
    parts[3].data = &count;
    parts[3].len = 1;

    n = 8;

    if (query) {

        if (ctx->route.cast) {
            parts[4] = ctx->route.cast->name;
        }

        parts[5] = query->filter_text;
        parts[6] = query->orderby_text;
        parts[7] = query->search_text;

        for (i = 0; i < query->naliases; i++) {
            parts[n++] = query->aliases[i].name;
            parts[n++] = query->aliases[i].value;
        }
    }

    return oc_seal_digest(bound, parts, n);
}


ngx_int_t
ngx_http_office_config_bad_token(ngx_http_request_t *r)
{
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = NGX_HTTP_BAD_REQUEST;
    ngx_str_set(&problem.message, "A token from a next link of the same query "
                                  "is expected.");
    ngx_str_set(&problem.target, "$skiptoken");

    return ngx_http_office_config_problem(r, &problem);
}


/*
 * The member that leads to the next page, with its comma: the request's URL
 * and its options, but where to begin, and with "top" if that is not 0.
 */

ngx_int_t
ngx_http_office_config_next_link(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const ngx_str_t *token, ngx_uint_t top,
    ngx_str_t *member)
{
    u_char     *p, *start, *end, *last;
    size_t      len;
    ngx_str_t   url, segment;

    if (ngx_http_office_config_collection_url(r, ctx, &url) != NGX_OK) {
        return NGX_ERROR;
    }

    len = url.len + sizeof("?$top=&$skiptoken=") - 1 + NGX_INT_T_LEN
          + token->len + 3 * r->args.len + 1;

    start = ngx_pnalloc(r->pool, len);
    if (start == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(start, url.data, url.len);
    *p++ = '?';

    segment.data = r->args.data;
    last = r->args.data + r->args.len;

    for ( /* void */ ; segment.data < last; segment.data = end + 1) {

        end = ngx_strlchr(segment.data, last, '&');
        if (end == NULL) {
            end = last;
        }

        segment.len = end - segment.data;

        if (segment.len && ngx_http_office_config_is_carried(&segment)) {
            p = ngx_http_office_config_url_text(p, &segment);
            *p++ = '&';
        }
    }

    if (top) {
        p = ngx_sprintf(p, "$top=%ui&", top);
    }

    p = ngx_sprintf(p, "$skiptoken=%V", token);

    url.data = start;
    url.len = p - start;

    member->data = ngx_pnalloc(r->pool,
                               sizeof("\"@odata.nextLink\":\"\",") - 1
                               + oc_json_escaped_len(url.data, url.len));
    if (member->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(member->data, "\"@odata.nextLink\":\"",
                   sizeof("\"@odata.nextLink\":\"") - 1);
    p = oc_json_escape(p, url.data, url.len);
    *p++ = '"';
    *p++ = ',';

    member->len = p - member->data;

    return NGX_OK;
}


/* The absolute URL of the collection of the route. */

static ngx_int_t
ngx_http_office_config_collection_url(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *url)
{
    u_char                          *p;
    size_t                           len;
    ngx_str_t                        item, name, last;
    ngx_http_office_config_route_t  *route;

    route = &ctx->route;

    if (ngx_http_office_config_base(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (route->id.len) {
        if (ngx_http_office_config_item_url(r, ctx, &route->id, &item)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

    } else {
        item.len = ctx->base.len
                   + sizeof("/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME) - 1;

        item.data = ngx_pnalloc(r->pool, item.len);
        if (item.data == NULL) {
            return NGX_ERROR;
        }

        p = ngx_cpymem(item.data, ctx->base.data, ctx->base.len);
        ngx_memcpy(p, "/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME,
                   sizeof("/" NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME) - 1);
    }

    ngx_str_null(&last);

    switch (route->resource) {

    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF:
        ngx_str_set(&last, "/$ref");

        /* fall through */

    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS:
        ngx_str_set(&name, "assignments");
        break;

    case NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF:
        ngx_str_set(&last, "/$ref");

        /* fall through */

    case NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS:
        ngx_str_set(&name, NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME);
        break;

    default:
        name = route->property->name;
    }

    len = item.len + 1 + name.len + last.len
          + (route->cast ? sizeof("/" OC_NAMESPACE ".") - 1
                           + route->cast->name.len : 0);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    p = ngx_cpymem(p, item.data, item.len);

    /* the cast is of what is a configuration, one or all of them */

    if (route->cast && route->id.len) {
        p = ngx_sprintf(p, "/" OC_NAMESPACE ".%V", &route->cast->name);
    }

    *p++ = '/';
    p = ngx_cpymem(p, name.data, name.len);

    if (route->cast && route->id.len == 0) {
        p = ngx_sprintf(p, "/" OC_NAMESPACE ".%V", &route->cast->name);
    }

    if (last.len) {
        p = ngx_cpymem(p, last.data, last.len);
    }

    url->len = p - url->data;

    return NGX_OK;
}


/* Whether an option of the query is one of the next page's as well. */

static ngx_uint_t
ngx_http_office_config_is_carried(ngx_str_t *segment)
{
    u_char      *equals, buf[64];
    size_t       len;
    ngx_str_t    name;
    ngx_uint_t   dollar;

    equals = ngx_strlchr(segment->data, segment->data + segment->len, '=');
    len = equals ? (size_t) (equals - segment->data) : segment->len;

    if (len > sizeof(buf)) {
        return 1;
    }

    name.data = buf;

    if (oc_url_decode(&name, segment->data, len, 1) != NGX_OK) {
        return 0;
    }

    switch (oc_query_name(&name, &dollar)) {

    case OC_OPTION_TOP:
    case OC_OPTION_SKIP:
    case OC_OPTION_SKIPTOKEN:
        return 0;

    default:
        return 1;
    }
}


/* Copies a part of a URL; what cannot be in one is encoded. */

static u_char *
ngx_http_office_config_url_text(u_char *dst, ngx_str_t *text)
{
    u_char  *p, *last;

    static const u_char  hex[] = "0123456789ABCDEF";

    last = text->data + text->len;

    for (p = text->data; p < last; p++) {

        if (*p <= ' ' || *p >= 0x7f || ngx_strchr("\"<>\\^`{|}#", *p)) {
            *dst++ = '%';
            *dst++ = hex[*p >> 4];
            *dst++ = hex[*p & 0xf];
            continue;
        }

        *dst++ = *p;
    }

    return dst;
}
