/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 of two messages on the SHA extensions, with the eight vector registers of 32-bit code.
 *
 * The states of two messages take four registers and a round takes one. What is left does not hold
 * the message schedules, but it does to compute them ahead, through memory: while the rounds of
 * block n of both messages run side by side, the schedules of their blocks n + 1 are made, one
 * after the other. No round waits for memory, and no round waits for a schedule. */
#include "core/hash/x86/lanes.h"

#if !defined(__x86_64__)

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#include "core/hash/x86/sha256_ni_state.h"

#define STREAMS 2
#define QUADS   16 /* of words, or rounds: four in a vector */

#define EACH(s) for (size_t s = 0; s < STREAMS; s++)

/* Quad i of a schedule; the one before it is in `latest`. */
#define SCHEDULE(to, from, i)                                                               \
    do {                                                                                    \
        __m128i *const word = (to) + (i);                                                   \
        if ((i) < 4) {                                                                      \
            latest = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(from) + (i)),       \
                                      _mm_load_si128(big_endian));                          \
        } else {                                                                            \
            __m128i sum =                                                                   \
                _mm_sha256msg1_epu32(_mm_load_si128(word - 4), _mm_load_si128(word - 3));   \
            sum = _mm_add_epi32(sum, _mm_alignr_epi8(latest, _mm_load_si128(word - 2), 4)); \
            latest = _mm_sha256msg2_epu32(sum, latest);                                     \
        }                                                                                   \
        _mm_store_si128(word, latest);                                                      \
        KEEP_ORDER();                                                                       \
    } while (0)

/* Rounds 4q to 4q + 3 of message s. */
#define ROUNDS(q, s)                                                                    \
    do {                                                                                \
        __m128i wk = _mm_loadu_si128((const __m128i *)hash_sha256_k + (q));             \
        wk = _mm_add_epi32(wk, _mm_load_si128(words + QUADS * (s) + (q)));              \
        cdgh[s] = _mm_sha256rnds2_epu32(cdgh[s], abef[s], wk);                          \
        abef[s] = _mm_sha256rnds2_epu32(abef[s], cdgh[s], _mm_shuffle_epi32(wk, 0x0e)); \
        KEEP_ORDER();                                                                   \
    } while (0)

/* Rounds of both messages, and two quads of the schedule of message s. */
#define STEP(q, s)                                                         \
    do {                                                                   \
        ROUNDS(q, 0);                                                      \
        SCHEDULE(next + QUADS * (s), data[s] + offset, 2 * ((q) % 8));     \
        ROUNDS(q, 1);                                                      \
        SCHEDULE(next + QUADS * (s), data[s] + offset, 2 * ((q) % 8) + 1); \
    } while (0)

TARGET void hash_sha256_ni_2(union hash_state *const *states, const uint8_t *const *data,
                             size_t blocks)
{
    uint8_t space[(2 * STREAMS * QUADS + 2 * STREAMS + 1) * sizeof(__m128i) + 64];
    __m128i *words = ALIGN_64(space);
    __m128i *next = words + STREAMS * QUADS;
    __m128i *const before = next + STREAMS * QUADS;
    __m128i *const big_endian = before + 2 * STREAMS;
    __m128i abef[STREAMS], cdgh[STREAMS], latest;

    *big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    UNROLL EACH(s)
    {
        UNROLL for (size_t i = 0; i < QUADS; i++) SCHEDULE(words + QUADS * s, data[s], i);
    }
    UNROLL EACH(s)
    {
        load_state(states[s], &abef[s], &cdgh[s]);
        before[2 * s] = abef[s];
        before[2 * s + 1] = cdgh[s];
    }
    for (size_t n = 1; n <= blocks; n++) {
        /* Past the last block there is nothing to read: the last one again. */
        const size_t offset = 64 * (n < blocks ? n : n - 1);

        STEP(0, 0);
        STEP(1, 0);
        STEP(2, 0);
        STEP(3, 0);
        STEP(4, 0);
        STEP(5, 0);
        STEP(6, 0);
        STEP(7, 0);
        STEP(8, 1);
        STEP(9, 1);
        STEP(10, 1);
        STEP(11, 1);
        STEP(12, 1);
        STEP(13, 1);
        STEP(14, 1);
        STEP(15, 1);
        UNROLL EACH(s)
        {
            abef[s] = _mm_add_epi32(abef[s], before[2 * s]);
            before[2 * s] = abef[s];
            cdgh[s] = _mm_add_epi32(cdgh[s], before[2 * s + 1]);
            before[2 * s + 1] = cdgh[s];
        }
        __m128i *const used = words;
        words = next;
        next = used;
    }
    UNROLL EACH(s) store_state(states[s], abef[s], cdgh[s]);
}

#endif
