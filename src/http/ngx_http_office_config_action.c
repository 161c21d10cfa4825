
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include "ngx_http_office_config_handler.h"
#include "ngx_http_office_config_represent.h"
#include "ngx_http_office_config_response.h"
#include "oc_json.h"


static ngx_int_t ngx_http_office_config_assign_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static ngx_int_t ngx_http_office_config_assigned(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_priorities_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena);
static ngx_int_t ngx_http_office_config_prioritized(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx);
static ngx_int_t ngx_http_office_config_parameters(json_t *json,
    const ngx_str_t *names, json_t **values, ngx_uint_t n, oc_fault_t *fault);
static ngx_int_t ngx_http_office_config_pairs(json_t *ids, json_t *priorities,
    ngx_str_t *id, int32_t *priority, oc_fault_t *fault);


static const ngx_str_t  ngx_http_office_config_assign_parameters[] = {
    ngx_string("officeConfigurationAssignments")
};

static const ngx_str_t  ngx_http_office_config_priorities_parameters[] = {
    ngx_string("officeConfigurationPolicyIds"),
    ngx_string("officeConfigurationPriorities")
};


/* The action "assign": new assignments in the place of all. */

ngx_int_t
ngx_http_office_config_assign(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_http_office_config_prefer(r, ctx);

    if (ngx_http_office_config_condition(r, &ctx->condition) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_office_config_read_json(r, ctx,
                                          ngx_http_office_config_assign_json);
}


static ngx_int_t
ngx_http_office_config_assign_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    json_t           *list;
    ngx_int_t         rc;
    oc_fault_t        fault;
    ngx_uint_t        n;
    oc_assignment_t  *assignments;

    fault.arena = arena;

    rc = ngx_http_office_config_parameters(json,
                                     ngx_http_office_config_assign_parameters,
                                     &list, 1, &fault);

    if (rc == NGX_OK && ngx_http_office_config_stamp(ctx) != NGX_OK) {
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        rc = oc_assignments_read(&assignments, &n, list,
                                 "officeConfigurationAssignments",
                                 &ctx->stamp, arena, &fault);
    }

    if (rc != NGX_OK) {
        return ngx_http_office_config_fault(r, rc, &fault);
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_assigned);

    if (oc_store_assign(&ctx->call, &ctx->route.id, &ctx->condition,
                        assignments, n, &ctx->stamp)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_http_office_config_assigned(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_str_t  fragment, link;

    if (ctx->minimal) {
        return ngx_http_office_config_send_nothing(r, ctx);
    }

    ngx_str_null(&link);

    ngx_str_set(&fragment, "Collection(" OC_NAMESPACE
                           ".officeClientConfigurationAssignment)");

    return ngx_http_office_config_send_collection(r, ctx, &fragment, &link);
}


/* The action "updatePriorities": all of them or none. */

ngx_int_t
ngx_http_office_config_update_priorities(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ngx_http_office_config_prefer(r, ctx);

    return ngx_http_office_config_read_json(r, ctx,
                                      ngx_http_office_config_priorities_json);
}


static ngx_int_t
ngx_http_office_config_priorities_json(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx, json_t *json, oc_arena_t *arena)
{
    size_t       n;
    json_t      *values[2];
    int32_t     *priorities;
    ngx_int_t    rc;
    ngx_str_t   *ids;
    oc_fault_t   fault;

    fault.arena = arena;

    rc = ngx_http_office_config_parameters(json,
                                 ngx_http_office_config_priorities_parameters,
                                 values, 2, &fault);

    if (rc != NGX_OK) {
        return ngx_http_office_config_fault(r, rc, &fault);
    }

    n = json_array_size(values[0]);

    if (n == 0 && json_array_size(values[1]) == 0) {
        ctx->representation = 0;
        return ngx_http_office_config_send_nothing(r, ctx);
    }

    ids = oc_arena_alloc(arena, (n + 1) * sizeof(ngx_str_t));
    priorities = oc_arena_alloc(arena, (n + 1) * sizeof(int32_t));

    if (ids == NULL || priorities == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_office_config_pairs(values[0], values[1], ids, priorities,
                                      &fault);

    if (rc != NGX_OK) {
        return ngx_http_office_config_fault(r, rc, &fault);
    }

    if (ngx_http_office_config_stamp(ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_office_config_call(r, ctx, ngx_http_office_config_prioritized);

    if (oc_store_priorities(&ctx->call, ids, priorities, n, &ctx->stamp)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


/*
 * The ids and the priorities that belong together: as many of both, no id
 * twice.  NGX_OK, or NGX_DECLINED with "fault" filled.
 */

static ngx_int_t
ngx_http_office_config_pairs(json_t *ids, json_t *priorities, ngx_str_t *id,
    int32_t *priority, oc_fault_t *fault)
{
    size_t     i, j, n;
    json_t    *value;
    oc_path_t  list, item;

    n = json_array_size(ids);

    list.parent = NULL;
    list.index = 0;

    item.parent = &list;
    item.name = NULL;
    item.len = 0;

    list.name = "officeConfigurationPriorities";
    list.len = sizeof("officeConfigurationPriorities") - 1;

    if (json_array_size(priorities) != n) {
        (void) oc_fault(fault, &list, "As many priorities as ids are "
                        "expected.");
        return NGX_DECLINED;
    }

    if (n > OC_STORE_MAX_PRIORITIES) {
        (void) oc_fault(fault, &list, "At most %d priorities can be changed "
                        "at once.", OC_STORE_MAX_PRIORITIES);
        return NGX_DECLINED;
    }

    for (i = 0; i < n; i++) {
        value = json_array_get(priorities, i);

        if (!json_is_integer(value)
            || json_integer_value(value) < -2147483647 - 1
            || json_integer_value(value) > 2147483647)
        {
            item.index = i;
            (void) oc_fault(fault, &item, "A value of type Edm.Int32 is "
                            "expected.");
            return NGX_DECLINED;
        }

        priority[i] = (int32_t) json_integer_value(value);
    }

    list.name = "officeConfigurationPolicyIds";
    list.len = sizeof("officeConfigurationPolicyIds") - 1;

    for (i = 0; i < n; i++) {
        value = json_array_get(ids, i);
        item.index = i;

        if (!json_is_string(value)) {
            (void) oc_fault(fault, &item, "The id of a client configuration "
                            "is expected.");
            return NGX_DECLINED;
        }

        id[i].data = (u_char *) json_string_value(value);
        id[i].len = json_string_length(value);

        for (j = 0; j < i; j++) {
            if (id[i].len == id[j].len
                && ngx_memcmp(id[i].data, id[j].data, id[i].len) == 0)
            {
                (void) oc_fault(fault, &item, "The id is given twice.");
                return NGX_DECLINED;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_office_config_prioritized(ngx_http_request_t *r,
    ngx_http_office_config_ctx_t *ctx)
{
    ctx->representation = 0;

    return ngx_http_office_config_send_nothing(r, ctx);
}


/*
 * The parameters of an action, all of them arrays.  NGX_OK, or NGX_DECLINED
 * with "fault" filled.
 */

static ngx_int_t
ngx_http_office_config_parameters(json_t *json, const ngx_str_t *names,
    json_t **values, ngx_uint_t n, oc_fault_t *fault)
{
    void        *iter;
    oc_path_t    path;
    ngx_str_t    name;
    ngx_uint_t   i;

    if (!json_is_object(json)) {
        (void) oc_fault(fault, NULL, "An object with the parameters of the "
                        "action is expected.");
        return NGX_DECLINED;
    }

    ngx_memzero(values, n * sizeof(json_t *));
    ngx_memzero(&path, sizeof(oc_path_t));

    for (iter = json_object_iter(json);
         iter;
         iter = json_object_iter_next(json, iter))
    {
        name = oc_json_member_name(iter);

        for (i = 0; i < n; i++) {
            if (names[i].len == name.len
                && ngx_memcmp(names[i].data, name.data, name.len) == 0)
            {
                values[i] = json_object_iter_value(iter);
                break;
            }
        }

        if (i == n && memchr(name.data, '@', name.len) == NULL) {
            path.name = (const char *) name.data;
            path.len = (name.len > 64) ? 0 : name.len;

            (void) oc_fault(fault, &path, "The action has no parameter of "
                            "this name.");
            return NGX_DECLINED;
        }
    }

    for (i = 0; i < n; i++) {
        if (!json_is_array(values[i])) {
            path.name = (const char *) names[i].data;
            path.len = names[i].len;

            (void) oc_fault(fault, &path, "An array is expected.");
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}
