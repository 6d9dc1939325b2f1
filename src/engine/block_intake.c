/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of staged blocks, and two tasks: one verifies a batch while the other writes the one
 * before. */
#include "engine/block_intake.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "async/workers.h"
#include "core/hash/hash_many.h"
#include "engine/impersonation.h"
#include "engine/shares.h"
#include "platform/thread.h"

/* Blocks of a batch: of version 2 they may be small. */
#define BATCH_BLOCKS 64u
#define BATCHES      2u

struct batch {
    bool verified;  /* and waits for being written, or is */
    uint32_t count; /* 0: free */
    struct staged_block *blocks[BATCH_BLOCKS];
    bool good[BATCH_BLOCKS];
};

struct block_intake {
    struct cache_store *store;
    struct task verify_task, store_task;
    atomic_uint staged; /* blocks that wait or are in work: for a look without the lock */
    atomic_uint ended;  /* batches: the same */

    struct mutex
        lock; /* guards everything below; a batch in work belongs to its task but for count */
    struct condition settled;
    struct staged_block *head, *tail; /* those that wait */
    size_t bytes;                     /* reserved */
    struct batch batches[BATCHES];
    unsigned verify_next, store_next; /* indexes */
    bool verifying, storing;          /* the task is queued or runs */
    struct block_source *to_tell;
    uint64_t written; /* blocks, ever */
    uint64_t added;   /* bytes, since they were taken */
};

static void run_verify(struct task *task);
static void run_store(struct task *task);

struct block_intake *block_intake_create(struct cache_store *store)
{
    struct block_intake *intake = calloc(1, sizeof(*intake));
    if (intake == NULL)
        return NULL;
    intake->store = store;
    intake->verify_task.run = run_verify;
    intake->store_task.run = run_store;
    mutex_init(&intake->lock);
    condition_init(&intake->settled);
    return intake;
}

void block_intake_destroy(struct block_intake *intake)
{
    if (intake == NULL)
        return;
    condition_fini(&intake->settled);
    mutex_fini(&intake->lock);
    free(intake);
}

/* ---- The tasks ---- */

/* Notes that the source is to be told when the batch has ended; with the lock. */
static void tell(struct block_intake *intake, struct block_source *source)
{
    if (source->told)
        return;
    source->told = true;
    source->next_told = intake->to_tell;
    intake->to_tell = source;
    source->retain(source->context);
}

/* The store is written to as one user at a time. */
static void take_batch(struct block_intake *intake, struct batch *batch)
{
    size_t bytes = 0;
    while (intake->head != NULL && batch->count < BATCH_BLOCKS) {
        struct staged_block *block = intake->head;
        if (batch->count > 0 && (bytes + block->length > BLOCK_INTAKE_BATCH_BYTES ||
                                 block->source->token != batch->blocks[0]->source->token))
            break;
        intake->head = block->next;
        if (intake->head == NULL)
            intake->tail = NULL;
        bytes += block->length;
        batch->blocks[batch->count++] = block;
    }
}

static bool is_next(const struct batch *batch, uint32_t first, uint32_t at)
{
    return batch->blocks[at]->segment.scheme.algorithm ==
           batch->blocks[first]->segment.scheme.algorithm;
}

/* One algorithm at a time. */
static void verify(void *context, uint32_t first, uint32_t count)
{
    struct batch *batch = context;
    struct hash_message messages[SHARE_MAX];
    uint8_t digests[SHARE_MAX][HASH_MAX_SIZE];
    for (uint32_t at = first, end; at < first + count; at = end) {
        enum hash_algorithm algorithm = batch->blocks[at]->segment.scheme.algorithm;
        for (end = at; end < first + count && is_next(batch, at, end); end++)
            messages[end - at] = (struct hash_message){
                batch->blocks[end]->data, batch->blocks[end]->length, digests[end - at]};
        bool hashed = hash_many(algorithm, messages, end - at);
        for (uint32_t i = at; i < end; i++) {
            const struct staged_block *block = batch->blocks[i];
            struct segment_scheme scheme = block->segment.scheme;
            size_t length =
                scheme.version == 1 ? hash_size(scheme.algorithm) : segment_value_size(scheme);
            batch->good[i] = hashed && memcmp(digests[i - at], block->hash, length) == 0;
        }
    }
}

/* Returns whether the good ones are in the cache. */
static bool store_good(struct block_intake *intake, const struct batch *batch)
{
    struct cache_block blocks[BATCH_BLOCKS];
    struct impersonation user;
    size_t count = 0;
    enum pd_status status = PD_UNAVAILABLE;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct staged_block *block = batch->blocks[i];
        if (batch->good[i])
            blocks[count++] = (struct cache_block){&block->segment, &block->source->tag,
                                                   block->number, block->data, block->hash};
    }
    if (count == 0)
        return false;
    if (impersonation_begin_on_pool(&user, batch->blocks[0]->source->token))
        status = cache_write(intake->store, blocks, count);
    impersonation_end(&user);
    return status == PD_OK;
}

/* Forgets the batch; with the lock. */
static void settle_batch(struct block_intake *intake, struct batch *batch, bool stored)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct staged_block *block = batch->blocks[i];
        struct block_source *source = block->source;
        if (stored && batch->good[i]) {
            intake->written++;
            source->written++;
            intake->added += block->judged == NULL ? block->length : 0;
        }
        source->staged--;
        tell(intake, source);
        intake->bytes -= block->length;
        free(block->data);
        free(block);
        source->release(source->context); /* not the last: tell has retained it */
    }
    atomic_fetch_add(&intake->ended, 1);
    atomic_fetch_sub(&intake->staged, batch->count);
    batch->count = 0;
    batch->verified = false;
    condition_wake_all(&intake->settled);
}

/* A source that is still in the chain cannot be noted anew, and need not be. The last one's release
 * may end the intake, unless blocks are staged. */
static void tell_all(struct block_intake *intake, struct block_source *chain)
{
    while (chain != NULL) {
        struct block_source *source = chain;
        mutex_lock(&intake->lock);
        chain = source->next_told;
        source->told = false;
        mutex_unlock(&intake->lock);
        source->advanced(source->context);
        source->release(source->context);
    }
}

/* What schedule found to do but no thread of the pool would take. */
struct left_over {
    bool verify, store;
};

/* Sends the tasks on their way that have something to do; with the lock. */
static struct left_over schedule(struct block_intake *intake)
{
    struct left_over left = {false, false};
    if (!intake->storing && intake->batches[intake->store_next].verified) {
        intake->storing = true;
        left.store = workers_submit(&intake->store_task) != PD_OK;
    }
    if (!intake->verifying && intake->head != NULL &&
        intake->batches[intake->verify_next].count == 0) {
        intake->verifying = true;
        left.verify = workers_submit(&intake->verify_task) != PD_OK;
    }
    return left;
}

static void run_left_over(struct block_intake *intake, struct left_over left)
{
    if (left.store)
        run_store(&intake->store_task);
    if (left.verify)
        run_verify(&intake->verify_task);
}

static void run_verify(struct task *task)
{
    struct block_intake *intake =
        (struct block_intake *)((char *)task - offsetof(struct block_intake, verify_task));
    mutex_lock(&intake->lock);
    struct batch *batch = &intake->batches[intake->verify_next];
    take_batch(intake, batch);
    mutex_unlock(&intake->lock);
    shares_run(batch->count, NULL, verify, batch);
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->blocks[i]->judged != NULL)
            batch->blocks[i]->judged(batch->blocks[i]->judge_context, batch->blocks[i],
                                     batch->good[i]);
    mutex_lock(&intake->lock);
    batch->verified = true;
    intake->verify_next = (intake->verify_next + 1) % BATCHES;
    intake->verifying = false;
    struct left_over left = schedule(intake);
    mutex_unlock(&intake->lock);
    run_left_over(intake, left);
}

static void run_store(struct task *task)
{
    struct block_intake *intake =
        (struct block_intake *)((char *)task - offsetof(struct block_intake, store_task));
    struct batch *batch = &intake->batches[intake->store_next];
    bool stored = store_good(intake, batch);

    mutex_lock(&intake->lock);
    settle_batch(intake, batch, stored);
    intake->store_next = (intake->store_next + 1) % BATCHES;
    intake->storing = false;
    struct block_source *chain = intake->to_tell;
    intake->to_tell = NULL;
    struct left_over left = schedule(intake);
    mutex_unlock(&intake->lock);
    tell_all(intake, chain);
    run_left_over(intake, left);
}

/* ---- Calls ---- */

bool block_intake_reserve(struct block_intake *intake, struct block_source *source, uint32_t length)
{
    mutex_lock(&intake->lock);
    /* With nothing reserved there is room for anything. */
    bool room = intake->bytes == 0 || intake->bytes + length <= BLOCK_INTAKE_BYTES;
    if (room)
        intake->bytes += length;
    else
        tell(intake, source);
    mutex_unlock(&intake->lock);
    return room;
}

void block_intake_unreserve(struct block_intake *intake, uint32_t length)
{
    struct block_source *chain = NULL;
    mutex_lock(&intake->lock);
    intake->bytes -= length;
    /* Else the end of a batch tells. */
    if (atomic_load(&intake->staged) == 0) {
        chain = intake->to_tell;
        intake->to_tell = NULL;
    }
    mutex_unlock(&intake->lock);
    tell_all(intake, chain);
}

void block_intake_submit(struct block_intake *intake, struct staged_block *block)
{
    block->source->retain(block->source->context);
    block->next = NULL;
    mutex_lock(&intake->lock);
    block->source->staged++;
    atomic_fetch_add(&intake->staged, 1);
    if (intake->tail != NULL)
        intake->tail->next = block;
    else
        intake->head = block;
    intake->tail = block;
    struct left_over left = schedule(intake);
    mutex_unlock(&intake->lock);
    run_left_over(intake, left);
}

struct block_name {
    const struct cache_segment *segment;
    uint32_t number;
};

static bool is_block(const struct staged_block *block, const void *context)
{
    const struct block_name *name = context;
    struct segment_scheme scheme = name->segment->scheme;
    return block->number == name->number && block->segment.scheme.version == scheme.version &&
           block->segment.scheme.algorithm == scheme.algorithm &&
           memcmp(block->segment.id, name->segment->id, segment_value_size(scheme)) == 0;
}

/* Whether some block that waits or is in work is one; with the lock. */
static bool any_staged(const struct block_intake *intake,
                       bool (*is)(const struct staged_block *block, const void *context),
                       const void *context)
{
    for (unsigned b = 0; b < BATCHES; b++)
        for (uint32_t i = 0; i < intake->batches[b].count; i++)
            if (is(intake->batches[b].blocks[i], context))
                return true;
    for (const struct staged_block *block = intake->head; block != NULL; block = block->next)
        if (is(block, context))
            return true;
    return false;
}

bool block_intake_holds(struct block_intake *intake, const struct cache_segment *segment,
                        uint32_t number, struct block_source *waiter)
{
    const struct block_name name = {segment, number};
    if (atomic_load(&intake->staged) == 0)
        return false;
    mutex_lock(&intake->lock);
    bool found = any_staged(intake, is_block, &name);
    if (found && waiter != NULL)
        tell(intake, waiter);
    mutex_unlock(&intake->lock);
    return found;
}

static bool has_tag(const struct staged_block *block, const void *tag)
{
    return memcmp(&block->source->tag, tag, sizeof(block->source->tag)) == 0;
}

bool block_intake_holds_tag(struct block_intake *intake, const struct cache_tag *tag,
                            struct block_source *waiter)
{
    mutex_lock(&intake->lock);
    bool found = any_staged(intake, has_tag, tag);
    if (found)
        tell(intake, waiter);
    mutex_unlock(&intake->lock);
    return found;
}

unsigned block_intake_batches(struct block_intake *intake)
{
    return atomic_load(&intake->ended);
}

void block_intake_drain_source(struct block_intake *intake, const struct block_source *source)
{
    mutex_lock(&intake->lock);
    while (source->staged > 0)
        condition_wait(&intake->settled, &intake->lock);
    mutex_unlock(&intake->lock);
}

uint64_t block_intake_take_added(struct block_intake *intake)
{
    mutex_lock(&intake->lock);
    uint64_t added = intake->added;
    intake->added = 0;
    mutex_unlock(&intake->lock);
    return added;
}

uint64_t block_intake_foreign_writes(struct block_intake *intake, const struct block_source *source)
{
    mutex_lock(&intake->lock);
    uint64_t number = intake->written - source->written;
    mutex_unlock(&intake->lock);
    return number;
}
