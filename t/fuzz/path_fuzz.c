
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * A URL, in a buffer of just its length: as what a request asks for, as a
 * reference to an entity ($id, @odata.id), as the URL of a request in a batch;
 * and the input as a key.
 *
 * - the segments of the path are those that a decoder of the target's own
 *   finds; where it finds none, what nginx says is taken;
 * - with every byte of the segments percent-encoded the resource is the same;
 * - what is relative to the root, begins with its path or with its URL leads
 *   to the same, and what begins with a dot where RFC 3986, 5.2, says;
 * - a request in a batch is for the path that it says, below the root, in
 *   bytes that a request line can have;
 * - the URL that is printed for a key leads to that key, and so do both forms
 *   of it as the target prints them;
 * - with less memory there is an error, or nothing else happens.
 */


#include "fuzz.h"
#include "ngx_http_office_config_batch.h"
#include "ngx_http_office_config_route.h"


#define COLLECTION  "/officeConfiguration/clientConfigurations"


typedef ngx_http_office_config_path_t   path_t;
typedef ngx_http_office_config_route_t  route_t;


static ngx_str_t   prefix = ngx_string("/api");
static ngx_str_t   base = ngx_string("https://example.com/api");
static ngx_str_t   by_nginx = ngx_string("/api/officeConfiguration");
static ngx_str_t   current = ngx_string("/api" COLLECTION "/a/assignments");
static ngx_pool_t *pool;


static unsigned
same(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


static unsigned
is(const ngx_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}


static unsigned
has(const ngx_str_t *s, int ch)
{
    return s->len && memchr(s->data, ch, s->len) != NULL;
}


static unsigned
begins(const ngx_str_t *s, const char *with)
{
    return s->len >= strlen(with)
           && strncasecmp((char *) s->data, with, strlen(with)) == 0;
}


/* both in a block of just their length */

static ngx_str_t
join(const char *front, const ngx_str_t *s)
{
    size_t     len;
    ngx_str_t  both;

    len = strlen(front);

    both.len = len + s->len;
    both.data = ngx_pnalloc(pool, both.len);

    memcpy(both.data, front, len);

    if (s->len) {
        memcpy(both.data + len, s->data, s->len);
    }

    return both;
}


/* what is in front of the question mark */

static ngx_str_t
path_of(const ngx_str_t *url)
{
    u_char     *p;
    ngx_str_t   path;

    path = *url;
    p = has(url, '?') ? memchr(url->data, '?', url->len) : NULL;

    if (p) {
        path.len = p - url->data;
    }

    return path;
}


static int
digit(u_char ch)
{
    return (ch >= '0' && ch <= '9') ? ch - '0'
           : (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10
           : (ch >= 'A' && ch <= 'F') ? ch - 'A' + 10 : -1;
}


/* false if the percent-encoding is malformed */

static unsigned
decode(ngx_str_t *dst, const u_char *p, size_t len)
{
    size_t  i;

    dst->data = ngx_pnalloc(pool, len);
    dst->len = 0;

    for (i = 0; i < len; i++) {

        if (p[i] != '%') {
            dst->data[dst->len++] = p[i];
            continue;
        }

        if (len - i < 3 || digit(p[i + 1]) < 0 || digit(p[i + 2]) < 0) {
            return 0;
        }

        dst->data[dst->len++] = (u_char) (digit(p[i + 1]) * 16
                                          + digit(p[i + 2]));
        i += 2;
    }

    return 1;
}


/*
 * Adds what is between the slashes of a text; false if there are too many, a
 * malformed one, or, without "merge", an empty one between two slashes.
 */

static unsigned
split(path_t *path, const ngx_str_t *text, unsigned merge)
{
    size_t  i, start;

    for (i = 0, start = 0; i <= text->len; i++) {

        if (i < text->len && text->data[i] != '/') {
            continue;
        }

        if (i > start) {

            if (path->n == NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS
                || !decode(&path->segments[path->n++], text->data + start,
                           i - start))
            {
                return 0;
            }

        } else if (!merge && i > 0 && i < text->len) {
            return 0;
        }

        start = i + 1;
    }

    return 1;
}


/* the key behind a name, as in ('it''s') or (id='a'); false if that is none */

static unsigned
unquote(ngx_str_t *key, const u_char *p, size_t len)
{
    size_t  i;

    if (len < 4 || p[0] != '(') {
        return 0;
    }

    if (memcmp(p + 1, "id=", 3) == 0) {
        p += 3;
        len -= 3;
    }

    if (len < 4 || p[1] != '\'' || memcmp(p + len - 2, "')", 2) != 0) {
        return 0;
    }

    key->data = ngx_pnalloc(pool, len);
    key->len = 0;

    for (i = 2; i < len - 2; i++) {
        key->data[key->len++] = p[i];

        if (p[i] == '\'' && (++i == len - 2 || p[i] != '\'')) {
            return 0;
        }
    }

    return oc_id_valid(key->data, key->len) == NGX_OK;
}


/* what a key in parentheses leads to */

static void
check_quoted(const route_t *route, const ngx_str_t *segment)
{
    unsigned   ok;
    ngx_str_t  key;

    if (segment->len < sizeof("clientConfigurations")
        || memcmp(segment->data, "clientConfigurations(",
                  sizeof("clientConfigurations"))
           != 0)
    {
        return;
    }

    ok = unquote(&key, segment->data + sizeof("clientConfigurations") - 1,
                 segment->len - (sizeof("clientConfigurations") - 1));

    fuzz_assert(route->resource == (ok ? NGX_HTTP_OFFICE_CONFIG_CONFIGURATION
                                       : NGX_HTTP_OFFICE_CONFIG_NOT_FOUND));
    fuzz_assert(!ok || same(&route->id, &key));
}


/* The resource behind "n" segments, in blocks of their own. */

static route_t
resource(path_t *path, ngx_uint_t n)
{
    size_t       i;
    route_t      route;
    ngx_str_t   *segments;

    segments = malloc((path->n - n) * sizeof(ngx_str_t));

    for (i = n; i < path->n; i++) {
        segments[i - n] = join("", &path->segments[i]);
    }

    memset(&route, 0, sizeof(route));

    fuzz_assert(ngx_http_office_config_resource(pool, &route, segments,
                                                path->n - n)
                == NGX_OK);

    if (route.resource > NGX_HTTP_OFFICE_CONFIG_UPDATE_PRIORITIES
        && route.resource != NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS
        && route.resource != NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT)
    {
        fuzz_assert(route.id.len > 0);
    }

    fuzz_assert(route.resource < NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT
                || route.assignment.len > 0);

    if (route.resource > NGX_HTTP_OFFICE_CONFIG_NOT_FOUND) {
        fuzz_assert(route.id.len == 0
                    || oc_id_valid(route.id.data, route.id.len) == NGX_OK);
    }

    if (path->n - n == 2 && is(&segments[0], "officeConfiguration")) {
        check_quoted(&route, &segments[1]);
    }

    free(segments);

    return route;
}


static void
check_same_route(const route_t *a, const route_t *b)
{
    fuzz_assert(a->resource == b->resource);
    fuzz_assert(a->cast == b->cast);
    fuzz_assert(a->property == b->property);
    fuzz_assert(a->member == b->member);
    fuzz_assert(a->value == b->value);
    fuzz_assert(same(&a->id, &b->id));
    fuzz_assert(same(&a->assignment, &b->assignment));
}


static void
check_same_path(const path_t *a, ngx_uint_t na, const path_t *b,
    ngx_uint_t nb)
{
    ngx_uint_t  i;

    fuzz_assert(a->n - na == b->n - nb);

    for (i = 0; i < a->n - na; i++) {
        fuzz_assert(same(&a->segments[na + i], &b->segments[nb + i]));
    }
}


static ngx_int_t
parse(const ngx_str_t *unparsed, unsigned merge, const ngx_str_t *location,
    path_t *path, ngx_str_t *root, ngx_uint_t *n)
{
    ngx_http_office_config_uri_t  uri;

    memset(path, 0xa5, sizeof(path_t));

    uri.unparsed = *unparsed;
    uri.uri = by_nginx;
    uri.merge = merge;
    uri.prefix = location;

    return ngx_http_office_config_path(pool, &uri, path, root, n);
}


/* how many segments are the root where the location has no prefix; or -1 */

static int
find_root(const path_t *path)
{
    int         found;
    ngx_uint_t  i, j;

    found = -1;

    for (i = 0; i < path->n && found < 0; i++) {
        if (is(&path->segments[i], "officeConfiguration")) {
            found = i;
        }
    }

    if (found < 0 && path->n
        && (is(&path->segments[path->n - 1], "$batch")
            || is(&path->segments[path->n - 1], "$entity")
            || is(&path->segments[path->n - 1], "$metadata")))
    {
        found = path->n - 1;
    }

    for (j = 0; found >= 0 && j < (ngx_uint_t) found; j++) {
        if (has(&path->segments[j], '/')) {
            return -1;
        }
    }

    return found;
}


static void
check_request(const ngx_str_t *url, unsigned merge, const ngx_str_t *location)
{
    int          expected;
    path_t       path, own;
    route_t      route;
    ngx_int_t    rc;
    ngx_str_t    text, root;
    ngx_uint_t   i, n, slashes;

    text = path_of(url);

    own.n = 0;
    expected = -1;

    if (url->len && !has(url, '#') && split(&own, &text, merge)) {

        if (location == NULL) {
            expected = find_root(&own);

        } else if (own.n && is(&own.segments[0], "api")) {
            expected = 1;
        }

        for (i = 0; i < own.n; i++) {
            if (is(&own.segments[i], ".") || is(&own.segments[i], "..")) {
                expected = -1;
            }
        }
    }

    if (expected < 0) {
        own.n = 0;
        split(&own, &by_nginx, 0);
        expected = 1;
    }

    rc = parse(url, merge, location, &path, &root, &n);

    fuzz_assert(rc == NGX_OK);
    fuzz_assert((int) n == expected);
    check_same_path(&path, 0, &own, 0);

    fuzz_assert(location == NULL || same(&root, location));

    if (location == NULL) {

        for (i = 0, slashes = 0; i < root.len; i++) {
            slashes += (root.data[i] == '/');
        }

        fuzz_assert(slashes == n);
    }

    route = resource(&path, n);

    if (location && route.resource == NGX_HTTP_OFFICE_CONFIG_SERVICE) {
        fuzz_assert(path.n == 1);
    }
}


/* every byte of the segments encoded */

static ngx_str_t
encoded(const char *front, const path_t *path, ngx_uint_t n)
{
    size_t      i, len;
    ngx_str_t   url;
    u_char     *p;

    len = strlen(front) + 1;

    for (i = n; i < path->n; i++) {
        len += 1 + 3 * path->segments[i].len;
    }

    url.data = ngx_pnalloc(pool, len);
    p = url.data + sprintf((char *) url.data, "%s", front);

    for ( /* void */ ; n < path->n; n++) {
        *p++ = '/';

        for (i = 0; i < path->segments[n].len; i++) {
            p += sprintf((char *) p, "%%%02x", path->segments[n].data[i]);
        }
    }

    url.len = p - url.data;

    return url;
}


static void
check_encoded(const ngx_str_t *url)
{
    path_t       path, other;
    route_t      route, again;
    ngx_str_t    text, root;
    ngx_uint_t   n, m;

    fuzz_assert(parse(url, 1, &prefix, &path, &root, &n) == NGX_OK);

    text = encoded("/api", &path, n);

    fuzz_assert(parse(&text, 0, &prefix, &other, &root, &m) == NGX_OK);

    check_same_path(&path, n, &other, m);

    route = resource(&path, n);
    again = resource(&other, m);

    check_same_route(&route, &again);
}


static ngx_int_t
reference(const ngx_str_t *url, path_t *path, ngx_uint_t *n)
{
    ngx_http_office_config_uri_t  uri;

    memset(path, 0xa5, sizeof(path_t));

    uri.unparsed = current;
    uri.uri = by_nginx;
    uri.merge = 1;
    uri.prefix = &prefix;

    return ngx_http_office_config_path_of(pool, &uri, &base, &prefix, url,
                                          path, n);
}


/* where a reference leads, from segments that were there before */

static unsigned
follow(path_t *path, const ngx_str_t *url)
{
    ngx_uint_t  i, n;

    if (!split(path, url, 0)) {
        return 0;
    }

    for (i = 0, n = 0; i < path->n; i++) {

        if (is(&path->segments[i], ".")) {
            continue;
        }

        if (!is(&path->segments[i], "..")) {
            path->segments[n++] = path->segments[i];

        } else if (n-- == 0) {
            return 0;
        }
    }

    path->n = n;

    return 1;
}


static void
check_reference(const ngx_str_t *url)
{
    path_t       path, other, own;
    ngx_int_t    rc, again;
    ngx_str_t    text, below;
    ngx_uint_t   n, m, skip, ok;

    rc = reference(url, &path, &n);

    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

    own.n = 0;
    skip = 0;
    below = *url;

    if (begins(url, "/api/") && url->data[1] == 'a' && url->data[2] == 'p'
        && url->data[3] == 'i')
    {
        below.data += 4;
        below.len -= 4;

    } else if (begins(url, "https://example.com/api/")) {
        below.data += base.len;
        below.len -= base.len;

    } else if (url->len && url->data[0] == '.') {
        ngx_str_t  start = ngx_string("/api" COLLECTION "/a");

        split(&own, &start, 0);
        skip = 1;

    } else if (has(url, ':')) {
        fuzz_assert(rc == NGX_DECLINED);
        return;
    }

    ok = !has(url, '?') && !has(url, '#') && follow(&own, &below)
         && own.n > skip
         && own.n < NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS
         && (skip == 0 || is(&own.segments[0], "api"));

    fuzz_assert(ok == (rc == NGX_OK));

    if (!ok) {
        return;
    }

    m = skip;

    if (is(&own.segments[skip], "officeConfiguration")) {
        check_same_path(&path, n, &own, skip);

    } else {
        fuzz_assert(is(&path.segments[n], "officeConfiguration"));
        check_same_path(&path, n + 1, &own, skip);
    }

    /* the same from the root's URL */

    text = encoded("https://example.com/api", &path, n);

    again = reference(&text, &other, &m);

    for (skip = n; skip < path.n; skip++) {
        if (is(&path.segments[skip], ".") || is(&path.segments[skip], "..")) {
            return;
        }
    }

    if (path.n - n == NGX_HTTP_OFFICE_CONFIG_MAX_SEGMENTS) {
        return;
    }

    fuzz_assert(again == NGX_OK);
    check_same_path(&path, n, &other, m);

    (void) resource(&path, n);
}


static ngx_int_t
target(const ngx_str_t *url, ngx_str_t *found)
{
    ngx_int_t  rc;
    ngx_str_t  below, host;

    below = *url;

    ngx_str_set(&host, "EXAMPLE.com");

    rc = ngx_http_office_config_target_below(&prefix, &base, NULL, &host,
                                             &below);
    fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        fuzz_assert(below.data >= url->data);
        fuzz_assert(below.data + below.len == url->data + url->len);

        rc = ngx_http_office_config_target(pool, &prefix, &below, found);
        fuzz_assert(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ABORT);
    }

    return rc;
}


static void
check_target(const ngx_str_t *url)
{
    size_t       i;
    path_t       path, own;
    ngx_int_t    rc;
    ngx_str_t    found, other, text, root;
    ngx_uint_t   n;

    rc = target(url, &found);

    if (rc != NGX_OK) {
        return;
    }

    fuzz_assert(begins(&found, "/api/"));

    for (i = 0; i < found.len; i++) {
        fuzz_assert(found.data[i] > ' ' && found.data[i] < 0x7f
                    && found.data[i] != '#');
    }

    /* it is below the root, by whatever way it is taken apart */

    text = path_of(&found);
    own.n = 0;

    if (split(&own, &text, 1)) {
        fuzz_assert(parse(&found, 1, &prefix, &path, &root, &n) == NGX_OK);
        fuzz_assert(n == 1);
        check_same_path(&path, 0, &own, 0);

        for (i = 0; i < own.n; i++) {
            fuzz_assert(!is(&own.segments[i], "."));
            fuzz_assert(!is(&own.segments[i], ".."));
        }

        (void) resource(&path, n);
    }

    /* its own target is itself, and so is that of its URL */

    fuzz_assert(target(&found, &other) == NGX_OK);
    fuzz_assert(same(&found, &other));

    text = join("https://example.com", &found);

    fuzz_assert(target(&text, &other) == NGX_OK);
    fuzz_assert(same(&found, &other));
}


static void
check_prefix(const ngx_str_t *url)
{
    ngx_str_t  text, batch, found;

    batch = *url;

    while (batch.len && batch.data[batch.len - 1] == '/') {
        batch.len--;
    }

    text.len = batch.len + sizeof("//%24batch/?a=/b") - 1;
    text.data = ngx_pnalloc(pool, text.len);

    memcpy(text.data, batch.data, batch.len);
    memcpy(text.data + batch.len, "//%24batch/?a=/b", text.len - batch.len);

    if (has(url, '?')) {
        (void) ngx_http_office_config_target_prefix(pool, url, &found);
        return;
    }

    fuzz_assert(ngx_http_office_config_target_prefix(pool, &text, &found)
                == NGX_OK);
    fuzz_assert(same(&found, &batch));
}


/* whether "." or ".." is between slashes, encoded or not */

static unsigned
dots(const ngx_str_t *url)
{
    size_t     i, start;
    ngx_str_t  plain, segment;

    fuzz_assert(decode(&plain, url->data, url->len));

    for (i = 0, start = 0; i <= plain.len; i++) {

        if (i < plain.len && plain.data[i] != '/') {
            continue;
        }

        segment.data = plain.data + start;
        segment.len = i - start;

        if (is(&segment, ".") || is(&segment, "..")) {
            return 1;
        }

        start = i + 1;
    }

    return 0;
}


/* a URL of a key, taken in each of the ways */

static void
check_url(const ngx_str_t *url, const ngx_str_t *id,
    const ngx_str_t *assignment)
{
    path_t       path;
    route_t      route;
    ngx_int_t    rc;
    ngx_str_t    text, found, root;
    ngx_uint_t   n, i;

    text = *url;
    text.data += sizeof("https://example.com") - 1;
    text.len -= sizeof("https://example.com") - 1;

    for (i = 0; i < 3; i++) {

        if (i == 0) {
            fuzz_assert(parse(&text, 1, &prefix, &path, &root, &n) == NGX_OK);

        } else if (i == 1) {
            fuzz_assert(reference(url, &path, &n) == NGX_OK);

        } else {
            rc = target(url, &found);

            /* nginx would take the dots for its own */

            fuzz_assert((rc == NGX_OK) == !dots(&text));
            fuzz_assert(rc != NGX_OK || same(&found, &text));
            continue;
        }

        route = resource(&path, n);

        fuzz_assert(route.resource == (assignment
                                       ? NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT
                                       : NGX_HTTP_OFFICE_CONFIG_CONFIGURATION));
        fuzz_assert(same(&route.id, id));
        fuzz_assert(route.cast == NULL);
        fuzz_assert(assignment == NULL || same(&route.assignment, assignment));
    }
}


static void
check_key(ngx_str_t *id)
{
    size_t      i;
    u_char     *p;
    ngx_str_t   url, contained;

    if (oc_id_valid(id->data, id->len) != NGX_OK) {
        return;
    }

    fuzz_assert(ngx_http_office_config_configuration_url(pool, &base, id, &url)
                == NGX_OK);
    check_url(&url, id, NULL);

    fuzz_assert(ngx_http_office_config_contained_url(pool, &url, id,
                                                     &contained)
                == NGX_OK);
    check_url(&contained, id, id);

    /* in parentheses, its quotes doubled */

    url.data = ngx_pnalloc(pool, sizeof("https://example.com/api" COLLECTION
                                        "('')") + 6 * id->len);
    p = url.data + sprintf((char *) url.data,
                           "https://example.com/api" COLLECTION "('");

    for (i = 0; i < id->len; i++) {
        p += sprintf((char *) p, id->data[i] == '\'' ? "%%27%%27" : "%%%02x",
                     id->data[i]);
    }

    *p++ = '\'';
    *p++ = ')';

    url.len = p - url.data;

    check_url(&url, id, NULL);
}


static void
check_memory(const ngx_str_t *url)
{
    path_t       path, all;
    route_t      route;
    ngx_int_t    rc, expected;
    ngx_str_t    root, found;
    ngx_uint_t   n, m;

    expected = reference(url, &all, &m);

    ngx_unit_allocations = unit_below(4);

    rc = parse(url, 1, NULL, &path, &root, &n);
    fuzz_assert(rc == NGX_OK || rc == NGX_ERROR || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        memset(&route, 0, sizeof(route));
        rc = ngx_http_office_config_resource(pool, &route, &path.segments[n],
                                             path.n - n);
        fuzz_assert(rc == NGX_OK || rc == NGX_ERROR);
    }

    ngx_unit_allocations = unit_below(4);

    rc = reference(url, &path, &n);
    fuzz_assert(rc == expected || rc == NGX_ERROR);

    ngx_unit_allocations = unit_below(2);

    (void) ngx_http_office_config_target(pool, &prefix, url, &found);

    ngx_unit_allocations = NGX_MAX_UINT32_VALUE;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char     *copy;
    ngx_str_t   url;

    fuzz_seed(data, size);

    pool = ngx_create_pool(4096, ngx_cycle->log);
    copy = unit_copy(data, size);

    url.data = copy;
    url.len = size;

    check_request(&url, 0, &prefix);
    check_request(&url, 1, &prefix);
    check_request(&url, 1, NULL);
    check_encoded(&url);
    check_reference(&url);
    check_target(&url);
    check_prefix(&url);
    check_key(&url);
    check_memory(&url);

    fuzz_assert(size == 0 || memcmp(copy, data, size) == 0);

    free(copy);
    ngx_destroy_pool(pool);

    return 0;
}
