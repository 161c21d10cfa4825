
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/err.h>

#include "oc_base64.h"
#include "oc_jws.h"


static oc_jwt_status_e oc_jws_header(oc_jws_t *jws, const ngx_str_t *text,
    oc_arena_t *arena);
static ngx_uint_t oc_jws_type(json_t *type);
static oc_jwt_status_e oc_jws_keys(oc_jws_t *jws, oc_jwks_t *keys,
    const oc_jwk_t **found, ngx_uint_t *n);
static cjose_jws_t *oc_jws_import(oc_jws_t *jws);


enum {
    OC_JWS_ALG = 0,
    OC_JWS_KID,
    OC_JWS_TYP,
    OC_JWS_REFUSED,
    OC_JWS_MEMBERS = OC_JWS_REFUSED + 9
};


/*
 * No extension is understood, so "crit" is refused whatever it lists (RFC
 * 7515, 4.1.11), and so is "b64" (RFC 7797), which would need it.  A key that
 * a token brings along, or names the address of, is never used; a token with
 * one was not made for a verifier that has its keys from elsewhere, and is
 * refused (RFC 8725, 3.10).  "enc" and "zip" are of JWE, "cty" is of nested
 * tokens.
 */

static const ngx_str_t  oc_jws_names[] = {
    ngx_string("alg"),
    ngx_string("kid"),
    ngx_string("typ"),
    ngx_string("crit"),
    ngx_string("b64"),
    ngx_string("jwk"),
    ngx_string("jku"),
    ngx_string("x5u"),
    ngx_string("x5c"),
    ngx_string("enc"),
    ngx_string("zip"),
    ngx_string("cty"),
    ngx_null_string
};


/*
 * Reads the compact form (RFC 7515, 7.1) and the header.  Nothing of the
 * payload is looked at but its characters.
 */

oc_jwt_status_e
oc_jws_read(oc_jws_t *jws, const u_char *token, size_t len, oc_arena_t *arena)
{
    u_char        *bytes;
    ngx_int_t      n;
    ngx_str_t      parts[3], header;
    ngx_uint_t     i;
    const u_char  *p, *dot, *last;

    ngx_memzero(jws, sizeof(oc_jws_t));

    if (len > OC_JWT_MAX_LEN) {
        return OC_JWT_TOO_LARGE;
    }

    p = token;
    last = token + len;

    for (i = 0; i < 2; i++) {
        dot = ngx_strlchr((u_char *) p, (u_char *) last, '.');

        if (dot == NULL) {
            return OC_JWT_MALFORMED;
        }

        parts[i].data = (u_char *) p;
        parts[i].len = dot - p;

        p = dot + 1;
    }

    parts[2].data = (u_char *) p;
    parts[2].len = last - p;

    /* an arena has no block of no bytes */

    bytes = oc_arena_alloc(arena, parts[0].len + parts[2].len + 1);
    if (bytes == NULL) {
        return OC_JWT_NO_MEMORY;
    }

    n = oc_base64url_decode(bytes, parts[0].data, parts[0].len);

    if (n == NGX_ERROR) {
        return OC_JWT_MALFORMED;
    }

    header.data = bytes;
    header.len = n;

    bytes += parts[0].len;
    n = oc_base64url_decode(bytes, parts[2].data, parts[2].len);

    if (n == NGX_ERROR) {
        return OC_JWT_MALFORMED;
    }

    jws->token.data = (u_char *) token;
    jws->token.len = len;
    jws->payload = parts[1];
    jws->signature.data = bytes;
    jws->signature.len = n;

    return oc_jws_header(jws, &header, arena);
}


/* RFC 7515, 4, and RFC 8725, 3 */

static oc_jwt_status_e
oc_jws_header(oc_jws_t *jws, const ngx_str_t *text, oc_arena_t *arena)
{
    json_t           *json, *members[OC_JWS_MEMBERS];
    ngx_str_t         name;
    ngx_uint_t        i;
    oc_jwt_status_e   status;

    status = oc_jws_object(&json, text, arena);

    if (status != OC_JWT_OK) {
        return status;
    }

    oc_jwk_members(json, oc_jws_names, members);

    if (!json_is_string(members[OC_JWS_ALG])) {
        return OC_JWT_MALFORMED;
    }

    for (i = OC_JWS_REFUSED; i < OC_JWS_MEMBERS; i++) {
        if (members[i]) {
            return OC_JWT_HEADER;
        }
    }

    if (members[OC_JWS_TYP] && !oc_jws_type(members[OC_JWS_TYP])) {
        return OC_JWT_HEADER;
    }

    if (members[OC_JWS_KID]) {

        if (!json_is_string(members[OC_JWS_KID])) {
            return OC_JWT_MALFORMED;
        }

        jws->kid.data = (u_char *) json_string_value(members[OC_JWS_KID]);
        jws->kid.len = json_string_length(members[OC_JWS_KID]);
        jws->named = 1;
    }

    /* "none" is not among them */

    name.data = (u_char *) json_string_value(members[OC_JWS_ALG]);
    name.len = json_string_length(members[OC_JWS_ALG]);

    jws->algorithm = oc_jwa_find(&name, &jws->bit);

    return jws->algorithm ? OC_JWT_OK : OC_JWT_ALGORITHM;
}


/*
 * Tokens of other kinds name theirs (RFC 8725, 3.11); one for access has its
 * own (RFC 9068, 2.1), or the one of all, or none.
 */

static ngx_uint_t
oc_jws_type(json_t *type)
{
    size_t   len;
    u_char  *p;

    if (!json_is_string(type)) {
        return 0;
    }

    p = (u_char *) json_string_value(type);
    len = json_string_length(type);

    if (len > sizeof("application/") - 1
        && ngx_strncasecmp(p, (u_char *) "application/",
                           sizeof("application/") - 1)
           == 0)
    {
        p += sizeof("application/") - 1;
        len -= sizeof("application/") - 1;
    }

    return (len == 3 && ngx_strncasecmp(p, (u_char *) "JWT", 3) == 0)
           || (len == 6 && ngx_strncasecmp(p, (u_char *) "at+jwt", 6) == 0);
}


/* Decodes a JSON object, with no name twice in any object of it. */

oc_jwt_status_e
oc_jws_object(json_t **object, const ngx_str_t *text, oc_arena_t *arena)
{
    oc_json_error_t  err;

    *object = oc_json_decode(arena, text->data, text->len, &err);

    if (*object == NULL) {
        return (err.status == OC_JSON_NO_MEMORY) ? OC_JWT_NO_MEMORY
               : (err.status == OC_JSON_TOO_LARGE) ? OC_JWT_TOO_LARGE
               : OC_JWT_MALFORMED;
    }

    return json_is_object(*object) ? OC_JWT_OK : OC_JWT_MALFORMED;
}


/*
 * Verifies the signature with the keys that have the token's "kid" and may be
 * used with its algorithm, and gives the one that fits.
 *
 * cjose takes a signature of any length, and reads behind one that is too
 * short for HMAC; and it takes any digest for a curve.  So both are decided
 * here, before it sees the token.
 */

oc_jwt_status_e
oc_jws_verify(oc_jws_t *jws, oc_jwks_t *keys, const oc_jwk_t **key)
{
    size_t            size;
    cjose_err         err;
    ngx_uint_t        i, n;
    cjose_jws_t      *imported;
    oc_jwt_status_e   status;
    const oc_jwk_t   *found[OC_JWS_MAX_KEYS];

    status = oc_jws_keys(jws, keys, found, &n);

    if (status != OC_JWT_OK) {
        return status;
    }

    status = OC_JWT_SIGNATURE;
    imported = NULL;

    for (i = 0; i < n; i++) {
        size = jws->algorithm->size ? jws->algorithm->size : found[i]->size;

        if (jws->signature.len != size) {
            continue;
        }

        if (imported == NULL) {
            imported = oc_jws_import(jws);

            if (imported == NULL) {
                status = OC_JWT_MALFORMED;
                break;
            }
        }

        if (cjose_jws_verify(imported, found[i]->jwk, &err)) {
            status = OC_JWT_OK;
            *key = found[i];
            break;
        }

        /* nginx takes what is left there for an error of a connection */

        ERR_clear_error();
    }

    cjose_jws_release(imported);

    return status;
}


/*
 * The keys to verify with; the same key is tried once, whatever its issuers.
 * A token without a "kid" may have been signed with any: if there are too
 * many of them it has to name one.
 */

static oc_jwt_status_e
oc_jws_keys(oc_jws_t *jws, oc_jwks_t *keys, const oc_jwk_t **found,
    ngx_uint_t *n)
{
    oc_jwk_t    *key;
    ngx_uint_t   i, j, known;

    known = !jws->named;
    *n = 0;

    for (i = 0; i < keys->nkeys; i++) {
        key = &keys->keys[i];

        if (jws->named) {

            if (!key->named || key->kid.len != jws->kid.len
                || ngx_memcmp(key->kid.data, jws->kid.data, key->kid.len)
                   != 0)
            {
                continue;
            }

            known = 1;
        }

        if (!(key->algorithms & jws->bit)) {
            continue;
        }

        for (j = 0; j < *n; j++) {
            if (ngx_memcmp(found[j]->thumbprint, key->thumbprint,
                           OC_JWK_THUMBPRINT_LEN)
                == 0)
            {
                break;
            }
        }

        if (j < *n) {
            continue;
        }

        if (*n == OC_JWS_MAX_KEYS) {
            return OC_JWT_UNKNOWN_KEY;
        }

        found[(*n)++] = key;
    }

    return !known ? OC_JWT_UNKNOWN_KEY : *n ? OC_JWT_OK : OC_JWT_ALGORITHM;
}


/*
 * cjose reads the header again, and verifies as it says there: it has to have
 * read the same.
 */

static cjose_jws_t *
oc_jws_import(oc_jws_t *jws)
{
    cjose_err     err;
    const char   *alg;
    cjose_jws_t  *imported;

    imported = cjose_jws_import((char *) jws->token.data, jws->token.len,
                                &err);
    if (imported == NULL) {
        ERR_clear_error();
        return NULL;
    }

    alg = cjose_header_get(cjose_jws_get_protected(imported), CJOSE_HDR_ALG,
                           &err);

    if (alg == NULL || ngx_strcmp(alg, jws->algorithm->name.data) != 0) {
        cjose_jws_release(imported);
        return NULL;
    }

    return imported;
}
