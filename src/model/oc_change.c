
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_change.h"


static ngx_int_t oc_change_key(ngx_str_t *id, json_t *value,
    const oc_path_t *path, oc_fault_t *fault);
static ngx_int_t oc_change_edit(oc_change_t *change,
    const oc_property_t *property, json_t *value, ngx_uint_t replace,
    const oc_checkin_rules_t *rules, const oc_path_t *path, oc_arena_t *arena,
    oc_fault_t *fault);
static ngx_int_t oc_change_members(oc_edit_t *edit, const oc_type_t *type,
    json_t *value, const oc_path_t *path, oc_arena_t *arena,
    oc_fault_t *fault);
static ngx_int_t oc_change_value(ngx_str_t *text,
    const oc_property_t *property, json_t *value, const oc_path_t *path,
    oc_arena_t *arena, oc_fault_t *fault);
static json_t *oc_change_wrapped(json_t *json, oc_fault_t *fault);
static void oc_change_step(oc_path_t *step, const oc_path_t *parent,
    const ngx_str_t *name);


/*
 * Checks a document that changes the entity "id" of "type".
 *
 * With "replace" (PUT) properties that are not given get their defaults, and
 * objects take the place of what is stored; otherwise (PATCH) these stay, and
 * objects are merged.  What the service sets is checked and passed over.
 * NGX_OK; NGX_DECLINED with "fault" filled; NGX_ERROR if memory is out.
 */

ngx_int_t
oc_change_entity(oc_change_t *change, const oc_type_t *type, ngx_str_t *id,
    json_t *json, ngx_uint_t replace, const oc_checkin_rules_t *rules,
    oc_arena_t *arena, oc_fault_t *fault)
{
    json_t               *value;
    ngx_int_t             rc;
    ngx_str_t             unused;
    oc_path_t             path;
    ngx_uint_t            i;
    oc_object_t           object;
    const oc_property_t  *property;

    ngx_memzero(change, sizeof(oc_change_t));

    fault->arena = arena;

    if (oc_object_read(&object, type, json, NULL, fault) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (object.odata_type) {
        change->type = object.type;
    }

    value = oc_json_member(json, "@odata.etag");

    if (value == NULL) {
        value = oc_json_member(json, "@etag");
    }

    if (value && json_is_string(value)) {
        change->etag.data = (u_char *) json_string_value(value);
        change->etag.len = json_string_length(value);
    }

    for (i = 0; i < object.type->nproperties; i++) {
        property = &object.type->properties[i];
        value = object.values[i];

        oc_change_step(&path, NULL, &property->name);

        if (property->edm == OC_EDM_ENTITY) {

            if (value) {
                (void) oc_fault(fault, &path, "What the entity contains is "
                                "changed through URLs of its own.");
                return NGX_DECLINED;
            }

            continue;
        }

        if (property->flags & (OC_PROPERTY_KEY|OC_PROPERTY_COMPUTED)) {

            if (value == NULL) {
                continue;
            }

            if (property->flags & OC_PROPERTY_KEY) {
                rc = oc_change_key(id, value, &path, fault);

            } else {
                rc = oc_change_value(&unused, property, value, &path, arena,
                                     fault);
            }

            if (rc != NGX_OK) {
                return rc;
            }

            continue;
        }

        if (value == NULL) {

            if (!replace) {
                continue;
            }

            if (type == &oc_type_configuration
                && i == OC_CONFIGURATION_PRIORITY)
            {
                change->next_priority = 1;
                continue;
            }
        }

        rc = oc_change_edit(change, property, value, replace, rules, &path,
                            arena, fault);
        if (rc != NGX_OK) {
            return rc;
        }

        if (property->type == &oc_type_checkin_summary) {
            change->summary_given = (value != NULL);

            if (value == NULL) {
                ngx_str_set(&change->edits[change->nedits - 1].value,
                            OC_SUMMARY_ZERO);
            }
        }

        if (type == &oc_type_configuration && i == OC_CONFIGURATION_PRIORITY) {
            change->has_priority = 1;
            change->priority = (int32_t) json_integer_value(value);
        }
    }

    return NGX_OK;
}


/*
 * The same for one property, or with "member" for one property of its value:
 * "json" is an object that is such a value or has it as its "value" (OData
 * JSON Format 4.01, 11), NULL stands for a deletion.
 */

ngx_int_t
oc_change_property(oc_change_t *change, const oc_property_t *property,
    const oc_property_t *member, json_t *json, ngx_uint_t replace,
    const oc_checkin_rules_t *rules, oc_arena_t *arena, oc_fault_t *fault)
{
    ngx_int_t              rc;
    oc_buf_t               b;
    oc_edit_t             *edit;
    oc_path_t              path, parent;
    ngx_uint_t             i;
    const oc_property_t   *target, *sibling;

    ngx_memzero(change, sizeof(oc_change_t));

    fault->arena = arena;

    target = member ? member : property;

    change->summary_given = (property->type == &oc_type_checkin_summary);

    if (json == NULL) {

        if (!(target->flags & (OC_PROPERTY_NULLABLE|OC_PROPERTY_COLLECTION))) {
            oc_change_step(&parent, NULL, &property->name);
            oc_change_step(&path, member ? &parent : NULL, &target->name);
            (void) oc_fault(fault, &path, "The value must not be null.");
            return NGX_DECLINED;
        }

    } else if (target->edm != OC_EDM_COMPLEX
               || (target->flags & OC_PROPERTY_COLLECTION))
    {
        json = oc_change_wrapped(json, fault);

        if (json == NULL) {
            return NGX_DECLINED;
        }
    }

    if (member == NULL) {
        oc_change_step(&path, NULL, &property->name);

        rc = oc_change_edit(change, property, json, replace, rules, &path,
                            arena, fault);

        if (rc == NGX_OK && property->edm == OC_EDM_INT32) {
            change->has_priority = 1;
            change->priority = (int32_t) json_integer_value(json);
        }

        return rc;
    }

    /* the one member is merged; into null, beside the others' defaults */

    edit = &change->edits[change->nedits++];

    edit->name = property->name;
    edit->merge = property->type;
    edit->members[0].name = member->name;
    edit->nmembers = 1;

    oc_change_step(&parent, NULL, &property->name);
    oc_change_step(&path, &parent, &member->name);

    rc = oc_change_value(&edit->members[0].value, member, json, &path, arena,
                         fault);
    if (rc != NGX_OK) {
        return rc;
    }

    oc_buf_init(&b, arena, 256);

    for (i = 0; i < property->type->nproperties; i++) {
        sibling = &property->type->properties[i];

        oc_buf_char(&b, i ? ',' : '{');
        oc_buf_char(&b, '"');
        oc_buf_str(&b, &sibling->name);
        oc_buf_literal(&b, "\":");

        if (sibling == member) {
            oc_buf_str(&b, &edit->members[0].value);

        } else if (oc_value_write(&b, sibling, NULL, NULL, fault) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    oc_buf_char(&b, '}');

    edit->value.data = b.start;
    edit->value.len = oc_buf_len(&b);

    return b.failed ? NGX_ERROR : NGX_OK;
}


/* The key may be repeated; it cannot be changed. */

static ngx_int_t
oc_change_key(ngx_str_t *id, json_t *value, const oc_path_t *path,
    oc_fault_t *fault)
{
    if (json_is_string(value) && json_string_length(value) == id->len
        && ngx_memcmp(json_string_value(value), id->data, id->len) == 0)
    {
        return NGX_OK;
    }

    (void) oc_fault(fault, path, "The id of an entity cannot be changed.");

    return NGX_DECLINED;
}


static ngx_int_t
oc_change_edit(oc_change_t *change, const oc_property_t *property,
    json_t *value, ngx_uint_t replace, const oc_checkin_rules_t *rules,
    const oc_path_t *path, oc_arena_t *arena, oc_fault_t *fault)
{
    ngx_int_t   rc;
    oc_edit_t  *edit;

    edit = &change->edits[change->nedits++];

    edit->name = property->name;

    if (property->type == &oc_type_checkin_status) {

        /* the check-ins themselves are kept apart */

        ngx_str_set(&edit->value, "[]");
        change->has_checkins = 1;

        if (value == NULL) {
            return NGX_OK;
        }

        change->ncheckins = json_array_size(value);

        return oc_checkins_read(&change->checkins, value, rules, path, arena,
                                fault);
    }

    rc = oc_change_value(&edit->value, property, value, path, arena, fault);

    if (rc != NGX_OK || replace || value == NULL
        || property->edm != OC_EDM_COMPLEX
        || (property->flags & OC_PROPERTY_COLLECTION)
        || !json_is_object(value))
    {
        return rc;
    }

    edit->merge = property->type;

    return oc_change_members(edit, property->type, value, path, arena, fault);
}


static ngx_int_t
oc_change_members(oc_edit_t *edit, const oc_type_t *type, json_t *value,
    const oc_path_t *path, oc_arena_t *arena, oc_fault_t *fault)
{
    oc_buf_t              b;
    ngx_int_t             rc;
    oc_path_t             step;
    ngx_uint_t            i;
    oc_object_t           object;
    oc_edit_member_t     *member;
    const oc_property_t  *property;

    if (oc_object_read(&object, type, value, path, fault) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (object.odata_type) {
        member = &edit->members[edit->nmembers++];

        ngx_str_set(&member->name, "@odata.type");

        oc_buf_init(&b, arena, 64);
        oc_json_value_string(&b, object.odata_type);

        if (b.failed) {
            return NGX_ERROR;
        }

        member->value.data = b.start;
        member->value.len = oc_buf_len(&b);
    }

    for (i = 0; i < object.type->nproperties; i++) {

        if (object.values[i] == NULL) {
            continue;
        }

        property = &object.type->properties[i];
        member = &edit->members[edit->nmembers++];

        member->name = property->name;

        oc_change_step(&step, path, &property->name);

        rc = oc_change_value(&member->value, property, object.values[i],
                             &step, arena, fault);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
oc_change_value(ngx_str_t *text, const oc_property_t *property, json_t *value,
    const oc_path_t *path, oc_arena_t *arena, oc_fault_t *fault)
{
    oc_buf_t  b;

    oc_buf_init(&b, arena, 256);

    if (oc_value_write(&b, property, value, path, fault) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (b.failed) {
        return NGX_ERROR;
    }

    text->data = b.start;
    text->len = oc_buf_len(&b);

    return NGX_OK;
}


/* The value in {"value": ...}, beside which there may be annotations. */

static json_t *
oc_change_wrapped(json_t *json, oc_fault_t *fault)
{
    void       *iter;
    json_t     *value;
    oc_path_t   step;
    ngx_str_t   name;

    value = json_is_object(json) ? oc_json_member(json, "value") : NULL;

    if (value == NULL) {
        (void) oc_fault(fault, NULL, "An object with a \"value\" is "
                        "expected.");
        return NULL;
    }

    for (iter = json_object_iter(json);
         iter;
         iter = json_object_iter_next(json, iter))
    {
        name = oc_json_member_name(iter);

        if (json_object_iter_value(iter) != value
            && memchr(name.data, '@', name.len) == NULL)
        {
            name.len = ngx_min(name.len, 64);
            oc_change_step(&step, NULL, &name);

            (void) oc_fault(fault, &step, "Only a \"value\" is expected.");
            return NULL;
        }
    }

    return value;
}


static void
oc_change_step(oc_path_t *step, const oc_path_t *parent,
    const ngx_str_t *name)
{
    step->parent = parent;
    step->name = (const char *) name->data;
    step->len = name->len;
    step->index = 0;
}
