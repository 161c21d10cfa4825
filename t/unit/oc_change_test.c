
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_change: which edits a document that changes an entity or a property
 * becomes, byte for byte, and what is refused, with its place (api.md, 5).
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_change.h"
#include "support.h"
#include "tap.h"


#define PATCH    0
#define PUT      1

#define ZERO     "{\"succeededUserCount\":0,\"failedUserCount\":0}"
#define SUMMARY  "microsoft.graph.officeUserCheckinSummary"
#define GROUP    "#microsoft.graph.officeConfigurationGroupAssignmentTarget"


static oc_arena_t   arena;
static oc_fault_t   fault;
static oc_change_t  change;

static char         shown[65536];


static json_t *
decode(const char *text)
{
    u_char           *copy;
    json_t           *json;
    oc_json_error_t   err;

    oc_arena_free(&arena);
    memset(&change, 0xa5, sizeof(change));
    memset(&fault, 0, sizeof(fault));

    copy = unit_copy(text, strlen(text));
    json = oc_json_decode(&arena, copy, strlen(text), &err);
    free(copy);

    if (json == NULL) {
        diag("%s: %s", text, oc_json_strerror(err.status));
    }

    return json;
}


/* it is 2026-01-01 */

static const oc_checkin_rules_t  rules = {
    1767225600000, 1767225600000 - 90 * 86400000LL, 86400000
};


/* what becomes of a text for the entity "one"; the arena is new for each */

static ngx_int_t
change_of(const oc_type_t *type, const char *text, ngx_uint_t replace)
{
    json_t     *json;
    ngx_str_t   id = ngx_string("one");

    json = decode(text);

    return json ? oc_change_entity(&change, type, &id, json, replace, &rules,
                                   &arena, &fault)
                : NGX_ABORT;
}


/* the same for a property, or a member of its value; NULL: DELETE */

static ngx_int_t
property_of(const oc_type_t *type, const char *name, const char *inner,
    const char *text, ngx_uint_t replace)
{
    json_t               *json;
    const oc_property_t  *property, *member;

    property = &type->properties[oc_type_slot(type, (u_char *) name,
                                              strlen(name))];
    member = NULL;

    if (inner) {
        member = &property->type->properties[oc_type_slot(property->type,
                                                          (u_char *) inner,
                                                          strlen(inner))];
    }

    json = decode(text ? text : "{}");

    if (json == NULL) {
        return NGX_ABORT;
    }

    return oc_change_property(&change, property, member, text ? json : NULL,
                              replace, &rules, &arena, &fault);
}


static char *
show_str(char *p, ngx_str_t *s)
{
    memcpy(p, s->data, s->len);

    return p + s->len;
}


/* the edits as text: name=value, then members as <name=value>; and spaces */

static const char *
show(void)
{
    char        *p;
    oc_edit_t   *edit;
    ngx_uint_t   i, j;

    p = shown;

    for (i = 0; i < change.nedits; i++) {
        edit = &change.edits[i];

        if (i) {
            *p++ = ' ';
        }

        p = show_str(p, &edit->name);
        *p++ = '=';
        p = show_str(p, &edit->value);

        for (j = 0; j < edit->nmembers; j++) {
            *p++ = '<';
            p = show_str(p, &edit->members[j].name);
            *p++ = '=';
            p = show_str(p, &edit->members[j].value);
            *p++ = '>';
        }
    }

    *p = '\0';

    return shown;
}


static void
becomes(const oc_type_t *type, const char *text, ngx_uint_t replace,
    const char *edits)
{
    is_int(change_of(type, text, replace), NGX_OK, "%s %.100s",
           replace ? "PUT" : "PATCH", text);
    is_str(show(), edits, "its edits");
}


static void
is_refused(const oc_type_t *type, const char *text, const char *target,
    const char *message)
{
    ngx_uint_t  replace;

    for (replace = PATCH; replace <= PUT; replace++) {
        is_int(change_of(type, text, replace), NGX_DECLINED,
               "%s refused: %.100s", replace ? "PUT" : "PATCH", text);
        is_mem(fault.target.data, fault.target.len, target, "its target");
        is_mem(fault.message.data, fault.message.len, message, "its message");
    }
}


static void
has_nothing_else(void)
{
    ok(change.type == NULL, "no type");
    is_int(change.etag.len, 0, "no ETag");
    ok(!change.has_priority && !change.next_priority, "no priority");
}


static void
test_patch(void)
{
    const oc_type_t  *type = &oc_type_configuration;

    becomes(type, "{}", PATCH, "");
    has_nothing_else();

    becomes(type, "{\"displayName\":\"a\"}", PATCH, "displayName=\"a\"");
    has_nothing_else();

    becomes(type, "{\"description\":null,\"displayName\":null,"
            "\"policyPayload\":null,\"userPreferencePayload\":null,"
            "\"userCheckinSummary\":null}", PATCH,
            "userPreferencePayload=null policyPayload=null description=null "
            "displayName=null userCheckinSummary=null");

    becomes(type, "{\"displayName\":\"\\\"\\\\ \\u005b{\\/\\u00e9\"}", PATCH,
            "displayName=\"\\\"\\\\ [{/\xc3\xa9\"");

    becomes(type, "{\"policyPayload\":\"Stream\"}", PATCH,
            "policyPayload=\"Stream\"");

    /* collections are replaced, whatever is in them */

    becomes(type, "{\"checkinStatuses\":[]}", PATCH, "checkinStatuses=[]");
    becomes(type, "{\"checkinStatuses\":[{\"userId\":\"u\","
            "\"checkinDateTime\":\"2016-12-31T23:56:50Z\","
            "\"wasSuccessful\":false}]}", PATCH,
            "checkinStatuses=[]");
    is_int(change.ncheckins, 1, "check-ins are kept apart");

    /* complex values are merged; beside the members is the whole value */

    becomes(type, "{\"userCheckinSummary\":{\"failedUserCount\":3}}", PATCH,
            "userCheckinSummary={\"succeededUserCount\":0,"
            "\"failedUserCount\":3}<failedUserCount=3>");
    becomes(type, "{\"userCheckinSummary\":{\"failedUserCount\":3,"
            "\"succeededUserCount\":-4}}", PATCH,
            "userCheckinSummary={\"succeededUserCount\":-4,"
            "\"failedUserCount\":3}<succeededUserCount=-4>"
            "<failedUserCount=3>");
    becomes(type, "{\"userCheckinSummary\":{\"failedUserCount\":3,"
            "\"@odata.type\":\"" SUMMARY "\",\"@x\":1}}", PATCH,
            "userCheckinSummary={\"@odata.type\":\"" SUMMARY "\","
            "\"succeededUserCount\":0,\"failedUserCount\":3}"
            "<@odata.type=\"" SUMMARY "\"><failedUserCount=3>");
    is_int(change_of(type, "{\"userCheckinSummary\":{}}", PATCH), NGX_OK,
           "nothing to merge");

    /* members are put in order; annotations are passed over */

    becomes(type, "{\"displayName\":\"d\",\"@a\":[{}],\"x@y\":null,"
            "\"priority@z\":\"9\",\"description\":\"c\"}", PATCH,
            "description=\"c\" displayName=\"d\"");
    has_nothing_else();

    /* what the service sets is passed over */

    becomes(type, "{\"lastModifiedDateTime\":\"2000-01-01T00:00:00Z\"}",
            PATCH, "");
    has_nothing_else();
}


static void
test_put(void)
{
    const oc_type_t  *type = &oc_type_configuration;

    becomes(type, "{}", PUT,
            "userPreferencePayload=null policyPayload=null description=null "
            "displayName=null userCheckinSummary=" ZERO
            " checkinStatuses=[]");
    ok(change.next_priority && !change.has_priority,
       "the next priority is wanted");
    ok(change.type == NULL && change.etag.len == 0, "no type, no ETag");

    becomes(type, "{\"priority\":7,\"displayName\":\"d\","
            "\"lastModifiedDateTime\":\"2000-01-01T00:00:00Z\"}", PUT,
            "userPreferencePayload=null policyPayload=null description=null "
            "displayName=\"d\" priority=7 userCheckinSummary=" ZERO " "
            "checkinStatuses=[]");
    ok(change.has_priority && !change.next_priority, "its priority is given");
    is_int(change.priority, 7, "as it is");

    /* complex values are replaced */

    becomes(type, "{\"priority\":0,\"userCheckinSummary\":"
            "{\"failedUserCount\":3}}", PUT,
            "userPreferencePayload=null policyPayload=null description=null "
            "displayName=null priority=0 userCheckinSummary="
            "{\"succeededUserCount\":0,\"failedUserCount\":3} "
            "checkinStatuses=[]");
    ok(change.has_priority && change.priority == 0, "priority zero is one");
}


static void
test_priority(void)
{
    char        text[64], edits[64];
    size_t      i;
    ngx_uint_t  replace;

    static const int32_t  good[] = {
        0, 1, -1, 2147483647, -2147483647 - 1
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        sprintf(text, "{\"priority\":%d}", (int) good[i]);
        sprintf(edits, "priority=%d", (int) good[i]);

        becomes(&oc_type_configuration, text, PATCH, edits);

        for (replace = PATCH; replace <= PUT; replace++) {
            (void) change_of(&oc_type_configuration, text, replace);
            ok(change.has_priority && !change.next_priority,
               "a priority of its own");
            is_int(change.priority, good[i], "which is");
        }
    }
}


static void
test_id_type_etag(void)
{
    size_t            i;
    const oc_type_t  *type = &oc_type_configuration;

    static const char  id_message[] =
        "The id of an entity cannot be changed.";

    static const char  *const ids[] = {
        "\"two\"", "\"\"", "\"on\"", "\"one \"", "\"One\"", "null", "1",
        "[\"one\"]", "{}", "true"
    };

    static const char  *const types[] = {
        "officeClientConfiguration", "windowsOfficeClientConfiguration",
        "windowsOfficeClientSecurityConfiguration"
    };

    char  text[256];

    becomes(type, "{\"id\":\"one\"}", PATCH, "");
    becomes(type, "{\"id\":\"\\u006fne\"}", PATCH, "");

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        sprintf(text, "{\"id\":%s}", ids[i]);
        is_refused(type, text, "id", id_message);
    }

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        sprintf(text, "{\"@odata.type\":\"#microsoft.graph.%s\"}", types[i]);
        becomes(type, text, PATCH, "");
        is_mem(change.type->name.data, change.type->name.len, types[i],
               "its type");

        sprintf(text, "{\"@type\":\"microsoft.graph.%s\"}", types[i]);
        becomes(type, text, PATCH, "");
        is_mem(change.type->name.data, change.type->name.len, types[i],
               "its type, without the #");
    }

    is_refused(type, "{\"@odata.type\":\"#microsoft.graph.user\"}",
               "@odata.type", "This type is unknown.");
    is_refused(type, "{\"@odata.type\":null}", "@odata.type",
               "The name of a type is expected.");
    is_refused(type, "{\"@odata.type\":\"#microsoft.graph."
               "officeConfiguration\"}", "@odata.type", "The type must be "
               "microsoft.graph.officeClientConfiguration or derived from "
               "it.");

    becomes(type, "{\"@odata.etag\":\"W/\\\"x\\\"\"}", PATCH, "");
    is_mem(change.etag.data, change.etag.len, "W/\"x\"", "its ETag");
    becomes(type, "{\"@etag\":\"*\"}", PATCH, "");
    is_mem(change.etag.data, change.etag.len, "*", "without the prefix");
    becomes(type, "{\"@etag\":\"a\",\"@odata.etag\":\"b\"}", PATCH, "");
    is_mem(change.etag.data, change.etag.len, "b", "of two");
    becomes(type, "{\"@odata.etag\":5}", PATCH, "");
    is_int(change.etag.len, 0, "a number is none");
    becomes(type, "{\"@odata.etag\":null}", PATCH, "");
    is_int(change.etag.len, 0, "nor is null");
}


static void
test_refused(void)
{
    size_t  i;

    static const struct {
        const char  *text, *target, *message;
    } bad[] = {
        { "[]", "", "An object of type "
          "microsoft.graph.officeClientConfiguration is expected." },
        { "{\"assignments\":[]}", "assignments",
          "What the entity contains is changed through URLs of its own." },
        { "{\"assignments\":null}", "assignments",
          "What the entity contains is changed through URLs of its own." },
        { "{\"displayname\":\"x\"}", "displayname",
          "microsoft.graph.officeClientConfiguration has no property of "
          "this name." },
        { "{\"displayName\":5}", "displayName",
          "A value of type Edm.String is expected." },
        { "{\"policyPayload\":[]}", "policyPayload",
          "A value of type Edm.Stream is expected." },
        { "{\"priority\":null}", "priority",
          "The value must not be null." },
        { "{\"priority\":2147483648}", "priority",
          "A value of type Edm.Int32 is expected." },
        { "{\"priority\":1.0}", "priority",
          "A value of type Edm.Int32 is expected." },
        { "{\"priority\":\"1\"}", "priority",
          "A value of type Edm.Int32 is expected." },
        { "{\"lastModifiedDateTime\":null}", "lastModifiedDateTime",
          "The value must not be null." },
        { "{\"lastModifiedDateTime\":\"today\"}", "lastModifiedDateTime",
          "A value of type Edm.DateTimeOffset is expected, for example "
          "\"2016-12-31T23:56:50.069086+00:00\"." },
        { "{\"userCheckinSummary\":5}", "userCheckinSummary",
          "An object of type " SUMMARY " is expected." },
        { "{\"userCheckinSummary\":[]}", "userCheckinSummary",
          "An object of type " SUMMARY " is expected." },
        { "{\"userCheckinSummary\":{\"failedUserCount\":null}}",
          "userCheckinSummary/failedUserCount",
          "The value must not be null." },
        { "{\"userCheckinSummary\":{\"x\":1}}", "userCheckinSummary/x",
          SUMMARY " has no property of this name." },
        { "{\"userCheckinSummary\":{\"@odata.type\":\"x\"}}",
          "userCheckinSummary/@odata.type", "This type is unknown." },
        { "{\"checkinStatuses\":null}", "checkinStatuses",
          "An array is expected." },
        { "{\"checkinStatuses\":{}}", "checkinStatuses",
          "An array is expected." },
        { "{\"checkinStatuses\":[{\"userId\":\"u\"}]}",
          "checkinStatuses/0/wasSuccessful", "A value is required." },
        { "{\"checkinStatuses\":[{\"userId\":\"u\",\"wasSuccessful\":true,"
          "\"checkinDateTime\":\"2016-12-31T23:56:50Z\"},{\"userId\":\"u\","
          "\"wasSuccessful\":true,\"checkinDateTime\":5}]}",
          "checkinStatuses/1/checkinDateTime",
          "A value of type Edm.DateTimeOffset is expected, for example "
          "\"2016-12-31T23:56:50.069086+00:00\"." }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_refused(&oc_type_configuration, bad[i].text, bad[i].target,
                   bad[i].message);
    }
}


static void
test_other_types(void)
{
    const oc_type_t  *type = &oc_type_office_configuration;

    becomes(type, "{}", PATCH, "");
    becomes(type, "{\"id\":\"one\",\"tenantUserCheckinSummary\":"
            "{\"succeededUserCount\":5},\"tenantCheckinStatuses\":[]}", PATCH,
            "tenantCheckinStatuses=[] tenantUserCheckinSummary="
            "{\"succeededUserCount\":5,\"failedUserCount\":0}"
            "<succeededUserCount=5>");
    has_nothing_else();

    becomes(type, "{}", PUT,
            "tenantCheckinStatuses=[] tenantUserCheckinSummary="
            ZERO);
    ok(!change.next_priority, "it has no priority");

    is_refused(type, "{\"clientConfigurations\":[]}", "clientConfigurations",
               "What the entity contains is changed through URLs of its own.");
    is_refused(type, "{\"priority\":1}", "priority",
               "microsoft.graph.officeConfiguration has no property of this "
               "name.");

    /* the derived type of a target is a member like the others */

    type = &oc_type_assignment;

    becomes(type, "{\"target\":{\"@odata.type\":\"" GROUP "\","
            "\"groupId\":\"g\"}}", PATCH,
            "target={\"@odata.type\":\"" GROUP "\",\"groupId\":\"g\"}"
            "<@odata.type=\"" GROUP "\"><groupId=\"g\">");
    becomes(type, "{\"target\":{\"@odata.type\":\"" GROUP "\"}}", PATCH,
            "target={\"@odata.type\":\"" GROUP "\",\"groupId\":null}"
            "<@odata.type=\"" GROUP "\">");
    becomes(type, "{\"target\":{}}", PUT, "target={}");
    becomes(type, "{\"target\":null}", PATCH, "target=null");
    becomes(type, "{}", PUT, "target=null");
    is_refused(type, "{\"target\":{\"groupId\":\"g\"}}", "target/groupId",
               "microsoft.graph.officeConfigurationAssignmentTarget has no "
               "property of this name.");
}


static void
property_becomes(const char *name, const char *inner, const char *text,
    ngx_uint_t replace, const char *edits)
{
    is_int(property_of(&oc_type_configuration, name, inner, text, replace),
           NGX_OK, "%s %s", name, text ? text : "deleted");
    is_str(show(), edits, "its edit");
}


static void
property_refused(const char *name, const char *inner, const char *text,
    const char *target, const char *message)
{
    ngx_uint_t  replace;

    for (replace = PATCH; replace <= PUT; replace++) {
        is_int(property_of(&oc_type_configuration, name, inner, text,
                           replace),
               NGX_DECLINED, "refused: %s %s", name, text ? text : "deleted");
        is_mem(fault.target.data, fault.target.len, target, "its target");
        is_mem(fault.message.data, fault.message.len, message, "its message");
    }
}


static void
test_property(void)
{
    property_becomes("displayName", NULL, "{\"value\":\"a\\\"\"}", PUT,
                     "displayName=\"a\\\"\"");
    has_nothing_else();
    property_becomes("displayName", NULL,
                     "{\"@odata.context\":\"x\",\"value\":null,\"value@a\":1}",
                     PUT, "displayName=null");
    property_becomes("displayName", NULL, NULL, PUT, "displayName=null");
    property_becomes("policyPayload", NULL, NULL, PUT, "policyPayload=null");

    property_becomes("priority", NULL, "{\"value\":-3}", PUT, "priority=-3");
    ok(change.has_priority && change.priority == -3 && !change.next_priority,
       "its priority");

    property_becomes("checkinStatuses", NULL, "{\"value\":[]}", PUT,
                     "checkinStatuses=[]");
    property_becomes("checkinStatuses", NULL, NULL, PUT,
                     "checkinStatuses=[]");

    property_becomes("userCheckinSummary", NULL, "{\"failedUserCount\":3}",
                     PUT, "userCheckinSummary={\"succeededUserCount\":0,"
                     "\"failedUserCount\":3}");
    property_becomes("userCheckinSummary", NULL, "{\"failedUserCount\":3}",
                     PATCH, "userCheckinSummary={\"succeededUserCount\":0,"
                     "\"failedUserCount\":3}<failedUserCount=3>");
    property_becomes("userCheckinSummary", NULL, NULL, PUT,
                     "userCheckinSummary=null");

    /* a member is merged, or goes beside the defaults of the others */

    property_becomes("userCheckinSummary", "failedUserCount",
                     "{\"value\":3}", PUT,
                     "userCheckinSummary={\"succeededUserCount\":0,"
                     "\"failedUserCount\":3}<failedUserCount=3>");
    ok(!change.has_priority, "which is no priority");
    property_becomes("userCheckinSummary", "succeededUserCount",
                     "{\"value\":4}", PUT,
                     "userCheckinSummary={\"succeededUserCount\":4,"
                     "\"failedUserCount\":0}<succeededUserCount=4>");

    property_refused("priority", NULL, NULL, "priority",
                     "The value must not be null.");
    property_refused("priority", NULL, "{\"value\":null}", "priority",
                     "The value must not be null.");
    property_refused("priority", NULL, "{\"value\":\"3\"}", "priority",
                     "A value of type Edm.Int32 is expected.");
    property_refused("priority", NULL, "{}", "",
                     "An object with a \"value\" is expected.");
    property_refused("priority", NULL, "[3]", "",
                     "An object with a \"value\" is expected.");
    property_refused("priority", NULL, "{\"@value\":3}", "",
                     "An object with a \"value\" is expected.");
    property_refused("priority", NULL, "{\"value\":3,\"priority\":4}",
                     "priority", "Only a \"value\" is expected.");
    property_refused("checkinStatuses", NULL, "[]", "",
                     "An object with a \"value\" is expected.");
    property_refused("checkinStatuses", NULL, "{\"value\":null}",
                     "checkinStatuses", "An array is expected.");
    property_refused("userCheckinSummary", NULL, "{\"failedUserCount\":\"\"}",
                     "userCheckinSummary/failedUserCount",
                     "A value of type Edm.Int32 is expected.");
    property_refused("userCheckinSummary", "failedUserCount", NULL,
                     "userCheckinSummary/failedUserCount", "The value must not be null.");
    property_refused("userCheckinSummary", "failedUserCount",
                     "{\"value\":1.5}", "userCheckinSummary/failedUserCount",
                     "A value of type Edm.Int32 is expected.");
}


/* whatever memory there is, the answer is a right one or none */

static void
memory(json_t *json, const char *name, const char *expected)
{
    size_t            left;
    ngx_int_t         rc;
    ngx_str_t         id = ngx_string("one");
    ngx_uint_t        wrong, count[2];
    oc_arena_t        small;
    const oc_type_t  *type = &oc_type_configuration;

    wrong = 0;
    count[0] = 0;
    count[1] = 0;

    for (left = 0; left < 8000; left += 8) {
        oc_arena_init(&small, 0);

        /* fill it but for what is left */

        (void) oc_arena_alloc(&small, 32768 - 16 - left);

        if (name) {
            rc = oc_change_property(&change,
                     &type->properties[OC_CONFIGURATION_USER_CHECKIN_SUMMARY],
                     &oc_type_checkin_summary.properties[0], json, PUT,
                     &rules, &small, &fault);
        } else {
            rc = oc_change_entity(&change, type, &id, json, PATCH, &rules,
                                  &small, &fault);
        }

        if (rc == NGX_OK) {
            count[0]++;
            wrong += strcmp(show(), expected) != 0;

        } else {
            count[1]++;
            wrong += rc != NGX_ERROR;
        }

        oc_arena_free(&small);
    }

    is_int(wrong, 0, "with too little memory there are no edits");
    ok(count[0] > 10 && count[1] > 0, "%d times enough, %d times not",
       (int) count[0], (int) count[1]);
}


static void
test_memory(void)
{
    char              *expected;
    json_t            *json;
    oc_json_error_t    err;

    static const char  text[] =
        "{\"displayName\":\"d\",\"priority\":5,\"userCheckinSummary\":"
        "{\"@odata.type\":\"" SUMMARY "\",\"succeededUserCount\":1,"
        "\"failedUserCount\":2},\"policyPayload\":\"a b c\"}";

    is_int(change_of(&oc_type_configuration, text, PATCH), NGX_OK, "a PATCH");
    expected = strdup(show());

    oc_arena_free(&arena);
    json = oc_json_decode(&arena, (u_char *) text, sizeof(text) - 1, &err);
    memory(json, NULL, expected);

    free(expected);

    oc_arena_free(&arena);
    json = oc_json_decode(&arena, (u_char *) "{\"value\":4}", 11, &err);
    memory(json, "succeededUserCount",
           "userCheckinSummary={\"succeededUserCount\":4,"
           "\"failedUserCount\":0}<succeededUserCount=4>");
}


int
main(void)
{
    oc_json_seed();
    oc_type_init();
    oc_arena_init(&arena, 8 * 1024 * 1024);

    test_patch();
    test_put();
    test_priority();
    test_id_type_etag();
    test_refused();
    test_other_types();
    test_property();
    test_memory();

    oc_arena_free(&arena);
    oc_arena_drain();

    return done();
}
