/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 of 16 messages with AVX-512 and the SHA extensions together.
 *
 * Where 512-bit operations are executed in two halves, the rounds are cheaper with SHA256RNDS2, and
 * the message schedules cheaper in 16 lanes. So three things go on side by side: the words of block
 * n + 2 are put in lane order by the integer units, the schedules of block n + 1 are computed in
 * lanes, and the rounds of block n run on the SHA extensions, four messages at a time. */
#include "core/hash/x86/lanes.h"

#if defined(__x86_64__)

#define TARGET __attribute__((target("avx512f,avx512bw,sha,sse4.1,ssse3")))
#include "core/hash/x86/sha256_ni_state.h"

#define LANES 16
#define GROUP 4 /* messages whose rounds run side by side */

#define ADD(x, y)     _mm512_add_epi32(x, y)
#define ROTR(x, n)    _mm512_ror_epi32(x, n)
#define SHR(x, n)     _mm512_srli_epi32(x, n)
#define XOR3(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define SIGMA0(x)     XOR3(ROTR(x, 7), ROTR(x, 18), SHR(x, 3))
#define SIGMA1(x)     XOR3(ROTR(x, 17), ROTR(x, 19), SHR(x, 10))
#define SET1(k)       _mm512_set1_epi32((int)(k))

/* Words with their round constants, two rounds of one message to a uint64_t. Pair p of rounds is in
 * the 16 from 16p on, in the order in which unpacking leaves the messages: messages 4i and 4i + 1
 * at 2i and 2i + 1, messages 4i + 2 and 4i + 3 at 8 + 2i and 9 + 2i. */
#define PAIR(rounds, p) _mm_loadl_epi64((const void *)((rounds) + 16 * (p)))

/* Rounds 4j to 4j + 3 of message m of the group. */
#define ROUNDS(j, m)                                                                      \
    do {                                                                                  \
        const uint64_t *const of_message = rounds + (m) % 2 + (m) / 2 * 8;                \
        cdgh[m] = _mm_sha256rnds2_epu32(cdgh[m], abef[m], PAIR(of_message, 2 * (j)));     \
        abef[m] = _mm_sha256rnds2_epu32(abef[m], cdgh[m], PAIR(of_message, 2 * (j) + 1)); \
    } while (0)

/* Word j of a quarter of the schedule: loaded in the first quarter, computed in the others. */
#define LOADED(j) _mm512_loadu_si512(words + LANES * (j))
#define COMPUTED(j) \
    ADD(ADD(w[j], w[((j) + 9) % 16]), ADD(SIGMA0(w[((j) + 1) % 16]), SIGMA1(w[((j) + 14) % 16])))

/* Words j - 1 and j, j odd, to where the rounds will take them from. */
#define STORE_PAIR(j)                                                               \
    do {                                                                            \
        const __m512i x = ADD(w[(j)-1], SET1(k[(j)-1])), y = ADD(w[j], SET1(k[j])); \
        _mm512_storeu_si512(next_rounds + 8 * (j)-8, _mm512_unpacklo_epi32(x, y));  \
        _mm512_storeu_si512(next_rounds + 8 * (j), _mm512_unpackhi_epi32(x, y));    \
    } while (0)

/* Words j and j + 1, j even, of message m of the group, into lane order. */
#define TRANSPOSE(j, m)                                             \
    do {                                                            \
        const uint64_t two = load_big_endian_64(from[m] + 4 * (j)); \
        to[LANES * (j) + (m)] = (uint32_t)(two >> 32);              \
        to[LANES * (j) + LANES + (m)] = (uint32_t)two;              \
    } while (0)

#define TWO_STEPS(j, WORD)          \
    do {                            \
        ROUNDS(j, 0);               \
        ROUNDS(j, 1);               \
        w[j] = WORD(j);             \
        TRANSPOSE(j, 0);            \
        TRANSPOSE(j, 1);            \
        KEEP_ORDER();               \
        ROUNDS(j, 2);               \
        ROUNDS(j, 3);               \
        KEEP_ORDER();               \
        ROUNDS((j) + 1, 0);         \
        ROUNDS((j) + 1, 1);         \
        w[(j) + 1] = WORD((j) + 1); \
        TRANSPOSE(j, 2);            \
        TRANSPOSE(j, 3);            \
        KEEP_ORDER();               \
        ROUNDS((j) + 1, 2);         \
        ROUNDS((j) + 1, 3);         \
        STORE_PAIR((j) + 1);        \
        KEEP_ORDER();               \
    } while (0)

/* All rounds of one group, a quarter of the schedules, a quarter of the lanes' words. */
#define QUARTER(quarter, WORD)                                          \
    do {                                                                \
        const uint32_t *const k = hash_sha256_k + 16 * (quarter);       \
        const uint64_t *const rounds = this_rounds + 2 * (quarter);     \
        uint64_t *const next_rounds = that_rounds + 8 * 16 * (quarter); \
        uint32_t *const to = next_words + GROUP * (quarter);            \
        __m128i *const group_abef = all_abef + GROUP * (quarter);       \
        __m128i *const group_cdgh = all_cdgh + GROUP * (quarter);       \
        const uint8_t *from[GROUP];                                     \
        __m128i abef[GROUP], cdgh[GROUP];                               \
        UNROLL for (size_t m = 0; m < GROUP; m++)                       \
        {                                                               \
            from[m] = data[GROUP * (quarter) + m] + offset;             \
            abef[m] = group_abef[m];                                    \
            cdgh[m] = group_cdgh[m];                                    \
        }                                                               \
        TWO_STEPS(0, WORD);                                             \
        TWO_STEPS(2, WORD);                                             \
        TWO_STEPS(4, WORD);                                             \
        TWO_STEPS(6, WORD);                                             \
        TWO_STEPS(8, WORD);                                             \
        TWO_STEPS(10, WORD);                                            \
        TWO_STEPS(12, WORD);                                            \
        TWO_STEPS(14, WORD);                                            \
        UNROLL for (size_t m = 0; m < GROUP; m++)                       \
        {                                                               \
            group_abef[m] = _mm_add_epi32(group_abef[m], abef[m]);      \
            group_cdgh[m] = _mm_add_epi32(group_cdgh[m], cdgh[m]);      \
        }                                                               \
    } while (0)

TARGET static void load_states(union hash_state *const *states, __m128i *abef, __m128i *cdgh)
{
    for (size_t m = 0; m < LANES; m++)
        load_state(states[m], &abef[m], &cdgh[m]);
}

TARGET static void store_states(union hash_state *const *states, const __m128i *abef,
                                const __m128i *cdgh)
{
    for (size_t m = 0; m < LANES; m++)
        store_state(states[m], abef[m], cdgh[m]);
}

TARGET void hash_sha256_hybrid_16(union hash_state *const *states, const uint8_t *const *data,
                                  size_t blocks)
{
    uint64_t rounds_space[2 * 32 * LANES + 64 / sizeof(uint64_t)];
    uint32_t words_space[2 * 16 * LANES + 64 / sizeof(uint32_t)];
    uint64_t *this_rounds = ALIGN_64(rounds_space);
    uint64_t *that_rounds = this_rounds + 32 * LANES;
    uint32_t *words = ALIGN_64(words_space);
    uint32_t *next_words = words + 16 * LANES;
    __m128i all_abef[LANES], all_cdgh[LANES];
    __m512i w[16];

    /* Two turns fill the pipeline: their rounds run on zeros, and the states are loaded after. */
    memset(rounds_space, 0, sizeof rounds_space);
    memset(words_space, 0, sizeof words_space);
    memset(all_abef, 0, sizeof all_abef);
    memset(all_cdgh, 0, sizeof all_cdgh);
    for (size_t n = 0; n < blocks + 2; n++) {
        /* Past the last block there is nothing to read: the last one again. */
        const size_t offset = 64 * (n < blocks ? n : blocks - 1);

        if (n == 2)
            load_states(states, all_abef, all_cdgh);
        QUARTER((size_t)0, LOADED);
        for (size_t quarter = 1; quarter < 4; quarter++)
            QUARTER(quarter, COMPUTED);

        uint64_t *const used_rounds = this_rounds;
        this_rounds = that_rounds;
        that_rounds = used_rounds;
        uint32_t *const used_words = words;
        words = next_words;
        next_words = used_words;
    }
    store_states(states, all_abef, all_cdgh);
}

#else
typedef int hash_sha256_hybrid_needs_64_bit_code;
#endif
