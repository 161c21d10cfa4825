
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _NGX_HTTP_OFFICE_CONFIG_HANDLER_H_INCLUDED_
#define _NGX_HTTP_OFFICE_CONFIG_HANDLER_H_INCLUDED_


#include "ngx_http_office_config.h"
#include "ngx_http_office_config_format.h"


typedef ngx_int_t (*ngx_http_office_config_method_pt)(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


typedef struct {
    ngx_http_office_config_resource_e  resource;
    ngx_uint_t                         methods;
    ngx_http_office_config_method_pt   handler;
    ngx_uint_t                         options;    /* of the query */
    ngx_uint_t                         media;      /* of what is answered */
} ngx_http_office_config_operation_t;


/* ngx_http_office_config_operation.c */

const ngx_http_office_config_operation_t *ngx_http_office_config_operation(
    ngx_http_office_config_resource_e resource, ngx_uint_t method);
ngx_int_t ngx_http_office_config_allow(ngx_http_request_t *r,
    ngx_http_office_config_resource_e resource, ngx_str_t *allow);

/* ngx_http_office_config_metadata.c */

ngx_int_t ngx_http_office_config_service(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_metadata(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_handler.c */

ngx_int_t ngx_http_office_config_entity(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_tenant(ngx_http_request_t *r,
    ngx_str_t *tenant);
void ngx_http_office_config_call(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_answer_pt answer);
void ngx_http_office_config_rules(ngx_http_request_t *r,
    oc_checkin_rules_t *rules);
ngx_int_t ngx_http_office_config_called(ngx_http_request_t *r, ngx_int_t rc);
void ngx_http_office_config_wait(ngx_http_request_t *r);
void ngx_http_office_config_go_on(ngx_event_t *ev);
void ngx_http_office_config_stay(ngx_event_t *ev);
void ngx_http_office_config_finish(ngx_http_request_t *r, ngx_int_t rc);

/* ngx_http_office_config_options.c */

ngx_int_t ngx_http_office_config_shape(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type);

/* ngx_http_office_config_problem.c */

ngx_int_t ngx_http_office_config_store_problem(ngx_http_request_t *r,
    oc_store_call_t *call);

/* ngx_http_office_config_json.c */

ngx_int_t ngx_http_office_config_read_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx,
    ngx_http_office_config_json_pt handler);
ngx_int_t ngx_http_office_config_plain_body(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *body, ngx_int_t *rc);
ngx_int_t ngx_http_office_config_bad_encoding(ngx_http_request_t *r);
ngx_int_t ngx_http_office_config_fault(ngx_http_request_t *r, ngx_int_t rc,
    oc_fault_t *fault);
ngx_int_t ngx_http_office_config_stamp(ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_condition.c */

ngx_int_t ngx_http_office_config_condition(ngx_http_request_t *r,
    oc_store_condition_t *condition);
ngx_int_t ngx_http_office_config_body_etag(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_str_t *etag);
ngx_int_t ngx_http_office_config_preconditions(ngx_http_request_t *r,
    ngx_str_t *digits);

/* ngx_http_office_config_prefer.c */

void ngx_http_office_config_prefer(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_continue_on_error(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_preference_applied(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_repeatability.c */

ngx_int_t ngx_http_office_config_repeatability(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_int_t *rc);
ngx_int_t ngx_http_office_config_repeatability_result(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_update.c */

ngx_int_t ngx_http_office_config_update(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_singleton.c */

ngx_int_t ngx_http_office_config_singleton(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_property.c */

ngx_int_t ngx_http_office_config_property_get(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_property_put(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_property_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_value_put(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_stream.c */

ngx_int_t ngx_http_office_config_stream_get(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_stream_put(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_stream_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_assignment.c */

ngx_int_t ngx_http_office_config_assignments(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_assignment_add(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_assignment_update(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_assignment_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_action.c */

ngx_int_t ngx_http_office_config_assign(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_update_priorities(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_batch.c */

ngx_int_t ngx_http_office_config_batch(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_create.c */

ngx_int_t ngx_http_office_config_create(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_read.c */

ngx_int_t ngx_http_office_config_get(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_list.c */

ngx_int_t ngx_http_office_config_list(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
ngx_int_t ngx_http_office_config_count(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_checkin.c */

ngx_int_t ngx_http_office_config_checkin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_checkins.c */

ngx_int_t ngx_http_office_config_checkins(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);

/* ngx_http_office_config_delete.c */

ngx_int_t ngx_http_office_config_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


#endif /* _NGX_HTTP_OFFICE_CONFIG_HANDLER_H_INCLUDED_ */
