/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 of 8 messages in AVX2 or AVX-512 lanes, or of 16 in AVX-512 lanes. */
#include "core/hash/x86/lanes.h"

#define WORD         uint32_t
#define MEMBER       w32
#define ROUNDS       64
#define CONSTANTS    hash_sha256_k
#define LOAD_WORD(p) load_big_endian_32(p)
#define SUM0(x)      XOR3(ROTR(x, 2), ROTR(x, 13), ROTR(x, 22))
#define SUM1(x)      XOR3(ROTR(x, 6), ROTR(x, 11), ROTR(x, 25))
#define SIGMA0(x)    XOR3(ROTR(x, 7), ROTR(x, 18), SHR(x, 3))
#define SIGMA1(x)    XOR3(ROTR(x, 17), ROTR(x, 19), SHR(x, 10))

#define NAME                hash_sha256_avx2_8
#define TARGET              __attribute__((target("avx2")))
#define VECTOR              __m256i
#define LANES               8
#define RECENT_IN_REGISTERS 0
#define LOAD(p)             _mm256_loadu_si256((const void *)(p))
#define STORE(p, x)         _mm256_storeu_si256((void *)(p), x)
#define SET1(k)             _mm256_set1_epi32((int)(k))
#define ADD                 _mm256_add_epi32
#define ROTR(x, n)          _mm256_or_si256(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - (n)))
#define SHR                 _mm256_srli_epi32
#define XOR3(x, y, z)       _mm256_xor_si256(_mm256_xor_si256(x, y), z)
#define CHOOSE(e, f, g)     _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)))
#define MAJORITY(a, b, c) \
    _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)))
#define PIN(x) __asm__("" : "+x"(x))
#include "core/hash/x86/sha2_lanes_template.h"

#define NAME                hash_sha256_avx512_8
#define TARGET              __attribute__((target("avx512f,avx512bw,avx512vl")))
#define VECTOR              __m256i
#define LANES               8
#define RECENT_IN_REGISTERS HAVE_32_REGISTERS
#define LOAD(p)             _mm256_loadu_si256((const void *)(p))
#define STORE(p, x)         _mm256_storeu_si256((void *)(p), x)
#define SET1(k)             _mm256_set1_epi32((int)(k))
#define ADD                 _mm256_add_epi32
#define ROTR                _mm256_ror_epi32
#define SHR                 _mm256_srli_epi32
#define XOR3(x, y, z)       _mm256_ternarylogic_epi32(x, y, z, 0x96)
#define CHOOSE(e, f, g)     _mm256_ternarylogic_epi32(e, f, g, 0xca)
#define MAJORITY(a, b, c)   _mm256_ternarylogic_epi32(a, b, c, 0xe8)
#define PIN(x)              __asm__("" : "+v"(x))
#include "core/hash/x86/sha2_lanes_template.h"

#define NAME                hash_sha256_avx512_16
#define TARGET              __attribute__((target("avx512f,avx512bw,avx512vl")))
#define VECTOR              __m512i
#define LANES               16
#define RECENT_IN_REGISTERS HAVE_32_REGISTERS
#define LOAD(p)             _mm512_loadu_si512((const void *)(p))
#define STORE(p, x)         _mm512_storeu_si512((void *)(p), x)
#define SET1(k)             _mm512_set1_epi32((int)(k))
#define ADD                 _mm512_add_epi32
#define ROTR                _mm512_ror_epi32
#define SHR                 _mm512_srli_epi32
#define XOR3(x, y, z)       _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define CHOOSE(e, f, g)     _mm512_ternarylogic_epi32(e, f, g, 0xca)
#define MAJORITY(a, b, c)   _mm512_ternarylogic_epi32(a, b, c, 0xe8)
#define PIN(x)              __asm__("" : "+v"(x))
#include "core/hash/x86/sha2_lanes_template.h"
