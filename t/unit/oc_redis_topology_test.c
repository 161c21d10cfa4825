
/*
 * Copyright (C) the authors of the nginx office configuration module
 */


/*
 * oc_redis_topology: slots of keys, and what servers say about other servers.
 */


#include "oc_redis_topology.h"
#include "support.h"
#include "tap.h"


/* replies are made of these, as many as a test needs at once */

static oc_redis_reply_t   replies[64];
static oc_redis_reply_t  *elements[64];
static ngx_uint_t         nreplies, nelements;


static oc_redis_reply_t *
make(oc_redis_reply_e type)
{
    oc_redis_reply_t  *r;

    r = &replies[nreplies++];
    memset(r, 0, sizeof(oc_redis_reply_t));
    r->type = type;

    return r;
}


static oc_redis_reply_t *
string(const char *text)
{
    oc_redis_reply_t  *r;

    r = make(text ? OC_REDIS_REPLY_STRING : OC_REDIS_REPLY_NIL);

    if (text) {
        r->str.data = (u_char *) text;
        r->str.len = strlen(text);
    }

    return r;
}


static oc_redis_reply_t *
integer(int64_t n)
{
    oc_redis_reply_t  *r;

    r = make(OC_REDIS_REPLY_INTEGER);
    r->integer = n;

    return r;
}


static oc_redis_reply_t *
array(ngx_uint_t n, ...)
{
    va_list            args;
    ngx_uint_t         i;
    oc_redis_reply_t  *r;

    r = make(OC_REDIS_REPLY_ARRAY);
    r->elements = &elements[nelements];
    r->nelements = n;
    nelements += n;

    va_start(args, n);

    for (i = 0; i < n; i++) {
        r->elements[i] = va_arg(args, oc_redis_reply_t *);
    }

    va_end(args);

    return r;
}


static void
unit_str(ngx_str_t *s, const char *text)
{
    s->data = (u_char *) text;
    s->len = strlen(text);
}


static void
again(void)
{
    nreplies = 0;
    nelements = 0;
}


static void
test_slots(void)
{
    size_t     i;
    ngx_str_t  key;

    /* as CLUSTER KEYSLOT says */

    static const struct {
        const char  *key;
        ngx_uint_t   slot;
    } slots[] = {
        { "", 0 }, { "123456789", 12739 }, { "foo", 12182 },
        { "{foo}bar", 12182 }, { "bar{foo}", 12182 }, { "a{foo}{bar}", 12182 },
        { "foo{}{bar}", 8363 }, { "foo{{bar}}zap", 4015 },
        { "foo{bar}{zap}", 5061 }, { "bar", 5061 }
    };

    for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        key.len = strlen(slots[i].key);
        key.data = unit_copy(slots[i].key, key.len);

        is_int(oc_redis_slot(&key), slots[i].slot, "\"%s\"", slots[i].key);

        free(key.data);
    }
}


static void
test_redirects(void)
{
    size_t               i;
    ngx_int_t            rc;
    ngx_str_t            error;
    oc_redis_redirect_t  r;

    static const struct {
        const char  *text;
        const char  *host;         /* NULL: it is none */
        ngx_uint_t   slot;
        ngx_uint_t   port;
    } errors[] = {
        { "MOVED 3999 127.0.0.1:6381", "127.0.0.1", 3999, 6381 },
        { "ASK 0 127.0.0.1:1", "127.0.0.1", 0, 1 },
        { "MOVED 16383 ::1:65535", "::1", 16383, 65535 },
        { "MOVED 1 2001:db8::1:6379", "2001:db8::1", 1, 6379 },
        { "MOVED 1 node-1.test:6379", "node-1.test", 1, 6379 },
        { "MOVED 1 :6379", "", 1, 6379 },
        { "MOVED 1 ?:6379", "", 1, 6379 },
        { "MOVED 1 a:6379 more", "a", 1, 6379 },
        { "MOVED 16384 a:1", NULL, 0, 0 },
        { "MOVED -1 a:1", NULL, 0, 0 },
        { "MOVED x a:1", NULL, 0, 0 },
        { "MOVED 1 a:0", NULL, 0, 0 },
        { "MOVED 1 a:65536", NULL, 0, 0 },
        { "MOVED 1 a:", NULL, 0, 0 },
        { "MOVED 1 a", NULL, 0, 0 },
        { "MOVED 1 a/b:1", NULL, 0, 0 },
        { "MOVED 1 a\tb:1", NULL, 0, 0 },
        { "MOVED 1", NULL, 0, 0 },
        { "MOVED  1 a:1", NULL, 0, 0 },
        { "MOVED", NULL, 0, 0 },
        { "MOVE 1 a:1", NULL, 0, 0 },
        { "", NULL, 0, 0 }
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        error.len = strlen(errors[i].text);
        error.data = unit_copy(errors[i].text, error.len);

        rc = oc_redis_topology_redirect(&error, &r);

        is_int(rc, errors[i].host ? NGX_OK : NGX_ERROR, "\"%s\"",
               errors[i].text);

        if (rc == NGX_OK) {
            is_mem(r.node.host.data, r.node.host.len, errors[i].host,
                   "its host");
            is_int(r.slot, errors[i].slot, "its slot");
            is_int(r.node.port, errors[i].port, "its port");
        }

        free(error.data);
    }
}


static void
test_ranges(void)
{
    ngx_uint_t         i;
    oc_redis_range_t   range;
    oc_redis_reply_t  *r;

    again();
    r = array(5, integer(5), integer(9),
              array(4, string("10.0.0.1"), integer(7000), string("id"),
                    array(2, string("hostname"), string("a"))),
              array(2, string(NULL), integer(7001)),
              array(2, string("::1"), integer(7002)));

    is_int(oc_redis_topology_range(r, &range), NGX_OK, "a row");
    is_int(range.first, 5, "its first slot");
    is_int(range.last, 9, "its last");
    is_mem(range.master.host.data, range.master.host.len, "10.0.0.1",
           "its master");
    is_int(range.master.port, 7000, "the port");
    is_int(range.nreplicas, 2, "its replicas");
    is_int(range.replicas[0].host.len, 0, "one without a host");
    is_mem(range.replicas[1].host.data, range.replicas[1].host.len, "::1",
           "one with an address of IPv6");

    again();
    r = array(5, integer(0), integer(16383),
              array(2, string(""), integer(7000)),
              array(2, string("x"), integer(0)),
              array(2, string("y"), integer(1)));

    is_int(oc_redis_topology_range(r, &range), NGX_OK, "all slots");
    is_int(range.nreplicas, 1, "a replica that nobody reaches is left out");

    again();
    r = make(OC_REDIS_REPLY_ARRAY);
    r->nelements = 20;
    r->elements = elements;
    elements[0] = integer(1);
    elements[1] = integer(1);

    for (i = 2; i < 20; i++) {
        nelements = 20 + 2 * i;
        elements[i] = array(2, string("x"), integer(1));
    }

    is_int(oc_redis_topology_range(r, &range), NGX_OK, "many replicas");
    is_int(range.nreplicas, OC_REDIS_MAX_REPLICAS, "not all are taken");

#define not_a_row(reply, name)                                                \
    again();                                                                  \
    is_int(oc_redis_topology_range(reply, &range), NGX_ERROR, name)

    not_a_row(string("x"), "a string");
    not_a_row(string(NULL), "nothing");
    not_a_row(array(2, integer(0), integer(1)), "no master");
    not_a_row(array(3, integer(2), integer(1),
                    array(2, string("x"), integer(1))), "backwards");
    not_a_row(array(3, integer(-1), integer(1),
                    array(2, string("x"), integer(1))), "below the first");
    not_a_row(array(3, integer(0), integer(16384),
                    array(2, string("x"), integer(1))), "behind the last");
    not_a_row(array(3, string("0"), integer(1),
                    array(2, string("x"), integer(1))), "a string as a slot");
    not_a_row(array(3, integer(0), integer(1), string("x")), "no node");
    not_a_row(array(3, integer(0), integer(1), array(1, string("x"))),
              "no port");
    not_a_row(array(3, integer(0), integer(1),
                    array(2, string("x"), integer(0))), "port 0");
    not_a_row(array(3, integer(0), integer(1),
                    array(2, string("x"), integer(65536))), "port 65536");
    not_a_row(array(3, integer(0), integer(1),
                    array(2, string("x"), string("1"))), "port as a string");
    not_a_row(array(3, integer(0), integer(1),
                    array(2, integer(1), integer(1))), "host as a number");
    not_a_row(array(3, integer(0), integer(1),
                    array(2, string("a b"), integer(1))), "a space");
}


static void
test_instances(void)
{
    ngx_str_t             text, name;
    oc_redis_endpoint_t   node;
    oc_redis_instance_t   instance;

    again();
    is_int(oc_redis_topology_instance(
               array(10, string("name"), string("office"),
                     string("ip"), string("::1"), string("port"),
                     string("6379"), string("flags"), string("master"),
                     string("config-epoch"), string("12")), &instance),
           NGX_OK, "a master");
    is_mem(instance.node.host.data, instance.node.host.len, "::1", "its host");
    is_int(instance.node.port, 6379, "its port");
    is_int(instance.epoch, 12, "its epoch");
    is_int(instance.down, 0, "it is up");
    is_int(instance.failover, 0, "it stays");

    again();
    is_int(oc_redis_topology_instance(
               array(6, string("ip"), string("a"), string("port"),
                     string("1"), string("flags"),
                     string("master,failover_in_progress")), &instance),
           NGX_OK, "a master in a failover");
    is_int(instance.failover, 1, "which is under way");
    is_int(instance.down, 0, "it is up");

    again();
    is_int(oc_redis_topology_instance(
               array(8, string("ip"), string("a"), string("port"),
                     string("1"), string("flags"), string("s_down,slave"),
                     string("master-link-status"), string("ok")), &instance),
           NGX_OK, "a replica");
    is_int(instance.down, 1, "it is down");
    is_int(instance.linked, 1, "it has its master");

    again();
    is_int(oc_redis_topology_instance(
               array(9, string("ip"), string("a"), string("port"),
                     string("1"), string("flags"), string("x_s_down"),
                     string("config-epoch"), string("-5"), string("odd")),
               &instance), NGX_OK, "with one too many");
    is_int(instance.down, 0, "another flag");
    is_int(instance.epoch, 0, "no epoch");

#define not_one(reply, name)                                                  \
    again();                                                                  \
    is_int(oc_redis_topology_instance(reply, &instance), NGX_ERROR, name)

    not_one(string(NULL), "nothing");
    not_one(array(0), "empty");
    not_one(array(2, string("ip"), string("a")), "no port");
    not_one(array(2, string("port"), string("1")), "no host");
    not_one(array(4, string("ip"), string(""), string("port"), string("1")),
            "an empty host");
    not_one(array(4, string("ip"), string("a"), string("port"), string("0")),
            "port 0");
    not_one(array(4, string("ip"), integer(1), string("port"), string("1")),
            "a number");

    unit_str(&text, "office 10.0.0.1 1 10.0.0.2 2");
    is_int(oc_redis_topology_switch(&text, &name, &node), NGX_OK, "a switch");
    is_mem(name.data, name.len, "office", "its name");
    is_mem(node.host.data, node.host.len, "10.0.0.2", "its new host");
    is_int(node.port, 2, "its new port");

    unit_str(&text, "office 10.0.0.1 1 10.0.0.2");
    is_int(oc_redis_topology_switch(&text, &name, &node), NGX_ERROR,
           "no new port");
    unit_str(&text, "office 10.0.0.1 1 ? 2");
    is_int(oc_redis_topology_switch(&text, &name, &node), NGX_ERROR,
           "no new host");
    unit_str(&text, "");
    is_int(oc_redis_topology_switch(&text, &name, &node), NGX_ERROR,
           "nothing");
}


int
main(void)
{
    test_slots();
    test_redirects();
    test_ranges();
    test_instances();

    return done();
}
