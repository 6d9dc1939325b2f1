/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a publication: every state, every way out of it, and what pending operations hear. */
#include "engine/stream.h"

#include "support/unit_main.h"
#include "unit/engine/fixture.h"

#include <stdlib.h>
#include <string.h>

/* More than a pipeline takes while the pool is busy. */
#define TOO_MUCH (16u << 20)

static struct instance *instance, *other;
static uint8_t *content;
static struct block blocks[4];

static int start(void **state)
{
    (void)state;
    instance = start_instance();
    other = start_instance();
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
    content = make_content(TOO_MUCH, 1);
    return fixture_set_up(state);
}

static int tear_down(void **state)
{
    free(content);
    return fixture_tear_down(state);
}

/* An identifier is free: nothing of it is left behind. */
static void assert_free(const char *identifier)
{
    uintptr_t handle = 0;
    assert_int_equal(try_open_information(other, identifier, 0, 0, 1, 2, &handle), PD_NOT_FOUND);
    assert_int_equal(handle, 0);
    assert_int_equal(unpublish(other, identifier), PD_NOT_FOUND);
    handle = open_stream(other, identifier, 0);
    assert_int_equal(close_stream(other, handle), PD_OK);
}

static void assert_dead(uintptr_t stream)
{
    assert_int_equal(add(instance, stream, content, 1, &blocks[0]), PD_INVALIDATED);
    assert_int_equal(complete(instance, stream, &blocks[0]), PD_INVALIDATED);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_int_equal(close_stream(instance, stream), PD_INVALID_HANDLE);
}

static void assert_completion(struct completion completion, enum pd_status status, uint32_t bytes)
{
    assert_int_equal(completion.status, status);
    assert_int_equal(completion.bytes, bytes);
    assert_false(completion.has_offset);
}

static void test_publish_and_read(void **state)
{
    static const size_t lengths[] = {0, 1, 65536, 65537, 1000000, 9000001};
    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        publish(instance, "content", content, lengths[i], 300000);
        for (unsigned version = 1; version <= 2; version++) {
            assert_information(instance, "content", version, content, lengths[i], 0, 0, 100000);
            assert_information(other, "content", version, content, lengths[i], 0, 0, 333);
        }
        assert_int_equal(unpublish(instance, "content"), PD_OK);
        assert_free("content");
    }
}

static void test_pieces(void **state)
{
    static const size_t pieces[] = {1, 4096, 65536, 1048576, 7000000};
    static const size_t lengths[] = {3000, 1000000, 7000000, 7000000, 7000000};
    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        publish(instance, "content", content, lengths[i], pieces[i]);
        assert_information(other, "content", 1, content, lengths[i], 0, 0, 100000);
        assert_information(other, "content", 2, content, lengths[i], 0, 0, 100000);
        assert_int_equal(unpublish(other, "content"), PD_OK); /* any instance of the user may */
    }
}

static void test_zero_length_add(void **state)
{
    uintptr_t stream = open_stream(instance, "content", 0);
    (void)state;
    assert_int_equal(add(instance, stream, NULL, 0, &blocks[0]), PD_OK);
    assert_completion(block_wait(&blocks[0]), PD_OK, 0);
    assert_int_equal(complete(instance, stream, &blocks[0]), PD_OK);
    assert_completion(block_wait(&blocks[0]), PD_OK, 0);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_information(instance, "content", 1, content, 0, 0, 0, 10);
    assert_int_equal(unpublish(instance, "content"), PD_OK);
}

static void test_after_complete(void **state)
{
    uintptr_t stream = open_stream(instance, "content", 0);
    (void)state;
    pool_block();
    assert_int_equal(add(instance, stream, content, 100, &blocks[0]), PD_OK);
    assert_completion(block_wait(&blocks[0]), PD_OK, 100);
    assert_int_equal(complete(instance, stream, &blocks[0]), PD_OK);
    assert_true(block_is_pending(&blocks[0]));
    assert_int_equal(add(instance, stream, content, 1, &blocks[1]), PD_ALREADY_COMPLETED);
    assert_int_equal(complete(instance, stream, &blocks[1]), PD_ALREADY_COMPLETED);
    uintptr_t information = 0;
    assert_int_equal(try_open_information(instance, "content", 0, 0, 1, 2, &information),
                     PD_NOT_FOUND);
    pool_release();
    assert_completion(block_wait(&blocks[0]), PD_OK, 0);
    assert_int_equal(add(instance, stream, content, 1, &blocks[1]), PD_ALREADY_COMPLETED);
    assert_int_equal(complete(instance, stream, &blocks[1]), PD_ALREADY_COMPLETED);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_information(instance, "content", 2, content, 100, 0, 0, 10);
    assert_int_equal(unpublish(instance, "content"), PD_OK);
}

static void test_identifier_is_taken(void **state)
{
    uintptr_t handle = 0, stream = open_stream(instance, "content", 0);
    (void)state;
    assert_int_equal(try_open_stream(instance, "content", 0, &handle), PD_ALREADY_EXISTS);
    assert_int_equal(try_open_stream(other, "content", 0, &handle), PD_ALREADY_EXISTS);
    assert_int_equal(complete(instance, stream, &blocks[0]), PD_OK);
    assert_completion(block_wait(&blocks[0]), PD_OK, 0);
    assert_int_equal(try_open_stream(instance, "content", 0, &handle), PD_ALREADY_EXISTS);
    assert_int_equal(try_open_stream(other, "content", 0, &handle), PD_ALREADY_EXISTS);
    assert_int_equal(handle, 0);
    handle = open_stream(other, "content2", 0);
    assert_int_equal(close_stream(other, handle), PD_OK);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_int_equal(unpublish(instance, "content"), PD_OK);
    assert_free("content");
}

static void test_declared_length(void **state)
{
    (void)state;
    for (int too_long = 0; too_long < 2; too_long++) {
        uintptr_t stream = open_stream(instance, "content", 1000);
        assert_int_equal(add(instance, stream, content, 600, &blocks[0]), PD_OK);
        assert_completion(block_wait(&blocks[0]), PD_OK, 600);
        if (too_long) {
            assert_int_equal(add(instance, stream, content, 401, &blocks[0]), PD_OK);
            assert_completion(block_wait(&blocks[0]), PD_OUT_OF_BOUNDS, 0);
        } else {
            assert_int_equal(add(instance, stream, content, 399, &blocks[0]), PD_OK);
            assert_completion(block_wait(&blocks[0]), PD_OK, 399);
            assert_int_equal(complete(instance, stream, &blocks[0]), PD_OK);
            assert_completion(block_wait(&blocks[0]), PD_MISSING_DATA, 0);
        }
        assert_free("content");
        assert_dead(stream);
    }
    publish(instance, "content", content, 1000, 1000); /* declares it */
    assert_int_equal(unpublish(instance, "content"), PD_OK);
}

/* What is queued behind an operation that fails learns that the stream is no more. */
static void test_failure_with_more_queued(void **state)
{
    uintptr_t stream = open_stream(instance, "content", TOO_MUCH + 10);
    (void)state;
    pool_block();
    assert_int_equal(add(instance, stream, content, TOO_MUCH, &blocks[0]), PD_OK);
    assert_int_equal(add(instance, stream, content, 11, &blocks[1]), PD_OK);
    assert_int_equal(add(instance, stream, content, 10, &blocks[2]), PD_OK);
    assert_int_equal(complete(instance, stream, &blocks[3]), PD_OK);
    assert_true(block_is_pending(&blocks[0]));
    pool_release();
    assert_completion(block_wait(&blocks[0]), PD_OK, TOO_MUCH);
    assert_completion(block_wait(&blocks[1]), PD_OUT_OF_BOUNDS, 0);
    assert_completion(block_wait(&blocks[2]), PD_INVALIDATED, 0);
    assert_completion(block_wait(&blocks[3]), PD_INVALIDATED, 0);
    assert_free("content");
    assert_dead(stream);
}

static void test_queued_adds_go_in_order(void **state)
{
    uintptr_t stream = open_stream(instance, "content", 0);
    (void)state;
    pool_block();
    assert_int_equal(add(instance, stream, content, 14000000, &blocks[0]), PD_OK);
    assert_int_equal(add(instance, stream, content + 14000000, 1, &blocks[1]), PD_OK);
    assert_int_equal(add(instance, stream, content + 14000001, 999999, &blocks[2]), PD_OK);
    assert_int_equal(complete(instance, stream, &blocks[3]), PD_OK);
    assert_true(block_is_pending(&blocks[0]));
    pool_release();
    assert_completion(block_wait(&blocks[3]), PD_OK, 0);
    assert_completion(block_take(&blocks[0]), PD_OK, 14000000);
    assert_completion(block_take(&blocks[1]), PD_OK, 1);
    assert_completion(block_take(&blocks[2]), PD_OK, 999999);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_information(other, "content", 1, content, 15000000, 0, 0, 50000);
    assert_information(other, "content", 2, content, 15000000, 0, 0, 50000);
    assert_int_equal(unpublish(instance, "content"), PD_OK);
}

/* Ways to end a stream that has three operations pending; the last of them may be a complete. */
enum way { CANCEL_FIRST, CANCEL_SECOND, CLOSE, UNPUBLISH, UNPUBLISH_BY_OTHER, SHUTDOWN };

static void end_pending(enum way way, bool completing)
{
    uintptr_t stream = open_stream(instance, "content", 0);
    enum pd_status expected[3] = {PD_ABORTED, PD_ABORTED, PD_ABORTED};
    pool_block();
    assert_int_equal(add(instance, stream, content, TOO_MUCH, &blocks[0]), PD_OK);
    assert_int_equal(add(instance, stream, content, 1, &blocks[1]), PD_OK);
    assert_int_equal(completing ? complete(instance, stream, &blocks[2])
                                : add(instance, stream, content, 1, &blocks[2]),
                     PD_OK);
    for (int i = 0; i < 3; i++)
        assert_true(block_is_pending(&blocks[i]));
    switch (way) {
    case CANCEL_FIRST:
        assert_int_equal(cancel(instance, "content", &blocks[0]), PD_OK);
        expected[1] = expected[2] = PD_INVALIDATED;
        break;
    case CANCEL_SECOND:
        assert_int_equal(cancel(instance, "content", &blocks[1]), PD_OK);
        expected[0] = expected[2] = PD_INVALIDATED;
        break;
    case CLOSE:
        assert_int_equal(close_stream(instance, stream), PD_OK);
        break;
    case UNPUBLISH:
        assert_int_equal(unpublish(instance, "content"), PD_OK);
        break;
    case UNPUBLISH_BY_OTHER:
        assert_int_equal(unpublish(other, "content"), PD_OK);
        expected[0] = expected[1] = expected[2] = PD_INVALIDATED;
        break;
    case SHUTDOWN:
        assert_int_equal(stop_instance(instance), PD_OK);
        break;
    }
    for (int i = 0; i < 3; i++)
        assert_completion(block_take(&blocks[i]), expected[i], 0);
    assert_free("content");
    if (way == SHUTDOWN) {
        instance = start_instance();
        assert_int_equal(close_stream(instance, stream), PD_INVALID_HANDLE);
    } else if (way == CLOSE) {
        assert_int_equal(close_stream(instance, stream), PD_INVALID_HANDLE);
    } else {
        assert_int_equal(cancel(instance, "content", &blocks[0]), PD_OPERATION_NOT_FOUND);
        assert_dead(stream);
    }
    pool_release();
}

static void test_end_with_adds_pending(void **state)
{
    (void)state;
    for (enum way way = CANCEL_FIRST; way <= SHUTDOWN; way++) {
        end_pending(way, false);
        end_pending(way, true);
    }
}

/* All bytes are in, the hashing is not done: COMPLETING. */
static void test_end_while_completing(void **state)
{
    (void)state;
    for (enum way way = CANCEL_FIRST; way <= SHUTDOWN; way++) {
        if (way == CANCEL_SECOND)
            continue;
        uintptr_t stream = open_stream(instance, "content", 0);
        enum pd_status expected = PD_ABORTED;
        pool_block();
        assert_int_equal(add(instance, stream, content, 5000000, &blocks[0]), PD_OK);
        assert_completion(block_take(&blocks[0]), PD_OK, 5000000);
        assert_int_equal(complete(instance, stream, &blocks[0]), PD_OK);
        if (way == CANCEL_FIRST) {
            assert_int_equal(cancel(instance, "content", &blocks[0]), PD_OK);
        } else if (way == CLOSE) {
            assert_int_equal(close_stream(instance, stream), PD_OK);
        } else if (way == SHUTDOWN) {
            assert_int_equal(stop_instance(instance), PD_OK);
            instance = start_instance();
        } else {
            assert_int_equal(unpublish(way == UNPUBLISH ? instance : other, "content"), PD_OK);
            expected = way == UNPUBLISH ? PD_ABORTED : PD_INVALIDATED;
        }
        assert_completion(block_take(&blocks[0]), expected, 0);
        assert_free("content");
        assert_int_equal(close_stream(instance, stream),
                         way == CLOSE || way == SHUTDOWN ? PD_INVALID_HANDLE : PD_OK);
        pool_release();
    }
}

static void test_cancel_finds_only_what_is_pending(void **state)
{
    uintptr_t stream = open_stream(instance, "content", 0);
    (void)state;
    assert_int_equal(cancel(instance, "content", &blocks[0]), PD_OPERATION_NOT_FOUND);
    pool_block();
    assert_int_equal(add(instance, stream, content, TOO_MUCH, &blocks[0]), PD_OK);
    assert_int_equal(cancel(instance, "content", &blocks[1]), PD_OPERATION_NOT_FOUND);
    assert_int_equal(cancel(instance, "conten", &blocks[0]), PD_OPERATION_NOT_FOUND);
    assert_int_equal(cancel(instance, "content2", &blocks[0]), PD_OPERATION_NOT_FOUND);
    assert_int_equal(cancel(other, "content", &blocks[0]), PD_OPERATION_NOT_FOUND);
    pool_release();
    assert_completion(block_wait(&blocks[0]), PD_OK, TOO_MUCH);
    assert_int_equal(cancel(instance, "content", &blocks[0]), PD_OPERATION_NOT_FOUND);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_int_equal(cancel(instance, "content", &blocks[0]), PD_OPERATION_NOT_FOUND);
}

static void test_handles_of_another_instance(void **state)
{
    uintptr_t stream = open_stream(instance, "content", 0);
    (void)state;
    assert_int_equal(add(other, stream, content, 1, &blocks[0]), PD_INVALID_HANDLE);
    assert_int_equal(complete(other, stream, &blocks[0]), PD_INVALID_HANDLE);
    assert_int_equal(close_stream(other, stream), PD_INVALID_HANDLE);
    assert_int_equal(retrieve(instance, stream, NULL, 1, &blocks[0]), PD_INVALID_HANDLE);
    assert_int_equal(close_information(instance, stream), PD_INVALID_HANDLE);
    assert_int_equal(add(instance, instance->handle, content, 1, &blocks[0]), PD_INVALID_HANDLE);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_int_equal(add(instance, stream, content, 1, &blocks[0]), PD_INVALID_HANDLE);
}

static void test_publications_end_with_their_instance(void **state)
{
    (void)state;
    publish(instance, "mine", content, 100000, 100000);
    publish(other, "others", content, 100000, 100000);
    assert_information(instance, "others", 2, content, 100000, 0, 0, 1000);
    assert_int_equal(stop_instance(instance), PD_OK);
    uintptr_t information = 0;
    assert_int_equal(try_open_information(other, "mine", 0, 0, 1, 1, &information), PD_NOT_FOUND);
    assert_free("mine");
    assert_information(other, "others", 2, content, 100000, 0, 0, 1000);
    instance = start_instance();
    assert_int_equal(unpublish(instance, "others"), PD_OK);
    assert_free("others");
}

/* The port goes with the handle and with each operation, and is given back by all of them. */
static void test_port_references(void **state)
{
    struct completion_port port = {1};
    uintptr_t stream = 0;
    (void)state;
    assert_int_equal(stream_open(instance, "content", 7, 0, &port, &stream), PD_OK);
    assert_int_equal(atomic_load(&port.references), 2);
    blocks[0].port = blocks[1].port = &port;
    pool_block();
    assert_int_equal(add(instance, stream, content, TOO_MUCH, &blocks[0]), PD_OK);
    assert_int_equal(add(instance, stream, content, 1, &blocks[1]), PD_OK);
    assert_int_equal(atomic_load(&port.references), 4);
    assert_int_equal(close_stream(instance, stream), PD_OK);
    assert_completion(block_take(&blocks[0]), PD_ABORTED, 0);
    assert_completion(block_take(&blocks[1]), PD_ABORTED, 0);
    pool_release();
    assert_int_equal(stop_instance(instance), PD_OK);
    assert_int_equal(stop_instance(other), PD_OK); /* joins the pool: no task holds the stream */
    assert_int_equal(atomic_load(&port.references), 1);
    blocks[0].port = blocks[1].port = NULL;
    instance = start_instance();
    other = start_instance();
}

static void shut_down(void *argument)
{
    *(enum pd_status *)argument = stop_instance(instance);
}

/* The last instance goes while the pool is in the middle of its work. */
static void test_last_shutdown_with_work_in_flight(void **state)
{
    (void)state;
    assert_int_equal(stop_instance(other), PD_OK);
    for (int round = 0; round < 20; round++) {
        enum pd_status status = PD_NO_MEMORY;
        uintptr_t stream = open_stream(instance, "content", 0);
        pool_block();
        assert_int_equal(add(instance, stream, content, TOO_MUCH, &blocks[0]), PD_OK);
        assert_int_equal(complete(instance, stream, &blocks[1]), PD_OK);
        struct thread *closer = thread_start(shut_down, &status);
        assert_non_null(closer);
        if (round % 2 == 0) {
            assert_completion(block_wait(&blocks[0]), PD_ABORTED, 0);
            pool_release();
        } else {
            pool_release();
            enum pd_status added = block_wait(&blocks[0]).status;
            assert_true(added == PD_OK || added == PD_ABORTED);
        }
        enum pd_status completed = block_wait(&blocks[1]).status;
        assert_true(completed == PD_ABORTED || (round % 2 == 1 && completed == PD_OK));
        thread_join(closer);
        assert_int_equal(status, PD_OK);
        instance = start_instance();
    }
    other = start_instance();
}

static void close_one(void *argument)
{
    (void)close_stream(instance, *(const uintptr_t *)argument);
}

/* Whoever closes a stream, its operations are completed when the instance's end returns. */
static void test_shutdown_while_another_closes(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        uintptr_t stream = open_stream(instance, "content", 0);
        struct instance *closing = instance;
        pool_block();
        assert_int_equal(add(instance, stream, content, TOO_MUCH, &blocks[0]), PD_OK);
        handle_retain(&closing->object); /* for the other thread */
        struct thread *closer = thread_start(close_one, &stream);
        assert_non_null(closer);
        assert_int_equal(stop_instance(closing), PD_OK);
        assert_completion(block_take(&blocks[0]), PD_ABORTED, 0);
        thread_join(closer);
        handle_release(&closing->object);
        pool_release();
        instance = start_instance();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_publish_and_read, start, stop),
        cmocka_unit_test_setup_teardown(test_pieces, start, stop),
        cmocka_unit_test_setup_teardown(test_zero_length_add, start, stop),
        cmocka_unit_test_setup_teardown(test_after_complete, start, stop),
        cmocka_unit_test_setup_teardown(test_identifier_is_taken, start, stop),
        cmocka_unit_test_setup_teardown(test_declared_length, start, stop),
        cmocka_unit_test_setup_teardown(test_failure_with_more_queued, start, stop),
        cmocka_unit_test_setup_teardown(test_queued_adds_go_in_order, start, stop),
        cmocka_unit_test_setup_teardown(test_end_with_adds_pending, start, stop),
        cmocka_unit_test_setup_teardown(test_end_while_completing, start, stop),
        cmocka_unit_test_setup_teardown(test_cancel_finds_only_what_is_pending, start, stop),
        cmocka_unit_test_setup_teardown(test_handles_of_another_instance, start, stop),
        cmocka_unit_test_setup_teardown(test_publications_end_with_their_instance, start, stop),
        cmocka_unit_test_setup_teardown(test_port_references, start, stop),
        cmocka_unit_test_setup_teardown(test_last_shutdown_with_work_in_flight, start, stop),
        cmocka_unit_test_setup_teardown(test_shutdown_while_another_closes, start, stop),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
