
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_scan.h"
#include "ngx_http_office_config_skiptoken.h"


static ngx_int_t ngx_http_office_config_options(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type,
    ngx_http_office_config_options_t *options);
static void ngx_http_office_config_parser(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type,
    oc_parse_t *parse);
static ngx_int_t ngx_http_office_config_option_problem(ngx_http_request_t *r,
    oc_query_status_e status, oc_parse_t *parse, const char *option);
static ngx_int_t ngx_http_office_config_list_resend(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_uint_t ngx_http_office_config_has_link(
    ngx_http_office_config_list_t *list);
static ngx_int_t ngx_http_office_config_list_link(
    ngx_http_office_config_list_t *list, ngx_str_t *link);


/*
 * Makes the page that a request asks for out of its options and preferences;
 * "type" is that of the items.  NGX_DECLINED, or what the request is to be
 * finalized with.
 */

ngx_int_t
ngx_http_office_config_list_create(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type,
    ngx_http_office_config_list_t **result)
{
    ngx_int_t                           rc;
    ngx_time_t                         *tp;
    ngx_http_office_config_list_t      *list;
    ngx_http_office_config_loc_conf_t  *olcf;

    list = ngx_pcalloc(r->pool, sizeof(ngx_http_office_config_list_t));
    if (list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    list->request = r;
    list->ctx = ctx;
    list->count = -1;
    list->counted = ctx->query.count;
    list->skip = ctx->query.skip;
    list->limit = olcf->page_size;

    rc = ngx_http_office_config_options(r, ctx, type, &list->options);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (list->options.filter || list->options.search
        || list->options.orderby.n)
    {
        tp = ngx_timeofday();

        list->eval = oc_eval_create(r->pool,
                                    (int64_t) tp->sec * 1000 + tp->msec);
        if (list->eval == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_office_config_bind(ctx, ctx->route.resource, &ctx->route.id,
                                    &ctx->query, list->bound)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->list = list;

    /* of what may be preferred, only the size of a page is of use here */

    ngx_http_office_config_prefer(r, ctx);

    ctx->minimal = 0;
    ctx->representation = 0;

    *result = list;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_office_config_options(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type,
    ngx_http_office_config_options_t *options)
{
    oc_parse_t          parse;
    oc_query_t         *query;
    oc_query_status_e   status;

    query = &ctx->query;

    ngx_http_office_config_parser(r, ctx, type, &parse);

    if (query->given & oc_option_bit(OC_OPTION_FILTER)) {
        status = oc_filter_parse(&parse, &query->filter_text,
                                 &options->filter);

        if (status != OC_QUERY_OK) {
            return ngx_http_office_config_option_problem(r, status, &parse,
                                                         "$filter");
        }

        options->uses |= oc_expr_uses(options->filter);
    }

    if (query->given & oc_option_bit(OC_OPTION_ORDERBY)) {
        status = oc_orderby_parse(&parse, &query->orderby_text,
                                  &options->orderby);

        if (status != OC_QUERY_OK) {
            return ngx_http_office_config_option_problem(r, status, &parse,
                                                         "$orderby");
        }

        options->uses |= oc_orderby_uses(&options->orderby);
    }

    if (query->given & oc_option_bit(OC_OPTION_SEARCH)) {
        status = oc_search_parse(&parse, &query->search_text,
                                 &options->search);

        if (status != OC_QUERY_OK) {
            return ngx_http_office_config_option_problem(r, status, &parse,
                                                         "$search");
        }

        options->uses |= oc_search_uses(options->search);
    }

    return NGX_DECLINED;
}


/*
 * Understands $select and $expand for entities of "type".  NGX_DECLINED, or
 * what the request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_shape(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type)
{
    oc_parse_t          parse;
    oc_query_t         *query;
    oc_query_status_e   status;

    query = &ctx->query;

    ngx_http_office_config_parser(r, ctx, type, &parse);

    if (query->given & oc_option_bit(OC_OPTION_SELECT)) {
        status = oc_select_parse(&parse, &query->select_text, &query->select);

        if (status != OC_QUERY_OK) {
            return ngx_http_office_config_option_problem(r, status, &parse,
                                                         "$select");
        }
    }

    if (query->given & oc_option_bit(OC_OPTION_EXPAND)) {
        status = oc_expand_parse(&parse, &query->expand_text, &ctx->expand);

        if (status == OC_QUERY_OK && ctx->expand.n) {

            if (type != &oc_type_configuration) {
                status = OC_QUERY_UNSUPPORTED;
                ngx_str_set(&parse.message, "Only the assignments of client "
                                            "configurations can be expanded.");
                parse.position = 0;

            } else if (ctx->expand.items[0].given
                       & oc_option_bit(OC_OPTION_LEVELS))
            {
                status = OC_QUERY_UNSUPPORTED;
                ngx_str_set(&parse.message, "$levels is not supported: "
                                            "assignments have nothing to "
                                            "expand.");
                parse.position = 0;
            }
        }

        if (status != OC_QUERY_OK) {
            return ngx_http_office_config_option_problem(r, status, &parse,
                                                         "$expand");
        }

        query->expand = (ctx->expand.n != 0);
    }

    return NGX_DECLINED;
}


static void
ngx_http_office_config_parser(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type,
    oc_parse_t *parse)
{
    ngx_memzero(parse, sizeof(oc_parse_t));

    parse->pool = r->pool;
    parse->type = type;
    parse->alias = oc_query_alias;
    parse->alias_data = &ctx->query;
}


/* An option that is malformed, or fine but not supported. */

static ngx_int_t
ngx_http_office_config_option_problem(ngx_http_request_t *r,
    oc_query_status_e status, oc_parse_t *parse, const char *option)
{
    u_char                            *p;
    ngx_http_office_config_problem_t   problem;

    if (status == OC_QUERY_NO_MEMORY) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = (status == OC_QUERY_UNSUPPORTED)
                     ? NGX_HTTP_NOT_IMPLEMENTED : NGX_HTTP_BAD_REQUEST;

    problem.target.data = (u_char *) option;
    problem.target.len = ngx_strlen(option);

    p = ngx_pnalloc(r->pool, parse->message.len + parse->where.len
                             + problem.target.len + NGX_SIZE_T_LEN
                             + sizeof(" (position  of )"));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    problem.message.data = p;
    problem.message.len = ngx_sprintf(p, "%V (position %uz of %V)",
                                      &parse->message, parse->position,
                                      parse->where.len ? &parse->where
                                                       : &problem.target)
                          - p;

    return ngx_http_office_config_problem(r, &problem);
}


/* An evaluation that failed: the fault of the expression, or no memory. */

ngx_int_t
ngx_http_office_config_eval_problem(ngx_http_request_t *r, oc_eval_t *eval,
    oc_eval_status_e status, const char *target)
{
    ngx_http_office_config_problem_t  problem;

    if (status == OC_EVAL_NO_MEMORY) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&problem, sizeof(ngx_http_office_config_problem_t));

    problem.status = NGX_HTTP_BAD_REQUEST;
    problem.message = oc_eval_message(eval);
    problem.target.data = (u_char *) target;
    problem.target.len = ngx_strlen(target);

    return ngx_http_office_config_problem(r, &problem);
}


/*
 * Where the page begins and how many items it has, when the secret is known.
 * NGX_DECLINED; or what the request is to be finalized with, NGX_BUSY if
 * "again" is to be called once more.
 */

ngx_int_t
ngx_http_office_config_list_position(ngx_http_office_config_list_t *list,
    ngx_http_office_config_answer_pt again)
{
    ngx_int_t                           rc;
    ngx_uint_t                          size;
    oc_query_t                         *query;
    ngx_http_request_t                 *r;
    ngx_http_office_config_ctx_t       *ctx;
    ngx_http_office_config_loc_conf_t  *olcf;

    r = list->request;
    ctx = list->ctx;
    query = &ctx->query;

    olcf = ngx_http_get_module_loc_conf(r, ngx_http_office_config_module);

    if (query->skiptoken.len) {

        rc = ngx_http_office_config_token_read(r->pool, ctx->secret,
                                               list->bound, list->order,
                                               &query->skiptoken,
                                               &list->after);

        if (rc == NGX_DECLINED && ngx_http_office_config_secret_stale(ctx)) {
            return ngx_http_office_config_with_secret(r, ctx, again);
        }

        /* what was to be passed over has been, or the token says so */

        if (rc == NGX_DECLINED
            || (rc == NGX_OK
                && query->given & oc_option_bit(OC_OPTION_SKIP)))
        {
            return ngx_http_office_config_bad_token(r);
        }

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        list->skip = list->after.skip;

        if (list->after.count >= 0) {
            list->count = list->after.count;
            list->counted = 0;
        }
    }

    size = ctx->page_size ? ctx->page_size : list->after.size;

    if (size) {
        size = ngx_min(size, olcf->page_max);
        list->limit = size;
    }

    list->next.size = size;

    if (query->given & oc_option_bit(OC_OPTION_TOP)) {
        list->limit = ngx_min(list->limit, query->top);
    }

    return NGX_DECLINED;
}


/* Whether the entities of an answer have their check-ins, or a summary. */

ngx_uint_t
ngx_http_office_config_shows_checkins(ngx_http_office_config_ctx_t *ctx)
{
    ngx_uint_t         i;
    oc_select_t       *select;
    const ngx_str_t   *name;

    static const ngx_str_t  statuses = ngx_string("checkinStatuses");
    static const ngx_str_t  summary = ngx_string("userCheckinSummary");

    select = &ctx->query.select;

    if (select->n == 0) {
        return 1;
    }

    for (i = 0; i < select->n; i++) {
        name = &select->items[i].name;

        if ((name->len == 1 && name->data[0] == '*')
            || (name->len == statuses.len
                && ngx_memcmp(name->data, statuses.data, name->len) == 0)
            || (name->len == summary.len
                && ngx_memcmp(name->data, summary.data, name->len) == 0))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Sends the items in ctx->call as the page, with what $select leaves of them.
 * Returns what the request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_list_send(ngx_http_office_config_list_t *list,
    ngx_str_t *fragment)
{
    u_char                        *p;
    ngx_str_t                      link, members;
    ngx_uint_t                     i;
    oc_store_call_t               *call;
    ngx_http_request_t            *r;
    ngx_http_office_config_ctx_t  *ctx;

    r = list->request;
    ctx = list->ctx;
    call = &ctx->call;

    if (ngx_http_office_config_has_link(list) && !ctx->secret_known) {
        list->fragment = *fragment;

        return ngx_http_office_config_with_secret(r, ctx,
                                           ngx_http_office_config_list_resend);
    }

    if (ctx->query.select.n && !ctx->query.expand) {
        for (i = 0; i < call->npage; i++) {
            if (ngx_http_office_config_project(r, ctx, &call->page[i])
                != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }
    }

    if (ngx_http_office_config_list_link(list, &link) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    members = link;

    if (ctx->query.count) {
        members.data = ngx_pnalloc(r->pool, sizeof("\"@odata.count\":,") - 1
                                            + NGX_INT64_LEN + link.len);
        if (members.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        p = ngx_sprintf(members.data, "\"@odata.count\":%L,", list->count);

        if (link.len) {
            p = ngx_cpymem(p, link.data, link.len);
        }

        members.len = p - members.data;
    }

    return ngx_http_office_config_send_collection(r, ctx, fragment, &members);
}


static ngx_int_t
ngx_http_office_config_list_resend(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    return ngx_http_office_config_list_send(ctx->list, &ctx->list->fragment);
}


/* Whether there is another page, and $top does not end with this one. */

static ngx_uint_t
ngx_http_office_config_has_link(ngx_http_office_config_list_t *list)
{
    oc_query_t  *query;

    query = &list->ctx->query;

    return list->next.given
           && (!(query->given & oc_option_bit(OC_OPTION_TOP))
               || query->top > list->npage);
}


/*
 * The member that leads to the next page, or nothing.  What $top asked for and
 * this page does not hold is asked for again.
 */

static ngx_int_t
ngx_http_office_config_list_link(ngx_http_office_config_list_t *list,
    ngx_str_t *link)
{
    ngx_str_t                      token;
    ngx_uint_t                     top;
    ngx_http_office_config_ctx_t  *ctx;

    ngx_str_null(link);

    ctx = list->ctx;

    if (!ngx_http_office_config_has_link(list)) {
        return NGX_OK;
    }

    top = ctx->query.given & oc_option_bit(OC_OPTION_TOP)
          ? ctx->query.top - list->npage : 0;

    list->next.count = ctx->query.count ? list->count : -1;

    if (ngx_http_office_config_token_write(list->request->pool, ctx->secret,
                                           list->bound, list->order,
                                           &list->next, &token)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_office_config_next_link(list->request, ctx, &token, top,
                                            link);
}


/*
 * Begins a page, with the secret if there is a token to be read.  Returns what
 * a content handler does.
 */

ngx_int_t
ngx_http_office_config_list_start(ngx_http_office_config_list_t *list,
    ngx_http_office_config_answer_pt begin)
{
    ngx_int_t                      rc;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = list->ctx;

    if (ctx->query.skiptoken.len
        && !ngx_http_office_config_is_token(&ctx->query.skiptoken))
    {
        return ngx_http_office_config_bad_token(list->request);
    }

    rc = ctx->query.skiptoken.len
         ? ngx_http_office_config_with_secret(list->request, ctx, begin)
         : begin(list->request, ctx);

    return ngx_http_office_config_busy(list->request, rc);
}


/* The end of a content handler: "rc" is NGX_BUSY if the store is at work. */

ngx_int_t
ngx_http_office_config_busy(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc != NGX_BUSY) {
        return rc;
    }

    return ngx_http_office_config_called(r, NGX_OK);
}
