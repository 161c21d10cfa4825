
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_OBJECT_H_INCLUDED_
#define _OC_OBJECT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_buf.h"
#include "oc_json.h"
#include "oc_type.h"


/* what is wrong with a document, and where; the strings are in the arena */

typedef struct {
    oc_arena_t  *arena;
    ngx_str_t    target;     /* path, for example checkinStatuses/0/userId */
    ngx_str_t    message;
} oc_fault_t;


/* a step on the way from the document's root to a value, on the C stack */

typedef struct oc_path_s  oc_path_t;

struct oc_path_s {
    const oc_path_t  *parent;
    const char       *name;      /* NULL for an item of a collection */
    size_t            len;
    size_t            index;
};


/* a JSON object whose members have found their properties */

typedef struct {
    const oc_type_t  *type;
    json_t           *odata_type;     /* as given, or NULL */
    json_t           *values[OC_TYPE_MAX_PROPERTIES];    /* by slot */
} oc_object_t;


ngx_int_t oc_object_read(oc_object_t *object, const oc_type_t *type,
    json_t *json, const oc_path_t *path, oc_fault_t *fault);
ngx_int_t oc_value_write(oc_buf_t *b, const oc_property_t *property,
    json_t *value, const oc_path_t *path, oc_fault_t *fault);
ngx_int_t oc_complex_write(oc_buf_t *b, const oc_type_t *type, json_t *json,
    const oc_path_t *path, oc_fault_t *fault);
ngx_int_t oc_object_write(oc_buf_t *b, oc_object_t *object,
    const oc_path_t *path, oc_fault_t *fault);
void oc_json_value_string(oc_buf_t *b, json_t *json);
ngx_int_t oc_fault(oc_fault_t *fault, const oc_path_t *path,
    const char *format, ...);


#endif /* _OC_OBJECT_H_INCLUDED_ */
