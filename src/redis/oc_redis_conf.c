
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"
#include "oc_url.h"


#define OC_REDIS_PORT           6379
#define OC_REDIS_MAX_SECRET     4096


static char *oc_redis_conf_directive(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static char *oc_redis_conf_reconnect(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *oc_redis_conf_block_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *oc_redis_conf_topology(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *oc_redis_conf_userinfo(ngx_conf_t *cf, oc_redis_t *redis,
    ngx_str_t *userinfo);
static char *oc_redis_conf_password_file(ngx_conf_t *cf, oc_redis_t *redis);


#define OC_REDIS_TAKE1   1
#define OC_REDIS_TAKE2   2


/*
 * The directives of the office_config_redis block; "type" is the number of
 * arguments, "offset" is in oc_redis_conf_t.
 */

static ngx_command_t  oc_redis_commands[] = {

    { ngx_string("server"),
      OC_REDIS_TAKE1,
      oc_redis_conf_block_server,
      0, 0, NULL },

    { ngx_string("topology"),
      OC_REDIS_TAKE1,
      oc_redis_conf_topology,
      0, 0, NULL },

    { ngx_string("username"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, username), NULL },

    { ngx_string("password"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, password), NULL },

    { ngx_string("password_file"),
      OC_REDIS_TAKE1,
      ngx_conf_set_str_slot,
      0, offsetof(oc_redis_conf_t, password_file), NULL },

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

    if (redis->conf.server.file.data == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"server\" in \"office_config_redis\" \"%V\"",
                           &redis->name);
        return NGX_CONF_ERROR;
    }

    if (redis->conf.password.data && redis->conf.password_file.data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "both \"password\" and \"password_file\" in "
                           "\"office_config_redis\" \"%V\"", &redis->name);
        return NGX_CONF_ERROR;
    }

    if (redis->conf.password_file.data) {
        rv = oc_redis_conf_password_file(cf, redis);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (redis->conf.username.len && redis->conf.password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"username\" without a password in "
                           "\"office_config_redis\" \"%V\"", &redis->name);
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
    ngx_command_t  *cmd;

    value = cf->args->elts;

    for (cmd = oc_redis_commands; cmd->name.len; cmd++) {

        if (cmd->name.len != value[0].len
            || ngx_strncmp(cmd->name.data, value[0].data, value[0].len) != 0)
        {
            continue;
        }

        if (cf->args->nelts - 1 != cmd->type) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of arguments in \"%V\" "
                               "directive", &cmd->name);
            return NGX_CONF_ERROR;
        }

        rv = cmd->set(cf, cmd, (cmd->set == oc_redis_conf_block_server)
                               ? (void *) redis : (void *) &redis->conf);

        if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
            return rv;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" directive %s",
                           &cmd->name, rv);
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown directive \"%V\" in \"office_config_redis\"",
                       &value[0]);

    return NGX_CONF_ERROR;
}


static char *
oc_redis_conf_block_server(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    oc_redis_t *redis = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (redis->conf.server.file.data) {
        return "is duplicate: a standalone Redis is one server";
    }

    return oc_redis_conf_server(cf, redis, &value[1]);
}


static char *
oc_redis_conf_topology(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].len == sizeof("standalone") - 1
        && ngx_strncmp(value[1].data, "standalone", value[1].len) == 0)
    {
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"topology\" directive, "
                       "it must be \"standalone\"", &value[1]);

    return NGX_CONF_ERROR;
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


/*
 * Sets the server from a URL: redis://[[user]:password@]host[:port][/db],
 * unix:PATH, or host[:port].
 */

char *
oc_redis_conf_server(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *url)
{
    char               *rv;
    u_char             *at, *p, *last;
    ngx_str_t           rest, userinfo;
    ngx_url_t           u;
    oc_redis_server_t  *server;

    server = &redis->conf.server;

    server->file = cf->conf_file->file.name;
    server->line = cf->conf_file->line;

    if (server->file.data == NULL) {
        ngx_str_set(&server->file, "-");
    }

    rest = *url;

    if (rest.len >= 9
        && ngx_strncasecmp(rest.data, (u_char *) "rediss://", 9) == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"rediss\" is not supported yet: Redis over TLS "
                           "needs a later version of this module");
        return NGX_CONF_ERROR;
    }

    if (rest.len >= 8
        && ngx_strncasecmp(rest.data, (u_char *) "redis://", 8) == 0)
    {
        rest.data += 8;
        rest.len -= 8;

        last = rest.data + rest.len;

        for (at = last; at > rest.data && at[-1] != '@'; at--) { /* void */ }

        if (at > rest.data) {
            userinfo.data = rest.data;
            userinfo.len = at - 1 - rest.data;

            rv = oc_redis_conf_userinfo(cf, redis, &userinfo);
            if (rv != NGX_CONF_OK) {
                return rv;
            }

            rest.data = at;
            rest.len = last - at;

            redis->label = rest;
        }

        p = ngx_strlchr(rest.data, last, '/');

        if (p) {
            rest.len = p - rest.data;

            if (p + 1 < last) {
                redis->conf.database = ngx_atoi(p + 1, last - p - 1);

                if (redis->conf.database == NGX_ERROR) {
                    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                       "invalid database in the URL of Redis");
                    return NGX_CONF_ERROR;
                }
            }
        }
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = rest;
    u.default_port = OC_REDIS_PORT;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.url.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in the address of Redis \"%V\"",
                           u.err ? u.err : "no host", &rest);
        return NGX_CONF_ERROR;
    }

    server->addrs = u.addrs;
    server->naddrs = u.naddrs;
    server->numeric = (u.naddrs != 0);
    server->port = u.port ? u.port : OC_REDIS_PORT;

    if (u.family != AF_UNIX) {
        server->host = u.host;
    }

    return NGX_CONF_OK;
}


static char *
oc_redis_conf_userinfo(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *userinfo)
{
    u_char     *colon, *last;
    ngx_str_t   user;

    last = userinfo->data + userinfo->len;
    colon = ngx_strlchr(userinfo->data, last, ':');

    if (colon == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no password in the URL of Redis, which gives "
                           "a user");
        return NGX_CONF_ERROR;
    }

    user.data = userinfo->data;
    user.len = colon - userinfo->data;

    redis->conf.username.data = ngx_pnalloc(cf->pool, user.len + 1);
    redis->conf.password.data = ngx_pnalloc(cf->pool, last - colon);

    if (redis->conf.username.data == NULL
        || redis->conf.password.data == NULL)
    {
        return NGX_CONF_ERROR;
    }

    if (oc_url_decode(&redis->conf.username, user.data, user.len, 0) != NGX_OK
        || oc_url_decode(&redis->conf.password, colon + 1, last - colon - 1,
                         0)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid percent-encoding in the URL of Redis");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* The password is the file's content without a newline at its end. */

static char *
oc_redis_conf_password_file(ngx_conf_t *cf, oc_redis_t *redis)
{
    u_char      buf[OC_REDIS_MAX_SECRET];
    ngx_fd_t    fd;
    ssize_t     n;
    ngx_str_t  *file;

    file = &redis->conf.password_file;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" of \"password_file\" "
                           "failed", file);
        return NGX_CONF_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" of \"password_file\" "
                           "failed", file);
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", file);
    }

    if (n == -1) {
        return NGX_CONF_ERROR;
    }

    if (n == sizeof(buf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the password in \"%V\" is too long", file);
        return NGX_CONF_ERROR;
    }

    while (n && (buf[n - 1] == LF || buf[n - 1] == CR)) {
        n--;
    }

    if (n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"password_file\" \"%V\" is empty", file);
        return NGX_CONF_ERROR;
    }

    redis->conf.password.data = ngx_pnalloc(cf->pool, n);
    if (redis->conf.password.data == NULL) {
        return NGX_CONF_ERROR;
    }

    redis->conf.password.len = n;
    ngx_memcpy(redis->conf.password.data, buf, n);

    ngx_explicit_memzero(buf, sizeof(buf));

    return NGX_CONF_OK;
}


/*
 * Completes the configuration when all of it has been read: defaults, and
 * the addresses of a name.  "resolver" is that of the http block or NULL;
 * with it a name that is not known yet is no error.
 */

ngx_int_t
oc_redis_conf_done(ngx_conf_t *cf, oc_redis_t *redis,
    ngx_resolver_t *resolver)
{
    ngx_url_t           u;
    ngx_uint_t          i;
    oc_redis_conf_t    *rcf;
    oc_redis_server_t  *server;

    rcf = &redis->conf;
    server = &rcf->server;

    ngx_conf_init_value(rcf->database, 0);
    ngx_conf_init_msec_value(rcf->connect_timeout, 1000);
    ngx_conf_init_msec_value(rcf->command_timeout, 3000);
    ngx_conf_init_msec_value(rcf->ping_interval, 15000);
    ngx_conf_init_msec_value(rcf->reconnect_min, 100);
    ngx_conf_init_msec_value(rcf->reconnect_max, 5000);
    ngx_conf_init_uint_value(rcf->max_pending, 4096);

    if (rcf->connect_timeout == 0 || rcf->command_timeout == 0
        || rcf->ping_interval == 0 || rcf->max_pending == 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "the times and \"max_pending\" of Redis \"%V\" must not "
                      "be zero in %V:%ui", &redis->label, &server->file,
                      server->line);
        return NGX_ERROR;
    }

    rcf->resolver = resolver;

    if (server->numeric) {
        return NGX_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.host = server->host;
    u.port = server->port;

    if (ngx_inet_resolve_host(cf->pool, &u) != NGX_OK) {

        if (u.err == NULL) {
            return NGX_ERROR;
        }

        if (resolver == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "%s: \"%V\" of Redis in %V:%ui", u.err,
                          &server->host, &server->file, server->line);
            return NGX_ERROR;
        }

        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "%s: \"%V\" of Redis in %V:%ui, it will be looked up "
                      "later", u.err, &server->host, &server->file,
                      server->line);
        return NGX_OK;
    }

    server->addrs = u.addrs;
    server->naddrs = u.naddrs;

    for (i = 0; i < u.naddrs; i++) {
        ngx_inet_set_port(u.addrs[i].sockaddr, server->port);
    }

    return NGX_OK;
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
