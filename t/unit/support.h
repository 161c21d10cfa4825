
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What several unit tests and fuzz targets need:
 *
 *     unit_random()             64 pseudo-random bits, the same in each run
 *     unit_below(n)             a pseudo-random number below n
 *     unit_copy(data, len)      the bytes in a block of their own, so that a
 *                               sanitizer sees what is read behind them; the
 *                               caller frees it
 *     ngx_unit_allocations      how many allocations from pools still succeed
 */


#ifndef _SUPPORT_H_INCLUDED_
#define _SUPPORT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


extern ngx_uint_t  ngx_unit_allocations;


static uint64_t    unit_random_state;


/* splitmix64 */

static inline uint64_t
unit_random(void)
{
    uint64_t  n;

    unit_random_state += UINT64_C(0x9e3779b97f4a7c15);

    n = unit_random_state;
    n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);

    return n ^ n >> 31;
}


static inline uint64_t
unit_below(uint64_t n)
{
    return unit_random() % n;
}


static inline u_char *
unit_copy(const void *data, size_t len)
{
    u_char  *p;

    p = malloc(len);
    if (p == NULL) {
        abort();
    }

    if (len) {
        memcpy(p, data, len);
    }

    return p;
}


#endif /* _SUPPORT_H_INCLUDED_ */
