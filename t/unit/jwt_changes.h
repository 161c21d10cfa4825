
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What may be done to a token after it was signed.  Each function takes one
 * and returns another, which jose_free() frees.
 */


#ifndef _JWT_CHANGES_H_INCLUDED_
#define _JWT_CHANGES_H_INCLUDED_


#include "jose.h"


/* the three parts of a token */

static void
split(char *token, char **parts)
{
    parts[0] = jose_format("%s", token);
    parts[1] = strchr(parts[0], '.');
    *parts[1]++ = '\0';
    parts[2] = strchr(parts[1], '.');
    *parts[2]++ = '\0';
}


static char *
join(char **parts)
{
    return jose_format("%s.%s.%s", parts[0], parts[1], parts[2]);
}


static u_char *
signature(char *token, size_t *len)
{
    char    *parts[3];
    u_char  *bytes;

    split(token, parts);
    bytes = jose_alloc(strlen(parts[2]) + 2);
    *len = oc_base64url_decode(bytes, (u_char *) parts[2], strlen(parts[2]));

    return bytes;
}


static char *
with_signature(char *token, const u_char *bytes, size_t len)
{
    char  *parts[3];

    split(token, parts);
    parts[2] = jose_base64url(bytes, len);

    return join(parts);
}


static char *
strip_signature(char *token)
{
    return with_signature(token, (u_char *) "", 0);
}


static char *
strip_part(char *token)
{
    *strrchr(token, '.') = '\0';

    return token;
}


static char *
one_part(char *token)
{
    *strchr(token, '.') = '\0';

    return token;
}


static char *
four_parts(char *token)
{
    return jose_format("%s.", token);
}


static char *
five_parts(char *token)
{
    return jose_format("%s.%s", token, token + strlen(token) / 2);
}


static char *
empty_parts(char *token)
{
    return jose_format("..");
}


static char *
empty(char *token)
{
    return jose_format("%s", "");
}


static char *
empty_payload(char *token)
{
    char  *parts[3];

    split(token, parts);
    parts[1] = "";

    return join(parts);
}


static char *
pad_header(char *token)
{
    char  *parts[3];

    split(token, parts);
    parts[0] = jose_format("%s=", parts[0]);

    return join(parts);
}


static char *
pad_payload(char *token)
{
    char  *parts[3];

    split(token, parts);
    parts[1] = jose_format("%s==", parts[1]);

    return join(parts);
}


static char *
pad_signature(char *token)
{
    return jose_format("%s==", token);
}


static char *
space_before(char *token)
{
    return jose_format(" %s", token);
}


static char *
space_behind(char *token)
{
    return jose_format("%s\n", token);
}


static char *
space_inside(char *token)
{
    char  *parts[3];

    split(token, parts);
    parts[1] = jose_format("%.20s\r\n %s", parts[1], parts[1] + 20);

    return join(parts);
}


/* the alphabet of base64, which other decoders take as well */

static char *
plain_alphabet(char *token)
{
    char  *p;

    for (p = strrchr(token, '.'); *p; p++) {
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    }

    return token;
}


/* the same bytes, but unused bits that are set */

static char *
unused_bits(char *token)
{
    token[strlen(token) - 1]++;

    return token;
}


static char *
flip_signature(char *token)
{
    size_t   len;
    u_char  *bytes;

    bytes = signature(token, &len);
    bytes[len / 2] ^= 1;

    return with_signature(token, bytes, len);
}


static char *
truncate_signature(char *token)
{
    size_t   len;
    u_char  *bytes;

    bytes = signature(token, &len);

    return with_signature(token, bytes, len - 1);
}


static char *
one_byte(char *token)
{
    return with_signature(token, (u_char *) "x", 1);
}


static char *
extend_signature(char *token)
{
    size_t   len;
    u_char  *bytes;

    bytes = signature(token, &len);
    bytes[len] = 0;

    return with_signature(token, bytes, len + 1);
}


static char *
zero_before_signature(char *token)
{
    size_t   len;
    u_char  *bytes, *longer;

    bytes = signature(token, &len);
    longer = jose_alloc(len + 1);
    longer[0] = 0;
    memcpy(longer + 1, bytes, len);

    return with_signature(token, longer, len + 1);
}


static char *
zero_signature(char *token)
{
    size_t   len;
    u_char  *bytes;

    bytes = signature(token, &len);
    memset(bytes, 0, len);

    return with_signature(token, bytes, len);
}


static char *
one_signature(char *token)
{
    size_t   len;
    u_char  *bytes;

    bytes = signature(token, &len);
    memset(bytes, 0, len);
    bytes[len / 2 - 1] = 1;
    bytes[len - 1] = 1;

    return with_signature(token, bytes, len);
}


static char *
ones_signature(char *token)
{
    size_t   len;
    u_char  *bytes;

    bytes = signature(token, &len);
    memset(bytes, 0xff, len);

    return with_signature(token, bytes, len);
}


/* r and s without their leading zeros, or with more of them */

static char *
longer_integers(char *token)
{
    size_t   len, half;
    u_char  *bytes, *longer;

    bytes = signature(token, &len);
    half = len / 2;

    longer = jose_alloc(len + 2);
    longer[0] = 0;
    memcpy(longer + 1, bytes, half);
    longer[half + 1] = 0;
    memcpy(longer + half + 2, bytes + half, half);

    return with_signature(token, longer, len + 2);
}


static char *
der_signature(char *token)
{
    int         n;
    size_t      len;
    u_char     *bytes, *der;
    ECDSA_SIG  *sig;

    bytes = signature(token, &len);
    sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(bytes, len / 2, NULL),
                   BN_bin2bn(bytes + len / 2, len / 2, NULL));

    der = NULL;
    n = i2d_ECDSA_SIG(sig, &der);
    token = with_signature(token, der, n);

    OPENSSL_free(der);
    ECDSA_SIG_free(sig);

    return token;
}


/* another payload under the same signature */

static char *
other_payload(char *token)
{
    char  *p, *parts[3];

    split(token, parts);
    p = strchr(parts[1], parts[1][strlen(parts[1]) / 2]);
    *p = *p == 'A' ? 'B' : 'A';

    return join(parts);
}


/* a header that means the same, under the same signature */

static char *
other_header(char *token)
{
    char        *parts[3];
    static char  header[] = "{\"alg\": \"RS256\",\"kid\":\"rsa\"}";

    split(token, parts);
    parts[0] = jose_base64url(header, strlen(header));

    return join(parts);
}


#endif /* _JWT_CHANGES_H_INCLUDED_ */
