
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_call.h"
#include "oc_eval.h"


static oc_eval_status_e oc_eval_limit(oc_eval_t *eval);
static oc_eval_status_e oc_eval_logic(oc_eval_t *eval, const oc_expr_t *expr,
    oc_value_t *value);
static oc_eval_status_e oc_eval_not(oc_eval_t *eval, const oc_expr_t *expr,
    oc_value_t *value);
static oc_eval_status_e oc_eval_compare(oc_eval_t *eval,
    const oc_expr_t *expr, oc_value_t *value);
static oc_eval_status_e oc_eval_in(oc_eval_t *eval, const oc_expr_t *expr,
    oc_value_t *value);
static ngx_uint_t oc_eval_equal(const oc_value_t *one,
    const oc_value_t *two);
static oc_eval_status_e oc_eval_negate(oc_eval_t *eval,
    const oc_expr_t *expr, oc_value_t *value);
static oc_eval_status_e oc_eval_arithmetic(oc_eval_t *eval,
    const oc_expr_t *expr, oc_value_t *value);
static const char *oc_eval_temporal(oc_arithmetic_e op, oc_value_t *one,
    oc_value_t *two);
static const char *oc_eval_scale(oc_arithmetic_e op, oc_value_t *one,
    oc_value_t *two);
static oc_eval_status_e oc_eval_function(oc_eval_t *eval,
    const oc_expr_t *expr, oc_value_t *value);
static oc_eval_status_e oc_eval_cast(oc_eval_t *eval, const oc_expr_t *expr,
    oc_value_t *value);


static const char  oc_eval_beyond[] = "The result of an operator is beyond "
                                      "its type.";


oc_eval_t *
oc_eval_create(ngx_pool_t *pool, int64_t now)
{
    oc_eval_t  *eval;

    eval = ngx_pcalloc(pool, sizeof(oc_eval_t));
    if (eval == NULL) {
        return NULL;
    }

    eval->pool = pool;
    oc_arena_init(&eval->scratch, OC_EVAL_SCRATCH);

    eval->now.sec = now / 1000 - (now % 1000 < 0);
    eval->now.pico = (now - eval->now.sec * 1000) * (OC_TEMPORAL_PICO / 1000);

    return eval;
}


ngx_str_t
oc_eval_message(const oc_eval_t *eval)
{
    ngx_str_t  message;

    ngx_str_null(&message);

    if (eval->message) {
        message.data = (u_char *) eval->message;
        message.len = ngx_strlen(eval->message);
    }

    return message;
}


/* Starts on an entity of "type", of which the slots in "uses" are needed. */

void
oc_eval_begin(oc_eval_t *eval, const oc_subject_t *subject,
    const oc_type_t *type, ngx_uint_t uses)
{
    size_t      len;
    ngx_uint_t  slot, bits;

    eval->message = NULL;
    eval->subject = subject;
    eval->type = type;
    eval->wanted = uses;
    eval->found = 0;

    eval->vars[0].kind = OC_KIND_ENTITY;
    eval->vars[0].u.text = subject->json;

    len = subject->json.len;

    for (slot = 0, bits = uses; bits; slot++, bits >>= 1) {

        if ((bits & 1) && subject->extra[slot].len) {
            eval->values[slot] = subject->extra[slot];
            eval->found |= 1u << slot;
            len += subject->extra[slot].len;
        }
    }

    eval->steps = OC_EVAL_STEPS + (int64_t) len * OC_EVAL_STEPS_PER_BYTE;
}


void
oc_eval_end(oc_eval_t *eval)
{
    eval->subject = NULL;

    if (eval->scratch.used) {
        oc_arena_free(&eval->scratch);
    }
}


oc_eval_status_e
oc_eval_fail(oc_eval_t *eval, const char *message)
{
    eval->message = message;

    return OC_EVAL_FAILED;
}


static oc_eval_status_e
oc_eval_limit(oc_eval_t *eval)
{
    eval->message = "The expression takes too long on one of the items.";

    return OC_EVAL_LIMIT;
}


/* Counts a step, and that many bytes are looked at. */

oc_eval_status_e
oc_eval_charge(oc_eval_t *eval, size_t bytes)
{
    eval->steps -= 1 + (int64_t) (bytes / 64);

    return (eval->steps < 0) ? oc_eval_limit(eval) : OC_EVAL_OK;
}


/* Memory until the end of the call. */

oc_eval_status_e
oc_eval_alloc(oc_eval_t *eval, size_t size, u_char **p)
{
    *p = oc_arena_alloc(&eval->scratch, ngx_max(size, 1));

    if (*p) {
        return OC_EVAL_OK;
    }

    if (eval->scratch.exhausted) {
        eval->message = "The expression takes too much memory on one of the "
                        "items.";
        return OC_EVAL_LIMIT;
    }

    return OC_EVAL_NO_MEMORY;
}


/* The value of a node that is not a collection. */

oc_eval_status_e
oc_eval_node(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    if (--eval->steps < 0) {
        return oc_eval_limit(eval);
    }

    switch (expr->node) {

    case OC_NODE_LITERAL:
        *value = expr->value;
        return OC_EVAL_OK;

    case OC_NODE_AND:
    case OC_NODE_OR:
        return oc_eval_logic(eval, expr, value);

    case OC_NODE_NOT:
        return oc_eval_not(eval, expr, value);

    case OC_NODE_COMPARE:
        return oc_eval_compare(eval, expr, value);

    case OC_NODE_IN:
        return oc_eval_in(eval, expr, value);

    case OC_NODE_NEGATE:
        return oc_eval_negate(eval, expr, value);

    case OC_NODE_ARITHMETIC:
        return oc_eval_arithmetic(eval, expr, value);

    case OC_NODE_CALL:
        return oc_eval_function(eval, expr, value);

    case OC_NODE_CAST:
    case OC_NODE_ISOF:
        return oc_eval_cast(eval, expr, value);

    default:
        return oc_eval_path(eval, expr, value);
    }
}


/* and, or: three values, from the left until the result is known */

static oc_eval_status_e
oc_eval_logic(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    int64_t            decides;
    ngx_uint_t         unknown;
    const oc_expr_t   *arg;
    oc_eval_status_e   status;

    decides = (expr->node == OC_NODE_OR);
    unknown = 0;

    for (arg = expr->args; arg; arg = arg->next) {
        status = oc_eval_node(eval, arg, value);

        if (status != OC_EVAL_OK) {
            return status;
        }

        if (value->kind == OC_KIND_NULL) {
            unknown = 1;

        } else if (value->u.integer == decides) {
            return OC_EVAL_OK;
        }
    }

    if (unknown) {
        value->kind = OC_KIND_NULL;

    } else {
        oc_value_boolean(value, !decides);
    }

    return OC_EVAL_OK;
}


static oc_eval_status_e
oc_eval_not(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    oc_eval_status_e  status;

    status = oc_eval_node(eval, expr->args, value);

    if (status == OC_EVAL_OK && value->kind != OC_KIND_NULL) {
        value->u.integer = !value->u.integer;
    }

    return status;
}


/*
 * null is equal to itself only, and neither less nor greater than anything;
 * "ge" and "le" are true where "eq" is (5.1.1.1).
 */

static oc_eval_status_e
oc_eval_compare(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    oc_order_e        order;
    oc_value_t        other;
    ngx_uint_t        truth, nulls;
    oc_eval_status_e  status;

    status = oc_eval_node(eval, expr->args, value);

    if (status != OC_EVAL_OK) {
        return status;
    }

    status = oc_eval_node(eval, expr->args->next, &other);

    if (status != OC_EVAL_OK) {
        return status;
    }

    nulls = (value->kind == OC_KIND_NULL) + (other.kind == OC_KIND_NULL);

    if (nulls) {
        order = (nulls == 2) ? OC_ORDER_EQUAL : OC_ORDER_NONE;

    } else {
        order = oc_value_compare(value, &other);

        if (value->kind == OC_KIND_STRING) {
            status = oc_eval_charge(eval, ngx_min(value->u.text.len,
                                                  other.u.text.len));
        }
    }

    switch (expr->op) {

    case OC_COMPARE_EQ:
        truth = (order == OC_ORDER_EQUAL);
        break;

    case OC_COMPARE_NE:
        truth = (order != OC_ORDER_EQUAL);
        break;

    case OC_COMPARE_GT:
        truth = (order == OC_ORDER_GREATER);
        break;

    case OC_COMPARE_GE:
        truth = (order == OC_ORDER_GREATER || order == OC_ORDER_EQUAL);
        break;

    case OC_COMPARE_LT:
        truth = (order == OC_ORDER_LESS);
        break;

    default: /* OC_COMPARE_LE */
        truth = (order == OC_ORDER_LESS || order == OC_ORDER_EQUAL);
    }

    oc_value_boolean(value, truth);

    return status;
}


static ngx_uint_t
oc_eval_equal(const oc_value_t *one, const oc_value_t *two)
{
    if (one->kind == OC_KIND_NULL || two->kind == OC_KIND_NULL) {
        return one->kind == two->kind;
    }

    return oc_value_compare(one, two) == OC_ORDER_EQUAL;
}


static oc_eval_status_e
oc_eval_in(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    u_char            *pos;
    ngx_str_t          array, json;
    oc_value_t         item;
    ngx_uint_t         found;
    const oc_expr_t   *list, *arg;
    oc_eval_status_e   status;

    list = expr->args->next;
    found = 0;

    status = oc_eval_node(eval, expr->args, value);

    if (status != OC_EVAL_OK) {
        return status;
    }

    if (!list->collection) {
        value->kind = OC_KIND_NULL;
        return OC_EVAL_OK;
    }

    if (list->node == OC_NODE_LIST) {

        for (arg = list->args; arg && !found; arg = arg->next) {
            status = oc_eval_node(eval, arg, &item);

            if (status != OC_EVAL_OK) {
                return status;
            }

            found = oc_eval_equal(value, &item);
        }

        oc_value_boolean(value, found);

        return OC_EVAL_OK;
    }

    status = oc_eval_array(eval, list, &array);

    if (status != OC_EVAL_OK) {
        return status;
    }

    for (pos = NULL; !found; /* void */ ) {

        pos = oc_eval_item(&array, pos, &json);
        if (pos == NULL) {
            break;
        }

        status = oc_eval_json(eval, list->kind, &json, &item);

        if (status != OC_EVAL_OK) {
            return status;
        }

        found = oc_eval_equal(value, &item);
    }

    oc_value_boolean(value, found);

    return OC_EVAL_OK;
}


static oc_eval_status_e
oc_eval_negate(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    const char        *message;
    oc_eval_status_e   status;

    status = oc_eval_node(eval, expr->args, value);

    if (status != OC_EVAL_OK || value->kind == OC_KIND_NULL) {
        return status;
    }

    message = oc_number_negate(value);

    return message ? oc_eval_fail(eval, message) : OC_EVAL_OK;
}


/* If an operand is null, the result is (5.1.1.2). */

static oc_eval_status_e
oc_eval_arithmetic(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    oc_value_t         other;
    const char        *message;
    oc_eval_status_e   status;

    status = oc_eval_node(eval, expr->args, value);

    if (status != OC_EVAL_OK) {
        return status;
    }

    status = oc_eval_node(eval, expr->args->next, &other);

    if (status != OC_EVAL_OK) {
        return status;
    }

    if (value->kind == OC_KIND_NULL || other.kind == OC_KIND_NULL) {
        value->kind = OC_KIND_NULL;
        return OC_EVAL_OK;
    }

    if (oc_kind_is_number(value->kind) && oc_kind_is_number(other.kind)) {
        message = oc_number_arithmetic(expr->op, value, &other, value);

    } else if (oc_kind_is_temporal(value->kind)
               && oc_kind_is_temporal(other.kind))
    {
        message = oc_eval_temporal(expr->op, value, &other);

    } else {
        message = oc_eval_scale(expr->op, value, &other);
    }

    return message ? oc_eval_fail(eval, message) : OC_EVAL_OK;
}


/* Adds or subtracts a duration, or subtracts two dates or points in time. */

static const char *
oc_eval_temporal(oc_arithmetic_e op, oc_value_t *one, oc_value_t *two)
{
    ngx_int_t  rc;

    if (two->kind != OC_KIND_DURATION) {
        one->kind = OC_KIND_DURATION;
    }

    rc = oc_time_add(&one->u.time, &two->u.time, op == OC_ARITHMETIC_SUB);

    if (one->kind == OC_KIND_DATE) {
        oc_time_date(&one->u.time);

    } else if (one->kind == OC_KIND_DURATION) {
        one->u.time.offset = 0;
    }

    return (rc == NGX_OK) ? NULL : oc_eval_beyond;
}


/* Multiplies or divides a duration by a number. */

static const char *
oc_eval_scale(oc_arithmetic_e op, oc_value_t *one, oc_value_t *two)
{
    int64_t        sec, pico;
    oc_time_t      time;
    oc_value_t     seconds, swap;
    const char    *message;
    oc_decimal_t   whole, million, part;

    if (one->kind != OC_KIND_DURATION) {
        swap = *one;
        *one = *two;
        *two = swap;
    }

    if (two->kind == OC_KIND_DOUBLE) {

        if (oc_decimal_from_double(&part, two->u.real) != NGX_OK) {
            return oc_eval_beyond;
        }

        two->u.decimal = part;
        two->kind = OC_KIND_DECIMAL;

    } else if (op == OC_ARITHMETIC_DIVBY) {

        /* integers do not make a duration infinite */

        op = OC_ARITHMETIC_DIV;
    }

    oc_time_seconds(&seconds.u.decimal, &one->u.time);
    seconds.kind = OC_KIND_DECIMAL;

    message = oc_number_arithmetic(op, &seconds, two, &seconds);

    if (message) {
        return message;
    }

    /* seconds and picoseconds again */

    whole = seconds.u.decimal;
    oc_decimal_round(&whole, -1);

    if (oc_decimal_to_int(&whole, &sec) != NGX_OK) {
        return oc_eval_beyond;
    }

    whole.negative = !whole.negative && !oc_decimal_is_zero(&whole);
    oc_decimal_from_int(&million, OC_TEMPORAL_PICO);

    if (oc_decimal_add(&part, &seconds.u.decimal, &whole) != NGX_OK
        || oc_decimal_mul(&part, &part, &million) != NGX_OK)
    {
        return oc_eval_beyond;
    }

    oc_decimal_round(&part, -1);

    if (oc_decimal_to_int(&part, &pico) != NGX_OK) {
        return oc_eval_beyond;
    }

    time.sec = 0;
    time.pico = 0;
    time.offset = 0;

    one->u.time.sec = sec;
    one->u.time.pico = pico;
    one->u.time.offset = 0;

    return (oc_time_add(&time, &one->u.time, 0) == NGX_OK) ? NULL
                                                           : oc_eval_beyond;
}


/* If an argument is null, the result is (5.1.1.4). */

static oc_eval_status_e
oc_eval_function(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    ngx_uint_t         i, null;
    oc_value_t         args[OC_CALL_MAX_ARGS];
    const oc_expr_t   *arg;
    oc_eval_status_e   status;

    null = 0;

    for (arg = expr->args, i = 0; arg; arg = arg->next, i++) {
        status = oc_eval_node(eval, arg, &args[i]);

        if (status != OC_EVAL_OK) {
            return status;
        }

        null |= (args[i].kind == OC_KIND_NULL);
    }

    if (null) {
        value->kind = OC_KIND_NULL;
        return OC_EVAL_OK;
    }

    return oc_call_eval(eval, expr, args, value);
}


/*
 * A cast that fails is null (5.1.1.10); isof is true for what can be cast,
 * null included.
 */

static oc_eval_status_e
oc_eval_cast(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *value)
{
    u_char            *buf;
    ngx_uint_t         null;
    const oc_type_t   *type;
    oc_eval_status_e   status;

    if (expr->args) {
        status = oc_eval_node(eval, expr->args, value);

        if (status != OC_EVAL_OK) {
            return status;
        }

    } else {
        *value = eval->vars[0];
    }

    null = (value->kind == OC_KIND_NULL);

    if (null) {
        /* void */

    } else if (expr->type) {
        status = oc_eval_type(eval, &value->u.text,
                              expr->args ? expr->args->type : eval->type,
                              &type);
        if (status != OC_EVAL_OK) {
            return status;
        }

        if (type == NULL || !oc_type_derives(type, expr->type)) {
            value->kind = OC_KIND_NULL;
        }

    } else {
        status = oc_eval_alloc(eval, OC_CAST_TEXT_LEN, &buf);

        if (status != OC_EVAL_OK) {
            return status;
        }

        oc_value_cast(value, expr->op, buf);
    }

    if (expr->node == OC_NODE_ISOF) {
        oc_value_boolean(value, null || value->kind != OC_KIND_NULL);
    }

    return OC_EVAL_OK;
}
