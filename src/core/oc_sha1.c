
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "oc_sha1.h"


static ngx_int_t oc_sha1_openssl(u_char *digest, const ngx_str_t *parts,
    ngx_uint_t n);


/* parts of so many bytes are put together first: each is a call more */

#define OC_SHA1_SHORT  256


/* OpenSSL looks for an algorithm once a process, which takes it longest */

static EVP_MD_CTX  *oc_sha1_ctx;
static ngx_uint_t   oc_sha1_missing;


/*
 * Writes the OC_SHA1_LEN bytes of the SHA-1 (RFC 3174) of what the parts are
 * together.  It is OpenSSL's, which has instructions of the processor for it;
 * or nginx's where OpenSSL does not give any.
 */

void
oc_sha1(u_char *digest, const ngx_str_t *parts, ngx_uint_t n)
{
    ngx_uint_t  i;
    ngx_sha1_t  sha;

    if (!oc_sha1_missing) {

        if (oc_sha1_openssl(digest, parts, n) == NGX_OK) {
            return;
        }

        oc_sha1_missing = 1;
        ERR_clear_error();
    }

    ngx_sha1_init(&sha);

    for (i = 0; i < n; i++) {
        ngx_sha1_update(&sha, parts[i].data, parts[i].len);
    }

    ngx_sha1_final(digest, &sha);
}


static ngx_int_t
oc_sha1_openssl(u_char *digest, const ngx_str_t *parts, ngx_uint_t n)
{
    u_char         text[OC_SHA1_SHORT], *p;
    size_t         len;
    ngx_str_t      whole;
    ngx_uint_t     i;
    const EVP_MD  *md;

    md = NULL;

    if (oc_sha1_ctx == NULL) {
        oc_sha1_ctx = EVP_MD_CTX_new();
        if (oc_sha1_ctx == NULL) {
            return NGX_ERROR;
        }

        md = EVP_sha1();
    }

    /* without a name it is the same algorithm again */

    if (EVP_DigestInit_ex(oc_sha1_ctx, md, NULL) != 1) {
        return NGX_ERROR;
    }

    for (i = 0, len = 0; i < n; i++) {
        len += parts[i].len;
    }

    if (n > 1 && len <= sizeof(text)) {

        for (i = 0, p = text; i < n; i++) {
            p = ngx_cpymem(p, parts[i].data, parts[i].len);
        }

        whole.data = text;
        whole.len = len;

        parts = &whole;
        n = 1;
    }

    for (i = 0; i < n; i++) {
        if (EVP_DigestUpdate(oc_sha1_ctx, parts[i].data, parts[i].len) != 1) {
            return NGX_ERROR;
        }
    }

    return EVP_DigestFinal_ex(oc_sha1_ctx, digest, NULL) == 1 ? NGX_OK
                                                              : NGX_ERROR;
}
