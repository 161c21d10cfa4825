
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_CHANGE_H_INCLUDED_
#define _OC_CHANGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_checkin.h"
#include "oc_object.h"


/*
 * What a PATCH or PUT makes of an entity (OData 4.01 Protocol, 11.4.3,
 * 11.4.4): the properties that get a new value.
 */

typedef struct {
    ngx_str_t         name;
    ngx_str_t         value;      /* JSON */
} oc_edit_member_t;


/*
 * With a type the members are merged into the stored value, if that is an
 * object of the type that they name; otherwise "value" takes its place.
 */

typedef struct {
    ngx_str_t         name;
    ngx_str_t         value;      /* JSON */
    const oc_type_t  *merge;      /* the declared type, NULL: replace */
    oc_edit_member_t  members[OC_TYPE_MAX_PROPERTIES + 1];
    ngx_uint_t        nmembers;
} oc_edit_t;


/* everything is in the arena */

typedef struct {
    const oc_type_t  *type;       /* NULL: not given */
    ngx_str_t         etag;       /* @odata.etag, empty: not given */
    oc_edit_t         edits[OC_TYPE_MAX_PROPERTIES];
    ngx_uint_t        nedits;
    int32_t           priority;
    oc_checkin_t     *checkins;   /* of the edit of a collection of them */
    ngx_uint_t        ncheckins;
    unsigned          summary_given:1;    /* not its default */
    unsigned          has_checkins:1;     /* there is such an edit */
    unsigned          has_priority:1;
    unsigned          next_priority:1;    /* the highest in use + 1 */
} oc_change_t;


ngx_int_t oc_change_entity(oc_change_t *change, const oc_type_t *type,
    ngx_str_t *id, json_t *json, ngx_uint_t replace,
    const oc_checkin_rules_t *rules, oc_arena_t *arena, oc_fault_t *fault);
ngx_int_t oc_change_property(oc_change_t *change,
    const oc_property_t *property, const oc_property_t *member, json_t *json,
    ngx_uint_t replace, const oc_checkin_rules_t *rules, oc_arena_t *arena,
    oc_fault_t *fault);


#endif /* _OC_CHANGE_H_INCLUDED_ */
