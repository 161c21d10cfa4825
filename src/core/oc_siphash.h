
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_SIPHASH_H_INCLUDED_
#define _OC_SIPHASH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define OC_SIPHASH_KEY_LEN  16


typedef struct {
    uint64_t  words[2];
} oc_siphash_t;


/*
 * SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012): a pseudorandom
 * function.  Who does not know the key can find neither two texts with the
 * same value nor one with a given value, other than by trying.
 */

void oc_siphash(oc_siphash_t *hash, const u_char *key, const u_char *data,
    size_t len);


/* Takes the same time whatever the values are. */

#define oc_siphash_equal(one, two)                                            \
    ((((one)->words[0] ^ (two)->words[0])                                     \
      | ((one)->words[1] ^ (two)->words[1]))                                  \
     == 0)


#endif /* _OC_SIPHASH_H_INCLUDED_ */
