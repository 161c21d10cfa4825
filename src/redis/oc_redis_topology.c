
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * What servers say about other servers: replies and texts in, endpoints out,
 * which point into them.  Nothing is believed: a line that is not whole is
 * left out.
 */


#include "oc_redis_topology.h"


#define OC_REDIS_MAX_HOST  255


static ngx_int_t oc_redis_host(ngx_str_t *host, u_char *p, size_t len);
static ngx_int_t oc_redis_port(in_port_t *port, u_char *p, size_t len);
static ngx_int_t oc_redis_endpoint(oc_redis_reply_t *reply,
    oc_redis_endpoint_t *node);
static ngx_int_t oc_redis_word(ngx_str_t *text, ngx_str_t *word);
static int64_t oc_redis_number(u_char *p, size_t len, int64_t max);
static ngx_uint_t oc_redis_is(ngx_str_t *s, const char *text);
static ngx_uint_t oc_redis_has_flag(ngx_str_t *flags, const char *flag);


/*
 * The slot of a key: CRC-16 (XMODEM) of what is between the first brace and
 * the next one that closes it, if there is something, else of all of it.
 */

ngx_uint_t
oc_redis_slot(ngx_str_t *key)
{
    u_char      *p, *last, *open, *close;
    uint16_t     crc;
    ngx_uint_t   i;

    p = key->data;
    last = p + key->len;

    open = key->len ? memchr(p, '{', key->len) : NULL;

    if (open) {
        close = memchr(open, '}', last - open);

        if (close && close > open + 1) {
            p = open + 1;
            last = close;
        }
    }

    crc = 0;

    for ( /* void */ ; p < last; p++) {
        crc ^= (uint16_t) (*p << 8);

        for (i = 0; i < 8; i++) {
            crc = (uint16_t) ((crc & 0x8000) ? (crc << 1) ^ 0x1021
                                             : crc << 1);
        }
    }

    return crc % OC_REDIS_SLOTS;
}


/*
 * "MOVED slot host:port" or "ASK slot host:port"; an IPv6 address is not in
 * brackets.
 */

ngx_int_t
oc_redis_topology_redirect(ngx_str_t *error, oc_redis_redirect_t *redirect)
{
    u_char     *colon;
    int64_t     n;
    ngx_str_t   text, word;

    text = *error;

    if (oc_redis_word(&text, &word) != NGX_OK
        || (!oc_redis_is(&word, "MOVED") && !oc_redis_is(&word, "ASK"))
        || oc_redis_word(&text, &word) != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = oc_redis_number(word.data, word.len, OC_REDIS_SLOTS - 1);

    if (n == -1) {
        return NGX_ERROR;
    }

    redirect->slot = (ngx_uint_t) n;

    if (oc_redis_word(&text, &word) != NGX_OK) {
        return NGX_ERROR;
    }

    for (colon = word.data + word.len;
         colon > word.data && colon[-1] != ':';
         colon--)
    {
        /* void */
    }

    if (colon == word.data
        || oc_redis_port(&redirect->node.port, colon,
                         word.data + word.len - colon)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_redis_host(&redirect->node.host, word.data,
                         colon - 1 - word.data);
}


/*
 * A row of CLUSTER SLOTS: the first slot, the last one, the master and its
 * replicas, each with its host, port and more.  NGX_ERROR if the row is of no
 * use; a replica that is not is left out.
 */

ngx_int_t
oc_redis_topology_range(oc_redis_reply_t *row, oc_redis_range_t *range)
{
    ngx_uint_t         i;
    oc_redis_reply_t  *first, *last;

    if (row->type != OC_REDIS_REPLY_ARRAY || row->nelements < 3) {
        return NGX_ERROR;
    }

    first = row->elements[0];
    last = row->elements[1];

    if (first->type != OC_REDIS_REPLY_INTEGER
        || last->type != OC_REDIS_REPLY_INTEGER
        || first->integer < 0 || first->integer > last->integer
        || last->integer >= OC_REDIS_SLOTS)
    {
        return NGX_ERROR;
    }

    range->first = (ngx_uint_t) first->integer;
    range->last = (ngx_uint_t) last->integer;
    range->nreplicas = 0;

    if (oc_redis_endpoint(row->elements[2], &range->master) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 3;
         i < row->nelements && range->nreplicas < OC_REDIS_MAX_REPLICAS;
         i++)
    {
        if (oc_redis_endpoint(row->elements[i],
                              &range->replicas[range->nreplicas])
            == NGX_OK)
        {
            range->nreplicas++;
        }
    }

    return NGX_OK;
}


static ngx_int_t
oc_redis_endpoint(oc_redis_reply_t *reply, oc_redis_endpoint_t *node)
{
    oc_redis_reply_t  *host, *port;

    if (reply->type != OC_REDIS_REPLY_ARRAY || reply->nelements < 2) {
        return NGX_ERROR;
    }

    host = reply->elements[0];
    port = reply->elements[1];

    if (port->type != OC_REDIS_REPLY_INTEGER
        || port->integer < 1 || port->integer > 65535)
    {
        return NGX_ERROR;
    }

    node->port = (in_port_t) port->integer;

    if (host->type == OC_REDIS_REPLY_NIL) {
        ngx_str_null(&node->host);
        return NGX_OK;
    }

    if (host->type != OC_REDIS_REPLY_STRING) {
        return NGX_ERROR;
    }

    return oc_redis_host(&node->host, host->str.data, host->str.len);
}


/*
 * What a sentinel knows of a master or of a replica: pairs of a field's name
 * and its value, all of them strings.
 */

ngx_int_t
oc_redis_topology_instance(oc_redis_reply_t *reply,
    oc_redis_instance_t *instance)
{
    int64_t      epoch;
    ngx_str_t   *name, *value;
    ngx_uint_t   i, host, port;

    if (reply->type != OC_REDIS_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    ngx_memzero(instance, sizeof(oc_redis_instance_t));

    host = 0;
    port = 0;

    for (i = 0; i + 1 < reply->nelements; i += 2) {

        if (reply->elements[i]->type != OC_REDIS_REPLY_STRING
            || reply->elements[i + 1]->type != OC_REDIS_REPLY_STRING)
        {
            return NGX_ERROR;
        }

        name = &reply->elements[i]->str;
        value = &reply->elements[i + 1]->str;

        if (oc_redis_is(name, "ip")) {
            host = (oc_redis_host(&instance->node.host, value->data,
                                  value->len)
                    == NGX_OK
                    && instance->node.host.len);

        } else if (oc_redis_is(name, "port")) {
            port = (oc_redis_port(&instance->node.port, value->data,
                                  value->len)
                    == NGX_OK);

        } else if (oc_redis_is(name, "flags")) {
            instance->down = oc_redis_has_flag(value, "s_down")
                             || oc_redis_has_flag(value, "o_down")
                             || oc_redis_has_flag(value, "disconnected");
            instance->failover = oc_redis_has_flag(value,
                                                   "failover_in_progress");

        } else if (oc_redis_is(name, "config-epoch")) {
            epoch = oc_redis_number(value->data, value->len, INT64_MAX / 16);
            instance->epoch = (epoch == -1) ? 0 : (uint64_t) epoch;

        } else if (oc_redis_is(name, "master-link-status")) {
            instance->linked = oc_redis_is(value, "ok");
        }
    }

    return (host && port) ? NGX_OK : NGX_ERROR;
}


/* The text of +switch-master: its name, the old address, the new one. */

ngx_int_t
oc_redis_topology_switch(ngx_str_t *text, ngx_str_t *name,
    oc_redis_endpoint_t *node)
{
    ngx_str_t  rest, word;

    rest = *text;

    if (oc_redis_word(&rest, name) != NGX_OK
        || oc_redis_word(&rest, &word) != NGX_OK
        || oc_redis_word(&rest, &word) != NGX_OK
        || oc_redis_word(&rest, &word) != NGX_OK
        || oc_redis_host(&node->host, word.data, word.len) != NGX_OK
        || node->host.len == 0
        || oc_redis_word(&rest, &word) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return oc_redis_port(&node->port, word.data, word.len);
}


/*
 * A name or an address.  "?" is what a node says that does not know its own
 * name, and is taken like none.
 */

static ngx_int_t
oc_redis_host(ngx_str_t *host, u_char *p, size_t len)
{
    size_t  i;

    ngx_str_null(host);

    if (len == 0 || (len == 1 && p[0] == '?')) {
        return NGX_OK;
    }

    if (len > OC_REDIS_MAX_HOST) {
        return NGX_ERROR;
    }

    for (i = 0; i < len; i++) {
        if (p[i] <= ' ' || p[i] >= 0x7f || p[i] == '/') {
            return NGX_ERROR;
        }
    }

    host->data = p;
    host->len = len;

    return NGX_OK;
}


/* From 1 to 65535: ":0" is what a node says that nobody reaches. */

static ngx_int_t
oc_redis_port(in_port_t *port, u_char *p, size_t len)
{
    int64_t  n;

    n = oc_redis_number(p, len, 65535);

    if (n < 1) {
        return NGX_ERROR;
    }

    *port = (in_port_t) n;

    return NGX_OK;
}


/* Digits, up to a number; -1 if they are not. */

static int64_t
oc_redis_number(u_char *p, size_t len, int64_t max)
{
    int64_t  n;

    if (len == 0 || len > NGX_INT64_LEN) {
        return -1;
    }

    for (n = 0; len; len--, p++) {

        if (*p < '0' || *p > '9' || n > (max - (*p - '0')) / 10) {
            return -1;
        }

        n = n * 10 + (*p - '0');
    }

    return n;
}


/* Takes a word from the front of a text. */

static ngx_int_t
oc_redis_word(ngx_str_t *text, ngx_str_t *word)
{
    u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    while (p < last && *p != ' ') {
        p++;
    }

    word->data = text->data;
    word->len = p - text->data;

    if (p < last) {
        p++;
    }

    text->data = p;
    text->len = last - p;

    return word->len ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
oc_redis_is(ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && ngx_strncmp(s->data, text, s->len) == 0;
}


/* One of the words between commas. */

static ngx_uint_t
oc_redis_has_flag(ngx_str_t *flags, const char *flag)
{
    u_char     *p, *last, *end;
    ngx_str_t   word;

    p = flags->data;
    last = p + flags->len;

    while (p < last) {
        end = ngx_strlchr(p, last, ',');

        if (end == NULL) {
            end = last;
        }

        word.data = p;
        word.len = end - p;

        if (oc_redis_is(&word, flag)) {
            return 1;
        }

        p = end + 1;
    }

    return 0;
}
