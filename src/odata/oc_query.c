
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <strings.h>

#include "oc_query.h"
#include "oc_url.h"


/* the most that $top can ask for: as good as all */

#define OC_QUERY_MAX_TOP  2147483647


static oc_query_status_e oc_query_option(oc_query_t *query,
    const ngx_str_t *name, const ngx_str_t *value, ngx_uint_t supported);
static oc_query_status_e oc_query_add_alias(oc_query_t *query,
    const ngx_str_t *name, const ngx_str_t *value);
static ngx_uint_t oc_query_is(const ngx_str_t *value, const char *word);
static oc_query_status_e oc_query_fail(oc_query_t *query,
    const ngx_str_t *target, const char *message, oc_query_status_e status);
static ngx_int_t oc_query_number(const ngx_str_t *value, ngx_uint_t *number);


static const ngx_str_t  oc_option_names[] = {
    ngx_string("select"),
    ngx_string("expand"),
    ngx_string("filter"),
    ngx_string("orderby"),
    ngx_string("search"),
    ngx_string("top"),
    ngx_string("skip"),
    ngx_string("count"),
    ngx_string("skiptoken"),
    ngx_string("format"),
    ngx_string("compute"),
    ngx_string("apply"),
    ngx_string("index"),
    ngx_string("levels"),
    ngx_string("deltatoken"),
    ngx_string("schemaversion"),
    ngx_string("id")
};


/*
 * Parses the query part of a URL.
 *
 * In: "args" without the '?'; "buf" with room for as many bytes, which must
 * live as long as "query"; the bits of the options that the resource
 * supports.  Names may be percent-encoded, in any case, with or without '$'
 * (OData 4.01 Protocol, 11.2.1).  Custom options, which have neither '$' nor
 * '@', are none of ours and passed over.  Out: "query"; if the status is not
 * OC_QUERY_OK, its message, target and position.
 */

oc_query_status_e
oc_query_parse(oc_query_t *query, const ngx_str_t *args, u_char *buf,
    ngx_uint_t supported)
{
    size_t              len;
    ngx_str_t           name, value;
    const u_char       *p, *last, *end, *equals;
    oc_query_status_e   status;

    ngx_memzero(query, sizeof(oc_query_t));

    p = args->data;
    last = p + args->len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = memchr(p, '&', last - p);
        if (end == NULL) {
            end = last;
        }

        if (end == p) {
            continue;
        }

        equals = memchr(p, '=', end - p);
        len = (equals ? equals : end) - p;

        query->position = p - args->data;

        name.data = buf;

        if (oc_url_decode(&name, p, len, 1) != NGX_OK) {
            name.data = (u_char *) p;
            name.len = len;

            return oc_query_fail(query, &name, "The percent-encoding is "
                                 "invalid.", OC_QUERY_MALFORMED);
        }

        buf += name.len;

        value.data = buf;
        value.len = 0;

        if (equals
            && oc_url_decode(&value, equals + 1, end - equals - 1, 1)
               != NGX_OK)
        {
            return oc_query_fail(query, &name, "The percent-encoding of the "
                                 "value is invalid.", OC_QUERY_MALFORMED);
        }

        buf += value.len;

        status = oc_query_option(query, &name, &value, supported);

        if (status != OC_QUERY_OK) {
            return status;
        }
    }

    return OC_QUERY_OK;
}


static oc_query_status_e
oc_query_option(oc_query_t *query, const ngx_str_t *name,
    const ngx_str_t *value, ngx_uint_t supported)
{
    ngx_uint_t   dollar;
    oc_option_e  option;

    if (name->len && name->data[0] == '@') {

        if (!(supported & oc_option_bit(OC_OPTION_FILTER))) {
            return oc_query_fail(query, name, "Parameter aliases are not "
                                 "supported here.", OC_QUERY_UNSUPPORTED);
        }

        return oc_query_add_alias(query, name, value);
    }

    option = oc_query_name(name, &dollar);

    if (option == OC_OPTION_NONE) {

        if (dollar) {
            return oc_query_fail(query, name, "There is no system query "
                                 "option of this name.", OC_QUERY_MALFORMED);
        }

        return OC_QUERY_OK;
    }

    if (option == OC_OPTION_ID && !dollar) {
        return OC_QUERY_OK;
    }

    if (query->given & oc_option_bit(option)) {
        return oc_query_fail(query, name, "The option is given twice.",
                             OC_QUERY_MALFORMED);
    }

    query->given |= oc_option_bit(option);

    if (!(supported & oc_option_bit(option))) {
        return oc_query_fail(query, name, "The option is not supported here.",
                             OC_QUERY_UNSUPPORTED);
    }

    switch (option) {

    case OC_OPTION_TOP:
        if (oc_query_number(value, &query->top) != NGX_OK) {
            return oc_query_fail(query, name, "A non-negative integer is "
                                 "expected.", OC_QUERY_MALFORMED);
        }

        break;

    case OC_OPTION_SKIP:
        if (oc_query_number(value, &query->skip) != NGX_OK) {
            return oc_query_fail(query, name, "A non-negative integer is "
                                 "expected.", OC_QUERY_MALFORMED);
        }

        break;

    case OC_OPTION_COUNT:
        if (oc_query_is(value, "true")) {
            query->count = 1;

        } else if (!oc_query_is(value, "false")) {
            return oc_query_fail(query, name, "Either true or false is "
                                 "expected.", OC_QUERY_MALFORMED);
        }

        break;

    case OC_OPTION_FILTER:
        query->filter_text = *value;
        break;

    case OC_OPTION_ORDERBY:
        query->orderby_text = *value;
        break;

    case OC_OPTION_SEARCH:
        query->search_text = *value;
        break;

    case OC_OPTION_SELECT:
        query->select_text = *value;
        break;

    case OC_OPTION_EXPAND:
        query->expand_text = *value;
        break;

    case OC_OPTION_ID:
        query->id = *value;
        break;

    case OC_OPTION_FORMAT:
        query->format = *value;
        break;

    default: /* OC_OPTION_SKIPTOKEN */
        if (value->len == 0) {
            return oc_query_fail(query, name, "A token from a next link is "
                                 "expected.", OC_QUERY_MALFORMED);
        }

        query->skiptoken = *value;
    }

    return OC_QUERY_OK;
}


/* A parameter alias (URL Conventions, 5.3). */

static oc_query_status_e
oc_query_add_alias(oc_query_t *query, const ngx_str_t *name,
    const ngx_str_t *value)
{
    ngx_str_t  other;

    if (name->len == 1) {
        return oc_query_fail(query, name, "The name of a parameter alias is "
                             "expected.", OC_QUERY_MALFORMED);
    }

    if (oc_query_alias(query, name, &other) == NGX_OK) {
        return oc_query_fail(query, name, "The parameter alias is given "
                             "twice.", OC_QUERY_MALFORMED);
    }

    if (query->naliases == OC_ALIAS_MAX) {
        return oc_query_fail(query, name, "There are too many parameter "
                             "aliases.", OC_QUERY_MALFORMED);
    }

    query->aliases[query->naliases].name = *name;
    query->aliases[query->naliases].value = *value;
    query->naliases++;

    return OC_QUERY_OK;
}


/* The value of a parameter alias: NGX_OK, or NGX_DECLINED if it has none. */

ngx_int_t
oc_query_alias(void *data, const ngx_str_t *name, ngx_str_t *value)
{
    oc_query_t *query = data;

    ngx_uint_t  i;

    for (i = 0; i < query->naliases; i++) {

        if (query->aliases[i].name.len == name->len
            && ngx_memcmp(query->aliases[i].name.data, name->data, name->len)
               == 0)
        {
            *value = query->aliases[i].value;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/*
 * The system query option of this name, in any case, with or without the '$',
 * which "dollar" says; OC_OPTION_NONE if it is none.
 */

oc_option_e
oc_query_name(const ngx_str_t *name, ngx_uint_t *dollar)
{
    ngx_str_t    bare;
    ngx_uint_t   i;

    bare = *name;
    *dollar = 0;

    if (bare.len && bare.data[0] == '$') {
        *dollar = 1;
        bare.data++;
        bare.len--;
    }

    for (i = 0; i < OC_OPTION_NONE; i++) {

        if (bare.len == oc_option_names[i].len
            && strncasecmp((char *) bare.data,
                           (char *) oc_option_names[i].data, bare.len)
               == 0)
        {
            return i;
        }
    }

    return OC_OPTION_NONE;
}


static oc_query_status_e
oc_query_fail(oc_query_t *query, const ngx_str_t *target, const char *message,
    oc_query_status_e status)
{
    query->target = *target;
    query->message = message;

    return status;
}


/* Whether the value is this word, in any case. */

static ngx_uint_t
oc_query_is(const ngx_str_t *value, const char *word)
{
    return value->len == ngx_strlen(word)
           && strncasecmp((char *) value->data, word, value->len) == 0;
}


static ngx_int_t
oc_query_number(const ngx_str_t *value, ngx_uint_t *number)
{
    size_t      i;
    ngx_uint_t  n;

    if (value->len == 0) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < value->len; i++) {

        if (value->data[i] < '0' || value->data[i] > '9') {
            return NGX_ERROR;
        }

        n = ngx_min(n * 10 + (value->data[i] - '0'), OC_QUERY_MAX_TOP);
    }

    *number = n;

    return NGX_OK;
}
