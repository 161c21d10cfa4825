
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_bytes.h"
#include "oc_value.h"


void
oc_value_boolean(oc_value_t *value, ngx_uint_t truth)
{
    value->kind = OC_KIND_BOOLEAN;
    value->u.integer = truth ? 1 : 0;
}


/*
 * Compares two values, neither of them null, that are numbers or of the same
 * type (URL Conventions, 5.1.1.1); OC_ORDER_NONE if that makes no sense.
 */

oc_order_e
oc_value_compare(const oc_value_t *one, const oc_value_t *two)
{
    ngx_int_t  rc;

    if (oc_kind_is_number(one->kind) && oc_kind_is_number(two->kind)) {
        return oc_number_compare(one, two);
    }

    if (one->kind != two->kind) {
        return OC_ORDER_NONE;
    }

    switch (one->kind) {

    case OC_KIND_BOOLEAN:
        rc = one->u.integer - two->u.integer;
        break;

    case OC_KIND_STRING:
        rc = oc_bytes_compare(&one->u.text, &two->u.text);
        break;

    case OC_KIND_GUID:
        rc = ngx_memcmp(one->u.guid, two->u.guid, OC_GUID_LEN);
        break;

    case OC_KIND_DATE:
    case OC_KIND_TIMEOFDAY:
    case OC_KIND_DATETIMEOFFSET:
    case OC_KIND_DURATION:
        rc = oc_time_compare(&one->u.time, &two->u.time);
        break;

    default:
        return OC_ORDER_NONE;
    }

    return (rc < 0) ? OC_ORDER_LESS
           : (rc > 0) ? OC_ORDER_GREATER : OC_ORDER_EQUAL;
}
