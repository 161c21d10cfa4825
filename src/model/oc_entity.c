
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_datetime.h"
#include "oc_entity.h"
#include "oc_url.h"
#include "oc_uuid.h"


static ngx_int_t oc_entity_checkins(oc_entity_t *entity,
    oc_object_t *object, const oc_stamp_t *stamp, oc_arena_t *arena,
    oc_fault_t *fault);
static ngx_int_t oc_entity_id(ngx_str_t *id, json_t *value,
    const oc_stamp_t *stamp, oc_arena_t *arena, const oc_path_t *parent,
    oc_fault_t *fault);
static ngx_int_t oc_entity_property(oc_entity_t *entity, oc_buf_t *b,
    const oc_property_t *property, json_t *value, const oc_stamp_t *stamp,
    oc_fault_t *fault);
static ngx_int_t oc_entity_assignment(oc_assignment_t *assignment,
    json_t *json, const oc_stamp_t *stamp, oc_arena_t *arena,
    const oc_path_t *path, oc_fault_t *fault);
static ngx_int_t oc_entity_summary(oc_buf_t *b, const oc_property_t *property,
    json_t *value, oc_path_t *path, oc_fault_t *fault);
static void oc_entity_start(oc_buf_t *b, const oc_stamp_t *stamp);


/*
 * Checks a document given to create a configuration (api.md, 3) and renders
 * the configuration.
 *
 * In: the decoded document, the type that it must be of, by its own word or
 * because it does not say, and what the service adds.  Out: "entity", in the
 * arena.  NGX_OK; NGX_DECLINED with "fault" filled if the document is wrong;
 * NGX_ERROR if memory or random bytes are out.
 */

ngx_int_t
oc_entity_create(oc_entity_t *entity, json_t *json, const oc_type_t *type,
    const oc_stamp_t *stamp, oc_arena_t *arena, oc_fault_t *fault)
{
    size_t                head;
    oc_buf_t              b;
    ngx_int_t             rc;
    ngx_uint_t            i;
    oc_object_t           object;
    const oc_property_t  *property;

    ngx_memzero(entity, sizeof(oc_entity_t));

    fault->arena = arena;

    if (oc_object_read(&object, type, json, NULL, fault) != NGX_OK) {
        return NGX_DECLINED;
    }

    entity->type = object.type;
    entity->has_id = (object.values[OC_CONFIGURATION_ID] != NULL);

    rc = oc_entity_id(&entity->id, object.values[OC_CONFIGURATION_ID], stamp,
                      arena, NULL, fault);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = oc_entity_checkins(entity, &object, stamp, arena, fault);

    if (rc != NGX_OK) {
        return rc;
    }

    oc_buf_init(&b, arena, 2048);

    oc_entity_start(&b, stamp);

    if (object.odata_type) {
        oc_buf_literal(&b, ",\"@odata.type\":");
        oc_json_value_string(&b, object.odata_type);

    } else if (type != &oc_type_configuration) {
        oc_buf_literal(&b, ",\"@odata.type\":\"#" OC_NAMESPACE ".");
        oc_buf_str(&b, &type->name);
        oc_buf_char(&b, '"');
    }

    head = 0;

    for (i = 0; i < entity->type->nproperties; i++) {
        property = &entity->type->properties[i];

        if (property->edm == OC_EDM_ENTITY) {
            continue;
        }

        oc_buf_literal(&b, ",\"");
        oc_buf_str(&b, &property->name);
        oc_buf_literal(&b, "\":");

        if (oc_entity_property(entity, &b, property, object.values[i], stamp,
                               fault)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }

        if (i == OC_CONFIGURATION_PRIORITY && !entity->has_priority) {
            head = oc_buf_len(&b);
        }
    }

    oc_buf_char(&b, '}');

    if (b.failed) {
        return NGX_ERROR;
    }

    entity->head.data = b.start;
    entity->head.len = oc_buf_len(&b);

    if (!entity->has_priority) {
        entity->tail.data = b.start + head;
        entity->tail.len = entity->head.len - head;
        entity->head.len = head;
    }

    if (object.values[OC_CONFIGURATION_ASSIGNMENTS] == NULL) {
        return NGX_OK;
    }

    entity->has_assignments = 1;

    return oc_assignments_read(&entity->assignments, &entity->nassignments,
                               object.values[OC_CONFIGURATION_ASSIGNMENTS],
                               "assignments", stamp, arena, fault);
}


/*
 * Check-ins are kept apart unless there is one at most, and nothing that it
 * would have to be counted in.
 */

static ngx_int_t
oc_entity_checkins(oc_entity_t *entity, oc_object_t *object,
    const oc_stamp_t *stamp, oc_arena_t *arena, oc_fault_t *fault)
{
    json_t     *statuses, *summary;
    oc_buf_t    b;
    ngx_int_t   rc;
    oc_path_t   path;

    const oc_property_t  *property;

    statuses = object->values[OC_CONFIGURATION_CHECKIN_STATUSES];
    summary = object->values[OC_CONFIGURATION_USER_CHECKIN_SUMMARY];

    path.parent = NULL;
    path.index = 0;

    if (statuses) {
        property = &entity->type->properties[
                                           OC_CONFIGURATION_CHECKIN_STATUSES];

        path.name = (const char *) property->name.data;
        path.len = property->name.len;

        rc = oc_checkins_read(&entity->checkins, statuses, &stamp->checkins,
                              &path, arena, fault);
        if (rc != NGX_OK) {
            return rc;
        }

        entity->ncheckins = json_array_size(statuses);
    }

    if (entity->ncheckins == 0 || (entity->ncheckins == 1 && summary)) {
        return NGX_OK;
    }

    entity->live = 1;

    if (summary == NULL) {
        return NGX_OK;
    }

    property = &entity->type->properties[
                                       OC_CONFIGURATION_USER_CHECKIN_SUMMARY];

    path.name = (const char *) property->name.data;
    path.len = property->name.len;

    oc_buf_init(&b, arena, 256);

    if (oc_value_write(&b, property, summary, &path, fault) != NGX_OK) {
        return NGX_DECLINED;
    }

    entity->summary.data = b.start;
    entity->summary.len = oc_buf_len(&b);

    return b.failed ? NGX_ERROR : NGX_OK;
}


/* Writes a summary that was given, so that it can be told from the default. */

static ngx_int_t
oc_entity_summary(oc_buf_t *b, const oc_property_t *property, json_t *value,
    oc_path_t *path, oc_fault_t *fault)
{
    size_t  start;

    start = oc_buf_len(b);

    if (oc_value_write(b, property, value, path, fault) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!b->failed
        && oc_buf_len(b) - start == sizeof(OC_SUMMARY_ZERO) - 1
        && ngx_memcmp(b->start + start, OC_SUMMARY_ZERO,
                      sizeof(OC_SUMMARY_ZERO) - 1)
           == 0)
    {
        ngx_memcpy(b->start + start, OC_SUMMARY_GIVEN,
                   sizeof(OC_SUMMARY_GIVEN) - 1);
    }

    return NGX_OK;
}


/* What every rendered entity begins with. */

static void
oc_entity_start(oc_buf_t *b, const oc_stamp_t *stamp)
{
    oc_buf_literal(b, OC_ETAG_PREFIX);
    oc_buf_append(b, stamp->etag, OC_ETAG_LEN);
    oc_buf_literal(b, "\\\"\"");
}


/*
 * An id that is given must be valid; without one, a UUID version 7 is made
 * from the time of the stamp.
 */

static ngx_int_t
oc_entity_id(ngx_str_t *id, json_t *value, const oc_stamp_t *stamp,
    oc_arena_t *arena, const oc_path_t *parent, oc_fault_t *fault)
{
    oc_path_t  path;

    if (value == NULL) {
        id->len = OC_UUID_LEN;
        id->data = oc_arena_alloc(arena, OC_UUID_LEN);

        if (id->data == NULL) {
            return NGX_ERROR;
        }

        return oc_uuid_v7(id->data, (uint64_t) stamp->sec * 1000
                                    + stamp->msec);
    }

    if (json_is_string(value)) {
        id->data = (u_char *) json_string_value(value);
        id->len = json_string_length(value);

        if (oc_id_valid(id->data, id->len) == NGX_OK) {
            return NGX_OK;
        }
    }

    path.parent = parent;
    path.name = "id";
    path.len = sizeof("id") - 1;
    path.index = 0;

    (void) oc_fault(fault, &path, "An id is a string of 1 to %d bytes of "
                    "UTF-8 without control characters.", OC_ID_MAX_LEN);

    return NGX_DECLINED;
}


/* NGX_OK if the bytes can be the key of an entity. */

ngx_int_t
oc_id_valid(const u_char *id, size_t len)
{
    if (len == 0 || len > OC_ID_MAX_LEN) {
        return NGX_ERROR;
    }

    return oc_utf8_printable(id, len);
}


static ngx_int_t
oc_entity_property(oc_entity_t *entity, oc_buf_t *b,
    const oc_property_t *property, json_t *value, const oc_stamp_t *stamp,
    oc_fault_t *fault)
{
    u_char     date[OC_DATETIME_LEN];
    size_t     start;
    oc_path_t  path;

    if (property->flags & OC_PROPERTY_KEY) {
        oc_buf_json_string(b, entity->id.data, entity->id.len);
        return NGX_OK;
    }

    path.parent = NULL;
    path.name = (const char *) property->name.data;
    path.len = property->name.len;
    path.index = 0;

    if (property->flags & OC_PROPERTY_COMPUTED) {

        /* what the client says is checked, then the service's value is set */

        start = oc_buf_len(b);

        if (value
            && oc_value_write(b, property, value, &path, fault) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (!b->failed) {
            b->last = b->start + start;
        }

        oc_datetime_format(date, stamp->sec, stamp->msec);
        oc_buf_json_string(b, date, OC_DATETIME_LEN);

        return NGX_OK;
    }

    if (property->type == &oc_type_checkin_status
        || property->type == &oc_type_checkin_summary)
    {
        if (entity->live) {
            oc_buf_char(b, '0');
            return NGX_OK;
        }

        if (property->type == &oc_type_checkin_summary) {

            if (value == NULL) {
                oc_buf_literal(b, OC_SUMMARY_ZERO);
                return NGX_OK;
            }

            return oc_entity_summary(b, property, value, &path, fault);
        }

        if (entity->ncheckins && property->type == &oc_type_checkin_status) {

            /* the one that there is has been checked already */

            oc_buf_char(b, '[');
            (void) oc_checkin_write(b, &entity->checkins->record);
            oc_buf_char(b, ']');
            return NGX_OK;
        }
    }

    if (property == &entity->type->properties[OC_CONFIGURATION_PRIORITY]) {

        if (value == NULL) {
            return NGX_OK;
        }

        entity->has_priority = 1;
        entity->priority = json_is_integer(value)
                           ? (int32_t) json_integer_value(value) : 0;
    }

    return oc_value_write(b, property, value, &path, fault);
}


/*
 * Checks an array of assignments, which is the member "name" of a document,
 * and renders them; their ids are given or made.  Out: "list" and "n", in the
 * arena.  NGX_OK; NGX_DECLINED with "fault" filled; NGX_ERROR if memory or
 * random bytes are out.
 */

ngx_int_t
oc_assignments_read(oc_assignment_t **list, ngx_uint_t *count, json_t *json,
    const char *name, const oc_stamp_t *stamp, oc_arena_t *arena,
    oc_fault_t *fault)
{
    json_t           *seen;
    size_t            i, j, n;
    ngx_int_t         rc;
    oc_path_t         path, item;
    oc_assignment_t  *assignments;

    fault->arena = arena;

    path.parent = NULL;
    path.name = name;
    path.len = ngx_strlen(name);
    path.index = 0;

    if (!json_is_array(json)) {
        (void) oc_fault(fault, &path, "An array is expected.");
        return NGX_DECLINED;
    }

    n = json_array_size(json);

    if (n > OC_MAX_ASSIGNMENTS) {
        (void) oc_fault(fault, &path, "A configuration takes %d assignments "
                        "at most.", OC_MAX_ASSIGNMENTS);
        return NGX_DECLINED;
    }

    *list = NULL;
    *count = n;

    if (n == 0) {
        return NGX_OK;
    }

    assignments = oc_arena_alloc(arena, n * sizeof(oc_assignment_t));
    if (assignments == NULL) {
        return NGX_ERROR;
    }

    *list = assignments;

    item.parent = &path;
    item.name = NULL;
    item.len = 0;

    for (i = 0; i < n; i++) {
        item.index = i;

        rc = oc_entity_assignment(&assignments[i],
                                  json_array_get(json, i), stamp, arena,
                                  &item, fault);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    for (i = 0; i < n; i++) {
        seen = oc_json_member(json_array_get(json, i), "id");

        if (seen == NULL) {
            continue;
        }

        for (j = 0; j < i; j++) {
            if (assignments[i].id.len == assignments[j].id.len
                && ngx_memcmp(assignments[i].id.data,
                              assignments[j].id.data,
                              assignments[i].id.len)
                   == 0)
            {
                item.index = i;
                (void) oc_fault(fault, &item, "The id of an assignment is "
                                "given twice.");
                return NGX_DECLINED;
            }
        }
    }

    return NGX_OK;
}


/* The same for one, which is the whole document. */

ngx_int_t
oc_assignment_create(oc_assignment_t *assignment, json_t *json,
    const oc_stamp_t *stamp, oc_arena_t *arena, oc_fault_t *fault)
{
    fault->arena = arena;

    return oc_entity_assignment(assignment, json, stamp, arena, NULL, fault);
}


static ngx_int_t
oc_entity_assignment(oc_assignment_t *assignment, json_t *json,
    const oc_stamp_t *stamp, oc_arena_t *arena, const oc_path_t *path,
    oc_fault_t *fault)
{
    oc_buf_t              b;
    ngx_int_t             rc;
    oc_path_t             step;
    oc_object_t           object;
    const oc_property_t  *target;

    if (oc_object_read(&object, &oc_type_assignment, json, path, fault)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = oc_entity_id(&assignment->id, object.values[OC_ASSIGNMENT_ID], stamp,
                      arena, path, fault);
    if (rc != NGX_OK) {
        return rc;
    }

    oc_buf_init(&b, arena, 256);

    oc_entity_start(&b, stamp);

    if (object.odata_type) {
        oc_buf_literal(&b, ",\"@odata.type\":");
        oc_json_value_string(&b, object.odata_type);
    }

    oc_buf_literal(&b, ",\"id\":");
    oc_buf_json_string(&b, assignment->id.data, assignment->id.len);

    target = &oc_type_assignment.properties[OC_ASSIGNMENT_TARGET];

    oc_buf_literal(&b, ",\"target\":");

    step.parent = path;
    step.name = (const char *) target->name.data;
    step.len = target->name.len;
    step.index = 0;

    if (oc_value_write(&b, target, object.values[OC_ASSIGNMENT_TARGET], &step,
                       fault)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    oc_buf_char(&b, '}');

    if (b.failed) {
        return NGX_ERROR;
    }

    assignment->json.data = b.start;
    assignment->json.len = oc_buf_len(&b);

    return NGX_OK;
}
