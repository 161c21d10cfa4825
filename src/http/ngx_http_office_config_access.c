
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_route.h"


static ngx_int_t ngx_http_office_config_access_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_office_config_wants_keys(
    ngx_http_office_config_auth_t *auth);
static ngx_int_t ngx_http_office_config_decide(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth);
static ngx_int_t ngx_http_office_config_rights(ngx_http_request_t *r,
    ngx_uint_t *rights);
static ngx_int_t ngx_http_office_config_refuse(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth, ngx_uint_t status,
    const char *message, ngx_uint_t rights);
static void ngx_http_office_config_auth_cleanup(void *data);


ngx_int_t
ngx_http_office_config_access_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_office_config_access_handler;

    return NGX_OK;
}


/*
 * The access phase of a location with office_config_pass.  nginx runs it for
 * requests that came from a client, wherever they were redirected from, and
 * not for subrequests: see ngx_http_office_config_authorize().
 */

static ngx_int_t
ngx_http_office_config_access_handler(ngx_http_request_t *r)
{
    ngx_int_t                           rc;
    ngx_http_office_config_auth_t      *auth;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->redis == NULL || olcf->policy == NULL) {
        return NGX_DECLINED;
    }

    auth = ngx_http_office_config_auth_of(r);
    if (auth == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (auth->waiting) {
        return NGX_AGAIN;
    }

    if (auth->result == NGX_HTTP_OFFICE_CONFIG_AUTH_UNKNOWN) {
        ngx_http_office_config_check_token(r, auth);
    }

    if (ngx_http_office_config_wants_keys(auth)) {

        rc = ngx_http_office_config_wait_keys(r, auth);

        if (rc == NGX_AGAIN) {

            /* with what there is then, for variables as well */

            auth->result = NGX_HTTP_OFFICE_CONFIG_AUTH_UNKNOWN;
            ngx_http_office_config_flush_variables(r);

            return NGX_AGAIN;
        }

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_http_office_config_refresh_keys(r, olcf->policy->keys);

    return ngx_http_office_config_decide(r, auth);
}


static ngx_uint_t
ngx_http_office_config_wants_keys(ngx_http_office_config_auth_t *auth)
{
    if (auth->has_waited
        || !ngx_http_office_config_keys_fetched(auth->policy->keys))
    {
        return 0;
    }

    return auth->result == NGX_HTTP_OFFICE_CONFIG_AUTH_NO_KEYS
           || (auth->result == NGX_HTTP_OFFICE_CONFIG_AUTH_BAD
               && auth->status == OC_JWT_UNKNOWN_KEY);
}


/*
 * What the access phase does, for the content handler of a subrequest: of SSI,
 * mirror, auth_request and others.  A subrequest has the headers of its main
 * request, and with them its token; that must do here, too, whatever let the
 * main request in where it went.  It does not wait for keys.
 *
 * NGX_DECLINED: the request may go on; else it has been answered.
 */

ngx_int_t
ngx_http_office_config_authorize(ngx_http_request_t *r)
{
    ngx_int_t                           rc;
    ngx_http_office_config_auth_t      *auth;
    ngx_http_office_config_problem_t    problem;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (r == r->main || olcf->policy == NULL) {
        return NGX_DECLINED;
    }

    auth = ngx_http_office_config_auth_of(r);
    if (auth == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (auth->result == NGX_HTTP_OFFICE_CONFIG_AUTH_UNKNOWN) {
        ngx_http_office_config_check_token(r, auth);
    }

    rc = ngx_http_office_config_decide(r, auth);

    if (rc == NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = rc;
    problem.message = auth->message;
    problem.retry_after = (rc == NGX_HTTP_SERVICE_UNAVAILABLE);

    return ngx_http_office_config_problem(r, &problem);
}


/*
 * The request's token in the location where it is, made at the first call.
 * NULL if memory is out, or the location asks for none.
 */

ngx_http_office_config_auth_t *
ngx_http_office_config_auth_of(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t                 *cln;
    ngx_http_office_config_ctx_t       *ctx;
    ngx_http_office_config_auth_t      *auth;
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (olcf->policy == NULL) {
        return NULL;
    }

    ctx = ngx_http_office_config_get_ctx(r);
    if (ctx == NULL) {
        return NULL;
    }

    /* a rewrite may have gone from one location to another */

    if (ctx->auth && ctx->auth->policy == olcf->policy) {
        return ctx->auth;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_office_config_auth_t));
    if (cln == NULL) {
        return NULL;
    }

    auth = cln->data;
    ngx_memzero(auth, sizeof(ngx_http_office_config_auth_t));

    cln->handler = ngx_http_office_config_auth_cleanup;

    auth->request = r;
    auth->policy = olcf->policy;

    ctx->auth = auth;

    return auth;
}


/*
 * The token that was looked at last, also in a location that the request has
 * left; NULL if there is none.
 */

ngx_http_office_config_auth_t *
ngx_http_office_config_last_auth(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t             *cln;
    ngx_http_office_config_ctx_t   *ctx;
    ngx_http_office_config_auth_t  *auth;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    if (ctx && ctx->auth) {
        return ctx->auth;
    }

    if (!r->internal) {
        return NULL;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_office_config_auth_cleanup) {
            continue;
        }

        auth = cln->data;

        if (auth->request == r) {
            return auth;
        }
    }

    return NULL;
}


/* NGX_OK, or the status with which the request is refused. */

static ngx_int_t
ngx_http_office_config_decide(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth)
{
    ngx_uint_t  rights;

    if (ngx_http_office_config_rights(r, &rights) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (auth->result) {

    case NGX_HTTP_OFFICE_CONFIG_AUTH_OK:
    case NGX_HTTP_OFFICE_CONFIG_AUTH_CACHED:

        if (rights == 0 || auth->token.rights & rights) {
            return NGX_OK;
        }

        auth->result = NGX_HTTP_OFFICE_CONFIG_AUTH_SCOPE;

        /* fall through */

    case NGX_HTTP_OFFICE_CONFIG_AUTH_SCOPE:
        return ngx_http_office_config_refuse(r, auth, NGX_HTTP_FORBIDDEN,
                                             "The access token has none of "
                                             "the scopes or roles that the "
                                             "request needs.", rights);

    case NGX_HTTP_OFFICE_CONFIG_AUTH_NONE:
        return ngx_http_office_config_refuse(r, auth, NGX_HTTP_UNAUTHORIZED,
                                             "The request has no access "
                                             "token.", rights);

    case NGX_HTTP_OFFICE_CONFIG_AUTH_REPEATED:
        return ngx_http_office_config_refuse(r, auth, NGX_HTTP_BAD_REQUEST,
                                             "The request has more than one "
                                             "access token.", rights);

    case NGX_HTTP_OFFICE_CONFIG_AUTH_BAD:

        if (auth->status == OC_JWT_PERSONAL) {
            return ngx_http_office_config_refuse(r, auth, NGX_HTTP_FORBIDDEN,
                                                 oc_jwt_strerror(auth->status),
                                                 rights);
        }

        if (auth->status != OC_JWT_UNKNOWN_KEY || !auth->in_vain) {
            return ngx_http_office_config_refuse(r, auth,
                                                 NGX_HTTP_UNAUTHORIZED,
                                                 oc_jwt_strerror(auth->status),
                                                 rights);
        }

        /* the key may be one that could not be fetched */

        /* fall through */

    case NGX_HTTP_OFFICE_CONFIG_AUTH_NO_KEYS:
        return ngx_http_office_config_refuse(r, auth,
                                             NGX_HTTP_SERVICE_UNAVAILABLE,
                                             "Access tokens cannot be "
                                             "verified now. Try again later.",
                                             rights);

    default:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


/* The rights of which a request needs one; 0 if any valid token will do. */

static ngx_int_t
ngx_http_office_config_rights(ngx_http_request_t *r, ngx_uint_t *rights)
{
    ngx_http_office_config_route_t  route;

    switch (r->method) {

    case NGX_HTTP_GET:
    case NGX_HTTP_HEAD:
        *rights = NGX_HTTP_OFFICE_CONFIG_RIGHT_READ;
        return NGX_OK;

    case NGX_HTTP_OPTIONS:
        *rights = 0;
        return NGX_OK;

    case NGX_HTTP_POST:
        break;

    default:
        *rights = NGX_HTTP_OFFICE_CONFIG_RIGHT_WRITE;
        return NGX_OK;
    }

    if (ngx_http_office_config_route(r, &route) != NGX_OK) {
        return NGX_ERROR;
    }

    *rights = NGX_HTTP_OFFICE_CONFIG_RIGHT_WRITE;

    switch (route.resource) {

    case NGX_HTTP_OFFICE_CONFIG_CHECKINS:
    case NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS:
        *rights |= NGX_HTTP_OFFICE_CONFIG_RIGHT_CHECKIN;
        break;

    case NGX_HTTP_OFFICE_CONFIG_BATCH:

        /* its parts are requests of their own */

        *rights = 0;
        break;

    default:
        break;
    }

    return NGX_OK;
}


/*
 * The answer is left to nginx, which asks other modules first where one of
 * them is enough.
 */

static ngx_int_t
ngx_http_office_config_refuse(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth, ngx_uint_t status,
    const char *message, ngx_uint_t rights)
{
    auth->refused = status;
    auth->message.data = (u_char *) message;
    auth->message.len = ngx_strlen(message);

    ngx_http_office_config_flush_variables(r);

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE
        || auth->status == OC_JWT_PERSONAL)
    {
        return status;
    }

    if (ngx_http_office_config_challenge(r, auth, rights) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return status;
}


static void
ngx_http_office_config_auth_cleanup(void *data)
{
    ngx_http_office_config_auth_t *auth = data;

    ngx_http_office_config_stop_waiting(auth);
}
