/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernels for x86 share. Include in their .c files only. */
#ifndef PEERDIST_CORE_HASH_X86_LANES_H
#define PEERDIST_CORE_HASH_X86_LANES_H

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "core/hash/x86/x86_kernels.h"

#define UNROLL _Pragma("GCC unroll 16")

/* Keeps what is written before it in the program before what is written after it, so that work for
 * different execution units stays interleaved as it was written. */
#define KEEP_ORDER() __asm__ volatile("" ::: "memory")

/* Vector registers of AVX-512: 32 in 64-bit code, 8 in 32-bit code. */
#if defined(__x86_64__)
#define HAVE_32_REGISTERS 1
#else
#define HAVE_32_REGISTERS 0
#endif

/* First address in an array that is a multiple of 64. Compilers for Windows do not align variables
 * on the stack to more than 16. */
#define ALIGN_64(array) ((void *)(((uintptr_t)(array) + 63) & ~(uintptr_t)63))

static inline uint32_t load_big_endian_32(const uint8_t *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof x);
    return __builtin_bswap32(x);
}

static inline uint64_t load_big_endian_64(const uint8_t *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return __builtin_bswap64(x);
}

#endif
