
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_keys.h"


/*
 * Keys come through a location of nginx: a background subrequest of some
 * request, whose response is caught by filters.  Requests that need the keys
 * wait in a queue.  When the request that fetches goes away, its subrequest
 * does so, too, and one that waits begins anew.
 */


struct ngx_http_office_config_fetch_s {
    ngx_http_office_config_keys_t  *keys;
    ngx_pool_t                     *pool;
    ngx_uint_t                      status;   /* of the response; 0: none */
    ngx_str_t                       text;
    size_t                          size;     /* of text.data */
    unsigned                        broken:1; /* the response cannot be had */
    unsigned                        done:1;
};


static ngx_int_t ngx_http_office_config_fetch(ngx_http_request_t *r,
    ngx_http_office_config_keys_t *keys);
static ngx_int_t ngx_http_office_config_fetch_done(ngx_http_request_t *r,
    void *data, ngx_int_t rc);
static void ngx_http_office_config_fetch_end(
    ngx_http_office_config_fetch_t *fetch, ngx_int_t rc, ngx_log_t *log);
static void ngx_http_office_config_fetch_cleanup(void *data);
static ngx_http_office_config_fetch_t *ngx_http_office_config_fetch_of(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_office_config_fetch_append(
    ngx_http_office_config_fetch_t *fetch, u_char *p, size_t len);
static void ngx_http_office_config_leave_queue(
    ngx_http_office_config_auth_t *auth);
static void ngx_http_office_config_poke(ngx_http_office_config_keys_t *keys);
static void ngx_http_office_config_timer_handler(ngx_event_t *ev);
static void ngx_http_office_config_waiter_handler(ngx_event_t *ev);


void
ngx_http_office_config_fetch_init(ngx_http_office_config_keys_t *keys)
{
    ngx_queue_init(&keys->queue);

    keys->timer.handler = ngx_http_office_config_timer_handler;
    keys->timer.data = keys;
    keys->timer.cancelable = 1;
}


/*
 * Has a request wait for newer keys.  The keys are fetched if they were not so
 * recently; else that happens once it is time again.
 *
 * NGX_AGAIN: the request waits, its phases are run again afterwards;
 * NGX_DECLINED: it is not worth while, "auth->in_vain" is set if the keys
 * cannot be had now; NGX_ERROR.
 */

ngx_int_t
ngx_http_office_config_wait_keys(ngx_http_request_t *r,
    ngx_http_office_config_auth_t *auth)
{
    ngx_msec_t                      rest, since;
    ngx_http_office_config_keys_t  *keys;

    keys = auth->policy->keys;

    rest = 0;

    if (keys->fetch == NULL && keys->tried) {
        since = ngx_current_msec - keys->begun;

        if (since < keys->min) {
            rest = keys->min - since;
        }

        if (rest >= keys->timeout) {
            auth->in_vain = keys->failed;
            return NGX_DECLINED;
        }
    }

    if (keys->waiting >= keys->max_waiting) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "too many requests wait for keys from \"%V\"",
                      &keys->name);
        auth->in_vain = 1;
        return NGX_DECLINED;
    }

    /* what is on its way may have been sent before the key was published */

    auth->joined = (keys->fetch != NULL);

    auth->in_vain = 0;
    auth->waiting = 1;
    auth->queued = 1;

    ngx_queue_insert_tail(&keys->queue, &auth->queue);
    keys->waiting++;

    auth->event.handler = ngx_http_office_config_waiter_handler;
    auth->event.data = auth;
    auth->event.log = r->connection->log;

    ngx_add_timer(&auth->event, keys->timeout);

    if (keys->fetch == NULL) {

        if (rest == 0) {

            if (ngx_http_office_config_fetch(r, keys) != NGX_OK) {
                ngx_http_office_config_stop_waiting(auth);
                return NGX_ERROR;
            }

        } else if (!keys->timer.timer_set) {

            /* the log with which the configuration was read may have gone */

            keys->timer.log = ngx_cycle->log;

            ngx_add_timer(&keys->timer, rest);
        }
    }

    ngx_http_office_config_wait(r);

    return NGX_AGAIN;
}


/* Begins to fetch keys when it is time to; the request does not wait. */

void
ngx_http_office_config_refresh_keys(ngx_http_request_t *r,
    ngx_http_office_config_keys_t *keys)
{
    if (!keys->request || !keys->tried || keys->fetch
        || (ngx_msec_int_t) (keys->next - ngx_current_msec) > 0)
    {
        return;
    }

    (void) ngx_http_office_config_fetch(r, keys);
}


/* Whatever becomes of the request: it waits no longer. */

void
ngx_http_office_config_stop_waiting(ngx_http_office_config_auth_t *auth)
{
    ngx_http_office_config_keys_t  *keys;

    if (!auth->waiting) {
        return;
    }

    auth->waiting = 0;

    if (auth->event.timer_set) {
        ngx_del_timer(&auth->event);
    }

    if (auth->event.posted) {
        ngx_delete_posted_event(&auth->event);
    }

    if (!auth->queued) {
        return;
    }

    ngx_http_office_config_leave_queue(auth);

    if (auth->poked) {
        auth->poked = 0;

        keys = auth->policy->keys;

        if (keys->fetch == NULL) {
            ngx_http_office_config_poke(keys);
        }
    }
}


static void
ngx_http_office_config_leave_queue(ngx_http_office_config_auth_t *auth)
{
    ngx_queue_remove(&auth->queue);

    auth->queued = 0;
    auth->policy->keys->waiting--;
}


/* Has the first of those who wait fetch the keys. */

static void
ngx_http_office_config_poke(ngx_http_office_config_keys_t *keys)
{
    ngx_queue_t                    *q;
    ngx_http_office_config_auth_t  *auth;

    if (ngx_queue_empty(&keys->queue)) {
        return;
    }

    q = ngx_queue_head(&keys->queue);
    auth = ngx_queue_data(q, ngx_http_office_config_auth_t, queue);

    auth->poked = 1;

    ngx_post_event(&auth->event, &ngx_posted_events);
}


static void
ngx_http_office_config_timer_handler(ngx_event_t *ev)
{
    ngx_http_office_config_keys_t *keys = ev->data;

    if (keys->fetch == NULL) {
        ngx_http_office_config_poke(keys);
    }
}


/*
 * The event of a request that waits: it is to fetch the keys, or they are
 * there, or it has waited long enough.
 */

static void
ngx_http_office_config_waiter_handler(ngx_event_t *ev)
{
    ngx_connection_t               *c;
    ngx_http_request_t             *r;
    ngx_http_office_config_auth_t  *auth;
    ngx_http_office_config_keys_t  *keys;

    auth = ev->data;
    r = auth->request;
    c = r->connection;
    keys = auth->policy->keys;

    ngx_http_set_log_request(c->log, r);

    if (auth->poked && !ev->timedout) {
        auth->poked = 0;

        if (keys->fetch) {
            return;
        }

        if (ngx_http_office_config_fetch(r, keys) == NGX_OK) {
            ngx_http_run_posted_requests(c);
            return;
        }

        auth->in_vain = 1;
        auth->poked = 1;
    }

    if (ev->timedout) {
        ev->timedout = 0;

        if (auth->queued) {
            auth->in_vain = 1;
            auth->joined = 0;
        }
    }

    auth->has_waited = !auth->joined;

    ngx_http_office_config_stop_waiting(auth);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


/*
 * Begins a subrequest for the keys.  It has none of the client's headers: the
 * token is not for who publishes the keys, and a condition or a range of the
 * client's not for the keys.
 */

static ngx_int_t
ngx_http_office_config_fetch(ngx_http_request_t *r,
    ngx_http_office_config_keys_t *keys)
{
    ngx_str_t                        server;
    ngx_pool_cleanup_t              *cln;
    ngx_http_request_t              *sr;
    ngx_http_request_body_t         *body;
    ngx_http_post_subrequest_t      *ps;
    ngx_http_office_config_fetch_t  *fetch;

    keys->tried = 1;
    keys->begun = ngx_current_msec;
    keys->next = ngx_current_msec + keys->min;

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_office_config_fetch_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    fetch = cln->data;
    ngx_memzero(fetch, sizeof(ngx_http_office_config_fetch_t));

    fetch->keys = keys;
    fetch->pool = r->pool;

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_office_config_fetch_done;
    ps->data = fetch;

    /* one that is there keeps the client's from being read */

    body = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));
    if (body == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_subrequest(r, &keys->name, &keys->args, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    keys->fetch = fetch;
    cln->handler = ngx_http_office_config_fetch_cleanup;

    sr->request_body = body;
    sr->filter_need_in_memory = 1;

    server = sr->headers_in.server;

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));

    sr->headers_in.server = server;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    return ngx_list_init(&sr->headers_in.headers, r->pool, 4,
                         sizeof(ngx_table_elt_t));
}


/*
 * The subrequest is being finalized.  After an error that happens again, when
 * the page for it has been sent.
 */

static ngx_int_t
ngx_http_office_config_fetch_done(ngx_http_request_t *r, void *data,
    ngx_int_t rc)
{
    ngx_http_office_config_fetch_t *fetch = data;

    if (fetch->done) {
        return rc == NGX_ERROR ? NGX_OK : rc;
    }

    if (rc == NGX_HTTP_CREATED || rc == NGX_HTTP_NO_CONTENT
        || (rc >= NGX_HTTP_SPECIAL_RESPONSE
            && rc != NGX_HTTP_REQUEST_TIME_OUT
            && rc != NGX_HTTP_CLIENT_CLOSED_REQUEST
            && rc != NGX_HTTP_CLOSE))
    {
        return rc;
    }

    if (rc == NGX_OK && r->buffered) {
        return rc;
    }

    ngx_http_office_config_fetch_end(fetch, rc, r->connection->log);

    /* a failure here is none of the client's */

    return NGX_OK;
}


static void
ngx_http_office_config_fetch_end(ngx_http_office_config_fetch_t *fetch,
    ngx_int_t rc, ngx_log_t *log)
{
    u_char                          reason[64];
    ngx_queue_t                    *q;
    ngx_http_office_config_auth_t  *auth;
    ngx_http_office_config_keys_t  *keys;

    keys = fetch->keys;

    fetch->done = 1;
    keys->fetch = NULL;

    if (rc != NGX_OK || fetch->broken) {
        ngx_http_office_config_keys_failed(keys, log,
                                           "the response is broken");

    } else if (fetch->status != NGX_HTTP_OK) {
        *ngx_snprintf(reason, sizeof(reason) - 1, "the status is %ui",
                      fetch->status) = '\0';

        ngx_http_office_config_keys_failed(keys, log, (char *) reason);

    } else if (ngx_http_office_config_take_keys(keys, &fetch->text, log)
               == NGX_OK)
    {
        keys->next = ngx_current_msec + keys->interval;
    }

    if (keys->timer.timer_set) {
        ngx_del_timer(&keys->timer);
    }

    while (!ngx_queue_empty(&keys->queue)) {
        q = ngx_queue_head(&keys->queue);
        auth = ngx_queue_data(q, ngx_http_office_config_auth_t, queue);

        ngx_http_office_config_leave_queue(auth);

        auth->poked = 0;
        auth->in_vain = keys->failed;

        ngx_post_event(&auth->event, &ngx_posted_events);
    }
}


/* The request that fetched has gone, perhaps before it was done. */

static void
ngx_http_office_config_fetch_cleanup(void *data)
{
    ngx_http_office_config_fetch_t *fetch = data;

    if (fetch->done) {
        return;
    }

    fetch->done = 1;
    fetch->keys->fetch = NULL;

    ngx_http_office_config_poke(fetch->keys);
}


static ngx_http_office_config_fetch_t *
ngx_http_office_config_fetch_of(ngx_http_request_t *r)
{
    /* unlike a context it is still there after an internal redirect */

    if (r->post_subrequest
        && r->post_subrequest->handler == ngx_http_office_config_fetch_done)
    {
        return r->post_subrequest->data;
    }

    return NULL;
}


/*
 * The header of a subrequest's response: NGX_OK if it is that of keys, which
 * goes no farther; else NGX_DECLINED.
 */

ngx_int_t
ngx_http_office_config_fetch_header(ngx_http_request_t *r)
{
    ngx_http_office_config_fetch_t  *fetch;

    fetch = ngx_http_office_config_fetch_of(r);

    if (fetch == NULL) {
        return NGX_DECLINED;
    }

    r->header_sent = 1;

    fetch->status = r->headers_out.status;
    fetch->text.len = 0;
    fetch->broken = 0;

    if (r->headers_out.content_length_n > OC_JWKS_MAX_LEN) {
        fetch->broken = 1;
    }

    return NGX_OK;
}


/* The same for the body. */

ngx_int_t
ngx_http_office_config_fetch_body(ngx_http_request_t *r, ngx_chain_t *in)
{
    size_t                           size;
    ngx_buf_t                       *b;
    ngx_chain_t                     *cl;
    ngx_http_office_config_fetch_t  *fetch;

    fetch = ngx_http_office_config_fetch_of(r);

    if (fetch == NULL) {
        return NGX_DECLINED;
    }

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;
        size = ngx_buf_in_memory(b) ? (size_t) (b->last - b->pos) : 0;

        if (b->in_file && !ngx_buf_in_memory(b)) {
            fetch->broken = 1;
            b->file_pos = b->file_last;
        }

        if (size && !fetch->done && !fetch->broken
            && ngx_http_office_config_fetch_append(fetch, b->pos, size)
               != NGX_OK)
        {
            fetch->broken = 1;
        }

        b->pos = b->last;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_fetch_append(ngx_http_office_config_fetch_t *fetch,
    u_char *p, size_t len)
{
    u_char  *data;
    size_t   size;

    if (len > OC_JWKS_MAX_LEN - fetch->text.len) {
        return NGX_ERROR;
    }

    if (fetch->text.len + len > fetch->size) {

        size = ngx_max(fetch->size * 2, 8192);
        size = ngx_max(size, fetch->text.len + len);

        data = ngx_palloc(fetch->pool, size);
        if (data == NULL) {
            return NGX_ERROR;
        }

        if (fetch->text.len) {
            ngx_memcpy(data, fetch->text.data, fetch->text.len);
        }

        if (fetch->text.data) {
            (void) ngx_pfree(fetch->pool, fetch->text.data);
        }

        fetch->text.data = data;
        fetch->size = size;
    }

    ngx_memcpy(fetch->text.data + fetch->text.len, p, len);
    fetch->text.len += len;

    return NGX_OK;
}
