
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_batch.h"


#define OC_BATCH_MAX_BOUNDARY  70


typedef struct {
    u_char              *start;
    u_char              *p;
    u_char              *last;
    ngx_str_t            boundary;
} oc_batch_entity_t;


static ngx_int_t oc_batch_delimiter(oc_batch_entity_t *entity, u_char **end,
    ngx_uint_t *close);
static oc_batch_status_e oc_batch_parts(oc_batch_t *batch,
    oc_batch_entity_t *entity, ngx_uint_t group);
static oc_batch_status_e oc_batch_part(oc_batch_t *batch, u_char *p,
    u_char *last, ngx_uint_t group);
static oc_batch_status_e oc_batch_change_set(oc_batch_t *batch,
    ngx_str_t *type, u_char *p, u_char *last, ngx_uint_t group);
static oc_batch_status_e oc_batch_mime_fail(oc_batch_t *batch,
    const char *message);


/*
 * The boundary of a multipart type (RFC 2046, 5.1.1).  NGX_OK; NGX_DECLINED if
 * the type is not multipart/mixed; NGX_ABORT if it has no boundary that can be
 * one; NGX_ERROR if memory is out.
 */

ngx_int_t
oc_batch_boundary(ngx_str_t *type, ngx_str_t *boundary, oc_arena_t *arena)
{
    u_char     *p, *last, *dst;
    ngx_str_t   name;

    oc_batch_media(type, &name);

    if (!oc_batch_like(&name, "multipart/mixed")) {
        return NGX_DECLINED;
    }

    p = name.data + name.len;
    last = type->data + type->len;

    boundary->data = oc_arena_alloc(arena, type->len + 1);
    if (boundary->data == NULL) {
        return NGX_ERROR;
    }

    boundary->len = 0;

    for ( ;; ) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ';')) {
            p++;
        }

        name.data = p;

        while (p < last && *p != '=' && *p != ';') {
            p++;
        }

        if (p == last) {
            return NGX_ABORT;
        }

        if (*p == ';') {
            continue;
        }

        name.len = p++ - name.data;
        dst = boundary->data;

        if (p < last && *p == '"') {

            for (p++; p < last && *p != '"'; p++) {

                if (*p == '\\' && p + 1 < last) {
                    p++;
                }

                *dst++ = *p;
            }

            if (p++ == last) {
                return NGX_ABORT;
            }

        } else {
            while (p < last && *p != ';' && *p != ' ' && *p != '\t') {
                *dst++ = *p++;
            }
        }

        if (!oc_batch_like(&name, "boundary")) {
            continue;
        }

        boundary->len = dst - boundary->data;

        if (boundary->len == 0 || boundary->len > OC_BATCH_MAX_BOUNDARY
            || boundary->data[boundary->len - 1] == ' '
            || !oc_batch_is_value(boundary))
        {
            return NGX_ABORT;
        }

        return NGX_OK;
    }
}


/*
 * Reads a multipart batch (OData 4.01 Protocol, 11.7.7).  What is wrong with
 * one request is that request's fault; what leaves in doubt where a part ends
 * makes the batch malformed, so that nothing of one that was cut off is
 * carried out.
 */

oc_batch_status_e
oc_batch_mime(oc_batch_t *batch, ngx_str_t *boundary, u_char *data,
    size_t len)
{
    oc_batch_entity_t  entity;
    oc_batch_status_e  status;

    batch->items = oc_arena_alloc(batch->arena,
                                  batch->max * sizeof(oc_batch_item_t));
    if (batch->items == NULL) {
        return OC_BATCH_NO_MEMORY;
    }

    ngx_memzero(batch->items, batch->max * sizeof(oc_batch_item_t));

    entity.start = data;
    entity.p = data;
    entity.last = data + len;
    entity.boundary = *boundary;

    status = oc_batch_parts(batch, &entity, 0);

    if (status == OC_BATCH_OK) {
        status = oc_batch_ids(batch);
    }

    if (status == OC_BATCH_OK) {
        status = oc_batch_depend(batch, NULL, NULL);
    }

    return status;
}


/*
 * Finds the next delimiter: "*end" is where what is in front of it ends, and
 * entity->p is moved behind it.  NGX_DECLINED if there is none.
 */

static ngx_int_t
oc_batch_delimiter(oc_batch_entity_t *entity, u_char **end, ngx_uint_t *close)
{
    u_char     *p, *s, *last;
    ngx_str_t  *boundary;

    boundary = &entity->boundary;
    last = entity->last;

    for (p = entity->p; p < last; p++) {

        p = memchr(p, '-', last - p);

        if (p == NULL || (size_t) (last - p) < 2 + boundary->len) {
            return NGX_DECLINED;
        }

        if ((p > entity->start && p[-1] != LF) || p[1] != '-'
            || ngx_memcmp(p + 2, boundary->data, boundary->len) != 0)
        {
            continue;
        }

        s = p + 2 + boundary->len;

        *close = (last - s >= 2 && s[0] == '-' && s[1] == '-');

        if (*close) {
            s += 2;
        }

        while (s < last && (*s == ' ' || *s == '\t')) {
            s++;
        }

        if (s < last && *s == CR) {
            s++;
        }

        if (s < last ? *s != LF : !*close) {
            continue;
        }

        *end = p;

        if (*end > entity->p) {
            (*end)--;

            if (*end > entity->p && (*end)[-1] == CR) {
                (*end)--;
            }
        }

        entity->p = (s < last) ? s + 1 : last;

        return NGX_OK;
    }

    return NGX_DECLINED;
}


static oc_batch_status_e
oc_batch_parts(oc_batch_t *batch, oc_batch_entity_t *entity,
    ngx_uint_t group)
{
    u_char             *p, *end;
    ngx_uint_t          close;
    oc_batch_status_e   status;

    /* what is in front of the first delimiter is a preamble */

    if (oc_batch_delimiter(entity, &end, &close) != NGX_OK) {
        return oc_batch_mime_fail(batch, "The body has not got the boundary "
                                  "of its Content-Type.");
    }

    while (!close) {
        p = entity->p;

        if (oc_batch_delimiter(entity, &end, &close) != NGX_OK) {
            return oc_batch_mime_fail(batch, "The body has no end: the "
                                      "boundary with two hyphens behind it.");
        }

        status = oc_batch_part(batch, p, end, group);

        if (status != OC_BATCH_OK) {
            return status;
        }
    }

    return OC_BATCH_OK;
}


static oc_batch_status_e
oc_batch_part(oc_batch_t *batch, u_char *p, u_char *last, ngx_uint_t group)
{
    ngx_int_t           rc;
    ngx_str_t          *type, *value, media;
    ngx_uint_t          n;
    oc_batch_item_t    *item;
    oc_batch_header_t  *headers;

    rc = oc_batch_headers(&p, last, &headers, &n, batch->arena);

    if (rc == NGX_ERROR) {
        return OC_BATCH_NO_MEMORY;
    }

    if (rc != NGX_OK) {
        return oc_batch_mime_fail(batch, "A header of a part is malformed.");
    }

    type = oc_batch_header(headers, n, "content-type");

    if (type == NULL) {
        return oc_batch_mime_fail(batch, "A part has no Content-Type.");
    }

    oc_batch_media(type, &media);

    if (oc_batch_like(&media, "multipart/mixed")) {
        return oc_batch_change_set(batch, type, p, last, group);
    }

    if (batch->nitems == batch->max) {
        return oc_batch_mime_fail(batch, "There are more requests than a "
                                  "batch may have.");
    }

    item = &batch->items[batch->nitems++];
    item->group = group;

    value = oc_batch_header(headers, n, "content-id");

    if (value) {
        item->id = *value;
    }

    if (!oc_batch_like(&media, "application/http")) {
        item->status = 400;
        item->message = "A part must be of the type application/http.";
        return OC_BATCH_OK;
    }

    value = oc_batch_header(headers, n, "content-transfer-encoding");

    if (value && !oc_batch_like(value, "binary")
        && !oc_batch_like(value, "8bit") && !oc_batch_like(value, "7bit"))
    {
        item->status = 400;
        item->message = "The Content-Transfer-Encoding of a part must be "
                        "binary.";
        return OC_BATCH_OK;
    }

    if (oc_batch_http(item, p, last, batch->arena) != NGX_OK) {
        return OC_BATCH_NO_MEMORY;
    }

    /* there are clients that put it there */

    value = oc_batch_header(item->headers, item->nheaders, "content-id");

    if (value && item->id.len == 0) {
        item->id = *value;
    }

    return OC_BATCH_OK;
}


static oc_batch_status_e
oc_batch_change_set(oc_batch_t *batch, ngx_str_t *type, u_char *p,
    u_char *last, ngx_uint_t group)
{
    ngx_int_t           rc;
    ngx_uint_t          n;
    oc_batch_entity_t   entity;
    oc_batch_status_e   status;

    if (group) {
        return oc_batch_mime_fail(batch, "A change set cannot contain another "
                                  "one.");
    }

    rc = oc_batch_boundary(type, &entity.boundary, batch->arena);

    if (rc == NGX_ERROR) {
        return OC_BATCH_NO_MEMORY;
    }

    if (rc != NGX_OK) {
        return oc_batch_mime_fail(batch, "A change set has no boundary.");
    }

    entity.start = p;
    entity.p = p;
    entity.last = last;

    n = batch->nitems;

    status = oc_batch_parts(batch, &entity, ++batch->ngroups);

    if (status == OC_BATCH_OK && batch->nitems == n) {
        return oc_batch_mime_fail(batch, "A change set has no requests.");
    }

    return status;
}


/* The type without its parameters. */

void
oc_batch_media(ngx_str_t *type, ngx_str_t *media)
{
    size_t  len;

    for (len = 0; len < type->len; len++) {
        if (type->data[len] == ';' || type->data[len] == ' '
            || type->data[len] == '\t')
        {
            break;
        }
    }

    media->data = type->data;
    media->len = len;
}


static oc_batch_status_e
oc_batch_mime_fail(oc_batch_t *batch, const char *message)
{
    batch->message = message;

    return OC_BATCH_MALFORMED;
}
