
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * The query part of a URL: oc_query_parse() on the input, in a buffer of just
 * its length.
 *
 * - what is found is within what was given, and among what is supported;
 * - what is accepted is what a reader of the target's own finds: each option
 *   and each alias once, with its value decoded;
 * - what is wrong has a message, a target and the position of an option;
 * - with every byte of the names and values percent-encoded the result is the
 *   same.
 */


#include "fuzz.h"
#include "oc_query.h"


#define ALL  (oc_option_bit(OC_OPTION_NONE) - 1)


/* where the value of an option is; those that are no text are at the end */

static const struct {
    const char   *name;
    oc_option_e   option;
    size_t        offset;
} texts[] = {
    { "select", OC_OPTION_SELECT, offsetof(oc_query_t, select_text) },
    { "expand", OC_OPTION_EXPAND, offsetof(oc_query_t, expand_text) },
    { "filter", OC_OPTION_FILTER, offsetof(oc_query_t, filter_text) },
    { "orderby", OC_OPTION_ORDERBY, offsetof(oc_query_t, orderby_text) },
    { "search", OC_OPTION_SEARCH, offsetof(oc_query_t, search_text) },
    { "skiptoken", OC_OPTION_SKIPTOKEN, offsetof(oc_query_t, skiptoken) },
    { "format", OC_OPTION_FORMAT, offsetof(oc_query_t, format) },
    { "id", OC_OPTION_ID, offsetof(oc_query_t, id) },
    { "top", OC_OPTION_TOP, 0 },
    { "skip", OC_OPTION_SKIP, 0 },
    { "count", OC_OPTION_COUNT, 0 }
};

#define TEXTS  (sizeof(texts) / sizeof(texts[0]))


static unsigned
within(const ngx_str_t *s, const u_char *data, size_t len)
{
    return s->data >= data && s->data + s->len <= data + len;
}


static const ngx_str_t *
text_of(const oc_query_t *query, unsigned i)
{
    return (const ngx_str_t *) ((const char *) query + texts[i].offset);
}


static void
check(const oc_query_t *query, oc_query_status_e status, const u_char *args,
    const u_char *buf, size_t len, ngx_uint_t supported)
{
    unsigned          i;
    const ngx_str_t  *text;

    if (status == OC_QUERY_OK) {
        fuzz_assert(query->message == NULL);
        fuzz_assert((query->given & ~supported) == 0);
        fuzz_assert(query->top <= 2147483647);
        fuzz_assert(query->skip <= 2147483647);

        for (i = 0; texts[i].offset; i++) {
            text = text_of(query, i);

            if (query->given & oc_option_bit(texts[i].option)) {
                fuzz_assert(within(text, buf, len));

            } else {
                fuzz_assert(text->len == 0);
            }
        }

        fuzz_assert(query->naliases <= OC_ALIAS_MAX);

        for (i = 0; i < query->naliases; i++) {
            fuzz_assert(within(&query->aliases[i].name, buf, len));
            fuzz_assert(within(&query->aliases[i].value, buf, len));
        }

        return;
    }

    fuzz_assert(status == OC_QUERY_MALFORMED
                || status == OC_QUERY_UNSUPPORTED);
    fuzz_assert(query->message && strlen(query->message) > 0);
    fuzz_assert(query->position < len);
    fuzz_assert(args[query->position] != '&');
    fuzz_assert(query->position == 0 || args[query->position - 1] == '&');
    fuzz_assert(within(&query->target, buf, len)
                || within(&query->target, args, len));
    fuzz_assert(query->target.len <= len - query->position);
}


static int
hex(uint8_t ch)
{
    static const char  digits[] = "0123456789abcdefABCDEF";

    const char  *p;

    p = ch ? strchr(digits, ch) : NULL;

    return (p == NULL) ? -1 : (p - digits < 16) ? p - digits : p - digits - 6;
}


/* the length of the input, fully encoded; 0 if its encoding is invalid */

static size_t
encode(char *dst, const uint8_t *data, size_t size)
{
    size_t    i;
    char     *p;
    uint8_t   ch;
    unsigned  value;

    p = dst;
    value = 0;

    for (i = 0; i < size; i++) {
        ch = data[i];

        if (ch == '&' || (ch == '=' && !value)) {
            value = (ch == '=');
            *p++ = (char) ch;
            continue;
        }

        if (ch == '+') {
            ch = ' ';

        } else if (ch == '%') {

            if (i + 2 >= size || hex(data[i + 1]) < 0 || hex(data[i + 2]) < 0)
            {
                return 0;
            }

            ch = (uint8_t) (hex(data[i + 1]) * 16 + hex(data[i + 2]));
            i += 2;
        }

        p += sprintf(p, "%%%02x", ch);
    }

    return p - dst;
}


/* decodes in place */

static size_t
decode(uint8_t *p, size_t len)
{
    size_t    i;
    uint8_t  *dst;

    for (i = 0, dst = p; i < len; i++) {

        if (p[i] == '%') {
            fuzz_assert(len - i > 2);
            *dst++ = (uint8_t) (hex(p[i + 1]) * 16 + hex(p[i + 2]));
            i += 2;

        } else {
            *dst++ = (p[i] == '+') ? ' ' : p[i];
        }
    }

    return dst - p;
}


static unsigned
is(const uint8_t *p, size_t len, const char *word)
{
    return len == strlen(word)
           && strncasecmp((const char *) p, word, len) == 0;
}


/* one option of a query that was accepted; its bit, or 0 */

static ngx_uint_t
check_option(oc_query_t *query, uint8_t *name, size_t len, uint8_t *value,
    size_t size)
{
    size_t       k;
    unsigned     i, dollar;
    uint64_t     n;
    ngx_str_t    alias, found;
    const ngx_str_t  *text;

    if (len && *name == '@') {
        alias.data = name;
        alias.len = len;

        fuzz_assert(len > 1);
        fuzz_assert(oc_query_alias(query, &alias, &found) == NGX_OK);
        fuzz_assert(found.len == size);
        fuzz_assert(size == 0 || memcmp(found.data, value, size) == 0);

        return 0;
    }

    dollar = (len && *name == '$');

    for (i = 0; i < TEXTS; i++) {

        if (is(name + dollar, len - dollar, texts[i].name)) {
            break;
        }
    }

    if (i == TEXTS) {
        fuzz_assert(!dollar);
        return 0;
    }

    if (texts[i].option == OC_OPTION_ID && !dollar) {
        return 0;
    }

    if (texts[i].offset) {
        text = text_of(query, i);

        fuzz_assert(text->len == size);
        fuzz_assert(size == 0 || memcmp(text->data, value, size) == 0);

    } else if (texts[i].option == OC_OPTION_COUNT) {
        fuzz_assert(is(value, size, query->count ? "true" : "false"));

    } else {
        fuzz_assert(size > 0);

        for (k = 0, n = 0; k < size; k++) {
            fuzz_assert(value[k] >= '0' && value[k] <= '9');

            if (n <= 2147483647) {
                n = n * 10 + value[k] - '0';
            }
        }

        n = ngx_min(n, 2147483647);

        fuzz_assert((texts[i].option == OC_OPTION_TOP ? query->top
                                                      : query->skip) == n);
    }

    return oc_option_bit(texts[i].option);
}


/* what was accepted, against what the input says */

static void
check_options(oc_query_t *query, const uint8_t *data, size_t size)
{
    size_t       len, n;
    uint8_t     *copy, *p, *end, *equals;
    ngx_uint_t   given, bit, aliases;

    copy = unit_copy(data, size);
    end = copy + size;
    given = 0;
    aliases = 0;

    for (p = copy; p < end; p += len + 1) {
        equals = memchr(p, '&', end - p);
        len = (equals ? equals : end) - p;

        if (len == 0) {
            continue;
        }

        equals = memchr(p, '=', len);

        if (equals == NULL) {
            equals = p + len;
            n = 0;

        } else {
            n = decode(equals + 1, p + len - equals - 1);
        }

        bit = check_option(query, p, decode(p, equals - p),
                           equals + (equals < p + len), n);

        fuzz_assert((given & bit) == 0);
        given |= bit;
        aliases += (*p == '@');
    }

    fuzz_assert(given == query->given);
    fuzz_assert(aliases == query->naliases);

    free(copy);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char               *text;
    size_t              len;
    unsigned            i;
    u_char             *copy, *buf, *other, *room;
    ngx_str_t           args;
    ngx_uint_t          supported;
    oc_query_t          query, second;
    oc_query_status_e   status, again;

    fuzz_seed(data, size);

    /* mostly all, but those that no resource has */

    supported = ALL & ~(oc_option_bit(OC_OPTION_COMPUTE)
                        | oc_option_bit(OC_OPTION_APPLY)
                        | oc_option_bit(OC_OPTION_INDEX)
                        | oc_option_bit(OC_OPTION_LEVELS)
                        | oc_option_bit(OC_OPTION_DELTATOKEN)
                        | oc_option_bit(OC_OPTION_SCHEMAVERSION));

    if (unit_below(4) == 0) {
        supported &= unit_random();
    }

    copy = unit_copy(data, size);
    buf = malloc(size);

    args.data = copy;
    args.len = size;

    memset(&query, 0xa5, sizeof(query));
    status = oc_query_parse(&query, &args, buf, supported);

    check(&query, status, copy, buf, size, supported);
    fuzz_assert(memcmp(copy, data, size) == 0);

    if (status == OC_QUERY_OK) {
        check_options(&query, data, size);
    }

    text = malloc(3 * size + 1);
    len = encode(text, data, size);

    if (len) {
        other = unit_copy(text, len);
        room = malloc(len);

        args.data = other;
        args.len = len;

        memset(&second, 0x5a, sizeof(second));
        again = oc_query_parse(&second, &args, room, supported);

        check(&second, again, other, room, len, supported);

        fuzz_assert(again == status);
        fuzz_assert(second.given == query.given);
        fuzz_assert(second.top == query.top);
        fuzz_assert(second.skip == query.skip);
        fuzz_assert(second.count == query.count);
        fuzz_assert(second.naliases == query.naliases);
        fuzz_assert(second.message == query.message);

        for (i = 0; status == OC_QUERY_OK && texts[i].offset; i++) {
            fuzz_assert(text_of(&second, i)->len == text_of(&query, i)->len);
            fuzz_assert(text_of(&query, i)->len == 0
                        || memcmp(text_of(&second, i)->data,
                                  text_of(&query, i)->data,
                                  text_of(&query, i)->len)
                           == 0);
        }

        if (status != OC_QUERY_OK) {
            fuzz_assert(second.target.len == query.target.len);
            fuzz_assert(memcmp(second.target.data, query.target.data,
                               query.target.len)
                        == 0);
        }

        free(room);
        free(other);
    }

    free(text);
    free(buf);
    free(copy);

    return 0;
}
