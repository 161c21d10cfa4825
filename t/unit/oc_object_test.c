
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_object: how members find their properties, which values a property
 * takes and how they are written, and what a fault says.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_object.h"
#include "support.h"
#include "tap.h"


#define DATE_MESSAGE                                                          \
    "A value of type Edm.DateTimeOffset is expected, for example "            \
    "\"2016-12-31T23:56:50.069086+00:00\"."


static oc_arena_t  arena;
static oc_fault_t  fault;


static json_t *
decode(const char *text)
{
    json_t           *json;
    oc_json_error_t   err;

    json = oc_json_decode(&arena, (const u_char *) text, strlen(text), &err);

    if (json == NULL) {
        diag("%s is no JSON", text);
        abort();
    }

    return json;
}


static void
begin(void)
{
    oc_arena_init(&arena, 4 * 1024 * 1024);
    memset(&fault, 0, sizeof(fault));
    fault.arena = &arena;
}


static void
is_fault(const char *target, const char *message)
{
    is_mem(fault.target.data, fault.target.len, target, "its target");
    is_mem(fault.message.data, fault.message.len, message, "its message");
}


static void
test_read(void)
{
    json_t       *json;
    oc_object_t   object;

    begin();

    json = decode("{\"failedUserCount\":1,\"x@odata.type\":\"#y\","
                  "\"@odata.type\":\"#microsoft.graph.officeUserCheckinSummary"
                  "\",\"@custom.note\":[{}],\"failedUserCount@a.b\":null}");

    is_int(oc_object_read(&object, &oc_type_checkin_summary, json, NULL,
                          &fault),
           NGX_OK, "an object with annotations is read");
    ok(object.type == &oc_type_checkin_summary, "its type");
    ok(object.odata_type == oc_json_member(json, "@odata.type"),
       "its type as given");
    ok(object.values[0] == NULL, "a property that is not given");
    ok(object.values[1] == oc_json_member(json, "failedUserCount"),
       "a property that is");

    is_int(oc_object_read(&object, &oc_type_checkin_summary, decode("{}"),
                          NULL, &fault),
           NGX_OK, "an empty object is read");
    ok(object.odata_type == NULL && object.type == &oc_type_checkin_summary,
       "its type is the declared one");

    /* a derived type, by either name of the annotation */

    json = decode("{\"@type\":\"microsoft.graph."
                  "officeConfigurationGroupAssignmentTarget\","
                  "\"groupId\":\"g\"}");

    is_int(oc_object_read(&object, &oc_type_assignment_target, json, NULL,
                          &fault),
           NGX_OK, "a derived type");
    is_mem(object.type->name.data, object.type->name.len,
           "officeConfigurationGroupAssignmentTarget", "its type");
    ok(object.values[0] == oc_json_member(json, "groupId"),
       "a property of the derived type");

    oc_arena_free(&arena);
}


typedef struct {
    const oc_type_t  *type;
    const char       *text;
    const char       *target;
    const char       *message;
} unit_wrong_t;


static const unit_wrong_t  wrong[] = {

    { &oc_type_configuration, "[]", "",
      "An object of type microsoft.graph.officeClientConfiguration is "
      "expected." },
    { &oc_type_configuration, "null", "",
      "An object of type microsoft.graph.officeClientConfiguration is "
      "expected." },
    { &oc_type_assignment_target, "\"x\"", "",
      "An object of type microsoft.graph.officeConfigurationAssignmentTarget "
      "is expected." },

    { &oc_type_configuration, "{\"displayname\":\"x\"}", "displayname",
      "microsoft.graph.officeClientConfiguration has no property of this "
      "name." },
    { &oc_type_configuration, "{\"\":\"x\"}", "",
      "microsoft.graph.officeClientConfiguration has no property of this "
      "name." },
    { &oc_type_configuration, "{\"\\u0001\xc3\xa9\":1}", "\x01\xc3\xa9",
      "microsoft.graph.officeClientConfiguration has no property of this "
      "name." },
    { &oc_type_assignment_target, "{\"groupId\":\"x\"}", "groupId",
      "microsoft.graph.officeConfigurationAssignmentTarget has no property of "
      "this name." },
    { &oc_type_configuration,
      "{\"@odata.type\":\"#microsoft.graph.windowsOfficeClientConfiguration\","
      "\"x\":1}", "x",
      "microsoft.graph.windowsOfficeClientConfiguration has no property of "
      "this name." },

    { &oc_type_configuration, "{\"@odata.type\":1}", "@odata.type",
      "The name of a type is expected." },
    { &oc_type_configuration, "{\"@odata.type\":null}", "@odata.type",
      "The name of a type is expected." },
    { &oc_type_configuration, "{\"@odata.type\":\"\"}", "@odata.type",
      "This type is unknown." },
    { &oc_type_configuration, "{\"@odata.type\":\"#microsoft.graph.none\"}",
      "@odata.type", "This type is unknown." },
    { &oc_type_configuration, "{\"@odata.type\":\"#microsoft.graph.entity\"}",
      "@odata.type",
      "The type must be microsoft.graph.officeClientConfiguration or derived "
      "from it." },
    { &oc_type_checkin_status,
      "{\"@odata.type\":\"#microsoft.graph.officeUserCheckinSummary\"}",
      "@odata.type",
      "The type must be microsoft.graph.officeClientCheckinStatus or derived "
      "from it." }
};


static void
test_wrong(void)
{
    char          text[1024], expected[256];
    size_t        i, n;
    oc_object_t   object;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin();

        is_int(oc_object_read(&object, wrong[i].type, decode(wrong[i].text),
                              NULL, &fault),
               NGX_ERROR, "refused: %s",
               i == 5 ? "control characters" : wrong[i].text);
        is_fault(wrong[i].target, wrong[i].message);

        oc_arena_free(&arena);
    }

    /* a long name is cut between two characters */

    for (n = 0; n < 4; n++) {
        begin();

        memset(expected, 'n', 256);
        strcpy(expected + 124 + n, "\xf0\x9f\x98\x80");

        sprintf(text, "{\"%s\xf0\x9f\x98\x80%s\":1}", expected,
                "and so on, and on");

        if (n) {
            expected[124 + n] = '\0';
        }

        is_int(oc_object_read(&object, &oc_type_configuration, decode(text),
                              NULL, &fault),
               NGX_ERROR, "a name of more than 128 bytes");
        is_mem(fault.target.data, fault.target.len, expected, "its target");

        oc_arena_free(&arena);
    }
}


/* "text" is the value of a property, or NULL; "written", or the fault */

typedef struct {
    const oc_type_t  *type;
    const char       *property;
    const char       *text;
    const char       *written;
    const char       *target;
    const char       *message;
} unit_value_t;


#define STATUS                                                                \
    "\"wasSuccessful\":true,\"userId\":\"u\","                                \
    "\"checkinDateTime\":\"2016-12-31T23:56:50.069086+00:00\""

#define STATUS_WRITTEN                                                        \
    "{\"userPrincipalName\":null,\"deviceName\":null,"                        \
    "\"devicePlatform\":null,\"devicePlatformVersion\":null,"                 \
    STATUS ",\"errorMessage\":null,\"appliedPolicies\":[]}"


static const unit_value_t  values[] = {

    /* defaults */
    { &oc_type_configuration, "displayName", NULL, "null", NULL, NULL },
    { &oc_type_configuration, "policyPayload", NULL, "null", NULL, NULL },
    { &oc_type_configuration, "userCheckinSummary", NULL, "null", NULL, NULL },
    { &oc_type_configuration, "checkinStatuses", NULL, "[]", NULL, NULL },
    { &oc_type_configuration, "priority", NULL, "0", NULL, NULL },
    { &oc_type_assignment, "target", NULL, "null", NULL, NULL },
    { &oc_type_checkin_summary, "failedUserCount", NULL, "0", NULL, NULL },
    { &oc_type_checkin_status, "appliedPolicies", NULL, "[]", NULL, NULL },
    { &oc_type_checkin_status, "userId", NULL, NULL, "userId",
      "A value is required." },
    { &oc_type_checkin_status, "wasSuccessful", NULL, NULL, "wasSuccessful",
      "A value is required." },
    { &oc_type_checkin_status, "checkinDateTime", NULL, NULL,
      "checkinDateTime", "A value is required." },

    /* null */
    { &oc_type_configuration, "displayName", "null", "null", NULL, NULL },
    { &oc_type_configuration, "userCheckinSummary", "null", "null", NULL,
      NULL },
    { &oc_type_configuration, "priority", "null", NULL, "priority",
      "The value must not be null." },
    { &oc_type_configuration, "lastModifiedDateTime", "null", NULL,
      "lastModifiedDateTime", "The value must not be null." },
    { &oc_type_configuration, "checkinStatuses", "null", NULL,
      "checkinStatuses", "An array is expected." },
    { &oc_type_configuration, "checkinStatuses", "[null]", NULL,
      "checkinStatuses/0", "The value must not be null." },
    { &oc_type_checkin_status, "appliedPolicies", "null", NULL,
      "appliedPolicies", "An array is expected." },
    { &oc_type_checkin_status, "userId", "null", NULL, "userId",
      "The value must not be null." },
    { &oc_type_checkin_status, "wasSuccessful", "null", NULL,
      "wasSuccessful", "The value must not be null." },

    /* Edm.String and Edm.Stream, as given */
    { &oc_type_configuration, "displayName", "\"\"", "\"\"", NULL, NULL },
    { &oc_type_configuration, "displayName",
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u007f\\u00e9\\ud83d\\ude00\"",
      "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\xc3\xa9\xf0\x9f\x98\x80\"",
      NULL, NULL },
    { &oc_type_configuration, "policyPayload", "\"Stream\"", "\"Stream\"",
      NULL, NULL },
    { &oc_type_configuration, "policyPayload", "\"not base64!\"",
      "\"not base64!\"", NULL, NULL },
    { &oc_type_configuration, "displayName", "1", NULL, "displayName",
      "A value of type Edm.String is expected." },
    { &oc_type_configuration, "displayName", "true", NULL, "displayName",
      "A value of type Edm.String is expected." },
    { &oc_type_configuration, "displayName", "[\"x\"]", NULL, "displayName",
      "A value of type Edm.String is expected." },
    { &oc_type_configuration, "displayName", "{}", NULL, "displayName",
      "A value of type Edm.String is expected." },
    { &oc_type_configuration, "policyPayload", "{}", NULL, "policyPayload",
      "A value of type Edm.Stream is expected." },

    /* Edm.Int32 */
    { &oc_type_configuration, "priority", "8", "8", NULL, NULL },
    { &oc_type_configuration, "priority", "-0", "0", NULL, NULL },
    { &oc_type_configuration, "priority", "-2147483648", "-2147483648", NULL,
      NULL },
    { &oc_type_configuration, "priority", "2147483647", "2147483647", NULL,
      NULL },
    { &oc_type_configuration, "priority", "2147483648", NULL, "priority",
      "A value of type Edm.Int32 is expected." },
    { &oc_type_configuration, "priority", "-2147483649", NULL, "priority",
      "A value of type Edm.Int32 is expected." },
    { &oc_type_configuration, "priority", "4294967304", NULL, "priority",
      "A value of type Edm.Int32 is expected." },
    { &oc_type_configuration, "priority", "99999999999999999999", NULL,
      "priority", "A value of type Edm.Int32 is expected." },
    { &oc_type_configuration, "priority", "8.0", NULL, "priority",
      "A value of type Edm.Int32 is expected." },
    { &oc_type_configuration, "priority", "8e0", NULL, "priority",
      "A value of type Edm.Int32 is expected." },
    { &oc_type_configuration, "priority", "\"8\"", NULL, "priority",
      "A value of type Edm.Int32 is expected." },
    { &oc_type_configuration, "priority", "true", NULL, "priority",
      "A value of type Edm.Int32 is expected." },

    /* Edm.Boolean */
    { &oc_type_checkin_status, "wasSuccessful", "true", "true", NULL, NULL },
    { &oc_type_checkin_status, "wasSuccessful", "false", "false", NULL, NULL },
    { &oc_type_checkin_status, "wasSuccessful", "1", NULL, "wasSuccessful",
      "A value of type Edm.Boolean is expected." },
    { &oc_type_checkin_status, "wasSuccessful", "\"true\"", NULL,
      "wasSuccessful", "A value of type Edm.Boolean is expected." },

    /* Edm.DateTimeOffset, as given */
    { &oc_type_checkin_status, "checkinDateTime",
      "\"2016-12-31T23:56:50.069086+00:00\"",
      "\"2016-12-31T23:56:50.069086+00:00\"", NULL, NULL },
    { &oc_type_checkin_status, "checkinDateTime",
      "\"2016-12-31t23:56:50.0690860000000z\"",
      "\"2016-12-31t23:56:50.0690860000000z\"", NULL, NULL },
    { &oc_type_checkin_status, "checkinDateTime", "\"2016-12-31T23:56:50\"",
      NULL, "checkinDateTime", DATE_MESSAGE },
    { &oc_type_checkin_status, "checkinDateTime", "1483228610", NULL,
      "checkinDateTime", DATE_MESSAGE },

    /* complex ones, and collections */
    { &oc_type_configuration, "userCheckinSummary", "{}",
      "{\"succeededUserCount\":0,\"failedUserCount\":0}", NULL, NULL },
    { &oc_type_configuration, "userCheckinSummary",
      "{\"failedUserCount\":15,\"succeededUserCount\":2,\"@a.b\":1,"
      "\"@odata.type\":\"microsoft.graph.officeUserCheckinSummary\"}",
      "{\"@odata.type\":\"microsoft.graph.officeUserCheckinSummary\","
      "\"succeededUserCount\":2,\"failedUserCount\":15}", NULL, NULL },
    { &oc_type_configuration, "userCheckinSummary", "[]", NULL,
      "userCheckinSummary", "An object of type "
      "microsoft.graph.officeUserCheckinSummary is expected." },
    { &oc_type_configuration, "userCheckinSummary",
      "{\"failedUserCount\":null}", NULL, "userCheckinSummary/failedUserCount",
      "The value must not be null." },
    { &oc_type_configuration, "userCheckinSummary", "{\"x\":null}", NULL,
      "userCheckinSummary/x", "microsoft.graph.officeUserCheckinSummary has "
      "no property of this name." },

    { &oc_type_configuration, "checkinStatuses", "[]", "[]", NULL, NULL },
    { &oc_type_configuration, "checkinStatuses", "[{" STATUS "}]",
      "[" STATUS_WRITTEN "]", NULL, NULL },
    { &oc_type_configuration, "checkinStatuses",
      "[{" STATUS "},{" STATUS "}]",
      "[" STATUS_WRITTEN "," STATUS_WRITTEN "]", NULL, NULL },
    { &oc_type_configuration, "checkinStatuses", "{" STATUS "}", NULL,
      "checkinStatuses", "An array is expected." },
    { &oc_type_configuration, "checkinStatuses", "[[]]", NULL,
      "checkinStatuses/0", "An object of type "
      "microsoft.graph.officeClientCheckinStatus is expected." },
    { &oc_type_configuration, "checkinStatuses",
      "[{\"wasSuccessful\":\"yes\",\"userId\":\"u\"}]", NULL,
      "checkinStatuses/0/wasSuccessful",
      "A value of type Edm.Boolean is expected." },
    { &oc_type_configuration, "checkinStatuses",
      "[{" STATUS "},{\"wasSuccessful\":true,"
      "\"checkinDateTime\":\"2016-12-31T23:56:50Z\"}]", NULL,
      "checkinStatuses/1/userId", "A value is required." },
    { &oc_type_configuration, "checkinStatuses",
      "[{" STATUS ",\"appliedPolicies\":[\"a\",null,\"\",7]}]", NULL,
      "checkinStatuses/0/appliedPolicies/3",
      "A value of type Edm.String is expected." },
    { &oc_type_configuration, "checkinStatuses",
      "[{" STATUS ",\"deviceName\":{}}]", NULL,
      "checkinStatuses/0/deviceName",
      "A value of type Edm.String is expected." },
    { &oc_type_configuration, "checkinStatuses",
      "[{\"@odata.type\":\"x\"," STATUS "}]", NULL,
      "checkinStatuses/0/@odata.type", "This type is unknown." },
    { &oc_type_checkin_status, "appliedPolicies", "[\"a\",null,\"\"]",
      "[\"a\",null,\"\"]", NULL, NULL },

    /* a derived complex type, and one without a property */
    { &oc_type_assignment, "target", "{}", "{}", NULL, NULL },
    { &oc_type_assignment, "target", "{\"@a.b\":1}", "{}", NULL, NULL },
    { &oc_type_assignment, "target",
      "{\"@odata.type\":"
      "\"#microsoft.graph.officeConfigurationAssignmentTarget\"}",
      "{\"@odata.type\":"
      "\"#microsoft.graph.officeConfigurationAssignmentTarget\"}",
      NULL, NULL },
    { &oc_type_assignment, "target",
      "{\"@odata.type\":"
      "\"#microsoft.graph.officeConfigurationGroupAssignmentTarget\"}",
      "{\"@odata.type\":"
      "\"#microsoft.graph.officeConfigurationGroupAssignmentTarget\","
      "\"groupId\":null}", NULL, NULL },
    { &oc_type_assignment, "target", "{\"groupId\":\"g\"}", NULL,
      "target/groupId", "microsoft.graph.officeConfigurationAssignmentTarget "
      "has no property of this name." }
};


static void
test_values(void)
{
    size_t                i;
    json_t               *json;
    oc_buf_t              b;
    oc_path_t             path;
    ngx_int_t             slot, rc;
    const unit_value_t   *test;
    const oc_property_t  *property;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        begin();

        test = &values[i];

        slot = oc_type_slot(test->type, (const u_char *) test->property,
                            strlen(test->property));
        property = &test->type->properties[slot];

        memset(&path, 0, sizeof(path));
        path.name = test->property;
        path.len = strlen(test->property);

        json = test->text ? decode(test->text) : NULL;

        oc_buf_init(&b, &arena, 0);
        rc = oc_value_write(&b, property, json, &path, &fault);

        is_int(rc, test->written ? NGX_OK : NGX_ERROR, "%s: %s",
               test->property, test->text ? test->text : "not given");

        if (test->written) {
            is_mem(b.start, oc_buf_len(&b), test->written, "as written");

        } else {
            is_fault(test->target, test->message);
        }

        oc_arena_free(&arena);
    }
}


static void
test_fault(void)
{
    char        text[400];
    oc_path_t   root, item, leaf;
    oc_arena_t  small;

    begin();

    memset(&root, 0, sizeof(root));
    memset(&item, 0, sizeof(item));
    memset(&leaf, 0, sizeof(leaf));

    root.name = "root";
    root.len = 4;
    item.parent = &root;
    item.index = 18446744;
    leaf.parent = &item;
    leaf.name = "leaf, cut";
    leaf.len = 4;

    is_int(oc_fault(&fault, &leaf, "%s %d.", "text", 5), NGX_ERROR,
           "a fault is an error");
    is_fault("root/18446744/leaf", "text 5.");

    memset(text, 'x', 399);
    text[399] = '\0';

    (void) oc_fault(&fault, NULL, "%s", text);
    text[255] = '\0';
    is_fault("", text);

    /* in an arena that is full */

    oc_arena_init(&small, 0);

    while (oc_arena_alloc(&small, 1)) {
        /* void */
    }

    fault.arena = &small;

    is_int(oc_fault(&fault, &leaf, "text"), NGX_ERROR, "without memory");
    is_int(fault.message.len + fault.target.len, 0, "there is no text");

    oc_arena_free(&small);
    oc_arena_free(&arena);
}


int
main(void)
{
    oc_json_seed();
    oc_type_init();

    test_read();
    test_wrong();
    test_values();
    test_fault();

    oc_arena_drain();

    return done();
}
