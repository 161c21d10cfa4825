
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/* JWK Sets: RFC 7517, 7518 and 7638 */


#include <openssl/err.h>

#include "jose.h"
#include "oc_json.h"
#include "oc_jwk.h"
#include "support.h"
#include "tap.h"


static EVP_PKEY  *rsa, *rsa1024, *p256, *p384, *p521;

static u_char     secret[600];


static oc_jwks_t *
parse(const char *text, ngx_uint_t symmetric, oc_jwks_error_t *err)
{
    size_t      len;
    u_char     *copy;
    oc_jwks_t  *jwks;

    err->reason = NULL;
    err->detail = NULL;

    len = strlen(text);
    copy = unit_copy(text, len);
    jwks = oc_jwks_parse(copy, len, symmetric, err);
    free(copy);

    return jwks;
}


/* a set that there is not, and why */

static void
refused(const char *text, const char *reason, const char *name)
{
    oc_jwks_t        *jwks;
    oc_jwks_error_t   err;

    jwks = parse(text, 1, &err);

    ok(jwks == NULL, "no set: %s", name);
    is_str(jwks ? NULL : err.detail ? err.detail : err.reason, reason,
           "the reason: %s", name);
    is_int(ERR_peek_error(), 0, "no error stays behind");

    oc_jwks_release(jwks);
}


/* a key that is left out, beside one that is not */

static void
unused(const char *jwk, const char *reason)
{
    ngx_str_t         kid;
    oc_jwks_t        *jwks;
    ngx_uint_t        place;
    oc_jwks_error_t   err;

    jwks = parse(jose_set(jwk, jose_jwk(rsa, "\"kid\":\"good\""), NULL), 1,
                 &err);

    ok(jwks != NULL, "a set: %s", reason);

    if (jwks == NULL) {
        diag("%s: %s", jwk, err.reason);
        return;
    }

    is_int(oc_jwks_nkeys(jwks), 1, "of one key");
    is_int(oc_jwks_nunused(jwks), 1, "and one of no use");

    if (oc_jwks_nunused(jwks) == 1) {
        is_str(oc_jwks_unused(jwks, 0, &kid, &place), reason, "the reason");
        is_int(place, 1, "its place");

    } else {
        diag("%s", jwk);
    }

    is_int(ERR_peek_error(), 0, "no error stays behind");

    oc_jwks_release(jwks);

    refused(jose_set(jwk, NULL), reason, "alone");
}


static void
used(const char *jwk, const char *name)
{
    ngx_str_t         kid;
    oc_jwks_t        *jwks;
    ngx_uint_t        place;
    oc_jwks_error_t   err;

    jwks = parse(jose_set(jwk, NULL), 1, &err);

    ok(jwks != NULL && oc_jwks_nkeys(jwks) == 1, "%s", name);

    if (jwks == NULL) {
        diag("%s: %s", err.reason, err.detail ? err.detail : "");

    } else if (oc_jwks_nunused(jwks)) {
        diag("%s", oc_jwks_unused(jwks, 0, &kid, &place));
    }

    oc_jwks_release(jwks);
}


static void
test_documents(void)
{
    char  *text;

    static const struct {
        const char  *text;
        const char  *reason;
    } others[] = {
        { "", "the text is not well-formed JSON" },
        { "{\"keys\":", "the text is not well-formed JSON" },
        { "null", "it is not a JWK Set" },
        { "[]", "it is not a JWK Set" },
        { "{}", "it is not a JWK Set" },
        { "{\"keys\":{}}", "it is not a JWK Set" },
        { "{\"keys\":null}", "it is not a JWK Set" },
        { "{\"keys\":\"\"}", "it is not a JWK Set" },
        { "{\"Keys\":[{}]}", "it is not a JWK Set" },
        { "{\"keys\":[]}", "it has no key" },
        { "{\"keys\":[],\"keys\":[]}",
          "a name is given twice in one object" },
        { "{\"keys\":[{\"kty\":\"RSA\",\"kty\":\"oct\"}]}",
          "a name is given twice in one object" },
        { "{\"keys\":[]}x", "nothing may follow the JSON text" },
        { "{\"keys\":[\"\xff\"]}", "the text is not valid UTF-8" },
        { "{\"keys\":[{}]}", "its type is none of RSA, EC and oct" },
        { "{\"keys\":[null]}", "it is not an object" },
        { "{\"keys\":[[]]}", "it is not an object" },
        { "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
          "it is not a JWK Set" }
    };

    for (ngx_uint_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        refused(others[i].text, others[i].reason, others[i].text);
    }

    text = jose_alloc(OC_JWKS_MAX_LEN + 2);
    memset(text, ' ', OC_JWKS_MAX_LEN + 1);
    text[OC_JWKS_MAX_LEN + 1] = '\0';
    memcpy(text, "{\"keys\":[]}", 11);
    refused(text, "it is larger than 262144 bytes", "a byte too many");

    text[OC_JWKS_MAX_LEN] = '\0';
    refused(text, "it has no key", "as long as it may be");

    memset(text, '[', OC_JWKS_MAX_LEN);
    refused(text, "objects and arrays are nested more than 32 levels deep",
            "brackets");
}


static void
test_number(void)
{
    char             *keys, *set;
    oc_jwks_t        *jwks;
    ngx_uint_t        i;
    oc_jwks_error_t   err;

    keys = "";

    for (i = 0; i < OC_JWKS_MAX_KEYS; i++) {
        keys = jose_format("%s%s%s", keys, i ? "," : "",
                           jose_secret(secret, 32,
                                       jose_format("\"kid\":\"%d\"",
                                                   (int) i)));
    }

    set = jose_format("{\"keys\":[%s]}", keys);
    jwks = parse(set, 1, &err);
    is_int(jwks ? oc_jwks_nkeys(jwks) : 0, OC_JWKS_MAX_KEYS,
           "as many keys as there may be");
    oc_jwks_release(jwks);

    refused(jose_format("{\"keys\":[%s,{}]}", keys),
            "it has more than 128 keys", "one more");
}


static void
test_unused(void)
{
    char    *x, *y, *n;
    size_t   size;

    unused(jose_jwk(rsa, "\"use\":\"enc\""), "it is not for signatures");
    unused(jose_jwk(rsa, "\"use\":1"), "it is not for signatures");
    unused(jose_jwk(rsa, "\"use\":\"SIG\""), "it is not for signatures");
    unused(jose_jwk(rsa, "\"use\":\"sig\",\"key_ops\":[\"encrypt\"]"),
           "it is not for signatures alone");
    unused(jose_jwk(rsa, "\"key_ops\":[\"verify\",\"wrapKey\"]"),
           "it is not for signatures alone");
    unused(jose_jwk(rsa, "\"key_ops\":[\"sign\"]"),
           "it is not for verifying signatures");
    unused(jose_jwk(rsa, "\"key_ops\":[]"),
           "it is not for verifying signatures");
    unused(jose_jwk(rsa, "\"key_ops\":\"verify\""),
           "it is not for verifying signatures");
    unused(jose_jwk(rsa, "\"key_ops\":[\"verify\",\"verify\"]"),
           "it is not for verifying signatures");

    unused(jose_jwk(rsa, "\"alg\":\"RSA-OAEP\""),
           "its algorithm is not one that it can verify with");
    unused(jose_jwk(rsa, "\"alg\":\"none\""),
           "its algorithm is not one that it can verify with");
    unused(jose_jwk(rsa, "\"alg\":\"HS256\""),
           "its algorithm is not one that it can verify with");
    unused(jose_jwk(rsa, "\"alg\":\"ES256\""),
           "its algorithm is not one that it can verify with");
    unused(jose_jwk(rsa, "\"alg\":\"rs256\""),
           "its algorithm is not one that it can verify with");
    unused(jose_jwk(rsa, "\"alg\":null"),
           "its algorithm is not one that it can verify with");
    unused(jose_jwk(p256, "\"alg\":\"ES384\""),
           "its algorithm is not one that it can verify with");
    unused(jose_jwk(p521, "\"alg\":\"ECDH-ES\""),
           "its algorithm is not one that it can verify with");
    unused(jose_secret(secret, 32, "\"alg\":\"RS256\""),
           "its algorithm is not one that it can verify with");

    unused(jose_jwk(rsa, "\"kid\":1"),
           "its \"kid\" is not a string of 256 bytes at most");
    unused(jose_jwk(rsa, jose_format("\"kid\":\"%0257d\"", 0)),
           "its \"kid\" is not a string of 256 bytes at most");

    unused("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}",
           "its type is none of RSA, EC and oct");
    unused("{\"kty\":\"rsa\"}", "its type is none of RSA, EC and oct");
    unused("{\"kty\":[\"RSA\"]}", "its type is none of RSA, EC and oct");

    /* RSA */

    unused(jose_jwk(rsa1024, ""), "its modulus has less than 2048 bits");
    unused(jose_jwk(rsa, "\"d\":\"AQAB\""), "it is a private key");
    unused(jose_jwk(rsa, "\"oth\":[]"), "it is a private key");
    unused("{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
           "its modulus or its exponent is not base64url");
    unused("{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}",
           "its modulus or its exponent is not base64url");
    unused("{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
           "its modulus or its exponent is not base64url");

    n = jose_number(rsa, OSSL_PKEY_PARAM_RSA_N, 0);

#define rsa_jwk(n, end, e)                                                    \
    jose_format("{\"kty\":\"RSA\",\"n\":\"%s%s\",\"e\":\"%s\"}", n, end, e)

    unused(rsa_jwk(n, "=", "AQAB"),
           "its modulus or its exponent is not base64url");
    unused(rsa_jwk(n, "", "AQA="),
           "its modulus or its exponent is not base64url");
    unused(rsa_jwk(n, "", "AQ+B"),
           "its modulus or its exponent is not base64url");
    unused(rsa_jwk(n, "", "A"),
           "its modulus or its exponent is not base64url");
    unused(rsa_jwk(n, "", "AAEAAQ"),
           "its modulus or its exponent is not as it has to be");
    unused(rsa_jwk(jose_number(rsa, OSSL_PKEY_PARAM_RSA_N, 257), "", "AQAB"),
           "its modulus or its exponent is not as it has to be");
    unused(rsa_jwk("_", jose_format("%0340dA", 0), "AQAB"),
           "its modulus or its exponent is not as it has to be");
    unused(rsa_jwk("_", jose_format("%01375d", 0), "AQAB"),
           "its modulus or its exponent is not as it has to be");
    unused(rsa_jwk("_", jose_format("%01374d_", 0), "AQAB"),
           "its modulus has more than 8192 bits");
    unused(rsa_jwk(n, "", "AQ"),
           "its exponent is even, 1, or longer than 64 bits");
    unused(rsa_jwk(n, "", "Ag"),
           "its exponent is even, 1, or longer than 64 bits");
    unused(rsa_jwk(n, "", "AQAAAAAAAAAB"),
           "its exponent is even, 1, or longer than 64 bits");

    /* EC */

    size = jose_size(p256);
    x = jose_number(p256, OSSL_PKEY_PARAM_EC_PUB_X, size);
    y = jose_number(p256, OSSL_PKEY_PARAM_EC_PUB_Y, size);

#define ec_jwk(crv, x, y)                                                     \
    jose_format("{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}",  \
                crv, x, y)

    unused(jose_jwk(p256, "\"d\":\"AQAB\""), "it is a private key");
    unused(ec_jwk("P-192", x, y),
           "its curve is none of P-256, P-384 and P-521");
    unused(ec_jwk("secp256k1", x, y),
           "its curve is none of P-256, P-384 and P-521");
    unused("{\"kty\":\"EC\",\"x\":\"AA\",\"y\":\"AA\"}",
           "its curve is none of P-256, P-384 and P-521");
    unused(ec_jwk("P-256", x, "="), "its coordinates are not base64url");
    unused("{\"kty\":\"EC\",\"crv\":\"P-256\"}",
           "its coordinates are not base64url");
    unused(ec_jwk("P-384", x, y),
           "its coordinates do not have the length that its curve asks");
    unused(ec_jwk("P-256", x, ""),
           "its coordinates do not have the length that its curve asks");
    unused(ec_jwk("P-256", jose_number(p256, OSSL_PKEY_PARAM_EC_PUB_X, 33),
                  y),
           "its coordinates do not have the length that its curve asks");
    unused(ec_jwk("P-256", y, x), "it is not a valid key of its type");
    unused(ec_jwk("P-256", jose_base64url(secret + 300, 32),
                  jose_base64url(secret + 300, 32)),
           "it is not a valid key of its type");
    unused(ec_jwk("P-256", "________________________________-----------",
                  y),
           "its coordinates are not base64url");
    unused(ec_jwk("P-256", "__________________________________________8",
                  y),
           "it is not a valid key of its type");

    /* shared secrets */

    unused(jose_secret(secret, 31, ""),
           "its secret is shorter than 32 bytes");
    unused(jose_secret(secret, 0, ""), "its secret is shorter than 32 bytes");
    unused(jose_secret(secret, 47, "\"alg\":\"HS384\""),
           "its algorithm is not one that it can verify with");
    unused(jose_secret(secret, 63, "\"alg\":\"HS512\""),
           "its algorithm is not one that it can verify with");
    unused(jose_secret(secret, 513, ""),
           "its secret is longer than 512 bytes");
    unused("{\"kty\":\"oct\"}", "its secret is not base64url");
    unused("{\"kty\":\"oct\",\"k\":[]}", "its secret is not base64url");
}


static void
test_used(void)
{
    oc_jwks_t        *jwks;
    oc_jwks_error_t   err;

    used(jose_jwk(rsa, ""), "RSA");
    used(jose_jwk(rsa, "\"use\":\"sig\",\"alg\":\"PS512\""), "for one use");
    used(jose_jwk(rsa, "\"key_ops\":[\"verify\"]"), "one operation");
    used(jose_jwk(rsa, "\"key_ops\":[\"sign\",\"verify\"]"), "two");
    used(jose_jwk(rsa, "\"x5c\":[\"AAAA\"],\"x5t\":\"AA\",\"x5u\":\"http:\","
                       "\"x\":7"),
         "what is not of its type, or not used, does not matter");
    used(jose_jwk(rsa, jose_format("\"kid\":\"%0256d\"", 0)),
         "a long kid");
    used(jose_jwk(rsa, "\"kid\":\"\""), "an empty one");
    used(jose_jwk(rsa, "\"issuer\":null"), "an issuer that is none");
    used(jose_jwk(p256, "\"alg\":\"ES256\""), "P-256");
    used(jose_jwk(p384, "\"alg\":\"ES384\""), "P-384");
    used(jose_jwk(p521, "\"alg\":\"ES512\""), "P-521");
    used(jose_secret(secret, 32, ""), "a secret");
    used(jose_secret(secret, 32, "\"alg\":\"HS256\""), "for HS256");
    used(jose_secret(secret, 48, "\"alg\":\"HS384\""), "for HS384");
    used(jose_secret(secret, 512, "\"alg\":\"HS512\""), "for HS512");

    jwks = parse(jose_set(jose_secret(secret, 32, ""), NULL), 0, &err);
    ok(jwks == NULL, "a secret where there may be none");
    is_str(err.reason, "none of its keys is of use", "the reason");
    is_str(err.detail, "shared secrets are not allowed", "and its key's");
}


static void
test_set(void)
{
    char             *one;
    ngx_str_t         kid;
    oc_jwks_t        *jwks;
    ngx_uint_t        place;
    oc_jwks_error_t   err;

    jwks = parse(jose_set(jose_jwk(rsa, "\"kid\":\"a\""),
                          jose_jwk(rsa, "\"kid\":\"enc\",\"use\":\"enc\""),
                          jose_jwk(p256, "\"kid\":\"b\""),
                          jose_jwk(p384, ""),
                          "7",
                          NULL), 0, &err);
    ok(jwks != NULL, "a set");

    if (jwks == NULL) {
        return;
    }

    is_int(oc_jwks_nkeys(jwks), 3, "keys of use");

    is_int(oc_jwks_nunused(jwks), 2, "keys of no use");
    is_str(oc_jwks_unused(jwks, 0, &kid, &place), "it is not for signatures",
           "the reason of one");
    is_mem(kid.data, kid.len, "enc", "its kid");
    is_int(place, 2, "its place");
    is_str(oc_jwks_unused(jwks, 1, &kid, &place), "it is not an object",
           "the reason of the other");
    is_int(kid.len, 0, "it has no kid");
    is_int(place, 5, "its place");

    oc_jwks_release(jwks);
    oc_jwks_release(NULL);

    one = jose_jwk(p256, "\"kid\":\"b\"");
    jwks = parse(jose_set(one, one, one, one, one, NULL), 0, &err);
    is_int(oc_jwks_nkeys(jwks), 4, "the same kid four times");
    is_str(oc_jwks_unused(jwks, 0, &kid, &place),
           "four keys before it have the same \"kid\"", "but not five times");
    oc_jwks_release(jwks);
}


/* the example of RFC 7638, 3.1 */

static void
test_thumbprint(void)
{
    u_char           *thumbprint;
    oc_jwks_t        *jwks;
    oc_jwks_error_t   err;

    static const char  jwk[] =
        "{ \"kty\": \"RSA\","
        "\"n\": \"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfA"
        "AtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2"
        "W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQ"
        "MicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt"
        "-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFC"
        "ur-kEgU8awapJzKnqDKgw\","
        "\"e\": \"AQAB\", \"alg\": \"RS256\", \"kid\": \"2011-04-29\" }";

    static const u_char  expected[] =
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

    jwks = parse(jose_set(jwk, NULL), 0, &err);
    ok(jwks != NULL, "the example of RFC 7638");

    thumbprint = jose_alloc(OC_JWK_THUMBPRINT_LEN);
    is_int(oc_base64url_decode(thumbprint, expected, sizeof(expected) - 1),
           OC_JWK_THUMBPRINT_LEN, "its thumbprint");

    is_int(oc_jwks_find_thumbprint(jwks, thumbprint), 1, "is found");
    thumbprint[31] ^= 1;
    is_int(oc_jwks_find_thumbprint(jwks, thumbprint), 0,
           "and another is not");

    oc_jwks_release(jwks);
}


int
main(void)
{
    ngx_uint_t  i;

    oc_json_seed();

    for (i = 0; i < sizeof(secret); i++) {
        secret[i] = (u_char) unit_random();
    }

    rsa = jose_rsa(2048);
    rsa1024 = jose_rsa(1024);
    p256 = jose_ec("P-256");
    p384 = jose_ec("P-384");
    p521 = jose_ec("P-521");

    test_documents();
    test_number();
    test_unused();
    test_used();
    test_set();
    test_thumbprint();

    jose_free();
    oc_arena_drain();

    return done();
}
