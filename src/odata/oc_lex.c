
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <strings.h>

#include "oc_node.h"
#include "oc_text.h"


/* an identifier has so many characters at most (ABNF: odataIdentifier) */

#define OC_LEX_MAX_IDENTIFIER  128


static ngx_uint_t oc_lex_letter(u_char ch);


/*
 * Starts on a text.  It must be UTF-8 without control characters other than
 * tabs, and not too long.
 */

oc_query_status_e
oc_lex_begin(oc_parser_t *p, oc_parse_t *parse, const ngx_str_t *text)
{
    ngx_memzero(p, sizeof(oc_parser_t));

    p->parse = parse;
    p->start = text->data;
    p->pos = text->data;
    p->last = text->data + text->len;

    ngx_str_null(&parse->message);
    ngx_str_null(&parse->where);
    parse->position = 0;

    (void) oc_lex_check(p);

    return p->status;
}


/* The same for a text that is there already: the value of an alias. */

ngx_int_t
oc_lex_check(oc_parser_t *p)
{
    size_t  len, valid;

    len = p->last - p->start;

    if (len > OC_EXPR_MAX_LEN) {
        (void) oc_parse_fail(p, p->start + OC_EXPR_MAX_LEN,
                             "The value is too long.");
        return NGX_ERROR;
    }

    valid = oc_text_valid(p->start, len);

    if (valid != len) {
        (void) oc_parse_fail(p, p->start + valid, "UTF-8 without control "
                             "characters is expected.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* There may be white space, but nothing else, until the end. */

ngx_int_t
oc_lex_end(oc_parser_t *p, const char *expected)
{
    (void) oc_lex_space(p);

    if (p->pos != p->last) {
        (void) oc_parse_fail(p, p->pos, expected);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Passes over white space; true if there was some. */

ngx_uint_t
oc_lex_space(oc_parser_t *p)
{
    const u_char  *start;

    for (start = p->pos; p->pos < p->last; p->pos++) {
        if (*p->pos != ' ' && *p->pos != '\t') {
            break;
        }
    }

    return p->pos != start;
}


/* Passes over "ch" if it is next. */

ngx_uint_t
oc_lex_char(oc_parser_t *p, u_char ch)
{
    if (p->pos < p->last && *p->pos == ch) {
        p->pos++;
        return 1;
    }

    return 0;
}


/* Passes over a comma and the white space in front of it, or over nothing. */

ngx_uint_t
oc_lex_comma(oc_parser_t *p)
{
    const u_char  *at;

    at = p->pos;

    (void) oc_lex_space(p);

    if (oc_lex_char(p, ',')) {
        return 1;
    }

    p->pos = at;

    return 0;
}


ngx_int_t
oc_lex_expect(oc_parser_t *p, u_char ch, const char *expected)
{
    if (oc_lex_char(p, ch)) {
        return NGX_OK;
    }

    (void) oc_parse_fail(p, p->pos, expected);

    return NGX_ERROR;
}


/* True if "word" is next, in any case, and ends there. */

ngx_uint_t
oc_lex_peek(oc_parser_t *p, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    if ((size_t) (p->last - p->pos) < len
        || strncasecmp((const char *) p->pos, word, len) != 0)
    {
        return 0;
    }

    return p->pos + len == p->last
           || !(oc_lex_letter(p->pos[len])
                || (p->pos[len] >= '0' && p->pos[len] <= '9'));
}


/* Passes over "word" if it is next. */

ngx_uint_t
oc_lex_keyword(oc_parser_t *p, const char *word)
{
    if (oc_lex_peek(p, word)) {
        p->pos += ngx_strlen(word);
        return 1;
    }

    return 0;
}


/* What an identifier begins with; all that is not ASCII is taken for one. */

static ngx_uint_t
oc_lex_letter(u_char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_'
           || ch >= 0x80;
}


/* The length in bytes of the identifier at "p", 0 if there is none. */

size_t
oc_lex_identifier(const u_char *p, const u_char *last)
{
    size_t         characters;
    const u_char  *start;

    start = p;

    if (p == last || !oc_lex_letter(*p)) {
        return 0;
    }

    for (characters = 0; p < last; p++) {

        if (!oc_lex_letter(*p) && (*p < '0' || *p > '9')) {
            break;
        }

        characters += ((*p & 0xc0) != 0x80);
    }

    return (characters > OC_LEX_MAX_IDENTIFIER) ? 0 : p - start;
}


/*
 * Reads an identifier, or with "qualified" several of them joined by points;
 * false if there is none.
 */

ngx_uint_t
oc_lex_name(oc_parser_t *p, ngx_str_t *name, ngx_uint_t qualified)
{
    size_t         n;
    const u_char  *pos;

    pos = p->pos;

    for ( ;; ) {
        n = oc_lex_identifier(pos, p->last);

        if (n == 0) {
            return 0;
        }

        pos += n;

        if (!qualified || p->last - pos < 2 || *pos != '.'
            || !oc_lex_letter(pos[1]))
        {
            break;
        }

        pos++;
    }

    name->data = (u_char *) p->pos;
    name->len = pos - p->pos;
    p->pos = pos;

    return 1;
}


/* Reads digits; a number that is too large is as good as the largest. */

ngx_int_t
oc_lex_number(oc_parser_t *p, ngx_uint_t *number)
{
    ngx_uint_t     n;
    const u_char  *start;

    n = 0;

    for (start = p->pos; p->pos < p->last; p->pos++) {

        if (*p->pos < '0' || *p->pos > '9') {
            break;
        }

        n = ngx_min(n * 10 + (*p->pos - '0'), NGX_MAX_INT32_VALUE);
    }

    if (p->pos == start) {
        (void) oc_parse_fail(p, p->pos, "A non-negative integer is "
                             "expected.");
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


/* The first failure counts.  All of these return NULL. */

void *
oc_parse_fail(oc_parser_t *p, const u_char *at, const char *message)
{
    if (p->status == OC_QUERY_OK) {
        p->status = OC_QUERY_MALFORMED;
        p->parse->message.data = (u_char *) message;
        p->parse->message.len = ngx_strlen(message);
        p->parse->position = at - p->start;

        if (p->alias) {
            p->parse->where = *p->alias;
        }
    }

    return NULL;
}


void *
oc_parse_unsupported(oc_parser_t *p, const u_char *at, const char *message)
{
    if (p->status == OC_QUERY_OK) {
        (void) oc_parse_fail(p, at, message);
        p->status = OC_QUERY_UNSUPPORTED;
    }

    return NULL;
}


void *
oc_parse_no_memory(oc_parser_t *p)
{
    p->status = OC_QUERY_NO_MEMORY;

    return NULL;
}
