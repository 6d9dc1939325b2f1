/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way into the data cache: whole blocks, from AddData now and from peers later, wait here
 * in memory, are verified many at a time with full lanes, and what matches its hash is written and
 * committed. A block that does not match is dropped without a word.
 *
 * Work runs on the pool, one batch at a time for each intake and step. Memory: at most
 * BLOCK_INTAKE_BYTES of blocks wait or are in work. */
#ifndef PEERDIST_ENGINE_BLOCK_INTAKE_H
#define PEERDIST_ENGINE_BLOCK_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/cache_store.h"

#define BLOCK_INTAKE_BYTES       (16u << 20)
#define BLOCK_INTAKE_BATCH_BYTES (2u << 20)

/* Whose blocks these are: told about progress, and asked to lend its identity to the store I/O. One
 * source is one content handle. */
struct block_source {
    void *context;
    uint64_t fetcher; /* its number at the store */
    struct cache_tag tag;
    void *token; /* impersonation token of the user, NULL: the process's; valid while retained */
    void (*retain)(void *context);
    void (*release)(void *context);
    /* On a pool thread, no lock held: a batch ended in which it had blocks, or there is room again
     * after it was refused. */
    void (*advanced)(void *context);

    /* The intake's, under its lock. */
    struct block_source *next_told; /* chain of those that are to be told, who are retained */
    bool told;
    unsigned staged; /* blocks of it */
    uint64_t written;
};

struct staged_block {
    struct staged_block *next; /* intake's */
    bool good;                 /* intake's: it matches its hash */
    struct block_source *source;
    struct cache_segment segment;
    uint64_t offset; /* of its first byte in the content of the source */
    uint32_t number, length;
    uint8_t hash[HASH_MAX_SIZE]; /* what the content information says */
    uint8_t *data;               /* block_data: a reference of the block's */
    /* NULL: nobody is asked to account for it. Else called once, without a lock, when
     * the block has been compared with its hash. */
    void (*judged)(void *judge_context, const struct staged_block *block, bool good);
    void *judge_context;
};

struct block_intake;
/* NULL without memory. */
struct block_intake *block_intake_create(struct cache_store *store);
/* Nothing may be staged. */
void block_intake_destroy(struct block_intake *intake);

/* Takes the room of `length` bytes; false: none now, and source->advanced will be called when there
 * is. Room is given back with the block, or by block_intake_unreserve. */
bool block_intake_reserve(struct block_intake *intake, struct block_source *source,
                          uint32_t length);
/* May call advanced of those who were refused. */
void block_intake_unreserve(struct block_intake *intake, uint32_t length);
/* Takes over a malloc'ed block for which there was a reservation, and retains its source until the
 * batch has ended. */
void block_intake_submit(struct block_intake *intake, struct staged_block *block);
/* The same for one that comes alone; the calling thread verifies it. */
void block_intake_submit_one(struct block_intake *intake, struct staged_block *block);

/* True while a block with this segment ID and number is staged or in work: whoever looks for it in
 * the cache should look again when the batch has ended. `waiter` (NULL: nobody) is then told
 * through its advanced, once. */
bool block_intake_holds(struct block_intake *intake, const struct cache_segment *segment,
                        uint32_t number, struct block_source *waiter);
/* Counts batches that have ended: what was staged before is in the cache, or not, since then. */
unsigned block_intake_batches(struct block_intake *intake);
/* Waits until nothing of this source is staged or in work: all its good blocks are committed. Not
 * on a pool thread. */
void block_intake_drain_source(struct block_intake *intake, const struct block_source *source);
/* True while blocks of any source with this tag are staged or in work; the waiter is then told as
 * above. */
bool block_intake_holds_tag(struct block_intake *intake, const struct cache_tag *tag,
                            struct block_source *waiter);
/* Bytes of good blocks that nobody was asked to account for, since the last call. */
uint64_t block_intake_take_added(struct block_intake *intake);
/* Blocks committed since the start that `source` did not bring. */
uint64_t block_intake_foreign_writes(struct block_intake *intake,
                                     const struct block_source *source);

#endif
