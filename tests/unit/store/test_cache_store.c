/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data cache: what is written is found and read, tags hold it, the limits take it away. */
#include "store/cache_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/hash/digest.h"
#include "platform/data_file.h"
#include "platform/folder.h"
#include "platform/wall_clock.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"

#define USER    "S-1-5-21-1-2-3-1000"
#define SEGMENT 100000u /* bytes of a version 2 segment here */

static char *folder;
static uint64_t now = 1000000000000;

/* In place of the platform's. */
uint64_t wall_clock_milliseconds(void)
{
    return now++;
}

static struct cache_store *open_store(uint64_t bytes, uint64_t age)
{
    const struct cache_limits limits = {bytes, age};
    struct cache_store *store = cache_store_create(USER, &limits);
    assert_non_null(store);
    return store;
}

static int set_up(void **state)
{
    (void)state;
    folder = scratch_create();
    scratch_set_environment("PEERDIST_STORE", folder);
    return folder != NULL && hash_library_init() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

/* A segment of version 2 whose bytes, hash and name follow from its number. */
static void make_segment(uint32_t number, struct cache_segment *segment, uint8_t *data)
{
    uint8_t digest[HASH_MAX_SIZE];
    memset(segment, 0, sizeof(*segment));
    segment->scheme = (struct segment_scheme){2, HASH_SHA512};
    segment->size = SEGMENT;
    for (uint32_t i = 0; i < SEGMENT; i++)
        data[i] = (uint8_t)((i * 31 + number * 7) >> 3);
    memcpy(data, &number, sizeof(number));
    assert_true(digest_once(HASH_SHA512, data, SEGMENT, digest));
    memcpy(segment->hod, digest, 32);
    assert_true(digest_once(HASH_SHA512, digest, 32, segment->id));
}

static void write_segment(struct cache_store *store, uint32_t number, uint8_t tag_number)
{
    struct cache_segment segment;
    struct cache_tag tag = {{tag_number}};
    uint8_t *data = malloc(SEGMENT);
    assert_non_null(data);
    make_segment(number, &segment, data);
    const struct cache_block block = {&segment, &tag, 0, data, segment.hod};
    assert_int_equal(cache_write(store, &block, 1), PD_OK);
    free(data);
}

/* Whether it is there; then its bytes are what they should be. */
static bool has_segment(struct cache_store *store, uint32_t number)
{
    struct cache_segment segment;
    struct cache_place place = {0, 0};
    uint8_t *data = malloc(SEGMENT), *read = malloc(SEGMENT);
    assert_non_null(data);
    assert_non_null(read);
    make_segment(number, &segment, data);
    const struct cache_query query = {&segment, 0, 1, &place};
    assert_int_equal(cache_locate(store, &query, 1), PD_OK);
    if (place.file != 0) {
        assert_int_equal(cache_read(store, &place, read, SEGMENT), PD_OK);
        assert_memory_equal(read, data, SEGMENT);
    }
    free(read);
    free(data);
    return place.file != 0;
}

static void use_segment(struct cache_store *store, uint32_t number)
{
    struct cache_segment segment;
    uint8_t *data = malloc(SEGMENT);
    assert_non_null(data);
    make_segment(number, &segment, data);
    cache_touch(store, &segment);
    free(data);
}

static uint64_t on_disk(struct cache_store *store)
{
    struct cache_report report;
    assert_int_equal(cache_inspect(store, &report, NULL, NULL), PD_OK);
    return report.file_bytes;
}

static void test_write_and_read(void **state)
{
    (void)state;
    struct cache_store *store = open_store(64 << 20, 0), *other = open_store(64 << 20, 0);
    uint64_t before, after;
    assert_false(has_segment(store, 1));
    write_segment(store, 1, 1);
    assert_true(has_segment(store, 1));
    assert_true(has_segment(other, 1));
    /* Only the writes of others are foreign. */
    assert_int_equal(cache_foreign_changes(store, &before), PD_OK);
    write_segment(store, 2, 1);
    assert_int_equal(cache_foreign_changes(store, &after), PD_OK);
    assert_int_equal(before, after);
    write_segment(other, 3, 2);
    assert_int_equal(cache_foreign_changes(store, &after), PD_OK);
    assert_int_not_equal(before, after);
    assert_true(has_segment(store, 3));
    cache_store_destroy(other);
    cache_store_destroy(store);
    store = open_store(64 << 20, 0);
    for (uint32_t number = 1; number <= 3; number++)
        assert_true(has_segment(store, number));
    cache_store_destroy(store);
}

static void test_tags(void **state)
{
    (void)state;
    struct cache_store *store = open_store(64 << 20, 0);
    struct cache_tag one = {{1}}, two = {{2}}, none = {{9}};
    write_segment(store, 1, 1);
    write_segment(store, 1, 2);
    write_segment(store, 2, 2);
    assert_int_equal(cache_flush(store, &none), PD_OK);
    assert_int_equal(cache_flush(store, &one), PD_OK);
    assert_true(has_segment(store, 1));
    assert_int_equal(cache_flush(store, &two), PD_OK);
    assert_false(has_segment(store, 1));
    assert_false(has_segment(store, 2));
    assert_int_equal(on_disk(store), 0);
    assert_int_equal(cache_pin(store, &two, true), PD_NOT_FOUND);
    cache_store_destroy(store);
}

/* The least recently used go, pinned ones stay, and the limit holds on disk after each write. */
static void test_limit(void **state)
{
    enum { LIMIT = 40 * SEGMENT };
    (void)state;
    struct cache_store *store = open_store(LIMIT, 0);
    struct cache_tag pinned = {{7}};
    write_segment(store, 0, 7);
    assert_int_equal(cache_pin(store, &pinned, true), PD_OK);
    for (uint32_t number = 1; number < 200; number++) {
        use_segment(store, 1);
        write_segment(store, number, (uint8_t)(number == 1 ? 1 : 2));
        assert_true(on_disk(store) <= LIMIT);
        assert_true(has_segment(store, number));
        assert_true(has_segment(store, 0));
        assert_true(has_segment(store, 1));
    }
    assert_false(has_segment(store, 2));
    unsigned kept = 0;
    for (uint32_t number = 0; number < 200; number++)
        kept += has_segment(store, number) ? 1 : 0;
    assert_in_range(kept, 20, 40); /* most of the room is used */
    assert_true(has_segment(store, 198));

    /* A lower limit shrinks the files. */
    const struct cache_limits lower = {10 * SEGMENT, 0};
    cache_set_limits(store, &lower);
    assert_int_equal(cache_trim(store), PD_OK);
    assert_true(on_disk(store) <= 10 * SEGMENT);
    assert_true(has_segment(store, 0));
    /* None at all keeps what is pinned, and takes nothing. */
    const struct cache_limits nothing = {0, 0};
    cache_set_limits(store, &nothing);
    assert_int_equal(cache_trim(store), PD_OK);
    assert_true(has_segment(store, 0));
    write_segment(store, 500, 2);
    assert_false(has_segment(store, 500));
    cache_store_destroy(store);
}

static void test_two_writers(void **state)
{
    enum { LIMIT = 40 * SEGMENT };
    (void)state;
    struct cache_store *one = open_store(LIMIT, 0), *two = open_store(LIMIT, 0);
    for (uint32_t number = 0; number < 120; number++) {
        write_segment(number % 2 ? one : two, number, 1);
        assert_true(on_disk(one) <= LIMIT);
        assert_true(has_segment(number % 2 ? two : one, number));
    }
    cache_store_destroy(one);
    cache_store_destroy(two);
}

static void test_age(void **state)
{
    (void)state;
    struct cache_store *store = open_store(64 << 20, 60);
    write_segment(store, 1, 1);
    now += 59000;
    assert_true(has_segment(store, 1));
    write_segment(store, 2, 1);
    now += 2000;
    assert_false(has_segment(store, 1));
    assert_true(has_segment(store, 2));
    assert_int_equal(cache_trim(store), PD_OK);
    assert_true(has_segment(store, 2));
    struct cache_report report;
    assert_int_equal(cache_inspect(store, &report, NULL, NULL), PD_OK);
    assert_int_equal(report.segments, 1);
    cache_store_destroy(store);
}

/* A block goes only from where it was seen. */
static void test_drop_and_verify(void **state)
{
    (void)state;
    struct cache_store *store = open_store(64 << 20, 0);
    struct cache_segment segment;
    struct cache_place place, wrong;
    struct cache_verify_result result;
    uint8_t *data = malloc(SEGMENT);
    assert_non_null(data);
    write_segment(store, 1, 1);
    write_segment(store, 2, 1);
    make_segment(1, &segment, data);
    const struct cache_query query = {&segment, 0, 1, &place};
    assert_int_equal(cache_locate(store, &query, 1), PD_OK);
    wrong = (struct cache_place){place.file, place.position + 1};
    assert_int_equal(cache_drop(store, &segment, 0, &wrong), PD_OK);
    assert_true(has_segment(store, 1));
    assert_int_equal(cache_verify(store, NULL, NULL, &result), PD_OK);
    assert_int_equal(result.blocks, 2);
    assert_int_equal(result.dropped, 0);

    /* The first byte of the first segment. */
    char *own = path_join(folder, USER), name[32];
    snprintf(name, sizeof(name), "blocks-%08x.dat", (unsigned)place.file);
    char *path = path_join(own, name);
    struct data_file *file;
    const uint8_t flipped = (uint8_t)(data[0] ^ 1);
    assert_int_equal(data_file_open_for_writing(path, &file), PD_OK);
    assert_int_equal(data_file_write(file, place.position, &flipped, 1), PD_OK);
    data_file_close(file);
    assert_int_equal(cache_verify(store, NULL, NULL, &result), PD_OK);
    assert_int_equal(result.dropped, 1);
    assert_false(has_segment(store, 1));
    assert_true(has_segment(store, 2));
    assert_int_equal(cache_locate(store, &query, 1), PD_OK);
    write_segment(store, 1, 1);
    assert_true(has_segment(store, 1));
    free(path);
    free(own);
    free(data);
    cache_store_destroy(store);
}

static char *index_path(void)
{
    char *own = path_join(folder, USER), *path = path_join(own, "cache.db");
    assert_non_null(path);
    free(own);
    return path;
}

/* An index that is removed or damaged is made anew, whatever connections are open. */
static void test_index_anew(void **state)
{
    (void)state;
    static const uint8_t garbage[8192] = {1, 2, 3};
    struct cache_store *store = open_store(64 << 20, 0);
    char *path = index_path();
    write_segment(store, 1, 1);
    assert_true(has_segment(store, 1));
    bool removed = file_delete(path) == PD_OK; /* Win32 does not let it happen */
    write_segment(store, 2, 1);
    assert_true(has_segment(store, 2));
    assert_int_equal(has_segment(store, 1), !removed);
    cache_store_destroy(store);

    struct data_file *file;
    assert_int_equal(data_file_open_for_writing(path, &file), PD_OK);
    assert_int_equal(data_file_write(file, 0, garbage, sizeof(garbage)), PD_OK);
    data_file_close(file);
    store = open_store(64 << 20, 0);
    write_segment(store, 3, 1);
    assert_true(has_segment(store, 3));
    assert_false(has_segment(store, 2));
    cache_store_destroy(store);
    free(path);
}

/* What is too old does not stand in the way of the same, new. */
static void test_old_again(void **state)
{
    (void)state;
    struct cache_store *store = open_store(64 << 20, 60);
    write_segment(store, 1, 1);
    now += 61000;
    assert_false(has_segment(store, 1));
    write_segment(store, 1, 1);
    assert_true(has_segment(store, 1));
    cache_store_destroy(store);
}

static bool count_fetches(const struct cache_fetch_row *row, void *context)
{
    assert_int_equal(row->id_length, 32);
    ++*(unsigned *)context;
    return true;
}

static unsigned fetches(struct cache_store *store)
{
    unsigned count = 0;
    assert_int_equal(cache_fetch_visit(store, count_fetches, &count), PD_OK);
    return count;
}

static void test_fetches(void **state)
{
    (void)state;
    struct cache_store *one = open_store(64 << 20, 0), *two = open_store(64 << 20, 0);
    struct cache_segment segment;
    uint8_t *data = malloc(SEGMENT);
    bool other;
    assert_non_null(data);
    make_segment(1, &segment, data);
    const struct cache_fetch fetch = {&segment, 0, 0, 1};
    assert_int_equal(cache_fetch_begin(one, 5, &fetch, 1, 2000, &other), PD_OK);
    assert_false(other);
    assert_int_equal(cache_fetch_begin(one, 5, &fetch, 1, 2000, &other), PD_OK);
    assert_false(other); /* its own */
    assert_int_equal(cache_fetch_begin(one, 6, &fetch, 1, 2000, &other), PD_OK);
    assert_true(other);
    assert_int_equal(cache_fetch_begin(two, 5, &fetch, 1, 2000, &other), PD_OK);
    assert_true(other);
    assert_int_equal(fetches(one), 3);
    assert_int_equal(cache_fetch_end(one, 6), PD_OK);
    assert_int_equal(fetches(two), 2);
    now += 3000; /* all are over */
    assert_int_equal(fetches(two), 0);
    assert_int_equal(cache_fetch_begin(two, 5, &fetch, 1, 2000, &other), PD_OK);
    assert_false(other);
    write_segment(one, 1, 1); /* which ends it, whoever brings it */
    assert_int_equal(fetches(two), 0);
    /* A fetcher that is gone brings nothing. */
    assert_int_equal(cache_fetch_begin(one, 5, &fetch, 1, 60000, &other), PD_OK);
    assert_false(other);
    cache_store_destroy(one);
    assert_int_equal(fetches(two), 0);
    assert_int_equal(cache_fetch_begin(two, 5, &fetch, 1, 2000, &other), PD_OK);
    assert_false(other);
    free(data);
    cache_store_destroy(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_writers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_age, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_drop_and_verify, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_index_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_old_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fetches, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
