
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "oc_base64.h"
#include "oc_jwk_internal.h"


static const char *oc_jwk_use(json_t *use, json_t *operations);
static const char *oc_jwk_rsa(oc_jwk_t *key, json_t **members,
    ngx_str_t *text, oc_arena_t *arena);
static const char *oc_jwk_ec(oc_jwk_t *key, json_t **members,
    ngx_str_t *text, oc_arena_t *arena);
static const char *oc_jwk_oct(oc_jwk_t *key, json_t **members,
    ngx_str_t *text, oc_arena_t *arena);
static u_char *oc_jwk_bytes(json_t *json, size_t *len, oc_arena_t *arena);
static const char *oc_jwk_text(ngx_str_t *text, oc_arena_t *arena,
    const char **pieces);
static ngx_uint_t oc_jwk_algorithms(oc_kty_e kty, const ngx_str_t *curve,
    size_t size);
static const char *oc_jwk_import(oc_jwk_t *key, ngx_str_t *text);
static ngx_uint_t oc_jwk_is(json_t *json, const char *value);
static const char *oc_jwk_string(ngx_str_t *value, json_t *json,
    oc_arena_t *arena);


const char  oc_jwk_no_memory[] = "out of memory";


/* the key decides which of these a token may use, never the token */

static const oc_jwa_t  oc_jwas[] = {
    { ngx_string("RS256"), OC_KTY_RSA, ngx_null_string, 0 },
    { ngx_string("RS384"), OC_KTY_RSA, ngx_null_string, 0 },
    { ngx_string("RS512"), OC_KTY_RSA, ngx_null_string, 0 },
    { ngx_string("PS256"), OC_KTY_RSA, ngx_null_string, 0 },
    { ngx_string("PS384"), OC_KTY_RSA, ngx_null_string, 0 },
    { ngx_string("PS512"), OC_KTY_RSA, ngx_null_string, 0 },
    { ngx_string("ES256"), OC_KTY_EC, ngx_string("P-256"), 64 },
    { ngx_string("ES384"), OC_KTY_EC, ngx_string("P-384"), 96 },
    { ngx_string("ES512"), OC_KTY_EC, ngx_string("P-521"), 132 },
    { ngx_string("HS256"), OC_KTY_OCT, ngx_null_string, 32 },
    { ngx_string("HS384"), OC_KTY_OCT, ngx_null_string, 48 },
    { ngx_string("HS512"), OC_KTY_OCT, ngx_null_string, 64 }
};

#define OC_JWAS  (sizeof(oc_jwas) / sizeof(oc_jwas[0]))


enum {
    OC_JWK_KTY = 0,
    OC_JWK_USE,
    OC_JWK_KEY_OPS,
    OC_JWK_ALG,
    OC_JWK_KID,
    OC_JWK_ISSUER,
    OC_JWK_N,
    OC_JWK_E,
    OC_JWK_CRV,
    OC_JWK_X,
    OC_JWK_Y,
    OC_JWK_K,
    OC_JWK_D,
    OC_JWK_P,
    OC_JWK_Q,
    OC_JWK_DP,
    OC_JWK_DQ,
    OC_JWK_QI,
    OC_JWK_OTH,
    OC_JWK_MEMBERS
};


static const ngx_str_t  oc_jwk_names[] = {
    ngx_string("kty"),
    ngx_string("use"),
    ngx_string("key_ops"),
    ngx_string("alg"),
    ngx_string("kid"),
    ngx_string("issuer"),
    ngx_string("n"),
    ngx_string("e"),
    ngx_string("crv"),
    ngx_string("x"),
    ngx_string("y"),
    ngx_string("k"),
    ngx_string("d"),
    ngx_string("p"),
    ngx_string("q"),
    ngx_string("dp"),
    ngx_string("dq"),
    ngx_string("qi"),
    ngx_string("oth"),
    ngx_null_string
};


/* The algorithm with this name, and its bit; NULL if there is none. */

const oc_jwa_t *
oc_jwa_find(const ngx_str_t *name, ngx_uint_t *bit)
{
    ngx_uint_t  i;

    for (i = 0; i < OC_JWAS; i++) {

        if (oc_jwas[i].name.len == name->len
            && ngx_memcmp(oc_jwas[i].name.data, name->data, name->len) == 0)
        {
            *bit = (ngx_uint_t) 1 << i;
            return &oc_jwas[i];
        }
    }

    return NULL;
}


/*
 * Reads one key (RFC 7517, 4).  "kid" is set whenever there is one that can
 * be told.  Returns NULL, or why the key is of no use: the end of a sentence,
 * oc_jwk_no_memory if that is the reason.  key->jwk is to be released; what
 * else the key has is in "arena", and "scratch" may go.
 *
 * Certificates that come with a key ("x5c", "x5u") are not looked at: who can
 * change the set could change them, too.
 */

const char *
oc_jwk_read(oc_jwk_t *key, json_t *json, ngx_uint_t symmetric,
    oc_arena_t *arena, oc_arena_t *scratch)
{
    json_t          *members[OC_JWK_MEMBERS];
    ngx_str_t        text, alg;
    ngx_uint_t       bit;
    const char      *reason;
    const oc_jwa_t  *jwa;

    ngx_memzero(key, sizeof(oc_jwk_t));

    if (!json_is_object(json)) {
        return "it is not an object";
    }

    oc_jwk_members(json, oc_jwk_names, members);

    if (members[OC_JWK_KID]) {

        if (!json_is_string(members[OC_JWK_KID])
            || json_string_length(members[OC_JWK_KID]) > OC_JWKS_MAX_KID)
        {
            return "its \"kid\" is not a string of 256 bytes at most";
        }

        reason = oc_jwk_string(&key->kid, members[OC_JWK_KID], arena);
        if (reason) {
            return reason;
        }

        key->named = 1;
    }

    /* not of RFC 7517: Entra ID tells so which tenants a key is for */

    if (json_is_string(members[OC_JWK_ISSUER])) {
        reason = oc_jwk_string(&key->issuer, members[OC_JWK_ISSUER], arena);
        if (reason) {
            return reason;
        }
    }

    reason = oc_jwk_use(members[OC_JWK_USE], members[OC_JWK_KEY_OPS]);
    if (reason) {
        return reason;
    }

    if (oc_jwk_is(members[OC_JWK_KTY], "RSA")) {
        reason = oc_jwk_rsa(key, members, &text, scratch);

    } else if (oc_jwk_is(members[OC_JWK_KTY], "EC")) {
        reason = oc_jwk_ec(key, members, &text, scratch);

    } else if (!oc_jwk_is(members[OC_JWK_KTY], "oct")) {
        reason = "its type is none of RSA, EC and oct";

    } else if (!symmetric) {
        reason = "shared secrets are not allowed";

    } else {
        reason = oc_jwk_oct(key, members, &text, scratch);
    }

    if (reason) {
        return reason;
    }

    if (members[OC_JWK_ALG]) {
        jwa = NULL;
        bit = 0;

        if (json_is_string(members[OC_JWK_ALG])) {
            alg.data = (u_char *) json_string_value(members[OC_JWK_ALG]);
            alg.len = json_string_length(members[OC_JWK_ALG]);

            jwa = oc_jwa_find(&alg, &bit);
        }

        if (jwa == NULL || !(key->algorithms & bit)) {
            return "its algorithm is not one that it can verify with";
        }

        key->algorithms = bit;
    }

    return oc_jwk_import(key, &text);
}


/* Whether a key is for signatures (RFC 7517, 4.2 and 4.3). */

static const char *
oc_jwk_use(json_t *use, json_t *operations)
{
    size_t      i, n;
    json_t     *operation;
    ngx_uint_t  verify, sign;

    if (use && !oc_jwk_is(use, "sig")) {
        return "it is not for signatures";
    }

    if (operations == NULL) {
        return NULL;
    }

    verify = 0;
    sign = 0;

    n = json_array_size(operations);

    for (i = 0; i < n; i++) {
        operation = json_array_get(operations, i);

        if (oc_jwk_is(operation, "verify")) {
            verify++;

        } else if (oc_jwk_is(operation, "sign")) {
            sign++;

        } else {
            return "it is not for signatures alone";
        }
    }

    if (verify != 1 || sign > 1) {
        return "it is not for verifying signatures";
    }

    return NULL;
}


/* RFC 7518, 6.3.1 */

static const char *
oc_jwk_rsa(oc_jwk_t *key, json_t **members, ngx_str_t *text,
    oc_arena_t *arena)
{
    u_char      *n, *e, top;
    size_t       nlen, elen, bits;
    const char  *pieces[6];

    if (members[OC_JWK_D] || members[OC_JWK_P] || members[OC_JWK_Q]
        || members[OC_JWK_DP] || members[OC_JWK_DQ] || members[OC_JWK_QI]
        || members[OC_JWK_OTH])
    {
        return "it is a private key";
    }

    n = oc_jwk_bytes(members[OC_JWK_N], &nlen, arena);
    e = oc_jwk_bytes(members[OC_JWK_E], &elen, arena);

    if (n == NULL || e == NULL || nlen == 0 || elen == 0) {
        return "its modulus or its exponent is not base64url";
    }

    if (n[0] == 0 || e[0] == 0 || !(n[nlen - 1] & 1)) {
        return "its modulus or its exponent is not as it has to be";
    }

    bits = nlen * 8;

    for (top = n[0]; !(top & 0x80); top <<= 1) {
        bits--;
    }

    if (bits < OC_JWK_MIN_RSA) {
        return "its modulus has less than 2048 bits";
    }

    if (bits > OC_JWK_MAX_RSA) {
        return "its modulus has more than 8192 bits";
    }

    if (elen > OC_JWK_MAX_EXPONENT || !(e[elen - 1] & 1)
        || (elen == 1 && e[0] == 1))
    {
        return "its exponent is even, 1, or longer than 64 bits";
    }

    key->size = nlen;
    key->algorithms = oc_jwk_algorithms(OC_KTY_RSA, NULL, 0);

    pieces[0] = "{\"e\":\"";
    pieces[1] = json_string_value(members[OC_JWK_E]);
    pieces[2] = "\",\"kty\":\"RSA\",\"n\":\"";
    pieces[3] = json_string_value(members[OC_JWK_N]);
    pieces[4] = "\"}";
    pieces[5] = NULL;

    return oc_jwk_text(text, arena, pieces);
}


/* RFC 7518, 6.2.1; that the point is on the curve is OpenSSL's to find out */

static const char *
oc_jwk_ec(oc_jwk_t *key, json_t **members, ngx_str_t *text,
    oc_arena_t *arena)
{
    u_char      *x, *y;
    size_t       xlen, ylen, size;
    ngx_str_t    curve;
    const char  *pieces[8];

    if (members[OC_JWK_D]) {
        return "it is a private key";
    }

    if (oc_jwk_is(members[OC_JWK_CRV], "P-256")) {
        size = 32;

    } else if (oc_jwk_is(members[OC_JWK_CRV], "P-384")) {
        size = 48;

    } else if (oc_jwk_is(members[OC_JWK_CRV], "P-521")) {
        size = 66;

    } else {
        return "its curve is none of P-256, P-384 and P-521";
    }

    x = oc_jwk_bytes(members[OC_JWK_X], &xlen, arena);
    y = oc_jwk_bytes(members[OC_JWK_Y], &ylen, arena);

    if (x == NULL || y == NULL) {
        return "its coordinates are not base64url";
    }

    if (xlen != size || ylen != size) {
        return "its coordinates do not have the length that its curve asks";
    }

    curve.data = (u_char *) json_string_value(members[OC_JWK_CRV]);
    curve.len = json_string_length(members[OC_JWK_CRV]);

    key->algorithms = oc_jwk_algorithms(OC_KTY_EC, &curve, 0);

    pieces[0] = "{\"crv\":\"";
    pieces[1] = json_string_value(members[OC_JWK_CRV]);
    pieces[2] = "\",\"kty\":\"EC\",\"x\":\"";
    pieces[3] = json_string_value(members[OC_JWK_X]);
    pieces[4] = "\",\"y\":\"";
    pieces[5] = json_string_value(members[OC_JWK_Y]);
    pieces[6] = "\"}";
    pieces[7] = NULL;

    return oc_jwk_text(text, arena, pieces);
}


/* RFC 7518, 6.4, and 3.2 for the length of a secret */

static const char *
oc_jwk_oct(oc_jwk_t *key, json_t **members, ngx_str_t *text,
    oc_arena_t *arena)
{
    u_char      *k;
    size_t       len;
    const char  *pieces[4];

    k = oc_jwk_bytes(members[OC_JWK_K], &len, arena);

    if (k == NULL) {
        return "its secret is not base64url";
    }

    OPENSSL_cleanse(k, len);

    if (len > OC_JWK_MAX_SECRET) {
        return "its secret is longer than 512 bytes";
    }

    key->algorithms = oc_jwk_algorithms(OC_KTY_OCT, NULL, len);

    if (key->algorithms == 0) {
        return "its secret is shorter than 32 bytes";
    }

    pieces[0] = "{\"k\":\"";
    pieces[1] = json_string_value(members[OC_JWK_K]);
    pieces[2] = "\",\"kty\":\"oct\"}";
    pieces[3] = NULL;

    return oc_jwk_text(text, arena, pieces);
}


/* What base64url stands for; NULL if it is none, or memory is out. */

static u_char *
oc_jwk_bytes(json_t *json, size_t *len, oc_arena_t *arena)
{
    u_char     *bytes;
    size_t      size;
    ngx_int_t   n;

    if (!json_is_string(json)) {
        return NULL;
    }

    size = json_string_length(json);

    bytes = oc_arena_alloc(arena, size * 3 / 4 + 1);
    if (bytes == NULL) {
        return NULL;
    }

    n = oc_base64url_decode(bytes, (u_char *) json_string_value(json), size);

    if (n == NGX_ERROR) {
        return NULL;
    }

    *len = n;

    return bytes;
}


/*
 * The text of which the digest is the thumbprint (RFC 7638, 3): the members
 * that make the key, in their order, with no white space.  cjose gets the
 * same text, and so nothing that has not been looked at.
 */

static const char *
oc_jwk_text(ngx_str_t *text, oc_arena_t *arena, const char **pieces)
{
    u_char      *p;
    ngx_uint_t   i;

    text->len = 0;

    for (i = 0; pieces[i]; i++) {
        text->len += ngx_strlen(pieces[i]);
    }

    text->data = oc_arena_alloc(arena, text->len);
    if (text->data == NULL) {
        return oc_jwk_no_memory;
    }

    p = text->data;

    for (i = 0; pieces[i]; i++) {
        p = ngx_cpymem(p, pieces[i], ngx_strlen(pieces[i]));
    }

    return NULL;
}


/* Bits of all algorithms for a curve, or a secret of so many bytes. */

static ngx_uint_t
oc_jwk_algorithms(oc_kty_e kty, const ngx_str_t *curve, size_t size)
{
    ngx_uint_t       i, bits;
    const oc_jwa_t  *jwa;

    bits = 0;

    for (i = 0; i < OC_JWAS; i++) {
        jwa = &oc_jwas[i];

        if (jwa->kty != kty) {
            continue;
        }

        if (kty == OC_KTY_EC
            && (curve->len != jwa->curve.len
                || ngx_memcmp(curve->data, jwa->curve.data, curve->len) != 0))
        {
            continue;
        }

        if (kty == OC_KTY_OCT && size < jwa->size) {
            continue;
        }

        bits |= (ngx_uint_t) 1 << i;
    }

    return bits;
}


static const char *
oc_jwk_import(oc_jwk_t *key, ngx_str_t *text)
{
    cjose_err  err;

    if (EVP_Digest(text->data, text->len, key->thumbprint, NULL, EVP_sha256(),
                   NULL)
        != 1)
    {
        ERR_clear_error();
        return oc_jwk_no_memory;
    }

    key->jwk = cjose_jwk_import((char *) text->data, text->len, &err);

    if (key->jwk == NULL) {

        /* nginx takes what is left there for an error of a connection */

        ERR_clear_error();
        return "it is not a valid key of its type";
    }

    return NULL;
}


/*
 * Finds the members with the given names, the last of which is empty; NULL
 * stands for those that there are not.
 */

void
oc_jwk_members(json_t *object, const ngx_str_t *names, json_t **values)
{
    void        *iter;
    ngx_str_t    name;
    ngx_uint_t   i;

    for (i = 0; names[i].len; i++) {
        values[i] = NULL;
    }

    for (iter = json_object_iter(object);
         iter;
         iter = json_object_iter_next(object, iter))
    {
        name = oc_json_member_name(iter);

        for (i = 0; names[i].len; i++) {

            if (names[i].len == name.len
                && ngx_memcmp(names[i].data, name.data, name.len) == 0)
            {
                values[i] = json_object_iter_value(iter);
                break;
            }
        }
    }
}


static ngx_uint_t
oc_jwk_is(json_t *json, const char *value)
{
    return json_is_string(json)
           && json_string_length(json) == ngx_strlen(value)
           && ngx_strcmp(json_string_value(json), value) == 0;
}


static const char *
oc_jwk_string(ngx_str_t *value, json_t *json, oc_arena_t *arena)
{
    value->len = json_string_length(json);

    value->data = oc_arena_alloc(arena, value->len + 1);
    if (value->data == NULL) {
        return oc_jwk_no_memory;
    }

    ngx_memcpy(value->data, json_string_value(json), value->len);

    return NULL;
}
