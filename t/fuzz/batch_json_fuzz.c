
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * The body of a JSON batch: oc_batch_json() on the input, in a buffer of just
 * its length, and oc_batch_is_json().
 *
 * - what is found is within the input or the arena, and can be used as it is:
 *   tokens, values without line ends, groups and dependencies that exist;
 * - there is an order in which everything can be carried out;
 * - a batch that is accepted is JSON to jansson as well, but for what jansson
 *   says of characters and of numbers; what jansson accepts is JSON here.
 */


#include <jansson.h>

#include "arena.h"
#include "batch.h"
#include "fuzz.h"
#include "hextoi.h"
#include "oc_batch.h"


/* whether jansson refuses it for a reason that is not one of structure */

static unsigned
lenient(const json_error_t *error)
{
    return json_error_code(error) == json_error_numeric_overflow
           || json_error_code(error) == json_error_stack_overflow
           || json_error_code(error) == json_error_invalid_utf8
           || json_error_code(error) == json_error_null_character
           || strstr(error->text, "Unicode")
           || strstr(error->text, "\\u0000")
           || strstr(error->text, "UTF-8");
}


static void
compare(u_char *data, size_t size, unsigned accepted)
{
    u_char        *p;
    json_t        *json;
    json_error_t   error;

    json = json_loadb((char *) data, size, JSON_DECODE_ANY|JSON_ALLOW_NUL,
                      &error);

    if (accepted) {
        fuzz_assert(json || lenient(&error));
    }

    p = data;

    if (json) {
        fuzz_assert(oc_batch_skip_value(&p, data + size, 0) == NGX_OK
                    || memchr(data, '[', size) || memchr(data, '{', size));
    }

    if (oc_batch_is_json(data, size)) {
        fuzz_assert(json || lenient(&error));
    }

    json_decref(json);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char             *copy;
    oc_arena_t          arena;
    oc_batch_t          batch;
    oc_batch_status_e   status;

    copy = unit_copy(data, size);

    oc_arena_init(&arena, (size_t) -1);

    memset(&batch, 0, sizeof(oc_batch_t));

    batch.arena = &arena;
    batch.max = 20;

    status = oc_batch_json(&batch, copy, size);

    fuzz_assert(memcmp(copy, data, size) == 0);

    fuzz_batch(&batch, status, size);

    compare(copy, size, status == OC_BATCH_OK);

    oc_arena_free(&arena);
    free(copy);

    return 0;
}
