/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of a blob from records: which record a position needs, and the secrets put in. */
#include "engine/content_info_reader.h"

#include <string.h>

#include "engine/impersonation.h"
#include "platform/secret_key_store.h"

_Static_assert(CONTENT_INFO_PIECE_MAX >= 4 + BLOCKS_PER_SEGMENT * 32, "a block list is one piece");

static enum pd_status open_v2(struct content_info_reader *reader, uint64_t content_length,
                              uint64_t start, uint64_t end)
{
    struct publication_run_v2_row *run = &reader->row.v2;
    uint64_t index[2] = {0, 0}, first_offset = 0;
    const uint64_t offsets[2] = {start, end - 1};
    for (unsigned i = 0; i < 2; i++) {
        enum pd_status status =
            publication_read_v2_offset(reader->store, &reader->id, offsets[i], run);
        if (status != PD_OK)
            return status;
        uint64_t at = run->first_offset;
        uint32_t k = 0;
        while (k < run->count && offsets[i] - at >= run->sizes[k])
            at += run->sizes[k++];
        if (k == run->count)
            return PD_UNAVAILABLE; /* records that contradict each other */
        index[i] = run->first_index + k;
        if (i == 0)
            first_offset = at;
    }
    content_info_v2_plan(&reader->plan.v2, content_length, start, end, first_offset, index[0],
                         index[1] - index[0] + 1);
    reader->total_size = reader->plan.v2.total_size;
    return PD_OK;
}

/* The key is the server's, whoever it serves: a process that impersonates its clients has one key,
 * or the same content would have a name for each of them. */
static enum pd_status load_ks(struct content_info_reader *reader)
{
    struct impersonation process;
    struct secret_key key = {0};
    enum pd_status status = PD_UNAVAILABLE;
    if (impersonation_begin(&process, NULL))
        status = secret_key_load(&key);
    impersonation_end(&process);
    if (status == PD_OK)
        status = segment_derive_ks(reader->scheme, key.bytes, key.length, reader->ks);
    secret_key_wipe(&key);
    return status;
}

enum pd_status content_info_reader_open(struct content_info_reader *reader,
                                        struct publication_store *store,
                                        const struct publication_info *publication,
                                        unsigned version, uint64_t offset, uint64_t length)
{
    uint64_t start, end;
    reader->store = store;
    reader->id = publication->id;
    reader->piece_length = 0;
    reader->total_size = 0;
    reader->scheme.version = version;
    reader->scheme.algorithm = version == 1 ? HASH_SHA256 : HASH_SHA512;
    enum pd_status status =
        content_info_check_range(publication->content_length, offset, length, &start, &end);
    if (status != PD_OK || start == end)
        return status; /* empty content has empty information */
    if (version == 2) {
        status = open_v2(reader, publication->content_length, start, end);
    } else {
        status = content_info_v1_plan(&reader->plan.v1, reader->scheme.algorithm,
                                      publication->content_length, offset, length);
        reader->total_size = reader->plan.v1.total_size;
    }
    return status == PD_OK ? load_ks(reader) : status;
}

void content_info_reader_close(struct content_info_reader *reader)
{
    secure_wipe(reader->ks, sizeof(reader->ks));
    secure_wipe(reader->piece, sizeof(reader->piece));
}

/* Descriptions [k, k + count) of the plan; the header in front of the first one. */
static enum pd_status load_descriptions_v1(struct content_info_reader *reader, uint32_t k)
{
    const struct content_info_v1_plan *plan = &reader->plan.v1;
    uint32_t left = plan->segment_count - k;
    uint32_t count = left < CONTENT_INFO_READER_STEP ? left : CONTENT_INFO_READER_STEP;
    uint8_t *out = reader->piece;
    uint8_t kp[HASH_MAX_SIZE];
    enum pd_status status = publication_read_v1_hods(
        reader->store, &reader->id, plan->first_segment + k, count, reader->row.hods);
    reader->piece_position = content_info_v1_description_position(plan, k);
    if (status == PD_OK && k == 0) {
        content_info_v1_write_header(plan, out);
        out += CONTENT_INFO_HEADER_V1;
        reader->piece_position = 0;
    }
    for (uint32_t i = 0; status == PD_OK && i < count; i++) {
        const uint8_t *hod = reader->row.hods + 32 * (size_t)i;
        status = segment_derive_kp(reader->scheme, reader->ks, hod, kp);
        content_info_v1_write_description(plan, k + i, hod, kp, out);
        out += content_info_v1_description_size(plan);
    }
    secure_wipe(kp, sizeof(kp));
    reader->piece_length = (size_t)(out - reader->piece);
    return status;
}

static enum pd_status load_list_v1(struct content_info_reader *reader, uint32_t k)
{
    const struct content_info_v1_plan *plan = &reader->plan.v1;
    struct publication_segment_v1_row *row = &reader->row.v1;
    enum pd_status status =
        publication_read_v1(reader->store, &reader->id, plan->first_segment + k, row);
    if (status != PD_OK)
        return status;
    if (row->size != content_info_v1_segment_size(plan, k) ||
        row->block_count < content_info_v1_block_count(plan, k))
        return PD_UNAVAILABLE;
    content_info_v1_write_list(plan, k, row->block_hashes, reader->piece);
    reader->piece_position = content_info_v1_list_position(plan, k);
    reader->piece_length = content_info_v1_list_size(plan, k);
    return PD_OK;
}

static enum pd_status load_v1(struct content_info_reader *reader, uint64_t position)
{
    const struct content_info_v1_plan *plan = &reader->plan.v1;
    if (position < content_info_v1_list_position(plan, 0)) {
        uint64_t first = content_info_v1_description_position(plan, 0);
        uint64_t k =
            position < first ? 0 : (position - first) / content_info_v1_description_size(plan);
        return load_descriptions_v1(reader, (uint32_t)k / CONTENT_INFO_READER_STEP *
                                                CONTENT_INFO_READER_STEP);
    }
    /* Only the first and the last list can be short; in between their distance is fixed. */
    uint32_t low = 0, high = plan->segment_count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (content_info_v1_list_position(plan, middle) <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return load_list_v1(reader, low);
}

/* The descriptions of the stored run that holds description k, with the headers in front of them.
 */
static enum pd_status load_run_v2(struct content_info_reader *reader, uint64_t k)
{
    const struct content_info_v2_plan *plan = &reader->plan.v2;
    struct publication_run_v2_row *run = &reader->row.v2;
    enum pd_status status =
        publication_read_v2_index(reader->store, &reader->id, plan->first_index + k, run);
    if (status != PD_OK)
        return status;
    uint64_t plan_end = plan->first_index + plan->segment_count;
    uint64_t index = run->first_index > plan->first_index ? run->first_index : plan->first_index;
    uint64_t run_end = run->first_index + run->count;
    uint64_t end = run_end < plan_end ? run_end : plan_end;

    uint8_t kp[HASH_MAX_SIZE];
    uint8_t *out = reader->piece;
    bool chunk_header = false;
    k = index - plan->first_index;
    reader->piece_position = content_info_v2_description_position(plan, k, &chunk_header) -
                             (chunk_header ? CONTENT_INFO_CHUNK_HEADER_V2 : 0);
    if (k == 0) {
        content_info_v2_write_header(plan, out);
        out += CONTENT_INFO_HEADER_V2;
        reader->piece_position = 0;
    }
    for (; status == PD_OK && index < end; index++, k++) {
        (void)content_info_v2_description_position(plan, k, &chunk_header);
        if (chunk_header) {
            content_info_v2_write_chunk_header(plan, k, out);
            out += CONTENT_INFO_CHUNK_HEADER_V2;
        }
        size_t at = (size_t)(index - run->first_index);
        const uint8_t *hod = run->hods + 32 * at;
        status = segment_derive_kp(reader->scheme, reader->ks, hod, kp);
        content_info_v2_write_description(run->sizes[at], hod, kp, out);
        out += CONTENT_INFO_SEGMENT_V2;
    }
    secure_wipe(kp, sizeof(kp));
    reader->piece_length = (size_t)(out - reader->piece);
    return status;
}

static enum pd_status load_v2(struct content_info_reader *reader, uint64_t position)
{
    const struct content_info_v2_plan *plan = &reader->plan.v2;
    bool chunk_header;
    uint64_t low = 0, high = plan->segment_count - 1;
    while (low <
           high) { /* the last description that begins, chunk header included, at or before it */
        uint64_t middle = low + (high - low + 1) / 2;
        uint64_t begin = content_info_v2_description_position(plan, middle, &chunk_header);
        if (begin - (chunk_header ? CONTENT_INFO_CHUNK_HEADER_V2 : 0) <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return load_run_v2(reader, low);
}

enum pd_status content_info_reader_load(struct content_info_reader *reader, uint64_t position)
{
    enum pd_status status =
        reader->scheme.version == 1 ? load_v1(reader, position) : load_v2(reader, position);
    if (status == PD_OK && (position < reader->piece_position ||
                            position - reader->piece_position >= reader->piece_length))
        status = PD_UNAVAILABLE; /* records that contradict the plan */
    if (status != PD_OK)
        reader->piece_length = 0;
    return status;
}
