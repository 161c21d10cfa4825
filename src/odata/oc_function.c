
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_call.h"
#include "oc_eval.h"
#include "oc_pattern.h"
#include "oc_text.h"


static oc_eval_status_e oc_call_text(oc_eval_t *eval, const oc_expr_t *expr,
    oc_value_t *args, oc_value_t *result);
static oc_eval_status_e oc_call_substring(oc_eval_t *eval,
    const oc_expr_t *expr, oc_value_t *args, oc_value_t *result);
static oc_eval_status_e oc_call_case(oc_eval_t *eval, const ngx_str_t *text,
    oc_text_case_e to, oc_value_t *result);
static oc_eval_status_e oc_call_concat(oc_eval_t *eval, oc_value_t *args,
    oc_value_t *result);
static oc_eval_status_e oc_call_matches(oc_eval_t *eval,
    const oc_expr_t *expr, const ngx_str_t *text, oc_value_t *result);
static oc_eval_status_e oc_call_time(const oc_eval_t *eval,
    const oc_expr_t *expr, oc_value_t *args, oc_value_t *result);
static void oc_call_part(oc_value_t *result, const oc_value_t *arg,
    oc_time_part_e part);


/* Applies a canonical function to its arguments, none of which is null. */

oc_eval_status_e
oc_call_eval(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *args,
    oc_value_t *result)
{
    switch (expr->op) {

    case OC_CALL_CEILING:
        *result = args[0];
        oc_number_round(result, OC_ROUND_CEILING);
        return OC_EVAL_OK;

    case OC_CALL_FLOOR:
        *result = args[0];
        oc_number_round(result, OC_ROUND_FLOOR);
        return OC_EVAL_OK;

    case OC_CALL_ROUND:
        *result = args[0];
        oc_number_round(result, OC_ROUND_NEAREST);
        return OC_EVAL_OK;

    case OC_CALL_CONCAT:
    case OC_CALL_CONTAINS:
    case OC_CALL_ENDSWITH:
    case OC_CALL_INDEXOF:
    case OC_CALL_LENGTH:
    case OC_CALL_MATCHESPATTERN:
    case OC_CALL_STARTSWITH:
    case OC_CALL_SUBSTRING:
    case OC_CALL_TOLOWER:
    case OC_CALL_TOUPPER:
    case OC_CALL_TRIM:
        return oc_call_text(eval, expr, args, result);

    default:
        return oc_call_time(eval, expr, args, result);
    }
}


/* Strings (5.1.1.5 to 5.1.1.7); the first argument is one. */

static oc_eval_status_e
oc_call_text(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *args,
    oc_value_t *result)
{
    ngx_str_t         *text, *part;
    const u_char      *found;
    oc_eval_status_e   status;

    text = &args[0].u.text;
    part = &args[1].u.text;

    status = oc_eval_charge(eval, text->len);

    if (status != OC_EVAL_OK) {
        return status;
    }

    switch (expr->op) {

    case OC_CALL_CONTAINS:
        oc_value_boolean(result, oc_text_find(text, part) != NULL);
        return OC_EVAL_OK;

    case OC_CALL_STARTSWITH:
        oc_value_boolean(result, text->len >= part->len
                         && ngx_memcmp(text->data, part->data, part->len)
                            == 0);
        return OC_EVAL_OK;

    case OC_CALL_ENDSWITH:
        oc_value_boolean(result, text->len >= part->len
                         && ngx_memcmp(text->data + text->len - part->len,
                                       part->data, part->len)
                            == 0);
        return OC_EVAL_OK;

    case OC_CALL_INDEXOF:
        found = oc_text_find(text, part);

        result->kind = OC_KIND_INT32;
        result->u.integer = found ? (int64_t) oc_text_length(text->data,
                                                         found - text->data)
                                  : -1;
        return OC_EVAL_OK;

    case OC_CALL_LENGTH:
        result->kind = OC_KIND_INT32;
        result->u.integer = oc_text_length(text->data, text->len);
        return OC_EVAL_OK;

    case OC_CALL_TRIM:
        *result = args[0];
        oc_text_trim(&result->u.text);
        return OC_EVAL_OK;

    case OC_CALL_TOLOWER:
        return oc_call_case(eval, text, OC_TEXT_LOWER, result);

    case OC_CALL_TOUPPER:
        return oc_call_case(eval, text, OC_TEXT_UPPER, result);

    case OC_CALL_CONCAT:
        return oc_call_concat(eval, args, result);

    case OC_CALL_SUBSTRING:
        return oc_call_substring(eval, expr, args, result);

    default: /* OC_CALL_MATCHESPATTERN */
        return oc_call_matches(eval, expr, text, result);
    }
}


/*
 * Characters are code points; a start below zero counts from the end, a length
 * below zero is an error (5.1.1.5.7).
 */

static oc_eval_status_e
oc_call_substring(oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *args,
    oc_value_t *result)
{
    int64_t        start, n;
    ngx_str_t      text;
    const u_char  *from, *to, *last;

    text = args[0].u.text;
    last = text.data + text.len;

    start = args[1].u.integer;
    n = (expr->nargs == 3) ? args[2].u.integer : INT64_MAX;

    if (n < 0) {
        return oc_eval_fail(eval, "The length of a substring is negative.");
    }

    if (start < 0) {
        start += (int64_t) oc_text_length(text.data, text.len);
        start = ngx_max(start, 0);
    }

    from = oc_text_skip(text.data, last, start);
    to = oc_text_skip(from, last, n);

    result->kind = OC_KIND_STRING;
    result->u.text.data = (u_char *) from;
    result->u.text.len = to - from;

    return OC_EVAL_OK;
}


static oc_eval_status_e
oc_call_case(oc_eval_t *eval, const ngx_str_t *text, oc_text_case_e to,
    oc_value_t *result)
{
    u_char            *p;
    oc_eval_status_e   status;

    status = oc_eval_alloc(eval, text->len * OC_TEXT_CASE_GROWTH, &p);

    if (status != OC_EVAL_OK) {
        return status;
    }

    result->kind = OC_KIND_STRING;
    result->u.text.len = oc_text_case(p, text, to);
    result->u.text.data = p;

    /* it takes longer than to look at it */

    eval->steps -= text->len / 8;

    return OC_EVAL_OK;
}


static oc_eval_status_e
oc_call_concat(oc_eval_t *eval, oc_value_t *args, oc_value_t *result)
{
    u_char            *p;
    size_t             len;
    oc_eval_status_e   status;

    len = args[0].u.text.len + args[1].u.text.len;

    status = oc_eval_alloc(eval, len, &p);

    if (status != OC_EVAL_OK) {
        return status;
    }

    result->kind = OC_KIND_STRING;
    result->u.text.data = p;
    result->u.text.len = len;

    p = ngx_cpymem(p, args[0].u.text.data, args[0].u.text.len);
    ngx_memcpy(p, args[1].u.text.data, args[1].u.text.len);

    return oc_eval_charge(eval, len);
}


static oc_eval_status_e
oc_call_matches(oc_eval_t *eval, const oc_expr_t *expr, const ngx_str_t *text,
    oc_value_t *result)
{
    switch (oc_pattern_match(expr->data, text, &eval->steps)) {

    case OC_PATTERN_MATCH:
        oc_value_boolean(result, 1);
        return OC_EVAL_OK;

    case OC_PATTERN_NO_MATCH:
        oc_value_boolean(result, 0);
        return OC_EVAL_OK;

    case OC_PATTERN_NO_MEMORY:
        return OC_EVAL_NO_MEMORY;

    default: /* OC_PATTERN_LIMIT */
        eval->message = "A pattern takes too long on one of the items.";
        return OC_EVAL_LIMIT;
    }
}


/* Dates and times (5.1.1.8) */

static oc_eval_status_e
oc_call_time(const oc_eval_t *eval, const oc_expr_t *expr, oc_value_t *args,
    oc_value_t *result)
{
    oc_decimal_t  d;

    switch (expr->op) {

    case OC_CALL_NOW:
        result->kind = OC_KIND_DATETIMEOFFSET;
        result->u.time = eval->now;
        break;

    case OC_CALL_MINDATETIME:
        result->kind = OC_KIND_DATETIMEOFFSET;
        oc_time_min(&result->u.time);
        break;

    case OC_CALL_MAXDATETIME:
        result->kind = OC_KIND_DATETIMEOFFSET;
        oc_time_max(&result->u.time);
        break;

    case OC_CALL_YEAR:
        oc_call_part(result, &args[0], OC_TIME_YEAR);
        break;

    case OC_CALL_MONTH:
        oc_call_part(result, &args[0], OC_TIME_MONTH);
        break;

    case OC_CALL_DAY:
        oc_call_part(result, &args[0], OC_TIME_DAY);
        break;

    case OC_CALL_HOUR:
        oc_call_part(result, &args[0], OC_TIME_HOUR);
        break;

    case OC_CALL_MINUTE:
        oc_call_part(result, &args[0], OC_TIME_MINUTE);
        break;

    case OC_CALL_SECOND:
        oc_call_part(result, &args[0], OC_TIME_SECOND);
        break;

    case OC_CALL_DATE:
        *result = args[0];
        result->kind = OC_KIND_DATE;
        oc_time_date(&result->u.time);
        break;

    case OC_CALL_TIME:
        *result = args[0];
        result->kind = OC_KIND_TIMEOFDAY;
        oc_time_timeofday(&result->u.time);
        break;

    case OC_CALL_TOTALOFFSETMINUTES:
        result->kind = OC_KIND_INT32;
        result->u.integer = args[0].u.time.offset;
        break;

    case OC_CALL_FRACTIONALSECONDS:
        args[0].u.time.sec = 0;

        /* fall through */

    default: /* OC_CALL_TOTALSECONDS */
        oc_time_seconds(&d, &args[0].u.time);
        result->kind = OC_KIND_DECIMAL;
        result->u.decimal = d;
    }

    return OC_EVAL_OK;
}


static void
oc_call_part(oc_value_t *result, const oc_value_t *arg, oc_time_part_e part)
{
    int64_t  n;

    n = oc_time_part(&arg->u.time, part);

    result->kind = OC_KIND_INT32;
    result->u.integer = n;
}
