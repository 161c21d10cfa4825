
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_response.h"


typedef struct {
    ngx_str_t   name;
    ngx_str_t   value;
} ngx_http_office_config_line_t;


static ngx_uint_t ngx_http_office_config_part_drops(ngx_str_t *name);
static ngx_uint_t ngx_http_office_config_batch_keeps(ngx_str_t *name);
static ngx_uint_t ngx_http_office_config_one_of(const char *const *names,
    ngx_str_t *name);
static ngx_uint_t ngx_http_office_config_starts(ngx_str_t *name,
    const char *prefix);


/* what is of the batch's connection, or follows from the part itself */

static const char *const  ngx_http_office_config_of_connection[] = {
    "accept-encoding", "connection", "content-id", "content-length",
    "expect", "host", "http2-settings", "keep-alive", "te", "trailer",
    "transfer-encoding", "upgrade", NULL
};

/* headers of a response that are said of the batch's */

static const char *const  ngx_http_office_config_of_response[] = {
    "connection", "content-length", "date", "keep-alive", "server",
    "transfer-encoding", NULL
};

/* what the batch request says about itself, and not about its parts */

static const char *const  ngx_http_office_config_of_batch[] = {
    "accept", "prefer", "range", NULL
};


/*
 * Writes the part as a request: its request line, and its headers, among them
 * those of the batch that it does not give itself (OData 4.01 Protocol,
 * 11.7.2).  Both are in the pool.  NGX_OK; NGX_ABORT if they are larger than
 * nginx takes from a client: the part has been refused; NGX_ERROR if memory is
 * out.
 */

ngx_int_t
ngx_http_office_config_part_text(ngx_http_office_config_part_t *part,
    ngx_pool_t *pool, ngx_buf_t *line, ngx_buf_t *headers)
{
    u_char                         *p;
    size_t                          len, line_len, size;
    ngx_str_t                      *value, *etag;
    ngx_uint_t                      i, n;
    ngx_array_t                     lines;
    ngx_list_part_t                *list;
    ngx_table_elt_t                *header;
    oc_batch_item_t                *item;
    ngx_http_request_t             *pr;
    ngx_http_core_srv_conf_t       *cscf;
    ngx_http_office_config_line_t  *l;

    item = part->item;
    pr = part->batch->request;

    cscf = ngx_http_get_module_srv_conf(pr, ngx_http_core_module);

    if (ngx_array_init(&lines, pool, item->nheaders + 16,
                       sizeof(ngx_http_office_config_line_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < item->nheaders; i++) {

        if (ngx_http_office_config_part_drops(&item->headers[i].name)) {
            continue;
        }

        l = ngx_array_push(&lines);
        if (l == NULL) {
            return NGX_ERROR;
        }

        l->name = item->headers[i].name;
        l->value = item->headers[i].value;

        if (ngx_http_office_config_starts(&l->name, "if-")) {
            etag = ngx_http_office_config_part_etag(part, &l->value);

            if (etag) {
                l->value = *etag;
            }
        }
    }

    list = &pr->headers_in.headers.part;
    header = list->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= list->nelts) {
            if (list->next == NULL) {
                break;
            }

            list = list->next;
            header = list->elts;
            i = 0;
        }

        if (header[i].hash == 0
            || ngx_http_office_config_batch_keeps(&header[i].key)
            || oc_batch_header(item->headers, item->nheaders,
                               (const char *) header[i].key.data))
        {
            continue;
        }

        l = ngx_array_push(&lines);
        if (l == NULL) {
            return NGX_ERROR;
        }

        l->name = header[i].key;
        l->value = header[i].value;
    }

    value = pr->headers_in.host ? &pr->headers_in.host->value
                                : &pr->headers_in.server;

    l = lines.elts;
    n = lines.nelts;

    len = sizeof("Host: \r\n" "Content-Length: \r\n\r\n") - 1 + value->len
          + NGX_SIZE_T_LEN;

    size = cscf->large_client_header_buffers.size;

    for (i = 0; i < n; i++) {
        line_len = l[i].name.len + 2 + l[i].value.len + 2;

        if (line_len > size) {
            goto too_large;
        }

        len += line_len;
    }

    if (len > size * cscf->large_client_header_buffers.num) {
        goto too_large;
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(headers, sizeof(ngx_buf_t));

    headers->start = p;
    headers->pos = p;

    if (value->len) {
        p = ngx_sprintf(p, "Host: %V\r\n", value);
    }

    for (i = 0; i < n; i++) {
        p = ngx_sprintf(p, "%V: %V\r\n", &l[i].name, &l[i].value);
    }

    if (item->has_body) {
        p = ngx_sprintf(p, "Content-Length: %uz\r\n", item->body.len);
    }

    *p++ = CR;
    *p++ = LF;

    headers->last = p;
    headers->end = p;

    len = item->method.len + sizeof("  HTTP/1.1\r\n") - 1
          + part->target.len;

    if (len > size) {
        ngx_http_office_config_part_refuse(part,
                                           NGX_HTTP_REQUEST_URI_TOO_LARGE,
                                           NULL);
        return NGX_ABORT;
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(line, sizeof(ngx_buf_t));

    line->start = p;
    line->pos = p;

    p = ngx_sprintf(p, "%V %V HTTP/1.1\r\n", &item->method, &part->target);

    line->last = p;
    line->end = p;

    return NGX_OK;

too_large:

    ngx_http_office_config_part_refuse(part, NGX_HTTP_BAD_REQUEST,
                                       "The headers of the request are too "
                                       "large.");

    return NGX_ABORT;
}


/* Headers that a part may give, but that are not its own to say. */

static ngx_uint_t
ngx_http_office_config_part_drops(ngx_str_t *name)
{
    return ngx_http_office_config_one_of(ngx_http_office_config_of_connection,
                                         name)
           || ngx_http_office_config_starts(name, "proxy-");
}


/* Headers of the batch that its parts do not inherit. */

static ngx_uint_t
ngx_http_office_config_batch_keeps(ngx_str_t *name)
{
    return ngx_http_office_config_part_drops(name)
           || ngx_http_office_config_one_of(ngx_http_office_config_of_batch,
                                            name)
           || ngx_http_office_config_starts(name, "content-")
           || ngx_http_office_config_starts(name, "if-")
           || ngx_http_office_config_starts(name, "repeatability-");
}


/* Headers of a response that a part's does not need. */

ngx_uint_t
ngx_http_office_config_part_hides(ngx_str_t *name)
{
    return ngx_http_office_config_one_of(ngx_http_office_config_of_response,
                                         name);
}


static ngx_uint_t
ngx_http_office_config_one_of(const char *const *names, ngx_str_t *name)
{
    for ( /* void */ ; *names; names++) {
        if (oc_batch_like(name, *names)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_office_config_starts(ngx_str_t *name, const char *prefix)
{
    size_t  len;

    len = ngx_strlen(prefix);

    return name->len > len
           && ngx_strncasecmp(name->data, (u_char *) prefix, len) == 0;
}
