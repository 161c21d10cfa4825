
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_base64.h"
#include "oc_jws.h"
#include "oc_jwt.h"


/* seconds of Unix time: the end of the year 9999 */

#define OC_JWT_MAX_TIME  253402300799


static oc_jwt_status_e oc_jwt_claims(oc_jwt_t *jwt, json_t **claims,
    const oc_jwt_policy_t *policy, oc_jwks_t *keys, const oc_jwk_t *key,
    time_t now, oc_arena_t *arena);
static oc_jwt_status_e oc_jwt_times(oc_jwt_t *jwt, json_t **claims,
    time_t leeway, time_t now);
static ngx_int_t oc_jwt_time(json_t *json, time_t *from, time_t *until);
static oc_jwt_status_e oc_jwt_caller(oc_jwt_t *jwt, json_t **claims,
    oc_arena_t *arena);
static ngx_int_t oc_jwt_string(json_t *json, ngx_str_t *value);
static oc_jwt_status_e oc_jwt_roles(ngx_str_t *roles, json_t *json,
    oc_arena_t *arena);
static oc_jwt_status_e oc_jwt_tenant(ngx_str_t *tenant, const ngx_str_t *tid,
    oc_arena_t *arena);
static ngx_uint_t oc_jwt_issued(const ngx_str_t *issuer, const ngx_str_t *iss,
    const ngx_str_t *tid);
static ngx_uint_t oc_jwt_key_issued(oc_jwks_t *keys, const oc_jwk_t *key,
    const ngx_str_t *iss, const ngx_str_t *tenant);
static ngx_uint_t oc_jwt_contains(const ngx_str_t *text,
    const ngx_str_t *part);
static oc_jwt_status_e oc_jwt_audience(const oc_jwt_policy_t *policy,
    json_t *aud);
static u_char *oc_jwt_word(ngx_str_t *word, u_char *p, u_char *last);


enum {
    OC_JWT_EXP = 0,
    OC_JWT_NBF,
    OC_JWT_IAT,
    OC_JWT_ISS,
    OC_JWT_AUD,
    OC_JWT_TID,
    OC_JWT_OID,
    OC_JWT_SUB,
    OC_JWT_AZP,
    OC_JWT_APPID,
    OC_JWT_SCP,
    OC_JWT_ROLES,
    OC_JWT_MEMBERS
};


static const ngx_str_t  oc_jwt_names[] = {
    ngx_string("exp"),
    ngx_string("nbf"),
    ngx_string("iat"),
    ngx_string("iss"),
    ngx_string("aud"),
    ngx_string("tid"),
    ngx_string("oid"),
    ngx_string("sub"),
    ngx_string("azp"),
    ngx_string("appid"),
    ngx_string("scp"),
    ngx_string("roles"),
    ngx_null_string
};


static ngx_str_t  oc_jwt_placeholder = ngx_string("{tenantid}");

/* the tenant of all personal accounts */

static ngx_str_t  oc_jwt_personal =
    ngx_string("9188040d-6c67-4c5b-b112-36a304b66dad");


/*
 * Verifies a token (RFC 7519, 7.2): first its signature, with the set of
 * keys, then its claims.  "jwt" is filled if it is valid, and with
 * OC_JWT_PERSONAL; its strings are in the arena.
 */

oc_jwt_status_e
oc_jwt_verify(oc_jwt_t *jwt, const u_char *token, size_t len,
    oc_jwks_t *keys, const oc_jwt_policy_t *policy, time_t now,
    oc_arena_t *arena)
{
    json_t           *json, *claims[OC_JWT_MEMBERS];
    oc_jws_t          jws;
    ngx_int_t         n;
    ngx_str_t         payload;
    const oc_jwk_t   *key;
    oc_jwt_status_e   status;

    ngx_memzero(jwt, sizeof(oc_jwt_t));

    status = oc_jws_read(&jws, token, len, arena);

    if (status != OC_JWT_OK) {
        return status;
    }

    payload.data = oc_arena_alloc(arena, jws.payload.len + 1);
    if (payload.data == NULL) {
        return OC_JWT_NO_MEMORY;
    }

    n = oc_base64url_decode(payload.data, jws.payload.data, jws.payload.len);

    if (n == NGX_ERROR) {
        return OC_JWT_MALFORMED;
    }

    payload.len = n;

    status = oc_jws_verify(&jws, keys, &key);

    if (status != OC_JWT_OK) {
        return status;
    }

    ngx_memcpy(jwt->thumbprint, key->thumbprint, OC_JWK_THUMBPRINT_LEN);

    status = oc_jws_object(&json, &payload, arena);

    if (status != OC_JWT_OK) {
        return status;
    }

    oc_jwk_members(json, oc_jwt_names, claims);

    return oc_jwt_claims(jwt, claims, policy, keys, key, now, arena);
}


static oc_jwt_status_e
oc_jwt_claims(oc_jwt_t *jwt, json_t **claims, const oc_jwt_policy_t *policy,
    oc_jwks_t *keys, const oc_jwk_t *key, time_t now, oc_arena_t *arena)
{
    ngx_str_t         iss, tid;
    ngx_uint_t        i;
    oc_jwt_status_e   status;

    status = oc_jwt_times(jwt, claims, policy->leeway, now);

    if (status != OC_JWT_OK) {
        return status;
    }

    status = oc_jwt_caller(jwt, claims, arena);

    if (status != OC_JWT_OK) {
        return status;
    }

    ngx_str_null(&tid);

    if (claims[OC_JWT_TID]) {

        if (oc_jwt_string(claims[OC_JWT_TID], &tid) != NGX_OK) {
            return OC_JWT_TENANT;
        }

        status = oc_jwt_tenant(&jwt->tenant, &tid, arena);

        if (status != OC_JWT_OK) {
            return status;
        }

    } else if (policy->tenant) {
        return OC_JWT_TENANT;
    }

    if (claims[OC_JWT_ISS] == NULL
        || oc_jwt_string(claims[OC_JWT_ISS], &iss) != NGX_OK)
    {
        return OC_JWT_ISSUER;
    }

    for (i = 0; i < policy->nissuers; i++) {
        if (oc_jwt_issued(&policy->issuers[i], &iss, &tid)) {
            break;
        }
    }

    if (i == policy->nissuers
        || !oc_jwt_key_issued(keys, key, &iss, &jwt->tenant))
    {
        return OC_JWT_ISSUER;
    }

    status = oc_jwt_audience(policy, claims[OC_JWT_AUD]);

    if (status != OC_JWT_OK) {
        return status;
    }

    /* the last one, so that it is only said of what is valid otherwise */

    if (jwt->tenant.len
        && ngx_memcmp(jwt->tenant.data, oc_jwt_personal.data, OC_UUID_LEN)
           == 0)
    {
        return OC_JWT_PERSONAL;
    }

    return OC_JWT_OK;
}


/*
 * RFC 7519, 4.1.4 to 4.1.6.  A token from the future was issued by a clock
 * that goes wrong, or by somebody who wants it to live longer.
 */

static oc_jwt_status_e
oc_jwt_times(oc_jwt_t *jwt, json_t **claims, time_t leeway, time_t now)
{
    time_t  nbf, until;

    if (claims[OC_JWT_EXP] == NULL
        || oc_jwt_time(claims[OC_JWT_EXP], &until, &jwt->exp) != NGX_OK)
    {
        return OC_JWT_CLAIMS;
    }

    nbf = 0;

    if (claims[OC_JWT_NBF]
        && oc_jwt_time(claims[OC_JWT_NBF], &nbf, &until) != NGX_OK)
    {
        return OC_JWT_CLAIMS;
    }

    if (claims[OC_JWT_IAT]
        && oc_jwt_time(claims[OC_JWT_IAT], &jwt->iat, &until) != NGX_OK)
    {
        return OC_JWT_CLAIMS;
    }

    jwt->expires = jwt->exp + leeway;

    if (now >= jwt->expires) {
        return OC_JWT_EXPIRED;
    }

    if (now + leeway < nbf || now + leeway < jwt->iat) {
        return OC_JWT_NOT_YET;
    }

    return OC_JWT_OK;
}


/*
 * A NumericDate (RFC 7519, 2) in whole seconds: something that holds from
 * then on does so from "from", something that holds until then to "until".
 *
 * A number that oc_json does not read, as it has an exponent or too many
 * digits, is a fraction below 1 there, and out of bounds here.
 */

static ngx_int_t
oc_jwt_time(json_t *json, time_t *from, time_t *until)
{
    double       real;
    json_int_t   n;

    if (json_is_integer(json)) {
        n = json_integer_value(json);

        if (n < 0 || n > OC_JWT_MAX_TIME) {
            return NGX_ERROR;
        }

        *from = n;
        *until = n;

        return NGX_OK;
    }

    if (!json_is_real(json)) {
        return NGX_ERROR;
    }

    real = json_real_value(json);

    if (!(real >= 1 && real <= OC_JWT_MAX_TIME)) {
        return NGX_ERROR;
    }

    *until = (time_t) real;
    *from = ((double) *until < real) ? *until + 1 : *until;

    return NGX_OK;
}


static oc_jwt_status_e
oc_jwt_caller(oc_jwt_t *jwt, json_t **claims, oc_arena_t *arena)
{
    ngx_str_t  other;

    if (oc_jwt_string(claims[OC_JWT_OID], &jwt->subject) != NGX_OK
        || oc_jwt_string(claims[OC_JWT_SUB], &other) != NGX_OK)
    {
        return OC_JWT_CLAIMS;
    }

    if (jwt->subject.len == 0) {
        jwt->subject = other;
    }

    if (oc_jwt_string(claims[OC_JWT_AZP], &jwt->client) != NGX_OK
        || oc_jwt_string(claims[OC_JWT_APPID], &other) != NGX_OK)
    {
        return OC_JWT_CLAIMS;
    }

    if (jwt->client.len == 0) {
        jwt->client = other;
    }

    if (oc_jwt_string(claims[OC_JWT_SCP], &jwt->scp) != NGX_OK) {
        return OC_JWT_CLAIMS;
    }

    return oc_jwt_roles(&jwt->roles, claims[OC_JWT_ROLES], arena);
}


/* A string; empty if there is no such claim, and an error for all else. */

static ngx_int_t
oc_jwt_string(json_t *json, ngx_str_t *value)
{
    ngx_str_null(value);

    if (json == NULL) {
        return NGX_OK;
    }

    if (!json_is_string(json)) {
        return NGX_ERROR;
    }

    value->data = (u_char *) json_string_value(json);
    value->len = json_string_length(json);

    return NGX_OK;
}


/*
 * The roles, parted by spaces.  One that has a space in it would be taken for
 * two: it is left out.
 */

static oc_jwt_status_e
oc_jwt_roles(ngx_str_t *roles, json_t *json, oc_arena_t *arena)
{
    u_char     *p;
    size_t      i, n, size;
    ngx_str_t   role;

    if (json == NULL) {
        return OC_JWT_OK;
    }

    if (!json_is_array(json)) {
        return OC_JWT_CLAIMS;
    }

    n = json_array_size(json);
    size = 1;

    for (i = 0; i < n; i++) {

        if (oc_jwt_string(json_array_get(json, i), &role) != NGX_OK) {
            return OC_JWT_CLAIMS;
        }

        size += role.len + 1;
    }

    p = oc_arena_alloc(arena, size);
    if (p == NULL) {
        return OC_JWT_NO_MEMORY;
    }

    roles->data = p;

    for (i = 0; i < n; i++) {
        (void) oc_jwt_string(json_array_get(json, i), &role);

        if (role.len == 0
            || ngx_strlchr(role.data, role.data + role.len, ' '))
        {
            continue;
        }

        if (p > roles->data) {
            *p++ = ' ';
        }

        p = ngx_cpymem(p, role.data, role.len);
    }

    roles->len = p - roles->data;

    return OC_JWT_OK;
}


/* A GUID (RFC 9562, 4), in lower case. */

static oc_jwt_status_e
oc_jwt_tenant(ngx_str_t *tenant, const ngx_str_t *tid, oc_arena_t *arena)
{
    u_char      ch;
    ngx_uint_t  i;

    if (tid->len != OC_UUID_LEN) {
        return OC_JWT_TENANT;
    }

    tenant->data = oc_arena_alloc(arena, OC_UUID_LEN);
    if (tenant->data == NULL) {
        return OC_JWT_NO_MEMORY;
    }

    for (i = 0; i < OC_UUID_LEN; i++) {
        ch = ngx_tolower(tid->data[i]);

        if (i == 8 || i == 13 || i == 18 || i == 23) {

            if (ch != '-') {
                return OC_JWT_TENANT;
            }

        } else if (!((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f'))) {
            return OC_JWT_TENANT;
        }

        tenant->data[i] = ch;
    }

    tenant->len = OC_UUID_LEN;

    return OC_JWT_OK;
}


/*
 * Compares "iss" with an issuer byte by byte (RFC 7519, 4.1.1; RFC 8725,
 * 3.8); where that has the placeholder, "iss" has "tid".
 */

static ngx_uint_t
oc_jwt_issued(const ngx_str_t *issuer, const ngx_str_t *iss,
    const ngx_str_t *tid)
{
    u_char  *p, *last, *q, *end;

    p = issuer->data;
    last = issuer->data + issuer->len;

    q = iss->data;
    end = iss->data + iss->len;

    while (p < last) {

        if ((size_t) (last - p) >= oc_jwt_placeholder.len
            && ngx_memcmp(p, oc_jwt_placeholder.data, oc_jwt_placeholder.len)
               == 0)
        {
            if (tid->len == 0 || (size_t) (end - q) < tid->len
                || ngx_memcmp(q, tid->data, tid->len) != 0)
            {
                return 0;
            }

            p += oc_jwt_placeholder.len;
            q += tid->len;

            continue;
        }

        if (q == end || *p++ != *q++) {
            return 0;
        }
    }

    return issuer->len && q == end;
}


/*
 * Entra ID publishes keys of many tenants in one set, and an issuer with
 * those that are for one of them only: it is the token's issuer, or names its
 * tenant, as tokens of version 1.0 have another issuer.  The same key may be
 * there for several.
 */

static ngx_uint_t
oc_jwt_key_issued(oc_jwks_t *keys, const oc_jwk_t *key, const ngx_str_t *iss,
    const ngx_str_t *tenant)
{
    ngx_uint_t        i;
    const oc_jwk_t   *other;
    const ngx_str_t  *issuer;

    for (i = 0; i < keys->nkeys; i++) {
        other = &keys->keys[i];

        if (ngx_memcmp(other->thumbprint, key->thumbprint,
                       OC_JWK_THUMBPRINT_LEN)
            != 0)
        {
            continue;
        }

        issuer = &other->issuer;

        if (issuer->len == 0
            || oc_jwt_contains(issuer, &oc_jwt_placeholder)
            || (tenant->len && oc_jwt_contains(issuer, tenant))
            || (issuer->len == iss->len
                && ngx_memcmp(issuer->data, iss->data, iss->len) == 0))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
oc_jwt_contains(const ngx_str_t *text, const ngx_str_t *part)
{
    size_t  i;

    for (i = 0; i + part->len <= text->len; i++) {
        if (ngx_memcmp(text->data + i, part->data, part->len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* RFC 7519, 4.1.3 */

static oc_jwt_status_e
oc_jwt_audience(const oc_jwt_policy_t *policy, json_t *aud)
{
    size_t           i, n;
    ngx_str_t        one;
    ngx_uint_t       j;
    oc_jwt_status_e  status;

    if (aud == NULL) {
        return OC_JWT_AUDIENCE;
    }

    n = json_is_array(aud) ? json_array_size(aud) : 1;

    status = OC_JWT_AUDIENCE;

    for (i = 0; i < n; i++) {

        if (oc_jwt_string(json_is_array(aud) ? json_array_get(aud, i) : aud,
                          &one)
            != NGX_OK)
        {
            return OC_JWT_CLAIMS;
        }

        for (j = 0; j < policy->naudiences; j++) {

            if (one.len && one.len == policy->audiences[j].len
                && ngx_memcmp(one.data, policy->audiences[j].data, one.len)
                   == 0)
            {
                status = OC_JWT_OK;
            }
        }
    }

    return status;
}


/* Whether a word of one list is in the other (RFC 6749, 3.3). */

ngx_uint_t
oc_jwt_has_word(const ngx_str_t *list, const ngx_str_t *any)
{
    u_char     *p, *q;
    ngx_str_t   word, other;

    if (list->len == 0 || any->len == 0) {
        return 0;
    }

    p = any->data;

    while ((p = oc_jwt_word(&word, p, any->data + any->len))) {

        q = list->data;

        while ((q = oc_jwt_word(&other, q, list->data + list->len))) {

            if (word.len == other.len
                && ngx_memcmp(word.data, other.data, word.len) == 0)
            {
                return 1;
            }
        }
    }

    return 0;
}


/* The next word, and what is behind it; NULL if there is none. */

static u_char *
oc_jwt_word(ngx_str_t *word, u_char *p, u_char *last)
{
    while (p < last && *p == ' ') {
        p++;
    }

    if (p == last) {
        return NULL;
    }

    word->data = p;

    while (p < last && *p != ' ') {
        p++;
    }

    word->len = p - word->data;

    return p;
}


/*
 * A sentence about a status, of characters that "error_description" may have
 * (RFC 6750, 3).
 */

const char *
oc_jwt_strerror(oc_jwt_status_e status)
{
    switch (status) {

    case OC_JWT_OK:
        return "The access token is valid.";

    case OC_JWT_MALFORMED:
        return "The access token is not a well-formed JWS.";

    case OC_JWT_TOO_LARGE:
        return "The access token is too large.";

    case OC_JWT_HEADER:
        return "The access token has a header that is not supported.";

    case OC_JWT_ALGORITHM:
        return "The access token is signed with an algorithm that is not "
               "allowed.";

    case OC_JWT_UNKNOWN_KEY:
        return "The access token is signed with an unknown key.";

    case OC_JWT_SIGNATURE:
        return "The signature of the access token is not valid.";

    case OC_JWT_CLAIMS:
        return "A claim of the access token is missing or not valid.";

    case OC_JWT_EXPIRED:
        return "The access token has expired.";

    case OC_JWT_NOT_YET:
        return "The access token is not valid yet.";

    case OC_JWT_ISSUER:
        return "The issuer of the access token is not accepted.";

    case OC_JWT_AUDIENCE:
        return "The access token is meant for another audience.";

    case OC_JWT_TENANT:
        return "The access token does not name a tenant.";

    case OC_JWT_PERSONAL:
        return "Personal accounts are not supported.";

    default:
        return "The access token could not be verified.";
    }
}
