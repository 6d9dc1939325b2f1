/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 with the SHA extensions, several messages interleaved: SHA256RNDS2 has a latency of four
 * cycles and more throughput than one message can use.
 *
 * Define before inclusion, undefined afterwards:
 *   STREAMS  messages side by side
 *   NAME     of the function made, a hash_compress
 * and once for all: TARGET, the function attribute. */

#define EACH(s) for (size_t s = 0; s < STREAMS; s++)

/* Rounds 4q to 4q+3, and the words of rounds 4q+16 to 4q+19 where there are such. */
#define QUAD(q)                                                                                  \
    do {                                                                                         \
        const __m128i k = _mm_loadu_si128((const __m128i *)(hash_sha256_k + 4 * (q)));           \
        __m128i wk[STREAMS];                                                                     \
        UNROLL EACH(s)                                                                           \
        {                                                                                        \
            wk[s] = _mm_add_epi32(w[s][(q) % 4], k);                                             \
            cdgh[s] = _mm_sha256rnds2_epu32(cdgh[s], abef[s], wk[s]);                            \
        }                                                                                        \
        UNROLL EACH(s)                                                                           \
        {                                                                                        \
            if ((q) < 12) {                                                                      \
                __m128i t = _mm_sha256msg1_epu32(w[s][(q) % 4], w[s][((q) + 1) % 4]);            \
                t = _mm_add_epi32(t,                                                             \
                                  _mm_alignr_epi8(w[s][((q) + 3) % 4], w[s][((q) + 2) % 4], 4)); \
                w[s][(q) % 4] = _mm_sha256msg2_epu32(t, w[s][((q) + 3) % 4]);                    \
            }                                                                                    \
            wk[s] = _mm_shuffle_epi32(wk[s], 0x0e);                                              \
            abef[s] = _mm_sha256rnds2_epu32(abef[s], cdgh[s], wk[s]);                            \
        }                                                                                        \
    } while (0)

TARGET void NAME(union hash_state *const *states, const uint8_t *const *data, size_t blocks)
{
    const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    __m128i abef[STREAMS], cdgh[STREAMS], w[STREAMS][4];

    UNROLL EACH(s)
    {
        load_state(states[s], &abef[s], &cdgh[s]);
    }
    for (size_t n = 0; n < blocks; n++) {
        __m128i abef_before[STREAMS], cdgh_before[STREAMS];
        UNROLL EACH(s)
        {
            const __m128i *block = (const __m128i *)(data[s] + 64 * n);
            UNROLL for (size_t i = 0; i < 4; i++) w[s][i] =
                _mm_shuffle_epi8(_mm_loadu_si128(block + i), big_endian);
            abef_before[s] = abef[s];
            cdgh_before[s] = cdgh[s];
        }
        QUAD(0);
        QUAD(1);
        QUAD(2);
        QUAD(3);
        QUAD(4);
        QUAD(5);
        QUAD(6);
        QUAD(7);
        QUAD(8);
        QUAD(9);
        QUAD(10);
        QUAD(11);
        QUAD(12);
        QUAD(13);
        QUAD(14);
        QUAD(15);
        UNROLL EACH(s)
        {
            abef[s] = _mm_add_epi32(abef[s], abef_before[s]);
            cdgh[s] = _mm_add_epi32(cdgh[s], cdgh_before[s]);
        }
    }
    UNROLL EACH(s) store_state(states[s], abef[s], cdgh[s]);
}

#undef EACH
#undef QUAD
#undef STREAMS
#undef NAME
