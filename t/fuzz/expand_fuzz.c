
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/* The text of $expand, see options.h. */


#include "options.h"


static oc_query_status_e
parse(oc_parse_t *context, const ngx_str_t *text)
{
    oc_expand_t  expand;

    return oc_expand_parse(context, text, &expand);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_option(parse, data, size);

    return 0;
}
