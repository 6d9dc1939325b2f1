/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follows from the administrator's settings: calls refused, handles that die, and the one
 * registration for changes. Natively, where settings are a table in memory. */
#include "platform/posix/settings.h"

#include "engine/instance.h"
#include "support/unit_main.h"
#include "unit/engine/fixture.h"

#include <stdlib.h>
#include <string.h>

#define TOO_MUCH (16u << 20)

static struct instance *instance, *other;
static uint8_t *content;
static uint8_t buffer[64];
static struct block blocks[4], change;
static uint32_t told[4]; /* as PEERDIST_STATUS_INFO */

static enum pd_status watch_in(struct instance *in, struct block *block, bool extended)
{
    struct operation *operation = operation_create(OPERATION_STATUS_CHANGE, block, NULL);
    assert_non_null(operation);
    operation->output = told;
    operation->extended = extended;
    enum pd_status status = instance_register(in, operation);
    if (status != PD_OK)
        operation_discard(operation);
    return status;
}

/* Changes the settings and waits until both instances have heard of the status. */
static void set(bool enabled, bool version_1_only)
{
    const struct settings settings = {.enabled = enabled, .version_1_only = version_1_only};
    struct block heard;
    block_init(&heard);
    assert_int_equal(watch_in(instance, &change, false), PD_OK);
    assert_int_equal(watch_in(other, &heard, false), PD_OK);
    assert_true(block_is_pending(&change) && block_is_pending(&heard));
    settings_test_set(&settings);
    assert_int_equal(block_wait(&change).status, PD_OK);
    assert_int_equal(block_wait(&heard).status, PD_OK);
    assert_int_equal(told[0], enabled ? SERVICE_STATE_AVAILABLE : SERVICE_STATE_DISABLED);
    block_fini(&heard);
}

static void take_first_notification(struct instance *in)
{
    assert_int_equal(watch_in(in, &change, false), PD_OK);
    assert_int_equal(block_take(&change).status, PD_OK);
    assert_int_equal(told[0], SERVICE_STATE_AVAILABLE);
}

static int start(void **state)
{
    (void)state;
    block_init(&change);
    for (size_t i = 0; i < 4; i++)
        block_init(&blocks[i]);
    instance = start_instance();
    other = start_instance();
    take_first_notification(instance);
    take_first_notification(other);
    return 0;
}

static int stop(void **state)
{
    const struct settings settings = {.enabled = true};
    (void)state;
    assert_int_equal(stop_instance(instance), PD_OK);
    assert_int_equal(stop_instance(other), PD_OK);
    for (size_t i = 0; i < 4; i++)
        block_fini(&blocks[i]);
    block_fini(&change);
    settings_test_set(&settings);
    return 0;
}

static int set_up(void **state)
{
    content = make_content(TOO_MUCH, 1);
    return fixture_set_up(state);
}

static int tear_down(void **state)
{
    free(content);
    return fixture_tear_down(state);
}

static void test_calls_while_disabled(void **state)
{
    uintptr_t handle = 0;
    (void)state;
    publish(instance, "content", content, 1000, 1000);
    set(false, false);
    assert_int_equal(runtime_check(), PD_DISABLED);
    assert_int_equal(try_open_stream(instance, "more", 0, &handle), PD_DISABLED);
    assert_int_equal(try_open_information(instance, "content", 0, 0, 1, 2, &handle), PD_DISABLED);
    assert_int_equal(handle, 0);
    struct instance *late = start_instance(); /* starting up works all the same */
    assert_int_equal(stop_instance(late), PD_OK);
    set(true, false);
    /* Finished publications survive. */
    assert_int_equal(try_open_stream(other, "content", 0, &handle), PD_ALREADY_EXISTS);
    assert_information(other, "content", 2, content, 1000, 0, 0, 100);
    publish(instance, "more", content, 1000, 1000);
}

/* Everything that is open dies, with what is pending, and stays dead. */
static void test_drop(void **state)
{
    (void)state;
    publish(other, "finished", content, 100000, 100000);
    uintptr_t stream = open_stream(instance, "content", 0);
    uintptr_t idle = open_stream(other, "idle", 0);
    uintptr_t reader = open_information(instance, "finished", 1);
    uintptr_t done = open_stream(other, "done", 0);
    assert_int_equal(complete(other, done, &blocks[0]), PD_OK);
    assert_int_equal(block_wait(&blocks[0]).status, PD_OK);
    pool_block();
    assert_int_equal(add(instance, stream, content, TOO_MUCH, &blocks[0]), PD_OK);
    assert_int_equal(complete(instance, stream, &blocks[1]), PD_OK);
    assert_int_equal(retrieve(instance, reader, buffer, 10, &blocks[2]), PD_OK);
    set(false, false);
    for (int i = 0; i < 3; i++) {
        struct completion completion = block_take(&blocks[i]);
        assert_int_equal(completion.status, PD_INVALIDATED);
        assert_int_equal(completion.bytes, 0);
    }
    assert_int_equal(add(other, idle, content, 1, &blocks[0]), PD_INVALIDATED);
    pool_release();
    set(true, false);
    assert_int_equal(add(instance, stream, content, 1, &blocks[0]), PD_INVALIDATED);
    assert_int_equal(add(other, idle, content, 1, &blocks[0]), PD_INVALIDATED);
    assert_int_equal(complete(other, done, &blocks[0]), PD_INVALIDATED);
    assert_int_equal(retrieve(instance, reader, buffer, 10, &blocks[2]), PD_INVALIDATED);
    /* What was not finished is gone, what was finished is not. */
    publish(other, "content", content, 1000, 1000);
    publish(instance, "idle", content, 1000, 1000);
    assert_information(instance, "finished", 1, content, 100000, 0, 0, 1000);
    assert_information(instance, "done", 1, content, 0, 0, 0, 1000);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_int_equal(close_stream(other, idle), PD_OK);
    assert_int_equal(close_stream(other, done), PD_OK);
    assert_int_equal(close_information(instance, reader), PD_OK);
    assert_information(instance, "done", 1, content, 0, 0, 0, 1000);
}

static void test_close_works_while_disabled(void **state)
{
    uintptr_t stream = open_stream(instance, "content", 0);
    publish(other, "finished", content, 10, 10);
    uintptr_t reader = open_information(instance, "finished", 1);
    (void)state;
    set(false, false);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_int_equal(close_information(instance, reader), PD_OK);
    assert_int_equal(close_stream(instance, stream), PD_INVALID_HANDLE);
}

/* Version 1 only: nothing of version 2 is made or handed out; handles are not touched. */
static void test_version_1_only(void **state)
{
    const struct settings settings = {.enabled = true, .version_1_only = true};
    uintptr_t handle = 0;
    struct service_state service;
    (void)state;
    publish(instance, "both", content, 300000, 100000);
    uintptr_t reader = open_information(instance, "both", 2);
    settings_test_set(&settings);
    /* No status changes, so nobody is told: a start of another instance looks itself. */
    do {
        service = runtime_state();
    } while (service.max_version != 1);
    assert_int_equal(service.status, SERVICE_STATE_AVAILABLE);
    assert_int_equal(service.min_version, 1);
    assert_int_equal(try_open_information(other, "both", 0, 0, 2, 2, &handle),
                     PD_CONTENT_INFO_VERSION_UNSUPPORTED);
    assert_information(other, "both", 1, content, 300000, 0, 0, 1000);
    publish(instance, "one", content, 300000, 100000);
    assert_int_equal(retrieve(instance, reader, buffer, 10, &blocks[0]), PD_OK);
    assert_int_equal(block_wait(&blocks[0]).status, PD_OK);
    assert_int_equal(close_information(instance, reader), PD_OK);
    set(false, false);
    set(true, false);
    assert_int_equal(runtime_state().max_version, 2);
    assert_information(other, "both", 2, content, 300000, 0, 0, 1000);
    assert_int_equal(try_open_information(other, "one", 0, 0, 2, 2, &handle),
                     PD_CONTENT_INFO_VERSION_UNSUPPORTED);
    assert_information(other, "one", 1, content, 300000, 0, 0, 1000);
}

static void test_registration(void **state)
{
    struct instance *third = start_instance();
    (void)state;
    /* The first one of an instance fires at once: DISABLED is what was told before. */
    told[0] = 16;
    assert_int_equal(watch_in(third, &blocks[0], true), PD_OK);
    assert_int_equal(block_take(&blocks[0]).status, PD_OK);
    assert_int_equal(told[0], 16);
    assert_int_equal(told[1], SERVICE_STATE_AVAILABLE);
    assert_int_equal(told[2], 1);
    assert_int_equal(told[3], 2);
    /* The second waits; there is one at a time, of either form; each instance has its own. */
    memset(told, 0xff, sizeof(told));
    assert_int_equal(watch_in(third, &blocks[0], false), PD_OK);
    assert_int_equal(told[0], SERVICE_STATE_AVAILABLE);
    assert_true(block_is_pending(&blocks[0]));
    assert_int_equal(watch_in(third, &blocks[1], true), PD_ALREADY_EXISTS);
    assert_int_equal(watch_in(third, &blocks[1], false), PD_ALREADY_EXISTS);
    set(false, false);
    assert_int_equal(block_wait(&blocks[0]).status, PD_OK);
    assert_int_equal(told[0], SERVICE_STATE_DISABLED);
    /* Told once: armed again it waits for another status. */
    assert_int_equal(watch_in(third, &blocks[0], false), PD_OK);
    assert_true(block_is_pending(&blocks[0]));
    instance_unregister(third);
    assert_int_equal(block_take(&blocks[0]).status, PD_ABORTED);
    instance_unregister(third);
    /* What happened in between is told by the next one. */
    set(true, false);
    assert_int_equal(watch_in(third, &blocks[0], false), PD_OK);
    assert_int_equal(block_take(&blocks[0]).status, PD_OK);
    assert_int_equal(told[0], SERVICE_STATE_AVAILABLE);
    assert_int_equal(watch_in(third, &blocks[0], false), PD_OK);
    assert_int_equal(stop_instance(third), PD_OK);
    assert_int_equal(block_take(&blocks[0]).status, PD_ABORTED);
}

static void test_started_while_disabled(void **state)
{
    (void)state;
    set(false, false);
    struct instance *third = start_instance();
    assert_int_equal(watch_in(third, &blocks[0], false), PD_OK);
    assert_int_equal(told[0], SERVICE_STATE_DISABLED);
    assert_true(block_is_pending(&blocks[0])); /* nothing new */
    set(true, false);
    assert_int_equal(block_wait(&blocks[0]).status, PD_OK);
    assert_int_equal(stop_instance(third), PD_OK);
}

/* A change between two looks at the settings is not lost, whenever the process starts up. */
static void change_settings(void *argument)
{
    settings_test_set(argument);
}

static void test_change_during_start(void **state)
{
    struct settings on = {.enabled = true}, off = {.enabled = false};
    (void)state;
    assert_int_equal(stop_instance(instance), PD_OK);
    assert_int_equal(stop_instance(other), PD_OK);
    for (int round = 0; round < 300; round++) {
        struct thread *changer = thread_start(change_settings, round % 2 == 0 ? &off : &on);
        assert_non_null(changer);
        struct instance *third = start_instance();
        assert_int_equal(watch_in(third, &blocks[0], false), PD_OK);
        thread_join(changer);
        if (round % 2 == 0) {
            /* Fired for AVAILABLE, or never will: in the end it is off. */
            while (runtime_check() != PD_DISABLED)
                ;
            instance_unregister(third);
            (void)block_wait(&blocks[0]);
        } else {
            assert_int_equal(block_wait(&blocks[0]).status, PD_OK);
            assert_int_equal(runtime_check(), PD_OK);
        }
        assert_int_equal(stop_instance(third), PD_OK);
    }
    instance = start_instance();
    other = start_instance();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_calls_while_disabled, start, stop),
        cmocka_unit_test_setup_teardown(test_drop, start, stop),
        cmocka_unit_test_setup_teardown(test_close_works_while_disabled, start, stop),
        cmocka_unit_test_setup_teardown(test_version_1_only, start, stop),
        cmocka_unit_test_setup_teardown(test_registration, start, stop),
        cmocka_unit_test_setup_teardown(test_started_while_disabled, start, stop),
        cmocka_unit_test_setup_teardown(test_change_during_start, start, stop),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
