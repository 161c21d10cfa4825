
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"


static ngx_int_t ngx_http_office_config_tenant_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_office_config_claim_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_office_config_result_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_office_config_auth_t *ngx_http_office_config_checked_auth(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_set_variable(
    ngx_http_variable_value_t *v, ngx_str_t *value);


static ngx_http_variable_t  ngx_http_office_config_vars[] = {

    { ngx_string("office_config_tenant"), NULL,
      ngx_http_office_config_tenant_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("office_config_subject"), NULL,
      ngx_http_office_config_claim_variable,
      offsetof(ngx_http_office_config_token_t, subject),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("office_config_client_id"), NULL,
      ngx_http_office_config_claim_variable,
      offsetof(ngx_http_office_config_token_t, client),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("office_config_auth_result"), NULL,
      ngx_http_office_config_result_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_str_t  ngx_http_office_config_results[] = {
    ngx_null_string,                        /* ..._UNKNOWN */
    ngx_string("ok"),                       /* ..._OK */
    ngx_string("cached"),                   /* ..._CACHED */
    ngx_string("none"),                     /* ..._NONE */
    ngx_string("repeated"),                 /* ..._REPEATED */
    ngx_null_string,                        /* ..._BAD, see below */
    ngx_string("scope"),                    /* ..._SCOPE */
    ngx_string("no_keys"),                  /* ..._NO_KEYS */
    ngx_string("failed")                    /* ..._FAILED */
};


static ngx_str_t  ngx_http_office_config_statuses[] = {
    ngx_string("ok"),                       /* OC_JWT_OK */
    ngx_string("malformed"),                /* OC_JWT_MALFORMED */
    ngx_string("malformed"),                /* OC_JWT_TOO_LARGE */
    ngx_string("header"),                   /* OC_JWT_HEADER */
    ngx_string("algorithm"),                /* OC_JWT_ALGORITHM */
    ngx_string("unknown_key"),              /* OC_JWT_UNKNOWN_KEY */
    ngx_string("signature"),                /* OC_JWT_SIGNATURE */
    ngx_string("claims"),                   /* OC_JWT_CLAIMS */
    ngx_string("expired"),                  /* OC_JWT_EXPIRED */
    ngx_string("not_yet"),                  /* OC_JWT_NOT_YET */
    ngx_string("issuer"),                   /* OC_JWT_ISSUER */
    ngx_string("audience"),                 /* OC_JWT_AUDIENCE */
    ngx_string("tenant"),                   /* OC_JWT_TENANT */
    ngx_string("personal"),                 /* OC_JWT_PERSONAL */
    ngx_string("failed")                    /* OC_JWT_NO_MEMORY */
};


ngx_int_t
ngx_http_office_config_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_office_config_vars; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/*
 * Where the variables are among those of a request, once the configuration
 * has been read.
 */

ngx_int_t
ngx_http_office_config_index_variables(ngx_conf_t *cf, ngx_int_t *index)
{
    ngx_uint_t            i;
    ngx_http_variable_t  *v;

    v = ngx_http_office_config_vars;

    for (i = 0; i < NGX_HTTP_OFFICE_CONFIG_NVARIABLES; i++) {
        index[i] = ngx_http_get_variable_index(cf, &v[i].name);

        if (index[i] == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * What variables said before the access phase need not be so any longer.  The
 * access log does not ask again by itself.
 */

void
ngx_http_office_config_flush_variables(ngx_http_request_t *r)
{
    ngx_uint_t                           i;
    ngx_http_variable_value_t           *v;
    ngx_http_office_config_main_conf_t  *omcf;

    omcf = ngx_http_get_module_main_conf(r, ngx_http_office_config_module);

    for (i = 0; i < NGX_HTTP_OFFICE_CONFIG_NVARIABLES; i++) {
        v = &r->variables[omcf->variables[i]];

        v->valid = 0;
        v->not_found = 0;
    }
}


/* $office_config_tenant: whose data the request is about. */

static ngx_int_t
ngx_http_office_config_tenant_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                           tenant;
    ngx_http_office_config_auth_t      *auth;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->redis == NULL) {

        /* the request has left the location that it was meant for */

        auth = ngx_http_office_config_checked_auth(r);

        return ngx_http_office_config_set_variable(v,
                                                   auth ? &auth->token.tenant
                                                        : NULL);
    }

    if (ngx_http_office_config_tenant(r, &tenant) != NGX_OK) {
        return ngx_http_office_config_set_variable(v, NULL);
    }

    return ngx_http_office_config_set_variable(v, &tenant);
}


/* $office_config_subject and $office_config_client_id */

static ngx_int_t
ngx_http_office_config_claim_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_office_config_auth_t  *auth;

    auth = ngx_http_office_config_checked_auth(r);

    if (auth == NULL) {
        return ngx_http_office_config_set_variable(v, NULL);
    }

    return ngx_http_office_config_set_variable(v,
                              (ngx_str_t *) ((u_char *) &auth->token + data));
}


/* $office_config_auth_result */

static ngx_int_t
ngx_http_office_config_result_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_office_config_auth_t  *auth;

    auth = ngx_http_office_config_checked_auth(r);

    if (auth == NULL) {
        return ngx_http_office_config_set_variable(v, NULL);
    }

    if (auth->result == NGX_HTTP_OFFICE_CONFIG_AUTH_BAD) {
        return ngx_http_office_config_set_variable(v,
                             &ngx_http_office_config_statuses[auth->status]);
    }

    return ngx_http_office_config_set_variable(v,
                              &ngx_http_office_config_results[auth->result]);
}


/*
 * The request's token, which is checked now if it has not been: a limit of
 * requests is applied before the access phase.  A token of a location that
 * the request has left is found as well.
 */

static ngx_http_office_config_auth_t *
ngx_http_office_config_checked_auth(ngx_http_request_t *r)
{
    ngx_http_office_config_auth_t      *auth;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->redis == NULL || olcf->policy == NULL) {
        return ngx_http_office_config_last_auth(r);
    }

    auth = ngx_http_office_config_auth_of(r);

    if (auth && auth->result == NGX_HTTP_OFFICE_CONFIG_AUTH_UNKNOWN) {
        ngx_http_office_config_check_token(r, auth);
    }

    return auth;
}


/* The tenant in a token, which must be good. */

ngx_int_t
ngx_http_office_config_token_tenant(ngx_http_request_t *r, ngx_str_t *tenant)
{
    ngx_http_office_config_auth_t  *auth;

    auth = ngx_http_office_config_checked_auth(r);

    if (auth == NULL || auth->token.tenant.len == 0) {
        return NGX_DECLINED;
    }

    *tenant = auth->token.tenant;

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_set_variable(ngx_http_variable_value_t *v,
    ngx_str_t *value)
{
    if (value == NULL || value->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
