
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/* What a valid token gives, the bounds of that, and which keys are tried. */


#include <openssl/err.h>

#include "jose.h"
#include "oc_json.h"
#include "oc_jwt.h"
#include "support.h"
#include "tap.h"


#define NOW     1767225600

#define TENANT  "b7c2dd65-2d51-4a3c-8a0d-3f1d4e4c9f10"
#define UPPER   "B7C2DD65-2D51-4A3C-8A0D-3F1D4E4C9F10"

#define ISS(tenant)  "\"iss\":\"https://login.example/" tenant "/v2.0\""
#define AUD          "\"aud\":\"api\""
#define TID(tenant)  "\"tid\":\"" tenant "\""
#define EXP          "\"exp\":1767229200"

#define MINIMAL      ISS(TENANT) "," AUD "," TID(TENANT) "," EXP


static EVP_PKEY    *rsa, *other, *more[OC_JWKS_MAX_SAME + 1];

static oc_jwks_t   *set;
static oc_arena_t   arena;
static oc_jwt_t     jwt;

static ngx_str_t    issuers[] = {
    ngx_string("https://login.example/{tenantid}/v2.0"),
    ngx_string("https://sts.example/{tenantid}/{tenantid}"),
    ngx_string("https://fixed.example/"),
    ngx_string("")
};

static ngx_str_t    audiences[] = {
    ngx_string(""),
    ngx_string("api"),
    ngx_string("api://" TENANT)
};

static oc_jwt_policy_t  policy = { issuers, 4, audiences, 3, 60, 1 };


static oc_jwks_t *
parse(const char *text)
{
    oc_jwks_t        *jwks;
    oc_jwks_error_t   err;

    jwks = oc_jwks_parse((u_char *) text, strlen(text), 1, &err);

    if (jwks == NULL) {
        fprintf(stderr, "%s: %s\n", text, err.reason);
        abort();
    }

    return jwks;
}


/* what is in the arena stays until the next one */

static oc_jwt_status_e
verify(const char *token, oc_jwks_t *keys, time_t now)
{
    size_t            len;
    u_char           *copy;
    oc_jwt_status_e   status;

    oc_arena_free(&arena);
    oc_arena_init(&arena, OC_JWT_MAX_ARENA);

    len = strlen(token);
    copy = unit_copy(token, len);
    status = oc_jwt_verify(&jwt, copy, len, keys, &policy, now, &arena);
    free(copy);

    is_int(ERR_peek_error(), 0, "no error stays behind");
    ERR_clear_error();

    return status;
}


static oc_jwt_status_e
verify_claims(const char *claims, time_t now)
{
    return verify(jose_token("{\"alg\":\"RS256\",\"kid\":\"rsa\"}",
                             jose_format("{%s}", claims), "RS256", rsa, NULL,
                             0),
                  set, now);
}


static void
test_claims(void)
{
    u_char     *thumbprint;
    size_t      len;

    is_int(verify_claims(MINIMAL, NOW), OC_JWT_OK, "the least");
    is_mem(jwt.tenant.data, jwt.tenant.len, TENANT, "the tenant");
    is_int(jwt.subject.len, 0, "no subject");
    is_int(jwt.client.len, 0, "no client");
    is_int(jwt.scp.len, 0, "no scopes");
    is_int(jwt.roles.len, 0, "no roles");
    is_int(jwt.exp, 1767229200, "exp");
    is_int(jwt.expires, 1767229260, "expires with the leeway");
    is_int(jwt.iat, 0, "no iat");
    is_int(oc_jwks_find_thumbprint(set, jwt.thumbprint), 1, "a key's");

    thumbprint = jose_alloc(sizeof(jwt.thumbprint));
    len = sizeof(jwt.thumbprint);
    memcpy(thumbprint, jwt.thumbprint, len);

    is_int(verify_claims(MINIMAL ",\"oid\":\"o\",\"sub\":\"s\",\"azp\":\"z\","
                         "\"appid\":\"a\",\"iat\":1767225000,"
                         "\"scp\":\"read write\",\"roles\":[\"r1\",\"r2\"],"
                         "\"name\":\"\\u00e4\"", NOW),
           OC_JWT_OK, "all");
    is_mem(jwt.subject.data, jwt.subject.len, "o", "oid before sub");
    is_mem(jwt.client.data, jwt.client.len, "z", "azp before appid");
    is_mem(jwt.scp.data, jwt.scp.len, "read write", "scp");
    is_mem(jwt.roles.data, jwt.roles.len, "r1 r2", "roles");
    is_int(jwt.iat, 1767225000, "iat");
    is_int(memcmp(thumbprint, jwt.thumbprint, len), 0, "by the same key");

    is_int(verify_claims(MINIMAL ",\"sub\":\"s\",\"appid\":\"a\","
                         "\"roles\":[]", NOW),
           OC_JWT_OK, "tokens of version 1.0");
    is_mem(jwt.subject.data, jwt.subject.len, "s", "sub");
    is_mem(jwt.client.data, jwt.client.len, "a", "appid");
    is_int(jwt.roles.len, 0, "no roles");

    is_int(verify_claims(MINIMAL ",\"roles\":[\"\",\"a\",\"b c\",\"d\",\"\"]",
                         NOW),
           OC_JWT_OK, "a role with a space in it");
    is_mem(jwt.roles.data, jwt.roles.len, "a d", "is not two");

    is_int(verify_claims(ISS(UPPER) "," AUD "," TID(UPPER) "," EXP, NOW),
           OC_JWT_OK, "a tenant in upper case");
    is_mem(jwt.tenant.data, jwt.tenant.len, TENANT, "is the same");
}


static void
test_words(void)
{
    size_t      i;
    ngx_str_t   list, any;

    static const struct {
        const char  *list;
        const char  *any;
        ngx_uint_t   found;
    } words[] = {
        { "", "", 0 },
        { "", "a", 0 },
        { "a", "", 0 },
        { " ", " ", 0 },
        { "a", "a", 1 },
        { "a", "A", 0 },
        { "a b c", "c", 1 },
        { "a b c", "x y c", 1 },
        { " a  b ", "  b", 1 },
        { "ab", "a", 0 },
        { "a", "ab", 0 },
        { "a\tb", "a", 0 },
        { "a,b", "a", 0 },
        { "a.b", "a", 0 }
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        list.len = strlen(words[i].list);
        list.data = unit_copy(words[i].list, list.len);
        any.len = strlen(words[i].any);
        any.data = unit_copy(words[i].any, any.len);

        is_int(oc_jwt_has_word(&list, &any), words[i].found,
               "\"%s\" in \"%s\"", words[i].any, words[i].list);

        free(list.data);
        free(any.data);
    }

    ngx_str_null(&list);
    is_int(oc_jwt_has_word(&list, &list), 0, "nothing in nothing");
}


static void
test_times(void)
{
    size_t  i;

    static const struct {
        const char       *claims;
        time_t            now;
        oc_jwt_status_e   expected;
    } times[] = {
        { "\"exp\":1000", 1059, OC_JWT_OK },
        { "\"exp\":1000", 1060, OC_JWT_EXPIRED },
        { "\"exp\":1000.0", 1059, OC_JWT_OK },
        { "\"exp\":1000.9", 1059, OC_JWT_OK },
        { "\"exp\":1000.9", 1060, OC_JWT_EXPIRED },
        { "\"exp\":1000,\"nbf\":900", 840, OC_JWT_OK },
        { "\"exp\":1000,\"nbf\":900", 839, OC_JWT_NOT_YET },
        { "\"exp\":1000,\"nbf\":900.0", 840, OC_JWT_OK },
        { "\"exp\":1000,\"nbf\":900.1", 840, OC_JWT_NOT_YET },
        { "\"exp\":1000,\"nbf\":900.1", 841, OC_JWT_OK },
        { "\"exp\":1000,\"iat\":900", 840, OC_JWT_OK },
        { "\"exp\":1000,\"iat\":900", 839, OC_JWT_NOT_YET },
        { "\"exp\":1000,\"iat\":900.5", 840, OC_JWT_NOT_YET },
        { "\"exp\":1000,\"nbf\":0,\"iat\":0", 100, OC_JWT_OK },
        { "\"exp\":253402300799", 1060, OC_JWT_OK },
        { "\"exp\":253402300800", 1060, OC_JWT_CLAIMS },
        { "\"exp\":253402300799.5", 1060, OC_JWT_CLAIMS },
        { "\"exp\":253402300799.0", 1060, OC_JWT_OK },
        { "\"exp\":1.0", 10, OC_JWT_OK },
        { "\"exp\":0.9", 10, OC_JWT_CLAIMS },
        { "\"exp\":0.5", 10, OC_JWT_CLAIMS },
        { "\"exp\":-0.0", 10, OC_JWT_CLAIMS },
        { "\"exp\":-1000.5", 10, OC_JWT_CLAIMS },
        { "\"exp\":100,\"nbf\":0.5", 10, OC_JWT_CLAIMS },
        { "\"exp\":100,\"iat\":0.5", 10, OC_JWT_CLAIMS },
        { "\"exp\":1767225600.123456", NOW, OC_JWT_OK }
    };

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        is_int(verify_claims(jose_format(ISS(TENANT) "," AUD "," TID(TENANT)
                                         ",%s", times[i].claims),
                             times[i].now),
               times[i].expected, "%s at %d", times[i].claims,
               (int) times[i].now);
    }

    policy.leeway = 0;
    is_int(verify_claims(MINIMAL ",\"nbf\":1767225600", NOW), OC_JWT_OK,
           "no leeway, the first second");
    is_int(verify_claims(MINIMAL ",\"nbf\":1767225601", NOW), OC_JWT_NOT_YET,
           "the one before");
    is_int(verify_claims(MINIMAL, 1767229199), OC_JWT_OK, "the last");
    is_int(verify_claims(MINIMAL, 1767229200), OC_JWT_EXPIRED,
           "the one after");
    policy.leeway = 60;
}


static void
test_policy(void)
{
    is_int(verify_claims("\"iss\":\"https://sts.example/" TENANT "/" TENANT
                         "\"," AUD "," TID(TENANT) "," EXP, NOW),
           OC_JWT_OK, "the placeholder twice");
    is_int(verify_claims("\"iss\":\"https://sts.example/" TENANT "/" UPPER
                         "\"," AUD "," TID(TENANT) "," EXP, NOW),
           OC_JWT_ISSUER, "it has to be the same twice");
    is_int(verify_claims("\"iss\":\"https://fixed.example/\"," AUD ","
                         TID(TENANT) "," EXP, NOW),
           OC_JWT_OK, "an issuer without it");
    is_int(verify_claims("\"iss\":\"https://fixed.example\"," AUD ","
                         TID(TENANT) "," EXP, NOW),
           OC_JWT_ISSUER, "but no part of one");
    is_int(verify_claims("\"iss\":\"\"," AUD "," TID(TENANT) "," EXP, NOW),
           OC_JWT_ISSUER, "an empty issuer is none");
    is_int(verify_claims(ISS(TENANT) ",\"aud\":\"\"," TID(TENANT) "," EXP,
                         NOW),
           OC_JWT_AUDIENCE, "an empty audience is none");
    is_int(verify_claims(ISS(TENANT) ",\"aud\":[\"x\",\"api://" TENANT
                         "\"]," TID(TENANT) "," EXP, NOW),
           OC_JWT_OK, "one audience of several");

    policy.tenant = 0;
    is_int(verify_claims("\"iss\":\"https://fixed.example/\"," AUD "," EXP,
                         NOW),
           OC_JWT_OK, "no tenant where none is asked for");
    is_int(jwt.tenant.len, 0, "is none");
    is_int(verify_claims("\"iss\":\"https://fixed.example/\"," AUD "," EXP
                         ",\"tid\":\"x\"", NOW),
           OC_JWT_TENANT, "but what is no tenant is refused");
    is_int(verify_claims(ISS("") "," AUD "," EXP, NOW), OC_JWT_ISSUER,
           "no tenant in place of the placeholder");
    policy.tenant = 1;

    policy.nissuers = 0;
    is_int(verify_claims(MINIMAL, NOW), OC_JWT_ISSUER, "no issuer given");
    policy.nissuers = 4;

    policy.naudiences = 0;
    is_int(verify_claims(MINIMAL, NOW), OC_JWT_AUDIENCE, "no audience given");
    policy.naudiences = 3;
}


static void
test_types(void)
{
    size_t  i;

    static const char  *types[] = {
        "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt",
        "application/jwt", "Application/JWT"
    };

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        is_int(verify(jose_token(jose_format("{\"alg\":\"RS256\",\"typ\":"
                                             "\"%s\",\"kid\":\"rsa\"}",
                                             types[i]),
                                 "{" MINIMAL "}", "RS256", rsa, NULL, 0),
                      set, NOW),
               OC_JWT_OK, "typ %s", types[i]);
    }
}


/* each key with each algorithm, and all the others */

static void
test_algorithms(void)
{
    char        *header, *token, *jwk;
    size_t       i, j;
    oc_jwks_t   *one, *named;
    EVP_PKEY    *keys[3];

    static u_char  secret[64];

    static const struct {
        const char  *alg;
        ngx_int_t    key;      /* -2: RSA, -1: a secret, or a curve */
    } algs[] = {
        { "RS256", -2 }, { "RS384", -2 }, { "RS512", -2 },
        { "PS256", -2 }, { "PS384", -2 }, { "PS512", -2 },
        { "ES256", 0 }, { "ES384", 1 }, { "ES512", 2 },
        { "HS256", -1 }, { "HS384", -1 }, { "HS512", -1 }
    };

    keys[0] = jose_ec("P-256");
    keys[1] = jose_ec("P-384");
    keys[2] = jose_ec("P-521");

    for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
        header = jose_format("{\"alg\":\"%s\"}", algs[i].alg);
        token = jose_token(header, "{" MINIMAL "}", algs[i].alg,
                           algs[i].key < 0 ? rsa : keys[algs[i].key],
                           secret, sizeof(secret));

        for (j = 0; j < sizeof(algs) / sizeof(algs[0]); j++) {

            jwk = jose_format("\"alg\":\"%s\"", algs[j].alg);
            jwk = algs[j].key == -1
                  ? jose_secret(secret, sizeof(secret), jwk)
                  : jose_jwk(algs[j].key == -2 ? rsa : keys[algs[j].key],
                             jwk);

            named = parse(jose_set(jwk, NULL));

            is_int(verify(token, named, NOW),
                   i == j ? OC_JWT_OK : OC_JWT_ALGORITHM,
                   "%s with a key for %s", algs[i].alg, algs[j].alg);

            oc_jwks_release(named);
        }

        jwk = algs[i].key == -1
              ? jose_secret(secret, sizeof(secret), "")
              : jose_jwk(algs[i].key == -2 ? rsa : keys[algs[i].key], "");

        one = parse(jose_set(jwk, NULL));
        is_int(verify(token, one, NOW), OC_JWT_OK,
               "%s with a key that names none", algs[i].alg);
        oc_jwks_release(one);
    }
}


static void
test_keys(void)
{
    char        *token, *bare;
    oc_jwks_t   *keys;

    token = jose_token("{\"alg\":\"RS256\",\"kid\":\"a\"}", "{" MINIMAL "}",
                       "RS256", rsa, NULL, 0);
    bare = jose_token("{\"alg\":\"RS256\"}", "{" MINIMAL "}", "RS256", rsa,
                      NULL, 0);

    /* the same kid for several keys */

    keys = parse(jose_set(jose_jwk(more[0], "\"kid\":\"a\""),
                          jose_jwk(more[1], "\"kid\":\"a\""),
                          jose_jwk(more[2], "\"kid\":\"a\""),
                          jose_jwk(rsa, "\"kid\":\"a\""), NULL));
    is_int(verify(token, keys, NOW), OC_JWT_OK, "the last of four");
    is_int(verify(bare, keys, NOW), OC_JWT_OK, "also without a kid");
    oc_jwks_release(keys);

    keys = parse(jose_set(jose_jwk(other, "\"kid\":\"a\""),
                          jose_jwk(rsa, "\"kid\":\"b\""), NULL));
    is_int(verify(token, keys, NOW), OC_JWT_SIGNATURE,
           "another kid's key is not tried");
    is_int(verify(bare, keys, NOW), OC_JWT_OK, "but without a kid");
    oc_jwks_release(keys);

    /* without a kid, which is not a kid of its own */

    keys = parse(jose_set(jose_jwk(rsa, ""), NULL));
    is_int(verify(token, keys, NOW), OC_JWT_UNKNOWN_KEY,
           "a key without a kid is none of a kid's");
    is_int(verify(bare, keys, NOW), OC_JWT_OK, "but one for any other");
    oc_jwks_release(keys);

    keys = parse(jose_set(jose_jwk(rsa, ""), jose_jwk(more[0], ""),
                          jose_jwk(more[1], ""), jose_jwk(more[2], ""),
                          jose_jwk(more[3], ""), NULL));
    is_int(verify(bare, keys, NOW), OC_JWT_UNKNOWN_KEY,
           "of five keys one has to be named");
    oc_jwks_release(keys);

    keys = parse(jose_set(jose_jwk(more[0], "\"alg\":\"PS256\""),
                          jose_jwk(more[1], "\"alg\":\"PS256\""),
                          jose_jwk(more[2], "\"alg\":\"PS256\""),
                          jose_jwk(more[3], "\"alg\":\"PS256\""),
                          jose_jwk(rsa, ""), NULL));
    is_int(verify(bare, keys, NOW), OC_JWT_OK,
           "those for another algorithm do not count");
    oc_jwks_release(keys);

    keys = parse(jose_set(jose_jwk(rsa, ""), jose_jwk(rsa, "\"kid\":\"a\""),
                          jose_jwk(rsa, "\"kid\":\"b\""),
                          jose_jwk(rsa, "\"kid\":\"c\""),
                          jose_jwk(rsa, "\"kid\":\"d\""), NULL));
    is_int(verify(bare, keys, NOW), OC_JWT_OK,
           "the same key five times is one");
    oc_jwks_release(keys);
}


/* keys of Entra ID, some for one tenant only */

static void
test_key_issuers(void)
{
    char       *token;
    size_t      i;
    oc_jwks_t  *keys;

    static const struct {
        const char       *issuer;
        oc_jwt_status_e   expected;
    } rows[] = {
        { "https://login.example/" TENANT "/v2.0", OC_JWT_OK },
        { "https://login.example/{tenantid}/v2.0", OC_JWT_OK },
        { "https://other.example/" TENANT "/", OC_JWT_OK },
        { "", OC_JWT_OK },
        { "https://login.example/00000000-0000-0000-0000-000000000000/v2.0",
          OC_JWT_ISSUER },
        { "https://login.example/", OC_JWT_ISSUER }
    };

    token = jose_token("{\"alg\":\"RS256\",\"kid\":\"a\"}", "{" MINIMAL "}",
                       "RS256", rsa, NULL, 0);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        keys = parse(jose_set(jose_jwk(rsa, jose_format(
                                           "\"kid\":\"a\",\"issuer\":\"%s\"",
                                           rows[i].issuer)), NULL));
        is_int(verify(token, keys, NOW), rows[i].expected,
               "a key of \"%s\"", rows[i].issuer);
        oc_jwks_release(keys);
    }

    keys = parse(jose_set(jose_jwk(rsa, "\"kid\":\"a\",\"issuer\":\"x\""),
                          jose_jwk(other, "\"kid\":\"a\""),
                          jose_jwk(rsa, "\"kid\":\"a\",\"issuer\":"
                                        "\"https://login.example/{tenantid}/"
                                        "v2.0\""), NULL));
    is_int(verify(token, keys, NOW), OC_JWT_OK,
           "a key that is there for several issuers");
    oc_jwks_release(keys);

    policy.tenant = 0;
    token = jose_token("{\"alg\":\"RS256\",\"kid\":\"a\"}",
                       "{\"iss\":\"https://fixed.example/\"," AUD "," EXP "}",
                       "RS256", rsa, NULL, 0);

    keys = parse(jose_set(jose_jwk(rsa, "\"kid\":\"a\",\"issuer\":"
                                        "\"https://fixed.example/\""), NULL));
    is_int(verify(token, keys, NOW), OC_JWT_OK, "an issuer without tenants");
    oc_jwks_release(keys);

    keys = parse(jose_set(jose_jwk(rsa, "\"kid\":\"a\",\"issuer\":"
                                        "\"https://fixed.example/x\""),
                          NULL));
    is_int(verify(token, keys, NOW), OC_JWT_ISSUER, "another one");
    oc_jwks_release(keys);
    policy.tenant = 1;
}


/* an arena of any size gives the verdict, or none */

static void
test_memory(void)
{
    char             *token;
    size_t            limit;
    u_char           *copy;
    oc_jwt_t          result;
    oc_arena_t        small;
    oc_jwt_status_e   status;
    ngx_uint_t        valid, refused, wrong;

    token = jose_token("{\"alg\":\"RS256\",\"kid\":\"rsa\"}",
                       jose_format("{" MINIMAL ",\"x\":\"%09000d\",\"roles\":"
                                   "[\"%01000d\"]}", 0, 0),
                       "RS256", rsa, NULL, 0);
    copy = unit_copy(token, strlen(token));

    valid = 0;
    refused = 0;
    wrong = 0;

    for (limit = 32768; limit < 131072; limit += 1024) {
        oc_arena_init(&small, limit);
        status = oc_jwt_verify(&result, copy, strlen(token), set, &policy,
                               NOW, &small);
        oc_arena_free(&small);

        if (status == OC_JWT_OK) {
            valid++;

        } else if (status == OC_JWT_NO_MEMORY || status == OC_JWT_TOO_LARGE) {
            refused++;

        } else {
            wrong++;
        }
    }

    is_int(wrong, 0, "too little memory is no other verdict");
    ok(valid > 0, "there was enough of it");
    ok(refused > 0, "and too little");

    free(copy);
}


static void
test_strerror(void)
{
    ngx_uint_t   status, wrong;
    const char  *p;

    for (status = 0; status <= OC_JWT_NO_MEMORY; status++) {
        wrong = 0;

        for (p = oc_jwt_strerror(status); *p; p++) {
            wrong += *p < ' ' || *p > '~' || *p == '"' || *p == '\\';
        }

        is_int(wrong, 0, "%s", oc_jwt_strerror(status));
    }
}


int
main(void)
{
    size_t  i;

    oc_json_seed();

    rsa = jose_rsa(2048);
    other = jose_rsa(2048);

    for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        more[i] = jose_rsa(2048);
    }

    set = parse(jose_set(jose_jwk(rsa, "\"kid\":\"rsa\""), NULL));

    test_claims();
    test_words();
    test_times();
    test_policy();
    test_types();
    test_algorithms();
    test_keys();
    test_key_issuers();
    test_memory();
    test_strerror();

    oc_jwks_release(set);
    oc_arena_free(&arena);
    jose_free();
    oc_arena_drain();

    return done();
}
