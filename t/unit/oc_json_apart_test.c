
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_json_decode_apart(): what is taken out of a document and what is left in
 * it; and that whatever is given is accepted or refused as without that, with
 * the same place of an error, and says the same.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "json_compare.h"
#include "oc_json.h"
#include "oc_json_condense.h"
#include "support.h"
#include "tap.h"


static const ngx_str_t  names[] = {
    ngx_string("alpha"),
    ngx_string("be"),
    ngx_string("betaNames"),
    ngx_string("betaName"),
    ngx_string("gamma")
};


static json_t *
decode(oc_arena_t *arena, oc_json_apart_t *apart, const char *text, size_t len,
    oc_json_error_t *err)
{
    json_t  *json;
    u_char  *copy;

    memset(apart, 0xa5, sizeof(oc_json_apart_t));

    apart->names = names;
    apart->nnames = sizeof(names) / sizeof(names[0]);

    copy = unit_copy(text, len);
    json = oc_json_decode_apart(arena, copy, len, apart, err);
    free(copy);

    return json;
}


/* true if a text is read as without anything apart */

static unsigned
agrees(const char *text, size_t len)
{
    u_char           *copy;
    json_t           *json, *whole, *plain;
    unsigned          same;
    oc_arena_t        arena, other;
    oc_json_error_t   err, expected;
    oc_json_apart_t   apart;

    oc_arena_init(&arena, 1024 * 1024);
    oc_arena_init(&other, 1024 * 1024);

    json = decode(&arena, &apart, text, len, &err);

    copy = unit_copy(text, len);
    whole = oc_json_decode(&other, copy, len, &expected);
    free(copy);

    same = (json == NULL) == (whole == NULL)
           && err.status == expected.status;

    if (json == NULL) {
        same = same && err.line == expected.line
               && err.column == expected.column && apart.nvalues == 0;

    } else if (whole) {
        plain = json_loadb(text, len, JSON_DECODE_ANY|JSON_REJECT_DUPLICATES,
                           NULL);

        same = same
               && (plain == NULL || json_same_apart(json, &apart, plain));

        json_decref(plain);
    }

    oc_arena_free(&arena);
    oc_arena_free(&other);

    return same;
}


static const struct {
    const char  *text;
    ngx_uint_t   nvalues;
    const char  *rest;
} taken[] = {
    { "{}", 0, "{}" },
    { "[]", 0, "[]" },
    { "\"alpha\"", 0, "\"alpha\"" },
    { "{\"alpha\":\"a value\"}", 1, "{}" },
    { "{\"alpha\":\"\"}", 1, "{}" },
    { " {\r\n\t\"alpha\" : \"a value\" }\n", 1, "{}" },
    { "{\"alpha\":null,\"be\":true,\"betaName\":false}", 3, "{}" },
    { "{\"gamma\":\"1\",\"betaNames\":\"2\",\"betaName\":\"3\",\"be\":\"4\","
      "\"alpha\":\"5\"}", 5, "{}" },
    { "{ \"gamma\" : null , \"alpha\" : \"5\" , \"be\" : true } ", 3, "{}" },

    /* in front of others, between them, and behind */
    { "{\"alpha\":\"a\",\"x\":1}", 1, "{\"x\":1}" },
    { "{\"x\":1,\"alpha\":\"a\"}", 1, "{\"x\":1}" },
    { "{\"x\":1,\"alpha\":\"a\",\"y\":2}", 1, "{\"x\":1,\"y\":2}" },
    { "{\"x\":1 , \"alpha\":\"a\" , \"be\":null}", 2, "{\"x\":1}" },
    { "{\"be\":[\"b\"],\"alpha\":\"a\",\"gamma\":{\"alpha\":\"c\"}}", 1,
      "{\"be\":[\"b\"],\"gamma\":{\"alpha\":\"c\"}}" },
    { "{\"be\":[{\"be\":\"b\"}],\"alpha\":\"a\",\"x\":{}}", 1,
      "{\"be\":[{\"be\":\"b\"}],\"x\":{}}" },

    /* values that are not simple, names that are not expected */
    { "{\"alpha\":1,\"be\":[],\"gamma\":{}}", 0,
      "{\"alpha\":1,\"be\":[],\"gamma\":{}}" },
    { "{\"alpha\":\"\xc3\xa9\",\"be\":\"\\n\",\"gamma\":\"g\"}", 1,
      "{\"alpha\":\"\xc3\xa9\",\"be\":\"\\n\"}" },
    { "{\"Alpha\":\"a\",\"alph\":\"b\",\"alphas\":\"c\",\"\":\"d\"}", 0,
      "{\"Alpha\":\"a\",\"alph\":\"b\",\"alphas\":\"c\",\"\":\"d\"}" },
    { "{\"al\\u0070ha\":\"a\",\"be\":\"b\"}", 0,
      "{\"alpha\":\"a\",\"be\":\"b\"}" },
    { "{\"al\xc3\xa9\":\"a\",\"be\":\"b\"}", 1, "{\"al\xc3\xa9\":\"a\"}" },

    /* only of the outermost object, and of none in an array */
    { "[{\"alpha\":\"a\"}]", 0, "[{\"alpha\":\"a\"}]" },
    { "{\"value\":[{\"alpha\":\"a\"}]}", 0,
      "{\"value\":[{\"alpha\":\"a\"}]}" },

    /* DEL, which marks something in what is left */
    { "{\"alpha\":\"\x7f#\",\"x\":\"a longer one\"}", 1,
      "{\"x\":\"a longer one\"}" },
    { "{\"alpha\":\"a\",\"x\":\"\x7f#\"}", 0,
      "{\"alpha\":\"a\",\"x\":\"\x7f#\"}" },

    /* a string that looks like what is around it */
    { "{\"alpha\":\"{,\",\"x\":\"},\",\"be\":\",{\"}", 2, "{\"x\":\"},\"}" },
    { "{\"x\":\"alpha\",\"alpha\":\"alpha\"}", 1, "{\"x\":\"alpha\"}" }
};


static void
test_taken(void)
{
    size_t            i;
    json_t           *json, *rest;
    oc_arena_t        arena;
    oc_json_error_t   err;
    oc_json_apart_t   apart;

    for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        rest = json_loads(taken[i].rest, JSON_DECODE_ANY, NULL);

        oc_arena_init(&arena, 0);
        json = decode(&arena, &apart, taken[i].text, strlen(taken[i].text),
                      &err);

        ok(apart.nvalues == taken[i].nvalues && json_same(json, rest),
           "text %d is taken apart", (int) i);
        ok(agrees(taken[i].text, strlen(taken[i].text)), "and says the same");

        oc_arena_free(&arena);
        json_decref(rest);
    }
}


/* what must not become valid by what is taken out, and its like */

static const char  *const refused[] = {
    "{,\"alpha\":\"a\"}",
    "{ , \"alpha\":\"a\"}",
    "{\"alpha\":\"a\",}",
    "{\"alpha\":\"a\",,\"x\":1}",
    "{\"alpha\":\"a\"",
    "{\"alpha\":\"a\",",
    "{\"alpha\":\"a\",\"",
    "{\"alpha\":\"a\"}}",
    "{\"alpha\":\"a\"}]",
    "{\"alpha\":\"a\"}x",
    "{\"alpha\":\"a\"]",
    "{\"alpha\":\"a\"};",
    "{\"alpha\":\"a\" \"be\":\"b\"}",
    "{\"alpha\"\"a\"}",
    "{\"alpha\",\"a\"}",
    "{\"alpha\"::\"a\"}",
    "{\"alpha\":\"a\":\"b\"}",
    "{\"alpha\":}",
    "{\"alpha\":nul}",
    "{\"alpha\":nulll}",
    "{\"alpha\":true1}",
    "{\"alpha\":falsey,\"x\":1}",
    "{\"alpha\":tru,\"x\":1}",
    "{\"alpha\":\"a}",
    "{\"alpha\":\"a\n\"}",
    "{\"alpha\":\"a\\q\"}",
    "{\"alpha\":\"\xff\"}",
    "{\"x\":,\"alpha\":\"a\"}",
    "{\"x\",\"alpha\":\"a\"}",
    "{\"x\":1,,\"alpha\":\"a\"}",
    "{1,\"alpha\":\"a\"}",
    "{\"x\":[},\"alpha\":\"a\"}",
    "{\"x\":{],\"alpha\":\"a\"}",
    "{\"x\":[1,\"alpha\":\"a\"}",
    "}{\"alpha\":\"a\"}",
    "[}{,\"alpha\":\"a\"}",
    "{}{\"alpha\":\"a\"}",
    "{},\"alpha\":\"a\"}",
    "]{\"alpha\":\"a\"}",
    "\"alpha\":\"a\"",
    ",\"alpha\":\"a\"",
    "[\"alpha\":\"a\"]",
    "[,\"alpha\":\"a\"}",
    "[1,\"alpha\":\"a\"}",
    "[1,\"alpha\":\"a\",\"x\"]",
    "[1,\"alpha\":\"a\",\"be\":\"b\",\"x\"]",
    "{\"alpha\":\"a\",\"alpha\":\"a\"}",
    "{\"alpha\":\"a\",\"x\":1,\"alpha\":null}",
    "{\"alpha\":\"a\",\"alpha\":1}",
    "{\"alpha\":1,\"alpha\":\"a\"}",
    "{\"alpha\":[{}],\"be\":\"b\",\"alpha\":\"a\"}",
    "{\"alpha\":\"\\n\",\"alpha\":\"a\"}",
    "{\"alpha\":\"a\",\"\\u0061lpha\":\"a\"}",
    "{\"\\u0061lpha\":\"a\",\"alpha\":\"a\"}",
    "{\"x\":1,\"alpha\":\"a\",\"x\":1}",
    "{\"alpha\":\"a\",\"be\":01}",
    "{\"alpha\":\"a\",\"be\":\"\\u0000\"}",
    "{\"alpha\":\"a\",\"be\":\"\\ud800\"}",
    "\xef\xbb\xbf{\"alpha\":\"a\"}"
};


static void
test_refused(void)
{
    size_t            i, len;
    oc_arena_t        arena;
    oc_json_error_t   err;
    oc_json_apart_t   apart;

    static const char  nul[] = "{\"alpha\":\"a\"\0}";

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        len = strlen(refused[i]);

        oc_arena_init(&arena, 0);

        ok(decode(&arena, &apart, refused[i], len, &err) == NULL
           && apart.nvalues == 0,
           "text %d is refused", (int) i);
        ok(agrees(refused[i], len), "as ever");

        oc_arena_free(&arena);
    }

    for (i = 0; i < sizeof(nul); i++) {
        ok(agrees(nul, i), "the first %d bytes, with a NUL", (int) i);
    }
}


/* what is left is in a buffer of fixed size */

static void
test_rest(void)
{
    char             *text, *p;
    size_t            n, size, wrong;
    oc_arena_t        arena;
    oc_json_error_t   err;
    oc_json_apart_t   apart;

    static const char  *const parts[] = { "1,", "[{}],", "\"\xc3\xa9\",",
                                          "\"a longer string\"  , ",
                                          "1234567890123456789," };

    wrong = 0;

    for (size = OC_JSON_MAX_REST - 100;
         size < OC_JSON_MAX_REST + 100;
         size++)
    {

        for (n = 0; n < 5; n++) {
            text = malloc(8 * size + 100);

            p = text + sprintf(text, "{\"alpha\":\"a\",\"x\":[");

            while ((size_t) (p - text) < size) {
                p += sprintf(p, "%s", parts[n]);
            }

            p += sprintf(p, "0],\"be\":true}");

            oc_arena_init(&arena, 4 * 1024 * 1024);

            wrong += decode(&arena, &apart, text, p - text, &err) == NULL
                     || (apart.nvalues != 0 && apart.nvalues != 2);
            wrong += !agrees(text, p - text);

            oc_arena_free(&arena);
            free(text);

            /* a string at once, that nothing can be taken for */

            text = malloc(2 * size + 100);

            p = text + sprintf(text, "{\"alpha\":\"a\",\"x\":\"");
            memset(p, 'a', size - n);
            p += size - n;
            p += sprintf(p, "\\n\",\"be\":true}");

            wrong += !agrees(text, p - text);

            free(text);
        }
    }

    is_int(wrong, 0, "documents of which about as much is left as there is "
           "room for");
}


/* what is put together from pieces, most of it not JSON, or one piece not */

static void
test_random(void)
{
    char        text[1024], *p;
    ngx_uint_t  i, j, n, wrong, fault;

    static const char  *const pieces[] = {
        "{", "}", "[", "]", ",", ",", ":", ":", " ", "\"alpha\"", "\"be\"",
        "\"gamma\"", "\"x\"", "null", "true", "1", "-", "\"\\n\"", "\"\x7f#\"",
        "\"\xc3\xa9\"", "\"", "x", "\"betaName\":\"value\"",
        "\"alpha\":\"value\"", "{\"be\":null,"
    };

    static const char  *const members[] = {
        "\"alpha\":\"a\"", "\"be\" : null", "\"betaName\":true ",
        "\"gamma\":\"\"", "\"betaNames\":\"a long value\"", "\"alpha\":1",
        "\"be\":[\"value\",{\"be\":\"b\"}]", "\"x\":{\"alpha\":\"a\"}",
        "\"gamma\":\"\xc3\xa9\"", "\"y\":\"a long value\"", "\"\":\"\\n\""
    };

    wrong = 0;

    for (i = 0; i < 200000; i++) {
        p = text;
        n = unit_below(10);

        if (i % 2) {
            for (j = 0; j < n; j++) {
                p += sprintf(p, "%s", pieces[unit_below(25)]);
            }

        } else {
            fault = unit_below(20);
            *p++ = '{';

            for (j = 0; j < n; j++) {
                p += sprintf(p, "%s%s", j ? "," : "", members[unit_below(11)]);

                if (j == fault) {
                    p += sprintf(p, "%s", pieces[unit_below(25)]);
                }
            }

            *p++ = '}';
        }

        if (!agrees(text, p - text)) {
            wrong++;
            diag("%.*s", (int) (p - text), text);
        }
    }

    is_int(wrong, 0, "200000 texts from pieces");
}


/* memory that ends leaves no values behind */

static void
test_memory(void)
{
    char             *text, *p;
    json_t           *json;
    size_t            i, n, wrong;
    oc_arena_t        arena;
    oc_json_error_t   err;
    oc_json_apart_t   apart;

    text = malloc(200000);
    wrong = 0;

    for (n = 20000; n < 40000; n += 97) {
        p = text + sprintf(text, "{\"alpha\":\"a\",\"be\":\"");
        memset(p, 'b', n);
        p += n;
        p += sprintf(p, "\",\"gamma\":\"c\"}");

        oc_arena_init(&arena, 65536);
        json = decode(&arena, &apart, text, p - text, &err);

        if (json == NULL) {
            wrong += apart.nvalues || err.status != OC_JSON_TOO_LARGE;

        } else {
            wrong += json_object_size(json) + apart.nvalues != 3;
        }

        for (i = 0; i < apart.nnames; i++) {
            wrong += apart.nvalues == 0 && apart.values[i];
        }

        oc_arena_free(&arena);
    }

    free(text);

    is_int(wrong, 0, "documents that there is hardly memory for");
}


int
main(void)
{
    oc_json_seed();

    oc_json_name_add((u_char *) "betaName", 8);
    oc_json_name_add((u_char *) "gamma", 5);

    test_taken();
    test_refused();
    test_rest();
    test_random();
    test_memory();

    oc_arena_drain();

    return done();
}
