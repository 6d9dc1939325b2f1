/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the vectors do not show of the reader: every cut, every damaged byte, the readings of a
 * block list, other chunkings. */
#include "core/content_info.h"

#include "core/bytes.h"
#include "support/unit_main.h"
#include "unit/core/content_vectors.h"
#include "unit/core/guarded_buffer.h"

#include <stdlib.h>
#include <string.h>

static const char *const small_vectors[] = {"C1",   "C2",   "V1-1",  "V1-3", "V1-6s", "V1-8",
                                            "V1-9", "V2-1", "V1-10", "V2-6", "V2-8",  "V2-10"};

static enum pd_status parse_guarded(const uint8_t *data, size_t length, struct content_info *info)
{
    struct guarded_buffer buffer;
    enum pd_status status;

    guarded_copy(&buffer, data, length);
    status = content_info_parse(buffer.data, length, info);
    guarded_free(&buffer);
    return status;
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof small_vectors / sizeof small_vectors[0]; i++) {
        const struct content_vector *vector = content_vector_find(small_vectors[i]);
        uint8_t *blob = content_vector_blob(vector);
        struct content_info info;

        assert_int_equal(content_info_parse(NULL, 0, &info), PD_CANNOT_PARSE_CONTENT_INFO);
        for (size_t length = 0; length < vector->size; length++) {
            enum pd_status status = parse_guarded(blob, length, &info);
            /* Without its last chunk V2-8 is V2-7's first two segments, whole as they stand. */
            bool whole_chunk = strcmp(small_vectors[i], "V2-8") == 0 && length == vector->size - 73;

            assert_int_equal(status, whole_chunk ? PD_OK : PD_CANNOT_PARSE_CONTENT_INFO);
        }
        free(blob);
    }
}

/* Whatever a damaged byte does, a blob that is still accepted can be walked and stays consistent.
 */
static void walk(const struct content_info *info)
{
    size_t value = segment_value_size(info->scheme);
    const uint8_t *end = info->data + info->length;
    struct content_info_cursor cursor;
    struct content_info_segment segment;
    uint64_t offset = info->first_offset;
    uint64_t count = 0;

    for (content_info_begin(info, &cursor); content_info_next(&cursor, &segment); count++) {
        assert_int_equal(segment.offset, offset);
        assert_true(segment.size > 0);
        assert_true(segment.offset < info->range_end);
        assert_true(segment.offset + segment.size > info->range_start);
        assert_true(segment.hod >= info->data && segment.hod + value <= end);
        assert_true(segment.secret >= info->data && segment.secret + value <= end);
        if (info->scheme.version == 1) {
            assert_true(segment.block_count > 0);
            assert_true(segment.block_hashes + segment.block_count * value <= end);
        }
        offset += segment.size;
    }
    assert_int_equal(count, info->segment_count);
    assert_true(count > 0);
    assert_true(info->range_start < info->range_end && info->range_end <= offset);
    assert_false(content_info_next(&cursor, &segment));
}

static void test_every_damaged_byte(void **state)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff, 0x40};

    (void)state;
    for (size_t i = 0; i < sizeof small_vectors / sizeof small_vectors[0]; i++) {
        const struct content_vector *vector = content_vector_find(small_vectors[i]);
        uint8_t *blob = content_vector_blob(vector);
        struct guarded_buffer buffer;

        guarded_copy(&buffer, blob, vector->size);
        for (size_t at = 0; at < vector->size; at++)
            for (size_t m = 0; m < sizeof masks; m++) {
                struct content_info info;
                enum pd_status status;

                buffer.data[at] ^= masks[m];
                status = content_info_parse(buffer.data, buffer.length, &info);
                if (status == PD_OK)
                    walk(&info);
                assert_int_equal(status == PD_CONTENT_INFO_VERSION_UNSUPPORTED, at < 2);
                buffer.data[at] ^= masks[m];
            }
        guarded_free(&buffer);
        free(blob);
    }
}

/* A blob of one segment of 4 blocks, with the range and the list that the caller wants. */
static uint8_t *four_blocks(uint32_t offset, uint32_t read, uint32_t first, uint32_t count,
                            size_t *size)
{
    size_t length = (size_t)4 * BLOCK_SIZE_V1;
    uint8_t *data = calloc(length, 1);
    struct segment_scheme scheme = {1, HASH_SHA256};
    struct content_record record;
    uint8_t *blob;

    assert_non_null(data);
    fill_pattern(data, length);
    content_record_init(&record, scheme, data, length, NULL, 0);
    assert_int_equal(content_record_write(&record, (const uint8_t *)"key", 3, 0, 0, &blob, size),
                     PD_OK);
    store_le32(blob + 6, offset);
    store_le32(blob + 10, read);
    store_le32(blob + 98, count);
    memcpy(blob + 102, record.block_hashes + (size_t)first * 32, (size_t)count * 32);
    *size = 102 + (size_t)count * 32;
    content_record_fini(&record);
    free(data);
    return blob;
}

static void test_readings_of_a_block_list(void **state)
{
    /* The range [70000, 190000) lies in blocks 1 and 2 of 4. */
    static const struct {
        uint32_t first, count;
        bool accepted;
        uint32_t first_read;
    } cases[] = {
        {0, 3, true, 0},  /* from block 0 to the last byte of the range */
        {0, 4, true, 0},  /* the complete list */
        {1, 2, true, 1},  /* what the range touches */
        {2, 1, false, 0}, /* less than that */
    };
    struct content_info_segment segment;
    struct content_info_cursor cursor;
    struct content_info info;
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *blob = four_blocks(70000, 120000, cases[i].first, cases[i].count, &size);
        struct guarded_buffer buffer;

        guarded_copy(&buffer, blob, size);
        assert_int_equal(content_info_parse(buffer.data, size, &info),
                         cases[i].accepted ? PD_OK : PD_CANNOT_PARSE_CONTENT_INFO);
        if (cases[i].accepted) {
            assert_int_equal(info.range_start, 70000);
            assert_int_equal(info.range_end, 190000);
            content_info_begin(&info, &cursor);
            assert_true(content_info_next(&cursor, &segment));
            assert_int_equal(segment.first_block, cases[i].first_read);
            assert_int_equal(segment.block_count, cases[i].count);
        }
        guarded_free(&buffer);
        free(blob);
    }
}

/* A complete list is held against the HoD, even where the range needs only a part of it; a partial
 * one cannot be. */
static void test_block_hash_against_hod(void **state)
{
    struct content_info info;
    size_t size;
    uint8_t *blob = four_blocks(70000, 120000, 0, 4, &size);

    (void)state;
    assert_int_equal(parse_guarded(blob, size, &info), PD_OK);
    blob[size - 1] ^= 1;
    assert_int_equal(parse_guarded(blob, size, &info), PD_CANNOT_PARSE_CONTENT_INFO);
    free(blob);
    blob = four_blocks(70000, 120000, 0, 3, &size);
    blob[size - 1] ^= 1;
    assert_int_equal(parse_guarded(blob, size, &info), PD_OK);
    free(blob);
}

/* Within one segment the length counts from the start of the range. */
static void test_range_past_single_segment(void **state)
{
    struct content_info info;
    size_t size;
    uint8_t *blob = four_blocks(70000, 4 * 65536 - 70000, 0, 4, &size);

    (void)state;
    assert_int_equal(parse_guarded(blob, size, &info), PD_OK);
    assert_int_equal(info.range_end, 4 * 65536);
    store_le32(blob + 10, 4 * 65536 - 70000 + 1);
    assert_int_equal(parse_guarded(blob, size, &info), PD_CANNOT_PARSE_CONTENT_INFO);
    store_le32(blob + 10, 4 * 65536);
    assert_int_equal(parse_guarded(blob, size, &info), PD_CANNOT_PARSE_CONTENT_INFO);
    store_le32(blob + 10, UINT32_MAX);
    assert_int_equal(parse_guarded(blob, size, &info), PD_CANNOT_PARSE_CONTENT_INFO);
    free(blob);
}

/* Two segments that follow on each other, each with its block hash, but cut at 64 KiB. */
static void test_short_segment_before_the_last(void **state)
{
    const struct content_vector *vector = content_vector_find("V1-2");
    uint8_t *one = content_vector_blob(vector);
    uint8_t two[18 + 2 * (80 + 36)];
    struct content_info info;

    (void)state;
    memcpy(two, one, 98);
    memcpy(two + 98, one + 18, 80);
    memcpy(two + 178, one + 98, 36);
    memcpy(two + 214, one + 98, 36);
    store_le32(two + 14, 2);
    store_le64(two + 98, BLOCK_SIZE_V1);
    assert_int_equal(parse_guarded(two, sizeof two, &info), PD_CANNOT_PARSE_CONTENT_INFO);
    free(one);
}

/* V2-8 is V2-7 in two chunks: the same segments. */
static void test_chunks_make_no_difference(void **state)
{
    uint8_t *one = content_vector_blob(content_vector_find("V2-7"));
    uint8_t *two = content_vector_blob(content_vector_find("V2-8"));
    struct content_info info[2];
    struct content_info_cursor cursor[2];
    struct content_info_segment segment[2];
    bool more[2];

    (void)state;
    assert_int_equal(content_info_parse(one, content_vector_find("V2-7")->size, &info[0]), PD_OK);
    assert_int_equal(content_info_parse(two, content_vector_find("V2-8")->size, &info[1]), PD_OK);
    content_info_begin(&info[0], &cursor[0]);
    content_info_begin(&info[1], &cursor[1]);
    for (;;) {
        more[0] = content_info_next(&cursor[0], &segment[0]);
        more[1] = content_info_next(&cursor[1], &segment[1]);
        assert_int_equal(more[0], more[1]);
        if (!more[0])
            break;
        assert_int_equal(segment[0].offset, segment[1].offset);
        assert_int_equal(segment[0].size, segment[1].size);
        assert_memory_equal(segment[0].hod, segment[1].hod, 32);
        assert_memory_equal(segment[0].secret, segment[1].secret, 32);
    }
    free(one);
    free(two);
}

/* Segments listed behind the range are not offered to anyone. */
static void test_segments_behind_the_range(void **state)
{
    const struct content_vector *vector = content_vector_find("V2-7");
    uint8_t *blob = content_vector_blob(vector);
    struct content_info info;

    (void)state;
    store_be64(blob + 23, 61440);
    assert_int_equal(content_info_parse(blob, vector->size, &info), PD_OK);
    assert_int_equal(info.segment_count, 1);
    assert_int_equal(info.range_end, 61440);
    walk(&info);
    store_be64(blob + 23, 61441);
    assert_int_equal(content_info_parse(blob, vector->size, &info), PD_OK);
    assert_int_equal(info.segment_count, 2);
    walk(&info);
    free(blob);
}

/* Far into a content of the greatest possible length. */
static void test_far_offsets(void **state)
{
    uint8_t *blob = content_vector_blob(content_vector_find("V2-9"));
    struct content_info info;

    (void)state;
    store_be64(blob + 3, INT64_MAX - 87040);
    store_be64(blob + 11, INT64_MAX - 87040);
    assert_int_equal(content_info_parse(blob, 104, &info), PD_OK);
    assert_int_equal(info.range_end, INT64_MAX - 87040 + 40960 + 10240);
    walk(&info);
    store_be64(blob + 3, INT64_MAX - 87039);
    assert_int_equal(content_info_parse(blob, 104, &info), PD_CANNOT_PARSE_CONTENT_INFO);
    free(blob);

    blob = content_vector_blob(content_vector_find("V1-1"));
    store_le64(blob + 18, (uint64_t)1 << 62);
    assert_int_equal(content_info_parse(blob, 134, &info), PD_OK);
    assert_int_equal(info.first_index, (uint64_t)1 << 37);
    walk(&info);
    free(blob);
}

static int set_up(void **state)
{
    (void)state;
    return hash_library_init() ? 0 : -1;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_cut),
    cmocka_unit_test(test_every_damaged_byte),
    cmocka_unit_test(test_readings_of_a_block_list),
    cmocka_unit_test(test_block_hash_against_hod),
    cmocka_unit_test(test_range_past_single_segment),
    cmocka_unit_test(test_short_segment_before_the_last),
    cmocka_unit_test(test_chunks_make_no_difference),
    cmocka_unit_test(test_segments_behind_the_range),
    cmocka_unit_test(test_far_offsets),
};

PD_UNIT_MAIN_WITH(tests, set_up, NULL)
