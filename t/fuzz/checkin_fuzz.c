
/*
 * Copyright (C) the authors of the nginx office configuration module
 */




/*
 * Check-ins: the input as a record of Redis, and as a document.
 *
 * - no record leads beyond its bytes, and what one gives is JSON;
 * - a document that is accepted makes a record that gives the same back as it
 *   is written without one;
 * - it is accepted or refused in the same way, and makes the same record, if
 *   members of it are decoded apart, and jansson alone agrees on what it says.
 */


#include "arena.h"
#include "fuzz.h"
#include "json_compare.h"
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


static unsigned
same_text(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


/* the same with members apart; "rc" and what follows is what was without */

static void
check_apart(const uint8_t *data, size_t size, ngx_int_t rc,
    const oc_json_error_t *expected, const oc_fault_t *refused,
    const oc_checkin_t *taken)
{
    json_t           *json, *plain;
    u_char           *copy;
    oc_arena_t        arena;
    oc_fault_t        fault;
    oc_checkin_t      checkin;
    json_error_t      error;
    oc_json_apart_t   apart;
    oc_json_error_t   err;

    copy = unit_copy(data, size);

    oc_arena_init(&arena, 64 * 1024 * 1024);
    memset(&fault, 0, sizeof(fault));
    fault.arena = &arena;

    memset(&apart, 0xa5, sizeof(apart));
    oc_checkin_expect(&apart);

    json = oc_json_decode_apart(&arena, copy, size, &apart, &err);

    free(copy);

    fuzz_assert(err.status == expected->status);

    if (json == NULL) {
        fuzz_assert(err.line == expected->line
                    && err.column == expected->column);
        oc_arena_free(&arena);
        return;
    }

    plain = json_loadb((const char *) data, size,
                       JSON_DECODE_ANY|JSON_REJECT_DUPLICATES, &error);

    fuzz_assert(plain
                ? json_same_apart(json, &apart, plain)
                : json_error_code(&error) == json_error_numeric_overflow);

    json_decref(plain);

    fuzz_assert(oc_checkin_read(&checkin, json, &apart, &rules, NULL, &arena,
                                &fault)
                == rc);

    if (rc == NGX_OK) {
        fuzz_assert(same_text(&checkin.record, &taken->record));
        fuzz_assert((checkin.policies == NULL) == (taken->policies == NULL));
        fuzz_assert(checkin.policies == NULL
                    || json_equal(checkin.policies, taken->policies));

    } else {
        fuzz_assert(same_text(&fault.message, &refused->message));
        fuzz_assert(same_text(&fault.target, &refused->target));
    }

    oc_arena_free(&arena);
}


static void
check_document(const uint8_t *data, size_t size)
{
    ngx_int_t         rc;
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

    rc = json ? oc_checkin_read(&checkin, json, NULL, &rules, NULL, &arena,
                                &fault)
              : NGX_ERROR;

    check_apart(data, size, rc, &err, &fault, &checkin);

    if (rc != NGX_OK) {
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
