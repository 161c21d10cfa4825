
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * The query part of a URL: oc_query_parse() on the input, in a buffer of just
 * its length.
 *
 * - what is found is within what was given, and among what is supported;
 * - what is wrong has a message, a target and the position of an option;
 * - with every byte of the names and values percent-encoded the result is the
 *   same.
 */


#include "fuzz.h"
#include "oc_query.h"


#define TOP        oc_option_bit(OC_OPTION_TOP)
#define SKIPTOKEN  oc_option_bit(OC_OPTION_SKIPTOKEN)


static unsigned
within(const ngx_str_t *s, const u_char *data, size_t len)
{
    return s->data >= data && s->data + s->len <= data + len;
}


static void
check(const oc_query_t *query, oc_query_status_e status, const u_char *args,
    const u_char *buf, size_t len, ngx_uint_t supported)
{
    if (status == OC_QUERY_OK) {
        fuzz_assert(query->message == NULL);
        fuzz_assert((query->given & ~supported) == 0);
        fuzz_assert(query->top <= 2147483647);
        fuzz_assert((query->given & TOP) || query->top == 0);

        if (query->given & SKIPTOKEN) {
            fuzz_assert(query->skiptoken.len);
            fuzz_assert(within(&query->skiptoken, buf, len));

        } else {
            fuzz_assert(query->skiptoken.len == 0);
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


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char               *text;
    size_t              len;
    u_char             *copy, *buf, *other, *room;
    ngx_str_t           args;
    ngx_uint_t          supported;
    oc_query_t          query, second;
    oc_query_status_e   status, again;

    fuzz_seed(data, size);

    /* mostly both, as in a list */

    supported = TOP|SKIPTOKEN;

    if (unit_below(4) == 0) {
        supported = unit_below(2) ? TOP : 0;
    }

    copy = unit_copy(data, size);
    buf = malloc(size);

    args.data = copy;
    args.len = size;

    memset(&query, 0xa5, sizeof(query));
    status = oc_query_parse(&query, &args, buf, supported);

    check(&query, status, copy, buf, size, supported);
    fuzz_assert(memcmp(copy, data, size) == 0);

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
        fuzz_assert(second.message == query.message);
        fuzz_assert(second.skiptoken.len == query.skiptoken.len);
        fuzz_assert(query.skiptoken.len == 0
                    || memcmp(second.skiptoken.data, query.skiptoken.data,
                              query.skiptoken.len)
                       == 0);

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
