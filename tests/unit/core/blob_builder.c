/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes content information the straightforward way, one message at a time. */
#include "unit/core/blob_builder.h"

#include "core/segmenter_v2.h"

#include <stdlib.h>
#include <string.h>

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    if (memory == NULL)
        abort();
    return memory;
}

static void hash(enum hash_algorithm algorithm, const uint8_t *data, size_t length, uint8_t *out)
{
    if (!digest_once(algorithm, data, length, out))
        abort();
}

void fill_pattern(uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
}

static void record_v1(struct content_record *record, const uint8_t *data)
{
    enum hash_algorithm algorithm = record->scheme.algorithm;
    size_t value = hash_size(algorithm);
    size_t length = (size_t)record->length;
    size_t blocks = (length + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1;

    record->segment_count = (length + SEGMENT_SIZE_V1 - 1) / SEGMENT_SIZE_V1;
    record->sizes = allocate(record->segment_count, sizeof *record->sizes);
    record->hods = allocate(record->segment_count, value);
    record->block_hashes = allocate(blocks, value);
    for (size_t b = 0; b < blocks; b++) {
        size_t offset = b * BLOCK_SIZE_V1;
        size_t left = length - offset;

        hash(algorithm, data + offset, left < BLOCK_SIZE_V1 ? left : BLOCK_SIZE_V1,
             record->block_hashes + b * value);
    }
    for (size_t s = 0; s < record->segment_count; s++) {
        size_t first = s * BLOCKS_PER_SEGMENT;
        size_t count = blocks - first < BLOCKS_PER_SEGMENT ? blocks - first : BLOCKS_PER_SEGMENT;
        size_t left = length - s * SEGMENT_SIZE_V1;

        record->sizes[s] = (uint32_t)(left < SEGMENT_SIZE_V1 ? left : SEGMENT_SIZE_V1);
        if (segment_hod_v1(algorithm, record->block_hashes + first * value, count,
                           record->hods + s * value) != PD_OK)
            abort();
    }
}

static uint32_t cut_v2(const uint8_t *data, size_t left, const uint32_t *sizes, size_t size_count,
                       size_t index)
{
    uint32_t size;

    if (size_count == 0) {
        struct segmenter_v2_scan scan = {0, 0};
        size = segmenter_v2_next(data, left, &scan);
        return size == 0 ? (uint32_t)left : size;
    }
    size = sizes[index < size_count ? index : size_count - 1];
    return size < left ? size : (uint32_t)left;
}

static void record_v2(struct content_record *record, const uint8_t *data, const uint32_t *sizes,
                      size_t size_count)
{
    size_t value = segment_value_size(record->scheme);
    size_t length = (size_t)record->length;
    size_t offset = 0;
    size_t room = 0;

    for (size_t s = 0; offset < length; s++) {
        uint8_t full[HASH_MAX_SIZE];

        if (s == room) {
            room = 2 * room + 64;
            record->sizes = realloc(record->sizes, room * sizeof *record->sizes);
            record->hods = realloc(record->hods, room * value);
            if (record->sizes == NULL || record->hods == NULL)
                abort();
        }
        record->sizes[s] = cut_v2(data + offset, length - offset, sizes, size_count, s);
        hash(record->scheme.algorithm, data + offset, record->sizes[s], full);
        memcpy(record->hods + s * value, full, value);
        offset += record->sizes[s];
        record->segment_count = s + 1;
    }
}

void content_record_init(struct content_record *record, struct segment_scheme scheme,
                         const uint8_t *data, uint64_t length, const uint32_t *sizes,
                         size_t size_count)
{
    memset(record, 0, sizeof *record);
    record->scheme = scheme;
    record->length = length;
    if (scheme.version == 1)
        record_v1(record, data);
    else
        record_v2(record, data, sizes, size_count);
}

void content_record_fini(struct content_record *record)
{
    free(record->sizes);
    free(record->hods);
    free(record->block_hashes);
}

static enum pd_status write_v1(const struct content_record *record, const uint8_t *ks,
                               uint64_t start, uint64_t length, uint8_t **blob, size_t *size)
{
    size_t value = hash_size(record->scheme.algorithm);
    struct content_info_v1_plan plan;
    enum pd_status status =
        content_info_v1_plan(&plan, record->scheme.algorithm, record->length, start, length);

    *size = (size_t)plan.total_size;
    if (status != PD_OK || *size == 0)
        return status;
    *blob = allocate(*size, 1);
    content_info_v1_write_header(&plan, *blob);
    for (uint32_t k = 0; k < plan.segment_count; k++) {
        size_t s = (size_t)plan.first_segment + k;
        uint8_t kp[HASH_MAX_SIZE];

        if (segment_derive_kp(record->scheme, ks, record->hods + s * value, kp) != PD_OK)
            abort();
        content_info_v1_write_description(&plan, k, record->hods + s * value, kp,
                                          *blob + content_info_v1_description_position(&plan, k));
        content_info_v1_write_list(&plan, k, record->block_hashes + s * BLOCKS_PER_SEGMENT * value,
                                   *blob + content_info_v1_list_position(&plan, k));
    }
    return PD_OK;
}

static enum pd_status write_v2(const struct content_record *record, const uint8_t *ks,
                               uint64_t start, uint64_t length, uint8_t **blob, size_t *size)
{
    size_t value = segment_value_size(record->scheme);
    struct content_info_v2_plan plan;
    uint64_t range_start, range_end;
    uint64_t offset = 0;
    uint64_t first_offset = 0;
    size_t first = 0;
    size_t count = 0;
    enum pd_status status =
        content_info_check_range(record->length, start, length, &range_start, &range_end);

    if (status != PD_OK)
        return status;
    for (size_t s = 0; s < record->segment_count; s++) {
        if (offset < range_end && offset + record->sizes[s] > range_start) {
            if (count++ == 0) {
                first = s;
                first_offset = offset;
            }
        }
        offset += record->sizes[s];
    }
    content_info_v2_plan(&plan, record->length, range_start, range_end, first_offset, first, count);
    *size = (size_t)plan.total_size;
    if (*size == 0)
        return PD_OK;
    *blob = allocate(*size, 1);
    content_info_v2_write_header(&plan, *blob);
    for (size_t k = 0; k < count; k++) {
        bool chunk_header;
        uint8_t *out = *blob + content_info_v2_description_position(&plan, k, &chunk_header);
        const uint8_t *hod = record->hods + (first + k) * value;
        uint8_t kp[HASH_MAX_SIZE];

        if (chunk_header)
            content_info_v2_write_chunk_header(&plan, k, out - CONTENT_INFO_CHUNK_HEADER_V2);
        if (segment_derive_kp(record->scheme, ks, hod, kp) != PD_OK)
            abort();
        content_info_v2_write_description(record->sizes[first + k], hod, kp, out);
    }
    return PD_OK;
}

enum pd_status content_record_write(const struct content_record *record, const uint8_t *secret_key,
                                    size_t secret_key_length, uint64_t start, uint64_t length,
                                    uint8_t **blob, size_t *size)
{
    uint8_t ks[HASH_MAX_SIZE];

    *blob = NULL;
    if (segment_derive_ks(record->scheme, secret_key, secret_key_length, ks) != PD_OK)
        abort();
    if (record->scheme.version == 1)
        return write_v1(record, ks, start, length, blob, size);
    return write_v2(record, ks, start, length, blob, size);
}
