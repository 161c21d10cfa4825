
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_csdl.h"


static void oc_csdl_xml_reference(oc_buf_t *b, const char *vocabulary);
static void oc_csdl_xml_type(oc_buf_t *b, const oc_type_t *type);
static void oc_csdl_xml_property(oc_buf_t *b, const oc_property_t *property);
static void oc_csdl_xml_action(oc_buf_t *b, const oc_action_t *action);
static void oc_csdl_xml_type_name(oc_buf_t *b, const oc_property_t *property);
static void oc_csdl_xml_nullable(oc_buf_t *b, const oc_property_t *property);
static void oc_csdl_xml_container(oc_buf_t *b);
static void oc_csdl_text(oc_buf_t *b, const char *text);


const char  *const oc_csdl_formats[] = {
    "application/json;odata.metadata=minimal",
    "application/json;odata.metadata=full",
    "application/json;odata.metadata=none",
    "application/json;IEEE754Compatible=true",
    NULL
};


/*
 * Writes the type table as XML (OData CSDL XML Representation 4.01).
 *
 * In: "version" is that of OData, "4.0" or "4.01": nothing but the attribute
 * depends on it.  Errors: b->failed.
 */

void
oc_csdl_xml(oc_buf_t *b, const char *version)
{
    ngx_uint_t          i;
    const oc_type_t    *type;
    const oc_action_t  *action;

    oc_buf_literal(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                      "<edmx:Edmx Version=\"");
    oc_csdl_text(b, version);
    oc_buf_literal(b, "\" xmlns:edmx=\""
                      "http://docs.oasis-open.org/odata/ns/edmx\">\n");

    oc_csdl_xml_reference(b, OC_CSDL_CORE);
    oc_csdl_xml_reference(b, OC_CSDL_CAPABILITIES);

    oc_buf_literal(b, "  <edmx:DataServices>\n"
                      "    <Schema Namespace=\"" OC_NAMESPACE "\" "
                      "xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n");

    for (i = 0; (type = oc_type_at(i)) != NULL; i++) {
        oc_csdl_xml_type(b, type);
    }

    for (i = 0; (action = oc_action_at(i)) != NULL; i++) {
        oc_csdl_xml_action(b, action);
    }

    oc_csdl_xml_container(b);

    oc_buf_literal(b, "      <Annotation Term=\"" OC_CSDL_CORE
                      ".DefaultNamespace\" Bool=\"true\"/>\n"
                      "    </Schema>\n"
                      "    <Schema Namespace=\"" OC_NAMESPACE_API "\" "
                      "xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n");

    for (i = 0; (action = oc_action_at(i)) != NULL; i++) {
        if (action->flags & OC_ACTION_API) {
            oc_csdl_xml_action(b, action);
        }
    }

    oc_buf_literal(b, "    </Schema>\n"
                      "  </edmx:DataServices>\n"
                      "</edmx:Edmx>\n");
}


static void
oc_csdl_xml_reference(oc_buf_t *b, const char *vocabulary)
{
    oc_buf_literal(b, "  <edmx:Reference Uri=\"" OC_CSDL_VOCABULARIES);
    oc_csdl_text(b, vocabulary);
    oc_buf_literal(b, ".xml\">\n    <edmx:Include Namespace=\"");
    oc_csdl_text(b, vocabulary);
    oc_buf_literal(b, "\"/>\n  </edmx:Reference>\n");
}


/* A type, with the properties that it does not inherit. */

static void
oc_csdl_xml_type(oc_buf_t *b, const oc_type_t *type)
{
    ngx_uint_t            i, inherited;
    const oc_property_t  *property;

    if (type->flags & OC_TYPE_ENTITY) {
        oc_buf_literal(b, "      <EntityType Name=\"");

    } else {
        oc_buf_literal(b, "      <ComplexType Name=\"");
    }

    oc_buf_str(b, &type->name);
    oc_buf_char(b, '"');

    inherited = 0;

    if (type->base) {
        oc_buf_literal(b, " BaseType=\"" OC_NAMESPACE ".");
        oc_buf_str(b, &type->base->name);
        oc_buf_char(b, '"');

        inherited = type->base->nproperties;
    }

    if (type->flags & OC_TYPE_ABSTRACT) {
        oc_buf_literal(b, " Abstract=\"true\"");
    }

    if (type->nproperties == inherited) {
        oc_buf_literal(b, "/>\n");
        return;
    }

    oc_buf_literal(b, ">\n");

    for (i = inherited; i < type->nproperties; i++) {
        property = &type->properties[i];

        if (property->flags & OC_PROPERTY_KEY) {
            oc_buf_literal(b, "        <Key>\n"
                              "          <PropertyRef Name=\"");
            oc_buf_str(b, &property->name);
            oc_buf_literal(b, "\"/>\n"
                              "        </Key>\n");
        }

        oc_csdl_xml_property(b, property);
    }

    if (type->flags & OC_TYPE_ENTITY) {
        oc_buf_literal(b, "      </EntityType>\n");

    } else {
        oc_buf_literal(b, "      </ComplexType>\n");
    }
}


static void
oc_csdl_xml_property(oc_buf_t *b, const oc_property_t *property)
{
    if (property->edm == OC_EDM_ENTITY) {
        oc_buf_literal(b, "        <NavigationProperty Name=\"");

    } else {
        oc_buf_literal(b, "        <Property Name=\"");
    }

    oc_buf_str(b, &property->name);
    oc_buf_literal(b, "\" Type=\"");
    oc_csdl_xml_type_name(b, property);
    oc_buf_char(b, '"');

    if (property->edm == OC_EDM_ENTITY) {

        if (property->flags & OC_PROPERTY_CONTAINED) {
            oc_buf_literal(b, " ContainsTarget=\"true\"");
        }

        oc_buf_literal(b, "/>\n");
        return;
    }

    oc_csdl_xml_nullable(b, property);

    if (property->edm == OC_EDM_DATETIMEOFFSET) {
        oc_buf_literal(b, " Precision=\"");
        oc_buf_int(b, oc_property_precision(property));
        oc_buf_char(b, '"');
    }

    if (!(property->flags & OC_PROPERTY_COMPUTED)) {
        oc_buf_literal(b, "/>\n");
        return;
    }

    oc_buf_literal(b, ">\n"
                      "          <Annotation Term=\"" OC_CSDL_CORE
                      ".Computed\" Bool=\"true\"/>\n"
                      "        </Property>\n");
}


static void
oc_csdl_xml_action(oc_buf_t *b, const oc_action_t *action)
{
    ngx_uint_t            i;
    const oc_property_t  *parameter;

    oc_buf_literal(b, "      <Action Name=\"");
    oc_buf_str(b, &action->name);
    oc_buf_literal(b, "\" IsBound=\"true\">\n");

    for (i = 0; i < action->nparameters; i++) {
        parameter = &action->parameters[i];

        oc_buf_literal(b, "        <Parameter Name=\"");
        oc_buf_str(b, &parameter->name);
        oc_buf_literal(b, "\" Type=\"");
        oc_csdl_xml_type_name(b, parameter);
        oc_buf_char(b, '"');
        oc_csdl_xml_nullable(b, parameter);
        oc_buf_literal(b, "/>\n");
    }

    if (action->result) {
        oc_buf_literal(b, "        <ReturnType Type=\"");
        oc_csdl_xml_type_name(b, action->result);
        oc_buf_char(b, '"');
        oc_csdl_xml_nullable(b, action->result);
        oc_buf_literal(b, "/>\n");
    }

    oc_buf_literal(b, "      </Action>\n");
}


static void
oc_csdl_xml_type_name(oc_buf_t *b, const oc_property_t *property)
{
    if (property->flags & OC_PROPERTY_COLLECTION) {
        oc_buf_literal(b, "Collection(");
    }

    if (property->type) {
        oc_buf_literal(b, OC_NAMESPACE ".");
        oc_buf_str(b, &property->type->name);

    } else {
        oc_csdl_text(b, oc_edm_name(property->edm));
    }

    if (property->flags & OC_PROPERTY_COLLECTION) {
        oc_buf_char(b, ')');
    }
}


/*
 * Whether null is a value, or in a collection, one of its items.  That of a
 * single value is the default; entities in a collection cannot be null and
 * have no such attribute (OData CSDL XML 4.01, 7.2.1, 12.8).
 */

static void
oc_csdl_xml_nullable(oc_buf_t *b, const oc_property_t *property)
{
    if (property->flags & OC_PROPERTY_COLLECTION
        && property->edm == OC_EDM_ENTITY)
    {
        return;
    }

    if (!(property->flags & OC_PROPERTY_NULLABLE)) {
        oc_buf_literal(b, " Nullable=\"false\"");

    } else if (property->flags & OC_PROPERTY_COLLECTION) {
        oc_buf_literal(b, " Nullable=\"true\"");
    }
}


static void
oc_csdl_xml_container(oc_buf_t *b)
{
    ngx_uint_t  i;

    oc_buf_literal(b, "      <EntityContainer Name=\"" OC_CONTAINER "\">\n"
                      "        <Singleton Name=\"" OC_SINGLETON "\" "
                      "Type=\"" OC_NAMESPACE ".");
    oc_buf_str(b, &oc_type_office_configuration.name);
    oc_buf_literal(b, "\"/>\n"
                      "        <Annotation Term=\"" OC_CSDL_CAPABILITIES
                      ".KeyAsSegmentSupported\" Bool=\"true\"/>\n"
                      "        <Annotation Term=\"" OC_CSDL_CAPABILITIES
                      ".SupportedFormats\">\n"
                      "          <Collection>\n");

    for (i = 0; oc_csdl_formats[i]; i++) {
        oc_buf_literal(b, "            <String>");
        oc_csdl_text(b, oc_csdl_formats[i]);
        oc_buf_literal(b, "</String>\n");
    }

    oc_buf_literal(b, "          </Collection>\n"
                      "        </Annotation>\n"
                      "      </EntityContainer>\n");
}


static void
oc_csdl_text(oc_buf_t *b, const char *text)
{
    oc_buf_append(b, (u_char *) text, ngx_strlen(text));
}
