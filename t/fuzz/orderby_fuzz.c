
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/* The text of $orderby, see options.h. */


#include "options.h"


static oc_query_status_e
parse(oc_parse_t *context, const ngx_str_t *text)
{
    oc_orderby_t  orderby;

    return oc_orderby_parse(context, text, &orderby);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_option(parse, data, size);

    return 0;
}
