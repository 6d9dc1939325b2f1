/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-512 (and SHA-384) of 4 messages in AVX2 or AVX-512 lanes, or of 8 in AVX-512 lanes. */
#include "core/hash/x86/lanes.h"

#define WORD         uint64_t
#define MEMBER       w64
#define ROUNDS       80
#define CONSTANTS    hash_sha512_k
#define LOAD_WORD(p) load_big_endian_64(p)
#define SUM0(x)      XOR3(ROTR(x, 28), ROTR(x, 34), ROTR(x, 39))
#define SUM1(x)      XOR3(ROTR(x, 14), ROTR(x, 18), ROTR(x, 41))
#define SIGMA0(x)    XOR3(ROTR(x, 1), ROTR(x, 8), SHR(x, 7))
#define SIGMA1(x)    XOR3(ROTR(x, 19), ROTR(x, 61), SHR(x, 6))

#define NAME                hash_sha512_avx2_4
#define TARGET              __attribute__((target("avx2")))
#define VECTOR              __m256i
#define LANES               4
#define RECENT_IN_REGISTERS 0
#define LOAD(p)             _mm256_loadu_si256((const void *)(p))
#define STORE(p, x)         _mm256_storeu_si256((void *)(p), x)
#define SET1(k)             _mm256_set1_epi64x((long long)(k))
#define ADD                 _mm256_add_epi64
#define ROTR(x, n)          _mm256_or_si256(_mm256_srli_epi64(x, n), _mm256_slli_epi64(x, 64 - (n)))
#define SHR                 _mm256_srli_epi64
#define XOR3(x, y, z)       _mm256_xor_si256(_mm256_xor_si256(x, y), z)
#define CHOOSE(e, f, g)     _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)))
#define MAJORITY(a, b, c) \
    _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)))
#define PIN(x) __asm__("" : "+x"(x))
#include "core/hash/x86/sha2_lanes_template.h"

#define NAME                hash_sha512_avx512_4
#define TARGET              __attribute__((target("avx512f,avx512bw,avx512vl")))
#define VECTOR              __m256i
#define LANES               4
#define RECENT_IN_REGISTERS HAVE_32_REGISTERS
#define LOAD(p)             _mm256_loadu_si256((const void *)(p))
#define STORE(p, x)         _mm256_storeu_si256((void *)(p), x)
#define SET1(k)             _mm256_set1_epi64x((long long)(k))
#define ADD                 _mm256_add_epi64
#define ROTR                _mm256_ror_epi64
#define SHR                 _mm256_srli_epi64
#define XOR3(x, y, z)       _mm256_ternarylogic_epi64(x, y, z, 0x96)
#define CHOOSE(e, f, g)     _mm256_ternarylogic_epi64(e, f, g, 0xca)
#define MAJORITY(a, b, c)   _mm256_ternarylogic_epi64(a, b, c, 0xe8)
#define PIN(x)              __asm__("" : "+v"(x))
#include "core/hash/x86/sha2_lanes_template.h"

#define NAME                hash_sha512_avx512_8
#define TARGET              __attribute__((target("avx512f,avx512bw,avx512vl")))
#define VECTOR              __m512i
#define LANES               8
#define RECENT_IN_REGISTERS HAVE_32_REGISTERS
#define LOAD(p)             _mm512_loadu_si512((const void *)(p))
#define STORE(p, x)         _mm512_storeu_si512((void *)(p), x)
#define SET1(k)             _mm512_set1_epi64((long long)(k))
#define ADD                 _mm512_add_epi64
#define ROTR                _mm512_ror_epi64
#define SHR                 _mm512_srli_epi64
#define XOR3(x, y, z)       _mm512_ternarylogic_epi64(x, y, z, 0x96)
#define CHOOSE(e, f, g)     _mm512_ternarylogic_epi64(e, f, g, 0xca)
#define MAJORITY(a, b, c)   _mm512_ternarylogic_epi64(a, b, c, 0xe8)
#define PIN(x)              __asm__("" : "+v"(x))
#include "core/hash/x86/sha2_lanes_template.h"
