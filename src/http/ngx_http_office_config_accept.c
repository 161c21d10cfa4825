
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_format.h"


/* how much of a media type a range names, from the least specific one */

#define NGX_HTTP_OFFICE_CONFIG_RANGE_ALL   1
#define NGX_HTTP_OFFICE_CONFIG_RANGE_TYPE  2
#define NGX_HTTP_OFFICE_CONFIG_RANGE_FULL  3

/* a parameter that is not given */

#define NGX_HTTP_OFFICE_CONFIG_ABSENT      -1


typedef enum {
    NGX_HTTP_OFFICE_CONFIG_TYPE_XML = 0,
    NGX_HTTP_OFFICE_CONFIG_TYPE_JSON,
    NGX_HTTP_OFFICE_CONFIG_TYPE_TEXT,
    NGX_HTTP_OFFICE_CONFIG_TYPE_MIXED,
    NGX_HTTP_OFFICE_CONFIG_TYPE_N
} ngx_http_office_config_type_e;


/* a media range of Accept (RFC 9110, 12.5.1) */

typedef struct {
    ngx_uint_t                       names[NGX_HTTP_OFFICE_CONFIG_TYPE_N];
    ngx_int_t                        level;
    ngx_int_t                        ieee;
    ngx_int_t                        streaming;
    ngx_uint_t                       nparameters;
    ngx_uint_t                       weight;       /* in thousandths */
} ngx_http_office_config_range_t;


/* something to answer with, and the range that is most about it */

typedef struct {
    ngx_http_office_config_type_e    type;
    ngx_http_office_config_format_t  format;
    ngx_uint_t                       specific;
    ngx_uint_t                       weight;
    ngx_uint_t                       place;
} ngx_http_office_config_variant_t;


/* XML, text, and JSON by level, IEEE754Compatible and streaming */

#define NGX_HTTP_OFFICE_CONFIG_MAX_VARIANTS  (2 + 3 * 2 * 2)


static ngx_uint_t ngx_http_office_config_variants(
    ngx_http_office_config_variant_t *variants, ngx_uint_t media);
static ngx_int_t ngx_http_office_config_parse_range(
    ngx_http_office_config_range_t *range, u_char *p, u_char *last,
    ngx_uint_t exact);
static void ngx_http_office_config_range_type(
    ngx_http_office_config_range_t *range, ngx_str_t *type, ngx_uint_t exact);
static ngx_int_t ngx_http_office_config_range_parameter(
    ngx_http_office_config_range_t *range, ngx_str_t *name, ngx_str_t *value,
    ngx_uint_t exact);
static ngx_int_t ngx_http_office_config_boolean(ngx_str_t *value);
static ngx_int_t ngx_http_office_config_weight(ngx_str_t *value,
    ngx_uint_t *weight);
static void ngx_http_office_config_rate(
    ngx_http_office_config_variant_t *variant,
    ngx_http_office_config_range_t *range, ngx_uint_t place);


static const ngx_str_t  ngx_http_office_config_types[] = {
    ngx_string("application/xml"),
    ngx_string("application/json"),
    ngx_string("text/plain"),
    ngx_string("multipart/mixed")
};


static ngx_uint_t
ngx_http_office_config_equal(const ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && ngx_strncasecmp(s->data, (u_char *) text, s->len) == 0;
}


/*
 * Chooses what to answer with, by $format or else by Accept (OData 4.01
 * Protocol, 8.2.1, 11.2.12; JSON Format, 3).
 *
 * In: "media" is what the operation answers with.  Text is also taken by
 * clients that ask for nothing but JSON.  Out: ctx->format.  NGX_OK, or
 * NGX_DECLINED if nothing is acceptable: the format is that of an error then.
 */

ngx_int_t
ngx_http_office_config_negotiate(ngx_http_office_config_ctx_t *ctx,
    ngx_uint_t media)
{
    u_char                            *p, *last, *end;
    ngx_str_t                          list;
    ngx_uint_t                         i, n, place, exact;
    ngx_http_office_config_range_t     range;
    ngx_http_office_config_variant_t  *best, *v;
    ngx_http_office_config_variant_t
                             variants[NGX_HTTP_OFFICE_CONFIG_MAX_VARIANTS];

    ctx->format.known = 1;

    exact = (ctx->query.given & oc_option_bit(OC_OPTION_FORMAT)) != 0;

    if (exact) {
        list = ctx->query.format;

    } else if (ctx->headers.has_accept) {
        list = ctx->headers.accept;

    } else {
        ctx->format.xml = (media == NGX_HTTP_OFFICE_CONFIG_CSDL);
        return NGX_OK;
    }

    if (media == NGX_HTTP_OFFICE_CONFIG_VALUE) {
        media = ctx->route.value ? NGX_HTTP_OFFICE_CONFIG_TEXT
                                 : NGX_HTTP_OFFICE_CONFIG_JSON;
    }

    n = ngx_http_office_config_variants(variants, media);

    p = list.data;
    last = p + list.len;

    for (place = 0; p < last; p = end + 1, place++) {

        end = exact ? last : ngx_http_office_config_unquoted(p, last, ',');

        if (ngx_http_office_config_parse_range(&range, p, end, exact)
            != NGX_OK)
        {
            continue;
        }

        for (i = 0; i < n; i++) {
            ngx_http_office_config_rate(&variants[i], &range, place);
        }
    }

    best = NULL;

    for (i = 0; i < n; i++) {
        v = &variants[i];

        if (v->weight == 0) {
            continue;
        }

        if (best == NULL || v->weight > best->weight
            || (v->weight == best->weight && v->type == best->type
                && (v->specific > best->specific
                    || (v->specific == best->specific
                        && v->place < best->place))))
        {
            best = v;
        }
    }

    if (best) {
        ctx->format = best->format;
        ctx->format.known = 1;
        return NGX_OK;
    }

    return media == NGX_HTTP_OFFICE_CONFIG_ANY ? NGX_OK : NGX_DECLINED;
}


/* What there is to choose from, what is preferred first; how many. */

static ngx_uint_t
ngx_http_office_config_variants(ngx_http_office_config_variant_t *variants,
    ngx_uint_t media)
{
    ngx_uint_t                         i, n;
    ngx_http_office_config_variant_t  *v;

    ngx_memzero(variants, NGX_HTTP_OFFICE_CONFIG_MAX_VARIANTS
                          * sizeof(ngx_http_office_config_variant_t));

    n = 0;

    if (media == NGX_HTTP_OFFICE_CONFIG_MULTIPART) {
        variants[n++].type = NGX_HTTP_OFFICE_CONFIG_TYPE_MIXED;
        return n;
    }

    if (media == NGX_HTTP_OFFICE_CONFIG_CSDL) {
        v = &variants[n++];

        v->type = NGX_HTTP_OFFICE_CONFIG_TYPE_XML;
        v->format.xml = 1;
    }

    if (media == NGX_HTTP_OFFICE_CONFIG_TEXT) {
        v = &variants[n++];

        v->type = NGX_HTTP_OFFICE_CONFIG_TYPE_TEXT;
    }

    for (i = 0; i < 3 * 2 * 2; i++) {
        v = &variants[n++];

        v->type = NGX_HTTP_OFFICE_CONFIG_TYPE_JSON;
        v->format.level = i % 3;
        v->format.ieee = i / 3 % 2;
        v->format.streaming = i / 6;
    }

    return n;
}


/*
 * NGX_DECLINED if the range is for nothing that is here, or has a parameter
 * that is not known: that is no format to answer with (OData 4.01 Protocol,
 * 8.2.1).  With "exact" it is a media type or its abbreviation.
 */

static ngx_int_t
ngx_http_office_config_parse_range(ngx_http_office_config_range_t *range,
    u_char *p, u_char *last, ngx_uint_t exact)
{
    u_char     *end, *equals;
    ngx_str_t   name, value;

    ngx_memzero(range, sizeof(ngx_http_office_config_range_t));

    range->level = NGX_HTTP_OFFICE_CONFIG_ABSENT;
    range->ieee = NGX_HTTP_OFFICE_CONFIG_ABSENT;
    range->streaming = NGX_HTTP_OFFICE_CONFIG_ABSENT;
    range->weight = 1000;

    end = ngx_http_office_config_unquoted(p, last, ';');

    name.data = p;
    name.len = end - p;
    ngx_http_office_config_trim(&name);

    if (exact && end == last) {

        if (ngx_http_office_config_equal(&name, "json")) {
            name = ngx_http_office_config_types
                                            [NGX_HTTP_OFFICE_CONFIG_TYPE_JSON];

        } else if (ngx_http_office_config_equal(&name, "xml")) {
            name = ngx_http_office_config_types
                                             [NGX_HTTP_OFFICE_CONFIG_TYPE_XML];
        }
    }

    ngx_http_office_config_range_type(range, &name, exact);

    for (p = end + 1; p < last; p = end + 1) {
        end = ngx_http_office_config_unquoted(p, last, ';');

        equals = ngx_strlchr(p, end, '=');

        name.data = p;
        name.len = (equals ? equals : end) - p;
        ngx_http_office_config_trim(&name);

        value.data = equals ? equals + 1 : end;
        value.len = end - value.data;
        ngx_http_office_config_trim(&value);

        if (name.len == 0 && equals == NULL) {
            continue;
        }

        if (value.len >= 2 && value.data[0] == '"'
            && value.data[value.len - 1] == '"')
        {
            value.data++;
            value.len -= 2;
        }

        if (ngx_http_office_config_range_parameter(range, &name, &value, exact)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static void
ngx_http_office_config_range_type(ngx_http_office_config_range_t *range,
    ngx_str_t *type, ngx_uint_t exact)
{
    size_t      slash;
    ngx_uint_t  i, specific;
    ngx_str_t   whole;

    for (i = 0; i < NGX_HTTP_OFFICE_CONFIG_TYPE_N; i++) {
        specific = 0;
        whole = ngx_http_office_config_types[i];

        if (ngx_http_office_config_equal(type, (char *) whole.data)) {
            specific = NGX_HTTP_OFFICE_CONFIG_RANGE_FULL;

        } else if (exact) {
            continue;

        } else if (ngx_http_office_config_equal(type, "*/*")) {
            specific = NGX_HTTP_OFFICE_CONFIG_RANGE_ALL;

        } else {
            slash = (u_char *) ngx_strchr(whole.data, '/') - whole.data + 1;

            if (type->len == slash + 1 && type->data[slash] == '*'
                && ngx_strncasecmp(type->data, whole.data, slash) == 0)
            {
                specific = NGX_HTTP_OFFICE_CONFIG_RANGE_TYPE;
            }
        }

        range->names[i] = specific;
    }
}


/* The parameters go by their names of 4.0 and of 4.01. */

static ngx_int_t
ngx_http_office_config_range_parameter(ngx_http_office_config_range_t *range,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t exact)
{
    range->nparameters++;

    if (ngx_http_office_config_equal(name, "q") && !exact) {
        range->nparameters--;
        return ngx_http_office_config_weight(value, &range->weight);
    }

    if (ngx_http_office_config_equal(name, "charset")) {
        return (ngx_http_office_config_equal(value, "utf-8")
                || ngx_http_office_config_equal(value, "utf8"))
               ? NGX_OK : NGX_DECLINED;
    }

    if (ngx_http_office_config_equal(name, "odata.metadata")
        || ngx_http_office_config_equal(name, "metadata"))
    {
        if (ngx_http_office_config_equal(value, "minimal")) {
            range->level = NGX_HTTP_OFFICE_CONFIG_MINIMAL;

        } else if (ngx_http_office_config_equal(value, "full")) {
            range->level = NGX_HTTP_OFFICE_CONFIG_FULL;

        } else if (ngx_http_office_config_equal(value, "none")) {
            range->level = NGX_HTTP_OFFICE_CONFIG_NONE;

        } else {
            return NGX_DECLINED;
        }

        return NGX_OK;
    }

    if (ngx_http_office_config_equal(name, "IEEE754Compatible")) {
        range->ieee = ngx_http_office_config_boolean(value);
        return range->ieee < 0 ? NGX_DECLINED : NGX_OK;
    }

    if (ngx_http_office_config_equal(name, "odata.streaming")
        || ngx_http_office_config_equal(name, "streaming"))
    {
        range->streaming = ngx_http_office_config_boolean(value);
        return range->streaming < 0 ? NGX_DECLINED : NGX_OK;
    }

    /* no property is a decimal number */

    if (ngx_http_office_config_equal(name, "ExponentialDecimals")) {
        return ngx_http_office_config_boolean(value) < 0 ? NGX_DECLINED
                                                         : NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_office_config_boolean(ngx_str_t *value)
{
    if (ngx_http_office_config_equal(value, "true")) {
        return 1;
    }

    return ngx_http_office_config_equal(value, "false") ? 0 : -1;
}


/* A weight (RFC 9110, 12.4.2), of which clients leave out the zero. */

static ngx_int_t
ngx_http_office_config_weight(ngx_str_t *value, ngx_uint_t *weight)
{
    size_t      i;
    ngx_uint_t  n, unit;

    n = 0;
    unit = 1000;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] == '.' && unit == 1000) {
            unit = 100;
            continue;
        }

        if (value->data[i] < '0' || value->data[i] > '9') {
            return NGX_DECLINED;
        }

        n += (value->data[i] - '0') * unit;

        if (unit == 1000) {
            n = ngx_min(n, 1000);

        } else {
            unit /= 10;
        }
    }

    if (value->len == 0) {
        return NGX_DECLINED;
    }

    *weight = ngx_min(n, 1000);

    return NGX_OK;
}


/* The range that says most about a variant is the one that counts. */

static void
ngx_http_office_config_rate(ngx_http_office_config_variant_t *variant,
    ngx_http_office_config_range_t *range, ngx_uint_t place)
{
    ngx_uint_t  specific;

    specific = range->names[variant->type];

    if (specific == 0) {
        return;
    }

    if (variant->type == NGX_HTTP_OFFICE_CONFIG_TYPE_JSON
        && ((range->level >= 0
             && range->level != (ngx_int_t) variant->format.level)
            || (range->ieee >= 0 && range->ieee != variant->format.ieee)
            || (range->streaming >= 0
                && range->streaming != variant->format.streaming)))
    {
        return;
    }

    specific = specific * 16 + ngx_min(range->nparameters, 15);

    if (specific < variant->specific
        || (specific == variant->specific
            && range->weight <= variant->weight))
    {
        return;
    }

    variant->specific = specific;
    variant->weight = range->weight;
    variant->place = place;
}
