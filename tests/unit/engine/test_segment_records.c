/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From hashes in content order to the store's records, whatever the pieces they come in. */
#include "engine/segment_records.h"

#include "core/segmenter_v2.h"
#include "support/unit_main.h"

#include <stdlib.h>
#include <string.h>

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)random_state * limit) >> 32);
}

static uint8_t *random_block(size_t length)
{
    uint8_t *block = malloc(length + 1);
    assert_non_null(block);
    for (size_t i = 0; i < length; i++)
        block[i] = (uint8_t)random_below(256);
    return block;
}

/* A content as its hashes, and how much of it the written records have told so far. */
struct content {
    uint64_t length;
    uint32_t block_count, v2_count;
    uint8_t *blocks;  /* 32 bytes each */
    uint8_t *digests; /* 64 bytes each */
    uint32_t *sizes;
    uint64_t next_segment, next_v2, next_offset;
};

static void make_content(struct content *content, uint64_t length)
{
    memset(content, 0, sizeof(*content));
    content->length = length;
    content->block_count = (uint32_t)((length + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1);
    content->blocks = random_block((size_t)content->block_count * 32);
    content->sizes = malloc((size_t)(length / SEGMENT_MIN_SIZE_V2 + 1) * sizeof(uint32_t));
    assert_non_null(content->sizes);
    for (uint64_t left = length; left > 0; left -= content->sizes[content->v2_count++]) {
        uint32_t size =
            SEGMENT_MIN_SIZE_V2 + random_below(SEGMENT_MAX_SIZE_V2 - SEGMENT_MIN_SIZE_V2 + 1);
        content->sizes[content->v2_count] = size < left ? size : (uint32_t)left;
    }
    content->digests = random_block((size_t)content->v2_count * 64);
}

static void free_content(struct content *content)
{
    free(content->blocks);
    free(content->digests);
    free(content->sizes);
}

/* Compares what would be written with what comes next in the content. */
static void write_out(struct content *content, struct segment_records *records)
{
    struct segment_records_view view;
    assert_int_equal(segment_records_view(records, &view), PD_OK);
    assert_in_range(view.records.segment_count, 0, 1);
    if (view.records.segment_count == 1) {
        const struct publication_segment_v1 *segment = view.records.segments;
        uint64_t begin = content->next_segment * SEGMENT_SIZE_V1;
        uint64_t left = content->length - begin;
        uint32_t size = left < SEGMENT_SIZE_V1 ? (uint32_t)left : SEGMENT_SIZE_V1;
        const uint8_t *hashes = content->blocks + begin / BLOCK_SIZE_V1 * 32;
        uint8_t hod[HASH_MAX_SIZE];
        assert_int_equal(segment->index, content->next_segment++);
        assert_int_equal(segment->size, size);
        assert_int_equal(segment->block_count, (size + BLOCK_SIZE_V1 - 1) / BLOCK_SIZE_V1);
        assert_memory_equal(segment->block_hashes, hashes, (size_t)segment->block_count * 32);
        assert_true(digest_once(HASH_SHA256, hashes, (size_t)segment->block_count * 32, hod));
        assert_memory_equal(segment->hod, hod, 32);
    }
    assert_true(view.records.run_count <= SEGMENT_RECORDS_RUNS_MAX);
    for (size_t r = 0; r < view.records.run_count; r++) {
        const struct publication_run_v2 *run = &view.records.runs[r];
        assert_in_range(run->count, 1, PUBLICATION_RUN_MAX);
        assert_int_equal(run->first_index, content->next_v2);
        assert_int_equal(run->first_offset, content->next_offset);
        for (uint32_t i = 0; i < run->count; i++, content->next_v2++) {
            assert_true(content->next_v2 < content->v2_count);
            assert_int_equal(run->sizes[i], content->sizes[content->next_v2]);
            assert_memory_equal(run->hods + 32 * (size_t)i,
                                content->digests + 64 * content->next_v2, 32);
            content->next_offset += run->sizes[i];
        }
    }
    segment_records_written(records);
}

/* Hashes in pieces of up to `piece` blocks, each with the v2 segments that end in it. */
static void feed(struct content *content, uint32_t piece)
{
    struct segment_records records = {0};
    uint32_t block = 0, v2 = 0;
    uint64_t offset = 0, v2_offset = 0;
    while (block < content->block_count) {
        uint32_t room = segment_records_room(&records);
        assert_in_range(room, 1, BLOCKS_PER_SEGMENT);
        uint32_t count = 1 + random_below(piece);
        if (count > room)
            count = room;
        if (count > content->block_count - block)
            count = content->block_count - block;
        uint64_t left = content->length - offset;
        uint32_t bytes =
            left < (uint64_t)count * BLOCK_SIZE_V1 ? (uint32_t)left : count * BLOCK_SIZE_V1;
        assert_int_equal(segment_records_add_blocks(&records, content->blocks + 32 * (size_t)block,
                                                    count, bytes),
                         PD_OK);
        block += count;
        offset += bytes;
        uint32_t first = v2;
        while (v2 < content->v2_count && v2_offset + content->sizes[v2] <= offset)
            v2_offset += content->sizes[v2++];
        assert_int_equal(segment_records_add_v2(&records, content->sizes + first,
                                                content->digests + 64 * (size_t)first, v2 - first),
                         PD_OK);
        if (segment_records_room(&records) == 0)
            write_out(content, &records);
    }
    write_out(content, &records);
    assert_int_equal(records.content_length, content->length);
    assert_int_equal(content->next_offset, content->length);
    assert_int_equal(content->next_v2, content->v2_count);
    assert_int_equal(content->next_segment * BLOCKS_PER_SEGMENT >= content->block_count, 1);
    segment_records_fini(&records);
}

static void test_contents(void **state)
{
    static const uint64_t lengths[] = {
        0,        1,        65535,    65536,        65537,     1000000,      33554431,
        33554432, 33554433, 33619968, 2 * 33554432, 100000001, 5 * 33554432u};
    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        for (uint32_t piece = 1; piece < 1000; piece = piece * 9 + 1) {
            struct content content;
            make_content(&content, lengths[i]);
            feed(&content, piece);
            free_content(&content);
        }
}

static void test_view_changes_nothing(void **state)
{
    struct segment_records records = {0};
    struct segment_records_view view, again;
    struct content content;
    (void)state;
    make_content(&content, 200000);
    assert_int_equal(segment_records_add_blocks(&records, content.blocks, 4, 200000), PD_OK);
    assert_int_equal(
        segment_records_add_v2(&records, content.sizes, content.digests, content.v2_count), PD_OK);
    assert_int_equal(segment_records_view(&records, &view), PD_OK);
    assert_int_equal(segment_records_view(&records, &again), PD_OK);
    assert_int_equal(view.segment.index, again.segment.index);
    assert_int_equal(view.runs[0].count, again.runs[0].count);
    /* A write that failed is tried again with the same. */
    write_out(&content, &records);
    segment_records_fini(&records);
    free_content(&content);
}

static void test_limits(void **state)
{
    struct segment_records records = {0};
    uint8_t *digests = random_block((SEGMENT_RECORDS_RUNS_MAX * PUBLICATION_RUN_MAX + 1) * 64);
    uint32_t sizes[PUBLICATION_RUN_MAX];
    (void)state;
    for (size_t i = 0; i < PUBLICATION_RUN_MAX; i++)
        sizes[i] = SEGMENT_MIN_SIZE_V2;
    assert_int_equal(segment_records_add_blocks(&records, digests, BLOCKS_PER_SEGMENT - 1,
                                                SEGMENT_SIZE_V1 - BLOCK_SIZE_V1),
                     PD_OK);
    assert_int_equal(segment_records_room(&records), 1);
    assert_int_equal(segment_records_add_blocks(&records, digests, 2, 2 * BLOCK_SIZE_V1),
                     PD_OUT_OF_BOUNDS);
    assert_int_equal(segment_records_room(&records), 1);
    for (uint32_t i = 0; i < SEGMENT_RECORDS_RUNS_MAX; i++)
        assert_int_equal(segment_records_add_v2(&records, sizes, digests, PUBLICATION_RUN_MAX),
                         PD_OK);
    assert_int_equal(segment_records_add_v2(&records, sizes, digests, 1), PD_OUT_OF_BOUNDS);
    struct segment_records_view view;
    assert_int_equal(segment_records_view(&records, &view), PD_OK);
    assert_int_equal(view.records.run_count, SEGMENT_RECORDS_RUNS_MAX);
    segment_records_written(&records);
    assert_int_equal(segment_records_room(&records), BLOCKS_PER_SEGMENT);
    assert_int_equal(segment_records_add_v2(&records, sizes, digests, 1), PD_OK);
    segment_records_fini(&records);
    free(digests);
}

static int set_up(void **state)
{
    (void)state;
    return hash_library_init() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_view_changes_nothing),
        cmocka_unit_test(test_limits),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
