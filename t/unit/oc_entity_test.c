
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_entity: what a document that creates a configuration becomes, byte for
 * byte, and what is refused, with its place (api.md, 3).
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_entity.h"
#include "oc_uuid.h"
#include "support.h"
#include "tap.h"


#define ETAG      "0123456789abcdef"
#define MODIFIED  "2026-01-01T00:00:00.007Z"

#define HEAD      "{\"@odata.etag\":\"W/\\\"" ETAG "\\\"\""


/* the example of the document that describes the request */

static const char  seed[] =
    "{\n"
    "  \"@odata.type\": \"#microsoft.graph.officeClientConfiguration\",\n"
    "  \"userPreferencePayload\": \"Stream\",\n"
    "  \"policyPayload\": \"Stream\",\n"
    "  \"description\": \"Description value\",\n"
    "  \"displayName\": \"Display Name value\",\n"
    "  \"priority\": 8,\n"
    "  \"userCheckinSummary\": {\n"
    "    \"@odata.type\": \"microsoft.graph.officeUserCheckinSummary\",\n"
    "    \"succeededUserCount\": 2,\n"
    "    \"failedUserCount\": 15\n"
    "  },\n"
    "  \"checkinStatuses\": [\n"
    "    {\n"
    "      \"@odata.type\": \"microsoft.graph.officeClientCheckinStatus\",\n"
    "      \"userPrincipalName\": \"User Principal Name value\",\n"
    "      \"deviceName\": \"Device Name value\",\n"
    "      \"devicePlatform\": \"Device Platform value\",\n"
    "      \"devicePlatformVersion\": \"Device Platform Version value\",\n"
    "      \"wasSuccessful\": true,\n"
    "      \"userId\": \"User Id value\",\n"
    "      \"checkinDateTime\": \"2016-12-31T23:56:50.069086+00:00\",\n"
    "      \"errorMessage\": \"Error Message value\",\n"
    "      \"appliedPolicies\": [\n"
    "        \"Applied Policies value\"\n"
    "      ]\n"
    "    }\n"
    "  ]\n"
    "}\n";

static const char  seed_head[] =
    HEAD
    ",\"@odata.type\":\"#microsoft.graph.officeClientConfiguration\""
    ",\"id\":\"";

static const char  seed_tail[] =
    "\",\"userPreferencePayload\":\"Stream\""
    ",\"policyPayload\":\"Stream\""
    ",\"description\":\"Description value\""
    ",\"displayName\":\"Display Name value\""
    ",\"priority\":8"
    ",\"lastModifiedDateTime\":\"" MODIFIED "\""
    ",\"userCheckinSummary\":{"
        "\"@odata.type\":\"microsoft.graph.officeUserCheckinSummary\""
        ",\"succeededUserCount\":2"
        ",\"failedUserCount\":15}"
    ",\"checkinStatuses\":[{"
        "\"@odata.type\":\"microsoft.graph.officeClientCheckinStatus\""
        ",\"userPrincipalName\":\"User Principal Name value\""
        ",\"deviceName\":\"Device Name value\""
        ",\"devicePlatform\":\"Device Platform value\""
        ",\"devicePlatformVersion\":\"Device Platform Version value\""
        ",\"wasSuccessful\":true"
        ",\"userId\":\"User Id value\""
        ",\"checkinDateTime\":\"2016-12-31T23:56:50.069086+00:00\""
        ",\"errorMessage\":\"Error Message value\""
        ",\"appliedPolicies\":[\"Applied Policies value\"]}]}";


#define ZERO  "{\"succeededUserCount\":0,\"failedUserCount\":0}"

static const oc_stamp_t  stamp = { ETAG, 1767225600, 7,
    { 1767225600007, 1767225600007 - 90 * 86400000LL, 86400000 } };

static oc_arena_t   arena;
static oc_fault_t   fault;
static oc_entity_t  entity;


/* what oc_entity_create() makes of a text; the arena is new for each */

static ngx_int_t
create(const char *text)
{
    u_char           *copy;
    json_t           *json;
    oc_json_error_t   err;

    oc_arena_free(&arena);
    memset(&entity, 0xa5, sizeof(entity));
    memset(&fault, 0, sizeof(fault));

    copy = unit_copy(text, strlen(text));
    json = oc_json_decode(&arena, copy, strlen(text), &err);
    free(copy);

    if (json == NULL) {
        diag("%s: %s", text, oc_json_strerror(err.status));
        return NGX_ABORT;
    }

    return oc_entity_create(&entity, json, &oc_type_configuration, &stamp,
                            &arena, &fault);
}


static void
is_refused(const char *text, const char *target, const char *message)
{
    is_int(create(text), NGX_DECLINED, "refused: %.100s", text);
    is_mem(fault.target.data, fault.target.len, target, "its target");
    is_mem(fault.message.data, fault.message.len, message, "its message");
}


static void
is_type(const char *name)
{
    is_mem(entity.type->name.data, entity.type->name.len, name, "its type");
}


static void
begins(const char *text)
{
    is_mem(entity.head.data, ngx_min(entity.head.len, strlen(text)), text,
           "as rendered");
}


static void
test_seed(void)
{
    char    expected[4096];
    size_t  i, n;

    is_int(create(seed), NGX_OK, "the example is accepted");

    is_int(entity.id.len, OC_UUID_LEN, "it is given an id");
    ok(entity.id.data[14] == '7', "of version 7");

    /* 1767225600007 */
    is_mem(entity.id.data, 15, "019b76da-a807-7", "of the time of the stamp");

    snprintf(expected, sizeof(expected), "%s%.36s%s", seed_head,
             entity.id.data, seed_tail);

    is_mem(entity.head.data, entity.head.len, expected, "as rendered");
    is_int(entity.tail.len, 0, "in one piece");
    ok(entity.has_priority && entity.priority == 8, "its priority");
    ok(!entity.has_assignments && entity.nassignments == 0,
       "it has no assignments");
    is_type("officeClientConfiguration");

    /* what was rendered can be sent back, with all that the service added */

    n = strlen(expected);
    is_int(create(expected), NGX_OK, "the answer is accepted, too");
    is_mem(entity.head.data, entity.head.len, expected, "and comes out again");

    /* the members of a document in another order */

    snprintf(expected, sizeof(expected), "%s%s%s", seed_head, "i", seed_tail);
    i = create("{\"lastModifiedDateTime\":\"1999-12-31T23:59:60Z\","
               "\"checkinStatuses\":[{\"appliedPolicies\":["
               "\"Applied Policies value\"],\"errorMessage\":"
               "\"Error Message value\",\"checkinDateTime\":"
               "\"2016-12-31T23:56:50.069086+00:00\",\"userId\":"
               "\"User Id value\",\"wasSuccessful\":true,"
               "\"devicePlatformVersion\":\"Device Platform Version value\","
               "\"devicePlatform\":\"Device Platform value\",\"deviceName\":"
               "\"Device Name value\",\"userPrincipalName\":"
               "\"User Principal Name value\",\"@odata.type\":"
               "\"microsoft.graph.officeClientCheckinStatus\"}],"
               "\"priority\":8,\"displayName\":\"Display Name value\","
               "\"description\":\"Description value\","
               "\"policyPayload\":\"Stream\","
               "\"userPreferencePayload\":\"Stream\","
               "\"userCheckinSummary\":{\"failedUserCount\":15,"
               "\"succeededUserCount\":2,\"@odata.type\":"
               "\"microsoft.graph.officeUserCheckinSummary\"},"
               "\"id\":\"i\",\"@odata.etag\":\"other\",\"@x\":{},"
               "\"@odata.type\":"
               "\"#microsoft.graph.officeClientConfiguration\"}");

    is_int(i, NGX_OK, "its members in another order");
    is_mem(entity.head.data, entity.head.len, expected, "come out in order");
    ok(n == strlen(expected) + 35, "the etag given is not taken");
}


static void
test_defaults(void)
{
    char  expected[1024];

    static const char  head[] =
        ",\"userPreferencePayload\":null,\"policyPayload\":null"
        ",\"description\":null,\"displayName\":null,\"priority\":";

    static const char  tail[] =
        ",\"lastModifiedDateTime\":\"" MODIFIED "\""
        ",\"userCheckinSummary\":" ZERO ",\"checkinStatuses\":[]}";

    is_int(create("{}"), NGX_OK, "an empty object");

    snprintf(expected, sizeof(expected), HEAD ",\"id\":\"%.36s\"%s",
             entity.id.data, head);

    ok(!entity.has_priority, "it has no priority");
    is_mem(entity.head.data, entity.head.len, expected, "up to its priority");
    is_mem(entity.tail.data, entity.tail.len, tail, "behind its priority");
    is_type("officeClientConfiguration");

    is_int(create("{\"id\":\"a\",\"priority\":-2147483648}"), NGX_OK,
           "the least priority");
    snprintf(expected, sizeof(expected), HEAD ",\"id\":\"a\"%s-2147483648%s",
             head, tail);
    is_mem(entity.head.data, entity.head.len, expected, "as rendered");
    is_int(entity.tail.len, 0, "in one piece");
    ok(entity.has_priority && entity.priority == -2147483647 - 1,
       "its priority");

    is_int(create("{\"id\":\"a\",\"priority\":0}"), NGX_OK, "priority zero");
    ok(entity.has_priority && entity.priority == 0 && entity.tail.len == 0,
       "is one");

    is_int(create("{\"description\":null,\"checkinStatuses\":[],"
                  "\"policyPayload\":null}"), NGX_OK, "nulls");
    is_mem(entity.tail.data, entity.tail.len, tail, "are the defaults");

    is_int(create("{\"id\":\"a\",\"priority\":1,\"userCheckinSummary\":{}}"),
           NGX_OK, "a summary of zeros");
    ok(memmem(entity.head.data, entity.head.len, OC_SUMMARY_GIVEN,
              sizeof(OC_SUMMARY_GIVEN) - 1)
       != NULL, "is not the default");

    /* api.md, 3: an unknown annotation never causes an error */

    is_int(create("{\"priority\":8,\"@a\":99999999999999999999,"
                  "\"priority@a.b\":-1e5,\"@\":[[[[]]]]}"),
           NGX_OK, "annotations with numbers of any size");
    is_int(entity.priority, 8, "beside a priority");
}


static void
test_types(void)
{
    is_int(create("{\"@odata.type\":"
                  "\"#microsoft.graph.windowsOfficeClientConfiguration\"}"),
           NGX_OK, "a derived type");
    is_type("windowsOfficeClientConfiguration");
    begins(HEAD ",\"@odata.type\":"
           "\"#microsoft.graph.windowsOfficeClientConfiguration\",\"id\":");

    is_int(create("{\"@type\":\"microsoft.graph."
                  "windowsOfficeClientSecurityConfiguration\"}"),
           NGX_OK, "the other derived type, without the #");
    is_type("windowsOfficeClientSecurityConfiguration");

    is_refused("{\"@odata.type\":\"#microsoft.graph.officeConfiguration\"}",
               "@odata.type", "The type must be "
               "microsoft.graph.officeClientConfiguration or derived from "
               "it.");
    is_refused("{\"@odata.type\":\"#microsoft.graph.user\"}", "@odata.type",
               "This type is unknown.");
}


static void
test_ids(void)
{
    char        text[2048], id[1024], message[128];
    size_t      i, n;
    u_char     *copy;
    ngx_uint_t  wrong;

    static const char  *const good[] = {
        "a", " ", "5e83cc61-cc61-5e83-61cc-835e61cc835e", "a b/c%2F'(){}",
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc2\xa0", "$count",
        "\xef\xbf\xbf"
    };

    static const char  *const bad[] = {
        "null", "1", "true", "[]", "{}", "\"\"", "\"\\n\"", "\"a\\u0001\"",
        "\"\\u007f\"", "\"\\u0080\"", "\"\\u009f\"", "\"a\\tb\""
    };

    sprintf(message, "An id is a string of 1 to 256 bytes of UTF-8 without "
            "control characters.");

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        sprintf(text, "{\"id\":\"%s\"}", good[i]);
        is_int(create(text), NGX_OK, "the id %s", good[i]);
        is_mem(entity.id.data, entity.id.len, good[i], "as given");

        sprintf(text, HEAD ",\"id\":\"%s\",", good[i]);
        begins(text);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sprintf(text, "{\"id\":%s}", bad[i]);
        is_refused(text, "id", message);
    }

    is_int(create("{\"id\":\"a\\\"\\\\b\"}"), NGX_OK,
           "an id with a quote and a backslash");
    is_mem(entity.id.data, entity.id.len, "a\"\\b", "as it is meant");

    sprintf(text, HEAD ",\"id\":\"a\\\"\\\\b\",");
    begins(text);

    /* 256 bytes, not characters */

    wrong = 0;

    for (n = 1; n <= 520; n++) {
        memset(id, 'x', n);
        id[n] = '\0';

        sprintf(text, "{\"id\":\"%s\"}", id);
        wrong += create(text) != (n <= 256 ? NGX_OK : NGX_DECLINED);

        copy = unit_copy(id, n);
        wrong += oc_id_valid(copy, n) != (n <= 256 ? NGX_OK : NGX_ERROR);
        free(copy);
    }

    is_int(wrong, 0, "ids of 1 to 520 bytes");
    is_int(oc_id_valid((u_char *) "", 0), NGX_ERROR, "no id is of no byte");
    is_int(oc_id_valid((u_char *) "a\0b", 3), NGX_ERROR, "none has a NUL");

    for (i = 0, id[0] = '\0'; i < 128; i++) {
        strcat(id, "\xc3\xa9");
    }

    sprintf(text, "{\"id\":\"%s\"}", id);
    is_int(create(text), NGX_OK, "128 characters of two bytes");

    sprintf(text, "{\"id\":\"%sx\"}", id);
    is_int(create(text), NGX_DECLINED, "and one more");
}


static void
test_refused(void)
{
    is_refused("[]", "", "An object of type "
               "microsoft.graph.officeClientConfiguration is expected.");
    is_refused("{\"priority\":null}", "priority",
               "The value must not be null.");
    is_refused("{\"priority\":2147483648}", "priority",
               "A value of type Edm.Int32 is expected.");
    is_refused("{\"priority\":\"8\"}", "priority",
               "A value of type Edm.Int32 is expected.");
    is_refused("{\"displayName\":5}", "displayName",
               "A value of type Edm.String is expected.");
    is_refused("{\"displayname\":\"x\"}", "displayname",
               "microsoft.graph.officeClientConfiguration has no property of "
               "this name.");
    is_refused("{\"lastModifiedDateTime\":\"yesterday\"}",
               "lastModifiedDateTime",
               "A value of type Edm.DateTimeOffset is expected, for example "
               "\"2016-12-31T23:56:50.069086+00:00\".");
    is_refused("{\"lastModifiedDateTime\":null}", "lastModifiedDateTime",
               "The value must not be null.");
    is_refused("{\"checkinStatuses\":[{\"userId\":\"u\",\"wasSuccessful\":1,"
               "\"checkinDateTime\":\"2016-12-31T23:56:50Z\"}]}",
               "checkinStatuses/0/wasSuccessful",
               "A value of type Edm.Boolean is expected.");
    is_refused("{\"checkinStatuses\":[{\"wasSuccessful\":true,"
               "\"checkinDateTime\":\"2016-12-31T23:56:50Z\"}]}",
               "checkinStatuses/0/userId", "A value is required.");
    is_refused("{\"userCheckinSummary\":{\"failedUserCount\":1.5}}",
               "userCheckinSummary/failedUserCount",
               "A value of type Edm.Int32 is expected.");

    is_refused("{\"assignments\":null}", "assignments",
               "An array is expected.");
    is_refused("{\"assignments\":{}}", "assignments",
               "An array is expected.");
    is_refused("{\"assignments\":[{},5]}", "assignments/1",
               "An object of type "
               "microsoft.graph.officeClientConfigurationAssignment is "
               "expected.");
    is_refused("{\"assignments\":[null]}", "assignments/0",
               "An object of type "
               "microsoft.graph.officeClientConfigurationAssignment is "
               "expected.");
    is_refused("{\"assignments\":[{\"id\":\"\"}]}", "assignments/0/id",
               "An id is a string of 1 to 256 bytes of UTF-8 without control "
               "characters.");
    is_refused("{\"assignments\":[{\"x\":1}]}", "assignments/0/x",
               "microsoft.graph.officeClientConfigurationAssignment has no "
               "property of this name.");
    is_refused("{\"assignments\":[{},{\"target\":5}]}", "assignments/1/target",
               "An object of type "
               "microsoft.graph.officeConfigurationAssignmentTarget is "
               "expected.");
    is_refused("{\"assignments\":[{\"target\":{\"groupId\":\"g\"}}]}",
               "assignments/0/target/groupId",
               "microsoft.graph.officeConfigurationAssignmentTarget has no "
               "property of this name.");
    is_refused("{\"assignments\":[{\"id\":\"a\"},{},{\"id\":\"b\"},"
               "{\"id\":\"a\"}]}", "assignments/3",
               "The id of an assignment is given twice.");
    is_refused("{\"assignments\":[{\"id\":\"a\"},{\"id\":\"\\u0061\"}]}",
               "assignments/1", "The id of an assignment is given twice.");
}


static void
test_assignments(void)
{
    char       *text, *p, expected[320];
    size_t      i, j;
    ngx_uint_t  wrong, n;

    is_int(create("{\"assignments\":[]}"), NGX_OK, "no assignments");
    ok(entity.has_assignments && entity.nassignments == 0,
       "are another thing than none given");

    is_int(create("{\"id\":\"c\",\"priority\":1,\"assignments\":["
                  "{\"id\":\"a\",\"target\":{\"@odata.type\":"
                  "\"#microsoft.graph."
                  "officeConfigurationGroupAssignmentTarget\","
                  "\"groupId\":\"g\\\"\"}},"
                  "{\"target\":null,\"@odata.type\":\"#microsoft.graph."
                  "officeClientConfigurationAssignment\"},"
                  "{\"id\":\"A\",\"@x\":1}]}"),
           NGX_OK, "three assignments");

    is_int(entity.nassignments, 3, "all of them");
    is_mem(entity.assignments[0].id.data, entity.assignments[0].id.len, "a",
           "the id of the first");
    is_mem(entity.assignments[0].json.data, entity.assignments[0].json.len,
           HEAD ",\"id\":\"a\",\"target\":{\"@odata.type\":"
           "\"#microsoft.graph.officeConfigurationGroupAssignmentTarget\","
           "\"groupId\":\"g\\\"\"}}", "the first");

    snprintf(expected, sizeof(expected), HEAD ",\"@odata.type\":"
             "\"#microsoft.graph.officeClientConfigurationAssignment\","
             "\"id\":\"%.36s\",\"target\":null}",
             entity.assignments[1].id.data);
    is_int(entity.assignments[1].id.len, OC_UUID_LEN, "an id for the second");
    is_mem(entity.assignments[1].json.data, entity.assignments[1].json.len,
           expected, "the second");
    is_mem(entity.assignments[2].json.data, entity.assignments[2].json.len,
           HEAD ",\"id\":\"A\",\"target\":null}", "the third");

    ok(memmem(entity.head.data, entity.head.len, "assignments", 11) == NULL,
       "they are not in the configuration itself");

    /* as many as there may be */

    text = malloc(1024 * 1024);

    for (n = 999; n <= 1001; n++) {
        p = text + sprintf(text, "{\"assignments\":[");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s{\"id\":\"a%d\"}", i ? "," : "", (int) i);
        }

        sprintf(p, "]}");

        if (n > OC_MAX_ASSIGNMENTS) {
            is_refused(text, "assignments",
                       "A configuration takes 1000 assignments at most.");
            break;
        }

        is_int(create(text), NGX_OK, "%d assignments", (int) n);
        is_int(entity.nassignments, n, "all of them");
    }

    p = text + sprintf(text, "{\"assignments\":[");

    for (i = 0; i < 1000; i++) {
        p += sprintf(p, "%s{}", i ? "," : "");
    }

    sprintf(p, "]}");
    is_int(create(text), NGX_OK, "1000 assignments without an id");

    wrong = 0;

    for (i = 0; i < 1000; i++) {
        for (j = 0; j < i; j++) {
            wrong += memcmp(entity.assignments[i].id.data,
                            entity.assignments[j].id.data, OC_UUID_LEN)
                     == 0;
        }
    }

    is_int(wrong, 0, "are given one each");
    free(text);
}


/* whatever memory there is, the answer is a right one or none */

static void
test_memory(void)
{
    json_t           *json;
    size_t            left;
    u_char           *whole;
    ngx_int_t         rc;
    ngx_uint_t        i, n, wrong, count[2];
    oc_arena_t        small;
    oc_json_error_t   err;

    n = create(seed);
    whole = unit_copy(entity.head.data, entity.head.len);
    n = entity.head.len;

    count[0] = 0;
    count[1] = 0;
    wrong = 0;

    oc_arena_free(&arena);
    json = oc_json_decode(&arena, (u_char *) seed, sizeof(seed) - 1, &err);

    for (left = 0; left < 6000; left += 8) {
        oc_arena_init(&small, 0);

        /* fill it but for what is left */

        (void) oc_arena_alloc(&small, 32768 - 16 - left);

        rc = oc_entity_create(&entity, json, &oc_type_configuration, &stamp,
                              &small, &fault);

        if (rc == NGX_OK) {
            count[0]++;
            wrong += entity.head.len != n;

            for (i = 0; i < entity.head.len; i++) {

                /* all but the id, which is another one */

                if (i < sizeof(seed_head) - 1
                    || i >= sizeof(seed_head) - 1 + OC_UUID_LEN)
                {
                    wrong += entity.head.data[i] != whole[i];
                }
            }

        } else {
            count[1]++;
            wrong += rc != NGX_ERROR;
        }

        oc_arena_free(&small);
    }

    is_int(wrong, 0, "with too little memory nothing is rendered");
    ok(count[0] > 10 && count[1] > 10, "%d times enough, %d times not",
       (int) count[0], (int) count[1]);

    free(whole);
}


int
main(void)
{
    oc_json_seed();
    oc_type_init();
    oc_arena_init(&arena, 8 * 1024 * 1024);

    test_seed();
    test_defaults();
    test_types();
    test_ids();
    test_refused();
    test_assignments();
    test_memory();

    oc_arena_free(&arena);
    oc_arena_drain();

    return done();
}
