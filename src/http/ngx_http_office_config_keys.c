
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_keys.h"
#include "oc_url.h"


static ngx_http_office_config_keys_t *ngx_http_office_config_find_keys(
    ngx_conf_t *cf, ngx_http_office_config_keys_t *other);
static ngx_uint_t ngx_http_office_config_same(ngx_str_t *one,
    ngx_str_t *other);
static ngx_int_t ngx_http_office_config_first_keys(ngx_conf_t *cf,
    ngx_http_office_config_jwt_conf_t *jwt,
    ngx_http_office_config_keys_t *keys);
static void ngx_http_office_config_check_file(
    ngx_http_office_config_keys_t *keys, ngx_log_t *log);
static ngx_int_t ngx_http_office_config_read_keys(
    ngx_http_office_config_keys_t *keys, ngx_log_t *log, ngx_str_t *text,
    ngx_http_office_config_stamp_t *stamp);
static void ngx_http_office_config_stamp_file(
    ngx_http_office_config_stamp_t *stamp, ngx_file_info_t *fi);
static ngx_uint_t ngx_http_office_config_same_file(
    ngx_http_office_config_stamp_t *one,
    ngx_http_office_config_stamp_t *other);
static void ngx_http_office_config_unused_keys(
    ngx_http_office_config_keys_t *keys, oc_jwks_t *jwks, ngx_uint_t level,
    ngx_log_t *log);
static void ngx_http_office_config_release_keys(void *data);


/*
 * The source of keys that the directives of a level name, when the
 * configuration has been read.  A file is read here, so that a wrong one is
 * an error of the configuration.  NULL if there is one.
 */

ngx_http_office_config_keys_t *
ngx_http_office_config_keys(ngx_conf_t *cf,
    ngx_http_office_config_jwt_conf_t *jwt)
{
    u_char                               *p;
    ngx_pool_cleanup_t                   *cln;
    ngx_http_office_config_keys_t        *keys, *found, **list;
    ngx_http_office_config_main_conf_t   *omcf;

    cln = ngx_pool_cleanup_add(cf->pool,
                               sizeof(ngx_http_office_config_keys_t));
    if (cln == NULL) {
        return NULL;
    }

    keys = cln->data;
    ngx_memzero(keys, sizeof(ngx_http_office_config_keys_t));

    keys->name = jwt->source;
    keys->request = jwt->request ? 1 : 0;
    keys->symmetric = jwt->symmetric ? 1 : 0;

    if (keys->request) {
        keys->server = ((ngx_http_conf_ctx_t *) cf->ctx)->srv_conf;
        keys->interval = jwt->interval;
        keys->min = jwt->min;
        keys->timeout = jwt->timeout;
        keys->max_waiting = jwt->waiting;

        p = ngx_strlchr(keys->name.data, keys->name.data + keys->name.len,
                        '?');
        if (p) {
            keys->args.data = p + 1;
            keys->args.len = keys->name.data + keys->name.len - (p + 1);
            keys->name.len = p - keys->name.data;
        }
    }

    found = ngx_http_office_config_find_keys(cf, keys);

    if (found) {
        return found;
    }

    cln->handler = ngx_http_office_config_release_keys;

    if (keys->request) {
        ngx_http_office_config_fetch_init(keys);

    } else if (ngx_http_office_config_first_keys(cf, jwt, keys) != NGX_OK) {
        return NULL;
    }

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_office_config_module);

    list = ngx_array_push(&omcf->keys);
    if (list == NULL) {
        return NULL;
    }

    *list = keys;

    return keys;
}


static ngx_http_office_config_keys_t *
ngx_http_office_config_find_keys(ngx_conf_t *cf,
    ngx_http_office_config_keys_t *other)
{
    ngx_uint_t                            i;
    ngx_http_office_config_keys_t       **list, *keys;
    ngx_http_office_config_main_conf_t   *omcf;

    omcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_office_config_module);

    list = omcf->keys.elts;

    for (i = 0; i < omcf->keys.nelts; i++) {
        keys = list[i];

        if (ngx_http_office_config_same(&keys->name, &other->name)
            && ngx_http_office_config_same(&keys->args, &other->args)
            && keys->request == other->request
            && keys->symmetric == other->symmetric
            && keys->server == other->server
            && keys->interval == other->interval
            && keys->min == other->min
            && keys->timeout == other->timeout
            && keys->max_waiting == other->max_waiting)
        {
            return keys;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_office_config_same(ngx_str_t *one, ngx_str_t *other)
{
    return one->len == other->len
           && (one->len == 0
               || ngx_strncmp(one->data, other->data, one->len) == 0);
}


static ngx_int_t
ngx_http_office_config_first_keys(ngx_conf_t *cf,
    ngx_http_office_config_jwt_conf_t *jwt,
    ngx_http_office_config_keys_t *keys)
{
    ngx_int_t                        rc;
    ngx_str_t                        text;
    oc_jwks_error_t                  err;
    ngx_http_office_config_stamp_t   stamp;

    rc = ngx_http_office_config_read_keys(keys, cf->log, &text, &stamp);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "cannot read the file \"%V\" that "
                      "\"office_config_jwt_key_file\" names in %V:%ui",
                      &keys->name, &jwt->source_file, jwt->source_line);
        return NGX_ERROR;
    }

    keys->jwks = oc_jwks_parse(text.data, text.len, keys->symmetric, &err);

    ngx_free(text.data);

    if (keys->jwks == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "the file \"%V\" is no set of keys: %s%s%s, for "
                      "\"office_config_jwt_key_file\" in %V:%ui",
                      &keys->name, err.reason, err.detail ? ": " : "",
                      err.detail ? err.detail : "",
                      &jwt->source_file, jwt->source_line);
        return NGX_ERROR;
    }

    ngx_http_office_config_unused_keys(keys, keys->jwks, NGX_LOG_WARN,
                                       cf->log);

    keys->stamp = stamp;

    return NGX_OK;
}


/*
 * The keys to verify with, which are NULL as long as there were none.  They
 * are valid until control is back in the event loop.
 */

oc_jwks_t *
ngx_http_office_config_current_keys(ngx_http_office_config_keys_t *keys,
    ngx_log_t *log)
{
    if (!keys->request && keys->checked != ngx_time()) {
        keys->checked = ngx_time();
        ngx_http_office_config_check_file(keys, log);
    }

    return keys->jwks;
}


/* Whether the keys come through a location of nginx. */

ngx_uint_t
ngx_http_office_config_keys_fetched(ngx_http_office_config_keys_t *keys)
{
    return keys->request;
}


/* Another number for other keys. */

ngx_uint_t
ngx_http_office_config_keys_version(ngx_http_office_config_keys_t *keys)
{
    return keys->version;
}


/*
 * Reads the file again if it has been changed.  With one that cannot be read
 * or is no set of keys, the keys stay as they are.
 */

static void
ngx_http_office_config_check_file(ngx_http_office_config_keys_t *keys,
    ngx_log_t *log)
{
    ngx_str_t                        text;
    ngx_file_info_t                  fi;
    ngx_http_office_config_stamp_t   stamp;

    if (ngx_file_info(keys->name.data, &fi) == NGX_FILE_ERROR) {
        ngx_http_office_config_keys_failed(keys, log, "it is not there");
        ngx_memzero(&keys->stamp, sizeof(ngx_http_office_config_stamp_t));
        return;
    }

    ngx_http_office_config_stamp_file(&stamp, &fi);

    if (ngx_http_office_config_same_file(&stamp, &keys->stamp)) {
        return;
    }

    if (ngx_http_office_config_read_keys(keys, keys->failed ? NULL : log,
                                         &text, &stamp)
        != NGX_OK)
    {
        ngx_http_office_config_keys_failed(keys, log, "it cannot be read");
        return;
    }

    keys->stamp = stamp;

    (void) ngx_http_office_config_take_keys(keys, &text, log);

    ngx_free(text.data);
}


/*
 * The content of the file, which the caller is to free, and the stamp that it
 * has.  Errors are logged, if there is a log.
 */

static ngx_int_t
ngx_http_office_config_read_keys(ngx_http_office_config_keys_t *keys,
    ngx_log_t *log, ngx_str_t *text, ngx_http_office_config_stamp_t *stamp)
{
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_int_t         rc;
    ngx_file_info_t   fi;

    rc = NGX_ERROR;

    fd = ngx_open_file(keys->name.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        if (log) {
            ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                          ngx_open_file_n " \"%V\" failed", &keys->name);
        }

        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        if (log) {
            ngx_log_error(NGX_LOG_ERR, log, 0,
                          "\"%V\" is not a file", &keys->name);
        }

        goto done;
    }

    if (ngx_file_size(&fi) > OC_JWKS_MAX_LEN) {
        if (log) {
            ngx_log_error(NGX_LOG_ERR, log, 0,
                          "\"%V\" is longer than %d bytes", &keys->name,
                          OC_JWKS_MAX_LEN);
        }

        goto done;
    }

    ngx_http_office_config_stamp_file(stamp, &fi);

    text->data = ngx_alloc(OC_JWKS_MAX_LEN + 1, ngx_cycle->log);
    if (text->data == NULL) {
        goto done;
    }

    for (text->len = 0; text->len <= OC_JWKS_MAX_LEN; text->len += n) {

        n = ngx_read_fd(fd, text->data + text->len,
                        OC_JWKS_MAX_LEN + 1 - text->len);

        if (n == 0) {
            rc = NGX_OK;
            break;
        }

        if (n == -1) {
            if (log) {
                ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                              ngx_read_fd_n " \"%V\" failed", &keys->name);
            }

            break;
        }
    }

    if (rc != NGX_OK) {
        ngx_free(text->data);
    }

done:

    if (ngx_close_file(fd) == NGX_FILE_ERROR && log) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &keys->name);
    }

    return rc;
}


static void
ngx_http_office_config_stamp_file(ngx_http_office_config_stamp_t *stamp,
    ngx_file_info_t *fi)
{
    /* seconds alone do not tell two changes in one of them apart */

#if (NGX_DARWIN)
    stamp->mtime = fi->st_mtimespec;
    stamp->ctime = fi->st_ctimespec;
#else
    stamp->mtime = fi->st_mtim;
    stamp->ctime = fi->st_ctim;
#endif

    stamp->size = ngx_file_size(fi);
    stamp->uniq = ngx_file_uniq(fi);
}


static ngx_uint_t
ngx_http_office_config_same_file(ngx_http_office_config_stamp_t *one,
    ngx_http_office_config_stamp_t *other)
{
    return one->mtime.tv_sec == other->mtime.tv_sec
           && one->mtime.tv_nsec == other->mtime.tv_nsec
           && one->ctime.tv_sec == other->ctime.tv_sec
           && one->ctime.tv_nsec == other->ctime.tv_nsec
           && one->size == other->size
           && one->uniq == other->uniq;
}


/*
 * Has the keys in a document take the place of the others, unless it is no
 * set of keys, or one without a key that is of use.
 */

ngx_int_t
ngx_http_office_config_take_keys(ngx_http_office_config_keys_t *keys,
    ngx_str_t *text, ngx_log_t *log)
{
    oc_jwks_t        *jwks;
    ngx_uint_t        level;
    oc_jwks_error_t   err;

    if (text->len == 0) {
        ngx_http_office_config_keys_failed(keys, log, "there is nothing");
        return NGX_ERROR;
    }

    jwks = oc_jwks_parse(text->data, text->len, keys->symmetric, &err);

    if (jwks == NULL) {
        ngx_http_office_config_keys_failed(keys, log, err.reason);
        return NGX_ERROR;
    }

    ngx_http_office_config_unused_keys(keys, jwks, NGX_LOG_INFO, log);

    level = keys->failed ? NGX_LOG_NOTICE : NGX_LOG_INFO;

    ngx_log_error(level, log, 0,
                  "%ui keys for tokens from \"%V\"", oc_jwks_nkeys(jwks),
                  &keys->name);

    if (keys->jwks) {
        oc_jwks_release(keys->jwks);
    }

    keys->jwks = jwks;
    keys->version++;
    keys->failed = 0;

    return NGX_OK;
}


/* Says so once, until there are new keys. */

void
ngx_http_office_config_keys_failed(ngx_http_office_config_keys_t *keys,
    ngx_log_t *log, const char *reason)
{
    if (!keys->failed) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "no new keys for tokens from \"%V\": %s, %s",
                      &keys->name, reason,
                      keys->jwks ? "the old ones are kept"
                                 : "there are none");
    }

    keys->failed = 1;
}


static void
ngx_http_office_config_unused_keys(ngx_http_office_config_keys_t *keys,
    oc_jwks_t *jwks, ngx_uint_t level, ngx_log_t *log)
{
    ngx_str_t    kid;
    ngx_uint_t   i, place;
    const char  *reason;

    for (i = 0; i < oc_jwks_nunused(jwks); i++) {
        reason = oc_jwks_unused(jwks, i, &kid, &place);

        if (oc_utf8_printable(kid.data, kid.len) != NGX_OK) {
            ngx_str_set(&kid, "?");
        }

        ngx_log_error(level, log, 0,
                      "key %ui \"%V\" of \"%V\" is not used: %s",
                      place, &kid, &keys->name, reason);
    }
}


static void
ngx_http_office_config_release_keys(void *data)
{
    ngx_http_office_config_keys_t *keys = data;

    if (keys->timer.timer_set) {
        ngx_del_timer(&keys->timer);
    }

    if (keys->jwks) {
        oc_jwks_release(keys->jwks);
        keys->jwks = NULL;
    }
}
