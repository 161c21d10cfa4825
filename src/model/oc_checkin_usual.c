
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_checkin.h"
#include "oc_datetime.h"


/*
 * bytes of JSON: more than all but the values takes, more than a value takes
 * but for the characters of a string, and what a character takes at most
 */

#define OC_CHECKIN_FRAME    512
#define OC_CHECKIN_ITEM     8
#define OC_CHECKIN_ESCAPED  6


static ngx_int_t oc_checkin_usual_value(const oc_property_t *property,
    json_t *value, int64_t *usec, size_t *size);


/* Sets what to tell the decoder of a document that is one check-in. */

void
oc_checkin_expect(oc_json_apart_t *apart)
{
    ngx_uint_t  i;

    static ngx_str_t  names[OC_JSON_MAX_APART];

    if (names[0].len == 0) {
        for (i = 0; i < oc_type_checkin_status.nproperties; i++) {
            names[i] = oc_type_checkin_status.properties[i].name;
        }
    }

    apart->names = names;
    apart->nnames = oc_type_checkin_status.nproperties;
}


/*
 * The usual case: NGX_OK if all is as the types say, and cannot take more than
 * OC_CHECKIN_MAX_LEN bytes of JSON, whatever is escaped; with the time, and
 * with what it takes at most with nothing escaped.  NGX_DECLINED says nothing.
 */

ngx_int_t
oc_checkin_usual(oc_object_t *object, int64_t *usec, size_t *size)
{
    size_t                n, i;
    json_t               *value;
    ngx_uint_t            slot;
    const oc_property_t  *property;

    *size = OC_CHECKIN_FRAME + (object->odata_type
                                ? json_string_length(object->odata_type) : 0);

    for (slot = 0; slot < object->type->nproperties; slot++) {
        property = &object->type->properties[slot];
        value = object->values[slot];

        if (!(property->flags & OC_PROPERTY_COLLECTION)) {

            if (oc_checkin_usual_value(property, value, usec, size)
                != NGX_OK)
            {
                return NGX_DECLINED;
            }

            continue;
        }

        if (value == NULL) {
            continue;
        }

        if (!json_is_array(value)) {
            return NGX_DECLINED;
        }

        n = json_array_size(value);

        for (i = 0; i < n; i++) {
            if (oc_checkin_usual_value(property, json_array_get(value, i),
                                       usec, size)
                != NGX_OK)
            {
                return NGX_DECLINED;
            }
        }
    }

    return *size <= OC_CHECKIN_MAX_LEN / OC_CHECKIN_ESCAPED ? NGX_OK
                                                            : NGX_DECLINED;
}


/* One value; "size" grows by what it takes. */

static ngx_int_t
oc_checkin_usual_value(const oc_property_t *property, json_t *value,
    int64_t *usec, size_t *size)
{
    if (value == NULL) {
        return property->flags & OC_PROPERTY_REQUIRED ? NGX_DECLINED : NGX_OK;
    }

    *size += OC_CHECKIN_ITEM;

    switch (json_typeof(value)) {

    case JSON_NULL:
        return property->flags & OC_PROPERTY_NULLABLE ? NGX_OK : NGX_DECLINED;

    case JSON_TRUE:
    case JSON_FALSE:
        return property->edm == OC_EDM_BOOLEAN ? NGX_OK : NGX_DECLINED;

    case JSON_STRING:
        *size += json_string_length(value);

        if (property->edm == OC_EDM_STRING) {
            return NGX_OK;
        }

        if (property->edm == OC_EDM_DATETIMEOFFSET) {
            return oc_datetime_parse((u_char *) json_string_value(value),
                                     json_string_length(value), usec)
                   == NGX_OK
                   ? NGX_OK : NGX_DECLINED;
        }

        return NGX_DECLINED;

    default:
        return NGX_DECLINED;
    }
}
