
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_conf.h"
#include "ngx_http_office_config_route.h"


#define NGX_HTTP_OFFICE_CONFIG_READ_SCOPES                                    \
    "DeviceManagementConfiguration.Read.All "                                 \
    "DeviceManagementConfiguration.ReadWrite.All"

#define NGX_HTTP_OFFICE_CONFIG_WRITE_SCOPES                                   \
    "DeviceManagementConfiguration.ReadWrite.All"

#define NGX_HTTP_OFFICE_CONFIG_MAX_LEEWAY  3600
#define NGX_HTTP_OFFICE_CONFIG_MIN_CACHE   16384


static ngx_uint_t ngx_http_office_config_is_quotable(ngx_str_t *s);
static ngx_int_t ngx_http_office_config_refresh_parameter(
    ngx_http_office_config_jwt_conf_t *jwt, ngx_str_t *value);
static ngx_int_t ngx_http_office_config_time(u_char *p, size_t len,
    ngx_msec_t *msec);
static ngx_int_t ngx_http_office_config_need(ngx_conf_t *cf,
    ngx_http_office_config_loc_conf_t *olcf, ngx_uint_t there,
    const char *what);
static ngx_uint_t ngx_http_office_config_same_policy(
    ngx_http_office_config_policy_t *one,
    ngx_http_office_config_policy_t *other);


char *
ngx_http_office_config_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_str_t  *value;

    if (olcf->auth != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 3 && ngx_strncmp(value[1].data, "off", 3) == 0) {
        olcf->auth = NGX_HTTP_OFFICE_CONFIG_AUTH_OFF;
        return NGX_CONF_OK;
    }

    if (value[1].len == 3 && ngx_strncmp(value[1].data, "jwt", 3) == 0) {
        olcf->auth = NGX_HTTP_OFFICE_CONFIG_AUTH_JWT;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"office_config_auth\" "
                       "directive, it must be \"jwt\" or \"off\"", &value[1]);

    return NGX_CONF_ERROR;
}


/* office_config_jwt_key_file and office_config_jwt_key_request */

char *
ngx_http_office_config_jwt_keys(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_str_t                          *value;
    ngx_http_office_config_jwt_conf_t  *jwt;

    jwt = &olcf->jwt;

    if (jwt->source.data) {
        return jwt->request == cmd->offset
               ? "is duplicate"
               : "is beside another source of keys: "
                 "\"office_config_jwt_key_file\" and "
                 "\"office_config_jwt_key_request\" exclude each other";
    }

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "is empty";
    }

    jwt->source = value[1];
    jwt->source_file = cf->conf_file->file.name;
    jwt->source_line = cf->conf_file->line;
    jwt->request = cmd->offset;

    if (!jwt->request) {
        return ngx_conf_full_name(cf->cycle, &jwt->source, 1) == NGX_OK
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (value[1].data[0] != '/' || ngx_strchr(value[1].data, '$')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URI \"%V\" in \"%V\" directive, it must "
                           "begin with \"/\" and have no variables",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Lists of strings, to which each directive of a level adds. */

char *
ngx_http_office_config_jwt_list(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t     *value, *s;
    ngx_uint_t     i;
    ngx_array_t  **list;

    list = (ngx_array_t **) ((u_char *) conf + cmd->offset);

    if (*list == NGX_CONF_UNSET_PTR) {
        *list = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (*list == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0) {
            return "has an empty value";
        }

        s = ngx_array_push(*list);
        if (s == NULL) {
            return NGX_CONF_ERROR;
        }

        *s = value[i];
    }

    return NGX_CONF_OK;
}


/*
 * Scopes of one right, joined with spaces.  They have the characters of a
 * scope-token (RFC 6749, 3.3).
 */

char *
ngx_http_office_config_scope(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char      *p;
    size_t       len;
    ngx_str_t   *value, *scopes;
    ngx_uint_t   i;

    scopes = (ngx_str_t *) ((u_char *) conf + cmd->offset);

    if (scopes->data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    len = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0 || ngx_strlchr(value[i].data,
                                             value[i].data + value[i].len, ' ')
            || !ngx_http_office_config_is_quotable(&value[i]))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid scope \"%V\" in \"%V\" directive",
                               &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }

        len += value[i].len + 1;
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    scopes->data = p;
    scopes->len = len - 1;

    for (i = 1; i < cf->args->nelts; i++) {
        p = ngx_cpymem(p, value[i].data, value[i].len);
        *p++ = ' ';
    }

    return NGX_CONF_OK;
}


char *
ngx_http_office_config_jwt_realm(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_str_t  *value;

    if (olcf->jwt.realm.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (!ngx_http_office_config_is_quotable(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in "
                           "\"office_config_jwt_realm\" directive, it must "
                           "be printable ASCII without quotes and "
                           "backslashes", &value[1]);
        return NGX_CONF_ERROR;
    }

    olcf->jwt.realm = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_office_config_jwt_authorization_uri(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_str_t  *value;

    if (olcf->jwt.authorization_uri.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (!ngx_http_office_config_is_absolute(&value[1])
        || !ngx_http_office_config_is_quotable(&value[1]))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in "
                           "\"office_config_jwt_authorization_uri\" "
                           "directive, it must be an absolute http or https "
                           "URL", &value[1]);
        return NGX_CONF_ERROR;
    }

    olcf->jwt.authorization_uri = value[1];

    return NGX_CONF_OK;
}


/* What can stand in a quoted-string as it is. */

static ngx_uint_t
ngx_http_office_config_is_quotable(ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < ' ' || s->data[i] >= 0x7f || s->data[i] == '"'
            || s->data[i] == '\\')
        {
            return 0;
        }
    }

    return 1;
}


char *
ngx_http_office_config_jwt_key_refresh(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_office_config_loc_conf_t *olcf = conf;

    ngx_str_t                          *value;
    ngx_uint_t                          i;
    ngx_http_office_config_jwt_conf_t  *jwt;

    jwt = &olcf->jwt;

    if (jwt->interval != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;
    i = 1;

    if (ngx_http_office_config_time(value[1].data, value[1].len,
                                    &jwt->interval)
        != NGX_OK)
    {
        goto invalid;
    }

    jwt->min = 5000;
    jwt->timeout = 10000;
    jwt->waiting = 256;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_office_config_refresh_parameter(jwt, &value[i])
            != NGX_OK)
        {
            goto invalid;
        }
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in "
                       "\"office_config_jwt_key_refresh\" directive",
                       &value[i]);

    return NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_office_config_refresh_parameter(
    ngx_http_office_config_jwt_conf_t *jwt, ngx_str_t *value)
{
    ngx_int_t  n;

    if (ngx_strncmp(value->data, "min=", 4) == 0) {
        return ngx_http_office_config_time(value->data + 4, value->len - 4,
                                           &jwt->min);
    }

    if (ngx_strncmp(value->data, "timeout=", 8) == 0) {
        return ngx_http_office_config_time(value->data + 8, value->len - 8,
                                           &jwt->timeout);
    }

    if (ngx_strncmp(value->data, "waiting=", 8) == 0) {
        n = ngx_atoi(value->data + 8, value->len - 8);

        if (n < 1 || n > 65536) {
            return NGX_ERROR;
        }

        jwt->waiting = n;

        return NGX_OK;
    }

    return NGX_ERROR;
}


/* A time that is neither zero nor longer than a day. */

static ngx_int_t
ngx_http_office_config_time(u_char *p, size_t len, ngx_msec_t *msec)
{
    ngx_int_t  n;
    ngx_str_t  s;

    s.data = p;
    s.len = len;

    n = ngx_parse_time(&s, 0);

    if (n < 1 || n > 86400000) {
        return NGX_ERROR;
    }

    *msec = n;

    return NGX_OK;
}


/* Clocks that differ more are to be set. */

char *
ngx_http_office_config_check_leeway(ngx_conf_t *cf, void *post, void *data)
{
    time_t *sec = data;

    return (*sec >= 0 && *sec <= NGX_HTTP_OFFICE_CONFIG_MAX_LEEWAY)
           ? NGX_CONF_OK : "must be between 0 and 1 hour";
}


char *
ngx_http_office_config_jwt_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_office_config_main_conf_t *omcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (omcf->jwt_cache != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len == 3 && ngx_strncmp(value[1].data, "off", 3) == 0) {
        omcf->jwt_cache = 0;
        return NGX_CONF_OK;
    }

    size = ngx_parse_size(&value[1]);

    if (size < NGX_HTTP_OFFICE_CONFIG_MIN_CACHE || size > 1024 * 1048576) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in "
                           "\"office_config_jwt_cache\" directive, it must "
                           "be \"off\" or between 16k and 1024m", &value[1]);
        return NGX_CONF_ERROR;
    }

    omcf->jwt_cache = size;

    return NGX_CONF_OK;
}


void
ngx_http_office_config_jwt_create(ngx_http_office_config_jwt_conf_t *jwt)
{
    /*
     * set by ngx_pcalloc():
     *
     *     jwt->source = { 0, NULL };
     *     jwt->request = 0;
     *     jwt->realm = { 0, NULL };
     *     jwt->authorization_uri = { 0, NULL };
     *     jwt->scopes[] = { 0, NULL };
     */

    jwt->symmetric = NGX_CONF_UNSET;
    jwt->interval = NGX_CONF_UNSET_MSEC;
    jwt->min = NGX_CONF_UNSET_MSEC;
    jwt->timeout = NGX_CONF_UNSET_MSEC;
    jwt->waiting = NGX_CONF_UNSET_UINT;
    jwt->issuers = NGX_CONF_UNSET_PTR;
    jwt->audiences = NGX_CONF_UNSET_PTR;
    jwt->leeway = NGX_CONF_UNSET;
}


void
ngx_http_office_config_jwt_merge(ngx_http_office_config_jwt_conf_t *prev,
    ngx_http_office_config_jwt_conf_t *conf)
{
    if (conf->source.data == NULL) {
        conf->source = prev->source;
        conf->source_file = prev->source_file;
        conf->source_line = prev->source_line;
        conf->request = prev->request;
    }

    ngx_conf_merge_value(conf->symmetric, prev->symmetric, 0);
    ngx_conf_merge_msec_value(conf->interval, prev->interval, 600000);
    ngx_conf_merge_msec_value(conf->min, prev->min, 5000);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 10000);
    ngx_conf_merge_uint_value(conf->waiting, prev->waiting, 256);
    ngx_conf_merge_ptr_value(conf->issuers, prev->issuers, NULL);
    ngx_conf_merge_ptr_value(conf->audiences, prev->audiences, NULL);
    ngx_conf_merge_sec_value(conf->leeway, prev->leeway, 60);
    ngx_conf_merge_str_value(conf->realm, prev->realm, "officeConfiguration");
    ngx_conf_merge_str_value(conf->authorization_uri, prev->authorization_uri,
                             "");
    ngx_conf_merge_str_value(conf->scopes[0], prev->scopes[0],
                             NGX_HTTP_OFFICE_CONFIG_READ_SCOPES);
    ngx_conf_merge_str_value(conf->scopes[1], prev->scopes[1],
                             NGX_HTTP_OFFICE_CONFIG_WRITE_SCOPES);
    ngx_conf_merge_str_value(conf->scopes[2], prev->scopes[2], "");
}


/*
 * What is asked of tokens in a location with office_config_pass.  All that
 * makes a token one of this service must be there.
 */

char *
ngx_http_office_config_resolve_policy(ngx_conf_t *cf,
    ngx_http_office_config_loc_conf_t *olcf)
{
    ngx_uint_t                            i;
    ngx_http_office_config_policy_t      *policy, **policies;
    ngx_http_office_config_jwt_conf_t    *jwt;
    ngx_http_office_config_main_conf_t   *omcf;

    if (olcf->auth != NGX_HTTP_OFFICE_CONFIG_AUTH_JWT) {
        return NGX_CONF_OK;
    }

    jwt = &olcf->jwt;

    if (ngx_http_office_config_need(cf, olcf, jwt->source.len,
                                    "\"office_config_jwt_key_file\" or "
                                    "\"office_config_jwt_key_request\"")
        != NGX_OK
        || ngx_http_office_config_need(cf, olcf, jwt->issuers != NULL,
                                       "\"office_config_jwt_issuer\"")
           != NGX_OK
        || ngx_http_office_config_need(cf, olcf, jwt->audiences != NULL,
                                       "\"office_config_jwt_audience\"")
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    policy = ngx_pcalloc(cf->pool, sizeof(ngx_http_office_config_policy_t));
    if (policy == NULL) {
        return NGX_CONF_ERROR;
    }

    policy->keys = ngx_http_office_config_keys(cf, jwt);
    if (policy->keys == NULL) {
        return NGX_CONF_ERROR;
    }

    policy->jwt.issuers = jwt->issuers->elts;
    policy->jwt.nissuers = jwt->issuers->nelts;
    policy->jwt.audiences = jwt->audiences->elts;
    policy->jwt.naudiences = jwt->audiences->nelts;
    policy->jwt.leeway = jwt->leeway;
    policy->jwt.tenant = (olcf->tenant == NULL);
    policy->realm = jwt->realm;
    policy->authorization_uri = jwt->authorization_uri;

    for (i = 0; i < NGX_HTTP_OFFICE_CONFIG_NRIGHTS; i++) {
        policy->scopes[i] = jwt->scopes[i];
    }

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_office_config_module);

    policies = omcf->policies.elts;

    for (i = 0; i < omcf->policies.nelts; i++) {
        if (ngx_http_office_config_same_policy(policies[i], policy)) {
            olcf->policy = policies[i];
            return NGX_CONF_OK;
        }
    }

    policies = ngx_array_push(&omcf->policies);
    if (policies == NULL) {
        return NGX_CONF_ERROR;
    }

    *policies = policy;
    olcf->policy = policy;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_office_config_need(ngx_conf_t *cf,
    ngx_http_office_config_loc_conf_t *olcf, ngx_uint_t there,
    const char *what)
{
    if (there) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"office_config_auth jwt\" needs %s for "
                  "\"office_config_pass\" in %V:%ui",
                  what, &olcf->file, olcf->line);

    return NGX_ERROR;
}


/* Inherited lists are the same memory. */

static ngx_uint_t
ngx_http_office_config_same_policy(ngx_http_office_config_policy_t *one,
    ngx_http_office_config_policy_t *other)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_OFFICE_CONFIG_NRIGHTS; i++) {
        if (one->scopes[i].data != other->scopes[i].data) {
            return 0;
        }
    }

    return one->keys == other->keys
           && one->jwt.issuers == other->jwt.issuers
           && one->jwt.audiences == other->jwt.audiences
           && one->jwt.leeway == other->jwt.leeway
           && one->jwt.tenant == other->jwt.tenant
           && one->realm.data == other->realm.data
           && one->authorization_uri.data == other->authorization_uri.data;
}
