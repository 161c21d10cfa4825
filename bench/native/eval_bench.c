
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What an expression costs on a configuration, beyond fetching it: on 4,096
 * documents that the module would have stored, each with another name and
 * priority, again and again.
 *
 * usage:  build/bench/eval_bench SECONDS
 * out:    a line for each expression: nanoseconds for one document, how many
 *         documents match in a hundred, the expression
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>
#include <time.h>

#include "hextoi.h"
#include "oc_expr.h"


#define DOCUMENTS  4096


static const char  *const expressions[] = {
    "contains(displayName,'x') and priority gt 5",
    "priority gt 5",
    "contains(tolower(displayName),'x') or startswith(description,'x')",
    "lastModifiedDateTime gt 2026-01-01T00:00:00Z and year("
    "lastModifiedDateTime) eq 2026",
    "matchesPattern(displayName,'x[0-9]+$')"
};


static ngx_str_t  documents[DOCUMENTS];


static void
make_documents(ngx_pool_t *pool)
{
    size_t   i;
    u_char  *p;

    for (i = 0; i < DOCUMENTS; i++) {
        p = ngx_pnalloc(pool, 1024);
        documents[i].data = p;
        documents[i].len = snprintf((char *) p, 1024,
            "{\"@odata.etag\":\"W/\\\"0123456789abcdef\\\"\","
            "\"@odata.type\":\"#microsoft.graph.officeClientConfiguration\","
            "\"id\":\"0198c2a7-5b1e-7e60-9d3b-00000000%04x\","
            "\"userPreferencePayload\":\"Stream\","
            "\"policyPayload\":\"Stream\","
            "\"description\":\"Description value\","
            "\"displayName\":\"Display Name value %s%d\","
            "\"priority\":%d,"
            "\"lastModifiedDateTime\":\"2026-01-01T00:00:00.007Z\","
            "\"userCheckinSummary\":0,\"checkinStatuses\":0}",
            (int) i, (i * 2654435761u >> 13) % 2 ? "x" : "y", (int) i,
            (int) ((i * 40503u >> 5) % 11));
    }
}


static double
seconds(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


int
main(int argc, char **argv)
{
    size_t         i, n, found;
    double         start, took, least, limit;
    ngx_str_t      text;
    oc_eval_t     *eval;
    oc_expr_t     *expr;
    oc_parse_t     parse;
    ngx_uint_t     matches;
    ngx_pool_t    *pool;
    oc_subject_t   subject;

    limit = (argc > 1) ? atof(argv[1]) : 1;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    make_documents(pool);

    ngx_memzero(&parse, sizeof(parse));
    ngx_memzero(&subject, sizeof(subject));

    parse.pool = pool;
    parse.type = &oc_type_configuration;

    for (i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
        text.data = (u_char *) expressions[i];
        text.len = strlen(expressions[i]);

        if (oc_filter_parse(&parse, &text, &expr) != OC_QUERY_OK) {
            fprintf(stderr, "eval: %s\n", expressions[i]);
            return 1;
        }

        eval = oc_eval_create(pool, 1767225600007LL);
        least = 1;
        found = 0;

        for (start = seconds(); seconds() - start < limit; /* void */ ) {
            took = seconds();
            found = 0;

            for (n = 0; n < DOCUMENTS; n++) {
                subject.json = documents[n];

                if (oc_filter_match(eval, expr, &subject, &matches)
                    != OC_EVAL_OK)
                {
                    fprintf(stderr, "eval: %s fails\n", expressions[i]);
                    return 1;
                }

                found += matches;
            }

            took = seconds() - took;
            least = ngx_min(least, took);
        }

        printf("%7.0f ns %4.0f%%  %s\n", least * 1e9 / DOCUMENTS,
               found * 100.0 / DOCUMENTS, expressions[i]);
        fflush(stdout);
    }

    ngx_destroy_pool(pool);

    return 0;
}
