
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_EVAL_H_INCLUDED_
#define _OC_EVAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_arena.h"
#include "oc_node.h"


/*
 * An evaluation takes so many steps at most, and so many more for a byte of
 * its entity; a step is a node, or 64 bytes that are looked at.
 */

#define OC_EVAL_STEPS           50000
#define OC_EVAL_STEPS_PER_BYTE  4

/* memory for strings that are made on the way */

#define OC_EVAL_SCRATCH         4194304


struct oc_eval_s {
    ngx_pool_t          *pool;
    oc_arena_t           scratch;     /* empty between calls */
    oc_time_t            now;
    int64_t              steps;       /* that are left */
    const char          *message;

    /* the entity, and its properties as far as they are known */

    const oc_subject_t  *subject;
    const oc_type_t     *type;
    ngx_uint_t           wanted;      /* bits of slots */
    ngx_uint_t           found;
    ngx_str_t            values[OC_TYPE_MAX_PROPERTIES];

    oc_value_t           vars[OC_EXPR_MAX_DEPTH + 1];

    u_char              *key;         /* of oc_order_key() */
    size_t               key_size;
};


/* oc_eval.c */

oc_eval_status_e oc_eval_node(oc_eval_t *eval, const oc_expr_t *expr,
    oc_value_t *value);
void oc_eval_begin(oc_eval_t *eval, const oc_subject_t *subject,
    const oc_type_t *type, ngx_uint_t uses);
void oc_eval_end(oc_eval_t *eval);
oc_eval_status_e oc_eval_fail(oc_eval_t *eval, const char *message);
oc_eval_status_e oc_eval_charge(oc_eval_t *eval, size_t bytes);
oc_eval_status_e oc_eval_alloc(oc_eval_t *eval, size_t size, u_char **p);

/* oc_eval_path.c */

oc_eval_status_e oc_eval_path(oc_eval_t *eval, const oc_expr_t *expr,
    oc_value_t *value);
oc_eval_status_e oc_eval_array(oc_eval_t *eval, const oc_expr_t *expr,
    ngx_str_t *array);
u_char *oc_eval_item(const ngx_str_t *array, u_char *pos, ngx_str_t *item);
oc_eval_status_e oc_eval_json(oc_eval_t *eval, oc_kind_e kind,
    const ngx_str_t *json, oc_value_t *value);
oc_eval_status_e oc_eval_slot(oc_eval_t *eval, ngx_uint_t slot,
    ngx_str_t *json);
oc_eval_status_e oc_eval_type(oc_eval_t *eval, const ngx_str_t *object,
    const oc_type_t *declared, const oc_type_t **type);


#endif /* _OC_EVAL_H_INCLUDED_ */
