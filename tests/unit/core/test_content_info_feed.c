/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content information in pieces: whatever they are, the answer and every segment are those of
 * reading it as a whole. */
#include "core/content_info_feed.h"

#include "core/hash/digest.h"
#include "support/unit_main.h"
#include "unit/core/content_changes.h"
#include "unit/core/feed_differential.h"

#include <stdlib.h>
#include <string.h>

#define SEEDS 40

static enum pd_status compare_in_all_ways(const uint8_t *blob, size_t size, uint32_t seeds)
{
    enum pd_status status = feed_compare(blob, size, CUTS_NONE);
    assert_int_equal(feed_compare(blob, size, CUTS_BYTE), status);
    for (uint32_t seed = 2; seed < 2 + seeds; seed++)
        assert_int_equal(feed_compare(blob, size, seed * 2654435761u), status);
    return status;
}

static void test_vectors(void **state)
{
    size_t count;
    (void)state;
    const struct content_vector *vectors = content_vectors(&count);
    for (size_t i = 0; i < count; i++) {
        uint8_t *blob = content_vector_blob(&vectors[i]);
        /* Large blobs a byte at a time take their time: fewer random cuts. */
        enum pd_status status =
            compare_in_all_ways(blob, vectors[i].size, vectors[i].size > 20000 ? 3 : SEEDS);
        assert_int_equal(status == PD_OK, vectors[i].use != VECTOR_REFUSE);
        free(blob);
    }
}

static void test_changes(void **state)
{
    size_t count, size;
    (void)state;
    const struct content_change *changes = content_changes(&count);
    for (size_t i = 0; i < count; i++) {
        uint8_t *blob = content_change_blob(&changes[i], &size);
        assert_int_equal(compare_in_all_ways(blob, size, size > 20000 ? 1 : 10), changes[i].status);
        free(blob);
    }
}

/* One to four bytes changed, cut, or doubled anywhere, mostly in headers. */
static void test_mutations(void **state)
{
    size_t count;
    uint32_t random = 4711;
    unsigned accepted = 0;
    (void)state;
    const struct content_vector *vectors = content_vectors(&count);
    for (size_t i = 0; i < count; i++) {
        size_t size = vectors[i].size;
        uint8_t *blob = content_vector_blob(&vectors[i]), *changed = malloc(size + 1);
        assert_non_null(changed);
        for (unsigned round = 0; round < (size > 20000 ? 4u : 400u); round++) {
            size_t length = size;
            memcpy(changed, blob, size);
            for (unsigned k = 0; k <= round % 4; k++) {
                random = random * 1664525u + 1013904223u;
                size_t near = size < 120 || random >> 30 == 0 ? size : 120;
                changed[(random >> 8) % near] ^= (uint8_t)(1u << (random >> 5) % 8);
            }
            if (round % 7 == 3)
                length = (random >> 4) % size;
            accepted += feed_compare(changed, length, random | 2) == PD_OK;
        }
        free(changed);
        free(blob);
    }
    assert_true(accepted > 100); /* changed hashes: not all of it is refused */
}

/* A spool with room for some bytes. */
static enum pd_status refuse(void *context, const void *data, size_t length)
{
    (void)data;
    size_t *room = context;
    if (length > *room)
        return PD_UNAVAILABLE;
    *room -= length;
    return PD_OK;
}

static enum pd_status read_nothing(void *context, uint64_t position, void *out, size_t length)
{
    (void)context;
    (void)position;
    (void)out;
    (void)length;
    return PD_UNAVAILABLE;
}

static void test_early_and_for_good(void **state)
{
    static const uint8_t version[] = {0, 3};
    size_t room = 1;
    const struct content_info_spool spool = {&room, refuse, read_nothing};
    struct content_info_feed *feed = content_info_feed_create(&spool);
    (void)state;
    assert_non_null(feed);
    assert_int_equal(content_info_feed_add(feed, version, 0), PD_OK);
    assert_int_equal(content_info_feed_add(feed, version, 1), PD_OK);
    /* The spool is full: what it says is passed on, now and later. */
    assert_int_equal(content_info_feed_add(feed, version + 1, 1), PD_UNAVAILABLE);
    room = 100;
    assert_int_equal(content_info_feed_add(feed, version + 1, 1), PD_UNAVAILABLE);
    assert_int_equal(content_info_feed_complete(feed), PD_UNAVAILABLE);
    content_info_feed_destroy(feed);

    feed = content_info_feed_create(&spool);
    assert_non_null(feed);
    assert_int_equal(content_info_feed_add(feed, version, 2), PD_CONTENT_INFO_VERSION_UNSUPPORTED);
    assert_int_equal(content_info_feed_add(feed, version, 0), PD_CONTENT_INFO_VERSION_UNSUPPORTED);
    assert_int_equal(content_info_feed_complete(feed), PD_CONTENT_INFO_VERSION_UNSUPPORTED);
    content_info_feed_destroy(feed);

    feed = content_info_feed_create(&spool);
    assert_non_null(feed);
    assert_int_equal(content_info_feed_complete(feed), PD_CANNOT_PARSE_CONTENT_INFO);
    content_info_feed_destroy(feed);
    content_info_feed_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_early_and_for_good),
    };
    if (!hash_library_init())
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
