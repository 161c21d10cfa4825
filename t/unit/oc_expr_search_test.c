
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/* $search (OData 4.01 URL Conventions, 5.1.7) on documents (A5) */


#include "expr.h"
#include "hextoi.h"
#include "tap.h"


static const char  configuration[] =
    "{\"id\":\"secret\",\"description\":\"For the \\\"Finance\\\" team, "
    "\303\204rger inklusive\",\"displayName\":\"Office-Policy 2026\","
    "\"priority\":7}";

static const char  checkin[] =
    "{\"userPrincipalName\":\"anna@example.com\",\"deviceName\":\"PC-17\","
    "\"devicePlatform\":null,\"wasSuccessful\":true,\"userId\":\"u1\","
    "\"appliedPolicies\":[\"hidden\"],\"errorMessage\":\"disk full\"}";

static const char  assignment[] =
    "{\"id\":\"a1\",\"target\":{\"@odata.type\":\"#microsoft.graph."
    "officeConfigurationGroupAssignmentTarget\",\"groupId\":\"Group-9\"}}";


static const struct {
    const oc_type_t  *type;
    const char       *json;
    const char       *text;
    const char       *result;
} cases[] = {
    { &oc_type_configuration, configuration, "finance", "true" },
    { &oc_type_configuration, configuration, "FINANCE", "true" },
    { &oc_type_configuration, configuration, "fin", "true" },
    { &oc_type_configuration, configuration, "nance", "false" },
    { &oc_type_configuration, configuration, "\303\244rger", "true" },
    { &oc_type_configuration, configuration, "office-pol", "true" },
    { &oc_type_configuration, configuration, "policy-office", "false" },
    { &oc_type_configuration, configuration, "secret", "false" },
    { &oc_type_configuration, configuration, "2026", "true" },
    { &oc_type_configuration, configuration, "\"finance team\"", "true" },
    { &oc_type_configuration, configuration, "\"the FINANCE\"", "true" },
    { &oc_type_configuration, configuration, "\"finance tea\"", "false" },
    { &oc_type_configuration, configuration, "\"policy for\"", "false" },
    { &oc_type_configuration, configuration, "office finance", "true" },
    { &oc_type_configuration, configuration, "office AND finance", "true" },
    { &oc_type_configuration, configuration, "office AND sales", "false" },
    { &oc_type_configuration, configuration, "office OR sales", "true" },
    { &oc_type_configuration, configuration, "sales OR office 2027", "false" },
    { &oc_type_configuration, configuration, "office OR sales 2027", "true" },
    { &oc_type_configuration, configuration, "(office OR sales) 2027",
      "false" },
    { &oc_type_configuration, configuration, "NOT sales", "true" },
    { &oc_type_configuration, configuration, "NOT office", "false" },
    { &oc_type_configuration, configuration, "NOT NOT office", "true" },
    { &oc_type_configuration, configuration, "finance NOT sales", "true" },
    { &oc_type_configuration, configuration, "NOT (office finance)",
      "false" },
    { &oc_type_configuration, configuration, "and", "false" },
    { &oc_type_configuration, configuration, "office and finance", "false" },
    { &oc_type_configuration, configuration, "***", "false" },
    { &oc_type_configuration, "{}", "x", "false" },
    { &oc_type_configuration, "{}", "NOT x", "true" },
    { &oc_type_configuration, "7", "x", "false" },
    { &oc_type_checkin_status, checkin, "anna", "true" },
    { &oc_type_checkin_status, checkin, "pc \"disk full\"", "true" },
    { &oc_type_checkin_status, checkin, "hidden", "false" },
    { &oc_type_checkin_status, checkin, "true", "false" },
    { &oc_type_assignment, assignment, "group-9", "true" },
    { &oc_type_assignment, assignment, "a1", "true" },
    { &oc_type_assignment, assignment, "microsoft", "false" },
    { &oc_type_configuration, configuration, "", "400 0" },
    { &oc_type_configuration, configuration, "(a", "400 2" },
    { &oc_type_configuration, configuration, "'a'", "501 0" }
};


static const char *
match(const oc_type_t *type, const char *json, const char *s)
{
    ngx_str_t          text;
    oc_eval_t         *eval;
    ngx_uint_t         matches;
    oc_search_t       *search;
    oc_subject_t       subject;

    expr_type = type;
    expr_begin();

    text = expr_text(s);
    expr_status = oc_search_parse(&expr_context, &text, &search);

    if (expr_status != OC_QUERY_OK) {
        return expr_refused();
    }

    memset(&subject, 0, sizeof(subject));
    subject.json = expr_text(json);

    eval = oc_eval_create(expr_pool, EXPR_NOW);

    if (oc_search_match(eval, search, &subject, &matches) != OC_EVAL_OK) {
        return "failed";
    }

    return matches ? "true" : "false";
}


int
main(void)
{
    char          *text, *p;
    size_t         i;
    ngx_str_t      s;
    oc_search_t   *search;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_str(match(cases[i].type, cases[i].json, cases[i].text),
               cases[i].result, "%s", cases[i].text);
    }

    expr_type = &oc_type_configuration;
    expr_begin();
    s = expr_text("x");
    (void) oc_search_parse(&expr_context, &s, &search);
    is_int(oc_search_uses(search),
           1 << OC_CONFIGURATION_DISPLAY_NAME
           | 1 << OC_CONFIGURATION_DESCRIPTION, "what is searched");

    text = malloc(20000);

    for (p = text, i = 0; i < 2000; i++) {
        p = stpcpy(p, "NOT ");
    }

    strcpy(p, "x");
    is_int(strncmp(match(&oc_type_configuration, "{}", text), "400", 3), 0,
           "too deep");

    for (p = text, i = 0; i < 2000; i++) {
        p = stpcpy(p, "(");
    }

    is_int(strncmp(match(&oc_type_configuration, "{}", text), "400", 3), 0,
           "too deep in parentheses");

    for (p = text, i = 0; i < 2500; i++) {
        p = stpcpy(p, "x ");
    }

    is_int(strncmp(match(&oc_type_configuration, "{}", text), "400", 3), 0,
           "too many words");

    free(text);
    ngx_destroy_pool(expr_pool);

    return done();
}
