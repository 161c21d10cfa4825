
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "oc_seal.h"


#define OC_SEAL_MAX_LEN  65536


static ngx_int_t oc_seal_key(u_char *key, const u_char *secret,
    const char *purpose);
static ngx_int_t oc_seal_tag(u_char *tag, const u_char *secret,
    const u_char *bound, const ngx_str_t *text);
static ngx_int_t oc_seal_crypt(u_char *dst, const u_char *secret,
    const u_char *tag, const u_char *src, size_t len);


/*
 * What a sealed text belongs to: SHA-256 over the parts, each behind its
 * length, so that no other parts have the same digest.
 */

ngx_int_t
oc_seal_digest(u_char *digest, const ngx_str_t *parts, ngx_uint_t n)
{
    u_char        len[8];
    uint64_t      rest;
    ngx_int_t     rc;
    ngx_uint_t    i, j;
    EVP_MD_CTX   *ctx;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        goto done;
    }

    for (i = 0; i < n; i++) {

        rest = parts[i].len;

        for (j = 0; j < 8; j++) {
            len[j] = (u_char) (rest >> 8 * j);
        }

        if (EVP_DigestUpdate(ctx, len, 8) != 1
            || (parts[i].len
                && EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) != 1))
        {
            goto done;
        }
    }

    if (EVP_DigestFinal_ex(ctx, digest, NULL) == 1) {
        rc = NGX_OK;
    }

done:

    EVP_MD_CTX_free(ctx);

    return rc;
}


/*
 * Seals a text for what has the digest "bound".  "dst" has room for the text
 * and OC_SEAL_LEN bytes.  NGX_ERROR if memory is out.
 */

ngx_int_t
oc_seal(u_char *dst, const u_char *secret, const u_char *bound,
    const ngx_str_t *text)
{
    u_char  tag[OC_SEAL_DIGEST_LEN];

    if (oc_seal_tag(tag, secret, bound, text) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst, tag, OC_SEAL_LEN);

    return oc_seal_crypt(dst + OC_SEAL_LEN, secret, tag, text->data,
                         text->len);
}


/*
 * Opens what was sealed with the same secret for the same digest: NGX_OK, the
 * text is in text->data, which has room for as many bytes as are sealed.
 * NGX_DECLINED if it was not; NGX_ERROR if memory is out.
 */

ngx_int_t
oc_unseal(ngx_str_t *text, const u_char *secret, const u_char *bound,
    const ngx_str_t *sealed)
{
    u_char  tag[OC_SEAL_DIGEST_LEN];

    if (sealed->len < OC_SEAL_LEN || sealed->len > OC_SEAL_MAX_LEN) {
        return NGX_DECLINED;
    }

    text->len = sealed->len - OC_SEAL_LEN;

    if (oc_seal_crypt(text->data, secret, sealed->data,
                      sealed->data + OC_SEAL_LEN, text->len)
        != NGX_OK
        || oc_seal_tag(tag, secret, bound, text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (CRYPTO_memcmp(tag, sealed->data, OC_SEAL_LEN) != 0) {
        text->len = 0;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* A key for each purpose, so that none of them tells about another. */

static ngx_int_t
oc_seal_key(u_char *key, const u_char *secret, const char *purpose)
{
    return HMAC(EVP_sha256(), secret, OC_SEAL_SECRET_LEN,
                (const u_char *) purpose, ngx_strlen(purpose), key, NULL)
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
oc_seal_tag(u_char *tag, const u_char *secret, const u_char *bound,
    const ngx_str_t *text)
{
    u_char  key[OC_SEAL_DIGEST_LEN], both[2 * OC_SEAL_DIGEST_LEN];

    if (oc_seal_key(key, secret, "authenticate") != NGX_OK) {
        return NGX_ERROR;
    }

    /* the digest of the text behind the one that it is bound to */

    ngx_memcpy(both, bound, OC_SEAL_DIGEST_LEN);

    if (oc_seal_digest(both + OC_SEAL_DIGEST_LEN, text, 1) != NGX_OK
        || HMAC(EVP_sha256(), key, OC_SEAL_DIGEST_LEN, both, sizeof(both),
                tag, NULL)
           == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
oc_seal_crypt(u_char *dst, const u_char *secret, const u_char *tag,
    const u_char *src, size_t len)
{
    int              n;
    u_char           key[OC_SEAL_DIGEST_LEN];
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    if (oc_seal_key(key, secret, "encrypt") != NGX_OK) {
        return NGX_ERROR;
    }

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = (EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, key, tag) == 1
          && (len == 0 || EVP_EncryptUpdate(ctx, dst, &n, src, len) == 1))
         ? NGX_OK : NGX_ERROR;

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}
