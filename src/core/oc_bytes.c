
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_bytes.h"


int
oc_bytes_compare(const ngx_str_t *one, const ngx_str_t *two)
{
    int  rc;

    rc = 0;

    if (one->len && two->len) {
        rc = ngx_memcmp(one->data, two->data, ngx_min(one->len, two->len));
    }

    return rc ? rc : (one->len > two->len) - (one->len < two->len);
}


int
oc_bytes_compare_with_id(const ngx_str_t *one, const ngx_str_t *one_id,
    const ngx_str_t *two, const ngx_str_t *two_id)
{
    int  rc;

    rc = oc_bytes_compare(one, two);

    return rc ? rc : oc_bytes_compare(one_id, two_id);
}
