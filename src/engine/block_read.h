/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way out of the data cache: blocks are read into place and compared with their hashes, on
 * all cores and with full lanes, before anybody sees a byte of them. */
#ifndef PEERDIST_ENGINE_BLOCK_READ_H
#define PEERDIST_ENGINE_BLOCK_READ_H

#include <stdbool.h>

#include "core/hash/digest.h"
#include "store/cache_store.h"

enum block_verdict {
    BLOCK_GOOD,
    BLOCK_GONE,     /* its bytes cannot be read from there */
    BLOCK_BAD,      /* they are others */
    BLOCK_UNCHECKED /* no memory to tell */
};

struct block_request {
    struct cache_place place;
    uint32_t length;
    uint8_t *out; /* zeroed unless the block is good */
    const uint8_t *hash;
    size_t hash_length;            /* of it that count */
    enum hash_algorithm algorithm; /* the same in all requests of a call */
    enum block_verdict verdict;
};

/* Requests of one call. */
#define BLOCK_READ_MAX 32u

/* Fills in all verdicts. The calling thread, which runs as the user of `token`, does the work;
 * unless alone, the pool helps. */
void block_read(struct cache_store *store, void *token, struct block_request *requests,
                uint32_t count, bool alone);

#endif
