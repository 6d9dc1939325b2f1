/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content-defined borders of version 2.0 segments: a pure function of the bytes.
 *
 * [MS-PCCRC] leaves the borders to the server. This is function 1; its id is kept with stored
 * records, because any change renames every segment of every content.
 *
 * A segment that starts at s ends (exclusively) at the first e in [s + 32768, s + 131071] for which
 * the bytes before e pass both tests:
 *   quick  x = little-endian 32-bit word at e - 4;
 *          (x * 0x9E3779B1 mod 2^32) >> 26 == 0x2A
 *   full   w0..w3 = little-endian 64-bit words at e - 32, e - 24, e - 16, e - 8;
 *          h = (w0 ^ rotl(w1, 17) ^ ...) as segmenter_v2_full_hash computes; see the .c
 * or else at the last e there that passes the quick test and the weaker form of the full one, or
 * else at s + 131072; and in any case at the end of the content. All test bytes lie inside the
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
