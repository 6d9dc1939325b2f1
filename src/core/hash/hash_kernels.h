/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hash_many schedules and what the dispatch chooses among. Internal to core/hash. */
#ifndef PEERDIST_CORE_HASH_HASH_KERNELS_H
#define PEERDIST_CORE_HASH_HASH_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define HASH_MAX_LANES 16

/* The eight words of a message's state, in the order of FIPS 180-4. */
union hash_state {
    uint32_t w32[8];
    uint64_t w64[8];
};

/* Runs the compression function over `blocks` (at least 1) whole blocks of each of as many messages
 * as the kernel has lanes. The states are different ones; the data may be the same. Reads the
 * blocks and nothing else. */
typedef void hash_compress(union hash_state *const *states, const uint8_t *const *data,
                           size_t blocks);

#define HASH_MAX_STEPS 4

/* Kernels for one digest family on one set of CPU features. */
struct hash_plan {
    const char *name;
    size_t minimum; /* hash_many leaves fewer messages than this to libcrypto */
    /* With n messages in work, of which the shortest run is r blocks, the first step with
     * n >= from and r >= run. The last step takes any n and r. */
    struct hash_step {
        hash_compress *compress;
        size_t lanes;
        size_t from;
        size_t run;
    } steps[HASH_MAX_STEPS];
};

/* FIPS 180-4, sections 4.2 and 5.3. */
extern const uint32_t hash_sha256_k[64];
extern const uint64_t hash_sha512_k[80];
extern const union hash_state hash_initial_sha256, hash_initial_sha384, hash_initial_sha512;

#endif
