
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * A document that creates a configuration: oc_json_decode() and
 * oc_entity_create() on the input.
 *
 * - jansson alone agrees on what is JSON, and on what it says;
 * - the process's allocator is not called, and is there again afterwards;
 * - what is refused has a message, and a target that can be sent as JSON;
 * - what is accepted is rendered as JSON that says what the input said, and
 *   that is accepted again and rendered as the same bytes; the same holds for
 *   check-ins that are kept apart, whose records are written as JSON;
 * - with less memory it is refused, or nothing else happens.
 */


#include "arena.h"
#include "fuzz.h"
#include "json_compare.h"
#include "oc_entity.h"


/* as where requests are handled */

#define EXPANSION  48
#define ALLOWANCE  131072


static const oc_stamp_t  stamp = { "0123456789abcdef", 1767225600, 7,
    { 1767225600007, 1767225600007 - 90 * 86400000LL, 86400000 } };

static size_t  allocations;


static void *
counting_malloc(size_t size)
{
    allocations++;

    return malloc(size);
}


static void
counting_free(void *p)
{
    free(p);
}


static void
check_allocator(size_t before)
{
    json_free_t    free_now;
    json_malloc_t  malloc_now;

    json_get_alloc_funcs(&malloc_now, &free_now);

    fuzz_assert(malloc_now == counting_malloc);
    fuzz_assert(free_now == counting_free);
    fuzz_assert(allocations == before);
}


static json_t *
decode(oc_arena_t *arena, const void *data, size_t size, oc_json_error_t *err)
{
    size_t   before;
    u_char  *copy;
    json_t  *json;

    before = allocations;
    copy = unit_copy(data, size);

    memset(err, 0xa5, sizeof(oc_json_error_t));
    json = oc_json_decode(arena, copy, size, err);

    /* the tree is its own, whatever becomes of the text */

    free(copy);

    check_allocator(before);
    fuzz_assert((json != NULL) == (err->status == OC_JSON_OK));
    fuzz_assert(err->line >= 1 && err->line <= size + 1);
    fuzz_assert(err->column >= 1 && err->column <= size + 1);
    fuzz_assert(strlen(oc_json_strerror(err->status)) > 0);

    return json;
}


/* the text as jansson alone reads it */

static json_t *
reference(const uint8_t *data, size_t size, json_error_t *error)
{
    return json_loadb((const char *) data, size,
                      JSON_DECODE_ANY|JSON_REJECT_DUPLICATES, error);
}


static size_t
depth_of(json_t *json)
{
    size_t       i, n, most;
    json_t      *value;
    const char  *key;

    most = 0;

    if (json_is_array(json)) {
        json_array_foreach(json, i, value) {
            n = depth_of(value);
            most = ngx_max(most, n);
        }

    } else if (json_is_object(json)) {
        json_object_foreach(json, key, value) {
            n = depth_of(value);
            most = ngx_max(most, n);
        }

    } else {
        return 0;
    }

    return most + 1;
}


static void
check_decoded(json_t *json, oc_json_error_t *err, const uint8_t *data,
    size_t size, json_t *plain, json_error_t *error)
{
    unsigned  overflow, nul;

    nul = size && memchr(data, '\0', size);
    overflow = plain == NULL
               && json_error_code(error) == json_error_numeric_overflow;

    switch (err->status) {

    case OC_JSON_OK:
        fuzz_assert(!nul);
        fuzz_assert(overflow || json_same(json, plain));
        fuzz_assert(depth_of(json) <= OC_JSON_MAX_DEPTH);
        break;

    case OC_JSON_DEPTH:
        fuzz_assert(plain == NULL || depth_of(plain) > OC_JSON_MAX_DEPTH);
        break;

    case OC_JSON_NUL:
        fuzz_assert(nul || plain == NULL);
        break;

    case OC_JSON_NUMBER:
        fuzz_assert(overflow);
        break;

    case OC_JSON_TOO_LARGE:
        break;

    case OC_JSON_NO_MEMORY:
        fuzz_assert(0);
        break;

    default:
        fuzz_assert(plain == NULL);
    }
}


/* true if all that "given" says is said by "rendered", annotations aside */

static unsigned
says(json_t *rendered, json_t *given)
{
    size_t       i;
    json_t      *value;
    const char  *key;

    if (json_is_object(given)) {

        json_object_foreach(given, key, value) {

            if (strcmp(key, "@odata.type") != 0
                && (strchr(key, '@')
                    || strcmp(key, "lastModifiedDateTime") == 0
                    || strcmp(key, "assignments") == 0))
            {
                continue;
            }

            if (!says(json_object_get(rendered, key), value)) {
                return 0;
            }
        }

        return json_is_object(rendered);
    }

    if (json_is_array(given)) {

        if (json_array_size(given) != json_array_size(rendered)) {
            return 0;
        }

        json_array_foreach(given, i, value) {
            if (!says(json_array_get(rendered, i), value)) {
                return 0;
            }
        }

        return json_is_array(rendered);
    }

    return json_equal(rendered, given);
}


static char *
append(char *p, const void *data, size_t len)
{
    memcpy(p, data, len);

    return p + len;
}


/*
 * The records of check-ins, and their summary if one was given, in place of
 * OC_ENTITY_LIVE: all of them, in the order of the input, which the store does
 * not keep.
 */

static void
write_live(oc_buf_t *b, const oc_entity_t *entity)
{
    ngx_uint_t        i;
    const ngx_str_t  *record;

    if (entity->summary.len) {
        oc_buf_literal(b, "\"userCheckinSummary\":");
        oc_buf_str(b, &entity->summary);
        oc_buf_char(b, ',');
    }

    oc_buf_literal(b, "\"checkinStatuses\":[");

    for (i = 0; i < entity->ncheckins; i++) {

        if (i) {
            oc_buf_char(b, ',');
        }

        record = &entity->checkins[i].record;
        fuzz_assert(oc_checkin_write(b, record) == NGX_OK);
    }

    oc_buf_literal(b, "]}");
}


/* the answer to a create; the store gives the priority 7; to be freed */

static char *
answer(const oc_entity_t *entity, size_t *len)
{
    char        *text, *p;
    size_t       n;
    oc_buf_t     live;
    ngx_uint_t   i;
    oc_arena_t   arena;

    oc_arena_init(&arena, (size_t) -1);
    oc_buf_init(&live, &arena, 256);

    if (entity->live) {
        write_live(&live, entity);
        fuzz_assert(!live.failed);
    }

    n = entity->head.len + entity->tail.len + oc_buf_len(&live) + 64;

    for (i = 0; i < entity->nassignments; i++) {
        n += entity->assignments[i].json.len + 1;
    }

    text = malloc(n);

    p = append(text, entity->head.data, entity->head.len);

    if (!entity->has_priority) {
        *p++ = '7';
        p = append(p, entity->tail.data, entity->tail.len);
    }

    if (entity->live) {
        i = sizeof(OC_ENTITY_LIVE) - 1;
        fuzz_assert((size_t) (p - text) > i
                    && memcmp(p - i, OC_ENTITY_LIVE, i) == 0);
        p = append(p - i, live.start, oc_buf_len(&live));
    }

    oc_arena_free(&arena);

    if (entity->has_assignments) {
        fuzz_assert(p[-1] == '}');
        p = append(p - 1, ",\"assignments\":[", 16);

        for (i = 0; i < entity->nassignments; i++) {

            if (i) {
                *p++ = ',';
            }

            p = append(p, entity->assignments[i].json.data,
                       entity->assignments[i].json.len);
        }

        p = append(p, "]}", 2);
    }

    *len = p - text;

    return text;
}


static void
check_created(const oc_entity_t *entity, json_t *plain)
{
    char             *text, *again, *zeros;
    json_t           *json, *rendered;
    size_t            len, n, given;
    ngx_uint_t        i;
    oc_arena_t        arena;
    oc_fault_t        fault;
    oc_entity_t       second;
    json_error_t      error;
    oc_json_error_t   err;

    fuzz_assert(oc_type_derives(entity->type, &oc_type_configuration));
    fuzz_assert(oc_id_valid(entity->id.data, entity->id.len) == NGX_OK);
    fuzz_assert(entity->nassignments <= OC_MAX_ASSIGNMENTS);
    fuzz_assert(entity->has_priority || entity->tail.len);
    fuzz_assert(!entity->has_priority || entity->tail.len == 0);

    text = answer(entity, &len);

    rendered = reference((uint8_t *) text, len, &error);
    fuzz_assert(rendered);

    n = json_object_size(rendered);
    fuzz_assert(n == 10u + !!json_object_get(rendered, "@odata.type")
                     + entity->has_assignments
                     - (entity->live && entity->summary.len == 0));

    if (plain) {
        fuzz_assert(says(rendered, plain));
        fuzz_assert(!!json_object_get(plain, "assignments")
                    == entity->has_assignments);
        fuzz_assert(!!json_object_get(plain, "priority")
                    == entity->has_priority);

        /* one check-in with a summary stays in the JSON */

        given = json_array_size(json_object_get(plain, "checkinStatuses"));
        fuzz_assert(entity->ncheckins == given);
        fuzz_assert(entity->live
                    == (given > 1
                        || (given == 1
                            && !json_object_get(plain,
                                                "userCheckinSummary"))));

        if (entity->has_assignments) {
            fuzz_assert(says(json_object_get(rendered, "assignments"),
                             json_object_get(plain, "assignments")));
        }
    }

    json_decref(rendered);

    oc_arena_init(&arena, (size_t) -1);

    json = decode(&arena, text, len, &err);
    fuzz_assert(json);

    fuzz_assert(oc_entity_create(&second, json, &oc_type_configuration, &stamp,
                                 &arena, &fault)
                == NGX_OK);
    fuzz_assert(second.has_priority);
    fuzz_assert(second.type == entity->type);
    fuzz_assert(second.nassignments == entity->nassignments);
    fuzz_assert(second.live == entity->live);
    fuzz_assert(second.ncheckins == entity->ncheckins);

    for (i = 0; i < second.nassignments; i++) {
        fuzz_assert(second.assignments[i].id.len
                    == entity->assignments[i].id.len);
    }

    again = answer(&second, &n);
    fuzz_assert(n == len);

    /* zeros that nobody gave are given now */

    zeros = memmem(text, len, "\":" OC_SUMMARY_ZERO,
                   sizeof("\":" OC_SUMMARY_ZERO) - 1);

    if (zeros
        && memcmp(again + (zeros - text), "\":" OC_SUMMARY_GIVEN,
                  sizeof("\":" OC_SUMMARY_GIVEN) - 1)
           == 0)
    {
        memcpy(again + (zeros - text), zeros,
               sizeof("\":" OC_SUMMARY_ZERO) - 1);
    }

    fuzz_assert(memcmp(again, text, len) == 0);

    free(again);
    free(text);
    oc_arena_free(&arena);
}


static void
check_text(const ngx_str_t *text)
{
    json_t  *string;

    string = json_stringn(text->len ? (char *) text->data : "", text->len);
    fuzz_assert(string);
    json_decref(string);
}


/* the same again with an arena of "limit" bytes; "rc" is what it was before */

static void
check_limited(const uint8_t *data, size_t size, size_t limit,
    oc_json_status_e status, ngx_int_t rc)
{
    json_t           *json;
    ngx_int_t         limited;
    oc_arena_t        arena;
    oc_fault_t        fault;
    oc_entity_t       entity;
    oc_json_error_t   err;

    oc_arena_init(&arena, limit);

    json = decode(&arena, data, size, &err);
    fuzz_assert(arena.used <= limit);

    if (json) {
        fuzz_assert(status == OC_JSON_OK);

        limited = oc_entity_create(&entity, json, &oc_type_configuration,
                                   &stamp, &arena, &fault);

        fuzz_assert(arena.used <= limit);
        fuzz_assert(limited == rc
                    || (limited == NGX_ERROR && arena.exhausted));

    } else if (status == OC_JSON_OK) {
        fuzz_assert(err.status == OC_JSON_TOO_LARGE);
    }

    oc_arena_free(&arena);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t           *json, *plain;
    size_t            used, before, i;
    ngx_int_t         rc;
    oc_arena_t        arena;
    oc_fault_t        fault;
    oc_entity_t       entity;
    json_error_t      error;
    oc_json_error_t   err;

    static unsigned  ready;

    if (!ready) {
        ready = 1;
        oc_json_seed();
        oc_type_init();
        json_set_alloc_funcs(counting_malloc, counting_free);
    }

    fuzz_seed(data, size);

    plain = reference(data, size, &error);

    oc_arena_init(&arena, size * EXPANSION + ALLOWANCE);
    json = decode(&arena, data, size, &err);

    fuzz_assert(arena.used <= arena.limit);
    check_decoded(json, &err, data, size, plain, &error);

    rc = NGX_DECLINED;

    if (json) {
        arena.limit = (size_t) -1;

        memset(&fault, 0, sizeof(fault));
        memset(&entity, 0xa5, sizeof(entity));
        before = allocations;

        rc = oc_entity_create(&entity, json, &oc_type_configuration, &stamp,
                              &arena, &fault);

        check_allocator(before);
        fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

        if (rc == NGX_OK) {
            check_created(&entity, plain);

        } else {
            fuzz_assert(fault.message.len);
            check_text(&fault.message);
            check_text(&fault.target);
        }
    }

    used = arena.used;
    oc_arena_free(&arena);

    for (i = 0; i < 2; i++) {
        check_limited(data, size, unit_below(used + 1), err.status, rc);
    }

    json_decref(plain);

    return 0;
}
