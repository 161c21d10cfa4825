
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_body.h"

#include <zlib.h>


#define NGX_HTTP_OFFICE_CONFIG_FILE_CHUNK  65536


typedef struct {
    ngx_pool_t          *pool;        /* outlives r->pool at its end */
    z_stream             stream;
    ngx_str_t           *out;
    size_t               size;        /* of out->data */
    size_t               limit;       /* 0: none */
    unsigned             begun:1;     /* within a gzip member */
} ngx_http_office_config_inflate_t;


static ngx_int_t ngx_http_office_config_copy(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_office_config_gunzip(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_int_t ngx_http_office_config_inflate(
    ngx_http_office_config_inflate_t *inf, u_char *p, size_t len);
static ngx_int_t ngx_http_office_config_inflate_grow(
    ngx_http_office_config_inflate_t *inf);
static void ngx_http_office_config_inflate_cleanup(void *data);
static void *ngx_http_office_config_zalloc(void *opaque, u_int items,
    u_int size);
static void ngx_http_office_config_zfree(void *opaque, void *address);


/*
 * Whether the request's Content-Encoding is understood: none, identity or
 * gzip.  NGX_DECLINED if not.
 */

ngx_int_t
ngx_http_office_config_body_encoding(ngx_http_office_config_ctx_t *ctx,
    ngx_uint_t *gzip)
{
    ngx_str_t  *encoding;

    encoding = &ctx->headers.content_encoding;

    *gzip = 0;

    if (encoding->len == 0
        || (encoding->len == 8
            && ngx_strncasecmp(encoding->data, (u_char *) "identity", 8) == 0))
    {
        return NGX_OK;
    }

    if ((encoding->len == 4
         && ngx_strncasecmp(encoding->data, (u_char *) "gzip", 4) == 0)
        || (encoding->len == 6
            && ngx_strncasecmp(encoding->data, (u_char *) "x-gzip", 6) == 0))
    {
        *gzip = 1;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/*
 * The request's body, which nginx has read, as one piece of memory that lives
 * as long as the request; inflated if it is gzip-encoded.
 *
 * NGX_OK; NGX_HTTP_BAD_REQUEST if the encoding is broken;
 * NGX_HTTP_REQUEST_ENTITY_TOO_LARGE if it inflates to more than
 * client_max_body_size; NGX_ERROR if memory is out or a file cannot be read.
 */

ngx_int_t
ngx_http_office_config_body(ngx_http_request_t *r, ngx_uint_t gzip,
    ngx_str_t *body)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    ngx_str_null(body);

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    if (gzip) {
        return ngx_http_office_config_gunzip(r, body);
    }

    cl = r->request_body->bufs;
    b = cl->buf;

    if (cl->next == NULL && ngx_buf_in_memory(b)) {
        body->data = b->pos;
        body->len = b->last - b->pos;
        return NGX_OK;
    }

    return ngx_http_office_config_copy(r, body);
}


static ngx_int_t
ngx_http_office_config_copy(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char       *p;
    size_t        len, size;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    len = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    body->len = len;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;
        size = ngx_buf_size(b);

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, size);
            continue;
        }

        while (size) {
            n = ngx_read_file(b->file, p, size, b->file_last - size);

            if (n <= 0) {
                return NGX_ERROR;
            }

            p += n;
            size -= n;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_gunzip(ngx_http_request_t *r, ngx_str_t *body)
{
    off_t                              offset;
    u_char                            *chunk;
    ssize_t                            n;
    ngx_int_t                          rc;
    ngx_buf_t                         *b;
    ngx_chain_t                       *cl;
    ngx_pool_cleanup_t                *cln;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_office_config_inflate_t  *inf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_office_config_inflate_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    inf = cln->data;
    ngx_memzero(inf, sizeof(ngx_http_office_config_inflate_t));

    inf->pool = r->pool;
    inf->out = body;
    inf->limit = clcf->client_max_body_size;

    inf->stream.zalloc = ngx_http_office_config_zalloc;
    inf->stream.zfree = ngx_http_office_config_zfree;
    inf->stream.opaque = inf;

    /* 16: a gzip header and trailer, which is checked, and nothing else */

    if (inflateInit2(&inf->stream, MAX_WBITS + 16) != Z_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_office_config_inflate_cleanup;

    chunk = NULL;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            rc = ngx_http_office_config_inflate(inf, b->pos, b->last - b->pos);

            if (rc != NGX_OK) {
                return rc;
            }

            continue;
        }

        if (chunk == NULL) {
            chunk = ngx_palloc(r->pool, NGX_HTTP_OFFICE_CONFIG_FILE_CHUNK);
            if (chunk == NULL) {
                return NGX_ERROR;
            }
        }

        for (offset = b->file_pos; offset < b->file_last; offset += n) {

            n = ngx_read_file(b->file, chunk,
                              ngx_min(b->file_last - offset,
                                      NGX_HTTP_OFFICE_CONFIG_FILE_CHUNK),
                              offset);
            if (n <= 0) {
                return NGX_ERROR;
            }

            rc = ngx_http_office_config_inflate(inf, chunk, n);

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    ngx_http_office_config_inflate_cleanup(inf);

    /* a body that ends within a member is cut off */

    return inf->begun ? NGX_HTTP_BAD_REQUEST : NGX_OK;
}


/* Inflates the next bytes; members may follow one another (RFC 1952, 2.2). */

static ngx_int_t
ngx_http_office_config_inflate(ngx_http_office_config_inflate_t *inf,
    u_char *p, size_t len)
{
    int        rc;
    size_t     before;
    z_stream  *stream;

    stream = &inf->stream;

    stream->next_in = p;
    stream->avail_in = (uInt) len;

    do {
        if (inf->out->len == inf->size
            && ngx_http_office_config_inflate_grow(inf) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (stream->avail_in) {
            inf->begun = 1;
        }

        before = inf->size - inf->out->len;

        stream->next_out = inf->out->data + inf->out->len;
        stream->avail_out = (uInt) before;

        rc = inflate(stream, Z_NO_FLUSH);

        inf->out->len += before - stream->avail_out;

        if (inf->limit && inf->out->len > inf->limit) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        if (rc == Z_STREAM_END) {
            inf->begun = 0;

            if (inflateReset(stream) != Z_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (rc == Z_MEM_ERROR) {
            return NGX_ERROR;
        }

        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return NGX_HTTP_BAD_REQUEST;
        }

    } while (stream->avail_in || stream->avail_out == 0);

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_inflate_grow(ngx_http_office_config_inflate_t *inf)
{
    u_char  *p;
    size_t   size;

    size = inf->size ? inf->size * 2 : 16384;

    if (inf->limit) {

        /* one byte more than allowed, to see that there is one */

        size = ngx_min(size, inf->limit + 1);
    }

    p = ngx_palloc(inf->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (inf->size) {
        ngx_memcpy(p, inf->out->data, inf->out->len);
        (void) ngx_pfree(inf->pool, inf->out->data);
    }

    inf->out->data = p;
    inf->size = size;

    return NGX_OK;
}


static void
ngx_http_office_config_inflate_cleanup(void *data)
{
    ngx_http_office_config_inflate_t *inf = data;

    if (inf->stream.state) {
        (void) inflateEnd(&inf->stream);
        inf->stream.state = NULL;
    }
}


static void *
ngx_http_office_config_zalloc(void *opaque, u_int items, u_int size)
{
    ngx_http_office_config_inflate_t *inf = opaque;

    return ngx_palloc(inf->pool, (size_t) items * size);
}


static void
ngx_http_office_config_zfree(void *opaque, void *address)
{
    ngx_http_office_config_inflate_t *inf = opaque;

    (void) ngx_pfree(inf->pool, address);
}
