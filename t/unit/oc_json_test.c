
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_json: what is JSON to the letter of RFC 8259 and what is not, with the
 * place of the error; the limits; and that another user of jansson in the
 * process notices nothing.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "json_compare.h"
#include "oc_json.h"
#include "oc_json_name.h"
#include "support.h"
#include "tap.h"


#define bytes(s)  s, sizeof(s) - 1


typedef struct {
    const char        *text;
    size_t             len;
    oc_json_status_e   status;
    ngx_uint_t         line;
    ngx_uint_t         column;     /* 0: whichever */
} unit_invalid_t;


static const unit_invalid_t  invalid[] = {

    /* not a JSON text */
    { bytes(""), OC_JSON_SYNTAX, 1, 1 },
    { bytes(" "), OC_JSON_SYNTAX, 1, 1 },
    { bytes("\n\n"), OC_JSON_SYNTAX, 3, 1 },
    { bytes("{"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("["), OC_JSON_SYNTAX, 1, 1 },
    { bytes("\""), OC_JSON_SYNTAX, 1, 1 },
    { bytes("\"abcdefghijklmnop"), OC_JSON_SYNTAX, 1, 17 },
    { bytes("\"abcdefghijklmnop\\"), OC_JSON_SYNTAX, 1, 18 },
    { bytes("}"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("nul"), OC_JSON_SYNTAX, 1, 3 },
    { bytes("nulll"), OC_JSON_SYNTAX, 1, 5 },
    { bytes("True"), OC_JSON_SYNTAX, 1, 4 },
    { bytes("NaN"), OC_JSON_SYNTAX, 1, 3 },
    { bytes("Infinity"), OC_JSON_SYNTAX, 1, 8 },
    { bytes("-Infinity"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("undefined"), OC_JSON_SYNTAX, 1, 9 },
    { bytes("'abc'"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("// text\n1"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("/* text */1"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("\xef\xbb\xbf{}"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("\x0b{}"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("\x0c{}"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("\xc2\xa0{}"), OC_JSON_SYNTAX, 1, 1 },

    /* structure */
    { bytes("[1,]"), OC_JSON_SYNTAX, 1, 4 },
    { bytes("[,1]"), OC_JSON_SYNTAX, 1, 2 },
    { bytes("[1 2]"), OC_JSON_SYNTAX, 1, 4 },
    { bytes("[\"abcdefgh\" \"abcdefgh\"]"), OC_JSON_SYNTAX, 1, 22 },
    { bytes("[\"abcdefgh\"\"abcdefgh\"]"), OC_JSON_SYNTAX, 1, 21 },
    { bytes("[\"abcdefgh\"1]"), OC_JSON_SYNTAX, 1, 12 },
    { bytes("[1\"abcdefgh\"]"), OC_JSON_SYNTAX, 1, 12 },
    { bytes("[tr ue]"), OC_JSON_SYNTAX, 1, 3 },
    { bytes("[1}"), OC_JSON_SYNTAX, 1, 3 },
    { bytes("{]"), OC_JSON_SYNTAX, 1, 2 },
    { bytes("{\"a\":1,}"), OC_JSON_SYNTAX, 1, 8 },
    { bytes("{\"a\"}"), OC_JSON_SYNTAX, 1, 5 },
    { bytes("{\"a\":}"), OC_JSON_SYNTAX, 1, 6 },
    { bytes("{\"a\" 1}"), OC_JSON_SYNTAX, 1, 6 },
    { bytes("{a:1}"), OC_JSON_SYNTAX, 1, 2 },
    { bytes("{1:1}"), OC_JSON_SYNTAX, 1, 2 },
    { bytes("{\"abcdefghi\"}"), OC_JSON_SYNTAX, 1, 13 },
    { bytes("{\"abcdefghi\",\"b\":1}"), OC_JSON_SYNTAX, 1, 13 },
    { bytes("[\"abcdefghi\":1]"), OC_JSON_SYNTAX, 1, 13 },
    { bytes("{\"a\":1 \"b\":2}"), OC_JSON_SYNTAX, 1, 10 },
    { bytes("{\n  \"a\": 1,\n  \"b\" 2\n}"), OC_JSON_SYNTAX, 3, 7 },
    { bytes("{\"a\":\"abcdefghij\",\r\n \"b\":x}"), OC_JSON_SYNTAX, 2, 6 },
    { bytes("[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",x]"),
      OC_JSON_SYNTAX, 1, 8 },

    /* numbers */
    { bytes("-"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("+1"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("01"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("-01"), OC_JSON_SYNTAX, 1, 2 },
    { bytes("1."), OC_JSON_SYNTAX, 1, 2 },
    { bytes(".5"), OC_JSON_SYNTAX, 1, 1 },
    { bytes("1.e5"), OC_JSON_SYNTAX, 1, 2 },
    { bytes("1e"), OC_JSON_SYNTAX, 1, 2 },
    { bytes("1e+"), OC_JSON_SYNTAX, 1, 3 },
    { bytes("0x10"), OC_JSON_TRAILING, 1, 2 },
    { bytes("1_000"), OC_JSON_TRAILING, 1, 2 },
    { bytes("[00000000000000000000000000]"), OC_JSON_SYNTAX, 1, 2 },
    { bytes("[99999999999999999999,01]"), OC_JSON_SYNTAX, 1, 23 },
    { bytes("12345678901234567890."), OC_JSON_SYNTAX, 1, 21 },
    { bytes("12345678901234567890e"), OC_JSON_SYNTAX, 1, 21 },
    { bytes("12345678901234567890.5.5"), OC_JSON_TRAILING, 1, 23 },
    { bytes("--12345678901234567890"), OC_JSON_SYNTAX, 1, 1 },

    /* strings */
    { bytes("\"\\x\""), OC_JSON_SYNTAX, 1, 3 },
    { bytes("\"\\u12\""), OC_JSON_SYNTAX, 1, 6 },
    { bytes("\"\\u12G4\""), OC_JSON_SYNTAX, 1, 6 },
    { bytes("\"\\U0041\""), OC_JSON_SYNTAX, 1, 3 },
    { bytes("\"\\\""), OC_JSON_SYNTAX, 1, 3 },
    { bytes("\"a\nb\""), OC_JSON_SYNTAX, 1, 2 },
    { bytes("\"a\tb\""), OC_JSON_SYNTAX, 1, 2 },
    { bytes("\"abcdefghijk\x1fl\""), OC_JSON_SYNTAX, 1, 12 },

    /* behind the text */
    { bytes("{}x"), OC_JSON_TRAILING, 1, 3 },
    { bytes("{}{}"), OC_JSON_TRAILING, 1, 3 },
    { bytes("{},"), OC_JSON_TRAILING, 1, 3 },
    { bytes("{}\n]"), OC_JSON_TRAILING, 2, 1 },
    { bytes("1 2"), OC_JSON_TRAILING, 1, 3 },
    { bytes("\"abcdefghi\" 2"), OC_JSON_TRAILING, 1, 13 },
    { bytes("\"abcdefghi\"\"abcdefghi\""), OC_JSON_TRAILING, 1, 22 },
    { bytes("{}\xff"), OC_JSON_ENCODING, 1, 0 },

    /* duplicate names, however they are written */
    { bytes("{\"a\":1,\"a\":1}"), OC_JSON_DUPLICATE, 1, 10 },
    { bytes("{\"a\":1,\"\\u0061\":1}"), OC_JSON_DUPLICATE, 1, 15 },
    { bytes("{\"\":1,\"\":1}"), OC_JSON_DUPLICATE, 1, 8 },
    { bytes("[{\"b\":{\"a\":1,\"c\":2,\"a\":1}}]"), OC_JSON_DUPLICATE, 1, 22 },
    { bytes("{\"abcdefghijkl\":1,\"abcdefghijkl\" :1}"),
      OC_JSON_DUPLICATE, 1, 32 },
    { bytes("{\"abcdefghijkl\":1,\"abcdefghij\\u006bl\":1}"),
      OC_JSON_DUPLICATE, 1, 37 },
    { bytes("{\"knownName\":1,\"knownName\":1}"), OC_JSON_DUPLICATE, 1, 26 },
    { bytes("{\"knownName\":1,\"known\\u004eame\":1}"),
      OC_JSON_DUPLICATE, 1, 31 },
    { bytes("{\"known\\u004eame\":1,\"knownName\":1}"),
      OC_JSON_DUPLICATE, 1, 31 },

    /* not UTF-8 (RFC 3629), lone surrogates */
    { bytes("\"\xff\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\x80\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xc0\x80\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xc1\xbf\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xe0\x80\x80\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xf0\x80\x80\x80\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xed\xa0\x80\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xed\xbf\xbf\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xf4\x90\x80\x80\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xf8\x88\x80\x80\x80\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xe2\x82\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xe2\x82"), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\xe2"), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"abcdefghijklmnop\xff\""), OC_JSON_ENCODING, 1, 0 },
    { bytes("{\"\xff\":1}"), OC_JSON_ENCODING, 1, 0 },
    { bytes("\xff{}"), OC_JSON_ENCODING, 1, 0 },
    { bytes("\xfe\xff{}"), OC_JSON_ENCODING, 1, 0 },
    { bytes("\"\\ud800\""), OC_JSON_SYNTAX, 1, 8 },
    { bytes("\"\\udc00\""), OC_JSON_SYNTAX, 1, 8 },
    { bytes("\"\\ud800\\ud800\""), OC_JSON_SYNTAX, 1, 14 },
    { bytes("\"\\ud800x\""), OC_JSON_SYNTAX, 1, 9 },
    { bytes("\"\\udc00\\ud800\""), OC_JSON_SYNTAX, 1, 14 },
    { bytes("{\"\\ud800\":1}"), OC_JSON_SYNTAX, 1, 9 },

    /* NUL within a string; elsewhere it is below */
    { bytes("\"\\u0000\""), OC_JSON_NUL, 1, 8 },
    { bytes("\"abcdefghijkl\\u0000\""), OC_JSON_NUL, 1, 20 },
    { bytes("{\"\\u0000\":1}"), OC_JSON_NUL, 1, 9 },
    { bytes("{\"a\":[\"b\\u0000c\"]}"), OC_JSON_NUL, 1, 16 }
};


/* texts that are JSON; each comes back from jansson's encoder as "compact" */

static const struct {
    const char  *text;
    const char  *compact;
} valid[] = {
    { "null", "null" },
    { " true ", "true" },
    { "\r\n\t false\r\n", "false" },
    { "0", "0" },
    { "-0", "0" },
    { "-1", "-1" },
    { "1.5", "1.5" },
    { "1E2", "100.0" },
    { "1e-2", "0.01" },
    { "1e-400", "0.0" },
    { "1e400", "0.5" },
    { "[-1E+400,1]", "[0.5,1]" },
    { "{\"a\":1e400,\"knownName\":-0.0e00}", "{\"a\":0.5,\"knownName\":0.5}" },
    { "0.1234567890123456789", "0.5" },
    { "[123456789012345678,-12345678901234567]",
      "[123456789012345678,-12345678901234567]" },
    { "[1234567890123456789,-123456789012345678]", "[0.5,0.5]" },
    { "[99999999999999999999 , 1]", "[0.5,1]" },
    { "[ 1,-99999999999999999999]", "[1,0.5]" },
    { "9223372036854775807", "9223372036854775807" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "\"\"", "\"\"" },
    { "{}", "{}" },
    { "[]", "[]" },
    { "{ }", "{}" },
    { "[ ]", "[]" },
    { "[ 1 , 2 ]", "[1,2]" },
    { "{ \"a\" : [ { } , \"b\" ] }", "{\"a\":[{},\"b\"]}" },
    { "{\"\":1}", "{\"\":1}" },
    { "{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
    { "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"",
      "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
    { "\"\\u0001\\u001F\"", "\"\\u0001\\u001F\"" },
    { "\"\x7f\"", "\"\x7f\"" },
    { "\"\\u007f\"", "\"\x7f\"" },
    { "\"\xef\xbf\xbf\"", "\"\xef\xbf\xbf\"" },
    { "\"\xf4\x8f\xbf\xbf\"", "\"\xf4\x8f\xbf\xbf\"" },

    /* strings of the lengths at which they are read in another way */
    { "[\"abcdefg\",\"abcdefgh\",\"abcdefghi\",\"abcdefghijklmnop\"]",
      "[\"abcdefg\",\"abcdefgh\",\"abcdefghi\",\"abcdefghijklmnop\"]" },
    { "{\"abcdefghijkl\":\"abcdefghijkl\"}",
      "{\"abcdefghijkl\":\"abcdefghijkl\"}" },
    { "{\"abcdefghijkl\" \n : \"abcdefghijkl\" }",
      "{\"abcdefghijkl\":\"abcdefghijkl\"}" },
    { "[\"abcdefghijkl\\n\",\"abcdefghijkl\xc3\xa9\",\"\\nabcdefghijkl\"]",
      "[\"abcdefghijkl\\n\",\"abcdefghijkl\xc3\xa9\",\"\\nabcdefghijkl\"]" },

    /* DEL, which may stand for something else within */
    { "[\"abcdefghij\",\"\x7f""0\",\"klmnopqrst\"]",
      "[\"abcdefghij\",\"\x7f""0\",\"klmnopqrst\"]" },
    { "[\"abcdefghij\",\"\\u007f0\",\"klmnopqrst\"]",
      "[\"abcdefghij\",\"\x7f""0\",\"klmnopqrst\"]" },
    { "[\"abcdefghij\",\"\x7f""0klmnopqrst\"]",
      "[\"abcdefghij\",\"\x7f""0klmnopqrst\"]" },
    { "[\"\x7f\"]", "[\"\x7f\"]" },
    { "{\"\x7f""0\":\"abcdefghij\"}", "{\"\x7f""0\":\"abcdefghij\"}" },
    { "{\"\\u007f0\":\"abcdefghij\"}", "{\"\x7f""0\":\"abcdefghij\"}" },
    { "{\"\x7f\\u0030\":[{\"\x7f""1\":2}]}", "{\"\x7f""0\":[{\"\x7f""1\":2}]}" },
    { "{\"\x7f""0\":1,\"knownName\":2,\"\x7fv0\":3,\"\x7fvv\":4}",
      "{\"\x7f""0\":1,\"knownName\":2,\"\x7fv0\":3,\"\x7fvv\":4}" },
    { "{\"\x7fv\":1,\"\x7fv1\":[{\"\\u007fv\":2}]}",
      "{\"\x7fv\":1,\"\x7fv1\":[{\"\x7fv\":2}]}" },
    { "{\"\x7f\":1,\"\x7fx\":2}", "{\"\x7f\":1,\"\x7fx\":2}" },

    /* names that are known, and near to them */
    { "{\"displayName\":1,\"knownNam\":2,\"knownName\":3,\"knownNames\":4}",
      "{\"displayName\":1,\"knownNam\":2,\"knownName\":3,\"knownNames\":4}"
    },
    { "{\"displayName\" : \"displayName\", \"x\":[\"knownName\"]}",
      "{\"displayName\":\"displayName\",\"x\":[\"knownName\"]}" },
    { "{\"known\\u004eame\":1,\"displayName\":2}",
      "{\"knownName\":1,\"displayName\":2}" },
    { "{\"id\":\"id\",\"knownName\":{\"knownName\":{\"id\":null}}}",
      "{\"id\":\"id\",\"knownName\":{\"knownName\":{\"id\":null}}}" }
};


static json_t *
decode(oc_arena_t *arena, const void *text, size_t len, oc_json_error_t *err)
{
    json_t  *json;
    u_char  *copy;

    copy = unit_copy(text, len);
    json = oc_json_decode(arena, copy, len, err);
    free(copy);

    return json;
}


static oc_json_status_e
status_of(const void *text, size_t len)
{
    json_t           *json;
    oc_arena_t        arena;
    oc_json_error_t   err;

    oc_arena_init(&arena, 16 * 1024 * 1024);
    json = decode(&arena, text, len, &err);
    oc_arena_free(&arena);

    return ((json == NULL) == (err.status != OC_JSON_OK)) ? err.status : 99;
}


static void
test_invalid(void)
{
    size_t                 i;
    json_t                *json;
    oc_arena_t             arena;
    oc_json_error_t        err;
    const unit_invalid_t  *test;

    for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        test = &invalid[i];

        oc_arena_init(&arena, 1024 * 1024);
        json = decode(&arena, test->text, test->len, &err);
        oc_arena_free(&arena);

        if (!ok(json == NULL && err.status == test->status
                && err.line == test->line && err.column >= 1
                && (test->column == 0 || err.column == test->column),
                "invalid text %d", (int) i))
        {
            diag("%.*s: got status %d, line %d, column %d, expected %d, %d, "
                 "%d", (int) test->len, test->text, (int) err.status,
                 (int) err.line, (int) err.column, (int) test->status,
                 (int) test->line, (int) test->column);
        }
    }
}


static void
test_valid(void)
{
    size_t            i;
    json_t           *json, *expected;
    oc_arena_t        arena;
    oc_json_error_t   err;

    for (i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        expected = json_loads(valid[i].compact, JSON_DECODE_ANY, NULL);

        oc_arena_init(&arena, 1024 * 1024);
        json = decode(&arena, valid[i].text, strlen(valid[i].text), &err);

        ok(json_same(json, expected), "valid text %d", (int) i);

        oc_arena_free(&arena);
        json_decref(expected);
    }
}


/* a member is found by its name, however it was read */

static void
test_members(void)
{
    size_t            i;
    json_t           *json;
    oc_arena_t        arena;
    oc_json_error_t   err;

    static const char  *const texts[] = {
        "{\"id\":0,\"knownName\":1,\"unknownName\":2,\"\":3}",
        "{\"id\":0,\"known\\u004eame\":1,\"unknownName\":2,\"\":3}"
    };

    for (i = 0; i < 2; i++) {
        oc_arena_init(&arena, 0);
        json = decode(&arena, texts[i], strlen(texts[i]), &err);

        ok(json_integer_value(oc_json_member(json, "knownName")) == 1
           && json_integer_value(oc_json_member(json, "unknownName")) == 2
           && json_integer_value(oc_json_member(json, "")) == 3
           && json_is_integer(oc_json_member(json, "id")),
           "members that there are, %d", (int) i);

        ok(oc_json_member(json, "knownNam") == NULL
           && oc_json_member(json, "knownNames") == NULL
           && oc_json_member(json, "displayName") == NULL
           && oc_json_member(json, "\x7f""0") == NULL
           && oc_json_member(json, "\x7f""1") == NULL,
           "and that there are not");

        oc_arena_free(&arena);
    }
}


/* more names than there is room for do no harm */

static void
test_names(void)
{
    char              text[64];
    json_t           *json, *expected;
    ngx_uint_t        i, wrong;
    oc_arena_t        arena;
    oc_json_error_t   err;

    static char  names[400][16];

    oc_json_name_add((u_char *) "", 0);
    is_int(oc_json_name_find((u_char *) "", 0), -1, "no name is none");
    ok(oc_json_name(OC_JSON_MAX_NAMES) == NULL, "nor is one behind the last");

    for (i = 0; i < 400; i++) {
        sprintf(names[i], "name%dsake", (int) i);
        oc_json_name_add((u_char *) names[i], strlen(names[i]));
        oc_json_name_add((u_char *) names[i], strlen(names[i]));
    }

    wrong = 0;

    for (i = 0; i < 400; i++) {
        sprintf(text, "{\"%s\":[{\"%s\":1,\"knownName\":2}]}", names[i],
                names[399 - i]);

        oc_arena_init(&arena, 0);
        json = decode(&arena, text, strlen(text), &err);
        expected = json_loads(text, 0, NULL);

        wrong += !json_same(json, expected);
        wrong += oc_json_member(json, names[i]) == NULL;

        oc_arena_free(&arena);
        json_decref(expected);
    }

    is_int(wrong, 0, "documents with 400 names");
}


/* more strings than are taken out of a document */

static void
test_many(void)
{
    char             *text, *p;
    json_t           *json;
    ngx_uint_t        i, n, wrong;
    const char       *value;
    oc_arena_t        arena;
    oc_json_error_t   err;

    n = 1060000;

    text = malloc(n * 12 + 2);
    p = text;
    *p++ = '[';

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s\"s%08d\"", i ? "," : "", (int) i);
    }

    *p++ = ']';

    oc_arena_init(&arena, (size_t) 1024 * 1024 * 1024);
    json = decode(&arena, text, p - text, &err);

    wrong = json_array_size(json) != n;

    for (i = 0; i < json_array_size(json); i++) {
        value = json_string_value(json_array_get(json, i));
        wrong += value[0] != 's' || strtoul(value + 1, NULL, 10) != i;
    }

    is_int(wrong, 0, "1060000 strings come back");

    oc_arena_free(&arena);
    free(text);
}


/* RFC 8259, 2: NUL is no white space, and what follows a text is an error */

static void
test_raw_nul(void)
{
    size_t      i, at;
    char        text[64];
    ngx_uint_t  accepted;

    static const char  *const texts[] = {
        "{\"a\":8,\"b\":[true,false,null,-1.5e3,\"abcdefghijklmnop\"]}",
        "  [ 1 , 2 , { \"abcdefghijkl\" : \"abcdefghijkl\" } ]  ",
        "8",
        "true",
        "1.5",
        "\"abc\""
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        is_int(status_of(texts[i], strlen(texts[i])), OC_JSON_OK,
               "without a NUL: text %d", (int) i);

        accepted = 0;

        for (at = 0; at <= strlen(texts[i]); at++) {
            memcpy(text, texts[i], at);
            text[at] = '\0';
            strcpy(text + at + 1, texts[i] + at);

            if (status_of(text, strlen(texts[i]) + 1) == OC_JSON_OK) {
                diag("NUL before byte %d of %s", (int) at, texts[i]);
                accepted++;
            }
        }

        is_int(accepted, 0, "with one anywhere: text %d", (int) i);
    }
}


/*
 * No number takes the meaning from another, however the document is read:
 * a name with an escape in it is one reason to read it in another way.
 */

static void
test_numbers(void)
{
    size_t            i;
    json_t           *json;
    oc_arena_t        arena;
    oc_json_error_t   err;

    static const char  *const texts[] = {
        "{\"priority\":8,\"zero\":0,\"real\":1.5,"
        " \"@big\":9223372036854775808,"
        " \"@bigger\":[-9223372036854775809,99999999999999999999999999],"
        " \"@high\":1e400,"
        " \"string\":\"12345678901234567890123\"}",

        "{\"\\u0070riority\":8,\"zero\":0,\"real\":1.5,"
        " \"@big\":9223372036854775808,"
        " \"@bigger\":[-9223372036854775809,99999999999999999999999999],"
        " \"@high\":1e400,"
        " \"string\":\"12345678901234567890123\"}"
    };

    for (i = 0; i < 2; i++) {
        oc_arena_init(&arena, 1024 * 1024);
        json = decode(&arena, texts[i], strlen(texts[i]), &err);

        /* api.md, 3: an unknown annotation never causes an error */

        if (!ok(json != NULL, "numbers of any size are accepted, %d",
                (int) i))
        {
            oc_arena_free(&arena);
            continue;
        }

        ok(json_is_real(oc_json_member(json, "@big"))
           && json_is_real(oc_json_member(json, "@high"))
           && json_is_real(json_array_get(oc_json_member(json, "@bigger"),
                                          0)),
           "they are real numbers");
        ok(json_is_integer(oc_json_member(json, "priority"))
           && json_integer_value(oc_json_member(json, "priority")) == 8,
           "beside them an integer is an integer");
        ok(json_is_integer(oc_json_member(json, "zero")), "so is zero");
        ok(json_is_real(oc_json_member(json, "real")), "a real is a real");
        is_str(json_string_value(oc_json_member(json, "string")),
               "12345678901234567890123", "digits in a string are text");

        oc_arena_free(&arena);
    }
}


/* a number that is too large does not hide what is wrong */

static void
test_hidden(void)
{
    size_t  i;

    static const char  *const texts[] = {
        "[1e400,1e]", "[1e400 1]", "[1e400\"abcdefgh\"]", "1e400x", "1e400.5",
        "-12345678901234567890-1", "[1e400", "{\"a\":1e400,\"a\":1}", "1e400 1e400", "[1e400,01]",
        "{\"\\u0061\":1e400,\"b\":1e}", "[99999999999999999999,,]"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ok(status_of(texts[i], strlen(texts[i])) != OC_JSON_OK,
           "%s is refused", texts[i]);
    }
}


static void
test_depth(void)
{
    char               text[400];
    size_t             i, n, kind;
    u_char            *deep;
    oc_json_status_e   expected;

    static const char  *const open[] = { "[", "{\"a\":", "[{\"a\":" };
    static const char  *const close[] = { "]", "}", "}]" };
    static const size_t  levels[] = { 1, 1, 2 };

    for (kind = 0; kind < 3; kind++) {
        for (n = 30; n <= 34; n += levels[kind]) {
            text[0] = '\0';

            for (i = 0; i < n; i += levels[kind]) {
                strcat(text, open[kind]);
            }

            strcat(text, "1");

            for (i = 0; i < n; i += levels[kind]) {
                strcat(text, close[kind]);
            }

            expected = (n <= OC_JSON_MAX_DEPTH) ? OC_JSON_OK : OC_JSON_DEPTH;

            is_int(status_of(text, strlen(text)), expected,
                   "%d levels of %s", (int) n, open[kind]);
        }
    }

    /* beside a shallow value */

    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    memmove(text + 8, text, 66);
    memcpy(text, "[1,{},2,", 8);
    text[74] = ']';
    is_int(status_of(text, 75), OC_JSON_DEPTH, "the deepest one counts");

    /* as deep as a stack may be, closed and not */

    deep = malloc(2000000);
    memset(deep, '[', 1000000);
    memset(deep + 1000000, ']', 1000000);

    is_int(status_of(deep + 998000, 4000), OC_JSON_DEPTH, "2000 levels");
    is_int(status_of(deep + 997000, 6000), OC_JSON_DEPTH, "3000 levels");
    is_int(status_of(deep, 2000000), OC_JSON_DEPTH, "a million levels");
    is_int(status_of(deep, 1000000), OC_JSON_DEPTH,
           "a million levels, not closed");
    free(deep);
}


static ngx_uint_t  unit_allocated;


static void *
unit_malloc(size_t size)
{
    unit_allocated++;

    return malloc(size);
}


static void
unit_free(void *p)
{
    free(p);
}


/* a document of another module is at work while ours are decoded */

static void
test_allocator(void)
{
    char             *text;
    size_t            i, n;
    json_t           *other;
    ngx_uint_t        before, changed, used;
    oc_arena_t        arena;
    json_free_t       free_now;
    json_malloc_t     malloc_now;
    oc_json_error_t   err;

    static const char  *const texts[] = {
        "{\"a\":[1,2,\"abcdefghijkl\"]}", "[1,]", "[99999999999999999999]",
        "[1e400]", "{\"a\":1,\"a\":1}", "\"\\u0000\"", "", "\"\xff\"",
        "{}{}", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]"
        "]]]]]]]"
    };

    json_set_alloc_funcs(unit_malloc, unit_free);

    other = json_object();
    json_object_set_new(other, "other", json_array());

    changed = 0;
    used = 0;
    n = sizeof(texts) / sizeof(texts[0]);

    for (i = 0; i < n; i++) {
        before = unit_allocated;

        oc_arena_init(&arena, 0);
        (void) decode(&arena, texts[i], strlen(texts[i]), &err);
        used += unit_allocated != before;

        json_get_alloc_funcs(&malloc_now, &free_now);
        changed += malloc_now != unit_malloc || free_now != unit_free;

        json_array_append_new(json_object_get(other, "other"),
                              json_string(texts[i]));
        oc_arena_free(&arena);
    }

    is_int(changed, 0, "the allocator is put back, whatever the result");
    is_int(used, 0, "and is not called");

    n = json_array_size(json_object_get(other, "other"));
    ok(n == sizeof(texts) / sizeof(texts[0]) - 1,
       "the other document could grow (%d)", (int) n);

    text = json_dumps(other, JSON_COMPACT);
    ok(text && strncmp(text, "{\"other\":[\"{\\\"a\\\"", 17) == 0,
       "and is whole");

    unit_free(text);
    json_decref(other);
    json_set_alloc_funcs(malloc, free);
}


static void
test_messages(void)
{
    int         status;
    ngx_uint_t  poor;

    poor = 0;

    for (status = OC_JSON_SYNTAX; status <= OC_JSON_NO_MEMORY; status++) {
        poor += oc_json_strerror(status) == NULL
                || strlen(oc_json_strerror(status)) < 10;
    }

    is_int(poor, 0, "every error has a message");
}


/* random documents come back as jansson alone reads them */

static void
grow(json_t *parent, ngx_uint_t depth)
{
    char        key[80];
    json_t     *child;
    ngx_uint_t  n, i, len;

    static const char  *const pieces[] = {
        "a", "abcdefgh", "\"", "\\", "\n", "\x7f", "\xc3\xa9", "0",
        "\xf0\x9f\x98\x80", " ", ":", ",", "}", "/", "knownName", "id"
    };

    for (n = unit_below(6); n; n--) {

        switch (unit_below(depth ? 7 : 5)) {

        case 0:
            child = json_integer((json_int_t) (unit_random()
                                               >> unit_below(64)));
            break;

        case 1:
            child = json_real((double) unit_below(1000) / 8);
            break;

        case 2:
            child = unit_below(2) ? json_true() : json_null();
            break;

        case 3:
        case 4:
            key[0] = '\0';

            for (len = unit_below(5), i = 0; i < len; i++) {
                strcat(key, pieces[unit_below(16)]);
            }

            child = json_string(key);
            break;

        case 5:
            child = json_array();
            grow(child, depth - 1);
            break;

        default:
            child = json_object();
            grow(child, depth - 1);
        }

        if (json_is_array(parent)) {
            json_array_append_new(parent, child);
            continue;
        }

        key[0] = '\0';

        for (len = unit_below(5), i = 0; i < len; i++) {
            strcat(key, pieces[unit_below(16)]);
        }

        json_object_set_new(parent, key, child);
    }
}


static void
test_random(void)
{
    char             *text;
    json_t           *root, *json;
    ngx_uint_t        i, wrong;
    oc_arena_t        arena;
    oc_json_error_t   err;

    static const size_t  flags[] = {
        JSON_COMPACT, 0, JSON_INDENT(2), JSON_ENSURE_ASCII|JSON_INDENT(1),
        JSON_ESCAPE_SLASH
    };

    wrong = 0;

    for (i = 0; i < 5000; i++) {
        root = unit_below(2) ? json_array() : json_object();
        grow(root, 5);

        text = json_dumps(root, flags[i % 5]);

        oc_arena_init(&arena, 1024 * 1024);
        json = decode(&arena, text, strlen(text), &err);

        if (!json_same(json, root)) {
            wrong++;
            diag("%s", text);
        }

        oc_arena_free(&arena);
        free(text);
        json_decref(root);
    }

    is_int(wrong, 0, "5000 random documents");
}


int
main(void)
{
    oc_json_seed();

    oc_json_name_add((u_char *) "knownName", 9);
    oc_json_name_add((u_char *) "displayName", 11);
    oc_json_name_add((u_char *) "id", 2);

    test_invalid();
    test_valid();
    test_members();
    test_raw_nul();
    test_numbers();
    test_hidden();
    test_depth();
    test_allocator();
    test_messages();
    test_random();
    test_many();
    test_names();

    oc_arena_drain();

    return done();
}
