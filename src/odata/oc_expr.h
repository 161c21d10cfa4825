
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_EXPR_H_INCLUDED_
#define _OC_EXPR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_query.h"
#include "oc_type.h"


/*
 * The language of the query options (OData 4.01 URL Conventions, 5.1): a text
 * is parsed into a tree once per request, and the tree is evaluated on the
 * JSON of each entity as it is stored.  Nothing here does input or output, and
 * a text of any kind takes bounded memory, stack and time.
 */

/* nodes of one tree, how deep it is, and bytes of one option's text */

#define OC_EXPR_MAX_NODES    2000
#define OC_EXPR_MAX_DEPTH    100
#define OC_EXPR_MAX_LEN      16384

#define OC_ORDERBY_MAX       16
#define OC_EXPAND_MAX        16


typedef struct oc_expr_s    oc_expr_t;
typedef struct oc_search_s  oc_search_t;
typedef struct oc_eval_s    oc_eval_t;


/*
 * Looks up a parameter alias (URL Conventions, 5.3); "name" is with its '@'.
 * NGX_OK and the decoded text of its value, or NGX_DECLINED: it is null then.
 * The text must live as long as the tree.
 */

typedef ngx_int_t (*oc_alias_pt)(void *data, const ngx_str_t *name,
    ngx_str_t *value);


/*
 * What a parse works with, and what it says of a text that it refuses.  Trees
 * are in "pool" and point into the text.
 */

typedef struct {
    ngx_pool_t        *pool;
    const oc_type_t   *type;       /* of $it; NULL: only the grammar counts */
    oc_alias_pt        alias;      /* may be NULL: no alias is defined */
    void              *alias_data;

    /* unless the status is OC_QUERY_OK or OC_QUERY_NO_MEMORY */

    ngx_str_t          message;    /* what was expected; a sentence */
    size_t             position;   /* in the decoded text, bytes from 0 */
    ngx_str_t          where;      /* the alias in whose value that is, or
                                      empty: in the text itself */
} oc_parse_t;


/*
 * All of these return OC_QUERY_OK, OC_QUERY_MALFORMED (400; also what is too
 * deep, too long, of the wrong type or names what does not exist),
 * OC_QUERY_UNSUPPORTED (501: fine by the standard) or OC_QUERY_NO_MEMORY.
 * "text" is the decoded value of the option.
 */


/* $filter: a Boolean common expression (5.1.2) */

oc_query_status_e oc_filter_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_expr_t **expr);


/* $orderby (5.1.5) */

typedef struct {
    oc_expr_t         *expr;
    unsigned           descending:1;
} oc_order_t;


typedef struct {
    oc_order_t        *items;
    ngx_uint_t         n;
} oc_orderby_t;


oc_query_status_e oc_orderby_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_orderby_t *orderby);


/* $search (5.1.7); "search" matches what is said at oc_search_match() */

oc_query_status_e oc_search_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_search_t **search);


/*
 * $select (5.1.4), nested paths and nested $select flattened to OC_SELECT_MAX
 * pairs of a property and its member with their casts, see oc_query.h
 */

oc_query_status_e oc_select_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_select_t *select);


/*
 * $expand (5.1.3).  Of the nested options "given" has the bits of oc_query.h;
 * what is not given is zero or empty.
 */

typedef enum {
    OC_EXPAND_ENTITIES = 0,
    OC_EXPAND_REF,              /* /$ref: only the references */
    OC_EXPAND_COUNT             /* /$count: only their number */
} oc_expand_e;


typedef struct oc_expand_item_s  oc_expand_item_t;


typedef struct {
    oc_expand_item_t  *items;
    ngx_uint_t         n;
} oc_expand_t;


struct oc_expand_item_s {
    ngx_uint_t         slot;       /* of the navigation property, in "type" */
    const oc_type_t   *type;       /* of the entity that has it */
    const oc_type_t   *cast;       /* entities of other types do not get it;
                                      NULL: all do */
    oc_expand_e        kind;
    ngx_uint_t         given;
    oc_expr_t         *filter;
    oc_orderby_t       orderby;
    oc_search_t       *search;
    oc_select_t        select;
    oc_expand_t        expand;
    ngx_uint_t         top;
    ngx_uint_t         skip;
    ngx_uint_t         count;      /* $count=true */
    ngx_uint_t         levels;     /* 0: $levels=max */
};


oc_query_status_e oc_expand_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_expand_t *expand);

/*
 * What the context URL says of $select and $expand (OData 4.01 Protocol, 10.9,
 * 10.10), for example (id,displayName,assignments()); empty without them.
 */

ngx_int_t oc_select_shape(const oc_select_t *select,
    const oc_expand_t *expand, ngx_str_t *shape, ngx_pool_t *pool);


/*
 * Bits, 1 << slot, of the properties of the entity that an evaluation looks
 * at: those that are kept apart are only needed if their bits are here.
 */

ngx_uint_t oc_expr_uses(const oc_expr_t *expr);
ngx_uint_t oc_orderby_uses(const oc_orderby_t *orderby);
ngx_uint_t oc_search_uses(const oc_search_t *search);


/* The slot, if the expression is nothing but a property of it; or -1. */

ngx_int_t oc_expr_slot(const oc_expr_t *expr);


/*
 * An entity (or a check-in) to evaluate on: the JSON object as rendered by the
 * module, without white space, and, by slot, the JSON of values that are not
 * in it or not to be taken from it, for example
 * extra[OC_CONFIGURATION_ASSIGNMENTS] = "[{…},{…}]".  An empty string there
 * means none.  Nothing is changed, and nothing needs to live longer than the
 * call.
 */

typedef struct {
    ngx_str_t          json;
    ngx_str_t          extra[OC_TYPE_MAX_PROPERTIES];
} oc_subject_t;


/* what an evaluation may end with; each is the fault of the expression */

typedef enum {
    OC_EVAL_OK = 0,
    OC_EVAL_FAILED,             /* 400: division by zero, overflow, … */
    OC_EVAL_LIMIT,              /* 400: it takes too many steps, too much
                                   memory, or a pattern does */
    OC_EVAL_NO_MEMORY           /* 500 */
} oc_eval_status_e;


/*
 * What evaluations share: memory that is used again for each entity, the time
 * that now() is, steps.  "now" is in milliseconds since 1970.  NULL if memory
 * is out.  Everything is freed with the pool.
 */

oc_eval_t *oc_eval_create(ngx_pool_t *pool, int64_t now);

/* a sentence for the client, unless the last status was OC_EVAL_OK */

ngx_str_t oc_eval_message(const oc_eval_t *eval);


/* "matches" gets 1 if the expression is true, 0 if it is false or null. */

oc_eval_status_e oc_filter_match(oc_eval_t *eval, const oc_expr_t *expr,
    const oc_subject_t *subject, ngx_uint_t *matches);


/*
 * The key of an entity in an order: bytes whose order, by oc_bytes_compare()
 * or memcmp(), is that of the entities, each item ascending or descending as
 * parsed.  Null is before everything else if ascending, behind if descending;
 * strings are in the order of their code points.  No key is the beginning of
 * another one of the same $orderby, so that the id may be appended as it is to
 * break ties, and the whole be put into a skip token.  "key" is in memory of
 * "eval" and gone with the next call.
 */

oc_eval_status_e oc_order_key(oc_eval_t *eval, const oc_orderby_t *orderby,
    const oc_subject_t *subject, ngx_str_t *key);


/*
 * Matches the text of an entity: displayName and description of a
 * configuration, all strings of a check-in but appliedPolicies, id and groupId
 * of an assignment.  A word matches where a word of one of them begins with
 * it, a phrase where its words are next to each other; case does not count.
 */

oc_eval_status_e oc_search_match(oc_eval_t *eval, const oc_search_t *search,
    const oc_subject_t *subject, ngx_uint_t *matches);


#endif /* _OC_EXPR_H_INCLUDED_ */
