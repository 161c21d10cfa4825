
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_batch: boundaries, parts and their fields, JSON as it may and may not be,
 * references and dependencies; every document cut off at every byte, in a
 * block of its own so that nothing is read behind it.
 */


#include "hextoi.h"
#include "oc_batch.h"
#include "support.h"
#include "tap.h"


typedef struct {
    const char  *text;
    ngx_int_t    rc;
    const char  *boundary;
} unit_boundary_t;


static const unit_boundary_t  boundaries[] = {
    { "multipart/mixed; boundary=b", NGX_OK, "b" },
    { "MULTIPART/Mixed;BOUNDARY=b", NGX_OK, "b" },
    { "multipart/mixed ; x=\"a;b\" ; boundary=\"a b\"", NGX_OK, "a b" },
    { "multipart/mixed; boundary=\"a\\\"b\\\\\"", NGX_OK, "a\"b\\" },
    { "multipart/mixed; ; boundary=b; c=d", NGX_OK, "b" },
    { "multipart/mixed; x; boundary=b", NGX_OK, "b" },
    { "multipart/mixed", NGX_ABORT, NULL },
    { "multipart/mixed; boundary", NGX_ABORT, NULL },
    { "multipart/mixed; boundary=", NGX_ABORT, NULL },
    { "multipart/mixed; boundary=\"\"", NGX_ABORT, NULL },
    { "multipart/mixed; boundary=\"a", NGX_ABORT, NULL },
    { "multipart/mixed; boundary=\"a \"", NGX_ABORT, NULL },
    { "multipart/mixed; boundary=\"a\nb\"", NGX_ABORT, NULL },
    { "multipart/mixed; xboundary=b", NGX_ABORT, NULL },
    { "multipart/mixedx; boundary=b", NGX_DECLINED, NULL },
    { "multipart/form-data; boundary=b", NGX_DECLINED, NULL },
    { "", NGX_DECLINED, NULL }
};


static const char  *good_json[] = {
    "0", "-1.5e+3", "\"\"", "\"\\u00e4\\n\"", "[]", "{}", "[1,[2],{}]",
    " { \"a\" : [ null , true , false ] } ", "\"\xc3\xa4\"", "1E2", "-0"
};

static const char  *bad_json[] = {
    "", " ", "01", "1.", ".5", "1e", "-", "+1", "tru", "nul", "[", "[1,]",
    "[,1]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}",
    "[1}", "{\"a\":1]", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\n\"",
    "\"\xff\"", "\"\xed\xa0\x80\"", "1 2", "[]]", "NaN", "'a'"
};


static const char  document[] =
    "{\"ignored\":[{}],\"requests\":["
    "{\"id\":\"1\",\"method\":\"post\",\"url\":\"/a\",\"atomicityGroup\":\"g\","
    "\"headers\":{\"Content-Type\":\"application/json\",\"X\":\"\\u0041\"},"
    "\"body\": {\"a\" : 1} },"
    "{\"id\":\"2\",\"atomicityGroup\":\"G\",\"method\":\"Put\",\"url\":\"$1\","
    "\"headers\":{\"content-type\":\"a/b\"},\"body\":\"AAEC\"},"
    "{\"id\":\"3\",\"dependsOn\":[\"g\"],\"method\":\"get\","
    "\"url\":\"$1/x?y\",\"body\":null}]} ";

static const char  multipart[] =
    "preamble\r\n--b\r\n"
    "Content-Type: application/http\r\nContent-ID: 1\r\n\r\n"
    "POST /a b HTTP/1.1\r\nHost: h\r\nContent-Type: x/y\r\n\r\nbody\r\n"
    "\r\n--b \r\n"
    "content-type: multipart/mixed;boundary=c\r\n\r\n"
    "--c\r\nContent-Type: application/http\r\n\r\n"
    "DELETE $1 HTTP/1.1\r\n\r\n--c\n"
    "Content-Type: application/http\n\nGET x HTTP/1.0\n"
    "\n--c--\r\n--b--\r\nepilogue";


static oc_arena_t  arena;


static oc_batch_status_e
read_json(oc_batch_t *batch, u_char *data, size_t len)
{
    memset(batch, 0, sizeof(oc_batch_t));

    batch->arena = &arena;
    batch->max = 3;

    return oc_batch_json(batch, data, len);
}


static oc_batch_status_e
read_mime(oc_batch_t *batch, u_char *data, size_t len)
{
    ngx_str_t  boundary;

    ngx_str_set(&boundary, "b");

    memset(batch, 0, sizeof(oc_batch_t));

    batch->arena = &arena;
    batch->max = 3;

    return oc_batch_mime(batch, &boundary, data, len);
}


static void
test_boundaries(void)
{
    size_t     i, len;
    u_char    *copy;
    ngx_int_t  rc;
    ngx_str_t  type, boundary;

    for (i = 0; i < sizeof(boundaries) / sizeof(boundaries[0]); i++) {
        len = strlen(boundaries[i].text);
        copy = unit_copy(boundaries[i].text, len);

        type.data = copy;
        type.len = len;

        rc = oc_batch_boundary(&type, &boundary, &arena);

        is_int(rc, boundaries[i].rc, "boundary %zu", i);

        if (rc == NGX_OK && boundaries[i].boundary) {
            is_mem(boundary.data, boundary.len, boundaries[i].boundary,
                   "its characters");
        }

        free(copy);
    }
}


static void
test_values(void)
{
    size_t   i, len;
    u_char  *copy;

    for (i = 0; i < sizeof(good_json) / sizeof(good_json[0]); i++) {
        len = strlen(good_json[i]);
        copy = unit_copy(good_json[i], len);
        ok(oc_batch_is_json(copy, len), "JSON: %s", good_json[i]);
        free(copy);
    }

    for (i = 0; i < sizeof(bad_json) / sizeof(bad_json[0]); i++) {
        len = strlen(bad_json[i]);
        copy = unit_copy(bad_json[i], len);
        ok(!oc_batch_is_json(copy, len), "no JSON, number %zu", i);
        free(copy);
    }
}


static void
test_json(void)
{
    u_char            *copy;
    size_t             len;
    ngx_str_t          url, rest;
    oc_batch_t         batch;
    oc_batch_item_t   *item;

    copy = unit_copy(document, sizeof(document) - 1);

    is_int(read_json(&batch, copy, sizeof(document) - 1), OC_BATCH_OK,
           "a JSON batch");
    is_int(batch.nitems, 3, "its requests");
    is_int(batch.ngroups, 1, "its groups, without regard to case");

    item = batch.items;

    is_mem(item[0].method.data, item[0].method.len, "POST", "the method");
    is_mem(item[0].body.data, item[0].body.len, "{\"a\" : 1}",
           "the body as it stands");
    is_mem(item[0].headers[1].value.data, item[0].headers[1].value.len, "A",
           "an escape in a header");
    is_int(item[1].group, item[0].group, "the group");
    is_int(item[1].ndepends, 0, "within it the order is that of the batch");
    ok(item[1].body.len == 3 && memcmp(item[1].body.data, "\0\1\2", 3) == 0,
       "bytes");
    is_int(item[2].ndepends, 2, "what depends on a group, on all of it");
    ok(!item[2].has_body, "null is no body");

    ngx_str_set(&url, "/$1/a?b");
    is_int(oc_batch_reference(&batch, &url, &rest), 0, "a reference");
    is_mem(rest.data, rest.len, "/a?b", "what is behind it");

    ngx_str_set(&url, "$11/a");
    is_int(oc_batch_reference(&batch, &url, &rest), NGX_DECLINED, "no id");

    ngx_str_set(&url, "$metadata");
    is_int(oc_batch_reference(&batch, &url, &rest), NGX_DECLINED,
           "a name of the service");

    free(copy);

    for (len = 0; len < sizeof(document) - 2; len++) {
        copy = unit_copy(document, len);

        if (read_json(&batch, copy, len) != OC_BATCH_MALFORMED
            || batch.position > len)
        {
            ok(0, "cut off at %zu", len);
        }

        free(copy);
    }

    ok(len, "cut off anywhere it is malformed");
}


static void
test_multipart(void)
{
    u_char            *copy;
    size_t             len, end;
    oc_batch_t         batch;
    oc_batch_item_t   *item;

    copy = unit_copy(multipart, sizeof(multipart) - 1);

    is_int(read_mime(&batch, copy, sizeof(multipart) - 1), OC_BATCH_OK,
           "a multipart batch");
    is_int(batch.nitems, 3, "its requests");
    is_int(batch.ngroups, 1, "its change sets");

    item = batch.items;

    is_mem(item[0].id.data, item[0].id.len, "1", "Content-ID");
    is_mem(item[0].url.data, item[0].url.len, "/a b", "the URL");
    is_mem(item[0].host.data, item[0].host.len, "h", "Host");
    is_mem(item[0].body.data, item[0].body.len, "body\r\n", "the body");
    is_int(item[0].group, 0, "alone");
    is_mem(item[1].method.data, item[1].method.len, "DELETE", "the method");
    is_int(item[1].ndepends, 1, "a reference is a dependency");
    is_int(item[2].group, 1, "in the change set");
    is_int(item[2].status, 0, "line feeds alone");

    free(copy);

    end = strstr(multipart, "--b--") - multipart + 5;

    for (len = 0; len < end; len++) {
        copy = unit_copy(multipart, len);

        if (read_mime(&batch, copy, len) != OC_BATCH_MALFORMED) {
            ok(0, "cut off at %zu", len);
        }

        free(copy);
    }

    ok(len, "cut off anywhere it is malformed");
}


static void
test_memory(void)
{
    u_char      *copy;
    size_t       limit;
    oc_arena_t   small;
    oc_batch_t   batch;

    copy = unit_copy(document, sizeof(document) - 1);

    /* a chunk is granted in any case: so many items do not fit into it */

    for (limit = 1; limit < 3; limit++) {
        oc_arena_init(&small, 1);

        memset(&batch, 0, sizeof(oc_batch_t));

        batch.arena = &small;
        batch.max = 1000 * limit;

        is_int(oc_batch_json(&batch, copy, sizeof(document) - 1),
               OC_BATCH_NO_MEMORY, "no memory");

        oc_arena_free(&small);
    }

    free(copy);
}


int
main(void)
{
    oc_arena_init(&arena, (size_t) -1);

    test_boundaries();
    test_values();
    test_json();
    test_multipart();
    test_memory();

    oc_arena_free(&arena);

    return done();
}
