/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of publications in one process. */
#include "store/publication_store.h"

#include "core/segment.h"
#include "platform/folder.h"
#include "platform/identity.h"
#include "support/unit_main.h"
#include "unit/platform/scratch.h"
#include "unit/store/sample.h"

#include <stdlib.h>
#include <string.h>

#define MIB (1024u * 1024u)

static char *folder;
static struct identity me;
static struct publication_store *store;
static struct publication_owner *owner;
static struct publication_info info;
static struct publication_id id;

static int set_up(void **state)
{
    (void)state;
    folder = scratch_create();
    if (!folder || identity_current(&me) != PD_OK)
        return -1;
    scratch_set_environment("PEERDIST_STORE", folder);
    store = publication_store_create(me.user);
    return store && publication_owner_create(store, &owner) == PD_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    publication_owner_destroy(owner);
    publication_store_destroy(store);
    identity_fini(&me);
    scratch_remove(folder);
    return 0;
}

static void test_life(void **state)
{
    struct publication_id second;

    (void)state;
    assert_int_equal(sample_find(store, "a", &info), PD_NOT_FOUND);
    assert_int_equal(sample_begin(owner, "a", &id), PD_OK);
    assert_int_equal(sample_begin(owner, "a", &second), PD_ALREADY_EXISTS);
    assert_int_equal(sample_find(store, "a", &info), PD_NOT_FOUND);
    assert_int_equal(publication_check(store, &id), PD_OK);
    assert_int_equal(sample_write(store, &id, (struct sample){70 * MIB + 5, 1}), PD_OK);
    assert_int_equal(sample_find(store, "a", &info), PD_OK);
    assert_memory_equal(&info.id, &id, sizeof(id));
    assert_int_equal(info.content_length, 70 * MIB + 5);
    assert_int_equal(info.segmenter_function, SAMPLE_FUNCTION);
    assert_int_equal(publication_check(store, &id), PD_OK);
    assert_int_equal(sample_begin(owner, "a", &second), PD_ALREADY_EXISTS);
    assert_int_equal(sample_verify(store, &id, (struct sample){70 * MIB + 5, 1}), PD_OK);

    assert_int_equal(publication_remove(store, &id), PD_OK);
    assert_int_equal(publication_remove(store, &id), PD_NOT_FOUND);
    assert_int_equal(publication_check(store, &id), PD_INVALIDATED);
    assert_int_equal(sample_find(store, "a", &info), PD_NOT_FOUND);
    assert_int_equal(sample_write(store, &id, (struct sample){5, 1}), PD_INVALIDATED);
}

static void test_republication_is_another(void **state)
{
    struct publication_id second;
    struct publication_segment_v1_row row;

    (void)state;
    assert_int_equal(sample_publish(store, owner, "again", (struct sample){9, 1}, &id), PD_OK);
    assert_int_equal(publication_remove(store, &id), PD_OK);
    assert_int_equal(sample_publish(store, owner, "again", (struct sample){9, 2}, &second), PD_OK);
    assert_memory_not_equal(&id, &second, sizeof(id));
    assert_int_equal(publication_read_v1(store, &id, 0, &row), PD_INVALIDATED);
    assert_int_equal(publication_check(store, &id), PD_INVALIDATED);
    assert_int_equal(publication_remove(store, &id), PD_NOT_FOUND);
    assert_int_equal(sample_verify(store, &second, (struct sample){9, 2}), PD_OK);
    assert_int_equal(publication_remove(store, &second), PD_OK);
}

/* Ids that share the row number, as only a forged or unlucky one does, are told apart. */
static void test_id_is_compared_whole(void **state)
{
    struct publication_id other;
    struct publication_segment_v1_row row;

    (void)state;
    assert_int_equal(sample_publish(store, owner, "whole", (struct sample){9, 1}, &id), PD_OK);
    other = id;
    other.bytes[15] ^= 1;
    assert_int_equal(publication_check(store, &other), PD_INVALIDATED);
    assert_int_equal(publication_read_v1(store, &other, 0, &row), PD_INVALIDATED);
    assert_int_equal(sample_write(store, &other, (struct sample){9, 1}), PD_INVALIDATED);
    assert_int_equal(publication_remove(store, &other), PD_NOT_FOUND);
    assert_int_equal(publication_remove(store, &id), PD_OK);
}

static void test_remove_by_identifier(void **state)
{
    struct publication_id gone;

    (void)state;
    assert_int_equal(publication_remove_identifier(store, "x", 1, &gone), PD_NOT_FOUND);
    for (int complete = 0; complete < 2; complete++) {
        assert_int_equal(sample_begin(owner, "x", &id), PD_OK);
        if (complete)
            assert_int_equal(sample_write(store, &id, (struct sample){9, 1}), PD_OK);
        assert_int_equal(publication_remove_identifier(store, "x", 1, &gone), PD_OK);
        assert_memory_equal(&gone, &id, sizeof(id));
        assert_int_equal(publication_check(store, &id), PD_INVALIDATED);
    }
}

static void test_written_once(void **state)
{
    struct publication_segment_v1_row row;
    uint8_t hods[32];

    (void)state;
    assert_int_equal(sample_begin(owner, "once", &id), PD_OK);
    assert_int_equal(publication_read_v1(store, &id, 0, &row), PD_INVALIDATED); /* incomplete */
    assert_int_equal(publication_read_v1_hods(store, &id, 0, 1, hods), PD_INVALIDATED);
    assert_int_equal(sample_write(store, &id, (struct sample){9, 1}), PD_OK);
    assert_int_equal(sample_write(store, &id, (struct sample){9, 2}), PD_ALREADY_COMPLETED);
    assert_int_equal(sample_verify(store, &id, (struct sample){9, 1}), PD_OK);
    assert_int_equal(publication_remove(store, &id), PD_OK);
}

static void test_sizes(void **state)
{
    const uint64_t lengths[] = {
        0, 1, 65536, 65537, 131072, 32 * MIB - 1, 32 * MIB, 32 * MIB + 1, 64 * MIB};
    struct publication_segment_v1_row segment;
    struct publication_run_v2_row run;
    uint8_t hods[64];

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct sample sample = {lengths[i], (uint32_t)i};
        uint64_t segments = (sample.length + 32 * MIB - 1) / (32 * MIB);

        assert_int_equal(sample_publish(store, owner, "size", sample, &id), PD_OK);
        assert_int_equal(sample_verify(store, &id, sample), PD_OK);
        assert_int_equal(publication_read_v1(store, &id, segments, &segment), PD_OUT_OF_BOUNDS);
        assert_int_equal(publication_read_v1(store, &id, UINT64_MAX, &segment), PD_OUT_OF_BOUNDS);
        assert_int_equal(publication_read_v1_hods(store, &id, segments ? segments - 1 : 0, 2, hods),
                         PD_OUT_OF_BOUNDS);
        assert_int_equal(publication_read_v1_hods(store, &id, UINT64_MAX, 1, hods),
                         PD_OUT_OF_BOUNDS);
        assert_int_equal(publication_read_v2_index(store, &id, 1u << 20, &run), PD_OUT_OF_BOUNDS);
        assert_int_equal(publication_read_v2_index(store, &id, UINT64_MAX, &run), PD_OUT_OF_BOUNDS);
        assert_int_equal(publication_read_v2_offset(store, &id, sample.length, &run),
                         PD_OUT_OF_BOUNDS);
        assert_int_equal(publication_read_v2_offset(store, &id, UINT64_MAX, &run),
                         PD_OUT_OF_BOUNDS);
        assert_int_equal(publication_remove(store, &id), PD_OK);
    }
    assert_int_equal(publication_read_v1_hods(store, &id, 0, 0, hods), PD_INVALID_PARAMETER);
    assert_int_equal(publication_read_v1_hods(store, &id, 0, 257, hods), PD_INVALID_PARAMETER);
}

static void test_identifiers_are_bytes(void **state)
{
    static uint8_t large[100000];
    const struct {
        const void *bytes;
        size_t length;
    } identifiers[] = {{"\0", 1},  {"\0\0", 2},    {"A", 1},       {"a", 1},       {"a\0b", 3},
                       {"a\0", 2}, {large, 65535}, {large, 65536}, {large, 99999}, {"S-1", 3}};
    enum { COUNT = sizeof(identifiers) / sizeof(identifiers[0]) };
    struct publication_id ids[COUNT];

    (void)state;
    memset(large, 'x', sizeof(large));
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(
            publication_begin(owner, identifiers[i].bytes, identifiers[i].length, 1, &ids[i]),
            PD_OK);
        assert_int_equal(sample_write(store, &ids[i], (struct sample){100u + (unsigned)i, 1}),
                         PD_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(
            publication_find(store, identifiers[i].bytes, identifiers[i].length, &info), PD_OK);
        assert_int_equal(info.content_length, 100 + i);
        assert_memory_equal(&info.id, &ids[i], sizeof(id));
        assert_int_equal(
            publication_remove_identifier(store, identifiers[i].bytes, identifiers[i].length, &id),
            PD_OK);
        assert_memory_equal(&id, &ids[i], sizeof(id));
    }
}

static void test_owners_are_separate(void **state)
{
    struct publication_owner *other;
    struct publication_id kept, mine;

    (void)state;
    assert_int_equal(publication_owner_create(store, &other), PD_OK);
    assert_int_equal(sample_publish(store, owner, "kept", (struct sample){9, 1}, &kept), PD_OK);
    assert_int_equal(sample_begin(other, "kept", &id), PD_ALREADY_EXISTS);
    assert_int_equal(sample_publish(store, other, "lost", (struct sample){40 * MIB, 1}, &mine),
                     PD_OK);
    assert_int_equal(sample_begin(other, "lost incomplete", &id), PD_OK);
    publication_owner_destroy(other);
    assert_int_equal(publication_check(store, &mine), PD_INVALIDATED);
    assert_int_equal(publication_check(store, &id), PD_INVALIDATED);
    assert_int_equal(sample_find(store, "lost", &info), PD_NOT_FOUND);
    assert_int_equal(sample_find(store, "kept", &info), PD_OK);
    assert_int_equal(publication_remove(store, &kept), PD_OK);
}

static void test_users_are_separate(void **state)
{
    struct publication_store *other = publication_store_create("S-1-5-21-1-2-3-1001");
    struct publication_owner *theirs;
    struct publication_id their_id;

    (void)state;
    assert_non_null(other);
    assert_int_equal(publication_owner_create(other, &theirs), PD_OK);
    assert_int_equal(sample_publish(store, owner, "both", (struct sample){9, 1}, &id), PD_OK);
    assert_int_equal(sample_find(other, "both", &info), PD_NOT_FOUND);
    assert_int_equal(sample_publish(other, theirs, "both", (struct sample){10, 2}, &their_id),
                     PD_OK);
    assert_int_equal(publication_check(store, &their_id), PD_INVALIDATED);
    assert_int_equal(sample_verify(store, &id, (struct sample){9, 1}), PD_OK);
    assert_int_equal(sample_verify(other, &their_id, (struct sample){10, 2}), PD_OK);
    assert_int_equal(publication_remove(store, &id), PD_OK);
    assert_int_equal(sample_find(other, "both", &info), PD_OK);
    assert_int_equal(info.content_length, 10);
    publication_owner_destroy(theirs);
    publication_store_destroy(other);
}

/* A second instance of the process, with a store of its own on the same file. */
static void test_two_stores_of_one_user(void **state)
{
    struct publication_store *other = publication_store_create(me.user);
    struct publication_owner *second;

    (void)state;
    assert_non_null(other);
    assert_int_equal(publication_owner_create(other, &second), PD_OK);
    assert_int_equal(sample_publish(store, owner, "seen", (struct sample){9, 1}, &id), PD_OK);
    assert_int_equal(sample_find(other, "seen", &info), PD_OK);
    assert_int_equal(sample_verify(other, &id, (struct sample){9, 1}), PD_OK);
    assert_int_equal(sample_begin(second, "seen", &id), PD_ALREADY_EXISTS);
    assert_int_equal(publication_remove_identifier(other, "seen", 4, &id), PD_OK);
    assert_int_equal(publication_check(store, &id), PD_INVALIDATED);
    assert_int_equal(sample_begin(second, "seen", &id), PD_OK);
    publication_owner_destroy(second);
    publication_store_destroy(other);
    assert_int_equal(sample_find(store, "seen", &info), PD_NOT_FOUND);
}

static void test_unsound_records_are_refused(void **state)
{
    static const uint8_t bytes[512 * 32];
    static const uint32_t sizes[PUBLICATION_RUN_MAX + 1];
    const struct publication_segment_v1 segments[] = {
        {0, 0, 0, bytes, bytes},
        {0, 65537, 1, bytes, bytes},
        {0, 32 * MIB + 1, 513, bytes, bytes},
        {UINT64_MAX / 2, 1, 1, bytes, bytes},
    };
    const struct publication_run_v2 runs[] = {
        {0, 0, 0, sizes, bytes},
        {0, 0, PUBLICATION_RUN_MAX + 1, sizes, bytes},
        {UINT64_MAX, 0, 1, sizes, bytes},
        {0, UINT64_MAX, 1, sizes, bytes},
    };

    (void)state;
    assert_int_equal(sample_begin(owner, "unsound", &id), PD_OK);
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        struct publication_records records = {&segments[i], 1, NULL, 0};

        assert_int_equal(publication_write(store, &id, &records, false, 0), PD_INVALID_PARAMETER);
    }
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct publication_records records = {NULL, 0, &runs[i], 1};

        assert_int_equal(publication_write(store, &id, &records, false, 0), PD_INVALID_PARAMETER);
    }
    assert_int_equal(
        publication_write(store, &id, &(struct publication_records){0}, true, UINT64_MAX),
        PD_INVALID_PARAMETER);
    assert_int_equal(publication_remove(store, &id), PD_OK);
}

/* The second of two records fails (it is there already): the first one is not stored either. */
static void test_failed_write_leaves_nothing(void **state)
{
    static const uint8_t bytes[32];
    const struct publication_segment_v1 segments[] = {{0, 5, 1, bytes, bytes},
                                                      {0, 5, 1, bytes, bytes}};
    const struct publication_records twice = {segments, 2, NULL, 0}, once = {segments, 1, NULL, 0};
    struct publication_segment_v1_row row;

    (void)state;
    assert_int_equal(sample_begin(owner, "twice", &id), PD_OK);
    assert_int_not_equal(publication_write(store, &id, &twice, true, 5), PD_OK);
    assert_int_equal(sample_find(store, "twice", &info), PD_NOT_FOUND);
    assert_int_equal(publication_write(store, &id, &once, true, 5), PD_OK);
    assert_int_equal(publication_read_v1(store, &id, 0, &row), PD_OK);
    assert_int_equal(publication_remove(store, &id), PD_OK);
}

static void test_report(void **state)
{
    struct publication_store *unused;
    struct publication_owner *idle;
    struct publication_store_report report;
    char *below = path_join(folder, "unused");

    (void)state;
    assert_int_equal(sample_publish(store, owner, "r1", (struct sample){9, 1}, &id), PD_OK);
    assert_int_equal(sample_publish(store, owner, "r2", (struct sample){5 * MIB, 1}, &id), PD_OK);
    assert_int_equal(sample_begin(owner, "r3", &id), PD_OK);
    publication_store_inspect(store, &report);
    assert_string_equal(report.problem, "");
    assert_int_equal(report.publications, 2);
    assert_int_equal(report.content_bytes, 5 * MIB + 9);
    assert_non_null(strstr(report.path, me.user));

    /* Looking makes no database. */
    scratch_set_environment("PEERDIST_STORE", below);
    unused = publication_store_create(me.user);
    publication_store_inspect(unused, &report);
    assert_string_equal(report.problem, "");
    assert_int_equal(report.publications, 0);
    assert_false(file_exists(report.path));
    /* Nor does an owner that never publishes. */
    assert_int_equal(publication_owner_create(unused, &idle), PD_OK);
    publication_owner_destroy(idle);
    assert_false(file_exists(report.path));
    scratch_set_environment("PEERDIST_STORE", folder);
    publication_store_destroy(unused);
    free(below);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_republication_is_another),
        cmocka_unit_test(test_id_is_compared_whole),
        cmocka_unit_test(test_remove_by_identifier),
        cmocka_unit_test(test_written_once),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_identifiers_are_bytes),
        cmocka_unit_test(test_owners_are_separate),
        cmocka_unit_test(test_users_are_separate),
        cmocka_unit_test(test_two_stores_of_one_user),
        cmocka_unit_test(test_unsound_records_are_refused),
        cmocka_unit_test(test_failed_write_leaves_nothing),
        cmocka_unit_test(test_report),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);

    return pd_unit_report(sizeof(tests) / sizeof(tests[0]), failed);
}
