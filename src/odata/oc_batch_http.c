
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_batch.h"


static ngx_int_t oc_batch_request_line(oc_batch_item_t *item,
    ngx_str_t *line);
static ngx_int_t oc_batch_length(ngx_str_t *value, size_t max, size_t *len);


/*
 * Reads a request as it stands in a part of the type application/http.  A
 * line may end with a line feed alone (RFC 9112, 2.2).  NGX_OK, also for one
 * that is refused: item->status; NGX_ERROR if memory is out.
 */

ngx_int_t
oc_batch_http(oc_batch_item_t *item, u_char *p, u_char *last,
    oc_arena_t *arena)
{
    ngx_int_t   rc;
    ngx_str_t   line, *value;

    /* empty lines in front of a request are passed over, as RFC 9112 has it */

    do {
        if (oc_batch_line(&p, last, &line) != NGX_OK) {
            item->status = 400;
            item->message = "The part has no request.";
            return NGX_OK;
        }
    } while (line.len == 0);

    if (oc_batch_request_line(item, &line) != NGX_OK) {
        item->status = 400;
        item->message = "The request line is malformed.";
        return NGX_OK;
    }

    oc_batch_method(item);

    rc = oc_batch_headers(&p, last, &item->headers, &item->nheaders, arena);

    if (rc != NGX_OK) {

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        item->status = 400;
        item->message = "A header of the request is malformed.";
        return NGX_OK;
    }

    value = oc_batch_header(item->headers, item->nheaders, "host");

    if (value) {
        item->host = *value;
    }

    if (oc_batch_header(item->headers, item->nheaders, "transfer-encoding")) {
        item->status = 400;
        item->message = "A request in a batch has no Transfer-Encoding.";
        return NGX_OK;
    }

    item->body.data = p;
    item->body.len = last - p;

    value = oc_batch_header(item->headers, item->nheaders, "content-length");

    if (value
        && oc_batch_length(value, item->body.len, &item->body.len) != NGX_OK)
    {
        item->status = 400;
        item->message = "The Content-Length is not that of the body.";
        return NGX_OK;
    }

    if (item->body.len == 0) {
        return NGX_OK;
    }

    if (oc_batch_header(item->headers, item->nheaders, "content-type")
        == NULL)
    {
        /* what is nothing but line ends has been put there by mistake */

        for (p = item->body.data; p < item->body.data + item->body.len; p++) {
            if (*p != CR && *p != LF) {
                item->status = 400;
                item->message = "A body needs a Content-Type header.";
                return NGX_OK;
            }
        }

        item->body.len = 0;

        return NGX_OK;
    }

    item->has_body = 1;

    return NGX_OK;
}


static ngx_int_t
oc_batch_request_line(oc_batch_item_t *item, ngx_str_t *line)
{
    u_char  *p, *last, *end;

    p = line->data;
    last = p + line->len;

    end = ngx_strlchr(p, last, ' ');
    if (end == NULL) {
        return NGX_ERROR;
    }

    item->method.data = p;
    item->method.len = end - p;

    for (p = end; p < last && *p == ' '; p++) { /* void */ }

    /* the version is behind the last space: there are URLs with spaces */

    for (end = last; end > p && end[-1] != ' '; end--) { /* void */ }

    if (last - end < 6 || ngx_strncmp(end, "HTTP/1", 6) != 0) {
        return NGX_ERROR;
    }

    while (end > p && end[-1] == ' ') {
        end--;
    }

    item->url.data = p;
    item->url.len = end - p;

    return item->url.len ? NGX_OK : NGX_ERROR;
}


/* A Content-Length of "max" at most. */

static ngx_int_t
oc_batch_length(ngx_str_t *value, size_t max, size_t *len)
{
    size_t  i, n;

    for (i = 0, n = 0; i < value->len; i++) {

        if (value->data[i] < '0' || value->data[i] > '9') {
            return NGX_ERROR;
        }

        n = n * 10 + (value->data[i] - '0');

        if (n > max) {
            return NGX_ERROR;
        }
    }

    *len = n;

    return value->len ? NGX_OK : NGX_ERROR;
}


/*
 * The line at "*p", without its end, and moves behind it.  NGX_DECLINED if
 * there is nothing left.
 */

ngx_int_t
oc_batch_line(u_char **p, u_char *last, ngx_str_t *line)
{
    u_char  *end;

    if (*p >= last) {
        return NGX_DECLINED;
    }

    line->data = *p;

    end = memchr(*p, LF, last - *p);

    if (end == NULL) {
        line->len = last - *p;
        *p = last;

    } else {
        line->len = end - *p;
        *p = end + 1;
    }

    if (line->len && line->data[line->len - 1] == CR) {
        line->len--;
    }

    return NGX_OK;
}


/*
 * Reads headers up to the empty line, and moves "*p" behind it.  NGX_OK;
 * NGX_DECLINED if one is malformed; NGX_ERROR if memory is out.
 */

ngx_int_t
oc_batch_headers(u_char **p, u_char *last, oc_batch_header_t **headers,
    ngx_uint_t *n, oc_arena_t *arena)
{
    u_char             *colon, *start;
    ngx_str_t           line, name, value;
    ngx_uint_t          lines;
    oc_batch_header_t  *found;

    *n = 0;
    *headers = NULL;

    start = *p;
    lines = 0;

    while (oc_batch_line(p, last, &line) == NGX_OK && line.len) {
        lines++;
    }

    if (lines == 0) {
        return NGX_OK;
    }

    found = oc_arena_alloc(arena, lines * sizeof(oc_batch_header_t));
    if (found == NULL) {
        return NGX_ERROR;
    }

    while (*n < lines) {
        (void) oc_batch_line(&start, last, &line);

        colon = memchr(line.data, ':', line.len);
        if (colon == NULL) {
            *n = 0;
            return NGX_DECLINED;
        }

        name.data = line.data;
        name.len = colon - line.data;

        value.data = colon + 1;
        value.len = line.data + line.len - value.data;

        while (value.len && (*value.data == ' ' || *value.data == '\t')) {
            value.data++;
            value.len--;
        }

        while (value.len && (value.data[value.len - 1] == ' '
                             || value.data[value.len - 1] == '\t'))
        {
            value.len--;
        }

        if (!oc_batch_is_token(&name) || !oc_batch_is_value(&value)) {
            *n = 0;
            return NGX_DECLINED;
        }

        found[*n].name = name;
        found[*n].value = value;

        (*n)++;
    }

    *headers = found;

    return NGX_OK;
}


/* The value of the first header of this name, in lower case; or NULL. */

ngx_str_t *
oc_batch_header(oc_batch_header_t *headers, ngx_uint_t n, const char *name)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (oc_batch_like(&headers[i].name, name)) {
            return &headers[i].value;
        }
    }

    return NULL;
}


ngx_uint_t
oc_batch_is(ngx_str_t *s, const char *name)
{
    return s->len == ngx_strlen(name)
           && ngx_memcmp(s->data, name, s->len) == 0;
}


/* The same without regard to case. */

ngx_uint_t
oc_batch_like(ngx_str_t *s, const char *name)
{
    return s->len == ngx_strlen(name)
           && ngx_strncasecmp(s->data, (u_char *) name, s->len) == 0;
}


/*
 * Puts the method into upper case; what a batch does not carry out is
 * refused.
 */

void
oc_batch_method(oc_batch_item_t *item)
{
    ngx_uint_t  i;

    static const ngx_str_t  methods[] = {
        ngx_string("GET"), ngx_string("POST"), ngx_string("PATCH"),
        ngx_string("PUT"), ngx_string("DELETE")
    };

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (oc_batch_like(&item->method, (const char *) methods[i].data)) {
            item->method = methods[i];
            return;
        }
    }

    if (item->status == 0) {
        item->status = 400;
        item->message = "The method of a request in a batch must be GET, "
                        "POST, PATCH, PUT or DELETE.";
    }
}


/* What the name of a header may be (RFC 9110, 5.6.2). */

ngx_uint_t
oc_batch_is_token(ngx_str_t *s)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];

        if (ch <= ' ' || ch >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", ch)) {
            return 0;
        }
    }

    return s->len != 0;
}


/* What its value may be (RFC 9110, 5.5). */

ngx_uint_t
oc_batch_is_value(ngx_str_t *s)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < s->len; i++) {
        ch = s->data[i];

        if ((ch < ' ' && ch != '\t') || ch == 0x7f) {
            return 0;
        }
    }

    return 1;
}
