/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading content information of version 1.0 ([MS-PCCRC] 2.3): a header, all segment descriptions,
 * then one list of block hashes for each. Little-endian. */
#include "core/content_info_versions.h"

#include "core/bytes.h"

#include <string.h>

#define HEADER_SIZE       18u
#define DESCRIPTION_FIXED 16u /* then HoD and Kp */
#define LIST_FIXED        4u  /* then the block hashes */

static bool algorithm_from_field(uint32_t field, enum hash_algorithm *algorithm)
{
    switch (field) {
    case 0x800c:
        *algorithm = HASH_SHA256;
        return true;
    case 0x800d:
        *algorithm = HASH_SHA384;
        return true;
    case 0x800e:
        *algorithm = HASH_SHA512;
        return true;
    default:
        return false;
    }
}

static size_t description_size(const struct content_info *info)
{
    return DESCRIPTION_FIXED + 2 * hash_size(info->scheme.algorithm);
}

static uint32_t blocks_in(uint32_t bytes)
{
    return (bytes + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1;
}

/* Checks the fixed fields of every description. Leaves the number of bytes of the last segment. */
static bool check_descriptions(struct content_info *info, struct byte_reader *reader,
                               uint32_t *last_size)
{
    uint64_t offset = 0;
    uint32_t size = 0;

    for (uint64_t k = 0; k < info->segment_count; k++) {
        const uint8_t *description;

        if (!byte_reader_take(reader, description_size(info), &description))
            return false;
        if (k == 0) {
            offset = info->first_offset = load_le64(description);
            if (offset % SEGMENT_SIZE_V1 != 0 || offset > CONTENT_INFO_MAX_OFFSET)
                return false;
        } else if (size != SEGMENT_SIZE_V1 || load_le64(description) != offset) {
            return false; /* a short segment that is not the last, a hole or an overlap */
        }
        size = load_le32(description + 8);
        if (size == 0 || size > SEGMENT_SIZE_V1 || load_le32(description + 12) != BLOCK_SIZE_V1)
            return false;
        if (size > CONTENT_INFO_MAX_OFFSET - offset)
            return false;
        offset += size;
    }
    *last_size = size;
    return true;
}

/* The range as a content server states it. `last_bytes` is 0 for "to the end of the last segment";
 * within a single segment it counts from the start of the range, else from the start of the last
 * segment (2.3, 2.3.1.1). */
static bool resolve_range(struct content_info *info, uint32_t offset_in_first, uint32_t last_bytes,
                          uint32_t last_size)
{
    uint64_t last_offset = info->first_offset + (info->segment_count - 1) * SEGMENT_SIZE_V1;
    uint32_t first_size = info->segment_count == 1 ? last_size : SEGMENT_SIZE_V1;

    if (offset_in_first >= first_size)
        return false;
    info->range_start = info->first_offset + offset_in_first;
    if (last_bytes == 0) {
        info->range_end = last_offset + last_size;
        return true;
    }
    if (info->segment_count == 1) {
        if (last_bytes > last_size - offset_in_first)
            return false;
        info->range_end = info->range_start + last_bytes;
        return true;
    }
    if (last_bytes > last_size)
        return false;
    info->range_end = last_offset + last_bytes;
    return true;
}

/* Which blocks a list of `listed` hashes holds. The worked examples list every block from 0 to the
 * one with the last byte of the range; the words of 2.3.1.2 list only those that the range touches;
 * both occur here, and the complete list as well. */
static bool place_list(const struct content_info *info, uint64_t offset, uint32_t size,
                       uint32_t listed, uint32_t *first_block)
{
    uint32_t lo = info->range_start > offset ? (uint32_t)(info->range_start - offset) : 0;
    uint32_t hi = info->range_end - offset < size ? (uint32_t)(info->range_end - offset) : size;
    uint32_t leading = blocks_in(hi);
    uint32_t skipped = lo / BLOCK_SIZE_V1;

    *first_block = 0;
    if (listed == leading || listed == blocks_in(size))
        return true;
    *first_block = skipped;
    return listed == leading - skipped;
}

/* `list` is complete: the HoD must be its hash, or the public name of the segment would stand for
 * other blocks (2.2). */
static enum pd_status check_complete_list(const struct content_info *info, const uint8_t *list,
                                          uint32_t count, const uint8_t *hod)
{
    uint8_t computed[HASH_MAX_SIZE];
    enum pd_status status = segment_hod_v1(info->scheme.algorithm, list, count, computed);

    if (status != PD_OK)
        return status;
    if (memcmp(computed, hod, hash_size(info->scheme.algorithm)) != 0)
        return PD_CANNOT_PARSE_CONTENT_INFO;
    return PD_OK;
}

static enum pd_status check_lists(const struct content_info *info, struct byte_reader *reader)
{
    size_t hash_length = hash_size(info->scheme.algorithm);
    const uint8_t *description = info->data + HEADER_SIZE;
    uint64_t offset = info->first_offset;

    for (uint64_t k = 0; k < info->segment_count; k++) {
        uint32_t size = load_le32(description + 8);
        uint32_t listed;
        uint32_t first_block;
        const uint8_t *list;

        if (!byte_reader_le32(reader, &listed) || listed > reader->left / hash_length)
            return PD_CANNOT_PARSE_CONTENT_INFO;
        if (!place_list(info, offset, size, listed, &first_block))
            return PD_CANNOT_PARSE_CONTENT_INFO;
        if (!byte_reader_take(reader, listed * hash_length, &list))
            return PD_CANNOT_PARSE_CONTENT_INFO;
        if (listed == blocks_in(size)) {
            enum pd_status status =
                check_complete_list(info, list, listed, description + DESCRIPTION_FIXED);
            if (status != PD_OK)
                return status;
        }
        description += description_size(info);
        offset += size;
    }
    return reader->left == 0 ? PD_OK : PD_CANNOT_PARSE_CONTENT_INFO;
}

enum pd_status content_info_v1_parse(struct content_info *info)
{
    struct byte_reader reader = {info->data, info->length};
    const uint8_t *header;
    uint32_t last_size;

    if (!byte_reader_take(&reader, HEADER_SIZE, &header) ||
        !algorithm_from_field(load_le32(header + 2), &info->scheme.algorithm))
        return PD_CANNOT_PARSE_CONTENT_INFO;

    /* By division: the product of a count and a size could wrap. */
    info->segment_count = load_le32(header + 14);
    if (info->segment_count == 0 ||
        info->segment_count >
            reader.left / (description_size(info) + LIST_FIXED + hash_size(info->scheme.algorithm)))
        return PD_CANNOT_PARSE_CONTENT_INFO;

    if (!check_descriptions(info, &reader, &last_size) ||
        !resolve_range(info, load_le32(header + 6), load_le32(header + 10), last_size))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    info->first_index = info->first_offset / SEGMENT_SIZE_V1;
    return check_lists(info, &reader);
}

void content_info_v1_begin(struct content_info_cursor *cursor)
{
    const struct content_info *info = cursor->info;

    cursor->description = HEADER_SIZE;
    cursor->block_list = HEADER_SIZE + (size_t)info->segment_count * description_size(info);
}

void content_info_v1_next(struct content_info_cursor *cursor, struct content_info_segment *segment)
{
    const struct content_info *info = cursor->info;
    const uint8_t *description = info->data + cursor->description;
    const uint8_t *list = info->data + cursor->block_list;
    size_t hash_length = hash_size(info->scheme.algorithm);

    segment->size = load_le32(description + 8);
    segment->hod = description + DESCRIPTION_FIXED;
    segment->secret = segment->hod + hash_length;
    segment->block_count = load_le32(list);
    segment->block_hashes = list + LIST_FIXED;
    (void)place_list(info, segment->offset, segment->size, segment->block_count,
                     &segment->first_block);

    cursor->description += description_size(info);
    cursor->block_list += LIST_FIXED + segment->block_count * hash_length;
}
