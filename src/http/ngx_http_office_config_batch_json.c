
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_response.h"
#include "oc_base64.h"
#include "oc_buf.h"
#include "oc_url.h"


/* what is being written: text that is not in the chain yet is in "text" */

typedef struct {
    ngx_http_office_config_batch_t  *batch;
    oc_buf_t                         text;
    ngx_chain_t                    **last;
    off_t                           *len;
} ngx_http_office_config_output_t;


static ngx_int_t ngx_http_office_config_output_part(
    ngx_http_office_config_output_t *output,
    ngx_http_office_config_part_t *part);
static void ngx_http_office_config_output_headers(
    ngx_http_office_config_output_t *output,
    ngx_http_office_config_part_t *part);
static void ngx_http_office_config_output_header(oc_buf_t *text,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_office_config_output_body(
    ngx_http_office_config_output_t *output,
    ngx_http_office_config_part_t *part);
static ngx_uint_t ngx_http_office_config_output_is_json(
    ngx_http_office_config_part_t *part);
static ngx_int_t ngx_http_office_config_output_base64(
    ngx_http_office_config_output_t *output,
    ngx_http_office_config_part_t *part);
static ngx_int_t ngx_http_office_config_output_flush(
    ngx_http_office_config_output_t *output);


/*
 * The response to a JSON batch (OData JSON Format 4.01, 19.2), in the order
 * of the requests.
 */

ngx_int_t
ngx_http_office_config_batch_json(ngx_http_office_config_batch_t *batch,
    ngx_chain_t **out, off_t *len)
{
    ngx_uint_t                        i;
    ngx_http_office_config_output_t   output;

    output.batch = batch;
    output.last = out;
    output.len = len;

    *out = NULL;
    *len = 0;

    oc_buf_init(&output.text, &batch->arena, 4096);

    oc_buf_literal(&output.text, "{\"responses\":[");

    for (i = 0; i < batch->parsed.nitems; i++) {

        if (i) {
            oc_buf_char(&output.text, ',');
        }

        if (ngx_http_office_config_output_part(&output, &batch->parts[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    oc_buf_literal(&output.text, "]}");

    return ngx_http_office_config_output_flush(&output);
}


static ngx_int_t
ngx_http_office_config_output_part(ngx_http_office_config_output_t *output,
    ngx_http_office_config_part_t *part)
{
    oc_buf_t         *text;
    oc_batch_item_t  *item;

    if (part->state == NGX_HTTP_OFFICE_CONFIG_PART_OMITTED) {
        ngx_http_office_config_part_refuse(part, 424, NULL);
    }

    text = &output->text;
    item = part->item;

    oc_buf_literal(text, "{\"id\":");
    oc_buf_json_string(text, item->id.data, item->id.len);

    if (item->group_name.len
        && oc_utf8_printable(item->group_name.data, item->group_name.len)
           == NGX_OK)
    {
        oc_buf_literal(text, ",\"atomicityGroup\":");
        oc_buf_json_string(text, item->group_name.data, item->group_name.len);
    }

    oc_buf_literal(text, ",\"status\":");
    oc_buf_int(text, part->status);

    ngx_http_office_config_output_headers(output, part);

    if (part->len
        && ngx_http_office_config_output_body(output, part) != NGX_OK)
    {
        return NGX_ERROR;
    }

    oc_buf_char(&output->text, '}');

    return NGX_OK;
}


/* Several headers of a name are one member. */

static void
ngx_http_office_config_output_headers(ngx_http_office_config_output_t *output,
    ngx_http_office_config_part_t *part)
{
    oc_buf_t           *text;
    ngx_str_t           joined;
    ngx_uint_t          i, j, n;
    oc_batch_header_t  *h;

    text = &output->text;

    oc_buf_literal(text, ",\"headers\":{");

    for (i = 0, n = 0; i < part->nheaders; i++) {
        h = &part->headers[i];

        if (h->name.len == 0) {
            continue;
        }

        joined = h->value;

        for (j = i + 1; j < part->nheaders; j++) {

            if (part->headers[j].name.len == 0
                || !oc_batch_same(&h->name, &part->headers[j].name))
            {
                continue;
            }

            joined.data = oc_arena_alloc(&part->batch->arena,
                                         joined.len + 2
                                         + part->headers[j].value.len);
            if (joined.data == NULL) {
                text->failed = 1;
                return;
            }

            joined.len = ngx_sprintf(joined.data, "%V, %V", &h->value,
                                     &part->headers[j].value)
                         - joined.data;

            h->value = joined;
            part->headers[j].name.len = 0;
        }

        if (n++) {
            oc_buf_char(text, ',');
        }

        ngx_http_office_config_output_header(text, &h->name, &joined);
    }

    oc_buf_char(text, '}');
}


/* A value that is no text is told as far as it is. */

static void
ngx_http_office_config_output_header(oc_buf_t *text, ngx_str_t *name,
    ngx_str_t *value)
{
    size_t  i;

    oc_buf_json_string(text, name->data, name->len);
    oc_buf_char(text, ':');

    if (oc_utf8_printable(value->data, value->len) != NGX_OK) {
        for (i = 0; i < value->len; i++) {
            if (value->data[i] >= 0x7f) {
                value->data[i] = '?';
            }
        }
    }

    oc_buf_json_string(text, value->data, value->len);
}


static ngx_int_t
ngx_http_office_config_output_body(ngx_http_office_config_output_t *output,
    ngx_http_office_config_part_t *part)
{
    ngx_chain_t  *cl;

    oc_buf_literal(&output->text, ",\"body\":");

    if (!ngx_http_office_config_output_is_json(part)) {
        return ngx_http_office_config_output_base64(output, part);
    }

    if (ngx_http_office_config_output_flush(output) != NGX_OK) {
        return NGX_ERROR;
    }

    for (cl = part->body; cl; cl = cl->next) {
        if (ngx_http_office_config_append(output->batch->request,
                                          &output->last, cl->buf->pos,
                                          cl->buf->last - cl->buf->pos,
                                          output->len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Whether the body can be put into the response as it is.  What the module
 * has rendered can; what only says that it is JSON, such as a stream that a
 * client has stored, is looked at.
 */

static ngx_uint_t
ngx_http_office_config_output_is_json(ngx_http_office_config_part_t *part)
{
    u_char       *p, *copy;
    ngx_str_t    *type, media;
    ngx_chain_t  *cl;

    if (part->rendered && !part->headed) {
        return 1;
    }

    type = oc_batch_header(part->headers, part->nheaders, "content-type");

    if (type == NULL) {
        return 0;
    }

    oc_batch_media(type, &media);

    if (!oc_batch_like(&media, "application/json")
        || oc_batch_header(part->headers, part->nheaders, "content-encoding"))
    {
        return 0;
    }

    if (part->rendered) {
        return 1;
    }

    cl = part->body;

    if (cl->next == NULL) {
        return oc_batch_is_json(cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    copy = oc_arena_alloc(&part->batch->arena, part->len);
    if (copy == NULL) {
        return 0;
    }

    p = copy;

    for ( /* void */ ; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    return oc_batch_is_json(copy, part->len);
}


static ngx_int_t
ngx_http_office_config_output_base64(ngx_http_office_config_output_t *output,
    ngx_http_office_config_part_t *part)
{
    size_t        len;
    u_char       *p;
    oc_base64_t   encoder;
    ngx_chain_t  *cl;

    len = 2 + oc_base64url_len(part->len);

    p = oc_arena_alloc(&output->batch->arena, len);

    if (p == NULL || ngx_http_office_config_output_flush(output) != NGX_OK) {
        return NGX_ERROR;
    }

    p[0] = '"';
    p[len - 1] = '"';

    oc_base64url_init(&encoder, p + 1);

    for (cl = part->body; cl; cl = cl->next) {
        oc_base64url_update(&encoder, cl->buf->pos,
                            cl->buf->last - cl->buf->pos);
    }

    oc_base64url_final(&encoder);

    return ngx_http_office_config_append(output->batch->request,
                                         &output->last, p, len, output->len);
}


/* What has been written goes into the chain; there is a new buffer then. */

static ngx_int_t
ngx_http_office_config_output_flush(ngx_http_office_config_output_t *output)
{
    oc_buf_t  *text;

    text = &output->text;

    if (text->failed
        || ngx_http_office_config_append(output->batch->request,
                                         &output->last, text->start,
                                         oc_buf_len(text), output->len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    text->start = text->last;

    return NGX_OK;
}
