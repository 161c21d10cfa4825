
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_type: the model of the Graph API, written down a second time here, and
 * compared with the table.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_type.h"
#include "support.h"
#include "tap.h"


/*
 * A property as CSDL has it: "Int32" is not nullable, "String?" is, and
 * "Collection(String?)" has items that are; a '*' before a navigation
 * property, a '!' before what has no default.
 */

typedef struct {
    const char  *name;
    const char  *type;
} unit_property_t;


typedef struct {
    const char             *name;
    const char             *base;
    unsigned                entity;
    unsigned                abstract;
    const unit_property_t  *properties;
} unit_type_t;


static const unit_property_t  configuration[] = {
    { "id", "String" },
    { "userPreferencePayload", "Stream?" },
    { "policyPayload", "Stream?" },
    { "description", "String?" },
    { "displayName", "String?" },
    { "priority", "Int32" },
    { "lastModifiedDateTime", "DateTimeOffset" },
    { "userCheckinSummary", "officeUserCheckinSummary?" },
    { "checkinStatuses", "Collection(officeClientCheckinStatus)" },
    { "assignments", "*Collection(officeClientConfigurationAssignment)" },
    { NULL, NULL }
};


static const unit_type_t  types[] = {

    { "entity", NULL, 1, 1, (const unit_property_t[]) {
        { "id", "String" },
        { NULL, NULL } } },

    { "officeConfiguration", "entity", 1, 0, (const unit_property_t[]) {
        { "id", "String" },
        { "tenantCheckinStatuses", "Collection(officeClientCheckinStatus)" },
        { "tenantUserCheckinSummary", "officeUserCheckinSummary?" },
        { "clientConfigurations", "*Collection(officeClientConfiguration)" },
        { NULL, NULL } } },

    { "officeClientConfiguration", "entity", 1, 0, configuration },

    { "windowsOfficeClientConfiguration", "officeClientConfiguration", 1, 0,
      configuration },

    { "windowsOfficeClientSecurityConfiguration", "officeClientConfiguration",
      1, 0, configuration },

    { "officeClientConfigurationAssignment", "entity", 1, 0,
      (const unit_property_t[]) {
        { "id", "String" },
        { "target", "officeConfigurationAssignmentTarget?" },
        { NULL, NULL } } },

    { "officeConfigurationAssignmentTarget", NULL, 0, 0,
      (const unit_property_t[]) {
        { NULL, NULL } } },

    { "officeConfigurationGroupAssignmentTarget",
      "officeConfigurationAssignmentTarget", 0, 0,
      (const unit_property_t[]) {
        { "groupId", "String?" },
        { NULL, NULL } } },

    { "officeClientCheckinStatus", NULL, 0, 0, (const unit_property_t[]) {
        { "userPrincipalName", "String?" },
        { "deviceName", "String?" },
        { "devicePlatform", "String?" },
        { "devicePlatformVersion", "String?" },
        { "wasSuccessful", "!Boolean" },
        { "userId", "!String" },
        { "checkinDateTime", "!DateTimeOffset" },
        { "errorMessage", "String?" },
        { "appliedPolicies", "Collection(String?)" },
        { NULL, NULL } } },

    { "officeUserCheckinSummary", NULL, 0, 0, (const unit_property_t[]) {
        { "succeededUserCount", "Int32" },
        { "failedUserCount", "Int32" },
        { NULL, NULL } } }
};


static const oc_type_t *
find(const char *text)
{
    u_char           *copy;
    const oc_type_t  *type;

    copy = unit_copy(text, strlen(text));
    type = oc_type_find(copy, strlen(text));
    free(copy);

    return type;
}


static const oc_type_t *
find_in_namespace(const char *name)
{
    char  text[128];

    snprintf(text, sizeof(text), "microsoft.graph.%s", name);

    return find(text);
}


/* writes the type of a property as it is in the table above */

static void
describe(const oc_property_t *property, char *text)
{
    const char  *name;

    name = property->type ? (char *) property->type->name.data
                          : oc_edm_name(property->edm) + sizeof("Edm.") - 1;

    sprintf(text, "%s%s%s%s%s%s",
            (property->flags & OC_PROPERTY_CONTAINED) ? "*" : "",
            (property->flags & OC_PROPERTY_REQUIRED) ? "!" : "",
            (property->flags & OC_PROPERTY_COLLECTION) ? "Collection(" : "",
            name,
            (property->flags & OC_PROPERTY_NULLABLE) ? "?" : "",
            (property->flags & OC_PROPERTY_COLLECTION) ? ")" : "");
}


static void
test_type(const unit_type_t *expected)
{
    char                  text[128];
    ngx_int_t             slot;
    ngx_uint_t            i, misplaced;
    const oc_type_t      *type;
    const oc_property_t  *property;

    type = find_in_namespace(expected->name);

    if (!ok(type != NULL, "%s is found", expected->name)) {
        return;
    }

    snprintf(text, sizeof(text), "#microsoft.graph.%s", expected->name);
    ok(find(text) == type, "%s is found behind a #", expected->name);

    is_mem(type->name.data, type->name.len, expected->name, "its name");
    is_str(type->base ? (char *) type->base->name.data : NULL, expected->base,
           "its base");
    is_int(!!(type->flags & OC_TYPE_ENTITY), expected->entity, "its kind");
    is_int(!!(type->flags & OC_TYPE_ABSTRACT), expected->abstract,
           "whether it is abstract");
    ok(type->nproperties <= OC_TYPE_MAX_PROPERTIES,
       "its properties fit an oc_object_t");

    misplaced = 0;

    for (i = 0; expected->properties[i].name; i++) {

        if (i == type->nproperties) {
            break;
        }

        property = &type->properties[i];

        is_mem(property->name.data, property->name.len,
               expected->properties[i].name, "property %d", (int) i);

        describe(property, text);
        is_str(text, expected->properties[i].type, "its type");

        slot = oc_type_slot(type,
                            (const u_char *) expected->properties[i].name,
                            strlen(expected->properties[i].name));
        misplaced += slot != (ngx_int_t) i;

        /* a shorter and a longer name are others */

        misplaced += oc_type_slot(type, property->name.data,
                                  property->name.len - 1)
                     != -1;

        snprintf(text, sizeof(text), "%ss", property->name.data);
        misplaced += oc_type_slot(type, (u_char *) text, strlen(text)) != -1;

        text[0] ^= 0x20;
        misplaced += oc_type_slot(type, (u_char *) text, property->name.len)
                     != -1;

        misplaced += !!(property->flags & OC_PROPERTY_KEY)
                     != (strcmp((char *) property->name.data, "id") == 0);
        misplaced += !!(property->flags & OC_PROPERTY_COMPUTED)
                     != (strcmp((char *) property->name.data,
                                "lastModifiedDateTime")
                         == 0);
    }

    is_int(type->nproperties, i, "%s has no more", expected->name);
    ok(expected->properties[i].name == NULL, "and no less");
    is_int(misplaced, 0, "slots, keys and computed ones");

    is_int(oc_type_slot(type, (u_char *) "", 0), -1, "no slot has no name");

    /* what is inherited is first, in the same order */

    misplaced = 0;

    for (i = 0; type->base && i < type->base->nproperties; i++) {
        property = &type->base->properties[i];

        misplaced += oc_type_slot(type, property->name.data,
                                  property->name.len)
                     != (ngx_int_t) i;
    }

    is_int(misplaced, 0, "inherited slots are those of the base");
}


static void
test_slots(void)
{
    size_t  i;

    static const struct {
        const oc_type_t  *type;
        const char       *name;
        ngx_int_t         slot;
    } slots[] = {
        { &oc_type_configuration, "id", OC_CONFIGURATION_ID },
        { &oc_type_configuration, "userPreferencePayload",
          OC_CONFIGURATION_USER_PREFERENCE_PAYLOAD },
        { &oc_type_configuration, "policyPayload",
          OC_CONFIGURATION_POLICY_PAYLOAD },
        { &oc_type_configuration, "description",
          OC_CONFIGURATION_DESCRIPTION },
        { &oc_type_configuration, "displayName",
          OC_CONFIGURATION_DISPLAY_NAME },
        { &oc_type_configuration, "priority", OC_CONFIGURATION_PRIORITY },
        { &oc_type_configuration, "lastModifiedDateTime",
          OC_CONFIGURATION_LAST_MODIFIED },
        { &oc_type_configuration, "userCheckinSummary",
          OC_CONFIGURATION_USER_CHECKIN_SUMMARY },
        { &oc_type_configuration, "checkinStatuses",
          OC_CONFIGURATION_CHECKIN_STATUSES },
        { &oc_type_configuration, "assignments",
          OC_CONFIGURATION_ASSIGNMENTS },
        { &oc_type_assignment, "id", OC_ASSIGNMENT_ID },
        { &oc_type_assignment, "target", OC_ASSIGNMENT_TARGET }
    };

    for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        is_int(oc_type_slot(slots[i].type, (const u_char *) slots[i].name,
                            strlen(slots[i].name)),
               slots[i].slot, "the slot of %s", slots[i].name);
    }
}


static void
test_derives(void)
{
    size_t           i, j, n;
    ngx_uint_t       wrong;
    const char      *name;
    unsigned         expected;

    n = sizeof(types) / sizeof(types[0]);
    wrong = 0;

    for (i = 0; i < n; i++) {
        for (j = 0; j < n; j++) {

            /* up the bases of the table above */

            expected = 0;
            name = types[i].name;

            while (name) {
                size_t  k;

                if (strcmp(name, types[j].name) == 0) {
                    expected = 1;
                    break;
                }

                for (k = 0; strcmp(name, types[k].name) != 0; k++) {
                    /* void */
                }

                name = types[k].base;
            }

            wrong += (oc_type_derives(find_in_namespace(types[i].name),
                                      find_in_namespace(types[j].name)) != 0)
                     != expected;
        }
    }

    is_int(wrong, 0, "which type derives from which, of all pairs");
    is_int(oc_type_derives(NULL, &oc_type_configuration), 0, "none does not");
}


static void
test_unknown(void)
{
    size_t       i, n;
    u_char      *copy;
    const char  *name;
    ngx_uint_t   found;

    static const char  *const unknown[] = {
        "", "#", "##", "microsoft.graph", "microsoft.graph.",
        "#microsoft.graph.", "microsoft.graph.x",
        "officeClientConfiguration", "#officeClientConfiguration",
        "microsoft.graph.officeClientConfigurations",
        "microsoft.graph.officeClientConfiguratio",
        "microsoft.graph.OfficeClientConfiguration",
        "Microsoft.Graph.officeClientConfiguration",
        "microsoft-graph.officeClientConfiguration",
        "microsoft.graph.beta.officeClientConfiguration",
        "##microsoft.graph.officeClientConfiguration",
        "#microsoft.graph.officeClientConfiguration ",
        " #microsoft.graph.officeClientConfiguration",
        "microsoft.graph.#officeClientConfiguration",
        "Collection(microsoft.graph.officeClientConfiguration)",
        "https://graph.microsoft.com/beta/$metadata"
            "#microsoft.graph.officeClientConfiguration",
        "Edm.String", "#Edm.String", "String"
    };

    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        ok(find(unknown[i]) == NULL, "\"%s\" is no type", unknown[i]);
    }

    name = "#microsoft.graph.officeClientConfiguration";
    found = 0;

    for (n = 0; n < strlen(name); n++) {
        copy = unit_copy(name, n);
        found += oc_type_find(copy, n) != NULL;
        free(copy);
    }

    is_int(found, 0, "nor is the beginning of one");

    ok(oc_type_find((u_char *) "microsoft.graph.entity\0", 23) == NULL,
       "nor is one with a NUL behind it");
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        test_type(&types[i]);
    }

    test_slots();
    test_derives();
    test_unknown();

    return done();
}
