
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Tokens: the input as one, and as what is signed to be one, where the first
 * line feed parts the header from the claims.
 *
 * - no input is a valid token, as the keys are not known to it;
 * - what is signed is valid only if jansson, which is asked for each member,
 *   finds that it is;
 * - what is valid is not a second later than it expires, nor with any of its
 *   bytes changed.
 */


#include "arena.h"
#include "fuzz.h"
#include "jose.h"
#include "oc_json.h"
#include "oc_jwt.h"

#include <openssl/err.h>


#define NOW  1767225600


static const u_char  secret[] =
    "no more than thirty-two bytes... but for HS512 it takes sixty-four";

static ngx_str_t     issuers[] = {
    ngx_string("https://login.example/{tenantid}/v2.0"),
    ngx_string("i")
};

static ngx_str_t     audiences[] = { ngx_string("api"), ngx_string("a") };

static const oc_jwt_policy_t  policy = { issuers, 2, audiences, 2, 60, 1 };


static oc_jwks_t *
make_keys(void)
{
    char             *text;
    oc_jwks_t        *keys;
    oc_jwks_error_t   err;

    text = jose_set(jose_jwk(jose_rsa(2048), "\"kid\":\"r\""),
                    jose_jwk(jose_ec("P-256"), "\"kid\":\"e\""),
                    jose_secret(secret, sizeof(secret) - 1, "\"kid\":\"s\""),
                    jose_secret(secret + 1, 32, "\"kid\":\"s\""),
                    NULL);

    keys = oc_jwks_parse((u_char *) text, strlen(text), 1, &err);
    fuzz_assert(keys != NULL && oc_jwks_nkeys(keys) == 4);
    jose_free();

    return keys;
}


static oc_jwt_status_e
verify(oc_jwt_t *jwt, const char *token, size_t len, oc_jwks_t *keys,
    time_t now, oc_arena_t *arena)
{
    u_char           *copy;
    oc_jwt_status_e   status;

    oc_arena_init(arena, unit_below(8) ? OC_JWT_MAX_ARENA
                                       : unit_below(65536));

    copy = unit_copy(token, len);
    status = oc_jwt_verify(jwt, copy, len, keys, &policy, now, arena);
    free(copy);

    fuzz_assert(ERR_peek_error() == 0);
    fuzz_assert(oc_jwt_strerror(status)[0] != '\0');

    return status;
}


static const char *
string(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}


static double
number(json_t *object, const char *name)
{
    json_t  *json;

    json = json_object_get(object, name);

    if (json == NULL) {
        return 0;
    }

    fuzz_assert(json_is_number(json));

    return json_number_value(json);
}


/* what has to be so if a token is valid */

static void
check_valid(const oc_jwt_t *jwt, json_t *header, json_t *claims)
{
    char         issuer[100];
    json_t      *aud;
    size_t       i;
    unsigned     found;
    const char  *s, *tid, *iss;

    static const char  *never[] = {
        "crit", "b64", "jwk", "jku", "x5u", "x5c", "enc", "zip", "cty"
    };

    fuzz_assert(json_is_object(header) && json_is_object(claims));

    s = string(header, "alg");
    fuzz_assert(s && s[0] == 'H');

    for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        fuzz_assert(json_object_get(header, never[i]) == NULL);
    }

    s = string(header, "kid");
    fuzz_assert(s ? strcmp(s, "s") == 0
                  : json_object_get(header, "kid") == NULL);

    fuzz_assert(json_object_get(claims, "exp") != NULL);
    fuzz_assert(number(claims, "exp") > NOW - 60);
    fuzz_assert(number(claims, "nbf") <= NOW + 60);
    fuzz_assert(number(claims, "iat") <= NOW + 60);

    tid = string(claims, "tid");
    iss = string(claims, "iss");
    fuzz_assert(tid && iss && strlen(tid) == 36);
    fuzz_assert(jwt->tenant.len == 36
                && strncasecmp(tid, (char *) jwt->tenant.data, 36) == 0);

    snprintf(issuer, sizeof(issuer), "https://login.example/%s/v2.0", tid);
    fuzz_assert(strcmp(iss, issuer) == 0 || strcmp(iss, "i") == 0);

    aud = json_object_get(claims, "aud");
    found = 0;

    if (json_is_string(aud)) {
        s = json_string_value(aud);
        found = strcmp(s, "api") == 0 || strcmp(s, "a") == 0;
    }

    for (i = 0; i < json_array_size(aud); i++) {
        s = json_string_value(json_array_get(aud, i));
        fuzz_assert(s != NULL);
        found |= strcmp(s, "api") == 0 || strcmp(s, "a") == 0;
    }

    fuzz_assert(found);
}


static void
check_signed(const uint8_t *data, size_t size, oc_jwks_t *keys)
{
    char             *header, *payload, *token, *alg, c;
    size_t            len, at;
    json_t           *hjson, *pjson;
    oc_jwt_t          jwt;
    oc_arena_t        arena;
    const uint8_t    *p;
    oc_jwt_status_e   status;

    p = size ? memchr(data, '\n', size) : NULL;

    if (p == NULL || memchr(data, '\0', size)) {
        return;
    }

    header = jose_format("%.*s", (int) (p - data), data);
    payload = jose_format("%.*s", (int) (data + size - p - 1), p + 1);
    alg = strstr(header, "HS512") ? "HS512"
          : strstr(header, "HS384") ? "HS384" : "HS256";

    token = jose_token(header, payload, alg, NULL, secret,
                       sizeof(secret) - 1);
    len = strlen(token);

    status = verify(&jwt, token, len, keys, NOW, &arena);

    if (status == OC_JWT_OK || status == OC_JWT_PERSONAL) {

        hjson = json_loads(header, JSON_REJECT_DUPLICATES, NULL);
        pjson = json_loads(payload, JSON_REJECT_DUPLICATES, NULL);

        /* a number out of jansson's range may be in either */

        if (hjson && pjson) {
            check_valid(&jwt, hjson, pjson);
        }

        json_decref(hjson);
        json_decref(pjson);

        fuzz_assert(jwt.expires > NOW);
        fuzz_assert(oc_jwks_find_thumbprint(keys, jwt.thumbprint));

        oc_arena_free(&arena);
        status = verify(&jwt, token, len, keys, jwt.expires, &arena);
        fuzz_assert(status == OC_JWT_EXPIRED || status == OC_JWT_NO_MEMORY
                    || status == OC_JWT_TOO_LARGE);

        at = unit_below(len);
        c = token[at];
        token[at] = c == 'A' ? 'B' : 'A';

        oc_arena_free(&arena);
        status = verify(&jwt, token, len, keys, NOW, &arena);
        fuzz_assert(status != OC_JWT_OK && status != OC_JWT_PERSONAL);
    }

    oc_arena_free(&arena);
    jose_free();
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    oc_jwt_t          jwt;
    oc_arena_t        arena;
    oc_jwt_status_e   status;

    static oc_jwks_t  *keys;

    if (keys == NULL) {
        oc_json_seed();
        keys = make_keys();
    }

    fuzz_seed(data, size);

    status = verify(&jwt, (const char *) data, size, keys, NOW, &arena);
    fuzz_assert(status != OC_JWT_OK && status != OC_JWT_PERSONAL);
    oc_arena_free(&arena);

    check_signed(data, size, keys);

    return 0;
}
