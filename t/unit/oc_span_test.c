
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_span: members and values of compact JSON, strings with escapes against
 * jansson, and malformed and truncated text, each in a block of its own so
 * that nothing is read behind it.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "hextoi.h"
#include "oc_span.h"
#include "support.h"
#include "tap.h"


/* a text, and how long the value at its beginning is */

typedef struct {
    const char  *text;
    size_t       len;
} unit_end_t;


static const unit_end_t  ends[] = {
    { "", 0 },
    { "1", 1 },
    { "-1.5e+3", 7 },
    { "null", 4 },
    { "true,1", 4 },
    { "false}", 5 },
    { "12]", 2 },
    { "\"\"", 2 },
    { "\"\",\"\"", 2 },
    { "\"a\"", 3 },
    { "\"a,b}]\"}", 7 },
    { "\"\\\"\"", 4 },
    { "\"\\\\\",\"\"", 4 },
    { "\"\\\\\\\"\"", 6 },
    { "\"\\\\\\\\\"\"", 6 },
    { "\"\\u0022\"", 8 },
    { "{}", 2 },
    { "[]", 2 },
    { "[],[]", 2 },
    { "{}}", 2 },
    { "[[],[]]]", 7 },
    { "{\"a\":[1,{\"b\":null}],\"c\":\"}\"},1", 28 },
    { "[\"]\",\"[\",\"\\\"]\"]", 15 },
    { "[1,2,3]", 7 },
    { "[true,null]", 11 },
    { "{\"a\":1}", 7 },
    { ",", 0 },
    { "}", 0 },
    { "]", 0 },
    { ":", 0 },
    { "\"", 1 },                            /* those that do not end */
    { "\"abc", 4 },
    { "\"abc\\\"", 6 },
    { "\"\\", 2 },
    { "[", 1 },
    { "[1,[2", 5 },
    { "{\"a", 3 },
    { "{\"a\":", 5 },
    { "[\"]", 3 }
};


static void
test_end(void)
{
    size_t      len;
    u_char     *p;
    ngx_uint_t  i;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        len = strlen(ends[i].text);
        p = unit_copy(ends[i].text, len);

        is_int(oc_span_end(p, p + len) - p, ends[i].len, "end of %s",
               ends[i].text);
        free(p);
    }
}


/* the members of a text, one line each */

static void
members(char *dst, const char *text)
{
    size_t      len;
    u_char     *p, *at, *next, *last;
    ngx_str_t   name, value;

    len = strlen(text);
    p = unit_copy(text, len);
    last = p + len;

    for (at = p + (len > 0); /* void */ ; at = next) {
        next = oc_span_next(at, last, &name, &value);

        if (next == NULL) {
            break;
        }

        dst += sprintf(dst, "%.*s=%.*s\n", (int) name.len, name.data,
                       (int) value.len, value.data);
    }

    *dst = '\0';
    free(p);
}


static void
test_next(void)
{
    char        got[400];
    ngx_uint_t  i;

    static const struct {
        const char  *text;
        const char  *members;
    } objects[] = {
        { "{}", "" },
        { "{\"a\":1}", "a=1\n" },
        { "{\"a\":1,\"b\":\"x\"}", "a=1\nb=\"x\"\n" },
        { "{\"\":null,\"@odata.etag\":\"W/\\\"x\\\"\",\"c\":{},\"d\":[]}",
          "=null\n@odata.etag=\"W/\\\"x\\\"\"\nc={}\nd=[]\n" },
        { "{\"a\":{\"b\":[1,2,{\"c\":\"}\"}]},\"d\":false}",
          "a={\"b\":[1,2,{\"c\":\"}\"}]}\nd=false\n" },
        { "{\"a\\\"\":1,\"\\\\\":2}", "a\\\"=1\n\\\\=2\n" },
        { "{\"a\":-1.5E3,\"b\":true}", "a=-1.5E3\nb=true\n" },
        { "", "" },
        { "{", "" },
        { "[1]", "" },
        { "{\"", "" },
        { "{\"a", "" },
        { "{\"a\"", "" }
    };

    for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        members(got, objects[i].text);
        is_str(got, objects[i].members, "members of %s", objects[i].text);
    }
}


static void
test_unescape(void)
{
    char         text[400], *p;
    size_t       len;
    u_char      *got;
    json_t      *string;
    uint32_t     code;
    ngx_uint_t   i, n, wrong;

    static const struct {
        const char  *text;
        const char  *plain;
    } strings[] = {
        { "", "" },
        { "abc", "abc" },
        { "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
        { "\\u0041\\u0062", "Ab" },
        { "\\u00e9\\u00E9\xc3\xa9", "\xc3\xa9\xc3\xa9\xc3\xa9" },
        { "\\u07ff\\u0800\\uffff", "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf" },
        { "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
        { "a\\uD800\\uDC00b", "a\xf0\x90\x80\x80" "b" },
        { "\\udbff\\udfff", "\xf4\x8f\xbf\xbf" },
        { "\\\\u0041", "\\u0041" },
        { "\\\\\\u0041", "\\A" },
        { "a\\", "a\\" },                    /* truncated */
        { "a\\u", "a" },
        { "a\\u004", "a" }
    };

    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        len = strlen(strings[i].text);
        got = unit_copy(strings[i].text, len);
        len = oc_span_unescape(got, len);

        is_mem(got, len, strings[i].plain, "%s", strings[i].text);
        free(got);
    }

    /* every code point */

    wrong = 0;

    for (code = 1; code < 0x110000; code++) {

        if (code >= 0xd800 && code <= 0xdfff) {
            continue;
        }

        if (code < 0x10000) {
            len = sprintf(text, "\"\\u%04x\"", code);

        } else {
            len = sprintf(text, "\"\\u%04X\\u%04x\"",
                          0xd800 + ((code - 0x10000) >> 10),
                          0xdc00 + (code & 0x3ff));
        }

        string = json_loadb(text, len, JSON_DECODE_ANY, NULL);
        got = unit_copy(text + 1, len - 2);
        n = oc_span_unescape(got, len - 2);

        wrong += string == NULL || json_string_length(string) != n
                 || memcmp(json_string_value(string), got, n) != 0;

        json_decref(string);
        free(got);
    }

    is_int(wrong, 0, "every code point, as jansson has it");

    /* strings of many parts */

    wrong = 0;

    for (i = 0; i < 100000; i++) {
        p = text;
        *p++ = '"';

        for (n = unit_below(30); n; n--) {
            static const char  *parts[] = {
                "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t",
                "\\u0001", "\\u0080", "\\uFFFD", "\\ud83d\\ude00", "a", "u",
                "\xc3\xa9", "\xf0\x9f\x98\x80"
            };

            p += sprintf(p, "%s", parts[unit_below(16)]);
        }

        *p++ = '"';
        len = p - text;

        string = json_loadb(text, len, JSON_DECODE_ANY, NULL);
        got = unit_copy(text + 1, len - 2);
        n = oc_span_unescape(got, len - 2);

        wrong += string == NULL || json_string_length(string) != n
                 || memcmp(json_string_value(string), got, n) != 0;

        json_decref(string);
        free(got);

        got = unit_copy(text, len);
        wrong += oc_span_end(got, got + len) != got + len;
        free(got);
    }

    is_int(wrong, 0, "random strings");
}


/* all that may be done with a text; the sanitizer looks on */

static ngx_uint_t
use(const char *text, size_t len)
{
    u_char      *p, *at, *end, *last;
    ngx_str_t    name, value;
    ngx_uint_t   wrong;

    p = unit_copy(text, len);
    last = p + len;
    wrong = 0;

    for (at = p; at < last; at++) {
        end = oc_span_end(at, last);
        wrong += end < at || end > last;

        end = oc_span_next(at, last, &name, &value);

        if (end) {
            wrong += end <= at || end > last
                     || name.data < at || name.data + name.len > last
                     || value.data < at || value.data + value.len > last;
        }
    }

    wrong += oc_span_end(last, last) != last
             || oc_span_next(last, last, &name, &value) != NULL;

    wrong += oc_span_unescape(p, len) > len;
    free(p);

    return wrong;
}


static void
test_malformed(void)
{
    char        text[64];
    size_t      len;
    ngx_uint_t  i, j, wrong;

    static const char  whole[] =
        "{\"@odata.etag\":\"W/\\\"0123\\\"\",\"a\\\\\":\"\\ud83d\\ude00\\n\","
        "\"b\":[1,{\"c\":null},\"]\"],\"d\":{\"e\":true},\"f\":-1.5}";
    static const char  alphabet[] = "\"\"\\\\{}[],:u0dD8cC1na \x80";

    wrong = 0;

    for (i = 0; i < sizeof(whole); i++) {
        wrong += use(whole, i);
        wrong += use(whole + i, sizeof(whole) - 1 - i);
    }

    is_int(wrong, 0, "cut off at every byte, at both ends");

    wrong = 0;

    for (i = 0; i < 500000; i++) {
        len = unit_below(i % 4 ? 12 : sizeof(text));

        for (j = 0; j < len; j++) {
            text[j] = alphabet[unit_below(sizeof(alphabet) - 1)];
        }

        wrong += use(text, len);
    }

    is_int(wrong, 0, "500000 texts that are no JSON");

    /* a surrogate with anything behind it */

    wrong = 0;

    for (i = 0; i < 100000; i++) {
        len = sprintf(text, "\\u%04x\\u%04x", (unsigned) unit_below(0x10000)
                      | 0xd800, (unsigned) unit_below(0x10000));
        text[unit_below(len)] = alphabet[unit_below(sizeof(alphabet) - 1)];
        wrong += use(text, unit_below(len + 1));
    }

    is_int(wrong, 0, "surrogates that are cut off or damaged");
}


int
main(void)
{
    test_end();
    test_next();
    test_unescape();
    test_malformed();

    return done();
}
