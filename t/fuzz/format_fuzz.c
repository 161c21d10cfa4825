
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Accept and $format: oc_format_accept() and oc_format_option() on the input,
 * for each kind of answer.
 *
 * - the input stays as it is, and is all that is read;
 * - what is not acceptable leaves the usual format;
 * - XML is chosen only where there is some;
 * - a range more, of the least weight, for anything makes all acceptable that
 *   nothing was said against, and changes nothing that was;
 * - the format chosen is the one that its own media type chooses.
 */


#include "fuzz.h"
#include "oc_format.h"


static void
name(char *text, const oc_format_t *format)
{
    static const char  *levels[] = { "minimal", "full", "none" };

    sprintf(text, "application/json;odata.metadata=%s;odata.streaming=%s;"
            "IEEE754Compatible=%s", levels[format->level],
            format->streaming ? "true" : "false",
            format->ieee ? "true" : "false");
}


static unsigned
equal(const oc_format_t *a, const oc_format_t *b)
{
    return a->level == b->level && a->ieee == b->ieee
           && a->streaming == b->streaming && a->xml == b->xml;
}


static unsigned
usual(const oc_format_t *format)
{
    return format->level == OC_LEVEL_MINIMAL && !format->ieee
           && !format->streaming && !format->xml;
}


/* the media type of what was chosen chooses it */

static void
again(const oc_format_t *format)
{
    char         text[128];
    ngx_str_t    value;
    oc_format_t  other;

    name(text, format);

    value.data = (u_char *) text;
    value.len = strlen(text);

    fuzz_assert(oc_format_accept(&other, &value, OC_MEDIA_JSON) == NGX_OK);
    fuzz_assert(equal(format, &other));
    fuzz_assert(oc_format_option(&other, &value, OC_MEDIA_JSON) == NGX_OK);
    fuzz_assert(equal(format, &other));
}


static void
check(const uint8_t *data, size_t size, oc_media_e media)
{
    u_char       *copy, *more;
    ngx_int_t     rc;
    ngx_str_t     value;
    oc_format_t   format, other;

    static const char  anything[] = ",*/*;q=0.001";

    copy = unit_copy(data, size);

    value.data = copy;
    value.len = size;

    memset(&format, 0xa5, sizeof(format));
    rc = oc_format_option(&format, &value, media);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);
    fuzz_assert(rc == NGX_OK || usual(&format));
    fuzz_assert(!format.xml || media == OC_MEDIA_CSDL);

    if (rc == NGX_OK && media == OC_MEDIA_JSON) {
        again(&format);
    }

    memset(&format, 0x5a, sizeof(format));
    rc = oc_format_accept(&format, &value, media);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);
    fuzz_assert(rc == NGX_OK || usual(&format));
    fuzz_assert(!format.xml || media == OC_MEDIA_CSDL);

    fuzz_assert(memcmp(copy, data, size) == 0);

    if (rc == NGX_OK && media == OC_MEDIA_JSON) {
        again(&format);
    }

    /* but in a string that does not end */

    if (size && rc == NGX_OK && memchr(data, '"', size) == NULL
        && memchr(data, '*', size) == NULL && memchr(data, '.', size) == NULL)
    {
        more = malloc(size + sizeof(anything) - 1);

        memcpy(more, data, size);
        memcpy(more + size, anything, sizeof(anything) - 1);

        value.data = more;
        value.len = size + sizeof(anything) - 1;

        fuzz_assert(oc_format_accept(&other, &value, media) == NGX_OK);
        fuzz_assert(equal(&format, &other));

        free(more);
    }

    free(copy);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, OC_MEDIA_JSON);
    check(data, size, OC_MEDIA_TEXT);
    check(data, size, OC_MEDIA_CSDL);
    check(data, size, OC_MEDIA_MULTIPART);

    return 0;
}
