
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_response.h"


/*
 * The content handler of a location with office_config_error, to which
 * "error_page" sends errors that nginx itself has raised: the same status with
 * the API's headers and body.  A request that comes by itself finds nothing.
 */

ngx_int_t
ngx_http_office_config_error_handler(ngx_http_request_t *r)
{
    ngx_http_office_config_problem_t  problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = r->err_status;

    if (problem.status < NGX_HTTP_BAD_REQUEST) {
        problem.status = NGX_HTTP_NOT_FOUND;
    }

    switch (problem.status) {

    case NGX_HTTP_TOO_MANY_REQUESTS:
    case NGX_HTTP_BAD_GATEWAY:
    case NGX_HTTP_SERVICE_UNAVAILABLE:
    case NGX_HTTP_GATEWAY_TIME_OUT:
        problem.retry_after = 1;
        break;

    default:
        break;
    }

    return ngx_http_office_config_problem(r, &problem);
}
