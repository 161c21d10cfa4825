
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdarg.h>
#include <stdio.h>

#include "oc_datetime.h"
#include "oc_object.h"


#define OC_FAULT_MAX_NAME  128


static json_t *oc_object_named(json_t *json);
static ngx_int_t oc_object_type(oc_object_t *object, json_t *value,
    const oc_path_t *path, oc_fault_t *fault);
static ngx_int_t oc_item_write(oc_buf_t *b, const oc_property_t *property,
    json_t *value, const oc_path_t *path, oc_fault_t *fault);
static void oc_path_write(oc_buf_t *b, const oc_path_t *path);


/*
 * Assigns the members of a JSON object to the properties of "type", or of the
 * derived type that its @odata.type names.
 *
 * Annotations (OData JSON Format 4.01, 4.6: names with an '@') are passed
 * over; an unknown property is an error.  Values are not looked at.  NGX_OK,
 * or NGX_ERROR with "fault" filled.
 */

ngx_int_t
oc_object_read(oc_object_t *object, const oc_type_t *type, json_t *json,
    const oc_path_t *path, oc_fault_t *fault)
{
    void       *iter;
    json_t     *value;
    ngx_int_t   slot;
    ngx_str_t   name;
    oc_path_t   step;

    ngx_memzero(object, sizeof(oc_object_t));
    object->type = type;

    if (!json_is_object(json)) {
        return oc_fault(fault, path, "An object of type " OC_NAMESPACE
                        ".%s is expected.", type->name.data);
    }

    value = oc_object_named(json);

    if (value && oc_object_type(object, value, path, fault) != NGX_OK) {
        return NGX_ERROR;
    }

    for (iter = json_object_iter(json);
         iter;
         iter = json_object_iter_next(json, iter))
    {
        name = oc_json_member_name(iter);

        slot = oc_type_slot(object->type, name.data, name.len);

        if (slot >= 0) {
            object->values[slot] = json_object_iter_value(iter);
            continue;
        }

        if (memchr(name.data, '@', name.len)) {
            continue;
        }

        if (name.len > OC_FAULT_MAX_NAME) {
            name.len = OC_FAULT_MAX_NAME;

            /* cut between two characters */

            while ((name.data[name.len] & 0xc0) == 0x80) {
                name.len--;
            }
        }

        step.parent = path;
        step.name = (const char *) name.data;
        step.len = name.len;
        step.index = 0;

        return oc_fault(fault, &step, OC_NAMESPACE ".%s has no property of "
                        "this name.", object->type->name.data);
    }

    return NGX_OK;
}


/* The @odata.type, or else the @type, of an object; NULL without one. */

static json_t *
oc_object_named(json_t *json)
{
    void       *iter;
    json_t     *value;
    ngx_str_t   name;

    value = NULL;

    for (iter = json_object_iter(json);
         iter;
         iter = json_object_iter_next(json, iter))
    {
        name = oc_json_member_name(iter);

        if (name.data[0] != '@') {
            continue;
        }

        if (name.len == sizeof("@odata.type") - 1
            && ngx_memcmp(name.data, "@odata.type", name.len) == 0)
        {
            return json_object_iter_value(iter);
        }

        if (name.len == sizeof("@type") - 1
            && ngx_memcmp(name.data, "@type", name.len) == 0)
        {
            value = json_object_iter_value(iter);
        }
    }

    return value;
}


static ngx_int_t
oc_object_type(oc_object_t *object, json_t *value, const oc_path_t *path,
    oc_fault_t *fault)
{
    oc_path_t         step;
    const oc_type_t  *type;

    step.parent = path;
    step.name = "@odata.type";
    step.len = sizeof("@odata.type") - 1;
    step.index = 0;

    if (!json_is_string(value)) {
        return oc_fault(fault, &step, "The name of a type is expected.");
    }

    type = oc_type_find((const u_char *) json_string_value(value),
                        json_string_length(value));

    if (type == NULL) {
        return oc_fault(fault, &step, "This type is unknown.");
    }

    if (!oc_type_derives(type, object->type)) {
        return oc_fault(fault, &step, "The type must be " OC_NAMESPACE
                        ".%s or derived from it.", object->type->name.data);
    }

    object->type = type;
    object->odata_type = value;

    return NGX_OK;
}


/*
 * Checks the value of a property and writes it.  "value" NULL stands for one
 * that is not given: its default is written, which is null, an empty
 * collection, or zero.  NGX_OK, or NGX_ERROR with "fault" filled.
 */

ngx_int_t
oc_value_write(oc_buf_t *b, const oc_property_t *property, json_t *value,
    const oc_path_t *path, oc_fault_t *fault)
{
    size_t     i, n;
    oc_path_t  step;

    if (property->flags & OC_PROPERTY_COLLECTION) {

        if (value && !json_is_array(value)) {
            return oc_fault(fault, path, "An array is expected.");
        }

        oc_buf_char(b, '[');

        n = value ? json_array_size(value) : 0;

        step.parent = path;
        step.name = NULL;
        step.len = 0;

        for (i = 0; i < n; i++) {
            step.index = i;

            if (i) {
                oc_buf_char(b, ',');
            }

            if (oc_item_write(b, property, json_array_get(value, i), &step,
                              fault)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        oc_buf_char(b, ']');

        return NGX_OK;
    }

    if (value == NULL) {

        if (property->flags & OC_PROPERTY_REQUIRED) {
            return oc_fault(fault, path, "A value is required.");
        }

        if (property->flags & OC_PROPERTY_NULLABLE) {
            oc_buf_literal(b, "null");

        } else if (property->edm == OC_EDM_INT32) {
            oc_buf_char(b, '0');
        }

        return NGX_OK;
    }

    return oc_item_write(b, property, value, path, fault);
}


static ngx_int_t
oc_item_write(oc_buf_t *b, const oc_property_t *property, json_t *value,
    const oc_path_t *path, oc_fault_t *fault)
{
    int64_t  usec;

    if (json_is_null(value)) {

        if (property->flags & OC_PROPERTY_NULLABLE) {
            oc_buf_literal(b, "null");
            return NGX_OK;
        }

        return oc_fault(fault, path, "The value must not be null.");
    }

    switch (property->edm) {

    case OC_EDM_STRING:
    case OC_EDM_STREAM:
        if (!json_is_string(value)) {
            break;
        }

        oc_json_value_string(b, value);
        return NGX_OK;

    case OC_EDM_DATETIMEOFFSET:
        if (!json_is_string(value)
            || oc_datetime_parse((const u_char *) json_string_value(value),
                                 json_string_length(value), &usec)
               != NGX_OK)
        {
            return oc_fault(fault, path, "A value of type Edm.DateTimeOffset "
                            "is expected, for example "
                            "\"2016-12-31T23:56:50.069086+00:00\".");
        }

        oc_json_value_string(b, value);
        return NGX_OK;

    case OC_EDM_INT32:
        if (!json_is_integer(value)
            || json_integer_value(value) < -2147483647 - 1
            || json_integer_value(value) > 2147483647)
        {
            break;
        }

        oc_buf_int(b, json_integer_value(value));
        return NGX_OK;

    case OC_EDM_BOOLEAN:
        if (!json_is_boolean(value)) {
            break;
        }

        if (json_is_true(value)) {
            oc_buf_literal(b, "true");
        } else {
            oc_buf_literal(b, "false");
        }

        return NGX_OK;

    default: /* OC_EDM_COMPLEX */
        return oc_complex_write(b, property->type, value, path, fault);
    }

    return oc_fault(fault, path, "A value of type %s is expected.",
                    oc_edm_name(property->edm));
}


/*
 * Checks a complex value against "type" and writes it, its @odata.type as
 * given; properties that are not given have their defaults.  NGX_OK, or
 * NGX_ERROR with "fault" filled.
 */

ngx_int_t
oc_complex_write(oc_buf_t *b, const oc_type_t *type, json_t *json,
    const oc_path_t *path, oc_fault_t *fault)
{
    oc_object_t  object;

    if (oc_object_read(&object, type, json, path, fault) != NGX_OK) {
        return NGX_ERROR;
    }

    return oc_object_write(b, &object, path, fault);
}


/* The same for what oc_object_read() has read. */

ngx_int_t
oc_object_write(oc_buf_t *b, oc_object_t *object, const oc_path_t *path,
    oc_fault_t *fault)
{
    u_char                separator;
    oc_path_t             step;
    ngx_uint_t            i;
    const oc_property_t  *property;

    separator = '{';

    if (object->odata_type) {
        oc_buf_literal(b, "{\"@odata.type\":");
        oc_json_value_string(b, object->odata_type);
        separator = ',';
    }

    step.parent = path;
    step.index = 0;

    for (i = 0; i < object->type->nproperties; i++) {
        property = &object->type->properties[i];

        oc_buf_char(b, separator);
        separator = ',';

        oc_buf_char(b, '"');
        oc_buf_str(b, &property->name);
        oc_buf_literal(b, "\":");

        step.name = (const char *) property->name.data;
        step.len = property->name.len;

        if (oc_value_write(b, property, object->values[i], &step, fault)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (separator == '{') {
        oc_buf_char(b, '{');
    }

    oc_buf_char(b, '}');

    return NGX_OK;
}


void
oc_json_value_string(oc_buf_t *b, json_t *json)
{
    oc_buf_json_string(b, (const u_char *) json_string_value(json),
                       json_string_length(json));
}


/*
 * Notes what is wrong and where.  "format" is for printf() and must not be
 * given anything of unbounded length.  Always returns NGX_ERROR; if memory is
 * out, the fault's strings are empty.
 */

ngx_int_t
oc_fault(oc_fault_t *fault, const oc_path_t *path, const char *format, ...)
{
    int       n;
    char      text[256];
    va_list   args;
    oc_buf_t  b;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    n = ngx_max(0, ngx_min(n, (int) sizeof(text) - 1));

    oc_buf_init(&b, fault->arena, n);
    oc_buf_append(&b, (u_char *) text, n);

    fault->message.data = b.start;
    fault->message.len = b.failed ? 0 : oc_buf_len(&b);

    oc_buf_init(&b, fault->arena, 64);
    oc_path_write(&b, path);

    fault->target.data = b.start;
    fault->target.len = b.failed ? 0 : oc_buf_len(&b);

    return NGX_ERROR;
}


static void
oc_path_write(oc_buf_t *b, const oc_path_t *path)
{
    if (path == NULL) {
        return;
    }

    oc_path_write(b, path->parent);

    if (oc_buf_len(b)) {
        oc_buf_char(b, '/');
    }

    if (path->name) {
        oc_buf_append(b, (const u_char *) path->name, path->len);

    } else {
        oc_buf_int(b, path->index);
    }
}
