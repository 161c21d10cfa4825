
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_control.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_route.h"
#include "oc_span.h"


static ngx_int_t ngx_http_office_config_object_url(
    ngx_http_office_config_walk_t *w, ngx_str_t *json, const oc_type_t *type,
    ngx_str_t *parent, ngx_str_t *url);
static void ngx_http_office_config_write_about(
    ngx_http_office_config_walk_t *w, const oc_property_t *property,
    ngx_str_t *url);
static void ngx_http_office_config_write_links(
    ngx_http_office_config_walk_t *w, const oc_property_t *property,
    ngx_str_t *url);
static void ngx_http_office_config_write_link(ngx_http_office_config_walk_t *w,
    const oc_property_t *property, const char *name, ngx_str_t *url,
    const char *tail);
static ngx_uint_t ngx_http_office_config_is_selected(
    ngx_http_office_config_ctx_t *ctx, const oc_type_t *type,
    const ngx_str_t *name);


#define ngx_http_office_config_ends(name, text)                               \
    ((name)->len >= sizeof(text) - 1                                          \
     && ngx_strncmp((name)->data + (name)->len - (sizeof(text) - 1), text,    \
                    sizeof(text) - 1) == 0)


/*
 * An object.  In: "type" is the declared one, NULL if that is not known; "url"
 * is that of an entity, empty if it is not known or none.
 */

ngx_int_t
ngx_http_office_config_write_object(ngx_http_office_config_walk_t *w,
    ngx_str_t *json, const oc_type_t *type, ngx_str_t *url)
{
    u_char                          *p, *last;
    ngx_str_t                        name, value, none;
    ngx_uint_t                       i, full;
    const oc_type_t                 *derived;
    const oc_property_t             *property;
    ngx_http_office_config_about_t   about;

    ngx_http_office_config_about(json, &about);

    /* a reference is nothing without what it refers to */

    if (about.id.len && about.others == 0) {
        oc_buf_str(&w->buf, json);
        return NGX_OK;
    }

    ngx_str_null(&none);

    if (type && about.type.len > 2) {
        derived = oc_type_find(about.type.data + 1, about.type.len - 2);

        if (derived) {
            type = derived;
        }
    }

    full = (w->format->level == OC_LEVEL_FULL && type);

    oc_buf_char(&w->buf, '{');

    if (w->format->level != OC_LEVEL_NONE) {
        ngx_http_office_config_write_span(w, "@odata.context",
                                          &about.context);

        if (full) {
            ngx_http_office_config_write_name(w, &none, "@odata.type");
            ngx_http_office_config_write_type(w, type, NULL);

        } else {
            ngx_http_office_config_write_span(w, "@odata.type", &about.type);
        }

        if (full && url->len && type->flags & OC_TYPE_ENTITY) {
            ngx_http_office_config_write_name(w, &none, "@odata.id");
            oc_buf_json_string(&w->buf, url->data, url->len);

        } else {
            ngx_http_office_config_write_span(w, "@odata.id", &about.id);
        }

        ngx_http_office_config_write_span(w, "@odata.etag", &about.etag);

        if (full && url->len && type->flags & OC_TYPE_ENTITY) {
            ngx_http_office_config_write_name(w, &none, "@odata.editLink");
            oc_buf_json_string(&w->buf, url->data, url->len);
        }
    }

    last = json->data + json->len - 1;

    ngx_str_null(&name);

    for (p = json->data + 1; /* void */ ; ) {

        p = oc_span_next(p, last, &name, &value);
        if (p == NULL) {
            break;
        }

        if (ngx_http_office_config_is_about(&name)) {
            continue;
        }

        if (ngx_http_office_config_write_member(w, &name, &value, type, url)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* the links of what is not expanded; what is, is the last member */

    for (i = 0; full && url->len && i < type->nproperties; i++) {
        property = &type->properties[i];

        if (property->edm == OC_EDM_ENTITY
            && ngx_http_office_config_is_selected(w->ctx, type, &property->name)
            && (property->name.len != name.len
                || ngx_memcmp(property->name.data, name.data, name.len) != 0))
        {
            ngx_http_office_config_write_links(w, property, url);
        }
    }

    oc_buf_char(&w->buf, '}');

    return NGX_OK;
}


/*
 * Looks for what an object says about itself, which is in front of all else,
 * and for its key, which is the first property.
 */

void
ngx_http_office_config_about(ngx_str_t *json,
    ngx_http_office_config_about_t *about)
{
    u_char     *p, *last;
    ngx_str_t   name, value;

    ngx_memzero(about, sizeof(ngx_http_office_config_about_t));

    last = json->data + json->len - 1;

    for (p = json->data + 1; /* void */ ; ) {

        p = oc_span_next(p, last, &name, &value);
        if (p == NULL) {
            return;
        }

        if (!ngx_http_office_config_is_about(&name)) {
            about->others = 1;

            if (ngx_http_office_config_is(&name, "id")) {
                about->key = value;
            }

            return;
        }

        switch (name.data[sizeof("@odata.") - 1]) {

        case 'c':
            about->context = value;
            break;

        case 't':
            about->type = value;
            break;

        case 'e':
            about->etag = value;
            break;

        default: /* 'i' */
            about->id = value;
        }
    }
}


/* Those that are written in front of all others. */

ngx_uint_t
ngx_http_office_config_is_about(ngx_str_t *name)
{
    if (name->len < sizeof("@odata.id") - 1 || name->data[0] != '@') {
        return 0;
    }

    return ngx_http_office_config_is(name, "@odata.context")
           || ngx_http_office_config_is(name, "@odata.type")
           || ngx_http_office_config_is(name, "@odata.etag")
           || ngx_http_office_config_is(name, "@odata.id");
}


/*
 * The URL of an item of a collection; empty if it is no entity, or has neither
 * key nor @odata.id.
 */

static ngx_int_t
ngx_http_office_config_object_url(ngx_http_office_config_walk_t *w,
    ngx_str_t *json, const oc_type_t *type, ngx_str_t *parent, ngx_str_t *url)
{
    ngx_str_t                        key;
    ngx_http_office_config_about_t   about;

    ngx_str_null(url);

    if (w->format->level != OC_LEVEL_FULL || type == NULL
        || !(type->flags & OC_TYPE_ENTITY))
    {
        return NGX_OK;
    }

    ngx_http_office_config_about(json, &about);

    if (about.id.len > 2) {
        return ngx_http_office_config_decoded(w->request->pool, &about.id, url);
    }

    if (about.key.len <= 2) {
        return NGX_OK;
    }

    if (ngx_http_office_config_decoded(w->request->pool, &about.key, &key)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (type == &oc_type_configuration) {
        return ngx_http_office_config_item_url(w->request, w->ctx, &key, url);
    }

    if (parent->len == 0) {
        return NGX_OK;
    }

    return ngx_http_office_config_contained_url(w->request->pool, parent,
                                                &key, url);
}


/* A member that is not about the object; "type" and "url" are the object's. */

ngx_int_t
ngx_http_office_config_write_member(ngx_http_office_config_walk_t *w,
    ngx_str_t *name, ngx_str_t *value, const oc_type_t *type, ngx_str_t *url)
{
    ngx_int_t             slot;
    ngx_uint_t            count;
    const oc_property_t  *property;

    if (ngx_strlchr(name->data, name->data + name->len, '@')) {
        count = ngx_http_office_config_ends(name, "@odata.count");

        if (w->format->level == OC_LEVEL_NONE && !count
            && !ngx_http_office_config_ends(name, "@odata.nextLink"))
        {
            return NGX_OK;
        }

        ngx_http_office_config_write_name(w, name, "");

        if (count && w->format->ieee) {
            oc_buf_char(&w->buf, '"');
            oc_buf_str(&w->buf, value);
            oc_buf_char(&w->buf, '"');

        } else {
            oc_buf_str(&w->buf, value);
        }

        return NGX_OK;
    }

    property = NULL;

    if (type) {
        slot = oc_type_slot(type, name->data, name->len);

        if (slot >= 0) {
            property = &type->properties[slot];
        }
    }

    if (property && w->format->level == OC_LEVEL_FULL) {
        ngx_http_office_config_write_about(w, property, url);
    }

    ngx_http_office_config_write_name(w, name, "");

    return ngx_http_office_config_write_value(w, value,
                                              property ? property->type
                                                       : NULL,
                                              url);
}


/* "type" is that of the value or of its items; "parent" contains entities. */

ngx_int_t
ngx_http_office_config_write_value(ngx_http_office_config_walk_t *w,
    ngx_str_t *value, const oc_type_t *type, ngx_str_t *parent)
{
    u_char     *p, *last;
    ngx_str_t   item, url;

    if (value->data[0] == '{') {
        ngx_str_null(&url);
        return ngx_http_office_config_write_object(w, value, type, &url);
    }

    if (value->data[0] != '[' || value->len < 3 || value->data[1] != '{') {
        oc_buf_str(&w->buf, value);
        return NGX_OK;
    }

    oc_buf_char(&w->buf, '[');

    last = value->data + value->len - 1;

    for (p = value->data + 1; p < last; p = item.data + item.len + 1) {
        item.data = p;
        item.len = oc_span_end(p, last) - p;

        if (p != value->data + 1) {
            oc_buf_char(&w->buf, ',');
        }

        if (ngx_http_office_config_object_url(w, &item, type, parent, &url)
            != NGX_OK
            || ngx_http_office_config_write_object(w, &item, type, &url)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    oc_buf_char(&w->buf, ']');

    return NGX_OK;
}


/*
 * What is said about a property in front of it: the type, where that is not
 * seen in the value (OData JSON Format 4.01, 4.6.3); the links of a stream and
 * of what is expanded.
 */

static void
ngx_http_office_config_write_about(ngx_http_office_config_walk_t *w,
    const oc_property_t *property, ngx_str_t *url)
{
    switch (property->edm) {

    case OC_EDM_ENTITY:
        if (url->len) {
            ngx_http_office_config_write_links(w, property, url);
        }

        return;

    case OC_EDM_STREAM:
        if (url->len) {
            ngx_http_office_config_write_link(w, property,
                                              "@odata.mediaEditLink", url, "");
            ngx_http_office_config_write_link(w, property,
                                              "@odata.mediaReadLink", url, "");
        }

        return;

    default:
        break;
    }

    if (!(property->flags & OC_PROPERTY_COLLECTION)
        && (property->edm == OC_EDM_STRING || property->edm == OC_EDM_BOOLEAN
            || property->edm == OC_EDM_COMPLEX))
    {
        return;
    }

    ngx_http_office_config_write_name(w, &property->name, "@odata.type");
    ngx_http_office_config_write_type(w, NULL, property);
}


/* The links of a navigation property of the entity with this URL. */

static void
ngx_http_office_config_write_links(ngx_http_office_config_walk_t *w,
    const oc_property_t *property, ngx_str_t *url)
{
    ngx_http_office_config_write_link(w, property, "@odata.associationLink",
                                      url, "/$ref");
    ngx_http_office_config_write_link(w, property, "@odata.navigationLink",
                                      url, "");
}


static void
ngx_http_office_config_write_link(ngx_http_office_config_walk_t *w,
    const oc_property_t *property, const char *name, ngx_str_t *url,
    const char *tail)
{
    ngx_http_office_config_write_name(w, &property->name, name);

    oc_buf_json_string(&w->buf, url->data, url->len);

    if (!w->buf.failed) {
        w->buf.last--;
    }

    oc_buf_char(&w->buf, '/');
    oc_buf_str(&w->buf, &property->name);
    oc_buf_append(&w->buf, (u_char *) tail, ngx_strlen(tail));
    oc_buf_char(&w->buf, '"');
}


/* Whether $select has a navigation property that it need not have. */

static ngx_uint_t
ngx_http_office_config_is_selected(ngx_http_office_config_ctx_t *ctx,
    const oc_type_t *type, const ngx_str_t *name)
{
    ngx_uint_t         i;
    oc_select_item_t  *item;

    if (ctx->query.select.n == 0) {
        return 1;
    }

    for (i = 0; i < ctx->query.select.n; i++) {
        item = &ctx->query.select.items[i];

        if (oc_select_applies(item->type, type)
            && item->name.len == name->len
            && ngx_memcmp(item->name.data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The name of the next member: that of what it is about, and its own. */

void
ngx_http_office_config_write_name(ngx_http_office_config_walk_t *w,
    const ngx_str_t *about, const char *name)
{
    if (!w->buf.failed && w->buf.last[-1] != '{') {
        oc_buf_char(&w->buf, ',');
    }

    oc_buf_char(&w->buf, '"');
    oc_buf_str(&w->buf, about);
    oc_buf_append(&w->buf, (u_char *) name, ngx_strlen(name));
    oc_buf_literal(&w->buf, "\":");
}


/* A member as it was, if it was there. */

void
ngx_http_office_config_write_span(ngx_http_office_config_walk_t *w,
    const char *name, ngx_str_t *value)
{
    static const ngx_str_t  none = ngx_null_string;

    if (value->len) {
        ngx_http_office_config_write_name(w, &none, name);
        oc_buf_str(&w->buf, value);
    }
}


/* The name of a type, or of that of a property, as a fragment. */

void
ngx_http_office_config_write_type(ngx_http_office_config_walk_t *w,
    const oc_type_t *type, const oc_property_t *property)
{
    const char  *name;
    ngx_uint_t   collection;

    collection = 0;

    if (property) {
        type = property->type;
        collection = property->flags & OC_PROPERTY_COLLECTION;
    }

    oc_buf_literal(&w->buf, "\"#");

    if (collection) {
        oc_buf_literal(&w->buf, "Collection(");
    }

    if (type) {
        oc_buf_literal(&w->buf, OC_NAMESPACE ".");
        oc_buf_str(&w->buf, &type->name);

    } else {
        name = oc_edm_name(property->edm) + sizeof("Edm.") - 1;
        oc_buf_append(&w->buf, (u_char *) name, ngx_strlen(name));
    }

    if (collection) {
        oc_buf_char(&w->buf, ')');
    }

    oc_buf_char(&w->buf, '"');
}
