
/*
 * Copyright (C) the authors of the nginx office configuration module
 */




#ifndef _OC_CHECKIN_H_INCLUDED_
#define _OC_CHECKIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_object.h"


/* a check-in takes so many bytes of JSON, and so many policies, at most */

#define OC_CHECKIN_MAX_LEN       65536
#define OC_CHECKIN_MAX_POLICIES  1000

/* identifies a check-in's device (and user) among those of a scope */

#define OC_CHECKIN_KEY_LEN       14

/* a record's key, flags, time, and day, which precede the rest */

#define OC_CHECKIN_HEAD_LEN      24


/* a record's time is in microseconds since so many before 1970 */

#define OC_CHECKIN_EPOCH         4503599627370496LL


/* what is so far, at the time of a request; milliseconds */

typedef struct {
    int64_t               now;        /* Unix time */
    int64_t               cutoff;     /* what is older does not count */
    int64_t               ahead;      /* a clock may be ahead by less */
} oc_checkin_rules_t;


/* a check-in that has been checked; everything is in the arena */

typedef struct {
    ngx_str_t             record;     /* as Redis keeps it */
    json_t               *policies;   /* an array, or NULL */
} oc_checkin_t;


/* the summary that nobody has given */

#define OC_SUMMARY_ZERO  "{\"succeededUserCount\":0,\"failedUserCount\":0}"

/* and the same that somebody has given: as long, in another order */

#define OC_SUMMARY_GIVEN "{\"failedUserCount\":0,\"succeededUserCount\":0}"


ngx_int_t oc_checkin_read(oc_checkin_t *checkin, json_t *json,
    const oc_json_apart_t *apart, const oc_checkin_rules_t *rules,
    const oc_path_t *path, oc_arena_t *arena, oc_fault_t *fault);
ngx_int_t oc_checkins_read(oc_checkin_t **list, json_t *json,
    const oc_checkin_rules_t *rules, const oc_path_t *path,
    oc_arena_t *arena, oc_fault_t *fault);
ngx_int_t oc_checkin_write(oc_buf_t *b, const ngx_str_t *record);

/* oc_checkin_usual.c */

void oc_checkin_expect(oc_json_apart_t *apart);
ngx_int_t oc_checkin_usual(oc_object_t *object, int64_t *usec, size_t *size);


#endif /* _OC_CHECKIN_H_INCLUDED_ */
