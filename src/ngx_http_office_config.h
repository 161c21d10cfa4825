
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_office_config_auth.h"
#include "oc_expr.h"
#include "oc_format.h"
#include "oc_query.h"
#include "oc_redis.h"
#include "oc_seal.h"
#include "oc_store.h"
#include "oc_uuid.h"


#define NGX_HTTP_OFFICE_CONFIG_AUTH_OFF  0
#define NGX_HTTP_OFFICE_CONFIG_AUTH_JWT  1


/* $metadata, rendered; it lives as long as the configuration */

typedef struct {
    ngx_str_t                  text;
    u_char                     etag[OC_ETAG_LEN];
} ngx_http_office_config_csdl_t;


/* in two formats and, for clients of 4.0, two versions */

enum {
    NGX_HTTP_OFFICE_CONFIG_CSDL_XML = 0,
    NGX_HTTP_OFFICE_CONFIG_CSDL_JSON = 2,
    NGX_HTTP_OFFICE_CONFIG_CSDL_N = 4
};


typedef struct {
    ngx_array_t                    redises;      /* of oc_redis_t * */
    ngx_http_office_config_csdl_t  csdl[NGX_HTTP_OFFICE_CONFIG_CSDL_N];

    ngx_array_t                    keys;         /* of ..._keys_t * */
    ngx_array_t                    policies;     /* of ..._policy_t * */
    size_t                         jwt_cache;    /* bytes */

    ngx_http_office_config_tokens_t  *tokens;    /* NULL: none are kept */

    ngx_int_t                variables[NGX_HTTP_OFFICE_CONFIG_NVARIABLES];
} ngx_http_office_config_main_conf_t;


typedef struct {
    oc_redis_t                *redis;        /* NULL: the API is not here */

    ngx_str_t                  pass;         /* as written */
    ngx_str_t                  file;
    ngx_uint_t                 line;

    ngx_uint_t                 auth;

    ngx_http_office_config_jwt_conf_t   jwt;
    ngx_http_office_config_policy_t    *policy;  /* NULL: no token is needed */

    ngx_http_complex_value_t  *tenant;
    ngx_http_complex_value_t  *base_url;
    ngx_str_t                  key_prefix;
    ngx_uint_t                 page_size;
    ngx_uint_t                 page_max;     /* that a client may prefer */
    ngx_int_t                  scan_limit;
    ngx_int_t                  batch_limit;
    ngx_int_t                  inline_checkins;
    time_t                     checkin_retention;
    time_t                     checkin_ahead;

    /*
     * the location's prefix without a slash at its end; in locations without
     * a prefix it is found in each request
     */

    ngx_str_t                  root;
    unsigned                   has_root:1;
} ngx_http_office_config_loc_conf_t;


typedef enum {
    NGX_HTTP_OFFICE_CONFIG_NOT_FOUND = 0,
    NGX_HTTP_OFFICE_CONFIG_SERVICE,            /* the service document */
    NGX_HTTP_OFFICE_CONFIG_METADATA,
    NGX_HTTP_OFFICE_CONFIG_BATCH,
    NGX_HTTP_OFFICE_CONFIG_SINGLETON,
    NGX_HTTP_OFFICE_CONFIG_SINGLETON_PROPERTY,
    NGX_HTTP_OFFICE_CONFIG_ENTITY,             /* $entity?$id=... */
    NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS,
    NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF,
    NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_COUNT,
    NGX_HTTP_OFFICE_CONFIG_UPDATE_PRIORITIES,
    NGX_HTTP_OFFICE_CONFIG_CONFIGURATION,
    NGX_HTTP_OFFICE_CONFIG_PROPERTY,           /* that cannot be written */
    NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE,
    NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX,
    NGX_HTTP_OFFICE_CONFIG_CHECKINS,
    NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS,
    NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT,
    NGX_HTTP_OFFICE_CONFIG_PROPERTY_VALUE,
    NGX_HTTP_OFFICE_CONFIG_STREAM,
    NGX_HTTP_OFFICE_CONFIG_ASSIGN,
    NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS,
    NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_COUNT,
    NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF,
    NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT,
    NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT_REF
} ngx_http_office_config_resource_e;


typedef struct {
    ngx_http_office_config_resource_e  resource;
    ngx_str_t                          root;     /* decoded */
    ngx_str_t                          id;
    ngx_str_t                          assignment;
    const oc_type_t                   *cast;     /* what a configuration
                                                    must be; NULL: any */
    const oc_property_t               *property;
    const oc_property_t               *member;   /* of its value */
    unsigned                           value:1;  /* $value is asked for */
} ngx_http_office_config_route_t;


/* what a request's headers say, besides what nginx looks for itself */

typedef struct {
    ngx_str_t                  client_request_id;
    ngx_str_t                  accept;
    ngx_str_t                  content_encoding;
    ngx_str_t                  odata_version;
    ngx_str_t                  odata_max_version;
    ngx_str_t                  prefer;
    ngx_str_t                  repeatability_id;
    ngx_str_t                  repeatability_first_sent;
    unsigned                   has_accept:1;
} ngx_http_office_config_headers_t;


typedef struct ngx_http_office_config_ctx_s  ngx_http_office_config_ctx_t;

typedef struct ngx_http_office_config_batch_s  ngx_http_office_config_batch_t;

typedef struct ngx_http_office_config_reports_s
    ngx_http_office_config_reports_t;


/*
 * Is given the body of a request.  NGX_DONE if the store is at work, else what
 * the request is to be finalized with.
 */

typedef ngx_int_t (*ngx_http_office_config_json_pt)(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);


/*
 * Answers a request when the store has done its work.  Returns what the
 * request is to be finalized with, or NGX_BUSY if the store is at work again.
 */

typedef ngx_int_t (*ngx_http_office_config_answer_pt)(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


struct ngx_http_office_config_ctx_s {
    ngx_http_request_t                *request;
    ngx_http_office_config_route_t     route;
    ngx_http_office_config_headers_t   headers;
    oc_format_t                        format;    /* of the answer */
    oc_query_t                         query;
    oc_store_call_t                    call;
    ngx_http_office_config_auth_t     *auth;      /* NULL: not asked for */

    ngx_http_office_config_json_pt     json_handler;
    oc_json_apart_t                   *apart;     /* of the body, if it is
                                                     a check-in */
    ngx_http_office_config_answer_pt   answer;
    ngx_http_office_config_answer_pt   completed; /* when check-ins are in */
    ngx_http_office_config_answer_pt   shown;     /* when all is in */
    oc_store_condition_t               condition;
    oc_stamp_t                         stamp;
    ngx_str_t                          media;     /* type of a stream */
    ngx_str_t                          id;        /* of what is created */
    ngx_str_t                          base;      /* absolute URL of root */
    struct ngx_http_office_config_list_s
                                      *list;      /* a collection's page */
    ngx_uint_t                         page_size; /* preferred, 0: none */
    oc_expand_t                        expand;
    oc_eval_t                         *eval;      /* of what is expanded */
    ngx_http_office_config_answer_pt   sealed;    /* when there is a secret */
    u_char                             secret[OC_SEAL_SECRET_LEN];
    ngx_http_office_config_reports_t  *reports;   /* of check-ins */
    ngx_http_office_config_batch_t    *batch;     /* that it asks for */
    ngx_uint_t                         nlisted;   /* entities of a page that
                                                     are complete */
    u_char                             request_id[OC_UUID_LEN];

    ngx_chain_t                       *error_body;
    unsigned                           partial:1; /* a part has been done */
    unsigned                           answered:1;
    unsigned                           replaced:1;
    unsigned                           headed:1;  /* common headers are set */
    unsigned                           typed:1;   /* the media type is set */
    unsigned                           described:1; /* streams are */
    unsigned                           secret_known:1;
    unsigned                           secret_fresh:1;  /* just read */
    unsigned                           secret_stale:1;  /* must be read */
    unsigned                           negotiated:1;       /* the format */
    unsigned                           preferred:1;        /* Prefer: */
    unsigned                           minimal:1;
    unsigned                           representation:1;   /* return=... */
    unsigned                           proceed:1;     /* continue-on-error */
    unsigned                           proceed_given:1;
};


extern ngx_module_t  ngx_http_office_config_module;


ngx_int_t ngx_http_office_config_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_office_config_error_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_office_config_filter_init(ngx_conf_t *cf);
ngx_int_t ngx_http_office_config_metadata_init(ngx_conf_t *cf,
    ngx_http_office_config_main_conf_t *omcf);


#endif /* _NGX_HTTP_OFFICE_CONFIG_H_INCLUDED_ */
