/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks wait in a queue, are verified in batches, wait in another, and are written in batches: one
 * task at a time for each of the two steps. One that comes alone is verified by the thread that
 * brings it, in whose caches it is: to hand it over would cost more than to hash it.
 *
 * A commit costs the same for one block as for many. What applications add is written at once;
 * blocks that peers send one by one gather until there are enough of them, or no more are on their
 * way, or somebody waits for one. */
#include "engine/block_intake.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "async/workers.h"
#include "core/hash/hash_many.h"
#include "engine/block_data.h"
#include "engine/impersonation.h"
#include "engine/shares.h"
#include "platform/thread.h"

/* Blocks of a batch: of version 2 they may be small. */
#define BATCH_BLOCKS 64u
/* Enough to be worth a commit. */
#define GATHER_BYTES (2u << 20)

struct batch {
    uint32_t count;
    struct staged_block *blocks[BATCH_BLOCKS];
};

struct queue {
    struct staged_block *head, *tail;
    size_t bytes;
};

struct block_intake {
    struct cache_store *store;
    struct task verify_task, store_task;
    atomic_uint staged; /* blocks that wait or are in work: for a look without the lock */
    atomic_uint ended;  /* batches: the same */

    struct mutex
        lock; /* guards everything below; a batch in work belongs to its task but for count */
    struct condition settled;
    struct queue unverified, verified;
    struct staged_block *apart;         /* which their own threads verify */
    struct batch verifying, storing;    /* in work where count is not 0 */
    bool verify_running, store_running; /* the task is queued or runs */
    bool hurry;                         /* somebody waits: no more gathering */
    size_t bytes;                       /* reserved */
    size_t present;                     /* of them those of blocks that have come */
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
    block_data_trim();
}

static void append(struct queue *queue, struct staged_block *block)
{
    block->next = NULL;
    if (queue->tail != NULL)
        queue->tail->next = block;
    else
        queue->head = block;
    queue->tail = block;
    queue->bytes += block->length;
}

/* The store is written to as one user at a time. */
static void take_batch(struct queue *queue, struct batch *batch)
{
    size_t bytes = 0;
    while (queue->head != NULL && batch->count < BATCH_BLOCKS) {
        struct staged_block *block = queue->head;
        if (batch->count > 0 && (bytes + block->length > BLOCK_INTAKE_BATCH_BYTES ||
                                 block->source->token != batch->blocks[0]->source->token))
            break;
        queue->head = block->next;
        if (queue->head == NULL)
            queue->tail = NULL;
        bytes += block->length;
        batch->blocks[batch->count++] = block;
    }
    queue->bytes -= bytes;
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
            struct staged_block *block = batch->blocks[i];
            struct segment_scheme scheme = block->segment.scheme;
            size_t length =
                scheme.version == 1 ? hash_size(scheme.algorithm) : segment_value_size(scheme);
            block->good = hashed && memcmp(digests[i - at], block->hash, length) == 0;
        }
    }
}

static void judge(const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->blocks[i]->judged != NULL)
            batch->blocks[i]->judged(batch->blocks[i]->judge_context, batch->blocks[i],
                                     batch->blocks[i]->good);
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
        if (block->good)
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
        if (stored && block->good) {
            intake->written++;
            source->written++;
            intake->added += block->judged == NULL ? block->length : 0;
        }
        source->staged--;
        tell(intake, source);
        intake->bytes -= block->length;
        intake->present -= block->length;
        block_data_release(block->data);
        free(block);
        source->release(source->context); /* not the last: tell has retained it */
    }
    atomic_fetch_add(&intake->ended, 1);
    atomic_fetch_sub(&intake->staged, batch->count);
    batch->count = 0;
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

/* Whether what is verified is written now; with the lock. */
static bool is_time_to_store(const struct block_intake *intake)
{
    if (intake->verified.head == NULL)
        return false;
    bool last = intake->bytes == intake->present && intake->unverified.head == NULL &&
                intake->apart == NULL && intake->verifying.count == 0;
    return last || intake->hurry || intake->verified.head->judged == NULL ||
           intake->verified.bytes >= GATHER_BYTES;
}

/* What schedule found to do but no thread of the pool would take. */
struct left_over {
    bool verify, store;
};

/* Sends the tasks on their way that have something to do; with the lock. */
static struct left_over schedule(struct block_intake *intake)
{
    struct left_over left = {false, false};
    if (!intake->store_running && is_time_to_store(intake)) {
        intake->store_running = true;
        left.store = workers_submit(&intake->store_task) != PD_OK;
    }
    if (!intake->verify_running && intake->unverified.head != NULL) {
        intake->verify_running = true;
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
    struct batch *batch = &intake->verifying;
    mutex_lock(&intake->lock);
    take_batch(&intake->unverified, batch);
    mutex_unlock(&intake->lock);
    shares_run(batch->count, NULL, verify, batch);
    judge(batch);
    mutex_lock(&intake->lock);
    for (uint32_t i = 0; i < batch->count; i++)
        append(&intake->verified, batch->blocks[i]);
    batch->count = 0;
    intake->verify_running = false;
    struct left_over left = schedule(intake);
    mutex_unlock(&intake->lock);
    run_left_over(intake, left);
}

static void run_store(struct task *task)
{
    struct block_intake *intake =
        (struct block_intake *)((char *)task - offsetof(struct block_intake, store_task));
    struct batch *batch = &intake->storing;
    mutex_lock(&intake->lock);
    take_batch(&intake->verified, batch);
    intake->hurry = intake->hurry && intake->verified.head != NULL;
    mutex_unlock(&intake->lock);
    bool stored = store_good(intake, batch);

    mutex_lock(&intake->lock);
    settle_batch(intake, batch, stored);
    intake->store_running = false;
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
    struct left_over left = schedule(intake); /* nothing else may be on its way now */
    mutex_unlock(&intake->lock);
    tell_all(intake, chain);
    run_left_over(intake, left);
}

/* With the lock. */
static void count_in(struct block_intake *intake, struct staged_block *block)
{
    block->source->retain(block->source->context);
    block->source->staged++;
    atomic_fetch_add(&intake->staged, 1);
    intake->present += block->length;
}

void block_intake_submit(struct block_intake *intake, struct staged_block *block)
{
    mutex_lock(&intake->lock);
    count_in(intake, block);
    append(&intake->unverified, block);
    struct left_over left = schedule(intake);
    mutex_unlock(&intake->lock);
    run_left_over(intake, left);
}

void block_intake_submit_one(struct block_intake *intake, struct staged_block *block)
{
    struct batch batch = {.count = 1, .blocks = {block}};
    mutex_lock(&intake->lock);
    count_in(intake, block);
    block->next = intake->apart;
    intake->apart = block;
    mutex_unlock(&intake->lock);
    verify(&batch, 0, 1);
    judge(&batch);
    mutex_lock(&intake->lock);
    struct staged_block **link = &intake->apart;
    while (*link != block)
        link = &(*link)->next;
    *link = block->next;
    append(&intake->verified, block);
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

static bool in_batch(const struct batch *batch,
                     bool (*is)(const struct staged_block *block, const void *context),
                     const void *context)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (is(batch->blocks[i], context))
            return true;
    return false;
}

static bool in_chain(const struct staged_block *block,
                     bool (*is)(const struct staged_block *block, const void *context),
                     const void *context)
{
    while (block != NULL && !is(block, context))
        block = block->next;
    return block != NULL;
}

/* Whether some block that waits or is in work is one; with the lock. */
static bool any_staged(const struct block_intake *intake,
                       bool (*is)(const struct staged_block *block, const void *context),
                       const void *context)
{
    return in_batch(&intake->verifying, is, context) || in_batch(&intake->storing, is, context) ||
           in_chain(intake->unverified.head, is, context) ||
           in_chain(intake->verified.head, is, context) || in_chain(intake->apart, is, context);
}

/* The waiter is told when the next batch ends, which is soon. With the lock, which it lets go of.
 */
static void wait_for_batch(struct block_intake *intake, struct block_source *waiter)
{
    tell(intake, waiter);
    intake->hurry = true;
    struct left_over left = schedule(intake);
    mutex_unlock(&intake->lock);
    run_left_over(intake, left);
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
        wait_for_batch(intake, waiter);
    else
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
        wait_for_batch(intake, waiter);
    else
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
    while (source->staged > 0) {
        intake->hurry = true;
        struct left_over left = schedule(intake);
        if (left.verify || left.store) {
            mutex_unlock(&intake->lock);
            run_left_over(intake, left);
            mutex_lock(&intake->lock);
            continue;
        }
        condition_wait(&intake->settled, &intake->lock);
    }
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
