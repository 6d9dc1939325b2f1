/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans of content information: the worked examples' layouts, sizes, limits, ranges refused. */
#include "core/content_info_write.h"

#include "core/bytes.h"
#include "core/content_info.h"
#include "support/unit_main.h"
#include "unit/core/blob_builder.h"

#include <stdlib.h>

#define MIB ((uint64_t)1048576)

static uint64_t v1_size(enum hash_algorithm algorithm, uint64_t length)
{
    struct content_info_v1_plan plan;

    assert_int_equal(content_info_v1_plan(&plan, algorithm, length, 0, 0), PD_OK);
    return plan.total_size;
}

static uint64_t v2_size(uint64_t length, uint32_t segment_size)
{
    struct content_info_v2_plan plan;
    uint64_t count = (length + segment_size - 1) / segment_size;

    content_info_v2_plan(&plan, length, 0, length, 0, 0, count);
    return plan.total_size;
}

static void test_sizes(void **state)
{
    static const struct {
        uint64_t length;
        uint64_t sha256, sha384, sha512;
        uint64_t half, full; /* v2 with segments of 64 and 128 KiB */
    } cases[] = {
        {1048576, 614, 902, 1190, 1124, 580},
        {33554432, 16486, 24710, 32934, 34852, 17444},
        {1073741824, 526994, 790162, 1053330, 1114148, 557092},
        {1099511627776, 539623442, 809107474, 1078591506, 1140850724, 570425380},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(v1_size(HASH_SHA256, cases[i].length), cases[i].sha256);
        assert_int_equal(v1_size(HASH_SHA384, cases[i].length), cases[i].sha384);
        assert_int_equal(v1_size(HASH_SHA512, cases[i].length), cases[i].sha512);
        assert_int_equal(v2_size(cases[i].length, 65536), cases[i].half);
        assert_int_equal(v2_size(cases[i].length, 131072), cases[i].full);
    }
    /* The Content-Length in the example of [MS-PCCRTP] 4. */
    assert_int_equal(v1_size(HASH_SHA256, 184946), 198);
}

/* [MS-PCCRC] 3.4 and 3.5: 125 MiB whole, and from 100 KiB to 124 MiB. The last row of 3.5 repeats
 * that of 3.4; the counts above it give the values here. */
static void test_worked_examples_of_four_segments(void **state)
{
    struct content_info_v1_plan plan;
    uint8_t header[CONTENT_INFO_HEADER_V1];

    (void)state;
    assert_int_equal(content_info_v1_plan(&plan, HASH_SHA256, 125 * MIB, 0, 0), PD_OK);
    assert_int_equal(plan.total_size, 64354);
    assert_int_equal(plan.segment_count, 4);
    assert_int_equal(content_info_v1_description_position(&plan, 3), 258);
    assert_int_equal(content_info_v1_list_position(&plan, 0), 338);
    assert_int_equal(content_info_v1_list_position(&plan, 3), 49502);
    assert_int_equal(content_info_v1_block_count(&plan, 3), 464);

    assert_int_equal(
        content_info_v1_plan(&plan, HASH_SHA256, 125 * MIB, 102400, 124 * MIB - 102400), PD_OK);
    assert_int_equal(plan.total_size, 63842);
    for (uint32_t k = 0; k < 3; k++)
        assert_int_equal(content_info_v1_block_count(&plan, k), 512);
    assert_int_equal(content_info_v1_block_count(&plan, 3), 448);
    assert_int_equal(content_info_v1_list_position(&plan, 3), 63810 - 4 - 447 * 32);
    assert_int_equal(content_info_v1_list_size(&plan, 3), 4 + 448 * 32);
    assert_int_equal(content_info_v1_segment_size(&plan, 3), 29 * MIB);
    content_info_v1_write_header(&plan, header);
    assert_int_equal(load_le32(header + 6), 102400);
    assert_int_equal(load_le32(header + 10), 28 * MIB);
    assert_int_equal(load_le32(header + 14), 4);
}

static void test_ranges_refused(void **state)
{
    static const struct {
        uint64_t content, start, length;
        enum pd_status status;
    } cases[] = {
        {100, 0, 0, PD_OK},
        {100, 99, 1, PD_OK},
        {100, 0, 100, PD_OK},
        {100, 0, 101, PD_OUT_OF_BOUNDS},
        {100, 100, 1, PD_OUT_OF_BOUNDS},
        {100, 101, 1, PD_OUT_OF_BOUNDS},
        {100, 1, 0, PD_INVALID_PARAMETER},
        {100, 100, 0, PD_INVALID_PARAMETER},
        {100, UINT64_MAX, 2, PD_OUT_OF_BOUNDS},
        {100, 50, UINT64_MAX, PD_OUT_OF_BOUNDS},
        {100, 2, UINT64_MAX - 1, PD_OUT_OF_BOUNDS},
        {0, 0, 1, PD_OUT_OF_BOUNDS},
        {0, 0, 0, PD_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct content_info_v1_plan plan;
        uint64_t start, end;

        assert_int_equal(content_info_v1_plan(&plan, HASH_SHA256, cases[i].content, cases[i].start,
                                              cases[i].length),
                         cases[i].status);
        assert_int_equal(content_info_check_range(cases[i].content, cases[i].start, cases[i].length,
                                                  &start, &end),
                         cases[i].status);
        if (cases[i].status == PD_OK) {
            assert_int_equal(start, cases[i].start);
            assert_int_equal(end - start,
                             cases[i].length == 0 ? cases[i].content : cases[i].length);
        }
    }
}

static void test_empty_content(void **state)
{
    struct content_info_v1_plan v1;
    struct content_info_v2_plan v2;

    (void)state;
    assert_int_equal(content_info_v1_plan(&v1, HASH_SHA256, 0, 0, 0), PD_OK);
    assert_int_equal(v1.total_size, 0);
    assert_int_equal(v1.segment_count, 0);
    content_info_v2_plan(&v2, 0, 0, 0, 0, 0, 0);
    assert_int_equal(v2.total_size, 0);
}

/* The count of segments is a 32-bit field. */
static void test_v1_segment_limit(void **state)
{
    struct content_info_v1_plan plan;
    uint64_t most = (uint64_t)UINT32_MAX * SEGMENT_SIZE_V1;

    (void)state;
    assert_int_equal(content_info_v1_plan(&plan, HASH_SHA512, most, 0, 0), PD_OK);
    assert_int_equal(plan.segment_count, UINT32_MAX);
    assert_int_equal(plan.total_size, 18 + (uint64_t)UINT32_MAX * (148 + 512 * 64));
    assert_int_equal(content_info_v1_plan(&plan, HASH_SHA512, most + 1, 0, 0), PD_OUT_OF_BOUNDS);
    /* A range of longer content may still fit, and one that is as long but not aligned does not. */
    assert_int_equal(content_info_v1_plan(&plan, HASH_SHA256, most + 1, most, 1), PD_OK);
    assert_int_equal(plan.first_segment, UINT32_MAX);
    assert_int_equal(plan.segment_count, 1);
    assert_int_equal(content_info_v1_plan(&plan, HASH_SHA256, most + 1, 1, most), PD_OUT_OF_BOUNDS);
}

/* A chunk's length is a 32-bit field, too: 63161283 descriptions. */
static void test_v2_chunk_limit(void **state)
{
    const uint64_t chunk = 63161283;
    struct content_info_v2_plan plan;
    uint8_t header[CONTENT_INFO_CHUNK_HEADER_V2];
    bool begins;

    (void)state;
    content_info_v2_plan(&plan, chunk * 65536, 0, chunk * 65536, 0, 0, chunk);
    assert_int_equal(plan.total_size, 31 + 5 + chunk * 68);
    content_info_v2_write_chunk_header(&plan, 0, header);
    assert_int_equal(load_be32(header + 1), 4294967244u);

    content_info_v2_plan(&plan, (2 * chunk + 1) * 65536, 0, (2 * chunk + 1) * 65536, 0, 0,
                         2 * chunk + 1);
    assert_int_equal(plan.total_size, 31 + 3 * 5 + (2 * chunk + 1) * 68);
    assert_int_equal(content_info_v2_description_position(&plan, 0, &begins), 36);
    assert_true(begins);
    assert_int_equal(content_info_v2_description_position(&plan, chunk - 1, &begins),
                     36 + (chunk - 1) * 68);
    assert_false(begins);
    assert_int_equal(content_info_v2_description_position(&plan, chunk, &begins), 41 + chunk * 68);
    assert_true(begins);
    content_info_v2_write_chunk_header(&plan, chunk, header);
    assert_int_equal(load_be32(header + 1), 4294967244u);
    assert_int_equal(content_info_v2_description_position(&plan, 2 * chunk, &begins),
                     46 + 2 * chunk * 68);
    assert_true(begins);
    content_info_v2_write_chunk_header(&plan, 2 * chunk, header);
    assert_int_equal(load_be32(header + 1), 68);
    assert_int_equal(header[0], 0);
}

/* Every range of a small content of many segments, in both versions, is what the reader reads. */
static void test_ranges_are_read_back(void **state)
{
    static const uint32_t sizes[] = {7, 1, 3, 131072, 5};
    const size_t length = 7 + 1 + 3 + 131072 + 20;
    uint8_t *data = calloc(length, 1);
    uint64_t seed = 1;

    (void)state;
    assert_non_null(data);
    fill_pattern(data, length);
    for (unsigned version = 1; version <= 2; version++) {
        struct segment_scheme scheme = {version, version == 1 ? HASH_SHA256 : HASH_SHA512};
        struct content_record record;

        content_record_init(&record, scheme, data, length, sizes, 5);
        for (int i = 0; i < 2000; i++) {
            struct content_info info;
            uint64_t start, end;
            uint8_t *blob;
            size_t size;

            seed = seed * 6364136223846793005u + 1442695040888963407u;
            start = (i & 1) != 0 ? (seed >> 33) % length : (seed >> 33) % 12;
            end = start + 1 + (seed >> 17) % (length - start);
            assert_int_equal(
                content_record_write(&record, data, 16, start, end - start, &blob, &size), PD_OK);
            assert_int_equal(content_info_parse(blob, size, &info), PD_OK);
            assert_int_equal(info.range_start, start);
            assert_int_equal(info.range_end, end);
            assert_true(info.first_offset <= start);
            free(blob);
        }
        content_record_fini(&record);
    }
    free(data);
}

static int set_up(void **state)
{
    (void)state;
    return hash_library_init() ? 0 : -1;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sizes),
    cmocka_unit_test(test_worked_examples_of_four_segments),
    cmocka_unit_test(test_ranges_refused),
    cmocka_unit_test(test_empty_content),
    cmocka_unit_test(test_v1_segment_limit),
    cmocka_unit_test(test_v2_chunk_limit),
    cmocka_unit_test(test_ranges_are_read_back),
};

PD_UNIT_MAIN_WITH(tests, set_up, NULL)
