
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * $filter on documents (OData 4.01 URL Conventions, 5.1.1): operators, null,
 * promotion, paths, lambda expressions, aliases.
 */


#include "expr.h"
#include "hextoi.h"
#include "tap.h"


static const char  configuration[] =
    "{\"@odata.etag\":\"W/\\\"0123456789abcdef\\\"\","
    "\"@odata.type\":\"#microsoft.graph.windowsOfficeClientConfiguration\","
    "\"id\":\"7f3c\",\"userPreferencePayload\":null,\"policyPayload\":\"eA\","
    "\"description\":null,\"displayName\":\"Finance \\\"Q1\\\" \303\204pfel\","
    "\"priority\":7,\"lastModifiedDateTime\":\"2026-01-01T00:00:00.007Z\","
    "\"userCheckinSummary\":{\"succeededUserCount\":3,\"failedUserCount\":1},"
    "\"checkinStatuses\":["
    "{\"userPrincipalName\":\"a@example.com\",\"deviceName\":\"pc1\","
    "\"devicePlatform\":\"windows\",\"devicePlatformVersion\":null,"
    "\"wasSuccessful\":true,\"userId\":\"u1\","
    "\"checkinDateTime\":\"2025-12-31T23:30:00+01:00\",\"errorMessage\":null,"
    "\"appliedPolicies\":[\"p1\",\"p2\"]},"
    "{\"userPrincipalName\":null,\"deviceName\":\"pc2\","
    "\"devicePlatform\":\"macos\",\"devicePlatformVersion\":\"12\","
    "\"wasSuccessful\":false,\"userId\":\"u2\","
    "\"checkinDateTime\":\"2026-01-01T00:00:00Z\","
    "\"errorMessage\":\"disk full\",\"appliedPolicies\":[]}],"
    "\"assignments\":[{\"id\":\"a1\",\"target\":{\"@odata.type\":"
    "\"#microsoft.graph.officeConfigurationGroupAssignmentTarget\","
    "\"groupId\":\"g1\"}},{\"id\":\"a2\",\"target\":null}]}";


static const char  *const cases[][2] = {

    /* comparisons */

    { "priority eq 7", "true" },
    { "priority eq 8", "false" },
    { "7 eq priority", "true" },
    { "priority ne 7", "false" },
    { "priority gt 6", "true" },
    { "priority gt 7", "false" },
    { "priority ge 7", "true" },
    { "priority lt 8", "true" },
    { "priority lt 7", "false" },
    { "priority le 7", "true" },
    { "id eq '7f3c'", "true" },
    { "id eq '7F3C'", "false" },
    { "id gt '7f3'", "true" },
    { "id lt '8'", "true" },
    { "displayName eq 'Finance \"Q1\" \303\204pfel'", "true" },
    { "'it''s' eq 'it''s'", "true" },
    { "'' eq ''", "true" },
    { "'' lt 'a'", "true" },
    { "'Z' lt 'a'", "true" },
    { "'\357\277\277' lt '\360\220\200\200'", "true" },
    { "true gt false", "true" },
    { "false lt false", "false" },
    { "TRUE eq true", "true" },

    /* any case (N1) */

    { "priority EQ 7 AND id Eq '7f3c'", "true" },
    { "NOT (priority Gt 7)", "true" },
    { "CONTAINS(displayName,'inan')", "true" },

    /* null: equal to itself, not less or greater than anything */

    { "null eq null", "true" },
    { "null ne null", "false" },
    { "description eq null", "true" },
    { "description ne null", "false" },
    { "displayName eq null", "false" },
    { "displayName ne null", "true" },
    { "description eq 'x'", "false" },
    { "description ne 'x'", "true" },
    { "description gt 'x'", "false" },
    { "description lt 'x'", "false" },
    { "description ge null", "true" },
    { "description gt null", "false" },
    { "null le null", "true" },
    { "not (description gt 'x')", "true" },
    { "policyPayload eq null", "false" },
    { "userPreferencePayload eq null", "true" },
    { "userCheckinSummary eq null", "false" },
    { "userCheckinSummary ne null", "true" },

    /* three values */

    { "null", "false" },
    { "not null", "false" },
    { "null and true", "false" },
    { "null or true", "true" },
    { "not (null and false)", "true" },
    { "not (null and true)", "false" },
    { "not (null or false)", "false" },
    { "(null or false) eq null", "true" },
    { "(null and false) eq false", "true" },
    { "(not null) eq null", "true" },
    { "contains(description,'x') eq null", "true" },
    { "contains(description,'x') or priority eq 7", "true" },

    /* precedence */

    { "true or true and false", "true" },
    { "(true or true) and false", "false" },
    { "not true or true", "true" },
    { "not (true or true)", "false" },
    { "1 add 2 mul 3 eq 7", "true" },
    { "(1 add 2) mul 3 eq 9", "true" },
    { "10 sub 3 sub 2 eq 5", "true" },
    { "100 div 10 div 2 eq 5", "true" },
    { "1 lt 2 eq true", "true" },
    { "-priority add 8 eq 1", "true" },
    { "- priority eq -7", "true" },
    { "not contains(id,'x') and priority eq 7", "true" },
    { "not id in ('a','b')", "true" },
    { "false and priority div 0 eq 1", "false" },

    /* arithmetic */

    { "priority add 1 eq 8", "true" },
    { "priority sub 10 eq -3", "true" },
    { "priority mul 2 eq 14", "true" },
    { "priority div 2 eq 3", "true" },
    { "-7 div 2 eq -3", "true" },
    { "priority divby 2 eq 3.5", "true" },
    { "priority mod 4 eq 3", "true" },
    { "-7 mod 4 eq -3", "true" },
    { "7.5 mod 2 eq 1.5", "true" },
    { "-7.5 mod 2 eq -1.5", "true" },
    { "0.1 add 0.2 eq 0.3", "true" },
    { "1e-1 add 2e-1 eq 3e-1", "false" },
    { "1 divby 3 mul 3 lt 1", "true" },
    { "2147483647 add 1 eq 2147483648", "true" },
    { "9223372036854775807 add 1 gt 0", "failed" },
    { "9223372036854775807 add 1.0 eq 9223372036854775808", "true" },
    { "-9223372036854775808 div -1 eq 0", "failed" },
    { "-9223372036854775808 mod -1 eq 0", "true" },
    { "priority div 0 eq 1", "failed" },
    { "priority mod 0 eq 1", "failed" },
    { "priority divby 0 eq INF", "true" },
    { "-1 divby 0 eq -INF", "true" },
    { "0 divby 0 eq NaN", "false" },
    { "1.5 div 0 eq 1", "failed" },
    { "1e0 div 0 eq INF", "true" },
    { "5 div 2.0 eq 2.5", "true" },
    { "null add 1 eq null", "true" },
    { "description eq null and null mul 2 eq null", "true" },
    { "priority eq 7.0", "true" },
    { "priority eq 7e0", "true" },
    { "priority lt 7.0000000000000000000000001", "true" },
    { "9007199254740993 eq 9007199254740992.0", "false" },
    { "1.10 eq 1.1", "true" },
    { "+7 eq priority", "true" },

    /* INF and NaN */

    { "INF eq INF", "true" },
    { "-INF lt priority", "true" },
    { "INF gt priority", "true" },
    { "NaN eq NaN", "false" },
    { "NaN ne NaN", "true" },
    { "NaN lt 1 or NaN gt 1", "false" },

    /* in (N3) */

    { "priority in (1,7)", "true" },
    { "priority in ( 1 , 2 )", "false" },
    { "priority in (7.0)", "true" },
    { "priority in ()", "false" },
    { "id in ('x','7f3c')", "true" },
    { "description in ('x',null)", "true" },
    { "id in [\"x\",\"7f3c\"]", "true" },
    { "checkinStatuses/any(c:'p2' in c/appliedPolicies)", "true" },
    { "checkinStatuses/any(c:'p3' in c/appliedPolicies)", "false" },

    /* paths */

    { "userCheckinSummary/failedUserCount eq 1", "true" },
    { "userCheckinSummary/failedUserCount add "
      "userCheckinSummary/succeededUserCount eq 4", "true" },
    { "$it/priority eq 7", "true" },
    { "$this/priority eq 7", "true" },
    { "checkinStatuses/$count eq 2", "true" },
    { "assignments/$count gt 2", "false" },
    { "microsoft.graph.windowsOfficeClientConfiguration/priority eq 7",
      "true" },
    { "windowsOfficeClientConfiguration/priority eq 7", "true" },
    { "microsoft.graph.windowsOfficeClientSecurityConfiguration/priority "
      "eq 7", "false" },
    { "microsoft.graph.windowsOfficeClientSecurityConfiguration/priority "
      "eq null", "true" },

    /* any, all (A2) */

    { "checkinStatuses/any()", "true" },
    { "checkinStatuses/any(c:c/wasSuccessful)", "true" },
    { "checkinStatuses/all(c:c/wasSuccessful)", "false" },
    { "checkinStatuses/all(c:startswith(c/deviceName,'pc'))", "true" },
    { "checkinStatuses/ANY( c : c/userId eq 'u2' )", "true" },
    { "checkinStatuses/any(c:c/userId eq 'u3')", "false" },
    { "checkinStatuses/any(c:c/appliedPolicies/any(p:p eq 'p2'))", "true" },
    { "checkinStatuses/all(c:c/appliedPolicies/any())", "false" },
    { "checkinStatuses/any(c:c/appliedPolicies/all(p:p eq 'p1'))", "true" },
    { "checkinStatuses/any(c:not c/appliedPolicies/any())", "true" },
    { "checkinStatuses/any(c:c/appliedPolicies/$count eq 2)", "true" },
    { "checkinStatuses/any(c:c/userPrincipalName eq null)", "true" },
    { "checkinStatuses/all(c:contains(c/errorMessage,'disk'))", "false" },
    { "checkinStatuses/any(c:priority eq 7 and c/userId eq 'u1')", "true" },
    { "checkinStatuses/any(c:$it/priority eq 8)", "false" },
    { "checkinStatuses/any(priority:priority/userId eq 'u1')", "true" },
    { "checkinStatuses/any(a:checkinStatuses/any(b:a/userId ne b/userId))",
      "true" },
    { "checkinStatuses/any(a:checkinStatuses/all(b:a/userId eq b/userId))",
      "false" },
    { "assignments/any(a:a/id eq 'a1')", "true" },
    { "assignments/any(a:a/target eq null)", "true" },
    { "assignments/any(a:a/target/groupId eq 'g1')", "true" },
    { "assignments/any(a:a/target/microsoft.graph."
      "officeConfigurationGroupAssignmentTarget/groupId eq 'g1')", "true" },
    { "assignments/all(a:a/target/groupId eq 'g1')", "false" },
    { "assignments/any(a:isof(a/target,microsoft.graph."
      "officeConfigurationGroupAssignmentTarget))", "true" },

    /* dates of different offsets (I5) */

    { "lastModifiedDateTime eq 2026-01-01T01:00:00.007+01:00", "true" },
    { "lastModifiedDateTime gt 2026-01-01T00:00:00Z", "true" },
    { "lastModifiedDateTime lt 2026-01-01T00:00:00.007000000001Z", "true" },
    { "lastModifiedDateTime eq 2026-01-01T00:00:00.007000000001Z", "false" },
    { "checkinStatuses/any(c:c/checkinDateTime eq 2025-12-31T22:30Z)",
      "true" },
    { "checkinStatuses/any(c:hour(c/checkinDateTime) eq 23)", "true" },
    { "lastModifiedDateTime sub duration'PT1H' lt "
      "2025-12-31T23:30:00Z", "true" },
    { "now() eq lastModifiedDateTime", "true" },

    /* aliases (5.3) */

    { "priority eq @p", "true" },
    { "id in @ids", "true" },
    { "@path eq 7", "true" },
    { "contains(displayName,@word)", "true" },
    { "@undefined eq null", "true" },
    { "description eq @undefined", "true" },
    { "checkinStatuses/any(c:c/userId eq @user)", "true" },
    { "checkinStatuses/any(c:@any and c/userId eq 'u2')", "true" },
    { "@condition", "true" },
    { "@twice eq 14", "true" },
    { "@loop eq 1", "400 0" },
    { "@bad eq 1", "400 5" },
    { "id in @undefined", "false" },

    /* 501: fine by the standard */

    { "$root/users eq null", "501 0" },
    { "geo.length(null) gt 1", "501 0" },
    { "geography'SRID=0;Point(1 2)' eq null", "501 0" },
    { "case(true:1,false:2) eq 1", "501 0" },
    { "hassubset([1],[2])", "501 0" },
    { "assignments('a1')/id eq 'x'", "501 0" },
    { "assignments/$filter(id eq 'x')/$count eq 1", "501 12" },
    { "checkinStatuses/$count($filter=true) eq 1", "501 22" },
    { "@Core.Description eq 'x'", "501 0" },
    { "checkinStatuses eq checkinStatuses", "501 16" },
    { "length(checkinStatuses) eq 2", "501 7" },
    { "matchesPattern(id,displayName)", "501 18" },

    /* 400: with the place */

    { "", "400 0" },
    { "priority", "400 0" },
    { "priority eq", "400 11" },
    { "priority eq ", "400 12" },
    { "priority eq 7 and", "400 17" },
    { "priority eq 'x'", "400 9" },
    { "priority = 7", "400 9" },
    { "priority eq 7 8", "400 14" },
    { "nothing eq 1", "400 0" },
    { "userCheckinSummary/nothing eq 1", "400 19" },
    { "id/length eq 1", "400 3" },
    { "checkinStatuses/userId eq 'u'", "400 16" },
    { "checkinStatuses gt 1", "400 16" },
    { "(priority eq 7", "400 14" },
    { "priority eq 7)", "400 13" },
    { "id eq 'x", "400 8" },
    { "contains(id)", "400 11" },
    { "contains(id,'a','b')", "400 15" },
    { "contains(id,7)", "400 12" },
    { "contains(priority,'7')", "400 9" },
    { "substring(id,'a') eq 'x'", "400 13" },
    { "now(1) eq null", "400 4" },
    { "nofunction(id)", "400 11" },
    { "microsoft.graph.nofunction() eq 1", "400 0" },
    { "id and true", "400 0" },
    { "not priority", "400 4" },
    { "-id eq 'x'", "400 1" },
    { "id add 1 eq 2", "400 3" },
    { "policyPayload eq 'x'", "400 14" },
    { "policyPayload gt null", "400 14" },
    { "userCheckinSummary gt null", "400 19" },
    { "id in ('a',7)", "400 11" },
    { "id in (7)", "400 3" },
    { "id in 'a'", "400 6" },
    { "id in (id,'a')", "400 7" },
    { "priority in ('a')", "400 9" },
    { "id has microsoft.graph.colour'red'", "400 7" },
    { "id has 'red'", "400 7" },
    { "microsoft.graph.colour'red' eq null", "400 0" },
    { "microsoft.graph.nothing/id eq 'x'", "400 0" },
    { "microsoft.graph.officeClientCheckinStatus/id eq 'x'", "400 0" },
    { "checkinStatuses/any(c:d/userId eq 'x')", "400 22" },
    { "checkinStatuses/any(c)", "400 21" },
    { "checkinStatuses/all()", "400 20" },
    { "checkinStatuses/any(c:c/userId)", "400 24" },
    { "checkinStatuses/any()/x", "400 21" },
    { "priority/any()", "400 9" },
    { "lastModifiedDateTime gt '2026-01-01T00:00:00Z'", "400 21" },
    { "lastModifiedDateTime gt 2026-01-01", "400 21" },
    { "lastModifiedDateTime gt 2026-02-30T00:00:00Z", "400 24" },
    { "matchesPattern(id,'(')", "400 18" },
    { "matchesPattern(id,'(*ANY)a')", "400 18" },
    { "matchesPattern(id,'(?R)')", "400 18" },
    { "cast(id,microsoft.graph.nothing) eq null", "400 0" },
    { "id eq \"x\"", "400 6" },
    { "id eq '\377'", "400 7" },
    { "id eq 'a\001'", "400 8" },
    { "$it", "400 0" },
    { "$nothing eq 1", "400 0" },
    { "priority eq 99999999999999999999999999999999999999999999999999e9999",
      "400 12" },
    { "priority eq 5abc", "400 12" },
    { "duration'P' eq null", "400 9" },
    { "duration'1D' eq null", "400 9" },
    { "binary'a' eq null", "400 7" }
};


static void
check_messages(void)
{
    size_t  i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        if (strncmp(cases[i][1], "400", 3) != 0
            && strncmp(cases[i][1], "501", 3) != 0)
        {
            continue;
        }

        (void) expr_parse(cases[i][0]);

        if (expr_context.message.len < 10
            || expr_context.message.data[expr_context.message.len - 1] != '.')
        {
            ok(0, "what is expected in %s", cases[i][0]);
        }
    }

    (void) expr_parse("@bad eq 1");
    is_mem(expr_context.where.data, expr_context.where.len, "@bad",
           "the alias that is wrong is named");

    (void) expr_parse("priority eq");
    is_int(expr_context.where.len, 0, "none if it is the text itself");
}


static void
check_limits(void)
{
    char    *text, *p;
    size_t   i;

    text = malloc(20000);

    for (p = text, i = 0; i < 200; i++) {
        *p++ = '(';
    }

    strcpy(p, "true");
    is_str(expr_filter(text, "{}"), "400 100", "parentheses");

    for (p = text, i = 0; i < 300; i++) {
        p = stpcpy(p, "not ");
    }

    strcpy(p, "true");
    is_int(strncmp(expr_filter(text, "{}"), "400", 3), 0, "nots");

    for (p = text, i = 0; i < 300; i++) {
        p = stpcpy(p, "-");
    }

    strcpy(p, "1 eq 1");
    is_int(strncmp(expr_filter(text, "{}"), "400", 3), 0, "minuses");

    for (p = text, i = 0; i < 300; i++) {
        p = stpcpy(p, "[");
    }

    is_int(strncmp(expr_filter(text, "{}"), "400", 3), 0, "arrays");

    p = stpcpy(text, "1 add 1");
    for (i = 0; i < 150; i++) {
        p = stpcpy(p, (i % 2) ? " add 1" : " sub 1");
    }

    strcpy(p, " eq 1");
    is_int(strncmp(expr_filter(text, "{}"), "400", 3), 0,
           "operators that lean to the left");

    p = stpcpy(text, "priority eq 0");
    for (i = 1; i < 300; i++) {
        p += sprintf(p, " or priority eq %d", (int) i);
    }

    is_str(expr_filter(text, "{\"priority\":299}"), "true",
           "three hundred comparisons side by side");
    is_str(expr_filter(text, "{\"priority\":300}"), "false", "false");

    for (i = 300; i < 600; i++) {
        p += sprintf(p, " or priority eq %d", (int) i);
    }

    is_int(strncmp(expr_filter(text, "{}"), "400", 3), 0,
           "too many operands");

    memset(text, ' ', 16385);
    text[16385] = '\0';
    is_str(expr_filter(text, "{}"), "400 16384", "too long a text");

    free(text);
}


/* documents that are not as they should be are no danger */

static void
check_documents(void)
{
    size_t  i;

    static const char  *const documents[] = {
        "{}", "[]", "", "{", "null", "7", "{\"priority\":}",
        "{\"priority\":\"7\"}", "{\"priority\":99999999999999999999}",
        "{\"priority\":-}", "{\"priority\":7", "{\"checkinStatuses\":0}",
        "{\"checkinStatuses\":[1,2]}", "{\"checkinStatuses\":{}}",
        "{\"checkinStatuses\":[{\"userId\":7}]}", "{\"id\":\"\\\"}",
        "{\"lastModifiedDateTime\":\"yesterday\"}"
    };

    for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        is_str(expr_filter("priority eq 8 or id eq 'x' "
                           "or checkinStatuses/any(c:c/userId eq 'u1') "
                           "or year(lastModifiedDateTime) eq 1", documents[i]),
               "false", "nothing of it is in %s", documents[i]);
    }
}


/* what is kept apart is given apart, and only where it is used */

static void
check_extra(void)
{
    char              *json;
    oc_eval_t         *eval;
    oc_expr_t         *expr;
    ngx_uint_t         matches;
    oc_subject_t       subject;

    json = "{\"id\":\"x\",\"userCheckinSummary\":0,\"checkinStatuses\":0}";

    expr = expr_parse("checkinStatuses/any(c:c/userId eq 'u') "
                      "and userCheckinSummary/failedUserCount eq 2 "
                      "and assignments/$count eq 2");

    is_int(oc_expr_uses(expr),
           1 << OC_CONFIGURATION_CHECKIN_STATUSES
           | 1 << OC_CONFIGURATION_USER_CHECKIN_SUMMARY
           | 1 << OC_CONFIGURATION_ASSIGNMENTS, "what is used");

    memset(&subject, 0, sizeof(subject));
    subject.json = expr_text(json);
    subject.extra[OC_CONFIGURATION_CHECKIN_STATUSES]
        = expr_text("[{\"userId\":\"u\"}]");
    subject.extra[OC_CONFIGURATION_USER_CHECKIN_SUMMARY]
        = expr_text("{\"succeededUserCount\":0,\"failedUserCount\":2}");
    subject.extra[OC_CONFIGURATION_ASSIGNMENTS] = expr_text("[{},{}]");

    eval = oc_eval_create(expr_pool, EXPR_NOW);

    is_int(oc_filter_match(eval, expr, &subject, &matches), OC_EVAL_OK,
           "evaluated");
    is_int(matches, 1, "all of it is found");

    memset(&subject.extra, 0, sizeof(subject.extra));

    is_int(oc_filter_match(eval, expr, &subject, &matches), OC_EVAL_OK,
           "evaluated without");
    is_int(matches, 0, "nothing is found");

    expr = expr_parse("id eq 'x' and length(displayName) gt 1");
    is_int(oc_expr_uses(expr),
           1 << OC_CONFIGURATION_ID | 1 << OC_CONFIGURATION_DISPLAY_NAME,
           "the bits of two properties");
    is_int(oc_expr_slot(expr), -1, "this is no property");

    expr_type = &oc_type_checkin_status;
    expr = expr_parse("wasSuccessful");
    is_int(oc_expr_slot(expr), OC_CHECKIN_SUCCESSFUL, "this is one");
    is_str(expr_filter("wasSuccessful and 'p1' in appliedPolicies",
                       "{\"wasSuccessful\":true,"
                       "\"appliedPolicies\":[\"p1\"]}"), "true",
           "check-ins have properties as well");

    expr_type = &oc_type_assignment;
    is_str(expr_filter("target/groupId eq 'g'",
                       "{\"id\":\"a\",\"target\":{\"groupId\":\"g\"}}"),
           "true", "assignments, too");

    expr_type = &oc_type_configuration;
}


/* a step for each: more than there may be are an error, not a wait */

static void
check_budget(void)
{
    char    *json, *p;
    size_t   i;

    json = malloc(40000);

    p = stpcpy(json, "{\"checkinStatuses\":[");
    for (i = 0; i < 1000; i++) {
        p += sprintf(p, "%s{\"userId\":\"u%d\"}", i ? "," : "", (int) i);
    }

    strcpy(p, "]}");

    is_str(expr_filter("checkinStatuses/any(c:c/userId eq 'u999')", json),
           "true", "once over a thousand");
    is_str(expr_filter("checkinStatuses/all(a:checkinStatuses/any("
                       "b:a/userId eq b/userId))", json),
           "limit", "a thousand times a thousand");

    free(json);
}


int
main(void)
{
    size_t  i;

    expr_alias("@p", "7");
    expr_alias("@ids", "[\"a\",\"7f3c\"]");
    expr_alias("@path", "priority");
    expr_alias("@word", "'inance'");
    expr_alias("@user", "'u1'");
    expr_alias("@any", "checkinStatuses/any(c:c/userId eq 'u1')");
    expr_alias("@condition", "priority eq 7 or false");
    expr_aliases[0][1] = expr_text("7");
    expr_alias("@twice", "@p mul 2");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        if (strncmp(cases[i][0], "@loop", 5) == 0) {
            expr_naliases = 0;
            expr_alias("@loop", "@loop");
            expr_alias("@bad", "1 add");
        }

        is_str(expr_filter(cases[i][0], configuration), cases[i][1], "%s",
               cases[i][0]);
    }

    check_messages();
    check_limits();
    check_documents();
    check_extra();
    check_budget();

    ngx_destroy_pool(expr_pool);

    return done();
}
