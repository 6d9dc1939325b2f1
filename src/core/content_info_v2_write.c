/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing content information of version 2.0 ([MS-PCCRC] 2.4). Big-endian. */
#include "core/content_info_write.h"

#include "core/bytes.h"

#include <string.h>

#define VALUE_SIZE      32u
#define ALGORITHM_FIELD 0x04u /* SHA-512 cut to 32 bytes, the only one */
/* More descriptions than this do not fit the 32-bit length of a chunk. */
#define DESCRIPTIONS_PER_CHUNK (UINT32_MAX / CONTENT_INFO_SEGMENT_V2)

void content_info_v2_plan(struct content_info_v2_plan *plan, uint64_t content_length,
                          uint64_t range_start, uint64_t range_end, uint64_t first_offset,
                          uint64_t first_index, uint64_t segment_count)
{
    plan->content_length = content_length;
    plan->range_start = range_start;
    plan->range_end = range_end;
    plan->first_offset = first_offset;
    plan->first_index = first_index;
    plan->segment_count = segment_count;
    plan->total_size = 0;
    if (segment_count > 0) {
        bool chunk_header;

        plan->total_size =
            content_info_v2_description_position(plan, segment_count - 1, &chunk_header) +
            CONTENT_INFO_SEGMENT_V2;
    }
}

uint64_t content_info_v2_description_position(const struct content_info_v2_plan *plan, uint64_t k,
                                              bool *chunk_header)
{
    (void)plan;
    *chunk_header = k % DESCRIPTIONS_PER_CHUNK == 0;
    return CONTENT_INFO_HEADER_V2 +
           (k / DESCRIPTIONS_PER_CHUNK + 1) * CONTENT_INFO_CHUNK_HEADER_V2 +
           k * CONTENT_INFO_SEGMENT_V2;
}

void content_info_v2_write_header(const struct content_info_v2_plan *plan, uint8_t *out)
{
    bool whole = plan->range_start == 0 && plan->range_end == plan->content_length;

    out[0] = 0;
    out[1] = 2;
    out[2] = ALGORITHM_FIELD;
    store_be64(out + 3, plan->first_offset);
    store_be64(out + 11, plan->first_index);
    store_be32(out + 19, (uint32_t)(plan->range_start - plan->first_offset));
    /* 0 for the whole content, as captured from a real server. */
    store_be64(out + 23, whole ? 0 : plan->range_end - plan->range_start);
}

void content_info_v2_write_chunk_header(const struct content_info_v2_plan *plan, uint64_t k,
                                        uint8_t *out)
{
    uint64_t count = plan->segment_count - k;

    if (count > DESCRIPTIONS_PER_CHUNK)
        count = DESCRIPTIONS_PER_CHUNK;
    out[0] = 0;
    store_be32(out + 1, (uint32_t)count * CONTENT_INFO_SEGMENT_V2);
}

void content_info_v2_write_description(uint32_t size, const uint8_t *hod, const uint8_t *kp,
                                       uint8_t *out)
{
    store_be32(out, size);
    memcpy(out + 4, hod, VALUE_SIZE);
    memcpy(out + 4 + VALUE_SIZE, kp, VALUE_SIZE);
}
