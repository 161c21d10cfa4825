
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_conf.h"
#include "ngx_http_office_config_route.h"
#include "oc_batch.h"


#define NGX_HTTP_OFFICE_CONFIG_MAX_TIME  (10 * 366 * 86400)


static oc_redis_t *ngx_http_office_config_find_redis(
    ngx_http_office_config_main_conf_t *omcf, ngx_str_t *name);
static oc_redis_t *ngx_http_office_config_add_redis(ngx_conf_t *cf,
    ngx_str_t *name);
static ngx_uint_t ngx_http_office_config_is_url(ngx_str_t *pass);


/* Finds the Redis that office_config_pass names, or makes that of its URL. */

char *
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

char *
ngx_http_office_config_check_inline(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *n = data;

    return (*n >= 1 && *n <= 500) ? NGX_CONF_OK
                                  : "must be between 1 and 500";
}


/* The items of a collection that a request may look at. */

char *
ngx_http_office_config_check_scan(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *n = data;

    return (*n >= 1 && *n <= 1000000000)
           ? NGX_CONF_OK : "must be between 1 and 1000000000";
}


/* So many requests can be waited for at once. */

char *
ngx_http_office_config_check_batch(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *n = data;

    return (*n >= 1 && *n <= OC_BATCH_MAX_ITEMS) ? NGX_CONF_OK
                                                 : "must be between 1 and 100";
}


/* Zero seconds are no time to keep something. */

char *
ngx_http_office_config_check_positive(ngx_conf_t *cf, void *post, void *data)
{
    time_t *sec = data;

    if (*sec > 0 && *sec <= NGX_HTTP_OFFICE_CONFIG_MAX_TIME) {
        return NGX_CONF_OK;
    }

    return "must be between 1 second and 10 years";
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


char *
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


char *
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


char *
ngx_http_office_config_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    clcf->handler = ngx_http_office_config_error_handler;

    return NGX_CONF_OK;
}


char *
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


char *
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
    olcf->page_max = n;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    if (value[2].len > 4 && ngx_strncmp(value[2].data, "max=", 4) == 0) {

        n = ngx_atoi(value[2].data + 4, value[2].len - 4);

        if (n >= (ngx_int_t) olcf->page_size && n <= OC_STORE_MAX_PAGE) {
            olcf->page_max = n;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in "
                       "\"office_config_page_size\" directive, it must be "
                       "\"max=\" and a number between the size and %d",
                       &value[2], OC_STORE_MAX_PAGE);

    return NGX_CONF_ERROR;
}


char *
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
