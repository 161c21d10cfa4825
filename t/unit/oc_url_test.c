
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_url: percent-encoding, and UTF-8 without control characters against the
 * table of well-formed byte sequences of the Unicode standard.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_url.h"
#include "support.h"
#include "tap.h"
#include "utf8.h"


/* what a text is decoded to; NULL stands for an error */

typedef struct {
    const char  *text;
    const char  *plain;
    const char  *form;       /* with '+' for a space */
} unit_decode_t;


static const unit_decode_t  decoded[] = {
    { "", "", "" },
    { "abc", "abc", "abc" },
    { "a+b", "a+b", "a b" },
    { "+", "+", " " },
    { "%2B", "+", "+" },
    { "%2b+%2B", "+++", "+ +" },
    { "%20", " ", " " },
    { "a%20b%2Fc", "a b/c", "a b/c" },
    { "%25", "%", "%" },
    { "%2525", "%25", "%25" },
    { "%24top", "$top", "$top" },
    { "%c3%A9", "\xc3\xa9", "\xc3\xa9" },
    { "%fF%Ff", "\xff\xff", "\xff\xff" },
    { "\x01\x7f\xff", "\x01\x7f\xff", "\x01\x7f\xff" },
    { "%", NULL, NULL },
    { "%2", NULL, NULL },
    { "%%", NULL, NULL },
    { "%%20", NULL, NULL },
    { "%2%20", NULL, NULL },
    { "%G0", NULL, NULL },
    { "%0G", NULL, NULL },
    { "% 20", NULL, NULL },
    { "%+1", NULL, NULL },
    { "%-1", NULL, NULL },
    { "%0x", NULL, NULL },
    { "%/0", NULL, NULL },
    { "%:0", NULL, NULL },
    { "%@0", NULL, NULL },
    { "%`0", NULL, NULL },
    { "%0`", NULL, NULL },
    { "%g0", NULL, NULL },
    { "%\x10""0", NULL, NULL },
    { "%\xc1""0", NULL, NULL },
    { "abc%", NULL, NULL },
    { "abc%4", NULL, NULL },
    { "%u0041", NULL, NULL }
};


static ngx_int_t
decode(ngx_str_t *dst, const void *text, size_t len, ngx_uint_t plus)
{
    u_char     *copy;
    ngx_int_t   rc;

    copy = unit_copy(text, len);
    dst->data = malloc(len);
    rc = oc_url_decode(dst, copy, len, plus);
    free(copy);

    return rc;
}


static void
test_decode(void)
{
    char         text[4];
    size_t       len;
    ngx_int_t    rc;
    ngx_str_t    dst;
    ngx_uint_t   i, n, plus, wrong;
    const char  *expected;

    for (i = 0; i < sizeof(decoded) / sizeof(decoded[0]); i++) {
        len = strlen(decoded[i].text);

        for (plus = 0; plus < 2; plus++) {
            expected = plus ? decoded[i].form : decoded[i].plain;
            rc = decode(&dst, decoded[i].text, len, plus);

            if (expected == NULL) {
                is_int(rc, NGX_ERROR, "\"%s\" is invalid", decoded[i].text);

            } else {
                ok(rc == NGX_OK && dst.len == strlen(expected)
                   && memcmp(dst.data, expected, dst.len) == 0,
                   "\"%s\", plus %d", decoded[i].text, (int) plus);
            }

            free(dst.data);
        }
    }

    /* any two bytes behind a '%', against the C library */

    wrong = 0;

    for (i = 0; i < 256; i++) {
        for (n = 0; n < 256; n++) {
            text[0] = '%';
            text[1] = (char) i;
            text[2] = (char) n;
            text[3] = '\0';

            rc = decode(&dst, text, 3, 0);

            if (i < 128 && isxdigit((int) i) && n < 128 && isxdigit((int) n)) {
                wrong += rc != NGX_OK || dst.len != 1
                         || dst.data[0] != strtoul(text + 1, NULL, 16);

            } else {
                wrong += rc != NGX_ERROR;
            }

            free(dst.data);
        }
    }

    is_int(wrong, 0, "every pair of digits, and of what are none");
}


static void
test_encode(void)
{
    u_char      byte, bytes[100], *p, *end;
    ngx_str_t   s, back;
    ngx_uint_t  i, j, wrong;

    static const char  unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    wrong = 0;
    s.data = &byte;
    s.len = 1;

    for (i = 0; i < 256; i++) {
        byte = (u_char) i;
        sprintf((char *) bytes, "%%%02X", (int) i);

        if (byte && strchr(unreserved, byte)) {
            bytes[0] = byte;
            bytes[1] = '\0';
        }

        p = malloc(oc_url_encoded_len(&s));
        end = oc_url_encode(p, &s);

        wrong += (size_t) (end - p) != strlen((char *) bytes)
                 || memcmp(p, bytes, end - p) != 0;
        free(p);
    }

    is_int(wrong, 0, "all but the unreserved characters are encoded");

    wrong = 0;

    for (i = 0; i < 50000; i++) {
        s.len = unit_below(sizeof(bytes));
        s.data = bytes;

        for (j = 0; j < s.len; j++) {
            bytes[j] = (u_char) unit_random();
        }

        p = malloc(oc_url_encoded_len(&s));
        end = oc_url_encode(p, &s);

        wrong += (size_t) (end - p) != oc_url_encoded_len(&s)
                 || decode(&back, p, end - p, i % 2) != NGX_OK
                 || back.len != s.len
                 || memcmp(back.data, s.data, s.len) != 0;

        free(back.data);
        free(p);
    }

    is_int(wrong, 0, "random bytes come back from the encoding");
}


/* all sequences of "n" bytes that begin with "first" */

static ngx_uint_t
disagreements(u_char first, ngx_uint_t n)
{
    u_char      *p;
    ngx_uint_t   i, count, wrong;

    p = malloc(n);
    p[0] = first;

    count = (ngx_uint_t) 1 << 8 * (n - 1);

    for (i = 0, wrong = 0; i < count; i++) {

        if (n > 1) {
            p[1] = (u_char) i;
        }

        if (n > 2) {
            p[2] = (u_char) (i >> 8);
        }

        wrong += (oc_utf8_printable(p, n) == NGX_OK)
                 != (int) utf8_printable(p, n);
    }

    free(p);

    return wrong;
}


static void
test_utf8(void)
{
    size_t      len;
    u_char     *p;
    uint32_t    code;
    ngx_uint_t  i, n, wrong, accepted;

    is_int(oc_utf8_printable((u_char *) "", 0), NGX_OK, "nothing is UTF-8");

    for (n = 1; n <= 3; n++) {
        for (i = 0, wrong = 0; i < 256; i++) {
            wrong += disagreements((u_char) i, n);
        }

        is_int(wrong, 0, "all sequences of %d bytes", (int) n);
    }

    /* four bytes: all that are near to being well-formed, and random ones */

    wrong = 0;
    accepted = 0;
    p = malloc(4);

    for (i = 0; i < 4000000; i++) {
        p[0] = (u_char) ((i % 2) ? 0xf0 + unit_below(6) : unit_random());
        p[1] = (u_char) ((i % 3) ? 0x80 + unit_below(64) : unit_random());
        p[2] = (u_char) ((i % 5) ? 0x80 + unit_below(64) : unit_random());
        p[3] = (u_char) ((i % 7) ? 0x80 + unit_below(64) : unit_random());

        n = oc_utf8_printable(p, 4) == NGX_OK;
        accepted += n;
        wrong += n != utf8_printable(p, 4);
    }

    free(p);
    is_int(wrong, 0, "4000000 sequences of 4 bytes, %d of them good",
           (int) accepted);
    ok(accepted > 100000, "of both kinds are many");

    /* every code point, as UTF-8 is defined; surrogates are not */

    wrong = 0;

    for (code = 0; code < 0x120000; code++) {
        p = malloc(4);

        if (code < 0x80) {
            p[0] = (u_char) code;
            len = 1;

        } else if (code < 0x800) {
            p[0] = (u_char) (0xc0 | code >> 6);
            len = 2;

        } else if (code < 0x10000) {
            p[0] = (u_char) (0xe0 | code >> 12);
            len = 3;

        } else {
            p[0] = (u_char) (0xf0 | code >> 18);
            len = 4;
        }

        for (i = 1; i < len; i++) {
            p[i] = (u_char) (0x80 | (code >> 6 * (len - 1 - i) & 0x3f));
        }

        n = code >= 0x20 && (code < 0x7f || code >= 0xa0)
            && (code < 0xd800 || code > 0xdfff) && code <= 0x10ffff;

        wrong += (oc_utf8_printable(p, len) == NGX_OK) != n;
        free(p);
    }

    is_int(wrong, 0, "every code point");

    /* texts of several characters, whole and cut */

    wrong = 0;

    for (i = 0; i < 300000; i++) {
        len = unit_below(12);
        p = malloc(len);

        for (n = 0; n < len; n++) {
            p[n] = (u_char) (unit_below(3) ? 0x80 + unit_below(128)
                                           : 0x20 + unit_below(0x60));
        }

        wrong += (oc_utf8_printable(p, len) == NGX_OK)
                 != (int) utf8_printable(p, len);
        free(p);
    }

    is_int(wrong, 0, "random texts");
}


int
main(void)
{
    test_decode();
    test_encode();
    test_utf8();

    return done();
}
