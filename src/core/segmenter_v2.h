/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content-defined borders of version 2.0 segments: a pure function of the bytes.
 *
 * [MS-PCCRC] leaves the borders to the server. This is function 1; its id is kept with stored
 * records, because any change renames every segment of every content.
 *
 * A segment that starts at s ends (exclusively) at the first e in [s + 32768, s + 131071] for which
 * the bytes before e pass both tests:
 *   quick  lo, hi = the signed little-endian 16-bit words at e - 4 and e - 2;
 *          ((lo * 0x6A95 + hi * 0x4F1B) & 0x3FC00) == 0x2A400
 *   full   h = 0; for the unsigned little-endian 64-bit words w at e - 32, e - 24, e - 16, e - 8:
 *          h = (h ^ w) * 0x9FB21C651E98DF25 mod 2^64, then h = h ^ (h >> 32);
 *          (h * 0x9FB21C651E98DF25 mod 2^64) >> 32 < 31580641
 * If there is none and the content reaches s + 131072, it ends at the last e there that passes the
 * quick test and the full one with the limit 126322567, or else at s + 131072. If the content ends
 * before, that is the segment's end. All test bytes lie inside the
 * segment, so a border depends on nothing before s. */
#ifndef PEERDIST_CORE_SEGMENTER_V2_H
#define PEERDIST_CORE_SEGMENTER_V2_H

#include "core/segment.h"

#define SEGMENTER_V2_FUNCTION 1u
#define SEGMENT_MIN_SIZE_V2   32768u

/* `data` holds `length` bytes that start at a segment's start. Returns the size of that segment, or
 * 0 when its end is not among them: never 0 once length >= SEGMENT_MAX_SIZE_V2. The caller takes
 * what is left at the end of the content as the last segment.
 * `scanned` remembers, between calls for one segment with growing length, what need not be looked
 * at again: zero it for a new segment. */
struct segmenter_v2_scan {
    uint32_t position; /* candidates before this were rejected */
    uint32_t fallback; /* size at the last weak candidate, 0: none yet */
};
uint32_t segmenter_v2_next(const uint8_t *data, size_t length, struct segmenter_v2_scan *scan);

#endif
