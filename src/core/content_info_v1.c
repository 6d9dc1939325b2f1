/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading content information of version 1.0 ([MS-PCCRC] 2.3): a header, all segment descriptions,
 * then one list of block hashes for each. Little-endian. */
#include "core/content_info_rules.h"

#include <string.h>

static struct content_info_extent extent_of(const struct content_info *info)
{
    return (struct content_info_extent){info->first_offset, info->first_index, info->range_start,
                                        info->range_end};
}

static size_t description_size(const struct content_info *info)
{
    return v1_description_size(info->scheme.algorithm);
}

/* Checks the fixed fields of every description. Leaves the number of bytes of the last segment. */
static bool check_descriptions(struct content_info *info, struct byte_reader *reader,
                               uint32_t *last_size)
{
    uint64_t offset = 0;

    *last_size = 0;
    for (uint64_t k = 0; k < info->segment_count; k++) {
        const uint8_t *description;

        if (!byte_reader_take(reader, description_size(info), &description) ||
            !v1_check_description(description, k, &info->first_offset, &offset, last_size))
            return false;
    }
    return true;
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
    const uint8_t *description = info->data + V1_HEADER_SIZE;
    const struct content_info_extent extent = extent_of(info);
    uint64_t offset = info->first_offset;

    for (uint64_t k = 0; k < info->segment_count; k++) {
        uint32_t size = load_le32(description + 8);
        uint32_t listed;
        uint32_t first_block;
        const uint8_t *list;

        if (!byte_reader_le32(reader, &listed) || listed > reader->left / hash_length)
            return PD_CANNOT_PARSE_CONTENT_INFO;
        if (!v1_place_list(&extent, offset, size, listed, &first_block))
            return PD_CANNOT_PARSE_CONTENT_INFO;
        if (!byte_reader_take(reader, listed * hash_length, &list))
            return PD_CANNOT_PARSE_CONTENT_INFO;
        if (listed == v1_blocks_in(size)) {
            enum pd_status status =
                check_complete_list(info, list, listed, description + V1_DESCRIPTION_FIXED);
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
    struct content_info_extent extent;
    const uint8_t *header;
    uint32_t last_size;

    if (!byte_reader_take(&reader, V1_HEADER_SIZE, &header) ||
        !v1_algorithm(load_le32(header + 2), &info->scheme.algorithm))
        return PD_CANNOT_PARSE_CONTENT_INFO;

    /* By division: the product of a count and a size could wrap. */
    info->segment_count = load_le32(header + 14);
    if (info->segment_count == 0 ||
        info->segment_count > reader.left / (description_size(info) + V1_LIST_FIXED +
                                             hash_size(info->scheme.algorithm)))
        return PD_CANNOT_PARSE_CONTENT_INFO;

    if (!check_descriptions(info, &reader, &last_size))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    extent = extent_of(info);
    if (!v1_resolve_range(&extent, info->segment_count, load_le32(header + 6),
                          load_le32(header + 10), last_size))
        return PD_CANNOT_PARSE_CONTENT_INFO;
    info->range_start = extent.range_start;
    info->range_end = extent.range_end;
    info->first_index = info->first_offset / SEGMENT_SIZE_V1;
    return check_lists(info, &reader);
}

void content_info_v1_begin(struct content_info_cursor *cursor)
{
    const struct content_info *info = cursor->info;

    cursor->description = V1_HEADER_SIZE;
    cursor->block_list = V1_HEADER_SIZE + (size_t)info->segment_count * description_size(info);
}

void content_info_v1_next(struct content_info_cursor *cursor, struct content_info_segment *segment)
{
    const struct content_info *info = cursor->info;
    const uint8_t *description = info->data + cursor->description;
    const uint8_t *list = info->data + cursor->block_list;
    const struct content_info_extent extent = extent_of(info);
    size_t hash_length = hash_size(info->scheme.algorithm);

    segment->size = load_le32(description + 8);
    segment->hod = description + V1_DESCRIPTION_FIXED;
    segment->secret = segment->hod + hash_length;
    segment->block_count = load_le32(list);
    segment->block_hashes = list + V1_LIST_FIXED;
    (void)v1_place_list(&extent, segment->offset, segment->size, segment->block_count,
                        &segment->first_block);

    cursor->description += description_size(info);
    cursor->block_list += V1_LIST_FIXED + segment->block_count * hash_length;
}
