
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_PATTERN_H_INCLUDED_
#define _OC_PATTERN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_query.h"


/*
 * Regular expressions of matchesPattern(): what ECMAScript and PCRE2 have in
 * common, within limits that keep every match short.
 */

#define OC_PATTERN_MAX_LEN     1024
#define OC_PATTERN_MAX_REPEAT  255      /* {n}; of groups and characters */


typedef struct oc_pattern_s  oc_pattern_t;


typedef enum {
    OC_PATTERN_NO_MATCH = 0,
    OC_PATTERN_MATCH,
    OC_PATTERN_LIMIT,
    OC_PATTERN_NO_MEMORY
} oc_pattern_status_e;


oc_query_status_e oc_pattern_compile(oc_pattern_t **pattern,
    const ngx_str_t *text, ngx_pool_t *pool);
oc_pattern_status_e oc_pattern_match(oc_pattern_t *pattern,
    const ngx_str_t *subject, int64_t *steps);


#endif /* _OC_PATTERN_H_INCLUDED_ */
