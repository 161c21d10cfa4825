
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <sys/random.h>

#include "oc_uuid.h"


#define OC_RANDOM_POOL  4096


static void oc_uuid_format(u_char *dst, const u_char *uuid);


static const u_char  oc_hex[] = "0123456789abcdef";


/*
 * Fills "dst" with "len" bytes from the kernel's generator.  It is asked for
 * a page at a time; a process that was forked after the pool had been filled
 * starts a new one.  NGX_ERROR if the kernel gives nothing.
 */

ngx_int_t
oc_random_bytes(u_char *dst, size_t len)
{
    size_t   n;
    ssize_t  rc;

    static pid_t   owner;
    static size_t  left;
    static u_char  pool[OC_RANDOM_POOL];

    if (owner != ngx_pid) {
        owner = ngx_pid;
        left = 0;
    }

    while (len) {

        if (left == 0) {
            rc = getrandom(pool, sizeof(pool), 0);

            if (rc <= 0) {
                if (rc == -1 && ngx_errno == NGX_EINTR) {
                    continue;
                }

                return NGX_ERROR;
            }

            left = rc;
        }

        n = ngx_min(len, left);
        left -= n;

        dst = ngx_cpymem(dst, pool + left, n);
        ngx_memzero(pool + left, n);

        len -= n;
    }

    return NGX_OK;
}


/* Writes "len" random lower case hexadecimal digits, four bits each. */

ngx_int_t
oc_random_hex(u_char *dst, size_t len)
{
    u_char  byte;
    size_t  i;

    for (i = 0; i < len; i++) {

        if (i % 2 == 0) {
            if (oc_random_bytes(&byte, 1) != NGX_OK) {
                return NGX_ERROR;
            }

            *dst++ = oc_hex[byte >> 4];

        } else {
            *dst++ = oc_hex[byte & 0x0f];
        }
    }

    return NGX_OK;
}


/* Writes a random UUID (RFC 9562, 5.4), OC_UUID_LEN bytes, lower case. */

ngx_int_t
oc_uuid_v4(u_char *dst)
{
    u_char  uuid[16];

    if (oc_random_bytes(uuid, sizeof(uuid)) != NGX_OK) {
        return NGX_ERROR;
    }

    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;

    oc_uuid_format(dst, uuid);

    return NGX_OK;
}


/*
 * Writes a time-ordered UUID (RFC 9562, 5.7), OC_UUID_LEN bytes, lower case.
 * "msec" is Unix time in milliseconds.  The 12 bits behind it count within
 * the millisecond (6.2, method 1), so what a process makes is in order even
 * if its clock stands still or goes back.
 */

ngx_int_t
oc_uuid_v7(u_char *dst, uint64_t msec)
{
    u_char  uuid[16];

    static uint64_t  last;
    static unsigned  counter;

    if (oc_random_bytes(&uuid[6], 10) != NGX_OK) {
        return NGX_ERROR;
    }

    if (msec > last) {
        last = msec;

        /* the highest bit is left clear as room to count */

        counter = ((unsigned) uuid[6] << 8 | uuid[7]) & 0x7ff;

    } else if (++counter > 0xfff) {
        last++;
        counter = 0;
    }

    uuid[0] = (u_char) (last >> 40);
    uuid[1] = (u_char) (last >> 32);
    uuid[2] = (u_char) (last >> 24);
    uuid[3] = (u_char) (last >> 16);
    uuid[4] = (u_char) (last >> 8);
    uuid[5] = (u_char) last;
    uuid[6] = (u_char) (0x70 | counter >> 8);
    uuid[7] = (u_char) counter;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;

    oc_uuid_format(dst, uuid);

    return NGX_OK;
}


static void
oc_uuid_format(u_char *dst, const u_char *uuid)
{
    ngx_uint_t  i;

    for (i = 0; i < 16; i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *dst++ = '-';
        }

        *dst++ = oc_hex[uuid[i] >> 4];
        *dst++ = oc_hex[uuid[i] & 0x0f];
    }
}
