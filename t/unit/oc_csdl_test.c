
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_csdl: both forms are complete or say that memory was out, whichever
 * allocation fails; the JSON is JSON; every name of the type table is in both.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "oc_csdl.h"
#include "support.h"
#include "tap.h"


typedef void (*render_pt)(oc_buf_t *b, const char *version);


/* how often a text is in a document */

static ngx_uint_t
count(const char *document, const char *text)
{
    ngx_uint_t  n;

    for (n = 0; (document = strstr(document, text)) != NULL; n++) {
        document += strlen(text);
    }

    return n;
}


/*
 * A copy as a C string, which the caller frees; NULL if memory was out.  "used"
 * bytes of the arena's only chunk are others'; none: it has as many chunks as
 * it wants.
 */

static char *
render(render_pt form, const char *version, size_t used, size_t size)
{
    char        *copy;
    oc_buf_t     b;
    oc_arena_t   arena;

    oc_arena_init(&arena, used ? 0 : (size_t) -1);

    if (used) {
        (void) oc_arena_alloc(&arena, used);
    }

    oc_buf_init(&b, &arena, size);

    form(&b, version);

    copy = NULL;

    if (!b.failed) {
        copy = calloc(1, oc_buf_len(&b) + 1);
        if (copy) {
            memcpy(copy, b.start, oc_buf_len(&b));
        }
    }

    oc_arena_free(&arena);

    return copy;
}


static void
memory(const char *name, render_pt form)
{
    char        *whole, *text;
    size_t       used;
    ngx_uint_t   complete, failed, wrong;

    whole = render(form, "4.01", 0, 1);
    if (whole == NULL) {
        ok(0, "%s: rendered", name);
        return;
    }

    complete = 0;
    failed = 0;
    wrong = 0;

    for (used = 1; used < 65000; used += 331) {
        text = render(form, "4.01", used, 16);

        if (text == NULL) {
            failed++;

        } else if (strcmp(text, whole) == 0) {
            complete++;

        } else {
            wrong++;
        }

        free(text);
    }

    ok(complete && failed, "%s: memory is enough or not", name);
    is_int(wrong, 0, "%s: never a part of it", name);

    free(whole);
}


int
main(void)
{
    char                 *xml, *json, name[256];
    json_t               *parsed;
    ngx_uint_t            i, j, missing, twice;
    const oc_type_t      *type;
    const oc_action_t    *action;
    const oc_property_t  *property;

    memory("XML", oc_csdl_xml);
    memory("JSON", oc_csdl_json);

    xml = render(oc_csdl_xml, "4.0", 0, 4096);
    json = render(oc_csdl_json, "4.0", 0, 4096);

    if (xml == NULL || json == NULL) {
        ok(0, "both are rendered");
        return done();
    }

    parsed = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    ok(parsed, "the JSON is JSON, without a name twice");
    json_decref(parsed);

    is_int(count(xml, "Version=\"4.0\""), 1, "the version in XML");
    is_int(count(json, "\"$Version\":\"4.0\""), 1, "the version in JSON");

    missing = 0;
    twice = 0;

    for (i = 0; (type = oc_type_at(i)) != NULL; i++) {

        snprintf(name, sizeof(name), "Type Name=\"%.*s\"",
                 (int) type->name.len, type->name.data);
        missing += (count(xml, name) != 1);

        snprintf(name, sizeof(name), "\"%.*s\":{\"$Kind\":\"",
                 (int) type->name.len, type->name.data);
        missing += (count(json, name) != 1);

        /* a base type is in front of what is derived from it */

        for (j = 0; type->base && oc_type_at(j) != type->base; j++) {
            twice += (j == i);
        }

        for (j = 0; j < type->nproperties; j++) {
            property = &type->properties[j];

            snprintf(name, sizeof(name), "Property Name=\"%.*s\"",
                     (int) property->name.len, property->name.data);
            missing += (count(xml, name) == 0);

            snprintf(name, sizeof(name), "\"%.*s\":{",
                     (int) property->name.len, property->name.data);
            missing += (count(json, name) == 0);
        }
    }

    is_int(i, 10, "all types");
    is_int(missing, 0, "are in both, with their properties");
    is_int(twice, 0, "base types are first");

    is_int(count(xml, "PropertyRef"), 1, "the key is declared once in XML");
    is_int(count(json, "\"$Key\""), 1, "and once in JSON");

    missing = 0;

    for (i = 0; (action = oc_action_at(i)) != NULL; i++) {
        j = (action->flags & OC_ACTION_API) ? 2 : 1;

        snprintf(name, sizeof(name), "<Action Name=\"%.*s\"",
                 (int) action->name.len, action->name.data);
        missing += (count(xml, name) != j);

        snprintf(name, sizeof(name), "\"%.*s\":[{\"$Kind\":\"Action\"",
                 (int) action->name.len, action->name.data);
        missing += (count(json, name) != j);
    }

    is_int(i, 2, "all actions");
    is_int(missing, 0, "are in both, in each of their namespaces");

    free(xml);
    free(json);

    return done();
}
