/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes as content information. What is accepted must be consistent, lie inside
 * the input, and survive being written again. */
#include "core/content_info.h"
#include "core/content_info_write.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void check_inside(const struct content_info *info, const uint8_t *bytes, size_t length)
{
    check(bytes >= info->data && length <= info->length &&
          (size_t)(bytes - info->data) <= info->length - length);
}

static void check_segment(const struct content_info *info,
                          const struct content_info_segment *segment)
{
    size_t value = segment_value_size(info->scheme);
    uint32_t most = info->scheme.version == 1 ? SEGMENT_SIZE_V1 : SEGMENT_MAX_SIZE_V2;

    check(segment->size > 0 && segment->size <= most);
    check(segment->offset <= (uint64_t)INT64_MAX - segment->size);
    check(segment->offset < info->range_end && segment->offset + segment->size > info->range_start);
    check_inside(info, segment->hod, value);
    check_inside(info, segment->secret, value);
    if (info->scheme.version == 2) {
        check(segment->block_hashes == NULL && segment->block_count == 0);
        return;
    }
    check(segment->block_count > 0 &&
          segment->first_block + segment->block_count <= BLOCKS_PER_SEGMENT);
    check_inside(info, segment->block_hashes, segment->block_count * value);
    /* Every block that the range needs has its hash. */
    {
        uint64_t lo = info->range_start > segment->offset ? info->range_start - segment->offset : 0;
        uint64_t hi = info->range_end - segment->offset;

        if (hi > segment->size)
            hi = segment->size;
        check(segment->first_block <= lo / BLOCK_SIZE_V1);
        check(segment->first_block + segment->block_count > (hi - 1) / BLOCK_SIZE_V1);
    }
}

static uint8_t *write_v1(const struct content_info *info, size_t *size)
{
    struct content_info_v1_plan plan;
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    uint64_t content_length = 0;
    uint8_t *out;
    uint32_t k = 0;

    for (content_info_begin(info, &cursor); content_info_next(&cursor, &segment);) {
        if (segment.first_block > 0)
            return NULL; /* our writer lists blocks from 0 on, and their hashes are not here */
        content_length = segment.offset + segment.size;
    }
    check(content_info_v1_plan(&plan, info->scheme.algorithm, content_length, info->range_start,
                               info->range_end - info->range_start) == PD_OK);
    check(plan.segment_count == info->segment_count);
    check(plan.total_size <= info->length);
    *size = (size_t)plan.total_size;
    out = malloc(*size);
    check(out != NULL);
    memset(out, 0, *size);
    content_info_v1_write_header(&plan, out);
    for (content_info_begin(info, &cursor); content_info_next(&cursor, &segment); k++) {
        uint64_t position = content_info_v1_list_position(&plan, k);

        check(content_info_v1_segment_size(&plan, k) == segment.size);
        check(content_info_v1_block_count(&plan, k) <= segment.block_count);
        check(position + content_info_v1_list_size(&plan, k) <= *size);
        content_info_v1_write_description(&plan, k, segment.hod, segment.secret,
                                          out + content_info_v1_description_position(&plan, k));
        content_info_v1_write_list(&plan, k, segment.block_hashes, out + position);
    }
    check(k == plan.segment_count);
    /* Lists as ours are leave only one field to the writer's taste. */
    if (*size == info->length) {
        check(memcmp(out, info->data, 10) == 0);
        check(memcmp(out + 14, info->data + 14, *size - 14) == 0);
    }
    return out;
}

static uint8_t *write_v2(const struct content_info *info, size_t *size)
{
    struct content_info_v2_plan plan;
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    uint8_t *out;
    uint64_t k = 0;

    content_info_v2_plan(&plan, info->whole_content ? info->range_end : UINT64_MAX,
                         info->range_start, info->range_end, info->first_offset, info->first_index,
                         info->segment_count);
    check(plan.total_size <= info->length);
    *size = (size_t)plan.total_size;
    out = malloc(*size);
    check(out != NULL);
    content_info_v2_write_header(&plan, out);
    check(memcmp(out, info->data, CONTENT_INFO_HEADER_V2) == 0);
    for (content_info_begin(info, &cursor); content_info_next(&cursor, &segment); k++) {
        bool begins;
        uint64_t position = content_info_v2_description_position(&plan, k, &begins);

        check(position + CONTENT_INFO_SEGMENT_V2 <= *size);
        check(begins == (k == 0));
        if (begins)
            content_info_v2_write_chunk_header(&plan, k,
                                               out + position - CONTENT_INFO_CHUNK_HEADER_V2);
        content_info_v2_write_description(segment.size, segment.hod, segment.secret,
                                          out + position);
    }
    check(k == info->segment_count);
    if (*size == info->length)
        check(memcmp(out, info->data, *size) == 0);
    return out;
}

static void check_same(const struct content_info *a, const struct content_info *b)
{
    size_t value = segment_value_size(a->scheme);
    struct content_info_cursor in_a, in_b;
    struct content_info_segment x, y;

    check(a->range_start == b->range_start && a->range_end == b->range_end);
    check(a->first_offset == b->first_offset && a->first_index == b->first_index);
    check(a->segment_count == b->segment_count);
    check(a->scheme.version == b->scheme.version && a->scheme.algorithm == b->scheme.algorithm);
    content_info_begin(a, &in_a);
    content_info_begin(b, &in_b);
    while (content_info_next(&in_a, &x)) {
        check(content_info_next(&in_b, &y));
        check(x.offset == y.offset && x.size == y.size);
        check(memcmp(x.hod, y.hod, value) == 0 && memcmp(x.secret, y.secret, value) == 0);
    }
    check(!content_info_next(&in_b, &y));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct content_info info;
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    uint64_t count = 0;
    uint64_t next;
    enum pd_status status;
    uint8_t *again;
    size_t again_size = 0;

    check(hash_library_init());
    status = content_info_parse(data, size, &info);
    check(status == PD_OK || status == PD_CANNOT_PARSE_CONTENT_INFO ||
          status == PD_CONTENT_INFO_VERSION_UNSUPPORTED);
    if (status != PD_OK)
        return 0;

    check(info.data == data && info.length == size);
    check(info.range_start < info.range_end && info.range_end <= (uint64_t)INT64_MAX);
    next = info.first_offset;
    for (content_info_begin(&info, &cursor); content_info_next(&cursor, &segment); count++) {
        check(segment.offset == next);
        check_segment(&info, &segment);
        next = segment.offset + segment.size;
    }
    check(count == info.segment_count && count > 0 && info.range_end <= next);

    again = info.scheme.version == 1 ? write_v1(&info, &again_size) : write_v2(&info, &again_size);
    if (again != NULL) {
        struct content_info second;

        check(content_info_parse(again, again_size, &second) == PD_OK);
        check_same(&info, &second);
        free(again);
    }
    return 0;
}
