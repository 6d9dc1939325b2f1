/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A content handle's states, its information, and reading what was added. */
#include "unit/engine/content_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/segment.h"
#include "support/unit_main.h"

static struct instance *instance;

static int set_up(void **state)
{
    (void)state;
    instance = start_instance();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return stop_instance(instance) == PD_OK ? 0 : -1;
}

#define LOCAL CONTENT_TIMEOUT_LOCAL_CACHE_ONLY

/* Information in pieces of any size, several calls outstanding. */
static void test_information_in_pieces(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 64, 1000, 100000};
    for (unsigned version = 1; version <= 2; version++) {
        struct sample_content sample;
        sample_init(&sample, version, 3 * BLOCK_SIZE_V1 + 5, 100 + version, 0, 0);
        for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
            struct block blocks[512], done;
            size_t count = 0;
            uintptr_t handle = open_content(instance, &sample.tag);
            for (size_t at = 0; at < sample.information_length; count++) {
                size_t left = sample.information_length - at;
                size_t part = left < pieces[p] ? left : pieces[p];
                assert_in_range(count, 0, 511);
                block_init(&blocks[count]);
                assert_int_equal(add_information(instance, handle, sample.information + at, part,
                                                 &blocks[count]),
                                 PD_OK);
                at += part;
            }
            block_init(&done);
            assert_int_equal(complete_information(instance, handle, &done), PD_OK);
            assert_int_equal(block_wait(&done).status, PD_OK);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(block_take(&blocks[i]).status, PD_OK);
                block_fini(&blocks[i]);
            }
            assert_int_equal(add_information(instance, handle, sample.information, 1, &done),
                             PD_ALREADY_COMPLETED);
            assert_int_equal(complete_information(instance, handle, &done), PD_ALREADY_COMPLETED);
            block_fini(&done);
            assert_int_equal(close_content(instance, handle), PD_OK);
        }
        sample_fini(&sample);
    }
}

static void test_bad_information(void **state)
{
    (void)state;
    static const uint8_t unknown[] = {7, 7, 0}, nothing[1] = {0};
    struct sample_content sample;
    struct block block;
    uint8_t byte = 0;
    block_init(&block);
    sample_init(&sample, 1, 1000, 1, 0, 0);

    uintptr_t handle = open_content(instance, &sample.tag);
    assert_int_equal(stream_read(instance, handle, &byte, 1, LOCAL, &block), PD_NOT_INITIALIZED);
    assert_int_equal(add_data(instance, handle, 0, &byte, 1, &block), PD_NOT_INITIALIZED);
    assert_int_equal(add_information(instance, handle, nothing, 0, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(add_information(instance, handle, unknown, 3, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_CONTENT_INFO_VERSION_UNSUPPORTED);
    assert_int_equal(add_information(instance, handle, nothing, 0, &block),
                     PD_CANNOT_PARSE_CONTENT_INFO);
    assert_int_equal(complete_information(instance, handle, &block), PD_CANNOT_PARSE_CONTENT_INFO);
    assert_int_equal(stream_read(instance, handle, &byte, 1, LOCAL, &block), PD_NOT_INITIALIZED);
    assert_int_equal(close_content(instance, handle), PD_OK);

    handle = open_content(instance, &sample.tag);
    assert_int_equal(complete_information(instance, handle, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_CANNOT_PARSE_CONTENT_INFO);
    assert_int_equal(close_content(instance, handle), PD_OK);

    handle = open_content(instance, &sample.tag);
    assert_int_equal(add_information(instance, handle, sample.information,
                                     sample.information_length - 1, &block),
                     PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(complete_information(instance, handle, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_CANNOT_PARSE_CONTENT_INFO);
    assert_int_equal(close_content(instance, handle), PD_OK);
    assert_int_equal(close_content(instance, handle), PD_INVALID_HANDLE);
    block_fini(&block);
    sample_fini(&sample);
}

/* Between the call of CompleteContentInformation and its completion. */
static void test_completing(void **state)
{
    (void)state;
    struct sample_content sample;
    struct block add, done, other;
    uint8_t byte;
    sample_init(&sample, 2, 100000, 77, 0, 0);
    block_init(&add);
    block_init(&done);
    block_init(&other);
    for (unsigned round = 0; round < 3; round++) {
        uintptr_t handle = open_content(instance, &sample.tag);
        pool_block();
        assert_int_equal(
            add_information(instance, handle, sample.information, sample.information_length, &add),
            PD_OK);
        assert_int_equal(complete_information(instance, handle, &done), PD_OK);
        assert_true(block_is_pending(&done));
        assert_int_equal(add_information(instance, handle, sample.information, 1, &other),
                         PD_ALREADY_COMPLETED);
        assert_int_equal(complete_information(instance, handle, &other), PD_ALREADY_COMPLETED);
        assert_int_equal(stream_read(instance, handle, &byte, 1, LOCAL, &other),
                         PD_NOT_INITIALIZED);
        assert_int_equal(block_read_at(instance, handle, 0, &byte, 1, LOCAL, &other),
                         PD_NOT_INITIALIZED);
        assert_int_equal(add_data(instance, handle, 0, sample.data, 1, &other), PD_NOT_INITIALIZED);
        assert_false(is_flash_crowd(instance, handle));
        if (round == 0) {
            pool_release();
            assert_int_equal(block_wait(&add).status, PD_OK);
            assert_int_equal(block_wait(&done).status, PD_OK);
            add_sample(instance, handle, &sample, 0, sample.length);
            assert_int_equal(close_content(instance, handle), PD_OK);
        } else { /* a cancel of all, or the close, completes what is pending */
            if (round == 1)
                assert_int_equal(cancel_content(instance, handle, NULL), PD_OK);
            else
                assert_int_equal(close_content(instance, handle), PD_OK);
            assert_int_equal(block_take(&add).status, PD_ABORTED);
            assert_int_equal(block_take(&done).status, PD_ABORTED);
            pool_release();
            if (round == 1)
                assert_int_equal(close_content(instance, handle), PD_OK);
        }
    }
    block_fini(&add);
    block_fini(&done);
    block_fini(&other);
    sample_fini(&sample);
}

/* What was added is there, in this handle and in another; the rest is missing, up to it. */
static void test_add_and_read(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 2; version++) {
        struct sample_content sample;
        size_t length = 40 * BLOCK_SIZE_V1 + 77;
        sample_init(&sample, version, length, 200 + version, 0, 0);
        uint8_t *buffer = malloc(length);
        assert_non_null(buffer);
        uintptr_t handle = open_sample(instance, &sample);

        struct completion got = read_stream(instance, handle, buffer, length, LOCAL);
        assert_int_equal(got.status, PD_MISSING_DATA);
        assert_int_equal(got.offset, 0);
        assert_int_equal(got.bytes, length);
        got = read_stream(instance, handle, buffer, length, LOCAL);
        assert_int_equal(got.status, PD_NO_MORE);

        /* Everything but the first million bytes. */
        size_t from = 1000000;
        for (size_t at = from; at < length; at += 300000)
            add_sample(instance, handle, &sample, at, length - at < 300000 ? length - at : 300000);
        got = read_at(instance, handle, 5, buffer, 10, LOCAL);
        assert_int_equal(got.status, PD_MISSING_DATA);
        assert_int_equal(got.offset, 5);
        size_t first = 5 + got.bytes; /* the first block that is whole */
        assert_in_range(first, from, from + SEGMENT_MAX_SIZE_V2);
        assert_true(read_matches(instance, handle, &sample, first, length - first));
        got = read_at(instance, handle, first, NULL, 0, LOCAL);
        assert_int_equal(got.status, PD_OK);
        assert_int_equal(got.bytes, length - first);
        got = read_at(instance, handle, 5, NULL, 0, LOCAL);
        assert_int_equal(got.status, PD_OK);
        assert_int_equal(got.bytes, 0);
        got = read_at(instance, handle, length, NULL, 0, LOCAL);
        assert_int_equal(got.status, PD_NO_MORE);

        /* The gap, in small pieces, backwards. */
        for (size_t end = first; end > 0;) {
            size_t part = end < 9999 ? end : 9999;
            end -= part;
            add_sample(instance, handle, &sample, end, part);
        }
        assert_int_equal(close_content(instance, handle), PD_OK);

        handle = open_sample(instance, &sample);
        assert_true(read_matches(instance, handle, &sample, 0, length));
        assert_true(read_matches(instance, handle, &sample, 12345, 54321));
        size_t done = 0;
        while (done < length) {
            got = read_stream(instance, handle, buffer, 100000, LOCAL);
            assert_int_equal(got.status, PD_OK);
            assert_int_equal(got.offset, done);
            assert_in_range(got.bytes, 1, 100000);
            assert_memory_equal(buffer, sample.data + done, got.bytes);
            done += got.bytes;
        }
        got = read_stream(instance, handle, buffer, 100000, LOCAL);
        assert_int_equal(got.status, PD_NO_MORE);
        assert_int_equal(close_content(instance, handle), PD_OK);
        free(buffer);
        sample_fini(&sample);
    }
}

/* Small reads go on in the block that was read last. */
static void test_small_reads(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 2; version++) {
        struct sample_content sample;
        uint8_t buffer[777];
        sample_init(&sample, version, 5 * BLOCK_SIZE_V1 + 1, 300 + version, 0, 0);
        uintptr_t handle = open_sample(instance, &sample);
        add_sample(instance, handle, &sample, 0, sample.length);
        for (size_t done = 0; done < sample.length;) {
            struct completion got = read_stream(instance, handle, buffer, sizeof(buffer), LOCAL);
            assert_int_equal(got.status, PD_OK);
            assert_int_equal(got.offset, done);
            assert_in_range(got.bytes, 1, sizeof(buffer));
            assert_memory_equal(buffer, sample.data + done, got.bytes);
            done += got.bytes;
        }
        assert_int_equal(flush_tag(instance, &sample.tag), PD_OK);
        struct completion got = read_at(instance, handle, sample.length - 1, buffer, 1, LOCAL);
        assert_int_equal(got.status, PD_MISSING_DATA);
        assert_int_equal(close_content(instance, handle), PD_OK);
        sample_fini(&sample);
    }
}

/* Information of a range confines reading to it; what lies outside of what it lists is dropped. */
static void test_range(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 2; version++) {
        struct sample_content sample;
        uint8_t byte;
        size_t start = 3 * BLOCK_SIZE_V1 + 10, length = 9 * BLOCK_SIZE_V1;
        sample_init(&sample, version, 20 * BLOCK_SIZE_V1, 400 + version, start, length);
        uintptr_t handle = open_sample(instance, &sample);
        assert_int_equal(read_at(instance, handle, start - 1, &byte, 1, LOCAL).status, PD_NO_MORE);
        assert_int_equal(read_at(instance, handle, start + length, &byte, 1, LOCAL).status,
                         PD_NO_MORE);
        add_sample(instance, handle, &sample, 0, sample.length);
        struct completion got = read_stream(instance, handle, &byte, 1, LOCAL);
        assert_int_equal(got.status, PD_OK);
        assert_int_equal(got.offset, start);
        assert_true(read_matches(instance, handle, &sample, start, length));
        assert_int_equal(close_content(instance, handle), PD_OK);
        sample_fini(&sample);
    }
}

/* Wrong bytes are taken and never seen. */
static void test_wrong_data(void **state)
{
    (void)state;
    struct sample_content sample;
    struct block block;
    uint8_t buffer[16];
    block_init(&block);
    sample_init(&sample, 1, 4 * BLOCK_SIZE_V1, 500, 0, 0);
    uintptr_t handle = open_sample(instance, &sample);
    sample.data[BLOCK_SIZE_V1 + 3] ^= 1;
    add_sample(instance, handle, &sample, 0, sample.length);
    assert_true(read_matches(instance, handle, &sample, 0, BLOCK_SIZE_V1));
    struct completion got = read_at(instance, handle, BLOCK_SIZE_V1, buffer, 16, LOCAL);
    assert_int_equal(got.status, PD_MISSING_DATA);
    assert_int_equal(got.bytes, BLOCK_SIZE_V1);
    sample.data[BLOCK_SIZE_V1 + 3] ^= 1;
    add_sample(instance, handle, &sample, BLOCK_SIZE_V1, BLOCK_SIZE_V1);
    assert_true(read_matches(instance, handle, &sample, 0, sample.length));
    assert_int_equal(add_data(instance, handle, sample.length, buffer, 1, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OUT_OF_BOUNDS);
    assert_int_equal(add_data(instance, handle, sample.length, NULL, 0, &block), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_OK);
    assert_int_equal(close_content(instance, handle), PD_OK);
    block_fini(&block);
    sample_fini(&sample);
}

/* A segment goes with its last tag. */
static void test_tags(void **state)
{
    (void)state;
    struct sample_content sample;
    sample_init(&sample, 2, 6 * BLOCK_SIZE_V1, 600, 0, 0);
    struct cache_tag first = sample.tag, second = {{9, 9, 9}};
    uintptr_t one = open_sample(instance, &sample);
    add_sample(instance, one, &sample, 0, sample.length);
    sample.tag = second;
    uintptr_t two = open_sample(instance, &sample);
    add_sample(instance, two, &sample, 0, sample.length);
    assert_int_equal(flush_tag(instance, &first), PD_OK);
    assert_true(read_matches(instance, one, &sample, 0, sample.length));
    assert_int_equal(flush_tag(instance, &second), PD_OK);
    assert_false(read_matches(instance, one, &sample, 0, 1));
    assert_false(read_matches(instance, two, &sample, 0, 1));
    assert_int_equal(flush_tag(instance, &second), PD_OK);
    assert_int_equal(close_content(instance, one), PD_OK);
    assert_int_equal(close_content(instance, two), PD_OK);
    sample_fini(&sample);
}

/* Two handles miss the same block: one fetches, the other waits for it. */
static void test_fetched_once(void **state)
{
    (void)state;
    struct sample_content sample;
    struct block block;
    uint8_t *buffer = malloc(4 * BLOCK_SIZE_V1);
    assert_non_null(buffer);
    block_init(&block);
    sample_init(&sample, 1, 4 * BLOCK_SIZE_V1, 700, 0, 0);
    uintptr_t one = open_sample(instance, &sample), two = open_sample(instance, &sample);
    assert_false(is_flash_crowd(instance, one));
    struct completion got = read_stream(instance, one, buffer, sample.length, 60000);
    assert_int_equal(got.status, PD_MISSING_DATA);
    assert_false(is_flash_crowd(instance, one));
    /* Local reads wait for nobody; the others as long as they may. */
    got = read_at(instance, two, 0, buffer, 1, LOCAL);
    assert_int_equal(got.status, PD_MISSING_DATA);
    got = read_at(instance, two, 0, buffer, 1, 50);
    assert_int_equal(got.status, PD_TIMEOUT);
    assert_int_equal(got.bytes, sample.length);
    assert_true(is_flash_crowd(instance, one));
    assert_true(is_flash_crowd(instance, two));
    assert_int_equal(block_read_at(instance, two, 0, buffer, sample.length, 60000, &block), PD_OK);
    add_sample(instance, one, &sample, 0, sample.length);
    got = block_wait(&block);
    assert_int_equal(got.status, PD_OK);
    assert_memory_equal(buffer, sample.data, got.bytes);
    /* One that gives up leaves it to the next. */
    assert_int_equal(flush_tag(instance, &sample.tag), PD_OK);
    got = read_at(instance, one, 0, buffer, 1, 60000);
    assert_int_equal(got.status, PD_MISSING_DATA);
    assert_int_equal(block_read_at(instance, two, 0, buffer, 1, CONTENT_TIMEOUT_INFINITE, &block),
                     PD_OK);
    assert_int_equal(close_content(instance, one), PD_OK);
    assert_int_equal(block_wait(&block).status, PD_MISSING_DATA);
    assert_int_equal(close_content(instance, two), PD_OK);
    block_fini(&block);
    sample_fini(&sample);
    free(buffer);
}

static void test_cancel(void **state)
{
    (void)state;
    struct sample_content sample;
    struct block waiting, behind, apart;
    uint8_t bytes[3];
    block_init(&waiting);
    block_init(&behind);
    block_init(&apart);
    sample_init(&sample, 2, 4 * BLOCK_SIZE_V1, 800, 0, 0);
    uintptr_t one = open_sample(instance, &sample), two = open_sample(instance, &sample);
    assert_int_equal(cancel_content(instance, two, NULL), PD_OPERATION_NOT_FOUND);
    assert_int_equal(read_at(instance, one, 0, bytes, 1, 60000).status, PD_MISSING_DATA);
    assert_int_equal(stream_read(instance, two, bytes, 1, 60000, &waiting), PD_OK);
    assert_int_equal(stream_read(instance, two, bytes + 1, 1, 60000, &behind), PD_OK);
    assert_int_equal(block_read_at(instance, two, 0, bytes + 2, 1, 60000, &apart), PD_OK);
    assert_int_equal(cancel_content(instance, two, &behind), PD_OK);
    assert_int_equal(block_take(&behind).status, PD_ABORTED);
    assert_int_equal(cancel_content(instance, two, &behind), PD_OPERATION_NOT_FOUND);
    assert_int_equal(cancel_content(instance, two, &waiting), PD_OK);
    assert_int_equal(block_take(&waiting).status, PD_ABORTED);
    assert_true(block_is_pending(&apart));
    assert_int_equal(stream_read(instance, two, bytes, 1, 60000, &waiting), PD_OK);
    assert_int_equal(cancel_content(instance, two, NULL), PD_OK);
    assert_int_equal(block_take(&waiting).status, PD_ABORTED);
    assert_int_equal(block_take(&apart).status, PD_ABORTED);
    /* The position is where it was. */
    add_sample(instance, one, &sample, 0, sample.length);
    struct completion got = read_stream(instance, two, bytes, 1, LOCAL);
    assert_int_equal(got.status, PD_OK);
    assert_int_equal(got.offset, 0);
    /* Close completes what waits. */
    assert_int_equal(flush_tag(instance, &sample.tag), PD_OK);
    assert_int_equal(read_at(instance, one, 0, bytes, 1, 60000).status, PD_MISSING_DATA);
    assert_int_equal(block_read_at(instance, two, 0, bytes, 1, 60000, &apart), PD_OK);
    assert_int_equal(close_content(instance, two), PD_OK);
    assert_int_equal(block_take(&apart).status, PD_ABORTED);
    assert_int_equal(close_content(instance, one), PD_OK);
    block_fini(&waiting);
    block_fini(&behind);
    block_fini(&apart);
    sample_fini(&sample);
}

/* Buffers are filled in the order of the calls. */
static void test_reads_in_order(void **state)
{
    enum { READS = 24, SIZE = 50000 };
    (void)state;
    struct sample_content sample;
    struct block blocks[READS];
    uint8_t *buffer = malloc((size_t)READS * SIZE);
    assert_non_null(buffer);
    sample_init(&sample, 2, (size_t)READS * SIZE, 900, 0, 0);
    uintptr_t handle = open_sample(instance, &sample);
    add_sample(instance, handle, &sample, 0, sample.length);
    for (size_t i = 0; i < READS; i++) {
        block_init(&blocks[i]);
        assert_int_equal(stream_read(instance, handle, buffer + i * SIZE, SIZE, LOCAL, &blocks[i]),
                         PD_OK);
    }
    uint64_t position = 0;
    for (size_t i = 0; i < READS; i++) {
        struct completion got = block_wait(&blocks[i]);
        assert_int_equal(got.status, PD_OK);
        assert_int_equal(got.offset, position);
        assert_memory_equal(buffer + i * SIZE, sample.data + position, got.bytes);
        position += got.bytes;
        block_fini(&blocks[i]);
    }
    assert_int_equal(close_content(instance, handle), PD_OK);
    sample_fini(&sample);
    free(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_information_in_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_information, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_completing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_add_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_small_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_range, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fetched_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reads_in_order, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
