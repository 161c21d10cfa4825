
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_route.h"


typedef struct {
    ngx_str_t                          name;
    ngx_http_office_config_resource_e  resource;
} ngx_http_office_config_name_t;


static ngx_int_t ngx_http_office_config_find_below(ngx_pool_t *pool,
    ngx_http_office_config_route_t *route, ngx_str_t *segment, ngx_uint_t n);
static void ngx_http_office_config_find_property(
    ngx_http_office_config_route_t *route, const oc_type_t *type,
    ngx_str_t *segment, ngx_uint_t n);
static ngx_uint_t ngx_http_office_config_named(
    const ngx_http_office_config_name_t *names, ngx_str_t *segment,
    ngx_uint_t n, ngx_http_office_config_route_t *route);
static ngx_uint_t ngx_http_office_config_cast(
    ngx_http_office_config_route_t *route, ngx_str_t *segment);
static void ngx_http_office_config_cast_name(ngx_str_t *segment,
    ngx_str_t *name);
static void ngx_http_office_config_pass_type(const oc_type_t *type,
    ngx_str_t **segment, ngx_uint_t *n);
static ngx_int_t ngx_http_office_config_keyed(ngx_pool_t *pool,
    ngx_str_t *segment, const ngx_str_t *name, ngx_str_t *key);
static ngx_int_t ngx_http_office_config_key(ngx_pool_t *pool,
    ngx_str_t *segment, ngx_str_t *key);


/* actions go by a bare and by a qualified name (OData 4.01 Protocol, 11.5) */

static const ngx_str_t  ngx_http_office_config_collection =
    ngx_string(NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME);

static const ngx_str_t  ngx_http_office_config_contained =
    ngx_string("assignments");

static const ngx_http_office_config_name_t
    ngx_http_office_config_below_collection[] =
{
    { ngx_string("$ref"),
      NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_REF },

    { ngx_string("$count"),
      NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS_COUNT },

    { ngx_string("updatePriorities"),
      NGX_HTTP_OFFICE_CONFIG_UPDATE_PRIORITIES },

    { ngx_string("microsoft.graph.updatePriorities"),
      NGX_HTTP_OFFICE_CONFIG_UPDATE_PRIORITIES },

    { ngx_string("microsoft.management.services.api.updatePriorities"),
      NGX_HTTP_OFFICE_CONFIG_UPDATE_PRIORITIES },

    { ngx_null_string, 0 }
};

static const ngx_http_office_config_name_t
    ngx_http_office_config_below_item[] =
{
    { ngx_string("assign"),
      NGX_HTTP_OFFICE_CONFIG_ASSIGN },

    { ngx_string("microsoft.graph.assign"),
      NGX_HTTP_OFFICE_CONFIG_ASSIGN },

    { ngx_string("assignments"),
      NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS },

    { ngx_null_string, 0 }
};

static const ngx_http_office_config_name_t
    ngx_http_office_config_below_assignments[] =
{
    { ngx_string("$count"),
      NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_COUNT },

    { ngx_string("$ref"),
      NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS_REF },

    { ngx_null_string, 0 }
};


/*
 * From the segments below the root to the resource.  NGX_OK, or NGX_ERROR if
 * memory is out.
 */

ngx_int_t
ngx_http_office_config_resource(ngx_pool_t *pool,
    ngx_http_office_config_route_t *route, ngx_str_t *segment, ngx_uint_t n)
{
    ngx_int_t  rc;
    ngx_str_t  name;

    route->resource = NGX_HTTP_OFFICE_CONFIG_NOT_FOUND;

    if (n == 0) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_SERVICE;
        return NGX_OK;
    }

    if (n == 1 && ngx_http_office_config_is(segment, "$metadata")) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_METADATA;
        return NGX_OK;
    }

    if (n == 1 && ngx_http_office_config_is(segment, "$batch")) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_BATCH;
        return NGX_OK;
    }

    if (ngx_http_office_config_is(segment, "$entity")) {

        if (n == 1
            || (n == 2 && ngx_http_office_config_cast(route, segment + 1)))
        {
            route->resource = NGX_HTTP_OFFICE_CONFIG_ENTITY;
        }

        return NGX_OK;
    }

    if (!ngx_http_office_config_is(segment,
                                   NGX_HTTP_OFFICE_CONFIG_SINGLETON_NAME))
    {
        return NGX_OK;
    }

    segment++;
    n--;

    ngx_http_office_config_pass_type(&oc_type_office_configuration, &segment,
                                     &n);

    if (n == 0) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_SINGLETON;
        return NGX_OK;
    }

    rc = ngx_http_office_config_keyed(pool, segment,
                                      &ngx_http_office_config_collection,
                                      &route->id);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        return ngx_http_office_config_find_below(pool, route, segment + 1,
                                                 n - 1);
    }

    if (!ngx_http_office_config_is(segment,
                                   NGX_HTTP_OFFICE_CONFIG_COLLECTION_NAME))
    {
        ngx_http_office_config_find_property(route,
                                             &oc_type_office_configuration,
                                             segment, n);

        if (route->resource == NGX_HTTP_OFFICE_CONFIG_CHECKINS) {
            route->resource = NGX_HTTP_OFFICE_CONFIG_TENANT_CHECKINS;

        } else if (route->resource != NGX_HTTP_OFFICE_CONFIG_NOT_FOUND
                   && route->resource
                      != NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT)
        {
            route->resource = NGX_HTTP_OFFICE_CONFIG_SINGLETON_PROPERTY;
        }

        return NGX_OK;
    }

    segment++;
    n--;

    if (n) {
        ngx_http_office_config_cast_name(segment, &name);

        if (ngx_http_office_config_cast(route, &name)) {

            if (name.len < segment->len) {
                rc = ngx_http_office_config_keyed(pool, segment, &name,
                                                  &route->id);
                if (rc != NGX_OK) {
                    return NGX_ERROR;
                }

                return ngx_http_office_config_find_below(pool, route,
                                                         segment + 1, n - 1);
            }

            segment++;
            n--;
        }
    }

    if (n == 0) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_CONFIGURATIONS;
        return NGX_OK;
    }

    if (ngx_http_office_config_named(ngx_http_office_config_below_collection,
                                     segment, n, route)
        || oc_type_find(segment->data, segment->len))
    {
        return NGX_OK;
    }

    route->id = *segment;

    return ngx_http_office_config_find_below(pool, route, segment + 1, n - 1);
}


/* From the segments below an item, whose key is in the route. */

static ngx_int_t
ngx_http_office_config_find_below(ngx_pool_t *pool,
    ngx_http_office_config_route_t *route, ngx_str_t *segment, ngx_uint_t n)
{
    ngx_int_t  rc;

    if (oc_id_valid(route->id.data, route->id.len) != NGX_OK) {
        return NGX_OK;
    }

    if (n && ngx_http_office_config_cast(route, segment)) {
        segment++;
        n--;
    }

    if (n == 0) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_CONFIGURATION;
        return NGX_OK;
    }

    if (ngx_http_office_config_named(ngx_http_office_config_below_item,
                                     segment, n, route))
    {
        return NGX_OK;
    }

    rc = ngx_http_office_config_keyed(pool, segment,
                                      &ngx_http_office_config_contained,
                                      &route->assignment);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED
        && !ngx_http_office_config_is(segment, "assignments"))
    {
        ngx_http_office_config_find_property(route, &oc_type_configuration,
                                             segment, n);
        return NGX_OK;
    }

    if (rc == NGX_DECLINED) {
        segment++;
        n--;

        ngx_http_office_config_pass_type(&oc_type_assignment, &segment, &n);

        if (n == 0) {
            route->resource = NGX_HTTP_OFFICE_CONFIG_ASSIGNMENTS;
            return NGX_OK;
        }

        if (ngx_http_office_config_named(
                                     ngx_http_office_config_below_assignments,
                                     segment, n, route))
        {
            return NGX_OK;
        }

        route->assignment = *segment;
    }

    if (oc_id_valid(route->assignment.data, route->assignment.len) != NGX_OK) {
        return NGX_OK;
    }

    segment++;
    n--;

    ngx_http_office_config_pass_type(&oc_type_assignment, &segment, &n);

    if (n == 0) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT;

    } else if (n == 1 && ngx_http_office_config_is(segment, "$ref")) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_ASSIGNMENT_REF;
    }

    return NGX_OK;
}


/*
 * From a property's name and what is below it (OData 4.01 URL Conventions,
 * 4.7, 4.8).
 */

static void
ngx_http_office_config_find_property(ngx_http_office_config_route_t *route,
    const oc_type_t *type, ngx_str_t *segment, ngx_uint_t n)
{
    ngx_int_t             slot;
    const oc_property_t  *property;

    slot = oc_type_slot(type, segment->data, segment->len);

    if (slot < 0 || type->properties[slot].edm == OC_EDM_ENTITY) {
        return;
    }

    property = &type->properties[slot];

    segment++;
    n--;

    if (property->edm == OC_EDM_COMPLEX) {
        ngx_http_office_config_pass_type(property->type, &segment, &n);
    }

    if (n && property->edm == OC_EDM_COMPLEX
        && !(property->flags & OC_PROPERTY_COLLECTION))
    {
        slot = oc_type_slot(property->type, segment->data, segment->len);

        if (slot < 0) {
            return;
        }

        route->member = &property->type->properties[slot];

        segment++;
        n--;
    }

    route->property = property;

    if (route->member) {
        property = route->member;
    }

    if (property->edm == OC_EDM_STREAM) {

        if (n == 0 || (n == 1 && ngx_http_office_config_is(segment, "$value")))
        {
            route->resource = NGX_HTTP_OFFICE_CONFIG_STREAM;
        }

        return;
    }

    if (property->flags & OC_PROPERTY_COLLECTION) {

        if (n == 0) {
            route->resource = NGX_HTTP_OFFICE_CONFIG_CHECKINS;

        } else if (n == 1 && ngx_http_office_config_is(segment, "$count")) {
            route->resource = NGX_HTTP_OFFICE_CONFIG_CHECKINS_COUNT;
        }

        return;
    }

    if (property->edm == OC_EDM_COMPLEX) {

        if (n == 0) {
            route->resource = NGX_HTTP_OFFICE_CONFIG_PROPERTY_COMPLEX;
        }

        return;
    }

    if (n == 1 && ngx_http_office_config_is(segment, "$value")) {
        route->value = 1;

    } else if (n) {
        return;
    }

    if (property->flags & (OC_PROPERTY_KEY|OC_PROPERTY_COMPUTED)) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_PROPERTY;

    } else if (route->value) {
        route->resource = NGX_HTTP_OFFICE_CONFIG_PROPERTY_VALUE;

    } else {
        route->resource = NGX_HTTP_OFFICE_CONFIG_PROPERTY_PRIMITIVE;
    }
}


/* Whether the only segment is one of these names: sets the resource. */

static ngx_uint_t
ngx_http_office_config_named(const ngx_http_office_config_name_t *names,
    ngx_str_t *segment, ngx_uint_t n, ngx_http_office_config_route_t *route)
{
    if (n != 1) {
        return 0;
    }

    for ( /* void */ ; names->name.len; names++) {

        if (names->name.len == segment->len
            && ngx_strncmp(names->name.data, segment->data, segment->len) == 0)
        {
            route->resource = names->resource;
            return 1;
        }
    }

    return 0;
}


/*
 * Whether the segment is the type of a configuration (OData 4.01 URL
 * Conventions, 4.11): what is of another type is not there.  Behind one type
 * no other can be.
 */

static ngx_uint_t
ngx_http_office_config_cast(ngx_http_office_config_route_t *route,
    ngx_str_t *segment)
{
    const oc_type_t  *type;

    type = oc_type_find(segment->data, segment->len);

    if (type == NULL || !oc_type_derives(type, &oc_type_configuration)
        || segment->data[0] == '#')
    {
        return 0;
    }

    /* everything is of the base type */

    if (type == &oc_type_configuration) {
        return 1;
    }

    if (route->cast && route->cast != type) {
        return 0;
    }

    route->cast = type;

    return 1;
}


/* What of a segment is the name of a type, if it has one: TYPE('key'). */

static void
ngx_http_office_config_cast_name(ngx_str_t *segment, ngx_str_t *name)
{
    u_char  *p;

    *name = *segment;

    p = ngx_strlchr(segment->data, segment->data + segment->len, '(');

    if (p) {
        name->len = p - segment->data;
    }
}


/* Passes over a cast to the type that all is of anyway. */

static void
ngx_http_office_config_pass_type(const oc_type_t *type, ngx_str_t **segment,
    ngx_uint_t *n)
{
    if (*n && (*segment)->data[0] != '#'
        && oc_type_find((*segment)->data, (*segment)->len) == type)
    {
        (*segment)++;
        (*n)--;
    }
}


/*
 * Takes the key from name('key').  NGX_OK; NGX_DECLINED if the segment is
 * something else; NGX_ERROR if memory is out.  A malformed key is empty.
 */

static ngx_int_t
ngx_http_office_config_keyed(ngx_pool_t *pool, ngx_str_t *segment,
    const ngx_str_t *name, ngx_str_t *key)
{
    ngx_int_t  rc;
    ngx_str_t  rest;

    if (segment->len <= name->len || segment->data[name->len] != '('
        || ngx_strncmp(segment->data, name->data, name->len) != 0)
    {
        return NGX_DECLINED;
    }

    rest.data = segment->data + name->len;
    rest.len = segment->len - name->len;

    rc = ngx_http_office_config_key(pool, &rest, key);

    if (rc == NGX_DECLINED) {
        ngx_str_null(key);
        return NGX_OK;
    }

    return rc;
}


/*
 * Takes the key from ('key') or (id='key'), in which a quote is doubled (OData
 * ABNF, simpleKey and compoundKey).  NGX_OK; NGX_DECLINED if that is not its
 * form; NGX_ERROR if memory is out.
 */

static ngx_int_t
ngx_http_office_config_key(ngx_pool_t *pool, ngx_str_t *segment,
    ngx_str_t *key)
{
    u_char  *p, *last, *dst;

    p = segment->data;
    last = p + segment->len;

    if (segment->len < sizeof("('')") - 1 || *p != '(' || last[-1] != ')') {
        return NGX_DECLINED;
    }

    p++;
    last--;

    if (ngx_strncmp(p, "id=", sizeof("id=") - 1) == 0) {
        p += sizeof("id=") - 1;
    }

    if (last - p < 2 || *p != '\'' || last[-1] != '\'') {
        return NGX_DECLINED;
    }

    p++;
    last--;

    if (ngx_strlchr(p, last, '\'') == NULL) {
        key->data = p;
        key->len = last - p;
        return NGX_OK;
    }

    dst = ngx_pnalloc(pool, last - p);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    key->data = dst;

    for ( /* void */ ; p < last; p++) {

        if (*p == '\'' && (++p == last || *p != '\'')) {
            return NGX_DECLINED;
        }

        *dst++ = *p;
    }

    key->len = dst - key->data;

    return NGX_OK;
}


/*
 * Adds to a route the cast, which may be NULL, of another URL.  0 if nothing
 * is of both types.
 */

ngx_uint_t
ngx_http_office_config_narrow(ngx_http_office_config_route_t *route,
    const oc_type_t *cast)
{
    if (cast == NULL) {
        return 1;
    }

    if (route->cast && route->cast != cast) {
        return 0;
    }

    route->cast = cast;

    return 1;
}


/*
 * Whether a key that stands as a segment of its own, as in /key, would be
 * taken for something else.
 */

ngx_uint_t
ngx_http_office_config_is_reserved(ngx_str_t *key)
{
    ngx_str_t                       name;
    ngx_http_office_config_route_t  unused;

    ngx_http_office_config_cast_name(key, &name);

    return key->data[0] == '$'
           || ngx_http_office_config_is(key, ".")
           || ngx_http_office_config_is(key, "..")
           || oc_type_find(name.data, name.len)
           || ngx_http_office_config_named(
                                   ngx_http_office_config_below_collection,
                                   key, 1, &unused);
}
