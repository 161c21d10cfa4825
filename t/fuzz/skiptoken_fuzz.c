
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * $skiptoken: the input as a token, in a buffer of just its length, and as
 * what is sealed in one.
 *
 * - no input is a token, but for those that were made with the secret;
 * - what can be sealed is read as the target itself reads it, in the order that
 *   it names and in no other, and the token that is written for what was read
 *   is the same;
 * - with any bit of it changed, with a character more or less, for another
 *   query or with another secret it is none.
 */


#include "fuzz.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_skiptoken.h"


typedef ngx_http_office_config_position_t  position_t;


#define ORDERS  (NGX_HTTP_OFFICE_CONFIG_BY_KEY + 1)


static const char   alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789-_";

static u_char       secret[OC_SEAL_SECRET_LEN + 1] =
                        "0123456789abcdef0123456789abcdef";
static u_char       bound[OC_SEAL_DIGEST_LEN + 1] =
                        "fedcba9876543210fedcba9876543210";
static ngx_pool_t  *pool;


static uint64_t
number(const uint8_t *p, unsigned n)
{
    uint64_t  value;

    for (value = 0; n; n--) {
        value = value * 256 + *p++;
    }

    return value;
}


static ngx_str_t
encode(const u_char *p, size_t len)
{
    size_t     i;
    unsigned   bits;
    uint32_t   rest;
    ngx_str_t  text;

    text.data = ngx_pnalloc(pool, len * 2);
    text.len = 0;

    for (i = 0, bits = 0, rest = 0; i < len; i++) {
        rest = rest << 8 | p[i];
        bits += 8;

        while (bits >= 6) {
            bits -= 6;
            text.data[text.len++] = alphabet[rest >> bits & 63];
        }
    }

    if (bits) {
        text.data[text.len++] = alphabet[rest << (6 - bits) & 63];
    }

    return text;
}


static ngx_int_t
read_token(const ngx_str_t *token, unsigned order, position_t *position)
{
    u_char     *copy;
    ngx_int_t   rc;
    ngx_str_t   text;

    copy = unit_copy(token->data, token->len);

    text.data = copy;
    text.len = token->len;

    memset(position, 0, sizeof(position_t));

    rc = ngx_http_office_config_token_read(pool, secret, bound, order, &text,
                                           position);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

    free(copy);

    return rc;
}


/* what was not made with the secret */

static void
check_token(const uint8_t *data, size_t size)
{
    size_t      i;
    unsigned    order, valid;
    ngx_str_t   token;
    position_t  position;

    token.data = unit_copy(data, size);
    token.len = size;

    for (i = 0, valid = 1; i < size; i++) {
        valid &= data[i] && strchr(alphabet, data[i]) != NULL;
    }

    valid &= size % 4 != 1 && size * 3 / 4 >= 32;

    fuzz_assert(ngx_http_office_config_is_token(&token) == valid);

    for (order = 0; order < ORDERS; order++) {
        fuzz_assert(read_token(&token, order, &position) == NGX_DECLINED);
    }

    free(token.data);
}


/* whether the target can read it; a later version may have said more */

static unsigned
readable(const uint8_t *data, size_t size, unsigned order)
{
    if (size < 16 || data[0] != 1 || data[1] != order) {
        return 0;
    }

    data += 16;
    size -= 16;

    switch (order) {

    case NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY:
        return size >= 4;

    case NGX_HTTP_OFFICE_CONFIG_BY_PLACE:
        return size >= 4 + OC_CHECKIN_KEY_LEN;

    case NGX_HTTP_OFFICE_CONFIG_BY_KEY:
        return size >= 2 && size - 2 >= number(data, 2);
    }

    return 1;
}


static void
check_position(const uint8_t *data, size_t size, const position_t *position,
    unsigned order)
{
    const uint8_t  *last;

    last = data + size;

    fuzz_assert(position->given);
    fuzz_assert(position->skip == number(data + 2, 4));
    fuzz_assert(position->size == number(data + 6, 2));
    fuzz_assert((uint64_t) position->count == number(data + 8, 8));

    data += 16;

    switch (order) {

    case NGX_HTTP_OFFICE_CONFIG_BY_PRIORITY:
        fuzz_assert((uint32_t) position->priority == number(data, 4));
        data += 4;
        break;

    case NGX_HTTP_OFFICE_CONFIG_BY_PLACE:
        fuzz_assert(position->place == number(data, 4));
        data += 4;

        fuzz_assert(position->id.len == OC_CHECKIN_KEY_LEN);
        fuzz_assert(memcmp(position->id.data, data, OC_CHECKIN_KEY_LEN) == 0);
        data += OC_CHECKIN_KEY_LEN;

        fuzz_assert(position->nseen == (size_t) (last - data)
                                       / NGX_HTTP_OFFICE_CONFIG_SEEN_LEN);
        fuzz_assert(position->nseen == 0
                    || memcmp(position->seen, data,
                              position->nseen
                              * NGX_HTTP_OFFICE_CONFIG_SEEN_LEN)
                       == 0);
        return;

    case NGX_HTTP_OFFICE_CONFIG_BY_KEY:
        fuzz_assert(position->key.len == number(data, 2));
        data += 2;

        fuzz_assert(memcmp(position->key.data, data, position->key.len) == 0);
        data += position->key.len;
        break;
    }

    fuzz_assert(position->id.len == (size_t) (last - data));
    fuzz_assert(memcmp(position->id.data, data, position->id.len) == 0);
}


/* what is not the token that was made, but nearly */

static void
check_changed(ngx_str_t *token, unsigned order)
{
    u_char      *changed;
    ngx_str_t    text;
    position_t   position;

    fuzz_assert(read_token(token, (order + 1) % ORDERS, &position)
                == NGX_DECLINED);

    changed = order & 1 ? bound : secret;
    changed += unit_below(32);

    *changed ^= 1;
    fuzz_assert(read_token(token, order, &position) == NGX_DECLINED);
    *changed ^= 1;

    text = *token;

    text.len -= 1 + unit_below(text.len);
    fuzz_assert(read_token(&text, order, &position) == NGX_DECLINED);

    text.data = ngx_pnalloc(pool, token->len + 1);
    text.len = token->len + 1;
    memcpy(text.data, token->data, token->len);
    text.data[token->len] = alphabet[unit_below(64)];

    fuzz_assert(read_token(&text, order, &position) == NGX_DECLINED);

    text.len = token->len;

    changed = text.data + unit_below(text.len);
    *changed ^= 1 << unit_below(8);

    fuzz_assert(read_token(&text, order, &position) == NGX_DECLINED);
}


static void
check_sealed(const uint8_t *data, size_t size)
{
    u_char      *copy, *sealed;
    unsigned     order, ok;
    ngx_int_t    rc;
    ngx_str_t    text, token, again;
    position_t   position;

    copy = unit_copy(data, size);
    sealed = malloc(size + OC_SEAL_LEN);

    text.data = copy;
    text.len = size;

    fuzz_assert(oc_seal(sealed, secret, bound, &text) == NGX_OK);

    token = encode(sealed, size + OC_SEAL_LEN);

    for (order = 0; order < ORDERS; order++) {

        rc = read_token(&token, order, &position);
        ok = readable(data, size, order);

        fuzz_assert(ok == (rc == NGX_OK));

        if (!ok) {
            continue;
        }

        fuzz_assert(ngx_http_office_config_is_token(&token));

        check_position(data, size, &position, order);

        fuzz_assert(ngx_http_office_config_token_write(pool, secret, bound,
                                                       order, &position,
                                                       &again)
                    == NGX_OK);

        if (order != NGX_HTTP_OFFICE_CONFIG_BY_PLACE
            || (size - 20 - OC_CHECKIN_KEY_LEN)
               % NGX_HTTP_OFFICE_CONFIG_SEEN_LEN == 0)
        {
            fuzz_assert(again.len == token.len);
            fuzz_assert(memcmp(again.data, token.data, token.len) == 0);
        }

        check_changed(&token, order);

        ngx_unit_allocations = unit_below(3);

        rc = ngx_http_office_config_token_write(pool, secret, bound, order,
                                                &position, &again);
        fuzz_assert(rc == NGX_ERROR);

        ngx_unit_allocations = unit_below(2);

        rc = ngx_http_office_config_token_read(pool, secret, bound, order,
                                               &token, &position);
        fuzz_assert(rc == NGX_ERROR);

        ngx_unit_allocations = NGX_MAX_UINT32_VALUE;
    }

    free(sealed);
    free(copy);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_seed(data, size);

    pool = ngx_create_pool(4096, ngx_cycle->log);

    check_token(data, size);

    if (size < 60000) {
        check_sealed(data, size);
    }

    ngx_destroy_pool(pool);

    return 0;
}
