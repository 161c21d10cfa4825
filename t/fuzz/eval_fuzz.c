
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * A text and a document that need not be JSON, a line end between them: the
 * text as $filter, as $orderby and as $search.
 *
 * - an evaluation ends, within its steps, and says why if it fails;
 * - it changes nothing, reads nothing outside, and is the same again;
 * - a key is the same for the same document, and comes before that of another
 *   one or behind it, whichever is asked first.
 */


#include "arena.h"
#include "oc_bytes.h"
#include "options.h"


static ngx_pool_t  *pool;
static oc_eval_t   *eval;


static void
begin(oc_parse_t *context, const oc_type_t *type)
{
    pool = ngx_create_pool(4096, ngx_cycle->log);
    eval = oc_eval_create(pool, 1767225600007LL);

    memset(context, 0, sizeof(oc_parse_t));
    context->pool = pool;
    context->type = type;
    context->alias = option_alias;
}


static void
check_status(oc_eval_status_e status)
{
    fuzz_assert(status != OC_EVAL_NO_MEMORY);
    fuzz_assert((status == OC_EVAL_OK) == (oc_eval_message(eval).len == 0));
}


static void
check_filter(const ngx_str_t *text, oc_subject_t *subject,
    const oc_type_t *type)
{
    oc_expr_t         *expr;
    oc_parse_t         context;
    ngx_uint_t         matches, again;
    oc_eval_status_e   status;

    begin(&context, type);

    if (oc_filter_parse(&context, text, &expr) == OC_QUERY_OK) {
        status = oc_filter_match(eval, expr, subject, &matches);
        check_status(status);
        fuzz_assert(matches <= 1);

        fuzz_assert(oc_filter_match(eval, expr, subject, &again) == status);
        fuzz_assert(matches == again);
    }

    ngx_destroy_pool(pool);
}


static void
check_orderby(const ngx_str_t *text, oc_subject_t *subject,
    oc_subject_t *other, const oc_type_t *type)
{
    ngx_str_t          key, first;
    oc_parse_t         context;
    oc_orderby_t       orderby;
    oc_eval_status_e   status;

    begin(&context, type);

    if (oc_orderby_parse(&context, text, &orderby) == OC_QUERY_OK) {
        status = oc_order_key(eval, &orderby, subject, &key);
        check_status(status);

        if (status == OC_EVAL_OK) {
            first.data = unit_copy(key.data, key.len);
            first.len = key.len;

            (void) oc_order_key(eval, &orderby, subject, &key);
            fuzz_assert(oc_bytes_compare(&first, &key) == 0);

            if (oc_order_key(eval, &orderby, other, &key) == OC_EVAL_OK) {
                fuzz_assert((oc_bytes_compare(&first, &key) < 0)
                            == (oc_bytes_compare(&key, &first) > 0));

                /* none is the beginning of another */

                fuzz_assert(oc_bytes_compare(&first, &key) == 0
                            || memcmp(first.data, key.data,
                                      ngx_min(first.len, key.len))
                               != 0);
            }

            free(first.data);
        }
    }

    ngx_destroy_pool(pool);
}


static void
check_search(const ngx_str_t *text, oc_subject_t *subject,
    const oc_type_t *type)
{
    oc_parse_t         context;
    ngx_uint_t         matches, again;
    oc_search_t       *search;
    oc_eval_status_e   status;

    begin(&context, type);

    if (oc_search_parse(&context, text, &search) == OC_QUERY_OK) {
        status = oc_search_match(eval, search, subject, &matches);
        check_status(status);

        fuzz_assert(oc_search_match(eval, search, subject, &again)
                    == status);
        fuzz_assert(status != OC_EVAL_OK || matches == again);
    }

    ngx_destroy_pool(pool);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char           *copy, *json;
    size_t            len;
    ngx_str_t         text;
    const uint8_t    *end;
    oc_subject_t      subject, other;
    const oc_type_t  *type;

    end = size ? memchr(data, '\n', size) : NULL;

    if (end == NULL) {
        return 0;
    }

    fuzz_seed(data, size);
    type = option_types[1 + unit_below(OPTION_TYPES - 1)];

    copy = unit_copy(data, end - data);
    text.data = copy;
    text.len = end - data;

    len = size - text.len - 1;
    json = unit_copy(end + 1, len);

    memset(&subject, 0, sizeof(subject));
    memset(&other, 0, sizeof(other));

    subject.json.data = json;
    subject.json.len = len;
    ngx_str_set(&other.json, "{\"priority\":3,\"displayName\":\"a\\u0000b\"}");

    if (unit_below(4) == 0) {
        subject.extra[unit_below(10)] = subject.json;
    }

    check_filter(&text, &subject, type);
    check_orderby(&text, &subject, &other, type);
    check_search(&text, &subject, type);

    fuzz_assert(memcmp(json, end + 1, len) == 0);

    free(json);
    free(copy);

    return 0;
}
