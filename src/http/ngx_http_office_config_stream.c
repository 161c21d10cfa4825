
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_body.h"
#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "oc_base64.h"
#include "oc_span.h"


#define NGX_HTTP_OFFICE_CONFIG_OCTETS     "application/octet-stream"

#define NGX_HTTP_OFFICE_CONFIG_MAX_MEDIA  256

/* what is read of a file before other events have their turn */

#define NGX_HTTP_OFFICE_CONFIG_PIECE      65536


/* a body on its way into a command */

typedef struct {
    ngx_http_request_t  *request;
    ngx_chain_t         *in;
    off_t                pos;         /* in the file of the first buffer */
    oc_base64_t          encoder;
    u_char              *piece;
    u_char              *last;        /* where the closing quote goes */
    ngx_event_t          event;
} ngx_http_office_config_upload_t;


static ngx_int_t ngx_http_office_config_got_stream(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_send_stream(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_stream_headers(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_int_t *rc);
static void ngx_http_office_config_stream_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_stream_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_stream_prepare(
    ngx_http_office_config_ctx_t *ctx, size_t len, ngx_str_t *room);
static ngx_int_t ngx_http_office_config_stream_encode(
    ngx_http_office_config_upload_t *upload);
static void ngx_http_office_config_stream_event(ngx_event_t *ev);
static void ngx_http_office_config_stream_cleanup(void *data);
static ngx_int_t ngx_http_office_config_stream_written(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);


/*
 * GET of a stream (api.md, 5): the bytes that its base64 stands for, or those
 * of the string.
 */

ngx_int_t
ngx_http_office_config_stream_get(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_got_stream);

    rc = oc_store_property(&ctx->call, &ctx->route.id, 0,
                          &ctx->route.property->name, NULL);

    return ngx_http_office_config_called(r, rc);
}


static ngx_int_t
ngx_http_office_config_got_stream(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ngx_http_office_config_strong_etag(r, &ctx->call.etag) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_office_config_check_etag(r, &ctx->call.etag);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_office_config_send_stream(r, ctx);
}


static ngx_int_t
ngx_http_office_config_send_stream(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    off_t             total;
    size_t            len;
    u_char           *p;
    ngx_str_t         type, value;
    ngx_chain_t      *out, **last;
    oc_store_call_t  *call;

    call = &ctx->call;

    p = call->json.data;

    if (*p != '"') {
        return ngx_http_office_config_send_nothing(r, ctx);
    }

    /* both are done in place: neither makes it longer */

    p++;
    len = oc_span_unescape(p, call->json.len - 2);
    len = oc_base64_decode(p, len);

    out = NULL;
    total = 0;
    last = &out;

    if (ngx_http_office_config_append(r, &last, p, len, &total) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    type = call->media;

    if (type.len == 0) {
        ngx_str_set(&type, NGX_HTTP_OFFICE_CONFIG_OCTETS);
    }

    ngx_http_office_config_media_type(r, ctx, &type);

    /* a browser is not to make something else of it */

    ngx_str_set(&value, "nosniff");

    if (ngx_http_office_config_add_header(r, "X-Content-Type-Options", &value)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->allow_ranges = 1;

    return ngx_http_office_config_send(r, NGX_HTTP_OK, out, total);
}


/* PUT of a stream: bytes of any media type, which nobody looks into. */

ngx_int_t
ngx_http_office_config_stream_put(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ngx_http_office_config_stream_headers(r, ctx, &rc) != NGX_OK) {
        return rc;
    }

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_office_config_stream_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* NGX_OK, or NGX_DECLINED with "rc" for the request to be finalized with. */

static ngx_int_t
ngx_http_office_config_stream_headers(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, ngx_int_t *rc)
{
    ngx_str_t   *type;
    ngx_uint_t   gzip;

    ngx_http_office_config_prefer(r, ctx);

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        *rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        return NGX_DECLINED;
    }

    if (ngx_http_office_config_body_encoding(ctx, &gzip) != NGX_OK) {
        *rc = ngx_http_office_config_bad_encoding(r);
        return NGX_DECLINED;
    }

    r->request_body_in_single_buf = gzip ? 1 : 0;

    ngx_str_set(&ctx->media, NGX_HTTP_OFFICE_CONFIG_OCTETS);

    if (r->headers_in.content_type) {
        type = &r->headers_in.content_type->value;

        if (type->len > NGX_HTTP_OFFICE_CONFIG_MAX_MEDIA) {
            *rc = ngx_http_office_config_fail(r,
                                              NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                              "The media type is too long.");
            return NGX_DECLINED;
        }

        if (type->len) {
            ctx->media = *type;
        }
    }

    return NGX_OK;
}


static void
ngx_http_office_config_stream_body(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_office_config_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    rc = ngx_http_office_config_stream_begin(r, ctx);

    if (rc == NGX_DONE) {
        ngx_http_office_config_wait(r);
        return;
    }

    ngx_http_finalize_request(r, rc);
}


/*
 * Encodes the body right into the command: what is in memory at once, a file
 * piece by piece.  NGX_DONE, or what the request is to be finalized with.
 */

static ngx_int_t
ngx_http_office_config_stream_begin(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    off_t                             len;
    ngx_int_t                         rc;
    ngx_buf_t                        *b;
    ngx_str_t                         room, body;
    ngx_uint_t                        gzip;
    ngx_chain_t                      *cl;
    ngx_pool_cleanup_t               *cln;
    ngx_http_office_config_upload_t  *upload;

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_office_config_upload_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    upload = cln->data;
    ngx_memzero(upload, sizeof(ngx_http_office_config_upload_t));

    cln->handler = ngx_http_office_config_stream_cleanup;

    upload->request = r;
    upload->in = r->request_body ? r->request_body->bufs : NULL;

    (void) ngx_http_office_config_body_encoding(ctx, &gzip);

    if (gzip) {
        if (ngx_http_office_config_plain_body(r, ctx, &body, &rc) != NGX_OK) {
            return rc;
        }

        b = ngx_calloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);

        if (b == NULL || cl == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        b->pos = body.data;
        b->last = body.data + body.len;
        b->memory = 1;

        cl->buf = b;
        cl->next = NULL;

        upload->in = cl;
    }

    len = 0;

    for (cl = upload->in; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_stream_written);

    if (ngx_http_office_config_stream_prepare(ctx, oc_base64url_len(len) + 2,
                                              &room)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    room.data[0] = '"';
    upload->last = room.data + room.len - 1;

    oc_base64url_init(&upload->encoder, room.data + 1);

    upload->event.handler = ngx_http_office_config_stream_event;
    upload->event.data = upload;
    upload->event.log = r->connection->log;

    rc = ngx_http_office_config_stream_encode(upload);

    if (rc == NGX_OK) {
        oc_store_submit(&ctx->call);
        return NGX_DONE;
    }

    if (rc == NGX_AGAIN) {
        return NGX_DONE;
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* An edit of the stream; "room" NULL: it becomes null. */

static ngx_int_t
ngx_http_office_config_stream_prepare(ngx_http_office_config_ctx_t *ctx,
    size_t len, ngx_str_t *room)
{
    oc_change_t        change;
    oc_store_update_t  update;

    if (ngx_http_office_config_stamp(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&change, sizeof(oc_change_t));
    ngx_memzero(&update, sizeof(oc_store_update_t));

    change.nedits = 1;
    change.edits[0].name = ctx->route.property->name;
    ngx_str_set(&change.edits[0].value, "null");

    update.id = ctx->route.id;
    update.condition = ctx->condition;
    update.change = &change;
    update.stamp = &ctx->stamp;
    update.media = ctx->media;

    if (ctx->representation) {
        update.want = ctx->route.property->name;
    }

    if (room) {
        return oc_store_stream(&ctx->call, &update, len, room);
    }

    return oc_store_update(&ctx->call, &update);
}


/*
 * NGX_OK if all is encoded, NGX_AGAIN if the event goes on with it, or
 * NGX_ERROR.
 */

static ngx_int_t
ngx_http_office_config_stream_encode(ngx_http_office_config_upload_t *upload)
{
    size_t      size;
    ssize_t     n;
    ngx_buf_t  *b;

    for ( /* void */ ; upload->in; upload->in = upload->in->next) {
        b = upload->in->buf;

        if (ngx_buf_in_memory(b)) {
            oc_base64url_update(&upload->encoder, b->pos, b->last - b->pos);
            continue;
        }

        if (upload->piece == NULL) {
            upload->piece = ngx_palloc(upload->request->pool,
                                       NGX_HTTP_OFFICE_CONFIG_PIECE);
            if (upload->piece == NULL) {
                return NGX_ERROR;
            }
        }

        if (b->file_last - b->file_pos - upload->pos > 0) {
            size = ngx_min(b->file_last - b->file_pos - upload->pos,
                           NGX_HTTP_OFFICE_CONFIG_PIECE);

            n = ngx_read_file(b->file, upload->piece, size,
                              b->file_pos + upload->pos);

            if (n != (ssize_t) size) {
                return NGX_ERROR;
            }

            oc_base64url_update(&upload->encoder, upload->piece, size);
            upload->pos += size;

            ngx_http_office_config_go_on(&upload->event);

            return NGX_AGAIN;
        }

        upload->pos = 0;
    }

    oc_base64url_final(&upload->encoder);
    *upload->last = '"';

    return NGX_OK;
}


static void
ngx_http_office_config_stream_event(ngx_event_t *ev)
{
    ngx_int_t                         rc;
    ngx_http_request_t               *r;
    ngx_http_office_config_ctx_t     *ctx;
    ngx_http_office_config_upload_t  *upload;

    ngx_http_office_config_stay(ev);

    upload = ev->data;
    r = upload->request;

    ctx = ngx_http_get_module_ctx(r, ngx_http_office_config_module);

    /* the request may have gone elsewhere */

    if (ctx == NULL || ctx->call.op == NULL) {
        return;
    }

    rc = ngx_http_office_config_stream_encode(upload);

    if (rc == NGX_OK) {
        oc_store_submit(&ctx->call);

    } else if (rc != NGX_AGAIN) {
        ngx_http_office_config_finish(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


static void
ngx_http_office_config_stream_cleanup(void *data)
{
    ngx_http_office_config_upload_t *upload = data;

    ngx_http_office_config_stay(&upload->event);
}


/* DELETE of a stream: it is null then. */

ngx_int_t
ngx_http_office_config_stream_delete(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&ctx->media, "-");

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_stream_written);

    rc = ngx_http_office_config_stream_prepare(ctx, 0, NULL);

    return ngx_http_office_config_called(r, rc);
}


/* 204, or 200 with the bytes if the client prefers these (U15). */

static ngx_int_t
ngx_http_office_config_stream_written(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  digits;

    digits.data = ctx->stamp.etag;
    digits.len = OC_ETAG_LEN;

    if (ngx_http_office_config_strong_etag(r, &digits) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->call.json.len == 0 || !ctx->representation) {
        return ngx_http_office_config_send_nothing(r, ctx);
    }

    ctx->call.media = ctx->media;

    if (ngx_http_office_config_preference_applied(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_send_stream(r, ctx);
}
