/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of [MS-PCCRC] 2.3 and 2.4 for single fields. */
#include "core/content_info_rules.h"

#define V2_ALGORITHM_FIELD 0x04u /* SHA-512 cut to 32 bytes, the only one */

bool v1_check_description(const uint8_t *description, uint64_t k, uint64_t *first_offset,
                          uint64_t *offset, uint32_t *size)
{
    if (k == 0) {
        *offset = *first_offset = load_le64(description);
        if (*offset % SEGMENT_SIZE_V1 != 0 || *offset > CONTENT_INFO_MAX_OFFSET)
            return false;
    } else if (*size != SEGMENT_SIZE_V1 || load_le64(description) != *offset) {
        return false; /* a short segment that is not the last, a hole or an overlap */
    }
    *size = load_le32(description + 8);
    if (*size == 0 || *size > SEGMENT_SIZE_V1 || load_le32(description + 12) != BLOCK_SIZE_V1 ||
        *size > CONTENT_INFO_MAX_OFFSET - *offset)
        return false;
    *offset += *size;
    return true;
}

/* `last_bytes` is 0 for "to the end of the last segment"; within a single segment it counts from
 * the start of the range, else from the start of the last segment (2.3, 2.3.1.1). */
bool v1_resolve_range(struct content_info_extent *extent, uint64_t segment_count,
                      uint32_t offset_in_first, uint32_t last_bytes, uint32_t last_size)
{
    uint64_t last_offset = extent->first_offset + (segment_count - 1) * SEGMENT_SIZE_V1;
    uint32_t first_size = segment_count == 1 ? last_size : SEGMENT_SIZE_V1;

    if (offset_in_first >= first_size)
        return false;
    extent->range_start = extent->first_offset + offset_in_first;
    if (last_bytes == 0) {
        extent->range_end = last_offset + last_size;
        return true;
    }
    if (segment_count == 1) {
        if (last_bytes > last_size - offset_in_first)
            return false;
        extent->range_end = extent->range_start + last_bytes;
        return true;
    }
    if (last_bytes > last_size)
        return false;
    extent->range_end = last_offset + last_bytes;
    return true;
}

/* The worked examples list every block from 0 to the one with the last byte of the range; the words
 * of 2.3.1.2 list only those that the range touches; both occur here, and the complete list as
 * well.
 */
bool v1_place_list(const struct content_info_extent *extent, uint64_t offset, uint32_t size,
                   uint32_t listed, uint32_t *first_block)
{
    uint32_t lo = extent->range_start > offset ? (uint32_t)(extent->range_start - offset) : 0;
    uint32_t hi = extent->range_end - offset < size ? (uint32_t)(extent->range_end - offset) : size;
    uint32_t leading = v1_blocks_in(hi);
    uint32_t skipped = lo / BLOCK_SIZE_V1;

    *first_block = 0;
    if (listed == leading || listed == v1_blocks_in(size))
        return true;
    *first_block = skipped;
    return listed == leading - skipped;
}

bool v2_check_header(const uint8_t *header, struct content_info_extent *extent, bool *whole_content)
{
    uint32_t offset_in_first = load_be32(header + 19);
    uint64_t range_length = load_be64(header + 23);

    if (header[2] != V2_ALGORITHM_FIELD)
        return false;
    extent->first_offset = load_be64(header + 3);
    extent->first_index = load_be64(header + 11);

    /* Between 1 and 131072 bytes for each segment before the first; divided, as products wrap. */
    if (extent->first_offset > CONTENT_INFO_MAX_OFFSET ||
        extent->first_index > extent->first_offset ||
        extent->first_index < extent->first_offset / SEGMENT_MAX_SIZE_V2 +
                                  (extent->first_offset % SEGMENT_MAX_SIZE_V2 != 0))
        return false;

    *whole_content = range_length == 0;
    if (*whole_content && (extent->first_offset != 0 || offset_in_first != 0))
        return false;

    /* No wrap: the first is at most 2^63 - 1, the second below 2^32. */
    extent->range_start = extent->first_offset + offset_in_first;
    extent->range_end = 0;
    if (!*whole_content) {
        if (extent->range_start > CONTENT_INFO_MAX_OFFSET ||
            range_length > CONTENT_INFO_MAX_OFFSET - extent->range_start)
            return false;
        extent->range_end = extent->range_start + range_length;
    }
    return true;
}

bool v2_check_description(const uint8_t *description, const struct content_info_extent *extent,
                          uint64_t *needed, uint64_t *offset)
{
    uint32_t size = load_be32(description);

    if (size == 0 || size > SEGMENT_MAX_SIZE_V2 || size > CONTENT_INFO_MAX_OFFSET - *offset)
        return false;
    if (*needed == 0 && extent->range_start - *offset >= size)
        return false; /* the range must begin in the first listed segment */
    if (extent->range_end == 0 || *offset < extent->range_end)
        ++*needed;
    *offset += size;
    return true;
}
