/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which the SHA extensions want the words of a state. Include in their kernels only,
 * after TARGET, the function attribute, was defined. */
#ifndef PEERDIST_CORE_HASH_X86_SHA256_NI_STATE_H
#define PEERDIST_CORE_HASH_X86_SHA256_NI_STATE_H

#include "core/hash/x86/lanes.h"

TARGET static inline void load_state(const union hash_state *state, __m128i *abef, __m128i *cdgh)
{
    const __m128i abcd = _mm_loadu_si128((const __m128i *)state->w32);
    const __m128i efgh = _mm_loadu_si128((const __m128i *)state->w32 + 1);
    const __m128i cdab = _mm_shuffle_epi32(abcd, 0xb1);
    const __m128i hgfe = _mm_shuffle_epi32(efgh, 0x1b);
    *abef = _mm_alignr_epi8(cdab, hgfe, 8);
    *cdgh = _mm_blend_epi16(hgfe, cdab, 0xf0);
}

TARGET static inline void store_state(union hash_state *state, __m128i abef, __m128i cdgh)
{
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state->w32, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)state->w32 + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#endif
