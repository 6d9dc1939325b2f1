/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernels this machine runs: features of CPU and operating system, what the user switched
 * off, and which kernel is fastest for which number of messages. */
#include "core/hash/hash_dispatch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#define X86 1
#include <cpuid.h>
#include "core/hash/x86/x86_kernels.h"
#else
#define X86 0
#endif

#define DECIDED 0x80000000u

static atomic_uint decision;

static const char *const names[HASH_CPU_COUNT] = {"shani", "avx2", "avx512", "hybrid"};

const char *hash_cpu_name(unsigned bit)
{
    return names[bit];
}

#if X86

/* Register files that the operating system saves: bits of XCR0. */
#define XCR0_AVX     0x06u /* SSE, upper halves of YMM */
#define XCR0_AVX_512 0xe6u /* and masks, upper halves of ZMM, ZMM16 to 31 */

static unsigned enabled_state(void)
{
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

unsigned hash_cpu_detect(void)
{
    unsigned a, b, c, d, b7, c1, features = 0;

    if (!__get_cpuid(1, &a, &b, &c1, &d) || !__get_cpuid_count(7, 0, &a, &b7, &c, &d))
        return 0;
    const unsigned state = c1 & bit_OSXSAVE ? enabled_state() : 0;
    if ((b7 & bit_SHA) && (c1 & bit_SSSE3) && (c1 & bit_SSE4_1))
        features |= HASH_CPU_SHANI;
    if ((b7 & bit_AVX2) && (state & XCR0_AVX) == XCR0_AVX)
        features |= HASH_CPU_AVX2;
    if ((b7 & bit_AVX512F) && (b7 & bit_AVX512BW) && (b7 & bit_AVX512VL) &&
        (state & XCR0_AVX_512) == XCR0_AVX_512)
        features |= HASH_CPU_AVX512;
#if defined(__x86_64__)
    if ((features & HASH_CPU_SHANI) && (features & HASH_CPU_AVX512))
        features |= HASH_CPU_HYBRID;
#endif
    return features;
}

/* The hybrid kernel wins where AVX-512 runs on 256-bit units and SHA256RNDS2 starts every cycle:
 * AMD family 19h (Zen 4). Elsewhere its SHA instructions alone take longer than plain AVX-512. */
static bool hybrid_wins(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(0, &a, &b, &c, &d) || b != signature_AMD_ebx || c != signature_AMD_ecx ||
        d != signature_AMD_edx || !__get_cpuid(1, &a, &b, &c, &d))
        return false;
    return ((a >> 8) & 0xf) + ((a >> 20) & 0xff) == 0x19;
}

/* Names are hash_<algorithm>_<instruction set>_<lanes>. The thresholds are measured: see the
 * benchmark of the kernels. In 32-bit code two messages on the SHA extensions are a kernel of its
 * own: sha256_ni_ahead.c. */
#if defined(__x86_64__)
static const struct hash_plan sha256_hybrid = {
    .name = "avx512+shani",
    .steps = {{hash_sha256_hybrid_16, 16, 14, 3},
              {hash_sha256_ni_4, 4, 4, 1},
              {hash_sha256_ni_2, 2, 2, 1},
              {hash_sha256_ni_1, 1, 1, 1}},
};
static const struct hash_plan sha256_avx512_ni = {
    .name = "avx512",
    .steps = {{hash_sha256_avx512_16, 16, 15, 2},
              {hash_sha256_ni_4, 4, 4, 1},
              {hash_sha256_ni_2, 2, 2, 1},
              {hash_sha256_ni_1, 1, 1, 1}},
};
static const struct hash_plan sha256_ni = {
    .name = "shani",
    .steps = {{hash_sha256_ni_4, 4, 4, 1},
              {hash_sha256_ni_2, 2, 2, 1},
              {hash_sha256_ni_1, 1, 1, 1}},
};
#else
static const struct hash_plan sha256_avx512_ni = {
    .name = "avx512",
    .steps = {{hash_sha256_avx512_16, 16, 10, 1},
              {hash_sha256_ni_2, 2, 2, 1},
              {hash_sha256_ni_1, 1, 1, 1}},
};
static const struct hash_plan sha256_ni = {
    .name = "shani",
    .steps = {{hash_sha256_ni_2, 2, 2, 1}, {hash_sha256_ni_1, 1, 1, 1}},
};
#endif
static const struct hash_plan sha256_avx512 = {
    .name = "avx512",
    .minimum = 2,
    .steps = {{hash_sha256_avx512_16, 16, 15, 1}, {hash_sha256_avx512_8, 8, 1, 1}},
};
static const struct hash_plan sha256_avx2 = {
    .name = "avx2",
    .minimum = 3,
    .steps = {{hash_sha256_avx2_8, 8, 1, 1}},
};
static const struct hash_plan sha512_avx512 = {
    .name = "avx512",
    .minimum = 2,
    .steps = {{hash_sha512_avx512_8, 8, 8, 1}, {hash_sha512_avx512_4, 4, 1, 1}},
};
static const struct hash_plan sha512_avx2 = {
    .name = "avx2",
    .minimum = 3,
    .steps = {{hash_sha512_avx2_4, 4, 1, 1}},
};

static const struct hash_plan *plan_sha256(unsigned features)
{
#if defined(__x86_64__)
    if (features & HASH_CPU_HYBRID)
        return &sha256_hybrid;
#endif
    if (features & HASH_CPU_AVX512)
        return features & HASH_CPU_SHANI ? &sha256_avx512_ni : &sha256_avx512;
    if (features & HASH_CPU_SHANI)
        return &sha256_ni;
    return features & HASH_CPU_AVX2 ? &sha256_avx2 : NULL;
}

static const struct hash_plan *plan_sha512(unsigned features)
{
    if (features & HASH_CPU_AVX512)
        return &sha512_avx512;
    return features & HASH_CPU_AVX2 ? &sha512_avx2 : NULL;
}

#else

unsigned hash_cpu_detect(void)
{
    return 0;
}

static bool hybrid_wins(void)
{
    return false;
}

static const struct hash_plan *plan_sha256(unsigned features)
{
    (void)features;
    return NULL;
}

static const struct hash_plan *plan_sha512(unsigned features)
{
    (void)features;
    return NULL;
}

#endif

static unsigned switched_off(void)
{
    unsigned off = 0;
    const char *list = getenv("PEERDIST_CPU_DISABLE");

    while (list && *list) {
        const size_t length = strcspn(list, ",");
        for (unsigned i = 0; i < HASH_CPU_COUNT; i++) {
            if (strlen(names[i]) == length && memcmp(names[i], list, length) == 0)
                off |= 1u << i;
        }
        list += length + (list[length] == ',');
    }
    return off;
}

/* A kernel of two features needs both of them. */
static unsigned consistent(unsigned features)
{
    const unsigned both = HASH_CPU_SHANI | HASH_CPU_AVX512;
    return (features & both) == both ? features : features & ~(unsigned)HASH_CPU_HYBRID;
}

void hash_dispatch_init(void)
{
    if (atomic_load_explicit(&decision, memory_order_relaxed))
        return;
    unsigned features = hash_cpu_detect() & ~switched_off();
    if (!hybrid_wins())
        features &= ~(unsigned)HASH_CPU_HYBRID;
    unsigned undecided = 0; /* a racing thread decides the same; a test's selection stays */
    atomic_compare_exchange_strong(&decision, &undecided, consistent(features) | DECIDED);
}

unsigned hash_dispatch_features(void)
{
    hash_dispatch_init();
    return atomic_load_explicit(&decision, memory_order_relaxed) & ~DECIDED;
}

void hash_dispatch_select(unsigned features)
{
    atomic_store(&decision, consistent(features & hash_cpu_detect()) | DECIDED);
}

const struct hash_plan *hash_dispatch_plan(enum hash_algorithm algorithm)
{
    const unsigned features = hash_dispatch_features();
    return algorithm == HASH_SHA256 ? plan_sha256(features) : plan_sha512(features);
}
