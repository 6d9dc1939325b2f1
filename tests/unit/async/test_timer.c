/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers expire when they are due and not before, in the order of their times, unless cleared. */
#include "async/timer.h"

#include "platform/thread.h"
#include "support/unit_main.h"

#define TIMERS 8

struct watched {
    struct timer timer; /* first */
    uint64_t at;        /* when it expired; 0: not */
    unsigned place;     /* of all that expired */
};

static struct mutex lock = MUTEX_INITIALIZER; /* guards all below */
static struct condition changed = CONDITION_INITIALIZER;
static struct watched watched[TIMERS];
static unsigned expirations;

static void expired(struct timer *timer)
{
    struct watched *one = (struct watched *)timer;
    mutex_lock(&lock);
    one->at = clock_milliseconds();
    one->place = expirations++;
    condition_wake_all(&changed);
    mutex_unlock(&lock);
}

static void await_expirations(unsigned count)
{
    mutex_lock(&lock);
    while (expirations < count)
        condition_wait(&changed, &lock);
    mutex_unlock(&lock);
}

static int set_up(void **state)
{
    (void)state;
    expirations = 0;
    for (unsigned i = 0; i < TIMERS; i++)
        watched[i] = (struct watched){.timer = {.expired = expired}};
    timers_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    timers_stop();
    return 0;
}

static void set(unsigned i, uint64_t due, bool expected)
{
    bool was_armed = !expected;
    assert_int_equal(timer_set(&watched[i].timer, due, &was_armed), PD_OK);
    assert_int_equal(was_armed, expected);
}

static void test_order(void **state)
{
    static const unsigned order[TIMERS] = {5, 2, 7, 0, 3, 6, 1, 4};
    uint64_t start = clock_milliseconds();
    (void)state;
    for (unsigned i = 0; i < TIMERS; i++)
        set(i, start + 20 + order[i] * 3, false);
    await_expirations(TIMERS);
    for (unsigned i = 0; i < TIMERS; i++) {
        assert_int_equal(watched[i].place, order[i]);
        assert_true(watched[i].at >= start + 20 + order[i] * 3);
        assert_false(timer_clear(&watched[i].timer));
    }
}

static void test_moved_and_cleared(void **state)
{
    uint64_t start = clock_milliseconds();
    (void)state;
    set(0, start + 3600000, false);
    set(1, start + 3600000, false);
    set(2, start + 10, false);
    assert_true(timer_clear(&watched[2].timer));
    assert_false(timer_clear(&watched[2].timer));
    set(0, start + 15, true); /* earlier than what the thread waits for */
    await_expirations(1);
    assert_int_equal(watched[0].place, 0);
    assert_true(watched[0].at >= start + 15);
    set(0, 0, false); /* long past */
    await_expirations(2);
    assert_int_equal(watched[2].at, 0);
    assert_true(timer_clear(&watched[1].timer));
}

/* What is armed at the stop never expires, and all begins anew afterwards. */
static void test_stop(void **state)
{
    (void)state;
    set(0, clock_milliseconds() + 5, false);
    timers_stop();
    unsigned seen = expirations;
    timers_start();
    watched[1].timer.armed = false;
    set(1, clock_milliseconds() + 20, false);
    await_expirations(seen + 1);
    assert_int_equal(watched[1].place, seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_moved_and_cleared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
