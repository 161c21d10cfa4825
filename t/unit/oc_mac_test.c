
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_mac: with OpenSSL's SipHash what the authors' reference implementation
 * gives for the key 00, 01, .. 0f and texts 00, 01, .. of several lengths;
 * without it, as in a FIPS mode, HMAC-SHA256.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "oc_mac.h"
#include "support.h"
#include "tap.h"


#define MAX_LEN  300


#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)

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
test_vectors(const u_char *key, const u_char *text)
{
    int              j;
    char             hex[2 * OC_MAC_LEN + 1];
    size_t           i;
    oc_mac_t        *mac;
    oc_mac_value_t   value;

    mac = oc_mac_create(key);

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        is_int(oc_mac(mac, &value, text, vectors[i].len), NGX_OK, "SipHash");

        for (j = 0; j < OC_MAC_LEN; j++) {
            sprintf(hex + 2 * j, "%02x", ((u_char *) &value)[j]);
        }

        is_str(hex, vectors[i].hash, "%d bytes", (int) vectors[i].len);
    }

    oc_mac_free(mac);
}

#endif


static void
test_equal(const char *name, const u_char *key, const u_char *text)
{
    int              i, same;
    oc_mac_t        *mac, *other_mac;
    oc_mac_value_t   one, other;

    mac = oc_mac_create(key);
    other_mac = oc_mac_create(text + 1);

    is_int(oc_mac(mac, &one, text, 100), NGX_OK, "%s", name);
    is_int(oc_mac(mac, &other, text + 1, 100), NGX_OK, "of another text");
    ok(!oc_mac_equal(&one, &other), "is another");

    is_int(oc_mac(mac, &other, text, 100), NGX_OK, "of the same once more");
    ok(oc_mac_equal(&one, &other), "is the same");

    is_int(oc_mac(other_mac, &other, text, 100), NGX_OK, "with another key");
    ok(!oc_mac_equal(&one, &other), "is another");

    is_int(oc_mac(mac, &other, text, 99), NGX_OK, "of a part");
    ok(!oc_mac_equal(&one, &other), "is another");

    for (i = 0, same = 0; i < 8 * OC_MAC_LEN; i++) {
        other = one;
        other.words[i / 64] ^= (uint64_t) 1 << (i % 64);
        same += oc_mac_equal(&one, &other);
    }

    is_int(same, 0, "each bit counts");

    oc_mac_free(mac);
    oc_mac_free(other_mac);
}


#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)

/* no provider here has what FIPS approves of, so that nothing is found */

static void
test_hmac(const u_char *key, const u_char *text)
{
    u_char           digest[EVP_MAX_MD_SIZE];
    oc_mac_t        *mac;
    unsigned int     n;
    oc_mac_value_t   value;

    is_int(EVP_set_default_properties(NULL, "fips=yes"), 1, "FIPS only");
    mac = oc_mac_create(key);
    is_int(EVP_set_default_properties(NULL, ""), 1, "no longer");

    is_int(oc_mac(mac, &value, text, MAX_LEN), NGX_OK, "without SipHash");

    HMAC(EVP_sha256(), key, OC_MAC_KEY_LEN, text, MAX_LEN, digest, &n);
    ok(memcmp(&value, digest, OC_MAC_LEN) == 0, "it is an HMAC");

    oc_mac_free(mac);
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

#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)
    test_vectors(text, text);
    test_hmac(text, text);
#endif

    test_equal("a value", text, text);

    oc_mac_free(NULL);

    return done();
}
