
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_VALUE_H_INCLUDED_
#define _OC_VALUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_decimal.h"
#include "oc_temporal.h"


/* the types that expressions have, in the order of numeric promotion */

typedef enum {
    OC_KIND_NULL = 0,           /* of the literal null: fits everywhere */
    OC_KIND_BOOLEAN,
    OC_KIND_INT32,
    OC_KIND_INT64,
    OC_KIND_DECIMAL,
    OC_KIND_DOUBLE,
    OC_KIND_STRING,
    OC_KIND_GUID,
    OC_KIND_DATE,
    OC_KIND_TIMEOFDAY,
    OC_KIND_DATETIMEOFFSET,
    OC_KIND_DURATION,
    OC_KIND_BINARY,
    OC_KIND_STREAM,
    OC_KIND_COMPLEX,
    OC_KIND_ENTITY
} oc_kind_e;


#define OC_GUID_LEN  16


/*
 * A value.  A string is decoded; what has a structure, and any collection, is
 * the JSON that it was read from.
 */

typedef struct {
    oc_kind_e         kind;
    union {
        int64_t       integer;      /* a Boolean, too: 0 or 1 */
        double        real;
        oc_decimal_t  decimal;
        oc_time_t     time;
        ngx_str_t     text;
        u_char        guid[OC_GUID_LEN];
    } u;
} oc_value_t;


#define oc_kind_is_integer(kind)                                              \
    ((kind) == OC_KIND_INT32 || (kind) == OC_KIND_INT64)

#define oc_kind_is_number(kind)                                               \
    ((kind) >= OC_KIND_INT32 && (kind) <= OC_KIND_DOUBLE)

#define oc_kind_is_temporal(kind)                                             \
    ((kind) >= OC_KIND_DATE && (kind) <= OC_KIND_DURATION)


/* how two values compare */

typedef enum {
    OC_ORDER_LESS = -1,
    OC_ORDER_EQUAL = 0,
    OC_ORDER_GREATER = 1,
    OC_ORDER_NONE = 2           /* NaN is in no order to anything */
} oc_order_e;


/* the arithmetic operators */

typedef enum {
    OC_ARITHMETIC_ADD = 0,
    OC_ARITHMETIC_SUB,
    OC_ARITHMETIC_MUL,
    OC_ARITHMETIC_DIV,
    OC_ARITHMETIC_DIVBY,
    OC_ARITHMETIC_MOD
} oc_arithmetic_e;


typedef enum {
    OC_ROUND_NEAREST = 0,       /* half away from zero */
    OC_ROUND_FLOOR,
    OC_ROUND_CEILING
} oc_round_e;


/* oc_value.c */

oc_order_e oc_value_compare(const oc_value_t *one, const oc_value_t *two);
void oc_value_boolean(oc_value_t *value, ngx_uint_t truth);

/* oc_number.c */

ngx_int_t oc_number_literal(oc_value_t *value, const u_char *p, size_t len);
double oc_number_double(const oc_value_t *value);
void oc_number_decimal(oc_decimal_t *decimal, const oc_value_t *value);
oc_order_e oc_number_compare(const oc_value_t *one, const oc_value_t *two);
const char *oc_number_arithmetic(oc_arithmetic_e op, const oc_value_t *one,
    const oc_value_t *two, oc_value_t *result);
const char *oc_number_negate(oc_value_t *value);
void oc_number_round(oc_value_t *value, oc_round_e how);

/* oc_cast.c */

#define OC_CAST_TEXT_LEN  128

typedef enum {
    OC_PRIMITIVE_NONE = -1,
    OC_PRIMITIVE_BINARY = 0,
    OC_PRIMITIVE_BOOLEAN,
    OC_PRIMITIVE_BYTE,
    OC_PRIMITIVE_DATE,
    OC_PRIMITIVE_DATETIMEOFFSET,
    OC_PRIMITIVE_DECIMAL,
    OC_PRIMITIVE_DOUBLE,
    OC_PRIMITIVE_DURATION,
    OC_PRIMITIVE_GUID,
    OC_PRIMITIVE_INT16,
    OC_PRIMITIVE_INT32,
    OC_PRIMITIVE_INT64,
    OC_PRIMITIVE_SBYTE,
    OC_PRIMITIVE_SINGLE,
    OC_PRIMITIVE_STREAM,
    OC_PRIMITIVE_STRING,
    OC_PRIMITIVE_TIMEOFDAY,
    OC_PRIMITIVE_GEO
} oc_primitive_e;

oc_primitive_e oc_primitive_find(const u_char *name, size_t len);
oc_kind_e oc_primitive_kind(oc_primitive_e type);
void oc_value_cast(oc_value_t *value, oc_primitive_e type, u_char *buf);
ngx_int_t oc_guid_parse(u_char *guid, const u_char *p, size_t len);


#endif /* _OC_VALUE_H_INCLUDED_ */
