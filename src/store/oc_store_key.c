
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store.h"
#include "oc_store_key.h"


#define OC_STORE_MAX_TENANT  256


/*
 * A tenant is part of every key, in braces, as the hash tag of Redis Cluster:
 * braces within it, and bytes that are no text, would blur where it ends.
 * NGX_OK if the name can be used.
 */

ngx_int_t
oc_store_tenant_valid(ngx_str_t *tenant)
{
    size_t  i;

    if (tenant->len == 0 || tenant->len > OC_STORE_MAX_TENANT) {
        return NGX_ERROR;
    }

    for (i = 0; i < tenant->len; i++) {
        if (tenant->data[i] <= ' ' || tenant->data[i] == 0x7f
            || tenant->data[i] == '{' || tenant->data[i] == '}')
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Makes PREFIX{TENANT}:NAME, with "id" (NULL for none) behind it, in the
 * pool.
 */

ngx_int_t
oc_store_key_make(ngx_str_t *key, ngx_pool_t *pool, ngx_str_t *prefix,
    ngx_str_t *tenant, u_char *name, size_t len, ngx_str_t *id)
{
    u_char  *p;

    key->len = prefix->len + 1 + tenant->len + 2 + len + (id ? id->len : 0);

    p = ngx_pnalloc(pool, key->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    key->data = p;

    p = ngx_cpymem(p, prefix->data, prefix->len);
    *p++ = '{';
    p = ngx_cpymem(p, tenant->data, tenant->len);
    *p++ = '}';
    *p++ = ':';
    p = ngx_cpymem(p, name, len);

    if (id) {
        ngx_memcpy(p, id->data, id->len);
    }

    return NGX_OK;
}
