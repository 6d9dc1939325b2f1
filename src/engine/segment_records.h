/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns hashes that arrive in content order into the records of the store: block hashes into v1
 * segments with their HoD, v2 segments into runs. Holds at most what belongs to one v1 segment
 * (16 KiB of block hashes, about 40 KiB of v2 records) between two writes. */
#ifndef PEERDIST_ENGINE_SEGMENT_RECORDS_H
#define PEERDIST_ENGINE_SEGMENT_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "core/segment.h"
#include "store/publication_store.h"

/* A v1 segment of 32 MiB has at most 1024 v2 segments, and a batch may bring some of the next. */
#define SEGMENT_RECORDS_RUNS_MAX 8u

struct segment_records {
    uint64_t content_length; /* hashed so far */
    /* v1: the segment that is being filled */
    uint64_t segment_index;
    uint32_t segment_size;
    uint32_t block_count;
    uint32_t block_capacity;
    uint8_t *block_hashes;
    /* v2: segments not yet written */
    uint64_t first_index;
    uint64_t first_offset;
    uint32_t v2_count;
    uint32_t v2_capacity;
    uint32_t *v2_sizes;
    uint8_t *v2_hods;
};

/* All zero is an empty one. */
void segment_records_fini(struct segment_records *records);

/* How many more blocks the open v1 segment takes: add no more before it is written. Never 0 for a
 * records whose full segments are written. */
uint32_t segment_records_room(const struct segment_records *records);

/* digests: 32 bytes each. size: bytes of the content that these blocks are, together. */
enum pd_status segment_records_add_blocks(struct segment_records *records, const uint8_t *digests,
                                          uint32_t count, uint32_t size);
/* digests: 64 bytes each, of which the first 32 are the HoD. */
enum pd_status segment_records_add_v2(struct segment_records *records, const uint32_t *sizes,
                                      const uint8_t *digests, uint32_t count);

/* A view of what is to be written: the open v1 segment, if it has blocks, closed, and all v2
 * segments. Valid until the next call. */
struct segment_records_view {
    struct publication_records records;
    struct publication_segment_v1 segment;
    struct publication_run_v2 runs[SEGMENT_RECORDS_RUNS_MAX];
    uint8_t hod[HASH_MAX_SIZE];
};
enum pd_status segment_records_view(const struct segment_records *records,
                                    struct segment_records_view *view);
/* The view was written: forget it. */
void segment_records_written(struct segment_records *records);

#endif
