/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever the pieces that content comes in, the pipeline gives the hashes that a straightforward
 * computation gives, in order; it takes no more than its memory, and it stops when told to. */
#include "engine/hash_pipeline.h"

#include "async/workers.h"
#include "core/segmenter_v2.h"
#include "support/unit_main.h"
#include "unit/core/blob_builder.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_CAPACITY (HASH_PIPELINE_BATCH_SIZE + SEGMENT_MAX_SIZE_V2)

/* The owner: collects what it is given, on demand with a closed gate in front. */
struct collector {
    struct mutex lock; /* guards everything here */
    struct condition changed;
    struct hash_pipeline *pipeline;
    atomic_int references;
    bool gate_closed, at_gate;
    unsigned consumed, fail_at; /* batches; fail_at 0: never */
    unsigned consuming;         /* more than one at a time is wrong */
    bool overlapped;
    uint64_t v1_bytes;
    uint32_t v1_count, v2_count;
    uint32_t v1_capacity, v2_capacity;
    uint8_t *v1_digests;
    uint32_t *v2_sizes;
    uint8_t *v2_digests;
};

static void retain(void *context)
{
    atomic_fetch_add(&((struct collector *)context)->references, 1);
}

static void release(void *context)
{
    atomic_fetch_sub(&((struct collector *)context)->references, 1);
}

static void grow(struct collector *collector, const struct hashed_batch *batch)
{
    if (collector->v1_count + batch->v1_count > collector->v1_capacity) {
        collector->v1_capacity = 2 * (collector->v1_count + batch->v1_count);
        collector->v1_digests = realloc(collector->v1_digests, collector->v1_capacity * 32u);
    }
    if (collector->v2_count + batch->v2_count > collector->v2_capacity) {
        collector->v2_capacity = 2 * (collector->v2_count + batch->v2_count);
        collector->v2_digests = realloc(collector->v2_digests, collector->v2_capacity * 64u);
        collector->v2_sizes = realloc(collector->v2_sizes, collector->v2_capacity * 4u);
    }
}

static enum pd_status consume(void *context, const struct hashed_batch *batch)
{
    struct collector *collector = context;
    mutex_lock(&collector->lock);
    if (collector->consuming++ > 0)
        collector->overlapped = true;
    collector->at_gate = true;
    condition_wake_all(&collector->changed);
    while (collector->gate_closed)
        condition_wait(&collector->changed, &collector->lock);
    collector->at_gate = false;
    bool fail = ++collector->consumed == collector->fail_at;
    grow(collector, batch);
    if (batch->v1_count > 0)
        memcpy(collector->v1_digests + 32 * (size_t)collector->v1_count, batch->v1_digests,
               32 * (size_t)batch->v1_count);
    for (uint32_t i = 0; i < batch->v2_count; i++) {
        collector->v2_sizes[collector->v2_count + i] = batch->v2_sizes[i];
        memcpy(collector->v2_digests + 64 * (size_t)(collector->v2_count + i),
               batch->v2_digests + 64 * (size_t)i, 64);
    }
    collector->v1_count += batch->v1_count;
    collector->v1_bytes += batch->v1_bytes;
    collector->v2_count += batch->v2_count;
    collector->consuming--;
    mutex_unlock(&collector->lock);
    return fail ? PD_UNAVAILABLE : PD_OK;
}

static void advanced(void *context)
{
    condition_wake_all(&((struct collector *)context)->changed);
}

static void collector_init(struct collector *collector, bool with_v2)
{
    const struct hash_pipeline_owner owner = {collector, &collector->lock, retain,
                                              release,   consume,          advanced};
    memset(collector, 0, sizeof(*collector));
    mutex_init(&collector->lock);
    condition_init(&collector->changed);
    collector->pipeline = hash_pipeline_create(&owner, with_v2);
    assert_non_null(collector->pipeline);
}

static void collector_fini(struct collector *collector)
{
    workers_stop(); /* so that every task has let go */
    workers_start();
    assert_int_equal(atomic_load(&collector->references), 0);
    assert_true(hash_pipeline_idle(collector->pipeline));
    assert_false(collector->overlapped);
    hash_pipeline_destroy(collector->pipeline);
    free(collector->v1_digests);
    free(collector->v2_digests);
    free(collector->v2_sizes);
    condition_fini(&collector->changed);
    mutex_fini(&collector->lock);
}

static void set_gate(struct collector *collector, bool closed)
{
    mutex_lock(&collector->lock);
    collector->gate_closed = closed;
    condition_wake_all(&collector->changed);
    mutex_unlock(&collector->lock);
}

static void wait_at_gate(struct collector *collector)
{
    mutex_lock(&collector->lock);
    while (!collector->at_gate)
        condition_wait(&collector->changed, &collector->lock);
    mutex_unlock(&collector->lock);
}

static void add_all(struct collector *collector, const uint8_t *data, size_t length)
{
    mutex_lock(&collector->lock);
    while (length > 0) {
        size_t taken = hash_pipeline_add(collector->pipeline, data, length);
        data += taken;
        length -= taken;
        if (hash_pipeline_status(collector->pipeline) != PD_OK)
            break;
        if (length > 0)
            condition_wait(&collector->changed, &collector->lock);
    }
    mutex_unlock(&collector->lock);
}

static enum pd_status finish(struct collector *collector)
{
    mutex_lock(&collector->lock);
    hash_pipeline_finish(collector->pipeline);
    while (!hash_pipeline_idle(collector->pipeline))
        condition_wait(&collector->changed, &collector->lock);
    enum pd_status status = hash_pipeline_status(collector->pipeline);
    mutex_unlock(&collector->lock);
    return status;
}

/* Against one message at a time. */
static void assert_result(const struct collector *collector, const uint8_t *data, size_t length,
                          bool with_v2)
{
    const struct segment_scheme v1 = {1, HASH_SHA256}, v2 = {2, HASH_SHA512};
    struct content_record expected;
    content_record_init(&expected, v1, data, length, NULL, 0);
    assert_int_equal(collector->v1_bytes, length);
    assert_int_equal(collector->v1_count, (length + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1);
    if (length > 0)
        assert_memory_equal(collector->v1_digests, expected.block_hashes,
                            32 * (size_t)collector->v1_count);
    content_record_fini(&expected);
    if (!with_v2) {
        assert_int_equal(collector->v2_count, 0);
        return;
    }
    content_record_init(&expected, v2, data, length, NULL, 0);
    assert_int_equal(collector->v2_count, expected.segment_count);
    for (size_t i = 0; i < expected.segment_count; i++) {
        assert_int_equal(collector->v2_sizes[i], expected.sizes[i]);
        assert_memory_equal(collector->v2_digests + 64 * i, expected.hods + 32 * i, 32);
    }
    content_record_fini(&expected);
}

enum content { ZEROES, PATTERN, RANDOM };

static uint8_t *make_data(size_t length, enum content content)
{
    uint8_t *data = calloc(length + 1, 1);
    uint64_t random = 88172645463325252u;
    assert_non_null(data);
    if (content == PATTERN)
        fill_pattern(data, length);
    for (size_t i = 0; content == RANDOM && i < length; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        data[i] = (uint8_t)random;
    }
    return data;
}

/* piece 0: pieces of random sizes. */
static void check(const uint8_t *data, size_t length, size_t piece, bool with_v2)
{
    struct collector collector;
    uint32_t random = 12345;
    collector_init(&collector, with_v2);
    for (size_t at = 0; at < length;) {
        random = random * 1664525u + 1013904223u;
        size_t part = piece != 0 ? piece : (random >> 8) >> (random >> 27) % 24;
        part = part < length - at ? part : length - at;
        add_all(&collector, data + at, part);
        at += part;
    }
    assert_int_equal(finish(&collector), PD_OK);
    assert_result(&collector, data, length, with_v2);
    collector_fini(&collector);
}

static void test_small_contents(void **state)
{
    static const size_t lengths[] = {0,     1,      4096,   32767,  32768,  32769,   65535,  65536,
                                     65537, 131071, 131072, 131073, 200000, 1048576, 1114113};
    uint8_t *data = make_data(1114113, RANDOM);
    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        for (int with_v2 = 0; with_v2 < 2; with_v2++) {
            check(data, lengths[i], 1114113, with_v2);
            check(data, lengths[i], 4096, with_v2);
            check(data, lengths[i], 0, with_v2);
        }
    check(data, 140000, 1, true);
    check(data, 70000, 1, false);
    free(data);
}

static void test_large_contents(void **state)
{
    static const size_t lengths[] = {HASH_PIPELINE_BATCH_SIZE, BATCH_CAPACITY - 1, BATCH_CAPACITY,
                                     BATCH_CAPACITY + 1,       3 * BATCH_CAPACITY, 20000001};
    static const size_t pieces[] = {4096, 65536, 1048576, 6000000, 20000001, 0};
    (void)state;
    for (enum content content = ZEROES; content <= RANDOM; content++) {
        uint8_t *data = make_data(20000001, content);
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
            for (int with_v2 = 0; with_v2 < 2; with_v2++)
                check(data, lengths[i], pieces[(i + content) % 6], with_v2);
        for (size_t i = 0; content == RANDOM && i < 6; i++)
            check(data, 20000001, pieces[i], true);
        free(data);
    }
}

/* A pipeline whose results nobody takes stops taking bytes, and goes on when they are taken. */
static void test_back_pressure(void **state)
{
    size_t length = 3 * HASH_PIPELINE_BATCHES * BATCH_CAPACITY,
           most = HASH_PIPELINE_BATCHES * BATCH_CAPACITY;
    uint8_t *data = make_data(length, RANDOM);
    (void)state;
    for (int with_v2 = 0; with_v2 < 2; with_v2++) {
        struct collector collector;
        collector_init(&collector, with_v2);
        set_gate(&collector, true);
        mutex_lock(&collector.lock);
        size_t taken = hash_pipeline_add(collector.pipeline, data, length);
        mutex_unlock(&collector.lock);
        wait_at_gate(&collector);
        mutex_lock(&collector.lock);
        taken += hash_pipeline_add(collector.pipeline, data + taken, length - taken);
        assert_true(taken > most - HASH_PIPELINE_BATCHES * SEGMENT_MAX_SIZE_V2 && taken <= most);
        assert_int_equal(hash_pipeline_add(collector.pipeline, data + taken, length - taken), 0);
        assert_false(hash_pipeline_idle(collector.pipeline));
        mutex_unlock(&collector.lock);
        set_gate(&collector, false);
        add_all(&collector, data + taken, length - taken);
        assert_int_equal(finish(&collector), PD_OK);
        assert_result(&collector, data, length, with_v2);
        collector_fini(&collector);
    }
    free(data);
}

/* The end comes when the batch that takes bytes is full, but could not be sent off yet. */
static void test_finish_with_full_batch(void **state)
{
    size_t length = HASH_PIPELINE_BATCHES * BATCH_CAPACITY;
    uint8_t *data = make_data(length, ZEROES); /* v2 segments of 128 KiB: nothing is carried over */
    (void)state;
    for (int with_v2 = 0; with_v2 < 2; with_v2++) {
        struct collector collector;
        collector_init(&collector, with_v2);
        set_gate(&collector, true);
        mutex_lock(&collector.lock);
        assert_int_equal(hash_pipeline_add(collector.pipeline, data, length), length);
        hash_pipeline_finish(collector.pipeline);
        mutex_unlock(&collector.lock);
        set_gate(&collector, false);
        assert_int_equal(finish(&collector), PD_OK);
        assert_result(&collector, data, length, with_v2);
        collector_fini(&collector);
    }
    free(data);
}

static void test_cancel(void **state)
{
    size_t length = HASH_PIPELINE_BATCHES * BATCH_CAPACITY;
    uint8_t *data = make_data(length, RANDOM);
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct collector collector;
        collector_init(&collector, true);
        mutex_lock(&collector.lock);
        (void)hash_pipeline_add(collector.pipeline, data, length - (size_t)round * (length / 21));
        if (round % 2 == 0)
            hash_pipeline_finish(collector.pipeline);
        hash_pipeline_cancel(collector.pipeline);
        unsigned consumed = collector.consumed;
        assert_int_equal(hash_pipeline_status(collector.pipeline), PD_ABORTED);
        assert_int_equal(hash_pipeline_add(collector.pipeline, data, 1), 0);
        hash_pipeline_finish(collector.pipeline);
        while (!hash_pipeline_idle(collector.pipeline))
            condition_wait(&collector.changed, &collector.lock);
        /* One batch may have been on its way to consume. */
        assert_true(collector.consumed <= consumed + 1);
        mutex_unlock(&collector.lock);
        collector_fini(&collector);
    }
    free(data);
}

static void test_cancel_while_consuming(void **state)
{
    size_t length = 3 * BATCH_CAPACITY;
    uint8_t *data = make_data(length, RANDOM);
    struct collector collector;
    (void)state;
    collector_init(&collector, true);
    set_gate(&collector, true);
    mutex_lock(&collector.lock);
    (void)hash_pipeline_add(collector.pipeline, data, length);
    mutex_unlock(&collector.lock);
    wait_at_gate(&collector);
    mutex_lock(&collector.lock);
    hash_pipeline_cancel(collector.pipeline);
    assert_false(hash_pipeline_idle(collector.pipeline));
    mutex_unlock(&collector.lock);
    set_gate(&collector, false);
    assert_int_equal(finish(&collector), PD_ABORTED);
    assert_int_equal(collector.consumed, 1);
    collector_fini(&collector);
    free(data);
}

static void test_consumer_fails(void **state)
{
    size_t length = 6 * BATCH_CAPACITY;
    uint8_t *data = make_data(length, RANDOM);
    (void)state;
    for (unsigned fail_at = 1; fail_at <= 3; fail_at++) {
        struct collector collector;
        collector_init(&collector, true);
        collector.fail_at = fail_at;
        add_all(&collector, data, length);
        assert_int_equal(finish(&collector), PD_UNAVAILABLE);
        assert_int_equal(collector.consumed, fail_at);
        mutex_lock(&collector.lock);
        assert_int_equal(hash_pipeline_add(collector.pipeline, data, 1), 0);
        mutex_unlock(&collector.lock);
        collector_fini(&collector);
    }
    free(data);
}

static void test_without_threads(void **state)
{
    size_t length = 2 * BATCH_CAPACITY;
    uint8_t *data = make_data(length, RANDOM);
    struct collector collector;
    (void)state;
    workers_stop();
    collector_init(&collector, true);
    add_all(&collector, data, length);
    assert_int_equal(finish(&collector), PD_NO_MEMORY);
    assert_int_equal(collector.consumed, 0);
    collector_fini(&collector); /* starts them */
    workers_stop();
    collector_init(&collector, true);
    add_all(&collector, data, 100);
    assert_int_equal(finish(&collector), PD_NO_MEMORY);
    collector_fini(&collector);
    free(data);
}

static int set_up(void **state)
{
    (void)state;
    workers_start();
    return hash_library_init() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    workers_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_contents), cmocka_unit_test(test_large_contents),
        cmocka_unit_test(test_back_pressure),  cmocka_unit_test(test_finish_with_full_batch),
        cmocka_unit_test(test_cancel),         cmocka_unit_test(test_cancel_while_consuming),
        cmocka_unit_test(test_consumer_fails), cmocka_unit_test(test_without_threads),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
