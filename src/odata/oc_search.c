
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_eval.h"
#include "oc_span.h"
#include "oc_text.h"


/* strings of an entity that are searched */

#define OC_SEARCH_TEXTS  32


typedef enum {
    OC_SEARCH_WORD = 0,
    OC_SEARCH_PHRASE,
    OC_SEARCH_AND,
    OC_SEARCH_OR,
    OC_SEARCH_NOT
} oc_search_e;


struct oc_search_s {
    oc_search_e       op;
    oc_search_t      *args;
    oc_search_t      *last;
    oc_search_t      *next;

    /* words in lower case; one ends with a zero */

    uint32_t         *words;
    ngx_uint_t        nwords;

    /* at the root */

    const oc_type_t  *entity;
    ngx_uint_t        uses;
};


typedef struct {
    ngx_str_t         texts[OC_SEARCH_TEXTS];
    ngx_uint_t        n;
} oc_search_texts_t;


static oc_search_t *oc_search_either(oc_parser_t *p);
static oc_search_t *oc_search_both(oc_parser_t *p);
static oc_search_t *oc_search_operand(oc_parser_t *p);
static oc_search_t *oc_search_quoted(oc_parser_t *p);
static oc_search_t *oc_search_term(oc_parser_t *p, oc_search_e op,
    const u_char *start, const u_char *end);
static ngx_uint_t oc_search_operator(oc_parser_t *p, const char *word);
static ngx_uint_t oc_search_starts(const u_char *p, const u_char *last);
static size_t oc_search_word(const u_char *p, const u_char *last);
static oc_search_t *oc_search_create(oc_parser_t *p, oc_search_e op);
static void oc_search_append(oc_search_t *search, oc_search_t *arg);
static ngx_uint_t oc_search_slots(const oc_type_t *type);
static oc_eval_status_e oc_search_collect(oc_eval_t *eval,
    oc_search_texts_t *texts);
static oc_eval_status_e oc_search_add(oc_eval_t *eval,
    oc_search_texts_t *texts, const ngx_str_t *json);
static oc_eval_status_e oc_search_eval(oc_eval_t *eval,
    const oc_search_t *search, const oc_search_texts_t *texts,
    ngx_uint_t *matches);
static ngx_uint_t oc_search_in(const oc_search_t *term,
    const ngx_str_t *text);
static ngx_uint_t oc_search_at(const oc_search_t *term, const u_char *p,
    const u_char *last);


oc_query_status_e
oc_search_parse(oc_parse_t *parse, const ngx_str_t *text,
    oc_search_t **search)
{
    oc_parser_t  p;

    if (oc_lex_begin(&p, parse, text) != OC_QUERY_OK) {
        return p.status;
    }

    if (oc_search_read(&p, search) == NGX_OK) {
        (void) oc_lex_end(&p, "A word, a phrase, AND, OR, NOT or the end is "
                          "expected.");
    }

    return p.status;
}


/* An expression, as far as it goes; NOT binds closest, then AND (5.1.7). */

ngx_int_t
oc_search_read(oc_parser_t *p, oc_search_t **search)
{
    (void) oc_lex_space(p);

    *search = oc_search_either(p);

    if (*search == NULL) {
        return NGX_ERROR;
    }

    (*search)->entity = p->parse->type;
    (*search)->uses = p->parse->type ? oc_search_slots(p->parse->type) : 0;

    return NGX_OK;
}


static oc_search_t *
oc_search_either(oc_parser_t *p)
{
    oc_search_t  *search, *either;

    if (oc_parse_enter(p) != NGX_OK) {
        return NULL;
    }

    search = oc_search_both(p);
    either = NULL;

    while (search && oc_search_operator(p, "OR")) {

        if (either == NULL) {
            either = oc_search_create(p, OC_SEARCH_OR);
            if (either == NULL) {
                return NULL;
            }

            oc_search_append(either, search);
        }

        search = oc_search_both(p);

        if (search) {
            oc_search_append(either, search);
        }
    }

    oc_parse_leave(p);

    return (search && either) ? either : search;
}


/* AND may be left out. */

static oc_search_t *
oc_search_both(oc_parser_t *p)
{
    oc_search_t   *search, *both;
    const u_char  *start;

    search = oc_search_operand(p);
    both = NULL;

    while (search) {

        if (!oc_search_operator(p, "AND")) {
            start = p->pos;

            if (oc_search_operator(p, "OR")) {
                p->pos = start;
                break;
            }

            if (!oc_lex_space(p) || !oc_search_starts(p->pos, p->last)) {
                p->pos = start;
                break;
            }
        }

        if (both == NULL) {
            both = oc_search_create(p, OC_SEARCH_AND);
            if (both == NULL) {
                return NULL;
            }

            oc_search_append(both, search);
        }

        search = oc_search_operand(p);

        if (search) {
            oc_search_append(both, search);
        }
    }

    return (search && both) ? both : search;
}


static oc_search_t *
oc_search_operand(oc_parser_t *p)
{
    size_t         n;
    oc_search_t   *search, *arg;
    const u_char  *start, *end;

    start = p->pos;

    if (oc_lex_char(p, '(')) {
        (void) oc_lex_space(p);

        search = oc_search_either(p);
        if (search == NULL) {
            return NULL;
        }

        (void) oc_lex_space(p);

        return (oc_lex_expect(p, ')', "A word, a phrase, AND, OR, NOT or a "
                              "closing parenthesis is expected.")
                == NGX_OK) ? search : NULL;
    }

    if (oc_lex_char(p, '"')) {
        end = memchr(p->pos, '"', p->last - p->pos);

        if (end == NULL || end == p->pos) {
            return oc_parse_fail(p, end ? end : p->last,
                                 "A phrase and a closing quote are "
                                 "expected.");
        }

        start = p->pos;
        p->pos = end + 1;

        return oc_search_term(p, OC_SEARCH_PHRASE, start, end);
    }

    if (p->pos < p->last && *p->pos == '\'') {
        return oc_search_quoted(p);
    }

    n = oc_search_word(p->pos, p->last);

    if (n == 0) {
        return oc_parse_fail(p, p->pos, "A word, a phrase, NOT or an opening "
                             "parenthesis is expected.");
    }

    p->pos += n;

    /* an operator if something follows that it can be applied to */

    if (n == 3 && ngx_strncmp(start, "NOT", 3) == 0) {
        end = p->pos;

        if (oc_lex_space(p) && oc_search_starts(p->pos, p->last)) {
            search = oc_search_create(p, OC_SEARCH_NOT);

            if (search == NULL || oc_parse_enter(p) != NGX_OK) {
                return NULL;
            }

            arg = oc_search_operand(p);
            if (arg == NULL) {
                return NULL;
            }

            oc_parse_leave(p);
            oc_search_append(search, arg);

            return search;
        }

        p->pos = end;
    }

    return oc_search_term(p, OC_SEARCH_WORD, start, p->pos);
}


/* A search that is not complete, in single quotes: valid, but not supported */

static oc_search_t *
oc_search_quoted(oc_parser_t *p)
{
    const u_char  *pos;

    if (p->parse->type) {
        return oc_parse_unsupported(p, p->pos, "Incomplete searches in "
                                    "quotes are not supported.");
    }

    for (pos = p->pos + 1; pos < p->last; pos++) {

        if (*pos != '\'') {
            continue;
        }

        if (pos + 1 == p->last || pos[1] != '\'') {
            p->pos = pos + 1;
            return oc_search_create(p, OC_SEARCH_PHRASE);
        }

        pos++;
    }

    return oc_parse_fail(p, p->last, "A closing quote is expected.");
}


/* Passes over AND or OR with white space, if it is between two operands. */

static ngx_uint_t
oc_search_operator(oc_parser_t *p, const char *word)
{
    size_t         n, len;
    const u_char  *start;

    start = p->pos;
    len = ngx_strlen(word);

    if (oc_lex_space(p)) {
        n = oc_search_word(p->pos, p->last);

        if (n == len && ngx_strncmp(p->pos, word, len) == 0) {
            p->pos += len;

            if (oc_lex_space(p) && oc_search_starts(p->pos, p->last)) {
                return 1;
            }
        }
    }

    p->pos = start;

    return 0;
}


/* True if an operand may begin here. */

static ngx_uint_t
oc_search_starts(const u_char *p, const u_char *last)
{
    return p < last && (*p == '(' || *p == '"' || oc_search_word(p, last));
}


/* The length of a word: no white space, parentheses, quotes or semicolons */

static size_t
oc_search_word(const u_char *p, const u_char *last)
{
    const u_char  *start;

    if (p < last && *p == '\'') {
        return 0;
    }

    for (start = p; p < last; p++) {
        if (*p <= ' ' || ngx_strchr("()\";", *p)) {
            break;
        }
    }

    return p - start;
}


static oc_search_t *
oc_search_create(oc_parser_t *p, oc_search_e op)
{
    oc_search_t  *search;

    if (++p->nodes > OC_EXPR_MAX_NODES) {
        return oc_parse_fail(p, p->pos, "There are too many operands.");
    }

    search = ngx_pcalloc(p->parse->pool, sizeof(oc_search_t));
    if (search == NULL) {
        return oc_parse_no_memory(p);
    }

    search->op = op;

    return search;
}


static void
oc_search_append(oc_search_t *search, oc_search_t *arg)
{
    if (search->last) {
        search->last->next = arg;

    } else {
        search->args = arg;
    }

    search->last = arg;
}


/* A word or a phrase: the words in it, as they are compared */

static oc_search_t *
oc_search_term(oc_parser_t *p, oc_search_e op, const u_char *start,
    const u_char *end)
{
    uint32_t      *dst, code;
    ngx_uint_t     inside;
    oc_search_t   *search;
    const u_char  *pos;

    search = oc_search_create(p, op);
    if (search == NULL) {
        return NULL;
    }

    dst = ngx_palloc(p->parse->pool, (end - start + 1) * sizeof(uint32_t));
    if (dst == NULL) {
        return oc_parse_no_memory(p);
    }

    search->words = dst;
    inside = 0;

    for (pos = start; pos < end; /* void */ ) {
        code = oc_text_next(&pos, end);

        if (oc_text_in_word(code)) {
            *dst++ = oc_text_fold(code);
            inside = 1;

        } else if (inside) {
            *dst++ = 0;
            search->nwords++;
            inside = 0;
        }
    }

    if (inside) {
        *dst = 0;
        search->nwords++;
    }

    return search;
}


/* The properties whose text is searched */

static ngx_uint_t
oc_search_slots(const oc_type_t *type)
{
    ngx_uint_t            i, slots;
    const oc_property_t  *property;

    if (type == &oc_type_configuration) {
        return 1u << OC_CONFIGURATION_DISPLAY_NAME
               | 1u << OC_CONFIGURATION_DESCRIPTION;
    }

    for (i = 0, slots = 0; i < type->nproperties; i++) {
        property = &type->properties[i];

        if (!(property->flags & OC_PROPERTY_COLLECTION)
            && (property->edm == OC_EDM_STRING
                || property->edm == OC_EDM_COMPLEX))
        {
            slots |= 1u << i;
        }
    }

    return slots;
}


ngx_uint_t
oc_search_uses(const oc_search_t *search)
{
    return search->uses;
}


oc_eval_status_e
oc_search_match(oc_eval_t *eval, const oc_search_t *search,
    const oc_subject_t *subject, ngx_uint_t *matches)
{
    oc_eval_status_e   status;
    oc_search_texts_t  texts;

    *matches = 0;

    oc_eval_begin(eval, subject, search->entity, search->uses);

    status = oc_search_collect(eval, &texts);

    if (status == OC_EVAL_OK) {
        status = oc_search_eval(eval, search, &texts, matches);
    }

    oc_eval_end(eval);

    return status;
}


/* The strings among the properties, and inside of those that are complex */

static oc_eval_status_e
oc_search_collect(oc_eval_t *eval, oc_search_texts_t *texts)
{
    u_char            *p, *last;
    ngx_str_t          json, name, value;
    ngx_uint_t         i;
    oc_eval_status_e   status;

    texts->n = 0;

    for (i = 0; i < eval->type->nproperties; i++) {

        if (!(eval->wanted & (1u << i))) {
            continue;
        }

        status = oc_eval_slot(eval, i, &json);

        if (status == OC_EVAL_OK) {
            status = oc_search_add(eval, texts, &json);
        }

        if (status != OC_EVAL_OK) {
            return status;
        }

        if (json.len < 2 || json.data[0] != '{') {
            continue;
        }

        last = json.data + json.len - 1;

        for (p = json.data + 1; p && p < last; /* void */ ) {

            p = oc_span_next(p, last, &name, &value);

            if (p == NULL || (name.len && name.data[0] == '@')) {
                continue;
            }

            status = oc_search_add(eval, texts, &value);

            if (status != OC_EVAL_OK) {
                return status;
            }
        }
    }

    return OC_EVAL_OK;
}


static oc_eval_status_e
oc_search_add(oc_eval_t *eval, oc_search_texts_t *texts,
    const ngx_str_t *json)
{
    oc_value_t        value;
    oc_eval_status_e  status;

    status = oc_eval_json(eval, OC_KIND_STRING, json, &value);

    if (status == OC_EVAL_OK && value.kind == OC_KIND_STRING
        && texts->n < OC_SEARCH_TEXTS)
    {
        texts->texts[texts->n++] = value.u.text;
    }

    return status;
}


static oc_eval_status_e
oc_search_eval(oc_eval_t *eval, const oc_search_t *search,
    const oc_search_texts_t *texts, ngx_uint_t *matches)
{
    ngx_uint_t          i, decides;
    const oc_search_t  *arg;
    oc_eval_status_e    status;

    switch (search->op) {

    case OC_SEARCH_NOT:
        status = oc_search_eval(eval, search->args, texts, matches);
        *matches = !*matches;
        return status;

    case OC_SEARCH_AND:
    case OC_SEARCH_OR:
        decides = (search->op == OC_SEARCH_OR);

        for (arg = search->args; arg; arg = arg->next) {
            status = oc_search_eval(eval, arg, texts, matches);

            if (status != OC_EVAL_OK || *matches == decides) {
                return status;
            }
        }

        return OC_EVAL_OK;

    default:
        break;
    }

    *matches = 0;

    for (i = 0; i < texts->n && !*matches; i++) {

        /* a character takes about as long as a node */

        status = oc_eval_charge(eval, texts->texts[i].len * 16);

        if (status != OC_EVAL_OK) {
            return status;
        }

        *matches = oc_search_in(search, &texts->texts[i]);
    }

    return OC_EVAL_OK;
}


/* Tries all words of a text as the first one of a term. */

static ngx_uint_t
oc_search_in(const oc_search_t *term, const ngx_str_t *text)
{
    ngx_uint_t     inside, within;
    const u_char  *p, *last, *at;

    if (term->nwords == 0) {
        return 0;
    }

    last = text->data + text->len;
    inside = 0;

    for (p = text->data; p < last; /* void */ ) {
        at = p;
        within = oc_text_in_word(oc_text_next(&p, last));

        if (within && !inside && oc_search_at(term, at, last)) {
            return 1;
        }

        inside = within;
    }

    return 0;
}


static ngx_uint_t
oc_search_at(const oc_search_t *term, const u_char *p, const u_char *last)
{
    uint32_t        code;
    uint32_t       *word;
    ngx_uint_t      n;
    const u_char   *next;

    word = term->words;

    for (n = term->nwords; n; n--) {

        for ( /* void */ ; *word; word++) {

            if (p == last || oc_text_fold(oc_text_next(&p, last)) != *word) {
                return 0;
            }
        }

        word++;

        if (n == 1 && term->op == OC_SEARCH_WORD) {
            return 1;
        }

        /* this word ends here, too, and the next one begins behind it */

        next = p;

        if (p < last && oc_text_in_word(oc_text_next(&next, last))) {
            return 0;
        }

        while (n > 1 && p < last) {
            next = p;
            code = oc_text_next(&next, last);

            if (oc_text_in_word(code)) {
                break;
            }

            p = next;
        }
    }

    return 1;
}
