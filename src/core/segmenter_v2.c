/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds content-defined borders. Speed comes from three things: the minimum size is skipped, the
 * quick test is one multiply-add that SSE2 does for four positions at a time, and the full test
 * runs on one position in 256. Constants are fixed for ever (see the header). */
#include "core/segmenter_v2.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define QUICK_LOW    0x6A95     /* factor of the low 16 bits, as a signed word */
#define QUICK_HIGH   0x4F1B     /* factor of the high 16 bits */
#define QUICK_MASK   0x0003FC00 /* eight bits in the middle of the sum, where products mix best */
#define QUICK_VALUE  0x0002A400 /* not 0: runs of zero bytes must not pass */
#define FULL_FACTOR  0x9FB21C651E98DF25u
#define STRONG_LIMIT 31580641u  /* 2^32 / 136: with the quick test one position in 34816 */
#define WEAK_LIMIT   126322567u /* 2^32 / 34 */

static uint32_t load_u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t load_u64(const uint8_t *p)
{
    return (uint64_t)load_u32(p + 4) << 32 | load_u32(p);
}

static int32_t sign_extend(uint32_t word)
{
    return (int32_t)(word ^ 0x8000u) - 0x8000;
}

/* `end` points behind the four bytes tested. */
static bool quick_test(const uint8_t *end)
{
    int32_t sum =
        sign_extend(load_u16(end - 4)) * QUICK_LOW + sign_extend(load_u16(end - 2)) * QUICK_HIGH;
    return ((uint32_t)sum & QUICK_MASK) == QUICK_VALUE;
}

static uint32_t full_hash(const uint8_t *end)
{
    uint64_t h = 0;
    for (unsigned i = 0; i < 4; i++) {
        h = (h ^ load_u64(end - 32 + 8 * (size_t)i)) * FULL_FACTOR;
        h ^= h >> 32;
    }
    return (uint32_t)(h * FULL_FACTOR >> 32);
}

/* True at a border; otherwise a weak candidate is remembered. */
static bool examine(const uint8_t *data, uint32_t size, struct segmenter_v2_scan *scan)
{
    uint32_t h = full_hash(data + size);
    if (h < STRONG_LIMIT)
        return true;
    if (h < WEAK_LIMIT)
        scan->fallback = size;
    return false;
}

#if defined(__SSE2__)
/* Lane j is all ones when the quick test passes at `end` + 4 j. */
static __m128i quick_lanes(const uint8_t *end)
{
    const __m128i factors = _mm_set1_epi32((int32_t)((uint32_t)QUICK_HIGH << 16 | QUICK_LOW));
    __m128i words = _mm_loadu_si128((const __m128i *)(const void *)(end - 4));
    __m128i sums = _mm_and_si128(_mm_madd_epi16(words, factors), _mm_set1_epi32(QUICK_MASK));
    return _mm_cmpeq_epi32(sums, _mm_set1_epi32(QUICK_VALUE));
}

static uint32_t lane_bits(__m128i lanes)
{
    return (uint32_t)_mm_movemask_epi8(lanes) & 0x1111u;
}

/* Bit i is set when the quick test passes at `end` + i, for i in 0..15. Reads end - 4 to end + 14.
 * Most often there is none, and one question answers it. */
static uint32_t quick_mask(const uint8_t *end)
{
    __m128i phase0 = quick_lanes(end), phase1 = quick_lanes(end + 1);
    __m128i phase2 = quick_lanes(end + 2), phase3 = quick_lanes(end + 3);
    __m128i any = _mm_or_si128(_mm_or_si128(phase0, phase1), _mm_or_si128(phase2, phase3));
    if (_mm_movemask_epi8(any) == 0)
        return 0;
    return lane_bits(phase0) | lane_bits(phase1) << 1 | lane_bits(phase2) << 2 |
           lane_bits(phase3) << 3;
}
#endif

uint32_t segmenter_v2_next(const uint8_t *data, size_t length, struct segmenter_v2_scan *scan)
{
    uint32_t limit = length < SEGMENT_MAX_SIZE_V2 ? (uint32_t)length : SEGMENT_MAX_SIZE_V2 - 1;
    uint32_t size = scan->position < SEGMENT_MIN_SIZE_V2 ? SEGMENT_MIN_SIZE_V2 : scan->position;

#if defined(__SSE2__)
    while (size <= limit && limit - size >= 15) {
        for (uint32_t bits = quick_mask(data + size); bits != 0; bits &= bits - 1) {
            uint32_t candidate = size + (uint32_t)__builtin_ctz(bits);
            if (examine(data, candidate, scan))
                return candidate;
        }
        size += 16;
    }
#endif
    for (; size <= limit; size++)
        if (quick_test(data + size) && examine(data, size, scan))
            return size;

    scan->position = size;
    if (length < SEGMENT_MAX_SIZE_V2)
        return 0;
    return scan->fallback != 0 ? scan->fallback : SEGMENT_MAX_SIZE_V2;
}
