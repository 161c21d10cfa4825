
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_MAC_H_INCLUDED_
#define _OC_MAC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define OC_MAC_KEY_LEN  16
#define OC_MAC_LEN      16


typedef struct oc_mac_s  oc_mac_t;

typedef struct {
    uint64_t  words[OC_MAC_LEN / 8];
} oc_mac_value_t;


/*
 * A keyed digest: who does not know the key can find neither two texts with
 * the same value nor one with a given value, other than by trying.  It is
 * OpenSSL's SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012), or the
 * first 128 bits of its HMAC-SHA256 where it has none: before version 3, and
 * in a FIPS mode.
 */

oc_mac_t *oc_mac_create(const u_char *key);
void oc_mac_free(oc_mac_t *mac);
ngx_int_t oc_mac(oc_mac_t *mac, oc_mac_value_t *value, const u_char *data,
    size_t len);


/* Takes the same time whatever the values are. */

#define oc_mac_equal(one, two)                                                \
    ((((one)->words[0] ^ (two)->words[0])                                     \
      | ((one)->words[1] ^ (two)->words[1]))                                  \
     == 0)


#endif /* _OC_MAC_H_INCLUDED_ */
