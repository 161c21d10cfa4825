
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_json_condense.h"
#include "oc_json_name.h"
#include "oc_word.h"


/*
 * jansson reads a document byte by byte, at about ten nanoseconds each: most
 * of the cost of a create, and a millisecond for a payload of 100 KB.  So
 * long string values are taken out first, with white space that means
 * nothing, and are put back into the tree afterwards; names that are known
 * are abbreviated, and stay so in the tree, which is read through oc_json.h.
 *
 * Where a caller expects members of the outermost object, those of them whose
 * value is such a string or a literal are taken out whole, each with one
 * comma.  What is left is valid if and only if the document is: it begins with
 * the same bytes up to the first that is taken out, and if these are not the
 * beginning of a document, there is an error in both.
 *
 * What decides whether a document is valid stays jansson's, duplicates
 * included: only the contents of strings that consist of printable ASCII
 * without escapes are kept from it, equal names get equal marks, and numbers
 * that no property can hold, in range for jansson or not, become one that no
 * property can hold.
 */


/* a shorter string is not worth it; a mark with its number always fits */

#define OC_JSON_MIN_NAME     3
#define OC_JSON_MIN_STRING   5
#define OC_JSON_MAX_STRINGS  (1 << 20)

/* characters of an integer that fits 64 bits whatever its digits */

#define OC_JSON_MAX_INTEGER  18
#define OC_JSON_MAX_MARK     5

/* more than is written at once, but for a string */

#define OC_JSON_ROOM         32

/* a mark's digits are the 32 characters from '#' on, which JSON lets stand */

#define OC_JSON_MARK_ZERO    '#'
#define OC_JSON_MARK_BITS    5


static const u_char *oc_json_plain(const u_char *p, const u_char *last);
static const u_char *oc_json_string_end(const u_char *p, const u_char *last);
static ngx_uint_t oc_json_escaped_mark(const u_char *p, size_t len);
static const u_char *oc_json_skip_space(const u_char *p, const u_char *last);
static ngx_int_t oc_json_take(oc_json_condensed_t *condensed,
    oc_arena_t *arena, ngx_uint_t *size, const u_char *p, size_t len);
static u_char *oc_json_mark(u_char *dst, ngx_uint_t n);
static const u_char *oc_json_number(const u_char *p, const u_char *last);
static ngx_uint_t oc_json_number_valid(const u_char *p, const u_char *last);
static const u_char *oc_json_digits(const u_char *p, const u_char *last);
static ngx_uint_t oc_json_structural(u_char ch);
static const u_char *oc_json_cut(oc_json_cut_t *cut, const u_char *p,
    const u_char *last, u_char **dst);
static ngx_int_t oc_json_cut_name(oc_json_cut_t *cut, const u_char *p,
    const u_char *last);
static const u_char *oc_json_cut_value(oc_json_cut_member_t *member,
    const u_char *p, const u_char *last);


/*
 * Makes a shorter document that is valid JSON if and only if "data" is; with
 * "strings" zero, one as long in which only numbers are other ones.
 *
 * With condensed->cut, which is given the names, and "strings", members are
 * taken out of the outermost object; what is left is in there.  NGX_OK;
 * NGX_DECLINED if "data" is better read as it is, or without that.
 */

ngx_int_t
oc_json_condense(oc_json_condensed_t *condensed, oc_arena_t *arena,
    const u_char *data, size_t len, ngx_uint_t strings)
{
    u_char         *dst, *full;
    ngx_int_t       n;
    ngx_uint_t      size, plain, depth;
    const u_char   *p, *last, *end, *next;
    oc_json_cut_t  *cut;

    cut = condensed->cut;

    condensed->strings = NULL;
    condensed->nstrings = 0;

    if (cut) {
        cut->next = 0;
        cut->seen = 0;
        cut->nmembers = 0;

        dst = cut->rest;
        full = dst + OC_JSON_MAX_REST - OC_JSON_ROOM;

    } else {
        dst = oc_arena_alloc(arena, len + OC_JSON_ROOM);
        if (dst == NULL) {
            return NGX_DECLINED;
        }

        full = dst + len;
    }

    condensed->text.data = dst;

    size = 0;
    depth = 0;
    p = data;
    last = data + len;

    while (p < last) {

        if (dst > full) {
            return NGX_DECLINED;
        }

        if (*p != '"') {

            if (*p > '9' || *p == ',') {

                if (*p == '{' || *p == '[') {
                    depth++;

                } else if (*p == '}' || *p == ']') {
                    depth--;
                }

                *dst++ = *p++;
                continue;
            }

            if (*p == '-' || *p >= '0') {
                end = oc_json_number(p, last);

                if (end - p <= OC_JSON_MAX_INTEGER
                    && !memchr(p, 'e', end - p) && !memchr(p, 'E', end - p))
                {
                    dst = ngx_cpymem(dst, p, end - p);

                } else if (oc_json_number_valid(p, end)) {
                    dst = ngx_cpymem(dst, "0.5", 3);

                    if (!strings) {
                        ngx_memset(dst, ' ', end - p - 3);
                        dst += end - p - 3;
                    }

                } else {
                    return NGX_DECLINED;
                }

                p = end;
                continue;
            }

            if (*p > ' ') {
                *dst++ = *p++;
                continue;
            }

            next = oc_json_skip_space(p, last);

            if (next == p) {
                return NGX_DECLINED;
            }

            if (!strings) {
                dst = ngx_cpymem(dst, p, next - p);
                p = next;
                continue;
            }

            /* between two other tokens white space is what parts them */

            if (next < last && !oc_json_structural(*next)
                && dst > condensed->text.data
                && !oc_json_structural(dst[-1]))
            {
                *dst++ = ' ';
            }

            p = next;
            continue;
        }

        if (cut && depth == 1 && condensed->text.data[0] == '{'
            && (dst[-1] == '{' || dst[-1] == ','))
        {
            p = oc_json_cut(cut, p, last, &dst);

            if (p == NULL) {
                return NGX_DECLINED;
            }

            if (*p != '"') {
                continue;
            }
        }

        p++;

        end = oc_json_plain(p, last);
        plain = (end < last && *end == '"');

        if (!plain) {
            end = oc_json_string_end(end, last);
            if (end == NULL) {
                return NGX_DECLINED;
            }
        }

        len = end - p;
        next = oc_json_skip_space(end + 1, last);

        if (!strings) {
            dst = ngx_cpymem(dst, p - 1, len + 2);
            p = end + 1;
            continue;
        }

        if (next < last && *next == ':') {

            /* an escape could make a name equal to one that has a mark */

            if (!plain && memchr(p, '\\', len)) {
                return NGX_DECLINED;
            }

            n = plain ? oc_json_name_find(p, len) : -1;

            if (n >= 0 && len >= OC_JSON_MIN_NAME) {
                dst = oc_json_mark(dst, n);
                p = end + 1;
                continue;
            }

        } else if (plain && len >= OC_JSON_MIN_STRING) {

            if (oc_json_take(condensed, arena, &size, p, len) != NGX_OK) {
                return NGX_DECLINED;
            }

            dst = oc_json_mark(dst, condensed->nstrings - 1);
            p = end + 1;
            continue;
        }

        /* what could be taken for a mark, once jansson has decoded it */

        if (len && (*p == OC_JSON_MARK || oc_json_escaped_mark(p, len))) {
            return NGX_DECLINED;
        }

        if (len > (size_t) (full - dst)) {
            return NGX_DECLINED;
        }

        dst = ngx_cpymem(dst, p - 1, len + 2);
        p = end + 1;
    }

    condensed->text.len = dst - condensed->text.data;

    return NGX_OK;
}


/*
 * Takes members out of the outermost object, from "p" on, where the quote of a
 * name is; if the last one is among them, takes the comma in front of it back
 * from *dst.  Returns where to go on, at a quote or a brace; NULL if a name is
 * there twice.
 */

static const u_char *
oc_json_cut(oc_json_cut_t *cut, const u_char *p, const u_char *last,
    u_char **dst)
{
    ngx_int_t              slot;
    const u_char          *next;
    oc_json_cut_member_t  *member;

    for ( ;; ) {
        slot = oc_json_cut_name(cut, p + 1, last);

        if (slot < 0) {
            return p;
        }

        if (cut->seen & ((ngx_uint_t) 1 << slot)) {
            return NULL;
        }

        cut->seen |= (ngx_uint_t) 1 << slot;
        cut->next = slot + 1;

        next = oc_json_skip_space(p + cut->names[slot].len + 2, last);

        if (next == last || *next != ':') {
            return p;
        }

        /* no more than there are names, as each is there once */

        member = &cut->members[cut->nmembers];
        member->slot = slot;

        next = oc_json_cut_value(member, oc_json_skip_space(next + 1, last),
                                 last);
        if (next == NULL) {
            return p;
        }

        next = oc_json_skip_space(next, last);

        if (next < last && *next == '}') {

            if ((*dst)[-1] == ',') {

                /* with nothing in front of it, that is an error */

                if ((*dst)[-2] == '{') {
                    return p;
                }

                (*dst)--;
            }

            cut->nmembers++;

            return next;
        }

        if (next == last || *next != ',') {
            return p;
        }

        next = oc_json_skip_space(next + 1, last);

        if (next == last || *next != '"') {
            return p;
        }

        cut->nmembers++;

        p = next;
    }
}


/* The slot of the name that a quote is in front of; -1 if it has none. */

static ngx_int_t
oc_json_cut_name(oc_json_cut_t *cut, const u_char *p, const u_char *last)
{
    ngx_uint_t        i, slot;
    const ngx_str_t  *name;

    slot = cut->next;

    for (i = 0; i < cut->nnames; i++, slot++) {

        if (slot >= cut->nnames) {
            slot = 0;
        }

        name = &cut->names[slot];

        if ((size_t) (last - p) > name->len
            && p[name->len] == '"'
            && ngx_memcmp(p, name->data, name->len) == 0)
        {
            return slot;
        }
    }

    return -1;
}


/* What is behind the value at "p"; NULL if it is none that is taken out. */

static const u_char *
oc_json_cut_value(oc_json_cut_member_t *member, const u_char *p,
    const u_char *last)
{
    const u_char  *end;

    if (p == last) {
        return NULL;
    }

    member->type = *p;

    switch (*p) {

    case '"':
        p++;

        end = oc_json_plain(p, last);

        if (end == last || *end != '"') {
            return NULL;
        }

        member->string.data = (u_char *) p;
        member->string.len = end - p;

        return end + 1;

    case 't':
        return (last - p > 4 && ngx_memcmp(p, "true", 4) == 0) ? p + 4 : NULL;

    case 'n':
        return (last - p > 4 && ngx_memcmp(p, "null", 4) == 0) ? p + 4 : NULL;

    case 'f':
        return (last - p > 5 && ngx_memcmp(p, "false", 5) == 0) ? p + 5 : NULL;

    default:
        return NULL;
    }
}


/* The first byte that is not a plain character of a string. */

static const u_char *
oc_json_plain(const u_char *p, const u_char *last)
{
    uint64_t  word, marks;

    while (last - p >= 8) {
        ngx_memcpy(&word, p, 8);

        marks = oc_word_json_special(word) | oc_word_above_ascii(word);

        if (marks) {
            p += oc_word_skip(marks);
            break;
        }

        p += 8;
    }

    while (p < last && *p >= 0x20 && *p != '"' && *p != '\\' && *p < 0x80) {
        p++;
    }

    return p;
}


/* Whether a string begins with an escape that stands for the mark. */

static ngx_uint_t
oc_json_escaped_mark(const u_char *p, size_t len)
{
    return len >= 6 && ngx_memcmp(p, "\\u007", 5) == 0
           && (p[5] | 0x20) == 'f';
}


/* The quote that ends a string, from a place within it; NULL without one. */

static const u_char *
oc_json_string_end(const u_char *p, const u_char *last)
{
    while (p < last) {

        if (*p == '"') {
            return p;
        }

        if (*p++ == '\\') {
            p++;
        }
    }

    return NULL;
}


static const u_char *
oc_json_skip_space(const u_char *p, const u_char *last)
{
    while (p < last && *p <= ' '
           && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
    {
        p++;
    }

    return p;
}


/* The end of what can belong to a number. */

static const u_char *
oc_json_number(const u_char *p, const u_char *last)
{
    while (p < last
           && ((*p >= '0' && *p <= '9') || *p == '-' || *p == '+'
               || *p == '.' || (*p | 0x20) == 'e'))
    {
        p++;
    }

    return p;
}


/* Whether all of it is one number (RFC 8259, 6). */

static ngx_uint_t
oc_json_number_valid(const u_char *p, const u_char *last)
{
    const u_char  *end;

    if (p < last && *p == '-') {
        p++;
    }

    end = oc_json_digits(p, last);

    if (end == p || (*p == '0' && end - p > 1)) {
        return 0;
    }

    p = end;

    if (p < last && *p == '.') {
        end = oc_json_digits(++p, last);

        if (end == p) {
            return 0;
        }

        p = end;
    }

    if (p < last && (*p | 0x20) == 'e') {
        p++;

        if (p < last && (*p == '+' || *p == '-')) {
            p++;
        }

        end = oc_json_digits(p, last);

        if (end == p) {
            return 0;
        }

        p = end;
    }

    return p == last;
}


static const u_char *
oc_json_digits(const u_char *p, const u_char *last)
{
    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return p;
}


static ngx_uint_t
oc_json_structural(u_char ch)
{
    return ch == ',' || ch == ':' || ch == '{' || ch == '}' || ch == '['
           || ch == ']';
}


static ngx_int_t
oc_json_take(oc_json_condensed_t *condensed, oc_arena_t *arena,
    ngx_uint_t *size, const u_char *p, size_t len)
{
    ngx_str_t  *strings;

    if (condensed->nstrings == OC_JSON_MAX_STRINGS) {
        return NGX_DECLINED;
    }

    if (condensed->nstrings == *size) {
        *size = *size ? *size * 2 : 32;

        strings = oc_arena_alloc(arena, *size * sizeof(ngx_str_t));
        if (strings == NULL) {
            return NGX_DECLINED;
        }

        if (condensed->nstrings) {
            ngx_memcpy(strings, condensed->strings,
                       condensed->nstrings * sizeof(ngx_str_t));
        }

        condensed->strings = strings;
    }

    strings = &condensed->strings[condensed->nstrings++];
    strings->data = (u_char *) p;
    strings->len = len;

    return NGX_OK;
}


/* Writes a string that stands for number n: the mark, then digits. */

static u_char *
oc_json_mark(u_char *dst, ngx_uint_t n)
{
    *dst++ = '"';
    *dst++ = OC_JSON_MARK;

    do {
        *dst++ = (u_char) (OC_JSON_MARK_ZERO
                           + (n & ((1 << OC_JSON_MARK_BITS) - 1)));
        n >>= OC_JSON_MARK_BITS;
    } while (n);

    *dst++ = '"';

    return dst;
}


/* The number that a string stands for, or -1 if it is no mark. */

ngx_int_t
oc_json_marked(const char *value, size_t len)
{
    ngx_int_t  n;

    if (len < 2 || len > OC_JSON_MAX_MARK || value[0] != OC_JSON_MARK) {
        return -1;
    }

    /* the lowest digit is the first */

    for (n = 0; len > 1; len--) {

        if (value[len - 1] < OC_JSON_MARK_ZERO
            || value[len - 1] >= OC_JSON_MARK_ZERO + (1 << OC_JSON_MARK_BITS))
        {
            return -1;
        }

        n = (n << OC_JSON_MARK_BITS) + (value[len - 1] - OC_JSON_MARK_ZERO);
    }

    return n;
}
