
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config.h"


static ngx_http_office_config_auth_result_e ngx_http_office_config_bearer(
    ngx_http_request_t *r, ngx_str_t *text);
static ngx_http_office_config_auth_result_e ngx_http_office_config_verify(
    ngx_http_request_t *r, ngx_http_office_config_auth_t *auth,
    oc_jwks_t *jwks, ngx_str_t *text);
static ngx_int_t ngx_http_office_config_keep_token(ngx_pool_t *pool,
    ngx_http_office_config_token_t *token, oc_jwt_t *jwt,
    ngx_http_office_config_policy_t *policy);


/*
 * Decides about the request's token with the keys that are at hand, and sets
 * "result", "status" and "token" of "auth".
 */

void
ngx_http_office_config_check_token(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth)
{
    ngx_int_t                            rc;
    oc_jwks_t                           *jwks;
    ngx_str_t                            text;
    oc_mac_value_t                       digest;
    ngx_http_office_config_tokens_t     *tokens;
    ngx_http_office_config_main_conf_t  *omcf;

    auth->status = OC_JWT_OK;

    auth->result = ngx_http_office_config_bearer(r, &text);

    if (auth->result != NGX_HTTP_OFFICE_CONFIG_AUTH_OK) {
        return;
    }

    jwks = ngx_http_office_config_current_keys(auth->policy->keys,
                                               r->connection->log);
    if (jwks == NULL) {
        auth->result = NGX_HTTP_OFFICE_CONFIG_AUTH_NO_KEYS;
        return;
    }

    omcf = ngx_http_get_module_main_conf(r, ngx_http_office_config_module);

    tokens = omcf->tokens;

    if (tokens == NULL || text.len > OC_JWT_MAX_LEN) {
        auth->result = ngx_http_office_config_verify(r, auth, jwks, &text);
        return;
    }

    rc = ngx_http_office_config_tokens_find(tokens, auth->policy, &text,
                                            &digest, &auth->token, r->pool);
    if (rc == NGX_OK) {
        auth->result = NGX_HTTP_OFFICE_CONFIG_AUTH_CACHED;
        return;
    }

    if (rc == NGX_ERROR) {
        auth->result = NGX_HTTP_OFFICE_CONFIG_AUTH_FAILED;
        return;
    }

    auth->result = ngx_http_office_config_verify(r, auth, jwks, &text);

    if (auth->result == NGX_HTTP_OFFICE_CONFIG_AUTH_OK) {
        ngx_http_office_config_tokens_add(tokens, auth->policy, &digest,
                                          &auth->token);
    }
}


/* The token in the header Authorization (RFC 6750, 2.1). */

static ngx_http_office_config_auth_result_e
ngx_http_office_config_bearer(ngx_http_request_t *r, ngx_str_t *text)
{
    u_char           *p, *last;
    ngx_table_elt_t  *h;

    h = r->headers_in.authorization;

    if (h == NULL) {
        return NGX_HTTP_OFFICE_CONFIG_AUTH_NONE;
    }

#if (nginx_version >= 1023000)
    if (h->next) {
        return NGX_HTTP_OFFICE_CONFIG_AUTH_REPEATED;
    }
#endif

    p = h->value.data;
    last = p + h->value.len;

    /* nearly everybody writes it so */

    if (h->value.len < sizeof("Bearer") - 1
        || (ngx_memcmp(p, "Bearer", sizeof("Bearer") - 1) != 0
            && ngx_strncasecmp(p, (u_char *) "Bearer", sizeof("Bearer") - 1)
               != 0))
    {
        return NGX_HTTP_OFFICE_CONFIG_AUTH_NONE;
    }

    p += sizeof("Bearer") - 1;

    if (p < last && *p != ' ') {
        return NGX_HTTP_OFFICE_CONFIG_AUTH_NONE;
    }

    while (p < last && *p == ' ') {
        p++;
    }

    text->data = p;
    text->len = last - p;

    return NGX_HTTP_OFFICE_CONFIG_AUTH_OK;
}


static ngx_http_office_config_auth_result_e
ngx_http_office_config_verify(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth, oc_jwks_t *jwks, ngx_str_t *text)
{
    oc_jwt_t                               jwt;
    oc_arena_t                             arena;
    ngx_http_office_config_auth_result_e   result;

    oc_arena_init(&arena, OC_JWT_MAX_ARENA);

    auth->status = oc_jwt_verify(&jwt, text->data, text->len, jwks,
                                 &auth->policy->jwt, ngx_time(), &arena);

    switch (auth->status) {

    case OC_JWT_OK:
        result = NGX_HTTP_OFFICE_CONFIG_AUTH_OK;

        if (ngx_http_office_config_keep_token(r->pool, &auth->token, &jwt,
                                              auth->policy)
            != NGX_OK)
        {
            result = NGX_HTTP_OFFICE_CONFIG_AUTH_FAILED;
        }

        break;

    case OC_JWT_NO_MEMORY:
        result = NGX_HTTP_OFFICE_CONFIG_AUTH_FAILED;
        break;

    default:
        result = NGX_HTTP_OFFICE_CONFIG_AUTH_BAD;
        break;
    }

    oc_arena_free(&arena);

    return result;
}


/* Copies what outlives the verification. */

static ngx_int_t
ngx_http_office_config_keep_token(ngx_pool_t *pool,
    ngx_http_office_config_token_t *token, oc_jwt_t *jwt,
    ngx_http_office_config_policy_t *policy)
{
    u_char      *p;
    ngx_str_t   *list;
    ngx_uint_t   i;

    p = ngx_pnalloc(pool, jwt->tenant.len + jwt->subject.len
                          + jwt->client.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    token->tenant.data = p;
    token->tenant.len = jwt->tenant.len;

    if (jwt->tenant.len) {
        p = ngx_cpymem(p, jwt->tenant.data, jwt->tenant.len);
    }

    token->subject.data = p;
    token->subject.len = jwt->subject.len;

    if (jwt->subject.len) {
        p = ngx_cpymem(p, jwt->subject.data, jwt->subject.len);
    }

    token->client.data = p;
    token->client.len = jwt->client.len;

    if (jwt->client.len) {
        ngx_memcpy(p, jwt->client.data, jwt->client.len);
    }

    token->expires = jwt->expires;
    token->rights = 0;

    /* an application has scopes when it acts for a user, else roles */

    list = jwt->scp.len ? &jwt->scp : &jwt->roles;

    for (i = 0; i < NGX_HTTP_OFFICE_CONFIG_NRIGHTS; i++) {
        if (policy->scopes[i].len
            && oc_jwt_has_word(list, &policy->scopes[i]))
        {
            token->rights |= 1 << i;
        }
    }

    ngx_memcpy(token->thumbprint, jwt->thumbprint, OC_JWK_THUMBPRINT_LEN);

    return NGX_OK;
}
