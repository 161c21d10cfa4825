
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_base64.h"


static void oc_base64url_group(oc_base64_t *b, const u_char *p);
static void oc_base64url_values(u_char *values);


static const u_char  oc_base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


/*
 * Encodes to base64url without padding (RFC 4648, 5).  "dst" has room for
 * oc_base64url_len() bytes of all pieces together.
 */

void
oc_base64url_init(oc_base64_t *b, u_char *dst)
{
    b->dst = dst;
    b->nrest = 0;
}


void
oc_base64url_update(oc_base64_t *b, const u_char *p, size_t len)
{
    const u_char  *last;

    last = p + len;

    while (b->nrest && p < last) {
        b->rest[b->nrest++] = *p++;

        if (b->nrest == 3) {
            oc_base64url_group(b, b->rest);
            b->nrest = 0;
        }
    }

    for ( /* void */ ; last - p >= 3; p += 3) {
        oc_base64url_group(b, p);
    }

    while (p < last) {
        b->rest[b->nrest++] = *p++;
    }
}


static void
oc_base64url_group(oc_base64_t *b, const u_char *p)
{
    b->dst[0] = oc_base64url_alphabet[p[0] >> 2];
    b->dst[1] = oc_base64url_alphabet[((p[0] & 3) << 4) | (p[1] >> 4)];
    b->dst[2] = oc_base64url_alphabet[((p[1] & 15) << 2) | (p[2] >> 6)];
    b->dst[3] = oc_base64url_alphabet[p[2] & 63];
    b->dst += 4;
}


void
oc_base64url_final(oc_base64_t *b)
{
    if (b->nrest == 0) {
        return;
    }

    *b->dst++ = oc_base64url_alphabet[b->rest[0] >> 2];

    if (b->nrest == 1) {
        *b->dst++ = oc_base64url_alphabet[(b->rest[0] & 3) << 4];

    } else {
        *b->dst++ = oc_base64url_alphabet[((b->rest[0] & 3) << 4)
                                          | (b->rest[1] >> 4)];
        *b->dst++ = oc_base64url_alphabet[(b->rest[1] & 15) << 2];
    }

    b->nrest = 0;
}


/*
 * Decodes base64 or base64url (RFC 4648, 4 and 5), padded or not, in place;
 * unused bits at the end are ignored.  Returns the number of bytes; text that
 * is neither stays as it is, and its length is returned.
 */

size_t
oc_base64_decode(u_char *p, size_t len)
{
    size_t       i, n;
    u_char      *dst;
    uint32_t     bits;
    ngx_uint_t   plain, url, c;

    static u_char  values[256];

    if (values['B'] == 0) {
        oc_base64url_values(values);
        values['+'] = 62;
        values['/'] = 63;
    }

    n = len;

    if (n && n % 4 == 0 && p[n - 1] == '=') {
        n -= (p[n - 2] == '=') ? 2 : 1;
    }

    if (n % 4 == 1) {
        return len;
    }

    plain = 0;
    url = 0;

    for (i = 0; i < n; i++) {
        c = p[i];

        if (values[c] == 0xff) {
            return len;
        }

        if (values[c] >= 62) {
            if (c == '+' || c == '/') {
                plain = 1;
            } else {
                url = 1;
            }
        }
    }

    if (plain && url) {
        return len;
    }

    dst = p;

    for (i = 0; i + 4 <= n; i += 4) {
        bits = (uint32_t) values[p[i]] << 18 | values[p[i + 1]] << 12
               | values[p[i + 2]] << 6 | values[p[i + 3]];

        *dst++ = (u_char) (bits >> 16);
        *dst++ = (u_char) (bits >> 8);
        *dst++ = (u_char) bits;
    }

    if (n % 4 >= 2) {
        bits = (uint32_t) values[p[i]] << 18 | values[p[i + 1]] << 12;

        if (n % 4 == 3) {
            bits |= values[p[i + 2]] << 6;
        }

        *dst++ = (u_char) (bits >> 16);

        if (n % 4 == 3) {
            *dst++ = (u_char) (bits >> 8);
        }
    }

    return dst - p;
}


/*
 * Decodes base64url as JOSE has it (RFC 7515, 2): without padding, and with
 * no other characters.  Unused bits at the end must be zero, so that there is
 * one text for the same bytes.  "dst" has room for len * 3 / 4 bytes.
 * Returns their number, or NGX_ERROR.
 */

ngx_int_t
oc_base64url_decode(u_char *dst, const u_char *src, size_t len)
{
    u_char        *p, a, b, c, d, bad;
    const u_char  *last;

    static u_char  values[256];

    if (values['B'] == 0) {
        oc_base64url_values(values);
    }

    p = dst;
    bad = 0;

    for (last = src + len; last - src >= 4; src += 4) {
        a = values[src[0]];
        b = values[src[1]];
        c = values[src[2]];
        d = values[src[3]];

        bad |= a | b | c | d;

        *p++ = (u_char) (a << 2 | b >> 4);
        *p++ = (u_char) (b << 4 | c >> 2);
        *p++ = (u_char) (c << 6 | d);
    }

    switch (last - src) {

    case 0:
        break;

    case 2:
        a = values[src[0]];
        b = values[src[1]];

        bad |= a | b;

        if (b & 0x0f) {
            return NGX_ERROR;
        }

        *p++ = (u_char) (a << 2 | b >> 4);
        break;

    case 3:
        a = values[src[0]];
        b = values[src[1]];
        c = values[src[2]];

        bad |= a | b | c;

        if (c & 0x03) {
            return NGX_ERROR;
        }

        *p++ = (u_char) (a << 2 | b >> 4);
        *p++ = (u_char) (b << 4 | c >> 2);
        break;

    default:
        return NGX_ERROR;
    }

    /* no value has the highest bit, and what is no character has it */

    return (bad & 0x80) ? NGX_ERROR : p - dst;
}


static void
oc_base64url_values(u_char *values)
{
    ngx_uint_t  i;

    ngx_memset(values, 0xff, 256);

    for (i = 0; i < 64; i++) {
        values[oc_base64url_alphabet[i]] = (u_char) i;
    }
}
