
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_siphash.h"


#define oc_siphash_rotate(x, n)  (((x) << (n)) | ((x) >> (64 - (n))))

#define oc_siphash_round(v0, v1, v2, v3)                                      \
                                                                              \
    v0 += v1;                                                                 \
    v2 += v3;                                                                 \
    v1 = oc_siphash_rotate(v1, 13) ^ v0;                                      \
    v3 = oc_siphash_rotate(v3, 16) ^ v2;                                      \
    v0 = oc_siphash_rotate(v0, 32);                                           \
                                                                              \
    v2 += v1;                                                                 \
    v0 += v3;                                                                 \
    v1 = oc_siphash_rotate(v1, 17) ^ v2;                                      \
    v3 = oc_siphash_rotate(v3, 21) ^ v0;                                      \
    v2 = oc_siphash_rotate(v2, 32)


/* Eight bytes, the lowest first, which compilers make one load of. */

static ngx_inline uint64_t
oc_siphash_word(const u_char *p)
{
    return (uint64_t) p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16
           | (uint64_t) p[3] << 24 | (uint64_t) p[4] << 32
           | (uint64_t) p[5] << 40 | (uint64_t) p[6] << 48
           | (uint64_t) p[7] << 56;
}


/* "key" has OC_SIPHASH_KEY_LEN bytes. */

void
oc_siphash(oc_siphash_t *hash, const u_char *key, const u_char *data,
    size_t len)
{
    uint64_t       k0, k1, v0, v1, v2, v3, word;
    ngx_uint_t     i;
    const u_char  *end;

    k0 = oc_siphash_word(key);
    k1 = oc_siphash_word(key + 8);

    v0 = k0 ^ 0x736f6d6570736575;
    v1 = k1 ^ 0x646f72616e646f6d ^ 0xee;
    v2 = k0 ^ 0x6c7967656e657261;
    v3 = k1 ^ 0x7465646279746573;

    for (end = data + (len & ~(size_t) 7); data < end; data += 8) {
        word = oc_siphash_word(data);

        v3 ^= word;
        oc_siphash_round(v0, v1, v2, v3);
        oc_siphash_round(v0, v1, v2, v3);
        v0 ^= word;
    }

    word = (uint64_t) len << 56;

    for (i = 0; i < (len & 7); i++) {
        word |= (uint64_t) data[i] << 8 * i;
    }

    v3 ^= word;
    oc_siphash_round(v0, v1, v2, v3);
    oc_siphash_round(v0, v1, v2, v3);
    v0 ^= word;

    v2 ^= 0xee;

    for (i = 0; i < 4; i++) {
        oc_siphash_round(v0, v1, v2, v3);
    }

    hash->words[0] = v0 ^ v1 ^ v2 ^ v3;

    v1 ^= 0xdd;

    for (i = 0; i < 4; i++) {
        oc_siphash_round(v0, v1, v2, v3);
    }

    hash->words[1] = v0 ^ v1 ^ v2 ^ v3;
}
