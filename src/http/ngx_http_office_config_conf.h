
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_CONF_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_CONF_H_INCLUDED_


#include "ngx_http_office_config.h"


/* the setters of directives, and checks of what they were given */

char *ngx_http_office_config_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_pass(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_auth(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_error(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_key_prefix(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_office_config_page_size(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_office_config_base_url(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_office_config_resolve_pass(ngx_conf_t *cf,
    ngx_http_office_config_loc_conf_t *olcf);
char *ngx_http_office_config_check_batch(ngx_conf_t *cf, void *post,
    void *data);
char *ngx_http_office_config_check_inline(ngx_conf_t *cf, void *post,
    void *data);
char *ngx_http_office_config_check_scan(ngx_conf_t *cf, void *post,
    void *data);
char *ngx_http_office_config_check_positive(ngx_conf_t *cf,
    void *post, void *data);


#endif /* _NGX_HTTP_OFFICE_CONFIG_CONF_H_INCLUDED_ */
