
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_TYPE_H_INCLUDED_
#define _OC_TYPE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The entity data model (OData CSDL 4.01), as one table.  Validation and
 * $metadata work from it, and the query options do.
 */

#define OC_NAMESPACE            "microsoft.graph"

/* an action goes by a name in here as well */

#define OC_NAMESPACE_API        "microsoft.management.services.api"

#define OC_CONTAINER            "GraphService"
#define OC_SINGLETON            "officeConfiguration"

#define OC_TYPE_MAX_PROPERTIES  16


typedef enum {
    OC_EDM_STRING = 0,
    OC_EDM_INT32,
    OC_EDM_BOOLEAN,
    OC_EDM_DATETIMEOFFSET,
    OC_EDM_STREAM,
    OC_EDM_COMPLEX,           /* "type" says which */
    OC_EDM_ENTITY             /* a navigation property; "type" says which */
} oc_edm_e;


#define OC_PROPERTY_NULLABLE    0x01
#define OC_PROPERTY_COLLECTION  0x02
#define OC_PROPERTY_KEY         0x04
#define OC_PROPERTY_COMPUTED    0x08   /* set by the service */
#define OC_PROPERTY_REQUIRED    0x10   /* no default: must be given */
#define OC_PROPERTY_CONTAINED   0x20   /* contained navigation property */


#define OC_TYPE_ENTITY          0x01
#define OC_TYPE_ABSTRACT        0x02

#define OC_ACTION_API           0x01   /* also in OC_NAMESPACE_API */


/*
 * The digits of a fraction of a second that a date may have: those that the
 * service writes, or as many as CSDL knows (OData CSDL 4.01, 7.2.3).
 */

#define oc_property_precision(property)                                       \
    ((property)->flags & OC_PROPERTY_COMPUTED ? 3 : 12)


typedef struct oc_type_s  oc_type_t;


typedef struct {
    ngx_str_t         name;
    oc_edm_e          edm;
    ngx_uint_t        flags;
    const oc_type_t  *type;
} oc_property_t;


struct oc_type_s {
    ngx_str_t             name;         /* without the namespace */
    const oc_type_t      *base;
    ngx_uint_t            flags;

    /* inherited properties are first; a property's index is its slot */

    const oc_property_t  *properties;
    ngx_uint_t            nproperties;
};


/* an action; the first parameter is what it is bound to */

typedef struct {
    ngx_str_t             name;
    ngx_uint_t            flags;
    const oc_property_t  *parameters;
    ngx_uint_t            nparameters;
    const oc_property_t  *result;       /* NULL: none */
} oc_action_t;


/* slots of officeClientConfiguration */

enum {
    OC_CONFIGURATION_ID = 0,
    OC_CONFIGURATION_USER_PREFERENCE_PAYLOAD,
    OC_CONFIGURATION_POLICY_PAYLOAD,
    OC_CONFIGURATION_DESCRIPTION,
    OC_CONFIGURATION_DISPLAY_NAME,
    OC_CONFIGURATION_PRIORITY,
    OC_CONFIGURATION_LAST_MODIFIED,
    OC_CONFIGURATION_USER_CHECKIN_SUMMARY,
    OC_CONFIGURATION_CHECKIN_STATUSES,
    OC_CONFIGURATION_ASSIGNMENTS
};


/* slots of officeClientConfigurationAssignment */

enum {
    OC_ASSIGNMENT_ID = 0,
    OC_ASSIGNMENT_TARGET
};


/* slots of officeClientCheckinStatus */

enum {
    OC_CHECKIN_USER_NAME = 0,
    OC_CHECKIN_DEVICE,
    OC_CHECKIN_PLATFORM,
    OC_CHECKIN_PLATFORM_VERSION,
    OC_CHECKIN_SUCCESSFUL,
    OC_CHECKIN_USER,
    OC_CHECKIN_DATE,
    OC_CHECKIN_ERROR,
    OC_CHECKIN_POLICIES
};


extern const oc_type_t  oc_type_office_configuration;
extern const oc_type_t  oc_type_configuration;
extern const oc_type_t  oc_type_assignment;
extern const oc_type_t  oc_type_assignment_target;
extern const oc_type_t  oc_type_checkin_status;
extern const oc_type_t  oc_type_checkin_summary;


void oc_type_init(void);
const oc_type_t *oc_type_find(const u_char *name, size_t len);
ngx_int_t oc_type_derives(const oc_type_t *type, const oc_type_t *base);
const oc_property_t *oc_type_derived_property(const oc_type_t *base,
    const u_char *name, size_t len);
ngx_int_t oc_type_slot(const oc_type_t *type, const u_char *name, size_t len);
const char *oc_edm_name(oc_edm_e edm);
const oc_type_t *oc_type_at(ngx_uint_t i);
const oc_action_t *oc_action_at(ngx_uint_t i);


#endif /* _OC_TYPE_H_INCLUDED_ */
