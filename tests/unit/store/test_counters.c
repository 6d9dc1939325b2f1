/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters: what is added comes back, from another store on the same folder too. */
#include "store/counter_store.h"

#include "platform/identity.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"

#include <stdio.h>
#include <string.h>

static char *folder;
static struct identity me;

static int set_up(void **state)
{
    (void)state;
    folder = scratch_create();
    if (folder == NULL || identity_current(&me) != PD_OK)
        return -1;
    scratch_set_environment("PEERDIST_STORE", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    identity_fini(&me);
    scratch_remove(folder);
    return 0;
}

struct sum {
    unsigned rows;
    uint64_t bytes, blocks, failures;
    char first[COUNTER_PEER_MAX];
};

static bool add_up(const struct counter *counter, void *context)
{
    struct sum *sum = context;
    if (sum->rows++ == 0)
        memcpy(sum->first, counter->peer, sizeof(sum->first));
    sum->bytes += counter->bytes;
    sum->blocks += counter->blocks;
    sum->failures += counter->failures;
    assert_in_range(counter->used, 1, UINT64_MAX);
    return true;
}

static struct sum visit(struct counter_store *store)
{
    struct sum sum = {0};
    assert_int_equal(counter_visit(store, add_up, &sum), PD_OK);
    return sum;
}

static void test_counting(void **state)
{
    struct counter_store *store = counter_store_create(me.user, me.user);
    (void)state;
    assert_non_null(store);
    assert_int_equal(visit(store).rows, 0); /* and nothing is made on disk */
    counter_add(store, COUNTER_FROM_PEER, "10.0.0.1", 100, 1, 0);
    counter_add(store, COUNTER_FROM_PEER, "10.0.0.2", 5000, 2, 0);
    counter_add(store, COUNTER_FROM_PEER, "10.0.0.1", 100, 1, 3);
    struct sum sum = visit(store);
    assert_int_equal(sum.rows, 2);
    assert_int_equal(sum.bytes, 5200);
    assert_int_equal(sum.blocks, 4);
    assert_int_equal(sum.failures, 3);
    assert_string_equal(sum.first, "10.0.0.2"); /* who gave most is first */

    struct counter_store *other = counter_store_create(me.user, me.user);
    counter_add(other, COUNTER_SERVED, "10.0.0.1", 7, 1, 0);
    assert_int_equal(counter_flush(other), PD_OK);
    assert_int_equal(visit(store).bytes, 5207);
    counter_store_destroy(other);
    assert_int_equal(counter_reset(store), PD_OK);
    assert_int_equal(visit(store).rows, 0);
    counter_store_destroy(store);
}

/* What the network names between two flushes is bounded. */
static void test_many_peers(void **state)
{
    struct counter_store *store = counter_store_create(me.user, me.user);
    char peer[32];
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(peer, sizeof(peer), "10.0.%u.%u", i >> 8, i & 255);
        counter_add(store, COUNTER_PROBED, peer, 0, 1, 0);
    }
    assert_int_equal(visit(store).rows, COUNTER_PENDING_MAX);
    counter_store_destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_many_peers),
    };
    return pd_unit_report(sizeof(tests) / sizeof(*tests),
                          cmocka_run_group_tests(tests, set_up, tear_down));
}
