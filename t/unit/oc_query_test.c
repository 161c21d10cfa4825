
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_query: how the options may be written, what is malformed and what is
 * only not supported, and where.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_query.h"
#include "support.h"
#include "tap.h"


#define TOP        oc_option_bit(OC_OPTION_TOP)
#define SKIPTOKEN  oc_option_bit(OC_OPTION_SKIPTOKEN)
#define PAGING     (TOP|SKIPTOKEN)


static const char  *const names[] = {
    "select", "expand", "filter", "orderby", "search", "top", "skip", "count",
    "skiptoken", "format", "compute", "apply", "index", "levels",
    "deltatoken", "schemaversion", "id"
};


typedef struct {
    const char         *args;
    oc_query_status_e   status;
    ngx_uint_t          given;
    ngx_uint_t          top;
    const char         *skiptoken;
} unit_good_t;


static const unit_good_t  good[] = {
    { "", OC_QUERY_OK, 0, 0, "" },
    { "$top=5", OC_QUERY_OK, TOP, 5, "" },
    { "top=5", OC_QUERY_OK, TOP, 5, "" },
    { "$TOP=5", OC_QUERY_OK, TOP, 5, "" },
    { "tOp=5", OC_QUERY_OK, TOP, 5, "" },
    { "%24top=5", OC_QUERY_OK, TOP, 5, "" },
    { "%24%74%6F%70=%35", OC_QUERY_OK, TOP, 5, "" },
    { "%24top=%30%30005", OC_QUERY_OK, TOP, 5, "" },
    { "$top=0", OC_QUERY_OK, TOP, 0, "" },
    { "$top=1000", OC_QUERY_OK, TOP, 1000, "" },
    { "$top=2147483647", OC_QUERY_OK, TOP, 2147483647, "" },
    { "$top=2147483648", OC_QUERY_OK, TOP, 2147483647, "" },
    { "$top=18446744073709551617", OC_QUERY_OK, TOP, 2147483647, "" },
    { "$top=99999999999999999999999999999999999999999", OC_QUERY_OK, TOP,
      2147483647, "" },
    { "$skiptoken=abc", OC_QUERY_OK, SKIPTOKEN, 0, "abc" },
    { "$skiptoken=a%20b+c%2B%26%3D=d", OC_QUERY_OK, SKIPTOKEN, 0,
      "a b c+&==d" },
    { "$SkipToken=A", OC_QUERY_OK, SKIPTOKEN, 0, "A" },
    { "$top=5&$skiptoken=x", OC_QUERY_OK, PAGING, 5, "x" },
    { "skiptoken=x&top=5", OC_QUERY_OK, PAGING, 5, "x" },
    { "&&$top=5&&&$skiptoken=x&", OC_QUERY_OK, PAGING, 5, "x" },
    { "&", OC_QUERY_OK, 0, 0, "" },

    /* none of ours */
    { "custom", OC_QUERY_OK, 0, 0, "" },
    { "custom=1&custom=2&$top=5", OC_QUERY_OK, TOP, 5, "" },
    { "=", OC_QUERY_OK, 0, 0, "" },
    { "=5", OC_QUERY_OK, 0, 0, "" },
    { "toppings=5", OC_QUERY_OK, 0, 0, "" },
    { "to=5", OC_QUERY_OK, 0, 0, "" },
    { "top%00=5", OC_QUERY_OK, 0, 0, "" },
    { "top+=5", OC_QUERY_OK, 0, 0, "" },
    { "id=5", OC_QUERY_OK, 0, 0, "" },
    { "ID=5&id=6", OC_QUERY_OK, 0, 0, "" },
    { "a$top=5", OC_QUERY_OK, 0, 0, "" },
    { "api-version=1.0", OC_QUERY_OK, 0, 0, "" },
    { "%ff=%00", OC_QUERY_OK, 0, 0, "" }
};


typedef struct {
    const char         *args;
    oc_query_status_e   status;
    size_t              position;
    const char         *target;
} unit_bad_t;


static const unit_bad_t  bad[] = {

    /* values */
    { "$top=", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top", OC_QUERY_MALFORMED, 0, "$top" },
    { "top", OC_QUERY_MALFORMED, 0, "top" },
    { "$top=-1", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=+1", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=%2B1", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=1.0", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=1e2", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=0x1", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=1%20", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=%201", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=1=1", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=1%00", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=null", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=99999999999999999999999999x", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=\xd9\xa1", OC_QUERY_MALFORMED, 0, "$top" },
    { "$skiptoken=", OC_QUERY_MALFORMED, 0, "$skiptoken" },
    { "$skiptoken", OC_QUERY_MALFORMED, 0, "$skiptoken" },

    /* the position is that of the option, the target is its name decoded */
    { "a=b&$top=x", OC_QUERY_MALFORMED, 4, "$top" },
    { "&&%24TOP=x", OC_QUERY_MALFORMED, 2, "$TOP" },
    { "$top=1&$skiptoken=", OC_QUERY_MALFORMED, 7, "$skiptoken" },
    { "%61=b&$filter=x", OC_QUERY_UNSUPPORTED, 6, "$filter" },
    { "$top=1&$x=1&$y=1", OC_QUERY_MALFORMED, 7, "$x" },

    /* names */
    { "$", OC_QUERY_MALFORMED, 0, "$" },
    { "$=1", OC_QUERY_MALFORMED, 0, "$" },
    { "$$top=1", OC_QUERY_MALFORMED, 0, "$$top" },
    { "$tops=1", OC_QUERY_MALFORMED, 0, "$tops" },
    { "$to=1", OC_QUERY_MALFORMED, 0, "$to" },
    { "$top%00=1", OC_QUERY_MALFORMED, 0, NULL },
    { "$top+=1", OC_QUERY_MALFORMED, 0, "$top " },
    { "%24unknown=1", OC_QUERY_MALFORMED, 0, "$unknown" },
    { "$id", OC_QUERY_UNSUPPORTED, 0, "$id" },
    { "$id=1", OC_QUERY_UNSUPPORTED, 0, "$id" },
    { "@p=1", OC_QUERY_UNSUPPORTED, 0, "@p" },
    { "%40p=1", OC_QUERY_UNSUPPORTED, 0, "@p" },
    { "@", OC_QUERY_UNSUPPORTED, 0, "@" },

    /* twice, in whatever way */
    { "$top=1&$top=1", OC_QUERY_MALFORMED, 7, "$top" },
    { "$top=1&top=2", OC_QUERY_MALFORMED, 7, "top" },
    { "top=1&TOP=1", OC_QUERY_MALFORMED, 6, "TOP" },
    { "$top=1&%24to%70=1", OC_QUERY_MALFORMED, 7, "$top" },
    { "$skiptoken=a&x=1&skipToken=b", OC_QUERY_MALFORMED, 17, "skipToken" },

    /* the first thing that is wrong is told */
    { "$filter=x&$top=y", OC_QUERY_UNSUPPORTED, 0, "$filter" },
    { "$top=y&$filter=x", OC_QUERY_MALFORMED, 0, "$top" },

    /* encoding */
    { "%", OC_QUERY_MALFORMED, 0, "%" },
    { "%2", OC_QUERY_MALFORMED, 0, "%2" },
    { "$top=%", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=%3", OC_QUERY_MALFORMED, 0, "$top" },
    { "$top=%zz", OC_QUERY_MALFORMED, 0, "$top" },
    { "$to%7=1", OC_QUERY_MALFORMED, 0, "$to%7" },
    { "custom=%", OC_QUERY_MALFORMED, 0, "custom" },
    { "a=1&cus%tom=1", OC_QUERY_MALFORMED, 4, "cus%tom" },
    { "$top=1%&35=2", OC_QUERY_MALFORMED, 0, "$top" }
};


/*
 * Parses a copy with a buffer of just its length: the sanitizer sees what is
 * read or written behind.  What "query" points to stays until the next call.
 */

static oc_query_status_e
parse(oc_query_t *query, const void *args, size_t len, ngx_uint_t supported)
{
    ngx_str_t  copy;

    static u_char  *text, *buf;

    free(text);
    free(buf);

    text = unit_copy(args, len);
    buf = malloc(len);

    copy.data = text;
    copy.len = len;

    return oc_query_parse(query, &copy, buf, supported);
}


static void
test_good(void)
{
    size_t               i;
    oc_query_t           query;
    oc_query_status_e    status;
    const unit_good_t   *test;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        test = &good[i];

        memset(&query, 0xa5, sizeof(query));
        status = parse(&query, test->args, strlen(test->args), PAGING);

        ok(status == test->status && query.given == test->given
           && query.top == test->top
           && query.skiptoken.len == strlen(test->skiptoken)
           && (query.skiptoken.len == 0
               || memcmp(query.skiptoken.data, test->skiptoken,
                         query.skiptoken.len)
                  == 0),
           "\"%s\"", test->args);
    }
}


static void
test_bad(void)
{
    size_t              i;
    oc_query_t          query;
    oc_query_status_e   status;
    const unit_bad_t   *test;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        test = &bad[i];

        memset(&query, 0xa5, sizeof(query));
        status = parse(&query, test->args, strlen(test->args), PAGING);

        is_int(status, test->status, "\"%s\"", test->args);
        is_int(query.position, test->position, "its position");
        ok(status == OC_QUERY_OK
           || (query.message && strlen(query.message) > 10),
           "its message");

        if (status != OC_QUERY_OK && test->target) {
            is_mem(query.target.data, query.target.len, test->target,
                   "its target");
        }
    }
}


/* every option: known with and without '$', supported only where it is */

static void
test_names(void)
{
    char        args[64], *p;
    size_t      i, j, prefix;
    ngx_uint_t  wrong;
    oc_query_t  query;

    static const char  *const prefixes[] = { "$", "", "%24" };

    is_int(sizeof(names) / sizeof(names[0]), OC_OPTION_NONE,
           "all options are tried");

    for (i = 0; i < OC_OPTION_NONE; i++) {
        wrong = 0;

        for (prefix = 0; prefix < 3; prefix++) {

            if (i == OC_OPTION_ID && prefix == 1) {
                continue;
            }

            for (j = 0; j < 20; j++) {
                sprintf(args, "%s%s=1", prefixes[prefix], names[i]);

                for (p = args; *p != '='; p++) {
                    if (j && *p >= 'a' && *p <= 'z' && unit_below(2)) {
                        *p ^= 0x20;
                    }
                }

                if (i == OC_OPTION_TOP || i == OC_OPTION_SKIPTOKEN) {
                    wrong += parse(&query, args, strlen(args), PAGING)
                             != OC_QUERY_OK;
                    wrong += query.given != oc_option_bit(i);
                }

                wrong += parse(&query, args, strlen(args),
                               PAGING & ~oc_option_bit(i))
                         != OC_QUERY_UNSUPPORTED;
                wrong += query.target.len
                         != strlen(names[i]) + (prefix != 1);
            }
        }

        is_int(wrong, 0, "%s in any case, with and without $", names[i]);
    }
}


/* a text of pieces of queries, whatever it means, stays within its buffer */

static void
test_random(void)
{
    char                args[400];
    ngx_uint_t          i, n, wrong, count[3];
    oc_query_t          query;
    oc_query_status_e   status;

    static const char  *const pieces[] = {
        "$top", "top", "=", "&", "5", "%24", "%", "%4", "$skiptoken", "+",
        "abc", "@", "$filter", "$", "%00", "\xff", "=5&", "=x&", "%26", "%3d"
    };

    memset(count, 0, sizeof(count));
    wrong = 0;

    for (i = 0; i < 200000; i++) {
        args[0] = '\0';

        for (n = unit_below(20); n; n--) {
            strcat(args, pieces[unit_below(20)]);
        }

        status = parse(&query, args, strlen(args), PAGING);
        count[status]++;

        if (status == OC_QUERY_OK) {
            wrong += query.message != NULL || (query.given & ~PAGING)
                     || query.top > 2147483647;

        } else {
            wrong += query.message == NULL
                     || query.position >= strlen(args)
                     || (query.position && args[query.position - 1] != '&');
        }
    }

    is_int(wrong, 0, "200000 random queries");
    ok(count[0] > 1000 && count[1] > 1000 && count[2] > 1000,
       "%d good, %d malformed, %d not supported", (int) count[0],
       (int) count[1], (int) count[2]);

    (void) parse(&query, "", 0, PAGING);
}


int
main(void)
{
    test_good();
    test_bad();
    test_names();
    test_random();

    return done();
}
