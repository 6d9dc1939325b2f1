/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hashing core's primitive: many independent messages at once, in SIMD lanes where the machine
 * has them. Blocks (64 KiB) and v2 segments (32 to 128 KiB) are such messages. */
#ifndef PEERDIST_CORE_HASH_HASH_MANY_H
#define PEERDIST_CORE_HASH_HASH_MANY_H

#include "core/hash/digest.h"

struct hash_message {
    const uint8_t *data; /* any alignment; may be NULL when length is 0 */
    size_t length;       /* bytes; messages of one call may differ */
    uint8_t *digest;     /* receives hash_size(algorithm) bytes */
};

/* Hashes count messages; the caller's thread does the work, no allocation of its own. False only
 * when the portable path's libcrypto fails; digests are then unspecified and must not be used. */
bool hash_many(enum hash_algorithm algorithm, const struct hash_message *messages, size_t count);

/* How many messages keep the lanes full for this algorithm on this machine (1, 2, 4, 8 or 16). */
size_t hash_many_lanes(enum hash_algorithm algorithm);

/* Name of the implementation that hash_many uses for large messages, for status and benchmarks. */
const char *hash_many_implementation(enum hash_algorithm algorithm);

#endif
