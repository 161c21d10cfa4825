
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_response.h"


static ngx_uint_t ngx_http_office_config_of_assignment(ngx_http_request_t *r);


static ngx_uint_t
ngx_http_office_config_of_assignment(ngx_http_request_t *r)
{
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    return ctx->route.assignment.len != 0;
}


/* The answer when the store could not do what it was asked for. */

ngx_int_t
ngx_http_office_config_store_problem(ngx_http_request_t *r,
    oc_store_call_t *call)
{
    u_char                            target[64];
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    switch (call->status) {

    case OC_STORE_NOT_FOUND:
        problem.status = NGX_HTTP_NOT_FOUND;
        ngx_str_set(&problem.message,
                    "There is no client configuration with this id.");

        if (ngx_http_office_config_of_assignment(r)) {
            ngx_str_set(&problem.message,
                        "There is no such assignment or client "
                        "configuration.");

        } else if (call->cast) {
            ngx_str_set(&problem.message,
                        "There is no client configuration with this id and "
                        "of this type.");
        }

        break;

    case OC_STORE_EXISTS:
        problem.status = NGX_HTTP_CONFLICT;
        ngx_str_set(&problem.message,
                    "A client configuration with this id exists.");

        if (ngx_http_office_config_of_assignment(r)) {
            ngx_str_set(&problem.message,
                        "An assignment with this id exists.");
        }

        ngx_str_set(&problem.target, "id");
        break;

    case OC_STORE_EXHAUSTED:
        problem.status = NGX_HTTP_CONFLICT;
        ngx_str_set(&problem.message,
                    "The highest priority is in use. Give one in the "
                    "request.");
        ngx_str_set(&problem.target, "priority");
        break;

    case OC_STORE_DEPENDENCY:
        problem.status = 424;
        break;

    case OC_STORE_MIXED:
        problem.status = NGX_HTTP_BAD_REQUEST;
        ngx_str_set(&problem.message,
                    "Requests that are carried out all or not at all must be "
                    "of one tenant.");
        break;

    case OC_STORE_UNKNOWN_ID:
        problem.status = NGX_HTTP_BAD_REQUEST;
        ngx_str_set(&problem.message,
                    "There is no client configuration with this id.");
        problem.target.data = target;
        problem.target.len = ngx_sprintf(target,
                                         "officeConfigurationPolicyIds/%ui",
                                         call->index)
                             - target;
        break;

    case OC_STORE_TYPE:
        problem.status = NGX_HTTP_BAD_REQUEST;
        ngx_str_set(&problem.message,
                    "The type of a client configuration cannot be changed.");
        ngx_str_set(&problem.target, "@odata.type");
        break;

    case OC_STORE_LIMIT:
        problem.status = NGX_HTTP_CONFLICT;
        ngx_str_set(&problem.message,
                    "The client configuration has as many assignments as it "
                    "may have.");
        break;

    case OC_STORE_PRECONDITION:
        problem.status = NGX_HTTP_PRECONDITION_FAILED;
        break;

    case OC_STORE_UNAVAILABLE:
        problem.status = NGX_HTTP_SERVICE_UNAVAILABLE;
        problem.retry_after = oc_redis_retry_after(call->redis);
        break;

    case OC_STORE_OVERLOADED:
        problem.status = NGX_HTTP_SERVICE_UNAVAILABLE;
        problem.retry_after = 1;
        ngx_str_set(&problem.message,
                    "The service is overloaded. Try again later.");
        break;

    case OC_STORE_TIMEOUT:
    case OC_STORE_UNKNOWN:
        problem.status = NGX_HTTP_GATEWAY_TIME_OUT;
        problem.retry_after = 1;

        if (call->write) {
            ngx_str_set(&problem.message,
                        "The service did not answer in time. Whether the "
                        "change was made is not known: read before you try "
                        "again.");
        }

        break;

    case OC_STORE_NOT_DURABLE:
        problem.status = NGX_HTTP_SERVICE_UNAVAILABLE;
        problem.retry_after = 1;
        ngx_str_set(&problem.message,
                    "The change was made, but it is not durable yet: it is "
                    "not known whether it will last. Read before you try "
                    "again.");
        break;

    default: /* OC_STORE_FAILED */
        problem.status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_problem(r, &problem);
}
