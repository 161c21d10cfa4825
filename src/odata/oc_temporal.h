
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


#ifndef _OC_TEMPORAL_H_INCLUDED_
#define _OC_TEMPORAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_decimal.h"


/*
 * Edm.Date, Edm.TimeOfDay, Edm.DateTimeOffset and Edm.Duration, exact to the
 * picosecond, that is to the twelve digits of the ABNF.  Years are -999999 to
 * 999999 of the proleptic Gregorian calendar; the minutes of a leap second
 * have 61 seconds only when they are written.
 */

#define OC_TEMPORAL_PICO     1000000000000LL

#define OC_TEMPORAL_LEN      64       /* of any of them as text */


typedef struct {
    int64_t           sec;      /* since 1970 in UTC, or 00:00, or so many */
    int64_t           pico;     /* 0 to 10^12 - 1, to be added */
    int32_t           offset;   /* minutes, of a DateTimeOffset as written */
} oc_time_t;


typedef enum {
    OC_TIME_YEAR = 0,
    OC_TIME_MONTH,
    OC_TIME_DAY,
    OC_TIME_HOUR,
    OC_TIME_MINUTE,
    OC_TIME_SECOND
} oc_time_part_e;


size_t oc_date_scan(oc_time_t *time, const u_char *p, size_t len);
size_t oc_timeofday_scan(oc_time_t *time, const u_char *p, size_t len);
size_t oc_datetimeoffset_scan(oc_time_t *time, const u_char *p, size_t len);
size_t oc_duration_scan(oc_time_t *time, const u_char *p, size_t len);

int64_t oc_time_part(const oc_time_t *time, oc_time_part_e part);
ngx_int_t oc_time_compare(const oc_time_t *one, const oc_time_t *two);
ngx_int_t oc_time_add(oc_time_t *time, const oc_time_t *duration,
    ngx_uint_t subtract);
void oc_time_seconds(oc_decimal_t *d, const oc_time_t *duration);
void oc_time_negate(oc_time_t *duration);
void oc_time_date(oc_time_t *time);
void oc_time_timeofday(oc_time_t *time);
void oc_time_min(oc_time_t *time);
void oc_time_max(oc_time_t *time);

size_t oc_date_print(u_char *dst, const oc_time_t *time);
size_t oc_timeofday_print(u_char *dst, const oc_time_t *time);
size_t oc_datetimeoffset_print(u_char *dst, const oc_time_t *time);
size_t oc_duration_print(u_char *dst, const oc_time_t *time);


#endif /* _OC_TEMPORAL_H_INCLUDED_ */
