
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_CSDL_H_INCLUDED_
#define _OC_CSDL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_buf.h"
#include "oc_type.h"


/* the vocabularies whose terms are used, without the ending of their URLs */

#define OC_CSDL_VOCABULARIES                                                  \
    "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/"

#define OC_CSDL_CORE          "Org.OData.Core.V1"
#define OC_CSDL_CAPABILITIES  "Org.OData.Capabilities.V1"


void oc_csdl_xml(oc_buf_t *b, const char *version);
void oc_csdl_json(oc_buf_t *b, const char *version);


/* the values of Org.OData.Capabilities.V1.SupportedFormats; oc_csdl_xml.c */

extern const char  *const oc_csdl_formats[];


#endif /* _OC_CSDL_H_INCLUDED_ */
