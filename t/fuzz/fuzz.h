
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What the fuzz targets need:
 *
 *     fuzz_assert(condition)       ends the run, and tells what does not hold
 *     fuzz_seed(data, size)        unit_random() from then on depends on the
 *                                  input alone, so that an input fails again
 */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "support.h"


#define fuzz_assert(condition)                                                \
    if (!(condition)) {                                                       \
        fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,      \
                #condition);                                                  \
        abort();                                                              \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static inline void
fuzz_seed(const uint8_t *data, size_t size)
{
    unit_random_state = size;

    for ( /* void */ ; size; size--) {
        unit_random_state = unit_random_state * 31 + *data++;
    }
}


#endif /* _FUZZ_H_INCLUDED_ */
