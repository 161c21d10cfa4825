
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_CALL_H_INCLUDED_
#define _OC_CALL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_node.h"


/* the canonical functions (URL Conventions, 5.1.1.4 to 5.1.1.12) */

typedef enum {
    OC_CALL_CEILING = 0,
    OC_CALL_CONCAT,
    OC_CALL_CONTAINS,
    OC_CALL_DATE,
    OC_CALL_DAY,
    OC_CALL_ENDSWITH,
    OC_CALL_FLOOR,
    OC_CALL_FRACTIONALSECONDS,
    OC_CALL_GEO_DISTANCE,
    OC_CALL_GEO_INTERSECTS,
    OC_CALL_GEO_LENGTH,
    OC_CALL_HASSUBSEQUENCE,
    OC_CALL_HASSUBSET,
    OC_CALL_HOUR,
    OC_CALL_INDEXOF,
    OC_CALL_LENGTH,
    OC_CALL_MATCHESPATTERN,
    OC_CALL_MAXDATETIME,
    OC_CALL_MINDATETIME,
    OC_CALL_MINUTE,
    OC_CALL_MONTH,
    OC_CALL_NOW,
    OC_CALL_ROUND,
    OC_CALL_SECOND,
    OC_CALL_STARTSWITH,
    OC_CALL_SUBSTRING,
    OC_CALL_TIME,
    OC_CALL_TOLOWER,
    OC_CALL_TOTALOFFSETMINUTES,
    OC_CALL_TOTALSECONDS,
    OC_CALL_TOUPPER,
    OC_CALL_TRIM,
    OC_CALL_YEAR
} oc_call_e;


#define OC_CALL_MAX_ARGS     3

#define oc_kind_bit(kind)    (1u << (kind))

#define OC_CALL_UNSUPPORTED  0x01     /* valid, but 501 */
#define OC_CALL_COLLECTIONS  0x02     /* of collections it is valid, too */
#define OC_CALL_LIKE_FIRST   0x04     /* the result has its argument's type */


typedef struct {
    const char  *name;
    ngx_uint_t   min;
    ngx_uint_t   max;
    ngx_uint_t   args[OC_CALL_MAX_ARGS];   /* bits of the types they have */
    oc_kind_e    result;
    ngx_uint_t   flags;
    const char  *expected;                 /* what the arguments are */
} oc_call_t;


extern const oc_call_t  oc_calls[];


/* oc_function.c; the arguments are not null */

struct oc_eval_s;

oc_eval_status_e oc_call_eval(oc_eval_t *eval, const oc_expr_t *expr,
    oc_value_t *args, oc_value_t *result);


#endif /* _OC_CALL_H_INCLUDED_ */
