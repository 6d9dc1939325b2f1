/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches, their cutting into units, and their way through the pool. */
#include "engine/hash_pipeline.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "async/workers.h"
#include "core/hash/hash_many.h"
#include "core/segmenter_v2.h"

#define BATCH_CAPACITY (HASH_PIPELINE_BATCH_SIZE + SEGMENT_MAX_SIZE_V2)
#define FIRST_CAPACITY 65536u
/* Messages of one unit: of blocks one full set of the widest lanes. */
#define UNIT_BLOCKS   16u
#define UNIT_SEGMENTS 32u
/* Bytes are copied and searched for borders by so many at a time, while they are in the nearest
 * caches. */
#define COPY_STEP 65536u
#define V1_MAX    (BATCH_CAPACITY / BLOCK_SIZE_V1 + 1u)
#define V2_MAX    (BATCH_CAPACITY / SEGMENT_MIN_SIZE_V2 + 1u)
#define UNITS_MAX (V1_MAX / UNIT_BLOCKS + 1u + V2_MAX / UNIT_SEGMENTS + 1u)
#define DIGEST_V1 32u
#define DIGEST_V2 64u

struct batch;

/* What one pool thread hashes in one go. */
struct unit {
    struct task task;
    struct batch *batch;
    uint32_t v1_first, v1_count;
    uint32_t v2_first, v2_count;
};

enum batch_state { BATCH_FREE, BATCH_FILLING, BATCH_HASHING, BATCH_HASHED };

struct batch {
    struct hash_pipeline *pipeline;
    enum batch_state state;
    uint8_t *data;
    size_t capacity, length;
    size_t v1_begin;      /* first byte that no earlier batch hashed as v1 */
    size_t v2_begin;      /* the same for v2 */
    size_t segment_begin; /* of the v2 segment whose end is not found yet */
    uint32_t v2_count;
    uint32_t v2_sizes[V2_MAX];
    uint32_t v1_count;
    uint32_t v1_bytes;
    struct hash_message *messages; /* v1, then v2 */
    uint8_t *digests;
    struct unit units[UNITS_MAX];
    atomic_uint units_left;
    atomic_bool failed;
};

struct hash_pipeline {
    struct hash_pipeline_owner owner;
    bool with_v2;
    bool finished;
    bool retiring; /* a thread is handing batches on */
    enum pd_status status;
    atomic_bool stopped; /* status is not PD_OK: units may skip their work */
    struct segmenter_v2_scan scan;
    struct batch batches[HASH_PIPELINE_BATCHES];
    unsigned filling; /* index of the batch that takes bytes */
    unsigned oldest;  /* index of the oldest batch in flight */
    unsigned in_flight;
};

struct hash_pipeline *hash_pipeline_create(const struct hash_pipeline_owner *owner, bool with_v2)
{
    struct hash_pipeline *pipeline = calloc(1, sizeof(*pipeline));
    if (pipeline == NULL)
        return NULL;
    pipeline->owner = *owner;
    pipeline->with_v2 = with_v2;
    for (unsigned i = 0; i < HASH_PIPELINE_BATCHES; i++)
        pipeline->batches[i].pipeline = pipeline;
    pipeline->batches[0].state = BATCH_FILLING;
    return pipeline;
}

void hash_pipeline_destroy(struct hash_pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    for (unsigned i = 0; i < HASH_PIPELINE_BATCHES; i++) {
        free(pipeline->batches[i].data);
        free(pipeline->batches[i].messages);
        free(pipeline->batches[i].digests);
    }
    free(pipeline);
}

bool hash_pipeline_idle(const struct hash_pipeline *pipeline)
{
    return pipeline->in_flight == 0 && !pipeline->retiring;
}

enum pd_status hash_pipeline_status(const struct hash_pipeline *pipeline)
{
    return pipeline->status;
}

static void stop(struct hash_pipeline *pipeline, enum pd_status status)
{
    if (pipeline->status == PD_OK)
        pipeline->status = status;
    atomic_store(&pipeline->stopped, true);
}

void hash_pipeline_cancel(struct hash_pipeline *pipeline)
{
    stop(pipeline, PD_ABORTED);
}

static void free_batch(struct batch *batch)
{
    free(batch->messages);
    free(batch->digests);
    batch->messages = NULL;
    batch->digests = NULL;
    batch->length = 0;
    batch->state = BATCH_FREE;
}

static void submit_full(struct hash_pipeline *pipeline);

/* Hands hashed batches on in order. With the lock; lets go of it for each one. */
static void retire(struct hash_pipeline *pipeline)
{
    if (pipeline->retiring)
        return;
    pipeline->retiring = true;
    while (pipeline->in_flight > 0 && pipeline->batches[pipeline->oldest].state == BATCH_HASHED) {
        struct batch *batch = &pipeline->batches[pipeline->oldest];
        if (atomic_load(&batch->failed))
            stop(pipeline, PD_NO_MEMORY);
        if (pipeline->status == PD_OK) {
            const struct hashed_batch hashed = {
                .v1_digests = batch->digests,
                .v1_count = batch->v1_count,
                .v1_bytes = batch->v1_bytes,
                .v2_sizes = batch->v2_sizes,
                .v2_digests = batch->digests + (size_t)batch->v1_count * DIGEST_V1,
                .v2_count = batch->v2_count,
            };
            mutex_unlock(pipeline->owner.lock);
            enum pd_status status = pipeline->owner.consume(pipeline->owner.context, &hashed);
            mutex_lock(pipeline->owner.lock);
            if (status != PD_OK)
                stop(pipeline, status);
        }
        free_batch(batch);
        pipeline->oldest = (pipeline->oldest + 1) % HASH_PIPELINE_BATCHES;
        pipeline->in_flight--;
        submit_full(pipeline);
        if (pipeline->in_flight > 0)
            pipeline->owner.advanced(pipeline->owner.context);
    }
    pipeline->retiring = false;
    if (pipeline->in_flight == 0)
        pipeline->owner.advanced(pipeline->owner.context);
}

/* The last unit of a batch leaves through here; afterwards the pipeline may be gone. */
static void unit_done(struct batch *batch)
{
    if (atomic_fetch_sub(&batch->units_left, 1) != 1)
        return;
    struct hash_pipeline *pipeline = batch->pipeline;
    const struct hash_pipeline_owner owner = pipeline->owner;
    mutex_lock(owner.lock);
    batch->state = BATCH_HASHED;
    retire(pipeline);
    mutex_unlock(owner.lock);
    owner.release(owner.context);
}

static void run_unit(struct task *task)
{
    struct unit *unit = (struct unit *)task; /* its first member */
    struct batch *batch = unit->batch;
    const struct hash_message *v1 = batch->messages + unit->v1_first;
    const struct hash_message *v2 = batch->messages + batch->v1_count + unit->v2_first;
    if (!atomic_load(&batch->pipeline->stopped) && (!hash_many(HASH_SHA256, v1, unit->v1_count) ||
                                                    !hash_many(HASH_SHA512, v2, unit->v2_count)))
        atomic_store(&batch->failed, true);
    unit_done(batch);
}

/* Fills in the messages. False without memory. */
static bool prepare(struct batch *batch, bool final)
{
    size_t v1_end = batch->v1_begin + (size_t)batch->v1_count * BLOCK_SIZE_V1;
    if (final && v1_end < batch->length) {
        v1_end = batch->length;
        batch->v1_count++;
    }
    batch->v1_bytes = (uint32_t)(v1_end - batch->v1_begin);

    size_t count = (size_t)batch->v1_count + batch->v2_count;
    batch->messages = malloc(count * sizeof(*batch->messages));
    batch->digests =
        malloc((size_t)batch->v1_count * DIGEST_V1 + (size_t)batch->v2_count * DIGEST_V2);
    if (batch->messages == NULL || batch->digests == NULL)
        return false;
    struct hash_message *message = batch->messages;
    uint8_t *digest = batch->digests;
    for (size_t at = batch->v1_begin; at < v1_end; at += BLOCK_SIZE_V1) {
        size_t left = v1_end - at;
        message->data = batch->data + at;
        message->length = left < BLOCK_SIZE_V1 ? left : BLOCK_SIZE_V1;
        message->digest = digest;
        message++;
        digest += DIGEST_V1;
    }
    size_t at = batch->v2_begin;
    for (uint32_t i = 0; i < batch->v2_count; i++) {
        message->data = batch->data + at;
        message->length = batch->v2_sizes[i];
        message->digest = digest;
        at += batch->v2_sizes[i];
        message++;
        digest += DIGEST_V2;
    }
    return true;
}

/* Cuts a batch into units of one algorithm each. Segments differ in length, and the more of them a
 * unit has the longer all lanes are busy; they come first, as their units are the longest. */
static unsigned divide(struct batch *batch)
{
    unsigned count = 0;
    uint32_t parts = (batch->v2_count + UNIT_SEGMENTS / 2) / UNIT_SEGMENTS;
    if (parts == 0 && batch->v2_count > 0)
        parts = 1;
    for (uint32_t i = 0; i < parts; i++) {
        uint32_t first = batch->v2_count * i / parts;
        uint32_t end = batch->v2_count * (i + 1) / parts;
        batch->units[count++] = (struct unit){.v2_first = first, .v2_count = end - first};
    }
    parts = (batch->v1_count + UNIT_BLOCKS - 1) / UNIT_BLOCKS;
    for (uint32_t i = 0; i < parts; i++) {
        uint32_t first = i * UNIT_BLOCKS;
        uint32_t left = batch->v1_count - first;
        batch->units[count++] =
            (struct unit){.v1_first = first, .v1_count = left < UNIT_BLOCKS ? left : UNIT_BLOCKS};
    }
    for (unsigned i = 0; i < count; i++) {
        batch->units[i].task.run = run_unit;
        batch->units[i].task.next = i + 1 < count ? &batch->units[i + 1].task : NULL;
        batch->units[i].batch = batch;
    }
    return count;
}

/* Sends the filling batch to the pool. `next` (NULL when final) takes over the bytes at its end
 * that are not a whole block and not a whole segment yet. */
static void submit(struct hash_pipeline *pipeline, struct batch *batch, struct batch *next)
{
    bool final = next == NULL;
    batch->v1_count = (uint32_t)((batch->length - batch->v1_begin) / BLOCK_SIZE_V1);
    if (pipeline->with_v2 && final && batch->segment_begin < batch->length)
        batch->v2_sizes[batch->v2_count++] = (uint32_t)(batch->length - batch->segment_begin);
    if (!prepare(batch, final)) {
        free_batch(batch);
        stop(pipeline, PD_NO_MEMORY);
        return;
    }
    if (!final) {
        size_t v1_end = batch->v1_begin + (size_t)batch->v1_count * BLOCK_SIZE_V1;
        size_t v2_end = pipeline->with_v2 ? batch->segment_begin : batch->length;
        size_t begin = v1_end < v2_end ? v1_end : v2_end;
        size_t carried = batch->length - begin;
        memcpy(next->data, batch->data + begin, carried);
        next->length = carried;
        next->v1_begin = v1_end - begin;
        next->v2_begin = next->segment_begin = v2_end - begin;
        next->v2_count = 0;
        next->state = BATCH_FILLING;
        pipeline->filling = (unsigned)(next - pipeline->batches);
    }

    unsigned count = divide(batch);
    batch->state = BATCH_HASHING;
    atomic_store(&batch->failed, false);
    atomic_store(&batch->units_left, count);
    pipeline->in_flight++;
    pipeline->owner.retain(pipeline->owner.context);
    if (workers_submit_chain(&batch->units[0].task) != PD_OK) {
        pipeline->in_flight--;
        free_batch(batch);
        stop(pipeline, PD_NO_MEMORY);
        pipeline->owner.release(pipeline->owner.context);
    }
}

static bool reserve(struct batch *batch, size_t length)
{
    if (length <= batch->capacity)
        return true;
    size_t capacity = batch->capacity == 0 ? FIRST_CAPACITY : batch->capacity;
    while (capacity < length)
        capacity *= 2;
    if (capacity > BATCH_CAPACITY / 2)
        capacity = BATCH_CAPACITY;
    uint8_t *grown = realloc(batch->data, capacity);
    if (grown == NULL)
        return false;
    batch->data = grown;
    batch->capacity = capacity;
    return true;
}

/* Finds the ends of v2 segments among what the batch holds. */
static void scan(struct hash_pipeline *pipeline, struct batch *batch)
{
    uint32_t size;
    while ((size = segmenter_v2_next(batch->data + batch->segment_begin,
                                     batch->length - batch->segment_begin, &pipeline->scan)) != 0) {
        batch->v2_sizes[batch->v2_count++] = size;
        batch->segment_begin += size;
        pipeline->scan = (struct segmenter_v2_scan){0};
    }
}

/* Sends the filling batch on its way once it is full and there is another to go on with. (After the
 * end none is filling: the last one may be full, and is on its way already.) */
static void submit_full(struct hash_pipeline *pipeline)
{
    struct batch *batch = &pipeline->batches[pipeline->filling];
    struct batch *next = &pipeline->batches[(pipeline->filling + 1) % HASH_PIPELINE_BATCHES];
    if (batch->state != BATCH_FILLING || batch->length < BATCH_CAPACITY ||
        next->state != BATCH_FREE || pipeline->status != PD_OK)
        return;
    if (reserve(next, BATCH_CAPACITY))
        submit(pipeline, batch, next);
    else
        stop(pipeline, PD_NO_MEMORY);
}

size_t hash_pipeline_add(struct hash_pipeline *pipeline, const uint8_t *data, size_t length)
{
    size_t taken = 0;
    while (taken < length && pipeline->status == PD_OK) {
        struct batch *batch = &pipeline->batches[pipeline->filling];
        size_t room = BATCH_CAPACITY - batch->length;
        size_t part = length - taken < room ? length - taken : room;
        if (part == 0)
            break;
        if (part > COPY_STEP)
            part = COPY_STEP;
        if (!reserve(batch, batch->length + part)) {
            stop(pipeline, PD_NO_MEMORY);
            break;
        }
        memcpy(batch->data + batch->length, data + taken, part);
        batch->length += part;
        taken += part;
        if (pipeline->with_v2)
            scan(pipeline, batch);
        submit_full(pipeline);
    }
    return taken;
}

void hash_pipeline_finish(struct hash_pipeline *pipeline)
{
    struct batch *batch = &pipeline->batches[pipeline->filling];
    if (pipeline->finished || pipeline->status != PD_OK)
        return;
    pipeline->finished = true;
    if (batch->length > batch->v1_begin || batch->length > batch->v2_begin)
        submit(pipeline, batch, NULL);
}
