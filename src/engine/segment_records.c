/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects hashes between two writes to the store. */
#include "engine/segment_records.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST_V1 32u
#define DIGEST_V2 64u
#define HOD_V2    32u
#define V2_MAX    (SEGMENT_RECORDS_RUNS_MAX * PUBLICATION_RUN_MAX)

void segment_records_fini(struct segment_records *records)
{
    free(records->block_hashes);
    free(records->v2_sizes);
    free(records->v2_hods);
    memset(records, 0, sizeof(*records));
}

uint32_t segment_records_room(const struct segment_records *records)
{
    return BLOCKS_PER_SEGMENT - records->block_count;
}

static uint32_t grown_capacity(uint32_t capacity, uint32_t needed, uint32_t limit)
{
    uint32_t grown = capacity == 0 ? 4 : capacity;
    while (grown < needed)
        grown *= 2;
    return grown < limit ? grown : limit;
}

enum pd_status segment_records_add_blocks(struct segment_records *records, const uint8_t *digests,
                                          uint32_t count, uint32_t size)
{
    if (count > segment_records_room(records))
        return PD_OUT_OF_BOUNDS;
    uint32_t needed = records->block_count + count;
    if (needed > records->block_capacity) {
        uint32_t capacity = grown_capacity(records->block_capacity, needed, BLOCKS_PER_SEGMENT);
        uint8_t *grown = realloc(records->block_hashes, (size_t)capacity * DIGEST_V1);
        if (grown == NULL)
            return PD_NO_MEMORY;
        records->block_hashes = grown;
        records->block_capacity = capacity;
    }
    memcpy(records->block_hashes + (size_t)records->block_count * DIGEST_V1, digests,
           (size_t)count * DIGEST_V1);
    records->block_count = needed;
    records->segment_size += size;
    records->content_length += size;
    return PD_OK;
}

static enum pd_status grow_v2(struct segment_records *records, uint32_t needed)
{
    if (needed > V2_MAX)
        return PD_OUT_OF_BOUNDS;
    uint32_t capacity = grown_capacity(records->v2_capacity, needed, V2_MAX);
    uint32_t *sizes = realloc(records->v2_sizes, capacity * sizeof(*sizes));
    if (sizes == NULL)
        return PD_NO_MEMORY;
    records->v2_sizes = sizes;
    uint8_t *hods = realloc(records->v2_hods, (size_t)capacity * HOD_V2);
    if (hods == NULL)
        return PD_NO_MEMORY;
    records->v2_hods = hods;
    records->v2_capacity = capacity;
    return PD_OK;
}

enum pd_status segment_records_add_v2(struct segment_records *records, const uint32_t *sizes,
                                      const uint8_t *digests, uint32_t count)
{
    uint32_t needed = records->v2_count + count;
    if (needed > records->v2_capacity) {
        enum pd_status status = grow_v2(records, needed);
        if (status != PD_OK)
            return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = records->v2_count + i;
        records->v2_sizes[at] = sizes[i];
        memcpy(records->v2_hods + (size_t)at * HOD_V2, digests + (size_t)i * DIGEST_V2, HOD_V2);
    }
    records->v2_count = needed;
    return PD_OK;
}

enum pd_status segment_records_view(const struct segment_records *records,
                                    struct segment_records_view *view)
{
    memset(view, 0, sizeof(*view));
    if (records->block_count > 0) {
        enum pd_status status =
            segment_hod_v1(HASH_SHA256, records->block_hashes, records->block_count, view->hod);
        if (status != PD_OK)
            return status;
        view->segment.index = records->segment_index;
        view->segment.size = records->segment_size;
        view->segment.block_count = records->block_count;
        view->segment.hod = view->hod;
        view->segment.block_hashes = records->block_hashes;
        view->records.segments = &view->segment;
        view->records.segment_count = 1;
    }
    uint64_t offset = records->first_offset;
    for (uint32_t at = 0; at < records->v2_count;) {
        struct publication_run_v2 *run = &view->runs[view->records.run_count++];
        run->first_index = records->first_index + at;
        run->first_offset = offset;
        run->sizes = records->v2_sizes + at;
        run->hods = records->v2_hods + (size_t)at * HOD_V2;
        while (at < records->v2_count && run->count < PUBLICATION_RUN_MAX) {
            offset += records->v2_sizes[at++];
            run->count++;
        }
    }
    view->records.runs = view->runs;
    return PD_OK;
}

void segment_records_written(struct segment_records *records)
{
    if (records->block_count > 0)
        records->segment_index++;
    records->block_count = 0;
    records->segment_size = 0;
    for (uint32_t i = 0; i < records->v2_count; i++)
        records->first_offset += records->v2_sizes[i];
    records->first_index += records->v2_count;
    records->v2_count = 0;
}
