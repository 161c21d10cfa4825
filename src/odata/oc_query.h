
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_QUERY_H_INCLUDED_
#define _OC_QUERY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_type.h"


/* the system query options of OData 4.01 (URL Conventions, 5.1) */

typedef enum {
    OC_OPTION_SELECT = 0,
    OC_OPTION_EXPAND,
    OC_OPTION_FILTER,
    OC_OPTION_ORDERBY,
    OC_OPTION_SEARCH,
    OC_OPTION_TOP,
    OC_OPTION_SKIP,
    OC_OPTION_COUNT,
    OC_OPTION_SKIPTOKEN,
    OC_OPTION_FORMAT,
    OC_OPTION_COMPUTE,
    OC_OPTION_APPLY,
    OC_OPTION_INDEX,
    OC_OPTION_LEVELS,
    OC_OPTION_DELTATOKEN,
    OC_OPTION_SCHEMAVERSION,
    OC_OPTION_ID,
    OC_OPTION_NONE
} oc_option_e;


#define oc_option_bit(option)  (1u << (option))


typedef enum {
    OC_QUERY_OK = 0,
    OC_QUERY_MALFORMED,        /* 400 */
    OC_QUERY_UNSUPPORTED,      /* 501 */
    OC_QUERY_NO_MEMORY
} oc_query_status_e;


#define OC_SELECT_MAX  32

/* so many parameter aliases at most */

#define OC_ALIAS_MAX   16


/* "type" and "within" are casts, NULL without one: of others it is not said */

typedef struct {
    const oc_type_t   *type;       /* what the entity is */
    ngx_str_t          name;       /* of a property, or "*" */
    const oc_type_t   *within;     /* what its value is */
    ngx_str_t          member;     /* of its value, empty: all */
} oc_select_item_t;


typedef struct {
    oc_select_item_t  *items;
    ngx_uint_t         n;
} oc_select_t;


typedef struct {
    ngx_str_t   name;          /* with its '@' */
    ngx_str_t   value;
} oc_alias_t;


typedef struct {
    ngx_uint_t   given;        /* bits of the options that are there */
    ngx_uint_t   top;
    ngx_uint_t   skip;
    ngx_uint_t   count;        /* is asked for */
    ngx_str_t    skiptoken;
    ngx_str_t    filter_text;
    ngx_str_t    orderby_text;
    ngx_str_t    search_text;
    ngx_str_t    select_text;
    ngx_str_t    expand_text;
    ngx_str_t    id;
    ngx_str_t    format;
    oc_select_t  select;
    ngx_uint_t   expand;       /* the assignments are asked for */
    oc_alias_t   aliases[OC_ALIAS_MAX];
    ngx_uint_t   naliases;

    /* what is wrong */

    const char  *message;
    ngx_str_t    target;       /* the option, or what stands for its name */
    size_t       position;     /* where it begins in the query, from 0 */
} oc_query_t;


oc_query_status_e oc_query_parse(oc_query_t *query, const ngx_str_t *args,
    u_char *buf, ngx_uint_t supported);
oc_option_e oc_query_name(const ngx_str_t *name, ngx_uint_t *dollar);
ngx_int_t oc_query_alias(void *query, const ngx_str_t *name,
    ngx_str_t *value);

/* oc_select.c */

ngx_int_t oc_select_project(const oc_select_t *select, const ngx_str_t *json,
    ngx_str_t *result, ngx_pool_t *pool);
const oc_type_t *oc_select_type(const ngx_str_t *json);

#define oc_select_applies(cast, type)                                         \
    ((cast) == NULL || ((type) && oc_type_derives(type, cast)))


#endif /* _OC_QUERY_H_INCLUDED_ */
