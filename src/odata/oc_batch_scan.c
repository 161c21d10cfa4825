
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_batch.h"
#include "oc_url.h"
#include "oc_word.h"


/* deeper than any document that one request takes, within a batch */

#define OC_BATCH_MAX_DEPTH  64


static ngx_int_t oc_batch_skip_scalar(u_char **p, u_char *last);
static u_char *oc_batch_skip_digits(u_char *p, u_char *last);


/*
 * Moves "*p" over the JSON value there (RFC 8259), which is "depth" levels
 * deep already.  Nothing is decoded and no memory is needed, so a body in a
 * batch stays as it was sent.  NGX_ERROR with "*p" at what is no JSON.
 */

ngx_int_t
oc_batch_skip_value(u_char **p, u_char *last, ngx_uint_t depth)
{
    u_char      *s;
    uint64_t     bit, object;
    ngx_uint_t   level;

    level = 0;
    object = 0;     /* a bit for each level that is open */

    s = *p;

value:

    s = oc_batch_skip_space(s, last);

    if (s == last) {
        goto failed;
    }

    if (*s == '{' || *s == '[') {

        if (level + depth >= OC_BATCH_MAX_DEPTH) {
            goto failed;
        }

        bit = (uint64_t) 1 << level++;

        if (*s++ == '{') {
            object |= bit;

            s = oc_batch_skip_space(s, last);

            if (s < last && *s == '}') {
                goto close;
            }

            goto name;
        }

        object &= ~bit;

        s = oc_batch_skip_space(s, last);

        if (s < last && *s == ']') {
            goto close;
        }

        goto value;
    }

    if (oc_batch_skip_scalar(&s, last) != NGX_OK) {
        goto failed;
    }

next:

    if (level == 0) {
        *p = s;
        return NGX_OK;
    }

    s = oc_batch_skip_space(s, last);

    if (s == last) {
        goto failed;
    }

    bit = (uint64_t) 1 << (level - 1);

    if (*s == ',') {
        s++;

        if (!(object & bit)) {
            goto value;
        }

        s = oc_batch_skip_space(s, last);
        goto name;
    }

    if (*s != ((object & bit) ? '}' : ']')) {
        goto failed;
    }

close:

    s++;
    level--;

    goto next;

name:

    if (oc_batch_skip_string(&s, last) != NGX_OK) {
        goto failed;
    }

    s = oc_batch_skip_space(s, last);

    if (s == last || *s != ':') {
        goto failed;
    }

    s++;

    goto value;

failed:

    *p = s;

    return NGX_ERROR;
}


static ngx_int_t
oc_batch_skip_scalar(u_char **p, u_char *last)
{
    u_char      *s, *digits;
    ngx_uint_t   i;

    static const ngx_str_t  words[] = {
        ngx_string("true"),
        ngx_string("false"),
        ngx_string("null")
    };

    s = *p;

    if (*s == '"') {
        return oc_batch_skip_string(p, last);
    }

    for (i = 0; i < 3; i++) {
        if ((size_t) (last - s) >= words[i].len
            && ngx_memcmp(s, words[i].data, words[i].len) == 0)
        {
            *p = s + words[i].len;
            return NGX_OK;
        }
    }

    if (*s == '-') {
        s++;
    }

    digits = s;
    s = oc_batch_skip_digits(s, last);

    if (s == digits || (*digits == '0' && s - digits > 1)) {
        return NGX_ERROR;
    }

    if (s < last && *s == '.') {
        digits = s + 1;
        s = oc_batch_skip_digits(digits, last);

        if (s == digits) {
            return NGX_ERROR;
        }
    }

    if (s < last && (*s == 'e' || *s == 'E')) {
        s++;

        if (s < last && (*s == '+' || *s == '-')) {
            s++;
        }

        digits = s;
        s = oc_batch_skip_digits(s, last);

        if (s == digits) {
            return NGX_ERROR;
        }
    }

    *p = s;

    return NGX_OK;
}


static u_char *
oc_batch_skip_digits(u_char *p, u_char *last)
{
    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


/* Moves "*p" from a string's opening quote to behind the closing one. */

ngx_int_t
oc_batch_skip_string(u_char **p, u_char *last)
{
    u_char    *s;
    uint64_t   word, marks;

    s = *p;

    if (s == last || *s != '"') {
        return NGX_ERROR;
    }

    s++;

    for ( ;; ) {

        while (last - s >= 8) {
            ngx_memcpy(&word, s, 8);

            marks = oc_word_json_special(word);

            if (marks) {
                s += oc_word_skip(marks);
                break;
            }

            s += 8;
        }

        if (s == last || *s < 0x20) {
            break;
        }

        if (*s == '"') {
            *p = s + 1;
            return NGX_OK;
        }

        if (*s++ != '\\') {
            continue;
        }

        if (s == last || *s == '\0' || strchr("\"\\/bfnrtu", *s) == NULL) {
            break;
        }

        if (*s++ == 'u') {

            if (last - s < 4 || !isxdigit(s[0]) || !isxdigit(s[1])
                || !isxdigit(s[2]) || !isxdigit(s[3]))
            {
                break;
            }

            s += 4;
        }
    }

    *p = s;

    return NGX_ERROR;
}


u_char *
oc_batch_skip_space(u_char *p, u_char *last)
{
    while (p < last
           && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
    {
        p++;
    }

    return p;
}


/*
 * Whether the bytes are one JSON value in UTF-8 and nothing else, and can be
 * put into another JSON document as they are.
 */

ngx_uint_t
oc_batch_is_json(u_char *p, size_t len)
{
    u_char  *last, *s, *end;

    last = p + len;

    /* what is between line feeds and the like is text */

    for (s = p; s < last; s = end + 1) {

        for (end = s; end < last && *end >= ' '; end++) { /* void */ }

        if (oc_utf8_printable(s, end - s) != NGX_OK) {
            return 0;
        }
    }

    if (oc_batch_skip_value(&p, last, 4) != NGX_OK) {
        return 0;
    }

    return oc_batch_skip_space(p, last) == last;
}
