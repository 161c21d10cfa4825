
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What holds for the parser of any query option, see check_option():
 *
 * - the text is not changed, and nothing behind it is read;
 * - what is refused has a sentence and a place within the text, or within the
 *   value of an alias;
 * - what is accepted with the types of the model is accepted by the grammar;
 * - with less memory it is refused for that, or nothing else happens.
 */


#ifndef _FUZZ_OPTIONS_H_INCLUDED_
#define _FUZZ_OPTIONS_H_INCLUDED_


#include "fuzz.h"
#include "hextoi.h"
#include "oc_expr.h"


typedef oc_query_status_e (*option_parse_pt)(oc_parse_t *parse,
    const ngx_str_t *text);


static const oc_type_t  *const option_types[] = {
    NULL, &oc_type_configuration, &oc_type_checkin_status,
    &oc_type_assignment, &oc_type_office_configuration
};

#define OPTION_TYPES  (sizeof(option_types) / sizeof(option_types[0]))


static inline ngx_int_t
option_alias(void *data, const ngx_str_t *name, ngx_str_t *value)
{
    static ngx_str_t  values[] = {
        ngx_string("'a'"), ngx_string("[1,\"b\",null]"), ngx_string("@p"),
        ngx_string("priority add"), ngx_string("\377"),
        ngx_string("checkinStatuses/any(x:@p)")
    };

    fuzz_assert(name->len > 1 && name->data[0] == '@');

    if (name->data[1] < 'a' || name->data[1] > 'p') {
        return NGX_DECLINED;
    }

    *value = values[(name->data[1] - 'a') % 6];

    return NGX_OK;
}


static inline oc_query_status_e
option_run(option_parse_pt parse, const uint8_t *data, size_t size,
    const oc_type_t *type, ngx_uint_t allocations)
{
    u_char             *copy;
    ngx_str_t           text;
    oc_parse_t          context;
    ngx_pool_t         *pool;
    oc_query_status_e   status;

    copy = unit_copy(data, size);
    pool = ngx_create_pool(4096, ngx_cycle->log);

    memset(&context, 0xa5, sizeof(context));
    context.pool = pool;
    context.type = type;
    context.alias = option_alias;

    text.data = copy;
    text.len = size;

    ngx_unit_allocations = allocations;
    status = parse(&context, &text);
    ngx_unit_allocations = NGX_MAX_UINT32_VALUE;

    fuzz_assert(memcmp(copy, data, size) == 0);
    fuzz_assert(context.type == type);

    if (status == OC_QUERY_MALFORMED || status == OC_QUERY_UNSUPPORTED) {
        fuzz_assert(context.message.len > 10);
        fuzz_assert(context.message.data[context.message.len - 1] == '.');
        fuzz_assert(context.where.len || context.position <= size);
    }

    ngx_destroy_pool(pool);
    free(copy);

    return status;
}


static inline void
check_option(option_parse_pt parse, const uint8_t *data, size_t size)
{
    ngx_uint_t         i;
    oc_query_status_e  status[OPTION_TYPES], less;

    fuzz_seed(data, size);

    for (i = 0; i < OPTION_TYPES; i++) {
        status[i] = option_run(parse, data, size, option_types[i],
                               NGX_MAX_UINT32_VALUE);

        fuzz_assert(status[i] != OC_QUERY_NO_MEMORY);
        fuzz_assert(status[i] != OC_QUERY_OK || status[0] == OC_QUERY_OK);
    }

    fuzz_assert(status[0] != OC_QUERY_UNSUPPORTED);

    i = unit_below(OPTION_TYPES);
    less = option_run(parse, data, size, option_types[i], unit_below(20));
    fuzz_assert(less == status[i] || less == OC_QUERY_NO_MEMORY);
}


#endif /* _FUZZ_OPTIONS_H_INCLUDED_ */
