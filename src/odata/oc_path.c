
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_node.h"


static oc_expr_t *oc_path_segment(oc_parser_t *p, oc_expr_t *base,
    const u_char *at, const ngx_str_t *name);
static oc_expr_t *oc_path_rest(oc_parser_t *p, oc_expr_t *expr);
static oc_expr_t *oc_path_next(oc_parser_t *p, oc_expr_t *expr,
    ngx_uint_t *ends);
static oc_expr_t *oc_path_count(oc_parser_t *p, oc_expr_t *base,
    const u_char *at);
static oc_expr_t *oc_path_filter(oc_parser_t *p, oc_expr_t *base,
    const u_char *at);
static oc_expr_t *oc_path_lambda(oc_parser_t *p, oc_expr_t *base,
    const u_char *at, oc_node_e node);
static ngx_int_t oc_path_parameters(oc_parser_t *p, oc_expr_t *function);
static oc_expr_t *oc_path_annotation(oc_parser_t *p, oc_expr_t *base,
    const u_char *at);
static oc_expr_t *oc_path_alias(oc_parser_t *p, const u_char *at,
    const ngx_str_t *name);


/*
 * Reads a path (ABNF: firstMemberExpr, functionExpr) whose first name has been
 * read.
 */

oc_expr_t *
oc_path_parse(oc_parser_t *p, const u_char *at, ngx_str_t *name)
{
    oc_expr_t   *expr;
    oc_scope_t  *scope;

    if (p->pos == p->last || *p->pos != '(') {

        for (scope = p->scope; scope; scope = scope->parent) {

            if (scope->name.len == name->len
                && ngx_memcmp(scope->name.data, name->data, name->len) == 0)
            {
                expr = oc_node_create(p, OC_NODE_VARIABLE, at);
                if (expr == NULL) {
                    return NULL;
                }

                expr->slot = scope->index;

                return oc_path_rest(p, expr);
            }
        }
    }

    /* all other paths begin at the entity */

    expr = oc_node_create(p, OC_NODE_VARIABLE, at);
    if (expr == NULL) {
        return NULL;
    }

    expr->slot = 0;
    expr = oc_path_segment(p, expr, at, name);

    return expr ? oc_path_rest(p, expr) : NULL;
}


/* $it, $this, $root/… */

oc_expr_t *
oc_path_dollar(oc_parser_t *p)
{
    size_t         n;
    ngx_str_t      name;
    oc_expr_t     *expr;
    const u_char  *at;

    at = p->pos;
    n = oc_lex_identifier(at + 1, p->last);

    if (n == 4 && ngx_strncmp(at + 1, "this", 4) == 0) {
        expr = oc_node_create(p, OC_NODE_VARIABLE, at);

    } else if (n == 2 && ngx_strncmp(at + 1, "it", 2) == 0) {
        expr = oc_node_create(p, p->nested ? OC_NODE_IT : OC_NODE_VARIABLE,
                              at);

    } else if (n == 4 && ngx_strncmp(at + 1, "root", 4) == 0) {
        expr = oc_node_create(p, OC_NODE_ROOT, at);

    } else {
        return oc_parse_fail(p, at, "$it, $this or $root is expected.");
    }

    if (expr == NULL) {
        return NULL;
    }

    p->pos += n + 1;
    expr->slot = 0;

    if (expr->node == OC_NODE_ROOT) {

        if (oc_lex_expect(p, '/', "A slash is expected.") != NGX_OK) {
            return NULL;
        }

        at = p->pos;

        if (!oc_lex_name(p, &name, 0)) {
            return oc_parse_fail(p, at, "A name is expected.");
        }

        expr = oc_path_segment(p, expr, at, &name);
        if (expr == NULL) {
            return NULL;
        }
    }

    return oc_path_rest(p, expr);
}


/* A parameter alias, or an annotation of the entity; both may be a path. */

oc_expr_t *
oc_path_at(oc_parser_t *p)
{
    ngx_str_t      name;
    oc_expr_t     *expr;
    const u_char  *at;

    at = p->pos++;

    if (!oc_lex_name(p, &name, 1)) {
        return oc_parse_fail(p, at, "The name of a parameter alias is "
                             "expected.");
    }

    if (memchr(name.data, '.', name.len)
        || (p->pos < p->last && *p->pos == '#'))
    {
        p->pos = at + 1;

        expr = oc_node_create(p, OC_NODE_VARIABLE, at);
        if (expr == NULL) {
            return NULL;
        }

        expr->slot = 0;
        expr = oc_path_annotation(p, expr, at);

    } else {
        name.data--;
        name.len++;

        expr = oc_path_alias(p, at, &name);
    }

    return expr ? oc_path_rest(p, expr) : NULL;
}


/*
 * The value of an alias takes its place.  What it contains itself is known by
 * its depth: an alias that contains itself is too deep.
 */

static oc_expr_t *
oc_path_alias(oc_parser_t *p, const u_char *at, const ngx_str_t *name)
{
    ngx_int_t         rc;
    ngx_str_t        *text;
    oc_expr_t        *expr;
    oc_parse_t       *parse;
    oc_parser_t       outer;

    parse = p->parse;

    expr = oc_node_create(p, OC_NODE_ALIAS, at);
    if (expr == NULL) {
        return NULL;
    }

    expr->name = *name;

    if (parse->type == NULL) {
        return expr;
    }

    text = ngx_palloc(parse->pool, 2 * sizeof(ngx_str_t));
    if (text == NULL) {
        return oc_parse_no_memory(p);
    }

    text[1] = *name;

    rc = parse->alias ? parse->alias(parse->alias_data, name, &text[0])
                      : NGX_DECLINED;

    if (rc == NGX_DECLINED) {
        expr->node = OC_NODE_LITERAL;
        expr->value.kind = OC_KIND_NULL;
        return expr;
    }

    if (rc != NGX_OK) {
        return oc_parse_no_memory(p);
    }

    /* the rest of its text is only looked at when this is done */

    outer = *p;

    p->start = text[0].data;
    p->pos = text[0].data;
    p->last = p->pos + text[0].len;
    p->alias = &text[1];
    p->scope = NULL;

    if (oc_lex_check(p) != NGX_OK || oc_parse_enter(p) != NGX_OK) {
        return NULL;
    }

    (void) oc_lex_space(p);

    expr = oc_parse_common(p);

    if (expr == NULL
        || oc_lex_end(p, "An operator or the end is expected.") != NGX_OK)
    {
        return NULL;
    }

    p->start = outer.start;
    p->pos = outer.pos;
    p->last = outer.last;
    p->alias = outer.alias;
    p->scope = outer.scope;

    oc_parse_leave(p);

    expr->grouped = 1;

    return expr;
}


/* What a name is: of a property, of a type, or of a function or with a key. */

static oc_expr_t *
oc_path_segment(oc_parser_t *p, oc_expr_t *base, const u_char *at,
    const ngx_str_t *name)
{
    oc_node_e   node;
    oc_expr_t  *expr;

    if (p->pos < p->last && *p->pos == '(') {
        node = OC_NODE_FUNCTION;

    } else if (memchr(name->data, '.', name->len)) {
        node = OC_NODE_TYPE_SEGMENT;

    } else {
        node = OC_NODE_MEMBER;
    }

    expr = oc_node_create(p, node, at);

    if (expr == NULL || oc_node_append(p, expr, base) != NGX_OK) {
        return NULL;
    }

    expr->name = *name;

    if (node == OC_NODE_FUNCTION && oc_path_parameters(p, expr) != NGX_OK) {
        return NULL;
    }

    return expr;
}


/* Reads "/…" as long as there is some. */

static oc_expr_t *
oc_path_rest(oc_parser_t *p, oc_expr_t *expr)
{
    ngx_uint_t  ends;

    for (ends = 0; expr && p->pos < p->last && *p->pos == '/'; /* void */ ) {

        if (ends) {
            return oc_parse_fail(p, p->pos, "The path is expected to end "
                                 "here.");
        }

        p->pos++;
        expr = oc_path_next(p, expr, &ends);
    }

    if (expr && expr->node == OC_NODE_TYPE_SEGMENT
        && expr->args->node == OC_NODE_VARIABLE && expr->args->slot == 0
        && expr->args->position == expr->position)
    {
        return oc_parse_fail(p, p->pos, "A slash and a name are expected.");
    }

    return expr;
}


static oc_expr_t *
oc_path_next(oc_parser_t *p, oc_expr_t *expr, ngx_uint_t *ends)
{
    ngx_str_t      name;
    const u_char  *at;

    at = p->pos;

    if (oc_lex_char(p, '$')) {

        if (!oc_lex_name(p, &name, 0)) {
            return oc_parse_fail(p, at, "A name is expected.");
        }

        if (name.len == 5 && ngx_strncmp(name.data, "count", 5) == 0) {
            *ends = 1;
            return oc_path_count(p, expr, at);
        }

        if (name.len == 6 && ngx_strncmp(name.data, "filter", 6) == 0) {
            return oc_path_filter(p, expr, at);
        }

        return oc_parse_fail(p, at, "$count or $filter is expected.");
    }

    if (oc_lex_char(p, '@')) {
        return oc_path_annotation(p, expr, at);
    }

    if (!oc_lex_name(p, &name, 1)) {
        return oc_parse_fail(p, at, "A name is expected.");
    }

    if (p->pos < p->last && *p->pos == '(' && name.len == 3) {
        p->pos = at;

        if (oc_lex_keyword(p, "any")) {
            *ends = 1;
            return oc_path_lambda(p, expr, at, OC_NODE_ANY);
        }

        if (oc_lex_keyword(p, "all")) {
            *ends = 1;
            return oc_path_lambda(p, expr, at, OC_NODE_ALL);
        }

        p->pos = at + name.len;
    }

    return oc_path_segment(p, expr, at, &name);
}


static oc_expr_t *
oc_path_count(oc_parser_t *p, oc_expr_t *base, const u_char *at)
{
    oc_expr_t  *expr;

    expr = oc_node_create(p, OC_NODE_COUNT, at);

    if (expr == NULL || oc_node_append(p, expr, base) != NGX_OK) {
        return NULL;
    }

    if (p->pos < p->last && *p->pos == '('
        && oc_nested_count_options(p, expr) != NGX_OK)
    {
        return NULL;
    }

    return expr;
}


static oc_expr_t *
oc_path_filter(oc_parser_t *p, oc_expr_t *base, const u_char *at)
{
    oc_expr_t  *expr, *predicate;

    expr = oc_node_create(p, OC_NODE_FILTER, at);

    if (expr == NULL || oc_node_append(p, expr, base) != NGX_OK) {
        return NULL;
    }

    if (p->pos == p->last || *p->pos != '(') {
        return oc_parse_fail(p, p->pos, "An opening parenthesis is "
                             "expected.");
    }

    predicate = oc_parse_parenthesised(p);

    if (predicate == NULL || oc_node_append(p, expr, predicate) != NGX_OK) {
        return NULL;
    }

    return expr;
}


/* any(), any(x:…), all(x:…) (5.1.1.13) */

static oc_expr_t *
oc_path_lambda(oc_parser_t *p, oc_expr_t *base, const u_char *at,
    oc_node_e node)
{
    oc_expr_t   *expr, *predicate;
    oc_scope_t   scope;

    expr = oc_node_create(p, node, at);

    if (expr == NULL || oc_node_append(p, expr, base) != NGX_OK) {
        return NULL;
    }

    p->pos++;
    (void) oc_lex_space(p);

    if (node == OC_NODE_ANY && oc_lex_char(p, ')')) {
        return expr;
    }

    if (!oc_lex_name(p, &scope.name, 0)) {
        return oc_parse_fail(p, p->pos, "The name of a variable is "
                             "expected.");
    }

    (void) oc_lex_space(p);

    if (oc_lex_expect(p, ':', "A colon is expected.") != NGX_OK) {
        return NULL;
    }

    (void) oc_lex_space(p);

    scope.parent = p->scope;
    scope.index = ++p->lambdas;
    expr->slot = scope.index;

    p->scope = &scope;
    predicate = oc_parse_common(p);
    p->scope = scope.parent;
    p->lambdas--;

    if (predicate == NULL || oc_node_append(p, expr, predicate) != NGX_OK) {
        return NULL;
    }

    (void) oc_lex_space(p);

    if (oc_lex_expect(p, ')', "An operator or a closing parenthesis is "
                      "expected.")
        != NGX_OK)
    {
        return NULL;
    }

    return expr;
}


/*
 * What is in parentheses behind a name: the parameters of a function, or a key
 * (ABNF: functionExprParameters, keyPredicate).
 */

static ngx_int_t
oc_path_parameters(oc_parser_t *p, oc_expr_t *function)
{
    size_t         n;
    oc_expr_t     *arg;
    ngx_uint_t     named;
    const u_char  *at;

    if (oc_parse_enter(p) != NGX_OK) {
        return NGX_ERROR;
    }

    p->pos++;
    (void) oc_lex_space(p);

    if (oc_lex_char(p, ')')) {
        oc_parse_leave(p);
        return NGX_OK;
    }

    for ( ;; ) {
        at = p->pos;
        named = 0;

        n = oc_lex_identifier(at, p->last);

        if (n && at + n < p->last && at[n] == '=') {
            named = 1;
            p->pos += n + 1;

        } else if (function->nargs > 1) {
            (void) oc_parse_fail(p, at, "The name of a parameter and an "
                                 "equals sign are expected.");
            return NGX_ERROR;
        }

        if (p->pos < p->last && (*p->pos == '[' || *p->pos == '{')) {
            arg = oc_parse_json(p);

        } else {
            arg = oc_parse_common(p);
        }

        if (arg == NULL || oc_node_append(p, function, arg) != NGX_OK) {
            return NGX_ERROR;
        }

        if (!named && arg->node != OC_NODE_LITERAL
            && arg->node != OC_NODE_ENUM && arg->node != OC_NODE_ALIAS)
        {
            (void) oc_parse_fail(p, at, "A key, or the name of a "
                                 "parameter and an equals sign, is "
                                 "expected.");
            return NGX_ERROR;
        }

        (void) oc_lex_space(p);

        if (oc_lex_char(p, ')')) {
            oc_parse_leave(p);
            return NGX_OK;
        }

        if (!named || !oc_lex_char(p, ',')) {
            (void) oc_parse_fail(p, p->pos, named
                                 ? "A comma or a closing parenthesis is "
                                   "expected."
                                 : "A closing parenthesis is expected.");
            return NGX_ERROR;
        }

        (void) oc_lex_space(p);
    }
}


/* "@" was read */

static oc_expr_t *
oc_path_annotation(oc_parser_t *p, oc_expr_t *base, const u_char *at)
{
    ngx_str_t   name, qualifier;
    oc_expr_t  *expr;

    expr = oc_node_create(p, OC_NODE_ANNOTATION, at);

    if (expr == NULL || oc_node_append(p, expr, base) != NGX_OK) {
        return NULL;
    }

    if (!oc_lex_name(p, &name, 1)) {
        return oc_parse_fail(p, p->pos, "The name of a term is expected.");
    }

    if (oc_lex_char(p, '#') && !oc_lex_name(p, &qualifier, 0)) {
        return oc_parse_fail(p, p->pos, "A qualifier is expected.");
    }

    expr->name = name;

    return expr;
}
