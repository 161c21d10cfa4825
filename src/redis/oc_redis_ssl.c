
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "oc_redis_internal.h"


/*
 * TLS to Redis and to sentinels, by nginx's own OpenSSL.  The directives mean
 * what those of proxy_ssl_* do, but the certificate is verified unless they
 * say otherwise.
 */


struct oc_redis_ssl_s {
    ngx_flag_t       enable;
    ngx_flag_t       verify;
    ngx_flag_t       server_name;
    ngx_int_t        depth;
    ngx_uint_t       protocols;
    ngx_str_t        ciphers;
    ngx_str_t        certificate;
    ngx_str_t        key;
    ngx_str_t        trusted;
    ngx_str_t        crl;
    ngx_str_t        name;

#if (NGX_SSL)
    ngx_ssl_t        ssl;
#endif
};


#if (NGX_SSL)

#define OC_REDIS_SSL(set)  set

static ngx_int_t oc_redis_conf_ssl_context(ngx_conf_t *cf, oc_redis_t *redis);
static void oc_redis_ssl_handshake_handler(ngx_connection_t *c);
static ngx_int_t oc_redis_ssl_verified(oc_redis_conn_t *conn);
static void oc_redis_ssl_name(oc_redis_conn_t *conn, u_char *name,
    ngx_str_t *s);

#else

#define OC_REDIS_SSL(set)  oc_redis_conf_no_ssl

static char *oc_redis_conf_no_ssl(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

#endif


/* a name in DNS has up to 253 characters */

#define OC_REDIS_SSL_NAME  256


#if (NGX_SSL)

static ngx_conf_bitmask_t  oc_redis_ssl_protocols[] = {
    { ngx_string("SSLv2"), NGX_SSL_SSLv2 },
    { ngx_string("SSLv3"), NGX_SSL_SSLv3 },
    { ngx_string("TLSv1"), NGX_SSL_TLSv1 },
    { ngx_string("TLSv1.1"), NGX_SSL_TLSv1_1 },
    { ngx_string("TLSv1.2"), NGX_SSL_TLSv1_2 },
    { ngx_string("TLSv1.3"), NGX_SSL_TLSv1_3 },
    { ngx_null_string, 0 }
};

#else

static ngx_conf_bitmask_t  oc_redis_ssl_protocols[] = {
    { ngx_null_string, 0 }
};

#endif


/* "type" as in oc_redis_conf.c, "offset" is in oc_redis_ssl_t */

ngx_command_t  oc_redis_ssl_commands[] = {

    { ngx_string("ssl"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_flag_slot),
      0, offsetof(oc_redis_ssl_t, enable), NULL },

    { ngx_string("ssl_verify"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_flag_slot),
      0, offsetof(oc_redis_ssl_t, verify), NULL },

    { ngx_string("ssl_verify_depth"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_num_slot),
      0, offsetof(oc_redis_ssl_t, depth), NULL },

    { ngx_string("ssl_server_name"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_flag_slot),
      0, offsetof(oc_redis_ssl_t, server_name), NULL },

    { ngx_string("ssl_name"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_str_slot),
      0, offsetof(oc_redis_ssl_t, name), NULL },

    { ngx_string("ssl_protocols"),
      0x7e,
      OC_REDIS_SSL(ngx_conf_set_bitmask_slot),
      0, offsetof(oc_redis_ssl_t, protocols), oc_redis_ssl_protocols },

    { ngx_string("ssl_ciphers"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_str_slot),
      0, offsetof(oc_redis_ssl_t, ciphers), NULL },

    { ngx_string("ssl_certificate"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_str_slot),
      0, offsetof(oc_redis_ssl_t, certificate), NULL },

    { ngx_string("ssl_certificate_key"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_str_slot),
      0, offsetof(oc_redis_ssl_t, key), NULL },

    { ngx_string("ssl_trusted_certificate"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_str_slot),
      0, offsetof(oc_redis_ssl_t, trusted), NULL },

    { ngx_string("ssl_crl"),
      0x02,
      OC_REDIS_SSL(ngx_conf_set_str_slot),
      0, offsetof(oc_redis_ssl_t, crl), NULL },

      ngx_null_command
};


ngx_int_t
oc_redis_conf_ssl_init(ngx_conf_t *cf, oc_redis_conf_t *rcf)
{
    oc_redis_ssl_t  *ssl;

    ssl = ngx_pcalloc(cf->pool, sizeof(oc_redis_ssl_t));
    if (ssl == NULL) {
        return NGX_ERROR;
    }

    ssl->enable = NGX_CONF_UNSET;
    ssl->verify = NGX_CONF_UNSET;
    ssl->server_name = NGX_CONF_UNSET;
    ssl->depth = NGX_CONF_UNSET;

    rcf->ssl = ssl;

    return NGX_OK;
}


/* Whether nodes that are found by asking are spoken to with TLS. */

ngx_uint_t
oc_redis_conf_ssl_on(oc_redis_conf_t *rcf)
{
    return rcf->ssl->enable == 1;
}


/*
 * The configuration is read: decides which servers are spoken to with TLS,
 * and loads what that needs.
 */

ngx_int_t
oc_redis_conf_ssl_done(ngx_conf_t *cf, oc_redis_t *redis)
{
    ngx_uint_t          i, used, mixed;
    oc_redis_ssl_t     *ssl;
    oc_redis_conf_t    *rcf;
    oc_redis_server_t  *server;

    rcf = &redis->conf;
    ssl = rcf->ssl;
    server = rcf->servers.elts;

    used = (ssl->enable == 1);
    mixed = 0;

    for (i = 0; i < rcf->servers.nelts; i++) {

        server[i].ssl = server[i].secure
                        || (ssl->enable == 1 && !server[i].plain
                            && server[i].host.len);

        used |= server[i].ssl;

        /* sentinels may differ from the servers that they watch */

        mixed |= (server[i].secure && ssl->enable == 0)
                 || (!server[i].ssl && ssl->enable == 1)
                 || server[i].ssl != server[0].ssl;
    }

    if (mixed && rcf->topology != OC_REDIS_SENTINEL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "the \"server\" directives of Redis \"%V\" and \"ssl\" "
                      "contradict one another in %V:%ui", &redis->label,
                      &server->file, server->line);
        return NGX_ERROR;
    }

    if (ssl->enable == NGX_CONF_UNSET) {
        ssl->enable = used;
    }

    if (!used) {
        return NGX_OK;
    }

#if (NGX_SSL)

    return oc_redis_conf_ssl_context(cf, redis);

#else

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "TLS to Redis \"%V\" needs an nginx that is built with "
                  "OpenSSL in %V:%ui", &redis->label, &server->file,
                  server->line);

    return NGX_ERROR;

#endif
}


#if (NGX_SSL)

static ngx_int_t
oc_redis_conf_ssl_context(ngx_conf_t *cf, oc_redis_t *redis)
{
    const char          *failed;
    oc_redis_ssl_t      *ssl;
    oc_redis_server_t   *server;
    ngx_pool_cleanup_t  *cln;

    ssl = redis->conf.ssl;
    server = redis->conf.servers.elts;

    ngx_conf_init_value(ssl->verify, 1);
    ngx_conf_init_value(ssl->server_name, 1);
    ngx_conf_init_value(ssl->depth, 1);

    if (ssl->protocols == 0) {
        ssl->protocols = NGX_CONF_BITMASK_SET|NGX_SSL_TLSv1_2
                         |NGX_SSL_TLSv1_3;
    }

    if (ssl->ciphers.data == NULL) {
        ngx_str_set(&ssl->ciphers, "DEFAULT");
    }

    ssl->ssl.log = cf->log;

    failed = "ssl_protocols";

    if (ngx_ssl_create(&ssl->ssl, ssl->protocols, NULL) != NGX_OK) {
        goto failed;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(&ssl->ssl);
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = &ssl->ssl;

    failed = "ssl_ciphers";

    if (ngx_ssl_ciphers(cf, &ssl->ssl, &ssl->ciphers, 0) != NGX_OK) {
        goto failed;
    }

    failed = "ssl_certificate";

    if (ssl->certificate.len) {

        if (ssl->key.len == 0) {
            failed = "ssl_certificate_key";

            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no \"ssl_certificate_key\" for certificate \"%V\"",
                          &ssl->certificate);
            goto failed;
        }

        if (ngx_ssl_certificate(cf, &ssl->ssl, &ssl->certificate, &ssl->key,
                                NULL)
            != NGX_OK)
        {
            goto failed;
        }
    }

    failed = "ssl_trusted_certificate";

    if (ngx_ssl_trusted_certificate(cf, &ssl->ssl, &ssl->trusted, ssl->depth)
        != NGX_OK)
    {
        goto failed;
    }

    /* else whom the machine trusts */

    if (ssl->trusted.len == 0
        && SSL_CTX_set_default_verify_paths(ssl->ssl.ctx) == 0)
    {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        goto failed;
    }

    failed = "ssl_crl";

    if (ngx_ssl_crl(cf, &ssl->ssl, &ssl->crl) != NGX_OK) {
        goto failed;
    }

    return NGX_OK;

failed:

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "invalid \"%s\" of Redis \"%V\" in %V:%ui", failed,
                  &redis->label, &server->file, server->line);

    return NGX_ERROR;
}


/* A new connection: TLS comes before anything else. */

void
oc_redis_ssl_handshake(oc_redis_conn_t *conn)
{
    u_char             name[OC_REDIS_SSL_NAME];
    ngx_int_t          rc;
    ngx_str_t          s;
    oc_redis_ssl_t    *ssl;
    ngx_connection_t  *c;

    ssl = conn->redis->conf.ssl;
    c = conn->connection;

    c->pool = ngx_create_pool(512, conn->log);

    if (c->pool == NULL
        || ngx_ssl_create_connection(&ssl->ssl, c,
                                     NGX_SSL_BUFFER|NGX_SSL_CLIENT)
           != NGX_OK)
    {
        oc_redis_conn_lost(conn);
        return;
    }

    /* a server that is down for long is not complained about each time */

    if (conn->down) {
        c->log = &conn->quiet;
    }

    oc_redis_ssl_name(conn, name, &s);

    if (ssl->server_name && s.len
        && (ssl->name.len || !conn->server.numeric)
        && SSL_set_tlsext_host_name(c->ssl->connection, (char *) name) == 0)
    {
        ngx_ssl_error(NGX_LOG_ERR, conn->log, 0,
                      "SSL_set_tlsext_host_name(\"%s\") failed", name);
        oc_redis_conn_lost(conn);
        return;
    }

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = oc_redis_ssl_handshake_handler;
        return;
    }

    oc_redis_ssl_handshake_handler(c);
}


static void
oc_redis_ssl_handshake_handler(ngx_connection_t *c)
{
    oc_redis_conn_t  *conn;

    conn = c->data;

    if (!c->ssl->handshaked || oc_redis_ssl_verified(conn) != NGX_OK) {
        oc_redis_conn_lost(conn);
        return;
    }

    c->log = conn->log;

    c->read->handler = oc_redis_read_handler;
    c->write->handler = oc_redis_write_handler;

    /* what TLS has read already makes no event of its own */

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    oc_redis_handshake(conn);
}


/* The certificate is one that is trusted, and its owner who was meant. */

static ngx_int_t
oc_redis_ssl_verified(oc_redis_conn_t *conn)
{
    int                matches;
    long               rc;
    X509              *cert;
    u_char             name[OC_REDIS_SSL_NAME];
    ngx_str_t          s;
    ngx_uint_t         level;
    oc_redis_ssl_t    *ssl;
    ngx_connection_t  *c;

    ssl = conn->redis->conf.ssl;
    c = conn->connection;
    level = conn->down ? NGX_LOG_INFO : NGX_LOG_ERR;

    if (!ssl->verify) {
        return NGX_OK;
    }

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        ngx_log_error(level, conn->log, 0,
                      "the certificate of Redis at %V is not valid: (%l:%s)",
                      oc_redis_conn_peer(conn), rc,
                      X509_verify_cert_error_string(rc));
        return NGX_ERROR;
    }

    oc_redis_ssl_name(conn, name, &s);

    if (ssl->name.len || !conn->server.numeric) {
        matches = (ngx_ssl_check_host(c, &s) == NGX_OK);

    } else {
        cert = SSL_get_peer_certificate(c->ssl->connection);
        matches = (cert && X509_check_ip_asc(cert, (char *) name, 0) == 1);

        X509_free(cert);
    }

    if (!matches) {
        ngx_log_error(level, conn->log, 0,
                      "the certificate of Redis at %V is not for \"%V\"",
                      oc_redis_conn_peer(conn), &s);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Who the server is meant to be, in "name" with a zero behind it as well. */

static void
oc_redis_ssl_name(oc_redis_conn_t *conn, u_char *name, ngx_str_t *s)
{
    ngx_str_t  *source;

    source = &conn->redis->conf.ssl->name;

    if (source->len == 0) {
        source = &conn->server.host;
    }

    s->data = name;
    s->len = ngx_cpystrn(name, source->data,
                         ngx_min(source->len, OC_REDIS_SSL_NAME - 1) + 1)
             - name;
}


/* Ends TLS without waiting for the peer; the socket is closed then. */

void
oc_redis_ssl_shutdown(ngx_connection_t *c)
{
    if (c->ssl == NULL) {
        return;
    }

    c->ssl->no_wait_shutdown = 1;

    if (ngx_ssl_shutdown(c) == NGX_AGAIN) {
        c->ssl->no_send_shutdown = 1;
        (void) ngx_ssl_shutdown(c);
    }
}

#else

static char *
oc_redis_conf_no_ssl(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return "needs an nginx that is built with OpenSSL";
}


void
oc_redis_ssl_handshake(oc_redis_conn_t *conn)
{
    /* no server is configured to be spoken to with TLS */

    oc_redis_conn_lost(conn);
}


void
oc_redis_ssl_shutdown(ngx_connection_t *c)
{
    /* there is none */
}

#endif
