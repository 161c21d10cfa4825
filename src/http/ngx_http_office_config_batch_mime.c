
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_response.h"
#include "oc_buf.h"


#define NGX_HTTP_OFFICE_CONFIG_MIXED  "multipart/mixed; boundary="


typedef struct {
    ngx_http_office_config_batch_t  *batch;
    ngx_chain_t                    **last;
    off_t                           *len;
} ngx_http_office_config_mime_t;


static ngx_int_t ngx_http_office_config_mime_group(
    ngx_http_office_config_mime_t *mime, ngx_str_t *boundary, ngx_uint_t n);
static ngx_int_t ngx_http_office_config_mime_part(
    ngx_http_office_config_mime_t *mime, ngx_str_t *boundary,
    ngx_http_office_config_part_t *part);
static ngx_int_t ngx_http_office_config_mime_text(
    ngx_http_office_config_mime_t *mime, oc_buf_t *text);
static ngx_int_t ngx_http_office_config_mime_end(
    ngx_http_office_config_mime_t *mime, ngx_str_t *boundary);
static ngx_int_t ngx_http_office_config_mime_boundary(ngx_pool_t *pool,
    ngx_str_t *boundary, const char *name);
static const char *ngx_http_office_config_reason(ngx_uint_t status);


/*
 * The response to a multipart batch (OData 4.01 Protocol, 11.7.7.6): it has
 * the structure of the request, but for change sets that have failed, which
 * have one response, and for what was not carried out any more.
 */

ngx_int_t
ngx_http_office_config_batch_mime(ngx_http_office_config_batch_t *batch,
    ngx_chain_t **out, off_t *len)
{
    u_char                          *p;
    ngx_int_t                        rc;
    ngx_str_t                        boundary, type;
    ngx_uint_t                       i;
    ngx_pool_t                      *pool;
    ngx_http_office_config_part_t   *part;
    ngx_http_office_config_mime_t    mime;
    ngx_http_office_config_group_t  *group;

    pool = batch->request->pool;

    mime.batch = batch;
    mime.last = out;
    mime.len = len;

    *out = NULL;
    *len = 0;

    if (ngx_http_office_config_mime_boundary(pool, &boundary,
                                             "batchresponse_")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    group = NULL;

    for (i = 0; i < batch->parsed.nitems; i++) {
        part = &batch->parts[i];

        if (part->state == NGX_HTTP_OFFICE_CONFIG_PART_OMITTED) {
            continue;
        }

        if (part->group == NULL) {
            rc = ngx_http_office_config_mime_part(&mime, &boundary, part);

        } else if (part->group != group) {
            rc = ngx_http_office_config_mime_group(&mime, &boundary, i);

        } else {
            rc = NGX_OK;
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }

        group = part->group;
    }

    if (ngx_http_office_config_mime_end(&mime, &boundary) != NGX_OK) {
        return NGX_ERROR;
    }

    type.len = sizeof(NGX_HTTP_OFFICE_CONFIG_MIXED) - 1 + boundary.len;

    type.data = ngx_pnalloc(pool, type.len);
    if (type.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(type.data, NGX_HTTP_OFFICE_CONFIG_MIXED,
                   sizeof(NGX_HTTP_OFFICE_CONFIG_MIXED) - 1);
    ngx_memcpy(p, boundary.data, boundary.len);

    ngx_http_office_config_media_type(batch->request, batch->ctx, &type);

    return NGX_OK;
}


/* The change set that begins with part "n". */

static ngx_int_t
ngx_http_office_config_mime_group(ngx_http_office_config_mime_t *mime,
    ngx_str_t *boundary, ngx_uint_t n)
{
    oc_buf_t                         text;
    ngx_str_t                        inner;
    ngx_uint_t                       i;
    ngx_http_office_config_part_t   *part, *parts;
    ngx_http_office_config_batch_t  *batch;

    batch = mime->batch;
    parts = batch->parts;

    if (parts[n].group->failed) {

        /* the one that it failed for */

        part = NULL;

        for (i = n; i < batch->parsed.nitems; i++) {
            if (parts[i].group == parts[n].group
                && ngx_http_office_config_part_failed(&parts[i])
                && (part == NULL || part->status == 424))
            {
                part = &parts[i];
            }
        }

        return ngx_http_office_config_mime_part(mime, boundary,
                                                part ? part : &parts[n]);
    }

    if (ngx_http_office_config_mime_boundary(batch->request->pool, &inner,
                                             "changesetresponse_")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    oc_buf_init(&text, &batch->arena, 256);

    oc_buf_literal(&text, "--");
    oc_buf_str(&text, boundary);
    oc_buf_literal(&text, CRLF "Content-Type: " NGX_HTTP_OFFICE_CONFIG_MIXED);
    oc_buf_str(&text, &inner);
    oc_buf_literal(&text, CRLF CRLF);

    if (ngx_http_office_config_mime_text(mime, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = n; i < batch->parsed.nitems; i++) {
        if (parts[i].group == parts[n].group
            && ngx_http_office_config_mime_part(mime, &inner, &parts[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_office_config_mime_end(mime, &inner);
}


static ngx_int_t
ngx_http_office_config_mime_part(ngx_http_office_config_mime_t *mime,
    ngx_str_t *boundary, ngx_http_office_config_part_t *part)
{
    oc_buf_t             text;
    ngx_uint_t           i;
    const char          *reason;
    ngx_chain_t         *cl;
    oc_batch_header_t   *h;

    oc_buf_init(&text, &part->batch->arena, 1024);

    oc_buf_literal(&text, "--");
    oc_buf_str(&text, boundary);
    oc_buf_literal(&text, CRLF "Content-Type: application/http" CRLF
                   "Content-Transfer-Encoding: binary" CRLF);

    if (part->item->id.len) {
        oc_buf_literal(&text, "Content-ID: ");
        oc_buf_str(&text, &part->item->id);
        oc_buf_literal(&text, CRLF);
    }

    oc_buf_literal(&text, CRLF "HTTP/1.1 ");
    oc_buf_int(&text, part->status);
    oc_buf_char(&text, ' ');

    reason = ngx_http_office_config_reason(part->status);

    oc_buf_append(&text, (const u_char *) reason, ngx_strlen(reason));
    oc_buf_literal(&text, CRLF);

    for (i = 0; i < part->nheaders; i++) {
        h = &part->headers[i];

        oc_buf_str(&text, &h->name);
        oc_buf_literal(&text, ": ");
        oc_buf_str(&text, &h->value);
        oc_buf_literal(&text, CRLF);
    }

    if (part->len) {
        oc_buf_literal(&text, "Content-Length: ");
        oc_buf_int(&text, part->len);
        oc_buf_literal(&text, CRLF);
    }

    oc_buf_literal(&text, CRLF);

    if (ngx_http_office_config_mime_text(mime, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    for (cl = part->body; cl; cl = cl->next) {
        if (ngx_http_office_config_append(part->batch->request, &mime->last,
                                          cl->buf->pos,
                                          cl->buf->last - cl->buf->pos,
                                          mime->len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_office_config_append_literal(part->batch->request,
                                                 &mime->last, CRLF,
                                                 mime->len);
}


static ngx_int_t
ngx_http_office_config_mime_text(ngx_http_office_config_mime_t *mime,
    oc_buf_t *text)
{
    if (text->failed) {
        return NGX_ERROR;
    }

    return ngx_http_office_config_append(mime->batch->request, &mime->last,
                                         text->start, oc_buf_len(text),
                                         mime->len);
}


static ngx_int_t
ngx_http_office_config_mime_end(ngx_http_office_config_mime_t *mime,
    ngx_str_t *boundary)
{
    oc_buf_t  text;

    oc_buf_init(&text, &mime->batch->arena, 128);

    oc_buf_literal(&text, "--");
    oc_buf_str(&text, boundary);
    oc_buf_literal(&text, "--" CRLF);

    return ngx_http_office_config_mime_text(mime, &text);
}


/* One that nobody can have put into a body. */

static ngx_int_t
ngx_http_office_config_mime_boundary(ngx_pool_t *pool, ngx_str_t *boundary,
    const char *name)
{
    u_char  uuid[OC_UUID_LEN];

    boundary->len = ngx_strlen(name) + OC_UUID_LEN;

    boundary->data = ngx_pnalloc(pool, boundary->len);

    if (boundary->data == NULL || oc_uuid_v4(uuid) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(ngx_cpymem(boundary->data, name, ngx_strlen(name)), uuid,
               OC_UUID_LEN);

    return NGX_OK;
}


/* A reason phrase is for people: what is not here has its class's. */

static const char *
ngx_http_office_config_reason(ngx_uint_t status)
{
    ngx_uint_t  i;

    static const struct {
        ngx_uint_t   status;
        const char  *reason;
    } reasons[] = {
        { 200, "OK" }, { 201, "Created" }, { 204, "No Content" },
        { 206, "Partial Content" }, { 304, "Not Modified" },
        { 400, "Bad Request" }, { 401, "Unauthorized" },
        { 403, "Forbidden" }, { 404, "Not Found" },
        { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
        { 409, "Conflict" }, { 412, "Precondition Failed" },
        { 413, "Content Too Large" }, { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
        { 424, "Failed Dependency" }, { 429, "Too Many Requests" },
        { 500, "Internal Server Error" }, { 501, "Not Implemented" },
        { 502, "Bad Gateway" }, { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" }
    };

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }

    return (status < 300) ? "OK" : (status < 400) ? "Redirection" : "Error";
}
