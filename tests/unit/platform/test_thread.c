/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads, conditions, clock and random bytes. */
#include "platform/thread.h"

#include "platform/random.h"
#include "support/unit_main.h"

#include <string.h>

struct meeting {
    struct mutex mutex;
    struct condition condition;
    int arrived, left;
    bool open;
};

static void arrive_and_wait(void *argument)
{
    struct meeting *meeting = argument;

    mutex_lock(&meeting->mutex);
    meeting->arrived++;
    condition_wake_all(&meeting->condition);
    while (!meeting->open)
        condition_wait(&meeting->condition, &meeting->mutex);
    meeting->left++;
    mutex_unlock(&meeting->mutex);
}

static void test_threads_meet(void **state)
{
    struct meeting meeting = {0};
    struct thread *threads[16];

    (void)state;
    mutex_init(&meeting.mutex);
    condition_init(&meeting.condition);
    for (int i = 0; i < 16; i++) {
        threads[i] = thread_start(arrive_and_wait, &meeting);
        assert_non_null(threads[i]);
    }
    mutex_lock(&meeting.mutex);
    while (meeting.arrived < 16)
        condition_wait(&meeting.condition, &meeting.mutex);
    assert_int_equal(meeting.left, 0);
    meeting.open = true;
    condition_wake_all(&meeting.condition);
    mutex_unlock(&meeting.mutex);
    for (int i = 0; i < 16; i++)
        thread_join(threads[i]);
    assert_int_equal(meeting.left, 16);
    condition_fini(&meeting.condition);
    mutex_fini(&meeting.mutex);
}

static void test_wait_ends_by_itself(void **state)
{
    struct mutex mutex = MUTEX_INITIALIZER;
    struct condition condition = CONDITION_INITIALIZER;
    uint64_t start = clock_milliseconds();
    bool woken = true;

    (void)state;
    mutex_lock(&mutex);
    /* Spurious wake-ups are allowed. */
    while (woken && clock_milliseconds() - start < 10000)
        woken = condition_wait_for(&condition, &mutex, 30);
    mutex_unlock(&mutex);
    assert_false(woken);
    assert_true(clock_milliseconds() - start >= 10); /* the clock's steps are coarse */
}

static void test_clock_and_processors(void **state)
{
    uint64_t before = clock_milliseconds();

    (void)state;
    assert_true(processor_count() >= 1);
    for (int i = 0; i < 10000; i++) {
        uint64_t now = clock_milliseconds();

        assert_true(now >= before);
        before = now;
    }
}

static void test_random_bytes_differ(void **state)
{
    static uint8_t one[100000], other[100000];
    size_t same = 0;

    (void)state;
    assert_true(random_bytes(one, sizeof(one)));
    assert_true(random_bytes(other, sizeof(other)));
    for (size_t i = 0; i < sizeof(one); i++)
        same += one[i] == other[i];
    /* 391 expected; both ends and everything between are filled. */
    assert_true(same > 200 && same < 800);
    assert_memory_not_equal(one, other, 16);
    assert_memory_not_equal(one + sizeof(one) - 16, other + sizeof(other) - 16, 16);
    assert_true(random_bytes(one, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_meet),
        cmocka_unit_test(test_wait_ends_by_itself),
        cmocka_unit_test(test_clock_and_processors),
        cmocka_unit_test(test_random_bytes_differ),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
