
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_span.h"


static u_char *oc_span_string_end(u_char *p, u_char *last);
static ngx_uint_t oc_span_hex4(const u_char *p);


/*
 * The byte behind the value that begins at "p", or "last" if it does not end
 * before.
 */

u_char *
oc_span_end(u_char *p, u_char *last)
{
    ngx_uint_t  depth;

    for (depth = 0; p < last; /* void */ ) {

        switch (*p) {

        case '"':
            p = oc_span_string_end(p, last);
            break;

        case '{':
        case '[':
            depth++;
            p++;
            break;

        case '}':
        case ']':
            if (depth == 0) {
                return p;
            }

            depth--;
            p++;
            break;

        case ',':
        case ':':
            if (depth == 0) {
                return p;
            }

            p++;
            continue;

        default:
            p++;

            if (depth == 0) {
                while (p < last && *p != ',' && *p != '}' && *p != ']') {
                    p++;
                }
            } else {
                continue;
            }
        }

        if (depth == 0) {
            return p;
        }
    }

    return last;
}


/* From an opening quote to behind the closing one. */

static u_char *
oc_span_string_end(u_char *p, u_char *last)
{
    u_char  *quote, *q;

    for (quote = p + 1; quote < last; quote++) {

        quote = memchr(quote, '"', last - quote);
        if (quote == NULL) {
            return last;
        }

        for (q = quote; q[-1] == '\\' && q - 1 > p; q--) { /* void */ }

        if ((quote - q) % 2 == 0) {
            return quote + 1;
        }
    }

    return last;
}


/*
 * The member at "p", which is behind the brace or the comma in front of it.
 * Returns where the next one is, or NULL if there is none at "p".
 */

u_char *
oc_span_next(u_char *p, u_char *last, ngx_str_t *name, ngx_str_t *value)
{
    u_char  *end;

    if (p >= last || *p != '"') {
        return NULL;
    }

    end = oc_span_string_end(p, last);

    if (end >= last || end - p < 2) {
        return NULL;
    }

    name->data = p + 1;
    name->len = end - p - 2;

    value->data = end + 1;

    end = oc_span_end(value->data, last);

    value->len = end - value->data;

    return ngx_min(end + 1, last);
}


/*
 * Decodes the escapes of a string (RFC 8259, 7) without its quotes, in place.
 * Returns its length then.
 */

size_t
oc_span_unescape(u_char *p, size_t len)
{
    u_char      *src, *dst, *last;
    ngx_uint_t   c;

    src = memchr(p, '\\', len);
    if (src == NULL) {
        return len;
    }

    last = p + len;
    dst = src;

    while (src < last) {

        if (*src != '\\' || last - src < 2) {
            *dst++ = *src++;
            continue;
        }

        switch (src[1]) {

        case 'b':
            *dst++ = '\b';
            break;

        case 'f':
            *dst++ = '\f';
            break;

        case 'n':
            *dst++ = '\n';
            break;

        case 'r':
            *dst++ = '\r';
            break;

        case 't':
            *dst++ = '\t';
            break;

        case 'u':
            if (last - src < 6) {
                return dst - p;
            }

            c = oc_span_hex4(src + 2);
            src += 6;

            if (c >= 0xd800 && c < 0xdc00 && last - src >= 6) {
                c = 0x10000 + ((c - 0xd800) << 10)
                    + (oc_span_hex4(src + 2) - 0xdc00);
                src += 6;
            }

            if (c < 0x80) {
                *dst++ = (u_char) c;

            } else if (c < 0x800) {
                *dst++ = (u_char) (0xc0 | (c >> 6));
                *dst++ = (u_char) (0x80 | (c & 0x3f));

            } else if (c < 0x10000) {
                *dst++ = (u_char) (0xe0 | (c >> 12));
                *dst++ = (u_char) (0x80 | ((c >> 6) & 0x3f));
                *dst++ = (u_char) (0x80 | (c & 0x3f));

            } else {
                *dst++ = (u_char) (0xf0 | ((c >> 18) & 7));
                *dst++ = (u_char) (0x80 | ((c >> 12) & 0x3f));
                *dst++ = (u_char) (0x80 | ((c >> 6) & 0x3f));
                *dst++ = (u_char) (0x80 | (c & 0x3f));
            }

            continue;

        default:
            *dst++ = src[1];
        }

        src += 2;
    }

    return dst - p;
}


static ngx_uint_t
oc_span_hex4(const u_char *p)
{
    ngx_int_t  n;

    n = ngx_hextoi((u_char *) p, 4);

    return (n < 0) ? 0 : (ngx_uint_t) n;
}
