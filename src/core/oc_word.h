
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_WORD_H_INCLUDED_
#define _OC_WORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Looking at eight bytes of text at once.  The highest bit of a byte of the
 * results is set where the byte fits.  On little-endian machines the first
 * mark is right, and what is behind it may be wrong; elsewhere only zero or
 * not zero is to be relied on.
 */

#define oc_word_of(ch)  (UINT64_C(0x0101010101010101) * (ch))

/* bytes below n, which is at most 128 */

#define oc_word_below(word, n)                                                \
    (((word) - oc_word_of(n)) & ~(word) & oc_word_of(0x80))

#define oc_word_equal(word, ch)  oc_word_below((word) ^ oc_word_of(ch), 1)

/* bytes that do not stand for themselves in a JSON string (RFC 8259, 7) */

#define oc_word_json_special(word)                                            \
    (oc_word_below(word, 0x20)                                                \
     | oc_word_equal(word, '"')                                               \
     | oc_word_equal(word, '\\'))

#define oc_word_above_ascii(word)  ((word) & oc_word_of(0x80))

/* how many bytes in front of the first mark are known not to fit */

#if (NGX_HAVE_LITTLE_ENDIAN)
#define oc_word_skip(marks)  ((size_t) __builtin_ctzll(marks) / 8)
#else
#define oc_word_skip(marks)  0
#endif


#endif /* _OC_WORD_H_INCLUDED_ */
