
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_url.h"
#include "oc_word.h"


static ngx_int_t oc_url_hex(u_char ch);
static ngx_int_t oc_url_unreserved(u_char ch);


/*
 * Decodes percent-encoding (RFC 3986, 2.1) into "dst", whose data has room
 * for "len" bytes; with "plus" a '+' is a space, as forms send it.  NGX_ERROR
 * if a '%' is not followed by two hexadecimal digits.
 */

ngx_int_t
oc_url_decode(ngx_str_t *dst, const u_char *p, size_t len, ngx_uint_t plus)
{
    u_char        *d;
    ngx_int_t      high, low;
    const u_char  *last;

    d = dst->data;
    last = p + len;

    while (p < last) {

        if (*p == '%') {

            if (last - p < 3) {
                return NGX_ERROR;
            }

            high = oc_url_hex(p[1]);
            low = oc_url_hex(p[2]);

            if (high < 0 || low < 0) {
                return NGX_ERROR;
            }

            *d++ = (u_char) (high << 4 | low);
            p += 3;
            continue;
        }

        *d++ = (*p == '+' && plus) ? ' ' : *p;
        p++;
    }

    dst->len = d - dst->data;

    return NGX_OK;
}


static ngx_int_t
oc_url_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }

    return -1;
}


static ngx_int_t
oc_url_unreserved(u_char ch)
{
    return (ch >= '0' && ch <= '9')
           || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
           || ch == '-' || ch == '.' || ch == '_' || ch == '~';
}


/* The length of "s" when all but unreserved characters are encoded. */

size_t
oc_url_encoded_len(const ngx_str_t *s)
{
    size_t  i, n;

    n = s->len;

    for (i = 0; i < s->len; i++) {
        if (!oc_url_unreserved(s->data[i])) {
            n += 2;
        }
    }

    return n;
}


/*
 * Writes "s" with all but unreserved characters (RFC 3986, 2.3) encoded.
 * "dst" has room for oc_url_encoded_len().  Returns the end.
 */

u_char *
oc_url_encode(u_char *dst, const ngx_str_t *s)
{
    size_t  i;

    static const u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < s->len; i++) {

        if (oc_url_unreserved(s->data[i])) {
            *dst++ = s->data[i];
            continue;
        }

        *dst++ = '%';
        *dst++ = hex[s->data[i] >> 4];
        *dst++ = hex[s->data[i] & 0x0f];
    }

    return dst;
}


/*
 * NGX_OK if the bytes are UTF-8 (RFC 3629: no overlong form, no surrogate,
 * nothing above U+10FFFF) without control characters (C0, DEL and C1).
 */

ngx_int_t
oc_utf8_printable(const u_char *p, size_t len)
{
    uint32_t       code, min;
    uint64_t       word;
    ngx_uint_t     n;
    const u_char  *last;

    last = p + len;

    while (p < last) {

        if (last - p >= 8) {
            ngx_memcpy(&word, p, 8);

            if (!(oc_word_above_ascii(word) | oc_word_below(word, 0x20)
                  | oc_word_equal(word, 0x7f)))
            {
                p += 8;
                continue;
            }
        }

        if (*p < 0x80) {
            if (*p < 0x20 || *p == 0x7f) {
                return NGX_ERROR;
            }

            p++;
            continue;
        }

        if ((*p & 0xe0) == 0xc0) {
            n = 1;
            min = 0xa0;
            code = *p & 0x1f;

        } else if ((*p & 0xf0) == 0xe0) {
            n = 2;
            min = 0x800;
            code = *p & 0x0f;

        } else if ((*p & 0xf8) == 0xf0) {
            n = 3;
            min = 0x10000;
            code = *p & 0x07;

        } else {
            return NGX_ERROR;
        }

        if ((ngx_uint_t) (last - p) <= n) {
            return NGX_ERROR;
        }

        for (p++; n; n--, p++) {
            if ((*p & 0xc0) != 0x80) {
                return NGX_ERROR;
            }

            code = code << 6 | (*p & 0x3f);
        }

        if (code < min || code > 0x10ffff
            || (code >= 0xd800 && code <= 0xdfff))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
