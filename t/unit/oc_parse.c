
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Tells whether the grammar of the query options takes a text, without a
 * server and without the types of the model.
 *
 * usage:  oc_parse [-t] < lines
 * in:     a line for each text: the rule, a tab, the text as it is when it is
 *         no longer percent-encoded; empty lines and those that begin with
 *         a '#' are passed over.  Rules: filter, orderby, select, expand,
 *         search, skiptoken.  With -t the names and types are those of an
 *         officeClientConfiguration.
 * out:    a line for each: "accept", "reject POSITION MESSAGE" or "unsupported
 *         POSITION MESSAGE"; the position is in bytes from 0
 * error:  status 1 and a message for a line without a rule
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <stdio.h>

#include "hextoi.h"
#include "oc_expr.h"


static oc_query_status_e
parse(oc_parse_t *context, const char *rule, const ngx_str_t *text,
    int *known)
{
    oc_expr_t     *expr;
    oc_expand_t    expand;
    oc_search_t   *search;
    oc_select_t    select;
    oc_orderby_t   orderby;

    *known = 1;

    if (strcmp(rule, "filter") == 0) {
        return oc_filter_parse(context, text, &expr);
    }

    if (strcmp(rule, "orderby") == 0) {
        return oc_orderby_parse(context, text, &orderby);
    }

    if (strcmp(rule, "select") == 0) {
        return oc_select_parse(context, text, &select);
    }

    if (strcmp(rule, "expand") == 0) {
        return oc_expand_parse(context, text, &expand);
    }

    if (strcmp(rule, "search") == 0) {
        return oc_search_parse(context, text, &search);
    }

    if (strcmp(rule, "skiptoken") == 0) {

        /* what it says is known to who made it (URL Conventions, 5.1.8) */

        if (text->len == 0) {
            ngx_str_set(&context->message, "A token is expected.");
            return OC_QUERY_MALFORMED;
        }

        return OC_QUERY_OK;
    }

    *known = 0;

    return OC_QUERY_OK;
}


int
main(int argc, char **argv)
{
    int                 known, status;
    char               *line, *tab;
    size_t              size;
    ssize_t             n;
    ngx_str_t           text;
    oc_parse_t          context;
    ngx_pool_t         *pool;
    oc_query_status_e   rc;

    line = NULL;
    size = 0;
    status = 0;

    while ((n = getline(&line, &size, stdin)) > 0) {

        if (line[n - 1] == '\n') {
            line[--n] = '\0';
        }

        if (n == 0 || line[0] == '#') {
            continue;
        }

        tab = strchr(line, '\t');

        if (tab == NULL) {
            fprintf(stderr, "oc_parse: no rule: %s\n", line);
            status = 1;
            break;
        }

        *tab = '\0';
        text.data = (u_char *) tab + 1;
        text.len = line + n - tab - 1;

        pool = ngx_create_pool(4096, ngx_cycle->log);

        memset(&context, 0, sizeof(context));
        context.pool = pool;
        context.type = (argc > 1 && strcmp(argv[1], "-t") == 0)
                       ? &oc_type_configuration : NULL;

        rc = parse(&context, line, &text, &known);

        if (!known) {
            fprintf(stderr, "oc_parse: no such rule: %s\n", line);
            ngx_destroy_pool(pool);
            status = 1;
            break;
        }

        if (rc == OC_QUERY_OK) {
            printf("accept\n");

        } else {
            printf("%s %zu %.*s\n",
                   (rc == OC_QUERY_UNSUPPORTED) ? "unsupported" : "reject",
                   context.position, (int) context.message.len,
                   context.message.data ? (char *) context.message.data : "");
        }

        ngx_destroy_pool(pool);
    }

    free(line);

    return status;
}
