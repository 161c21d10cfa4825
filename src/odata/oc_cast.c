
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <math.h>
#include <strings.h>

#include "oc_value.h"


static size_t oc_value_print(u_char *dst, const oc_value_t *value);
static void oc_cast_text(oc_value_t *value, oc_primitive_e type);
static void oc_cast_number(oc_value_t *value, oc_primitive_e type);
static ngx_uint_t oc_cast_number_text(oc_value_t *value,
    const ngx_str_t *text);
static size_t oc_cast_print_double(u_char *dst, double n);
static ngx_int_t oc_guid_digit(u_char ch);


typedef struct {
    const char  *name;
    oc_kind_e    kind;
    int64_t      min;
    int64_t      max;
} oc_primitive_t;


/* in the order of oc_primitive_e; the limits are those of integers */

static const oc_primitive_t  oc_primitives[] = {
    { "Binary", OC_KIND_BINARY, 0, 0 },
    { "Boolean", OC_KIND_BOOLEAN, 0, 0 },
    { "Byte", OC_KIND_INT32, 0, 255 },
    { "Date", OC_KIND_DATE, 0, 0 },
    { "DateTimeOffset", OC_KIND_DATETIMEOFFSET, 0, 0 },
    { "Decimal", OC_KIND_DECIMAL, 0, 0 },
    { "Double", OC_KIND_DOUBLE, 0, 0 },
    { "Duration", OC_KIND_DURATION, 0, 0 },
    { "Guid", OC_KIND_GUID, 0, 0 },
    { "Int16", OC_KIND_INT32, -32768, 32767 },
    { "Int32", OC_KIND_INT32, -2147483647LL - 1, 2147483647LL },
    { "Int64", OC_KIND_INT64, INT64_MIN, INT64_MAX },
    { "SByte", OC_KIND_INT32, -128, 127 },
    { "Single", OC_KIND_DOUBLE, 0, 0 },
    { "Stream", OC_KIND_STREAM, 0, 0 },
    { "String", OC_KIND_STRING, 0, 0 },
    { "TimeOfDay", OC_KIND_TIMEOFDAY, 0, 0 }
};


/* Finds Edm.NAME. */

oc_primitive_e
oc_primitive_find(const u_char *name, size_t len)
{
    size_t  i;

    if (len < 5 || ngx_strncmp(name, "Edm.", 4) != 0) {
        return OC_PRIMITIVE_NONE;
    }

    name += 4;
    len -= 4;

    for (i = 0; i < sizeof(oc_primitives) / sizeof(oc_primitives[0]); i++) {

        if (ngx_strlen(oc_primitives[i].name) == len
            && ngx_memcmp(oc_primitives[i].name, name, len) == 0)
        {
            return i;
        }
    }

    if ((len >= 9 && ngx_strncmp(name, "Geography", 9) == 0)
        || (len >= 8 && ngx_strncmp(name, "Geometry", 8) == 0))
    {
        return OC_PRIMITIVE_GEO;
    }

    return OC_PRIMITIVE_NONE;
}


oc_kind_e
oc_primitive_kind(oc_primitive_e type)
{
    return oc_primitives[type].kind;
}


/*
 * Casts a value (URL Conventions, 5.1.1.10.1), which becomes null if it does
 * not fit.  "buf" has OC_CAST_TEXT_LEN bytes, for the text of a string.
 */

void
oc_value_cast(oc_value_t *value, oc_primitive_e type, u_char *buf)
{
    oc_kind_e  kind;

    kind = oc_primitives[type].kind;

    if (value->kind == OC_KIND_NULL
        || (value->kind == kind && !oc_kind_is_number(kind)))
    {
        return;
    }

    if (kind == OC_KIND_STRING) {
        value->u.text.len = oc_value_print(buf, value);
        value->u.text.data = buf;
        value->kind = value->u.text.len ? OC_KIND_STRING : OC_KIND_NULL;
        return;
    }

    if (value->kind == OC_KIND_STRING) {
        oc_cast_text(value, type);
        return;
    }

    if (oc_kind_is_number(value->kind) && oc_kind_is_number(kind)) {
        oc_cast_number(value, type);
        return;
    }

    value->kind = OC_KIND_NULL;
}


static void
oc_cast_text(oc_value_t *value, oc_primitive_e type)
{
    size_t        n;
    u_char        utc[OC_TEMPORAL_LEN];
    oc_kind_e     kind;
    ngx_str_t     text;
    oc_time_t    *time;

    kind = oc_primitives[type].kind;
    text = value->u.text;
    time = &value->u.time;

    value->kind = OC_KIND_NULL;
    n = 0;

    switch (kind) {

    case OC_KIND_BOOLEAN:
        if (text.len == 4 && ngx_strncmp(text.data, "true", 4) == 0) {
            oc_value_boolean(value, 1);

        } else if (text.len == 5 && ngx_strncmp(text.data, "false", 5) == 0) {
            oc_value_boolean(value, 0);
        }

        return;

    case OC_KIND_GUID:
        if (oc_guid_parse(value->u.guid, text.data, text.len) == NGX_OK) {
            value->kind = kind;
        }

        return;

    case OC_KIND_DATE:
        n = oc_date_scan(time, text.data, text.len);
        break;

    case OC_KIND_TIMEOFDAY:
        n = oc_timeofday_scan(time, text.data, text.len);
        break;

    case OC_KIND_DURATION:
        n = oc_duration_scan(time, text.data, text.len);
        break;

    case OC_KIND_DATETIMEOFFSET:
        n = oc_datetimeoffset_scan(time, text.data, text.len);

        if (n == 0 && text.len < sizeof(utc)) {

            /* without an offset it is UTC */

            *ngx_cpymem(utc, text.data, text.len) = 'Z';

            if (oc_datetimeoffset_scan(time, utc, text.len + 1)
                == text.len + 1)
            {
                n = text.len;
            }
        }

        break;

    default:
        if (oc_kind_is_number(kind) && oc_cast_number_text(value, &text)) {
            oc_cast_number(value, type);
        }

        return;
    }

    if (n && n == text.len) {
        value->kind = kind;
    }
}


/* Reads a number that is the whole of a text. */

static ngx_uint_t
oc_cast_number_text(oc_value_t *value, const ngx_str_t *text)
{
    if ((text->len == 3 && ngx_strncmp(text->data, "INF", 3) == 0)
        || (text->len == 3 && ngx_strncmp(text->data, "NaN", 3) == 0))
    {
        value->kind = OC_KIND_DOUBLE;
        value->u.real = (text->data[0] == 'I') ? INFINITY : NAN;
        return 1;
    }

    if (text->len == 0 || text->len > OC_CAST_TEXT_LEN
        || text->data[text->len - 1] == '.' || text->data[0] == '.')
    {
        return 0;
    }

    return oc_number_literal(value, text->data, text->len) == NGX_OK;
}


/* Rounds to the nearest number of a type, halves away from zero. */

static void
oc_cast_number(oc_value_t *value, oc_primitive_e type)
{
    float                  single;
    int64_t                n;
    oc_kind_e              kind;
    oc_decimal_t           d;
    const oc_primitive_t  *primitive;

    primitive = &oc_primitives[type];
    kind = primitive->kind;

    if (kind == OC_KIND_DOUBLE) {
        value->u.real = oc_number_double(value);
        value->kind = kind;

        if (type == OC_PRIMITIVE_SINGLE) {
            single = (float) value->u.real;

            if (isinf(single) && !isinf(value->u.real)) {
                value->kind = OC_KIND_NULL;
            }

            value->u.real = single;
        }

        return;
    }

    if (value->kind == OC_KIND_DOUBLE && !isfinite(value->u.real)) {
        value->kind = OC_KIND_NULL;
        return;
    }

    oc_number_decimal(&d, value);

    if (kind == OC_KIND_DECIMAL) {
        value->u.decimal = d;
        value->kind = kind;
        return;
    }

    oc_decimal_round(&d, 0);

    n = 0;
    value->kind = (oc_decimal_to_int(&d, &n) == NGX_OK
                   && n >= primitive->min && n <= primitive->max)
                  ? kind : OC_KIND_NULL;
    value->u.integer = n;
}


/*
 * Writes a value as in a payload, OC_CAST_TEXT_LEN bytes at most; none if it
 * has no such text.
 */

static size_t
oc_value_print(u_char *dst, const oc_value_t *value)
{
    ngx_uint_t  i;
    u_char     *p;

    static const u_char  hex[] = "0123456789abcdef";

    switch (value->kind) {

    case OC_KIND_BOOLEAN:
        return ngx_cpymem(dst, value->u.integer ? "true" : "false",
                          value->u.integer ? 4 : 5)
               - dst;

    case OC_KIND_INT32:
    case OC_KIND_INT64:
        return snprintf((char *) dst, OC_CAST_TEXT_LEN, "%lld",
                        (long long) value->u.integer);

    case OC_KIND_DECIMAL:
        return oc_decimal_print(dst, &value->u.decimal);

    case OC_KIND_DOUBLE:
        return oc_cast_print_double(dst, value->u.real);

    case OC_KIND_GUID:
        p = dst;

        for (i = 0; i < OC_GUID_LEN; i++) {

            if (i == 4 || i == 6 || i == 8 || i == 10) {
                *p++ = '-';
            }

            *p++ = hex[value->u.guid[i] >> 4];
            *p++ = hex[value->u.guid[i] & 0x0f];
        }

        return p - dst;

    case OC_KIND_DATE:
        return oc_date_print(dst, &value->u.time);

    case OC_KIND_TIMEOFDAY:
        return oc_timeofday_print(dst, &value->u.time);

    case OC_KIND_DATETIMEOFFSET:
        return oc_datetimeoffset_print(dst, &value->u.time);

    case OC_KIND_DURATION:
        return oc_duration_print(dst, &value->u.time);

    default:
        return 0;
    }
}


static size_t
oc_cast_print_double(u_char *dst, double n)
{
    oc_decimal_t  d;

    if (oc_decimal_from_double(&d, n) == NGX_OK) {

        /* without the zeros that a double has no digits for */

        while (!oc_decimal_is_zero(&d) && d.high == 0 && d.low % 10 == 0) {
            d.low /= 10;
            d.exponent++;
        }

        return oc_decimal_print(dst, &d);
    }

    if (isnan(n)) {
        return ngx_cpymem(dst, "NaN", 3) - dst;
    }

    return (n > 0) ? ngx_cpymem(dst, "INF", 3) - dst
                   : ngx_cpymem(dst, "-INF", 4) - dst;
}


/* Reads a GUID with its hyphens, in any case; NGX_ERROR if it is none. */

ngx_int_t
oc_guid_parse(u_char *guid, const u_char *p, size_t len)
{
    ngx_int_t   high, low;
    ngx_uint_t  i;

    if (len != 36) {
        return NGX_ERROR;
    }

    for (i = 0; i < OC_GUID_LEN; i++) {

        if ((i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-') {
            return NGX_ERROR;
        }

        high = oc_guid_digit(*p++);
        low = oc_guid_digit(*p++);

        if (high < 0 || low < 0) {
            return NGX_ERROR;
        }

        *guid++ = (u_char) (high << 4 | low);
    }

    return NGX_OK;
}


static ngx_int_t
oc_guid_digit(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : -1;
}
