
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_conf.h"
#include "ngx_http_office_config_scan.h"
#include "oc_arena.h"
#include "oc_json.h"


#define NGX_HTTP_OFFICE_CONFIG_PAGE_SIZE  100
#define NGX_HTTP_OFFICE_CONFIG_CACHE      4194304
#define NGX_HTTP_OFFICE_CONFIG_HEAP       4194304


static ngx_int_t ngx_http_office_config_init(ngx_conf_t *cf);
static void *ngx_http_office_config_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_office_config_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_office_config_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_office_config_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static ngx_int_t ngx_http_office_config_init_process(ngx_cycle_t *cycle);
static void ngx_http_office_config_keep_heap(ngx_log_t *log);
static void ngx_http_office_config_exit_process(ngx_cycle_t *cycle);


static ngx_conf_post_t  ngx_http_office_config_inline_bounds = {
    ngx_http_office_config_check_inline
};

static ngx_conf_post_t  ngx_http_office_config_scan_bounds = {
    ngx_http_office_config_check_scan
};

static ngx_conf_post_t  ngx_http_office_config_positive = {
    ngx_http_office_config_check_positive
};

static ngx_conf_post_t  ngx_http_office_config_leeway_bounds = {
    ngx_http_office_config_check_leeway
};


static ngx_conf_post_t  ngx_http_office_config_batch_bounds = {
    ngx_http_office_config_check_batch
};


static ngx_command_t  ngx_http_office_config_commands[] = {

    { ngx_string("office_config_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_office_config_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_pass"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_HTTP_LMT_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_pass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_auth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_auth,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_jwt_key_file"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_jwt_keys,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_jwt_key_request"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_jwt_keys,
      NGX_HTTP_LOC_CONF_OFFSET,
      1,
      NULL },

    { ngx_string("office_config_jwt_key_refresh"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1234,
      ngx_http_office_config_jwt_key_refresh,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_jwt_symmetric"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, jwt.symmetric),
      NULL },

    { ngx_string("office_config_jwt_issuer"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_office_config_jwt_list,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, jwt.issuers),
      NULL },

    { ngx_string("office_config_jwt_audience"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_office_config_jwt_list,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, jwt.audiences),
      NULL },

    { ngx_string("office_config_jwt_leeway"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, jwt.leeway),
      &ngx_http_office_config_leeway_bounds },

    { ngx_string("office_config_jwt_realm"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_jwt_realm,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_jwt_authorization_uri"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_jwt_authorization_uri,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_jwt_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_jwt_cache,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_scope_read"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_office_config_scope,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, jwt.scopes[0]),
      NULL },

    { ngx_string("office_config_scope_write"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_office_config_scope,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, jwt.scopes[1]),
      NULL },

    { ngx_string("office_config_scope_checkin"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_office_config_scope,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, jwt.scopes[2]),
      NULL },

    { ngx_string("office_config_error"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_office_config_error,
      0,
      0,
      NULL },

    { ngx_string("office_config_tenant"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, tenant),
      NULL },

    { ngx_string("office_config_key_prefix"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_key_prefix,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_page_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_office_config_page_size,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("office_config_scan_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, scan_limit),
      &ngx_http_office_config_scan_bounds },

    { ngx_string("office_config_inline_checkins"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, inline_checkins),
      &ngx_http_office_config_inline_bounds },

    { ngx_string("office_config_checkin_retention"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, checkin_retention),
      &ngx_http_office_config_positive },

    { ngx_string("office_config_checkin_ahead"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, checkin_ahead),
      &ngx_http_office_config_positive },

    { ngx_string("office_config_batch_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, batch_limit),
      &ngx_http_office_config_batch_bounds },

    { ngx_string("office_config_base_url"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_base_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, base_url),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_office_config_module_ctx = {
    ngx_http_office_config_add_variables,      /* preconfiguration */
    ngx_http_office_config_init,               /* postconfiguration */

    ngx_http_office_config_create_main_conf,   /* create main configuration */
    ngx_http_office_config_init_main_conf,     /* init main configuration */

    NULL,                                      /* create server conf */
    NULL,                                      /* merge server conf */

    ngx_http_office_config_create_loc_conf,    /* create location
                                                  configuration */
    ngx_http_office_config_merge_loc_conf      /* merge location
                                                  configuration */
};


ngx_module_t  ngx_http_office_config_module = {
    NGX_MODULE_V1,
    &ngx_http_office_config_module_ctx,        /* module context */
    ngx_http_office_config_commands,           /* module directives */
    NGX_HTTP_MODULE,                           /* module type */
    NULL,                                      /* init master */
    NULL,                                      /* init module */
    ngx_http_office_config_init_process,       /* init process */
    NULL,                                      /* init thread */
    NULL,                                      /* exit thread */
    ngx_http_office_config_exit_process,       /* exit process */
    NULL,                                      /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_office_config_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_office_config_main_conf_t  *omcf;

    omcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_office_config_main_conf_t));
    if (omcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&omcf->redises, cf->pool, 2, sizeof(oc_redis_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&omcf->keys, cf->pool, 2,
                       sizeof(ngx_http_office_config_keys_t *))
        != NGX_OK
        || ngx_array_init(&omcf->policies, cf->pool, 2,
                          sizeof(ngx_http_office_config_policy_t *))
           != NGX_OK)
    {
        return NULL;
    }

    omcf->jwt_cache = NGX_CONF_UNSET_SIZE;

    return omcf;
}


static char *
ngx_http_office_config_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_office_config_main_conf_t *omcf = conf;

    ngx_conf_init_size_value(omcf->jwt_cache, NGX_HTTP_OFFICE_CONFIG_CACHE);

    return NGX_CONF_OK;
}


static void *
ngx_http_office_config_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_office_config_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_office_config_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->redis = NULL;
     *     conf->pass = { 0, NULL };
     *     conf->key_prefix = { 0, NULL };
     *     conf->policy = NULL;
     *     conf->root = { 0, NULL };
     *     conf->has_root = 0;
     */

    conf->auth = NGX_CONF_UNSET_UINT;
    conf->tenant = NGX_CONF_UNSET_PTR;
    conf->base_url = NGX_CONF_UNSET_PTR;
    conf->page_size = NGX_CONF_UNSET_UINT;
    conf->page_max = NGX_CONF_UNSET_UINT;
    conf->scan_limit = NGX_CONF_UNSET;
    conf->batch_limit = NGX_CONF_UNSET;
    conf->inline_checkins = NGX_CONF_UNSET;
    conf->checkin_retention = NGX_CONF_UNSET;
    conf->checkin_ahead = NGX_CONF_UNSET;

    ngx_http_office_config_jwt_create(&conf->jwt);

    return conf;
}


static char *
ngx_http_office_config_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_office_config_loc_conf_t *prev = parent;
    ngx_http_office_config_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_uint_value(conf->auth, prev->auth, NGX_CONF_UNSET_UINT);
    ngx_conf_merge_ptr_value(conf->tenant, prev->tenant, NULL);
    ngx_conf_merge_ptr_value(conf->base_url, prev->base_url, NULL);
    ngx_conf_merge_str_value(conf->key_prefix, prev->key_prefix, "oc:");
    ngx_conf_merge_uint_value(conf->page_size, prev->page_size,
                              NGX_HTTP_OFFICE_CONFIG_PAGE_SIZE);
    ngx_conf_merge_uint_value(conf->page_max, prev->page_max,
                              conf->page_size);
    ngx_conf_merge_value(conf->scan_limit, prev->scan_limit, 1000000);
    ngx_conf_merge_value(conf->batch_limit, prev->batch_limit, 20);
    ngx_conf_merge_value(conf->inline_checkins, prev->inline_checkins, 100);
    ngx_conf_merge_sec_value(conf->checkin_retention,
                             prev->checkin_retention, 90 * 86400);
    ngx_conf_merge_sec_value(conf->checkin_ahead, prev->checkin_ahead, 86400);

    ngx_http_office_config_jwt_merge(&prev->jwt, &conf->jwt);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->pass.len == 0) {

        if (!clcf->noname || prev->redis == NULL) {
            return NGX_CONF_OK;
        }

        /* "if" and "limit_except" within a location of ours */

        conf->redis = prev->redis;
        conf->policy = prev->policy;
        conf->root = prev->root;
        conf->has_root = prev->has_root;

        if (clcf->lmt_excpt && clcf->handler == NULL) {
            clcf->handler = ngx_http_office_config_handler;
        }

        return oc_store_conf(cf, conf->redis, &conf->key_prefix) == NGX_OK
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (conf->auth == NGX_CONF_UNSET_UINT) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"office_config_pass\" needs \"office_config_auth\": "
                      "say \"office_config_auth off\" to let everybody read "
                      "and write, in %V:%ui", &conf->file, conf->line);
        return NGX_CONF_ERROR;
    }

    if (clcf->noname) {
        conf->root = prev->root;
        conf->has_root = prev->has_root;

    } else if (!clcf->exact_match && !clcf->named
#if (NGX_PCRE)
               && clcf->regex == NULL
#endif
              )
    {
        conf->root = clcf->name;
        conf->has_root = 1;

        while (conf->root.len && conf->root.data[conf->root.len - 1] == '/') {
            conf->root.len--;
        }
    }

    if (ngx_http_office_config_resolve_policy(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_office_config_resolve_pass(cf, conf);
}


/* All of the configuration is read: names are looked up, filters put in. */

static ngx_int_t
ngx_http_office_config_init(ngx_conf_t *cf)
{
    ngx_uint_t                            i;
    oc_redis_t                          **redis;
    ngx_resolver_t                       *resolver;
    ngx_http_core_loc_conf_t             *clcf;
    ngx_http_office_config_main_conf_t   *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_office_config_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* without a "resolver" directive nginx puts in one without servers */

    resolver = clcf->resolver;

    if (resolver && resolver->connections.nelts == 0) {
        resolver = NULL;
    }

    redis = omcf->redises.elts;

    for (i = 0; i < omcf->redises.nelts; i++) {
        if (oc_redis_conf_done(cf, redis[i], resolver) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (omcf->policies.nelts && omcf->jwt_cache) {
        omcf->tokens = ngx_http_office_config_tokens_create(cf,
                                                            omcf->jwt_cache);
        if (omcf->tokens == NULL) {
            return NGX_ERROR;
        }
    }

    if (ngx_http_office_config_index_variables(cf, omcf->variables) != NGX_OK
        || ngx_http_office_config_access_init(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    oc_type_init();
    oc_store_init();

    if (ngx_http_office_config_metadata_init(cf, omcf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_office_config_filter_init(cf);
}


static ngx_int_t
ngx_http_office_config_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                            i;
    oc_redis_t                          **redis;
    ngx_http_office_config_main_conf_t   *omcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    omcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_office_config_module);
    if (omcf == NULL) {
        return NGX_OK;
    }

    oc_json_seed();

    redis = omcf->redises.elts;

    for (i = 0; i < omcf->redises.nelts; i++) {
        oc_redis_init_worker(redis[i], cycle);
    }

    if (i > 0) {
        ngx_http_office_config_keep_heap(cycle->log);
    }

    return NGX_OK;
}


/*
 * Requests that wait for one reply of Redis end together.  The C library
 * gives what they had back to the system as soon as 128 KB at the end of the
 * heap are free, to take it again, page fault by page fault, for the next
 * ones: that is half of what a check-in costs.  glibc raises this limit to
 * twice the largest block that was mapped by itself and has been freed, see
 * M_TRIM_THRESHOLD in mallopt(3), unless the environment says otherwise; so it
 * is shown such a block.  To others it is a block like any other.
 */

static void
ngx_http_office_config_keep_heap(ngx_log_t *log)
{
    void  *p;

    p = ngx_alloc(NGX_HTTP_OFFICE_CONFIG_HEAP, log);

    if (p != NULL) {
        ngx_free(p);
    }
}


static void
ngx_http_office_config_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                            i;
    oc_redis_t                          **redis;
    ngx_http_office_config_main_conf_t   *omcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return;
    }

    omcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_office_config_module);
    if (omcf == NULL) {
        return;
    }

    redis = omcf->redises.elts;

    for (i = 0; i < omcf->redises.nelts; i++) {
        oc_redis_exit_worker(redis[i]);
    }

    ngx_http_office_config_release_all();
    oc_arena_drain();
}
