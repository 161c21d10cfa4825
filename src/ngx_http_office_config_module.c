
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_route.h"
#include "oc_arena.h"
#include "oc_json.h"


#define NGX_HTTP_OFFICE_CONFIG_PAGE_SIZE  100


static char *ngx_http_office_config_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_office_config_pass(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_office_config_auth(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_office_config_error(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_office_config_key_prefix(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_office_config_page_size(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_office_config_base_url(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static oc_redis_t *ngx_http_office_config_find_redis(
    ngx_http_office_config_main_conf_t *omcf, ngx_str_t *name);
static oc_redis_t *ngx_http_office_config_add_redis(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_uint_t ngx_http_office_config_is_url(ngx_str_t *pass);
static char *ngx_http_office_config_resolve_pass(ngx_conf_t *cf,
    ngx_http_office_config_loc_conf_t *olcf);
static ngx_int_t ngx_http_office_config_init(ngx_conf_t *cf);
static void *ngx_http_office_config_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_office_config_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_office_config_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_office_config_check_inline(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_office_config_check_positive(ngx_conf_t *cf,
    void *post, void *data);
static ngx_int_t ngx_http_office_config_init_process(ngx_cycle_t *cycle);
static void ngx_http_office_config_exit_process(ngx_cycle_t *cycle);


#define NGX_HTTP_OFFICE_CONFIG_MAX_TIME  (10 * 366 * 86400)


static ngx_conf_post_t  ngx_http_office_config_inline_bounds = {
    ngx_http_office_config_check_inline
};

static ngx_conf_post_t  ngx_http_office_config_positive = {
    ngx_http_office_config_check_positive
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
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_page_size,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

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

    { ngx_string("office_config_base_url"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_office_config_base_url,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_office_config_loc_conf_t, base_url),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_office_config_module_ctx = {
    NULL,                                      /* preconfiguration */
    ngx_http_office_config_init,               /* postconfiguration */

    ngx_http_office_config_create_main_conf,   /* create main configuration */
    NULL,                                      /* init main configuration */

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

    return omcf;
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
     *     conf->root = { 0, NULL };
     *     conf->has_root = 0;
     */

    conf->auth = NGX_CONF_UNSET_UINT;
    conf->tenant = NGX_CONF_UNSET_PTR;
    conf->base_url = NGX_CONF_UNSET_PTR;
    conf->page_size = NGX_CONF_UNSET_UINT;
    conf->inline_checkins = NGX_CONF_UNSET;
    conf->checkin_retention = NGX_CONF_UNSET;
    conf->checkin_ahead = NGX_CONF_UNSET;

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
    ngx_conf_merge_value(conf->inline_checkins, prev->inline_checkins, 100);
    ngx_conf_merge_sec_value(conf->checkin_retention,
                             prev->checkin_retention, 90 * 86400);
    ngx_conf_merge_sec_value(conf->checkin_ahead, prev->checkin_ahead, 86400);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->pass.len == 0) {

        if (!clcf->noname || prev->redis == NULL) {
            return NGX_CONF_OK;
        }

        /* "if" and "limit_except" within a location of ours */

        conf->redis = prev->redis;
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

    return ngx_http_office_config_resolve_pass(cf, conf);
}


/* Finds the Redis that office_config_pass names, or makes that of its URL. */

static char *
ngx_http_office_config_resolve_pass(ngx_conf_t *cf,
    ngx_http_office_config_loc_conf_t *olcf)
{
    oc_redis_t                          *redis;
    ngx_http_office_config_main_conf_t  *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_office_config_module);

    redis = ngx_http_office_config_find_redis(omcf, &olcf->pass);

    if (redis == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"office_config_redis\" is named \"%V\" as "
                      "\"office_config_pass\" wants in %V:%ui",
                      &olcf->pass, &olcf->file, olcf->line);
        return NGX_CONF_ERROR;
    }

    olcf->redis = redis;

    return oc_store_conf(cf, redis, &olcf->key_prefix) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* So many keys are in a link to the other check-ins. */

static char *
ngx_http_office_config_check_inline(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *n = data;

    return (*n >= 1 && *n <= 500) ? NGX_CONF_OK
                                  : "must be between 1 and 500";
}


/* Zero seconds are no time to keep something. */

static char *
ngx_http_office_config_check_positive(ngx_conf_t *cf, void *post, void *data)
{
    time_t *sec = data;

    if (*sec > 0 && *sec <= NGX_HTTP_OFFICE_CONFIG_MAX_TIME) {
        return NGX_CONF_OK;
    }

    return "must be between 1 second and 10 years";
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

    oc_type_init();
    oc_store_init();

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

    return NGX_OK;
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

    oc_arena_drain();
}


static oc_redis_t *
ngx_http_office_config_find_redis(ngx_http_office_config_main_conf_t *omcf,
    ngx_str_t *name)
{
    ngx_str_t    *other;
    ngx_uint_t    i;
    oc_redis_t  **redis;

    redis = omcf->redises.elts;

    for (i = 0; i < omcf->redises.nelts; i++) {
        other = oc_redis_name(redis[i]);

        if (other->len == name->len
            && ngx_strncmp(other->data, name->data, name->len) == 0)
        {
            return redis[i];
        }
    }

    return NULL;
}


static oc_redis_t *
ngx_http_office_config_add_redis(ngx_conf_t *cf, ngx_str_t *name)
{
    oc_redis_t                          **redis;
    ngx_http_office_config_main_conf_t   *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_office_config_module);

    redis = ngx_array_push(&omcf->redises);
    if (redis == NULL) {
        return NULL;
    }

    *redis = oc_redis_create(cf, name);

    return *redis;
}


static ngx_uint_t
ngx_http_office_config_is_url(ngx_str_t *pass)
{
    return ngx_strlchr(pass->data, pass->data + pass->len, ':') != NULL;
}


static char *
ngx_http_office_config_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_office_config_main_conf_t *omcf = conf;

    ngx_str_t   *value;
    oc_redis_t  *redis;

    value = cf->args->elts;

    if (value[1].len == 0 || ngx_http_office_config_is_url(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name \"%V\" in \"office_config_redis\" "
                           "directive", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_office_config_find_redis(omcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate \"office_config_redis\" \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    redis = ngx_http_office_config_add_redis(cf, &value[1]);
    if (redis == NULL) {
        return NGX_CONF_ERROR;
    }

    return oc_redis_conf_block(cf, redis);
}


static char *
ngx_http_office_config_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_str_t                           *value;
    oc_redis_t                          *redis;
    ngx_http_core_loc_conf_t            *clcf;
    ngx_http_office_config_main_conf_t  *omcf;

    if (olcf->pass.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "empty name in \"office_config_pass\" directive");
        return NGX_CONF_ERROR;
    }

    olcf->pass = value[1];
    olcf->file = cf->conf_file->file.name;
    olcf->line = cf->conf_file->line;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_office_config_handler;

    if (!ngx_http_office_config_is_url(&value[1])) {

        /* the block may stand further down: it is looked for at the end */

        return NGX_CONF_OK;
    }

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_office_config_module);

    if (ngx_http_office_config_find_redis(omcf, &value[1])) {
        return NGX_CONF_OK;
    }

    redis = ngx_http_office_config_add_redis(cf, &value[1]);
    if (redis == NULL) {
        return NGX_CONF_ERROR;
    }

    return oc_redis_conf_server(cf, redis, &value[1]);
}


static char *
ngx_http_office_config_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_str_t  *value;

    if (olcf->auth != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len != 3 || ngx_strncmp(value[1].data, "off", 3) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"office_config_auth\" "
                           "directive, it must be \"off\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    olcf->auth = NGX_HTTP_OFFICE_CONFIG_AUTH_OFF;

    return NGX_CONF_OK;
}


static char *
ngx_http_office_config_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    clcf->handler = ngx_http_office_config_error_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_office_config_key_prefix(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_str_t  *value;

    if (olcf->key_prefix.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strlchr(value[1].data, value[1].data + value[1].len, '{')
        || ngx_strlchr(value[1].data, value[1].data + value[1].len, '}'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in "
                           "\"office_config_key_prefix\" directive: braces "
                           "enclose the tenant in a key", &value[1]);
        return NGX_CONF_ERROR;
    }

    olcf->key_prefix = value[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_office_config_page_size(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (olcf->page_size != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n < 1 || n > OC_STORE_MAX_PAGE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in "
                           "\"office_config_page_size\" directive, it must "
                           "be between 1 and %d", &value[1],
                           OC_STORE_MAX_PAGE);
        return NGX_CONF_ERROR;
    }

    olcf->page_size = n;

    return NGX_CONF_OK;
}


static char *
ngx_http_office_config_base_url(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    /* what variables say is checked in each request */

    if (ngx_http_script_variables_count(&value[1]) == 0
        && !ngx_http_office_config_is_absolute(&value[1]))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in "
                           "\"office_config_base_url\" directive, it must "
                           "be an absolute http or https URL",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    return ngx_http_set_complex_value_slot(cf, cmd, conf);
}
