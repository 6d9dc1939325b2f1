/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading content information of version 2.0 ([MS-PCCRC] 2.4): a header, then chunks of segment
 * descriptions until the end of the data. Big-endian. */
#include "core/content_info_versions.h"

#include "core/bytes.h"

#define HEADER_SIZE       31u
#define CHUNK_HEADER_SIZE 5u
#define DESCRIPTION_SIZE  68u /* length, HoD, Kp */
#define VALUE_SIZE        32u
#define ALGORITHM_FIELD   0x04u /* SHA-512 cut to 32 bytes, the only one */

/* Reads the header of a chunk; false when it is not one, or when its data is not all there. */
static bool take_chunk(struct byte_reader *reader, uint32_t *length)
{
    const uint8_t *type;

    if (!byte_reader_take(reader, 1, &type) || *type != 0 || !byte_reader_be32(reader, length))
        return false;
    return *length >= DESCRIPTION_SIZE && *length % DESCRIPTION_SIZE == 0 &&
           *length <= reader->left;
}

/* Walks all descriptions. Leaves in segment_count how many of them the range needs (later ones, if
 * a server lists them, are never used), and in *end where the listed segments end. range_end is 0
 * for "to the end". */
static bool check_chunks(struct content_info *info, struct byte_reader *reader, uint64_t *end)
{
    uint64_t offset = info->first_offset;

    do {
        uint32_t length;

        if (!take_chunk(reader, &length))
            return false;
        for (uint32_t done = 0; done < length; done += DESCRIPTION_SIZE) {
            const uint8_t *description;
            uint32_t size;

            if (!byte_reader_take(reader, DESCRIPTION_SIZE, &description))
                return false;
            size = load_be32(description);
            if (size == 0 || size > SEGMENT_MAX_SIZE_V2 || size > CONTENT_INFO_MAX_OFFSET - offset)
                return false;
            if (info->segment_count == 0 && info->range_start - offset >= size)
                return false; /* the range must begin in the first listed segment */
            if (info->range_end == 0 || offset < info->range_end)
                info->segment_count++;
            offset += size;
        }
    } while (reader->left > 0);
    *end = offset;
    return true;
}

enum pd_status content_info_v2_parse(struct content_info *info)
{
    struct byte_reader reader = {info->data, info->length};
    const uint8_t *header;
    uint64_t range_length;
    uint64_t end;
    uint32_t offset_in_first;

    if (!byte_reader_take(&reader, HEADER_SIZE, &header) || header[2] != ALGORITHM_FIELD)
        return PD_CANNOT_PARSE_CONTENT_INFO;
    info->scheme.algorithm = HASH_SHA512;
    info->first_offset = load_be64(header + 3);
    info->first_index = load_be64(header + 11);
    offset_in_first = load_be32(header + 19);
    range_length = load_be64(header + 23);

    /* Between 1 and 131072 bytes for each segment before the first; divided, as products wrap. */
    if (info->first_offset > CONTENT_INFO_MAX_OFFSET || info->first_index > info->first_offset ||
        info->first_index < info->first_offset / SEGMENT_MAX_SIZE_V2 +
                                (info->first_offset % SEGMENT_MAX_SIZE_V2 != 0))
        return PD_CANNOT_PARSE_CONTENT_INFO;

    info->whole_content = range_length == 0;
    if (info->whole_content && (info->first_offset != 0 || offset_in_first != 0))
        return PD_CANNOT_PARSE_CONTENT_INFO;

    /* No wrap: the first is at most 2^63 - 1, the second below 2^32. */
    info->range_start = info->first_offset + offset_in_first;
    if (!info->whole_content) {
        if (info->range_start > CONTENT_INFO_MAX_OFFSET ||
            range_length > CONTENT_INFO_MAX_OFFSET - info->range_start)
            return PD_CANNOT_PARSE_CONTENT_INFO;
        info->range_end = info->range_start + range_length;
    }
    if (!check_chunks(info, &reader, &end) || info->range_end > end)
        return PD_CANNOT_PARSE_CONTENT_INFO;
    if (info->whole_content)
        info->range_end = end;
    return PD_OK;
}

void content_info_v2_begin(struct content_info_cursor *cursor)
{
    cursor->description = HEADER_SIZE;
}

void content_info_v2_next(struct content_info_cursor *cursor, struct content_info_segment *segment)
{
    const uint8_t *data = cursor->info->data;
    const uint8_t *description;

    if (cursor->chunk_left == 0) {
        cursor->chunk_left = load_be32(data + cursor->description + 1);
        cursor->description += CHUNK_HEADER_SIZE;
    }
    description = data + cursor->description;
    segment->size = load_be32(description);
    segment->hod = description + 4;
    segment->secret = segment->hod + VALUE_SIZE;
    segment->first_block = 0;
    segment->block_count = 0;
    segment->block_hashes = NULL;

    cursor->description += DESCRIPTION_SIZE;
    cursor->chunk_left -= DESCRIPTION_SIZE;
}
