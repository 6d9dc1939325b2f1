/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of an imagined content. */
#include "unit/store/sample.h"

#include <stdlib.h>
#include <string.h>

#include "core/segment.h"

static void fill(uint8_t *out, size_t length, uint32_t seed, uint64_t number)
{
    uint64_t x = (number + 1) * 0x9E3779B97F4A7C15u ^ seed;

    for (size_t i = 0; i < length; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(x >> 56);
    }
}

static uint32_t size_v1(struct sample sample, uint64_t index)
{
    uint64_t left = sample.length - index * SEGMENT_SIZE_V1;

    return left < SEGMENT_SIZE_V1 ? (uint32_t)left : SEGMENT_SIZE_V1;
}

static void make_segment(struct sample sample, uint64_t index,
                         struct publication_segment_v1_row *segment)
{
    segment->size = size_v1(sample, index);
    segment->block_count = (segment->size - 1) / BLOCK_SIZE_V1 + 1;
    fill(segment->hod, 32, sample.seed, index * 4);
    fill(segment->block_hashes, 32 * (size_t)segment->block_count, sample.seed, index * 4 + 1);
}

/* The run that starts at this index and offset. Returns the offset after it. */
static uint64_t make_run(struct sample sample, uint64_t index, uint64_t offset,
                         struct publication_run_v2_row *run)
{
    run->first_index = index;
    run->first_offset = offset;
    for (run->count = 0; run->count < PUBLICATION_RUN_MAX && offset < sample.length; run->count++) {
        uint64_t number = (index + run->count) * 4 + 2;
        uint32_t size;

        fill((uint8_t *)&size, sizeof(size), sample.seed, number);
        size = 32768 + size % (SEGMENT_MAX_SIZE_V2 - 32768 + 1);
        if (size > sample.length - offset)
            size = (uint32_t)(sample.length - offset);
        run->sizes[run->count] = size;
        fill(run->hods + 32 * run->count, 32, sample.seed, number + 1);
        offset += size;
    }
    return offset;
}

enum pd_status sample_begin(struct publication_owner *owner, const char *identifier,
                            struct publication_id *id)
{
    return publication_begin(owner, identifier, strlen(identifier), SAMPLE_FUNCTION, id);
}

enum pd_status sample_write(struct publication_store *store, const struct publication_id *id,
                            struct sample sample)
{
    struct publication_segment_v1_row *segment = calloc(1, sizeof(*segment));
    struct publication_run_v2_row *run = calloc(1, sizeof(*run));
    uint64_t segments = (sample.length + SEGMENT_SIZE_V1 - 1) / SEGMENT_SIZE_V1, offset = 0;
    enum pd_status status = segment && run ? PD_OK : PD_NO_MEMORY;

    for (uint64_t i = 0; i < segments && status == PD_OK; i++) {
        make_segment(sample, i, segment);
        struct publication_segment_v1 record = {i, segment->size, segment->block_count,
                                                segment->hod, segment->block_hashes};
        struct publication_records records = {&record, 1, NULL, 0};

        status = publication_write(store, id, &records, false, 0);
    }
    for (uint64_t index = 0; offset < sample.length && status == PD_OK; index += run->count) {
        offset = make_run(sample, index, offset, run);
        struct publication_run_v2 record = {run->first_index, run->first_offset, run->count,
                                            run->sizes, run->hods};
        struct publication_records records = {NULL, 0, &record, 1};

        status = publication_write(store, id, &records, offset == sample.length, sample.length);
    }
    if (!sample.length && status == PD_OK)
        status = publication_write(store, id, &(struct publication_records){0}, true, 0);
    free(run);
    free(segment);
    return status;
}

enum pd_status sample_publish(struct publication_store *store, struct publication_owner *owner,
                              const char *identifier, struct sample sample,
                              struct publication_id *id)
{
    enum pd_status status = sample_begin(owner, identifier, id);

    return status == PD_OK ? sample_write(store, id, sample) : status;
}

enum pd_status sample_find(struct publication_store *store, const char *identifier,
                           struct publication_info *info)
{
    return publication_find(store, identifier, strlen(identifier), info);
}

struct check {
    struct publication_segment_v1_row segment, read_segment;
    struct publication_run_v2_row run, read_run;
    uint8_t hods[256 * 32];
};

static enum pd_status verify_segments(struct publication_store *store,
                                      const struct publication_id *id, struct sample sample,
                                      struct check *check)
{
    uint64_t segments = (sample.length + SEGMENT_SIZE_V1 - 1) / SEGMENT_SIZE_V1;
    enum pd_status status = PD_OK;
    uint32_t batch;

    for (uint64_t i = 0; i < segments && status == PD_OK; i++) {
        make_segment(sample, i, &check->segment);
        status = publication_read_v1(store, id, i, &check->read_segment);
        if (status == PD_OK &&
            (check->read_segment.size != check->segment.size ||
             check->read_segment.block_count != check->segment.block_count ||
             memcmp(check->read_segment.hod, check->segment.hod, 32) != 0 ||
             memcmp(check->read_segment.block_hashes, check->segment.block_hashes,
                    32 * (size_t)check->segment.block_count) != 0))
            status = PD_MISSING_DATA;
    }
    for (uint64_t first = 0; first < segments && status == PD_OK; first += batch) {
        batch = segments - first > 256 ? 256 : (uint32_t)(segments - first);
        status = publication_read_v1_hods(store, id, first, batch, check->hods);
        for (uint32_t i = 0; i < batch && status == PD_OK; i++) {
            make_segment(sample, first + i, &check->segment);
            if (memcmp(check->hods + 32 * i, check->segment.hod, 32) != 0)
                status = PD_MISSING_DATA;
        }
    }
    return status;
}

static bool same_run(const struct publication_run_v2_row *a, const struct publication_run_v2_row *b)
{
    return a->first_index == b->first_index && a->first_offset == b->first_offset &&
           a->count == b->count && memcmp(a->sizes, b->sizes, 4 * (size_t)a->count) == 0 &&
           memcmp(a->hods, b->hods, 32 * (size_t)a->count) == 0;
}

static enum pd_status verify_runs(struct publication_store *store, const struct publication_id *id,
                                  struct sample sample, struct check *check)
{
    const struct publication_run_v2_row *run = &check->run;
    enum pd_status status = PD_OK;
    uint64_t end;

    for (uint64_t index = 0, offset = 0; offset < sample.length && status == PD_OK;
         index += run->count, offset = end) {
        end = make_run(sample, index, offset, &check->run);
        /* Its first and its last segment, its first and its last byte. */
        uint64_t indexes[] = {index, index + run->count - 1}, offsets[] = {offset, end - 1};

        for (int i = 0; i < 2 && status == PD_OK; i++) {
            status = publication_read_v2_index(store, id, indexes[i], &check->read_run);
            if (status == PD_OK && !same_run(run, &check->read_run))
                status = PD_MISSING_DATA;
        }
        for (int i = 0; i < 2 && status == PD_OK; i++) {
            status = publication_read_v2_offset(store, id, offsets[i], &check->read_run);
            if (status == PD_OK && !same_run(run, &check->read_run))
                status = PD_MISSING_DATA;
        }
    }
    return status;
}

enum pd_status sample_verify(struct publication_store *store, const struct publication_id *id,
                             struct sample sample)
{
    struct check *check = calloc(1, sizeof(*check));
    enum pd_status status;

    if (!check)
        return PD_NO_MEMORY;
    status = verify_segments(store, id, sample, check);
    if (status == PD_OK)
        status = verify_runs(store, id, sample, check);
    free(check);
    return status;
}
