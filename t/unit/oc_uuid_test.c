
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_uuid: the form of RFC 9562, order and uniqueness of version 7 whatever
 * the clock does, and random bytes that a forked process does not share.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include <sys/wait.h>

#include "oc_uuid.h"
#include "support.h"
#include "tap.h"


#define UNIT_UUIDS  100000


static u_char  uuids[2 * UNIT_UUIDS][OC_UUID_LEN];


static int
compare(const void *one, const void *two)
{
    return memcmp(one, two, OC_UUID_LEN);
}


/* true if the bytes are a UUID of the version in lower case */

static unsigned
is_uuid(const u_char *uuid, int version)
{
    ngx_uint_t  i;

    for (i = 0; i < OC_UUID_LEN; i++) {

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (uuid[i] != '-') {
                return 0;
            }

        } else if (memchr("0123456789abcdef", uuid[i], 16) == NULL) {
            return 0;
        }
    }

    return uuid[14] == version && memchr("89ab", uuid[19], 4) != NULL;
}


/* the 48 bits of milliseconds */

static uint64_t
time_of(const u_char *uuid)
{
    char  text[16];

    memcpy(text, uuid, 8);
    memcpy(text + 8, uuid + 9, 4);
    text[12] = '\0';

    return strtoull(text, NULL, 16);
}


static ngx_uint_t
repeated(ngx_uint_t n)
{
    ngx_uint_t  i, same;

    qsort(uuids, n, OC_UUID_LEN, compare);

    for (i = 1, same = 0; i < n; i++) {
        same += memcmp(uuids[i - 1], uuids[i], OC_UUID_LEN) == 0;
    }

    return same;
}


static void
test_v4(void)
{
    ngx_uint_t  i, bad, failed;

    bad = 0;
    failed = 0;

    for (i = 0; i < UNIT_UUIDS; i++) {
        failed += oc_uuid_v4(uuids[i]) != NGX_OK;
        bad += !is_uuid(uuids[i], '4');
    }

    is_int(failed, 0, "version 4 can be made");
    is_int(bad, 0, "version 4: form, version, variant");
    is_int(repeated(UNIT_UUIDS), 0, "version 4: all are different");
}


static void
test_v7(void)
{
    uint64_t    now, last;
    ngx_uint_t  i, bad, failed, disorder, late;

    now = UINT64_C(1767225600123);

    /* as many as never come in a millisecond, in one */

    bad = 0;
    failed = 0;
    disorder = 0;

    for (i = 0; i < UNIT_UUIDS; i++) {
        failed += oc_uuid_v7(uuids[i], now) != NGX_OK;
        bad += !is_uuid(uuids[i], '7');
        disorder += i && compare(uuids[i - 1], uuids[i]) >= 0;
    }

    is_int(failed, 0, "version 7 can be made");
    is_int(bad, 0, "version 7: form, version, variant");
    is_int(disorder, 0, "version 7: in order within a millisecond");
    is_int(time_of(uuids[0]), now, "version 7: begins with the time");

    last = time_of(uuids[UNIT_UUIDS - 1]);
    ok(last > now && last - now <= UNIT_UUIDS / 2048,
       "version 7: borrows few milliseconds (%d)", (int) (last - now));

    /* the clock goes back, stands still, jumps forward */

    for ( /* void */ ; i < 2 * UNIT_UUIDS; i++) {

        switch (unit_below(4)) {

        case 0:
            now -= unit_below(100000);
            break;

        case 1:
            now += unit_below(200000);
            break;

        default:
            break;
        }

        failed += oc_uuid_v7(uuids[i], now) != NGX_OK;
        bad += !is_uuid(uuids[i], '7');
        disorder += compare(uuids[i - 1], uuids[i]) >= 0;
    }

    is_int(failed + bad, 0, "version 7: the same with a restless clock");
    is_int(disorder, 0, "version 7: in order with a restless clock");

    late = 0;
    now = last + UINT64_C(100000000000);

    for (i = 0; i < 10000; i++) {
        now += 1 + unit_below(5);
        failed += oc_uuid_v7(uuids[i], now) != NGX_OK;
        late += time_of(uuids[i]) != now;
    }

    is_int(late, 0, "version 7: a new millisecond is told as it is");

    is_int(repeated(2 * UNIT_UUIDS), 0, "version 7: all are different");

    failed = oc_uuid_v7(uuids[0], UINT64_C(0xffffffffffff)) != NGX_OK;
    ok(!failed && time_of(uuids[0]) == UINT64_C(0xffffffffffff),
       "version 7: the last millisecond there is");
}


static void
test_random(void)
{
    u_char      bytes[20000], hex[64];
    size_t      i, len;
    ngx_uint_t  bad, seen[256], never;

    memset(bytes, 0, sizeof(bytes));
    is_int(oc_random_bytes(bytes, sizeof(bytes)), NGX_OK,
           "more bytes than the pool has");

    memset(seen, 0, sizeof(seen));

    for (i = 0; i < sizeof(bytes); i++) {
        seen[bytes[i]]++;
    }

    for (i = 0, never = 0; i < 256; i++) {
        never += seen[i] == 0;
    }

    is_int(never, 0, "every value is among them");
    is_int(oc_random_bytes(bytes, 0), NGX_OK, "none can be asked for");

    bad = 0;

    for (len = 0; len < sizeof(hex); len++) {
        memset(hex, '#', sizeof(hex));
        bad += oc_random_hex(hex, len) != NGX_OK;

        for (i = 0; i < sizeof(hex); i++) {
            bad += (i < len) ? memchr("0123456789abcdef", hex[i], 16) == NULL
                             : hex[i] != '#';
        }
    }

    is_int(bad, 0, "hexadecimal digits, as many as asked for");
}


static void
test_fork(void)
{
    int     fd[2], status;
    pid_t   pid;
    u_char  ours[OC_UUID_LEN], theirs[OC_UUID_LEN];

    /* the pool is filled before */

    ngx_pid = getpid();
    (void) oc_uuid_v4(ours);

    if (pipe(fd) == -1) {
        ok(0, "pipe()");
        return;
    }

    pid = fork();

    if (pid == 0) {
        ngx_pid = getpid();
        (void) oc_uuid_v4(theirs);
        _exit(write(fd[1], theirs, OC_UUID_LEN) != OC_UUID_LEN);
    }

    (void) oc_uuid_v4(ours);

    is_int(read(fd[0], theirs, OC_UUID_LEN), OC_UUID_LEN,
           "a forked process makes one");
    ok(is_uuid(theirs, '4') && memcmp(ours, theirs, OC_UUID_LEN) != 0,
       "another one than its parent");

    waitpid(pid, &status, 0);
    close(fd[0]);
    close(fd[1]);
}


int
main(void)
{
    test_v4();
    test_v7();
    test_random();
    test_fork();

    return done();
}
