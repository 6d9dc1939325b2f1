/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is let in, and who makes way. The handles are no sockets: shutting them does nothing. */
#include "net/connection_table.h"

#include "support/unit_main.h"

#define LIMIT       8u
#define PER_ADDRESS 4u

static struct net_address address(uint8_t last)
{
    return (struct net_address){.bytes = {10, 0, 0, last}};
}

static bool admit(struct connection_table *table, socket_handle handle, uint8_t last)
{
    const struct net_address peer = address(last);
    return connection_table_admit(table, handle, &peer);
}

static void counts(struct connection_table *table, unsigned *live, uint64_t *refused,
                   uint64_t *evicted)
{
    connection_table_count(table, live, refused, evicted);
}

static void test_per_address(void **state)
{
    struct connection_table *table = connection_table_create(LIMIT, PER_ADDRESS);
    unsigned live;
    uint64_t refused, evicted;
    (void)state;
    for (socket_handle i = 0; i < 20; i++)
        assert_int_equal(admit(table, 100000 + i, 1), i < (socket_handle)PER_ADDRESS);
    assert_true(admit(table, 200000, 2));
    counts(table, &live, &refused, &evicted);
    assert_int_equal(live, PER_ADDRESS + 1);
    assert_int_equal(refused, 16);
    assert_int_equal(evicted, 0);
    connection_table_remove(table, 100000);
    assert_true(admit(table, 100050, 1));
    assert_false(admit(table, 100051, 1));
    connection_table_destroy(table);
}

/* A full table gives way to others at the cost of whoever has most, but not of a request in work.
 */
static void test_eviction(void **state)
{
    struct connection_table *table = connection_table_create(LIMIT, PER_ADDRESS);
    unsigned live, busy, own, peers;
    uint64_t refused, evicted;
    const struct net_address one = address(1);
    (void)state;
    for (socket_handle i = 0; i < 4; i++) {
        assert_true(admit(table, 100000 + i, 1));
        assert_true(admit(table, 200000 + i, (uint8_t)(2 + i)));
    }
    for (socket_handle i = 0; i < 3; i++)
        connection_table_set_busy(table, 100000 + i, true);
    connection_table_set_busy(table, 200000, true);
    connection_table_load(table, &one, &busy, &own, &peers);
    assert_int_equal(busy, 4);
    assert_int_equal(own, 3);
    assert_int_equal(peers, 2);
    assert_true(admit(table, 300000, 9)); /* for 100003, of the greedy one, which is at rest */
    counts(table, &live, &refused, &evicted);
    assert_int_equal(live, LIMIT);
    assert_int_equal(evicted, 1);
    /* All in work: nobody makes way. */
    for (socket_handle i = 1; i < 4; i++)
        connection_table_set_busy(table, 200000 + i, true);
    connection_table_set_busy(table, 300000, true);
    assert_false(admit(table, 300001, 10));
    connection_table_set_busy(table, 200001, false);
    assert_true(admit(table, 300001, 10));
    connection_table_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_per_address),
        cmocka_unit_test(test_eviction),
    };
    return pd_unit_report(sizeof(tests) / sizeof(*tests),
                          cmocka_run_group_tests(tests, NULL, NULL));
}
