
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_STORE_INTERNAL_H_INCLUDED_
#define _OC_STORE_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_store.h"


ngx_int_t oc_store_op(oc_store_call_t *call, ngx_uint_t flags, size_t size);
ngx_int_t oc_store_command(oc_store_call_t *call, ngx_uint_t flags,
    ngx_str_t *argv, ngx_uint_t argc, size_t reply,
    oc_redis_handler_pt handler);
ngx_int_t oc_store_script(oc_store_call_t *call, ngx_uint_t flags,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc, size_t reply, oc_redis_handler_pt handler);

ngx_int_t oc_store_result(oc_store_call_t *call, oc_redis_op_t *op);
void oc_store_failed(oc_store_call_t *call);


extern oc_redis_script_t  oc_store_create_script;


#endif /* _OC_STORE_INTERNAL_H_INCLUDED_ */
