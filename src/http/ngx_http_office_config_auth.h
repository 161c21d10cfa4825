
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_AUTH_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_AUTH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "oc_jwk.h"
#include "oc_jwt.h"
#include "oc_mac.h"


/* what a token allows */

#define NGX_HTTP_OFFICE_CONFIG_RIGHT_READ     0x01
#define NGX_HTTP_OFFICE_CONFIG_RIGHT_WRITE    0x02
#define NGX_HTTP_OFFICE_CONFIG_RIGHT_CHECKIN  0x04

#define NGX_HTTP_OFFICE_CONFIG_NRIGHTS        3

#define NGX_HTTP_OFFICE_CONFIG_NVARIABLES     4


/* how a request's token was found; the names are those of the variable */

typedef enum {
    NGX_HTTP_OFFICE_CONFIG_AUTH_UNKNOWN = 0,
    NGX_HTTP_OFFICE_CONFIG_AUTH_OK,
    NGX_HTTP_OFFICE_CONFIG_AUTH_CACHED,
    NGX_HTTP_OFFICE_CONFIG_AUTH_NONE,          /* there is no token */
    NGX_HTTP_OFFICE_CONFIG_AUTH_REPEATED,      /* more than one */
    NGX_HTTP_OFFICE_CONFIG_AUTH_BAD,           /* "status" says how */
    NGX_HTTP_OFFICE_CONFIG_AUTH_SCOPE,         /* good, but not for this */
    NGX_HTTP_OFFICE_CONFIG_AUTH_NO_KEYS,       /* none are there so far */
    NGX_HTTP_OFFICE_CONFIG_AUTH_FAILED         /* out of memory */
} ngx_http_office_config_auth_result_e;


typedef struct ngx_http_office_config_keys_s  ngx_http_office_config_keys_t;
typedef struct ngx_http_office_config_tokens_s
    ngx_http_office_config_tokens_t;


/* the directives of one level, as written or inherited */

typedef struct {
    ngx_str_t                  source;         /* of keys: a file, or a URI */
    ngx_str_t                  source_file;    /* where the directive is */
    ngx_uint_t                 source_line;
    ngx_uint_t                 request;        /* the source is a URI */

    ngx_flag_t                 symmetric;
    ngx_msec_t                 interval;       /* of refreshes of a URI */
    ngx_msec_t                 min;
    ngx_msec_t                 timeout;
    ngx_uint_t                 waiting;

    ngx_array_t               *issuers;        /* of ngx_str_t */
    ngx_array_t               *audiences;
    time_t                     leeway;
    ngx_str_t                  realm;
    ngx_str_t                  authorization_uri;
    ngx_str_t                  scopes[NGX_HTTP_OFFICE_CONFIG_NRIGHTS];
} ngx_http_office_config_jwt_conf_t;


/* what is asked of a token; locations that ask the same have the same one */

typedef struct {
    ngx_http_office_config_keys_t  *keys;
    oc_jwt_policy_t                 jwt;
    ngx_str_t                       scopes[NGX_HTTP_OFFICE_CONFIG_NRIGHTS];
    ngx_str_t                       realm;
    ngx_str_t                       authorization_uri;
} ngx_http_office_config_policy_t;


/* what is known of a token, and remembered */

typedef struct {
    ngx_str_t                  tenant;
    ngx_str_t                  subject;
    ngx_str_t                  client;
    time_t                     expires;
    ngx_uint_t                 rights;
    u_char                     thumbprint[OC_JWK_THUMBPRINT_LEN];
} ngx_http_office_config_token_t;


/*
 * The token of a request in one location.  It is found again in the pool once
 * the request went elsewhere, for the sake of variables.
 */

typedef struct {
    ngx_http_request_t                    *request;
    ngx_http_office_config_policy_t       *policy;
    ngx_http_office_config_auth_result_e   result;
    oc_jwt_status_e                        status;
    ngx_http_office_config_token_t         token;

    ngx_uint_t                             refused;     /* with this status */
    ngx_str_t                              message;

    /* while it waits for keys */

    ngx_queue_t                            queue;
    ngx_event_t                            event;
    unsigned                               queued:1;
    unsigned                               waiting:1;
    unsigned                               poked:1;     /* is to fetch them */
    unsigned                               joined:1;    /* one on its way */
    unsigned                               has_waited:1;
    unsigned                               in_vain:1;
} ngx_http_office_config_auth_t;


/* ngx_http_office_config_access.c */

ngx_int_t ngx_http_office_config_access_init(ngx_conf_t *cf);
ngx_http_office_config_auth_t *ngx_http_office_config_auth_of(
    ngx_http_request_t *r);
ngx_http_office_config_auth_t *ngx_http_office_config_last_auth(
    ngx_http_request_t *r);
ngx_int_t ngx_http_office_config_authorize(ngx_http_request_t *r);

/* ngx_http_office_config_token.c */

void ngx_http_office_config_check_token(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth);

/* ngx_http_office_config_challenge.c */

ngx_int_t ngx_http_office_config_challenge(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth, ngx_uint_t rights);

/* ngx_http_office_config_keys.c */

ngx_http_office_config_keys_t *ngx_http_office_config_keys(ngx_conf_t *cf,
    ngx_http_office_config_jwt_conf_t *jwt);
oc_jwks_t *ngx_http_office_config_current_keys(
    ngx_http_office_config_keys_t *keys, ngx_log_t *log);
ngx_uint_t ngx_http_office_config_keys_fetched(
    ngx_http_office_config_keys_t *keys);
ngx_uint_t ngx_http_office_config_keys_version(
    ngx_http_office_config_keys_t *keys);

/* ngx_http_office_config_fetch.c */

ngx_int_t ngx_http_office_config_wait_keys(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth);
void ngx_http_office_config_refresh_keys(ngx_http_request_t *r,
    ngx_http_office_config_keys_t *keys);
void ngx_http_office_config_stop_waiting(ngx_http_office_config_auth_t *auth);
ngx_int_t ngx_http_office_config_fetch_header(ngx_http_request_t *r);
ngx_int_t ngx_http_office_config_fetch_body(ngx_http_request_t *r,
    ngx_chain_t *in);

/* ngx_http_office_config_tokens.c */

ngx_http_office_config_tokens_t *ngx_http_office_config_tokens_create(
    ngx_conf_t *cf, size_t size);
ngx_int_t ngx_http_office_config_tokens_find(
    ngx_http_office_config_tokens_t *tokens,
    ngx_http_office_config_policy_t *policy, ngx_str_t *text,
    oc_mac_value_t *digest, ngx_http_office_config_token_t *token,
    ngx_pool_t *pool);
void ngx_http_office_config_tokens_add(
    ngx_http_office_config_tokens_t *tokens,
    ngx_http_office_config_policy_t *policy, oc_mac_value_t *digest,
    ngx_http_office_config_token_t *token);

/* ngx_http_office_config_variables.c */

ngx_int_t ngx_http_office_config_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_office_config_index_variables(ngx_conf_t *cf,
    ngx_int_t *index);
void ngx_http_office_config_flush_variables(ngx_http_request_t *r);
ngx_int_t ngx_http_office_config_token_tenant(ngx_http_request_t *r,
    ngx_str_t *tenant);


#endif /* _NGX_HTTP_OFFICE_CONFIG_AUTH_H_INCLUDED_ */
