
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_sha1: the examples of RFC 3174, and what OpenSSL gives at once for texts
 * of all lengths around those of blocks, however they are in parts.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/evp.h>

#include "oc_sha1.h"
#include "support.h"
#include "tap.h"


static void
test_examples(void)
{
    int         j;
    char        hex[2 * OC_SHA1_LEN + 1];
    u_char      digest[OC_SHA1_LEN];
    ngx_str_t   parts[3];
    ngx_uint_t  i;

    static const struct {
        ngx_str_t    text;
        const char  *hash;
    } examples[] = {
        { ngx_string(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
        { ngx_string("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { ngx_string("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnop"
                     "nopq"),
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1" }
    };

    for (i = 0; i < 3; i++) {
        parts[0].len = examples[i].text.len / 2;
        parts[0].data = examples[i].text.data;
        parts[1].len = 0;
        parts[1].data = (u_char *) "";
        parts[2].len = examples[i].text.len - parts[0].len;
        parts[2].data = examples[i].text.data + parts[0].len;

        oc_sha1(digest, parts, 3);

        for (j = 0; j < OC_SHA1_LEN; j++) {
            sprintf(hex + 2 * j, "%02x", digest[j]);
        }

        is_str(hex, examples[i].hash, "example %d", (int) i);
    }
}


static void
test_lengths(void)
{
    size_t      len, i, wrong;
    u_char      text[300], digest[OC_SHA1_LEN], expected[OC_SHA1_LEN];
    ngx_str_t   parts[2];

    for (i = 0; i < sizeof(text); i++) {
        text[i] = (u_char) unit_random();
    }

    wrong = 0;

    for (len = 0; len <= sizeof(text); len++) {
        EVP_Digest(text, len, expected, NULL, EVP_sha1(), NULL);

        parts[0].data = text;
        parts[0].len = unit_below(len + 1);
        parts[1].data = text + parts[0].len;
        parts[1].len = len - parts[0].len;

        oc_sha1(digest, parts, 2);

        wrong += memcmp(digest, expected, sizeof(digest)) != 0;
    }

    is_int(wrong, 0, "texts of up to 300 bytes");
}


int
main(void)
{
    test_examples();
    test_lengths();

    return done();
}
