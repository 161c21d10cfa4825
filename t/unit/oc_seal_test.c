
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_seal: what was sealed is opened by the same secret for the same digest
 * and by nothing else, whatever bit of it is changed.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_seal.h"
#include "support.h"
#include "tap.h"


static u_char  secret[OC_SEAL_SECRET_LEN] = "a secret of thirty-two bytes, so";
static u_char  other[OC_SEAL_SECRET_LEN] = "a secret of thirty-two bytes, to";


static void
digest_of(u_char *digest, const char *one, const char *two)
{
    ngx_str_t  parts[2];

    parts[0].data = (u_char *) one;
    parts[0].len = strlen(one);
    parts[1].data = (u_char *) two;
    parts[1].len = strlen(two);

    if (oc_seal_digest(digest, parts, 2) != NGX_OK) {
        abort();
    }
}


static void
test_digest(void)
{
    u_char  a[OC_SEAL_DIGEST_LEN], b[OC_SEAL_DIGEST_LEN];

    digest_of(a, "tenant", "filter");
    digest_of(b, "tenant", "filter");
    ok(memcmp(a, b, sizeof(a)) == 0, "equal parts have one digest");

    digest_of(b, "tenantf", "ilter");
    ok(memcmp(a, b, sizeof(a)) != 0, "where a part ends is in it");

    digest_of(b, "", "tenantfilter");
    ok(memcmp(a, b, sizeof(a)) != 0, "an empty part is one as well");
}


static void
test_seal(size_t len)
{
    size_t      i;
    u_char      bound[OC_SEAL_DIGEST_LEN], elsewhere[OC_SEAL_DIGEST_LEN];
    u_char     *sealed_bytes, *open_bytes, *again;
    ngx_int_t   rc;
    ngx_str_t   text, sealed, opened;
    ngx_uint_t  accepted;

    digest_of(bound, "tenant", "filter");
    digest_of(elsewhere, "tenant", "other");

    text.len = len;
    text.data = malloc(len + 1);

    for (i = 0; i < len; i++) {
        text.data[i] = (u_char) unit_random();
    }

    sealed_bytes = malloc(len + OC_SEAL_LEN);
    again = malloc(len + OC_SEAL_LEN);
    open_bytes = malloc(len + OC_SEAL_LEN);

    if (text.data == NULL || sealed_bytes == NULL || again == NULL
        || open_bytes == NULL)
    {
        abort();
    }

    is_int(oc_seal(sealed_bytes, secret, bound, &text), NGX_OK,
           "%zu bytes are sealed", len);
    (void) oc_seal(again, secret, bound, &text);
    ok(memcmp(sealed_bytes, again, len + OC_SEAL_LEN) == 0,
       "in the same way each time");
    ok(len < 8 || memcmp(sealed_bytes + OC_SEAL_LEN, text.data, len) != 0,
       "and not to be read");

    sealed.data = sealed_bytes;
    sealed.len = len + OC_SEAL_LEN;
    opened.data = open_bytes;

    rc = oc_unseal(&opened, secret, bound, &sealed);
    ok(rc == NGX_OK && opened.len == len
       && memcmp(opened.data, text.data, len) == 0, "and opened");

    is_int(oc_unseal(&opened, other, bound, &sealed), NGX_DECLINED,
           "not by another secret");
    is_int(oc_unseal(&opened, secret, elsewhere, &sealed), NGX_DECLINED,
           "not for another digest");

    accepted = 0;

    for (i = 0; i < 8 * sealed.len; i++) {
        sealed_bytes[i / 8] ^= (u_char) (1 << i % 8);
        accepted += oc_unseal(&opened, secret, bound, &sealed) != NGX_DECLINED;
        sealed_bytes[i / 8] ^= (u_char) (1 << i % 8);
    }

    is_int(accepted, 0, "not with any bit changed");

    accepted = 0;

    for (i = 0; i < len + OC_SEAL_LEN; i++) {
        sealed.len = i;
        accepted += oc_unseal(&opened, secret, bound, &sealed) != NGX_DECLINED;
    }

    is_int(accepted, 0, "not cut short");

    free(text.data);
    free(sealed_bytes);
    free(again);
    free(open_bytes);
}


int
main(void)
{
    test_digest();

    test_seal(0);
    test_seal(1);
    test_seal(16);
    test_seal(45);
    test_seal(700);

    return done();
}
