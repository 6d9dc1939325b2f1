/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many independent messages: keeps the lanes of a kernel filled with messages of any lengths, and
 * passes to a narrower kernel when few are left. Padding is hashed in the lanes like any block. */
#include "core/hash/hash_many.h"

#include <string.h>

#include "core/hash/hash_dispatch.h"

#define MAX_BLOCK 128

/* Messages that wait are started longest first, so that the lanes end together; sorting is over
 * this many at a time. */
#define WINDOW 64

/* Blocks for which some of the messages run before others get their turn. */
#define TURN 64

/* A message in a lane. */
struct lane {
    union hash_state state;
    const uint8_t *data; /* next block */
    size_t blocks;       /* left at data: of the message first, then of its tail */
    const struct hash_message *message;
    bool in_tail;
    uint8_t tail[2 * MAX_BLOCK]; /* last incomplete block and padding */
};

struct job {
    enum hash_algorithm algorithm;
    size_t block;
    const struct hash_message *next, *end; /* not yet in the window */
    const struct hash_message *window[WINDOW];
    size_t waiting; /* in the window, longest last */
    struct lane lanes[HASH_MAX_LANES];
    struct lane *active[HASH_MAX_LANES]; /* the first `active_count`, fewest blocks first */
    size_t active_count;
};

static const union hash_state *initial_state(enum hash_algorithm algorithm)
{
    switch (algorithm) {
    case HASH_SHA256:
        return &hash_initial_sha256;
    case HASH_SHA384:
        return &hash_initial_sha384;
    default:
        return &hash_initial_sha512;
    }
}

/* FIPS 180-4, section 5.1: one bit, zeros, the length in bits in 8 or 16 bytes. */
static void enter_tail(const struct job *job, struct lane *lane)
{
    const struct hash_message *message = lane->message;
    const size_t rest = message->length % job->block;
    const size_t size = rest < job->block - job->block / 8 ? job->block : 2 * job->block;
    const uint64_t bytes = message->length;

    if (rest)
        memcpy(lane->tail, message->data + (message->length - rest), rest);
    memset(lane->tail + rest, 0, size - rest);
    lane->tail[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        lane->tail[size - 1 - i] = (uint8_t)(bytes << 3 >> (8 * i));
    if (job->block == MAX_BLOCK)
        lane->tail[size - 9] = (uint8_t)(bytes >> 61);
    lane->data = lane->tail;
    lane->blocks = size / job->block;
    lane->in_tail = true;
}

static void start(const struct job *job, struct lane *lane, const struct hash_message *message)
{
    lane->state = *initial_state(job->algorithm);
    lane->message = message;
    lane->data = message->data;
    lane->blocks = message->length / job->block;
    lane->in_tail = false;
    if (lane->blocks == 0)
        enter_tail(job, lane);
}

static void write_digest(const struct job *job, const struct lane *lane)
{
    uint8_t *out = lane->message->digest;
    const size_t size = hash_size(job->algorithm);

    for (size_t i = 0; i < size; i++)
        out[i] = job->algorithm == HASH_SHA256
                     ? (uint8_t)(lane->state.w32[i / 4] >> (24 - 8 * (i % 4)))
                     : (uint8_t)(lane->state.w64[i / 8] >> (56 - 8 * (i % 8)));
}

/* NULL when all messages are in lanes or done. */
static const struct hash_message *take(struct job *job)
{
    if (job->waiting == 0) {
        while (job->waiting < WINDOW && job->next < job->end) {
            const struct hash_message *message = job->next++;
            size_t i = job->waiting++;
            for (; i > 0 && job->window[i - 1]->length > message->length; i--)
                job->window[i] = job->window[i - 1];
            job->window[i] = message;
        }
        if (job->waiting == 0)
            return NULL;
    }
    return job->window[--job->waiting];
}

static void sort_active(struct job *job)
{
    for (size_t i = 1; i < job->active_count; i++) {
        struct lane *lane = job->active[i];
        size_t k = i;
        for (; k > 0 && job->active[k - 1]->blocks > lane->blocks; k--)
            job->active[k] = job->active[k - 1];
        job->active[k] = lane;
    }
}

static const struct hash_step *choose(const struct hash_plan *plan, size_t count, size_t run)
{
    const struct hash_step *step = plan->steps;
    while (count < step->from || run < step->run)
        step++;
    return step;
}

/* Runs some lanes until the first of them is at its end, or for a while. */
static void run(struct job *job, const struct hash_plan *plan)
{
    union hash_state *states[HASH_MAX_LANES];
    union hash_state unused[HASH_MAX_LANES];
    const uint8_t *data[HASH_MAX_LANES];
    struct lane **chosen = job->active;
    size_t blocks = chosen[0]->blocks;
    const struct hash_step *step = choose(plan, job->active_count, blocks);
    size_t used = job->active_count < step->lanes ? job->active_count : step->lanes;

    /* Too few messages for the widest kernel: a narrower one takes the longest by turns, so that
     * all end together. Enough messages, but some with a short run: these are let out first. */
    if (used < job->active_count && job->active_count < plan->steps[0].from) {
        chosen += job->active_count - used;
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): used > 0, a step has lanes */
        blocks = chosen[0]->blocks < TURN ? chosen[0]->blocks : TURN;
    }
    for (size_t i = 0; i < step->lanes; i++) {
        if (i < used) {
            states[i] = &chosen[i]->state;
            data[i] = chosen[i]->data;
            chosen[i]->data += blocks * job->block;
            chosen[i]->blocks -= blocks;
        } else { /* an empty lane repeats the work of the first */
            unused[i] = *states[0];
            states[i] = &unused[i];
            data[i] = data[0];
        }
    }
    step->compress(states, data, blocks);
}

/* Lanes at the end of their data go on to the tail, to the next message, or away. */
static void refill(struct job *job)
{
    for (size_t i = 0; i < job->active_count;) {
        struct lane *lane = job->active[i];
        if (lane->blocks == 0 && !lane->in_tail) {
            enter_tail(job, lane);
        } else if (lane->blocks == 0) {
            write_digest(job, lane);
            const struct hash_message *message = take(job);
            if (!message) {
                job->active[i] = job->active[--job->active_count];
                continue;
            }
            start(job, lane, message);
        }
        i++;
    }
}

static void hash_in_lanes(enum hash_algorithm algorithm, const struct hash_plan *plan,
                          const struct hash_message *messages, size_t count)
{
    struct job job;
    job.algorithm = algorithm;
    job.block = algorithm == HASH_SHA256 ? 64 : MAX_BLOCK;
    job.next = messages;
    job.end = messages + count;
    job.waiting = 0;
    job.active_count = 0;

    while (job.active_count < plan->steps[0].lanes) {
        const struct hash_message *message = take(&job);
        if (!message)
            break;
        struct lane *lane = &job.lanes[job.active_count];
        start(&job, lane, message);
        job.active[job.active_count++] = lane;
    }
    while (job.active_count) {
        sort_active(&job);
        run(&job, plan);
        refill(&job);
    }
}

bool hash_many(enum hash_algorithm algorithm, const struct hash_message *messages, size_t count)
{
    const struct hash_plan *plan = hash_dispatch_plan(algorithm);

    if (plan && count >= plan->minimum) {
        hash_in_lanes(algorithm, plan, messages, count);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!digest_once(algorithm, messages[i].data, messages[i].length, messages[i].digest))
            return false;
    }
    return true;
}

size_t hash_many_lanes(enum hash_algorithm algorithm)
{
    const struct hash_plan *plan = hash_dispatch_plan(algorithm);
    return plan ? plan->steps[0].lanes : 1;
}

const char *hash_many_implementation(enum hash_algorithm algorithm)
{
    const struct hash_plan *plan = hash_dispatch_plan(algorithm);
    return plan ? plan->name : "openssl";
}
