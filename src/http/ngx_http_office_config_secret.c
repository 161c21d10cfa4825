
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_skiptoken.h"
#include "oc_uuid.h"


/*
 * The secrets of tenants that a worker knows: a table in which one takes the
 * place of another, each for a minute.  Redis has them for all machines.
 */

#define NGX_HTTP_OFFICE_CONFIG_SECRETS      256
#define NGX_HTTP_OFFICE_CONFIG_SECRET_TIME  60


typedef struct {
    u_char                    name[OC_SEAL_DIGEST_LEN];
    u_char                    secret[OC_SEAL_SECRET_LEN];
    time_t                    expires;
} ngx_http_office_config_secret_t;


static ngx_int_t ngx_http_office_config_secret_slot(
    ngx_http_office_config_ctx_t *ctx, ngx_http_request_t *r, u_char *name,
    ngx_http_office_config_secret_t **slot);
static ngx_int_t ngx_http_office_config_got_secret(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


static ngx_http_office_config_secret_t
    ngx_http_office_config_secrets[NGX_HTTP_OFFICE_CONFIG_SECRETS];


/*
 * Sees to it that ctx->secret is what seals the tokens of the tenant, then
 * calls "answer".  Returns what that does, or NGX_BUSY.
 */

ngx_int_t
ngx_http_office_config_with_secret(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_http_office_config_answer_pt answer)
{
    u_char                            name[OC_SEAL_DIGEST_LEN];
    u_char                            fresh[OC_SEAL_SECRET_LEN];
    ngx_str_t                         candidate;
    ngx_http_office_config_secret_t  *slot;

    if (ctx->secret_known) {
        return answer(r, ctx);
    }

    if (ngx_http_office_config_secret_slot(ctx, r, name, &slot) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!ctx->secret_stale && slot->expires > ngx_time()
        && ngx_memcmp(slot->name, name, OC_SEAL_DIGEST_LEN) == 0)
    {
        ngx_memcpy(ctx->secret, slot->secret, OC_SEAL_SECRET_LEN);
        ctx->secret_known = 1;

        return answer(r, ctx);
    }

    if (oc_random_bytes(fresh, OC_SEAL_SECRET_LEN) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    candidate.data = fresh;
    candidate.len = OC_SEAL_SECRET_LEN;

    ctx->sealed = answer;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got_secret);

    return oc_store_secret(&ctx->call, &candidate) == NGX_OK
           ? NGX_BUSY : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_office_config_got_secret(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    u_char                            name[OC_SEAL_DIGEST_LEN];
    ngx_http_office_config_secret_t  *slot;

    if (ngx_http_office_config_secret_slot(ctx, r, name, &slot) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(slot->name, name, OC_SEAL_DIGEST_LEN);
    ngx_memcpy(slot->secret, ctx->call.secret.data, OC_SEAL_SECRET_LEN);
    slot->expires = ngx_time() + NGX_HTTP_OFFICE_CONFIG_SECRET_TIME;

    ngx_memcpy(ctx->secret, slot->secret, OC_SEAL_SECRET_LEN);

    ctx->secret_known = 1;
    ctx->secret_fresh = 1;

    return ctx->sealed(r, ctx);
}


/*
 * Whether another secret may open what this one does not: one that was not
 * asked for now.  It is asked for next time then.
 */

ngx_uint_t
ngx_http_office_config_secret_stale(ngx_http_office_config_ctx_t *ctx)
{
    if (ctx->secret_fresh) {
        return 0;
    }

    ctx->secret_known = 0;
    ctx->secret_stale = 1;

    return 1;
}


static ngx_int_t
ngx_http_office_config_secret_slot(ngx_http_office_config_ctx_t *ctx,
    ngx_http_request_t *r, u_char *name,
    ngx_http_office_config_secret_t **slot)
{
    ngx_str_t                           parts[3];
    ngx_http_office_config_loc_conf_t  *olcf;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    parts[0] = *oc_redis_name(olcf->redis);
    parts[1] = olcf->key_prefix;
    parts[2] = ctx->call.tenant;

    if (oc_seal_digest(name, parts, 3) != NGX_OK) {
        return NGX_ERROR;
    }

    *slot = &ngx_http_office_config_secrets[
                                 name[0] % NGX_HTTP_OFFICE_CONFIG_SECRETS];

    return NGX_OK;
}
