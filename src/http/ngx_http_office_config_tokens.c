
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config.h"
#include "oc_mac.h"
#include "oc_uuid.h"


/*
 * Tokens that were found good, by their digest and by what was asked of them.
 * Each process has so many as fit into the memory that it may take; the one
 * that was not used for the longest time makes room for a new one.
 *
 * The digest takes a key that nobody knows outside the process: a token that
 * would be taken for another cannot be computed, and how tokens share buckets
 * neither.  A digest without one has to withstand those who can compute it,
 * and costs twice as much and more.
 */

#define NGX_HTTP_OFFICE_CONFIG_TOKEN_TEXT  200


typedef struct ngx_http_office_config_entry_s
    ngx_http_office_config_entry_t;

struct ngx_http_office_config_entry_s {
    ngx_queue_t                        queue;
    ngx_http_office_config_entry_t    *next;       /* in its bucket */
    ngx_http_office_config_policy_t   *policy;
    time_t                             expires;
    ngx_uint_t                         version;    /* of the keys */
    ngx_uint_t                         rights;
    oc_mac_value_t                     digest;
    u_char                             thumbprint[OC_JWK_THUMBPRINT_LEN];
    u_char                             tenant;     /* lengths of the text */
    u_char                             subject;
    u_char                             client;
    u_char                             text[NGX_HTTP_OFFICE_CONFIG_TOKEN_TEXT];
};


struct ngx_http_office_config_tokens_s {
    size_t                             size;       /* bytes for all of it */
    ngx_uint_t                         max;        /* entries */
    ngx_uint_t                         used;       /* that were, ever */
    ngx_uint_t                         mask;       /* of the buckets */
    ngx_http_office_config_entry_t    *entries;    /* NULL: not allocated */
    ngx_http_office_config_entry_t   **buckets;
    ngx_queue_t                        queue;      /* the last used first */
    oc_mac_t                          *mac;
};


static ngx_int_t ngx_http_office_config_tokens_alloc(
    ngx_http_office_config_tokens_t *tokens);
static ngx_http_office_config_entry_t **ngx_http_office_config_tokens_bucket(
    ngx_http_office_config_tokens_t *tokens, oc_mac_value_t *digest);
static void ngx_http_office_config_tokens_unlink(
    ngx_http_office_config_tokens_t *tokens,
    ngx_http_office_config_entry_t *entry);
static ngx_uint_t ngx_http_office_config_tokens_stale(
    ngx_http_office_config_entry_t *entry);
static void ngx_http_office_config_tokens_cleanup(void *data);


/*
 * Makes the cache of a configuration, with a key of its own; its memory is
 * allocated when there is something to remember.  NULL if there is no memory,
 * or there are no random numbers.
 */

ngx_http_office_config_tokens_t *
ngx_http_office_config_tokens_create(ngx_conf_t *cf, size_t size)
{
    u_char                            key[OC_MAC_KEY_LEN];
    ngx_pool_cleanup_t               *cln;
    ngx_http_office_config_tokens_t  *tokens;

    cln = ngx_pool_cleanup_add(cf->pool,
                               sizeof(ngx_http_office_config_tokens_t));
    if (cln == NULL) {
        return NULL;
    }

    tokens = cln->data;
    ngx_memzero(tokens, sizeof(ngx_http_office_config_tokens_t));

    cln->handler = ngx_http_office_config_tokens_cleanup;

    tokens->size = size;

    ngx_queue_init(&tokens->queue);

    if (oc_random_bytes(key, OC_MAC_KEY_LEN) != NGX_OK) {
        return NULL;
    }

    tokens->mac = oc_mac_create(key);

    ngx_explicit_memzero(key, OC_MAC_KEY_LEN);

    if (tokens->mac == NULL) {
        return NULL;
    }

    return tokens;
}


static ngx_int_t
ngx_http_office_config_tokens_alloc(ngx_http_office_config_tokens_t *tokens)
{
    ngx_uint_t  n;

    for (n = 16;
         n * (sizeof(ngx_http_office_config_entry_t) + sizeof(void *))
         < tokens->size / 2;
         n *= 2)
    {
        /* void */
    }

    tokens->mask = n - 1;
    tokens->max = (tokens->size - n * sizeof(void *))
                  / sizeof(ngx_http_office_config_entry_t);

    tokens->buckets = ngx_calloc(n * sizeof(void *), ngx_cycle->log);
    if (tokens->buckets == NULL) {
        return NGX_ERROR;
    }

    /* pages that no entry has used are not taken from the system */

    tokens->entries = ngx_alloc(tokens->max
                                * sizeof(ngx_http_office_config_entry_t),
                                ngx_cycle->log);
    if (tokens->entries == NULL) {
        ngx_free(tokens->buckets);
        tokens->buckets = NULL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Looks for a token that was found good by a policy.  NGX_OK with what is
 * known of it, whose strings are in the pool; NGX_DECLINED if it is not there,
 * or no longer good.  Sets the digest, by which it may be added then, in
 * either case.  NGX_ERROR.
 */

ngx_int_t
ngx_http_office_config_tokens_find(ngx_http_office_config_tokens_t *tokens,
    ngx_http_office_config_policy_t *policy, ngx_str_t *text,
    oc_mac_value_t *digest, ngx_http_office_config_token_t *token,
    ngx_pool_t *pool)
{
    u_char                          *p;
    ngx_http_office_config_entry_t  *entry;

    if (oc_mac(tokens->mac, digest, text->data, text->len) != NGX_OK) {
        return NGX_ERROR;
    }

    if (tokens->entries == NULL) {
        return NGX_DECLINED;
    }

    for (entry = *ngx_http_office_config_tokens_bucket(tokens, digest);
         entry;
         entry = entry->next)
    {
        if (entry->policy == policy
            && oc_mac_equal(&entry->digest, digest))
        {
            break;
        }
    }

    if (entry == NULL) {
        return NGX_DECLINED;
    }

    ngx_queue_remove(&entry->queue);

    if (ngx_http_office_config_tokens_stale(entry)) {
        ngx_http_office_config_tokens_unlink(tokens, entry);
        ngx_queue_insert_tail(&tokens->queue, &entry->queue);
        entry->policy = NULL;
        return NGX_DECLINED;
    }

    ngx_queue_insert_head(&tokens->queue, &entry->queue);

    /* the entry may be another's before the request has ended */

    p = ngx_pnalloc(pool, entry->tenant + entry->subject + entry->client);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, entry->text,
               entry->tenant + entry->subject + entry->client);

    token->tenant.data = p;
    token->tenant.len = entry->tenant;
    token->subject.data = p + entry->tenant;
    token->subject.len = entry->subject;
    token->client.data = p + entry->tenant + entry->subject;
    token->client.len = entry->client;
    token->expires = entry->expires;
    token->rights = entry->rights;

    return NGX_OK;
}


/* Whether its time is over, or its key has gone. */

static ngx_uint_t
ngx_http_office_config_tokens_stale(ngx_http_office_config_entry_t *entry)
{
    oc_jwks_t                      *jwks;
    ngx_uint_t                      version;
    ngx_http_office_config_keys_t  *keys;

    if (ngx_time() >= entry->expires) {
        return 1;
    }

    keys = entry->policy->keys;
    version = ngx_http_office_config_keys_version(keys);

    if (entry->version == version) {
        return 0;
    }

    jwks = ngx_http_office_config_current_keys(keys, ngx_cycle->log);

    if (jwks == NULL || !oc_jwks_find_thumbprint(jwks, entry->thumbprint)) {
        return 1;
    }

    entry->version = version;

    return 0;
}


/*
 * Remembers a token that was looked for before and was found good.  One whose
 * strings are too long is not worth the room.
 */

void
ngx_http_office_config_tokens_add(ngx_http_office_config_tokens_t *tokens,
    ngx_http_office_config_policy_t *policy, oc_mac_value_t *digest,
    ngx_http_office_config_token_t *token)
{
    u_char                           *p;
    ngx_queue_t                      *q;
    ngx_http_office_config_entry_t   *entry, **bucket;

    if (token->tenant.len + token->subject.len + token->client.len
        > NGX_HTTP_OFFICE_CONFIG_TOKEN_TEXT)
    {
        return;
    }

    if (tokens->entries == NULL
        && ngx_http_office_config_tokens_alloc(tokens) != NGX_OK)
    {
        return;
    }

    if (tokens->used < tokens->max) {
        entry = &tokens->entries[tokens->used++];

    } else {
        q = ngx_queue_last(&tokens->queue);
        entry = ngx_queue_data(q, ngx_http_office_config_entry_t, queue);

        ngx_queue_remove(q);

        if (entry->policy) {
            ngx_http_office_config_tokens_unlink(tokens, entry);
        }
    }

    entry->policy = policy;
    entry->expires = token->expires;
    entry->version = ngx_http_office_config_keys_version(policy->keys);
    entry->rights = token->rights;
    entry->tenant = (u_char) token->tenant.len;
    entry->subject = (u_char) token->subject.len;
    entry->client = (u_char) token->client.len;
    entry->digest = *digest;

    ngx_memcpy(entry->thumbprint, token->thumbprint, OC_JWK_THUMBPRINT_LEN);

    p = ngx_cpymem(entry->text, token->tenant.data, token->tenant.len);
    p = ngx_cpymem(p, token->subject.data, token->subject.len);
    ngx_memcpy(p, token->client.data, token->client.len);

    bucket = ngx_http_office_config_tokens_bucket(tokens, digest);

    entry->next = *bucket;
    *bucket = entry;

    ngx_queue_insert_head(&tokens->queue, &entry->queue);
}


static ngx_http_office_config_entry_t **
ngx_http_office_config_tokens_bucket(ngx_http_office_config_tokens_t *tokens,
    oc_mac_value_t *digest)
{
    return &tokens->buckets[digest->words[0] & tokens->mask];
}


static void
ngx_http_office_config_tokens_unlink(ngx_http_office_config_tokens_t *tokens,
    ngx_http_office_config_entry_t *entry)
{
    ngx_http_office_config_entry_t  **link;

    link = ngx_http_office_config_tokens_bucket(tokens, &entry->digest);

    while (*link != entry) {
        link = &(*link)->next;
    }

    *link = entry->next;
}


static void
ngx_http_office_config_tokens_cleanup(void *data)
{
    ngx_http_office_config_tokens_t *tokens = data;

    if (tokens->entries) {
        ngx_free(tokens->entries);
        ngx_free(tokens->buckets);
    }

    oc_mac_free(tokens->mac);
}
