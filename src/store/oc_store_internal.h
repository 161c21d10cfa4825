
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_STORE_INTERNAL_H_INCLUDED_
#define _OC_STORE_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_datetime.h"
#include "oc_seal.h"
#include "oc_store.h"


/* the singleton as long as nobody has changed it */

#define OC_SINGLETON_JSON                                                     \
    OC_ETAG_PREFIX "0000000000000000\\\"\","                                   \
    "\"id\":\"" OC_SINGLETON_ID "\","                                           \
    "\"tenantCheckinStatuses\":[],"                                          \
    "\"tenantUserCheckinSummary\":" OC_SUMMARY_ZERO "}"

/* a page or an entity with so many bytes of check-ins gets no more */

#define OC_STORE_CHECKIN_BYTES  "1048576"

/* keys of the check-ins of a configuration or of the tenant */

#define OC_STORE_SCOPE_KEYS  5

/* a cutoff as bytes */

#define OC_STORE_CUTOFF_LEN  6

/* of a record what is behind its key and its flags begins with microseconds */

#define OC_STORE_REST      (OC_CHECKIN_KEY_LEN + 1)
#define OC_STORE_USEC_LEN  7

/*
 * What a journal has of a check-in besides its record: the cutoff, the
 * microseconds as digits, a length.
 */

#define OC_STORE_SCORE_LEN  16
#define OC_STORE_SCORE_MAX  9000000000000000ULL
#define OC_STORE_ENTRY_LEN                                                    \
    (OC_STORE_CUTOFF_LEN + OC_STORE_SCORE_LEN + 3)

/* a journal is as long as it should get: bytes, as in scripts/lib/note.lua */

#define OC_STORE_JOURNAL_LEN  16384

/* so many check-ins a script takes from journals for sure */

#define OC_STORE_JOURNAL_TAKE  24

/*
 * It was done, and now it is time to take what is in the journals, or to look
 * for what was removed.
 */

#define OC_STORE_DUE  3

/* assignments of several configurations are read at once up to this size */

#define OC_STORE_ASSIGNMENT_BYTES  "262144"

/* what a configuration takes, if it is not a large one */

#define OC_STORE_ENTITY_SIZE  2048

/* a date as JSON */

#define OC_STORE_DATE_LEN  (OC_DATETIME_LEN + 2)


ngx_int_t oc_store_op(oc_store_call_t *call, ngx_uint_t flags, size_t size);
ngx_int_t oc_store_command(oc_store_call_t *call, ngx_uint_t flags,
    ngx_str_t *argv, ngx_uint_t argc, size_t reply,
    oc_redis_handler_pt handler);
ngx_int_t oc_store_script(oc_store_call_t *call, ngx_uint_t flags,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc, size_t reply, oc_redis_handler_pt handler);
ngx_int_t oc_store_prepare(oc_store_call_t *call, ngx_uint_t flags,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc, size_t reply);

void oc_store_send(oc_store_call_t *call, oc_redis_handler_pt handler);

/* whether the call is one of a group, and not sent by itself */

#define oc_store_grouped(call)                                                \
    ((call)->group && oc_store_group_open((call)->group))

ngx_int_t oc_store_group_add(oc_store_call_t *call,
    const oc_redis_script_t *script, ngx_uint_t nkeys, ngx_str_t *argv,
    ngx_uint_t argc);
void oc_store_group_join(oc_store_call_t *call, oc_redis_handler_pt handler);
void oc_store_group_leave(oc_store_call_t *call);

ngx_int_t oc_store_scope(oc_store_call_t *call, ngx_str_t *argv,
    ngx_str_t *id);
ngx_int_t oc_store_report(oc_store_call_t *call);
ngx_int_t oc_store_take(oc_store_call_t *call, oc_store_checkins_t *checkins);
void oc_store_cutoff(oc_store_call_t *call, u_char *p);
u_char *oc_store_entry(oc_store_call_t *call, u_char *p, ngx_str_t *record);
ngx_int_t oc_store_note(oc_store_call_t *call, ngx_str_t *argument,
    ngx_str_t *record);
ngx_int_t oc_store_settle(oc_store_call_t *call, ngx_str_t *ids,
    ngx_uint_t n);
void oc_store_sweep(oc_store_call_t *call);

/* how many arguments that are */

#define oc_store_take_count(checkins)                                         \
    (6 + OC_STORE_SCOPE_KEYS + (1 + OC_STORE_SCOPE_KEYS) * (checkins)->nids   \
     + 2 * (checkins)->n)

ngx_int_t oc_store_window(oc_store_call_t *call, ngx_str_t *argv);
ngx_uint_t oc_store_again(oc_store_call_t *call, oc_redis_op_t *op,
    oc_redis_handler_pt handler);
void oc_store_property_read(oc_store_call_t *call, oc_redis_op_t *op);
ngx_int_t oc_store_page(oc_store_call_t *call, oc_redis_reply_t *reply,
    ngx_uint_t first);
ngx_int_t oc_store_cast(oc_store_call_t *call, ngx_str_t *name);
ngx_int_t oc_store_refusal(oc_store_call_t *call, oc_redis_reply_t *reply);
void oc_store_date(ngx_str_t *date, u_char *buf, oc_stamp_t *stamp);
ngx_uint_t oc_store_edits_count(oc_change_t *change);
ngx_int_t oc_store_edits(oc_store_call_t *call, ngx_str_t *argv,
    ngx_uint_t *argc, oc_change_t *change);
ngx_int_t oc_store_result(oc_store_call_t *call, oc_redis_op_t *op);
void oc_store_failed(oc_store_call_t *call);


extern oc_redis_script_t  oc_store_create_script;
extern oc_redis_script_t  oc_store_update_script;
extern oc_redis_script_t  oc_store_delete_script;
extern oc_redis_script_t  oc_store_exists_script;
extern oc_redis_script_t  oc_store_changeset_script;
extern oc_redis_script_t  oc_store_read_script;
extern oc_redis_script_t  oc_store_assign_script;
extern oc_redis_script_t  oc_store_assignments_script;
extern oc_redis_script_t  oc_store_priorities_script;
extern oc_redis_script_t  oc_store_checkin_script;
extern oc_redis_script_t  oc_store_report_script;
extern oc_redis_script_t  oc_store_absorb_script;
extern oc_redis_script_t  oc_store_settle_script;
extern oc_redis_script_t  oc_store_sweep_script;
extern oc_redis_script_t  oc_store_live_script;
extern oc_redis_script_t  oc_store_checkins_script;
extern oc_redis_script_t  oc_store_summary_script;
extern oc_redis_script_t  oc_store_scan_script;
extern oc_redis_script_t  oc_store_expand_script;
extern oc_redis_script_t  oc_store_secret_script;


#endif /* _OC_STORE_INTERNAL_H_INCLUDED_ */
