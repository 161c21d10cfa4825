
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * $select and $expand (OData 4.01 URL Conventions, 5.1.3, 5.1.4) on the types
 * of the model: I1, N3, A4
 */


#include "expr.h"
#include "hextoi.h"
#include "tap.h"


/* what is selected: names with their members, or why it is refused */

static const char  *const selects[][2] = {
    { "displayName", "displayName" },
    { "id, displayName ,priority", "id displayName priority" },
    { "*", "*" },
    { "*,id", "* id" },
    { "userCheckinSummary", "userCheckinSummary" },
    { "userCheckinSummary/failedUserCount",
      "userCheckinSummary/failedUserCount" },
    { "userCheckinSummary($select=failedUserCount,succeededUserCount)",
      "userCheckinSummary/failedUserCount "
      "userCheckinSummary/succeededUserCount" },
    { "userCheckinSummary(select=*)", "userCheckinSummary" },
    { "checkinStatuses/userId,id", "checkinStatuses/userId id" },
    { "assignments", "assignments" },
    { "microsoft.graph.windowsOfficeClientConfiguration/displayName",
      "windowsOfficeClientConfiguration/displayName" },
    { "windowsOfficeClientConfiguration/displayName",
      "windowsOfficeClientConfiguration/displayName" },
    { "microsoft.graph.officeClientConfiguration/displayName",
      "displayName" },
    { "microsoft.graph.entity/id", "id" },
    { "windowsOfficeClientConfiguration/"
      "windowsOfficeClientSecurityConfiguration/id", "400 33" },
    { "windowsOfficeClientConfiguration/userCheckinSummary"
      "($select=failedUserCount)",
      "windowsOfficeClientConfiguration/userCheckinSummary/"
      "failedUserCount" },
    { "userCheckinSummary/microsoft.graph.officeUserCheckinSummary/"
      "failedUserCount", "userCheckinSummary/failedUserCount" },
    { "", "400 0" },
    { "id,", "400 3" },
    { "nothing", "400 0" },
    { "id,displayname", "400 3" },
    { "userCheckinSummary/nothing", "400 19" },
    { "id/x", "400 3" },
    { "microsoft.graph.windowsOfficeClientConfiguration", "400 48" },
    { "microsoft.graph.officeClientCheckinStatus/userId", "400 0" },
    { "id($select=x)", "400 2" },
    { "userCheckinSummary($select=nothing)", "400 27" },
    { "userCheckinSummary($levels=1)", "400 19" },
    { "microsoft.graph.*", "501 0" },
    { "microsoft.graph.assign", "501 0" },
    { "checkinStatuses($top=1)", "501 15" },
    { "checkinStatuses($filter=wasSuccessful)", "501 15" },
    { "checkinStatuses($filter=nothing)", "400 24" },
    { "@Core.Term", "501 0" }
};


/* what is expanded, or why it is refused */

static const char  *const expands[][2] = {
    { "assignments", "assignments" },
    { "*", "assignments" },
    { "*/$ref", "assignments/$ref" },
    { "*($levels=2)", "assignments levels=2" },
    { "assignments/$ref", "assignments/$ref" },
    { "assignments/$count", "assignments/$count" },
    { "assignments($levels=max)", "assignments levels=0" },
    { "assignments($top=5;$skip=2;$count=true)",
      "assignments top=5 skip=2 count" },
    { "assignments(TOP=5;count=false)", "assignments top=5" },
    { "assignments($filter=target/groupId eq 'g')", "assignments filter" },
    { "assignments( $orderby=target/groupId desc,id ; $select=id )",
      "assignments orderby=2 select=1" },
    { "assignments($search=a OR \"b;)\" c)", "assignments search" },
    { "assignments/$count($filter=id eq 'a')", "assignments/$count filter" },
    { "assignments/$ref($filter=$this/id eq 'a';$top=1)",
      "assignments/$ref filter top=1" },
    { "microsoft.graph.windowsOfficeClientConfiguration/assignments",
      "windowsOfficeClientConfiguration/assignments" },
    { "officeClientConfiguration/assignments", "assignments" },
    { "assignments/microsoft.graph.officeClientConfigurationAssignment",
      "assignments" },
    { "", "400 0" },
    { "assignments,", "400 12" },
    { "assignments,assignments", "400 12" },
    { "*,assignments", "400 2" },
    { "nothing", "400 0" },
    { "displayName", "400 0" },
    { "checkinStatuses", "400 0" },
    { "assignments/nothing", "400 12" },
    { "assignments/$value", "400 12" },
    { "assignments(", "400 12" },
    { "assignments()", "400 12" },
    { "assignments($top=x)", "400 17" },
    { "assignments($nothing=1)", "400 12" },
    { "assignments($top=1;$top=2)", "400 19" },
    { "assignments($filter=nothing eq 1)", "400 20" },
    { "assignments($filter=priority eq 1)", "400 20" },
    { "assignments($filter=id)", "400 20" },
    { "assignments($orderby=nothing)", "400 21" },
    { "assignments($orderby=target)", "400 21" },
    { "assignments($select=nothing)", "400 20" },
    { "assignments($expand=nothing)", "400 20" },
    { "assignments($count=1)", "400 19" },
    { "assignments/$ref($select=id)", "400 17" },
    { "assignments/$count($top=1)", "400 19" },
    { "assignments($filter=$it/priority eq 1)", "501 20" },
    { "assignments($compute=id as x)", "501 12" },
    { "assignments(@x=1)", "501 12" },
    { "policyPayload", "501 0" },
    { "$value", "501 0" },
    { "@Core.Term", "501 0" }
};


static const char *
selected(const char *s)
{
    char         *p;
    ngx_str_t     text;
    ngx_uint_t    i;
    oc_select_t   select;

    static char  result[512];

    expr_begin();
    text = expr_text(s);
    expr_status = oc_select_parse(&expr_context, &text, &select);

    if (expr_status != OC_QUERY_OK) {
        return expr_refused();
    }

    for (p = result, i = 0; i < select.n; i++) {
        p += sprintf(p, "%s%s%s%.*s%s%s%s%.*s", i ? " " : "",
                     select.items[i].type
                     ? (char *) select.items[i].type->name.data : "",
                     select.items[i].type ? "/" : "",
                     (int) select.items[i].name.len,
                     select.items[i].name.data,
                     select.items[i].within ? "/" : "",
                     select.items[i].within
                     ? (char *) select.items[i].within->name.data : "",
                     select.items[i].member.len ? "/" : "",
                     (int) select.items[i].member.len,
                     select.items[i].member.data
                     ? (char *) select.items[i].member.data : "");
    }

    return result;
}


static const char *
expanded(const char *s)
{
    char              *p;
    ngx_str_t          text;
    oc_expand_t        expand;
    oc_expand_item_t  *item;

    static char  result[512];
    static const char  *const kinds[] = { "", "/$ref", "/$count" };

    expr_begin();
    text = expr_text(s);
    expr_status = oc_expand_parse(&expr_context, &text, &expand);

    if (expr_context.type != expr_type) {
        return "another type";
    }

    if (expr_status != OC_QUERY_OK) {
        return expr_refused();
    }

    if (expand.n != 1) {
        return "not one";
    }

    item = &expand.items[0];

    if (item->slot != OC_CONFIGURATION_ASSIGNMENTS) {
        return "another property";
    }

    p = result;

    if (item->cast) {
        p += sprintf(p, "%s/", item->cast->name.data);
    }

    p = stpcpy(p, "assignments");
    p = stpcpy(p, kinds[item->kind]);

    if (item->filter) {
        p = stpcpy(p, " filter");
    }

    if (item->orderby.n) {
        p += sprintf(p, " orderby=%d", (int) item->orderby.n);
    }

    if (item->search) {
        p = stpcpy(p, " search");
    }

    if (item->select.n) {
        p += sprintf(p, " select=%d", (int) item->select.n);
    }

    if (item->given & oc_option_bit(OC_OPTION_TOP)) {
        p += sprintf(p, " top=%d", (int) item->top);
    }

    if (item->given & oc_option_bit(OC_OPTION_SKIP)) {
        p += sprintf(p, " skip=%d", (int) item->skip);
    }

    if (item->count) {
        p = stpcpy(p, " count");
    }

    if (item->given & oc_option_bit(OC_OPTION_LEVELS)) {
        p += sprintf(p, " levels=%d", (int) item->levels);
    }

    return result;
}


int
main(void)
{
    char       *text, *p;
    size_t      i;

    for (i = 0; i < sizeof(selects) / sizeof(selects[0]); i++) {
        is_str(selected(selects[i][0]), selects[i][1], "$select=%s",
               selects[i][0]);
    }

    for (i = 0; i < sizeof(expands) / sizeof(expands[0]); i++) {
        is_str(expanded(expands[i][0]), expands[i][1], "$expand=%s",
               expands[i][0]);
    }

    text = malloc(20000);

    p = stpcpy(text, "id");
    for (i = 1; i < 32; i++) {
        p = stpcpy(p, ",id");
    }

    is_int(strncmp(selected(text), "id", 2), 0, "32 properties");
    strcpy(p, ",id");
    is_int(strncmp(selected(text), "400", 3), 0, "33 properties");

    expr_type = &oc_type_office_configuration;
    is_str(expanded("clientConfigurations($expand=assignments($filter=id eq "
                    "'a'))"), "another property",
           "expanded inside of what is expanded");

    for (p = text, i = 0; i < 500; i++) {
        p = stpcpy(p, "clientConfigurations($expand=");
    }

    is_int(strncmp(expanded(text), "400", 3), 0, "too deep");
    expr_type = NULL;
    is_int(strncmp(expanded(text), "400", 3), 0, "too deep a grammar");
    expr_type = &oc_type_configuration;

    free(text);
    ngx_destroy_pool(expr_pool);

    return done();
}
