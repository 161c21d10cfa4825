
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"
#include "oc_url.h"


#define OC_REDIS_PORT           6379
#define OC_REDIS_MAX_SECRET     4096


static char *oc_redis_conf_userinfo(ngx_conf_t *cf, oc_redis_t *redis,
    ngx_str_t *userinfo);


/*
 * Adds a server by its URL: redis://[[user]:password@]host[:port][/db], the
 * same with rediss, unix:PATH, or host[:port].
 */

char *
oc_redis_conf_server(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *url)
{
    char               *rv;
    u_char             *at, *p, *last;
    ngx_str_t           rest, userinfo;
    ngx_url_t           u;
    oc_redis_server_t  *server;

    server = ngx_array_push(&redis->conf.servers);
    if (server == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(server, sizeof(oc_redis_server_t));

    server->file = cf->conf_file->file.name;
    server->line = cf->conf_file->line;

    if (server->file.data == NULL) {
        ngx_str_set(&server->file, "-");
    }

    rest = *url;

    if (rest.len >= 9
        && ngx_strncasecmp(rest.data, (u_char *) "rediss://", 9) == 0)
    {
        server->secure = 1;
        rest.data += 9;
        rest.len -= 9;

    } else if (rest.len >= 8
               && ngx_strncasecmp(rest.data, (u_char *) "redis://", 8) == 0)
    {
        server->plain = 1;
        rest.data += 8;
        rest.len -= 8;
    }

    if (server->secure || server->plain) {
        last = rest.data + rest.len;

        for (at = last; at > rest.data && at[-1] != '@'; at--) { /* void */ }

        if (at > rest.data) {
            if (redis->conf.secret.password.data) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "a second password in the URL of Redis");
                return NGX_CONF_ERROR;
            }

            userinfo.data = rest.data;
            userinfo.len = at - 1 - rest.data;

            rv = oc_redis_conf_userinfo(cf, redis, &userinfo);
            if (rv != NGX_CONF_OK) {
                return rv;
            }

            rest.data = at;
            rest.len = last - at;

            redis->label = rest;
            server->userinfo = 1;
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
    server->no_port = u.no_port;

    if (u.family != AF_UNIX) {
        server->host = u.host;
    }

    return NGX_CONF_OK;
}


static char *
oc_redis_conf_userinfo(ngx_conf_t *cf, oc_redis_t *redis, ngx_str_t *userinfo)
{
    u_char             *colon, *last;
    ngx_str_t           user;
    oc_redis_secret_t  *secret;

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

    secret = &redis->conf.secret;

    secret->username.data = ngx_pnalloc(cf->pool, user.len + 1);
    secret->password.data = ngx_pnalloc(cf->pool, last - colon);

    if (secret->username.data == NULL || secret->password.data == NULL) {
        return NGX_CONF_ERROR;
    }

    if (oc_url_decode(&secret->username, user.data, user.len, 0) != NGX_OK
        || oc_url_decode(&secret->password, colon + 1, last - colon - 1, 0)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid percent-encoding in the URL of Redis");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* The password is the file's content without a newline at its end. */

char *
oc_redis_conf_password_file(ngx_conf_t *cf, oc_redis_secret_t *secret)
{
    u_char      buf[OC_REDIS_MAX_SECRET];
    ngx_fd_t    fd;
    ssize_t     n;
    ngx_str_t  *file;

    file = &secret->password_file;

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

    secret->password.data = ngx_pnalloc(cf->pool, n);
    if (secret->password.data == NULL) {
        return NGX_CONF_ERROR;
    }

    secret->password.len = n;
    ngx_memcpy(secret->password.data, buf, n);

    ngx_explicit_memzero(buf, sizeof(buf));

    return NGX_CONF_OK;
}


/*
 * Looks up the addresses of a server that is a name.  With a resolver one
 * that is not known yet is no error.
 */

ngx_int_t
oc_redis_conf_addresses(ngx_conf_t *cf, oc_redis_server_t *server,
    ngx_resolver_t *resolver)
{
    u_char      *p;
    ngx_url_t    u;
    ngx_uint_t   i;

    if (server->numeric) {

        /* the port may be another one than when the URL was read */

        for (i = 0; i < server->naddrs && server->host.len; i++) {
            ngx_inet_set_port(server->addrs[i].sockaddr, server->port);

            p = ngx_pnalloc(cf->pool, NGX_SOCKADDR_STRLEN);
            if (p == NULL) {
                return NGX_ERROR;
            }

            server->addrs[i].name.data = p;
            server->addrs[i].name.len = ngx_sock_ntop(
                                            server->addrs[i].sockaddr,
                                            server->addrs[i].socklen, p,
                                            NGX_SOCKADDR_STRLEN, 1);
        }

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
