
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/* $orderby (OData 4.01 URL Conventions, 5.1.5): what it takes, and its keys */


#include "expr.h"
#include "hextoi.h"
#include "oc_bytes.h"
#include "tap.h"


#define MOST  12


/* documents of which each is before the next one */

static const struct {
    const char  *orderby;
    const char  *json[MOST];
} orders[] = {
    { "priority",
      { "{}", "{\"priority\":-2147483648}", "{\"priority\":-1}",
        "{\"priority\":0}", "{\"priority\":1}", "{\"priority\":255}",
        "{\"priority\":256}", "{\"priority\":2147483647}" } },
    { "priority desc",
      { "{\"priority\":256}", "{\"priority\":255}", "{\"priority\":-1}",
        "{\"priority\":null}" } },
    { "displayName",
      { "{\"displayName\":null}", "{\"displayName\":\"\"}",
        "{\"displayName\":\"\\u0001\"}", "{\"displayName\":\"A\"}",
        "{\"displayName\":\"AA\"}", "{\"displayName\":\"B\"}",
        "{\"displayName\":\"a\"}", "{\"displayName\":\"\303\244\"}",
        "{\"displayName\":\"\357\277\277\"}",
        "{\"displayName\":\"\360\220\200\200\"}" } },
    { "displayName DESC",
      { "{\"displayName\":\"b\"}", "{\"displayName\":\"ab\"}",
        "{\"displayName\":\"a\"}", "{\"displayName\":\"\"}", "{}" } },
    { "displayName,priority desc",
      { "{\"displayName\":\"a\",\"priority\":2}",
        "{\"displayName\":\"a\",\"priority\":1}",
        "{\"displayName\":\"aa\",\"priority\":9}",
        "{\"displayName\":\"b\",\"priority\":9}" } },
    { "userCheckinSummary/failedUserCount desc , id",
      { "{\"id\":\"z\",\"userCheckinSummary\":{\"failedUserCount\":2}}",
        "{\"id\":\"a\",\"userCheckinSummary\":{\"failedUserCount\":1}}",
        "{\"id\":\"b\",\"userCheckinSummary\":{\"failedUserCount\":1}}",
        "{\"id\":\"a\",\"userCheckinSummary\":null}", "{\"id\":\"b\"}" } },
    { "lastModifiedDateTime",
      { "{}", "{\"lastModifiedDateTime\":\"0001-01-01T00:00:00Z\"}",
        "{\"lastModifiedDateTime\":\"1969-12-31T23:59:59.999Z\"}",
        "{\"lastModifiedDateTime\":\"1970-01-01T00:00:00Z\"}",
        "{\"lastModifiedDateTime\":\"2026-01-01T00:00:00+01:00\"}",
        "{\"lastModifiedDateTime\":\"2026-01-01T00:00:00Z\"}",
        "{\"lastModifiedDateTime\":\"2026-01-01T00:00:00.000001Z\"}" } },
    { "contains(displayName,'a') asc",
      { "{}", "{\"displayName\":\"b\"}", "{\"displayName\":\"a\"}" } },
    { "priority divby 4",
      { "{}", "{\"priority\":-100}", "{\"priority\":-99}",
        "{\"priority\":-10}", "{\"priority\":-9}", "{\"priority\":-1}",
        "{\"priority\":0}", "{\"priority\":1}", "{\"priority\":9}",
        "{\"priority\":10}", "{\"priority\":100}", "{\"priority\":101}" } },
    { "1 divby priority",
      { "{}", "{\"priority\":-1}", "{\"priority\":-3}", "{\"priority\":3}",
        "{\"priority\":1}", "{\"priority\":0}" } },
    { "priority mul 1e-3",
      { "{}", "{\"priority\":-2}", "{\"priority\":-1}", "{\"priority\":0}",
        "{\"priority\":1}", "{\"priority\":1000}" } },
    { "cast(displayName,Edm.Double)",
      { "{\"displayName\":\"x\"}", "{\"displayName\":\"NaN\"}",
        "{\"displayName\":\"-INF\"}", "{\"displayName\":\"-1e300\"}",
        "{\"displayName\":\"-1e-300\"}", "{\"displayName\":\"0\"}",
        "{\"displayName\":\"1e-300\"}", "{\"displayName\":\"1e300\"}",
        "{\"displayName\":\"INF\"}" } },
    { "cast(displayName,Edm.Guid)",
      { "{\"displayName\":\"x\"}",
        "{\"displayName\":\"00000000-0000-0000-0000-000000000001\"}",
        "{\"displayName\":\"A0000000-0000-0000-0000-000000000000\"}",
        "{\"displayName\":\"b0000000-0000-0000-0000-000000000000\"}" } },
    { "cast(displayName,Edm.Duration)",
      { "{\"displayName\":\"x\"}", "{\"displayName\":\"-PT1.5S\"}",
        "{\"displayName\":\"-PT1S\"}", "{\"displayName\":\"PT0S\"}",
        "{\"displayName\":\"PT0.5S\"}", "{\"displayName\":\"P1D\"}" } },
    { "checkinStatuses/$count desc",
      { "{\"checkinStatuses\":[{},{}]}", "{\"checkinStatuses\":[{}]}",
        "{\"checkinStatuses\":[]}" } }
};


static const struct {
    const char  *orderby;
    const char  *refused;
} cases[] = {
    { "priority asc", "ok" },
    { " priority  asc , id desc ", "ok" },
    { "length(displayName) mul 2 desc", "ok" },
    { "priority eq 7", "ok" },
    { "null", "ok" },
    { "", "400 0" },
    { "priority,", "400 9" },
    { "priority up", "400 9" },
    { "priority desc asc", "400 14" },
    { "priority;id", "400 8" },
    { "nothing", "400 0" },
    { "checkinStatuses", "400 0" },
    { "userCheckinSummary", "400 0" },
    { "policyPayload", "400 0" },
    { "assignments/id", "400 12" },
    { "id,userCheckinSummary/nothing", "400 22" },
    { "id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id", "ok" },
    { "id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id,id", "400 48" }
};


static oc_query_status_e
parse(const char *s, oc_orderby_t *orderby)
{
    ngx_str_t  text;

    expr_begin();

    text = expr_text(s);
    expr_status = oc_orderby_parse(&expr_context, &text, orderby);

    return expr_status;
}


static void
check_order(const char *s, const char *const *json)
{
    int            rc;
    size_t         i, shared;
    oc_eval_t     *eval;
    ngx_str_t      key, previous;
    oc_orderby_t   orderby;
    oc_subject_t   subject;

    if (parse(s, &orderby) != OC_QUERY_OK) {
        ok(0, "%s is parsed", s);
        return;
    }

    eval = oc_eval_create(expr_pool, EXPR_NOW);
    memset(&subject, 0, sizeof(subject));
    previous.data = NULL;
    previous.len = 0;

    for (i = 0; i < MOST && json[i]; i++) {
        subject.json = expr_text(json[i]);

        if (oc_order_key(eval, &orderby, &subject, &key) != OC_EVAL_OK) {
            ok(0, "%s has a key of %s", s, json[i]);
            break;
        }

        if (i) {
            shared = ngx_min(previous.len, key.len);
            rc = memcmp(previous.data, key.data, shared);

            ok(oc_bytes_compare(&previous, &key) < 0 && rc < 0,
               "%s: %s is before %s", s, json[i - 1], json[i]);
            ok(oc_bytes_compare(&key, &previous) > 0, "and not behind it");
            free(previous.data);
        }

        previous.data = unit_copy(key.data, key.len);
        previous.len = key.len;

        (void) oc_order_key(eval, &orderby, &subject, &key);

        if (oc_bytes_compare(&previous, &key) != 0) {
            ok(0, "%s: the key of %s is always the same", s, json[i]);
        }
    }

    free(previous.data);
}


int
main(void)
{
    size_t         i;
    oc_eval_t     *eval;
    ngx_str_t      key;
    oc_orderby_t   orderby;
    oc_subject_t   subject;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) parse(cases[i].orderby, &orderby);

        is_str((expr_status == OC_QUERY_OK) ? "ok" : expr_refused(),
               cases[i].refused, "%s", cases[i].orderby);
    }

    for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        check_order(orders[i].orderby, orders[i].json);
    }

    (void) parse("id desc,userCheckinSummary/failedUserCount", &orderby);
    is_int(orderby.n, 2, "two items");
    is_int(orderby.items[0].descending, 1, "one is descending");
    is_int(orderby.items[1].descending, 0, "one is ascending");
    is_int(oc_expr_slot(orderby.items[0].expr), OC_CONFIGURATION_ID,
           "one is a property");
    is_int(oc_expr_slot(orderby.items[1].expr), -1, "one is none");
    is_int(oc_orderby_uses(&orderby),
           1 << OC_CONFIGURATION_ID
           | 1 << OC_CONFIGURATION_USER_CHECKIN_SUMMARY, "what they use");

    (void) parse("1 div priority", &orderby);
    eval = oc_eval_create(expr_pool, EXPR_NOW);
    memset(&subject, 0, sizeof(subject));
    subject.json = expr_text("{\"priority\":0}");

    is_int(oc_order_key(eval, &orderby, &subject, &key), OC_EVAL_FAILED,
           "a key that cannot be computed");
    is_mem(oc_eval_message(eval).data, oc_eval_message(eval).len,
           "There is a division by zero.", "why");

    ngx_destroy_pool(expr_pool);

    return done();
}
