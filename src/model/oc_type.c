
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_json_name.h"
#include "oc_type.h"


#define oc_properties(list)  list, sizeof(list) / sizeof(oc_property_t)

#define OC_PROPERTY_ID                                                        \
    { ngx_string("id"), OC_EDM_STRING, OC_PROPERTY_KEY, NULL }


static const oc_property_t  oc_entity_properties[] = {
    OC_PROPERTY_ID
};


static const oc_property_t  oc_office_configuration_properties[] = {

    OC_PROPERTY_ID,

    { ngx_string("tenantCheckinStatuses"), OC_EDM_COMPLEX,
      OC_PROPERTY_COLLECTION, &oc_type_checkin_status },

    { ngx_string("tenantUserCheckinSummary"), OC_EDM_COMPLEX,
      OC_PROPERTY_NULLABLE, &oc_type_checkin_summary },

    { ngx_string("clientConfigurations"), OC_EDM_ENTITY,
      OC_PROPERTY_COLLECTION|OC_PROPERTY_CONTAINED, &oc_type_configuration }
};


static const oc_property_t  oc_configuration_properties[] = {

    OC_PROPERTY_ID,

    { ngx_string("userPreferencePayload"), OC_EDM_STREAM,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("policyPayload"), OC_EDM_STREAM,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("description"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("displayName"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("priority"), OC_EDM_INT32,
      0, NULL },

    { ngx_string("lastModifiedDateTime"), OC_EDM_DATETIMEOFFSET,
      OC_PROPERTY_COMPUTED, NULL },

    { ngx_string("userCheckinSummary"), OC_EDM_COMPLEX,
      OC_PROPERTY_NULLABLE, &oc_type_checkin_summary },

    { ngx_string("checkinStatuses"), OC_EDM_COMPLEX,
      OC_PROPERTY_COLLECTION, &oc_type_checkin_status },

    { ngx_string("assignments"), OC_EDM_ENTITY,
      OC_PROPERTY_COLLECTION|OC_PROPERTY_CONTAINED, &oc_type_assignment }
};


static const oc_property_t  oc_assignment_properties[] = {

    OC_PROPERTY_ID,

    { ngx_string("target"), OC_EDM_COMPLEX,
      OC_PROPERTY_NULLABLE, &oc_type_assignment_target }
};


static const oc_property_t  oc_group_target_properties[] = {

    { ngx_string("groupId"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE, NULL }
};


static const oc_property_t  oc_checkin_status_properties[] = {

    { ngx_string("userPrincipalName"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("deviceName"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("devicePlatform"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("devicePlatformVersion"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("wasSuccessful"), OC_EDM_BOOLEAN,
      OC_PROPERTY_REQUIRED, NULL },

    { ngx_string("userId"), OC_EDM_STRING,
      OC_PROPERTY_REQUIRED, NULL },

    { ngx_string("checkinDateTime"), OC_EDM_DATETIMEOFFSET,
      OC_PROPERTY_REQUIRED, NULL },

    { ngx_string("errorMessage"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE, NULL },

    { ngx_string("appliedPolicies"), OC_EDM_STRING,
      OC_PROPERTY_NULLABLE|OC_PROPERTY_COLLECTION, NULL }
};


static const oc_property_t  oc_checkin_summary_properties[] = {

    { ngx_string("succeededUserCount"), OC_EDM_INT32,
      0, NULL },

    { ngx_string("failedUserCount"), OC_EDM_INT32,
      0, NULL }
};


static const oc_type_t  oc_type_entity = {
    ngx_string("entity"), NULL,
    OC_TYPE_ENTITY|OC_TYPE_ABSTRACT,
    oc_properties(oc_entity_properties)
};

const oc_type_t  oc_type_office_configuration = {
    ngx_string("officeConfiguration"), &oc_type_entity,
    OC_TYPE_ENTITY,
    oc_properties(oc_office_configuration_properties)
};

const oc_type_t  oc_type_configuration = {
    ngx_string("officeClientConfiguration"), &oc_type_entity,
    OC_TYPE_ENTITY,
    oc_properties(oc_configuration_properties)
};

static const oc_type_t  oc_type_windows_configuration = {
    ngx_string("windowsOfficeClientConfiguration"), &oc_type_configuration,
    OC_TYPE_ENTITY,
    oc_properties(oc_configuration_properties)
};

static const oc_type_t  oc_type_windows_security_configuration = {
    ngx_string("windowsOfficeClientSecurityConfiguration"),
    &oc_type_configuration,
    OC_TYPE_ENTITY,
    oc_properties(oc_configuration_properties)
};

const oc_type_t  oc_type_assignment = {
    ngx_string("officeClientConfigurationAssignment"), &oc_type_entity,
    OC_TYPE_ENTITY,
    oc_properties(oc_assignment_properties)
};

const oc_type_t  oc_type_assignment_target = {
    ngx_string("officeConfigurationAssignmentTarget"), NULL,
    0,
    NULL, 0
};

static const oc_type_t  oc_type_group_target = {
    ngx_string("officeConfigurationGroupAssignmentTarget"),
    &oc_type_assignment_target,
    0,
    oc_properties(oc_group_target_properties)
};

const oc_type_t  oc_type_checkin_status = {
    ngx_string("officeClientCheckinStatus"), NULL,
    0,
    oc_properties(oc_checkin_status_properties)
};

const oc_type_t  oc_type_checkin_summary = {
    ngx_string("officeUserCheckinSummary"), NULL,
    0,
    oc_properties(oc_checkin_summary_properties)
};


static const oc_type_t  *const oc_types[] = {
    &oc_type_entity,
    &oc_type_office_configuration,
    &oc_type_configuration,
    &oc_type_windows_configuration,
    &oc_type_windows_security_configuration,
    &oc_type_assignment,
    &oc_type_assignment_target,
    &oc_type_group_target,
    &oc_type_checkin_status,
    &oc_type_checkin_summary
};


static const oc_property_t  oc_assign_parameters[] = {

    { ngx_string("bindingParameter"), OC_EDM_ENTITY,
      0, &oc_type_configuration },

    { ngx_string("officeConfigurationAssignments"), OC_EDM_ENTITY,
      OC_PROPERTY_COLLECTION, &oc_type_assignment }
};

static const oc_property_t  oc_assign_result = {
    ngx_null_string, OC_EDM_ENTITY,
    OC_PROPERTY_COLLECTION, &oc_type_assignment
};

static const oc_property_t  oc_priorities_parameters[] = {

    { ngx_string("bindingParameter"), OC_EDM_ENTITY,
      OC_PROPERTY_COLLECTION, &oc_type_configuration },

    { ngx_string("officeConfigurationPolicyIds"), OC_EDM_STRING,
      OC_PROPERTY_COLLECTION, NULL },

    { ngx_string("officeConfigurationPriorities"), OC_EDM_INT32,
      OC_PROPERTY_COLLECTION, NULL }
};


static const oc_action_t  oc_actions[] = {

    { ngx_string("assign"), 0,
      oc_properties(oc_assign_parameters),
      &oc_assign_result },

    { ngx_string("updatePriorities"), OC_ACTION_API,
      oc_properties(oc_priorities_parameters),
      NULL }
};


static const char  *const oc_edm_names[] = {
    "Edm.String",
    "Edm.Int32",
    "Edm.Boolean",
    "Edm.DateTimeOffset",
    "Edm.Stream",
    "Edm.ComplexType",
    "Edm.EntityType"
};


/* Makes the names of all properties known to the JSON decoder; once. */

void
oc_type_init(void)
{
    ngx_uint_t        i, j;
    const oc_type_t  *type;

    oc_json_name_add((u_char *) "@odata.type", sizeof("@odata.type") - 1);

    for (i = 0; i < sizeof(oc_types) / sizeof(oc_types[0]); i++) {
        type = oc_types[i];

        for (j = 0; j < type->nproperties; j++) {
            oc_json_name_add(type->properties[j].name.data,
                             type->properties[j].name.len);
        }
    }
}


/*
 * Finds a type by its qualified name, with or without the '#' that precedes
 * it in @odata.type (OData JSON Format 4.01, 4.6.3).  NULL if there is none.
 */

const oc_type_t *
oc_type_find(const u_char *name, size_t len)
{
    ngx_uint_t  i;

    if (len && *name == '#') {
        name++;
        len--;
    }

    if (len < sizeof(OC_NAMESPACE ".")
        || ngx_memcmp(name, OC_NAMESPACE ".", sizeof(OC_NAMESPACE)) != 0)
    {
        return NULL;
    }

    name += sizeof(OC_NAMESPACE);
    len -= sizeof(OC_NAMESPACE);

    for (i = 0; i < sizeof(oc_types) / sizeof(oc_types[0]); i++) {

        if (oc_types[i]->name.len == len
            && ngx_memcmp(oc_types[i]->name.data, name, len) == 0)
        {
            return oc_types[i];
        }
    }

    return NULL;
}


/* True if "type" is "base" or derived from it. */

ngx_int_t
oc_type_derives(const oc_type_t *type, const oc_type_t *base)
{
    for ( /* void */ ; type; type = type->base) {
        if (type == base) {
            return 1;
        }
    }

    return 0;
}


/* The slot of a property, inherited ones included; -1 if it has none. */

ngx_int_t
oc_type_slot(const oc_type_t *type, const u_char *name, size_t len)
{
    ngx_uint_t            i;
    const oc_property_t  *property;

    for (i = 0; i < type->nproperties; i++) {
        property = &type->properties[i];

        if (property->name.len == len
            && ngx_memcmp(property->name.data, name, len) == 0)
        {
            return i;
        }
    }

    return -1;
}


/*
 * The property of this name of a type that is derived from "base", the first
 * one if there are several; NULL if none has it.
 */

const oc_property_t *
oc_type_derived_property(const oc_type_t *base, const u_char *name,
    size_t len)
{
    ngx_int_t   slot;
    ngx_uint_t  i;

    for (i = 0; i < sizeof(oc_types) / sizeof(oc_types[0]); i++) {

        if (oc_types[i] == base || !oc_type_derives(oc_types[i], base)) {
            continue;
        }

        slot = oc_type_slot(oc_types[i], name, len);

        if (slot >= 0) {
            return &oc_types[i]->properties[slot];
        }
    }

    return NULL;
}


const char *
oc_edm_name(oc_edm_e edm)
{
    return oc_edm_names[edm];
}


/* The types one by one, or NULL: a base type before what derives from it. */

const oc_type_t *
oc_type_at(ngx_uint_t i)
{
    return i < sizeof(oc_types) / sizeof(oc_types[0]) ? oc_types[i] : NULL;
}


/* The actions one by one, or NULL. */

const oc_action_t *
oc_action_at(ngx_uint_t i)
{
    return i < sizeof(oc_actions) / sizeof(oc_actions[0]) ? &oc_actions[i]
                                                          : NULL;
}
