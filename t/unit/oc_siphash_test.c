
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_siphash: what the authors' reference implementation gives for the key
 * 00, 01, .. 0f and texts 00, 01, .. of several lengths; and what OpenSSL
 * gives for all lengths up to some hundred, if it has the function.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/evp.h>

#include "oc_siphash.h"
#include "support.h"
#include "tap.h"


#define MAX_LEN  300


static struct {
    size_t       len;
    const char  *hash;
} vectors[] = {
    { 0, "a3817f04ba25a8e66df67214c7550293" },
    { 1, "da87c1d86b99af44347659119b22fc45" },
    { 7, "a1f1ebbed8dbc153c0b84aa61ff08239" },
    { 8, "3b62a9ba6258f5610f83e264f31497b4" },
    { 15, "5493e99933b0a8117e08ec0f97cfc3d9" }
};


static void
bytes_of(u_char *bytes, const oc_siphash_t *hash)
{
    int  i;

    for (i = 0; i < 16; i++) {
        bytes[i] = (u_char) (hash->words[i / 8] >> 8 * (i % 8));
    }
}


static void
test_vectors(const u_char *key, const u_char *text)
{
    int            j;
    char           hex[33];
    u_char         bytes[16];
    size_t         i;
    oc_siphash_t   hash;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        oc_siphash(&hash, key, text, vectors[i].len);
        bytes_of(bytes, &hash);

        for (j = 0; j < 16; j++) {
            sprintf(hex + 2 * j, "%02x", bytes[j]);
        }

        is_str(hex, vectors[i].hash, "%d bytes", (int) vectors[i].len);
    }
}


static void
test_equal(const u_char *key, const u_char *text)
{
    int            i, same;
    oc_siphash_t   one, other;

    oc_siphash(&one, key, text, 100);
    oc_siphash(&other, key, text, 100);
    ok(oc_siphash_equal(&one, &other), "equal texts have equal values");

    for (i = 0, same = 0; i < 128; i++) {
        other = one;
        other.words[i / 64] ^= (uint64_t) 1 << (i % 64);
        same += oc_siphash_equal(&one, &other);
    }

    is_int(same, 0, "each bit counts");

    oc_siphash(&other, text + 1, text, 100);
    ok(!oc_siphash_equal(&one, &other), "with another key it is another");
}


#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)

static void
test_openssl(const u_char *key, const u_char *text)
{
    u_char         bytes[16], expected[16];
    size_t         i, n, len, bad;
    EVP_MAC       *mac;
    EVP_MAC_CTX   *ctx;
    oc_siphash_t   hash;

    mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);

    if (mac == NULL) {
        diag("OpenSSL has no SipHash");
        return;
    }

    ctx = EVP_MAC_CTX_new(mac);
    bad = 0;

    /* texts that begin at any address, too */

    for (len = 0; len < MAX_LEN - 8; len++) {
        for (i = 0; i < 8; i++) {
            oc_siphash(&hash, key, text + i, len);
            bytes_of(bytes, &hash);

            if (EVP_MAC_init(ctx, key, OC_SIPHASH_KEY_LEN, NULL) != 1
                || EVP_MAC_update(ctx, text + i, len) != 1
                || EVP_MAC_final(ctx, expected, &n, sizeof(expected)) != 1
                || n != 16 || memcmp(bytes, expected, 16) != 0)
            {
                bad++;
            }
        }
    }

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);

    is_int(bad, 0, "OpenSSL gives the same");
}

#endif


int
main(void)
{
    int     i;
    u_char  text[MAX_LEN];

    for (i = 0; i < MAX_LEN; i++) {
        text[i] = (u_char) i;
    }

    test_vectors(text, text);
    test_equal(text, text);

#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)
    test_openssl(text, text);
#endif

    return done();
}
