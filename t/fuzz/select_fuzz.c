
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/* The text of $select, see options.h. */


#include "options.h"


static oc_query_status_e
parse(oc_parse_t *context, const ngx_str_t *text)
{
    oc_select_t  select;

    return oc_select_parse(context, text, &select);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_option(parse, data, size);

    return 0;
}
