
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"


static ngx_uint_t ngx_http_office_config_acceptable(ngx_str_t *accept,
    const ngx_str_t *ranges);
static ngx_uint_t ngx_http_office_config_q_zero(u_char *p, u_char *last);


/*
 * Whether Accept lets through what the operation answers with.  For text, JSON
 * will do as well: there are clients that ask for nothing else.
 */

ngx_uint_t
ngx_http_office_config_accepted(ngx_http_office_config_ctx_t *ctx,
    ngx_uint_t media)
{
    /* from the least specific one */

    static const ngx_str_t  json[] = {
        ngx_string("*/*"),
        ngx_string("application/*"),
        ngx_string("application/json")
    };

    static const ngx_str_t  text[] = {
        ngx_string("*/*"),
        ngx_string("text/*"),
        ngx_string("text/plain")
    };

    static const ngx_str_t  mixed[] = {
        ngx_string("*/*"),
        ngx_string("multipart/*"),
        ngx_string("multipart/mixed")
    };

    if (media == NGX_HTTP_OFFICE_CONFIG_ANY) {
        return 1;
    }

    if (media == NGX_HTTP_OFFICE_CONFIG_MULTIPART) {
        return ngx_http_office_config_acceptable(&ctx->headers.accept, mixed);
    }

    if ((media == NGX_HTTP_OFFICE_CONFIG_TEXT || ctx->route.value)
        && ngx_http_office_config_acceptable(&ctx->headers.accept, text))
    {
        return 1;
    }

    return ngx_http_office_config_acceptable(&ctx->headers.accept, json);
}


/*
 * Whether Accept (RFC 9110, 12.5.1) has one of these ranges: the most specific
 * one says so.  Other parameters than "q" choose nothing yet: every answer has
 * minimal control information.
 */

static ngx_uint_t
ngx_http_office_config_acceptable(ngx_str_t *accept, const ngx_str_t *ranges)
{
    u_char      *p, *last, *end, *semicolon;
    size_t       len;
    ngx_uint_t   i, best, accepted;

    best = 0;
    accepted = 0;

    p = accept->data;
    last = p + accept->len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, ',');
        if (end == NULL) {
            end = last;
        }

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        semicolon = ngx_strlchr(p, end, ';');
        len = (semicolon ? semicolon : end) - p;

        while (len && (p[len - 1] == ' ' || p[len - 1] == '\t')) {
            len--;
        }

        for (i = best; i < 3; i++) {

            if (len != ranges[i].len
                || ngx_strncasecmp(p, ranges[i].data, len) != 0)
            {
                continue;
            }

            if (i > best) {
                best = i;
                accepted = 0;
            }

            if (!ngx_http_office_config_q_zero(semicolon, end)) {
                accepted = 1;
            }
        }
    }

    return accepted;
}


/* Whether the parameters from "p" on, NULL for none, contain "q=0". */

static ngx_uint_t
ngx_http_office_config_q_zero(u_char *p, u_char *last)
{
    for ( /* void */ ; p; p = ngx_strlchr(p, last, ';')) {

        p++;

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        if (last - p < 3 || (*p | 0x20) != 'q' || p[1] != '=' || p[2] != '0') {
            continue;
        }

        for (p += 3; p < last && *p != ';'; p++) {
            if (*p >= '1' && *p <= '9') {
                return 0;
            }
        }

        return 1;
    }

    return 0;
}
