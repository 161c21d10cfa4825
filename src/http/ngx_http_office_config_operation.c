
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"


#define NGX_HTTP_OFFICE_CONFIG_READ  (NGX_HTTP_GET|NGX_HTTP_HEAD)


#define NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS                                  \
    (oc_option_bit(OC_OPTION_SELECT)|oc_option_bit(OC_OPTION_EXPAND))

#define NGX_HTTP_OFFICE_CONFIG_COUNT_OPTIONS                                  \
    (oc_option_bit(OC_OPTION_FILTER)|oc_option_bit(OC_OPTION_SEARCH))

#define NGX_HTTP_OFFICE_CONFIG_REF_OPTIONS                                    \
    (NGX_HTTP_OFFICE_CONFIG_COUNT_OPTIONS                                     \
     |oc_option_bit(OC_OPTION_ORDERBY)|oc_option_bit(OC_OPTION_TOP)           \
     |oc_option_bit(OC_OPTION_SKIP)|oc_option_bit(OC_OPTION_COUNT)            \
     |oc_option_bit(OC_OPTION_SKIPTOKEN))

#define NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS                                   \
    (NGX_HTTP_OFFICE_CONFIG_REF_OPTIONS|oc_option_bit(OC_OPTION_SELECT))

#define NGX_HTTP_OFFICE_CONFIG_LIST_OPTIONS                                   \
    (NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS|oc_option_bit(OC_OPTION_EXPAND))

#define NGX_HTTP_OFFICE_CONFIG_ID_OPTIONS  oc_option_bit(OC_OPTION_ID)


static const ngx_http_office_config_operation_t
    ngx_http_office_config_operations[] =
{
    { NGX_HTTP_OFFICE_CONFIG_SERVICE, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_service, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_METADATA, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_metadata, 0,
      NGX_HTTP_OFFICE_CONFIG_CSDL },

    { NGX_HTTP_OFFICE_CONFIG_BATCH, NGX_HTTP_POST,
      ngx_http_office_config_batch, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_SINGLETON, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_singleton, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_SINGLETON, NGX_HTTP_PATCH,
      ngx_http_office_config_update, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_SINGLETON_PROPERTY, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_VALUE },

    { NGX_HTTP_OFFICE_CONFIG_ENTITY, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_entity, NGX_HTTP_OFFICE_CONFIG_ID_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_list, NGX_HTTP_OFFICE_CONFIG_LIST_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS, NGX_HTTP_POST,
      ngx_http_office_config_create, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_list, NGX_HTTP_OFFICE_CONFIG_REF_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF, NGX_HTTP_POST,
      ngx_http_office_config_create, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_COUNT, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_count, NGX_HTTP_OFFICE_CONFIG_COUNT_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_TEXT },

    { NGX_HTTP_OFFICE_CONFIG_UPDATE_PRIORITIES, NGX_HTTP_POST,
      ngx_http_office_config_update_priorities, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATION, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_get, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATION, NGX_HTTP_PATCH|NGX_HTTP_PUT,
      ngx_http_office_config_update, NGX_HTTP_OFFICE_CONFIG_SHAPE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CONFIGURATION, NGX_HTTP_DELETE,
      ngx_http_office_config_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_VALUE },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_VALUE },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE, NGX_HTTP_PUT,
      ngx_http_office_config_property_put, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE, NGX_HTTP_DELETE,
      ngx_http_office_config_property_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX, NGX_HTTP_PUT|NGX_HTTP_PATCH,
      ngx_http_office_config_property_put, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX, NGX_HTTP_DELETE,
      ngx_http_office_config_property_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_checkins, NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS, NGX_HTTP_POST,
      ngx_http_office_config_checkin, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS, NGX_HTTP_PUT,
      ngx_http_office_config_property_put, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS, NGX_HTTP_DELETE,
      ngx_http_office_config_property_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_checkins, NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS, NGX_HTTP_POST,
      ngx_http_office_config_checkin, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_checkins, NGX_HTTP_OFFICE_CONFIG_COUNT_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_TEXT },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_VALUE, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_property_get, 0,
      NGX_HTTP_OFFICE_CONFIG_VALUE },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_VALUE, NGX_HTTP_PUT,
      ngx_http_office_config_value_put, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_PROPERTY_VALUE, NGX_HTTP_DELETE,
      ngx_http_office_config_property_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_STREAM, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_stream_get, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_STREAM, NGX_HTTP_PUT,
      ngx_http_office_config_stream_put, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_STREAM, NGX_HTTP_DELETE,
      ngx_http_office_config_stream_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGN, NGX_HTTP_POST,
      ngx_http_office_config_assign, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_assignments, NGX_HTTP_OFFICE_CONFIG_PAGE_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS, NGX_HTTP_POST,
      ngx_http_office_config_assignment_add, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_COUNT, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_assignments,
      NGX_HTTP_OFFICE_CONFIG_COUNT_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_TEXT },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_assignments, NGX_HTTP_OFFICE_CONFIG_REF_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF, NGX_HTTP_DELETE,
      ngx_http_office_config_assignment_delete,
      NGX_HTTP_OFFICE_CONFIG_ID_OPTIONS,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT, NGX_HTTP_OFFICE_CONFIG_READ,
      ngx_http_office_config_assignments, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT, NGX_HTTP_PATCH,
      ngx_http_office_config_assignment_update, 0,
      NGX_HTTP_OFFICE_CONFIG_JSON },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT, NGX_HTTP_DELETE,
      ngx_http_office_config_assignment_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT_REF, NGX_HTTP_DELETE,
      ngx_http_office_config_assignment_delete, 0,
      NGX_HTTP_OFFICE_CONFIG_ANY },

    { NGX_HTTP_OFFICE_CONFIG_NOT_FOUND, 0, NULL, 0, 0 }
};


static struct {
    ngx_uint_t   method;
    ngx_str_t    name;
} ngx_http_office_config_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET") },
    { NGX_HTTP_HEAD, ngx_string("HEAD") },
    { NGX_HTTP_POST, ngx_string("POST") },
    { NGX_HTTP_PUT, ngx_string("PUT") },
    { NGX_HTTP_PATCH, ngx_string("PATCH") },
    { NGX_HTTP_DELETE, ngx_string("DELETE") },
    { NGX_HTTP_OPTIONS, ngx_string("OPTIONS") },
    { 0, ngx_null_string }
};


/* What a method does to a resource; NULL if it has not got the method. */

const ngx_http_office_config_operation_t *
ngx_http_office_config_operation(ngx_http_office_config_resource_e resource,
    ngx_uint_t method)
{
    const ngx_http_office_config_operation_t  *op;

    for (op = ngx_http_office_config_operations; op->handler; op++) {
        if (op->resource == resource && op->methods & method) {
            return op;
        }
    }

    return NULL;
}


/* The value of the header Allow for a resource. */

ngx_int_t
ngx_http_office_config_allow(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource, ngx_str_t *allow)
{
    u_char                                    *p;
    ngx_uint_t                                 i, methods;
    const ngx_http_office_config_operation_t  *op;

    methods = NGX_HTTP_OPTIONS;

    for (op = ngx_http_office_config_operations; op->handler; op++) {
        if (op->resource == resource) {
            methods |= op->methods;
        }
    }

    p = ngx_pnalloc(r->pool,
                    sizeof("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    allow->data = p;

    for (i = 0; ngx_http_office_config_methods[i].method; i++) {

        if (!(methods & ngx_http_office_config_methods[i].method)) {
            continue;
        }

        if (p != allow->data) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, ngx_http_office_config_methods[i].name.data,
                       ngx_http_office_config_methods[i].name.len);
    }

    allow->len = p - allow->data;

    return NGX_OK;
}
