
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_JSON_NAME_H_INCLUDED_
#define _OC_JSON_NAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Names that documents are expected to have, numbered, so that a decoded
 * document can hold a short mark in place of each.
 */

#define OC_JSON_MAX_NAMES  192

/* of one object, whose values may be decoded apart from it */

#define OC_JSON_MAX_APART  16


void oc_json_name_add(const u_char *name, size_t len);
ngx_int_t oc_json_name_find(const u_char *name, size_t len);
const ngx_str_t *oc_json_name(ngx_uint_t n);


#endif /* _OC_JSON_NAME_H_INCLUDED_ */
