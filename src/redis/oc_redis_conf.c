
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


#define OC_REDIS_SENTINEL_PORT  26379


static char *oc_redis_conf_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static char *oc_redis_conf_reconnect(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *oc_redis_conf_block_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *oc_redis_conf_topology(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *oc_redis_conf_wait(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *oc_redis_conf_secret(ngx_conf_t *cf, oc_redis_t *redis,
    oc_redis_secret_t *secret, const char *prefix);
static char *oc_redis_conf_check(ngx_conf_t *cf, oc_redis_t *redis);
static void oc_redis_conf_sentinels(oc_redis_t *redis);


#define OC_REDIS_TAKE1   0x02
#define OC_REDIS_TAKE2   0x04


/*
 * The directives of the office_config_redis block; "type" has a bit for each
 * number of arguments that is allowed, "offset" is in oc_redis_conf_t.
 */

static ngx_command_t  oc_redis_commands[] = {

    { ngx_string("server"),
      OC_REDIS_TAKE1,
      oc_redis_conf_block_server,
      0, 0, NULL },

    { ngx_string("topology"),
      OC_REDIS_TAKE1|OC_REDIS_TAKE2,
      oc_redis_conf_topology,
      0, 0, NULL },

    { ngx_string("topology_refresh"),
      OC_REDIS_TAKE1,
      ngx_conf_set_msec_slot,
      0, offsetof(oc_redis_conf_t, topology_refresh), NULL },

    { ngx_string("username"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, secret.username), NULL },

    { ngx_string("password"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, secret.password), NULL },

    { ngx_string("password_file"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, secret.password_file), NULL },

    { ngx_string("sentinel_username"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, sentinel.username), NULL },

    { ngx_string("sentinel_password"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, sentinel.password), NULL },

    { ngx_string("sentinel_password_file"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, sentinel.password_file), NULL },

    { ngx_string("database"),
      OC_REDIS_TAKE1,
      ngx_conf_set_num_slot,
      0, offsetof(oc_redis_conf_t, database), NULL },

    { ngx_string("connect_timeout"),
      OC_REDIS_TAKE1,
      ngx_conf_set_msec_slot,
      0, offsetof(oc_redis_conf_t, connect_timeout), NULL },

    { ngx_string("command_timeout"),
      OC_REDIS_TAKE1,
      ngx_conf_set_msec_slot,
      0, offsetof(oc_redis_conf_t, command_timeout), NULL },

    { ngx_string("ping_interval"),
      OC_REDIS_TAKE1,
      ngx_conf_set_msec_slot,
      0, offsetof(oc_redis_conf_t, ping_interval), NULL },

    { ngx_string("reconnect"),
      OC_REDIS_TAKE2,
      oc_redis_conf_reconnect,
      0, 0, NULL },

    { ngx_string("max_pending"),
      OC_REDIS_TAKE1,
      ngx_conf_set_num_slot,
      0, offsetof(oc_redis_conf_t, max_pending), NULL },

    { ngx_string("wait"),
      OC_REDIS_TAKE2,
      oc_redis_conf_wait,
      0, 0, NULL },

    { ngx_string("read_replicas"),
      OC_REDIS_TAKE1,
      ngx_conf_set_flag_slot,
      0, offsetof(oc_redis_conf_t, read_replicas), NULL },

      ngx_null_command
};


/* A Redis without any settings yet, in the configuration's pool. */

oc_redis_t *
oc_redis_create(ngx_conf_t *cf, ngx_str_t *name)
{
    oc_redis_t       *redis;
    oc_redis_conf_t  *rcf;

    redis = ngx_pcalloc(cf->pool, sizeof(oc_redis_t));
    if (redis == NULL) {
        return NULL;
    }

    redis->name = *name;
    redis->label = *name;

    rcf = &redis->conf;

    rcf->database = NGX_CONF_UNSET;
    rcf->connect_timeout = NGX_CONF_UNSET_MSEC;
    rcf->command_timeout = NGX_CONF_UNSET_MSEC;
    rcf->ping_interval = NGX_CONF_UNSET_MSEC;
    rcf->reconnect_min = NGX_CONF_UNSET_MSEC;
    rcf->reconnect_max = NGX_CONF_UNSET_MSEC;
    rcf->max_pending = NGX_CONF_UNSET_UINT;
    rcf->topology_refresh = NGX_CONF_UNSET_MSEC;
    rcf->wait_replicas = NGX_CONF_UNSET;
    rcf->wait_timeout = NGX_CONF_UNSET_MSEC;
    rcf->read_replicas = NGX_CONF_UNSET;

    if (oc_redis_conf_ssl_init(cf, rcf) != NGX_OK
        || ngx_array_init(&rcf->servers, cf->pool, 1,
                          sizeof(oc_redis_server_t))
           != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&rcf->layouts, cf->pool, 1, sizeof(oc_redis_layout_t))
        != NGX_OK)
    {
        return NULL;
    }

    return redis;
}


ngx_str_t *
oc_redis_name(oc_redis_t *redis)
{
    return &redis->name;
}


ngx_str_t *
oc_redis_label(oc_redis_t *redis)
{
    return &redis->label;
}


/* Reads the block of an office_config_redis directive. */

char *
oc_redis_conf_block(ngx_conf_t *cf, oc_redis_t *redis)
{
    char        *rv;
    ngx_conf_t   save;

    save = *cf;
    cf->handler = oc_redis_conf_directive;
    cf->handler_conf = (void *) redis;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (redis->conf.servers.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"server\" in \"office_config_redis\" \"%V\"",
                           &redis->name);
        return NGX_CONF_ERROR;
    }

    rv = oc_redis_conf_secret(cf, redis, &redis->conf.secret, "");

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = oc_redis_conf_secret(cf, redis, &redis->conf.sentinel, "sentinel_");

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return oc_redis_conf_check(cf, redis);
}


/* A password is given in one way, and a user has one. */

static char *
oc_redis_conf_secret(ngx_conf_t *cf, oc_redis_t *redis,
    oc_redis_secret_t *secret, const char *prefix)
{
    char  *rv;

    if (secret->password.data && secret->password_file.data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "both \"%spassword\" and \"%spassword_file\" in "
                           "\"office_config_redis\" \"%V\"", prefix, prefix,
                           &redis->name);
        return NGX_CONF_ERROR;
    }

    if (secret->password_file.data) {
        rv = oc_redis_conf_password_file(cf, secret);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (secret->username.len && secret->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%susername\" without a password in "
                           "\"office_config_redis\" \"%V\"", prefix,
                           &redis->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* What the topology allows. */

static char *
oc_redis_conf_check(ngx_conf_t *cf, oc_redis_t *redis)
{
    char               *err;
    ngx_uint_t          i;
    oc_redis_conf_t    *rcf;
    oc_redis_server_t  *server;

    rcf = &redis->conf;
    server = rcf->servers.elts;
    err = NULL;

    if (rcf->topology == OC_REDIS_STANDALONE && rcf->servers.nelts > 1) {
        err = "a standalone Redis is one \"server\"";

    } else if (rcf->topology == OC_REDIS_STANDALONE
               && rcf->read_replicas == 1)
    {
        err = "a standalone Redis has no replicas to read from";

    } else if (rcf->topology == OC_REDIS_CLUSTER && rcf->database > 0) {
        err = "a cluster has no \"database\" but 0";

    } else if (rcf->topology != OC_REDIS_SENTINEL
               && (rcf->sentinel.username.data || rcf->sentinel.password.data))
    {
        err = "the credentials of sentinels need \"topology sentinel\"";
    }

    for (i = 0; i < rcf->servers.nelts && err == NULL; i++) {

        if (rcf->topology == OC_REDIS_SENTINEL && server[i].userinfo) {
            err = "the URL of a sentinel has no password, use "
                  "\"sentinel_password\"";

        } else if (rcf->topology != OC_REDIS_STANDALONE
                   && server[i].host.len == 0)
        {
            err = "a sentinel, or a node of a cluster, is not a socket's path";
        }
    }

    if (err) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s, in \"office_config_redis\" \"%V\"", err,
                           &redis->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
oc_redis_conf_directive(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    oc_redis_t *redis = conf;

    char           *rv;
    ngx_str_t      *value;
    ngx_uint_t      i;
    ngx_command_t  *cmd, *tables[2];

    tables[0] = oc_redis_commands;
    tables[1] = oc_redis_ssl_commands;

    value = cf->args->elts;

    for (i = 0; i < 2; i++) {
        for (cmd = tables[i]; cmd->name.len; cmd++) {

            if (cmd->name.len == value[0].len
                && ngx_strncmp(cmd->name.data, value[0].data, value[0].len)
                   == 0)
            {
                goto found;
            }
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown directive \"%V\" in \"office_config_redis\"",
                       &value[0]);

    return NGX_CONF_ERROR;

found:

    if (cf->args->nelts > 8
        || !(cmd->type & ((ngx_uint_t) 1 << (cf->args->nelts - 1))))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" "
                           "directive", &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (i) {
        rv = cmd->set(cf, cmd, redis->conf.ssl);

    } else if (cmd->set == oc_redis_conf_block_server) {
        rv = cmd->set(cf, cmd, redis);

    } else {
        rv = cmd->set(cf, cmd, &redis->conf);
    }

    if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
        return rv;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" directive %s",
                       &cmd->name, rv);

    return NGX_CONF_ERROR;
}


static char *
oc_redis_conf_block_server(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    oc_redis_t *redis = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    return oc_redis_conf_server(cf, redis, &value[1]);
}


static char *
oc_redis_conf_topology(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    oc_redis_conf_t *rcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    static ngx_str_t  topologies[] = {
        ngx_string("standalone"), ngx_string("sentinel"),
        ngx_string("cluster")
    };

    if (rcf->topology_given) {
        return "is duplicate";
    }

    rcf->topology_given = 1;

    value = cf->args->elts;

    for (i = 0; i < 3; i++) {
        if (value[1].len == topologies[i].len
            && ngx_strncmp(value[1].data, topologies[i].data, value[1].len)
               == 0)
        {
            break;
        }
    }

    if (i == 3) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"topology\" directive, "
                           "it must be \"standalone\", \"sentinel\" or "
                           "\"cluster\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    rcf->topology = i;

    if ((cf->args->nelts == 3) != (i == OC_REDIS_SENTINEL)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"topology\" "
                           "directive, \"sentinel\" takes the name of a "
                           "master, the others nothing");
        return NGX_CONF_ERROR;
    }

    if (i == OC_REDIS_SENTINEL) {

        if (value[2].len == 0) {
            return "has an empty name";
        }

        rcf->master = value[2];
    }

    return NGX_CONF_OK;
}


static char *
oc_redis_conf_reconnect(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    oc_redis_conf_t *rcf = conf;

    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t   i;
    ngx_msec_t  *fields[2];

    if (rcf->reconnect_min != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    fields[0] = &rcf->reconnect_min;
    fields[1] = &rcf->reconnect_max;

    for (i = 0; i < 2; i++) {
        n = ngx_parse_time(&value[i + 1], 0);

        if (n == NGX_ERROR || n == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid time \"%V\" in \"reconnect\" "
                               "directive", &value[i + 1]);
            return NGX_CONF_ERROR;
        }

        *fields[i] = n;
    }

    if (rcf->reconnect_min > rcf->reconnect_max) {
        return "has a minimum above its maximum";
    }

    return NGX_CONF_OK;
}


/* wait REPLICAS TIMEOUT; */

static char *
oc_redis_conf_wait(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    oc_redis_conf_t *rcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (rcf->wait_replicas != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    rcf->wait_replicas = ngx_atoi(value[1].data, value[1].len);

    if (rcf->wait_replicas == NGX_ERROR || rcf->wait_replicas > 1000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number \"%V\" in \"wait\" directive",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    n = ngx_parse_time(&value[2], 0);

    /* for Redis zero is for ever */

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid time \"%V\" in \"wait\" directive",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    rcf->wait_timeout = n;

    return NGX_CONF_OK;
}


/*
 * Completes the configuration when all of it has been read: defaults, TLS,
 * and the addresses of names.  "resolver" is that of the http block or NULL.
 */

ngx_int_t
oc_redis_conf_done(ngx_conf_t *cf, oc_redis_t *redis,
    ngx_resolver_t *resolver)
{
    ngx_uint_t          i;
    oc_redis_conf_t    *rcf;
    oc_redis_server_t  *server;

    rcf = &redis->conf;
    server = rcf->servers.elts;

    ngx_conf_init_value(rcf->database, 0);
    ngx_conf_init_msec_value(rcf->connect_timeout, 1000);
    ngx_conf_init_msec_value(rcf->command_timeout, 3000);
    ngx_conf_init_msec_value(rcf->ping_interval, 15000);
    ngx_conf_init_msec_value(rcf->reconnect_min, 100);
    ngx_conf_init_msec_value(rcf->reconnect_max, 5000);
    ngx_conf_init_uint_value(rcf->max_pending, 4096);
    ngx_conf_init_msec_value(rcf->topology_refresh, 10000);
    ngx_conf_init_value(rcf->wait_replicas, 0);
    ngx_conf_init_msec_value(rcf->wait_timeout, 0);
    ngx_conf_init_value(rcf->read_replicas, 0);

    if (rcf->connect_timeout == 0 || rcf->command_timeout == 0
        || rcf->ping_interval == 0 || rcf->max_pending == 0
        || rcf->topology_refresh == 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "the times and \"max_pending\" of Redis \"%V\" must not "
                      "be zero in %V:%ui", &redis->label, &server->file,
                      server->line);
        return NGX_ERROR;
    }

    if (rcf->wait_timeout >= rcf->command_timeout) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "the time of \"wait\" of Redis \"%V\" must be less than "
                      "\"command_timeout\" in %V:%ui", &redis->label,
                      &server->file, server->line);
        return NGX_ERROR;
    }

    rcf->resolver = resolver;

    if (rcf->topology == OC_REDIS_SENTINEL) {
        oc_redis_conf_sentinels(redis);
    }

    if (oc_redis_conf_ssl_done(cf, redis) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < rcf->servers.nelts; i++) {
        if (oc_redis_conf_addresses(cf, &server[i], resolver) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Sentinels have a port of their own. */

static void
oc_redis_conf_sentinels(oc_redis_t *redis)
{
    ngx_uint_t          i;
    oc_redis_server_t  *server;

    server = redis->conf.servers.elts;

    for (i = 0; i < redis->conf.servers.nelts; i++) {
        if (server[i].no_port) {
            server[i].port = OC_REDIS_SENTINEL_PORT;
        }
    }
}


/*
 * Has every connection check that "key" holds "version", which is written if
 * there is nothing.
 */

ngx_int_t
oc_redis_conf_layout(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *key,
    ngx_str_t *version)
{
    ngx_uint_t          i;
    oc_redis_layout_t  *layout;

    layout = redis->conf.layouts.elts;

    for (i = 0; i < redis->conf.layouts.nelts; i++) {
        if (layout[i].key.len == key->len
            && ngx_strncmp(layout[i].key.data, key->data, key->len) == 0)
        {
            return NGX_OK;
        }
    }

    layout = ngx_array_push(&redis->conf.layouts);
    if (layout == NULL) {
        return NGX_ERROR;
    }

    layout->key = *key;
    layout->version = *version;

    return NGX_OK;
}
