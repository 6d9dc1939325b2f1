/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of the blocks of one segment: numbers 0 to 511. */
#ifndef PEERDIST_CORE_BLOCK_SET_H
#define PEERDIST_CORE_BLOCK_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/segment.h"

struct block_set {
    uint64_t words[BLOCKS_PER_SEGMENT / 64];
};

static inline bool block_set_has(const struct block_set *set, uint32_t number)
{
    return number < BLOCKS_PER_SEGMENT && (set->words[number / 64] >> number % 64 & 1) != 0;
}

static inline void block_set_add(struct block_set *set, uint32_t number)
{
    set->words[number / 64] |= 1ull << number % 64;
}

static inline void block_set_remove(struct block_set *set, uint32_t number)
{
    set->words[number / 64] &= ~(1ull << number % 64);
}

/* The least member from `number` on; BLOCKS_PER_SEGMENT when there is none. */
static inline uint32_t block_set_next(const struct block_set *set, uint32_t number)
{
    while (number < BLOCKS_PER_SEGMENT) {
        uint64_t rest = set->words[number / 64] >> number % 64;
        if (rest != 0)
            return number + (uint32_t)__builtin_ctzll(rest);
        number = (number / 64 + 1) * 64;
    }
    return BLOCKS_PER_SEGMENT;
}

static inline uint32_t block_set_count(const struct block_set *set)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < BLOCKS_PER_SEGMENT / 64; i++)
        count += (uint32_t)__builtin_popcountll(set->words[i]);
    return count;
}

static inline bool block_set_is_empty(const struct block_set *set)
{
    return block_set_next(set, 0) == BLOCKS_PER_SEGMENT;
}

static inline void block_set_intersect(struct block_set *set, const struct block_set *other)
{
    for (unsigned i = 0; i < BLOCKS_PER_SEGMENT / 64; i++)
        set->words[i] &= other->words[i];
}

#endif
