
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Parts of JSON, and base64, of the input.
 *
 * - what is encoded to base64url, in pieces, has the characters and the length
 *   it should have, and is decoded to the input;
 * - a decoder that is written another way agrees on what text is base64 and
 *   what it stands for; other text stays as it is;
 * - of arbitrary text no part reaches beyond it;
 * - of text that oc_json accepts, once it is written without white space, the
 *   members are those that jansson finds, and so are the strings.
 */


#include "arena.h"
#include "fuzz.h"
#include "hextoi.h"
#include "oc_base64.h"
#include "oc_json.h"
#include "oc_span.h"


/* -1: not base64 */

static int
sextet(u_char c)
{
    return (c >= 'A' && c <= 'Z') ? c - 'A'
           : (c >= 'a' && c <= 'z') ? c - 'a' + 26
           : (c >= '0' && c <= '9') ? c - '0' + 52
           : (c == '+' || c == '-') ? 62
           : (c == '/' || c == '_') ? 63 : -1;
}


/* a bit at a time; -1 if the text is not base64 */

static long
decode(u_char *dst, const u_char *text, size_t size)
{
    size_t    i, bit, n;
    unsigned  plain, url;

    n = size;

    while (n && size % 4 == 0 && size - n < 2 && text[n - 1] == '=') {
        n--;
    }

    plain = 0;
    url = 0;

    for (i = 0; i < n; i++) {
        if (sextet(text[i]) < 0) {
            return -1;
        }

        plain |= text[i] == '+' || text[i] == '/';
        url |= text[i] == '-' || text[i] == '_';
    }

    if (n % 4 == 1 || (plain && url)) {
        return -1;
    }

    n = n * 6 / 8;
    memset(dst, 0, n);

    for (bit = 0; bit < n * 8; bit++) {
        if (sextet(text[bit / 6]) & 32 >> bit % 6) {
            dst[bit / 8] |= (u_char) (128 >> bit % 8);
        }
    }

    return (long) n;
}


static void
check_base64(const u_char *text, size_t size)
{
    long          len;
    size_t        i, n, at, part;
    u_char       *p, *bytes, *piece;
    oc_base64_t   b;

    n = oc_base64url_len(size);
    p = malloc(n);

    oc_base64url_init(&b, p);

    for (at = 0; at < size; at += part) {
        part = unit_below(7);
        part = ngx_min(part, size - at);
        piece = unit_copy(text + at, part);
        oc_base64url_update(&b, piece, part);
        free(piece);
    }

    oc_base64url_final(&b);
    fuzz_assert(b.dst == p + n);

    for (i = 0; i < n; i++) {
        fuzz_assert(sextet(p[i]) >= 0 && p[i] != '+' && p[i] != '/');
    }

    fuzz_assert(oc_base64_decode(p, n) == size);
    fuzz_assert(size == 0 || memcmp(p, text, size) == 0);
    free(p);

    bytes = malloc(size);
    p = unit_copy(text, size);
    len = decode(bytes, text, size);
    n = oc_base64_decode(p, size);

    if (len < 0) {
        fuzz_assert(n == size && memcmp(p, text, size) == 0);

    } else {
        fuzz_assert(n == (size_t) len);
        fuzz_assert(n == 0 || memcmp(p, bytes, n) == 0);
    }

    free(p);
    free(bytes);
}


static void
check_bounds(const u_char *text, size_t size)
{
    size_t      i;
    u_char     *p, *at, *end, *last;
    ngx_str_t   name, value;

    p = unit_copy(text, size);
    last = p + size;

    for (i = 0; i <= size && i < 64; i++) {
        at = p + (i < 32 ? ngx_min(i, size) : unit_below(size + 1));

        end = oc_span_end(at, last);
        fuzz_assert(end >= at && end <= last);

        while (at && at < last) {
            end = oc_span_next(at, last, &name, &value);

            if (end) {
                fuzz_assert(end > at && end <= last);
                fuzz_assert(name.data > at && name.data + name.len < last);
                fuzz_assert(value.data > name.data
                            && value.data + value.len <= last);
            }

            at = end;
        }
    }

    fuzz_assert(oc_span_unescape(p, size) <= size);
    free(p);
}


static void
check_string(json_t *string, const ngx_str_t *value)
{
    size_t   n;
    u_char  *p;

    fuzz_assert(value->len >= 2 && value->data[0] == '"'
                && value->data[value->len - 1] == '"');

    p = unit_copy(value->data + 1, value->len - 2);
    n = oc_span_unescape(p, value->len - 2);

    fuzz_assert(n == json_string_length(string));
    fuzz_assert(n == 0 || memcmp(p, json_string_value(string), n) == 0);
    free(p);
}


/* "text" is compact JSON of "json", with something behind it up to "last" */

static void
check_value(json_t *json, u_char *p, size_t len, u_char *last, unsigned depth)
{
    u_char      *at, *end;
    json_t      *item;
    size_t       n, size;
    ngx_str_t    name, value, string;
    const char  *key;

    fuzz_assert(oc_span_end(p, last) == p + len);

    if (json_is_string(json)) {
        string.data = p;
        string.len = len;
        check_string(json, &string);
        return;
    }

    if (!json_is_object(json)) {
        return;
    }

    n = 0;
    end = p + len;

    for (at = p + 1; (at = oc_span_next(at, end, &name, &value)); n++) {
        fuzz_assert(value.data + value.len < end);

        size = oc_span_unescape(name.data, name.len);
        key = (const char *) name.data;

        item = json_object_getn(json, key, size);
        fuzz_assert(item != NULL);

        if (depth) {
            check_value(item, value.data, value.len, end, depth - 1);
        }
    }

    fuzz_assert(n == json_object_size(json));
}


static void
check_json(const u_char *text, size_t size)
{
    char             *dump;
    size_t            len;
    u_char           *p;
    json_t           *json;
    oc_arena_t        arena;
    const char       *suffix;
    oc_json_error_t   err;

    static const char  *behind[] = { "", ",", "}", "]", ",\"x\":1}" };

    /* abbreviated names are oc_json's own affair: it is the judge only */

    oc_arena_init(&arena, 16 * size + 65536);
    json = oc_json_decode(&arena, text, size, &err);
    oc_arena_free(&arena);

    if (json == NULL) {
        return;
    }

    json = json_loadb((const char *) text, size,
                      JSON_DECODE_ANY|JSON_ALLOW_NUL, NULL);
    if (json == NULL) {
        return;                             /* a number out of its range */
    }

    dump = json_dumps(json, JSON_COMPACT|JSON_ENCODE_ANY
                            |(unit_below(2) ? JSON_ENSURE_ASCII : 0)
                            |(unit_below(2) ? JSON_ESCAPE_SLASH : 0));
    fuzz_assert(dump != NULL);

    len = strlen(dump);
    suffix = behind[unit_below(5)];

    p = malloc(len + strlen(suffix));
    memcpy(p, dump, len);
    memcpy(p + len, suffix, strlen(suffix));

    check_value(json, p, len, p + len + strlen(suffix), 40);
    free(p);

    free(dump);
    json_decref(json);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char  *text;

    static unsigned  ready;

    if (!ready) {
        ready = 1;
        oc_json_seed();
    }

    fuzz_seed(data, size);

    text = unit_copy(data, size);

    check_base64(text, size);
    check_bounds(text, size);
    check_json(text, size);

    free(text);

    return 0;
}
