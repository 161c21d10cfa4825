
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_batch.h"


/*
 * A request of a batch is a request like any other, on a connection of its
 * own that leads nowhere: so it goes through every phase, where a subrequest
 * would skip those that limit and allow, and what a module keeps for each
 * request is its own.  The connection is a real one, with a descriptor that
 * is never ready and never waited for; what is written to it is kept.
 */


typedef struct {
    ngx_http_connection_t           http;
    ngx_http_office_config_part_t  *part;
} ngx_http_office_config_part_connection_t;


static ngx_connection_t *ngx_http_office_config_part_connect(
    ngx_http_office_config_part_t *part);
static void ngx_http_office_config_part_close(ngx_connection_t *c);
static ngx_int_t ngx_http_office_config_part_address(ngx_connection_t *c,
    ngx_connection_t *pc);
static ngx_http_request_t *ngx_http_office_config_part_request(
    ngx_http_office_config_part_t *part, ngx_connection_t *c,
    ngx_buf_t *line);
static void ngx_http_office_config_part_process(
    ngx_http_office_config_part_t *part, ngx_http_request_t *r,
    ngx_buf_t *line, ngx_buf_t *headers);
static ngx_int_t ngx_http_office_config_part_headers(ngx_http_request_t *r,
    ngx_buf_t *b);
static void ngx_http_office_config_part_done(void *data);
static void ngx_http_office_config_part_read(
    ngx_http_office_config_part_t *part);
static ngx_chain_t *ngx_http_office_config_part_send(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);
static ngx_int_t ngx_http_office_config_part_head(
    ngx_http_office_config_part_t *part, ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_part_keep(
    ngx_http_office_config_part_t *part, ngx_buf_t *b);
static ssize_t ngx_http_office_config_part_send_one(ngx_connection_t *c,
    u_char *buf, size_t size);
static ssize_t ngx_http_office_config_part_recv(ngx_connection_t *c,
    u_char *buf, size_t size);
static ssize_t ngx_http_office_config_part_recv_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);


/*
 * Starts a part that has a target.  NGX_OK if it runs, or is over already;
 * NGX_DECLINED if there is no connection or memory for it.
 */

ngx_int_t
ngx_http_office_config_part_start(ngx_http_office_config_part_t *part)
{
    ngx_int_t            rc;
    ngx_buf_t            line, headers;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ngx_http_office_config_part_connect(part);
    if (c == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_http_office_config_part_text(part, c->pool, &line, &headers);

    if (rc != NGX_OK) {
        ngx_http_office_config_part_close(c);
        return (rc == NGX_ABORT) ? NGX_OK : NGX_DECLINED;
    }

    r = ngx_http_office_config_part_request(part, c, &line);
    if (r == NULL) {
        ngx_http_office_config_part_close(c);
        return NGX_DECLINED;
    }

    part->request = r;
    part->state = NGX_HTTP_OFFICE_CONFIG_PART_RUNNING;

    ngx_http_office_config_part_process(part, r, &line, &headers);

    ngx_http_run_posted_requests(c);

    return NGX_OK;
}


static ngx_connection_t *
ngx_http_office_config_part_connect(ngx_http_office_config_part_t *part)
{
    ngx_log_t                                 *log;
    ngx_pool_t                                *pool;
    ngx_socket_t                               s;
    ngx_connection_t                          *c, *pc;
    ngx_http_request_t                        *pr;
    ngx_http_log_ctx_t                        *lctx;
    ngx_http_core_srv_conf_t                  *cscf;
    ngx_http_office_config_part_connection_t  *hc;

    pr = part->batch->request;
    pc = pr->connection;

    cscf = ngx_http_get_module_srv_conf(pr, ngx_http_core_module);

    /* nothing can be sent to a datagram socket that has no name */

    s = ngx_socket(AF_UNIX, SOCK_DGRAM, 0);

    if (s == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_ALERT, pc->log, ngx_socket_errno,
                      ngx_socket_n " failed");
        return NULL;
    }

    if (ngx_nonblocking(s) == -1) {
        ngx_log_error(NGX_LOG_ALERT, pc->log, ngx_socket_errno,
                      ngx_nonblocking_n " failed");
        goto failed;
    }

    c = ngx_get_connection(s, pc->log);
    if (c == NULL) {
        goto failed;
    }

    pool = ngx_create_pool(cscf->connection_pool_size, pc->log);
    if (pool == NULL) {
        ngx_close_connection(c);
        return NULL;
    }

    log = ngx_palloc(pool, sizeof(ngx_log_t));
    lctx = ngx_pcalloc(pool, sizeof(ngx_http_log_ctx_t));
    hc = ngx_pcalloc(pool, sizeof(ngx_http_office_config_part_connection_t));

    c->pool = pool;

    if (log == NULL || lctx == NULL || hc == NULL
        || ngx_http_office_config_part_address(c, pc) != NGX_OK)
    {
        ngx_close_connection(c);
        ngx_destroy_pool(pool);
        return NULL;
    }

    lctx->connection = c;

    *log = *pc->log;
    log->data = lctx;
    log->action = "processing a request of a batch";

    pool->log = log;

    hc->http = *pr->http_connection;
    hc->http.busy = NULL;
    hc->http.nbusy = 0;
    hc->http.free = NULL;
    hc->part = part;

    c->data = hc;
    c->log = log;
    c->read->log = log;
    c->write->log = log;

    /* ready for ever: nginx does not wait for them then */

    c->read->ready = 1;
    c->write->ready = 1;

    /* there is nobody to linger for */

    c->read->eof = 1;

    c->read->handler = ngx_http_empty_handler;
    c->write->handler = ngx_http_empty_handler;

    c->recv = ngx_http_office_config_part_recv;
    c->send = ngx_http_office_config_part_send_one;
    c->recv_chain = ngx_http_office_config_part_recv_chain;
    c->send_chain = ngx_http_office_config_part_send;

    c->listening = pc->listening;
    c->type = pc->type;
    c->log_error = pc->log_error;
    c->proxy_protocol = pc->proxy_protocol;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->start_time = ngx_current_msec;
    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;

#if (NGX_HTTP_SSL)
    c->ssl = pc->ssl;
#endif

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif

    return c;

failed:

    if (ngx_close_socket(s) == -1) {
        ngx_log_error(NGX_LOG_ALERT, pc->log, ngx_socket_errno,
                      ngx_close_socket_n " failed");
    }

    return NULL;
}


/* Closes a connection that has got no request. */

static void
ngx_http_office_config_part_close(ngx_connection_t *c)
{
#if (NGX_HTTP_SSL)
    c->ssl = NULL;
#endif

    ngx_http_close_connection(c);
}


/* The client's address, and the one that it has connected to. */

static ngx_int_t
ngx_http_office_config_part_address(ngx_connection_t *c, ngx_connection_t *pc)
{
    if (ngx_connection_local_sockaddr(pc, NULL, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    c->sockaddr = ngx_palloc(c->pool, pc->socklen);
    c->local_sockaddr = ngx_palloc(c->pool, pc->local_socklen);
    c->addr_text.data = ngx_pnalloc(c->pool, pc->addr_text.len + 1);

    if (c->sockaddr == NULL || c->local_sockaddr == NULL
        || c->addr_text.data == NULL)
    {
        return NGX_ERROR;
    }

    c->socklen = pc->socklen;
    ngx_memcpy(c->sockaddr, pc->sockaddr, pc->socklen);

    c->local_socklen = pc->local_socklen;
    ngx_memcpy(c->local_sockaddr, pc->local_sockaddr, pc->local_socklen);

    c->addr_text.len = pc->addr_text.len;
    ngx_memcpy(c->addr_text.data, pc->addr_text.data, pc->addr_text.len);

    return NGX_OK;
}


static ngx_http_request_t *
ngx_http_office_config_part_request(ngx_http_office_config_part_t *part,
    ngx_connection_t *c, ngx_buf_t *line)
{
    ngx_buf_t           *b;
    ngx_pool_cleanup_t  *cln;
    ngx_http_request_t  *r;

    r = ngx_http_create_request(c);
    if (r == NULL) {
        return NULL;
    }

    c->data = r;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    b = ngx_calloc_buf(r->pool);

    if (cln == NULL || b == NULL
        || ngx_list_init(&r->headers_in.headers, r->pool, 20,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        r->logged = 1;
        ngx_http_free_request(r, 0);
        return NULL;
    }

    /* the body has been read already, with that of the batch */

    if (part->item->has_body) {
        b->start = part->item->body.data;
        b->pos = b->start;
        b->last = b->start + part->item->body.len;
        b->end = b->last;
        b->temporary = 1;
    }

    r->header_in = b;

    /* what is sent is kept, and files with it */

    r->main_filter_need_in_memory = 1;

    /* and it is the batch's response that goes to a client, at its rate */

    r->limit_rate_set = 1;

    cln->handler = ngx_http_office_config_part_done;
    cln->data = part;

    return r;
}


/* As nginx does with what it has read from a client. */

static void
ngx_http_office_config_part_process(ngx_http_office_config_part_t *part,
    ngx_http_request_t *r, ngx_buf_t *line, ngx_buf_t *headers)
{
    size_t  size;

    size = line->last - line->pos;

    if (ngx_http_parse_request_line(r, line) != NGX_OK) {
        r->uri.len = 0;
        ngx_http_finalize_request(r, NGX_HTTP_BAD_REQUEST);
        return;
    }

    r->request_line.len = r->request_end - r->request_start;
    r->request_line.data = r->request_start;
    r->request_length = size;

    r->method_name.len = r->method_end - r->request_start + 1;
    r->method_name.data = r->request_line.data;

    if (r->http_protocol.data) {
        r->http_protocol.len = r->request_end - r->http_protocol.data;
    }

    /* responses are not to be chunked */

    r->http_version = NGX_HTTP_VERSION_10;
    r->headers_in.connection_type = NGX_HTTP_CONNECTION_CLOSE;

    if (ngx_http_process_request_uri(r) != NGX_OK) {
        return;
    }

    if (ngx_http_office_config_part_headers(r, headers) != NGX_OK
        || ngx_http_process_request_header(r) != NGX_OK)
    {
        return;
    }

    ngx_http_process_request(r);
}


/* NGX_ERROR: the request has been finalized. */

static ngx_int_t
ngx_http_office_config_part_headers(ngx_http_request_t *r, ngx_buf_t *b)
{
    u_char                     *start;
    ngx_int_t                   rc;
    ngx_table_elt_t            *h;
    ngx_http_header_t          *hh;
    ngx_http_core_srv_conf_t   *cscf;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    r->state = 0;

    for ( ;; ) {

        /* the Host header may have changed the server */

        cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

        start = b->pos;

        rc = ngx_http_parse_header_line(r, b, cscf->underscores_in_headers);

        r->request_length += b->pos - start;

        if (rc == NGX_HTTP_PARSE_HEADER_DONE) {
            return NGX_OK;
        }

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, NGX_HTTP_BAD_REQUEST);
            return NGX_ERROR;
        }

        if (r->invalid_header && cscf->ignore_invalid_headers) {
            continue;
        }

        h = ngx_list_push(&r->headers_in.headers);

        if (h == NULL) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return NGX_ERROR;
        }

        h->hash = r->header_hash;

#if (nginx_version >= 1023000)
        h->next = NULL;
#endif

        h->key.len = r->header_name_end - r->header_name_start;
        h->key.data = r->header_name_start;
        h->key.data[h->key.len] = '\0';

        h->value.len = r->header_end - r->header_start;
        h->value.data = r->header_start;
        h->value.data[h->value.len] = '\0';

        h->lowcase_key = ngx_pnalloc(r->pool, h->key.len);

        if (h->lowcase_key == NULL) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return NGX_ERROR;
        }

        ngx_strlow(h->lowcase_key, h->key.data, h->key.len);

        hh = ngx_hash_find(&cmcf->headers_in_hash, h->hash, h->lowcase_key,
                           h->key.len);

        if (hh && hh->handler(r, h, hh->offset) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


/* The request is over, and its connection about to be closed. */

static void
ngx_http_office_config_part_done(void *data)
{
    ngx_http_office_config_part_t *part = data;

#if (NGX_HTTP_SSL)

    /* that is the batch's own */

    part->request->connection->ssl = NULL;
#endif

    part->request = NULL;

    if (!part->headed || part->head_left) {
        ngx_http_office_config_part_refuse(part,
                                           NGX_HTTP_INTERNAL_SERVER_ERROR,
                                           NULL);

    } else if (part->overflow) {
        ngx_http_office_config_part_refuse(part,
                                           NGX_HTTP_INTERNAL_SERVER_ERROR,
                                           "The responses are too large for "
                                           "one batch.");

    } else {
        ngx_http_office_config_part_read(part);
    }

    part->state = NGX_HTTP_OFFICE_CONFIG_PART_DONE;

    ngx_http_office_config_batch_wake(part->batch);
}


/* Reads the header as nginx has written it, without what is nginx's own. */

static void
ngx_http_office_config_part_read(ngx_http_office_config_part_t *part)
{
    u_char             *p, *last;
    ngx_str_t           line;
    ngx_uint_t          i, n;
    oc_batch_header_t  *h;

    p = part->head.data;
    last = p + part->head.len;

    (void) oc_batch_line(&p, last, &line);

    if (oc_batch_headers(&p, last, &h, &n, &part->batch->arena) != NGX_OK) {
        return;
    }

    part->headers = h;

    for (i = 0; i < n; i++) {
        if (!ngx_http_office_config_part_hides(&h[i].name)) {
            part->headers[part->nheaders++] = h[i];
        }
    }
}


/*
 * The batch is no longer there: ends a part that is.  One that nginx cannot
 * end yet, since a thread reads a file for it, keeps nothing of the batch's.
 */

void
ngx_http_office_config_part_abort(ngx_http_office_config_part_t *part)
{
    ngx_connection_t              *c;
    ngx_pool_cleanup_t            *cln;
    ngx_http_request_t            *r;
    ngx_http_office_config_ctx_t  *ctx;

    r = part->request;

    if (r == NULL) {
        return;
    }

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);

    ngx_http_run_posted_requests(c);

    if (part->request == NULL) {
        return;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_office_config_part_done) {
            cln->handler = NULL;
        }
    }

    if (r->request_body) {
        r->request_body->bufs = NULL;
    }

    r->header_in->pos = r->header_in->last;

    c->proxy_protocol = NULL;

#if (NGX_HTTP_SSL)
    c->ssl = NULL;
#endif

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    if (ctx) {
        ctx->call.group = NULL;
        ctx->call.grouped = 0;
    }

    ((ngx_http_office_config_part_connection_t *) r->http_connection)->part
        = NULL;

    part->request = NULL;
}


/* The part that a request is, or one that it is a subrequest of; or NULL. */

ngx_http_office_config_part_t *
ngx_http_office_config_part(ngx_http_request_t *r)
{
    ngx_http_office_config_part_connection_t  *hc;

    if (r->connection->send_chain != ngx_http_office_config_part_send) {
        return NULL;
    }

    hc = (ngx_http_office_config_part_connection_t *)
             r->main->http_connection;

    return hc->part;
}


/* Takes all that is sent: the header first, the body behind it. */

static ngx_chain_t *
ngx_http_office_config_part_send(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    off_t                           size;
    ngx_http_request_t             *r;
    ngx_http_office_config_part_t  *part;

    r = c->data;
    r = r->main;

    part = ngx_http_office_config_part(r);

    if (part == NULL) {
        return NGX_CHAIN_ERROR;
    }

    if (!part->headed
        && ngx_http_office_config_part_head(part, r) != NGX_OK)
    {
        return NGX_CHAIN_ERROR;
    }

    for ( /* void */ ; in; in = in->next) {

        size = ngx_buf_size(in->buf);

        if (size == 0) {
            continue;
        }

        if (ngx_http_office_config_part_keep(part, in->buf) != NGX_OK) {
            return NGX_CHAIN_ERROR;
        }

        c->sent += size;

        /* it has gone: what has filled the buffer may fill it again */

        if (ngx_buf_in_memory(in->buf)) {
            in->buf->pos = in->buf->last;
        }

        if (in->buf->in_file) {
            in->buf->file_pos = in->buf->file_last;
        }
    }

    return NULL;
}


/* The first bytes are those of the header, whose length is known. */

static ngx_int_t
ngx_http_office_config_part_head(ngx_http_office_config_part_t *part,
    ngx_http_request_t *r)
{
    ngx_http_office_config_ctx_t  *ctx;

    part->head.data = ngx_pnalloc(part->batch->request->pool,
                                  r->header_size + 1);
    if (part->head.data == NULL) {
        return NGX_ERROR;
    }

    part->head_left = r->header_size;
    part->last = &part->body;

    part->headed = 1;
    part->status = r->headers_out.status;

    /* what a client has stored may say that it is JSON */

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    part->rendered = (ctx && ctx->answered && !ctx->typed);

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_part_keep(ngx_http_office_config_part_t *part,
    ngx_buf_t *b)
{
    u_char       *p, *copy;
    size_t        len, size;
    ssize_t       n;
    ngx_buf_t    *kept;
    ngx_pool_t   *pool;
    ngx_chain_t  *cl;

    p = b->pos;
    len = ngx_buf_size(b);

    if (part->head_left && ngx_buf_in_memory(b)) {
        size = ngx_min(len, part->head_left);

        ngx_memcpy(part->head.data + part->head.len, p, size);

        part->head.len += size;
        part->head_left -= size;

        p += size;
        len -= size;

        if (len == 0) {
            return NGX_OK;
        }
    }

    if (part->overflow
        || len > NGX_HTTP_OFFICE_CONFIG_BATCH_MAX_BYTES - part->batch->bytes)
    {
        part->overflow = 1;
        return NGX_OK;
    }

    pool = part->batch->request->pool;

    copy = ngx_pnalloc(pool, len);
    kept = ngx_calloc_buf(pool);
    cl = ngx_alloc_chain_link(pool);

    if (copy == NULL || kept == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    if (ngx_buf_in_memory(b)) {
        ngx_memcpy(copy, p, len);

    } else {
        n = ngx_read_file(b->file, copy, len, b->file_pos);

        if (n != (ssize_t) len) {
            return NGX_ERROR;
        }
    }

    kept->start = copy;
    kept->pos = copy;
    kept->last = copy + len;
    kept->end = kept->last;
    kept->memory = 1;

    cl->buf = kept;
    cl->next = NULL;

    *part->last = cl;
    part->last = &cl->next;

    part->len += len;
    part->batch->bytes += len;

    return NGX_OK;
}


static ssize_t
ngx_http_office_config_part_send_one(ngx_connection_t *c, u_char *buf,
    size_t size)
{
    return NGX_ERROR;
}


static ssize_t
ngx_http_office_config_part_recv(ngx_connection_t *c, u_char *buf,
    size_t size)
{
    return NGX_AGAIN;
}


static ssize_t
ngx_http_office_config_part_recv_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    return NGX_AGAIN;
}
