/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing content information of version 1.0 ([MS-PCCRC] 2.3), and the check of a range that both
 * versions share. Little-endian. */
#include "core/content_info_write.h"

#include "core/bytes.h"

#include <string.h>

#define DESCRIPTION_FIXED 16u /* then HoD and Kp */
#define LIST_FIXED        4u  /* then the block hashes */

enum pd_status content_info_check_range(uint64_t content_length, uint64_t start, uint64_t length,
                                        uint64_t *range_start, uint64_t *range_end)
{
    if (length == 0) {
        if (start != 0)
            return PD_INVALID_PARAMETER;
        length = content_length;
    }
    if (start > content_length || length > content_length - start)
        return PD_OUT_OF_BOUNDS;
    *range_start = start;
    *range_end = start + length;
    return PD_OK;
}

/* The first hash is that of block 0 also where the range begins later (examples 3.3 and 3.5). Only
 * the last list can be shorter than a full segment's. */
uint32_t content_info_v1_block_count(const struct content_info_v1_plan *plan, uint32_t k)
{
    uint64_t last_offset = (plan->first_segment + k) * SEGMENT_SIZE_V1;

    if (k + 1 < plan->segment_count)
        return BLOCKS_PER_SEGMENT;
    return (uint32_t)((plan->range_end - last_offset + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1);
}

enum pd_status content_info_v1_plan(struct content_info_v1_plan *plan,
                                    enum hash_algorithm algorithm, uint64_t content_length,
                                    uint64_t start, uint64_t length)
{
    enum pd_status status;
    uint64_t segments;

    memset(plan, 0, sizeof *plan);
    plan->algorithm = algorithm;
    plan->content_length = content_length;
    status = content_info_check_range(content_length, start, length, &plan->range_start,
                                      &plan->range_end);
    if (status != PD_OK || content_length == 0)
        return status;

    plan->first_segment = plan->range_start / SEGMENT_SIZE_V1;
    segments = (plan->range_end - 1) / SEGMENT_SIZE_V1 - plan->first_segment + 1;
    if (segments > UINT32_MAX)
        return PD_OUT_OF_BOUNDS;
    plan->segment_count = (uint32_t)segments;
    plan->total_size = content_info_v1_list_position(plan, plan->segment_count - 1) +
                       content_info_v1_list_size(plan, plan->segment_count - 1);
    return PD_OK;
}

uint32_t content_info_v1_segment_size(const struct content_info_v1_plan *plan, uint32_t k)
{
    uint64_t left = plan->content_length - (plan->first_segment + k) * SEGMENT_SIZE_V1;

    return left < SEGMENT_SIZE_V1 ? (uint32_t)left : SEGMENT_SIZE_V1;
}

size_t content_info_v1_description_size(const struct content_info_v1_plan *plan)
{
    return DESCRIPTION_FIXED + 2 * hash_size(plan->algorithm);
}

uint64_t content_info_v1_description_position(const struct content_info_v1_plan *plan, uint32_t k)
{
    return CONTENT_INFO_HEADER_V1 + (uint64_t)k * content_info_v1_description_size(plan);
}

uint64_t content_info_v1_list_position(const struct content_info_v1_plan *plan, uint32_t k)
{
    uint64_t full_list = LIST_FIXED + BLOCKS_PER_SEGMENT * (uint64_t)hash_size(plan->algorithm);

    return content_info_v1_description_position(plan, plan->segment_count) + k * full_list;
}

size_t content_info_v1_list_size(const struct content_info_v1_plan *plan, uint32_t k)
{
    return LIST_FIXED + content_info_v1_block_count(plan, k) * hash_size(plan->algorithm);
}

static uint32_t algorithm_field(enum hash_algorithm algorithm)
{
    switch (algorithm) {
    case HASH_SHA384:
        return 0x800d;
    case HASH_SHA512:
        return 0x800e;
    default:
        return 0x800c;
    }
}

/* 0 for a range that reaches the end of the last segment, as captured from a real server. Else the
 * value counts from the start of the range within a single segment, and from the start of the last
 * segment where there are more. */
static uint32_t bytes_in_last_segment(const struct content_info_v1_plan *plan)
{
    uint32_t last = plan->segment_count - 1;
    uint64_t last_offset = (plan->first_segment + last) * SEGMENT_SIZE_V1;

    if (plan->range_end - last_offset == content_info_v1_segment_size(plan, last))
        return 0;
    if (last == 0)
        return (uint32_t)(plan->range_end - plan->range_start);
    return (uint32_t)(plan->range_end - last_offset);
}

void content_info_v1_write_header(const struct content_info_v1_plan *plan, uint8_t *out)
{
    store_le16(out, 0x0100);
    store_le32(out + 2, algorithm_field(plan->algorithm));
    store_le32(out + 6, (uint32_t)(plan->range_start % SEGMENT_SIZE_V1));
    store_le32(out + 10, bytes_in_last_segment(plan));
    store_le32(out + 14, plan->segment_count);
}

void content_info_v1_write_description(const struct content_info_v1_plan *plan, uint32_t k,
                                       const uint8_t *hod, const uint8_t *kp, uint8_t *out)
{
    size_t hash_length = hash_size(plan->algorithm);

    store_le64(out, (plan->first_segment + k) * SEGMENT_SIZE_V1);
    store_le32(out + 8, content_info_v1_segment_size(plan, k));
    store_le32(out + 12, BLOCK_SIZE_V1);
    memcpy(out + DESCRIPTION_FIXED, hod, hash_length);
    memcpy(out + DESCRIPTION_FIXED + hash_length, kp, hash_length);
}

void content_info_v1_write_list(const struct content_info_v1_plan *plan, uint32_t k,
                                const uint8_t *block_hashes, uint8_t *out)
{
    uint32_t count = content_info_v1_block_count(plan, k);

    store_le32(out, count);
    memcpy(out + LIST_FIXED, block_hashes, count * hash_size(plan->algorithm));
}
