
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_NODE_H_INCLUDED_
#define _OC_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_expr.h"
#include "oc_value.h"


/* what the parser, the check and the evaluator share; for src/odata only */

typedef enum {
    OC_NODE_LITERAL = 0,        /* value */
    OC_NODE_ENUM,               /* name: the type's, or empty */
    OC_NODE_GEO,
    OC_NODE_LIST,               /* args: its items */
    OC_NODE_OBJECT,             /* args: the values of its members */
    OC_NODE_VARIABLE,           /* slot: which; 0 is the entity */
    OC_NODE_ROOT,               /* $root and what follows */
    OC_NODE_IT,                 /* $it where it is not the entity */
    OC_NODE_ALIAS,              /* name; only while nothing is checked */
    OC_NODE_MEMBER,             /* args: of what; name */
    OC_NODE_TYPE_SEGMENT,       /* args: of what; name */
    OC_NODE_ANNOTATION,         /* args: of what; name */
    OC_NODE_FUNCTION,           /* args: bound to what, parameters; name */
    OC_NODE_COUNT,              /* args: of what, options if any */
    OC_NODE_FILTER,             /* args: of what, predicate */
    OC_NODE_ANY,                /* args: of what, predicate or none; slot */
    OC_NODE_ALL,
    OC_NODE_CALL,               /* op: a canonical function; args */
    OC_NODE_CASE,               /* args: condition, result, … */
    OC_NODE_CAST,               /* args: of what; name: the type's */
    OC_NODE_ISOF,
    OC_NODE_AND,                /* args: two or more */
    OC_NODE_OR,
    OC_NODE_NOT,                /* args: one */
    OC_NODE_NEGATE,
    OC_NODE_COMPARE,            /* op: oc_compare_e; args: two */
    OC_NODE_HAS,
    OC_NODE_IN,
    OC_NODE_ARITHMETIC          /* op: oc_arithmetic_e; args: two */
} oc_node_e;


typedef enum {
    OC_COMPARE_EQ = 0,
    OC_COMPARE_NE,
    OC_COMPARE_GT,
    OC_COMPARE_GE,
    OC_COMPARE_LT,
    OC_COMPARE_LE
} oc_compare_e;


struct oc_expr_s {
    oc_node_e             node;
    ngx_uint_t            op;
    oc_expr_t            *args;       /* the first one */
    oc_expr_t            *last_arg;
    oc_expr_t            *next;       /* behind this one */
    ngx_uint_t            nargs;
    ngx_uint_t            depth;      /* of the tree below, from 1 */
    ngx_str_t             name;
    oc_value_t            value;

    size_t                position;
    const ngx_str_t      *alias;      /* in whose value that is, or NULL */

    /* what the check finds out */

    oc_kind_e             kind;
    unsigned              collection:1;
    unsigned              grouped:1;  /* in parentheses */
    const oc_type_t      *type;       /* of what is structured */
    const oc_property_t  *property;
    ngx_int_t             slot;
    void                 *data;       /* a pattern */

    /* at the root of a tree */

    const oc_type_t      *entity;
    ngx_uint_t            uses;
};


/* a lambda variable that is known at some place of the text */

typedef struct oc_scope_s  oc_scope_t;

struct oc_scope_s {
    oc_scope_t           *parent;
    ngx_str_t             name;
    ngx_uint_t            index;      /* from 1 */
};


typedef struct {
    oc_parse_t           *parse;
    const u_char         *start;      /* of the text, or an alias's value */
    const u_char         *pos;
    const u_char         *last;
    const ngx_str_t      *alias;      /* whose value it is, or NULL */
    oc_scope_t           *scope;
    ngx_uint_t            lambdas;    /* around what is being parsed */
    ngx_uint_t            nodes;
    ngx_uint_t            depth;      /* of what is being parsed */
    ngx_uint_t            nested;     /* in an option of $expand */
    oc_query_status_e     status;
} oc_parser_t;


/* oc_lex.c: the text, a piece at a time */

oc_query_status_e oc_lex_begin(oc_parser_t *p, oc_parse_t *parse,
    const ngx_str_t *text);
ngx_int_t oc_lex_check(oc_parser_t *p);
ngx_int_t oc_lex_end(oc_parser_t *p, const char *expected);
ngx_uint_t oc_lex_space(oc_parser_t *p);
ngx_uint_t oc_lex_char(oc_parser_t *p, u_char ch);
ngx_uint_t oc_lex_comma(oc_parser_t *p);
ngx_int_t oc_lex_expect(oc_parser_t *p, u_char ch, const char *expected);
ngx_uint_t oc_lex_peek(oc_parser_t *p, const char *word);
ngx_uint_t oc_lex_keyword(oc_parser_t *p, const char *word);
size_t oc_lex_identifier(const u_char *p, const u_char *last);
ngx_uint_t oc_lex_name(oc_parser_t *p, ngx_str_t *name,
    ngx_uint_t qualified);
ngx_int_t oc_lex_number(oc_parser_t *p, ngx_uint_t *number);
void *oc_parse_fail(oc_parser_t *p, const u_char *at, const char *message);
void *oc_parse_unsupported(oc_parser_t *p, const u_char *at,
    const char *message);
void *oc_parse_no_memory(oc_parser_t *p);

/* oc_literal.c */

oc_expr_t *oc_literal_parse(oc_parser_t *p);
oc_expr_t *oc_literal_word(oc_parser_t *p, const u_char *at,
    const ngx_str_t *name);
oc_expr_t *oc_literal_json_string(oc_parser_t *p);
ngx_uint_t oc_literal_begins(oc_parser_t *p);

/* oc_geo.c */

ngx_uint_t oc_geo_valid(const u_char *p, size_t len, size_t *position);

/* oc_parse.c */

oc_expr_t *oc_node_create(oc_parser_t *p, oc_node_e node, const u_char *at);
ngx_int_t oc_node_append(oc_parser_t *p, oc_expr_t *parent, oc_expr_t *arg);
oc_expr_t *oc_parse_common(oc_parser_t *p);
oc_expr_t *oc_parse_json(oc_parser_t *p);
oc_expr_t *oc_parse_parenthesised(oc_parser_t *p);
ngx_int_t oc_parse_enter(oc_parser_t *p);
void oc_parse_leave(oc_parser_t *p);

/* oc_path.c */

oc_expr_t *oc_path_parse(oc_parser_t *p, const u_char *at, ngx_str_t *name);
oc_expr_t *oc_path_dollar(oc_parser_t *p);
oc_expr_t *oc_path_at(oc_parser_t *p);

/* oc_call.c */

oc_expr_t *oc_call_parse(oc_parser_t *p, const u_char *at, ngx_str_t *name,
    ngx_uint_t *canonical);

/* oc_nested.c; besides bits of options */

#define OC_NESTED_ALIAS  (1u << 31)

ngx_int_t oc_nested_read(oc_parser_t *p, ngx_uint_t allowed,
    const oc_type_t *type, oc_expand_item_t *item);
ngx_int_t oc_nested_count_options(oc_parser_t *p, oc_expr_t *count);

/* what an option has, as far as it goes */

ngx_int_t oc_orderby_read(oc_parser_t *p, oc_orderby_t *orderby);
ngx_int_t oc_orderby_check(oc_parser_t *p, oc_orderby_t *orderby);
ngx_int_t oc_search_read(oc_parser_t *p, oc_search_t **search);
ngx_int_t oc_select_read(oc_parser_t *p, oc_select_t *select);
ngx_int_t oc_expand_read(oc_parser_t *p, oc_expand_t *expand);

/* oc_check.c */

ngx_int_t oc_check(oc_parser_t *p, oc_expr_t *expr, ngx_uint_t boolean);
ngx_int_t oc_check_fail(oc_parser_t *p, const oc_expr_t *expr,
    oc_query_status_e status, const char *message);


#endif /* _OC_NODE_H_INCLUDED_ */
