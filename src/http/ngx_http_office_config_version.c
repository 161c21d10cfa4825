
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_format.h"
#include "ngx_http_office_config_response.h"


/* versions of OData in thousandths: 4.01 is between 4.0 and 4.1 */

#define NGX_HTTP_OFFICE_CONFIG_ODATA_400  4000
#define NGX_HTTP_OFFICE_CONFIG_ODATA_401  4010


static ngx_uint_t ngx_http_office_config_odata_version(ngx_str_t *text);


/*
 * Checks OData-Version and OData-MaxVersion (OData 4.01 Protocol, 8.1.5,
 * 8.2.7): what the request is written in must be known here, and there must be
 * a version to answer in.  NGX_DECLINED if all is well, else what the request
 * is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_check_version(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t                         *text;
    ngx_uint_t                         version;
    ngx_http_office_config_problem_t   problem;

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    text = &ctx->headers.odata_version;

    if (text->len) {
        version = ngx_http_office_config_odata_version(text);

        if (version != NGX_HTTP_OFFICE_CONFIG_ODATA_400
            && version != NGX_HTTP_OFFICE_CONFIG_ODATA_401)
        {
            ngx_str_set(&problem.target, "OData-Version");
            ngx_str_set(&problem.message,
                        "The request must be of OData version 4.0 or 4.01.");
        }
    }

    text = &ctx->headers.odata_max_version;

    if (text->len
        && ngx_http_office_config_odata_version(text)
           < NGX_HTTP_OFFICE_CONFIG_ODATA_400)
    {
        ngx_str_set(&problem.target, "OData-MaxVersion");
        ngx_str_set(&problem.message,
                    "OData version 4.0 is the lowest that is answered in.");
    }

    if (problem.message.len == 0) {
        return NGX_DECLINED;
    }

    problem.status = NGX_HTTP_BAD_REQUEST;

    return ngx_http_office_config_problem(r, &problem);
}


/* Whether the answer is one of OData 4.01: only if that is asked for. */

ngx_uint_t
ngx_http_office_config_is_401(ngx_http_office_config_ctx_t *ctx)
{
    return ctx->headers.odata_max_version.len
           && ngx_http_office_config_odata_version(
                                             &ctx->headers.odata_max_version)
              >= NGX_HTTP_OFFICE_CONFIG_ODATA_401;
}


/*
 * In thousandths, or zero if it is no number.  Older clients have their name
 * behind a semicolon.
 */

static ngx_uint_t
ngx_http_office_config_odata_version(ngx_str_t *text)
{
    size_t      i;
    ngx_uint_t  n, unit;

    n = 0;
    unit = 1000;

    for (i = 0; i < text->len && text->data[i] != ';'; i++) {

        if (text->data[i] == '.' && unit == 1000 && i) {
            unit = 100;
            continue;
        }

        if (text->data[i] < '0' || text->data[i] > '9') {
            return 0;
        }

        if (unit == 1000) {
            n = ngx_min(n, 1000000) * 10;
            n += (text->data[i] - '0') * unit;

        } else {
            n += (text->data[i] - '0') * unit;
            unit /= 10;
        }
    }

    return n;
}
