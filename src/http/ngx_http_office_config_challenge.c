
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_response.h"


static void ngx_http_office_config_scopes(
    ngx_http_office_config_policy_t *policy, ngx_uint_t rights,
    ngx_str_t *scopes, ngx_str_t *more);


/*
 * Adds the header WWW-Authenticate to a response of 400, 401 or 403 (RFC 6750,
 * 3).  Without a token there is no error in it.  "rights" are those of which
 * one would have been enough.
 */

ngx_int_t
ngx_http_office_config_challenge(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth, ngx_uint_t rights)
{
    u_char                           *p;
    size_t                            len;
    ngx_str_t                         value, error, scopes, more;
    ngx_table_elt_t                  *h;
    ngx_http_office_config_policy_t  *policy;

    policy = auth->policy;

    ngx_str_null(&error);
    ngx_str_null(&scopes);
    ngx_str_null(&more);

    switch (auth->result) {

    case NGX_HTTP_OFFICE_CONFIG_AUTH_REPEATED:
        ngx_str_set(&error, "invalid_request");
        break;

    case NGX_HTTP_OFFICE_CONFIG_AUTH_SCOPE:
        ngx_str_set(&error, "insufficient_scope");
        ngx_http_office_config_scopes(policy, rights, &scopes, &more);
        break;

    case NGX_HTTP_OFFICE_CONFIG_AUTH_BAD:
        ngx_str_set(&error, "invalid_token");
        break;

    default:
        break;
    }

    len = sizeof("Bearer realm=\"\", error=\"\", error_description=\"\", "
                 "scope=\" \", authorization_uri=\"\"")
          + policy->realm.len + error.len + auth->message.len + scopes.len
          + more.len + policy->authorization_uri.len;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    p = ngx_sprintf(p, "Bearer realm=\"%V\"", &policy->realm);

    if (error.len) {
        p = ngx_sprintf(p, ", error=\"%V\", error_description=\"%V\"",
                        &error, &auth->message);
    }

    if (scopes.len) {
        p = ngx_sprintf(p, ", scope=\"%V%s%V\"", &scopes,
                        more.len ? " " : "", &more);
    }

    if (policy->authorization_uri.len) {
        p = ngx_sprintf(p, ", authorization_uri=\"%V\"",
                        &policy->authorization_uri);
    }

    value.len = p - value.data;

    if (ngx_http_office_config_add_header(r, "WWW-Authenticate", &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* nginx takes it away if another module lets the request in */

    h = (ngx_table_elt_t *) r->headers_out.headers.last->elts
        + r->headers_out.headers.last->nelts - 1;

#if (nginx_version >= 1023000)
    h->next = r->headers_out.www_authenticate;
#endif

    r->headers_out.www_authenticate = h;

    return NGX_OK;
}


/* The lists of scopes of which one is enough. */

static void
ngx_http_office_config_scopes(ngx_http_office_config_policy_t *policy,
    ngx_uint_t rights, ngx_str_t *scopes, ngx_str_t *more)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_OFFICE_CONFIG_NRIGHTS; i++) {

        if (!(rights & (1 << i)) || policy->scopes[i].len == 0) {
            continue;
        }

        if (scopes->len == 0) {
            *scopes = policy->scopes[i];

        } else {
            *more = policy->scopes[i];
        }
    }
}
