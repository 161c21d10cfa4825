
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_base64.h"
#include "oc_batch.h"
#include "oc_span.h"
#include "oc_url.h"


#define OC_BATCH_MAX_DEPENDS  (2 * OC_BATCH_MAX_ITEMS)


/* a request object, while it is read */

typedef struct {
    oc_batch_item_t     *item;
    ngx_str_t           *names;      /* of dependsOn */
    ngx_uint_t           nnames;
    ngx_str_t            body;       /* as it stands in the document */
    unsigned             seen;       /* members, by number */
} oc_batch_object_t;


enum {
    OC_BATCH_ID = 0,
    OC_BATCH_METHOD,
    OC_BATCH_URL,
    OC_BATCH_HEADERS,
    OC_BATCH_BODY,
    OC_BATCH_DEPENDS_ON,
    OC_BATCH_GROUP,
    OC_BATCH_IF,
    OC_BATCH_OTHER
};


typedef struct {
    oc_batch_t          *batch;
    u_char              *start;
    u_char              *p;
    u_char              *last;
    oc_batch_object_t   *objects;
    unsigned             no_memory:1;
} oc_batch_json_t;


static oc_batch_status_e oc_batch_json_document(oc_batch_json_t *json);
static ngx_int_t oc_batch_json_requests(oc_batch_json_t *json);
static ngx_int_t oc_batch_json_object(oc_batch_json_t *json,
    oc_batch_object_t *object);
static ngx_int_t oc_batch_json_member(oc_batch_json_t *json,
    oc_batch_object_t *object, ngx_str_t *name);
static ngx_int_t oc_batch_json_headers(oc_batch_json_t *json,
    oc_batch_object_t *object);
static ngx_int_t oc_batch_json_depends(oc_batch_json_t *json,
    oc_batch_object_t *object);
static ngx_int_t oc_batch_json_check(oc_batch_json_t *json,
    oc_batch_object_t *object);
static ngx_int_t oc_batch_json_body(oc_batch_json_t *json,
    oc_batch_object_t *object);
static ngx_int_t oc_batch_json_text(oc_batch_json_t *json, ngx_str_t *text,
    const char *message);
static ngx_int_t oc_batch_json_string(oc_batch_json_t *json,
    ngx_str_t *string);
static ngx_int_t oc_batch_json_skip(oc_batch_json_t *json, ngx_str_t *raw);
static ngx_uint_t oc_batch_json_is(oc_batch_json_t *json, u_char ch);
static ngx_int_t oc_batch_json_fail(oc_batch_json_t *json,
    const char *message);
static ngx_int_t oc_batch_json_memory(oc_batch_json_t *json);
static void oc_batch_json_refuse(oc_batch_item_t *item, ngx_uint_t status,
    const char *message);


/*
 * Reads a JSON batch (OData JSON Format 4.01, 19.1).  What is wrong with one
 * request is that request's fault; what leaves in doubt which requests there
 * are, and what they wait for, makes the batch malformed.
 */

oc_batch_status_e
oc_batch_json(oc_batch_t *batch, u_char *data, size_t len)
{
    oc_batch_json_t  json;

    ngx_memzero(&json, sizeof(oc_batch_json_t));

    json.batch = batch;
    json.start = data;
    json.p = data;
    json.last = data + len;

    batch->items = oc_arena_alloc(batch->arena,
                                  batch->max * sizeof(oc_batch_item_t));
    json.objects = oc_arena_alloc(batch->arena,
                                  batch->max * sizeof(oc_batch_object_t));

    if (batch->items == NULL || json.objects == NULL) {
        return OC_BATCH_NO_MEMORY;
    }

    ngx_memzero(batch->items, batch->max * sizeof(oc_batch_item_t));
    ngx_memzero(json.objects, batch->max * sizeof(oc_batch_object_t));

    return oc_batch_json_document(&json);
}


static oc_batch_status_e
oc_batch_json_document(oc_batch_json_t *json)
{
    ngx_str_t           name, *names[OC_BATCH_MAX_ITEMS];
    ngx_uint_t          i, found, counts[OC_BATCH_MAX_ITEMS];
    oc_batch_t         *batch;
    oc_batch_status_e   status;

    batch = json->batch;
    found = 0;

    if (!oc_batch_json_is(json, '{')) {
        (void) oc_batch_json_fail(json, "An object is expected.");
        return OC_BATCH_MALFORMED;
    }

    if (!oc_batch_json_is(json, '}')) {

        do {
            if (oc_batch_json_text(json, &name, "A name is expected.")
                != NGX_OK)
            {
                goto failed;
            }

            if (!oc_batch_json_is(json, ':')) {
                (void) oc_batch_json_fail(json, "A colon is expected.");
                goto failed;
            }

            if (oc_batch_is(&name, "requests")) {

                if (found++) {
                    (void) oc_batch_json_fail(json, "The member \"requests\" "
                                              "is given twice.");
                    goto failed;
                }

                if (oc_batch_json_requests(json) != NGX_OK) {
                    goto failed;
                }

            } else if (oc_batch_json_skip(json, NULL) != NGX_OK) {
                goto failed;
            }

        } while (oc_batch_json_is(json, ','));

        if (!oc_batch_json_is(json, '}')) {
            (void) oc_batch_json_fail(json, "A comma or the end of the object "
                                      "is expected.");
            goto failed;
        }
    }

    json->p = oc_batch_skip_space(json->p, json->last);

    if (json->p != json->last) {
        (void) oc_batch_json_fail(json, "There is something behind the "
                                  "object.");
        goto failed;
    }

    if (!found) {
        (void) oc_batch_json_fail(json, "The array \"requests\" is missing.");
        goto failed;
    }

    for (i = 0; i < batch->nitems; i++) {
        names[i] = json->objects[i].names;
        counts[i] = json->objects[i].nnames;
    }

    status = oc_batch_ids(batch);

    if (status != OC_BATCH_OK) {
        return status;
    }

    return oc_batch_depend(batch, names, counts);

failed:

    return json->no_memory ? OC_BATCH_NO_MEMORY : OC_BATCH_MALFORMED;
}


static ngx_int_t
oc_batch_json_requests(oc_batch_json_t *json)
{
    oc_batch_t         *batch;
    oc_batch_object_t  *object;

    batch = json->batch;

    if (!oc_batch_json_is(json, '[')) {
        return oc_batch_json_fail(json, "The array of the requests is "
                                  "expected.");
    }

    if (oc_batch_json_is(json, ']')) {
        return NGX_OK;
    }

    do {
        if (batch->nitems == batch->max) {
            return oc_batch_json_fail(json, "There are more requests than a "
                                      "batch may have.");
        }

        object = &json->objects[batch->nitems];
        object->item = &batch->items[batch->nitems++];

        if (oc_batch_json_object(json, object) != NGX_OK
            || oc_batch_json_check(json, object) != NGX_OK)
        {
            return NGX_ERROR;
        }

    } while (oc_batch_json_is(json, ','));

    if (!oc_batch_json_is(json, ']')) {
        return oc_batch_json_fail(json, "A comma or the end of the array is "
                                  "expected.");
    }

    return NGX_OK;
}


static ngx_int_t
oc_batch_json_object(oc_batch_json_t *json, oc_batch_object_t *object)
{
    ngx_str_t  name;

    if (!oc_batch_json_is(json, '{')) {
        return oc_batch_json_fail(json, "A request object is expected.");
    }

    if (oc_batch_json_is(json, '}')) {
        return NGX_OK;
    }

    do {
        if (oc_batch_json_text(json, &name, "A name is expected.") != NGX_OK) {
            return NGX_ERROR;
        }

        if (!oc_batch_json_is(json, ':')) {
            return oc_batch_json_fail(json, "A colon is expected.");
        }

        if (oc_batch_json_member(json, object, &name) != NGX_OK) {
            return NGX_ERROR;
        }

    } while (oc_batch_json_is(json, ','));

    if (!oc_batch_json_is(json, '}')) {
        return oc_batch_json_fail(json, "A comma or the end of the object is "
                                  "expected.");
    }

    return NGX_OK;
}


static ngx_int_t
oc_batch_json_member(oc_batch_json_t *json, oc_batch_object_t *object,
    ngx_str_t *name)
{
    ngx_int_t         rc;
    ngx_uint_t        i;
    oc_batch_item_t  *item;

    static const char  *names[] = {
        "id", "method", "url", "headers", "body", "dependsOn",
        "atomicityGroup", "if"
    };

    item = object->item;

    for (i = 0; i < OC_BATCH_OTHER; i++) {
        if (oc_batch_is(name, names[i])) {
            break;
        }
    }

    if (i < OC_BATCH_OTHER) {

        if (object->seen & (1 << i)) {
            return oc_batch_json_fail(json, "A member of a request is given "
                                      "twice.");
        }

        object->seen |= 1 << i;
    }

    json->p = oc_batch_skip_space(json->p, json->last);

    switch (i) {

    case OC_BATCH_ID:
        return oc_batch_json_text(json, &item->id, "The id of a request must "
                                  "be a string.");

    case OC_BATCH_GROUP:
        return oc_batch_json_text(json, &item->group_name, "The "
                                  "atomicityGroup of a request must be a "
                                  "string.");

    case OC_BATCH_DEPENDS_ON:
        return oc_batch_json_depends(json, object);

    case OC_BATCH_METHOD:
    case OC_BATCH_URL:

        if (json->p < json->last && *json->p == '"') {
            return oc_batch_json_text(json, (i == OC_BATCH_URL)
                                            ? &item->url : &item->method,
                                      "A string is expected.");
        }

        rc = oc_batch_json_skip(json, NULL);

        oc_batch_json_refuse(item, 400, "The method and the URL of a request "
                             "must be strings.");

        return rc;

    case OC_BATCH_HEADERS:
        return oc_batch_json_headers(json, object);

    case OC_BATCH_BODY:
        return oc_batch_json_skip(json, &object->body);

    case OC_BATCH_IF:
        oc_batch_json_refuse(item, 501, "The member \"if\" of a request is "
                             "not supported.");

        /* fall through */

    default:
        return oc_batch_json_skip(json, NULL);
    }
}


static ngx_int_t
oc_batch_json_headers(oc_batch_json_t *json, oc_batch_object_t *object)
{
    u_char             *p;
    ngx_str_t           name, value;
    ngx_uint_t          n;
    oc_batch_item_t    *item;
    oc_batch_header_t  *headers;

    item = object->item;

    if (json->p < json->last && *json->p == 'n') {
        return oc_batch_json_skip(json, NULL);
    }

    if (!oc_batch_json_is(json, '{')) {
        oc_batch_json_refuse(item, 400, "The headers of a request must be an "
                             "object.");
        return oc_batch_json_skip(json, NULL);
    }

    if (oc_batch_json_is(json, '}')) {
        return NGX_OK;
    }

    n = 0;
    headers = NULL;

    do {
        if (oc_batch_json_text(json, &name, "A name is expected.") != NGX_OK) {
            return NGX_ERROR;
        }

        if (!oc_batch_json_is(json, ':')) {
            return oc_batch_json_fail(json, "A colon is expected.");
        }

        p = oc_batch_skip_space(json->p, json->last);
        json->p = p;

        if (p == json->last || *p != '"') {
            oc_batch_json_refuse(item, 400, "The value of a header must be a "
                                 "string.");

            if (oc_batch_json_skip(json, NULL) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (oc_batch_json_text(json, &value, "A string is expected.")
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (!oc_batch_is_token(&name) || !oc_batch_is_value(&value)) {
            oc_batch_json_refuse(item, 400, "A header of the request is "
                                 "malformed.");
            continue;
        }

        if (n == item->nheaders) {
            item->nheaders = item->nheaders ? 2 * item->nheaders : 8;

            headers = oc_arena_alloc(json->batch->arena,
                                  item->nheaders * sizeof(oc_batch_header_t));
            if (headers == NULL) {
                return oc_batch_json_memory(json);
            }

            if (n) {
                ngx_memcpy(headers, item->headers,
                           n * sizeof(oc_batch_header_t));
            }

            item->headers = headers;
        }

        headers[n].name = name;
        headers[n++].value = value;

    } while (oc_batch_json_is(json, ','));

    item->nheaders = n;

    if (!oc_batch_json_is(json, '}')) {
        return oc_batch_json_fail(json, "A comma or the end of the object is "
                                  "expected.");
    }

    return NGX_OK;
}


static ngx_int_t
oc_batch_json_depends(oc_batch_json_t *json, oc_batch_object_t *object)
{
    ngx_str_t  name;

    if (json->p < json->last && *json->p == 'n') {
        return oc_batch_json_skip(json, NULL);
    }

    if (!oc_batch_json_is(json, '[')) {
        return oc_batch_json_fail(json, "The value of dependsOn must be an "
                                  "array.");
    }

    if (oc_batch_json_is(json, ']')) {
        return NGX_OK;
    }

    object->names = oc_arena_alloc(json->batch->arena,
                                   OC_BATCH_MAX_DEPENDS * sizeof(ngx_str_t));
    if (object->names == NULL) {
        return oc_batch_json_memory(json);
    }

    do {
        if (oc_batch_json_text(json, &name, "The id of a request is "
                               "expected.")
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (object->nnames == OC_BATCH_MAX_DEPENDS) {
            return oc_batch_json_fail(json, "A request depends on too many "
                                      "others.");
        }

        object->names[object->nnames++] = name;

    } while (oc_batch_json_is(json, ','));

    if (!oc_batch_json_is(json, ']')) {
        return oc_batch_json_fail(json, "A comma or the end of the array is "
                                  "expected.");
    }

    return NGX_OK;
}


/* The request object has been read: what is missing, and its body. */

static ngx_int_t
oc_batch_json_check(oc_batch_json_t *json, oc_batch_object_t *object)
{
    oc_batch_item_t  *item;

    item = object->item;

    if (item->id.len == 0
        || oc_utf8_printable(item->id.data, item->id.len) != NGX_OK)
    {
        return oc_batch_json_fail(json, "Each request needs an id: a string "
                                  "that is not empty.");
    }

    if (item->status) {
        return NGX_OK;
    }

    if (!(object->seen & (1 << OC_BATCH_METHOD))) {
        oc_batch_json_refuse(item, 400, "The request has no method.");
        return NGX_OK;
    }

    if (!(object->seen & (1 << OC_BATCH_URL))) {
        oc_batch_json_refuse(item, 400, "The request has no URL.");
        return NGX_OK;
    }

    oc_batch_method(item);

    if (object->body.len == 0 || oc_batch_is(&object->body, "null")) {
        return NGX_OK;
    }

    return oc_batch_json_body(json, object);
}


/* JSON stays as it is; what is not JSON is base64url in a string. */

static ngx_int_t
oc_batch_json_body(oc_batch_json_t *json, oc_batch_object_t *object)
{
    size_t            len;
    ngx_str_t        *type, media, body;
    oc_batch_item_t  *item;

    item = object->item;

    type = oc_batch_header(item->headers, item->nheaders, "content-type");

    if (type == NULL) {
        oc_batch_json_refuse(item, 400, "A body needs a Content-Type header.");
        return NGX_OK;
    }

    item->has_body = 1;

    oc_batch_media(type, &media);

    if (oc_batch_like(&media, "application/json")
        && oc_batch_header(item->headers, item->nheaders, "content-encoding")
           == NULL)
    {
        item->body = object->body;
        return NGX_OK;
    }

    body = object->body;

    if (body.data[0] == '"') {

        /* a copy, for it is decoded in place */

        item->body.data = oc_arena_alloc(json->batch->arena, body.len);
        if (item->body.data == NULL) {
            return oc_batch_json_memory(json);
        }

        ngx_memcpy(item->body.data, body.data + 1, body.len - 2);

        len = oc_span_unescape(item->body.data, body.len - 2);

        item->body.len = oc_base64_decode(item->body.data, len);

        if (item->body.len < len || len == 0) {
            return NGX_OK;
        }
    }

    oc_batch_json_refuse(item, 400, "A body that is not JSON must be a "
                         "base64url-encoded string.");

    return NGX_OK;
}


/* A string that is decoded. */

static ngx_int_t
oc_batch_json_text(oc_batch_json_t *json, ngx_str_t *text,
    const char *message)
{
    json->p = oc_batch_skip_space(json->p, json->last);

    if (json->p == json->last || *json->p != '"') {
        return oc_batch_json_fail(json, message);
    }

    return oc_batch_json_string(json, text);
}


static ngx_int_t
oc_batch_json_string(oc_batch_json_t *json, ngx_str_t *string)
{
    u_char  *p, *copy;

    p = json->p + 1;

    if (oc_batch_skip_string(&json->p, json->last) != NGX_OK) {
        return oc_batch_json_fail(json, "The string is malformed.");
    }

    string->data = p;
    string->len = json->p - 1 - p;

    if (string->len == 0 || memchr(p, '\\', string->len) == NULL) {
        return NGX_OK;
    }

    copy = oc_arena_alloc(json->batch->arena, string->len);
    if (copy == NULL) {
        return oc_batch_json_memory(json);
    }

    ngx_memcpy(copy, p, string->len);

    string->data = copy;
    string->len = oc_span_unescape(copy, string->len);

    return NGX_OK;
}


/* Any value; "raw" may be NULL. */

static ngx_int_t
oc_batch_json_skip(oc_batch_json_t *json, ngx_str_t *raw)
{
    u_char  *p;

    p = oc_batch_skip_space(json->p, json->last);
    json->p = p;

    if (oc_batch_skip_value(&json->p, json->last, 3) != NGX_OK) {
        return oc_batch_json_fail(json, "The document is not valid JSON.");
    }

    if (raw) {
        raw->data = p;
        raw->len = json->p - p;
    }

    return NGX_OK;
}


/* Takes a character, white space in front of it included, if it is there. */

static ngx_uint_t
oc_batch_json_is(oc_batch_json_t *json, u_char ch)
{
    json->p = oc_batch_skip_space(json->p, json->last);

    if (json->p < json->last && *json->p == ch) {
        json->p++;
        return 1;
    }

    return 0;
}


static ngx_int_t
oc_batch_json_fail(oc_batch_json_t *json, const char *message)
{
    json->batch->message = message;
    json->batch->position = json->p - json->start;

    return NGX_ERROR;
}


static ngx_int_t
oc_batch_json_memory(oc_batch_json_t *json)
{
    json->no_memory = 1;

    return NGX_ERROR;
}


/* The first thing that is wrong with a request is what it is told. */

static void
oc_batch_json_refuse(oc_batch_item_t *item, ngx_uint_t status,
    const char *message)
{
    if (item->status == 0) {
        item->status = status;
        item->message = message;
    }
}
