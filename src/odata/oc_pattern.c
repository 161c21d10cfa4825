
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#define PCRE2_CODE_UNIT_WIDTH  8
#include <pcre2.h>

#include "oc_pattern.h"


/*
 * What ends a match is the count of its steps.  PCRE2's own limits are behind
 * it: its match limit counts from each place where a match may begin anew.
 */

#define OC_PATTERN_MATCHES  1000000
#define OC_PATTERN_DEPTH    20000
#define OC_PATTERN_HEAP     4096     /* KB */
#define OC_PATTERN_NESTING  50


struct oc_pattern_s {
    pcre2_code           *code;
    pcre2_match_data     *data;
    pcre2_match_context  *context;

    /* of a match */

    int64_t              *steps;
    PCRE2_SIZE            last;
};


static oc_query_status_e oc_pattern_check(const ngx_str_t *text);
static size_t oc_pattern_repeat(const u_char *p, const u_char *last);
static int oc_pattern_step(pcre2_callout_block *block, void *data);
static void *oc_pattern_alloc(size_t size, void *data);
static void oc_pattern_free(void *p, void *data);


/*
 * Compiles a pattern in "pool".  OC_QUERY_MALFORMED if it is no regular
 * expression of ECMAScript, OC_QUERY_UNSUPPORTED if it is too large.
 */

oc_query_status_e
oc_pattern_compile(oc_pattern_t **pattern, const ngx_str_t *text,
    ngx_pool_t *pool)
{
    int                      error;
    PCRE2_SIZE               offset;
    oc_pattern_t            *re;
    oc_query_status_e        status;
    pcre2_general_context   *general;
    pcre2_compile_context   *compile;

    status = oc_pattern_check(text);

    if (status != OC_QUERY_OK) {
        return status;
    }

    re = ngx_pcalloc(pool, sizeof(oc_pattern_t));
    if (re == NULL) {
        return OC_QUERY_NO_MEMORY;
    }

    general = pcre2_general_context_create(oc_pattern_alloc, oc_pattern_free,
                                           pool);
    if (general == NULL) {
        return OC_QUERY_NO_MEMORY;
    }

    compile = pcre2_compile_context_create(general);
    re->context = pcre2_match_context_create(general);

    if (compile == NULL || re->context == NULL) {
        return OC_QUERY_NO_MEMORY;
    }

    (void) pcre2_set_parens_nest_limit(compile, OC_PATTERN_NESTING);
    (void) pcre2_set_newline(compile, PCRE2_NEWLINE_ANYCRLF);
    (void) pcre2_set_compile_extra_options(compile, PCRE2_EXTRA_ALT_BSUX);

    re->code = pcre2_compile(text->data, text->len,
                             PCRE2_UTF|PCRE2_ALT_BSUX|PCRE2_DOLLAR_ENDONLY
                             |PCRE2_MATCH_UNSET_BACKREF
                             |PCRE2_ALLOW_EMPTY_CLASS
                             |PCRE2_NEVER_BACKSLASH_C|PCRE2_AUTO_CALLOUT,
                             &error, &offset, compile);

    if (re->code == NULL) {
        return (error == PCRE2_ERROR_HEAP_FAILED
                || error == PCRE2_ERROR_NOMEMORY) ? OC_QUERY_NO_MEMORY
                                                  : OC_QUERY_MALFORMED;
    }

    re->data = pcre2_match_data_create(1, general);
    if (re->data == NULL) {
        return OC_QUERY_NO_MEMORY;
    }

    (void) pcre2_set_match_limit(re->context, OC_PATTERN_MATCHES);
    (void) pcre2_set_depth_limit(re->context, OC_PATTERN_DEPTH);
    (void) pcre2_set_heap_limit(re->context, OC_PATTERN_HEAP);
    (void) pcre2_set_callout(re->context, oc_pattern_step, re);

    *pattern = re;

    return OC_QUERY_OK;
}


/*
 * Looks for what PCRE2 would take and ECMAScript does not know, verbs and
 * recursion above all, and for repetitions beyond the limit.
 */

static oc_query_status_e
oc_pattern_check(const ngx_str_t *text)
{
    ngx_uint_t     class;
    const u_char  *p, *last;

    if (text->len > OC_PATTERN_MAX_LEN) {
        return OC_QUERY_UNSUPPORTED;
    }

    class = 0;
    last = text->data + text->len;

    for (p = text->data; p < last; p++) {

        switch (*p) {

        case '\\':
            p++;

            /* quoting, places, and calls of groups are PCRE's own */

            if (p < last && strchr("QEAZzGgKRX", *p) && !class) {
                return OC_QUERY_MALFORMED;
            }

            break;

        case '[':
            if (!class) {
                class = 1;

                if (last - p > 1 && p[1] == '^') {
                    p++;
                }
            }

            break;

        case ']':
            class = 0;
            break;

        case '(':
            if (class || last - p < 2) {
                break;
            }

            if (p[1] == '*') {
                return OC_QUERY_MALFORMED;
            }

            if (p[1] == '?') {

                if (last - p < 4 || strchr(":=!<", p[2]) == NULL) {
                    return OC_QUERY_MALFORMED;
                }

                p += 2;
            }

            break;

        case '{':
            if (!class && oc_pattern_repeat(p + 1, last)
                          > OC_PATTERN_MAX_REPEAT)
            {
                return OC_QUERY_UNSUPPORTED;
            }

            break;

        case '*':
        case '+':
        case '?':
            if (!class && last - p > 1 && p[1] == '+') {
                return OC_QUERY_MALFORMED;
            }

            break;

        case '\0':
            return OC_QUERY_MALFORMED;

        default:
            break;
        }
    }

    return OC_QUERY_OK;
}


/* The larger number of {n,m}; 0 if this is no repetition. */

static size_t
oc_pattern_repeat(const u_char *p, const u_char *last)
{
    size_t  n, most;

    for (n = 0, most = 0; p < last; p++) {

        if (*p == ',' || *p == '}') {
            most = ngx_max(most, n);
            n = 0;

            if (*p == '}') {
                return most;
            }

        } else if (*p >= '0' && *p <= '9') {
            n = ngx_min(n * 10 + (*p - '0'), 1000000);

        } else {
            return 0;
        }
    }

    return 0;
}


/*
 * Looks for the pattern anywhere in "subject".  "steps" is how many steps
 * there are, and then how many are left.
 */

oc_pattern_status_e
oc_pattern_match(oc_pattern_t *pattern, const ngx_str_t *subject,
    int64_t *steps)
{
    int  rc;

    pattern->steps = steps;
    pattern->last = 0;

    *steps -= 1 + (int64_t) (subject->len / 64);

    if (*steps < 0) {
        return OC_PATTERN_LIMIT;
    }

    rc = pcre2_match(pattern->code, subject->data, subject->len, 0, 0,
                     pattern->data, pattern->context);

    if (rc >= 0) {
        return OC_PATTERN_MATCH;
    }

    switch (rc) {

    case PCRE2_ERROR_CALLOUT:
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
        return OC_PATTERN_LIMIT;

    case PCRE2_ERROR_NOMEMORY:
        return OC_PATTERN_NO_MEMORY;

    default:
        return OC_PATTERN_NO_MATCH;
    }
}


/*
 * PCRE2 calls this in front of each item of the pattern.  What it did since
 * then is about as much as it moved in the subject.
 */

static int
oc_pattern_step(pcre2_callout_block *block, void *data)
{
    PCRE2_SIZE     moved;
    oc_pattern_t  *pattern;

    pattern = data;

    moved = (block->current_position > pattern->last)
            ? block->current_position - pattern->last
            : pattern->last - block->current_position;

    pattern->last = block->current_position;

    *pattern->steps -= 1 + (int64_t) moved;

    return (*pattern->steps < 0) ? PCRE2_ERROR_CALLOUT : 0;
}


static void *
oc_pattern_alloc(size_t size, void *data)
{
    return ngx_palloc(data, size);
}


static void
oc_pattern_free(void *p, void *data)
{
    if (p) {
        (void) ngx_pfree(data, p);
    }
}
