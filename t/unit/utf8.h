
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * UTF-8 by the table of well-formed byte sequences (The Unicode Standard,
 * table 3-7), to compare another decoder with:
 *
 *     utf8_printable(p, len)    true if the bytes are well-formed and have no
 *                               control character (C0, DEL, C1)
 */


#ifndef _UTF8_H_INCLUDED_
#define _UTF8_H_INCLUDED_


#include <stddef.h>


static const struct {
    unsigned char  len;
    unsigned char  range[4][2];
} utf8_rows[] = {
    { 1, { { 0x20, 0x7e } } },
    { 2, { { 0xc2, 0xc2 }, { 0xa0, 0xbf } } },     /* from U+00A0 on */
    { 2, { { 0xc3, 0xdf }, { 0x80, 0xbf } } },
    { 3, { { 0xe0, 0xe0 }, { 0xa0, 0xbf }, { 0x80, 0xbf } } },
    { 3, { { 0xe1, 0xec }, { 0x80, 0xbf }, { 0x80, 0xbf } } },
    { 3, { { 0xed, 0xed }, { 0x80, 0x9f }, { 0x80, 0xbf } } },
    { 3, { { 0xee, 0xef }, { 0x80, 0xbf }, { 0x80, 0xbf } } },
    { 4, { { 0xf0, 0xf0 }, { 0x90, 0xbf }, { 0x80, 0xbf }, { 0x80, 0xbf } } },
    { 4, { { 0xf1, 0xf3 }, { 0x80, 0xbf }, { 0x80, 0xbf }, { 0x80, 0xbf } } },
    { 4, { { 0xf4, 0xf4 }, { 0x80, 0x8f }, { 0x80, 0xbf }, { 0x80, 0xbf } } }
};


static inline unsigned
utf8_printable(const unsigned char *p, size_t len)
{
    size_t  row, i, rows;

    rows = sizeof(utf8_rows) / sizeof(utf8_rows[0]);

    while (len) {

        for (row = 0; row < rows; row++) {

            for (i = 0; i < utf8_rows[row].len && i < len; i++) {
                if (p[i] < utf8_rows[row].range[i][0]
                    || p[i] > utf8_rows[row].range[i][1])
                {
                    break;
                }
            }

            if (i == utf8_rows[row].len) {
                break;
            }
        }

        if (row == rows) {
            return 0;
        }

        p += utf8_rows[row].len;
        len -= utf8_rows[row].len;
    }

    return 1;
}


#endif /* _UTF8_H_INCLUDED_ */
