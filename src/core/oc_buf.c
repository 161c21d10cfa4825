
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_buf.h"
#include "oc_word.h"


static ngx_int_t oc_buf_reserve(oc_buf_t *b, size_t len);


/* how many bytes a byte takes more when it is escaped */

static const u_char  oc_json_extra[256] = {
    5, 5, 5, 5, 5, 5, 5, 5, 1, 1, 1, 5, 1, 1, 5, 5,
    5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
    ['"'] = 1,
    ['\\'] = 1
};


/*
 * Starts a buffer of "size" bytes in the arena; it grows by doubling.  What
 * is written lives as long as the arena.
 */

void
oc_buf_init(oc_buf_t *b, oc_arena_t *arena, size_t size)
{
    ngx_memzero(b, sizeof(oc_buf_t));

    b->arena = arena;

    (void) oc_buf_reserve(b, size);
}


static ngx_int_t
oc_buf_reserve(oc_buf_t *b, size_t len)
{
    u_char  *p;
    size_t   size, used;

    if (len <= (size_t) (b->end - b->last)) {
        return NGX_OK;
    }

    if (b->failed) {
        return NGX_ERROR;
    }

    used = oc_buf_len(b);
    size = ngx_max((size_t) (b->end - b->start) * 2, used + len);

    p = oc_arena_alloc(b->arena, size);
    if (p == NULL) {
        b->failed = 1;
        return NGX_ERROR;
    }

    if (used) {
        ngx_memcpy(p, b->start, used);
    }

    b->start = p;
    b->last = p + used;
    b->end = p + size;

    return NGX_OK;
}


void
oc_buf_append(oc_buf_t *b, const u_char *data, size_t len)
{
    if (oc_buf_reserve(b, len) == NGX_OK && len) {
        b->last = ngx_cpymem(b->last, data, len);
    }
}


void
oc_buf_char(oc_buf_t *b, u_char ch)
{
    if (oc_buf_reserve(b, 1) == NGX_OK) {
        *b->last++ = ch;
    }
}


void
oc_buf_int(oc_buf_t *b, int64_t n)
{
    u_char     digits[NGX_INT64_LEN], *p;
    uint64_t   value;

    p = digits + sizeof(digits);
    value = (n < 0) ? 0 - (uint64_t) n : (uint64_t) n;

    do {
        *--p = (u_char) ('0' + value % 10);
        value /= 10;
    } while (value);

    if (n < 0) {
        *--p = '-';
    }

    oc_buf_append(b, p, digits + sizeof(digits) - p);
}


/* Writes the bytes as a JSON string, quotes included (RFC 8259, 7). */

void
oc_buf_json_string(oc_buf_t *b, const u_char *data, size_t len)
{
    size_t  n;

    n = oc_json_escaped_len(data, len);

    if (oc_buf_reserve(b, n + 2) != NGX_OK) {
        return;
    }

    *b->last++ = '"';

    if (n == len) {

        /* an empty string may have no data */

        if (len) {
            b->last = ngx_cpymem(b->last, data, len);
        }

    } else {
        b->last = oc_json_escape(b->last, data, len);
    }

    *b->last++ = '"';
}


/*
 * The length of "data" when it stands in a JSON string.  Bytes of UTF-8
 * sequences are counted as they are: the text is valid by then.
 */

size_t
oc_json_escaped_len(const u_char *data, size_t len)
{
    size_t         n;
    uint64_t       word;
    const u_char  *p, *last;

    n = len;
    p = data;
    last = data + len;

    for ( ;; ) {

        while (last - p >= 8) {
            ngx_memcpy(&word, p, 8);

            if (oc_word_json_special(word)) {
                break;
            }

            p += 8;
        }

        if (p == last) {
            return n;
        }

        n += oc_json_extra[*p++];
    }
}


/*
 * Writes "data" escaped for a JSON string to "dst", which has room for
 * oc_json_escaped_len() bytes.  Returns the end of what was written.
 */

u_char *
oc_json_escape(u_char *dst, const u_char *data, size_t len)
{
    const u_char  *p, *last;

    if (oc_json_escaped_len(data, len) == len) {
        return ngx_cpymem(dst, data, len);
    }

    last = data + len;

    for (p = data; p < last; p++) {

        if (*p >= 0x20) {

            if (*p == '"' || *p == '\\') {
                *dst++ = '\\';
            }

            *dst++ = *p;
            continue;
        }

        *dst++ = '\\';

        switch (*p) {

        case '\b':
            *dst++ = 'b';
            break;

        case '\t':
            *dst++ = 't';
            break;

        case '\n':
            *dst++ = 'n';
            break;

        case '\f':
            *dst++ = 'f';
            break;

        case '\r':
            *dst++ = 'r';
            break;

        default:
            dst = ngx_cpymem(dst, "u00", 3);
            *dst++ = "0123456789abcdef"[*p >> 4];
            *dst++ = "0123456789abcdef"[*p & 0x0f];
        }
    }

    return dst;
}
