
/*
 * Copyright (C) the authors of the nginx office configuration module
 */




#include <ngx_config.h>
#include <ngx_core.h>

#include "oc_checkin.h"
#include "oc_datetime.h"
#include "oc_sha1.h"
#include "oc_uuid.h"


/*
 * A record is what a check-in takes in Redis: OC_CHECKIN_HEAD_LEN bytes that
 * the scripts know (see store/scripts/lib/checkin.lua), then a byte that says
 * how the type was named, and the values, in the order of the properties.
 *
 * A string is a number, seven bits a byte, the lowest first: OC_PACKED_NULL;
 * OC_PACKED_LOWER or OC_PACKED_UPPER before the 16 bytes of a GUID; otherwise
 * its length and OC_PACKED_TEXT before its bytes.  A date is the number of
 * digits of its fraction, if it is what that time looks like in UTC, or
 * OC_PACKED_DATE before a string.
 */

#define OC_PACKED_NULL    0
#define OC_PACKED_LOWER   1
#define OC_PACKED_UPPER   2
#define OC_PACKED_TEXT    3

#define OC_PACKED_OFFSET  16          /* "+00:00" instead of "Z" */
#define OC_PACKED_DATE    255

#define OC_PACKED_PLAIN   'p'         /* no @odata.type */
#define OC_PACKED_NAME    'n'         /* the type's name */
#define OC_PACKED_HASH    'h'         /* the same behind a '#' */

#define OC_PACKED_SUCCESS  1
#define OC_PACKED_COUNTS   2

#define OC_CHECKIN_DAY     86400000

/* a hexadecimal digit, and whether it is a letter */

#define OC_GUID_DIGIT      0x80
#define OC_GUID_LOWER      0x10
#define OC_GUID_UPPER      0x20
#define OC_GUID_LETTERS    (OC_GUID_LOWER|OC_GUID_UPPER)


/* where a record is read, and its end */

typedef struct {
    const u_char  *pos;
    const u_char  *last;
} oc_unpack_t;


static ngx_int_t oc_checkin_check(oc_object_t *object,
    const oc_checkin_rules_t *rules, int64_t usec, const oc_path_t *path,
    oc_fault_t *fault);
static ngx_int_t oc_checkin_property_fault(ngx_uint_t slot,
    const oc_path_t *path, oc_fault_t *fault, const char *message,
    ngx_uint_t number);
static void oc_checkin_pack(oc_buf_t *b, oc_object_t *object,
    const oc_checkin_rules_t *rules, int64_t usec);
static void oc_checkin_key(u_char *key, json_t *user, json_t *device);
static void oc_pack_string(oc_buf_t *b, json_t *value);
static void oc_pack_bytes(oc_buf_t *b, const u_char *data, size_t len);
static void oc_pack_number(oc_buf_t *b, size_t n);
static ngx_uint_t oc_pack_guid(u_char *guid, const u_char *p, size_t len);
static void oc_pack_date(oc_buf_t *b, json_t *value, int64_t usec);
static ngx_int_t oc_unpack_string(oc_buf_t *b, oc_unpack_t *u);
static ngx_int_t oc_unpack_number(oc_unpack_t *u, size_t *n);
static ngx_int_t oc_unpack_date(oc_buf_t *b, oc_unpack_t *u, int64_t usec);


static const u_char  oc_guid_digits[256] = {
    ['0'] = 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
    ['A'] = 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
    ['a'] = 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f
};


/*
 * Checks a check-in of a device and packs it.
 *
 * In: the decoded document, and what was decoded apart from it, or NULL; where
 * it is in the request, and what is so far.  Out: "checkin".  NGX_OK;
 * NGX_DECLINED with "fault" filled; NGX_ERROR if memory is out.
 */

ngx_int_t
oc_checkin_read(oc_checkin_t *checkin, json_t *json,
    const oc_json_apart_t *apart, const oc_checkin_rules_t *rules,
    const oc_path_t *path, oc_arena_t *arena, oc_fault_t *fault)
{
    size_t        size;
    int64_t       usec;
    oc_buf_t      b;
    ngx_uint_t    i;
    oc_object_t   object;

    fault->arena = arena;

    if (oc_object_read(&object, &oc_type_checkin_status, json, path, fault)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    for (i = 0; apart && apart->nvalues && i < apart->nnames; i++) {
        if (apart->values[i]) {
            object.values[i] = apart->values[i];
        }
    }

    if (oc_checkin_usual(&object, &usec, &size) != NGX_OK) {

        /* it is written to see what is wrong, or how long it is */

        oc_buf_init(&b, arena, 1024);

        if (oc_object_write(&b, &object, path, fault) != NGX_OK) {
            return NGX_DECLINED;
        }

        if (b.failed) {
            return NGX_ERROR;
        }

        size = oc_buf_len(&b);

        if (size > OC_CHECKIN_MAX_LEN) {
            (void) oc_fault(fault, path, "A check-in takes %d bytes of JSON "
                            "at most.", OC_CHECKIN_MAX_LEN);
            return NGX_DECLINED;
        }

        json = object.values[OC_CHECKIN_DATE];

        (void) oc_datetime_parse((const u_char *) json_string_value(json),
                                 json_string_length(json), &usec);
    }

    if (oc_checkin_check(&object, rules, usec, path, fault) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* the JSON is never shorter */

    oc_buf_init(&b, arena, size);

    oc_checkin_pack(&b, &object, rules, usec);

    if (b.failed) {
        return NGX_ERROR;
    }

    checkin->record.data = b.start;
    checkin->record.len = oc_buf_len(&b);
    checkin->policies = object.values[OC_CHECKIN_POLICIES];

    return NGX_OK;
}


/* What the types do not say. */

static ngx_int_t
oc_checkin_check(oc_object_t *object, const oc_checkin_rules_t *rules,
    int64_t usec, const oc_path_t *path, oc_fault_t *fault)
{
    json_t  *policies;

    policies = object->values[OC_CHECKIN_POLICIES];

    if (policies && json_array_size(policies) > OC_CHECKIN_MAX_POLICIES) {
        return oc_checkin_property_fault(OC_CHECKIN_POLICIES, path, fault,
                                         "A check-in names %d policies at "
                                         "most.", OC_CHECKIN_MAX_POLICIES);
    }

    if (usec / 1000 >= rules->now + rules->ahead) {
        return oc_checkin_property_fault(OC_CHECKIN_DATE, path, fault,
                                         "The date lies ahead by %d seconds "
                                         "or more.", rules->ahead / 1000);
    }

    return NGX_OK;
}


static ngx_int_t
oc_checkin_property_fault(ngx_uint_t slot, const oc_path_t *path,
    oc_fault_t *fault, const char *message, ngx_uint_t number)
{
    oc_path_t             step;
    const oc_property_t  *property;

    property = &oc_type_checkin_status.properties[slot];

    step.parent = path;
    step.name = (const char *) property->name.data;
    step.len = property->name.len;
    step.index = 0;

    return oc_fault(fault, &step, message, (int) number);
}


/*
 * The same for an array: *list gets as many as it has.  An empty one needs no
 * memory.
 */

ngx_int_t
oc_checkins_read(oc_checkin_t **list, json_t *json,
    const oc_checkin_rules_t *rules, const oc_path_t *path,
    oc_arena_t *arena, oc_fault_t *fault)
{
    size_t         i, n;
    ngx_int_t      rc;
    oc_path_t      item;
    oc_checkin_t  *checkins;

    fault->arena = arena;
    *list = NULL;

    if (!json_is_array(json)) {
        (void) oc_fault(fault, path, "An array is expected.");
        return NGX_DECLINED;
    }

    n = json_array_size(json);

    if (n == 0) {
        return NGX_OK;
    }

    checkins = oc_arena_alloc(arena, n * sizeof(oc_checkin_t));
    if (checkins == NULL) {
        return NGX_ERROR;
    }

    item.parent = path;
    item.name = NULL;
    item.len = 0;

    for (i = 0; i < n; i++) {
        item.index = i;

        rc = oc_checkin_read(&checkins[i], json_array_get(json, i), NULL,
                             rules, &item, arena, fault);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    *list = checkins;

    return NGX_OK;
}


static void
oc_checkin_pack(oc_buf_t *b, oc_object_t *object,
    const oc_checkin_rules_t *rules, int64_t usec)
{
    u_char       head[OC_CHECKIN_HEAD_LEN + 1], *p;
    int64_t      time;
    json_t      *value;
    size_t       j;
    ngx_uint_t   i, day;

    p = head;

    oc_checkin_key(p, object->values[OC_CHECKIN_USER],
                   object->values[OC_CHECKIN_DEVICE]);

    p += OC_CHECKIN_KEY_LEN;

    *p = 0;

    if (json_is_true(object->values[OC_CHECKIN_SUCCESSFUL])) {
        *p |= OC_PACKED_SUCCESS;
    }

    if (usec / 1000 >= rules->cutoff) {
        *p |= OC_PACKED_COUNTS;
    }

    p++;

    time = ngx_max(usec + OC_CHECKIN_EPOCH, 0);

    for (i = 0; i < 7; i++) {
        *p++ = (u_char) (time >> (48 - 8 * i));
    }

    day = (ngx_uint_t) (rules->now / OC_CHECKIN_DAY);

    *p++ = (u_char) (day >> 8);
    *p++ = (u_char) day;

    *p = OC_PACKED_PLAIN;

    if (object->odata_type) {
        *p = (json_string_value(object->odata_type)[0] == '#')
             ? OC_PACKED_HASH : OC_PACKED_NAME;
    }

    oc_buf_append(b, head, sizeof(head));

    for (i = 0; i < oc_type_checkin_status.nproperties; i++) {
        value = object->values[i];

        switch (i) {

        case OC_CHECKIN_SUCCESSFUL:
            break;

        case OC_CHECKIN_DATE:
            oc_pack_date(b, value, usec);
            break;

        case OC_CHECKIN_POLICIES:
            oc_pack_number(b, value ? json_array_size(value) : 0);

            for (j = 0; value && j < json_array_size(value); j++) {
                oc_pack_string(b, json_array_get(value, j));
            }

            break;

        default:
            oc_pack_string(b, value);
        }
    }
}


/*
 * Six bytes of a hash of user and device, then eight of one of the user.  A
 * NUL, which no string has, is between the two.
 */

static void
oc_checkin_key(u_char *key, json_t *user, json_t *device)
{
    u_char      digest[OC_SHA1_LEN];
    ngx_str_t   parts[3];
    ngx_uint_t  n;

    parts[0].data = (u_char *) json_string_value(user);
    parts[0].len = json_string_length(user);

    oc_sha1(digest, parts, 1);

    ngx_memcpy(key + 6, digest, 8);

    n = 1;

    if (device && json_is_string(device)) {
        parts[1].data = (u_char *) "";
        parts[1].len = 1;

        parts[2].data = (u_char *) json_string_value(device);
        parts[2].len = json_string_length(device);

        n = 3;
    }

    oc_sha1(digest, parts, n);

    ngx_memcpy(key, digest, 6);
}


/* NULL and null are the same. */

static void
oc_pack_string(oc_buf_t *b, json_t *value)
{
    if (value == NULL || !json_is_string(value)) {
        oc_pack_number(b, OC_PACKED_NULL);
        return;
    }

    oc_pack_bytes(b, (const u_char *) json_string_value(value),
                  json_string_length(value));
}


static void
oc_pack_bytes(oc_buf_t *b, const u_char *data, size_t len)
{
    u_char      guid[16];
    ngx_uint_t  form;

    form = oc_pack_guid(guid, data, len);

    if (form != OC_PACKED_TEXT) {
        oc_pack_number(b, form);
        oc_buf_append(b, guid, sizeof(guid));
        return;
    }

    oc_pack_number(b, OC_PACKED_TEXT + len);
    oc_buf_append(b, data, len);
}


static void
oc_pack_number(oc_buf_t *b, size_t n)
{
    while (n > 127) {
        oc_buf_char(b, (u_char) (n | 128));
        n >>= 7;
    }

    oc_buf_char(b, (u_char) n);
}


/*
 * The 16 bytes of a GUID in its usual form, all letters of one case:
 * OC_PACKED_LOWER or OC_PACKED_UPPER; OC_PACKED_TEXT if it is something else.
 */

static ngx_uint_t
oc_pack_guid(u_char *guid, const u_char *p, size_t len)
{
    u_char      high, low, all, any;
    ngx_uint_t  i;

    if (len != OC_UUID_LEN
        || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
    {
        return OC_PACKED_TEXT;
    }

    all = OC_GUID_DIGIT;
    any = 0;

    for (i = 0; i < 16; i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            p++;
        }

        high = oc_guid_digits[*p++];
        low = oc_guid_digits[*p++];

        all &= high & low;
        any |= high | low;

        guid[i] = (u_char) (high << 4 | (low & 15));
    }

    if (!all || (any & OC_GUID_LETTERS) == OC_GUID_LETTERS) {
        return OC_PACKED_TEXT;
    }

    return (any & OC_GUID_UPPER) ? OC_PACKED_UPPER : OC_PACKED_LOWER;
}


/*
 * A date that its time and a number of digits are enough to write again is
 * not kept as text.
 */

static void
oc_pack_date(oc_buf_t *b, json_t *value, int64_t usec)
{
    size_t         len, digits, zone;
    const u_char  *p;

    p = (const u_char *) json_string_value(value);
    len = json_string_length(value);

    zone = (len && p[len - 1] == 'Z') ? 1 : sizeof("+00:00") - 1;

    if (len >= OC_DATETIME_SEC_LEN + zone
        && len <= OC_DATETIME_USEC_LEN + zone
        && len != OC_DATETIME_SEC_LEN + zone + 1
        && (zone == 1 || ngx_strncmp(p + len - zone, "+00:00", zone) == 0))
    {
        digits = len - zone - OC_DATETIME_SEC_LEN;
        digits -= (digits > 0);

        /* all else that is valid is written in the same way again */

        if (usec >= 0 && p[10] == 'T' && p[17] != '6') {
            oc_buf_char(b, (u_char) (digits + (zone > 1 ? OC_PACKED_OFFSET
                                                        : 0)));
            return;
        }
    }

    oc_buf_char(b, OC_PACKED_DATE);
    oc_pack_bytes(b, p, len);
}


/*
 * Writes the check-in of a record as JSON, as it was given.  NGX_OK, or
 * NGX_ERROR if the bytes are no record.
 */

ngx_int_t
oc_checkin_write(oc_buf_t *b, const ngx_str_t *record)
{
    size_t        j, n;
    int64_t       usec;
    ngx_int_t     rc;
    ngx_uint_t    i;
    oc_unpack_t   u;

    u.pos = record->data;
    u.last = u.pos + record->len;

    if (record->len <= OC_CHECKIN_HEAD_LEN) {
        return NGX_ERROR;
    }

    u.pos += OC_CHECKIN_KEY_LEN + 1;

    usec = 0;

    for (i = 0; i < 7; i++) {
        usec = usec * 256 + *u.pos++;
    }

    usec = ngx_max(usec - OC_CHECKIN_EPOCH, 0);

    u.pos += 2;

    switch (*u.pos++) {

    case OC_PACKED_PLAIN:
        oc_buf_char(b, '{');
        break;

    case OC_PACKED_HASH:
        oc_buf_literal(b, "{\"@odata.type\":\"#" OC_NAMESPACE
                       ".officeClientCheckinStatus\",");
        break;

    case OC_PACKED_NAME:
        oc_buf_literal(b, "{\"@odata.type\":\"" OC_NAMESPACE
                       ".officeClientCheckinStatus\",");
        break;

    default:
        return NGX_ERROR;
    }

    for (i = 0; i < oc_type_checkin_status.nproperties; i++) {

        if (i) {
            oc_buf_char(b, ',');
        }

        oc_buf_char(b, '"');
        oc_buf_str(b, &oc_type_checkin_status.properties[i].name);
        oc_buf_literal(b, "\":");

        rc = NGX_OK;

        switch (i) {

        case OC_CHECKIN_SUCCESSFUL:
            if (record->data[OC_CHECKIN_KEY_LEN] & OC_PACKED_SUCCESS) {
                oc_buf_literal(b, "true");

            } else {
                oc_buf_literal(b, "false");
            }

            break;

        case OC_CHECKIN_DATE:
            rc = oc_unpack_date(b, &u, usec);
            break;

        case OC_CHECKIN_POLICIES:
            rc = oc_unpack_number(&u, &n);

            oc_buf_char(b, '[');

            for (j = 0; rc == NGX_OK && j < n; j++) {

                if (j) {
                    oc_buf_char(b, ',');
                }

                rc = oc_unpack_string(b, &u);
            }

            oc_buf_char(b, ']');
            break;

        default:
            rc = oc_unpack_string(b, &u);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    oc_buf_char(b, '}');

    return u.pos == u.last ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
oc_unpack_string(oc_buf_t *b, oc_unpack_t *u)
{
    size_t      n;
    u_char      text[OC_UUID_LEN], *p;
    ngx_uint_t  i, form;

    static const char  *const digits[] = {
        "0123456789abcdef", "0123456789ABCDEF"
    };

    if (oc_unpack_number(u, &n) != NGX_OK) {
        return NGX_ERROR;
    }

    if (n == OC_PACKED_NULL) {
        oc_buf_literal(b, "null");
        return NGX_OK;
    }

    form = n;
    n = (form < OC_PACKED_TEXT) ? 16 : n - OC_PACKED_TEXT;

    if ((size_t) (u->last - u->pos) < n) {
        return NGX_ERROR;
    }

    if (form >= OC_PACKED_TEXT) {
        oc_buf_json_string(b, u->pos, n);
        u->pos += n;
        return NGX_OK;
    }

    p = text;

    for (i = 0; i < 16; i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }

        *p++ = (u_char) digits[form == OC_PACKED_UPPER][*u->pos >> 4];
        *p++ = (u_char) digits[form == OC_PACKED_UPPER][*u->pos++ & 15];
    }

    oc_buf_json_string(b, text, OC_UUID_LEN);

    return NGX_OK;
}


static ngx_int_t
oc_unpack_number(oc_unpack_t *u, size_t *n)
{
    ngx_uint_t  shift;

    *n = 0;

    for (shift = 0; shift < 28; shift += 7) {

        if (u->pos == u->last) {
            return NGX_ERROR;
        }

        *n |= (size_t) (*u->pos & 127) << shift;

        if (*u->pos++ < 128) {
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


static ngx_int_t
oc_unpack_date(oc_buf_t *b, oc_unpack_t *u, int64_t usec)
{
    u_char      text[OC_DATETIME_USEC_LEN];
    ngx_uint_t  digits;

    if (u->pos == u->last) {
        return NGX_ERROR;
    }

    digits = *u->pos++;

    if (digits == OC_PACKED_DATE) {
        return oc_unpack_string(b, u);
    }

    oc_datetime_format_usec(text, usec);

    oc_buf_char(b, '"');
    oc_buf_append(b, text, OC_DATETIME_SEC_LEN);

    if ((digits & 15) > 6) {
        return NGX_ERROR;
    }

    if (digits & 15) {
        oc_buf_append(b, text + OC_DATETIME_SEC_LEN, 1 + (digits & 15));
    }

    if (digits & OC_PACKED_OFFSET) {
        oc_buf_literal(b, "+00:00\"");

    } else {
        oc_buf_literal(b, "Z\"");
    }

    return NGX_OK;
}
