
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_json_name.h"


/* a power of two, well above the number of names */

#define OC_JSON_NAME_SLOTS  512


static ngx_uint_t oc_json_name_slot(const u_char *name, size_t len);


/* set up once a process, before any document is read */

static ngx_str_t   oc_json_names[OC_JSON_MAX_NAMES];
static ngx_uint_t  oc_json_nnames;

/* numbers plus one, open addressing */

static u_char      oc_json_name_slots[OC_JSON_NAME_SLOTS];


/*
 * Makes a name known.  Its bytes are not copied.  One that is known already,
 * or too many, is passed over: unknown names work as well.
 */

void
oc_json_name_add(const u_char *name, size_t len)
{
    ngx_uint_t  slot;

    if (len == 0 || oc_json_nnames == OC_JSON_MAX_NAMES
        || oc_json_name_find(name, len) >= 0)
    {
        return;
    }

    slot = oc_json_name_slot(name, len);

    while (oc_json_name_slots[slot]) {
        slot = (slot + 1) % OC_JSON_NAME_SLOTS;
    }

    oc_json_names[oc_json_nnames].data = (u_char *) name;
    oc_json_names[oc_json_nnames].len = len;

    oc_json_name_slots[slot] = (u_char) ++oc_json_nnames;
}


/* The number of a name, or -1 if it is not known. */

ngx_int_t
oc_json_name_find(const u_char *name, size_t len)
{
    ngx_uint_t  n, slot;

    if (len == 0) {
        return -1;
    }

    slot = oc_json_name_slot(name, len);

    while (oc_json_name_slots[slot]) {
        n = oc_json_name_slots[slot] - 1;

        if (oc_json_names[n].len == len
            && ngx_memcmp(oc_json_names[n].data, name, len) == 0)
        {
            return n;
        }

        slot = (slot + 1) % OC_JSON_NAME_SLOTS;
    }

    return -1;
}


/* The name with a number, or NULL. */

const ngx_str_t *
oc_json_name(ngx_uint_t n)
{
    return (n < oc_json_nnames) ? &oc_json_names[n] : NULL;
}


/* Names differ in their length, their ends and their middle. */

static ngx_uint_t
oc_json_name_slot(const u_char *name, size_t len)
{
    ngx_uint_t  hash;

    hash = len;
    hash = hash * 31 + name[0];
    hash = hash * 31 + name[len / 2];
    hash = hash * 31 + name[len - 1];

    return hash % OC_JSON_NAME_SLOTS;
}
