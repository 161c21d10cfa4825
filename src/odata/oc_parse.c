
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_node.h"


/*
 * Common expressions (URL Conventions, 5.1.1; ABNF, 4).  The operators bind as
 * in 5.1.1.16, the higher the closer.
 */

#define OC_BINDS_OR        1
#define OC_BINDS_AND       2
#define OC_BINDS_EQUALITY  3
#define OC_BINDS_RELATION  4
#define OC_BINDS_ADD       5
#define OC_BINDS_MULTIPLY  6
#define OC_BINDS_UNARY     7
#define OC_BINDS_PRIMARY   8


typedef struct {
    const char  *word;
    ngx_uint_t   binds;
    oc_node_e    node;
    ngx_uint_t   op;
} oc_operator_t;


static oc_expr_t *oc_parse_binary(oc_parser_t *p, ngx_uint_t binds);
static const oc_operator_t *oc_parse_operator(oc_parser_t *p,
    ngx_uint_t binds, const u_char **at);
static oc_expr_t *oc_parse_combine(oc_parser_t *p, const u_char *at,
    const oc_operator_t *op, oc_expr_t *left, oc_expr_t *right);
static oc_expr_t *oc_parse_unary(oc_parser_t *p, ngx_uint_t binds);
static oc_expr_t *oc_parse_primary(oc_parser_t *p);
static oc_expr_t *oc_parse_list(oc_parser_t *p);
static oc_expr_t *oc_parse_json_value(oc_parser_t *p);


static const oc_operator_t  oc_operators[] = {
    { "or",    OC_BINDS_OR,       OC_NODE_OR,         0 },
    { "and",   OC_BINDS_AND,      OC_NODE_AND,        0 },
    { "eq",    OC_BINDS_EQUALITY, OC_NODE_COMPARE,    OC_COMPARE_EQ },
    { "ne",    OC_BINDS_EQUALITY, OC_NODE_COMPARE,    OC_COMPARE_NE },
    { "gt",    OC_BINDS_RELATION, OC_NODE_COMPARE,    OC_COMPARE_GT },
    { "ge",    OC_BINDS_RELATION, OC_NODE_COMPARE,    OC_COMPARE_GE },
    { "lt",    OC_BINDS_RELATION, OC_NODE_COMPARE,    OC_COMPARE_LT },
    { "le",    OC_BINDS_RELATION, OC_NODE_COMPARE,    OC_COMPARE_LE },
    { "add",   OC_BINDS_ADD,      OC_NODE_ARITHMETIC, OC_ARITHMETIC_ADD },
    { "sub",   OC_BINDS_ADD,      OC_NODE_ARITHMETIC, OC_ARITHMETIC_SUB },
    { "mul",   OC_BINDS_MULTIPLY, OC_NODE_ARITHMETIC, OC_ARITHMETIC_MUL },
    { "div",   OC_BINDS_MULTIPLY, OC_NODE_ARITHMETIC, OC_ARITHMETIC_DIV },
    { "divby", OC_BINDS_MULTIPLY, OC_NODE_ARITHMETIC, OC_ARITHMETIC_DIVBY },
    { "mod",   OC_BINDS_MULTIPLY, OC_NODE_ARITHMETIC, OC_ARITHMETIC_MOD },
    { "has",   OC_BINDS_PRIMARY,  OC_NODE_HAS,        0 },
    { "in",    OC_BINDS_PRIMARY,  OC_NODE_IN,         0 }
};


/* A node in the pool; NULL when memory or the number of nodes is exhausted. */

oc_expr_t *
oc_node_create(oc_parser_t *p, oc_node_e node, const u_char *at)
{
    oc_expr_t  *expr;

    if (++p->nodes > OC_EXPR_MAX_NODES) {
        return oc_parse_fail(p, at, "There are too many operands.");
    }

    expr = ngx_pcalloc(p->parse->pool, sizeof(oc_expr_t));
    if (expr == NULL) {
        return oc_parse_no_memory(p);
    }

    expr->node = node;
    expr->position = at - p->start;
    expr->alias = p->alias;
    expr->depth = 1;
    expr->slot = -1;

    return expr;
}


ngx_int_t
oc_node_append(oc_parser_t *p, oc_expr_t *parent, oc_expr_t *arg)
{
    if (arg->depth >= OC_EXPR_MAX_DEPTH) {
        (void) oc_parse_fail(p, p->start + parent->position, "The expression "
                             "is nested too deeply.");
        return NGX_ERROR;
    }

    parent->depth = ngx_max(parent->depth, arg->depth + 1);

    if (parent->last_arg) {
        parent->last_arg->next = arg;

    } else {
        parent->args = arg;
    }

    parent->last_arg = arg;
    parent->nargs++;

    return NGX_OK;
}


/* One level deeper, from which oc_parse_leave() comes back. */

ngx_int_t
oc_parse_enter(oc_parser_t *p)
{
    if (++p->depth > OC_EXPR_MAX_DEPTH) {
        (void) oc_parse_fail(p, p->pos, "The expression is nested too "
                             "deeply.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
oc_parse_leave(oc_parser_t *p)
{
    p->depth--;
}


/*
 * Reads a common expression, as far as it goes.  NULL and p->status if there
 * is none.
 */

oc_expr_t *
oc_parse_common(oc_parser_t *p)
{
    oc_expr_t  *expr;

    if (oc_parse_enter(p) != NGX_OK) {
        return NULL;
    }

    expr = oc_parse_binary(p, OC_BINDS_OR);

    oc_parse_leave(p);

    return expr;
}


static oc_expr_t *
oc_parse_binary(oc_parser_t *p, ngx_uint_t binds)
{
    oc_expr_t            *left, *right;
    const u_char         *at;
    const oc_operator_t  *op;

    left = oc_parse_unary(p, binds);

    while (left) {
        op = oc_parse_operator(p, binds, &at);

        if (op == NULL) {
            return (p->status == OC_QUERY_OK) ? left : NULL;
        }

        if (op->node == OC_NODE_IN && p->pos < p->last && *p->pos == '(') {
            right = oc_parse_list(p);

        } else {
            right = oc_parse_binary(p, op->binds + 1);
        }

        if (right == NULL) {
            return NULL;
        }

        left = oc_parse_combine(p, at, op, left, right);
    }

    return NULL;
}


/*
 * Passes over a binary operator that binds as close at least, and over the
 * white space around it, which must be there.  Otherwise nothing is read.
 */

static const oc_operator_t *
oc_parse_operator(oc_parser_t *p, ngx_uint_t binds, const u_char **at)
{
    ngx_uint_t     i;
    const u_char  *start;

    start = p->pos;

    if (oc_lex_space(p)) {
        *at = p->pos;

        for (i = 0; i < sizeof(oc_operators) / sizeof(oc_operators[0]); i++) {

            if (oc_operators[i].binds >= binds
                && oc_lex_keyword(p, oc_operators[i].word))
            {
                if (oc_lex_space(p)) {
                    return &oc_operators[i];
                }

                return oc_parse_fail(p, p->pos, "White space and an operand "
                                     "are expected.");
            }
        }
    }

    p->pos = start;

    return NULL;
}


/* Operands of the same "and" or "or" are side by side, however many. */

static oc_expr_t *
oc_parse_combine(oc_parser_t *p, const u_char *at, const oc_operator_t *op,
    oc_expr_t *left, oc_expr_t *right)
{
    oc_expr_t  *expr;

    if (left->node == op->node && !left->grouped
        && (op->node == OC_NODE_AND || op->node == OC_NODE_OR))
    {
        return (oc_node_append(p, left, right) == NGX_OK) ? left : NULL;
    }

    expr = oc_node_create(p, op->node, at);

    if (expr == NULL || oc_node_append(p, expr, left) != NGX_OK
        || oc_node_append(p, expr, right) != NGX_OK)
    {
        return NULL;
    }

    expr->op = op->op;

    return expr;
}


/* "not" and "-", which may be there where what binds less close may be */

static oc_expr_t *
oc_parse_unary(oc_parser_t *p, ngx_uint_t binds)
{
    oc_node_e      node;
    oc_expr_t     *expr, *arg;
    const u_char  *at;

    at = p->pos;

    if (oc_lex_peek(p, "not")
        && p->last - p->pos > 3 && ngx_strchr(" \t(", p->pos[3]))
    {
        p->pos += 3;
        node = OC_NODE_NOT;

    } else if (p->pos < p->last && *p->pos == '-' && !oc_literal_begins(p)) {
        p->pos++;
        node = OC_NODE_NEGATE;

    } else {
        return oc_parse_primary(p);
    }

    (void) oc_lex_space(p);

    expr = oc_node_create(p, node, at);

    if (expr == NULL || oc_parse_enter(p) != NGX_OK) {
        return NULL;
    }

    /* an operator that binds closer takes its operand from the unary one */

    arg = oc_parse_binary(p, OC_BINDS_UNARY);

    oc_parse_leave(p);

    if (arg == NULL || oc_node_append(p, expr, arg) != NGX_OK) {
        return NULL;
    }

    return expr;
}


static oc_expr_t *
oc_parse_primary(oc_parser_t *p)
{
    ngx_str_t      name;
    oc_expr_t     *expr;
    ngx_uint_t     canonical;
    const u_char  *at;

    at = p->pos;

    if (at == p->last) {
        return oc_parse_fail(p, at, "An operand is expected.");
    }

    switch (*at) {

    case '(':
        return oc_parse_parenthesised(p);

    case '[':
    case '{':
        return oc_parse_json(p);

    case '$':
        return oc_path_dollar(p);

    case '@':
        return oc_path_at(p);

    default:
        break;
    }

    if (oc_literal_begins(p)) {
        return oc_literal_parse(p);
    }

    if (!oc_lex_name(p, &name, 1)) {
        return oc_parse_fail(p, at, "An operand is expected.");
    }

    expr = oc_literal_word(p, at, &name);

    if (expr || p->status != OC_QUERY_OK) {
        return expr;
    }

    if (p->pos < p->last && *p->pos == '(') {
        expr = oc_call_parse(p, at, &name, &canonical);

        if (expr || canonical) {
            return expr;
        }
    }

    return oc_path_parse(p, at, &name);
}


oc_expr_t *
oc_parse_parenthesised(oc_parser_t *p)
{
    oc_expr_t  *expr;

    p->pos++;
    (void) oc_lex_space(p);

    expr = oc_parse_common(p);
    if (expr == NULL) {
        return NULL;
    }

    (void) oc_lex_space(p);

    if (oc_lex_expect(p, ')', "An operator or a closing parenthesis is "
                      "expected.")
        != NGX_OK)
    {
        return NULL;
    }

    expr->grouped = 1;

    return expr;
}


/*
 * What is in parentheses behind "in": literals, or one expression that is a
 * collection (ABNF: listExpr, parenExpr).
 */

static oc_expr_t *
oc_parse_list(oc_parser_t *p)
{
    oc_expr_t     *list, *item;
    const u_char  *at;

    list = oc_node_create(p, OC_NODE_LIST, p->pos);
    if (list == NULL) {
        return NULL;
    }

    p->pos++;
    (void) oc_lex_space(p);

    if (oc_lex_char(p, ')')) {
        return list;
    }

    for ( ;; ) {
        at = p->pos;

        item = oc_parse_common(p);
        if (item == NULL) {
            return NULL;
        }

        (void) oc_lex_space(p);

        if (item->node != OC_NODE_LITERAL && item->node != OC_NODE_ENUM
            && item->node != OC_NODE_GEO)
        {
            if (list->nargs == 0 && oc_lex_char(p, ')')) {
                return item;
            }

            return oc_parse_fail(p, at, "A literal is expected.");
        }

        if (oc_node_append(p, list, item) != NGX_OK) {
            return NULL;
        }

        if (oc_lex_char(p, ')')) {
            return list;
        }

        if (oc_lex_expect(p, ',', "A comma or a closing parenthesis is "
                          "expected.")
            != NGX_OK)
        {
            return NULL;
        }

        (void) oc_lex_space(p);
    }
}


/* An array or an object (ABNF, 5) */

oc_expr_t *
oc_parse_json(oc_parser_t *p)
{
    u_char         close;
    oc_expr_t     *expr, *item;
    const u_char  *at;

    at = p->pos;
    close = (*at == '[') ? ']' : '}';

    expr = oc_node_create(p, (*at == '[') ? OC_NODE_LIST : OC_NODE_OBJECT,
                          at);

    if (expr == NULL || oc_parse_enter(p) != NGX_OK) {
        return NULL;
    }

    p->pos++;
    (void) oc_lex_space(p);

    if (oc_lex_char(p, close)) {
        oc_parse_leave(p);
        return expr;
    }

    for ( ;; ) {

        if (expr->node == OC_NODE_OBJECT) {

            if (p->pos == p->last || *p->pos != '"') {
                return oc_parse_fail(p, p->pos, "The name of a member is "
                                     "expected.");
            }

            if (oc_literal_json_string(p) == NULL) {
                return NULL;
            }

            (void) oc_lex_space(p);

            if (oc_lex_expect(p, ':', "A colon is expected.") != NGX_OK) {
                return NULL;
            }

            (void) oc_lex_space(p);
        }

        item = oc_parse_json_value(p);

        if (item == NULL || oc_node_append(p, expr, item) != NGX_OK) {
            return NULL;
        }

        (void) oc_lex_space(p);

        if (oc_lex_char(p, close)) {
            break;
        }

        if (oc_lex_expect(p, ',', (close == ']')
                          ? "A comma or a closing bracket is expected."
                          : "A comma or a closing brace is expected.")
            != NGX_OK)
        {
            return NULL;
        }

        (void) oc_lex_space(p);
    }

    oc_parse_leave(p);

    return expr;
}


static oc_expr_t *
oc_parse_json_value(oc_parser_t *p)
{
    if (p->pos < p->last && *p->pos == '"') {
        return oc_literal_json_string(p);
    }

    return oc_parse_common(p);
}
