
/*
 * Copyright (C) the authors of the nginx office configuration module
 */




/*
 * Check-ins: the input as a record of Redis, and as a document.
 *
 * - no record leads beyond its bytes, and what one gives is JSON;
 * - a document that is accepted makes a record that gives the same back as it
 *   is written without one.
 */


#include "arena.h"
#include "fuzz.h"
#include "oc_checkin.h"


static const oc_checkin_rules_t  rules = {
    1767225600000, 1767225600000 - 90 * 86400000LL, 86400000
};


static void
check_record(const uint8_t *data, size_t size)
{
    oc_buf_t    b;
    ngx_str_t   record;
    oc_arena_t  arena;

    record.data = unit_copy(data, size);
    record.len = size;

    oc_arena_init(&arena, 64 * 1024 * 1024);
    oc_buf_init(&b, &arena, 16);

    if (oc_checkin_write(&b, &record) == NGX_OK && !b.failed) {
        fuzz_assert(oc_buf_len(&b) > 2 && b.start[0] == '{'
                    && b.last[-1] == '}');
    }

    free(record.data);
    oc_arena_free(&arena);
}


static void
check_document(const uint8_t *data, size_t size)
{
    json_t           *json;
    u_char           *copy;
    oc_buf_t          b, plain;
    oc_arena_t        arena;
    oc_fault_t        fault;
    oc_checkin_t      checkin;
    oc_json_error_t   err;

    copy = unit_copy(data, size);

    oc_arena_init(&arena, 64 * 1024 * 1024);
    memset(&fault, 0, sizeof(fault));
    fault.arena = &arena;

    json = oc_json_decode(&arena, copy, size, &err);

    if (json == NULL
        || oc_checkin_read(&checkin, json, &rules, NULL, &arena, &fault)
           != NGX_OK)
    {
        free(copy);
        oc_arena_free(&arena);
        return;
    }

    oc_buf_init(&b, &arena, 16);
    oc_buf_init(&plain, &arena, 16);

    fuzz_assert(oc_checkin_write(&b, &checkin.record) == NGX_OK);
    fuzz_assert(oc_complex_write(&plain, &oc_type_checkin_status, json, NULL,
                                 &fault)
                == NGX_OK);

    if (!b.failed && !plain.failed) {
        fuzz_assert(oc_buf_len(&b) == oc_buf_len(&plain)
                    && memcmp(b.start, plain.start, oc_buf_len(&b)) == 0);
    }

    free(copy);
    oc_arena_free(&arena);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ngx_uint_t  ready;

    if (!ready) {
        oc_json_seed();
        oc_type_init();
        ready = 1;
    }

    fuzz_seed(data, size);

    check_record(data, size);
    check_document(data, size);

    return 0;
}
