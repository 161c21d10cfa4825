
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * The symbols of nginx that a program without nginx may need: its variables,
 * a log that keeps nothing, and pools that take each allocation from malloc(),
 * so that a sanitizer sees where it ends.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>

#include <openssl/evp.h>


ngx_pid_t                   ngx_pid = 1;
ngx_uint_t                  ngx_pagesize = 4096;
ngx_uint_t                  ngx_pagesize_shift = 12;
ngx_uint_t                  ngx_cacheline_size = 64;

static ngx_log_t            ngx_unit_log;
static ngx_cycle_t          ngx_unit_cycle = { .log = &ngx_unit_log };

volatile ngx_cycle_t       *ngx_cycle = &ngx_unit_cycle;

static ngx_time_t           ngx_unit_time = { 1767225600, 0, 0 };

volatile ngx_time_t        *ngx_cached_time = &ngx_unit_time;
volatile ngx_msec_t         ngx_current_msec;


#if (NGX_HAVE_VARIADIC_MACROS)

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)

#else

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, va_list args)

#endif
{
    /* a log level of zero: nothing is logged */
}


ngx_int_t
ngx_strncasecmp(u_char *s1, u_char *s2, size_t n)
{
    u_char  c1, c2;

    for ( /* void */ ; n; n--, s1++, s2++) {
        c1 = ngx_tolower(*s1);
        c2 = ngx_tolower(*s2);

        if (c1 != c2 || c1 == '\0') {
            return c1 - c2;
        }
    }

    return 0;
}


/* how many allocations still succeed; the pools themselves do not count */

ngx_uint_t  ngx_unit_allocations = NGX_MAX_UINT32_VALUE;


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    if (ngx_unit_allocations == 0) {
        return NULL;
    }

    ngx_unit_allocations--;

    return malloc(size);
}


ngx_pool_t *
ngx_create_pool(size_t size, ngx_log_t *log)
{
    ngx_pool_t  *pool;

    pool = calloc(1, sizeof(ngx_pool_t));

    if (pool) {
        pool->log = log;
    }

    return pool;
}


void
ngx_destroy_pool(ngx_pool_t *pool)
{
    ngx_pool_large_t  *large, *next;

    for (large = pool->large; large; large = next) {
        next = large->next;
        free(large->alloc);
        free(large);
    }

    free(pool);
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    ngx_pool_large_t  *large;

    if (ngx_unit_allocations == 0) {
        return NULL;
    }

    ngx_unit_allocations--;

    large = malloc(sizeof(ngx_pool_large_t));
    if (large == NULL) {
        return NULL;
    }

    large->alloc = malloc(size);
    large->next = pool->large;
    pool->large = large;

    return large->alloc;
}


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    return ngx_pnalloc(pool, size);
}


ngx_int_t
ngx_pfree(ngx_pool_t *pool, void *p)
{
    ngx_pool_large_t  *large, **previous;

    for (previous = &pool->large; *previous; previous = &large->next) {
        large = *previous;

        if (large->alloc == p) {
            *previous = large->next;
            free(large->alloc);
            free(large);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = ngx_pnalloc(pool, size);

    if (p) {
        ngx_memzero(p, size);
    }

    return p;
}


/* SHA-1, by OpenSSL; one digest at a time, which is kept here */

static EVP_MD_CTX  *sha1;


void
ngx_sha1_init(ngx_sha1_t *ctx)
{
    if (sha1 == NULL) {
        sha1 = EVP_MD_CTX_new();
    }

    EVP_DigestInit_ex(sha1, EVP_sha1(), NULL);
}


void
ngx_sha1_update(ngx_sha1_t *ctx, const void *data, size_t size)
{
    EVP_DigestUpdate(sha1, data, size);
}


void
ngx_sha1_final(u_char result[20], ngx_sha1_t *ctx)
{
    EVP_DigestFinal_ex(sha1, result, NULL);
}
