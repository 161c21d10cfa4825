
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_json with an arena that is too small: whatever the last piece of memory
 * would have been for, the document is refused as too large, and nothing else
 * happens.  The process's own memory running out is refused likewise.
 *
 * jansson does not check each of its allocations: a string or a number whose
 * text it could not save has killed the process here, or was read and written
 * behind its end.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_json.h"
#include "support.h"
#include "tap.h"


static unsigned  unit_no_memory;


static void *
unit_malloc(size_t size)
{
    return unit_no_memory ? NULL : malloc(size);
}


#define malloc  unit_malloc
#include "oc_arena.c"
#undef malloc


/* what stands where memory ends */

static const struct {
    const char  *name;
    const char  *text;
} tails[] = {
    { "nothing", "" },
    { "a short string", ",\"abc\"" },
    { "a string", ",\"\\n3456789012345678901234567890\"" },
    { "a string of UTF-8", ",\"\xc3\xa9""56789012345678901234567890\"" },
    { "a string that ends in an escape", ",\"\\n34567890123456789\\n\"" },
    { "a number", ",-1234567.90123456789" },
    { "a number with an exponent", ",12345678901234e+10" },
    { "an integer", ",123456789012345678" },
    { "an integer of more than 64 bits", ",123456789012345678901234567890" },
    { "a name", ",{\"abcdefghijklmnopqrstuvwxyz\":1}" },
    { "a literal", ",falsefalsefalsefalse" },
    { "white space", ",                    1" }
};


/* texts of what fills the memory, a byte or two of text for many of tree */

static const char  *const fillings[] = {
    "[]", "{}", "1", "1.5", "\"\"", "[[[]]]", "{\"a\":{}}", "\"abcdefghij\"",
    "true"
};


/*
 * A document of "n" times "filling", behind a name that is "shift" bytes long,
 * so that what is left at the end is of every size, and then "tail".
 */

static size_t
compose(u_char *text, const char *filling, ngx_uint_t n, ngx_uint_t shift,
    const char *tail)
{
    u_char  *p;
    size_t   len;

    p = ngx_cpymem(text, "[\"\\n", 4);
    memset(p, 'x', shift);
    p += shift;
    *p++ = '"';

    len = strlen(filling);

    for ( /* void */ ; n; n--) {
        *p++ = ',';
        p = ngx_cpymem(p, filling, len);
    }

    p = ngx_cpymem(p, tail, strlen(tail));
    *p++ = ']';

    return p - text;
}


static void
test_limit(void)
{
    size_t             len;
    u_char            *text;
    json_t            *json;
    ngx_uint_t         i, j, n, least, most, shift, wrong, small, good;
    oc_arena_t         arena;
    oc_json_error_t    err;

    text = malloc(1024 * 1024);

    for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        wrong = 0;
        good = 0;
        small = 0;

        for (j = 0; j < sizeof(fillings) / sizeof(fillings[0]); j++) {

            /* how many of them make the smallest arena just full */

            least = 1;
            most = 20000;

            while (most - least > 1) {
                n = (least + most) / 2;
                len = compose(text, fillings[j], n, 0, "");

                oc_arena_init(&arena, 0);
                json = oc_json_decode(&arena, text, len, &err);

                if (json) {
                    least = n;
                } else {
                    most = n;
                }

                oc_arena_free(&arena);
            }

            for (n = ngx_max(least, 12) - 12; n <= least + 2; n++) {
                for (shift = 0; shift < 160; shift += 8) {
                    len = compose(text, fillings[j], n, shift, tails[i].text);

                    oc_arena_init(&arena, 0);
                    json = oc_json_decode(&arena, text, len, &err);

                    if (json) {
                        good++;

                    } else if (arena.exhausted
                               && err.status == OC_JSON_TOO_LARGE)
                    {
                        small++;

                    } else if (arena.exhausted
                               || err.status != OC_JSON_SYNTAX)
                    {
                        wrong++;
                    }

                    wrong += arena.used > arena.limit;
                    oc_arena_free(&arena);
                }
            }
        }

        is_int(wrong, 0, "memory ends before %s", tails[i].name);
        ok(small > 0, "it is too large %d times, and fits %d times",
           (int) small, (int) good);
    }

    free(text);
}


static void
test_no_memory(void)
{
    json_t           *json;
    oc_arena_t        arena;
    oc_json_error_t   err;

    oc_arena_init(&arena, 1024 * 1024);

    unit_no_memory = 1;
    json = oc_json_decode(&arena, (u_char *) "[]", 2, &err);
    unit_no_memory = 0;

    ok(json == NULL, "no memory: no document");
    is_int(err.status, OC_JSON_NO_MEMORY, "no memory: no fault of the client");

    json = oc_json_decode(&arena, (u_char *) "[]", 2, &err);
    ok(json != NULL, "memory again: it goes on");

    oc_arena_free(&arena);
}


int
main(void)
{
    oc_json_seed();

    test_no_memory();
    oc_arena_drain();

    test_limit();
    oc_arena_drain();

    return done();
}
