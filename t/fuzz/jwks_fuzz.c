
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * JWK Sets.
 *
 * - each key of a document is of use, or it is told why it is not;
 * - a key is of use only if jansson, which is asked for its members, finds
 *   nothing that speaks against it;
 * - a token is verified with any set.
 */


#include "arena.h"
#include "fuzz.h"
#include "oc_json.h"
#include "oc_jwk.h"
#include "oc_jwt.h"

#include <openssl/err.h>


static unsigned
possible(json_t *jwk, unsigned symmetric)
{
    json_t      *kid;
    size_t       n;
    const char  *s, *kty;

    kty = json_string_value(json_object_get(jwk, "kty"));
    s = json_string_value(json_object_get(jwk, "use"));
    kid = json_object_get(jwk, "kid");

    if (kty == NULL || (json_object_get(jwk, "use") && s == NULL)
        || (s && strcmp(s, "sig") != 0)
        || (kid && !json_is_string(kid))
        || json_string_length(kid) > OC_JWKS_MAX_KID)
    {
        return 0;
    }

    if (strcmp(kty, "RSA") == 0) {
        n = json_string_length(json_object_get(jwk, "n"));
        return n >= 342 && n <= 1366 && json_object_get(jwk, "d") == NULL;
    }

    if (strcmp(kty, "EC") == 0) {
        s = json_string_value(json_object_get(jwk, "crv"));
        n = json_string_length(json_object_get(jwk, "x"));

        return json_object_get(jwk, "d") == NULL && s
               && ((strcmp(s, "P-256") == 0 && n == 43)
                   || (strcmp(s, "P-384") == 0 && n == 64)
                   || (strcmp(s, "P-521") == 0 && n == 88));
    }

    return strcmp(kty, "oct") == 0 && symmetric
           && json_string_length(json_object_get(jwk, "k")) >= 43;
}


static void
check_set(oc_jwks_t *jwks, json_t *json, unsigned symmetric)
{
    json_t      *list, *jwk;
    size_t       i, j, n;
    ngx_str_t    kid;
    ngx_uint_t   place, last;
    const char  *reason;

    list = json_object_get(json, "keys");
    n = json_array_size(list);

    fuzz_assert(n == oc_jwks_nkeys(jwks) + oc_jwks_nunused(jwks));

    last = 0;

    for (i = 0, j = 0; i < n; i++) {
        jwk = json_array_get(list, i);

        if (j < oc_jwks_nunused(jwks)) {
            reason = oc_jwks_unused(jwks, j, &kid, &place);
            fuzz_assert(reason && *reason);
            fuzz_assert(place > last && place <= n);

            if (place == i + 1) {
                last = place;
                j++;
                continue;
            }
        }

        fuzz_assert(possible(jwk, symmetric));
    }

    fuzz_assert(j == oc_jwks_nunused(jwks));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char           *copy;
    json_t           *json;
    unsigned          symmetric;
    oc_jwt_t          jwt;
    oc_jwks_t        *jwks;
    oc_arena_t        arena;
    oc_jwks_error_t   err;
    oc_jwt_status_e   status;

    static unsigned         ready;
    static oc_jwt_policy_t  policy;

    /* {"alg":"HS256"}, {}, and 32 bytes */

    static const u_char  token[] =
        "eyJhbGciOiJIUzI1NiJ9.e30."
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    if (!ready) {
        ready = 1;
        oc_json_seed();
    }

    fuzz_seed(data, size);
    symmetric = unit_below(2);

    copy = unit_copy(data, size);
    err.reason = NULL;
    jwks = oc_jwks_parse(copy, size, symmetric, &err);
    free(copy);

    fuzz_assert((jwks == NULL) == (err.reason != NULL));
    fuzz_assert(ERR_peek_error() == 0);

    if (jwks == NULL) {
        return 0;
    }

    fuzz_assert(oc_jwks_nkeys(jwks) >= 1);
    fuzz_assert(oc_jwks_nkeys(jwks) <= OC_JWKS_MAX_KEYS);

    json = json_loadb((const char *) data, size, JSON_REJECT_DUPLICATES,
                      NULL);

    if (json) {                    /* or a number is out of its range */
        check_set(jwks, json, symmetric);
        json_decref(json);
    }

    oc_arena_init(&arena, OC_JWT_MAX_ARENA);
    status = oc_jwt_verify(&jwt, token, sizeof(token) - 1, jwks, &policy, 0,
                           &arena);
    fuzz_assert(status != OC_JWT_OK && status != OC_JWT_PERSONAL);
    oc_arena_free(&arena);

    oc_jwks_release(jwks);

    return 0;
}
