
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"


static ngx_uint_t ngx_http_office_config_is_continue(ngx_str_t *name);
static void ngx_http_office_config_preference(
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *name, ngx_str_t *value);


/*
 * Reads the Prefer header (RFC 7240, 2; OData 4.01 Protocol, 8.2.8): of a
 * preference that is given twice the first counts; unknown ones are passed
 * over.
 */

void
ngx_http_office_config_prefer(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    u_char      *p, *last, *end, *stop, *equals;
    ngx_str_t    name, value;

    p = ctx->headers.prefer.data;
    last = p + ctx->headers.prefer.len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = oc_format_unquoted(p, last, ',');
        stop = oc_format_unquoted(p, end, ';');

        equals = ngx_strlchr(p, stop, '=');

        name.data = p;
        name.len = (equals ? equals : stop) - p;

        value.data = equals ? equals + 1 : stop;
        value.len = stop - value.data;

        oc_format_trim(&name);
        oc_format_trim(&value);

        if (value.len >= 2 && value.data[0] == '"'
            && value.data[value.len - 1] == '"')
        {
            value.data++;
            value.len -= 2;
        }

        ngx_http_office_config_preference(ctx, &name, &value);
    }
}


/* With the prefix of OData 4.0 and without it. */

static ngx_uint_t
ngx_http_office_config_is_continue(ngx_str_t *name)
{
    size_t  len;

    len = sizeof("continue-on-error") - 1;

    return (name->len == len
            || (name->len == sizeof("odata.") - 1 + len
                && ngx_strncasecmp(name->data, (u_char *) "odata.",
                                   sizeof("odata.") - 1)
                   == 0))
           && ngx_strncasecmp(name->data + name->len - len,
                              (u_char *) "continue-on-error", len)
              == 0;
}


static void
ngx_http_office_config_preference(ngx_http_office_config_ctx_t *ctx,
    ngx_str_t *name, ngx_str_t *value)
{
    ngx_int_t  n;
    ngx_str_t  bare;

    bare = *name;

    if (bare.len > 6
        && ngx_strncasecmp(bare.data, (u_char *) "odata.", 6) == 0)
    {
        bare.data += 6;
        bare.len -= 6;
    }

    if (bare.len == sizeof("maxpagesize") - 1
        && ngx_strncasecmp(bare.data, (u_char *) "maxpagesize", bare.len)
           == 0)
    {
        n = ngx_atoi(value->data, value->len);

        if (n > 0 && ctx->page_size == 0) {
            ctx->page_size = n;
        }

        return;
    }

    if (ngx_http_office_config_is_continue(name)) {

        if (!ctx->proceed_given) {
            ctx->proceed_given = 1;
            ctx->proceed = value->len == 0
                           || (value->len == sizeof("true") - 1
                               && ngx_strncasecmp(value->data,
                                                  (u_char *) "true",
                                                  value->len)
                                  == 0);
        }

        return;
    }

    if (name->len != sizeof("return") - 1
        || ngx_strncasecmp(name->data, (u_char *) "return", name->len) != 0
        || ctx->preferred)
    {
        return;
    }

    ctx->preferred = 1;

    if (value->len == sizeof("minimal") - 1
        && ngx_strncasecmp(value->data, (u_char *) "minimal", value->len) == 0)
    {
        ctx->minimal = 1;

    } else if (value->len == sizeof("representation") - 1
               && ngx_strncasecmp(value->data, (u_char *) "representation",
                                  value->len)
                  == 0)
    {
        ctx->representation = 1;
    }
}


/* Whether a batch is to go on after an error; -1 if it is not said. */

ngx_int_t
ngx_http_office_config_continue_on_error(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_http_office_config_prefer(r, ctx);

    return ctx->proceed_given ? (ngx_int_t) ctx->proceed : -1;
}


/*
 * Says which preference was honoured: writes have one, collections have one.
 */

ngx_int_t
ngx_http_office_config_preference_applied(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  value;

    if (ctx->minimal) {
        ngx_str_set(&value, "return=minimal");

    } else if (ctx->representation) {
        ngx_str_set(&value, "return=representation");

    } else if (ctx->list && ctx->page_size) {

        value.data = ngx_pnalloc(r->pool, sizeof("odata.maxpagesize=") - 1
                                          + NGX_INT_T_LEN);
        if (value.data == NULL) {
            return NGX_ERROR;
        }

        value.len = ngx_sprintf(value.data, "odata.maxpagesize=%ui",
                                ctx->page_size)
                    - value.data;

    } else {
        return NGX_OK;
    }

    return ngx_http_office_config_add_header(r, "Preference-Applied", &value);
}
