/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernels this machine runs. Internal to core/hash, its tests and its benchmarks.
 *
 * The environment variable PEERDIST_CPU_DISABLE switches features off: names of hash_cpu_name,
 * separated by commas. It is read once. */
#ifndef PEERDIST_CORE_HASH_HASH_DISPATCH_H
#define PEERDIST_CORE_HASH_HASH_DISPATCH_H

#include "core/hash/digest.h"
#include "core/hash/hash_kernels.h"

enum hash_cpu {
    HASH_CPU_SHANI = 1, /* SHA extensions, SSSE3, SSE4.1 */
    HASH_CPU_AVX2 = 2,
    HASH_CPU_AVX512 = 4, /* F, BW and VL */
    HASH_CPU_HYBRID = 8, /* not a feature: AVX-512 and SHA extensions in one kernel */
};

#define HASH_CPU_COUNT 4

/* "shani", "avx2", "avx512", "hybrid": bit i of enum hash_cpu. */
const char *hash_cpu_name(unsigned bit);

/* All that this CPU and operating system can run. */
unsigned hash_cpu_detect(void);

/* Decides once; later calls, from any thread, find it decided. */
void hash_dispatch_init(void);

/* The decision: bits of enum hash_cpu. */
unsigned hash_dispatch_features(void);

/* Replaces the decision, for tests and benchmarks: what of `features` the machine can run. */
void hash_dispatch_select(unsigned features);

/* NULL: libcrypto only. */
const struct hash_plan *hash_dispatch_plan(enum hash_algorithm algorithm);

#endif
