/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading content information of version 2.0 ([MS-PCCRC] 2.4): a header, then chunks of segment
 * descriptions until the end of the data. Big-endian. */
#include "core/content_info_rules.h"

/* Reads the header of a chunk; false when it is not one, or when its data is not all there. */
static bool take_chunk(struct byte_reader *reader, uint32_t *length)
{
    const uint8_t *header;

    return byte_reader_take(reader, V2_CHUNK_HEADER_SIZE, &header) &&
           v2_check_chunk(header, length) && *length <= reader->left;
}

/* Walks all descriptions. Leaves in segment_count how many of them the range needs, and in *end
 * where the listed segments end. */
static bool check_chunks(struct content_info *info, const struct content_info_extent *extent,
                         struct byte_reader *reader, uint64_t *end)
{
    *end = extent->first_offset;
    do {
        uint32_t length;

        if (!take_chunk(reader, &length))
            return false;
        for (uint32_t done = 0; done < length; done += V2_DESCRIPTION_SIZE) {
            const uint8_t *description;

            if (!byte_reader_take(reader, V2_DESCRIPTION_SIZE, &description) ||
                !v2_check_description(description, extent, &info->segment_count, end))
                return false;
        }
    } while (reader->left > 0);
    return true;
}

enum pd_status content_info_v2_parse(struct content_info *info)
{
    struct byte_reader reader = {info->data, info->length};
    struct content_info_extent extent;
    const uint8_t *header;
    uint64_t end;

    info->scheme.algorithm = HASH_SHA512;
    if (!byte_reader_take(&reader, V2_HEADER_SIZE, &header) ||
        !v2_check_header(header, &extent, &info->whole_content) ||
        !check_chunks(info, &extent, &reader, &end) || extent.range_end > end)
        return PD_CANNOT_PARSE_CONTENT_INFO;
    info->first_offset = extent.first_offset;
    info->first_index = extent.first_index;
    info->range_start = extent.range_start;
    info->range_end = info->whole_content ? end : extent.range_end;
    return PD_OK;
}

void content_info_v2_begin(struct content_info_cursor *cursor)
{
    cursor->description = V2_HEADER_SIZE;
}

void content_info_v2_next(struct content_info_cursor *cursor, struct content_info_segment *segment)
{
    const uint8_t *data = cursor->info->data;
    const uint8_t *description;

    if (cursor->chunk_left == 0) {
        cursor->chunk_left = load_be32(data + cursor->description + 1);
        cursor->description += V2_CHUNK_HEADER_SIZE;
    }
    description = data + cursor->description;
    segment->size = load_be32(description);
    segment->hod = description + 4;
    segment->secret = segment->hod + V2_VALUE_SIZE;
    segment->first_block = 0;
    segment->block_count = 0;
    segment->block_hashes = NULL;

    cursor->description += V2_DESCRIPTION_SIZE;
    cursor->chunk_left -= V2_DESCRIPTION_SIZE;
}
