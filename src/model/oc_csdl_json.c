
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_csdl.h"


static void oc_csdl_json_reference(oc_buf_t *b, const char *vocabulary);
static void oc_csdl_json_type(oc_buf_t *b, const oc_type_t *type);
static void oc_csdl_json_property(oc_buf_t *b, const oc_property_t *property);
static void oc_csdl_json_action(oc_buf_t *b, const oc_action_t *action);
static void oc_csdl_json_typed(oc_buf_t *b, const oc_property_t *property);
static void oc_csdl_json_container(oc_buf_t *b);
static void oc_csdl_json_comma(oc_buf_t *b);
static void oc_csdl_json_text(oc_buf_t *b, const char *text);


/*
 * Writes the type table as JSON (OData CSDL JSON Representation 4.01); else
 * as oc_csdl_xml().
 */

void
oc_csdl_json(oc_buf_t *b, const char *version)
{
    ngx_uint_t          i;
    const oc_type_t    *type;
    const oc_action_t  *action;

    oc_buf_literal(b, "{\"$Version\":");
    oc_csdl_json_text(b, version);
    oc_buf_literal(b, ",\"$EntityContainer\":\"" OC_NAMESPACE "." OC_CONTAINER
                      "\",\"$Reference\":{");

    oc_csdl_json_reference(b, OC_CSDL_CORE);
    oc_csdl_json_reference(b, OC_CSDL_CAPABILITIES);

    oc_buf_literal(b, "},\"" OC_NAMESPACE "\":{\"@" OC_CSDL_CORE
                      ".DefaultNamespace\":true");

    for (i = 0; (type = oc_type_at(i)) != NULL; i++) {
        oc_csdl_json_type(b, type);
    }

    for (i = 0; (action = oc_action_at(i)) != NULL; i++) {
        oc_csdl_json_action(b, action);
    }

    oc_csdl_json_container(b);

    oc_buf_literal(b, "},\"" OC_NAMESPACE_API "\":{");

    for (i = 0; (action = oc_action_at(i)) != NULL; i++) {
        if (action->flags & OC_ACTION_API) {
            oc_csdl_json_action(b, action);
        }
    }

    oc_buf_literal(b, "}}");
}


static void
oc_csdl_json_reference(oc_buf_t *b, const char *vocabulary)
{
    oc_csdl_json_comma(b);
    oc_buf_literal(b, "\"" OC_CSDL_VOCABULARIES);
    oc_buf_append(b, (u_char *) vocabulary, ngx_strlen(vocabulary));
    oc_buf_literal(b, ".json\":{\"$Include\":[{\"$Namespace\":");
    oc_csdl_json_text(b, vocabulary);
    oc_buf_literal(b, "}]}");
}


/* A type, with the properties that it does not inherit. */

static void
oc_csdl_json_type(oc_buf_t *b, const oc_type_t *type)
{
    ngx_uint_t  i, inherited;

    oc_csdl_json_comma(b);
    oc_buf_json_string(b, type->name.data, type->name.len);

    if (type->flags & OC_TYPE_ENTITY) {
        oc_buf_literal(b, ":{\"$Kind\":\"EntityType\"");

    } else {
        oc_buf_literal(b, ":{\"$Kind\":\"ComplexType\"");
    }

    inherited = 0;

    if (type->base) {
        oc_buf_literal(b, ",\"$BaseType\":\"" OC_NAMESPACE ".");
        oc_buf_str(b, &type->base->name);
        oc_buf_char(b, '"');

        inherited = type->base->nproperties;
    }

    if (type->flags & OC_TYPE_ABSTRACT) {
        oc_buf_literal(b, ",\"$Abstract\":true");
    }

    for (i = inherited; i < type->nproperties; i++) {
        oc_csdl_json_property(b, &type->properties[i]);
    }

    oc_buf_char(b, '}');
}


static void
oc_csdl_json_property(oc_buf_t *b, const oc_property_t *property)
{
    if (property->flags & OC_PROPERTY_KEY) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "\"$Key\":[");
        oc_buf_json_string(b, property->name.data, property->name.len);
        oc_buf_char(b, ']');
    }

    oc_csdl_json_comma(b);
    oc_buf_json_string(b, property->name.data, property->name.len);
    oc_buf_literal(b, ":{");

    if (property->edm == OC_EDM_ENTITY) {
        oc_buf_literal(b, "\"$Kind\":\"NavigationProperty\"");
    }

    oc_csdl_json_typed(b, property);

    if (property->flags & OC_PROPERTY_CONTAINED) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "\"$ContainsTarget\":true");
    }

    if (property->edm == OC_EDM_DATETIMEOFFSET) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "\"$Precision\":");
        oc_buf_int(b, oc_property_precision(property));
    }

    if (property->flags & OC_PROPERTY_COMPUTED) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "\"@" OC_CSDL_CORE ".Computed\":true");
    }

    oc_buf_char(b, '}');
}


static void
oc_csdl_json_action(oc_buf_t *b, const oc_action_t *action)
{
    ngx_uint_t  i;

    oc_csdl_json_comma(b);
    oc_buf_json_string(b, action->name.data, action->name.len);
    oc_buf_literal(b, ":[{\"$Kind\":\"Action\",\"$IsBound\":true,"
                      "\"$Parameter\":[");

    for (i = 0; i < action->nparameters; i++) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "{\"$Name\":");
        oc_buf_json_string(b, action->parameters[i].name.data,
                           action->parameters[i].name.len);
        oc_csdl_json_typed(b, &action->parameters[i]);
        oc_buf_char(b, '}');
    }

    oc_buf_char(b, ']');

    if (action->result) {
        oc_buf_literal(b, ",\"$ReturnType\":{");
        oc_csdl_json_typed(b, action->result);
        oc_buf_char(b, '}');
    }

    oc_buf_literal(b, "}]");
}


/*
 * The members that say what a property, a parameter or a result is: of a
 * string nothing is said, and null is no value if nothing is said (OData CSDL
 * JSON 4.01, 7.1, 7.2.1).
 */

static void
oc_csdl_json_typed(oc_buf_t *b, const oc_property_t *property)
{
    if (property->flags & OC_PROPERTY_COLLECTION) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "\"$Collection\":true");
    }

    if (property->type) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "\"$Type\":\"" OC_NAMESPACE ".");
        oc_buf_str(b, &property->type->name);
        oc_buf_char(b, '"');

    } else if (property->edm != OC_EDM_STRING) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "\"$Type\":");
        oc_csdl_json_text(b, oc_edm_name(property->edm));
    }

    if (property->flags & OC_PROPERTY_NULLABLE) {
        oc_csdl_json_comma(b);
        oc_buf_literal(b, "\"$Nullable\":true");
    }
}


static void
oc_csdl_json_container(oc_buf_t *b)
{
    ngx_uint_t  i;

    oc_buf_literal(b, ",\"" OC_CONTAINER "\":{\"$Kind\":\"EntityContainer\","
                      "\"" OC_SINGLETON "\":{\"$Type\":\"" OC_NAMESPACE ".");
    oc_buf_str(b, &oc_type_office_configuration.name);
    oc_buf_literal(b, "\"},\"@" OC_CSDL_CAPABILITIES
                      ".KeyAsSegmentSupported\":true,"
                      "\"@" OC_CSDL_CAPABILITIES ".SupportedFormats\":[");

    for (i = 0; oc_csdl_formats[i]; i++) {
        oc_csdl_json_comma(b);
        oc_csdl_json_text(b, oc_csdl_formats[i]);
    }

    oc_buf_literal(b, "]}");
}


/* In front of every member and item but the first. */

static void
oc_csdl_json_comma(oc_buf_t *b)
{
    if (!b->failed && b->last[-1] != '{' && b->last[-1] != '[') {
        oc_buf_char(b, ',');
    }
}


static void
oc_csdl_json_text(oc_buf_t *b, const char *text)
{
    oc_buf_json_string(b, (u_char *) text, ngx_strlen(text));
}
