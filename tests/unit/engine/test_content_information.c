/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles for reading content information: who gets one, what Retrieve gives, and how each ends. */
#include "engine/content_information.h"

#include "support/unit_main.h"
#include "unit/engine/fixture.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH 9000001u

static struct instance *instance, *other;
static uint8_t *content;
static uint8_t buffer[4][200000];
static struct block blocks[4];

static int start(void **state)
{
    (void)state;
    instance = start_instance();
    other = start_instance();
    publish(instance, "content", content, LENGTH, 1000000);
    for (size_t i = 0; i < 4; i++)
        block_init(&blocks[i]);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(stop_instance(instance), PD_OK);
    assert_int_equal(stop_instance(other), PD_OK);
    for (size_t i = 0; i < 4; i++)
        block_fini(&blocks[i]);
    return 0;
}

static int set_up(void **state)
{
    content = make_content(LENGTH, 1);
    return fixture_set_up(state);
}

static int tear_down(void **state)
{
    free(content);
    return fixture_tear_down(state);
}

static void assert_failed(struct completion completion, enum pd_status status)
{
    assert_int_equal(completion.status, status);
    assert_int_equal(completion.bytes, 0);
    assert_false(completion.has_offset);
}

static void assert_read(struct completion completion, uint64_t offset, uint32_t bytes)
{
    assert_int_equal(completion.status, PD_OK);
    assert_int_equal(completion.bytes, bytes);
    assert_true(completion.has_offset);
    assert_int_equal(completion.offset, offset);
}

static void test_pieces_and_ranges(void **state)
{
    static const size_t pieces[] = {1, 7, 68, 4096, 65536, 1000000};
    static const struct {
        uint64_t offset, length;
    } ranges[] = {{0, 1}, {LENGTH - 1, 1}, {65535, 2}, {1000000, 5000000}, {1, LENGTH - 1}};
    (void)state;
    for (unsigned version = 1; version <= 2; version++) {
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
            assert_information(other, "content", version, content, LENGTH, 0, 0, pieces[i]);
        for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
            assert_information(other, "content", version, content, LENGTH, ranges[i].offset,
                               ranges[i].length, 5000);
    }
}

static void test_what_cannot_be_opened(void **state)
{
    uintptr_t handle = 0;
    (void)state;
    assert_int_equal(try_open_information(instance, "conten", 0, 0, 1, 2, &handle), PD_NOT_FOUND);
    assert_int_equal(try_open_information(instance, "content", 0, LENGTH + 1, 1, 2, &handle),
                     PD_OUT_OF_BOUNDS);
    assert_int_equal(try_open_information(instance, "content", LENGTH, 1, 1, 2, &handle),
                     PD_OUT_OF_BOUNDS);
    assert_int_equal(
        try_open_information(instance, "content", UINT64_MAX, UINT64_MAX, 1, 2, &handle),
        PD_OUT_OF_BOUNDS);
    assert_int_equal(try_open_information(instance, "content", 5, 0, 1, 2, &handle),
                     PD_INVALID_PARAMETER);
    assert_int_equal(try_open_information(instance, "content", 0, 0, 3, 4, &handle),
                     PD_CONTENT_INFO_VERSION_UNSUPPORTED);
    uintptr_t stream = open_stream(instance, "more", 0);
    assert_int_equal(try_open_information(instance, "more", 0, 0, 1, 2, &handle), PD_NOT_FOUND);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_int_equal(try_open_information(instance, "more", 0, 0, 1, 2, &handle), PD_NOT_FOUND);
    assert_int_equal(handle, 0);
}

/* The highest version that both sides know. */
static void test_version_choice(void **state)
{
    static const struct {
        unsigned min, max;
        uint8_t first_bytes[2];
    } choices[] = {{1, 1, {0, 1}}, {1, 2, {0, 2}}, {2, 2, {0, 2}}, {1, 9, {0, 2}}};
    (void)state;
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        uintptr_t handle = 0;
        assert_int_equal(try_open_information(instance, "content", 0, 0, choices[i].min,
                                              choices[i].max, &handle),
                         PD_OK);
        assert_int_equal(retrieve(instance, handle, buffer[0], 2, &blocks[0]), PD_OK);
        assert_read(block_wait(&blocks[0]), 0, 2);
        assert_memory_equal(buffer[0], choices[i].first_bytes, 2);
        assert_int_equal(close_information(instance, handle), PD_OK);
    }
}

/* Queued Retrieves are served in order, and those past the end hear so through their completion. */
static void test_queue(void **state)
{
    uintptr_t handle = open_information(other, "content", 1), whole;
    (void)state;
    whole = open_information(other, "content", 1);
    assert_int_equal(retrieve(other, whole, buffer[3], sizeof(buffer[3]), &blocks[3]), PD_OK);
    uint32_t total = block_wait(&blocks[3]).bytes;
    assert_true(total > 4000 && total < sizeof(buffer[3]));
    assert_int_equal(close_information(other, whole), PD_OK);

    pool_block();
    assert_int_equal(retrieve(other, handle, buffer[0], 10, &blocks[0]), PD_OK);
    assert_int_equal(retrieve(other, handle, buffer[1], sizeof(buffer[1]), &blocks[1]), PD_OK);
    assert_int_equal(retrieve(other, handle, buffer[2], 10, &blocks[2]), PD_OK);
    pool_release();
    assert_failed(block_wait(&blocks[2]), PD_NO_MORE);
    assert_read(block_take(&blocks[0]), 0, 10);
    assert_read(block_take(&blocks[1]), 10, total - 10);
    assert_memory_equal(buffer[0], buffer[3], 10);
    assert_memory_equal(buffer[1], buffer[3] + 10, total - 10);
    assert_int_equal(retrieve(other, handle, buffer[2], 10, &blocks[2]), PD_NO_MORE);
    assert_int_equal(close_information(other, handle), PD_OK);
}

static void test_cancel_does_not_move(void **state)
{
    uintptr_t handle = open_information(instance, "content", 2);
    (void)state;
    assert_int_equal(retrieve(instance, handle, buffer[0], 100, &blocks[0]), PD_OK);
    assert_read(block_wait(&blocks[0]), 0, 100);
    assert_int_equal(cancel(instance, "content", &blocks[0]), PD_OPERATION_NOT_FOUND);
    pool_block();
    assert_int_equal(retrieve(instance, handle, buffer[0], 50, &blocks[0]), PD_OK);
    assert_int_equal(retrieve(instance, handle, buffer[1], 50, &blocks[1]), PD_OK);
    assert_int_equal(retrieve(instance, handle, buffer[2], 50, &blocks[2]), PD_OK);
    assert_int_equal(cancel(instance, "content", &blocks[1]), PD_OK);
    assert_failed(block_take(&blocks[1]), PD_ABORTED);
    assert_int_equal(cancel(instance, "content", &blocks[0]), PD_OK);
    assert_failed(block_take(&blocks[0]), PD_ABORTED);
    assert_int_equal(cancel(other, "content", &blocks[2]), PD_OPERATION_NOT_FOUND);
    pool_release();
    assert_read(block_wait(&blocks[2]), 100, 50);
    assert_int_equal(retrieve(instance, handle, buffer[0], 50, &blocks[0]), PD_OK);
    assert_read(block_wait(&blocks[0]), 150, 50);
    assert_int_equal(close_information(instance, handle), PD_OK);
}

enum way { CLOSE, UNPUBLISH, UNPUBLISH_BY_OTHER, SHUTDOWN_OF_PUBLISHER, SHUTDOWN };

/* A reader in `other` of what `instance` published, with two Retrieves pending. */
static void test_ends_with_retrieves_pending(void **state)
{
    (void)state;
    for (enum way way = CLOSE; way <= SHUTDOWN; way++) {
        uintptr_t handle = open_information(other, "content", 1);
        enum pd_status expected = PD_ABORTED;
        assert_int_equal(retrieve(other, handle, buffer[0], 10, &blocks[0]), PD_OK);
        assert_read(block_wait(&blocks[0]), 0, 10);
        pool_block();
        assert_int_equal(retrieve(other, handle, buffer[0], 10, &blocks[0]), PD_OK);
        assert_int_equal(retrieve(other, handle, buffer[1], 10, &blocks[1]), PD_OK);
        assert_true(block_is_pending(&blocks[0]) && block_is_pending(&blocks[1]));
        switch (way) {
        case CLOSE:
            assert_int_equal(close_information(other, handle), PD_OK);
            break;
        case UNPUBLISH:
            assert_int_equal(unpublish(other, "content"), PD_OK);
            break;
        case UNPUBLISH_BY_OTHER:
            assert_int_equal(unpublish(instance, "content"), PD_OK);
            expected = PD_INVALIDATED;
            break;
        case SHUTDOWN_OF_PUBLISHER:
            assert_int_equal(stop_instance(instance), PD_OK);
            instance = start_instance();
            expected = PD_INVALIDATED; /* found out when it is served */
            pool_release();
            assert_failed(block_wait(&blocks[0]), PD_INVALIDATED);
            assert_failed(block_wait(&blocks[1]), PD_INVALIDATED);
            break;
        case SHUTDOWN:
            assert_int_equal(stop_instance(other), PD_OK);
            other = start_instance();
            break;
        }
        if (way != SHUTDOWN_OF_PUBLISHER) {
            assert_failed(block_take(&blocks[0]), expected);
            assert_failed(block_take(&blocks[1]), expected);
            pool_release();
        }
        bool closed = way == CLOSE || way == SHUTDOWN;
        assert_int_equal(retrieve(other, handle, buffer[0], 10, &blocks[0]),
                         closed ? PD_INVALID_HANDLE : PD_INVALIDATED);
        assert_int_equal(close_information(other, handle), closed ? PD_INVALID_HANDLE : PD_OK);
        if (way != CLOSE && way != SHUTDOWN)
            publish(instance, "content", content, LENGTH, LENGTH);
    }
}

/* The identifier is the same, the publication is not. */
static void test_republication_is_another(void **state)
{
    uintptr_t handle = open_information(other, "content", 1);
    uintptr_t at_end = open_information(other, "content", 1);
    (void)state;
    assert_int_equal(retrieve(other, at_end, buffer[3], sizeof(buffer[3]), &blocks[3]), PD_OK);
    assert_int_equal(block_wait(&blocks[3]).status, PD_OK);
    assert_int_equal(retrieve(other, at_end, buffer[3], 1, &blocks[3]), PD_NO_MORE);
    /* A shutdown tells no handle of other instances: they find out. */
    assert_int_equal(stop_instance(instance), PD_OK);
    instance = start_instance();
    publish(instance, "content", content, LENGTH, LENGTH);
    assert_int_equal(retrieve(other, handle, buffer[0], 10, &blocks[0]), PD_OK);
    assert_failed(block_wait(&blocks[0]), PD_INVALIDATED);
    assert_int_equal(retrieve(other, handle, buffer[0], 10, &blocks[0]), PD_INVALIDATED);
    assert_int_equal(retrieve(other, at_end, buffer[3], 1, &blocks[3]), PD_INVALIDATED);
    assert_int_equal(close_information(other, handle), PD_OK);
    assert_int_equal(close_information(other, at_end), PD_OK);
    assert_information(other, "content", 1, content, LENGTH, 0, 0, 1000);
}

static void test_handles_of_another_instance(void **state)
{
    uintptr_t handle = open_information(other, "content", 1);
    (void)state;
    assert_int_equal(retrieve(instance, handle, buffer[0], 1, &blocks[0]), PD_INVALID_HANDLE);
    assert_int_equal(close_information(instance, handle), PD_INVALID_HANDLE);
    assert_int_equal(add(other, handle, content, 1, &blocks[0]), PD_INVALID_HANDLE);
    assert_int_equal(close_stream(other, handle), PD_INVALID_HANDLE);
    assert_int_equal(close_information(other, handle), PD_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces_and_ranges, start, stop),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_opened, start, stop),
        cmocka_unit_test_setup_teardown(test_version_choice, start, stop),
        cmocka_unit_test_setup_teardown(test_queue, start, stop),
        cmocka_unit_test_setup_teardown(test_cancel_does_not_move, start, stop),
        cmocka_unit_test_setup_teardown(test_ends_with_retrieves_pending, start, stop),
        cmocka_unit_test_setup_teardown(test_republication_is_another, start, stop),
        cmocka_unit_test_setup_teardown(test_handles_of_another_instance, start, stop),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
