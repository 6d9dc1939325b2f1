/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a stream of bytes to hashes, on all cores: bytes are copied into batches; a full batch is
 * cut into units, v2 segments and v1 blocks of the same bytes, which the pool hashes with full
 * lanes while they are in the last cache; finished batches are handed on in content order.
 *
 * Memory of one pipeline: at most HASH_PIPELINE_BATCHES * (HASH_PIPELINE_BATCH_SIZE + 128 KiB) of
 * content and 16 KiB of bookkeeping per batch; a short content takes about its own size.
 *
 * A pipeline has no lock of its own: every function is called under its owner's lock. */
#ifndef PEERDIST_ENGINE_HASH_PIPELINE_H
#define PEERDIST_ENGINE_HASH_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "platform/thread.h"

#define HASH_PIPELINE_BATCH_SIZE (2u << 20)
#define HASH_PIPELINE_BATCHES    6u

/* What one batch gave, in content order. The pointers live during the call. */
struct hashed_batch {
    const uint8_t *v1_digests; /* 32 bytes a block */
    uint32_t v1_count;
    uint32_t v1_bytes; /* all blocks are whole but, in the last batch, the last */
    const uint32_t *v2_sizes;
    const uint8_t *v2_digests; /* 64 bytes a segment */
    uint32_t v2_count;
};

struct hash_pipeline_owner {
    void *context;
    struct mutex *lock;
    /* Tasks in the pool keep the owner, and so the pipeline, alive. With the lock or without. */
    void (*retain)(void *context);
    void (*release)(void *context);
    /* On a pool thread, without the lock, one at a time and in order. A failure stops the pipeline.
     */
    enum pd_status (*consume)(void *context, const struct hashed_batch *batch);
    /* On a pool thread, with the lock: there is room again, or all is hashed, or it failed. */
    void (*advanced)(void *context);
};

struct hash_pipeline;
/* with_v2: find v2 segments and hash them too. NULL without memory. */
struct hash_pipeline *hash_pipeline_create(const struct hash_pipeline_owner *owner, bool with_v2);
/* Nothing may be in flight (hash_pipeline_idle), or the owner is being destroyed. */
void hash_pipeline_destroy(struct hash_pipeline *pipeline);

/* Copies what there is room for and returns how much; `advanced` tells when to come again. */
size_t hash_pipeline_add(struct hash_pipeline *pipeline, const uint8_t *data, size_t length);
/* No bytes follow. Once; hash_pipeline_idle is true when the last batch was consumed. */
void hash_pipeline_finish(struct hash_pipeline *pipeline);
/* Stops: what is in flight is dropped, nothing is consumed any more. */
void hash_pipeline_cancel(struct hash_pipeline *pipeline);

bool hash_pipeline_idle(const struct hash_pipeline *pipeline);
/* PD_OK, or what stopped it. */
enum pd_status hash_pipeline_status(const struct hash_pipeline *pipeline);

#endif
