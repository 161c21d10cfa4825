
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_base64: texts with the bytes that they stand for, all short texts against
 * a decoder that works bit by bit, and an encoder that is fed in pieces.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_base64.h"
#include "support.h"
#include "tap.h"


static const char  letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";


/* a text that stands for bytes; both encodings are decoded to them */

typedef struct {
    const char  *text;
    const char  *bytes;
} unit_base64_t;


static const unit_base64_t  decoded[] = {
    { "", "" },
    { "Zg==", "f" },                        /* RFC 4648, 10 */
    { "Zm8=", "fo" },
    { "Zm9v", "foo" },
    { "Zm9vYg==", "foob" },
    { "Zm9vYmE=", "fooba" },
    { "Zm9vYmFy", "foobar" },
    { "Zg", "f" },
    { "Zm8", "fo" },
    { "Zm9vYg", "foob" },
    { "Zm9vYmE", "fooba" },
    { "Zh==", "f" },                        /* bits that mean nothing */
    { "Zn", "f" },
    { "Zv==", "f" },
    { "Zm9=", "fo" },
    { "Zm-", "fo" },
    { "Zm+=", "fo" },
    { "Zm9vYm_", "foobo" },
    { "----", "\xfb\xef\xbe" },
    { "++++", "\xfb\xef\xbe" },
    { "____", "\xff\xff\xff" },
    { "////", "\xff\xff\xff" },
    { "+/+/", "\xfb\xff\xbf" },
    { "-_-_", "\xfb\xff\xbf" }
};

/* what stays as it is */

static const char  *others[] = {
    "A", "AAAAA", "=", "==", "===", "====", "A=", "A==", "A===", "AA=",
    "AAA==", "AAAA=", "AAAA==", "AAAA====", "A=A=", "=AAA", "AA=A", "AA==AA==",
    "Zg==Zg==", "Zg=\n", "Zm9v\n", "\nZm9v", "Zm 9v", " Zm9v", "Zm9v ",
    "+-AA", "/_AA", "-+", "_/AA", "+_==", "{}", "{\"a\":1}", "Z.9v", "Zm9,",
    "\x80QQQ", "\xff\xff\xff\xff", "\xc3\xa9", "Zm9v\xc3\xa9xx"
};


/* the bytes that text stands for, bit by bit; -1: none */

static long
reference(u_char *dst, const u_char *text, size_t len)
{
    long         n;
    size_t       i;
    uint32_t     bits, nbits;
    unsigned     plain, url;
    const char  *p;

    if (len % 4 == 0 && len && text[len - 1] == '=') {
        len--;

        if (text[len - 1] == '=') {
            len--;
        }
    }

    if (len % 4 == 1) {
        return -1;
    }

    plain = 0;
    url = 0;
    bits = 0;
    nbits = 0;
    n = 0;

    for (i = 0; i < len; i++) {
        bits <<= 6;

        if (text[i] == '+' || text[i] == '/') {
            plain = 1;
            bits |= text[i] == '+' ? 62 : 63;

        } else if (text[i] == '-' || text[i] == '_') {
            url = 1;
            bits |= text[i] == '-' ? 62 : 63;

        } else {
            p = text[i] ? strchr(letters, text[i]) : NULL;

            if (p == NULL) {
                return -1;
            }

            bits |= (uint32_t) (p - letters);
        }

        nbits += 6;

        if (nbits >= 8) {
            nbits -= 8;
            dst[n++] = (u_char) (bits >> nbits);
            bits &= ((uint32_t) 1 << nbits) - 1;
        }
    }

    return (plain && url) ? -1 : n;
}


/* whether the text, in a block of its own, is decoded as it should be */

static unsigned
agrees(const u_char *text, size_t len)
{
    long      n;
    size_t    got;
    u_char   *p, *bytes;
    unsigned  same;

    p = unit_copy(text, len);
    bytes = malloc(len);
    n = reference(bytes, text, len);
    got = oc_base64_decode(p, len);

    if (n < 0) {
        same = got == len && (len == 0 || memcmp(p, text, len) == 0);

    } else {
        same = got == (size_t) n && (n == 0 || memcmp(p, bytes, n) == 0);
    }

    free(bytes);
    free(p);

    return same;
}


static void
test_decode(void)
{
    size_t      len, n;
    u_char     *p;
    ngx_uint_t  i;

    for (i = 0; i < sizeof(decoded) / sizeof(decoded[0]); i++) {
        len = strlen(decoded[i].text);
        p = unit_copy(decoded[i].text, len);
        n = oc_base64_decode(p, len);

        is_mem(p, n, decoded[i].bytes, "\"%s\"", decoded[i].text);
        ok(agrees((u_char *) decoded[i].text, len), "the other agrees");
        free(p);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        len = strlen(others[i]);
        p = unit_copy(others[i], len);
        n = oc_base64_decode(p, len);

        is_mem(p, n, others[i], "text %d stays", (int) i);
        ok(agrees((u_char *) others[i], len), "the other agrees");
        free(p);
    }
}


static void
test_short(void)
{
    u_char      text[64];
    size_t      len;
    ngx_uint_t  i, j, wrong;

    static const u_char  alphabet[] = "AQgz019+/-_== \n\\.";

    wrong = 0;

    for (i = 0; i < 256; i++) {
        text[0] = (u_char) i;
        wrong += !agrees(text, 1);

        for (j = 0; j < 256; j++) {
            text[1] = (u_char) j;
            wrong += !agrees(text, 2);

            text[2] = 'Q';
            text[3] = 'Q';
            wrong += !agrees(text, 3) + !agrees(text, 4);

            memmove(text + 2, text, 2);
            memcpy(text, "QQ", 2);
            wrong += !agrees(text, 3) + !agrees(text, 4);
            text[0] = (u_char) i;
        }
    }

    is_int(wrong, 0, "any two bytes, alone and in a group");

    wrong = 0;

    for (i = 0; i < 500000; i++) {
        len = unit_below(i % 8 ? 9 : sizeof(text));

        for (j = 0; j < len; j++) {
            text[j] = alphabet[unit_below(i % 3 ? 11
                                                : sizeof(alphabet) - 1)];
        }

        for (j = unit_below(4); j && j <= len; j--) {
            text[len - j] = '=';
        }

        wrong += !agrees(text, len);
    }

    is_int(wrong, 0, "500000 random texts");
}


static void
test_encode(void)
{
    u_char       bytes[200], *p, *copy, *piece;
    size_t       len, n, at, size;
    ngx_uint_t   i, j, wrong, chars;
    oc_base64_t  b;

    static const struct {
        const char  *bytes;
        const char  *text;
    } encoded[] = {
        { "", "" },
        { "f", "Zg" },
        { "fo", "Zm8" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg" },
        { "fooba", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy" },
        { "\xff\xff\xff", "____" },
        { "\xfb\xef\xbe", "----" }
    };

    for (i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++) {
        len = strlen(encoded[i].bytes);
        n = oc_base64url_len(len);
        is_int(n, strlen(encoded[i].text), "length of %d bytes", (int) len);

        p = malloc(n);
        oc_base64url_init(&b, p);
        oc_base64url_update(&b, (u_char *) encoded[i].bytes, len);
        oc_base64url_final(&b);

        is_mem(p, b.dst - p, encoded[i].text, "the text");
        free(p);
    }

    wrong = 0;
    chars = 0;

    for (i = 0; i < 100000; i++) {
        len = i < 1000 ? i % sizeof(bytes) : unit_below(sizeof(bytes));

        for (j = 0; j < len; j++) {
            bytes[j] = (u_char) unit_random();
        }

        n = oc_base64url_len(len);
        p = malloc(n);
        oc_base64url_init(&b, p);

        /* in pieces, each a block of its own, some of them empty */

        for (at = 0; at < len; at += size) {
            size = unit_below(i % 2 ? 5 : 100);
            size = ngx_min(size, len - at);
            piece = unit_copy(bytes + at, size);
            oc_base64url_update(&b, piece, size);
            free(piece);
        }

        oc_base64url_final(&b);

        wrong += b.dst != p + n;

        for (j = 0; j < n; j++) {
            chars += p[j] == '\0' || (!strchr(letters, p[j])
                                      && p[j] != '-' && p[j] != '_');
        }

        copy = unit_copy(p, n);
        wrong += oc_base64_decode(copy, n) != len
                 || (len && memcmp(copy, bytes, len) != 0);

        free(copy);
        free(p);
    }

    is_int(wrong, 0, "random bytes in pieces come back");
    is_int(chars, 0, "from what base64url has");

    /* one encoder is of use again */

    p = malloc(8);

    for (i = 0; i < 2; i++) {
        oc_base64url_init(&b, p);
        oc_base64url_update(&b, (u_char *) "fooba", 5);
        oc_base64url_final(&b);
        is_mem(p, b.dst - p, "Zm9vYmE", "begun anew");
    }

    oc_base64url_final(&b);
    is_mem(p, b.dst - p, "Zm9vYmE", "the end adds nothing twice");
    free(p);
}


/* by encoding again: the same text has to come out */

static void
test_strict(void)
{
    char         again[32];
    u_char      *p, text[20], bytes[20];
    size_t       len;
    ngx_int_t    n;
    ngx_uint_t   i, j, wrong, valid;
    oc_base64_t  b;

    static const u_char  alphabet[] = "AQgwz019-_+/= \n.\x80\xff";

    static const struct {
        const char  *text;
        const char  *bytes;
    } texts[] = {
        { "", "" },
        { "Zg", "f" },
        { "Zm8", "fo" },
        { "Zm9v", "foo" },
        { "Zm9vYg", "foob" },
        { "Zm9vYmE", "fooba" },
        { "____", "\xff\xff\xff" },
        { "----", "\xfb\xef\xbe" },
        { "Z", NULL },
        { "Zg==", NULL },
        { "Zm8=", NULL },
        { "Zh", NULL },
        { "Zm9", NULL },
        { "++++", NULL },
        { "////", NULL },
        { " Zm9v", NULL },
        { "Zm9v\n", NULL },
        { "Zm9.", NULL },
        { "Zm9vY", NULL },
        { "=", NULL }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        len = strlen(texts[i].text);
        p = unit_copy(texts[i].text, len);
        n = oc_base64url_decode(bytes, p, len);

        if (texts[i].bytes) {
            is_mem(bytes, n, texts[i].bytes, "strict: %s", texts[i].text);

        } else {
            is_int(n, NGX_ERROR, "refused: %s", texts[i].text);
        }

        free(p);
    }

    wrong = 0;
    valid = 0;

    for (i = 0; i < 500000; i++) {
        len = unit_below(sizeof(text));

        for (j = 0; j < len; j++) {
            text[j] = alphabet[unit_below(i % 3 ? 10 : sizeof(alphabet) - 1)];
        }

        p = unit_copy(text, len);
        n = oc_base64url_decode(p, p, len);

        if (n != NGX_ERROR) {
            oc_base64url_init(&b, (u_char *) again);
            oc_base64url_update(&b, p, n);
            oc_base64url_final(&b);

            valid++;
            wrong += oc_base64url_len((size_t) n) != len
                     || (len && memcmp(again, text, len) != 0);

        } else {
            wrong += len == 0;
        }

        free(p);
    }

    is_int(wrong, 0, "what is decoded strictly is encoded to the same");
    ok(valid > 10000, "and there is enough of it");
}


int
main(void)
{
    test_decode();
    test_strict();
    test_short();
    test_encode();

    return done();
}
