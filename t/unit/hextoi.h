
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * ngx_hextoi() for a program with oc_span, which t/unit/nginx.c does not have:
 * a program includes this once.
 */


#ifndef _HEXTOI_H_INCLUDED_
#define _HEXTOI_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


ngx_int_t
ngx_hextoi(u_char *line, size_t n)
{
    u_char     c;
    ngx_int_t  value;

    if (n == 0) {
        return NGX_ERROR;
    }

    for (value = 0; n; n--) {
        c = *line++;

        if (!isxdigit(c) || value > NGX_MAX_INT_T_VALUE / 16) {
            return NGX_ERROR;
        }

        value = value * 16 + (isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }

    return value;
}


#endif /* _HEXTOI_H_INCLUDED_ */
