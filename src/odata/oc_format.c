
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <strings.h>

#include "oc_format.h"


/* how much of a media type a range names, from the least specific one */

#define OC_RANGE_ALL     1
#define OC_RANGE_TYPE    2
#define OC_RANGE_FULL    3

/* a parameter that is not given */

#define OC_RANGE_ABSENT  -1


typedef enum {
    OC_FORMAT_XML = 0,
    OC_FORMAT_JSON,
    OC_FORMAT_TEXT,
    OC_FORMAT_MIXED,
    OC_FORMAT_N
} oc_format_type_e;


/* a media range of Accept (RFC 9110, 12.5.1) */

typedef struct {
    ngx_uint_t        names[OC_FORMAT_N];
    ngx_int_t         level;
    ngx_int_t         ieee;
    ngx_int_t         streaming;
    ngx_uint_t        nparameters;
    ngx_uint_t        weight;          /* in thousandths */
} oc_range_t;


/* something to answer with, and the range that is most about it */

typedef struct {
    oc_format_type_e  type;
    oc_format_t       format;
    ngx_uint_t        specific;
    ngx_uint_t        weight;
    ngx_uint_t        place;
} oc_variant_t;


/* XML or text, and JSON by level, IEEE754Compatible and streaming */

#define OC_FORMAT_MAX_VARIANTS  (1 + 3 * 2 * 2)


static ngx_int_t oc_format_negotiate(oc_format_t *format,
    const ngx_str_t *list, oc_media_e media, ngx_uint_t exact);
static ngx_uint_t oc_format_variants(oc_variant_t *variants,
    oc_media_e media);
static ngx_int_t oc_range_parse(oc_range_t *range, u_char *p, u_char *last,
    ngx_uint_t exact);
static void oc_range_type(oc_range_t *range, ngx_str_t *type,
    ngx_uint_t exact);
static ngx_int_t oc_range_parameter(oc_range_t *range, ngx_str_t *name,
    ngx_str_t *value, ngx_uint_t exact);
static ngx_int_t oc_range_boolean(ngx_str_t *value);
static ngx_int_t oc_range_weight(ngx_str_t *value, ngx_uint_t *weight);
static void oc_format_rate(oc_variant_t *variant, oc_range_t *range,
    ngx_uint_t place);


static const ngx_str_t  oc_format_types[] = {
    ngx_string("application/xml"),
    ngx_string("application/json"),
    ngx_string("text/plain"),
    ngx_string("multipart/mixed")
};


static ngx_uint_t
oc_format_equal(const ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && strncasecmp((char *) s->data, text, s->len) == 0;
}


/*
 * Chooses what to answer with by the value of Accept (OData 4.01 Protocol,
 * 8.2.1; OData JSON Format 4.01, 3).
 *
 * In: "media" is what there is to choose from.  Out: "format".  NGX_OK, or
 * NGX_DECLINED if nothing is acceptable: the format is the usual one then.
 */

ngx_int_t
oc_format_accept(oc_format_t *format, const ngx_str_t *accept,
    oc_media_e media)
{
    /* what most clients send */

    if (media == OC_MEDIA_JSON
        && (oc_format_equal(accept, "application/json")
            || oc_format_equal(accept, "*/*")))
    {
        ngx_memzero(format, sizeof(oc_format_t));
        return NGX_OK;
    }

    return oc_format_negotiate(format, accept, media, 0);
}


/*
 * The same by the value of $format (OData 4.01 Protocol, 11.2.12): a media
 * type, or "json" or "xml".
 */

ngx_int_t
oc_format_option(oc_format_t *format, const ngx_str_t *value,
    oc_media_e media)
{
    return oc_format_negotiate(format, value, media, 1);
}


static ngx_int_t
oc_format_negotiate(oc_format_t *format, const ngx_str_t *list,
    oc_media_e media, ngx_uint_t exact)
{
    u_char        *p, *last, *end;
    ngx_uint_t     i, n, place;
    oc_range_t     range;
    oc_variant_t  *best, *v, variants[OC_FORMAT_MAX_VARIANTS];

    ngx_memzero(format, sizeof(oc_format_t));

    n = oc_format_variants(variants, media);

    p = list->data;
    last = p + list->len;

    for (place = 0; p < last; p = end + 1, place++) {

        end = exact ? last : oc_format_unquoted(p, last, ',');

        if (oc_range_parse(&range, p, end, exact) != NGX_OK) {
            continue;
        }

        for (i = 0; i < n; i++) {
            oc_format_rate(&variants[i], &range, place);
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

    if (best == NULL) {
        return NGX_DECLINED;
    }

    *format = best->format;

    return NGX_OK;
}


/* What there is to choose from, what is preferred first; how many. */

static ngx_uint_t
oc_format_variants(oc_variant_t *variants, oc_media_e media)
{
    ngx_uint_t     i, n;
    oc_variant_t  *v;

    ngx_memzero(variants, OC_FORMAT_MAX_VARIANTS * sizeof(oc_variant_t));

    n = 0;

    if (media == OC_MEDIA_MULTIPART) {
        variants[n++].type = OC_FORMAT_MIXED;
        return n;
    }

    if (media == OC_MEDIA_CSDL) {
        v = &variants[n++];

        v->type = OC_FORMAT_XML;
        v->format.xml = 1;
    }

    if (media == OC_MEDIA_TEXT) {
        v = &variants[n++];

        v->type = OC_FORMAT_TEXT;
    }

    for (i = 0; i < 3 * 2 * 2; i++) {
        v = &variants[n++];

        v->type = OC_FORMAT_JSON;
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
oc_range_parse(oc_range_t *range, u_char *p, u_char *last, ngx_uint_t exact)
{
    u_char     *end, *equals;
    ngx_str_t   name, value;

    ngx_memzero(range, sizeof(oc_range_t));

    range->level = OC_RANGE_ABSENT;
    range->ieee = OC_RANGE_ABSENT;
    range->streaming = OC_RANGE_ABSENT;
    range->weight = 1000;

    end = oc_format_unquoted(p, last, ';');

    name.data = p;
    name.len = end - p;
    oc_format_trim(&name);

    if (exact && end == last) {

        if (oc_format_equal(&name, "json")) {
            name = oc_format_types[OC_FORMAT_JSON];

        } else if (oc_format_equal(&name, "xml")) {
            name = oc_format_types[OC_FORMAT_XML];
        }
    }

    oc_range_type(range, &name, exact);

    for (p = end + 1; p < last; p = end + 1) {
        end = oc_format_unquoted(p, last, ';');

        equals = ngx_strlchr(p, end, '=');

        name.data = p;
        name.len = (equals ? equals : end) - p;
        oc_format_trim(&name);

        value.data = equals ? equals + 1 : end;
        value.len = end - value.data;
        oc_format_trim(&value);

        if (name.len == 0 && equals == NULL) {
            continue;
        }

        if (value.len >= 2 && value.data[0] == '"'
            && value.data[value.len - 1] == '"')
        {
            value.data++;
            value.len -= 2;
        }

        if (oc_range_parameter(range, &name, &value, exact) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static void
oc_range_type(oc_range_t *range, ngx_str_t *type, ngx_uint_t exact)
{
    size_t      slash;
    ngx_uint_t  i, specific;
    ngx_str_t   whole;

    for (i = 0; i < OC_FORMAT_N; i++) {
        specific = 0;
        whole = oc_format_types[i];

        if (oc_format_equal(type, (char *) whole.data)) {
            specific = OC_RANGE_FULL;

        } else if (exact) {
            continue;

        } else if (oc_format_equal(type, "*/*")) {
            specific = OC_RANGE_ALL;

        } else {
            slash = (u_char *) ngx_strchr(whole.data, '/') - whole.data + 1;

            if (type->len == slash + 1 && type->data[slash] == '*'
                && strncasecmp((char *) type->data, (char *) whole.data, slash)
                   == 0)
            {
                specific = OC_RANGE_TYPE;
            }
        }

        range->names[i] = specific;
    }
}


/* The parameters go by their names of 4.0 and of 4.01. */

static ngx_int_t
oc_range_parameter(oc_range_t *range, ngx_str_t *name, ngx_str_t *value,
    ngx_uint_t exact)
{
    range->nparameters++;

    if (oc_format_equal(name, "q") && !exact) {
        range->nparameters--;
        return oc_range_weight(value, &range->weight);
    }

    if (oc_format_equal(name, "charset")) {
        return (oc_format_equal(value, "utf-8")
                || oc_format_equal(value, "utf8"))
               ? NGX_OK : NGX_DECLINED;
    }

    if (oc_format_equal(name, "odata.metadata")
        || oc_format_equal(name, "metadata"))
    {
        if (oc_format_equal(value, "minimal")) {
            range->level = OC_LEVEL_MINIMAL;

        } else if (oc_format_equal(value, "full")) {
            range->level = OC_LEVEL_FULL;

        } else if (oc_format_equal(value, "none")) {
            range->level = OC_LEVEL_NONE;

        } else {
            return NGX_DECLINED;
        }

        return NGX_OK;
    }

    if (oc_format_equal(name, "IEEE754Compatible")) {
        range->ieee = oc_range_boolean(value);
        return range->ieee < 0 ? NGX_DECLINED : NGX_OK;
    }

    if (oc_format_equal(name, "odata.streaming")
        || oc_format_equal(name, "streaming"))
    {
        range->streaming = oc_range_boolean(value);
        return range->streaming < 0 ? NGX_DECLINED : NGX_OK;
    }

    /* no property is a decimal number */

    if (oc_format_equal(name, "ExponentialDecimals")) {
        return oc_range_boolean(value) < 0 ? NGX_DECLINED : NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
oc_range_boolean(ngx_str_t *value)
{
    if (oc_format_equal(value, "true")) {
        return 1;
    }

    return oc_format_equal(value, "false") ? 0 : -1;
}


/* A weight (RFC 9110, 12.4.2), of which clients leave out the zero. */

static ngx_int_t
oc_range_weight(ngx_str_t *value, ngx_uint_t *weight)
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
oc_format_rate(oc_variant_t *variant,
    oc_range_t *range, ngx_uint_t place)
{
    ngx_uint_t  specific;

    specific = range->names[variant->type];

    if (specific == 0) {
        return;
    }

    if (variant->type == OC_FORMAT_JSON
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


/* Where "ch" is outside of quoted strings (RFC 9110, 5.6.4), or "last". */

u_char *
oc_format_unquoted(u_char *p, u_char *last, u_char ch)
{
    ngx_uint_t  quoted;

    for (quoted = 0; p < last; p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (quoted) {
            if (*p == '\\' && p + 1 < last) {
                p++;
            }

        } else if (*p == ch) {
            return p;
        }
    }

    return last;
}


/* Takes white space from both ends. */

void
oc_format_trim(ngx_str_t *s)
{
    while (s->len && (s->data[0] == ' ' || s->data[0] == '\t')) {
        s->data++;
        s->len--;
    }

    while (s->len && (s->data[s->len - 1] == ' '
                      || s->data[s->len - 1] == '\t'))
    {
        s->len--;
    }
}
