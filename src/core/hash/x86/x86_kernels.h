/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels for x86 and x86-64. Each needs the CPU features of its name; hash_dispatch checks. */
#ifndef PEERDIST_CORE_HASH_X86_KERNELS_H
#define PEERDIST_CORE_HASH_X86_KERNELS_H

#include "core/hash/hash_kernels.h"

/* 1, 2 or (64-bit code only) 4 messages on the SHA extensions; SSE4.1 and SSSE3 come with them. */
hash_compress hash_sha256_ni_1, hash_sha256_ni_2, hash_sha256_ni_4;

/* Lanes; the number is how many. AVX-512 means F, BW and VL. */
hash_compress hash_sha256_avx2_8, hash_sha256_avx512_8, hash_sha256_avx512_16;
hash_compress hash_sha512_avx2_4, hash_sha512_avx512_4, hash_sha512_avx512_8;

/* AVX-512 for the message schedules, SHA extensions for the rounds. 64-bit code only. */
hash_compress hash_sha256_hybrid_16;

#endif
