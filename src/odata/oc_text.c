
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <locale.h>
#include <wctype.h>

#include "oc_text.h"


static u_char *oc_text_put(u_char *dst, uint32_t code);
static locale_t oc_text_locale(void);


/*
 * The tables of the C library know all of Unicode in a locale of UTF-8.  It is
 * an object of its own: that of the process stays what it is.  Without it only
 * ASCII has cases.
 */

static locale_t
oc_text_locale(void)
{
    static locale_t    locale;
    static ngx_uint_t  tried;

    if (!tried) {
        tried = 1;
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
    }

    return locale;
}


/*
 * How many bytes from the beginning are UTF-8 without control characters other
 * than tabs and the ends of lines.
 */

size_t
oc_text_valid(const u_char *p, size_t len)
{
    uint32_t       code;
    const u_char  *start, *last, *at;

    start = p;
    last = p + len;

    while (p < last) {

        if (*p >= 0x20 && *p < 0x7f) {
            p++;
            continue;
        }

        at = p;
        code = oc_text_next(&p, last);

        if (code == 0xffffffff
            || (code < 0x20 && code != '\t' && code != '\n' && code != '\r')
            || (code >= 0x7f && code < 0xa0))
        {
            return at - start;
        }
    }

    return len;
}


/*
 * The code point at "*p", which is moved behind it; 0xffffffff for a byte that
 * belongs to none.
 */

uint32_t
oc_text_next(const u_char **p, const u_char *last)
{
    u_char         ch;
    uint32_t       code, min;
    ngx_uint_t     n;
    const u_char  *next;

    next = *p;
    ch = *next++;
    *p = next;

    if (ch < 0x80) {
        return ch;
    }

    if (ch >= 0xc2 && ch < 0xe0) {
        n = 1;
        min = 0x80;
        code = ch & 0x1f;

    } else if (ch >= 0xe0 && ch < 0xf0) {
        n = 2;
        min = 0x800;
        code = ch & 0x0f;

    } else if (ch >= 0xf0 && ch < 0xf5) {
        n = 3;
        min = 0x10000;
        code = ch & 0x07;

    } else {
        return 0xffffffff;
    }

    if ((ngx_uint_t) (last - next) < n) {
        return 0xffffffff;
    }

    while (n--) {

        if ((*next & 0xc0) != 0x80) {
            return 0xffffffff;
        }

        code = code << 6 | (*next++ & 0x3f);
    }

    if (code < min || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        return 0xffffffff;
    }

    *p = next;

    return code;
}


static u_char *
oc_text_put(u_char *dst, uint32_t code)
{
    if (code < 0x80) {
        *dst++ = (u_char) code;

    } else if (code < 0x800) {
        *dst++ = (u_char) (0xc0 | (code >> 6));
        *dst++ = (u_char) (0x80 | (code & 0x3f));

    } else if (code < 0x10000) {
        *dst++ = (u_char) (0xe0 | (code >> 12));
        *dst++ = (u_char) (0x80 | ((code >> 6) & 0x3f));
        *dst++ = (u_char) (0x80 | (code & 0x3f));

    } else {
        *dst++ = (u_char) (0xf0 | (code >> 18));
        *dst++ = (u_char) (0x80 | ((code >> 12) & 0x3f));
        *dst++ = (u_char) (0x80 | ((code >> 6) & 0x3f));
        *dst++ = (u_char) (0x80 | (code & 0x3f));
    }

    return dst;
}


size_t
oc_text_length(const u_char *p, size_t len)
{
    size_t         n;
    const u_char  *last;

    for (n = 0, last = p + len; p < last; p++) {
        n += ((*p & 0xc0) != 0x80);
    }

    return n;
}


/* Where the code point "n" after that at "p" begins, or "last". */

const u_char *
oc_text_skip(const u_char *p, const u_char *last, size_t n)
{
    while (p < last) {

        if ((*p & 0xc0) != 0x80 && n-- == 0) {
            return p;
        }

        p++;
    }

    return last;
}


/* The first place of "part" in "text", or NULL. */

const u_char *
oc_text_find(const ngx_str_t *text, const ngx_str_t *part)
{
    if (part->len == 0) {
        return text->data;
    }

    return memmem(text->data, text->len, part->data, part->len);
}


/* Takes white space, by Unicode, from both ends. */

void
oc_text_trim(ngx_str_t *text)
{
    uint32_t       code;
    const u_char  *p, *last, *end, *next;

    last = text->data + text->len;
    end = text->data;

    for (p = text->data; p < last; p = next) {
        next = p;
        code = oc_text_next(&next, last);

        if (code == ' ' || (code >= 0x09 && code <= 0x0d) || code == 0x85
            || code == 0xa0 || code == 0x1680
            || (code >= 0x2000 && code <= 0x200a) || code == 0x2028
            || code == 0x2029 || code == 0x202f || code == 0x205f
            || code == 0x3000)
        {
            if (end == text->data) {
                text->data = (u_char *) next;
                end = next;
            }

            continue;
        }

        end = next;
    }

    text->len = end - text->data;
}


/*
 * Maps each character by itself (Unicode's simple case mapping) into "dst",
 * which has OC_TEXT_CASE_GROWTH times the bytes of the text.  Returns how many
 * there are.
 */

size_t
oc_text_case(u_char *dst, const ngx_str_t *text, oc_text_case_e to)
{
    u_char        *start;
    locale_t       locale;
    uint32_t       code;
    const u_char  *p, *last, *at;

    start = dst;
    locale = oc_text_locale();
    last = text->data + text->len;

    for (p = text->data; p < last; /* void */ ) {

        if (*p < 0x80) {
            if (to == OC_TEXT_LOWER) {
                *dst++ = (*p >= 'A' && *p <= 'Z') ? *p | 0x20 : *p;

            } else {
                *dst++ = (*p >= 'a' && *p <= 'z') ? *p & ~0x20 : *p;
            }

            p++;
            continue;
        }

        at = p;
        code = oc_text_next(&p, last);

        if (code == 0xffffffff) {
            *dst++ = *at;
            continue;
        }

        if (locale) {
            code = (to == OC_TEXT_LOWER) ? towlower_l(code, locale)
                                         : towupper_l(code, locale);
        }

        dst = oc_text_put(dst, code);
    }

    return dst - start;
}


/* What is the same for a character in either case. */

uint32_t
oc_text_fold(uint32_t code)
{
    locale_t  locale;

    if (code < 0x80) {
        return (code >= 'A' && code <= 'Z') ? code | 0x20 : code;
    }

    locale = oc_text_locale();

    if (locale == (locale_t) 0 || code == 0xffffffff) {
        return code;
    }

    return towlower_l(towupper_l(code, locale), locale);
}


/* True for letters and digits. */

ngx_uint_t
oc_text_in_word(uint32_t code)
{
    locale_t  locale;

    if (code < 0x80) {
        return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z')
               || (code >= '0' && code <= '9');
    }

    locale = oc_text_locale();

    return (locale == (locale_t) 0) ? code != 0xffffffff
                                    : iswalnum_l(code, locale) != 0;
}
