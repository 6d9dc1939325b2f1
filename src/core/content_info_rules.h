/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both readers of content information, the one of whole buffers and the one of pieces, hold it
 * to. Internal to core. */
#ifndef PEERDIST_CORE_CONTENT_INFO_RULES_H
#define PEERDIST_CORE_CONTENT_INFO_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/content_info_versions.h"
#include "core/segment.h"

#define V1_HEADER_SIZE       18u
#define V1_DESCRIPTION_FIXED 16u /* then HoD and Kp */
#define V1_LIST_FIXED        4u  /* then the block hashes */

#define V2_HEADER_SIZE       31u
#define V2_CHUNK_HEADER_SIZE 5u
#define V2_DESCRIPTION_SIZE  68u /* length, HoD, Kp */
#define V2_VALUE_SIZE        32u

/* The part of a content that information is about. */
struct content_info_extent {
    uint64_t first_offset; /* of the first listed segment */
    uint64_t first_index;
    uint64_t range_start, range_end; /* v2: range_end 0 means to the end, until that is known */
};

static inline bool v1_algorithm(uint32_t field, enum hash_algorithm *algorithm)
{
    if (field < 0x800c || field > 0x800e)
        return false;
    *algorithm = (enum hash_algorithm)(HASH_SHA256 + (field - 0x800c));
    return true;
}

static inline uint32_t v1_description_size(enum hash_algorithm algorithm)
{
    return V1_DESCRIPTION_FIXED + 2 * (uint32_t)hash_size(algorithm);
}

static inline uint32_t v1_blocks_in(uint32_t bytes)
{
    return (bytes + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1;
}

/* The fixed fields of the k-th description. *offset and *size are the former segment's end and
 * size, and become this one's. */
bool v1_check_description(const uint8_t *description, uint64_t k, uint64_t *first_offset,
                          uint64_t *offset, uint32_t *size);
/* The range as a content server states it. */
bool v1_resolve_range(struct content_info_extent *extent, uint64_t segment_count,
                      uint32_t offset_in_first, uint32_t last_bytes, uint32_t last_size);
/* Which blocks a list of `listed` hashes holds, of a segment of `size` bytes at `offset`. */
bool v1_place_list(const struct content_info_extent *extent, uint64_t offset, uint32_t size,
                   uint32_t listed, uint32_t *first_block);

/* The header; *whole_content: it carries the marker for that. */
bool v2_check_header(const uint8_t *header, struct content_info_extent *extent,
                     bool *whole_content);
/* *length: bytes of descriptions that follow. */
static inline bool v2_check_chunk(const uint8_t *header, uint32_t *length)
{
    *length = load_be32(header + 1);
    return header[0] == 0 && *length >= V2_DESCRIPTION_SIZE && *length % V2_DESCRIPTION_SIZE == 0;
}
/* One description at *offset, which moves behind it. *needed counts the segments that the range
 * needs: later ones, if a server lists them, are never used. */
bool v2_check_description(const uint8_t *description, const struct content_info_extent *extent,
                          uint64_t *needed, uint64_t *offset);

#endif
