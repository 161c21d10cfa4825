
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


/* of what a token says; another layout of it has another number */

#define NGX_HTTP_OFFICE_CONFIG_TOKEN_VERSION  1

/* version, order, items to pass over, size of a page, count */

#define NGX_HTTP_OFFICE_CONFIG_TOKEN_HEAD  (2 + 4 + 2 + 8)


static u_char *ngx_http_office_config_put(u_char *p, uint64_t n,
    ngx_uint_t bytes);
static uint64_t ngx_http_office_config_take(u_char **p, ngx_uint_t bytes);
static ngx_int_t ngx_http_office_config_token_parse(ngx_str_t *text,
    ngx_http_office_config_order_e order,
    ngx_http_office_config_position_t *position);
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


/* Whether a text is of the kind that tokens are: no secret is needed. */

ngx_uint_t
ngx_http_office_config_is_token(ngx_str_t *token)
{
    size_t  i;

    static const u_char  other[] = "-_";

    for (i = 0; i < token->len; i++) {
        if (!isalnum(token->data[i])
            && ngx_strlchr((u_char *) other, (u_char *) other + 2,
                           token->data[i])
               == NULL)
        {
            return 0;
        }
    }

    return token->len / 4 * 3
           >= OC_SEAL_LEN + NGX_HTTP_OFFICE_CONFIG_TOKEN_HEAD
           && token->len % 4 != 1;
}


/*
 * Reads the request's $skiptoken with ctx->secret.  NGX_OK; NGX_DECLINED if it
 * was not made for this; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_token_read(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const u_char *bound,
    ngx_http_office_config_order_e order,
    ngx_http_office_config_position_t *position)
{
    ngx_int_t  rc;
    ngx_str_t  sealed, text, *token;

    token = &ctx->query.skiptoken;

    sealed.data = ngx_pnalloc(r->pool, ngx_base64_decoded_length(token->len));
    text.data = ngx_pnalloc(r->pool, ngx_base64_decoded_length(token->len));

    if (sealed.data == NULL || text.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_decode_base64url(&sealed, token) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = oc_unseal(&text, ctx->secret, bound, &sealed);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_office_config_token_parse(&text, order, position);
}


/* What is sealed is our own; a later version may have said more. */

static ngx_int_t
ngx_http_office_config_token_parse(ngx_str_t *text,
    ngx_http_office_config_order_e order,
    ngx_http_office_config_position_t *position)
{
    u_char  *p, *last;
    size_t   len;

    p = text->data;
    last = p + text->len;

    if (text->len < NGX_HTTP_OFFICE_CONFIG_TOKEN_HEAD
        || p[0] != NGX_HTTP_OFFICE_CONFIG_TOKEN_VERSION || p[1] != order)
    {
        return NGX_DECLINED;
    }

    p += 2;

    position->skip = (ngx_uint_t) ngx_http_office_config_take(&p, 4);
    position->size = (ngx_uint_t) ngx_http_office_config_take(&p, 2);
    position->count = (int64_t) ngx_http_office_config_take(&p, 8);
    position->given = 1;

    switch (order) {

    case NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY:
        if (last - p < 4) {
            return NGX_DECLINED;
        }

        position->priority = (int32_t) ngx_http_office_config_take(&p, 4);
        break;

    case NGX_HTTP_OFFICE_CONFIG_BY_PLACE:
        if (last - p < 4 + OC_CHECKIN_KEY_LEN) {
            return NGX_DECLINED;
        }

        position->place = (uint32_t) ngx_http_office_config_take(&p, 4);
        position->id.data = p;
        position->id.len = OC_CHECKIN_KEY_LEN;
        p += OC_CHECKIN_KEY_LEN;

        position->seen = p;
        position->nseen = (last - p) / NGX_HTTP_OFFICE_CONFIG_SEEN_LEN;

        return NGX_OK;

    case NGX_HTTP_OFFICE_CONFIG_BY_KEY:
        if (last - p < 2) {
            return NGX_DECLINED;
        }

        len = (size_t) ngx_http_office_config_take(&p, 2);

        if ((size_t) (last - p) < len) {
            return NGX_DECLINED;
        }

        position->key.data = p;
        position->key.len = len;
        p += len;
        break;

    default: /* NGX_HTTP_OFFICE_CONFIG_BY_ID */
        break;
    }

    position->id.data = p;
    position->id.len = last - p;

    return NGX_OK;
}


/* Makes the token of a position, as it goes into a URL. */

ngx_int_t
ngx_http_office_config_token_write(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const u_char *bound,
    ngx_http_office_config_order_e order,
    const ngx_http_office_config_position_t *position, ngx_str_t *token)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   text, sealed;

    len = NGX_HTTP_OFFICE_CONFIG_TOKEN_HEAD + 8 + position->key.len
          + position->id.len
          + position->nseen * NGX_HTTP_OFFICE_CONFIG_SEEN_LEN;

    text.data = ngx_pnalloc(r->pool, len);
    sealed.data = ngx_pnalloc(r->pool, OC_SEAL_LEN + len);
    token->data = ngx_pnalloc(r->pool,
                              ngx_base64_encoded_length(OC_SEAL_LEN + len));

    if (text.data == NULL || sealed.data == NULL || token->data == NULL) {
        return NGX_ERROR;
    }

    p = text.data;

    *p++ = NGX_HTTP_OFFICE_CONFIG_TOKEN_VERSION;
    *p++ = (u_char) order;

    p = ngx_http_office_config_put(p, position->skip, 4);
    p = ngx_http_office_config_put(p, position->size, 2);
    p = ngx_http_office_config_put(p, (uint64_t) position->count, 8);

    switch (order) {

    case NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY:
        p = ngx_http_office_config_put(p, (uint32_t) position->priority, 4);
        break;

    case NGX_HTTP_OFFICE_CONFIG_BY_PLACE:
        p = ngx_http_office_config_put(p, position->place, 4);
        break;

    case NGX_HTTP_OFFICE_CONFIG_BY_KEY:
        p = ngx_http_office_config_put(p, position->key.len, 2);
        p = ngx_cpymem(p, position->key.data, position->key.len);
        break;

    default: /* NGX_HTTP_OFFICE_CONFIG_BY_ID */
        break;
    }

    p = ngx_cpymem(p, position->id.data, position->id.len);

    if (position->nseen) {
        p = ngx_cpymem(p, position->seen,
                       position->nseen * NGX_HTTP_OFFICE_CONFIG_SEEN_LEN);
    }

    text.len = p - text.data;
    sealed.len = OC_SEAL_LEN + text.len;

    if (oc_seal(sealed.data, ctx->secret, bound, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_encode_base64url(token, &sealed);

    return NGX_OK;
}


static u_char *
ngx_http_office_config_put(u_char *p, uint64_t n, ngx_uint_t bytes)
{
    while (bytes--) {
        *p++ = (u_char) (n >> 8 * bytes);
    }

    return p;
}


static uint64_t
ngx_http_office_config_take(u_char **p, ngx_uint_t bytes)
{
    uint64_t  n;

    for (n = 0; bytes; bytes--) {
        n = (n << 8) + *(*p)++;
    }

    return n;
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
    ngx_str_t                        item, name;
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

    switch (route->resource) {

    case NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS:
        ngx_str_set(&name, "assignments");
        break;

    case NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS:
        ngx_str_set(&name, NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME);
        break;

    default:
        name = route->property->name;
    }

    len = item.len + 1 + name.len
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
