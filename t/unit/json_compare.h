
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * Compares a tree that oc_json_decode() made with one of jansson's own:
 *
 *     json_same(ours, theirs)    true if types, values, names and the order
 *                                of members are the same
 */


#ifndef _JSON_COMPARE_H_INCLUDED_
#define _JSON_COMPARE_H_INCLUDED_


#include "oc_json.h"


static inline unsigned
json_same(json_t *ours, json_t *theirs)
{
    void        *iter, *other;
    size_t       i;
    ngx_str_t    name;
    const char  *key;

    if (ours == NULL || theirs == NULL
        || json_typeof(ours) != json_typeof(theirs))
    {
        return 0;
    }

    switch (json_typeof(ours)) {

    case JSON_OBJECT:
        iter = json_object_iter(ours);
        other = json_object_iter(theirs);

        while (iter && other) {
            name = oc_json_member_name(iter);
            key = json_object_iter_key(other);

            if (name.len != strlen(key)
                || memcmp(name.data, key, name.len) != 0
                || !json_same(json_object_iter_value(iter),
                              json_object_iter_value(other)))
            {
                return 0;
            }

            iter = json_object_iter_next(ours, iter);
            other = json_object_iter_next(theirs, other);
        }

        return iter == NULL && other == NULL;

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

    case JSON_REAL:
        return json_real_value(ours) == json_real_value(theirs);

    default:
        return 1;
    }
}


#endif /* _JSON_COMPARE_H_INCLUDED_ */
