
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * From a position in a list to a $skiptoken and back.  Nothing here needs a
 * request.
 */


#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_skiptoken.h"
#include "oc_base64.h"


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

    return token->len * 3 / 4
           >= OC_SEAL_LEN + NGX_HTTP_OFFICE_CONFIG_TOKEN_HEAD
           && token->len % 4 != 1;
}


/*
 * Reads a token.  NGX_OK; NGX_DECLINED if it was not made with this secret for
 * what has the digest "bound"; NGX_ERROR if memory is out.
 */

ngx_int_t
ngx_http_office_config_token_read(ngx_pool_t *pool, const u_char *secret,
    const u_char *bound, ngx_http_office_config_order_e order,
    const ngx_str_t *token, ngx_http_office_config_position_t *position)
{
    ngx_int_t  rc, len;
    ngx_str_t  sealed, text;

    sealed.data = ngx_pnalloc(pool, token->len * 3 / 4 + 1);
    text.data = ngx_pnalloc(pool, token->len * 3 / 4 + 1);

    if (sealed.data == NULL || text.data == NULL) {
        return NGX_ERROR;
    }

    len = oc_base64url_decode(sealed.data, token->data, token->len);
    if (len == NGX_ERROR) {
        return NGX_DECLINED;
    }

    sealed.len = len;

    rc = oc_unseal(&text, secret, bound, &sealed);

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


/*
 * Makes the token of a position, as it goes into a URL.  NGX_ERROR if memory
 * is out.
 */

ngx_int_t
ngx_http_office_config_token_write(ngx_pool_t *pool, const u_char *secret,
    const u_char *bound, ngx_http_office_config_order_e order,
    const ngx_http_office_config_position_t *position, ngx_str_t *token)
{
    u_char       *p;
    size_t        len;
    ngx_str_t     text, sealed;
    oc_base64_t   b;

    len = NGX_HTTP_OFFICE_CONFIG_TOKEN_HEAD + 8 + position->key.len
          + position->id.len
          + position->nseen * NGX_HTTP_OFFICE_CONFIG_SEEN_LEN;

    text.data = ngx_pnalloc(pool, len);
    sealed.data = ngx_pnalloc(pool, OC_SEAL_LEN + len);
    token->data = ngx_pnalloc(pool, oc_base64url_len(OC_SEAL_LEN + len));

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

    if (oc_seal(sealed.data, secret, bound, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    oc_base64url_init(&b, token->data);
    oc_base64url_update(&b, sealed.data, sealed.len);
    oc_base64url_final(&b);

    token->len = oc_base64url_len(sealed.len);

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
