/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates by address and in all. Time is the real clock's: bounds are wide on its side. */
#include "service/peer_rates.h"

#include "support/unit_main.h"

#include "platform/thread.h"

static struct net_address address(uint8_t last)
{
    return (struct net_address){.bytes = {10, 0, 0, last}};
}

static void test_no_limit(void **state)
{
    struct peer_rates *rates = peer_rates_create(0, 0, 1, 0);
    const struct net_address one = address(1);
    (void)state;
    assert_non_null(rates);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(peer_rates_take(rates, &one, 1000000, 0), 0);
    peer_rates_destroy(rates);
}

static void test_each(void **state)
{
    struct peer_rates *rates = peer_rates_create(10, 0, 2, 0);
    const struct net_address one = address(1), other = address(2);
    unsigned taken = 0;
    (void)state;
    assert_non_null(rates);
    uint64_t begin = clock_milliseconds();
    while (peer_rates_take(rates, &one, 1, 0) == 0)
        taken++;
    /* Two seconds' worth at once, and what came meanwhile. */
    assert_in_range(taken, 20, 21 + (clock_milliseconds() - begin) / 100);
    /* Nothing is taken where it would take too long; who waits is told how long. */
    uint32_t wait = peer_rates_take(rates, &one, 10, 0);
    assert_in_range(wait, 800, 1000);
    assert_in_range(peer_rates_take(rates, &one, 1, 1000), 1, 100);
    assert_in_range(peer_rates_take(rates, &one, 1, 1000), 50, 200); /* behind the one before */
    assert_int_equal(peer_rates_take(rates, &other, 20, 0), 0);      /* of another: its own */
    peer_rates_destroy(rates);
}

static void test_all(void **state)
{
    struct peer_rates *rates = peer_rates_create(0, 100, 1, 0);
    unsigned taken = 0;
    (void)state;
    assert_non_null(rates);
    uint64_t begin = clock_milliseconds();
    for (uint8_t i = 0; i < 250; i++) {
        const struct net_address one = address(i);
        taken += peer_rates_take(rates, &one, 1, 0) == 0 ? 1 : 0;
    }
    assert_in_range(taken, 100, 101 + (clock_milliseconds() - begin) / 10);
    peer_rates_set(rates, 0, 0);
    const struct net_address one = address(1);
    assert_int_equal(peer_rates_take(rates, &one, 100000, 0), 0);
    peer_rates_destroy(rates);
}

/* More addresses than are remembered: none of them is refused for it. */
static void test_many_addresses(void **state)
{
    struct peer_rates *rates = peer_rates_create(1, 0, 1, 0);
    (void)state;
    assert_non_null(rates);
    for (unsigned i = 0; i < 5000; i++) {
        const struct net_address one = {.bytes = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
        assert_int_equal(peer_rates_take(rates, &one, 1, 0), 0);
    }
    peer_rates_destroy(rates);
}

/* A slow rate gives what is taken in large pieces too, and no more on average. */
static void test_least(void **state)
{
    const struct net_address one = address(1), other = address(2);
    (void)state;
    for (unsigned both = 0; both < 2; both++) {
        struct peer_rates *rates = peer_rates_create(1 - both, both, 1, 128);
        assert_non_null(rates);
        uint64_t begin = clock_milliseconds();
        assert_int_equal(peer_rates_take(rates, &one, 64, 0), 0);
        assert_int_equal(peer_rates_take(rates, &one, 64, 0), 0);
        uint32_t wait = peer_rates_take(rates, &one, 64, 0);
        assert_in_range(wait, 64000 - (clock_milliseconds() - begin), 64000);
        if (both == 0)
            assert_int_equal(peer_rates_take(rates, &other, 128, 0), 0);
        assert_true(peer_rates_take(rates, &other, 128, 0) > 0);
        peer_rates_destroy(rates);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit), cmocka_unit_test(test_each),
        cmocka_unit_test(test_all),      cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_least),
    };
    return pd_unit_report(sizeof(tests) / sizeof(*tests),
                          cmocka_run_group_tests(tests, NULL, NULL));
}
