/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many threads on the same contents: adding, reading ahead and across, cancelling, flushing,
 * closing with calls outstanding. Each call completes once, and what is read is right. */
#include "unit/engine/content_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/segment.h"
#include "support/unit_main.h"

#define THREADS  16
#define ROUNDS   80
#define CONTENTS 4
#define CALLS    6
#define PIECE    90000u
#define LENGTH   (9 * (size_t)BLOCK_SIZE_V1 + 777)

static struct instance *instance;
static struct sample_content samples[CONTENTS];

struct worker {
    struct thread *thread;
    uint32_t random;
    uint8_t *buffers; /* CALLS of PIECE bytes */
    struct block blocks[CALLS];
    bool reads[CALLS];
    unsigned wrong; /* cmocka's assertions are for the main thread */
    uint64_t read;
};

static uint32_t next_random(struct worker *worker, uint32_t below)
{
    worker->random = worker->random * 1664525u + 1013904223u;
    return (worker->random >> 8) % below;
}

static void expect(struct worker *worker, bool condition)
{
    worker->wrong += condition ? 0 : 1;
}

static void start(struct worker *worker, unsigned i, uintptr_t handle,
                  const struct sample_content *sample)
{
    static const uint32_t timeouts[] = {CONTENT_TIMEOUT_LOCAL_CACHE_ONLY, 0, 5, 100};
    size_t at = next_random(worker, LENGTH), length = 1 + next_random(worker, PIECE);
    uint32_t timeout = timeouts[next_random(worker, 4)];
    uint8_t *buffer = worker->buffers + (size_t)i * PIECE;
    struct block *block = &worker->blocks[i];
    enum pd_status status;
    unsigned what = next_random(worker, 4);
    if (length > LENGTH - at)
        length = LENGTH - at;
    worker->reads[i] = what != 0;
    if (what == 0)
        status = add_data(instance, handle, at, sample->data + at, length, block);
    else if (what == 1)
        status = block_read_at(instance, handle, at, buffer, length, timeout, block);
    else
        status = stream_read(instance, handle, buffer, length, timeout, block);
    expect(worker, status == PD_OK);
}

static void finish(struct worker *worker, unsigned i, const struct sample_content *sample)
{
    const uint8_t *buffer = worker->buffers + (size_t)i * PIECE;
    struct completion done = block_wait(&worker->blocks[i]);
    if (done.status == PD_OK && worker->reads[i]) {
        bool inside = done.bytes > 0 && done.bytes <= PIECE && done.offset + done.bytes <= LENGTH;
        expect(worker, inside && memcmp(buffer, sample->data + done.offset, done.bytes) == 0);
        worker->read += done.bytes;
    } else if (done.status != PD_OK) {
        expect(worker,
               done.status == PD_ABORTED ||
                   (worker->reads[i] && (done.status == PD_MISSING_DATA ||
                                         done.status == PD_TIMEOUT || done.status == PD_NO_MORE)));
    }
}

static void work(void *context)
{
    struct worker *worker = context;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const struct sample_content *sample = &samples[next_random(worker, CONTENTS)];
        uintptr_t handle = open_sample(instance, sample);
        for (unsigned turn = 0; turn < 3; turn++) {
            unsigned count = 1 + next_random(worker, CALLS);
            for (unsigned i = 0; i < count; i++)
                start(worker, i, handle, sample);
            unsigned what = next_random(worker, 4);
            if (what == 0)
                (void)cancel_content(instance, handle, NULL);
            else if (what == 1)
                (void)cancel_content(instance, handle, &worker->blocks[0]);
            if (what == 2 && turn == 2) {
                expect(worker, close_content(instance, handle) == PD_OK);
                handle = 0;
            }
            for (unsigned i = 0; i < count; i++)
                finish(worker, i, sample);
            (void)(handle != 0 && is_flash_crowd(instance, handle));
        }
        if (handle != 0)
            expect(worker, close_content(instance, handle) == PD_OK);
        if (next_random(worker, 30) == 0)
            expect(worker, flush_tag(instance, &sample->tag) == PD_OK);
    }
}

static void test_many_threads(void **state)
{
    static struct worker workers[THREADS];
    uint64_t read = 0;
    (void)state;
    instance = start_instance();
    for (unsigned i = 0; i < CONTENTS; i++)
        sample_init(&samples[i], 1 + i % 2, LENGTH, 40 + i, 0, 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].random = i + 1;
        workers[i].buffers = malloc((size_t)CALLS * PIECE);
        assert_non_null(workers[i].buffers);
        for (unsigned k = 0; k < CALLS; k++)
            block_init(&workers[i].blocks[k]);
        workers[i].thread = thread_start(work, &workers[i]);
        assert_non_null(workers[i].thread);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        thread_join(workers[i].thread);
        assert_int_equal(workers[i].wrong, 0);
        read += workers[i].read;
        for (unsigned k = 0; k < CALLS; k++)
            block_fini(&workers[i].blocks[k]);
        free(workers[i].buffers);
    }
    assert_true(read > 1000000);
    assert_int_equal(fixture_violations(), 0);
    assert_int_equal(stop_instance(instance), PD_OK);
    for (unsigned i = 0; i < CONTENTS; i++)
        sample_fini(&samples[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_threads)};
    int failed = cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
