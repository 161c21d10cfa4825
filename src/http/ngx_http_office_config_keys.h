
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_KEYS_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_KEYS_H_INCLUDED_


#include "ngx_http_office_config.h"


typedef struct ngx_http_office_config_fetch_s  ngx_http_office_config_fetch_t;


/* by what a file is seen to be another */

typedef struct {
    struct timespec                  mtime;
    struct timespec                  ctime;
    off_t                            size;
    ngx_file_uniq_t                  uniq;
} ngx_http_office_config_stamp_t;


/*
 * A source of keys, and the keys that this process has of it.  All locations
 * that name the source share it; a URI is one source in each server, as it is
 * a location of the server.
 */

struct ngx_http_office_config_keys_s {
    ngx_str_t                        name;       /* of the file, or the URI */
    ngx_str_t                        args;
    void                           **server;     /* whose URI it is */
    ngx_msec_t                       interval;
    ngx_msec_t                       min;
    ngx_msec_t                       timeout;
    ngx_uint_t                       max_waiting;

    oc_jwks_t                       *jwks;       /* NULL: none so far */
    ngx_uint_t                       version;    /* of them */

    ngx_http_office_config_stamp_t   stamp;
    time_t                           checked;    /* when the file was */

    ngx_http_office_config_fetch_t  *fetch;      /* that is on its way */
    ngx_msec_t                       begun;      /* when the last one was */
    ngx_msec_t                       next;       /* when one is due anyway */
    ngx_queue_t                      queue;      /* of who waits */
    ngx_uint_t                       waiting;
    ngx_event_t                      timer;

    unsigned                         request:1;  /* the name is a URI */
    unsigned                         symmetric:1;
    unsigned                         failed:1;   /* the last attempt did */
    unsigned                         tried:1;    /* there was one */
};


/* ngx_http_office_config_keys.c */

ngx_int_t ngx_http_office_config_take_keys(
    ngx_http_office_config_keys_t *keys, ngx_str_t *text, ngx_log_t *log);
void ngx_http_office_config_keys_failed(ngx_http_office_config_keys_t *keys,
    ngx_log_t *log, const char *reason);

/* ngx_http_office_config_fetch.c */

void ngx_http_office_config_fetch_init(ngx_http_office_config_keys_t *keys);


#endif /* _NGX_HTTP_OFFICE_CONFIG_KEYS_H_INCLUDED_ */
