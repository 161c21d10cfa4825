
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Compares a tree that oc_json_decode() made with one of jansson's own:
 *
 *     json_same(ours, theirs)    true if types, names and values are the
 *                                same; integers of more than 18 characters
 *                                are real numbers in ours, and real numbers
 *                                have any value
 *
 *     json_same_apart(ours, apart, theirs)
 *                                the same for an object of which some members
 *                                were decoded apart
 */


#ifndef _JSON_COMPARE_H_INCLUDED_
#define _JSON_COMPARE_H_INCLUDED_


#include "oc_json.h"


static inline unsigned
json_same(json_t *ours, json_t *theirs)
{
    void       *iter;
    size_t      i;
    ngx_str_t   name;

    if (ours == NULL || theirs == NULL) {
        return 0;
    }

    if (json_is_real(ours) && json_is_integer(theirs)) {
        return json_integer_value(theirs) >= 1000000000000000000
               || json_integer_value(theirs) <= -100000000000000000;
    }

    if (json_typeof(ours) != json_typeof(theirs)) {
        return 0;
    }

    switch (json_typeof(ours)) {

    case JSON_OBJECT:

        if (json_object_size(ours) != json_object_size(theirs)) {
            return 0;
        }

        for (iter = json_object_iter(ours);
             iter;
             iter = json_object_iter_next(ours, iter))
        {
            name = oc_json_member_name(iter);

            if (!json_same(json_object_iter_value(iter),
                           json_object_getn(theirs, (char *) name.data,
                                            name.len)))
            {
                return 0;
            }
        }

        return 1;

    case JSON_ARRAY:

        if (json_array_size(ours) != json_array_size(theirs)) {
            return 0;
        }

        for (i = 0; i < json_array_size(ours); i++) {
            if (!json_same(json_array_get(ours, i),
                           json_array_get(theirs, i)))
            {
                return 0;
            }
        }

        return 1;

    case JSON_STRING:
        return json_string_length(ours) == json_string_length(theirs)
               && memcmp(json_string_value(ours), json_string_value(theirs),
                         json_string_length(ours) + 1)
                  == 0;

    case JSON_INTEGER:
        return json_integer_value(ours) == json_integer_value(theirs);

    default:
        return 1;
    }
}


static inline unsigned
json_same_apart(json_t *ours, const oc_json_apart_t *apart, json_t *theirs)
{
    void        *iter;
    size_t       n;
    json_t      *value;
    ngx_str_t    name;
    ngx_uint_t   i;

    if (apart->nvalues == 0) {
        return json_same(ours, theirs);
    }

    if (!json_is_object(ours) || !json_is_object(theirs)) {
        return 0;
    }

    n = json_object_size(ours);

    for (i = 0; i < apart->nnames; i++) {

        if (apart->values[i] == NULL) {
            continue;
        }

        value = json_object_getn(theirs, (char *) apart->names[i].data,
                                 apart->names[i].len);

        if (!json_same(apart->values[i], value)) {
            return 0;
        }

        n++;
    }

    for (iter = json_object_iter(ours);
         iter;
         iter = json_object_iter_next(ours, iter))
    {
        name = oc_json_member_name(iter);

        value = json_object_getn(theirs, (char *) name.data, name.len);

        if (!json_same(json_object_iter_value(iter), value)) {
            return 0;
        }
    }

    /* as many as there are, so that none is in both */

    return n == json_object_size(theirs)
           && n == json_object_size(ours) + apart->nvalues;
}


#endif /* _JSON_COMPARE_H_INCLUDED_ */
