
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "oc_mac.h"


struct oc_mac_s {
#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)
    EVP_MAC_CTX  *siphash;                  /* NULL: there is none */
#endif
    u_char        key[OC_MAC_KEY_LEN];
};


/* "key" has OC_MAC_KEY_LEN bytes.  NULL if there is no memory. */

oc_mac_t *
oc_mac_create(const u_char *key)
{
    oc_mac_t  *mac;

#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)
    EVP_MAC   *siphash;
#endif

    mac = OPENSSL_zalloc(sizeof(oc_mac_t));
    if (mac == NULL) {
        return NULL;
    }

    ngx_memcpy(mac->key, key, OC_MAC_KEY_LEN);

#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)

    siphash = EVP_MAC_fetch(NULL, "SIPHASH", NULL);

    if (siphash) {
        mac->siphash = EVP_MAC_CTX_new(siphash);
        EVP_MAC_free(siphash);
    }

    /* that there is none is no error */

    ERR_clear_error();

#endif

    return mac;
}


void
oc_mac_free(oc_mac_t *mac)
{
    if (mac == NULL) {
        return;
    }

#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)
    EVP_MAC_CTX_free(mac->siphash);
#endif

    OPENSSL_clear_free(mac, sizeof(oc_mac_t));
}


/* NGX_ERROR if OpenSSL cannot compute it; "value" is not to be used then. */

ngx_int_t
oc_mac(oc_mac_t *mac, oc_mac_value_t *value, const u_char *data, size_t len)
{
    u_char        digest[EVP_MAX_MD_SIZE];
    unsigned int  n;

#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)

    size_t  size;

    if (mac->siphash) {

        if (EVP_MAC_init(mac->siphash, mac->key, OC_MAC_KEY_LEN, NULL) != 1
            || EVP_MAC_update(mac->siphash, data, len) != 1
            || EVP_MAC_final(mac->siphash, (u_char *) value, &size,
                             sizeof(oc_mac_value_t))
               != 1
            || size != OC_MAC_LEN)
        {
            ERR_clear_error();
            return NGX_ERROR;
        }

        return NGX_OK;
    }

#endif

    if (HMAC(EVP_sha256(), mac->key, OC_MAC_KEY_LEN, data, len, digest, &n)
        == NULL
        || n < OC_MAC_LEN)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    ngx_memcpy(value, digest, OC_MAC_LEN);

    return NGX_OK;
}
