
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Text: percent-encoding, UTF-8 and JSON strings of the input.
 *
 * - a decoder that is written another way agrees on what is decoded;
 * - what is encoded has only the characters it may have, and is decoded to
 *   the input;
 * - two other decoders agree on what is UTF-8 without control characters;
 * - a JSON string of the input has the length that was foretold, and is read
 *   as the input by jansson.
 */


#include "fuzz.h"
#include "oc_buf.h"
#include "oc_url.h"
#include "utf8.h"

#include <jansson.h>


/* RFC 3986, 2.1; -1 if it is not well-formed */

static long
url_decode(char *dst, const uint8_t *data, size_t size, unsigned plus)
{
    char      digits[3], *end, *p;
    size_t    i;

    p = dst;

    for (i = 0; i < size; i++) {

        if (data[i] != '%') {
            *p++ = (plus && data[i] == '+') ? ' ' : (char) data[i];
            continue;
        }

        if (size - i < 3) {
            return -1;
        }

        digits[0] = (char) data[++i];
        digits[1] = (char) data[++i];
        digits[2] = '\0';

        /* strtol() takes white space and a sign, too */

        if (!isxdigit((unsigned char) digits[0])) {
            return -1;
        }

        *p++ = (char) strtol(digits, &end, 16);

        if (end != digits + 2) {
            return -1;
        }
    }

    return p - dst;
}


static void
check_url(const u_char *text, size_t size)
{
    char       *expected;
    long        len;
    size_t      i, n;
    u_char     *p, *end;
    unsigned    plus;
    ngx_int_t   rc;
    ngx_str_t   dst, s, back;

    expected = malloc(size + 1);
    dst.data = malloc(size);

    for (plus = 0; plus < 2; plus++) {
        len = url_decode(expected, text, size, plus);
        rc = oc_url_decode(&dst, text, size, plus);

        fuzz_assert((len < 0) == (rc != NGX_OK));

        if (rc == NGX_OK) {
            fuzz_assert(dst.len == (size_t) len);
            fuzz_assert(memcmp(dst.data, expected, len) == 0);
        }
    }

    free(dst.data);
    free(expected);

    s.data = (u_char *) text;
    s.len = size;

    n = oc_url_encoded_len(&s);
    p = malloc(n);
    end = oc_url_encode(p, &s);

    fuzz_assert(end == p + n);

    for (i = 0; i < n; i++) {
        fuzz_assert(isalnum(p[i]) || (p[i] && strchr("-._~%", p[i])));
    }

    back.data = malloc(n);
    fuzz_assert(oc_url_decode(&back, p, n, 1) == NGX_OK);
    fuzz_assert(back.len == size && memcmp(back.data, text, size) == 0);

    free(back.data);
    free(p);
}


static void
check_utf8(const u_char *text, size_t size)
{
    size_t     i;
    json_t    *string;
    unsigned   printable, control;

    printable = oc_utf8_printable(text, size) == NGX_OK;

    fuzz_assert(printable == utf8_printable(text, size));

    string = json_stringn((const char *) text, size);
    control = 0;

    for (i = 0; string && i < size; i++) {
        control |= text[i] < 0x20 || text[i] == 0x7f
                   || (text[i] == 0xc2 && text[i + 1] < 0xa0);
    }

    fuzz_assert(printable == (string && !control));

    json_decref(string);
}


static void
check_json(const u_char *text, size_t size)
{
    size_t       n;
    u_char      *p, *end;
    json_t      *string, *read;
    oc_buf_t     b;
    oc_arena_t   arena;

    n = oc_json_escaped_len(text, size);
    fuzz_assert(n >= size && n <= 6 * size);

    p = malloc(n);
    end = oc_json_escape(p, text, size);
    fuzz_assert(end == p + n);

    oc_arena_init(&arena, 8 * n + 65536);
    oc_buf_init(&b, &arena, 0);
    oc_buf_json_string(&b, text, size);

    fuzz_assert(!b.failed);
    fuzz_assert(oc_buf_len(&b) == n + 2);
    fuzz_assert(memcmp(b.start + 1, p, n) == 0);
    free(p);

    string = json_stringn((const char *) text, size);

    if (string) {
        read = json_loadb((char *) b.start, n + 2,
                          JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);
        fuzz_assert(json_equal(read, string));

        json_decref(read);
        json_decref(string);
    }

    oc_arena_free(&arena);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char  *text;

    text = unit_copy(data, size);

    check_url(text, size);
    check_utf8(text, size);
    check_json(text, size);

    free(text);

    return 0;
}
