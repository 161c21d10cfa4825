
/*
 * Copyright (C) the authors of the nginx office configuration module
 */




/*
 * oc_checkin: what is accepted, how it is packed, and that a record gives back
 * what was written, to the letter.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_checkin.h"
#include "oc_datetime.h"
#include "support.h"
#include "tap.h"


#define NOW  1767225600000            /* 2026-01-01 */
#define DAY  86400000LL

#define BASE  "\"userId\":\"u\",\"wasSuccessful\":true,"                     \
              "\"checkinDateTime\":\"2025-12-31T12:00:00Z\""


static const oc_checkin_rules_t  rules = { NOW, NOW - 90 * DAY, DAY };

static oc_arena_t    arena;
static oc_fault_t    fault;
static oc_checkin_t  checkin;


static ngx_int_t
read_text(const char *text)
{
    json_t           *json;
    oc_json_error_t   err;

    oc_arena_init(&arena, 4 * 1024 * 1024);
    memset(&fault, 0, sizeof(fault));

    json = oc_json_decode(&arena, (const u_char *) text, strlen(text), &err);
    if (json == NULL) {
        diag("%s is no JSON", text);
        abort();
    }

    return oc_checkin_read(&checkin, json, NULL, &rules, NULL, &arena, &fault);
}


/* what comes back of a member's value; the others are simple */

static void
keeps(const char *name, const char *value)
{
    char      text[2048], part[1024];
    u_char   *copy;
    oc_buf_t  b;
    ngx_str_t record;

    snprintf(text, sizeof(text), "{%s%s\"%s\":%s}",
             strcmp(name, "checkinDateTime")
             ? BASE : "\"userId\":\"u\",\"wasSuccessful\":true",
             strcmp(name, "userId") ? "," : ",\"@x\":1,", name, value);

    if (strcmp(name, "userId") == 0) {
        snprintf(text, sizeof(text), "{\"wasSuccessful\":true,"
                 "\"checkinDateTime\":\"2025-12-31T12:00:00Z\",\"%s\":%s}",
                 name, value);
    }

    is_int(read_text(text), NGX_OK, value);

    /* bytes of its own, so that nothing is read behind them */

    copy = unit_copy(checkin.record.data, checkin.record.len);
    record.data = copy;
    record.len = checkin.record.len;

    oc_buf_init(&b, &arena, 16);

    is_int(oc_checkin_write(&b, &record), NGX_OK, "is written");
    oc_buf_char(&b, '\0');

    snprintf(part, sizeof(part), "\"%s\":%s", name, value);
    ok(strstr((char *) b.start, part) != NULL, "as it was given");

    free(copy);
    oc_arena_free(&arena);
}


static void
test_values(void)
{
    ngx_uint_t  i;

    static const char  *const strings[] = {
        "null", "\"\"", "\"x\"", "\"J\xc3\xbcrgen\"",
        "\"5e83cc61-cc61-5e83-61cc-835e61cc835e\"",
        "\"5E83CC61-CC61-5E83-61CC-835E61CC835E\"",
        "\"5E83cc61-CC61-5E83-61CC-835E61CC835E\"",
        "\"00000000-0000-0000-0000-000000000000\"",
        "\"00000000-0000-0000-0000-00000000000g\"",
        "\"5e83cc61_cc61-5e83-61cc-835e61cc835e\"",
        "\"0123456789012345678901234567890123456789012345678901234567890123"
        "456789012345678901234567890123456789012345678901234567890123\"",
        "\"a\\\"b\\\\c\\n\""
    };

    static const char  *const dates[] = {
        "\"2025-12-31T12:00:00Z\"", "\"2025-12-31T12:00:00.1Z\"",
        "\"2025-12-31T12:00:00.123456Z\"", "\"2025-12-31T12:00:00.1234567Z\"",
        "\"2025-12-31T12:00:00.000000Z\"", "\"2025-12-31T12:00:00+00:00\"",
        "\"2016-12-31T23:56:50.069086+00:00\"",
        "\"2025-12-31T12:00:00-00:00\"", "\"2025-12-31T12:00:00.5+02:00\"",
        "\"2025-12-31t12:00:00z\"", "\"2016-12-31T23:59:60Z\"",
        "\"1970-01-01T00:00:00Z\"", "\"1969-12-31T23:59:59Z\"",
        "\"0001-01-01T00:00:00Z\"", "\"2024-02-29T00:00:00Z\"",
        "\"2000-02-29T00:00:00.9Z\""
    };

    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        keeps("deviceName", strings[i]);
        keeps("userPrincipalName", strings[i]);
        keeps("errorMessage", strings[i]);

        if (i) {
            keeps("userId", strings[i]);
        }
    }

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        keeps("checkinDateTime", dates[i]);
    }

    keeps("appliedPolicies", "[]");
    keeps("appliedPolicies",
          "[\"a\",null,\"\",\"5e83cc61-cc61-5e83-61cc-835e61cc835e\"]");
    keeps("@odata.type", "\"#microsoft.graph.officeClientCheckinStatus\"");
    keeps("@odata.type", "\"microsoft.graph.officeClientCheckinStatus\"");
}


/* the bytes that the scripts look at */

static void
test_head(void)
{
    u_char  key[OC_CHECKIN_KEY_LEN];

    is_int(read_text("{" BASE ",\"deviceName\":\"pc\"}"), NGX_OK, "a device");
    memcpy(key, checkin.record.data, sizeof(key));

    is_int(checkin.record.data[14], 3, "successful, and counts");
    is_int(checkin.record.data[22] * 256 + checkin.record.data[23],
           NOW / DAY, "the day");
    oc_arena_free(&arena);

    is_int(read_text("{\"userId\":\"u\",\"wasSuccessful\":false,"
                     "\"deviceName\":\"pc\",\"checkinDateTime\":"
                     "\"2025-10-02T23:59:59.999Z\"}"), NGX_OK, "past it");
    is_int(checkin.record.data[14], 0, "failed, and does not count");
    ok(memcmp(key, checkin.record.data, sizeof(key)) == 0, "the key");
    oc_arena_free(&arena);

    is_int(read_text("{\"userId\":\"u\",\"wasSuccessful\":false,"
                     "\"deviceName\":\"pc\",\"checkinDateTime\":"
                     "\"2025-10-03T00:00:00Z\"}"), NGX_OK, "at the edge");
    is_int(checkin.record.data[14], 2, "counts");
    oc_arena_free(&arena);

    is_int(read_text("{" BASE "}"), NGX_OK, "no device");
    ok(memcmp(key, checkin.record.data, 6) != 0, "another key");
    ok(memcmp(key + 6, checkin.record.data + 6, 8) == 0, "of the same user");
    memcpy(key, checkin.record.data, sizeof(key));
    oc_arena_free(&arena);

    is_int(read_text("{" BASE ",\"deviceName\":null}"), NGX_OK, "null");
    ok(memcmp(key, checkin.record.data, sizeof(key)) == 0, "is the same");
    oc_arena_free(&arena);

    is_int(read_text("{" BASE ",\"deviceName\":\"\"}"), NGX_OK, "empty");
    ok(memcmp(key, checkin.record.data, sizeof(key)) != 0, "is not");
    oc_arena_free(&arena);
}


static void
refused(const char *text, const char *target)
{
    is_int(read_text(text), NGX_DECLINED, text);
    is_mem(fault.target.data, fault.target.len, target, "its target");
    oc_arena_free(&arena);
}


/*
 * A member whose text has "n" times "part", for which the JSON, whatever is
 * escaped in it, is of OC_CHECKIN_MAX_LEN bytes, and then of one more.
 */

static void
limited(const char *name, const char *part, size_t n, size_t each)
{
    char      *text, *p;
    size_t     i, more, fixed;
    oc_buf_t   b;

    text = malloc(6 * OC_CHECKIN_MAX_LEN + 1024);

    snprintf(text, 1024, "{" BASE ",\"%s\":\"\"}", name);

    is_int(read_text(text), NGX_OK, name);
    oc_buf_init(&b, &arena, 1024);
    is_int(oc_checkin_write(&b, &checkin.record), NGX_OK, "is written");
    fixed = oc_buf_len(&b);
    oc_arena_free(&arena);

    for (more = 0; more < 2; more++) {
        p = text + sprintf(text, "{" BASE ",\"%s\":\"", name);

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s", part);
        }

        i = OC_CHECKIN_MAX_LEN - fixed - n * each + more;

        memset(p, 'x', i);
        strcpy(p + i, "\"}");

        is_int(read_text(text), more ? NGX_DECLINED : NGX_OK,
               more ? "a byte too many" : "as many as may be");

        if (more) {
            ok(strstr((char *) fault.message.data, "65536 bytes") != NULL,
               "is told so");
            is_int(fault.target.len, 0, "of the whole");
        }

        oc_arena_free(&arena);
    }

    free(text);
}


static void
test_limit(void)
{
    limited("deviceName", "", 0, 0);
    limited("errorMessage", "\xc3\xa9", 100, 2);
    limited("errorMessage", "\\u00e9", 10000, 2);
    limited("devicePlatform", "\\\"", 30000, 2);
    limited("userPrincipalName", "\\u0001", 10800, 6);
    limited("userPrincipalName", "\\n", 1, 2);
}


static void
test_refused(void)
{
    refused("{}", "wasSuccessful");
    refused("{\"userId\":\"u\",\"wasSuccessful\":true}", "checkinDateTime");
    refused("{\"userId\":\"u\",\"wasSuccessful\":true,\"checkinDateTime\":"
            "\"2026-01-02T00:00:00Z\"}", "checkinDateTime");
    refused("{" BASE ",\"appliedPolicies\":[\"a\",5]}", "appliedPolicies/1");
    refused("{" BASE ",\"x\":1}", "x");
    refused("5", "");

    is_int(read_text("{\"userId\":\"u\",\"wasSuccessful\":true,"
                     "\"checkinDateTime\":\"2026-01-01T23:59:59.999Z\"}"),
           NGX_OK, "almost a day ahead");
    oc_arena_free(&arena);
}


/* a record that was cut or changed never leads beyond it */

static void
test_broken(void)
{
    u_char     *copy;
    size_t      len, i;
    oc_buf_t    b;
    ngx_str_t   record;
    oc_arena_t  other;
    ngx_uint_t  taken;

    is_int(read_text("{" BASE ",\"deviceName\":\"pc\",\"appliedPolicies\":"
                     "[\"a\",\"5e83cc61-cc61-5e83-61cc-835e61cc835e\"]}"),
           NGX_OK, "a record");

    taken = 0;

    for (len = 0; len < checkin.record.len; len++) {
        oc_arena_init(&other, 1024 * 1024);
        oc_buf_init(&b, &other, 16);

        copy = unit_copy(checkin.record.data, len);
        record.data = copy;
        record.len = len;

        taken += oc_checkin_write(&b, &record) == NGX_OK;

        free(copy);
        oc_arena_free(&other);
    }

    is_int(taken, 0, "none that was cut is taken");

    for (i = 0; i < 100000; i++) {
        oc_arena_init(&other, 1024 * 1024);
        oc_buf_init(&b, &other, 16);

        copy = unit_copy(checkin.record.data, checkin.record.len);
        copy[unit_below(checkin.record.len)] = (u_char) unit_random();
        copy[unit_below(checkin.record.len)] = (u_char) unit_random();
        record.data = copy;
        record.len = checkin.record.len;

        (void) oc_checkin_write(&b, &record);

        free(copy);
        oc_arena_free(&other);
    }

    ok(1, "bytes that were changed");
    oc_arena_free(&arena);
}


int
main(void)
{
    oc_json_seed();
    oc_type_init();

    test_values();
    test_head();
    test_limit();
    test_refused();
    test_broken();

    oc_arena_drain();

    return done();
}
