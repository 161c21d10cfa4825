
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_buf: growth, failure, numbers, and JSON strings of every byte at every
 * place of a word, against an escaper that takes one byte after the other.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <inttypes.h>

#include "oc_buf.h"
#include "support.h"
#include "tap.h"


/* RFC 8259, 7, with the short forms where there are some */

static size_t
reference(char *dst, const u_char *data, size_t len)
{
    char        *p;
    size_t       i;
    const char  *found;

    static const char  names[] = "\"\"\\\\\bb\tt\nn\ff\rr";

    p = dst;

    for (i = 0; i < len; i++) {

        for (found = names; *found && *found != (char) data[i]; found += 2) {
            /* void */
        }

        if (*found) {
            p += sprintf(p, "\\%c", found[1]);

        } else if (data[i] < 32) {
            p += sprintf(p, "\\u%04x", data[i]);

        } else {
            *p++ = (char) data[i];
        }
    }

    return p - dst;
}


/* true if the bytes are escaped as the reference has it, in its length */

static unsigned
escapes(const u_char *data, size_t len)
{
    char         expected[6 * 256];
    u_char      *in, *out, *end;
    size_t       n, size;
    unsigned     good;
    oc_buf_t     b;
    oc_arena_t   arena;

    n = reference(expected, data, len);

    in = unit_copy(data, len);
    size = oc_json_escaped_len(in, len);

    if (size != n) {
        free(in);
        return 0;
    }

    out = malloc(size);
    end = oc_json_escape(out, in, len);
    good = end == out + n && memcmp(out, expected, n) == 0;
    free(out);

    oc_arena_init(&arena, 0);
    oc_buf_init(&b, &arena, 0);
    oc_buf_json_string(&b, in, len);

    good = good && !b.failed && oc_buf_len(&b) == n + 2
           && b.start[0] == '"' && b.start[n + 1] == '"'
           && memcmp(b.start + 1, expected, n) == 0;

    oc_arena_free(&arena);
    free(in);

    return good;
}


static void
test_escape(void)
{
    u_char      text[64];
    size_t      offset, len, other;
    unsigned    byte, second;
    ngx_uint_t  wrong;

    static const u_char  special[] = {
        0x00, 0x01, 0x08, 0x09, 0x0a, 0x1f, 0x20, 0x21, '"', '#', 0x5b, '\\',
        0x5d, 0x7f, 0x80, 0x9f, 0xa0, 0xa2, 0xdc, 0xff
    };

    wrong = 0;

    for (byte = 0; byte < 256; byte++) {
        for (offset = 0; offset <= 16; offset++) {
            for (len = offset + 1; len <= offset + 18; len++) {
                memset(text, 'a', len);
                text[offset] = (u_char) byte;

                wrong += !escapes(text, len);
            }
        }
    }

    is_int(wrong, 0, "every byte at offsets 0 to 16");

    wrong = 0;

    for (byte = 0; byte < sizeof(special); byte++) {
        for (second = 0; second < sizeof(special); second++) {
            for (offset = 0; offset < 16; offset++) {
                for (other = 0; other < 16; other++) {
                    memset(text, 0x7f, 16);
                    text[offset] = special[byte];
                    text[other] = special[second];

                    wrong += !escapes(text, 16);
                }
            }
        }
    }

    is_int(wrong, 0, "two of them in one or two words");

    wrong = 0;

    for (byte = 0; byte < 20000; byte++) {
        len = unit_below(sizeof(text));

        for (offset = 0; offset < len; offset++) {
            text[offset] = unit_below(3) ? (u_char) unit_random()
                                         : special[unit_below(20)];
        }

        wrong += !escapes(text, len);
    }

    is_int(wrong, 0, "random bytes");
    ok(escapes((u_char *) "", 0), "nothing");
}


static void
test_int(int64_t n)
{
    char         text[32];
    oc_buf_t     b;
    oc_arena_t   arena;

    snprintf(text, sizeof(text), "%" PRId64, n);

    oc_arena_init(&arena, 0);
    oc_buf_init(&b, &arena, 0);
    oc_buf_int(&b, n);

    is_mem(b.start, oc_buf_len(&b), text, "the number %s", text);

    oc_arena_free(&arena);
}


static void
test_ints(void)
{
    int64_t     n, power;
    ngx_uint_t  i, wrong;
    char        text[32];
    oc_buf_t    b;
    oc_arena_t  arena;

    test_int(INT64_MIN);
    test_int(INT64_MIN + 1);
    test_int(INT64_MAX);
    test_int(INT32_MIN);
    test_int(INT32_MAX);
    test_int(0);
    test_int(-1);

    for (power = 1, i = 1; i < 19; i++) {
        power *= 10;
        test_int(power);
        test_int(1 - power);
    }

    oc_arena_init(&arena, 0);
    oc_buf_init(&b, &arena, 20);
    wrong = 0;

    for (i = 0; i < 100000; i++) {
        n = (int64_t) (unit_random() >> unit_below(64));
        n = unit_below(2) ? n : -n;

        b.last = b.start;
        oc_buf_int(&b, n);

        snprintf(text, sizeof(text), "%" PRId64, n);
        wrong += strlen(text) != oc_buf_len(&b)
                 || memcmp(text, b.start, oc_buf_len(&b)) != 0;
    }

    is_int(wrong, 0, "100000 random numbers");
    oc_arena_free(&arena);
}


static void
test_growth(void)
{
    size_t       i, size, n;
    u_char       piece[600], *all;
    ngx_str_t    text;
    oc_buf_t     b;
    oc_arena_t   arena;

    for (size = 0; size <= 64; size = size * 2 + 1) {
        oc_arena_init(&arena, 8 * 1024 * 1024);
        oc_buf_init(&b, &arena, size);

        all = malloc(300000);

        for (n = 0; n < 290000; n += i) {
            i = unit_below(2) ? 1 : unit_below(sizeof(piece));
            memset(piece, (int) unit_random(), i);

            if (i == 1) {
                oc_buf_char(&b, piece[0]);

            } else if (unit_below(2)) {
                oc_buf_append(&b, piece, i);

            } else {
                text.data = piece;
                text.len = i;
                oc_buf_str(&b, &text);
            }

            memcpy(all + n, piece, i);
        }

        ok(!b.failed && oc_buf_len(&b) == n && memcmp(b.start, all, n) == 0,
           "all that was written is there, from %zu bytes on", size);
        ok(arena.used < 4 * n, "by doubling: %zu bytes for %zu",
           arena.used, n);

        free(all);
        oc_arena_free(&arena);
    }

    oc_arena_init(&arena, 0);
    oc_buf_init(&b, &arena, 0);
    is_int(oc_buf_len(&b), 0, "an empty buffer is empty");

    oc_buf_literal(&b, "");
    oc_buf_literal(&b, "literal");
    oc_buf_append(&b, NULL, 0);
    is_mem(b.start, oc_buf_len(&b), "literal", "a literal, and nothing");

    oc_arena_free(&arena);
}


static void
test_failure(void)
{
    u_char       piece[5000];
    size_t       i, len;
    oc_buf_t     b;
    oc_arena_t   arena;

    memset(piece, '"', sizeof(piece));

    oc_arena_init(&arena, 0);
    oc_buf_init(&b, &arena, 40000);
    ok(b.failed, "no room from the start");

    oc_buf_literal(&b, "literal");
    oc_buf_char(&b, 'c');
    oc_buf_int(&b, 1);
    oc_buf_json_string(&b, piece, sizeof(piece));
    is_int(oc_buf_len(&b), 0, "then nothing is written");
    ok(b.failed, "and it stays failed");

    oc_arena_free(&arena);
    oc_buf_init(&b, &arena, 10);

    for (i = 0; i < 100 && !b.failed; i++) {
        oc_buf_json_string(&b, piece, sizeof(piece));
    }

    ok(b.failed && arena.exhausted, "no room any more");
    ok(i <= 3, "as soon as the limit is met");

    len = oc_buf_len(&b);
    oc_buf_json_string(&b, piece, sizeof(piece));
    is_int(oc_buf_len(&b), len, "what does not fit is left out");

    for (i = 0; i < 100000; i++) {
        oc_buf_char(&b, 'c');
        oc_buf_int(&b, INT64_MIN);
    }

    ok(b.failed, "what fits does not make it good again");
    ok(b.last <= b.end, "and nothing is written behind the end");

    oc_arena_free(&arena);
}


int
main(void)
{
    test_escape();
    test_ints();
    test_growth();
    test_failure();

    oc_arena_drain();

    return done();
}
