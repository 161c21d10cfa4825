
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <strings.h>

#include "oc_node.h"


/* how deep collections may be in collections */

#define OC_GEO_MAX_DEPTH  16


typedef struct {
    const u_char  *pos;
    const u_char  *last;
} oc_geo_t;


typedef enum {
    OC_GEO_POSITION = 0,        /* numbers */
    OC_GEO_POSITIONS,           /* ( position, … ) */
    OC_GEO_LISTS,               /* ( ( position, … ), … ) */
    OC_GEO_LISTS_OF_LISTS,
    OC_GEO_COLLECTION
} oc_geo_e;


static ngx_uint_t oc_geo_word(oc_geo_t *g, const char *word);
static ngx_uint_t oc_geo_number(oc_geo_t *g);
static ngx_uint_t oc_geo_literal(oc_geo_t *g, ngx_uint_t depth);
static ngx_uint_t oc_geo_data(oc_geo_t *g, oc_geo_e what, ngx_uint_t least,
    ngx_uint_t most);


/*
 * Checks what is between the quotes of a geography or geometry literal (ABNF:
 * fullPointLiteral and so on), of which "position" gets the first byte that
 * does not fit.
 */

ngx_uint_t
oc_geo_valid(const u_char *p, size_t len, size_t *position)
{
    oc_geo_t       g;
    ngx_uint_t     valid;
    const u_char  *digits;

    g.pos = p;
    g.last = p + len;
    valid = 0;

    if (oc_geo_word(&g, "SRID=")) {

        for (digits = g.pos; g.pos < g.last && g.pos - digits < 5; g.pos++) {
            if (*g.pos < '0' || *g.pos > '9') {
                break;
            }
        }

        valid = g.pos > digits && oc_geo_word(&g, ";")
                && oc_geo_literal(&g, 0) && g.pos == g.last;
    }

    *position = g.pos - p;

    return valid;
}


static ngx_uint_t
oc_geo_word(oc_geo_t *g, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    if ((size_t) (g->last - g->pos) < len
        || strncasecmp((char *) g->pos, word, len) != 0)
    {
        return 0;
    }

    g->pos += len;

    return 1;
}


static ngx_uint_t
oc_geo_number(oc_geo_t *g)
{
    const u_char  *p, *digits;

    if (oc_geo_word(g, "NaN") || oc_geo_word(g, "-INF")
        || oc_geo_word(g, "INF"))
    {
        return 1;
    }

    p = g->pos;

    if (p < g->last && (*p == '-' || *p == '+')) {
        p++;
    }

    for (digits = p; p < g->last && *p >= '0' && *p <= '9'; p++) {
        /* void */
    }

    if (p == digits) {
        return 0;
    }

    if (g->last - p >= 2 && *p == '.' && p[1] >= '0' && p[1] <= '9') {
        for (p++; p < g->last && *p >= '0' && *p <= '9'; p++) { /* void */ }
    }

    if (g->last - p >= 2 && (*p | 0x20) == 'e') {
        digits = p + 1;

        if (*digits == '-' || *digits == '+') {
            digits++;
        }

        while (digits < g->last && *digits >= '0' && *digits <= '9') {
            p = ++digits;
        }
    }

    g->pos = p;

    return 1;
}


static ngx_uint_t
oc_geo_literal(oc_geo_t *g, ngx_uint_t depth)
{
    ngx_uint_t  i;

    static const struct {
        const char  *word;
        oc_geo_e     what;
        ngx_uint_t   least;
        ngx_uint_t   most;
    } shapes[] = {
        { "Point", OC_GEO_POSITIONS, 1, 1 },
        { "LineString", OC_GEO_POSITIONS, 2, NGX_MAX_INT32_VALUE },
        { "Polygon", OC_GEO_LISTS, 1, NGX_MAX_INT32_VALUE },
        { "MultiPoint", OC_GEO_LISTS, 0, 1 },
        { "MultiLineString", OC_GEO_LISTS, 0, 2 },
        { "MultiPolygon", OC_GEO_LISTS_OF_LISTS, 0, 1 },
        { "GeometryCollection", OC_GEO_COLLECTION, 1, 0 }
    };

    for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {

        if (!oc_geo_word(g, shapes[i].word)) {
            continue;
        }

        if (shapes[i].what != OC_GEO_COLLECTION) {
            return oc_geo_data(g, shapes[i].what, shapes[i].least,
                               shapes[i].most);
        }

        if (depth == OC_GEO_MAX_DEPTH || !oc_geo_word(g, "(")) {
            return 0;
        }

        do {
            if (!oc_geo_literal(g, depth + 1)) {
                return 0;
            }
        } while (oc_geo_word(g, ","));

        return oc_geo_word(g, ")");
    }

    return 0;
}


/*
 * Positions, or lists of them.  "least" is how many items there are at least;
 * of positions "most" is how many there may be, of lists how a list is: with
 * 1 exactly one position, with 2 two or more, else one or more.
 */

static ngx_uint_t
oc_geo_data(oc_geo_t *g, oc_geo_e what, ngx_uint_t least, ngx_uint_t most)
{
    ngx_uint_t  n;

    if (what == OC_GEO_POSITION) {

        for (n = 0; n < 4; n++) {

            if (n && !oc_geo_word(g, " ")) {
                break;
            }

            if (!oc_geo_number(g)) {
                return 0;
            }
        }

        return n >= 2;
    }

    if (!oc_geo_word(g, "(")) {
        return 0;
    }

    if (least == 0 && oc_geo_word(g, ")")) {
        return 1;
    }

    n = 0;

    do {
        n++;

        switch (what) {

        case OC_GEO_POSITIONS:
            if (!oc_geo_data(g, OC_GEO_POSITION, 0, 0)) {
                return 0;
            }

            break;

        case OC_GEO_LISTS:
            if (!oc_geo_data(g, OC_GEO_POSITIONS, (most == 2) ? 2 : 1,
                             (most == 1) ? 1 : NGX_MAX_INT32_VALUE))
            {
                return 0;
            }

            break;

        default: /* OC_GEO_LISTS_OF_LISTS */
            if (!oc_geo_data(g, OC_GEO_LISTS, 1, NGX_MAX_INT32_VALUE)) {
                return 0;
            }
        }
    } while (oc_geo_word(g, ","));

    return n >= least
           && (what != OC_GEO_POSITIONS || n <= most)
           && oc_geo_word(g, ")");
}
