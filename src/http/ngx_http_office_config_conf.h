
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

/* ngx_http_office_config_auth_conf.c */

char *ngx_http_office_config_auth(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_jwt_keys(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_jwt_list(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_jwt_realm(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_jwt_authorization_uri(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_office_config_jwt_key_refresh(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_office_config_jwt_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_scope(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_office_config_check_leeway(ngx_conf_t *cf, void *post,
    void *data);
void ngx_http_office_config_jwt_create(ngx_http_office_config_jwt_conf_t *jwt);
void ngx_http_office_config_jwt_merge(ngx_http_office_config_jwt_conf_t *prev,
    ngx_http_office_config_jwt_conf_t *conf);
char *ngx_http_office_config_resolve_policy(ngx_conf_t *cf,
    ngx_http_office_config_loc_conf_t *olcf);


#endif /* _NGX_HTTP_OFFICE_CONFIG_CONF_H_INCLUDED_ */
