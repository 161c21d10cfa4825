
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "ngx_http_office_config_scan.h"
#include "oc_bytes.h"
#include "oc_span.h"


/* what is behind an id in the heap: a byte that no id has, and an index */

#define NGX_HTTP_OFFICE_CONFIG_INDEX_LEN  5


static ngx_int_t ngx_http_office_config_filter_items(ngx_http_request_t *r,
    oc_eval_t *eval, const ngx_http_office_config_options_t *options,
    ngx_str_t *items, ngx_uint_t n,
    const ngx_http_office_config_position_t *after, oc_heap_t *heap,
    ngx_uint_t *count);
static ngx_int_t ngx_http_office_config_item_key(ngx_http_request_t *r,
    oc_eval_t *eval, const ngx_http_office_config_options_t *options,
    oc_subject_t *subject, ngx_str_t *key);


/*
 * Makes a page of items that are all there, which are not many: at most as
 * many as a configuration may have assignments.  NGX_DECLINED, or what the
 * request is to be finalized with.
 */

ngx_int_t
ngx_http_office_config_items(ngx_http_office_config_list_t *list,
    ngx_str_t *items, ngx_uint_t n)
{
    size_t           len;
    oc_heap_item_t  *item;
    ngx_int_t        rc;
    ngx_uint_t       count;

    list->page = NULL;
    list->npage = 0;

    rc = ngx_http_office_config_choose(list->request, list->eval,
                                       &list->options, items, n, &list->after,
                                       list->skip, list->limit, &list->page,
                                       &list->npage, &count, &list->heap);

    if (rc == NGX_DECLINED && list->counted) {
        list->count = count;
    }

    /* the heap has one more than the page if there is another page */

    if (rc == NGX_DECLINED && list->npage
        && list->heap.n > list->skip + list->npage)
    {
        item = list->heap.items[list->skip + list->npage - 1];

        list->next.key.len = item->len;
        list->next.id.len = item->id_len - NGX_HTTP_OFFICE_CONFIG_INDEX_LEN;

        len = item->len + list->next.id.len;

        list->next.key.data = ngx_pnalloc(list->request->pool, len);

        if (list->next.key.data) {
            ngx_memcpy(list->next.key.data, item->data, len);

            list->next.id.data = list->next.key.data + item->len;
            list->next.given = 1;

        } else {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    oc_heap_free(&list->heap);

    return rc;
}


/*
 * Chooses those of "items" that fit the options: in their order, behind
 * "after" (NULL: from the first), without the first "skip" of them and "limit"
 * at most.  NGX_DECLINED, their number "count" without regard to these three;
 * or what the request is to be finalized with.  "heap", which has one more, is to
 * be freed in any case.
 */

ngx_int_t
ngx_http_office_config_choose(ngx_http_request_t *r, oc_eval_t *eval,
    const ngx_http_office_config_options_t *options, ngx_str_t *items,
    ngx_uint_t n, const ngx_http_office_config_position_t *after,
    ngx_uint_t skip, ngx_uint_t limit, ngx_str_t **page, ngx_uint_t *npage,
    ngx_uint_t *count, oc_heap_t *heap)
{
    u_char           *p;
    ngx_int_t         rc;
    ngx_uint_t        i, index;
    oc_heap_item_t   *item;

    oc_heap_init(heap, ngx_min(skip, n) + ngx_min(limit, n) + 1, (size_t) -1);

    rc = ngx_http_office_config_filter_items(r, eval, options, items, n, after,
                                             heap, count);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    oc_heap_sort(heap, skip);

    *page = ngx_palloc(r->pool, (ngx_min(limit, n) + 1) * sizeof(ngx_str_t));
    if (*page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *npage = 0;

    for (i = skip; i < heap->n && *npage < limit; i++) {

        item = heap->items[i];
        p = item->data + item->len + item->id_len - 4;

        index = ((ngx_uint_t) p[0] << 24) + ((ngx_uint_t) p[1] << 16)
                + ((ngx_uint_t) p[2] << 8) + p[3];

        (*page)[(*npage)++] = items[index];
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_office_config_filter_items(ngx_http_request_t *r, oc_eval_t *eval,
    const ngx_http_office_config_options_t *options, ngx_str_t *items,
    ngx_uint_t n, const ngx_http_office_config_position_t *after,
    oc_heap_t *heap, ngx_uint_t *count)
{
    u_char             id_buf[OC_ID_MAX_LEN
                              + NGX_HTTP_OFFICE_CONFIG_INDEX_LEN];
    ngx_int_t          key_rc;
    ngx_str_t          key, id;
    ngx_uint_t         i, matches;
    oc_subject_t       subject;
    oc_eval_status_e   status;

    *count = 0;

    ngx_memzero(&subject, sizeof(oc_subject_t));

    for (i = 0; i < n; i++) {

        subject.json = items[i];

        if (options->filter) {
            status = oc_filter_match(eval, options->filter, &subject,
                                     &matches);

            if (status != OC_EVAL_OK) {
                return ngx_http_office_config_eval_problem(r, eval, status,
                                                           "$filter");
            }

            if (!matches) {
                continue;
            }
        }

        if (options->search) {
            status = oc_search_match(eval, options->search, &subject,
                                     &matches);

            if (status != OC_EVAL_OK) {
                return ngx_http_office_config_eval_problem(r, eval, status,
                                                           "$search");
            }

            if (!matches) {
                continue;
            }
        }

        (*count)++;

        key_rc = ngx_http_office_config_item_key(r, eval, options, &subject,
                                                 &key);
        if (key_rc != NGX_DECLINED) {
            return key_rc;
        }

        /* what has no id, a check-in, is alone */

        if (ngx_http_office_config_entity_id(r->pool, &items[i], &id)
            != NGX_OK)
        {
            ngx_str_null(&id);
        }

        if (after && after->given
            && oc_bytes_compare_with_id(&key, &id, &after->key, &after->id)
               <= 0)
        {
            continue;
        }

        id.len = ngx_min(id.len, OC_ID_MAX_LEN);

        if (id.len) {
            ngx_memcpy(id_buf, id.data, id.len);
        }

        id.data = id_buf;

        id_buf[id.len++] = 0;
        id_buf[id.len++] = (u_char) (i >> 24);
        id_buf[id.len++] = (u_char) (i >> 16);
        id_buf[id.len++] = (u_char) (i >> 8);
        id_buf[id.len++] = (u_char) i;

        if (oc_heap_add(heap, &key, &id) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_office_config_item_key(ngx_http_request_t *r, oc_eval_t *eval,
    const ngx_http_office_config_options_t *options, oc_subject_t *subject,
    ngx_str_t *key)
{
    oc_eval_status_e  status;

    ngx_str_null(key);

    if (options->orderby.n == 0) {
        return NGX_DECLINED;
    }

    status = oc_order_key(eval, &options->orderby, subject, key);

    if (status != OC_EVAL_OK) {
        return ngx_http_office_config_eval_problem(r, eval, status,
                                                   "$orderby");
    }

    key->len = ngx_min(key->len, NGX_HTTP_OFFICE_CONFIG_KEY_LEN);

    return NGX_DECLINED;
}
