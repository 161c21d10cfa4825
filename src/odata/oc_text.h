
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_TEXT_H_INCLUDED_
#define _OC_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Strings of UTF-8.  Their order is that of the code points, lengths and
 * positions are counted in code points.
 */

typedef enum {
    OC_TEXT_LOWER = 0,
    OC_TEXT_UPPER
} oc_text_case_e;


size_t oc_text_valid(const u_char *p, size_t len);
uint32_t oc_text_next(const u_char **p, const u_char *last);
size_t oc_text_length(const u_char *p, size_t len);
const u_char *oc_text_skip(const u_char *p, const u_char *last, size_t n);
const u_char *oc_text_find(const ngx_str_t *text, const ngx_str_t *part);
void oc_text_trim(ngx_str_t *text);
size_t oc_text_case(u_char *dst, const ngx_str_t *text, oc_text_case_e to);
uint32_t oc_text_fold(uint32_t code);
ngx_uint_t oc_text_in_word(uint32_t code);


/* a character takes at most this many times the bytes in another case */

#define OC_TEXT_CASE_GROWTH  2


#endif /* _OC_TEXT_H_INCLUDED_ */
