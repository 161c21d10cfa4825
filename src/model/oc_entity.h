
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_ENTITY_H_INCLUDED_
#define _OC_ENTITY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_checkin.h"
#include "oc_object.h"


#define OC_ID_MAX_LEN       256

#define OC_MAX_ASSIGNMENTS  1000

/* the ETag of a configuration: W/"0123456789abcdef" */

#define OC_ETAG_LEN    16

/* a rendered configuration starts with this, then the ETag's digits */

#define OC_ETAG_PREFIX  "{\"@odata.etag\":\"W/\\\""


/* how one ends whose check-ins are kept apart */

#define OC_ENTITY_LIVE  "\"userCheckinSummary\":0,\"checkinStatuses\":0}"


/* what the service adds to a new configuration */

typedef struct {
    u_char              etag[OC_ETAG_LEN];
    time_t              sec;         /* Unix time of the change */
    ngx_uint_t          msec;
    oc_checkin_rules_t  checkins;
} oc_stamp_t;


typedef struct {
    ngx_str_t  id;
    ngx_str_t  json;
} oc_assignment_t;


/*
 * A configuration that has been checked and rendered.  With "has_priority"
 * "head" is the whole JSON object; without, the number that the store gives
 * goes between "head" and "tail".  Everything is in the arena.
 */

typedef struct {
    const oc_type_t  *type;
    ngx_str_t         id;
    ngx_str_t         head;
    ngx_str_t         tail;
    int32_t           priority;
    unsigned          has_id:1;            /* given, not made */
    unsigned          has_priority:1;
    unsigned          has_assignments:1;   /* given inline, maybe empty */
    oc_assignment_t  *assignments;
    ngx_uint_t        nassignments;

    /*
     * with "live" the check-ins and their summary, which is empty if none was
     * given, are not in the JSON
     */

    unsigned          live:1;
    ngx_str_t         summary;
    oc_checkin_t     *checkins;
    ngx_uint_t        ncheckins;
} oc_entity_t;


ngx_int_t oc_entity_create(oc_entity_t *entity, json_t *json,
    const oc_type_t *type, const oc_stamp_t *stamp, oc_arena_t *arena,
    oc_fault_t *fault);
ngx_int_t oc_assignments_read(oc_assignment_t **list, ngx_uint_t *count,
    json_t *json, const char *name, const oc_stamp_t *stamp,
    oc_arena_t *arena, oc_fault_t *fault);
ngx_int_t oc_assignment_create(oc_assignment_t *assignment, json_t *json,
    const oc_stamp_t *stamp, oc_arena_t *arena, oc_fault_t *fault);
ngx_int_t oc_id_valid(const u_char *id, size_t len);


#endif /* _OC_ENTITY_H_INCLUDED_ */
