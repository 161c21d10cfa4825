
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Keys and tokens, made with OpenSSL alone, for what tests src/auth:
 *
 *     jose_rsa(bits)                a new RSA key
 *     jose_ec("P-256")              a new key on a curve
 *     jose_base64url(data, len)     the text for the bytes
 *     jose_jwk(key, members)        the public JWK, with more members, such
 *                                   as "\"kid\":\"a\""
 *     jose_secret(k, len, members)  the same of a shared secret
 *     jose_set(jwk, ..., NULL)      a JWK Set of them
 *     jose_sign(&len, alg, key, k, klen, text)
 *                                   the bytes of the signature of a text, by
 *                                   a key, or with HS* by a secret
 *     jose_token(header, payload, alg, key, k, klen)
 *                                   a token of two JSON texts; with an "alg"
 *                                   of NULL the signature is empty
 *     jose_format(format, ...)      a formatted text
 *     jose_free()                   frees all of that
 */


#ifndef _JOSE_H_INCLUDED_
#define _JOSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdarg.h>
#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "oc_base64.h"


#define JOSE_MAX  65536


static void       *jose_blocks[JOSE_MAX];
static ngx_uint_t  jose_nblocks;

static EVP_PKEY   *jose_keys[64];
static ngx_uint_t  jose_nkeys;


static inline void
jose_assert(int condition)
{
    if (!condition) {
        fprintf(stderr, "jose.h: OpenSSL has failed, or there is too much\n");
        abort();
    }
}


static inline void *
jose_alloc(size_t size)
{
    void  *p;

    p = malloc(size ? size : 1);
    jose_assert(p != NULL && jose_nblocks < JOSE_MAX);

    jose_blocks[jose_nblocks++] = p;

    return p;
}


static inline void
jose_free(void)
{
    while (jose_nblocks) {
        free(jose_blocks[--jose_nblocks]);
    }

    while (jose_nkeys) {
        EVP_PKEY_free(jose_keys[--jose_nkeys]);
    }
}


static inline __attribute__((format(printf, 1, 2))) char *
jose_format(const char *fmt, ...)
{
    int      n;
    char    *p;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);

    p = jose_alloc(n + 1);

    va_start(args, fmt);
    vsnprintf(p, n + 1, fmt, args);
    va_end(args);

    return p;
}


static inline char *
jose_base64url(const void *data, size_t len)
{
    char         *p;
    oc_base64_t   b;

    p = jose_alloc(oc_base64url_len(len) + 1);

    oc_base64url_init(&b, (u_char *) p);
    oc_base64url_update(&b, data, len);
    oc_base64url_final(&b);
    p[oc_base64url_len(len)] = '\0';

    return p;
}


static inline EVP_PKEY *
jose_keep(EVP_PKEY *key)
{
    jose_assert(key != NULL && jose_nkeys < 64);
    jose_keys[jose_nkeys++] = key;

    return key;
}


static inline EVP_PKEY *
jose_rsa(unsigned bits)
{
    return jose_keep(EVP_RSA_gen(bits));
}


static inline EVP_PKEY *
jose_ec(const char *curve)
{
    return jose_keep(EVP_EC_gen(curve));
}


/* a number of a key, as an unsigned integer of "len" bytes, or as it needs */

static inline char *
jose_number(EVP_PKEY *key, const char *name, size_t len)
{
    char    *p;
    u_char  *bytes;
    BIGNUM  *n;

    n = NULL;
    jose_assert(EVP_PKEY_get_bn_param(key, name, &n) == 1);

    len = len ? len : (size_t) BN_num_bytes(n);
    bytes = jose_alloc(len);
    jose_assert(BN_bn2binpad(n, bytes, len) == (int) len);
    p = jose_base64url(bytes, len);
    BN_clear_free(n);

    return p;
}


/* bytes of a coordinate */

static inline size_t
jose_size(EVP_PKEY *key)
{
    return (EVP_PKEY_get_bits(key) + 7) / 8;
}


static inline char *
jose_jwk(EVP_PKEY *key, const char *members)
{
    size_t  size;

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        return jose_format("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s%s}",
                           jose_number(key, OSSL_PKEY_PARAM_RSA_N, 0),
                           jose_number(key, OSSL_PKEY_PARAM_RSA_E, 0),
                           *members ? "," : "", members);
    }

    size = jose_size(key);

    return jose_format("{\"kty\":\"EC\",\"crv\":\"P-%d\",\"x\":\"%s\","
                       "\"y\":\"%s\"%s%s}",
                       EVP_PKEY_get_bits(key),
                       jose_number(key, OSSL_PKEY_PARAM_EC_PUB_X, size),
                       jose_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, size),
                       *members ? "," : "", members);
}


static inline char *
jose_secret(const void *k, size_t len, const char *members)
{
    return jose_format("{\"kty\":\"oct\",\"k\":\"%s\"%s%s}",
                       jose_base64url(k, len), *members ? "," : "", members);
}


static inline char *
jose_set(const char *jwk, ...)
{
    char        *keys;
    va_list      args;
    const char  *next;

    keys = jose_format("%s", jwk ? jwk : "");

    if (jwk) {
        va_start(args, jwk);

        while ((next = va_arg(args, const char *))) {
            keys = jose_format("%s,%s", keys, next);
        }

        va_end(args);
    }

    return jose_format("{\"keys\":[%s]}", keys);
}


static inline const EVP_MD *
jose_digest(const char *alg)
{
    return strcmp(alg + 2, "512") == 0 ? EVP_sha512()
           : strcmp(alg + 2, "384") == 0 ? EVP_sha384() : EVP_sha256();
}


/* DER to the two integers that JOSE has (RFC 7518, 3.4) */

static inline u_char *
jose_raw(EVP_PKEY *key, const u_char *der, size_t *len)
{
    size_t      size;
    u_char     *p;
    ECDSA_SIG  *sig;

    size = jose_size(key);
    p = jose_alloc(2 * size);

    sig = d2i_ECDSA_SIG(NULL, &der, *len);
    jose_assert(sig != NULL);
    jose_assert(BN_bn2binpad(ECDSA_SIG_get0_r(sig), p, size) > 0);
    jose_assert(BN_bn2binpad(ECDSA_SIG_get0_s(sig), p + size, size) > 0);
    ECDSA_SIG_free(sig);

    *len = 2 * size;

    return p;
}


static inline u_char *
jose_sign(size_t *len, const char *alg, EVP_PKEY *key, const void *k,
    size_t klen, const char *text)
{
    u_char        *sig;
    unsigned       n;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    if (alg[0] == 'H') {
        sig = jose_alloc(EVP_MAX_MD_SIZE);
        jose_assert(HMAC(jose_digest(alg), k, (int) klen, (u_char *) text,
                         strlen(text), sig, &n)
                    != NULL);
        *len = n;

        return sig;
    }

    ctx = EVP_MD_CTX_new();
    jose_assert(EVP_DigestSignInit(ctx, &pctx, jose_digest(alg), NULL, key)
                == 1);

    if (alg[0] == 'P') {
        jose_assert(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING)
                    == 1
                    && EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
                                                    RSA_PSS_SALTLEN_DIGEST)
                       == 1);
    }

    jose_assert(EVP_DigestSign(ctx, NULL, len, (u_char *) text, strlen(text))
                == 1);
    sig = jose_alloc(*len);
    jose_assert(EVP_DigestSign(ctx, sig, len, (u_char *) text, strlen(text))
                == 1);
    EVP_MD_CTX_free(ctx);

    return alg[0] == 'E' ? jose_raw(key, sig, len) : sig;
}


static inline char *
jose_token(const char *header, const char *payload, const char *alg,
    EVP_PKEY *key, const void *k, size_t klen)
{
    char    *text;
    size_t   len;
    u_char  *sig;

    text = jose_format("%s.%s", jose_base64url(header, strlen(header)),
                       jose_base64url(payload, strlen(payload)));

    if (alg == NULL) {
        return jose_format("%s.", text);
    }

    sig = jose_sign(&len, alg, key, k, klen, text);

    return jose_format("%s.%s", text, jose_base64url(sig, len));
}


#endif /* _JOSE_H_INCLUDED_ */
