/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content-defined borders: sizes, the average, independence from how the data arrives, and what an
 * inserted byte changes. That the borders are the documented function is the differential test. */
#include "core/segmenter_v2.h"

#include "support/unit_main.h"
#include "unit/core/guarded_buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1048576)

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static uint8_t *random_data(size_t length, uint64_t seed)
{
    uint8_t *data = malloc(length + 8);

    assert_non_null(data);
    for (size_t i = 0; i < length; i += 8) {
        uint64_t x = next_random(&seed);
        memcpy(data + i, &x, 8);
    }
    return data;
}

/* The ends of all segments; the caller frees. Checks the sizes on the way. */
static size_t *borders(const uint8_t *data, size_t length, size_t *count)
{
    size_t *ends = malloc((length / SEGMENT_MIN_SIZE_V2 + 1) * sizeof *ends);
    size_t offset = 0;

    assert_non_null(ends);
    *count = 0;
    while (offset < length) {
        struct segmenter_v2_scan scan = {0, 0};
        uint32_t size = segmenter_v2_next(data + offset, length - offset, &scan);

        if (size == 0) {
            assert_true(length - offset < SEGMENT_MAX_SIZE_V2);
            size = (uint32_t)(length - offset);
        } else {
            assert_true(size >= SEGMENT_MIN_SIZE_V2);
        }
        assert_true(size <= SEGMENT_MAX_SIZE_V2 && size <= length - offset);
        offset += size;
        ends[(*count)++] = offset;
    }
    return ends;
}

static void test_average_on_random_data(void **state)
{
    size_t length = 64 * MIB;
    uint8_t *data = random_data(length, 88172645463325252u);
    size_t count;
    size_t *ends = borders(data, length, &count);
    size_t forced = 0;

    (void)state;
    for (size_t i = 1; i < count; i++)
        forced += ends[i] - ends[i - 1] == SEGMENT_MAX_SIZE_V2;
    printf("average %zu bytes, %zu of %zu segments cut at the limit\n", length / count, forced,
           count);
    assert_in_range(length / count, 60000, 70000);
    assert_true(forced * 100 < count);
    free(ends);
    free(data);
}

static void test_uniform_data(void **state)
{
    size_t length = 2 * MIB + 12345;
    uint8_t *data = malloc(length);

    (void)state;
    assert_non_null(data);
    /* Every byte alone, among them the zeros of sparse files. */
    for (int value = 0; value < 256; value++) {
        size_t count;

        memset(data, value, length);
        free(borders(data, length, &count));
        assert_true(count <= length / SEGMENT_MIN_SIZE_V2 + 1);
        if (value == 0)
            assert_int_equal(count, length / SEGMENT_MAX_SIZE_V2 + 1);
    }
    /* Short and long periods. */
    for (size_t period = 2; period < 70000; period = period * 3 + 1) {
        uint64_t seed = period;
        size_t count;

        for (size_t i = 0; i < length; i++)
            data[i] = i < period ? (uint8_t)next_random(&seed) : data[i - period];
        free(borders(data, length, &count));
    }
    free(data);
}

/* The ends of the range that is looked at: nothing is returned before the least size, and always
 * something at the greatest. */
static void test_short_input(void **state)
{
    static const size_t lengths[] = {0,     1,     31,     32,     32767,  32768,
                                     32769, 65536, 131071, 131072, 131073, 200000};
    uint8_t *data = calloc(200000, 1);

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct segmenter_v2_scan scan = {0, 0};
        struct guarded_buffer buffer;
        uint32_t size;

        guarded_copy(&buffer, data, lengths[i]);
        size = segmenter_v2_next(buffer.data, buffer.length, &scan);
        assert_int_equal(size, lengths[i] < SEGMENT_MAX_SIZE_V2 ? 0 : SEGMENT_MAX_SIZE_V2);
        guarded_free(&buffer);
    }
    free(data);
}

/* Data that arrives in pieces of any size is cut where data that is all there is cut, also where
 * the weak candidates decide; and no byte behind the pieces is looked at. */
static void test_growing_input(void **state)
{
    size_t length = 16 * MIB;
    uint8_t *data = random_data(length, 4101842887655102017u);
    size_t count, offset = 0;
    uint64_t seed = 2463534242u;
    size_t *ends;

    (void)state;
    memset(data + 3 * MIB, 0, MIB);
    ends = borders(data, length, &count);
    for (size_t i = 0; i + 1 < count; i++) {
        struct segmenter_v2_scan scan = {0, 0};
        size_t have = 0;
        uint32_t size = 0;

        while (size == 0) {
            size_t step = 1 + (size_t)(next_random(&seed) % (i % 3 == 0 ? 97 : 20000));

            have = have + step > length - offset ? length - offset : have + step;
            if (i % 4 == 0) {
                struct guarded_buffer buffer;

                if (step < 97)
                    have = have + 5000 > length - offset ? length - offset : have + 5000;
                guarded_copy(&buffer, data + offset, have);
                size = segmenter_v2_next(buffer.data, have, &scan);
                guarded_free(&buffer);
            } else {
                size = segmenter_v2_next(data + offset, have, &scan);
            }
            /* Nothing is looked at twice. */
            if (size == 0)
                assert_int_equal(scan.position,
                                 have < SEGMENT_MIN_SIZE_V2 ? SEGMENT_MIN_SIZE_V2 : have + 1);
        }
        offset += size;
        assert_int_equal(offset, ends[i]);
    }
    free(ends);
    free(data);
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* The HoDs of all segments, sorted. */
static uint8_t *names(const uint8_t *data, size_t length, size_t *count)
{
    size_t *ends = borders(data, length, count);
    uint8_t *hods = malloc(*count * 32);
    size_t offset = 0;

    assert_non_null(hods);
    for (size_t i = 0; i < *count; i++) {
        uint8_t full[HASH_MAX_SIZE];

        assert_true(digest_once(HASH_SHA512, data + offset, ends[i] - offset, full));
        memcpy(hods + 32 * i, full, 32);
        offset = ends[i];
    }
    free(ends);
    qsort(hods, *count, 32, compare_digests);
    return hods;
}

static void test_inserted_byte_keeps_names(void **state)
{
    size_t length = 64 * MIB;
    uint8_t *before = random_data(length, 6364136223846793005u);
    uint8_t *after = malloc(length + 1);
    size_t count_before, count_after, kept = 0;
    uint8_t *names_before, *names_after;

    (void)state;
    assert_non_null(after);
    memcpy(after, before, 1000);
    after[1000] = 0x5a;
    memcpy(after + 1001, before + 1000, length - 1000);
    names_before = names(before, length, &count_before);
    names_after = names(after, length + 1, &count_after);
    for (size_t i = 0; i < count_before; i++)
        kept +=
            bsearch(names_before + 32 * i, names_after, count_after, 32, compare_digests) != NULL;
    printf("%zu of %zu segments keep their names\n", kept, count_before);
    assert_true(kept * 100 > count_before * 95);
    free(names_before);
    free(names_after);
    free(before);
    free(after);
}

/* The borders of one content, written down: a change here renames every segment of every content.
 */
static void test_borders_are_fixed(void **state)
{
    static const size_t expected[] = {34756,  80390,  205968,  288717, 369404, 414866,
                                      493627, 529861, 638573,  683382, 782195, 840437,
                                      881363, 948874, 1028595, 1048576};
    size_t length = MIB;
    uint8_t *data = malloc(length);
    uint64_t seed = 1442695040888963407u;
    size_t count;
    size_t *ends;

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(next_random(&seed) >> 24);
    ends = borders(data, length, &count);
    assert_int_equal(count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(ends[i], expected[i]);
    assert_int_equal(SEGMENTER_V2_FUNCTION, 1);
    free(ends);
    free(data);
}

static int set_up(void **state)
{
    (void)state;
    return hash_library_init() ? 0 : -1;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_average_on_random_data),
    cmocka_unit_test(test_uniform_data),
    cmocka_unit_test(test_short_input),
    cmocka_unit_test(test_growing_input),
    cmocka_unit_test(test_inserted_byte_keeps_names),
    cmocka_unit_test(test_borders_are_fixed),
};

PD_UNIT_MAIN_WITH(tests, set_up, NULL)
